//! The web site that the browser comes from and goes back to: any path is the same empty page.

use std::io::{Read, Write};
use std::net::TcpListener;

/// Serves the site on a free port, for as long as the process runs, and returns its origin.
pub(crate) fn serve() -> String {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            // A connection at a time will do; how one ends is the browser's business.
            let Ok(mut stream) = stream else { continue };
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
    });
    // WebAuthn takes a name, and not an address (Web Authentication Level 2 section 5.1.3).
    format!("http://localhost:{port}")
}
