//! Flows, theme, project: requests, and their life on the emulator.

use descope::Client;
use descope::emulator::Emulator;
use descope::mgmt::flow::FlowRun;
use descope::mgmt::project::{
    CloneProject, Environment, ExportSnapshot, ImportSnapshot, SnapshotSecret, SnapshotSecrets,
};
use descope::mgmt::user::NewUser;
use serde_json::{Value, json};

use crate::inventory::{every_field_of, refusals_of};
use crate::support::{MANAGEMENT, exchange, refuses, sends};

#[test]
fn flows_and_theme() {
    let answer = json!({ "total": 1, "flows": [{ "id": "f", "name": "F", "description": "D", "disabled": true, "dsl": { "steps": [null] }, "etag": "v7" }] });
    let line = "POST /v1/mgmt/flow/list";
    let list = sends(line, MANAGEMENT, json!(null), &answer, |c| c.mgmt().flow().load_all());
    assert_eq!((list.total, &*list.flows[0].id, list.flows[0].disabled), (Some(1), "f", true));
    assert_eq!(list.flows[0].dsl, json!({ "steps": [null] }));
    assert_eq!(list.flows[0].etag.as_deref(), Some("v7"));
    let line = "POST /v1/mgmt/flow/delete";
    sends(line, MANAGEMENT, json!({ "ids": ["f", "g"] }), &json!({}), |c| {
        c.mgmt().flow().delete_batch(&["f", "g"])
    });
    let flow = json!({
        "id": "f", "name": "F", "description": "D", "dsl": { "null": null }, "disabled": false,
        "etag": "e",
    });
    let screen = json!({
        "id": "s", "flowId": "f", "inputs": [1], "interactions": [2], "htmlTemplate": { "k": [null] },
    });
    let answer = json!({ "flow": flow, "screens": [screen] });
    let line = "POST /v1/mgmt/flow/export";
    let made =
        sends(line, MANAGEMENT, json!({ "flowId": "f" }), &answer, |c| c.mgmt().flow().export("f"));
    assert_eq!(made.flow["id"], "f");
    let body = json!({ "flowId": "f", "flow": flow, "screens": [screen] });
    sends("POST /v1/mgmt/flow/import", MANAGEMENT, body, &answer, |c| {
        c.mgmt().flow().import("f", &flow, std::slice::from_ref(&screen))
    });
    let run = FlowRun::default().input([("k", 1)]).preview(true).tenant("acme");
    let body = json!({ "flowId": "f", "options": { "input": { "k": 1 }, "preview": true, "tenant": "acme" } });
    let answer = json!({ "output": { "done": true } });
    let done = sends("POST /v1/mgmt/flow/run", MANAGEMENT, body, &answer, |c| {
        c.mgmt().flow().run("f", &run)
    });
    assert_eq!(done, json!({ "done": true }));
    let body = json!({ "flowId": "f", "options": { "input": { "k": 1 }, "preview": true, "tenant": "acme" } });
    let line = "POST /v1/mgmt/flow/async/run";
    let started = sends(line, MANAGEMENT, body, &json!({ "executionId": "E1" }), |c| {
        c.mgmt().flow().run_async("f", &run)
    });
    assert_eq!(started, "E1");
    let line = "POST /v1/mgmt/flow/async/result";
    let done = sends(line, MANAGEMENT, json!({ "executionId": "E1" }), &answer, |c| {
        c.mgmt().flow().load_async_result("E1")
    });
    assert_eq!(done, json!({ "done": true }));

    for nothing in [json!({}), json!({ "output": null })] {
        let run = exchange(&nothing, |c| c.mgmt().flow().run("f", &FlowRun::default()));
        let done = exchange(&nothing, |c| c.mgmt().flow().load_async_result("E1"));
        assert_eq!((run.0.unwrap(), done.0.unwrap()), (Value::Null, Value::Null));
    }

    let exported = json!({ "flowId": "f", "dsl": { "null": null } });
    let answer = json!({ "flow": exported });
    let line = "POST /v2/mgmt/flow/export";
    let whole = sends(line, MANAGEMENT, json!({ "flowId": "f" }), &answer, |c| {
        c.mgmt().flow().export_v2("f")
    });
    assert_eq!(whole, exported);
    let body = json!({ "flow": { "flowId": "g", "dsl": { "null": null } } });
    sends("POST /v2/mgmt/flow/import", MANAGEMENT, body, &json!({}), |c| {
        c.mgmt().flow().import_v2("g", &exported)
    });

    let theme = json!({ "id": "t", "cssTemplate": {} });
    let answer = json!({ "theme": theme });
    let line = "POST /v1/mgmt/theme/export";
    assert_eq!(sends(line, MANAGEMENT, json!({}), &answer, |c| c.mgmt().theme().export()), theme);
    let line = "POST /v1/mgmt/theme/import";
    sends(line, MANAGEMENT, answer.clone(), &answer, |c| c.mgmt().theme().import(&theme));
    let line = "POST /v2/mgmt/theme/export";
    let whole = sends(line, MANAGEMENT, json!(null), &answer, |c| c.mgmt().theme().export_v2());
    assert_eq!(whole, theme);
    let line = "POST /v2/mgmt/theme/import";
    sends(line, MANAGEMENT, answer, &json!({}), |c| c.mgmt().theme().import_v2(&theme));
    every_field_of([
        "POST /v1/mgmt/flow/async/result",
        "POST /v1/mgmt/flow/async/run",
        "POST /v1/mgmt/flow/delete",
        "POST /v1/mgmt/flow/export",
        "POST /v1/mgmt/flow/import",
        "POST /v1/mgmt/flow/list",
        "POST /v1/mgmt/flow/run",
        "POST /v1/mgmt/theme/export",
        "POST /v1/mgmt/theme/import",
        "POST /v2/mgmt/flow/export",
        "POST /v2/mgmt/flow/import",
        "POST /v2/mgmt/theme/export",
        "POST /v2/mgmt/theme/import",
    ]);
}

