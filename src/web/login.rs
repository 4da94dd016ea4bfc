//! Signing in and out: the cookies of new sessions, and the end of old ones.

use serde_json::Value;

use super::place::Place;
use super::{Access, Denied, Guard, Reason, RequestTokens, Visitor};
use crate::auth::{AuthInfo, CookieSettings, Token};
use crate::client::Client;
use crate::digest::digest;
use crate::error::{Error, Result, codes};
use crate::jwt::Named;
use crate::transport::http::HeaderValue;

impl Guard {
    /// Values of `Set-Cookie` for a user who has signed in, one per header: the session token, and the
    /// refresh token if there is one. A token that is too large for one cookie is split over several; see
    /// [`GuardOptions::max_cookie_bytes`](super::GuardOptions::max_cookie_bytes).
    ///
    /// Domain, path and lifetime come from the answer, unless the options say otherwise. The name comes
    /// from the token's claim `drn`, with a prefix such as `__Host-` if the options have the name with one.
    /// If the options do not have that name, it is the first name in the options.
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// # let guard = descope::web::Guard::new(&client);
    /// # let read_code = || emulator.inbox().last_to("ada@example.com").unwrap().code.unwrap();
    /// use descope::auth::DeliveryMethod::Email;
    ///
    /// let otp = client.auth().otp();
    /// otp.sign_up_or_in(Email, "ada@example.com", &Default::default())?;
    /// let signed_in = otp.verify(Email, "ada@example.com", &read_code())?;
    /// let cookies = guard.set_cookies(&signed_in)?;
    /// assert!(cookies[0].as_bytes().starts_with(b"DS=eyJ"));
    /// assert!(cookies[1].as_bytes().starts_with(b"DSR=eyJ"));
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Argument`] for a token that is too large for cookies, which browsers would silently drop.
    /// [`Error::Decode`] for a domain or path in the answer that would break out of the cookie, or has more
    /// than 1024 bytes, which browsers ignore.
    pub fn set_cookies(&self, info: &AuthInfo) -> Result<Vec<HeaderValue>> {
        self.login_cookies(&info.session, info.refresh.as_ref(), &info.cookie)
    }

    /// Accepts the tokens that a script received, such as the script of the [login page](Self::login_page).
    /// It checks them, and puts them into cookies that scripts cannot read.
    ///
    /// The session token must come as `Authorization: Bearer`. A page of another site cannot send that
    /// header without this site's consent (CORS), so it cannot sign its visitors in as someone else. The
    /// refresh token may be empty. Otherwise it must belong to the same user.
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// # let guard = descope::web::Guard::new(&client);
    /// # let token = emulator.issue_token(serde_json::json!({"sub": "U2ada", "drn": "DS"})).expect("a token");
    /// # let request = descope::transport::http::Request::post("/session")
    /// #     .header("Authorization", format!("Bearer {token}")).body("").unwrap();
    /// let visitor = guard.accept_login(&guard.tokens(request.headers()), request.body())?;
    /// assert!(visitor.set_cookies[0].as_bytes().starts_with(b"DS=eyJ"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Reason::NoToken`] without the header, [`Reason::TokenTooLarge`] for a token that does not fit into
    /// cookies, [`Reason::OtherUser`] for tokens of two users, [`Reason::TokenInvalid`] for a session token
    /// in place of the refresh token, and the errors of [`validate`](Self::validate) for either token.
    pub fn accept_login(
        &self,
        tokens: &RequestTokens,
        refresh_token: &str,
    ) -> Result<Visitor, Denied> {
        let Some(bearer) = &tokens.bearer else {
            return Err(Denied::new(Reason::NoToken, None));
        };
        let mut visitor = self.validate(tokens, &Access::default())?;
        let session = Token { jwt: bearer.clone(), claims: visitor.claims.clone() };
        let refused = |error: Error| Denied::new(Reason::of_refresh(&error), error);
        let refresh = match refresh_token.trim_ascii() {
            "" => None,
            jwt => {
                let refresh = self.client.auth().session().check_refresh_token(jwt);
                let refresh = refresh.map_err(refused)?;
                let named = Named::read(bearer.expose());
                self.belongs(&refresh, named.as_ref()).map_err(|error| refused(error.into()))?;
                Some(refresh)
            }
        };
        let last = refresh.as_ref().unwrap_or(&session);
        let expires = last.claims.expires_at();
        let answer = CookieSettings { expires: Some(expires), ..CookieSettings::default() };
        let cookies = self.login_cookies(&session, refresh.as_ref(), &answer);
        visitor.set_cookies = cookies.map_err(|error| match error {
            Error::Argument { .. } => Denied::new(Reason::TokenTooLarge, error),
            error => refused(error),
        })?;
        Ok(visitor)
    }

    /// Ends the session at Descope, and returns the values of `Set-Cookie` that clear its cookies, one per
    /// header.
    ///
    /// It is not an error if the session has already ended, or if there is no session. The guard does not
    /// send tokens that are not the project's, have expired, or belong to sessions that are known to have
    /// ended. If the request has several refresh tokens, the sessions of the eight newest ones are ended,
    /// whoever their users are, because the browser forgets them all. They are ended one after another,
    /// within the time of one call, until Descope is unavailable. The user's other browsers stay signed in.
    /// [`Sessions::logout_all`] ends those sessions too.
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// # let guard = descope::web::Guard::new(&client);
    /// # let tokens = descope::web::RequestTokens::default();
    /// for cookie in guard.logout(&tokens)? {
    ///     assert!(cookie.to_str().unwrap_or_default().contains("; Max-Age=0"));
    /// }
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Denied`] with status 503 if Descope could not be reached, or a proxy answered in its place. The
    /// cookies are in [`Denied::set_cookies`]. With them the browser forgets the session, but the session
    /// itself lasts until its tokens expire. Tell the user.
    ///
    /// [`Sessions::logout_all`]: crate::auth::session::Sessions::logout_all
    pub fn logout(&self, tokens: &RequestTokens) -> Result<Vec<HeaderValue>, Denied> {
        let mut failed = None;
        let sessions = self.to_log_out(tokens, |error| {
            // The keys may be there for the next one.
            if Reason::of_refresh(&error).is_outage() {
                failed = Some(error);
            }
        });
        let client = self.within_one_deadline();
        for token in sessions {
            match self.end(&client(), &token) {
                Err(error) if Reason::of_refresh(&error).is_outage() => {
                    failed = Some(error);
                    break;
                }
                // If it was refused, the session has ended already.
                Ok(()) | Err(_) => {}
            }
        }
        let cookies = self.cleared_of(tokens).unwrap_or_else(|_| self.clear_cookies());
        match failed {
            None => Ok(cookies),
            Some(error) => {
                Err(Denied::new(Reason::of_refresh(&error), error).with_cookies(cookies))
            }
        }
    }

    /// Ends one session, unless it is known to have ended, and notes where its cookies are.
    fn end(&self, client: &Client, token: &Token) -> Result<()> {
        let (refreshes, clock) = (client.refreshes(), client.clock());
        let digest = digest(token.jwt.expose());
        if refreshes.ended(&digest, clock.monotonic()).is_some() {
            return Ok(());
        }
        let said = client.auth().session().logout_call(token.jwt.expose()).send_value();
        let said = said.inspect_err(|error| {
            if error.code() == Some(codes::LOGGED_OUT) {
                refreshes.remember(digest, error, clock.monotonic());
            }
        })?;
        let text = |name| said.get(name).and_then(Value::as_str).unwrap_or_default();
        let (domain, path) = (text("cookieDomain"), text("cookiePath"));
        if !(domain.is_empty() && path.is_empty()) {
            self.remember_sound(Place::new(domain, path))?;
        }
        Ok(())
    }

    /// Returns the values of `Set-Cookie` that clear all cookies of this guard, one per header. Descope is
    /// not told.
    ///
    /// Browsers clear a cookie only if domain and path are the ones it was set with. The guard takes them
    /// from the options, or else from Descope's answers to the sign-ins, refreshes and logouts of this
    /// process. If there were no such answers, it uses no domain, and the path `/`. If your project has
    /// another domain or path, set it in the options.
    ///
    /// ```
    /// # let client = descope::Client::builder().ignore_env().project_id("P2abc").build()?;
    /// # let guard = descope::web::Guard::new(&client);
    /// assert!(guard.clear_cookies().iter().all(|cookie| cookie.as_bytes().starts_with(b"DS")));
    /// # Ok::<(), descope::Error>(())
    /// ```
    pub fn clear_cookies(&self) -> Vec<HeaderValue> {
        // Names, options and places were checked before.
        self.cleared(&self.all_names(), &self.places()).unwrap_or_default()
    }
}
