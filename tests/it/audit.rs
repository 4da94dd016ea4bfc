//! The audit trail and what counts it: requests, and their life on the emulator.

use std::time::Duration;

use descope::emulator::Emulator;
use descope::mgmt::analytics::{AnalyticsPeriod, AnalyticsRecord, AnalyticsSearch};
use descope::mgmt::audit::{
    AuditEvent, AuditFieldSearch, AuditFilter, AuditFilterOperator, AuditFilterType, AuditSearch,
    AuditType, AuditWebhook, WebhookAuthentication,
};
use descope::{Client, UnixMillis};
use serde_json::{Value, json};

use crate::inventory::{every_field_of, refusals_of};
use crate::support::{MANAGEMENT, refuses, sends};

#[test]
fn audit_with_every_field() {
    let search = AuditSearch::default()
        .user_ids(["U1"])
        .actor_ids(["U2"])
        .audit_types([AuditType::Warn])
        .levels(["l"])
        .excluded_login_ids(["bo"])
        .login_ids_contain(["ad"])
        .login_ids_not_contain(["ob"])
        .oldest_first(true)
        .search_fields([
            AuditFieldSearch::new("device").value("Mobile").value_type("string").negative(true),
            AuditFieldSearch::new("geo").values(["US", "DE"]),
        ])
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
        "actorIds": ["U2"], "auditTypes": ["warn"], "levels": ["l"],
        "excludedExternalIds": ["bo"], "loginIdsContain": ["ad"], "loginIdsNotContain": ["ob"],
        "oldestFirst": true,
        "searchFields": [
            { "field": "device", "valStr": "Mobile", "valType": "string", "negative": true },
            { "field": "geo", "valArr": ["US", "DE"] },
        ],
    });
    let answer = json!({ "total": 9, "audits": [{
        "ID": "A1", "projectId": "P2abc", "userId": "U1", "action": "LoginSucceed", "type": "info",
        "actorId": "U1", "occurred": "1700000000123", "device": "Mobile", "method": "otp",
        "geo": "US", "remoteAddress": "10.0.0.1", "externalIds": ["ada"], "tenants": ["acme"],
        "data": { "k": 1 }, "later": true,
    }] });
    let line = "POST /v1/mgmt/audit/search";
    let page = sends(line, MANAGEMENT, body, &answer, |c| c.mgmt().audit().search(&search));
    let record = &page.items[0];
    assert_eq!(record.id, "A1");
    assert_eq!((page.total, record.occurred.unwrap().as_millis()), (Some(9), 1_700_000_000_123));
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
        AuditEvent::new("acme", "U1", "launch", AuditType::Warn).user_id("U2").data([("k", 1)]);
    let body = json!({
        "action": "launch", "type": "warn", "actorId": "U1", "tenantId": "acme", "userId": "U2",
        "data": { "k": 1 },
    });
    let line = "POST /v1/mgmt/audit/event";
    sends(line, MANAGEMENT, body, &json!({}), |c| c.mgmt().audit().create_event(&event));
    every_field_of(["POST /v1/mgmt/audit/event", "POST /v1/mgmt/audit/search"]);
}

#[test]
fn the_trail_can_be_read_to_its_end() {
    let emulator = Emulator::new();
    let client = Client::builder().emulator(&emulator).build().unwrap();
    let audit = client.mgmt().audit();
    for number in 0..7 {
        let event = AuditEvent::new("acme", "U1", format!("n{number}"), AuditType::Info);
        audit.create_event(&event).unwrap();
    }
    let actions = |search: &AuditSearch| -> Vec<String> {
        audit.iter(search).map(|record| record.unwrap().action).collect()
    };
    let search = AuditSearch::default().oldest_first(true).limit(3);
    assert_eq!(actions(&search), ["n0", "n1", "n2", "n3", "n4", "n5", "n6"]);
    assert_eq!(emulator.requests("/v1/mgmt/audit/search"), 3);
    assert_eq!(actions(&search.clone().page(2)), ["n6"]);
    let fails = audit.iter(&search.limit(1001)).collect::<Vec<_>>();
    assert!(matches!(fails[..], [Err(_)]), "an error once");
}