fn secrets() -> SnapshotSecrets {
    let secret = |id: &str| SnapshotSecret::new(id, "Name", "kind").value("canary");
    SnapshotSecrets::default()
        .connectors([secret("c")])
        .oauth_providers([secret("o")])
        .outbound_apps([secret("a")])
        .external_auth([secret("e")])
}

fn secrets_json() -> Value {
    let secret = |id: &str| json!({ "id": id, "name": "Name", "type": "kind", "value": "canary" });
    json!({
        "connectors": [secret("c")], "oauthProviders": [secret("o")], "outboundApps": [secret("a")],
        "externalAuth": [secret("e")],
    })
}

#[test]
fn project_with_every_field() {
    let none = &json!({});
    sends("POST /v1/mgmt/project/update/name", MANAGEMENT, json!({ "name": "N" }), none, |c| {
        c.mgmt().project().update_name("N")
    });
    sends("POST /v1/mgmt/project/update/tags", MANAGEMENT, json!({ "tags": ["a"] }), none, |c| {
        c.mgmt().project().update_tags(&["a"])
    });
    let answer = json!({ "projects": [{ "id": "P", "name": "N", "environment": "production", "tags": ["a"] }] });
    let line = "POST /v1/mgmt/projects/list";
    let projects = sends(line, MANAGEMENT, json!({}), &answer, |c| c.mgmt().project().load_all());
    assert_eq!((&*projects[0].id, &projects[0].environment), ("P", &Environment::Production));
    let options = CloneProject::default().environment(Environment::Production).tags(["a"]);
    let body = json!({ "name": "N", "environment": "production", "tags": ["a"] });
    let answer =
        json!({ "projectId": "P2", "projectName": "N", "environment": "new", "tags": ["a"] });
    let made = sends("POST /v1/mgmt/project/clone", MANAGEMENT, body, &answer, |c| {
        c.mgmt().project().clone_project("N", &options)
    });
    assert_eq!(
        (&*made.project_id, &made.environment),
        ("P2", &Environment::Other("new".to_owned()))
    );
    let files = json!({ "a.json": { "k": 1 } });
    let answer = json!({ "files": files });
    let line = "POST /v1/mgmt/project/export";
    assert_eq!(sends(line, MANAGEMENT, json!({}), &answer, |c| c.mgmt().project().export()), files);
    let line = "POST /v1/mgmt/project/import";
    sends(line, MANAGEMENT, answer.clone(), none, |c| c.mgmt().project().import(&files));
    let line = "POST /v1/mgmt/project/snapshot/export";
    let snapshot = sends(line, MANAGEMENT, json!({ "format": "json" }), &answer, |c| {
        c.mgmt().project().export_snapshot(&ExportSnapshot::default().format("json"))
    });
    assert_eq!(snapshot, files);
    let body = json!({ "files": files, "inputSecrets": secrets_json(), "excludes": ["x"] });
    sends("POST /v1/mgmt/project/snapshot/import", MANAGEMENT, body, none, |c| {
        let options = ImportSnapshot::default().secrets(secrets()).excludes(["x"]);
        c.mgmt().project().import_snapshot(&files, &options)
    });
    let body = json!({ "files": files, "inputSecrets": secrets_json() });
    let answer = json!({ "ok": false, "failures": ["f"] });
    let line = "POST /v1/mgmt/project/snapshot/validate";
    let validation = sends(line, MANAGEMENT, body, &answer, |c| {
        c.mgmt().project().validate_snapshot(&files, &secrets())
    });
    assert!(!validation.ok && validation.failures == ["f"]);
    assert!(!format!("{:?}", secrets()).contains("canary"));
    sends("POST /v1/mgmt/project/delete", MANAGEMENT, json!({}), none, |c| {
        c.mgmt().project().delete()
    });
    every_field_of([
        "POST /v1/mgmt/project/clone",
        "POST /v1/mgmt/project/delete",
        "POST /v1/mgmt/project/export",
        "POST /v1/mgmt/project/import",
        "POST /v1/mgmt/project/snapshot/export",
        "POST /v1/mgmt/project/snapshot/import",
        "POST /v1/mgmt/project/snapshot/validate",
        "POST /v1/mgmt/project/update/name",
        "POST /v1/mgmt/project/update/tags",
        "POST /v1/mgmt/projects/list",
    ]);
}

