//! What the service answers when it refuses a request.

use std::fmt;

use serde_json::{Value, json};

use crate::transport::http::StatusCode;

/// What may be refused; a handler's result.
pub(in crate::emulator) type Result<T = Reply, E = Refusal> = std::result::Result<T, E>;

/// A successful answer: its body, and headers beyond the usual.
#[derive(Debug)]
pub(in crate::emulator) struct Reply {
    pub(in crate::emulator) body: Value,
    pub(in crate::emulator) cookie: Option<String>,
}

impl Reply {
    /// `{}`, the answer of operations that return nothing.
    pub(in crate::emulator) fn empty() -> Self {
        json!({}).into()
    }
}

impl From<Value> for Reply {
    fn from(body: Value) -> Self {
        Self { body, cookie: None }
    }
}

const INVALID: &str = "E011003";

/// A refused request. Codes that start with `E` are Descope's; where no official client names the
/// code of a failure, it is the emulator's own and starts with `EMU`.
#[derive(Debug)]
pub(in crate::emulator) struct Refusal {
    pub(in crate::emulator) status: StatusCode,
    pub(in crate::emulator) code: &'static str,
    description: &'static str,
    message: String,
}

impl Refusal {
    fn new(
        status: StatusCode,
        code: &'static str,
        description: &'static str,
        message: impl Into<String>,
    ) -> Self {
        Self { status, code, description, message: message.into() }
    }

