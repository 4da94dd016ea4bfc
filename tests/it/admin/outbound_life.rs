//! Outbound applications on the emulator: connections, tokens, and what becomes of them.

use std::time::Duration;

use descope::auth::outbound::{ConnectOptions, Connection};
use descope::clock::Clock;
use descope::emulator::Emulator;
use descope::mgmt::outbound_app::{
    InTenant, NewOutboundApp, OutboundAppSettings, OutboundAppUpdate, RefreshCheck,
    TemplateOverrides, TemplatedOutboundApp, TenantTokenOptions, TenantTokenUpload, TokenAge,
    TokenUpload, TokensToDelete, UserTokenOptions, UserTokenUpload,
};
use descope::oidc::{App, DpopKey};
use descope::{Client, Secret, UnixTime};
use serde_json::json;

use crate::emulated::{AN_HOUR, refresh_token, refused, start};

/// The applications `cal` and `weather`, which takes API keys; Ada, of the tenant `acme`, and Bo.
fn seeded() -> (Emulator, Client, String, String) {
    let (emulator, client) = start();
    emulator
        .seed(&json!({
            "tenants": [{ "id": "acme", "name": "Acme" }, { "id": "umbra", "name": "Umbra" }],
            "users": [
                { "loginId": "ada", "userTenants": [{ "tenantId": "acme" }] },
                { "loginId": "bo" },
            ],
            "outboundApps": [
                { "id": "cal", "name": "Calendar", "defaultScopes": ["read"] },
                { "id": "weather", "name": "Weather", "appType": "apikey" },
            ],
        }))
        .unwrap();
    let [ada, bo] = ["ada", "bo"].map(|user| client.mgmt().user().load(user).unwrap().user_id);
    (emulator, client, ada, bo)
}

fn upload(client: &Client, user: &str, token: TokenUpload) {
    let upload = UserTokenUpload::new("cal", user, token);
    client.mgmt().outbound_app().upload_user_token(&upload, RefreshCheck::Skip).unwrap();
}

#[test]
fn an_application_is_created_replaced_and_deleted_and_its_secret_is_never_shown() {
    let (emulator, client) = start();
    let apps = client.mgmt().outbound_app();
    let settings = OutboundAppSettings::default().description("d").default_scopes(["read"]);
    let new = NewOutboundApp::default().id("cal").client_id("C1").client_secret("canary");
    let app = apps.create("Calendar", &new.clone().settings(settings)).unwrap();
    assert_eq!((&*app.id, app.client_id.as_deref()), ("cal", Some("C1")));
    refused(apps.create("Again", &new), 400, "EMU409");
    refused(apps.create("x", &NewOutboundApp::default().tenant_id("nobody")), 404, "EMU404");
    let update = OutboundAppUpdate::from(apps.load("cal").unwrap()).client_id("C2");
    let app = apps.update("cal", "Our calendar", &update).unwrap();
    assert_eq!((&*app.name, app.client_id.as_deref()), ("Our calendar", Some("C2")));
    assert_eq!(app.settings.description.as_deref(), Some("d"));
    let app = apps.update("cal", "Bare", &OutboundAppUpdate::default()).unwrap();
    assert_eq!((app.settings.description, app.client_id), (None, None), "they are cleared");
    assert!(apps.load("cal").unwrap().client_secret.is_none());
    assert_eq!(emulator.export()["outboundApps"][0]["clientSecret"], "canary", "it stays");

    let google = TemplatedOutboundApp::default().id("google").client_id("C3");
    let made = apps.create_from_template("google-calendar", &google).unwrap();
    assert!(made.settings.token_url.is_some() && made.name == "Google Calendar");
    refused(apps.create_from_template("google-calendar", &google), 400, "EMU409");
    refused(apps.create_from_template("nowhere", &Default::default()), 404, "EMU404");
    let named = TemplateOverrides::default().name("Ours");
    let other = TemplatedOutboundApp::default().overrides(named);
    assert_eq!(apps.create_from_template("google-calendar", &other).unwrap().name, "Ours");
    assert_eq!(apps.load_all().unwrap().len(), 3);
    apps.delete("cal").unwrap();
    refused(apps.delete("cal"), 404, "EMU404");
    refused(apps.load("cal"), 404, "EMU404");
    refused(apps.update("cal", "x", &OutboundAppUpdate::default()), 404, "EMU404");
}

