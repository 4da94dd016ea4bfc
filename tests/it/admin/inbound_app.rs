//! Inbound applications, their secrets, and what users have allowed them to do.

use descope::mgmt::inbound_app::{
    AddSecretOptions, AppScope, AppScopeClaims, Consent, ConsentFilter, ConsentSearch,
    DefaultAudience, InboundApp, InboundAppPatch, InboundAppSearch, InboundAppSettings,
    IssuerSettings, JwtBearerSettings, NewInboundApp, SecretOptions, SecretStatus,
    TenantConsentFilter,
};
use descope::{UnixMillis, UnixTime};
use serde_json::{Value, json};

use crate::inventory::{every_field_of, refusals_of};
use crate::support::{MANAGEMENT, exchange, refuses, sends};

fn settings_json() -> Value {
    json!({
        "description": "d", "logo": "https://example.com/logo.png",
        "loginPageUrl": "https://app.example.com/login",
        "approvedCallbackUrls": ["https://partner.example.com/callback"],
        "permissionsScopes": [
            { "name": "read", "description": "Reads", "values": ["Reader"], "optional": true },
            { "name": "none", "values": [] },
        ],
        "scopeClaimMapping": [
            {
                "scope": "profile", "claims": { "name": "{{user.name}}" }, "description": "Who",
                "mandatory": true,
            },
            { "scope": "email", "useProjectMapping": true },
        ],
        "jwtBearerSettings": { "issuers": { "https://iss": { "jwksUri": "https://iss/jwks" } } },
        "customAttributes": { "a": [1, { "b": null }] }, "forcePkce": true,
        "defaultAudience": "clientId",
    })
}

fn settings() -> InboundAppSettings {
    let none: [&str; 0] = [];
    let issuer = IssuerSettings::default().jwks_uri("https://iss/jwks");
    InboundAppSettings::default()
        .description("d")
        .logo("https://example.com/logo.png")
        .login_page_url("https://app.example.com/login")
        .approved_callback_urls(["https://partner.example.com/callback"])
        .permissions_scopes([
            AppScope::new("read", ["Reader"]).description("Reads").optional(true),
            AppScope::new("none", none),
        ])
        .scope_claim_mapping([
            AppScopeClaims::new("profile", [("name", "{{user.name}}")])
                .description("Who")
                .mandatory(true),
            AppScopeClaims::of_project("email"),
        ])
        .jwt_bearer_settings(JwtBearerSettings::default().issuers([("https://iss", issuer)]))
        .custom_attributes([("a", json!([1, { "b": null }]))])
        .force_pkce(true)
        .default_audience(DefaultAudience::ClientId)
}

fn with(mut object: Value, more: Value) -> Value {
    let Value::Object(more) = more else { panic!("{more}") };
    object.as_object_mut().unwrap().extend(more);
    object
}

fn app() -> Value {
    let more = json!({ "id": "A1", "name": "Partner", "clientId": "C1", "shoeSize": 42 });
    with(settings_json(), more)
}

fn is_the_partner(partner: &InboundApp) {
    assert_eq!((&*partner.id, &*partner.name), ("A1", "Partner"));
    assert_eq!(partner.client_id.as_deref(), Some("C1"));
    assert_eq!((&partner.settings, &partner.extra["shoeSize"]), (&settings(), &json!(42)));
    assert_eq!(partner.extra.len(), 1, "{:?}", partner.extra);
    let written = serde_json::to_value(partner).unwrap();
    assert_eq!(written, app());
    assert_eq!(serde_json::from_value::<InboundApp>(written).unwrap(), *partner);
}

#[test]
fn create_with_every_field_and_with_none() {
    let new = NewInboundApp::default().id("A1").settings(settings());
    let body = with(settings_json(), json!({ "id": "A1", "name": "Partner" }));
    let line = "POST /v2/mgmt/thirdparty/app/create";
    let answer = json!({ "id": "A1", "cleartext": "canary", "clientId": "C1" });
    let created = sends(line, MANAGEMENT, body, &answer, |client| {
        client.mgmt().inbound_app().create("Partner", &new)
    });
    assert_eq!((&*created.id, created.client_id.as_deref()), ("A1", Some("C1")));
    assert_eq!(created.cleartext.as_ref().unwrap().expose(), "canary");
    assert!(!format!("{created:?}").contains("canary"));
    let answer = json!({ "id": "A1" });
    let created = sends(line, MANAGEMENT, json!({ "name": "Partner" }), &answer, |client| {
        client.mgmt().inbound_app().create("Partner", &NewInboundApp::default())
    });
    assert!(created.cleartext.is_none() && created.client_id.is_none());
    every_field_of(["POST /v2/mgmt/thirdparty/app/create"]);
}

