//! Keys that are down (RFC 4733) while a re-INVITE changes the audio beneath them.

mod common;

use common::{Call, EVENT, KEYS, PEER, config, session};
use media::{Codec, Encoder, Format, Frame, Heard, KeyFormat, LegEvent, Rate, Session};

const AUDIO: u8 = 96;
/// Ticks that a key is down.
const DOWN: u16 = 20;

/// A phone whose timestamps wrap within a second, those of keys too.
struct Phone {
    call: Call,
    codec: Codec,
    encoder: Encoder,
    ticks: u32,
    /// Payload type of keys.
    events: u8,
}

fn agreed(codec: Codec, events: u8) -> Session {
    Session {
        format: Format::of(codec),
        payload_type: AUDIO,
        receive_payload_type: AUDIO,
        telephone_event: Some(KeyFormat {
            payload_type: events,
            ..KEYS
        }),
        ..session()
    }
}

impl Phone {
    fn new(codec: Codec) -> Self {
        let mut config = config();
        config.session = agreed(codec, EVENT);
        Self {
            call: Call::new(config),
            codec,
            encoder: Encoder::new(Format::of(codec)),
            ticks: 0,
            events: EVENT,
        }
    }

    /// One that has said nothing for a second.
    fn after_a_second(codec: Codec) -> Self {
        let mut phone = Self::new(codec);
        for _ in 0..50 {
            phone.say(false);
        }
        phone
    }

    /// A re-INVITE.
    fn change(&mut self, codec: Codec, events: u8) {
        self.call.change(agreed(codec, events));
        (self.codec, self.events) = (codec, events);
        self.encoder = Encoder::new(Format::of(codec));
    }

    /// The time on a clock of `hz`.
    fn stamp(&self, hz: u32) -> u32 {
        (u32::MAX - 3_000).wrapping_add(self.ticks * (hz / 50))
    }

    /// Says a loud tone or nothing for a tick; what is heard of it.
    fn say(&mut self, sounds: bool) -> Heard {
        let rate = self.codec.rate();
        let mut frame = Frame::silence(rate);
        let peak = if sounds { 8_000.0 } else { 0.0 };
        for (n, sample) in frame.samples_mut().iter_mut().enumerate() {
            let time = f64::from(self.ticks) / 50.0 + n as f64 / f64::from(rate.hz());
            *sample = ((time * 700.0 * std::f64::consts::TAU).sin() * peak) as i16;
        }
        let mut payload = [0; Codec::MAX_PAYLOAD];
        let length = self.encoder.encode(&frame, &mut payload);
        self.call.timestamp = self.stamp(self.codec.clock_hz());
        let packet = self.call.next_packet(AUDIO, &payload[..length]);
        self.call.rtp_from(PEER, &packet);
        self.ticks += 1;
        self.call.tick()
    }

    /// A packet of a key that is down since `start`, for so many ticks.
    fn press(&mut self, start: u32, ticks: u16, end: bool) {
        let [high, low] = (160 * ticks).to_be_bytes();
        let mut packet = self
            .call
            .next_packet(self.events, &[7, u8::from(end) << 7, high, low]);
        packet[4..8].copy_from_slice(&start.to_be_bytes());
        self.call.rtp_from(PEER, &packet);
    }

    /// Presses a key over a tone, in the midst of which `change` is made; ends it or leaves off. What is heard from then on, with silence
    /// behind it, and what is told.
    fn hold(&mut self, ends: bool, change: impl Fn(&mut Self)) -> (Vec<Heard>, Vec<LegEvent>) {
        let start = self.stamp(KEYS.clock_hz);
        let (mut heard, mut told) = (Vec::new(), Vec::new());
        for ticks in 1..=DOWN + 2 {
            if ticks == DOWN / 2 {
                change(self);
            }
            let is_last = ticks >= DOWN;
            if ends || !is_last {
                self.press(start, ticks.min(DOWN), is_last);
            }
            heard.push(self.say(ticks < DOWN));
            told.extend(self.call.events());
        }
        for _ in 0..10 {
            heard.push(self.say(false));
            told.extend(self.call.events());
        }
        (heard, told)
    }
}

fn loud(heard: &[Heard]) -> usize {
    let is_loud = |heard: &&Heard| matches!(heard, Heard::Audio { level } if level.db() > -40);
    heard.iter().filter(is_loud).count()
}

#[test]
fn a_key_is_told_once_and_never_heard_though_the_codec_changes_while_it_is_down() {
    let (wide, full) = (Codec::Opus(Rate::Hz16000), Codec::Opus(Rate::Hz48000));
    for (from, to) in [
        (full, wide),
        (full, Codec::Pcmu),
        (wide, Codec::G722),
        (Codec::Pcmu, full),
        (Codec::G722, wide),
        (Codec::G722, Codec::Pcmu),
        (Codec::Pcmu, Codec::Pcma),
    ] {
        for ends in [true, false] {
            let name = format!("{from:?} to {to:?}, ends {ends}");
            let mut phone = Phone::after_a_second(from);
            let (heard, told) = phone.hold(ends, |phone| phone.change(to, EVENT));
            assert_eq!(told[0], LegEvent::Digit { key: '7' }, "{name}");
            let [LegEvent::DigitEnd { key: '7', .. }] = told[1..] else {
                panic!("{name}: {told:?}");
            };
            assert_eq!(loud(&heard), 0, "{name}: {heard:?}");
            // The line is not blank behind it.
            let heard: Vec<_> = (0..25).map(|_| phone.say(true)).collect();
            assert!(loud(&heard) >= 20, "{name}: {heard:?}");
        }
    }
}

#[test]
fn a_key_goes_on_through_another_payload_type() {
    for codec in [Codec::Pcmu, Codec::Opus(Rate::Hz48000)] {
        let mut phone = Phone::after_a_second(codec);
        let (heard, told) = phone.hold(true, |phone| phone.change(codec, EVENT + 1));
        assert_eq!(told.len(), 2, "{codec:?}: {told:?}");
        assert_eq!(loud(&heard), 0, "{codec:?}: {heard:?}");
    }
}
