//! What the audit trail says of calls.

/// What the audit trail says of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::emulator) enum Event {
    /// Nothing: it changes nothing.
    Read,
    /// Nothing, although something changes, for this reason.
    Unrecorded(&'static str),
    /// It is part of a sign-in by this method. A failure is recorded here; that somebody signed up or
    /// in, where it happens.
    SignInBy(&'static str),
    /// This action, when it succeeded.
    Action(&'static str),
    /// This action on the user whom the body names, when it succeeded.
    OfUser(&'static str),
}
