//! INVITE, CANCEL, ACK and BYE, with the races between them.

use model::Cause;
use world::{CALLER, CONF, Level, SDP, Settings, World};

/// A bridge that lets it ring for three seconds.
fn slow_to_answer() -> World {
    World::with(Settings {
        attributes: vec![(Level::Did, "call_delay", "3")],
        ..Settings::default()
    })
}

#[test]
fn a_cancel_that_crosses_the_200_ends_nothing_and_a_bye_must() {
    let mut world = World::new();
    let phone = world.phone(CONF, CALLER);
    world.manners(phone).acknowledges = false;
    world.send(phone, "INVITE", "", SDP);
    world.pass(1);
    assert_eq!(world.count(phone, "SIP/2.0 200"), 1);
    let cancel = world.compose(phone, "CANCEL", "", "");
    world.post(phone, &cancel);
    assert!(world.last_message(phone).contains("CANCEL") && world.status(phone) == 200);
    assert!(!world.has_got(phone, "SIP/2.0 487"));
    assert_eq!(world.control.calls(), 1);
    world.send(phone, "ACK", "", "");
    world.hang_up(phone);
    assert_eq!(world.cause(), Cause::HungUp);
    assert!(world.ports.is_empty());
}

#[test]
fn a_cancel_for_no_call_gets_481_and_leaves_no_record() {
    let mut world = World::new();
    let phone = world.phone(CONF, CALLER);
    world.send(phone, "CANCEL", "", "");
    assert_eq!(world.status(phone), 481);
    assert!(world.cdrs().is_empty());
}

#[test]
fn a_cancelled_call_is_cancelled_once_however_often_it_is_said() {
    let mut world = slow_to_answer();
    let phone = world.call(CONF);
    let cancel = world.send(phone, "CANCEL", "", "");
    world.post(phone, &cancel);
    world.pass(60_000);
    assert_eq!(
        (
            world.cause(),
            world.cdrs()[0].sip_status,
            world.cdrs()[0].answered_ms
        ),
        (Cause::Cancelled, 487, None)
    );
    assert!(!world.has_got(phone, "BYE") && world.ports.is_empty());
}

#[test]
fn a_bye_while_it_rings_ends_the_call_like_a_cancel() {
    let mut world = slow_to_answer();
    let phone = world.call(CONF);
    world.send_early(phone, "BYE", "");
    assert!(world.last_of(phone, "SIP/2.0 200").contains("BYE"));
    assert!(world.has_got(phone, "SIP/2.0 487"));
    let cdr = world.cdrs()[0];
    assert_eq!(
        (cdr.cause, cdr.sip_status, cdr.answered_ms),
        (Cause::HungUp, 487, None)
    );
    assert!(world.ports.is_empty() && world.live.calls.is_empty());
}

#[test]
fn a_copy_of_an_invite_gets_what_the_first_got() {
    let mut world = slow_to_answer();
    let phone = world.phone(CONF, CALLER);
    let invite = world.send(phone, "INVITE", "", SDP);
    world.pass(1);
    let ringing = world.last_message(phone).to_owned();
    assert!(ringing.starts_with("SIP/2.0 180"));
    world.post(phone, &invite);
    assert_eq!(world.last_message(phone), ringing);
    world.manners(phone).acknowledges = false;
    world.pass(3_000);
    let answer = world.last_message(phone).to_owned();
    assert!(answer.starts_with("SIP/2.0 200"));
    world.post(phone, &invite);
    assert_eq!(world.last_message(phone), answer);
    assert_eq!(world.control.calls(), 1);
}

#[test]
fn a_copy_of_a_refused_invite_gets_the_same_refusal_and_leaves_no_second_record() {
    let mut world = World::new();
    let phone = world.phone("15162065300", CALLER);
    let invite = world.send(phone, "INVITE", "", SDP);
    let refusal = world.last_of(phone, "SIP/2.0 404").to_owned();
    world.post(phone, &invite);
    assert_eq!(world.last_of(phone, "SIP/2.0 404"), refusal);
    assert_eq!(world.cdrs().len(), 1);
}

