//! One room's sum, and the payloads that everybody shares who hears the same.

use media::{Codec, Frame, Rate};

use crate::LegKey;
use crate::payload::{Payload, Shared};
use crate::player::{Ended, Player};

/// Rate that rooms mix at: every codec so far is narrow band.
pub(crate) const RATE: Rate = Rate::Hz8000;
/// Samples of one tick at [`RATE`].
pub(crate) const SAMPLES: usize = RATE.samples_per_tick();

/// A wide sum of 20 ms: 65,536 full-scale voices fit.
pub(crate) type Sum = [i32; SAMPLES];
/// What one leg gives: 20 ms within 16 bits.
pub(crate) type Voice = [i16; SAMPLES];

/// A room. The sum is wide until the very end, so that a voice can be taken out of it exactly.
#[derive(Debug)]
pub(crate) struct Room {
    sum: Sum,
    /// Whether anything was added in this tick.
    sounds: bool,
    pub(crate) player: Player,
    /// What is played to all but one: at most one thing is played while another fades out.
    asides: [Option<(LegKey, Sum)>; 2],
    shared: Shared,
    /// Its legs fade out; it is gone after this tick.
    pub(crate) closing: bool,
}

impl Room {
    pub(crate) fn new() -> Self {
        Self {
            sum: [0; SAMPLES],
            sounds: false,
            player: Player::default(),
            asides: [None; 2],
            shared: Shared::new(),
            closing: false,
        }
    }

    /// Begins a tick.
    pub(crate) fn begin(&mut self) {
        self.sum.fill(0);
        self.sounds = false;
        self.asides = [None; 2];
        self.shared.clear();
    }

    /// Adds one voice.
    pub(crate) fn add(&mut self, voice: &Voice) {
        self.sounds = true;
        let samples = self.sum.iter_mut().zip(voice);
        samples.for_each(|(sum, sample)| *sum += i32::from(*sample));
    }

    /// Adds what is played to the room, over the talk.
    pub(crate) fn announce(&mut self, ended: &mut dyn FnMut(Ended)) {
        let Self {
            sum,
            sounds,
            player,
            asides,
            ..
        } = self;
        let mut places = asides.iter_mut();
        let mut add = |except: Option<LegKey>, sound: &Sum| {
            *sounds = true;
            sum.iter_mut().zip(sound).for_each(|(sum, sample)| *sum += sample);
            if let (Some(leg), Some(place)) = (except, places.next()) {
                *place = Some((leg, *sound));
            }
        };
        player.tick(&mut add, ended);
    }

    /// Whether there is nothing to hear for anybody.
    pub(crate) fn is_silent(&self) -> bool {
        !self.sounds
    }

    /// Whether something is played that `leg` is not to hear.
    pub(crate) fn sets_aside(&self, leg: LegKey) -> bool {
        self.asides.iter().flatten().any(|(key, _)| *key == leg)
    }

    /// The sum as `leg` hears it: without its own voice, and without what is played to all but it.
    pub(crate) fn without(&self, leg: LegKey, voice: Option<&Voice>) -> Sum {
        let mut sum = self.sum;
        if let Some(voice) = voice {
            let samples = sum.iter_mut().zip(voice);
            samples.for_each(|(sum, sample)| *sum -= i32::from(*sample));
        }
        for (_, aside) in self.asides.iter().flatten().filter(|(key, _)| *key == leg) {
            sum.iter_mut().zip(aside).for_each(|(sum, sample)| *sum -= sample);
        }
        sum
    }

    /// The full sum in `codec`: encoded once, sent to all who neither speak nor hear anything else.
    pub(crate) fn payload(&mut self, codec: Codec, frame: &mut Frame) -> &Payload {
        self.shared.payload(codec, &self.sum, frame)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limiter::limit;

    #[test]
    fn nobody_hears_himself_even_when_the_sum_is_far_above_full_scale() {
        let mut room = Room::new();
        let (loud, quiet) = ([32_000; SAMPLES], [5_000; SAMPLES]);
        for voice in [&loud, &quiet, &loud] {
            room.add(voice);
        }
        let others = room.without(LegKey(1), Some(&loud));
        assert_eq!(others, [37_000; SAMPLES]);
        assert_eq!(
            room.without(LegKey(2), Some(&quiet)).map(limit),
            [limit(64_000); SAMPLES]
        );
        assert_eq!(room.without(LegKey(3), None), [69_000; SAMPLES]);
        room.begin();
        assert!(room.is_silent() && room.without(LegKey(3), None) == [0; SAMPLES]);
    }
}
