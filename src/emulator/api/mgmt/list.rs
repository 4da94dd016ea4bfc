//! Lists of texts, of addresses, or of anything.

use serde_json::{Value, json};

use super::ID;
use crate::emulator::api::call::{Call, list};
use crate::emulator::api::event::Event::{Action, Read};
use crate::emulator::api::route::Bearer::Management;
use crate::emulator::api::route::{Area, Route};
use crate::emulator::api::seed::List;
use crate::emulator::state::grants::merge;
use crate::emulator::state::list::{Data, ListOf};
use crate::emulator::state::store::Store;
use crate::emulator::state::table::{By, Edit};
use crate::emulator::words::fields::{Field, Fields, Kind, optional, required};
use crate::emulator::words::random;
use crate::emulator::words::refusal::{Refusal, Reply, Result};

/// How many texts one call may check.
const MAX_CHECKED: usize = 100;

const CREATE: &[Field] = &[
    required("name", Kind::Text),
    required("type", Kind::Text),
    optional("description", Kind::Text),
    optional("data", Kind::Any),
];
const UPDATE: &[Field] = &[
    required("id", Kind::Text),
    required("name", Kind::Text),
    required("type", Kind::Text),
    optional("description", Kind::Text),
    optional("data", Kind::Any),
];
const IMPORTED: &[Field] = &[
    optional("id", Kind::Text),
    required("name", Kind::Text),
    required("type", Kind::Text),
    optional("description", Kind::Text),
    optional("data", Kind::Any),
];
const IMPORT: &[Field] = &[required("lists", Kind::Objects(IMPORTED))];
const NAME: &[Field] = &[required("name", Kind::Text)];
const IPS: &[Field] = &[required("id", Kind::Text), required("ips", Kind::Texts)];
const IP: &[Field] = &[required("id", Kind::Text), required("ip", Kind::Text)];
const TEXTS: &[Field] = &[required("id", Kind::Text), required("texts", Kind::Texts)];
const CHECK: &[Field] = &[
    required("id", Kind::Text),
    optional("text", Kind::Text),
    optional("texts", Kind::Texts),
    optional("matchAll", Kind::Bool),
];

pub(in crate::emulator) const AREA: Area = Area::new(ROUTES).seeds(&[&SEED]);

const ROUTES: &[Route] = &[
    Route::post("/v1/mgmt/list", Management, Action("ListCreated"), CREATE, create),
    Route::post("/v1/mgmt/list/update", Management, Action("ListModified"), UPDATE, update),
    Route::post("/v1/mgmt/list/delete", Management, Action("ListDeleted"), ID, delete),
    Route::post("/v1/mgmt/list/import", Management, Action("ListsModified"), IMPORT, import),
    Route::post("/v1/mgmt/list/clear", Management, Action("ListModified"), ID, |call, store| {
        change(call, store, |data| {
            data.clear();
            Ok(())
        })
    }),
    Route::post("/v1/mgmt/list/ip/add", Management, Action("ListModified"), IPS, |call, store| {
        change(call, store, |data| data.add_ips(&call.body().texts("ips")))
    }),
    Route::post(
        "/v1/mgmt/list/ip/remove",
        Management,
        Action("ListModified"),
        IPS,
        |call, store| change(call, store, |data| data.remove_ips(&call.body().texts("ips"))),
    ),
    Route::post("/v1/mgmt/list/ip/check", Management, Read, IP, |call, store| {
        let exists = find(store, call.body().text("id"))?.data.has_ip(call.body().text("ip"))?;
        Ok(json!({ "exists": exists }).into())
    }),
    Route::post(
        "/v1/mgmt/list/text/add",
        Management,
        Action("ListModified"),
        TEXTS,
        |call, store| {
            let texts = call.body().texts("texts").into_iter().map(str::to_owned);
            change(call, store, |data| {
                merge(data.texts()?, texts);
                Ok(())
            })
        },
    ),
    Route::post(
        "/v1/mgmt/list/text/remove",
        Management,
        Action("ListModified"),
        TEXTS,
        |call, store| {
            let gone = call.body().texts("texts");
            change(call, store, |data| {
                data.texts()?.retain(|text| !gone.contains(&&**text));
                Ok(())
            })
        },
    ),
    Route::post("/v1/mgmt/list/text/check", Management, Read, CHECK, check_texts),
    Route::get("/v1/mgmt/list/all", Management, &[], |_, store| {
        list("lists", store.lists.iter().map(ListOf::show))
    }),
    Route::get("/v1/mgmt/list/name/{name}", Management, &[], |call, store| {
        load(store, By::Name, call.param("name"))
    }),
    // As Python programs name a list.
    Route::get("/v1/mgmt/list/name", Management, NAME, |call, store| {
        load(store, By::Name, call.query().text("name"))
    }),
    Route::get("/v1/mgmt/list", Management, ID, |call, store| {
        load(store, By::Id, call.query().text("id"))
    }),
    // Last: it is what no other path is.
    Route::get("/v1/mgmt/list/{id}", Management, &[], |call, store| {
        load(store, By::Id, call.param("id"))
    }),
];

