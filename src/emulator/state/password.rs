//! Passwords, and what the project and its tenants ask of them.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::hashed::Hashed;
use super::strength::score;
use crate::emulator::words::context::Context;
use crate::emulator::words::digest::{Digest, digest, saved_digest};
use crate::emulator::words::fields::{Field, Fields, Kind, optional};
use crate::emulator::words::refusal::{Refusal, Result};

/// A password, as [`Password::save`] writes it.
pub(in crate::emulator) const SAVED: &[Field] = &[
    optional("digest", Kind::Text),
    optional("hashed", Kind::Map),
    optional("expired", Kind::Bool),
    optional("setTime", Kind::Int),
    optional(
        "former",
        Kind::Objects(&[optional("digest", Kind::Text), optional("hashed", Kind::Map)]),
    ),
];

/// How many former passwords are remembered: as many as Descope compares new ones with.
const MOST_FORMER: usize = 50;

const WEEK: i64 = 7 * 24 * 60 * 60;

/// A user's password.
#[derive(Clone)]
pub(in crate::emulator) struct Password {
    stored: Stored,
    /// It must be replaced before the next sign-in.
    pub(in crate::emulator) expired: bool,
    /// When it was set.
    set: i64,
    /// Those before it, the newest first.
    former: Vec<Stored>,
    /// Wrong passwords since the last right one.
    wrong_attempts: u32,
    /// Those of them since the user was last locked out for a while.
    wrong_since_lock: u32,
    /// Until when the user is locked out for a while; 0 if they never were.
    pub(in crate::emulator) locked_until: i64,
}

/// The form in which a password is remembered.
#[derive(Clone)]
enum Stored {
    Digest(Digest),
    /// As another system stored it.
    Hashed(Hashed),
}

impl Stored {
    fn is(&self, text: &str) -> bool {
        match self {
            Self::Digest(stored) => *stored == digest(text),
            Self::Hashed(hashed) => hashed.matches(text),
        }
    }

    fn save(&self) -> Value {
        match self {
            Self::Digest(digest) => json!({ "digest": STANDARD.encode(digest) }),
            Self::Hashed(hashed) => json!({ "hashed": hashed.save() }),
        }
    }

    fn restore(fields: Fields<'_>) -> Result<Self> {
        match fields.maybe_text("digest") {
            Some(text) => Ok(Self::Digest(saved_digest(text)?)),
            None => Ok(Self::Hashed(Hashed::read(fields.object("hashed"))?)),
        }
    }
}

impl Password {
    fn of(stored: Stored, set: i64) -> Self {
        Self {
            stored,
            expired: false,
            set,
            former: Vec::new(),
            wrong_attempts: 0,
            wrong_since_lock: 0,
            locked_until: 0,
        }
    }

    /// A password in place of the one before it, if there is one.
    pub(in crate::emulator) fn new(text: &str, before: Option<&Self>, now: i64) -> Self {
        let mut password = Self::of(Stored::Digest(digest(text)), now);
        if let Some(before) = before {
            let former = std::iter::once(&before.stored).chain(&before.former);
            password.former = former.take(MOST_FORMER).cloned().collect();
        }
        password
    }

    /// A password of another system: the wire type `BatchUserPasswordHashed`.
    pub(in crate::emulator) fn hashed(fields: Fields<'_>, now: i64) -> Result<Self> {
        Ok(Self::of(Stored::Hashed(Hashed::read(fields)?), now))
    }

    /// As [`restore`](Self::restore) reads it.
    pub(in crate::emulator) fn save(&self) -> Value {
        let mut saved = self.stored.save();
        saved["expired"] = json!(self.expired);
        saved["setTime"] = json!(self.set);
        saved["former"] = self.former.iter().map(Stored::save).collect();
        saved
    }

    pub(in crate::emulator) fn restore(fields: Fields<'_>, now: i64) -> Result<Self> {
        let mut password = Self::of(Stored::restore(fields)?, fields.int("setTime").unwrap_or(now));
        password.expired = fields.flag("expired");
        password.former = fields.objects("former").map(Stored::restore).collect::<Result<_>>()?;
        Ok(password)
    }

