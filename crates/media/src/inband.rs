//! Keys heard in the audio (ITU-T Q.23 and Q.24), for peers that negotiated no telephone events.
//!
//! Eight Goertzel filters run over blocks of 12.75 ms. Two blocks in a row with the same pair make a press: 40 ms of
//! tone always hold two whole blocks. The audio is held back by 46 ms, longer than it takes to be sure, so that
//! nobody hears the start of a tone either.

use crate::event4733::KeyEvent;
use crate::gate::Gate;
use crate::jitter::Played;

/// The rate it works at, in Hz: that of the telephone network.
pub(crate) const HZ: u32 = 8_000;
const TICK: usize = 160;
/// Samples the audio is held back: a tick, three blocks, and the fade of the gate, rounded up.
const HELD: usize = 368;
/// The same in whole ticks.
const HELD_TICKS: usize = HELD / TICK;
/// Samples of a block: short enough that 40 ms hold two, long enough to tell 697 from 770 Hz.
const BLOCK: usize = 102;
/// Blocks without the tone that end a press: shorter gaps are drop-outs.
const MISSES: u8 = 2;

const ROWS: [f32; 4] = [697.0, 770.0, 852.0, 941.0];
const COLUMNS: [f32; 4] = [1_209.0, 1_336.0, 1_477.0, 1_633.0];
const KEYS: [[char; 4]; 4] = [
    ['1', '2', '3', 'A'],
    ['4', '5', '6', 'B'],
    ['7', '8', '9', 'C'],
    ['*', '0', '#', 'D'],
];

/// Weakest tone, as amplitude of a 16 bit sine: −39 dBm0.
const WEAKEST: f32 = 250.0;
/// Share of the block's energy that the pair must hold. A pair 1.5 % off frequency holds 0.72 of it, speech seldom half.
const PURE: f32 = 0.62;
/// Power ratio to the other tones of a group: 7 dB.
const DISTINCT: f32 = 5.0;
/// Most that the high tone may be over the low one (Q.24: 4 dB), and under it (8 dB), each with 2 dB for the filters.
const HIGH_OVER_LOW: f32 = 4.0;
const LOW_OVER_HIGH: f32 = 10.0;
/// Most that a tone may be off its frequency (Q.24 accepts 1.5 % and refuses 3.5 %).
const OFF: f32 = 0.02;
/// Share of the energy that the pair must hold in both blocks once its true frequencies are known. It also refuses
/// blocks that the tone fills in part.
const PROVEN: f32 = 0.88;

/// One tone of a block.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Line {
    /// Place within its group.
    at: usize,
    /// Nominal frequency in Hz.
    hz: f32,
    power: f32,
    /// Angle at the end of the block, in radians.
    phase: f32,
}

impl Line {
    /// How far the tone is off its nominal frequency, in Hz, by the angle it turned since the block before.
    fn off(&self, before: &Self) -> f32 {
        let turns = self.hz * BLOCK as f32 / HZ as f32;
        let surplus = (self.phase - before.phase) / std::f32::consts::TAU - turns;
        (surplus - surplus.round()) * HZ as f32 / BLOCK as f32
    }

    /// Power that a filter loses on a tone that is `off` Hz beside it.
    fn loss(off: f32) -> f32 {
        let x = std::f32::consts::PI * off * BLOCK as f32 / HZ as f32;
        if x.abs() < 1e-3 {
            1.0
        } else {
            (x.sin() / x).powi(2)
        }
    }
}

/// What a block sounds like.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Hit {
    low: Line,
    high: Line,
    energy: f32,
}

impl Hit {
    fn key(&self) -> char {
        KEYS[self.low.at][self.high.at]
    }

    /// Whether this block and the one before are the same steady pair of tones and nothing else.
    fn proves(&self, before: &Self) -> bool {
        let low = self.low.off(&before.low);
        let high = self.high.off(&before.high);
        let near = low.abs() <= OFF * self.low.hz && high.abs() <= OFF * self.high.hz;
        let power = (self.low.power + before.low.power) / Line::loss(low)
            + (self.high.power + before.high.power) / Line::loss(high);
        let pure = power >= PROVEN * BLOCK as f32 / 2.0 * (self.energy + before.energy);
        self.key() == before.key() && near && pure
    }
}

