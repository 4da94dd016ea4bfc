//! The audit trail: recording what calls do, and searching it.

use std::collections::VecDeque;

use serde_json::{Value, json};

use super::owned;
use crate::emulator::body::{Field, Kind, Object, optional, required};
use crate::emulator::error::{Answer, Refusal, Reply};
use crate::emulator::router::Bearer::Management;
use crate::emulator::router::{Call, Route};
use crate::emulator::seed::List;
use crate::emulator::store::Store;

/// Records that are kept.
const CAPACITY: usize = 100_000;
/// How far back searches see, in seconds.
const HISTORY: i64 = 30 * 24 * 60 * 60;
const MAX_SIZE: usize = 1000;

/// Events for the trail, which is not saved.
pub(in crate::emulator) const SEED: List =
    List::plain("auditEvents", "/v1/mgmt/audit/event", |_| Vec::new());

const SEARCH: &[Field] = &[
    optional("actions", Kind::Texts),
    optional("devices", Kind::Texts),
    optional("excludedActions", Kind::Texts),
    optional("externalIds", Kind::Texts),
    optional("from", Kind::Int),
    optional("geos", Kind::Texts),
    optional("methods", Kind::Texts),
    optional("noTenants", Kind::Bool),
    optional("page", Kind::Int),
    optional("remoteAddresses", Kind::Texts),
    optional("size", Kind::Int),
    optional("tenants", Kind::Texts),
    optional("text", Kind::Text),
    optional("to", Kind::Int),
    optional("userIds", Kind::Texts),
];
const EVENT: &[Field] = &[
    required("action", Kind::Text),
    required("type", Kind::Text),
    required("actorId", Kind::Text),
    required("tenantId", Kind::Text),
    optional("userId", Kind::Text),
    optional("data", Kind::Map),
];

pub(in crate::emulator) const ROUTES: &[Route] = &[
    Route::post("/v1/mgmt/audit/search", Management, SEARCH, search),
    Route::post("/v1/mgmt/audit/event", Management, EVENT, create_event),
];

/// What happened, oldest first.
#[derive(Default)]
pub(in crate::emulator) struct Trail(VecDeque<Record>);

impl Trail {
    fn add(&mut self, record: Record) {
        if self.0.len() == CAPACITY {
            self.0.pop_front();
        }
        self.0.push_back(record);
    }
}

/// Something that happened.
#[derive(Default)]
pub(in crate::emulator) struct Record {
    /// In seconds.
    occurred: i64,
    action: String,
    kind: &'static str,
    actor: String,
    user: String,
    login_ids: Vec<String>,
    tenants: Vec<String>,
    method: String,
    data: Object,
}

impl Record {
    fn show(&self, call: &Call<'_>) -> Value {
        json!({
            "projectId": call.settings.project_id,
            "userId": self.user,
            "action": self.action,
            "type": self.kind,
            "actorId": self.actor,
            "occurred": self.occurred.saturating_mul(1000).to_string(),
            "device": "",
            "method": self.method,
            "geo": "",
            "remoteAddress": "127.0.0.1",
            "externalIds": self.login_ids,
            "tenants": self.tenants,
            "data": self.data,
        })
    }
}

/// The things whose creations, changes and deletions are recorded: their part of the path, and of
/// the action's name.
const THINGS: &[(&str, &str)] = &[
    ("accesskey", "AccessKey"),
    ("flow", "Flow"),
    ("group", "Group"),
    ("permission", "Permission"),
    ("project", "Project"),
    ("role", "Role"),
    ("sso", "SSOSettings"),
    ("tenant", "Tenant"),
    ("theme", "Theme"),
    ("user", "User"),
];

/// The action that a successful management call is recorded as, if it is.
fn action(path: &str) -> Option<String> {
    let mut parts = path.split('/').skip(2);
    if parts.next() != Some("mgmt") {
        return None;
    }
    let area = parts.next()?;
    let (_, thing) = THINGS.iter().find(|(known, _)| *known == area)?;
    let verb = parts.next().unwrap_or_default();
    let last = path.rsplit('/').next().unwrap_or_default();
    let many = if last == "batch" || last == "all" { "s" } else { "" };
    let what = match verb {
        "create" | "clone" | "signup" => "Created",
        "delete" | "deletebatch" => "Deleted",
        "test" if last == "all" => "Deleted",
        "update" | "patch" | "import" | "activate" | "deactivate" | "settings" | "password"
        | "logout" => "Modified",
        _ => return None,
    };
    Some(format!("{thing}{many}{what}"))
}

