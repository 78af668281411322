//! What is keyed in a meeting.

use bridge::control::{Input, MediaReport};
use meeting::Hears;
use model::{Cause, Event, Role};
use world::{CONF, PhoneId, ROOM, World};

/// A host, a participant and a listener in the demo's room, with everything said.
fn three() -> (World, [PhoneId; 3]) {
    let mut world = World::new();
    let phones = ["111#", "222#", "333#"].map(|code| world.enter(CONF, code));
    world.pass(5_000);
    (world, phones)
}

fn speaks(world: &World, phones: [PhoneId; 3]) -> [bool; 3] {
    phones.map(|phone| world.speaks(phone))
}

#[test]
fn mute_others_steps_through_its_modes_and_never_touches_hosts() {
    let (mut world, phones) = three();
    for (mode, prompt, speaking) in [
        (36, "mode_soft", [true, false, false]),
        (40, "mode_hard", [true, false, false]),
        (32, "mode_open", [true, true, false]),
        (36, "mode_soft", [true, false, false]),
    ] {
        let before = world.announced(prompt);
        world.key(phones[0], "*5");
        assert_eq!(world.meeting(ROOM).mute.bits(), mode);
        assert_eq!(world.announced(prompt), before + 1, "{mode}");
        assert_eq!(speaks(&world, phones), speaking, "{mode}");
        world.pass(1_000);
    }
}

#[test]
fn muted_softly_one_may_unmute_oneself_and_hard_not() {
    let (mut world, [host, guest, _]) = three();
    world.key(host, "*5");
    world.key(guest, "*6");
    assert!(world.speaks(guest));
    assert_eq!(world.last_words(guest), ["now_unmuted"]);
    world.key(host, "*5");
    assert!(!world.speaks(guest));
    world.key(guest, "*6");
    assert!(!world.speaks(guest));
    assert_eq!(world.last_words(guest), ["muted_by_host_raise_hand"]);
    world.key(host, "*5");
    assert!(world.speaks(guest));
}

#[test]
fn ones_own_mute_outlasts_the_modes() {
    let (mut world, [host, guest, _]) = three();
    world.key(guest, "*6");
    for _ in 0..3 {
        world.key(host, "*5");
        assert!(!world.speaks(guest));
    }
    world.key(guest, "*6");
    assert!(world.speaks(guest));
}

#[test]
fn later_joiners_get_the_mode_in_force_and_are_told() {
    for (steps, words) in [(1, "muted_may_unmute"), (2, "you_are_muted")] {
        let (mut world, [host, _, _]) = three();
        for _ in 0..steps {
            world.key(host, "*5");
        }
        let late = world.enter(CONF, "222#");
        assert!(!world.speaks(late));
        assert_eq!(world.heard(late, words), 1);
        let late_host = world.enter(CONF, "111#");
        assert!(world.speaks(late_host));
        assert_eq!(world.heard(late_host, words), 0);
    }
}

#[test]
fn hold_gives_guests_music_while_hosts_talk_and_each_comes_back_as_it_was() {
    let (mut world, phones) = three();
    let [host, guest, listener] = phones;
    world.key(guest, "*6");
    world.key(host, "*3");
    assert_eq!(
        phones.map(|phone| world.hears(phone)),
        [Hears::Room, Hears::Music, Hears::Music]
    );
    assert_eq!(speaks(&world, phones), [true, false, false]);
    assert_eq!(world.last_words(host), ["hold_on"]);
    assert_eq!(world.last_words(guest), ["now_on_hold"]);
    let late = world.enter(CONF, "222#");
    assert_eq!(
        (world.hears(late), world.heard(late, "you_are_on_hold")),
        (Hears::Music, 1)
    );
    world.pass(2_000);
    world.key(host, "*3");
    assert_eq!(phones.map(|phone| world.hears(phone)), [Hears::Room; 3]);
    assert_eq!(speaks(&world, phones), [true, false, false]);
    assert!(world.speaks(late));
    assert_eq!(world.last_words(listener), ["back_from_hold"]);
    assert_eq!(world.last_words(host), ["hold_off"]);
}

#[test]
fn one_on_hold_may_mute_itself_meanwhile() {
    let (mut world, [host, guest, _]) = three();
    world.key(host, "*3");
    world.key(guest, "*6");
    world.key(host, "*3");
    assert!(!world.speaks(guest));
    assert_eq!(world.hears(guest), Hears::Room);
}

