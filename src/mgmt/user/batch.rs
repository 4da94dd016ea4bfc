//! Many users in one call.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use super::hashed::{encode, password_setters};
use super::{InitialPassword, Invitation, UserPatch, UserProfile, Users};
use crate::call::Call;
use crate::check;
use crate::error::Result;
use crate::extra::Extra;
use crate::models::{User, UserStatus};
use crate::options::setters;
use crate::secret::Secret;
use crate::transport::http::Method;

/// # Many users in one call
impl Users<'_> {
    /// Creates several users. A user that cannot be created does not stop the others: look at
    /// [`failed`](BatchOutcome::failed).
    ///
    /// Descope documents no largest batch. Send some hundred users per call, so that it ends before its
    /// [deadline](crate::ClientBuilder::deadline). Creating counts towards the limit of 100 calls a minute. For
    /// more users than that, see [`create_in_bulk`](Self::create_in_bulk).
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// # client.mgmt().user().create("grace", &Default::default())?;
    /// use descope::mgmt::user::{BatchUser, UserProfile};
    ///
    /// let people = [
    ///     BatchUser::new("ada").profile(UserProfile::default().name("Ada Lovelace")),
    ///     BatchUser::new("grace"),
    /// ];
    /// let outcome = client.mgmt().user().create_batch(&people)?;
    /// for failure in &outcome.failed {
    ///     println!("number {:?} failed: {}", failure.index, failure.reason);
    /// }
    /// # assert_eq!((outcome.created.len(), outcome.failed[0].index), (1, Some(1)));
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Argument`](crate::Error::Argument) for an empty login ID.
    pub fn create_batch(&self, users: &[BatchUser]) -> Result<BatchOutcome> {
        let call = self.0.post("/v1/mgmt/user/create/batch").batch(users).field("invite", false);
        let outcome: BatchOutcome = call.send()?;
        Ok(outcome.indexed(users.iter().map(|user| &*user.login_id)))
    }

    /// Creates several users and invites them; see [`create_batch`](Self::create_batch) and
    /// [`invite`](Self::invite).
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// use descope::mgmt::user::{BatchUser, Invitation, UserProfile};
    ///
    /// let ada = BatchUser::new("ada").profile(UserProfile::default().email("ada@example.com"));
    /// let invitation = Invitation::default().url("https://app.example.com/welcome").send_mail(true);
    /// let outcome = client.mgmt().user().invite_batch(&[ada], &invitation)?;
    /// assert_eq!((outcome.created.len(), outcome.failed.len()), (1, 0));
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As for [`create_batch`](Self::create_batch).
    pub fn invite_batch(
        &self,
        users: &[BatchUser],
        invitation: &Invitation,
    ) -> Result<BatchOutcome> {
        let call = self
            .0
            .post("/v1/mgmt/user/create/batch")
            .batch(users)
            .fields(invitation)
            .field("invite", true);
        let outcome: BatchOutcome = call.send()?;
        Ok(outcome.indexed(users.iter().map(|user| &*user.login_id)))
    }

    /// Changes several users, named by login ID; see [`patch`](Self::patch).
    ///
    /// Descope documents no largest batch. Send some hundred users per call, or leave it to
    /// [`patch_in_bulk`](Self::patch_in_bulk).
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// # client.mgmt().user().create("ada", &Default::default())?;
    /// use descope::mgmt::user::UserPatch;
    ///
    /// let changes = [("ada", UserPatch::default().name("Countess Lovelace"))];
    /// let outcome = client.mgmt().user().patch_batch(&changes)?;
    /// assert_eq!(outcome.patched[0].name.as_deref(), Some("Countess Lovelace"));
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Argument`](crate::Error::Argument) for an empty login ID. Users who cannot be
    /// changed are in [`failed`](BatchOutcome::failed).
    pub fn patch_batch(&self, patches: &[(impl AsRef<str>, UserPatch)]) -> Result<BatchOutcome> {
        #[derive(Serialize)]
        #[serde(rename_all = "camelCase")]
        struct Item<'a> {
            login_id: &'a str,
            #[serde(flatten)]
            patch: &'a UserPatch,
        }

        let items: Vec<_> =
            patches.iter().map(|(id, patch)| Item { login_id: id.as_ref(), patch }).collect();
        let mut login_ids = items.iter().map(|item| item.login_id);
        let outcome: BatchOutcome = self
            .0
            .call(Method::PATCH, "/v1/mgmt/user/patch/batch")
            .check(login_ids.try_for_each(|login_id| check::id("login_id", login_id)))
            .field("users", &items)
            .send()?;
        Ok(outcome.indexed(items.iter().map(|item| item.login_id)))
    }

    /// Imports the users of another system from the file that it exports, such as Auth0's.
    ///
    /// ```no_run
    /// # let client = descope::Client::new("P2abc")?;
    /// use descope::mgmt::user::UserImport;
    ///
    /// let file = std::fs::read("auth0-users.json").expect("a file");
    /// let outcome = client.mgmt().user().import("auth0", &UserImport::default().users(file).dry_run(true))?;
    /// for failure in &outcome.failures {
    ///     println!("{}: {}", failure.user, failure.reason);
    /// }
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Api`](crate::Error::Api) if Descope cannot read the file. Users who cannot be
    /// imported are in [`failures`](ImportOutcome::failures).
    pub fn import(&self, source: &str, import: &UserImport) -> Result<ImportOutcome> {
        let [users, hashes] = [&import.users, &import.hashes]
            .map(|file| file.as_deref().map(|file| Secret::from(encode(file))));
        self.0
            .post("/v1/mgmt/user/import")
            .check(check::id("source", source))
            .field("source", source)
            .field("dryrun", import.dry_run.unwrap_or_default())
            .maybe_secret("users", users.as_ref())
            .maybe_secret("hashes", hashes.as_ref())
            .send()
    }
}

impl Call<'_> {
    fn batch(self, users: &[BatchUser]) -> Self {
        let passwords = users.iter().filter_map(|user| user.password.as_ref());
        let passwords: Vec<Secret> = passwords.flat_map(InitialPassword::secrets).collect();
        self.hide(users.iter().filter_map(|user| user.seed.as_ref()).chain(&passwords))
            .check(users.iter().try_for_each(|user| check::id("login_id", &user.login_id)))
            .field("users", users)
    }
}

/// A user to create in a batch; see [`Users::create_batch`].
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct BatchUser {
    /// What the user signs in with.
    pub login_id: String,
    /// The user's data.
    #[serde(flatten)]
    pub profile: UserProfile,
    /// The password. Defaults to none.
    #[serde(flatten)]
    pub password: Option<InitialPassword>,
    /// The seed of an authenticator app (RFC 6238).
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "crate::secret::expose")]
    pub seed: Option<Secret>,
    /// When the user was created, in seconds. Defaults to now.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub created_time: Option<crate::UnixTime>,
}

impl BatchUser {
    /// A user of whom nothing is known but the login ID.
    pub fn new(login_id: impl Into<String>) -> Self {
        Self { login_id: login_id.into(), ..Self::default() }
    }

    /// Sets the [`status`](field@UserProfile::status) of the profile.
    #[must_use]
    pub fn status(mut self, status: impl Into<UserStatus>) -> Self {
        self.profile = self.profile.status(status);
        self
    }
}

setters!(BatchUser {
    profile: nested<UserProfile>, seed: opt<Secret>, created_time: opt<crate::UnixTime>,
});
password_setters!(BatchUser);

/// What became of a batch.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(default, rename_all = "camelCase")]
#[non_exhaustive]
pub struct BatchOutcome {
    /// The users that were created.
    #[serde(rename = "createdUsers", deserialize_with = "crate::json::required_list")]
    pub created: Vec<User>,
    /// The users that were changed.
    #[serde(rename = "patchedUsers", deserialize_with = "crate::json::required_list")]
    pub patched: Vec<User>,
    /// The users of whom neither is true, and why.
    #[serde(rename = "failedUsers", deserialize_with = "crate::json::required_list")]
    pub failed: Vec<BatchFailure>,
    /// What else went wrong, by subject.
    pub additional_errors: BTreeMap<String, String>,
    /// What a newer Descope says beyond the above.
    #[serde(flatten)]
    pub extra: Extra,
}

/// A user of a batch that failed.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(default, rename_all = "camelCase")]
#[non_exhaustive]
pub struct BatchFailure {
    /// Why, for people.
    #[serde(rename = "failure")]
    pub reason: String,
    /// The user, as far as Descope repeats their data.
    pub user: User,
    /// The user's place in the batch, from 0; absent if Descope does not repeat the login ID.
    #[serde(skip)]
    pub index: Option<usize>,
    /// What a newer Descope says beyond the above.
    #[serde(flatten)]
    pub extra: Extra,
}

impl BatchOutcome {
    /// Finds each failure's place in the batch.
    fn indexed<'a>(mut self, login_ids: impl Iterator<Item = &'a str>) -> Self {
        if self.failed.is_empty() {
            return self;
        }
        // A login ID that appears twice fails the second time, if at all.
        let places: BTreeMap<&str, usize> = login_ids.zip(0..).collect();
        for failure in &mut self.failed {
            let known = failure.user.login_ids.iter().filter_map(|id| places.get(&**id));
            failure.index = known.copied().next();
        }
        self
    }
}

/// What to import, with [`Users::import`].
#[derive(Clone, Default)]
#[non_exhaustive]
pub struct UserImport {
    /// The file with the users, as it is.
    pub users: Option<Vec<u8>>,
    /// The file with their hashed passwords, as it is.
    pub hashes: Option<Vec<u8>>,
    /// Only says what would happen. Defaults to `false`.
    pub dry_run: Option<bool>,
}

setters!(UserImport { users: opt<Vec<u8>>, hashes: opt<Vec<u8>>, dry_run: opt<bool> });

/// Says how long the files are, and nothing of what is in them.
impl fmt::Debug for UserImport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UserImport")
            .field("users", &self.users.as_ref().map(Vec::len))
            .field("hashes", &self.hashes.as_ref().map(Vec::len))
            .field("dry_run", &self.dry_run)
            .finish()
    }
}

/// What became of an import.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(default)]
#[non_exhaustive]
pub struct ImportOutcome {
    /// The users that were imported.
    #[serde(deserialize_with = "crate::json::required_list")]
    pub users: Vec<User>,
    /// The users that were not, and why.
    #[serde(deserialize_with = "crate::json::required_list")]
    pub failures: Vec<ImportFailure>,
    /// What a newer Descope says beyond the above.
    #[serde(flatten)]
    pub extra: Extra,
}

/// A user who was not imported.
#[derive(Clone, Debug, Default, Deserialize, Serialize, PartialEq, Eq)]
#[serde(default)]
#[non_exhaustive]
pub struct ImportFailure {
    /// The user, as the file has them.
    pub user: String,
    /// Why, for people.
    pub reason: String,
    /// What a newer Descope says beyond the above.
    #[serde(flatten)]
    pub extra: Extra,
}
