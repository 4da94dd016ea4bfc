//! Client secrets of applications.

#[derive(Clone, PartialEq)]
pub(in crate::emulator) struct ClientSecret {
    pub(in crate::emulator) id: String,
    pub(in crate::emulator) name: String,
    pub(in crate::emulator) cleartext: String,
    pub(in crate::emulator) created: i64,
    /// 0 is never.
    pub(in crate::emulator) expires: i64,
}
