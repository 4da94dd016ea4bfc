//! How clients prove who they are (RFC 6749 section 2.3, RFC 7523 section 2.2).

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::asked::{Asked, known};
use super::assertion;
use crate::emulator::state::oauth_client::Client;
use crate::emulator::state::store::Store;
use crate::emulator::state::table::By;
use crate::emulator::words::oauth::{Denial, decode};
use crate::transport::http::header::AUTHORIZATION;

/// What `client_assertion_type` is.
const JWT: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// A client, and whether it proved who it is.
pub(in crate::emulator) struct Proven {
    pub(in crate::emulator) client: Client,
    pub(in crate::emulator) proved: bool,
}

/// What the grants see of a request: its client, and the key that it proved possession of.
pub(super) struct From {
    pub(super) client: Client,
    pub(super) proved: bool,
    pub(super) jkt: Option<String>,
}

impl From {
    /// Binds what follows to the key of a public client, which has nothing else to prove itself with
    /// (RFC 9449 section 5).
    pub(super) fn bind(&self, store: &mut Store, grant: &str) {
        if let Some(mut grant) = store.applications.oauth.grants.edit(By::Id, grant) {
            grant.wish.jkt = self.jkt.clone().filter(|_| !self.proved);
        }
    }
}

/// The client of a request. A confidential one must prove itself, and by one way only.
pub(in crate::emulator) fn authenticate(
    asked: &Asked<'_>,
    store: &mut Store,
) -> Result<Proven, Denial> {
    let params = &asked.params;
    let basic = basic(asked)?;
    let secret = params.get("client_secret");
    let assertion = params.get("client_assertion");
    let ways = [basic.is_some(), secret.is_some(), assertion.is_some()];
    if ways.into_iter().filter(|used| *used).count() > 1 {
        return Err(Denial::request("The client authenticates in more than one way"));
    }
    if let Some(readings) = basic {
        return by_basic(asked, store, readings);
    }
    if let Some(assertion) = assertion {
        if params.get("client_assertion_type") != Some(JWT) {
            return Err(Denial::client("The client_assertion_type is not known"));
        }
        let client = assertion::client(asked, store, assertion)?;
        return Ok(Proven { client, proved: true });
    }
    let id = params.get("client_id").ok_or_else(|| Denial::client("client_id is missing"))?;
    let client = known(asked, store, id)?;
    match secret {
        Some(secret) if client.has_secret(store, secret, asked.context.now) => {
            Ok(Proven { client, proved: true })
        }
        Some(_) => Err(Denial::client("The client secret is wrong")),
        None if client.confidential => {
            Err(Denial::client("This client must authenticate: it is not a public one"))
        }
        None => Ok(Proven { client, proved: false }),
    }
}

type Pair = (String, String);

/// ID and secret of the header: decoded as RFC 6749 section 2.3.1 asks, and as they came, since many
/// clients do not encode them.
fn basic(asked: &Asked<'_>) -> Result<Option<[Pair; 2]>, Denial> {
    let Some(header) = asked.headers.get(AUTHORIZATION) else { return Ok(None) };
    let malformed = || Denial::client("The Authorization header is malformed");
    let header = header.to_str().map_err(|_| malformed())?;
    let (scheme, encoded) = header.split_once(' ').ok_or_else(malformed)?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return Err(Denial::client("The client authenticates by Basic, or in the body"));
    }
    readings(encoded).map(Some).ok_or_else(malformed)
}

fn readings(encoded: &str) -> Option<[Pair; 2]> {
    let text = String::from_utf8(STANDARD.decode(encoded.trim()).ok()?).ok()?;
    let (id, secret) = text.split_once(':')?;
    let decoded = (decode(id).unwrap_or_default(), decode(secret).unwrap_or_default());
    Some([decoded, (id.to_owned(), secret.to_owned())])
}

/// The IDs that the credentials of `Basic` may have.
pub(in crate::emulator) fn basic_ids(encoded: &str) -> impl Iterator<Item = String> {
    readings(encoded).into_iter().flatten().map(|(id, _)| id)
}

fn by_basic(asked: &Asked<'_>, store: &Store, readings: [Pair; 2]) -> Result<Proven, Denial> {
    for (id, secret) in readings {
        if asked.params.get("client_id").is_some_and(|named| named != id) {
            continue;
        }
        let Ok(client) = known(asked, store, &id) else { continue };
        if client.has_secret(store, &secret, asked.context.now) {
            return Ok(Proven { client, proved: true });
        }
        // Public clients send an empty secret, where their libraries know no other way.
        if secret.is_empty() && !client.confidential {
            return Ok(Proven { client, proved: false });
        }
    }
    Err(Denial::client("There is no such client, or its secret is wrong"))
}

/// The secret of the header.
pub(super) fn basic_secret(asked: &Asked<'_>) -> Option<String> {
    let [(_, secret), _] = basic(asked).ok()??;
    Some(secret)
}
