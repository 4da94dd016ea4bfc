//! The Descope emulator on a port; see the module `descope::emulator`.
#![forbid(unsafe_code)]

use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use std::{env, fs};

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
  --project ID          Another project in the same process, with the same management key;
                        may be repeated
  --any-project         Make the project that a request names, if there is none
  --origin ORIGIN       Let pages of this origin call the API, such as https://app.example.com,
                        or * for all; may be repeated [default: those of this machine]
  --webhook-host HOST   Let connectors of the audit trail send to this host; may be repeated
                        [default: this machine alone]
  --tls                 Serve HTTPS, with a certificate that is made at the start
  --tls-certificate FILE  Where to write what clients have to trust; implies --tls
                        [default: a file in the directory for temporary files, deleted at the end]
  --tls-name NAME       A further name of the server, for the certificate; implies --tls;
                        may be repeated [default: localhost and the address]
  --requests-per-minute N      Answer further requests of a minute with status 429
  --strict              Refuse unknown fields; if not given, they are ignored, and recorded
                        for GET /_emulator/unknown
  --rotate-refresh-tokens      Replace the refresh token at each refresh
  --refresh-tokens-in-cookies  Send refresh tokens as the cookie DSR
  --help                Print this

Prints the environment variables for official SDKs, one per line, and lines of code for those that read
none, as comments. Serves until it gets SIGTERM or SIGINT.
What a seed made, such as the cleartext of access keys, is printed to the standard error as JSON.
";

struct Options {
    port: u16,
    host: String,
    project_id: Option<String>,
    management_key: Option<String>,
    seed: Option<String>,
    projects: Vec<String>,
    any_project: bool,
    origins: Vec<String>,
    webhook_hosts: Vec<String>,
    requests_per_minute: Option<u32>,
    tls: bool,
    tls_certificate: Option<String>,
    tls_names: Vec<String>,
    strict: bool,
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
        projects: Vec::new(),
        any_project: false,
        origins: Vec::new(),
        webhook_hosts: Vec::new(),
        requests_per_minute: None,
        tls: false,
        tls_certificate: None,
        tls_names: Vec::new(),
        strict: false,
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
            "--project" => options.projects.push(value()?),
            "--any-project" => options.any_project = true,
            "--origin" => options.origins.push(value()?),
            "--webhook-host" => options.webhook_hosts.push(value()?),
            "--requests-per-minute" => {
                let limit = value()?.parse();
                let limit = limit.map_err(|_| "--requests-per-minute needs a number")?;
                options.requests_per_minute = Some(limit);
            }
            "--tls" => options.tls = true,
            "--tls-certificate" => options.tls_certificate = Some(value()?),
            "--tls-name" => options.tls_names.push(value()?),
            "--strict" => options.strict = true,
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
        .refresh_tokens_in_cookies(options.cookies)
        .strict(options.strict)
        .any_project(options.any_project);
    for origin in options.origins {
        builder = builder.allow_origin(origin);
    }
    for host in options.webhook_hosts {
        builder = builder.webhook_host(host);
    }
    if let Some(limit) = options.requests_per_minute {
        builder = builder.requests_per_minute(limit);
    }
    if let Some(id) = options.project_id {
        builder = builder.project_id(id);
    }
    if let Some(key) = options.management_key {
        builder = builder.management_key(key);
    }
    let emulator = builder.build();
    if let Some(path) = options.seed {
        let bytes = fs::read(&path).map_err(|error| format!("{path}: {error}"))?;
        let text = text(bytes).ok_or_else(|| format!("{path}: this is not Unicode"))?;
        let seed = serde_json::from_str(&text).map_err(|error| format!("{path}: {error}"))?;
        let made = emulator.seed(&seed).map_err(|error| format!("{path}: {error}"))?;
        eprintln!("{made}");
    }
    for id in &options.projects {
        // The emulator keeps it.
        let _ = emulator.project(id);
    }
    // Before anybody is told that it runs.
    let ended = Ended::new().map_err(|error| error.to_string())?;
    let address = (&*options.host, options.port);
    let names: Vec<&str> = options.tls_names.iter().map(|name| &**name).collect();
    let tls = options.tls || options.tls_certificate.is_some() || !names.is_empty();
    let server =
        if tls { emulator.serve_tls_on(address, &names) } else { emulator.serve_on(address) };
    let server = server.map_err(|error| format!("{}:{}: {error}", options.host, options.port))?;
    let certificate = match server.certificate() {
        Some(pem) => Some(Certificate::write(options.tls_certificate, pem)?),
        None => None,
    };

