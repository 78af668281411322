//! Audio in place of lost packets: the last pitch periods go on, fading, and what comes next is blended in
//! (in the spirit of G.711, Appendix I, without its output delay).

/// Audio remembered, in ms: the longest pitch that is looked for, and the stretch it is compared on.
const HISTORY_MS: usize = 50;
/// Pitch that is looked for: 200 to 66 Hz.
const PITCH_MS: (usize, usize) = (5, 15);
/// Stretch of audio that is compared to find the pitch.
const COMPARED_MS: usize = 20;
/// After this long the repetition starts to fade.
const STEADY_MS: usize = 10;
/// And after this long it is silent.
const SILENT_MS: usize = 60;
/// Blend of invented into real audio: at least this, and more after a longer gap.
const BLEND_MS: (usize, usize) = (4, 10);

/// Remembers what was played and invents how it could have gone on.
#[derive(Debug)]
pub(crate) struct Concealer {
    per_ms: usize,
    /// The last audio, oldest first.
    history: Box<[i16]>,
    /// The period that is repeated.
    period: Box<[i16]>,
    period_len: usize,
    /// Samples invented since the last real one; 0 while audio is real.
    invented: usize,
    /// Difference between the last real sample and the one that the period would follow; fades at once.
    step: i32,
}

impl Concealer {
    /// For audio of `hz` samples a second.
    pub(crate) fn new(hz: u32) -> Self {
        let per_ms = hz as usize / 1_000;
        Self {
            per_ms,
            history: vec![0; per_ms * HISTORY_MS].into_boxed_slice(),
            period: vec![0; per_ms * PITCH_MS.1].into_boxed_slice(),
            period_len: 0,
            invented: 0,
            step: 0,
        }
    }

    /// The stream jumps: what comes next is blended in.
    pub(crate) fn cut(&mut self) {
        if self.invented == 0 {
            self.find_period();
            self.invented = 1;
        }
    }

    /// Whether the invented audio has faded to silence.
    pub(crate) fn faded(&self) -> bool {
        self.invented >= SILENT_MS * self.per_ms
    }

    /// Takes real audio, blending its start with the invented audio before it.
    pub(crate) fn real(&mut self, samples: &mut [i16]) {
        if self.invented > 0 {
            self.blend(samples);
            self.invented = 0;
        }
        self.remember(samples);
    }

    /// Invents audio.
    pub(crate) fn invent(&mut self, out: &mut [i16]) {
        if self.invented == 0 {
            self.find_period();
        }
        for sample in out.iter_mut() {
            *sample = self.next();
        }
    }

    fn blend(&mut self, samples: &mut [i16]) {
        let longer = self.invented / 4;
        let length = (BLEND_MS.0 * self.per_ms + longer)
            .min(BLEND_MS.1 * self.per_ms)
            .min(samples.len());
        for (n, sample) in samples.iter_mut().take(length).enumerate() {
            let old = i32::from(self.next());
            let (weight, whole) = (n as i32 + 1, length as i32 + 1);
            *sample = ((old * (whole - weight) + i32::from(*sample) * weight) / whole) as i16;
        }
    }

    fn remember(&mut self, samples: &[i16]) {
        let size = self.history.len();
        let samples = &samples[samples.len().saturating_sub(size)..];
        self.history.copy_within(samples.len().., 0);
        self.history[size - samples.len()..].copy_from_slice(samples);
    }

    /// Takes the last period out of the history and smooths the place where it will meet itself.
    fn find_period(&mut self) {
        let size = self.history.len();
        let length = self.pitch();
        self.period_len = length;
        self.period[..length].copy_from_slice(&self.history[size - length..]);
        let seam = length / 4;
        for n in 0..seam {
            let before = i32::from(self.history[size - length - seam + n]);
            let (weight, whole) = (n as i32 + 1, seam as i32 + 1);
            let at = &mut self.period[length - seam + n];
            *at = ((i32::from(*at) * (whole - weight) + before * weight) / whole) as i16;
        }
        let last = i32::from(self.history[size - 1]);
        self.step = last - i32::from(self.history[size - 1 - length]);
    }

    /// The lag at which the last 20 ms are most like what was before them.
    fn pitch(&self) -> usize {
        let (from, to) = (PITCH_MS.0 * self.per_ms, PITCH_MS.1 * self.per_ms);
        let compared = COMPARED_MS * self.per_ms;
        let (before, recent) = self.history.split_at(self.history.len() - compared);
        // Wider bands are searched on a coarser grid first: the cost stays that of 8 kHz.
        let grid = (self.per_ms / 8).max(1);
        let mut best = (from, f32::MIN);
        for lag in from..=to {
            let start = before.len() - lag;
            let shifted = &self.history[start..start + compared];
            let score = likeness(recent, shifted, grid);
            if score > best.1 {
                best = (lag, score);
            }
        }
        best.0
    }

