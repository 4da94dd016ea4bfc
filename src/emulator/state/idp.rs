//! The users who are at the identity provider, and the codes of those who came back.

use std::borrow::Cow;

use serde_json::Value;

use super::sign_in::SignIn;
use super::table::{By, Row, Table, key};
use crate::emulator::words::context::Context;
use crate::emulator::words::refusal::{Refusal, Result};

#[derive(Default)]
pub(in crate::emulator) struct Idp {
    pub(in crate::emulator) visits: Table<Visit>,
    pub(in crate::emulator) codes: Table<Code>,
}

impl Idp {
    /// The visit that waits for its user.
    pub(in crate::emulator) fn visit(&self, context: &Context<'_>, state: &str) -> Result<&Visit> {
        let visit = self.visits.get(By::Id, state).filter(|visit| context.now < visit.expires);
        visit.ok_or_else(Refusal::visit_over)
    }

    /// Likewise; the visit ends.
    pub(in crate::emulator) fn leave(
        &mut self,
        context: &Context<'_>,
        state: &str,
    ) -> Result<Visit> {
        self.visit(context, state)?;
        self.visits.take(By::Id, state).ok_or_else(Refusal::visit_over)
    }
}

#[derive(Clone, PartialEq, Eq)]
pub(in crate::emulator) enum Provider {
    /// By name.
    OAuth(String),
    Sso {
        tenant: String,
        /// The tenant's default configuration has none.
        sso_id: Option<String>,
    },
}

pub(in crate::emulator) enum Purpose {
    SignIn,
    SignUp,
    SignUpOrIn,
    Update { user: String, merge: bool },
}

/// What is remembered until the user is back.
pub(in crate::emulator) struct Intent {
    pub(in crate::emulator) purpose: Purpose,
    pub(in crate::emulator) asked: SignIn,
    /// The only user who may sign in, where this adds to their session.
    pub(in crate::emulator) only: Option<String>,
}

pub(in crate::emulator) struct Visit {
    pub(in crate::emulator) state: String,
    pub(in crate::emulator) provider: Provider,
    pub(in crate::emulator) intent: Intent,
    pub(in crate::emulator) redirect_url: String,
    pub(in crate::emulator) login_hint: String,
    pub(in crate::emulator) expires: i64,
}

impl Row for Visit {
    fn keys(&self) -> Vec<(By, Cow<'_, [u8]>)> {
        vec![key(By::Id, &self.state)]
    }
}

pub(in crate::emulator) struct Code {
    pub(in crate::emulator) text: String,
    pub(in crate::emulator) provider: Provider,
    pub(in crate::emulator) user: String,
    pub(in crate::emulator) asked: SignIn,
    pub(in crate::emulator) said: Value,
    pub(in crate::emulator) expires: i64,
}

impl Row for Code {
    fn keys(&self) -> Vec<(By, Cow<'_, [u8]>)> {
        vec![key(By::Id, &self.text)]
    }
}
