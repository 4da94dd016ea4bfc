//! Where a program gets its access tokens from.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::keeper::{Keeper, Patience};
use super::{StoredTokens, TokenStore};
use crate::client::Client;
use crate::error::Result;
use crate::secret::Secret;

/// Has a valid access token at any time.
///
/// Clones are cheap, and share what they know. Threads that ask at the same time share one renewal, and processes
/// that share a [store](TokenStore) take turns; see the [module](super). All times are those of the client's clock.
///
/// A source looks at the store when the token that it knows is due. It thus learns only then that another process
/// has signed out or in.
#[derive(Clone)]
pub struct TokenSource {
    keeper: Arc<Keeper>,
    patience: Patience,
}

/// # With a closure of your own
impl TokenSource {
    /// Tokens that a refresh token renews, by a closure that gets new tokens for it. A sign-in is needed first.
    ///
    /// Use this for a token endpoint that this crate has no functions for. What the new tokens lack, such as a
    /// refresh token, is taken over from the stored ones. The closure must not try again after the server may have
    /// got its request: with rotation, that would end the session.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use descope::tokens::{MemoryStore, StoredTokens, TokenSource};
    /// use descope::{Secret, UnixTime};
    ///
    /// # let client = descope::Client::builder().emulator(&descope::emulator::Emulator::new()).build()?;
    /// # struct Answer { access_token: String, refresh_token: String, expires_in: i64 }
    /// # fn ask_the_server(token: &str) -> descope::Result<Answer> {
    /// #     Ok(Answer { access_token: "A2".into(), refresh_token: format!("{token}+"), expires_in: 300 })
    /// # }
    /// # let now = || UnixTime::from(std::time::SystemTime::now()).as_seconds();
    /// let refresh = move |refresh_token: &Secret| {
    ///     let answer = ask_the_server(refresh_token.expose())?;
    ///     Ok(StoredTokens::new(answer.access_token)
    ///         .refresh_token(answer.refresh_token)
    ///         .expires_at(UnixTime::from_seconds(now() + answer.expires_in)))
    /// };
    /// let source = TokenSource::refreshing(&client, MemoryStore::default(), "default", refresh);
    /// source.sign_in(StoredTokens::new("A1").refresh_token("R1").expires_at(UnixTime::default()))?;
    /// assert_eq!(source.token()?.expose(), "A2");
    /// # assert_eq!(source.peek()?.unwrap().refresh_token.unwrap().expose(), "R1+");
    /// # Ok::<(), descope::Error>(())
    /// ```
    pub fn refreshing(
        client: &Client,
        store: impl TokenStore,
        name: &str,
        refresh: impl Fn(&Secret) -> Result<StoredTokens> + Send + Sync + 'static,
    ) -> Self {
        let refresh = move |token: &Secret, _: &StoredTokens| refresh(token);
        Self::new(Keeper::refreshing(client, store, name, refresh))
    }

    /// Tokens that a program gets with a credential of its own, by a closure. Nobody signs in.
    ///
    /// ```
    /// use descope::tokens::{MemoryStore, StoredTokens, TokenSource};
    /// # let client = descope::Client::builder().emulator(&descope::emulator::Emulator::new()).build()?;
    /// # fn ask_the_server() -> descope::Result<String> { Ok("A1".into()) }
    ///
    /// let issue = || Ok(StoredTokens::new(ask_the_server()?));
    /// let source = TokenSource::issuing(&client, MemoryStore::default(), "reports", issue);
    /// assert_eq!(source.token()?.expose(), "A1");
    /// # Ok::<(), descope::Error>(())
    /// ```
    pub fn issuing(
        client: &Client,
        store: impl TokenStore,
        name: &str,
        issue: impl Fn() -> Result<StoredTokens> + Send + Sync + 'static,
    ) -> Self {
        Self::new(Keeper::issuing(client, store, name, issue))
    }

    pub(super) fn new(keeper: Keeper) -> Self {
        let patience = Patience { leeway: Duration::from_secs(60), lock: Duration::from_secs(60) };
        Self { keeper: Arc::new(keeper), patience }
    }
}

