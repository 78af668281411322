//! Reading what the network has for a leg.

use media::{Channel, Fallbacks, LegSocket, Received};

/// Datagrams of each channel that every leg may have read in one tick: five times what a phone sends.
const SHARE: usize = 5;

/// What datagrams are read into, and what is left of those that may be read in this tick beyond every leg's share: one flooded leg may
/// have them all, and no flood makes a tick long.
#[derive(Debug)]
pub(crate) struct Reading<B> {
    buffers: B,
    spare: usize,
    /// Times a leg had to leave some.
    pub(crate) limited: u64,
}

impl<B: Default> Reading<B> {
    /// Datagrams beyond the shares, for all legs together in one tick.
    const SPARE: usize = 1_024;

    pub(crate) fn new() -> Self {
        Self {
            buffers: B::default(),
            spare: Self::SPARE,
            limited: 0,
        }
    }

    /// Begins a tick.
    pub(crate) fn begin(&mut self) {
        self.spare = Self::SPARE;
    }

    /// What the system would not do so far.
    pub(crate) fn fallbacks<S: LegSocket<Buffers = B>>(&self) -> Fallbacks {
        S::fallbacks(&self.buffers)
    }

    /// Reads one datagram of a channel; whether there was one.
    pub(crate) fn read_one<S: LegSocket<Buffers = B>>(
        &mut self,
        socket: &mut S,
        channel: Channel,
        take: &mut dyn FnMut(Received<'_>),
    ) -> bool {
        socket.receive(channel, &mut self.buffers, 1, take) == 1
    }

    /// Reads one channel: the share, and of the spare ones as many as it takes.
    pub(crate) fn read<S: LegSocket<Buffers = B>>(
        &mut self,
        socket: &mut S,
        channel: Channel,
        take: &mut dyn FnMut(Received<'_>),
    ) {
        if socket.receive(channel, &mut self.buffers, SHARE, take) < SHARE {
            return;
        }
        let more = socket.receive(channel, &mut self.buffers, self.spare, take);
        self.limited += u64::from(more == self.spare);
        self.spare -= more;
    }
}
