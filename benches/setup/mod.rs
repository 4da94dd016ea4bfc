//! What is compared: a token check with its signature check alone, and a call with bare ureq.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Mutex;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use descope::auth::{DeliveryMethod, MessageLoginOptions};
use descope::observe::Event;
use descope::transport::http::HeaderValue;
use descope::transport::{Request, Response};
use descope::{Claims, Client, ClientBuilder, Scope};
use ring::signature::{RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents};
use serde_json::{Value, json};

/// A token as Descope issues them, RS256 with 2048 bits, and the keys cached.
pub(crate) struct Validation {
    client: Client,
    token: String,
    n: Vec<u8>,
    e: Vec<u8>,
    signature: Vec<u8>,
}

impl Validation {
    pub(crate) fn new() -> Self {
        let recorded: Value =
            serde_json::from_str(include_str!("../../tests/fixtures/tokens.json")).expect("JSON");
        let token = recorded["tokens"]["session"].as_str().expect("a token").to_owned();
        let keys = recorded["jwks"].clone();
        let decode = |text: &str| URL_SAFE_NO_PAD.decode(text).expect("base64url");
        let number = |name: &str| decode(keys["keys"][0][name].as_str().expect("a number"));
        let signature = decode(token.rsplit('.').next().expect("a signature"));
        let (n, e) = (number("n"), number("e"));
        let client = Client::builder()
            .ignore_env()
            .project_id("P2dummyproject0000000000000000")
            .transport(move |_: Request| Ok(Response::new(keys.to_string().into_bytes())))
            .build()
            .expect("a client");
        client.warm_up().expect("keys at hand");
        Self { client, token, n, e, signature }
    }

    /// All that `validate` does.
    pub(crate) fn descope(&self) -> Claims {
        self.client.auth().session().validate(&self.token).expect("a good token")
    }

    /// The same, and a look at what the user may do.
    pub(crate) fn with_a_role(&self) -> Claims {
        let claims = self.descope();
        assert!(claims.has_roles(Scope::Project, ["role-1"]));
        claims
    }

    /// The signature alone, already taken from its base64url.
    pub(crate) fn ring(&self) {
        let message = self.token.rsplit_once('.').expect("a token").0;
        RsaPublicKeyComponents { n: &self.n, e: &self.e }
            .verify(&RSA_PKCS1_2048_8192_SHA256, message.as_bytes(), &self.signature)
            .expect("a good signature");
    }
}

/// The same request, with the same limits, to a server that answers at once.
pub(crate) struct Call {
    client: Client,
    agent: ureq::Agent,
    url: String,
}

impl Call {
    pub(crate) fn new() -> Self {
        let base_url = serve();
        let agent = ureq::Agent::config_builder()
            .proxy(None)
            .timeout_global(Some(Duration::from_secs(10)))
            .http_status_as_error(false)
            .max_redirects(0)
            .user_agent(concat!("descope-rust/", env!("CARGO_PKG_VERSION")))
            .build();
        let client = build(|builder| builder.base_url(&base_url));
        Self { client, agent: agent.into(), url: format!("{base_url}/v1/auth/otp/signin/email") }
    }

    pub(crate) fn descope(&self) -> String {
        sign_in(&self.client)
    }

    /// As a program would do without an SDK.
    pub(crate) fn ureq(&self) -> String {
        let body = json!({ "loginId": "ada@example.com" });
        let response = self
            .agent
            .post(&self.url)
            .header("authorization", "Bearer P2bench")
            .header("content-type", "application/json")
            .header("x-descope-sdk-name", "rust")
            .header("x-descope-sdk-version", "0.1.0")
            .header("x-descope-project-id", "P2bench")
            .send(body.to_string())
            .expect("an answer");
        let body = response.into_body().read_to_vec().expect("a body");
        let answer: Value = serde_json::from_slice(&body).expect("JSON");
        answer["maskedEmail"].as_str().expect("an address").to_owned()
    }
}

/// Clients that are answered without a network, the second with an observer that counts the tries, adds up their
/// times and keeps the last request ID.
pub(crate) fn without_and_with_an_observer() -> [Client; 2] {
    let seen = Mutex::new((0_u64, Duration::ZERO, String::new()));
    let observer = move |event: &Event<'_>| {
        let Event::Answered { attempt, answer, .. } = event else { return };
        let mut seen = seen.lock().expect("no panic");
        seen.0 += u64::from(attempt.path().starts_with("/v1/auth") && answer.status() == 200);
        seen.1 += answer.took();
        seen.2.clear();
        seen.2.push_str(&answer.request_id().expect("an ID"));
    };
    let answer = |_: Request| {
        let mut response = Response::new(BODY.into());
        response.headers_mut().insert("x-request-id", HeaderValue::from_static(REQUEST_ID));
        Ok(response)
    };
    [
        build(|builder| builder.transport(answer)),
        build(|builder| builder.transport(answer).observer(observer)),
    ]
}

pub(crate) fn sign_in(client: &Client) -> String {
    let options = MessageLoginOptions::default();
    let sent_to = client.auth().otp().sign_in(DeliveryMethod::Email, "ada@example.com", &options);
    sent_to.expect("an answer").masked_email.expect("an address")
}

fn build(change: impl FnOnce(ClientBuilder) -> ClientBuilder) -> Client {
    change(Client::builder().ignore_env().project_id("P2bench")).build().expect("a client")
}

const BODY: &str = r#"{"maskedEmail":"a***@example.com"}"#;
const REQUEST_ID: &str = "3f0c9a52-7f6b-4d1e-9d0a-0d6f3b8f1c77";

/// A server that says the same to everybody, on connections that stay open.
fn serve() -> String {
    let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a port");
    let address = listener.local_addr().expect("an address");
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            std::thread::spawn(move || answer(&stream));
        }
    });
    format!("http://{address}")
}

fn answer(stream: &TcpStream) -> Option<()> {
    stream.set_nodelay(true).ok()?;
    let response = format!(
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\
         x-request-id: {REQUEST_ID}\r\ncontent-length: {}\r\n\r\n{BODY}",
        BODY.len()
    );
    let mut reader = BufReader::new(stream);
    loop {
        let mut length = 0;
        loop {
            let mut line = String::new();
            if reader.read_line(&mut line).ok()? == 0 {
                return None;
            }
            let line = line.trim_end().to_ascii_lowercase();
            if line.is_empty() {
                break;
            }
            if let Some(value) = line.strip_prefix("content-length:") {
                length = value.trim().parse().ok()?;
            }
        }
        let mut body = vec![0; length];
        reader.read_exact(&mut body).ok()?;
        (&*stream).write_all(response.as_bytes()).ok()?;
    }
}
