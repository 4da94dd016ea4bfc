//! Answers to checks near the program: remembered in the process, or by a proxy that may be down.

use std::io::{BufReader, Write};
use std::slice::from_ref;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use descope::bulk::{BulkOptions, Settled};
use descope::emulator::Emulator;
use descope::mgmt::authz::Relation as AuthzRelation;
use descope::mgmt::fga::{CheckCache, CheckOptions, Relation};
use descope::transport::http::Method;
use descope::transport::{Request, Response};
use descope::{Client, ClientBuilder, Credential, Error, RetryPolicy};
use serde_json::{Value, json};

use crate::server::{Arrived, Raw, nobody, response, within};

const SCHEMA: &str = "model AuthZ 1.0 type user type doc relation viewer: user";
const CHECK: &str = "/v1/mgmt/fga/check";

fn viewer(target: &str) -> Relation {
    Relation::new("doc", "plan", "viewer", "user", target)
}

/// An emulator, and a client of it that remembers for an hour.
fn remembering(capacity: usize) -> (Emulator, Client) {
    let emulator = Emulator::new();
    let cache = CheckCache::new(Duration::from_secs(3600)).capacity(capacity);
    let client = Client::builder().emulator(&emulator).fga_check_cache(cache).build().unwrap();
    client.mgmt().fga().save_schema(SCHEMA).unwrap();
    (emulator, client)
}

#[test]
fn answers_are_remembered_for_their_time_and_shared_by_clones() {
    let (emulator, client) = remembering(100);
    let fga = client.mgmt().fga();
    for _ in 0..3 {
        assert!(!fga.is_allowed(&viewer("ada")).unwrap());
        assert!(!client.clone().mgmt().fga().is_allowed(&viewer("ada")).unwrap());
    }
    assert_eq!(emulator.requests(CHECK), 1);
    // Somebody else's client: nobody tells this one.
    let other = Client::builder().emulator(&emulator).build().unwrap();
    other.mgmt().fga().create_relations(&[viewer("ada")]).unwrap();
    emulator.advance(Duration::from_secs(1800));
    assert!(!fga.is_allowed(&viewer("ada")).unwrap());
    assert!(fga.uncached().is_allowed(&viewer("ada")).unwrap());
    emulator.advance(Duration::from_secs(1801));
    assert!(fga.is_allowed(&viewer("ada")).unwrap());
    assert_eq!(emulator.requests(CHECK), 3);
    assert!(!other.mgmt().fga().is_allowed(&viewer("bob")).unwrap());
    assert!(!other.mgmt().fga().is_allowed(&viewer("bob")).unwrap());
    assert_eq!(emulator.requests(CHECK), 5, "off by default");
}

#[test]
fn every_input_of_a_check_tells_it_from_others() {
    let (emulator, client) = remembering(100);
    let fga = client.mgmt().fga();
    let with = |key: &str, value: Value| CheckOptions::default().context([(key, value)]);
    let options = [
        CheckOptions::default(),
        with("ip", json!("10.0.0.1")),
        with("ip", json!("10.0.0.2")),
        with("ip", json!(1)),
        with("IP", json!("10.0.0.1")),
        CheckOptions::default().list_conditions(true),
    ];
    let relations =
        [viewer("ada"), viewer("bob"), Relation::new("doc", "plans", "viewer", "user", "ada")];
    let mut requests = 0;
    for _ in 0..2 {
        for options in &options {
            for relation in &relations {
                fga.check_with(from_ref(relation), options).unwrap();
            }
        }
        requests = requests.max(emulator.requests(CHECK));
    }
    assert_eq!((requests, emulator.requests(CHECK)), (18, 18));
    // Why a relation holds is asked for by people, and always asked.
    let paths = CheckOptions::default().compute_paths(true);
    for _ in 0..2 {
        fga.check_with(&[viewer("ada")], &paths).unwrap();
    }
    assert_eq!(emulator.requests(CHECK), 20);
}

#[test]
fn of_many_questions_only_the_new_ones_are_asked_and_the_order_stays() {
    let (emulator, client) = remembering(100);
    let fga = client.mgmt().fga();
    fga.create_relations(&[viewer("ada"), viewer("cleo")]).unwrap();
    let allowed = |names: &[&str]| -> Vec<(String, bool)> {
        let questions: Vec<_> = names.iter().map(|name| viewer(name)).collect();
        let checks = fga.check(&questions).unwrap();
        checks.into_iter().map(|check| (check.relation.target, check.allowed)).collect()
    };
    let told = |name: &str, allowed| (name.to_owned(), allowed);
    assert_eq!(allowed(&["bob", "cleo"]), [told("bob", false), told("cleo", true)]);
    let all = [told("ada", true), told("bob", false), told("cleo", true), told("bob", false)];
    assert_eq!(allowed(&["ada", "bob", "cleo", "bob"]), all);
    assert_eq!(allowed(&["ada", "bob", "cleo", "bob"]), all);
    assert_eq!(emulator.requests(CHECK), 2);
}

