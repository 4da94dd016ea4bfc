//! SSO applications.

use descope::UnixTime;
use descope::mgmt::sso_application::{
    AddSecretOptions, AppType, IssuerSettings, JwtBearerSettings, NewOidcApplication,
    NewSamlApplication, NewWsFedApplication, OidcApplication, SamlApplication, SamlAttribute,
    SamlGroups, SamlRole, SecretOptions, SecretStatus, WsFedApplication,
};
use descope::mgmt::tenant::{NewTenant, TenantDetails};
use descope::mgmt::user::NewUser;
use serde_json::{Value, json};

use crate::answers::survives;
use crate::emulated::{start, start_empty};
use crate::inventory::{every_field_of, refusals_of};
use crate::support::{MANAGEMENT, exchange, refuses, sends};

fn attributes() -> [SamlAttribute; 1] {
    [SamlAttribute::new("mail", "basic", "user.email")]
}

fn groups() -> [SamlGroups; 1] {
    [SamlGroups::new("g", "basic", "roles", "v").roles([SamlRole::new("R1", "Editor")])]
}

fn mappings_sent() -> Value {
    json!({
        "attributeMapping": [{ "name": "mail", "type": "basic", "value": "user.email" }],
        "groupsMapping": [{
            "name": "g", "type": "basic", "filterType": "roles", "value": "v",
            "roles": [{ "id": "R1", "name": "Editor" }],
        }],
    })
}

fn common_sent() -> Value {
    json!({
        "name": "App", "description": "d", "logo": "bG9nbw==", "enabled": false,
        "loginPageUrl": "https://login", "forceAuthentication": true,
        "customAttributes": { "a": [null] },
    })
}

fn joined(parts: impl IntoIterator<Item = Value>) -> Value {
    let members = parts.into_iter().flat_map(|part| match part {
        Value::Object(members) => members,
        other => panic!("{other}"),
    });
    Value::Object(members.collect())
}

fn oidc() -> OidcApplication {
    let issuer = IssuerSettings::default()
        .jwks_uri("https://iss/keys")
        .sign_algorithm("RS256")
        .user_info_uri("https://iss/user")
        .external_id_field_name("sub");
    OidcApplication::default()
        .description("d")
        .logo("bG9nbw==")
        .enabled(false)
        .login_page_url("https://login")
        .force_authentication(true)
        .custom_attributes([("a", json!([null]))])
        .client_type("public")
        .approved_redirect_urls(["https://app"])
        .back_channel_logout_url("https://app/logout")
        .force_pkce(true)
        .default_audience("clientId")
        .authorization_code_disabled(false)
        .client_credentials_disabled(true)
        .device_code_disabled(false)
        .refresh_token_disabled(true)
        .jwt_bearer_disabled(false)
        .jwt_bearer_settings(
            JwtBearerSettings::default()
                .issuers([("https://iss", issuer)])
                .audience("aud")
                .scope("scp")
                .custom_claims("cc"),
        )
        .claims(["groups"])
        .custom_idp_initiated_login_page_url("https://login/initiated")
}

fn oidc_sent() -> Value {
    json!({
        "clientType": "public", "approvedRedirectUrls": ["https://app"],
        "backChannelLogoutUrl": "https://app/logout", "forcePkce": true,
        "defaultAudience": "clientId", "authorizationCodeDisabled": false,
        "clientCredentialsDisabled": true, "deviceCodeDisabled": false,
        "refreshTokenDisabled": true, "jwtBearerDisabled": false,
        "claims": ["groups"], "customIdpInitiatedLoginPageUrl": "https://login/initiated",
        "jwtBearerSettings": {
            "issuers": { "https://iss": {
                "jwksUri": "https://iss/keys", "signAlgorithm": "RS256",
                "userInfoUri": "https://iss/user", "externalIdFieldName": "sub",
            } },
            "jwtBearerGrantTypeAudienceToUse": "aud", "jwtBearerGrantTypeScopeToUse": "scp",
            "jwtBearerGrantTypeCustomClaimsToUse": "cc",
        },
    })
}

