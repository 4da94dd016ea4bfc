//! Searching users.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::{Map, Value};

use super::Users;
use crate::UnixMillis;
use crate::call::Call;
use crate::error::{Error, Result};
use crate::models::{User, UserStatus};
use crate::options::setters;
use crate::page::{Page, PageIter, Sort};

/// # Searching
impl<'c> Users<'c> {
    /// Searches users: one page of those who pass all filters that are set.
    ///
    /// Test users are left out unless the search asks for them.
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// # client.mgmt().user().create("ada", &Default::default())?;
    /// # client.mgmt().user().activate("ada")?;
    /// use descope::UserStatus;
    /// use descope::mgmt::user::UserSearch;
    ///
    /// let enabled = UserSearch::default().statuses([UserStatus::Enabled]).limit(10);
    /// let page = client.mgmt().user().search(&enabled)?;
    /// println!("the first {} of {}", page.items.len(), page.total.unwrap_or_default());
    /// # assert_eq!(page.total, Some(1));
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Those of [every management call](crate::mgmt::Mgmt#errors).
    pub fn search(&self, search: &UserSearch) -> Result<Page<User>> {
        self.0
            .post("/v2/mgmt/user/search")
            .field("withTestUser", false)
            .field("testUsersOnly", false)
            .fields(search)
            .send_users()
    }

    /// Searches users, page by page as the iterator moves on, from the search's
    /// [`page`](UserSearch::page) and with its [`limit`](UserSearch::limit) as the size of a page.
    ///
    /// A loop that changes or deletes the users it iterates over misses some of them. Read their
    /// [`ids`](PageIter::ids) first; see [`PageIter`](PageIter#changing-what-is-iterated-over).
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// # client.mgmt().user().create("ada", &Default::default())?;
    /// use descope::Sort;
    /// use descope::mgmt::user::UserSearch;
    ///
    /// let oldest_first = UserSearch::default().sort([Sort::ascending("createdTime")]);
    /// for user in client.mgmt().user().iter(&oldest_first) {
    ///     println!("{}", user?.login_ids.join(", "));
    /// }
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Each item is a [`Result`]: the first failure ends the iteration. A page that repeats is one, and so is
    /// a search with an [`offset`](UserSearch::offset).
    pub fn iter(&self, search: &UserSearch) -> PageIter<'c, User> {
        let (users, search) = (*self, search.clone());
        let first = search.page.unwrap_or_default();
        let pages =
            PageIter::new(first, user_id, move |page| users.search(&search.turned_to(page)?));
        pages.print(all_of)
    }

    /// Searches test users: one page of those who pass all filters that are set.
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// # client.mgmt().user().create_test_user("test", &Default::default())?;
    /// let page = client.mgmt().user().search_test_users(&Default::default())?;
    /// assert_eq!(page.items[0].login_ids, ["test"]);
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Those of [every management call](crate::mgmt::Mgmt#errors).
    pub fn search_test_users(&self, search: &UserSearch) -> Result<Page<User>> {
        self.0
            .post("/v2/mgmt/user/search/test")
            .fields(search)
            .field("withTestUser", true)
            .field("testUsersOnly", true)
            .send_users()
    }

    /// Searches test users, page by page as the iterator moves on; see [`iter`](Self::iter), also
    /// for loops that change the users.
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// # client.mgmt().user().create_test_user("test", &Default::default())?;
    /// for user in client.mgmt().user().iter_test_users(&Default::default()) {
    ///     println!("{}", user?.login_ids.join(", "));
    /// }
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As for [`iter`](Self::iter).
    pub fn iter_test_users(&self, search: &UserSearch) -> PageIter<'c, User> {
        let (users, search) = (*self, search.clone());
        let first = search.page.unwrap_or_default();
        let pages = PageIter::new(first, user_id, move |page| {
            users.search_test_users(&search.turned_to(page)?)
        });
        pages.print(all_of)
    }
}

