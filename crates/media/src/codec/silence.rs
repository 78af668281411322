//! Silence that shows without decoding.

use super::{Codec, Decoder, g711, g722, opus_packet};
use crate::level::Told;

/// Tells silence from what payloads show of it.
#[derive(Debug)]
pub(crate) struct Silence {
    /// Of G.722: where the steps are.
    steps: g722::Steps,
}

impl Silence {
    /// Of a stream of which nothing is known.
    pub(crate) const fn new() -> Self {
        Self {
            steps: g722::Steps::UNKNOWN,
        }
    }

    /// Whether `payload`, the next one of its stream, certainly holds nothing that is to be heard; one that may must be decoded, and
    /// its decoder followed. What a payload shows itself counts more than what the peer says of it.
    pub(crate) fn is_in(&mut self, codec: Codec, payload: &[u8], told: Told) -> bool {
        match codec {
            // Exact.
            Codec::Pcmu => g711::is_silent(&g711::ULAW_POWERS, payload),
            Codec::Pcma => g711::is_silent(&g711::ALAW_POWERS, payload),
            // Sound that can be foretold may look like silence.
            Codec::G722 => self.steps.is_silent(payload) && told != Told::Sound,
            Codec::Opus(_) => match told {
                Told::Silence => true,
                Told::Sound => false,
                Told::Nothing => opus_packet::is_pause(payload),
            },
        }
    }

    /// `decoder` has gone on in place of it.
    pub(crate) const fn follow(&mut self, decoder: &Decoder) {
        if let Some(steps) = decoder.steps() {
            self.steps = steps;
        }
    }
}
