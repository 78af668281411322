//! The name by which a phone knows the conference: the user part of our Contact in its call (RFC 4579 section 4.2).

use std::fmt;

use sipx_sip::Uri;

/// That of one call: 64 random bits, so that whoever says it has been told of the call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Focus(u64);

impl Focus {
    pub(crate) fn new(bits: u64) -> Self {
        Self(bits)
    }

    /// The one that a URI names, to the letter as we write it.
    pub(crate) fn named_by(uri: &Uri) -> Option<Self> {
        let user = String::from_utf8(uri.decoded_user()?).ok()?;
        let focus = Self(u64::from_str_radix(&user, 16).ok()?);
        (focus.to_string() == user).then_some(focus)
    }
}

impl fmt::Display for Focus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_uri_names_it_by_its_user_to_the_letter() {
        let table = [
            ("sip:00000000000000ab@h", Some(0xab)),
            (
                "sips:fedcba9876543210@[2001:db8::1]:5061;transport=tcp",
                Some(0xfedc_ba98_7654_3210),
            ),
            ("sip:%300000000000000ab@h", Some(0xab)),
            ("sip:00000000000000AB@h", None),
            ("sip:000000000000000ab@h", None),
            ("sip:0000000000000ab@h", None),
            ("sip:+0000000000000ab@h", None),
            ("sip:00000000000000ab;x=y@h", None),
            ("sip:fedcba98765432100@h", None),
            ("sip:ab@h", None),
            ("sip:%ff@h", None),
            ("sip:h", None),
            ("tel:+15551234", None),
        ];
        for (uri, expected) in table {
            let parsed = Uri::parse(bytes::Bytes::from(uri)).unwrap();
            assert_eq!(Focus::named_by(&parsed), expected.map(Focus), "{uri}");
        }
    }
}
