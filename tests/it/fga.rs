//! Fine-grained authorization: requests, and evaluation on the emulator.

use descope::emulator::Emulator;
use descope::mgmt::authz::DeleteOptions;
use descope::mgmt::fga::{
    CheckOptions, MappableOptions, MappableQuery, Relation, ResourceDetails, ResourceId,
};
use descope::{Client, codes};
use serde_json::json;

use crate::inventory::{every_field_of, refusals_of};
use crate::support::{MANAGEMENT, refuses, sends};

fn ada() -> Relation {
    Relation::new("doc", "plan", "viewer", "user", "ada")
}

fn ada_json() -> serde_json::Value {
    json!({
        "resourceType": "doc", "resource": "plan", "relation": "viewer", "targetType": "user",
        "target": "ada",
    })
}

#[test]
fn schemas() {
    let line = "POST /v1/mgmt/fga/schema";
    let body = json!({ "dsl": "model AuthZ 1.0" });
    sends(line, MANAGEMENT, body.clone(), &json!({}), |c| {
        c.mgmt().fga().save_schema("model AuthZ 1.0")
    });
    let answer = json!({ "deletesPreview": { "hasDeletes": true, "relations": ["doc#viewer"], "types": ["doc"] } });
    let dry = sends("POST /v1/mgmt/fga/schema/dryrun", MANAGEMENT, body, &answer, |c| {
        c.mgmt().fga().dry_run_schema("model AuthZ 1.0")
    });
    assert!(dry.deletes_preview.has_deletes);
    assert_eq!(
        (&*dry.deletes_preview.relations[0], &*dry.deletes_preview.types[0]),
        ("doc#viewer", "doc")
    );
    let answer = json!({
        "dsl": "model", "version": "7",
        "schema": { "conditions": [{
            "id": 1, "name": "office", "params": [{ "name": "ip", "type": "string" }],
            "expression": "e", "checkedExpr": "c",
        }], "types": [] },
    });
    let schema = sends("GET /v1/mgmt/fga/schema", MANAGEMENT, json!(null), &answer, |c| {
        c.mgmt().fga().load_schema()
    });
    assert_eq!((&*schema.dsl, &*schema.version), ("model", "7"));
    let condition = &schema.schema.conditions[0];
    assert_eq!(
        (condition.id, &*condition.name, &*condition.params[0].param_type),
        (1, "office", "string")
    );
    assert_eq!(schema.schema.extra["types"], json!([]));
    every_field_of([
        "GET /v1/mgmt/fga/schema",
        "POST /v1/mgmt/fga/schema",
        "POST /v1/mgmt/fga/schema/dryrun",
    ]);
}

#[test]
fn relations() {
    let body = json!({ "tuples": [ada_json()] });
    let line = "POST /v1/mgmt/fga/relations";
    sends(line, MANAGEMENT, body.clone(), &json!({}), |c| {
        c.mgmt().fga().create_relations(&[ada()])
    });
    let line = "POST /v1/mgmt/fga/relations/delete";
    sends(line, MANAGEMENT, body, &json!({}), |c| c.mgmt().fga().delete_relations(&[ada()]));
    let line = "DELETE /v1/mgmt/fga/relations";
    sends(line, MANAGEMENT, json!(null), &json!({}), |c| c.mgmt().fga().delete_all_relations());
    every_field_of([
        "DELETE /v1/mgmt/fga/relations",
        "POST /v1/mgmt/fga/relations",
        "POST /v1/mgmt/fga/relations/delete",
    ]);
}

