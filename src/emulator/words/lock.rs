//! Locks.

use std::sync::{Mutex, MutexGuard, PoisonError};

/// Poisoned by a panic elsewhere, the data is still that of an emulator.
pub(in crate::emulator) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
