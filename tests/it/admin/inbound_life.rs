//! Inbound applications on the emulator: what their operations do to each other, to users and tokens.

use std::time::Duration;

use descope::clock::Clock;
use descope::emulator::Emulator;
use descope::mgmt::inbound_app::{
    AddSecretOptions, AppScope, AppScopeClaims, ConsentFilter, ConsentSearch, DefaultAudience,
    InboundAppPatch, InboundAppSearch, InboundAppSettings, NewInboundApp, SecretOptions,
    SecretStatus, TenantConsentFilter,
};
use descope::mgmt::scope_claim_mapping::ScopeClaims;
use descope::{Client, UnixTime};
use serde_json::{Value, json};

use crate::emulated::{manage, refused, start};

fn settings() -> InboundAppSettings {
    InboundAppSettings::default()
        .login_page_url("https://app.example.com/login")
        .permissions_scopes([AppScope::new("read", ["Reader"]), AppScope::new("write", ["Writer"])])
}

fn create(client: &Client, id: &str, settings: InboundAppSettings) {
    let new = NewInboundApp::default().id(id).settings(settings);
    client.mgmt().inbound_app().create(id, &new).unwrap();
}

/// An application `partner`, two users in the tenant `acme`, and consents of both and of the tenant.
fn with_consents() -> (Emulator, Client, Value) {
    let (emulator, client) = start();
    create(&client, "partner", settings());
    create(&client, "other", settings());
    let made = emulator
        .seed(&json!({
            "tenants": [{ "id": "acme", "name": "Acme" }],
            "users": [
                { "loginId": "ada", "userTenants": [{ "tenantId": "acme" }] },
                { "loginId": "bo" },
            ],
            "inboundConsents": [
                { "appId": "partner", "loginId": "ada", "scopes": ["read"] },
                { "appId": "partner", "loginId": "bo", "scopes": ["read", "write"] },
                { "appId": "other", "loginId": "ada", "tenantId": "acme", "scopes": ["read"] },
                { "appId": "partner", "tenantId": "acme", "scopes": ["write"] },
            ],
        }))
        .unwrap();
    let made = made["inboundConsents"].clone();
    (emulator, client, made)
}

/// The applications of the consents that are left, and how many scopes each has.
fn left(client: &Client, search: &ConsentSearch) -> Vec<(String, usize)> {
    let consents = client.mgmt().inbound_app().iter_consents(search);
    let shown = consents.map(Result::unwrap);
    shown.map(|consent| (consent.app_id.unwrap(), consent.scopes.len())).collect()
}

#[test]
fn an_application_is_created_replaced_patched_and_deleted() {
    let (_, client) = start();
    let apps = client.mgmt().inbound_app();
    let created = apps.create("Partner", &NewInboundApp::default().settings(settings())).unwrap();
    let id = &*created.id;
    refused(apps.create("Partner", &NewInboundApp::default()), 400, "EMU409");
    refused(apps.create("New", &NewInboundApp::default().id(id)), 400, "EMU409");
    let app = apps.load(id).unwrap();
    assert_eq!((&*app.name, app.settings.force_pkce), ("Partner", None));
    assert_eq!(app.settings.permissions_scopes.as_ref().unwrap().len(), 2);
    assert!(app.client_id.is_some());

    let patch = InboundAppPatch::default();
    let settings = InboundAppSettings::default().force_pkce(true).description("Ours");
    apps.patch(id, &patch.settings(settings).name("Our partner")).unwrap();
    let patched = apps.load(id).unwrap();
    assert_eq!((&*patched.name, patched.settings.force_pkce), ("Our partner", Some(true)));
    assert_eq!(patched.settings.permissions_scopes, app.settings.permissions_scopes, "it stays");

    let audience = InboundAppSettings::default().default_audience(DefaultAudience::ClientId);
    apps.update(id, "Partner", &audience).unwrap();
    let replaced = apps.load(id).unwrap();
    assert_eq!(replaced.settings.permissions_scopes, Some(Vec::new()), "it is cleared");
    assert_eq!(replaced.settings.default_audience, Some(DefaultAudience::ClientId));
    let odd = InboundAppSettings::default().default_audience(DefaultAudience::Other("x".into()));
    refused(apps.update(id, "Partner", &odd), 400, "E011004");

    create(&client, "second", InboundAppSettings::default());
    refused(apps.patch(id, &InboundAppPatch::default().name("second")), 400, "EMU409");
    refused(apps.update(id, "second", &audience), 400, "EMU409");
    refused(apps.delete_batch(&[id, "nobody"]), 404, "EMU404");
    assert_eq!(apps.iter(&InboundAppSearch::default().limit(1)).count(), 2, "none was deleted");
    apps.delete("second").unwrap();
    apps.delete_batch(&[id]).unwrap();
    for gone in [apps.delete(id), apps.load(id).map(drop), apps.patch(id, &Default::default())] {
        refused(gone, 404, "EMU404");
    }
    refused(apps.update(id, "x", &audience), 404, "EMU404");
    assert_eq!(apps.search(&InboundAppSearch::default()).unwrap().total, Some(0));
}

