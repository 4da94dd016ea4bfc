//! The methods of Python's client itself: sessions, access keys, role checks.

use descope::auth::access_key::AccessKeyOptions;
use descope::auth::session::MyTenants;
use descope::auth::session::SessionTokens;
use descope::emulator::Emulator;
use descope::{Claims, Client, Scope};
use serde_json::{Map, Value};

use super::args::{Args, Sayable, Unsayable};
use super::auth::{all_of, ids, show_sign_in, signed_in};
use super::case::Case;
use super::{Call, PROJECT, shown};

pub(crate) fn call(case: &Case, client: &Client, args: &Args<'_>) -> Call {
    let method = case.method().1;
    let session = client.auth().session();
    let refresh = |name| args.text(name);
    match method {
        "__init__" => init(args, case.name.ends_with("reject_mgmt_without_key")),
        "validate_session" => {
            let token = args.text("session_token")?;
            Ok(session.validate(token).map(|claims| show_session(token, &claims)))
        }
        "refresh_session" => signed_in(session.refresh(refresh("refresh_token")?)),
        "validate_and_refresh_session" => {
            let token = args.text("session_token")?;
            let checked = session.validate_and_refresh(SessionTokens {
                session: token,
                refresh: refresh("refresh_token")?,
            });
            Ok(checked.map(|checked| match &checked.refreshed {
                Some(info) => show_sign_in(info),
                None => show_session(token, &checked.claims),
            }))
        }
        "logout" => shown(session.logout(refresh("refresh_token")?)),
        "logout_all" => shown(session.logout_all(refresh("refresh_token")?)),
        "me" => shown(session.me(refresh("refresh_token")?)),
        "history" => shown(session.load_history(refresh("refresh_token")?)),
        "my_tenants" => {
            let ids = args.texts("ids")?.unwrap_or_default();
            let which = match args.flag("dct")? {
                Some(true) if ids.is_empty() => MyTenants::Current,
                Some(true) => return Err(Unsayable::Type("both dct and ids".to_owned())),
                _ => MyTenants::Ids(&ids),
            };
            shown(session.load_my_tenants(which, refresh("refresh_token")?))
        }
        "select_tenant" => {
            signed_in(session.select_tenant(args.text("tenant_id")?, refresh("refresh_token")?))
        }
        "exchange_access_key" => {
            let mut options = AccessKeyOptions::default();
            if let Some(given) = args.object("login_options")? {
                if let Some(claims) = given.map("custom_claims")? {
                    options = options.custom_claims(claims);
                }
                if let Some(tenant) = given.maybe("selected_tenant")? {
                    options = options.selected_tenant(tenant);
                }
            }
            let exchanged = client.auth().access_key().exchange(args.text("access_key")?, &options);
            Ok(exchanged.map(|key| {
                let (session, mut ids) = (&key.session, ids(&key.session.claims));
                ids.insert("keyId", &key.key_id);
                format!("({:?}, {ids:?})", all_of(session))
            }))
        }
        "get_last_response" => Err(Unsayable::NoAdapter),
        _ => check(method, args),
    }
}

/// A session that is good, as Python has it.
fn show_session(token: &str, claims: &Claims) -> String {
    let mut all = claims.as_map().clone();
    all.insert("jwt".to_owned(), token.into());
    format!("({all:?}, {:?})", ids(claims))
}

fn init(args: &Args<'_>, without_key: bool) -> Call {
    let mut builder = Client::builder().ignore_env().project_id(args.text("project_id")?);
    match args.value("public_key") {
        Some(Value::String(key)) => builder = builder.public_key(key),
        Some(key @ Value::Object(_)) => builder = builder.public_key(key.to_string()),
        None => {}
        Some(other) => return Err(Unsayable::Type(format!("public_key: {other}"))),
    }
    let client = match builder.build() {
        Ok(client) => client,
        Err(error) => return Ok(Err(error)),
    };
    if without_key {
        // Python raises when management is asked for, Rust when a call of it is made.
        return shown(client.mgmt().tenant().load_all());
    }
    Ok(Ok(format!("{client:?}")))
}

/// The checks of roles and permissions, on a token with the claims that Python was given.
fn check(method: &str, args: &Args<'_>) -> Call {
    let claims = claims(args.map("jwt_response")?.unwrap_or_default())?;
    let what = if method.ends_with("roles") { "roles" } else { "permissions" };
    let wanted = match args.value(what) {
        Some(Value::String(one)) => vec![&**one],
        _ => args.texts(what)?.unwrap_or_default(),
    };
    let tenant = args.maybe("tenant")?;
    let scope = tenant.map_or(Scope::Project, Scope::Tenant);
    let answer = match (method.starts_with("get_matched"), what) {
        (true, "roles") => format!("{:?}", claims.matched_roles(scope, wanted)),
        (true, _) => format!("{:?}", claims.matched_permissions(scope, wanted)),
        (false, "roles") => claims.has_roles(scope, wanted).to_string(),
        (false, _) => claims.has_permissions(scope, wanted).to_string(),
    };
    Ok(Ok(answer))
}

fn claims(mut given: Map<String, Value>) -> Sayable<Claims> {
    if let Some(Value::Object(token)) = given.remove("sessionToken") {
        given.extend(token);
    }
    given.retain(|name, _| matches!(&**name, "roles" | "permissions" | "tenants" | "dct"));
    given.insert("sub".to_owned(), "U2ada".into());
    let emulator = Emulator::builder().project_id(PROJECT).build();
    let unsayable = |why: String| Unsayable::Type(why);
    let token = emulator.issue_token(Value::Object(given)).map_err(|e| unsayable(e.to_string()))?;
    let client = Client::builder().emulator(&emulator).build();
    let claims = client.and_then(|client| client.auth().session().validate(&token));
    claims.map_err(|error| unsayable(error.to_string()))
}