#[test]
fn an_invite_that_comes_by_two_ways_makes_one_call() {
    let mut world = World::new();
    let phone = world.phone(CONF, CALLER);
    let invite = world.send(phone, "INVITE", "", SDP);
    world.post(phone, &invite.replace("branch=z9hG4bK", "branch=z9hG4bKother"));
    assert_eq!(world.status(phone), 482);
    assert_eq!((world.control.calls(), world.cdrs().len()), (1, 0));
}

#[test]
fn an_invite_without_offer_gets_ours_and_the_ack_answers_it() {
    let mut world = World::new();
    let phone = world.phone(CONF, CALLER);
    world.manners(phone).answer = world::PCMA.to_owned();
    world.send(phone, "INVITE", "", "");
    world.pass(1);
    let offer = world.last_of(phone, "SIP/2.0 200");
    assert!(
        offer.contains("m=audio") && offer.contains("RTP/AVP 96 9 0 8 101 102"),
        "{offer}"
    );
    assert_eq!(world.heard(phone, "welcome"), 1);
    assert_eq!(world.view(phone).codec, "PCMA");
    world.key(phone, "111#");
    assert!(world.speaks(phone));
}

#[test]
fn an_offer_of_ours_that_is_not_answered_or_not_usably_ends_the_call() {
    for answer in [
        String::new(),
        SDP.replace("RTP/AVP 0 101", "RTP/AVP 18 101"),
        "not a description".to_owned(),
    ] {
        let mut world = World::new();
        let phone = world.phone(CONF, CALLER);
        world.manners(phone).answer = answer;
        world.send(phone, "INVITE", "", "");
        world.pass(1);
        assert!(world.has_got(phone, "BYE"));
        assert_eq!(world.cause(), Cause::NoCodec);
        assert!(world.ports.is_empty());
    }
}

#[test]
fn a_200_is_sent_again_and_again_until_the_ack_comes() {
    let mut world = World::new();
    let phone = world.phone(CONF, CALLER);
    world.manners(phone).acknowledges = false;
    world.send(phone, "INVITE", "", SDP);
    // T1 doubles up to T2 (RFC 3261, section 13.3.1.4): 0, 0.5, 1.5, 3.5, 7.5, 11.5 s.
    for (ms, copies) in [(1, 1), (500, 2), (1_000, 3), (2_000, 4), (4_000, 5), (4_000, 6)] {
        world.pass(ms);
        assert_eq!(world.count(phone, "SIP/2.0 200"), copies, "{} ms", world.ms());
    }
    assert_eq!(world.heard(phone, "welcome"), 0);
    world.send(phone, "ACK", "", "");
    assert_eq!(world.heard(phone, "welcome"), 1);
    world.pass(15_000);
    assert_eq!(world.count(phone, "SIP/2.0 200"), 6);
    assert_eq!(world.control.calls(), 1);
}

#[test]
fn an_ack_that_never_comes_ends_the_call_after_64_t1_and_not_before() {
    let mut world = World::new();
    let phone = world.phone(CONF, CALLER);
    world.manners(phone).acknowledges = false;
    world.send(phone, "INVITE", "", SDP);
    world.pass(31_999);
    assert!(!world.has_got(phone, "BYE"));
    world.pass(2);
    assert!(world.has_got(phone, "BYE"));
    assert_eq!(world.cause(), Cause::NotAcknowledged);
    assert!(world.ports.is_empty() && world.live.calls.is_empty());
}

#[test]
fn a_bye_from_the_phone_is_answered_and_ends_the_call_wherever_it_is() {
    for keys in ["", "1", "111#", "4711#"] {
        let mut world = World::new();
        let phone = world.call(CONF);
        world.pass(100);
        world.key(phone, keys);
        let bye = world.send(phone, "BYE", "", "");
        assert_eq!(world.status(phone), 200, "{keys}");
        assert_eq!(world.cause(), Cause::HungUp, "{keys}");
        assert!(world.live.calls.is_empty() && world.live.meetings.is_empty());
        assert!(world.ports.is_empty() && world.mixer.rooms.is_empty());
        world.post(phone, &bye);
        assert_eq!((world.status(phone), world.cdrs().len()), (200, 1), "{keys}");
    }
}