/// Tells users apart that have no ID, as where it is not among the selected columns.
fn all_of(user: &User) -> String {
    serde_json::to_string(user).unwrap_or_default()
}

fn user_id(user: &User) -> &str {
    &user.user_id
}

impl Call<'_> {
    fn send_users(self) -> Result<Page<User>> {
        self.safe().send_page("users")
    }
}

/// Whom to look for, for [`Users::search`] and [`Users::iter`]. A user must pass all filters that
/// are set; within a list, one entry is enough.
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct UserSearch {
    /// Part of a name, address or login ID.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// Login IDs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub login_ids: Option<Vec<String>>,
    /// Descope's own IDs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_ids: Option<Vec<String>>,
    /// E-mail addresses.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub emails: Option<Vec<String>>,
    /// Phone numbers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub phones: Option<Vec<String>>,
    /// Whether the e-mail address is verified.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub verified_email: Option<bool>,
    /// Whether the phone number is verified.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub verified_phone: Option<bool>,
    /// Whether they may sign in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub statuses: Option<Vec<UserStatus>>,
    /// IDs of tenants they belong to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tenant_ids: Option<Vec<String>>,
    /// Whether members of the tenants below [`tenant_ids`](Self::tenant_ids) pass too.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub include_sub_tenants: Option<bool>,
    /// Names of roles they hold in the project.
    #[serde(rename = "roleNames", skip_serializing_if = "Option::is_none")]
    pub roles: Option<Vec<String>>,
    /// IDs of roles they hold in a tenant, by the tenant's ID.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tenant_role_ids: Option<BTreeMap<String, RoleFilter>>,
    /// Names of roles they hold in a tenant, by the tenant's ID.
    #[serde(rename = "tenantRoleNames", skip_serializing_if = "Option::is_none")]
    pub tenant_roles: Option<BTreeMap<String, RoleFilter>>,
    /// IDs of SSO applications they may use.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sso_app_ids: Option<Vec<String>>,
    /// Attributes defined by the project, and the values they have.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub custom_attributes: Option<Map<String, Value>>,
    /// Not created before, in milliseconds.
    #[serde(rename = "fromCreatedTime", skip_serializing_if = "Option::is_none")]
    pub created_from: Option<UnixMillis>,
    /// Not created after, in milliseconds.
    #[serde(rename = "toCreatedTime", skip_serializing_if = "Option::is_none")]
    pub created_to: Option<UnixMillis>,
    /// Not last changed before, in milliseconds.
    #[serde(rename = "fromModifiedTime", skip_serializing_if = "Option::is_none")]
    pub modified_from: Option<UnixMillis>,
    /// Not last changed after, in milliseconds.
    #[serde(rename = "toModifiedTime", skip_serializing_if = "Option::is_none")]
    pub modified_to: Option<UnixMillis>,
    /// IDs of families they belong to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub family_ids: Option<Vec<String>>,
    /// Whether they are dependents of a family.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dependent: Option<bool>,
    /// Why they are locked out: `password`, `totp`, `recovery_codes`, `security_questions`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lock_reasons: Option<Vec<String>>,
    /// Why they are locked out for a while: `password`, `recovery_codes`, `security_questions`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub temp_lock_reasons: Option<Vec<String>>,
    /// Whether test users pass too. Defaults to `false`.
    #[serde(rename = "withTestUser", skip_serializing_if = "Option::is_none")]
    pub with_test_users: Option<bool>,
    /// Whether only test users pass. Defaults to `false`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub test_users_only: Option<bool>,
    /// What they are sorted by.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sort: Option<Vec<Sort>>,
    /// How many a page holds at most. Descope decides if it is 0 or not set, and may send fewer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit: Option<u32>,
    /// The number of the page. Defaults to 0, the first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub page: Option<u32>,
    /// How many users to skip, instead of whole pages: it takes precedence over [`page`](Self::page).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub offset: Option<u32>,
    /// One login ID.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub login_id: Option<String>,
    /// Recovery e-mail addresses.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub recovery_emails: Option<Vec<String>>,
    /// Recovery phone numbers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub recovery_phones: Option<Vec<String>>,
    /// Whether the recovery e-mail address is verified.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub verified_recovery_email: Option<bool>,
    /// Whether the recovery phone number is verified.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub verified_recovery_phone: Option<bool>,
    /// Whether they have a password.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub password: Option<bool>,
    /// Whether they have an authenticator app.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub totp: Option<bool>,
    /// Whether they have a passkey.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub webauthn: Option<bool>,
    /// Whether they were provisioned by SCIM.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scim: Option<bool>,
    /// Whether only users pass who were provisioned by SCIM. Defaults to `false`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scim_only: Option<bool>,
    /// Whether only users pass who have signed in by SSO. Defaults to `false`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sso_only: Option<bool>,
    /// The fields of the users that come back, by their names in the API. Defaults to all. The emulator
    /// always sends all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub selected_columns: Option<Vec<String>>,
}

