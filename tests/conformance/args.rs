//! Reading the arguments of a recorded call, and noticing those that were not read.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::rc::Rc;
use std::time::Duration;

use descope::UnixMillis;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

/// Why a recorded call cannot be written in Rust.
#[derive(Debug)]
pub(crate) enum Unsayable {
    /// Nothing in the crate does what the method does.
    NoAdapter,
    /// An argument has a type or a value that the crate's types do not have.
    Type(String),
    /// Arguments that the crate has no place for.
    Unread(Vec<String>),
}

pub(crate) type Sayable<T> = Result<T, Unsayable>;

/// The arguments of a call, or the members of an object among them.
pub(crate) struct Args<'a> {
    members: &'a Map<String, Value>,
    path: String,
    read: Rc<RefCell<BTreeSet<String>>>,
}

impl<'a> Args<'a> {
    pub(crate) fn new(members: &'a Map<String, Value>) -> Self {
        Self { members, path: String::new(), read: Rc::default() }
    }

    /// Notes that an argument was looked at.
    pub(crate) fn read(&self, name: &str) {
        self.read.borrow_mut().insert(format!("{}{name}", self.path));
    }

    /// Whatever it is, unless it is not set.
    pub(crate) fn value(&self, name: &str) -> Option<&'a Value> {
        self.read(name);
        self.members.get(name).filter(|value| !value.is_null())
    }

    fn typed<T>(&self, name: &str, read: impl Fn(&'a Value) -> Option<T>) -> Sayable<Option<T>> {
        let Some(value) = self.value(name) else { return Ok(None) };
        let wrong = || Unsayable::Type(format!("{}{name}: {value}", self.path));
        read(value).map(Some).ok_or_else(wrong)
    }

    /// A text that the call needs, which cannot be null; empty if it is not set.
    pub(crate) fn text(&self, name: &str) -> Sayable<&'a str> {
        self.not_null(name)?.text_or_empty(name)
    }

    /// Where Python's null says something that Rust's type has no word for.
    pub(crate) fn not_null(&self, name: &str) -> Sayable<&Self> {
        match self.members.get(name) {
            Some(Value::Null) => Err(Unsayable::Type(format!("{}{name}: null", self.path))),
            _ => Ok(self),
        }
    }

    /// A text that is empty where Python has null.
    pub(crate) fn text_or_empty(&self, name: &str) -> Sayable<&'a str> {
        Ok(self.maybe(name)?.unwrap_or_default())
    }

    pub(crate) fn maybe(&self, name: &str) -> Sayable<Option<&'a str>> {
        self.typed(name, Value::as_str)
    }

    pub(crate) fn flag(&self, name: &str) -> Sayable<Option<bool>> {
        self.typed(name, Value::as_bool)
    }

    pub(crate) fn texts(&self, name: &str) -> Sayable<Option<Vec<&'a str>>> {
        self.typed(name, |value| value.as_array()?.iter().map(Value::as_str).collect())
    }

    pub(crate) fn map(&self, name: &str) -> Sayable<Option<Map<String, Value>>> {
        self.typed(name, |value| value.as_object().cloned())
    }

    pub(crate) fn text_map(&self, name: &str) -> Sayable<Option<Vec<(String, String)>>> {
        self.typed(name, |value| {
            let members = value.as_object()?.iter();
            members.map(|(name, value)| Some((name.clone(), value.as_str()?.to_owned()))).collect()
        })
    }

    pub(crate) fn string(&self, name: &str) -> Sayable<Option<String>> {
        Ok(self.maybe(name)?.map(str::to_owned))
    }

    pub(crate) fn strings(&self, name: &str) -> Sayable<Option<Vec<String>>> {
        Ok(self.texts(name)?.map(|texts| texts.into_iter().map(str::to_owned).collect()))
    }

    /// A list that the call needs; empty if it is not set.
    pub(crate) fn list(&self, name: &str) -> Sayable<Vec<&'a str>> {
        Ok(self.texts(name)?.unwrap_or_default())
    }

    pub(crate) fn count(&self, name: &str) -> Sayable<Option<u32>> {
        self.typed(name, |value| value.as_u64()?.try_into().ok())
    }

    pub(crate) fn seconds(&self, name: &str) -> Sayable<Option<Duration>> {
        self.typed(name, |value| value.as_u64().map(Duration::from_secs))
    }

    /// A time, written as a date.
    pub(crate) fn time(&self, name: &str) -> Sayable<Option<UnixMillis>> {
        self.typed(name, |value| millis(value.as_str()?).map(UnixMillis::from_millis))
    }

    /// A value of one of the crate's own types, in the form of the wire.
    pub(crate) fn parsed<T: DeserializeOwned>(&self, name: &str) -> Sayable<Option<T>> {
        self.typed(name, |value| T::deserialize(value).ok())
    }

    /// A list of objects.
    pub(crate) fn objects(&self, name: &str) -> Sayable<Option<Vec<Args<'a>>>> {
        let items = self.typed(name, |value| {
            value.as_array()?.iter().map(Value::as_object).collect::<Option<Vec<_>>>()
        })?;
        let inner = |(at, members)| self.inner(members, &format!("{name}[{at}]"));
        if items.as_ref().is_some_and(|items| !items.is_empty()) {
            self.read.borrow_mut().remove(&format!("{}{name}", self.path));
        }
        Ok(items.map(|items| items.into_iter().enumerate().map(inner).collect()))
    }

    /// The names of the members.
    pub(crate) fn names(&self) -> impl Iterator<Item = &'a str> {
        self.members.keys().map(String::as_str).filter(|name| *name != "_type")
    }

    pub(crate) fn object(&self, name: &str) -> Sayable<Option<Args<'a>>> {
        let members = self.typed(name, Value::as_object)?;
        Ok(members.map(|members| self.inner(members, name)))
    }

    fn inner(&self, members: &'a Map<String, Value>, name: &str) -> Args<'a> {
        self.read.borrow_mut().remove(&format!("{}{name}", self.path));
        let path = format!("{}{name}.", self.path);
        let inner = Args { members, path, read: Rc::clone(&self.read) };
        inner.read("_type");
        inner
    }

    /// The arguments that were set and not looked at.
    pub(crate) fn unread(&self) -> Vec<String> {
        let mut unread = Vec::new();
        collect(self.members, &self.path, &self.read.borrow(), &mut unread);
        unread
    }
}

