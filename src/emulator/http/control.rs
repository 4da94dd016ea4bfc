//! The paths under `/_emulator/` by which other processes steer an emulator.

use std::time::Duration;

use serde_json::{Value, json};

use super::courier::Deliveries;
use super::engine::Engine;
use super::fault::Fault;
use super::{oauth, oauth_page, page};
use crate::UnixTime;
use crate::emulator::api::areas::SEED_FIELDS;
use crate::emulator::api::call::list;
use crate::emulator::state::mailbox::Message;
use crate::emulator::words::fields::{
    self, Field, Fields, Kind, Object, Shape, optional, required,
};
use crate::emulator::words::oauth::Denial;
use crate::emulator::words::refusal::{Refusal, Reply, Result};
use crate::transport::Request;
use crate::transport::http::Method;

/// Where the page is on which people steer it.
pub(super) const PAGE: &str = "/";

type Handler = fn(&Engine, Fields<'_>) -> Result;

const TO: &[Field] = &[optional("to", Kind::Text)];
const INBOX: &[Field] = &[optional("to", Kind::Text), optional("wait", Kind::Int)];
/// The longest wait for a message, in seconds.
const MAX_WAIT: u64 = 60;
const CLOCK: &[Field] =
    &[optional("time", Kind::Int), optional("frozen", Kind::Bool), optional("real", Kind::Bool)];
const FAULT: &[Field] = &[
    required("kind", Kind::Text),
    optional("milliseconds", Kind::Int),
    optional("bytes", Kind::Int),
    optional("status", Kind::Int),
    optional("body", Kind::Text),
    optional("headers", Kind::TextMap),
    optional("path", Kind::Text),
    optional("method", Kind::Text),
    optional("times", Kind::Int),
];

/// Method, path, fields of the query (`GET`) or of the body, handler.
const ROUTES: &[(&str, &str, &[Field], Handler)] = &[
    ("GET", "/_emulator/inbox", INBOX, |engine, fields| {
        let (store, to) = (engine.store(), fields.some_text("to"));
        let messages = store.mailbox.iter().filter(|message| to.is_none_or(|to| message.to == to));
        list("messages", messages.map(Message::show))
    }),
    ("DELETE", "/_emulator/inbox", TO, |engine, fields| {
        engine.store().mailbox.remove(fields.some_text("to"));
        Ok(Reply::empty())
    }),
    ("GET", "/_emulator/unknown", &[], |engine, _| {
        let counts = engine.unknown_counts().into_iter();
        let counts = counts.map(|((method, path, field), count)| match field {
            Some(field) => {
                json!({ "method": method, "path": path, "field": field, "count": count })
            }
            None => json!({ "method": method, "path": path, "count": count }),
        });
        list("unknown", counts)
    }),
    ("GET", "/_emulator/projects", &[], |engine, _| {
        list("projects", engine.projects().iter().map(about))
    }),
    ("POST", "/_emulator/projects", &[optional("projectId", Kind::Text)], |engine, fields| {
        let id = fields.some_text("projectId");
        Ok(about(&id.map_or_else(|| engine.new_project(), |id| engine.project(id))).into())
    }),
    ("POST", "/_emulator/limit", &[optional("requestsPerMinute", Kind::Int)], |engine, fields| {
        let limit = natural(fields, "requestsPerMinute")?;
        let limit =
            fields.has("requestsPerMinute").then(|| u32::try_from(limit).unwrap_or(u32::MAX));
        engine.limit(limit);
        Ok(Reply::empty())
    }),
    ("GET", "/_emulator/clock", &[], |engine, _| Ok(time(engine))),
    ("POST", "/_emulator/clock", CLOCK, |engine, fields| {
        let clock = engine.clock();
        if fields.flag("real") {
            clock.reset();
        }
        match fields.maybe_flag("frozen") {
            Some(true) => clock.freeze(),
            Some(false) => clock.unfreeze(),
            None => {}
        }
        if let Some(time) = fields.int("time") {
            clock.set(UnixTime::from_seconds(time));
        }
        Ok(time(engine))
    }),
    ("GET", "/_emulator/requests", &[], |engine, _| {
        let counts = engine.request_counts();
        let counts = counts.into_iter().map(
            |((method, path), count)| json!({ "method": method, "path": path, "count": count }),
        );
        list("requests", counts)
    }),
    (
        "POST",
        "/_emulator/advance",
        &[optional("seconds", Kind::Int), optional("milliseconds", Kind::Int)],
        |engine, fields| {
            let seconds = fields.int("seconds").unwrap_or_default().saturating_mul(1_000);
            let milliseconds = fields.int("milliseconds").unwrap_or_default();
            advance(engine, seconds.saturating_add(milliseconds));
            Ok(json!({ "time": engine.now() }).into())
        },
    ),
    ("POST", "/_emulator/deliver-events", &[], |engine, _| {
        let Deliveries { delivered, failed, withheld, problem } = engine.deliver_events();
        let counts = json!({ "delivered": delivered, "failed": failed, "withheld": withheld });
        let mut answer = Reply::from(counts);
        if let Some(problem) = problem {
            answer.body["problem"] = problem.into();
        }
        Ok(answer)
    }),
    ("POST", "/_emulator/reset", &[], |engine, _| {
        engine.reset();
        Ok(Reply::empty())
    }),
    ("POST", "/_emulator/rotate-keys", &[optional("keepSeconds", Kind::Int)], |engine, fields| {
        let keep = Duration::from_secs(natural(fields, "keepSeconds")?);
        engine.rotate_keys(keep)?;
        Ok(Reply::empty())
    }),
    ("POST", "/_emulator/faults", FAULT, |engine, fields| {
        engine.add_fault(fault(fields)?);
        Ok(Reply::empty())
    }),
    ("DELETE", "/_emulator/faults", &[], |engine, _| {
        engine.clear_faults();
        Ok(Reply::empty())
    }),
    ("POST", "/_emulator/seed", SEED_FIELDS, |engine, fields| {
        let lists = SEED_FIELDS.iter().map(|field| field.name);
        let lists = lists.filter_map(|name| Some((name.to_owned(), fields.get(name)?.clone())));
        let made = engine.seed(&lists.collect::<Object>().into());
        made.map(Reply::from).map_err(|error| Refusal::argument(error.to_string()))
    }),
    (
        "POST",
        "/_emulator/whatsapp",
        &[required("url", Kind::Text), required("phone", Kind::Text)],
        |engine, fields| {
            engine.send_whatsapp(fields.text("url"), fields.text("phone"))?;
            Ok(Reply::empty())
        },
    ),
    (
        "POST",
        "/_emulator/oidc/authorize",
        &[required("url", Kind::Text), optional("loginId", Kind::Text)],
        |engine, fields| {
            let url = oauth::authorize(engine, fields.text("url"), fields.some_text("loginId"));
            Ok(json!({ "url": url.map_err(|denial| refusal(&denial))? }).into())
        },
    ),
    (
        "POST",
        "/_emulator/oidc/device",
        &[required("userCode", Kind::Text), optional("loginId", Kind::Text)],
        |engine, fields| {
            let code = fields.text("userCode");
            engine
                .answer_device(code, fields.some_text("loginId"))
                .map_err(|denial| refusal(&denial))?;
            Ok(Reply::empty())
        },
    ),
    (
        "POST",
        "/_emulator/oidc/backchannel",
        &[required("id", Kind::Text), optional("allow", Kind::Bool)],
        |engine, fields| {
            let (id, allow) = (fields.text("id"), fields.maybe_flag("allow").unwrap_or(true));
            engine.answer_backchannel(id, allow).map_err(|denial| refusal(&denial))?;
            Ok(Reply::empty())
        },
    ),
    ("GET", "/_emulator/export", &[], |engine, _| Ok(engine.export().into())),
    ("POST", "/_emulator/token", &[required("claims", Kind::Map)], |engine, fields| {
        let claims = fields.get("claims").cloned().unwrap_or_default();
        Ok(json!({ "jwt": engine.issue_token(claims, Some(engine.clock().real()))? }).into())
    }),
    ("POST", "/_emulator/session", &[required("loginId", Kind::Text)], |engine, fields| {
        engine.sign_in(fields.text("loginId"), Some(engine.clock().real()))
    }),
];

/// What clients need to use a project.
fn about(project: &Engine) -> Value {
    let settings = project.settings();
    json!({ "projectId": settings.project_id, "managementKey": settings.management_key })
}

fn time(engine: &Engine) -> Reply {
    let clock = engine.clock();
    let (time, real) = (engine.now(), clock.real());
    json!({ "time": time, "realTime": real, "frozen": clock.is_frozen() }).into()
}

/// Moves the clock forward or back.
pub(super) fn advance(engine: &Engine, milliseconds: i64) {
    let by = Duration::from_millis(milliseconds.unsigned_abs());
    if milliseconds < 0 { engine.clock().rewind(by) } else { engine.clock().advance(by) }
}

fn refusal(denial: &Denial) -> Refusal {
    Refusal::argument(format!("{}: {}", denial.error, denial.description))
}

fn natural(fields: Fields<'_>, name: &str) -> Result<u64> {
    u64::try_from(fields.int(name).unwrap_or_default())
        .map_err(|_| Refusal::invalid(format!("The {name} field must not be negative")))
}

/// The fault with these fields.
pub(super) fn fault(fields: Fields<'_>) -> Result<Fault> {
    let status = u16::try_from(natural(fields, "status")?).unwrap_or_default();
    let time = Duration::from_millis(natural(fields, "milliseconds")?);
    let mut fault = match fields.text("kind") {
        "delay" => Fault::delay(time),
        "drip" => Fault::drip(time),
        "drip-head" => Fault::drip_head(time),
        "reset" => Fault::reset(),
        "lose-answer" => Fault::lose_answer(),
        "cut" => Fault::cut(usize::try_from(natural(fields, "bytes")?).unwrap_or(usize::MAX)),
        "status" => match fields.maybe_text("body") {
            Some(body) => Fault::answer(status, body),
            None => Fault::status(status),
        },
        "html" => Fault::html(status),
        "empty" => Fault::empty(status),
        "rotate-keys" => Fault::rotate_keys(),
        "empty-keys" => Fault::empty_keys(),
        "garbage-keys" => Fault::garbage_keys(),
        "headers" => Fault::headers(),
        _ => return Err(Refusal::invalid("The kind field must be the name of a fault")),
    };
    for (name, value) in fields.map("headers").into_iter().flatten() {
        fault = fault.header(name, value.as_str().unwrap_or_default());
    }
    if let Some(path) = fields.some_text("path") {
        fault = fault.at(path);
    }
    if let Some(method) = fields.some_text("method") {
        let method = method.parse();
        fault = fault.method(method.map_err(|_| Refusal::invalid("The method field is wrong"))?);
    }
    if fields.has("times") {
        fault = fault.times(u32::try_from(natural(fields, "times")?).unwrap_or(u32::MAX));
    }
    Ok(fault)
}

/// Whether a request is for the emulator itself.
pub(super) fn is_for(request: &Request) -> bool {
    let path = request.uri().path();
    path == PAGE || path.starts_with("/_emulator/")
}

/// Whether it is for a page that browsers show. What is entered on a page of the authorization server
/// steers the emulator.
pub(super) fn is_page(request: &Request) -> bool {
    let path = request.uri().path();
    page::PATHS.contains(&path)
        || (request.method() == Method::GET && oauth_page::PATHS.contains(&path))
}

/// Answers a request under `/_emulator/`.
pub(in crate::emulator) fn dispatch(
    engine: &Engine,
    request: &Request,
    goes_on: &dyn Fn() -> bool,
) -> Result {
    let (method, path) = (request.method().as_str(), request.uri().path());
    let mut here = ROUTES.iter().filter(|(_, known, ..)| *known == path).peekable();
    if here.peek().is_none() {
        return Err(Refusal::no_route(method, path));
    }
    let route = here.find(|(known, ..)| *known == method);
    let (_, _, fields, handler) = route.ok_or_else(|| Refusal::wrong_method(method, path))?;
    let read = if matches!(method, "GET" | "DELETE") {
        // The project is found by then.
        let pairs = request.uri().query().unwrap_or_default().split('&');
        let pairs = pairs.filter(|pair| !pair.starts_with("project="));
        fields::query(fields, &pairs.collect::<Vec<_>>().join("&"))?
    } else {
        // As editors put it at the start of files.
        let body = request.body();
        let body = body.strip_prefix("\u{feff}".as_bytes()).unwrap_or(body);
        fields::parse(Shape::Object(fields), body)?
    };
    let fields = Fields::new(&read);
    if fields.has("wait") {
        let (to, seconds) = (fields.some_text("to"), natural(fields, "wait")?.min(MAX_WAIT));
        let wanted = |message: &Message| to.is_none_or(|to| message.to == to);
        drop(engine.store_when(Duration::from_secs(seconds), goes_on, |store| {
            store.mailbox.iter().any(wanted)
        }));
    }
    handler(engine, fields)
}