#[test]
fn every_change_through_the_client_drops_what_is_remembered() {
    let (emulator, client) = remembering(100);
    let (fga, authz) = (client.mgmt().fga(), client.mgmt().authz());
    let ada = viewer("ada");
    let old = AuthzRelation::new("doc", "plan", "viewer", "ada");
    let call = |method, path: &str, body: Value| {
        client.call(method, path, Credential::ManagementKey, &body).map(drop)
    };
    let changes: [(&str, &dyn Fn() -> descope::Result<()>); 10] = [
        ("create", &|| fga.create_relations(from_ref(&ada))),
        ("delete", &|| fga.delete_relations(from_ref(&ada))),
        ("delete all", &|| fga.delete_all_relations()),
        ("schema", &|| fga.save_schema(SCHEMA)),
        ("authz create", &|| authz.create_relations(from_ref(&old))),
        ("authz delete", &|| authz.delete_relations(from_ref(&old))),
        ("authz resources", &|| authz.delete_relations_for_resources(&["plan"])),
        ("by hand", &|| call(Method::POST, "/v1/mgmt/fga/relations", json!({ "tuples": [ada] }))),
        ("one that fails", &|| {
            let _ = fga.create_relations(&[Relation::new("x", "y", "z", "user", "ada")]);
            Ok(())
        }),
        ("authz schema", &|| {
            let schema = authz.load_schema()?;
            authz.save_schema(&schema)
        }),
    ];
    for (name, change) in changes {
        fga.is_allowed(&ada).unwrap();
        let before = emulator.requests(CHECK);
        fga.is_allowed(&ada).unwrap();
        assert_eq!(emulator.requests(CHECK), before, "{name}");
        // Whatever comes of it: it may have changed something.
        let _ = change();
        let fresh = fga.uncached().is_allowed(&ada).unwrap_or_default();
        let before = emulator.requests(CHECK);
        assert_eq!(fga.is_allowed(&ada).unwrap_or_default(), fresh, "{name}");
        assert_eq!(emulator.requests(CHECK), before + 1, "{name}");
    }
    // What changes nothing drops nothing.
    fga.save_schema(SCHEMA).unwrap();
    fga.is_allowed(&ada).unwrap();
    fga.load_schema().unwrap();
    fga.dry_run_schema(SCHEMA).unwrap();
    client.mgmt().user().create("ada", &Default::default()).unwrap();
    let before = emulator.requests(CHECK);
    fga.is_allowed(&ada).unwrap();
    assert_eq!(emulator.requests(CHECK), before);
}

#[test]
fn no_more_is_remembered_than_may_be() {
    let (emulator, client) = remembering(2);
    let fga = client.mgmt().fga();
    for name in ["a", "b", "c", "c", "b"] {
        fga.is_allowed(&viewer(name)).unwrap();
    }
    assert_eq!(emulator.requests(CHECK), 3);
    fga.is_allowed(&viewer("a")).unwrap();
    assert_eq!(emulator.requests(CHECK), 4);
}

/// A client of a server that answers checks by this function, and remembers.
fn answered(answer: impl Fn(&[Value], u64) -> Value + Send + Sync + 'static) -> Client {
    let count = std::sync::atomic::AtomicU64::new(0);
    Client::builder()
        .ignore_env()
        .project_id("P2abc")
        .management_key("K2")
        .fga_check_cache(CheckCache::new(Duration::from_secs(60)))
        .transport(move |request: Request| {
            let body: Value = serde_json::from_slice(request.body()).unwrap();
            let number = count.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
            let answer = answer(body["tuples"].as_array().unwrap(), number);
            Ok(Response::new(answer.to_string().into_bytes()))
        })
        .build()
        .unwrap()
}

