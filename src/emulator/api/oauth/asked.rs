//! What a request to an endpoint is, and what it is answered.

use serde_json::Value;

use crate::emulator::state::oauth_client::{Client, Door, find};
use crate::emulator::state::store::Store;
use crate::emulator::words::context::Context;
use crate::emulator::words::oauth::{Denial, Params};
use crate::transport::http::HeaderMap;

/// A request to an endpoint.
pub(in crate::emulator) struct Asked<'a> {
    pub(in crate::emulator) context: Context<'a>,
    pub(in crate::emulator) door: Door,
    pub(in crate::emulator) params: Params,
    pub(in crate::emulator) headers: &'a HeaderMap,
    pub(in crate::emulator) method: &'a str,
    /// Without the query.
    pub(in crate::emulator) url: String,
    /// The body, where it is more than parameters.
    pub(in crate::emulator) body: &'a [u8],
}

/// What an endpoint answers.
#[derive(Debug)]
pub(in crate::emulator) enum Answer {
    /// A body with status 200, or 201 where something was made.
    Json(Value),
    Made(Value),
    /// Nothing, with status 200.
    Done,
    /// The browser is sent there.
    Redirect(String),
    /// The browser is shown the page of the request with this ID.
    Ask(String),
    /// The browser is told that the user is signed out.
    SignedOut,
}

pub(in crate::emulator) type Handler = fn(&Asked<'_>, &mut Store) -> Result<Answer, Denial>;

/// The client with an ID at the door that is asked.
pub(super) fn known(asked: &Asked<'_>, store: &Store, id: &str) -> Result<Client, Denial> {
    let door = match (&asked.door, asked.params.get("ssoAppId")) {
        (Door::Project(None), Some(app)) => Door::Project(Some(app.to_owned())),
        (door, _) => door.clone(),
    };
    find(&asked.context, store, &door, id).ok_or_else(|| Denial::client("There is no such client"))
}
