//! The emulator's audit trail as its connectors send it, received as a service would.

use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use descope::Client;
use descope::emulator::{Deliveries, Emulator};
use descope::mgmt::audit::{
    AuditEvent, AuditFilter, AuditFilterType, AuditRecord, AuditSearch, AuditType, AuditWebhook,
    WebhookAuthentication,
};
use descope::web::{Webhook, WebhookError, WebhookOptions};
use serde_json::{Value, json};
use tiny_http::{Request, Response, Server};

use super::headers;

const SECRET: &str = "a secret";

/// What a receiver was sent: method, path, headers in lower case, body.
struct Sent {
    line: String,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

impl Sent {
    fn read(request: &mut Request) -> Self {
        let mut body = Vec::new();
        request.as_reader().read_to_end(&mut body).unwrap();
        let header = |of: &tiny_http::Header| {
            (of.field.as_str().as_str().to_ascii_lowercase(), of.value.as_str().to_owned())
        };
        Self {
            line: format!("{} {}", request.method(), request.url()),
            headers: request.headers().iter().map(header).collect(),
            body,
        }
    }

    fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| &**value)
    }

    fn events(&self, webhook: &Webhook) -> Result<Vec<AuditRecord>, WebhookError> {
        let lines: Vec<_> =
            self.headers.iter().map(|(name, value)| (&**name, value.as_bytes())).collect();
        webhook.events(&headers(&lines), &self.body)
    }

    /// Its one event.
    fn event(&self) -> AuditRecord {
        let mut events = self.events(&Webhook::new([SECRET]).unwrap()).unwrap();
        assert_eq!(events.len(), 1);
        events.remove(0)
    }
}

/// A service that is sent events.
struct Receiver {
    server: Arc<Server>,
    sent: Arc<Mutex<Vec<Sent>>>,
    thread: Option<JoinHandle<()>>,
}

impl Receiver {
    /// One that answers with these statuses, and with 200 when they are used up.
    fn answering(statuses: &[u16]) -> Self {
        let server = Arc::new(Server::http("127.0.0.1:0").unwrap());
        let sent = Arc::new(Mutex::new(Vec::new()));
        let (listener, log, statuses) = (Arc::clone(&server), Arc::clone(&sent), statuses.to_vec());
        let thread = thread::spawn(move || {
            let mut statuses = statuses.into_iter();
            while let Ok(mut request) = listener.recv() {
                log.lock().unwrap().push(Sent::read(&mut request));
                let _ = request.respond(Response::empty(statuses.next().unwrap_or(200)));
            }
        });
        Self { server, sent, thread: Some(thread) }
    }

    fn new() -> Self {
        Self::answering(&[])
    }

    fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.server.server_addr())
    }

    fn take(&self) -> Vec<Sent> {
        std::mem::take(&mut self.sent.lock().unwrap())
    }

    fn actions(&self) -> Vec<String> {
        self.take().iter().map(|sent| sent.event().action).collect()
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.server.unblock();
        self.thread.take().unwrap().join().unwrap();
    }
}

fn started() -> (Emulator, Client) {
    let emulator = Emulator::new();
    let client = crate::support::client(&emulator);
    (emulator, client)
}

fn connect(client: &Client, webhook: &AuditWebhook) {
    client.mgmt().audit().create_webhook("the connector", webhook).unwrap();
}

fn signing(url: impl Into<String>) -> AuditWebhook {
    AuditWebhook::default().url(url).hmac_secret(SECRET)
}

fn counts(of: &Deliveries) -> [u64; 3] {
    [of.delivered, of.failed, of.withheld]
}

#[test]
fn the_trail_is_sent_signed_and_in_order() {
    let ((emulator, client), receiver) = (started(), Receiver::new());
    let webhook = signing(receiver.url("/events?from=descope"))
        .authentication(WebhookAuthentication::Bearer("t0ken".into()))
        .headers([("x-team", "blue")]);
    connect(&client, &webhook);
    let names: Vec<_> = (0..20).map(|n| format!("user{n}@example.com")).collect();
    for name in &names {
        client.mgmt().user().create(name, &Default::default()).unwrap();
    }
    emulator.sign_in("user0@example.com").unwrap();
    let report = emulator.deliver_events();
    assert_eq!((counts(&report), &report.problem), ([22, 0, 0], &None));
    assert_eq!(emulator.deliver_events(), Deliveries::default());

    let sent = receiver.take();
    for sent in &sent {
        assert_eq!(sent.line, "POST /events?from=descope");
        for (name, value) in [
            ("content-type", "application/json"),
            ("authorization", "Bearer t0ken"),
            ("x-team", "blue"),
        ] {
            assert_eq!(sent.header(name), Some(value));
        }
    }
    let events: Vec<_> = sent.iter().map(Sent::event).collect();
    assert_eq!(events[0].action, "ConnectorCreated");
    let logins: Vec<_> = events[1..21].iter().map(|event| event.login_ids[0].clone()).collect();
    assert_eq!(logins, names);
    assert_eq!(events[21].action, "LoginSucceed");
    // They are what the search finds.
    let search = AuditSearch::default().oldest_first(true);
    assert_eq!(client.mgmt().audit().search(&search).unwrap().items, events);
    // A secret of another service does not do.
    let other = Webhook::new(["another secret"]).unwrap();
    assert_eq!(sent[0].events(&other), Err(WebhookError::Wrong));
}

