//! Sign-ups, sign-ins and changes of address that wait for a proof: a code or a link.

use serde_json::Value;

use super::delivery::Delivery;
use super::sign_in::SignIn;
use super::user::Profile;

/// The purpose of codes and links that tests ask for.
pub(in crate::emulator) const TEST: &str = "test";

/// What waits for a proof.
#[derive(Clone)]
pub(in crate::emulator) struct Pending {
    pub(in crate::emulator) method: Delivery,
    pub(in crate::emulator) login_id: String,
    /// Where the message goes; empty if there is none.
    pub(in crate::emulator) address: String,
    pub(in crate::emulator) purpose: &'static str,
    pub(in crate::emulator) then: Then,
}

/// What the proof does.
#[derive(Clone)]
pub(in crate::emulator) enum Then {
    SignUp { profile: Profile, verified: Verified, asked: SignIn, or_in: bool },
    SignIn { user: String, asked: SignIn },
    Update { user: String, asked: SignIn, add_to_login_ids: bool, use_existing: bool },
}

/// Which addresses are known to be the user's.
#[derive(Clone, Copy, Default)]
pub(in crate::emulator) struct Verified {
    pub(in crate::emulator) email: bool,
    pub(in crate::emulator) phone: bool,
}

impl Pending {
    pub(in crate::emulator) fn new(
        method: Delivery,
        login_id: &str,
        address: String,
        purpose: &'static str,
        then: Then,
    ) -> Self {
        let login_id = login_id.to_owned();
        Self { method, login_id, address, purpose, then }
    }

    /// Whether both lead to the same, so that a new code replaces the old one. The code that a test asked for stays
    /// good when its user asks for one to be sent.
    pub(in crate::emulator) fn same_purpose(&self, other: &Self) -> bool {
        self.method == other.method
            && self.login_id == other.login_id
            && (self.purpose == TEST) == (other.purpose == TEST)
            && std::mem::discriminant(&self.then) == std::mem::discriminant(&other.then)
    }

    /// Whether a code that came by this method may be about it. One that was never sent comes by any.
    pub(in crate::emulator) fn came_by(&self, method: Delivery) -> bool {
        self.method == method || self.method == Delivery::Embedded
    }

    /// Whether this is what a code given for a login ID is about. `user` is who has the login ID.
    pub(in crate::emulator) fn is_of(&self, login_id: &str, user: Option<&str>) -> bool {
        let of = match &self.then {
            Then::SignUp { .. } => None,
            Then::SignIn { user, .. } | Then::Update { user, .. } => Some(&**user),
        };
        // An address that is another user's login ID is about that user, unless it is to become one's own.
        let by_address = user.is_none() || matches!(self.then, Then::Update { .. });
        self.login_id == login_id
            || (by_address && self.address == login_id)
            || (of.is_some() && of == user)
    }

    /// Where the message went, as the answer shows it.
    pub(in crate::emulator) fn masked(&self) -> Value {
        self.method.masked(&self.address)
    }
}

/// A user who has proved who they are, before the session starts.
#[derive(Clone)]
pub(in crate::emulator) struct Settled {
    pub(in crate::emulator) user: String,
    /// What the proof adds to the `amr` claim.
    pub(in crate::emulator) factor: &'static str,
    pub(in crate::emulator) asked: SignIn,
}
