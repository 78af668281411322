//! What signalling tells a leg.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use crate::codec::Format;
use crate::level::Dbov;

/// Whether media may come from another address than the SDP names (a peer behind a NAT).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Latching {
    /// Only the address of the SDP.
    Off,
    /// Learn the address once, from steady media out of the host that signals, while the SDP address is silent.
    Symmetric,
}

/// What this side does with media (RFC 3264, section 6.1); the peer's view is the mirror image.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// Sends and hears.
    SendRecv,
    /// Sends only: what arrives is not played.
    SendOnly,
    /// Hears only: nothing is sent.
    RecvOnly,
    /// Neither.
    Inactive,
}

impl Direction {
    /// Whether this side sends.
    pub const fn sends(self) -> bool {
        matches!(self, Self::SendRecv | Self::SendOnly)
    }

    /// Whether this side plays what it gets.
    pub const fn hears(self) -> bool {
        matches!(self, Self::SendRecv | Self::RecvOnly)
    }
}

/// Bounds of the jitter buffer's delay, in ms.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct JitterConfig {
    /// Least margin kept for packets that come later than the quickest ones.
    pub min_ms: u16,
    /// Most delay that jitter can cause; later packets are lost.
    pub max_ms: u16,
}

impl Default for JitterConfig {
    fn default() -> Self {
        Self {
            min_ms: 4,
            max_ms: 200,
        }
    }
}

/// How long silence on the wire is borne.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MediaTimeouts {
    /// Until the first packet.
    pub first: Duration,
    /// Between packets of a call that had some.
    pub steady: Duration,
    /// While the peer holds, or is not expected to send.
    pub hold: Duration,
    /// After this long without a packet from the peer we stop sending to it (a victim named by a forged SDP).
    pub unanswered_send: Duration,
}

impl Default for MediaTimeouts {
    fn default() -> Self {
        Self {
            first: Duration::from_secs(30),
            steady: Duration::from_secs(60),
            hold: Duration::from_secs(30 * 60),
            unanswered_send: Duration::from_secs(5),
        }
    }
}

/// How the peer sends keys as packets (RFC 4733).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeyFormat {
    /// Payload type of `telephone-event`, 0..=127.
    pub payload_type: u8,
    /// Clock of its timestamps and durations, Hz.
    pub clock_hz: u32,
}

/// How the peer tells the level of the audio in each packet (RFC 6464).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LevelFormat {
    /// Identifier of the header extension (RFC 8285), 1..=255.
    pub id: u8,
    /// Whether its flag for voice means anything.
    pub voice_flag: bool,
}

/// Whether silence may be told in place of sending it (RFC 3389).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ComfortNoise {
    /// It was not agreed on: silence is sent like any other audio.
    No,
    /// The peer may.
    Taken,
    /// The peer may, and so do we.
    TakenAndSent,
}

/// Which audio of a leg is worth decoding in a tick.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decode {
    /// All of it.
    Always,
    /// All but what is known for silence without decoding it.
    IfTalking,
    /// None, as nobody is to hear it, but for a look now and then, for the meters.
    No,
}

/// What offer and answer agreed on; a re-INVITE or UPDATE brings a new one ([`crate::Leg::reconfigure`]).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// The peer's address for RTP; an unspecified host or port 0 is never sent to.
    pub rtp: SocketAddr,
    /// The peer's address for RTCP (`a=rtcp`, else the next port).
    pub rtcp: SocketAddr,
    /// What we send, and the codec of both directions, but for [`Session::other_law`].
    pub format: Format,
    /// Whether the peer makes use of redundancy (`useinbandfec`): then it may be asked for when packets are lost on the way there.
    pub redundancy: bool,
    /// The payload type we send with, 0..=127.
    pub payload_type: u8,
    /// The payload type the peer sends with: another one where an answer renumbers our offer.
    pub receive_payload_type: u8,
    /// The payload type with which the peer may also send the other law of G.711, packet by packet.
    pub other_law: Option<u8>,
    /// Keys as packets, where negotiated.
    pub telephone_event: Option<KeyFormat>,
    /// What was agreed on about silence.
    pub comfort_noise: ComfortNoise,
    /// Levels in the peer's packets, where negotiated.
    pub audio_level: Option<LevelFormat>,
    /// Look for digits in the audio; only where no `telephone-event` was negotiated.
    pub inband_digits: bool,
    /// Length of the packets we send, in ms: 10, 20, 30, 40 or 60; another value means 20, and so does any with Opus.
    pub ptime_ms: u8,
    /// What we do.
    pub direction: Direction,
    /// The peer put us on hold: its silence is expected.
    pub remote_held: bool,
}

/// Everything a leg is made from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LegConfig {
    /// What offer and answer agreed on.
    pub session: Session,
    /// Where the signalling comes from: the only host an address may be learnt from.
    pub signalling_ip: IpAddr,
    /// Whether an address may be learnt.
    pub latching: Latching,
    /// Our synchronization source.
    pub ssrc: u32,
    /// Sequence number of the first packet, random (RFC 3550, section 5.1).
    pub first_sequence: u16,
    /// Timestamp of the first packet, random (RFC 3550, section 5.1).
    pub first_timestamp: u32,
    /// Canonical name for RTCP; cut at 255 bytes.
    pub cname: String,
    /// NTP time (32.32 bits, since 1900) at the moment the leg is made; RTCP derives wall-clock time from it.
    pub ntp_at_start: u64,
    /// Seed of the jitter in RTCP's intervals (RFC 3550, section 6.3.5).
    pub seed: u64,
    /// Bounds of the delay.
    pub jitter: JitterConfig,
    /// Level that speech is brought to, active speech level of ITU-T P.56; none leaves it as it is.
    pub level_target: Option<Dbov>,
    /// When silence on the wire is reported.
    pub timeouts: MediaTimeouts,
}
