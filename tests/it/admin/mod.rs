//! The administration of a project: tenants, access keys, roles, permissions, groups, SSO, tokens.
//! Each file has the requests of its area, then what comes of them in the emulator.

mod access_key;
mod assertion;
mod attributes;
mod cross_app;
mod descoper;
mod engine;
mod export;
mod family;
mod group;
mod inbound_app;
mod inbound_life;
mod jwt;
mod jwt_template;
mod jwt_template_life;
mod list;
mod management_key;
mod other_settings;
mod outbound_app;
mod outbound_life;
mod outbound_scim;
mod outbound_upload;
mod password;
mod permission;
mod role;
mod scope_claim_mapping;
mod sso;
mod sso_application;
mod tenant;
