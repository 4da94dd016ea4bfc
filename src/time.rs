use std::fmt;
use std::time::{Duration, SystemTime};

use serde::de::{self, Deserialize, Deserializer, MapAccess, Visitor};
use serde::{Serialize, Serializer};

use crate::json::moment::Unit;
use crate::json::{MILLIS, SECONDS};

/// The whole seconds of a duration, for comparing with times.
pub(crate) fn seconds(duration: Duration) -> i64 {
    i64::try_from(duration.as_secs()).unwrap_or(i64::MAX)
}

/// A point in time, in whole seconds since the Unix epoch.
///
/// A `UnixTime` is always in seconds. Times that the API records in milliseconds are [`UnixMillis`].
///
/// ```
/// use std::time::SystemTime;
/// use descope::UnixTime;
///
/// let time = UnixTime::from_seconds(1_700_000_000);
/// assert_eq!(SystemTime::from(time).duration_since(SystemTime::UNIX_EPOCH)?.as_secs(), 1_700_000_000);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UnixTime(i64);

impl UnixTime {
    /// The time this many seconds after the Unix epoch.
    pub const fn from_seconds(seconds: i64) -> Self {
        Self(seconds)
    }

    /// Seconds since the Unix epoch.
    pub const fn as_seconds(self) -> i64 {
        self.0
    }

    /// Milliseconds since the Unix epoch.
    pub const fn as_millis(self) -> i64 {
        self.0.saturating_mul(1000)
    }
}

impl From<UnixTime> for SystemTime {
    /// Times that the platform cannot express become the epoch.
    fn from(time: UnixTime) -> Self {
        let distance = Duration::from_secs(time.0.unsigned_abs());
        if time.0 < 0 {
            Self::UNIX_EPOCH.checked_sub(distance)
        } else {
            Self::UNIX_EPOCH.checked_add(distance)
        }
        .unwrap_or(Self::UNIX_EPOCH)
    }
}

impl From<SystemTime> for UnixTime {
    /// Rounds down to whole seconds.
    fn from(time: SystemTime) -> Self {
        match time.duration_since(SystemTime::UNIX_EPOCH) {
            Ok(since) => Self(seconds(since)),
            Err(before) => {
                let before = before.duration();
                Self(-seconds(before) - i64::from(before.subsec_nanos() > 0))
            }
        }
    }
}

impl Serialize for UnixTime {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_i64(self.0)
    }
}

impl<'de> Deserialize<'de> for UnixTime {
    /// Takes seconds as a number or as a text of digits, and a date (RFC 3339).
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_newtype_struct(SECONDS, Count(Unit::Seconds)).map(Self)
    }
}

/// A point in time, in whole milliseconds since the Unix epoch. Some parts of the API record times that
/// finely.
///
/// ```
/// use descope::{UnixMillis, UnixTime};
///
/// let time = UnixMillis::from_millis(1_700_000_000_123);
/// assert_eq!(time.to_unix_time(), UnixTime::from_seconds(1_700_000_000));
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UnixMillis(i64);

impl UnixMillis {
    /// The time this many milliseconds after the Unix epoch.
    pub const fn from_millis(millis: i64) -> Self {
        Self(millis)
    }

    /// Milliseconds since the Unix epoch.
    pub const fn as_millis(self) -> i64 {
        self.0
    }

    /// The same time, rounded down to whole seconds.
    pub const fn to_unix_time(self) -> UnixTime {
        UnixTime(self.0.div_euclid(1000))
    }
}

impl From<UnixMillis> for UnixTime {
    /// Rounds down to whole seconds.
    fn from(time: UnixMillis) -> Self {
        time.to_unix_time()
    }
}

impl From<UnixTime> for UnixMillis {
    fn from(time: UnixTime) -> Self {
        Self(time.as_millis())
    }
}

impl From<UnixMillis> for SystemTime {
    /// Times that the platform cannot express become the epoch.
    fn from(time: UnixMillis) -> Self {
        let millis = u64::try_from(time.0.rem_euclid(1000)).unwrap_or_default();
        let seconds = Self::from(time.to_unix_time());
        seconds.checked_add(Duration::from_millis(millis)).unwrap_or(Self::UNIX_EPOCH)
    }
}

