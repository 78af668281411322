//! Legs that send back what they hear are found, with delay and loss, and others are not.

use super::material::{HZ, louder, mix, noise, prompts, round, song, spoken_at, voice};
use super::{Caller, ticks};
use media::{Codec, Dbov, Echo, LegEvent, Rate};

const CODECS: [Codec; 3] = [Codec::Pcmu, Codec::Pcma, Codec::Opus(Rate::Hz8000)];

/// The others, as the leg is sent them, and what its phone gives back; seconds and changes of the suspicion.
struct Story {
    told: Vec<(usize, Option<Echo>)>,
    last: Option<Echo>,
    caller: Caller,
}

impl Story {
    fn new(codec: Codec, sent: &[i16], said: &[i16]) -> Self {
        let mut caller = Caller::new(codec, Some(-26));
        let mut told = Vec::new();
        for (n, (sent, said)) in ticks(sent).zip(ticks(said)).enumerate() {
            caller.say(said);
            caller.call.leg.note_sent(Dbov::of(sent));
            for event in caller.told() {
                if let LegEvent::Echo { suspected } = event {
                    told.push((n / 50, suspected));
                }
            }
        }
        let last = caller.call.leg.quality().echo;
        Self { told, last, caller }
    }
}

/// What a phone on loudspeaker gives back of what it hears, with a little of the room.
fn reflected(sent: &[i16], delay_ms: usize, loss_db: f64) -> Vec<i16> {
    let mut sum = vec![0; delay_ms * HZ / 1_000];
    sum.extend(louder(sent, -loss_db));
    for (ms, db) in [(7, 8.0), (19, 14.0)] {
        let late = [
            &vec![0; (delay_ms + ms) * HZ / 1_000][..],
            &louder(sent, -loss_db - db),
        ]
        .concat();
        sum = mix(&sum, &late[..sum.len()]);
    }
    mix(&sum, &noise(-66.0, sum.len()))
}

fn others() -> Vec<i16> {
    spoken_at(&prompts()[30 * HZ..90 * HZ], -20.0)
}

#[test]
fn an_echo_is_found_with_its_delay_and_its_loss() {
    let sent = others();
    for codec in CODECS {
        for delay_ms in [100, 250, 400] {
            for loss_db in [10.0, 20.0, 30.0] {
                let story = Story::new(codec, &sent, &reflected(&sent, delay_ms, loss_db));
                let what = format!("{codec:?}, {delay_ms} ms, {loss_db} dB: {:?}", story.told);
                let [(found_at, Some(echo))] = story.told[..] else {
                    panic!("{what}")
                };
                assert!(found_at < 15, "{what}");
                // The jitter buffer adds its part, up to a tick and a half.
                let added = i32::from(echo.delay_ms) - delay_ms as i32;
                assert!((-20..=50).contains(&added), "{what}");
                assert!((f64::from(echo.loss_db) - loss_db).abs() <= 4.0, "{what}");
                assert!(story.last.is_some() && story.caller.call.leg.quality().echo_ms > 40_000);
            }
        }
    }
}

#[test]
fn an_echo_is_found_while_its_owner_talks_as_well() {
    let sent = others();
    let mut own = spoken_at(&round(&voice("alice"), 60), -22.0);
    // He talks for three seconds of twelve, over the others.
    own.iter_mut()
        .enumerate()
        .filter(|(n, _)| !(n / (3 * HZ)).is_multiple_of(4))
        .for_each(|(_, sample)| *sample = 0);
    for loss_db in [10.0, 20.0] {
        let story = Story::new(Codec::Pcmu, &sent, &mix(&reflected(&sent, 250, loss_db), &own));
        assert!(
            matches!(
                story.told[..],
                [
                    (
                        0..40,
                        Some(Echo {
                            delay_ms: 240..=300,
                            ..
                        })
                    ),
                    ..
                ]
            ),
            "{loss_db} dB: {:?}",
            story.told
        );
    }
}

#[test]
fn who_only_talks_is_not_suspected_whatever_the_others_do() {
    let whole = prompts();
    let (prompts, more) = whole.split_at(140 * HZ);
    let noise = noise(-64.0, 120 * HZ);
    let turns = |audio: &[i16], ms: usize, mine: bool| -> Vec<i16> {
        let own = |n: usize| (n * 1_000 / HZ / ms).is_multiple_of(2) == mine;
        audio
            .iter()
            .enumerate()
            .map(|(n, sample)| if own(n) { *sample } else { 0 })
            .collect()
    };
    let (alice, bob) = (
        spoken_at(&round(&voice("alice"), 120), -20.0),
        spoken_at(&round(&voice("bob"), 120), -24.0),
    );
    let band = super::material::Song {
        beats_a_minute: 110.0,
        drums: 0.8,
        chords: 0.5,
        bass: 0.6,
        melody: 0.6,
        decay: 2.0,
    };
    for (name, sent, said) in [
        ("two at once", alice.clone(), bob.clone()),
        ("two prompts", more.to_vec(), louder(prompts, -6.0)),
        ("a faint one", alice.clone(), louder(&bob, -20.0)),
        (
            "turns of three seconds",
            turns(&alice, 3_000, true),
            turns(&bob, 3_000, false),
        ),
        (
            "turns of 700 ms",
            turns(&alice, 700, true),
            turns(&bob, 700, false),
        ),
        ("music over him", song(band, 120), louder(&bob, -10.0)),
        ("his music", alice.clone(), louder(&song(band, 120), -20.0)),
        (
            "noise alone",
            alice.clone(),
            super::material::noise(-48.0, 120 * HZ),
        ),
        ("a silent line", alice, vec![0; 120 * HZ]),
    ] {
        let story = Story::new(Codec::Pcmu, &sent, &mix(&said, &noise));
        assert_eq!(story.told, [], "{name}");
    }
}

#[test]
fn an_echo_that_is_gone_is_not_suspected_any_more() {
    let sent = spoken_at(&prompts()[30 * HZ..120 * HZ], -20.0);
    let mut said = reflected(&sent, 180, 15.0);
    said[45 * HZ..].fill(0);
    let story = Story::new(Codec::Pcmu, &sent, &mix(&said, &noise(-64.0, said.len())));
    assert!(
        matches!(story.told[..], [(0..15, Some(_)), (45..60, None)]),
        "{:?}",
        story.told
    );
}

#[test]
fn an_echo_is_not_levelled() {
    let sent = others();
    let story = Story::new(Codec::Pcmu, &sent, &reflected(&sent, 300, 20.0));
    assert_eq!(story.caller.call.leg.agc_gain_db(), 0.0);
}
