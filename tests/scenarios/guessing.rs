//! Guessing codes: what is told, how fast, and when no longer. Meetings on the fly.

use model::{Cause, Role};
use world::{CONF, PhoneId, SDP, SPECTEL, World};

const GUESSER: &str = "+15557777";
const OTHER: &str = "+15558888";

/// Keys a code and measures how long the verdict takes, ms; whether the caller is in.
fn verdict(world: &mut World, phone: PhoneId, code: &str) -> (u64, bool) {
    let before = world.heard(phone, "code_not_valid");
    world.key(phone, code);
    world.key(phone, "#");
    let keyed = world.ms() - 250;
    for _ in 0..40_000 {
        let is_in = world.view(phone).meeting.is_some();
        if is_in {
            return (world.times(phone, "only_person")[0] - keyed, true);
        }
        if let Some(at) = world.times(phone, "code_not_valid").get(before) {
            return (at - keyed, false);
        }
        world.pass(1);
    }
    panic!("{code} was never answered");
}

/// Calls again and again and keys wrong codes, so many within an hour; why each call ended.
fn guess(world: &mut World, caller: &str, guesses: usize) -> Vec<Cause> {
    let mut keyed = 0;
    let mut causes = Vec::new();
    while keyed < guesses {
        let phone = world.call_as(SPECTEL, caller, SDP);
        while world.end_of(phone).is_none() {
            if !world.has_got(phone, "BYE") {
                world.key(phone, &format!("{}#", 400 + keyed % 500));
                keyed += 1;
            }
            world.pass(2_000);
        }
        causes.extend(world.end_of(phone));
    }
    causes
}

#[test]
fn unknown_and_disabled_codes_get_the_same_words_after_the_same_time() {
    let told = |world: &mut World, code: &str| {
        let phone = world.call(SPECTEL);
        let mut told = Vec::new();
        for _ in 0..2 {
            told.push((verdict(world, phone, code), world.last_words(phone)));
            world.pass(2_000);
        }
        told
    };
    let unknown = told(&mut World::new(), "98765");
    let mut world = World::new();
    world.edit_room(|room| room.did_group_references[1].disabled = true);
    assert_eq!(told(&mut world, "111"), unknown);
    let mut world = World::new();
    world.edit_room(|room| drop(room.keychain.remove(0)));
    assert_eq!(told(&mut world, "111"), unknown);
    assert_eq!(unknown[0].1, ["code_not_valid", "enter_code"]);
    assert_eq!([unknown[0].0, unknown[1].0], [(0, false), (1_000, false)]);
}

#[test]
fn right_and_wrong_codes_are_answered_after_the_same_time_which_grows() {
    for wrong in 0..3 {
        let times = ["987", "111"].map(|code| {
            let mut world = World::new();
            let phone = world.call(CONF);
            for _ in 0..wrong {
                verdict(&mut world, phone, "999");
            }
            (wrong < 2 || code == "111").then(|| verdict(&mut world, phone, code))
        });
        assert_eq!(times[1], Some((1_000 * wrong, true)));
        assert!(times[0].is_none_or(|time| time == (1_000 * wrong, false)));
    }
}

#[test]
fn a_thousand_guesses_of_one_caller_are_heard_ten_times_and_hurt_nobody_else() {
    let mut world = World::new();
    let causes = guess(&mut world, GUESSER, 1_000);
    // Three a call: the fourth call spends the tenth and is told to go with the eleventh.
    assert_eq!(causes[..3], [Cause::WrongCode; 3]);
    assert!(causes[3..].iter().all(|cause| *cause == Cause::TooManyGuesses));
    assert!(causes.len() > 300);
    let right = world.call_as(SPECTEL, GUESSER, SDP);
    world.key(right, "111");
    world.pass(5_000);
    assert_eq!(
        world.end_of(right),
        Some(Cause::TooManyGuesses),
        "a right one tells nothing any more"
    );
    let other = world.enter_as(SPECTEL, OTHER, "111");
    assert_eq!(world.view(other).role, Some(Role::Host));
}

#[test]
fn right_and_wrong_guesses_over_the_budget_sound_alike() {
    let words = ["111#", "999#"].map(|code| {
        let mut world = World::new();
        guess(&mut world, GUESSER, 20);
        let phone = world.call_as(SPECTEL, GUESSER, SDP);
        let began = world.ms();
        world.key(phone, code);
        world.pass(5_000);
        assert_eq!(world.end_of(phone), Some(Cause::TooManyGuesses));
        let said = world.times(phone, "goodbye")[0] - began;
        (world.last_words(phone), said.div_ceil(1_000))
    });
    assert_eq!(words[0], words[1]);
}

#[test]
fn a_caller_over_its_budget_is_heard_again_an_hour_later() {
    let mut world = World::new();
    guess(&mut world, GUESSER, 20);
    world.pass(3_600_000);
    let phone = world.enter_as(SPECTEL, GUESSER, "111");
    assert_eq!(world.view(phone).role, Some(Role::Host));
}

#[test]
fn a_hundred_wrong_codes_by_many_callers_close_their_source_for_an_hour() {
    let mut world = World::new();
    for n in 0..50 {
        guess(&mut world, &format!("+1555100{n:02}"), 2);
    }
    let phone = world.enter_as(SPECTEL, OTHER, "111");
    world.pass(5_000);
    assert_eq!(world.end_of(phone), Some(Cause::TooManyGuesses));
    world.pass(3_600_000);
    let phone = world.enter_as(SPECTEL, OTHER, "111");
    assert_eq!(world.view(phone).role, Some(Role::Host));
}

