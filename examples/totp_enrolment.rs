//! Sets up an authenticator app, by a QR code in the terminal.
//!
//! ```text
//! cargo run --example totp_enrolment --features emulator -- [LOGIN_ID]
//! ```
//!
//! It registers the user in the project named by `DESCOPE_PROJECT_ID`. Without one it runs offline
//! against the emulator, whose codes are as real: scan with any app, or press return to let the
//! program be the app. If its input is no terminal either, it is.

use std::error::Error;
use std::io::{self, IsTerminal, Write};

use descope::auth::LoginOptions;
use descope::clock::Clock;
use descope::emulator::Emulator;
use descope::{Client, UserDetails, codes};
use qrcode::QrCode;
use qrcode::render::unicode::Dense1x2;

type Result<T, E = Box<dyn Error>> = std::result::Result<T, E>;

fn main() -> Result<()> {
    let offline = std::env::var_os("DESCOPE_PROJECT_ID").is_none_or(|id| id.is_empty());
    let emulator = offline.then(Emulator::new);
    let client = match &emulator {
        Some(emulator) => Client::builder().emulator(emulator).build()?,
        None => Client::from_env()?,
    };
    let login_id = std::env::args().nth(1).unwrap_or_else(|| "ada@example.com".to_owned());

    let totp = client.auth().totp();
    let setup = totp.sign_up(&login_id, &UserDetails::default())?;
    let code = QrCode::new(setup.provisioning_url.expose())?;
    for line in code.render::<Dense1x2>().build().lines() {
        // Black on white, whatever the terminal's colours.
        println!("\x1b[30;107m{line}\x1b[0m");
    }
    println!("Scan this with your authenticator app, or type the key {}", setup.key.expose());

    for _ in 0..3 {
        let typed = ask("The code that the app shows: ")?;
        let code = match &emulator {
            Some(emulator) if typed.is_empty() => {
                let code = app_code(emulator, setup.key.expose())?;
                println!("[The app shows {code}]");
                code
            }
            _ => typed,
        };
        match totp.verify(&login_id, &code, &LoginOptions::default()) {
            Ok(signed_in) => {
                let factors = signed_in.claims().auth_factors().join(", ");
                println!("You are signed in as {} by {factors}.", signed_in.claims().user_id());
                return Ok(());
            }
            Err(error) if error.code() == Some(codes::WRONG_OTP_CODE) => {
                println!("This is not the code, or no longer.");
            }
            Err(error) => return Err(error.into()),
        }
    }
    Err("three wrong codes".into())
}

/// What an app would show.
fn app_code(emulator: &Emulator, key: &str) -> Result<String> {
    let key = totp_rs::Secret::try_from_base32(key).map_err(|_| "the key is not base32")?;
    let app = totp_rs::Builder::new().with_secret(key).build();
    let app = app.map_err(|_| "the key is no key")?;
    Ok(app.generate(emulator.clock().unix().as_seconds().try_into()?).to_string())
}

/// A line of the input; empty if there is none.
fn ask(question: &str) -> Result<String> {
    if io::stdin().is_terminal() {
        print!("{question}");
        io::stdout().flush()?;
    }
    let mut line = String::new();
    io::stdin().read_line(&mut line)?;
    Ok(line.trim().to_owned())
}
