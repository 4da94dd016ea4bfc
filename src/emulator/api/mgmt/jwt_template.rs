//! JWT templates: the shape of a project's tokens.

use serde_json::{Value, json};

use super::ID;
use super::jwt_template_library::{self as library, Entry};
use crate::emulator::api::call::{Call, list};
use crate::emulator::api::event::Event::{Action, Read, Unrecorded};
use crate::emulator::api::route::Bearer::Management;
use crate::emulator::api::route::{Area, Route};
use crate::emulator::api::seed::{List, last_row};
use crate::emulator::state::claim_template::names;
use crate::emulator::state::jwt_template::{self, JwtTemplate};
use crate::emulator::state::sign_in::RESERVED;
use crate::emulator::state::store::Store;
use crate::emulator::state::table::By;
use crate::emulator::words::fields::{Field, Fields, Kind, Object, optional, required};
use crate::emulator::words::random;
use crate::emulator::words::refusal::{Refusal, Reply, Result};

/// The wire type `JWTTemplate`. What is missing or wrong is for the validation to say.
const TEMPLATE: &[Field] = &[
    optional("id", Kind::Text),
    optional("name", Kind::Text),
    optional("description", Kind::Text),
    optional("template", Kind::Map),
    optional("source", Kind::Text),
    optional("tags", Kind::Texts),
    optional("authSchema", Kind::Text),
    optional("type", Kind::Text),
    optional("conformanceIssuer", Kind::Bool),
    optional("autoDCT", Kind::Bool),
    optional("enforceIssuer", Kind::Bool),
    optional("emptyClaimPolicy", Kind::Text),
    optional("overrideSubject", Kind::Bool),
    optional("issuerType", Kind::Text),
    optional("omitCustomClaimsFromDSR", Kind::Bool),
    optional("addJti", Kind::Bool),
    optional("excludePermissions", Kind::Bool),
];
const SAVE: &[Field] = &[required("template", Kind::Object(TEMPLATE))];
const VALIDATE: &[Field] =
    &[optional("id", Kind::Text), optional("template", Kind::Object(TEMPLATE))];
const APPLY: &[Field] = &[
    required("libraryEntryId", Kind::Text),
    optional("nameOverride", Kind::Text),
    optional("descriptionOverride", Kind::Text),
    optional("tagsOverride", Kind::Texts),
    optional("templateOverride", Kind::Map),
];

/// Words that members of a template are one of.
const WORDS: &[(&str, &str, &[&str])] = &[
    ("type", "TYPE_INVALID", &["user", "key"]),
    ("authSchema", "AUTH_SCHEMA_INVALID", &["", "default", "tenantOnly", "none"]),
    ("issuerType", "ISSUER_TYPE_INVALID", &["", "legacy", "inbound", "federated"]),
    ("emptyClaimPolicy", "EMPTY_CLAIM_POLICY_INVALID", &["", "none", "nil", "delete"]),
];

pub(in crate::emulator) const AREA: Area = Area::new(ROUTES).inside(&[USE]).seeds(&[&SEED, &USED]);

const ROUTES: &[Route] = &[
    Route::post(
        "/v1/mgmt/jwt/templates/create",
        Management,
        Action("JWTTemplateCreated"),
        SAVE,
        |call, store| create(store, definition(call.body().object("template"))),
    ),
    Route::post(
        "/v1/mgmt/jwt/templates/update",
        Management,
        Action("JWTTemplateModified"),
        SAVE,
        update,
    ),
    Route::post(
        "/v1/mgmt/jwt/templates/delete",
        Management,
        Action("JWTTemplateDeleted"),
        ID,
        delete,
    ),
    Route::post("/v1/mgmt/jwt/templates/load", Management, Read, ID, |call, store| {
        Ok(shown(find(store, call.body().text("id"))?))
    }),
    Route::post("/v1/mgmt/jwt/templates/list", Management, Read, &[], |_, store| {
        list("templates", store.claims.templates.iter().map(JwtTemplate::show))
    }),
    Route::post("/v1/mgmt/jwt/templates/validate", Management, Read, VALIDATE, validate),
    Route::post("/v1/mgmt/jwt/templates/library/list", Management, Read, &[], |_, _| {
        list("entries", library::ENTRIES.iter().map(Entry::show))
    }),
    Route::post("/v1/mgmt/jwt/templates/library/load", Management, Read, ID, |call, _| {
        Ok(json!({ "entry": library::find(call.body().text("id"))?.show() }).into())
    }),
    Route::post(
        "/v1/mgmt/jwt/templates/library/apply",
        Management,
        Action("JWTTemplateCreated"),
        APPLY,
        apply,
    ),
];

/// Which templates are in use is set in the console; here seeds say so.
pub(in crate::emulator) const USE: Route = Route::post(
    "/_emulator/seed/jwt-template-use",
    Management,
    Unrecorded("a seed"),
    ID,
    use_for_tokens,
);

pub(in crate::emulator) const SEED: List = List {
    name: "jwtTemplates",
    path: "/v1/mgmt/jwt/templates/create",
    state: &[optional("id", Kind::Text)],
    restore: |store, state| {
        let mut template = last_row(&mut store.claims.templates)?;
        if let Some(id) = state.some_text("id") {
            id.clone_into(&mut template.id);
        }
        Ok(())
    },
    save: |store| {
        let saved = |template: &JwtTemplate| json!({ "template": template.definition, "state": { "id": template.id } });
        store.claims.templates.iter().map(saved).collect()
    },
};

pub(in crate::emulator) const USED: List =
    List::plain("jwtTemplatesInUse", "/_emulator/seed/jwt-template-use", |store| {
        let used = store.claims.of_users.iter().chain(&store.claims.of_keys);
        used.map(|id| json!({ "id": id })).collect()
    });

