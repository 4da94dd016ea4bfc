//! Tokens of any kind: none makes the validator panic, and what it accepts has what it must have.
#![no_main]

mod shared;

use std::sync::LazyLock;
use std::time::{SystemTime, UNIX_EPOCH};

use descope::{Client, Scope};
use libfuzzer_sys::fuzz_target;
use serde_json::{Map, Value};

static CLIENT: LazyLock<Client> = LazyLock::new(shared::with_key);

fuzz_target!(|data: &[u8]| {
    let session = CLIENT.auth().session();
    if let Ok(text) = std::str::from_utf8(data) {
        assert!(session.validate(text).is_err(), "accepted without a signature: {text}");
    }
    let cut = data.iter().position(|byte| *byte == 0).unwrap_or(data.len());
    let (header, claims) = data.split_at(cut);
    let header = if header.is_empty() { br#"{"alg":"ES256","kid":"k"}"# } else { header };
    let payload = claims.get(1..).unwrap_or_default();
    let Ok(claims) = session.validate(&shared::sign(header, payload)) else { return };
    let all: Map<String, Value> = serde_json::from_slice(payload).expect("claims, as accepted");
    assert_eq!(*claims.as_map(), all);
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_secs();
    assert!(claims.expires_at().as_seconds() + 5 > i64::try_from(now).expect("a date"));
    assert!(claims.issuer().contains(shared::PROJECT) && !claims.user_id().is_empty());
    for scope in [Scope::Project, Scope::Tenant(""), Scope::Tenant("t")] {
        claims.has_roles(scope, ["a"]);
        claims.matched_permissions(scope, ["a"]);
    }
    assert!(!claims.has_roles(Scope::Tenant(""), [""; 0]));
    let _ = (claims.tenants(), claims.auth_factors(), format!("{claims:?}"));
});