    /// Whether it is this one or one of those before it, this many in all.
    fn was(&self, text: &str, amount: u32) -> bool {
        let amount = usize::try_from(amount).unwrap_or(usize::MAX);
        std::iter::once(&self.stored).chain(&self.former).take(amount).any(|old| old.is(text))
    }

    /// Whether it must be replaced before the next sign-in.
    pub(in crate::emulator) fn is_over(&self, policy: &Policy, now: i64) -> bool {
        let lifetime = WEEK.saturating_mul(policy.expiration_weeks.into());
        self.expired || (policy.expiration && now >= self.set.saturating_add(lifetime))
    }

    /// Whether too many wrong ones have locked it until it is reset.
    pub(in crate::emulator) fn is_locked(&self, policy: &Policy, context: &Context<'_>) -> bool {
        policy.attempts(context).is_some_and(|attempts| self.wrong_attempts >= attempts)
    }

    /// Whether too many wrong ones have locked it for a while.
    pub(in crate::emulator) fn is_locked_for_now(&self, policy: &Policy, now: i64) -> bool {
        policy.temp_lock && now < self.locked_until
    }

    /// Refuses a wrong password, and any at all after too many wrong ones.
    pub(in crate::emulator) fn check(
        &mut self,
        text: &str,
        policy: &Policy,
        context: &Context<'_>,
    ) -> Result<()> {
        if self.is_locked(policy, context) {
            return Err(Refusal::unauthorized("Too many wrong passwords; reset the password"));
        }
        if self.is_locked_for_now(policy, context.now) {
            return Err(Refusal::unauthorized("Too many wrong passwords; try again later"));
        }
        if !self.stored.is(text) {
            self.wrong_attempts = self.wrong_attempts.saturating_add(1);
            self.wrong_since_lock = self.wrong_since_lock.saturating_add(1);
            if policy.temp_lock && self.wrong_since_lock >= policy.temp_lock_attempts {
                let seconds = i64::from(policy.temp_lock_minutes) * 60;
                self.locked_until = context.now.saturating_add(seconds);
                self.wrong_since_lock = 0;
            }
            return Err(Refusal::credentials());
        }
        (self.wrong_attempts, self.wrong_since_lock, self.locked_until) = (0, 0, 0);
        Ok(())
    }
}

/// What a new password must have, how long it is good, and how wrong ones are treated.
#[derive(Clone, PartialEq, Eq)]
pub(in crate::emulator) struct Policy {
    pub(in crate::emulator) enabled: bool,
    pub(in crate::emulator) min_length: u32,
    pub(in crate::emulator) lowercase: bool,
    pub(in crate::emulator) uppercase: bool,
    pub(in crate::emulator) number: bool,
    pub(in crate::emulator) non_alphanumeric: bool,
    pub(in crate::emulator) any_letter: bool,
    pub(in crate::emulator) disallowed: String,
    /// It must not be the user's e-mail address.
    pub(in crate::emulator) no_email: bool,
    /// Its [score](score) must not be less than the next number.
    pub(in crate::emulator) strength: bool,
    pub(in crate::emulator) strength_score: u32,
    pub(in crate::emulator) expiration: bool,
    pub(in crate::emulator) expiration_weeks: u32,
    pub(in crate::emulator) reuse: bool,
    pub(in crate::emulator) reuse_amount: u32,
    pub(in crate::emulator) lock: bool,
    /// If it is not the emulator's own number.
    pub(in crate::emulator) lock_attempts: Option<u32>,
    pub(in crate::emulator) temp_lock: bool,
    pub(in crate::emulator) temp_lock_attempts: u32,
    pub(in crate::emulator) temp_lock_minutes: u32,
}

impl Default for Policy {
    /// The numbers of rules that are off are those that Descope's Terraform provider begins with.
    fn default() -> Self {
        Self {
            enabled: true,
            min_length: 8,
            lowercase: true,
            uppercase: true,
            number: true,
            non_alphanumeric: false,
            any_letter: false,
            disallowed: String::new(),
            no_email: false,
            strength: false,
            strength_score: 0,
            expiration: false,
            expiration_weeks: 20,
            reuse: false,
            reuse_amount: 10,
            lock: true,
            lock_attempts: None,
            temp_lock: false,
            temp_lock_attempts: 3,
            temp_lock_minutes: 5,
        }
    }
}

