//! The operator whom a caller can talk to in private.

/// How far a caller is with the operator; `operatorMode` of a Call.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum OperatorMode {
    /// It wants none.
    #[default]
    None = 0,
    /// The operator is being called.
    Requested = 1,
    /// They talk.
    With = 2,
}

impl OperatorMode {
    /// All of them, in wire order.
    pub const ALL: [Self; 3] = [Self::None, Self::Requested, Self::With];

    /// Reads the wire number 0 to 2.
    pub fn from_wire(number: i64) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|mode| i64::from(mode.wire()) == number)
    }

    /// The wire number.
    pub fn wire(self) -> u8 {
        self as u8
    }

    /// Whether the caller waits for the operator or talks with one, and neither hears the others nor is heard by them.
    pub fn is_aside(self) -> bool {
        match self {
            Self::None => false,
            Self::Requested | Self::With => true,
        }
    }
}
