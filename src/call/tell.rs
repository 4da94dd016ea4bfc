//! What a call tells the observer. Nothing is put together unless somebody listens.

use std::borrow::Cow;
use std::time::Duration;

use super::Call;
use crate::error::Error;
use crate::escape::Escaped;
use crate::observe::{Answer, Attempt, Event, Hide, Pattern, RetryReason};
use crate::scrub::SHORTEST;
use crate::transport::{Response, TransportError};

/// Which try it is, and where it goes.
#[derive(Clone, Copy)]
pub(super) struct Which<'s> {
    pub(super) server: &'s str,
    pub(super) number: u32,
}

impl Call<'_> {
    /// Tells that a request is about to be sent, and returns when it began.
    pub(super) fn tell_sending(&self, which: Which<'_>) -> Option<Duration> {
        self.tell(which, |attempt| Event::Sending { attempt });
        let shared = &self.core.shared;
        shared.observers.are_there().then(|| shared.clock.monotonic())
    }

    pub(super) fn tell_answered(
        &self,
        which: Which<'_>,
        begun: Option<Duration>,
        response: &Response,
        error: Option<&Error>,
    ) {
        let (took, clock) = (self.since(begun), &*self.core.shared.clock);
        self.tell(which, |attempt| {
            let answer = Answer { response, error, took, clock, hide: self };
            Event::Answered { attempt, answer }
        });
    }

    pub(super) fn tell_unanswered(
        &self,
        which: Which<'_>,
        begun: Option<Duration>,
        error: &TransportError,
    ) {
        let took = self.since(begun);
        self.tell(which, |attempt| Event::Unanswered { attempt, error, took });
    }

    pub(super) fn tell_retry(&self, which: Which<'_>, wait: Duration, reason: RetryReason) {
        self.tell(which, |attempt| Event::Retrying { attempt, wait, reason });
    }

    pub(super) fn tell_refused(&self, error: &Error) {
        let base_url = &self.core.shared.base_url;
        let server = self.server.as_ref().unwrap_or(base_url);
        self.tell(Which { server, number: 0 }, |attempt| Event::Refused { attempt, error });
    }

    fn tell<'e>(&'e self, which: Which<'e>, event: impl FnOnce(Attempt<'e>) -> Event<'e>) {
        let observers = &self.core.shared.observers;
        if observers.are_there() {
            let pattern = Pattern { path: &self.path, ids: self.ids.as_deref() };
            let Which { server, number } = which;
            observers.tell(&event(Attempt { method: &self.method, pattern, server, number }));
        }
    }

    fn since(&self, begun: Option<Duration>) -> Duration {
        begun.map_or(Duration::ZERO, |begun| {
            self.core.shared.clock.monotonic().saturating_sub(begun)
        })
    }
}

/// The bytes of which no other spelling of a secret is made.
const PLAIN: [bool; 256] = {
    let mut plain = [false; 256];
    let mut b = 0;
    while b < 128_u8 {
        let mark =
            matches!(b, b' ' | b'-' | b'_' | b'.' | b',' | b':' | b';' | b'=' | b'"' | b'/' | b'+');
        plain[b as usize] = b.is_ascii_alphanumeric() || mark;
        b += 1;
    }
    plain
};

impl Hide for Call<'_> {
    fn hide<'t>(&self, text: &'t str) -> Cow<'t, str> {
        // A text of these characters has a secret as it is or not at all: each other spelling needs another one.
        let has = |secret: &str| secret.len() >= SHORTEST && text.contains(secret);
        // Most texts have no J, which is quicker to see than that they have no token.
        let has_token = || text.contains('J') && text.contains("eyJ");
        if text.bytes().all(|b| PLAIN[usize::from(b)]) && !has_token() && !self.hidden().any(has) {
            return text.into();
        }
        Escaped(&self.scrubber().text(text)).to_string().into()
    }
}
