//! RTP packets (RFC 3550, section 5.1): a checked view of what came in, and the header of what goes out.

#![cfg_attr(
    not(test),
    deny(
        clippy::indexing_slicing,
        clippy::arithmetic_side_effects,
        clippy::unwrap_used,
        clippy::expect_used
    )
)]

use crate::header_extension::HeaderExtension;

/// Bytes of the header this side writes: no sources, no extension.
pub const HEADER: usize = 12;

/// Payload type of comfort noise (RFC 3389).
pub(crate) const COMFORT_NOISE: u8 = 13;

/// A received packet. Its lengths have been checked: the payload is what is left when all that the header announces
/// is taken away.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Packet<'a> {
    /// First packet of a talk spurt, or of an event.
    pub marker: bool,
    /// 0..=127.
    pub payload_type: u8,
    /// Sequence number.
    pub sequence: u16,
    /// Sampling instant of the first byte, in steps of the codec's clock.
    pub timestamp: u32,
    /// Synchronization source.
    pub ssrc: u32,
    /// What stands between header and payload, unread.
    pub extension: Option<HeaderExtension<'a>>,
    /// What the packet carries; may be empty.
    pub payload: &'a [u8],
}

impl<'a> Packet<'a> {
    /// Reads a datagram. `None` for another version than 2 and for every length that does not fit.
    pub fn parse(datagram: &'a [u8]) -> Option<Self> {
        let (&[first, second, s0, s1, t0, t1, t2, t3, i0, i1, i2, i3], rest) =
            datagram.split_first_chunk::<HEADER>()?;
        if first >> 6 != 2 {
            return None;
        }
        let sources = usize::from(first & 0x0f).checked_mul(4)?;
        let rest = rest.get(sources..)?;
        let (extension, rest) = if first & 0x10 == 0 {
            (None, rest)
        } else {
            split_extension(rest)?
        };
        let payload = if first & 0x20 == 0 {
            rest
        } else {
            strip_padding(rest)?
        };
        Some(Self {
            marker: second & 0x80 != 0,
            payload_type: second & 0x7f,
            sequence: u16::from_be_bytes([s0, s1]),
            timestamp: u32::from_be_bytes([t0, t1, t2, t3]),
            ssrc: u32::from_be_bytes([i0, i1, i2, i3]),
            extension,
            payload,
        })
    }
}

/// RFC 3550, section 5.3.1: 16 bits of profile, 16 bits of length in words.
fn split_extension(rest: &[u8]) -> Option<(Option<HeaderExtension<'_>>, &[u8])> {
    let (&[p0, p1, l0, l1], rest) = rest.split_first_chunk::<4>()?;
    let length = usize::from(u16::from_be_bytes([l0, l1])).checked_mul(4)?;
    let (content, rest) = rest.split_at_checked(length)?;
    let profile = u16::from_be_bytes([p0, p1]);
    Some((Some(HeaderExtension { profile, content }), rest))
}

/// The last byte counts the padding, itself included, so it is never 0.
fn strip_padding(rest: &[u8]) -> Option<&[u8]> {
    let padding = usize::from(*rest.last()?);
    if padding == 0 {
        return None;
    }
    rest.get(..rest.len().checked_sub(padding)?)
}

/// The header of a packet to send.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Header {
    /// First packet of a talk spurt.
    pub marker: bool,
    /// 0..=127; higher bits are cut.
    pub payload_type: u8,
    /// Sequence number.
    pub sequence: u16,
    /// Sampling instant of the first byte.
    pub timestamp: u32,
    /// Synchronization source.
    pub ssrc: u32,
}