#[test]
fn bad_input_is_refused_before_a_request() {
    refuses("flow_ids", |c| c.mgmt().flow().delete_batch(&["f", ""]));
    refuses("flow_id", |c| c.mgmt().flow().export(""));
    refuses("flow_id", |c| c.mgmt().flow().import("", &json!({}), &[]));
    refuses("flow", |c| c.mgmt().flow().import("f", &json!([]), &[]));
    refuses("screens", |c| c.mgmt().flow().import("f", &json!({}), &[json!([])]));
    refuses("flow_id", |c| c.mgmt().flow().export_v2(""));
    refuses("flow_id", |c| c.mgmt().flow().import_v2("", &json!({})));
    refuses("flow", |c| c.mgmt().flow().import_v2("f", &json!([])));
    refuses("flow_id", |c| c.mgmt().flow().run("", &FlowRun::default()));
    refuses("flow_id", |c| c.mgmt().flow().run_async("", &FlowRun::default()));
    refuses("execution_id", |c| c.mgmt().flow().load_async_result(""));
    refuses("theme", |c| c.mgmt().theme().import(&json!("x")));
    refuses("theme", |c| c.mgmt().theme().import_v2(&json!([])));
    refuses("name", |c| c.mgmt().project().update_name(""));
    refuses("tags", |c| c.mgmt().project().update_tags(&[""]));
    refuses("name", |c| c.mgmt().project().clone_project("", &CloneProject::default()));
    refuses("files", |c| c.mgmt().project().import(&json!(7)));
    refuses("files", |c| {
        c.mgmt().project().import_snapshot(&json!([]), &ImportSnapshot::default())
    });
    refuses("files", |c| {
        c.mgmt().project().validate_snapshot(&json!(null), &SnapshotSecrets::default())
    });
    refusals_of([
        ("POST /v1/mgmt/flow/async/result", "execution_id"),
        ("POST /v1/mgmt/flow/async/run", "flow_id"),
        ("POST /v1/mgmt/flow/delete", "flow_ids"),
        ("POST /v1/mgmt/flow/export", "flow_id"),
        ("POST /v1/mgmt/flow/import", "flow flow_id screens"),
        ("POST /v1/mgmt/flow/run", "flow_id"),
        ("POST /v1/mgmt/project/clone", "name"),
        ("POST /v1/mgmt/project/import", "files"),
        ("POST /v1/mgmt/project/snapshot/import", "files"),
        ("POST /v1/mgmt/project/snapshot/validate", "files"),
        ("POST /v1/mgmt/project/update/name", "name"),
        ("POST /v1/mgmt/project/update/tags", "tags"),
        ("POST /v1/mgmt/theme/import", "theme"),
        ("POST /v2/mgmt/flow/export", "flow_id"),
        ("POST /v2/mgmt/flow/import", "flow flow_id"),
        ("POST /v2/mgmt/theme/import", "theme"),
    ]);
}

