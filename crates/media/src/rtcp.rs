//! RTCP (RFC 3550, section 6): a checked walk through what came in, and the reports that go out.
//!
//! Nothing here allocates: reports are written into a fixed buffer.

#![cfg_attr(
    not(test),
    deny(
        clippy::indexing_slicing,
        clippy::arithmetic_side_effects,
        clippy::unwrap_used,
        clippy::expect_used
    )
)]

/// Packet types (RFC 3550, section 12.1).
const SENDER_REPORT: u8 = 200;
const RECEIVER_REPORT: u8 = 201;
const DESCRIPTION: u8 = 202;
const GOODBYE: u8 = 203;
/// The item of a description that names the participant.
const CNAME: u8 = 1;
/// Bytes of a report block.
const BLOCK: usize = 24;
/// Room for our largest datagram: SR with one block, SDES with 255 bytes of name, BYE.
pub const ROOM: usize = 28 + BLOCK + 4 + 4 + 2 + 256 + 4 + 8;

/// What a report block says (RFC 3550, section 6.4.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Block {
    /// The source reported on.
    pub ssrc: u32,
    /// Share of packets lost since the last report, in 1/256.
    pub fraction_lost: u8,
    /// Packets lost since the start, 24 bits signed.
    pub lost: i32,
    /// Highest sequence number with its wraps.
    pub highest: u32,
    /// Interarrival jitter, in steps of the clock.
    pub jitter: u32,
    /// Middle 32 bits of the NTP time of the last sender report; 0 when there was none.
    pub last_report: u32,
    /// Time since that report, in 1/65536 s.
    pub since_last_report: u32,
}

/// What a sender report adds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SenderInfo {
    /// NTP time, 32.32 bits.
    pub ntp: u64,
    /// The same moment on the codec's clock.
    pub timestamp: u32,
    /// Packets sent; wraps.
    pub packets: u32,
    /// Payload bytes sent; wraps.
    pub bytes: u32,
}

/// What a datagram says, as far as a leg cares.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Digest {
    /// Who reports.
    pub sender: u32,
    /// Its sender report, where there is one.
    pub info: Option<SenderInfo>,
    /// Its block about the source asked for.
    pub block: Option<Block>,
    /// Whether it says goodbye.
    pub goodbye: bool,
}

/// Reads a datagram, looking for a block about `ours`. `None` unless it is a compound packet as RFC 3550, appendix
/// A.2 checks it: version 2 throughout, a report first, padding only at the end, lengths that add up exactly.
pub fn parse(datagram: &[u8], ours: u32) -> Option<Digest> {
    let mut digest = Digest::default();
    let mut rest = datagram;
    let mut first = true;
    while !rest.is_empty() {
        let (packet, after) = split(rest)?;
        if packet.padded && !after.is_empty() {
            return None;
        }
        match packet.kind {
            SENDER_REPORT | RECEIVER_REPORT => read_report(&packet, ours, &mut digest)?,
            _ if first => return None,
            GOODBYE => digest.goodbye |= lists_sources(&packet)?,
            // Descriptions, feedback, extended reports: their frames were checked, their contents are not used.
            _ => {}
        }
        first = false;
        rest = after;
    }
    (!first).then_some(digest)
}

/// One packet of a compound.
struct Part<'a> {
    count: usize,
    kind: u8,
    padded: bool,
    body: &'a [u8],
}

fn split(bytes: &[u8]) -> Option<(Part<'_>, &[u8])> {
    let (&[flags, kind, l0, l1], rest) = bytes.split_first_chunk::<4>()?;
    let length = usize::from(u16::from_be_bytes([l0, l1])).checked_mul(4)?;
    let (body, after) = rest.split_at_checked(length)?;
    let padded = flags & 0x20 != 0;
    let body = if padded { strip_padding(body)? } else { body };
    let known = (192..=223).contains(&kind);
    (flags >> 6 == 2 && known).then_some((
        Part {
            count: usize::from(flags & 0x1f),
            kind,
            padded,
            body,
        },
        after,
    ))
}

