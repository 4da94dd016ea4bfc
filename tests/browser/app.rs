//! The web site that the browser comes from and goes back to: any path is the same empty page.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::time::Duration;

/// Serves the site on a free port, for as long as the process runs, and returns its origin.
pub(crate) fn serve() -> String {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            // Browsers open connections ahead of need. One that stays silent must not hold up the others.
            std::thread::spawn(move || answer(stream));
        }
    });
    // WebAuthn takes a name, and not an address (Web Authentication Level 2 section 5.1.3).
    format!("http://localhost:{port}")
}

/// Answers one request. How the connection ends is the browser's business.
fn answer(mut stream: TcpStream) {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") && stream.read(&mut byte).is_ok_and(|n| n == 1) {
        head.extend(byte);
    }
    let page = "<!doctype html><title>The app</title>";
    let _ = write!(
        stream,
        "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: {}\r\n\
         Connection: close\r\n\r\n{page}",
        page.len()
    );
}

#[test]
fn a_silent_connection_holds_nobody_up() {
    let app = serve();
    let _silent = TcpStream::connect(app.trim_start_matches("http://")).unwrap();
    let config = ureq::Agent::config_builder().timeout_global(Some(Duration::from_secs(20)));
    let agent: ureq::Agent = config.proxy(None).build().into();
    let page = agent.get(&app).call().unwrap().body_mut().read_to_string().unwrap();
    assert!(page.contains("The app"), "{page}");
}
