//! Headers of any kind: the guard of web services neither panics nor lets anybody in.
#![no_main]

mod shared;

use std::sync::LazyLock;

use descope::Client;
use descope::transport::http::{HeaderMap, HeaderName, HeaderValue};
use descope::web::{Access, Guard};
use libfuzzer_sys::fuzz_target;

static CLIENT: LazyLock<Client> = LazyLock::new(shared::with_key);

fuzz_target!(|data: &[u8]| {
    let mut headers = HeaderMap::new();
    for line in data.split(|byte| *byte == b'\n') {
        let [kind, value @ ..] = line else { continue };
        let name = [
            ("authorization", ""),
            ("cookie", ""),
            ("authorization", "Bearer "),
            ("cookie", "DS="),
        ][usize::from(kind % 4)];
        if let Ok(value) = HeaderValue::from_bytes(&[name.1.as_bytes(), value].concat()) {
            headers.append(HeaderName::from_static(name.0), value);
        }
    }
    let guard = Guard::new(&CLIENT);
    let tokens = guard.tokens(&headers);
    let denied = guard.validate(&tokens, &Access::default()).expect_err("nobody signed it");
    assert!(matches!(denied.status().as_u16(), 401 | 503), "{denied:?}");
});
