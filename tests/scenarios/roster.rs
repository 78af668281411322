//! Phones that show who is in their meeting (RFC 4575): who may watch, what they are told and when, and when it ends.

use api::{LiveCommand, Target};
use model::attribute::AttributeId;
use model::{Command, Mute};
use world::{CONF, PhoneId, ROOM, SDP, Settings, World};

/// What a SUBSCRIBE asks for.
pub(crate) const ASK: &str =
    "Event: conference\r\nAccept: application/conference-info+xml\r\nExpires: 600\r\n";

/// The bodies of all NOTIFYs that a phone got.
pub(crate) fn documents(world: &World, phone: PhoneId) -> Vec<String> {
    let notifies = world.all_of(phone, "NOTIFY");
    let bodies = notifies
        .iter()
        .filter_map(|text| text.split_once("\r\n\r\n").map(|(_, body)| body.to_owned()));
    bodies.filter(|body| !body.is_empty()).collect()
}

/// Subscription-State of the last NOTIFY.
pub(crate) fn state(world: &World, phone: PhoneId) -> String {
    let notify = world.last_of(phone, "NOTIFY");
    let line = notify
        .lines()
        .find_map(|line| line.strip_prefix("Subscription-State: "));
    line.unwrap_or_default().to_owned()
}

/// A host who watches from inside its call.
fn watched() -> (World, PhoneId) {
    let mut world = World::new();
    let host = world.enter_as(CONF, "+15550001", "111#");
    world.send(host, "SUBSCRIBE", ASK, "");
    (world, host)
}

