//! Speech is brought to its level, slowly, and nothing else is.

use super::material::{
    HZ, Song, active_level, hold_music, louder, mix, noise, prompts, round, song, spoken_at, tone, voice,
};
use super::{Caller, ticks};
use media::{Codec, Dbov};

const TARGET: f64 = -26.0;

/// What others hear of a caller, and the gain of each tick, in dB.
struct Levelled {
    audio: Vec<i16>,
    gains: Vec<f32>,
}

impl Levelled {
    fn new(said: &[i16]) -> Self {
        Self::with(Some(TARGET as i8), said)
    }

    fn with(target: Option<i8>, said: &[i16]) -> Self {
        let mut caller = Caller::new(Codec::Pcma, target);
        let (mut audio, mut gains) = (Vec::new(), Vec::new());
        for samples in ticks(said) {
            caller.say(samples);
            let db = caller.call.leg.agc_gain_db();
            gains.push(db);
            audio.extend(louder(caller.call.frame.samples(), f64::from(db)));
        }
        let told = caller.call.leg.quality().agc_gain_db;
        assert_eq!(told, gains.last().unwrap().round() as i8);
        Self { audio, gains }
    }

    fn last_gain(&self) -> f32 {
        *self.gains.last().unwrap()
    }
}

fn voices() -> Vec<(&'static str, Vec<i16>)> {
    vec![
        ("alice", round(&voice("alice"), 60)),
        ("bob", round(&voice("bob"), 60)),
        ("prompts", round(&prompts(), 60)),
    ]
}

#[test]
fn faint_and_loud_callers_come_near_the_level_within_ten_seconds_and_stay_there() {
    for (name, speech) in voices() {
        for level in [-41.0, -36.0, -31.0, -26.0, -21.0, -16.0] {
            let levelled = Levelled::new(&spoken_at(&speech, level));
            for part in levelled.audio[12 * HZ..].chunks_exact(16 * HZ) {
                let found = active_level(part);
                assert!((found - TARGET).abs() < 3.0, "{name} at {level}: {found:.1}");
            }
        }
    }
}

#[test]
fn the_gain_has_bounds() {
    let speech = voice("bob");
    let faint = Levelled::new(&spoken_at(&round(&speech, 60), -44.0));
    let loud = Levelled::new(&spoken_at(&round(&speech, 60), -12.0));
    assert_eq!((faint.last_gain(), loud.last_gain()), (15.0, -10.0));
}

#[test]
fn the_gain_moves_by_three_decibels_a_second_at_most_and_stands_still_between_words() {
    for (name, speech) in voices() {
        for level in [-40.0, -14.0] {
            let said = spoken_at(&speech, level);
            let levelled = Levelled::new(&said);
            for (n, pair) in levelled.gains.windows(2).enumerate() {
                let moved = (pair[1] - pair[0]).abs();
                assert!(moved < 0.061, "{name}, tick {n}: {moved} dB");
            }
            // Two ticks of the jitter buffer's delay; then a tick is a pause when it and what lies around it is 30 dB below the speech.
            let loud: Vec<bool> = ticks(&said)
                .map(|tick| f64::from(Dbov::of(tick).db()) > level - 30.0)
                .collect();
            let pauses = (3..loud.len()).filter(|n| !loud[n - 3..=*n].contains(&true));
            let moved = pauses
                .clone()
                .filter(|n| levelled.gains[*n] != levelled.gains[n - 1])
                .count();
            assert!(moved == 0 && pauses.count() > 200, "{name}: {moved}");
        }
    }
}

#[test]
fn a_caller_who_is_levelled_is_left_alone() {
    for (name, speech) in voices() {
        let levelled = Levelled::new(&spoken_at(&speech, -33.0));
        let settled = &levelled.gains[15 * 50..];
        let (least, most) = settled.iter().fold((f32::MAX, f32::MIN), |(least, most), gain| {
            (gain.min(least), gain.max(most))
        });
        assert!(most - least < 3.0, "{name}: {least} to {most} dB");
    }
}

const BAND: Song = Song {
    beats_a_minute: 100.0,
    drums: 0.5,
    chords: 0.5,
    bass: 0.6,
    melody: 0.6,
    decay: 2.0,
};

