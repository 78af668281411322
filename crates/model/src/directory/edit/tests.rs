//! Edits and their refusals.

use super::*;
use crate::attribute::{Level, Overrides};
use crate::directory::{CallFlow, DidGroupReference, Key, SubscriberRole};
use crate::{KeyId, Role};

fn subscriber(sid: &str, parent: Option<&str>) -> Subscriber {
    Subscriber::new(
        Sid::new(sid),
        parent.map(Sid::new),
        &format!("login-{sid}"),
        SubscriberRole::Administrator,
    )
}

fn group(id: u64) -> DidGroup {
    DidGroup {
        id: DidGroupId(id),
        name: "group".into(),
        description: String::new(),
        call_flow: CallFlow::Conf,
        subscriber_sid: Sid::new("a"),
        attributes: Overrides::new(Level::Group),
    }
}

fn did(id: u64, number: &str) -> Did {
    Did {
        id: DidId(id),
        phone_number: number.into(),
        country_code: "US".into(),
        description: String::new(),
        did_group_id: DidGroupId(1),
        attributes: Overrides::new(Level::Did),
    }
}

fn room(number: u32, codes: &[&str]) -> Room {
    Room {
        meeting_number: MeetingNumber(number),
        created_ms: 0,
        description: String::new(),
        call_flow: CallFlow::Conf,
        attributes: Overrides::new(Level::Room),
        did_group_references: vec![DidGroupReference {
            did_group_id: DidGroupId(1),
            disabled: false,
        }],
        keychain: codes
            .iter()
            .zip(1..)
            .map(|(code, id)| Key {
                id: KeyId(id),
                access_code: (*code).into(),
                role: Role::Host,
            })
            .collect(),
        primary_did_group_id: DidGroupId(1),
        subscriber_sid: Sid::new("a"),
    }
}

fn filled() -> Directory {
    [
        Edit::PutSubscriber(subscriber("a", None)),
        Edit::PutSubscriber(subscriber("b", Some("a"))),
        Edit::PutGroup(group(1)),
        Edit::PutDid(did(1, "15162065319")),
        Edit::PutRoom(room(106_131, &["111", "1112"])),
    ]
    .into_iter()
    .fold(Directory::default(), |directory, edit| {
        directory.edited(edit).unwrap()
    })
}

#[test]
fn of_several_edits_those_are_told_that_change_something_one_after_another() {
    let described = |text: &str| {
        let mut room = room(106_131, &["111", "1112"]);
        room.description = text.into();
        Edit::PutRoom(room)
    };
    let directory = filled();
    let delete = Edit::DeleteDid(DidId(1));
    for (edits, changes) in [
        (vec![], vec![]),
        (vec![described("")], vec![]),
        (
            vec![Edit::PutGroup(group(1)), Edit::PutDid(did(1, "15162065319"))],
            vec![],
        ),
        (vec![Edit::PutSubscriber(subscriber("b", Some("a")))], vec![]),
        (vec![Edit::PutGroup(group(2))], vec![Edit::PutGroup(group(2))]),
        (vec![described("x"), described("x")], vec![described("x")]),
        (
            vec![described("x"), described("")],
            vec![described("x"), described("")],
        ),
        (vec![described(""), delete.clone()], vec![delete.clone()]),
    ] {
        let (after, told) = directory.edited_all(&edits).unwrap();
        assert_eq!(told, changes);
        let one_by_one = edits.into_iter().fold(directory.clone(), |directory, edit| {
            directory.edited(edit).unwrap()
        });
        let rooms = [&after, &one_by_one].map(|directory| directory.room(MeetingNumber(106_131)));
        assert_eq!(rooms[0], rooms[1]);
        assert_eq!(after.dids().count(), one_by_one.dids().count());
    }
    let refused = directory.edited_all(&[described("x"), Edit::DeleteDid(DidId(9))]);
    assert_eq!(refused.map(drop).unwrap_err().fault, Fault::Missing);
}

