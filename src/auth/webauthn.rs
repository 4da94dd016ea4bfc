//! WebAuthn: passkeys and security keys. Feature `webauthn`.
//!
//! Each ceremony has two steps with the browser between them. `start` returns the options for
//! `navigator.credentials` as JSON text. `finish` takes the browser's response as JSON text. Both
//! texts pass through unchanged. In the browser:
//!
//! ```js
//! const { publicKey } = JSON.parse(options);
//! const parsed = create
//!     ? PublicKeyCredential.parseCreationOptionsFromJSON(publicKey)
//!     : PublicKeyCredential.parseRequestOptionsFromJSON(publicKey);
//! const credential = await (create
//!     ? navigator.credentials.create({ publicKey: parsed })
//!     : navigator.credentials.get({ publicKey: parsed }));
//! const response = JSON.stringify(credential.toJSON());
//! ```

use serde::{Deserialize, Serialize};

use super::{Auth, AuthInfo, LoginOptions, SessionOptions, SignUpOptions};
use crate::call::Call;
use crate::check;
use crate::client::Client;
use crate::error::{Error, Result};
use crate::extra::Extra;
use crate::options::setters;

/// WebAuthn; see [`Auth::webauthn`].
#[derive(Clone, Copy, Debug)]
pub struct WebAuthn<'c>(&'c Client);

impl<'c> Auth<'c> {
    /// WebAuthn: passkeys and security keys.
    pub fn webauthn(self) -> WebAuthn<'c> {
        WebAuthn(self.0)
    }
}

