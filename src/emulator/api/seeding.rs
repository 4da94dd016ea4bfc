//! Seeds: what an emulator starts from, and what it can be saved to.

use serde_json::Value;

use super::areas::{AREAS, seeds};
use super::call::Call;
use super::seed::List;
use crate::emulator::state::store::Store;
use crate::emulator::words::context::Context;
use crate::emulator::words::fields::{self, Fields, Object, Shape};
use crate::emulator::words::path::Params;
use crate::emulator::words::refusal::{Error, Refusal, Result};
use crate::emulator::words::settings::Settings;

/// Makes what a seed lists; see [`Emulator::seed`](crate::emulator::Emulator::seed).
pub(in crate::emulator) fn seed(
    settings: &Settings,
    now: i64,
    store: &mut Store,
    seed: &Value,
) -> Result<Value, Error> {
    let lists = seed.as_object().ok_or_else(|| Error::invalid("A seed must be an object"))?;
    if let Some(unknown) = lists.keys().find(|name| !seeds().any(|list| list.name == *name)) {
        return Err(Error::invalid(format!("A seed has no list {unknown:?}")));
    }
    let mut made = Object::new();
    for list in seeds() {
        let name = list.name;
        let Some(items) = lists.get(name) else { continue };
        let items =
            items.as_array().ok_or_else(|| Error::invalid(format!("{name} must be an array")))?;
        let mut answers = Vec::new();
        for (at, item) in items.iter().enumerate() {
            let context = Context::new(settings, now);
            let answer = make(list, context, store, item);
            answers.push(answer.map_err(|refusal| Error::at(&format!("{name}[{at}]"), refusal))?);
        }
        made.insert(name.to_owned(), Value::Array(answers));
    }
    Ok(Value::Object(made))
}

/// A seed that makes what there is; see [`Emulator::export`](crate::emulator::Emulator::export).
pub(in crate::emulator) fn export(store: &Store) -> Value {
    let lists = seeds().map(|list| (list.name.to_owned(), (list.save)(store)));
    let lists = lists.filter(|(_, items)| !items.is_empty());
    lists.map(|(name, items)| (name, Value::Array(items))).collect()
}

fn make(list: &List, context: Context<'_>, store: &mut Store, item: &Value) -> Result<Value> {
    let mut item =
        item.as_object().ok_or_else(|| Refusal::invalid("The item must be an object"))?.clone();
    let state = match item.remove("state") {
        None | Some(Value::Null) => None,
        Some(Value::Object(state)) => Some(fields::object(list.state, state, "state")?),
        Some(_) => return Err(Refusal::invalid("The state field must be an object")),
    };
    let answer = run(list.path, item, context, store)?;
    if let Some(state) = state {
        (list.restore)(store, Fields::new(&state))?;
    }
    Ok(answer.body)
}