fn collect(
    members: &Map<String, Value>,
    path: &str,
    read: &BTreeSet<String>,
    unread: &mut Vec<String>,
) {
    for (name, value) in members {
        let here = format!("{path}{name}");
        let below = |prefix: &str| read.iter().any(|path| path.starts_with(prefix));
        match value {
            _ if value.is_null() || read.contains(&here) => {}
            Value::Object(inner) if below(&format!("{here}.")) => {
                collect(inner, &format!("{here}."), read, unread);
            }
            Value::Array(items) if below(&format!("{here}[")) => {
                for (at, item) in items.iter().enumerate() {
                    if let Value::Object(inner) = item {
                        collect(inner, &format!("{here}[{at}]."), read, unread);
                    }
                }
            }
            _ => unread.push(here),
        }
    }
}

/// The milliseconds since 1970 that a date in the form of ISO 8601 names. Without an offset, it is UTC.
pub(crate) fn millis(date: &str) -> Option<i64> {
    let number = |from: usize, to: usize| date.get(from..to)?.parse::<i64>().ok();
    let marks = [(4, "-"), (7, "-"), (10, "T"), (13, ":"), (16, ":")];
    if !marks.iter().all(|(at, mark)| date.get(*at..at + 1) == Some(mark)) {
        return None;
    }
    let (mut year, mut month, day) = (number(0, 4)?, number(5, 7)?, number(8, 10)?);
    // A year that begins in March has its odd day at the end.
    if month < 3 {
        (year, month) = (year - 1, month + 12);
    }
    let days = 365 * year + year / 4 - year / 100 + year / 400 + (153 * month - 457) / 5 + day;
    let seconds = ((days - 719_469) * 24 + number(11, 13)?) * 60 + number(14, 16)?;
    let seconds = seconds * 60 + number(17, 19)?;
    let rest = date.get(19..)?;
    let (fraction, offset) = rest.split_at(rest.find(['+', '-', 'Z']).unwrap_or(rest.len()));
    let fraction = format!("{:0<3}", fraction.trim_start_matches('.'));
    let minutes = match offset.split_once(':') {
        Some((hours, minutes)) => hours.parse::<i64>().ok()? * 60 + minutes.parse::<i64>().ok()?,
        None => 0,
    };
    Some((seconds - minutes * 60) * 1000 + fraction.get(..3)?.parse::<i64>().ok()?)
}

#[test]
fn reads_dates() {
    for (date, expected) in [
        ("1970-01-01T00:00:00", 0),
        ("2023-11-14T22:13:20.123000", 1_700_000_000_123),
        ("2024-01-02T03:04:05.678901+00:00", 1_704_164_645_678),
        ("2024-02-29T01:00:00+02:00", 1_709_161_200_000),
        ("2024-03-01T00:00:00", 1_709_251_200_000),
    ] {
        assert_eq!(millis(date), Some(expected), "{date}");
    }
    for bad in ["", "2024", "alice@example.com", "2024-01-02 03:04:05", "2024-01-02T03:04"] {
        assert_eq!(millis(bad), None, "{bad}");
    }
}