#[test]
fn answers_that_do_not_fit_their_questions_or_depend_on_facts_are_not_remembered() {
    let allowed = |client: &Client, names: &[&str]| -> Vec<bool> {
        let questions: Vec<_> = names.iter().map(|name| viewer(name)).collect();
        let checks = client.mgmt().fga().check(&questions).unwrap();
        checks.iter().map(|check| check.allowed).collect()
    };
    // By facts: the answer changes with each question.
    let facts = answered(|asked, number| {
        let check = |tuple| json!({ "tuple": tuple, "allowed": number % 2 == 0, "info": { "factUsed": true } });
        json!({ "tuples": asked.iter().map(check).collect::<Vec<_>>() })
    });
    assert_eq!([(); 3].map(|()| allowed(&facts, &["ada"])[0]), [true, false, true]);
    // The answers are about another relation than the one asked for.
    let other = answered(
        |_, number| json!({ "tuples": [{ "tuple": viewer("mallory"), "allowed": number % 2 == 0 }] }),
    );
    assert_eq!([(); 3].map(|()| allowed(&other, &["ada"])[0]), [true, false, true]);
    // By a newer schema: what is remembered by an older one does not mix with it.
    let schemas = answered(|asked, number| {
        let check = |tuple| json!({ "tuple": tuple, "allowed": number > 0 });
        let version = if number == 0 { "1" } else { "2" };
        json!({ "tuples": asked.iter().map(check).collect::<Vec<_>>(), "schemaVersion": version })
    });
    assert_eq!(allowed(&schemas, &["ada"]), [false]);
    assert_eq!(allowed(&schemas, &["ada"]), [false]);
    assert_eq!(allowed(&schemas, &["ada", "bob"]), [true, true]);
    assert_eq!(allowed(&schemas, &["ada"]), [true]);
}

/// Something that asks for a check.
type Ask<'a> = &'a dyn Fn(&Client) -> descope::Result<()>;

