//! Enchanted links: the user clicks the right one of three links, on any device, and is signed in
//! here. Feature `enchanted-link`.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{
    Auth, AuthInfo, DeliveryMethod, LinkLoginOptions, LinkSignUpOptions, LinkSignUpOrInOptions,
    LinkUpdateOptions, MaskedAddress, pending,
};
use crate::call::Call;
use crate::check;
use crate::client::Client;
use crate::error::{Error, Result, codes};
use crate::options::setters;
pub use crate::pending::WaitOptions;
use crate::secret::Secret;

/// Enchanted links; see [`Auth::enchanted_link`].
///
/// 1. Send the links, and show the user [`PendingLink::link_id`], the number of the right link.
/// 2. Wait for the session with [`wait_for_session`](Self::wait_for_session), or ask once with
///    [`session`](Self::session).
/// 3. Meanwhile the user clicks, perhaps on another device. The page that the link leads to passes
///    the link's query parameter `t` to [`verify`](Self::verify).
///
/// ```
/// # let emulator = descope::emulator::Emulator::new();
/// # let client = descope::Client::builder().emulator(&emulator).build()?;
/// # let query_parameter_t = || emulator.inbox().last_to("ada@example.com").unwrap().token.unwrap();
/// use descope::auth::DeliveryMethod::Email;
/// use descope::auth::LinkSignUpOrInOptions;
/// use descope::auth::enchanted_link::WaitOptions;
///
/// let links = client.auth().enchanted_link();
/// let options = LinkSignUpOrInOptions::default().redirect_url("https://app.example.com/verify");
/// let sent = links.sign_up_or_in(Email, "ada@example.com", &options)?;
/// println!("Click the link {} that we sent to {}", sent.link_id, sent.sent_to);
///
/// // In the handler of that page, perhaps on another machine:
/// links.verify(&query_parameter_t())?;
///
/// let pending_ref = sent.pending_ref.expose();
/// match links.wait_for_session(pending_ref, &WaitOptions::default(), || true)? {
///     Some(signed_in) => println!("hello, {}", signed_in.user.email.unwrap_or_default()),
///     None => println!("You have not clicked in time"),
/// }
/// # Ok::<(), descope::Error>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct EnchantedLinks<'c>(&'c Client, Option<bool>);

impl<'c> Auth<'c> {
    /// Enchanted links: the user clicks the right one of three links, on any device.
    pub fn enchanted_link(self) -> EnchantedLinks<'c> {
        EnchantedLinks(self.0, None)
    }
}

