//! Error codes of the Descope API, and of OAuth, that a program may want to tell apart.
//!
//! ```
//! # fn sign_up() -> descope::Result<()> { Ok(()) }
//! match sign_up() {
//!     Err(error) if error.code() == Some(descope::codes::USER_ALREADY_EXISTS) => { /* sign in */ }
//!     other => other?,
//! }
//! # Ok::<(), descope::Error>(())
//! ```

/// The request could not be read.
pub const BAD_REQUEST: &str = "E011001";
/// A required argument is missing.
pub const MISSING_ARGUMENTS: &str = "E011002";
/// The request failed validation.
pub const INVALID_REQUEST: &str = "E011003";
/// An argument is not valid.
pub const INVALID_ARGUMENTS: &str = "E011004";
/// The one-time code is wrong.
pub const WRONG_OTP_CODE: &str = "E061102";
/// Too many wrong one-time codes.
pub const TOO_MANY_OTP_ATTEMPTS: &str = "E061103";
/// The login ID is taken.
pub const USER_ALREADY_EXISTS: &str = "E062107";
/// No user has the login ID.
pub const USER_NOT_FOUND: &str = "E062108";
/// The enchanted link has not been clicked yet.
pub const ENCHANTED_LINK_PENDING: &str = "E062503";
/// The link, or the token of an embedded link, is wrong, spent or too old.
pub const LINK_EXPIRED: &str = "E062504";
/// The password has expired and must be replaced.
pub const PASSWORD_EXPIRED: &str = "E062909";
/// The refresh token was ended by a logout.
pub const LOGGED_OUT: &str = "E064001";
/// The code-less WhatsApp sign-in has not been confirmed yet.
pub const NOTP_PENDING: &str = "E066103";
/// No user has the login ID or user ID, in the management API.
pub const MANAGEMENT_USER_NOT_FOUND: &str = "E112102";
/// The user, or who decides for them, has refused (RFC 6749 section 4.1.2.1, RFC 8628 section 3.5).
pub const ACCESS_DENIED: &str = "access_denied";
/// The user has not finished the sign-in on the other device yet (RFC 8628 section 3.5).
pub const AUTHORIZATION_PENDING: &str = "authorization_pending";
/// Likewise, and the program asks too often: wait 5 seconds longer from now on.
pub const SLOW_DOWN: &str = "slow_down";
/// The time for the sign-in on the other device has run out (RFC 8628 section 3.5).
pub const EXPIRED_TOKEN: &str = "expired_token";
/// The sign-in that the user was to confirm elsewhere has failed (OpenID Connect CIBA section 11).
pub const TRANSACTION_FAILED: &str = "transaction_failed";
/// The code, refresh token or assertion is wrong, spent, revoked, expired, or of another client (RFC
/// 6749 section 5.2).
pub const INVALID_GRANT: &str = "invalid_grant";
/// The client is unknown, or its secret or key is wrong.
pub const INVALID_CLIENT: &str = "invalid_client";
/// The client may not use this grant.
pub const UNAUTHORIZED_CLIENT: &str = "unauthorized_client";
/// The server does not know this grant, or not from this client.
pub const UNSUPPORTED_GRANT_TYPE: &str = "unsupported_grant_type";
/// A scope is unknown, or more than was granted.
pub const INVALID_SCOPE: &str = "invalid_scope";
/// The server makes no tokens for this resource or audience (RFC 8707 section 2, RFC 8693).
pub const INVALID_TARGET: &str = "invalid_target";
/// The access token is wrong, revoked or expired (RFC 6750 section 3.1).
pub const INVALID_TOKEN: &str = "invalid_token";
/// The access token does not have the scope (RFC 6750 section 3.1).
pub const INSUFFICIENT_SCOPE: &str = "insufficient_scope";
/// A proof of the key must have the server's nonce (RFC 9449 section 8). The client repeats its own requests
/// with it.
pub const USE_DPOP_NONCE: &str = "use_dpop_nonce";
/// A proof of the key was refused (RFC 9449 section 5).
pub const INVALID_DPOP_PROOF: &str = "invalid_dpop_proof";
/// The user must sign in, which a request without pages cannot let them (OpenID Connect Core section
/// 3.1.2.6).
pub const LOGIN_REQUIRED: &str = "login_required";
/// Likewise, the user must consent.
pub const CONSENT_REQUIRED: &str = "consent_required";
/// Likewise, the user must do something else.
pub const INTERACTION_REQUIRED: &str = "interaction_required";
/// Too many calls; wait as long as [`Error::retry_after`](crate::Error::retry_after) says.
pub const RATE_LIMIT_EXCEEDED: &str = "E130429";
