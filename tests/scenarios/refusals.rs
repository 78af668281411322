//! Calls that are not taken: their status, what it says, and their record.

use bridge::control::Shut;
use model::{Cause, LegId};
use world::{CALLER, CONF, SDP, Settings, World};

/// Sends an INVITE after something was changed in it, to a bridge like this.
fn refused(mut world: World, change: impl Fn(String) -> String) -> (World, String) {
    let phone = world.phone(CONF, CALLER);
    let invite = world.compose(phone, "INVITE", "", SDP);
    world.post(phone, &change(invite));
    world.pass(1);
    let answer = world.last_message(phone).to_owned();
    (world, answer)
}

fn assert_refused(name: &str, world: &World, answer: &str, status: u16, cause: Cause) {
    assert!(
        answer.starts_with(&format!("SIP/2.0 {status} ")),
        "{name}: {answer}"
    );
    let cdr = world.cdrs()[0];
    assert_eq!((cdr.cause, cdr.sip_status), (cause, status), "{name}");
    assert_eq!((cdr.answered_ms, cdr.meeting), (None, None), "{name}");
    assert_eq!(cdr.caller, CALLER, "{name}");
    assert!(world.live.calls.is_empty() && world.ports.is_empty(), "{name}");
    assert_eq!((world.control.calls(), world.cdrs().len()), (0, 1), "{name}");
}

/// Just these ends and refusals at the door were counted.
fn assert_counted(world: &World, ends: &[(Cause, u64)], shut: &[(Shut, u64)]) {
    let counts = world.control.counts();
    let ended: Vec<_> = counts.ended().filter(|(_, count)| *count > 0).collect();
    let shut_out: Vec<_> = counts.shut_out().filter(|(_, count)| *count > 0).collect();
    assert_eq!((&ended[..], &shut_out[..]), (ends, shut));
}

#[test]
fn what_the_bridge_does_not_understand_is_refused_with_its_status_and_recorded() {
    type Row = (&'static str, &'static str, &'static str, u16, &'static str, Cause);
    let rows: [Row; 7] = [
        (
            "extension",
            "Max-Forwards: 70",
            "Require: 100rel",
            420,
            "Unsupported: 100rel",
            Cause::NotSupported,
        ),
        (
            "scheme",
            "INVITE sip:15162065319@127.0.0.1",
            "INVITE urn:service:sos",
            416,
            "",
            Cause::NotSupported,
        ),
        (
            "body",
            "application/sdp",
            "text/plain",
            415,
            "Accept: application/sdp",
            Cause::BadOffer,
        ),
        (
            "answer",
            "Max-Forwards: 70",
            "Accept: text/plain",
            406,
            "Accept: application/sdp",
            Cause::BadOffer,
        ),
        ("codec", "RTP/AVP 0 101", "RTP/AVP 3 101", 488, "", Cause::NoCodec),
        ("description", "v=0", "v=9", 400, "", Cause::BadOffer),
        (
            "number",
            "15162065319",
            "15162065300",
            404,
            "",
            Cause::UnknownNumber,
        ),
    ];
    for (name, from, to, status, says, cause) in rows {
        let (world, answer) = refused(World::new(), |invite| invite.replace(from, to));
        assert_refused(name, &world, &answer, status, cause);
        assert!(answer.contains(says), "{name}: {answer}");
    }
}

#[test]
fn methods_that_are_not_done_here_are_refused_without_a_record() {
    for (method, status) in [
        ("REGISTER", 405),
        ("SUBSCRIBE", 489),
        ("REFER", 405),
        ("PUBLISH", 405),
        ("FROBNICATE", 501),
    ] {
        let mut world = World::new();
        let phone = world.phone(CONF, CALLER);
        world.send(phone, method, "", "");
        assert_eq!(world.status(phone), status, "{method}");
        assert!(world.last_message(phone).contains("Allow: INVITE"), "{method}");
        assert!(world.cdrs().is_empty(), "{method}");
    }
}

#[test]
fn requests_for_no_call_are_refused_without_a_record() {
    for method in ["BYE", "INFO", "UPDATE"] {
        let mut world = World::new();
        let phone = world.phone(CONF, CALLER);
        world.send(phone, method, "", "");
        assert_eq!(world.status(phone), 481, "{method}");
        assert!(world.cdrs().is_empty(), "{method}");
    }
}

#[test]
fn an_invite_that_cannot_be_read_gets_400_and_no_call() {
    for (from, to) in [
        ("CSeq: 1 INVITE", "CSeq: 1 OPTIONS"),
        ("Contact: <sip:p@127.0.0.1:30000>\r\n", ""),
        ("CSeq: 1 INVITE", "CSeq: x INVITE"),
    ] {
        let (world, answer) = refused(World::new(), |invite| invite.replace(from, to));
        assert!(answer.starts_with("SIP/2.0 400"), "{to}: {answer}");
        assert_eq!(world.control.calls(), 0);
    }
}