#[test]
fn a_user_connects_an_account_and_its_token_is_fetched_by_scopes() {
    let (emulator, client, ada, _) = seeded();
    let (apps, tokens) = (client.mgmt().outbound_app(), client.mgmt().outbound_app().tokens());
    let session = refresh_token(&emulator, "ada");
    let connect =
        |app, options: &ConnectOptions| client.auth().outbound().connect(app, &session, options);
    let mut options = ConnectOptions::default().redirect_url("https://app.example.com/connected");
    let url = connect("cal", &options).unwrap();
    refused(tokens.load_for_user("cal", &ada, &Default::default()), 404, "EMU404");
    let back = emulator.idp_sign_in(&url, "ada@service.example").unwrap();
    assert_eq!(back, "https://app.example.com/connected");
    assert!(emulator.idp_sign_in(&url, "ada@service.example").is_err(), "the visit has ended");
    let token = tokens.load_for_user("cal", &ada, &Default::default()).unwrap();
    assert_eq!(token.token_sub.as_deref(), Some("ada@service.example"));
    assert_eq!((&*token.scopes, token.has_refresh_token), (&["read".to_owned()][..], true));
    assert!(token.refresh_token.is_none(), "nobody asked for it");
    assert_eq!(apps.load_connected(&ada, &InTenant::default()).unwrap(), ["cal"]);

    options = options.scopes(["write", "share"]).external_identifier("work");
    let url = connect("cal", &options).unwrap();
    emulator.idp_sign_in(&url, "work@service.example").unwrap();
    let latest = tokens.load_for_user("cal", &ada, &Default::default()).unwrap();
    assert_eq!(latest.external_identifier.as_deref(), Some("work"));
    let scoped = |scopes: &[&str], options: &UserTokenOptions| {
        tokens.load_for_user_with_scopes("cal", &ada, scopes, options)
    };
    let any = UserTokenOptions::default();
    assert_eq!(scoped(&["read"], &any).unwrap().id, token.id);
    assert_eq!(scoped(&["share"], &any).unwrap().id, latest.id);
    refused(scoped(&["read", "write"], &any), 404, "EMU404");
    refused(scoped(&["read"], &any.external_identifier("work")), 404, "EMU404");

    let url = connect("cal", &options).unwrap();
    let back = emulator.idp_refuse(&url, "access_denied").unwrap();
    assert_eq!(back, "https://app.example.com/connected?err=access_denied");
    refused(connect("nowhere", &options), 404, "EMU404");
    refused(connect("weather", &options), 400, "E011004");
    let foreign = options.clone().tenant(Connection::InTenant("umbra".to_owned()));
    refused(connect("cal", &foreign), 400, "E011004");
    client.auth().session().logout_all(&session).unwrap();
    refused(connect("cal", &options), 401, "E064001");
}

#[test]
fn a_tenant_has_its_own_connection() {
    let (emulator, client, ada, _) = seeded();
    let tokens = client.mgmt().outbound_app().tokens();
    let session = refresh_token(&emulator, "ada");
    let of = |tenant| ConnectOptions::default().tenant(tenant);
    for tenant in [Connection::OfTenant("acme".into()), Connection::InTenant("acme".into())] {
        let url = client.auth().outbound().connect("cal", &session, &of(tenant)).unwrap();
        emulator.idp_sign_in(&url, "account").unwrap();
    }
    let token = tokens.load_for_tenant("cal", "acme", &TenantTokenOptions::default()).unwrap();
    assert_eq!((token.tenant_id.as_deref(), token.granted_by), (Some("acme"), Some(ada.clone())));
    let scoped = tokens.load_for_tenant_with_scopes("cal", "acme", &["read"], &Default::default());
    assert_eq!(scoped.unwrap().id, token.id);
    refused(tokens.load_for_tenant("cal", "umbra", &Default::default()), 404, "EMU404");
    refused(tokens.load_for_tenant("cal", "nobody", &Default::default()), 404, "EMU404");
    refused(tokens.load_for_user("cal", &ada, &Default::default()), 404, "EMU404");
    let in_acme = UserTokenOptions::default().tenant_id("acme");
    let own = tokens.load_for_user("cal", &ada, &in_acme).unwrap();
    assert_ne!(own.id, token.id);
    client.mgmt().outbound_app().delete_user_tokens(TokensToDelete::OfApp("cal")).unwrap();
    refused(tokens.load_for_user("cal", &ada, &in_acme), 404, "EMU404");
    assert!(tokens.load_for_tenant("cal", "acme", &Default::default()).is_ok(), "it is no user's");
}