#[test]
fn a_number_is_found_in_every_form_and_a_code_within_its_group() {
    let directory = filled();
    for form in ["+15162065319", "5162065319", "01115162065319", "15162065319"] {
        assert_eq!(directory.dialled(form).unwrap().did.id, DidId(1), "{form}");
    }
    assert!(directory.dialled("15162065318").is_none());
    assert_eq!(
        directory.grant(DidGroupId(1), "111").unwrap().key.role,
        Role::Host
    );
    assert!(directory.grant(DidGroupId(2), "111").is_none());
    assert!(directory.longer_code(DidGroupId(1), "111") && !directory.longer_code(DidGroupId(1), "1112"));
    assert_eq!(directory.codes(DidGroupId(1)), 2);
}

#[test]
fn an_edit_replaces_codes_and_numbers_and_leaves_the_former_directory_alone() {
    let before = filled();
    let after = before.edited(Edit::PutRoom(room(106_131, &["222"]))).unwrap();
    assert!(after.grant(DidGroupId(1), "111").is_none() && before.grant(DidGroupId(1), "111").is_some());
    let after = after.edited(Edit::PutDid(did(1, "15162065318"))).unwrap();
    assert!(after.dialled("15162065319").is_none() && after.dialled("15162065318").is_some());
    let from = MeetingNumber(106_131);
    let room = room(300_000, &["222"]);
    let after = after.edited(Edit::RenumberRoom { from, room }).unwrap();
    assert!(after.room(from).is_none() && after.grant(DidGroupId(1), "222").is_some());
    let after = after.edited(Edit::DeleteRoom(MeetingNumber(300_000))).unwrap();
    assert_eq!(after.codes(DidGroupId(1)), 0);
}

#[test]
fn a_group_that_anything_names_is_not_deleted() {
    let gone = Edit::DeleteGroup(DidGroupId(2));
    let reference = DidGroupReference {
        did_group_id: DidGroupId(2),
        disabled: true,
    };
    let mut primary = room(300_000, &[]);
    primary.primary_did_group_id = DidGroupId(2);
    let mut user = subscriber("b", Some("a"));
    user.did_group_references = vec![reference];
    let before = filled().edited(Edit::PutGroup(group(2))).unwrap();
    assert!(before.edited(gone.clone()).is_ok());
    for edit in [Edit::PutRoom(primary), Edit::PutSubscriber(user)] {
        let refusal = before.edited(edit).unwrap().edited(gone.clone()).unwrap_err();
        assert_eq!(refusal.fault, Fault::Conflict);
    }
}

#[test]
fn refusals_name_the_field_and_the_fault() {
    let mut clashing = group(1);
    clashing.attributes.put("polling_dtmf_binding", "*").unwrap();
    let mut looped = subscriber("a", Some("b"));
    looped.login = "login-a".into();
    let mut doubled = subscriber("c", None);
    doubled.login = "login-a".into();
    for (edit, field, fault) in [
        (Edit::PutRoom(room(99, &[])), "meetingNumber", Fault::Invalid),
        (
            Edit::PutRoom(room(200_000, &["111"])),
            "accessCode",
            Fault::Conflict,
        ),
        (
            Edit::PutRoom(room(200_000, &["12", "12"])),
            "accessCode",
            Fault::Conflict,
        ),
        (
            Edit::PutRoom(room(200_000, &["1*"])),
            "accessCode",
            Fault::Invalid,
        ),
        (
            Edit::PutDid(did(2, "15162065319")),
            "phoneNumber",
            Fault::Conflict,
        ),
        (Edit::PutDid(did(2, "+1516")), "phoneNumber", Fault::Invalid),
        (Edit::PutGroup(clashing), "attributes", Fault::Invalid),
        (Edit::DeleteGroup(DidGroupId(1)), "id", Fault::Conflict),
        (Edit::DeleteGroup(DidGroupId(9)), "id", Fault::Missing),
        (Edit::PutSubscriber(looped), "parentSid", Fault::Invalid),
        (Edit::PutSubscriber(doubled), "login", Fault::Conflict),
        (Edit::DeleteSubscriber(Sid::new("a")), "sid", Fault::Conflict),
    ] {
        let error = filled().edited(edit).unwrap_err();
        assert_eq!((error.field, error.fault), (field, fault));
    }
}

