//! A simulated phone, which says a steady tone of its own.

use std::net::SocketAddr;
use std::time::Instant;

use media::{
    Codec, ComfortNoise, Dbov, Decoder, Direction, Encoder, Format, Frame, JitterConfig, KeyFormat, Latching,
    Leg, LegConfig, MediaTimeouts, Session,
};
use mixer::LegKey;

use super::tone::{PEAK, angle, peak_of, worst_jump};
use super::wire::{AUDIO, Datagram, HEADER, SimSocket, peer};

/// Payload type of keys.
const KEYS: u8 = 101;

/// A phone.
pub(crate) struct Phone {
    pub(crate) key: LegKey,
    pub(crate) socket: SimSocket,
    pub(crate) codec: Codec,
    /// Whether silence may be told to it in place of being sent.
    pub(crate) comfort_noise: ComfortNoise,
    encoder: Encoder,
    decoder: Decoder,
    pub(crate) hz: f64,
    /// Peak of what it says.
    pub(crate) peak: f64,
    pub(crate) speaks: bool,
    /// What it says in place of its tone, over and over; at its rate.
    pub(crate) says: Vec<i16>,
    /// Ticks after which it gives back what it hears, 14 dB weaker, if it does.
    pub(crate) echoes: Option<usize>,
    sequence: u16,
    /// What was heard in the last tick.
    frame: Frame,
    /// Everything heard so far, where it is kept.
    pub(crate) heard: Vec<i16>,
    pub(crate) keeps: bool,
}

impl Phone {
    /// Its tone lies on a multiple of 50 Hz, so that 20 ms hold whole periods and tones don't smear into each other.
    pub(crate) fn new(number: u64, codec: Codec) -> Self {
        Self {
            key: LegKey(number),
            socket: SimSocket::new(),
            codec,
            comfort_noise: ComfortNoise::No,
            encoder: Encoder::new(Format::of(codec)),
            decoder: Decoder::new(codec),
            hz: 300.0 + 150.0 * (number % 13) as f64,
            peak: PEAK,
            speaks: true,
            says: Vec::new(),
            echoes: None,
            sequence: 0,
            frame: Frame::silence(codec.rate()),
            heard: Vec::new(),
            keeps: true,
        }
    }

    /// Sends its codec otherwise than our default.
    pub(crate) fn sends(&mut self, format: Format) {
        assert_eq!(format.codec(), self.codec);
        self.encoder = Encoder::new(format);
    }

    pub(crate) fn session(&self) -> Session {
        Session {
            rtp: peer(),
            rtcp: SocketAddr::from(([192, 0, 2, 10], 4_001)),
            format: Format::of(self.codec),
            payload_type: AUDIO,
            redundancy: false,
            receive_payload_type: AUDIO,
            other_law: None,
            telephone_event: Some(KeyFormat {
                payload_type: KEYS,
                clock_hz: self.codec.clock_hz(),
            }),
            comfort_noise: self.comfort_noise,
            audio_level: None,
            inband_digits: false,
            ptime_ms: 20,
            direction: Direction::SendRecv,
            remote_held: false,
        }
    }

    pub(crate) fn leg(&self, now: Instant) -> Box<Leg> {
        Box::new(Leg::new(
            LegConfig {
                session: self.session(),
                signalling_ip: peer().ip(),
                latching: Latching::Off,
                ssrc: self.key.0 as u32 + 1,
                first_sequence: 7,
                first_timestamp: 9,
                cname: "bridge".into(),
                ntp_at_start: 0,
                seed: self.key.0 + 1,
                jitter: JitterConfig::default(),
                level_target: Some(Dbov::new(-26)),
                timeouts: MediaTimeouts::default(),
            },
            now,
        ))
    }

    /// Steps of its RTP clock in a tick.
    fn steps(&self) -> u32 {
        self.codec.clock_hz() / 50
    }

    /// Puts 20 ms on the wire.
    pub(super) fn talk(&mut self, frame: &mut Frame) {
        let rate = self.codec.rate();
        frame.clear(rate);
        let (hz, start) = (
            f64::from(rate.hz()),
            usize::from(self.sequence) * rate.samples_per_tick(),
        );
        if let Some(ticks) = self.echoes {
            let from = self.heard.len().checked_sub(ticks * rate.samples_per_tick());
            let back = self.heard[from.unwrap_or(self.heard.len())..].iter();
            frame
                .samples_mut()
                .iter_mut()
                .zip(back)
                .for_each(|(sample, heard)| *sample = heard / 5);
        } else if self.speaks && !self.says.is_empty() {
            let words = self.says.iter().cycle().skip(start % self.says.len());
            frame
                .samples_mut()
                .iter_mut()
                .zip(words)
                .for_each(|(sample, word)| *sample = *word);
        } else if self.speaks {
            for (n, sample) in frame.samples_mut().iter_mut().enumerate() {
                *sample = (angle(self.hz, (start + n) % rate.hz() as usize, hz).sin() * self.peak) as i16;
            }
        }
        let mut datagram = self.datagram(AUDIO);
        datagram.len += self.encoder.encode(frame, &mut datagram.bytes[HEADER..]);
        self.put(datagram);
    }

    /// Puts a key of RFC 4733 on the wire in place of audio.
    pub(crate) fn press(&mut self, key: u8) {
        let mut datagram = self.datagram(KEYS);
        datagram.bytes[HEADER..HEADER + 4].copy_from_slice(&[key, 10, 0, 160]);
        datagram.len += 4;
        self.put(datagram);
    }

    fn datagram(&self, payload_type: u8) -> Datagram {
        let header = media::rtp::Header {
            marker: false,
            payload_type,
            sequence: self.sequence,
            timestamp: u32::from(self.sequence) * self.steps(),
            ssrc: self.key.0 as u32 + 1_000,
        };
        Datagram::of(&header.to_bytes())
    }

    fn put(&mut self, datagram: Datagram) {
        self.socket.0.borrow_mut().inbound.push_back(datagram);
        self.sequence = self.sequence.wrapping_add(1);
    }

    /// Listens to what came in this tick.
    pub(super) fn listen(&mut self) {
        let Self {
            socket,
            decoder,
            frame,
            heard,
            ..
        } = self;
        let sent = std::mem::replace(&mut socket.0.borrow_mut().last_sent, Datagram::new());
        frame.clear(frame.rate());
        decoder.decode(
            sent.bytes().get(HEADER..).unwrap_or_default(),
            frame.samples_mut(),
        );
        heard.extend(frame.samples());
    }

    /// Timestamp and sequence number of what came last.
    pub(crate) fn stamp(&self) -> (u32, u16) {
        let wire = self.socket.0.borrow();
        let packet = media::rtp::Packet::parse(wire.last.bytes()).expect("a packet");
        (packet.timestamp, packet.sequence)
    }

    /// What was heard in the last tick.
    pub(crate) fn frame(&self) -> &[i16] {
        self.frame.samples()
    }

    /// Peak of a tone in the last tick.
    pub(crate) fn hears(&self, hz: f64) -> f64 {
        peak_of(hz, self.codec.rate(), self.frame())
    }

    /// Worst step between two samples of what was kept.
    pub(crate) fn worst_jump(&self) -> i32 {
        worst_jump(&self.heard)
    }
}
