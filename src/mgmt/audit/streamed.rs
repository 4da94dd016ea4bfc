//! Records as a connector sends them.

use serde::Deserialize;
use serde_json::Value;

use super::AuditRecord;
use crate::UnixMillis;

impl AuditRecord {
    /// The same record with what the stream has under other names than the search.
    ///
    /// Descope documents no names for the stream. Public receivers read `loginIds`, and a time as a text beside the
    /// number of milliseconds.
    pub(crate) fn streamed(mut self) -> Self {
        let is_id = |id: &Value| id.is_string() || id.is_number();
        if self.id.is_empty() && self.extra.get("id").is_some_and(is_id) {
            self.id = self.extra.take_text("id").unwrap_or_default();
        }
        if self.login_ids.is_empty()
            && let Some(Value::Array(login_ids)) = self.extra.get("loginIds")
            && login_ids.iter().all(Value::is_string)
        {
            let texts = login_ids.iter().filter_map(Value::as_str);
            self.login_ids = texts.map(str::to_owned).collect();
            self.extra.0.remove("loginIds");
        }
        if self.occurred.is_none()
            && let Some(time) = self.extra.get("occurred_formatted")
        {
            self.occurred = UnixMillis::deserialize(time).ok();
        }
        self
    }
}
