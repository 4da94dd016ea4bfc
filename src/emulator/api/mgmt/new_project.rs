//! What a project no longer has of what a new one has: in seeds alone.

use serde_json::{Value, json};

use super::permission;
use crate::emulator::api::call::Call;
use crate::emulator::api::event::Event::Unrecorded;
use crate::emulator::api::route::Bearer::Management;
use crate::emulator::api::route::{Area, Route};
use crate::emulator::api::seed::List;
use crate::emulator::state::new_project;
use crate::emulator::state::store::Store;
use crate::emulator::words::fields::{Field, Kind, optional, required};
use crate::emulator::words::refusal::{Refusal, Reply, Result};

const PATH: &str = "/_emulator/seed/without";
const FIELDS: &[Field] = &[required("kind", Kind::Text), optional("id", Kind::Text)];

pub(in crate::emulator) const AREA: Area = Area::new(&[])
    .inside(&[Route::post(PATH, Management, Unrecorded("a seed"), FIELDS, remove)])
    .seeds(&[&SEED]);

/// What is gone, and what was changed: the latter is saved like anything else, and would appear twice.
const SEED: List = List::plain("without", PATH, |store| {
    let mut gone = Vec::new();
    let mut without = |kind: &str, id: &str| gone.push(json!({ "kind": kind, "id": id }));
    for role in new_project::roles().iter().filter(|role| !store.roles.contains(role)) {
        without("role", &role.id);
    }
    let permissions = new_project::permissions();
    for permission in permissions.iter().filter(|of| !store.permissions.contains(of)) {
        without("permission", &permission.id);
    }
    for new in new_project::sso_apps("") {
        let same = |app: &_| new_project::sso_apps(client_of(store, &new.id)).contains(app);
        if !store.sso_apps.iter().any(same) {
            without("ssoApplication", &new.id);
        }
    }
    for id in new_project::flows().keys().filter(|id| !store.project.flows.contains_key(*id)) {
        without("flow", id);
    }
    if store.project.theme.is_empty() {
        without("theme", "");
    }
    gone
});

fn client_of<'s>(store: &'s Store, id: &str) -> &'s str {
    store.sso_apps.iter().find(|app| app.id == id).map_or("", |app| &app.client_id)
}

fn remove(call: &Call<'_>, store: &mut Store) -> Result {
    let id = call.body().text("id");
    match call.body().text("kind") {
        "role" => store.remove_role(id),
        "permission" => permission::remove(store, id),
        "ssoApplication" => store.sso_apps.retain(|app| app.id != id),
        "flow" => drop(store.project.flows.remove(id)),
        "theme" => store.project.theme.clear(),
        kind => return Err(Refusal::argument(format!("A new project has no {kind:?}"))),
    }
    Ok(Reply::from(Value::Object(call.body().whole().cloned().unwrap_or_default())))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::emulator::Emulator;

    fn names(emulator: &Emulator) -> [Value; 4] {
        let get = |path: &str, list: &str| {
            let key = emulator.management_key();
            let shown = emulator.send("GET", path, key, &json!(null)).1[list].clone();
            shown.as_array().unwrap().iter().map(|of| of["name"].clone()).collect::<Value>()
        };
        let flows = emulator.manage("/v1/mgmt/flow/list", &json!({}))["flows"].clone();
        [
            get("/v1/mgmt/role/all", "roles"),
            get("/v1/mgmt/permission/all", "permissions"),
            get("/v1/mgmt/sso/idp/apps/load", "apps"),
            flows.as_array().unwrap().iter().map(|of| of["name"].clone()).collect(),
        ]
    }

    #[test]
    fn a_new_project_has_a_role_an_application_flows_and_a_theme() {
        let emulator = Emulator::new();
        let [roles, permissions, apps, flows] = names(&emulator);
        assert_eq!(roles, json!(["Tenant Admin"]));
        assert_eq!(permissions, json!(["User Admin", "SSO Admin"]));
        assert_eq!(apps, json!(["OIDC default application"]));
        assert!(flows.as_array().unwrap().len() > 5, "{flows}");
        assert!(flows.as_array().unwrap().contains(&json!("Sign Up or In")), "{flows}");
        let found = emulator.manage("/v1/mgmt/flow/list", &json!({ "ids": ["sign-up-or-in"] }));
        assert_eq!(
            (&found["total"], &found["flows"][0]["name"]),
            (&json!(1), &json!("Sign Up or In"))
        );
        let flow = emulator.manage("/v1/mgmt/flow/export", &json!({ "flowId": "sign-up-or-in" }));
        assert!(flow["screens"].as_array().unwrap().len() > 1, "{flow}");

        let user = json!({ "loginId": "ada", "roleNames": ["Tenant Admin"], "ssoAppIds": ["descope-default-oidc"] });
        let user = &emulator.manage("/v1/mgmt/user/create", &user)["user"];
        assert_eq!(user["permissions"], json!(["User Admin", "SSO Admin"]));
        assert_eq!(user["ssoAppIds"], json!(["descope-default-oidc"]));

        let theme = emulator.manage("/v1/mgmt/theme/export", &json!({}))["theme"].clone();
        assert!(!theme["cssTemplate"].as_object().unwrap().is_empty(), "{theme}");
        let imported = emulator.manage("/v1/mgmt/theme/import", &json!({ "theme": theme }));
        assert_eq!(imported["theme"]["version"], json!(theme["version"].as_i64().unwrap() + 1));

        emulator.manage("/v1/mgmt/role/delete", &json!({ "name": "Tenant Admin" }));
        emulator.reset();
        assert_eq!(names(&emulator)[0], json!(["Tenant Admin"]));
    }

    #[test]
    fn an_empty_project_has_nothing_and_stays_so() {
        let emulator = Emulator::builder().empty_project(true).build();
        assert_eq!(names(&emulator), [(); 4].map(|()| json!([])));
        emulator.reset();
        assert_eq!(names(&emulator), [(); 4].map(|()| json!([])));
        let copy = Emulator::new();
        copy.seed(&emulator.export()).unwrap();
        assert_eq!(names(&copy), names(&emulator));
        assert_eq!(copy.export(), emulator.export());
    }

    #[test]
    fn what_was_changed_or_deleted_of_it_is_so_in_a_copy() {
        let emulator = Emulator::new();
        let app = json!({ "id": "descope-default-oidc", "name": "Mine", "enabled": true });
        let flow = json!({ "flowId": "sign-in", "flow": { "name": "Mine" } });
        for (path, body) in [
            ("role/update", json!({ "name": "Tenant Admin", "newName": "Boss" })),
            ("permission/delete", json!({ "name": "SSO Admin" })),
            ("sso/idp/app/oidc/update", app),
            ("flow/import", flow),
            ("flow/delete", json!({ "ids": ["step-up"] })),
            ("theme/import", json!({ "theme": { "cssTemplate": { "dark": {} } } })),
            ("user/create", json!({ "loginId": "ada", "roleNames": ["Boss"] })),
        ] {
            emulator.manage(&format!("/v1/mgmt/{path}"), &body);
        }
        let copy = Emulator::builder().project_id(emulator.project_id()).build();
        copy.seed(&emulator.export()).unwrap();
        assert_eq!(names(&copy), names(&emulator));
        assert_eq!(copy.export(), emulator.export());
        assert_eq!(copy.user("ada")["roleNames"], json!(["Boss"]));
        let unknown = json!({ "without": [{ "kind": "planet", "id": "x" }] });
        assert_eq!(copy.seed(&unknown).unwrap_err().code(), "E011004");
    }
}
