//! Sessions: checking, refreshing and ending them, and what a signed-in user may ask. Feature
//! `session`.

mod logout;

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

pub use self::logout::LogoutOptions;
use super::{Auth, AuthInfo, Token};
use crate::call::Call;
use crate::check;
use crate::client::Client;
use crate::digest::digest;
use crate::error::{Error, Result, TokenError};
use crate::extra::Extra;
use crate::json::DecodeError;
use crate::jwt::{Claims, Kind, Named, Origin};
use crate::models::{SignInRecord, User};
use crate::options::setters;
use crate::secret::Secret;
use crate::transport::{TransportError, TransportErrorKind};

/// Sessions; see [`Auth::session`].
#[derive(Clone, Copy, Debug)]
pub struct Sessions<'c>(&'c Client);

impl<'c> Auth<'c> {
    /// Sessions: checking, refreshing and ending them.
    pub fn session(self) -> Sessions<'c> {
        Sessions(self.0)
    }
}

/// # Checking and refreshing
impl<'c> Sessions<'c> {
    /// Checks a session token with the project's published keys. The client only calls Descope to fetch
    /// the keys, once in a while.
    ///
    /// It checks signature, issuer, audience and times; see [`TokenError`] for each refusal. A local check
    /// cannot know whether the session was ended before its token expires. Keep session tokens
    /// short-lived, and ask [`me`](Self::me) or [`refresh`](Self::refresh) where it matters.
    ///
    /// A refresh token is refused. Other tokens that Descope signs with the project's keys pass, as in the
    /// official SDKs: access tokens of inbound applications, ID tokens, and tokens of an impersonation.
    /// If your project issues such tokens, recognize them by [`Claims::scopes`], [`Claims::is_id_token`]
    /// and [`Claims::actor`]; see the [security guide](crate::guide::security).
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// # let token = emulator.issue_token(serde_json::json!({"sub": "U2ada", "drn": "DS"})).expect("a token");
    /// match client.auth().session().validate(&token) {
    ///     Ok(claims) => println!("hello, {}", claims.user_id()),
    ///     Err(error) if error.is_token_expired() => println!("refresh, please"),
    ///     Err(error) if error.is_unavailable() => println!("cannot tell now: {error}"),
    ///     Err(error) if error.is_misconfigured() => println!("correct the setup: {error}"),
    ///     Err(error) => println!("sign in, please: {error}"),
    /// }
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Token`] for each refusal. If the token cannot be checked now,
    /// [`is_unavailable`](Error::is_unavailable) is true: answer HTTP status 503. If the client is set up
    /// wrongly, [`is_misconfigured`](Error::is_misconfigured) is true: answer 500. Neither is a reason to sign
    /// the user out.
    pub fn validate(&self, session_token: &str) -> Result<Claims> {
        Ok(self.0.verify(session_token, Kind::Session, Origin::Caller)?)
    }

    /// Gets a new session token.
    ///
    /// The refresh token is checked locally first, and a session token (claim `drn`) is not sent. The
    /// answer must be for the same user. It contains the refresh token to use from now on: a new one if
    /// the project rotates them, else the one that you passed. Threads that refresh with the same token at
    /// the same time share one call and its answer.
    ///
    /// This always asks Descope, even if the session is known to have ended. The guard of the feature
    /// `web` remembers ended sessions for two minutes, because its visitors decide how often it asks.
    ///
    /// ```
    /// # use descope::auth::DeliveryMethod;
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// # client.auth().otp().sign_up_or_in(DeliveryMethod::Email, "ada@example.com", &Default::default())?;
    /// # let code = emulator.inbox().last_to("ada@example.com").unwrap().code.unwrap();
    /// # let signed_in = client.auth().otp().verify(DeliveryMethod::Email, "ada@example.com", &code)?;
    /// let refresh_token = signed_in.refresh_token().unwrap();
    /// let refreshed = client.auth().session().refresh(refresh_token)?;
    /// assert_eq!(refreshed.claims().user_id(), signed_in.claims().user_id());
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Token`] if the token fails the local check, with
    /// [`TokenError::SessionExpired`] if it has expired; [`Error::Api`] with HTTP status 401 if the
    /// session was ended; [`Error::Decode`] if the answer is for another user. Threads that share a call
    /// share its error too, such as a timeout at the deadline of the thread that made the call.
    pub fn refresh(&self, refresh_token: &str) -> Result<AuthInfo> {
        self.renew(&self.check_refresh_token(refresh_token)?, Memory::Ignored)
    }

    /// Checks a refresh token by the project's published keys.
    pub(crate) fn check_refresh_token(self, refresh_token: &str) -> Result<Token> {
        let token = Token::read(self.0, refresh_token.into(), Kind::Any, Origin::Caller);
        let token = token.map_err(|error| match error {
            Error::Token(TokenError::Expired { by }) => TokenError::SessionExpired { by }.into(),
            error => error,
        })?;
        if token.claims.get::<String>("drn").ok().flatten().as_deref() == Some(SESSION) {
            return Err(TokenError::NotARefreshToken.into());
        }
        Ok(token)
    }

    /// Gets a new session token for a refresh token that has been checked.
    pub(crate) fn renew(self, refresh: &Token, memory: Memory) -> Result<AuthInfo> {
        let client = self.0;
        let refreshes = client.refreshes();
        let digest = digest(refresh.jwt.expose());
        let now = || client.clock().monotonic();
        let answer = refreshes.under_way.run(digest, client.deadline(), || {
            let known = refreshes.ended(&digest, now()).filter(|_| memory == Memory::Used);
            Arc::new(match known {
                Some(error) => Err(error),
                None => self
                    .refresh_call(refresh.jwt.expose())
                    .with_keys()
                    .and_then(Call::execute)
                    .inspect_err(|error| refreshes.remember(digest, error, now())),
            })
        });
        let info = match answer.as_deref() {
            Some(Ok(answer)) => AuthInfo::read(client, answer, Some(refresh.clone()))?,
            Some(Err(error)) => return Err(error.clone()),
            None => {
                let kind = TransportErrorKind::Timeout;
                let text = "another thread's refresh of this token did not end";
                return Err(TransportError::new(kind, text).into());
            }
        };
        if info.refresh_token() != Some(refresh.jwt.expose()) {
            refreshes.note_rotation();
        }
        of_user(info, refresh.claims.user_id())
    }

    /// Gets a new session token like [`refresh`](Self::refresh), with options. Threads do not share a call
    /// that sends a token of another vendor.
    ///
    /// ```no_run
    /// # let client = descope::Client::new("P2abc")?;
    /// # let (refresh_token, external_token) = ("", "");
    /// use descope::auth::session::RefreshOptions;
    ///
    /// let options = RefreshOptions::default().external_token(external_token);
    /// let refreshed = client.auth().session().refresh_with(refresh_token, &options)?;
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As for [`refresh`](Self::refresh), and [`Error::Argument`] for an external token that is empty or has
    /// more than 16 KiB.
    pub fn refresh_with(&self, refresh_token: &str, options: &RefreshOptions) -> Result<AuthInfo> {
        let Some(external_token) = &options.external_token else {
            return self.refresh(refresh_token);
        };
        check::secret("external_token", external_token.expose())?;
        let refresh = self.check_refresh_token(refresh_token)?;
        let info = self
            .refresh_call(refresh_token)
            .secret("externalToken", external_token.expose())
            .send_sign_in_keeping(Some(refresh.clone()))?;
        of_user(info, refresh.claims.user_id())
    }

