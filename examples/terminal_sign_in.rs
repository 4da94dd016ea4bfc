//! Signs in at a terminal, and stays signed in.
//!
//! ```text
//! cargo run --example terminal_sign_in --features emulator -- [METHOD] [LOGIN_ID] [FILE]
//! ```
//!
//! `METHOD` is `otp`, `magic-link` or `enchanted-link`; the message goes to `LOGIN_ID`, an e-mail
//! address; the tokens go to `FILE`, which only you can read, by default in your home directory. What
//! else is missing is asked for.
//!
//! It signs in to the project named by `DESCOPE_PROJECT_ID`. Without one it runs offline against the
//! emulator, shows you the message that would have been sent, and comes back twice: at once, and an
//! hour later. If its input is no terminal either, it needs no answers at all.

use std::error::Error;
use std::fs;
use std::io::{self, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use descope::auth::DeliveryMethod::Email;
use descope::auth::enchanted_link::WaitOptions;
use descope::auth::session::SessionTokens;
use descope::emulator::{Emulator, Message};
use descope::{AuthInfo, Client};
use serde_json::{Value, json};

type Result<T, E = Box<dyn Error>> = std::result::Result<T, E>;

fn main() -> ExitCode {
    match start() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn start() -> Result<()> {
    let offline = std::env::var_os("DESCOPE_PROJECT_ID").is_none_or(|id| id.is_empty());
    let emulator = offline.then(Emulator::new);
    let client = match &emulator {
        Some(emulator) => Client::builder().emulator(emulator).build()?,
        None => Client::from_env()?,
    };
    let mut args = std::env::args().skip(1);
    let mut arg = |question, default: &str| match args.next() {
        Some(arg) => Ok(arg),
        None => ask(&format!("{question} [{default}]: "))
            .map(|answer| if answer.is_empty() { default.to_owned() } else { answer }),
    };
    // Offline it must not touch the tokens of a real session.
    let file = match &emulator {
        Some(_) => std::env::temp_dir().join(format!("descope-{}.json", std::process::id())),
        None => std::env::home_dir().unwrap_or_default().join(".descope-terminal-sign-in.json"),
    };
    let app = App {
        method: arg("otp, magic-link or enchanted-link?", "otp")?,
        login_id: arg("E-mail address", "ada@example.com")?,
        file: args.next().map_or(file, PathBuf::from),
        client,
        emulator,
    };
    app.run()?;
    if let Some(emulator) = &app.emulator {
        println!("-- once more");
        app.run()?;
        println!("-- an hour later");
        emulator.advance(Duration::from_secs(60 * 60));
        app.run()?;
        // Its keys end with this program, and so do its tokens.
        fs::remove_file(&app.file)?;
    }
    Ok(())
}

struct App {
    client: Client,
    emulator: Option<Emulator>,
    method: String,
    login_id: String,
    file: PathBuf,
}

impl App {
    /// What every start of the program does: go on with the stored session, or sign in.
    fn run(&self) -> Result<()> {
        let user_id = if let Some(user_id) = self.stored_session()? {
            user_id
        } else {
            let signed_in = self.sign_in()?;
            self.store(&signed_in)?;
            signed_in.claims().user_id().to_owned()
        };
        println!("You are signed in as {user_id}.");
        Ok(())
    }

    fn stored_session(&self) -> Result<Option<String>> {
        let tokens: Value = match fs::read(&self.file) {
            Ok(bytes) => serde_json::from_slice(&bytes).unwrap_or_default(),
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error.into()),
        };
        let token = |name: &str| tokens[name].as_str().unwrap_or_default();
        match self.client.auth().session().validate_and_refresh(SessionTokens {
            session: token("session"),
            refresh: token("refresh"),
        }) {
            Ok(checked) => {
                if let Some(refreshed) = &checked.refreshed {
                    println!("Your session had expired, and was refreshed.");
                    self.store(refreshed)?;
                }
                Ok(Some(checked.claims.user_id().to_owned()))
            }
            Err(error) if error.is_sign_in_required() || error.is_token_expired() => {
                println!("Your session has ended: please sign in.");
                Ok(None)
            }
            // This says nothing of the session: keep it.
            Err(error) => Err(error.into()),
        }
    }

    fn store(&self, info: &AuthInfo) -> Result<()> {
        let tokens = json!({ "session": info.session_token(), "refresh": info.refresh_token() });
        Ok(write_private(&self.file, tokens.to_string().as_bytes())?)
    }

    fn sign_in(&self) -> Result<AuthInfo> {
        let (auth, login_id) = (self.client.auth(), &*self.login_id);
        match &*self.method {
            "otp" => {
                let sent_to = auth.otp().sign_up_or_in(Email, login_id, &Default::default())?;
                println!("We have sent a code to {sent_to}.");
                let code = self.answer("Code: ", |message| message.code)?;
                Ok(auth.otp().verify(Email, login_id, &code)?)
            }
            "magic-link" => {
                let sent_to =
                    auth.magic_link().sign_up_or_in(Email, login_id, &Default::default())?;
                println!("We have sent a link to {sent_to}.");
                let link = self.answer("Paste the link: ", |message| message.link)?;
                Ok(auth.magic_link().verify(token_of(&link).ok_or("This link has no token")?)?)
            }
            "enchanted-link" => {
                let sent =
                    auth.enchanted_link().sign_up_or_in(Email, login_id, &Default::default())?;
                println!("Click the link {} that we have sent to {}.", sent.link_id, sent.sent_to);
                let mut turns = 0;
                let wait = WaitOptions::default().deadline(Duration::from_secs(3 * 60));
                let pending_ref = sent.pending_ref.expose();
                let signed_in = auth.enchanted_link().wait_for_session(pending_ref, &wait, || {
                    turns += 1;
                    spin(turns);
                    // Offline there is nobody else to click.
                    turns != 10 || self.click().is_ok()
                });
                stop_spinning();
                Ok(signed_in?.ok_or("You have not clicked the link in time")?)
            }
            other => Err(format!("There is no method {other:?}").into()),
        }
    }

    /// What the user makes of the message they got. Offline, the message is shown here; and if nobody
    /// can answer, the answer is taken from it.
    fn answer(&self, question: &str, part: fn(Message) -> Option<String>) -> Result<String> {
        let Some(emulator) = &self.emulator else { return ask(question) };
        let message = emulator.inbox().last_to(&self.login_id).and_then(part);
        let message = message.ok_or("no message was sent")?;
        println!("[The message: {message}]");
        let answer = ask(question)?;
        Ok(if answer.is_empty() { message } else { answer })
    }

    fn click(&self) -> Result<()> {
        let Some(emulator) = &self.emulator else { return Ok(()) };
        let token = emulator.inbox().last_to(&self.login_id).and_then(|message| message.token);
        Ok(self.client.auth().enchanted_link().verify(&token.ok_or("no message was sent")?)?)
    }
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

/// Shows that the program waits, if somebody looks.
fn spin(turns: usize) {
    if io::stderr().is_terminal() {
        eprint!("\r{}", ['|', '/', '-', '\\'][turns % 4]);
    }
}

fn stop_spinning() {
    if io::stderr().is_terminal() {
        eprint!("\r \r");
    }
}

/// The query parameter `t` of a link.
fn token_of(link: &str) -> Option<&str> {
    let (_, query) = link.split_once('?')?;
    let query = query.split('#').next()?;
    query.split('&').find_map(|pair| pair.strip_prefix("t="))
}

/// Replaces a file by one that nobody but its owner can read, from its first byte on.
fn write_private(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let new = path.with_extension(format!("{}.new", std::process::id()));
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let written = options.open(&new).and_then(|mut file| {
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(&new, path)
    });
    if written.is_err() {
        let _ = fs::remove_file(&new);
    }
    written
}