/// What is known of a call before it is done: afterwards a deleted user is gone.
pub(in crate::emulator) fn before(path: &str, call: &Call<'_>, store: &Store) -> Record {
    if !path.starts_with("/v1/mgmt/user/") && !path.starts_with("/v2/mgmt/user/") {
        return Record::default();
    }
    let body = call.body();
    let name = body.some_text("loginId").or_else(|| body.some_text("userId"));
    let user = name.and_then(|name| store.user_by_login(name).or_else(|| store.user(name)));
    let mut record = Record::default();
    match user {
        Some(user) => {
            record.user.clone_from(&user.id);
            record.login_ids.clone_from(&user.login_ids);
            record.tenants = user.grants.tenants.iter().map(|of| of.tenant.clone()).collect();
        }
        None => record.login_ids.extend(name.map(str::to_owned)),
    }
    record
}

/// Records what a call did.
pub(in crate::emulator) fn after(
    before: Record,
    path: &str,
    call: &Call<'_>,
    store: &mut Store,
    answer: &Answer,
) {
    let method = path.strip_prefix("/v1/auth/").and_then(|rest| rest.split('/').next());
    match (answer, method) {
        // A session that goes on is no sign-in.
        (_, Some("refresh" | "tenant" | "accesskey")) | (Err(_), None) => {}
        (Ok(reply), Some(method)) => signed_in(store, call, method, &reply.body),
        (Err(refusal), Some(method)) => failed(store, call, method, refusal),
        (Ok(reply), None) => {
            if let Some(action) = action(path) {
                managed(store, call, Record { action, ..before }, &reply.body);
            }
        }
    }
}

/// Records a sign-in, if the answer is that of one.
pub(in crate::emulator) fn signed_in(
    store: &mut Store,
    call: &Call<'_>,
    method: &str,
    answer: &Value,
) {
    if answer.get("sessionJwt").is_none() {
        return;
    }
    let id = answer["user"]["userId"].as_str().unwrap_or_default().to_owned();
    let user = store.user(&id);
    let record = Record {
        occurred: call.now,
        action: "LoginSucceed".to_owned(),
        kind: "info",
        actor: id.clone(),
        login_ids: user.map(|user| user.login_ids.clone()).unwrap_or_default(),
        tenants: user
            .map(|user| user.grants.tenants.iter().map(|of| of.tenant.clone()).collect())
            .unwrap_or_default(),
        method: method.to_owned(),
        user: id,
        ..Record::default()
    };
    store.audit.add(record);
}

/// Records a failed sign-in, if a code or password was refused.
fn failed(store: &mut Store, call: &Call<'_>, method: &str, refusal: &Refusal) {
    if !matches!(refusal.code, "E061102" | "E061103" | "E062909" | "E062901") {
        return;
    }
    let login_id = call.body().text("loginId");
    let user = store.user_by_login(login_id).map(|user| user.id.clone()).unwrap_or_default();
    let mut data = Object::new();
    data.insert("error_message".to_owned(), refusal.body()["errorDescription"].clone());
    store.audit.add(Record {
        occurred: call.now,
        action: "LoginFailed".to_owned(),
        kind: "warn",
        actor: user.clone(),
        user,
        login_ids: owned(vec![login_id]),
        method: method.to_owned(),
        data,
        ..Record::default()
    });
}

/// Completes the record of a management call. Of its fields, only names are recorded.
fn managed(store: &mut Store, call: &Call<'_>, mut record: Record, answer: &Value) {
    let body = call.body();
    record.occurred = call.now;
    record.kind = "info";
    "management-key".clone_into(&mut record.actor);
    if let Some(id) = answer["user"]["userId"].as_str() {
        id.clone_into(&mut record.user);
    }
    if let Some(tenant) = body.some_text("tenantId") {
        record.tenants = owned(vec![tenant]);
    }
    for name in ["id", "ids", "name", "flowId", "loginIds", "userIds"] {
        let value = body.get(name).or_else(|| answer.get(name).filter(|id| id.is_string()));
        if let Some(value) = value {
            record.data.insert(name.to_owned(), value.clone());
        }
    }
    store.audit.add(record);
}