#[test]
fn the_lock_is_announced_each_time() {
    let (mut world, [host, _, _]) = three();
    world.key(host, "*7");
    assert!(world.meeting(ROOM).locked);
    world.key(host, "*7");
    assert!(!world.meeting(ROOM).locked);
    assert_eq!(
        (world.announced("now_locked"), world.announced("now_unlocked")),
        (1, 1)
    );
}

#[test]
fn the_head_count_is_spoken_privately_with_the_right_number() {
    let mut world = World::new();
    let host = world.enter(CONF, "111#");
    world.pass(3_000);
    world.key(host, "*2");
    assert_eq!(world.last_words(host), ["only_person"]);
    for (more, words) in [
        (1, vec!["number_2"]),
        (17, vec!["number_19"]),
        (1, vec!["number_20"]),
        (3, vec!["number_20", "number_3"]),
        (78, vec!["number_1", "number_hundred", "number_1"]),
    ] {
        for _ in 0..more {
            world.enter(CONF, "222#");
        }
        world.key(host, "*2");
        let said = world.last_words(host);
        assert_eq!(said.first(), Some(&"there_are"));
        assert_eq!(said[1..said.len() - 1], words);
        assert_eq!(said.last(), Some(&"people_in_meeting"));
    }
    assert_eq!(world.announced("there_are"), 0);
}

#[test]
fn roles_without_a_command_are_told_and_nothing_happens() {
    for keys in ["*5", "*3", "*7", "*2", "*8", "*1", "91"] {
        for who in [1, 2] {
            let (mut world, phones) = three();
            let before = world.live.version;
            world.key(phones[who], keys);
            assert_eq!(world.last_words(phones[who]), ["command_not_allowed"], "{keys}");
            assert_eq!(world.live.version, before, "{keys}");
        }
    }
    let (mut world, [_, _, listener]) = three();
    world.key(listener, "*6");
    assert_eq!(world.last_words(listener), ["command_not_allowed"]);
}

#[test]
fn tones_step_through_their_four_settings() {
    let (mut world, [host, _, _]) = three();
    for (prompt, entry, exit) in [
        ("tones_on_off", 1, 0),
        ("tones_off_on", 0, 1),
        ("tones_off_off", 0, 0),
        ("tones_on_on", 1, 1),
    ] {
        world.key(host, "*8");
        assert_eq!(world.last_words(host), [prompt]);
        let before = (world.announced("entry_tone"), world.announced("exit_tone"));
        world.pass(2_000);
        let guest = world.enter(CONF, "222#");
        world.pass(2_000);
        world.hang_up(guest);
        world.pass(2_000);
        let after = (world.announced("entry_tone"), world.announced("exit_tone"));
        assert_eq!(
            (after.0 - before.0, after.1 - before.1),
            (entry, exit),
            "{prompt}"
        );
    }
}

#[test]
fn many_who_come_at_once_make_one_tone_a_second() {
    let mut world = World::new();
    world.enter(CONF, "111#");
    world.pass(5_000);
    let before = world.announced("entry_tone");
    let phones: Vec<_> = (0..50).map(|_| world.call(CONF)).collect();
    for phone in &phones {
        let leg = world.leg(*phone);
        for key in "222#".chars() {
            let digit = bridge::control::MediaReport::Digit { leg, key };
            world.input(bridge::control::Input::Media(digit));
        }
    }
    assert_eq!(world.meeting(ROOM).legs.len(), 51);
    assert_eq!(world.announced("entry_tone") - before, 1);
    world.pass(5_000);
    for phone in &phones {
        world.hang_up(*phone);
        world.pass(100);
    }
    assert_eq!(world.announced("exit_tone"), 5);
}

#[test]
fn the_role_pin_makes_a_host_and_a_wrong_one_costs_a_guess() {
    let (mut world, [_, guest, listener]) = three();
    world.key(guest, "99333#");
    assert_eq!(world.last_words(guest), ["pin_wrong"]);
    assert_eq!(world.view(guest).role, Some(Role::Participant));
    world.key(guest, "99");
    assert_eq!(world.last_words(guest), ["enter_pin"]);
    world.key(guest, "111");
    world.pass(6_000);
    assert_eq!(
        world.view(guest).role,
        Some(Role::Host),
        "the pause ends a PIN as well"
    );
    assert_eq!(world.last_words(guest), ["now_host"]);
    world.key(listener, "99111#");
    assert!(world.speaks(listener));
    let leg = world.leg(guest);
    let role = Role::Host;
    assert!(world.logged(&Event::RoleSet { leg, role }));
}

