//! SSO applications: programs that sign their users in through the project.

use super::client_secret::ClientSecret;
use crate::emulator::words::fields::Object;

#[derive(Clone, Copy, PartialEq, Eq)]
pub(in crate::emulator) enum Protocol {
    Oidc,
    Saml,
    WsFed,
}

#[derive(Clone, PartialEq)]
pub(in crate::emulator) struct SsoApplication {
    pub(in crate::emulator) id: String,
    pub(in crate::emulator) protocol: Protocol,
    pub(in crate::emulator) name: String,
    pub(in crate::emulator) description: String,
    pub(in crate::emulator) enabled: bool,
    pub(in crate::emulator) logo: String,
    pub(in crate::emulator) attributes: Object,
    pub(in crate::emulator) settings: Object,
    pub(in crate::emulator) client_id: String,
    pub(in crate::emulator) secrets: Vec<ClientSecret>,
}
