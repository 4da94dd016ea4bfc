//! The Descope emulator on a port; see the module `descope::emulator`.
#![forbid(unsafe_code)]

use std::io::{self, Write};
use std::process::ExitCode;
use std::{env, fs, thread};

use descope::emulator::Emulator;

const HELP: &str = "\
The Descope emulator: an offline stand-in for the Descope API, for tests.

Usage: descope-emulator [OPTIONS]

Options:
  --port N              Port to listen on [default: any free one]
  --host ADDRESS        Address to listen on [default: 127.0.0.1]
  --project-id ID       Project ID [default: random]
  --management-key KEY  Management key [default: random]
  --seed FILE           JSON file with users, tenants, roles, permissions, access keys,
                        as GET /_emulator/export of a running emulator answers it
  --rotate-refresh-tokens      Replace the refresh token at each refresh
  --refresh-tokens-in-cookies  Send refresh tokens as the cookie DSR
  --help                Print this

Prints the environment variables for official SDKs, one per line, and serves until it is killed.
What a seed made, such as the cleartext of access keys, is printed to the standard error as JSON.
";

struct Options {
    port: u16,
    host: String,
    project_id: Option<String>,
    management_key: Option<String>,
    seed: Option<String>,
    rotate: bool,
    cookies: bool,
}

/// `None` when help is asked for.
fn parse(mut arguments: impl Iterator<Item = String>) -> Result<Option<Options>, String> {
    let mut options = Options {
        port: 0,
        host: "127.0.0.1".to_owned(),
        project_id: None,
        management_key: None,
        seed: None,
        rotate: false,
        cookies: false,
    };
    while let Some(argument) = arguments.next() {
        let (name, inline) = match argument.split_once('=') {
            Some((name, value)) => (name, Some(value.to_owned())),
            None => (&*argument, None),
        };
        if matches!(name, "--help" | "-h") {
            return Ok(None);
        }
        let mut value = || {
            let value = inline.clone().or_else(|| arguments.next());
            value.ok_or_else(|| format!("{name} needs a value"))
        };
        match name {
            "--port" => {
                options.port = value()?.parse().map_err(|_| "--port needs a number up to 65535")?;
            }
            "--host" => options.host = value()?,
            "--project-id" => options.project_id = Some(value()?),
            "--management-key" => options.management_key = Some(value()?),
            "--seed" => options.seed = Some(value()?),
            "--rotate-refresh-tokens" => options.rotate = true,
            "--refresh-tokens-in-cookies" => options.cookies = true,
            _ => return Err(format!("unknown option {name}")),
        }
    }
    Ok(Some(options))
}

fn run(options: Options) -> Result<(), String> {
    let mut builder = Emulator::builder()
        .rotate_refresh_tokens(options.rotate)
        .refresh_tokens_in_cookies(options.cookies);
    if let Some(id) = options.project_id {
        builder = builder.project_id(id);
    }
    if let Some(key) = options.management_key {
        builder = builder.management_key(key);
    }
    let emulator = builder.build();
    if let Some(path) = options.seed {
        let text = fs::read_to_string(&path).map_err(|error| format!("{path}: {error}"))?;
        let seed = serde_json::from_str(&text).map_err(|error| format!("{path}: {error}"))?;
        let made = emulator.seed(&seed).map_err(|error| format!("{path}: {error}"))?;
        eprintln!("{made}");
    }
    let server = emulator
        .serve_on((&*options.host, options.port))
        .map_err(|error| format!("{}:{}: {error}", options.host, options.port))?;

    let mut out = io::stdout().lock();
    writeln!(out, "DESCOPE_BASE_URI={}", server.base_url())
        .and_then(|()| writeln!(out, "DESCOPE_PROJECT_ID={}", emulator.project_id()))
        .and_then(|()| writeln!(out, "DESCOPE_MANAGEMENT_KEY={}", emulator.management_key()))
        .and_then(|()| out.flush())
        .map_err(|error| error.to_string())?;
    drop(out);
    loop {
        thread::park();
    }
}

fn main() -> ExitCode {
    let failed = match parse(env::args().skip(1)) {
        Ok(None) => {
            print!("{HELP}");
            return ExitCode::SUCCESS;
        }
        Ok(Some(options)) => run(options),
        Err(message) => Err(format!("{message}; see --help")),
    };
    match failed {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("descope-emulator: {message}");
            ExitCode::FAILURE
        }
    }
}
