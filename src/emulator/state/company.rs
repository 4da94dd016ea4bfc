//! What belongs to the company, and not to one of its projects: it outlives them.

use super::descoper::Descoper;
use super::management_key::ManagementKey;
use super::table::Table;

#[derive(Default)]
pub(in crate::emulator) struct Company {
    pub(in crate::emulator) management_keys: Table<ManagementKey>,
    pub(in crate::emulator) descopers: Table<Descoper>,
}
