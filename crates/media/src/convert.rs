//! From one rate to another, while audio flows: polyphase filters whose tables the compiler computes.

use crate::fir::{DOWN_70_DB, dot, low_pass, to_sample};
use crate::frame::Rate;

/// Taps for each sample of the lower rate: the pass band is flat within 0.01 dB to 0.85 of the lower half rate and 0.1 dB down at 0.875 (7 kHz,
/// where the band of G.722 ends), and images and what would fold are 65 dB down and more from 1.075 of it on.
const TAPS: usize = 40;
/// Middle of the transition band, as share of the lower rate.
const CUT: f64 = 0.481_25;
/// Longest filter, and longest piece that is converted at a time, in samples.
const LONGEST: usize = TAPS * 6;
const PIECE: usize = Rate::Hz48000.samples_per_tick();

/// One filter for each pair of rates, at the higher of the two.
static BY_2: [f32; TAPS * 2] = low_pass(CUT / 2.0, DOWN_70_DB);
static BY_3: [f32; TAPS * 3] = low_pass(CUT / 3.0, DOWN_70_DB);
static BY_6: [f32; TAPS * 6] = low_pass(CUT / 6.0, DOWN_70_DB);
/// The same, phase by phase, each from its newest tap to its oldest, scaled to give back the level that stuffing takes.
static PHASES_2: [[f32; TAPS]; 2] = phases(&BY_2);
static PHASES_3: [[f32; TAPS]; 3] = phases(&BY_3);
static PHASES_6: [[f32; TAPS]; 6] = phases(&BY_6);

const fn phases<const N: usize, const L: usize>(filter: &[f32; N]) -> [[f32; TAPS]; L] {
    let mut phases = [[0.0; TAPS]; L];
    let mut n = 0;
    while n < N {
        phases[n % L][TAPS - 1 - n / L] = filter[n] * L as f32;
        n += 1;
    }
    phases
}

