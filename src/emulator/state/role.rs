//! Roles and permissions.

#[derive(Clone, PartialEq)]
pub(in crate::emulator) struct Role {
    pub(in crate::emulator) id: String,
    pub(in crate::emulator) name: String,
    pub(in crate::emulator) description: String,
    /// IDs.
    pub(in crate::emulator) permissions: Vec<String>,
    pub(in crate::emulator) tenant: Option<String>,
    pub(in crate::emulator) default: bool,
    pub(in crate::emulator) private: bool,
    pub(in crate::emulator) created: i64,
}

#[derive(Clone, PartialEq)]
pub(in crate::emulator) struct Permission {
    pub(in crate::emulator) id: String,
    pub(in crate::emulator) name: String,
    pub(in crate::emulator) description: String,
}
