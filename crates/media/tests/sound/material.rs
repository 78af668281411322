//! What callers say in these tests: real speech, music of our making, noise; and its level after ITU-T P.56.

use std::f64::consts::TAU;
use std::path::{Path, PathBuf};

use media::{Clip, Rate};

/// Everything here has this rate.
pub(crate) const HZ: usize = 8_000;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// One of the voices of the end-to-end tests, `alice` or `bob`; about nine seconds.
pub(crate) fn voice(name: &str) -> Vec<i16> {
    let path = root().join("tests/e2e/audio").join(name).with_extension("wav");
    let bytes = std::fs::read(path).unwrap();
    bytes[44..]
        .as_chunks()
        .0
        .iter()
        .map(|two| i16::from_le_bytes(*two))
        .collect()
}

/// All prompts, one after another without a pause but their own: more than four minutes of a voice.
pub(crate) fn prompts() -> Vec<i16> {
    let folder = root().join("crates/media/prompts/en");
    let mut paths: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension() == Some("opus".as_ref()))
        .collect();
    paths.sort();
    let clips = paths
        .iter()
        .map(|path| Clip::from_ogg_opus(&std::fs::read(path).unwrap(), &[Rate::Hz8000]).unwrap());
    clips
        .flat_map(|clip| clip.samples(Rate::Hz8000).unwrap().to_vec())
        .collect()
}

/// The bridge's own music.
pub(crate) fn hold_music() -> Vec<i16> {
    media::music::hold_loop(&[Rate::Hz8000])
        .samples(Rate::Hz8000)
        .unwrap()
        .to_vec()
}

/// Over and over, for so many seconds.
pub(crate) fn round(audio: &[i16], seconds: usize) -> Vec<i16> {
    audio.iter().copied().cycle().take(seconds * HZ).collect()
}

/// A repeatable number in −1..1 for each `n`.
pub(crate) fn chance(n: usize) -> f64 {
    let mut x = (n as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    x ^= x >> 29;
    x = x.wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x ^= x >> 32;
    (x >> 11) as f64 / (1u64 << 52) as f64 - 1.0
}

/// Noise that falls off towards high tones, as that of rooms does.
pub(crate) fn noise(dbov: f64, count: usize) -> Vec<i16> {
    let mut value = 0.0;
    let rush: Vec<f64> = (0..count)
        .map(|n| {
            value += 0.4 * (chance(n) - value);
            value
        })
        .collect();
    to_level(&rush, dbov)
}

/// A tone.
pub(crate) fn tone(hz: f64, dbov: f64, count: usize) -> Vec<i16> {
    let wave: Vec<f64> = (0..count)
        .map(|n| (n as f64 * hz * TAU / HZ as f64).sin())
        .collect();
    to_level(&wave, dbov)
}

/// How a piece of music is played.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Song {
    pub(crate) beats_a_minute: f64,
    /// How loud drums, chords, bass and melody are.
    pub(crate) drums: f64,
    pub(crate) chords: f64,
    pub(crate) bass: f64,
    pub(crate) melody: f64,
    /// How fast notes of the melody die away, a second.
    pub(crate) decay: f64,
}

/// A song at −22 dBov.
pub(crate) fn song(song: Song, seconds: usize) -> Vec<i16> {
    const CHORDS: [[i32; 3]; 4] = [[57, 60, 64], [53, 57, 60], [48, 52, 55], [55, 59, 62]];
    const SCALE: [i32; 9] = [57, 60, 62, 64, 67, 69, 72, 74, 76];
    let mut sum = vec![0.0; seconds * HZ];
    let beat = 60.0 / song.beats_a_minute;
    for n in 0..(seconds as f64 / beat) as usize {
        let at = n as f64 * beat;
        let chord = CHORDS[n / 4 % 4];
        if n % 4 == 0 {
            chord
                .iter()
                .for_each(|key| note(&mut sum, at, *key, 4.0 * beat, 0.3, song.chords));
        }
        note(&mut sum, at, chord[0] - 12, beat, 2.0, song.bass);
        for half in 0..2 {
            let (at, number) = (at + half as f64 * beat / 2.0, 2 * n + half);
            let key = SCALE[(chance(number).abs() * 9.0) as usize % 9];
            note(&mut sum, at, key, beat * 0.75, song.decay, song.melody);
            drum(&mut sum, at, 0.02, 0.5 * song.drums, number);
        }
        drum(
            &mut sum,
            at,
            if n % 2 == 1 { 0.05 } else { 0.03 },
            1.2 * song.drums,
            7 * n,
        );
    }
    to_level(&sum, -22.0)
}

