//! Sums become payloads: once for everybody who hears the same.

use media::{Codec, Encoder, Frame};

use crate::limiter::limit_all;
use crate::room::{RATE, Sum};

/// Codecs there are.
const CODECS: usize = 2;

/// 20 ms, encoded.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Payload {
    bytes: [u8; Codec::MAX_PAYLOAD],
    len: usize,
}

impl Payload {
    /// Limits and encodes a sum; `frame` is scratch.
    pub(crate) fn of(sum: &Sum, encoder: &mut Encoder, frame: &mut Frame) -> Self {
        frame.clear(RATE);
        limit_all(sum, frame.samples_mut());
        let mut bytes = [0; Codec::MAX_PAYLOAD];
        let len = encoder.encode(frame, &mut bytes);
        Self { bytes, len }
    }

    /// The bytes to send.
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes[..self.len]
    }
}

/// One sum in every codec that somebody asks for, encoded when it is first asked for.
#[derive(Debug)]
pub(crate) struct Shared {
    encoders: [Encoder; CODECS],
    made: [Option<Payload>; CODECS],
}

impl Shared {
    pub(crate) const fn new() -> Self {
        Self {
            encoders: [Encoder::new(Codec::Pcmu), Encoder::new(Codec::Pcma)],
            made: [None; CODECS],
        }
    }

    /// The next sum will be another one.
    pub(crate) fn clear(&mut self) {
        self.made = [None; CODECS];
    }

    /// `sum` in `codec`; it must be the same at every call until [`Shared::clear`].
    pub(crate) fn payload(&mut self, codec: Codec, sum: &Sum, frame: &mut Frame) -> &Payload {
        let place = place(codec);
        let encoder = &mut self.encoders[place];
        self.made[place].get_or_insert_with(|| Payload::of(sum, encoder, frame))
    }
}

const fn place(codec: Codec) -> usize {
    match codec {
        Codec::Pcmu => 0,
        Codec::Pcma => 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::room::SAMPLES;

    #[test]
    fn each_codec_gets_the_sum_in_its_own_format_and_only_once() {
        let mut shared = Shared::new();
        let mut frame = Frame::silence(RATE);
        let sum = [1_000; SAMPLES];
        for codec in [Codec::Pcmu, Codec::Pcma] {
            let mut back = [0; SAMPLES];
            let payload = *shared.payload(codec, &sum, &mut frame);
            assert_eq!(codec.decode(payload.bytes(), &mut back), SAMPLES);
            assert!(
                back.iter().all(|sample| (960..1_040).contains(sample)),
                "{codec:?}"
            );
            // Another sum within the tick would be a mistake: the first one stays.
            let again = shared.payload(codec, &[0; SAMPLES], &mut frame);
            assert_eq!(again.bytes(), payload.bytes());
        }
        shared.clear();
        assert_eq!(
            shared.payload(Codec::Pcmu, &[0; SAMPLES], &mut frame).bytes(),
            [0xff; SAMPLES]
        );
    }
}
