//! Changing users, relations, and work of the program's own.

use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use descope::bulk::{BulkOptions, Settled};
use descope::mgmt::fga::Relation;
use descope::mgmt::tenant::NewTenant;
use descope::mgmt::user::UserPatch;
use descope::{Error, RateLimit, RateLimits};

use super::*;

const SCHEMA: &str = "model AuthZ 1.0 type user type doc relation viewer: user";

#[test]
fn users_are_changed_and_those_who_are_not_there_are_named() {
    let service = Service::new(NONE);
    let client = service.client(RateLimits::none());
    let users = client.mgmt().user();
    users.create_in_bulk(people(40), &BulkOptions::default(), |_| true).unwrap();
    let patches = (0..50).map(|n| (login_id(n), UserPatch::default().name(format!("Changed {n}"))));
    let mut saved = Saved::default();
    let options = BulkOptions::default().batch(7);
    let report = users.patch_in_bulk(patches, &options, |it| saved.note(it)).unwrap();
    let checkpoint = &report.checkpoint;
    assert_eq!((checkpoint.position, checkpoint.changed, checkpoint.failed), (50, 40, 10));
    let failed: Vec<_> = saved.failures.iter().map(|it| (it.position, it.id.clone())).collect();
    assert_eq!(failed, (40..50).map(|n| (n as u64, login_id(n))).collect::<Vec<_>>());
    assert_eq!(users.load(&login_id(39)).unwrap().name.as_deref(), Some("Changed 39"));
}

/// The answer to the first batch is late: later batches could be done before it.
#[test]
fn of_two_changes_of_the_same_user_the_later_one_wins() {
    let service = Service::new(NONE);
    let users = service.client(RateLimits::none());
    users.mgmt().user().create_in_bulk(people(200), &BulkOptions::default(), |_| true).unwrap();
    let sent = Arc::new((Mutex::new(Vec::<String>::new()), Condvar::new()));
    let (noted, inner) = (Arc::clone(&sent), Arc::clone(&service));
    let client = service.builder().transport(move |request: Request| {
        let (batches, arrived) = &*noted;
        let body = String::from_utf8(request.body().clone()).unwrap();
        let is_first = body.contains("\"Older 0\"");
        batches.lock().unwrap().push(body);
        arrived.notify_all();
        if is_first {
            let is_alone =
                |batches: &mut Vec<String>| !batches.iter().any(|it| it.contains("\"Newer 0\""));
            let wait = Duration::from_millis(300);
            drop(arrived.wait_timeout_while(batches.lock().unwrap(), wait, is_alone).unwrap());
        }
        inner.answer(request)
    });
    let client = client.build().unwrap();
    let patch =
        |n: usize, age: &str| (login_id(n), UserPatch::default().name(format!("{age} {n}")));
    // By their places alone, the two of user 0 would be in different batches, and those of user 149 in one.
    let patches = (0..150).map(|n| patch(n, "Older"));
    let patches = patches.chain([0, 1, 149].map(|n| patch(n, "Newer")));
    let users = client.mgmt().user();
    let report = users.patch_in_bulk(patches, &BulkOptions::default(), |_| true).unwrap();
    assert_eq!((report.checkpoint.position, report.checkpoint.changed), (153, 153));
    for (n, age) in [(0, "Newer"), (1, "Newer"), (149, "Newer"), (2, "Older")] {
        let user = users.load(&login_id(n)).unwrap();
        assert_eq!(user.name.as_deref(), Some(&*format!("{age} {n}")));
    }
    let batches = sent.0.lock().unwrap();
    for n in [0, 1, 149] {
        let names = ["Older", "Newer"].map(|age| format!("\"{age} {n}\""));
        let has_both = |batch: &String| names.iter().all(|name| batch.contains(name));
        assert!(!batches.iter().any(has_both), "user {n} is in a batch twice");
    }
}

#[test]
fn of_two_new_users_with_the_same_login_id_the_first_is_created() {
    let service = Service::new(NONE);
    let client = service.client(RateLimits::none());
    let named = |n: usize, name: &str| {
        BatchUser::new(login_id(n)).profile(UserProfile::default().name(name))
    };
    let users = [named(0, "First"), named(0, "Second"), named(1, "First"), named(0, "Third")];
    let options = BulkOptions::default().batch(2);
    let report = client.mgmt().user().create_in_bulk(users, &options, |_| true).unwrap();
    assert_eq!(counts(&report.checkpoint), [4, 2, 2, 0]);
    let user = client.mgmt().user().load(&login_id(0)).unwrap();
    assert_eq!(user.name.as_deref(), Some("First"));
}

