//! Music for all who wait: one loop for the whole shard, encoded once.

use media::{Clip, Codec, Frame};

use crate::payload::{Payload, Shared};
use crate::room::{RATE, SAMPLES, Sum};

/// A clip played round and round.
#[derive(Debug)]
pub(crate) struct Music {
    clip: Clip,
    at: usize,
    /// This tick's part; nothing until somebody asks.
    sum: Option<Sum>,
    shared: Shared,
}

impl Music {
    pub(crate) const fn new(clip: Clip) -> Self {
        Self {
            clip,
            at: 0,
            sum: None,
            shared: Shared::new(),
        }
    }

    /// Begins a tick.
    pub(crate) fn begin(&mut self) {
        let length = self.clip.samples(RATE).map_or(0, |samples| samples.len());
        self.at = (self.at + SAMPLES).checked_rem(length).unwrap_or(0);
        self.sum = None;
        self.shared.clear();
    }

    /// This tick's 20 ms.
    pub(crate) fn sum(&mut self) -> &Sum {
        self.sum.get_or_insert_with(|| turn(&self.clip, self.at))
    }

    /// This tick's payload for all who hear nothing else.
    pub(crate) fn payload(&mut self, codec: Codec, frame: &mut Frame) -> &Payload {
        let sum = self.sum.get_or_insert_with(|| turn(&self.clip, self.at));
        self.shared.payload(codec, sum, frame)
    }
}

/// 20 ms of `clip` from sample `at` on, its end joined to its start.
fn turn(clip: &Clip, at: usize) -> Sum {
    let mut sum = [0; SAMPLES];
    if let Some(samples) = clip.samples(RATE) {
        let round = samples.iter().cycle().skip(at);
        sum.iter_mut()
            .zip(round)
            .for_each(|(sum, sample)| *sum = i32::from(*sample));
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;
    use media::Rate;

    #[test]
    fn it_goes_round_without_losing_a_sample() {
        let ramp: Vec<i16> = (0..6_000).map(|n| n / 6).collect();
        let clip = Clip::from_full_band(&ramp, &[Rate::Hz8000]);
        let loop_of = clip.samples(Rate::Hz8000).unwrap().clone();
        let mut music = Music::new(clip);
        let mut heard = Vec::new();
        for _ in 0..20 {
            heard.extend(*music.sum());
            music.begin();
        }
        let expected = loop_of.iter().cycle().map(|sample| i32::from(*sample));
        assert!(heard.len() == 3_200 && heard.into_iter().eq(expected.take(3_200)));
    }

    #[test]
    fn no_music_is_silence() {
        let mut music = Music::new(Clip::default());
        music.begin();
        assert_eq!(*music.sum(), [0; SAMPLES]);
    }
}
