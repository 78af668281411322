use std::collections::BTreeMap;
use std::fmt;

use super::{ATTRIBUTES, AttributeId, Policy};

/// Keys that ask for the role PIN in a meeting; no attribute rebinds them.
pub const ROLE_PIN_KEYS: &str = "99";

/// Where a value was set, weakest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// The call flow's default, i.e. the table.
    Flow,
    /// The DID group.
    Group,
    /// The DID.
    Did,
    /// The meeting room.
    Room,
}

/// The wire bit mask of levels that may override an attribute.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Levels(u8);

impl Levels {
    /// Call flow and DID group.
    pub const GROUP: Self = Self(1);
    /// DID.
    pub const DID: Self = Self(2);
    /// Meeting room.
    pub const ROOM: Self = Self(4);

    /// Union.
    pub const fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// `level` alone.
    pub const fn of(level: Level) -> Self {
        match level {
            Level::Flow | Level::Group => Self::GROUP,
            Level::Did => Self::DID,
            Level::Room => Self::ROOM,
        }
    }

    /// Whether `level` may override.
    pub fn allow(self, level: Level) -> bool {
        self.0 & Self::of(level).0 != 0
    }

    /// The mask itself.
    pub fn bits(self) -> u8 {
        self.0
    }
}

/// Why an override was refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AttributeError {
    /// No such attribute.
    Unknown {
        /// As sent.
        name: String,
    },
    /// Not allowed here.
    WrongLevel {
        /// Which attribute.
        id: AttributeId,
        /// Where it was sent.
        level: Level,
    },
    /// Not of the attribute's kind.
    WrongValue {
        /// Which attribute.
        id: AttributeId,
        /// As sent.
        text: String,
    },
    /// One key binding begins another, so that the longer could never be keyed.
    Clash {
        /// The shorter (or equal) binding.
        one: AttributeId,
        /// The one it hides.
        other: AttributeId,
    },
    /// A key binding begins [`ROLE_PIN_KEYS`] or begins with them, so that one of the two could never be keyed.
    Reserved {
        /// Which attribute.
        id: AttributeId,
    },
}

impl AttributeError {
    /// Name of the attribute at fault.
    pub fn name(&self) -> &str {
        match self {
            Self::Unknown { name } => name,
            Self::WrongLevel { id, .. }
            | Self::WrongValue { id, .. }
            | Self::Clash { one: id, .. }
            | Self::Reserved { id } => id.row().name,
        }
    }
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Flow => "call flow",
            Self::Group => "DID group",
            Self::Did => "DID",
            Self::Room => "meeting room",
        })
    }
}

impl fmt::Display for AttributeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unknown { name } => write!(f, "no attribute is called {name}"),
            Self::WrongLevel { id, level } => write!(f, "{} may not be set on a {level}", id.row().name),
            Self::WrongValue { id, .. } => {
                write!(f, "{} takes {}", id.row().name, id.row().expected)
            }
            Self::Clash { one, other } => {
                write!(
                    f,
                    "the keys of {} begin those of {}",
                    one.row().name,
                    other.row().name
                )
            }
            Self::Reserved { id } => {
                write!(
                    f,
                    "the keys of {} begin {ROLE_PIN_KEYS}, which asks for the role PIN, or begin with it",
                    id.row().name
                )
            }
        }
    }
}

impl std::error::Error for AttributeError {}

/// The values one level sets; every entry has been checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Overrides {
    level: Level,
    values: BTreeMap<AttributeId, String>,
}

impl Overrides {
    /// No overrides yet.
    pub fn new(level: Level) -> Self {
        Self {
            level,
            values: BTreeMap::new(),
        }
    }

    /// Sets one value, or says why not.
    pub fn put(&mut self, name: &str, text: &str) -> Result<(), AttributeError> {
        let id = self.settable(name)?;
        if !Policy::default().set(id, text) {
            return Err(AttributeError::WrongValue {
                id,
                text: text.to_owned(),
            });
        }
        self.values.insert(id, text.to_owned());
        Ok(())
    }

    /// Takes the override called `name` off, if there is one; refuses what may not be set here either.
    pub fn remove(&mut self, name: &str) -> Result<(), AttributeError> {
        let id = self.settable(name)?;
        self.values.remove(&id);
        Ok(())
    }

    fn settable(&self, name: &str) -> Result<AttributeId, AttributeError> {
        let id = AttributeId::find(name).ok_or_else(|| AttributeError::Unknown {
            name: name.to_owned(),
        })?;
        match id.row().levels.allow(self.level) {
            true => Ok(id),
            false => Err(AttributeError::WrongLevel {
                id,
                level: self.level,
            }),
        }
    }

    /// Every override, in the order of the table.
    pub fn iter(&self) -> impl Iterator<Item = (AttributeId, &str)> {
        self.values.iter().map(|(&id, text)| (id, text.as_str()))
    }

