//! Passkeys. What browsers return is checked as a relying party must (Web Authentication Level 2,
//! sections 7.1 and 7.2), except that nobody vouches for the make of an authenticator.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use super::passkey_seed;
use crate::emulator::api::call::Call;
use crate::emulator::api::event::Event::SignInBy;
use crate::emulator::api::route::Bearer::{MaybeRefresh, Project, Refresh};
use crate::emulator::api::route::{Area, Route};
use crate::emulator::api::shapes::{LOGIN_OPTIONS, SIGN_UP_USER};
use crate::emulator::state::passkey::credential::{Assertion, Expected, NewCredential};
use crate::emulator::state::passkey::{Passkey, Then, Transaction, key};
use crate::emulator::state::sign_in::SignIn;
use crate::emulator::state::store::Store;
use crate::emulator::state::table::By;
use crate::emulator::state::token;
use crate::emulator::state::user::{Factor, Profile, User};
use crate::emulator::words::fields::{Field, Fields, Kind, optional, required};
use crate::emulator::words::random;
use crate::emulator::words::refusal::{Refusal, Reply, Result};
use crate::emulator::words::settings::seconds;

const PASSKEY_OPTIONS: &[Field] = &[
    optional(
        "authenticatorSelection",
        Kind::Object(&[
            optional("authenticatorAttachment", Kind::Text),
            optional("residentKey", Kind::Text),
            optional("userVerification", Kind::Text),
        ]),
    ),
    optional("attestation", Kind::Text),
    optional("userVerification", Kind::Text),
    optional("extensionsJSON", Kind::Text),
];
const SIGN_UP: &[Field] = &[
    // Go has it here, the others in the user.
    optional("loginId", Kind::Text),
    required("user", Kind::Object(&SIGN_UP_USER)),
    required("origin", Kind::Text),
    optional("loginOptions", Kind::Object(LOGIN_OPTIONS)),
    optional("passkeyOptions", Kind::Object(PASSKEY_OPTIONS)),
];
const SIGN_IN: &[Field] = &[
    optional("loginId", Kind::Text),
    required("origin", Kind::Text),
    optional("loginOptions", Kind::Object(LOGIN_OPTIONS)),
    optional("passkeyOptions", Kind::Object(PASSKEY_OPTIONS)),
];
const UPDATE: &[Field] = &[
    required("loginId", Kind::Text),
    required("origin", Kind::Text),
    optional("mfa", Kind::Bool),
    optional("passkeyOptions", Kind::Object(PASSKEY_OPTIONS)),
];
const FINISH: &[Field] = &[
    // Go spells it with a capital ID.
    optional("transactionID", Kind::Text),
    optional("transactionId", Kind::Text),
    required("response", Kind::Text),
];

pub(in crate::emulator) const AREA: Area =
    Area::new(ROUTES).inside(&[passkey_seed::MAKE]).seeds(&[&passkey_seed::SEED]);

const ROUTES: &[Route] = &[
    Route::post(
        "/v1/auth/webauthn/signup/start",
        Project,
        SignInBy("webauthn"),
        SIGN_UP,
        sign_up_start,
    ),
    Route::post(
        "/v1/auth/webauthn/signup/finish",
        Project,
        SignInBy("webauthn"),
        FINISH,
        sign_up_finish,
    ),
    Route::post(
        "/v1/auth/webauthn/signin/start",
        MaybeRefresh,
        SignInBy("webauthn"),
        SIGN_IN,
        sign_in_start,
    ),
    Route::post(
        "/v1/auth/webauthn/signin/finish",
        Project,
        SignInBy("webauthn"),
        FINISH,
        sign_in_finish,
    ),
    Route::post(
        "/v1/auth/webauthn/signup-in/start",
        Project,
        SignInBy("webauthn"),
        SIGN_IN,
        sign_up_or_in_start,
    ),
    Route::post(
        "/v1/auth/webauthn/update/start",
        Refresh,
        SignInBy("webauthn"),
        UPDATE,
        update_start,
    ),
    Route::post(
        "/v1/auth/webauthn/update/finish",
        Project,
        SignInBy("webauthn"),
        FINISH,
        update_finish,
    ),
];

/// What the browser is told of a user's passkeys.
fn descriptors(store: &Store, user: &str, rp_id: &str) -> Value {
    let passkeys = store.webauthn.for_user(user, rp_id);
    passkeys
        .map(|passkey| json!({ "type": "public-key", "id": URL_SAFE_NO_PAD.encode(&passkey.id) }))
        .collect()
}

/// The ceremony that the call finishes.
fn take(call: &Call<'_>, store: &mut Store) -> Result<Transaction> {
    let body = call.body();
    let id = body
        .some_text("transactionId")
        .or_else(|| body.some_text("transactionID"))
        .ok_or_else(|| Refusal::invalid("The transactionId field is required"))?;
    store.webauthn.take(call, id)
}

