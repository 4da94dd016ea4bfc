//! What the tests share: a client whose requests are looked at instead of sent.

use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use descope::auth::{
    LoginOptions, MessageLoginOptions, MessageSignUpOptions, MessageSignUpOrInOptions,
    SessionOptions, SignUpOptions, UpdateOptions,
};
use descope::emulator::Emulator;
use descope::transport::{Request, Response};
use descope::{Client, Error, Result, TokenError, UserDetails};
use serde_json::{Value, json};

use crate::{answers, inventory};

/// Signs the tokens of all answers.
static EMULATOR: LazyLock<Emulator> = LazyLock::new(Emulator::new);

/// A request as it left the client.
#[derive(Debug, PartialEq)]
pub(crate) struct Sent {
    /// Method, path and query.
    pub line: String,
    /// What follows the project ID in the bearer.
    pub bearer: String,
    /// The body, or null if there was none.
    pub body: Value,
}

/// The bearer of a management call.
pub(crate) const MANAGEMENT: &str = "K2-management-key";

/// Makes a call with a client that gets `answer`, with status 200, for every request but that for the keys, and
/// returns its result and all that was sent.
pub(crate) fn exchange<T>(answer: &Value, call: impl FnOnce(&Client) -> T) -> (T, Vec<Sent>) {
    let sent = Arc::new(Mutex::new(Vec::new()));
    let (log, answer) = (Arc::clone(&sent), answer.to_string().into_bytes());
    let client = Client::builder()
        .ignore_env()
        .project_id(EMULATOR.project_id())
        .management_key(MANAGEMENT)
        .transport(move |request: Request| {
            if request.uri().path().starts_with("/v2/keys/") {
                return Ok(EMULATOR.handle(request));
            }
            log.lock().unwrap_or_else(PoisonError::into_inner).push(read(&request));
            Ok(Response::new(answer.clone()))
        })
        .build()
        .unwrap();
    let result = call(&client);
    let sent: Vec<Sent> = std::mem::take(&mut *sent.lock().unwrap_or_else(PoisonError::into_inner));
    (result, sent)
}

/// What a client is answered, with status 200.
pub(crate) type Answering = Arc<Mutex<Vec<u8>>>;

/// A client that gets what was put there last for every request but that for the keys.
pub(crate) fn answered() -> (Client, Answering) {
    let answer = Answering::default();
    let given = Arc::clone(&answer);
    let client = Client::builder()
        .ignore_env()
        .project_id(EMULATOR.project_id())
        .management_key(MANAGEMENT)
        .transport(move |request: Request| {
            if request.uri().path().starts_with("/v2/keys/") {
                return Ok(EMULATOR.handle(request));
            }
            Ok(Response::new(given.lock().unwrap_or_else(PoisonError::into_inner).clone()))
        })
        .build()
        .unwrap();
    (client, answer)
}

fn read(request: &Request) -> Sent {
    let headers = request.headers();
    let bearer = headers["authorization"].to_str().unwrap();
    let bearer = bearer.strip_prefix("Bearer ").unwrap().strip_prefix(EMULATOR.project_id());
    let body = request.body();
    if !body.is_empty() {
        assert_eq!(headers["content-type"], "application/json");
    }
    Sent {
        line: format!("{} {}", request.method(), request.uri().path_and_query().unwrap()),
        bearer: bearer.unwrap().trim_start_matches(':').to_owned(),
        body: if body.is_empty() { Value::Null } else { serde_json::from_slice(body).unwrap() },
    }
}

/// Asserts that a call sends one request, this one, and returns what it makes of the answer. The request
/// has no field that its operation lacks in the list. The call needs the key it is given, and it also reads
/// answers that lack something or have something new.
#[track_caller]
pub(crate) fn sends<T>(
    line: &str,
    bearer: &str,
    body: Value,
    answer: &Value,
    call: impl Fn(&Client) -> Result<T>,
) -> T {
    let operation = inventory::sent(line, bearer, &body);
    let result = sends_unlisted(line, bearer, body, answer, &call);
    if let Some(full) = answers::full_once(operation) {
        answers::survives(&full, &call);
    }
    result
}

