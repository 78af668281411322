//! Calls that the bridge makes: dialled, answered or not, and brought into their meeting without keying a code.

use api::{DialOrder, LiveCommand, Target};
use bridge::control::voice::Sound;
use bridge::control::{DialOut, Input, MediaReport};
use meeting::Hears;
use model::{Actor, CallState, Cause, Command, Event, LegId, Mute, Role, Sid};
use serde_json::json;
use sip::Credentials;
use world::{CALLEE, CONF, Level, PCMA, ROOM, SDP, Settings, Site, Ways, World};

/// A bridge that may dial.
pub(crate) fn world() -> World {
    with(World::dial_plan())
}

pub(crate) fn with(dial_out: DialOut) -> World {
    World::with(Settings {
        dial_out,
        ..Settings::default()
    })
}

pub(crate) fn record(world: &World, leg: LegId) -> (Cause, u16) {
    let cdrs = world.cdrs();
    let cdr = cdrs
        .iter()
        .find(|cdr| cdr.leg == leg)
        .expect("the call has a record");
    assert!(cdr.outbound);
    (cdr.cause, cdr.sip_status)
}

/// Nothing of any call is left.
pub(crate) fn assert_idle(world: &mut World) {
    world.pass(70_000);
    assert!(world.live.calls.is_empty() && world.live.meetings.is_empty());
    assert!(world.ports.is_empty() && world.mixer.rooms.is_empty());
    assert_eq!((world.control.calls(), world.control.poll_timeout()), (0, None));
    assert!(world.mixer.nonsense.is_empty(), "{:?}", world.mixer.nonsense);
}

fn value<'a>(message: &'a str, name: &str) -> &'a str {
    let line = message
        .lines()
        .find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
    line.unwrap_or_default()
}

#[test]
fn a_call_rings_is_answered_and_its_callee_is_in_the_room_without_keying_a_code() {
    let mut world = world();
    let host = world.enter(CONF, "111#");
    let leg = world.dial(World::order("222")).unwrap();
    let invite = world.at_trunk("INVITE").to_owned();
    assert!(invite.starts_with("INVITE sip:+14165550123@127.0.0.1:31000;user=phone SIP/2.0\r\n"));
    assert!(value(&invite, "From").starts_with("<sip:+15162065319@127.0.0.1:5060;user=phone>;tag="));
    assert_eq!(
        value(&invite, "P-Asserted-Identity"),
        "<sip:+15162065319@127.0.0.1:5060;user=phone>"
    );
    assert!(invite.contains("RTP/AVP 96 9 0 8 101 102"), "{invite}");
    let view = world.dialled_view(leg);
    assert_eq!(
        (view.state, view.outbound, view.role),
        (CallState::Ringing, true, Some(Role::Participant))
    );
    assert_eq!(
        (view.callee.as_str(), view.caller.as_str()),
        ("14165550123", "+15162065319")
    );
    assert_eq!((view.access_code.as_str(), view.meeting), ("222", None));

    world.trunk_replies(&invite, 180, "a", "");
    world.pass(20_000);
    let tones = world.announced("entry_tone");
    world.trunk_replies(&invite, 200, "a", SDP);
    assert!(value(world.at_trunk("ACK"), "To").ends_with(";tag=a"));
    let view = world.dialled_view(leg);
    assert_eq!(
        (view.state, view.meeting, view.codec.as_str()),
        (CallState::InMeeting, Some(ROOM), "PCMU")
    );
    assert_eq!(world.mixer.routes[&leg], (true, Hears::Room));
    assert_eq!(world.announced("entry_tone"), tones + 1);
    assert_eq!(world.meeting(ROOM).legs.len(), 2);
    let joined = Event::Joined {
        leg,
        role: Role::Participant,
    };
    assert!(world.logged(&joined));
    let said = world.mixer.said.iter().flat_map(|(_, _, sounds)| sounds);
    let asked = said.filter(|sound| **sound == Sound::Clip("enter_code")).count();
    assert_eq!(
        asked,
        world.heard(host, "enter_code"),
        "the callee is asked for no code"
    );

    world.callee_asks(&invite, "BYE", 1, "");
    assert_eq!(record(&world, leg), (Cause::HungUp, 200));
    let cdrs = world.cdrs();
    let cdr = cdrs[0];
    assert_eq!(
        (cdr.callee.as_str(), cdr.caller.as_str(), cdr.source.as_str()),
        ("14165550123", "+15162065319", "127.0.0.1")
    );
    assert_eq!(cdr.answered_ms.map(|at| at - cdr.created_ms), Some(20_000));
    assert_eq!(cdr.meeting.map(|(_, number)| number), Some(ROOM));
    world.hang_up(host);
    assert_idle(&mut world);
}