fn note(sum: &mut [f64], at: f64, key: i32, seconds: f64, decay: f64, loud: f64) {
    let step = 440.0 * (f64::from(key - 69) / 12.0).exp2() * TAU / HZ as f64;
    let start = (at * HZ as f64) as usize;
    for (n, sample) in sum
        .iter_mut()
        .skip(start)
        .take((seconds * HZ as f64) as usize)
        .enumerate()
    {
        let time = n as f64 / HZ as f64;
        let edge = (time / 0.01).min((seconds - time) / 0.01).clamp(0.0, 1.0);
        let wave: f64 = [1.0, 0.5, 0.25, 0.12]
            .iter()
            .zip(1..)
            .map(|(share, h)| share * (n as f64 * step * f64::from(h)).sin())
            .sum();
        *sample += loud * wave * edge * (-decay * time).exp();
    }
}

fn drum(sum: &mut [f64], at: f64, ring: f64, loud: f64, number: usize) {
    let start = (at * HZ as f64) as usize;
    for (n, sample) in sum
        .iter_mut()
        .skip(start)
        .take((4.0 * ring * HZ as f64) as usize)
        .enumerate()
    {
        *sample += loud * chance(number * 10_000 + n) * (-(n as f64) / (ring * HZ as f64)).exp();
    }
}

/// Brought to a level, by its root mean square.
fn to_level(audio: &[f64], dbov: f64) -> Vec<i16> {
    let power = audio.iter().map(|sample| sample * sample).sum::<f64>() / audio.len() as f64;
    let scale = 32_767.0 * 10f64.powf(dbov / 20.0) / power.sqrt();
    audio.iter().map(|sample| (sample * scale) as i16).collect()
}

/// So many dB louder.
pub(crate) fn louder(audio: &[i16], db: f64) -> Vec<i16> {
    let factor = 10f64.powf(db / 20.0);
    audio
        .iter()
        .map(|sample| (f64::from(*sample) * factor) as i16)
        .collect()
}

/// Speech at a level after P.56.
pub(crate) fn spoken_at(speech: &[i16], dbov: f64) -> Vec<i16> {
    louder(speech, dbov - active_level(speech))
}

/// Two sounds at once; the longer one says how long.
pub(crate) fn mix(a: &[i16], b: &[i16]) -> Vec<i16> {
    let (longer, shorter) = if a.len() > b.len() { (a, b) } else { (b, a) };
    let rest = shorter.iter().chain(std::iter::repeat(&0));
    longer
        .iter()
        .zip(rest)
        .map(|(a, b)| a.saturating_add(*b))
        .collect()
}

/// Active speech level in dBov (ITU-T P.56, method B).
pub(crate) fn active_level(audio: &[i16]) -> f64 {
    const THRESHOLDS: usize = 15;
    const MARGIN_DB: f64 = 15.9;
    let (smooth, hangover) = ((-1.0 / (HZ as f64 * 0.03)).exp(), HZ / 5);
    let (mut p, mut q) = (0.0, 0.0);
    let (mut active, mut hung) = ([0_usize; THRESHOLDS], [hangover; THRESHOLDS]);
    let mut squares = 0.0;
    for sample in audio {
        let x = f64::from(*sample) / 32_767.0;
        squares += x * x;
        p = smooth * p + (1.0 - smooth) * x.abs();
        q = smooth * q + (1.0 - smooth) * p;
        for (j, (active, hung)) in active.iter_mut().zip(&mut hung).enumerate() {
            let over = q >= f64::from(1 << j) / 32_768.0;
            *hung = if over { 0 } else { (*hung + 1).min(hangover) };
            *active += usize::from(*hung < hangover);
        }
    }
    let level = |j: usize| 10.0 * (squares / active[j].max(1) as f64).log10();
    let over = |j: usize| level(j) - 20.0 * (f64::from(1 << j) / 32_768.0).log10();
    let last = (1..THRESHOLDS)
        .find(|j| over(*j) <= MARGIN_DB)
        .unwrap_or(THRESHOLDS - 1);
    let share = (over(last - 1) - MARGIN_DB) / (over(last - 1) - over(last));
    level(last - 1) + share * (level(last) - level(last - 1))
}
