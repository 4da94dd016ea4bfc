//! Signing in by WhatsApp without a code: the user sends a message, and is signed in here. Feature
//! `notp`.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{
    Auth, AuthInfo, MessageLoginOptions, MessageSignUpOptions, MessageSignUpOrInOptions, pending,
};
use crate::check;
use crate::client::Client;
use crate::error::{Error, Result, codes};
use crate::extra::Extra;
use crate::options::setters;
pub use crate::pending::WaitOptions;
use crate::secret::Secret;

/// Signing in by WhatsApp without a code; see [`Auth::notp`].
///
/// 1. Begin with [`sign_up_or_in`](Self::sign_up_or_in), and send the user to
///    [`redirect_url`](PendingMessage::redirect_url), or show them the code in
///    [`image`](PendingMessage::image).
/// 2. WhatsApp opens with a message that is ready to send. The user sends it: this proves that the
///    phone number is theirs.
/// 3. Meanwhile wait for the session with [`wait_for_session`](Self::wait_for_session), or ask once
///    with [`session`](Self::session).
///
/// ```
/// # let emulator = descope::emulator::Emulator::new();
/// # let client = descope::Client::builder().emulator(&emulator).build()?;
/// use descope::auth::notp::{NotpUser, WaitOptions};
///
/// let notp = client.auth().notp();
/// let sent = notp.sign_up_or_in(NotpUser::Sender, &Default::default())?;
/// println!("Go to {:?}", sent.redirect_url);
/// # emulator.send_whatsapp(sent.redirect_url.as_deref().unwrap(), "+12025550101").unwrap();
///
/// let pending_ref = sent.pending_ref.expose();
/// match notp.wait_for_session(pending_ref, &WaitOptions::default(), || true)? {
///     Some(signed_in) => println!("hello, {}", signed_in.claims().user_id()),
///     None => println!("You have not sent the message in time"),
/// }
/// # Ok::<(), descope::Error>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Notp<'c>(&'c Client);

impl<'c> Auth<'c> {
    /// Signing in by WhatsApp without a code: the user sends a message, and is signed in here.
    pub fn notp(self) -> Notp<'c> {
        Notp(self.0)
    }
}

/// # Signing up and in
impl Notp<'_> {
    /// Begins to sign in a user, who is registered if they are new.
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// let sent = client.auth().notp().sign_up_or_in("+12025550101", &Default::default())?;
    /// println!("Go to {:?}", sent.redirect_url);
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Argument`] for a login ID that is empty or too long.
    pub fn sign_up_or_in<'u>(
        &self,
        user: impl Into<NotpUser<'u>>,
        options: &MessageSignUpOrInOptions,
    ) -> Result<PendingMessage> {
        self.0
            .post("/v1/auth/notp/whatsapp/signup-in")
            .check(to_no_recovery(options.use_recovery))
            .message_sign_up_or_in(user.into().login_id(), options)
            .send()
    }

    /// Begins to sign in an existing user.
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// let unknown = client.auth().notp().sign_in("+12025550199", &Default::default());
    /// assert_eq!(unknown.unwrap_err().code(), Some(descope::codes::USER_NOT_FOUND));
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`USER_NOT_FOUND`](crate::codes::USER_NOT_FOUND) if nobody has the login ID.
    pub fn sign_in<'u>(
        &self,
        user: impl Into<NotpUser<'u>>,
        options: &MessageLoginOptions,
    ) -> Result<PendingMessage> {
        self.0
            .post("/v1/auth/notp/whatsapp/signin")
            .check(to_no_recovery(options.use_recovery))
            .message_login(user.into().login_id(), options)
            .send()
    }

    /// Begins to register a new user.
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// use descope::UserDetails;
    /// use descope::auth::MessageSignUpOptions;
    ///
    /// let options = MessageSignUpOptions::default().user(UserDetails::default().name("Ada Lovelace"));
    /// let sent = client.auth().notp().sign_up("+12025550101", &options)?;
    /// println!("Go to {:?}", sent.redirect_url);
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`USER_ALREADY_EXISTS`](crate::codes::USER_ALREADY_EXISTS) if the login ID is taken;
    /// [`Error::Argument`] for a phone number that cannot be one.
    pub fn sign_up<'u>(
        &self,
        user: impl Into<NotpUser<'u>>,
        options: &MessageSignUpOptions,
    ) -> Result<PendingMessage> {
        let login_id = user.into().login_id();
        let phone = options.user.phone.as_deref().filter(|phone| !phone.is_empty());
        self.0
            .post("/v1/auth/notp/whatsapp/signup")
            .login_id(login_id)
            .check(phone.map_or(Ok(()), |phone| check::phone("phone", phone)))
            .field("phone", phone)
            .options("user", &options.user)
            .field("providerId", &options.provider_id)
            .options("loginOptions", options)
            .send()
    }

    /// Asks once for the session; `None` if nobody has sent the message yet.
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// let notp = client.auth().notp();
    /// let sent = notp.sign_up_or_in("+12025550101", &Default::default())?;
    /// assert!(notp.session(sent.pending_ref.expose())?.is_none());
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Api`] with HTTP status 401 if the pending reference is wrong, spent or too old.
    pub fn session(&self, pending_ref: &str) -> Result<Option<AuthInfo>> {
        self.0.post("/v1/auth/notp/pending-session").send_pending(pending_ref, codes::NOTP_PENDING)
    }

    /// Asks for the session repeatedly, until the message has been sent. Returns `None` if that did not
    /// happen in time, or if `keep_waiting` returned `false`.
    ///
    /// `keep_waiting` is called before every request, and ten times a second in between: to cancel,
    /// return `false`. A request under way is not cancelled, but ends within
    /// [`ClientBuilder::try_timeout`](crate::ClientBuilder::try_timeout).
    ///
    /// It continues to wait if Descope cannot answer for a while
    /// ([`Error::is_unavailable`]), or after too many requests. The next
    /// request is then made when `Retry-After` allows it, or after a minute.
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// use std::sync::atomic::{AtomicBool, Ordering};
    ///
    /// use descope::auth::notp::WaitOptions;
    ///
    /// static CANCELLED: AtomicBool = AtomicBool::new(false);
    ///
    /// let notp = client.auth().notp();
    /// let sent = notp.sign_up_or_in("+12025550101", &Default::default())?;
    /// # emulator.send_whatsapp(sent.redirect_url.as_deref().unwrap(), "+12025550101").unwrap();
    /// let go_on = || !CANCELLED.load(Ordering::Relaxed);
    /// let pending_ref = sent.pending_ref.expose();
    /// let signed_in = notp.wait_for_session(pending_ref, &WaitOptions::default(), go_on)?;
    /// assert!(signed_in.is_some());
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// The errors of [`session`](Self::session), at once. If Descope still could not answer at the end
    /// of the time, the error that says why.
    pub fn wait_for_session(
        &self,
        pending_ref: &str,
        options: &WaitOptions,
        keep_waiting: impl FnMut() -> bool,
    ) -> Result<Option<AuthInfo>> {
        pending::wait(self.0, options, keep_waiting, |client| Notp(client).session(pending_ref))
    }
}

