//! What stands between a packet's header and its payload: elements of one byte's head or of two (RFC 8285, section 4).

#![cfg_attr(
    not(test),
    deny(
        clippy::indexing_slicing,
        clippy::arithmetic_side_effects,
        clippy::unwrap_used,
        clippy::expect_used
    )
)]

/// Profiles of both forms; the last four bits of the second are the application's.
const ONE_BYTE: u16 = 0xbede;
const TWO_BYTES: u16 = 0x1000;
const TWO_BYTES_MASK: u16 = 0xfff0;
/// Identifiers that stand for a byte of padding, and in the form with one byte for the end.
const PADDING: u8 = 0;
const END: u8 = 15;

/// A packet's extension, unread.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HeaderExtension<'a> {
    /// What defines its content.
    pub profile: u16,
    /// Its content, a whole number of words.
    pub content: &'a [u8],
}

/// An extension that lies about the lengths of its elements.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Malformed;

impl<'a> HeaderExtension<'a> {
    /// The first element with this identifier. None where there is no such one, and where the content is in neither of the two forms.
    ///
    /// # Errors
    /// [`Malformed`] where an element before it, or itself, reaches beyond the content.
    pub fn element(self, id: u8) -> Result<Option<&'a [u8]>, Malformed> {
        let next: fn(&[u8]) -> Step<'_> = match self.profile {
            ONE_BYTE => next_of_one_byte,
            profile if profile & TWO_BYTES_MASK == TWO_BYTES => next_of_two_bytes,
            _ => return Ok(None),
        };
        let mut left = self.content;
        loop {
            match next(left) {
                Step::Padding { rest } => left = rest,
                Step::Element { id: found, data, .. } if found == id => return Ok(Some(data)),
                Step::Element { rest, .. } => left = rest,
                Step::End => return Ok(None),
                Step::Malformed => return Err(Malformed),
            }
        }
    }
}

/// What the content begins with.
enum Step<'a> {
    Padding { rest: &'a [u8] },
    Element { id: u8, data: &'a [u8], rest: &'a [u8] },
    End,
    Malformed,
}

/// Four bits of identifier, and four of the length less one.
fn next_of_one_byte(content: &[u8]) -> Step<'_> {
    let Some((&head, rest)) = content.split_first() else {
        return Step::End;
    };
    match head >> 4 {
        PADDING => Step::Padding { rest },
        END => Step::End,
        id => element(id, usize::from(head & 0x0f).saturating_add(1), rest),
    }
}

/// A byte of identifier, which alone is padding, and one of length.
fn next_of_two_bytes(content: &[u8]) -> Step<'_> {
    match *content {
        [] => Step::End,
        [PADDING, ref rest @ ..] => Step::Padding { rest },
        [_] => Step::Malformed,
        [id, length, ref rest @ ..] => element(id, usize::from(length), rest),
    }
}