/// # Signing up and in
impl EnchantedLinks<'_> {
    /// Registers a new user and sends them links, by [`Email`](DeliveryMethod::Email) or
    /// [`Sms`](DeliveryMethod::Sms).
    ///
    /// The links go to the address in the user's details, or else to the login ID.
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
    /// let sent = client.auth().enchanted_link().sign_up(Email, "ada@example.com", &options)?;
    /// println!("Click the link {} that we sent to {}", sent.link_id, sent.sent_to);
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
    ) -> Result<PendingLink> {
        self.0
            .post("/v1/auth/enchantedlink/signup")
            .link_method(method)
            .message_sign_up(method, login_id, &options.sign_up)
            .field("URI", &options.redirect_url)
            .field("crossDevice", self.1)
            .send()
    }

    /// Sends an existing user links, by [`Email`](DeliveryMethod::Email) or
    /// [`Sms`](DeliveryMethod::Sms).
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// use descope::auth::DeliveryMethod::Email;
    ///
    /// let links = client.auth().enchanted_link();
    /// let unknown = links.sign_in(Email, "nobody@example.com", &Default::default());
    /// assert_eq!(unknown.unwrap_err().code(), Some(descope::codes::USER_NOT_FOUND));
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
    ) -> Result<PendingLink> {
        self.0
            .post("/v1/auth/enchantedlink/signin")
            .link_method(method)
            .message_login(login_id, &options.login)
            .field("URI", &options.redirect_url)
            .field("crossDevice", self.1)
            .send()
    }

    /// Sends links to a user, who is registered if they are new, by
    /// [`Email`](DeliveryMethod::Email) or [`Sms`](DeliveryMethod::Sms).
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// use descope::auth::DeliveryMethod::Sms;
    ///
    /// let links = client.auth().enchanted_link();
    /// let sent = links.sign_up_or_in(Sms, "+12025550101", &Default::default())?;
    /// println!("Click the link {} that we sent to {}", sent.link_id, sent.sent_to);
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Argument`] for any other method.
    pub fn sign_up_or_in(
        &self,
        method: DeliveryMethod,
        login_id: &str,
        options: &LinkSignUpOrInOptions,
    ) -> Result<PendingLink> {
        self.0
            .post("/v1/auth/enchantedlink/signup-in")
            .link_method(method)
            .message_sign_up_or_in(login_id, &options.login)
            .field("URI", &options.redirect_url)
            .field("crossDevice", self.1)
            .send()
    }

    /// Checks the token of the link that the user clicked. The session goes to the caller of
    /// [`session`](Self::session), not to the caller of this function.
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// use descope::auth::DeliveryMethod::Email;
    ///
    /// let links = client.auth().enchanted_link();
    /// links.sign_up_or_in(Email, "ada@example.com", &Default::default())?;
    /// # let query_parameter_t = emulator.inbox().last_to("ada@example.com").unwrap().token.unwrap();
    /// links.verify(&query_parameter_t)?;
    /// let again = links.verify(&query_parameter_t).unwrap_err();
    /// assert_eq!(again.code(), Some(descope::codes::LINK_EXPIRED));
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`LINK_EXPIRED`](crate::codes::LINK_EXPIRED) if the token is wrong, spent, too old, or
    /// belongs to a wrong link.
    pub fn verify(&self, token: &str) -> Result<()> {
        self.0.post("/v1/auth/enchantedlink/verify").link_token(token).send_unit()
    }

    /// Checks the token of the link that the user clicked, as [`verify`](Self::verify) does, and proves
    /// that it is the one who began the sign-in with the option `pkce_challenge`.
    ///
    /// The verifier is the secret that the challenge was made of, 43 to 128 characters long (RFC 7636
    /// section 4.1).
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// use descope::auth::DeliveryMethod::Email;
    /// use descope::auth::{LinkSignUpOrInOptions, MessageSignUpOrInOptions};
    ///
    /// // The example of RFC 7636.
    /// let verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
    /// let challenge = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
    ///
    /// let links = client.auth().enchanted_link();
    /// let login = MessageSignUpOrInOptions::default().pkce_challenge(challenge);
    /// let options = LinkSignUpOrInOptions::default().login(login);
    /// let sent = links.sign_up_or_in(Email, "ada@example.com", &options)?;
    /// # let query_parameter_t = emulator.inbox().last_to("ada@example.com").unwrap().token.unwrap();
    /// assert!(links.verify(&query_parameter_t).is_err(), "it needs the verifier");
    /// links.verify_with_pkce(&query_parameter_t, verifier)?;
    /// assert!(links.session(sent.pending_ref.expose())?.is_some());
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As for [`verify`](Self::verify), and if the verifier is not that of the challenge.
    pub fn verify_with_pkce(&self, token: &str, pkce_verifier: &str) -> Result<()> {
        self.0
            .post("/v1/auth/enchantedlink/verify")
            .link_token(token)
            .check(check::secret("pkce_verifier", pkce_verifier))
            .secret("pkceVerifier", pkce_verifier)
            .send_unit()
    }

    /// Asks once for the session; `None` if nobody has clicked the link yet.
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// use descope::auth::DeliveryMethod::Email;
    ///
    /// let links = client.auth().enchanted_link();
    /// let sent = links.sign_up_or_in(Email, "ada@example.com", &Default::default())?;
    /// assert!(links.session(sent.pending_ref.expose())?.is_none());
    /// # links.verify(&emulator.inbox().last_to("ada@example.com").unwrap().token.unwrap())?;
    /// // The user clicks.
    /// assert!(links.session(sent.pending_ref.expose())?.is_some());
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Api`] with HTTP status 401 if the pending reference is wrong, spent or too old.
    pub fn session(&self, pending_ref: &str) -> Result<Option<AuthInfo>> {
        self.0
            .post("/v1/auth/enchantedlink/pending-session")
            .send_pending(pending_ref, codes::ENCHANTED_LINK_PENDING)
    }

    /// Asks for the session repeatedly, until the link is clicked. Returns `None` if that did not
    /// happen in time, or if `keep_waiting` returned `false`.
    ///
    /// `keep_waiting` is called before every request, and ten times a second in between: to cancel,
    /// return `false`. A request under way is not cancelled, but ends within
    /// [`ClientBuilder::try_timeout`](crate::ClientBuilder::try_timeout).
    ///
    /// It continues to wait if Descope cannot answer for a while ([`Error::is_unavailable`]), or
    /// after too many requests. The next request is then made when `Retry-After` allows it, or after
    /// a minute.
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// use std::sync::atomic::{AtomicBool, Ordering};
    ///
    /// use descope::auth::DeliveryMethod::Email;
    /// use descope::auth::enchanted_link::WaitOptions;
    ///
    /// static CANCELLED: AtomicBool = AtomicBool::new(false);
    ///
    /// let links = client.auth().enchanted_link();
    /// let sent = links.sign_up_or_in(Email, "ada@example.com", &Default::default())?;
    /// # CANCELLED.store(true, Ordering::Relaxed);
    /// let go_on = || !CANCELLED.load(Ordering::Relaxed);
    /// let signed_in =
    ///     links.wait_for_session(sent.pending_ref.expose(), &WaitOptions::default(), go_on)?;
    /// assert!(signed_in.is_none(), "cancelled from elsewhere");
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// The errors of [`session`](Self::session), at once. If Descope still could not answer at the
    /// end of the time, the error that says why.
    pub fn wait_for_session(
        &self,
        pending_ref: &str,
        options: &WaitOptions,
        keep_waiting: impl FnMut() -> bool,
    ) -> Result<Option<AuthInfo>> {
        pending::wait(self.0, options, keep_waiting, |client| {
            EnchantedLinks(client, None).session(pending_ref)
        })
    }
}

