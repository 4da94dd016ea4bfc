//! The audit trail.

use std::collections::VecDeque;

use super::user::User;
use crate::emulator::words::context::Context;
use crate::emulator::words::fields::Object;
use crate::emulator::words::random;

/// Records that are kept.
const CAPACITY: usize = 100_000;

/// What happened, oldest first.
#[derive(Default)]
pub(in crate::emulator) struct Trail {
    pub(in crate::emulator) records: VecDeque<Record>,
    /// How many of the newest have not been seen by the connectors.
    fresh: usize,
}

impl Trail {
    /// Gives the record its ID, and adds it.
    pub(in crate::emulator) fn add(&mut self, record: Record) {
        let record = Record { id: random::id("A"), ..record };
        if self.records.len() == CAPACITY {
            self.records.pop_front();
        }
        self.records.push_back(record);
        self.fresh = CAPACITY.min(self.fresh + 1);
    }

    /// Keeps the connectors from seeing the records so far, which a seed made.
    pub(in crate::emulator) fn settle(&mut self) {
        self.fresh = 0;
    }

    /// The records since the last time, oldest first.
    pub(in crate::emulator) fn take_fresh(&mut self) -> impl Iterator<Item = &Record> {
        let seen = self.records.len().saturating_sub(std::mem::take(&mut self.fresh));
        self.records.range(seen..)
    }
}

/// Something that happened.
#[derive(Default)]
pub(in crate::emulator) struct Record {
    pub(in crate::emulator) id: String,
    /// In seconds.
    pub(in crate::emulator) occurred: i64,
    pub(in crate::emulator) action: String,
    pub(in crate::emulator) kind: &'static str,
    pub(in crate::emulator) actor: String,
    pub(in crate::emulator) user: String,
    pub(in crate::emulator) login_ids: Vec<String>,
    pub(in crate::emulator) tenants: Vec<String>,
    pub(in crate::emulator) method: String,
    pub(in crate::emulator) data: Object,
}

impl Record {
    pub(in crate::emulator) fn is_of(&mut self, user: &User) {
        self.user.clone_from(&user.id);
        self.login_ids.clone_from(&user.login_ids);
        self.tenants =
            user.grants.tenants.iter().map(|membership| membership.tenant.clone()).collect();
    }

    /// Something that a user did.
    pub(in crate::emulator) fn by_user(action: &str, user: &User, context: &Context<'_>) -> Self {
        let mut record = Self {
            occurred: context.now,
            action: action.to_owned(),
            kind: "info",
            actor: user.id.clone(),
            method: context.method.to_owned(),
            ..Self::default()
        };
        record.is_of(user);
        record
    }
}
