//! Ramps between things that others hear too: those that many take alike, as when a host comes and hundreds go from music to the talk, are
//! made once in a tick for all of them; and of the others there are only so many in a tick.
//!
//! Behind a ramp from one thing that all hear to another, the encoder that made it goes on for some ticks until it is like that of all: the leg
//! *settles*. Who was sent the same ramp is sent the same payloads then, too.

use media::{Codec, Format};

use crate::LegKey;
use crate::fade::Fade;
use crate::leg::Ear;
use crate::payload::{Payload, RUN_IN};
use crate::report::RampCounts;

/// Ramps kept in one tick: those that are made, and those of which legs settle.
const KEPT: usize = 32;

/// Encodings in one tick, of formats in which they cost, with which encoders begin: they make 16 ramps of Opus, whose encoders first hear
/// twice what was before, or 48 of G.722.
const BEGIN: u32 = 48;
/// Encodings in one tick with which encoders that made what was heard last go on through a ramp: they cost what they did before.
const GO_ON: u32 = 48;
/// Encodings in one tick for legs that settle.
const SETTLE: u32 = 16;
/// What settling takes in Opus: where nobody else does yet, the encoder of all hears the same.
const SETTLING_OPUS: u32 = 2;

/// A ramp that begins where others heard the same: legs of which all this is the same hear the same in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Ramp {
    /// Place of the room.
    pub(crate) room: Option<usize>,
    pub(crate) format: Format,
    pub(crate) faders: Faders,
    /// Whose encoder made what was heard last; nobody's where all heard that.
    pub(crate) led_by: Option<LegKey>,
}

/// How loud a leg hears its room, and the music.
pub(crate) type Faders = [Fade; 2];

/// What is sent to all who take a ramp.
#[derive(Debug)]
pub(crate) struct Made {
    ramp: Ramp,
    /// Whose encoder made it.
    pub(crate) by: LegKey,
    pub(crate) payload: Payload,
    /// Where the faders are after it.
    pub(crate) end: Faders,
}

/// Encodings that are left in a tick.
#[derive(Debug, Default)]
struct Left {
    begin: u32,
    go_on: u32,
    settle: u32,
}

/// The ramps of one tick.
#[derive(Debug, Default)]
pub(crate) struct Ramps {
    made: [Option<Made>; KEPT],
    left: Left,
    /// Those there were too many of, so far.
    pub(crate) counts: RampCounts,
}

impl Ramps {
    /// Begins a tick.
    pub(crate) fn clear(&mut self) {
        self.made.iter_mut().for_each(|made| *made = None);
        self.left = Left {
            begin: BEGIN,
            go_on: GO_ON,
            settle: SETTLE,
        };
    }

    /// What is sent to whoever takes this ramp, if somebody has taken it.
    pub(crate) fn find(&self, ramp: Ramp) -> Option<&Made> {
        self.made.iter().flatten().find(|made| made.ramp == ramp)
    }

    /// Keeps one that the encoder of the leg `by` made for those who take the same, as long as there is room.
    pub(crate) fn keep(&mut self, ramp: Ramp, by: LegKey, payload: Payload, end: Faders) {
        if let Some(free) = self.made.iter_mut().find(|made| made.is_none()) {
            *free = Some(Made {
                ramp,
                by,
                payload,
                end,
            });
        }
    }

    /// Whether a leg may encode for itself what it hears by `ear`. `goes_on` says that its encoder made what it heard last, `crowded` that
    /// encoders of Opus try least: then nobody settles in it.
    pub(crate) fn allow(&mut self, ear: Ear, format: Format, goes_on: bool, crowded: bool) -> bool {
        let codec = format.codec();
        let is_opus = matches!(codec, Codec::Opus(_));
        let price = |opus| if is_opus { opus } else { 1 };
        let left = &mut self.left;
        match ear {
            Ear::Silence | Ear::Room | Ear::Music | Ear::Own => true,
            Ear::Ramp if !codec.has_memory() => true,
            Ear::Ramp if goes_on => take(&mut left.go_on, 1),
            Ear::Ramp => take(&mut left.begin, price(1 + RUN_IN)),
            // Who led it is gone, or it was not sent anything: what all hear is as good.
            Ear::Settles if !goes_on => false,
            Ear::Settles => {
                let may = !(crowded && is_opus) && take(&mut left.settle, price(SETTLING_OPUS));
                self.counts.unsettled += u64::from(!may);
                may
            }
        }
    }
}

fn take(left: &mut u32, price: u32) -> bool {
    let rest = left.checked_sub(price);
    *left = rest.unwrap_or(*left);
    rest.is_some()
}

#[cfg(test)]
mod tests {
    use super::*;
    use media::Rate;

    /// How many of a hundred legs may.
    fn allowed(codec: Codec, ear: Ear, goes_on: bool, crowded: bool) -> (usize, u64) {
        let mut ramps = Ramps::default();
        ramps.clear();
        let may = |_: &i32| ramps.allow(ear, Format::of(codec), goes_on, crowded);
        let count = (0..100).filter(may).count();
        (count, ramps.counts.unsettled)
    }

    #[test]
    fn ramps_are_allowed_by_what_their_encodings_cost() {
        let codecs = [Codec::Pcmu, Codec::G722, Codec::Opus(Rate::Hz16000)];
        let ramps = |goes_on| codecs.map(|codec| allowed(codec, Ear::Ramp, goes_on, false).0);
        assert_eq!((ramps(false), ramps(true)), ([100, 48, 16], [100, 48, 48]));
        for (codec, crowded, most) in [(1, false, 16), (2, false, 8), (1, true, 16), (2, true, 0)] {
            let settle = allowed(codecs[codec], Ear::Settles, true, crowded);
            assert_eq!(settle, (most, 100 - most as u64), "{codec} {crowded}");
        }
        assert_eq!(allowed(codecs[2], Ear::Settles, false, false), (0, 0));
        assert_eq!(allowed(codecs[2], Ear::Own, false, true), (100, 0));
    }
}
