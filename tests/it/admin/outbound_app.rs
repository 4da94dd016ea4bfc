//! Outbound applications, and loading the tokens of users and tenants for them.

use descope::mgmt::outbound_app::{
    AccessType, InTenant, NewOutboundApp, OutboundApp, OutboundAppSettings, OutboundAppUpdate,
    OutboundToken, Prompt, TemplateOverrides, TemplatedOutboundApp, TenantTokenOptions, TokenAge,
    UrlParam, UserTokenOptions,
};
use descope::{Client, UnixTime};
use serde_json::{Value, json};

use crate::inventory::{every_field_of, refusals_of};
use crate::support::{MANAGEMENT, REFRESH, exchange, refuses, sends, sends_unlisted};

fn settings_json() -> Value {
    json!({
        "description": "d", "logo": "https://example.com/logo.png",
        "discoveryUrl": "https://s.example.com/.well-known/openid-configuration",
        "authorizationUrl": "https://s.example.com/authorize",
        "authorizationUrlParams": [{ "key": "a", "value": "1" }],
        "tokenUrl": "https://s.example.com/token",
        "tokenUrlParams": [{ "key": "b", "value": "2" }],
        "revocationUrl": "https://s.example.com/revoke", "defaultScopes": ["read", "write"],
        "defaultRedirectUrl": "https://app.example.com/connected",
        "callbackDomain": "auth.example.com", "pkce": true, "accessType": "offline",
        "prompt": ["consent", "select_account"], "useDcr": false,
        "dcrUrl": "https://s.example.com/register",
    })
}

fn settings() -> OutboundAppSettings {
    OutboundAppSettings::default()
        .description("d")
        .logo("https://example.com/logo.png")
        .discovery_url("https://s.example.com/.well-known/openid-configuration")
        .authorization_url("https://s.example.com/authorize")
        .authorization_url_params([UrlParam::new("a", "1")])
        .token_url("https://s.example.com/token")
        .token_url_params([UrlParam::new("b", "2")])
        .revocation_url("https://s.example.com/revoke")
        .default_scopes(["read", "write"])
        .default_redirect_url("https://app.example.com/connected")
        .callback_domain("auth.example.com")
        .pkce(true)
        .access_type(AccessType::Offline)
        .prompt([Prompt::Consent, Prompt::SelectAccount])
        .use_dcr(false)
        .dcr_url("https://s.example.com/register")
}

/// A JSON object with the members of another.
pub(super) fn with(mut object: Value, more: Value) -> Value {
    let Value::Object(more) = more else { panic!("{more}") };
    object.as_object_mut().unwrap().extend(more);
    object
}

fn app() -> Value {
    let more = json!({
        "id": "cal", "name": "Calendar", "clientId": "C1", "clientSecret": "canary",
        "templateId": "T1", "appType": "oauth", "tenantId": "acme", "shoeSize": 42,
    });
    with(settings_json(), more)
}

fn is_the_calendar(app: &OutboundApp) {
    assert_eq!((&*app.id, &*app.name, app.client_id.as_deref()), ("cal", "Calendar", Some("C1")));
    assert_eq!((app.template_id.as_deref(), app.app_type.as_deref()), (Some("T1"), Some("oauth")));
    assert_eq!((app.tenant_id.as_deref(), &app.extra["shoeSize"]), (Some("acme"), &json!(42)));
    assert_eq!(app.extra.len(), 1, "{:?}", app.extra);
    assert_eq!(app.settings, settings());
    assert_eq!(app.client_secret.as_ref().unwrap().expose(), "canary");
    assert!(!format!("{app:?}").contains("canary"));
}

