//! What the management key may do.

pub(in crate::emulator) mod access_key;
pub(in crate::emulator) mod analytics;
pub(in crate::emulator) mod attribute;
pub(in crate::emulator) mod audit;
pub(in crate::emulator) mod authz;
mod client_secret;
pub(in crate::emulator) mod consent;
pub(in crate::emulator) mod descoper;
pub(in crate::emulator) mod engine;
pub(in crate::emulator) mod family;
pub(in crate::emulator) mod fga;
pub(in crate::emulator) mod flow;
pub(in crate::emulator) mod group;
pub(in crate::emulator) mod inbound_app;
pub(in crate::emulator) mod jwt;
pub(in crate::emulator) mod jwt_template;
mod jwt_template_library;
pub(in crate::emulator) mod license;
pub(in crate::emulator) mod link;
pub(in crate::emulator) mod list;
pub(in crate::emulator) mod management_key;
pub(in crate::emulator) mod mcp;
mod new_project;
pub(in crate::emulator) mod outbound_app;
pub(in crate::emulator) mod outbound_scim;
pub(in crate::emulator) mod outbound_token;
pub(in crate::emulator) mod password;
pub(in crate::emulator) mod permission;
pub(in crate::emulator) mod project;
pub(in crate::emulator) mod role;
pub(in crate::emulator) mod scope_claim_mapping;
pub(in crate::emulator) mod sso;
pub(in crate::emulator) mod sso_application;
pub(in crate::emulator) mod sso_cross_app;
mod sso_fields;
pub(in crate::emulator) mod tenant;
pub(in crate::emulator) mod theme;
pub(in crate::emulator) mod user;
pub(in crate::emulator) mod user_credential;
pub(in crate::emulator) mod user_password;
pub(in crate::emulator) mod user_search;
pub(in crate::emulator) mod user_seed;
pub(in crate::emulator) mod user_social;
pub(in crate::emulator) mod user_update;
mod world;

use serde_json::Value;

use crate::emulator::api::route::Area;
use crate::emulator::state::store::Store;
use crate::emulator::words::fields::{Field, Fields, Kind, Object, optional, required};
use crate::emulator::words::refusal::{Refusal, Result};

/// The areas, in the order in which seeds are made: what others name comes first.
pub(in crate::emulator) const AREAS: &[&Area] = &[
    &new_project::AREA,
    &project::AREA,
    &management_key::AREA,
    &descoper::AREA,
    &list::AREA,
    &engine::AREA,
    &permission::AREA,
    &tenant::AREA,
    &password::AREA,
    &role::AREA,
    &family::AREA,
    &user::AREA,
    &user_credential::AREA,
    &user_password::AREA,
    &user_search::AREA,
    &user_social::AREA,
    &user_update::AREA,
    &access_key::AREA,
    &sso::AREA,
    &group::AREA,
    &sso_cross_app::AREA,
    &sso_application::AREA,
    &scope_claim_mapping::AREA,
    &inbound_app::AREA,
    &mcp::AREA,
    &consent::AREA,
    &outbound_app::AREA,
    &outbound_token::AREA,
    &jwt_template::AREA,
    &outbound_scim::AREA,
    &jwt::AREA,
    &fga::AREA,
    &authz::AREA,
    &flow::AREA,
    &theme::AREA,
    &audit::AREA,
    &analytics::AREA,
    &attribute::AREA,
    &license::AREA,
    &link::AREA,
];

/// The wire type `AssociatedTenant`.
pub(in crate::emulator) const ASSOCIATED_TENANT: &[Field] = &[
    required("tenantId", Kind::Text),
    optional("tenantName", Kind::Text),
    optional("roleNames", Kind::Texts),
];

/// A body that names one thing.
pub(in crate::emulator) const ID: &[Field] = &[required("id", Kind::Text)];
pub(in crate::emulator) const IDS: &[Field] = &[required("ids", Kind::Texts)];

pub(in crate::emulator) fn owned(texts: Vec<&str>) -> Vec<String> {
    texts.into_iter().map(str::to_owned).collect()
}

/// Things on a page when a search sets no limit.
const DEFAULT_LIMIT: usize = 100;

/// The page that a search asks for: how many things are skipped, and how many are shown. An offset counts things and
/// wins over the number of a page.
pub(in crate::emulator) fn page_of(body: Fields<'_>) -> Result<(usize, usize)> {
    let number = |name: &str| {
        usize::try_from(body.int(name).unwrap_or_default())
            .map_err(|_| Refusal::invalid(format!("The {name} field must not be negative")))
    };
    let (limit, page) = (number("limit")?, number("page")?);
    let limit = if limit == 0 { DEFAULT_LIMIT } else { limit };
    let skipped = if body.has("offset") { number("offset")? } else { page.saturating_mul(limit) };
    Ok((skipped, limit))
}

/// Refuses a request that asks for something the emulator would have to ignore.
pub(in crate::emulator) fn refuse_uncovered(fields: Fields<'_>, uncovered: &[&str]) -> Result<()> {
    let asked = uncovered.iter().find(|name| {
        fields.get(name).is_some_and(|value| match value {
            Value::Array(items) => !items.is_empty(),
            Value::Object(map) => !map.is_empty(),
            value => *value != false && *value != "" && *value != 0,
        })
    });
    match asked {
        None => Ok(()),
        Some(name) => Err(Refusal::uncovered_field(name)),
    }
}

/// Whether a record has all the custom attributes that a search asks for.
pub(in crate::emulator) fn has_attributes(attributes: &Object, asked: Option<&Object>) -> bool {
    asked.into_iter().flatten().all(|(name, value)| attributes.get(name) == Some(value))
}

/// Makes a change that may be refused halfway, and then takes back what it did to a list.
pub(in crate::emulator) fn all_or_nothing<I: Clone, T>(
    store: &mut Store,
    list: fn(&mut Store) -> &mut Vec<I>,
    change: impl FnOnce(&mut Store) -> Result<T>,
) -> Result<T> {
    let before = list(store).clone();
    let outcome = change(store);
    if outcome.is_err() {
        *list(store) = before;
    }
    outcome
}

/// Sorts what an answer lists by the fields of a request's `sort`. The first counts most.
pub(in crate::emulator) fn sort(shown: &mut [Value], body: Fields<'_>, by: &[&str]) -> Result<()> {
    let orders: Vec<_> = body.objects("sort").collect();
    // Sorting is stable.
    for order in orders.iter().rev() {
        let (field, descending) = (order.text("field"), order.flag("desc"));
        if !by.contains(&field) {
            return Err(Refusal::argument(format!("These are not sorted by {field:?}")));
        }
        shown.sort_by(|a, b| {
            let order = match (a[field].as_i64(), b[field].as_i64()) {
                (Some(a), Some(b)) => a.cmp(&b),
                _ => a[field].as_str().cmp(&b[field].as_str()),
            };
            if descending { order.reverse() } else { order }
        });
    }
    Ok(())
}

/// Whether one of these has a text, whatever the case. An empty one is in all.
pub(in crate::emulator) fn has_text(values: &[&str], text: &str) -> bool {
    let text = text.to_lowercase();
    values.iter().any(|value| value.to_lowercase().contains(&text))
}
