//! The project as an authorization server: OAuth 2, OpenID Connect, and what goes with them.
//!
//! These endpoints have no bearer of Descope's, take forms, and refuse as RFC 6749 says. So they are no
//! [`Route`](super::route::Route)s: [`place::find`] finds them, and their handlers read an
//! [`Asked`](asked::Asked).

pub(in crate::emulator) mod asked;
pub(in crate::emulator) mod assertion;
pub(in crate::emulator) mod authorize;
pub(in crate::emulator) mod backchannel;
pub(in crate::emulator) mod client;
pub(in crate::emulator) mod decide;
pub(in crate::emulator) mod device;
pub(in crate::emulator) mod discovery;
pub(in crate::emulator) mod dpop;
pub(in crate::emulator) mod exchange;
pub(in crate::emulator) mod leave;
pub(in crate::emulator) mod place;
pub(in crate::emulator) mod register;
pub(in crate::emulator) mod token;
pub(in crate::emulator) mod userinfo;