/// The same, whether the list has the operation or not.
#[track_caller]
pub(crate) fn sends_unlisted<T>(
    line: &str,
    bearer: &str,
    body: Value,
    answer: &Value,
    call: impl Fn(&Client) -> Result<T>,
) -> T {
    let (result, sent) = exchange(answer, &call);
    let expected = Sent { line: line.to_owned(), bearer: bearer.to_owned(), body };
    assert_eq!(sent, [expected]);
    if bearer == MANAGEMENT {
        needs_a_management_key(&call);
    }
    answers::survives(answer, &call);
    result.unwrap()
}

/// Asserts that without a management key a call says so, and sends nothing.
#[track_caller]
fn needs_a_management_key<T>(call: impl Fn(&Client) -> Result<T>) {
    let client = Client::builder()
        .ignore_env()
        .project_id(EMULATOR.project_id())
        .transport(|request: Request| panic!("{}", request.uri()))
        .build()
        .unwrap();
    assert!(matches!(call(&client), Err(Error::Config(_))));
}

/// Asserts that a call fails because of this argument, before anything is sent.
#[track_caller]
pub(crate) fn refuses<T>(argument: &str, call: impl FnOnce(&Client) -> Result<T>) {
    let (result, sent) = inventory::refusing(|| exchange(&json!({}), call));
    assert_eq!(sent, []);
    match result.err() {
        Some(
            Error::Argument { name, .. }
            | Error::Token(
                TokenError::Empty { argument: name, .. }
                | TokenError::TooLarge { argument: name, .. }
                | TokenError::Characters { argument: name, .. },
            ),
        ) => assert_eq!(name, argument),
        other => panic!("{argument}: {other:?}"),
    }
}

/// The answer of a sign-in, with tokens that the client's keys verify.
pub(crate) fn signed_in() -> Value {
    json!({
        "sessionJwt": EMULATOR.issue_token(json!({ "sub": "U1", "drn": "DS" })).unwrap(),
        "refreshJwt": EMULATOR.issue_token(json!({ "sub": "U1", "drn": "DSR" })).unwrap(),
        "cookieDomain": "example.com", "cookiePath": "/app", "cookieMaxAge": 3600,
        "cookieExpiration": 1_900_000_000,
        "user": { "userId": "U1", "loginIds": ["ada@example.com"], "name": "Ada" },
        "firstSeen": false,
    })
}

/// A token that the client's keys verify.
pub(crate) fn issued(sub: &str, drn: &str) -> String {
    EMULATOR.issue_token(json!({ "sub": sub, "drn": drn })).unwrap()
}

/// A refresh token that looks like one.
pub(crate) const REFRESH: &str = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJVMSJ9.c2lnbmF0dXJl";

pub(crate) fn every_login_option() -> LoginOptions {
    LoginOptions::default()
        .step_up("replaced")
        .add_factor(REFRESH)
        .revoke_other_sessions(true)
        .revoke_other_sessions_types(["web"])
        .custom_claims([("theme", "dark")])
        .tenant_id("acme")
        .sso_app_id("app")
}

/// `loginOptions` as [`every_login_option`] must come out.
pub(crate) fn login_options() -> Value {
    json!({
        "stepup": true, "mfa": true, "revokeOtherSessions": true,
        "revokeOtherSessionsTypes": ["web"], "customClaims": { "theme": "dark" },
        "tenantId": "acme", "ssoAppId": "app",
    })
}

/// Those of a sign-in that adds to no session.
pub(crate) fn every_session_option() -> SessionOptions {
    SessionOptions::default()
        .revoke_other_sessions(true)
        .revoke_other_sessions_types(["web"])
        .custom_claims([("theme", "dark")])
        .tenant_id("acme")
        .sso_app_id("app")
}

/// `loginOptions` as [`every_session_option`] must come out.
pub(crate) fn session_options() -> Value {
    without_session(login_options())
}

fn without_session(mut options: Value) -> Value {
    let members = options.as_object_mut().unwrap();
    members.retain(|name, _| name != "stepup" && name != "mfa");
    options
}

/// Those of a sign-in by a message.
pub(crate) fn every_message_option() -> MessageLoginOptions {
    MessageLoginOptions::default()
        .add_factor("replaced")
        .step_up(REFRESH)
        .revoke_other_sessions(true)
        .revoke_other_sessions_types(["web"])
        .custom_claims([("theme", "dark")])
        .template_id("T1")
        .template_options([("app", "Engine")])
        .tenant_id("acme")
        .sso_app_id("app")
        .pkce_challenge("E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM")
        .locale("pt-BR")
        .provider_id("C1")
}

