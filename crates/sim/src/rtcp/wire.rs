//! RTCP datagrams, made and read with the crate rtcp-types.

use rtcp_types::prelude::*;
use rtcp_types::{
    Bye, Compound, Packet, ReceiverReport, ReceiverReportBuilder, ReportBlock, ReportBlockBuilder, Sdes,
    SdesChunk, SdesItem, SenderReport, SenderReportBuilder,
};

use super::Sending;

/// What a report says of a stream (RFC 3550, section 6.4.1).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Block {
    /// Its source.
    pub(super) ssrc: u32,
    /// Share of packets missing since the last report, in 1/256.
    pub(super) fraction_lost: u8,
    /// Packets missing since the beginning, 24 bits signed.
    pub(super) lost: i32,
    /// Highest sequence number with its wraps.
    pub(super) highest: u32,
    /// Interarrival jitter, in steps of the codec's clock.
    pub(super) jitter: u32,
    /// Middle bits of the NTP time of the source's last sender report; 0 where there was none.
    pub(super) last_report: u32,
    /// Time since that came, in 1/65536 s.
    pub(super) since_last_report: u32,
}

/// What makes a report that of a sender.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct SenderInfo {
    /// NTP time, 32.32 bits.
    pub(super) ntp: u64,
    pub(super) sending: Sending,
}

/// A datagram to send.
#[derive(Debug, Clone, Copy)]
pub(super) struct Report<'a> {
    pub(super) ssrc: u32,
    pub(super) info: Option<SenderInfo>,
    pub(super) block: Option<Block>,
    /// Canonical name; at most 255 bytes.
    pub(super) cname: &'a str,
    pub(super) goodbye: bool,
}

impl Report<'_> {
    /// SR or RR, SDES with the name, BYE where this is the last.
    pub(super) fn write(&self) -> Vec<u8> {
        let name = SdesItem::builder(SdesItem::CNAME, self.cname);
        let chunk = SdesChunk::builder(self.ssrc).add_item(name);
        let mut compound = match &self.info {
            Some(info) => Compound::builder().add_packet(self.sender_report(info)),
            None => Compound::builder().add_packet(self.receiver_report()),
        };
        compound = compound.add_packet(Sdes::builder().add_chunk(chunk));
        if self.goodbye {
            compound = compound.add_packet(Bye::builder().add_source(self.ssrc));
        }
        let length = compound
            .calculate_size()
            .expect("names are short, and losses have 24 bits");
        let mut datagram = vec![0; length];
        compound
            .write_into(&mut datagram)
            .expect("the datagram was made as long as its packets");
        datagram
    }

    fn sender_report(&self, info: &SenderInfo) -> SenderReportBuilder {
        let report = SenderReport::builder(self.ssrc)
            .ntp_timestamp(info.ntp)
            .rtp_timestamp(info.sending.timestamp)
            .packet_count(info.sending.packets)
            .octet_count(info.sending.octets);
        match &self.block {
            Some(block) => report.add_report_block(block.builder()),
            None => report,
        }
    }

    fn receiver_report(&self) -> ReceiverReportBuilder {
        let report = ReceiverReport::builder(self.ssrc);
        match &self.block {
            Some(block) => report.add_report_block(block.builder()),
            None => report,
        }
    }
}

impl Block {
    fn builder(&self) -> ReportBlockBuilder {
        ReportBlock::builder(self.ssrc)
            .fraction_lost(self.fraction_lost)
            .cumulative_lost(self.lost.cast_unsigned() & 0xff_ffff)
            .extended_sequence_number(self.highest)
            .interarrival_jitter(self.jitter)
            .last_sender_report_timestamp(self.last_report)
            .delay_since_last_sender_report_timestamp(self.since_last_report)
    }

    fn read(block: &ReportBlock<'_>) -> Self {
        Self {
            ssrc: block.ssrc(),
            fraction_lost: block.fraction_lost(),
            // The sign stands in the highest of 24 bits.
            lost: (block.cumulative_lost() << 8).cast_signed() >> 8,
            highest: block.extended_sequence_number(),
            jitter: block.interarrival_jitter(),
            last_report: block.last_sender_report_timestamp(),
            since_last_report: block.delay_since_last_sender_report_timestamp(),
        }
    }
}

/// What a datagram tells a phone.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Told {
    /// Who reports.
    pub(super) sender: u32,
    /// NTP time of its sender report, where there is one.
    pub(super) ntp: Option<u64>,
    /// What it says of the phone's stream.
    pub(super) block: Option<Block>,
    pub(super) goodbye: bool,
}

/// Reads a datagram for the source `ours`; none where it is no compound packet that begins with a report (RFC 3550, section 6.1).
pub(super) fn read(datagram: &[u8], ours: u32) -> Option<Told> {
    let mut packets = Compound::parse(datagram).ok()?;
    let first = packets.next()?.ok()?;
    let mut told = Told::default();
    if !told.take(&first, ours) {
        return None;
    }
    for packet in packets {
        told.take(&packet.ok()?, ours);
    }
    Some(told)
}

impl Told {
    /// Takes in a packet; says whether it is a report.
    fn take(&mut self, packet: &Packet<'_>, ours: u32) -> bool {
        match packet {
            Packet::Sr(report) => {
                (self.sender, self.ntp) = (report.ssrc(), Some(report.ntp_timestamp()));
                self.look_for(ours, report.report_blocks());
                true
            }
            Packet::Rr(report) => {
                self.sender = report.ssrc();
                self.look_for(ours, report.report_blocks());
                true
            }
            Packet::Bye(_) => {
                self.goodbye = true;
                false
            }
            Packet::App(_)
            | Packet::Sdes(_)
            | Packet::TransportFeedback(_)
            | Packet::PayloadFeedback(_)
            | Packet::Xr(_)
            | Packet::Unknown(_) => false,
        }
    }

    fn look_for<'a>(&mut self, ours: u32, blocks: impl Iterator<Item = ReportBlock<'a>>) {
        let mut blocks = blocks.map(|block| Block::read(&block));
        self.block = blocks.find(|block| block.ssrc == ours).or(self.block);
    }
}