fn strip_padding(body: &[u8]) -> Option<&[u8]> {
    let padding = usize::from(*body.last()?);
    if padding == 0 || !padding.is_multiple_of(4) {
        return None;
    }
    body.get(..body.len().checked_sub(padding)?)
}

fn read_report(part: &Part<'_>, ours: u32, digest: &mut Digest) -> Option<()> {
    let (sender, mut rest) = take_u32(part.body)?;
    // Where several report in one datagram, who tells what he sent is the one that counts, and what he tells is his own.
    let is_told = digest.info.is_some();
    if !is_told {
        digest.sender = sender;
    }
    if part.kind == SENDER_REPORT {
        let (info, after) = rest.split_first_chunk::<20>()?;
        let info = read_info(info)?;
        digest.info.get_or_insert(info);
        rest = after;
    }
    for _ in 0..part.count {
        let (block, after) = rest.split_first_chunk::<BLOCK>()?;
        let block = read_block(block)?;
        if block.ssrc == ours {
            digest.block = Some(block);
        }
        rest = after;
    }
    Some(())
}

fn read_info(bytes: &[u8; 20]) -> Option<SenderInfo> {
    let (seconds, rest) = take_u32(bytes)?;
    let (fraction, rest) = take_u32(rest)?;
    let (timestamp, rest) = take_u32(rest)?;
    let (packets, rest) = take_u32(rest)?;
    let (bytes, _) = take_u32(rest)?;
    let ntp = u64::from(seconds) << 32 | u64::from(fraction);
    Some(SenderInfo {
        ntp,
        timestamp,
        packets,
        bytes,
    })
}

fn read_block(bytes: &[u8; BLOCK]) -> Option<Block> {
    let (ssrc, rest) = take_u32(bytes)?;
    let (losses, rest) = take_u32(rest)?;
    let (highest, rest) = take_u32(rest)?;
    let (jitter, rest) = take_u32(rest)?;
    let (last_report, rest) = take_u32(rest)?;
    let (since_last_report, _) = take_u32(rest)?;
    Some(Block {
        ssrc,
        fraction_lost: (losses >> 24) as u8,
        lost: (losses << 8) as i32 >> 8,
        highest,
        jitter,
        last_report,
        since_last_report,
    })
}

fn lists_sources(part: &Part<'_>) -> Option<bool> {
    (part.body.len() >= part.count.checked_mul(4)?).then_some(true)
}

fn take_u32(bytes: &[u8]) -> Option<(u32, &[u8])> {
    let (word, rest) = bytes.split_first_chunk::<4>()?;
    Some((u32::from_be_bytes(*word), rest))
}

/// A datagram to send.
#[derive(Debug, Clone, Copy)]
pub struct Report<'a> {
    /// Our source.
    pub ssrc: u32,
    /// What we sent lately; makes it a sender report.
    pub info: Option<SenderInfo>,
    /// What we got from the peer.
    pub block: Option<Block>,
    /// Our canonical name; cut at 255 bytes.
    pub cname: &'a str,
    /// Whether this is the last one.
    pub goodbye: bool,
}

impl Report<'_> {
    /// Writes the datagram and returns its length in bytes.
    pub fn write(&self, room: &mut [u8; ROOM]) -> usize {
        let mut writer = Writer { room, at: 0 };
        self.write_report(&mut writer);
        self.write_description(&mut writer);
        if self.goodbye {
            writer.packet(GOODBYE, 1, |w| w.u32(self.ssrc));
        }
        writer.at
    }

    fn write_report(&self, writer: &mut Writer<'_>) {
        let kind = if self.info.is_some() {
            SENDER_REPORT
        } else {
            RECEIVER_REPORT
        };
        writer.packet(kind, u8::from(self.block.is_some()), |w| {
            w.u32(self.ssrc);
            if let Some(info) = self.info {
                w.bytes(&info.ntp.to_be_bytes());
                w.u32(info.timestamp);
                w.u32(info.packets);
                w.u32(info.bytes);
            }
            if let Some(block) = self.block {
                block.write(w);
            }
        });
    }

    fn write_description(&self, writer: &mut Writer<'_>) {
        let name = self.cname.as_bytes();
        let name = name.get(..name.len().min(255)).unwrap_or_default();
        writer.packet(DESCRIPTION, 1, |w| {
            w.u32(self.ssrc);
            w.bytes(&[CNAME, name.len() as u8]);
            w.bytes(name);
            // The list ends with a null byte, and with as many more as fill the word.
            w.bytes(&[0]);
            w.fill_word();
        });
    }
}

