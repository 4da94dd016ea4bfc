//! Relations by namespaces: requests, and evaluation on the emulator.

use descope::emulator::Emulator;
use descope::mgmt::authz::{
    AccessOptions, DeleteOptions, ModifiedOptions, Relation, RelationQuery, ResourceRelations,
    SaveOptions, Target, TargetSet, TargetsRelations, UserQuery,
};
use descope::mgmt::schema::{Expression, Namespace, Node, RelationDefinition, Schema};
use descope::{Client, UnixMillis, UserStatus};
use serde_json::{Value, json};

use crate::inventory::{every_field_of, refusals_of};
use crate::support::{MANAGEMENT, exchange, refuses, sends};

fn schema() -> Schema {
    let parent = Expression::relation_right(("doc", "parent"), ("doc", "viewer"));
    let left = Expression::relation_left(("doc", "a"), ("doc", "b"));
    let viewer = Node::union([
        Node::child(Expression::own()),
        Node::intersect([Node::child(Expression::target_set("doc", "owner")), Node::child(parent)]),
        Node::sub([Node::child(left)]),
    ]);
    let parent = Expression::relation_right(("doc", "parent"), ("doc", "reader"));
    let definitions = [
        RelationDefinition::new("owner"),
        RelationDefinition::new("viewer").complex(viewer),
        RelationDefinition::new("reader").complex(Node::child(parent)),
    ];
    Schema::new([Namespace::new("doc", definitions)]).name("Docs")
}

fn schema_json() -> Value {
    let child = |expression: Value| json!({ "nType": "child", "expression": expression });
    let follow = |kind: &str, one: &str, then: &str| {
        child(json!({
            "neType": kind, "relationDefinition": one, "relationDefinitionNamespace": "doc",
            "targetRelationDefinition": then, "targetRelationDefinitionNamespace": "doc",
        }))
    };
    json!({ "name": "Docs", "namespaces": [{ "name": "doc", "relationDefinitions": [
        { "name": "owner" },
        { "name": "viewer", "complexDefinition": { "nType": "union", "children": [
            child(json!({ "neType": "self" })),
            { "nType": "intersect", "children": [
                child(json!({
                    "neType": "targetSet", "targetRelationDefinition": "owner",
                    "targetRelationDefinitionNamespace": "doc",
                })),
                follow("relationRight", "parent", "viewer"),
            ] },
            { "nType": "sub", "children": [follow("relationLeft", "a", "b")] },
        ] } },
        { "name": "reader", "complexDefinition": follow("relationRight", "parent", "reader") },
    ] }] })
}

#[test]
fn schemas() {
    let body = json!({ "schema": schema_json(), "upgrade": true });
    sends("POST /v1/mgmt/authz/schema/save", MANAGEMENT, body, &json!({}), |c| {
        c.mgmt().authz().replace_schema(&schema())
    });
    let answer = json!({ "schema": schema_json() });
    let line = "POST /v1/mgmt/authz/schema/load";
    let loaded = sends(line, MANAGEMENT, json!(null), &answer, |c| c.mgmt().authz().load_schema());
    assert_eq!(loaded, schema());
    let line = "POST /v1/mgmt/authz/schema/delete";
    sends(line, MANAGEMENT, json!(null), &json!({}), |c| c.mgmt().authz().delete_schema());
    let options = SaveOptions::default().old_name("old").schema_name("Docs");
    let namespace = &schema_json()["namespaces"][0];
    let body = json!({ "namespace": namespace, "oldName": "old", "schemaName": "Docs" });
    sends("POST /v1/mgmt/authz/ns/save", MANAGEMENT, body, &json!({}), |c| {
        c.mgmt().authz().save_namespace(&schema().namespaces[0], &options)
    });
    for (at, definition) in schema().namespaces[0].relation_definitions.iter().enumerate() {
        let body = json!({
            "namespace": "doc", "relationDefinition": namespace["relationDefinitions"][at],
            "oldName": "old", "schemaName": "Docs",
        });
        sends("POST /v1/mgmt/authz/rd/save", MANAGEMENT, body, &json!({}), |c| {
            c.mgmt().authz().save_relation_definition("doc", definition, &options)
        });
    }
    let options = DeleteOptions::default().schema_name("Docs");
    let body = json!({ "name": "doc", "schemaName": "Docs" });
    sends("POST /v1/mgmt/authz/ns/delete", MANAGEMENT, body, &json!({}), |c| {
        c.mgmt().authz().delete_namespace("doc", &options)
    });
    let body = json!({ "name": "owner", "namespace": "doc", "schemaName": "Docs" });
    sends("POST /v1/mgmt/authz/rd/delete", MANAGEMENT, body, &json!({}), |c| {
        c.mgmt().authz().delete_relation_definition("doc", "owner", &options)
    });
    every_field_of([
        "POST /v1/mgmt/authz/ns/delete",
        "POST /v1/mgmt/authz/ns/save",
        "POST /v1/mgmt/authz/rd/delete",
        "POST /v1/mgmt/authz/rd/save",
        "POST /v1/mgmt/authz/schema/delete",
        "POST /v1/mgmt/authz/schema/load",
        "POST /v1/mgmt/authz/schema/save",
    ]);
}

