//! The program's key store as the cache uses it: what it holds counts only if it is this project's, can be read in
//! full, and is of a time that has been.

use std::sync::Arc;
use std::time::Duration;

use super::decide::Held;
use super::moment::Moment;
use super::policy::KeyPolicy;
use super::set::{KeySet, Whose};
use crate::crypto::CryptoLibrary;
use crate::error::{StoreError, StoreErrorKind};
use crate::keys::{self, KeyStore, StoreLock};
use crate::time::UnixTime;

/// Where the store's failures go. They are none of the caller's.
pub(super) type Report<'r> = &'r dyn Fn(&StoreError);

pub(super) struct Shelf {
    pub(super) store: Box<dyn KeyStore>,
    pub(super) project_id: String,
    pub(super) base_url: String,
    pub(super) library: CryptoLibrary,
}

/// A set from outside, read and dated.
pub(super) struct Found {
    pub(super) keys: KeySet,
    pub(super) jwks: Arc<str>,
    pub(super) at: Moment,
    /// When keys that are in no set were last looked for.
    pub(super) sought: [Option<Moment>; 2],
}

impl Found {
    /// Reads a set of the project's. There is none where a set is from the future, or so old that it would not
    /// even bridge an outage.
    pub(super) fn read(
        set: &keys::KeySet,
        library: CryptoLibrary,
        policy: &KeyPolicy,
        now: Moment,
    ) -> Result<Option<Self>, &'static str> {
        let Some(at) = now.back_at(set.fetched_at().as_seconds()) else {
            return Err("it is from the future");
        };
        let keys = KeySet::published(set.jwks().as_bytes(), Whose::Project, library);
        let keys = keys.ok_or("it holds no usable key")?;
        let age = now.monotonic.saturating_sub(at.monotonic);
        if age >= policy.max_age.max(policy.max_stale) {
            return Ok(None);
        }
        let sought = set.sought.map(|at| now.back_at(at?.as_seconds()));
        Ok(Some(Self { keys, jwks: set.jwks().into(), at, sought }))
    }

    /// Whether it was fetched after those at hand, in which this key was not found. Times are whole seconds.
    pub(super) fn is_newer_than(&self, at: Moment, kid: Option<&str>) -> bool {
        self.at.unix > at.unix || self.at.unix == at.unix && kid.is_some()
    }

    /// Whether a lookup of this key needs no other set.
    pub(super) fn suffices(&self, kid: Option<&str>, policy: &KeyPolicy, now: Moment) -> bool {
        let has_key = kid.is_none_or(|kid| self.keys.get(Some(kid)).is_some());
        has_key && Held { has_key, fetch: 0, at: self.at }.is_fresh(policy, now)
    }
}

impl Shelf {
    /// The stored set, if it is one to use.
    pub(super) fn load(
        &self,
        policy: &KeyPolicy,
        now: Moment,
        report: Report<'_>,
    ) -> Option<Found> {
        let unfit = |why: &str| {
            let text = format!("the stored key set is not used: {why}");
            report(&StoreError::new(StoreErrorKind::Damaged, text));
        };
        let set = self.store.load().inspect_err(report).ok().flatten()?;
        if !set.is_named() || !set.is_of(&self.project_id, &self.base_url) {
            unfit("it is of another project or base URL");
            return None;
        }
        Found::read(&set, self.library, policy, now).inspect_err(|why| unfit(why)).ok().flatten()
    }

    /// The lock for a fetch; `None` if it cannot be had.
    pub(super) fn lock(&self, patience: Duration, report: Report<'_>) -> Option<StoreLock> {
        let locked = self.store.lock(patience);
        let busy = |error: &StoreError| error.kind() == StoreErrorKind::Busy;
        locked
            .inspect_err(|error| {
                if !busy(error) {
                    report(error);
                }
            })
            .ok()
    }

    /// Saves a set that was fetched at this moment.
    pub(super) fn save(
        &self,
        jwks: &Arc<str>,
        at: Moment,
        sought: [Option<Moment>; 2],
        report: Report<'_>,
    ) {
        let fetched_at = UnixTime::from_seconds(at.unix);
        let mut set =
            keys::KeySet::of(&self.project_id, &self.base_url, Arc::clone(jwks), fetched_at);
        set.sought = sought.map(|at| Some(UnixTime::from_seconds(at?.unix)));
        if let Err(error) = self.store.save(&set) {
            report(&error);
        }
    }
}