/// The passkey that the browser made.
fn made(call: &Call<'_>, store: &Store, expected: &Expected) -> Result<NewCredential> {
    let made = NewCredential::read(expected, call.body().text("response"))?;
    if store.webauthn.passkeys.get(By::Id, &made.id).is_some() {
        return Err(Refusal::passkey("The credential is registered already"));
    }
    Ok(made)
}

/// Gives a user a passkey.
fn add(
    call: &Call<'_>,
    store: &mut Store,
    user: &str,
    rp_id: String,
    made: NewCredential,
) -> Result<()> {
    let NewCredential { id, key, sign_count } = made;
    let mut owner = store.user_mut(user)?;
    owner.factors.insert(Factor::WebAuthn);
    owner.modified = call.now;
    let user = owner.id.clone();
    drop(owner);
    store.webauthn.passkeys.push(Passkey { id, user, rp_id, key, sign_count, created: call.now });
    Ok(())
}

fn sign_up_start(call: &Call<'_>, store: &mut Store) -> Result {
    let (body, user) = (call.body(), call.body().object("user"));
    let login_id = body
        .some_text("loginId")
        .or_else(|| user.some_text("loginId"))
        .ok_or_else(|| Refusal::invalid("The loginId field is required"))?;
    store.check_free(login_id)?;
    begin_sign_up(call, store, login_id, user)
}

fn begin_sign_up(
    call: &Call<'_>,
    store: &mut Store,
    login_id: &str,
    details: Fields<'_>,
) -> Result {
    let mut profile = Profile::read(details);
    if profile.email.is_empty() && login_id.contains('@') {
        login_id.clone_into(&mut profile.email);
    }
    let user = User { profile, ..User::new(login_id, call.now) };
    let asked = SignIn::new(call, store, None, call.body().object("loginOptions"))?;
    let expected = Expected::new(call.body())?;
    let public_key = creation_options(call, store, &expected, &user)?;
    begin(call, store, expected, &public_key, Then::SignUp { user: Box::new(user), asked })
}

fn sign_in_start(call: &Call<'_>, store: &mut Store) -> Result {
    let body = call.body();
    let options = body.object("loginOptions");
    let expected = Expected::new(body)?;
    let (user, asked, only) = if let Some(login_id) = body.some_text("loginId") {
        let user = store.known_user(login_id)?;
        let has_any = user.factors.contains(&Factor::WebAuthn);
        let user = user.id.clone();
        if !has_any || store.webauthn.for_user(&user, &expected.rp_id).next().is_none() {
            return Err(Refusal::argument("The user has no passkey for this origin"));
        }
        let asked = SignIn::new(call, store, Some(&user), options)?;
        (Some(user), asked, None)
    } else {
        let (asked, only) = SignIn::unknown_user(call, store, options)?;
        (None, asked, only)
    };
    let mut public_key = json!({
        "challenge": expected.challenge,
        "timeout": timeout(call),
        "rpId": expected.rp_id,
        "userVerification": expected.user_verification,
    });
    if let Some(user) = &user {
        public_key["allowCredentials"] = descriptors(store, user, &expected.rp_id);
    }
    extend(&mut public_key, body)?;
    begin(call, store, expected, &public_key, Then::SignIn { user, asked, only })
}

fn sign_up_or_in_start(call: &Call<'_>, store: &mut Store) -> Result {
    let login_id = call.body().text("loginId");
    if login_id.is_empty() {
        return Err(Refusal::invalid("The loginId field is required"));
    }
    if store.user_by_login(login_id).is_some() {
        sign_in_start(call, store)
    } else {
        begin_sign_up(call, store, login_id, call.body().object("user"))
    }
}

fn update_start(call: &Call<'_>, store: &mut Store) -> Result {
    let (body, proven) = (call.body(), token::proven(call, store)?);
    let user = token::proven_user(call, store, body.text("loginId"))?.clone();
    let expected = Expected::new(body)?;
    let public_key = creation_options(call, store, &expected, &user)?;
    let mfa = body.flag("mfa");
    let asked = SignIn::additional(proven, mfa);
    begin(call, store, expected, &public_key, Then::Update { user: user.id, asked, mfa })
}

/// The wire type `WebAuthnTransactionResponse`.
fn begin(
    call: &Call<'_>,
    store: &mut Store,
    expected: Expected,
    public_key: &Value,
    then: Then,
) -> Result {
    let id = random::id("WT");
    let create = !matches!(then, Then::SignIn { .. });
    let expires = call.code_expiry();
    store.webauthn.begin(call, Transaction { id: id.clone(), expected, then, expires });
    let options = json!({ "publicKey": public_key }).to_string();
    Ok(json!({ "transactionId": id, "options": options, "create": create }).into())
}

/// Milliseconds.
fn timeout(call: &Call<'_>) -> i64 {
    seconds(call.settings.code_lifetime).saturating_mul(1000)
}

