//! Moments in the forms that answers have them in.

/// What moments are counted in.
#[derive(Clone, Copy)]
pub(crate) enum Unit {
    /// Whole seconds.
    Seconds,
    /// Whole milliseconds.
    Millis,
}

impl Unit {
    fn per_second(self) -> i64 {
        match self {
            Self::Seconds => 1,
            Self::Millis => 1000,
        }
    }

    /// A moment from Descope in this unit. Where the number can only be one in the other unit, it is
    /// converted: as seconds it would be past the year 5000, or as milliseconds in early 1970.
    pub(crate) fn plausible(self, count: i64) -> i64 {
        match (self, count.unsigned_abs()) {
            (Self::Seconds, 100_000_000_000..100_000_000_000_000) => count.div_euclid(1000),
            (Self::Millis, 1..10_000_000_000) => count.saturating_mul(1000),
            _ => count,
        }
    }

    /// Reads a number as a text, or a date (RFC 3339). An empty text is 0, which says nothing.
    pub(crate) fn parse(self, text: &str) -> Option<i64> {
        match text.trim() {
            "" => Some(0),
            text => text.parse().ok().or_else(|| float(text)).or_else(|| self.date(text)),
        }
    }

    /// A date such as `2023-11-14T22:13:20Z`, `2023-11-14 22:13:20.5+01:00` or `2023-11-14`.
    fn date(self, text: &str) -> Option<i64> {
        let number = |range| text.get(range).filter(|text| digits(text))?.parse::<i64>().ok();
        let (year, month, day) = (number(0..4)?, number(5..7)?, number(8..10)?);
        if text.get(4..5)? != "-" || text.get(7..8)? != "-" || !(1..=12).contains(&month) {
            return None;
        }
        let mut seconds = days(year, month, day) * 86_400;
        let mut millis = 0;
        if text.len() > 10 {
            if !matches!(text.get(10..11)?, "T" | "t" | " ") || text.get(13..14)? != ":" {
                return None;
            }
            seconds += number(11..13)? * 3600 + number(14..16)? * 60 + number(17..19)?;
            let mut zone = text.get(19..)?;
            if let Some(rest) = zone.strip_prefix('.') {
                let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
                let (fraction, rest) = rest.split_at(end);
                millis = format!("{fraction:0<3}").get(..3)?.parse().ok()?;
                zone = rest;
            }
            seconds -= offset(zone)?;
        }
        // Go's time that has not been set.
        if year == 1 {
            return Some(0);
        }
        Some(seconds * self.per_second() + millis * (self.per_second() / 1000))
    }
}

fn digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// A number with a fraction or an exponent, rounded down.
#[expect(clippy::cast_possible_truncation, reason = "`as` saturates")]
fn float(text: &str) -> Option<i64> {
    super::text::float(text).map(|number| number.floor() as i64)
}

/// Seconds east of UTC.
fn offset(zone: &str) -> Option<i64> {
    let (sign, rest) = match zone.as_bytes().first() {
        None | Some(b'Z' | b'z') => return Some(0),
        Some(b'+') => (1, zone.get(1..)?),
        Some(b'-') => (-1, zone.get(1..)?),
        Some(_) => return None,
    };
    let (hours, minutes) = (rest.get(..2)?, rest.get(2..)?.trim_start_matches(':'));
    let part = |text: &str| digits(text).then(|| text.parse::<i64>().ok())?;
    Some(sign * (part(hours)? * 3600 + part(minutes)? * 60))
}

/// Days from the epoch to a date of the Gregorian calendar.
fn days(year: i64, month: i64, day: i64) -> i64 {
    // Years begin in March here, so that a leap day is the last of its year.
    let year = if month <= 2 { year - 1 } else { year };
    let in_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    year * 365 + year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400) + in_year
        - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_numbers_and_dates() {
        for (text, millis) in [
            ("", Some(0)),
            ("1700000000123", Some(1_700_000_000_123)),
            ("1.7e12", Some(1_700_000_000_000)),
            ("2023-11-14T22:13:20Z", Some(1_700_000_000_000)),
            ("2023-11-14t23:13:20.5+01:00", Some(1_700_000_000_500)),
            ("2023-11-14 20:13:20.123456789-0200", Some(1_700_000_000_123)),
            ("2024-02-29", Some(1_709_164_800_000)),
            ("1969-12-31T23:59:59Z", Some(-1000)),
            ("0001-01-01T00:00:00Z", Some(0)),
            ("2023-13-14", None),
            ("2023-11-14Tnoon", None),
            ("2023-11-14T22:13:20 UTC", None),
            ("soon", None),
            ("NaN", None),
        ] {
            assert_eq!(Unit::Millis.parse(text), millis, "{text}");
            let seconds = millis.filter(|_| text.contains('-')).map(|n| n.div_euclid(1000));
            if seconds.is_some() {
                assert_eq!(Unit::Seconds.parse(text), seconds, "{text}");
            }
        }
    }

    #[test]
    fn the_other_unit_is_seen_where_it_is_plain() {
        assert_eq!(Unit::Seconds.plausible(1_700_000_000_123), 1_700_000_000);
        assert_eq!(Unit::Seconds.plausible(4_102_444_800), 4_102_444_800);
        assert_eq!(Unit::Seconds.plausible(i64::MAX), i64::MAX);
        assert_eq!(Unit::Millis.plausible(1_700_000_000), 1_700_000_000_000);
        assert_eq!(Unit::Millis.plausible(1_700_000_000_123), 1_700_000_000_123);
        assert_eq!(Unit::Millis.plausible(0), 0);
    }
}
