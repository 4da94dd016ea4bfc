//! The page at `/`, on which people look at what happened, move the clock and add faults.

use std::fmt::Write;

use super::control::{PAGE, advance, fault};
use super::dispatch::origin;
use super::engine::Engine;
use super::parts::{self, Width};
use crate::emulator::state::mailbox::Message;
use crate::emulator::state::store::Store;
use crate::emulator::words::clock::rfc3339;
use crate::emulator::words::fields::{Field, Fields, Kind, optional, query, required};
use crate::emulator::words::refusal::{Refusal, Result};
use crate::html::escape;
use crate::transport::http::header::{CONTENT_SECURITY_POLICY, HeaderValue, LOCATION};
use crate::transport::http::{Method, StatusCode};
use crate::transport::{Request, Response};

/// Where its forms go.
const ACTIONS: &str = "/_emulator/console";
/// Rows of a table; the newest ones of messages, the first ones of others.
const ROWS: usize = 100;

const KINDS: [&str; 7] =
    ["status", "html", "delay", "reset", "lose-answer", "empty-keys", "rotate-keys"];

const FORM: &[Field] = &[
    required("action", Kind::Text),
    optional("seconds", Kind::Int),
    optional("kind", Kind::Text),
    optional("status", Kind::Int),
    optional("milliseconds", Kind::Int),
    optional("path", Kind::Text),
    optional("times", Kind::Int),
];

/// Answers a request for the page or by one of its forms.
pub(super) fn serve(engine: &Engine, request: &Request) -> Option<Response> {
    let answer = match (request.uri().path(), request.method()) {
        (PAGE, &Method::GET | &Method::HEAD) => Ok(page(engine, &origin(request))),
        (ACTIONS, &Method::POST) => act(engine, request),
        (path @ (PAGE | ACTIONS), method) => Err(Refusal::wrong_method(method.as_str(), path)),
        _ => return None,
    };
    let mut response = answer.unwrap_or_else(|refusal| {
        let message = refusal.body()["errorMessage"].as_str().unwrap_or_default().to_owned();
        parts::refused(refusal.status, &message)
    });
    let headers = response.headers_mut();
    let policy = "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; \
                  base-uri 'none'; frame-ancestors 'none'";
    headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(policy));
    Some(response)
}

fn act(engine: &Engine, request: &Request) -> Result<Response> {
    let form = std::str::from_utf8(request.body());
    let form = query(FORM, form.map_err(|_| Refusal::malformed("The form is not UTF-8"))?)?;
    let fields = Fields::new(&form);
    let clock = engine.clock();
    let part = match fields.text("action") {
        "move" => {
            let seconds = fields.int("seconds").unwrap_or_default();
            advance(engine, seconds.saturating_mul(1_000));
            "clock"
        }
        "freeze" => {
            clock.freeze();
            "clock"
        }
        "go-on" => {
            clock.unfreeze();
            "clock"
        }
        "real" => {
            clock.reset();
            "clock"
        }
        "empty-inbox" => {
            engine.store().mailbox.clear();
            "inbox"
        }
        "fault" => {
            engine.add_fault(fault(fields)?);
            "faults"
        }
        "no-faults" => {
            engine.clear_faults();
            "faults"
        }
        "reset" => {
            engine.reset();
            "top"
        }
        _ => return Err(Refusal::invalid("The action field must be one of the page's")),
    };
    let mut response = Response::new(Vec::new());
    *response.status_mut() = StatusCode::SEE_OTHER;
    let project = &engine.settings().project_id;
    let location = HeaderValue::try_from(format!("/?project={project}#{part}"));
    let location = location.unwrap_or(HeaderValue::from_static("/"));
    response.headers_mut().insert(LOCATION, location);
    Ok(response)
}

/// Buttons of one form, and further content in front of them. `inner` is HTML.
fn form(engine: &Engine, inner: &str, buttons: &[(&str, &str)]) -> String {
    let project = escape(&engine.settings().project_id);
    let mut form =
        format!("<form class=row method=post action=\"{ACTIONS}?project={project}\">{inner}");
    for (action, label) in buttons {
        // Writing to a string cannot fail.
        let _ = write!(form, "<button name=action value={action}>{label}</button>");
    }
    form + "</form>"
}

