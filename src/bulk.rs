//! Work on any number of items: in batches, at Descope's pace, and resumable.
//!
//! | to | call |
//! |---|---|
//! | create users | [`create_in_bulk`](crate::mgmt::user::Users::create_in_bulk) |
//! | change users | [`patch_in_bulk`](crate::mgmt::user::Users::patch_in_bulk) |
//! | create or delete relations | [`create_relations_in_bulk`](crate::mgmt::fga::Fga::create_relations_in_bulk), [`delete_relations_in_bulk`](crate::mgmt::fga::Fga::delete_relations_in_bulk) |
//! | export the audit trail | [`export`](crate::mgmt::audit::Audit::export) |
//! | make other calls | [`Client::in_bulk`](crate::Client::in_bulk) |
//!
//! The page [bulk work](crate::guide::bulk) shows them at work.
//!
//! # How it works
//!
//! The items come from an iterator, which is read as the work proceeds. Only the batches that are under way are
//! in memory. The calls keep to the client's [rate limits](crate::ClientBuilder::rate_limits). A call that
//! Descope refuses with HTTP status 429 waits and is made again, and so do all others of its group. These waits
//! do not count towards the [deadline](crate::ClientBuilder::deadline) of a call.
//!
//! An item that fails does not stop the others. If Descope refuses a whole batch because of what is in it, with
//! HTTP status 400, 404, 409, 413 or 422, its halves are sent separately, and so on, until the items at fault
//! are found. Other errors, such as a wrong management key or an outage that outlasts the
//! [retries](crate::ClientBuilder::retry), end the work.
//!
//! # Going on after a kill
//!
//! `progress` is called after each batch with a [`Checkpoint`]. Save it, for example as JSON. A later run with
//! the same items in the same order and [`BulkOptions::checkpoint`] goes on from there.
//!
//! Batches that had not yet reached the saved checkpoint are sent again, even if Descope has done them: as many
//! as were [under way](BulkOptions::in_flight), and all since the checkpoint was saved. The same happens in a
//! run when an answer is lost. All work here can be repeated without harm, and each call says why.
//!
//! # The order
//!
//! Batches that are under way at the same time end in any order. Two items about the same user are an exception:
//! [`create_in_bulk`](crate::mgmt::user::Users::create_in_bulk) and
//! [`patch_in_bulk`](crate::mgmt::user::Users::patch_in_bulk) send the second of two items with the same login ID only
//! when the first has been answered, also when they are sent again after a kill. A batch ends before such an item,
//! so items that are often about the same user take more calls.

mod batches;
mod engine;

use std::time::Duration;

use serde::{Deserialize, Serialize};

pub(crate) use self::engine::run;
use crate::options::setters;

/// How to do bulk work.
///
/// ```
/// use descope::bulk::{BulkOptions, Checkpoint};
///
/// let saved = r#"{ "position": 300, "created": 299, "failed": 1 }"#;
/// let checkpoint: Checkpoint = serde_json::from_str(saved).unwrap();
/// let options = BulkOptions::default().checkpoint(checkpoint).batch(50).in_flight(2);
/// ```
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct BulkOptions {
    /// Where an earlier run stopped. The items before it are read from the iterator and skipped. Defaults to
    /// the beginning.
    pub checkpoint: Option<Checkpoint>,
    /// Items per call. Descope documents no largest batch; a call must end before its
    /// [deadline](crate::ClientBuilder::deadline). Defaults to 100.
    pub batch: Option<usize>,
    /// The most batches under way at the same time, each in a thread of its own. From 1 to 64. Defaults to 4.
    pub in_flight: Option<usize>,
    /// How long a call may wait for the rate limits before the work ends with an error. Defaults to an hour.
    pub patience: Option<Duration>,
}

setters!(BulkOptions {
    checkpoint: opt<Checkpoint>, batch: opt_number<usize>, in_flight: opt_number<usize>,
    patience: opt_number<Duration>,
});

/// How far bulk work has come: all items before [`position`](Self::position) are done or have failed.
///
/// It is small, and meant to be saved: it can be written and read with serde.
#[derive(Clone, Debug, Default, Deserialize, Serialize, PartialEq, Eq)]
#[serde(default)]
#[non_exhaustive]
pub struct Checkpoint {
    /// The number of items that need not be looked at again.
    pub position: u64,
    /// How many of them were created.
    pub created: u64,
    /// How many were changed.
    pub changed: u64,
    /// How many were deleted.
    pub deleted: u64,
    /// How many were already as they should be. Items that were sent again after a kill or a lost answer may
    /// count here.
    pub unchanged: u64,
    /// How many failed.
    pub failed: u64,
}

/// An item that failed.
#[derive(Clone, Debug, Default, Deserialize, Serialize, PartialEq, Eq)]
#[serde(default)]
#[non_exhaustive]
pub struct BulkFailure {
    /// The item's place among all items, from 0.
    pub position: u64,
    /// What the item is called, such as the user's login ID; empty if the work does not name its items.
    pub id: String,
    /// Why, for people.
    pub reason: String,
}

/// What bulk work says while it proceeds.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Progress<'p> {
    /// How far the work has come.
    pub checkpoint: &'p Checkpoint,
    /// The number of items that are behind the checkpoint since the last call. It is 0 while the work waits.
    pub advanced: u64,
    /// Those of them that failed. They are not kept: save them together with the checkpoint.
    pub failures: &'p [BulkFailure],
}

/// How bulk work has ended.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct BulkReport {
    /// How far the work has come.
    pub checkpoint: Checkpoint,
    /// Whether all items were read and worked on. `false` if `progress` has stopped the work.
    pub finished: bool,
}

/// What became of a batch. All its items have to be in it.
///
/// ```
/// use descope::bulk::Settled;
///
/// // Three items: one was created, one was there already, and the third failed.
/// let settled = Settled::default().created(1).unchanged(1).failed(2, "no such tenant");
/// ```
#[derive(Clone, Debug, Default)]
#[must_use]
pub struct Settled {
    created: u64,
    changed: u64,
    deleted: u64,
    unchanged: u64,
    /// By the place in the batch.
    failures: Vec<(usize, String)>,
}

impl Settled {
    /// Adds to the number of items that were created.
    pub fn created(mut self, items: usize) -> Self {
        self.created += items as u64;
        self
    }

    /// Adds to the number of items that were changed.
    pub fn changed(mut self, items: usize) -> Self {
        self.changed += items as u64;
        self
    }

    /// Adds to the number of items that were deleted.
    pub fn deleted(mut self, items: usize) -> Self {
        self.deleted += items as u64;
        self
    }

    /// Adds to the number of items that were already as they should be.
    pub fn unchanged(mut self, items: usize) -> Self {
        self.unchanged += items as u64;
        self
    }

    /// Adds an item that failed, by its place in the batch, and why, for people.
    pub fn failed(mut self, index: usize, reason: impl Into<String>) -> Self {
        self.failures.push((index, reason.into()));
        self
    }

    /// Adds what became of the items from this place on.
    fn join(&mut self, index: usize, other: Self) {
        self.created += other.created;
        self.changed += other.changed;
        self.deleted += other.deleted;
        self.unchanged += other.unchanged;
        let failures = other.failures.into_iter();
        self.failures.extend(failures.map(|(at, reason)| (index + at, reason)));
    }
}