#[test]
fn a_call_that_is_not_taken_ends_with_the_cause_and_the_status_of_its_refusal() {
    for (status, cause) in [
        (486, Cause::Busy),
        (600, Cause::Busy),
        (480, Cause::NoAnswer),
        (408, Cause::NoAnswer),
        (603, Cause::Declined),
        (403, Cause::Declined),
        (404, Cause::Unreachable),
        (503, Cause::Unreachable),
        (488, Cause::NoCodec),
        (302, Cause::Unreachable),
        (401, Cause::Unreachable),
    ] {
        let mut world = world();
        let (leg, invite) = world.ringing(World::order("222"));
        world.trunk_replies(&invite, status, "a", "");
        assert_eq!(record(&world, leg), (cause, status));
        assert_eq!(world.count_at_trunk("INVITE"), 1, "{status} is not followed");
        assert_eq!(world.count_at_trunk("ACK"), 1);
        assert_idle(&mut world);
    }
}

#[test]
fn nobody_answers_and_the_call_is_cancelled_after_the_ring_timeout() {
    let mut world = world();
    let (leg, invite) = world.ringing(World::order("222"));
    world.pass(59_999);
    assert_eq!(world.count_at_trunk("CANCEL"), 0);
    world.pass(1);
    assert_eq!(world.count_at_trunk("CANCEL"), 1);
    assert_eq!(record(&world, leg), (Cause::NoAnswer, 408));
    world.trunk_replies(&invite, 487, "a", "");
    assert_idle(&mut world);
}

#[test]
fn a_trunk_that_says_nothing_at_all_is_unreachable_after_32_s() {
    let mut world = world();
    let leg = world.dial(World::order("222")).unwrap();
    world.pass(32_000);
    assert_eq!(world.count_at_trunk("INVITE"), 7);
    assert_eq!(record(&world, leg), (Cause::Unreachable, 408));
    assert_idle(&mut world);
}

#[test]
fn without_a_way_or_a_port_the_call_ends_at_once() {
    let mut world = world();
    world.trunk.ways = Ways::None;
    let leg = world.dial(World::order("222")).unwrap();
    assert_eq!(record(&world, leg), (Cause::Unreachable, 503));
    world.trunk.ways = Ways::Open;
    world.ports_left = false;
    let leg = world.dial(World::order("222")).unwrap();
    assert_eq!(record(&world, leg), (Cause::NoMediaPort, 503));
    assert_eq!(world.trunk.messages, [""; 0]);
    assert_idle(&mut world);
}

#[test]
fn a_call_that_is_hung_up_while_it_rings_is_cancelled() {
    let mut world = world();
    let (leg, invite) = world.ringing(World::order("222"));
    assert_eq!(
        world.request(Target::Leg(leg), LiveCommand::HangUp { leg }),
        Ok(())
    );
    let cancel = world.at_trunk("CANCEL");
    assert_eq!(value(cancel, "Via"), value(&invite, "Via"));
    world.trunk_replies(&invite, 487, "a", "");
    assert_eq!(record(&world, leg), (Cause::DroppedByApi, 487));
    assert_idle(&mut world);
}

#[test]
fn a_call_can_be_hung_up_before_anything_is_known_of_its_way_or_its_callee() {
    let mut world = world();
    world.trunk.ways = Ways::Awaited;
    let leg = world.dial(World::order("222")).unwrap();
    assert_eq!(
        world.request(Target::Leg(leg), LiveCommand::HangUp { leg }),
        Ok(())
    );
    assert_eq!(record(&world, leg), (Cause::DroppedByApi, 487));
    world.way_opens(leg);
    assert_eq!(world.trunk.messages, [""; 0]);
    world.trunk.ways = Ways::Open;
    let leg = world.dial(World::order("222")).unwrap();
    let invite = world.at_trunk("INVITE").to_owned();
    assert_eq!(
        world.request(Target::Leg(leg), LiveCommand::HangUp { leg }),
        Ok(())
    );
    assert_eq!(
        world.count_at_trunk("CANCEL"),
        0,
        "not before a provisional response"
    );
    world.trunk_replies(&invite, 180, "a", "");
    assert_eq!(world.count_at_trunk("CANCEL"), 1);
    assert_idle(&mut world);
}