    /// The request cannot be read at all.
    pub(in crate::emulator) fn malformed(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "E011001", "Request is malformed", message)
    }

    /// A field is missing, unknown or of the wrong type.
    pub(in crate::emulator) fn invalid(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, INVALID, "Request is invalid", message)
    }

    /// The fields are well formed, but their values make no sense.
    pub(in crate::emulator) fn argument(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "E011004", "Invalid arguments", message)
    }

    /// Missing or wrong project id, management key or access key.
    pub(in crate::emulator) fn unauthorized(message: impl Into<String>) -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "EMU401", "Unauthorized", message)
    }

    /// A token that is not valid here.
    pub(in crate::emulator) fn token(message: impl Into<String>) -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "E061005", "Invalid token", message)
    }

    /// A refresh token that a newer one has replaced.
    pub(in crate::emulator) fn spent() -> Self {
        Self::token("The refresh token was used before")
    }

    /// A token whose session was ended.
    pub(in crate::emulator) fn logged_out() -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "E064001", "Invalid token", "Expired due to logout")
    }

    /// A wrong password. An unknown user and one without a password get the same answer, which tells nobody who
    /// has an account.
    pub(in crate::emulator) fn credentials() -> Self {
        let message = "Invalid signin credentials";
        Self::new(StatusCode::UNAUTHORIZED, "EMU401", message, message)
    }

    /// Known, but not allowed.
    pub(in crate::emulator) fn forbidden(message: impl Into<String>) -> Self {
        Self::new(StatusCode::FORBIDDEN, "EMU403", "Forbidden", message)
    }

    /// A thing that management calls name and that does not exist.
    pub(in crate::emulator) fn missing(what: &str) -> Self {
        Self::new(StatusCode::NOT_FOUND, "EMU404", "Not found", format!("There is no such {what}"))
    }

    /// A thing that exists already.
    pub(in crate::emulator) fn taken(what: &str) -> Self {
        let message = format!("This {what} already exists");
        Self::new(StatusCode::BAD_REQUEST, "EMU409", "Already exists", message)
    }

    /// The user that a management call names does not exist.
    pub(in crate::emulator) fn no_managed_user() -> Self {
        let message = "No user has this login ID or user ID";
        Self::new(StatusCode::NOT_FOUND, "E112102", "User not found", message)
    }

    /// The user who signs in does not exist.
    pub(in crate::emulator) fn no_user() -> Self {
        let message = "No user has this login ID";
        Self::new(StatusCode::BAD_REQUEST, "E062108", "User not found", message)
    }

    /// The login ID of a sign-up or of a new user is taken.
    pub(in crate::emulator) fn user_exists() -> Self {
        let message = "A user with this login ID already exists";
        Self::new(StatusCode::BAD_REQUEST, "E062107", "User already exists", message)
    }

    /// A wrong, expired or used one-time code.
    pub(in crate::emulator) fn wrong_code(message: &str) -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "E061102", "Invalid one-time code", message)
    }

    /// A wrong, expired or used link. The code is that of Descope's list of common errors.
    pub(in crate::emulator) fn link() -> Self {
        let message = "Failed to load magic link token";
        Self::new(StatusCode::UNAUTHORIZED, "E062504", "Token expired", message)
    }

    /// Nobody has clicked the enchanted link yet.
    pub(in crate::emulator) fn link_pending() -> Self {
        let message = "The link has not been clicked yet";
        Self::new(StatusCode::UNAUTHORIZED, "E062503", "Enchanted link pending", message)
    }

    /// The user has not sent the message yet.
    pub(in crate::emulator) fn message_pending() -> Self {
        let message = "The message has not been sent yet";
        Self::new(StatusCode::UNAUTHORIZED, "E066103", "NOTP pending", message)
    }

    /// A message from the wrong phone or too late, or a session that was fetched.
    pub(in crate::emulator) fn message_over() -> Self {
        Self::unauthorized("The message came from the wrong phone, or not in time, or was used")
    }

    /// The password is right, but must be replaced.
    pub(in crate::emulator) fn password_expired() -> Self {
        let message = "Replace the password";
        Self::new(StatusCode::UNAUTHORIZED, "E062909", "Password expired", message)
    }

    /// The identity provider's page was left too late, or twice.
    pub(in crate::emulator) fn visit_over() -> Self {
        Self::argument("No such sign-in is pending: it has ended, or took too long")
    }

    /// A passkey that is not the right one, or was not used as asked for.
    pub(in crate::emulator) fn passkey(message: impl Into<String>) -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "EMU401", "Passkey refused", message)
    }

    /// Too many wrong codes.
    pub(in crate::emulator) fn too_many_attempts() -> Self {
        let message = "Ask for a new code";
        Self::new(StatusCode::UNAUTHORIZED, "E061103", "Too many attempts", message)
    }

    /// No operation has this path.
    pub(in crate::emulator) fn no_route(method: &str, path: &str) -> Self {
        let message = format!("{method} {path} is not an operation of the API");
        Self::new(StatusCode::NOT_FOUND, "EMU404", "Unknown operation", message)
    }

    /// The path exists with another method.
    pub(in crate::emulator) fn wrong_method(method: &str, path: &str) -> Self {
        let message = format!("{path} does not take {method}");
        Self::new(StatusCode::METHOD_NOT_ALLOWED, "EMU405", "Method not allowed", message)
    }

    /// The operation exists, but the emulator does not cover it.
    pub(in crate::emulator) fn not_emulated(method: &str, path: &str) -> Self {
        let message = format!(
            "The emulator does not cover {method} {path}; its documentation lists what it covers"
        );
        Self::new(StatusCode::NOT_IMPLEMENTED, "EMU501", "Not emulated", message)
    }

    /// The operation is covered, but not with this field.
    pub(in crate::emulator) fn uncovered_field(name: &str) -> Self {
        let message = format!("The emulator does not cover the {name} field");
        Self::new(StatusCode::NOT_IMPLEMENTED, "EMU501", "Not emulated", message)
    }

    /// The machine failed, as when it has no random numbers to make a key of.
    pub(in crate::emulator) fn internal(message: &str) -> Self {
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "EMU500", "Server error", message)
    }

    /// What Descope says when a limit is reached.
    pub(in crate::emulator) fn rate_limited() -> Self {
        let message = "Too many requests";
        Self::new(StatusCode::TOO_MANY_REQUESTS, "E130429", "API rate limit exceeded.", message)
    }

    /// Any other failure, made on demand.
    pub(in crate::emulator) fn on_demand(status: StatusCode) -> Self {
        match status {
            StatusCode::TOO_MANY_REQUESTS => Self::rate_limited(),
            _ => Self::new(status, "EMU500", "Fault on demand", "The test asked for this answer"),
        }
    }

    pub(in crate::emulator) fn body(&self) -> Value {
        json!({
            "errorCode": self.code,
            "errorDescription": self.description,
            "errorMessage": self.message,
        })
    }
}

/// The error of a call to the emulator itself, not to the emulated API.
#[derive(Debug)]
pub struct Error {
    code: &'static str,
    message: String,
}

impl Error {
    /// What is given to the emulator does not have the right form.
    pub(in crate::emulator) fn invalid(message: impl Into<String>) -> Self {
        Self { code: INVALID, message: message.into() }
    }

    /// An error with the code that an answer would have.
    pub(in crate::emulator) fn new(code: &'static str, message: String) -> Self {
        Self { code, message }
    }

    /// A refusal, and what was refused.
    pub(in crate::emulator) fn at(place: &str, refusal: Refusal) -> Self {
        let Self { code, message } = refusal.into();
        Self { code, message: format!("{place}: {message}") }
    }

    /// The error code, as in an answer of the API: `E062108` if no user has the login ID. Codes
    /// that start with `EMU` are the emulator's own.
    ///
    /// ```
    /// use descope::emulator::Emulator;
    ///
    /// let error = Emulator::new().sign_in("nobody@example.com").unwrap_err();
    /// assert_eq!(error.code(), "E062108");
    /// ```
    pub fn code(&self) -> &str {
        self.code
    }
}

impl From<Refusal> for Error {
    fn from(refusal: Refusal) -> Self {
        let Refusal { code, description, message, .. } = refusal;
        Self { code, message: format!("{description} ({code}): {message}") }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Error {}
