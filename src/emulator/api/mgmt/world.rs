//! What questions about relations depend on.

use super::user_search;
use crate::emulator::state::fga::Found;
use crate::emulator::state::fga::evaluate::World;
use crate::emulator::state::fga::model::Model;
use crate::emulator::state::fga::relations::Target;
use crate::emulator::state::store::Store;
use crate::emulator::state::user::{Factor, User};
use crate::emulator::words::fields::{Fields, Object};
use crate::emulator::words::refusal::{Refusal, Result};

/// The schema, which must be there.
pub(in crate::emulator) fn model(store: &Store) -> Result<&Model> {
    store.authorization.model.as_ref().ok_or_else(|| Refusal::argument("There is no schema"))
}

/// What answers depend on.
pub(in crate::emulator) fn world<'a>(store: &'a Store, found: &'a Found) -> Result<World<'a>> {
    Ok(World { model: model(store)?, relations: &store.authorization.relations, found })
}

/// The users that the queries among the relations find.
pub(in crate::emulator) fn found(store: &Store) -> Found {
    let mut found = Found::new();
    for relation in store.authorization.relations.iter() {
        if let Target::Query(text) = &relation.target
            && !found.contains_key(text)
        {
            found.insert(text.clone(), find_users(store, text));
        }
    }
    found
}

fn find_users(store: &Store, query: &str) -> Vec<String> {
    let query: Object = serde_json::from_str(query).unwrap_or_default();
    let asked = Fields::new(&query);
    // The filters of the search for users, under the names they have there.
    let mut search = Object::new();
    for (name, searched) in [
        ("tenants", "tenantIds"),
        ("roles", "roleNames"),
        ("text", "text"),
        ("userStatus", "statuses"),
        ("statuses", "statuses"),
        ("customAttributes", "customAttributes"),
    ] {
        if let Some(value) = asked.get(name) {
            search.insert(searched.to_owned(), value.clone());
        }
    }
    let search = Fields::new(&search);
    let wanted = |user: &&User| {
        (asked.flag("withTestUser") || !user.test)
            && (!asked.flag("ssoOnly") || user.factors.contains(&Factor::Saml))
            && user_search::matches(user, search)
            && user_search::granted(&user.grants, search, store)
    };
    store.users.iter().filter(wanted).map(|user| user.id.clone()).collect()
}