#[test]
fn a_phone_in_a_meeting_is_told_all_at_first_and_then_what_changes() {
    let (mut world, host) = watched();
    let accepted = world.last_of(host, "SIP/2.0 200").to_owned();
    assert!(
        accepted.contains("Expires: 600\r\n") && accepted.contains(";isfocus\r\n"),
        "{accepted}"
    );
    assert!(state(&world, host).starts_with("active;expires=600"));
    let first = documents(&world, host).pop().unwrap();
    for part in [
        r#"state="full" version="0""#,
        "<user-count>1</user-count>",
        "<display-text>******01</display-text>",
        "<entry>host</entry>",
        "<status>connected</status>",
    ] {
        assert!(first.contains(part), "{part} in {first}");
    }
    assert!(!first.contains("15550001"), "{first}");

    world.pass(2_000);
    let guest = world.enter_as(CONF, "+15550002", "222#");
    let leg = world.leg(guest);
    world.pass(2_000);
    let joined = documents(&world, host).pop().unwrap();
    for part in [
        r#"state="partial""#,
        "<user-count>2</user-count>",
        &format!(r#"<user entity="sip:{}@127.0.0.1:5060" state="full">"#, leg.0),
        "<display-text>******02</display-text>",
    ] {
        assert!(joined.contains(part), "{part} in {joined}");
    }
    assert_eq!(joined.matches("<user ").count(), 1, "{joined}");

    let mute = Mute {
        soft: false,
        hard: true,
    };
    for (command, part) in [
        (Command::SetMute { leg, mute }, "<status>muted-via-focus</status>"),
        (Command::SetHold { leg, on: true }, "<status>on-hold</status>"),
        (
            Command::SetName {
                leg,
                name: "Bob & <Co>".to_owned(),
            },
            "<display-text>Bob &amp; &lt;Co&gt;</display-text>",
        ),
        (Command::SetLock(true), "<locked>true</locked>"),
    ] {
        let target = match matches!(command, Command::SetLock(_)) {
            true => world.target(ROOM),
            false => Target::Leg(leg),
        };
        world.request(target, LiveCommand::Meeting(command)).unwrap();
        world.pass(1_500);
        let told = documents(&world, host).pop().unwrap();
        assert!(told.contains(part), "{part} in {told}");
    }
    world.hang_up(guest);
    world.pass(1_500);
    let left = documents(&world, host).pop().unwrap();
    assert!(
        left.contains(&format!(
            r#"<user entity="sip:{}@127.0.0.1:5060" state="deleted"/>"#,
            leg.0
        )),
        "{left}"
    );
    let versions: Vec<_> = documents(&world, host)
        .iter()
        .map(|text| {
            text.split("version=\"")
                .nth(2)
                .unwrap()
                .split('"')
                .next()
                .unwrap()
                .parse::<u32>()
                .unwrap()
        })
        .collect();
    assert!(
        versions.iter().copied().eq(0..versions.len() as u32),
        "{versions:?}"
    );
}

/// The URI in our Contact of a message, which says that we are the focus.
fn focus(message: &str) -> String {
    let contact = message.lines().find_map(|line| line.strip_prefix("Contact: <"));
    let uri = contact.and_then(|contact| contact.strip_suffix(">;isfocus"));
    uri.expect("a focus").to_owned()
}

#[test]
fn documents_are_about_the_uri_that_the_phone_knows_from_the_contact_of_its_call() {
    for connection in [None, Some(7)] {
        let mut world = World::new();
        let phone = world.phone(CONF, "+15550001");
        world.manners(phone).connection = connection;
        world.send(phone, "INVITE", "", SDP);
        world.pass(100);
        let known = focus(world.last_of(phone, "SIP/2.0 200"));
        assert_eq!(known.contains(";transport=tcp"), connection.is_some(), "{known}");
        world.key(phone, "111#");
        world.pass(100);
        world.send(phone, "SUBSCRIBE", ASK, "");
        world.pass(1_500);
        world.enter_as(CONF, "+15550002", "222#");
        world.pass(1_500);
        for message in world.all_of(phone, "NOTIFY") {
            assert_eq!(focus(message), known);
        }
        let told = documents(&world, phone);
        assert!(told.len() > 1, "all, and then changes");
        for document in told {
            assert!(
                document.contains(&format!(r#" entity="{known}" state="#)),
                "{document}"
            );
        }
    }
}

#[test]
fn a_phone_that_goes_over_to_another_transport_is_told_all_about_the_uri_that_it_knows_then() {
    let (mut world, host) = watched();
    world.pass(1_500);
    world.manners(host).connection = Some(7);
    world.send(host, "INVITE", "", SDP);
    let known = focus(world.last_of(host, "SIP/2.0 200"));
    assert!(known.ends_with(";transport=tcp"), "{known}");
    world.enter_as(CONF, "+15550002", "222#");
    world.pass(1_500);
    let told = documents(&world, host).pop().unwrap();
    assert!(
        told.contains(&format!(r#" entity="{known}" state="full" version="#)),
        "{told}"
    );
    assert!(told.contains("<user-count>2</user-count>"), "{told}");
}

#[test]
fn however_much_happens_a_phone_is_told_once_a_second_and_of_the_latest() {
    let (mut world, host) = watched();
    let leg = world.leg(host);
    world.pass(2_000);
    let before = world.count(host, "NOTIFY");
    for n in 0..50 {
        let name = format!("name {n}");
        let command = LiveCommand::Meeting(Command::SetName { leg, name });
        world.request(Target::Leg(leg), command).unwrap();
        world.pass(100);
    }
    world.pass(2_000);
    let told = world.count(host, "NOTIFY") - before;
    assert!((5..=7).contains(&told), "{told}");
    assert!(
        documents(&world, host)
            .pop()
            .unwrap()
            .contains("<display-text>name 49<")
    );
}

#[test]
fn a_phone_that_asks_in_the_menu_waits_and_is_told_when_it_is_in() {
    let mut world = World::new();
    let phone = world.call(CONF);
    world.pass(100);
    world.send(phone, "SUBSCRIBE", ASK, "");
    assert!(state(&world, phone).starts_with("pending;expires="));
    assert!(documents(&world, phone).is_empty());
    world.key(phone, "111#");
    world.pass(2_000);
    assert!(state(&world, phone).starts_with("active;expires="));
    assert!(documents(&world, phone)[0].contains(r#"state="full""#));
}

#[test]
fn of_a_meeting_that_nothing_is_told_of_no_phone_is_told() {
    let (mut world, host) = watched();
    world.pass(2_000);
    let told = documents(&world, host).len();
    assert!(told > 0);
    let command = LiveCommand::Meeting(Command::SetAttribute {
        id: AttributeId::conference_realtime,
        value: Some("off".to_owned()),
    });
    assert_eq!(world.request(world.target(ROOM), command), Ok(()));
    world.enter_as(CONF, "+15550002", "222#");
    world.pass(2_000);
    assert_eq!(documents(&world, host).len(), told);
    assert!(state(&world, host).starts_with("terminated;reason=noresource"));
}

/// Subscribes outside of any call, from a phone on 127.0.0.`host` that says to have a number, for what is at a URI.
pub(crate) fn ask_beside(world: &mut World, (host, number): (u8, &str), uri: &str, header: &str) -> PhoneId {
    let display = world.phone_of(host, CONF, number);
    world.aim(display, uri);
    world.send(display, "SUBSCRIBE", &format!("{ASK}{header}"), "");
    display
}

#[test]
fn outside_of_a_call_only_its_phone_may_ask_whatever_number_it_says_to_have() {
    let mut world = World::new();
    let caller = world.enter_as(CONF, "+15550001", "111#");
    let (known, named) = (world.focus(caller), world.target_dialog(caller));
    let number = format!("sip:{CONF}@127.0.0.1");
    let guessed = known.replace("sip:", "sip:0");
    let of_dialog_of_none = named.replace("remote-tag=", "remote-tag=x");
    for (host, caller, uri, header, status) in [
        (1, "+15550001", &known, "", 200),
        (1, "+15550009", &number, named.as_str(), 200),
        (1, "+15550001", &number, "", 403),
        (1, "+15550001", &guessed, "", 403),
        (1, "+15550001", &number, of_dialog_of_none.as_str(), 403),
        (9, "+15550001", &known, "", 403),
        (9, "+15550001", &number, named.as_str(), 403),
    ] {
        let display = ask_beside(&mut world, (host, caller), uri, header);
        assert_eq!(world.status(display), status, "{host} {caller} {uri} {header}");
        let documents = documents(&world, display);
        assert_eq!(documents.len(), usize::from(status == 200));
        for document in documents {
            assert!(document.contains("<user-count>1</user-count>"), "{document}");
            assert!(
                document.contains(&format!(r#" entity="{known}" state="#)),
                "{document}"
            );
        }
    }
    assert_eq!(world.control.sip_counters().refused_subscriptions, 5);
    world.hang_up(caller);
    for (uri, header) in [(&known, ""), (&number, named.as_str())] {
        let late = ask_beside(&mut world, (1, "+15550001"), uri, header);
        assert_eq!(world.status(late), 403);
    }
}

#[test]
fn a_phone_may_ask_by_the_uri_of_its_call_before_its_code_and_is_told_of_where_it_goes() {
    let mut world = World::new();
    let caller = world.call(CONF);
    world.pass(100);
    let known = world.focus(caller);
    let display = ask_beside(&mut world, (1, "+15550001"), &known, "");
    assert!(state(&world, display).starts_with("pending;expires="));
    world.key(caller, "111#");
    world.pass(2_000);
    assert!(state(&world, display).starts_with("active;expires="));
    world.send(caller, "INVITE", "", SDP);
    assert_eq!(world.focus(caller), known, "a call keeps its own");
    world.hang_up(caller);
    assert_eq!(state(&world, display), "terminated;reason=noresource");
}

#[test]
fn it_ends_with_the_call_with_the_meeting_by_time_and_by_wish() {
    let (mut world, host) = watched();
    world.hang_up(host);
    assert_eq!(state(&world, host), "terminated;reason=noresource");

    let (mut world, host) = watched();
    let end = LiveCommand::EndMeeting;
    world.request(world.target(ROOM), end).unwrap();
    world.pass(10_000);
    assert_eq!(state(&world, host), "terminated;reason=noresource");
    assert!(world.has_got(host, "BYE"));

    let (mut world, host) = watched();
    world.pass(599_000);
    assert!(state(&world, host).starts_with("active"));
    world.pass(1_000);
    assert_eq!(state(&world, host), "terminated;reason=timeout");

    let (mut world, host) = watched();
    world.send(host, "SUBSCRIBE", &ASK.replace("600", "0"), "");
    assert_eq!(state(&world, host), "terminated;reason=timeout");
    let told = world.count(host, "NOTIFY");
    world.enter(CONF, "222#");
    world.pass(5_000);
    assert_eq!(world.count(host, "NOTIFY"), told);
    assert_eq!(world.control.calls(), 2, "the calls go on");
}

#[test]
fn a_refresh_lasts_anew_and_is_told_all() {
    let (mut world, host) = watched();
    world.pass(500_000);
    world.send(host, "SUBSCRIBE", ASK, "");
    assert!(documents(&world, host).pop().unwrap().contains(r#"state="full""#));
    world.pass(500_000);
    assert!(state(&world, host).starts_with("active;expires=600"));
}

#[test]
fn a_phone_that_does_not_answer_is_told_no_more_and_its_call_goes_on() {
    for (reply, seconds) in [("481 No", 0), ("500 No", 0), ("", 40)] {
        let mut world = World::new();
        let host = world.enter_as(CONF, "+15550001", "111#");
        world.manners(host).reply = reply;
        world.send(host, "SUBSCRIBE", ASK, "");
        world.pass(seconds * 1_000);
        let told = world.count(host, "NOTIFY");
        world.manners(host).reply = "200 OK";
        world.enter_as(CONF, "+15550002", "222#");
        world.pass(5_000);
        assert_eq!(world.count(host, "NOTIFY"), told, "{reply}");
        assert_eq!(world.control.calls(), 2, "{reply}");
    }
}

#[test]
fn whoever_moves_to_another_meeting_is_told_of_the_first_no_more() {
    let mut world = World::with(Settings::default());
    let host = world.enter_as(CONF, "+15550001", "111#");
    let other = world.enter_as(CONF, "+15550002", "4711#");
    world.send(other, "SUBSCRIBE", ASK, "");
    let leg = world.leg(other);
    let to = LiveCommand::Move {
        leg,
        access_code: "222".to_owned(),
    };
    world.request(Target::Leg(leg), to).unwrap();
    world.pass(2_000);
    assert_eq!(state(&world, other), "terminated;reason=deactivated");
    world.send(other, "SUBSCRIBE", ASK, "");
    assert!(
        documents(&world, other)
            .pop()
            .unwrap()
            .contains("<user-count>2</user-count>")
    );
    world.hang_up(host);
}
