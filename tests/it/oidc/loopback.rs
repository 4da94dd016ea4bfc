//! The loopback listener, and who may not use it.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::thread;
use std::time::Duration;

use descope::clock::{Clock, SystemClock};
use descope::oidc::{
    App, AuthorizeOptions, LoopbackHost, LoopbackOptions, LoopbackPage, Tokens, WaitOptions,
};
use descope::{Client, Error, Result, TokenError, UnixTime, codes};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::json;

use super::{ISSUER, NOW, Server, app, argument, form, id_token, response, tokens};

/// Waits for real, as sockets do, at the time of the tokens.
struct Real(SystemClock);

impl Clock for Real {
    fn unix(&self) -> UnixTime {
        UnixTime::from_seconds(NOW)
    }
    fn monotonic(&self) -> Duration {
        self.0.monotonic()
    }
    fn sleep(&self, time: Duration) {
        self.0.sleep(time.min(Duration::from_millis(5)));
    }
}

fn setup() -> (Server, Client, App) {
    let server = Server::new();
    let client = server.client_with(|builder| builder.clock(Real(SystemClock::default())));
    (server, client, app())
}

fn options() -> LoopbackOptions {
    LoopbackOptions::default()
}

/// The browser that goes to the listener, and whoever else does.
struct Visitor {
    /// `host:port`
    host: String,
    state: String,
    nonce: String,
}

impl Visitor {
    fn new(url: &str, redirect_uri: &str) -> Self {
        let query = form(url.split_once('?').unwrap().1);
        let member = |name: &str| query.iter().find(|(known, _)| known == name).unwrap().1.clone();
        assert_eq!(member("redirect_uri"), redirect_uri);
        assert_eq!(member("code_challenge_method"), "S256");
        let host = redirect_uri.split('/').nth(2).unwrap().to_owned();
        Self { host, state: member("state"), nonce: member("nonce") }
    }

    fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(&self.host).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
        stream
    }

    /// Sends this, and returns the whole answer; nothing if the connection was closed.
    fn send(&self, request: &[u8]) -> String {
        let mut stream = self.connect();
        let _ = stream.write_all(request);
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer);
        String::from_utf8(answer).unwrap()
    }

    fn get(&self, target: &str) -> String {
        self.request("GET", target, &format!("Host: {}", self.host))
    }

    fn request(&self, method: &str, target: &str, headers: &str) -> String {
        self.send(format!("{method} {target} HTTP/1.1\r\n{headers}\r\n\r\n").as_bytes())
    }

    /// The right answer's target.
    fn right(&self) -> String {
        format!("/callback?code=the-code&state={}", self.state)
    }
}

#[track_caller]
fn status(answer: &str, expected: u16) {
    let start = format!("HTTP/1.1 {expected} ");
    assert!(answer.starts_with(&start), "{expected}: {answer}");
}

/// Lets somebody visit the listener of a sign-in that the server would complete.
fn visited<T: Send>(
    options: &LoopbackOptions,
    prepare: impl FnOnce(&Server),
    visit: impl FnOnce(&Visitor, &Server) -> T + Send,
) -> (Result<Option<Tokens>>, T, Server) {
    let (server, client, app) = setup();
    prepare(&server);
    let oidc = client.oidc(&app);
    let loopback = oidc.loopback(options).unwrap();
    let visitor = Visitor::new(loopback.url(), loopback.redirect_uri());
    let mut answer = tokens();
    answer["id_token"] = id_token(&json!({ "nonce": visitor.nonce })).into();
    server.respond(Ok(response(200, &answer)));
    let (outcome, seen) = thread::scope(|scope| {
        let server = &server;
        let visits = scope.spawn(move || visit(&visitor, server));
        let mut later = 0;
        // Whoever visited last may have said nothing: it looks a few more times, and ends.
        let outcome = loopback.wait(&WaitOptions::default(), || {
            later += usize::from(visits.is_finished());
            later < 20
        });
        (outcome, visits.join().unwrap())
    });
    (outcome, seen, server)
}

#[test]
fn a_question_mark_in_the_answer_is_a_part_of_it() {
    let refused = |visitor: &Visitor, _: &Server| {
        let state = &visitor.state;
        visitor.get(&format!("/callback?state={state}&error=access_denied&error_description=Why?"))
    };
    let (outcome, page, _) = visited(&options(), |_| (), refused);
    status(&page, 200);
    assert!(outcome.unwrap_err().is_access_denied());
}