fn saml() -> SamlApplication {
    SamlApplication::by_metadata("https://app/metadata")
        .description("d")
        .logo("bG9nbw==")
        .enabled(false)
        .login_page_url("https://login")
        .force_authentication(true)
        .custom_attributes([("a", json!([null]))])
        .acs_allowed_callbacks(["https://app/*"])
        .attribute_mapping(attributes())
        .groups_mapping(groups())
        .subject_name_id_type("email")
        .subject_name_id_format("fmt")
        .default_relay_state("state")
        .default_signature_algorithm("sha256")
        .logout_redirect_url("https://app/out")
        .error_redirect_url("https://app/error")
}

fn saml_sent() -> Value {
    json!({
        "useMetadataInfo": true, "metadataUrl": "https://app/metadata",
        "acsAllowedCallbacks": ["https://app/*"], "subjectNameIdType": "email",
        "subjectNameIdFormat": "fmt", "defaultRelayState": "state",
        "defaultSignatureAlgorithm": "sha256", "logoutRedirectUrl": "https://app/out",
        "errorRedirectUrl": "https://app/error",
    })
}

fn wsfed() -> WsFedApplication {
    WsFedApplication::default()
        .description("d")
        .logo("bG9nbw==")
        .enabled(false)
        .login_page_url("https://login")
        .force_authentication(true)
        .custom_attributes([("a", json!([null]))])
        .realm("urn:app")
        .reply_url("https://app/reply")
        .reply_allowed_callbacks(["https://app/*"])
        .attribute_mapping(attributes())
        .groups_mapping(groups())
        .logout_redirect_url("https://app/out")
        .error_redirect_url("https://app/error")
}

fn wsfed_sent() -> Value {
    json!({
        "realm": "urn:app", "replyUrl": "https://app/reply",
        "replyAllowedCallbacks": ["https://app/*"], "logoutRedirectUrl": "https://app/out",
        "errorRedirectUrl": "https://app/error",
    })
}

#[test]
fn create_and_update_with_every_field() {
    let (id, answer) = (json!({ "id": "app" }), json!({ "id": "app" }));
    let line = |kind: &str, call: &str| format!("POST /v1/mgmt/sso/idp/app/{kind}/{call}");
    let body = joined([id.clone(), common_sent(), oidc_sent()]);
    let credentials = json!({ "clientId": "C1", "clientSecret": "canary" });
    let new = joined([body.clone(), credentials]);
    let made = sends(&line("oidc", "create"), MANAGEMENT, new, &answer, |client| {
        let new = NewOidcApplication::new(oidc()).id("app").client_id("C1").client_secret("canary");
        assert!(!format!("{new:?}").contains("canary"));
        client.mgmt().sso_application().create_oidc("App", &new)
    });
    assert_eq!(made, "app");
    sends(&line("oidc", "update"), MANAGEMENT, body, &json!({}), |client| {
        client.mgmt().sso_application().update_oidc("app", "App", &oidc())
    });
    let body = joined([id.clone(), common_sent(), saml_sent(), mappings_sent()]);
    sends(&line("saml", "create"), MANAGEMENT, body.clone(), &answer, |client| {
        client
            .mgmt()
            .sso_application()
            .create_saml("App", &NewSamlApplication::new(saml()).id("app"))
    });
    sends(&line("saml", "update"), MANAGEMENT, body, &json!({}), |client| {
        client.mgmt().sso_application().update_saml("app", "App", &saml())
    });
    let body = json!({
        "id": "app", "name": "App", "enabled": true, "forceAuthentication": false,
        "useMetadataInfo": false, "entityId": "urn:app", "acsUrl": "https://app/acs",
        "certificate": "PEM",
    });
    let settings = SamlApplication::new("urn:app", "https://app/acs", "PEM");
    sends(&line("saml", "create"), MANAGEMENT, body.clone(), &answer, |client| {
        let new = NewSamlApplication::new(settings.clone()).id("app");
        client.mgmt().sso_application().create_saml("App", &new)
    });
    sends(&line("saml", "update"), MANAGEMENT, body, &json!({}), |client| {
        client.mgmt().sso_application().update_saml("app", "App", &settings)
    });
    let body = joined([id, common_sent(), wsfed_sent(), mappings_sent()]);
    sends(&line("wsfed", "create"), MANAGEMENT, body.clone(), &answer, |client| {
        client
            .mgmt()
            .sso_application()
            .create_wsfed("App", &NewWsFedApplication::new(wsfed()).id("app"))
    });
    sends(&line("wsfed", "update"), MANAGEMENT, body, &json!({}), |client| {
        client.mgmt().sso_application().update_wsfed("app", "App", &wsfed())
    });
    every_field_of([
        "POST /v1/mgmt/sso/idp/app/oidc/create",
        "POST /v1/mgmt/sso/idp/app/oidc/update",
        "POST /v1/mgmt/sso/idp/app/saml/create",
        "POST /v1/mgmt/sso/idp/app/saml/update",
        "POST /v1/mgmt/sso/idp/app/wsfed/create",
        "POST /v1/mgmt/sso/idp/app/wsfed/update",
    ]);
}

