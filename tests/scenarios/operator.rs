//! Callers who call the operator, by key, by REST or by wrong codes, and the operator's own call beside them.

use api::{CommandError, LiveCommand, Target};
use bridge::control::{DialOut, Input, MediaReport, Operator};
use meeting::Hears;
use model::{CallState, Cause, Command, Event, Happening, LegId, Mute, News, OperatorMode};
use serde_json::json;
use world::{CONF, Level, PhoneId, ROOM, SDP, SPECTEL, Settings, Site, Ways, World};

use crate::dialling::{assert_idle, record};

/// The operator at a number that dial-out itself allows nobody to call.
fn desk() -> (DialOut, Operator) {
    let dial_out = DialOut {
        allow: Vec::new(),
        ..World::dial_plan()
    };
    let operator = Operator::new("+1 900 555 0199", &dial_out).expect("an operator");
    (dial_out, operator)
}

fn with(change: impl FnOnce(&mut Operator), attributes: Vec<(Level, &'static str, &'static str)>) -> World {
    let (dial_out, mut operator) = desk();
    change(&mut operator);
    World::with(Settings {
        dial_out,
        operator: Some(operator),
        attributes,
        ..Settings::default()
    })
}

/// The demo with an operator.
pub(crate) fn world() -> World {
    with(|_| {}, Vec::new())
}

/// A host and a guest in the room; nothing is being said any more.
fn meeting(world: &mut World) -> (PhoneId, PhoneId) {
    let host = world.enter(CONF, "111#");
    let guest = world.enter(CONF, "222#");
    world.pass(5_000);
    (host, guest)
}

/// The leg of the operator who was called last.
fn operator(world: &World) -> LegId {
    let mut calls = world.live.calls.values().rev();
    calls
        .find(|call| call.outbound)
        .expect("the operator is called")
        .leg
}

/// The guest calls the operator, whom it rings at; the operator's leg and its INVITE.
fn ringing(world: &mut World, guest: PhoneId) -> (LegId, String) {
    world.key(guest, "*0");
    let invite = world.at_trunk("INVITE").to_owned();
    world.trunk_replies(&invite, 180, "a", "");
    (operator(world), invite)
}

/// The same, and the operator answers.
fn talking(world: &mut World, guest: PhoneId) -> (LegId, String) {
    let (leg, invite) = ringing(world, guest);
    world.trunk_replies(&invite, 200, "a", SDP);
    world.pass(1);
    (leg, invite)
}

fn set(leg: LegId, on: bool) -> LiveCommand {
    LiveCommand::Meeting(Command::SetOperator { leg, on })
}

/// How the world was told of a caller's way to the operator and back.
fn told(world: &World, leg: LegId) -> Vec<(OperatorMode, Option<Cause>)> {
    let about = |happening: &Happening| match &happening.news {
        News::Meeting(Event::OperatorSet { leg: of, mode, cause }) if *of == leg => Some((*mode, *cause)),
        News::Meeting(_) | News::Call { .. } => None,
    };
    world
        .told
        .iter()
        .filter_map(|happening| about(happening))
        .collect()
}

fn is_back(world: &World, guest: PhoneId) -> bool {
    let (view, leg) = (world.view(guest), world.leg(guest));
    let room = world.meeting(ROOM).id;
    view.operator == OperatorMode::None
        && view.state == CallState::InMeeting
        && world.mixer.places[&leg] == room
        && world.mixer.rooms.len() == 1
        && world.hears(guest) == Hears::Room
}

