//! The thread that ticks a shard: pinned where asked, woken at absolute deadlines.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use mixer::{Schedule, Shard};
use udp::MediaSocket;

/// Ticks until told to stop, at the same moments as all others that began at `epoch`. In here nothing locks, allocates or logs.
pub(super) fn run(mut shard: Shard<MediaSocket>, core: Option<usize>, epoch: Instant, stop: Arc<AtomicBool>) {
    if let Some(id) = core {
        core_affinity::set_for_current(core_affinity::CoreId { id });
    }
    let mut schedule = Schedule::new(epoch);
    while !stop.load(Ordering::Relaxed) {
        sleep_until(schedule.wake(Instant::now()));
        if let Some(due) = schedule.take(Instant::now()) {
            let begin = Instant::now();
            shard.tick(due);
            shard.note_spent(begin.elapsed());
        }
        shard.note_schedule(&mut schedule);
    }
}

fn sleep_until(due: Instant) {
    let wait = due.saturating_duration_since(Instant::now());
    if wait > Duration::ZERO {
        std::thread::sleep(wait);
    }
}
