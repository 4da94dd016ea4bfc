//! Lists of addresses, texts or JSON.

use descope::mgmt::list::{List, ListData, ListImport, ListKind, ListOptions, Matching};
use serde_json::{Value, json};

use crate::emulated::{refused, start};
use crate::inventory::{every_field_of, refusals_of};
use crate::support::{MANAGEMENT, refuses, sends};

fn list() -> Value {
    json!({
        "id": "L1", "name": "office", "description": "d", "type": "ips",
        "data": ["192.0.2.1", "10.0.0.0/8"], "shoeSize": 42,
    })
}

fn is_the_office(office: &List) {
    assert_eq!((&*office.id, &*office.name), ("L1", "office"));
    assert_eq!((office.description.as_deref(), &office.extra["shoeSize"]), (Some("d"), &json!(42)));
    assert_eq!(office.kind, Some(ListKind::Ips));
    assert_eq!(office.data(), Some(ListData::ips(["192.0.2.1", "10.0.0.0/8"])));
    let written = serde_json::to_value(office).unwrap();
    assert_eq!(written, list());
    assert_eq!(serde_json::from_value::<List>(written).unwrap(), *office);
}

#[test]
fn create_and_update_with_data_of_every_kind() {
    let answer = json!({ "list": list() });
    let options = ListOptions::default().description("d");
    for (data, kind, json) in [
        (ListData::texts(["a", "b"]), "texts", json!(["a", "b"])),
        (ListData::ips(["192.0.2.1", "10.0.0.0/8"]), "ips", json!(["192.0.2.1", "10.0.0.0/8"])),
        (ListData::texts([""; 0]), "texts", json!([])),
        (ListData::Json(json!({ "a": [1, null] })), "json", json!({ "a": [1, null] })),
    ] {
        let mut body = json!({ "name": "office", "type": kind, "data": json, "description": "d" });
        let created = sends("POST /v1/mgmt/list", MANAGEMENT, body.clone(), &answer, |client| {
            client.mgmt().list().create("office", &data, &options)
        });
        is_the_office(&created);
        body["id"] = "L1".into();
        let line = "POST /v1/mgmt/list/update";
        let updated = sends(line, MANAGEMENT, body, &answer, |client| {
            client.mgmt().list().update("L1", "office", &data, &options)
        });
        is_the_office(&updated);
    }
    let body = json!({ "name": "office", "type": "ips", "data": [] });
    sends("POST /v1/mgmt/list", MANAGEMENT, body, &answer, |client| {
        client.mgmt().list().create("office", &ListData::ips([""; 0]), &ListOptions::default())
    });
    every_field_of(["POST /v1/mgmt/list", "POST /v1/mgmt/list/update"]);
}

#[test]
fn load_by_id_and_by_name() {
    let answer = json!({ "list": list() });
    let line = "GET /v1/mgmt/list/L%2F1";
    let loaded =
        sends(line, MANAGEMENT, Value::Null, &answer, |client| client.mgmt().list().load("L/1"));
    is_the_office(&loaded);
    let line = "GET /v1/mgmt/list/name/the%20office";
    let loaded = sends(line, MANAGEMENT, Value::Null, &answer, |client| {
        client.mgmt().list().load_by_name("the office")
    });
    is_the_office(&loaded);
    every_field_of(["GET /v1/mgmt/list/name/{name}", "GET /v1/mgmt/list/{id}"]);
}

#[test]
fn load_all_keeps_data_of_any_kind() {
    let answer = json!({ "lists": [
        list(),
        { "id": "L2", "type": "json", "data": { "a": [1, null] } },
        { "id": "L3", "type": "texts" },
        { "id": "L4", "type": "texts", "data": [1] },
        { "id": "L5", "type": "trees", "data": "oak" },
        { "id": "L6" },
    ] });
    let line = "GET /v1/mgmt/list/all";
    let all =
        sends(line, MANAGEMENT, Value::Null, &answer, |client| client.mgmt().list().load_all());
    is_the_office(&all[0]);
    let data: Vec<_> = all.iter().skip(1).map(List::data).collect();
    let json = ListData::Json(json!({ "a": [1, null] }));
    assert_eq!(data, [Some(json), Some(ListData::texts([""; 0])), None, None, None]);
    assert_eq!(all[4].kind.as_ref().map(ListKind::as_str), Some("trees"));
    assert_eq!(all[4].raw_data, "oak");
    for list in all {
        let written = serde_json::to_value(&list).unwrap();
        assert_eq!(serde_json::from_value::<List>(written).unwrap(), list);
    }
    every_field_of(["GET /v1/mgmt/list/all"]);
}

