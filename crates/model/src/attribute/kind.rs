//! The kinds of attribute value: how each reads and writes its wire text.

use crate::{Role, Roles};

/// Longest text an attribute takes, in characters.
const TEXT_MAX: usize = 4096;
/// Longest key sequence of a binding.
const KEYS_MAX: usize = 8;

/// Wire code of a value's syntax (`type` of an attribute object).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Kind {
    /// Free text.
    String = 0,
    /// Whole number carried as text.
    Int = 2,
    /// Key sequence.
    Dtmf = 3,
    /// Subset of `hpl`.
    Role = 4,
    /// One of a fixed list.
    Choice = 5,
    /// Address of an uploaded sound.
    Upload = 7,
}

/// A typed attribute value that reads and writes its wire text.
pub trait Value: Sized {
    /// Wire code.
    const KIND: Kind;
    /// What a refusal says was expected.
    const EXPECTED: &'static str;
    /// Accepted texts, for choices.
    const CHOICES: &'static [&'static str] = &[];
    /// Reads the wire text.
    fn parse(text: &str) -> Option<Self>;
    /// Writes the wire text.
    fn text(&self) -> String;
}

impl Value for Roles {
    const KIND: Kind = Kind::Role;
    const EXPECTED: &'static str = "each of the letters h, p, l at most once";
    fn parse(text: &str) -> Option<Self> {
        Roles::parse(text)
    }
    fn text(&self) -> String {
        self.to_string()
    }
}

/// Reads a number the way it is written back: no sign, no leading zero.
fn canonical(text: &str) -> Option<u32> {
    let number: u32 = text.parse().ok()?;
    (number <= i32::MAX as u32 && number.to_string() == text).then_some(number)
}

/// A duration in seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seconds(pub u32);

impl Value for Seconds {
    const KIND: Kind = Kind::Int;
    const EXPECTED: &'static str = "whole seconds from 0 to 2147483647";
    fn parse(text: &str) -> Option<Self> {
        canonical(text).map(Self)
    }
    fn text(&self) -> String {
        self.0.to_string()
    }
}

/// A count or a duration in seconds; `None` means no limit and is written `-1`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limit(pub Option<u32>);

impl Limit {
    /// Whether `number` is still within the limit.
    pub fn allows(self, number: u32) -> bool {
        self.0.is_none_or(|limit| number <= limit)
    }
}

impl Value for Limit {
    const KIND: Kind = Kind::Int;
    const EXPECTED: &'static str = "a whole number from 0 to 2147483647, or -1 for no limit";
    fn parse(text: &str) -> Option<Self> {
        match text {
            "-1" => Some(Self(None)),
            _ => canonical(text).map(|n| Self(Some(n))),
        }
    }
    fn text(&self) -> String {
        self.0.map_or("-1".to_owned(), |n| n.to_string())
    }
}

/// A limit for each role, written `host:participant:listener`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PerRole([Limit; 3]);

impl PerRole {
    /// The limit for `role`.
    pub fn of(&self, role: Role) -> Limit {
        self.0[role.index()]
    }
}

impl Value for PerRole {
    const KIND: Kind = Kind::String;
    const EXPECTED: &'static str = "three limits host:participant:listener, -1 for none, such as 2:-1:100";
    fn parse(text: &str) -> Option<Self> {
        let limits: Option<Vec<_>> = text.split(':').map(Limit::parse).collect();
        limits?.try_into().ok().map(Self)
    }
    fn text(&self) -> String {
        self.0.map(|limit| limit.text()).join(":")
    }
}

/// Keys to press; one to eight of `0`–`9`, `*`, `#`, `A`–`D`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Keys(pub String);

impl Value for Keys {
    const KIND: Kind = Kind::Dtmf;
    const EXPECTED: &'static str = "one to eight keys out of 0-9 * # A-D";
    fn parse(text: &str) -> Option<Self> {
        let known = |key: char| matches!(key, '0'..='9' | 'A'..='D' | '*' | '#');
        ((1..=KEYS_MAX).contains(&text.len()) && text.chars().all(known)).then(|| Self(text.to_owned()))
    }
    fn text(&self) -> String {
        self.0.clone()
    }
}

/// Free text of at most 4,096 characters without control characters other than line ends and tabs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Text(pub String);

fn plain(text: &str) -> bool {
    text.chars().count() <= TEXT_MAX
        && !text
            .chars()
            .any(|c| c.is_control() && !matches!(c, '\r' | '\n' | '\t'))
}

impl Value for Text {
    const KIND: Kind = Kind::String;
    const EXPECTED: &'static str = "at most 4096 characters of plain text";
    fn parse(text: &str) -> Option<Self> {
        plain(text).then(|| Self(text.to_owned()))
    }
    fn text(&self) -> String {
        self.0.clone()
    }
}

