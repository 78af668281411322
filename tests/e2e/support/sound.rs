//! Recordings, and whether a sentence is in one.

use std::fs;
use std::path::Path;

/// Sampling rate of everything here, Hz.
pub(crate) const RATE: usize = 8_000;
/// Sentences are looked for below 1 kHz, at a quarter of the rate.
const DECIMATION: usize = 4;
/// Length of the pieces that are looked for one by one, so that a lost or an added frame in between is no matter: 1 s.
const PIECE: usize = RATE / DECIMATION;
/// Pieces whose RMS is below this are pauses.
const SPOKEN: f32 = 150.0;
/// The same for places in a recording: what is this quiet is like nothing.
const AUDIBLE: f32 = 15.0;

/// A WAV file of 16 bits, mono, also one that is still being written, whose header gives no length yet.
pub(crate) fn read_wav(path: &Path) -> Vec<i16> {
    let bytes = fs::read(path).unwrap_or_default();
    let data = bytes
        .windows(4)
        .position(|window| window == b"data")
        .map(|at| at + 8);
    let samples = bytes.get(data.unwrap_or(bytes.len())..).unwrap_or_default();
    samples
        .chunks_exact(2)
        .map(|pair| i16::from_le_bytes([pair[0], pair[1]]))
        .collect()
}

/// Writes such a file.
pub(crate) fn write_wav(path: &Path, samples: &[i16]) {
    let bytes = samples.len() as u32 * 2;
    let rate = RATE as u32;
    let mut file = Vec::with_capacity(44 + bytes as usize);
    file.extend(b"RIFF");
    file.extend((36 + bytes).to_le_bytes());
    file.extend(b"WAVEfmt ");
    file.extend(16u32.to_le_bytes());
    // PCM, one channel.
    file.extend([1, 0, 1, 0]);
    file.extend(rate.to_le_bytes());
    file.extend((rate * 2).to_le_bytes());
    // Two bytes a frame, 16 bits a sample.
    file.extend([2, 0, 16, 0]);
    file.extend(b"data");
    file.extend(bytes.to_le_bytes());
    file.extend(samples.iter().flat_map(|sample| sample.to_le_bytes()));
    fs::write(path, file).expect("a file is written");
}

/// How much of `sentence` is in `heard`, 0 to 1: over its spoken pieces of one second, the median of the best normalised
/// cross-correlation at any place.
pub(crate) fn likeness(sentence: &[i16], heard: &[i16]) -> f32 {
    let (sentence, heard) = (band(sentence), band(heard));
    let mut found: Vec<_> = sentence
        .chunks_exact(PIECE)
        .filter(|piece| rms(piece) > SPOKEN)
        .map(|piece| best(piece, &heard))
        .collect();
    assert!(!found.is_empty(), "nothing is said in the sentence");
    found.sort_by(f32::total_cmp);
    found[found.len() / 2]
}

/// About 80 to 1000 Hz: a mean of neighbours twice against aliases, then without its slow part.
fn band(samples: &[i16]) -> Vec<f32> {
    let wide: Vec<f32> = samples.iter().map(|sample| f32::from(*sample)).collect();
    let once: Vec<f32> = wide.windows(DECIMATION).map(mean).collect();
    let low: Vec<f32> = once.windows(DECIMATION).step_by(DECIMATION).map(mean).collect();
    let slow = 25;
    low.windows(slow)
        .map(|window| window[slow / 2] - mean(window))
        .collect()
}

fn best(piece: &[f32], heard: &[f32]) -> f32 {
    let size = energy(piece).sqrt();
    let least = AUDIBLE * AUDIBLE * piece.len() as f32;
    let at = heard.windows(piece.len()).map(|window| {
        let (product, energy) = piece
            .iter()
            .zip(window)
            .fold((0.0, 0.0), |(product, energy), (a, b)| {
                (product + a * b, energy + b * b)
            });
        if energy < least {
            0.0
        } else {
            product / (size * energy.sqrt())
        }
    });
    at.fold(0.0, f32::max)
}

fn mean(samples: &[f32]) -> f32 {
    samples.iter().sum::<f32>() / samples.len() as f32
}

fn energy(samples: &[f32]) -> f32 {
    samples.iter().map(|sample| sample * sample).sum()
}

/// Root mean square.
fn rms(samples: &[f32]) -> f32 {
    (energy(samples) / samples.len() as f32).sqrt()
}