    fn next(&mut self) -> i16 {
        let at = self.invented;
        self.invented += 1;
        if at >= SILENT_MS * self.per_ms || self.period_len == 0 {
            return 0;
        }
        let steady = STEADY_MS * self.per_ms;
        let fading = SILENT_MS * self.per_ms - steady;
        let left = (fading - at.saturating_sub(steady)) as i32;
        let sample = i32::from(self.period[at % self.period_len]) + self.step_at(at);
        (sample * left / fading as i32).clamp(-32_768, 32_767) as i16
    }

    /// What is left of the step at the start of the repetition: gone after 2 ms.
    fn step_at(&self, at: usize) -> i32 {
        let length = 2 * self.per_ms;
        self.step * length.saturating_sub(at) as i32 / length as i32
    }
}

/// Normalised correlation of two stretches of one length, looking at every `grid`th sample; 0 for silence.
pub(crate) fn likeness(a: &[i16], b: &[i16], grid: usize) -> f32 {
    let (mut cross, mut energy_a, mut energy_b) = (0i64, 0i64, 0i64);
    for (&x, &y) in a.iter().zip(b).step_by(grid) {
        let (x, y) = (i64::from(x), i64::from(y));
        cross += x * y;
        energy_a += x * x;
        energy_b += y * y;
    }
    if energy_a == 0 || energy_b == 0 {
        return 0.0;
    }
    cross as f32 / (energy_a as f32 * energy_b as f32).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::level::Dbov;

    fn tone(hz: f64, from: usize, count: usize) -> Vec<i16> {
        (from..from + count)
            .map(|n| ((n as f64 * hz * std::f64::consts::TAU / 8_000.0).sin() * 10_000.0) as i16)
            .collect()
    }

    fn biggest_jump(samples: &[i16]) -> i32 {
        let steps = samples
            .windows(2)
            .map(|w| (i32::from(w[1]) - i32::from(w[0])).abs());
        steps.max().unwrap_or(0)
    }

    #[test]
    fn a_lost_frame_inside_a_tone_leaves_no_click() {
        for hz in [110.0, 150.0, 200.0, 333.0, 440.0, 1_000.0] {
            let mut concealer = Concealer::new(8_000);
            let mut played = tone(hz, 0, 800);
            concealer.real(&mut played);
            let mut gap = [0; 160];
            concealer.invent(&mut gap);
            let mut after = tone(hz, 960, 160);
            concealer.real(&mut after);
            let whole = [&played[..], &gap, &after].concat();
            let natural = biggest_jump(&tone(hz, 0, 800));
            assert!(
                biggest_jump(&whole) <= natural * 5 / 4 + 40,
                "{hz} Hz: {} over {natural}",
                biggest_jump(&whole)
            );
            assert!(Dbov::of(&gap[..80]).db() >= -14, "{hz} Hz fades too early");
        }
    }

    #[test]
    fn invented_audio_is_silent_after_sixty_milliseconds() {
        let mut concealer = Concealer::new(8_000);
        concealer.real(&mut tone(200.0, 0, 800));
        let mut gap = [0; 640];
        concealer.invent(&mut gap);
        assert!(concealer.faded());
        assert_eq!(gap[480..], [0; 160]);
        let levels: Vec<_> = gap.chunks(80).map(Dbov::of).collect();
        assert!(levels.is_sorted_by(|a, b| a >= b), "{levels:?}");
    }

    #[test]
    fn silence_goes_on_as_silence_and_full_scale_does_not_wrap() {
        let mut concealer = Concealer::new(8_000);
        let mut gap = [1; 160];
        concealer.invent(&mut gap);
        assert_eq!(gap, [0; 160]);
        let mut square: Vec<i16> = (0..800)
            .map(|n| if n / 40 % 2 == 0 { i16::MAX } else { i16::MIN })
            .collect();
        concealer.real(&mut square);
        concealer.invent(&mut gap);
        concealer.real(&mut square[..160]);
        assert!(Dbov::of(&gap).db() > -6);
    }

    #[test]
    fn wide_band_history_works_alike() {
        let mut concealer = Concealer::new(48_000);
        let mut played: Vec<i16> = (0..4_800)
            .map(|n| ((n as f64 * 0.02).sin() * 8_000.0) as i16)
            .collect();
        concealer.real(&mut played);
        let mut gap = [0; 960];
        concealer.invent(&mut gap);
        assert!(biggest_jump(&gap) < 400);
    }
}
