//! What is said: half a minute by a man and a woman, hers partly in wide band.

use std::fs;
use std::path::Path;

use media::{Clip, Converter, Rate};

/// Before the first word, in ticks: the call has stood for a second.
const LEAD_TICKS: usize = 50;
/// Between two sentences, in ticks, and after the last.
const PAUSE_TICKS: usize = 30;
/// The bridge's own prompts, wide-band speech.
const PROMPTS: [&str; 2] = ["enter_recording_pin", "muted_by_host_raise_hand"];

/// Sentences at every rate, on a common time line.
pub(crate) struct Speech {
    clip: Clip,
    /// First and last tick of each part that is judged by itself: some eight seconds, as the measure wants it.
    pub(crate) parts: Vec<(usize, usize)>,
}

impl Speech {
    pub(crate) fn new() -> Self {
        let prompts = PROMPTS.map(prompt);
        let parts = [recording("alice"), prompts.concat(), recording("bob")];
        let tick = Rate::Hz48000.samples_per_tick();
        let mut audio = vec![0; LEAD_TICKS * tick];
        let mut judged = Vec::new();
        for mut part in parts {
            part.resize(part.len().next_multiple_of(tick), 0);
            let start = audio.len() / tick;
            audio.extend(part);
            judged.push((start, audio.len() / tick));
            audio.resize(audio.len() + PAUSE_TICKS * tick, 0);
        }
        Self {
            clip: Clip::from_full_band(&audio, &Rate::ALL),
            parts: judged,
        }
    }

    /// All of it, as a phone of this rate says it.
    pub(crate) fn at(&self, rate: Rate) -> &[i16] {
        self.clip.samples(rate).expect("the clip is kept at all rates")
    }
}

/// A prompt, with a pause behind it.
fn prompt(name: &str) -> Vec<i16> {
    let path = format!("crates/media/prompts/en/{name}.opus");
    let clip = Clip::from_ogg_opus(&file(&path), &[Rate::Hz48000]).expect("a prompt");
    let mut audio = clip.samples(Rate::Hz48000).expect("a rate asked for").to_vec();
    audio.resize(audio.len() + 10 * Rate::Hz48000.samples_per_tick(), 0);
    audio
}

/// What a caller of the end-to-end test says, a WAV file of 8 kHz with a plain header.
fn recording(name: &str) -> Vec<i16> {
    let bytes = file(&format!("tests/e2e/audio/{name}.wav"));
    let samples = bytes[44..].chunks_exact(2);
    let narrow: Vec<i16> = samples
        .map(|pair| i16::from_le_bytes([pair[0], pair[1]]))
        .collect();
    let mut full = vec![0; narrow.len() * 6];
    Converter::new(Rate::Hz8000, Rate::Hz48000).convert(&narrow, &mut full);
    full
}

fn file(path: &str) -> Vec<u8> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("the workspace");
    fs::read(root.join(path)).expect(path)
}