/// Runs an operation from inside: a management call, without a request around it.
fn run(path: &str, body: Object, context: Context<'_>, store: &mut Store) -> Result {
    let mut routes = AREAS.iter().flat_map(|area| area.routes.iter().chain(area.inside));
    let route = routes
        .find(|route| route.path == path && route.method == "POST")
        .ok_or_else(|| Refusal::no_route("POST", path))?;
    let body = match route.body {
        Shape::Object(fields) => fields::object(fields, body, "")?,
        Shape::Texts => body,
    };
    let context = Context { method: route.sign_in_method(), ..context };
    let (params, query) = (Params::new(), Object::new());
    route.handle(&Call { context, params, query, body }, store)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::emulator::Emulator;
    use crate::emulator::testing::{claims, refused};

    fn full() -> Emulator {
        let emulator = Emulator::new();
        let seed = json!({
            "permissions": [{ "name": "read", "description": "To read" }, { "name": "write" }],
            "tenants": [
                { "id": "t1", "name": "One", "customAttributes": { "k": 1 } },
                {
                    "id": "t2", "name": "Two", "parent": "t1", "disabled": true,
                    "enforceSSO": true, "enforceSSOExclusions": ["ada"],
                    "federatedAppIds": ["app"], "roleInheritance": "none",
                    "selfProvisioningDomains": ["example.com"],
                },
            ],
            "roles": [
                { "name": "New", "default": true, "permissionNames": ["read"] },
                { "name": "Same", "permissionNames": ["read"] },
                { "name": "Same", "tenantId": "t1", "private": true, "description": "Other" },
            ],
            "users": [
                {
                    "loginId": "ada", "additionalLoginIds": ["countess"], "email": "a@example.com",
                    "verifiedEmail": true, "phone": "+12025550101", "displayName": "Ada",
                    "givenName": "A", "middleName": "B", "familyName": "C", "picture": "https://x",
                    "userTenants": [{ "tenantId": "t2", "roleNames": ["Same"] }, { "tenantId": "t1" }],
                    "customAttributes": { "deep": [null] }, "ssoAppIds": ["app"],
                },
                { "loginId": "off", "status": "disabled" },
            ],
            "testUsers": [{ "loginId": "test" }],
            "accessKeys": [
                {
                    "name": "ci", "description": "For CI", "roleNames": ["Same"], "userId": "ada",
                    "keyTenants": [{ "tenantId": "t1", "roleNames": ["Same"] }],
                    "customClaims": { "c": 1 }, "customAttributes": { "a": 1 },
                    "permittedIps": ["192.0.2.1"],
                },
            ],
        });
        emulator.seed(&seed).unwrap();
        emulator
    }

    #[test]
    fn a_seed_of_an_export_makes_the_same_again() {
        let emulator = full();
        emulator
            .manage("/v1/mgmt/user/update/role/set", &json!({ "loginId": "ada", "roleNames": [] }));
        let body = json!({ "loginId": "ada", "password": "Correct1horse" });
        emulator.manage("/v1/mgmt/user/password/set/temporary", &body);
        emulator.sign_in("ada").unwrap();
        emulator.advance(std::time::Duration::from_secs(60));
        emulator
            .manage("/v1/mgmt/user/update/name", &json!({ "loginId": "ada", "displayName": "Ad" }));
        let saved = emulator.export();
        let show = |which: &Emulator| {
            let key = which.management_key();
            let get = |path| which.send("GET", path, key, &json!(null)).1;
            [
                get("/v1/mgmt/permission/all"),
                get("/v1/mgmt/tenant/all"),
                get("/v1/mgmt/role/all"),
                which.manage("/v2/mgmt/user/search", &json!({ "withTestUser": true })),
            ]
        };
        let copy = Emulator::builder().project_id(emulator.project_id()).build();
        // Later, so that no time is right by chance.
        copy.advance(std::time::Duration::from_secs(3600));
        copy.seed(&saved).unwrap();
        assert_eq!(copy.export(), saved);
        assert_eq!(show(&copy), show(&emulator));

        let user = copy.user("ada");
        assert_eq!((&user["roleNames"], &user["password"]), (&json!([]), &json!(true)));
        let history = copy.manage("/v1/mgmt/user/history", &json!([user["userId"]]));
        assert_eq!(history.as_array().unwrap().len(), 1);
        let sign_in = |password| {
            let body = json!({ "loginId": "ada", "password": password });
            copy.post("/v1/auth/password/signin", &body)
        };
        refused(sign_in("Correct1horse"), 401, "E062909");
        refused(sign_in("wrong"), 401, "EMU401");
    }

    #[test]
    fn access_keys_stay_good() {
        let emulator = Emulator::new();
        let seed = json!({ "roles": [{ "name": "A" }], "accessKeys": [
            { "name": "one", "roleNames": ["A"] }, { "name": "two" },
        ] });
        let made = emulator.seed(&seed).unwrap();
        let [one, two] = [0, 1].map(|at| made["accessKeys"][at].clone());
        let off = json!({ "id": two["key"]["id"] });
        emulator.manage("/v1/mgmt/accesskey/deactivate", &off);
        let copy = Emulator::builder().project_id(emulator.project_id()).build();
        copy.seed(&emulator.export()).unwrap();
        let exchange = |key: &Value| {
            let key = key["cleartext"].as_str().unwrap();
            copy.send("POST", "/v1/auth/accesskey/exchange", key, &json!({}))
        };
        let (status, answer) = exchange(&one);
        assert_eq!((status, &claims(&answer["sessionJwt"])["roles"]), (200, &json!(["A"])));
        assert_ne!(exchange(&two).0, 200, "it is not active");
    }

    #[test]
    fn states_are_checked() {
        let emulator = Emulator::new();
        for (state, message) in [
            (json!(1), "The state field must be an object"),
            (json!({ "shoeSize": 1 }), "The state.shoeSize field is unknown"),
            (json!({ "createdTime": "now" }), "The state.createdTime field must be an integer"),
            (json!({ "password": { "digest": "short" } }), "A digest must be 32 bytes"),
            (json!({ "password": { "hashed": {} } }), "must have exactly one kind of hash"),
            (json!({ "totpKey": "short" }), "A key must be 20 bytes"),
            (json!({ "factors": ["charm"] }), "no factor"),
        ] {
            let seed = json!({ "users": [{ "loginId": "ada", "state": state }] });
            let error = emulator.seed(&seed).unwrap_err().to_string();
            assert!(error.starts_with("users[0]: ") && error.contains(message), "{error}");
            emulator.reset();
        }
    }

    /// A copy of an emulator, whose export is the same.
    fn copied(emulator: &Emulator) -> Emulator {
        let copy = Emulator::builder().project_id(emulator.project_id()).build();
        copy.seed(&emulator.export()).unwrap();
        assert_eq!(copy.export(), emulator.export());
        copy
    }

    const GROUPS: &str = "model AuthZ 1.0
        type user type group relation member: user
        type doc relation viewer: user | group | group#member permission see: viewer";

    fn related(relation: &str, target_type: &str, target: &str) -> Value {
        json!({
            "resourceType": "doc", "resource": "plan", "relation": relation,
            "targetType": target_type, "target": target,
        })
    }

    fn allowed(emulator: &Emulator) -> Vec<bool> {
        let targets = [
            ("user", "x"),
            ("group", "x"),
            ("user", "u"),
            ("group", "u"),
            ("user", "m"),
            ("group#member", "g"),
            ("group#member", "x"),
        ];
        let tuples = targets.map(|(of, id)| related("see", of, id));
        let answer = emulator.manage("/v1/mgmt/fga/check", &json!({ "tuples": tuples }));
        let tuples = answer["tuples"].as_array().unwrap().iter();
        tuples.map(|tuple| tuple["allowed"].as_bool().unwrap()).collect()
    }

    #[test]
    fn schemas_and_relations_are_saved_with_their_types() {
        let emulator = Emulator::new();
        let member = json!({
            "resourceType": "group", "resource": "g", "relation": "member", "targetType": "user",
            "target": "m",
        });
        let tuples = json!([
            related("viewer", "group", "x"),
            related("viewer", "user", "u"),
            related("viewer", "group#member", "g"),
            member,
        ]);
        let seed = json!({
            "fgaSchemas": [{ "dsl": GROUPS }],
            "fgaRelations": [{ "tuples": tuples }],
            "authzRelations": [{ "relations": [
                { "namespace": "doc", "relationDefinition": "viewer", "resource": "plan", "target": "any" },
                {
                    "namespace": "doc", "relationDefinition": "viewer", "resource": "plan",
                    "query": { "text": "ada" },
                },
            ] }],
        });
        let named = json!({ "schema": { "name": "Docs", "namespaces": [] } });
        emulator.manage("/v1/mgmt/authz/schema/save", &named);
        emulator.seed(&seed).unwrap();
        let expected = [false, true, true, false, true, true, false];
        assert_eq!(allowed(&emulator), expected);
        let copy = copied(&emulator);
        assert_eq!(allowed(&copy), expected);
        let load = |which: &Emulator| {
            let key = which.management_key();
            which.send("GET", "/v1/mgmt/fga/schema", key, &json!(null)).1
        };
        assert_eq!(load(&copy)["dsl"], GROUPS);
        assert_eq!(load(&copy)["schema"], load(&emulator)["schema"]);
        assert_eq!(load(&copy)["schema"]["name"], "Docs");
    }

    #[test]
    fn rules_of_a_text_that_was_changed_are_saved_too() {
        let emulator = Emulator::new();
        emulator.seed(&json!({ "fgaSchemas": [{ "dsl": GROUPS }] })).unwrap();
        let body = json!({ "namespace": { "name": "folder", "relationDefinitions": [] } });
        emulator.manage("/v1/mgmt/authz/ns/save", &body);
        let body = json!({ "tuples": [related("viewer", "group", "x")] });
        emulator.manage("/v1/mgmt/fga/relations", &body);
        let copy = copied(&emulator);
        assert_eq!(allowed(&copy), allowed(&emulator));
        let create = |which: &Emulator, tuple: Value| {
            let body = json!({ "tuples": [tuple] });
            which.send("POST", "/v1/mgmt/fga/relations", which.management_key(), &body)
        };
        for which in [&emulator, &copy] {
            refused(create(which, related("see", "user", "u")), 400, "E011004");
            refused(create(which, related("viewer", "group#owner", "g")), 400, "E011004");
            assert_eq!(create(which, related("viewer", "group#member", "g")).0, 200);
        }
    }

    #[test]
    fn an_empty_emulator_exports_nothing() {
        assert_eq!(Emulator::new().export(), json!({}));
    }
}
