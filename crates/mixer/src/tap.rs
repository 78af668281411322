//! What a recorder gets of a room: the whole sum, once a tick, through a ring with one writer and one reader.
//!
//! The room never waits for the recorder: what finds no room in the ring is counted and lost, and the dates of what comes tell how much
//! is missing.

use std::time::Instant;

use media::{Frame, Rate};
use rtrb::{Consumer, Producer, RingBuffer};

/// 20 ms of a room.
#[derive(Clone, Debug)]
pub struct Taped {
    /// When the tick was due.
    pub at: Instant,
    /// Everybody who is heard, and what is played to the room.
    pub frame: Frame,
}

/// The writing end: made outside the tick, brought to a room by an order and given back when that is over.
#[derive(Debug)]
pub struct Tap {
    rate: Rate,
    out: Producer<Taped>,
}

impl Tap {
    /// A tap at one rate, and the end to read from, which holds as many as `ticks`.
    pub fn new(rate: Rate, ticks: usize) -> (Box<Self>, Consumer<Taped>) {
        let (out, taped) = RingBuffer::new(ticks);
        (Box::new(Self { rate, out }), taped)
    }

    /// The rate that the room must mix at.
    pub(crate) const fn rate(&self) -> Rate {
        self.rate
    }

    /// Writes the tick that was due at `at`; `false` when it was lost, since whoever reads is behind or gone.
    pub(crate) fn write(&mut self, at: Instant, frame: &Frame) -> bool {
        let frame = frame.clone();
        self.out.push(Taped { at, frame }).is_ok()
    }
}
