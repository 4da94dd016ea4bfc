//! One renewal for all threads and processes.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::{StoredTokens, TokenStore};
use crate::client::Client;
use crate::digest::{Digest, digest, hex};
use crate::error::{Error, Result, StoreError, StoreErrorKind};
use crate::flight::Flights;
use crate::json::DecodeError;
use crate::secret::Secret;
use crate::transport::{TransportError, TransportErrorKind};

/// After a renewal that failed, a token that still lives is used for so long before the next try.
const PAUSE: Duration = Duration::from_secs(10);

/// How long a refusal is remembered.
const MEMORY: Duration = Duration::from_secs(120);

/// Takes the refresh token, and the tokens that it came with.
type Refresh = dyn Fn(&Secret, &StoredTokens) -> Result<StoredTokens> + Send + Sync;
type Issue = dyn Fn() -> Result<StoredTokens> + Send + Sync;

/// How new tokens are got.
enum Renewal {
    /// With the refresh token that a sign-in brought.
    Refresh(Box<Refresh>),
    /// With a credential of the program's own.
    Issue(Box<Issue>),
}

/// What all clones of a source share.
pub(super) struct Keeper {
    client: Client,
    store: Box<dyn TokenStore>,
    pub(super) name: String,
    /// For whom the tokens are, if that matters.
    origin: Option<String>,
    renewal: Renewal,
    /// By the access token that was refused, if one was.
    flights: Flights<Option<Digest>, Result<StoredTokens>>,
    memory: Mutex<Memory>,
}

/// How patient a source is.
#[derive(Clone, Copy, Debug)]
pub(super) struct Patience {
    /// How long before its end a token is renewed.
    pub(super) leeway: Duration,
    /// How long another process may hold the lock.
    pub(super) lock: Duration,
}

#[derive(Default)]
struct Memory {
    /// What the store is known to hold.
    stored: Option<StoredTokens>,
    /// How often that has changed.
    changes: u64,
    /// What could not be saved yet.
    unsaved: Option<Unsaved>,
    /// Until then, by the monotonic clock, a token that lives is not renewed.
    pause: Option<Duration>,
    /// Which refresh token was refused for good, when, and how.
    refusal: Option<(Digest, Duration, Error)>,
}

impl Memory {
    fn hold(&mut self, stored: Option<StoredTokens>) {
        self.stored = stored;
        self.changes += 1;
    }

    /// Begins anew with what the store holds, and returns what there was.
    fn begin(&mut self, stored: Option<StoredTokens>) -> Self {
        let new = Self { stored, changes: self.changes + 1, ..Self::default() };
        std::mem::replace(self, new)
    }
}

struct Unsaved {
    tokens: StoredTokens,
    /// What the store held then, which these tokens replace.
    replaces: Option<Digest>,
}

/// Why there are no new tokens.
enum Failure {
    /// The old ones may still be used.
    Renewal(Error),
    /// There are new ones, but they are not safe yet.
    Save(Error),
}

impl<E: Into<Error>> From<E> for Failure {
    fn from(error: E) -> Self {
        Self::Renewal(error.into())
    }
}

impl Keeper {
    pub(super) fn refreshing(
        client: &Client,
        store: impl TokenStore,
        name: &str,
        refresh: impl Fn(&Secret, &StoredTokens) -> Result<StoredTokens> + Send + Sync + 'static,
    ) -> Self {
        Self::new(client, store, name, Renewal::Refresh(Box::new(refresh)))
    }

    pub(super) fn issuing(
        client: &Client,
        store: impl TokenStore,
        name: &str,
        issue: impl Fn() -> Result<StoredTokens> + Send + Sync + 'static,
    ) -> Self {
        Self::new(client, store, name, Renewal::Issue(Box::new(issue)))
    }

    /// Uses no tokens that were got otherwise.
    pub(super) fn of_origin(mut self, kind: &str, credential: &str) -> Self {
        let (base_url, project_id) = (self.client.base_url(), self.client.project_id());
        let parts = [kind, base_url, project_id, credential].join("\n");
        self.origin = Some(format!("{kind}:{}", hex(&digest(&parts)[..16])));
        self
    }

    fn new(client: &Client, store: impl TokenStore, name: &str, renewal: Renewal) -> Self {
        Self {
            client: client.clone(),
            store: Box::new(store),
            name: name.to_owned(),
            origin: None,
            renewal,
            flights: Flights::default(),
            memory: Mutex::default(),
        }
    }

