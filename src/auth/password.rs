//! Passwords: signing up and in with one, and replacing it. Feature `password`.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use super::{Auth, AuthInfo, LoginOptions, SignUpOptions};
use crate::check;
use crate::client::Client;
use crate::error::Result;
use crate::extra::Extra;
use crate::options::setters;
use crate::secret::Secret;

/// Passwords; see [`Auth::password`].
#[derive(Clone, Copy, Debug)]
pub struct Passwords<'c>(&'c Client);

impl<'c> Auth<'c> {
    /// Passwords.
    pub fn password(self) -> Passwords<'c> {
        Passwords(self.0)
    }
}

/// # Signing up and in
impl Passwords<'_> {
    /// Registers a new user with a password, and signs them in.
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// use descope::UserDetails;
    /// use descope::auth::SignUpOptions;
    ///
    /// let ada = UserDetails::default().name("Ada Lovelace").email("ada@example.com");
    /// let options = SignUpOptions::default().user(ada);
    /// let signed_in = client.auth().password().sign_up("ada@example.com", "qYlvi65KaX", &options)?;
    /// assert!(signed_in.user.password);
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`USER_ALREADY_EXISTS`](crate::codes::USER_ALREADY_EXISTS) if the login ID is taken,
    /// [`Error::Api`](crate::Error::Api) with HTTP status 400 if the password is against the
    /// [`load_policy`](Self::load_policy).
    pub fn sign_up(
        &self,
        login_id: &str,
        password: &str,
        options: &SignUpOptions,
    ) -> Result<AuthInfo> {
        self.0
            .post("/v1/auth/password/signup")
            .login_id(login_id)
            .check(check::secret("password", password))
            .secret("password", password)
            .options("user", &options.user)
            .options("loginOptions", options)
            .send_sign_in()
    }

    /// Checks the password, and signs the user in.
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// # client.auth().password().sign_up("ada", "qYlvi65KaX", &Default::default())?;
    /// let password = client.auth().password();
    /// let signed_in = password.sign_in("ada", "qYlvi65KaX", &Default::default())?;
    /// assert!(signed_in.refresh_token().is_some());
    /// assert!(password.sign_in("ada", "wrong", &Default::default()).unwrap_err().is_unauthorized());
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`PASSWORD_EXPIRED`](crate::codes::PASSWORD_EXPIRED) if the password is right but must be
    /// [replaced](Self::replace), [`Error::Api`](crate::Error::Api) with HTTP status 401 if it is
    /// wrong.
    pub fn sign_in(
        &self,
        login_id: &str,
        password: &str,
        options: &LoginOptions,
    ) -> Result<AuthInfo> {
        self.0
            .post("/v1/auth/password/signin")
            .login_id(login_id)
            .login(options)
            .check(check::secret("password", password))
            .secret("password", password)
            .send_sign_in()
    }
}

/// # Changing a password
impl Passwords<'_> {
    /// Sends a user who forgot the password a message that signs the user in without it.
    ///
    /// If the project resets passwords with magic links, [`MagicLinks::verify`][verify] accepts the
    /// token. Then ask for a new password, and pass it to [`update`](Self::update).
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// # let user = serde_json::json!({"loginId": "ada@example.com", "email": "ada@example.com"});
    /// # emulator.seed(&serde_json::json!({"users": [user]})).expect("a user");
    /// # let query_parameter_t = || emulator.inbox().last_to("ada@example.com").unwrap().token.unwrap();
    /// use descope::auth::password::ResetOptions;
    ///
    /// let (login_id, password) = ("ada@example.com", client.auth().password());
    /// let options = ResetOptions::default().redirect_url("https://app.example.com/reset");
    /// password.send_reset(login_id, &options)?;
    ///
    /// let signed_in = client.auth().magic_link().verify(&query_parameter_t())?;
    /// password.update(login_id, "N0t-forgotten", signed_in.refresh_token().unwrap_or_default())?;
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`USER_NOT_FOUND`](crate::codes::USER_NOT_FOUND) if nobody has the login ID.
    ///
    /// [verify]: super::magic_link::MagicLinks::verify
    pub fn send_reset(&self, login_id: &str, options: &ResetOptions) -> Result<ResetSent> {
        self.0
            .post("/v1/auth/password/reset")
            .check(check::id("login_id", login_id))
            .field("loginId", login_id)
            .fields(options)
            .send()
    }

    /// Sets the password of a signed-in user. Their sessions stay.
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// # let signed_in = client.auth().password().sign_up("ada", "qYlvi65KaX", &Default::default())?;
    /// # let refresh_token = signed_in.refresh_token().unwrap();
    /// let password = client.auth().password();
    /// password.update("ada", "N0t-the-old", refresh_token)?;
    /// assert!(password.sign_in("ada", "N0t-the-old", &Default::default()).is_ok());
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Api`](crate::Error::Api) with HTTP status 401 if the session has ended, 400 if the
    /// password is against the [`load_policy`](Self::load_policy).
    pub fn update(&self, login_id: &str, new_password: &str, refresh_token: &str) -> Result<()> {
        self.0
            .post("/v1/auth/password/update")
            .bearer("refresh_token", refresh_token)
            .check(check::id("login_id", login_id))
            .field("loginId", login_id)
            .check(check::secret("new_password", new_password))
            .secret("newPassword", new_password)
            .send_unit()
    }

    /// Checks the old password, even an expired one, sets the new one, and signs the user in.
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// # client.auth().password().sign_up("ada", "qYlvi65KaX", &Default::default())?;
    /// use descope::auth::password::Replacement;
    ///
    /// let passwords = Replacement { old: "qYlvi65KaX", new: "N0t-the-old" };
    /// let signed_in = client.auth().password().replace("ada", passwords)?;
    /// assert!(signed_in.refresh_token().is_some());
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Api`](crate::Error::Api) with HTTP status 401 if the old password is wrong, 400 if
    /// the new one is against the [`load_policy`](Self::load_policy).
    pub fn replace(&self, login_id: &str, passwords: Replacement<'_>) -> Result<AuthInfo> {
        self.replace_with(login_id, passwords, &ReplaceOptions::default())
    }

    /// Replaces a password as [`replace`](Self::replace) does, with options: whether it ends the user's
    /// other sessions.
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// use descope::auth::password::{ReplaceOptions, Replacement};
    ///
    /// let password = client.auth().password();
    /// let stolen = password.sign_up("ada", "qYlvi65KaX", &Default::default())?;
    /// let passwords = Replacement { old: "qYlvi65KaX", new: "N0t-the-old" };
    /// let options = ReplaceOptions::default().revoke_other_sessions(true);
    /// password.replace_with("ada", passwords, &options)?;
    /// assert!(client.auth().session().refresh(stolen.refresh_token().unwrap()).is_err());
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As for [`replace`](Self::replace).
    pub fn replace_with(
        &self,
        login_id: &str,
        passwords: Replacement<'_>,
        options: &ReplaceOptions,
    ) -> Result<AuthInfo> {
        let Replacement { old, new } = passwords;
        self.0
            .post("/v1/auth/password/replace")
            .check(check::id("login_id", login_id))
            .field("loginId", login_id)
            .check(check::secret("old_password", old))
            .secret("oldPassword", old)
            .check(check::secret("new_password", new))
            .secret("newPassword", new)
            .fields(options)
            .send_sign_in()
    }
}