impl From<SystemTime> for UnixMillis {
    /// Rounds down to whole milliseconds.
    fn from(time: SystemTime) -> Self {
        let seconds = UnixTime::from(time);
        let rest = time.duration_since(seconds.into()).unwrap_or_default();
        Self(seconds.as_millis().saturating_add(rest.subsec_millis().into()))
    }
}

impl Serialize for UnixMillis {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_i64(self.0)
    }
}

impl<'de> Deserialize<'de> for UnixMillis {
    /// Takes milliseconds as a number or as a text of digits, and a date (RFC 3339).
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_newtype_struct(MILLIS, Count(Unit::Millis)).map(Self)
    }
}

/// Reads a time in any form.
struct Count(Unit);

impl<'de> Visitor<'de> for Count {
    type Value = i64;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a time, as a number or a date")
    }
    /// Deserializers that do not know of moments are asked for anything.
    fn visit_newtype_struct<D: Deserializer<'de>>(self, inner: D) -> Result<i64, D::Error> {
        inner.deserialize_any(self)
    }
    fn visit_i64<E: de::Error>(self, count: i64) -> Result<i64, E> {
        Ok(count)
    }
    fn visit_u64<E: de::Error>(self, count: u64) -> Result<i64, E> {
        Ok(i64::try_from(count).unwrap_or(i64::MAX))
    }
    #[expect(clippy::cast_possible_truncation, reason = "`as` saturates")]
    fn visit_f64<E: de::Error>(self, count: f64) -> Result<i64, E> {
        Ok(count.floor() as i64)
    }
    fn visit_str<E: de::Error>(self, text: &str) -> Result<i64, E> {
        self.0.parse(text).ok_or_else(|| E::custom("not a time"))
    }
    /// With its feature `arbitrary_precision`, which any crate of a program may switch on,
    /// `serde_json` has a number as a map whose only value is the number's text.
    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<i64, A::Error> {
        match map.next_entry::<de::IgnoredAny, String>()? {
            Some((_, text)) => self.visit_str(&text),
            None => Err(de::Error::custom("not a time")),
        }
    }
}

/// Reads a moment that may be left open, for which the wire has 0.
pub(crate) fn or_never<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<UnixTime>, D::Error> {
    let time = UnixTime::deserialize(deserializer)?;
    Ok(Some(time).filter(|time| *time != UnixTime::default()))
}

/// Likewise, in milliseconds.
pub(crate) fn millis_or_never<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<UnixMillis>, D::Error> {
    let time = UnixMillis::deserialize(deserializer)?;
    Ok(Some(time).filter(|time| *time != UnixMillis::default()))
}

