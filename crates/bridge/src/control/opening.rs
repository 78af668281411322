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
pub(super) fn is_whole(directory: &Directory, group: DidGroupId, digits: &str) -> bool {
    directory.grant(group, digits).is_some() && !directory.longer_code(group, digits)
}