    fn refresh_call<'t>(self, refresh_token: &'t str) -> Call<'t>
    where
        'c: 't,
    {
        // A project that rotates refresh tokens ends the session if a spent one comes again.
        let call = self.0.post("/v1/auth/refresh").bearer("refresh_token", refresh_token).once();
        call.fields(&json!({}))
    }

    /// Checks a session token, and refreshes the session if the token does not pass.
    ///
    /// Either token may be empty, as when its cookie is missing. There is no refresh if the signing keys
    /// are unavailable, because the state of the session is then unknown. There is also no refresh if the
    /// refresh token belongs to another user than the expired session token.
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// # let session_token = emulator.issue_token(serde_json::json!({"sub": "U2ada", "drn": "DS"})).expect("a token");
    /// # let refresh_token = "";
    /// use descope::auth::session::SessionTokens;
    ///
    /// let tokens = SessionTokens { session: &session_token, refresh: refresh_token };
    /// let checked = client.auth().session().validate_and_refresh(tokens)?;
    /// if let Some(refreshed) = &checked.refreshed {
    ///     // hand the new tokens to the user
    ///     # let _ = refreshed.session_token();
    /// }
    /// println!("hello, {}", checked.claims.user_id());
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Those of [`validate`](Self::validate) if there is no refresh token, else those of
    /// [`refresh`](Self::refresh); [`TokenError::OtherUser`] if the two tokens belong to different users.
    pub fn validate_and_refresh(&self, tokens: SessionTokens<'_>) -> Result<CheckedSession> {
        let SessionTokens { session: session_token, refresh: refresh_token } = tokens;
        let refused = match self.validate(session_token) {
            Ok(claims) => return Ok(CheckedSession { claims, refreshed: None }),
            Err(error) => error,
        };
        let undecided = refused.is_unavailable() || refused.is_misconfigured();
        if refresh_token.is_empty() || undecided {
            return Err(refused);
        }
        let refresh = self.check_refresh_token(refresh_token)?;
        // Only a token whose signature is good is refused for these.
        if let Error::Token(TokenError::Expired { .. } | TokenError::NotASession) = refused
            && let Some(named) = Named::read(session_token)
        {
            named.check_user(&refresh.claims)?;
        }
        let refreshed = self.renew(&refresh, Memory::Ignored)?;
        Ok(CheckedSession { claims: refreshed.claims().clone(), refreshed: Some(refreshed) })
    }
}