#[test]
fn an_application_that_does_not_say_is_enabled() {
    let answer = json!({ "id": "app" });
    let body = json!({ "name": "App", "enabled": true, "forceAuthentication": false });
    for kind in ["oidc", "wsfed"] {
        let line = format!("POST /v1/mgmt/sso/idp/app/{kind}/create");
        sends(&line, MANAGEMENT, body.clone(), &answer, |client| {
            let apps = client.mgmt().sso_application();
            match kind {
                "oidc" => apps.create_oidc("App", &NewOidcApplication::default()),
                _ => apps.create_wsfed("App", &NewWsFedApplication::default()),
            }
        });
    }
    let body = json!({
        "name": "App", "enabled": true, "forceAuthentication": false, "useMetadataInfo": false,
        "entityId": "e", "acsUrl": "a", "certificate": "c",
    });
    sends("POST /v1/mgmt/sso/idp/app/saml/create", MANAGEMENT, body, &answer, |client| {
        let settings = SamlApplication::new("e", "a", "c");
        client
            .mgmt()
            .sso_application()
            .create_saml("App", &NewSamlApplication::new(settings.clone()))
    });
}

fn shown(kind: &str, name: &str, settings: &Value) -> Value {
    joined([common_sent(), json!({ "id": "app", "appType": kind, name: settings })])
}