#[test]
fn a_webhook_that_checks_age_and_replays_takes_each_event_once() {
    let ((emulator, client), receiver) = (started(), Receiver::new());
    let hour = Duration::from_secs(3600);
    let options =
        WebhookOptions::default().max_age(hour).replay_window(2 * hour).clock(emulator.clock());
    let webhook = Webhook::with_options([SECRET], options).unwrap();
    emulator.advance(1000 * hour);
    connect(&client, &signing(receiver.url("/")));
    client.mgmt().user().create("ada", &Default::default()).unwrap();
    assert_eq!(emulator.deliver_events().delivered, 2);
    let sent = receiver.take();
    for sent in &sent {
        assert_eq!(sent.events(&webhook).map(|events| events.len()), Ok(1));
    }
    assert_eq!(sent[1].events(&webhook), Err(WebhookError::Replayed));
    emulator.advance(hour + Duration::from_secs(1));
    assert_eq!(sent[1].events(&webhook), Err(WebhookError::TooOld));
}

#[test]
fn connectors_get_what_passes_their_filters() {
    let ((emulator, client), all, some) = (started(), Receiver::new(), Receiver::new());
    let audit = client.mgmt().audit();
    let launches = AuditFilter::includes(AuditFilterType::Actions, ["launch", "landing"]);
    let not_acme = AuditFilter::excludes(AuditFilterType::Tenants, ["acme", "other"]);
    let filtered = signing(some.url("/")).filters([AuditFilter::all(), launches, not_acme]);
    audit.create_webhook("some", &filtered).unwrap();
    audit.create_webhook("all", &signing(all.url("/"))).unwrap();
    audit.create_webhook("nowhere", &AuditWebhook::default()).unwrap();
    for (tenant, action) in
        [("acme", "launch"), ("here", "launch"), ("here", "start"), ("here", "landing")]
    {
        audit.create_event(&AuditEvent::new(tenant, "ada", action, AuditType::Warn)).unwrap();
    }
    assert_eq!(counts(&emulator.deliver_events()), [8, 0, 0]);
    assert_eq!(some.actions(), ["launch", "landing"]);
    let connectors = ["ConnectorCreated"; 2];
    assert_eq!(
        all.actions(),
        [&connectors[..], &["launch", "launch", "start", "landing"]].concat()
    );
}

#[test]
fn a_receiver_that_is_down_for_a_moment_misses_nothing() {
    let ((emulator, client), receiver) =
        (started(), Receiver::answering(&[503, 429, 200, 500, 408, 502, 404, 301]));
    connect(&client, &signing(receiver.url("/events?key=s3cret")));
    for login_id in ["a", "b", "c", "d"] {
        client.mgmt().user().create(login_id, &Default::default()).unwrap();
    }
    let report = emulator.deliver_events();
    // The connector's own at the third try; a not at all, since three tries are all; b and c have another answer than
    // 200, which is final, and no redirect is followed; d is good.
    assert_eq!(counts(&report), [2, 3, 0], "{report:?}");
    let problem = report.problem.unwrap();
    assert!(problem.ends_with("answered 301") && !problem.contains("s3cret"), "{problem}");
    let seen: Vec<_> = receiver.take().iter().map(|sent| sent.event().login_ids.join("")).collect();
    assert_eq!(seen, ["", "", "", "a", "a", "a", "b", "c", "d"]);
}

#[test]
fn a_call_does_not_wait_for_a_receiver_that_is_slow_or_gone() {
    let (emulator, client) = started();
    // It accepts, and never answers.
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", silent.local_addr().unwrap());
    connect(&client, &signing(url));
    for n in 0..50 {
        client.mgmt().user().create(&format!("u{n}"), &Default::default()).unwrap();
    }
    // What waits is given up, and what is under way does not count.
    emulator.reset();
    drop(silent);
    assert_eq!(emulator.deliver_events(), Deliveries::default());

    let gone = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", gone.local_addr().unwrap());
    drop(gone);
    connect(&client, &signing(url));
    let report = emulator.deliver_events();
    assert_eq!(counts(&report), [0, 1, 0], "{report:?}");
    assert!(report.problem.unwrap().contains("no connection"));
}

