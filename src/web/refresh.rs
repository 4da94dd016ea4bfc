//! Refreshes the session of a request: which of its tokens, and which cookies go with the outcome.

use super::{Denied, Guard, Reason, RequestTokens, TokenKind, Visitor};
use crate::auth::session::Memory;
use crate::auth::{AuthInfo, CookieSettings, Token};
use crate::error::{Error, Result, TokenError, codes};
use crate::jwt::Named;
use crate::transport::http::HeaderValue;

/// Refresh tokens of one request that Descope is asked about: anyone can send many.
const MAX_CALLS: usize = 2;

/// Logouts of one request.
const MAX_LOGOUTS: usize = 8;

/// Why the refresh tokens so far do not do.
#[derive(Default)]
struct Refusals {
    first: Option<Denied>,
    /// Whether some cookie is of no use any more, and so can be cleared.
    useless: bool,
}

impl Guard {
    /// Refreshes by the newest tokens of the user whose session token has expired.
    pub(super) fn refresh(
        &self,
        tokens: &RequestTokens,
        expired: Option<&Named>,
    ) -> Result<Visitor, Denied> {
        let mut refusals = Refusals::default();
        let mut genuine = self.genuine(tokens, |error| self.note(&mut refusals, tokens, error));
        genuine.retain(|token| match self.belongs(token, expired) {
            Ok(()) => true,
            Err(error) => {
                self.note(&mut refusals, tokens, error.into());
                false
            }
        });
        // Without a session token, nobody knows whose session it was but the newest token.
        let user = genuine.first().map(|token| token.claims.user_id().to_owned());
        genuine.retain(|token| Some(token.claims.user_id()) == user.as_deref());
        let client = self.within_one_deadline();
        for token in genuine.into_iter().take(MAX_CALLS) {
            match client().auth().session().renew(&token, Memory::Used) {
                Ok(info) => return self.renewed(tokens, &token, info, refusals.useless),
                Err(error) => self.note(&mut refusals, tokens, error),
            }
            if refusals.first.as_ref().is_some_and(|denied| denied.reason().is_outage()) {
                break;
            }
        }
        let denied = refusals.first.unwrap_or_else(|| Denied::new(Reason::NoToken, None));
        if denied.reason().is_outage() || !refusals.useless {
            return Err(denied);
        }
        Err(denied.with_cookies(self.cleared_of(tokens).unwrap_or_default()))
    }

    /// The refresh tokens of a request that pass the local check, those issued last first.
    fn genuine(&self, tokens: &RequestTokens, mut refuse: impl FnMut(Error)) -> Vec<Token> {
        let mut genuine: Vec<Token> = Vec::new();
        for token in &tokens.refreshes {
            match self.client.auth().session().check_refresh_token(token.expose()) {
                Ok(token) => genuine.push(token),
                Err(error) => refuse(error),
            }
        }
        let age = |token: &Token| (token.claims.issued_at(), token.claims.expires_at());
        genuine.sort_by_key(|token| std::cmp::Reverse(age(token)));
        genuine
    }

    /// Whether a genuine token can be the refresh token of this session.
    pub(super) fn belongs(
        &self,
        refresh: &Token,
        session: Option<&Named>,
    ) -> Result<(), TokenError> {
        let session_cookies = &self.settings.session_cookies;
        if session_cookies.iter().any(|name| refresh.claims.is_of_cookie(name)) {
            return Err(TokenError::NotARefreshToken);
        }
        let Some(session) = session else { return Ok(()) };
        // What calls itself the same is of the same kind, whatever name the project has chosen.
        if session.kind().is_some_and(|kind| refresh.claims.is_of_cookie(kind)) {
            return Err(TokenError::NotARefreshToken);
        }
        session.check_user(&refresh.claims)
    }

    fn note(&self, refusals: &mut Refusals, tokens: &RequestTokens, error: Error) {
        refusals.useless |= match &error {
            Error::Token(TokenError::SessionExpired { .. }) => true,
            // The cookies contradict each other. A bearer is not theirs.
            Error::Token(TokenError::OtherUser) => !tokens.has_header(),
            error => self.has_ended(error),
        };
        let denied = Denied::new(Reason::of_refresh(&error), error);
        let rank = |denied: &Denied| match denied.reason() {
            // Not knowing of one outweighs knowing that another is bad, and Descope's word a guess.
            reason if reason.is_outage() => 3,
            Reason::SessionEnded => 2,
            Reason::OtherUser => 1,
            _ => 0,
        };
        if refusals.first.as_ref().is_none_or(|first| rank(first) < rank(&denied)) {
            refusals.first = Some(denied);
        }
    }

    /// Whether Descope itself has said that the session has ended, and the browser cannot have a newer
    /// token of it by now.
    fn has_ended(&self, error: &Error) -> bool {
        let Some(code) = error.code() else { return false };
        let refused = error.is_unauthorized() || error.is_forbidden() || error.is_not_found();
        let replaced = error.is_unauthorized()
            && code != codes::LOGGED_OUT
            && self.client.refreshes().rotates();
        refused && !error.is_unavailable() && !replaced
    }

    /// The visitor after a refresh.
    fn renewed(
        &self,
        tokens: &RequestTokens,
        given: &Token,
        info: AuthInfo,
        clear: bool,
    ) -> Result<Visitor, Denied> {
        let claims = info.claims().clone();
        let kind = TokenKind::of(&claims);
        let mut visitor = Visitor::new(claims, kind);
        match self.cookies_of(tokens, given, &info, clear) {
            Ok((cookies, too_large)) => {
                visitor.set_cookies = cookies;
                visitor.too_large_for_cookies = too_large;
                visitor.refreshed = Some(info);
                Ok(visitor)
            }
            Err(error) => Err(Denied::new(Reason::Unavailable, error)),
        }
    }

    /// The cookies after a refresh, and whether a token is too large for them. `clear` says that there
    /// are refresh cookies of no use: they go, and the one that was taken is set again after them.
    fn cookies_of(
        &self,
        tokens: &RequestTokens,
        given: &Token,
        info: &AuthInfo,
        clear: bool,
    ) -> Result<(Vec<HeaderValue>, bool)> {
        let rotated = info.refresh_token() != Some(given.jwt.expose());
        let refresh = info.refresh.as_ref().filter(|_| rotated || clear);
        let mut settings = info.cookie.clone();
        if let Some(refresh) = refresh.filter(|_| clear && has_no_lifetime(&settings)) {
            settings.expires = Some(refresh.claims.expires_at());
        }
        let written = self.renewed_cookies(&info.session, refresh, &settings, &tokens.parts)?;
        let mut cookies = if clear { self.cleared_refreshes(tokens)? } else { Vec::new() };
        cookies.extend(written.values);
        Ok((cookies, written.too_large))
    }

    /// The refresh tokens of a request whose sessions a logout is to end.
    pub(super) fn to_log_out(
        &self,
        tokens: &RequestTokens,
        refuse: impl FnMut(Error),
    ) -> Vec<Token> {
        let mut sessions = self.genuine(tokens, refuse);
        sessions.truncate(MAX_LOGOUTS);
        sessions
    }
}

fn has_no_lifetime(settings: &CookieSettings) -> bool {
    settings.max_age.is_none_or(|seconds| seconds <= 0)
        && settings.expires.is_none_or(|time| time.as_seconds() <= 0)
}
