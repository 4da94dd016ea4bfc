// Examples run on the emulator and combine areas, so they are tests only where all of that is there.
#![cfg_attr(
    any(not(doctest), all(feature = "emulator", feature = "full")),
    doc = include_str!("../README.md")
)]
#![cfg_attr(doctest, cfg(all(feature = "emulator", feature = "full")))]
#![forbid(unsafe_code)]
// Areas share code, and all of them may be off. With these features nothing may be left unused.
#![cfg_attr(
    not(all(feature = "full", feature = "oidc", feature = "token-store", feature = "web")),
    allow(dead_code, unreachable_pub, unused_imports)
)]
#![cfg_attr(docsrs_descope, feature(doc_cfg))]

mod answer;
mod builder;
mod call;
mod check;
mod checks;
mod client;
mod core;
mod crypto;
mod digest;
mod disk;
mod error;
mod escape;
mod extra;
mod flight;
mod html;
mod json;
mod jwt;
mod license;
mod lock;
mod missing;
mod models;
mod names;
mod options;
mod pace;
mod page;
mod pending;
mod recent;
mod refreshes;
mod retry;
mod scrub;
mod secret;
mod servers;
mod time;

pub mod auth;
pub mod bulk;
pub mod clock;
#[cfg(feature = "emulator")]
pub mod emulator;
#[cfg(doc)]
pub mod guide;
pub mod keys;
pub mod mgmt;
pub mod observe;
#[cfg(feature = "oidc")]
pub mod oidc;
#[cfg(feature = "token-store")]
pub mod tokens;
pub mod transport;
#[cfg(feature = "web")]
pub mod web;

pub use auth::{AuthInfo, Token};
pub use builder::ClientBuilder;
pub use call::Credential;
pub use client::Client;
pub use crypto::CryptoLibrary;
pub use error::{
    ApiError, Error, KeysError, Result, StoreError, StoreErrorKind, TokenError, codes,
};
pub use extra::Extra;
pub use json::DecodeError;
pub use jwt::{Claims, KeyPolicy, Scope};
pub use keys::KeySet;
pub use models::{
    AuthType, RoleInheritance, SignInRecord, Tenant, TenantRoles, User, UserDetails, UserStatus,
    UserTenant,
};
pub use pace::{RateLimit, RateLimits};
pub use page::{Page, PageIter, Sort};
pub use retry::RetryPolicy;
pub use secret::Secret;
pub use time::{UnixMillis, UnixTime};
/// The HTTP client inside, for [`ClientBuilder::agent`].
#[doc(no_inline)]
pub use ureq;