#[test]
fn an_answer_that_crosses_the_cancel_is_acknowledged_and_ended() {
    let mut world = world();
    let (leg, invite) = world.ringing(World::order("222"));
    assert_eq!(
        world.request(Target::Leg(leg), LiveCommand::HangUp { leg }),
        Ok(())
    );
    world.trunk_replies(&invite, 200, "a", SDP);
    assert_eq!((world.count_at_trunk("ACK"), world.count_at_trunk("BYE")), (1, 1));
    assert_eq!(record(&world, leg), (Cause::DroppedByApi, 487));
    assert!(world.mixer.sessions.is_empty());
    assert_idle(&mut world);
}

#[test]
fn of_a_fork_the_first_who_answers_is_in_and_early_media_changes_nothing() {
    let mut world = world();
    let leg = world.dial(World::order("222")).unwrap();
    let invite = world.at_trunk("INVITE").to_owned();
    for (tag, status, sdp) in [("a", 180, ""), ("b", 183, SDP), ("c", 183, PCMA), ("a", 180, "")] {
        world.trunk_replies(&invite, status, tag, sdp);
    }
    assert!(world.mixer.sessions.is_empty());
    assert_eq!(world.dialled_view(leg).state, CallState::Ringing);
    world.trunk_replies(&invite, 200, "c", PCMA);
    assert_eq!(world.dialled_view(leg).codec, "PCMA");
    world.trunk_replies(&invite, 200, "b", SDP);
    let bye = world.at_trunk("BYE");
    assert!(value(bye, "To").ends_with(";tag=b"), "{bye}");
    assert_eq!(world.dialled_view(leg).codec, "PCMA");
    assert_eq!(world.control.calls(), 1);
}

#[test]
fn an_answer_without_a_codec_in_common_or_without_any_ends_the_call_and_costs_no_more() {
    let strange = SDP.replace("RTP/AVP 0 101", "RTP/AVP 18 101");
    for answer in [strange.as_str(), "", "not a description"] {
        let mut world = world();
        let (leg, invite) = world.ringing(World::order("222"));
        world.trunk_replies(&invite, 200, "a", answer);
        assert_eq!(
            (world.count_at_trunk("ACK"), world.count_at_trunk("BYE")),
            (1, 1),
            "{answer}"
        );
        assert_eq!(record(&world, leg), (Cause::NoCodec, 200));
        assert_idle(&mut world);
    }
}

#[test]
fn the_rules_of_the_meeting_hold_for_the_called_as_for_all() {
    let mut world = world();
    world.enter(CONF, "111#");
    let lock = LiveCommand::Meeting(Command::SetLock(true));
    assert_eq!(world.request(world.target(ROOM), lock), Ok(()));
    let (leg, _) = world.answered(World::order("222"));
    assert_eq!(world.dialled_view(leg).state, CallState::Ending);
    world.pass(5_000);
    assert_eq!(record(&world, leg), (Cause::Locked, 200));
    assert_eq!(world.count_at_trunk("BYE"), 1);

    let mut world = World::with(Settings {
        dial_out: World::dial_plan(),
        ..Settings::room(&[("conference_start_how", "moderator")])
    });
    let (leg, _) = world.answered(World::order("222"));
    assert_eq!(world.dialled_view(leg).state, CallState::Menu);
    assert_eq!(world.mixer.routes[&leg].1, Hears::Music);
    let (host, _) = world.answered(World::order("111"));
    assert_eq!(world.dialled_view(leg).state, CallState::InMeeting);
    assert_eq!(world.dialled_view(host).role, Some(Role::Host));
}