#[test]
fn analytics_with_every_field() {
    let search = AnalyticsSearch::default()
        .actions(["LoginSucceed"])
        .excluded_actions(["LoginFailed"])
        .devices(["Mobile"])
        .methods(["otp"])
        .geos(["US"])
        .tenants(["acme"])
        .from(UnixMillis::from_millis(1))
        .to(UnixMillis::from_millis(2))
        .group_by_action(true)
        .group_by_device(true)
        .group_by_method(true)
        .group_by_geo(true)
        .group_by_tenant(true)
        .group_by_referrer(true)
        .group_by_created(AnalyticsPeriod::Day);
    let body = json!({
        "actions": ["LoginSucceed"], "excludedActions": ["LoginFailed"], "devices": ["Mobile"],
        "methods": ["otp"], "geos": ["US"], "tenants": ["acme"], "from": 1, "to": 2,
        "groupByAction": true, "groupByDevice": true, "groupByMethod": true, "groupByGeo": true,
        "groupByTenant": true, "groupByReferrer": true, "groupByCreated": "d",
    });
    let record = json!({
        "projectId": "P2abc", "action": "LoginSucceed", "created": "1700000000123",
        "device": "Mobile", "method": "otp", "geo": "US", "tenant": "acme",
        "referrer": "https://example.com", "cnt": "12345678901", "later": true,
    });
    let answer = json!({ "analytics": [record, { "cnt": 3 }] });
    let line = "POST /v1/mgmt/analytics/search";
    let counts = sends(line, MANAGEMENT, body, &answer, |c| c.mgmt().analytics().search(&search));
    assert_eq!((counts[0].count, counts[1].count), (12_345_678_901, 3));
    assert_eq!(
        [counts[0].created, counts[1].created],
        [Some(UnixMillis::from_millis(1_700_000_000_123)), None]
    );
    assert_eq!(counts[0].extra["later"], json!(true));
    let texts = |of: &AnalyticsRecord| {
        let texts = [&of.project_id, &of.action, &of.device, &of.method, &of.geo, &of.tenant];
        texts.map(String::clone)
    };
    let wanted = ["P2abc", "LoginSucceed", "Mobile", "otp", "US", "acme"];
    assert_eq!(texts(&counts[0]), wanted.map(str::to_owned));
    let again: AnalyticsRecord =
        serde_json::from_value(serde_json::to_value(&counts[0]).unwrap()).unwrap();
    assert_eq!(again, counts[0]);

    let least = json!({
        "groupByAction": false, "groupByDevice": false, "groupByMethod": false,
        "groupByGeo": false, "groupByTenant": false, "groupByReferrer": false,
    });
    sends(line, MANAGEMENT, least.clone(), &json!({}), |c| {
        c.mgmt().analytics().search(&AnalyticsSearch::default())
    });
    let periods = [
        AnalyticsPeriod::Hour,
        AnalyticsPeriod::Week,
        AnalyticsPeriod::Month,
        AnalyticsPeriod::Quarter,
        AnalyticsPeriod::Other("y".to_owned()),
    ];
    for (period, name) in periods.into_iter().zip(["h", "w", "m", "q", "y"]) {
        let search = AnalyticsSearch::default().group_by_created(period);
        let mut body = least.clone();
        body["groupByCreated"] = json!(name);
        sends(line, MANAGEMENT, body, &answer, |c| c.mgmt().analytics().search(&search));
    }
    every_field_of(["POST /v1/mgmt/analytics/search"]);
}