/// # What a signed-in user may ask
impl Sessions<'_> {
    /// The user, as Descope knows them now.
    ///
    /// This asks Descope, so you also learn whether the session has ended.
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// # emulator.seed(&serde_json::json!({ "users": [{ "loginId": "ada" }] })).unwrap();
    /// # let signed_in = client.mgmt().jwt().sign_in("ada", &Default::default())?;
    /// # let refresh_token = signed_in.refresh_token().unwrap();
    /// let user = client.auth().session().me(refresh_token)?;
    /// assert_eq!(user.login_ids, ["ada"]);
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Api`] with HTTP status 401 if the session has ended.
    pub fn me(&self, refresh_token: &str) -> Result<User> {
        self.0.get("/v1/auth/me").bearer("refresh_token", refresh_token).send()
    }

    /// The user's past sign-ins.
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// # emulator.seed(&serde_json::json!({ "users": [{ "loginId": "ada" }] })).unwrap();
    /// # let signed_in = client.mgmt().jwt().sign_in("ada", &Default::default())?;
    /// # let refresh_token = signed_in.refresh_token().unwrap();
    /// for sign_in in client.auth().session().load_history(refresh_token)? {
    ///     println!("{:?} from {:?}", sign_in.login_time, sign_in.ip);
    /// }
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As for [`me`](Self::me).
    pub fn load_history(&self, refresh_token: &str) -> Result<Vec<SignInRecord>> {
        let call = self.0.get("/v1/auth/me/history").bearer("refresh_token", refresh_token);
        call.send_bare_list("authHistory")
    }

    /// Tenants the user belongs to.
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// # emulator.seed(&serde_json::json!({ "tenants": [{ "id": "acme", "name": "Acme" }],
    /// #     "users": [{ "loginId": "ada", "userTenants": [{ "tenantId": "acme" }] }] })).unwrap();
    /// # let signed_in = client.mgmt().jwt().sign_in("ada", &Default::default())?;
    /// # let refresh_token = signed_in.refresh_token().unwrap();
    /// use descope::auth::session::MyTenants;
    ///
    /// let session = client.auth().session();
    /// let some = session.load_my_tenants(MyTenants::Ids(&["acme", "umbrella"]), refresh_token)?;
    /// assert_eq!(some[0].name, "Acme");
    ///
    /// let selected = session.select_tenant("acme", refresh_token)?;
    /// # let refresh_token = selected.refresh_token().unwrap();
    /// let current = session.load_my_tenants(MyTenants::Current, refresh_token)?;
    /// assert_eq!(current, some);
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As for [`me`](Self::me).
    pub fn load_my_tenants(
        &self,
        which: MyTenants<'_>,
        refresh_token: &str,
    ) -> Result<Vec<MyTenant>> {
        let call = self.0.post("/v1/auth/me/tenants").safe().bearer("refresh_token", refresh_token);
        match which {
            MyTenants::Current => call.field("dct", true),
            MyTenants::Ids([]) => call.check(Err(Error::argument("ids", "must not be empty"))),
            MyTenants::Ids(ids) => ids
                .iter()
                .fold(call, |call, id| call.check(check::id("ids", id)))
                .field("dct", false)
                .field("ids", ids),
        }
        .send_list("tenants")
    }

    /// Selects one of the user's tenants. The new tokens name it in the claim `dct`. If the answer
    /// contains no refresh token, the old one stays valid.
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// # emulator.seed(&serde_json::json!({ "tenants": [{ "id": "acme", "name": "Acme" }],
    /// #     "users": [{ "loginId": "ada", "userTenants": [{ "tenantId": "acme" }] }] })).unwrap();
    /// # let signed_in = client.mgmt().jwt().sign_in("ada", &Default::default())?;
    /// # let refresh_token = signed_in.refresh_token().unwrap();
    /// let in_tenant = client.auth().session().select_tenant("acme", refresh_token)?;
    /// assert_eq!(in_tenant.claims().current_tenant(), Some("acme"));
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Api`] if the user does not belong to the tenant; [`Error::Decode`] if the answer is for
    /// another user.
    pub fn select_tenant(&self, tenant_id: &str, refresh_token: &str) -> Result<AuthInfo> {
        let call = self.0.post("/v1/auth/tenant/select").bearer("refresh_token", refresh_token);
        let call = call.check(check::id("tenant_id", tenant_id)).field("tenant", tenant_id);
        let mut selected = call.once().send_sign_in()?;
        if selected.refresh.is_none() {
            let kept = Token::read(self.0, refresh_token.into(), Kind::Any, Origin::Caller);
            selected.refresh = kept.ok();
        }
        // Descope has taken the token, and so it is what it says.
        match Named::read(refresh_token) {
            Some(named) => of_user(selected, named.user_id()),
            None => Ok(selected),
        }
    }
}

