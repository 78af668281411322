//! Audio in place of lost packets: the last pitch periods go on, fading, and what comes next is blended in
//! (in the spirit of G.711, Appendix I, without its output delay). Where the packet behind the gap has come already, its
//! first period also goes back into the gap, and the one turns into the other on the way.

use std::ops::RangeInclusive;

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
/// Longest gap that is filled from both of its ends.
const SPANNED_MS: usize = 60;
/// Audio behind such a gap that is looked at, and the stretch of it that is compared.
const AHEAD_MS: (usize, usize) = (20, 5);

/// Remembers what was played and invents how it could have gone on.
#[derive(Debug)]
#[repr(C)]
pub(crate) struct Concealer {
    /// Samples until the audio ahead; 0 where none is known.
    gap: usize,
    /// Samples invented since the last real one; 0 while audio is real.
    invented: usize,
    /// Samples at its end that were put as silence.
    silent: usize,
    /// The last audio, oldest first.
    history: Box<[i16]>,
    per_ms: usize,
    /// The audio behind a gap, its end first: backwards, what is invented follows it.
    ahead: Box<[i16]>,
    /// How the one goes on, and the other backwards.
    onward: Period,
    backward: Period,
    /// Samples of the next packet that the gap reaches over, where a decoder needs some to find itself again.
    unsettled: usize,
}

impl Concealer {
    /// For audio of `hz` samples a second.
    pub(crate) fn new(hz: u32) -> Self {
        let per_ms = hz as usize / 1_000;
        Self {
            per_ms,
            history: vec![0; per_ms * HISTORY_MS].into_boxed_slice(),
            silent: per_ms * HISTORY_MS,
            ahead: vec![0; per_ms * AHEAD_MS.0].into_boxed_slice(),
            onward: Period::new(per_ms),
            backward: Period::new(per_ms),
            gap: 0,
            unsettled: 0,
            invented: 0,
        }
    }

    /// The stream jumps: what comes next is blended in.
    pub(crate) fn cut(&mut self) {
        if self.invented == 0 {
            self.look_back();
            self.invented = 1;
        }
        (self.gap, self.unsettled) = (0, 0);
    }

    /// Whether the invented audio has faded to silence.
    pub(crate) fn faded(&self) -> bool {
        self.invented >= SILENT_MS * self.per_ms
    }

    /// Whether [`Self::span`] would help with a gap of `gap` samples that begins now.
    pub(crate) fn can_span(&self, gap: usize) -> bool {
        self.invented == 0 && gap <= SPANNED_MS * self.per_ms
    }

    /// What is invented next fills a gap of `gap` samples, behind which `audio` comes, the first `unsettled` samples of which are not
    /// worth hearing. Too little audio to find a pitch in changes nothing.
    pub(crate) fn span(&mut self, gap: usize, audio: &[i16], unsettled: usize) {
        let settled = audio.get(unsettled..).unwrap_or_default();
        let size = settled.len().min(self.ahead.len());
        self.look_back();
        let (least, most) = self.pitches();
        let (about, near) = (self.onward.length, self.onward.length / 4);
        let longest = (about + near)
            .min(most)
            .min(size.saturating_sub(AHEAD_MS.1 * self.per_ms));
        let lags = (about - near).max(least)..=longest;
        if lags.is_empty() || !self.can_span(gap) {
            return;
        }
        let ahead = &mut self.ahead[..size];
        for (ahead, sample) in ahead.iter_mut().rev().zip(settled) {
            *ahead = *sample;
        }
        self.backward.find(ahead, lags, AHEAD_MS.1 * self.per_ms);
        (self.gap, self.unsettled) = (gap + unsettled, unsettled);
    }

    /// Takes real audio, joining its start with the invented audio before it.
    pub(crate) fn real(&mut self, samples: &mut [i16]) {
        if self.gap > 0 && self.invented + self.unsettled == self.gap {
            let unsettled = self.unsettled;
            samples
                .iter_mut()
                .take(unsettled)
                .for_each(|sample| *sample = self.next());
        } else if self.invented > 0 {
            self.blend(samples);
        }
        (self.gap, self.unsettled, self.invented) = (0, 0, 0);
        self.remember(samples);
    }

    /// Whether all that is remembered is silence, so that more of it would change nothing and need not be told.
    pub(crate) fn is_silent(&self) -> bool {
        self.follows_real() && self.silent >= self.history.len()
    }

    /// Takes silence in place of real audio, joined as that is.
    pub(crate) fn silence(&mut self, samples: &mut [i16]) {
        let silent = self.silent + samples.len();
        let stays = self.follows_real();
        self.real(samples);
        self.silent = if stays { silent } else { 0 };
    }

    /// Whether what comes next needs no joining.
    fn follows_real(&self) -> bool {
        self.gap == 0 && self.invented == 0
    }

