//! What a leg counts.

use crate::echo::Echo;
use crate::emodel::Way;
use crate::frame::Rate;
use crate::jitter::Tally;

/// Counters and meters of one leg. Counters only grow, but for `lost` and `loss_bursts`, of which a packet that comes late after all takes one
/// back, and `concealed_ms`, of which a pause that seemed to be a loss takes back what was invented at its beginning.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[repr(C)]
pub struct Quality {
    /// RTP packets taken from the peer, of every negotiated payload type.
    pub received: u64,
    /// RTP packets sent.
    pub sent: u64,
    /// Packets the sequence numbers say are missing; duplicates are not mistaken for lost ones.
    pub lost: u64,
    /// Losses in a row count as one here; one of which all have come after all is none.
    pub loss_bursts: u64,
    /// Audio packets that came after their place had been played, or that the delay's cap threw away.
    pub late: u64,
    /// Packets seen before.
    pub duplicated: u64,
    /// Audio packets the full jitter buffer refused.
    pub overflowed: u64,
    /// Audio invented in place of missing packets, in ms.
    pub concealed_ms: u64,
    /// Missing packets that were had from the redundancy of the next one (in-band FEC).
    pub recovered: u64,
    /// Audio of those, in ms.
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
    /// How loud the peer is now, dBov: the loudest of what was heard last, falling by 25 dB a second; nothing before it was heard. This and
    /// the meters after it go on while nobody is to hear the leg.
    pub level_dbov: Option<i8>,
    /// How loud the peer speaks, dBov; nothing before it has spoken.
    pub speech_dbov: Option<i8>,
    /// How loud it is there between words, dBov.
    pub noise_dbov: Option<i8>,
    /// Speech with samples at full scale, in ms.
    pub clipped_ms: u64,
    /// Gain that brings the peer's speech to its level, in dB; it comes on top of the gain that a host sets.
    pub agc_gain_db: i8,
    /// Whether the audio has gone on for some 20 s without what makes speech: music on hold, a tone, or loud noise. While nobody is to hear
    /// the leg this stays as it was.
    pub music_suspected: bool,
    /// For how long that was so, in ms.
    pub music_ms: u64,
    /// The echo of what the peer is sent, where one is suspected.
    pub echo: Option<Echo>,
    /// For how long one was, in ms.
    pub echo_ms: u64,
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
    /// Comfort noise packets (RFC 3389): taken as silence, and their level as that of the peer's noise.
    pub comfort_noise: u64,
    /// Comfort noise packets sent in place of silence; they are among [`Quality::sent`].
    pub comfort_noise_sent: u64,
    /// Packets whose header extension lies about the lengths in it; their audio is taken.
    pub malformed_extensions: u64,
    /// Audio packets whose level (RFC 6464) said that they are silent, while they are not.
    pub false_levels: u64,
    /// Keys pressed.
    pub digits: u64,
    /// Keys lost because nobody polled the events.
    pub digits_dropped: u64,
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
    /// The mean of these shares over its reports of the last ten seconds, in 1/65,536.
    pub remote_lost_lately: Option<u16>,
    /// Packets of ours that the peer missed so far, by its last report; what it got twice makes up for what it missed.
    pub remote_lost: Option<u32>,
    /// Interarrival jitter of our packets there, by its last report, in ms.
    pub remote_jitter_ms: Option<u32>,
}

impl Quality {
    /// What was counted since `before`, beside the meters as they are now.
    pub fn since(&self, before: &Self) -> Self {
        let (mut since, mut before) = (*self, *before);
        for (now, then) in since.counters().into_iter().zip(before.counters()) {
            *now = now.saturating_sub(*then);
        }
        since
    }

    /// Adds up counters, of several legs or of one leg's spans; meters stay.
    pub fn add(&mut self, other: &Self) {
        let mut other = *other;
        for (sum, more) in self.counters().into_iter().zip(other.counters()) {
            *sum = sum.saturating_add(*more);
        }
    }

    /// Everything that is counted. What is not in here is a meter: it is as it was measured last.
    fn counters(&mut self) -> [&mut u64; 31] {
        [
            &mut self.received,
            &mut self.lost,
            &mut self.loss_bursts,
            &mut self.late,
            &mut self.duplicated,
            &mut self.overflowed,
            &mut self.concealed_ms,
            &mut self.recovered,
            &mut self.recovered_ms,
            &mut self.shortened_ms,
            &mut self.stretched_ms,
            &mut self.clipped_ms,
            &mut self.music_ms,
            &mut self.echo_ms,
            &mut self.malformed,
            &mut self.foreign,
            &mut self.wrong_payload_type,
            &mut self.ssrc_changes,
            &mut self.ssrc_refused,
            &mut self.resyncs,
            &mut self.comfort_noise,
            &mut self.comfort_noise_sent,
            &mut self.malformed_extensions,
            &mut self.false_levels,
            &mut self.digits,
            &mut self.digits_dropped,
            &mut self.sent,
            &mut self.send_withheld,
            &mut self.rtcp_received,
            &mut self.rtcp_sent,
            &mut self.rtcp_byes,
        ]
    }