#[test]
fn a_batch_of_any_size_goes_on_from_a_checkpoint() {
    let service = Service::new(NONE);
    let client = service.client(RateLimits::none());
    let checkpoint = serde_json::from_str::<Checkpoint>(r#"{"position":1,"changed":1}"#).unwrap();
    let options = BulkOptions::default().batch(usize::MAX).checkpoint(checkpoint);
    let work = |_: &Client, items: &[u32]| {
        assert_eq!(items, [1, 2, 3]);
        Ok(Settled::default().changed(items.len()))
    };
    let report = client.in_bulk(0..4, &options, work, |_| true).unwrap();
    assert_eq!(
        (report.finished, report.checkpoint.position, report.checkpoint.changed),
        (true, 4, 4)
    );
}

#[test]
fn of_relations_only_the_bad_ones_fail() {
    let service = Service::new(NONE);
    let client = service.client(RateLimits::none());
    let fga = client.mgmt().fga();
    fga.save_schema(SCHEMA).unwrap();
    let viewer = |n: usize| Relation::new("doc", "plan", "viewer", "user", format!("u{n}"));
    let all = || {
        (0..100).map(|n| match n {
            13 => Relation::new("doc", "plan", "owner", "user", "u13"),
            77 => Relation::new("doc", "", "viewer", "user", "u77"),
            n => viewer(n),
        })
    };
    let mut saved = Saved::default();
    let options = BulkOptions::default().batch(25);
    let report = fga.create_relations_in_bulk(all(), &options, |it| saved.note(it)).unwrap();
    assert_eq!(counts(&report.checkpoint), [100, 98, 0, 2]);
    let failed: Vec<_> = saved.failures.iter().map(|it| (it.position, &*it.id)).collect();
    assert_eq!(failed, [(13, "doc:plan#owner@user:u13"), (77, "doc:#viewer@user:u77")]);
    assert!(fga.is_allowed(&viewer(99)).unwrap() && !fga.is_allowed(&viewer(77)).unwrap());

    let rest = (0..100).filter(|n| ![13, 77].contains(n)).map(viewer);
    let report = fga.delete_relations_in_bulk(rest, &options, |_| true).unwrap();
    assert_eq!((report.checkpoint.deleted, report.checkpoint.failed), (98, 0));
    assert!(!fga.is_allowed(&viewer(99)).unwrap());
}

#[test]
fn killed_while_creating_relations_all_are_there_in_the_end() {
    let service = Service::new(NONE);
    service.client(RateLimits::none()).mgmt().fga().save_schema(SCHEMA).unwrap();
    let viewer = |n| Relation::new("doc", "plan", "viewer", "user", format!("u{n}"));
    let mut saved = Saved::default();
    for kills in 0..=10_u64 {
        service.cut_after(if kills < 10 { 1 + kills % 3 } else { u64::MAX });
        let client = service.client(RateLimits::none());
        let options = saved.options().batch(5).in_flight(2);
        let fga = client.mgmt().fga();
        let ended =
            fga.create_relations_in_bulk((0..200).map(viewer), &options, |it| saved.note(it));
        assert_eq!(ended.is_ok(), kills == 10);
    }
    assert_eq!(counts(&saved.checkpoint()), [200, 200, 0, 0]);
    let client = service.client(RateLimits::none());
    let all: Vec<_> = (0..200).map(viewer).collect();
    assert!(client.mgmt().fga().check(&all).unwrap().iter().all(|check| check.allowed));
}

#[test]
fn work_of_the_programs_own_goes_at_the_same_pace() {
    let service = Service::new(10);
    let client = service.client(RateLimits::none().total(RateLimit::per_minute(10)));
    let options = BulkOptions::default().batch(1).in_flight(4);
    let report = client.in_bulk(
        0..25,
        &options,
        |client, items| {
            for n in items {
                client.mgmt().tenant().create(&format!("Tenant {n}"), &NewTenant::default())?;
            }
            Ok(Settled::default().created(items.len()))
        },
        |_| true,
    );
    assert_eq!(counts(&report.unwrap().checkpoint), [25, 25, 0, 0]);
    assert_eq!(service.refused(), 0);
    service.had_no_burst();
    assert!(service.clock.waited() <= (2 * MINUTE).mul_f64(1.03));
    let tenants = &service.emulator.export()["tenants"];
    assert_eq!(tenants.as_array().unwrap().len(), 25);
}

#[test]
fn a_batch_that_is_refused_is_halved_until_the_fault_is_found() {
    let service = Service::new(NONE);
    let client = service.client(RateLimits::none());
    let batches = Mutex::new(Vec::new());
    let options = BulkOptions::default().batch(8).in_flight(1);
    let mut saved = Saved::default();
    let work = |_: &Client, items: &[u32]| {
        batches.lock().unwrap().push(items.to_vec());
        if items.contains(&5) {
            client.mgmt().user().create("", &Default::default())?;
        }
        Ok(Settled::default().changed(items.len()))
    };
    let report = client.in_bulk(0..10, &options, work, |it| saved.note(it)).unwrap();
    assert_eq!((report.checkpoint.changed, report.checkpoint.failed), (9, 1));
    assert_eq!((saved.failures[0].position, &*saved.failures[0].id), (5, ""));
    let batches = batches.into_inner().unwrap();
    let sizes: Vec<_> = batches.iter().map(Vec::len).collect();
    assert_eq!(sizes, [8, 4, 4, 2, 1, 1, 2, 2]);
}

#[test]
fn only_the_works_own_client_repeats_calls() {
    let service = Service::new(NONE);
    let client = service.builder().build().unwrap();
    let lost = || descope::emulator::Fault::lose_answer().at("/v1/mgmt/tenant/create").times(1);
    service.emulator.fault(lost());
    let error = client.mgmt().tenant().create("Acme", &NewTenant::default()).unwrap_err();
    assert!(matches!(error, Error::Transport(_)));
    service.emulator.fault(lost());
    let work = |client: &Client, ids: &[&str]| {
        for id in ids {
            let created = client.mgmt().tenant().create(id, &NewTenant::default().id(*id));
            // The first try has created it.
            assert_eq!(created.unwrap_err().status(), Some(400));
        }
        Ok(Settled::default().created(ids.len()))
    };
    let report = client.in_bulk(["initech"], &BulkOptions::default(), work, |_| true);
    assert!(report.unwrap().finished);
}