    /// Invents audio.
    pub(crate) fn invent(&mut self, out: &mut [i16]) {
        if self.invented == 0 && self.gap == 0 {
            self.look_back();
        }
        for sample in out.iter_mut() {
            *sample = self.next();
        }
    }

    /// Shortest and longest pitch, in samples.
    fn pitches(&self) -> (usize, usize) {
        (PITCH_MS.0 * self.per_ms, PITCH_MS.1 * self.per_ms)
    }

    fn look_back(&mut self) {
        let (least, most) = self.pitches();
        let compared = COMPARED_MS * self.per_ms;
        self.onward.find(&self.history, least..=most, compared);
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
        self.silent = 0;
    }

    fn next(&mut self) -> i16 {
        let at = self.invented;
        self.invented += 1;
        let sample = if at < self.gap {
            self.spanning(at)
        } else {
            self.fading(at)
        };
        sample.clamp(-32_768, 32_767) as i16
    }

    /// What was before the gap turns into what is behind it.
    fn spanning(&self, at: usize) -> i32 {
        let (weight, whole) = (at as i32 + 1, self.gap as i32 + 1);
        let (onward, backward) = (self.onward.sample(at), self.backward.sample(self.gap - 1 - at));
        (onward * (whole - weight) + backward * weight) / whole
    }

    /// What was before the gap goes on, as nothing is known of what is behind it.
    fn fading(&self, at: usize) -> i32 {
        if at >= SILENT_MS * self.per_ms {
            return 0;
        }
        let steady = STEADY_MS * self.per_ms;
        let fading = SILENT_MS * self.per_ms - steady;
        let left = (fading - at.saturating_sub(steady)) as i32;
        self.onward.sample(at) * left / fading as i32
    }
}

/// The last pitch period of some audio, which goes on behind it.
#[derive(Debug)]
struct Period {
    per_ms: usize,
    samples: Box<[i16]>,
    length: usize,
    /// Difference between the last sample of the audio and the one that the period would follow; fades at once.
    step: i32,
}

impl Period {
    fn new(per_ms: usize) -> Self {
        Self {
            per_ms,
            samples: vec![0; per_ms * PITCH_MS.1].into_boxed_slice(),
            length: per_ms * PITCH_MS.0,
            step: 0,
        }
    }

    /// Takes the last period, its length one of `lags`, out of `audio` and smooths the place where it will meet itself.
    fn find(&mut self, audio: &[i16], lags: RangeInclusive<usize>, compared: usize) {
        let size = audio.len();
        let length = self.pitch(audio, lags, compared);
        self.length = length;
        self.samples[..length].copy_from_slice(&audio[size - length..]);
        let seam = (length / 4).min(size - length);
        for n in 0..seam {
            let before = i32::from(audio[size - length - seam + n]);
            let (weight, whole) = (n as i32 + 1, seam as i32 + 1);
            let at = &mut self.samples[length - seam + n];
            *at = ((i32::from(*at) * (whole - weight) + before * weight) / whole) as i16;
        }
        let last = i32::from(audio[size - 1]);
        self.step = last - i32::from(audio[size - 1 - length]);
    }

    /// The lag at which the last `compared` samples are most like what was before them. Of silence any will do: most legs are silent, and
    /// after a stall all of them ask at once.
    fn pitch(&self, audio: &[i16], lags: RangeInclusive<usize>, compared: usize) -> usize {
        let (before, recent) = audio.split_at(audio.len() - compared);
        let (least, most) = (*lags.start(), *lags.end());
        if recent.iter().all(|sample| *sample == 0) {
            return least;
        }
        // Wider bands are compared on the grid of 8 kHz; the widest is searched on it, too, and then about the best lag found there.
        let grid = (self.per_ms / 8).max(1);
        let alike = |lag: usize| {
            let start = before.len() - lag;
            likeness(recent, &audio[start..start + compared], grid)
        };
        let step = if grid > 2 { grid } else { 1 };
        let about = best_of(lags.step_by(step), alike).unwrap_or(least);
        let near = about.saturating_sub(step - 1).max(least)..=(about + step - 1).min(most);
        best_of(near, alike).unwrap_or(about)
    }

    /// The `n`th sample behind the audio.
    fn sample(&self, n: usize) -> i32 {
        i32::from(self.samples[n % self.length]) + self.step_at(n)
    }

    /// What is left of the step at the start of the repetition: gone after 2 ms.
    fn step_at(&self, n: usize) -> i32 {
        let length = 2 * self.per_ms;
        self.step * length.saturating_sub(n) as i32 / length as i32
    }
}