#[test]
fn checks() {
    let answer = json!({ "tuples": [{
        "allowed": true, "tuple": ada_json(),
        "info": {
            "direct": true, "conditional": true, "missingContext": ["ip"], "conditionalErr": "x",
            "factUsed": true, "trueConditions": [1], "falseConditions": [2],
            "path": { "steps": [{
                "stepType": 2, "tuple": ada_json(), "permission": "view", "later": 1,
                "subPaths": [{ "steps": [{ "stepType": "relation" }] }, { "steps": null }],
            }] },
        },
    }], "schemaVersion": "v7" });
    let line = "POST /v1/mgmt/fga/check";
    let body = json!({ "tuples": [ada_json()] });
    let checked =
        sends(line, MANAGEMENT, body.clone(), &answer, |c| c.mgmt().fga().check(&[ada()]));
    assert!(checked[0].allowed && checked[0].info.direct && checked[0].info.fact_used);
    assert_eq!(checked[0].relation, ada());
    assert_eq!(checked[0].info.missing_context, ["ip"]);
    assert_eq!(checked[0].info.schema_version.as_deref(), Some("v7"));
    assert_eq!(
        (&*checked[0].info.true_conditions, &*checked[0].info.false_conditions),
        (&[1][..], &[2][..])
    );
    let step = &checked[0].info.path.as_ref().unwrap().steps[0];
    assert_eq!((&*step.step_type, &step.relation, &*step.permission), ("2", &ada(), "view"));
    assert_eq!(step.sub_paths[0].steps[0].step_type, "relation");
    assert_eq!((step.sub_paths[1].steps.len(), &step.extra["later"]), (0, &json!(1)));
    assert!(sends(line, MANAGEMENT, body, &answer, |c| c.mgmt().fga().is_allowed(&ada())));
    let options = CheckOptions::default()
        .context([("ip", "10.0.0.1")])
        .list_conditions(true)
        .compute_paths(true);
    let body = json!({
        "tuples": [ada_json()], "context": { "ip": "10.0.0.1" }, "listConditions": true,
        "computePaths": true,
    });
    sends(line, MANAGEMENT, body, &answer, |c| c.mgmt().fga().check_with(&[ada()], &options));
    every_field_of(["POST /v1/mgmt/fga/check"]);
}

#[test]
fn resources() {
    let details = json!({ "resourceId": "plan", "resourceType": "doc", "displayName": "Plan" });
    let body = json!({ "resourceIdentifiers": [{ "resourceId": "plan", "resourceType": "doc" }] });
    let answer = json!({ "resourcesDetails": [details] });
    let line = "POST /v1/mgmt/fga/resources/load";
    let loaded = sends(line, MANAGEMENT, body, &answer, |c| {
        c.mgmt().fga().load_resources_details(&[ResourceId::new("doc", "plan")])
    });
    assert_eq!(loaded[0].display_name, "Plan");
    let line = "POST /v1/mgmt/fga/resources/save";
    sends(line, MANAGEMENT, answer.clone(), &json!({}), |c| {
        c.mgmt().fga().save_resources_details(&[ResourceDetails::new("doc", "plan", "Plan")])
    });
    let options = MappableOptions::default().resources_limit(5);
    let found =
        json!({ "mappableResources": [{ "type": "doc", "resources": [{ "resource": "plan" }] }] });
    let mut answer = found.clone();
    answer["schema"] = json!({ "name": "Docs", "namespaces": [] });
    let line = "GET /v1/mgmt/fga/mappable/schema?tenantId=acme&resourcesLimit=5";
    let schema = sends(line, MANAGEMENT, json!(null), &answer, |c| {
        c.mgmt().fga().load_mappable_schema("acme", &options)
    });
    assert_eq!(schema.schema.name.as_deref(), Some("Docs"));
    let body = json!({
        "tenantId": "acme", "resourcesQueries": [{ "type": "doc", "queries": ["pl"] }],
        "resourcesLimit": "5",
    });
    let found = sends("POST /v1/mgmt/fga/mappable/resources", MANAGEMENT, body, &found, |c| {
        let queries = [MappableQuery::new("doc", ["pl"])];
        c.mgmt().fga().search_mappable_resources("acme", &queries, &options)
    });
    assert_eq!(found[0].resources[0].resource, "plan");
    every_field_of([
        "POST /v1/mgmt/fga/mappable/resources",
        "GET /v1/mgmt/fga/mappable/schema",
        "POST /v1/mgmt/fga/resources/load",
        "POST /v1/mgmt/fga/resources/save",
    ]);
}