/// A table, or a sentence where there is nothing. Cells are HTML.
fn table<const N: usize>(
    heads: [&str; N],
    rows: impl Iterator<Item = [String; N]>,
    nothing: &str,
) -> String {
    let (mut table, mut count) = (String::new(), 0);
    for row in rows {
        count += 1;
        if count <= ROWS {
            table += "<tr>";
            for (head, cell) in heads.iter().zip(row) {
                // On a phone the label is beside the cell.
                table.extend(["<td data-label=\"", head, "\"><span>", &cell, "</span></td>"]);
            }
        }
    }
    if count == 0 {
        return format!("<p>{nothing}</p>");
    }
    let heads: String = heads.into_iter().flat_map(|head| ["<th scope=col>", head]).collect();
    let more = if count > ROWS { format!("<p>{} more</p>", count - ROWS) } else { String::new() };
    format!("<div class=scroll><table><thead><tr>{heads}<tbody>{table}</table></div>{more}")
}

fn page(engine: &Engine, base: &str) -> Response {
    let project = escape(&engine.settings().project_id);
    let mut page = format!(
        "<p id=top>This stands in for Descope, and sends nothing to anybody. Project \
         <code>{project}</code>.</p>{}<nav aria-label=Parts><ul><li><a href=\"#inbox\">Inbox</a>\
         <li><a href=\"#users\">Users</a><li><a href=\"#sessions\">Sessions</a>\
         <li><a href=\"#applications\">Applications</a><li><a href=\"#clock\">Clock</a>\
         <li><a href=\"#faults\">Faults</a><li><a href=\"#requests\">Requests</a>\
         <li><a href=\"/?project={project}\">Reload</a></ul></nav>",
        begin(engine, base)
    );
    page += &projects(engine);
    {
        let store = engine.store();
        page += &inbox(engine, &store);
        page += &people(&store);
        page += &applications(&store);
    }
    page += &clock(engine);
    page += &faults(engine);
    page += &requests(engine);
    page += "<h2>Start anew</h2><p>Deletes all objects and messages of this project, removes the faults, \
             and takes the clock back to the real time.</p>";
    page += &form(engine, "", &[("reset", "Reset the project")]);
    parts::html(StatusCode::OK, "Descope emulator", Width::Wide, &page)
}

/// What a first visitor needs. It is folded away once there was a request.
fn begin(engine: &Engine, base: &str) -> String {
    let settings = engine.settings();
    let [base, project, key] = [base, &*settings.project_id, &*settings.management_key].map(escape);
    let open = if engine.request_counts().is_empty() { " open" } else { "" };
    format!(
        "<details{open}><summary>How to begin</summary><ol>\
         <li>Point your application here, by its environment or in its code:\
         <pre>DESCOPE_BASE_URI={base}\nDESCOPE_PROJECT_ID={project}\n\
         DESCOPE_MANAGEMENT_KEY={key}</pre>\
         <li>Sign up or sign in there, as a user would.\
         <li>Load this page again. The code or the link that Descope would have sent is in the \
         <a href=\"#inbox\">inbox</a>.</ol></details>"
    )
}

fn projects(engine: &Engine) -> String {
    let projects = engine.projects();
    if projects.len() < 2 {
        return String::new();
    }
    let links = projects.iter().take(ROWS).map(|project| {
        let id = escape(&project.settings().project_id);
        let here = if project.settings().project_id == engine.settings().project_id {
            " aria-current=page"
        } else {
            ""
        };
        format!("<li><a href=\"/?project={id}\"{here}>{id}</a>")
    });
    format!("<nav aria-label=Projects><ul>{}</ul></nav>", links.collect::<String>())
}

fn inbox(engine: &Engine, store: &Store) -> String {
    let rows = store.mailbox.iter().rev().map(|message| {
        [
            format!("<time>{}</time>", rfc3339(message.time.as_seconds())),
            escape(&message.to),
            format!("{}, by {}", escape(&message.purpose), escape(&message.method)),
            contents(message),
        ]
    });
    let nothing = "Nothing was sent yet. Start a sign-up or a sign-in in your application.";
    let mut part = "<h2 id=inbox>Inbox</h2>".to_owned();
    part += &table(["Time", "To", "For", "Code or link"], rows, nothing);
    part += &form(engine, "", &[("empty-inbox", "Empty the inbox")]);
    part
}

