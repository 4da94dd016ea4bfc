//! What SSO applications and inbound applications do with their client secrets.

use serde_json::{Value, json};

use crate::emulator::api::call::{Call, list};
use crate::emulator::state::client_secret::ClientSecret;
use crate::emulator::words::fields::{Field, Fields, Kind, optional, required};
use crate::emulator::words::random;
use crate::emulator::words::refusal::{Refusal, Result};

pub(super) const SECRET: &[Field] =
    &[required("id", Kind::Text), optional("secretName", Kind::Text)];

/// What a seed says of the secrets of an application.
pub(super) const STATE: Field = optional(
    "secrets",
    Kind::Objects(&[
        required("id", Kind::Text),
        optional("name", Kind::Text),
        required("cleartext", Kind::Text),
        optional("createdTime", Kind::Int),
        optional("expireTime", Kind::Int),
    ]),
);

impl ClientSecret {
    pub(super) fn new(name: &str, cleartext: String, call: &Call<'_>, expires: i64) -> Self {
        Self { id: random::id("CS"), name: name.to_owned(), cleartext, created: call.now, expires }
    }

    pub(super) fn save(&self) -> Value {
        json!({
            "id": self.id,
            "name": self.name,
            "cleartext": self.cleartext,
            "createdTime": self.created,
            "expireTime": self.expires,
        })
    }

    /// The secrets of a state.
    pub(super) fn restore(state: Fields<'_>) -> Vec<Self> {
        let secrets = state.objects("secrets").map(|secret| Self {
            id: secret.text("id").to_owned(),
            name: secret.text("name").to_owned(),
            cleartext: secret.text("cleartext").to_owned(),
            created: secret.int("createdTime").unwrap_or_default(),
            expires: secret.int("expireTime").unwrap_or_default(),
        });
        secrets.collect()
    }

    /// The wire type `ClientSecretMeta`.
    fn show(&self, now: i64) -> Value {
        let expired = self.expires != 0 && self.expires <= now;
        json!({
            "id": self.id,
            "name": self.name,
            "status": if expired { "expired" } else { "active" },
            "expireTime": self.expires,
            "createdTime": self.created,
        })
    }
}

/// The cleartext of the secret that the query names, or of the first one.
pub(super) fn load(call: &Call<'_>, secrets: &[ClientSecret]) -> Result {
    let name = call.query().some_text("secretName");
    let found = secrets
        .iter()
        .find(|secret| name.is_none_or(|name| secret.name == name))
        .ok_or_else(|| Refusal::missing("client secret"))?;
    Ok(json!({ "cleartext": found.cleartext }).into())
}

/// One new secret in place of all.
pub(super) fn rotate(call: &Call<'_>, secrets: &mut Vec<ClientSecret>) -> Result {
    let cleartext = random::text(40);
    *secrets = vec![ClientSecret::new("", cleartext.clone(), call, 0)];
    Ok(json!({ "cleartext": cleartext }).into())
}

pub(super) fn add(call: &Call<'_>, secrets: &mut Vec<ClientSecret>) -> Result {
    let (body, name) = (call.body(), call.body().text("name"));
    if secrets.iter().any(|secret| secret.name == name) {
        return Err(Refusal::taken("client secret"));
    }
    let expires = body.int("expireTime").unwrap_or_default();
    let secret = ClientSecret::new(name, random::text(40), call, expires);
    let answer = json!({ "meta": secret.show(call.now), "cleartext": secret.cleartext });
    secrets.push(secret);
    Ok(answer.into())
}

pub(super) fn revoke(call: &Call<'_>, secrets: &mut Vec<ClientSecret>) -> Result {
    let name = call.body().text("name");
    if !secrets.iter().any(|secret| secret.name == name) {
        return Err(Refusal::missing("client secret"));
    }
    secrets.retain(|secret| secret.name != name);
    list("secrets", secrets.iter().map(|secret| secret.show(call.now)))
}