fn search(call: &Call<'_>, store: &mut Store) -> Answer {
    let body = call.body();
    let number = |name: &str| {
        usize::try_from(body.int(name).unwrap_or_default())
            .map_err(|_| Refusal::invalid(format!("The {name} field must not be negative")))
    };
    let (page, size) = (number("page")?, number("size")?);
    let size = if size == 0 { MAX_SIZE } else { size };
    if size > MAX_SIZE {
        return Err(Refusal::invalid("The size field must be at most 1000"));
    }
    let records = store.audit.0.iter().rev().map(|record| (record, record.show(call)));
    let found = records.filter(|(record, shown)| matches(call, record, shown));
    let found: Vec<Value> = found.map(|(_, shown)| shown).collect();
    let total = found.len();
    let shown: Vec<_> = found.into_iter().skip(page.saturating_mul(size)).take(size).collect();
    Ok(json!({ "audits": shown, "total": total }).into())
}

fn matches(call: &Call<'_>, record: &Record, shown: &Value) -> bool {
    let body = call.body();
    let one_of = |name: &str, member: &str| {
        let wanted = body.texts(name);
        wanted.is_empty() || shown[member].as_str().is_some_and(|value| wanted.contains(&value))
    };
    let any_of = |name: &str, values: &[String]| {
        let wanted = body.texts(name);
        wanted.is_empty() || values.iter().any(|value| wanted.contains(&&**value))
    };
    let millis = record.occurred.saturating_mul(1000);
    let text = body.text("text").to_lowercase();
    record.occurred >= call.now.saturating_sub(HISTORY)
        && body.int("from").is_none_or(|from| millis >= from.div_euclid(1000) * 1000)
        && body.int("to").is_none_or(|to| millis <= to)
        && one_of("userIds", "userId")
        && one_of("actions", "action")
        && !body.texts("excludedActions").contains(&&*record.action)
        && one_of("devices", "device")
        && one_of("methods", "method")
        && one_of("geos", "geo")
        && one_of("remoteAddresses", "remoteAddress")
        && any_of("externalIds", &record.login_ids)
        && (any_of("tenants", &record.tenants)
            || (body.flag("noTenants") && record.tenants.is_empty()))
        && (text.is_empty() || has_text(shown, &text))
}

/// Whether any text in it has this one, which is in lower case.
fn has_text(value: &Value, text: &str) -> bool {
    match value {
        Value::String(value) => value.to_lowercase().contains(text),
        Value::Array(values) => values.iter().any(|value| has_text(value, text)),
        Value::Object(members) => members.values().any(|value| has_text(value, text)),
        _ => false,
    }
}

fn create_event(call: &Call<'_>, store: &mut Store) -> Answer {
    let body = call.body();
    let kind = ["info", "warn", "error"].into_iter().find(|kind| *kind == body.text("type"));
    let kind = kind.ok_or_else(|| Refusal::argument("The type is info, warn or error"))?;
    let user = body.text("userId").to_owned();
    store.audit.add(Record {
        occurred: call.now,
        action: body.text("action").to_owned(),
        kind,
        actor: body.text("actorId").to_owned(),
        login_ids: store.user(&user).map(|user| user.login_ids.clone()).unwrap_or_default(),
        user,
        tenants: owned(vec![body.text("tenantId")]),
        data: body.map("data").cloned().unwrap_or_default(),
        ..Record::default()
    });
    Ok(Reply::empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn actions_are_named_as_descope_names_them() {
        for (path, wanted) in [
            ("/v1/mgmt/user/create", Some("UserCreated")),
            ("/v1/mgmt/user/create/test", Some("UserCreated")),
            ("/v1/mgmt/user/create/batch", Some("UsersCreated")),
            ("/v1/mgmt/user/delete", Some("UserDeleted")),
            ("/v1/mgmt/user/delete/batch", Some("UsersDeleted")),
            ("/v1/mgmt/user/test/delete/all", Some("UsersDeleted")),
            ("/v2/mgmt/user/update/role/add", Some("UserModified")),
            ("/v1/mgmt/accesskey/create", Some("AccessKeyCreated")),
            ("/v1/mgmt/accesskey/deactivate", Some("AccessKeyModified")),
            ("/v1/mgmt/tenant/delete", Some("TenantDeleted")),
            ("/v2/mgmt/user/search", None),
            ("/v1/mgmt/tenant/all", None),
            ("/v1/mgmt/audit/search", None),
            ("/v1/auth/otp/signup/email", None),
        ] {
            assert_eq!(action(path).as_deref(), wanted, "{path}");
        }
    }
}
