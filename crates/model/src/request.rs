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
    /// This subscriber has used as many keys as are kept for one.
    Full,
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