/// The `drn` of session tokens in a project that has not chosen another.
const SESSION: &str = "DS";

/// Whether a refresh counts on what Descope said of the same token before.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Memory {
    Ignored,
    Used,
}

/// A sign-in, if all of its tokens are this user's.
fn of_user(info: AuthInfo, user_id: &str) -> Result<AuthInfo> {
    let tokens = [Some(&info.session), info.refresh.as_ref()];
    if tokens.into_iter().flatten().all(|token| token.claims.user_id() == user_id) {
        Ok(info)
    } else {
        Err(DecodeError::new("the tokens are of another user than the refresh token").into())
    }
}

/// The tokens of one session. Either may be empty, as when its cookie is missing.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub struct SessionTokens<'t> {
    /// The session token.
    pub session: &'t str,
    /// The refresh token.
    pub refresh: &'t str,
}

impl fmt::Debug for SessionTokens<'_> {
    /// Shows which of the two there are, and nothing of them.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = |token: &str| if token.is_empty() { "" } else { "[redacted]" };
        f.debug_struct("SessionTokens")
            .field("session", &shown(self.session))
            .field("refresh", &shown(self.refresh))
            .finish()
    }
}

/// Options of [`Sessions::refresh_with`].
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct RefreshOptions {
    /// A token of another vendor, from which to move the user's session.
    pub external_token: Option<Secret>,
}

setters!(RefreshOptions { external_token: opt<Secret> });

/// The outcome of [`Sessions::validate_and_refresh`].
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct CheckedSession {
    /// The claims of the session token, or of the new one after a refresh.
    pub claims: Claims,
    /// The new tokens to hand to the user, if the session had to be refreshed.
    pub refreshed: Option<AuthInfo>,
}

/// Which tenants [`Sessions::load_my_tenants`] returns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum MyTenants<'a> {
    /// The selected tenant (claim `dct`).
    Current,
    /// The tenants with these IDs that the user belongs to.
    Ids(&'a [&'a str]),
}

/// A tenant, as its members can see it.
#[derive(Clone, Debug, Default, Deserialize, Serialize, PartialEq)]
#[serde(default, rename_all = "camelCase")]
#[non_exhaustive]
pub struct MyTenant {
    /// The tenant's ID.
    pub id: String,
    /// The tenant's name.
    pub name: String,
    /// Attributes defined by the project.
    pub custom_attributes: Map<String, Value>,
    /// All other fields, such as those that a newer Descope adds.
    #[serde(flatten)]
    pub extra: Extra,
}