#[test]
fn the_browser_comes_back_and_sees_a_page() {
    let (outcome, page, server) =
        visited(&options(), |_| (), |visitor, _| visitor.get(&visitor.right()));
    let tokens = outcome.unwrap().unwrap();
    assert_eq!(tokens.claims.unwrap().subject(), "U1");
    status(&page, 200);
    for part in [
        "You can close this window",
        "Cache-Control: no-store\r\n",
        "Referrer-Policy: no-referrer\r\n",
        "Content-Security-Policy: default-src 'none'; style-src 'sha256-",
        "Connection: close\r\n",
        "name=\"viewport\"",
        "color-scheme:light dark",
    ] {
        assert!(page.contains(part), "{part}: {page}");
    }
    assert!(!page.contains("<script") && !page.contains("the-code"), "{page}");
    let exchange = &server.seen()[0];
    assert_eq!(exchange.field("code"), Some("the-code"));
    assert!(exchange.field("redirect_uri").unwrap().starts_with("http://127.0.0.1:"));
    assert!(exchange.field("code_verifier").unwrap().len() >= 43);
}

/// What strangers send is refused, and the browser that comes after them is not.
#[test]
fn strangers_are_refused_and_keep_nobody_waiting() {
    let fine = "Host: HOST";
    let table: &[(&str, u16, &str, &str, &str)] = &[
        ("another state", 400, "GET", "/callback?code=evil&state=guessed", fine),
        ("a shorter state", 400, "GET", "/callback?code=evil&state=SHORT", fine),
        ("no state", 400, "GET", "/callback?code=evil", fine),
        ("an empty state", 400, "GET", "/callback?code=evil&state=", fine),
        ("two states", 400, "GET", "/callback?code=evil&state=guessed&state=STATE", fine),
        ("two codes", 400, "GET", "/callback?code=evil&code=the-code&state=STATE", fine),
        ("an error without a state", 400, "GET", "/callback?error=access_denied", fine),
        ("an error of another", 400, "GET", "/callback?error=access_denied&state=x", fine),
        ("response_mode fragment", 400, "GET", "/callback", fine),
        ("a rebound name", 403, "GET", "/callback?code=evil&state=STATE", "Host: evil.example"),
        ("another port", 403, "GET", "/callback?code=evil&state=STATE", "Host: 127.0.0.1:1"),
        ("no host", 400, "GET", "/callback?code=evil&state=STATE", "Accept: */*"),
        ("two hosts", 400, "GET", "/callback?code=evil&state=STATE", "Host: HOST\r\nHost: HOST"),
        (
            "a foreign origin",
            403,
            "GET",
            "/callback?code=evil&state=STATE",
            "Host: HOST\r\nOrigin: https://evil.example",
        ),
        (
            "a script",
            403,
            "GET",
            "/callback?code=evil&state=STATE",
            "Host: HOST\r\nSec-Fetch-Mode: no-cors",
        ),
        (
            "a frame",
            403,
            "GET",
            "/callback?code=evil&state=STATE",
            "Host: HOST\r\nSec-Fetch-Dest: iframe",
        ),
        (
            "response_mode form_post",
            405,
            "POST",
            "/callback",
            "Host: HOST\r\nContent-Length: 21\r\n\r\ncode=evil&state=STATE",
        ),
        ("HEAD", 405, "HEAD", "/callback?code=evil&state=STATE", fine),
        (
            "a question for private networks",
            405,
            "OPTIONS",
            "/callback",
            "Host: HOST\r\nAccess-Control-Request-Private-Network: true",
        ),
        ("the icon", 404, "GET", "/favicon.ico", fine),
        ("another path", 404, "GET", "/?code=evil&state=STATE", fine),
        ("a longer path", 404, "GET", "/callback/x?code=evil&state=STATE", fine),
        ("a proxy's request", 404, "GET", "http://HOST/callback?code=evil&state=STATE", fine),
        (
            "smuggling",
            400,
            "GET",
            "/callback?state=STATE",
            "Host: HOST\r\nTransfer-Encoding: chunked",
        ),
        ("another protocol", 404, "SSH-2.0-x", "", fine),
    ];
    let (outcome, (), server) = visited(
        &options(),
        |_| (),
        |visitor, server| {
            let fill = |text: &str| {
                text.replace("HOST", &visitor.host)
                    .replace("STATE", &visitor.state)
                    .replace("SHORT", &visitor.state[1..])
            };
            for (case, expected, method, target, headers) in table {
                let answer = visitor.request(method, &fill(target), &fill(headers));
                let start = format!("HTTP/1.1 {expected} ");
                assert!(answer.starts_with(&start), "{case}: {answer}");
                assert!(!answer.contains("evil") && !answer.contains(&visitor.state), "{case}");
                assert!(answer.contains("Cache-Control: no-store\r\n"), "{case}");
                assert!(!answer.to_lowercase().contains("access-control-allow"), "{case}");
                assert!(server.seen().is_empty(), "{case}: no code is traded");
            }
            status(&visitor.get(&visitor.right()), 200);
        },
    );
    assert!(outcome.unwrap().is_some());
    assert_eq!(server.seen().len(), 1);
}