/// # Signing up
impl WebAuthn<'_> {
    /// Begins to register a new user with a passkey; finish with
    /// [`sign_up_finish`](Self::sign_up_finish).
    ///
    /// `origin` is the origin of the page that asks the user, such as `https://app.example.com`.
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// let webauthn = client.auth().webauthn();
    /// let options = Default::default();
    /// let start = webauthn.sign_up_start("ada@example.com", "https://app.example.com", &options)?;
    /// // Send `start.options` to the browser, and keep `start.transaction_id` for the finish.
    /// assert!(start.create && start.options.contains("challenge"));
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`USER_ALREADY_EXISTS`](crate::codes::USER_ALREADY_EXISTS) if the login ID is taken.
    pub fn sign_up_start(
        &self,
        login_id: &str,
        origin: &str,
        options: &WebAuthnSignUpOptions,
    ) -> Result<WebAuthnTransaction> {
        #[derive(Serialize)]
        #[serde(rename_all = "camelCase")]
        struct User<'a> {
            login_id: &'a str,
            #[serde(flatten)]
            details: &'a crate::UserDetails,
        }

        let details = &options.sign_up.user;
        // Some official SDKs name the login ID here and some in the user: either is enough.
        self.begin("/v1/auth/webauthn/signup/start", origin, &options.passkey)
            .login_id(login_id)
            .field("user", User { login_id, details })
            .options("loginOptions", &options.sign_up)
            .send()
    }

    /// Registers the user, with what `navigator.credentials.create` returned, and signs them in.
    ///
    /// ```
    /// # mod browser { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/authenticator.rs")); }
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// # let origin = "https://app.example.com";
    /// # let mut browser = browser::Authenticator::at(origin);
    /// let webauthn = client.auth().webauthn();
    /// let start = webauthn.sign_up_start("ada", origin, &Default::default())?;
    /// // What the browser makes of `start.options`:
    /// let response = browser.create(&start.options);
    /// let signed_in = webauthn.sign_up_finish(&start.transaction_id, &response)?;
    /// assert!(signed_in.user.webauthn);
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Api`] if the passkey is not for this transaction, or the transaction is spent or too
    /// old.
    pub fn sign_up_finish(&self, transaction_id: &str, response: &str) -> Result<AuthInfo> {
        self.finish("/v1/auth/webauthn/signup/finish", transaction_id, response).send_sign_in()
    }
}

/// # Signing in
impl WebAuthn<'_> {
    /// Begins to sign a user in by their passkey; finish with
    /// [`sign_in_finish`](Self::sign_in_finish).
    ///
    /// With [`PasskeyUser::Anyone`] the browser offers all passkeys that it has for the site, and the
    /// chosen passkey says who signs in.
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// use descope::auth::webauthn::PasskeyUser;
    ///
    /// let (webauthn, origin) = (client.auth().webauthn(), "https://app.example.com");
    /// let start = webauthn.sign_in_start(PasskeyUser::Anyone, origin, &Default::default())?;
    /// assert!(!start.create);
    ///
    /// let unknown = webauthn.sign_in_start("nobody@example.com", origin, &Default::default());
    /// assert!(unknown.unwrap_err().is_not_found());
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`USER_NOT_FOUND`](crate::codes::USER_NOT_FOUND) if nobody has the login ID.
    pub fn sign_in_start<'u>(
        &self,
        user: impl Into<PasskeyUser<'u>>,
        origin: &str,
        options: &WebAuthnLoginOptions,
    ) -> Result<WebAuthnTransaction> {
        self.begin("/v1/auth/webauthn/signin/start", origin, &options.passkey)
            .passkey_user(user.into())
            .login(&options.login)
            .send()
    }

    /// Signs the user in, with what `navigator.credentials.get` returned.
    ///
    /// ```
    /// # mod browser { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/authenticator.rs")); }
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// # let origin = "https://app.example.com";
    /// # let mut browser = browser::Authenticator::at(origin);
    /// # let start = client.auth().webauthn().sign_up_start("ada", origin, &Default::default())?;
    /// # let signed_in = client.auth().webauthn().sign_up_finish(&start.transaction_id, &browser.create(&start.options))?;
    /// let webauthn = client.auth().webauthn();
    /// let start = webauthn.sign_in_start("ada", origin, &Default::default())?;
    /// // What the browser makes of `start.options`:
    /// let response = browser.get(&start.options);
    /// let signed_in = webauthn.sign_in_finish(&start.transaction_id, &response)?;
    /// assert_eq!(signed_in.user.login_ids, ["ada"]);
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Api`] if the passkey is not the user's or not for this transaction, or the
    /// transaction is spent or too old.
    pub fn sign_in_finish(&self, transaction_id: &str, response: &str) -> Result<AuthInfo> {
        self.finish("/v1/auth/webauthn/signin/finish", transaction_id, response).send_sign_in()
    }
}

/// # Signing up or in
impl WebAuthn<'_> {
    /// Begins to sign a user in by their passkey, or to register them if they are new.
    ///
    /// If [`create`](WebAuthnTransaction::create) is true, finish with
    /// [`sign_up_finish`](Self::sign_up_finish), else with [`sign_in_finish`](Self::sign_in_finish).
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// let (webauthn, origin) = (client.auth().webauthn(), "https://app.example.com");
    /// let start = webauthn.sign_up_or_in_start("ada", origin, &Default::default())?;
    /// assert!(start.create, "ada is new");
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Argument`] for an empty login ID or origin.
    pub fn sign_up_or_in_start(
        &self,
        login_id: &str,
        origin: &str,
        options: &WebAuthnSignUpOrInOptions,
    ) -> Result<WebAuthnTransaction> {
        self.begin("/v1/auth/webauthn/signup-in/start", origin, &options.passkey)
            .login_id(login_id)
            .options("loginOptions", &options.login)
            .send()
    }
}

