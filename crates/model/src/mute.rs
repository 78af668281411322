//! The mute and hold values of the API.

use crate::{Role, Roles};

/// Mute (or hold) of each role: two bits a role at shift 2·(role−1); `muteMode` and `holdMode` of a Meeting.
///
/// 32 = listeners hard, 36 = participants soft (may unmute themselves) as well, 40 = participants and listeners hard.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct MuteMask(u8);

impl MuteMask {
    /// Nobody.
    pub const OPEN: Self = Self(0);
    /// Listeners muted.
    pub const LISTENERS: Self = Self(32);
    /// Listeners muted; participants muted, but they may unmute themselves.
    pub const SOFT: Self = Self(36);
    /// Participants and listeners muted.
    pub const HARD: Self = Self(40);

    /// Hard bit for each of `roles`: `p` = 8, `hpl` = 42.
    pub fn of_policy(roles: Roles) -> Self {
        let bits = Role::ALL.into_iter().filter(|role| roles.has(*role));
        Self(bits.fold(0, |mask, role| mask | 2 << (2 * role.index())))
    }

    /// Reads the wire number; `None` beyond six bits.
    pub fn from_wire(number: i64) -> Option<Self> {
        u8::try_from(number).ok().filter(|bits| *bits < 64).map(Self)
    }

    /// The wire number.
    pub fn bits(self) -> u8 {
        self.0
    }

    /// What the mask says of one role.
    pub fn of(self, role: Role) -> Mute {
        Mute::from_bits(self.0 >> (2 * role.index()))
    }
}

/// Mute of one leg: a soft bit that is its own and a hard bit that hosts and policy set; `muteMode` of a Call.
///
/// Each bit has its own cause, so that taking one off never takes the other off.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Mute {
    /// Muted by itself.
    pub soft: bool,
    /// Muted by a host or by policy.
    pub hard: bool,
}

impl Mute {
    fn from_bits(bits: u8) -> Self {
        Self {
            soft: bits & 1 != 0,
            hard: bits & 2 != 0,
        }
    }

    /// Reads the wire number: 0 open, 1 soft, 2 hard, 3 both; 32, 36 and 40 are taken for 0, 1 and 2.
    pub fn from_wire(number: i64) -> Option<Self> {
        match number {
            0..=3 => Some(Self::from_bits(number as u8)),
            32 => Some(Self::from_bits(0)),
            36 => Some(Self::from_bits(1)),
            40 => Some(Self::from_bits(2)),
            _ => None,
        }
    }

    /// The wire number 0 to 3.
    pub fn wire(self) -> u8 {
        u8::from(self.soft) | u8::from(self.hard) << 1
    }

    /// Whether the leg is muted at all.
    pub fn any(self) -> bool {
        self.soft || self.hard
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn masks_have_the_documented_numbers() {
        for (roles, bits) in [("", 0), ("h", 2), ("p", 8), ("l", 32), ("pl", 40), ("hpl", 42)] {
            assert_eq!(
                MuteMask::of_policy(Roles::parse(roles).unwrap()).bits(),
                bits,
                "{roles}"
            );
        }
        assert!(MuteMask::SOFT.of(Role::Participant).soft && !MuteMask::SOFT.of(Role::Participant).hard);
        assert!(MuteMask::SOFT.of(Role::Listener).hard);
        assert!(!MuteMask::HARD.of(Role::Host).any());
        assert_eq!(MuteMask::from_wire(64), None);
    }

    #[test]
    fn leg_mutes_read_both_spellings() {
        for (wire, bits) in [(0, 0), (1, 1), (2, 2), (3, 3), (32, 0), (36, 1), (40, 2)] {
            assert_eq!(Mute::from_wire(wire).unwrap().wire(), bits);
        }
        assert_eq!(Mute::from_wire(4), None);
    }
}