#[test]
fn an_audit_webhook_with_every_field() {
    let excluded = AuditFilter::excludes(AuditFilterType::Tenants, ["acme"]);
    let webhook = AuditWebhook::default()
        .description("for the SIEM")
        .url("https://siem.example.com")
        .headers([("x-team", "t1")])
        .hmac_secret("hm4c")
        .insecure(true)
        .filters([AuditFilter::includes(AuditFilterType::Actions, ["a", "b"]), excluded])
        .filters([AuditFilter::all()]);
    let body = |authentication: &Value| {
        json!({
            "name": "siem", "description": "for the SIEM", "url": "https://siem.example.com",
            "headers": { "x-team": "t1" }, "hmacSecret": "hm4c", "insecure": true,
            "filters": [
                { "filterType": "actions", "operator": "includes", "values": ["a", "b"] },
                { "filterType": "tenants", "operator": "excludes", "values": ["acme"] },
                { "filterType": "all" },
            ],
            "authentication": authentication,
        })
    };
    let line = "POST /v2/mgmt/connector/audit/web/set";
    let (username, key) = ("ada".to_owned(), "x-key".to_owned());
    for (authentication, wire) in [
        (WebhookAuthentication::Bearer("t0ken".into()), json!({ "bearerToken": "t0ken" })),
        (
            WebhookAuthentication::Basic { username, password: "pa55".into() },
            json!({ "basic": { "username": "ada", "password": "pa55" } }),
        ),
        (
            WebhookAuthentication::ApiKey { key, token: "k3y".into() },
            json!({ "apiKey": { "key": "x-key", "token": "k3y" } }),
        ),
    ] {
        let webhook = webhook.clone().authentication(authentication);
        sends(line, MANAGEMENT, body(&wire), &json!({}), |c| {
            c.mgmt().audit().create_webhook("siem", &webhook)
        });
        let shown = format!("{webhook:?}");
        for secret in ["t0ken", "pa55", "k3y", "hm4c", "t1"] {
            assert!(!shown.contains(secret), "{shown}");
        }
    }
    sends(line, MANAGEMENT, json!({ "name": "siem" }), &json!({}), |c| {
        c.mgmt().audit().create_webhook("siem", &AuditWebhook::default())
    });
    every_field_of(["POST /v2/mgmt/connector/audit/web/set"]);
}

#[test]
fn bad_input_is_refused_before_a_request() {
    let event = |action: &str, actor: &str, tenant: &str| {
        AuditEvent::new(tenant, actor, action, AuditType::Info)
    };
    refuses("action", |c| c.mgmt().audit().create_event(&event("", "U1", "acme")));
    refuses("actor_id", |c| c.mgmt().audit().create_event(&event("a", "", "acme")));
    refuses("tenant_id", |c| c.mgmt().audit().create_event(&event("a", "U1", "")));
    let [earlier, later] = [1, 2].map(UnixMillis::from_millis);
    let backwards = AnalyticsSearch::default().from(later).to(earlier);
    refuses("to", |c| c.mgmt().analytics().search(&backwards));
    let webhook = AuditWebhook::default;
    let creates = |argument: &str, name: &str, webhook: AuditWebhook| {
        refuses(argument, |c| c.mgmt().audit().create_webhook(name, &webhook));
    };
    creates("name", "", webhook());
    creates("url", "siem", webhook().url(""));
    creates("hmac_secret", "siem", webhook().hmac_secret(""));
    let nothing = WebhookAuthentication::Bearer("".into());
    creates("authentication", "siem", webhook().authentication(nothing));
    let no_values = AuditFilter::includes(AuditFilterType::Actions, [""; 0]);
    creates("filters", "siem", webhook().filters([no_values]));
    refusals_of([
        ("POST /v1/mgmt/analytics/search", "to"),
        ("POST /v1/mgmt/audit/event", "action actor_id tenant_id"),
        ("POST /v2/mgmt/connector/audit/web/set", "authentication filters hmac_secret name url"),
    ]);
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
        .create_event(&AuditEvent::new("acme", "ada", "launch", AuditType::Error).data([("n", 1)]))
        .unwrap();
    let launched = found(AuditSearch::default().actions(["launch"]));
    assert_eq!((launched.len(), launched[0].audit_type.as_ref()), (1, Some(&AuditType::Error)));
    assert!(found(AuditSearch::default().actions(["launch"]).tenants(["other"])).is_empty());
    let later = UnixMillis::from_millis(launched[0].occurred.unwrap().as_millis() + 60_000);
    assert!(found(AuditSearch::default().actions(["launch"]).from(later)).is_empty());
    assert!(
        found(AuditSearch::default().excluded_actions(["launch"]))
            .iter()
            .all(|of| of.action != "launch")
    );
}

