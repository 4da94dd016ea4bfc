//! The audit trail: recording what calls do, and searching it.

use std::collections::VecDeque;

use serde_json::{Value, json};

use super::owned;
use crate::emulator::api::seed::List;
use crate::emulator::http::dispatch::Bearer::Management;
use crate::emulator::http::dispatch::{Call, Route};
use crate::emulator::state::store::Store;
use crate::emulator::state::user::User;
use crate::emulator::words::fields::{Field, Kind, Object, optional, required};
use crate::emulator::words::refusal::{Answer, Refusal, Reply};
use crate::transport::http::StatusCode;

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
    fn is_of(&mut self, user: &User) {
        self.user.clone_from(&user.id);
        self.login_ids.clone_from(&user.login_ids);
        self.tenants = user.grants.tenants.iter().map(|of| of.tenant.clone()).collect();
    }

    /// Something that a user did.
    fn by_user(action: &str, method: &str, user: &User, call: &Call<'_>) -> Self {
        let mut record = Self {
            occurred: call.now,
            action: action.to_owned(),
            kind: "info",
            actor: user.id.clone(),
            method: method.to_owned(),
            ..Self::default()
        };
        record.is_of(user);
        record
    }

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
    ("permission", "Permission"),
    ("project", "Project"),
    ("role", "Role"),
    ("tenant", "Tenant"),
    ("theme", "Theme"),
    ("user", "User"),
];

/// The action that a successful management call is recorded as, if it changes something.
pub(in crate::emulator) fn action(method: &str, path: &str) -> Option<String> {
    let path = path.get("/v1/".len()..)?.strip_prefix("mgmt/")?;
    if method == "GET" {
        return None;
    }
    if let Some(action) = irregular_action(method, path) {
        return Some(action.to_owned());
    }
    let mut parts = path.split('/');
    let area = parts.next()?;
    let (_, thing) = THINGS.iter().find(|(known, _)| *known == area)?;
    let last = path.rsplit('/').next().unwrap_or_default();
    let many = if last == "batch" || last == "all" { "s" } else { "" };
    let what = match parts.next().unwrap_or_default() {
        "create" | "clone" => "Created",
        "delete" => "Deleted",
        "test" if last == "all" => "Deleted",
        "update" | "updateDefaultRoles" | "patch" | "import" | "activate" | "deactivate"
        | "rotate" | "settings" | "password" | "logout" | "adminlinks" => "Modified",
        "snapshot" if last == "import" => "Modified",
        _ => return None,
    };
    Some(format!("{thing}{many}{what}"))
}

/// The action of a call whose path says it in another way.
fn irregular_action(method: &str, path: &str) -> Option<&'static str> {
    let (deletes, creates) = (method == "DELETE", path.ends_with("/create"));
    Some(match path {
        "authz/schema/delete" => "FGASchemaDeleted",
        "authz/schema/save" | "authz/ns/save" | "authz/ns/delete" | "authz/rd/save"
        | "authz/rd/delete" | "fga/schema" => "FGASchemaModified",
        "fga/relations/delete"
        | "authz/re/delete"
        | "authz/re/deleteresources"
        | "authz/re/deleteresourcesrelations" => "FGARelationsDeleted",
        "fga/relations" if deletes => "FGARelationsDeleted",
        "fga/relations" | "authz/re/create" => "FGARelationsCreated",
        "fga/resources/save" => "FGAResourcesModified",
        "impersonate" | "impersonate/stepup" => "UserImpersonated",
        "password/settings" => "PasswordSettingsModified",
        "sso/idp/app/delete" => "SSOApplicationDeleted",
        path if path.starts_with("sso/idp/app/") && creates => "SSOApplicationCreated",
        path if path.starts_with("sso/idp/app/") => "SSOApplicationModified",
        "sso/settings" if deletes => "SSOSettingsDeleted",
        "sso/settings/new" => "SSOSettingsCreated",
        path if path.starts_with("sso/") => "SSOSettingsModified",
        "user/totp/delete" | "user/passkeys/delete" => "UserModified",
        path if path.contains("/customattribute/") && creates => "CustomAttributesCreated",
        path if path.contains("/customattribute/") => "CustomAttributesDeleted",
        _ => return None,
    })
}

/// What is known before a call is done: afterwards a deleted user is gone.
pub(in crate::emulator) struct Before {
    record: Record,
    users: usize,
}

