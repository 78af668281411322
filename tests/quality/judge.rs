//! How good speech sounds: ViSQOL, which compares what was heard with what was said as an ear would, and gives what listeners would on
//! the scale from 1, bad, to 5, excellent.

use visqol_rs::AudioSignal;
use visqol_rs::constants::NUM_BANDS_SPEECH;
use visqol_rs::variant::Variant;
use visqol_rs::visqol_manager::VisqolManager;

use crate::call::JUDGED;
use crate::speech::Speech;

/// How far off a piece of 600 ms is looked for, in such pieces: further than any delay here.
const SEARCHED: usize = 2;
/// Before a part that is judged, and behind it for what comes later, in ticks.
const BEFORE: usize = 10;
const BEHIND: usize = 15;

/// The mean of the parts' scores.
pub(crate) fn score(speech: &Speech, said: &[i16], heard: &[i16]) -> f64 {
    let tick = JUDGED.samples_per_tick();
    let scores = speech.parts.iter().map(|(first, last)| {
        let start = (first - BEFORE) * tick;
        let end = ((last + BEHIND) * tick).min(heard.len());
        compare(&said[start..last * tick], &heard[start..end])
    });
    scores.sum::<f64>() / speech.parts.len() as f64
}

/// The score of `heard`, at the rate of [`JUDGED`], some seconds of speech.
pub(crate) fn compare(said: &[i16], heard: &[i16]) -> f64 {
    let variant = Variant::Wideband {
        use_unscaled_mos_mapping: false,
    };
    let mut judge = VisqolManager::<NUM_BANDS_SPEECH>::new(variant, SEARCHED);
    judge
        .compute_results(&mut signal(said), &mut signal(heard))
        .expect("speech long enough to judge")
        .moslqo
}

fn signal(audio: &[i16]) -> AudioSignal {
    let samples: Vec<f64> = audio.iter().map(|sample| f64::from(*sample) / 32_768.0).collect();
    AudioSignal::new(&samples, JUDGED.hz())
}
