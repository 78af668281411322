//! What a code opens for somebody who has dialled a number.

use std::sync::Arc;
use std::time::Duration;

use ivr::session;
use model::attribute::Resolved;
use model::directory::{CallFlow, Dialled, Directory, Grant, Room};
use model::{DidGroupId, Role, Sid};

/// Lengths of codes that may open a meeting on the fly; shorter and longer ones cost nothing of that allowance.
const ON_THE_FLY: std::ops::RangeInclusive<usize> = 4..=20;

/// What a code opens for one caller.
pub(super) struct Opening {
    /// The room, unless it is a meeting on the fly.
    pub(super) room: Option<Arc<Room>>,
    /// Group and code of a meeting on the fly.
    pub(super) code: Option<(DidGroupId, String)>,
    /// Of whoever keyed it.
    pub(super) role: Role,
    /// What a meeting begins with.
    pub(super) settings: Resolved,
    /// Whose it is.
    pub(super) owner: Sid,
}

impl Opening {
    /// Of a room whose key was used.
    pub(super) fn of_room(directory: &Directory, grant: Grant) -> Self {
        let Grant { room, key } = grant;
        Self {
            role: key.role,
            settings: directory.resolve_room(&room),
            owner: room.subscriber_sid.clone(),
            room: Some(room),
            code: None,
        }
    }

    /// Of a meeting on the fly: its first caller is host, those who find it `running` are participants.
    pub(super) fn on_the_fly(directory: &Directory, dialled: &Dialled, code: &str, running: bool) -> Self {
        Self {
            role: if running { Role::Participant } else { Role::Host },
            settings: directory.resolve(dialled, None),
            owner: dialled.group.subscriber_sid.clone(),
            room: None,
            code: Some((dialled.group.id, code.to_owned())),
        }
    }
}

/// What the menu of a dialled number goes by.
pub(super) fn menu_settings(
    dialled: &Dialled,
    directory: &Directory,
    has_operator: bool,
) -> session::Settings {
    let policy = directory.resolve(dialled, None).policy;
    session::Settings {
        flow: dialled.group.call_flow,
        delay: Duration::from_secs(policy.entry.call_delay.0.into()),
        tries: policy.entry.call_operator_after,
        operator: has_operator,
    }
}

/// Whether an unknown code may open a meeting.
pub(super) fn may_open(flow: CallFlow, code: &str) -> bool {
    flow == CallFlow::Conf && ON_THE_FLY.contains(&code.len())
}

/// Whether digits are a code of the group and no longer one begins with them.
///
/// Where rooms of several subscribers are in a group each could find the others' codes by that, digit by digit: by short codes of its own, and by
/// how soon they are taken. There digits are whole when no code at all is longer.
pub(super) fn is_whole(directory: &Directory, group: DidGroupId, digits: &str) -> bool {
    let is_shared = directory.owners(group).nth(1).is_some();
    let may_go_on = match is_shared {
        true => directory.has_code_beyond(group, digits.len()),
        false => directory.longer_code(group, digits),
    };
    directory.grant(group, digits).is_some() && !may_go_on
}

#[cfg(test)]
mod tests {
    use model::attribute::{Level, Overrides};
    use model::directory::{DidGroup, DidGroupReference, Edit, Key, Subscriber, SubscriberRole};
    use model::{KeyId, MeetingNumber};

    use super::*;

    const GROUP: DidGroupId = DidGroupId(1);

    fn room(number: u32, owner: &str, codes: &[&str]) -> Edit {
        let key = |code: &&str| Key {
            id: KeyId(1),
            access_code: (*code).to_owned(),
            role: Role::Host,
        };
        Edit::PutRoom(Room {
            meeting_number: MeetingNumber(number),
            created_ms: 0,
            description: String::new(),
            call_flow: CallFlow::Spectel,
            attributes: Overrides::new(Level::Room),
            did_group_references: vec![DidGroupReference {
                did_group_id: GROUP,
                disabled: false,
            }],
            keychain: codes.iter().map(key).collect(),
            primary_did_group_id: GROUP,
            subscriber_sid: Sid::new(owner),
        })
    }

    fn directory(rooms: [Edit; 2]) -> Directory {
        let owner = |sid| {
            let role = SubscriberRole::Administrator;
            Edit::PutSubscriber(Subscriber::new(Sid::new(sid), None, sid, role))
        };
        let group = Edit::PutGroup(DidGroup {
            id: GROUP,
            name: "g".to_owned(),
            description: String::new(),
            call_flow: CallFlow::Spectel,
            subscriber_sid: Sid::new("a"),
            attributes: Overrides::new(Level::Group),
        });
        let edits = [owner("a"), owner("b"), group].into_iter().chain(rooms);
        let edited = |directory: Directory, edit| directory.edited(edit).expect("a right edit");
        edits.fold(Directory::default(), edited)
    }

    #[test]
    fn a_code_is_taken_at_once_where_no_other_of_its_owner_goes_on() {
        let alone = directory([room(200_000, "a", &["45", "9"]), room(300_000, "a", &["4567"])]);
        for (digits, whole) in [
            ("9", true),
            ("45", false),
            ("4567", true),
            ("4", false),
            ("456", false),
        ] {
            assert_eq!(is_whole(&alone, GROUP, digits), whole, "{digits}");
        }
    }

    #[test]
    fn how_soon_a_code_is_taken_tells_nothing_of_the_codes_of_others_but_how_long_they_are() {
        let told = |foreign: &str| {
            let own = room(200_000, "a", &["4", "45", "9", "98"]);
            let shared = directory([own, room(300_000, "b", &[foreign])]);
            ["4", "45", "9", "98"].map(|digits| is_whole(&shared, GROUP, digits))
        };
        assert_eq!(told("4567"), [false; 4]);
        assert_eq!(told("4567"), told("1234"));
        assert_eq!(told("46"), told("12"));
        assert_eq!(told("12"), [false, true, false, true]);
    }
}
