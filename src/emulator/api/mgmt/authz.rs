//! Relationship-based access control: schema by namespaces, relations, questions.

use serde_json::json;

use super::world::{found, model, world};
use crate::emulator::api::call::{Call, list};
use crate::emulator::api::event::Event::{Action, Read};
use crate::emulator::api::route::Bearer::Management;
use crate::emulator::api::route::{Area, Route};
use crate::emulator::api::seed::List;
use crate::emulator::state::fga::evaluate::Question;
use crate::emulator::state::fga::model::{Definition, Model, Type};
use crate::emulator::state::fga::name::Name;
use crate::emulator::state::fga::relations::{Relation, Target};
use crate::emulator::state::fga::wire::{
    DEFINITION, NAMESPACE, RELATION, SCHEMA, TARGETS, read_definition, read_namespace,
    read_relation, restore_targets, show_relation, show_schema, show_targets, show_tuple,
};
use crate::emulator::state::store::Store;
use crate::emulator::words::fields::{Field, Fields, Kind, optional, required};
use crate::emulator::words::refusal::{Refusal, Reply, Result};

/// The schema, as namespaces. One that was made of a text is saved to [`SCHEMAS`](super::fga::SCHEMAS).
pub(in crate::emulator) const SCHEMAS: List = List {
    name: "authzSchemas",
    path: "/v1/mgmt/authz/schema/save",
    state: &[optional("targets", Kind::Objects(&TARGETS))],
    restore: |store, state| {
        if let Some(model) = &mut store.authorization.model {
            state.objects("targets").for_each(|targets| restore_targets(model, targets));
        }
        Ok(())
    },
    save: |store| {
        let model = store.authorization.model.iter().filter(|model| model.text.is_empty());
        let saved = model.map(|model| {
            let state = json!({ "targets": show_targets(model) });
            json!({ "schema": show_schema(model), "upgrade": true, "state": state })
        });
        saved.collect()
    },
};

/// The relations that are not in the list of [`RELATIONS`](super::fga::RELATIONS).
pub(in crate::emulator) const RELATION_LISTS: List =
    List::plain("authzRelations", "/v1/mgmt/authz/re/create", |store| {
        let relations = store.authorization.relations.iter();
        let relations = relations.filter(|relation| show_tuple(relation).is_none());
        let relations: Vec<_> = relations.map(show_relation).collect();
        if relations.is_empty() { Vec::new() } else { vec![json!({ "relations": relations })] }
    });

const QUERY: &[Field] = &[
    required("resource", Kind::Text),
    required("relationDefinition", Kind::Text),
    required("namespace", Kind::Text),
    required("target", Kind::Text),
    optional("hasRelation", Kind::Bool),
];
const SAVE_SCHEMA: &[Field] =
    &[required("schema", Kind::Object(&SCHEMA)), optional("upgrade", Kind::Bool)];
const SAVE_NAMESPACE: &[Field] = &[
    required("namespace", Kind::Object(&NAMESPACE)),
    optional("oldName", Kind::Text),
    optional("schemaName", Kind::Text),
];
const SAVE_DEFINITION: &[Field] = &[
    required("namespace", Kind::Text),
    required("relationDefinition", Kind::Object(&DEFINITION)),
    optional("oldName", Kind::Text),
    optional("schemaName", Kind::Text),
];
const RELATIONS: &[Field] = &[required("relations", Kind::Objects(&RELATION))];
const RESOURCES: &[Field] = &[required("resources", Kind::Texts)];

pub(in crate::emulator) const AREA: Area = Area::new(ROUTES);