fn element(id: u8, length: usize, rest: &[u8]) -> Step<'_> {
    rest.split_at_checked(length)
        .map_or(Step::Malformed, |(data, rest)| Step::Element { id, data, rest })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn find(profile: u16, content: &[u8], id: u8) -> Result<Option<Vec<u8>>, Malformed> {
        let extension = HeaderExtension { profile, content };
        extension.element(id).map(|found| found.map(<[u8]>::to_vec))
    }

    #[test]
    fn the_examples_of_the_rfc_are_read() {
        // RFC 8285, section 4.2: lengths of 1, 2 and 4, with padding between and behind.
        let one = [0x10, 0xa1, 0x21, 0xb1, 0xb2, 0, 0, 0x33, 0xc1, 0xc2, 0xc3, 0xc4];
        assert_eq!(find(0xbede, &one, 1), Ok(Some(vec![0xa1])));
        assert_eq!(find(0xbede, &one, 2), Ok(Some(vec![0xb1, 0xb2])));
        assert_eq!(find(0xbede, &one, 3), Ok(Some(vec![0xc1, 0xc2, 0xc3, 0xc4])));
        // Section 4.3: lengths of 0, 1 and 4.
        let two = [1, 0, 2, 1, 0xb1, 0, 3, 4, 0xc1, 0xc2, 0xc3, 0xc4];
        assert_eq!(find(0x1000, &two, 1), Ok(Some(vec![])));
        assert_eq!(find(0x1000, &two, 2), Ok(Some(vec![0xb1])));
        assert_eq!(find(0x1005, &two, 3), Ok(Some(vec![0xc1, 0xc2, 0xc3, 0xc4])));
        // RFC 6464, section 3: the level in either form.
        assert_eq!(find(0xbede, &[0x60, 0xac, 0, 0], 6), Ok(Some(vec![0xac])));
        assert_eq!(find(0x1000, &[6, 1, 0xac, 0], 6), Ok(Some(vec![0xac])));
    }

    #[test]
    fn odd_extensions_give_what_can_be_read_and_lies_are_told() {
        let absent = Ok(None);
        let found = |byte: u8| Ok(Some(vec![byte]));
        for (name, profile, content, expected) in [
            ("nothing", 0xbede, &[][..], absent.clone()),
            ("nothing", 0x1000, &[], absent.clone()),
            ("another profile", 0x1234, &[0x10, 7, 0, 0], absent.clone()),
            ("a profile beside it", 0x1010, &[1, 1, 7, 0], absent.clone()),
            ("padding alone", 0xbede, &[0; 8], absent.clone()),
            ("padding alone", 0x1000, &[0; 8], absent.clone()),
            ("padding with a length", 0xbede, &[0x03, 0x10, 7, 0], found(7)),
            ("padding before it", 0x1000, &[0, 1, 1, 7], found(7)),
            ("the first of two", 0xbede, &[0x10, 7, 0x10, 8], found(7)),
            ("the first of two", 0x1000, &[1, 1, 7, 1, 1, 8, 0, 0], found(7)),
            ("behind the end", 0xbede, &[0xf0, 9, 0x10, 7], absent.clone()),
            ("before the end", 0xbede, &[0x10, 7, 0xff, 0], found(7)),
            (
                "fifteen is any other",
                0x1000,
                &[15, 1, 9, 1, 1, 7, 0, 0],
                found(7),
            ),
            ("before a lie", 0xbede, &[0x10, 7, 0x2f, 0], found(7)),
            ("behind a lie", 0xbede, &[0x2f, 7, 0x10, 7], Err(Malformed)),
            ("one byte too long", 0xbede, &[0x13, 1, 2, 3], Err(Malformed)),
            ("a head alone", 0xbede, &[0, 0, 0, 0x10], Err(Malformed)),
            ("one byte too long", 0x1000, &[1, 3, 1, 2], Err(Malformed)),
            ("255 bytes", 0x1000, &[2, 255, 1, 1], Err(Malformed)),
            ("half a head", 0x1000, &[0, 0, 0, 1], Err(Malformed)),
            ("a head alone", 0x1000, &[0, 0, 1, 1], Err(Malformed)),
        ] {
            assert_eq!(find(profile, content, 1), expected, "{name}");
        }
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic_and_what_it_finds_lies_inside(
            profile in prop_oneof![Just(0xbede), 0x1000..=0x100f_u16, any::<u16>()],
            content in proptest::collection::vec(any::<u8>(), 0..80), id: u8,
        ) {
            if let Ok(Some(data)) = find(profile, &content, id) {
                prop_assert!(data.len() < content.len());
                prop_assert!(data.is_empty() || content.windows(data.len()).any(|window| window == data));
            }
        }

        #[test]
        fn what_another_implementation_writes_is_found(
            two_bytes: bool, elements in proptest::collection::btree_map(1..15_u8, proptest::collection::vec(any::<u8>(), 1..16), 1..6),
        ) {
            use rtp::header::{Extension, Header};
            use webrtc_util::marshal::Marshal;
            let extensions = elements.iter().map(|(id, data)| Extension { id: *id, payload: data.clone().into() });
            let header = Header {
                version: 2,
                extension: true,
                extension_profile: if two_bytes { 0x1000 } else { 0xbede },
                extensions: extensions.collect(),
                ..Header::default()
            };
            let wire = header.marshal().unwrap();
            let extension = crate::rtp::Packet::parse(&wire).unwrap().extension.unwrap();
            for id in 1..15 {
                prop_assert_eq!(extension.element(id), Ok(elements.get(&id).map(Vec::as_slice)));
            }
        }
    }
}
