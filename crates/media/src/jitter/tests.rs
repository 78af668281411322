//! Scenarios on simulated time with a known signal.

mod drift;

use super::*;
use crate::codec::g711;

const HZ: i64 = 8_000;

/// Sends a signal through a network of our making into a player.
struct Scene {
    player: Player,
    packet: i64,
    signal: fn(i64) -> i16,
    /// Parts per million that the sender's clock is fast.
    drift_ppm: f64,
    played: Vec<i16>,
    kinds: Vec<Played>,
    depths: Vec<i64>,
}

impl Scene {
    fn new(signal: fn(i64) -> i16) -> Self {
        Self {
            player: Player::new(Codec::Pcmu, JitterConfig::default()),
            packet: 160,
            signal,
            drift_ppm: 0.0,
            played: Vec::new(),
            kinds: Vec::new(),
            depths: Vec::new(),
        }
    }

    /// Runs for `seconds`. `network` gives each packet's way in ms, or `None` for a lost one.
    fn run(&mut self, seconds: i64, network: impl Fn(i64) -> Option<f64>) {
        let mut arrivals: Vec<(i64, i64)> = (0..seconds * HZ / self.packet + 50)
            .filter_map(|n| {
                let sent = (n + 1) as f64 * self.packet as f64 / (1.0 + self.drift_ppm / 1e6);
                let way = network(n)?;
                Some(((sent + way * 8.0) as i64, n * self.packet))
            })
            .collect();
        arrivals.sort_unstable();
        let mut arrivals = arrivals.into_iter().peekable();
        for tick in 0..seconds * 50 {
            let now = tick * 160 + 57;
            while let Some((at, timestamp)) = arrivals.next_if(|&(at, _)| at <= now) {
                self.push(at, timestamp);
            }
            let mut out = Frame::default();
            self.kinds.push(self.player.tick(now, Decode::Always, &mut out));
            self.depths.push(self.player.depth());
            self.played.extend(out.samples());
        }
    }

    fn push(&mut self, at: i64, timestamp: i64) {
        let samples: Vec<i16> = (0..self.packet).map(|n| (self.signal)(timestamp + n)).collect();
        let mut payload = vec![0; samples.len()];
        g711::encode_ulaw(&samples, &mut payload);
        self.player
            .push(at, timestamp + 1_000_000, Codec::Pcmu, &payload, Told::Nothing);
    }

    fn concealed(&self) -> usize {
        self.kinds.iter().filter(|&&k| k == Played::Concealed).count()
    }

    fn biggest_jump(&self, from_second: usize) -> i32 {
        let part = &self.played[from_second * 8_000..];
        part.windows(2)
            .map(|w| (i32::from(w[1]) - i32::from(w[0])).abs())
            .max()
            .unwrap()
    }

    fn mean_depth_ms(&self, from_second: usize) -> i64 {
        let part = &self.depths[from_second * 50..];
        part.iter().sum::<i64>() / part.len() as i64 / 8
    }

    fn worst_depth_ms(&self, from_second: usize) -> i64 {
        self.depths[from_second * 50..].iter().max().unwrap() / 8
    }
}

fn sine(n: i64, hz: f64, peak: f64) -> i16 {
    ((n as f64 * hz * std::f64::consts::TAU / 8_000.0).sin() * peak) as i16
}

fn tone(n: i64) -> i16 {
    sine(n, 440.0, 8_000.0)
}

/// Half a second of tone, half a second of pause.
fn words(n: i64) -> i16 {
    if n / 4_000 % 2 == 0 { tone(n) } else { 0 }
}

/// Steps of the tone itself after µ-law.
const TONE_STEP: i32 = 3_050;

