//! Claims that are dates.

use serde_json::Value;

/// The last second of the year 9999: what lies beyond is no date (RFC 7519 section 2, NumericDate).
const LAST_SECOND: f64 = 253_402_300_799.0;

/// A date, or none where there is none; `None` for what is not one.
#[expect(clippy::option_option, reason = "absent is not malformed")]
pub(super) fn date(value: Option<&Value>, round: fn(f64) -> f64) -> Option<Option<i64>> {
    match value {
        None => Some(None),
        Some(Value::Number(number)) => match number.as_f64().map(round) {
            #[expect(clippy::cast_possible_truncation, reason = "whole, and in range")]
            Some(date) if date.abs() <= LAST_SECOND => Some(Some(date as i64)),
            _ => None,
        },
        Some(_) => None,
    }
}
