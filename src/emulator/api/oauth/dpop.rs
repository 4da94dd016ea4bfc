//! Proofs of possession (RFC 9449).

use super::asked::Asked;
use crate::emulator::state::jose::{ALGORITHMS, Jws, hash, thumbprint};
use crate::emulator::state::store::Store;
use crate::emulator::words::oauth::Denial;

const HEADER: &str = "dpop";
/// How old a proof may be, and by how much clocks may differ, in seconds.
const WINDOW: i64 = 60;

fn wrong(description: &str) -> Denial {
    Denial::new("invalid_dpop_proof", description)
}

/// The thumbprint of the key that a request to the token endpoint proves possession of. Each proof needs
/// a new nonce, as Descope asks for one each time.
pub(super) fn at_token_endpoint(
    asked: &Asked<'_>,
    store: &mut Store,
) -> Result<Option<String>, Denial> {
    let Some((jws, jkt)) = proof(asked)? else { return Ok(None) };
    let (now, nonce) = (asked.context.now, jws.text("nonce"));
    if nonce.is_empty() || !store.applications.oauth.spend_nonce(nonce, now) {
        let nonce = Some(store.applications.oauth.new_nonce(now));
        let ask = Denial::new("use_dpop_nonce", "The proof needs the nonce of this answer");
        return Err(Denial { nonce, ..ask });
    }
    used_once(asked, store, &jws, &jkt)?;
    Ok(Some(jkt))
}

/// Checks that a request to a resource proves possession of the key that its token is bound to.
pub(super) fn at_resource(
    asked: &Asked<'_>,
    store: &mut Store,
    token: &str,
    jkt: &str,
) -> Result<(), Denial> {
    let refused = |description| Denial::token("DPoP", description);
    let proof = proof(asked).map_err(|_| refused("The proof is wrong"))?;
    let (jws, proven) = proof.ok_or_else(|| refused("The token needs a proof"))?;
    if proven != jkt || jws.text("ath") != hash(token, 32) {
        return Err(refused("The proof is of another key, or for another token"));
    }
    used_once(asked, store, &jws, jkt).map_err(|_| refused("The proof was used before"))
}

/// The proof of a request, verified but for its nonce, and the thumbprint of its key.
fn proof<'a>(asked: &Asked<'a>) -> Result<Option<(Jws<'a>, String)>, Denial> {
    let mut headers = asked.headers.get_all(HEADER).iter();
    let Some(header) = headers.next() else { return Ok(None) };
    if headers.next().is_some() {
        return Err(wrong("There is more than one proof"));
    }
    let jws = header.to_str().ok().and_then(Jws::read);
    let jws = jws.ok_or_else(|| wrong("The proof is malformed"))?;
    if jws.header["typ"] != "dpop+jwt" {
        return Err(wrong("typ is not dpop+jwt"));
    }
    if !ALGORITHMS.iter().any(|known| jws.header["alg"] == **known) {
        return Err(wrong("alg is not a known one for public keys"));
    }
    let jwk = &jws.header["jwk"];
    let jkt = thumbprint(jwk).ok_or_else(|| wrong("jwk is not a public key"))?;
    if !jws.is_signed_by(jwk) {
        return Err(wrong("The signature is wrong"));
    }
    if jws.text("htm") != asked.method {
        return Err(wrong("htm is another method"));
    }
    let address = jws.text("htu").split(['?', '#']).next().unwrap_or_default();
    if address != asked.url {
        return Err(wrong("htu is another URL"));
    }
    let issued = jws.claims["iat"].as_i64().ok_or_else(|| wrong("iat is missing"))?;
    if issued.abs_diff(asked.context.clock_of(issued)) > WINDOW.unsigned_abs() {
        return Err(wrong("The proof is too old, or from the future"));
    }
    if jws.text("jti").is_empty() {
        return Err(wrong("jti is missing"));
    }
    Ok(Some((jws, jkt)))
}

fn used_once(asked: &Asked<'_>, store: &mut Store, jws: &Jws<'_>, jkt: &str) -> Result<(), Denial> {
    let now = asked.context.now;
    let (what, until) =
        (format!("proof {jkt} {}", jws.text("jti")), now.saturating_add(2 * WINDOW));
    let is_new = store.applications.oauth.is_new(&what, until, now);
    is_new.then_some(()).ok_or_else(|| wrong("The proof was used before"))
}