#[test]
fn load_load_all_and_delete() {
    let line = "GET /v1/mgmt/sso/idp/app/load?id=a%20b";
    let details = joined([
        oidc_sent(),
        json!({
            "loginPageUrl": "https://login", "forceAuthentication": true, "clientId": "C1",
            "issuer": "https://iss", "discoveryUrl": "https://disc",
        }),
    ]);
    let answer = shown("oidc", "oidcSettings", &details);
    let app = sends(line, MANAGEMENT, Value::Null, &answer, |client| {
        client.mgmt().sso_application().load("a b")
    });
    assert_eq!((&*app.id, &*app.name, &*app.description), ("app", "App", "d"));
    assert_eq!((&*app.logo, app.enabled), ("bG9nbw==", false));
    assert_eq!((app.app_type, &app.custom_attributes["a"]), (Some(AppType::Oidc), &json!([null])));
    assert!(app.saml_settings.is_none() && app.ws_fed_settings.is_none());
    let of = app.oidc_settings.unwrap();
    assert_eq!(
        (&*of.issuer, &*of.discovery_url, &*of.client_id),
        ("https://iss", "https://disc", "C1")
    );
    assert_eq!((&*of.login_page_url, &*of.client_type), ("https://login", "public"));
    assert_eq!(
        (&*of.back_channel_logout_url, &*of.default_audience),
        ("https://app/logout", "clientId")
    );
    assert_eq!(of.approved_redirect_urls, ["https://app"]);
    assert!(of.force_authentication && of.force_pkce);
    assert!(of.client_credentials_disabled && of.refresh_token_disabled);
    assert!(!of.authorization_code_disabled && !of.device_code_disabled && !of.jwt_bearer_disabled);
    let issuer = &of.jwt_bearer_settings.issuers["https://iss"];
    assert_eq!(issuer.jwks_uri.as_deref(), Some("https://iss/keys"));
    survives(&answer, |client| client.mgmt().sso_application().load("app"));

    let details = joined([
        saml_sent(),
        mappings_sent(),
        json!({
            "loginPageUrl": "https://login", "forceAuthentication": true, "idpCert": "PEM2",
            "idpMetadataUrl": "m", "idpEntityId": "e", "idpSsoUrl": "s", "idpInitiatedUrl": "i",
            "idpLogoutUrl": "l", "entityId": "app", "acsUrl": "https://app/acs", "certificate": "PEM",
        }),
    ]);
    let one = shown("saml", "samlSettings", &details);
    let details = joined([wsfed_sent(), mappings_sent(), json!({ "idpSsoUrl": "s" })]);
    let two = shown("wsfed", "wsFedSettings", &details);
    let answer = json!({ "apps": [one, two, { "id": "x", "appType": "telepathy" }] });
    let line = "GET /v1/mgmt/sso/idp/apps/load";
    let apps = sends(line, MANAGEMENT, Value::Null, &answer, |client| {
        client.mgmt().sso_application().load_all()
    });
    let of = apps[0].saml_settings.as_ref().unwrap();
    assert_eq!((of.use_metadata_info, &*of.metadata_url), (true, "https://app/metadata"));
    assert_eq!((&*of.entity_id, &*of.acs_url, &*of.certificate), ("app", "https://app/acs", "PEM"));
    assert_eq!((&*of.attribute_mapping, &*of.groups_mapping), (&attributes()[..], &groups()[..]));
    assert_eq!(of.acs_allowed_callbacks, ["https://app/*"]);
    assert_eq!((&*of.subject_name_id_type, &*of.subject_name_id_format), ("email", "fmt"));
    assert_eq!((&*of.default_relay_state, &*of.default_signature_algorithm), ("state", "sha256"));
    assert_eq!((&*of.idp_cert, &*of.idp_metadata_url, &*of.idp_entity_id), ("PEM2", "m", "e"));
    assert_eq!((&*of.idp_sso_url, &*of.idp_initiated_url, &*of.idp_logout_url), ("s", "i", "l"));
    let of = apps[1].ws_fed_settings.as_ref().unwrap();
    assert_eq!((&*of.realm, &*of.reply_url), ("urn:app", "https://app/reply"));
    assert_eq!((&*of.error_redirect_url, &*of.idp_sso_url), ("https://app/error", "s"));
    assert_eq!(apps[1].app_type, Some(AppType::WsFed));
    assert_eq!(apps[2].app_type, Some(AppType::Other("telepathy".to_owned())));
    survives(&answer, |client| client.mgmt().sso_application().load_all());
    // The published description and the Node SDK spell this name otherwise than Go.
    let answer = json!({ "apps": [shown("wsfed", "wsfedSettings", &details)] });
    let apps = exchange(&answer, |client| client.mgmt().sso_application().load_all()).0.unwrap();
    assert_eq!(apps[0].ws_fed_settings.as_ref().unwrap().realm, "urn:app");

    let line = "POST /v1/mgmt/sso/idp/app/delete";
    sends(line, MANAGEMENT, json!({ "id": "app" }), &json!({}), |client| {
        client.mgmt().sso_application().delete("app")
    });
    every_field_of([
        "POST /v1/mgmt/sso/idp/app/delete",
        "GET /v1/mgmt/sso/idp/app/load",
        "GET /v1/mgmt/sso/idp/apps/load",
    ]);
}