/// `PublicKeyCredentialCreationOptions`, as JSON.
fn creation_options(
    call: &Call<'_>,
    store: &Store,
    expected: &Expected,
    user: &User,
) -> Result<Value> {
    let passkey = call.body().object("passkeyOptions");
    let wanted = passkey.object("authenticatorSelection");
    let name = user.login_ids.first().map(String::as_str).unwrap_or_default();
    let shown = if user.profile.name.is_empty() { name } else { &user.profile.name };
    let mut selection = json!({
        "residentKey": wanted.some_text("residentKey").unwrap_or("preferred"),
        "requireResidentKey": wanted.text("residentKey") == "required",
        "userVerification": expected.user_verification,
    });
    // Descope's own spelling of what browsers call `cross-platform`.
    match wanted.some_text("authenticatorAttachment") {
        None | Some("any") => {}
        Some("crossplatform") => selection["authenticatorAttachment"] = json!("cross-platform"),
        Some(other) => selection["authenticatorAttachment"] = json!(other),
    }
    let mut options = json!({
        "rp": { "id": expected.rp_id, "name": expected.rp_id },
        "user": { "id": URL_SAFE_NO_PAD.encode(&user.id), "name": name, "displayName": shown },
        "challenge": expected.challenge,
        "pubKeyCredParams": key::ALGORITHMS
            .iter()
            .map(|algorithm| json!({ "type": "public-key", "alg": algorithm }))
            .collect::<Vec<_>>(),
        "timeout": timeout(call),
        "excludeCredentials": descriptors(store, &user.id, &expected.rp_id),
        "authenticatorSelection": selection,
        "attestation": passkey.some_text("attestation").unwrap_or("none"),
    });
    extend(&mut options, call.body())?;
    Ok(options)
}

/// Adds the extensions asked for.
fn extend(options: &mut Value, body: Fields<'_>) -> Result<()> {
    if let Some(text) = body.object("passkeyOptions").some_text("extensionsJSON") {
        let extensions: Option<Value> = serde_json::from_str(text).ok().filter(Value::is_object);
        options["extensions"] = extensions
            .ok_or_else(|| Refusal::argument("The extensionsJSON is not a JSON object"))?;
    }
    Ok(())
}

fn sign_up_finish(call: &Call<'_>, store: &mut Store) -> Result {
    let Transaction { expected, then, .. } = take(call, store)?;
    let Then::SignUp { user, asked } = then else { return Err(other_ceremony()) };
    let made = made(call, store, &expected)?;
    user.login_ids.iter().try_for_each(|login_id| store.check_free(login_id))?;
    let id = asked.register(call, store, *user)?;
    add(call, store, &id, expected.rp_id, made)?;
    token::sign_in(call, store, &id, "webauthn", asked)
}

fn sign_in_finish(call: &Call<'_>, store: &mut Store) -> Result {
    let Transaction { expected, then, .. } = take(call, store)?;
    let Then::SignIn { user, asked, only } = then else { return Err(other_ceremony()) };
    let assertion = Assertion::read(call.body().text("response"))?;
    let usable = |passkey: &Passkey| {
        let owner = store.user(&passkey.user);
        owner.is_some_and(|user| user.factors.contains(&Factor::WebAuthn))
    };
    let known = store.webauthn.passkeys.get(By::Id, &assertion.id).filter(|known| usable(known));
    let passkey = known.ok_or_else(|| Refusal::passkey("The credential is not known"))?;
    if user.as_ref().is_some_and(|user| passkey.user != *user) {
        return Err(Refusal::passkey("The credential belongs to another user"));
    }
    if only.is_some_and(|only| passkey.user != only) {
        return Err(Refusal::forbidden("The refresh token belongs to another user"));
    }
    // Where the browser chose the passkey, it must say whose it is.
    let named = assertion.user_handle.as_deref();
    let right = named.map_or(user.is_some(), |named| named == passkey.user.as_bytes());
    if !right || passkey.rp_id != expected.rp_id {
        return Err(Refusal::passkey("The user handle is not the credential's"));
    }
    let sign_count = assertion.verify(&expected, &passkey.key)?;
    let counts = sign_count != 0 || passkey.sign_count != 0;
    if counts && sign_count <= passkey.sign_count {
        return Err(Refusal::passkey("The authenticator counts backwards: it may be a copy"));
    }
    let user = passkey.user.clone();
    if let Some(mut passkey) = store.webauthn.passkeys.edit(By::Id, &assertion.id) {
        passkey.sign_count = sign_count;
    }
    token::sign_in(call, store, &user, "webauthn", asked)
}

fn update_finish(call: &Call<'_>, store: &mut Store) -> Result {
    let Transaction { expected, then, .. } = take(call, store)?;
    let Then::Update { user, asked, mfa } = then else { return Err(other_ceremony()) };
    let made = made(call, store, &expected)?;
    add(call, store, &user, expected.rp_id, made)?;
    if !mfa {
        return Ok(Reply::empty());
    }
    let session = token::sign_in(call, store, &user, "webauthn", asked)?;
    Ok(Reply { body: json!({ "jwt": session.body }), ..session })
}

fn other_ceremony() -> Refusal {
    Refusal::passkey("The transaction has another kind")
}
