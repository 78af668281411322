//! Which way media flows (RFC 3264 section 5.1, RFC 8866 section 6.7).

/// The way media flows, seen from whoever says it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Direction {
    /// Both ways; what silence means.
    #[default]
    SendRecv,
    /// The speaker only sends.
    SendOnly,
    /// The speaker only receives.
    RecvOnly,
    /// Nothing flows.
    Inactive,
}

impl Direction {
    /// The attribute's name.
    pub fn name(self) -> &'static str {
        match self {
            Self::SendRecv => "sendrecv",
            Self::SendOnly => "sendonly",
            Self::RecvOnly => "recvonly",
            Self::Inactive => "inactive",
        }
    }

    /// Whether the speaker sends.
    pub fn sends(self) -> bool {
        matches!(self, Self::SendRecv | Self::SendOnly)
    }

    /// Whether the speaker receives.
    pub fn receives(self) -> bool {
        matches!(self, Self::SendRecv | Self::RecvOnly)
    }

    /// The same flow seen from the other end.
    pub fn reversed(self) -> Self {
        Self::of(self.receives(), self.sends())
    }

    /// Only what both allow.
    pub fn and(self, other: Self) -> Self {
        Self::of(self.sends() && other.sends(), self.receives() && other.receives())
    }

    pub(super) fn named(name: &str) -> Option<Self> {
        [Self::SendRecv, Self::SendOnly, Self::RecvOnly, Self::Inactive]
            .into_iter()
            .find(|d| d.name() == name)
    }

    fn of(sends: bool, receives: bool) -> Self {
        match (sends, receives) {
            (true, true) => Self::SendRecv,
            (true, false) => Self::SendOnly,
            (false, true) => Self::RecvOnly,
            (false, false) => Self::Inactive,
        }
    }
}
