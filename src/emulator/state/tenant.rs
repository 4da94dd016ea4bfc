//! Tenants.

use super::password::Policy;
use crate::emulator::words::fields::Object;

#[derive(Default)]
pub(in crate::emulator) struct Tenant {
    pub(in crate::emulator) id: String,
    pub(in crate::emulator) name: String,
    pub(in crate::emulator) domains: Vec<String>,
    pub(in crate::emulator) attributes: Object,
    pub(in crate::emulator) parent: Option<String>,
    pub(in crate::emulator) disabled: bool,
    pub(in crate::emulator) enforce_sso: bool,
    pub(in crate::emulator) sso_exclusions: Vec<String>,
    pub(in crate::emulator) role_inheritance: String,
    pub(in crate::emulator) federated_apps: Vec<String>,
    /// IDs of the roles that users get who join it.
    pub(in crate::emulator) default_roles: Vec<String>,
    /// What was set of its sessions.
    pub(in crate::emulator) settings: Object,
    /// What it asks of passwords, if that is not what the project asks.
    pub(in crate::emulator) password_policy: Option<Policy>,
    pub(in crate::emulator) created: i64,
}