#[test]
fn the_statuses_of_a_query_have_two_names() {
    for name in ["userStatus", "statuses"] {
        let relation = json!({ "resource": "plan", "query": { name: ["disabled"] } });
        let answer = json!({ "relations": [relation] });
        let found = exchange(&answer, |c| {
            c.mgmt().authz().load_resource_relations("plan", &ResourceRelations::default())
        });
        let target = found.0.unwrap().remove(0).target;
        let expected = UserQuery::default().statuses([UserStatus::Disabled]);
        assert_eq!(target, Target::Users(expected));
    }
}

#[test]
fn relations_to_each_kind_of_target() {
    let users = UserQuery::default()
        .tenants(["acme"])
        .roles(["Pilot"])
        .text("a")
        .statuses([UserStatus::Enabled])
        .sso_only(false)
        .with_test_users(true)
        .custom_attributes([("level", 3)]);
    let relations = [
        Relation::new("doc", "plan", "owner", "ada"),
        Relation::new("doc", "plan", "parent", "f1").target_namespace("folder"),
        Relation::to_target_set("doc", "plan", "viewer", TargetSet::new("org", "acme", "member")),
        Relation::to_users("doc", "plan", "viewer", users),
    ];
    let of = |relation: &str, rest: Value| {
        let mut made =
            json!({ "resource": "plan", "relationDefinition": relation, "namespace": "doc" });
        made.as_object_mut().unwrap().extend(rest.as_object().unwrap().clone());
        made
    };
    let body = json!({ "relations": [
        of("owner", json!({ "target": "ada" })),
        of("parent", json!({ "target": "f1", "targetNamespace": "folder" })),
        of("viewer", json!({
            "targetSetResource": "acme", "targetSetRelationDefinition": "member",
            "targetSetRelationDefinitionNamespace": "org",
        })),
        of("viewer", json!({ "query": {
            "tenants": ["acme"], "roles": ["Pilot"], "text": "a", "userStatus": ["enabled"],
            "ssoOnly": false, "withTestUser": true, "customAttributes": { "level": 3 },
        } })),
    ] });
    let line = "POST /v1/mgmt/authz/re/create";
    sends(line, MANAGEMENT, body.clone(), &json!({}), |c| {
        c.mgmt().authz().create_relations(&relations)
    });
    let line = "POST /v1/mgmt/authz/re/delete";
    sends(line, MANAGEMENT, body.clone(), &json!({}), |c| {
        c.mgmt().authz().delete_relations(&relations)
    });
    let resources = json!({ "resources": ["plan", "map"] });
    let line = "POST /v1/mgmt/authz/re/deleteresources";
    sends(line, MANAGEMENT, resources.clone(), &json!({}), |c| {
        c.mgmt().authz().delete_relations_for_resources(&["plan", "map"])
    });
    let line = "POST /v1/mgmt/authz/re/deleteresourcesrelations";
    sends(line, MANAGEMENT, resources, &json!({}), |c| {
        c.mgmt().authz().delete_resource_relations_for_resources(&["plan", "map"])
    });
    let asked = json!({ "resource": "plan", "ignoreTargetSetRelations": true });
    let found = sends("POST /v1/mgmt/authz/re/resource", MANAGEMENT, asked, &body, |c| {
        let options = ResourceRelations::default().ignore_target_set_relations(true);
        c.mgmt().authz().load_resource_relations("plan", &options)
    });
    assert_eq!(found, relations);
    let asked = json!({ "targets": ["ada"], "includeTargetSetRelations": true });
    let found = sends("POST /v1/mgmt/authz/re/targets", MANAGEMENT, asked, &body, |c| {
        let options = TargetsRelations::default().include_target_set_relations(true);
        c.mgmt().authz().load_targets_relations(&["ada"], &options)
    });
    assert_eq!(found, relations);
    every_field_of([
        "POST /v1/mgmt/authz/re/targets",
        "POST /v1/mgmt/authz/re/create",
        "POST /v1/mgmt/authz/re/delete",
        "POST /v1/mgmt/authz/re/deleteresources",
        "POST /v1/mgmt/authz/re/deleteresourcesrelations",
        "POST /v1/mgmt/authz/re/resource",
    ]);
}

