//! OAuth 2 and OpenID Connect for programs: signing users in through the browser, and tokens for machines. Feature `oidc`.
//!
//! This is the standard protocol, which Descope speaks beside its own API. (For accounts at Google, GitHub and
//! others, see `auth::oauth`.) An [`App`] says which application the program is, and at which server. Then
//! [`Client::oidc`] has the functions:
//!
//! ```
//! use descope::oidc::{App, TokenOptions};
//!
//! # let emulator = descope::emulator::Emulator::new();
//! # emulator.seed(&serde_json::json!({
//! #     "inboundApps": [{
//! #         "name": "App", "permissionsScopes": [{ "name": "reports", "values": [] }],
//! #         "state": { "clientId": "client-id", "secrets": [{ "id": "1", "cleartext": "s3cret" }] },
//! #     }],
//! # })).unwrap();
//! # let client = descope::Client::builder().emulator(&emulator).build()?;
//! let app = App::inbound("client-id").secret("s3cret");
//! let tokens = client.oidc(&app).client_credentials(&TokenOptions::default().scopes(["reports"]))?;
//! println!("send: Authorization: Bearer <the access token>, until {:?}", tokens.expires_at);
//! # Ok::<(), descope::Error>(())
//! ```

// Why not the crate `oauth2`: every request of this crate goes through one builder, with its retries, deadlines
// and the scrubbing of secrets, so that nothing would remain of `oauth2` but its types of requests and answers.
// It brings `url`, `rand`, `chrono` and more, where this crate has what it needs in ring and httpdate; and it
// knows neither DPoP, token exchange, CIBA nor ID tokens. It is a judge of the emulator instead.

mod app;
mod authorize;
mod backchannel;
mod device;
mod discover;
mod dpop;
mod grants;
mod id_token;
mod loopback;
mod sign;
mod tokens;
mod url;
mod user_info;
mod wire;

use std::fmt;

pub use self::app::App;
pub use self::authorize::{AuthorizationRequest, AuthorizeOptions};
pub use self::backchannel::{BackchannelOptions, BackchannelRequest};
pub use self::device::DeviceAuthorization;
pub use self::dpop::DpopKey;
pub use self::grants::{ExchangeOptions, TokenOptions, token_types};
pub use self::id_token::IdTokenOptions;
pub use self::loopback::{Loopback, LoopbackHost, LoopbackOptions, LoopbackPage};
pub use self::sign::PrivateKey;
pub use self::tokens::Tokens;
pub use self::user_info::{EndSessionOptions, UserInfo};
use crate::client::Client;
pub use crate::pending::WaitOptions;
pub use crate::servers::ServerMetadata;

/// The functions of an application; see [`Client::oidc`].
///
/// # Errors
///
/// Every call may fail with
///
/// * [`Error::Argument`](crate::Error::Argument) for an argument that cannot be right, and
///   [`Error::Config`](crate::Error::Config) if the app lacks a setting or the server an endpoint, before
///   anything is sent;
/// * [`Error::Api`](crate::Error::Api) if the server refuses: its [`code`](crate::Error::code) is the word of
///   RFC 6749 section 5.2, such as [`INVALID_CLIENT`](crate::codes::INVALID_CLIENT);
/// * [`Error::Transport`](crate::Error::Transport) if no answer came, and
///   [`Error::Decode`](crate::Error::Decode) if the answer cannot be read;
/// * the errors of [`discover`](Oidc::discover).
///
/// Each function documents its other errors.
#[derive(Clone, Copy)]
pub struct Oidc<'c> {
    client: &'c Client,
    app: &'c App,
}

impl Client {
    /// OAuth 2 and OpenID Connect, as this application.
    pub fn oidc<'c>(&'c self, app: &'c App) -> Oidc<'c> {
        Oidc { client: self, app }
    }
}

impl fmt::Debug for Oidc<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Oidc").field(self.app).finish()
    }
}
