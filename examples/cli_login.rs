//! A command-line program that signs a user in through the browser, and stays signed in.
//!
//! ```text
//! cargo run --example cli_login --features oidc,token-store,emulator -- login [--browser]
//! cargo run --example cli_login --features oidc,token-store,emulator -- whoami | token | logout
//! ```
//!
//! `login` shows a code, which the user enters in the browser of any device, such as a phone that scans the QR
//! code. With `--browser` it is the browser of this machine, which comes back to the program by itself. `token`
//! prints a valid access token for scripts: `curl -H "Authorization: Bearer $(cli_login token)" ...`
//!
//! It signs in to the project named by `DESCOPE_PROJECT_ID`, as the inbound application whose client ID is
//! `DESCOPE_CLIENT_ID`, or else as the project itself. Without a project it runs offline against the emulator. That
//! ends with the program, so `login` then does the other commands too. To try them one by one, start
//! `descope-emulator`, and set `DESCOPE_PROJECT_ID` and `DESCOPE_BASE_URI` to what it prints. With `--check`
//! nobody needs to click.

use std::error::Error;
use std::io::{self, IsTerminal, Read, Write};
use std::net::TcpStream;
use std::process::ExitCode;
use std::time::Duration;

use descope::emulator::{Emulator, Server};
use descope::oidc::{App, AuthorizeOptions, LoopbackOptions, TokenOptions, Tokens, WaitOptions};
use descope::tokens::{FileStore, TokenSource};
use descope::{Client, Secret};
use qrcode::QrCode;
use qrcode::render::unicode::Dense1x2;
use serde_json::json;

type Result<T, E = Box<dyn Error>> = std::result::Result<T, E>;

const ADA: &str = "ada@example.com";
const SCOPES: [&str; 3] = ["openid", "email", "offline_access"];
const USAGE: &str = "\
Usage: cli_login [COMMAND]

Commands:
  login [--browser]  sign in by a code, or in the browser of this machine (the default command)
  whoami             say who is signed in
  token              print an access token, for scripts
  logout             sign out

DESCOPE_PROJECT_ID and DESCOPE_CLIENT_ID say where to. Without a project, it tries itself on the emulator.";

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<()> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let is_flag = |arg: &&String| matches!(&***arg, "--browser" | "--check");
    let (flags, words): (Vec<_>, Vec<_>) = args.iter().partition(is_flag);
    let has = |flag: &str| flags.iter().any(|known| *known == flag);
    let program = || Program::start(has("--check"));
    let words: Vec<&str> = words.iter().map(|word| word.as_str()).collect();
    let program = match words[..] {
        [] | ["login"] => program()?,
        ["whoami"] => return program()?.whoami(),
        ["token"] => return program()?.token(),
        ["logout"] => return program()?.logout(),
        ["help" | "--help" | "-h"] => {
            println!("{USAGE}");
            return Ok(());
        }
        _ => return Err(format!("Not a command: {}\n\n{USAGE}", words.join(" ")).into()),
    };
    program.login(has("--browser"))?;
    if let Some(offline) = &program.offline {
        println!("-- whoami, an hour later");
        offline.emulator.advance(Duration::from_secs(60 * 60));
        program.whoami()?;
        println!("-- logout");
        program.logout()?;
        let signed_out = program.whoami();
        println!("-- whoami: {}", signed_out.err().ok_or("still signed in")?);
    }
    Ok(())
}

struct Program {
    client: Client,
    app: App,
    tokens: TokenSource,
    offline: Option<Offline>,
}

/// The emulator on a port, and a folder for its tokens. Both end with the program.
struct Offline {
    emulator: Emulator,
    _server: Server,
    folder: std::path::PathBuf,
    /// Whether it clicks in the user's place.
    clicks: bool,
}

impl Drop for Offline {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

impl Program {
    fn start(clicks: bool) -> Result<Self> {
        let variable = |name| std::env::var(name).ok().filter(|value| !value.is_empty());
        if variable("DESCOPE_PROJECT_ID").is_some() {
            let client = Client::from_env()?;
            let app = match variable("DESCOPE_CLIENT_ID") {
                Some(client_id) => App::inbound(client_id),
                None => App::project(client.project_id()),
            };
            let store = FileStore::of_program("descope-cli-login")?;
            let tokens = TokenSource::oidc(&client, store, "default", &app);
            return Ok(Self { client, app, tokens, offline: None });
        }
        let emulator = Emulator::new();
        let ada = json!({ "loginId": ADA, "email": ADA, "verifiedEmail": true });
        emulator.seed(&json!({ "users": [ada] }))?;
        let server = emulator.serve()?;
        let client = Client::builder()
            .ignore_env()
            .project_id(emulator.project_id())
            .base_url(server.base_url())
            .clock(emulator.clock())
            .build()?;
        let app = App::project(client.project_id());
        let folder = std::env::temp_dir().join(format!("descope-cli-{}", std::process::id()));
        let store = FileStore::new(folder.join("tokens.json"))?;
        let tokens = TokenSource::oidc(&client, store, "default", &app);
        let offline = Some(Offline { emulator, _server: server, folder, clicks });
        Ok(Self { client, app, tokens, offline })
    }

