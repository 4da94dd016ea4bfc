//! Authentication by the backchannel (OpenID Connect CIBA): the user is asked on a device of their own.

use serde_json::json;

use super::asked::{Answer, Asked};
use super::authorize::wish;
use super::client::{Proven, authenticate};
use crate::emulator::state::mailbox::Message;
use crate::emulator::state::oauth::{self, Ask, INTERVAL, PATIENCE, Poll, Way};
use crate::emulator::state::oauth_client::BACKCHANNEL;
use crate::emulator::state::store::Store;
use crate::emulator::words::digest::digest;
use crate::emulator::words::oauth::Denial;
use crate::emulator::words::random;

/// The page on which users answer.
pub(in crate::emulator) const PAGE: &str = "/_emulator/consent";
/// The longest message, so that it fits on a small screen.
const LONGEST: usize = 100;
/// The longest time that a client may ask for, in seconds.
const LONGEST_WAIT: i64 = 24 * 60 * 60;

pub(in crate::emulator) fn start(asked: &Asked<'_>, store: &mut Store) -> Result<Answer, Denial> {
    let Proven { client, proved } = authenticate(asked, store)?;
    if !proved {
        return Err(Denial::client("A client that uses the backchannel must authenticate"));
    }
    if !client.allows(BACKCHANNEL) {
        let description = "The client has not registered for the backchannel";
        return Err(Denial::new("unauthorized_client", description));
    }
    let (params, now) = (&asked.params, asked.context.now);
    let message = params.get("binding_message").unwrap_or_default();
    if message.chars().count() > LONGEST || message.chars().any(char::is_control) {
        let description = "The message must be short, and on one line";
        return Err(Denial::new("invalid_binding_message", description));
    }
    let wait = match params.get("requested_expiry") {
        None => PATIENCE,
        Some(seconds) => match seconds.parse::<i64>() {
            Ok(seconds @ 1..=LONGEST_WAIT) => seconds,
            _ => return Err(Denial::request("requested_expiry is not a number of seconds")),
        },
    };
    let hint = params.required("login_hint")?;
    let user = store.user_by_login(hint).or_else(|| store.user(hint));
    let unknown = || Denial::new("unknown_user_id", "No user has this login ID");
    let user = user.ok_or_else(unknown)?;
    let (id, user_id) = (random::token(), user.id.clone());
    let profile = &user.profile;
    let addresses = [&*profile.email, &*profile.phone, hint];
    let to = addresses.into_iter().find(|to| !to.is_empty()).unwrap_or_default();
    let sent = Message {
        link: Some(format!("{}{PAGE}?ask={id}", asked.context.origin)),
        token: Some(id.clone()),
        ..Message::new("backchannel", to, hint, "consent", now)
    };
    let wish = wish(asked, store, &client)?;
    let request_id = random::token();
    let poll = Poll {
        secret: digest(&request_id),
        user_code: None,
        message: message.to_owned(),
        interval: INTERVAL,
        polled: None,
        answer: oauth::Answer::None,
    };
    store.applications.oauth.tidy(now);
    store.applications.oauth.asks.push(Ask {
        id,
        wish,
        way: Way::Poll(poll),
        login_hint: hint.to_owned(),
        anew: true,
        user: Some(user_id),
        browser: None,
        expires: now.saturating_add(wait),
    });
    store.mailbox.push(sent);
    Ok(Answer::Json(json!({
        "auth_req_id": request_id,
        "expires_in": wait,
        "interval": INTERVAL,
    })))
}