const ROUTES: &[Route] = &[
    Route::post(
        "/v1/mgmt/authz/schema/save",
        Management,
        Action("FGASchemaModified"),
        SAVE_SCHEMA,
        save_schema,
    ),
    Route::post("/v1/mgmt/authz/schema/load", Management, Read, &[], load_schema),
    Route::post(
        "/v1/mgmt/authz/schema/delete",
        Management,
        Action("FGASchemaDeleted"),
        &[],
        delete_schema,
    ),
    Route::post(
        "/v1/mgmt/authz/ns/save",
        Management,
        Action("FGASchemaModified"),
        SAVE_NAMESPACE,
        save_namespace,
    ),
    Route::post(
        "/v1/mgmt/authz/ns/delete",
        Management,
        Action("FGASchemaModified"),
        &[required("name", Kind::Text), optional("schemaName", Kind::Text)],
        delete_namespace,
    ),
    Route::post(
        "/v1/mgmt/authz/rd/save",
        Management,
        Action("FGASchemaModified"),
        SAVE_DEFINITION,
        save_definition,
    ),
    Route::post(
        "/v1/mgmt/authz/rd/delete",
        Management,
        Action("FGASchemaModified"),
        &[
            required("name", Kind::Text),
            required("namespace", Kind::Text),
            optional("schemaName", Kind::Text),
        ],
        delete_definition,
    ),
    Route::post(
        "/v1/mgmt/authz/re/create",
        Management,
        Action("FGARelationsCreated"),
        RELATIONS,
        create_relations,
    ),
    Route::post(
        "/v1/mgmt/authz/re/delete",
        Management,
        Action("FGARelationsDeleted"),
        RELATIONS,
        delete_relations,
    ),
    Route::post(
        "/v1/mgmt/authz/re/deleteresources",
        Management,
        Action("FGARelationsDeleted"),
        RESOURCES,
        |call, store| {
            let gone = call.body().texts("resources");
            store.authorization.relations.retain(call.now, |relation| {
                !(gone.contains(&&*relation.resource)
                    || relation.target.id().is_some_and(|id| gone.contains(&id)))
            });
            Ok(Reply::empty())
        },
    ),
    Route::post(
        "/v1/mgmt/authz/re/deleteresourcesrelations",
        Management,
        Action("FGARelationsDeleted"),
        RESOURCES,
        |call, store| {
            let gone = call.body().texts("resources");
            store
                .authorization
                .relations
                .retain(call.now, |relation| !gone.contains(&&*relation.resource));
            Ok(Reply::empty())
        },
    ),
    Route::post(
        "/v1/mgmt/authz/re/has",
        Management,
        Read,
        &[required("relationQueries", Kind::Objects(QUERY))],
        has_relations,
    ),
    Route::post(
        "/v1/mgmt/authz/re/who",
        Management,
        Read,
        &[
            required("resource", Kind::Text),
            required("relationDefinition", Kind::Text),
            required("namespace", Kind::Text),
            optional("context", Kind::Map),
        ],
        who_can_access,
    ),
    Route::post(
        "/v1/mgmt/authz/re/resource",
        Management,
        Read,
        &[required("resource", Kind::Text), optional("ignoreTargetSetRelations", Kind::Bool)],
        resource_relations,
    ),
    Route::post(
        "/v1/mgmt/authz/re/targets",
        Management,
        Read,
        &[required("targets", Kind::Texts), optional("includeTargetSetRelations", Kind::Bool)],
        targets_relations,
    ),
    Route::post(
        "/v1/mgmt/authz/re/targetall",
        Management,
        Read,
        &[required("target", Kind::Text), optional("context", Kind::Map)],
        what_can_target_access,
    ),
    Route::post(
        "/v1/mgmt/authz/re/targetwithrelation",
        Management,
        Read,
        &[
            required("target", Kind::Text),
            required("relationDefinition", Kind::Text),
            required("namespace", Kind::Text),
        ],
        what_with_relation,
    ),
    Route::post(
        "/v1/mgmt/authz/getmodified",
        Management,
        Read,
        &[optional("since", Kind::Int)],
        get_modified,
    ),
];

/// Saves a changed schema, whose text no longer holds, if it still has all that it mentions.
fn save(call: &Call<'_>, store: &mut Store, mut model: Model) -> Result {
    check_names(&model)?;
    if let Some(name) = call.body().some_text("schemaName") {
        model.name = Some(name.to_owned());
    }
    model.text.clear();
    store.authorization.set_model(Some(model), call.now);
    Ok(Reply::empty())
}

/// Adds a definition to a type, or replaces the one of that name.
fn put(of: &mut Type, mut new: Definition) {
    match of.definitions.iter_mut().find(|known| known.name == new.name) {
        Some(known) => {
            // The same again keeps what the language says about it and this form cannot say.
            if known.node == new.node {
                new.targets = known.targets.take();
            }
            *known = new;
        }
        None => of.definitions.push(new),
    }
}

/// Refuses definitions that mention what the schema does not have.
fn check_names(model: &Model) -> Result<()> {
    for definition in model.types.iter().flat_map(|known| &known.definitions) {
        let expressions = definition.node.as_ref().map(|node| node.expressions());
        let expressions = expressions.into_iter().flatten();
        for Name { of, name } in expressions.flat_map(|expression| expression.names()) {
            if model.definition(of, name).is_none() {
                let message =
                    format!("{:?} mentions {of}#{name}, which does not exist", definition.name);
                return Err(Refusal::argument(message));
            }
        }
    }
    Ok(())
}

