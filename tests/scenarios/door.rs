//! From the INVITE to the answer, and how calls end.

use model::Cause;
use world::{CONF, Level, SDP, Settings, World};

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
fn strangers_get_403_and_a_full_bridge_503_with_retry_after() {
    let mut world = World::with(Settings {
        allow: "192.0.2.0/24",
        ..Settings::default()
    });
    let phone = world.call(CONF);
    assert!(world.has_got(phone, "SIP/2.0 403"));
    assert_eq!(world.cause(), Cause::NotAllowed);
    for settings in [
        Settings {
            max_calls: 1,
            ..Settings::default()
        },
        Settings {
            new_calls_per_second: 1,
            ..Settings::default()
        },
    ] {
        let mut world = World::with(settings);
        let first = world.call(CONF);
        let second = world.call(CONF);
        assert!(world.has_got(first, "SIP/2.0 200") && world.has_got(second, "SIP/2.0 503"));
        assert_eq!(world.cause(), Cause::BridgeFull);
    }
}

#[test]
fn a_call_without_a_shared_codec_gets_488() {
    let mut world = World::new();
    let phone = world.call_as(CONF, "+15550001", &SDP.replace("RTP/AVP 0 101", "RTP/AVP 18 101"));
    assert!(world.has_got(phone, "SIP/2.0 488"));
    assert_eq!(world.cause(), Cause::NoCodec);
}

#[test]
fn a_retransmitted_invite_never_makes_two_calls() {
    let mut world = World::new();
    let phone = world.phone(CONF, "+15550001");
    let invite = world.send(phone, "INVITE", "Content-Type: application/sdp\r\n", SDP);
    world.post(phone, &invite);
    world.post(phone, &invite);
    assert_eq!(world.control.calls(), 1);
}

#[test]
fn an_answer_that_is_never_acknowledged_ends_in_a_bye() {
    let mut world = World::new();
    let phone = world.phone(CONF, "+15550001");
    world.manners(phone).acknowledges = false;
    world.send(phone, "INVITE", "Content-Type: application/sdp\r\n", SDP);
    world.pass(33_000);
    assert!(world.has_got(phone, "BYE"));
    assert_eq!(world.cause(), Cause::NotAcknowledged);
    assert_eq!(world.control.calls(), 0);
}

#[test]
fn lost_media_ends_a_call_with_its_cause() {
    use bridge::control::{Input, MediaReport};
    use media::MediaLoss;
    for (which, cause) in [
        (MediaLoss::First, Cause::MediaNeverCame),
        (MediaLoss::Steady, Cause::MediaLost),
        (MediaLoss::Hold, Cause::MediaLostOnHold),
    ] {
        let mut world = World::new();
        let phone = world.enter(CONF, "111#");
        let leg = world.leg(phone);
        world.input(Input::Media(MediaReport::Lost { leg, which }));
        assert!(world.has_got(phone, "BYE"));
        assert_eq!(world.cause(), cause);
        assert_eq!(world.mdrs().len(), 1);
    }
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