pub(in crate::emulator) fn before(path: &str, call: &Call<'_>, store: &Store) -> Before {
    let mut record = Record::default();
    let users = store.users.len();
    let of_user = ["/v1/mgmt/user/", "/v2/mgmt/user/", "/v1/mgmt/impersonate"];
    if !of_user.iter().any(|area| path.starts_with(area)) {
        return Before { record, users };
    }
    let body = call.body();
    let name = body.some_text("loginId").or_else(|| body.some_text("userId"));
    match name.and_then(|name| store.user_by_login(name).or_else(|| store.user(name))) {
        Some(user) => record.is_of(user),
        None => record.login_ids.extend(name.map(str::to_owned)),
    }
    Before { record, users }
}

/// Records what a call did.
pub(in crate::emulator) fn after(
    before: Before,
    (http_method, path): (&str, &str),
    call: &Call<'_>,
    store: &mut Store,
    answer: &Answer,
) {
    let method = path.strip_prefix("/v1/auth/").and_then(|rest| rest.split('/').next());
    let method = method.or_else(|| path.starts_with("/v1/mgmt/auth/").then_some("management"));
    match (answer, method) {
        // A session that goes on is no sign-in.
        (_, Some("refresh" | "tenant" | "accesskey")) | (Err(_), None) => {}
        (Ok(reply), Some(method)) => {
            if store.users.len() > before.users {
                signed_up(store, call, method, &reply.body);
            }
            signed_in(store, call, method, &reply.body);
        }
        (Err(refusal), Some(method)) => failed(store, call, method, refusal),
        (Ok(reply), None) => {
            if let Some(action) = action(http_method, path) {
                managed(store, call, Record { action, ..before.record }, &reply.body);
            }
        }
    }
}

/// Records that a user signed up: the last one that came to be.
fn signed_up(store: &mut Store, call: &Call<'_>, method: &str, answer: &Value) {
    let user = answer["user"]["userId"].as_str().and_then(|id| store.user(id));
    if let Some(user) = user.or(store.users.last()) {
        let record = Record::by_user("UserCreated", method, user, call);
        store.audit.add(record);
    }
}

/// Records a sign-in, if the answer is that of one.
pub(in crate::emulator) fn signed_in(
    store: &mut Store,
    call: &Call<'_>,
    method: &str,
    answer: &Value,
) {
    let user = answer["user"]["userId"].as_str().and_then(|id| store.user(id));
    if let Some(user) = user.filter(|_| answer.get("sessionJwt").is_some()) {
        let record = Record::by_user("LoginSucceed", method, user, call);
        store.audit.add(record);
    }
}