#[test]
fn questions() {
    let query = RelationQuery::new("doc", "plan", "viewer", "ada");
    let of = |has: bool| {
        json!({ "relationQueries": [{
            "resource": "plan", "relationDefinition": "viewer", "namespace": "doc",
            "target": "ada", "hasRelation": has,
        }] })
    };
    let answer = of(true);
    let mut asked = of(true);
    asked["relationQueries"][0].as_object_mut().unwrap().remove("hasRelation");
    let answered = sends("POST /v1/mgmt/authz/re/has", MANAGEMENT, asked, &answer, |c| {
        c.mgmt().authz().has_relations(std::slice::from_ref(&query))
    });
    assert!(answered[0].has_relation);
    let options = AccessOptions::default().context([("ip", "10.0.0.1")]);
    let body = json!({
        "resource": "plan", "relationDefinition": "viewer", "namespace": "doc",
        "context": { "ip": "10.0.0.1" },
    });
    let answer = json!({ "targets": ["ada"] });
    let who = sends("POST /v1/mgmt/authz/re/who", MANAGEMENT, body, &answer, |c| {
        c.mgmt().authz().who_can_access("doc", "plan", "viewer", &options)
    });
    assert_eq!(who, ["ada"]);
    let body = json!({ "target": "ada", "context": { "ip": "10.0.0.1" } });
    let answer = json!({ "relations": [{ "resource": "plan", "relationDefinition": "viewer", "namespace": "doc", "target": "ada" }] });
    let what = sends("POST /v1/mgmt/authz/re/targetall", MANAGEMENT, body, &answer, |c| {
        c.mgmt().authz().what_can_target_access("ada", &options)
    });
    assert_eq!(what, [Relation::new("doc", "plan", "viewer", "ada")]);
    let body = json!({ "target": "ada", "relationDefinition": "viewer", "namespace": "doc" });
    let answer = json!({ "resources": ["plan"] });
    let line = "POST /v1/mgmt/authz/re/targetwithrelation";
    let what = sends(line, MANAGEMENT, body, &answer, |c| {
        c.mgmt().authz().what_can_target_access_with_relation("ada", "doc", "viewer")
    });
    assert_eq!(what, ["plan"]);
    let answer = json!({ "resources": ["plan"], "targets": ["ada"], "schemaChanged": true });
    let line = "POST /v1/mgmt/authz/getmodified";
    let body = json!({ "since": 1_700_000_000_123_i64 });
    let modified = sends(line, MANAGEMENT, body, &answer, |c| {
        c.mgmt().authz().load_modified(
            &ModifiedOptions::default().since(UnixMillis::from_millis(1_700_000_000_123)),
        )
    });
    assert!(
        modified.schema_changed && modified.resources == ["plan"] && modified.targets == ["ada"]
    );
    sends(line, MANAGEMENT, json!({}), &answer, |c| {
        c.mgmt().authz().load_modified(&Default::default())
    });
    every_field_of([
        "POST /v1/mgmt/authz/getmodified",
        "POST /v1/mgmt/authz/re/targetwithrelation",
        "POST /v1/mgmt/authz/re/has",
        "POST /v1/mgmt/authz/re/targetall",
        "POST /v1/mgmt/authz/re/who",
    ]);
}

