//! What a leg makes of real speech, music, noise and echoes.

mod agc;
#[path = "../common/mod.rs"]
mod common;
mod echo;
mod material;
mod music;

use media::{Codec, Encoder, Format, Frame, Heard, LegConfig, LegEvent, Session};

use common::{Call, config, session};

/// A caller on the telephone network.
pub(crate) struct Caller {
    pub(crate) call: Call,
    encoder: Encoder,
    frame: Frame,
}

impl Caller {
    /// Who speaks `codec`, at 8 kHz.
    pub(crate) fn new(codec: Codec, level_target: Option<i8>) -> Self {
        let format = Format::of(codec);
        let session = Session { format, ..session() };
        Self {
            call: Call::new(LegConfig {
                session,
                level_target: level_target.map(media::Dbov::new),
                ..config()
            }),
            encoder: Encoder::new(format),
            frame: Frame::silence(codec.rate()),
        }
    }

    /// Says 20 ms; what is heard of them is in `call.frame`.
    pub(crate) fn say(&mut self, samples: &[i16]) -> Heard {
        self.frame.samples_mut().copy_from_slice(samples);
        let mut payload = [0; Codec::MAX_PAYLOAD];
        let length = self.encoder.encode(&self.frame, &mut payload);
        let packet = self.call.next_packet(0, &payload[..length]);
        let steps = self.encoder.format().codec().clock_hz() / 50;
        self.call.timestamp = self.call.timestamp.wrapping_add(steps);
        self.call.rtp_from(common::PEER, &packet);
        self.call.tick()
    }

    /// What was told since the last time.
    pub(crate) fn told(&mut self) -> Vec<LegEvent> {
        self.call.events()
    }
}

/// Ticks of 20 ms; what is left over at the end is not said.
pub(crate) fn ticks(audio: &[i16]) -> impl Iterator<Item = &[i16]> {
    audio.chunks_exact(material::HZ / 50)
}
