//! Tokens: changing their claims, signing users in without asking them, impersonation. Feature
//! `mgmt-jwt`.

mod assertion;

use std::time::Duration;

use serde::Serialize;
use serde_json::{Map, Value};

pub use self::assertion::{AssertionAlgorithm, ClientAssertion};
use super::Mgmt;
use crate::auth::AuthInfo;
use crate::call::Call;
use crate::check;
use crate::error::{Error, Result};
use crate::models::UserDetails;
use crate::options::setters;
use crate::secret::Secret;

/// Tokens; see [`Mgmt::jwt`].
#[derive(Clone, Copy, Debug)]
pub struct Jwts<'c>(Mgmt<'c>);

impl<'c> Mgmt<'c> {
    /// Tokens: changing their claims, signing users in without asking them, impersonation.
    pub fn jwt(self) -> Jwts<'c> {
        Jwts(self)
    }
}

impl Jwts<'_> {
    /// Adds claims to a token, and returns the new token.
    ///
    /// ```
    /// # use descope::auth::DeliveryMethod;
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// # client.auth().otp().sign_up_or_in(DeliveryMethod::Email, "ada@example.com", &Default::default())?;
    /// # let code = emulator.inbox().last_to("ada@example.com").unwrap().code.unwrap();
    /// # let signed_in = client.auth().otp().verify(DeliveryMethod::Email, "ada@example.com", &code)?;
    /// use descope::mgmt::jwt::UpdateJwt;
    ///
    /// let claims =
    ///     [("custom-key1", "custom-value1"), ("custom-key2", "custom-value2")];
    /// let options = UpdateJwt::default().custom_claims(claims);
    /// let updated = client.mgmt().jwt().update(signed_in.session_token(), &options)?;
    /// let claims = client.auth().session().validate(updated.expose())?;
    /// assert_eq!(claims.get::<String>("custom-key1")?.as_deref(), Some("custom-value1"));
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Api`] if the token is not valid.
    pub fn update(&self, jwt: &str, options: &UpdateJwt) -> Result<Secret> {
        self.0.post("/v1/mgmt/jwt/update").jwt(jwt).fields(options).send_field("jwt")
    }

    /// Lets a user act as another: returns a refresh token of the other, with the claim `act` that
    /// says who acts. [`Session::refresh`](crate::auth::session::Sessions::refresh) makes a session of
    /// it.
    ///
    /// Both are given by login ID or user ID. The one who acts needs the permission for it, which
    /// Descope calls `Impersonate`.
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// # emulator.seed(&serde_json::json!({
    /// #     "permissions": [{ "name": "Impersonate" }],
    /// #     "roles": [{ "name": "Support", "permissionNames": ["Impersonate"] }],
    /// #     "users": [{ "loginId": "support@example.com", "roleNames": ["Support"] },
    /// #               { "loginId": "ada@example.com" }],
    /// # })).unwrap();
    /// use descope::mgmt::jwt::Impersonation;
    ///
    /// let options = Impersonation::default().validate_consent(false);
    /// let refresh_token =
    ///     client.mgmt().jwt().impersonate("support@example.com", "ada@example.com", &options)?;
    /// let session = client.auth().session().refresh(refresh_token.expose())?;
    /// assert_eq!(session.user.login_ids, ["ada@example.com"]);
    /// assert!(session.claims().as_map().contains_key("act"));
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Api`] if either is unknown, the permission is missing, or consent is asked for and
    /// missing.
    pub fn impersonate(
        &self,
        impersonator_id: &str,
        login_id: &str,
        options: &Impersonation,
    ) -> Result<Secret> {
        self.0
            .post("/v1/mgmt/impersonate")
            .impersonation(impersonator_id, login_id, options)
            .field("stepup", options.stepup)
            .send_field("jwt")
    }

    /// Lets a user act as another in a step-up session, whatever the options say of one; otherwise like
    /// [`impersonate`](Self::impersonate).
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// # emulator.seed(&serde_json::json!({
    /// #     "permissions": [{ "name": "Impersonate" }],
    /// #     "roles": [{ "name": "Support", "permissionNames": ["Impersonate"] }],
    /// #     "users": [{ "loginId": "support", "roleNames": ["Support"] }, { "loginId": "ada" }],
    /// # })).unwrap();
    /// let jwts = client.mgmt().jwt();
    /// let refresh_token = jwts.impersonate_stepup("support", "ada", &Default::default())?;
    /// let session = client.auth().session().refresh(refresh_token.expose())?;
    /// assert_eq!(session.user.login_ids, ["ada"]);
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As for [`impersonate`](Self::impersonate).
    pub fn impersonate_stepup(
        &self,
        impersonator_id: &str,
        login_id: &str,
        options: &Impersonation,
    ) -> Result<Secret> {
        self.0
            .post("/v1/mgmt/impersonate/stepup")
            .impersonation(impersonator_id, login_id, options)
            .send_field("jwt")
    }

    /// Ends an impersonation, given its token: returns a refresh token of the user who acted.
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// # emulator.seed(&serde_json::json!({
    /// #     "permissions": [{ "name": "Impersonate" }],
    /// #     "roles": [{ "name": "Support", "permissionNames": ["Impersonate"] }],
    /// #     "users": [{ "loginId": "support", "roleNames": ["Support"] }, { "loginId": "ada" }],
    /// # })).unwrap();
    /// let jwts = client.mgmt().jwt();
    /// let acting = jwts.impersonate("support", "ada", &Default::default())?;
    /// let own = jwts.stop_impersonation(acting.expose(), &Default::default())?;
    /// let session = client.auth().session().refresh(own.expose())?;
    /// assert_eq!(session.user.login_ids, ["support"]);
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Api`] if the token is of no impersonation.
    pub fn stop_impersonation(&self, jwt: &str, options: &JwtOptions) -> Result<Secret> {
        self.0.post("/v1/mgmt/stop/impersonation").jwt(jwt).fields(options).send_field("jwt")
    }

    /// Signs a user in, without asking them for anything.
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// # emulator.seed(&serde_json::json!({ "users": [{ "loginId": "ada@example.com" }] })).unwrap();
    /// let signed_in = client.mgmt().jwt().sign_in("ada@example.com", &Default::default())?;
    /// assert!(client.auth().session().validate(signed_in.session_token()).is_ok());
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Argument`] if step-up, MFA or the end of other sessions is asked for without
    /// [`jwt`](field@SignIn::jwt), [`Error::Api`] if there is no such user.
    pub fn sign_in(&self, login_id: &str, options: &SignIn) -> Result<AuthInfo> {
        let call = self.0.post("/v1/mgmt/auth/signin");
        match &options.jwt {
            Some(jwt) => call.jwt(jwt.expose()),
            None => call.check(options.check_without_jwt()),
        }
        .check(check::id("login_id", login_id))
        .field("loginId", login_id)
        .fields(options)
        .send_sign_in()
    }

    /// Registers a user and signs them in, without asking them for anything.
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// use descope::UserDetails;
    /// use descope::mgmt::jwt::SignUp;
    ///
    /// let ada = UserDetails::default().name("Ada Lovelace").email("ada@example.com");
    /// let options = SignUp::default().user(ada).verified_email(true);
    /// let signed_in = client.mgmt().jwt().sign_up("ada@example.com", &options)?;
    /// assert!(signed_in.user.verified_email);
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`USER_ALREADY_EXISTS`](crate::codes::USER_ALREADY_EXISTS) if the login ID is taken.
    pub fn sign_up(&self, login_id: &str, options: &SignUp) -> Result<AuthInfo> {
        self.0.post("/v1/mgmt/auth/signup").register(login_id, options).send_sign_in()
    }

    /// Signs a user in, who is registered if they are new, without asking them for anything.
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// let jwts = client.mgmt().jwt();
    /// let first = jwts.sign_up_or_in("ada@example.com", &Default::default())?;
    /// let second = jwts.sign_up_or_in("ada@example.com", &Default::default())?;
    /// assert_eq!(first.user.user_id, second.user.user_id);
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Those of [every management call](crate::mgmt::Mgmt#errors).
    pub fn sign_up_or_in(&self, login_id: &str, options: &SignUp) -> Result<AuthInfo> {
        self.0.post("/v1/mgmt/auth/signup-in").register(login_id, options).send_sign_in()
    }

    /// Starts a session of somebody who is no user. The answer's user is empty.
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// use descope::mgmt::jwt::JwtOptions;
    ///
    /// let options = JwtOptions::default().custom_claims([("cart", "C7")]);
    /// let guest = client.mgmt().jwt().anonymous(&options)?;
    /// let claims = client.auth().session().validate(guest.session_token())?;
    /// assert_eq!(claims.get::<String>("cart")?.as_deref(), Some("C7"));
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Those of [every management call](crate::mgmt::Mgmt#errors).
    pub fn anonymous(&self, options: &JwtOptions) -> Result<AuthInfo> {
        self.0.post("/v1/mgmt/auth/anonymous").fields(options).send_sign_in()
    }
}

impl Call<'_> {
    /// A token to look at, in the body.
    fn jwt(self, jwt: &str) -> Self {
        self.token("jwt", jwt).field("jwt", jwt)
    }

    fn impersonation(self, impersonator_id: &str, login_id: &str, options: &Impersonation) -> Self {
        self.check(check::id("impersonator_id", impersonator_id))
            .check(check::id("login_id", login_id))
            .field("impersonatorId", impersonator_id)
            .field("loginId", login_id)
            .fields(options)
    }

    fn register(self, login_id: &str, options: &SignUp) -> Self {
        self.check(check::id("login_id", login_id)).field("loginId", login_id).fields(options)
    }
}

