//! Authenticator apps: time-based one-time passwords (RFC 6238).

use aws_lc_rs::hmac;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use png::{BitDepth, ColorType, Encoder};
use qrcode::{Color, QrCode};
use serde_json::{Value, json};

use crate::emulator::http::dispatch::Bearer::{MaybeRefresh, Project, Refresh};
use crate::emulator::http::dispatch::{Call, Route};
use crate::emulator::state::store::Store;
use crate::emulator::state::token;
use crate::emulator::state::token::{LOGIN_OPTIONS, SignIn};
use crate::emulator::state::user::{Profile, SIGN_UP_USER, User};
use crate::emulator::words::fields::{Field, Kind, optional, required};
use crate::emulator::words::random;
use crate::emulator::words::refusal::{Answer, Refusal};
use crate::emulator::words::settings::seconds;

/// Seconds for which a code is shown.
const STEP: i64 = 30;
/// Codes accepted before and after the current one (RFC 6238 section 5.2).
const SKEW: i64 = 1;
/// What apps show as the name of the service.
const ISSUER: &str = "Descope emulator";

const SIGN_UP: &[Field] =
    &[required("loginId", Kind::Text), optional("user", Kind::Object(SIGN_UP_USER))];
const UPDATE: &[Field] = &[required("loginId", Kind::Text)];
const VERIFY: &[Field] = &[
    required("loginId", Kind::Text),
    required("code", Kind::Text),
    optional("loginOptions", Kind::Object(LOGIN_OPTIONS)),
];

pub(in crate::emulator) const ROUTES: &[Route] = &[
    Route::post("/v1/auth/totp/signup", Project, SIGN_UP, sign_up),
    Route::post("/v1/auth/totp/update", Refresh, UPDATE, update),
    Route::post("/v1/auth/totp/verify", MaybeRefresh, VERIFY, verify),
];

/// A user's authenticator app.
#[derive(Clone)]
pub(in crate::emulator) struct Authenticator {
    key: [u8; 20],
    /// The step of the last code that was used: it and those before are spent.
    spent: i64,
    wrong_attempts: u32,
    last_attempt: i64,
}

impl Authenticator {
    fn new() -> Self {
        Self { key: random::bytes(), spent: i64::MIN, wrong_attempts: 0, last_attempt: 0 }
    }

    /// As [`restore`](Self::restore) reads it.
    pub(in crate::emulator) fn save(&self) -> Value {
        json!(STANDARD.encode(self.key))
    }

    pub(in crate::emulator) fn restore(text: &str) -> Answer<Self> {
        let key = STANDARD.decode(text).ok().and_then(|bytes| bytes.try_into().ok());
        let key = key.ok_or_else(|| Refusal::invalid("A key must be 20 bytes in base 64"))?;
        Ok(Self { key, ..Self::new() })
    }

    /// Checks a code, and spends it if it is right.
    fn check(&mut self, call: &Call<'_>, code: &str) -> Answer<()> {
        let pause = call.now.saturating_sub(self.last_attempt);
        if pause >= seconds(call.settings.code_lifetime) {
            self.wrong_attempts = 0;
        } else if self.wrong_attempts >= call.settings.max_attempts {
            return Err(Refusal::too_many_attempts());
        }
        let now = call.now.div_euclid(STEP);
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
                self.last_attempt = call.now;
                Err(Refusal::wrong_code("The code is wrong or too old"))
            }
        }
    }

    /// The six digits of a step (RFC 4226 section 5.3).
    fn code(&self, step: i64) -> String {
        let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, &self.key);
        let hash = hmac::sign(&key, &step.to_be_bytes());
        let hash = hash.as_ref();
        let at = usize::from(hash[hash.len() - 1] & 0xf);
        let number = [0, 1, 2, 3].into_iter().fold(0, |n, i| n << 8 | u32::from(hash[at + i]));
        format!("{:06}", (number & 0x7fff_ffff) % 1_000_000)
    }

    /// The wire type `TOTPResponse`.
    fn show(&self, login_id: &str) -> Answer {
        let key = base32(&self.key);
        let escape = |text| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
        let (issuer, account) = (escape(ISSUER), escape(login_id));
        let url = format!(
            "otpauth://totp/{issuer}:{account}?secret={key}&issuer={issuer}&algorithm=SHA1&digits=6&period={STEP}"
        );
        let image = qr_png(&url).ok_or_else(|| Refusal::argument("The loginId is too long"))?;
        let image = format!("data:image/png;base64,{}", STANDARD.encode(image));
        Ok(json!({ "provisioningURL": url, "image": image, "key": key }).into())
    }
}