#[test]
fn create_with_every_field_and_with_none() {
    let new = NewOutboundApp::default()
        .id("cal")
        .client_id("C1")
        .client_secret("canary")
        .template_id("T1")
        .app_type("oauth")
        .tenant_id("acme")
        .settings(settings());
    assert!(!format!("{new:?}").contains("canary"));
    let more = json!({
        "id": "cal", "name": "Calendar", "clientId": "C1", "clientSecret": "canary",
        "templateId": "T1", "appType": "oauth", "tenantId": "acme",
    });
    let (line, answer) = ("POST /v1/mgmt/outbound/app/create", json!({ "app": app() }));
    let created = sends(line, MANAGEMENT, with(settings_json(), more), &answer, |client| {
        client.mgmt().outbound_app().create("Calendar", &new)
    });
    is_the_calendar(&created);
    sends(line, MANAGEMENT, json!({ "name": "Calendar" }), &answer, |client| {
        client.mgmt().outbound_app().create("Calendar", &NewOutboundApp::default())
    });
    every_field_of(["POST /v1/mgmt/outbound/app/create"]);
}

#[test]
fn create_from_template_with_every_field_and_with_none() {
    let overrides = TemplateOverrides::default().name("Our calendar").settings(settings());
    let new = TemplatedOutboundApp::default()
        .id("cal")
        .client_id("C1")
        .client_secret("canary")
        .tenant_id("acme")
        .overrides(overrides);
    let body = json!({
        "templateId": "T1", "id": "cal", "clientId": "C1", "clientSecret": "canary",
        "tenantId": "acme", "overrides": with(settings_json(), json!({ "name": "Our calendar" })),
    });
    let (line, answer) = ("POST /v1/mgmt/outbound/app/create/bytemplate", json!({ "app": app() }));
    let created = sends(line, MANAGEMENT, body, &answer, |client| {
        client.mgmt().outbound_app().create_from_template("T1", &new)
    });
    is_the_calendar(&created);
    sends(line, MANAGEMENT, json!({ "templateId": "T1" }), &answer, |client| {
        let new = TemplatedOutboundApp::default();
        client.mgmt().outbound_app().create_from_template("T1", &new)
    });
    every_field_of(["POST /v1/mgmt/outbound/app/create/bytemplate"]);
}

#[test]
fn update_with_every_field_and_with_none() {
    let update = OutboundAppUpdate::default()
        .client_id("C1")
        .client_secret("canary")
        .template_id("T1")
        .app_type("oauth")
        .tenant_id("acme")
        .settings(settings());
    assert!(!format!("{update:?}").contains("canary"));
    let names = json!({ "id": "cal", "name": "Calendar" });
    let more = json!({
        "clientId": "C1", "clientSecret": "canary", "templateId": "T1", "appType": "oauth",
        "tenantId": "acme",
    });
    let body = json!({ "app": with(with(settings_json(), more), names.clone()) });
    let (line, answer) = ("POST /v1/mgmt/outbound/app/update", json!({ "app": app() }));
    let updated = sends(line, MANAGEMENT, body.clone(), &answer, |client| {
        client.mgmt().outbound_app().update("cal", "Calendar", &update)
    });
    is_the_calendar(&updated);

    let mut again = body;
    again["app"].as_object_mut().unwrap().remove("clientSecret");
    let update = OutboundAppUpdate::from(updated);
    sends(line, MANAGEMENT, again, &answer, |client| {
        client.mgmt().outbound_app().update("cal", "Calendar", &update)
    });
    sends(line, MANAGEMENT, json!({ "app": names }), &answer, |client| {
        client.mgmt().outbound_app().update("cal", "Calendar", &OutboundAppUpdate::default())
    });
    every_field_of(["POST /v1/mgmt/outbound/app/update"]);
}

