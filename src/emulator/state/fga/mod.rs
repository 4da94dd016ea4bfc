//! Relations between resources and targets, and what follows from them by a schema.
//!
//! There is one model of a schema and one evaluator. Schemas come in by two ways: as text in
//! Descope's language ([`language`]) and as namespaces with trees of nodes ([`wire`]).
//!
//! Everything here is deterministic and without side effects; the handlers are in
//! [`mgmt`](crate::emulator::api::mgmt).

use std::collections::{BTreeMap, HashMap};

use crate::emulator::words::fields::Object;

pub(in crate::emulator) mod evaluate;
pub(in crate::emulator) mod language;
pub(in crate::emulator) mod model;
pub(in crate::emulator) mod name;
pub(in crate::emulator) mod relations;
pub(in crate::emulator) mod why;
pub(in crate::emulator) mod wire;

use model::Model;
use relations::Relations;

/// What the emulator remembers of both areas.
#[derive(Default)]
pub(in crate::emulator) struct Authorization {
    pub(in crate::emulator) model: Option<Model>,
    pub(in crate::emulator) relations: Relations,
    /// Display names by type and ID.
    pub(in crate::emulator) details: BTreeMap<(String, String), String>,
    /// Counts the schemas that were saved.
    pub(in crate::emulator) version: u64,
    /// When the schema was last changed, in seconds.
    pub(in crate::emulator) schema_changed: Option<i64>,
}

impl Authorization {
    /// Sets the schema and removes the relations it has no place for.
    pub(in crate::emulator) fn set_model(&mut self, model: Option<Model>, now: i64) {
        match &model {
            Some(model) => self.relations.retain(now, |relation| model.accepts(relation).is_ok()),
            None => self.relations.retain(now, |_| false),
        }
        self.model = model;
        self.version += 1;
        self.schema_changed = Some(now);
    }
}

/// The users that each query among the relations finds, by the query's text.
pub(in crate::emulator) type Found = HashMap<String, Vec<String>>;

/// The text by which a query on users is known.
pub(in crate::emulator) fn query_text(query: &Object) -> String {
    serde_json::Value::Object(query.clone()).to_string()
}