#[test]
fn analytics_count_what_the_audit_trail_has_by_what_is_asked_for() {
    let emulator = Emulator::new();
    let client = Client::builder().emulator(&emulator).build().unwrap();
    let tenants = json!([{ "id": "t1", "name": "One" }, { "id": "t2", "name": "Two" }]);
    let in_both =
        json!({ "loginId": "ada", "userTenants": [{ "tenantId": "t1" }, { "tenantId": "t2" }] });
    emulator.seed(&json!({ "tenants": tenants, "users": [in_both, { "loginId": "bo" }] })).unwrap();
    for login_id in ["ada", "ada", "bo"] {
        emulator.sign_in(login_id).unwrap();
    }
    let a_day = Duration::from_secs(24 * 60 * 60);
    emulator.advance(a_day);
    emulator.sign_in("bo").unwrap();
    let analytics = client.mgmt().analytics();
    let logins = || AnalyticsSearch::default().actions(["LoginSucceed"]);
    let counts = |search: AnalyticsSearch| {
        let counts = analytics.search(&search).unwrap();
        counts.into_iter().map(|of| (of.tenant, of.method, of.count)).collect::<Vec<_>>()
    };
    let row = |tenant: &str, method: &str, count| (tenant.to_owned(), method.to_owned(), count);
    assert_eq!(counts(logins()), [row("", "", 4)]);
    assert_eq!(
        counts(logins().group_by_tenant(true)),
        [row("", "", 2), row("t1", "", 2), row("t2", "", 2)]
    );
    assert_eq!(counts(logins().group_by_tenant(true).tenants(["t2"])), [row("t2", "", 2)]);
    assert_eq!(counts(logins().group_by_method(true)), [row("", "otp", 4)]);
    assert_eq!(counts(logins().methods(["saml"])), []);
    assert_eq!(counts(logins().geos(["US"])), []);

    let actions = analytics.search(&AnalyticsSearch::default().group_by_action(true)).unwrap();
    let actions: Vec<_> = actions.iter().map(|of| (&*of.action, of.count)).collect();
    assert!(actions.contains(&("LoginSucceed", 4)) && actions.contains(&("UserCreated", 2)));
    let others =
        AnalyticsSearch::default().excluded_actions(["LoginSucceed"]).group_by_action(true);
    let others = analytics.search(&others).unwrap();
    assert_eq!(others.len(), actions.len() - 1);

    let by_day = logins().group_by_created(AnalyticsPeriod::Day);
    let days = analytics.search(&by_day).unwrap();
    let begins: Vec<_> = days.iter().filter_map(|of| of.created).collect();
    assert_eq!(days.iter().map(|of| of.count).collect::<Vec<_>>(), [3, 1]);
    assert_eq!(begins[1].as_millis() - begins[0].as_millis(), 24 * 60 * 60 * 1000);
    let first = by_day.clone().to(UnixMillis::from_millis(begins[1].as_millis() - 1));
    assert_eq!(analytics.search(&first).unwrap(), days[..1]);
    assert_eq!(analytics.search(&by_day.clone().from(begins[1])).unwrap(), days[1..]);
    let unknown = logins().group_by_created(AnalyticsPeriod::Other("y".to_owned()));
    assert_eq!(analytics.search(&unknown).unwrap_err().status(), Some(400));
    emulator.advance(a_day * 366);
    assert_eq!(analytics.search(&by_day).unwrap(), [], "after twelve months");
}

