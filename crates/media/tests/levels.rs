//! Levels in packets (RFC 6464): who says that he is silent is not decoded, who says that he is loud is decoded at once, and who lies
//! is found out.

mod common;

use common::{Call, PEER, config, session};
use media::{Codec, Dbov, Decode, Format, Frame, Heard, LevelFormat, Rate, Session};
use opus::{Application, Channels};

const ID: u8 = 3;
const LEVELS: LevelFormat = LevelFormat {
    id: ID,
    voice_flag: true,
};

/// How a peer makes its payloads.
enum Mouth {
    Media(Box<media::Encoder>),
    /// CELT alone, of which nothing is known without decoding it.
    Celt(opus::Encoder),
}

/// A peer that tells the level of each packet.
struct Talk {
    call: Call,
    codec: Codec,
    mouth: Mouth,
    said: usize,
}

impl Talk {
    fn new(codec: Codec, mouth: Mouth, levels: LevelFormat) -> Self {
        let mut config = config();
        config.session = Session {
            format: Format::of(codec),
            payload_type: 96,
            receive_payload_type: 96,
            audio_level: Some(levels),
            ..session()
        };
        let mut call = Call::new(config);
        call.decode = Decode::IfTalking;
        Self {
            call,
            codec,
            mouth,
            said: 0,
        }
    }

    fn of(codec: Codec) -> Self {
        Self::new(
            codec,
            Mouth::Media(Box::new(media::Encoder::new(Format::of(codec)))),
            LEVELS,
        )
    }

    fn celt() -> Self {
        let encoder = opus::Encoder::new(48_000, Channels::Mono, Application::LowDelay).unwrap();
        Self::new(Codec::Opus(Rate::Hz48000), Mouth::Celt(encoder), LEVELS)
    }

    /// One tick in which a packet comes; `tell` makes the extension's content from the true level.
    fn say(&mut self, sound: impl Fn(f64) -> f64, tell: impl Fn(Dbov) -> Vec<u8>) -> Heard {
        let rate = self.codec.rate();
        let mut frame = Frame::silence(rate);
        for (n, sample) in frame.samples_mut().iter_mut().enumerate() {
            *sample = sound((self.said + n) as f64 / f64::from(rate.hz())) as i16;
        }
        self.said += rate.samples_per_tick();
        let mut payload = [0; Codec::MAX_PAYLOAD];
        let length = match &mut self.mouth {
            Mouth::Media(encoder) => encoder.encode(&frame, &mut payload),
            Mouth::Celt(encoder) => encoder.encode(frame.samples(), &mut payload[..200]).unwrap(),
        };
        let content = tell(Dbov::of(frame.samples()));
        let mut packet = self.call.next_packet(96, &[]);
        packet[0] |= 0x10;
        packet.extend([0xbe, 0xde, 0, (content.len() / 4) as u8]);
        packet.extend(content);
        packet.extend(&payload[..length]);
        self.call.timestamp = self.call.timestamp.wrapping_add(self.codec.clock_hz() / 50);
        self.call.rtp_from(PEER, &packet);
        self.call.tick()
    }

    /// Says so for so many ticks; returns how often it was decoded.
    fn go_on(&mut self, ticks: usize, sound: impl Fn(f64) -> f64, tell: impl Fn(Dbov) -> Vec<u8>) -> usize {
        let heard = (0..ticks).filter(|_| self.say(&sound, &tell) != Heard::Skipped);
        heard.count()
    }
}

fn content(level: Dbov, voice: bool) -> Vec<u8> {
    let flag = if voice { 0x80 } else { 0 };
    vec![ID << 4, flag | level.db().unsigned_abs(), 0, 0]
}

/// The truth, with a detector of voices that hears all that is loud.
fn honest(level: Dbov) -> Vec<u8> {
    content(level, level.db() > -50)
}

fn always_silent(_: Dbov) -> Vec<u8> {
    content(Dbov::SILENCE, false)
}

