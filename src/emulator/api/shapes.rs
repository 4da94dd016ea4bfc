//! Fields that operations of several areas have.

use crate::emulator::words::fields::{Field, Kind, optional};

/// The wire types `LoginOptions` and `SignUpOptions`: clients send either in place of the other.
pub(in crate::emulator) const LOGIN_OPTIONS: &[Field] = &LOGIN;

pub(in crate::emulator) const LOGIN: [Field; 11] = [
    optional("stepup", Kind::Bool),
    optional("mfa", Kind::Bool),
    optional("revokeOtherSessions", Kind::Bool),
    optional("revokeOtherSessionsTypes", Kind::Texts),
    optional("customClaims", Kind::Map),
    optional("templateId", Kind::Text),
    optional("templateOptions", Kind::TextMap),
    optional("tenantId", Kind::Text),
    optional("locale", Kind::Text),
    // Which application the sign-in is for. The emulator signs in to the project.
    optional("ssoAppId", Kind::Text),
    optional("pkceChallenge", Kind::Text),
];

/// The `user` of a sign-up.
pub(in crate::emulator) const SIGN_UP_USER: [Field; 11] = [
    optional("name", Kind::Text),
    optional("givenName", Kind::Text),
    optional("middleName", Kind::Text),
    optional("familyName", Kind::Text),
    optional("phone", Kind::Text),
    optional("email", Kind::Text),
    optional("loginId", Kind::Text),
    optional("recoveryEmail", Kind::Text),
    optional("recoveryPhone", Kind::Text),
    // Those of management calls, which some SDKs send with a sign-up. They mean nothing there.
    optional("test", Kind::Bool),
    optional("invite", Kind::Bool),
];
