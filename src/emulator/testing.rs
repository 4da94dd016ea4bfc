//! Helpers of the tests.

use std::sync::MutexGuard;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use super::Emulator;
use super::state::store::Store;
use crate::transport::http::{Request, Response};

impl Emulator {
    pub(in crate::emulator) fn store(&self) -> MutexGuard<'_, Store> {
        self.0.store()
    }

    /// Sends a request with this bearer behind the project ID, and returns status and body.
    pub(in crate::emulator) fn send(
        &self,
        method: &str,
        path: &str,
        token: &str,
        body: &Value,
    ) -> (u16, Value) {
        let separator = if token.is_empty() { "" } else { ":" };
        let bearer = format!("Bearer {}{separator}{token}", self.project_id());
        let body = if body.is_null() { Vec::new() } else { body.to_string().into_bytes() };
        let request = Request::builder().method(method).uri(path).header("authorization", bearer);
        read(&self.handle(request.body(body).unwrap()))
    }

    /// A call with the project ID alone.
    pub(in crate::emulator) fn post(&self, path: &str, body: &Value) -> (u16, Value) {
        self.send("POST", path, "", body)
    }

    /// A call with the management key that must succeed.
    pub(in crate::emulator) fn manage(&self, path: &str, body: &Value) -> Value {
        let (status, answer) = self.send("POST", path, self.management_key(), body);
        assert_eq!(status, 200, "{path}: {answer}");
        answer
    }

    /// The user with a login ID.
    pub(in crate::emulator) fn user(&self, login_id: &str) -> Value {
        let path = format!("/v1/mgmt/user?loginId={login_id}");
        self.send("GET", &path, self.management_key(), &json!(null)).1["user"].clone()
    }

    pub(in crate::emulator) fn refresh(&self, token: &str) -> (u16, Value) {
        self.send("POST", "/v1/auth/refresh", token, &json!({}))
    }

    /// The code that was sent last to an address.
    pub(in crate::emulator) fn code(&self, address: &str) -> String {
        self.inbox().last_to(address).unwrap().code.unwrap()
    }
}

pub(in crate::emulator) fn read(response: &Response<Vec<u8>>) -> (u16, Value) {
    (response.status().as_u16(), serde_json::from_slice(response.body()).unwrap_or_default())
}

/// The claims of a token, not verified.
pub(in crate::emulator) fn claims(token: &Value) -> Value {
    let claims = token.as_str().unwrap().split('.').nth(1).unwrap();
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(claims).unwrap()).unwrap()
}

pub(in crate::emulator) fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value[name].as_str().unwrap_or_else(|| panic!("{name} in {value}"))
}

/// Asserts that a request was refused with this code.
#[track_caller]
pub(in crate::emulator) fn refused((status, body): (u16, Value), wanted: u16, code: &str) {
    assert_eq!((status, &body["errorCode"]), (wanted, &json!(code)), "{body}");
    assert!(body["errorDescription"].is_string() && body["errorMessage"].is_string());
}

/// Numbers that look random and are the same in every run (splitmix64).
pub(in crate::emulator) struct Random(pub(in crate::emulator) u64);

impl Random {
    pub(in crate::emulator) fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((z ^ (z >> 31)) % u64::try_from(bound).unwrap()).unwrap()
    }

    pub(in crate::emulator) fn percent(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }

    pub(in crate::emulator) fn one_of<'t, T>(&mut self, all: &'t [T]) -> &'t T {
        &all[self.below(all.len())]
    }
}
