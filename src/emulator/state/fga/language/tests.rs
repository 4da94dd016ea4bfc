//! Schemas that nobody writes, but somebody may send.

use serde_json::{Value, json};

use crate::emulator::Emulator;
use crate::emulator::testing::refused;

const HEAD: &str = "model AuthZ 1.0\ntype user\n";

fn save(emulator: &Emulator, dsl: &str) -> (u16, Value) {
    let key = emulator.management_key();
    emulator.send("POST", "/v1/mgmt/fga/schema", key, &json!({ "dsl": dsl }))
}

/// Asserts that a schema is refused because of this line.
#[track_caller]
fn wrong(dsl: &str, line: usize) {
    let answer = save(&Emulator::new(), dsl);
    let message = answer.1["errorMessage"].as_str().unwrap_or_default().to_owned();
    refused(answer, 400, "E011004");
    assert!(
        message.starts_with(&format!("Line {line}: ")),
        "{}",
        &message[..message.len().min(200)]
    );
}

#[test]
fn parentheses_can_only_be_so_deep() {
    let nested = |depth| {
        let (open, close) = ("(".repeat(depth), ")".repeat(depth));
        format!("{HEAD}type doc\nrelation viewer: {open}user{close}\n")
    };
    assert_eq!(save(&Emulator::new(), &nested(63)).0, 200);
    for depth in [64, 10_000, 1_000_000] {
        wrong(&nested(depth), 4);
    }
    wrong(&format!("{HEAD}type doc\n\nrelation viewer: {}", "(\n".repeat(10_000)), 5 + 64);
    wrong(&format!("{HEAD}type doc\nrelation viewer: {}", "(user | ".repeat(10_000)), 4);
    wrong(&format!("{HEAD}type doc\nrelation viewer: user {}", ")".repeat(10_000)), 4);
}

#[test]
fn trees_of_nodes_can_only_be_so_deep() {
    let emulator = Emulator::new();
    let mut tree = r#"{"nType":"child","expression":{"neType":"self"}}"#.to_owned();
    for _ in 0..10_000 {
        tree = format!(r#"{{"nType":"union","children":[{tree}]}}"#);
    }
    let body = format!(
        r#"{{"schema":{{"namespaces":[{{"name":"doc","relationDefinitions":[
            {{"name":"viewer","complexDefinition":{tree}}}]}}]}}}}"#
    );
    let bearer = format!("Bearer {}:{}", emulator.project_id(), emulator.management_key());
    let request = crate::transport::http::Request::post("/v1/mgmt/authz/schema/save")
        .header("authorization", bearer)
        .body(body.into_bytes());
    let answer = crate::emulator::testing::read(&emulator.handle(request.unwrap()));
    refused(answer, 400, "E011001");
}

#[test]
fn names_and_lines_can_be_long() {
    let emulator = Emulator::new();
    let long = "n".repeat(1_000_000);
    let dsl = format!("{HEAD}type {long} relation {long}: user permission see: {long}");
    assert_eq!(save(&emulator, &dsl).0, 200);
    let tuple = json!({
        "resourceType": long, "resource": long, "relation": long, "targetType": "user", "target": long,
    });
    emulator.manage("/v1/mgmt/fga/relations", &json!({ "tuples": [tuple] }));
    let answer = emulator.manage("/v1/mgmt/fga/check", &json!({ "tuples": [tuple] }));
    assert_eq!(answer["tuples"][0]["allowed"], true);

    let wide = format!("{HEAD}type doc relation viewer: user{}", " | user".repeat(100_000));
    assert_eq!(save(&emulator, &wide).0, 200);
    wrong(&format!("{wide} | {long}"), 3);
    wrong(&format!("{HEAD}{}type doc relation viewer: nobody", "\n".repeat(100_000)), 100_003);
    wrong(&format!("{HEAD}type doc relation viewer: {}", "user - ".repeat(100_000)), 3);
}

#[test]
fn there_can_be_many_types() {
    let emulator = Emulator::new();
    let folder = |at: usize| {
        format!("type t{at} relation parent: t{} permission member: parent.member\n", at - 1)
    };
    let folders: String = (1..=10_000).map(folder).collect();
    let dsl = format!("{HEAD}type t0 relation member: user\n{folders}");
    assert_eq!(save(&emulator, &dsl).0, 200);
    let tuple = |of: &str, relation: &str, target_type: &str, target: &str| {
        json!({
            "resourceType": of, "resource": "x", "relation": relation, "targetType": target_type,
            "target": target,
        })
    };
    let parent = |at: usize| tuple(&format!("t{at}"), "parent", &format!("t{}", at - 1), "x");
    let mut tuples: Vec<_> = (1..=500).map(parent).collect();
    tuples.push(tuple("t0", "member", "user", "ada"));
    emulator.manage("/v1/mgmt/fga/relations", &json!({ "tuples": tuples }));
    let asked = ["ada", "al"].map(|user| tuple("t500", "member", "user", user));
    let answer = emulator.manage("/v1/mgmt/fga/check", &json!({ "tuples": asked }));
    let allowed = [0, 1].map(|at| answer["tuples"][at]["allowed"].clone());
    assert_eq!(allowed, [json!(true), json!(false)]);
    assert_eq!(answer["tuples"][0]["info"]["direct"], false);
    wrong(&format!("{dsl}type t5000"), 10_004);
}

#[test]
fn relations_can_follow_from_each_other_in_a_long_row() {
    // In the order in which each mentions what comes after it, too.
    for backwards in [false, true] {
        let emulator = Emulator::new();
        let mut rules: Vec<_> =
            (1..=5_000).map(|at| format!("permission r{at}: r{}\n", at - 1)).collect();
        if backwards {
            rules.reverse();
        }
        let rules = rules.concat();
        let group = "type group relation member: user";
        let dsl = format!("{HEAD}{group} type doc relation r0: user | group#member\n{rules}");
        assert_eq!(save(&emulator, &dsl).0, 200);
        let tuple = |relation: &str| {
            json!({
                "resourceType": "doc", "resource": "x", "relation": relation,
                "targetType": "user", "target": "ada",
            })
        };
        emulator.manage("/v1/mgmt/fga/relations", &json!({ "tuples": [tuple("r0")] }));
        let answer = emulator.manage("/v1/mgmt/fga/check", &json!({ "tuples": [tuple("r5000")] }));
        assert_eq!(answer["tuples"][0]["allowed"], true);
        assert_eq!(answer["tuples"][0]["info"]["direct"], true);
    }
}