/// The first of those that score best.
fn best_of(lags: impl Iterator<Item = usize>, score: impl Fn(usize) -> f32) -> Option<usize> {
    let scored = lags.map(|lag| (lag, score(lag)));
    let best = scored.reduce(|best, next| if next.1 > best.1 { next } else { best });
    best.map(|(lag, _)| lag)
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

    /// A voice whose pitch and loudness move: 100 Hz rising by 8 % within 100 ms.
    fn voice(per_ms: usize, from: usize, count: usize) -> Vec<i16> {
        let sample = |n: usize| {
            let time = n as f64 / (per_ms as f64 * 1_000.0);
            let phase = std::f64::consts::TAU * (100.0 * time + 40.0 * time * time);
            let partials = (1..8).map(|k| (f64::from(k) * phase).sin() / f64::from(k));
            (partials.sum::<f64>() * 6_000.0 * (0.4 + 5.0 * time)) as i16
        };
        (from..from + count).map(sample).collect()
    }

    /// Energy of what is wrong in a gap of 20 ms and in the 20 ms behind it, over that of the voice, in dB.
    fn wrong(per_ms: usize, unsettled: usize, looks_ahead: bool) -> f64 {
        let tick = 20 * per_ms;
        let mut concealer = Concealer::new(per_ms as u32 * 1_000);
        concealer.real(&mut voice(per_ms, 0, 4 * tick));
        let true_audio = voice(per_ms, 4 * tick, 2 * tick);
        let (mut gap, mut after) = (vec![0; tick], true_audio[tick..].to_vec());
        after[..unsettled].fill(-20_000);
        if looks_ahead {
            concealer.span(tick, &after, unsettled);
        }
        concealer.invent(&mut gap);
        concealer.real(&mut after);
        let heard = [gap, after].concat();
        assert!(biggest_jump(&heard) < 12_000, "{}", biggest_jump(&heard));
        let energy = |values: &mut dyn Iterator<Item = f64>| values.map(|v| v * v).sum::<f64>();
        let pairs = heard.iter().zip(&true_audio);
        let error = energy(&mut pairs.map(|(heard, said)| f64::from(*heard) - f64::from(*said)));
        10.0 * (error / energy(&mut true_audio.iter().map(|said| f64::from(*said)))).log10()
    }

    #[test]
    fn a_gap_with_both_ends_known_is_filled_truer_than_one_that_is_open() {
        for per_ms in [8, 16, 48] {
            let (open, closed) = (wrong(per_ms, 0, false), wrong(per_ms, 0, true));
            assert!(
                closed < open - 3.0,
                "{per_ms} kHz: {closed:.1} dB, open {open:.1} dB"
            );
        }
    }

    #[test]
    fn what_a_decoder_gives_before_it_has_found_itself_is_not_heard() {
        let (settled, unsettled) = (wrong(16, 0, true), wrong(16, 32, true));
        assert!(
            unsettled < settled + 2.0,
            "{unsettled:.1} dB over {settled:.1} dB"
        );
    }

    #[test]
    fn a_packet_that_comes_into_a_spanned_gap_after_all_is_blended_in() {
        let mut concealer = Concealer::new(8_000);
        let mut played = tone(200.0, 0, 800);
        concealer.real(&mut played);
        concealer.span(320, &tone(200.0, 1_120, 160), 0);
        let mut gap = [0; 160];
        concealer.invent(&mut gap);
        let mut after = tone(200.0, 960, 160);
        concealer.real(&mut after);
        let whole = [&played[..], &gap, &after].concat();
        assert!(biggest_jump(&whole) <= biggest_jump(&played) * 5 / 4 + 40);
        assert_eq!(after[80..], tone(200.0, 1_040, 80));
    }

    #[test]
    fn audio_too_short_for_a_pitch_leaves_the_gap_open() {
        for count in [0, 1, 40, 79] {
            let mut concealer = Concealer::new(8_000);
            concealer.real(&mut tone(110.0, 0, 800));
            concealer.span(160, &tone(110.0, 960, count), 0);
            let mut gap = [0; 640];
            concealer.invent(&mut gap);
            assert_eq!(gap[480..], [0; 160]);
        }
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
    fn silence_put_for_as_long_as_is_remembered_leaves_nothing_to_go_on_with() {
        let mut concealer = Concealer::new(8_000);
        assert!(concealer.is_silent());
        concealer.real(&mut tone(200.0, 0, 800));
        assert!(!concealer.is_silent());
        concealer.silence(&mut [0; 160]);
        assert!(!concealer.is_silent());
        concealer.silence(&mut [0; 240]);
        assert!(concealer.is_silent());
        let mut gap = [1; 160];
        concealer.invent(&mut gap);
        assert_eq!(gap, [0; 160]);
        // What was invented is joined to the silence behind it, which is none then.
        concealer.real(&mut tone(200.0, 0, 800));
        concealer.invent(&mut gap);
        concealer.silence(&mut [0; 800]);
        assert!(!concealer.is_silent());
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