#[test]
fn tokens_expire_and_are_refreshed_when_they_must_or_are_asked_to() {
    let (emulator, client, ada, _) = seeded();
    let tokens = client.mgmt().outbound_app().tokens();
    let now = || emulator.clock().unix().as_seconds();
    let load = |options: &UserTokenOptions| tokens.load_for_user("cal", &ada, options);
    let any = UserTokenOptions::default();
    let soon = UnixTime::from_seconds(now() + 60);
    upload(&client, &ada, TokenUpload::both("at", "rt").access_token_expiry(soon));
    let token = load(&any).unwrap();
    assert_eq!((token.access_token.expose(), token.access_token_expiry), ("at", Some(soon)));
    assert_eq!(token.last_refresh_time, None);
    emulator.advance(Duration::from_secs(60));
    let renewed = load(&any.clone().with_refresh_token(true)).unwrap();
    assert_ne!(renewed.access_token.expose(), "at");
    assert_eq!((renewed.id, renewed.refresh_token.unwrap().expose()), (token.id, "rt"));
    assert!(renewed.last_refresh_time.unwrap().as_seconds() >= now() - 5);
    let again = load(&any).unwrap();
    assert_eq!(again.access_token.expose(), renewed.access_token.expose(), "it is still good");
    let fresh = load(&any.clone().age(TokenAge::Fresh)).unwrap();
    assert_ne!(fresh.access_token.expose(), again.access_token.expose());

    upload(
        &client,
        &ada,
        TokenUpload::access_token("lone").access_token_expiry(UnixTime::from_seconds(now() + 60)),
    );
    assert_eq!(load(&any).unwrap().access_token.expose(), "lone", "it took the place of the other");
    refused(load(&any.clone().age(TokenAge::Fresh)), 400, "E011004");
    assert!(load(&any).unwrap().last_refresh_error.is_some_and(|error| !error.is_empty()));
    emulator.advance(AN_HOUR);
    refused(load(&any), 400, "E011004");
    upload(&client, &ada, TokenUpload::refresh_token("rt"));
    assert!(!load(&any).unwrap().access_token.expose().is_empty(), "the service gave it");
}

#[test]
fn uploads_are_checked_and_a_batch_is_all_or_nothing() {
    let (_, client, ada, bo) = seeded();
    let apps = client.mgmt().outbound_app();
    let of = |app: &str, user: &str, token| UserTokenUpload::new(app, user, token);
    let one = |upload| apps.upload_user_token(&upload, RefreshCheck::Verify);
    let token = || TokenUpload::refresh_token("rt");
    refused(one(of("nowhere", &ada, token())), 404, "EMU404");
    refused(one(of("cal", "U2nobody", token())), 404, "E112102");
    refused(one(of("weather", &ada, token())), 400, "E011004");
    refused(one(of("cal", &ada, TokenUpload::refresh_token("revoked"))), 400, "E011004");
    refused(one(of("cal", &bo, token()).tenant_id("acme")), 400, "E011004");
    one(of("cal", &ada, token())).unwrap();

    let uploads =
        [of("cal", &bo, token()), of("cal", "U2nobody", token()), of("nowhere", &ada, token())];
    let failures = apps.upload_user_token_batch(&uploads).unwrap();
    let codes: Vec<_> = failures.iter().map(|failure| failure.error_code.as_deref()).collect();
    assert_eq!(codes, [Some("E112102"), Some("EMU404")]);
    assert_eq!(failures[0].user_id.as_deref(), Some("U2nobody"));
    assert_eq!(failures[0].reason.as_deref().map(str::is_empty), Some(false));
    let of_bo = || apps.load_connected(&bo, &InTenant::default()).unwrap();
    assert_eq!(of_bo().len(), 0, "nothing was uploaded");
    assert_eq!(apps.upload_user_token_batch(&uploads[..1]).unwrap().len(), 0);
    assert_eq!(of_bo(), ["cal"]);

    let of_tenant = |id: &str| TenantTokenUpload::new("cal", id, token());
    let failures =
        apps.upload_tenant_token_batch(&[of_tenant("acme"), of_tenant("nobody")]).unwrap();
    assert_eq!((failures.len(), failures[0].tenant_id.as_deref()), (1, Some("nobody")));
    refused(apps.tokens().load_for_tenant("cal", "acme", &Default::default()), 404, "EMU404");
    assert_eq!(apps.upload_tenant_token_batch(&[of_tenant("acme")]).unwrap().len(), 0);
    apps.upload_tenant_token(&of_tenant("umbra"), RefreshCheck::Skip).unwrap();
    assert!(apps.tokens().load_for_tenant("cal", "umbra", &Default::default()).is_ok());
}