#[test]
fn webhooks_are_kept_under_names_of_their_own() {
    let emulator = Emulator::new();
    let client = Client::builder().emulator(&emulator).build().unwrap();
    let audit = client.mgmt().audit();
    let webhook = AuditWebhook::default()
        .url("https://siem.example.com")
        .authentication(WebhookAuthentication::Bearer("t0ken".into()))
        .hmac_secret("hm4c");
    audit.create_webhook("siem", &webhook).unwrap();
    let again = audit.create_webhook("siem", &AuditWebhook::default()).unwrap_err();
    assert_eq!((again.status(), again.code()), (Some(400), Some("EMU409")));
    audit.create_webhook("other", &AuditWebhook::default()).unwrap();
    let unknown = AuditFilterType::Other("devices".to_owned());
    let unknown = AuditWebhook::default().filters([AuditFilter::includes(unknown, ["Bot"])]);
    assert_eq!(audit.create_webhook("third", &unknown).unwrap_err().status(), Some(400));
    let mut unknown = AuditFilter::all();
    unknown.operator = Some(AuditFilterOperator::Other("like".to_owned()));
    unknown.values = vec!["a".to_owned()];
    let unknown = AuditWebhook::default().filters([unknown]);
    assert_eq!(audit.create_webhook("third", &unknown).unwrap_err().status(), Some(400));

    let saved = emulator.export();
    let siem = json!({
        "name": "siem", "url": "https://siem.example.com", "hmacSecret": "hm4c",
        "authentication": { "bearerToken": "t0ken" },
    });
    assert_eq!(saved["auditWebhooks"], json!([siem, { "name": "other" }]));
    let copy = Emulator::new();
    copy.seed(&saved).unwrap();
    assert_eq!(copy.export(), saved);
    let created = audit.search(&AuditSearch::default().actions(["ConnectorCreated"])).unwrap();
    assert_eq!(created.total, Some(2));
    assert!(!serde_json::to_string(&created.items).unwrap().contains("hm4c"));
}

#[test]
fn the_audit_trail_is_narrowed_by_actor_type_and_parts_of_login_ids() {
    let emulator = Emulator::new();
    let client = Client::builder().emulator(&emulator).build().unwrap();
    let users = json!([{ "loginId": "ada@example.com" }, { "loginId": "bo@example.org" }]);
    emulator.seed(&json!({ "users": users })).unwrap();
    for login_id in ["ada@example.com", "bo@example.org", "ada@example.com"] {
        emulator.sign_in(login_id).unwrap();
    }
    let audit = client.mgmt().audit();
    let ada = client.mgmt().user().load("ada@example.com").unwrap().user_id;
    let logins = || AuditSearch::default().actions(["LoginSucceed"]);
    let found = |search: AuditSearch| {
        let found = audit.search(&search).unwrap().items;
        found
            .iter()
            .map(|of| of.login_ids[0].split('@').next().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(found(logins()), ["ada", "bo", "ada"]);
    assert_eq!(found(logins().actor_ids([&*ada])), ["ada", "ada"]);
    assert_eq!(found(logins().audit_types([AuditType::Warn])), [""; 0]);
    assert_eq!(found(logins().audit_types([AuditType::Warn, AuditType::Info])).len(), 3);
    assert_eq!(found(logins().login_ids_contain(["example.org", "nobody"])), ["bo"]);
    assert_eq!(found(logins().login_ids_not_contain(["example.org"])), ["ada", "ada"]);
    assert_eq!(found(logins().excluded_login_ids(["ada@example.com"])), ["bo"]);
    let ids = |search: AuditSearch| {
        let found = audit.search(&search).unwrap().items;
        found.into_iter().map(|of| of.id).collect::<Vec<_>>()
    };
    let (newest, mut oldest) = (ids(logins()), ids(logins().oldest_first(true)));
    oldest.reverse();
    assert_eq!(newest, oldest);
    assert!(!newest[0].is_empty() && newest[0] != newest[1]);
    for uncovered in [
        logins().levels(["l"]),
        logins().search_fields([AuditFieldSearch::new("device").value("Bot")]),
    ] {
        assert_eq!(audit.search(&uncovered).unwrap_err().status(), Some(501));
    }
}
