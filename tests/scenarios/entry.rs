//! The greeting and the keying of a code: steps 4 to 6.

use model::{CallState, Cause, KeyId, Role};
use world::{CALLER, CONF, Level, PhoneId, SDP, SPECTEL, Settings, World};

/// When a prompt begins, with each recording half a second long: the greeting with its pause and the request for a code are 1.5 s.
const GREETING_MS: u64 = 1_500;

fn is_in(world: &World, phone: PhoneId) -> bool {
    world.view(phone).state == CallState::InMeeting
}

fn tries(after: &'static str) -> World {
    World::with(Settings {
        attributes: vec![(Level::Group, "call_operator_after", after)],
        ..Settings::default()
    })
}

/// A room with one more code.
fn with_code(code: &str) -> World {
    let mut world = World::new();
    world.edit_room(|room| {
        let mut key = room.keychain[0].clone();
        (key.id, key.access_code) = (KeyId(900), code.to_owned());
        room.keychain.push(key);
    });
    world
}

#[test]
fn any_digit_stops_the_greeting_and_counts() {
    for key in "0123456789".chars() {
        let code = format!("{key}07");
        let mut world = with_code(&code);
        let phone = world.call(CONF);
        world.pass(100);
        assert_eq!(world.mixer.hushed, 0);
        world.key(phone, &code[..1]);
        assert_eq!(world.mixer.hushed, 1, "{key}");
        world.key(phone, &code[1..]);
        world.key(phone, "#");
        assert!(is_in(&world, phone), "{key}");
        assert_eq!(world.mixer.hushed, 1, "{key}");
    }
}

#[test]
fn star_and_pound_stop_the_greeting_too_and_are_no_code() {
    for key in ["*", "#"] {
        let mut world = World::new();
        let phone = world.call(CONF);
        world.key(phone, key);
        assert_eq!((world.mixer.hushed, world.heard(phone, "code_not_valid")), (1, 0));
        world.key(phone, "111#");
        assert!(is_in(&world, phone));
    }
}

#[test]
fn the_request_for_a_code_is_barged_in_like_the_greeting() {
    let mut world = World::new();
    let phone = world.call(SPECTEL);
    world.key(phone, "999#");
    world.pass(1);
    assert_eq!(world.last_words(phone), ["code_not_valid", "enter_code"]);
    world.key(phone, "111");
    world.pass(1_000);
    assert!(is_in(&world, phone));
    assert_eq!(world.mixer.hushed, 2);
}

#[test]
fn four_seconds_after_the_last_digit_the_code_is_complete() {
    let mut world = World::new();
    let phone = world.call(CONF);
    world.key(phone, "11");
    world.pass(3_700);
    world.key(phone, "1");
    world.pass(3_749);
    assert!(!is_in(&world, phone));
    world.pass(1);
    assert!(is_in(&world, phone));
}

#[test]
fn pound_ends_the_code_at_once_and_star_starts_over() {
    for keys in ["111#", "99*111#", "*111#", "999***111#"] {
        let mut world = World::new();
        let phone = world.call(CONF);
        world.key(phone, keys);
        assert!(is_in(&world, phone), "{keys}");
        assert_eq!(world.heard(phone, "code_not_valid"), 0, "{keys}");
    }
}

#[test]
fn a_pound_that_follows_a_code_taken_early_is_swallowed_once_within_three_seconds() {
    for (number, keys, wait) in [(SPECTEL, "111", 0), (CONF, "111", 4_000)] {
        let mut world = World::new();
        let phone = world.call(number);
        world.key(phone, keys);
        world.pass(wait);
        assert!(is_in(&world, phone), "{number}");
        world.key(phone, "##");
        world.pass(5_000);
        assert!(
            !world.has_got(phone, "BYE"),
            "{number}: one of the two was swallowed"
        );
        world.key(phone, "##");
        world.pass(5_000);
        assert_eq!(world.cause(), Cause::Left, "{number}");
    }
    let mut world = World::new();
    let phone = world.enter(SPECTEL, "111");
    world.pass(3_000);
    world.key(phone, "##");
    world.pass(5_000);
    assert_eq!(world.cause(), Cause::Left, "too late to belong to the code");
}

#[test]
fn spectel_waits_where_a_longer_code_begins_with_the_digits_and_conf_always() {
    let mut world = with_code("1112");
    let phone = world.call(SPECTEL);
    world.key(phone, "111");
    assert!(!is_in(&world, phone));
    world.pass(4_000);
    assert!(is_in(&world, phone));
    let other = world.call(SPECTEL);
    world.key(other, "1112");
    assert!(is_in(&world, other));
    let third = world.call(CONF);
    world.key(third, "222");
    assert!(!is_in(&world, third));
}