#[test]
fn api_keys_are_kept_for_applications_that_take_them() {
    let (_, client, ada, _) = seeded();
    let apps = client.mgmt().outbound_app();
    let none = InTenant::default();
    refused(apps.upload_user_api_key("cal", &ada, "key", &none), 400, "E011004");
    refused(apps.upload_tenant_api_key("weather", "nobody", "key"), 404, "EMU404");
    apps.upload_tenant_api_key("weather", "acme", "key of all").unwrap();
    for key in ["old", "new"] {
        apps.upload_user_api_key("weather", &ada, key, &none).unwrap();
    }
    let key = apps.tokens().load_for_user("weather", &ada, &Default::default()).unwrap();
    assert_eq!((key.access_token.expose(), key.access_token_expiry), ("new", None));
    let key = apps.tokens().load_for_tenant("weather", "acme", &Default::default()).unwrap();
    assert_eq!(key.access_token.expose(), "key of all");
}

#[test]
fn tokens_go_with_their_user_their_tenant_and_their_application() {
    let (emulator, client, ada, bo) = seeded();
    let apps = client.mgmt().outbound_app();
    let (tokens, any) = (apps.tokens(), UserTokenOptions::default());
    for user in [&ada, &bo] {
        upload(&client, user, TokenUpload::refresh_token("rt"));
    }
    let in_acme = any.clone().tenant_id("acme");
    let upload = UserTokenUpload::new("cal", &*ada, TokenUpload::refresh_token("rt"));
    apps.upload_user_token(&upload.tenant_id("acme"), RefreshCheck::Skip).unwrap();
    let acme = InTenant::default().tenant_id("acme");
    assert_eq!(apps.load_connected(&ada, &acme).unwrap(), ["cal"]);
    let only = NewOutboundApp::default().id("acmes").tenant_id("acme");
    apps.create("Acme's own", &only).unwrap();

    client.mgmt().tenant().delete("acme").unwrap();
    refused(tokens.load_for_user("cal", &ada, &in_acme), 404, "EMU404");
    refused(apps.load("acmes"), 404, "EMU404");
    let token = tokens.load_for_user("cal", &ada, &any).unwrap();
    apps.delete_token(&token.id).unwrap();
    refused(apps.delete_token(&token.id), 404, "EMU404");
    client.mgmt().user().delete("bo").unwrap();
    refused(tokens.load_for_user("cal", &bo, &any), 404, "E112102");
    assert_eq!(emulator.export().get("outboundTokens"), None);

    self::upload(&client, &ada, TokenUpload::refresh_token("rt"));
    let one = TokensToDelete::OfUserInApp { app_id: "weather", user_id: &ada };
    apps.delete_user_tokens(one).unwrap();
    assert!(tokens.load_for_user("cal", &ada, &any).is_ok());
    apps.delete_user_tokens(TokensToDelete::OfUser(&ada)).unwrap();
    refused(tokens.load_for_user("cal", &ada, &any), 404, "EMU404");
    self::upload(&client, &ada, TokenUpload::refresh_token("rt"));
    apps.delete("cal").unwrap();
    assert_eq!(emulator.export().get("outboundTokens"), None);
}