#[test]
fn a_caller_keys_for_the_operator_talks_in_private_and_is_back_when_the_operator_hangs_up() {
    let mut world = world();
    let (host, guest) = meeting(&mut world);
    let leg = world.leg(guest);
    let tones = world.announced("entry_tone") + world.announced("exit_tone");
    let said = world.mixer.said.len();
    let (desk, invite) = ringing(&mut world, guest);
    assert!(invite.starts_with("INVITE sip:+19005550199@127.0.0.1:31000;user=phone SIP/2.0\r\n"));
    assert!(
        invite.contains("From: <sip:+15162065319@127.0.0.1:5060;user=phone>"),
        "{invite}"
    );
    let view = world.view(guest);
    assert_eq!(
        (view.operator, view.state),
        (OperatorMode::Requested, CallState::InMeeting)
    );
    assert_eq!(world.last_words(guest), ["calling_operator"]);
    assert_eq!((world.speaks(guest), world.hears(guest)), (false, Hears::Music));
    let room = world.meeting(ROOM).id;
    assert_eq!(world.mix_of(room), [world.leg(host)], "neither heard nor hearing");

    world.pass(3_000);
    world.trunk_replies(&invite, 200, "a", SDP);
    assert_eq!(world.view(guest).operator, OperatorMode::With);
    assert_eq!(world.last_words(guest), ["with_operator"]);
    let aside = world.mixer.places[&leg];
    assert_eq!((aside != room, world.mixer.places[&desk] == aside), (true, true));
    assert_eq!(
        (world.mix_of(aside), world.mix_of(room)),
        (vec![leg, desk], vec![world.leg(host)])
    );
    assert_eq!(world.mixer.routes[&desk], (true, Hears::Room));
    assert_eq!(
        world.meeting(ROOM).legs,
        [world.leg(host), leg],
        "the operator is not in it"
    );
    let view = world.dialled_view(desk);
    assert_eq!(
        (view.meeting, view.role, view.state),
        (None, None, CallState::Menu)
    );

    world.callee_asks(&invite, "BYE", 1, "");
    assert!(is_back(&world, guest) && world.speaks(guest));
    assert_eq!(world.last_words(guest), ["back_from_operator"]);
    assert_eq!(
        world.announced("entry_tone") + world.announced("exit_tone"),
        tones
    );
    assert_eq!(world.mixer.said.len(), said + 3, "nobody else was told anything");
    let expected = [
        (OperatorMode::Requested, None),
        (OperatorMode::With, None),
        (OperatorMode::None, Some(Cause::HungUp)),
    ];
    assert_eq!(told(&world, leg), expected);
    assert_eq!(record(&world, desk), (Cause::HungUp, 200));
    let cdr = world.cdrs()[0];
    assert_eq!(
        (cdr.meeting, cdr.role, cdr.access_code.as_str()),
        (None, None, "")
    );
    assert_eq!(
        (cdr.callee.as_str(), cdr.caller.as_str()),
        ("19005550199", "+15162065319")
    );
    for phone in [host, guest] {
        world.hang_up(phone);
    }
    assert_eq!(world.mdrs()[0].calls, 2);
    assert_idle(&mut world);
}

