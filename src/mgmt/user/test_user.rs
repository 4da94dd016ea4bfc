//! Test users: codes and links without a message, for automated tests.

use serde::{Deserialize, Serialize};

use super::{GeneratedSignIn, NewUser, Users};
use crate::auth::DeliveryMethod;
use crate::error::Result;
use crate::extra::Extra;
use crate::models::User;
use crate::options::setters;
use crate::secret::Secret;
use crate::transport::http::Method;

/// # Test users
impl Users<'_> {
    /// Creates a test user: one whose codes and links the `generate_…_for_test_user` calls return, so
    /// that a test can sign in without reading messages.
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// use descope::auth::DeliveryMethod::Email;
    ///
    /// let users = client.mgmt().user();
    /// users.create_test_user("test@example.com", &Default::default())?;
    /// let otp = users.generate_otp_for_test_user(Email, "test@example.com", &Default::default())?;
    /// client.auth().otp().verify(Email, "test@example.com", otp.code.expose())?;
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`USER_ALREADY_EXISTS`](crate::codes::USER_ALREADY_EXISTS) if a login ID is taken.
    pub fn create_test_user(&self, login_id: &str, user: &NewUser) -> Result<User> {
        self.of_login("/v1/mgmt/user/create/test", login_id)
            .hide(&user.secrets())
            .field("invite", false)
            .fields(user)
            .field("test", true)
            .send_field("user")
    }

    /// Deletes **all** test users of the project. This cannot be undone.
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// # client.mgmt().user().create_test_user("test@example.com", &Default::default())?;
    /// let users = client.mgmt().user();
    /// users.delete_all_test_users()?;
    /// assert_eq!(users.search_test_users(&Default::default())?.total, Some(0));
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Those of [every management call](crate::mgmt::Mgmt#errors).
    pub fn delete_all_test_users(&self) -> Result<()> {
        self.0.call(Method::DELETE, "/v1/mgmt/user/test/delete/all").send_unit()
    }

    /// Makes a one-time code for a test user and returns it; finish with
    /// [`Otp::verify`](crate::auth::otp::Otp::verify).
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// # client.mgmt().user().create_test_user("test@example.com", &Default::default())?;
    /// use descope::auth::DeliveryMethod::Sms;
    ///
    /// let users = client.mgmt().user();
    /// let otp = users.generate_otp_for_test_user(Sms, "test@example.com", &Default::default())?;
    /// client.auth().otp().verify(Sms, &otp.login_id, otp.code.expose())?;
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Those of [every management call](crate::mgmt::Mgmt#errors).
    pub fn generate_otp_for_test_user(
        &self,
        method: impl Into<TestMethod>,
        login_id: &str,
        sign_in: &GeneratedSignIn,
    ) -> Result<TestOtp> {
        self.of_login("/v1/mgmt/tests/generate/otp", login_id)
            .field("deliveryMethod", method.into().as_str())
            .options("loginOptions", sign_in)
            .send()
    }

    /// Makes a magic link for a test user and returns it; finish with
    /// [`MagicLinks::verify`](crate::auth::magic_link::MagicLinks::verify) of its token, the parameter
    /// `t`.
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// # client.mgmt().user().create_test_user("test@example.com", &Default::default())?;
    /// use descope::auth::DeliveryMethod::Email;
    /// use descope::mgmt::user::TestLinkOptions;
    ///
    /// let users = client.mgmt().user();
    /// let options = TestLinkOptions::default().redirect_url("https://app.example.com/verify");
    /// let made = users.generate_magic_link_for_test_user(Email, "test@example.com", &options)?;
    /// let token = made.link.expose().split_once("?t=").map_or("", |(_, token)| token);
    /// client.auth().magic_link().verify(token)?;
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Those of [every management call](crate::mgmt::Mgmt#errors).
    pub fn generate_magic_link_for_test_user(
        &self,
        method: impl Into<TestMethod>,
        login_id: &str,
        options: &TestLinkOptions,
    ) -> Result<TestMagicLink> {
        self.of_login("/v1/mgmt/tests/generate/magiclink", login_id)
            .field("deliveryMethod", method.into().as_str())
            .field("URI", "")
            .fields(options)
            .options("loginOptions", &options.sign_in)
            .send()
    }

    /// Makes an enchanted link for a test user and returns it. Finish with
    /// [`EnchantedLinks::verify`](crate::auth::enchanted_link::EnchantedLinks::verify) of its token, the
    /// parameter `t`, and
    /// [`session`](crate::auth::enchanted_link::EnchantedLinks::session) on the waiting side.
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// # client.mgmt().user().create_test_user("test@example.com", &Default::default())?;
    /// use descope::mgmt::user::TestLinkOptions;
    ///
    /// let users = client.mgmt().user();
    /// let options = TestLinkOptions::default().redirect_url("https://app.example.com/verify");
    /// let made = users.generate_enchanted_link_for_test_user("test@example.com", &options)?;
    /// let token = made.link.expose().split_once("?t=").map_or("", |(_, token)| token);
    /// let links = client.auth().enchanted_link();
    /// links.verify(token)?;
    /// assert!(links.session(made.pending_ref.expose())?.is_some());
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Those of [every management call](crate::mgmt::Mgmt#errors).
    pub fn generate_enchanted_link_for_test_user(
        &self,
        login_id: &str,
        options: &TestLinkOptions,
    ) -> Result<TestEnchantedLink> {
        self.of_login("/v1/mgmt/tests/generate/enchantedlink", login_id)
            .field("URI", "")
            .fields(options)
            .options("loginOptions", &options.sign_in)
            .send()
    }
}

/// Options of [`Users::generate_magic_link_for_test_user`] and
/// [`Users::generate_enchanted_link_for_test_user`].
#[derive(Clone, Debug, Default, Serialize)]
#[non_exhaustive]
pub struct TestLinkOptions {
    /// Where the link leads. Defaults to the page that is set in the Descope console.
    #[serde(rename = "URI", skip_serializing_if = "Option::is_none")]
    pub redirect_url: Option<String>,
    /// The sign-in that follows.
    #[serde(skip)]
    pub sign_in: GeneratedSignIn,
}

setters!(TestLinkOptions { redirect_url: opt<String>, sign_in: nested<GeneratedSignIn> });

/// How a code or link for a test user would reach them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TestMethod {
    /// By a message.
    Message(DeliveryMethod),
    /// Not at all: it is for the caller to hand over.
    Embedded,
}

impl TestMethod {
    /// The name on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Message(method) => method.as_str(),
            Self::Embedded => "Embedded",
        }
    }
}

impl From<DeliveryMethod> for TestMethod {
    fn from(method: DeliveryMethod) -> Self {
        Self::Message(method)
    }
}

/// A one-time code for a test user.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
#[non_exhaustive]
pub struct TestOtp {
    /// The login ID to verify it with.
    pub login_id: String,
    /// The code.
    pub code: Secret,
    /// What a newer Descope says beyond the above.
    #[serde(flatten)]
    pub extra: Extra,
}

/// A magic link for a test user.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
#[non_exhaustive]
pub struct TestMagicLink {
    /// The user's login ID.
    pub login_id: String,
    /// The link, with its token in the parameter `t`.
    pub link: Secret,
    /// What a newer Descope says beyond the above.
    #[serde(flatten)]
    pub extra: Extra,
}

/// An enchanted link for a test user.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
#[non_exhaustive]
pub struct TestEnchantedLink {
    /// The user's login ID.
    pub login_id: String,
    /// The link, with its token in the parameter `t`.
    pub link: Secret,
    /// What the waiting side asks for the session with.
    pub pending_ref: Secret,
    /// What a newer Descope says beyond the above.
    #[serde(flatten)]
    pub extra: Extra,
}
