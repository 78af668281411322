//! The command line.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};

use crate::config::Config;
use crate::{check, ctl, shell, simulate};

/// Partyline: a telephone conference bridge.
///
/// Callers dial a number from any SIP phone or trunk, key an access code, and are in a meeting.
#[derive(Debug, Parser)]
#[command(name = "partyline", version, after_help = EXAMPLES)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

const EXAMPLES: &str = "Examples:
  partyline serve --demo                       try it: demo numbers, codes and credentials are printed
  partyline check --config partyline.toml      what would be wrong, before anybody calls
  partyline serve --config partyline.toml --data /var/lib/partyline --provision numbers.toml
  partyline ctl meeting 106131                 who is in a meeting, who talks, how well they are heard
  partyline sim 15162065319 --code 111,222 --legs 20 --talkers 3    twenty phones call it and judge what they hear";

#[derive(Debug, Subcommand)]
enum Command {
    /// Take calls and serve the REST API until stopped (Ctrl-C or SIGTERM ends calls with a BYE)
    Serve(Serve),
    /// Check configuration, ports and limits, and say what to do about what is wrong; changes nothing
    Check(Common),
    /// Show and steer calls, meetings and rooms of a running bridge by its REST API
    Ctl(Box<ctl::Ctl>),
    /// Be many phones that call a bridge, talk in known tones, and judge what they hear
    Sim(Box<sim::Options>),
    /// Print the version
    Version,
}

/// What `serve` and `check` share.
#[derive(Args, Clone, Debug)]
pub struct Common {
    /// Configuration file; configs/partyline.toml lists every key. Without it, every key has its default
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Folder for the store, certificate and credentials; made if absent
    #[arg(long, value_name = "DIR", default_value = "data")]
    pub data: PathBuf,
    /// Address and port for SIP, UDP and TCP; wins over the file
    #[arg(long, value_name = "ADDR:PORT")]
    pub sip: Option<SocketAddr>,
    /// Address and port for the REST API (HTTPS); wins over the file
    #[arg(long, value_name = "ADDR:PORT")]
    pub api: Option<SocketAddr>,
    /// Address and port for the metrics page (HTTP); wins over the file
    #[arg(long, value_name = "ADDR:PORT")]
    pub metrics: Option<SocketAddr>,
}

/// What `serve` takes.
#[derive(Args, Clone, Debug)]
pub struct Serve {
    /// What `check` takes too.
    #[command(flatten)]
    pub common: Common,
    /// Fill an empty store with the demo numbers and room, and take calls from any address without a challenge
    #[arg(long, conflicts_with = "provision")]
    pub demo: bool,
    /// Fill an empty store with the accounts, numbers and rooms of FILE; configs/demo.toml shows what it may hold
    #[arg(long, value_name = "FILE")]
    pub provision: Option<PathBuf>,
}

impl Common {
    /// The configuration in force: file, then options.
    pub fn configuration(&self) -> Result<Config, String> {
        let mut config = match &self.config {
            Some(path) => Config::read(path)?,
            None => Config::default(),
        };
        config.sip.listen = self.sip.unwrap_or(config.sip.listen);
        config.api.listen = self.api.unwrap_or(config.api.listen);
        config.metrics.listen = self.metrics.unwrap_or(config.metrics.listen);
        Ok(config)
    }
}

/// Runs the program; errors are one line on standard error and status 1, or 2 where `sim` or `ctl` could not begin.
pub fn run() -> ExitCode {
    // A call takes two files, and shells often allow 1024; what is missing then is said where it is opened.
    let _ = rlimit::increase_nofile_limit(u64::MAX);
    let done = match Cli::parse().command {
        Command::Serve(serve) => shell::serve(&serve),
        Command::Check(common) => check::run(&common),
        Command::Ctl(ctl) => return ctl::run(&ctl),
        Command::Sim(options) => return simulate::run(*options),
        Command::Version => {
            println!("partyline {}", env!("CARGO_PKG_VERSION"));
            Ok(())
        }
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("partyline: {error}");
            ExitCode::FAILURE
        }
    }
}
