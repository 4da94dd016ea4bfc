//! Changing tokens, signing users in, impersonation.

use super::{Anonymous, Impersonation, JwtOptions, Jwts, SignIn, SignUp, UpdateJwt};
use crate::auth::AuthInfo;
use crate::check;
use crate::error::Result;
use crate::secret::Secret;

/// # Changing tokens, and impersonation
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
    /// [`Error::Api`](crate::Error::Api) if the token is not valid.
    pub fn update(&self, token: &str, options: &UpdateJwt) -> Result<Secret> {
        self.0.post("/v1/mgmt/jwt/update").jwt("token", token).fields(options).send_field("jwt")
    }

    /// Lets a user act as another: returns a refresh token of the other, with the claim `act` that
    /// says who acts. [`Sessions::refresh`](crate::auth::session::Sessions::refresh) makes a session of
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
    /// [`Error::Api`](crate::Error::Api) if either is unknown, the permission is missing, or consent is
    /// asked for and missing.
    pub fn impersonate(
        &self,
        impersonator_id: &str,
        login_id: &str,
        options: &Impersonation,
    ) -> Result<Secret> {
        self.0
            .post("/v1/mgmt/impersonate")
            .impersonation(impersonator_id, login_id, options)
            .send_field("jwt")
    }

    /// Lets a user act as another in a step-up session; see [`impersonate`](Self::impersonate).
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

    /// Ends an impersonation, given its refresh token: returns a refresh token of the user who acted.
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
    /// [`Error::Api`](crate::Error::Api) if the token is of no impersonation.
    pub fn stop_impersonation(&self, refresh_token: &str, options: &JwtOptions) -> Result<Secret> {
        self.0
            .post("/v1/mgmt/stop/impersonation")
            .jwt("refresh_token", refresh_token)
            .fields(options)
            .send_field("jwt")
    }
}

/// # Signing users in without asking them
impl Jwts<'_> {
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
    /// [`Error::Api`](crate::Error::Api) if there is no such user.
    pub fn sign_in(&self, login_id: &str, options: &SignIn) -> Result<AuthInfo> {
        let call = self
            .0
            .post("/v1/mgmt/auth/signin")
            .check(check::id("login_id", login_id))
            .field("loginId", login_id)
            .fields(options);
        match &options.session {
            Some(session) => call.jwt("refresh_token", session.refresh_token.expose()),
            None => call,
        }
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
    /// use descope::mgmt::jwt::{Anonymous, JwtOptions};
    ///
    /// let token = JwtOptions::default().custom_claims([("cart", "C7")]);
    /// let options = Anonymous::default().token(token);
    /// let guest = client.mgmt().jwt().anonymous(&options)?;
    /// let claims = client.auth().session().validate(guest.session_token())?;
    /// assert_eq!(claims.get::<String>("cart")?.as_deref(), Some("C7"));
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Those of [every management call](crate::mgmt::Mgmt#errors).
    pub fn anonymous(&self, options: &Anonymous) -> Result<AuthInfo> {
        self.0.post("/v1/mgmt/auth/anonymous").fields(options).send_sign_in()
    }
}