/// # Changing a phone number
impl Notp<'_> {
    /// Begins to change the phone number of a signed-in user. It changes once the user has sent the
    /// message from the new number.
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// # emulator.seed(&serde_json::json!({ "users": [{ "loginId": "ada" }] })).unwrap();
    /// # let session = emulator.sign_in("ada").unwrap();
    /// # let refresh_token = session["refreshJwt"].as_str().unwrap();
    /// let notp = client.auth().notp();
    /// let sent = notp.update("ada", "+12025550101", refresh_token, &Default::default())?;
    /// println!("Go to {:?}", sent.redirect_url);
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Api`] with HTTP status 401 if the session has ended; [`Error::Argument`] for a phone
    /// number that cannot be one.
    pub fn update(
        &self,
        login_id: &str,
        phone: &str,
        refresh_token: &str,
        options: &NotpUpdateOptions,
    ) -> Result<PendingMessage> {
        self.0
            .post("/v1/auth/notp/whatsapp/update")
            .bearer("refresh_token", refresh_token)
            .login_id(login_id)
            .check(check::phone("phone", phone))
            .field("phone", phone)
            .options("templates", &options.templates)
            .fields(options)
            .send()
    }
}

/// Who is to sign in.
///
/// ```
/// use descope::auth::notp::NotpUser;
///
/// assert_eq!(NotpUser::from("ada"), NotpUser::LoginId("ada"));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotpUser<'u> {
    /// The user with this login ID.
    LoginId(&'u str),
    /// The user who sends the message, identified by the phone number.
    Sender,
}

impl<'u> NotpUser<'u> {
    fn login_id(self) -> Option<&'u str> {
        match self {
            Self::LoginId(login_id) => Some(login_id),
            Self::Sender => None,
        }
    }
}

impl<'u> From<&'u str> for NotpUser<'u> {
    fn from(login_id: &'u str) -> Self {
        Self::LoginId(login_id)
    }
}

/// A phone that sends a message is no recovery address.
fn to_no_recovery(use_recovery: Option<bool>) -> Result<()> {
    match use_recovery {
        None => Ok(()),
        Some(_) => Err(Error::argument("use_recovery", "is not for sign-ins without a code")),
    }
}

/// Options of [`Notp::update`].
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct NotpUpdateOptions {
    /// Makes the new number a login ID too. Defaults to `false`.
    #[serde(rename = "addToLoginIDs", skip_serializing_if = "Option::is_none")]
    pub add_to_login_ids: Option<bool>,
    /// If another user has the number, merges into that user instead of this one. Defaults to
    /// `false`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub on_merge_use_existing: Option<bool>,
    /// Other message templates than the project's.
    #[serde(skip)]
    pub templates: NotpTemplates,
    /// Values to put into the messages.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub template_options: Option<BTreeMap<String, String>>,
    /// The language of the messages, such as `pt-BR`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub locale: Option<String>,
    /// Another connector to send the messages with than the project's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub provider_id: Option<String>,
}

setters!(NotpUpdateOptions {
    add_to_login_ids: opt<bool>, on_merge_use_existing: opt<bool>, templates: nested<NotpTemplates>,
    template_options: opt_map<String>, locale: opt<String>, provider_id: opt<String>,
});

/// IDs of message templates, in place of the project's.
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct NotpTemplates {
    /// The message that the user sends.
    #[serde(rename = "verifyTemplateId", skip_serializing_if = "Option::is_none")]
    pub verify: Option<String>,
    /// The answer if all went well.
    #[serde(rename = "successTemplateId", skip_serializing_if = "Option::is_none")]
    pub success: Option<String>,
    /// The answer if it did not.
    #[serde(rename = "errorTemplateId", skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

setters!(NotpTemplates { verify: opt<String>, success: opt<String>, error: opt<String> });

/// A message that the user has to send, and a reference to the pending session.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct PendingMessage {
    /// The reference to ask for the session with. Whoever has it gets the session, so keep it secret.
    pub pending_ref: Secret,
    /// A URL that opens WhatsApp with the message ready to send. Send the user there.
    pub redirect_url: Option<String>,
    /// A picture of the same URL to scan with a phone, as Descope sends it.
    pub image: Option<String>,
    /// All other fields, such as those that a newer Descope adds.
    #[serde(flatten)]
    pub extra: Extra,
}
