//! The ways in which this crate gets tokens.

#[cfg(any(feature = "access-key", feature = "oidc", feature = "session"))]
use super::keeper::Keeper;
use super::{StoredTokens, TokenSource};
use crate::auth::AuthInfo;
#[cfg(feature = "access-key")]
use crate::auth::access_key::KeySession;
#[cfg(feature = "oidc")]
use crate::jwt::Named;
#[cfg(feature = "oidc")]
use crate::oidc::{App, TokenOptions, Tokens};
#[cfg(any(feature = "access-key", feature = "oidc", feature = "session"))]
use crate::{client::Client, secret::Secret, tokens::TokenStore};

/// # For areas of this crate
impl TokenSource {
    /// The session of a user, renewed by [`refresh`](crate::auth::session::Sessions::refresh). Feature `session`.
    ///
    /// The user signs in by any way you like, and [`sign_in`](Self::sign_in) takes the tokens. `name` is what they
    /// are stored under, such as `default`, or the name of an account if users may have several.
    ///
    /// ```
    /// use descope::auth::DeliveryMethod::Email;
    /// use descope::tokens::{MemoryStore, TokenSource};
    ///
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// let source = TokenSource::session(&client, MemoryStore::default(), "default");
    /// assert!(source.token().unwrap_err().is_sign_in_required());
    ///
    /// client.auth().otp().sign_up_or_in(Email, "ada@example.com", &Default::default())?;
    /// # let code = emulator.inbox().last_to("ada@example.com").unwrap().code.unwrap();
    /// let signed_in = client.auth().otp().verify(Email, "ada@example.com", &code)?;
    /// source.sign_in(&signed_in)?;
    /// assert_eq!(source.token()?.expose(), signed_in.session_token());
    /// # emulator.advance(std::time::Duration::from_secs(3600));
    /// # let token = source.token()?;
    /// # assert!(client.auth().session().validate(token.expose()).is_ok());
    /// # Ok::<(), descope::Error>(())
    /// ```
    #[cfg(feature = "session")]
    pub fn session(client: &Client, store: impl TokenStore, name: &str) -> Self {
        let own = client.clone();
        let refresh = move |token: &Secret, _: &StoredTokens| {
            Ok(StoredTokens::from(&own.auth().session().refresh(token.expose())?))
        };
        Self::new(Keeper::refreshing(client, store, name, refresh).of_origin("session", ""))
    }

    /// The session of an access key, renewed by
    /// [`exchange`](crate::auth::access_key::AccessKeys::exchange). Feature `access-key`.
    ///
    /// Nobody signs in. With a [`FileStore`](super::FileStore), programs that run often need not exchange the key each
    /// time. Tokens that another key or project got are not used, even if they are stored under the same name.
    ///
    /// ```
    /// use descope::tokens::{MemoryStore, TokenSource};
    ///
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// # let made = client.mgmt().access_key().create("nightly", &Default::default())?;
    /// # let access_key = made.cleartext.expose();
    /// let source = TokenSource::access_key(&client, MemoryStore::default(), "nightly", access_key);
    /// let header = format!("Bearer {}", source.token()?.expose());
    /// # emulator.advance(std::time::Duration::from_secs(3600));
    /// # let token = source.token()?;
    /// # assert!(client.auth().session().validate(token.expose()).is_ok());
    /// # assert_eq!(emulator.requests("/v1/auth/accesskey/exchange"), 2);
    /// # Ok::<(), descope::Error>(())
    /// ```
    #[cfg(feature = "access-key")]
    pub fn access_key(
        client: &Client,
        store: impl TokenStore,
        name: &str,
        access_key: impl Into<Secret>,
    ) -> Self {
        let (own, key) = (client.clone(), access_key.into());
        let credential = key.clone();
        let issue = move || {
            let session = own.auth().access_key().exchange(key.expose(), &Default::default())?;
            Ok(StoredTokens::from(&session))
        };
        let keeper = Keeper::issuing(client, store, name, issue);
        Self::new(keeper.of_origin("access-key", credential.expose()))
    }

    /// Tokens of a user who signed in at an application, renewed by [`refresh`](crate::oidc::Oidc::refresh). Feature
    /// `oidc`.
    ///
    /// The user signs in by any flow of [`oidc`](crate::oidc), and [`sign_in`](Self::sign_in) takes the tokens. They
    /// are used by an app with the same server, client ID, resources and `DPoP` key only.
    ///
    /// ```
    /// use descope::oidc::App;
    /// use descope::tokens::{MemoryStore, TokenSource};
    ///
    /// # let emulator = descope::emulator::Emulator::new();
    /// # emulator.seed(&serde_json::json!({
    /// #     "users": [{ "loginId": "ada@example.com" }],
    /// #     "inboundApps": [{ "name": "App", "state": { "clientId": "client-id", "nonConfidentialClient": true } }],
    /// # })).unwrap();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// let app = App::inbound("client-id");
    /// let source = TokenSource::oidc(&client, MemoryStore::default(), "default", &app);
    /// if source.token().is_err_and(|error| error.is_sign_in_required()) {
    ///     let oidc = client.oidc(&app);
    ///     let device = oidc.start_device(&Default::default())?;
    ///     println!("Go to {} and enter {}", device.verification_uri, device.user_code);
    ///     # emulator.oidc().approve_device(&device.user_code, "ada@example.com").unwrap();
    ///     if let Some(tokens) = oidc.wait_for_device(&device, &Default::default(), || true)? {
    ///         source.sign_in(&tokens)?;
    ///     }
    /// }
    /// # assert!(source.token().is_ok());
    /// # Ok::<(), descope::Error>(())
    /// ```
    #[cfg(feature = "oidc")]
    pub fn oidc(client: &Client, store: impl TokenStore, name: &str, app: &App) -> Self {
        let (own, own_app) = (client.clone(), app.clone());
        let refresh = move |token: &Secret, stored: &StoredTokens| {
            // It was checked when it came.
            let known = stored.id_token.as_ref().and_then(|token| Named::read(token.expose()));
            let (oidc, options) = (own.oidc(&own_app), TokenOptions::default());
            let subject = known.as_ref().map(Named::user_id);
            Ok(StoredTokens::from(&oidc.refresh_of(token.expose(), subject, &options)?))
        };
        let keeper = Keeper::refreshing(client, store, name, refresh);
        Self::new(keeper.of_origin("oidc", &app.identity()))
    }

