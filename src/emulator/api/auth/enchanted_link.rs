//! Enchanted links: three links in a message, of which one is right, and a session to ask for.

use std::collections::HashMap;

use serde_json::json;

use super::magic_link::{URI, VERIFY, link};
use super::pending::{Pending, SIGN_IN, SIGN_UP, Settled, update_fields};
use crate::emulator::http::dispatch::Bearer::{MaybeRefresh, Project, Refresh};
use crate::emulator::http::dispatch::{Call, Route};
use crate::emulator::state::delivery::Delivery;
use crate::emulator::state::mailbox::Message;
use crate::emulator::state::store::Store;
use crate::emulator::state::token::{Digest, digest};
use crate::emulator::words::fields::{Field, Kind, concat, optional, required};
use crate::emulator::words::random;
use crate::emulator::words::refusal::{Answer, Refusal, Reply};
use crate::emulator::words::settings::seconds;

const CROSS_DEVICE: Field = optional("crossDevice", Kind::Bool);
const SIGN_IN_FIELDS: [Field; 5] = concat(SIGN_IN, [URI, CROSS_DEVICE]);
const SIGN_UP_FIELDS: [Field; 8] = concat(SIGN_UP, [URI, CROSS_DEVICE]);
const UPDATE_EMAIL: [Field; 10] =
    concat(update_fields("email"), [URI, CROSS_DEVICE, optional("mfa", Kind::Bool)]);
const UPDATE_PHONE: [Field; 7] = update_fields("phone");

pub(in crate::emulator) const ROUTES: &[Route] = &[
    Route::post(
        "/v1/auth/enchantedlink/signup/{method}",
        Project,
        &SIGN_UP_FIELDS,
        |call, store| {
            let pending = Pending::sign_up(call, store, Delivery::of(call)?)?;
            mail(call, store, pending)
        },
    ),
    Route::post(
        "/v1/auth/enchantedlink/signin/{method}",
        MaybeRefresh,
        &SIGN_IN_FIELDS,
        |call, store| {
            let pending = Pending::sign_in(call, store, Delivery::of(call)?)?;
            mail(call, store, pending)
        },
    ),
    Route::post(
        "/v1/auth/enchantedlink/signup-in/{method}",
        Project,
        &SIGN_IN_FIELDS,
        |call, store| {
            let pending = Pending::sign_up_or_in(call, store, Delivery::of(call)?)?;
            mail(call, store, pending)
        },
    ),
    Route::post("/v1/auth/enchantedlink/verify", Project, VERIFY, verify),
    Route::post(
        "/v1/auth/enchantedlink/pending-session",
        Project,
        &[required("pendingRef", Kind::Text)],
        session,
    ),
    Route::post("/v1/auth/enchantedlink/update/email", Refresh, &UPDATE_EMAIL, |call, store| {
        let pending = Pending::update(call, store, Delivery::Email)?;
        mail(call, store, pending)
    }),
    Route::post(
        "/v1/auth/enchantedlink/update/phone/{method}",
        Refresh,
        &UPDATE_PHONE,
        |call, store| {
            let pending = Pending::update_phone(call, store)?;
            mail(call, store, pending)
        },
    ),
];

/// The sign-ins under way, by the digest of their pending reference.
#[derive(Default)]
pub(in crate::emulator) struct Attempts(HashMap<Digest, Attempt>);

struct Attempt {
    right: Digest,
    wrong: [Digest; 2],
    expires: i64,
    state: State,
}

enum State {
    Waiting(Box<Pending>),
    /// A wrong link was clicked, which ends it.
    Refused,
    Clicked(Settled),
}

/// What was made for a message.
struct Sent {
    pending_ref: String,
    link_id: String,
    token: String,
    /// Numbers and tokens, in the order of the numbers.
    choice: Vec<(String, String)>,
}

fn start(call: &Call<'_>, store: &mut Store, pending: Pending) -> Sent {
    let mut choice: Vec<(String, String)> = Vec::new();
    while choice.len() < 3 {
        let number = random::digits(2);
        if choice.iter().all(|(taken, _)| *taken != number) {
            choice.push((number, random::token()));
        }
    }
    let [right, wrong @ ..] = [0, 1, 2].map(|at: usize| digest(&choice[at].1));
    let (link_id, token) = choice[0].clone();
    choice.sort();

    let pending_ref = random::token();
    let attempts = &mut store.enchanted_links.0;
    attempts.retain(|_, attempt| call.now < attempt.expires);
    let expires = call.now.saturating_add(seconds(call.settings.code_lifetime));
    let attempt = Attempt { right, wrong, expires, state: State::Waiting(Box::new(pending)) };
    attempts.insert(digest(&pending_ref), attempt);
    Sent { pending_ref, link_id, token, choice }
}

/// Makes the links and puts the message with them into the inbox.
fn mail(call: &Call<'_>, store: &mut Store, pending: Pending) -> Answer {
    let (message, mut answer) = (pending.message(call), pending.masked());
    let sent = start(call, store, pending);
    let link = |token: &str| link(call.body().some_text("URI"), token);
    answer["linkId"] = json!(sent.link_id);
    answer["pendingRef"] = json!(sent.pending_ref);
    store.mailbox.push(Message {
        link: Some(link(&sent.token)),
        links: sent.choice.into_iter().map(|(number, token)| (number, link(&token))).collect(),
        link_id: Some(sent.link_id),
        token: Some(sent.token),
        ..message
    });
    Ok(answer.into())
}

fn verify(call: &Call<'_>, store: &mut Store) -> Answer {
    let token = digest(call.body().text("token"));
    let mut attempts = store.enchanted_links.0.values_mut();
    let attempt = attempts.find(|of| of.right == token || of.wrong.contains(&token));
    let attempt = attempt.filter(|attempt| call.now < attempt.expires);
    let attempt = attempt.ok_or_else(Refusal::link)?;
    if attempt.right != token {
        attempt.state = State::Refused;
        return Err(Refusal::link());
    }
    let State::Waiting(pending) = &attempt.state else { return Err(Refusal::link()) };
    let pending = pending.clone();
    let settled = pending.settle(call, store)?;
    if let Some(attempt) = store.enchanted_links.0.values_mut().find(|of| of.right == token) {
        attempt.state = State::Clicked(settled);
        // Leaves time to ask, even after a click in the last second.
        attempt.expires = call.now.saturating_add(seconds(call.settings.code_lifetime));
    }
    Ok(Reply::empty())
}

fn session(call: &Call<'_>, store: &mut Store) -> Answer {
    let pending_ref = digest(call.body().text("pendingRef"));
    let attempts = &mut store.enchanted_links.0;
    let attempt = attempts.remove(&pending_ref).filter(|attempt| call.now < attempt.expires);
    match attempt.ok_or_else(Refusal::link)? {
        Attempt { state: State::Clicked(settled), .. } => settled.sign_in(call, store),
        Attempt { state: State::Refused, .. } => Err(Refusal::link()),
        waiting => {
            attempts.insert(pending_ref, waiting);
            Err(Refusal::link_pending())
        }
    }
}

/// The link of a test user and its pending reference; no message is sent.
pub(in crate::emulator) fn link_for_test(
    call: &Call<'_>,
    store: &mut Store,
) -> Answer<(String, String)> {
    let pending = Pending::test_user(call, store)?;
    let sent = start(call, store, pending);
    Ok((link(call.body().some_text("URI"), &sent.token), sent.pending_ref))
}
