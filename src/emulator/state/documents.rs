//! What areas only keep, as it came.

use std::collections::BTreeMap;

use crate::emulator::words::fields::{Fields, Object};

/// Documents by the name of their list in seeds.
#[derive(Default)]
pub(in crate::emulator) struct Documents(BTreeMap<&'static str, Vec<Object>>);

impl Documents {
    /// What was kept under the name of a list in seeds, oldest first.
    pub(in crate::emulator) fn kept(&self, list: &str) -> impl Iterator<Item = Fields<'_>> {
        self.0.get(list).into_iter().flatten().map(Fields::new)
    }

    /// Keeps something for an area that does no more with it.
    pub(in crate::emulator) fn keep(&mut self, list: &'static str, document: Object) {
        self.0.entry(list).or_default().push(document);
    }
}
