//! What users answer when a client asks for something.

use super::authorize::{back_with, refusal};
use crate::emulator::state::oauth::{Answer, Ask, CODE_LIFETIME, Code, Once, Way, user_code};
use crate::emulator::state::oauth_client::Scope;
use crate::emulator::state::oauth_grant;
use crate::emulator::state::store::Store;
use crate::emulator::state::table::By;
use crate::emulator::words::context::Context;
use crate::emulator::words::digest::digest;
use crate::emulator::words::oauth::Denial;
use crate::emulator::words::random;

fn over() -> Denial {
    Denial::request("No such request is pending: it has been answered, or took too long")
}

/// A request that waits for its user.
pub(in crate::emulator) fn find<'s>(
    context: &Context<'_>,
    store: &'s Store,
    id: &str,
) -> Result<&'s Ask, Denial> {
    let ask = store.applications.oauth.asks.get(By::Id, id);
    ask.filter(|ask| ask.is_open(context.now)).ok_or_else(over)
}

/// The request of a device, by the code that its user was shown.
pub(in crate::emulator) fn by_user_code<'s>(
    context: &Context<'_>,
    store: &'s Store,
    code: &str,
) -> Result<&'s Ask, Denial> {
    let ask = store.applications.oauth.asks.get(By::Name, user_code(code));
    ask.filter(|ask| ask.is_open(context.now))
        .ok_or_else(|| Denial::request("No device shows this code, or it has expired"))
}

/// A request that came by the backchannel, by its ID for the client or by that of its page.
pub(in crate::emulator) fn by_backchannel<'s>(
    context: &Context<'_>,
    store: &'s Store,
    id: &str,
) -> Result<&'s Ask, Denial> {
    let asks = &store.applications.oauth.asks;
    let ask = asks.get(By::Secret, digest(id)).or_else(|| asks.get(By::Id, id));
    ask.filter(|ask| ask.is_open(context.now))
        .filter(|ask| ask.poll().is_some_and(|poll| poll.user_code.is_none()))
        .ok_or_else(over)
}

/// Says who the user is.
pub(in crate::emulator) fn choose(
    context: &Context<'_>,
    store: &mut Store,
    id: &str,
    login_id: &str,
) -> Result<(), Denial> {
    let ask = find(context, store, id)?;
    let user = store.user_by_login(login_id).ok_or_else(no_user)?;
    if ask.user.as_ref().is_some_and(|known| *known != user.id) {
        return Err(Denial::request("Another user is asked"));
    }
    let user = user.id.clone();
    if let Some(mut ask) = store.applications.oauth.asks.edit(By::Id, id) {
        ask.user = Some(user);
    }
    Ok(())
}

fn no_user() -> Denial {
    Denial::new("E062108", "No user has this login ID")
}

/// Whether its user has allowed all of this before.
pub(in crate::emulator) fn is_granted(context: &Context<'_>, store: &Store, ask: &Ask) -> bool {
    let client = oauth_grant::client(context, store, &ask.wish);
    let user = ask.user.as_deref();
    // What somebody's device asks for is not to be allowed by a link alone.
    !ask.anew
        && matches!(ask.way, Way::Redirect(_))
        && client.ok().zip(user).is_some_and(|(client, user)| {
            oauth_grant::is_granted(store, &client, user, &ask.wish, context.now)
        })
}

/// Allows what a client asks for, but for these optional scopes. Returns where the browser goes, if it
/// goes anywhere.
pub(in crate::emulator) fn allow(
    context: &Context<'_>,
    store: &mut Store,
    id: &str,
    refused: impl Fn(&Scope) -> bool,
) -> Result<Option<String>, Denial> {
    let ask = find(context, store, id)?.clone();
    let user = ask.user.as_deref().ok_or_else(|| Denial::request("Nobody has signed in yet"))?;
    let client = oauth_grant::client(context, store, &ask.wish)?;
    let kept = |name: &&String| {
        let scope = client.scope(name);
        !scope.is_some_and(|scope| scope.optional && refused(scope))
    };
    let scopes = ask.wish.scopes.iter().filter(kept).cloned().collect();
    let granted = oauth_grant::allow(context, store, ask.wish.clone(), user, scopes);
    let asks = &mut store.applications.oauth.asks;
    match (ask.way, granted) {
        (Way::Redirect(back), granted) => {
            asks.remove(By::Id, id);
            let grant = match granted {
                Ok(grant) => grant,
                Err(denial) => return Ok(Some(refusal(&back, &ask.wish.issuer, &denial))),
            };
            let code = random::token();
            let url = back_with(&back, &ask.wish.issuer, &[("code", &*code)]);
            store.applications.oauth.codes.push(Once {
                secret: digest(&code),
                grant,
                expires: context.now.saturating_add(CODE_LIFETIME),
                spent: false,
                asked: Code { redirect_uri: back.redirect_uri, challenge: back.challenge },
            });
            Ok(Some(url))
        }
        (Way::Poll(_), granted) => {
            let answer = granted.as_ref().map_or(Answer::Denied, |id| Answer::Allowed(id.clone()));
            if let Some(mut ask) = asks.edit(By::Id, id)
                && let Some(poll) = ask.poll_mut()
            {
                poll.answer = answer;
            }
            granted.map(|_| None)
        }
    }
}

/// Refuses what a client asks for. Returns where the browser goes, if it goes anywhere.
pub(in crate::emulator) fn deny(
    context: &Context<'_>,
    store: &mut Store,
    id: &str,
) -> Result<Option<String>, Denial> {
    let ask = find(context, store, id)?.clone();
    if let Ok(client) = oauth_grant::client(context, store, &ask.wish) {
        let action = "ThirdPartyApplicationConsentDenied";
        oauth_grant::record(context, store, action, ask.user.as_deref(), &client);
    }
    let asks = &mut store.applications.oauth.asks;
    match ask.way {
        Way::Redirect(back) => {
            asks.remove(By::Id, id);
            let denial = Denial::new("access_denied", "The user refused");
            Ok(Some(refusal(&back, &ask.wish.issuer, &denial)))
        }
        Way::Poll(_) => {
            if let Some(mut ask) = asks.edit(By::Id, id)
                && let Some(poll) = ask.poll_mut()
            {
                poll.answer = Answer::Denied;
            }
            Ok(None)
        }
    }
}
