//! Prompts encoded before they are played: once for all who will ever hear them, in place of once for each in every tick. An Opus encoding
//! takes 50 to 130 µs, a copy none worth telling: without this the legs that listen to a menu cost more than those that talk.

use media::{Clip, Codec, Dbov, Encoder, Format, Frame};

use crate::limiter::limit_all;
use crate::looped::Loop;
use crate::payload::Payload;
use crate::player::{Player, Track};
use crate::sum::{ByRate, Sum};
use crate::{PlayId, Playlist, Sound};

/// A recording in one Opus format, tick by tick, as a leg is sent it that hears nothing else: ramps at both ends, the noise of the line beneath.
#[derive(Debug)]
pub struct Encoded {
    format: Format,
    bytes: Box<[u8]>,
    /// Where the payload of each tick ends within the bytes, and how loud it is.
    ticks: Box<[(usize, Dbov)]>,
}

impl Encoded {
    /// Encodes `sound` above `noise`, played round and round as in the shard; `pace` is called after every 20 ms of it, so that this can
    /// be spread over time. Allocates, and takes as long as that many encodings. Of use for Opus, whose first frame leans on nothing before
    /// it and so fits whatever its listener has heard; a decoder of G.722 that heard something else before would take long to come round.
    pub fn new(sound: Sound, noise: Clip, format: Format, pace: &mut dyn FnMut()) -> Self {
        let mut recital = Recital::new(sound, noise, format);
        let (mut bytes, mut ticks) = (Vec::new(), Vec::new());
        while !recital.player.is_silent() {
            let frame = recital.next();
            let mut payload = [0; Codec::MAX_PAYLOAD];
            let length = recital.encoder.encode(&frame, &mut payload);
            bytes.extend_from_slice(&payload[..length]);
            ticks.push((bytes.len(), Dbov::of(frame.samples())));
            pace();
        }
        Self {
            format,
            bytes: bytes.into(),
            ticks: ticks.into(),
        }
    }

    /// What its payloads are like.
    pub const fn format(&self) -> Format {
        self.format
    }

    /// Bytes of memory that it takes.
    pub const fn size(&self) -> usize {
        size_of::<Self>() + self.bytes.len() + size_of_val(&*self.ticks)
    }

    /// What is sent in tick number `tick` of it.
    pub(crate) fn payload(&self, tick: usize) -> Option<Payload> {
        let (end, level) = *self.ticks.get(tick)?;
        let start = tick.checked_sub(1).map_or(0, |before| self.ticks[before].0);
        Some(Payload::new(&self.bytes[start..end], level))
    }
}

/// One leg that listens to a recording and hears nothing else.
struct Recital {
    player: Player,
    noise: Loop,
    encoder: Encoder,
}

impl Recital {
    fn new(sound: Sound, noise: Clip, format: Format) -> Self {
        let mut recital = Self {
            player: Player::default(),
            noise: Loop::new(noise),
            encoder: Encoder::new(format),
        };
        let (playlist, except) = (Playlist::new(PlayId(0), Box::new([sound])), None);
        recital.player.play(Track { playlist, except }, &mut |_| {});
        recital
    }

    /// The next 20 ms of what it hears.
    fn next(&mut self) -> Frame {
        let rate = self.encoder.format().codec().rate();
        let mut sum = Sum::silence(rate);
        self.noise.begin();
        sum.add(self.noise.frames(rate)[0].samples());
        let mut wanted = ByRate::default();
        *wanted.at_mut(rate) = true;
        self.player
            .tick(wanted, &mut |_, sound| sum.add_all(sound), &mut |_| {});
        let mut frame = Frame::silence(rate);
        limit_all(sum.samples(), frame.samples_mut());
        frame
    }
}
