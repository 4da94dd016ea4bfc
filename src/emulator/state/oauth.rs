//! What the authorization server remembers: what it asks users, and what it gave to clients.

use std::borrow::Cow;
use std::collections::HashMap;

use super::table::{By, Row, Table, key};
use crate::emulator::words::digest::{Digest, digest};
use crate::emulator::words::random;

/// How long users may take to decide, in seconds.
pub(in crate::emulator) const PATIENCE: i64 = 10 * 60;
/// How long a code is good: RFC 6749 section 4.1.2 allows ten minutes at most.
pub(in crate::emulator) const CODE_LIFETIME: i64 = 60;
/// How long a nonce for a proof of possession is good.
const NONCE_LIFETIME: i64 = 5 * 60;
/// Seconds between polls; and what `slow_down` adds (RFC 8628 section 3.5).
pub(in crate::emulator) const INTERVAL: i64 = 5;
/// Wrong user codes in a minute before the page takes no more of them.
const MOST_GUESSES: u32 = 10;
/// What user codes are made of: no vowels, so that they spell nothing (RFC 8628 section 6.1).
const USER_CODE: &[u8; 20] = b"BCDFGHJKLMNPQRSTVWXZ";

#[derive(Default)]
pub(in crate::emulator) struct OAuth {
    pub(in crate::emulator) asks: Table<Ask>,
    pub(in crate::emulator) codes: Table<Once<Code>>,
    pub(in crate::emulator) grants: Table<Grant>,
    pub(in crate::emulator) refresh_tokens: Table<Once<()>>,
    pub(in crate::emulator) access_tokens: Table<Access>,
    nonces: HashMap<String, i64>,
    /// What may be used once, and until when it is remembered.
    used: HashMap<Digest, i64>,
    /// In which minute users guessed, and how often.
    guesses: (i64, u32),
}

/// Who asks for tokens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::emulator) enum ClientKey {
    /// The project itself is a client.
    Project,
    /// A federated application, by ID.
    Federated(String),
    /// An inbound application, by ID.
    Inbound(String),
    /// A client of an MCP server, by ID.
    Mcp(String),
}

impl ClientKey {
    /// As an index has it.
    fn text(&self) -> Cow<'_, [u8]> {
        match self {
            Self::Project => Cow::Borrowed(&b"project"[..]),
            Self::Federated(id) => Cow::Owned(format!("federated {id}").into_bytes()),
            Self::Inbound(id) => Cow::Owned(format!("inbound {id}").into_bytes()),
            Self::Mcp(id) => Cow::Owned(format!("mcp {id}").into_bytes()),
        }
    }
}

/// What a user is asked: whether a client may act for them.
#[derive(Clone)]
pub(in crate::emulator) struct Ask {
    pub(in crate::emulator) id: String,
    pub(in crate::emulator) wish: Wish,
    pub(in crate::emulator) way: Way,
    pub(in crate::emulator) login_hint: String,
    /// Whether users are asked again for what they have allowed before.
    pub(in crate::emulator) anew: bool,
    /// The ID of the user who said who they are.
    pub(in crate::emulator) user: Option<String>,
    /// The browser that the page was shown in.
    pub(in crate::emulator) browser: Option<Digest>,
    pub(in crate::emulator) expires: i64,
}

/// What a client wants.
#[derive(Clone)]
pub(in crate::emulator) struct Wish {
    pub(in crate::emulator) client: ClientKey,
    pub(in crate::emulator) issuer: String,
    pub(in crate::emulator) scopes: Vec<String>,
    pub(in crate::emulator) resources: Vec<String>,
    pub(in crate::emulator) tenant: Option<String>,
    /// The thumbprint of the key that tokens are to be bound to.
    pub(in crate::emulator) jkt: Option<String>,
    pub(in crate::emulator) nonce: Option<String>,
}

/// How the client learns of the answer.
#[derive(Clone)]
pub(in crate::emulator) enum Way {
    /// The browser takes a code there.
    Redirect(Back),
    /// The client polls.
    Poll(Poll),
}

#[derive(Clone)]
pub(in crate::emulator) struct Back {
    pub(in crate::emulator) redirect_uri: String,
    pub(in crate::emulator) state: Option<String>,
    pub(in crate::emulator) challenge: Option<String>,
}