#[test]
fn secrets() {
    let answer = json!({ "cleartext": "canary" });
    let line = "GET /v1/mgmt/sso/idp/app/secret?id=app&secretName=second";
    let secret = sends(line, MANAGEMENT, Value::Null, &answer, |client| {
        client.mgmt().sso_application().load_secret("app", &SecretOptions::default().name("second"))
    });
    assert_eq!(secret.expose(), "canary");
    let line = "GET /v1/mgmt/sso/idp/app/secret?id=app";
    sends(line, MANAGEMENT, Value::Null, &answer, |client| {
        client.mgmt().sso_application().load_secret("app", &SecretOptions::default())
    });
    let line = "POST /v1/mgmt/sso/idp/app/rotate";
    sends(line, MANAGEMENT, json!({ "id": "app" }), &answer, |client| {
        client.mgmt().sso_application().rotate_secret("app")
    });
    let meta = json!({
        "id": "S1", "name": "second", "status": "active", "expireTime": 1_900_000_000,
        "createdTime": 1_700_000_000,
    });
    let answer = json!({ "meta": meta, "cleartext": "canary" });
    let expires = UnixTime::from_seconds(1_900_000_000);
    let body = json!({ "appId": "app", "name": "second", "expireTime": 1_900_000_000 });
    let line = "POST /v1/mgmt/sso/idp/app/secret/add";
    let made = sends(line, MANAGEMENT, body, &answer, |client| {
        client.mgmt().sso_application().add_secret(
            "app",
            "second",
            &AddSecretOptions::default().expires(expires),
        )
    });
    assert!(!format!("{made:?}").contains("canary"));
    assert_eq!((&*made.meta.id, made.meta.expire_time), ("S1", Some(expires)));
    let body = json!({ "appId": "app", "name": "second", "expireTime": 0 });
    sends(line, MANAGEMENT, body, &answer, |client| {
        client.mgmt().sso_application().add_secret("app", "second", &Default::default())
    });
    let body = json!({ "appId": "app", "name": "second" });
    let answer = json!({ "secrets": [meta] });
    let line = "POST /v1/mgmt/sso/idp/app/secret/revoke";
    let left = sends(line, MANAGEMENT, body, &answer, |client| {
        client.mgmt().sso_application().revoke_secret("app", "second")
    });
    assert_eq!((left.len(), &left[0].status), (1, &Some(SecretStatus::Active)));
    every_field_of([
        "POST /v1/mgmt/sso/idp/app/rotate",
        "GET /v1/mgmt/sso/idp/app/secret",
        "POST /v1/mgmt/sso/idp/app/secret/add",
        "POST /v1/mgmt/sso/idp/app/secret/revoke",
    ]);
}

