//! Sound without an end: music for all who wait, and the faint noise of a line that is alive. One loop each for the whole shard,
//! encoded once per format.

use media::{Clip, Dbov, Format, Frame, Memory, Rate};

use crate::payload::{Before, Payload, Shared};
use crate::sum::ByRate;

/// Encoders of rooms that hear the noise in one tick to know it, at most: a twentieth of a tick for those of Opus, however many rooms begin.
pub(crate) const LESSONS: usize = 8;

/// A clip played round and round.
#[derive(Debug)]
pub(crate) struct Loop {
    clip: Clip,
    level: Dbov,
    /// Where it is, samples.
    at: ByRate<usize>,
    /// This tick's 20 ms and the last one's, at the rates that somebody asked for.
    frames: ByRate<Option<[Frame; 2]>>,
    pub(crate) shared: Shared,
    /// Encoders of rooms that may still hear it in this tick to know it.
    pub(crate) lessons: usize,
}

impl Loop {
    pub(crate) fn new(clip: Clip) -> Self {
        Self {
            level: level(&clip),
            clip,
            at: ByRate::default(),
            frames: ByRate(Rate::ALL.map(|_| None)),
            shared: Shared::default(),
            lessons: 0,
        }
    }

    /// How loud it is.
    pub(crate) const fn level(&self) -> Dbov {
        self.level
    }

    /// Begins a tick.
    pub(crate) fn begin(&mut self) {
        for rate in Rate::ALL {
            let length = length(&self.clip, rate);
            let next = *self.at.at(rate) + rate.samples_per_tick();
            *self.at.at_mut(rate) = next.checked_rem(length).unwrap_or(0);
            *self.frames.at_mut(rate) = None;
        }
        self.shared.clear();
        self.lessons = LESSONS;
    }

    /// This tick's 20 ms, and the last one's.
    pub(crate) fn frames(&mut self, rate: Rate) -> &[Frame; 2] {
        let (clip, at) = (&self.clip, *self.at.at(rate));
        self.frames.at_mut(rate).get_or_insert_with(|| {
            let tick = rate.samples_per_tick();
            let length = length(clip, rate);
            let before = (at + length * tick).saturating_sub(tick).checked_rem(length);
            [at, before.unwrap_or(0)].map(|at| turn(clip, rate, at))
        })
    }

    /// What was heard of it in the tick before number `tick` in `format`.
    pub(crate) fn before(&mut self, tick: u64, format: Format) -> Before<'_> {
        let memory = self.shared.memory(tick, format);
        let [_, frame] = self.frames(format.codec().rate());
        Before {
            frame,
            memory,
            noise_since: None,
        }
    }

    /// This tick's payload for all who hear nothing else, if there is an encoder for it. `memory` is what their decoders remember where
    /// that did not make what they heard last.
    pub(crate) fn payload(
        &mut self,
        tick: u64,
        format: Format,
        memory: impl FnOnce() -> Memory,
    ) -> Option<&Payload> {
        let rate = format.codec().rate();
        self.frames(rate);
        let Self { frames, shared, .. } = self;
        let [now, frame] = frames.at(rate).as_ref()?;
        let before = || Before {
            frame,
            memory: memory(),
            noise_since: None,
        };
        shared.payload(tick, format, now, before)
    }
}

fn length(clip: &Clip, rate: Rate) -> usize {
    clip.samples(rate).map_or(0, |samples| samples.len())
}

/// How loud `clip` is, at any rate it is kept at.
fn level(clip: &Clip) -> Dbov {
    let samples = Rate::ALL.into_iter().find_map(|rate| clip.samples(rate));
    samples.map_or(Dbov::SILENCE, |samples| Dbov::of(samples))
}

/// 20 ms of `clip` from sample `at` on, its end joined to its start.
fn turn(clip: &Clip, rate: Rate, at: usize) -> Frame {
    let mut frame = Frame::silence(rate);
    if let Some(samples) = clip.samples(rate) {
        let round = samples.iter().cycle().skip(at);
        let tick = frame.samples_mut().iter_mut();
        tick.zip(round).for_each(|(to, sample)| *to = *sample);
    }
    frame
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_goes_round_without_losing_a_sample_at_any_rate() {
        let ramp: Vec<i16> = (0..6_000).map(|n| n / 6).collect();
        for rate in Rate::ALL {
            let clip = Clip::from_full_band(&ramp, &[rate]);
            let loop_of = clip.samples(rate).unwrap().clone();
            let mut music = Loop::new(clip);
            let (mut heard, mut before) = (Vec::new(), Vec::new());
            for _ in 0..20 {
                heard.extend(music.frames(rate)[0].samples().to_vec());
                before.extend(music.frames(rate)[1].samples().to_vec());
                music.begin();
            }
            let expected = loop_of.iter().cycle().take(heard.len());
            assert!(heard.iter().eq(expected));
            let tick = rate.samples_per_tick();
            assert_eq!(before[tick..], heard[..heard.len() - tick]);
        }
    }

    #[test]
    fn no_music_is_silence() {
        let mut music = Loop::new(Clip::default());
        assert_eq!(music.level(), Dbov::SILENCE);
        music.begin();
        assert_eq!(music.frames(Rate::Hz8000)[0], Frame::silence(Rate::Hz8000));
    }
}