    // At once, so that a reader may leave after the line that it looks for.
    let mut text = Vec::new();
    announce(&mut text, &server.base_url(), &emulator)
        .and_then(|()| certificate.as_ref().map_or(Ok(()), |file| file.announce(&mut text)))
        .and_then(|()| io::stdout().write_all(&text))
        .and_then(|()| io::stdout().flush())
        .map_err(|error| error.to_string())?;
    ended.wait();
    drop(server);
    Ok(())
}

/// The file with the certificate that clients have to trust.
struct Certificate {
    path: PathBuf,
    temporary: bool,
}

impl Certificate {
    fn write(path: Option<String>, pem: &str) -> Result<Self, String> {
        let temporary = path.is_none();
        let path = path.map_or_else(
            || env::temp_dir().join(format!("descope-emulator-{}.pem", std::process::id())),
            PathBuf::from,
        );
        fs::write(&path, pem).map_err(|error| format!("{}: {error}", path.display()))?;
        Ok(Self { path, temporary })
    }

    fn announce(&self, out: &mut impl Write) -> io::Result<()> {
        let path = self.path.display();
        writeln!(out, "# Clients have to trust the certificate in {path}")?;
        writeln!(out, "# Python: REQUESTS_CA_BUNDLE={path} SSL_CERT_FILE={path}")?;
        writeln!(out, "# Node: NODE_EXTRA_CA_CERTS={path}")?;
        writeln!(out, "# Go, curl and others: SSL_CERT_FILE={path}")
    }
}

impl Drop for Certificate {
    fn drop(&mut self) {
        if self.temporary {
            // Somebody may have deleted it.
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// Tells how programs find the emulator: by the environment, or else by code, which is in comments.
fn announce(out: &mut impl Write, base: &str, emulator: &Emulator) -> io::Result<()> {
    let (project, key) = (emulator.project_id(), emulator.management_key());
    writeln!(out, "DESCOPE_BASE_URI={base}")?;
    writeln!(out, "DESCOPE_PROJECT_ID={project}")?;
    writeln!(out, "DESCOPE_MANAGEMENT_KEY={key}")?;
    writeln!(out, "DESCOPE_BASE_URL={base}")?;
    writeln!(
        out,
        "# Python and Ruby read DESCOPE_BASE_URI; Java, Next.js and the CLI read DESCOPE_BASE_URL."
    )?;
    writeln!(
        out,
        "# Go:   client.NewWithConfig(&client.Config{{ProjectID: \"{project}\", \
         DescopeBaseURL: \"{base}\"}})"
    )?;
    writeln!(out, "# Node: DescopeClient({{ projectId: '{project}', baseUrl: '{base}' }})")?;
    writeln!(out, "# What happens is shown at {base}/")
}

/// The text of a file: UTF-8, or UTF-16 as PowerShell writes it, with or without a byte order mark.
fn text(bytes: Vec<u8>) -> Option<String> {
    let wide = |bytes: &[u8], unit: fn([u8; 2]) -> u16| {
        let (pairs, rest) = bytes.as_chunks();
        let units: Vec<u16> = pairs.iter().map(|pair| unit(*pair)).collect();
        String::from_utf16(&units).ok().filter(|_| rest.is_empty())
    };
    match &*bytes {
        [0xff, 0xfe, bytes @ ..] => wide(bytes, u16::from_le_bytes),
        [0xfe, 0xff, bytes @ ..] => wide(bytes, u16::from_be_bytes),
        [0xef, 0xbb, 0xbf, bytes @ ..] => String::from_utf8(bytes.to_vec()).ok(),
        _ => String::from_utf8(bytes).ok(),
    }
}

/// The signals that end the program. Process 1 has no default action for them.
#[cfg(unix)]
struct Ended(signal_hook::iterator::Signals);

#[cfg(unix)]
impl Ended {
    fn new() -> io::Result<Self> {
        use signal_hook::consts::{SIGINT, SIGTERM};
        signal_hook::iterator::Signals::new([SIGTERM, SIGINT]).map(Self)
    }

    fn wait(mut self) {
        self.0.forever().next();
    }
}

/// Elsewhere the system ends the program.
#[cfg(not(unix))]
struct Ended;

#[cfg(not(unix))]
impl Ended {
    fn new() -> io::Result<Self> {
        Ok(Self)
    }

    fn wait(self) {
        loop {
            std::thread::park();
        }
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