fn tone(time: f64) -> f64 {
    (time * 700.0 * std::f64::consts::TAU).sin() * 8_000.0
}

/// −72 dBov, from a sum of tones that never meet.
fn faint(time: f64) -> f64 {
    let angle = time * std::f64::consts::TAU;
    [317.0, 811.0, 1_777.0]
        .iter()
        .map(|hz| (angle * hz).sin() * 6.0)
        .sum()
}

/// Syllables, five a second, with pauses between them.
fn speech(time: f64) -> f64 {
    let syllable = (time * 5.0).floor();
    let pitch = 100.0 + 13.0 * (syllable % 5.0);
    let swell = (time * 5.0 * std::f64::consts::PI).sin().powi(2);
    let pulse = (time * pitch).fract();
    (-pulse * 6.0).exp() * (pulse * 40.0).sin() * swell * 20_000.0
}

#[test]
fn celt_whose_level_says_silence_is_not_decoded_and_the_first_word_after_it_is_whole() {
    let hear = |decode: Decode| {
        let mut talk = Talk::celt();
        talk.call.decode = decode;
        let decoded = talk.go_on(200, faint, honest);
        let begin = talk.said as f64 / 48_000.0;
        let mut heard = Vec::new();
        for _ in 0..25 {
            let word = talk.say(|time| speech(time - begin), honest);
            heard.push(talk.call.frame.samples().to_vec());
            if matches!(word, Heard::Audio { level } if level >= Dbov::AUDIBLE) {
                talk.call.decode = Decode::Always;
            }
        }
        (decoded, heard.concat())
    };
    let (decoded, heard) = hear(Decode::IfTalking);
    let (all, whole) = hear(Decode::Always);
    assert!(decoded <= 10 && all == 200, "{decoded} and {all} of 200 decoded");
    let energy = |samples: &mut dyn Iterator<Item = f64>| samples.map(|s| s * s).sum::<f64>();
    let difference = energy(
        &mut heard
            .iter()
            .zip(&whole)
            .map(|(a, b)| f64::from(*a) - f64::from(*b)),
    );
    let ratio = difference / energy(&mut whole.iter().map(|s| f64::from(*s)));
    assert!(ratio < 0.02, "{ratio:.4} of the energy differs");
}

#[test]
fn silence_is_spared_in_every_codec_and_a_told_voice_is_decoded_at_once() {
    for codec in [
        Codec::Pcmu,
        Codec::Pcma,
        Codec::G722,
        Codec::Opus(Rate::Hz8000),
        Codec::Opus(Rate::Hz16000),
        Codec::Opus(Rate::Hz48000),
    ] {
        let mut talk = Talk::of(codec);
        talk.go_on(50, faint, honest);
        let decoded = talk.go_on(100, faint, honest);
        assert!(decoded <= 6, "{codec:?}: {decoded} of 100 decoded");
        talk.say(tone, honest);
        let heard = talk.say(tone, honest);
        assert!(
            matches!(heard, Heard::Audio { level } if level.db() > -20),
            "{codec:?}: {heard:?}"
        );
    }
}

#[test]
fn a_tone_that_opus_takes_for_noise_is_decoded_at_once_where_its_level_is_told() {
    let mut talk = Talk::of(Codec::Opus(Rate::Hz16000));
    let decoded = talk.go_on(500, tone, |_| vec![0; 4]);
    assert!(decoded < 300, "{decoded} of 500 decoded: the flags are up");
    assert_eq!(talk.go_on(100, tone, honest), 100);
}