#[test]
fn music_tones_and_noise_are_not_levelled() {
    let pulses: Vec<i16> = (0..60)
        .flat_map(|n| tone(800.0, if n % 2 == 0 { -40.0 } else { -90.0 }, HZ / 2))
        .collect();
    for (name, audio) in [
        ("the bridge's own music", louder(&round(&hold_music(), 60), -12.0)),
        ("a band", louder(&song(BAND, 60), 10.0)),
        ("a tone", tone(1_000.0, -40.0, 60 * HZ)),
        ("pulses of a tone", pulses),
        ("noise", noise(-40.0, 60 * HZ)),
    ] {
        let after_silence = [&vec![0; HZ][..], &audio].concat();
        let worst = Levelled::new(&after_silence)
            .gains
            .iter()
            .fold(0.0_f32, |worst, gain| worst.max(gain.abs()));
        assert!(worst <= 0.5, "{name}: {worst} dB");
    }
}

/// The gains of one who speaks for half a minute at this level, puts the meeting on hold for a minute, and speaks on for another.
fn through_a_hold(level: f64, music: &[i16]) -> Vec<f32> {
    let speech = spoken_at(&round(&voice("alice"), 60), level);
    let story = [&speech[..30 * HZ], &music[..60 * HZ], &speech].concat();
    Levelled::new(&story).gains
}

#[test]
fn who_is_lifted_and_puts_the_meeting_on_hold_plays_his_music_no_louder_than_it_comes_and_is_lifted_again() {
    for (name, music) in [
        ("a band", louder(&song(BAND, 60), -8.0)),
        ("the bridge's own music", round(&hold_music(), 60)),
        ("a tone", tone(440.0, -20.0, 60 * HZ)),
    ] {
        let gains = through_a_hold(-36.0, &music);
        let before = gains[30 * 50];
        assert!(before > 8.0, "{name}: {before} dB");
        // It is suspected within half a minute, and 12 dB take two seconds.
        let (hold, suspected, back) = (30 * 50, 62 * 50, 90 * 50);
        let fell = gains[hold..back].windows(2).map(|pair| pair[0] - pair[1]);
        assert!(fell.fold(0.0, f32::max) < 0.121, "{name}");
        let most = gains[suspected..back].iter().copied().fold(0.0, f32::max);
        assert_eq!(most, 0.0, "{name}");
        let again = gains[gains.len() - 1];
        assert!(
            (again - before).abs() < 3.0,
            "{name}: {again} dB, {before} before"
        );
    }
}

#[test]
fn who_is_turned_down_plays_his_music_turned_down_too() {
    let gains = through_a_hold(-16.0, &louder(&song(BAND, 60), 6.0));
    let (before, after) = (gains[30 * 50], gains[90 * 50]);
    assert!(before < -6.0 && (before - after).abs() < 0.5, "{before} {after}");
}

#[test]
fn noise_is_not_lifted_over_a_soft_rush() {
    for (noise_dbov, most) in [(-70.0, 15.0), (-58.0, 9.0), (-50.0, 1.0)] {
        let speech = spoken_at(&round(&voice("alice"), 60), -42.0);
        let levelled = Levelled::new(&mix(&speech, &noise(noise_dbov, speech.len())));
        let gain = levelled.last_gain();
        assert!(
            (most - 3.0..most + 1.0).contains(&gain),
            "noise at {noise_dbov}: {gain} dB"
        );
    }
}

#[test]
fn who_was_faint_and_shouts_is_not_cut_off() {
    let voice = voice("bob");
    let story = [spoken_at(&round(&voice, 30), -42.0), spoken_at(&voice, -16.0)].concat();
    let levelled = Levelled::new(&story);
    assert!(levelled.gains[30 * 50 - 1] > 12.0);
    assert!(
        levelled
            .audio
            .iter()
            .all(|sample| sample.unsigned_abs() <= 29_300)
    );
    assert!(levelled.audio.iter().any(|sample| sample.unsigned_abs() > 28_000));
}

#[test]
fn without_a_target_nothing_is_changed() {
    let levelled = Levelled::with(None, &spoken_at(&round(&voice("alice"), 30), -40.0));
    assert!(levelled.gains.iter().all(|gain| *gain == 0.0));
}
