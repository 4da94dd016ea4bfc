//! Claims that are dates.

use serde_json::Value;

/// The last second of the year 9999: what lies beyond is no date (RFC 7519 section 2, NumericDate).
const LAST_SECOND: f64 = 253_402_300_799.0;

/// A date that has been rounded; `None` for what is not one.
pub(super) fn whole(date: f64) -> Option<i64> {
    #[expect(clippy::cast_possible_truncation, reason = "whole, and in range")]
    (date.abs() <= LAST_SECOND).then_some(date as i64)
}

/// A date of a tree; `None` for what is not one.
pub(super) fn date(value: &Value, round: fn(f64) -> f64) -> Option<i64> {
    value.as_f64().map(round).and_then(whole)
}
