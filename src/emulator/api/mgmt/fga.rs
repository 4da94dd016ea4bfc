//! Fine-grained authorization: schema text, relations, checks.

use serde_json::{Value, json};

use super::authz;
use super::world::{found, model, world};
use crate::emulator::api::call::{Call, list};
use crate::emulator::api::event::Event::{Action, Read};
use crate::emulator::api::route::Bearer::Management;
use crate::emulator::api::route::{Area, Route};
use crate::emulator::api::seed::List;
use crate::emulator::state::fga::evaluate::Question;
use crate::emulator::state::fga::language;
use crate::emulator::state::fga::relations::{Relation, Target};
use crate::emulator::state::fga::wire::{TUPLE, read_tuple, show_path, show_schema, show_tuple};
use crate::emulator::state::store::Store;
use crate::emulator::words::fields::{Field, Fields, Kind, optional, required};
use crate::emulator::words::refusal::{Refusal, Reply, Result};

/// Resources of a type in an answer about mapping, when the request sets no limit.
const DEFAULT_LIMIT: usize = 100;

/// The text of a schema. What was not made of one is saved to [`authz::SCHEMAS`].
pub(in crate::emulator) const SCHEMAS: List = List {
    name: "fgaSchemas",
    path: "/v1/mgmt/fga/schema",
    state: &[optional("name", Kind::Text)],
    restore: |store, state| {
        if let (Some(model), Some(name)) = (&mut store.authorization.model, state.some_text("name"))
        {
            model.name = Some(name.to_owned());
        }
        Ok(())
    },
    save: |store| {
        let model = store.authorization.model.iter().filter(|model| !model.text.is_empty());
        model.map(|model| json!({ "dsl": model.text, "state": { "name": model.name } })).collect()
    },
};

/// Relations to targets of a known type. All others are saved to [`authz::RELATION_LISTS`].
pub(in crate::emulator) const RELATIONS: List =
    List::plain("fgaRelations", "/v1/mgmt/fga/relations", |store| {
        let tuples: Vec<_> = store.authorization.relations.iter().filter_map(show_tuple).collect();
        if tuples.is_empty() { Vec::new() } else { vec![json!({ "tuples": tuples })] }
    });

/// Display names of resources.
pub(in crate::emulator) const RESOURCES: List =
    List::plain("fgaResources", "/v1/mgmt/fga/resources/save", |store| {
        let details: Vec<_> = store
            .authorization
            .details
            .iter()
            .map(|((of, id), name)| {
                json!({ "resourceType": of, "resourceId": id, "displayName": name })
            })
            .collect();
        if details.is_empty() { Vec::new() } else { vec![json!({ "resourcesDetails": details })] }
    });

const DSL: &[Field] = &[required("dsl", Kind::Text)];
const TUPLES: &[Field] = &[required("tuples", Kind::Objects(&TUPLE))];
const CHECK: &[Field] = &[
    required("tuples", Kind::Objects(&TUPLE)),
    optional("context", Kind::Map),
    optional("listConditions", Kind::Bool),
    optional("computePaths", Kind::Bool),
];
const IDENTIFIER: &[Field] =
    &[required("resourceId", Kind::Text), required("resourceType", Kind::Text)];
const DETAILS: &[Field] = &[
    required("resourceId", Kind::Text),
    required("resourceType", Kind::Text),
    required("displayName", Kind::Text),
];
const MAPPABLE: &[Field] =
    &[required("tenantId", Kind::Text), optional("resourcesLimit", Kind::Text)];
const MAPPABLE_SEARCH: &[Field] = &[
    required("tenantId", Kind::Text),
    required(
        "resourcesQueries",
        Kind::Objects(&[required("type", Kind::Text), required("queries", Kind::Texts)]),
    ),
    optional("resourcesLimit", Kind::Any),
];

/// Schemas and relations of `authz` are saved in the same lists, in the order in which they must be made.
pub(in crate::emulator) const AREA: Area = Area::new(ROUTES).seeds(&[
    &SCHEMAS,
    &authz::SCHEMAS,
    &RELATIONS,
    &authz::RELATION_LISTS,
    &RESOURCES,
]);