/// # Adding a passkey
impl WebAuthn<'_> {
    /// Begins to add a passkey to a signed-in user; finish with
    /// [`update_finish`](Self::update_finish).
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// # emulator.seed(&serde_json::json!({ "users": [{ "loginId": "ada" }] })).unwrap();
    /// # let signed_in = client.mgmt().jwt().sign_in("ada", &Default::default())?;
    /// # let refresh_token = signed_in.refresh_token().unwrap();
    /// let (webauthn, origin) = (client.auth().webauthn(), "https://app.example.com");
    /// let start = webauthn.update_start("ada", origin, refresh_token, &Default::default())?;
    /// assert!(start.create);
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Api`] with HTTP status 401 if the session has ended.
    pub fn update_start(
        &self,
        login_id: &str,
        origin: &str,
        refresh_token: &str,
        options: &WebAuthnUpdateOptions,
    ) -> Result<WebAuthnTransaction> {
        self.begin("/v1/auth/webauthn/update/start", origin, &options.passkey)
            .bearer("refresh_token", refresh_token)
            .login_id(login_id)
            .field("mfa", options.mfa)
            .send()
    }

    /// Adds the passkey, with what `navigator.credentials.create` returned.
    ///
    /// Returns a session that counts the passkey as one more factor, if
    /// [`mfa`](WebAuthnUpdateOptions::mfa) was asked for.
    ///
    /// ```
    /// # mod browser { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/authenticator.rs")); }
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// # let origin = "https://app.example.com";
    /// # let mut browser = browser::Authenticator::at(origin);
    /// # emulator.seed(&serde_json::json!({ "users": [{ "loginId": "ada" }] })).unwrap();
    /// # let signed_in = client.mgmt().jwt().sign_in("ada", &Default::default())?;
    /// # let refresh_token = signed_in.refresh_token().unwrap();
    /// let webauthn = client.auth().webauthn();
    /// let start = webauthn.update_start("ada", origin, refresh_token, &Default::default())?;
    /// // What the browser makes of `start.options`:
    /// let response = browser.create(&start.options);
    /// let with_mfa = webauthn.update_finish(&start.transaction_id, &response)?;
    /// assert!(with_mfa.is_none());
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Api`] if the passkey is not for this transaction, or the transaction is spent or too
    /// old.
    pub fn update_finish(&self, transaction_id: &str, response: &str) -> Result<Option<AuthInfo>> {
        self.finish("/v1/auth/webauthn/update/finish", transaction_id, response)
            .send_maybe_sign_in()
    }

    fn begin(&self, path: &'static str, origin: &str, passkey: &PasskeyOptions) -> Call<'_> {
        self.0
            .post(path)
            .check(check::id("origin", origin))
            .field("origin", origin)
            .options("passkeyOptions", passkey)
    }

    fn finish(&self, path: &'static str, transaction_id: &str, response: &str) -> Call<'_> {
        let empty = response.trim().is_empty();
        let empty =
            if empty { Err(Error::argument("response", "must not be empty")) } else { Ok(()) };
        self.0
            .post(path)
            .check(check::id("transaction_id", transaction_id))
            .check(empty)
            .field("transactionId", transaction_id)
            .secret("response", response)
            .once()
    }
}

impl Call<'_> {
    /// Whose passkey it has to be. Descope wants an empty login ID for anyone.
    fn passkey_user(self, user: PasskeyUser<'_>) -> Self {
        match user {
            PasskeyUser::LoginId(login_id) => self.login_id(login_id),
            PasskeyUser::Anyone => self.field("loginId", ""),
        }
    }
}

/// Who signs in with a passkey.
///
/// ```
/// use descope::auth::webauthn::PasskeyUser;
///
/// assert_eq!(PasskeyUser::from("ada"), PasskeyUser::LoginId("ada"));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PasskeyUser<'u> {
    /// The user with this login ID.
    LoginId(&'u str),
    /// Any user with a passkey for the site. The passkey says who the user is.
    Anyone,
}

impl<'u> From<&'u str> for PasskeyUser<'u> {
    fn from(login_id: &'u str) -> Self {
        Self::LoginId(login_id)
    }
}