#[test]
fn import_with_every_field_and_with_none() {
    let lists = [
        ListImport::new("office", ListData::ips(["192.0.2.1"])).id("L1").description("d"),
        ListImport::new("any", ListData::Json(json!(0))),
    ];
    let body = json!({ "lists": [
        { "id": "L1", "name": "office", "description": "d", "type": "ips", "data": ["192.0.2.1"] },
        { "name": "any", "type": "json", "data": 0 },
    ] });
    sends("POST /v1/mgmt/list/import", MANAGEMENT, body, &json!({}), |client| {
        client.mgmt().list().import(&lists)
    });
    every_field_of(["POST /v1/mgmt/list/import"]);
}

#[test]
fn entries_are_added_removed_and_looked_for() {
    let path = |name: &str| format!("POST /v1/mgmt/list/{name}");
    let nothing = json!({});
    let ips = json!({ "id": "L1", "ips": ["192.0.2.1", "10.0.0.0/8"] });
    sends(&path("ip/add"), MANAGEMENT, ips.clone(), &nothing, |client| {
        client.mgmt().list().add_ips("L1", &["192.0.2.1", "10.0.0.0/8"])
    });
    sends(&path("ip/remove"), MANAGEMENT, ips, &nothing, |client| {
        client.mgmt().list().remove_ips("L1", &["192.0.2.1", "10.0.0.0/8"])
    });
    let texts = json!({ "id": "L1", "texts": ["a", "b"] });
    sends(&path("text/add"), MANAGEMENT, texts.clone(), &nothing, |client| {
        client.mgmt().list().add_texts("L1", &["a", "b"])
    });
    sends(&path("text/remove"), MANAGEMENT, texts.clone(), &nothing, |client| {
        client.mgmt().list().remove_texts("L1", &["a", "b"])
    });
    for exists in [true, false] {
        let answer = json!({ "exists": exists });
        let body = json!({ "id": "L1", "ip": "192.0.2.1" });
        let found = sends(&path("ip/check"), MANAGEMENT, body, &answer, |client| {
            client.mgmt().list().check_ip("L1", "192.0.2.1")
        });
        assert_eq!(found, exists);
        let body = json!({ "id": "L1", "text": "a" });
        let found = sends(&path("text/check"), MANAGEMENT, body, &answer, |client| {
            client.mgmt().list().check_text("L1", "a")
        });
        assert_eq!(found, exists);
        for (matching, match_all) in [(Matching::All, true), (Matching::Any, false)] {
            let mut body = texts.clone();
            body["matchAll"] = match_all.into();
            let found = sends(&path("text/check"), MANAGEMENT, body, &answer, |client| {
                client.mgmt().list().check_texts("L1", &["a", "b"], matching)
            });
            assert_eq!(found, exists);
        }
    }
    let one = json!({ "id": "L1" });
    sends(&path("clear"), MANAGEMENT, one.clone(), &nothing, |client| {
        client.mgmt().list().clear("L1")
    });
    sends(&path("delete"), MANAGEMENT, one, &nothing, |client| client.mgmt().list().delete("L1"));
    every_field_of([
        "POST /v1/mgmt/list/clear",
        "POST /v1/mgmt/list/delete",
        "POST /v1/mgmt/list/ip/add",
        "POST /v1/mgmt/list/ip/check",
        "POST /v1/mgmt/list/ip/remove",
        "POST /v1/mgmt/list/text/add",
        "POST /v1/mgmt/list/text/check",
        "POST /v1/mgmt/list/text/remove",
    ]);
}

