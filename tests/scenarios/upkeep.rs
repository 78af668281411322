//! What keeps a call alive and what ends it when it fails: session timers, connections, media.

use bridge::control::{Input, MediaReport};
use media::MediaLoss;
use model::{Cause, Event};
use world::{CALLER, CONF, PhoneId, SDP, World};

/// A call whose INVITE has these headers besides the usual ones, with the phone in the demo's room.
fn enter_with(world: &mut World, headers: &str) -> PhoneId {
    let phone = world.phone(CONF, CALLER);
    world.send(phone, "INVITE", headers, SDP);
    world.pass(1);
    world.key(phone, "111#");
    phone
}

#[test]
fn a_phone_that_promised_to_refresh_and_does_not_is_let_go() {
    let mut world = World::new();
    let phone = enter_with(
        &mut world,
        "Supported: timer\r\nSession-Expires: 90;refresher=uac\r\n",
    );
    assert!(
        world
            .last_of(phone, "SIP/2.0 200")
            .contains("Session-Expires: 90;refresher=uac")
    );
    // 90 s less the smaller of 32 s and a third of it (RFC 4028, section 10).
    world.pass(58_000);
    assert!(!world.has_got(phone, "BYE"));
    world.pass(2_500);
    assert!(world.has_got(phone, "BYE"));
    assert_eq!(world.cause(), Cause::SessionExpired);
    let leg = world.leg(phone);
    let cause = Cause::SessionExpired;
    assert!(world.logged(&Event::Left { leg, cause }));
}

#[test]
fn refreshes_of_the_phone_keep_the_call_by_either_method() {
    for (method, body) in [("INVITE", SDP), ("UPDATE", "")] {
        let mut world = World::new();
        let timer = "Supported: timer\r\nSession-Expires: 90;refresher=uac\r\n";
        let phone = enter_with(&mut world, timer);
        for _ in 0..5 {
            world.pass(45_000);
            world.send(phone, method, timer, body);
            assert_eq!(world.status(phone), 200, "{method}");
        }
        assert_eq!(world.control.calls(), 1, "{method}");
        world.pass(100_000);
        assert_eq!(world.cause(), Cause::SessionExpired, "{method}");
    }
}

#[test]
fn the_bridge_refreshes_where_the_phone_cannot_and_a_refresh_that_fails_ends_the_call() {
    for (reply, cause) in [
        ("200 OK", None),
        ("481 Call Does Not Exist", Some(Cause::SessionExpired)),
        ("408 Request Timeout", Some(Cause::SessionExpired)),
        ("", Some(Cause::SessionExpired)),
        ("500 Oops", Some(Cause::SessionExpired)),
    ] {
        let mut world = World::new();
        let phone = enter_with(&mut world, "Allow: INVITE, UPDATE\r\nSession-Expires: 90\r\n");
        world.manners(phone).reply = reply;
        world.pass(200_000);
        assert!(world.has_got(phone, "UPDATE"), "{reply}");
        assert_eq!(world.end_of(phone), cause, "{reply}");
        assert_eq!(world.live.calls.is_empty(), cause.is_some(), "{reply}");
    }
}

#[test]
fn a_session_interval_that_is_too_short_is_asked_for_anew_and_leaves_no_record() {
    let mut world = World::new();
    let phone = world.phone(CONF, CALLER);
    world.send(
        phone,
        "INVITE",
        "Supported: timer\r\nSession-Expires: 30\r\n",
        SDP,
    );
    assert!(world.last_of(phone, "SIP/2.0 422").contains("Min-SE: 90"));
    assert!(world.cdrs().is_empty());
    world.send(
        phone,
        "INVITE",
        "Supported: timer\r\nSession-Expires: 90\r\n",
        SDP,
    );
    world.pass(1);
    assert_eq!(world.status(phone), 200);
}

#[test]
fn a_connection_that_is_lost_ends_its_calls_and_no_others() {
    let mut world = World::new();
    let phones = [Some(1), Some(1), Some(2), None].map(|connection| {
        let phone = world.phone(CONF, CALLER);
        world.manners(phone).connection = connection;
        world.send(phone, "INVITE", "", SDP);
        world.pass(1);
        world.key(phone, "222#");
        phone
    });
    assert_eq!(world.live.calls.len(), 4);
    world.input(Input::FlowLost { connection: 1 });
    let lost = Some(Cause::TransportLost);
    assert_eq!(phones.map(|phone| world.end_of(phone)), [lost, lost, None, None]);
    let leg = world.leg(phones[0]);
    let cause = Cause::TransportLost;
    assert!(world.logged(&Event::Left { leg, cause }));
    assert_eq!((world.ports.len(), world.live.calls.len()), (2, 2));
}