#[test]
fn who_always_says_that_he_is_silent_is_heard_within_half_a_second_and_soon_not_believed() {
    let mut talk = Talk::celt();
    talk.go_on(100, faint, always_silent);
    let mut first = None;
    for n in 0..50 {
        let heard = talk.say(tone, always_silent);
        if matches!(heard, Heard::Audio { level } if level >= Dbov::AUDIBLE) {
            first.get_or_insert(n);
            // As the mixer does whose gate has opened.
            talk.call.decode = Decode::Always;
        }
    }
    let loud = talk.say(tone, always_silent);
    assert!(
        matches!(loud, Heard::Audio { level } if level.db() > -20),
        "{loud:?}"
    );
    assert!(first.is_some_and(|n| n <= 25), "heard at {first:?}");
    let counted = talk.call.leg.quality().false_levels;
    assert!(counted >= 10, "{counted} lies counted");
    // Pauses are true, and make him no honest man: his next word is heard from its beginning.
    talk.go_on(50, |_| 0.0, always_silent);
    talk.call.decode = Decode::IfTalking;
    talk.go_on(50, |_| 0.0, always_silent);
    talk.say(tone, always_silent);
    let heard = talk.say(tone, always_silent);
    assert!(
        matches!(heard, Heard::Audio { level } if level.db() > -20),
        "{heard:?}"
    );
}

#[test]
fn a_few_lies_are_forgiven() {
    let mut talk = Talk::celt();
    talk.call.decode = Decode::Always;
    for _ in 0..20 {
        talk.go_on(8, tone, always_silent);
        talk.go_on(9, |_| 0.0, always_silent);
    }
    talk.call.decode = Decode::IfTalking;
    assert!(talk.go_on(50, |_| 0.0, always_silent) <= 2);
}

#[test]
fn the_flag_for_voice_decides_between_noise_and_a_soft_voice_where_it_means_anything() {
    for (db, voice, voice_flag, is_spared) in [
        (-59, false, true, false),
        (-63, false, true, true),
        (-63, true, true, false),
        (-63, false, false, false),
        (-63, true, false, false),
        (-70, true, true, true),
        (-70, false, false, true),
    ] {
        let mut talk = Talk::celt();
        talk.call.change(Session {
            audio_level: Some(LevelFormat { id: ID, voice_flag }),
            ..talk.call.leg.session().clone()
        });
        let decoded = talk.go_on(100, faint, |_| content(Dbov::new(db), voice));
        assert_eq!(
            decoded <= 10,
            is_spared,
            "{db} dBov, {voice}, {voice_flag}: {decoded} decoded"
        );
    }
}

#[test]
fn extensions_that_lie_are_counted_and_their_audio_is_taken() {
    let cases: [(&str, [u8; 4], u64); 6] = [
        ("an element too long", [0x1f, 0, 0, 0], 1),
        ("a level of two bytes", [ID << 4 | 1, 0xff, 0xff, 0], 1),
        ("another element too long before it", [0x23, 0, ID << 4, 127], 1),
        ("another element", [0x10, 127, 0, 0], 0),
        ("padding", [0; 4], 0),
        ("the end", [0xf0, ID << 4, 127, 0], 0),
    ];
    for (name, content, counted) in cases {
        let mut talk = Talk::celt();
        assert_eq!(talk.go_on(20, tone, |_| content.to_vec()), 20, "{name}");
        let quality = talk.call.leg.quality();
        assert_eq!(
            (quality.malformed_extensions, quality.malformed),
            (20 * counted, 0),
            "{name}"
        );
        assert_eq!(quality.received, 20, "{name}");
    }
}

#[test]
fn a_reinvite_may_bring_levels_another_number_or_take_them_away() {
    let mut talk = Talk::celt();
    let spared = |talk: &mut Talk, audio_level, id: u8| {
        talk.call.change(Session {
            audio_level,
            ..talk.call.leg.session().clone()
        });
        talk.go_on(50, faint, |level| vec![id << 4, level.db().unsigned_abs(), 0, 0]) <= 5
    };
    let at = |id| Some(LevelFormat { id, ..LEVELS });
    assert!(spared(&mut talk, at(ID), ID));
    assert!(!spared(&mut talk, at(9), ID));
    assert!(spared(&mut talk, at(9), 9));
    assert!(!spared(&mut talk, None, 9));
}
