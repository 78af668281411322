use meeting::Tone;
use model::Role::{Host, Listener, Participant};
use model::attribute::AttributeId;
use model::{Command, Event, LegId};

use crate::script::{Script, leg, rest};

#[test]
fn many_who_come_at_once_make_one_tone_a_second() {
    let mut script = Script::new(&[]);
    let mut tones = 0;
    for number in 1..=30 {
        tones += script.joins(number, Participant).tones().len();
        script.now += std::time::Duration::from_millis(100);
    }
    assert_eq!(tones, 3, "thirty joins in three seconds");
    assert_eq!(
        script.leaves(1).tones(),
        [Tone::Exit],
        "one second after the last"
    );
    assert_eq!(script.leaves(2).tones(), [], "the gap is for both tones");
    script.wait(1);
    assert_eq!(script.leaves(3).tones(), [Tone::Exit]);
}

#[test]
fn no_tone_sounds_as_the_meeting_ends() {
    let mut script = Script::with(&[], &[(1, Host), (2, Participant), (3, Participant)]);
    let did = script.asks(rest(), Command::Stop);
    assert_eq!((did.dropped().len(), did.tones()), (3, vec![]));
    let mut script = Script::with(&[], &[(1, Host)]);
    assert_eq!(script.leaves(1).tones(), [], "nobody is left to hear it");
}

#[test]
fn tones_that_are_off_do_not_sound() {
    let mut script = Script::with(&[("conference_entrytones", "off")], &[(1, Host)]);
    assert_eq!(script.joins(2, Participant).tones(), []);
    assert_eq!(script.leaves(2).tones(), [Tone::Exit]);
    let mut script = Script::with(&[("conference_exittones", "off")], &[(1, Host)]);
    assert_eq!(script.joins(2, Participant).tones(), [Tone::Entry]);
    script.wait(5);
    assert_eq!(script.leaves(2).tones(), []);
}

#[test]
fn the_tones_key_steps_through_four_states_and_says_which_to_the_one() {
    use AttributeId::{conference_entrytones as entry, conference_exittones as exit};
    let mut script = Script::with(&[], &[(1, Host), (2, Participant)]);
    let set = |id, value: &str| Event::AttributeSet {
        id,
        value: value.to_owned(),
    };
    for (said, events) in [
        ("tones_on_off", vec![set(exit, "off")]),
        ("tones_off_on", vec![set(entry, "off"), set(exit, "on")]),
        ("tones_off_off", vec![set(exit, "off")]),
        ("tones_on_on", vec![set(entry, "on"), set(exit, "on")]),
    ] {
        let did = script.asks(leg(1), Command::StepTones);
        assert_eq!(
            (
                did.told(1).as_str(),
                did.told(2).as_str(),
                did.announced().as_str()
            ),
            (said, "", "")
        );
        assert_eq!(did.events(), events);
    }
}

#[test]
fn what_the_tones_key_says_is_what_sounds() {
    let mut script = Script::with(&[], &[(1, Host), (2, Participant)]);
    script.asks(leg(1), Command::StepTones);
    script.asks(leg(1), Command::StepTones);
    assert_eq!(script.joins(3, Participant).tones(), []);
    assert_eq!(script.leaves(3).tones(), [Tone::Exit]);
}

#[test]
fn the_count_is_told_to_the_one_who_asks() {
    let mut script = Script::with(&[], &[(1, Host)]);
    let count = || Command::Count { leg: LegId(1) };
    assert_eq!(script.asks(leg(1), count()).told(1), "only_person");
    script.joins(2, Listener);
    script.joins(3, Participant);
    let did = script.asks(leg(1), count());
    assert_eq!(did.told(1), "there_are 3 people_in_meeting");
    assert_eq!(did.0.len(), 1, "and to nobody else");
    script.leaves(3);
    assert_eq!(
        script.asks(leg(1), count()).told(1),
        "there_are 2 people_in_meeting"
    );
}

#[test]
fn the_lock_is_announced_to_everybody_those_on_hold_too() {
    let settings = [("conference_hold_policy", "l")];
    let mut script = Script::with(&settings, &[(1, Host), (2, Participant), (3, Listener)]);
    let did = script.asks(leg(1), Command::ToggleLock);
    assert_eq!(did.announced(), "now_locked");
    assert_eq!(
        (did.told(2).as_str(), did.told(3).as_str()),
        ("", "now_locked"),
        "over the music"
    );
    assert_eq!(did.events_by(), [(leg(1), Event::Locked(true))]);
    assert!(script.meeting.locked());
    assert_eq!(script.asks(rest(), Command::SetLock(true)).0, []);
    assert_eq!(
        script.asks(rest(), Command::SetLock(false)).announced(),
        "now_unlocked"
    );
    assert!(!script.meeting.locked());
}

#[test]
fn a_host_who_waits_hears_what_came_of_its_keys() {
    let mut script = Script::with(
        &[("conference_start_how", "explicit")],
        &[(1, Host), (2, Participant)],
    );
    let did = script.asks(leg(1), Command::ToggleLock);
    assert_eq!((did.told(1).as_str(), did.told(2).as_str()), ("now_locked", ""));
}
