//! Magic links: one click on a link in a message signs the user in. Feature `magic-link`.

use super::{
    Auth, AuthInfo, DeliveryMethod, LinkLoginOptions, LinkSignUpOptions, LinkSignUpOrInOptions,
    LinkUpdateOptions, MaskedAddress,
};
use crate::check;
use crate::client::Client;
use crate::error::Result;

/// Magic links; see [`Auth::magic_link`].
///
/// The link leads to a page of yours, and carries a token as its query parameter `t`. Hand that token
/// to [`verify`](Self::verify).
#[derive(Clone, Copy, Debug)]
pub struct MagicLinks<'c>(&'c Client);

impl<'c> Auth<'c> {
    /// Magic links: one click on a link in a message signs the user in.
    pub fn magic_link(self) -> MagicLinks<'c> {
        MagicLinks(self.0)
    }
}

/// # Signing up and in
impl MagicLinks<'_> {
    /// Registers a new user and sends them a link; finish with [`verify`](Self::verify).
    ///
    /// The link goes to the address in the user's details, or else to the login ID.
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// use descope::UserDetails;
    /// use descope::auth::DeliveryMethod::Email;
    /// use descope::auth::{LinkSignUpOptions, MessageSignUpOptions};
    ///
    /// let ada = UserDetails::default().name("Ada Lovelace");
    /// let options = LinkSignUpOptions::default()
    ///     .redirect_url("https://app.example.com/verify")
    ///     .sign_up(MessageSignUpOptions::default().user(ada));
    /// let sent_to = client.auth().magic_link().sign_up(Email, "ada@example.com", &options)?;
    /// println!("Click the link we sent to {sent_to}");
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`USER_ALREADY_EXISTS`](crate::codes::USER_ALREADY_EXISTS) if the login ID is taken.
    pub fn sign_up(
        &self,
        method: DeliveryMethod,
        login_id: &str,
        options: &LinkSignUpOptions,
    ) -> Result<MaskedAddress> {
        self.0
            .post("/v1/auth/magiclink/signup")
            .segment("method", method.as_str())
            .message_sign_up(method, login_id, &options.sign_up)
            .field("URI", &options.redirect_url)
            .send()
    }

    /// Sends an existing user a link; finish with [`verify`](Self::verify).
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// # client.mgmt().user().create("ada@example.com", &Default::default())?;
    /// use descope::auth::DeliveryMethod::Email;
    /// use descope::auth::LinkLoginOptions;
    ///
    /// let links = client.auth().magic_link();
    /// let options = LinkLoginOptions::default().redirect_url("https://app.example.com/verify");
    /// let sent_to = links.sign_in(Email, "ada@example.com", &options)?;
    /// println!("Click the link we sent to {sent_to}");
    /// let unknown = links.sign_in(Email, "nobody@example.com", &options);
    /// assert!(unknown.unwrap_err().is_not_found());
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`USER_NOT_FOUND`](crate::codes::USER_NOT_FOUND) if nobody has the login ID.
    pub fn sign_in(
        &self,
        method: DeliveryMethod,
        login_id: &str,
        options: &LinkLoginOptions,
    ) -> Result<MaskedAddress> {
        self.0
            .post("/v1/auth/magiclink/signin")
            .segment("method", method.as_str())
            .message_login(login_id, &options.login)
            .field("URI", &options.redirect_url)
            .send()
    }

    /// Sends a link to a user, who is registered if they are new; finish with
    /// [`verify`](Self::verify).
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// use descope::auth::DeliveryMethod::Sms;
    ///
    /// let links = client.auth().magic_link();
    /// let sent_to = links.sign_up_or_in(Sms, "+12025550101", &Default::default())?;
    /// println!("Click the link we sent to {sent_to}");
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Argument`](crate::Error::Argument) for an empty login ID.
    pub fn sign_up_or_in(
        &self,
        method: DeliveryMethod,
        login_id: &str,
        options: &LinkSignUpOrInOptions,
    ) -> Result<MaskedAddress> {
        self.0
            .post("/v1/auth/magiclink/signup-in")
            .segment("method", method.as_str())
            .message_sign_up_or_in(login_id, &options.login)
            .field("URI", &options.redirect_url)
            .send()
    }

    /// Checks the token of the link that the user clicked, and signs them in.
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// # let query_parameter_t = || emulator.inbox().last_to("ada@example.com").unwrap().token.unwrap();
    /// use descope::auth::DeliveryMethod::Email;
    ///
    /// let links = client.auth().magic_link();
    /// links.sign_up_or_in(Email, "ada@example.com", &Default::default())?;
    /// let signed_in = links.verify(&query_parameter_t())?;
    /// assert!(signed_in.user.verified_email);
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`LINK_EXPIRED`](crate::codes::LINK_EXPIRED) if the token is wrong, spent or too old.
    pub fn verify(&self, token: &str) -> Result<AuthInfo> {
        Auth(self.0).verify_link(token)
    }
}

/// # Changing an address
impl MagicLinks<'_> {
    /// Sends a link to a new e-mail address of a signed-in user. The address changes once the link
    /// is clicked and its token verified.
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// # emulator.seed(&serde_json::json!({ "users": [{ "loginId": "ada" }] })).unwrap();
    /// # let signed_in = client.mgmt().jwt().sign_in("ada", &Default::default())?;
    /// # let refresh_token = signed_in.refresh_token().unwrap();
    /// let links = client.auth().magic_link();
    /// links.update_email("ada", "ada@example.com", refresh_token, &Default::default())?;
    /// # let query_parameter_t = emulator.inbox().last_to("ada@example.com").unwrap().token.unwrap();
    /// let signed_in = links.verify(&query_parameter_t)?;
    /// assert_eq!(signed_in.user.email, "ada@example.com");
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Api`](crate::Error::Api) with HTTP status 401 if the session has ended.
    pub fn update_email(
        &self,
        login_id: &str,
        email: &str,
        refresh_token: &str,
        options: &LinkUpdateOptions,
    ) -> Result<MaskedAddress> {
        self.0
            .post("/v1/auth/magiclink/update/email")
            .update_address(login_id, refresh_token, &options.update)
            .check(check::email("email", email))
            .field("email", email)
            .field("URI", &options.redirect_url)
            .send()
    }

    /// Sends a link to a new phone number of a signed-in user. The number changes once the link is
    /// clicked and its token verified.
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// # emulator.seed(&serde_json::json!({ "users": [{ "loginId": "ada" }] })).unwrap();
    /// # let signed_in = client.mgmt().jwt().sign_in("ada", &Default::default())?;
    /// # let refresh_token = signed_in.refresh_token().unwrap();
    /// use descope::auth::DeliveryMethod::Sms;
    ///
    /// let (links, phone) = (client.auth().magic_link(), "+12025550101");
    /// links.update_phone(Sms, "ada", phone, refresh_token, &Default::default())?;
    /// # let query_parameter_t = emulator.inbox().last_to(phone).unwrap().token.unwrap();
    /// let signed_in = links.verify(&query_parameter_t)?;
    /// assert_eq!(signed_in.user.phone, phone);
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Argument`](crate::Error::Argument) for [`DeliveryMethod::Email`], and
    /// [`Error::Api`](crate::Error::Api) with HTTP status 401 if the session has ended.
    pub fn update_phone(
        &self,
        method: DeliveryMethod,
        login_id: &str,
        phone: &str,
        refresh_token: &str,
        options: &LinkUpdateOptions,
    ) -> Result<MaskedAddress> {
        self.0
            .post("/v1/auth/magiclink/update/phone")
            .segment("method", method.as_str())
            .check(method.check_phone_method())
            .update_address(login_id, refresh_token, &options.update)
            .check(check::phone("phone", phone))
            .field("phone", phone)
            .field("URI", &options.redirect_url)
            .send()
    }
}