#[test]
fn bad_input_is_refused_before_a_request() {
    refuses("dsl", |c| c.mgmt().fga().save_schema(""));
    refuses("dsl", |c| c.mgmt().fga().dry_run_schema(" "));
    for (argument, relation) in [
        ("resource_type", Relation::new("", "plan", "viewer", "user", "ada")),
        ("resource", Relation::new("doc", "", "viewer", "user", "ada")),
        ("relation", Relation::new("doc", "plan", "", "user", "ada")),
        ("target_type", Relation::new("doc", "plan", "viewer", "", "ada")),
        ("target", Relation::new("doc", "plan", "viewer", "user", "")),
    ] {
        let relations = [ada(), relation];
        refuses(argument, |c| c.mgmt().fga().create_relations(&relations));
        refuses(argument, |c| c.mgmt().fga().delete_relations(&relations));
        refuses(argument, |c| c.mgmt().fga().check(&relations));
        refuses(argument, |c| c.mgmt().fga().is_allowed(&relations[1]));
    }
    refuses("relations", |c| c.mgmt().fga().delete_relations(&[]));
    refuses("resource_id", |c| {
        c.mgmt().fga().load_resources_details(&[ResourceId::new("doc", "")])
    });
    let details = [ResourceDetails::new("", "plan", "Plan")];
    refuses("resource_type", |c| c.mgmt().fga().save_resources_details(&details));
    let options = MappableOptions::default();
    refuses("tenant_id", |c| c.mgmt().fga().load_mappable_schema("", &options));
    refuses("tenant_id", |c| c.mgmt().fga().search_mappable_resources("", &[], &options));
    let queries = [MappableQuery::new("", ["x"])];
    refuses("type", |c| c.mgmt().fga().search_mappable_resources("acme", &queries, &options));
    refusals_of([
        ("POST /v1/mgmt/fga/check", "relation resource resource_type target target_type"),
        ("POST /v1/mgmt/fga/mappable/resources", "tenant_id type"),
        ("GET /v1/mgmt/fga/mappable/schema", "tenant_id"),
        ("POST /v1/mgmt/fga/relations", "relation resource resource_type target target_type"),
        (
            "POST /v1/mgmt/fga/relations/delete",
            "relation relations resource resource_type target target_type",
        ),
        ("POST /v1/mgmt/fga/resources/load", "resource_id"),
        ("POST /v1/mgmt/fga/resources/save", "resource_type"),
        ("POST /v1/mgmt/fga/schema", "dsl"),
        ("POST /v1/mgmt/fga/schema/dryrun", "dsl"),
    ]);
}

const SCHEMA: &str = "model AuthZ 1.0

type user

type org
  relation member: user

type folder
  relation owner: user
  relation banned: user
  relation viewer: user | org#member
  permission can_view: (viewer | owner) - banned

type doc
  relation parent: folder
  relation owner: user
  permission can_view: owner | parent.can_view
";

#[test]
fn usersets_arrows_exclusion_and_changes_are_evaluated() {
    let emulator = Emulator::new();
    let client = Client::builder().emulator(&emulator).build().unwrap();
    let fga = client.mgmt().fga();
    fga.save_schema(SCHEMA).unwrap();
    assert_eq!(fga.load_schema().unwrap().dsl, SCHEMA);
    let membership = Relation::new("org", "acme", "member", "user", "bob");
    fga.create_relations(&[
        membership.clone(),
        Relation::new("folder", "f", "viewer", "org#member", "acme"),
        Relation::new("folder", "f", "owner", "user", "ada"),
        Relation::new("folder", "f", "banned", "user", "eve"),
        Relation::new("folder", "f", "viewer", "user", "eve"),
        Relation::new("doc", "d", "parent", "folder", "f"),
        Relation::new("doc", "d", "owner", "user", "mel"),
    ])
    .unwrap();
    let who = ["ada", "bob", "eve", "mel", "zoe"];
    let allowed = || {
        let asked = who.map(|who| Relation::new("doc", "d", "can_view", "user", who));
        fga.check(&asked).unwrap().into_iter().map(|check| check.allowed).collect::<Vec<_>>()
    };
    assert_eq!(allowed(), [true, true, false, true, false]);
    fga.delete_relations(&[membership]).unwrap();
    assert_eq!(allowed(), [true, false, false, true, false]);
    fga.delete_all_relations().unwrap();
    assert_eq!(allowed(), [false; 5]);
}

#[test]
fn a_dry_run_says_what_would_go() {
    let emulator = Emulator::new();
    let client = Client::builder().emulator(&emulator).build().unwrap();
    let fga = client.mgmt().fga();
    let preview = |dsl: &str| fga.dry_run_schema(dsl).unwrap().deletes_preview;
    assert!(!preview(SCHEMA).has_deletes, "there is none yet");
    fga.save_schema(SCHEMA).unwrap();
    assert!(!preview(SCHEMA).has_deletes);
    let smaller = SCHEMA.replace("  relation banned: user\n", "").replace(" - banned", "");
    let gone = preview(&smaller);
    assert_eq!((gone.has_deletes, &*gone.relations), (true, &["folder#banned".to_owned()][..]));
    let (folder, doc) = (SCHEMA.find("type folder").unwrap(), SCHEMA.find("type doc").unwrap());
    let without = SCHEMA[..folder].to_owned() + "type doc\n  relation owner: user\n";
    let gone = preview(&without);
    assert_eq!(gone.types, ["folder"]);
    assert!(doc > folder && gone.relations.contains(&"doc#parent".to_owned()), "{gone:?}");
    assert!(fga.dry_run_schema("no schema").is_err());
    assert_eq!(fga.load_schema().unwrap().dsl, SCHEMA, "nothing has changed");
}