#[test]
fn what_was_asked_for_with_the_call_or_while_it_rang_comes_into_the_meeting_with_it() {
    let mut world = world();
    let hard = Mute {
        soft: false,
        hard: true,
    };
    let order = DialOrder {
        custom_name: "Front desk".to_owned(),
        gain_db: 3,
        mute: Some(hard),
        role: Some(Role::Host),
        ..World::order("222")
    };
    let (leg, invite) = world.ringing(order);
    let view = world.dialled_view(leg);
    assert_eq!(
        (view.custom_name.as_str(), view.gain_db, view.mute, view.role),
        ("Front desk", 3, hard, Some(Role::Host))
    );
    for command in [
        Command::SetHold { leg, on: true },
        Command::SetGain { leg, db: -4 },
        Command::SetName {
            leg,
            name: "Lobby".to_owned(),
        },
    ] {
        assert_eq!(
            world.request(Target::Leg(leg), LiveCommand::Meeting(command)),
            Ok(())
        );
    }
    assert!(world.dialled_view(leg).held);
    let lock = LiveCommand::Meeting(Command::ToggleLock);
    assert!(world.request(Target::Leg(leg), lock).is_err());
    world.trunk_replies(&invite, 200, "a", SDP);
    let view = world.dialled_view(leg);
    assert_eq!(
        (view.custom_name.as_str(), view.gain_db, view.held),
        ("Lobby", -4, true)
    );
    assert_eq!(
        (view.mute, view.role, view.state),
        (hard, Some(Role::Host), CallState::InMeeting)
    );
    assert_eq!(world.mixer.gains[&leg], -4);
    assert!(!world.mixer.routes[&leg].0);
    let decided = world.decided();
    let muted = decided
        .iter()
        .find(|(_, event)| matches!(event, Event::Muted { .. }));
    assert_eq!(
        muted.map(|(actor, _)| actor.clone()),
        Some(Actor::User(Sid::new("tester")))
    );
}

#[test]
fn a_call_that_is_asked_to_be_open_is_so_where_its_meeting_mutes_and_holds_those_who_come() {
    let modes = [
        (Level::Room, "conference_mute_policy", "l"),
        (Level::Room, "conference_hold_policy", "l"),
    ];
    for (held, mute, kept) in [(None, None, true), (Some(false), Some(Mute::default()), false)] {
        let mut world = World::with(Settings {
            dial_out: World::dial_plan(),
            attributes: modes.to_vec(),
            ..Settings::default()
        });
        let host = world.enter(CONF, "111#");
        let order = DialOrder {
            held,
            mute,
            ..World::order("333")
        };
        let (leg, invite) = world.ringing(order);
        world.trunk_replies(&invite, 200, "a", SDP);
        let view = world.dialled_view(leg);
        assert_eq!(
            (view.role, view.held, view.mute.any()),
            (Some(Role::Listener), kept, kept)
        );
        assert_eq!(world.mixer.routes[&leg].0, !kept, "heard");
        world.hang_up(host);
    }
}

#[test]
fn a_ringing_call_is_given_another_code_and_an_answered_one_is_moved() {
    let mut world = world();
    let (leg, invite) = world.ringing(World::order("222"));
    let to = |code: &str| LiveCommand::Move {
        leg,
        access_code: code.to_owned(),
    };
    assert!(world.request(Target::Leg(leg), to("999")).is_err());
    assert_eq!(world.request(Target::Leg(leg), to("333")), Ok(()));
    assert_eq!(world.dialled_view(leg).role, Some(Role::Listener));
    world.trunk_replies(&invite, 200, "a", SDP);
    assert_eq!(world.dialled_view(leg).role, Some(Role::Listener));
    assert_eq!(world.request(Target::Leg(leg), to("111")), Ok(()));
    assert_eq!(world.dialled_view(leg).role, Some(Role::Host));
}

#[test]
fn a_code_that_is_taken_away_while_it_rings_opens_nothing() {
    let mut world = world();
    let (leg, invite) = world.ringing(World::order("222"));
    world.edit_room(|room| room.keychain.retain(|key| key.access_code != "222"));
    world.trunk_replies(&invite, 200, "a", SDP);
    world.pass(5_000);
    assert_eq!(record(&world, leg), (Cause::WrongCode, 200));
    assert_idle(&mut world);
}

#[test]
fn the_called_use_their_keys_and_may_hold_and_change_the_session() {
    let mut world = world();
    let (leg, invite) = world.answered(World::order("222"));
    world.callee_asks(&invite, "INVITE", 1, PCMA);
    assert_eq!(world.dialled_view(leg).codec, "PCMA");
    for key in ['*', '6'] {
        world.input(bridge::control::Input::Media(
            bridge::control::MediaReport::Digit { leg, key },
        ));
        world.pass(250);
    }
    assert!(world.dialled_view(leg).mute.soft);
}

#[test]
fn a_dialled_call_ends_when_it_has_lasted_as_long_as_it_may() {
    let mut world = with(DialOut {
        max_duration: std::time::Duration::from_secs(60),
        ..World::dial_plan()
    });
    let (leg, _) = world.answered(World::order("222"));
    world.pass(59_000);
    assert_eq!(world.dialled_view(leg).state, CallState::InMeeting);
    world.pass(5_000);
    assert_eq!(record(&world, leg), (Cause::CallTooLong, 200));
    assert_eq!(world.count_at_trunk("BYE"), 1);
    assert_idle(&mut world);
}

