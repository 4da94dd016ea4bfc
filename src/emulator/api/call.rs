//! What a request asks of an operation.

use std::ops::Deref;

use serde_json::{Value, json};

use crate::emulator::words::context::Context;
use crate::emulator::words::fields::{Fields, Object};
use crate::emulator::words::path::Params;
use crate::emulator::words::refusal::{Reply, Result};

/// A request whose bearer and fields are checked. It stands for its context where only that counts.
pub(in crate::emulator) struct Call<'a> {
    pub(in crate::emulator) context: Context<'a>,
    pub(in crate::emulator) params: Params,
    pub(in crate::emulator) query: Object,
    pub(in crate::emulator) body: Object,
}

impl Call<'_> {
    /// A parameter of the path.
    pub(in crate::emulator) fn param(&self, name: &str) -> &str {
        let found = self.params.iter().find(|(param, _)| *param == name);
        found.map_or("", |(_, value)| value)
    }

    pub(in crate::emulator) fn query(&self) -> Fields<'_> {
        Fields::new(&self.query)
    }

    pub(in crate::emulator) fn body(&self) -> Fields<'_> {
        Fields::new(&self.body)
    }
}

impl<'a> Deref for Call<'a> {
    type Target = Context<'a>;

    fn deref(&self) -> &Context<'a> {
        &self.context
    }
}

/// An answer that is a list under a name.
pub(in crate::emulator) fn list(name: &str, items: impl Iterator<Item = Value>) -> Result {
    Ok(Reply::from(json!({ name: items.collect::<Vec<_>>() })))
}
