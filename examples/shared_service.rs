//! A service that many threads share: it tells other programs whose session a token is.
//!
//! ```text
//! cargo run --example shared_service --features emulator -- [--check]
//! ```
//!
//! It listens on port 4000 of this machine, or the one in the variable `PORT`, with a thread for each
//! connection and one client for all of them. A line with a session token is answered by a line:
//!
//! ```text
//! 200 U2ada editor          who it is, and their roles
//! 401 the token expired 7 s ago
//! 503 …                     Descope cannot be reached: ask again later
//! ```
//!
//! It works for the project named by `DESCOPE_PROJECT_ID`. Without one it runs offline against the
//! emulator, and prints a token to try. With `--check` eight programs at once use it, and it ends.

use std::error::Error;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::thread;
use std::time::Duration;

use descope::emulator::Emulator;
use descope::{Client, Scope};
use serde_json::json;

type Result<T, E = Box<dyn Error + Send + Sync>> = std::result::Result<T, E>;

/// Bytes of a line. A token has 16 KiB at the most.
const LINE_LIMIT: u64 = 20 * 1024;
/// For how long a connection may say nothing.
const PATIENCE: Duration = Duration::from_secs(60);

/// Answers connections, each in a thread of its own.
fn serve(listener: &TcpListener, client: &Client) {
    // So that the first token does not have to wait for the keys. If it fails, the first token tries.
    if let Err(error) = client.warm_up() {
        eprintln!("no keys yet: {error}");
    }
    for stream in listener.incoming() {
        // Who has gone away by now is no reason to stop.
        let Ok(stream) = stream else { continue };
        // A clone is cheap, and has the same keys and connections.
        let client = client.clone();
        thread::spawn(move || {
            if let Err(error) = talk(&client, &stream) {
                eprintln!("a connection broke: {error}");
            }
        });
    }
}

fn talk(client: &Client, stream: &TcpStream) -> io::Result<()> {
    stream.set_read_timeout(Some(PATIENCE))?;
    let (mut input, mut output) = (BufReader::new(stream), stream);
    loop {
        let mut line = String::new();
        if input.by_ref().take(LINE_LIMIT).read_line(&mut line)? == 0 {
            return Ok(());
        }
        writeln!(output, "{}", verdict(client, line.trim()))?;
        if !line.ends_with('\n') {
            return Ok(());
        }
    }
}

fn verdict(client: &Client, token: &str) -> String {
    match client.auth().session().validate(token) {
        Ok(claims) => {
            format!("200 {} {}", claims.user_id(), claims.roles(Scope::Project).join(" "))
        }
        Err(error) if error.is_unavailable() => format!("503 {error}"),
        Err(error) => format!("401 {error}"),
    }
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
        Err(_) => 4000,
    };
    let listener = TcpListener::bind(("127.0.0.1", port))?;
    println!("Listening on {}", listener.local_addr()?);
    let Some(emulator) = emulator else {
        serve(&listener, &client);
        return Ok(());
    };
    let ada = json!({ "sub": "U2ada", "drn": "DS", "roles": ["editor"] });
    let token = emulator.issue_token(ada)?;
    if !check {
        println!("A token to try, good for ten minutes:\n{token}");
        serve(&listener, &client);
        return Ok(());
    }
    let address = listener.local_addr()?;
    thread::spawn(move || serve(&listener, &client));
    thread::scope(|scope| {
        let programs: Vec<_> = (0..8).map(|_| scope.spawn(|| use_it(address, &token))).collect();
        programs.into_iter().try_for_each(|program| program.join().map_err(|_| "a program died")?)
    })?;
    let fetches = emulator.requests("/v2/keys/");
    println!("8 programs asked 1600 times; the keys were fetched {fetches} time(s)");
    if fetches == 1 { Ok(()) } else { Err("the keys were not shared".into()) }
}

/// What another program does.
fn use_it(address: std::net::SocketAddr, token: &str) -> Result<()> {
    let stream = TcpStream::connect(address)?;
    let (mut input, mut output) = (BufReader::new(&stream), &stream);
    let mut ask = |token: &str| -> Result<String> {
        writeln!(output, "{token}")?;
        let mut line = String::new();
        input.read_line(&mut line)?;
        Ok(line.trim_end().to_owned())
    };
    for _ in 0..100 {
        let (good, bad) = (ask(token)?, ask("no.token.this")?);
        if good != "200 U2ada editor" || !bad.starts_with("401 ") {
            return Err(format!("{good:?}, {bad:?}").into());
        }
    }
    Ok(())
}