#[test]
fn slow_clients_port_scans_and_huge_requests_hold_up_nobody() {
    let (outcome, (), _) = visited(
        &options(),
        |_| (),
        |visitor, _| {
            let silent = visitor.connect();
            let mut slow = visitor.connect();
            slow.write_all(b"GET /callback?co").unwrap();
            // A scan: more connections than the listener keeps, and all are gone at once.
            for _ in 0..200 {
                drop(visitor.connect());
            }
            // And more than it keeps, which stay.
            let crowd: Vec<_> = (0..100).map(|_| visitor.connect()).collect();
            let tls = visitor.send(&[22, 3, 1, 2, 0, 1, 0, 1, 252, 3, 3, 13, 10, 13, 10]);
            status(&tls, 400);
            let huge = format!("GET /callback HTTP/1.1\r\nX: {}", "x".repeat(70 * 1024));
            // The refusal may be lost, as the visitor goes on to talk.
            for large in [huge.into_bytes(), vec![b'x'; 1024 * 1024]] {
                let answer = visitor.send(&large);
                assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 431 "), "{answer}");
            }
            // One byte after the other is fine, if it does not take long.
            let mut browser = visitor.connect();
            let request = format!(
                "GET {} HTTP/1.1\r\nHost: {}\r\nCookie: {}\r\n\r\n",
                visitor.right(),
                visitor.host,
                "c".repeat(20 * 1024),
            );
            let (first, rest) = request.as_bytes().split_at(40);
            for byte in first {
                browser.write_all(&[*byte]).unwrap();
            }
            browser.write_all(rest).unwrap();
            let mut page = String::new();
            browser.read_to_string(&mut page).unwrap();
            status(&page, 200);
            drop((silent, slow, crowd));
        },
    );
    assert!(outcome.unwrap().is_some());
}

#[test]
fn one_answer_is_taken() {
    let (outcome, (first, second), server) = visited(
        &options(),
        |_| (),
        |visitor, _| {
            let first = visitor.get(&visitor.right());
            // The listener is closed before the code is traded.
            let second = TcpStream::connect(&visitor.host).is_ok();
            (first, second)
        },
    );
    assert!(outcome.unwrap().is_some());
    status(&first, 200);
    assert!(!second, "nobody listens any more");
    assert_eq!(server.seen().len(), 1);
}

#[test]
fn two_answers_at_once_buy_tokens_once() {
    let (outcome, pages, server) = visited(
        &options(),
        |_| (),
        |visitor, _| {
            thread::scope(|scope| {
                let both = [0, 1].map(|_| {
                    scope.spawn(|| {
                        let Ok(mut stream) = TcpStream::connect(&visitor.host) else {
                            return String::new();
                        };
                        let request = format!(
                            "GET {} HTTP/1.1\r\nHost: {}\r\n\r\n",
                            visitor.right(),
                            visitor.host
                        );
                        let _ = stream.write_all(request.as_bytes());
                        let mut page = String::new();
                        let _ = stream.read_to_string(&mut page);
                        page
                    })
                });
                both.map(|page| page.join().unwrap())
            })
        },
    );
    assert!(outcome.unwrap().is_some());
    assert_eq!(pages.iter().filter(|page| page.contains("You are signed in")).count(), 1);
    assert_eq!(server.seen().len(), 1);
}

#[test]
fn an_error_of_the_server_ends_the_wait() {
    let (outcome, page, server) = visited(
        &options(),
        |_| (),
        |visitor, _| {
            let state = &visitor.state;
            visitor.get(&format!(
                "/callback?error=access_denied&error_description=No+{state}&state={state}"
            ))
        },
    );
    let error = outcome.unwrap_err();
    assert!(error.is_access_denied() && error.code() == Some(codes::ACCESS_DENIED), "{error}");
    assert!(error.to_string().contains("No [redacted]"), "{error}");
    status(&page, 200);
    assert!(page.contains("The sign-in failed") && page.contains("You can close this window"));
    assert!(server.seen().is_empty());
}

