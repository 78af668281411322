//! Identities. Numbers are given out by the bridge and never reused while anything can still name them.

use std::fmt;

macro_rules! id {
    ($(#[$meta:meta])* $Name:ident($Inner:ty)) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $Name(pub $Inner);

        impl fmt::Display for $Name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

id! {
    /// One call leg; `id` of the Call object.
    LegId(u64)
}
id! {
    /// One live meeting; `id` of the Meeting object. The number of a room outlives its meetings, this does not.
    MeetingId(u64)
}
id! {
    /// Number of a meeting room, six digits; meetings and rooms are addressed by it.
    MeetingNumber(u32)
}
id! {
    /// A DID group.
    DidGroupId(u64)
}
id! {
    /// A DID.
    DidId(u64)
}
id! {
    /// One access code of a room's keychain.
    KeyId(u64)
}

/// Secure id of a subscriber (`sid`, `subscriberSid`).
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Sid(pub std::sync::Arc<str>);

impl Sid {
    /// From its text.
    pub fn new(text: &str) -> Self {
        Self(text.into())
    }

    /// Its text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Sid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
