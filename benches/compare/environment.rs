//! Where and when it was measured.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::{SystemTime, UNIX_EPOCH};

use serde::Serialize;

use crate::cpu;

/// What figures depend on beside the programs.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Environment {
    /// Date and time, UTC, RFC 3339.
    pub(crate) date: String,
    /// Model of the CPU, as the kernel calls it.
    pub(crate) cpu: String,
    /// Cores of the machine.
    pub(crate) cores: usize,
    /// Kernel.
    pub(crate) kernel: String,
    /// Load of the machine over the minute before, processes that want to run.
    pub(crate) load_before: String,
    /// Version of the bridge.
    pub(crate) partyline: String,
    /// Version of Janus, where it is there.
    pub(crate) janus: Option<String>,
}

impl Environment {
    /// Asks the machine and the programs.
    pub(crate) fn here(partyline: &Path, janus: &Path) -> Self {
        let read = |path: &str| fs::read_to_string(path).unwrap_or_default();
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Self {
            date: date(now.as_secs()),
            cpu: model(&read("/proc/cpuinfo")).unwrap_or("unknown").to_owned(),
            cores: cpu::cores(),
            kernel: format!("Linux {}", read("/proc/sys/kernel/osrelease").trim()),
            load_before: read("/proc/loadavg")
                .split(' ')
                .next()
                .unwrap_or_default()
                .to_owned(),
            partyline: says(partyline, "version").unwrap_or_else(|| "partyline".to_owned()),
            janus: says(janus, "--version"),
        }
    }

    /// As lines of a name and what it is.
    pub(crate) fn lines(&self) -> Vec<(&'static str, String)> {
        vec![
            ("date", self.date.clone()),
            ("CPU", format!("{}, {} cores", self.cpu, self.cores)),
            ("kernel", self.kernel.clone()),
            ("load before", self.load_before.clone()),
            ("bridge", self.partyline.clone()),
            (
                "peer",
                self.janus
                    .clone()
                    .unwrap_or_else(|| "Janus is not installed".to_owned()),
            ),
        ]
    }
}

/// The first line a program prints.
fn says(program: &Path, argument: &str) -> Option<String> {
    let output = Command::new(program).arg(argument).output().ok()?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    text.lines()
        .map(str::trim)
        .find(|line| !line.is_empty())
        .map(str::to_owned)
}

fn model(cpuinfo: &str) -> Option<&str> {
    let line = cpuinfo.lines().find(|line| line.starts_with("model name"))?;
    line.split_once(':').map(|(_, name)| name.trim())
}

/// A Unix time as RFC 3339.
fn date(unix: u64) -> String {
    humantime::format_rfc3339_seconds(UNIX_EPOCH + std::time::Duration::from_secs(unix)).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_model_of_a_cpu_stands_behind_its_colon() {
        let text = "processor\t: 0\nmodel name\t: Some CPU: fast\nmodel name\t: other\n";
        assert_eq!(model(text), Some("Some CPU: fast"));
        assert_eq!(model("processor: 0"), None);
    }

    #[test]
    fn dates_are_utc() {
        assert_eq!(date(86_400), "1970-01-02T00:00:00Z");
    }
}
