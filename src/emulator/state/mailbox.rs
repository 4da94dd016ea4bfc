//! The messages the emulator did not send.

use std::collections::VecDeque;
use std::fmt;

use serde_json::{Value, json};

use crate::UnixTime;
use crate::emulator::words::fields::{Fields, Object};

/// Messages kept; older ones are dropped.
const CAPACITY: usize = 10_000;

/// A message that Descope would have sent, with the code or link in it.
#[derive(Clone)]
#[non_exhaustive]
pub struct Message {
    /// The e-mail address or phone number.
    pub to: String,
    /// The login ID of the user, as the request named it.
    pub login_id: String,
    /// `email`, `sms`, `voice`, `whatsapp` or `im`.
    pub method: String,
    /// The purpose: `sign-up`, `sign-in`, `sign-up-or-in`, `update-email`, `update-phone`,
    /// `password-reset`, `invite`.
    pub purpose: String,
    /// The one-time code, if the message has one.
    pub code: Option<String>,
    /// The link, if the message has one. For an enchanted link, the right one of the three.
    pub link: Option<String>,
    /// The token of the link, its query parameter `t`.
    pub token: Option<String>,
    /// The number of the right link, if the message has the links of an enchanted link.
    pub link_id: Option<String>,
    /// The number and link of each choice, if the message has the links of an enchanted link.
    pub links: Vec<(String, String)>,
    /// The requested template.
    pub template_id: Option<String>,
    /// Values for the template.
    pub template_options: Vec<(String, String)>,
    /// When the message was sent, by the emulator's clock.
    pub time: UnixTime,
}

impl Message {
    pub(in crate::emulator) fn new(
        method: &str,
        to: &str,
        login_id: &str,
        purpose: &str,
        time: i64,
    ) -> Self {
        Self {
            to: to.to_owned(),
            login_id: login_id.to_owned(),
            method: method.to_owned(),
            purpose: purpose.to_owned(),
            code: None,
            link: None,
            token: None,
            link_id: None,
            links: Vec::new(),
            template_id: None,
            template_options: Vec::new(),
            time: UnixTime::from_seconds(time),
        }
    }

    /// Takes `templateId` and `templateOptions` from the fields of a body or of login options.
    pub(in crate::emulator) fn template(mut self, fields: Fields<'_>) -> Self {
        self.template_id = fields.some_text("templateId").map(str::to_owned);
        let options = fields.map("templateOptions").into_iter().flatten();
        self.template_options = options
            .filter_map(|(name, value)| Some((name.clone(), value.as_str()?.to_owned())))
            .collect();
        self
    }

    pub(in crate::emulator) fn show(&self) -> Value {
        let map = |pairs: &[(String, String)]| -> Object {
            pairs.iter().map(|(name, value)| (name.clone(), json!(value))).collect()
        };
        json!({
            "to": self.to,
            "loginId": self.login_id,
            "method": self.method,
            "purpose": self.purpose,
            "code": self.code,
            "link": self.link,
            "token": self.token,
            "linkId": self.link_id,
            "links": map(&self.links),
            "templateId": self.template_id,
            "templateOptions": map(&self.template_options),
            "time": self.time.as_seconds(),
        })
    }
}

/// Says whether there is a code, link or token, but not which.
impl fmt::Debug for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let hidden = |secret: &Option<String>| secret.as_ref().map(|_| "[redacted]");
        f.debug_struct("Message")
            .field("to", &self.to)
            .field("method", &self.method)
            .field("purpose", &self.purpose)
            .field("code", &hidden(&self.code))
            .field("link", &hidden(&self.link))
            .field("token", &hidden(&self.token))
            .field("template_id", &self.template_id)
            .field("time", &self.time)
            .finish_non_exhaustive()
    }
}

#[derive(Default)]
pub(in crate::emulator) struct Mailbox(VecDeque<Message>);

impl Mailbox {
    pub(in crate::emulator) fn push(&mut self, message: Message) {
        if self.0.len() == CAPACITY {
            self.0.pop_front();
        }
        self.0.push_back(message);
    }

    pub(in crate::emulator) fn clear(&mut self) {
        self.0.clear();
    }

    /// Removes the messages to an address, or all.
    pub(in crate::emulator) fn remove(&mut self, to: Option<&str>) {
        self.0.retain(|message| to.is_some_and(|to| message.to != to));
    }

    pub(in crate::emulator) fn iter(&self) -> impl DoubleEndedIterator<Item = &Message> {
        self.0.iter()
    }
}