#[test]
fn silence_of_ten_seconds_repeats_the_request_twice_and_then_counts_as_wrong() {
    let mut world = World::new();
    let phone = world.call(CONF);
    world.pass(100_000);
    let repeat = 10_500;
    let first = [0, GREETING_MS + 10_000, GREETING_MS + 10_000 + repeat];
    let wrong = GREETING_MS + 10_000 + 2 * repeat;
    let asked = [0, wrong, 2 * wrong]
        .map(|round| first.map(|at| at + round))
        .concat();
    assert_eq!(world.times(phone, "enter_code"), asked);
    assert_eq!(
        world.times(phone, "code_not_valid"),
        [wrong, 2 * wrong, 3 * wrong]
    );
    assert_eq!(world.last_words(phone), ["code_not_valid", "goodbye"]);
    assert_eq!(world.cause(), Cause::WrongCode);
}

#[test]
fn a_digit_ends_the_silence_but_a_star_alone_begins_it_anew() {
    let mut world = World::new();
    let phone = world.call(CONF);
    world.pass(9_000);
    world.key(phone, "*");
    world.pass(9_700);
    assert_eq!(world.heard(phone, "enter_code"), 1);
    world.pass(100);
    assert_eq!(world.heard(phone, "enter_code"), 2);
}

#[test]
fn so_many_wrong_codes_as_configured_are_goodbye() {
    for (after, wrong) in [("0", 1), ("1", 1), ("2", 2), ("5", 5)] {
        let mut world = tries(after);
        let phone = world.call(SPECTEL);
        for _ in 1..wrong {
            world.key(phone, "999#");
            world.pass(10_000);
            assert_eq!(
                world.last_words(phone),
                ["code_not_valid", "enter_code"],
                "{after}"
            );
        }
        world.key(phone, "999#");
        world.pass(10_000);
        assert_eq!(world.last_words(phone), ["code_not_valid", "goodbye"], "{after}");
        assert!(world.has_got(phone, "BYE"), "{after}");
        assert_eq!(world.cause(), Cause::WrongCode, "{after}");
    }
}

#[test]
fn without_a_limit_of_wrong_codes_the_menu_still_ends_after_ten_minutes() {
    let mut world = tries("-1");
    let phone = world.call(SPECTEL);
    world.pass(599_000);
    assert!(!world.has_got(phone, "BYE"));
    world.pass(4_000);
    assert_eq!(world.cause(), Cause::WrongCode);
}

#[test]
fn goodbye_is_heard_before_the_bye() {
    let mut world = tries("1");
    let phone = world.call(SPECTEL);
    world.key(phone, "999#");
    let said = world.times(phone, "goodbye")[0];
    while !world.has_got(phone, "BYE") {
        world.pass(1);
    }
    assert_eq!(world.ms() - said, 1_500);
}

#[test]
fn digits_after_the_verdict_are_for_nobody() {
    let mut world = tries("1");
    let phone = world.call(SPECTEL);
    world.key(phone, "999#111#");
    world.pass(10_000);
    assert_eq!(world.cause(), Cause::WrongCode);
    assert!(world.live.meetings.is_empty());
}

#[test]
fn a_code_that_is_changed_while_somebody_keys_it_is_the_old_one_no_more() {
    let mut world = World::new();
    let phone = world.call(CONF);
    world.key(phone, "11");
    world.edit_room(|room| room.keychain[0].access_code = "112".to_owned());
    world.key(phone, "1#");
    world.pass(1_000);
    assert_eq!(world.heard(phone, "code_not_valid"), 1);
    world.key(phone, "112#");
    world.pass(2_000);
    assert_eq!(world.view(phone).role, Some(Role::Host));
}

#[test]
fn a_code_that_is_taken_away_between_look_up_and_answer_ends_the_call() {
    let mut world = World::new();
    let phone = world.call(CONF);
    world.key(phone, "999#");
    world.pass(100);
    world.key(phone, "111#");
    assert!(
        !is_in(&world, phone),
        "the answer after a wrong one takes a second"
    );
    world.edit_room(|room| drop(room.keychain.remove(0)));
    world.pass(5_000);
    assert_eq!(world.cause(), Cause::WrongCode);
    assert!(world.has_got(phone, "BYE"));
}

#[test]
fn the_menu_speaks_only_to_a_caller_who_can_hear_it() {
    let mut world = World::new();
    let phone = world.phone(CONF, CALLER);
    world.manners(phone).acknowledges = false;
    world.send(phone, "INVITE", "", SDP);
    world.pass(10_000);
    assert!(world.mixer.said.is_empty());
    assert_eq!(world.view(phone).state, CallState::Menu);
}
