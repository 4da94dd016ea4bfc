//! Signing in and out: the cookies of new sessions, and the end of old ones.

use serde_json::Value;

use super::{Access, Credentials, Denied, Guard, Reason, Visitor};
use crate::auth::CookieSettings;
use crate::error::{Error, Result};
use crate::jwt::{Kind, Origin};
use crate::transport::http::HeaderValue;
use crate::{AuthInfo, Token};

impl Guard {
    /// Values of `Set-Cookie` for a user who has signed in, a header each: the session token, and the
    /// refresh token if there is one.
    ///
    /// Domain, path and lifetime are those of the answer, unless the options say otherwise. The name is
    /// the one that the token gives itself (claim `drn`), with a prefix if the options have it with
    /// one; or the first of the options, if they do not have it at all.
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
    /// [`Error::Argument`] for a token that is too large for a cookie, which browsers would drop
    /// without a word: 4096 bytes with its name. [`Error::Decode`] for a domain or path in the answer
    /// that would break out of the cookie.
    pub fn set_cookies(&self, info: &AuthInfo) -> Result<Vec<HeaderValue>> {
        self.login_cookies(&info.session, info.refresh.as_ref(), &info.cookie)
    }

    /// Takes over the tokens that a script got, such as that of the [login
    /// page](Self::login_page): checks them, and puts them into cookies that scripts cannot read.
    ///
    /// The session token must come as `Authorization: Bearer`. A page of another site cannot send that
    /// without this site's consent (CORS), and so cannot sign its visitors in as somebody else. The
    /// refresh token may be empty.
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// # let guard = descope::web::Guard::new(&client);
    /// # let token = emulator.issue_token(serde_json::json!({"sub": "U2ada", "drn": "DS"})).expect("a token");
    /// # let request = descope::transport::http::Request::post("/session")
    /// #     .header("Authorization", format!("Bearer {token}")).body("").unwrap();
    /// let visitor = guard.accept_login(&guard.credentials(request.headers()), request.body())?;
    /// assert!(visitor.set_cookies[0].as_bytes().starts_with(b"DS=eyJ"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Reason::NoToken`] without the header, [`Reason::TokenTooLarge`] for a token that no cookie can
    /// hold, and those of [`validate`](Self::validate) for either token.
    pub fn accept_login(
        &self,
        credentials: &Credentials,
        refresh_token: &str,
    ) -> Result<Visitor, Denied> {
        let Some(bearer) = &credentials.bearer else {
            return Err(Denied::new(Reason::NoToken, None));
        };
        let mut visitor = self.validate(credentials, &Access::default())?;
        let session = Token { jwt: bearer.clone(), claims: visitor.claims.clone() };
        let refused = |error: Error| Denied::new(Reason::of_session(&error), error);
        let refresh = match refresh_token.trim_ascii() {
            "" => None,
            jwt => {
                let refresh = Token::read(&self.client, jwt.into(), Kind::Any, Origin::Caller);
                Some(refresh.map_err(refused)?)
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

    /// Ends the session with Descope, and returns the values of `Set-Cookie` that clear its cookies, a
    /// header each.
    ///
    /// A session that has ended already, or none at all, is no error: tokens that are none of the
    /// project's, or too old, are not sent. Where several came, their sessions are
    /// ended in turn, within the time of one call, until Descope is unavailable. Other browsers of the
    /// user's stay signed in; [`Session::logout_all`] ends those sessions too.
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// # let guard = descope::web::Guard::new(&client);
    /// # let credentials = descope::web::Credentials::default();
    /// for cookie in guard.logout(&credentials)? {
    ///     assert!(cookie.to_str().unwrap_or_default().contains("; Max-Age=0"));
    /// }
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// With status 503 if Descope could not be told, or something on the way answered in its place. The
    /// cookies are in [`Denied::set_cookies`]: with them the browser forgets the session, which then
    /// lasts until its tokens expire. Tell the user.
    ///
    /// [`Session::logout_all`]: crate::auth::session::Session::logout_all
    pub fn logout(&self, credentials: &Credentials) -> Result<Vec<HeaderValue>, Denied> {
        let (mut answer, mut failed) = (CookieSettings::default(), None);
        let client = self.within_one_deadline();
        for token in &credentials.refreshes {
            let client = client();
            if let Err(error) = Token::read(&client, token.clone(), Kind::Any, Origin::Caller) {
                // The keys may be there for the next one.
                if Reason::of_refresh(&error).is_outage() {
                    failed = Some(error);
                }
                continue;
            }
            match client.auth().session().logout_call(token.expose()).send_value() {
                Ok(said) => {
                    let text = |name| said.get(name).and_then(Value::as_str).unwrap_or_default();
                    text("cookieDomain").clone_into(&mut answer.domain);
                    text("cookiePath").clone_into(&mut answer.path);
                }
                Err(error) if Reason::of_refresh(&error).is_outage() => {
                    failed = Some(error);
                    break;
                }
                // It is no session any more.
                Err(_) => {}
            }
        }
        // A domain that is none was never that of a cookie.
        let (cookies, failed) = match self.cleared(&answer) {
            Ok(cookies) => (cookies, failed),
            Err(error) => (self.clear_cookies(), failed.or(Some(error))),
        };
        match failed {
            None => Ok(cookies),
            Some(error) => {
                Err(Denied::new(Reason::of_refresh(&error), error).with_cookies(cookies))
            }
        }
    }

    /// The values of `Set-Cookie` that clear the cookies of this guard, a header each, without telling
    /// Descope.
    ///
    /// Browsers clear a cookie only if domain and path are those it was set with: those of the options
    /// here, or else none and `/`. Where Descope answers others, set them in the options too.
    ///
    /// ```
    /// # let client = descope::Client::builder().ignore_env().project_id("P2abc").build()?;
    /// # let guard = descope::web::Guard::new(&client);
    /// assert!(guard.clear_cookies().iter().all(|cookie| cookie.as_bytes().starts_with(b"DS")));
    /// # Ok::<(), descope::Error>(())
    /// ```
    pub fn clear_cookies(&self) -> Vec<HeaderValue> {
        // The options were checked when the guard was made.
        self.cleared(&CookieSettings::default()).unwrap_or_default()
    }
}