/// # Changing an address
impl EnchantedLinks<'_> {
    /// Sends links to a new e-mail address of a signed-in user. The address changes once the right
    /// one is clicked and its token verified.
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// # emulator.seed(&serde_json::json!({ "users": [{ "loginId": "ada" }] })).unwrap();
    /// # let signed_in = client.mgmt().jwt().sign_in("ada", &Default::default())?;
    /// # let refresh_token = signed_in.refresh_token().unwrap();
    /// let links = client.auth().enchanted_link();
    /// let sent =
    ///     links.update_email("ada", "ada@example.com", refresh_token, &Default::default())?;
    /// println!("Click the link {} that we sent to {}", sent.link_id, sent.sent_to);
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Api`] with HTTP status 401 if the session has ended.
    pub fn update_email(
        &self,
        login_id: &str,
        email: &str,
        refresh_token: &str,
        options: &LinkUpdateOptions,
    ) -> Result<PendingLink> {
        self.0
            .post("/v1/auth/enchantedlink/update/email")
            .update_address(login_id, refresh_token, &options.update)
            .check(check::email("email", email))
            .field("email", email)
            .field("URI", &options.redirect_url)
            .field("crossDevice", self.1)
            .send()
    }

    /// Sends links to a new phone number of a signed-in user, as a text message. The number changes
    /// once the right one is clicked and its token verified.
    ///
    /// They always lead to the page set in the Descope console.
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// # emulator.seed(&serde_json::json!({ "users": [{ "loginId": "ada" }] })).unwrap();
    /// # let signed_in = client.mgmt().jwt().sign_in("ada", &Default::default())?;
    /// # let refresh_token = signed_in.refresh_token().unwrap();
    /// let links = client.auth().enchanted_link();
    /// let sent = links.update_phone("ada", "+12025550101", refresh_token, &Default::default())?;
    /// println!("Click the link {} that we sent to {}", sent.link_id, sent.sent_to);
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Api`] with HTTP status 401 if the session has ended.
    pub fn update_phone(
        &self,
        login_id: &str,
        phone: &str,
        refresh_token: &str,
        options: &UpdatePhoneOptions,
    ) -> Result<PendingLink> {
        self.0
            .post("/v1/auth/enchantedlink/update/phone/sms")
            .bearer("refresh_token", refresh_token)
            .login_id(login_id)
            .check(check::phone("phone", phone))
            .field("phone", phone)
            .fields(options)
            .send()
    }
}

