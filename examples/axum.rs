//! An asynchronous service with axum, in which the guard's waiting is done by the pool for blocking
//! work.
//!
//! ```text
//! cargo run --example axum --features web,emulator -- [--check]
//! ```
//!
//! It listens on <http://localhost:3000>, or the port in the variable `PORT`. `POST /login` with the
//! form field `email` sends a code, `POST /verify` with `email` and `code` signs in, `GET /me` says who
//! you are, and `POST /logout` ends it.
//!
//! A `POST` that the page of another site has made a browser send is refused.
//!
//! It serves the project named by `DESCOPE_PROJECT_ID`. Without one it runs offline against the
//! emulator, and prints the codes. With `--check` it uses itself, and ends.

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Extension, Form, Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{AppendHeaders, IntoResponse, IntoResponseParts, Response};
use axum::routing::{get, post};
use axum::{Router, serve};
use descope::auth::DeliveryMethod::Email;
use descope::emulator::Emulator;
use descope::web::{self, Access, Denied, Guard};
use descope::{Claims, Client};
use serde::Deserialize;
use tokio::net::TcpListener;
use tokio::task::{JoinError, spawn_blocking};

type Result<T, E = Box<dyn Error + Send + Sync>> = std::result::Result<T, E>;

struct App {
    client: Client,
    guard: Guard,
    emulator: Option<Emulator>,
}

fn router(app: Arc<App>) -> Router {
    Router::new()
        .route("/me", get(me))
        // What stands above is guarded, what stands below is not.
        .route_layer(middleware::from_fn_with_state(Arc::clone(&app), guard))
        .route("/login", post(login))
        .route("/verify", post(verify))
        .route("/logout", post(logout))
        .layer(middleware::from_fn_with_state(Arc::clone(&app), from_here))
        .with_state(app)
}

/// Keeps the pages of other sites from signing anyone in or out.
async fn from_here(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    let source = app.guard.source(None, request.headers());
    match app.guard.check_origin(request.method().as_str(), &source) {
        Ok(()) => next.run(request).await,
        Err(denied) => refuse(&denied),
    }
}

/// Lets those in who have signed in, and leaves their claims for the handler.
async fn guard(State(app): State<Arc<App>>, mut request: Request, next: Next) -> Response {
    let tokens = app.guard.tokens(request.headers());
    // This may have to wait for Descope, which must not keep others waiting.
    let checked =
        spawn_blocking(move || app.guard.validate_and_refresh(&tokens, &Access::default())).await;
    match checked {
        Ok(Ok(visitor)) => {
            request.extensions_mut().insert(visitor.claims);
            (set_cookies(visitor.set_cookies), next.run(request).await).into_response()
        }
        Ok(Err(denied)) => refuse(&denied),
        Err(error) => died(&error),
    }
}

async fn me(Extension(claims): Extension<Claims>) -> String {
    format!("You are {}.\n", claims.user_id())
}

#[derive(Deserialize)]
struct Address {
    email: String,
}

async fn login(State(app): State<Arc<App>>, Form(Address { email }): Form<Address>) -> Response {
    let sent = spawn_blocking(move || {
        let sent_to = app.client.auth().otp().sign_up_or_in(Email, &email, &Default::default())?;
        if let Some(emulator) = &app.emulator {
            let code = emulator.inbox().last_to(&email).and_then(|message| message.code);
            println!("[The code for {email}: {}]", code.unwrap_or_default());
        }
        Ok(sent_to)
    });
    answer(sent.await, |sent_to| format!("We have sent a code to {sent_to}.\n").into_response())
}

#[derive(Deserialize)]
struct Code {
    email: String,
    code: String,
}

async fn verify(State(app): State<Arc<App>>, Form(form): Form<Code>) -> Response {
    let verified = spawn_blocking(move || {
        let signed_in = app.client.auth().otp().verify(Email, &form.email, &form.code)?;
        app.guard.set_cookies(&signed_in)
    });
    answer(verified.await, |cookies| (set_cookies(cookies), "You are signed in.\n").into_response())
}

async fn logout(State(app): State<Arc<App>>, headers: HeaderMap) -> Response {
    let tokens = app.guard.tokens(&headers);
    match spawn_blocking(move || app.guard.logout(&tokens)).await {
        Ok(Ok(cookies)) => (set_cookies(cookies), "You are logged out.\n").into_response(),
        Ok(Err(denied)) => refuse(&denied),
        Err(error) => died(&error),
    }
}