    fn login(&self, browser: bool) -> Result<()> {
        let signed_in = if browser { self.by_browser() } else { self.by_code() };
        let tokens = match signed_in {
            Ok(tokens) => tokens.ok_or("You have not signed in in time")?,
            Err(error) if error.is_access_denied() => return Err("You have refused".into()),
            Err(error) if error.is_sign_in_expired() => return Err("The code has expired".into()),
            Err(error) => return Err(error.into()),
        };
        self.tokens.sign_in(&tokens)?;
        println!("You are signed in:");
        self.whoami()
    }

    /// By a code that the user enters in any browser.
    fn by_code(&self) -> descope::Result<Option<Tokens>> {
        let oidc = self.client.oidc(&self.app);
        let device = oidc.start_device(&TokenOptions::default().scopes(SCOPES))?;
        let complete = device.verification_uri_complete.as_ref();
        if let Ok(code) = QrCode::new(complete.unwrap_or(&device.verification_uri)) {
            show(&code);
        }
        println!("On any device, go to {}", device.verification_uri);
        println!("and enter the code    {}", device.user_code);
        println!("Waiting until you have signed in there. Ctrl+C gives up.");
        if let Some(Offline { emulator, clicks: true, .. }) = &self.offline {
            emulator.oidc().approve_device(&device.user_code, ADA).expect("the emulator's user");
        }
        oidc.wait_for_device(&device, &WaitOptions::default(), || true)
    }

    /// By the browser of this machine.
    fn by_browser(&self) -> descope::Result<Option<Tokens>> {
        let ask = AuthorizeOptions::default().scopes(SCOPES);
        let oidc = self.client.oidc(&self.app);
        let loopback = oidc.loopback(&LoopbackOptions::default().authorize(ask))?;
        println!("Open this in a browser of this machine:\n\n{}\n", loopback.url());
        println!("Waiting until you have signed in there. Ctrl+C gives up.");
        if let Some(Offline { emulator, clicks: true, .. }) = &self.offline {
            let back = emulator.oidc().authorize(loopback.url(), ADA).expect("the emulator's user");
            std::thread::spawn(move || visit(&back));
        }
        let options = WaitOptions::default().deadline(Duration::from_secs(5 * 60));
        loopback.wait(&options, || true)
    }

    fn whoami(&self) -> Result<()> {
        let stored = self.tokens.tokens().map_err(explained)?;
        let user = self.client.oidc(&self.app).user_info(&Tokens::new(stored.access_token))?;
        let email = user.claims.get("email").and_then(|email| email.as_str());
        println!("{} {}", user.subject, email.unwrap_or_default());
        Ok(())
    }

    /// For scripts: the token alone. It is a secret, so it is only printed if it is asked for.
    fn token(&self) -> Result<()> {
        println!("{}", self.tokens.token().map_err(explained)?.expose());
        Ok(())
    }

    fn logout(&self) -> Result<()> {
        let Some(stored) = self.tokens.sign_out()? else {
            println!("You were not signed in.");
            return Ok(());
        };
        if let Some(token) = stored.refresh_token.as_ref().map(Secret::expose) {
            self.client.oidc(&self.app).revoke(token)?;
        }
        println!("You are signed out.");
        Ok(())
    }
}

fn explained(error: descope::Error) -> Box<dyn Error> {
    if error.is_sign_in_required() {
        "You are not signed in. To sign in: cli_login login".into()
    } else {
        error.into()
    }
}

/// Draws black on white, which every phone reads whatever the terminal's colours are.
fn show(code: &QrCode) {
    if !io::stdout().is_terminal() {
        return;
    }
    println!("Scan this with your phone, or follow the text below.");
    for line in code.render::<Dense1x2>().build().lines() {
        println!("\x1b[30;107m{line}\x1b[0m");
    }
}

/// Goes to a page of this machine, as a browser would.
fn visit(url: &str) -> io::Result<()> {
    let rest = url.trim_start_matches("http://");
    let (host, target) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let mut stream = TcpStream::connect(host)?;
    write!(stream, "GET {target} HTTP/1.1\r\nHost: {host}\r\n\r\n")?;
    stream.read_to_string(&mut String::new()).map(drop)
}
