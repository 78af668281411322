//! Clocks that drift, in every codec: the packets are always the same, only when they come differs.

use std::f64::consts::TAU;

use super::*;
use crate::codec::{Encoder, Format};
use crate::frame::Rate;

/// Codecs with a memory and without, at each rate.
const CODECS: [Codec; 6] = [
    Codec::Pcmu,
    Codec::Pcma,
    Codec::G722,
    Codec::Opus(Rate::Hz8000),
    Codec::Opus(Rate::Hz16000),
    Codec::Opus(Rate::Hz48000),
];

/// Whole periods fit a tick, so that each shows the tone's level whatever its phase; none fits a whole number of samples at 8 or 16 kHz, so
/// that pieces are not cut from a tone that makes it easy.
const TONE: f64 = 450.0;
const PEAK: f64 = 8_000.0;

/// How long a line is listened to, in ticks: four minutes. At 100 ppm that is more than a tick of drift.
const TICKS: i64 = 4 * 60 * 50;
/// Packets there are: a clock that is fast sends more than one a tick.
const PACKETS: i64 = TICKS + 100;
/// Ticks until it is judged: decoders and the delay have settled.
const SETTLED: usize = 500;
/// Ticks through which the tone must stay in phase: ten seconds, in which one that is 40 ppm too high or low loses half a decibel.
const LONG: usize = 500;

/// How far the level may be off, dB.
const LEVEL_DB: f64 = 0.5;
/// The delay over its target, ms: one step of the histogram under it, as the target moves before the delay does, and what the lead over a slow
/// clock moves by; the length of a packet, the margin left in correcting it, and what the piece that fits best is too short by, over it.
const OFF_TARGET_MS: std::ops::RangeInclusive<f64> = -2.5..=32.0;

/// What is the same whatever the clock: a steady tone, encoded.
struct Line {
    codec: Codec,
    payloads: Vec<Vec<u8>>,
}

/// What came out of the jitter buffer.
struct Heard {
    /// The tone in each tick: how much of it is in phase with what was said, and how much a quarter of a period behind.
    tone: Vec<[f64; 2]>,
    /// Largest step between two samples.
    jump: i32,
    /// Ticks with something invented, in all and since it is settled.
    concealed: usize,
    concealed_settled: usize,
    /// Delay and its target in each tick, ms.
    delays: Vec<[f64; 2]>,
    tally: Tally,
}

impl Line {
    fn new(codec: Codec) -> Self {
        let (mut encoder, mut frame) = (Encoder::new(Format::of(codec)), Frame::silence(codec.rate()));
        for (sample, [sin, _]) in frame.samples_mut().iter_mut().zip(waves(codec.rate())) {
            *sample = (sin * PEAK) as i16;
        }
        let payload = |_| {
            let mut payload = [0; Codec::MAX_PAYLOAD];
            let length = encoder.encode(&frame, &mut payload);
            payload[..length].to_vec()
        };
        let payloads = (0..PACKETS).map(payload).collect();
        Self { codec, payloads }
    }

    /// When each packet comes from a clock that is `ppm` fast, with up to a millisecond of jitter.
    fn arrivals(&self, ppm: f64) -> Vec<i64> {
        let rate = self.codec.rate();
        let (tick, ms) = (rate.samples_per_tick() as f64, f64::from(rate.hz()) / 1_000.0);
        (0..PACKETS)
            .map(|n| {
                let sent = (n + 1) as f64 * tick / (1.0 + ppm / 1e6);
                (sent + (2.0 + noise(n)) * ms) as i64
            })
            .collect()
    }