/// Filters of the eight tones, each with its two last states.
#[derive(Debug)]
struct Filters {
    coefficients: [f32; 8],
    last: [f32; 8],
    before: [f32; 8],
    energy: f32,
    filled: usize,
}

impl Filters {
    fn new() -> Self {
        let mut coefficients = [0.0; 8];
        for (c, hz) in coefficients.iter_mut().zip(ROWS.iter().chain(&COLUMNS)) {
            *c = 2.0 * (std::f32::consts::TAU * hz / HZ as f32).cos();
        }
        Self {
            coefficients,
            last: [0.0; 8],
            before: [0.0; 8],
            energy: 0.0,
            filled: 0,
        }
    }

    /// Takes a sample; what the block sounds like when this one completes it.
    fn take(&mut self, sample: i16) -> Option<Option<Hit>> {
        let x = f32::from(sample);
        self.energy += x * x;
        for n in 0..8 {
            let next = x + self.coefficients[n] * self.last[n] - self.before[n];
            self.before[n] = self.last[n];
            self.last[n] = next;
        }
        self.filled += 1;
        (self.filled == BLOCK).then(|| self.finish())
    }

    fn finish(&mut self) -> Option<Hit> {
        let mut powers = [0.0; 8];
        for (n, power) in powers.iter_mut().enumerate() {
            let (a, b) = (self.last[n], self.before[n]);
            *power = a * a + b * b - self.coefficients[n] * a * b;
        }
        let hit = self.judge(&powers);
        self.last = [0.0; 8];
        self.before = [0.0; 8];
        self.energy = 0.0;
        self.filled = 0;
        hit
    }

    /// Whether the powers could be those of a key.
    fn judge(&self, powers: &[f32; 8]) -> Option<Hit> {
        let (rows, columns) = powers.split_at(4);
        let low = self.line(strongest(rows)?, &ROWS, 0);
        let high = self.line(strongest(columns)?, &COLUMNS, 4);
        let half = BLOCK as f32 / 2.0;
        let loud = low.power.min(high.power) >= (WEAKEST * half).powi(2);
        let pure = low.power + high.power >= PURE * half * self.energy;
        let twist = high.power <= low.power * HIGH_OVER_LOW && low.power <= high.power * LOW_OVER_HIGH;
        (loud && pure && twist).then_some(Hit {
            low,
            high,
            energy: self.energy,
        })
    }

    fn line(&self, (at, power): (usize, f32), group: &[f32; 4], offset: usize) -> Line {
        let hz = group[at];
        let (last, before) = (self.last[offset + at], self.before[offset + at]);
        let angle = std::f32::consts::TAU * hz / HZ as f32;
        let phase = (before * angle.sin()).atan2(last - before * angle.cos());
        Line { at, hz, power, phase }
    }
}

/// The strongest of a group, if it stands out.
fn strongest(group: &[f32]) -> Option<(usize, f32)> {
    let (at, &power) = group.iter().enumerate().max_by(|a, b| a.1.total_cmp(b.1))?;
    let stands_out = group
        .iter()
        .enumerate()
        .all(|(n, &other)| n == at || other * DISTINCT <= power);
    stands_out.then_some((at, power))
}

/// A press under way.
#[derive(Debug, Clone, Copy)]
struct Press {
    key: char,
    start: i64,
    last_hit: i64,
    misses: u8,
}

/// Finds keys in the audio, and takes them out of it.
#[derive(Debug)]
pub(crate) struct Inband {
    filters: Filters,
    /// The block before, where it was a hit.
    candidate: Option<Hit>,
    press: Option<Press>,
    /// Samples taken so far.
    position: i64,
    /// Audio from here on belongs to a press; to there, once it ended.
    blank: (i64, i64),
    held: [i16; HELD],
    held_kinds: [Played; HELD_TICKS],
    gate: Gate,
}

