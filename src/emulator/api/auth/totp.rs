//! Authenticator apps: time-based one-time passwords (RFC 6238).

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use png::{BitDepth, ColorType, Encoder};
use qrcode::{Color, QrCode};
use serde_json::json;

use crate::emulator::api::call::Call;
use crate::emulator::api::event::Event::SignInBy;
use crate::emulator::api::route::Bearer::{MaybeRefresh, Project, Refresh};
use crate::emulator::api::route::{Area, Route};
use crate::emulator::api::shapes::{LOGIN, SIGN_UP_USER};
use crate::emulator::state::sign_in::SignIn;
use crate::emulator::state::store::Store;
use crate::emulator::state::token;
use crate::emulator::state::totp::{Authenticator, STEP};
use crate::emulator::state::user::{Profile, User};
use crate::emulator::words::fields::{Field, Kind, concat, optional, required};
use crate::emulator::words::refusal::{Refusal, Result};

/// What apps show as the name of the service.
const ISSUER: &str = "Descope emulator";

const SIGN_UP: &[Field] =
    &[required("loginId", Kind::Text), optional("user", Kind::Object(&SIGN_UP_USER))];
const UPDATE: &[Field] = &[required("loginId", Kind::Text)];
/// Those of a sign-in, and a connector.
const OPTIONS: [Field; 12] = concat(LOGIN, [optional("providerId", Kind::Text)]);
const VERIFY: &[Field] = &[
    required("loginId", Kind::Text),
    required("code", Kind::Text),
    optional("loginOptions", Kind::Object(&OPTIONS)),
];

pub(in crate::emulator) const AREA: Area = Area::new(ROUTES);

const ROUTES: &[Route] = &[
    Route::post("/v1/auth/totp/signup", Project, SignInBy("totp"), SIGN_UP, sign_up),
    Route::post("/v1/auth/totp/update", Refresh, SignInBy("totp"), UPDATE, update),
    Route::post("/v1/auth/totp/verify", MaybeRefresh, SignInBy("totp"), VERIFY, verify),
];

impl Authenticator {
    /// The wire type `TOTPResponse`.
    fn show(&self, login_id: &str) -> Result {
        let key = base32(&self.key);
        let escape = |text| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
        let (issuer, account) = (escape(ISSUER), escape(login_id));
        let step = STEP;
        let url = format!(
            "otpauth://totp/{issuer}:{account}?secret={key}&issuer={issuer}&algorithm=SHA1&digits=6&period={step}"
        );
        let image = qr_image(&url).ok_or_else(|| Refusal::argument("The loginId is too long"))?;
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

/// A QR code as a URL that holds its picture.
pub(super) fn qr_image(text: &str) -> Option<String> {
    Some(format!("data:image/png;base64,{}", STANDARD.encode(qr_png(text)?)))
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

fn sign_up(call: &Call<'_>, store: &mut Store) -> Result {
    let body = call.body();
    let login_id = body.text("loginId");
    store.check_free(login_id)?;
    let (profile, authenticator) = (Profile::read(body.object("user")), Authenticator::new());
    let answer = authenticator.show(login_id)?;
    let authenticator = Some(authenticator);
    store.register(call, User { profile, authenticator, ..User::new(login_id, call.now) });
    Ok(answer)
}

fn update(call: &Call<'_>, store: &mut Store) -> Result {
    let login_id = call.body().text("loginId");
    let mut user = token::proven_user_mut(call, store, login_id)?;
    let authenticator = Authenticator::new();
    let answer = authenticator.show(login_id)?;
    user.authenticator = Some(authenticator);
    user.modified = call.now;
    Ok(answer)
}

fn verify(call: &Call<'_>, store: &mut Store) -> Result {
    let body = call.body();
    let login_id = body.text("loginId");
    let user = store.known_user(login_id)?.id.clone();
    let asked = SignIn::new(call, store, Some(&user), body.object("loginOptions"))?;
    store
        .user_mut(&user)?
        .authenticator
        .as_mut()
        .ok_or_else(|| Refusal::argument("The user has no authenticator app set up"))?
        .check(call, body.text("code"))?;
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
