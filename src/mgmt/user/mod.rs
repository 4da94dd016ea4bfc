//! Users: create, invite, load, search, change and delete them, and let them sign in. Feature
//! `mgmt-user`.
//!
//! Most calls name a user by a *login ID*: an e-mail address, a phone number or a name that they sign
//! in with, and of which they may have several. The others take Descope's own *user ID*, which never
//! changes and is the `sub` of the user's tokens; their names or parameters say so.
//!
//! | to | call |
//! | --- | --- |
//! | replace all of a user's data, clearing what is not set | [`update`](Users::update) |
//! | change what is set, and leave the rest | [`patch`](Users::patch) |
//! | change one thing | [`update_email`](Users::update_email), [`add_roles`](Users::add_roles) and others |
//! | go through many users | [`iter`](Users::iter), one page at a time |
//! | create or change many users | [`create_batch`](Users::create_batch), [`patch_batch`](Users::patch_batch) |
//! | create or change any number of users | [`create_in_bulk`](Users::create_in_bulk), [`patch_in_bulk`](Users::patch_in_bulk) |
//! | sign in within a test | [`create_test_user`](Users::create_test_user) |
//!
//! Calls about a user that does not exist fail with
//! [`MANAGEMENT_USER_NOT_FOUND`](crate::codes::MANAGEMENT_USER_NOT_FOUND).

use super::Mgmt;
pub use super::attribute::{AttributeKind, AttributeOption, CustomAttribute};
use crate::call::Call;
use crate::check;

// In the order in which rustdoc shows the operations.
mod lifecycle;

mod search;

mod batch;

mod bulk;

mod change;

mod grants;

mod auth;

mod sessions;

mod test_user;

mod attributes;

mod hashed;
mod profile;

pub use self::auth::{Passkey, PasswordState, TrustedDevice};
pub use self::batch::{
    BatchFailure, BatchOutcome, BatchUser, ImportFailure, ImportOutcome, UserImport,
};
pub use self::change::{AddressUpdate, NamesUpdate, RecoveryUpdate};
pub use self::hashed::{HashFunction, HashedPassword, InitialPassword};
pub use self::lifecycle::LoadOptions;
pub use self::profile::{FamilyAssociation, Invitation, NewUser, UserPatch, UserProfile};
pub use self::search::{RoleFilter, UserSearch};
pub use self::sessions::{
    EmbeddedLinkOptions, GeneratedSignIn, LogoutOptions, ProviderToken, ProviderTokenOptions,
    SignUpEmbeddedLinkOptions,
};
pub use self::test_user::{TestEnchantedLink, TestLinkOptions, TestMagicLink, TestMethod, TestOtp};

/// Managing users; see [`Mgmt::user`].
#[derive(Clone, Copy, Debug)]
pub struct Users<'c>(Mgmt<'c>);

impl<'c> Mgmt<'c> {
    /// Managing users: create, change, load, search and delete them, and let them sign in.
    pub fn user(self) -> Users<'c> {
        Users(self)
    }
}

impl<'c> Users<'c> {
    /// A call about the user with a login ID.
    fn of_login(self, path: &'static str, login_id: &str) -> Call<'c> {
        self.0.post(path).check(check::id("login_id", login_id)).field("loginId", login_id)
    }

    /// A call about the user with Descope's own ID.
    fn of_user(self, path: &'static str, user_id: &str) -> Call<'c> {
        self.0.post(path).check(check::id("user_id", user_id)).field("userId", user_id)
    }
}