impl Inband {
    pub(crate) fn new() -> Self {
        Self {
            filters: Filters::new(),
            candidate: None,
            press: None,
            position: 0,
            blank: (i64::MAX, i64::MAX),
            held: [0; HELD],
            held_kinds: [Played::Silence; HELD_TICKS],
            gate: Gate::new(),
        }
    }

    /// Exchanges a tick of audio and its kind for the one held back longest, tones taken out. `tell` gets the keys.
    pub(crate) fn exchange(
        &mut self,
        audio: &mut [i16],
        kind: Played,
        tell: &mut dyn FnMut(KeyEvent),
    ) -> Played {
        for &sample in audio.iter() {
            self.position += 1;
            if let Some(hit) = self.filters.take(sample) {
                self.block(hit, tell);
            }
        }
        let count = audio.len().min(HELD);
        self.held[..count].swap_with_slice(&mut audio[..count]);
        self.held.rotate_left(count);
        let [oldest, newer] = self.held_kinds;
        self.held_kinds = [newer, kind];
        let end = self.position - HELD as i64;
        let (from, to) = self.blank;
        let open = end <= from || end - count as i64 >= to;
        if self.gate.pass(open, audio, HZ) {
            oldest
        } else {
            Played::Silence
        }
    }

    fn block(&mut self, hit: Option<Hit>, tell: &mut dyn FnMut(KeyEvent)) {
        let before = std::mem::replace(&mut self.candidate, hit);
        if let Some(press) = &mut self.press {
            if hit.is_some_and(|h| h.key() == press.key) {
                press.last_hit = self.position;
                press.misses = 0;
                return;
            }
            press.misses += 1;
            if press.misses < MISSES {
                return;
            }
            self.release(tell);
        }
        if let (Some(before), Some(hit)) = (before, hit)
            && hit.proves(&before)
        {
            self.press(hit.key(), tell);
        }
    }

    fn press(&mut self, key: char, tell: &mut dyn FnMut(KeyEvent)) {
        let block = BLOCK as i64;
        self.press = Some(Press {
            key,
            start: self.position - 2 * block,
            last_hit: self.position,
            misses: 0,
        });
        // The tone may have begun anywhere in the block before the first hit.
        self.blank = (self.position - 3 * block, i64::MAX);
        tell(KeyEvent::Down { key });
    }