#[test]
fn a_client_has_the_operator_called_and_takes_the_caller_back() {
    let mut world = world();
    let (_, guest) = meeting(&mut world);
    let id = world.leg(guest);
    let site = Site::new(world);
    let path = format!("/calls/{id}");
    let call = site.ask("PUT", &path, r#"{"operatorMode": 1}"#);
    assert_eq!((call.0, &call.1["operatorMode"]), (200, &json!(1)));
    let invite = site.world().at_trunk("INVITE").to_owned();
    site.world().trunk_replies(&invite, 200, "a", SDP);
    assert_eq!(site.ask("GET", &path, "").1["operatorMode"], 2);
    let (_, calls) = site.ask("GET", "/calls?filter=connectionStatus%20eq%201", "");
    let desk = &calls["items"][0];
    assert_eq!(
        (&desk["callee"], &desk["role"], &desk["state"]),
        (&json!("19005550199"), &json!(0), &json!(1))
    );
    assert_eq!(
        (&desk["meetingNumber"], &desk["operatorMode"]),
        (&json!(null), &json!(null))
    );
    assert_eq!(site.ask("GET", "/meetings/106131", "").1["participantCount"], 2);
    assert_eq!(site.ask("GET", "/meetings/106131/calls", "").1["total"], 2);
    for body in [
        r#"{"muteMode": 2}"#,
        r#"{"accessCode": "222"}"#,
        r#"{"operatorMode": 1}"#,
    ] {
        let (status, refusal) = site.ask("PUT", &format!("/calls/{}", desk["id"]), body);
        assert_eq!(status, 400, "{refusal}");
        assert!(refusal.to_string().contains("the operator's call"), "{refusal}");
    }
    let call = site.ask("PUT", &path, r#"{"operatorMode": 0}"#);
    assert_eq!((call.0, &call.1["operatorMode"]), (200, &json!(null)));
    assert_eq!(site.world().count_at_trunk("BYE"), 1);
    assert!(is_back(&site.world(), guest));
    let actions = site.world().audit();
    let actions: Vec<_> = actions.iter().map(|change| change.action.as_str()).collect();
    assert_eq!(actions, ["set_operator", "set_operator"]);
}

#[test]
fn a_client_is_told_why_there_is_no_operator() {
    for (mut world, status, message) in [
        (World::new(), 400, "operator.address is not set"),
        (
            with(|plan| plan.max_calls = 0, Vec::new()),
            503,
            "operator.max_calls",
        ),
        (world(), 400, "has not entered a meeting yet"),
    ] {
        let phone = match message {
            "has not entered a meeting yet" => world.call(CONF),
            _ => world.enter(CONF, "111#"),
        };
        let path = format!("/calls/{}", world.leg(phone));
        let site = Site::new(world);
        let (got, refusal) = site.ask("PUT", &path, r#"{"operatorMode": 1}"#);
        assert_eq!(
            (got, &refusal["errors"][0]["field"]),
            (status, &json!("operatorMode")),
            "{refusal}"
        );
        assert!(refusal.to_string().contains(message), "{refusal}");
        assert_eq!(site.world().count_at_trunk("INVITE"), 0);
    }
}

#[test]
fn an_operator_who_does_not_come_is_not_available_and_the_caller_is_back() {
    for (status, cause) in [
        (486, Cause::Busy),
        (480, Cause::NoAnswer),
        (603, Cause::Declined),
        (404, Cause::Unreachable),
        (488, Cause::NoCodec),
    ] {
        let mut world = world();
        let (_, guest) = meeting(&mut world);
        let (desk, invite) = ringing(&mut world, guest);
        world.trunk_replies(&invite, status, "a", "");
        assert_eq!(world.last_words(guest), ["operator_not_available"], "{status}");
        assert!(is_back(&world, guest) && world.speaks(guest));
        let back = (OperatorMode::None, Some(cause));
        assert_eq!(told(&world, world.leg(guest)).last(), Some(&back));
        assert_eq!(record(&world, desk), (cause, status));
    }
}

#[test]
fn it_rings_as_long_as_the_configuration_says_and_without_way_or_port_not_at_all() {
    let mut world = with(
        |plan| plan.ring_timeout = std::time::Duration::from_secs(20),
        Vec::new(),
    );
    let (_, guest) = meeting(&mut world);
    let (desk, invite) = ringing(&mut world, guest);
    world.pass(19_500);
    assert_eq!(world.count_at_trunk("CANCEL"), 0);
    world.pass(500);
    assert_eq!(world.count_at_trunk("CANCEL"), 1);
    world.trunk_replies(&invite, 487, "a", "");
    assert_eq!(record(&world, desk).0, Cause::NoAnswer);
    assert!(is_back(&world, guest));
    for (ways, ports_left, cause) in [
        (Ways::None, true, Cause::Unreachable),
        (Ways::Open, false, Cause::NoMediaPort),
    ] {
        (world.trunk.ways, world.ports_left) = (ways, ports_left);
        world.key(guest, "*0");
        let back = (OperatorMode::None, Some(cause));
        assert_eq!(told(&world, world.leg(guest)).last(), Some(&back));
        assert!(is_back(&world, guest));
        assert_eq!(world.last_words(guest), ["operator_not_available"]);
    }
}

#[test]
fn the_key_takes_the_call_back_while_it_rings_and_ends_the_talk_afterwards() {
    let mut world = world();
    let (host, guest) = meeting(&mut world);
    let (desk, invite) = ringing(&mut world, guest);
    world.key(guest, "*0");
    assert_eq!(world.count_at_trunk("CANCEL"), 1);
    world.trunk_replies(&invite, 487, "a", "");
    assert_eq!(record(&world, desk), (Cause::Cancelled, 487));
    assert_eq!(world.last_words(guest), ["operator_canceled"]);
    assert!(is_back(&world, guest));

    let (desk, _) = talking(&mut world, guest);
    world.key(guest, "*6");
    assert!(!world.view(guest).mute.any(), "it steers nothing in the meeting");
    world.key(guest, "*0");
    assert_eq!(world.count_at_trunk("BYE"), 1);
    assert_eq!(record(&world, desk), (Cause::HungUp, 200));
    assert_eq!(world.last_words(guest), ["back_from_operator"]);
    assert!(is_back(&world, guest));
    for phone in [host, guest] {
        world.hang_up(phone);
    }
    assert_idle(&mut world);
}

#[test]
fn who_was_muted_or_held_meanwhile_is_so_when_it_is_back() {
    let mut world = world();
    let (host, guest) = meeting(&mut world);
    let (_, invite) = talking(&mut world, guest);
    let leg = world.leg(guest);
    let mute = Mute {
        soft: false,
        hard: true,
    };
    let mute = LiveCommand::Meeting(Command::SetMute { leg, mute });
    assert_eq!(world.request(Target::Leg(leg), mute), Ok(()));
    world.key(host, "*3");
    assert_eq!(
        (world.speaks(guest), world.hears(guest)),
        (true, Hears::Room),
        "they talk on"
    );
    world.callee_asks(&invite, "BYE", 1, "");
    assert_eq!((world.speaks(guest), world.hears(guest)), (false, Hears::Music));
    let words = ["back_from_operator", "you_are_muted", "you_are_on_hold"];
    assert_eq!(world.last_words(guest), words);
}

#[test]
fn whatever_ends_the_caller_s_stay_ends_the_operator_s_call() {
    type Ends = fn(&mut World, PhoneId, PhoneId);
    let ends: [(Ends, Cause); 5] = [
        (|world, _, guest| world.hang_up(guest), Cause::HungUp),
        (|world, _, guest| world.key(guest, "##"), Cause::Left),
        (
            |world, _, guest| {
                let leg = world.leg(guest);
                let hang_up = LiveCommand::HangUp { leg };
                assert_eq!(world.request(Target::Leg(leg), hang_up), Ok(()));
            },
            Cause::DroppedByApi,
        ),
        (
            |world, _, _| {
                let end = LiveCommand::EndMeeting;
                assert_eq!(world.request(world.target(ROOM), end), Ok(()));
            },
            Cause::MeetingStopped,
        ),
        (
            |world, _, guest| {
                let leg = world.leg(guest);
                let access_code = "333".to_owned();
                let moved = LiveCommand::Move { leg, access_code };
                assert_eq!(world.request(Target::Leg(leg), moved), Ok(()));
            },
            Cause::Moved,
        ),
    ];
    for answered in [false, true] {
        for (end, cause) in ends {
            let mut world = world();
            let (host, guest) = meeting(&mut world);
            let (desk, invite) = match answered {
                true => talking(&mut world, guest),
                false => ringing(&mut world, guest),
            };
            let leg = world.leg(guest);
            end(&mut world, host, guest);
            let request = if answered { "BYE" } else { "CANCEL" };
            assert_eq!(world.count_at_trunk(request), 1, "{cause}");
            if !answered {
                world.trunk_replies(&invite, 487, "a", "");
            }
            assert!(world.cdrs().iter().any(|cdr| cdr.leg == desk), "{cause}");
            let back = (OperatorMode::None, Some(cause));
            assert_eq!(told(&world, leg).last(), Some(&back));
            world.pass(5_000);
            for phone in [host, guest] {
                if world.live.calls.contains_key(&world.leg(phone)) {
                    world.hang_up(phone);
                }
            }
            assert_idle(&mut world);
        }
    }
}

#[test]
fn the_operator_s_call_can_be_hung_up_its_keys_do_nothing_and_it_lasts_only_so_long() {
    let mut world = with(
        |plan| plan.max_duration = std::time::Duration::from_secs(600),
        Vec::new(),
    );
    let (host, guest) = meeting(&mut world);
    let (desk, _) = talking(&mut world, guest);
    for key in "*5*7##".chars() {
        world.input(Input::Media(MediaReport::Digit { leg: desk, key }));
        world.pass(250);
    }
    assert!(!world.meeting(ROOM).locked && world.view(host).mute == world.view(guest).mute);
    assert_eq!(world.view(guest).operator, OperatorMode::With);
    let hang_up = LiveCommand::HangUp { leg: desk };
    assert_eq!(world.request(Target::Leg(desk), hang_up), Ok(()));
    assert_eq!((world.count_at_trunk("BYE"), is_back(&world, guest)), (1, true));
    assert_eq!(record(&world, desk), (Cause::DroppedByApi, 200));

    let (desk, _) = talking(&mut world, guest);
    world.pass(599_000);
    assert_eq!(world.view(guest).operator, OperatorMode::With);
    world.pass(1_000);
    assert!(is_back(&world, guest));
    world.pass(5_000);
    assert_eq!(record(&world, desk), (Cause::CallTooLong, 200));
}

#[test]
fn only_so_many_operators_are_called_at_once_and_the_others_are_counted() {
    let mut world = with(|plan| plan.max_calls = 1, Vec::new());
    let (host, guest) = meeting(&mut world);
    let (desk, _) = talking(&mut world, guest);
    world.key(host, "*0");
    assert_eq!(world.last_words(host), ["operator_not_available"]);
    let refused = told(&world, world.leg(host));
    assert_eq!(
        refused.last(),
        Some(&(OperatorMode::None, Some(Cause::BridgeFull)))
    );
    let counts = world.control.counts();
    let mut counted = counts.refused_to_dial().filter(|(_, n)| *n > 0);
    assert_eq!(counted.next(), Some(("operator_max_calls", 1)));
    let leg = world.leg(host);
    let full = world.request(Target::Leg(leg), set(leg, true));
    assert!(matches!(full, Err(CommandError::Full { .. })), "{full:?}");
    world
        .request(Target::Leg(desk), LiveCommand::HangUp { leg: desk })
        .unwrap();
    assert_eq!(world.request(Target::Leg(leg), set(leg, true)), Ok(()));
    assert_eq!(world.count_at_trunk("INVITE"), 2);
}

#[test]
fn a_caller_with_the_operator_is_not_heard_to_talk_in_the_meeting() {
    let mut world = world();
    let (_, guest) = meeting(&mut world);
    let leg = world.leg(guest);
    world.input(Input::Media(MediaReport::Talking { leg, on: true }));
    let from = world.told.len();
    let (_, invite) = talking(&mut world, guest);
    world.callee_asks(&invite, "BYE", 1, "");
    let of_guest = |happening: &&std::sync::Arc<Happening>| happening.news.leg() == Some(leg);
    let kinds = world.told.iter().skip(from).filter(of_guest);
    let kinds: Vec<_> = kinds.map(|happening| happening.news.kind().text()).collect();
    let expected = [
        "digits.command",
        "talking.off",
        "call.operator",
        "call.operator",
        "call.operator",
        "talking.on",
    ];
    assert_eq!(kinds, expected);
}

#[test]
fn wrong_codes_lead_to_the_operator_and_from_there_out() {
    for flow in [CONF, SPECTEL] {
        let mut world = with(|_| {}, vec![(Level::Group, "call_operator_after", "2")]);
        let phone = world.call(flow);
        let leg = world.leg(phone);
        world.pass(2_000);
        for _ in 0..2 {
            world.key(phone, "99#");
            world.pass(3_000);
        }
        assert_eq!(world.last_words(phone), ["code_not_valid", "calling_operator"]);
        assert_eq!((world.speaks(phone), world.hears(phone)), (false, Hears::Music));
        assert_eq!(world.view(phone).operator, OperatorMode::Requested);
        let invite = world.at_trunk("INVITE").to_owned();
        let desk = operator(&world);
        world.trunk_replies(&invite, 200, "a", SDP);
        assert_eq!(world.last_words(phone), ["with_operator"]);
        let aside = world.mixer.places[&leg];
        assert_eq!(world.mix_of(aside), [leg, desk]);
        world.pass(900_000);
        assert_eq!(
            world.view(phone).operator,
            OperatorMode::With,
            "the menu's time is over, theirs not"
        );
        world.callee_asks(&invite, "BYE", 1, "");
        assert_eq!(world.last_words(phone), ["goodbye"]);
        world.pass(5_000);
        assert_eq!(world.end_of(phone), Some(Cause::WrongCode));
        let expected = [
            (OperatorMode::Requested, Some(Cause::WrongCode)),
            (OperatorMode::With, None),
            (OperatorMode::None, Some(Cause::HungUp)),
        ];
        assert_eq!(told(&world, leg), expected);
        assert_idle(&mut world);
    }
}

#[test]
fn a_caller_in_the_menu_hears_that_nobody_comes_or_hangs_up_and_the_operator_is_let_go() {
    for hangs_up in [false, true] {
        let mut world = with(|_| {}, vec![(Level::Group, "call_operator_after", "1")]);
        let phone = world.call(SPECTEL);
        world.pass(2_000);
        world.key(phone, "99#");
        world.pass(3_000);
        let invite = world.at_trunk("INVITE").to_owned();
        world.trunk_replies(&invite, 180, "a", "");
        if hangs_up {
            world.hang_up(phone);
            assert_eq!(world.count_at_trunk("CANCEL"), 1);
            world.trunk_replies(&invite, 487, "a", "");
        } else {
            world.trunk_replies(&invite, 486, "a", "");
            assert_eq!(world.last_words(phone), ["operator_not_available", "goodbye"]);
            world.pass(5_000);
        }
        let cause = if hangs_up { Cause::HungUp } else { Cause::WrongCode };
        assert_eq!(world.end_of(phone), Some(cause));
        let off = told(&world, world.leg(phone)).last().map(|(mode, _)| *mode);
        assert_eq!(off, Some(OperatorMode::None));
        assert_idle(&mut world);
    }
}

#[test]
fn without_an_operator_the_key_is_refused_and_wrong_codes_are_goodbye() {
    let mut world = World::with(Settings {
        attributes: vec![(Level::Group, "call_operator_after", "1")],
        ..Settings::default()
    });
    let (_, guest) = meeting(&mut world);
    world.key(guest, "*0");
    assert_eq!(world.last_words(guest), ["command_not_allowed"]);
    let lost = world.call(SPECTEL);
    world.pass(2_000);
    world.key(lost, "99#");
    world.pass(1_000);
    assert_eq!(world.last_words(lost), ["code_not_valid", "goodbye"]);
}

#[test]
fn a_bridge_that_stops_ends_both() {
    let mut world = world();
    let (_, guest) = meeting(&mut world);
    talking(&mut world, guest);
    world.input(Input::Shutdown);
    assert_eq!(world.count_at_trunk("BYE"), 1);
    assert_idle(&mut world);
}
