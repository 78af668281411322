//! Comfort noise: a faint rush, so that nobody takes silence for a dead line.

use crate::clip::Clip;
use crate::frame::Rate;

const HZ: usize = 48_000;
/// Length of the loop: long enough that nobody hears it come round.
const SECONDS: usize = 5;
/// Root mean square of the samples: −67 dBov, a little over the smallest step of G.711.
const LOUDNESS: f64 = 14.6;
/// Above so many Hz it falls by 6 dB an octave, as the noise of rooms does.
const CORNER: f64 = 600.0;

/// The loop, kept at each of `rates`, with its end joined to its start.
pub fn comfort_noise(rates: &[Rate]) -> Clip {
    let count = HZ * SECONDS;
    let share = 1.0 - (-std::f64::consts::TAU * CORNER / HZ as f64).exp();
    let (mut seed, mut value) = (1_u32, 0.0);
    let mut next = || {
        seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let white = f64::from(seed >> 8) / f64::from(1_u32 << 23) - 1.0;
        value += share * (white - value);
        value
    };
    let mut rush: Vec<f64> = (0..count + HZ / 10).map(|_| next()).collect();
    join(&mut rush, count);
    let power = rush.iter().map(|s| s * s).sum::<f64>() / count as f64;
    let scale = LOUDNESS / power.sqrt();
    let audio: Vec<i16> = rush.into_iter().map(|s| (s * scale).round() as i16).collect();
    Clip::from_full_band(&audio, rates)
}

/// Blends what lies behind `count` samples into the start, and cuts it off.
fn join(rush: &mut Vec<f64>, count: usize) {
    let tail = rush.split_off(count);
    let length = tail.len() as f64;
    for (n, (start, end)) in rush.iter_mut().zip(tail).enumerate() {
        let share = n as f64 / length;
        // The two are strangers: their powers add up, not their amplitudes.
        *start = *start * share.sqrt() + end * (1.0 - share).sqrt();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::level::Dbov;

    #[test]
    fn it_is_as_faint_at_every_rate_and_has_no_seam() {
        let clip = comfort_noise(&Rate::ALL);
        for rate in Rate::ALL {
            let samples = clip.samples(rate).unwrap();
            assert_eq!(samples.len(), rate.hz() as usize * SECONDS);
            for part in samples.chunks(rate.hz() as usize / 2) {
                let level = Dbov::of(part).db();
                assert!((-70..=-65).contains(&level), "{rate:?}: {level} dBov");
            }
            let seam = (samples[0] - samples[samples.len() - 1]).abs();
            assert!(seam < 60 && samples.iter().all(|s| s.abs() < 100), "{seam}");
        }
    }
}