#[test]
fn bad_input_is_refused_before_a_request() {
    let (data, null) = (ListData::texts(["a"]), ListData::Json(Value::Null));
    let options = ListOptions::default();
    refuses("name", |c| c.mgmt().list().create("", &data, &options));
    refuses("data", |c| c.mgmt().list().create("l", &null, &options));
    refuses("id", |c| c.mgmt().list().update("", "l", &data, &options));
    refuses("name", |c| c.mgmt().list().update("L1", "", &data, &options));
    refuses("data", |c| c.mgmt().list().update("L1", "l", &null, &options));
    refuses("id", |c| c.mgmt().list().load(""));
    refuses("id", |c| c.mgmt().list().load(".."));
    refuses("id", |c| c.mgmt().list().delete(""));
    refuses("id", |c| c.mgmt().list().clear(""));
    refuses("lists", |c| c.mgmt().list().import(&[]));
    refuses("name", |c| c.mgmt().list().import(&[ListImport::new("", data.clone())]));
    refuses("data", |c| c.mgmt().list().import(&[ListImport::new("l", null.clone())]));
    refuses("id", |c| c.mgmt().list().add_ips("", &["192.0.2.1"]));
    refuses("id", |c| c.mgmt().list().remove_ips("", &["192.0.2.1"]));
    refuses("id", |c| c.mgmt().list().check_ip("", "192.0.2.1"));
    refuses("id", |c| c.mgmt().list().add_texts("", &["a"]));
    refuses("id", |c| c.mgmt().list().remove_texts("", &["a"]));
    refuses("id", |c| c.mgmt().list().check_text("", "a"));
    refuses("id", |c| c.mgmt().list().check_texts("", &["a"], Matching::All));
    refuses("ips", |c| c.mgmt().list().add_ips("L1", &[]));
    refuses("ips", |c| c.mgmt().list().remove_ips("L1", &[" "]));
    refuses("ip", |c| c.mgmt().list().check_ip("L1", ""));
    refuses("texts", |c| c.mgmt().list().add_texts("L1", &[]));
    refuses("texts", |c| c.mgmt().list().remove_texts("L1", &["a", ""]));
    refuses("text", |c| c.mgmt().list().check_text("L1", ""));
    refuses("texts", |c| c.mgmt().list().check_texts("L1", &[], Matching::Any));
    refuses("texts", |c| c.mgmt().list().check_texts("L1", &["a"; 101], Matching::Any));
    refusals_of([
        ("POST /v1/mgmt/list", "data name"),
        ("POST /v1/mgmt/list/clear", "id"),
        ("POST /v1/mgmt/list/delete", "id"),
        ("POST /v1/mgmt/list/import", "data lists name"),
        ("POST /v1/mgmt/list/ip/add", "id ips"),
        ("POST /v1/mgmt/list/ip/check", "id ip"),
        ("POST /v1/mgmt/list/ip/remove", "id ips"),
        ("POST /v1/mgmt/list/text/add", "id texts"),
        ("POST /v1/mgmt/list/text/check", "id text texts"),
        ("POST /v1/mgmt/list/text/remove", "id texts"),
        ("POST /v1/mgmt/list/update", "data id name"),
        ("GET /v1/mgmt/list/{id}", "id"),
    ]);
}

/// The path of this one begins like that of a list's ID.
#[test]
fn an_empty_name_is_refused_before_a_request() {
    refuses("name", |c| c.mgmt().list().load_by_name(""));
    refusals_of([("GET /v1/mgmt/list/name/{name}", "name")]);
}

#[test]
fn a_kind_has_its_name_on_the_wire() {
    for kind in [ListKind::Texts, ListKind::Ips, ListKind::Json] {
        assert_eq!(serde_json::to_value(&kind).unwrap(), kind.as_str());
    }
}

#[test]
fn a_list_of_addresses_says_which_are_in_it() {
    let (_, client) = start();
    let lists = client.mgmt().list();
    let data = ListData::ips(["192.0.2.1", "10.0.0.0/8", "192.0.2.1"]);
    let office = lists.create("office", &data, &ListOptions::default().description("d")).unwrap();
    assert_eq!(office.data(), Some(ListData::ips(["192.0.2.1", "10.0.0.0/8"])), "each once");
    assert_eq!(lists.load(&office.id).unwrap(), office);
    assert_eq!(lists.load_by_name("office").unwrap(), office);

    let has = |ip| lists.check_ip(&office.id, ip).unwrap();
    assert!(has("192.0.2.1") && has("10.255.255.255") && has("10.1.0.0/16"));
    assert!(!has("192.0.2.2") && !has("2001:db8::1"));
    lists.add_ips(&office.id, &["192.0.2.2", "2001:db8::/32", "192.0.2.2"]).unwrap();
    assert!(has("192.0.2.2") && has("2001:db8::1"));
    lists.remove_ips(&office.id, &["10.0.0.0/8", "2001:0db8::/32", "203.0.113.1"]).unwrap();
    assert!(!has("10.255.255.255") && !has("2001:db8::1"));
    let left = lists.load(&office.id).unwrap().data();
    assert_eq!(left, Some(ListData::ips(["192.0.2.1", "192.0.2.2"])));
    lists.clear(&office.id).unwrap();
    assert!(!has("192.0.2.1"));
    assert_eq!(lists.load(&office.id).unwrap().data(), Some(ListData::ips([""; 0])));

    for wrong in ["10.0.0", "10.0.0.0/33", "example.com"] {
        refused(lists.add_ips(&office.id, &["192.0.2.9", wrong]), 400, "E011004");
        refused(lists.check_ip(&office.id, wrong), 400, "E011004");
        let data = ListData::ips([wrong]);
        refused(lists.create("wrong", &data, &ListOptions::default()), 400, "E011004");
    }
    assert!(!has("192.0.2.9"), "all of them or none");
    refused(lists.add_texts(&office.id, &["a"]), 400, "E011004");
    refused(lists.check_text(&office.id, "a"), 400, "E011004");
}

