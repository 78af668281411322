//! From payloads to samples, with the memory that a codec's decoder has.

use opus::Channels;

use super::{Codec, g711, g722};

/// Decodes one stream. Making one allocates where the codec is Opus; nothing else here does.
#[derive(Debug)]
pub struct Decoder {
    codec: Codec,
    state: State,
}

#[derive(Debug)]
#[expect(
    clippy::large_enum_variant,
    reason = "288 bytes are little, and a box would be the heap in the tick"
)]
enum State {
    /// G.711 remembers nothing.
    None,
    G722(g722::Decoder),
    Opus(opus::Decoder),
}

impl Decoder {
    /// A decoder that has heard nothing.
    pub fn new(codec: Codec) -> Self {
        let state = match codec {
            Codec::Pcmu | Codec::Pcma => State::None,
            Codec::G722 => State::G722(g722::Decoder::new()),
            // One channel: libopus mixes the two of a stereo packet, whatever packet comes.
            Codec::Opus(rate) => State::Opus(
                opus::Decoder::new(rate.hz(), Channels::Mono).expect("a rate of Opus, and memory"),
            ),
        };
        Self { codec, state }
    }

    /// What it decodes.
    pub const fn codec(&self) -> Codec {
        self.codec
    }

    /// Decodes `payload` into the front of `out`; returns the samples written, never more than `out` holds, and 0 where the payload is
    /// broken.
    pub fn decode(&mut self, payload: &[u8], out: &mut [i16]) -> usize {
        match &mut self.state {
            State::None => decode_memoryless(self.codec, payload, out),
            State::G722(decoder) => decoder.decode(payload, out),
            State::Opus(_) if payload.is_empty() => 0,
            State::Opus(decoder) => decoder.decode(payload, out, false).unwrap_or(0),
        }
    }

    /// Decodes `payload` into the front of `out` and forgets it, as it is not its turn yet. 0 where the codec has no way of doing so.
    pub(crate) fn look_ahead(&self, payload: &[u8], out: &mut [i16]) -> usize {
        match &self.state {
            State::None => decode_memoryless(self.codec, payload, out),
            State::G722(decoder) => decoder.clone().decode(payload, out),
            State::Opus(_) => 0,
        }
    }

    /// Fills `out` with what was lost just before `next`, from the redundancy in it (in-band FEC), as good as invented where there
    /// is none. `out` must be as long as the packet lost. False where the codec has no such thing.
    pub fn recover(&mut self, next: &[u8], out: &mut [i16]) -> bool {
        match &mut self.state {
            State::None | State::G722(_) => false,
            State::Opus(decoder) => {
                !next.is_empty()
                    && decoder
                        .decode(next, out, true)
                        .is_ok_and(|count| count == out.len())
            }
        }
    }

    /// Fills `out`, a whole number of 2.5 ms, with how the audio could have gone on. False where the codec has no such thing.
    pub fn invent(&mut self, out: &mut [i16]) -> bool {
        match &mut self.state {
            State::None | State::G722(_) => false,
            State::Opus(decoder) => decoder
                .decode(&[], out, false)
                .is_ok_and(|count| count == out.len()),
        }
    }

    /// The steps that G.722 has reached; other codecs have none.
    pub(crate) const fn steps(&self) -> Option<g722::Steps> {
        match &self.state {
            State::None | State::Opus(_) => None,
            State::G722(decoder) => Some(decoder.steps()),
        }
    }

    /// Forgets what it heard.
    pub fn reset(&mut self) {
        match &mut self.state {
            State::None => {}
            State::G722(decoder) => *decoder = g722::Decoder::new(),
            // It can't fail: the state is sound.
            State::Opus(decoder) => drop(decoder.reset_state()),
        }
    }
}

/// Decodes what needs no memory, G.711 of either law; other codecs give nothing.
pub(crate) fn decode_memoryless(codec: Codec, payload: &[u8], out: &mut [i16]) -> usize {
    match codec {
        Codec::Pcmu => g711::decode(&g711::ULAW, payload, out),
        Codec::Pcma => g711::decode(&g711::ALAW, payload, out),
        Codec::G722 | Codec::Opus(_) => 0,
    }
}