pub(in crate::emulator) const SEED: List = List::plain("lists", "/v1/mgmt/list/import", |store| {
    let lists: Vec<_> = store.lists.iter().map(ListOf::show).collect();
    if lists.is_empty() { Vec::new() } else { vec![json!({ "lists": lists })] }
});

impl ListOf {
    /// The wire type `List`.
    fn show(&self) -> Value {
        json!({
            "id": self.id,
            "name": self.name,
            "description": self.description,
            "type": self.data.kind(),
            "data": self.data.show(),
        })
    }
}

fn missing() -> Refusal {
    Refusal::missing("list")
}

fn find<'a>(store: &'a mut Store, id: &str) -> Result<Edit<'a, ListOf>> {
    store.lists.edit(By::Id, id).ok_or_else(missing)
}

fn load(store: &Store, by: By, key: &str) -> Result {
    let found = store.lists.get(by, key).ok_or_else(missing)?;
    Ok(json!({ "list": found.show() }).into())
}

fn change(
    call: &Call<'_>,
    store: &mut Store,
    change: impl FnOnce(&mut Data) -> Result<()>,
) -> Result {
    change(&mut find(store, call.body().text("id"))?.data)?;
    Ok(Reply::empty())
}

/// Refuses a name that another list than this one has.
fn check_name(store: &Store, name: &str, id: &str) -> Result<()> {
    match store.lists.get(By::Name, name) {
        Some(other) if other.id != id => Err(Refusal::taken("list")),
        _ => Ok(()),
    }
}

fn read(fields: Fields<'_>, id: String) -> Result<ListOf> {
    Ok(ListOf {
        id,
        name: fields.text("name").to_owned(),
        description: fields.text("description").to_owned(),
        data: Data::read(fields.text("type"), fields.get("data"))?,
    })
}

fn create(call: &Call<'_>, store: &mut Store) -> Result {
    let new = read(call.body(), random::id("L"))?;
    check_name(store, &new.name, &new.id)?;
    let shown = new.show();
    store.lists.push(new);
    Ok(json!({ "list": shown }).into())
}

fn update(call: &Call<'_>, store: &mut Store) -> Result {
    let id = call.body().text("id");
    let new = read(call.body(), id.to_owned())?;
    find(store, id)?;
    check_name(store, &new.name, id)?;
    *find(store, id)? = new;
    load(store, By::Id, id)
}

fn delete(call: &Call<'_>, store: &mut Store) -> Result {
    store.lists.take(By::Id, call.body().text("id")).ok_or_else(missing)?;
    Ok(Reply::empty())
}

/// Replaces the lists that there are, by ID or else by name, and makes the others: all of them or, if
/// one is refused, none.
fn import(call: &Call<'_>, store: &mut Store) -> Result {
    let mut new: Vec<ListOf> = Vec::new();
    for fields in call.body().objects("lists") {
        let named = store.lists.get(By::Name, fields.text("name")).map(|known| known.id.clone());
        let id = fields.some_text("id").map(str::to_owned).or(named);
        let list = read(fields, id.unwrap_or_else(|| random::id("L")))?;
        if new.iter().any(|other| other.id == list.id || other.name == list.name) {
            return Err(Refusal::argument(format!("The list {:?} appears twice", list.name)));
        }
        check_name(store, &list.name, &list.id)?;
        new.push(list);
    }
    for list in new {
        if let Some(mut known) = store.lists.edit(By::Id, &list.id) {
            *known = list;
            continue;
        }
        store.lists.push(list);
    }
    Ok(Reply::empty())
}

fn check_texts(call: &Call<'_>, store: &mut Store) -> Result {
    let body = call.body();
    let mut asked = body.texts("texts");
    asked.extend(body.some_text("text"));
    if asked.is_empty() {
        return Err(Refusal::invalid("The text field is required"));
    }
    if asked.len() > MAX_CHECKED {
        return Err(Refusal::argument("At most 100 texts are checked at once"));
    }
    let mut found = find(store, body.text("id"))?;
    let known = found.data.texts()?;
    let has = |text: &&str| known.iter().any(|known| known == text);
    let all = body.flag("matchAll");
    let exists = if all { asked.iter().all(has) } else { asked.iter().any(has) };
    Ok(json!({ "exists": exists }).into())
}