#[test]
fn guesses_of_the_role_pin_are_budgeted_like_codes() {
    let mut world = World::new();
    let guest = world.enter(CONF, "222#");
    for _ in 0..10 {
        world.key(guest, "99123#");
    }
    world.key(guest, "99111#");
    assert_eq!(world.view(guest).role, Some(Role::Participant));
    assert_eq!(world.heard(guest, "pin_wrong"), 11);
}

#[test]
fn pound_twice_leaves_with_goodbye_and_the_others_hear_a_tone() {
    let (mut world, [host, guest, _]) = three();
    world.key(guest, "##");
    assert!(!world.mixer.routes.contains_key(&world.leg(guest)));
    assert_eq!(world.last_words(guest), ["goodbye"]);
    assert_eq!(world.announced("exit_tone"), 1);
    world.pass(2_000);
    assert_eq!(world.end_of(guest), Some(Cause::Left));
    assert!(world.has_got(guest, "BYE") && !world.has_got(host, "BYE"));
}

#[test]
fn help_names_what_each_role_may_use_and_any_key_ends_it() {
    let lists = |who: usize| {
        let (mut world, phones) = three();
        world.key(phones[who], "*4");
        let help = world.last_words(phones[who]);
        let hushed = world.mixer.hushed;
        world.key(phones[who], "1");
        assert_eq!(world.mixer.hushed, hushed + 1);
        help
    };
    let [host, guest, listener] = [0, 1, 2].map(lists);
    for (line, roles) in [
        ("help_mute", [true, true, false]),
        ("help_mute_others", [true, false, false]),
        ("help_hold", [true, false, false]),
        ("help_lock", [true, false, false]),
        ("help_count", [true, false, false]),
        ("help_tones", [true, false, false]),
        ("help_qa_host", [true, false, false]),
        ("help_raise_hand", [false, false, false]),
        ("help_poll", [true, false, false]),
        ("help_role_pin", [false, true, true]),
        ("help_help", [true, true, true]),
        ("help_leave", [true, true, true]),
    ] {
        let named = [&host, &guest, &listener].map(|help| help.contains(&line));
        assert_eq!(named, roles, "{line}");
    }
}

#[test]
fn keys_of_one_command_are_at_most_three_seconds_apart() {
    let (mut world, [host, _, _]) = three();
    world.key(host, "*");
    world.pass(3_000);
    world.key(host, "6");
    assert!(world.speaks(host));
    world.key(host, "*");
    world.pass(2_700);
    world.key(host, "6");
    assert!(!world.speaks(host));
}

#[test]
fn keys_that_begin_no_command_do_nothing() {
    let (mut world, phones) = three();
    let (before, said) = (world.live.version, world.mixer.said.len());
    for phone in phones {
        world.key(phone, "1234567890A");
        world.pass(4_000);
    }
    assert_eq!((world.live.version, world.mixer.said.len()), (before, said));
}

#[test]
fn keys_are_those_of_the_group_and_roles_those_of_the_room() {
    use world::{Level, Settings};
    let mut world = World::with(Settings {
        attributes: vec![
            (Level::Group, "call_mute_dtmf_binding", "71"),
            (Level::Room, "conference_lock_dtmf", "hp"),
            (Level::Room, "call_exit_dtmf", "h"),
        ],
        ..Settings::default()
    });
    let guest = world.enter(CONF, "222#");
    world.key(guest, "*6");
    assert!(world.speaks(guest));
    world.key(guest, "71");
    assert!(!world.speaks(guest));
    world.key(guest, "*7");
    assert!(world.meeting(ROOM).locked);
    world.key(guest, "##");
    world.pass(5_000);
    assert!(!world.has_got(guest, "BYE"));
}

#[test]
fn keys_beyond_what_anybody_can_press_are_counted_and_not_heard() {
    let (mut world, [_, guest, _]) = three();
    let leg = world.leg(guest);
    for key in ['*', '6'].into_iter().cycle().take(2_000) {
        world.input(Input::Media(MediaReport::Digit { leg, key }));
    }
    assert_eq!(world.control.counts().keys_dropped, 2_000 - 40);
    assert!(world.speaks(guest), "it muted and unmuted itself ten times");
    world.pass(1_000);
    world.key(guest, "*6");
    assert!(!world.speaks(guest));
}