#[test]
fn secrets_are_added_rotated_and_revoked_and_expire() {
    let (emulator, client) = start();
    let apps = client.mgmt().inbound_app();
    let first = apps.create("Partner", &NewInboundApp::default().id("partner")).unwrap();
    let first = first.cleartext.unwrap();
    let shown = |options: &SecretOptions| apps.load_secret("partner", options);
    assert_eq!(shown(&SecretOptions::default()).unwrap().expose(), first.expose());

    let soon = UnixTime::from_seconds(emulator.clock().unix().as_seconds() + 60);
    let added = apps.add_secret("partner", "next", &AddSecretOptions::default().expires(soon));
    let added = added.unwrap();
    assert_eq!(
        (added.meta.status, added.meta.expire_time),
        (Some(SecretStatus::Active), Some(soon))
    );
    refused(apps.add_secret("partner", "next", &AddSecretOptions::default()), 400, "EMU409");
    let next = shown(&SecretOptions::default().name("next")).unwrap();
    assert_eq!(next.expose(), added.cleartext.expose());
    refused(shown(&SecretOptions::default()), 400, "E011004");
    apps.add_secret("partner", "last", &AddSecretOptions::default()).unwrap();
    emulator.advance(Duration::from_secs(60));
    let meta = apps.revoke_secret("partner", "last").unwrap();
    let of_next = meta.iter().find(|secret| secret.name == "next").unwrap();
    assert_eq!((meta.len(), &of_next.status), (2, &Some(SecretStatus::Expired)));
    refused(apps.revoke_secret("partner", "last"), 404, "EMU404");

    let rotated = apps.rotate_secret("partner").unwrap();
    assert_ne!(rotated.expose(), first.expose());
    assert_eq!(
        shown(&SecretOptions::default()).unwrap().expose(),
        rotated.expose(),
        "the only one"
    );
    refused(shown(&SecretOptions::default().name("next")), 404, "EMU404");
    refused(apps.rotate_secret("nobody"), 404, "EMU404");
    refused(apps.add_secret("nobody", "a", &AddSecretOptions::default()), 404, "EMU404");
}

#[test]
fn consents_are_found_and_deleted_by_each_condition() {
    let (_, client, made) = with_consents();
    let apps = client.mgmt().inbound_app();
    let user = |login_id| client.mgmt().user().load(login_id).unwrap().user_id;
    let (ada, bo) = (user("ada"), user("bo"));
    let any = ConsentSearch::default;
    let first = made[0]["consentId"].as_str().unwrap();
    for (search, found) in [
        (any(), 4),
        (any().limit(1), 4),
        (any().limit(3).page(1), 1),
        (any().app_id("partner"), 3),
        (any().user_id(&*ada), 2),
        (any().user_id(&*ada).app_id("other"), 1),
        (any().tenant_id("acme"), 2),
        (any().consent_id(first), 1),
        (any().consent_id(first).app_id("other"), 0),
    ] {
        assert_eq!(left(&client, &search).len(), found, "{search:?}");
    }
    let page = apps.search_consents(&any().limit(3)).unwrap();
    assert_eq!((page.items.len(), page.total), (3, Some(4)));
    let consent = &page.items[0];
    assert_eq!((&*consent.id, consent.granted_by.as_deref()), (first, Some(&*ada)));
    let created = consent.created_time.unwrap().as_millis();
    assert!(created > 1_000_000_000_000, "{created} is in milliseconds");

    let none = ConsentFilter::of_users([&*bo]).tenant_id("acme");
    apps.delete_consents(&none).unwrap();
    assert_eq!(left(&client, &any()).len(), 4, "Bo's is not the tenant's");
    apps.delete_consents(&ConsentFilter::of_app("partner").user_ids([&*bo])).unwrap();
    assert_eq!(left(&client, &any().app_id("partner")).len(), 2, "that of the tenant stays");
    apps.delete_consents(&ConsentFilter::of_ids([first])).unwrap();
    apps.delete_tenant_consents("acme", &TenantConsentFilter::of_app("other")).unwrap();
    assert_eq!(left(&client, &any()).len(), 2, "that one is a user's");
    apps.delete_tenant_consents("acme", &TenantConsentFilter::all()).unwrap();
    assert_eq!(left(&client, &any()), [("other".to_owned(), 1)]);
    refused(apps.delete_tenant_consents("nobody", &TenantConsentFilter::all()), 404, "EMU404");
}

#[test]
fn consents_go_with_their_user_their_tenant_and_their_application() {
    let any = ConsentSearch::default();
    let (_, client, _) = with_consents();
    client.mgmt().user().delete("ada").unwrap();
    assert_eq!(left(&client, &any).len(), 2);
    client.mgmt().tenant().delete("acme").unwrap();
    assert_eq!(left(&client, &any), [("partner".to_owned(), 2)], "Bo's is left");
    client.mgmt().inbound_app().delete("partner").unwrap();
    assert_eq!(left(&client, &any), []);

    let (_, client, _) = with_consents();
    let only = InboundAppSettings::default().permissions_scopes([AppScope::new("write", ["W"])]);
    let patch = InboundAppPatch::default().settings(only);
    client.mgmt().inbound_app().patch("partner", &patch).unwrap();
    let scopes: Vec<_> = left(&client, &any).into_iter().map(|(_, scopes)| scopes).collect();
    assert_eq!(scopes, [0, 1, 1, 1], "the application has no scope `read` any more");
}

