//! Descopers: who uses the console. They never sign in here.

use serde_json::{Value, json};

use super::ID;
use crate::emulator::api::call::Call;
use crate::emulator::api::event::Event::{Action, Read};
use crate::emulator::api::route::Bearer::Management;
use crate::emulator::api::route::{Area, Route};
use crate::emulator::api::seed::{List, last_row};
use crate::emulator::state::descoper::Descoper;
use crate::emulator::state::mailbox::Message;
use crate::emulator::state::store::Store;
use crate::emulator::state::table::By;
use crate::emulator::words::fields::{Field, Fields, Kind, Object, optional, required};
use crate::emulator::words::random;
use crate::emulator::words::refusal::{Refusal, Reply, Result};

/// The roles of the console.
const ROLES: &[&str] = &["admin", "developer", "support", "auditor"];

const ATTRIBUTES: &[Field] = &[
    optional("displayName", Kind::Text),
    optional("email", Kind::Text),
    optional("phone", Kind::Text),
];
const TAG_ROLE: &[Field] = &[optional("tags", Kind::Texts), optional("role", Kind::Text)];
const PROJECT_ROLE: &[Field] = &[optional("projectIds", Kind::Texts), optional("role", Kind::Text)];
const ACCESS: &[Field] = &[
    optional("isCompanyAdmin", Kind::Bool),
    optional("tags", Kind::Objects(TAG_ROLE)),
    optional("projects", Kind::Objects(PROJECT_ROLE)),
];
const NEW: &[Field] = &[
    required("loginId", Kind::Text),
    optional("attributes", Kind::Object(ATTRIBUTES)),
    optional("sendInvite", Kind::Bool),
    optional("rbac", Kind::Object(ACCESS)),
];
const CREATE: &[Field] = &[required("descopers", Kind::Objects(NEW))];
const UPDATE: &[Field] = &[
    required("id", Kind::Text),
    optional("attributes", Kind::Object(ATTRIBUTES)),
    optional("rbac", Kind::Object(ACCESS)),
];

pub(in crate::emulator) const AREA: Area = Area::new(ROUTES).seeds(&[&SEED]);

const ROUTES: &[Route] = &[
    Route::put("/v1/mgmt/descoper", Management, Action("DescopersCreated"), CREATE, create),
    Route::get("/v1/mgmt/descoper", Management, ID, |call, store| {
        show(store, call.query().text("id"))
    }),
    Route::post("/v1/mgmt/descoper/list", Management, Read, &[], |_, store| {
        all(store.company.descopers.iter())
    }),
    Route::patch("/v1/mgmt/descoper", Management, Action("DescoperModified"), UPDATE, update),
    Route::delete("/v1/mgmt/descoper", Management, Action("DescoperDeleted"), ID, delete),
];

/// One call per descoper.
pub(in crate::emulator) const SEED: List = List {
    name: "descopers",
    path: "/v1/mgmt/descoper",
    state: &[optional("id", Kind::Text)],
    restore: |store, state| {
        let mut last = last_row(&mut store.company.descopers)?;
        if let Some(id) = state.some_text("id") {
            id.clone_into(&mut last.id);
        }
        Ok(())
    },
    save: |store| store.company.descopers.iter().map(Descoper::save).collect(),
};

impl Descoper {
    fn save(&self) -> Value {
        let Self { id, login_id, attributes, access } = self;
        let new = json!({ "loginId": login_id, "attributes": attributes, "rbac": access });
        json!({ "descopers": [new], "state": { "id": id } })
    }

    /// The wire type `Descoper`.
    fn show(&self) -> Value {
        let given = |name| Fields::new(&self.attributes).text(name);
        let access = Fields::new(&self.access);
        let roles = |name| access.get(name).cloned().unwrap_or_else(|| json!([]));
        json!({
            "id": self.id,
            "loginIDs": [self.login_id],
            "attributes": {
                "displayName": given("displayName"),
                "email": given("email"),
                "phone": given("phone"),
            },
            "rbac": {
                "isCompanyAdmin": access.flag("isCompanyAdmin"),
                "tags": roles("tags"),
                "projects": roles("projects"),
            },
            "status": "invited",
        })
    }
}

fn missing() -> Refusal {
    Refusal::missing("descoper")
}

fn show(store: &Store, id: &str) -> Result {
    let found = store.company.descopers.get(By::Id, id).ok_or_else(missing)?;
    Ok(json!({ "descoper": found.show() }).into())
}

fn all<'a>(descopers: impl Iterator<Item = &'a Descoper>) -> Result {
    let shown: Vec<_> = descopers.map(Descoper::show).collect();
    Ok(json!({ "descopers": shown, "total": shown.len() }).into())
}

/// Reads `rbac`: its roles and its projects must be there.
fn read_access(call: &Call<'_>, store: &Store, rbac: Fields<'_>) -> Result<Object> {
    let mut roles = rbac.objects("tags").chain(rbac.objects("projects"));
    if let Some(unknown) = roles.find(|role| !ROLES.contains(&role.text("role"))) {
        let unknown = unknown.text("role");
        return Err(Refusal::argument(format!("The console has no role {unknown:?}")));
    }
    let mut projects = rbac.objects("projects").flat_map(|role| role.texts("projectIds"));
    if let Some(unknown) = projects.find(|id| !store.knows_project(call, id)) {
        return Err(Refusal::argument(format!("There is no project {unknown:?}")));
    }
    Ok(rbac.whole().cloned().unwrap_or_default())
}

/// All of them or, if one is refused, none.
fn create(call: &Call<'_>, store: &mut Store) -> Result {
    let mut new: Vec<(Descoper, bool)> = Vec::new();
    for fields in call.body().objects("descopers") {
        let login_id = fields.text("loginId");
        if !login_id.contains('@') {
            return Err(Refusal::argument("A descoper signs in with an e-mail address"));
        }
        if store.company.descopers.get(By::LoginId, login_id).is_some()
            || new.iter().any(|(other, _)| other.login_id == login_id)
        {
            return Err(Refusal::taken("descoper"));
        }
        let mut attributes = fields.map("attributes").cloned().unwrap_or_default();
        attributes.entry("email").or_insert_with(|| json!(login_id));
        let access = read_access(call, store, fields.object("rbac"))?;
        let (id, login_id) = (random::id("U"), login_id.to_owned());
        new.push((Descoper { id, login_id, attributes, access }, fields.flag("sendInvite")));
    }
    let answer = all(new.iter().map(|(descoper, _)| descoper));
    for (descoper, invited) in new {
        if invited {
            let to = &descoper.login_id;
            store.mailbox.push(Message::new("email", to, to, "invite", call.now));
        }
        store.company.descopers.push(descoper);
    }
    answer
}

/// Replaces what is given, and leaves the rest as it is.
fn update(call: &Call<'_>, store: &mut Store) -> Result {
    let body = call.body();
    let rbac = body.has("rbac").then(|| body.object("rbac"));
    let access = rbac.map(|rbac| read_access(call, store, rbac)).transpose()?;
    let mut descoper = store.company.descopers.edit(By::Id, body.text("id")).ok_or_else(missing)?;
    if let Some(attributes) = body.map("attributes") {
        descoper.attributes.clone_from(attributes);
    }
    if let Some(access) = access {
        descoper.access = access;
    }
    drop(descoper);
    show(store, body.text("id"))
}

fn delete(call: &Call<'_>, store: &mut Store) -> Result {
    store.company.descopers.take(By::Id, call.query().text("id")).ok_or_else(missing)?;
    Ok(Reply::empty())
}
