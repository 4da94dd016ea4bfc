//! The project itself: its name, flows and theme.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::emulator::words::fields::Object;

/// The list of what is kept of the copies of this project.
pub(in crate::emulator) const COPIES: &str = "projects";

/// What the emulator remembers of the project beside its users.
#[derive(Default)]
pub(in crate::emulator) struct Project {
    pub(in crate::emulator) about: About,
    pub(in crate::emulator) flows: BTreeMap<String, Flow>,
    pub(in crate::emulator) theme: Object,
    /// Files of imports that the emulator has no use for.
    pub(in crate::emulator) files: Object,
}

#[derive(Default)]
pub(in crate::emulator) struct About {
    pub(in crate::emulator) name: String,
    pub(in crate::emulator) environment: String,
    pub(in crate::emulator) tags: Vec<String>,
}

/// A flow. In the format of version 2 the screens are part of the flow.
#[derive(Clone, PartialEq)]
pub(in crate::emulator) struct Flow {
    pub(in crate::emulator) flow: Object,
    pub(in crate::emulator) screens: Option<Value>,
}