impl Header {
    /// The bytes on the wire.
    pub fn to_bytes(self) -> [u8; HEADER] {
        let marker = if self.marker { 0x80 } else { 0 };
        let [s0, s1] = self.sequence.to_be_bytes();
        let [t0, t1, t2, t3] = self.timestamp.to_be_bytes();
        let [i0, i1, i2, i3] = self.ssrc.to_be_bytes();
        let second = marker | (self.payload_type & 0x7f);
        [0x80, second, s0, s1, t0, t1, t2, t3, i0, i1, i2, i3]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use webrtc_util::marshal::{Marshal, Unmarshal};

    const PLAIN: [u8; 14] = [0x80, 0x80, 0, 7, 0, 0, 0, 160, 1, 2, 3, 4, 0xaa, 0xbb];

    fn with_first(first: u8, tail: &[u8]) -> Vec<u8> {
        [&[first][..], &PLAIN[1..12], tail].concat()
    }

    #[test]
    fn a_plain_packet_is_read() {
        let packet = Packet::parse(&PLAIN).unwrap();
        assert!(packet.marker);
        assert_eq!(
            (packet.payload_type, packet.sequence, packet.timestamp),
            (0, 7, 160)
        );
        assert_eq!((packet.ssrc, packet.payload), (0x0102_0304, &[0xaa, 0xbb][..]));
    }

    #[test]
    fn every_lie_about_a_length_is_refused() {
        let table: [(&str, Vec<u8>); 16] = [
            ("nothing", vec![]),
            ("one byte", vec![0x80]),
            ("eleven bytes", PLAIN[..11].to_vec()),
            ("version 0", with_first(0x00, &[1])),
            ("version 1", with_first(0x40, &[1])),
            ("version 3", with_first(0xc0, &[1])),
            ("15 sources and no bytes", with_first(0x8f, &[])),
            ("2 sources, 7 bytes", with_first(0x82, &[0; 7])),
            ("extension without its head", with_first(0x90, &[0, 0, 0])),
            (
                "extension of 65535 words",
                with_first(0x90, &[0, 0, 0xff, 0xff, 1]),
            ),
            (
                "extension one word too long",
                with_first(0x90, &[0, 0, 0, 2, 1, 2, 3, 4]),
            ),
            ("padding of an empty packet", with_first(0xa0, &[])),
            ("padding of 0", with_first(0xa0, &[1, 2, 0])),
            ("padding longer than the payload", with_first(0xa0, &[1, 2, 4])),
            ("padding of 255", with_first(0xa0, &[255])),
            (
                "padding that reaches into the extension",
                with_first(0xb0, &[0, 0, 0, 1, 0, 0, 0, 9]),
            ),
        ];
        for (name, bytes) in table {
            assert_eq!(Packet::parse(&bytes), None, "{name}");
        }
    }

    #[test]
    fn sources_extension_and_padding_are_taken_off() {
        let tail = [&[9; 8][..], &[0xbe, 0xde, 0, 1, 5, 5, 5, 5], &[1, 2, 3], &[0, 2]].concat();
        let bytes = with_first(0xb2, &tail);
        let packet = Packet::parse(&bytes).unwrap();
        let extension = HeaderExtension {
            profile: 0xbede,
            content: &[5; 4],
        };
        assert_eq!(
            (packet.payload, packet.extension),
            (&[1, 2, 3][..], Some(extension))
        );
    }

    #[test]
    fn padding_alone_leaves_an_empty_payload() {
        let bytes = with_first(0xa0, &[0, 0, 3]);
        assert_eq!(Packet::parse(&bytes).unwrap().payload, []);
    }

    proptest! {
        #[test]
        fn no_bytes_make_the_view_panic(bytes in proptest::collection::vec(any::<u8>(), 0..80)) {
            let _ = Packet::parse(&bytes);
        }

        #[test]
        fn what_another_implementation_writes_is_read(
            marker: bool, payload_type in 0u8..128, sequence: u16, timestamp: u32, ssrc: u32,
            csrc in proptest::collection::vec(any::<u32>(), 0..15),
            payload in proptest::collection::vec(any::<u8>(), 1..200),
        ) {
            let theirs = rtp::packet::Packet {
                header: rtp::header::Header {
                    version: 2, marker, payload_type, sequence_number: sequence, timestamp, ssrc, csrc,
                    ..Default::default()
                },
                payload: payload.clone().into(),
            };
            let wire = theirs.marshal().unwrap();
            let ours = Packet::parse(&wire).unwrap();
            prop_assert_eq!(ours, Packet { marker, payload_type, sequence, timestamp, ssrc, extension: None, payload: &payload });
        }

        #[test]
        fn what_we_write_is_read_by_another_implementation(
            marker: bool, payload_type in 0u8..128, sequence: u16, timestamp: u32, ssrc: u32,
        ) {
            let header = Header { marker, payload_type, sequence, timestamp, ssrc };
            let wire = [&header.to_bytes()[..], &[1, 2, 3]].concat();
            let theirs = rtp::packet::Packet::unmarshal(&mut &wire[..]).unwrap();
            prop_assert_eq!(theirs.header.marker, marker);
            prop_assert_eq!(theirs.header.payload_type, payload_type);
            prop_assert_eq!(theirs.header.sequence_number, sequence);
            prop_assert_eq!(theirs.header.timestamp, timestamp);
            prop_assert_eq!(theirs.header.ssrc, ssrc);
            prop_assert_eq!(&theirs.payload[..], &[1, 2, 3][..]);
        }
    }
}
