//! The project itself: name, tags, copies, settings as files.

use serde_json::{Value, json};

use super::owned;
use crate::emulator::api::call::{Call, list};
use crate::emulator::api::event::Event::{Action, Read, Unrecorded};
use crate::emulator::api::route::Bearer::Management;
use crate::emulator::api::route::{Area, Route};
use crate::emulator::api::seed::List;
use crate::emulator::state::project::{About, COPIES, Flow};
use crate::emulator::state::sign::KeyRing;
use crate::emulator::state::store::Store;
use crate::emulator::words::fields::{Field, Fields, Kind, Object, optional, required};
use crate::emulator::words::random;
use crate::emulator::words::refusal::{Reply, Result};

/// Copies of the project, which get new IDs.
pub(in crate::emulator) const SEED: List = List::plain(COPIES, "/v1/mgmt/project/clone", |store| {
    store.documents.kept(COPIES).map(|copy| About::read(copy).save()).collect()
});

/// What this project is called; the copies have no more than that either.
pub(in crate::emulator) const THIS: List =
    List::plain("project", "/_emulator/seed/project", |store| {
        let About { name, environment, tags } = &store.project.about;
        if name.is_empty() && environment.is_empty() && tags.is_empty() {
            return Vec::new();
        }
        vec![store.project.about.save()]
    });

pub(in crate::emulator) const ABOUT: Route = Route::post(
    "/_emulator/seed/project",
    Management,
    Unrecorded("a seed"),
    &[
        optional("name", Kind::Text),
        optional("environment", Kind::Text),
        optional("tags", Kind::Texts),
    ],
    |call, store| {
        store.project.about = About::read(call.body());
        Ok(Reply::empty())
    },
);

const CLONE: &[Field] = &[
    required("name", Kind::Text),
    optional("environment", Kind::Text),
    optional("tags", Kind::Texts),
];
const SECRET: &[Field] = &[
    required("id", Kind::Text),
    required("name", Kind::Text),
    required("type", Kind::Text),
    required("value", Kind::Text),
];
const SECRETS: Field = optional(
    "inputSecrets",
    Kind::Object(&[
        optional("connectors", Kind::Objects(SECRET)),
        optional("oauthProviders", Kind::Objects(SECRET)),
        optional("outboundApps", Kind::Objects(SECRET)),
        optional("externalAuth", Kind::Objects(SECRET)),
    ]),
);
const FILES: Field = required("files", Kind::Map);

pub(in crate::emulator) const AREA: Area =
    Area::new(ROUTES).inside(&[ABOUT]).seeds(&[&THIS, &SEED]);

const ROUTES: &[Route] = &[
    Route::post(
        "/v1/mgmt/project/update/name",
        Management,
        Action("ProjectModified"),
        &[required("name", Kind::Text)],
        update_name,
    ),
    Route::post(
        "/v1/mgmt/project/update/tags",
        Management,
        Action("ProjectModified"),
        &[required("tags", Kind::Texts)],
        update_tags,
    ),
    Route::post("/v1/mgmt/projects/list", Management, Read, &[], projects),
    Route::post("/v1/mgmt/project/clone", Management, Action("ProjectCreated"), CLONE, clone),
    Route::post("/v1/mgmt/project/delete", Management, Action("ProjectDeleted"), &[], delete),
    Route::post("/v1/mgmt/project/export", Management, Read, &[], export),
    Route::post("/v1/mgmt/project/import", Management, Action("ProjectModified"), &[FILES], import),
    Route::post(
        "/v1/mgmt/project/snapshot/export",
        Management,
        Read,
        &[optional("format", Kind::Text)],
        export,
    ),
    Route::post(
        "/v1/mgmt/project/snapshot/import",
        Management,
        Action("ProjectModified"),
        &[FILES, SECRETS, optional("excludes", Kind::Texts)],
        import,
    ),
    Route::post(
        "/v1/mgmt/project/snapshot/validate",
        Management,
        Read,
        &[FILES, SECRETS],
        validate,
    ),
];

impl About {
    fn read(fields: Fields<'_>) -> Self {
        Self {
            name: fields.text("name").to_owned(),
            environment: fields.text("environment").to_owned(),
            tags: owned(fields.texts("tags")),
        }
    }

    fn save(&self) -> Value {
        json!({ "name": self.name, "environment": self.environment, "tags": self.tags })
    }

    fn show(&self, id: &str) -> Value {
        let mut shown = self.save();
        shown["id"] = id.into();
        shown
    }
}