#[test]
fn life_of_a_project() {
    let emulator = Emulator::new();
    let client = Client::builder().emulator(&emulator).build().unwrap();
    let (flow, theme, project) =
        (client.mgmt().flow(), client.mgmt().theme(), client.mgmt().project());
    let exported = flow.export("sign-up-or-in").unwrap();
    let before = flow.load_all().unwrap().total.unwrap();
    flow.import("copy", &exported.flow, &exported.screens).unwrap();
    assert_eq!(flow.load_all().unwrap().total, Some(before + 1));
    flow.delete_batch(&["copy"]).unwrap();
    assert_eq!(flow.load_all().unwrap().total, Some(before));
    assert!(flow.export("copy").unwrap_err().is_not_found());
    let new = theme.import(&json!({ "cssTemplate": { "light": { "a": 1 } } })).unwrap();
    assert_eq!(new, json!({ "cssTemplate": { "light": { "a": 1 } }, "version": 2 }));
    assert_eq!(theme.export().unwrap(), new);

    project.update_name("Engine").unwrap();
    project.update_tags(&["a", "b"]).unwrap();
    let all = project.load_all().unwrap();
    assert_eq!((&*all[0].name, &*all[0].tags), ("Engine", &["a".to_owned(), "b".to_owned()][..]));
    let copy = project.clone_project("Copy", &CloneProject::default()).unwrap();
    assert_eq!(project.load_all().unwrap().len(), 2);
    assert_ne!(copy.project_id, all[0].id);
    let files = project.export().unwrap();
    project.update_name("Other").unwrap();
    theme.import(&json!({})).unwrap();
    project.import(&files).unwrap();
    assert_eq!(project.load_all().unwrap()[0].name, "Engine");
    assert_eq!(theme.export().unwrap(), new);

    let whole = flow.export_v2("sign-up-or-in").unwrap();
    assert_eq!(whole["flowId"], "sign-up-or-in");
    flow.import_v2("second", &whole).unwrap();
    let second = flow.export_v2("second").unwrap();
    assert_eq!((&second["flowId"], &second["name"]), (&json!("second"), &whole["name"]));
    assert_eq!(flow.export("second").unwrap().flow["name"], whole["name"]);
    let newer = json!({ "cssTemplate": { "dark": {} } });
    theme.import_v2(&newer).unwrap();
    for theme in [theme.export_v2().unwrap(), theme.export().unwrap()] {
        assert_eq!(theme["cssTemplate"], newer["cssTemplate"]);
    }
}

#[test]
fn a_snapshot_is_checked_and_taken_back_in_part() {
    let emulator = Emulator::new();
    let client = Client::builder().emulator(&emulator).build().unwrap();
    let (flow, theme, project) =
        (client.mgmt().flow(), client.mgmt().theme(), client.mgmt().project());
    let light = theme.import(&json!({ "cssTemplate": { "light": { "a": 1 } } })).unwrap();
    let before = flow.load_all().unwrap().total;
    let files = project.export_snapshot(&ExportSnapshot::default()).unwrap();
    let secrets = SnapshotSecrets::default();
    assert!(project.validate_snapshot(&files, &secrets).unwrap().ok);
    let mut broken = files.clone();
    broken["theme.json"] = json!("no theme");
    let found = project.validate_snapshot(&broken, &secrets).unwrap();
    assert!(!found.ok && found.failures[0].contains("theme.json"), "{found:?}");

    flow.delete_batch(&["sign-up-or-in"]).unwrap();
    theme.import(&json!({})).unwrap();
    project.import_snapshot(&files, &ImportSnapshot::default().excludes(["theme"])).unwrap();
    assert_eq!(flow.load_all().unwrap().total, before);
    assert_eq!(theme.export().unwrap().get("cssTemplate"), None, "it was left out");
    project.import_snapshot(&files, &ImportSnapshot::default()).unwrap();
    assert_eq!(theme.export().unwrap(), light);
    let mut more = files.clone();
    more["locales/de.json"] = json!({ "hello": "hallo" });
    project.import_snapshot(&more, &ImportSnapshot::default()).unwrap();
    let all = ImportSnapshot::default().excludes(["flows", "theme", "locales"]);
    project.import_snapshot(&files, &all).unwrap();
    let left = project.export_snapshot(&ExportSnapshot::default()).unwrap();
    assert_eq!(left, more, "what was left out is as it was");

    client.mgmt().user().create("ada", &NewUser::default()).unwrap();
    project.delete().unwrap();
    assert!(client.mgmt().user().load("ada").unwrap_err().is_not_found());
    assert_eq!(theme.export().unwrap(), json!({}));
}

#[test]
fn a_secret_that_is_missing_is_sent_once_it_is_filled_in() {
    let answer = json!({ "id": "c1", "name": "n", "type": "password", "value": "" });
    let missing: SnapshotSecret = serde_json::from_value(answer.clone()).unwrap();
    assert!(missing.value.is_none() && missing.extra.is_empty());
    let mut filled = answer;
    filled["value"] = json!("s3cret");
    assert_eq!(serde_json::to_value(missing.value("s3cret")).unwrap(), filled);
}