/// How one rate becomes another.
#[derive(Debug, Clone, Copy)]
enum Way {
    Same,
    Up(&'static [[f32; TAPS]]),
    /// Every n-th sample behind this filter.
    Down(&'static [f32], usize),
}

impl Way {
    const fn between(from: Rate, to: Rate) -> Self {
        use Rate::{Hz8000, Hz16000, Hz48000};
        match (from, to) {
            (Hz8000, Hz8000) | (Hz16000, Hz16000) | (Hz48000, Hz48000) => Self::Same,
            (Hz8000, Hz16000) => Self::Up(&PHASES_2),
            (Hz16000, Hz48000) => Self::Up(&PHASES_3),
            (Hz8000, Hz48000) => Self::Up(&PHASES_6),
            (Hz16000, Hz8000) => Self::Down(&BY_2, 2),
            (Hz48000, Hz16000) => Self::Down(&BY_3, 3),
            (Hz48000, Hz8000) => Self::Down(&BY_6, 6),
        }
    }

    /// Samples before the present one that it needs.
    const fn memory(self) -> usize {
        match self {
            Self::Same => 0,
            Self::Up(_) => TAPS - 1,
            Self::Down(filter, _) => filter.len() - 1,
        }
    }
}

/// Converts a stream of mono audio between two rates. It delays by [`Converter::delay_us`], passes 50 Hz to 0.875 of the lower half
/// rate (3.5 kHz where the lower is 8 kHz, 7 kHz where it is 16 kHz) within a quarter dB, with images 65 dB down, and touches no heap.
#[derive(Debug, Clone)]
pub struct Converter {
    way: Way,
    /// The last samples heard, newest last.
    memory: [i16; LONGEST],
}

impl Converter {
    /// A converter that has heard silence.
    pub const fn new(from: Rate, to: Rate) -> Self {
        Self {
            way: Way::between(from, to),
            memory: [0; LONGEST],
        }
    }

    /// Delay of a converter between two rates, in µs: 2,500 where the lower is 8 kHz, 1,250 where it is 16 kHz.
    pub const fn delay_us(from: Rate, to: Rate) -> u32 {
        let (from_hz, to_hz) = (from.hz(), to.hz());
        let lower = if from_hz < to_hz { from_hz } else { to_hz };
        if from_hz == to_hz {
            0
        } else {
            TAPS as u32 / 2 * 1_000_000 / lower
        }
    }

    /// Forgets what it heard.
    pub fn reset(&mut self) {
        self.memory.fill(0);
    }

    /// Converts all of `from`, which must be as long in time as `to`: a whole number of samples of both.
    pub fn convert(&mut self, from: &[i16], to: &mut [i16]) {
        let piece = match self.way {
            Way::Same => return to.iter_mut().zip(from).for_each(|(to, from)| *to = *from),
            Way::Up(phases) => PIECE * phases.len(),
            Way::Down(_, step) => PIECE / step,
        };
        for (from, to) in from.chunks(PIECE).zip(to.chunks_mut(piece)) {
            self.convert_piece(from, to);
        }
    }

    fn convert_piece(&mut self, from: &[i16], to: &mut [i16]) {
        let mut heard = [0.0_f32; LONGEST + PIECE];
        let memory = self.way.memory();
        let heard = &mut heard[..memory + from.len()];
        let known = self.memory[LONGEST - memory..].iter().chain(from);
        heard
            .iter_mut()
            .zip(known)
            .for_each(|(to, from)| *to = f32::from(*from));
        match self.way {
            Way::Same => {}
            Way::Up(phases) => {
                for (out, heard) in to.chunks_mut(phases.len()).zip(heard.windows(TAPS)) {
                    for (out, phase) in out.iter_mut().zip(phases) {
                        *out = to_sample(dot(phase, heard));
                    }
                }
            }
            Way::Down(filter, step) => {
                let windows = heard.windows(filter.len()).step_by(step);
                to.iter_mut()
                    .zip(windows)
                    .for_each(|(out, heard)| *out = to_sample(dot(filter, heard)));
            }
        }
        self.remember(from);
    }

    fn remember(&mut self, from: &[i16]) {
        let newest = &from[from.len().saturating_sub(LONGEST)..];
        self.memory.copy_within(newest.len().., 0);
        self.memory[LONGEST - newest.len()..].copy_from_slice(newest);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pairs() -> impl Iterator<Item = (Rate, Rate)> {
        let pairs = Rate::ALL
            .into_iter()
            .flat_map(|from| Rate::ALL.map(|to| (from, to)));
        pairs.filter(|(from, to)| from != to)
    }

    fn tone(hz: f64, rate: Rate, seconds: f64) -> Vec<i16> {
        let step = std::f64::consts::TAU * hz / f64::from(rate.hz());
        (0..(seconds * f64::from(rate.hz())) as usize)
            .map(|n| ((n as f64 * step).sin() * 16_000.0).round() as i16)
            .collect()
    }

    fn converted(from: Rate, to: Rate, audio: &[i16]) -> Vec<i16> {
        let mut out = vec![0; audio.len() * to.hz() as usize / from.hz() as usize];
        Converter::new(from, to).convert(audio, &mut out);
        out
    }

    /// Level of the part of `audio` at `hz` over that of the tones of [`tone`], in dB; the start is left out.
    fn level(audio: &[i16], hz: f64, rate: Rate) -> f64 {
        let audio = &audio[rate.hz() as usize / 10..];
        let step = std::f64::consts::TAU * hz / f64::from(rate.hz());
        let (mut re, mut im) = (0.0, 0.0);
        for (n, sample) in audio.iter().enumerate() {
            // A window keeps the leakage of strong neighbours out.
            let window = 1.0 - (std::f64::consts::TAU * n as f64 / audio.len() as f64).cos();
            let (sin, cos) = (n as f64 * step).sin_cos();
            re += f64::from(*sample) * window * cos;
            im += f64::from(*sample) * window * sin;
        }
        20.0 * (2.0 * re.hypot(im) / audio.len() as f64 / 16_000.0)
            .max(1e-9)
            .log10()
    }

    /// Where the pass band ends, 3.5 or 7 kHz, and where the stop band begins.
    fn band(one: Rate, other: Rate) -> (f64, f64) {
        let half = f64::from(one.hz().min(other.hz())) / 2.0;
        (0.875 * half, 1.075 * half)
    }

    #[test]
    fn the_pass_band_is_flat_within_a_quarter_of_a_decibel() {
        for (from, to) in pairs() {
            let (pass, _) = band(from, to);
            for share in [0.0145, 0.1, 0.3, 0.5, 0.7, 0.85, 0.95, 0.97, 1.0] {
                let hz = pass * share;
                let heard = level(&converted(from, to, &tone(hz, from, 0.6)), hz, to);
                assert!(
                    heard.abs() < 0.25,
                    "{hz:.0} Hz from {from:?} to {to:?}: {heard:.3} dB"
                );
            }
        }
    }

    #[test]
    fn images_are_sixty_five_decibels_down() {
        for (from, to) in pairs().filter(|(from, to)| from < to) {
            let (pass, _) = band(from, to);
            for hz in [300.0, 1_000.0, pass * 0.6, pass] {
                let out = converted(from, to, &tone(hz, from, 0.6));
                let low = f64::from(from.hz());
                let images = [low - hz, low + hz, 2.0 * low - hz, 2.0 * low + hz, 3.0 * low - hz];
                for image in images
                    .into_iter()
                    .filter(|image| *image < f64::from(to.hz()) / 2.0)
                {
                    let heard = level(&out, image, to);
                    assert!(
                        heard < -65.0,
                        "{hz:.0} Hz from {from:?} to {to:?} at {image:.0}: {heard:.1} dB"
                    );
                }
            }
        }
    }

    #[test]
    fn what_would_fold_is_sixty_five_decibels_down() {
        for (from, to) in pairs().filter(|(from, to)| from > to) {
            let (_, stop) = band(from, to);
            let (low, half) = (f64::from(to.hz()), f64::from(from.hz()) / 2.0);
            for hz in [stop, stop * 1.1, stop * 1.4, half * 0.95]
                .into_iter()
                .filter(|hz| *hz < half)
            {
                let folded = (hz - low * (hz / low).round()).abs();
                let heard = level(&converted(from, to, &tone(hz, from, 0.6)), folded, to);
                assert!(
                    heard < -65.0,
                    "{hz:.0} Hz from {from:?} to {to:?} at {folded:.0}: {heard:.1} dB"
                );
            }
        }
    }

    #[test]
    fn the_delay_is_the_one_told() {
        for (from, to) in pairs() {
            let mut pulse = vec![0; from.hz() as usize / 50];
            pulse[0] = 32_000;
            let out = converted(from, to, &pulse);
            let peak = (0..out.len()).max_by_key(|n| out[*n].unsigned_abs()).unwrap();
            let us = peak as u32 * 1_000_000 / to.hz();
            let error = us.abs_diff(Converter::delay_us(from, to));
            assert!(
                error <= 1_000_000 / to.hz().min(from.hz()),
                "{from:?} to {to:?}: {us} us"
            );
        }
    }

    #[test]
    fn how_the_stream_is_cut_makes_no_difference_and_a_reset_forgets() {
        for (from, to) in pairs() {
            let audio = tone(777.0, from, 0.2);
            let whole = converted(from, to, &audio);
            let mut converter = Converter::new(from, to);
            let mut parts = Vec::new();
            for part in audio.chunks(from.samples_per_tick() / 2) {
                let mut out = vec![0; part.len() * to.hz() as usize / from.hz() as usize];
                converter.convert(part, &mut out);
                parts.extend(out);
            }
            assert!(parts == whole, "{from:?} to {to:?}");
            converter.reset();
            let mut silence = vec![1; to.samples_per_tick()];
            converter.convert(&vec![0; from.samples_per_tick()], &mut silence);
            assert!(silence.iter().all(|sample| *sample == 0));
        }
    }

    #[test]
    fn full_scale_saturates_and_a_constant_stays() {
        for (from, to) in pairs() {
            let length = from.hz() as usize / 10;
            let square: Vec<i16> = (0..length)
                .map(|n| if n / 20 % 2 == 0 { i16::MAX } else { i16::MIN })
                .collect();
            let out = converted(from, to, &square);
            // A wrapped sample would lie at the other end of the scale from its neighbours.
            let jump = |pair: &[i16]| i32::from(pair[0]).abs_diff(i32::from(pair[1]));
            let steepest = if from < to { 45_000 } else { 70_000 };
            assert!(
                out.windows(2).all(|pair| jump(pair) < steepest),
                "{from:?} to {to:?}"
            );
            let steady = converted(from, to, &vec![10_000; length]);
            assert!(
                steady[to.hz() as usize / 50..]
                    .iter()
                    .all(|s| s.abs_diff(10_000) <= 2)
            );
        }
    }

    #[test]
    fn the_same_rate_is_a_copy() {
        let audio = tone(500.0, Rate::Hz16000, 0.02);
        assert_eq!(converted(Rate::Hz16000, Rate::Hz16000, &audio), audio);
    }
}