impl Policy {
    /// What both ask for.
    pub(in crate::emulator) fn and(&self, other: &Self) -> Self {
        // The number of a rule that is off does not count.
        let least = |[ours, theirs]: [(bool, u32); 2]| match (ours, theirs) {
            ((true, ours), (true, theirs)) => ours.min(theirs),
            ((false, _), (true, theirs)) => theirs,
            ((_, ours), _) => ours,
        };
        let both = [self, other];
        Self {
            enabled: self.enabled && other.enabled,
            min_length: self.min_length.max(other.min_length),
            lowercase: self.lowercase || other.lowercase,
            uppercase: self.uppercase || other.uppercase,
            number: self.number || other.number,
            non_alphanumeric: self.non_alphanumeric || other.non_alphanumeric,
            any_letter: self.any_letter || other.any_letter,
            disallowed: format!("{}{}", self.disallowed, other.disallowed),
            no_email: self.no_email || other.no_email,
            strength: self.strength || other.strength,
            strength_score: both
                .iter()
                .filter(|of| of.strength)
                .map(|of| of.strength_score)
                .max()
                .unwrap_or(0),
            expiration: self.expiration || other.expiration,
            expiration_weeks: least(both.map(|of| (of.expiration, of.expiration_weeks))),
            reuse: self.reuse || other.reuse,
            reuse_amount: both
                .iter()
                .filter(|of| of.reuse)
                .map(|of| of.reuse_amount)
                .max()
                .unwrap_or(0),
            lock: self.lock || other.lock,
            lock_attempts: both.iter().filter(|of| of.lock).filter_map(|of| of.lock_attempts).min(),
            temp_lock: self.temp_lock || other.temp_lock,
            temp_lock_attempts: least(both.map(|of| (of.temp_lock, of.temp_lock_attempts))),
            temp_lock_minutes: both
                .iter()
                .filter(|of| of.temp_lock)
                .map(|of| of.temp_lock_minutes)
                .max()
                .unwrap_or(0),
        }
    }

    pub(in crate::emulator) fn check_enabled(&self) -> Result<()> {
        let refusal = || Refusal::argument("The project or the tenant has passwords switched off");
        self.enabled.then_some(()).ok_or_else(refusal)
    }

    /// How many wrong passwords an account takes, if there is a limit.
    pub(in crate::emulator) fn attempts(&self, context: &Context<'_>) -> Option<u32> {
        self.lock.then(|| self.lock_attempts.unwrap_or(context.settings.max_attempts))
    }

    /// Refuses a new password that breaks a rule. `before` is the one that it replaces.
    pub(in crate::emulator) fn check(
        &self,
        text: &str,
        email: &str,
        before: Option<&Password>,
    ) -> Result<()> {
        self.check_enabled()?;
        let length = u32::try_from(text.chars().count()).unwrap_or(u32::MAX);
        let lacks = |class: fn(char) -> bool| !text.contains(class);
        for (broken, rule) in [
            (length < self.min_length, "more characters"),
            (self.lowercase && lacks(char::is_lowercase), "a lowercase letter"),
            (self.uppercase && lacks(char::is_uppercase), "an uppercase letter"),
            (self.any_letter && lacks(char::is_alphabetic), "a letter"),
            (self.number && lacks(char::is_numeric), "a number"),
            (self.non_alphanumeric && lacks(|c| !c.is_alphanumeric()), "a special character"),
        ] {
            if broken {
                return Err(Refusal::argument(format!("The password needs {rule}")));
            }
        }
        if text.contains(|letter| self.disallowed.contains(letter)) {
            return Err(Refusal::argument("The password has a character that is not allowed"));
        }
        if self.strength && score(text) < self.strength_score {
            return Err(Refusal::argument("The password is too weak"));
        }
        if self.no_email && text.to_lowercase() == email.to_lowercase() {
            return Err(Refusal::argument("The password must not be the e-mail address"));
        }
        if self.reuse && before.is_some_and(|before| before.was(text, self.reuse_amount)) {
            return Err(Refusal::argument("The password was used before"));
        }
        Ok(())
    }
}