#[test]
fn whoever_may_not_call_or_comes_to_a_full_or_stopping_bridge_is_refused() {
    let strangers = Settings {
        allow: "192.0.2.0/24",
        ..Settings::default()
    };
    let full = Settings {
        max_calls: 0,
        ..Settings::default()
    };
    let flooded = Settings {
        new_calls_per_second: 0,
        ..Settings::default()
    };
    for (name, settings, status, cause, why) in [
        ("stranger", strangers, 403, Cause::NotAllowed, Shut::Allow),
        ("full", full, 503, Cause::BridgeFull, Shut::MaxCalls),
        ("flooded", flooded, 503, Cause::BridgeFull, Shut::Rate),
    ] {
        let (world, answer) = refused(World::with(settings), |invite| invite);
        assert_refused(name, &world, &answer, status, cause);
        assert_counted(&world, &[(cause, 1)], &[(why, 1)]);
        assert_eq!(answer.contains("Retry-After: 10"), status == 503, "{name}");
    }
    let mut stopping = World::new();
    stopping.input(bridge::control::Input::Shutdown);
    let (world, answer) = refused(stopping, |invite| invite);
    assert_refused("stopping", &world, &answer, 503, Cause::Draining);
    assert_counted(&world, &[(Cause::Draining, 1)], &[(Shut::Stopping, 1)]);
    assert!(answer.contains("Retry-After: 10"));
}

#[test]
fn one_address_leaves_places_and_calls_a_second_to_the_others() {
    let mut world = World::with(Settings {
        per_source: Some(3),
        ..Settings::default()
    });
    let call_from = |world: &mut World, host| {
        let phone = world.phone_at(host, CONF);
        world.send(phone, "INVITE", "", SDP);
        world.pass(1);
        (phone, world.status(phone))
    };
    let first: Vec<_> = (0..5).map(|_| call_from(&mut world, 7)).collect();
    let statuses: Vec<_> = first.iter().map(|(_, status)| *status).collect();
    assert_eq!(statuses, [200, 200, 200, 503, 503]);
    assert_eq!(call_from(&mut world, 8).1, 200);
    world.pass(1_000);
    assert_eq!(call_from(&mut world, 7).1, 503, "it has three calls");
    world.hang_up(first[0].0);
    assert_eq!(call_from(&mut world, 7).1, 200);
    assert_counted(
        &world,
        &[(Cause::HungUp, 1), (Cause::BridgeFull, 3)],
        &[(Shut::MaxCallsPerSource, 3)],
    );
}

#[test]
fn one_address_that_calls_too_often_is_counted_apart_from_one_with_too_many_calls() {
    let mut world = World::with(Settings {
        per_source: Some(2),
        ..Settings::default()
    });
    for expected in [200, 200, 503] {
        let phone = world.call(CONF);
        assert_eq!(world.status(phone), expected);
        if expected == 200 {
            world.hang_up(phone);
        }
    }
    let ends = [(Cause::HungUp, 2), (Cause::BridgeFull, 1)];
    assert_counted(&world, &ends, &[(Shut::RatePerSource, 1)]);
}

#[test]
fn a_number_as_long_as_a_message_is_not_kept_whole() {
    let mut world = World::new();
    let long = "9".repeat(7_000);
    let phone = world.phone(&long, &long);
    world.send(phone, "INVITE", "", SDP);
    world.pass(1);
    assert_eq!(world.status(phone), 404);
    let cdr = world.cdrs()[0];
    assert!(cdr.callee.len() <= 64 && cdr.caller.len() <= 65, "{cdr:?}");
}

#[test]
fn a_place_that_is_given_back_is_taken_by_the_next_caller() {
    let mut world = World::with(Settings {
        max_calls: 1,
        ..Settings::default()
    });
    for _ in 0..5 {
        let phone = world.call(CONF);
        assert_eq!(world.status(phone), 200);
        let other = world.call(CONF);
        assert_eq!(world.status(other), 503);
        world.hang_up(phone);
    }
}

#[test]
fn a_flood_of_refused_calls_leaves_a_bounded_number_of_records_and_the_rest_is_counted() {
    let mut world = World::new();
    for _ in 0..1_100 {
        world.call("15162065300");
    }
    let written = world.cdrs().len();
    assert!((1_000..1_050).contains(&written), "{written}");
    world.pass(20_000);
    world.call("15162065300");
    assert_eq!(world.cdrs().len() as u64 + world.withheld, 1_101);
    assert_counted(&world, &[(Cause::UnknownNumber, 1_101)], &[]);
    assert_eq!(world.control.counts().withheld, world.withheld);
}

#[test]
fn a_flood_that_signalling_turns_away_takes_no_ids_from_those_who_may_call() {
    let mut world = World::new();
    for _ in 0..1_500 {
        let phone = world.phone(CONF, CALLER);
        world.send(phone, "INVITE", "Accept: text/plain\r\n", SDP);
    }
    assert_counted(&world, &[(Cause::BadOffer, 1_500)], &[]);
    let written = world.cdrs().len() as u64;
    assert!((1_000..1_050).contains(&written), "{written}");
    let phone = world.call(CONF);
    assert_eq!(world.leg(phone), LegId(written + 1));
}

#[test]
fn a_caller_that_hides_its_number_is_recorded_without_it() {
    let mut world = World::new();
    let phone = world.phone(CONF, CALLER);
    world.send(phone, "INVITE", "Privacy: id\r\n", SDP);
    world.pass(1);
    assert_eq!(world.view(phone).caller, "");
    world.hang_up(phone);
    assert_eq!(world.cdrs()[0].caller, "");
}
