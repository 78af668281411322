//! What processes have used of the CPU: by their own clocks and by /proc.

use std::fs;
use std::io;
use std::thread;
use std::time::{Duration, Instant};

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

/// A moment: what the server has used, what its callers, and what all have that take no part.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Used {
    pub(crate) server: Duration,
    pub(crate) callers: Duration,
    pub(crate) others: Duration,
}

/// Reads the clock of a server, of its `callers` (this thread, where they are no process), and of everybody but these and this process.
///
/// # Errors
/// One of them is no more.
pub(crate) fn used(server: u32, callers: Option<u32>) -> io::Result<Used> {
    let server = of_process(server)?;
    let outside = callers.map(of_process).transpose()?;
    let ours = server + outside.unwrap_or_default() + of_process(std::process::id())?;
    Ok(Used {
        server,
        callers: outside.unwrap_or_else(benches::cpu_time),
        others: of_machine()?.saturating_sub(ours),
    })
}

/// CPU time that all cores have spent on anything, and what the host took from them, since the machine was started.
///
/// # Errors
/// There is no /proc.
pub(crate) fn of_machine() -> io::Result<Duration> {
    let stat = fs::read_to_string("/proc/stat")?;
    busy(&stat).ok_or_else(|| io::Error::other("no CPU line in /proc/stat"))
}

/// The kernel counts in these a second, whatever its own clock.
const USER_HZ: u64 = 100;

/// User, nice, system, interrupts and stolen time; neither idle nor waiting for disks.
fn busy(stat: &str) -> Option<Duration> {
    let fields = stat.lines().find_map(|line| line.strip_prefix("cpu "))?;
    let fields: Vec<u64> = fields
        .split_whitespace()
        .map_while(|field| field.parse().ok())
        .collect();
    let ticks: u64 = [0, 1, 2, 5, 6, 7].iter().filter_map(|at| fields.get(*at)).sum();
    (fields.len() >= 7).then(|| Duration::from_millis(ticks * 1_000 / USER_HZ))
}

/// How busy the machine may be for a measurement to begin, percent of all cores.
const CALM_PERCENT: f64 = 5.0;
/// For so long.
const CALM: Duration = Duration::from_secs(1);

/// Waits until nobody else does much, at most so long.
///
/// # Errors
/// There is no /proc.
pub(crate) fn wait_for_calm(most: Duration) -> io::Result<()> {
    let deadline = Instant::now() + most;
    while Instant::now() < deadline {
        let before = of_machine()?;
        thread::sleep(CALM);
        if percent(of_machine()?.saturating_sub(before), CALM) < CALM_PERCENT {
            break;
        }
    }
    Ok(())
}

/// Time used of what all cores have in this time, percent.
pub(crate) fn percent(used: Duration, of: Duration) -> f64 {
    100.0 * used.as_secs_f64() / (of.as_secs_f64() * cores() as f64)
}

/// Cores of the machine, those too that this process keeps off.
pub(crate) fn cores() -> usize {
    count(&fs::read_to_string("/proc/stat").unwrap_or_default())
}

/// Each core has a line; the first one is that of all together.
fn count(stat: &str) -> usize {
    let lines = stat.lines().filter(|line| line.starts_with("cpu"));
    lines.count().saturating_sub(1).max(1)
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

    /// The last moment that was noted, s.
    pub(crate) fn last(&self) -> Option<f64> {
        self.points.last().map(|(at, _)| *at)
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
    fn a_machine_is_busy_with_all_but_idling_and_waiting() {
        let stat = "cpu  100 20 30 9999 888 4 5 6 7 0\ncpu0 1 1 1 1 1 1 1 1 1 1\n";
        assert_eq!(busy(stat), Some(Duration::from_millis(1_650)));
        assert_eq!(busy("cpu  1 2 3\n"), None);
        assert_eq!(busy("cpu0 1 2 3 4 5 6 7 8\n"), None);
        assert_eq!((count(stat), count("")), (1, 1));
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
    fn this_process_has_a_clock() {
        assert!(of_process(std::process::id()).unwrap() > Duration::ZERO);
    }
}