/// `loginOptions` as [`every_message_option`] must come out.
pub(crate) fn message_options() -> Value {
    let mut options = login_options();
    options["templateId"] = "T1".into();
    options["templateOptions"] = json!({ "app": "Engine" });
    options["locale"] = "pt-BR".into();
    options["pkceChallenge"] = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM".into();
    options
}

/// Those of a sign-in or sign-up by a message, which adds to no session.
pub(crate) fn every_option_of_the_new() -> MessageSignUpOrInOptions {
    MessageSignUpOrInOptions::default()
        .revoke_other_sessions(true)
        .revoke_other_sessions_types(["web"])
        .custom_claims([("theme", "dark")])
        .template_id("T1")
        .template_options([("app", "Engine")])
        .tenant_id("acme")
        .sso_app_id("app")
        .pkce_challenge("E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM")
        .locale("pt-BR")
        .provider_id("C1")
}

/// `loginOptions` as [`every_option_of_the_new`] must come out.
pub(crate) fn options_of_the_new() -> Value {
    without_session(message_options())
}

pub(crate) fn every_user_detail() -> UserDetails {
    UserDetails::default()
        .name("Ada Lovelace")
        .given_name("Ada")
        .middle_name("King")
        .family_name("Lovelace")
        .email("ada@example.com")
        .phone("+12025550101")
        .recovery_email("ada@example.org")
        .recovery_phone("+12025550102")
}

pub(crate) fn every_sign_up_option() -> SignUpOptions {
    SignUpOptions::default()
        .user(every_user_detail())
        .revoke_other_sessions(false)
        .revoke_other_sessions_types(["web"])
        .custom_claims([("theme", "dark")])
        .tenant_id("acme")
}

/// `loginOptions` as [`every_sign_up_option`] must come out.
pub(crate) fn sign_up_options() -> Value {
    json!({
        "revokeOtherSessions": false, "revokeOtherSessionsTypes": ["web"],
        "customClaims": { "theme": "dark" }, "tenantId": "acme",
    })
}

pub(crate) fn every_message_sign_up_option() -> MessageSignUpOptions {
    MessageSignUpOptions::default()
        .user(every_user_detail())
        .revoke_other_sessions(false)
        .revoke_other_sessions_types(["web"])
        .custom_claims([("theme", "dark")])
        .template_id("T1")
        .template_options([("app", "Engine")])
        .tenant_id("acme")
        .pkce_challenge("E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM")
        .locale("pt-BR")
        .provider_id("C1")
}

/// `loginOptions` as [`every_message_sign_up_option`] must come out.
pub(crate) fn message_sign_up_options() -> Value {
    let mut options = sign_up_options();
    options["templateId"] = "T1".into();
    options["templateOptions"] = json!({ "app": "Engine" });
    options["locale"] = "pt-BR".into();
    options["pkceChallenge"] = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM".into();
    options
}

/// `user` as [`every_user_detail`] must come out.
pub(crate) fn user_details() -> Value {
    json!({
        "name": "Ada Lovelace", "givenName": "Ada", "middleName": "King",
        "familyName": "Lovelace", "email": "ada@example.com", "phone": "+12025550101",
        "recoveryEmail": "ada@example.org", "recoveryPhone": "+12025550102",
    })
}

pub(crate) fn every_update_option() -> UpdateOptions {
    UpdateOptions::default()
        .add_to_login_ids(true)
        .on_merge_use_existing(false)
        .fail_on_conflict(true)
        .mfa(true)
        .locale("pt-BR")
        .template_id("T1")
        .template_options([("app", "Engine")])
        .provider_id("C1")
}

/// The members of a body that [`every_update_option`] must make.
pub(crate) fn update_options() -> Value {
    json!({
        "addToLoginIDs": true, "onMergeUseExisting": false,
        "failOnConflict": true, "mfa": true, "locale": "pt-BR", "templateId": "T1",
        "templateOptions": { "app": "Engine" }, "providerId": "C1",
    })
}

/// A client of this emulator.
pub(crate) fn client(emulator: &Emulator) -> Client {
    Client::builder().ignore_env().emulator(emulator).build().unwrap()
}

/// The code in the URL that a sign-in page sent the browser back to.
#[track_caller]
pub(crate) fn code_of(url: &str) -> String {
    let (_, query) = url.split_once('?').unwrap_or_else(|| panic!("{url}"));
    let code = query.split('&').find_map(|pair| pair.strip_prefix("code="));
    code.unwrap_or_else(|| panic!("{url}")).to_owned()
}
