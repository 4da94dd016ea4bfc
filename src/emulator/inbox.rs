//! Reading the messages that the emulator did not send.

use super::http::engine::Engine;
use super::state::mailbox::Message;

/// Reads the messages; from [`Emulator::inbox`](super::Emulator::inbox).
#[derive(Clone, Debug)]
pub struct Inbox(pub(in crate::emulator) Engine);

impl Inbox {
    /// All messages, oldest first. The last 10 000 are kept.
    pub fn messages(&self) -> Vec<Message> {
        self.0.store().mailbox.iter().cloned().collect()
    }

    /// The newest message to an address.
    pub fn last_to(&self, address: &str) -> Option<Message> {
        self.0.store().mailbox.iter().rev().find(|message| message.to == address).cloned()
    }

    /// Deletes all messages.
    pub fn clear(&self) {
        self.0.store().mailbox.clear();
    }
}