    /// Tokens that are valid, and whose access token is not this one.
    pub(super) fn tokens(
        &self,
        patience: Patience,
        refused: Option<&Secret>,
    ) -> Result<StoredTokens> {
        if let Some(tokens) = self.remembered(patience, refused) {
            return Ok(tokens);
        }
        // The work of whoever renews: waiting for the lock, then loading, asking and saving.
        let limit = patience.lock.saturating_mul(2).saturating_add(self.client.deadline());
        let key = refused.map(|token| digest(token.expose()));
        let outcome = self.flights.run(key, limit, || self.renewed(patience, refused));
        outcome.unwrap_or_else(|| {
            let kind = TransportErrorKind::Timeout;
            let text = "another thread's renewal of the tokens did not end";
            self.living(refused).ok_or_else(|| TransportError::new(kind, text).into())
        })
    }

    /// What the store holds, if it is for this source.
    pub(super) fn load(&self) -> Result<Option<StoredTokens>, StoreError> {
        let stored = self.store.load(&self.name)?;
        Ok(stored.filter(|tokens| match (&tokens.origin, &self.origin) {
            (Some(stored), Some(own)) => stored == own,
            _ => true,
        }))
    }

    /// Saves tokens of a sign-in.
    pub(super) fn replace(&self, patience: Patience, mut tokens: StoredTokens) -> Result<()> {
        self.complete(&mut tokens);
        let _lock = self.store.lock(&self.name, patience.lock)?;
        self.store.save(&self.name, &tokens)?;
        self.memory().begin(Some(tokens));
        Ok(())
    }

    /// Deletes the tokens, and returns them if they can be read.
    pub(super) fn delete(&self, patience: Patience) -> Result<Option<StoredTokens>> {
        let _lock = self.store.lock(&self.name, patience.lock)?;
        let stored = self.load().unwrap_or_default();
        self.store.delete(&self.name)?;
        let memory = self.memory().begin(None);
        Ok(memory.unsaved.map(|unsaved| unsaved.tokens).or(stored))
    }

    /// Tokens that could not be saved yet.
    pub(super) fn unsaved(&self) -> Option<StoredTokens> {
        self.memory().unsaved.as_ref().map(|unsaved| unsaved.tokens.clone())
    }

    /// Tokens that need no look at the store.
    fn remembered(&self, patience: Patience, refused: Option<&Secret>) -> Option<StoredTokens> {
        let memory = self.memory();
        let stored = memory.stored.as_ref().filter(|_| memory.unsaved.is_none())?;
        let (clock, now) = (self.client.clock(), self.client.clock().unix());
        let waits = memory.pause.is_some_and(|until| clock.monotonic() < until);
        let good = stored.is_fresh(now, patience.leeway) || (waits && stored.lives(now));
        (good && is_other(stored, refused)).then(|| stored.clone())
    }

    /// The known token, however soon it ends.
    fn living(&self, refused: Option<&Secret>) -> Option<StoredTokens> {
        let memory = self.memory();
        let stored = memory.stored.as_ref()?;
        let good = stored.lives(self.client.clock().unix()) && is_other(stored, refused);
        good.then(|| stored.clone())
    }

    /// New tokens, or the old ones while they live and cannot be renewed.
    fn renewed(&self, patience: Patience, refused: Option<&Secret>) -> Result<StoredTokens> {
        let error = match self.renew(patience, refused) {
            Ok(tokens) => return Ok(tokens),
            Err(Failure::Save(error)) => return Err(error),
            Err(Failure::Renewal(error)) => error,
        };
        let Some(living) = self.living(refused) else { return Err(error) };
        let pause = error.retry_after().unwrap_or_default().max(PAUSE);
        self.memory().pause = Some(self.client.clock().monotonic().saturating_add(pause));
        Ok(living)
    }

