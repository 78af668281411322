//! Phones: what they say is encoded beforehand, so that saying it costs nothing.

use std::sync::Arc;

use media::rtp::Header;
use media::{Codec, Encoder, Format, Frame, Rate};

/// Payload type of all audio here.
pub const AUDIO: u8 = 96;
/// Packets of what a phone says before it says them again.
const LOOP: usize = 50;

/// The codecs of a crowd, dealt to its phones in turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Codecs {
    /// PCMU.
    Pcmu,
    /// G.722.
    G722,
    /// Opus, decoded and mixed at 48 kHz.
    Opus,
    /// Opus, decoded and mixed at 16 kHz.
    Opus16,
    /// A third each of PCMU, G.722 and Opus at 48 kHz.
    Mixed,
}

impl Codecs {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Pcmu, Self::G722, Self::Opus, Self::Opus16, Self::Mixed];

    /// The codec of the `n`th phone.
    pub const fn of(self, n: usize) -> Codec {
        let opus = Codec::Opus(Rate::Hz48000);
        match self {
            Self::Pcmu => Codec::Pcmu,
            Self::G722 => Codec::G722,
            Self::Opus => opus,
            Self::Opus16 => Codec::Opus(Rate::Hz16000),
            Self::Mixed => [Codec::Pcmu, Codec::G722, opus][n % 3],
        }
    }

    /// By its name, in any case.
    pub fn named(name: &str) -> Option<Self> {
        let is = |codecs: &Self| format!("{codecs:?}").eq_ignore_ascii_case(name);
        Self::ALL.into_iter().find(is)
    }
}

/// Payloads of 20 ms that are said round and round.
type Speech = Arc<[Box<[u8]>]>;

/// What phones say: payloads of 20 ms, for each codec those of one who talks and those of one who does not.
#[derive(Clone, Debug, Default)]
pub struct Speeches(Vec<(Codec, bool, Speech)>);

impl Speeches {
    fn get(&mut self, codec: Codec, talks: bool) -> Speech {
        let known = self.0.iter().find(|known| (known.0, known.1) == (codec, talks));
        if let Some((_, _, speech)) = known {
            return speech.clone();
        }
        let speech = payloads(codec, talks);
        self.0.push((codec, talks, speech.clone()));
        speech
    }
}

/// One phone's packets, one every 20 ms.
#[derive(Clone, Debug)]
pub struct Phone {
    codec: Codec,
    payloads: Speech,
    number: usize,
    sequence: u16,
    packet: Vec<u8>,
}

impl Phone {
    /// A phone that talks, or sends the faint noise of a room.
    pub fn new(number: usize, codec: Codec, talks: bool, speeches: &mut Speeches) -> Self {
        Self {
            codec,
            payloads: speeches.get(codec, talks),
            number,
            sequence: 0,
            packet: Vec::new(),
        }
    }

    /// The codec it speaks.
    pub const fn codec(&self) -> Codec {
        self.codec
    }

    /// The next packet.
    pub fn next_packet(&mut self) -> &[u8] {
        self.sequence = self.sequence.wrapping_add(1);
        let header = Header {
            marker: false,
            payload_type: AUDIO,
            sequence: self.sequence,
            timestamp: u32::from(self.sequence) * (self.codec.clock_hz() / 50),
            ssrc: self.number as u32 + 1,
        };
        let place = (usize::from(self.sequence) + 7 * self.number) % self.payloads.len();
        self.packet.clear();
        self.packet.extend_from_slice(&header.to_bytes());
        self.packet.extend_from_slice(&self.payloads[place]);
        &self.packet
    }
}

fn payloads(codec: Codec, talks: bool) -> Speech {
    let mut encoder = Encoder::new(Format::of(codec));
    let mut frame = Frame::silence(codec.rate());
    let mut payload = [0; Codec::MAX_PAYLOAD];
    let mut seed = 1_u32;
    let mut next = |block: usize| {
        let samples = frame.samples_mut();
        let start = block * samples.len();
        for (n, sample) in samples.iter_mut().enumerate() {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let noise = (seed >> 27) as f32 - 16.0;
            let time = (start + n) as f32 / codec.rate().hz() as f32;
            *sample = if talks { voice(time) as i16 } else { noise as i16 };
        }
        let length = encoder.encode(&frame, &mut payload);
        Box::from(&payload[..length])
    };
    (0..LOOP).map(&mut next).collect()
}

/// Vowels, four a second, as loud as speech.
fn voice(time: f32) -> f32 {
    let pitch = 110.0 + 20.0 * (time * 4.0).floor().rem_euclid(4.0);
    let swell = (time * 4.0 * std::f32::consts::PI).sin().abs();
    let pulse = (time * pitch).fract();
    (-pulse * 5.0).exp() * (pulse * 35.0).sin() * swell * 12_000.0
}
