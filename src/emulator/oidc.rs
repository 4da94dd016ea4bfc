//! Answering the clients of the authorization server, in place of a browser.

use super::http::engine::Engine;
use super::http::oauth;
use super::words::refusal::Error;

/// Answers what clients ask of users; from [`Emulator::oidc`](super::Emulator::oidc).
///
/// Users are named by a login ID. An error has the code `E062108` if no user has it, and otherwise the word
/// that RFC 6749 has for it, such as `invalid_request` for a request that has ended.
#[derive(Clone, Debug)]
pub struct Oidc(pub(in crate::emulator) Engine);

impl Oidc {
    /// Signs a user in at the URL of an authorization endpoint, and allows all that the client asks for.
    /// Returns the URL that the browser is sent to: the `redirect_uri` with `code`, `state` and `iss`, or
    /// with `error` if something is wrong with the request.
    ///
    /// ```
    /// use descope::emulator::Emulator;
    /// use serde_json::json;
    ///
    /// let emulator = Emulator::new();
    /// emulator.seed(&json!({ "users": [{ "loginId": "ada@example.com" }] }))?;
    /// let url = format!(
    ///     "http://localhost/oauth2/v1/authorize?response_type=code&client_id={}&scope=openid\
    ///      &redirect_uri=http://127.0.0.1:8000/callback&state=s1\
    ///      &code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM&code_challenge_method=S256",
    ///     emulator.project_id(),
    /// );
    /// let back = emulator.oidc().authorize(&url, "ada@example.com")?;
    /// assert!(back.starts_with("http://127.0.0.1:8000/callback?code="));
    /// # Ok::<(), descope::emulator::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// If the client is unknown or the `redirect_uri` is not its own, so that the browser goes nowhere.
    pub fn authorize(&self, url: &str, login_id: &str) -> Result<String, Error> {
        Ok(oauth::authorize(&self.0, url, Some(login_id))?)
    }

    /// Refuses what the client asks for at the URL of an authorization endpoint. Returns the URL that the
    /// browser is sent to, with `error=access_denied`.
    ///
    /// # Errors
    ///
    /// As [`authorize`](Self::authorize).
    pub fn refuse(&self, url: &str) -> Result<String, Error> {
        Ok(oauth::authorize(&self.0, url, None)?)
    }

    /// Enters the code that a device shows, signs a user in and allows all that the device asks for.
    ///
    /// # Errors
    ///
    /// If no device waits with this code, or the user may not sign in.
    pub fn approve_device(&self, user_code: &str, login_id: &str) -> Result<(), Error> {
        Ok(self.0.answer_device(user_code, Some(login_id))?)
    }

    /// Enters the code that a device shows, and refuses what it asks for.
    ///
    /// # Errors
    ///
    /// If no device waits with this code.
    pub fn deny_device(&self, user_code: &str) -> Result<(), Error> {
        Ok(self.0.answer_device(user_code, None)?)
    }

    /// Allows what a client asks for by the backchannel (CIBA). `id` is its `auth_req_id`, or the `token` of
    /// the message that the user got.
    ///
    /// # Errors
    ///
    /// If no such request waits, or the user may not sign in.
    pub fn approve_backchannel(&self, id: &str) -> Result<(), Error> {
        Ok(self.0.answer_backchannel(id, true)?)
    }

    /// Refuses what a client asks for by the backchannel.
    ///
    /// # Errors
    ///
    /// If no such request waits.
    pub fn deny_backchannel(&self, id: &str) -> Result<(), Error> {
        Ok(self.0.answer_backchannel(id, false)?)
    }
}