#[derive(Clone)]
pub(in crate::emulator) struct Poll {
    /// The device code, or the ID of a backchannel request.
    pub(in crate::emulator) secret: Digest,
    /// Without the hyphen; none has a request that came by the backchannel.
    pub(in crate::emulator) user_code: Option<String>,
    /// What the client wants to be shown.
    pub(in crate::emulator) message: String,
    pub(in crate::emulator) interval: i64,
    pub(in crate::emulator) polled: Option<i64>,
    pub(in crate::emulator) answer: Answer,
}

#[derive(Clone)]
pub(in crate::emulator) enum Answer {
    None,
    Denied,
    /// The ID of the grant.
    Allowed(String),
}

impl Ask {
    pub(in crate::emulator) fn poll(&self) -> Option<&Poll> {
        match &self.way {
            Way::Poll(poll) => Some(poll),
            Way::Redirect(_) => None,
        }
    }

    pub(in crate::emulator) fn poll_mut(&mut self) -> Option<&mut Poll> {
        match &mut self.way {
            Way::Poll(poll) => Some(poll),
            Way::Redirect(_) => None,
        }
    }

    /// Whether a user may still answer.
    pub(in crate::emulator) fn is_open(&self, now: i64) -> bool {
        let answered = self.poll().is_some_and(|poll| !matches!(poll.answer, Answer::None));
        now < self.expires && !answered
    }
}

impl Row for Ask {
    fn keys(&self) -> Vec<(By, Cow<'_, [u8]>)> {
        let poll = self.poll();
        let secret = poll.map(|poll| (By::Secret, Cow::Borrowed(&poll.secret[..])));
        let user_code = poll.and_then(|poll| poll.user_code.as_deref());
        let user_code = user_code.map(|code| key(By::Name, code));
        [key(By::Id, &self.id)].into_iter().chain(secret).chain(user_code).collect()
    }
}

/// What a client may do, and all its tokens with it.
pub(in crate::emulator) struct Grant {
    pub(in crate::emulator) id: String,
    pub(in crate::emulator) wish: Wish,
    /// Whom it acts for, if it does not act for itself.
    pub(in crate::emulator) user: Option<String>,
    pub(in crate::emulator) session: Option<String>,
    /// The access key that the project's own client proved itself with.
    pub(in crate::emulator) access_key: Option<String>,
    /// The consent that it rests on.
    pub(in crate::emulator) consent: Option<String>,
    /// When the user signed in.
    pub(in crate::emulator) since: i64,
    /// When the last of its tokens expires.
    pub(in crate::emulator) expires: i64,
    pub(in crate::emulator) ended: bool,
}

impl Row for Grant {
    fn keys(&self) -> Vec<(By, Cow<'_, [u8]>)> {
        let user = self.user.as_deref().map(|user| key(By::User, user));
        let own = [key(By::Id, &self.id), (By::Client, self.wish.client.text())];
        own.into_iter().chain(user).collect()
    }
}

/// What gives tokens once: an authorization code or a refresh token. A spent one is kept: whoever uses it again is
/// not to keep what it gave.
#[derive(Clone)]
pub(in crate::emulator) struct Once<T> {
    pub(in crate::emulator) secret: Digest,
    pub(in crate::emulator) grant: String,
    pub(in crate::emulator) expires: i64,
    pub(in crate::emulator) spent: bool,
    pub(in crate::emulator) asked: T,
}

/// What was asked for with an authorization code, and must come again with it.
#[derive(Clone)]
pub(in crate::emulator) struct Code {
    pub(in crate::emulator) redirect_uri: String,
    pub(in crate::emulator) challenge: Option<String>,
}

/// An access token that was signed.
#[derive(Clone)]
pub(in crate::emulator) struct Access {
    pub(in crate::emulator) secret: Digest,
    pub(in crate::emulator) grant: String,
    pub(in crate::emulator) scopes: Vec<String>,
    /// The thumbprint of the key that it is bound to.
    pub(in crate::emulator) jkt: Option<String>,
    pub(in crate::emulator) expires: i64,
    pub(in crate::emulator) revoked: bool,
}