#[test]
fn answers_of_another_server_are_refused() {
    let named = |server: &Server| {
        let mut document = server.document.lock().unwrap();
        document["authorization_response_iss_parameter_supported"] = true.into();
    };
    for (issuer, good) in
        [(Some(ISSUER), true), (Some("https://evil.example"), false), (None, false)]
    {
        let (outcome, page, server) = visited(&options(), named, |visitor, _| {
            let issuer = issuer
                .map(|issuer| format!("&iss={}", utf8_percent_encode(issuer, NON_ALPHANUMERIC)));
            visitor.get(&format!("{}{}", visitor.right(), issuer.unwrap_or_default()))
        });
        assert_eq!(page.contains("You are signed in"), good, "{page}");
        if good {
            assert!(outcome.unwrap().is_some());
        } else {
            assert_eq!(argument(outcome), "callback");
            assert!(server.seen().is_empty(), "the code goes nowhere");
        }
    }
}

#[test]
fn an_id_token_of_another_sign_in_is_refused() {
    let other = |server: &Server| {
        let mut answer = tokens();
        answer["id_token"] = id_token(&json!({ "nonce": "another" })).into();
        server.respond(Ok(response(200, &answer)));
    };
    let (outcome, page, _) = visited(&options(), other, |visitor, _| visitor.get(&visitor.right()));
    assert!(matches!(outcome, Err(Error::Token(TokenError::Nonce))), "{outcome:?}");
    assert!(page.contains("The sign-in failed"), "{page}");
}

#[test]
fn a_code_that_is_refused_shows_on_the_page() {
    let spent = |server: &Server| {
        server.answer(400, &json!({ "error": codes::INVALID_GRANT }));
    };
    let (outcome, page, _) = visited(&options(), spent, |visitor, _| visitor.get(&visitor.right()));
    assert_eq!(outcome.unwrap_err().code(), Some(codes::INVALID_GRANT));
    assert!(page.contains("The sign-in failed"), "{page}");
}

#[test]
fn nobody_comes() {
    let (_, client, app) = setup();
    let loopback = client.oidc(&app).loopback(&options()).unwrap();
    let host = loopback.redirect_uri().split('/').nth(2).unwrap().to_owned();
    assert!(format!("{loopback:?}").contains(&host) && !format!("{loopback:?}").contains("state"));
    let options_now = WaitOptions::default().deadline(Duration::ZERO);
    assert!(loopback.wait(&options_now, || true).unwrap().is_none());
    assert!(TcpStream::connect(&host).is_err(), "the listener is closed");

    let loopback = client.oidc(&app).loopback(&options()).unwrap();
    let soon = WaitOptions::default().deadline(Duration::from_millis(30));
    assert!(loopback.wait(&soon, || true).unwrap().is_none());

    let loopback = client.oidc(&app).loopback(&options()).unwrap();
    let mut looks = 0;
    let outcome = loopback.wait(&WaitOptions::default(), || {
        looks += 1;
        looks < 4
    });
    assert!(outcome.unwrap().is_none());
    assert_eq!(looks, 4);
}

#[test]
fn the_place_can_be_chosen() {
    for (host, start) in [
        (LoopbackHost::Ipv4, "http://127.0.0.1:"),
        (LoopbackHost::Ipv6, "http://[::1]:"),
        (LoopbackHost::Localhost, "http://localhost:"),
    ] {
        if host == LoopbackHost::Ipv6 && TcpListener::bind("[::1]:0").is_err() {
            continue;
        }
        let page = LoopbackPage::default().language("de").done("Angemeldet");
        let options = options().host(host).path("/back/here").page(page);
        let (outcome, page, server) = visited(
            &options,
            |_| (),
            |visitor, _| {
                status(&visitor.get(&visitor.right()), 404);
                visitor.get(&visitor.right().replace("/callback", "/back/here"))
            },
        );
        assert!(outcome.unwrap().is_some(), "{host:?}");
        assert!(page.contains("<html lang=\"de\">") && page.contains("Angemeldet"), "{page}");
        let uri = server.seen()[0].field("redirect_uri").unwrap().to_owned();
        assert!(uri.starts_with(start) && uri.ends_with("/back/here"), "{uri}");
    }
}

#[test]
fn a_place_that_cannot_be_had_is_refused() {
    let (server, client, app) = setup();
    let oidc = client.oidc(&app);
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    for host in [LoopbackHost::Ipv4, LoopbackHost::Localhost] {
        assert_eq!(argument(oidc.loopback(&options().host(host).port(port))), "port");
    }
    drop(taken);
    let loopback = oidc.loopback(&options().port(port)).unwrap();
    assert_eq!(loopback.redirect_uri(), format!("http://127.0.0.1:{port}/callback"));
    for path in ["", "callback", "/a?b", "/a#b", "/a b", "/%61", "/../a"] {
        assert_eq!(argument(oidc.loopback(&options().path(path))), "path", "{path}");
    }
    let bad = options().authorize(AuthorizeOptions::default().scopes(["a b"]));
    assert_eq!(argument(oidc.loopback(&bad)), "scopes");
    assert!(server.seen().is_empty());
}
