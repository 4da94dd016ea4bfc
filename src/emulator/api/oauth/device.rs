//! Device authorization (RFC 8628).

use serde_json::json;

use super::asked::{Answer, Asked};
use super::authorize::wish;
use super::client::{Proven, authenticate};
use crate::emulator::state::oauth::{self, Ask, INTERVAL, PATIENCE, Poll, Way, shown_code};
use crate::emulator::state::oauth_client::DEVICE;
use crate::emulator::state::store::Store;
use crate::emulator::words::digest::digest;
use crate::emulator::words::oauth::Denial;
use crate::emulator::words::random;

/// The page on which users enter the code.
pub(in crate::emulator) const PAGE: &str = "/_emulator/device";

pub(in crate::emulator) fn start(asked: &Asked<'_>, store: &mut Store) -> Result<Answer, Denial> {
    let Proven { client, .. } = authenticate(asked, store)?;
    if !client.allows(DEVICE) {
        return Err(Denial::new("unauthorized_client", "Device codes are switched off"));
    }
    let wish = wish(asked, store, &client)?;
    let device_code = random::token();
    let oauth = &mut store.applications.oauth;
    oauth.tidy(asked.context.now);
    let user_code = oauth.new_user_code();
    let shown = shown_code(&user_code);
    let poll = Poll {
        secret: digest(&device_code),
        user_code: Some(user_code),
        message: String::new(),
        interval: INTERVAL,
        polled: None,
        answer: oauth::Answer::None,
    };
    oauth.asks.push(Ask {
        id: random::token(),
        wish,
        way: Way::Poll(poll),
        login_hint: asked.params.get("login_hint").unwrap_or_default().to_owned(),
        anew: true,
        user: None,
        browser: None,
        expires: asked.context.now.saturating_add(PATIENCE),
    });
    let page = format!("{}{PAGE}", asked.context.origin);
    Ok(Answer::Json(json!({
        "device_code": device_code,
        "user_code": shown,
        "verification_uri": page,
        "verification_uri_complete": format!("{page}?user_code={shown}"),
        "expires_in": PATIENCE,
        "interval": INTERVAL,
    })))
}
