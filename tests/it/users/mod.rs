//! The management of users.

mod batch;
mod change;
mod emulated;
mod in_line;
mod paging;
mod sign_in;
mod wire;

use serde_json::{Value, json};

use crate::support::{MANAGEMENT, sends};

/// A user as Descope answers it, with every field of the contract and one that is new.
pub(crate) fn full_user() -> Value {
    json!({
        "userId": "U1", "loginIds": ["ada"], "name": "Ada Lovelace", "givenName": "Ada",
        "middleName": "King", "familyName": "Lovelace", "email": "ada@example.com",
        "verifiedEmail": true, "phone": "+12025550101", "verifiedPhone": true,
        "picture": "https://example.com/ada.png", "status": "enabled", "roleNames": ["Editor"],
        "userTenants": [{
            "tenantId": "acme", "tenantName": "Acme", "roleNames": ["Owner"], "permissions": ["p"],
        }],
        "ssoAppIds": ["app"], "customAttributes": { "k": [1, null] }, "test": true,
        "createdTime": 1_700_000_000, "modifiedTime": 1_700_000_001, "TOTP": true,
        "webauthn": true, "password": true, "SAML": true, "SCIM": true,
        "OAuth": { "google": true }, "tempLockExpiration": 1_700_000_002, "shoeSize": 38,
    })
}

/// Asserts that a call sends this request with the management key, and returns what it makes of
/// the answer.
#[track_caller]
fn manages<T>(
    line: &str,
    body: Value,
    answer: &Value,
    call: impl Fn(descope::mgmt::user::Users<'_>) -> descope::Result<T>,
) -> T {
    sends(line, MANAGEMENT, body, answer, |client| call(client.mgmt().user()))
}

/// Likewise for a call that returns the user, named `U1`.
#[track_caller]
fn changes(
    line: &str,
    body: Value,
    call: impl Fn(descope::mgmt::user::Users<'_>) -> descope::Result<descope::User>,
) {
    let answer = json!({ "user": { "userId": "U1" } });
    assert_eq!(manages(line, body, &answer, call).user_id, "U1");
}
