//! `partyline serve` as a process of its own: free ports, a folder of its own, an orderly end.

use std::fs::{self, File};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use super::program::partyline;
use super::rest::Rest;
use super::until::until;

/// Where it takes calls.
const HERE: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
/// Start in a debug build on a busy machine.
const START: Duration = Duration::from_secs(30);
/// Calls, records and the store are closed within this.
const STOP: Duration = Duration::from_secs(15);
/// Tries when a port that was free for UDP is taken for TCP.
const TRIES: usize = 5;
/// Authorities that it trusts in place of the system's, if there are any in its folder.
const TRUSTED: &str = "trusted.pem";
/// Lines of its log shown when a test fails.
const LOG_LINES: usize = 40;

/// A running bridge with the demo numbers and room; ends with SIGTERM when dropped.
pub(crate) struct Bridge {
    child: Option<Child>,
    folder: TempDir,
    sip: SocketAddr,
    rest: Rest,
    metrics: String,
}

impl Bridge {
    /// Starts with defaults.
    pub(crate) fn start() -> Self {
        Self::start_with("")
    }

    /// Starts with this configuration.
    pub(crate) fn start_with(configuration: &str) -> Self {
        let folder = TempDir::new().expect("a temporary folder");
        fs::write(folder.path().join("partyline.toml"), configuration).expect("a file is written");
        Self::run(folder, HERE)
    }

    /// Starts with defaults, and takes calls at another address.
    pub(crate) fn start_at(sip: IpAddr) -> Self {
        let folder = TempDir::new().expect("a temporary folder");
        fs::write(folder.path().join("partyline.toml"), "").expect("a file is written");
        Self::run(folder, sip)
    }

    /// The same, trusting the authority of this certificate alone, PEM.
    pub(crate) fn start_trusting(certificate: &str, configuration: &str) -> Self {
        let folder = TempDir::new().expect("a temporary folder");
        for (name, text) in [(TRUSTED, certificate), ("partyline.toml", configuration)] {
            fs::write(folder.path().join(name), text).expect("a file is written");
        }
        Self::run(folder, HERE)
    }

    fn run(folder: TempDir, sip: IpAddr) -> Self {
        for _ in 0..TRIES {
            let mut child = spawn(folder.path(), sip);
            let banner = folder.path().join("out");
            let started = until("the bridge starts", START, || {
                let text = fs::read_to_string(&banner).unwrap_or_default();
                let ended = child.try_wait().expect("a child can be asked").is_some();
                if text.contains("certificate ") || ended {
                    Some((text, ended))
                } else {
                    None
                }
            });
            if let (text, false) = started {
                let sip = word_after(&text, "calls at sip:").parse().expect("an address");
                let rest = Rest::new(&text, &folder.path().join("data"));
                return Self {
                    child: Some(child),
                    folder,
                    sip,
                    rest,
                    metrics: word_after(&text, "Metrics ").to_owned(),
                };
            }
        }
        panic!("the bridge does not start: {}", tail(&folder.path().join("err")));
    }

    /// Where it takes calls, UDP and TCP.
    pub(crate) fn sip(&self) -> SocketAddr {
        self.sip
    }

    /// Its API, with the administrator's login.
    pub(crate) fn rest(&self) -> &Rest {
        &self.rest
    }

    /// The address of its metrics page.
    pub(crate) fn metrics(&self) -> String {
        self.metrics.clone()
    }

    /// A file name in the folder that goes with it.
    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Memory that is its own or mapped and in use, MiB.
    pub(crate) fn memory(&self) -> usize {
        let pid = self.child.as_ref().expect("it runs").id();
        let status = fs::read_to_string(format!("/proc/{pid}/status")).expect("processes have a status");
        let kib: usize = word_after(&status, "VmRSS:").parse().expect("a number");
        kib / 1024
    }

    /// Ends it as a power cut would, and starts it again on the same data.
    pub(crate) fn kill_and_restart(mut self) -> Self {
        let mut child = self.child.take().expect("it runs");
        child.kill().expect("it can be killed");
        let status = child.wait().expect("it ends");
        assert_eq!(status.signal(), Some(9), "it had ended before");
        Self::run(self.take_folder(), self.sip.ip())
    }

    /// Ends it in order, and starts it again on the same data.
    pub(crate) fn restart(self) -> Self {
        self.restart_after(|_| {})
    }

    /// As `restart`; in between `change` may change the data folder.
    pub(crate) fn restart_after(mut self, change: impl FnOnce(&Path)) -> Self {
        let status = self.stop().expect("it runs");
        assert!(status.success(), "the bridge ended with {status}");
        change(&self.file("data"));
        Self::run(self.take_folder(), self.sip.ip())
    }

    fn take_folder(&mut self) -> TempDir {
        let empty = TempDir::new().expect("a temporary folder");
        std::mem::replace(&mut self.folder, empty)
    }

    fn stop(&mut self) -> Option<ExitStatus> {
        let mut child = self.child.take()?;
        signal(child.id(), "TERM");
        let end = Instant::now() + STOP;
        while Instant::now() < end {
            if let Some(status) = child.try_wait().expect("a child can be asked") {
                return Some(status);
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        child.kill().expect("it can be killed");
        Some(child.wait().expect("it ends"))
    }
}

impl Drop for Bridge {
    fn drop(&mut self) {
        let status = self.stop();
        if std::thread::panicking() {
            eprintln!("the bridge's log ends with:\n{}", tail(&self.file("err")));
        } else if let Some(status) = status {
            assert!(status.success(), "the bridge ended with {status}");
        }
    }
}

/// Sends a signal to a process that the caller started.
pub(crate) fn signal(pid: u32, name: &str) {
    let _ = Command::new("kill")
        .args([&format!("-{name}"), &pid.to_string()])
        .status();
}

fn spawn(folder: &Path, sip: IpAddr) -> Child {
    let file = |name: &str| File::create(folder.join(name)).expect("a file is made");
    let mut command = Command::new(partyline());
    let trusted = folder.join(TRUSTED);
    if trusted.is_file() {
        command.env("SSL_CERT_FILE", trusted);
    }
    command
        .args([
            "serve",
            "--demo",
            "--api",
            "127.0.0.1:0",
            "--metrics",
            "127.0.0.1:0",
        ])
        .arg("--sip")
        .arg(SocketAddr::new(sip, 0).to_string())
        .arg("--config")
        .arg(folder.join("partyline.toml"))
        .arg("--data")
        .arg(folder.join("data"))
        .stdout(file("out"))
        .stderr(file("err"))
        .spawn()
        .expect("the program runs")
}

/// The word of `text` that follows `label`.
pub(crate) fn word_after<'a>(text: &'a str, label: &str) -> &'a str {
    let rest = text
        .split(label)
        .nth(1)
        .unwrap_or_else(|| panic!("no {label:?} in {text}"));
    rest.split_whitespace().next().unwrap_or_default()
}

fn tail(path: &Path) -> String {
    let text = fs::read_to_string(path).unwrap_or_default();
    let lines: Vec<_> = text.lines().collect();
    lines[lines.len().saturating_sub(LOG_LINES)..].join("\n")
}