#[test]
fn update_and_patch_with_every_field_and_with_none() {
    let line = "POST /v2/mgmt/thirdparty/app/update";
    let (names, nothing) = (json!({ "id": "A1", "name": "Partner" }), json!({}));
    let body = with(settings_json(), names.clone());
    sends(line, MANAGEMENT, body.clone(), &nothing, |client| {
        client.mgmt().inbound_app().update("A1", "Partner", &settings())
    });
    sends(line, MANAGEMENT, names, &nothing, |client| {
        client.mgmt().inbound_app().update("A1", "Partner", &InboundAppSettings::default())
    });
    let line = "POST /v2/mgmt/thirdparty/app/patch";
    let patch = InboundAppPatch::default().name("Partner").settings(settings());
    sends(line, MANAGEMENT, body, &nothing, |client| {
        client.mgmt().inbound_app().patch("A1", &patch)
    });
    sends(line, MANAGEMENT, json!({ "id": "A1" }), &nothing, |client| {
        client.mgmt().inbound_app().patch("A1", &InboundAppPatch::default())
    });
    let none: [&str; 0] = [];
    let cleared = InboundAppSettings::default()
        .approved_callback_urls(none)
        .force_pkce(false)
        .description("")
        .default_audience(DefaultAudience::Both);
    let body = json!({
        "id": "A1", "approvedCallbackUrls": [], "forcePkce": false, "description": "",
        "defaultAudience": "",
    });
    sends(line, MANAGEMENT, body, &nothing, |client| {
        let patch = InboundAppPatch::default().settings(cleared.clone());
        client.mgmt().inbound_app().patch("A1", &patch)
    });
    every_field_of(["POST /v2/mgmt/thirdparty/app/patch", "POST /v2/mgmt/thirdparty/app/update"]);
}

#[test]
fn load_takes_both_forms_of_the_answer() {
    let line = "GET /v2/mgmt/thirdparty/app/load?id=A%2F1";
    for answer in [app(), json!({ "app": app() })] {
        let loaded = sends(line, MANAGEMENT, Value::Null, &answer, |client| {
            client.mgmt().inbound_app().load("A/1")
        });
        is_the_partner(&loaded);
    }
    every_field_of(["GET /v2/mgmt/thirdparty/app/load"]);
}

#[test]
fn search_and_iter_with_every_field_and_with_none() {
    let line = "POST /v2/mgmt/thirdparty/apps/load";
    let answer = json!({ "apps": [app(), { "id": "A2", "defaultAudience": "moon" }], "total": 2 });
    let search = InboundAppSearch::default().limit(20).page(1);
    let page = sends(line, MANAGEMENT, json!({ "limit": 20, "page": 1 }), &answer, |client| {
        client.mgmt().inbound_app().search(&search)
    });
    is_the_partner(&page.items[0]);
    let audience = page.items[1].settings.default_audience.as_ref();
    assert_eq!(audience.map(DefaultAudience::as_str), Some("moon"));
    assert_eq!(page.total, Some(2));
    sends(line, MANAGEMENT, json!({}), &answer, |client| {
        client.mgmt().inbound_app().search(&InboundAppSearch::default())
    });
    let (ids, sent) = exchange(&answer, |client| {
        let apps = client.mgmt().inbound_app().iter(&InboundAppSearch::default());
        apps.map(|app| app.unwrap().id).collect::<Vec<_>>()
    });
    assert_eq!((ids, sent.len()), (vec!["A1".to_owned(), "A2".to_owned()], 1));
    assert_eq!(sent[0].body, json!({ "page": 0 }));
    every_field_of(["POST /v2/mgmt/thirdparty/apps/load"]);
}

