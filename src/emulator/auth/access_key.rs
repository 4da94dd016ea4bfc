//! Exchange of access keys for session tokens.

use serde_json::{Value, json};

use crate::emulator::body::{Field, Kind, optional};
use crate::emulator::error::{Answer, Refusal};
use crate::emulator::router::{Bearer, Call, Route};
use crate::emulator::settings::seconds;
use crate::emulator::store::Store;
use crate::emulator::token::{base_claims, digest};
use crate::emulator::user::Status;

const OPTIONS: &[Field] =
    &[optional("customClaims", Kind::Map), optional("selectedTenant", Kind::Text)];

pub(in crate::emulator) const ROUTES: &[Route] = &[Route::post(
    "/v1/auth/accesskey/exchange",
    Bearer::AccessKey,
    &[optional("loginOptions", Kind::Object(OPTIONS))],
    exchange,
)];

fn exchange(call: &Call<'_>, store: &mut Store) -> Answer {
    let secret = call.token.as_deref();
    let secret = secret.ok_or_else(|| Refusal::unauthorized("The request has no access key"))?;
    let secret = digest(secret);
    let key = store.access_keys.iter().find(|key| key.secret == secret);
    let key = key.ok_or_else(|| Refusal::unauthorized("The access key is wrong"))?;
    if !key.active {
        return Err(Refusal::unauthorized("The access key is inactive"));
    }
    if key.expired(call.now) {
        return Err(Refusal::unauthorized("The access key has expired"));
    }
    // A bound key has the user's rights in place of its own.
    let grants = match &key.user {
        None => &key.grants,
        Some(user) => match store.user(user) {
            Some(user) if user.status != Status::Disabled => &user.grants,
            _ => return Err(Refusal::unauthorized("The access key's user is disabled")),
        },
    };

    let options = call.body().object("loginOptions");
    let mut expires = call.now.saturating_add(seconds(call.settings.session_lifetime));
    if key.expires != 0 {
        expires = expires.min(key.expires);
    }
    let mut claims = options.map("customClaims").cloned().unwrap_or_default();
    claims.extend(key.claims.clone());
    claims.extend(grants.claims(store));
    claims.extend(base_claims(call, "DS", &key.id, expires));
    if let Some(tenant) = options.some_text("selectedTenant") {
        if grants.membership(tenant).is_none() {
            return Err(Refusal::argument("The access key is not in this tenant"));
        }
        claims.insert("dct".to_owned(), json!(tenant));
    }
    let token = store.keys.sign(&Value::Object(claims))?;
    Ok(json!({ "keyId": key.id, "sessionJwt": token, "expiration": expires }).into())
}
