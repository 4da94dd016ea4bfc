//! How long calls with a deadline of 0.2 s take: `cargo bench --bench deadlines --features full`.
//!
//! Prints the slowest of several calls per case, and fails if one takes more than 0.3 s. The first cases are servers
//! that stall in each part of an exchange. The others are hostile answers of 8 MiB which take the longest to read:
//! these are read, or refused by a limit that the error names.

#[path = "setup/hostile.rs"]
mod hostile;

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::ExitCode;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use descope::Client;
use descope::transport::{Request, Response};

use self::hostile::{CALLS, Call, list, object};

const DEADLINE: Duration = Duration::from_millis(200);
const BAR: Duration = Duration::from_millis(300);

/// Small items, and such as take work: nested, escaped, of the wrong type.
const ITEMS: [&str; 8] = [
    "{}",
    "\"a\"",
    r#"{"a":{}}"#,
    "[[[[[[[[]]]]]]]]",
    r#""\u0061\u0062\u0063""#,
    "1e300",
    r#"{"userId":7,"userId":"U1","loginIds":{"a":1}}"#,
    r#"{"roleNames":[[],{},1,"a"],"tenantId":[1],"userTenants":{"a":{"b":[]}}}"#,
];

/// The slowest of three, and what came of it.
fn slowest(client: &Client, call: Call) -> (Duration, String) {
    let mut worst = Duration::ZERO;
    let mut outcome = String::new();
    for _ in 0..3 {
        let start = Instant::now();
        let result = call(client);
        worst = worst.max(start.elapsed());
        outcome = result.map_or_else(|error| error.to_string(), |()| "read".to_owned());
    }
    (worst, outcome)
}

struct Table {
    missed: usize,
    worst: (Duration, String),
}

impl Table {
    fn row(&mut self, what: String, (took, outcome): (Duration, String), print: bool) {
        let verdict = if took <= BAR { "" } else { "  MISSED" };
        self.missed += usize::from(took > BAR);
        if print || took > BAR {
            println!("{what:44} {:>8.1} ms  {outcome:.60}{verdict}", took.as_secs_f64() * 1e3);
        }
        if took > self.worst.0 {
            self.worst = (took, what);
        }
    }
}

/// A server that does this with each connection.
fn server(act: fn(TcpStream) -> std::io::Result<()>) -> std::io::Result<String> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let url = format!("http://{}", listener.local_addr()?);
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            thread::spawn(move || act(stream));
        }
    });
    Ok(url)
}

/// Reads the head of a request, which has its end in the first packets.
fn skip_request(stream: &mut TcpStream) -> std::io::Result<()> {
    let mut seen: Vec<u8> = Vec::new();
    while !seen.windows(4).any(|end| end == b"\r\n\r\n") {
        let mut part = [0; 1024];
        let count = stream.read(&mut part)?;
        if count == 0 {
            break;
        }
        seen.extend(part.iter().take(count));
    }
    Ok(())
}

/// Sends bytes one by one, slowly and for ever.
fn drip(mut stream: TcpStream, start: &str, text: &[u8]) -> std::io::Result<()> {
    skip_request(&mut stream)?;
    stream.write_all(start.as_bytes())?;
    for byte in text.iter().cycle() {
        stream.write_all(&[*byte])?;
        thread::sleep(Duration::from_millis(7));
    }
    Ok(())
}

type Stall = (&'static str, fn(TcpStream) -> std::io::Result<()>);

const STALLS: [Stall; 5] = [
    ("never answers", |stream| {
        thread::sleep(Duration::from_secs(2));
        drop(stream);
        Ok(())
    }),
    ("sends headers byte by byte", |stream| drip(stream, "HTTP/1.1 200 OK\r\nx: ", b"a")),
    ("sends a body byte by byte", |stream| {
        drip(stream, "HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n", b" ")
    }),
    ("stops in the middle of the body", |mut stream| {
        skip_request(&mut stream)?;
        stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{\"use")?;
        thread::sleep(Duration::from_secs(2));
        Ok(())
    }),
    ("asks to come back in a minute", |mut stream| {
        skip_request(&mut stream)?;
        stream.write_all(
            b"HTTP/1.1 503 Busy\r\nRetry-After: 60\r\nConnection: close\r\nContent-Length: 0\r\n\r\n",
        )
    }),
];

fn main() -> Result<ExitCode, Box<dyn std::error::Error>> {
    let mut table = Table { missed: 0, worst: (Duration::ZERO, String::new()) };
    let builder = || {
        let builder = Client::builder().ignore_env().project_id("P2abc").management_key("key");
        builder.deadline(DEADLINE)
    };
    for (what, act) in STALLS {
        let client = builder().base_url(server(act)?).build()?;
        table.row(format!("a server that {what}"), slowest(&client, CALLS[0].1), true);
    }
    // A listener whose queue is full: connections hang.
    let full = TcpListener::bind("127.0.0.1:0")?;
    let address = full.local_addr()?;
    let queue: Vec<_> = (0..4200)
        .map_while(|_| TcpStream::connect_timeout(&address, Duration::from_millis(50)).ok())
        .collect();
    let client = builder().base_url(format!("http://{address}")).build()?;
    let what = format!("a listener with {} waiting", queue.len());
    table.row(what, slowest(&client, CALLS[0].1), true);

    let answer = Arc::new(Mutex::new(Vec::new()));
    let given = Arc::clone(&answer);
    let client = builder()
        .transport(move |_: Request| {
            Ok(Response::new(given.lock().unwrap_or_else(PoisonError::into_inner).clone()))
        })
        .build()?;
    let mut hostile = |what: String, text: String, call: Call| {
        *answer.lock().unwrap_or_else(PoisonError::into_inner) = text.into_bytes();
        table.row(what, slowest(&client, call), false);
    };
    for item in ITEMS {
        let (list, object) = (list(item), object(item));
        for (name, call) in CALLS {
            hostile(format!("{name} of {item}"), format!("{{\"{name}\":{list}}}"), call);
        }
        let users = CALLS[0].1;
        hostile(format!("many {item}"), object.clone(), users);
        hostile(format!("extra {item}"), format!("{{\"users\":[{object}]}}"), users);
        for member in ["customAttributes", "oauth", "roleNames", "userTenants", "name"] {
            for value in [&object, &list] {
                let text = format!("{{\"users\":[{{\"{member}\":{value}}}]}}");
                hostile(format!("{member} {item}"), text, users);
            }
        }
        hostile(format!("whole {item}"), object, CALLS[8].1);
    }
    let (worst, what) = table.worst;
    println!("the slowest: {:.1} ms, {what}", worst.as_secs_f64() * 1e3);
    println!("{} over {} ms", table.missed, BAR.as_millis());
    Ok(if table.missed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