    /// Adds what a jitter buffer counted, at this rate.
    pub(crate) fn take(&mut self, tally: Tally, rate: Rate) {
        let ms = |samples: u64| samples / u64::from(rate.hz() / 1_000);
        self.late += tally.late;
        self.duplicated += tally.duplicated;
        self.overflowed += tally.overflowed;
        self.resyncs += tally.resyncs;
        self.false_levels += tally.false_levels;
        self.concealed_ms += ms(tally.concealed);
        self.recovered += tally.recovered_packets;
        self.recovered_ms += ms(tally.recovered);
        self.shortened_ms += ms(tally.shortened);
        self.stretched_ms += ms(tally.stretched);
    }
}

impl Quality {
    /// How good the peer sounds here: by what was lost or came too late, how deep the buffer is, and half of the round trip. What was had
    /// from redundancy was heard.
    pub fn inbound(&self) -> Way {
        let expected = (self.received + self.lost).max(1) as f64;
        let unheard = (self.lost + self.late).saturating_sub(self.recovered);
        let loss = (unheard as f64 / expected).min(1.0);
        let mean_burst = self.lost as f64 / self.loss_bursts.max(1) as f64;
        Way {
            loss,
            // Random loss has bursts of 1 / (1 − loss) in the mean.
            burst_ratio: (mean_burst * (1.0 - loss)).max(1.0),
            delay_ms: f64::from(self.depth_ms) + self.one_way_ms(),
        }
    }

    /// How good we sound to the peer, by its reports of the last ten seconds. What they do not tell is assumed: that its losses are random,
    /// and its buffer as deep as ours. Nothing before it reported.
    pub fn outbound(&self) -> Option<Way> {
        let lost = self.remote_lost_lately?;
        Some(Way {
            loss: f64::from(lost) / 65_536.0,
            burst_ratio: 1.0,
            delay_ms: f64::from(self.depth_ms) + self.one_way_ms(),
        })
    }

    fn one_way_ms(&self) -> f64 {
        f64::from(self.rtt_ms.unwrap_or(0)) / 2.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_ways_are_rated_by_what_is_known_of_them() {
        let clean = Quality {
            received: 1_000,
            depth_ms: 20,
            ..Quality::default()
        };
        assert!(clean.inbound().mos() > 4.3 && clean.outbound().is_none());
        let bad = Quality {
            lost: 100,
            loss_bursts: 25,
            late: 10,
            rtt_ms: Some(300),
            // That of the last report alone is no matter.
            remote_fraction_lost: Some(255),
            remote_lost_lately: Some(26 * 256),
            ..clean
        };
        let (inbound, outbound) = (bad.inbound(), bad.outbound().unwrap());
        assert!((inbound.loss - 0.1).abs() < 1e-9 && (inbound.burst_ratio - 3.6).abs() < 1e-9);
        assert!((inbound.delay_ms - 170.0).abs() < 1e-9);
        assert!(inbound.mos() < outbound.mos() && outbound.mos() < 3.4);
    }

    #[test]
    fn what_was_had_from_redundancy_is_no_loss() {
        let lossy = Quality {
            received: 900,
            lost: 100,
            loss_bursts: 100,
            late: 10,
            ..Quality::default()
        };
        for (recovered, packet_ms, loss) in [
            (0, 20, 0.11),
            (1, 20, 0.109),
            (80, 10, 0.03),
            (80, 20, 0.03),
            (80, 60, 0.03),
            (100, 60, 0.01),
            (110, 20, 0.0),
            // Some were lost before this span.
            (450, 20, 0.0),
        ] {
            let inbound = Quality {
                recovered,
                recovered_ms: recovered * packet_ms,
                ..lossy
            }
            .inbound();
            assert!(
                (inbound.loss - loss).abs() < 1e-9,
                "{recovered} of {packet_ms} ms: {inbound:?}"
            );
            assert!(recovered == 0 || inbound.mos() > lossy.inbound().mos());
        }
    }

    #[test]
    fn spans_add_up_to_the_whole_and_each_has_the_meters_of_its_end() {
        let first = Quality {
            received: 100,
            lost: 7,
            jitter_ms: 3,
            speech_dbov: Some(-20),
            ..Quality::default()
        };
        let second = Quality {
            received: 250,
            // Two of those missed came after all.
            lost: 5,
            sent: 40,
            jitter_ms: 9,
            ..first
        };
        let span = second.since(&first);
        assert_eq!((span.received, span.lost, span.sent), (150, 0, 40));
        assert_eq!((span.jitter_ms, span.speech_dbov), (9, Some(-20)));
        let mut sum = Quality::default();
        sum.add(&first);
        sum.add(&span);
        assert_eq!((sum.received, sum.lost, sum.sent), (250, 7, 40));
        assert_eq!((sum.jitter_ms, sum.speech_dbov), (0, None));
    }

    #[test]
    fn what_has_64_bits_is_a_counter() {
        let mut quality = Quality::default();
        for counter in quality.counters() {
            *counter = 1;
        }
        let shown = format!("{quality:?}");
        assert_eq!(shown.matches(": 1,").count(), 31, "{shown}");
        assert_eq!(quality.since(&quality), Quality::default());
    }
}