impl Block {
    fn write(&self, writer: &mut Writer<'_>) {
        let lost = self.lost.clamp(-0x80_0000, 0x7f_ffff) as u32 & 0xff_ffff;
        writer.u32(self.ssrc);
        writer.u32(u32::from(self.fraction_lost) << 24 | lost);
        writer.u32(self.highest);
        writer.u32(self.jitter);
        writer.u32(self.last_report);
        writer.u32(self.since_last_report);
    }
}

/// Writes into a buffer that is large enough by construction; what would not fit is left out.
struct Writer<'a> {
    room: &'a mut [u8; ROOM],
    at: usize,
}

impl Writer<'_> {
    fn bytes(&mut self, bytes: &[u8]) {
        let end = self.at.saturating_add(bytes.len());
        if let Some(place) = self.room.get_mut(self.at..end) {
            place.copy_from_slice(bytes);
            self.at = end;
        }
    }

    fn u32(&mut self, value: u32) {
        self.bytes(&value.to_be_bytes());
    }

    fn fill_word(&mut self) {
        while !self.at.is_multiple_of(4) {
            self.bytes(&[0]);
        }
    }

    /// One packet: its head, with the length set when the body is known.
    fn packet(&mut self, kind: u8, count: u8, body: impl FnOnce(&mut Self)) {
        let start = self.at;
        self.bytes(&[0x80 | count, kind, 0, 0]);
        body(self);
        let words = (self.at.saturating_sub(start) / 4).saturating_sub(1) as u16;
        if let Some(length) = self.room.get_mut(start..).and_then(|r| r.get_mut(2..4)) {
            length.copy_from_slice(&words.to_be_bytes());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const OURS: u32 = 0x0a0b_0c0d;

    fn full() -> Report<'static> {
        Report {
            ssrc: OURS,
            info: Some(SenderInfo {
                ntp: 0x1122_3344_5566_7788,
                timestamp: 9,
                packets: 10,
                bytes: 1_600,
            }),
            block: Some(Block {
                ssrc: 77,
                fraction_lost: 12,
                lost: -3,
                highest: 0x1_0005,
                jitter: 44,
                last_report: 0x3344_5566,
                since_last_report: 65_536,
            }),
            cname: "leg7@bridge.example.com",
            goodbye: true,
        }
    }

    fn bytes(report: &Report<'_>) -> Vec<u8> {
        let mut room = [0; ROOM];
        let length = report.write(&mut room);
        room[..length].to_vec()
    }

    #[test]
    fn a_written_report_reads_back() {
        let report = full();
        let digest = parse(&bytes(&report), 77).unwrap();
        assert_eq!(digest.sender, OURS);
        assert_eq!((digest.info, digest.block), (report.info, report.block));
        assert!(digest.goodbye);
    }

    #[test]
    fn another_implementation_reads_what_we_write() {
        use rtcp_types::{Compound, Packet};
        for (cname, goodbye) in [
            ("", false),
            ("a", true),
            ("ab", true),
            ("abc", false),
            ("leg@host", true),
        ] {
            let report = Report {
                cname,
                goodbye,
                ..full()
            };
            let wire = bytes(&report);
            let parts: Vec<_> = Compound::parse(&wire).unwrap().map(Result::unwrap).collect();
            let Packet::Sr(sr) = &parts[0] else {
                panic!("no SR")
            };
            assert_eq!((sr.ssrc(), sr.ntp_timestamp()), (OURS, 0x1122_3344_5566_7788));
            let block = sr.report_blocks().next().unwrap();
            assert_eq!(
                (block.ssrc(), block.fraction_lost(), block.interarrival_jitter()),
                (77, 12, 44)
            );
            let Packet::Sdes(sdes) = &parts[1] else {
                panic!("no SDES")
            };
            let chunk = sdes.chunks().next().unwrap();
            let item = chunk.items().next().unwrap();
            assert_eq!((item.type_(), item.value()), (CNAME, cname.as_bytes()));
            assert_eq!(parts.len(), if goodbye { 3 } else { 2 });
        }
    }

    #[test]
    fn of_several_who_report_at_once_each_is_told_from_the_others() {
        let ours = bytes(&full());
        // The sender report alone, one of another source, and a receiver report of a third.
        let first = &ours[..52];
        let mut second = first.to_vec();
        second[4..8].copy_from_slice(&9u32.to_be_bytes());
        second[8] ^= 0xff;
        let third: &[u8] = &[0x80, 201, 0, 1, 0, 0, 0, 7];
        for compound in [
            [first, third].concat(),
            [third, first].concat(),
            [first, second.as_slice()].concat(),
            [third, first, third, second.as_slice()].concat(),
        ] {
            let digest = parse(&compound, 77).unwrap();
            assert_eq!((digest.sender, digest.info), (OURS, full().info));
            assert_eq!(digest.block, full().block);
        }
        assert_eq!(parse(&[third, third].concat(), 77).unwrap().sender, 7);
    }

    #[test]
    fn the_longest_name_fits() {
        let cname = "x".repeat(400);
        let wire = bytes(&Report {
            cname: &cname,
            ..full()
        });
        assert!(parse(&wire, 0).unwrap().goodbye);
        assert_eq!(wire.len() % 4, 0);
    }

    #[test]
    fn hostile_datagrams_are_refused() {
        let good = bytes(&full());
        let change = |at: usize, to: u8| {
            let mut bad = good.clone();
            bad[at] = to;
            bad
        };
        let table: [(&str, Vec<u8>); 19] = [
            ("nothing", vec![]),
            ("four bytes that pass for an empty RR", vec![0x80, 201, 0, 0]),
            ("four bytes of SR", vec![0x80, 200, 0, 0]),
            ("three bytes", vec![0x80, 201, 0]),
            ("an SDES alone", vec![0x81, 202, 0, 1, 0, 0, 0, 1]),
            ("a BYE alone", vec![0x81, 203, 0, 1, 0, 0, 0, 1]),
            ("version 0", change(0, 0x01)),
            ("version 3", change(0, 0xc1)),
            ("31 blocks in the room of one", change(0, 0x9f)),
            ("a length beyond the datagram", change(3, 0xff)),
            ("a length of 65535 words", change(2, 0xff)),
            ("a length that splits the report", change(3, 3)),
            ("a length that leaves half a packet", change(3, 14)),
            ("padding in the first packet", change(0, 0xa1)),
            ("an unknown packet type first", change(1, 210)),
            ("an RTP packet", [&[0x80, 0, 0, 1][..], &[0; 168]].concat()),
            (
                "a BYE of 31 sources without them",
                [&good[..good.len() - 8], &[0x9f, 203, 0, 1, 0, 0, 0, 1]].concat(),
            ),
            (
                "padding of 0",
                [&good[..good.len() - 8], &[0xa1, 203, 0, 1, 0, 0, 0, 0]].concat(),
            ),
            (
                "padding longer than its packet",
                [&good[..good.len() - 8], &[0xa1, 203, 0, 1, 0, 0, 0, 8]].concat(),
            ),
        ];
        for (name, datagram) in table {
            assert_eq!(parse(&datagram, OURS), None, "{name}");
        }
    }

    proptest! {
        #[test]
        fn no_bytes_make_the_walk_panic(bytes in proptest::collection::vec(any::<u8>(), 0..120)) {
            let _ = parse(&bytes, OURS);
        }

        #[test]
        fn no_change_of_a_good_datagram_makes_it_panic(at in 0usize..96, to: u8, cut in 0usize..96) {
            let mut wire = bytes(&full());
            let last = wire.len() - 1;
            wire[at.min(last)] = to;
            let _ = parse(&wire[..cut.min(last)], OURS);
            let _ = parse(&wire, OURS);
        }
    }
}