#[test]
fn a_trunk_that_challenges_gets_the_answer_and_other_hosts_do_not() {
    let challenge = "WWW-Authenticate: Digest realm=\"trunk\", nonce=\"n\", algorithm=SHA-256, qop=\"auth\"\r\nContent-Length: 0";
    let credentials = Credentials {
        username: "bridge".to_owned(),
        password: "secret".to_owned(),
    };
    let hosts = vec![sip::Target::parse("sip:127.0.0.1:31000").unwrap().hop];
    for (callee, trunk) in [(CALLEE, true), ("sip:bob@127.0.0.1:31000", false)] {
        let mut world = with(DialOut {
            credentials: Some(credentials.clone()),
            hosts: hosts.clone(),
            ..World::dial_plan()
        });
        let order = DialOrder {
            callee: callee.to_owned(),
            ..World::order("222")
        };
        let leg = world.dial(order).unwrap();
        let invite = world.at_trunk("INVITE").to_owned();
        let kept = ["Via", "From", "To", "Call-ID", "CSeq"]
            .map(|name| format!("{name}: {}\r\n", value(&invite, name)));
        world.trunk_says(&format!(
            "SIP/2.0 401 Unauthorized\r\n{}{challenge}\r\n\r\n",
            kept.concat()
        ));
        assert_eq!(world.count_at_trunk("INVITE"), if trunk { 2 } else { 1 });
        let again = world.at_trunk("INVITE").to_owned();
        assert_eq!(
            value(&again, "Authorization").contains("algorithm=SHA-256"),
            trunk
        );
        if trunk {
            world.trunk_replies(&again, 200, "a", SDP);
            assert_eq!(world.dialled_view(leg).state, CallState::InMeeting);
        } else {
            assert_eq!(record(&world, leg), (Cause::Unreachable, 401));
        }
    }
}

#[test]
fn a_call_is_made_by_rest_seen_steered_and_hung_up() {
    let site = Site::new(world());
    let body = json!({"callee": "+1 (416) 555-0123", "caller": "+15162065319", "accessCode": "222", "customName": "Bob", "muteMode": 2});
    let (status, call) = site.ask("POST", "/calls", &body.to_string());
    assert_eq!(status, 201, "{call}");
    for (field, expected) in [
        ("state", json!(0)),
        ("connectionStatus", json!(1)),
        ("callee", json!("14165550123")),
        ("caller", json!("+15162065319")),
        ("accessCode", json!("222")),
        ("customName", json!("Bob")),
        ("muteMode", json!(2)),
        ("role", json!(2)),
    ] {
        assert_eq!(call[field], expected, "{field}");
    }
    let path = format!("/calls/{}", call["id"]);
    assert_eq!(site.ask("GET", &path, "").1["state"], 0);
    assert_eq!(
        site.ask("PUT", &path, r#"{"muteMode": 0, "gainLevel": 5}"#).0,
        200
    );
    let invite = site.world().at_trunk("INVITE").to_owned();
    site.world().trunk_replies(&invite, 200, "a", SDP);
    let call = site.ask("GET", &path, "").1;
    assert_eq!(
        (&call["state"], &call["meetingNumber"]),
        (&json!(2), &json!(106_131))
    );
    assert_eq!((&call["muteMode"], &call["gainLevel"]), (&json!(0), &json!(5)));
    assert_eq!(site.ask("DELETE", &path, "").0, 204);
    assert_eq!(site.world().count_at_trunk("BYE"), 1);
    assert_eq!(
        site.ask("GET", "/cdrs", "").1["items"][0]["cause"],
        "dropped_by_api"
    );
}

#[test]
fn who_answers_while_the_mixer_has_more_to_do_than_time_comes_to_no_meeting() {
    for (loads, expected) in [([120, 101], Some((Cause::BridgeFull, 200))), ([120, 100], None)] {
        let mut world = world();
        let host = world.enter(CONF, "111#");
        let (leg, invite) = world.ringing(World::order("222"));
        for percent in loads {
            world.input(Input::Media(MediaReport::Load { percent }));
        }
        world.trunk_replies(&invite, 200, "a", SDP);
        world.pass(10_000);
        let is_in = world.live.calls.contains_key(&leg);
        assert_eq!((!is_in).then(|| record(&world, leg)), expected, "{loads:?}");
        assert_eq!(world.count_at_trunk("BYE"), usize::from(!is_in));
        assert!(world.speaks(host));
    }
}
