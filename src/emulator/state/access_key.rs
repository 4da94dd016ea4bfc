//! Access keys.

use std::borrow::Cow;

use super::grants::Grants;
use super::table::{By, Row, key};
use crate::emulator::words::digest::Digest;
use crate::emulator::words::fields::Object;

pub(in crate::emulator) struct AccessKey {
    pub(in crate::emulator) id: String,
    pub(in crate::emulator) name: String,
    pub(in crate::emulator) description: String,
    /// The digest of the cleartext, which is shown once.
    pub(in crate::emulator) secret: Digest,
    pub(in crate::emulator) grants: Grants,
    pub(in crate::emulator) active: bool,
    pub(in crate::emulator) created: i64,
    /// 0 is never.
    pub(in crate::emulator) expires: i64,
    pub(in crate::emulator) client_id: String,
    /// The user it is bound to.
    pub(in crate::emulator) user: Option<String>,
    pub(in crate::emulator) claims: Object,
    pub(in crate::emulator) attributes: Object,
    pub(in crate::emulator) permitted_ips: Vec<String>,
}

impl AccessKey {
    pub(in crate::emulator) fn expired(&self, now: i64) -> bool {
        self.expires != 0 && self.expires <= now
    }
}

impl Row for AccessKey {
    fn keys(&self) -> Vec<(By, Cow<'_, [u8]>)> {
        let user = self.user.as_deref().map(|user| key(By::User, user));
        let secret = (By::Secret, Cow::Borrowed(&self.secret[..]));
        [key(By::Id, &self.id), secret].into_iter().chain(user).collect()
    }
}