/// A ceremony that has begun.
#[derive(Clone, Debug, Default, Deserialize, Serialize, PartialEq, Eq)]
#[serde(default, rename_all = "camelCase")]
#[non_exhaustive]
pub struct WebAuthnTransaction {
    /// The ID that the finish needs. It is valid for one finish, and for a few minutes.
    pub transaction_id: String,
    /// The options for the browser, as JSON text: an object with the member `publicKey`.
    pub options: String,
    /// Whether the browser must create a passkey with `navigator.credentials.create`, instead of
    /// using one with `navigator.credentials.get`.
    pub create: bool,
    /// All other fields, such as those that a newer Descope adds.
    #[serde(flatten)]
    pub extra: Extra,
}

/// Options of [`WebAuthn::sign_up_start`].
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct WebAuthnSignUpOptions {
    /// Who the user is, and what the session is to be like.
    pub sign_up: SignUpOptions,
    /// What the passkey is to be like.
    pub passkey: PasskeyOptions,
}

setters!(WebAuthnSignUpOptions { sign_up: nested<SignUpOptions>, passkey: nested<PasskeyOptions> });

/// Options of [`WebAuthn::sign_in_start`].
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct WebAuthnLoginOptions {
    /// The options of the new session.
    pub login: LoginOptions,
    /// How the browser is to ask.
    pub passkey: PasskeyOptions,
}

setters!(WebAuthnLoginOptions { login: nested<LoginOptions>, passkey: nested<PasskeyOptions> });

/// Options of [`WebAuthn::sign_up_or_in_start`].
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct WebAuthnSignUpOrInOptions {
    /// The options of the new session.
    pub login: SessionOptions,
    /// What the passkey is to be like, and how the browser is to ask.
    pub passkey: PasskeyOptions,
}

setters!(WebAuthnSignUpOrInOptions { login: nested<SessionOptions>, passkey: nested<PasskeyOptions> });

/// Options of [`WebAuthn::update_start`].
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct WebAuthnUpdateOptions {
    /// Keeps the factors of the session, and adds this one: [`WebAuthn::update_finish`] then returns
    /// the new session. Defaults to `false`.
    pub mfa: Option<bool>,
    /// What the passkey is to be like.
    pub passkey: PasskeyOptions,
}

setters!(WebAuthnUpdateOptions { mfa: opt<bool>, passkey: nested<PasskeyOptions> });

/// The properties of a passkey and how the browser asks for it, if they differ from the project's
/// settings (Web Authentication Level 2 sections 5.4 and 5.5).
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct PasskeyOptions {
    /// Which authenticators may make it; for a new passkey.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub authenticator_selection: Option<AuthenticatorSelection>,
    /// What the authenticator is to say of itself: `none`, `indirect` or `direct`; for a new passkey.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub attestation: Option<String>,
    /// Whether the user must be verified, as by a PIN: `preferred`, `required` or `discouraged`; for
    /// signing in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_verification: Option<String>,
    /// Extensions, as JSON text.
    #[serde(rename = "extensionsJSON", skip_serializing_if = "Option::is_none")]
    pub extensions_json: Option<String>,
}

setters!(PasskeyOptions {
    authenticator_selection: opt<AuthenticatorSelection>, attestation: opt<String>,
    user_verification: opt<String>, extensions_json: opt<String>,
});

/// Which authenticators may make a passkey (Web Authentication Level 2 section 5.4.4).
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct AuthenticatorSelection {
    /// Whether it is part of the device: `any`, `platform` or `crossplatform`, as Descope spells it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub authenticator_attachment: Option<String>,
    /// Whether it is to find the user without a login ID: `discouraged`, `preferred` or `required`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resident_key: Option<String>,
    /// Whether the user must be verified: `preferred`, `required` or `discouraged`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_verification: Option<String>,
}

setters!(AuthenticatorSelection {
    authenticator_attachment: opt<String>, resident_key: opt<String>, user_verification: opt<String>,
});
