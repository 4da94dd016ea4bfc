//! The audit trail: requests, and its life on the emulator.

use descope::emulator::Emulator;
use descope::mgmt::audit::{AuditEvent, AuditSearch, AuditType};
use descope::{Client, UnixMillis};
use serde_json::json;

use crate::inventory::{every_field_of, refusals_of};
use crate::support::{MANAGEMENT, refuses, sends};

#[test]
fn audit_with_every_field() {
    let search = AuditSearch::default()
        .user_ids(["U1"])
        .actions(["LoginSucceed"])
        .excluded_actions(["LoginFailed"])
        .devices(["Mobile"])
        .methods(["otp"])
        .geos(["US"])
        .remote_addresses(["10.0.0.1"])
        .login_ids(["ada"])
        .tenants(["acme"])
        .no_tenants(true)
        .text("x")
        .from(UnixMillis::from_millis(1))
        .to(UnixMillis::from_millis(2))
        .page(3)
        .limit(4);
    let body = json!({
        "userIds": ["U1"], "actions": ["LoginSucceed"], "excludedActions": ["LoginFailed"],
        "devices": ["Mobile"], "methods": ["otp"], "geos": ["US"],
        "remoteAddresses": ["10.0.0.1"], "externalIds": ["ada"], "tenants": ["acme"],
        "noTenants": true, "text": "x", "from": 1, "to": 2, "page": 3, "size": 4,
    });
    let answer = json!({ "total": 9, "audits": [{
        "projectId": "P2abc", "userId": "U1", "action": "LoginSucceed", "type": "info",
        "actorId": "U1", "occurred": "1700000000123", "device": "Mobile", "method": "otp",
        "geo": "US", "remoteAddress": "10.0.0.1", "externalIds": ["ada"], "tenants": ["acme"],
        "data": { "k": 1 }, "later": true,
    }] });
    let line = "POST /v1/mgmt/audit/search";
    let page = sends(line, MANAGEMENT, body, &answer, |c| c.mgmt().audit().search(&search));
    let record = &page.items[0];
    assert_eq!((page.total, record.occurred.as_millis()), (Some(9), 1_700_000_000_123));
    assert_eq!(
        (&*record.action, record.audit_type.as_ref()),
        ("LoginSucceed", Some(&AuditType::Info))
    );
    assert_eq!(
        (&*record.login_ids, &*record.tenants),
        (&["ada".to_owned()][..], &["acme".to_owned()][..])
    );
    assert_eq!((&record.data["k"], &record.extra["later"]), (&json!(1), &json!(true)));
    sends(line, MANAGEMENT, json!({ "noTenants": false }), &json!({}), |c| {
        c.mgmt().audit().search(&AuditSearch::default())
    });

    let event =
        AuditEvent::new("launch", AuditType::Warn, "U1", "acme").user_id("U2").data([("k", 1)]);
    let body = json!({
        "action": "launch", "type": "warn", "actorId": "U1", "tenantId": "acme", "userId": "U2",
        "data": { "k": 1 },
    });
    let line = "POST /v1/mgmt/audit/event";
    sends(line, MANAGEMENT, body, &json!({}), |c| c.mgmt().audit().create_event(&event));
    every_field_of(["POST /v1/mgmt/audit/event", "POST /v1/mgmt/audit/search"]);
}

#[test]
fn bad_input_is_refused_before_a_request() {
    let event = |action: &str, actor: &str, tenant: &str| {
        AuditEvent::new(action, AuditType::Info, actor, tenant)
    };
    refuses("action", |c| c.mgmt().audit().create_event(&event("", "U1", "acme")));
    refuses("actor_id", |c| c.mgmt().audit().create_event(&event("a", "", "acme")));
    refuses("tenant_id", |c| c.mgmt().audit().create_event(&event("a", "U1", "")));
    refusals_of([("POST /v1/mgmt/audit/event", "action actor_id tenant_id")]);
}

#[test]
fn audit_records_what_happened() {
    let emulator = Emulator::new();
    let client = Client::builder().emulator(&emulator).build().unwrap();
    let audit = client.mgmt().audit();
    emulator.seed(&json!({ "users": [{ "loginId": "ada", "email": "ada@example.com" }] })).unwrap();
    emulator.sign_in("ada").unwrap();
    let user = client.mgmt().user().load("ada").unwrap();
    let found = |search: AuditSearch| audit.search(&search).unwrap().items;
    let mine = found(AuditSearch::default().user_ids([&*user.user_id]));
    assert!(mine.iter().any(|record| record.action == "LoginSucceed"), "{mine:?}");
    audit
        .create_event(&AuditEvent::new("launch", AuditType::Error, "ada", "acme").data([("n", 1)]))
        .unwrap();
    let launched = found(AuditSearch::default().actions(["launch"]));
    assert_eq!((launched.len(), launched[0].audit_type.as_ref()), (1, Some(&AuditType::Error)));
    assert!(found(AuditSearch::default().actions(["launch"]).tenants(["other"])).is_empty());
    let later = UnixMillis::from_millis(launched[0].occurred.as_millis() + 60_000);
    assert!(found(AuditSearch::default().actions(["launch"]).from(later)).is_empty());
    assert!(
        found(AuditSearch::default().excluded_actions(["launch"]))
            .iter()
            .all(|of| of.action != "launch")
    );
}