fn save_schema(call: &Call<'_>, store: &mut Store) -> Result {
    let schema = call.body().object("schema");
    let mut model = store.authorization.model.clone().unwrap_or_default();
    let namespaces: Vec<Type> =
        schema.objects("namespaces").map(read_namespace).collect::<Result<_>>()?;
    if call.body().flag("upgrade") {
        model.types.retain(|known| namespaces.iter().any(|new| new.name == known.name));
        for of in &mut model.types {
            let new = namespaces.iter().find(|new| new.name == of.name);
            let kept = |name: &str| {
                new.is_some_and(|new| {
                    new.definitions.iter().any(|definition| definition.name == name)
                })
            };
            of.definitions.retain(|of| kept(&of.name));
        }
    }
    for new in &namespaces {
        let known = model.type_mut(&new.name);
        new.definitions.iter().for_each(|definition| put(known, definition.clone()));
    }
    if let Some(name) = schema.some_text("name") {
        model.name = Some(name.to_owned());
    }
    save(call, store, model)
}

fn load_schema(_: &Call<'_>, store: &mut Store) -> Result {
    let schema = store.authorization.model.as_ref().map(show_schema);
    Ok(json!({ "schema": schema.unwrap_or_else(|| json!({ "namespaces": [] })) }).into())
}

fn delete_schema(call: &Call<'_>, store: &mut Store) -> Result {
    store.authorization.set_model(None, call.now);
    Ok(Reply::empty())
}

fn save_namespace(call: &Call<'_>, store: &mut Store) -> Result {
    let new = read_namespace(call.body().object("namespace"))?;
    let mut model = store.authorization.model.clone().unwrap_or_default();
    if let Some(old) = call.body().some_text("oldName").filter(|old| *old != new.name) {
        if model.find(old).is_none() {
            return Err(Refusal::missing("namespace"));
        }
        if model.find(&new.name).is_some() {
            return Err(Refusal::taken("namespace"));
        }
        let renamed = |name: &Name| {
            let of = if name.of == old { &new.name } else { &name.of };
            Name::new(of, &name.name)
        };
        model.type_mut(old).name.clone_from(&new.name);
        model.rename(renamed);
        store.authorization.relations.rename(call.now, renamed);
    }
    let known = model.type_mut(&new.name);
    new.definitions.iter().for_each(|definition| put(known, definition.clone()));
    save(call, store, model)
}

fn delete_namespace(call: &Call<'_>, store: &mut Store) -> Result {
    let mut model = model(store)?.clone();
    let name = call.body().text("name");
    if model.find(name).is_none() {
        return Err(Refusal::missing("namespace"));
    }
    model.types.retain(|known| known.name != name);
    save(call, store, model)
}

fn save_definition(call: &Call<'_>, store: &mut Store) -> Result {
    let (body, mut model) = (call.body(), model(store)?.clone());
    let new = read_definition(body.object("relationDefinition"))?;
    let namespace = body.text("namespace");
    if model.find(namespace).is_none() {
        return Err(Refusal::missing("namespace"));
    }
    if let Some(old) = body.some_text("oldName").filter(|old| *old != new.name) {
        if model.definition(namespace, old).is_none() {
            return Err(Refusal::missing("relation definition"));
        }
        if model.definition(namespace, &new.name).is_some() {
            return Err(Refusal::taken("relation definition"));
        }
        let renamed = |name: &Name| {
            let here = name.of == namespace && name.name == old;
            if here { Name::new(namespace, &new.name) } else { name.clone() }
        };
        let definitions = &mut model.type_mut(namespace).definitions;
        let old = definitions.iter_mut().find(|definition| definition.name == old);
        if let Some(definition) = old {
            definition.name.clone_from(&new.name);
        }
        model.rename(renamed);
        store.authorization.relations.rename(call.now, renamed);
    }
    put(model.type_mut(namespace), new);
    save(call, store, model)
}

fn delete_definition(call: &Call<'_>, store: &mut Store) -> Result {
    let (body, mut model) = (call.body(), model(store)?.clone());
    let (namespace, name) = (body.text("namespace"), body.text("name"));
    if model.definition(namespace, name).is_none() {
        return Err(Refusal::missing("relation definition"));
    }
    model.type_mut(namespace).definitions.retain(|definition| definition.name != name);
    save(call, store, model)
}

