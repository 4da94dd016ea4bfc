//! Brings the tenants, roles and users of a project into line with files.
//!
//! ```text
//! cargo run --example provision --features mgmt,emulator -- [OPTIONS] [FOLDER]
//!
//!   --dry-run        say what would change, and change nothing
//!   --rate N         make at most N calls a minute, within Descope's own limits
//!   --journal FILE   keep track of the progress, to continue from there after a kill
//!   --report FILE    write the lines that failed to a CSV file
//! ```
//!
//! The folder has `tenants.csv`, `roles.csv` and `users.csv`, or some of them; `examples/provision/sample`
//! is one. They are worked off in this order. What is missing is created, and what differs is changed.
//! An empty field leaves things as they are, and nothing is ever deleted. You can therefore run it as often as
//! you like. The exit status is 0 if all lines went well, and 1 if some did not.
//!
//! With `DESCOPE_PROJECT_ID` set it works on that project, with the key in `DESCOPE_MANAGEMENT_KEY`; otherwise
//! on an emulator that lives as long as the program.

use std::io::{IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use descope::emulator::Emulator;
use descope::{Client, RateLimit, RateLimits};

use self::apply::{Apply, Options, Report};

pub(crate) mod apply;
mod journal;
mod kinds;

type Error = Box<dyn std::error::Error>;

const USAGE: &str =
    "usage: provision [--dry-run] [--rate N] [--journal FILE] [--report FILE] [FOLDER]";

/// What the command line asks for.
#[derive(Default)]
struct Arguments {
    options: Options,
    limits: RateLimits,
    report: Option<PathBuf>,
    folder: Option<PathBuf>,
}

fn parse(mut given: impl Iterator<Item = String>) -> Option<Arguments> {
    let mut arguments = Arguments::default();
    while let Some(argument) = given.next() {
        match argument.as_str() {
            "--dry-run" => arguments.options.dry_run = true,
            "--rate" => {
                let rate = given.next()?.parse().ok().filter(|rate| *rate > 0)?;
                arguments.limits = arguments.limits.total(RateLimit::per_minute(rate));
            }
            "--journal" => arguments.options.journal = Some(given.next()?.into()),
            "--report" => arguments.report = Some(given.next()?.into()),
            flag if flag.starts_with('-') => return None,
            _ if arguments.folder.is_some() => return None,
            folder => arguments.folder = Some(folder.into()),
        }
    }
    Some(arguments)
}

/// A line at the bottom of the terminal, drawn again and again.
fn draw(report: &Report, percent: u64) {
    let filled = "#".repeat(usize::try_from(percent / 4).unwrap_or_default());
    eprint!("\r[{filled:25}] {percent:3} %  {}", report.summary());
    let _ = std::io::stderr().flush();
}

fn write_failures(path: &Path, report: &Report) -> Result<(), Error> {
    let mut writer = csv::Writer::from_path(path)?;
    writer.write_record(["file", "line", "reason"])?;
    for failure in &report.failures {
        let line = failure.line.to_string();
        writer.write_record([&*failure.file, &*line, &*failure.reason])?;
    }
    Ok(writer.flush()?)
}

fn run(arguments: Arguments) -> Result<Report, Error> {
    let builder = Client::builder().rate_limits(arguments.limits);
    let client = match std::env::var_os("DESCOPE_PROJECT_ID") {
        Some(id) if !id.is_empty() => builder.build()?,
        _ => builder.emulator(&Emulator::new()).build()?,
    };
    let sample = || concat!(env!("CARGO_MANIFEST_DIR"), "/examples/provision/sample").into();
    let folder = arguments.folder.unwrap_or_else(sample);
    let dry_run = arguments.options.dry_run;
    let mut apply = Apply::new(&client, arguments.options);
    let show = std::io::stderr().is_terminal();
    let outcome = apply.folder(&folder, |report, percent| {
        if show {
            draw(report, percent);
        }
    });
    if show {
        eprintln!();
    }
    let report = apply.into_report();
    println!("{}{}", if dry_run { "a dry run: " } else { "" }, report.summary());
    for failure in &report.failures {
        println!("{}:{}: {}", failure.file, failure.line, failure.reason);
    }
    if let Some(path) = &arguments.report {
        write_failures(path, &report)?;
    }
    outcome.map_err(|error| format!("stopped: {error}; run it again to continue"))?;
    Ok(report)
}

fn main() -> ExitCode {
    let Some(arguments) = parse(std::env::args().skip(1)) else {
        eprintln!("{USAGE}");
        return ExitCode::from(2);
    };
    match run(arguments) {
        Ok(report) if report.failures.is_empty() => ExitCode::SUCCESS,
        Ok(_) => ExitCode::from(1),
        Err(error) => {
            eprintln!("provision: {error}");
            ExitCode::from(1)
        }
    }
}
