use std::fmt;

/// What an access code lets its holder do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum Role {
    /// Runs the meeting.
    Host = 1,
    /// Speaks and listens.
    Participant = 2,
    /// Listens only.
    Listener = 3,
}

impl Role {
    /// All roles, in wire order.
    pub const ALL: [Self; 3] = [Self::Host, Self::Participant, Self::Listener];

    /// Reads the wire number 1, 2 or 3.
    pub fn from_wire(number: i64) -> Option<Self> {
        Self::ALL.into_iter().find(|role| *role as i64 == number)
    }

    /// Its name in full.
    pub fn name(self) -> &'static str {
        match self {
            Self::Host => "host",
            Self::Participant => "participant",
            Self::Listener => "listener",
        }
    }

    /// Position in [`Role::ALL`].
    pub fn index(self) -> usize {
        self as usize - 1
    }

    fn letter(self) -> char {
        match self {
            Self::Host => 'h',
            Self::Participant => 'p',
            Self::Listener => 'l',
        }
    }
}

/// A set of roles, written as a subset of the letters `hpl`.
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Roles(u8);

impl Roles {
    /// Everybody but hosts.
    pub const GUESTS: Self = Self(1 << Role::Participant as u8 | 1 << Role::Listener as u8);

    /// Reads letters in any order; `None` if one is foreign or doubled.
    pub fn parse(text: &str) -> Option<Self> {
        let mut roles = Self::default();
        for letter in text.chars() {
            let role = Role::ALL.into_iter().find(|role| role.letter() == letter)?;
            if roles.has(role) {
                return None;
            }
            roles.0 |= 1 << role as u8;
        }
        Some(roles)
    }

    /// Those who are not in the set.
    pub fn others(self) -> Self {
        let all = Role::ALL.into_iter().fold(0, |all, role| all | 1 << role as u8);
        Self(all & !self.0)
    }

    /// Whether `role` is in the set.
    pub fn has(self, role: Role) -> bool {
        self.0 & (1 << role as u8) != 0
    }
}

impl fmt::Display for Roles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for role in Role::ALL.into_iter().filter(|role| self.has(*role)) {
            write!(f, "{}", role.letter())?;
        }
        Ok(())
    }
}

impl fmt::Debug for Roles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Roles({self})")
    }
}
