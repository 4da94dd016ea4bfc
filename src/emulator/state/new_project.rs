//! What Descope gives a new project before anybody has created anything.
//!
//! Official SDKs and their tests name the role, the application, two permissions, and the flow `sign-up-or-in`. The
//! other flows and the contents of the theme are the emulator's own.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::project::Flow;
use super::role::{Permission, Role};
use super::sso_application::{Protocol, SsoApplication};
use super::store::Store;
use crate::emulator::words::fields::Object;

/// When all this was created. The same in every emulator, as the IDs are, so that the copy of an emulator is like it.
const CREATED: i64 = 1_700_000_000;

const PERMISSIONS: [(&str, &str); 2] = [("PUserAdmin", "User Admin"), ("PSSOAdmin", "SSO Admin")];

pub(in crate::emulator) fn permissions() -> Vec<Permission> {
    let permission = |(id, name): (&str, &str)| Permission {
        id: id.to_owned(),
        name: name.to_owned(),
        description: String::new(),
    };
    PERMISSIONS.into_iter().map(permission).collect()
}

pub(in crate::emulator) fn roles() -> Vec<Role> {
    vec![Role {
        id: "RTenantAdmin".to_owned(),
        name: "Tenant Admin".to_owned(),
        description: String::new(),
        permissions: PERMISSIONS.iter().map(|(id, _)| (*id).to_owned()).collect(),
        tenant: None,
        default: false,
        private: false,
        created: CREATED,
    }]
}

/// Its client is the project itself.
pub(in crate::emulator) fn sso_apps(project: &str) -> Vec<SsoApplication> {
    vec![SsoApplication {
        id: "descope-default-oidc".to_owned(),
        protocol: Protocol::Oidc,
        name: "OIDC default application".to_owned(),
        description: "Default OIDC APP".to_owned(),
        enabled: true,
        logo: String::new(),
        attributes: Object::new(),
        settings: Object::new(),
        client_id: project.to_owned(),
        secrets: Vec::new(),
    }]
}

pub(in crate::emulator) fn flows() -> BTreeMap<String, Flow> {
    let flow = |(id, name): (&str, &str)| {
        let about = [("name", name), ("description", "What a new project has")];
        let flow = about.map(|(name, text)| (name.to_owned(), Value::from(text)));
        let screens = json!([
            { "id": "0", "name": format!("{name}: start"), "flowId": id },
            { "id": "1", "name": format!("{name}: verify"), "flowId": id },
        ]);
        (id.to_owned(), Flow { flow: Object::from_iter(flow), screens: Some(screens) })
    };
    [
        ("sign-up-or-in", "Sign Up or In"),
        ("sign-up", "Sign Up"),
        ("sign-in", "Sign In"),
        ("step-up", "Step Up"),
        ("update-user", "Update User"),
        ("promote-passkeys", "Promote Passkeys"),
    ]
    .into_iter()
    .map(flow)
    .collect()
}

pub(in crate::emulator) fn theme() -> Object {
    let theme =
        json!({ "id": "THdefault", "version": 1, "cssTemplate": { "light": {}, "dark": {} } });
    if let Value::Object(theme) = theme { theme } else { Object::new() }
}

impl Store {
    /// Gives the project what a new one has.
    pub(in crate::emulator) fn furnish(&mut self, project: &str) {
        self.permissions = permissions();
        self.roles = roles();
        self.sso_apps = sso_apps(project);
        self.project.flows = flows();
        self.project.theme = theme();
    }
}
