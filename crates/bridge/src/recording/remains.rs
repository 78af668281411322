//! What a recording says of itself when nobody is left who knows: after a crash.

use std::io::{Read, Seek};

use model::{MeetingId, MeetingNumber};
use ogg::PacketReader;

use super::{About, COMMENTS, length_ms};

/// Most comments that are looked at.
const COMMENTS_MAX: u32 = 64;

/// A recording that has no end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Remains {
    /// By its comments.
    pub(crate) about: About,
    /// As far as it is whole, ms.
    pub(crate) length_ms: u64,
}

impl Remains {
    /// Reads as much of a file as is whole; nothing where not even its headers are, or it is none of ours.
    pub(crate) fn read(file: impl Read + Seek) -> Option<Self> {
        let mut reader = PacketReader::new(file);
        let mut next = || reader.read_packet().ok().flatten();
        let head = next()?;
        if !head.data.starts_with(b"OpusHead") {
            return None;
        }
        let about = about(&next()?.data)?;
        let last = std::iter::from_fn(next).last();
        Some(Self {
            about,
            length_ms: last.map_or(0, |packet| length_ms(packet.absgp_page())),
        })
    }
}

fn about(tags: &[u8]) -> Option<About> {
    let mut rest = tags.strip_prefix(b"OpusTags")?;
    text(&mut rest)?;
    let count = number(&mut rest)?.min(COMMENTS_MAX);
    let comments: Vec<_> = (0..count).map_while(|_| text(&mut rest)).collect();
    let value = |name: &str| {
        let mut found = comments.iter().filter_map(|comment| comment.split_once('='));
        found.find(|(known, _)| *known == name).map(|(_, value)| value)
    };
    let [meeting, number, started_ms, started_by] = COMMENTS.map(value);
    Some(About {
        meeting: MeetingId(meeting?.parse().ok()?),
        number: MeetingNumber(number?.parse().ok()?),
        started_ms: started_ms?.parse().ok()?,
        started_by: started_by?.to_owned(),
    })
}

fn number(rest: &mut &[u8]) -> Option<u32> {
    let (number, behind) = rest.split_first_chunk::<4>()?;
    *rest = behind;
    Some(u32::from_le_bytes(*number))
}

fn text<'a>(rest: &mut &'a [u8]) -> Option<&'a str> {
    let length = number(rest)? as usize;
    let (text, behind) = rest.split_at_checked(length)?;
    *rest = behind;
    std::str::from_utf8(text).ok()
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use media::Rate;

    use super::super::tape::tests::{about, file};
    use super::*;

    #[test]
    fn a_whole_file_tells_what_it_is_and_how_long() {
        let (bytes, _) = file(Rate::Hz48000, 77, |_| true);
        let remains = Remains::read(Cursor::new(bytes)).unwrap();
        assert_eq!((remains.about, remains.length_ms), (about(), 77 * 20));
    }

    #[test]
    fn what_is_no_recording_of_ours_is_nothing_and_never_a_panic() {
        let (good, _) = file(Rate::Hz8000, 60, |_| true);
        for bad in [&b""[..], b"RIFF", &good[..40], &good[30..]] {
            assert_eq!(Remains::read(Cursor::new(bad)), None);
        }
        for at in 0..good.len().min(400) {
            let mut bytes = good.clone();
            bytes[at] ^= 0x55;
            let _ = Remains::read(Cursor::new(bytes));
        }
        for tags in [
            &b"OpusTags"[..],
            b"OpusTags\xff\xff\xff\xff",
            b"OpusTags\0\0\0\0\xff\xff\xff\xffabc",
        ] {
            assert_eq!(about_of(tags), None);
        }
    }

    fn about_of(tags: &[u8]) -> Option<About> {
        super::about(tags)
    }
}