/// Whatever asks: a new question, one of many, or one that is never remembered.
#[test]
fn an_answer_by_a_newer_schema_drops_all_older_answers() {
    let paths = CheckOptions::default().compute_paths(true);
    let allowed = |client: &Client| client.mgmt().fga().is_allowed(&viewer("ada")).unwrap();
    let ways: [(&str, u64, Ask<'_>); 5] = [
        ("new", 1, &|client| client.mgmt().fga().is_allowed(&viewer("bob")).map(drop)),
        ("many", 2, &|client| client.mgmt().fga().check(&[viewer("bob"), viewer("ada")]).map(drop)),
        ("uncached", 1, &|client| {
            client.mgmt().fga().uncached().is_allowed(&viewer("bob")).map(drop)
        }),
        ("paths", 1, &|client| client.mgmt().fga().check_with(&[viewer("bob")], &paths).map(drop)),
        ("none", 1, &|client| client.mgmt().fga().uncached().check(&[]).map(drop)),
    ];
    for (name, cost, ask) in ways {
        let (version, requests) = (Arc::new(AtomicU64::new(1)), Arc::new(AtomicU64::new(0)));
        let (schema, count) = (version.clone(), requests.clone());
        let client = answered(move |asked, _| {
            let version = schema.load(Ordering::SeqCst);
            count.fetch_add(1, Ordering::SeqCst);
            let check = |tuple| json!({ "tuple": tuple, "allowed": version == 1 });
            let checks: Vec<_> = asked.iter().map(check).collect();
            json!({ "tuples": checks, "schemaVersion": version.to_string() })
        });
        let requests = || requests.load(Ordering::SeqCst);
        assert_eq!([allowed(&client), allowed(&client)], [true, true]);
        assert_eq!(requests(), 1);
        // Somebody else saves a schema: nobody tells this client.
        version.store(2, Ordering::SeqCst);
        assert!(allowed(&client), "{name}: no answer has told of it");
        ask(&client).unwrap();
        assert_eq!(requests(), 1 + cost);
        assert!(!allowed(&client), "{name}");
        let before = requests();
        // By the same schema, nothing is dropped, and what told of the new one counts like any other answer.
        ask(&client).unwrap();
        assert!(!allowed(&client));
        let is_remembered = matches!(name, "new" | "many");
        assert_eq!(requests() - before, u64::from(!is_remembered), "{name}");
    }
}

/// A client of an emulator whose cache is here.
fn beside(emulator: &Emulator, api: &str, cache: &str) -> ClientBuilder {
    Client::builder()
        .ignore_env()
        .project_id(emulator.project_id())
        .management_key(emulator.management_key())
        .base_url(api)
        .fga_cache_url(cache)
        .retry(RetryPolicy::none())
}

#[test]
fn where_the_cache_is_down_the_api_is_asked() {
    let emulator = Emulator::new();
    let server = emulator.serve().unwrap();
    let api = server.base_url();
    let direct = Client::builder().emulator(&emulator).build().unwrap();
    direct.mgmt().fga().save_schema(SCHEMA).unwrap();
    direct.mgmt().fga().create_relations(&[viewer("ada")]).unwrap();
    let statuses = ["500 X", "502 X", "503 X", "504 X", "520 X", "524 X", "599 X"];
    let mut caches: Vec<(String, Option<Raw>)> = Vec::new();
    for status in statuses {
        let cache = Raw::answering(move |_| response(status, "Retry-After: 9\r\n", "{}"));
        caches.push((cache.url(), Some(cache)));
    }
    let page = Raw::answering(|_| response("200 OK", "Content-Type: text/html\r\n", "<html>"));
    let closes = Raw::new(|_, stream, _| drop(stream));
    caches.extend([page, closes].map(|cache| (cache.url(), Some(cache))));
    caches.push((nobody(), None));
    for (url, _cache) in &caches {
        let client = beside(&emulator, &api, url).build().unwrap();
        let before = emulator.requests(CHECK);
        assert!(client.mgmt().fga().is_allowed(&viewer("ada")).unwrap(), "{url}");
        assert!(!client.mgmt().fga().is_allowed(&viewer("bob")).unwrap(), "{url}");
        assert_eq!(emulator.requests(CHECK), before + 2);
        let who =
            client.mgmt().authz().who_can_access("doc", "plan", "viewer", &Default::default());
        assert_eq!(who.unwrap(), ["ada"]);
    }
}

#[test]
fn an_answer_of_the_cache_counts_even_if_it_is_a_refusal() {
    let emulator = Emulator::new();
    let server = emulator.serve().unwrap();
    for status in [400, 401, 403, 404, 409, 422, 429, 499, 302] {
        let line = format!("{status} X");
        let cache = Raw::answering(move |_| response(&line, "", r#"{"errorCode":"E1"}"#));
        let client = beside(&emulator, &server.base_url(), &cache.url()).build().unwrap();
        let error = client.mgmt().fga().is_allowed(&viewer("ada")).unwrap_err();
        assert_eq!(error.status(), Some(status));
        assert_eq!(cache.seen().len(), 1);
    }
    let good = Raw::answering(|asked| {
        let body: Value = serde_json::from_str(&asked.body).unwrap();
        let check = json!({ "tuple": body["tuples"][0], "allowed": true });
        response("200 OK", "", &json!({ "tuples": [check] }).to_string())
    });
    let client = beside(&emulator, &server.base_url(), &good.url()).build().unwrap();
    assert!(client.mgmt().fga().is_allowed(&viewer("ada")).unwrap());
    assert_eq!(emulator.requests("/"), 0);
}

#[test]
fn a_cache_that_hangs_takes_half_of_the_one_deadline_at_most() {
    let emulator = Emulator::new();
    let server = emulator.serve().unwrap();
    Client::builder()
        .emulator(&emulator)
        .build()
        .unwrap()
        .mgmt()
        .fga()
        .save_schema(SCHEMA)
        .unwrap();
    // It reads, and never answers.
    let hangs = Raw::new(|_, stream, seen| {
        let mut reader = BufReader::new(&stream);
        while let Some(arrived) = Arrived::read(&mut reader) {
            seen.note(&arrived);
        }
        thread::park();
    });
    let deadline = Duration::from_secs(4);
    let builder = || beside(&emulator, &server.base_url(), &hangs.url()).deadline(deadline);
    let client = builder().build().unwrap();
    let allowed = within(deadline, || client.mgmt().fga().is_allowed(&viewer("ada")));
    assert!(!allowed.unwrap());
    // Where the API hangs too, one deadline ends it all.
    let both = builder().base_url(hangs.url()).build().unwrap();
    let error = within(deadline, || both.mgmt().fga().is_allowed(&viewer("ada"))).unwrap_err();
    assert!(matches!(&error, Error::Transport(error) if error.is_timeout()), "{error}");
    // A change may still be on its way: it is not made a second time.
    let before = emulator.requests("/v1/mgmt/fga/relations");
    let client = client.with_try_timeout(Duration::from_millis(300));
    let error = client.mgmt().fga().create_relations(&[viewer("ada")]).unwrap_err();
    assert!(matches!(&error, Error::Transport(error) if error.maybe_processed()), "{error}");
    assert_eq!(emulator.requests("/v1/mgmt/fga/relations"), before);
}

#[test]
fn a_change_goes_past_a_cache_that_cannot_act_on_it_any_more() {
    let emulator = Emulator::new();
    let server = emulator.serve().unwrap();
    Client::builder()
        .emulator(&emulator)
        .build()
        .unwrap()
        .mgmt()
        .fga()
        .save_schema(SCHEMA)
        .unwrap();
    let requests = || emulator.requests("/v1/mgmt/fga/relations");
    for (status, made) in [(500, true), (502, true), (503, true), (504, false), (524, false)] {
        let line = format!("{status} X");
        let cache = Raw::answering(move |_| response(&line, "", ""));
        let client = beside(&emulator, &server.base_url(), &cache.url()).build().unwrap();
        let before = requests();
        assert_eq!(client.mgmt().fga().create_relations(&[viewer("ada")]).is_ok(), made);
        assert_eq!(requests() - before, u64::from(made), "{status}");
    }
    let client = beside(&emulator, &server.base_url(), &nobody()).build().unwrap();
    client.mgmt().fga().delete_relations(&[viewer("ada")]).unwrap();
    assert!(!client.mgmt().fga().is_allowed(&viewer("ada")).unwrap());
}

#[test]
fn after_the_cache_the_api_is_tried_by_the_policy_and_the_observer_sees_both() {
    let seen = std::sync::Arc::new(std::sync::Mutex::new(Vec::new()));
    let noted = seen.clone();
    let api = Raw::answering(|_| response("503 X", "", ""));
    let (api_url, cache_url) = (api.url(), nobody());
    let client = Client::builder()
        .ignore_env()
        .project_id("P2abc")
        .management_key("K2")
        .base_url(&api_url)
        .fga_cache_url(&cache_url)
        .clock(crate::server::NoWaiting::default())
        .retry(RetryPolicy::default().max_retries(2))
        .observer(move |event| {
            if let descope::observe::Event::Sending { attempt, .. } = event {
                noted.lock().unwrap().push((attempt.number(), attempt.server().to_owned()));
            }
        })
        .build()
        .unwrap();
    client.mgmt().fga().is_allowed(&viewer("ada")).unwrap_err();
    let expected = [(1, &cache_url), (2, &api_url), (3, &api_url), (4, &api_url)];
    let expected = expected.map(|(number, url)| (number, url.clone()));
    assert_eq!(*seen.lock().unwrap(), expected);
    assert_eq!(api.seen().len(), 3);
}

/// Whatever would repeat a call at the API: the retry policy, pacing, or bulk work.
#[test]
fn the_cache_is_asked_once_whatever_repeats_calls() {
    let emulator = Emulator::new();
    let server = emulator.serve().unwrap();
    let minute = Duration::from_secs(60);
    let closes = "";
    for status in [closes, "429 X", "408 X", "504 X", "520 X", "524 X"] {
        let cache = Raw::new(move |_, mut stream, seen| {
            let mut reader = BufReader::new(stream.try_clone().unwrap());
            if let Some(arrived) = Arrived::read(&mut reader) {
                seen.note(&arrived);
                if status != closes {
                    let answer = response(status, "Retry-After: 1\r\nConnection: close\r\n", "{}");
                    let _ = stream.write_all(&answer);
                }
            }
        });
        let client = beside(&emulator, &server.base_url(), &cache.url())
            .clock(crate::server::NoWaiting::default())
            .retry(RetryPolicy::default().retry_unavailable(true).wait_for_rate_limit(minute))
            .build()
            .unwrap();
        let fails = |error: Error| match error {
            Error::Api(error) => assert!(status.starts_with(&error.status.to_string()), "{error}"),
            Error::Transport(error) => {
                assert!(status == closes && error.maybe_processed(), "{error}");
            }
            error => panic!("{error}"),
        };
        let paced = client.with_pacing(true);
        let change = |client: &Client| client.mgmt().fga().create_relations(&[viewer("ada")]);
        fails(change(&client).unwrap_err());
        assert_eq!(cache.seen().len(), 1, "{status}");
        fails(change(&paced).unwrap_err());
        assert_eq!(cache.seen().len(), 2, "paced: {status}");
        let work = |client: &Client, _: &[u32]| change(client).map(|()| Settled::default());
        fails(client.in_bulk([1], &BulkOptions::default(), work, |_| true).unwrap_err());
        assert_eq!(cache.seen().len(), 3, "in bulk: {status}");
        if matches!(status, "429 X" | "408 X") {
            for client in [&client, &paced] {
                fails(client.mgmt().fga().is_allowed(&viewer("ada")).unwrap_err());
            }
            assert_eq!(cache.seen().len(), 5, "questions: {status}");
        }
        assert_eq!(emulator.requests("/"), 0, "{status}");
    }
}
