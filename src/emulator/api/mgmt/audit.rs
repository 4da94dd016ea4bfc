//! The audit trail: recording what calls do, and searching it.

use serde_json::{Value, json};

use super::{owned, refuse_uncovered};
use crate::emulator::api::call::Call;
use crate::emulator::api::event::Event::{Action, Read, Unrecorded};
use crate::emulator::api::route::Bearer::Management;
use crate::emulator::api::route::{Area, Route};
use crate::emulator::api::seed::List;
use crate::emulator::state::audit::Record;
use crate::emulator::state::store::Store;
use crate::emulator::words::fields::{Field, Kind, optional, required};
use crate::emulator::words::refusal::{Refusal, Reply, Result};

/// How far back searches see, in seconds.
const HISTORY: i64 = 30 * 24 * 60 * 60;
const MAX_SIZE: usize = 1000;

/// Events for the trail, which is not saved.
pub(in crate::emulator) const SEED: List =
    List::plain("auditEvents", "/v1/mgmt/audit/event", |_| Vec::new());

const SEARCH: &[Field] = &[
    optional("actions", Kind::Texts),
    optional("actorIds", Kind::Texts),
    optional("auditTypes", Kind::Texts),
    optional("devices", Kind::Texts),
    optional("excludedActions", Kind::Texts),
    optional("excludedExternalIds", Kind::Texts),
    optional("externalIds", Kind::Texts),
    optional("from", Kind::Int),
    optional("geos", Kind::Texts),
    optional("levels", Kind::Texts),
    optional("loginIdsContain", Kind::Texts),
    optional("loginIdsNotContain", Kind::Texts),
    optional("methods", Kind::Texts),
    optional("noTenants", Kind::Bool),
    optional("oldestFirst", Kind::Bool),
    optional("page", Kind::Int),
    optional("remoteAddresses", Kind::Texts),
    optional(
        "searchFields",
        Kind::Objects(&[
            required("field", Kind::Text),
            optional("negative", Kind::Bool),
            optional("valType", Kind::Text),
            optional("valStr", Kind::Text),
            optional("valArr", Kind::Texts),
        ]),
    ),
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

const WEBHOOK: &[Field] = &[
    required("name", Kind::Text),
    optional("description", Kind::Text),
    optional("url", Kind::Text),
    optional(
        "authentication",
        Kind::Object(&[
            optional("bearerToken", Kind::Text),
            optional(
                "basic",
                Kind::Object(&[optional("username", Kind::Text), optional("password", Kind::Text)]),
            ),
            optional(
                "apiKey",
                Kind::Object(&[optional("key", Kind::Text), optional("token", Kind::Text)]),
            ),
        ]),
    ),
    optional("headers", Kind::TextMap),
    optional("hmacSecret", Kind::Text),
    optional("insecure", Kind::Bool),
    optional(
        "filters",
        Kind::Objects(&[
            optional("filterType", Kind::Text),
            optional("key", Kind::Text),
            optional("operator", Kind::Text),
            optional("values", Kind::Texts),
        ]),
    ),
];

/// Connectors; what they send is in [`audit_stream`](crate::emulator::api::audit_stream).
const WEBHOOKS: List = List::plain(KEPT, "/v2/mgmt/connector/audit/web/set", |store| {
    store.documents.kept(KEPT).map(|webhook| json!(webhook.whole())).collect()
});
pub(in crate::emulator) const KEPT: &str = "auditWebhooks";

pub(in crate::emulator) const AREA: Area = Area::new(ROUTES).seeds(&[&SEED, &WEBHOOKS]);

const ROUTES: &[Route] = &[
    Route::post("/v1/mgmt/audit/search", Management, Read, SEARCH, search),
    Route::post(
        "/v1/mgmt/audit/event",
        Management,
        Unrecorded("it is a record itself"),
        EVENT,
        create_event,
    ),
    Route::post(
        "/v2/mgmt/connector/audit/web/set",
        Management,
        Action("ConnectorCreated"),
        WEBHOOK,
        create_webhook,
    ),
];

impl Record {
    pub(in crate::emulator) fn show(&self, project_id: &str) -> Value {
        json!({
            "ID": self.id,
            "projectId": project_id,
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

fn search(call: &Call<'_>, store: &mut Store) -> Result {
    let body = call.body();
    refuse_uncovered(body, &["levels", "searchFields"])?;
    let number = |name: &str| {
        usize::try_from(body.int(name).unwrap_or_default())
            .map_err(|_| Refusal::invalid(format!("The {name} field must not be negative")))
    };
    let (page, size) = (number("page")?, number("size")?);
    let size = if size == 0 { MAX_SIZE } else { size };
    if size > MAX_SIZE {
        return Err(Refusal::invalid("The size field must be at most 1000"));
    }
    let project_id = &call.settings.project_id;
    let records = store.audit.records.iter().rev().map(|record| (record, record.show(project_id)));
    let found = records.filter(|(record, shown)| matches(call, record, shown));
    let mut found: Vec<Value> = found.map(|(_, shown)| shown).collect();
    if body.flag("oldestFirst") {
        found.reverse();
    }
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
    let contains = |name: &str| {
        let parts = body.texts(name);
        record.login_ids.iter().any(|login_id| parts.iter().any(|part| login_id.contains(part)))
    };
    let excluded = body.texts("excludedExternalIds");
    let millis = record.occurred.saturating_mul(1000);
    let text = body.text("text").to_lowercase();
    record.occurred >= call.now.saturating_sub(HISTORY)
        && body.int("from").is_none_or(|from| record.occurred >= from.div_euclid(1000))
        // Clients send a time that is not set as one before all records.
        && body.int("to").is_none_or(|to| to <= 0 || millis <= to)
        && one_of("userIds", "userId")
        && one_of("actorIds", "actorId")
        && one_of("auditTypes", "type")
        && one_of("actions", "action")
        && !body.texts("excludedActions").contains(&&*record.action)
        && one_of("devices", "device")
        && one_of("methods", "method")
        && one_of("geos", "geo")
        && one_of("remoteAddresses", "remoteAddress")
        && any_of("externalIds", &record.login_ids)
        && !record.login_ids.iter().any(|login_id| excluded.contains(&&**login_id))
        && (body.texts("loginIdsContain").is_empty() || contains("loginIdsContain"))
        && !contains("loginIdsNotContain")
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

fn create_event(call: &Call<'_>, store: &mut Store) -> Result {
    let body = call.body();
    let kind = ["info", "warn", "error"]
        .into_iter()
        .find(|kind| *kind == body.text("type"))
        .ok_or_else(|| Refusal::argument("The type is info, warn or error"))?;
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

/// Node's SDK names what a filter looks at differently from Go's.
fn create_webhook(call: &Call<'_>, store: &mut Store) -> Result {
    let body = call.body();
    for filter in body.objects("filters") {
        let kind = filter.some_text("filterType").or(filter.some_text("key")).unwrap_or_default();
        let operator = filter.text("operator");
        if !["all", "actions", "tenants"].contains(&kind)
            || !["", "includes", "excludes"].contains(&operator)
        {
            return Err(Refusal::argument(
                "A filter is of all, actions or tenants, and includes or excludes its values",
            ));
        }
    }
    if store.documents.kept(KEPT).any(|other| other.text("name") == body.text("name")) {
        return Err(Refusal::taken("connector"));
    }
    store.documents.keep(KEPT, call.body.clone());
    Ok(Reply::empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::emulator::Emulator;

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

    #[test]
    fn only_sign_ins_fail_and_who_is_gone_is_still_named() {
        let emulator = Emulator::new();
        emulator.manage("/v1/mgmt/user/create", &json!({ "loginId": "ada" }));
        let token = emulator.sign_in("ada").unwrap()["refreshJwt"].clone();
        let body = json!({ "loginId": "ada", "status": "disabled" });
        emulator.manage("/v1/mgmt/user/update/status", &body);
        let token = token.as_str().unwrap();
        for (method, path) in
            [("GET", "/v1/auth/me"), ("POST", "/v1/auth/refresh"), ("POST", "/v1/auth/logout")]
        {
            assert_eq!(emulator.send(method, path, token, &json!({})).0, 403, "{path}");
        }
        emulator.manage("/v1/mgmt/user/delete", &json!({ "loginId": "ada" }));
        emulator.manage("/v1/mgmt/user/delete/batch", &json!({ "userIds": [] }));
        let wanted = [
            ["UserCreated", "", "ada"],
            ["LoginSucceed", "otp", "ada"],
            ["UserModified", "", "ada"],
            ["UserDeleted", "", "ada"],
            ["UsersDeleted", "", ""],
        ];
        assert_eq!(trail(&emulator), wanted);
    }
}
