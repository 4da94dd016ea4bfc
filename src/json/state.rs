//! What the reading of one answer has come to: what could not be read, and the memory it takes.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::time::Instant;

use super::error::DecodeError;

/// Levels of nesting that are read, as in `serde_json`.
pub(super) const MAX_DEPTH: u8 = 127;

/// Memory for what is read, per byte of the answer.
const MEMORY: usize = 9;

/// Memory for what is read of any answer, however short.
const LEAST_MEMORY: usize = 4 * 1024 * 1024;

/// Bytes that are split into values, per byte of the answer: each level of nesting splits its own again.
const WORK: usize = 24;

/// Memory and bytes counted between two looks at the clock: some milliseconds, and more than an honest sign-in has.
const STRIDE: usize = 512 * 1024;

/// Shared by all values of an answer.
pub(super) struct State<'t> {
    /// The answer.
    pub(super) text: &'t str,
    /// When the reading is given up.
    until: Option<Instant>,
    /// What may still be counted before the next look at the clock.
    stride: Cell<usize>,
    /// The values that could not be read: where each begins, and what was expected there.
    unreadable: RefCell<BTreeMap<usize, &'static str>>,
    /// Whether one more is an error.
    pub(super) strict: Cell<bool>,
    /// Whether the next value of any type is the first of its object.
    pub(super) first: Cell<bool>,
    limit: usize,
    used: Cell<usize>,
    work: Cell<usize>,
}

impl<'t> State<'t> {
    pub(super) fn new(text: &'t str, until: Option<Instant>) -> Self {
        Self {
            text,
            until,
            stride: Cell::new(STRIDE),
            unreadable: RefCell::default(),
            strict: Cell::new(false),
            first: Cell::new(false),
            limit: text.len().saturating_mul(MEMORY).saturating_add(LEAST_MEMORY),
            used: Cell::new(0),
            work: Cell::new(text.len().saturating_mul(WORK).saturating_add(LEAST_MEMORY)),
        }
    }

    /// Begins to read the answer once more, without what could not be read.
    pub(super) fn again(&self, strict: bool) {
        self.strict.set(strict);
        self.used.set(self.count() * ENTRY);
    }

    /// How many values could not be read.
    pub(super) fn count(&self) -> usize {
        self.unreadable.borrow().len()
    }

    fn offset(&self, text: &str) -> usize {
        (text.as_ptr() as usize).wrapping_sub(self.text.as_ptr() as usize)
    }

    /// What was expected of a value that could not be read.
    pub(super) fn unreadable(&self, text: &str) -> Option<&'static str> {
        let unreadable = self.unreadable.borrow();
        if unreadable.is_empty() { None } else { unreadable.get(&self.offset(text)).copied() }
    }

    pub(super) fn give_up(&self, text: &str, expected: &'static str) -> Result<(), DecodeError> {
        self.charge(ENTRY)?;
        self.unreadable.borrow_mut().insert(self.offset(text), expected);
        Ok(())
    }

    /// Counts memory that what is read takes from now on.
    pub(super) fn charge(&self, bytes: usize) -> Result<(), DecodeError> {
        self.tick(bytes)?;
        let used = self.used.get().saturating_add(bytes);
        self.used.set(used);
        if used <= self.limit { Ok(()) } else { Err(too_large()) }
    }

    /// Counts memory that is free again.
    pub(super) fn release(&self, bytes: usize) {
        self.used.set(self.used.get().saturating_sub(bytes));
    }

    /// Counts bytes that are split.
    pub(super) fn work(&self, bytes: usize) -> Result<(), DecodeError> {
        self.tick(bytes)?;
        let left = self.work.get().checked_sub(bytes);
        self.work.set(left.unwrap_or_default());
        left.map(drop).ok_or_else(|| DecodeError::new("nested too deeply for its size"))
    }

    /// Looks at the clock from time to time.
    fn tick(&self, bytes: usize) -> Result<(), DecodeError> {
        if let Some(left) = self.stride.get().checked_sub(bytes) {
            self.stride.set(left);
            return Ok(());
        }
        self.stride.set(STRIDE);
        match self.until {
            Some(until) if Instant::now() >= until => Err(DecodeError::new(
                "takes longer to read than the call's deadline leaves; see `ClientBuilder::deadline`",
            )),
            _ => Ok(()),
        }
    }
}

/// An entry of `unreadable`, in nodes that are half full.
const ENTRY: usize = 2 * size_of::<(usize, &str)>();

fn too_large() -> DecodeError {
    DecodeError::new(format!("would take more than {MEMORY} times its size in memory"))
}

/// A vector that grows, as the standard library's does: to twice its size, beside the old one.
pub(super) struct Growth {
    item: usize,
    count: usize,
    capacity: usize,
}

impl Growth {
    pub(super) fn new(item: usize) -> Self {
        Self { item, count: 0, capacity: 0 }
    }

    /// Counts one more item.
    pub(super) fn push(&mut self, state: &State<'_>) -> Result<(), DecodeError> {
        if self.count == self.capacity {
            let (old, new) = (self.capacity, (self.capacity * 2).max(4));
            state.charge(new * self.item)?;
            state.release(old * self.item);
            self.capacity = new;
        }
        self.count += 1;
        Ok(())
    }

    /// Counts the vector as freed.
    pub(super) fn free(self, state: &State<'_>) {
        state.release(self.capacity * self.item);
    }
}
