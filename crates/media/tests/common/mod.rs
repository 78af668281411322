//! A peer for the tests: makes packets, and legs to send them to.
#![allow(dead_code, reason = "each test program uses its part")]

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use media::{
    Codec, Decode, Direction, Format, Frame, Heard, JitterConfig, KeyFormat, Latching, Leg, LegConfig,
    LegEvent, MediaTimeouts, Prepared, Session,
};

pub(crate) const PEER: &str = "192.0.2.10:4000";
pub(crate) const PEER_RTCP: &str = "192.0.2.10:4001";
pub(crate) const STRANGER: &str = "198.51.100.66:4000";
pub(crate) const SSRC: u32 = 0x1111_1111;
pub(crate) const OURS: u32 = 0x2222_2222;
pub(crate) const EVENT: u8 = 101;

#[expect(
    clippy::disallowed_methods,
    reason = "an arbitrary epoch; only offsets from it matter"
)]
pub(crate) fn epoch() -> Instant {
    Instant::now()
}

pub(crate) fn at(address: &str) -> SocketAddr {
    address.parse().unwrap()
}

pub(crate) const KEYS: KeyFormat = KeyFormat {
    payload_type: EVENT,
    clock_hz: 8_000,
};

pub(crate) fn session() -> Session {
    Session {
        rtp: at(PEER),
        rtcp: at(PEER_RTCP),
        format: Format::of(Codec::Pcmu),
        payload_type: 0,
        redundancy: false,
        receive_payload_type: 0,
        other_law: None,
        telephone_event: Some(KEYS),
        comfort_noise: media::ComfortNoise::No,
        audio_level: None,
        inband_digits: false,
        ptime_ms: 20,
        direction: Direction::SendRecv,
        remote_held: false,
    }
}

pub(crate) fn config() -> LegConfig {
    LegConfig {
        session: session(),
        signalling_ip: at(PEER).ip(),
        latching: Latching::Off,
        ssrc: OURS,
        first_sequence: 65_530,
        first_timestamp: u32::MAX - 500,
        cname: "leg@bridge.example.com".into(),
        ntp_at_start: 3_900_000_000 << 32,
        seed: 42,
        jitter: JitterConfig::default(),
        level_target: None,
        timeouts: MediaTimeouts::default(),
    }
}

/// A packet of the peer.
pub(crate) fn rtp(payload_type: u8, sequence: u16, timestamp: u32, ssrc: u32, payload: &[u8]) -> Vec<u8> {
    let header = media::rtp::Header {
        marker: false,
        payload_type,
        sequence,
        timestamp,
        ssrc,
    };
    [&header.to_bytes(), payload].concat()
}

/// 20 ms of a 400 Hz tone in µ-law.
pub(crate) fn tone_payload() -> [u8; 160] {
    let mut frame = Frame::default();
    for (n, sample) in frame.samples_mut().iter_mut().enumerate() {
        *sample = ((n as f64 * std::f64::consts::TAU / 20.0).sin() * 8_000.0) as i16;
    }
    let mut payload = [0; 160];
    media::codec::g711::encode_ulaw(frame.samples(), &mut payload);
    payload
}

/// A leg, its clock, and a peer that talks to it.
pub(crate) struct Call {
    pub(crate) leg: Leg,
    pub(crate) now: Instant,
    pub(crate) sequence: u16,
    pub(crate) timestamp: u32,
    pub(crate) frame: Frame,
    pub(crate) decode: Decode,
}

impl Call {
    pub(crate) fn new(config: LegConfig) -> Self {
        let now = epoch();
        Self {
            leg: Leg::new(config, now),
            now,
            sequence: 65_500,
            timestamp: u32::MAX - 3_000,
            frame: Frame::default(),
            decode: Decode::Always,
        }
    }

    /// Signalling changes what was agreed.
    pub(crate) fn change(&mut self, session: Session) {
        let mut change = Prepared::new(session, JitterConfig::default());
        self.leg.reconfigure(&mut change, self.now);
    }

    pub(crate) fn rtp_from(&mut self, from: &str, packet: &[u8]) {
        self.leg.on_rtp(self.now, at(from), packet);
    }

    pub(crate) fn rtcp_from(&mut self, from: &str, packet: &[u8]) {
        self.leg.on_rtcp(self.now, at(from), packet);
    }

    /// The peer's next packet.
    pub(crate) fn next_packet(&mut self, payload_type: u8, payload: &[u8]) -> Vec<u8> {
        let packet = rtp(payload_type, self.sequence, self.timestamp, SSRC, payload);
        self.sequence = self.sequence.wrapping_add(1);
        packet
    }

    /// The peer says 20 ms from an address; half a tick later comes the tick.
    pub(crate) fn say_from(&mut self, from: &str) -> Heard {
        let packet = self.next_packet(0, &tone_payload());
        self.timestamp = self.timestamp.wrapping_add(160);
        self.rtp_from(from, &packet);
        self.tick()
    }

    pub(crate) fn say(&mut self) -> Heard {
        self.say_from(PEER)
    }

    pub(crate) fn tick(&mut self) -> Heard {
        self.now += Duration::from_millis(10);
        let heard = self.leg.playout(self.now, self.decode, &mut self.frame);
        self.now += Duration::from_millis(10);
        heard
    }

    pub(crate) fn wait(&mut self, time: Duration) {
        for _ in 0..time.as_millis() / 20 {
            self.tick();
        }
    }

    pub(crate) fn events(&mut self) -> Vec<LegEvent> {
        std::iter::from_fn(|| self.leg.poll_event()).collect()
    }

    /// What one tick of sending puts on the wire.
    pub(crate) fn send(&mut self) -> Vec<(SocketAddr, Vec<u8>)> {
        let mut sent = Vec::new();
        self.leg.send(self.now, &tone_payload(), &mut |to, bytes| {
            sent.push((to, bytes.to_vec()))
        });
        sent
    }

    pub(crate) fn report(&mut self) -> Vec<(SocketAddr, Vec<u8>)> {
        let mut sent = Vec::new();
        self.leg
            .rtcp(self.now, &mut |to, bytes| sent.push((to, bytes.to_vec())));
        sent
    }
}