    /// Where these are set.
    pub fn level(&self) -> Level {
        self.level
    }
}

/// The settings in force, and which level each one came from.
#[derive(Clone, Debug, PartialEq)]
pub struct Resolved {
    /// Typed settings.
    pub policy: Policy,
    /// Origin of each, indexed by [`AttributeId`].
    pub origin: Vec<Level>,
}

impl Resolved {
    /// Where the value of `id` was set.
    pub fn origin_of(&self, id: AttributeId) -> Level {
        self.origin.get(id as usize).copied().unwrap_or(Level::Flow)
    }
}

/// Lays `layers` over the defaults; a stronger level wins whatever the order given.
pub fn resolve(layers: &[&Overrides]) -> Resolved {
    let mut resolved = Resolved {
        policy: Policy::default(),
        origin: vec![Level::Flow; ATTRIBUTES.len()],
    };
    for layer in layers {
        for (&id, text) in &layer.values {
            if layer.level >= resolved.origin[id as usize] {
                let known = resolved.policy.set(id, text);
                debug_assert!(known, "overrides are checked when put");
                resolved.origin[id as usize] = layer.level;
            }
        }
    }
    resolved
}

/// Refuses key bindings of which one begins another (a key would then never reach the longer one).
pub fn check_bindings(policy: &Policy) -> Result<(), AttributeError> {
    let bindings: Vec<_> = bindings(policy).collect();
    for (one, keys) in &bindings {
        for (other, longer) in &bindings {
            if one != other && longer.starts_with(keys.as_str()) {
                return Err(AttributeError::Clash {
                    one: *one,
                    other: *other,
                });
            }
        }
    }
    Ok(())
}

/// Refuses a key binding that takes the keys of the role PIN, or hides them. Asked of what is set and not of what is stored, among which there
/// may be such a binding from before.
pub fn check_role_pin(policy: &Policy) -> Result<(), AttributeError> {
    let clashes = |keys: &str| keys.starts_with(ROLE_PIN_KEYS) || ROLE_PIN_KEYS.starts_with(keys);
    let found = bindings(policy).find(|(_, keys)| clashes(keys));
    found.map_or(Ok(()), |(id, _)| Err(AttributeError::Reserved { id }))
}

/// The key bindings in force.
fn bindings(policy: &Policy) -> impl Iterator<Item = (AttributeId, String)> {
    let rows = ATTRIBUTES.iter().filter(|row| row.kind == super::Kind::Dtmf);
    rows.map(move |row| (row.id, policy.text(row.id)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_room_beats_the_group() {
        let mut group = Overrides::new(Level::Group);
        let mut room = Overrides::new(Level::Room);
        group.put("conference_mute_policy", "pl").unwrap();
        room.put("conference_mute_policy", "").unwrap();
        let resolved = resolve(&[&room, &group]);
        assert_eq!(resolved.policy.mute.conference_mute_policy.to_string(), "");
        assert_eq!(
            resolved.origin[AttributeId::conference_mute_policy as usize],
            Level::Room
        );
    }

    #[test]
    fn refusals_name_the_attribute() {
        let mut room = Overrides::new(Level::Room);
        for (name, text, says) in [
            (
                "conference_colour",
                "red",
                "no attribute is called conference_colour",
            ),
            ("call_delay", "3", "call_delay may not be set on a meeting room"),
            (
                "conference_start_how",
                "never",
                "conference_start_how takes one of first moderator explicit",
            ),
        ] {
            assert_eq!(room.put(name, text).unwrap_err().to_string(), says);
        }
        for name in ["conference_colour", "call_delay"] {
            let (put, removed) = (room.put(name, "3"), room.remove(name));
            assert_eq!(removed, put, "{name}");
        }
    }

    #[test]
    fn a_binding_that_begins_another_is_refused() {
        let mut policy = Policy::default();
        assert_eq!(check_bindings(&policy), Ok(()));
        assert!(policy.set(AttributeId::polling_dtmf_binding, "*"));
        let clash = check_bindings(&policy).unwrap_err();
        assert_eq!(clash.name(), "polling_dtmf_binding");
    }

    #[test]
    fn a_binding_that_takes_the_keys_of_the_role_pin_is_refused() {
        let mut policy = Policy::default();
        assert_eq!(check_role_pin(&policy), Ok(()));
        for (keys, refused) in [
            ("9", true),
            ("99", true),
            ("998", true),
            ("98", false),
            ("*99", false),
        ] {
            assert!(policy.set(AttributeId::polling_dtmf_binding, keys));
            let found = check_role_pin(&policy).map_err(|error| error.name().to_owned());
            let expected = match refused {
                true => Err("polling_dtmf_binding".to_owned()),
                false => Ok(()),
            };
            assert_eq!(found, expected, "{keys}");
        }
    }
}