    fn renew(&self, patience: Patience, refused: Option<&Secret>) -> Result<StoredTokens, Failure> {
        let serves = |tokens: &StoredTokens| {
            is_other(tokens, refused)
                && tokens.is_fresh(self.client.clock().unix(), patience.leeway)
        };
        if self.memory().unsaved.is_none()
            && let Some(tokens) = self.reload()?.filter(serves)
        {
            return Ok(tokens);
        }
        let _lock = self.store.lock(&self.name, patience.lock).map_err(|error| self.held(error))?;
        // Another process may have been faster.
        let stored = self.reload_or_save()?;
        if let Some(tokens) = stored.clone().filter(serves) {
            return Ok(tokens);
        }
        let mut tokens = self.ask(stored.as_ref())?;
        if tokens.access_token.expose().is_empty() {
            return Err(DecodeError::new("expected an access token").into());
        }
        if let Some(stored) = &stored {
            tokens.succeed(stored);
        }
        self.complete(&mut tokens);
        // From here on they must not be lost: the old refresh token may be spent.
        self.memory().unsaved =
            Some(Unsaved { tokens: tokens.clone(), replaces: stored.as_ref().map(identity) });
        self.save(tokens)
    }

    /// If tokens wait to be saved, a lock that cannot be had is why they are not.
    fn held(&self, error: StoreError) -> Failure {
        match self.memory().unsaved {
            Some(_) => Failure::Save(error.into()),
            None => error.into(),
        }
    }

    /// What the store holds now.
    fn reload(&self) -> Result<Option<StoredTokens>, StoreError> {
        let changes = self.memory().changes;
        let stored = self.load()?;
        let mut memory = self.memory();
        // Another thread may have signed out or in since: what was read here may be older.
        if memory.changes == changes {
            memory.hold(stored.clone());
        }
        Ok(stored)
    }

    /// Likewise, but first saves what could not be saved before. If the store has changed since, as by another
    /// sign-in, that counts instead.
    fn reload_or_save(&self) -> Result<Option<StoredTokens>, Failure> {
        let waiting = self
            .memory()
            .unsaved
            .as_ref()
            .map(|unsaved| (unsaved.tokens.clone(), unsaved.replaces));
        let Some((tokens, replaces)) = waiting else { return Ok(self.reload()?) };
        let stored = self.load().map_err(|error| Failure::Save(error.into()))?;
        if stored.as_ref().map(identity) == replaces {
            return self.save(tokens).map(Some);
        }
        let mut memory = self.memory();
        memory.unsaved = None;
        memory.hold(stored.clone());
        Ok(stored)
    }

    fn save(&self, tokens: StoredTokens) -> Result<StoredTokens, Failure> {
        self.store.save(&self.name, &tokens).map_err(|error| Failure::Save(error.into()))?;
        self.memory().begin(Some(tokens.clone()));
        Ok(tokens)
    }

    /// Asks for new tokens.
    fn ask(&self, stored: Option<&StoredTokens>) -> Result<StoredTokens> {
        let refreshable = stored.and_then(|tokens| Some((tokens.refresh_token.as_ref()?, tokens)));
        let credential = digest(refreshable.map(|(token, _)| token.expose()).unwrap_or_default());
        let now = || self.client.clock().monotonic();
        if let Some((refused, at, error)) = &self.memory().refusal
            && *refused == credential
            && now().saturating_sub(*at) < MEMORY
        {
            return Err(error.clone());
        }
        let outcome = match (&self.renewal, refreshable) {
            (Renewal::Issue(issue), _) => issue(),
            (Renewal::Refresh(refresh), Some((token, tokens))) => refresh(token, tokens),
            (Renewal::Refresh(_), None) => {
                let what = if stored.is_some() { "refresh token is" } else { "tokens are" };
                let text = format!("not signed in: no {what} stored under `{}`", self.name);
                return Err(StoreError::new(StoreErrorKind::NotSignedIn, text).into());
            }
        };
        outcome.inspect_err(|error| {
            if is_final(error) {
                self.memory().refusal = Some((credential, now(), error.clone()));
            }
        })
    }

    /// Adds what a source knows of its tokens.
    fn complete(&self, tokens: &mut StoredTokens) {
        tokens.obtained_at.get_or_insert_with(|| self.client.clock().unix());
        if tokens.origin.is_none() {
            tokens.origin.clone_from(&self.origin);
        }
    }

    fn memory(&self) -> MutexGuard<'_, Memory> {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn is_other(tokens: &StoredTokens, refused: Option<&Secret>) -> bool {
    refused.is_none_or(|refused| refused.expose() != tokens.access_token.expose())
}

/// Tells tokens apart.
fn identity(tokens: &StoredTokens) -> Digest {
    digest(tokens.to_json().expose())
}

/// Whether the server itself says that it will not renew these tokens. An answer without a code may come from a
/// proxy.
fn is_final(error: &Error) -> bool {
    error.code().is_some() && error.is_sign_in_required() && !error.is_unavailable()
}
