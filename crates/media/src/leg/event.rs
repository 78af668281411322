//! What a leg tells: a queue of fixed size.

use std::net::SocketAddr;

use crate::echo::Echo;

/// Most events that wait to be polled.
const CAPACITY: usize = 32;

/// Which silence lasted too long ([`crate::MediaTimeouts`]).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MediaLoss {
    /// No packet ever came.
    First,
    /// Packets stopped.
    Steady,
    /// The peer held for too long.
    Hold,
}

/// Something the control side must know.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LegEvent {
    /// A key went down: `0`–`9`, `*`, `#`, `A`–`D`. Told at its first packet, so that a prompt stops at once.
    Digit {
        /// The key.
        key: char,
    },
    /// The key told last went up, or its packets stopped.
    DigitEnd {
        /// The key.
        key: char,
        /// How long it was held, in ms.
        duration_ms: u32,
    },
    /// The peer's media comes from this address instead of the one in its SDP, and goes there from now on.
    Latched {
        /// The address learnt.
        to: SocketAddr,
    },
    /// The peer has been silent on the wire for too long; told once a silence.
    MediaLost {
        /// Which limit was passed.
        which: MediaLoss,
    },
    /// The peer came to be suspected of playing music ([`crate::Quality::music_suspected`]), or is not any more.
    Music {
        /// Which of the two.
        suspected: bool,
    },
    /// The peer came to be suspected of sending back what it hears, or is not any more.
    Echo {
        /// The echo, if there is one.
        suspected: Option<Echo>,
    },
}

/// Events in order; a full queue refuses the newest. Their places lie apart: in most ticks there is none.
#[derive(Debug)]
pub(crate) struct EventQueue {
    events: Box<[Option<LegEvent>; CAPACITY]>,
    head: usize,
    len: usize,
    /// Digits refused because nobody polled.
    pub(crate) digits_dropped: u64,
}

impl EventQueue {
    pub(crate) fn new() -> Self {
        Self {
            events: Box::new([None; CAPACITY]),
            head: 0,
            len: 0,
            digits_dropped: 0,
        }
    }

    pub(crate) fn push(&mut self, event: LegEvent) {
        if self.len == CAPACITY {
            self.digits_dropped += u64::from(matches!(event, LegEvent::Digit { .. }));
            return;
        }
        self.events[(self.head + self.len) % CAPACITY] = Some(event);
        self.len += 1;
    }

    pub(crate) fn pop(&mut self) -> Option<LegEvent> {
        if self.len == 0 {
            return None;
        }
        let event = self.events[self.head].take()?;
        self.head = (self.head + 1) % CAPACITY;
        self.len -= 1;
        Some(event)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_leave_in_order_and_a_full_queue_counts_the_digits_it_refuses() {
        let mut queue = EventQueue::new();
        for key in ('a'..='z').chain('0'..='9') {
            queue.push(LegEvent::Digit { key });
        }
        assert_eq!(queue.digits_dropped, 4);
        assert_eq!(queue.pop(), Some(LegEvent::Digit { key: 'a' }));
        queue.push(LegEvent::Digit { key: '!' });
        let rest: Vec<_> = std::iter::from_fn(|| queue.pop()).collect();
        assert_eq!(rest.len(), CAPACITY);
        assert_eq!(rest.last(), Some(&LegEvent::Digit { key: '!' }));
    }
}