#[test]
fn delete_and_delete_batch() {
    let line = "POST /v1/mgmt/thirdparty/app/delete";
    sends(line, MANAGEMENT, json!({ "id": "A1" }), &json!({}), |client| {
        client.mgmt().inbound_app().delete("A1")
    });
    let line = "POST /v1/mgmt/thirdparty/app/delete/batch";
    sends(line, MANAGEMENT, json!({ "ids": ["A1", "A2"] }), &json!({}), |client| {
        client.mgmt().inbound_app().delete_batch(&["A1", "A2"])
    });
    every_field_of([
        "POST /v1/mgmt/thirdparty/app/delete",
        "POST /v1/mgmt/thirdparty/app/delete/batch",
    ]);
}

#[test]
fn secrets_are_shown_rotated_added_and_revoked() {
    let answer = json!({ "cleartext": "canary" });
    for (options, line) in [
        (SecretOptions::default(), "GET /v1/mgmt/thirdparty/app/secret?id=A%2F1"),
        (
            SecretOptions::default().name("n/1"),
            "GET /v1/mgmt/thirdparty/app/secret?id=A%2F1&secretName=n%2F1",
        ),
    ] {
        let secret = sends(line, MANAGEMENT, Value::Null, &answer, |client| {
            client.mgmt().inbound_app().load_secret("A/1", &options)
        });
        assert_eq!(secret.expose(), "canary");
    }
    let line = "POST /v1/mgmt/thirdparty/app/rotate";
    let secret = sends(line, MANAGEMENT, json!({ "id": "A1" }), &answer, |client| {
        client.mgmt().inbound_app().rotate_secret("A1")
    });
    assert_eq!(secret.expose(), "canary");

    let meta = json!({
        "id": "S1", "name": "next", "status": "active", "expireTime": 1_900_000_000,
        "createdTime": 1_700_000_000, "shoeSize": 42,
    });
    let answer = json!({ "cleartext": "canary", "meta": meta });
    let line = "POST /v1/mgmt/thirdparty/app/secret/add";
    let expires = UnixTime::from_seconds(1_900_000_000);
    let body = json!({ "id": "A1", "name": "next", "expireTime": 1_900_000_000 });
    let added = sends(line, MANAGEMENT, body, &answer, |client| {
        let options = AddSecretOptions::default().expires(expires);
        client.mgmt().inbound_app().add_secret("A1", "next", &options)
    });
    assert_eq!(added.cleartext.expose(), "canary");
    assert!(!format!("{added:?}").contains("canary"));
    let info = &added.meta;
    assert_eq!((&*info.id, &*info.name, &info.status), ("S1", "next", &Some(SecretStatus::Active)));
    assert_eq!((info.expire_time, &info.extra["shoeSize"]), (Some(expires), &json!(42)));
    assert_eq!(info.created_time, Some(UnixTime::from_seconds(1_700_000_000)));
    assert_eq!(serde_json::to_value(info).unwrap(), meta);
    let body = json!({ "id": "A1", "name": "next" });
    sends(line, MANAGEMENT, body.clone(), &answer, |client| {
        client.mgmt().inbound_app().add_secret("A1", "next", &AddSecretOptions::default())
    });

    let line = "POST /v1/mgmt/thirdparty/app/secret/revoke";
    let answer = json!({ "secrets": [meta, { "id": "S2", "status": "asleep", "expireTime": 0 }] });
    let left = sends(line, MANAGEMENT, body, &answer, |client| {
        client.mgmt().inbound_app().revoke_secret("A1", "next")
    });
    assert_eq!((left.len(), &*left[0].id, left[1].expire_time), (2, "S1", None));
    assert_eq!(left[1].status.as_ref().map(SecretStatus::as_str), Some("asleep"));
    every_field_of([
        "POST /v1/mgmt/thirdparty/app/rotate",
        "GET /v1/mgmt/thirdparty/app/secret",
        "POST /v1/mgmt/thirdparty/app/secret/add",
        "POST /v1/mgmt/thirdparty/app/secret/revoke",
    ]);
}

fn consent() -> Value {
    json!({
        "id": "CO1", "appId": "A1", "userId": "U1", "tenantId": "acme", "scopes": ["read"],
        "grantedBy": "U2", "createdTime": 1_700_000_000_123_i64,
        "modifiedTime": 1_700_000_001_000_i64, "expireTime": 1_900_000_000_000_i64,
        "shoeSize": 42,
    })
}