/// Records a failed sign-in, if it is one: what proves the user was refused, or the user is.
fn failed(store: &mut Store, call: &Call<'_>, method: &str, refusal: &Refusal) {
    let refused = matches!(refusal.status, StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN);
    // A session that is over, and a link that nobody has clicked yet.
    if !refused || matches!(refusal.code, "E061005" | "E064001" | "E062503") {
        return;
    }
    let login_id = call.body().some_text("loginId");
    let mut data = Object::new();
    data.insert("error_message".to_owned(), refusal.body()["errorDescription"].clone());
    let mut record = Record {
        occurred: call.now,
        action: "LoginFailed".to_owned(),
        kind: "warn",
        login_ids: login_id.into_iter().map(str::to_owned).collect(),
        method: method.to_owned(),
        data,
        ..Record::default()
    };
    if let Some(user) = login_id.and_then(|login_id| store.user_by_login(login_id)) {
        record.actor.clone_from(&user.id);
        record.user.clone_from(&user.id);
    }
    store.audit.add(record);
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
        && body.int("from").is_none_or(|from| record.occurred >= from.div_euclid(1000))
        // Clients send a time that is not set as one before all records.
        && body.int("to").is_none_or(|to| to <= 0 || millis <= to)
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
    use crate::emulator::Emulator;

    #[test]
    fn actions_are_named_as_descope_names_them() {
        for (method, path, wanted) in [
            ("POST", "/v1/mgmt/user/create", Some("UserCreated")),
            ("POST", "/v1/mgmt/user/create/test", Some("UserCreated")),
            ("POST", "/v1/mgmt/user/create/batch", Some("UsersCreated")),
            ("POST", "/v1/mgmt/user/delete", Some("UserDeleted")),
            ("POST", "/v1/mgmt/user/delete/batch", Some("UsersDeleted")),
            ("DELETE", "/v1/mgmt/user/test/delete/all", Some("UsersDeleted")),
            ("POST", "/v2/mgmt/user/update/role/add", Some("UserModified")),
            ("POST", "/v1/mgmt/accesskey/create", Some("AccessKeyCreated")),
            ("POST", "/v1/mgmt/accesskey/deactivate", Some("AccessKeyModified")),
            ("POST", "/v1/mgmt/tenant/delete", Some("TenantDeleted")),
            ("POST", "/v1/mgmt/tenant/settings", Some("TenantModified")),
            ("GET", "/v1/mgmt/tenant/settings", None),
            ("POST", "/v1/mgmt/sso/settings", Some("SSOSettingsModified")),
            ("DELETE", "/v1/mgmt/sso/settings", Some("SSOSettingsDeleted")),
            ("GET", "/v2/mgmt/sso/settings", None),
            ("POST", "/v1/mgmt/sso/idp/app/oidc/create", Some("SSOApplicationCreated")),
            ("DELETE", "/v1/mgmt/fga/relations", Some("FGARelationsDeleted")),
            ("POST", "/v2/mgmt/user/search", None),
            ("GET", "/v1/mgmt/tenant/all", None),
            ("POST", "/v1/mgmt/audit/search", None),
            ("POST", "/v1/auth/otp/signup/email", None),
        ] {
            assert_eq!(action(method, path).as_deref(), wanted, "{method} {path}");
        }
    }

    #[test]
    fn an_end_that_is_not_set_ends_nothing() {
        let emulator = Emulator::new();
        emulator.manage("/v1/mgmt/user/create", &json!({ "loginId": "ada" }));
        let total = |to: i64| {
            let found = emulator.manage("/v1/mgmt/audit/search", &json!({ "to": to }));
            found["total"].clone()
        };
        // The last is the zero time of Go.
        assert_eq!([0, -1, -62_135_596_800_000].map(total), [1, 1, 1]);
        assert_eq!(total(1), 0);
    }

    fn trail(emulator: &Emulator) -> Vec<[String; 3]> {
        let found = emulator.manage("/v1/mgmt/audit/search", &json!({}));
        let text = |of: &Value, name: &str| of[name].as_str().unwrap_or_default().to_owned();
        let shown = |of: &Value| {
            let id = of["externalIds"].get(0).and_then(Value::as_str).unwrap_or_default();
            [text(of, "action"), text(of, "method"), id.to_owned()]
        };
        found["audits"].as_array().unwrap().iter().rev().map(shown).collect()
    }

    #[test]
    fn sign_ups_sign_ins_and_failures_are_recorded() {
        let emulator = Emulator::new();
        let sign = |path: &str, password: &str| {
            let body = json!({ "loginId": "ada", "password": password });
            emulator.post(&format!("/v1/auth/password/{path}"), &body).0
        };
        assert_eq!(sign("signup", "Correct1horse"), 200);
        assert_eq!((sign("signin", "wrong"), sign("signin", "Correct1horse")), (401, 200));
        let token = emulator.sign_in("ada").unwrap()["refreshJwt"].clone();
        assert_eq!(emulator.refresh(token.as_str().unwrap()).0, 200);
        emulator.post("/v1/auth/magiclink/verify", &json!({ "token": "nothing" }));
        emulator.manage("/v1/mgmt/auth/signup", &json!({ "loginId": "bob" }));
        let body = json!({ "loginId": "ada", "status": "disabled" });
        emulator.manage("/v1/mgmt/user/update/status", &body);
        assert_eq!(sign("signin", "Correct1horse"), 403);
        let wanted = [
            ["UserCreated", "password", "ada"],
            ["LoginSucceed", "password", "ada"],
            ["LoginFailed", "password", "ada"],
            ["LoginSucceed", "password", "ada"],
            ["LoginSucceed", "otp", "ada"],
            ["LoginFailed", "magiclink", ""],
            ["UserCreated", "management", "bob"],
            ["LoginSucceed", "management", "bob"],
            ["UserModified", "", "ada"],
            ["LoginFailed", "password", "ada"],
        ];
        assert_eq!(trail(&emulator), wanted);
    }
}
