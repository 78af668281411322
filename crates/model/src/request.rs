//! Changes that clients give keys to, so that one that is sent again is not made again.

use crate::Sid;

/// A key that a client gave to a change, and whose.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct RequestKey {
    /// The subscriber; keys of others are others.
    pub sid: Sid,
    /// As sent, 1 to 255 visible ASCII characters.
    pub key: String,
}

/// What is known of a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Begun {
    /// Nothing; it is noted now.
    Fresh,
    /// The same change was made and answered so.
    Answered(KeptAnswer),
    /// Another change came with it.
    Other,
    /// The same change was begun and its end is not known.
    Unfinished,
    /// It is not noted, since as much is kept as may be.
    Full(KeyLimit),
}

/// What bounds the keys and answers that are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyLimit {
    /// Keys of one subscriber.
    Keys,
    /// Bytes of one subscriber's keys and answers.
    AccountBytes,
    /// Bytes of keys and answers of a tenant, an account right below the one above all, and of all accounts below it.
    TenantBytes,
    /// Bytes of all keys and answers.
    AllBytes,
}

impl KeyLimit {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Keys, Self::AccountBytes, Self::TenantBytes, Self::AllBytes];

    /// How many keys, or bytes, there may be within a day.
    pub const fn most(self) -> i64 {
        match self {
            Self::Keys => 10_000,
            Self::AccountBytes => 64 << 20,
            // A quarter of all.
            Self::TenantBytes => 512 << 20,
            Self::AllBytes => 2 << 30,
        }
    }
}

/// An answer as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptAnswer {
    /// HTTP status.
    pub status: u16,
    /// Names and values of headers.
    pub headers: Vec<(String, String)>,
    /// Body, whole.
    pub body: Vec<u8>,
}

impl KeptAnswer {
    /// Longest body that is kept, bytes.
    pub const BODY_MAX: usize = 8 << 20;
}