#[test]
fn bad_input_is_refused_before_a_request() {
    let (oidc, wsfed) = (OidcApplication::default(), WsFedApplication::default());
    refuses("name", |c| {
        c.mgmt().sso_application().create_oidc("", &NewOidcApplication::new(oidc.clone()))
    });
    refuses("id", |c| {
        c.mgmt().sso_application().create_oidc("App", &NewOidcApplication::new(oidc.clone()).id(""))
    });
    refuses("id", |c| c.mgmt().sso_application().update_oidc("", "App", &oidc));
    refuses("name", |c| c.mgmt().sso_application().update_oidc("app", "", &oidc));
    for (name, settings) in [
        ("metadata_url", SamlApplication::by_metadata("")),
        ("entity_id", SamlApplication::new("", "a", "c")),
        ("acs_url", SamlApplication::new("e", "", "c")),
        ("certificate", SamlApplication::new("e", "a", "")),
    ] {
        refuses(name, |c| {
            c.mgmt()
                .sso_application()
                .create_saml("App", &NewSamlApplication::new(settings.clone()))
        });
        refuses(name, |c| c.mgmt().sso_application().update_saml("app", "App", &settings));
    }
    let saml = SamlApplication::new("e", "a", "c");
    refuses("name", |c| {
        c.mgmt().sso_application().create_saml("", &NewSamlApplication::new(saml.clone()))
    });
    refuses("id", |c| {
        c.mgmt().sso_application().create_saml("App", &NewSamlApplication::new(saml.clone()).id(""))
    });
    refuses("id", |c| c.mgmt().sso_application().update_saml("", "App", &saml));
    refuses("name", |c| c.mgmt().sso_application().update_saml("app", "", &saml));
    refuses("id", |c| {
        c.mgmt()
            .sso_application()
            .create_wsfed("App", &NewWsFedApplication::new(wsfed.clone()).id(""))
    });
    refuses("name", |c| c.mgmt().sso_application().update_wsfed("app", "", &wsfed));
    refuses("id", |c| c.mgmt().sso_application().add_secret("", "second", &Default::default()));
    refuses("id", |c| c.mgmt().sso_application().revoke_secret("", "second"));
    refuses("name", |c| {
        c.mgmt().sso_application().create_wsfed("", &NewWsFedApplication::new(wsfed.clone()))
    });
    refuses("id", |c| c.mgmt().sso_application().update_wsfed("", "App", &wsfed));
    refuses("id", |c| c.mgmt().sso_application().delete(""));
    refuses("id", |c| c.mgmt().sso_application().load(""));
    refuses("id", |c| c.mgmt().sso_application().load_secret("", &SecretOptions::default()));
    refuses("id", |c| c.mgmt().sso_application().rotate_secret(""));
    refuses("secret_name", |c| {
        c.mgmt().sso_application().add_secret("app", "", &Default::default())
    });
    let past = AddSecretOptions::default().expires(UnixTime::from_seconds(0));
    refuses("expires", |c| c.mgmt().sso_application().add_secret("app", "second", &past));
    refuses("secret_name", |c| c.mgmt().sso_application().revoke_secret("app", ""));
    refusals_of([
        ("POST /v1/mgmt/sso/idp/app/delete", "id"),
        ("GET /v1/mgmt/sso/idp/app/load", "id"),
        ("POST /v1/mgmt/sso/idp/app/oidc/create", "id name"),
        ("POST /v1/mgmt/sso/idp/app/oidc/update", "id name"),
        ("POST /v1/mgmt/sso/idp/app/rotate", "id"),
        (
            "POST /v1/mgmt/sso/idp/app/saml/create",
            "acs_url certificate entity_id id metadata_url name",
        ),
        (
            "POST /v1/mgmt/sso/idp/app/saml/update",
            "acs_url certificate entity_id id metadata_url name",
        ),
        ("GET /v1/mgmt/sso/idp/app/secret", "id"),
        ("POST /v1/mgmt/sso/idp/app/secret/add", "expires id secret_name"),
        ("POST /v1/mgmt/sso/idp/app/secret/revoke", "id secret_name"),
        ("POST /v1/mgmt/sso/idp/app/wsfed/create", "id name"),
        ("POST /v1/mgmt/sso/idp/app/wsfed/update", "id name"),
    ]);
}