#[test]
fn bad_input_is_refused_before_a_request() {
    let nameless = Namespace::new("", []);
    let hollow = Namespace::new("doc", [RelationDefinition::new("")]);
    let (save, delete, access) =
        (SaveOptions::default(), DeleteOptions::default(), AccessOptions::default());
    refuses("namespace", |c| c.mgmt().authz().save_schema(&Schema::new([nameless.clone()])));
    refuses("relation_definition", |c| c.mgmt().authz().save_namespace(&hollow, &save));
    refuses("namespace", |c| c.mgmt().authz().save_namespace(&nameless, &save));
    refuses("name", |c| c.mgmt().authz().delete_namespace("", &delete));
    let owner = RelationDefinition::new("owner");
    refuses("namespace", |c| c.mgmt().authz().save_relation_definition("", &owner, &save));
    let none = RelationDefinition::new("");
    refuses("relation_definition", |c| {
        c.mgmt().authz().save_relation_definition("doc", &none, &save)
    });
    refuses("name", |c| c.mgmt().authz().delete_relation_definition("doc", "", &delete));
    refuses("namespace", |c| c.mgmt().authz().delete_relation_definition("", "owner", &delete));
    for (argument, relation) in [
        ("namespace", Relation::new("", "plan", "owner", "ada")),
        ("resource", Relation::new("doc", "", "owner", "ada")),
        ("relation_definition", Relation::new("doc", "plan", "", "ada")),
        ("target", Relation::new("doc", "plan", "owner", "")),
        ("target_namespace", Relation::new("doc", "plan", "owner", "f1").target_namespace("")),
        (
            "target_set",
            Relation::to_target_set("doc", "plan", "viewer", TargetSet::new("org", "", "member")),
        ),
    ] {
        let relations = [relation];
        refuses(argument, |c| c.mgmt().authz().create_relations(&relations));
        refuses(argument, |c| c.mgmt().authz().delete_relations(&relations));
    }
    refuses("relations", |c| c.mgmt().authz().delete_relations(&[]));
    refuses("resources", |c| c.mgmt().authz().delete_relations_for_resources(&[""]));
    refuses("resources", |c| c.mgmt().authz().delete_resource_relations_for_resources(&[""]));
    let query = RelationQuery::new("doc", "plan", "viewer", "");
    refuses("target", |c| c.mgmt().authz().has_relations(std::slice::from_ref(&query)));
    refuses("resource", |c| c.mgmt().authz().who_can_access("doc", "", "viewer", &access));
    refuses("namespace", |c| c.mgmt().authz().who_can_access("", "plan", "viewer", &access));
    refuses("resource", |c| {
        c.mgmt().authz().load_resource_relations("", &ResourceRelations::default())
    });
    refuses("targets", |c| {
        c.mgmt().authz().load_targets_relations(&[""], &TargetsRelations::default())
    });
    refuses("target", |c| c.mgmt().authz().what_can_target_access("", &access));
    refuses("target", |c| {
        c.mgmt().authz().what_can_target_access_with_relation("", "doc", "viewer")
    });
    refusals_of([
        ("POST /v1/mgmt/authz/ns/delete", "name"),
        ("POST /v1/mgmt/authz/ns/save", "namespace relation_definition"),
        ("POST /v1/mgmt/authz/rd/delete", "name namespace"),
        ("POST /v1/mgmt/authz/rd/save", "namespace relation_definition"),
        (
            "POST /v1/mgmt/authz/re/create",
            "namespace relation_definition resource target target_namespace target_set",
        ),
        (
            "POST /v1/mgmt/authz/re/delete",
            "namespace relation_definition relations resource target target_namespace target_set",
        ),
        ("POST /v1/mgmt/authz/re/deleteresources", "resources"),
        ("POST /v1/mgmt/authz/re/deleteresourcesrelations", "resources"),
        ("POST /v1/mgmt/authz/re/has", "target"),
        ("POST /v1/mgmt/authz/re/resource", "resource"),
        ("POST /v1/mgmt/authz/re/targetall", "target"),
        ("POST /v1/mgmt/authz/re/targets", "targets"),
        ("POST /v1/mgmt/authz/re/targetwithrelation", "target"),
        ("POST /v1/mgmt/authz/re/who", "namespace resource"),
        ("POST /v1/mgmt/authz/schema/save", "namespace"),
    ]);
}

