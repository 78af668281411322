//! Re-INVITE and UPDATE: hold, another codec, another address, and what cannot be.

use bridge::control::Input;
use media::{Codec, Direction};
use model::Cause;
use world::{CALLER, CONF, PCMA, PhoneId, SDP, World};

fn with(direction: &str) -> String {
    format!("{SDP}a={direction}\r\n")
}

fn session(world: &World, phone: PhoneId) -> media::Session {
    world.mixer.sessions[&world.leg(phone)].clone()
}

/// A phone in the meeting whose session changes are asked for by `method`.
fn offer(world: &mut World, phone: PhoneId, method: &str, sdp: &str) -> String {
    world.send(phone, method, "", sdp);
    world.last_message(phone).to_owned()
}

#[test]
fn a_phone_holds_and_resumes_by_either_method_and_the_meeting_goes_on() {
    for method in ["INVITE", "UPDATE"] {
        for (held, answer, direction) in [
            ("sendonly", "a=recvonly", Direction::RecvOnly),
            ("inactive", "a=inactive", Direction::Inactive),
        ] {
            let mut world = World::new();
            let phone = world.enter(CONF, "111#");
            let reply = offer(&mut world, phone, method, &with(held));
            assert!(
                reply.starts_with("SIP/2.0 200") && reply.contains(answer),
                "{method} {held}: {reply}"
            );
            assert_eq!(session(&world, phone).direction, direction);
            assert!(session(&world, phone).remote_held);
            let reply = offer(&mut world, phone, method, &with("sendrecv"));
            assert!(reply.starts_with("SIP/2.0 200"), "{reply}");
            assert_eq!(session(&world, phone).direction, Direction::SendRecv);
            assert!(!session(&world, phone).remote_held && world.speaks(phone));
            assert_eq!(world.heard(phone, "only_person"), 1);
        }
    }
}

#[test]
fn codec_and_address_change_by_either_method() {
    for method in ["INVITE", "UPDATE"] {
        let mut world = World::new();
        let phone = world.enter(CONF, "111#");
        assert_eq!(
            (
                session(&world, phone).format.codec(),
                world.view(phone).codec.as_str()
            ),
            (Codec::Pcmu, "PCMU")
        );
        let elsewhere = PCMA.replace("c=IN IP4 127.0.0.1", "c=IN IP4 127.0.0.9");
        let reply = offer(&mut world, phone, method, &elsewhere);
        assert!(reply.starts_with("SIP/2.0 200"), "{method}: {reply}");
        let now = session(&world, phone);
        assert_eq!(
            (now.format.codec(), now.rtp.to_string().as_str()),
            (Codec::Pcma, "127.0.0.9:40002")
        );
        assert_eq!(world.view(phone).codec, "PCMA");
        world.hang_up(phone);
        assert_eq!(world.cdrs()[0].codec, "PCMA");
    }
}

#[test]
fn each_answer_has_a_higher_version_than_the_one_before_if_it_differs() {
    let mut world = World::new();
    let phone = world.enter(CONF, "111#");
    let version = |message: &str| -> u64 {
        let origin = message.lines().find(|line| line.starts_with("o=")).unwrap();
        origin.split(' ').nth(2).unwrap().parse().unwrap()
    };
    let first = version(world.last_of(phone, "SIP/2.0 200"));
    let second = version(&offer(&mut world, phone, "UPDATE", &with("sendonly")));
    let third = version(&offer(&mut world, phone, "UPDATE", &with("sendrecv")));
    assert!(first < second && second < third, "{first} {second} {third}");
}

#[test]
fn a_refused_offer_leaves_the_call_as_it_was() {
    for method in ["INVITE", "UPDATE"] {
        for (sdp, status) in [
            (SDP.replace("RTP/AVP 0 101", "RTP/AVP 18 101"), 488),
            ("not a description".to_owned(), 400),
            // Audio sent to our own ports would go round for ever.
            (SDP.replace("40000", "20002"), 488),
        ] {
            let mut world = World::new();
            let phone = world.enter(CONF, "111#");
            let before = session(&world, phone);
            world.send(phone, method, "", &sdp);
            assert_eq!(world.status(phone), status, "{method} {sdp}");
            assert_eq!(session(&world, phone), before);
            assert!(world.speaks(phone) && !world.has_got(phone, "BYE"));
            let reply = offer(&mut world, phone, method, PCMA);
            assert!(reply.starts_with("SIP/2.0 200"), "{reply}");
        }
    }
}