#[test]
fn an_inbound_token_fetches_what_is_its_users() {
    let (emulator, client, ada, bo) = seeded();
    let made = emulator
        .seed(&json!({
            "inboundApps": [{ "id": "mcp", "name": "MCP" }],
            "inboundConsents": [{ "appId": "mcp", "loginId": "ada", "scopes": ["openid"] }],
            "outboundTokens": [{ "appId": "cal", "tenantId": "acme", "refreshToken": "rt" }],
        }))
        .unwrap();
    let access_token = made["inboundConsents"][0]["accessToken"].as_str().unwrap();
    for user in [&ada, &bo] {
        upload(&client, user, TokenUpload::access_token("at"));
    }
    // It needs no management key.
    let bare = Client::builder()
        .ignore_env()
        .project_id(emulator.project_id())
        .transport(emulator.transport())
        .clock(emulator.clock())
        .build()
        .unwrap();
    let tokens = bare.mgmt().outbound_app().tokens_as(access_token);
    let any = UserTokenOptions::default();
    assert_eq!(tokens.load_for_user("cal", &ada, &any).unwrap().access_token.expose(), "at");
    refused(tokens.load_for_user("cal", &bo, &any), 403, "EMU403");
    assert!(tokens.load_for_tenant("cal", "acme", &Default::default()).is_ok(), "Ada is in it");
    refused(tokens.load_for_tenant("cal", "umbra", &Default::default()), 403, "EMU403");
    let session = emulator.sign_in("ada").unwrap();
    let session = session["sessionJwt"].as_str().unwrap();
    let with_session = bare.mgmt().outbound_app().tokens_as(session);
    refused(with_session.load_for_user("cal", &ada, &any), 401, "E061005");
    client.mgmt().inbound_app().delete("mcp").unwrap();
    refused(tokens.load_for_user("cal", &ada, &any), 401, "E061005");
}

#[test]
fn an_inbound_token_that_was_revoked_or_is_bound_to_a_key_fetches_nothing() {
    let (emulator, client, ada, _) = seeded();
    let public = json!({ "clientId": "cli", "nonConfidentialClient": true, "secrets": [] });
    let callback = "http://127.0.0.1/callback";
    let app = json!({
        "id": "cli", "name": "CLI", "approvedCallbackUrls": [callback], "state": public,
    });
    emulator.seed(&json!({ "inboundApps": [app] })).unwrap();
    upload(&client, &ada, TokenUpload::access_token("at"));
    let sign_in = |app: &App| {
        let oidc = client.oidc(app);
        let request = oidc.authorization_request(callback, &Default::default()).unwrap();
        let back = emulator.oidc().authorize(&request.url, "ada").unwrap();
        oidc.exchange_callback(&request, &back).unwrap().access_token
    };
    let load = |token: &Secret| {
        let tokens = client.mgmt().outbound_app().tokens_as(token.expose());
        tokens.load_for_user("cal", &ada, &UserTokenOptions::default())
    };
    let app = App::inbound("cli");
    let token = sign_in(&app);
    assert_eq!(load(&token).unwrap().access_token.expose(), "at");
    client.oidc(&app).revoke(token.expose()).unwrap();
    refused(load(&token), 401, "E061005");
    let bound = sign_in(&app.dpop(DpopKey::generate().unwrap()));
    refused(load(&bound), 401, "E061005");
}

#[test]
fn a_saved_emulator_has_the_same_applications_and_tokens() {
    let (emulator, client, ada, _) = seeded();
    upload(&client, &ada, TokenUpload::both("at", "revoked").id_token("it").scopes(["a"]));
    let tokens = client.mgmt().outbound_app().tokens();
    let fresh = UserTokenOptions::default().age(TokenAge::Fresh);
    refused(tokens.load_for_user("cal", &ada, &fresh), 400, "E011004");
    client.mgmt().outbound_app().upload_tenant_api_key("weather", "acme", "key").unwrap();
    let copy = Emulator::builder().project_id(emulator.project_id()).build();
    copy.seed(&emulator.export()).unwrap();
    assert_eq!(copy.export(), emulator.export());
}
