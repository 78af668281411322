//! Rosters that no datagram holds: told in parts that fit, and within limits on who watches.

use std::collections::BTreeMap;

use api::{LiveCommand, Target};
use bridge::control::{Input, MediaReport};
use model::{Command, LegId, Mute};
use world::{CONF, PhoneId, ROSTER_WAY, SDP, Ways, World};

use crate::roster::{ASK, ask_beside, documents, state};

/// Largest NOTIFY by datagram, headers included.
const DATAGRAM_MAX: usize = 8 * 1024;
/// Largest NOTIFY by connection.
const MESSAGE_MAX: usize = 64 * 1024;

/// What a phone makes of the documents that it gets (RFC 4575, section 4.6).
#[derive(Debug, Default)]
struct Roster {
    version: Option<u32>,
    /// How many there are, as it was told.
    count: usize,
    /// Whom it was told of: their addresses, and how they are.
    users: BTreeMap<String, String>,
}

impl Roster {
    fn of(documents: &[String]) -> Self {
        let mut roster = Self::default();
        documents.iter().for_each(|document| roster.read(document));
        roster
    }

    fn read(&mut self, document: &str) {
        let (_, info) = document.split_once("<conference-info").expect("a document");
        let version: u32 = between(info, " version=\"", "\"").parse().expect("a number");
        assert_eq!(version, self.version.map_or(0, |last| last + 1), "{document}");
        let full = between(info, " state=\"", "\"") == "full";
        assert!(full || self.version.is_some(), "the first is a whole one");
        self.version = Some(version);
        self.count = between(info, "<user-count>", "<").parse().expect("a number");
        if full {
            self.users.clear();
        }
        info.split("<user ").skip(1).for_each(|user| self.read_user(user));
        if info.contains("<users state=\"full\">") {
            assert_eq!(self.users.len(), self.count, "it says that these are all");
        }
    }

    fn read_user(&mut self, user: &str) {
        let entity = between(user, "entity=\"", "\"").to_owned();
        match between(user, " state=\"", "\"") {
            "deleted" => assert!(self.users.remove(&entity).is_some(), "{entity} was never told of"),
            _ => drop(
                self.users
                    .insert(entity, between(user, "<status>", "<").to_owned()),
            ),
        }
    }

    fn status_of(&self, leg: LegId) -> Option<&str> {
        let entity = format!("sip:{}@127.0.0.1:5060", leg.0);
        self.users.get(&entity).map(String::as_str)
    }
}

/// What stands in `text` after the first `begin`, up to `end`.
fn between<'a>(text: &'a str, begin: &str, end: &str) -> &'a str {
    let (_, rest) = text.split_once(begin).expect("its begin");
    rest.split_once(end).expect("its end").0
}

/// A host, and so many others in its meeting; the host is the first.
fn crowd(others: usize) -> (World, Vec<PhoneId>) {
    let mut world = World::room(&[("conference_maxcalls", "1000")]);
    let mut phones = vec![world.enter_as(CONF, "+15550001", "111#")];
    let numbers: Vec<_> = (0..others).map(|n| format!("+1444{n:07}")).collect();
    for group in numbers.chunks(50) {
        let callers: Vec<_> = group
            .iter()
            .map(|number| world.call_as(CONF, number, SDP))
            .collect();
        world.pass(100);
        let legs: Vec<_> = callers.iter().map(|phone| world.leg(*phone)).collect();
        for key in "222#".chars() {
            for leg in &legs {
                world.input(Input::Media(MediaReport::Digit { leg: *leg, key }));
            }
            world.pass(250);
        }
        phones.extend(callers);
    }
    world.pass(2_000);
    (world, phones)
}

/// A guest whose phone calls by TCP.
fn enter_by_connection(world: &mut World) -> PhoneId {
    let phone = world.phone(CONF, "+15550002");
    world.manners(phone).connection = Some(7);
    world.send(phone, "INVITE", "", SDP);
    world.pass(100);
    world.key(phone, "222#");
    world.pass(2_000);
    phone
}

