//! Definitions of custom attributes. What attributes users have does not depend on them; the values of
//! applications and families go with their definition.

use serde_json::{Value, json};

use crate::emulator::api::call::Call;
use crate::emulator::api::event::Event::Action;
use crate::emulator::api::route::Bearer::Management;
use crate::emulator::api::route::{Area, Route};
use crate::emulator::api::seed::List;
use crate::emulator::words::fields::{Field, Kind, Object, optional, required};
use crate::emulator::words::refusal::{Refusal, Result};

const OPTION: &[Field] = &[required("value", Kind::Text), optional("label", Kind::Text)];
const ATTRIBUTE: &[Field] = &[
    required("name", Kind::Text),
    required("type", Kind::Int),
    optional("options", Kind::Objects(OPTION)),
    optional("displayName", Kind::Text),
    optional("defaultValue", Kind::Any),
    optional("viewPermissions", Kind::Texts),
    optional("editPermissions", Kind::Texts),
    optional("required", Kind::Bool),
];
const CREATE: &[Field] = &[required("attributes", Kind::Objects(ATTRIBUTE))];
const DELETE: &[Field] = &[required("names", Kind::Texts)];

pub(in crate::emulator) const AREA: Area =
    Area::new(ROUTES).seeds(&[&USERS_SEED, &FAMILIES_SEED, &OF_FAMILIES_SEED, &APPLICATIONS_SEED]);

const ROUTES: &[Route] = &[
    Route::get("/v1/mgmt/user/customattributes", Management, &[], |_, store| {
        all(&store.attributes.users)
    }),
    Route::post(
        "/v1/mgmt/user/customattribute/create",
        Management,
        Action("CustomAttributesCreated"),
        CREATE,
        |call, store| create(call, &mut store.attributes.users),
    ),
    Route::post(
        "/v1/mgmt/user/customattribute/delete",
        Management,
        Action("CustomAttributesDeleted"),
        DELETE,
        |call, store| delete(call, &mut store.attributes.users),
    ),
    Route::get("/v1/mgmt/user/families/customattributes", Management, &[], |_, store| {
        all(&store.attributes.families)
    }),
    Route::post(
        "/v1/mgmt/user/families/customattribute/create",
        Management,
        Action("CustomAttributesCreated"),
        CREATE,
        |call, store| create(call, &mut store.attributes.families),
    ),
    Route::post(
        "/v1/mgmt/user/families/customattribute/delete",
        Management,
        Action("CustomAttributesDeleted"),
        DELETE,
        |call, store| delete(call, &mut store.attributes.families),
    ),
    Route::get("/v1/mgmt/family/customattributes", Management, &[], |_, store| {
        all(&store.attributes.of_families)
    }),
    Route::post(
        "/v1/mgmt/family/customattribute/create",
        Management,
        Action("CustomAttributesCreated"),
        CREATE,
        |call, store| create(call, &mut store.attributes.of_families),
    ),
    Route::post(
        "/v1/mgmt/family/customattribute/delete",
        Management,
        Action("CustomAttributesDeleted"),
        DELETE,
        |call, store| {
            let names = call.body().texts("names");
            store.families.edit_each(|family| {
                family.attributes.retain(|name, _| !names.contains(&&**name));
            });
            delete(call, &mut store.attributes.of_families)
        },
    ),
    Route::get("/v1/mgmt/sso/idp/app/customattributes", Management, &[], |_, store| {
        all(&store.attributes.applications)
    }),
    Route::post(
        "/v1/mgmt/sso/idp/app/customattribute/create",
        Management,
        Action("CustomAttributesCreated"),
        CREATE,
        |call, store| create(call, &mut store.attributes.applications),
    ),
    Route::post(
        "/v1/mgmt/sso/idp/app/customattribute/delete",
        Management,
        Action("CustomAttributesDeleted"),
        DELETE,
        |call, store| {
            let names = call.body().texts("names");
            for app in &mut store.sso_apps {
                app.attributes.retain(|name, _| !names.contains(&&**name));
            }
            delete(call, &mut store.attributes.applications)
        },
    ),
];

pub(in crate::emulator) const USERS_SEED: List =
    List::plain("userAttributes", "/v1/mgmt/user/customattribute/create", |store| {
        saved(&store.attributes.users)
    });

pub(in crate::emulator) const FAMILIES_SEED: List =
    List::plain("familyAttributes", "/v1/mgmt/user/families/customattribute/create", |store| {
        saved(&store.attributes.families)
    });

pub(in crate::emulator) const APPLICATIONS_SEED: List =
    List::plain("applicationAttributes", "/v1/mgmt/sso/idp/app/customattribute/create", |store| {
        saved(&store.attributes.applications)
    });

pub(in crate::emulator) const OF_FAMILIES_SEED: List =
    List::plain("attributesOfFamilies", "/v1/mgmt/family/customattribute/create", |store| {
        saved(&store.attributes.of_families)
    });

/// One call that makes them all.
fn saved(attributes: &[Object]) -> Vec<Value> {
    if attributes.is_empty() { Vec::new() } else { vec![json!({ "attributes": attributes })] }
}

fn all(attributes: &[Object]) -> Result {
    Ok(json!({ "data": attributes, "total": attributes.len() }).into())
}

/// All of them or, if one is refused, none.
fn create(call: &Call<'_>, attributes: &mut Vec<Object>) -> Result {
    let mut new = Vec::new();
    for attribute in call.body().objects("attributes") {
        let name = attribute.text("name");
        if attributes.iter().chain(&new).any(|known| known["name"] == name) {
            return Err(Refusal::taken("custom attribute"));
        }
        if !(1..=7).contains(&attribute.int("type").unwrap_or_default()) {
            return Err(Refusal::argument("There is no such type of custom attribute"));
        }
        let set = |field: &Field| Some((field.name.to_owned(), attribute.get(field.name)?.clone()));
        new.push(ATTRIBUTE.iter().filter_map(set).collect());
    }
    attributes.append(&mut new);
    all(attributes)
}

fn delete(call: &Call<'_>, attributes: &mut Vec<Object>) -> Result {
    let names = call.body().texts("names");
    attributes.retain(|known| !names.iter().any(|name| known["name"] == **name));
    all(attributes)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::emulator::Emulator;
    use crate::emulator::testing::refused;

    #[test]
    fn a_definition_is_made_once_and_of_a_known_type() {
        let emulator = Emulator::new();
        let create = "/v1/mgmt/user/customattribute/create";
        let key = emulator.management_key();
        let new = |name: &str, of: i64| json!({ "attributes": [{ "name": name, "type": of }] });
        let made = emulator.manage(create, &new("plan", 1));
        assert_eq!(made, json!({ "data": [{ "name": "plan", "type": 1 }], "total": 1 }));
        refused(emulator.send("POST", create, key, &new("plan", 2)), 400, "EMU409");
        refused(emulator.send("POST", create, key, &new("other", 8)), 400, "E011004");
        let twice =
            json!({ "attributes": [{ "name": "a", "type": 1 }, { "name": "a", "type": 1 }] });
        refused(emulator.send("POST", create, key, &twice), 400, "EMU409");
        let path = "/v1/mgmt/user/customattributes";
        let (_, left) = emulator.send("GET", path, key, &json!(null));
        assert_eq!(left["total"], 1);
    }
}