#[test]
fn load_load_all_and_delete() {
    let line = "GET /v1/mgmt/outbound/app/my%2Fcal";
    let loaded = sends(line, MANAGEMENT, Value::Null, &json!({ "app": app() }), |client| {
        client.mgmt().outbound_app().load("my/cal")
    });
    is_the_calendar(&loaded);
    let odd = json!({
        "id": "x", "accessType": "sometimes", "prompt": ["dance"],
        "tokenUrlParams": [{ "name": "n", "value": "v" }],
    });
    let line = "GET /v1/mgmt/outbound/apps";
    let all = sends(line, MANAGEMENT, Value::Null, &json!({ "apps": [app(), odd] }), |client| {
        client.mgmt().outbound_app().load_all()
    });
    is_the_calendar(&all[0]);
    let odd = &all[1].settings;
    assert_eq!(odd.access_type.as_ref().map(AccessType::as_str), Some("sometimes"));
    assert_eq!(odd.prompt.as_ref().unwrap()[0].as_str(), "dance");
    assert_eq!(odd.token_url_params.as_ref().unwrap()[0], UrlParam::new("n", "v"), "Python's name");
    let line = "POST /v1/mgmt/outbound/app/delete";
    sends(line, MANAGEMENT, json!({ "id": "cal" }), &json!({}), |client| {
        client.mgmt().outbound_app().delete("cal")
    });
    for (options, line) in [
        (InTenant::default(), "GET /v1/mgmt/outbound/apps-with-user-token?userId=U%2F1"),
        (
            InTenant::default().tenant_id("t/1"),
            "GET /v1/mgmt/outbound/apps-with-user-token?userId=U%2F1&tenantId=t%2F1",
        ),
    ] {
        let answer = json!({ "appIds": ["cal", "mail"] });
        let connected = sends(line, MANAGEMENT, Value::Null, &answer, |client| {
            client.mgmt().outbound_app().load_connected("U/1", &options)
        });
        assert_eq!(connected, ["cal", "mail"]);
    }
    every_field_of([
        "POST /v1/mgmt/outbound/app/delete",
        "GET /v1/mgmt/outbound/app/{id}",
        "GET /v1/mgmt/outbound/apps",
        "GET /v1/mgmt/outbound/apps-with-user-token",
    ]);
}

fn token() -> Value {
    json!({ "token": {
        "id": "T1", "appId": "cal", "userId": "U1", "tokenSub": "sub", "accessToken": "canary-a",
        "accessTokenType": "bearer", "accessTokenExpiry": "1900000000", "hasRefreshToken": true,
        "refreshToken": "canary-r", "lastRefreshTime": "1700000000", "lastRefreshError": "late",
        "scopes": ["read"], "tenantId": "acme", "grantedBy": "U2", "externalIdentifier": "work",
        "shoeSize": 42,
    } })
}

fn is_the_token(token: &OutboundToken) {
    assert_eq!(token.access_token.expose(), "canary-a");
    assert_eq!(token.refresh_token.as_ref().unwrap().expose(), "canary-r");
    assert!(!format!("{token:?}").contains("canary"));
    assert_eq!((&*token.id, token.app_id.as_deref()), ("T1", Some("cal")));
    assert_eq!((token.user_id.as_deref(), token.tenant_id.as_deref()), (Some("U1"), Some("acme")));
    assert_eq!(token.token_sub.as_deref(), Some("sub"));
    assert_eq!(token.access_token_type.as_deref(), Some("bearer"));
    assert_eq!(token.access_token_expiry, Some(UnixTime::from_seconds(1_900_000_000)));
    assert_eq!(token.last_refresh_time, Some(UnixTime::from_seconds(1_700_000_000)));
    assert_eq!((token.has_refresh_token, &*token.scopes), (true, &["read".to_owned()][..]));
    assert_eq!(token.last_refresh_error.as_deref(), Some("late"));
    assert_eq!(token.granted_by.as_deref(), Some("U2"));
    assert_eq!(token.external_identifier.as_deref(), Some("work"));
    assert_eq!(token.extra["shoeSize"], json!(42));
}

