//! The faint noise beneath everything, as phones hear it to which silence is sent like all else: nobody takes the line for dead.

mod common;

use common::meeting::Meeting;
use common::{Phone, config};
use media::{Clip, Codec, Dbov, Rate};
use mixer::ShardConfig;

const CODECS: [Codec; 5] = [
    Codec::Pcmu,
    Codec::Pcma,
    Codec::G722,
    Codec::Opus(Rate::Hz16000),
    Codec::Opus(Rate::Hz48000),
];
/// How loud half a second of it is, dBov: about −67. Laid twice, once by each of two branches, it would be louder.
const LEVEL: std::ops::RangeInclusive<i8> = -70..=-65;
/// Ticks of half a second.
const HALF: usize = 25;

fn noise() -> Clip {
    media::noise::comfort_noise(&Rate::ALL)
}

/// A meeting in which nobody speaks, and everybody has listened for two seconds: a branch for each list of codecs.
fn silent_meeting(noise: &Clip, codecs: &[&[Codec]]) -> Meeting {
    let alive = || ShardConfig {
        noise: noise.clone(),
        ..config()
    };
    let mut meeting = Meeting::with(alive, 8, codecs);
    meeting.speak(&[]);
    // Codecs and buffers get under way.
    meeting.run(1_000);
    meeting.listen_anew();
    meeting.run(2_000);
    meeting
}

/// What a phone has kept is the noise and nothing else: it never pauses, keeps its level, and is at no time as loud as a voice.
fn hears_noise_alone(phone: &Phone, what: &str) {
    let (heard, tick) = (&phone.heard, phone.codec.rate().samples_per_tick());
    let what = format!("{what}: {:?} with {:?}", phone.key, phone.codec);
    assert!(heard.len() >= 2 * HALF * tick, "{what}: {}", heard.len());
    for half in heard.chunks_exact(HALF * tick) {
        let level = Dbov::of(half).db();
        assert!(LEVEL.contains(&level), "{what}: {level} dBov");
    }
    for (number, tick) in heard.chunks_exact(tick).enumerate() {
        let moves = tick.iter().any(|sample| *sample != tick[0]);
        assert!(moves, "{what}: silence in tick {number}");
        let level = Dbov::of(tick);
        assert!(level < Dbov::AUDIBLE, "{what}: {level:?} in tick {number}");
    }
}

#[test]
fn in_every_codec_a_line_is_alive_alone_among_others_and_in_two_branches() {
    let noise = noise();
    for codec in CODECS {
        let meetings: [(&str, &[&[Codec]]); 3] = [
            ("alone", &[&[codec]]),
            ("among others", &[&[codec, Codec::Pcmu, codec]]),
            ("in two branches", &[&[codec], &[codec, Codec::Pcmu]]),
        ];
        for (what, codecs) in meetings {
            let meeting = silent_meeting(&noise, codecs);
            meeting.phones().for_each(|phone| hears_noise_alone(phone, what));
        }
    }
}

#[test]
fn in_every_codec_the_noise_goes_on_without_a_step_when_the_only_talker_stops() {
    const TALKER: u64 = 1;
    let noise = noise();
    for codec in CODECS {
        let meetings: [(&str, &[&[Codec]]); 2] = [
            ("behind one of the same branch", &[&[codec, codec]]),
            ("behind one of another branch", &[&[codec], &[codec]]),
        ];
        for (what, codecs) in meetings {
            let mut meeting = silent_meeting(&noise, codecs);
            let usual: Vec<_> = meeting.phones().map(Phone::worst_jump).collect();
            meeting.speak(&[TALKER]);
            meeting.run(1_000);
            assert_eq!(meeting.heard_by(0), [TALKER], "{what}: {codec:?}");
            meeting.speak(&[]);
            // His last word is out of all buffers then; he leaves the sum only later.
            meeting.run(300);
            meeting.listen_anew();
            meeting.run(2_000);
            for (phone, usual) in meeting.phones().zip(usual) {
                hears_noise_alone(phone, what);
                let worst = phone.worst_jump();
                assert!(
                    worst <= 2 * usual,
                    "{what}: {codec:?} steps by {worst}, {usual} before"
                );
            }
        }
    }
}