#[test]
fn life_of_a_schema_and_its_relations() {
    let emulator = Emulator::new();
    let client = Client::builder().emulator(&emulator).build().unwrap();
    let authz = client.mgmt().authz();
    let viewer = Node::union([
        Node::child(Expression::own()),
        Node::child(Expression::target_set("note", "owner")),
    ]);
    let definitions =
        [RelationDefinition::new("owner"), RelationDefinition::new("viewer").complex(viewer)];
    authz.save_schema(&Schema::new([Namespace::new("note", definitions)]).name("Notes")).unwrap();
    let names = || {
        let schema = authz.load_schema().unwrap();
        schema.namespaces.into_iter().map(|of| of.name).collect::<Vec<_>>()
    };
    authz
        .save_namespace(
            &Namespace::new("box", [RelationDefinition::new("key")]),
            &SaveOptions::default(),
        )
        .unwrap();
    assert_eq!(names(), ["note", "box"]);
    authz
        .save_relation_definition("box", &RelationDefinition::new("lid"), &SaveOptions::default())
        .unwrap();
    assert_eq!(authz.load_schema().unwrap().namespaces[1].relation_definitions.len(), 2);
    authz.delete_relation_definition("box", "lid", &DeleteOptions::default()).unwrap();
    assert_eq!(authz.load_schema().unwrap().namespaces[1].relation_definitions.len(), 1);
    authz.delete_namespace("box", &DeleteOptions::default()).unwrap();
    assert_eq!(names(), ["note"]);

    let bob = Relation::new("note", "diary", "viewer", "bob");
    authz.create_relations(&[Relation::new("note", "diary", "owner", "ada"), bob.clone()]).unwrap();
    let has = || {
        let asked =
            ["ada", "bob", "eve"].map(|who| RelationQuery::new("note", "diary", "viewer", who));
        let answers = authz.has_relations(&asked).unwrap();
        answers.into_iter().map(|of| of.has_relation).collect::<Vec<_>>()
    };
    assert_eq!(has(), [true, true, false]);
    let mut who =
        authz.who_can_access("note", "diary", "viewer", &AccessOptions::default()).unwrap();
    who.sort();
    assert_eq!(who, ["ada", "bob"]);
    let diary = authz.load_resource_relations("diary", &ResourceRelations::default()).unwrap();
    assert_eq!(diary.len(), 2);
    let adas = authz.load_targets_relations(&["ada"], &TargetsRelations::default()).unwrap();
    assert_eq!(adas, [Relation::new("note", "diary", "owner", "ada")]);
    assert_eq!(
        authz.what_can_target_access_with_relation("ada", "note", "viewer").unwrap(),
        ["diary"]
    );
    assert!(
        authz.load_modified(&Default::default()).unwrap().resources.contains(&"diary".to_owned())
    );
    authz.delete_relations(&[bob]).unwrap();
    assert_eq!(has(), [true, false, false]);
    let mut what = authz.what_can_target_access("ada", &AccessOptions::default()).unwrap();
    what.sort_by(|a, b| a.relation_definition.cmp(&b.relation_definition));
    let expected = ["owner", "viewer"].map(|of| Relation::new("note", "diary", of, "ada"));
    assert_eq!(what, expected, "what follows from the other too");
    authz.delete_relations_for_resources(&["diary"]).unwrap();
    assert_eq!(has(), [false; 3]);
    let notes = ["diary", "list"].map(|note| Relation::new("note", note, "owner", "ada"));
    authz.create_relations(&notes).unwrap();
    authz.delete_resource_relations_for_resources(&["diary"]).unwrap();
    let left = authz.load_targets_relations(&["ada"], &TargetsRelations::default()).unwrap();
    assert_eq!(left, [Relation::new("note", "list", "owner", "ada")]);
    authz.delete_schema().unwrap();
    assert!(authz.load_schema().map_or(true, |schema| schema.namespaces.is_empty()));
}