/// Options of [`Jwts::update`].
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct UpdateJwt {
    /// The claims to add.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub custom_claims: Option<Map<String, Value>>,
    /// How long a refresh token is good from now on, in whole seconds on the wire. Defaults to what
    /// the token says.
    #[serde(serialize_with = "crate::time::span", skip_serializing_if = "Option::is_none")]
    pub refresh_duration: Option<Duration>,
}

setters!(UpdateJwt { custom_claims: opt_map<Value>, refresh_duration: opt<Duration> });

/// Options of [`Jwts::anonymous`] and [`Jwts::stop_impersonation`].
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct JwtOptions {
    /// Claims to put into the tokens.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub custom_claims: Option<Map<String, Value>>,
    /// The tenant to make the current one, as the claim `dct`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub selected_tenant: Option<String>,
    /// How long the refresh token is good, in whole seconds on the wire. Defaults to the project's
    /// setting.
    #[serde(serialize_with = "crate::time::span", skip_serializing_if = "Option::is_none")]
    pub refresh_duration: Option<Duration>,
}

setters!(JwtOptions {
    custom_claims: opt_map<Value>, selected_tenant: opt<String>, refresh_duration: opt<Duration>,
});

/// Options of [`Jwts::impersonate`].
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Impersonation {
    /// Whether the one who is impersonated must have consented. Defaults to `false`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub validate_consent: Option<bool>,
    /// Whether the session is a step-up one. Defaults to `false`.
    #[serde(skip)]
    pub stepup: Option<bool>,
    /// Claims to put into the tokens.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub custom_claims: Option<Map<String, Value>>,
    /// The tenant to make the current one, as the claim `dct`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub selected_tenant: Option<String>,
    /// How long the refresh token is good, in whole seconds on the wire. Defaults to the project's
    /// setting.
    #[serde(serialize_with = "crate::time::span", skip_serializing_if = "Option::is_none")]
    pub refresh_duration: Option<Duration>,
}