#[test]
fn consents_are_searched_with_every_field_and_with_none() {
    let line = "POST /v1/mgmt/thirdparty/consents/search";
    let mut other = consent();
    let expiry = other.as_object_mut().unwrap().remove("expireTime").unwrap();
    other["id"] = "CO2".into();
    other["ExpireTime"] = expiry;
    let bare = json!({ "id": "CO3", "createdTime": 0, "expireTime": 0 });
    let answer = json!({ "consents": [consent(), other, bare], "total": 3 });
    let search = ConsentSearch::default()
        .app_id("A1")
        .user_id("U1")
        .consent_id("CO1")
        .tenant_id("acme")
        .limit(20)
        .page(1);
    let body = json!({
        "appId": "A1", "userId": "U1", "consentId": "CO1", "tenantId": "acme", "limit": 20,
        "page": 1,
    });
    let page = sends(line, MANAGEMENT, body, &answer, |client| {
        client.mgmt().inbound_app().search_consents(&search)
    });
    let first = &page.items[0];
    assert_eq!((&*first.id, first.app_id.as_deref()), ("CO1", Some("A1")));
    assert_eq!((first.user_id.as_deref(), first.tenant_id.as_deref()), (Some("U1"), Some("acme")));
    assert_eq!(
        (&*first.scopes, first.granted_by.as_deref()),
        (&["read".to_owned()][..], Some("U2"))
    );
    let millis = |millis| Some(UnixMillis::from_millis(millis));
    assert_eq!(first.created_time, millis(1_700_000_000_123));
    assert_eq!(first.modified_time, millis(1_700_000_001_000));
    assert_eq!(first.expire_time, millis(1_900_000_000_000));
    assert_eq!(page.items[1].expire_time, first.expire_time, "Descope's own spelling");
    assert_eq!((page.items[2].created_time, page.items[2].expire_time), (None, None));
    let written = serde_json::to_value(first).unwrap();
    assert_eq!(written, consent());
    assert_eq!(serde_json::from_value::<Consent>(written).unwrap(), *first);

    sends(line, MANAGEMENT, json!({}), &answer, |client| {
        client.mgmt().inbound_app().search_consents(&ConsentSearch::default())
    });
    let (count, sent) = exchange(&answer, |client| {
        let search = ConsentSearch::default().app_id("A1");
        client.mgmt().inbound_app().iter_consents(&search).map(Result::unwrap).count()
    });
    assert_eq!((count, &sent[0].body, sent.len()), (3, &json!({ "appId": "A1", "page": 0 }), 1));
    every_field_of(["POST /v1/mgmt/thirdparty/consents/search"]);
}

#[test]
fn consents_are_deleted_by_at_least_one_condition() {
    let line = "POST /v1/mgmt/thirdparty/consents/delete";
    let every =
        ConsentFilter::of_ids(["CO1", "CO2"]).app_id("A1").user_ids(["U1", "U2"]).tenant_id("acme");
    let every_json = json!({
        "consentIds": ["CO1", "CO2"], "appId": "A1", "userIds": ["U1", "U2"], "tenantId": "acme",
    });
    for (filter, body) in [
        (every, every_json),
        (ConsentFilter::of_app("A1"), json!({ "appId": "A1" })),
        (ConsentFilter::of_users(["U1"]), json!({ "userIds": ["U1"] })),
    ] {
        sends(line, MANAGEMENT, body, &json!({}), |client| {
            client.mgmt().inbound_app().delete_consents(&filter)
        });
    }
    let line = "POST /v1/mgmt/thirdparty/consents/delete/tenant";
    let every = TenantConsentFilter::of_ids(["CO1"]).app_id("A1");
    let every_json = json!({ "tenantId": "acme", "consentIds": ["CO1"], "appId": "A1" });
    for (filter, body) in [
        (every, every_json),
        (TenantConsentFilter::of_app("A1"), json!({ "tenantId": "acme", "appId": "A1" })),
        (TenantConsentFilter::all(), json!({ "tenantId": "acme" })),
    ] {
        sends(line, MANAGEMENT, body, &json!({}), |client| {
            client.mgmt().inbound_app().delete_tenant_consents("acme", &filter)
        });
    }
    every_field_of([
        "POST /v1/mgmt/thirdparty/consents/delete",
        "POST /v1/mgmt/thirdparty/consents/delete/tenant",
    ]);
}