#[test]
fn lists_of_texts_and_of_anything_have_names_of_their_own() {
    let (_, client) = start();
    let (lists, none) = (client.mgmt().list(), ListOptions::default());
    let domains = lists.create("domains", &ListData::texts(["a", "b"]), &none).unwrap();
    let has = |texts: &[&str], matching| lists.check_texts(&domains.id, texts, matching).unwrap();
    assert!(lists.check_text(&domains.id, "a").unwrap());
    assert!(!lists.check_text(&domains.id, "A").unwrap());
    assert!(has(&["a", "x"], Matching::Any) && !has(&["a", "x"], Matching::All));
    lists.add_texts(&domains.id, &["x", "a"]).unwrap();
    assert!(has(&["a", "x"], Matching::All));
    lists.remove_texts(&domains.id, &["a", "b", "no such"]).unwrap();
    assert_eq!(lists.load(&domains.id).unwrap().data(), Some(ListData::texts(["x"])));
    refused(lists.check_ip(&domains.id, "192.0.2.1"), 400, "E011004");
    refused(lists.add_ips(&domains.id, &["192.0.2.1"]), 400, "E011004");

    let json = ListData::Json(json!({ "deep": [1, null] }));
    refused(lists.create("domains", &json, &none), 400, "EMU409");
    let any = lists.create("any", &json, &none).unwrap();
    assert_eq!(any.data(), Some(json.clone()));
    refused(lists.update(&any.id, "domains", &json, &none), 400, "EMU409");
    let texts = ListData::texts(["t"]);
    let renamed = lists.update(&any.id, "texts", &texts, &none).unwrap();
    assert_eq!((renamed.kind.clone(), renamed.data()), (Some(ListKind::Texts), Some(texts)));
    assert!(lists.load_by_name("any").unwrap_err().is_not_found());
    assert_eq!(lists.load_by_name("texts").unwrap(), renamed);
    lists.update(&any.id, "any", &json, &none).unwrap();
    lists.clear(&any.id).unwrap();
    assert_eq!(lists.load(&any.id).unwrap().data(), Some(ListData::Json(json!({}))));

    lists.delete(&any.id).unwrap();
    for gone in [lists.delete(&any.id), lists.clear(&any.id), lists.add_texts(&any.id, &["a"])] {
        assert!(gone.unwrap_err().is_not_found());
    }
    assert!(lists.update(&any.id, "any", &json, &none).unwrap_err().is_not_found());
}

#[test]
fn an_import_makes_and_replaces_all_its_lists_or_none() {
    let (emulator, client) = start();
    let lists = client.mgmt().list();
    let old = lists.create("a", &ListData::texts(["old"]), &ListOptions::default()).unwrap();
    let texts = |name: &str, text: &str| ListImport::new(name, ListData::texts([text]));
    let names = || -> Vec<(String, Option<ListData>)> {
        lists.load_all().unwrap().into_iter().map(|of| (of.name.clone(), of.data())).collect()
    };
    let row = |name: &str, text: &str| (name.to_owned(), Some(ListData::texts([text])));
    let wrong = ListImport::new("c", ListData::ips(["nowhere"]));
    refused(lists.import(&[texts("b", "1"), wrong]), 400, "E011004");
    refused(lists.import(&[texts("b", "1"), texts("b", "2")]), 400, "E011004");
    refused(lists.import(&[texts("a", "1").id("L2other")]), 400, "EMU409");
    assert_eq!(names(), [row("a", "old")]);

    lists.import(&[texts("a", "new"), texts("b", "1").id("L2b").description("d")]).unwrap();
    assert_eq!(names(), [row("a", "new"), row("b", "1")]);
    assert_eq!(lists.load_by_name("a").unwrap().id, old.id, "replaced by name");
    lists.import(&[texts("renamed", "2").id("L2b")]).unwrap();
    assert_eq!(lists.load("L2b").unwrap().name, "renamed", "replaced by ID");

    let (other, copy) = start();
    other.seed(&emulator.export()).unwrap();
    assert_eq!(copy.mgmt().list().load_all().unwrap(), lists.load_all().unwrap());
}
