//! Music on hold: a calm loop of our own, made when the program starts.
//!
//! Broken chords over a held bass, 76 beats a minute. No note lies above 523 Hz and overtones are weak, so nothing in
//! it comes near the tones of a key (697 Hz and up).

use crate::clip::Clip;
use crate::frame::Rate;

const HZ: usize = 48_000;
/// Samples of an eighth note at 76 beats a minute, in whole ticks, so that the loop has no odd end.
const EIGHTH: usize = 960 * 20;
/// Eighths of a bar.
const BAR: usize = 8;
/// Peak of a note of the chord, and of the bass.
const PLUCK: f64 = 2_600.0;
const BASS: f64 = 1_900.0;
/// Overtones 2 and 3 over the fundamental.
const OVERTONES: [f64; 3] = [1.0, 0.10, 0.04];

/// Bass and four chord notes of each bar, as MIDI numbers (69 is 440 Hz).
const BARS: [[u8; 5]; 8] = [
    [45, 57, 60, 64, 67],
    [50, 57, 60, 65, 69],
    [43, 55, 59, 62, 65],
    [48, 55, 59, 64, 67],
    [53, 57, 60, 64, 69],
    [50, 53, 57, 60, 65],
    [52, 56, 59, 62, 68],
    [45, 57, 60, 64, 72],
];
/// Which note of the chord each eighth plays; rests leave air.
const PATTERN: [Option<usize>; BAR] = [Some(1), Some(2), Some(3), Some(4), None, Some(3), Some(2), None];

/// The loop, kept at each of `rates`. Its end joins its start.
pub fn hold_loop(rates: &[Rate]) -> Clip {
    let mut sum = vec![0.0f32; BARS.len() * BAR * EIGHTH];
    for (number, bar) in BARS.iter().enumerate() {
        let start = number * BAR * EIGHTH;
        add(&mut sum, start, BAR * EIGHTH, bar[0], BASS);
        for (eighth, place) in PATTERN.iter().enumerate() {
            if let Some(place) = place {
                add(&mut sum, start + eighth * EIGHTH, 4 * EIGHTH, bar[*place], PLUCK);
            }
        }
    }
    let audio: Vec<i16> = sum.into_iter().map(|s| s as i16).collect();
    Clip::from_full_band(&audio, rates)
}

/// Adds a note that rings for `length` samples; what rings on past the end sounds at the start.
fn add(sum: &mut [f32], start: usize, length: usize, midi: u8, peak: f64) {
    let hz = 440.0 * ((f64::from(midi) - 69.0) / 12.0).exp2();
    let step = std::f64::consts::TAU * hz / HZ as f64;
    let size = sum.len();
    for n in 0..length {
        let angle = step * n as f64;
        let wave: f64 = (1..)
            .zip(OVERTONES)
            .map(|(h, share)| (angle * f64::from(h)).sin() * share)
            .sum();
        sum[(start + n) % size] += (wave * envelope(n, length) * peak) as f32;
    }
}

/// Rises in 15 ms, dies away, and is quite gone at the end.
fn envelope(n: usize, length: usize) -> f64 {
    let rise = (n as f64 / (0.015 * HZ as f64)).min(1.0);
    let left = (length - n) as f64 / length as f64;
    let decay = (-2.2 * n as f64 / length as f64).exp();
    rise * decay * left.min(0.2) * 5.0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inband::tests::hear;
    use crate::level::Dbov;

    #[test]
    fn the_loop_is_quiet_joins_its_ends_and_presses_no_key() {
        let clip = hold_loop(&[Rate::Hz8000]);
        let samples = clip.samples(Rate::Hz8000).unwrap();
        assert_eq!(samples.len() % 160, 0);
        assert!(
            (-30..=-20).contains(&Dbov::of(samples).db()),
            "{:?}",
            Dbov::of(samples)
        );
        assert!(samples.iter().all(|s| s.unsigned_abs() < 12_000));
        let seam = (i32::from(samples[0]) - i32::from(samples[samples.len() - 1])).abs();
        assert!(seam < 700, "{seam}");
        let twice = [&samples[..], samples].concat();
        assert_eq!(hear(&twice).0, []);
    }
}
