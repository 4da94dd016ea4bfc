//! Keeps the audit trail of what calls do, as their routes declare it.

use serde_json::Value;

use super::call::Call;
use super::event::Event;
use crate::emulator::state::audit::Record;
use crate::emulator::state::store::Store;
use crate::emulator::words::fields::Object;
use crate::emulator::words::refusal::{Refusal, Result};
use crate::transport::http::StatusCode;

/// What is known before a call is done: afterwards a deleted user is gone.
pub(in crate::emulator) fn before(event: Event, call: &Call<'_>, store: &Store) -> Record {
    let mut record = Record::default();
    if !matches!(event, Event::OfUser(_)) {
        return record;
    }
    let body = call.body();
    let mut names = ["loginId", "userId", "dependentLoginId", "identifier"].into_iter();
    let name = names.find_map(|name| body.some_text(name));
    match name.and_then(|name| store.user_by_login(name).or_else(|| store.user(name))) {
        Some(user) => record.is_of(user),
        None => record.login_ids.extend(name.map(str::to_owned)),
    }
    record
}

/// Records what a call did.
pub(in crate::emulator) fn after(
    event: Event,
    before: Record,
    call: &Call<'_>,
    store: &mut Store,
    answer: &Result,
) {
    match (event, answer) {
        (Event::SignInBy(method), Err(refusal)) => failed(store, call, method, refusal),
        (Event::Action(action) | Event::OfUser(action), Ok(reply)) => {
            let record = Record { action: action.to_owned(), ..before };
            managed(store, call, record, &reply.body);
        }
        _ => {}
    }
}

/// Records a failed sign-in, if it is one: what proves the user was refused, or the user is.
fn failed(store: &mut Store, call: &Call<'_>, method: &str, refusal: &Refusal) {
    let refused = matches!(refusal.status, StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN);
    // A session that has ended, a link that nobody has clicked and a message that nobody has sent yet.
    if !refused || matches!(refusal.code, "E061005" | "E064001" | "E062503" | "E066103") {
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
        record.tenants = vec![tenant.to_owned()];
    }
    for name in ["id", "ids", "name", "flowId", "loginIds", "userIds"] {
        let value = body.get(name).or_else(|| answer.get(name).filter(|id| id.is_string()));
        if let Some(value) = value {
            record.data.insert(name.to_owned(), value.clone());
        }
    }
    store.audit.add(record);
}