/// Writes a time span in whole seconds, rounded up: none at all would mean the default.
#[allow(clippy::ref_option, reason = "as serde calls it")]
pub(crate) fn span<S: Serializer>(
    span: &Option<Duration>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    span.map(|span| span.as_secs().saturating_add((span.subsec_nanos() > 0).into()))
        .serialize(serializer)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_rounded_up_and_never_too_long() {
        for (given, expected) in [
            (Duration::MAX, "18446744073709551615"),
            (Duration::from_nanos(1), "1"),
            (Duration::ZERO, "0"),
        ] {
            let mut written = Vec::new();
            span(&Some(given), &mut serde_json::Serializer::new(&mut written)).unwrap();
            assert_eq!(String::from_utf8(written).unwrap(), expected);
        }
    }

    #[test]
    fn converts_both_ways_on_both_sides_of_the_epoch() {
        for seconds in [-1_000_000_000_000, -1, 0, 1, 1_700_000_000] {
            let time = UnixTime::from_seconds(seconds);
            assert_eq!(UnixTime::from(SystemTime::from(time)), time);
        }
        let half_before = SystemTime::UNIX_EPOCH - Duration::from_millis(500);
        assert_eq!(UnixTime::from(half_before), UnixTime(-1));
    }

    #[test]
    fn milliseconds_are_kept() {
        for millis in [-1_000_000_000_001, -1, 0, 1, 999, 1_700_000_000_123] {
            let time = UnixMillis(millis);
            assert_eq!(UnixMillis::from(SystemTime::from(time)), time);
            assert_eq!(time.to_unix_time().as_seconds(), millis.div_euclid(1000));
        }
        assert_eq!(UnixMillis::from(UnixTime(5)), UnixMillis(5000));
        let read = |json| serde_json::from_str::<UnixMillis>(json).unwrap().as_millis();
        assert_eq!(read("\"1700000000123\""), 1_700_000_000_123);
        assert_eq!(read("1700000000123"), 1_700_000_000_123);
    }

    #[test]
    fn a_moment_that_is_unknown_or_odd_is_none() {
        #[derive(serde::Deserialize)]
        struct Moments {
            #[serde(default, deserialize_with = "or_never")]
            seconds: Option<UnixTime>,
            #[serde(default, deserialize_with = "millis_or_never")]
            millis: Option<UnixMillis>,
        }

        let (second, milli) = (1_700_000_000, 1_700_000_000_123);
        for (json, seconds_expected, millis_expected) in [
            ("1700000000", Some(second), Some(second * 1000)),
            ("\"1700000000123\"", Some(second), Some(milli)),
            ("1700000000.9", Some(second), Some(second * 1000)),
            ("\"2023-11-14T22:13:20.123Z\"", Some(second), Some(milli)),
            ("-3", Some(-3), Some(-3000)),
            ("18446744073709551615", Some(i64::MAX), Some(i64::MAX)),
            ("0", None, None),
            ("\"0\"", None, None),
            ("\"\"", None, None),
            ("\"soon\"", None, None),
            ("[]", None, None),
            ("null", None, None),
        ] {
            let text = format!("{{\"seconds\":{json},\"millis\":{json}}}");
            let Moments { seconds, millis } =
                crate::json::Body::new(text.as_bytes()).read().unwrap();
            assert_eq!(seconds.map(UnixTime::as_seconds), seconds_expected, "{json}");
            assert_eq!(millis.map(UnixMillis::as_millis), millis_expected, "{json}");
        }
        let Moments { seconds, millis } = serde_json::from_str("{}").unwrap();
        assert_eq!((seconds, millis), (None, None));
    }

    #[test]
    fn impossible_times_do_not_panic() {
        for seconds in [i64::MIN, i64::MAX] {
            let _ = SystemTime::from(UnixTime(seconds));
            let _ = UnixTime(seconds).as_millis();
            let _ = SystemTime::from(UnixMillis(seconds));
        }
    }

    #[test]
    fn reads_numbers_and_digits() {
        for (json, seconds) in [("5", 5), ("5.9", 5), ("\"5\"", 5), ("\"\"", 0), ("-3", -3)] {
            assert_eq!(serde_json::from_str::<UnixTime>(json).unwrap(), UnixTime(seconds));
        }
        assert_eq!(serde_json::from_str::<UnixTime>("1e300").unwrap(), UnixTime(i64::MAX));
        let date = "\"2023-11-14T22:13:20Z\"";
        assert_eq!(serde_json::from_str::<UnixTime>(date).unwrap(), UnixTime(1_700_000_000));
        assert!(serde_json::from_str::<UnixTime>("\"soon\"").is_err());
    }

    #[test]
    fn reads_the_numbers_of_arbitrary_precision() {
        use serde::de::value::{Error, MapDeserializer};

        // What `serde_json` hands out for a number with that feature.
        let number = |text| {
            let entries = std::iter::once(("$serde_json::private::Number", text));
            MapDeserializer::<_, Error>::new(entries)
        };
        for (text, count) in [("1700000000", 1_700_000_000), ("1.7e9", 1_700_000_000), ("-3", -3)] {
            assert_eq!(UnixTime::deserialize(number(text)).unwrap(), UnixTime(count));
            assert_eq!(UnixMillis::deserialize(number(text)).unwrap(), UnixMillis(count));
        }
        assert!(UnixTime::deserialize(number("soon")).is_err());
    }
}