/// # Using them
impl TokenSource {
    /// A valid access token, for the header `Authorization` of your request.
    ///
    /// It is renewed if it expires within the [leeway](Self::with_leeway). If that fails and the token has not
    /// expired, it is returned all the same; see the [module](super).
    ///
    /// # Errors
    ///
    /// Those of the renewal, once the token has expired; [`Error::Store`](crate::Error::Store) if the store fails.
    /// Ask [`is_sign_in_required`](crate::Error::is_sign_in_required) whether the user has to sign in, and
    /// [`is_unavailable`](crate::Error::is_unavailable) whether to try again later. Threads that share a renewal
    /// share its error too.
    pub fn token(&self) -> Result<Secret> {
        self.tokens().map(|tokens| tokens.access_token)
    }

    /// Likewise, with all that is stored.
    ///
    /// # Errors
    ///
    /// As for [`token`](Self::token).
    pub fn tokens(&self) -> Result<StoredTokens> {
        self.keeper.tokens(self.patience, None)
    }

    /// A token in place of one that a server has refused with HTTP status 401, although it should be valid.
    ///
    /// The tokens are renewed unless that has been done already, by whichever thread or process. Call it once per
    /// request, not in a loop.
    ///
    /// ```
    /// # use descope::Secret;
    /// # use descope::tokens::{MemoryStore, TokenSource};
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// # let made = client.mgmt().access_key().create("nightly", &Default::default())?;
    /// # let access_key = made.cleartext.expose();
    /// # let source = TokenSource::access_key(&client, MemoryStore::default(), "nightly", access_key);
    /// # fn request(token: &Secret) -> u16 { 401 }
    /// let mut token = source.token()?;
    /// let mut status = request(&token);
    /// if status == 401 {
    ///     token = source.renew(&token)?;
    ///     status = request(&token);
    /// }
    /// # assert_eq!(emulator.requests("/v1/auth/accesskey/exchange"), 2);
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Those of the renewal, and [`Error::Store`](crate::Error::Store).
    pub fn renew(&self, refused: &Secret) -> Result<Secret> {
        self.keeper.tokens(self.patience, Some(refused)).map(|tokens| tokens.access_token)
    }

    /// What is stored, however old it is. Nothing is renewed.
    ///
    /// # Errors
    ///
    /// [`Error::Store`](crate::Error::Store).
    pub fn peek(&self) -> Result<Option<StoredTokens>> {
        Ok(self.keeper.load()?)
    }

    /// Keeps the tokens of a sign-in, in place of those that are stored.
    ///
    /// # Errors
    ///
    /// [`Error::Store`](crate::Error::Store) if they cannot be saved. They are then not used.
    pub fn sign_in(&self, tokens: impl Into<StoredTokens>) -> Result<()> {
        self.keeper.replace(self.patience, tokens.into())
    }

    /// Deletes the tokens, here and in the store. Returns them, so that you can end the session at the server too, as
    /// with [`logout`](crate::auth::session::Sessions::logout). `None` if there are none, or they cannot be read.
    ///
    /// # Errors
    ///
    /// [`Error::Store`](crate::Error::Store) if they cannot be deleted.
    pub fn sign_out(&self) -> Result<Option<StoredTokens>> {
        self.keeper.delete(self.patience)
    }

    /// Renewed tokens that could not be saved, as because the disk is full. Each call of [`token`](Self::token) tries
    /// to save them again, and does not return them before. They are lost if the program ends, so that the user has to
    /// sign in again.
    pub fn unsaved(&self) -> Option<StoredTokens> {
        self.keeper.unsaved()
    }

    /// A clone that renews a token this long before it expires, but never before half of its lifetime has passed.
    /// Defaults to 60 seconds.
    #[must_use]
    pub fn with_leeway(&self, leeway: Duration) -> Self {
        Self { patience: Patience { leeway, ..self.patience }, ..self.clone() }
    }

    /// A clone that waits this long for another process that renews. Defaults to 60 seconds.
    #[must_use]
    pub fn with_lock_timeout(&self, timeout: Duration) -> Self {
        Self { patience: Patience { lock: timeout, ..self.patience }, ..self.clone() }
    }
}

impl fmt::Debug for TokenSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenSource").field("name", &self.keeper.name).finish_non_exhaustive()
    }
}
