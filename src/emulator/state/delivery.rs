//! How codes and links reach a user.

use serde_json::{Value, json};

use super::user::{Profile, User};
use crate::emulator::words::refusal::{Refusal, Result};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::emulator) enum Delivery {
    Email,
    Sms,
    Voice,
    WhatsApp,
    Im,
    /// None: a test or a program hands the code or the link over itself.
    Embedded,
}

impl Delivery {
    pub(in crate::emulator) fn parse(text: &str) -> Result<Self> {
        [Self::Email, Self::Sms, Self::Voice, Self::WhatsApp, Self::Im, Self::Embedded]
            .into_iter()
            .find(|method| method.as_str() == text)
            .ok_or_else(|| Refusal::invalid(format!("There is no delivery method {text:?}")))
    }

    /// The value of the `amr` claim.
    pub(in crate::emulator) fn factor(self) -> &'static str {
        if self == Self::Embedded { "embedded" } else { self.as_str() }
    }

    /// The name in paths and in bodies.
    pub(in crate::emulator) fn as_str(self) -> &'static str {
        match self {
            Self::Email => "email",
            Self::Sms => "sms",
            Self::Voice => "voice",
            Self::WhatsApp => "whatsapp",
            Self::Im => "im",
            Self::Embedded => "Embedded",
        }
    }

    fn address_name(self) -> &'static str {
        if self == Self::Email { "e-mail address" } else { "phone number" }
    }

    pub(in crate::emulator) fn looks_right(self, text: &str) -> bool {
        match self {
            Self::Email => text
                .split_once('@')
                .is_some_and(|(name, host)| !name.is_empty() && !host.is_empty()),
            _ => text.starts_with(|c: char| c == '+' || c.is_ascii_digit()) && !text.contains('@'),
        }
    }

    pub(in crate::emulator) fn address_of(self, profile: &mut Profile) -> &mut String {
        if self == Self::Email { &mut profile.email } else { &mut profile.phone }
    }

    /// Where the user is reached; a login ID that looks like an address is one.
    pub(in crate::emulator) fn address(self, profile: &Profile, login_id: &str) -> Result<String> {
        let known = if self == Self::Email { &profile.email } else { &profile.phone };
        let candidates = [known, login_id].into_iter();
        let mut addresses = candidates.filter(|text| self.looks_right(text));
        addresses.next().map(str::to_owned).ok_or_else(|| {
            Refusal::argument(format!("The user has no {} to send to", self.address_name()))
        })
    }

    /// Where the user is reached who has lost the rest.
    pub(in crate::emulator) fn recovery_address(self, profile: &Profile) -> Result<String> {
        let email = self == Self::Email;
        let known = if email { &profile.recovery_email } else { &profile.recovery_phone };
        if known.is_empty() {
            let name = self.address_name();
            return Err(Refusal::argument(format!("The user has no {name} to recover with")));
        }
        Ok(known.clone())
    }

    /// Marks the address as verified, if it is the user's.
    pub(in crate::emulator) fn verified(self, user: &mut User, address: &str) {
        if address.is_empty() {
            return;
        }
        let (recovery, verified) = match self {
            Self::Email => (&user.profile.recovery_email, &mut user.verified_recovery_email),
            _ => (&user.profile.recovery_phone, &mut user.verified_recovery_phone),
        };
        if recovery == address {
            *verified = true;
            return;
        }
        if self.address_of(&mut user.profile).is_empty() {
            address.clone_into(self.address_of(&mut user.profile));
        }
        if self.address_of(&mut user.profile) == address {
            if self == Self::Email {
                user.verified_email = true;
            } else {
                user.verified_phone = true;
            }
        }
    }

    /// `{"maskedEmail": …}` or `{"maskedPhone": …}`.
    pub(in crate::emulator) fn masked(self, address: &str) -> Value {
        match self {
            Self::Email => json!({ "maskedEmail": mask_email(address) }),
            _ => json!({ "maskedPhone": mask_phone(address) }),
        }
    }
}

/// `ada@example.com` becomes `a***@example.com`.
fn mask_email(address: &str) -> String {
    let first = address.chars().next().unwrap_or('*');
    let domain = address.rsplit_once('@').map_or("", |(_, domain)| domain);
    format!("{first}***@{domain}")
}

/// All but the first two and the last two characters are starred.
fn mask_phone(number: &str) -> String {
    let length = number.chars().count();
    let shown = |at| length > 4 && (at < 2 || at + 2 >= length);
    number.chars().enumerate().map(|(at, c)| if shown(at) { c } else { '*' }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn masks_addresses() {
        assert_eq!(mask_email("alice@example.com"), "a***@example.com");
        assert_eq!(mask_email("é@x"), "é***@x");
        assert_eq!(mask_email(""), "****@");
        assert_eq!(mask_phone("+12025550101"), "+1********01");
        assert_eq!(mask_phone("1234"), "****");
    }
}