const ROUTES: &[Route] = &[
    Route::post("/v1/mgmt/fga/schema", Management, Action("FGASchemaModified"), DSL, save_schema),
    Route::get("/v1/mgmt/fga/schema", Management, &[], load_schema),
    Route::post("/v1/mgmt/fga/schema/dryrun", Management, Read, DSL, dry_run),
    Route::post(
        "/v1/mgmt/fga/relations",
        Management,
        Action("FGARelationsCreated"),
        TUPLES,
        create_relations,
    ),
    Route::post(
        "/v1/mgmt/fga/relations/delete",
        Management,
        Action("FGARelationsDeleted"),
        TUPLES,
        delete_relations,
    ),
    Route::delete(
        "/v1/mgmt/fga/relations",
        Management,
        Action("FGARelationsDeleted"),
        &[],
        delete_all,
    ),
    Route::post("/v1/mgmt/fga/check", Management, Read, CHECK, check),
    Route::post(
        "/v1/mgmt/fga/resources/load",
        Management,
        Read,
        &[required("resourceIdentifiers", Kind::Objects(IDENTIFIER))],
        load_details,
    ),
    Route::post(
        "/v1/mgmt/fga/resources/save",
        Management,
        Action("FGAResourcesModified"),
        &[required("resourcesDetails", Kind::Objects(DETAILS))],
        save_details,
    ),
    Route::get("/v1/mgmt/fga/mappable/schema", Management, MAPPABLE, mappable_schema),
    Route::post(
        "/v1/mgmt/fga/mappable/resources",
        Management,
        Read,
        MAPPABLE_SEARCH,
        mappable_resources,
    ),
];

fn save_schema(call: &Call<'_>, store: &mut Store) -> Result {
    let mut model = language::parse(call.body().text("dsl"))?;
    model.name = store.authorization.model.take().and_then(|model| model.name);
    store.authorization.set_model(Some(model), call.now);
    Ok(Reply::empty())
}

fn load_schema(_: &Call<'_>, store: &mut Store) -> Result {
    let known = &store.authorization;
    Ok(match &known.model {
        None => json!({ "dsl": "" }),
        Some(model) => json!({
            "dsl": model.text,
            "schema": show_schema(model),
            "version": known.version.to_string(),
        }),
    }
    .into())
}

fn dry_run(call: &Call<'_>, store: &mut Store) -> Result {
    let new = language::parse(call.body().text("dsl"))?;
    let known = store.authorization.model.as_ref();
    let (relations, types) = known.map(|known| known.lost_in(&new)).unwrap_or_default();
    let deletes = !(relations.is_empty() && types.is_empty());
    let preview = json!({ "hasDeletes": deletes, "relations": relations, "types": types });
    Ok(json!({ "deletesPreview": preview }).into())
}

fn create_relations(call: &Call<'_>, store: &mut Store) -> Result {
    let model = model(store)?;
    let mut relations = Vec::new();
    for relation in call.body().objects("tuples").map(read_tuple) {
        model.accepts(&relation).map_err(Refusal::argument)?;
        relations.push(relation);
    }
    for relation in relations {
        store.authorization.relations.insert(relation, call.now);
    }
    Ok(Reply::empty())
}

fn delete_relations(call: &Call<'_>, store: &mut Store) -> Result {
    for relation in call.body().objects("tuples").map(read_tuple) {
        store.authorization.relations.remove(&relation, call.now);
    }
    Ok(Reply::empty())
}

fn delete_all(call: &Call<'_>, store: &mut Store) -> Result {
    store.authorization.relations.retain(call.now, |_| false);
    Ok(Reply::empty())
}