impl<T> Row for Once<T> {
    fn keys(&self) -> Vec<(By, Cow<'_, [u8]>)> {
        vec![(By::Secret, Cow::Borrowed(&self.secret[..]))]
    }
}

impl Row for Access {
    fn keys(&self) -> Vec<(By, Cow<'_, [u8]>)> {
        vec![(By::Secret, Cow::Borrowed(&self.secret[..]))]
    }
}

impl OAuth {
    /// Forgets, now and then, what has expired.
    pub(in crate::emulator) fn tidy(&mut self, now: i64) {
        self.asks.drop_now_and_then(|ask| now >= ask.expires);
        self.codes.drop_now_and_then(|code| now >= code.expires.saturating_add(PATIENCE));
        self.refresh_tokens.drop_now_and_then(|token| now >= token.expires);
        self.access_tokens.drop_now_and_then(|token| now >= token.expires);
        self.grants.drop_now_and_then(|grant| now >= grant.expires);
        if self.used.len() >= 1_000 {
            self.used.retain(|_, until| now < *until);
        }
        if self.nonces.len() >= 1_000 {
            self.nonces.retain(|_, until| now < *until);
        }
    }

    pub(in crate::emulator) fn end(&mut self, grant: &str) {
        if let Some(mut grant) = self.grants.edit(By::Id, grant) {
            grant.ended = true;
        }
    }

    /// Ends all that a client has.
    pub(in crate::emulator) fn end_client(&mut self, client: &ClientKey) {
        self.grants.edit_all(By::Client, client.text(), |grant| grant.ended = true);
        self.asks.retain(|ask| ask.wish.client != *client);
    }

    /// Gives the grants of one user to another, as when users are merged.
    pub(in crate::emulator) fn hand_over(&mut self, from: &str, to: &str) {
        self.grants.edit_all(By::User, from, |grant| grant.user = Some(to.to_owned()));
        self.asks.edit_each(|ask| {
            if ask.user.as_deref() == Some(from) {
                ask.user = Some(to.to_owned());
            }
        });
    }

    /// A nonce for one proof of possession.
    pub(in crate::emulator) fn new_nonce(&mut self, now: i64) -> String {
        let nonce = random::text(32);
        self.nonces.insert(nonce.clone(), now.saturating_add(NONCE_LIFETIME));
        nonce
    }

    /// Whether this nonce was given and not used yet.
    pub(in crate::emulator) fn spend_nonce(&mut self, nonce: &str, now: i64) -> bool {
        self.nonces.remove(nonce).is_some_and(|until| now < until)
    }

    /// Whether something is used for the first time, such as the `jti` of a proof.
    pub(in crate::emulator) fn is_new(&mut self, what: &str, until: i64, now: i64) -> bool {
        let known = self.used.insert(digest(what), until);
        known.is_none_or(|until| now >= until)
    }

    /// A user code that no other open request has.
    pub(in crate::emulator) fn new_user_code(&self) -> String {
        loop {
            let code = random::of(USER_CODE, 8);
            if self.asks.get(By::Name, &code).is_none() {
                return code;
            }
        }
    }

    /// Whether the page takes another user code.
    pub(in crate::emulator) fn may_guess(&self, now: i64) -> bool {
        self.guesses.0 != now.div_euclid(60) || self.guesses.1 < MOST_GUESSES
    }

    pub(in crate::emulator) fn guessed_wrong(&mut self, now: i64) {
        let minute = now.div_euclid(60);
        let before = if self.guesses.0 == minute { self.guesses.1 } else { 0 };
        self.guesses = (minute, before.saturating_add(1));
    }

    #[cfg(test)]
    pub(in crate::emulator) fn check_indexes(&self) {
        self.asks.check("requests for consent");
        self.codes.check("authorization codes");
        self.grants.check("grants");
        self.refresh_tokens.check("refresh tokens of clients");
        self.access_tokens.check("access tokens of clients");
    }
}

/// A user code as it is kept: whatever the case, and whatever is between the letters.
pub(in crate::emulator) fn user_code(given: &str) -> String {
    given.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_uppercase()).collect()
}

/// A user code as it is shown.
pub(in crate::emulator) fn shown_code(code: &str) -> String {
    match code.split_at_checked(4) {
        Some((one, other)) => format!("{one}-{other}"),
        None => code.to_owned(),
    }
}