    /// Tokens of the program itself, got by
    /// [`client_credentials`](crate::oidc::Oidc::client_credentials). Feature `oidc`.
    ///
    /// Nobody signs in. Tokens that another app or other options got are not used, even if they are stored under the
    /// same name.
    ///
    /// ```
    /// use descope::oidc::{App, TokenOptions};
    /// use descope::tokens::{MemoryStore, TokenSource};
    ///
    /// # let emulator = descope::emulator::Emulator::new();
    /// # emulator.seed(&serde_json::json!({
    /// #     "inboundApps": [{
    /// #         "name": "App", "permissionsScopes": [{ "name": "reports", "values": [] }],
    /// #         "state": { "clientId": "client-id", "secrets": [{ "id": "1", "cleartext": "s3cret" }] },
    /// #     }],
    /// # })).unwrap();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// let app = App::inbound("client-id").secret("s3cret");
    /// let options = TokenOptions::default().scopes(["reports"]);
    /// let store = MemoryStore::default();
    /// let source = TokenSource::client_credentials(&client, store, "reports", &app, &options);
    /// let header = format!("Bearer {}", source.token()?.expose());
    /// # Ok::<(), descope::Error>(())
    /// ```
    #[cfg(feature = "oidc")]
    pub fn client_credentials(
        client: &Client,
        store: impl TokenStore,
        name: &str,
        app: &App,
        options: &TokenOptions,
    ) -> Self {
        let (own, own_app, own_options) = (client.clone(), app.clone(), options.clone());
        let issue =
            move || Ok(StoredTokens::from(&own.oidc(&own_app).client_credentials(&own_options)?));
        let parameters = options.parameters.iter().map(|(name, value)| format!("{name}={value}"));
        let lists = [&options.scopes, &options.resources, &options.audiences];
        let mut parts = vec![app.identity()];
        parts.extend(lists.map(|list| list.join(" ")));
        parts.extend(parameters);
        let keeper = Keeper::issuing(client, store, name, issue);
        Self::new(keeper.of_origin("client-credentials", &parts.join("\n")))
    }
}

/// The tokens of a user who has signed in. The session token is the access token.
impl From<&AuthInfo> for StoredTokens {
    fn from(info: &AuthInfo) -> Self {
        let mut tokens = Self::new(info.session.jwt.clone());
        tokens.refresh_token = info.refresh.as_ref().map(|token| token.jwt.clone());
        tokens.expires_at = Some(info.claims().expires_at());
        tokens
    }
}

/// The token of an access key's session.
#[cfg(feature = "access-key")]
impl From<&KeySession> for StoredTokens {
    fn from(session: &KeySession) -> Self {
        let expires_at = session.session.claims.expires_at();
        Self::new(session.session.jwt.clone()).expires_at(expires_at)
    }
}

/// The tokens of a token endpoint.
#[cfg(feature = "oidc")]
impl From<&Tokens> for StoredTokens {
    fn from(tokens: &Tokens) -> Self {
        let extra = tokens.extra.iter().map(|(name, value)| (name.clone(), value.clone()));
        let mut stored = Self::new(tokens.access_token.clone()).extra(extra);
        stored.refresh_token.clone_from(&tokens.refresh_token);
        stored.id_token.clone_from(&tokens.id_token);
        stored.token_type = Some(tokens.token_type.clone());
        stored.scopes.clone_from(&tokens.scopes);
        stored.expires_at = tokens.expires_at;
        stored
    }
}

/// For functions such as [`user_info`](crate::oidc::Oidc::user_info). The claims of the ID token are not stored: check
/// it again if you need them.
#[cfg(feature = "oidc")]
impl From<&StoredTokens> for Tokens {
    fn from(stored: &StoredTokens) -> Self {
        let mut tokens = Self::new(stored.access_token.clone());
        tokens.refresh_token.clone_from(&stored.refresh_token);
        tokens.id_token.clone_from(&stored.id_token);
        if let Some(token_type) = &stored.token_type {
            tokens.token_type.clone_from(token_type);
        }
        tokens.scopes.clone_from(&stored.scopes);
        tokens.expires_at = stored.expires_at;
        tokens.extra = stored.extra.clone();
        tokens
    }
}
