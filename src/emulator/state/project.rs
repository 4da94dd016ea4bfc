//! The project itself: its name, flows and theme.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::emulator::words::fields::Object;

/// The list of what is kept of the copies of this project.
pub(in crate::emulator) const COPIES: &str = "projects";

/// What the emulator remembers of the project beside its users.
pub(in crate::emulator) struct Project {
    pub(in crate::emulator) about: About,
    pub(in crate::emulator) flows: BTreeMap<String, Flow>,
    pub(in crate::emulator) theme: Object,
    /// Files of imports that the emulator has no use for.
    pub(in crate::emulator) files: Object,
}

impl Default for Project {
    fn default() -> Self {
        Self {
            about: About::default(),
            flows: BTreeMap::from([("sign-up-or-in".to_owned(), Flow::sign_up_or_in())]),
            theme: Object::new(),
            files: Object::new(),
        }
    }
}

#[derive(Default)]
pub(in crate::emulator) struct About {
    pub(in crate::emulator) name: String,
    pub(in crate::emulator) environment: String,
    pub(in crate::emulator) tags: Vec<String>,
}

/// A flow. In the format of version 2 the screens are part of the flow.
#[derive(Clone)]
pub(in crate::emulator) struct Flow {
    pub(in crate::emulator) flow: Object,
    pub(in crate::emulator) screens: Option<Value>,
}

impl Flow {
    /// The flow that every new project has.
    pub(in crate::emulator) fn sign_up_or_in() -> Self {
        let about = [("name", "Sign up or in"), ("description", "What a new project starts with")];
        let flow = about.map(|(name, text)| (name.to_owned(), Value::from(text)));
        Self { flow: Object::from_iter(flow), screens: Some(json!([])) }
    }
}
