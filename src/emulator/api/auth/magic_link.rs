//! Magic links, and tokens that are verified like theirs.

use super::pending::{SIGN_IN, SIGN_UP, delivery, update_fields};
use crate::emulator::api::call::Call;
use crate::emulator::api::event::Event::SignInBy;
use crate::emulator::api::route::Bearer::{MaybeRefresh, Project, Refresh};
use crate::emulator::api::route::{Area, Route};
use crate::emulator::state::codes::Link;
use crate::emulator::state::delivery::Delivery;
use crate::emulator::state::mailbox::Message;
use crate::emulator::state::pending::Pending;
use crate::emulator::state::store::Store;
use crate::emulator::state::table::By;
use crate::emulator::words::digest::digest;
use crate::emulator::words::fields::{Field, Kind, concat, optional, required};
use crate::emulator::words::random;
use crate::emulator::words::refusal::{Refusal, Result};
use crate::emulator::words::settings::seconds;

/// Where links lead if the request does not say.
const DEFAULT_PAGE: &str = "http://localhost/verify";

pub(in crate::emulator) const URI: Field = optional("URI", Kind::Text);
const SIGN_IN_FIELDS: [Field; 5] = concat(SIGN_IN, [URI]);
const SIGN_UP_FIELDS: [Field; 9] =
    concat(SIGN_UP, [URI, optional("voice", Kind::Text), optional("whatsapp", Kind::Text)]);
const UPDATE_EMAIL: [Field; 11] =
    concat(update_fields("email"), [URI, optional("mfa", Kind::Bool)]);
const UPDATE_PHONE: [Field; 11] =
    concat(update_fields("phone"), [URI, optional("mfa", Kind::Bool)]);
const VERIFY: &[Field] = &[required("token", Kind::Text)];

pub(in crate::emulator) const AREA: Area = Area::new(ROUTES);

const ROUTES: &[Route] = &[
    Route::post(
        "/v1/auth/magiclink/signup/{method}",
        Project,
        SignInBy("magiclink"),
        &SIGN_UP_FIELDS,
        |call, store| {
            let pending = Pending::sign_up(call, store, delivery(call)?)?;
            mail(call, store, pending, "URI")
        },
    ),
    Route::post(
        "/v1/auth/magiclink/signin/{method}",
        MaybeRefresh,
        SignInBy("magiclink"),
        &SIGN_IN_FIELDS,
        |call, store| {
            let pending = Pending::sign_in(call, store, delivery(call)?)?;
            mail(call, store, pending, "URI")
        },
    ),
    Route::post(
        "/v1/auth/magiclink/signup-in/{method}",
        Project,
        SignInBy("magiclink"),
        &SIGN_IN_FIELDS,
        |call, store| {
            let pending = Pending::sign_up_or_in(call, store, delivery(call)?)?;
            mail(call, store, pending, "URI")
        },
    ),
    Route::post("/v1/auth/magiclink/verify", Project, SignInBy("magiclink"), VERIFY, verify),
    Route::post(
        "/v1/auth/magiclink/update/email",
        Refresh,
        SignInBy("magiclink"),
        &UPDATE_EMAIL,
        |call, store| {
            let pending = Pending::update(call, store, Delivery::Email)?;
            mail(call, store, pending, "URI")
        },
    ),
    Route::post(
        "/v1/auth/magiclink/update/phone/{method}",
        Refresh,
        SignInBy("magiclink"),
        &UPDATE_PHONE,
        |call, store| {
            let pending = Pending::update_phone(call, store)?;
            mail(call, store, pending, "URI")
        },
    ),
];

/// Makes a token that is good once, and for so many seconds.
fn mint(call: &Call<'_>, store: &mut Store, pending: Pending, lifetime: i64) -> String {
    let token = random::token();
    let expires = call.now.saturating_add(lifetime);
    store.magic_links.drop_now_and_then(|link| call.now >= link.expires);
    store.magic_links.push(Link { token: digest(&token), pending, expires });
    token
}

/// The address of a page, with the token for it.
pub(in crate::emulator) fn link(page: Option<&str>, token: &str) -> String {
    let page = page.unwrap_or(DEFAULT_PAGE);
    let (page, fragment) = page.find('#').map_or((page, ""), |at| page.split_at(at));
    let separator = if page.contains('?') { '&' } else { '?' };
    format!("{page}{separator}t={token}{fragment}")
}

/// Makes a link and puts the message with it into the inbox. The page is in this field of the body.
pub(in crate::emulator) fn mail(
    call: &Call<'_>,
    store: &mut Store,
    pending: Pending,
    page: &str,
) -> Result {
    let (message, masked) = (pending.message(call), pending.masked());
    let token = mint(call, store, pending, seconds(call.settings.code_lifetime));
    let link = Some(link(call.body().some_text(page), &token));
    store.mailbox.push(Message { link, token: Some(token), ..message });
    Ok(masked.into())
}

fn verify(call: &Call<'_>, store: &mut Store) -> Result {
    let link = store
        .magic_links
        .take(By::Secret, digest(call.body().text("token")))
        .filter(|link| call.now < link.expires)
        .ok_or_else(Refusal::link)?;
    link.pending.complete(call, store)
}

/// A token in place of a message, good for as long as the body's `timeout` says.
pub(in crate::emulator) fn embedded_token(
    call: &Call<'_>,
    store: &mut Store,
    pending: Pending,
) -> String {
    let asked = call.body().int("timeout").filter(|seconds| *seconds > 0);
    let lifetime = asked.unwrap_or_else(|| seconds(call.settings.code_lifetime));
    mint(call, store, pending, lifetime)
}

/// The link of a test user, of which no message is sent.
pub(in crate::emulator) fn link_for_test(call: &Call<'_>, store: &mut Store) -> Result<String> {
    let pending = Pending::test_user(call, store)?;
    let token = mint(call, store, pending, seconds(call.settings.code_lifetime));
    Ok(link(call.body().some_text("URI"), &token))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_added_to_any_address() {
        for (page, expected) in [
            (None, "http://localhost/verify?t=T"),
            (Some("https://example.com"), "https://example.com?t=T"),
            (Some("https://example.com/a?b=c"), "https://example.com/a?b=c&t=T"),
            (Some("https://example.com/#top"), "https://example.com/?t=T#top"),
            (Some("app://verify?x#/y?z"), "app://verify?x&t=T#/y?z"),
        ] {
            assert_eq!(link(page, "T"), expected);
        }
    }
}
