//! Reading the arguments of a recorded call, and noticing those that were not read.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::rc::Rc;

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

    /// A text that the call needs; empty if it is not set.
    pub(crate) fn text(&self, name: &str) -> Sayable<&'a str> {
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