#[test]
fn a_connection_that_is_lost_while_it_rings_or_is_not_acknowledged_ends_the_call_too() {
    for (delay, acknowledges, status) in [("3", true, 503), ("0", false, 200)] {
        let mut world = World::with(world::Settings {
            attributes: vec![(world::Level::Did, "call_delay", delay)],
            ..world::Settings::default()
        });
        let phone = world.phone(CONF, CALLER);
        world.manners(phone).connection = Some(1);
        world.manners(phone).acknowledges = acknowledges;
        world.send(phone, "INVITE", "", SDP);
        world.pass(100);
        world.input(Input::FlowLost { connection: 1 });
        assert_eq!(
            (world.cause(), world.cdrs()[0].sip_status),
            (Cause::TransportLost, status)
        );
        world.pass(60_000);
        assert!(world.ports.is_empty() && world.control.poll_timeout().is_none());
    }
}

#[test]
fn a_call_over_tcp_goes_like_any_other_and_repeats_nothing() {
    let mut world = World::new();
    let phone = world.phone(CONF, CALLER);
    world.manners(phone).connection = Some(7);
    world.send(phone, "INVITE", "", SDP);
    world.pass(1);
    world.key(phone, "111#");
    assert!(world.speaks(phone));
    world.manners(phone).reply = "";
    world.key(phone, "##");
    world.pass(60_000);
    assert_eq!((world.count(phone, "BYE"), world.cause()), (1, Cause::Left));
}

#[test]
fn the_mixer_is_told_when_silence_ends_a_call() {
    let mut world = World::new();
    world.call(CONF);
    let timeouts = world.mixer.timeouts.unwrap();
    let seconds = [timeouts.first, timeouts.steady, timeouts.hold].map(|time| time.as_secs());
    assert_eq!(seconds, [30, 60, 1_800]);
}

#[test]
fn silence_on_the_wire_ends_a_call_in_the_menu_the_waiting_room_and_the_meeting() {
    for (which, cause) in [
        (MediaLoss::First, Cause::MediaNeverCame),
        (MediaLoss::Steady, Cause::MediaLost),
        (MediaLoss::Hold, Cause::MediaLostOnHold),
    ] {
        for keys in ["", "12", "222#", "111#"] {
            let mut world = World::room(&[("conference_start_how", "moderator")]);
            let phone = world.call(CONF);
            world.key(phone, keys);
            let leg = world.leg(phone);
            world.input(Input::Media(MediaReport::Lost { leg, which }));
            assert!(world.has_got(phone, "BYE"), "{keys}");
            assert_eq!(world.cause(), cause, "{keys}");
            assert!(world.ports.is_empty() && world.live.calls.is_empty() && world.live.meetings.is_empty());
            let left = Event::Left { leg, cause };
            assert_eq!(world.logged(&left), keys.ends_with('#'), "{keys}");
            // What the mixer still had to say of it comes too late.
            world.input(Input::Media(MediaReport::Lost { leg, which }));
            world.input(Input::Media(MediaReport::Digit { leg, key: '1' }));
            assert_eq!(world.cdrs().len(), 1);
        }
    }
}

#[test]
fn a_leg_whose_processing_fails_is_out_and_the_others_stay() {
    let mut world = World::new();
    let host = world.enter(CONF, "111#");
    let guest = world.enter(CONF, "222#");
    let leg = world.leg(guest);
    world.input(Input::Media(MediaReport::Failed { leg }));
    assert_eq!(
        (world.end_of(guest), world.end_of(host)),
        (Some(Cause::Fault), None)
    );
    assert!(world.has_got(guest, "BYE") && world.speaks(host));
}

#[test]
fn digits_by_info_count_like_digits_in_the_audio() {
    for (kind, body) in [
        ("application/dtmf-relay", "Signal=*\r\nDuration=160\r\n"),
        ("application/dtmf", "*"),
    ] {
        let mut world = World::new();
        let phone = world.call(CONF);
        for key in "111#*6".chars() {
            let more = format!("Content-Type: {kind}\r\n");
            world.send(phone, "INFO", &more, &body.replace('*', &key.to_string()));
            assert_eq!(world.status(phone), 200, "{kind} {key}");
            world.pass(250);
        }
        assert_eq!(world.heard(phone, "now_muted"), 1, "{kind}");
        assert!(!world.speaks(phone));
    }
}

#[test]
fn an_info_that_says_nothing_of_use_is_refused_or_ignored() {
    for (more, body, status) in [
        ("", "", 200),
        (
            "Content-Type: application/dtmf-relay\r\n",
            "Duration=160\r\n",
            400,
        ),
        ("Content-Type: application/dtmf\r\n", "x", 400),
        ("Content-Type: text/plain\r\n", "1", 415),
    ] {
        let mut world = World::new();
        let phone = world.call(CONF);
        world.send(phone, "INFO", more, body);
        assert_eq!(world.status(phone), status, "{more}");
        assert_eq!((world.mixer.hushed, world.control.calls()), (0, 1));
    }
}