    /// Listens to it from a clock that is `ppm` fast; ticks fall `phase` samples behind those of the clock at its beginning.
    fn heard(&self, ppm: f64, phase: i64) -> Heard {
        let rate = self.codec.rate();
        let (tick, ms) = (rate.samples_per_tick() as i64, f64::from(rate.hz()) / 1_000.0);
        let (waves, arrivals) = (waves(rate), self.arrivals(ppm));
        let mut player = Player::new(self.codec, JitterConfig::default());
        let mut heard = Heard::nothing();
        let (mut next, mut last) = (0_usize, 0);
        for now in (0..TICKS).map(|n| n * tick + phase) {
            while arrivals.get(next).is_some_and(|at| *at <= now) {
                let (timestamp, payload) = (next as i64 * tick, &self.payloads[next]);
                player.push(arrivals[next], timestamp, self.codec, payload, Told::Nothing);
                next += 1;
            }
            let mut frame = Frame::silence(rate);
            let played = player.tick(now, Decode::Always, &mut frame);
            let is_settled = heard.tone.len() >= SETTLED;
            let is_concealed = played == Played::Concealed;
            heard.concealed += usize::from(is_concealed);
            heard.concealed_settled += usize::from(is_concealed && is_settled);
            let delays = [player.depth(), player.target()];
            heard.delays.push(delays.map(|delay| delay as f64 / ms));
            heard.tone.push(tone_of(frame.samples(), &waves));
            for sample in frame.samples().iter().map(|sample| i32::from(*sample)) {
                let is_settled = heard.tone.len() > SETTLED;
                heard.jump = heard.jump.max(if is_settled { (sample - last).abs() } else { 0 });
                last = sample;
            }
        }
        heard.tally = player.tally();
        heard
    }
}

impl Heard {
    fn nothing() -> Self {
        Self {
            tone: Vec::new(),
            jump: 0,
            concealed: 0,
            concealed_settled: 0,
            delays: Vec::new(),
            tally: Tally::default(),
        }
    }

    /// Lowest and highest level of the tone over pieces of so many ticks, dB over what was said. Of a piece in which the tone does not stay
    /// in phase less is left than it has.
    fn levels(&self, ticks: usize) -> (f64, f64) {
        let pieces = self.tone[SETTLED..].chunks_exact(ticks);
        let level = |piece: &[[f64; 2]]| {
            let sum = |part: usize| piece.iter().map(|tone| tone[part]).sum::<f64>();
            20.0 * (sum(0).hypot(sum(1)) / (ticks as f64 * PEAK)).log10()
        };
        pieces
            .map(level)
            .fold((f64::MAX, f64::MIN), |(low, high), level| {
                (low.min(level), high.max(level))
            })
    }

    /// Whether the tone is as loud as in `steady`, which has the codec's own unsteadiness.
    fn is_level_with(&self, steady: &Self, ticks: usize) -> bool {
        let ((low, high), (least, most)) = (self.levels(ticks), steady.levels(ticks));
        low >= least - LEVEL_DB && high <= most + LEVEL_DB
    }

    /// How far the delay was off its target at the least and at the most, ms.
    fn off_target(&self) -> (f64, f64) {
        let off = self.delays[SETTLED..]
            .iter()
            .map(|[delay, target]| delay - target);
        off.fold((f64::MAX, f64::MIN), |(low, high), off| {
            (low.min(off), high.max(off))
        })
    }

    fn longest_delay(&self) -> f64 {
        let delays = self.delays[SETTLED..].iter().map(|[delay, _]| *delay);
        delays.fold(0.0, f64::max)
    }

    /// Packets that were not played for some reason.
    fn dropped(&self) -> u64 {
        let Tally {
            late,
            overflowed,
            duplicated,
            resyncs,
            ..
        } = self.tally;
        late + overflowed + duplicated + resyncs
    }
}

/// Sine and cosine of the tone through a tick.
fn waves(rate: Rate) -> Vec<[f64; 2]> {
    let angle = |n: usize| TAU * TONE * n as f64 / f64::from(rate.hz());
    (0..rate.samples_per_tick())
        .map(|n| <[f64; 2]>::from(angle(n).sin_cos()))
        .collect()
}

/// How much of each wave `samples` hold, as a peak.
fn tone_of(samples: &[i16], waves: &[[f64; 2]]) -> [f64; 2] {
    let part = |which: usize| {
        let products = samples
            .iter()
            .zip(waves)
            .map(|(sample, wave)| f64::from(*sample) * wave[which]);
        2.0 * products.sum::<f64>() / samples.len() as f64
    };
    [part(0), part(1)]
}

