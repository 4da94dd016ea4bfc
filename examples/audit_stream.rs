//! A service that receives the audit trail from Descope, and appends it to a file, one event to a line.
//!
//! ```text
//! cargo run --example audit_stream --features web,audit,mgmt-user,emulator -- FILE
//! ```
//!
//! It listens on port 5000 of this machine, or the one in the variable `PORT`, for `POST /events`. Put a proxy with
//! TLS before it. Create the connector with `client.mgmt().audit().create_webhook(…)`, whose secret is in the
//! variable `WEBHOOK_SECRET`. Without that variable the program runs offline against the emulator: it makes a few
//! changes, shows the lines, and ends.
//!
//! A line is written and synced to the disk before the answer is 200. So an event whose receipt Descope knows of
//! survives a crash of the machine. If a try fails on the way, Descope may send the same event again: an event that
//! is in the file is not written twice. A line that a crash has cut off is removed at the next start.
//!
//! The stream is for what has to be known at once, such as alarms. What happens while this service is down for longer
//! than Descope tries is not in it. For the complete trail of the last 30 days, at any time, pull it with
//! `client.mgmt().audit().export(…)`.

use std::collections::HashSet;
use std::env;
use std::error::Error;
use std::fs::{self, File, OpenOptions};
use std::io::{BufRead, BufReader, Read, Write};
use std::path::Path;
use std::sync::Arc;
use std::thread;

use descope::Client;
use descope::emulator::Emulator;
use descope::mgmt::audit::{AuditRecord, AuditWebhook};
use descope::mgmt::user::NewUser;
use descope::web::Webhook;
use tiny_http::{Method, Request, Response, Server};

type Result<T, E = Box<dyn Error + Send + Sync>> = std::result::Result<T, E>;

/// Bytes of a body that are read.
const BODY_LIMIT: u64 = 4 * 1024 * 1024;

/// The file, and what is in it.
struct Trail {
    file: File,
    known: HashSet<String>,
}

impl Trail {
    fn open(path: &Path) -> Result<Self> {
        let file = OpenOptions::new().read(true).append(true).create(true).open(path)?;
        let (mut input, mut line) = (BufReader::new(&file), Vec::new());
        let (mut known, mut length) = (HashSet::new(), 0);
        while input.read_until(b'\n', &mut line)? > 0 && line.ends_with(b"\n") {
            length += line.len() as u64;
            known.insert(key(&serde_json::from_slice(&line)?)?);
            line.clear();
        }
        // Its event was not acknowledged, and comes again.
        file.set_len(length)?;
        Ok(Self { file, known })
    }

    /// Appends the events that are not there yet, and returns when they are on the disk.
    fn append(&mut self, events: &[AuditRecord]) -> Result<()> {
        let (mut lines, mut keys) = (Vec::new(), Vec::new());
        for event in events {
            let key = key(event)?;
            if !self.known.contains(&key) && !keys.contains(&key) {
                serde_json::to_writer(&mut lines, event)?;
                lines.push(b'\n');
                keys.push(key);
            }
        }
        let length = self.file.metadata()?.len();
        if let Err(error) = self.file.write_all(&lines).and_then(|()| self.file.sync_data()) {
            // No half line before the next one.
            self.file.set_len(length)?;
            return Err(error.into());
        }
        self.known.extend(keys);
        Ok(())
    }
}

/// What tells an event from others: its ID, or all that it says.
fn key(event: &AuditRecord) -> Result<String> {
    Ok(if event.id.is_empty() { serde_json::to_string(event)? } else { event.id.clone() })
}

/// Answers requests until the server is closed.
fn serve(server: &Server, webhook: &Webhook, trail: &mut Trail) {
    while let Ok(mut request) = server.recv() {
        let status = answer(&mut request, webhook, trail).unwrap_or_else(|error| {
            eprintln!("an event could not be kept: {error}");
            500
        });
        // If nobody waits for it any more, the event comes again.
        let _ = request.respond(Response::empty(status));
    }
}

fn answer(request: &mut Request, webhook: &Webhook, trail: &mut Trail) -> Result<u16> {
    if request.url() != "/events" {
        return Ok(404);
    }
    if *request.method() != Method::Post {
        return Ok(405);
    }
    let mut body = Vec::new();
    request.as_reader().take(BODY_LIMIT + 1).read_to_end(&mut body)?;
    if body.len() as u64 > BODY_LIMIT {
        return Ok(413);
    }
    let mut signatures =
        request.headers().iter().filter(|header| header.field.equiv("x-descope-webhook-s256"));
    let (Some(signature), None) = (signatures.next(), signatures.next()) else { return Ok(401) };
    match webhook.events_signed(signature.value.as_str(), &body) {
        Ok(events) => trail.append(&events).map(|()| 200),
        Err(error) => {
            eprintln!("a request was refused: {error}");
            Ok(error.status().as_u16())
        }
    }
}

fn main() -> Result<()> {
    let path = env::args_os().nth(1).ok_or("name a file to append the events to")?;
    let path = Path::new(&path);
    let Ok(secret) = env::var("WEBHOOK_SECRET") else { return offline(path) };
    let port = env::var("PORT").map_or(Ok(5000), |port| port.parse())?;
    let server = Server::http(("127.0.0.1", port))?;
    println!("Listening on http://{}/events", server.server_addr());
    serve(&server, &Webhook::new([secret])?, &mut Trail::open(path)?);
    Ok(())
}

/// Receives what an emulator sends.
fn offline(path: &Path) -> Result<()> {
    const SECRET: &str = "only for this run";
    let (webhook, mut trail) = (Webhook::new([SECRET])?, Trail::open(path)?);
    let server = Arc::new(Server::http("127.0.0.1:0")?);
    let url = format!("http://{}/events", server.server_addr());
    let listener = Arc::clone(&server);
    let service = thread::spawn(move || serve(&listener, &webhook, &mut trail));

    let emulator = Emulator::new();
    let client = Client::builder().emulator(&emulator).build()?;
    let connector = AuditWebhook::default().url(&url).hmac_secret(SECRET);
    // Two of them, so that all comes twice, as it does when an answer is lost.
    client.mgmt().audit().create_webhook("the example", &connector)?;
    client.mgmt().audit().create_webhook("the example again", &connector)?;
    client.mgmt().user().create("ada@example.com", &NewUser::default())?;
    emulator.sign_in("ada@example.com")?;
    client.mgmt().user().delete("ada@example.com")?;
    let report = emulator.deliver_events();
    server.unblock();
    service.join().map_err(|_| "the service died")?;

    let lines = fs::read_to_string(path)?;
    print!("{lines}");
    let actions =
        ["UserDeleted", "LoginSucceed", "UserCreated", "ConnectorCreated", "ConnectorCreated"];
    let last: Vec<_> = lines.lines().rev().take(actions.len()).collect();
    let are_there = last.iter().zip(actions).all(|(line, action)| line.contains(action));
    // The second connector did not hear of the first.
    if report.delivered == 9 && last.len() == actions.len() && are_there {
        println!("9 events were received, and 5 kept in {}", path.display());
        Ok(())
    } else {
        Err(format!("not all events are there: {report:?}").into())
    }
}