setters!(Impersonation {
    validate_consent: opt<bool>, stepup: opt<bool>, custom_claims: opt_map<Value>,
    selected_tenant: opt<String>, refresh_duration: opt<Duration>,
});

/// Options of [`Jwts::sign_in`].
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct SignIn {
    /// Raises the session of [`jwt`](Self::jwt) to a step-up session.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stepup: Option<bool>,
    /// Adds this sign-in to the session of [`jwt`](Self::jwt) as one more factor.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mfa: Option<bool>,
    /// Ends all other sessions of the user.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub revoke_other_sessions: Option<bool>,
    /// Which kinds of session `revoke_other_sessions` ends. Defaults to all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub revoke_other_sessions_types: Option<Vec<String>>,
    /// The refresh token of the user's session. Required with any of the above.
    #[serde(skip)]
    pub jwt: Option<Secret>,
    /// Claims to put into the session token.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub custom_claims: Option<Map<String, Value>>,
    /// The tenant to sign in to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tenant_id: Option<String>,
    /// How long the refresh token is good, in whole seconds on the wire. Defaults to the project's
    /// setting.
    #[serde(serialize_with = "crate::time::span", skip_serializing_if = "Option::is_none")]
    pub refresh_duration: Option<Duration>,
}

setters!(SignIn {
    stepup: opt<bool>, mfa: opt<bool>, revoke_other_sessions: opt<bool>,
    revoke_other_sessions_types: opt_list<String>, jwt: opt<Secret>, custom_claims: opt_map<Value>,
    tenant_id: opt<String>, refresh_duration: opt<Duration>,
});

impl SignIn {
    fn check_without_jwt(&self) -> Result<()> {
        let flags = [self.stepup, self.mfa, self.revoke_other_sessions];
        if flags.contains(&Some(true)) || self.revoke_other_sessions_types.is_some() {
            let reason = "is required for step-up, MFA and the end of other sessions";
            return Err(Error::argument("jwt", reason));
        }
        Ok(())
    }
}

/// Options of [`Jwts::sign_up`] and [`Jwts::sign_up_or_in`].
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct SignUp {
    /// What is known of the user.
    pub user: UserDetails,
    /// Whether the e-mail address is known to be theirs. Defaults to `false`.
    #[serde(rename = "emailVerified", skip_serializing_if = "Option::is_none")]
    pub verified_email: Option<bool>,
    /// Whether the phone number is known to be theirs. Defaults to `false`.
    #[serde(rename = "phoneVerified", skip_serializing_if = "Option::is_none")]
    pub verified_phone: Option<bool>,
    /// An SSO application they may use.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sso_app_id: Option<String>,
    /// Claims to put into the session token.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub custom_claims: Option<Map<String, Value>>,
    /// How long the refresh token is good, in whole seconds on the wire. Defaults to the project's
    /// setting.
    #[serde(serialize_with = "crate::time::span", skip_serializing_if = "Option::is_none")]
    pub refresh_duration: Option<Duration>,
}

setters!(SignUp {
    user: nested<UserDetails>,
    verified_email: opt<bool>, verified_phone: opt<bool>, sso_app_id: opt<String>,
    custom_claims: opt_map<Value>, refresh_duration: opt<Duration>,
});
