//! The tones that phones and the bridge say, and how much of one is in what is heard.

use media::{Clip, Codec, Rate};
use mixer::{PlayId, Playlist};

use super::World;

/// Peak of every phone's tone: eight of them together stay under the limiter's knee.
pub(crate) const PEAK: f64 = 2_900.0;
/// Tones played by the bridge lie apart from those of the phones.
pub(crate) const MUSIC_HZ: f64 = 2_500.0;
pub(crate) const PROMPT_HZ: f64 = 3_000.0;
/// Until a tone is heard in every codec, whatever its packets look like.
pub(crate) const SETTLED_MS: u64 = 1_500;

/// The bridge's tones, as clips.
pub(crate) fn clip(hz: f64, ms: usize) -> Clip {
    let audio: Vec<i16> = (0..48 * ms)
        .map(|n| (angle(hz, n, 48_000.0).sin() * PEAK) as i16)
        .collect();
    Clip::from_full_band(&audio, &Rate::ALL)
}

/// A prompt of `ms`; told as the given number.
pub(crate) fn prompt(id: u64, ms: usize) -> Playlist {
    Playlist::new(PlayId(id), Box::new([clip(PROMPT_HZ, ms)]))
}

pub(super) fn angle(hz: f64, n: usize, rate: f64) -> f64 {
    std::f64::consts::TAU * hz * n as f64 / rate
}

/// Worst step between two samples.
pub(crate) fn worst_jump(samples: &[i16]) -> i32 {
    let pairs = samples.windows(2);
    pairs
        .map(|pair| (i32::from(pair[1]) - i32::from(pair[0])).abs())
        .max()
        .unwrap_or(0)
}

/// Peak of the part of `samples` that is a tone of `hz`.
pub(crate) fn peak_of(hz: f64, rate: Rate, samples: &[i16]) -> f64 {
    let (mut re, mut im) = (0.0, 0.0);
    for (n, sample) in samples.iter().enumerate() {
        let (sin, cos) = angle(hz, n, f64::from(rate.hz())).sin_cos();
        re += f64::from(*sample) * cos;
        im += f64::from(*sample) * sin;
    }
    2.0 * re.hypot(im) / samples.len() as f64
}

/// Largest step between two samples of a tone of `hz` with our ramp on it: a fortieth of the peak each.
fn step(hz: f64) -> f64 {
    2.0 * PEAK * (std::f64::consts::PI * hz / 8_000.0).sin() + PEAK / 40.0
}

/// Steps that G.711 adds by its rounding, on both of the wires that a voice passes.
const ROUNDING: f64 = 260.0;

/// Largest step that `tones` at once explain.
pub(crate) fn steps(tones: &[f64]) -> f64 {
    tones.iter().map(|hz| step(*hz)).sum::<f64>() + ROUNDING
}

/// Worst step of a tone in a codec when nothing happens.
pub(crate) fn undisturbed(codec: Codec, hz: f64) -> f64 {
    let mut world = World::speaking(&[codec; 2]);
    world.phones[0].hz = hz;
    world.phones[1].speaks = false;
    world.gather(1);
    world.run(SETTLED_MS);
    world.listen_anew();
    world.run(1_000);
    f64::from(world.phones[1].worst_jump())
}