#[test]
fn a_tenant_is_everything_below_its_subscriber() {
    let directory = filled();
    assert!(directory.is_within(&Sid::new("b"), &Sid::new("a")));
    assert!(!directory.is_within(&Sid::new("a"), &Sid::new("b")));
}

#[test]
fn an_operator_sees_what_it_works_for_and_who_is_gone_sees_nothing() {
    let [a, b, c] = ["a", "b", "c"].map(Sid::new);
    let operator = Subscriber {
        role: SubscriberRole::Operator,
        ..subscriber("c", Some("b"))
    };
    let directory = filled().edited(Edit::PutSubscriber(operator)).unwrap();
    for (actor, owner, sees) in [
        (&a, &a, true),
        (&a, &b, true),
        (&a, &c, true),
        (&b, &a, false),
        (&b, &c, true),
        (&c, &b, true),
        (&c, &a, false),
    ] {
        assert_eq!(directory.sees(actor, owner), sees, "{actor} {owner}");
    }
    let without = directory.edited(Edit::DeleteSubscriber(c.clone())).unwrap();
    assert!(!without.sees(&c, &b) && !without.sees(&c, &c));
}

#[test]
fn a_group_may_be_used_by_its_tree_and_by_those_it_is_lent_to() {
    let own = group(1);
    let lent = |disabled| Subscriber {
        did_group_references: vec![DidGroupReference {
            did_group_id: DidGroupId(1),
            disabled,
        }],
        ..subscriber("b", Some("a"))
    };
    let mut directory = filled();
    assert!(directory.may_use(&Sid::new("a"), &own) && !directory.may_use(&Sid::new("b"), &own));
    for disabled in [false, true] {
        directory = directory.edited(Edit::PutSubscriber(lent(disabled))).unwrap();
        assert_eq!(directory.may_use(&Sid::new("b"), &own), !disabled);
    }
}

#[test]
fn owners_and_lengths_of_codes_follow_the_rooms_of_a_group() {
    let (here, elsewhere) = (DidGroupId(1), DidGroupId(2));
    let owners = |directory: &Directory, group| {
        let owners = directory.owners(group).map(|owner| owner.as_str().to_owned());
        owners.collect::<Vec<_>>()
    };
    let of_b = Room {
        subscriber_sid: Sid::new("b"),
        ..room(300_000, &["7", "123456"])
    };
    let mut moved = of_b.clone();
    moved.meeting_number = MeetingNumber(400_000);
    let shared = filled()
        .edited(Edit::PutGroup(group(2)))
        .and_then(|directory| directory.edited(Edit::PutRoom(of_b.clone())))
        .unwrap();
    assert_eq!(owners(&shared, here), ["a", "b"]);
    assert!(owners(&shared, elsewhere).is_empty());
    assert!(shared.has_code_beyond(here, 5) && !shared.has_code_beyond(here, 6));
    assert!(!shared.has_code_beyond(elsewhere, 0) && !shared.has_code_beyond(DidGroupId(0), 6));
    let from = of_b.meeting_number;
    let moved = shared.edited(Edit::RenumberRoom { from, room: moved }).unwrap();
    assert_eq!(owners(&moved, here), ["a", "b"]);
    let mut off = of_b;
    off.did_group_references[0].disabled = true;
    for edit in [Edit::PutRoom(off), Edit::DeleteRoom(from)] {
        let after = shared.edited(edit).unwrap();
        assert_eq!(owners(&after, here), ["a"]);
        assert!(after.has_code_beyond(here, 3) && !after.has_code_beyond(here, 4));
    }
}