fn set_cookies(cookies: Vec<HeaderValue>) -> impl IntoResponseParts {
    AppendHeaders(cookies.into_iter().map(|cookie| (header::SET_COOKIE, cookie)))
}

/// 401, 403 or 503, with the reason as a program understands it.
fn refuse(denied: &Denied) -> Response {
    let mut answer = (denied.status(), format!("{}\n", denied.reason())).into_response();
    if let Some(challenge) = denied.challenge() {
        let challenge = HeaderValue::from_static(challenge);
        answer.headers_mut().insert(header::WWW_AUTHENTICATE, challenge);
    }
    if let Some(wait) = denied.retry_after() {
        answer.headers_mut().insert(header::RETRY_AFTER, wait.as_secs().into());
    }
    (set_cookies(denied.set_cookies().to_vec()), answer).into_response()
}

fn answer<T>(
    done: Result<descope::Result<T>, JoinError>,
    show: impl FnOnce(T) -> Response,
) -> Response {
    match done {
        Ok(Ok(value)) => show(value),
        Ok(Err(error)) => (web::status(&error), format!("{error}\n")).into_response(),
        Err(error) => died(&error),
    }
}

fn died(error: &JoinError) -> Response {
    eprintln!("{error}");
    StatusCode::INTERNAL_SERVER_ERROR.into_response()
}

fn main() -> Result<()> {
    let check = std::env::args().any(|argument| argument == "--check");
    let offline = check || std::env::var_os("DESCOPE_PROJECT_ID").is_none_or(|id| id.is_empty());
    let emulator = offline.then(Emulator::new);
    let client = match &emulator {
        Some(emulator) => Client::builder().emulator(emulator).build()?,
        None => Client::from_env()?,
    };
    let port = match std::env::var("PORT") {
        _ if check => 0,
        Ok(port) => port.parse()?,
        Err(_) => 3000,
    };
    let app = App { guard: Guard::new(&client), client, emulator: emulator.clone() };
    tokio::runtime::Builder::new_current_thread().enable_io().build()?.block_on(async {
        let listener = TcpListener::bind(("127.0.0.1", port)).await?;
        let address = listener.local_addr()?;
        println!("Listening on http://localhost:{}", address.port());
        let served = tokio::spawn(async move { serve(listener, router(Arc::new(app))).await });
        match emulator {
            Some(emulator) if check => {
                spawn_blocking(move || use_it(&format!("http://{address}"), &emulator)).await?
            }
            _ => Ok(served.await??),
        }
    })
}

/// What a script does with `--check`.
fn use_it(origin: &str, emulator: &Emulator) -> Result<()> {
    let config = ureq::Agent::config_builder().http_status_as_error(false).proxy(None);
    let agent: ureq::Agent = config.build().into();
    let expect = |what: &str, status: StatusCode, expected: u16| {
        println!("{what}: {status}");
        if status == expected { Ok(()) } else { Err(format!("{what}: expected {expected}")) }
    };
    let me = |cookies: &str| {
        agent.get(format!("{origin}/me")).header("cookie", cookies).call().map(|got| got.status())
    };
    let post = |path: &str, cookies: &str, form: &[(&str, &str)]| {
        let request = agent.post(format!("{origin}{path}")).header("cookie", cookies);
        request.send_form(form.iter().copied())
    };
    let ada = "ada@example.com";
    expect("GET /me", me("")?, 401)?;
    expect("POST /login", post("/login", "", &[("email", ada)])?.status(), 200)?;
    let code = emulator.inbox().last_to(ada).and_then(|message| message.code).ok_or("no code")?;
    let verified = post("/verify", "", &[("email", ada), ("code", &code)])?;
    expect("POST /verify", verified.status(), 200)?;
    let cookies = verified.headers().get_all("set-cookie").iter();
    let pairs = cookies.filter_map(|cookie| cookie.to_str().ok()?.split(';').next());
    let cookies = pairs.collect::<Vec<_>>().join("; ");
    expect("GET /me", me(&cookies)?, 200)?;
    emulator.advance(Duration::from_secs(60 * 60));
    expect("GET /me, an hour later", me(&cookies)?, 200)?;
    let forged = agent.post(format!("{origin}/logout")).header("cookie", &cookies);
    let forged = forged.header("origin", "https://evil.example").send_empty()?;
    expect("POST /logout, from another site", forged.status(), 403)?;
    expect("POST /logout", post("/logout", &cookies, &[])?.status(), 200)?;
    expect("GET /me", me(&cookies)?, 401)?;
    Ok(())
}
