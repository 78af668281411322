//! Ramps that many take alike, as when a host comes and hundreds go from music to the talk: made once in a tick for all of them.

use media::Format;

use crate::fade::Fade;
use crate::payload::Payload;

/// Ramps kept in one tick.
const KEPT: usize = 16;

/// A ramp that begins where others heard the same: legs of which all this is the same hear the same in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Ramp {
    /// Place of the room.
    pub(crate) room: Option<usize>,
    pub(crate) format: Format,
    pub(crate) faders: Faders,
}

/// How loud a leg hears its room, and the music.
pub(crate) type Faders = [Fade; 2];

#[derive(Debug)]
struct Made {
    ramp: Ramp,
    payload: Payload,
    /// Where the faders are after it.
    end: Faders,
}

/// The ramps of one tick.
#[derive(Debug, Default)]
pub(crate) struct Ramps([Option<Made>; KEPT]);

impl Ramps {
    /// Begins a tick.
    pub(crate) fn clear(&mut self) {
        self.0.iter_mut().for_each(|made| *made = None);
    }

    /// What is sent to whoever takes this ramp, and where it ends, if somebody has taken it.
    pub(crate) fn find(&self, ramp: Ramp) -> Option<(&Payload, Faders)> {
        let made = self.0.iter().flatten().find(|made| made.ramp == ramp)?;
        Some((&made.payload, made.end))
    }

    /// Keeps one for those who take the same, as long as there is room.
    pub(crate) fn keep(&mut self, ramp: Ramp, payload: Payload, end: Faders) {
        if let Some(free) = self.0.iter_mut().find(|made| made.is_none()) {
            *free = Some(Made { ramp, payload, end });
        }
    }
}