#[test]
fn a_consent_of_a_user_comes_with_a_token_of_the_claims_that_its_scopes_give() {
    let (emulator, client) = start();
    client
        .mgmt()
        .scope_claim_mapping()
        .update(&[
            ScopeClaims::new("email", [("email", "{{user.email}}")]),
            ScopeClaims::new("plan", [("plan", "{{user.customAttributes.plan}}")]),
        ])
        .unwrap();
    let scopes = [
        AppScopeClaims::new(
            "profile",
            [("title", "Countess {{user.name}}"), ("none", "{{user.x}}")],
        ),
        AppScopeClaims::of_project("email"),
        AppScopeClaims::of_project("plan").mandatory(true),
        AppScopeClaims::new("forged", [("sub", "root"), ("exp", "1"), ("iss", "evil")]),
    ];
    create(&client, "partner", settings().scope_claim_mapping(scopes));
    let seed = |scopes: Value| {
        let seed = json!({ "inboundConsents": [
            { "appId": "partner", "loginId": "ada", "scopes": scopes },
        ] });
        emulator.seed(&seed).map(|made| made["inboundConsents"][0].clone())
    };
    let ada = json!({
        "loginId": "ada", "displayName": "Ada", "email": "ada@example.com",
        "customAttributes": { "plan": "pro" },
    });
    emulator.seed(&json!({ "users": [ada] })).unwrap();
    let validated = |scopes: Value| {
        let token = seed(scopes).unwrap()["accessToken"].as_str().unwrap().to_owned();
        client.auth().session().validate(&token).unwrap()
    };
    let claims = validated(json!(["read", "forged"]));
    let user = client.mgmt().user().load("ada").unwrap();
    let app = client.mgmt().inbound_app().load("partner").unwrap();
    assert_eq!((claims.user_id(), claims.scopes()), (&*user.user_id, vec!["read", "forged"]));
    assert_eq!(claims.client_id(), app.client_id.as_deref());
    let all = claims.as_map();
    assert_eq!((all.get("plan"), all.get("email")), (Some(&json!("pro")), None));
    assert_eq!(all["aud"], json!([emulator.project_id(), app.client_id]));

    let audience = InboundAppSettings::default().default_audience(DefaultAudience::ProjectId);
    let patch = InboundAppPatch::default().settings(audience);
    client.mgmt().inbound_app().patch("partner", &patch).unwrap();
    let claims = validated(json!(["profile", "email", "openid"]));
    let all = claims.as_map();
    assert_eq!(all["aud"], emulator.project_id());
    assert_eq!((&all["title"], &all["email"]), (&json!("Countess Ada"), &json!("ada@example.com")));
    assert!(!all.contains_key("none"), "it names nothing");
    assert_eq!(claims.scopes().len(), 5, "a consent adds to the one before");
    client.mgmt().scope_claim_mapping().delete_all().unwrap();
    assert_eq!(validated(json!(["read"])).as_map().get("plan"), None);
    let unknown = seed(json!(["moon"])).unwrap_err();
    assert_eq!(unknown.code(), "E011004");
}

#[test]
fn a_saved_emulator_has_the_same_applications_and_consents() {
    let (emulator, client, _) = with_consents();
    client.mgmt().inbound_app().add_secret("partner", "next", &Default::default()).unwrap();
    client.mgmt().user().deactivate("ada").unwrap();
    let copy = Emulator::builder().project_id(emulator.project_id()).build();
    copy.advance(Duration::from_secs(60));
    copy.seed(&emulator.export()).unwrap();
    assert_eq!(copy.export(), emulator.export());
}

#[test]
fn what_is_done_to_applications_is_in_the_audit_trail() {
    let (emulator, client, _) = with_consents();
    let apps = client.mgmt().inbound_app();
    let secret = apps.rotate_secret("partner").unwrap();
    apps.delete_consents(&ConsentFilter::of_app("partner")).unwrap();
    apps.delete("other").unwrap();
    let actions = [
        "ThirdPartyApplicationCreated",
        "ThirdPartyApplicationModified",
        "ThirdPartyApplicationConsentsDeleted",
        "ThirdPartyApplicationDeleted",
    ];
    let found = manage(&emulator, "/v1/mgmt/audit/search", &json!({ "actions": actions }));
    let audits = found["audits"].as_array().unwrap();
    assert_eq!(audits.len(), 5, "two were created: {found}");
    for action in actions {
        assert!(audits.iter().any(|record| record["action"] == action), "{action}");
    }
    assert!(!found.to_string().contains(secret.expose()));
}
