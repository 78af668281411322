use std::fmt;

use crate::attribute::Overrides;
use crate::{DidGroupId, DidId, KeyId, MeetingNumber, Role, Sid};

/// How a call to a DID is handled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum CallFlow {
    /// Only codes of existing rooms are good.
    Spectel = 1,
    /// An unknown code opens a meeting on the fly.
    Conf = 3,
}

/// Every call flow, in order of id.
pub const CALL_FLOWS: [CallFlow; 2] = [CallFlow::Spectel, CallFlow::Conf];

impl CallFlow {
    /// The wire id.
    pub fn id(self) -> u64 {
        self as u64
    }

    /// The call flow with a wire id.
    pub fn from_id(id: u64) -> Option<Self> {
        CALL_FLOWS.into_iter().find(|flow| flow.id() == id)
    }

    /// Its name on the wire.
    pub fn name(self) -> &'static str {
        match self {
            Self::Spectel => "SPECTEL",
            Self::Conf => "CONF",
        }
    }
}

/// What a subscriber may do with the API.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SubscriberRole {
    /// Everything below itself.
    Administrator = 1,
    /// Live meetings and calls of its tenant.
    Operator = 2,
    /// Its own rooms.
    Regular = 3,
}

impl SubscriberRole {
    /// Reads the wire number.
    pub fn from_wire(number: i64) -> Option<Self> {
        [Self::Administrator, Self::Operator, Self::Regular]
            .into_iter()
            .find(|role| *role as i64 == number)
    }
}

/// Where a subscriber wants events sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Callback {
    /// Wire id.
    pub id: u64,
    /// Address.
    pub url: String,
}

/// An account: a tenant, or a user below one.
#[derive(Clone, PartialEq, Eq)]
pub struct Subscriber {
    /// Secure id.
    pub sid: Sid,
    /// The subscriber above; `None` at the top.
    pub parent_sid: Option<Sid>,
    /// Name to log in with; unique.
    pub login: String,
    /// Argon2id hash in PHC form; never the password.
    pub password_hash: String,
    /// Opaque token of the API object.
    pub authentication_token: String,
    /// Epoch ms.
    pub created_ms: i64,
    /// Given name.
    pub first_name: String,
    /// Family name.
    pub last_name: String,
    /// E-mail address.
    pub email: String,
    /// Telephone number.
    pub phone_number: String,
    /// Extension.
    pub ext: String,
    /// Free text.
    pub details: String,
    /// Id in the client's own system, −1 when none.
    pub external_id: i64,
    /// What it may do.
    pub role: SubscriberRole,
    /// DID groups it may use.
    pub did_group_references: Vec<DidGroupReference>,
    /// Where its events go.
    pub callback: Option<Callback>,
}

impl Subscriber {
    /// An account of which nothing else is known: nobody can log in to it.
    pub fn new(sid: Sid, parent_sid: Option<Sid>, login: &str, role: SubscriberRole) -> Self {
        Self {
            sid,
            parent_sid,
            login: login.to_owned(),
            password_hash: String::new(),
            authentication_token: String::new(),
            created_ms: 0,
            first_name: String::new(),
            last_name: String::new(),
            email: String::new(),
            phone_number: String::new(),
            ext: String::new(),
            details: String::new(),
            external_id: -1,
            role,
            did_group_references: Vec::new(),
            callback: None,
        }
    }

    /// Top of the tree that it sees: itself, or for an operator the one whom it works for.
    pub fn top(&self) -> &Sid {
        match self.role {
            SubscriberRole::Administrator | SubscriberRole::Regular => &self.sid,
            SubscriberRole::Operator => self.parent_sid.as_ref().unwrap_or(&self.sid),
        }
    }

    /// The DID groups that are lent to it.
    pub fn lent_groups(&self) -> impl Iterator<Item = DidGroupId> {
        let active = self.did_group_references.iter();
        let active = active.filter(|reference| !reference.disabled);
        active.map(|reference| reference.did_group_id)
    }

