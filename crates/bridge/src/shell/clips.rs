//! The sounds of the bridge, built into the program and decoded once at start.

use media::{Clip, ClipBank, Rate, Tone};
use rust_embed::RustEmbed;

use crate::control::voice::Sound;

/// Samples at 48 kHz of the pause between two sentences.
const PAUSE: usize = 48 * 300;

#[derive(RustEmbed)]
#[folder = "../media/prompts/en"]
#[include = "*.opus"]
struct English;

/// Everything that can be played.
pub(super) struct Clips {
    bank: ClipBank,
    pause: Clip,
    entry: Clip,
    exit: Clip,
}

impl Clips {
    /// Decodes everything, to be kept at each of these rates.
    pub(super) fn load(rates: &[Rate]) -> Result<Self, String> {
        let mut bank = ClipBank::new(rates);
        for file in English::iter() {
            let bytes = English::get(&file).map(|file| file.data).unwrap_or_default();
            let name = file.trim_end_matches(".opus");
            bank.insert_ogg_opus(name, &bytes)
                .map_err(|error| format!("prompt {name}: {error}"))?;
        }
        Ok(Self {
            bank,
            pause: Clip::from_full_band(&[0; PAUSE], rates),
            entry: Tone::Entry.clip(rates),
            exit: Tone::Exit.clip(rates),
        })
    }

    /// The recording of a sound; a test sees to it that every sound has one.
    pub(super) fn get(&self, sound: Sound) -> Option<Clip> {
        match sound {
            Sound::Clip(name) => self.bank.get(name).cloned(),
            Sound::Pause => Some(self.pause.clone()),
            Sound::EntryTone => Some(self.entry.clone()),
            Sound::ExitTone => Some(self.exit.clone()),
        }
    }
}
