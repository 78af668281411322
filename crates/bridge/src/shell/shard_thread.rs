//! The thread that ticks a shard: pinned where asked, woken at absolute deadlines.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use mixer::{Pace, Schedule, Shard};
use udp::MediaSocket;

/// Ticks until told to stop, at the same moments as all others that began at `epoch`. From the first tick on nothing locks, allocates or logs.
pub(super) fn run(mut shard: Shard<MediaSocket>, core: Option<usize>, epoch: Instant, stop: Arc<AtomicBool>) {
    if let Some(core) = core
        && !pin(core)
    {
        tracing::warn!(
            core,
            "the mixer's thread is not pinned: this core of media.cores is not there, or not the program's"
        );
    }
    let (mut schedule, mut pace) = (Schedule::new(epoch), Pace::default());
    while !stop.load(Ordering::Relaxed) {
        sleep_until(schedule.wake(Instant::now()));
        if let Some(due) = schedule.take(Instant::now()) {
            tick(&mut shard, &mut pace, due);
        }
        shard.note_schedule(&mut schedule);
    }
}

/// Hears all, rests until it is time to send, and sends.
fn tick(shard: &mut Shard<MediaSocket>, pace: &mut Pace, due: Instant) {
    let begin = Instant::now();
    shard.hear(due);
    let heard = Instant::now();
    let lag = pace.lag();
    sleep_until(due + lag);
    let resumed = Instant::now();
    shard.say(due);
    let said = resumed.elapsed();
    pace.note(heard.saturating_duration_since(due), said);
    shard.note_spent(heard.duration_since(begin) + said, lag);
}

/// Keeps the thread that asks on one core; whether the system does so. It does not where there is no such core, or where it is none of the
/// program's (`AllowedCPUs=`, a container's set).
fn pin(core: usize) -> bool {
    core_affinity::set_for_current(core_affinity::CoreId { id: core })
}

fn sleep_until(due: Instant) {
    let wait = due.saturating_duration_since(Instant::now());
    if wait > Duration::ZERO {
        std::thread::sleep(wait);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thread_is_pinned_to_a_core_that_is_there_and_it_is_known_where_there_is_none() {
        let there = core_affinity::get_core_ids().unwrap()[0].id;
        let pinned = std::thread::spawn(move || [there, crate::config::LAST_CORE].map(pin));
        assert_eq!(pinned.join().unwrap(), [true, false]);
    }
}
