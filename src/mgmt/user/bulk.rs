//! Any number of users.

use std::collections::BTreeSet;

use super::{BatchFailure, BatchUser, UserPatch, UserSearch, Users};
use crate::bulk::{self, BulkOptions, BulkReport, Progress, Settled};
use crate::error::Result;
use crate::models::User;

/// # Any number of users
impl Users<'_> {
    /// Creates any number of users, in batches and at Descope's pace; see [`bulk`].
    ///
    /// A user who is there already stays as they are, and counts as
    /// [`unchanged`](crate::bulk::Checkpoint::unchanged). Running it again therefore creates every user exactly
    /// once: if a batch fails in part, the client searches for the login IDs that failed, and those that Descope
    /// finds are not failures. Of several users with the same [login ID](BatchUser::login_id), the first is created:
    /// see [the order](crate::bulk#the-order).
    ///
    /// Each batch is one call, which counts towards
    /// [`RateLimits::create_users`](crate::RateLimits::create_users), 100 a minute by default. With batches of 100
    /// users, that is 10,000 users a minute. A search counts towards [`RateLimits::users`](crate::RateLimits::users).
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// use descope::bulk::BulkOptions;
    /// use descope::mgmt::user::{BatchUser, UserProfile};
    ///
    /// // Any iterator, such as the lines of a file.
    /// let users = (0..250).map(|n| {
    ///     let email = format!("user{n}@example.com");
    ///     BatchUser::new(&email).profile(UserProfile::default().email(email))
    /// });
    /// let report = client.mgmt().user().create_in_bulk(users, &BulkOptions::default(), |progress| {
    ///     for failure in progress.failures {
    ///         eprintln!("{}: {}", failure.id, failure.reason);
    ///     }
    ///     true
    /// })?;
    /// assert_eq!((report.checkpoint.created, report.checkpoint.failed), (250, 0));
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Those of [`in_bulk`](crate::Client::in_bulk). Users who cannot be created are in
    /// [`failures`](crate::bulk::Progress::failures).
    pub fn create_in_bulk(
        &self,
        users: impl IntoIterator<Item = BatchUser>,
        options: &BulkOptions,
        progress: impl FnMut(&Progress<'_>) -> bool,
    ) -> Result<BulkReport> {
        let name = |user: &BatchUser| user.login_id.clone();
        bulk::run(
            self.0.0,
            users.into_iter(),
            options,
            &name,
            Some(&|user| folded(&user.login_id)),
            &|client, users| client.mgmt().user().create_missing(users),
            progress,
        )
    }

    /// Changes any number of users, named by login ID, in batches and at Descope's pace; see
    /// [`patch`](Self::patch) and [`bulk`].
    ///
    /// A patch sets what it names, whatever the user was like before. To apply it twice does no harm. Of several
    /// patches of the same login ID, the last wins: see [the order](crate::bulk#the-order). Descope may know a user
    /// by several login IDs; patches that name different ones are done in any order.
    ///
    /// Each batch is one call, which counts towards [`RateLimits::users`](crate::RateLimits::users), 500 a minute
    /// by default.
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// # client.mgmt().user().create("ada", &Default::default())?;
    /// use descope::bulk::BulkOptions;
    /// use descope::mgmt::user::UserPatch;
    ///
    /// let names = [("ada", "Ada Lovelace"), ("nobody", "Nobody")];
    /// let patches = names.map(|(login_id, name)| (login_id.to_owned(), UserPatch::default().name(name)));
    /// let mut failed = Vec::new();
    /// let report = client.mgmt().user().patch_in_bulk(patches, &BulkOptions::default(), |progress| {
    ///     failed.extend_from_slice(progress.failures);
    ///     true
    /// })?;
    /// assert_eq!((report.checkpoint.changed, &*failed[0].id), (1, "nobody"));
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Those of [`in_bulk`](crate::Client::in_bulk). Users who cannot be changed are in
    /// [`failures`](crate::bulk::Progress::failures).
    pub fn patch_in_bulk(
        &self,
        patches: impl IntoIterator<Item = (String, UserPatch)>,
        options: &BulkOptions,
        progress: impl FnMut(&Progress<'_>) -> bool,
    ) -> Result<BulkReport> {
        let name = |(login_id, _): &(String, UserPatch)| login_id.clone();
        bulk::run(
            self.0.0,
            patches.into_iter(),
            options,
            &name,
            Some(&|(login_id, _)| folded(login_id)),
            &|client, patches| client.mgmt().user().patch_some(patches),
            progress,
        )
    }

    /// Creates those who are not there yet.
    fn create_missing(self, users: &[BatchUser]) -> Result<Settled> {
        let outcome = self.create_batch(users)?;
        let ids: Vec<&str> = users.iter().map(|user| &*user.login_id).collect();
        let left = unsettled(&ids, &outcome.created, &outcome.failed);
        let mut settled = Settled::default().created(users.len() - left.len());
        if left.is_empty() {
            return Ok(settled);
        }
        let named = UserSearch::default()
            .login_ids(left.iter().map(|(at, _)| ids[*at]))
            .with_test_users(true)
            .limit(u32::try_from(left.len()).unwrap_or(u32::MAX));
        let mut present = BTreeSet::new();
        for user in self.iter(&named) {
            present.extend(user?.login_ids.iter().map(|id| folded(id)));
        }
        for (at, reason) in left {
            settled = if present.contains(&folded(ids[at])) {
                settled.unchanged(1)
            } else {
                settled.failed(at, reason)
            };
        }
        Ok(settled)
    }

    fn patch_some(self, patches: &[(String, UserPatch)]) -> Result<Settled> {
        let outcome = self.patch_batch(patches)?;
        let ids: Vec<&str> = patches.iter().map(|(login_id, _)| &**login_id).collect();
        let left = unsettled(&ids, &outcome.patched, &outcome.failed);
        let settled = Settled::default().changed(patches.len() - left.len());
        Ok(left.into_iter().fold(settled, |settled, (at, reason)| settled.failed(at, reason)))
    }
}

/// The places of those of whom a batch does not say that they are done, and why they are not.
fn unsettled(ids: &[&str], done: &[User], failed: &[BatchFailure]) -> Vec<(usize, String)> {
    let mut named: Vec<(usize, String)> =
        failed.iter().filter_map(|it| Some((it.index?, it.reason.clone()))).collect();
    named.sort();
    named.dedup_by_key(|(at, _)| *at);
    if named.len() == failed.len() && done.len() + failed.len() == ids.len() {
        return named;
    }
    // It leaves some out, or does not say whom it means.
    let done: BTreeSet<_> =
        done.iter().flat_map(|user| &user.login_ids).map(|id| folded(id)).collect();
    let mut nameless = failed.iter().filter(|it| it.index.is_none()).map(|it| it.reason.clone());
    let left = ids.iter().enumerate().filter(|(_, id)| !done.contains(&folded(id)));
    let unsaid = || "the answer does not say what became of this user".to_owned();
    left.map(|(at, _)| match named.binary_search_by_key(&at, |(at, _)| *at) {
        Ok(found) => named[found].clone(),
        Err(_) => (at, nameless.next().unwrap_or_else(unsaid)),
    })
    .collect()
}

/// A login ID as it is compared: Descope may write an e-mail address in lower case.
fn folded(login_id: &str) -> String {
    login_id.to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn user(login_id: &str) -> User {
        User { login_ids: vec![login_id.to_owned()], ..User::default() }
    }

    fn failure(index: Option<usize>, reason: &str) -> BatchFailure {
        BatchFailure { reason: reason.to_owned(), index, ..BatchFailure::default() }
    }

    #[test]
    fn whoever_is_not_done_is_left_whatever_the_answer_says() {
        let ids = ["ada", "Bob@Example.com", "cleo"];
        let said = |at: usize, reason: &str| (at, reason.to_owned());
        let unsaid = |at| said(at, "the answer does not say what became of this user");
        let bob = || vec![user("bob@example.com")];
        for (done, failed, left) in [
            (vec![user("ada"), user("x"), user("cleo")], vec![], vec![]),
            (
                bob(),
                vec![failure(Some(2), "c"), failure(Some(0), "a")],
                vec![said(0, "a"), said(2, "c")],
            ),
            (
                bob(),
                vec![failure(None, "n"), failure(Some(0), "a")],
                vec![said(0, "a"), said(2, "n")],
            ),
            (bob(), vec![failure(Some(2), "c")], vec![unsaid(0), said(2, "c")]),
            (vec![], vec![], vec![unsaid(0), unsaid(1), unsaid(2)]),
        ] {
            assert_eq!(unsettled(&ids, &done, &failed), left, "{done:?} {failed:?}");
        }
    }
}