impl UserSearch {
    /// The same search for another page.
    fn turned_to(&self, page: u32) -> Result<Self> {
        match self.offset {
            Some(_) => Err(Error::argument("offset", "is for a single page; set `page` instead")),
            None => Ok(self.clone().page(page)),
        }
    }
}

setters!(UserSearch {
    text: opt<String>, login_ids: opt_list<String>, user_ids: opt_list<String>,
    emails: opt_list<String>, phones: opt_list<String>, verified_email: opt<bool>,
    verified_phone: opt<bool>, statuses: opt_list<UserStatus>, tenant_ids: opt_list<String>,
    include_sub_tenants: opt<bool>, roles: opt_list<String>, tenant_role_ids: opt_map<RoleFilter>,
    tenant_roles: opt_map<RoleFilter>, sso_app_ids: opt_list<String>,
    custom_attributes: opt_map<Value>, created_from: opt<UnixMillis>, created_to: opt<UnixMillis>,
    modified_from: opt<UnixMillis>, modified_to: opt<UnixMillis>, family_ids: opt_list<String>,
    dependent: opt<bool>, lock_reasons: opt_list<String>, temp_lock_reasons: opt_list<String>,
    with_test_users: opt<bool>, test_users_only: opt<bool>, sort: opt_list<Sort>,
    limit: opt_number<u32>, page: opt_number<u32>, offset: opt_number<u32>, login_id: opt<String>,
    recovery_emails: opt_list<String>, recovery_phones: opt_list<String>,
    verified_recovery_email: opt<bool>, verified_recovery_phone: opt<bool>, password: opt<bool>,
    totp: opt<bool>, webauthn: opt<bool>, scim: opt<bool>, scim_only: opt<bool>,
    sso_only: opt<bool>, selected_columns: opt_list<String>,
});

/// Roles to hold, all or any of them.
///
/// ```
/// use descope::mgmt::user::{RoleFilter, UserSearch};
///
/// let editors = UserSearch::default().tenant_roles([("acme", RoleFilter::any(["Editor", "Admin"]))]);
/// ```
#[derive(Clone, Debug, Serialize, PartialEq, Eq)]
#[non_exhaustive]
pub struct RoleFilter {
    /// Names or IDs of the roles.
    pub values: Vec<String>,
    /// Whether all of them must be held; else one is enough.
    #[serde(rename = "and")]
    pub all: bool,
}

impl RoleFilter {
    /// One of these is enough.
    pub fn any(values: impl IntoIterator<Item = impl Into<String>>) -> Self {
        Self { values: values.into_iter().map(Into::into).collect(), all: false }
    }

    /// All of these must be held.
    pub fn all(values: impl IntoIterator<Item = impl Into<String>>) -> Self {
        Self { values: values.into_iter().map(Into::into).collect(), all: true }
    }
}