impl JwtTemplate {
    fn show(&self) -> Value {
        let mut shown = self.definition.clone();
        shown.insert("id".to_owned(), json!(self.id));
        Value::Object(shown)
    }
}

fn missing() -> Refusal {
    Refusal::missing("JWT template")
}

fn find<'a>(store: &'a Store, id: &str) -> Result<&'a JwtTemplate> {
    store.claims.templates.get(By::Id, id).ok_or_else(missing)
}

fn shown(template: &JwtTemplate) -> Reply {
    json!({ "template": template.show() }).into()
}

/// What is given of a template, without the ID.
fn definition(given: Fields<'_>) -> Object {
    let mut definition = given.whole().cloned().unwrap_or_default();
    definition.remove("id");
    definition
}

/// What is wrong with a template: the wire type `JWTTemplateValidationIssue`.
fn issues(store: &Store, definition: &Object, id: &str) -> Vec<Value> {
    let given = Fields::new(definition);
    let mut issues = Vec::new();
    let mut issue = |field: &str, code: &str, message: String| {
        issues.push(json!({ "field": field, "code": code, "message": message }));
    };
    match given.text("name") {
        "" => issue("name", "NAME_MISSING", "The template has no name".to_owned()),
        name => {
            let mut others = store.claims.templates.iter().filter(|other| other.id != id);
            if others.any(|other| other.fields().text("name") == name) {
                issue("name", "NAME_TAKEN", format!("Another template is called {name:?}"));
            }
        }
    }
    for (field, code, words) in WORDS {
        let word = given.text(field);
        if !words.contains(&word) {
            issue(field, code, format!("{word:?} is none of {}", words.join(" ").trim()));
        }
    }
    let Some(claims) = given.map("template") else {
        issue("template", "TEMPLATE_MISSING", "The template has no claims".to_owned());
        return issues;
    };
    for (name, value) in claims {
        let subject = name == "sub" && given.flag("overrideSubject");
        if RESERVED.contains(&name.as_str()) && !subject {
            let message = format!("The claim {name:?} is Descope's own");
            issue("template", "RESERVED_CLAIM_KEY", message);
        }
        let roots = ["user", "key", "tenant"];
        let unknown = |named: &&str| !roots.contains(&named.split('.').next().unwrap_or_default());
        for named in names(value).iter().filter(|named| unknown(named)) {
            let message = format!("The claim {name:?} names {named:?}, which nothing has");
            issue("template", "UNKNOWN_PLACEHOLDER", message);
        }
    }
    issues
}

/// Refuses a template that is not valid, with the codes of what is wrong.
fn check(store: &Store, definition: &Object, id: &str) -> Result<()> {
    let issues = issues(store, definition, id);
    let say = |issue: &Value| {
        let text = |name: &str| issue[name].as_str().unwrap_or_default().to_owned();
        format!("{}: {}", text("code"), text("message"))
    };
    match &*issues.iter().map(say).collect::<Vec<_>>() {
        [] => Ok(()),
        issues => Err(Refusal::invalid(issues.join("; "))),
    }
}

fn create(store: &mut Store, definition: Object) -> Result {
    check(store, &definition, "")?;
    let template = JwtTemplate { id: random::id("JT"), definition };
    let answer = shown(&template);
    store.claims.templates.push(template);
    Ok(answer)
}

/// Overwrites everything, and leaves the template in use where it is.
fn update(call: &Call<'_>, store: &mut Store) -> Result {
    let given = call.body().object("template");
    let (id, definition) = (given.text("id"), definition(given));
    let old = find(store, id)?.kind();
    check(store, &definition, id)?;
    if old != jwt_template::Kind::parse(given.text("type")) && store.claims.is_used(id) {
        return Err(Refusal::argument("The template is in use: its type cannot change"));
    }
    if let Some(mut template) = store.claims.templates.edit(By::Id, id) {
        template.definition = definition;
    }
    Ok(shown(find(store, id)?))
}

/// Removes a template. Where it was in use, tokens have no template from now on.
fn delete(call: &Call<'_>, store: &mut Store) -> Result {
    let id = find(store, call.body().text("id"))?.id.clone();
    store.claims.remove_template(&id);
    Ok(Reply::empty())
}

/// Looks at a template that is given, or at one that is saved.
fn validate(call: &Call<'_>, store: &mut Store) -> Result {
    let (body, id) = (call.body(), call.body().text("id"));
    let issues = if body.has("template") {
        issues(store, &definition(body.object("template")), id)
    } else {
        issues(store, &find(store, id)?.definition, id)
    };
    Ok(json!({ "valid": issues.is_empty(), "issues": issues }).into())
}

fn apply(call: &Call<'_>, store: &mut Store) -> Result {
    let body = call.body();
    let entry = library::find(body.text("libraryEntryId"))?;
    let mut definition = entry.definition();
    for (name, set) in [
        ("nameOverride", "name"),
        ("descriptionOverride", "description"),
        ("tagsOverride", "tags"),
        ("templateOverride", "template"),
    ] {
        if let Some(value) = body.get(name) {
            definition.insert(set.to_owned(), value.clone());
        }
    }
    definition.insert("source".to_owned(), json!(entry.id));
    create(store, definition)
}

/// Makes tokens of users, or of access keys, by this template from now on.
fn use_for_tokens(call: &Call<'_>, store: &mut Store) -> Result {
    let template = find(store, call.body().text("id"))?;
    let (id, kind) = (Some(template.id.clone()), template.kind());
    match kind {
        Some(jwt_template::Kind::Key) => store.claims.of_keys = id,
        _ => store.claims.of_users = id,
    }
    Ok(Reply::empty())
}
