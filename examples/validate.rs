//! The smallest program: says whose session token this is.
//!
//! ```text
//! cargo run --example validate --features emulator -- [TOKEN]
//! ```
//!
//! Without an argument, which other users of the machine may see, the token is read from the input.
//! `DESCOPE_PROJECT_ID` names the project whose token it is; without one the program runs offline and,
//! given no token, takes one of the emulator's. It ends with 0 for a good token, 1 for a bad one, and 3
//! if it cannot tell.

use std::error::Error;
use std::io::{self, IsTerminal, Read};
use std::process::ExitCode;

use descope::Client;
use descope::emulator::Emulator;
use serde_json::json;

fn main() -> Result<ExitCode, Box<dyn Error>> {
    let offline = std::env::var_os("DESCOPE_PROJECT_ID").is_none_or(|id| id.is_empty());
    let emulator = offline.then(Emulator::new);
    let client = match &emulator {
        Some(emulator) => Client::builder().emulator(emulator).build()?,
        None => Client::from_env()?,
    };
    let mut token = std::env::args().nth(1).unwrap_or_default();
    if token.is_empty() && (emulator.is_none() || !io::stdin().is_terminal()) {
        io::stdin().take(64 * 1024).read_to_string(&mut token)?;
    }
    if let Some(emulator) = emulator.as_ref().filter(|_| token.trim().is_empty()) {
        token =
            emulator.issue_token(json!({ "sub": "U2ada", "drn": "DS", "roles": ["editor"] }))?;
    }

    match client.auth().session().validate(token.trim()) {
        Ok(claims) => println!("{}", serde_json::to_string_pretty(claims.as_map())?),
        Err(error) if error.is_unavailable() => {
            eprintln!("cannot tell: {error}");
            return Ok(ExitCode::from(3));
        }
        Err(error) => {
            eprintln!("no: {error}");
            return Ok(ExitCode::FAILURE);
        }
    }
    Ok(ExitCode::SUCCESS)
}