/// # Where the links may be clicked
impl EnchantedLinks<'_> {
    /// Sets, for the messages sent with the returned handle, whether the links may be clicked on
    /// another device than the one that asked for them. By default, Descope decides.
    ///
    /// ```
    /// # use descope::auth::DeliveryMethod;
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// let links = client.auth().enchanted_link().cross_device(true);
    /// links.sign_up_or_in(DeliveryMethod::Email, "ada@example.com", &Default::default())?;
    /// # Ok::<(), descope::Error>(())
    /// ```
    #[must_use]
    pub fn cross_device(self, may: bool) -> Self {
        Self(self.0, Some(may))
    }
}

impl Call<'_> {
    /// The method in the path, which has to be able to carry three links.
    fn link_method(self, method: DeliveryMethod) -> Self {
        use DeliveryMethod::{Email, Sms};
        let checked = match method {
            Email | Sms => Ok(()),
            _ => Err(Error::argument("method", "must be e-mail or text message")),
        };
        self.check(checked).segment("method", method.as_str())
    }
}

/// Options of [`EnchantedLinks::update_phone`].
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct UpdatePhoneOptions {
    /// Makes the new number a login ID too. Defaults to `false`.
    #[serde(rename = "addToLoginIDs", skip_serializing_if = "Option::is_none")]
    pub add_to_login_ids: Option<bool>,
    /// If another user has the number, merges into that user instead of this one. Defaults to
    /// `false`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub on_merge_use_existing: Option<bool>,
    /// A message template to use instead of the project's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub template_id: Option<String>,
    /// Values to put into the message.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub template_options: Option<BTreeMap<String, String>>,
    /// A connector to send the message with, instead of the project's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub provider_id: Option<String>,
}

setters!(UpdatePhoneOptions {
    add_to_login_ids: opt<bool>, on_merge_use_existing: opt<bool>, template_id: opt<String>,
    template_options: opt_map<String>, provider_id: opt<String>,
});

/// The links that were sent, and a reference to the pending session.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(from = "MaskedAddress")]
#[non_exhaustive]
pub struct PendingLink {
    /// The number of the right link: show it to the user.
    pub link_id: String,
    /// The reference to ask for the session with. Whoever has it gets the session, so keep it
    /// secret.
    pub pending_ref: Secret,
    /// The address that the links were sent to.
    pub sent_to: MaskedAddress,
}

/// Its own members are among what an address does not know.
impl From<MaskedAddress> for PendingLink {
    fn from(mut sent_to: MaskedAddress) -> Self {
        let mut take = |name| sent_to.extra.take_text(name).unwrap_or_default();
        Self { link_id: take("linkId"), pending_ref: take("pendingRef").into(), sent_to }
    }
}
