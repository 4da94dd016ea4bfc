//! Ending sessions.

use serde::Serialize;
use serde_json::json;

use super::Sessions;
use crate::call::Call;
use crate::error::Result;
use crate::options::setters;

/// # Ending
impl Sessions<'_> {
    /// Ends the session. Its session tokens stay valid until they expire; drop the user's cookies.
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// # emulator.seed(&serde_json::json!({ "users": [{ "loginId": "ada" }] })).unwrap();
    /// # let signed_in = client.mgmt().jwt().sign_in("ada", &Default::default())?;
    /// # let refresh_token = signed_in.refresh_token().unwrap();
    /// let session = client.auth().session();
    /// session.logout(refresh_token)?;
    /// assert!(session.refresh(refresh_token).unwrap_err().is_unauthorized());
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Api`](crate::Error::Api) with HTTP status 401 if the refresh token is no longer valid.
    pub fn logout(&self, refresh_token: &str) -> Result<()> {
        self.logout_with(refresh_token, &LogoutOptions::default())
    }

    /// Ends the session, and of the user's sessions the kinds that the options name.
    ///
    /// ```no_run
    /// # let client = descope::Client::new("P2abc")?;
    /// # let refresh_token = "eyJ";
    /// use descope::auth::session::LogoutOptions;
    ///
    /// let options = LogoutOptions::default().types(["web"]);
    /// client.auth().session().logout_with(refresh_token, &options)?;
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As for [`logout`](Self::logout).
    pub fn logout_with(&self, refresh_token: &str, options: &LogoutOptions) -> Result<()> {
        self.logout_call(refresh_token).fields(options).send_unit()
    }

    pub(crate) fn logout_call<'a>(&'a self, refresh_token: &'a str) -> Call<'a> {
        self.0.post("/v1/auth/logout").bearer("refresh_token", refresh_token).fields(&json!({}))
    }

    /// Ends all sessions of the user, on every device.
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// # emulator.seed(&serde_json::json!({ "users": [{ "loginId": "ada" }] })).unwrap();
    /// # let signed_in = client.mgmt().jwt().sign_in("ada", &Default::default())?;
    /// # let refresh_token = signed_in.refresh_token().unwrap();
    /// let session = client.auth().session();
    /// session.logout_all(refresh_token)?;
    /// assert!(session.me(refresh_token).unwrap_err().is_unauthorized());
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As for [`logout`](Self::logout).
    pub fn logout_all(&self, refresh_token: &str) -> Result<()> {
        self.logout_all_with(refresh_token, &LogoutOptions::default())
    }

    /// Ends all sessions of the user that are of the kinds that the options name, on every device.
    ///
    /// ```no_run
    /// # let client = descope::Client::new("P2abc")?;
    /// # let refresh_token = "eyJ";
    /// use descope::auth::session::LogoutOptions;
    ///
    /// let options = LogoutOptions::default().types(["web"]);
    /// client.auth().session().logout_all_with(refresh_token, &options)?;
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As for [`logout`](Self::logout).
    pub fn logout_all_with(&self, refresh_token: &str, options: &LogoutOptions) -> Result<()> {
        self.0
            .post("/v1/auth/logoutall")
            .bearer("refresh_token", refresh_token)
            .fields(options)
            .send_unit()
    }
}

/// Options of [`Sessions::logout_with`] and [`Sessions::logout_all_with`].
#[derive(Clone, Debug, Default, Serialize)]
#[non_exhaustive]
pub struct LogoutOptions {
    /// Which kinds of session to end. Defaults to all that the call is about.
    #[serde(rename = "logoutType", skip_serializing_if = "Option::is_none")]
    pub types: Option<Vec<String>>,
}

setters!(LogoutOptions { types: opt_list<String> });