    /// First and last name, or the login where both are empty.
    pub fn display_name(&self) -> String {
        let name = format!("{} {}", self.first_name, self.last_name);
        match name.trim() {
            "" => self.login.clone(),
            name => name.to_owned(),
        }
    }
}

impl fmt::Debug for Subscriber {
    /// Without secrets, which no log is to hold.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Subscriber")
            .field("sid", &self.sid)
            .field("parent_sid", &self.parent_sid)
            .field("login", &self.login)
            .field("role", &self.role)
            .finish_non_exhaustive()
    }
}

/// A reference to a DID group, on or off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DidGroupReference {
    /// Which group.
    pub did_group_id: DidGroupId,
    /// Wire state 1; 0 is active.
    pub disabled: bool,
}

/// Numbers that share a call flow and one set of access codes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DidGroup {
    /// Wire id.
    pub id: DidGroupId,
    /// Name.
    pub name: String,
    /// Free text.
    pub description: String,
    /// How its calls are handled.
    pub call_flow: CallFlow,
    /// Owner.
    pub subscriber_sid: Sid,
    /// Attribute overrides at group level.
    pub attributes: Overrides,
}

/// A number that can be dialled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Did {
    /// Wire id.
    pub id: DidId,
    /// E.164 without plus.
    pub phone_number: String,
    /// ISO 3166-1 alpha-2.
    pub country_code: String,
    /// Free text.
    pub description: String,
    /// Its group.
    pub did_group_id: DidGroupId,
    /// Attribute overrides at DID level.
    pub attributes: Overrides,
}

/// An access code and what it opens.
#[derive(Clone, PartialEq, Eq)]
pub struct Key {
    /// Wire id; kept while the code is kept.
    pub id: KeyId,
    /// Digits to key.
    pub access_code: String,
    /// Role of whoever keys it.
    pub role: Role,
}

impl fmt::Debug for Key {
    /// Without the code, which no log is to hold.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Key")
            .field("id", &self.id)
            .field("role", &self.role)
            .finish_non_exhaustive()
    }
}

/// A meeting room: settings and access codes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Room {
    /// Address of the room.
    pub meeting_number: MeetingNumber,
    /// Epoch ms.
    pub created_ms: i64,
    /// Free text.
    pub description: String,
    /// Call flow it was made for.
    pub call_flow: CallFlow,
    /// Attribute overrides at room level.
    pub attributes: Overrides,
    /// DID groups by whose numbers it is reached.
    pub did_group_references: Vec<DidGroupReference>,
    /// Access codes.
    pub keychain: Vec<Key>,
    /// The group it belongs to.
    pub primary_did_group_id: DidGroupId,
    /// Owner.
    pub subscriber_sid: Sid,
}

impl Room {
    /// Whether this is the same room at another time: what is never changed of a room is compared, as its number may be.
    pub fn is_same(&self, other: &Self) -> bool {
        self.subscriber_sid == other.subscriber_sid && self.created_ms == other.created_ms
    }

    /// The groups in whose numbers the room's codes are good.
    pub fn active_groups(&self) -> impl Iterator<Item = DidGroupId> {
        self.did_group_references
            .iter()
            .filter(|reference| !reference.disabled)
            .map(|reference| reference.did_group_id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_code_hash_or_token_is_in_a_debug_text() {
        let mut account = Subscriber::new(Sid::new("s1"), None, "ann", SubscriberRole::Regular);
        account.password_hash = "$argon2id$secret".to_owned();
        account.authentication_token = "secret".to_owned();
        let key = Key {
            id: KeyId(7),
            access_code: "735268".to_owned(),
            role: Role::Host,
        };
        let text = format!("{account:?} {key:?}");
        assert!(text.contains("ann") && text.contains("Host"), "{text}");
        assert!(!text.contains("secret") && !text.contains("735268"), "{text}");
    }
}
