//! Tests of the public API, one module per area.

// A request with every field is one large `json!`.
#![recursion_limit = "256"]

mod access_key;
mod admin;
mod answer_mutants;
mod answers;
mod audit;
mod authenticator;
mod authorization_server;
mod authz;
mod call;
mod connections;
mod embedded_link;
mod emulated;
mod enchanted_link;
mod environment;
mod faults;
mod fga;
mod fga_reference;
mod inputs;
mod inventory;
mod jwks;
mod keys;
mod license;
mod magic_link;
mod mutation;
mod notp;
mod oauth;
mod oidc;
mod operations;
mod otp;
mod outbound;
mod passkeys;
mod password;
mod project;
mod quoted;
mod remembered;
mod server;
mod session;
mod signer;
mod sso;
mod support;
mod tls;
mod tokens;
mod totp;
mod undecided;
mod users;
mod waiting;
mod ways_in;
mod web;
mod webauthn;
mod wycheproof;