/// The code and the links of a message, to be clicked.
fn contents(message: &Message) -> String {
    let link = |text: &str, url: &str| {
        let (text, url) = (escape(text), escape(url));
        // No script hides in a link.
        if url.starts_with("http://") || url.starts_with("https://") {
            format!("<a rel=noreferrer href=\"{url}\">{text}</a> ")
        } else {
            format!("<code>{url}</code> ")
        }
    };
    let mut contents = String::new();
    if let Some(code) = &message.code {
        contents.extend(["<code>", &escape(code), "</code> "]);
    }
    if message.links.is_empty() {
        contents.extend(message.link.as_deref().map(|url| link(url, url)));
    }
    for (number, url) in &message.links {
        contents += &link(number, url);
    }
    if let Some(number) = &message.link_id {
        contents.extend(["(the right one is ", &escape(number), ")"]);
    }
    contents
}

fn people(store: &Store) -> String {
    let users = store.users.iter().map(|user| {
        [
            escape(&user.login_ids.join(", ")),
            escape(&user.profile.name),
            format!("<code>{}</code>", escape(&user.id)),
        ]
    });
    let sessions = store.sessions.by_id.iter().map(|session| {
        let user = store.user(&session.user);
        let user = user.map_or(&*session.user, |user| user.login_ids.first().map_or("", |id| id));
        let state = if session.ended { "ended" } else { "open" };
        [escape(user), escape(&session.amr.join(", ")), state.to_owned()]
    });
    format!(
        "<h2 id=users>Users</h2>{}<h2 id=sessions>Sessions</h2>{}",
        table(["Login IDs", "Name", "ID"], users, "There are no users yet."),
        table(["User", "Signed in by", "State"], sessions, "Nobody has signed in yet.")
    )
}

fn applications(store: &Store) -> String {
    let row = |id: &str, kind: &str, name: &str| {
        [escape(name), kind.to_owned(), format!("<code>{}</code>", escape(id))]
    };
    let sso = store.sso_apps.iter().map(|app| row(&app.id, "single sign-on", &app.name));
    let inbound = store.applications.inbound.iter().map(|app| row(&app.id, "inbound", &app.name));
    let outbound =
        store.applications.outbound.iter().map(|app| row(&app.id, "outbound", &app.name));
    let apps = sso.chain(inbound).chain(outbound);
    let table = table(["Name", "Kind", "ID"], apps, "There are no applications yet.");
    format!("<h2 id=applications>Applications</h2>{table}")
}

fn clock(engine: &Engine) -> String {
    let frozen = engine.clock().is_frozen();
    let (time, real) = (rfc3339(engine.now()), rfc3339(engine.clock().real()));
    let state = if frozen { "It is frozen. " } else { "" };
    let pause = if frozen { ("go-on", "Let it go on") } else { ("freeze", "Freeze") };
    let seconds = "<label>Seconds, negative to go back \
                   <input type=number name=seconds value=60></label>";
    let form = form(engine, seconds, &[("move", "Move the clock"), pause, ("real", "Real time")]);
    format!(
        "<h2 id=clock>Clock</h2><p>The time is <code id=time>{time}</code>. {state}\
         The real time is {real}.</p>{form}"
    )
}

fn faults(engine: &Engine) -> String {
    let faults = engine.faults();
    let rows = faults.iter().map(|fault| fault.shown().map(|text| escape(&text)));
    let nothing = "Requests are answered without faults.";
    let table = table(["Fault", "Requests", "Times left"], rows, nothing);
    let kinds = KINDS.map(|kind| format!("<option>{kind}")).concat();
    let inner = format!(
        "<label>Kind <select name=kind>{kinds}</select></label>\
         <label>Status <input type=number name=status value=503 min=100 max=599></label>\
         <label>Milliseconds <input type=number name=milliseconds value=1000 min=0></label>\
         <label>Paths that start with <input name=path placeholder=\"/v1/auth\"></label>\
         <label>Times <input type=number name=times value=1 min=1></label>"
    );
    let form =
        form(engine, &inner, &[("fault", "Add a fault"), ("no-faults", "Remove all faults")]);
    format!("<h2 id=faults>Faults</h2>{table}{form}")
}