#[test]
fn only_this_machine_is_sent_events_unless_a_host_is_named() {
    for url in [
        "https://siem.example.com/descope",
        "http://192.0.2.1:8080",
        "http://[2001:db8::1]/",
        "http://127.0.0.1@example.com/",
        "http://localhost.example.com",
        "http://127.1",
        "http://0.0.0.0:1",
        "/events",
        "not a url",
    ] {
        let (emulator, client) = started();
        connect(&client, &signing(url));
        let report = emulator.deliver_events();
        assert_eq!(counts(&report), [0, 0, 1], "{url} {report:?}");
        assert!(report.problem.is_some(), "{url}");
    }
    // The URLs that a real project's seed has are not called, and nothing that a seed makes is sent.
    let seed = json!({
        "auditWebhooks": [{ "name": "siem", "url": "https://siem.example.com", "hmacSecret": "s" }],
        "users": [{ "loginId": "ada" }],
    });
    let emulator = Emulator::new();
    emulator.seed(&seed).unwrap();
    assert_eq!(emulator.deliver_events(), Deliveries::default());
    emulator.sign_in("ada").unwrap();
    assert_eq!(counts(&emulator.deliver_events()), [0, 0, 1]);
    // Where 0.0.0.0 leads here, which is not known of it.
    if cfg!(unix) {
        let receiver = Receiver::new();
        let emulator = Emulator::builder().webhook_host("0.0.0.0").build();
        let client = crate::support::client(&emulator);
        connect(&client, &signing(receiver.url("/").replace("127.0.0.1", "0.0.0.0")));
        assert_eq!(counts(&emulator.deliver_events()), [1, 0, 0]);
    }
}

#[test]
fn every_way_into_the_emulator_tells_the_connectors() {
    let receiver = Receiver::new();
    let emulator = Emulator::new();
    let webhook = json!({ "name": "all", "url": receiver.url("/"), "hmacSecret": SECRET });
    emulator.seed(&json!({ "auditWebhooks": [webhook], "users": [{ "loginId": "ada" }] })).unwrap();
    let server = emulator.serve().unwrap();
    let over_port = Client::builder()
        .ignore_env()
        .project_id(emulator.project_id())
        .management_key(emulator.management_key())
        .base_url(server.base_url())
        .build()
        .unwrap();
    over_port.mgmt().user().create("bo", &Default::default()).unwrap();
    emulator.sign_in("ada").unwrap();
    // Another project has its own trail and connectors.
    let other = emulator.project("P2other");
    other.seed(&json!({ "users": [{ "loginId": "cy" }] })).unwrap();
    other.sign_in("cy").unwrap();
    assert_eq!(other.deliver_events(), Deliveries::default());
    let steer: Value = {
        let request = descope::transport::http::Request::post("/_emulator/deliver-events");
        let answer = emulator.handle(request.body(Vec::new()).unwrap());
        serde_json::from_slice(answer.body()).unwrap()
    };
    assert_eq!(steer, json!({ "delivered": 2, "failed": 0, "withheld": 0 }));
    let events: Vec<_> = receiver.take().iter().map(Sent::event).collect();
    let shown: Vec<_> = events.iter().map(|event| (&*event.action, &*event.login_ids[0])).collect();
    assert_eq!(shown, [("UserCreated", "bo"), ("LoginSucceed", "ada")]);
    assert!(events.iter().all(|event| event.project_id == emulator.project_id()));
}

/// From many threads, each event is sent once, and those of one thread in its order.
#[test]
fn nothing_is_sent_twice_or_lost_under_many_threads() {
    let ((emulator, client), receiver) = (started(), Receiver::new());
    connect(&client, &signing(receiver.url("/")));
    thread::scope(|scope| {
        for thread in 0..8 {
            let client = &client;
            scope.spawn(move || {
                for n in 0..10 {
                    let name = format!("{thread}-{n}");
                    client.mgmt().user().create(&name, &Default::default()).unwrap();
                }
            });
        }
    });
    assert_eq!(counts(&emulator.deliver_events()), [81, 0, 0]);
    let sent: Vec<_> = receiver.take().iter().map(Sent::event).collect();
    let search = AuditSearch::default().oldest_first(true);
    let found = client.mgmt().audit().search(&search).unwrap().items;
    let ids = |events: &[AuditRecord]| events.iter().map(|of| of.id.clone()).collect::<Vec<_>>();
    assert_eq!(ids(&sent), ids(&found));
}
