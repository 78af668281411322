//! What is left of speech when the encoders of those who talk try less hard, as they do where many talk and time is short.

use media::{Codec, Decoder, Effort, Encoder, Format, Frame, Rate};

use crate::call::at_judged_rate;
use crate::judge::score;
use crate::networks::SPEECH;

/// What less than full effort may cost; at the least 0.05 were found at 16 kHz, and 0.17 at 48.
const MOST_LOST: f64 = 0.2;

/// The score of speech that goes through an encoder which tries so hard, and a decoder.
fn scored(rate: Rate, effort: Effort) -> f64 {
    let codec = Codec::Opus(rate);
    let (mut encoder, mut decoder) = (Encoder::new(Format::of(codec)), Decoder::new(codec));
    encoder.set_effort(effort);
    let (mut frame, mut payload) = (Frame::silence(rate), [0; Codec::MAX_PAYLOAD]);
    let (said, mut heard) = (SPEECH.at(rate), Vec::new());
    for part in said.chunks_exact(rate.samples_per_tick()) {
        frame.samples_mut().copy_from_slice(part);
        let length = encoder.encode(&frame, &mut payload);
        decoder.decode(&payload[..length], frame.samples_mut());
        heard.extend_from_slice(frame.samples());
    }
    score(
        &SPEECH,
        &at_judged_rate(said, rate),
        &at_judged_rate(&heard, rate),
    )
}

#[test]
fn speech_that_is_encoded_with_less_effort_is_nearly_as_good() {
    for rate in [Rate::Hz16000, Rate::Hz48000] {
        let [full, half, least] =
            [Effort::Full, Effort::Half, Effort::Least].map(|effort| scored(rate, effort));
        println!("Opus {rate:?}: {full:.2} at full effort, {half:.2} at half, {least:.2} at the least");
        assert!(full - half <= MOST_LOST && full - least <= MOST_LOST, "{rate:?}");
    }
}
