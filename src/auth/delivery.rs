use serde::{Deserialize, Serialize};

use crate::check;
use crate::error::{Error, Result};
use crate::extra::Extra;

/// How a message reaches a user.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum DeliveryMethod {
    /// By e-mail.
    Email,
    /// By instant message.
    Im,
    /// By text message.
    Sms,
    /// By phone call.
    Voice,
    /// By WhatsApp message.
    WhatsApp,
}

impl DeliveryMethod {
    /// The name on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Email => "email",
            Self::Im => "im",
            Self::Sms => "sms",
            Self::Voice => "voice",
            Self::WhatsApp => "whatsapp",
        }
    }

    /// Whether the message goes to a phone number.
    pub fn is_phone(self) -> bool {
        self != Self::Email
    }

    /// The member of a sign-up that repeats the address.
    pub(crate) fn address_field(self) -> Option<&'static str> {
        match self {
            Self::Email => Some("email"),
            Self::Im => None,
            Self::Sms => Some("phone"),
            Self::Voice => Some("voice"),
            Self::WhatsApp => Some("whatsapp"),
        }
    }

    /// Refuses e-mail where a message goes to a phone.
    pub(crate) fn check_phone_method(self) -> Result<()> {
        if self.is_phone() { Ok(()) } else { Err(Error::argument("method", "must be to a phone")) }
    }

    /// Refuses what no message of this kind can be sent to.
    pub(crate) fn check_address(self, name: &'static str, address: &str) -> Result<()> {
        if self.is_phone() { check::phone(name, address) } else { check::email(name, address) }
    }
}

/// The address of a message, partly hidden so that you can show
/// it.
#[derive(Clone, Debug, Default, Deserialize, Serialize, PartialEq, Eq)]
#[serde(default, rename_all = "camelCase")]
#[non_exhaustive]
pub struct MaskedAddress {
    /// Such as `a**@e******.com`, if it was an e-mail.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub masked_email: Option<String>,
    /// Such as `+1*******01`, if it went to a phone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub masked_phone: Option<String>,
    /// For a one-time code, how many times it may be verified, if Descope says so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub verification_attempts: Option<u32>,
    /// All other fields, such as those that a newer Descope adds.
    #[serde(flatten)]
    pub extra: Extra,
}

impl std::fmt::Display for MaskedAddress {
    /// The one there is.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let address = self.masked_email.as_deref().filter(|email| !email.is_empty());
        f.write_str(address.or(self.masked_phone.as_deref()).unwrap_or_default())
    }
}
