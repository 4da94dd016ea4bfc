//! What a sign-in asks of the session it starts.

use super::sessions::Proven;
use crate::emulator::words::fields::{Fields, Object};

/// What a sign-in asks of the session it starts.
#[derive(Clone, Default)]
pub(in crate::emulator) struct SignIn {
    /// What the session's user proved before.
    pub(in crate::emulator) amr: Vec<String>,
    pub(in crate::emulator) claims: Object,
    pub(in crate::emulator) tenant: Option<String>,
    pub(in crate::emulator) stepup: bool,
    pub(in crate::emulator) mfa: bool,
    pub(in crate::emulator) revoke_others: bool,
    pub(in crate::emulator) lifetime: Option<i64>,
}

impl SignIn {
    /// A sign-in that asks for `customClaims` only.
    pub(in crate::emulator) fn claiming(options: Fields<'_>) -> Self {
        Self { claims: custom_claims(options), ..Self::default() }
    }

    /// Signs in to this tenant, unless another one was asked for.
    pub(in crate::emulator) fn in_tenant(mut self, tenant: &str) -> Self {
        self.tenant.get_or_insert_with(|| tenant.to_owned());
        self
    }

    /// Whether this is the tenant it asks for.
    pub(in crate::emulator) fn is_in(&self, tenant: &str) -> bool {
        self.tenant.as_deref() == Some(tenant)
    }

    /// Adds a factor to a session that is there.
    pub(in crate::emulator) fn additional(proven: Proven, mfa: bool) -> Self {
        let amr = if mfa { proven.session.amr } else { Vec::new() };
        Self { amr, tenant: proven.tenant, mfa, ..Self::default() }
    }
}

/// Claims that only Descope sets.
pub(in crate::emulator) const RESERVED: &[&str] = &[
    "act",
    "amr",
    "aud",
    "dcf",
    "dct",
    "drn",
    "dsub",
    "exp",
    "iat",
    "iss",
    "jti",
    "nbf",
    "nsec",
    "permissions",
    "rexp",
    "roles",
    "su",
    "sub",
    "tenants",
];

/// The `customClaims` of a call, less those that only Descope sets.
pub(in crate::emulator) fn custom_claims(options: Fields<'_>) -> Object {
    options.map("customClaims").map(unreserved).unwrap_or_default()
}

/// These claims, less those that only Descope sets: not every token has all of them, so that it is
/// not enough to lay Descope's over.
pub(in crate::emulator) fn unreserved(claims: &Object) -> Object {
    let own = claims.iter().filter(|(name, _)| !RESERVED.contains(&name.as_str()));
    own.map(|(name, value)| (name.clone(), value.clone())).collect()
}

/// The `refreshDuration` of a call in seconds, unless it is the project's: clients send 0 for that.
pub(in crate::emulator) fn lifetime(options: Fields<'_>) -> Option<i64> {
    options.int("refreshDuration").filter(|seconds| *seconds > 0)
}
