//! Short signals: who came, who went, what was noted. Notes follow each other and never sound together, so no pair of
//! them passes for a key.

use crate::clip::Clip;
use crate::frame::Rate;

/// Fade at both ends of a note, in ms.
const FADE_MS: usize = 8;
/// Peak of a note: −15 dBFS, so the fundamental is at −18 dBov.
const PEAK: f64 = 32_767.0 * 0.178;
/// Share of the octave above, which makes a note less of a test tone.
const OCTAVE: f64 = 0.12;

/// A signal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Tone {
    /// Somebody came: two notes up.
    Entry,
    /// Somebody went: two notes down.
    Exit,
    /// Speak after this; also marks a recording.
    Beep,
    /// Done: a short high note.
    Confirm,
    /// Not possible: two low notes.
    Refuse,
}

impl Tone {
    /// All signals.
    pub const ALL: [Self; 5] = [Self::Entry, Self::Exit, Self::Beep, Self::Confirm, Self::Refuse];

    /// Notes as (Hz, ms); 0 Hz is a pause.
    const fn notes(self) -> &'static [(f64, usize)] {
        match self {
            Self::Entry => &[(440.0, 110), (0.0, 20), (587.33, 170)],
            Self::Exit => &[(587.33, 110), (0.0, 20), (440.0, 170)],
            Self::Beep => &[(1_046.5, 200)],
            Self::Confirm => &[(1_046.5, 70)],
            Self::Refuse => &[(293.66, 120), (0.0, 60), (293.66, 180)],
        }
    }

    /// The signal, kept at each of `rates`.
    pub fn clip(self, rates: &[Rate]) -> Clip {
        let audio: Vec<i16> = self.notes().iter().flat_map(|&(hz, ms)| note(hz, ms)).collect();
        Clip::from_full_band(&audio, rates)
    }
}

/// A note at 48 kHz with raised-cosine ends.
fn note(hz: f64, ms: usize) -> impl Iterator<Item = i16> {
    let (length, fade) = (ms * 48, FADE_MS * 48);
    let step = std::f64::consts::TAU * hz / 48_000.0;
    (0..length).map(move |n| {
        let edge = n.min(length - 1 - n).min(fade) as f64 / fade as f64;
        let envelope = (1.0 - (edge * std::f64::consts::PI).cos()) / 2.0;
        let angle = step * n as f64;
        ((angle.sin() + OCTAVE * (2.0 * angle).sin()) * envelope * PEAK) as i16
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inband::tests::hear;
    use crate::level::Dbov;

    #[test]
    fn signals_start_and_end_at_rest_and_press_no_key() {
        for tone in Tone::ALL {
            let clip = tone.clip(&Rate::ALL);
            for rate in Rate::ALL {
                let samples = clip.samples(rate).unwrap();
                assert!(
                    samples[0].abs() < 60 && samples.last().unwrap().abs() < 60,
                    "{tone:?} at {rate:?}"
                );
                assert!(
                    (-26..=-16).contains(&Dbov::of(samples).db()),
                    "{tone:?} at {rate:?}"
                );
                assert!(samples.iter().all(|s| s.unsigned_abs() < 8_000));
            }
            let narrow = clip.samples(Rate::Hz8000).unwrap();
            assert_eq!(hear(narrow).0, [], "{tone:?}");
        }
    }

    #[test]
    fn no_two_signals_sound_alike() {
        let clips = Tone::ALL.map(|t| t.clip(&[Rate::Hz8000]));
        for (n, clip) in clips.iter().enumerate() {
            assert!(!clips[n + 1..].contains(clip));
        }
    }
}
