//! Authenticator apps: time-based one-time passwords (RFC 6238).

use aws_lc_rs::hmac;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::emulator::words::context::Context;
use crate::emulator::words::random;
use crate::emulator::words::refusal::{Refusal, Result};
use crate::emulator::words::settings::seconds;

/// Seconds for which a code is shown.
pub(in crate::emulator) const STEP: i64 = 30;
/// Codes accepted before and after the current one (RFC 6238 section 5.2).
const SKEW: i64 = 1;

/// A user's authenticator app.
#[derive(Clone)]
pub(in crate::emulator) struct Authenticator {
    pub(in crate::emulator) key: [u8; 20],
    /// The step of the last code that was used: it and those before are spent.
    pub(in crate::emulator) spent: i64,
    pub(in crate::emulator) wrong_attempts: u32,
    pub(in crate::emulator) last_attempt: i64,
}

impl Authenticator {
    pub(in crate::emulator) fn new() -> Self {
        Self { key: random::bytes(), spent: i64::MIN, wrong_attempts: 0, last_attempt: 0 }
    }

    /// As [`restore`](Self::restore) reads it.
    pub(in crate::emulator) fn save(&self) -> Value {
        json!(STANDARD.encode(self.key))
    }

    pub(in crate::emulator) fn restore(text: &str) -> Result<Self> {
        let key = STANDARD
            .decode(text)
            .ok()
            .and_then(|bytes| bytes.try_into().ok())
            .ok_or_else(|| Refusal::invalid("A key must be 20 bytes in base 64"))?;
        Ok(Self { key, ..Self::new() })
    }

    /// Whether the wrong codes are so long ago that they no longer count.
    fn has_rested(&self, context: &Context<'_>) -> bool {
        let pause = context.now.saturating_sub(self.last_attempt);
        pause >= seconds(context.settings.code_lifetime)
    }

    /// Whether too many wrong codes have locked it.
    pub(in crate::emulator) fn is_locked(&self, context: &Context<'_>) -> bool {
        !self.has_rested(context) && self.wrong_attempts >= context.settings.max_attempts
    }

    /// Checks a code, and spends it if it is right.
    pub(in crate::emulator) fn check(&mut self, context: &Context<'_>, code: &str) -> Result<()> {
        if self.is_locked(context) {
            return Err(Refusal::too_many_attempts());
        }
        if self.has_rested(context) {
            self.wrong_attempts = 0;
        }
        let now = context.now.div_euclid(STEP);
        let step = (now - SKEW..=now + SKEW).find(|step| self.code(*step) == code);
        match step {
            Some(step) if step > self.spent => {
                self.spent = step;
                self.wrong_attempts = 0;
                Ok(())
            }
            Some(_) => Err(Refusal::wrong_code("The code was used before")),
            None => {
                self.wrong_attempts += 1;
                self.last_attempt = context.now;
                Err(Refusal::wrong_code("The code is wrong or too old"))
            }
        }
    }

    /// The six digits of a step (RFC 4226 section 5.3).
    pub(in crate::emulator) fn code(&self, step: i64) -> String {
        let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, &self.key);
        let hash = hmac::sign(&key, &step.to_be_bytes());
        let hash = hash.as_ref();
        let at = usize::from(hash[hash.len() - 1] & 0xf);
        let number = [0, 1, 2, 3].into_iter().fold(0, |n, i| n << 8 | u32::from(hash[at + i]));
        format!("{:06}", (number & 0x7fff_ffff) % 1_000_000)
    }
}
