//! What a process holds: memory, file handles, threads; and whether it grows.

use std::fs;
use std::io;

use serde::Serialize;

/// A moment of a process.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub(crate) struct Vitals {
    /// Seconds since the callers were started.
    pub(crate) at_s: f64,
    /// Memory that is in RAM, KiB.
    pub(crate) resident_kib: u64,
    /// Open file handles: sockets, for the most part.
    pub(crate) handles: usize,
    pub(crate) threads: usize,
}

/// Reads them of a process.
///
/// # Errors
/// There is no such process.
pub(crate) fn read(pid: u32, at_s: f64) -> io::Result<Vitals> {
    let status = fs::read_to_string(format!("/proc/{pid}/status"))?;
    let missing = |what| io::Error::other(format!("no {what} in /proc"));
    Ok(Vitals {
        at_s,
        resident_kib: field(&status, "VmRSS:").ok_or_else(|| missing("VmRSS"))?,
        handles: fs::read_dir(format!("/proc/{pid}/fd"))?.count(),
        threads: field(&status, "Threads:").ok_or_else(|| missing("Threads"))? as usize,
    })
}

fn field(status: &str, name: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix(name))?;
    let figure = line.trim();
    figure.strip_suffix("kB").unwrap_or(figure).trim().parse().ok()
}

/// Those of a part of the time, seconds since the callers were started.
pub(crate) fn between(vitals: &[Vitals], from_s: f64, to_s: f64) -> Vec<Vitals> {
    let within = vitals
        .iter()
        .filter(|vitals| (from_s..to_s).contains(&vitals.at_s));
    within.copied().collect()
}

/// How much of one sort was added: an hour, and in the time that was watched.
///
/// # Errors
/// There are fewer than two moments.
pub(crate) fn grown(vitals: &[Vitals], of: fn(&Vitals) -> f64) -> Result<(f64, f64), String> {
    let an_hour = growth(vitals, of).ok_or("the bridge was not watched long enough")?;
    Ok((an_hour, an_hour * hours(vitals)))
}

/// How long was watched.
pub(crate) fn hours(vitals: &[Vitals]) -> f64 {
    let at = |vitals: Option<&Vitals>| vitals.map_or(0.0, |vitals| vitals.at_s);
    (at(vitals.last()) - at(vitals.first())) / 3_600.0
}

/// How fast what is held `of` one sort grows, an hour: the straight line that fits best; none of fewer than two moments.
fn growth(vitals: &[Vitals], of: fn(&Vitals) -> f64) -> Option<f64> {
    let count = vitals.len() as f64;
    let mean = |of: fn(&Vitals) -> f64| vitals.iter().map(of).sum::<f64>() / count;
    let (at, held) = (mean(|vitals| vitals.at_s), mean(of));
    let spread: f64 = vitals.iter().map(|vitals| (vitals.at_s - at).powi(2)).sum();
    let together = vitals
        .iter()
        .map(|vitals| (vitals.at_s - at) * (of(vitals) - held));
    (spread > 0.0).then(|| 3_600.0 * together.sum::<f64>() / spread)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_read_as_the_kernel_writes_them() {
        let status = "Name:\tx\nVmRSS:\t   12345 kB\nThreads:\t9\n";
        assert_eq!(
            (field(status, "VmRSS:"), field(status, "Threads:")),
            (Some(12_345), Some(9))
        );
        for broken in ["", "VmRSS:", "VmRSS: 12 MB", "VmRSS: many kB"] {
            assert_eq!(field(broken, "VmRSS:"), None, "{broken}");
        }
    }

    #[test]
    fn this_process_has_memory_handles_and_a_thread() {
        let vitals = read(std::process::id(), 1.5).unwrap();
        assert!(vitals.resident_kib > 100 && vitals.handles > 2 && vitals.threads > 0);
    }

    #[test]
    fn growth_is_the_slope_and_noise_has_none() {
        let line = |grows: &dyn Fn(u64) -> u64| -> Vec<_> {
            let moment = |n| Vitals {
                at_s: n as f64,
                resident_kib: 50_000 + grows(n),
                ..Vitals::default()
            };
            (0..600).map(moment).collect()
        };
        let memory = |vitals: &[Vitals]| growth(vitals, |vitals| vitals.resident_kib as f64);
        assert!((memory(&line(&|n| n)).unwrap() - 3_600.0).abs() < 0.1);
        assert!(memory(&line(&|n| n % 2 * 100)).unwrap().abs() < 5.0);
        assert_eq!(memory(&line(&|_| 0)[..1]), None);
        let threads = growth(&line(&|n| n), |vitals| vitals.threads as f64);
        assert_eq!(threads, Some(0.0), "what another sort does is no matter");
    }
}
