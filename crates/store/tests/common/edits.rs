//! Objects for the tests of the store.

use model::attribute::{Level, Overrides};
use model::directory::{
    CallFlow, Callback, Did, DidGroup, DidGroupReference, Directory, Edit, Key, Room, Subscriber,
    SubscriberRole,
};
use model::{DidGroupId, DidId, KeyId, MeetingNumber, Role, Sid};

/// A stream of numbers that depends on its seed alone (SplitMix64).
pub(crate) struct Dice(pub(crate) u64);

impl Dice {
    /// A number below `end`.
    pub(crate) fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % end
    }

    fn coin(&mut self) -> bool {
        self.below(2) == 0
    }

    fn text(&mut self) -> String {
        const TEXTS: [&str; 5] = [
            "",
            "plain",
            "it's \"quoted\"; DROP TABLE rooms",
            "Grüße 🎉",
            "two\nlines",
        ];
        TEXTS[self.below(TEXTS.len() as u64) as usize].to_owned()
    }
}

/// An edit that may or may not fit the directory; few ids, so that objects meet.
pub(crate) fn any_edit(dice: &mut Dice) -> Edit {
    match dice.below(12) {
        0 | 1 => Edit::PutSubscriber(any_subscriber(dice)),
        2 => Edit::DeleteSubscriber(any_sid(dice)),
        3 | 4 => Edit::PutGroup(any_group(dice)),
        5 => Edit::DeleteGroup(DidGroupId(1 + dice.below(4))),
        6 => Edit::PutDid(any_did(dice)),
        7 => Edit::DeleteDid(DidId(1 + dice.below(4))),
        8 | 9 => Edit::PutRoom(any_room(dice)),
        10 => Edit::RenumberRoom {
            from: any_number(dice),
            room: any_room(dice),
        },
        _ => Edit::DeleteRoom(any_number(dice)),
    }
}

fn any_sid(dice: &mut Dice) -> Sid {
    Sid::new(["top", "left", "right", "low"][dice.below(4) as usize])
}

fn any_number(dice: &mut Dice) -> MeetingNumber {
    MeetingNumber(100_000 + dice.below(5) as u32)
}

fn any_references(dice: &mut Dice) -> Vec<DidGroupReference> {
    let each = (0..dice.below(3)).map(|_| DidGroupReference {
        did_group_id: DidGroupId(1 + dice.below(4)),
        disabled: dice.coin(),
    });
    each.collect()
}

fn any_subscriber(dice: &mut Dice) -> Subscriber {
    let sid = any_sid(dice);
    Subscriber {
        parent_sid: dice.coin().then(|| any_sid(dice)),
        login: format!("{sid}-{}", dice.below(3)),
        password_hash: format!("hash {}", dice.below(100)),
        authentication_token: dice.text(),
        created_ms: dice.below(1 << 40) as i64,
        first_name: dice.text(),
        last_name: dice.text(),
        email: dice.text(),
        phone_number: dice.text(),
        ext: dice.text(),
        details: dice.text(),
        external_id: dice.below(10) as i64 - 1,
        role: SubscriberRole::from_wire(1 + dice.below(3) as i64).unwrap(),
        did_group_references: any_references(dice),
        callback: dice.coin().then(|| Callback {
            id: dice.below(9),
            url: dice.text(),
        }),
        sid,
    }
}

fn any_group(dice: &mut Dice) -> DidGroup {
    let mut attributes = Overrides::new(Level::Group);
    if dice.coin() {
        attributes.put("polling_dtmf_binding", "98").unwrap();
        attributes.put("conference_appspecific", &dice.text()).unwrap();
    }
    DidGroup {
        id: DidGroupId(1 + dice.below(4)),
        name: format!("group {}", dice.below(100)),
        description: dice.text(),
        call_flow: any_flow(dice),
        subscriber_sid: any_sid(dice),
        attributes,
    }
}

fn any_flow(dice: &mut Dice) -> CallFlow {
    if dice.coin() {
        CallFlow::Conf
    } else {
        CallFlow::Spectel
    }
}

fn any_did(dice: &mut Dice) -> Did {
    let mut attributes = Overrides::new(Level::Did);
    if dice.coin() {
        attributes.put("call_delay", &dice.below(60).to_string()).unwrap();
    }
    Did {
        id: DidId(1 + dice.below(4)),
        phone_number: format!("1516206531{}", dice.below(6)),
        country_code: "US".into(),
        description: dice.text(),
        did_group_id: DidGroupId(1 + dice.below(4)),
        attributes,
    }
}

fn any_room(dice: &mut Dice) -> Room {
    let mut attributes = Overrides::new(Level::Room);
    if dice.coin() {
        attributes
            .put("conference_mute_policy", ["", "p", "hpl"][dice.below(3) as usize])
            .unwrap();
    }
    let keys = (0..dice.below(4)).map(|_| Key {
        id: KeyId(1 + dice.below(1000)),
        access_code: format!("{}", 100 + dice.below(20)),
        role: Role::from_wire(1 + dice.below(3) as i64).unwrap(),
    });
    let keychain = keys.collect();
    Room {
        meeting_number: any_number(dice),
        created_ms: dice.below(1 << 40) as i64,
        description: dice.text(),
        call_flow: any_flow(dice),
        attributes,
        did_group_references: any_references(dice),
        keychain,
        primary_did_group_id: DidGroupId(1 + dice.below(4)),
        subscriber_sid: any_sid(dice),
    }
}

/// Everything a directory holds, comparable.
#[derive(Debug, PartialEq)]
pub(crate) struct Contents {
    subscribers: Vec<Subscriber>,
    groups: Vec<DidGroup>,
    dids: Vec<Did>,
    rooms: Vec<Room>,
    codes: Vec<usize>,
    logins: usize,
}

/// What `directory` holds, and what its indices find.
pub(crate) fn contents(directory: &Directory) -> Contents {
    let logins = directory
        .subscribers()
        .filter(|s| directory.login(&s.login).is_some());
    Contents {
        subscribers: directory.subscribers().map(|o| Subscriber::clone(o)).collect(),
        groups: directory.groups().map(|o| DidGroup::clone(o)).collect(),
        dids: directory.dids().map(|o| Did::clone(o)).collect(),
        rooms: directory.rooms().map(|o| Room::clone(o)).collect(),
        codes: directory
            .groups()
            .map(|group| directory.codes(group.id))
            .collect(),
        logins: logins.count(),
    }
}
