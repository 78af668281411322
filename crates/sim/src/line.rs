//! RTP packets, made and read with the crate rtp (RFC 3550).

use bytes::Bytes;
use rtp::header::{Extension, Header};
use rtp::packet::Packet;
use webrtc_util::marshal::{Marshal, Unmarshal};

/// Numbers of one phone's stream.
#[derive(Debug)]
pub(crate) struct Stream {
    ssrc: u32,
    sequence: u16,
    /// Timestamp of the next packet of audio.
    pub(crate) stamp: u32,
}

/// The level of a packet's audio, and the header extension that tells it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Level {
    pub(crate) id: u8,
    pub(crate) byte: u8,
}

/// Profile of header extensions with one byte of head (RFC 8285, section 4.2).
const ONE_BYTE: u16 = 0xbede;

/// Payload types in which RTCP shows on a port for both (RFC 5761, section 4).
const RTCP: std::ops::RangeInclusive<u8> = 64..=95;

impl Stream {
    /// A stream that begins with these numbers.
    pub(crate) fn new(ssrc: u32, sequence: u16, stamp: u32) -> Self {
        Self {
            ssrc,
            sequence,
            stamp,
        }
    }

    /// A packet; the stamp is that of audio less `since`.
    pub(crate) fn packet(&mut self, payload_type: u8, marker: bool, since: u32, payload: Vec<u8>) -> Vec<u8> {
        self.packet_with(None, payload_type, marker, since, payload)
    }

    /// The same, with the level of its audio.
    pub(crate) fn packet_with(
        &mut self,
        level: Option<Level>,
        payload_type: u8,
        marker: bool,
        since: u32,
        payload: Vec<u8>,
    ) -> Vec<u8> {
        let extension = |level: Level| Extension {
            id: level.id,
            payload: vec![level.byte].into(),
        };
        let header = Header {
            version: 2,
            marker,
            payload_type,
            sequence_number: self.sequence,
            timestamp: self.stamp.wrapping_sub(since),
            ssrc: self.ssrc,
            extension: level.is_some(),
            extension_profile: ONE_BYTE,
            extensions: level.map(extension).into_iter().collect(),
            ..Header::default()
        };
        self.sequence = self.sequence.wrapping_add(1);
        let packet = Packet {
            header,
            payload: Bytes::from(payload),
        };
        packet
            .marshal()
            .map_or_else(|_| Vec::new(), |bytes| bytes.to_vec())
    }
}

/// A datagram as a packet; none where it is RTCP or broken.
pub(crate) fn read(datagram: &[u8]) -> Option<Packet> {
    let mut bytes = Bytes::copy_from_slice(datagram);
    let packet = Packet::unmarshal(&mut bytes).ok()?;
    let audio = packet.header.version == 2 && !RTCP.contains(&packet.header.payload_type);
    audio.then_some(packet)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packets_are_numbered_and_read_as_they_were_made() {
        let mut stream = Stream::new(7, u16::MAX, 1_000);
        let first = read(&stream.packet(0, true, 0, vec![1, 2])).unwrap();
        let second = read(&stream.packet(101, false, 160, vec![3])).unwrap();
        assert_eq!(
            (first.header.sequence_number, second.header.sequence_number),
            (u16::MAX, 0)
        );
        assert_eq!((first.header.timestamp, second.header.timestamp), (1_000, 840));
        assert!(first.header.marker && !second.header.marker);
        assert_eq!(
            (first.header.ssrc, first.payload.as_ref()),
            (7, [1, 2].as_slice())
        );
    }

    #[test]
    fn a_level_stands_in_the_header_s_extension() {
        let mut stream = Stream::new(7, 1, 1_000);
        let level = Level {
            id: 3,
            byte: 0x80 | 42,
        };
        let bytes = stream.packet_with(Some(level), 0, true, 0, vec![1, 2]);
        assert_eq!(
            (bytes[0], &bytes[12..]),
            (0x90, &[0xbe, 0xde, 0, 1, 0x30, 0xaa, 0, 0, 1, 2][..])
        );
        assert_eq!(read(&bytes).unwrap().payload.as_ref(), [1, 2]);
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
