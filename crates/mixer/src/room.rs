//! One room's sum, and the payloads that everybody shares who hears the same.

use media::{Codec, Encoder, Frame, Rate};

use crate::limiter::limit;
use crate::player::{Ended, Player};

/// Rate that rooms mix at: every codec so far is narrow band.
pub(crate) const RATE: Rate = Rate::Hz8000;
/// Samples of one tick at [`RATE`].
pub(crate) const SAMPLES: usize = RATE.samples_per_tick();

/// A wide sum of 20 ms.
pub(crate) type Sum = [i32; SAMPLES];

/// One payload of at most 20 ms.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Payload {
    pub(crate) bytes: [u8; Codec::MAX_PAYLOAD],
    pub(crate) len: usize,
}

impl Payload {
    pub(crate) const EMPTY: Self = Self {
        bytes: [0; Codec::MAX_PAYLOAD],
        len: 0,
    };

    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes[..self.len]
    }
}

/// A room. The sum is wide until the very end, so that a voice can be taken out of it exactly.
#[derive(Debug)]
pub(crate) struct Room {
    pub(crate) sum: Sum,
    pub(crate) player: Player,
    pub(crate) legs: usize,
    encoders: [Encoder; 2],
    /// What everybody hears who did not speak, by codec; made when first asked for.
    shared: [Option<Payload>; 2],
}

impl Room {
    pub(crate) fn new() -> Self {
        Self {
            sum: [0; SAMPLES],
            player: Player::default(),
            legs: 0,
            encoders: [Encoder::new(Codec::Pcmu), Encoder::new(Codec::Pcma)],
            shared: [None; 2],
        }
    }

    /// Begins a tick.
    pub(crate) fn clear(&mut self) {
        self.sum.fill(0);
        self.shared = [None; 2];
    }

    /// Adds one voice.
    pub(crate) fn add(&mut self, voice: &Sum) {
        self.sum
            .iter_mut()
            .zip(voice)
            .for_each(|(sum, sample)| *sum += sample);
    }

    /// Adds what is played to the whole room.
    pub(crate) fn announce(&mut self, frame: &mut Frame, ended: &mut dyn FnMut(Ended)) {
        if !self.player.is_silent() {
            self.player.tick(RATE, frame, &mut self.sum, ended);
        }
    }

    /// The payload of the full mix for `codec`: encoded once, sent to all.
    pub(crate) fn shared(&mut self, codec: Codec, frame: &mut Frame) -> &Payload {
        let index = index(codec);
        let (sum, encoder) = (&self.sum, &mut self.encoders[index]);
        self.shared[index].get_or_insert_with(|| encode(encoder, sum, frame))
    }
}

/// Limits and encodes a sum.
pub(crate) fn encode(encoder: &mut Encoder, sum: &Sum, frame: &mut Frame) -> Payload {
    frame.clear(RATE);
    frame
        .samples_mut()
        .iter_mut()
        .zip(sum)
        .for_each(|(out, sum)| *out = limit(*sum));
    let mut payload = Payload::EMPTY;
    payload.len = encoder.encode(frame, &mut payload.bytes);
    payload
}

fn index(codec: Codec) -> usize {
    match codec {
        Codec::Pcmu => 0,
        Codec::Pcma => 1,
    }
}