#[test]
fn an_application_lives_from_creation_to_deletion() {
    let (_, client) = start_empty();
    let apps = client.mgmt().sso_application();
    let first = apps.create_oidc("First", &NewOidcApplication::new(oidc())).unwrap();
    apps.create_saml("Second", &NewSamlApplication::new(saml()).id("two")).unwrap();
    apps.create_wsfed("Third", &NewWsFedApplication::new(wsfed()).id("three")).unwrap();
    assert!(
        apps.create_oidc("Again", &NewOidcApplication::new(oidc()).id("two")).is_err(),
        "the ID is taken"
    );

    let app = apps.load(&first).unwrap();
    let of = app.oidc_settings.unwrap();
    assert_eq!((&*app.name, app.enabled, of.force_pkce), ("First", false, true));
    assert!(!of.client_id.is_empty() && !of.issuer.is_empty());
    let of = apps.load("two").unwrap().saml_settings.unwrap();
    assert_eq!((&*of.attribute_mapping, &*of.groups_mapping), (&attributes()[..], &groups()[..]));
    assert!(!of.idp_sso_url.is_empty());
    assert_eq!(apps.load("three").unwrap().ws_fed_settings.unwrap().realm, "urn:app");

    apps.update_oidc(&first, "Renamed", &OidcApplication::default()).unwrap();
    let app = apps.load(&first).unwrap();
    assert_eq!((&*app.name, &*app.description, app.enabled), ("Renamed", "", true));
    assert!(!app.oidc_settings.unwrap().force_pkce, "replaced");
    assert!(apps.update_oidc("two", "x", &OidcApplication::default()).is_err(), "it speaks SAML");
    apps.update_saml("two", "Second", &SamlApplication::new("e", "a", "c")).unwrap();
    assert_eq!(apps.load("two").unwrap().saml_settings.unwrap().entity_id, "e");
    apps.update_wsfed("three", "Third", &WsFedApplication::default()).unwrap();
    assert_eq!(apps.load("three").unwrap().ws_fed_settings.unwrap().realm, "");
    assert_eq!(apps.load_all().unwrap().len(), 3);

    let details = TenantDetails::default().federated_app_ids(["two", "three"]);
    client
        .mgmt()
        .tenant()
        .create("Acme", &NewTenant::default().id("acme").details(details))
        .unwrap();
    client.mgmt().user().create("ada", &NewUser::default().sso_app_ids(["two", &*first])).unwrap();
    apps.delete("two").unwrap();
    assert!(apps.load("two").unwrap_err().is_not_found());
    assert!(apps.delete("two").unwrap_err().is_not_found());
    assert_eq!(client.mgmt().user().load("ada").unwrap().sso_app_ids, [first]);
    assert_eq!(client.mgmt().tenant().load("acme").unwrap().federated_app_ids, ["three"]);
}

#[test]
fn client_secrets_are_made_shown_and_revoked() {
    let (_, client) = start();
    let apps = client.mgmt().sso_application();
    let new = NewOidcApplication::default().id("app").client_id("C1").client_secret("canary");
    apps.create_oidc("App", &new).unwrap();
    assert_eq!(apps.load("app").unwrap().oidc_settings.unwrap().client_id, "C1");
    assert_eq!(apps.load_secret("app", &SecretOptions::default()).unwrap().expose(), "canary");
    let second = apps.add_secret("app", "second", &Default::default()).unwrap();
    assert!(apps.add_secret("app", "second", &Default::default()).is_err(), "the name is taken");
    let shown = apps.load_secret("app", &SecretOptions::default().name("second")).unwrap();
    assert_eq!(shown.expose(), second.cleartext.expose());
    assert_eq!(apps.revoke_secret("app", "second").unwrap().len(), 1);
    assert!(
        apps.load_secret("app", &SecretOptions::default().name("second"))
            .unwrap_err()
            .is_not_found()
    );
    assert!(apps.revoke_secret("app", "second").unwrap_err().is_not_found());
    let rotated = apps.rotate_secret("app").unwrap();
    assert_eq!(
        apps.load_secret("app", &SecretOptions::default()).unwrap().expose(),
        rotated.expose()
    );
    assert_ne!(rotated.expose(), "canary");
    apps.create_saml("Saml", &NewSamlApplication::new(saml()).id("saml")).unwrap();
    assert!(apps.load_secret("saml", &SecretOptions::default()).is_err(), "it has none");
}