/// Where ticks fall among packets: a third of a tick behind them, unless a test says otherwise.
const fn third(codec: Codec) -> i64 {
    codec.rate().samples_per_tick() as i64 / 3
}

#[test]
fn a_clock_up_to_500_ppm_off_costs_nothing_but_seams_that_are_not_heard_in_any_codec() {
    for codec in CODECS {
        let line = Line::new(codec);
        let steady = line.heard(0.0, third(codec));
        for ppm in [-500.0, -350.0, -200.0, -100.0, 100.0, 200.0, 350.0, 500.0] {
            let heard = line.heard(ppm, third(codec));
            assert_eq!((heard.concealed, heard.dropped()), (0, 0), "{codec:?}, {ppm} ppm");
            let corrected = heard.tally.shortened + heard.tally.stretched;
            assert!(corrected > 0, "{codec:?}, {ppm} ppm: nothing was to be corrected");
            let (low, high) = heard.off_target();
            assert!(
                OFF_TARGET_MS.contains(&low) && OFF_TARGET_MS.contains(&high),
                "{codec:?}, {ppm} ppm: {low:.1} to {high:.1} ms over the target"
            );
            for ticks in [1, LONG] {
                assert!(
                    heard.is_level_with(&steady, ticks),
                    "{codec:?}, {ppm} ppm, pieces of {ticks} ticks: {:.2?} dB, steadily {:.2?}",
                    heard.levels(ticks),
                    steady.levels(ticks)
                );
            }
            // Across a seam the two ends of the tone are a little apart, by a part of what lies between two samples.
            let (jump, own) = (heard.jump, steady.jump);
            assert!(
                jump <= own + own / 50,
                "{codec:?}, {ppm} ppm: a step of {jump}, steadily {own}"
            );
        }
    }
}

#[test]
fn what_a_tone_of_another_pitch_would_be_is_noticed() {
    let steady = |hz: f64| Heard {
        tone: (0..TICKS)
            .map(|tick| (TAU * (hz - TONE) * tick as f64 / 50.0).sin_cos())
            .map(|(sin, cos)| [PEAK * cos, PEAK * sin])
            .collect(),
        ..Heard::nothing()
    };
    for (ppm, is_level) in [(0.0, true), (10.0, true), (100.0, false), (-200.0, false)] {
        let heard = steady(TONE * (1.0 + ppm / 1e6));
        assert_eq!(heard.is_level_with(&steady(TONE), LONG), is_level, "{ppm} ppm");
    }
}

/// Where ticks fall just behind the steps in which the delay is measured, packets would be missed before the wait has grown, were the drift
/// not foreseen.
#[test]
fn wherever_ticks_fall_nothing_of_a_slow_clock_is_concealed() {
    let line = Line::new(Codec::Pcmu);
    for ppm in [-500.0, -200.0] {
        for phase in 0..16 {
            let heard = line.heard(ppm, third(Codec::Pcmu) + phase);
            let found = (heard.concealed_settled, heard.dropped());
            assert_eq!(found, (0, 0), "{ppm} ppm, {phase} samples on");
        }
    }
}

#[test]
fn a_clock_that_is_no_clock_costs_delay_up_to_the_cap_or_a_tick_for_each_that_it_falls_behind() {
    let line = Line::new(Codec::Pcmu);
    let minutes = TICKS as f64 / 50.0 / 60.0;
    for (ppm, concealed_a_minute) in [(-2_000.0, 6.0), (-20_000.0, 60.0), (2_000.0, 0.0), (5_000.0, 2.0)] {
        let heard = line.heard(ppm, third(Codec::Pcmu));
        let (concealed, longest) = (heard.concealed as f64, heard.longest_delay());
        assert!(
            concealed <= minutes * concealed_a_minute + 1.0,
            "{ppm} ppm: {concealed} ticks concealed"
        );
        // The cap, and two ticks.
        let cap = f64::from(JitterConfig::default().max_ms) + 40.0;
        assert!(longest <= cap, "{ppm} ppm: {longest} ms");
    }
}
