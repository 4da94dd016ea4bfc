//! What an emulator remembers, and what becomes of it.
//!
//! Nothing here knows of requests: what a function depends on beside the state is its
//! [`Context`](super::words::context::Context). The types of things are below [`store`], which holds
//! them all; what takes the whole state, as starting a session does, is above it: [`token`],
//! [`inbound_token`], [`oauth_client`], [`oauth_grant`], [`oauth_token`], [`shape`], [`settle`], [`receive`], [`kinship`], [`password_rules`], [`sso_choice`] and [`shown`].

pub(in crate::emulator) mod access_key;
pub(in crate::emulator) mod applications;
pub(in crate::emulator) mod attribute;
pub(in crate::emulator) mod audit;
pub(in crate::emulator) mod claim_template;
pub(in crate::emulator) mod client_secret;
pub(in crate::emulator) mod codes;
pub(in crate::emulator) mod company;
pub(in crate::emulator) mod delivery;
pub(in crate::emulator) mod descoper;
pub(in crate::emulator) mod documents;
pub(in crate::emulator) mod engine;
pub(in crate::emulator) mod family;
pub(in crate::emulator) mod fga;
pub(in crate::emulator) mod foreign_hash;
pub(in crate::emulator) mod grants;
pub(in crate::emulator) mod group;
pub(in crate::emulator) mod hashed;
pub(in crate::emulator) mod idp;
pub(in crate::emulator) mod inbound_app;
pub(in crate::emulator) mod inbound_token;
pub(in crate::emulator) mod jose;
pub(in crate::emulator) mod jwt_template;
pub(in crate::emulator) mod kinship;
pub(in crate::emulator) mod list;
pub(in crate::emulator) mod mailbox;
pub(in crate::emulator) mod management_key;
pub(in crate::emulator) mod new_project;
pub(in crate::emulator) mod notp;
pub(in crate::emulator) mod oauth;
pub(in crate::emulator) mod oauth_client;
pub(in crate::emulator) mod oauth_grant;
pub(in crate::emulator) mod oauth_token;
pub(in crate::emulator) mod outbound_app;
pub(in crate::emulator) mod outbound_scim;
pub(in crate::emulator) mod passkey;
pub(in crate::emulator) mod password;
pub(in crate::emulator) mod password_rules;
pub(in crate::emulator) mod pending;
pub(in crate::emulator) mod project;
pub(in crate::emulator) mod receive;
pub(in crate::emulator) mod role;
pub(in crate::emulator) mod sessions;
pub(in crate::emulator) mod settle;
pub(in crate::emulator) mod shape;
pub(in crate::emulator) mod shown;
pub(in crate::emulator) mod sign;
pub(in crate::emulator) mod sign_in;
pub(in crate::emulator) mod sso;
pub(in crate::emulator) mod sso_application;
pub(in crate::emulator) mod sso_choice;
pub(in crate::emulator) mod store;
pub(in crate::emulator) mod strength;
pub(in crate::emulator) mod table;
pub(in crate::emulator) mod tenant;
pub(in crate::emulator) mod token;
pub(in crate::emulator) mod totp;
pub(in crate::emulator) mod user;