/// A repeatable number in 0..1 for packet `n`.
fn noise(n: i64) -> f64 {
    let mut x = (n as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    x ^= x >> 29;
    x = x.wrapping_mul(0xbf58_476d_1ce4_e5b9);
    (x >> 11) as f64 / (1u64 << 53) as f64
}

#[test]
fn a_clean_network_plays_every_sample_once_with_less_than_a_tick_and_a_margin_of_delay() {
    for packet in [80, 160, 240, 320, 480, 800, 880, 1_280, 1_440] {
        let mut scene = Scene::new(tone);
        scene.packet = packet;
        scene.run(10, |_| Some(3.0));
        assert_eq!(scene.concealed(), 0, "packets of {packet}");
        let wait = if packet % 160 == 0 { 0 } else { 10 };
        assert!(
            scene.worst_depth_ms(1) <= 25 + wait,
            "packets of {packet}: {}",
            scene.worst_depth_ms(1)
        );
        assert!(
            scene.biggest_jump(1) <= TONE_STEP,
            "packets of {packet}: {}",
            scene.biggest_jump(1)
        );
    }
}

#[test]
fn single_losses_are_concealed_without_a_click_and_without_more_delay() {
    let mut scene = Scene::new(tone);
    scene.run(20, |n| (n % 20 != 19).then_some(3.0));
    assert!((49..=50).contains(&scene.concealed()), "{}", scene.concealed());
    assert!(scene.worst_depth_ms(1) <= 25);
    assert!(
        scene.biggest_jump(1) <= TONE_STEP + 400,
        "{}",
        scene.biggest_jump(1)
    );
    assert_eq!(scene.player.tally().late, 0);
}

#[test]
fn jitter_of_sixty_milliseconds_is_waited_out_after_the_first_seconds() {
    let mut scene = Scene::new(words);
    scene.run(60, |n| Some(10.0 + 60.0 * noise(n)));
    let late = scene.kinds[250..]
        .iter()
        .filter(|&&k| k == Played::Concealed)
        .count();
    assert!(
        late * 100 <= 3 * (scene.kinds.len() - 250),
        "{late} ticks concealed"
    );
    assert!(scene.worst_depth_ms(5) <= 110, "{}", scene.worst_depth_ms(5));
}

#[test]
fn loss_and_jitter_together_cost_little_more_than_the_loss() {
    for (loss, jitter) in [(0.05, 60.0), (0.10, 50.0)] {
        let mut scene = Scene::new(words);
        scene.run(60, |n| {
            (noise(n + 1_000_000) >= loss).then(|| 5.0 + jitter * noise(n))
        });
        let part = scene.concealed() as f64 / scene.kinds.len() as f64;
        assert!(part <= loss + 0.03, "{loss} lost, {part} concealed");
        assert!(scene.worst_depth_ms(5) <= 120, "{}", scene.worst_depth_ms(5));
    }
}

#[test]
fn an_outage_of_two_hundred_milliseconds_a_second_leaves_the_rest_whole() {
    let mut scene = Scene::new(tone);
    scene.run(60, |n| (n % 50 < 40).then_some(2.0));
    let real = scene.kinds.iter().filter(|&&k| k == Played::Real).count();
    assert!(real >= 60 * 40 - 60, "{real} of 2400 packets heard whole");
}

#[test]
fn the_delay_shrinks_again_when_jitter_is_over() {
    let mut scene = Scene::new(words);
    scene.run(60, |n| Some(if n < 500 { 60.0 * noise(n) } else { 0.0 }));
    assert!(scene.worst_depth_ms(50) <= 35, "{}", scene.worst_depth_ms(50));
}

#[test]
fn reordered_and_doubled_packets_play_once_and_in_order() {
    let mut scene = Scene::new(tone);
    scene.run(20, |n| Some(if n % 7 == 0 { 25.0 } else { 2.0 }));
    let late = scene.kinds[100..]
        .iter()
        .filter(|&&k| k == Played::Concealed)
        .count();
    assert_eq!(late, 0);
    assert!(
        scene.biggest_jump(2) <= TONE_STEP + 200,
        "{}",
        scene.biggest_jump(2)
    );
    let before = scene.player.tally();
    scene.push(20 * HZ, 20 * HZ);
    scene.push(20 * HZ, 20 * HZ);
    assert_eq!(scene.player.tally().duplicated, before.duplicated + 1);
}

type Signal = fn(i64) -> i16;

/// Signals without a pause: deep, middle and high tones, some that no whole number of samples fits, and two at once.
const UNBROKEN: [(&str, Signal); 6] = [
    ("97 Hz", |n| sine(n, 97.0, 8_000.0)),
    ("440 Hz", tone),
    ("1 kHz", |n| sine(n, 1_000.0, 8_000.0)),
    ("1234.5 Hz", |n| sine(n, 1_234.5, 8_000.0)),
    ("350 and 440 Hz", |n| {
        sine(n, 350.0, 4_000.0) + sine(n, 440.0, 4_000.0)
    }),
    ("450 and 850 Hz", |n| {
        sine(n, 450.0, 4_000.0) + sine(n, 850.0, 4_000.0)
    }),
];

/// The largest step of a signal itself after G.711.
fn own_jump(signal: Signal) -> i32 {
    let mut scene = Scene::new(signal);
    scene.run(20, |_| Some(2.0));
    scene.biggest_jump(1)
}

#[test]
fn a_drifting_clock_costs_neither_depth_nor_clicks_in_ten_minutes_of_unbroken_tone() {
    for (name, signal) in UNBROKEN {
        let own = own_jump(signal);
        for drift_ppm in [-200.0, 200.0] {
            let mut scene = Scene::new(signal);
            scene.drift_ppm = drift_ppm;
            scene.run(600, |n| Some(2.0 + noise(n)));
            let (jump, concealed) = (scene.biggest_jump(1), scene.concealed());
            assert!(
                jump <= own + own / 100,
                "{name}, {drift_ppm} ppm: {jump} over {own}"
            );
            assert_eq!(concealed, 0, "{name}, {drift_ppm} ppm");
            let (worst, mean) = (scene.worst_depth_ms(1), scene.mean_depth_ms(1));
            assert!(
                worst <= 45 && mean <= 32,
                "{name}, {drift_ppm} ppm: {mean}, at worst {worst} ms"
            );
            let moved = scene.player.tally();
            let (cut, doubled) = (moved.shortened as i64, moved.stretched as i64);
            let expected = (600.0 * 8_000.0 * drift_ppm / 1e6) as i64;
            assert!(
                (cut - doubled - expected).abs() < 400,
                "{name}, {drift_ppm} ppm: {cut} cut, {doubled} doubled"
            );
        }
    }
}

#[test]
fn the_delay_of_a_burst_is_gone_within_twenty_seconds_though_there_is_no_pause() {
    for (name, signal) in UNBROKEN {
        let own = own_jump(signal);
        let mut scene = Scene::new(signal);
        scene.run(60, |n| {
            Some(if (500..600).contains(&n) {
                150.0 * noise(n)
            } else {
                2.0
            })
        });
        assert!(scene.worst_depth_ms(10) > 140, "{name}");
        let (left, jump) = (scene.worst_depth_ms(32), scene.biggest_jump(14));
        assert!(left <= 35, "{name}: {left} ms");
        assert!(jump <= own * 5 / 4, "{name}: {jump} over {own}");
    }
}

#[test]
fn a_minute_after_the_last_straggler_the_delay_is_what_it_was_before_the_first() {
    let straggles = |n: i64| (1_000..1_300).contains(&n) && n % 50 < 3;
    // Of a tone only whole periods can go, and of the deepest one has 10 ms.
    let signals = UNBROKEN.map(|(name, signal)| (name, signal, 11));
    for (name, signal, more) in [signals.as_slice(), &[("words", words, 1)]].concat() {
        let own = own_jump(signal);
        for way in [0.0, 2.0, 4.0, 6.0, 8.0, 10.0, 12.0, 14.0, 16.0, 18.0] {
            let mut scene = Scene::new(signal);
            scene.run(100, |n| Some(if straggles(n) { way + 60.0 } else { way }));
            let mean = |from: usize, to: usize| {
                let part = &scene.depths[from * 50..to * 50];
                part.iter().sum::<i64>() / part.len() as i64 / 8
            };
            let (before, after) = (mean(10, 20), mean(85, 100));
            assert!(
                after <= before + more,
                "{name}, a way of {way} ms: {before}, then {after} ms"
            );
            assert!(scene.biggest_jump(40) <= own * 5 / 4, "{name}, a way of {way} ms");
        }
    }
}

#[test]
fn an_outage_never_pushes_the_delay_over_its_cap() {
    let mut scene = Scene::new(words);
    // Each ten seconds the network holds everything back for half a second, then delivers all of it at once.
    scene.run(60, |n| {
        Some(if n % 500 >= 475 {
            ((500 - n % 500) * 20) as f64
        } else {
            2.0
        })
    });
    assert!(scene.worst_depth_ms(0) <= 240, "{}", scene.worst_depth_ms(0));
}

#[test]
fn a_way_that_becomes_longer_than_the_cap_is_followed_within_half_a_second() {
    let mut scene = Scene::new(tone);
    scene.run(20, |n| Some(if n < 500 { 2.0 } else { 402.0 }));
    let real = scene.kinds[550..].iter().filter(|&&k| k == Played::Real).count();
    assert!(real >= 445, "{real}");
    assert!(scene.worst_depth_ms(12) <= 45, "{}", scene.worst_depth_ms(12));
}

#[test]
fn pauses_of_the_sender_are_silence_and_speech_resumes_whole() {
    let mut scene = Scene::new(tone);
    // Two seconds of speech, two of nothing.
    scene.run(20, |n| (n / 100 % 2 == 0).then_some(2.0));
    let silent = scene.kinds.iter().filter(|&&k| k == Played::Silence).count();
    let real = scene.kinds.iter().filter(|&&k| k == Played::Real).count();
    assert!(silent >= 480, "{silent} silent ticks");
    assert!(real >= 498, "{real} real ticks");
    assert_eq!(scene.player.tally().resyncs, 0);
}

#[test]
fn a_jump_of_the_timestamps_is_believed_the_second_time() {
    let mut scene = Scene::new(tone);
    scene.run(2, |_| Some(2.0));
    let silence = [0xff; 160];
    let at = 2 * HZ;
    scene
        .player
        .push(at, 77_000_000, Codec::Pcmu, &silence, Told::Nothing);
    assert_eq!(scene.player.tally().resyncs, 0);
    scene
        .player
        .push(at + 160, 77_000_160, Codec::Pcmu, &silence, Told::Nothing);
    assert_eq!(scene.player.tally().resyncs, 1);
    scene.player.tick(at + 330, Decode::Always, &mut Frame::default());
    assert_eq!(scene.player.position(), 77_000_320);
}

#[test]
fn timestamps_that_jump_back_by_less_than_a_second_are_followed_within_a_quarter_of_one() {
    for back in [0.3, 0.5, 0.9] {
        let mut scene = Scene::new(tone);
        scene.run(2, |_| Some(2.0));
        let (begin, before) = (2 * HZ, scene.player.tally().resyncs);
        let mut out = Frame::default();
        let mut tick = |n: i64| {
            let now = begin + n * 160;
            scene.push(now + 16, now - (back * HZ as f64) as i64);
            out.clear(out.rate());
            scene.player.tick(now + 57, Decode::Always, &mut out)
        };
        let real = (0..50).filter(|n| tick(*n) == Played::Real).count();
        assert!(real >= 38, "{back} s back: {real} of 50 ticks");
        assert_eq!(scene.player.tally().resyncs, before + 1, "{back} s back");
    }
}

#[test]
fn a_word_shorter_than_the_delay_ends_at_the_pause_that_was_told_of_before_it_was_played() {
    let config = JitterConfig {
        min_ms: 60,
        ..JitterConfig::default()
    };
    // A pause that lies too far ahead to be one is not waited for.
    for (pause, concealed) in [(160, 1..=1), (160 + 2 * HZ, 2..=4)] {
        let mut scene = Scene::new(tone);
        scene.player = Player::new(Codec::Pcmu, config);
        scene.push(0, 0);
        scene.player.pause(1_000_000 + pause);
        let mut out = Frame::default();
        for tick in 0..12 {
            out.clear(out.rate());
            let played = scene.player.tick(tick * 160 + 57, Decode::Always, &mut out);
            scene.kinds.push(played);
        }
        let real = scene.kinds.iter().filter(|kind| **kind == Played::Real).count();
        assert!(
            real == 1 && concealed.contains(&scene.concealed()),
            "{pause}: {:?}",
            scene.kinds
        );
    }
}

#[test]
fn comfort_noise_ends_the_talk_spurt_without_concealment() {
    let mut scene = Scene::new(tone);
    scene.run(1, |_| Some(2.0));
    scene.player.pause(1_000_000 + HZ);
    let mut out = Frame::default();
    let before = scene.player.tally().concealed;
    for tick in 50..55 {
        out.clear(out.rate());
        scene.player.tick(tick * 160 + 57, Decode::Always, &mut out);
    }
    assert!(scene.player.tally().concealed <= before + 160);
    assert_eq!(out, Frame::default());
}