fn requests(engine: &Engine) -> String {
    let counts = engine.request_counts().into_iter().map(|((method, path), count)| {
        [escape(&method), format!("<code>{}</code>", escape(&path)), count.to_string()]
    });
    let unknown = engine.unknown_counts().into_iter().map(|((method, path, field), count)| {
        let field = field.map_or("the path itself".to_owned(), |field| escape(&field));
        [escape(&method), format!("<code>{}</code>", escape(&path)), field, count.to_string()]
    });
    let nothing = "All requests had only fields that the emulator knows.";
    format!(
        "<h2 id=requests>Requests</h2>{}<h2 id=unknown>Unknown fields</h2>{}",
        table(["Method", "Path", "Count"], counts, "There were no requests yet."),
        table(["Method", "Path", "Field", "Count"], unknown, nothing)
    )
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::clock::Clock;
    use crate::emulator::Emulator;
    use crate::transport::http::Request as Builder;

    fn get(emulator: &Emulator, path: &str) -> String {
        let response = emulator.handle(Builder::get(path).body(Vec::new()).unwrap());
        assert_eq!(response.status(), 200);
        let policy = response.headers()[CONTENT_SECURITY_POLICY].to_str().unwrap();
        assert!(policy.starts_with("default-src 'none'"), "{policy}");
        String::from_utf8(response.body().clone()).unwrap()
    }

    fn act(emulator: &Emulator, body: &str) -> (u16, String) {
        let request = Builder::post(ACTIONS).body(body.as_bytes().to_vec()).unwrap();
        let response = emulator.handle(request);
        let location = response.headers().get(LOCATION);
        let location = location.map_or("", |value| value.to_str().unwrap()).to_owned();
        (response.status().as_u16(), location)
    }

    #[test]
    fn the_page_shows_what_happened_and_writes_nothing_raw() {
        let emulator = Emulator::builder().strict(false).build();
        let body = json!({ "loginId": "a\"><script>", "email": "ada@example.com",
            "redirectUrl": "https://app.example/verify", "user": { "email": "ada@example.com" },
            "<i>": 1 });
        let (status, answer) = emulator.post("/v1/auth/magiclink/signup/email", &body);
        assert_eq!(status, 200, "{answer}");
        let link = emulator.inbox().last_to("ada@example.com").unwrap().link.unwrap();
        let user = json!({ "loginId": "<b>", "displayName": "<u>Ada" });
        emulator.seed(&json!({ "users": [user] })).unwrap();
        emulator.sign_in("<b>").unwrap();
        let page = get(&emulator, "/");
        for part in [
            &*format!("href=\"{}\"", escape(&link)),
            "&lt;u&gt;Ada",
            "&lt;i&gt;",
            "/v1/auth/magiclink/signup/email",
            "<span>open</span>",
            emulator.project_id(),
        ] {
            assert!(page.contains(part), "{part} in {page}");
        }
        for raw in ["<script", "<u>", "<i>", "<b>"] {
            assert!(!page.contains(raw), "{raw}");
        }
    }

    #[test]
    fn its_forms_steer() {
        let emulator = Emulator::new();
        let real = emulator.clock().unix().as_seconds();
        let (status, location) = act(&emulator, "action=move&seconds=-86400");
        assert_eq!(status, 303);
        assert!(location.ends_with("#clock"), "{location}");
        assert!(emulator.clock().unix().as_seconds() < real - 80_000);
        assert_eq!(act(&emulator, "action=freeze").0, 303);
        assert!(get(&emulator, "/").contains("It is frozen."));
        assert_eq!(act(&emulator, "action=go-on").0, 303);
        assert_eq!(act(&emulator, "action=real").0, 303);
        assert!(emulator.clock().unix().as_seconds() >= real);
        let fault = "action=fault&kind=status&status=503&milliseconds=1&path=%2Fv1%2F&times=2";
        assert_eq!(act(&emulator, fault).0, 303);
        assert!(get(&emulator, "/").contains("/v1/"));
        assert_eq!(emulator.post("/v1/auth/refresh", &json!({})).0, 503);
        assert_eq!(act(&emulator, "action=no-faults").0, 303);
        assert_ne!(emulator.post("/v1/auth/refresh", &json!({})).0, 503);
        for wrong in
            ["action=", "action=fly", "action=move&seconds=x", "x=1", "action=fault&kind=x"]
        {
            assert_eq!(act(&emulator, wrong).0, 400, "{wrong}");
        }
        let project = emulator.project("P2other");
        let path = format!("/?project={}", project.project_id());
        assert!(get(&emulator, &path).contains("Project <code>P2other</code>"));
    }
}