#[test]
fn bad_input_is_refused_before_a_request() {
    let settings = InboundAppSettings::default();
    refuses("name", |c| c.mgmt().inbound_app().create("", &NewInboundApp::default()));
    refuses("id", |c| c.mgmt().inbound_app().load(""));
    refuses("id", |c| c.mgmt().inbound_app().update("", "Partner", &settings));
    refuses("name", |c| c.mgmt().inbound_app().update("A1", "", &settings));
    refuses("id", |c| c.mgmt().inbound_app().patch("", &InboundAppPatch::default()));
    refuses("id", |c| c.mgmt().inbound_app().delete(""));
    refuses("ids", |c| c.mgmt().inbound_app().delete_batch(&[]));
    refuses("id", |c| c.mgmt().inbound_app().load_secret("", &SecretOptions::default()));
    refuses("id", |c| c.mgmt().inbound_app().rotate_secret(""));
    let add = AddSecretOptions::default();
    refuses("id", |c| c.mgmt().inbound_app().add_secret("", "next", &add));
    refuses("secret_name", |c| c.mgmt().inbound_app().add_secret("A1", "", &add));
    let past = AddSecretOptions::default().expires(UnixTime::from_seconds(0));
    refuses("expires", |c| c.mgmt().inbound_app().add_secret("A1", "next", &past));
    refuses("id", |c| c.mgmt().inbound_app().revoke_secret("", "next"));
    refuses("secret_name", |c| c.mgmt().inbound_app().revoke_secret("A1", ""));
    let none: [&str; 0] = [];
    for (name, filter) in [
        ("consent_ids", ConsentFilter::of_ids(none)),
        ("consent_ids", ConsentFilter::of_ids([""])),
        ("user_ids", ConsentFilter::of_users(none)),
        ("app_id", ConsentFilter::of_app("")),
    ] {
        refuses(name, |c| c.mgmt().inbound_app().delete_consents(&filter));
    }
    let all = TenantConsentFilter::all();
    refuses("tenant_id", |c| c.mgmt().inbound_app().delete_tenant_consents("", &all));
    for (name, filter) in [
        ("consent_ids", TenantConsentFilter::of_ids(none)),
        ("app_id", TenantConsentFilter::of_app("")),
    ] {
        refuses(name, |c| c.mgmt().inbound_app().delete_tenant_consents("acme", &filter));
    }
    refusals_of([
        ("POST /v1/mgmt/thirdparty/app/delete", "id"),
        ("POST /v1/mgmt/thirdparty/app/delete/batch", "ids"),
        ("POST /v1/mgmt/thirdparty/app/rotate", "id"),
        ("GET /v1/mgmt/thirdparty/app/secret", "id"),
        ("POST /v1/mgmt/thirdparty/app/secret/add", "expires id secret_name"),
        ("POST /v1/mgmt/thirdparty/app/secret/revoke", "id secret_name"),
        ("POST /v1/mgmt/thirdparty/consents/delete", "app_id consent_ids user_ids"),
        ("POST /v1/mgmt/thirdparty/consents/delete/tenant", "app_id consent_ids tenant_id"),
        ("POST /v2/mgmt/thirdparty/app/create", "name"),
        ("GET /v2/mgmt/thirdparty/app/load", "id"),
        ("POST /v2/mgmt/thirdparty/app/patch", "id"),
        ("POST /v2/mgmt/thirdparty/app/update", "id name"),
    ]);
}

#[test]
fn enumerations_have_their_names_on_the_wire() {
    use DefaultAudience::{Both, ClientId, ProjectId};
    for audience in [ProjectId, ClientId, Both] {
        assert_eq!(serde_json::to_value(&audience).unwrap(), audience.as_str());
    }
    for status in [SecretStatus::Active, SecretStatus::Disabled, SecretStatus::Expired] {
        assert_eq!(serde_json::to_value(&status).unwrap(), status.as_str());
    }
}
