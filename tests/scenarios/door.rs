//! From the INVITE to the answer, and how calls end.

use bridge::control::{Input, MediaReport, Shut};
use model::Cause;
use world::{CONF, Level, Settings, World};

#[test]
fn every_form_of_a_number_finds_it_and_others_get_404_and_a_record() {
    for form in [
        CONF,
        "+15162065319",
        "5162065319",
        "01115162065319",
        "%2B15162065319",
    ] {
        let mut world = World::new();
        let phone = world.call(form);
        assert!(
            world.has_got(phone, "SIP/2.0 200"),
            "{form}: {:?}",
            world.got(phone)
        );
    }
    let mut world = World::new();
    let phone = world.call("15162065300");
    assert!(world.has_got(phone, "SIP/2.0 404"));
    assert_eq!(
        (world.cause(), world.cdrs()[0].sip_status),
        (Cause::UnknownNumber, 404)
    );
}

#[test]
fn it_rings_for_the_delay_and_then_answers() {
    let mut world = World::with(Settings {
        attributes: vec![(Level::Did, "call_delay", "3")],
        ..Settings::default()
    });
    let phone = world.call(CONF);
    world.pass(2_998);
    assert!(world.has_got(phone, "SIP/2.0 180") && !world.has_got(phone, "SIP/2.0 200"));
    world.pass(1);
    assert!(world.has_got(phone, "SIP/2.0 200"));
    assert_eq!(world.answered_after, [3_000]);
}

#[test]
fn a_caller_who_gives_up_while_it_rings_leaves_a_record() {
    let mut world = World::with(Settings {
        attributes: vec![(Level::Did, "call_delay", "3")],
        ..Settings::default()
    });
    let phone = world.call(CONF);
    world.pass(500);
    world.send(phone, "CANCEL", "", "");
    assert!(world.has_got(phone, "SIP/2.0 487"));
    assert_eq!(
        (world.cause(), world.cdrs()[0].sip_status),
        (Cause::Cancelled, 487)
    );
    assert!(world.live.calls.is_empty());
}

#[test]
fn a_bridge_that_stops_ends_its_calls_and_takes_no_more() {
    let mut world = World::new();
    let phone = world.enter(CONF, "111#");
    world.input(bridge::control::Input::Shutdown);
    assert!(world.has_got(phone, "BYE"));
    assert_eq!(world.cause(), Cause::Shutdown);
    let late = world.call(CONF);
    assert!(world.has_got(late, "SIP/2.0 503"));
}

#[test]
fn while_the_mixer_is_busy_new_calls_get_503_and_those_who_talk_go_on() {
    let mut world = World::new();
    let talker = world.enter(CONF, "111#");
    let load = |world: &mut World, percent| {
        for _ in 0..3 {
            world.input(Input::Media(MediaReport::Load { percent }));
        }
    };
    load(&mut world, 85);
    let phone = world.call(CONF);
    assert!(world.last_of(phone, "SIP/2.0 503").contains("Retry-After: 10"));
    assert!(world.speaks(talker) && !world.has_got(talker, "BYE"));
    load(&mut world, 75);
    let phone = world.call(CONF);
    assert!(world.has_got(phone, "SIP/2.0 503"));
    load(&mut world, 60);
    let phone = world.call(CONF);
    assert!(world.has_got(phone, "SIP/2.0 200"));
    let shut_out: Vec<_> = world.control.counts().shut_out().collect();
    assert!(shut_out.contains(&(Shut::MaxLoad, 2)), "{shut_out:?}");
}

#[test]
fn calls_that_come_faster_than_the_mixer_tells_its_load_are_counted_before_it_does() {
    let mut world = World::new();
    let phones: Vec<_> = (0..60).map(|_| world.call(CONF)).collect();
    assert!(phones.iter().all(|phone| world.has_got(*phone, "SIP/2.0 200")));
    for _ in 0..3 {
        world.input(Input::Media(MediaReport::Load { percent: 60 }));
    }
    // A percent each, as it seems, and 80 are allowed.
    let rush: Vec<_> = (0..30).map(|_| world.call(CONF)).collect();
    let taken = rush
        .iter()
        .take_while(|phone| world.has_got(**phone, "SIP/2.0 200"))
        .count();
    assert_eq!(taken, 19);
    assert!(
        rush[taken..]
            .iter()
            .all(|phone| world.has_got(*phone, "SIP/2.0 503"))
    );
}

#[test]
fn a_mixer_that_was_held_up_once_takes_calls_and_one_that_stays_behind_does_not() {
    let mut world = World::new();
    let talker = world.enter(CONF, "111#");
    let mut answers = vec![];
    for percent in [100, 30, 100, 100, 100, 30, 101] {
        world.input(Input::Media(MediaReport::Load { percent }));
        let phone = world.call(CONF);
        answers.push(world.has_got(phone, "SIP/2.0 503"));
    }
    assert_eq!(answers, [false, false, false, false, true, true, true]);
    assert!(world.speaks(talker) && !world.has_got(talker, "BYE"));
}

#[test]
fn while_the_mixer_is_overrun_who_keys_a_code_is_let_down_and_those_who_talk_go_on() {
    let mut world = World::new();
    let talker = world.enter(CONF, "111#");
    let [once, early, late] = [(); 3].map(|()| world.call(CONF));
    let load = |world: &mut World, percent| world.input(Input::Media(MediaReport::Load { percent }));
    // Once, and without more to do than there is time, it may be the machine.
    for (phone, percent) in [(once, [100, 180]), (early, [120, 101]), (late, [60, 110])] {
        percent.into_iter().for_each(|percent| load(&mut world, percent));
        world.key(phone, "222#");
        world.pass(10_000);
    }
    assert!(
        [once, late, talker]
            .iter()
            .all(|phone| world.speaks(*phone) && !world.has_got(*phone, "BYE"))
    );
    assert!(world.has_got(early, "BYE"));
    assert_eq!(world.end_of(early), Some(Cause::BridgeFull));
}
