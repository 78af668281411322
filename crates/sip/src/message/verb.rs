//! The methods as we treat them.

/// What a request's method means to us; method names are case-sensitive (RFC 3261 section 7.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verb {
    Invite,
    Ack,
    Cancel,
    Bye,
    Options,
    Info,
    Update,
    Subscribe,
    /// Known, and not offered: REGISTER, PRACK, NOTIFY, REFER, MESSAGE, PUBLISH.
    Declined,
    Unknown,
}

impl Verb {
    /// The meaning of a method's name.
    pub(crate) fn of(name: &[u8]) -> Self {
        match name {
            b"INVITE" => Self::Invite,
            b"ACK" => Self::Ack,
            b"CANCEL" => Self::Cancel,
            b"BYE" => Self::Bye,
            b"OPTIONS" => Self::Options,
            b"INFO" => Self::Info,
            b"UPDATE" => Self::Update,
            b"SUBSCRIBE" => Self::Subscribe,
            b"REGISTER" | b"PRACK" | b"NOTIFY" | b"REFER" | b"MESSAGE" | b"PUBLISH" => Self::Declined,
            _ => Self::Unknown,
        }
    }
}
