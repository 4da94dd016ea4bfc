//! Enchanted links: three links in a message, of which one is right, and a session to ask for.

use serde_json::json;

use super::magic_link::{URI, link};
use super::pending::{SIGN_IN, SIGN_UP, delivery, update_fields};
use crate::emulator::api::call::Call;
use crate::emulator::api::event::Event::SignInBy;
use crate::emulator::api::route::Bearer::{MaybeRefresh, Project, Refresh};
use crate::emulator::api::route::{Area, Route};
use crate::emulator::state::codes::{Attempt, AttemptState};
use crate::emulator::state::delivery::Delivery;
use crate::emulator::state::jose::hash;
use crate::emulator::state::mailbox::Message;
use crate::emulator::state::pending::Pending;
use crate::emulator::state::store::Store;
use crate::emulator::state::table::By;
use crate::emulator::words::digest::digest;
use crate::emulator::words::fields::{Field, Kind, concat, optional, required};
use crate::emulator::words::random;
use crate::emulator::words::refusal::{Refusal, Reply, Result};

const CROSS_DEVICE: Field = optional("crossDevice", Kind::Bool);
const SIGN_IN_FIELDS: [Field; 6] = concat(SIGN_IN, [URI, CROSS_DEVICE]);
const SIGN_UP_FIELDS: [Field; 8] = concat(SIGN_UP, [URI, CROSS_DEVICE]);
const UPDATE_EMAIL: [Field; 12] =
    concat(update_fields("email"), [URI, CROSS_DEVICE, optional("mfa", Kind::Bool)]);
const UPDATE_PHONE: &[Field] = &[
    required("loginId", Kind::Text),
    required("phone", Kind::Text),
    optional("addToLoginIDs", Kind::Bool),
    optional("onMergeUseExisting", Kind::Bool),
    optional("providerId", Kind::Text),
    optional("templateId", Kind::Text),
    optional("templateOptions", Kind::TextMap),
];
const VERIFY: &[Field] = &[required("token", Kind::Text), optional("pkceVerifier", Kind::Text)];

pub(in crate::emulator) const AREA: Area = Area::new(ROUTES);

const ROUTES: &[Route] = &[
    Route::post(
        "/v1/auth/enchantedlink/signup/{method}",
        Project,
        SignInBy("enchantedlink"),
        &SIGN_UP_FIELDS,
        |call, store| {
            let pending = Pending::sign_up(call, store, delivery(call)?)?;
            mail(call, store, pending)
        },
    ),
    Route::post(
        "/v1/auth/enchantedlink/signin/{method}",
        MaybeRefresh,
        SignInBy("enchantedlink"),
        &SIGN_IN_FIELDS,
        |call, store| {
            let pending = Pending::sign_in(call, store, delivery(call)?)?;
            mail(call, store, pending)
        },
    ),
    Route::post(
        "/v1/auth/enchantedlink/signup-in/{method}",
        Project,
        SignInBy("enchantedlink"),
        &SIGN_IN_FIELDS,
        |call, store| {
            let pending = Pending::sign_up_or_in(call, store, delivery(call)?)?;
            mail(call, store, pending)
        },
    ),
    Route::post(
        "/v1/auth/enchantedlink/verify",
        Project,
        SignInBy("enchantedlink"),
        VERIFY,
        verify,
    ),
    Route::post(
        "/v1/auth/enchantedlink/pending-session",
        Project,
        SignInBy("enchantedlink"),
        &[required("pendingRef", Kind::Text)],
        session,
    ),
    Route::post(
        "/v1/auth/enchantedlink/update/email",
        Refresh,
        SignInBy("enchantedlink"),
        &UPDATE_EMAIL,
        |call, store| {
            let pending = Pending::update(call, store, Delivery::Email)?;
            mail(call, store, pending)
        },
    ),
    Route::post(
        "/v1/auth/enchantedlink/update/phone/{method}",
        Refresh,
        SignInBy("enchantedlink"),
        UPDATE_PHONE,
        |call, store| {
            let pending = Pending::update_phone(call, store)?;
            mail(call, store, pending)
        },
    ),
];

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
    let attempts = &mut store.enchanted_links;
    attempts.drop_now_and_then(|attempt| call.now >= attempt.expires);
    attempts.push(Attempt {
        pending_ref: digest(&pending_ref),
        right,
        wrong,
        expires: call.code_expiry(),
        challenge: call.body().object("loginOptions").some_text("pkceChallenge").map(str::to_owned),
        state: AttemptState::Waiting(Box::new(pending)),
    });
    Sent { pending_ref, link_id, token, choice }
}

/// Makes the links and puts the message with them into the inbox.
fn mail(call: &Call<'_>, store: &mut Store, pending: Pending) -> Result {
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

fn verify(call: &Call<'_>, store: &mut Store) -> Result {
    let token = digest(call.body().text("token"));
    let mut attempt = store
        .enchanted_links
        .edit(By::Secret, token)
        .filter(|attempt| call.now < attempt.expires)
        .ok_or_else(Refusal::link)?;
    if attempt.right != token {
        attempt.state = AttemptState::Refused;
        return Err(Refusal::link());
    }
    // The method S256 of RFC 7636 section 4.6.
    let verifier = hash(call.body().text("pkceVerifier"), 32);
    if attempt.challenge.as_ref().is_some_and(|challenge| *challenge != verifier) {
        return Err(Refusal::unauthorized("The pkceVerifier field does not fit the challenge"));
    }
    let AttemptState::Waiting(pending) = &attempt.state else { return Err(Refusal::link()) };
    let pending = pending.clone();
    drop(attempt);
    let settled = pending.settle(call, store)?;
    if let Some(mut attempt) = store.enchanted_links.edit(By::Secret, token) {
        attempt.state = AttemptState::Clicked(settled);
        // Leaves time to ask, even after a click in the last second.
        attempt.expires = call.code_expiry();
    }
    Ok(Reply::empty())
}

fn session(call: &Call<'_>, store: &mut Store) -> Result {
    let pending_ref = digest(call.body().text("pendingRef"));
    let attempts = &mut store.enchanted_links;
    let waits = |attempt: &Attempt| {
        call.now < attempt.expires && matches!(attempt.state, AttemptState::Waiting(_))
    };
    if attempts.get(By::Id, pending_ref).is_some_and(waits) {
        return Err(Refusal::link_pending());
    }
    match attempts.take(By::Id, pending_ref) {
        Some(Attempt { state: AttemptState::Clicked(settled), expires, .. })
            if call.now < expires =>
        {
            settled.sign_in(call, store)
        }
        _ => Err(Refusal::link()),
    }
}

/// The link of a test user and its pending reference; no message is sent.
pub(in crate::emulator) fn link_for_test(
    call: &Call<'_>,
    store: &mut Store,
) -> Result<(String, String)> {
    let pending = Pending::test_user(call, store)?;
    let sent = start(call, store, pending);
    Ok((link(call.body().some_text("URI"), &sent.token), sent.pending_ref))
}
