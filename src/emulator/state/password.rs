//! Passwords, and what the project asks of them.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::hashed::Hashed;
use crate::emulator::words::context::Context;
use crate::emulator::words::digest::{Digest, digest, saved_digest};
use crate::emulator::words::fields::{Field, Fields, Kind, optional};
use crate::emulator::words::refusal::{Refusal, Result};

/// A password, as [`Password::save`] writes it.
pub(in crate::emulator) const SAVED: &[Field] = &[
    optional("digest", Kind::Text),
    optional("hashed", Kind::Map),
    optional("expired", Kind::Bool),
];

/// A user's password.
#[derive(Clone)]
pub(in crate::emulator) struct Password {
    stored: Stored,
    /// It must be replaced before the next sign-in.
    pub(in crate::emulator) expired: bool,
    wrong_attempts: u32,
}

/// The form in which a password is remembered.
#[derive(Clone)]
enum Stored {
    Digest(Digest),
    /// As another system stored it.
    Hashed(Hashed),
}

impl From<Stored> for Password {
    fn from(stored: Stored) -> Self {
        Self { stored, expired: false, wrong_attempts: 0 }
    }
}

impl Password {
    pub(in crate::emulator) fn new(text: &str) -> Self {
        Stored::Digest(digest(text)).into()
    }

    /// A password of another system: the wire type `BatchUserPasswordHashed`.
    pub(in crate::emulator) fn hashed(fields: Fields<'_>) -> Result<Self> {
        Ok(Stored::Hashed(Hashed::read(fields)?).into())
    }

    /// As [`restore`](Self::restore) reads it.
    pub(in crate::emulator) fn save(&self) -> Value {
        let (name, value) = match &self.stored {
            Stored::Digest(digest) => ("digest", STANDARD.encode(digest).into()),
            Stored::Hashed(hashed) => ("hashed", hashed.save()),
        };
        json!({ name: value, "expired": self.expired })
    }

    pub(in crate::emulator) fn restore(fields: Fields<'_>) -> Result<Self> {
        let mut password = match fields.maybe_text("digest") {
            Some(text) => Stored::Digest(saved_digest(text)?).into(),
            None => Self::hashed(fields.object("hashed"))?,
        };
        password.expired = fields.flag("expired");
        Ok(password)
    }

    fn is(&self, text: &str) -> bool {
        match &self.stored {
            Stored::Digest(stored) => *stored == digest(text),
            Stored::Hashed(hashed) => hashed.matches(text),
        }
    }

    pub(in crate::emulator) fn check(&mut self, text: &str, attempts: Option<u32>) -> Result<()> {
        if attempts.is_some_and(|attempts| self.wrong_attempts >= attempts) {
            return Err(Refusal::unauthorized("Too many wrong passwords; reset the password"));
        }
        if !self.is(text) {
            self.wrong_attempts = self.wrong_attempts.saturating_add(1);
            return Err(Refusal::unauthorized("The password is wrong"));
        }
        self.wrong_attempts = 0;
        Ok(())
    }
}

/// What a new password must have, and how wrong ones are treated.
#[derive(PartialEq, Eq)]
pub(in crate::emulator) struct Policy {
    pub(in crate::emulator) enabled: bool,
    pub(in crate::emulator) min_length: u32,
    pub(in crate::emulator) lowercase: bool,
    pub(in crate::emulator) uppercase: bool,
    pub(in crate::emulator) number: bool,
    pub(in crate::emulator) non_alphanumeric: bool,
    pub(in crate::emulator) lock: bool,
    /// If it is not the emulator's own number.
    pub(in crate::emulator) lock_attempts: Option<u32>,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            enabled: true,
            min_length: 8,
            lowercase: true,
            uppercase: true,
            number: true,
            non_alphanumeric: false,
            lock: true,
            lock_attempts: None,
        }
    }
}

impl Policy {
    pub(in crate::emulator) fn check_enabled(&self) -> Result<()> {
        let refusal = || Refusal::argument("The project has passwords switched off");
        self.enabled.then_some(()).ok_or_else(refusal)
    }

    /// How many wrong passwords an account takes, if there is a limit.
    pub(in crate::emulator) fn attempts(&self, context: &Context<'_>) -> Option<u32> {
        self.lock.then(|| self.lock_attempts.unwrap_or(context.settings.max_attempts))
    }

    pub(in crate::emulator) fn check(&self, password: &str) -> Result<()> {
        self.check_enabled()?;
        let length = u32::try_from(password.chars().count()).unwrap_or(u32::MAX);
        let lacks = |class: fn(char) -> bool| !password.contains(class);
        for (broken, rule) in [
            (length < self.min_length, "more characters"),
            (self.lowercase && lacks(char::is_lowercase), "a lowercase letter"),
            (self.uppercase && lacks(char::is_uppercase), "an uppercase letter"),
            (self.number && lacks(char::is_numeric), "a number"),
            (self.non_alphanumeric && lacks(|c| !c.is_alphanumeric()), "a special character"),
        ] {
            if broken {
                return Err(Refusal::argument(format!("The password needs {rule}")));
            }
        }
        Ok(())
    }
}
