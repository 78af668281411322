use meeting::{Entry, Meeting};
use model::{Command, MeetingState};

use crate::world::*;

#[test]
fn the_log_keeps_what_was_asked_by_whom_when_and_why_it_was_refused() {
    let mut world = World::with(&[], &[HOST]);
    world.wait(7);
    world.ask(caller(9), Command::ToggleLock);
    let entries: Vec<_> = world.meeting.log().collect();
    assert_eq!(entries.iter().map(|entry| entry.seq).collect::<Vec<_>>(), [0, 1]);
    assert_eq!(entries[1].at.duration_since(world.epoch).as_secs(), 7);
    let refused = Some("no such leg in this meeting");
    let (actor, command) = (caller(9), Command::ToggleLock);
    assert_eq!(
        entries[1].entry,
        Entry::Command {
            actor,
            command,
            refused
        }
    );
}

#[test]
fn a_log_that_is_full_drops_its_oldest_entries_and_counts_them() {
    let mut meeting = Meeting::with_log(policy(&[]), 3);
    let now = epoch();
    for n in 0..5 {
        meeting.handle_input(now, caller(n), Command::Join(entrant(n, GUEST)));
        while meeting.poll_output().is_some() {}
    }
    assert_eq!(
        meeting.log().map(|entry| entry.seq).collect::<Vec<_>>(),
        [2, 3, 4]
    );
    assert_eq!(meeting.log_dropped(), 2);
}

#[test]
fn a_replayed_log_gives_the_same_meeting_timers_included() {
    let settings = [
        ("conference_start_how", "moderator"),
        ("conference_stop_how", "moderator"),
        ("call_maxduration", "900"),
    ];
    let mut world = World::with(&settings, &[GUEST, GUEST]);
    world.wait(70);
    world.join(3, HOST);
    world.ask(caller(3), Command::StepMuteMode);
    world.wait(100);
    world.hang_up(3);
    world.wait(151);
    let again = Meeting::replay(policy(&settings), world.meeting.log());
    assert_eq!(again.snapshot(), world.meeting.snapshot());
    assert!(again.log().eq(world.meeting.log()));
    assert_eq!(again.state(), MeetingState::InProgress);
}
