//! Passkeys, as seeds hold them.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::{Value, json};

use crate::emulator::api::event::Event::Unrecorded;
use crate::emulator::api::route::Bearer::Management;
use crate::emulator::api::route::Route;
use crate::emulator::api::seed::List;
use crate::emulator::state::passkey::Passkey;
use crate::emulator::state::passkey::key::PublicKey;
use crate::emulator::state::user::Factor;
use crate::emulator::words::fields::{Field, Fields, Kind, optional, required};
use crate::emulator::words::refusal::{Refusal, Reply, Result};

const KEY: &[Field] =
    &[optional("point", Kind::Text), optional("n", Kind::Text), optional("e", Kind::Text)];
const NEW: &[Field] = &[
    required("loginId", Kind::Text),
    required("id", Kind::Text),
    required("rpId", Kind::Text),
    required("publicKey", Kind::Object(KEY)),
    optional("signCount", Kind::Int),
    optional("createdTime", Kind::Int),
];

/// Users make passkeys in browsers; here seeds bring back those that were saved.
pub(in crate::emulator) const MAKE: Route =
    Route::post("/_emulator/seed/passkey", Management, Unrecorded("a seed"), NEW, |call, store| {
        let body = call.body();
        let id = URL_SAFE_NO_PAD.decode(body.text("id"));
        let id = id.map_err(|_| Refusal::invalid("The id field must be in base64url"))?;
        let sign_count = u32::try_from(body.int("signCount").unwrap_or_default());
        let sign_count =
            sign_count.map_err(|_| Refusal::invalid("The signCount field must be 32 bits"))?;
        let key = PublicKey::restore(body.object("publicKey"))?;
        let mut owner = store.managed_user_mut(body.text("loginId"))?;
        owner.factors.insert(Factor::WebAuthn);
        let (user, rp_id) = (owner.id.clone(), body.text("rpId").to_owned());
        drop(owner);
        let created = body.int("createdTime").unwrap_or(call.now);
        store.webauthn.passkeys.push(Passkey { id, user, rp_id, key, sign_count, created });
        Ok(Reply::empty())
    });

pub(in crate::emulator) const SEED: List =
    List::plain("passkeys", "/_emulator/seed/passkey", |store| {
        let has = |user: &str| {
            store.user(user).is_some_and(|user| user.factors.contains(&Factor::WebAuthn))
        };
        store
            .webauthn
            .passkeys
            .iter()
            .filter(|passkey| has(&passkey.user))
            .map(Passkey::save)
            .collect()
    });

impl Passkey {
    fn save(&self) -> Value {
        json!({
            "loginId": self.user,
            "id": URL_SAFE_NO_PAD.encode(&self.id),
            "rpId": self.rp_id,
            "publicKey": self.key.save(),
            "signCount": self.sign_count,
            "createdTime": self.created,
        })
    }
}

impl PublicKey {
    fn save(&self) -> Value {
        match self {
            Self::Es256(point) => json!({ "point": STANDARD.encode(point) }),
            Self::Rs256 { n, e } => json!({ "n": STANDARD.encode(n), "e": STANDARD.encode(e) }),
        }
    }

    fn restore(fields: Fields<'_>) -> Result<Self> {
        let bytes = |name: &str| {
            let bytes = fields.maybe_text(name).and_then(|text| STANDARD.decode(text).ok());
            bytes.ok_or_else(|| Refusal::invalid("A public key is a point, or n and e, in base 64"))
        };
        if fields.has("point") {
            let point = bytes("point")?.try_into();
            return point
                .map(Self::Es256)
                .map_err(|_| Refusal::invalid("A point must be 65 bytes"));
        }
        Ok(Self::Rs256 { n: bytes("n")?, e: bytes("e")? })
    }
}