/// # The policy
impl Passwords<'_> {
    /// Returns the project's rules for new passwords, so that you can show them while the user types.
    /// Descope checks them in any case.
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// let policy = client.auth().password().load_policy()?;
    /// println!("At least {} characters", policy.min_length);
    /// # assert_eq!(policy.min_length, 8);
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Api`](crate::Error::Api) if Descope refuses, as when the project has no passwords.
    pub fn load_policy(&self) -> Result<PasswordPolicy> {
        self.0.get("/v1/auth/password/policy").send()
    }
}

/// The passwords of [`Passwords::replace`].
#[derive(Clone, Copy)]
pub struct Replacement<'p> {
    /// The password until now.
    pub old: &'p str,
    /// The password from now on.
    pub new: &'p str,
}

impl fmt::Debug for Replacement<'_> {
    /// Shows nothing of them.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Replacement").finish_non_exhaustive()
    }
}

/// Options of [`Passwords::send_reset`].
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct ResetOptions {
    /// The page that the link in the message leads to. Defaults to the one set in the Descope
    /// console.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub redirect_url: Option<String>,
    /// Values to put into the message.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub template_options: Option<BTreeMap<String, String>>,
    /// The language of the message, such as `pt-BR`. Defaults to the project's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub locale: Option<String>,
    /// Another connector to send the message with than the project's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub provider_id: Option<String>,
    /// Sends the message to the user's recovery address instead. Defaults to `false`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub use_recovery: Option<bool>,
}

setters!(ResetOptions {
    redirect_url: opt<String>, template_options: opt_map<String>, locale: opt<String>,
    provider_id: opt<String>, use_recovery: opt<bool>,
});

/// Options of [`Passwords::replace_with`].
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct ReplaceOptions {
    /// Ends all other sessions of the user. Defaults to `false`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub revoke_other_sessions: Option<bool>,
    /// Which kinds of session `revoke_other_sessions` ends. Defaults to all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub revoke_other_sessions_types: Option<Vec<String>>,
}

setters!(ReplaceOptions {
    revoke_other_sessions: opt<bool>, revoke_other_sessions_types: opt_list<String>,
});

/// The message that was sent to reset a password.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
#[non_exhaustive]
pub struct ResetSent {
    /// What was sent, such as `magiclink` or `enchantedlink`.
    pub reset_method: String,
    /// The address that it was sent to, partly hidden so that you can show it.
    pub masked_email: Option<String>,
    /// For an enchanted link, the number of the right link. Show it to the user.
    pub link_id: Option<String>,
    /// For an enchanted link, the reference to ask for the session with.
    pub pending_ref: Option<Secret>,
    /// All other fields, such as those that a newer Descope adds.
    #[serde(flatten)]
    pub extra: Extra,
}

/// A project's rules for new passwords.
#[derive(Clone, Debug, Default, Deserialize, Serialize, PartialEq, Eq)]
#[serde(default, rename_all = "camelCase")]
#[non_exhaustive]
pub struct PasswordPolicy {
    /// The least number of characters.
    pub min_length: u32,
    /// Whether there must be a lowercase letter.
    pub lowercase: bool,
    /// Whether there must be an uppercase letter.
    pub uppercase: bool,
    /// Whether there must be a number.
    pub number: bool,
    /// Whether there must be a character that is neither letter nor number.
    pub non_alphanumeric: bool,
    /// Whether a password must be strong enough, as [`strength_score`](Self::strength_score) has it.
    pub strength_score_enabled: bool,
    /// The least score of a password's strength, as Descope computes it. The API names no scale.
    pub strength_score: u32,
    /// All other fields, such as those that a newer Descope adds.
    #[serde(flatten)]
    pub extra: Extra,
}