fn check(call: &Call<'_>, store: &mut Store) -> Result {
    let model = model(store)?;
    let mut questions = Vec::new();
    for Relation { name, resource, target } in call.body().objects("tuples").map(read_tuple) {
        if model.definition(&name.of, &name.name).is_none() {
            let message = format!("There is no {}#{} in the schema", name.of, name.name);
            return Err(Refusal::argument(message));
        }
        let unknown = match &target {
            Target::One { of, .. } => model.text_has_no_type(of),
            Target::Set { name, .. } => model.definition(&name.of, &name.name).is_none(),
            Target::Query(_) => false,
        };
        if unknown {
            return Err(Refusal::argument("The target's type is not in the schema"));
        }
        questions.push(Question { name, resource, target });
    }
    let found = found(store);
    let world = world(store, &found)?;
    let answers = world.check(&questions);
    let explained = call.body().flag("computePaths");
    let tuples = call.body().objects("tuples").zip(&questions).zip(answers);
    list(
        "tuples",
        tuples.map(|((tuple, question), allowed)| {
            let shown: serde_json::Map<String, Value> = TUPLE
                .iter()
                .filter_map(|field| Some((field.name.to_owned(), tuple.get(field.name)?.clone())))
                .collect();
            let direct = model.is_direct(&question.name);
            let mut info = json!({ "direct": direct });
            if allowed
                && explained
                && let Some(path) = world.why(question)
            {
                info["path"] = show_path(&path);
            }
            json!({ "allowed": allowed, "tuple": shown, "info": info })
        }),
    )
}

fn load_details(call: &Call<'_>, store: &mut Store) -> Result {
    let asked = call.body().objects("resourceIdentifiers");
    list(
        "resourcesDetails",
        asked.filter_map(|resource| {
            let (kind, id) = (resource.text("resourceType"), resource.text("resourceId"));
            let name = store.authorization.details.get(&(kind.to_owned(), id.to_owned()))?;
            Some(json!({ "resourceId": id, "resourceType": kind, "displayName": name }))
        }),
    )
}

fn save_details(call: &Call<'_>, store: &mut Store) -> Result {
    for resource in call.body().objects("resourcesDetails") {
        let named =
            (resource.text("resourceType").to_owned(), resource.text("resourceId").to_owned());
        store.authorization.details.insert(named, resource.text("displayName").to_owned());
    }
    Ok(Reply::empty())
}

fn mappable_schema(call: &Call<'_>, store: &mut Store) -> Result {
    let query = call.query();
    let limit = prepare_mapping(store, query)?;
    let model = model(store)?;
    let resources: Vec<_> =
        model.types.iter().map(|known| mappable(store, &known.name, &[], limit)).collect();
    Ok(json!({ "schema": show_schema(model), "mappableResources": resources }).into())
}

fn mappable_resources(call: &Call<'_>, store: &mut Store) -> Result {
    let body = call.body();
    let limit = prepare_mapping(store, body)?;
    let queries = body.objects("resourcesQueries");
    list(
        "mappableResources",
        queries.map(|query| mappable(store, query.text("type"), &query.texts("queries"), limit)),
    )
}

/// The limit of a request about mapping, whose tenant must exist.
fn prepare_mapping(store: &Store, fields: Fields<'_>) -> Result<usize> {
    if store.tenant(fields.text("tenantId")).is_none() {
        return Err(Refusal::missing("tenant"));
    }
    let limit = match fields.get("resourcesLimit") {
        None => return Ok(DEFAULT_LIMIT),
        Some(Value::String(text)) => text.parse().ok(),
        Some(value) => value.as_u64().and_then(|limit| usize::try_from(limit).ok()),
    };
    limit.ok_or_else(|| Refusal::invalid("The resourcesLimit field must be a number"))
}

/// The resources of a type whose ID or name has one of the texts.
fn mappable(store: &Store, of: &str, texts: &[&str], limit: usize) -> Value {
    let known = &store.authorization;
    let mut ids: Vec<&str> = Vec::new();
    let named = known.details.keys().filter(|(kind, _)| kind == of).map(|(_, id)| &**id);
    let related = known.relations.iter().filter(|relation| relation.name.of == of);
    ids.extend(named.chain(related.map(|relation| &*relation.resource)));
    ids.sort_unstable();
    ids.dedup();
    ids.retain(|id| {
        let name = known.details.get(&(of.to_owned(), (*id).to_owned()));
        let has = |text: &&str| id.contains(text) || name.is_some_and(|name| name.contains(text));
        texts.is_empty() || texts.iter().any(has)
    });
    let resources: Vec<_> =
        ids.into_iter().take(limit).map(|id| json!({ "resource": id })).collect();
    json!({ "type": of, "resources": resources })
}