#[test]
fn where_a_room_has_gone_is_known_until_its_number_is_another_rooms() {
    let renumber = |directory: &Directory, from, to| {
        let from = MeetingNumber(from);
        let room = Room {
            meeting_number: MeetingNumber(to),
            ..Room::clone(directory.room(from).unwrap())
        };
        directory.edited(Edit::RenumberRoom { from, room }).unwrap()
    };
    let gone = |directory: &Directory, from| directory.renumbered(MeetingNumber(from)).map(|to| to.0);
    let first = filled();
    assert_eq!(gone(&first, 106_131), None);
    let second = renumber(&renumber(&first, 106_131, 200_000), 200_000, 300_000);
    assert_eq!(
        (gone(&second, 106_131), gone(&second, 200_000)),
        (Some(300_000), Some(300_000))
    );
    let back = renumber(&second, 300_000, 106_131);
    assert_eq!(
        (gone(&back, 106_131), gone(&back, 200_000)),
        (None, Some(106_131))
    );
    assert_eq!(gone(&back, 300_000), Some(106_131));
    let taken = second.edited(Edit::PutRoom(room(106_131, &["9"]))).unwrap();
    assert_eq!(gone(&taken, 106_131), None);
    let unlike = first.edited(Edit::PutGroup(group(2))).unwrap();
    assert!(first.shares_rooms(&unlike) && !first.shares_rooms(&second));
}

/// One of few rooms, of one of two owners, in up to two groups, with few codes.
fn any_room(mut below: impl FnMut(u64) -> u64) -> Room {
    const CODES: [&str; 6] = ["1", "12", "123", "2", "2345", "34567"];
    let codes: Vec<_> = CODES.into_iter().filter(|_| below(4) == 0).collect();
    let mut room = room(100_000 + below(5) as u32, &codes);
    room.subscriber_sid = Sid::new(["a", "b"][below(2) as usize]);
    let mut references = room.did_group_references.clone();
    references.push(DidGroupReference {
        did_group_id: DidGroupId(2),
        disabled: below(3) == 0,
    });
    references[0].disabled = below(3) == 0;
    room.did_group_references = references;
    room
}

#[test]
fn what_is_kept_beside_the_rooms_is_what_they_say_after_any_edits() {
    let mut seed = 7_u64;
    // A linear congruential generator (Knuth's MMIX constants): any sequence will do here.
    let mut below = |bound: u64| {
        seed = seed
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (seed >> 33) % bound
    };
    let mut directory = filled().edited(Edit::PutGroup(group(2))).unwrap();
    let mut made = 0;
    for _ in 0..2_000 {
        let from = MeetingNumber(100_000 + below(5) as u32);
        let edit = match below(4) {
            0 => Edit::DeleteRoom(from),
            1 => Edit::RenumberRoom {
                from,
                room: any_room(&mut below),
            },
            _ => Edit::PutRoom(any_room(&mut below)),
        };
        let Ok(next) = directory.edited(edit) else {
            continue;
        };
        (directory, made) = (next, made + 1);
        for id in [1, 2].map(DidGroupId) {
            let there = directory
                .rooms()
                .filter(|room| room.active_groups().any(|group| group == id));
            let there: Vec<_> = there.cloned().collect();
            let owners: std::collections::BTreeSet<_> =
                there.iter().map(|room| room.subscriber_sid.clone()).collect();
            assert_eq!(
                directory.owners(id).cloned().collect::<Vec<_>>(),
                Vec::from_iter(owners)
            );
            let lengths: Vec<_> = there
                .iter()
                .flat_map(|room| room.keychain.iter().map(|key| key.access_code.len()))
                .collect();
            assert_eq!(directory.codes(id), lengths.len());
            for digits in 0..6 {
                let longer = lengths.iter().any(|length| *length > digits);
                assert_eq!(directory.has_code_beyond(id, digits), longer, "{digits}");
            }
        }
        for room in directory.rooms() {
            assert_eq!(directory.renumbered(room.meeting_number), None);
        }
    }
    assert!(made > 200, "{made}");
}