#[test]
fn a_reinvite_without_offer_gets_ours_and_its_ack_changes_the_session() {
    let mut world = World::new();
    let phone = world.enter(CONF, "111#");
    world.manners(phone).answer = PCMA.to_owned();
    world.send(phone, "INVITE", "", "");
    assert!(world.last_of(phone, "SIP/2.0 200").contains("m=audio"));
    assert_eq!(session(&world, phone).format.codec(), Codec::Pcma);
    assert_eq!(world.view(phone).codec, "PCMA");
}

#[test]
fn a_reinvite_without_offer_whose_ack_answers_nothing_leaves_the_call_as_it_was() {
    let mut world = World::new();
    let phone = world.enter(CONF, "111#");
    let before = session(&world, phone);
    world.manners(phone).answer = String::new();
    world.send(phone, "INVITE", "", "");
    world.pass(1_000);
    assert_eq!(session(&world, phone), before);
    assert!(!world.has_got(phone, "BYE"));
}

#[test]
fn an_offer_while_the_first_is_undecided_is_told_to_come_later() {
    let mut world = World::with(world::Settings {
        attributes: vec![(world::Level::Did, "call_delay", "3")],
        ..world::Settings::default()
    });
    let phone = world.phone(CONF, CALLER);
    world.send(phone, "INVITE", "", SDP);
    world.pass(1);
    world.send_early(phone, "UPDATE", PCMA);
    assert_eq!(world.status(phone), 500);
    assert!(world.last_of(phone, "SIP/2.0 500").contains("Retry-After"));
    world.pass(3_000);
    assert!(world.has_got(phone, "SIP/2.0 200"));
}

#[test]
fn two_offers_that_meet_are_both_refused_with_491_and_the_call_goes_on() {
    let mut world = World::new();
    let phone = world.phone(CONF, CALLER);
    world.manners(phone).reply = "";
    world.send(phone, "INVITE", "Session-Expires: 90\r\n", SDP);
    world.pass(45_001);
    assert!(world.has_got(phone, "INVITE"), "{:?}", world.got(phone));
    world.send(phone, "INVITE", "", PCMA);
    assert_eq!(world.status(phone), 491);
    assert_eq!(session(&world, phone).format.codec(), Codec::Pcmu);
    assert_eq!(world.control.calls(), 1);
}

#[test]
fn an_old_request_within_the_call_is_refused_and_changes_nothing() {
    let mut world = World::new();
    let phone = world.enter(CONF, "111#");
    let old = world.compose(phone, "INVITE", "", PCMA);
    world.send(phone, "OPTIONS", "", "");
    world.post(phone, &old);
    assert_eq!(world.status(phone), 500);
    assert_eq!(session(&world, phone).format.codec(), Codec::Pcmu);
}

#[test]
fn a_call_that_is_held_by_its_phone_and_then_lost_says_so() {
    use bridge::control::MediaReport;
    use media::MediaLoss;
    let mut world = World::new();
    let phone = world.enter(CONF, "111#");
    offer(&mut world, phone, "INVITE", &with("inactive"));
    let leg = world.leg(phone);
    world.input(Input::Media(MediaReport::Lost {
        leg,
        which: MediaLoss::Hold,
    }));
    assert_eq!(world.cause(), Cause::MediaLostOnHold);
    assert!(world.has_got(phone, "BYE") && world.ports.is_empty());
}

/// The audio port of the answer that a phone got.
fn far_port(world: &World, phone: PhoneId) -> u16 {
    let answer = world.last_message(phone);
    let line = answer.split("m=audio ").nth(1).expect("an answer with audio");
    let port = line.split(' ').next().expect("a port");
    port.parse().expect("a number")
}

#[test]
fn media_goes_to_no_port_of_a_live_call_and_to_any_other_of_this_very_machine() {
    let mut world = World::new();
    let first = world.call(CONF);
    let live = far_port(&world, first);
    let status_of = |world: &mut World, port: u16| {
        let phone = world.phone(CONF, CALLER);
        world.send(phone, "INVITE", "", &SDP.replace("40000", &port.to_string()));
        world.pass(1);
        world.status(phone)
    };
    for (port, status) in [(live, 488), (live + 1, 488), (5060, 488), (live + 500, 200)] {
        assert_eq!(status_of(&mut world, port), status, "{port}");
    }
    world.hang_up(first);
    assert_eq!(status_of(&mut world, live), 200, "given back, it is anybody's");
}
