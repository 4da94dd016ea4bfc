//! What holds a lock.

use std::any::Any;
use std::fmt;

/// What a store has locked stays locked until this is dropped.
#[must_use = "dropping it unlocks"]
pub struct StoreLock(#[expect(dead_code, reason = "it is held")] Box<dyn Any + Send>);

impl StoreLock {
    /// Holds whatever unlocks when it is dropped.
    pub fn new(guard: impl Send + 'static) -> Self {
        Self(Box::new(guard))
    }
}

impl fmt::Debug for StoreLock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("StoreLock")
    }
}