#[test]
fn tokens_are_loaded_with_the_management_key() {
    let user = UserTokenOptions::default()
        .tenant_id("acme")
        .external_identifier("work")
        .with_refresh_token(true)
        .age(TokenAge::Fresh);
    let tenant = TenantTokenOptions::default()
        .external_identifier("work")
        .with_refresh_token(false)
        .age(TokenAge::Any);
    let path = |name: &str| format!("POST /v1/mgmt/outbound/app/{name}");
    let body = json!({
        "appId": "cal", "userId": "U1", "tenantId": "acme", "externalIdentifier": "work",
        "options": { "withRefreshToken": true, "forceRefresh": true },
    });
    let loaded = sends(&path("user/token/latest"), MANAGEMENT, body.clone(), &token(), |client| {
        client.mgmt().outbound_app().tokens().load_for_user("cal", "U1", &user)
    });
    is_the_token(&loaded);
    let body = with(body, json!({ "scopes": ["read", "write"] }));
    let loaded = sends(&path("user/token"), MANAGEMENT, body, &token(), |client| {
        let tokens = client.mgmt().outbound_app().tokens();
        tokens.load_for_user_with_scopes("cal", "U1", &["read", "write"], &user)
    });
    is_the_token(&loaded);
    let body = json!({
        "appId": "cal", "tenantId": "acme", "externalIdentifier": "work",
        "options": { "withRefreshToken": false, "forceRefresh": false },
    });
    let line = path("tenant/token/latest");
    let loaded = sends(&line, MANAGEMENT, body.clone(), &token(), |client| {
        client.mgmt().outbound_app().tokens().load_for_tenant("cal", "acme", &tenant)
    });
    is_the_token(&loaded);
    let body = with(body, json!({ "scopes": ["read"] }));
    let loaded = sends(&path("tenant/token"), MANAGEMENT, body, &token(), |client| {
        let tokens = client.mgmt().outbound_app().tokens();
        tokens.load_for_tenant_with_scopes("cal", "acme", &["read"], &tenant)
    });
    is_the_token(&loaded);
    every_field_of([
        "POST /v1/mgmt/outbound/app/tenant/token",
        "POST /v1/mgmt/outbound/app/tenant/token/latest",
        "POST /v1/mgmt/outbound/app/user/token",
        "POST /v1/mgmt/outbound/app/user/token/latest",
    ]);
}

/// The token of an inbound application, as far as the wire is concerned. The list has the bearer of the other
/// way to make the same calls: a management key.
const INBOUND: &str = REFRESH;

#[test]
fn tokens_are_loaded_with_a_token_of_an_inbound_application_and_no_key() {
    let path = |name: &str| format!("POST /v1/mgmt/outbound/app/{name}");
    let (user, tenant) = (UserTokenOptions::default(), TenantTokenOptions::default());
    let body = json!({ "appId": "cal", "userId": "U1" });
    let loaded =
        sends_unlisted(&path("user/token/latest"), INBOUND, body.clone(), &token(), |client| {
            client.mgmt().outbound_app().tokens_as(INBOUND).load_for_user("cal", "U1", &user)
        });
    is_the_token(&loaded);
    let body = with(body, json!({ "scopes": ["read"] }));
    sends_unlisted(&path("user/token"), INBOUND, body, &token(), |client| {
        let tokens = client.mgmt().outbound_app().tokens_as(INBOUND);
        tokens.load_for_user_with_scopes("cal", "U1", &["read"], &user)
    });
    let body = json!({ "appId": "cal", "tenantId": "acme" });
    sends_unlisted(&path("tenant/token/latest"), INBOUND, body.clone(), &token(), |client| {
        client.mgmt().outbound_app().tokens_as(INBOUND).load_for_tenant("cal", "acme", &tenant)
    });
    let body = with(body, json!({ "scopes": ["read"] }));
    sends_unlisted(&path("tenant/token"), INBOUND, body, &token(), |client| {
        let tokens = client.mgmt().outbound_app().tokens_as(INBOUND);
        tokens.load_for_tenant_with_scopes("cal", "acme", &["read"], &tenant)
    });
}

/// What it is for is worth more than what there is to know of it.
#[test]
fn a_token_is_not_lost_to_its_odd_companions() {
    for (expiry, expected) in [
        (json!("1900000000"), Some(1_900_000_000)),
        (json!(1_900_000_000), Some(1_900_000_000)),
        (json!("2030-01-01T00:00:00Z"), Some(1_893_456_000)),
        (json!("soon"), None),
        (json!(""), None),
        (json!(0), None),
        (json!(null), None),
    ] {
        let answer = json!({ "token": {
            "accessToken": "a", "accessTokenExpiry": expiry, "lastRefreshTime": "never",
        } });
        let load = |client: &Client| {
            let options = UserTokenOptions::default();
            client.mgmt().outbound_app().tokens().load_for_user("cal", "U1", &options)
        };
        let token = exchange(&answer, load).0.unwrap();
        assert_eq!(token.access_token_expiry, expected.map(UnixTime::from_seconds), "{expiry}");
        assert_eq!((token.last_refresh_time, token.refresh_token.is_none()), (None, true));
    }
}

