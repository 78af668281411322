//! What a leg counts.

use crate::frame::Rate;
use crate::jitter::Tally;

/// Counters and meters of one leg; counters only grow.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Quality {
    /// RTP packets taken from the peer, of every negotiated payload type.
    pub received: u64,
    /// Packets the sequence numbers say are missing; duplicates are not mistaken for lost ones.
    pub lost: u64,
    /// Audio packets that came after their place had been played, or that the delay's cap threw away.
    pub late: u64,
    /// Packets seen before.
    pub duplicated: u64,
    /// Audio packets the full jitter buffer refused.
    pub overflowed: u64,
    /// Audio invented in place of missing packets, in ms.
    pub concealed_ms: u64,
    /// Audio of missing packets that was had from the redundancy of the next one (in-band FEC), in ms.
    pub recovered_ms: u64,
    /// Audio cut out to shorten the delay, in ms.
    pub shortened_ms: u64,
    /// Audio stretched to lengthen the delay, in ms.
    pub stretched_ms: u64,
    /// Interarrival jitter (RFC 3550, section 6.4.1), in ms.
    pub jitter_ms: u32,
    /// Delay that the jitter buffer adds at present, in ms.
    pub depth_ms: u32,
    /// Delay that the jitter buffer aims at, in ms.
    pub target_ms: u32,
    /// Datagrams that are no RTP or RTCP, or lie about their lengths.
    pub malformed: u64,
    /// Datagrams from strangers.
    pub foreign: u64,
    /// Packets of a payload type that was not negotiated.
    pub wrong_payload_type: u64,
    /// Times the peer changed its synchronization source.
    pub ssrc_changes: u64,
    /// Packets of a source that is not (yet) followed.
    pub ssrc_refused: u64,
    /// Times the timestamps jumped and the jitter buffer started anew.
    pub resyncs: u64,
    /// Comfort noise packets (RFC 3389): taken as silence.
    pub comfort_noise: u64,
    /// Keys pressed.
    pub digits: u64,
    /// Keys lost because nobody polled the events.
    pub digits_dropped: u64,
    /// RTP packets sent.
    pub sent: u64,
    /// Payloads not sent because the peer never answered.
    pub send_withheld: u64,
    /// RTCP datagrams taken from the peer.
    pub rtcp_received: u64,
    /// RTCP datagrams sent.
    pub rtcp_sent: u64,
    /// BYEs in RTCP; they end no call.
    pub rtcp_byes: u64,
    /// Round trip by RTCP's last report, in ms.
    pub rtt_ms: Option<u32>,
    /// Share of our packets that the peer missed, by its last report, in 1/256.
    pub remote_fraction_lost: Option<u8>,
}

impl Quality {
    /// Adds what a jitter buffer counted, at this rate.
    pub(crate) fn take(&mut self, tally: Tally, rate: Rate) {
        let ms = |samples: u64| samples / u64::from(rate.hz() / 1_000);
        self.late += tally.late;
        self.duplicated += tally.duplicated;
        self.overflowed += tally.overflowed;
        self.resyncs += tally.resyncs;
        self.concealed_ms += ms(tally.concealed);
        self.recovered_ms += ms(tally.recovered);
        self.shortened_ms += ms(tally.shortened);
        self.stretched_ms += ms(tally.stretched);
    }
}