fn update_name(call: &Call<'_>, store: &mut Store) -> Result {
    call.body().text("name").clone_into(&mut store.project.about.name);
    Ok(Reply::empty())
}

fn update_tags(call: &Call<'_>, store: &mut Store) -> Result {
    store.project.about.tags = owned(call.body().texts("tags"));
    Ok(Reply::empty())
}

fn projects(call: &Call<'_>, store: &mut Store) -> Result {
    let this = store.project.about.show(&call.settings.project_id);
    let copies = store.documents.kept(COPIES).map(|copy| About::read(copy).show(copy.text("id")));
    list("projects", [this].into_iter().chain(copies))
}

/// The copy can be listed, but not used: an emulator is one project.
fn clone(call: &Call<'_>, store: &mut Store) -> Result {
    let copy = About::read(call.body());
    let id = random::id("P");
    let mut document = call.body.clone();
    document.insert("id".to_owned(), json!(id));
    store.documents.keep(COPIES, document);
    Ok(json!({
        "projectId": id,
        "projectName": copy.name,
        "environment": copy.environment,
        "tags": copy.tags,
    })
    .into())
}

/// An empty project remains: without one, an emulator is nothing.
fn delete(_: &Call<'_>, store: &mut Store) -> Result {
    let keys = std::mem::replace(&mut store.keys, KeyRing::new(false));
    let company = std::mem::take(&mut store.company);
    *store = Store::new(keys);
    store.company = company;
    Ok(Reply::empty())
}

const ABOUT_FILE: &str = "project.json";
const THEME_FILE: &str = "theme.json";
const FLOWS_FOLDER: &str = "flows/";

/// The name of a flow's file is its ID.
fn flow_id(file: &str) -> Option<&str> {
    file.strip_prefix(FLOWS_FOLDER)?.strip_suffix(".json")
}

fn export(_: &Call<'_>, store: &mut Store) -> Result {
    let project = &store.project;
    let mut files = project.files.clone();
    let mut about = match files.remove(ABOUT_FILE) {
        Some(Value::Object(about)) => about,
        _ => Object::new(),
    };
    let About { name, environment, tags } = &project.about;
    about.insert("name".to_owned(), json!(name));
    about.insert("environment".to_owned(), json!(environment));
    about.insert("tags".to_owned(), json!(tags));
    files.insert(ABOUT_FILE.to_owned(), Value::Object(about));
    files.insert(THEME_FILE.to_owned(), Value::Object(project.theme.clone()));
    for (id, Flow { flow, screens }) in &project.flows {
        let file = json!({ "flow": flow, "screens": screens });
        files.insert(format!("{FLOWS_FOLDER}{id}.json"), file);
    }
    Ok(json!({ "files": files }).into())
}

fn import(call: &Call<'_>, store: &mut Store) -> Result {
    let (body, project) = (call.body(), &mut store.project);
    let excludes = body.texts("excludes");
    let excluded =
        |file: &str| excludes.contains(&file.split(['/', '.']).next().unwrap_or_default());
    // What is left out of the import stays as it is.
    if !excluded(FLOWS_FOLDER) {
        project.flows.clear();
    }
    if !excluded(THEME_FILE) {
        project.theme.clear();
    }
    project.files.retain(|name, _| excluded(name));
    for (name, file) in body.map("files").into_iter().flatten() {
        let Some(members) = file.as_object().filter(|_| !excluded(name)) else { continue };
        let fields = Fields::new(members);
        if let Some(id) = flow_id(name) {
            let flow = fields.map("flow").cloned().unwrap_or_default();
            let screens = fields.get("screens").filter(|screens| !screens.is_null()).cloned();
            project.flows.insert(id.to_owned(), Flow { flow, screens });
            continue;
        }
        match &**name {
            THEME_FILE => project.theme.clone_from(members),
            _ => drop(project.files.insert(name.clone(), file.clone())),
        }
        if name == ABOUT_FILE {
            project.about = About::read(fields);
        }
    }
    Ok(Reply::empty())
}

fn validate(call: &Call<'_>, _: &mut Store) -> Result {
    let files = call.body().map("files").into_iter().flatten();
    let bad = files.filter(|(_, file)| !file.is_object());
    let failures: Vec<_> = bad.map(|(name, _)| format!("{name} contains no object")).collect();
    Ok(json!({ "ok": failures.is_empty(), "failures": failures }).into())
}
