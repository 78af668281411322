//! From the kernel's wall-clock time of arrival to an instant.

use std::time::{Duration, Instant};

/// Longest time that a datagram can have waited: more, and one of the clocks was set.
const LONGEST: Duration = Duration::from_secs(2);

/// Two clocks read at the same moment.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Clocks {
    now: Instant,
    /// Wall-clock time, since 1970.
    wall: Duration,
}

/// Longest time between both readings that passes for the same moment: more, and the thread was put aside in between.
const APART: Duration = Duration::from_micros(50);
/// Times that the clocks are read at most.
const TRIES: usize = 4;

impl Clocks {
    /// Reads both.
    #[expect(
        clippy::disallowed_methods,
        reason = "datagrams are dated here, at the edge of the machine"
    )]
    pub(crate) fn read() -> Self {
        let mut now = Instant::now();
        for _ in 1..TRIES {
            let (before, wall) = (now, wall());
            now = Instant::now();
            if now.duration_since(before) < APART {
                return Self { now: before, wall };
            }
        }
        Self { now, wall: wall() }
    }

    /// The instant of an arrival by the wall clock; none where it cannot be: in the future, or long ago.
    pub(crate) fn instant(&self, arrival: Duration) -> Option<Instant> {
        let waited = self.wall.checked_sub(arrival)?;
        (waited <= LONGEST)
            .then(|| self.now.checked_sub(waited))
            .flatten()
    }
}

fn wall() -> Duration {
    let mut time = libc::timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    // SAFETY: the call writes into the timespec it is given, and nowhere else.
    unsafe { libc::clock_gettime(libc::CLOCK_REALTIME, &raw mut time) };
    duration(time)
}

/// A timespec as a span; nonsense is none.
pub(crate) fn duration(time: libc::timespec) -> Duration {
    let seconds = u64::try_from(time.tv_sec).unwrap_or(0);
    let nanos = u32::try_from(time.tv_nsec).unwrap_or(0).min(999_999_999);
    Duration::new(seconds, nanos)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_arrival_is_as_long_ago_by_both_clocks_and_set_clocks_give_none() {
        let clocks = Clocks::read();
        let ago = |ms| clocks.instant(clocks.wall - Duration::from_millis(ms));
        assert_eq!(ago(0), Some(clocks.now));
        assert_eq!(ago(15), Some(clocks.now - Duration::from_millis(15)));
        assert_eq!(ago(3_000), None);
        assert_eq!(clocks.instant(clocks.wall + Duration::from_millis(1)), None);
    }
}