/// A web address, or empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Upload(pub String);

impl Value for Upload {
    const KIND: Kind = Kind::Upload;
    const EXPECTED: &'static str = "an http or https URL, or nothing";
    fn parse(text: &str) -> Option<Self> {
        let address = text
            .strip_prefix("https://")
            .or_else(|| text.strip_prefix("http://"));
        let good = text.is_empty() || address.is_some_and(|rest| !rest.is_empty() && !rest.starts_with('/'));
        (good && plain(text) && !text.contains(char::is_whitespace)).then(|| Self(text.to_owned()))
    }
    fn text(&self) -> String {
        self.0.clone()
    }
}

/// An ISO 3166-1 alpha-2 country code in capitals.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Country([u8; 2]);

impl Value for Country {
    const KIND: Kind = Kind::String;
    const EXPECTED: &'static str = "two capital letters of ISO 3166-1, such as US";
    fn parse(text: &str) -> Option<Self> {
        let letters: [u8; 2] = text.as_bytes().try_into().ok()?;
        letters
            .iter()
            .all(u8::is_ascii_uppercase)
            .then_some(Self(letters))
    }
    fn text(&self) -> String {
        self.0.iter().map(|&letter| char::from(letter)).collect()
    }
}

macro_rules! choice {
    ($(#[$meta:meta])* $Name:ident { $($Variant:ident = $text:literal,)+ }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum $Name { $(#[doc = concat!("`", $text, "`")] $Variant,)+ }
        impl Value for $Name {
            const KIND: Kind = Kind::Choice;
            const EXPECTED: &'static str = concat!("one of", $(" ", $text),+);
            const CHOICES: &'static [&'static str] = &[$($text),+];
            fn parse(text: &str) -> Option<Self> {
                match text { $($text => Some(Self::$Variant),)+ _ => None }
            }
            fn text(&self) -> String {
                match self { $(Self::$Variant => $text,)+ }.to_owned()
            }
        }
    };
}

choice! {
    /// On or off.
    Switch { On = "on", Off = "off", }
}

impl Switch {
    /// Whether it is on.
    pub fn is_on(self) -> bool {
        self == Self::On
    }

    /// On for `true`.
    pub fn from_bool(on: bool) -> Self {
        if on { Self::On } else { Self::Off }
    }
}

choice! {
    /// What starts a meeting.
    StartHow { First = "first", Moderator = "moderator", Explicit = "explicit", }
}
choice! {
    /// What ends a meeting, or its recording.
    StopHow { Last = "last", Moderator = "moderator", }
}
choice! {
    /// Whether a meeting may be recorded.
    RecordingMode { On = "on", Off = "off", Auto = "auto", }
}
choice! {
    /// How a recording server learns which meeting it records.
    RecordingMetadata { Contact = "contact", Custom = "custom", }
}
choice! {
    /// Where a recording goes, and whether starting it takes a PIN.
    RecordingMethod {
        Remote = "remote", RemotePin = "remote+pin", Local = "local", LocalPin = "local+pin",
    }
}
choice! {
    /// Language of prompts, by the codes of the API.
    Language {
        En = "EN", Ar = "AR", De = "DE", El = "EL", Es = "ES", EsLatam = "ES-LATAM", Fr = "FR", Gb = "GB",
        He = "HE", It = "IT", Ja = "JA", Ko = "KO", Nl = "NL", Pt = "PT", PtBr = "PT-BR", Ru = "RU",
        Tr = "TR", Ua = "UA", Uk = "UK", Zh = "ZH",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_refuses_what_it_does_not_mean() {
        assert!(Roles::parse("hh").is_none() && Roles::parse("x").is_none());
        assert!(
            Seconds::parse("-1").is_none()
                && Seconds::parse("+5").is_none()
                && Seconds::parse("05").is_none()
        );
        assert!(Limit::parse("-2").is_none() && Limit::parse("2147483648").is_none());
        assert!(PerRole::parse("1:2").is_none() && PerRole::parse("1:2:3:4").is_none());
        assert!(
            Keys::parse("").is_none() && Keys::parse("*6x").is_none() && Keys::parse("123456789").is_none()
        );
        assert!(Upload::parse("file:///etc/passwd").is_none() && Upload::parse("https:///x").is_none());
        assert!(Country::parse("us").is_none() && Country::parse("USA").is_none());
        assert!(Text::parse("a\0b").is_none() && Switch::parse("ON").is_none());
    }

    #[test]
    fn limits_are_per_role_in_wire_order() {
        let limits = PerRole::parse("2:-1:100").unwrap();
        assert_eq!(limits.of(Role::Host), Limit(Some(2)));
        assert!(limits.of(Role::Participant).allows(u32::MAX));
        assert!(!limits.of(Role::Listener).allows(101));
        assert_eq!(limits.text(), "2:-1:100");
    }
}
