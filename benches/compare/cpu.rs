//! What a process has used: CPU by its own clock, memory by /proc.

use std::fs;
use std::io;
use std::time::Duration;

/// CPU time of a process, all its threads, those that ended too, in user and kernel mode.
///
/// # Errors
/// There is no such process.
pub(crate) fn of_process(pid: u32) -> io::Result<Duration> {
    let mut clock: libc::clockid_t = 0;
    let mut time = libc::timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    // SAFETY: both calls write into what they are given, and nowhere else.
    let outcome = unsafe {
        match libc::clock_getcpuclockid(pid.cast_signed(), &raw mut clock) {
            0 => libc::clock_gettime(clock, &raw mut time),
            error => return Err(io::Error::from_raw_os_error(error)),
        }
    };
    match outcome {
        0 => Ok(Duration::new(time.tv_sec as u64, time.tv_nsec as u32)),
        _ => Err(io::Error::last_os_error()),
    }
}

/// Memory of a process that is in RAM, KiB.
///
/// # Errors
/// There is no such process.
pub(crate) fn resident_kib(pid: u32) -> io::Result<u64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status"))?;
    resident(&status).ok_or_else(|| io::Error::other("no VmRSS in /proc"))
}

fn resident(status: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.trim().strip_suffix("kB")?.trim().parse().ok()
}

/// A figure that grows, read now and then.
#[derive(Clone, Debug, Default)]
pub(crate) struct Timeline {
    /// When, since the beginning, and what, both in seconds.
    points: Vec<(f64, f64)>,
}

impl Timeline {
    /// Notes the figure; times must not go back.
    pub(crate) fn note(&mut self, at: Duration, used: Duration) {
        self.points.push((at.as_secs_f64(), used.as_secs_f64()));
    }

    /// Growth from one moment to another, seconds; none where it was not watched all that time.
    pub(crate) fn between(&self, from: f64, to: f64) -> Option<f64> {
        Some(self.at(to)? - self.at(from)?)
    }

    /// Between two readings the figure is taken to grow evenly.
    fn at(&self, moment: f64) -> Option<f64> {
        let after = self.points.partition_point(|(at, _)| *at < moment);
        let (at, used) = *self.points.get(after)?;
        let (before_at, before) = *self.points.get(after.checked_sub(1)?)?;
        Some(before + (used - before) * (moment - before_at) / (at - before_at))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_read_from_what_the_kernel_writes() {
        assert_eq!(
            resident("Name:\tx\nVmRSS:\t   12345 kB\nVmData: 1 kB\n"),
            Some(12_345)
        );
        for broken in ["", "VmRSS:", "VmRSS: 12 MB", "VmRSS: many kB"] {
            assert_eq!(resident(broken), None, "{broken}");
        }
    }

    #[test]
    fn a_timeline_is_read_between_its_points_and_nowhere_else() {
        let mut line = Timeline::default();
        for (at, used) in [(0, 0), (100, 10), (200, 40), (300, 40)] {
            line.note(Duration::from_millis(at), Duration::from_millis(used));
        }
        let between = line.between(0.05, 0.15).unwrap();
        assert!((between - 0.020).abs() < 1e-9, "{between}");
        assert_eq!(line.between(0.1, 0.31), None);
    }

    #[test]
    fn this_process_has_a_clock_and_memory() {
        assert!(of_process(std::process::id()).unwrap() > Duration::ZERO);
        assert!(resident_kib(std::process::id()).unwrap() > 100);
    }
}