    fn release(&mut self, tell: &mut dyn FnMut(KeyEvent)) {
        let Some(press) = self.press.take() else {
            return;
        };
        self.blank.1 = press.last_hit + BLOCK as i64;
        let duration_ms = (press.last_hit - press.start) as u32 / (HZ / 1_000);
        tell(KeyEvent::Up {
            key: press.key,
            duration_ms,
        });
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// Keys that a signal at 8 kHz presses, and what is left of it.
    pub(crate) fn hear(signal: &[i16]) -> (Vec<KeyEvent>, Vec<i16>) {
        let mut inband = Inband::new();
        let mut told = Vec::new();
        let mut left = Vec::new();
        for chunk in signal.chunks_exact(TICK).chain([[0; TICK].as_slice(); 4]) {
            let mut audio = chunk.to_vec();
            inband.exchange(&mut audio, Played::Real, &mut |e| told.push(e));
            left.extend(audio);
        }
        (told, left)
    }

    fn keys_down(signal: &[i16]) -> String {
        let (told, _) = hear(signal);
        told.iter()
            .filter_map(|e| match e {
                KeyEvent::Down { key } => Some(*key),
                KeyEvent::Up { .. } => None,
            })
            .collect()
    }

    /// Peak of a sine of so many dBm0 (a full-scale µ-law sine has 3.17).
    fn amplitude(dbm0: f64) -> f64 {
        32_124.0 * 10f64.powf((dbm0 - 3.17) / 20.0)
    }

    struct Tone {
        key: char,
        /// Level of each tone in dBm0.
        low: f64,
        high: f64,
        /// Frequencies off by this factor.
        off: f64,
        ms: usize,
        /// Silence before it, in samples: moves it against the blocks.
        lead: usize,
    }

    impl Tone {
        fn of(key: char) -> Self {
            Self {
                key,
                low: -10.0,
                high: -10.0,
                off: 1.0,
                ms: 60,
                lead: 800,
            }
        }

        fn render(&self) -> Vec<i16> {
            let row = KEYS.iter().position(|r| r.contains(&self.key)).unwrap();
            let column = KEYS[row].iter().position(|&k| k == self.key).unwrap();
            let step = std::f64::consts::TAU / 8_000.0 * self.off;
            let tone = (0..self.ms * 8).map(|n| {
                let low = (n as f64 * step * f64::from(ROWS[row])).sin() * amplitude(self.low);
                let high = (n as f64 * step * f64::from(COLUMNS[column])).sin() * amplitude(self.high);
                (low + high).clamp(-32_124.0, 32_124.0) as i16
            });
            let mut signal = vec![0; self.lead];
            signal.extend(tone);
            signal.extend([0; 1_600]);
            signal
        }
    }

    struct Noise(u64);

    impl Noise {
        fn next(&mut self) -> f64 {
            self.0 ^= self.0 << 13;
            self.0 ^= self.0 >> 7;
            self.0 ^= self.0 << 17;
            (self.0 >> 11) as f64 / (1u64 << 52) as f64 - 1.0
        }
    }

    #[test]
    fn every_key_is_heard_once_at_every_level_and_place() {
        for key in KEYS.into_iter().flatten() {
            for level in [-30.0, -20.0, -10.0, -3.0] {
                for lead in [800, 823, 851, 877] {
                    let tone = Tone {
                        low: level,
                        high: level,
                        lead,
                        ..Tone::of(key)
                    };
                    assert_eq!(
                        keys_down(&tone.render()),
                        key.to_string(),
                        "{level} dBm0, lead {lead}"
                    );
                }
            }
        }
    }

    #[test]
    fn the_limits_of_q24_are_kept() {
        let five = || Tone::of('5');
        let table = [
            ("40 ms", Tone { ms: 40, ..five() }, true),
            ("20 ms", Tone { ms: 20, ..five() }, false),
            ("1.5 % sharp", Tone { off: 1.015, ..five() }, true),
            ("1.5 % flat", Tone { off: 0.985, ..five() }, true),
            ("3.5 % sharp", Tone { off: 1.035, ..five() }, false),
            ("3.5 % flat", Tone { off: 0.965, ..five() }, false),
            ("high 4 dB over low", Tone { low: -14.0, ..five() }, true),
            (
                "high 8 dB under low",
                Tone {
                    high: -18.0,
                    ..five()
                },
                true,
            ),
            ("high 10 dB over low", Tone { low: -20.0, ..five() }, false),
            (
                "high 14 dB under low",
                Tone {
                    high: -24.0,
                    ..five()
                },
                false,
            ),
            (
                "-45 dBm0",
                Tone {
                    low: -45.0,
                    high: -45.0,
                    ..five()
                },
                false,
            ),
        ];
        for (name, tone, heard) in table {
            for lead in [800, 817, 834, 851, 868, 885] {
                let keys = keys_down(&Tone { lead, ..tone }.render());
                assert_eq!(keys, if heard { "5" } else { "" }, "{name}, lead {lead}");
            }
        }
    }

    #[test]
    fn presses_fifty_milliseconds_apart_are_two_and_have_their_length() {
        let mut signal = Tone {
            ms: 50,
            ..Tone::of('7')
        }
        .render();
        signal.truncate(800 + 400 + 400);
        signal.extend(
            &Tone {
                ms: 200,
                lead: 0,
                ..Tone::of('7')
            }
            .render(),
        );
        let (told, _) = hear(&signal);
        let durations: Vec<u32> = told
            .iter()
            .filter_map(|e| match e {
                KeyEvent::Up { duration_ms, .. } => Some(*duration_ms),
                KeyEvent::Down { .. } => None,
            })
            .collect();
        assert_eq!(keys_down(&signal), "77");
        assert!(
            (25..=65).contains(&durations[0]) && (170..=215).contains(&durations[1]),
            "{durations:?}"
        );
    }

    #[test]
    fn nothing_of_the_tone_is_left_in_the_audio() {
        for key in KEYS.into_iter().flatten() {
            for lead in 800..800 + BLOCK {
                let (_, left) = hear(
                    &Tone {
                        lead,
                        ms: 60,
                        ..Tone::of(key)
                    }
                    .render(),
                );
                let loudest = left.iter().map(|s| s.unsigned_abs()).max().unwrap();
                assert!(loudest < 40, "{key}, lead {lead}: {loudest}");
            }
        }
    }

    #[test]
    fn other_audio_comes_later_and_unchanged() {
        let speech: Vec<i16> = (0..1_600)
            .map(|n| ((n as f64 * 0.1).sin() * 9_000.0) as i16)
            .collect();
        let (told, left) = hear(&speech);
        assert_eq!(told, []);
        assert!(left[HELD..HELD + speech.len()] == speech);
    }

    #[test]
    fn a_key_is_heard_through_noise_fifteen_decibels_below() {
        let mut noise = Noise(7);
        for key in KEYS.into_iter().flatten() {
            let mut signal = Tone {
                ms: 80,
                ..Tone::of(key)
            }
            .render();
            for sample in &mut signal {
                *sample += (noise.next() * amplitude(-22.0)) as i16;
            }
            assert_eq!(keys_down(&signal), key.to_string());
        }
    }

    #[test]
    fn ten_minutes_of_noise_press_no_key() {
        let mut noise = Noise(99);
        let signal: Vec<i16> = (0..600 * 8_000)
            .map(|_| (noise.next() * 12_000.0) as i16)
            .collect();
        assert_eq!(keys_down(&signal), "");
    }

    #[test]
    fn ten_minutes_of_gliding_harmonics_with_formants_press_no_key() {
        let mut noise = Noise(1_234);
        let mut signal = Vec::with_capacity(600 * 8_000);
        let (mut pitch, mut phase, mut glide) = (120.0, 0.0f64, 1.0);
        let (mut formants, mut loudness) = ([700.0, 1_300.0], 4_000.0);
        for n in 0..600 * 8_000usize {
            if n % 1_200 == 0 {
                pitch = 160.0 + 80.0 * noise.next();
                // A fifth up or down a second, as in lively speech.
                glide = 1.0 + 7e-5 * noise.next();
                formants = [600.0 + 300.0 * noise.next(), 1_400.0 + 400.0 * noise.next()];
                loudness = 4_000.0 + 3_000.0 * noise.next();
            }
            pitch *= glide;
            phase += pitch / 8_000.0;
            // Three formants, and the fundamental itself.
            let voiced: f64 = (1..20)
                .map(|h| {
                    let hz = pitch * f64::from(h);
                    let near = |f: f64| 1.0 / (1.0 + ((hz - f) / 90.0).powi(2));
                    (phase * f64::from(h) * std::f64::consts::TAU).sin()
                        * (0.4 * near(pitch)
                            + near(formants[0])
                            + 0.7 * near(formants[1])
                            + 0.3 * near(2_500.0))
                })
                .sum();
            signal.push((voiced * loudness + noise.next() * 60.0).clamp(-32_000.0, 32_000.0) as i16);
        }
        assert_eq!(keys_down(&signal), "");
    }

    #[test]
    fn no_spoken_prompt_presses_a_key_at_any_pitch() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/prompts/en");
        let mut seconds = 0;
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.extension() != Some("opus".as_ref()) {
                continue;
            }
            let bytes = std::fs::read(&path).unwrap();
            let clip = crate::Clip::from_ogg_opus(&bytes, &[crate::Rate::Hz8000]).unwrap();
            let speech = clip.samples(crate::Rate::Hz8000).unwrap();
            seconds += speech.len() / 8_000;
            // One sample in so many left out is another voice, that much higher.
            for left_out in [usize::MAX, 12, 10, 8, 7, 6, 5] {
                let voice: Vec<i16> = (1..)
                    .zip(speech.iter())
                    .filter(|(n, _)| n % left_out != 0)
                    .map(|(_, &s)| s)
                    .collect();
                assert_eq!(keys_down(&voice), "", "{path:?}, 1 in {left_out} left out");
            }
        }
        assert!(seconds > 60, "{seconds} s of speech");
    }
}