fn create_relations(call: &Call<'_>, store: &mut Store) -> Result {
    let model = model(store)?;
    let relations = call.body().objects("relations").map(read_relation);
    let relations: Vec<Relation> = relations.collect::<Result<_>>()?;
    for relation in &relations {
        model.accepts(relation).map_err(Refusal::argument)?;
    }
    for relation in relations {
        store.authorization.relations.insert(relation, call.now);
    }
    Ok(Reply::empty())
}

fn delete_relations(call: &Call<'_>, store: &mut Store) -> Result {
    let relations = call.body().objects("relations").map(read_relation);
    for relation in relations.collect::<Result<Vec<_>>>()? {
        store.authorization.relations.remove(&relation, call.now);
    }
    Ok(Reply::empty())
}

/// The relation that a question names, which the schema must have.
fn asked_name(store: &Store, fields: Fields<'_>) -> Result<Name> {
    let (of, name) = (fields.text("namespace"), fields.text("relationDefinition"));
    match model(store)?.definition(of, name) {
        Some(_) => Ok(Name::new(of, name)),
        None => Err(Refusal::argument(format!("There is no {of}#{name} in the schema"))),
    }
}

/// A target of any type.
fn target(id: &str) -> Target {
    Target::One { of: String::new(), id: id.to_owned() }
}

fn has_relations(call: &Call<'_>, store: &mut Store) -> Result {
    let mut questions = Vec::new();
    for query in call.body().objects("relationQueries") {
        let name = asked_name(store, query)?;
        let (resource, target) = (query.text("resource").to_owned(), target(query.text("target")));
        questions.push(Question { name, resource, target });
    }
    let found = found(store);
    let answers = world(store, &found)?.check(&questions);
    list(
        "relationQueries",
        questions.iter().zip(answers).map(|(of, has)| {
            json!({
                "resource": of.resource,
                "relationDefinition": of.name.name,
                "namespace": of.name.of,
                "target": of.target.id(),
                "hasRelation": has,
            })
        }),
    )
}

fn who_can_access(call: &Call<'_>, store: &mut Store) -> Result {
    let name = asked_name(store, call.body())?;
    let found = found(store);
    let who = world(store, &found)?.who(&name, call.body().text("resource"));
    Ok(json!({ "targets": who }).into())
}

fn resource_relations(call: &Call<'_>, store: &mut Store) -> Result {
    let body = call.body();
    let relations = store.authorization.relations.iter().filter(|relation| {
        let set = matches!(relation.target, Target::Set { .. });
        relation.resource == body.text("resource")
            && !(set && body.flag("ignoreTargetSetRelations"))
    });
    list("relations", relations.map(show_relation))
}

fn targets_relations(call: &Call<'_>, store: &mut Store) -> Result {
    let (body, targets) = (call.body(), call.body().texts("targets"));
    let relations = store.authorization.relations.iter().filter(|relation| {
        let set = matches!(relation.target, Target::Set { .. });
        relation.target.id().is_some_and(|id| targets.contains(&id))
            && (!set || body.flag("includeTargetSetRelations"))
    });
    list("relations", relations.map(show_relation))
}

fn what_can_target_access(call: &Call<'_>, store: &mut Store) -> Result {
    let found = found(store);
    let target = target(call.body().text("target"));
    let what = world(store, &found)?.what(&target, None);
    let relations = what.into_iter().map(|(name, resource)| Relation {
        name,
        resource,
        target: target.clone(),
    });
    list("relations", relations.map(|relation| show_relation(&relation)))
}

fn what_with_relation(call: &Call<'_>, store: &mut Store) -> Result {
    let name = asked_name(store, call.body())?;
    let found = found(store);
    let what = world(store, &found)?.what(&target(call.body().text("target")), Some(&name));
    list("resources", what.into_iter().map(|(_, resource)| json!(resource)))
}

fn get_modified(call: &Call<'_>, store: &mut Store) -> Result {
    const DAY: i64 = 24 * 60 * 60;
    // What is recorded counts in seconds.
    let since = call.body().int("since").unwrap_or_default().div_euclid(1000);
    if since > call.now || (since != 0 && since < call.now - DAY) {
        return Err(Refusal::argument("The since field must be a time of the last 24 hours"));
    }
    let since = since.max(call.now - DAY);
    let known = &store.authorization;
    let (resources, targets) = known.relations.changed(since);
    let schema = known.schema_changed.is_some_and(|at| at >= since);
    Ok(json!({ "resources": resources, "targets": targets, "schemaChanged": schema }).into())
}
