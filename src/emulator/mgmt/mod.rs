//! What the management key may do.

pub(super) mod access_key;
pub(super) mod attribute;
pub(super) mod audit;
pub(super) mod authz;
pub(super) mod fga;
pub(super) mod flow;
pub(super) mod group;
pub(super) mod jwt;
pub(super) mod license;
pub(super) mod link;
pub(super) mod password;
pub(super) mod permission;
pub(super) mod project;
pub(super) mod role;
pub(super) mod sso;
pub(super) mod sso_application;
mod sso_fields;
pub(super) mod tenant;
pub(super) mod theme;
pub(super) mod user;
pub(super) mod user_password;
pub(super) mod user_search;
pub(super) mod user_seed;
pub(super) mod user_social;
pub(super) mod user_update;

use super::body::{Field, Fields, Kind, Object, optional, required};
use super::error::{Answer, Refusal};
use super::store::Store;

/// The wire type `AssociatedTenant`.
pub(super) const ASSOCIATED_TENANT: &[Field] = &[
    required("tenantId", Kind::Text),
    optional("tenantName", Kind::Text),
    optional("roleNames", Kind::Texts),
];

/// A body that names one thing.
pub(super) const ID: &[Field] = &[required("id", Kind::Text)];
pub(super) const IDS: &[Field] = &[required("ids", Kind::Texts)];

pub(super) fn owned(texts: Vec<&str>) -> Vec<String> {
    texts.into_iter().map(str::to_owned).collect()
}

/// Refuses a request that asks for something the emulator would have to ignore.
pub(super) fn refuse_uncovered(fields: Fields<'_>, uncovered: &[&str]) -> Answer<()> {
    let asked = uncovered.iter().find(|name| {
        fields.get(name).is_some_and(|value| match value {
            serde_json::Value::Array(items) => !items.is_empty(),
            serde_json::Value::Object(map) => !map.is_empty(),
            value => *value != false && *value != "" && *value != 0,
        })
    });
    match asked {
        None => Ok(()),
        Some(name) => Err(Refusal::uncovered_field(name)),
    }
}

/// Whether a record has all the custom attributes that a search asks for.
pub(super) fn has_attributes(attributes: &Object, asked: Option<&Object>) -> bool {
    asked.into_iter().flatten().all(|(name, value)| attributes.get(name) == Some(value))
}

/// Makes a change that may be refused halfway, and then takes back what it did to a list.
pub(super) fn all_or_nothing<I: Clone, T>(
    store: &mut Store,
    list: fn(&mut Store) -> &mut Vec<I>,
    change: impl FnOnce(&mut Store) -> Answer<T>,
) -> Answer<T> {
    let before = list(store).clone();
    let outcome = change(store);
    if outcome.is_err() {
        *list(store) = before;
    }
    outcome
}