#[test]
fn resources_have_names_and_are_found_by_them() {
    let emulator = Emulator::new();
    emulator.seed(&json!({ "tenants": [{ "id": "acme", "name": "Acme" }] })).unwrap();
    let client = Client::builder().emulator(&emulator).build().unwrap();
    let fga = client.mgmt().fga();
    fga.save_schema(SCHEMA).unwrap();
    let ids = [ResourceId::new("doc", "d1"), ResourceId::new("doc", "d2")];
    assert_eq!(fga.load_resources_details(&ids).unwrap(), []);
    let details =
        [ResourceDetails::new("doc", "d1", "Plan"), ResourceDetails::new("doc", "d2", "Map")];
    fga.save_resources_details(&details).unwrap();
    assert_eq!(fga.load_resources_details(&ids).unwrap(), details);
    fga.save_resources_details(&[ResourceDetails::new("doc", "d1", "New plan")]).unwrap();
    assert_eq!(fga.load_resources_details(&ids[..1]).unwrap()[0].display_name, "New plan");
    fga.create_relations(&[Relation::new("doc", "d3", "owner", "user", "ada")]).unwrap();

    let found = |texts: &[&str], limit: u32| {
        let queries = [MappableQuery::new("doc", texts.iter().copied())];
        let options = MappableOptions::default().resources_limit(limit);
        let mut found = fga.search_mappable_resources("acme", &queries, &options).unwrap();
        let found = found.remove(0).resources.into_iter().map(|of| of.resource);
        found.collect::<Vec<_>>()
    };
    assert_eq!(found(&[], 10), ["d1", "d2", "d3"]);
    assert_eq!(found(&["plan", "d3"], 10), ["d1", "d3"]);
    assert_eq!(found(&[], 2), ["d1", "d2"]);
    let whole = fga.load_mappable_schema("acme", &MappableOptions::default()).unwrap();
    let docs = whole.mappable_resources.iter().find(|of| of.resource_type == "doc").unwrap();
    assert_eq!(docs.resources.len(), 3);
    assert_eq!(whole.schema.namespaces.len(), 4);
    let nowhere = fga.load_mappable_schema("nowhere", &MappableOptions::default());
    assert!(nowhere.unwrap_err().is_not_found());
}

#[test]
fn a_schema_with_a_fault_names_its_line() {
    let emulator = Emulator::new();
    let client = Client::builder().emulator(&emulator).build().unwrap();
    let fga = client.mgmt().fga();
    for (dsl, line) in [
        ("model AuthZ 1.0\n\ntype user\ntype doc\n  relation owner:\n", "Line 5"),
        ("model AuthZ 1.0\ntype doc\n  relation owner: nobody\n", "Line 3"),
        (
            "model AuthZ 1.0\ntype user\ntype doc\n  relation a: user\n  permission p: a & (\n",
            "Line 5",
        ),
    ] {
        let error = fga.save_schema(dsl).unwrap_err().to_string();
        assert!(error.contains(line), "{error}");
    }
    assert!(fga.load_schema().map_or(true, |schema| schema.dsl.is_empty()));
}

#[test]
fn what_others_mention_is_not_deleted() {
    let emulator = Emulator::new();
    let client = Client::builder().emulator(&emulator).build().unwrap();
    let text = "model AuthZ 1.0 type user type group relation member: user
        type doc relation group: group permission view: group.member";
    client.mgmt().fga().save_schema(text).unwrap();
    let (authz, options) = (client.mgmt().authz(), DeleteOptions::default());
    let refused = |result: descope::Result<()>| {
        assert_eq!(result.unwrap_err().code(), Some(codes::INVALID_ARGUMENTS));
    };
    refused(authz.delete_namespace("group", &options));
    refused(authz.delete_relation_definition("group", "member", &options));
    authz.delete_relation_definition("doc", "view", &options).unwrap();
    authz.delete_namespace("group", &options).unwrap();
    let copy = Emulator::builder().project_id(emulator.project_id()).build();
    copy.seed(&emulator.export()).unwrap();
}