#[test]
fn bad_input_is_refused_before_a_request() {
    let (new, update) = (NewOutboundApp::default(), OutboundAppUpdate::default());
    let from = TemplatedOutboundApp::default();
    refuses("name", |c| c.mgmt().outbound_app().create("", &new));
    refuses("template_id", |c| c.mgmt().outbound_app().create_from_template("", &from));
    refuses("id", |c| c.mgmt().outbound_app().update("", "Calendar", &update));
    refuses("name", |c| c.mgmt().outbound_app().update("cal", "", &update));
    refuses("id", |c| c.mgmt().outbound_app().load(""));
    refuses("id", |c| c.mgmt().outbound_app().load(".."));
    refuses("id", |c| c.mgmt().outbound_app().delete(""));
    let none = InTenant::default();
    refuses("user_id", |c| c.mgmt().outbound_app().load_connected("", &none));
    refusals_of([
        ("POST /v1/mgmt/outbound/app/create", "name"),
        ("POST /v1/mgmt/outbound/app/create/bytemplate", "template_id"),
        ("POST /v1/mgmt/outbound/app/delete", "id"),
        ("POST /v1/mgmt/outbound/app/update", "id name"),
        ("GET /v1/mgmt/outbound/app/{id}", "id"),
        ("GET /v1/mgmt/outbound/apps-with-user-token", "user_id"),
    ]);
}

#[test]
fn bad_loads_of_tokens_are_refused_before_a_request() {
    let (user, tenant) = (UserTokenOptions::default(), TenantTokenOptions::default());
    for (token, app, id, scopes, wrong) in [
        ("", "cal", "U1", &["read"][..], "token"),
        ("a b", "cal", "U1", &["read"], "token"),
        ("a:b", "cal", "U1", &["read"], "token"),
        ("eyJ", "", "U1", &["read"], "app_id"),
        ("eyJ", "cal", "", &["read"], "id"),
        ("eyJ", "cal", "U1", &[], "scopes"),
        ("eyJ", "cal", "U1", &[""], "scopes"),
    ] {
        let of = |whose: &'static str| if wrong == "id" { whose } else { wrong };
        refuses(of("user_id"), |c| {
            c.mgmt()
                .outbound_app()
                .tokens_as(token)
                .load_for_user_with_scopes(app, id, scopes, &user)
        });
        refuses(of("tenant_id"), |c| {
            c.mgmt()
                .outbound_app()
                .tokens_as(token)
                .load_for_tenant_with_scopes(app, id, scopes, &tenant)
        });
        if wrong != "scopes" {
            refuses(of("user_id"), |c| {
                c.mgmt().outbound_app().tokens_as(token).load_for_user(app, id, &user)
            });
            refuses(of("tenant_id"), |c| {
                c.mgmt().outbound_app().tokens_as(token).load_for_tenant(app, id, &tenant)
            });
        }
    }
    refusals_of([
        ("POST /v1/mgmt/outbound/app/tenant/token", "app_id scopes tenant_id token"),
        ("POST /v1/mgmt/outbound/app/tenant/token/latest", "app_id tenant_id token"),
        ("POST /v1/mgmt/outbound/app/user/token", "app_id scopes token user_id"),
        ("POST /v1/mgmt/outbound/app/user/token/latest", "app_id token user_id"),
    ]);
}

#[test]
fn enumerations_have_their_names_on_the_wire() {
    for access in [AccessType::Offline, AccessType::Online] {
        assert_eq!(serde_json::to_value(&access).unwrap(), access.as_str());
    }
    for prompt in [Prompt::None, Prompt::Login, Prompt::Consent, Prompt::SelectAccount] {
        assert_eq!(serde_json::to_value(&prompt).unwrap(), prompt.as_str());
    }
}