#[test]
fn a_bye_of_the_bridge_ends_the_call_whatever_the_phone_says_to_it() {
    for (reply, byes) in [
        ("200 OK", 1),
        ("481 Call Does Not Exist", 1),
        ("500 Oops", 1),
        ("", 11),
    ] {
        let mut world = World::new();
        let phone = world.enter(CONF, "111#");
        world.manners(phone).reply = reply;
        world.key(phone, "##");
        world.pass(60_000);
        assert_eq!(world.cause(), Cause::Left, "{reply}");
        assert_eq!(world.count(phone, "BYE"), byes, "{reply}");
        assert!(world.ports.is_empty() && world.control.poll_timeout().is_none());
    }
}

#[test]
fn a_phone_that_hangs_up_while_the_bridge_does_leaves_one_record_with_the_first_cause() {
    let mut world = World::new();
    let phone = world.enter(CONF, "111#");
    world.manners(phone).reply = "";
    world.key(phone, "##");
    assert_eq!(world.cdrs().len(), 0, "it still hears goodbye");
    world.hang_up(phone);
    world.pass(60_000);
    assert_eq!(world.cause(), Cause::Left);
}

#[test]
fn requests_for_a_call_that_is_over_get_481() {
    let mut world = World::new();
    let phone = world.enter(CONF, "111#");
    world.hang_up(phone);
    world.pass(60_000);
    for method in ["BYE", "INFO", "UPDATE", "OPTIONS", "INVITE"] {
        world.send(phone, method, "", "");
        assert_eq!(world.status(phone), 481, "{method}");
    }
    assert_eq!(world.cdrs().len(), 1);
}

#[test]
fn options_are_answered_in_and_out_of_a_call_and_change_nothing() {
    let mut world = World::new();
    let phone = world.phone(CONF, CALLER);
    world.send(phone, "OPTIONS", "", "");
    let answer = world.last_message(phone);
    assert!(answer.starts_with("SIP/2.0 200") && answer.contains("Allow: INVITE, ACK"));
    assert!(world.cdrs().is_empty());
    world.send(phone, "INVITE", "", SDP);
    world.pass(1);
    let before = world.live.version;
    world.send(phone, "OPTIONS", "", "");
    assert!(world.last_message(phone).starts_with("SIP/2.0 200"));
    assert!(world.last_message(phone).contains("OPTIONS"));
    assert_eq!((world.live.version, world.control.calls()), (before, 1));
}

#[test]
fn a_caller_says_when_it_gives_up_ringing() {
    let mut world = World::with(Settings {
        attributes: vec![(Level::Did, "call_delay", "30")],
        ..Settings::default()
    });
    let phone = world.phone(CONF, CALLER);
    world.send(phone, "INVITE", "Expires: 5\r\n", SDP);
    world.pass(4_999);
    assert_eq!(world.status(phone), 180);
    world.pass(2);
    assert_eq!(world.status(phone), 487);
    assert_eq!(
        (world.cause(), world.cdrs()[0].sip_status),
        (Cause::Cancelled, 487)
    );
}

#[test]
fn a_call_without_a_port_is_refused_and_its_record_says_why() {
    let mut world = World::new();
    world.ports_left = false;
    let phone = world.call(CONF);
    assert_eq!(world.status(phone), 503);
    assert!(world.last_of(phone, "SIP/2.0 503").contains("Retry-After: 10"));
    assert_eq!(
        (world.cause(), world.cdrs()[0].sip_status),
        (Cause::NoMediaPort, 503)
    );
}

#[test]
fn of_an_address_as_long_as_a_header_may_be_a_part_is_kept() {
    let mut world = World::new();
    let phone = world.call_as(CONF, &"a".repeat(7_000), SDP);
    let view = world.view(phone);
    let kept = [&view.address_from, &view.address_to].map(|address| address.chars().count());
    assert!(kept[0] == 512 && kept[1] < 100, "{kept:?}");
    assert_eq!(view.caller.len(), 64);
    world.hang_up(phone);
    assert_eq!(world.cdrs()[0].caller.len(), 64);
}
