//! An ear that is fed with known sounds.

use super::*;
use crate::mark::Voice;
use crate::tone::dbov;

const MARKS: Marks = Marks {
    talkers: 3,
    talk: Talk::Always,
    seed: 1,
};
const SECONDS: u64 = 5;

#[expect(
    clippy::disallowed_methods,
    reason = "an arbitrary epoch; only offsets from it matter"
)]
fn epoch() -> Instant {
    Instant::now()
}

/// Listener 2, who is talker 2, hears talkers 0 and 1 for 5 s; `change` may alter sample `n`, or take its packet away.
fn listen(change: impl Fn(u64, i16) -> Option<i16>) -> Ear {
    let begin = epoch();
    let relation = |talker| {
        if talker == 2 {
            Relation::Own
        } else {
            Relation::Together
        }
    };
    let mut ear = Ear::new(MARKS, 8000, relation, (3, false), begin);
    ear.judge(begin, begin + Duration::from_secs(60));
    let voices = [0, 1].map(|talker| Voice::new(MARKS, talker, 8000));
    for packet in 0..SECONDS * 50 {
        let sample = |n: u64| change(n, voices.iter().map(|voice| voice.sample(n)).sum());
        // The stream's 20 ms are not the talkers': 37 samples apart.
        let samples: Vec<i16> = (0..160).map_while(|n| sample(packet * 160 + n + 37)).collect();
        if samples.len() == 160 {
            ear.hear(
                begin + Duration::from_millis(20 * packet),
                packet as u32 * 160,
                &samples,
            );
        }
    }
    ear.finish();
    ear
}

fn track(ear: &Ear, talker: usize) -> &Track {
    match &ear.heard[talker] {
        Heard::Track(track) => track,
        Heard::Own(_) | Heard::Elsewhere(_) => panic!("{talker} is to be heard"),
    }
}

fn own(ear: &Ear) -> f32 {
    match &ear.heard[2] {
        Heard::Own(presence) => dbov(presence.loudest),
        Heard::Track(_) | Heard::Elsewhere(_) => panic!("2 is the listener"),
    }
}

#[test]
fn clean_sound_has_levels_and_edges_and_no_faults() {
    let ear = listen(|_, sample| Some(sample));
    assert_eq!((ear.blocks, ear.clicks), (250, 0));
    for talker in [0, 1] {
        let track = track(&ear, talker);
        assert_eq!((track.gaps, track.dips, track.present), (0, 0, 250), "{talker}");
        assert!(track.level().unwrap().abs() < 0.3);
        assert!(
            track.edges.kept().len() >= 6,
            "{} edges",
            track.edges.kept().len()
        );
    }
    assert!(own(&ear) < -100.0, "{} dBov", own(&ear));
}

#[test]
fn edges_stand_where_they_were_made_to_a_millisecond() {
    let begin = epoch();
    let mut ear = Ear::new(MARKS, 8000, |_| Relation::Together, (3, false), epoch());
    ear.judge(begin, begin + Duration::from_secs(60));
    let voice = Voice::new(MARKS, 0, 8000);
    for packet in 0..100 {
        let samples: Vec<i16> = (0..160).map(|n| voice.sample(packet * 160 + n + 37)).collect();
        ear.hear(
            begin + Duration::from_millis(20 * packet),
            packet as u32 * 160,
            &samples,
        );
    }
    let found: Vec<_> = track(&ear, 0)
        .edges
        .kept()
        .iter()
        .map(|edge| (edge.at - begin).as_secs_f32() * 1000.0)
        .collect();
    let made = [3.0, 64.0, 67.0].map(|block| (block * 160.0 - 37.0) / 8.0);
    assert_eq!(found.len(), made.len());
    assert!(
        found
            .iter()
            .zip(made)
            .all(|(found, made)| (found - made).abs() < 1.0),
        "{found:?} for {made:?}"
    );
}

#[test]
fn ones_own_voice_is_found_thirty_db_down() {
    let voice = Voice::new(MARKS, 2, 8000);
    let ear = listen(|n, sample| Some(sample + voice.sample(n) / 32));
    assert!(own(&ear) > -60.0, "{} dBov", own(&ear));
}

#[test]
fn gaps_of_others_are_not_taken_for_ones_own_voice() {
    let ear = listen(|n, sample| Some(if n / 160 % 7 == 3 { 0 } else { sample }));
    assert!(track(&ear, 0).gaps + track(&ear, 0).dips > 20);
    assert!(own(&ear) < -90.0, "{} dBov", own(&ear));
}

#[test]
fn twenty_milliseconds_of_silence_are_a_gap_of_every_talker() {
    let ear = listen(|n, sample| Some(if (8_000..8_160).contains(&n) { 0 } else { sample }));
    for talker in [0, 1] {
        let found = track(&ear, talker);
        assert_eq!(found.gaps + found.dips, 1, "{talker}");
    }
    let ear = listen(|n, sample| Some(if (8_000..8_320).contains(&n) { 0 } else { sample }));
    assert_eq!((track(&ear, 0).gaps, track(&ear, 0).gap_blocks), (1, 1));
}

#[test]
fn a_packet_that_does_not_come_is_a_gap_of_every_talker() {
    let ear = listen(|n, sample| ((n - 37) / 160 != 60).then_some(sample));
    assert_eq!((track(&ear, 0).gaps, track(&ear, 1).gaps, ear.clicks), (1, 1, 0));
}

#[test]
fn one_wrong_sample_is_a_click() {
    let ear = listen(|n, sample| Some(if n == 20_000 { sample + 4_000 } else { sample }));
    assert_eq!((ear.clicks, track(&ear, 0).gaps), (1, 0));
}

#[test]
fn five_skipped_milliseconds_are_a_jump() {
    let voices = [0, 1].map(|talker| Voice::new(MARKS, talker, 8000));
    let ear = listen(|n, sample| {
        let later = voices.iter().map(|voice| voice.sample(n + 43)).sum();
        Some(if n >= 20_000 { later } else { sample })
    });
    let dips = track(&ear, 0).dips + track(&ear, 1).dips;
    assert!(ear.clicks + dips >= 1, "{} clicks, {dips} dips", ear.clicks);
}

#[test]
fn spurts_are_expected_when_they_are_made() {
    let marks = Marks {
        talk: Talk::Spurts,
        ..MARKS
    };
    let count = expected_blocks(&marks, 0, 0, 1_000);
    assert!((400..700).contains(&count), "{count}");
    assert_eq!(expected_blocks(&MARKS, 0, 17, 1_000), 1_000);
}