/// Base 32 without padding (RFC 4648 section 6), which 20 bytes do not need.
fn base32(bytes: &[u8; 20]) -> String {
    const ALPHABET: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    bytes
        .chunks_exact(5)
        .flat_map(|five| {
            let bits = five.iter().fold(0, |bits, byte| bits << 8 | u64::from(*byte));
            (0..8).rev().map(move |at| char::from(ALPHABET[(bits >> (5 * at) & 31) as usize]))
        })
        .collect()
}

/// A picture of a QR code, of 4 by 4 pixels a module and with the margin of 4 modules it needs.
fn qr_png(text: &str) -> Option<Vec<u8>> {
    const SCALE: usize = 4;
    const MARGIN: usize = 4;
    let code = QrCode::new(text).ok()?;
    let width = code.width();
    let side = (width + 2 * MARGIN) * SCALE;
    let dark = |x: usize, y: usize| {
        let module = |at: usize| (at / SCALE).checked_sub(MARGIN).filter(|at| *at < width);
        let (x, y) = (module(x), module(y));
        x.zip(y).is_some_and(|at| code[at] == Color::Dark)
    };
    let pixels: Vec<u8> = (0..side)
        .flat_map(|y| (0..side).map(move |x| (x, y)))
        .map(|(x, y)| if dark(x, y) { 0 } else { 255 })
        .collect();

    let mut png = Vec::new();
    let side = u32::try_from(side).ok()?;
    let mut encoder = Encoder::new(&mut png, side, side);
    encoder.set_color(ColorType::Grayscale);
    encoder.set_depth(BitDepth::Eight);
    encoder.write_header().ok()?.write_image_data(&pixels).ok()?;
    Some(png)
}

fn sign_up(call: &Call<'_>, store: &mut Store) -> Answer {
    let body = call.body();
    let login_id = body.text("loginId");
    if store.user_by_login(login_id).is_some() {
        return Err(Refusal::user_exists());
    }
    let (profile, authenticator) = (Profile::read(body.object("user")), Authenticator::new());
    let answer = authenticator.show(login_id)?;
    let authenticator = Some(authenticator);
    store.register(User { profile, authenticator, ..User::new(login_id, call.now) });
    Ok(answer)
}

fn update(call: &Call<'_>, store: &mut Store) -> Answer {
    let login_id = call.body().text("loginId");
    let user = token::proven_user(call, store, login_id)?;
    let authenticator = Authenticator::new();
    let answer = authenticator.show(login_id)?;
    user.authenticator = Some(authenticator);
    user.modified = call.now;
    Ok(answer)
}

fn verify(call: &Call<'_>, store: &mut Store) -> Answer {
    let body = call.body();
    let login_id = body.text("loginId");
    let user = store.user_by_login(login_id).ok_or_else(Refusal::no_user)?.id.clone();
    let asked = SignIn::new(call, store, Some(&user), body.object("loginOptions"))?;
    let known = store.users.iter_mut().find(|known| known.id == user);
    let authenticator = known.and_then(|known| known.authenticator.as_mut());
    let authenticator = authenticator
        .ok_or_else(|| Refusal::argument("The user has no authenticator app set up"))?;
    authenticator.check(call, body.text("code"))?;
    token::sign_in(call, store, &user, "totp", asked)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_those_of_rfc_6238() {
        let key = *b"12345678901234567890";
        let app = Authenticator { key, ..Authenticator::new() };
        // Appendix B, the last six of eight digits.
        for (time, code) in [
            (59, "287082"),
            (1_111_111_109, "081804"),
            (1_111_111_111, "050471"),
            (1_234_567_890, "005924"),
            (2_000_000_000, "279037"),
            (20_000_000_000, "353130"),
        ] {
            assert_eq!(app.code(time / STEP), code, "{time}");
        }
    }

    #[test]
    fn keys_are_written_in_base_32() {
        assert_eq!(base32(b"12345678901234567890"), "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ");
        assert_eq!(base32(&[0xff; 20]), "7".repeat(32));
    }

    #[test]
    fn what_does_not_fit_a_qr_code_is_refused() {
        assert!(qr_png("otpauth://totp/x").is_some());
        assert!(qr_png(&"x".repeat(4000)).is_none());
    }
}