fn set_mute(world: &mut World, leg: LegId, on: bool) {
    let mute = Mute {
        soft: false,
        hard: on,
    };
    let command = LiveCommand::Meeting(Command::SetMute { leg, mute });
    world.request(Target::Leg(leg), command).unwrap();
}

/// The longest NOTIFY that a phone got, bytes.
fn longest(world: &World, phone: PhoneId) -> usize {
    let notifies = world.all_of(phone, "NOTIFY");
    notifies.iter().map(|notify| notify.len()).max().unwrap_or(0)
}

#[test]
fn of_a_thousand_a_phone_is_told_in_parts_that_fit_its_way_and_of_changes_first() {
    let (mut world, phones) = crowd(998);
    let by_connection = enter_by_connection(&mut world);
    let host = phones[0];
    for phone in [host, by_connection] {
        world.send(phone, "SUBSCRIBE", ASK, "");
        let first = documents(&world, phone).pop().unwrap();
        assert!(
            first.contains(r#" state="full" version="0""#) && first.contains(r#"<users state="partial">"#),
            "{first}"
        );
        assert_eq!(Roster::of(&[first]).count, 1_000);
    }

    let leg = world.leg(host);
    set_mute(&mut world, leg, true);
    world.pass(1_500);
    let begun = Roster::of(&documents(&world, host));
    assert!((10..200).contains(&begun.users.len()), "{}", begun.users.len());
    assert_eq!(begun.status_of(leg), Some("muted-via-focus"));

    world.pass(10_000);
    assert_eq!(
        Roster::of(&documents(&world, by_connection)).users.len(),
        1_000,
        "a connection takes a message of many"
    );
    world.hang_up(phones[1]);
    world.pass(90_000);
    for (phone, most) in [(host, DATAGRAM_MAX), (by_connection, MESSAGE_MAX)] {
        let roster = Roster::of(&documents(&world, phone));
        assert_eq!((roster.users.len(), roster.count), (999, 999));
        assert_eq!(roster.status_of(leg), Some("muted-via-focus"));
        assert_eq!(roster.status_of(world.leg(phones[1])), None);
        let longest = longest(&world, phone);
        assert!(longest > most / 2 && longest <= most, "{longest}");
    }

    let parts = world.control.sip_counters().documents_in_parts;
    assert!((40..120).contains(&parts), "{parts}");
    let before = documents(&world, host).len();
    set_mute(&mut world, leg, false);
    world.pass(2_000);
    let told = documents(&world, host)[before..].concat();
    assert_eq!(told.matches("<user ").count(), 1, "who has changed, and no other");
    assert_eq!(
        world.control.sip_counters().documents_in_parts,
        parts,
        "all is told"
    );
    assert_eq!(world.control.sip_counters().withheld_documents, 0);

    world.send(host, "SUBSCRIBE", ASK, "");
    let refreshed = documents(&world, host).pop().unwrap();
    assert!(refreshed.contains(r#" state="full" version="#), "{refreshed}");
    world.pass(90_000);
    assert_eq!(Roster::of(&documents(&world, host)).users.len(), 999);
}

#[test]
fn a_hundred_watch_a_meeting_and_the_next_may_come_back_later() {
    let (mut world, phones) = crowd(100);
    for phone in &phones[..100] {
        world.send(*phone, "SUBSCRIBE", ASK, "");
        assert!(state(&world, *phone).starts_with("active;"));
    }
    let refused = phones[100];
    world.send(refused, "SUBSCRIBE", ASK, "");
    let answer = world.last_of(refused, "SIP/2.0 503");
    assert!(answer.contains("Retry-After: 10\r\n"), "{answer}");
    assert_eq!(world.count(refused, "NOTIFY"), 0);

    let late = world.call(CONF);
    world.pass(100);
    world.send(late, "SUBSCRIBE", ASK, "");
    assert!(state(&world, late).starts_with("pending;"));
    world.key(late, "222#");
    world.pass(2_000);
    assert_eq!(state(&world, late), "terminated;reason=probation;retry-after=60");
    assert_eq!(world.control.sip_counters().shed_subscriptions, 2);

    world.hang_up(phones[1]);
    world.send(late, "SUBSCRIBE", ASK, "");
    assert!(state(&world, late).starts_with("active;"));
}

#[test]
fn a_roster_is_put_together_once_for_all_who_watch_it() {
    let (mut world, phones) = crowd(20);
    for phone in &phones {
        world.send(*phone, "SUBSCRIBE", ASK, "");
    }
    world.pass(2_000);
    assert_eq!(world.control.counts().rosters, 1, "nothing has changed");
    let leg = world.leg(phones[1]);
    for (on, status, rosters) in [(true, "muted-via-focus", 2), (false, "connected", 3)] {
        set_mute(&mut world, leg, on);
        world.pass(2_000);
        assert_eq!(world.control.counts().rosters, rosters);
        for phone in &phones {
            let roster = Roster::of(&documents(&world, *phone));
            assert_eq!((roster.users.len(), roster.status_of(leg)), (21, Some(status)));
        }
    }
}

#[test]
fn a_caller_has_two_subscriptions_at_most_however_many_dialogs_it_asks_in() {
    let mut world = World::new();
    let caller = world.enter_as(CONF, "+15550001", "111#");
    let known = world.focus(caller);
    for status in [200, 200, 503, 503] {
        let display = ask_beside(&mut world, (1, "+15550001"), &known, "");
        assert_eq!(world.status(display), status);
    }
    assert_eq!(world.control.sip_counters().shed_subscriptions, 2);
    assert_eq!(world.control.sip_counters().refused_subscriptions, 0);
}

/// The phone with the first number subscribes by datagram, and says that it takes connections.
fn subscribe_for_connections(world: &mut World, phone: PhoneId) {
    let ask = world.compose(phone, "SUBSCRIBE", ASK, "");
    let by_connection = ask.replace("<sip:p@127.0.0.1:30000>", "<sip:p@127.0.0.1:30000;transport=tcp>");
    assert_ne!(by_connection, ask);
    world.post(phone, &by_connection);
}

#[test]
fn a_phone_that_asks_for_connections_is_told_by_one_and_by_datagram_when_it_is_lost() {
    let (mut world, phones) = crowd(60);
    let host = phones[0];
    subscribe_for_connections(&mut world, host);
    assert!(world.last_of(host, "NOTIFY").contains("\r\nVia: SIP/2.0/UDP "));
    world.pass(1_500);
    assert!(world.last_of(host, "NOTIFY").contains("\r\nVia: SIP/2.0/TCP "));
    assert_eq!(Roster::of(&documents(&world, host)).users.len(), 61);
    assert!(world.control.carries_call(ROSTER_WAY));

    world.manners(host).reply = "";
    let leg = world.leg(host);
    set_mute(&mut world, leg, true);
    world.pass(1_500);
    world.manners(host).reply = "200 OK";
    let before = documents(&world, host).len();
    world.input(Input::FlowLost {
        connection: ROSTER_WAY,
    });
    world.pass(8_000);
    assert!(world.last_of(host, "NOTIFY").contains("\r\nVia: SIP/2.0/UDP "));
    let told = documents(&world, host);
    assert!(
        told[before].contains(r#" state="full" version="#),
        "{}",
        told[before]
    );
    let roster = Roster::of(&told);
    assert_eq!(roster.users.len(), 61);
    assert_eq!(roster.status_of(leg), Some("muted-via-focus"));
    assert!(state(&world, host).starts_with("active;"));
}

#[test]
fn a_phone_that_takes_no_connection_after_all_is_told_by_datagram() {
    let (mut world, phones) = crowd(60);
    let host = phones[0];
    world.trunk.ways = Ways::None;
    subscribe_for_connections(&mut world, host);
    world.pass(8_000);
    assert_eq!(Roster::of(&documents(&world, host)).users.len(), 61);
    assert!(longest(&world, host) <= DATAGRAM_MAX);
}
