//! Music is suspected, and speech is not.

use super::material::{HZ, Song, hold_music, louder, mix, noise, prompts, round, song, tone, voice};
use super::{Caller, ticks};
use media::{Codec, LegEvent};

/// Seconds at which it came to be suspected, and at which it was not any more.
fn suspected(audio: &[i16]) -> Vec<(usize, bool)> {
    let mut caller = Caller::new(Codec::Pcmu, None);
    let mut told = Vec::new();
    for (tick, samples) in ticks(audio).enumerate() {
        caller.say(samples);
        for event in caller.told() {
            if let LegEvent::Music { suspected } = event {
                told.push((tick / 50, suspected));
            }
        }
    }
    let last = told.last().is_some_and(|(_, suspected)| *suspected);
    assert_eq!(caller.call.leg.quality().music_suspected, last);
    told
}

/// Speech without any pause that is longer than those of consonants: what is 20 dB below the mean is cut out.
fn without_a_breath(speech: &[i16]) -> Vec<i16> {
    let power = |part: &[i16]| part.iter().map(|s| f64::from(*s).powi(2)).sum::<f64>() / part.len() as f64;
    let mean = power(speech);
    ticks(speech)
        .filter(|part| power(part) > mean / 100.0)
        .flatten()
        .copied()
        .collect()
}

#[test]
fn speech_is_never_suspected_through_minutes_in_quiet_and_in_noise() {
    let voices = [
        ("alice", round(&voice("alice"), 120)),
        ("bob", round(&voice("bob"), 120)),
        ("prompts", prompts()),
    ];
    for (name, speech) in voices {
        assert_eq!(suspected(&speech), [], "{name}");
        // The voices are at −18 dBov.
        for below_db in [20.0, 10.0, 5.0] {
            let noisy = mix(&speech, &noise(-18.0 - below_db, speech.len()));
            assert_eq!(suspected(&noisy), [], "{name}, noise {below_db} dB below");
        }
        assert_eq!(suspected(&louder(&speech, -20.0)), [], "{name}, faint");
        let long_winded = round(&without_a_breath(&speech), 120);
        assert_eq!(suspected(&long_winded), [], "{name} without a breath");
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
fn music_tones_and_loud_noise_are_suspected_within_half_a_minute() {
    let piano = Song {
        beats_a_minute: 60.0,
        drums: 0.0,
        chords: 0.0,
        bass: 0.3,
        melody: 0.8,
        decay: 3.0,
    };
    let drummer = Song {
        beats_a_minute: 120.0,
        drums: 2.0,
        ..BAND
    };
    let plucked = Song {
        beats_a_minute: 140.0,
        drums: 0.0,
        chords: 0.0,
        decay: 5.0,
        ..BAND
    };
    for (name, audio) in [
        ("the bridge's own", round(&hold_music(), 60)),
        ("a band", song(BAND, 60)),
        ("a slow piano", song(piano, 60)),
        ("a loud drummer", song(drummer, 60)),
        ("a plucked melody", song(plucked, 60)),
        ("a tone", tone(440.0, -20.0, 60 * HZ)),
        (
            "a dial tone",
            mix(&tone(350.0, -20.0, 60 * HZ), &tone(440.0, -20.0, 60 * HZ)),
        ),
        ("loud noise", noise(-30.0, 60 * HZ)),
    ] {
        let told = suspected(&audio);
        assert!(matches!(told[..], [(15..30, true)]), "{name}: {told:?}");
    }
}

#[test]
fn what_is_too_faint_to_disturb_is_not_suspected() {
    assert_eq!(suspected(&noise(-55.0, 60 * HZ)), []);
    assert_eq!(suspected(&louder(&round(&hold_music(), 60), -30.0)), []);
    assert_eq!(suspected(&vec![0; 60 * HZ]), []);
}

#[test]
fn who_takes_the_meeting_off_hold_is_cleared_whether_he_speaks_or_is_silent() {
    let speech = round(&voice("alice"), 60);
    for (name, after) in [("speaks", speech.clone()), ("is silent", vec![0; 60 * HZ])] {
        let story = [&speech[..], &song(BAND, 60), &after].concat();
        let told = suspected(&story);
        assert!(
            matches!(told[..], [(75..92, true), (120..145, false)]),
            "{name}: {told:?}"
        );
    }
}

#[test]
fn a_short_tune_in_a_talk_is_not_suspected() {
    let speech = round(&voice("bob"), 20);
    let tune = song(BAND, 10);
    let story = [&speech[..], &tune, &speech, &tune, &speech].concat();
    assert_eq!(suspected(&story), []);
}