#[test]
fn a_hundred_wrong_codes_from_many_places_make_all_callers_of_the_group_wait_and_are_counted() {
    let mut world = World::new();
    for n in 0..34 {
        let phone = world.phone_of(10 + n, CONF, &format!("+15552{n:04}"));
        world.send(phone, "INVITE", "", SDP);
        world.pass(1);
        for code in ["401#", "402#", "403#"] {
            world.key(phone, code);
            world.pass(20_000);
        }
        assert_eq!(world.end_of(phone), Some(Cause::WrongCode));
    }
    let phone = world.call(CONF);
    assert_eq!(verdict(&mut world, phone, "111"), (10_000, true));
    // Two wrong ones and the right one.
    assert_eq!(world.control.counts().guesses_slowed, 3);
}

#[test]
fn a_code_too_short_for_a_meeting_on_the_fly_is_not_valid() {
    for (code, opens) in [
        ("1", false),
        ("123", false),
        ("1234", true),
        ("12345678901234567890", true),
        ("123456789012345678901", false),
    ] {
        let mut world = World::new();
        let phone = world.call(CONF);
        assert_eq!(verdict(&mut world, phone, code), (0, opens), "{code}");
        assert_eq!(world.live.meetings.len(), usize::from(opens));
    }
}

#[test]
fn the_first_caller_on_the_fly_is_host_and_later_ones_are_participants_even_once_it_has_left() {
    let mut world = World::new();
    let roles = ["+15550001", "+15550002", "+15550003"].map(|caller| {
        let phone = world.enter_as(CONF, caller, "4711#");
        (phone, world.view(phone).role)
    });
    assert_eq!(
        roles.map(|(_, role)| role),
        [Some(Role::Host), Some(Role::Participant), Some(Role::Participant)]
    );
    world.hang_up(roles[0].0);
    let back = world.enter_as(CONF, "+15550001", "4711#");
    assert_eq!(world.view(back).role, Some(Role::Participant));
    assert_eq!(world.live.meetings.len(), 1);
}

#[test]
fn meetings_on_the_fly_of_other_codes_and_other_numbers_are_apart() {
    let mut world = World::new();
    let first = world.enter_as(CONF, "+15550001", "4711#");
    let second = world.enter_as(CONF, "+15550002", "4712#");
    assert_ne!(world.view(first).meeting, world.view(second).meeting);
    let numbers: Vec<_> = world.live.meetings.keys().map(|number| number.0).collect();
    assert!(numbers.iter().all(|number| (100_000..1_000_000).contains(number)));
    let stranger = world.call_as(SPECTEL, "+15550003", SDP);
    assert!(!verdict(&mut world, stranger, "4711").1);
}

#[test]
fn one_caller_opens_twenty_meetings_an_hour_and_may_still_join_others() {
    let mut world = World::new();
    for n in 0..20 {
        let phone = world.enter_as(CONF, GUESSER, &format!("{}#", 5_000 + n));
        assert_eq!(world.view(phone).role, Some(Role::Host), "{n}");
        world.hang_up(phone);
    }
    let phone = world.call_as(CONF, GUESSER, SDP);
    assert_eq!(world.control.counts().meetings_unopened, 0);
    assert!(!verdict(&mut world, phone, "6000").1);
    assert_eq!(world.control.counts().meetings_unopened, 1);
    world.enter_as(CONF, OTHER, "7000#");
    world.key(phone, "7000#");
    world.pass(2_000);
    assert_eq!(world.view(phone).role, Some(Role::Participant));
}

#[test]
fn codes_that_open_meetings_on_the_fly_are_guesses_and_slow_their_group_down_beyond_a_hundred() {
    let mut world = World::new();
    for n in 0..100 {
        let phone = world.phone_of(10 + n, CONF, &format!("+15552{n:04}"));
        world.send(phone, "INVITE", "", SDP);
        world.pass(1);
        let code = format!("{}", 5_000 + u32::from(n));
        assert_eq!(verdict(&mut world, phone, &code), (0, true), "{n}");
        world.hang_up(phone);
    }
    assert_eq!(world.control.counts().guesses_slowed, 0);
    let right = world.call(CONF);
    assert_eq!(verdict(&mut world, right, "111"), (10_000, true));
    let new = world.call_as(CONF, OTHER, SDP);
    assert_eq!(
        verdict(&mut world, new, "6000"),
        (10_000, true),
        "slower, and open all the same"
    );
    assert_eq!(world.control.counts().guesses_slowed, 2);
    let elsewhere = world.call(SPECTEL);
    assert_eq!(verdict(&mut world, elsewhere, "999"), (0, false));
    for phone in [right, new, elsewhere] {
        world.hang_up(phone);
    }
    world.pass(3_600_000);
    let later = world.call_as(CONF, OTHER, SDP);
    assert_eq!(verdict(&mut world, later, "111"), (0, true));
}

#[test]
fn a_bridge_full_of_meetings_opens_no_other_on_the_fly() {
    let mut world = World::new();
    for n in 0..100 {
        world.enter_as(CONF, &format!("+155520{n:02}"), &format!("{}#", 5_000 + n));
    }
    assert_eq!(world.live.meetings.len(), 100);
    let phone = world.call(CONF);
    assert!(!verdict(&mut world, phone, "6000").1);
    let phone = world.enter(CONF, "111#");
    // A hundred codes that were nobody's: all callers of the group wait.
    world.pass(20_000);
    assert_eq!(world.end_of(phone), Some(Cause::BridgeFull));
}

#[test]
fn wrong_codes_are_in_no_record() {
    let mut world = World::new();
    let phone = world.call(SPECTEL);
    verdict(&mut world, phone, "98765");
    world.key(phone, "98764#");
    world.hang_up(phone);
    assert_eq!(world.cdrs()[0].access_code, "");
    assert!(!format!("{:?}", world.records).contains("9876"));
}
