//! RTP packets, their headers made and read with the crate rtp (RFC 3550). Memory is the caller's: a thousand phones send 50,000 a second.

use rtp::header::{Extension, Header};
use webrtc_util::marshal::{Marshal, MarshalSize, Unmarshal};

/// Numbers of one phone's stream.
#[derive(Debug)]
pub(crate) struct Stream {
    ssrc: u32,
    sequence: u16,
    /// Timestamp of the next packet of audio.
    pub(crate) stamp: u32,
    /// Packets written, and bytes of their payloads; both wrap.
    pub(crate) packets: u32,
    pub(crate) octets: u32,
}

/// The level of a packet's audio, and the header extension that tells it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Level {
    pub(crate) id: u8,
    pub(crate) byte: u8,
}

/// Profile of header extensions with one byte of head (RFC 8285, section 4.2).
const ONE_BYTE: u16 = 0xbede;

/// Payload types in which RTCP shows on a port for both (RFC 5761, section 4).
const RTCP: std::ops::RangeInclusive<u8> = 64..=95;

/// What a packet carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Content<'a> {
    pub(crate) payload_type: u8,
    pub(crate) marker: bool,
    /// Steps by which its timestamp is before that of audio.
    pub(crate) since: u32,
    /// The level of its audio, where it is told.
    pub(crate) level: Option<Level>,
    pub(crate) payload: &'a [u8],
}

impl Stream {
    /// A stream that begins with these numbers.
    pub(crate) fn new(ssrc: u32, sequence: u16, stamp: u32) -> Self {
        Self {
            ssrc,
            sequence,
            stamp,
            packets: 0,
            octets: 0,
        }
    }

    /// Writes the next packet into `packet`, in place of what it held.
    pub(crate) fn write(&mut self, packet: &mut Vec<u8>, content: Content<'_>) {
        let extension = |level: Level| Extension {
            id: level.id,
            payload: vec![level.byte].into(),
        };
        let level = content.level;
        let header = Header {
            version: 2,
            marker: content.marker,
            payload_type: content.payload_type,
            sequence_number: self.sequence,
            timestamp: self.stamp.wrapping_sub(content.since),
            ssrc: self.ssrc,
            extension: level.is_some(),
            extension_profile: ONE_BYTE,
            extensions: level.map(extension).into_iter().collect(),
            ..Header::default()
        };
        self.sequence = self.sequence.wrapping_add(1);
        self.packets = self.packets.wrapping_add(1);
        self.octets = self.octets.wrapping_add(content.payload.len() as u32);
        packet.clear();
        packet.resize(header.marshal_size(), 0);
        header
            .marshal_to(packet)
            .expect("the packet was made as long as its header");
        packet.extend_from_slice(content.payload);
    }
}

/// A packet as it was received.
#[derive(Debug)]
pub(crate) struct Packet<'a> {
    pub(crate) header: Header,
    pub(crate) payload: &'a [u8],
}

/// A datagram as a packet; none where it is RTCP or broken.
pub(crate) fn read(datagram: &[u8]) -> Option<Packet<'_>> {
    let mut rest = datagram;
    let header = Header::unmarshal(&mut rest).ok()?;
    let padding = match header.padding {
        true => usize::from(*rest.last()?),
        false => 0,
    };
    let payload = rest.get(..rest.len().checked_sub(padding)?)?;
    let audio = header.version == 2 && !RTCP.contains(&header.payload_type);
    audio.then_some(Packet { header, payload })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(stream: &mut Stream, payload_type: u8, marker: bool, since: u32, payload: &[u8]) -> Vec<u8> {
        let mut packet = vec![9; 99];
        let content = Content {
            payload_type,
            marker,
            since,
            level: None,
            payload,
        };
        stream.write(&mut packet, content);
        packet
    }

    #[test]
    fn packets_are_numbered_and_read_as_they_were_made() {
        let mut stream = Stream::new(7, u16::MAX, 1_000);
        let (first, second) = (
            written(&mut stream, 0, true, 0, &[1, 2]),
            written(&mut stream, 101, false, 160, &[3]),
        );
        let (first, second) = (read(&first).unwrap(), read(&second).unwrap());
        assert_eq!(
            (first.header.sequence_number, second.header.sequence_number),
            (u16::MAX, 0)
        );
        assert_eq!((first.header.timestamp, second.header.timestamp), (1_000, 840));
        assert!(first.header.marker && !second.header.marker);
        assert_eq!((first.header.ssrc, first.payload), (7, [1, 2].as_slice()));
        assert_eq!((stream.packets, stream.octets), (2, 3));
    }

    #[test]
    fn padding_is_no_payload() {
        let mut packet = written(&mut Stream::new(7, 1, 1), 0, false, 0, &[1, 2, 3, 0, 2]);
        packet[0] |= 0x20;
        assert_eq!(read(&packet).unwrap().payload, [1, 2, 3]);
        *packet.last_mut().unwrap() = 6;
        assert!(read(&packet).is_none());
    }

    #[test]
    fn a_level_stands_in_the_header_s_extension() {
        let mut stream = Stream::new(7, 1, 1_000);
        let level = Level {
            id: 3,
            byte: 0x80 | 42,
        };
        let mut bytes = Vec::new();
        let content = Content {
            payload_type: 0,
            marker: true,
            since: 0,
            level: Some(level),
            payload: &[1, 2],
        };
        stream.write(&mut bytes, content);
        assert_eq!(
            (bytes[0], &bytes[12..]),
            (0x90, &[0xbe, 0xde, 0, 1, 0x30, 0xaa, 0, 0, 1, 2][..])
        );
        assert_eq!(read(&bytes).unwrap().payload, [1, 2]);
    }

    #[test]
    fn rtcp_and_rubbish_are_no_packets() {
        for datagram in [
            &[][..],
            &[0x80],
            &[0x81, 200, 0, 1, 0, 0, 0, 1, 0, 0, 0, 0],
            &[0; 12],
        ] {
            assert!(read(datagram).is_none(), "{datagram:?}");
        }
    }
}
