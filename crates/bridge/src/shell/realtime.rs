//! Mixer threads run before all else: whatever shares their core would keep them waiting for as long as it has something to do. Before them runs only
//! what rests more than it works; after all else, what can wait.

use std::os::unix::thread::JoinHandleExt;
use std::thread::JoinHandle;

use thread_priority::{
    NormalThreadSchedulePolicy, RealtimeThreadSchedulePolicy, ThreadPriority, ThreadPriorityValue,
    ThreadSchedulePolicy, set_thread_priority_and_policy, thread_native_id, thread_schedule_policy_param,
};

/// The highest priority there is.
const HIGHEST: u8 = 99;

/// Has the system run `thread` in real time (`SCHED_RR`) with `priority`, 1 to 99, or with one more than the program itself has; answers with
/// which.
///
/// # Errors
/// What the system said where it does not allow that: it takes `CAP_SYS_NICE`, or a limit `RTPRIO` that is as high.
pub(super) fn run(thread: &JoinHandle<()>, priority: u8) -> Result<u8, String> {
    set(thread, above(own(), priority))
}

/// Has the system run `thread` before the threads that [`run`] was given this priority for; answers with which.
///
/// # Errors
/// As those of [`run`].
pub(super) fn run_above(thread: &JoinHandle<()>, priority: u8) -> Result<u8, String> {
    set(thread, above(above(own(), priority), 0))
}

/// Has the system run the thread that asks when nothing else wants its core (`SCHED_IDLE`), where it knows such a thing.
pub(super) fn idle() {
    let policy = ThreadSchedulePolicy::Normal(NormalThreadSchedulePolicy::Idle);
    if let Err(error) = set_thread_priority_and_policy(thread_native_id(), ThreadPriority::Min, policy) {
        tracing::debug!(%error, "what can wait runs as any other thread");
    }
}

fn set(thread: &JoinHandle<()>, priority: u8) -> Result<u8, String> {
    let value = ThreadPriorityValue::try_from(priority).map_err(|error| error.to_string())?;
    let policy = ThreadSchedulePolicy::Realtime(RealtimeThreadSchedulePolicy::RoundRobin);
    let value = ThreadPriority::Crossplatform(value);
    set_thread_priority_and_policy(thread.as_pthread_t(), value, policy)
        .map_err(|error| error.to_string())?;
    Ok(priority)
}

/// The priority of the thread that asks; 0 where it does not run in real time.
fn own() -> u8 {
    let found = thread_schedule_policy_param(thread_native_id());
    found.map_or(0, |(_, params)| u8::try_from(params.sched_priority).unwrap_or(0))
}

fn above(own: u8, wanted: u8) -> u8 {
    wanted.max(own.saturating_add(1)).min(HIGHEST)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc::channel;

    #[test]
    fn the_mixer_is_above_the_rest_of_the_program_whatever_that_was_given() {
        for (own, wanted, expected) in [(0, 10, 10), (1, 10, 10), (10, 10, 11), (50, 10, 51), (99, 10, 99)] {
            assert_eq!(above(own, wanted), expected, "{own}");
        }
    }

    #[test]
    fn a_thread_runs_in_real_time_or_it_is_said_why_not() {
        let (end, ended) = channel::<()>();
        let thread = std::thread::spawn(move || {
            let _ = ended.recv();
        });
        match run(&thread, 3) {
            Ok(priority) => {
                let found = thread_schedule_policy_param(thread.as_pthread_t()).unwrap();
                assert_eq!(found.1.sched_priority, i32::from(priority));
            }
            Err(why) => assert!(!why.is_empty()),
        }
        drop(end);
        thread.join().unwrap();
    }
}
