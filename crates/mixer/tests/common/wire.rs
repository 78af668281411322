//! The wire between a phone and its leg, which a test may make fail.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::net::SocketAddr;
use std::rc::Rc;

use media::{Channel, Codec, LegSocket, Received};

pub(super) const HEADER: usize = 12;
/// Payload type of all audio.
pub(super) const AUDIO: u8 = 96;
/// Payload type of comfort noise.
const NOISE: u8 = 13;

/// A datagram without a place on the heap.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Datagram {
    pub(super) bytes: [u8; HEADER + Codec::MAX_PAYLOAD],
    pub(super) len: usize,
}

impl Datagram {
    pub(super) const fn new() -> Self {
        Self {
            bytes: [0; HEADER + Codec::MAX_PAYLOAD],
            len: 0,
        }
    }

    pub(super) fn of(bytes: &[u8]) -> Self {
        let mut datagram = Self::new();
        datagram.bytes[..bytes.len()].copy_from_slice(bytes);
        datagram.len = bytes.len();
        datagram
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes[..self.len]
    }
}

/// Where a leg's processing fails, for a test.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// While receiving: before its voice is in the sum.
    Receive,
    /// While sending audio: when its voice is in the sum already.
    Send,
    /// When it sends a report, or says goodbye.
    Report,
}

/// Both directions of one phone's wire; of fixed size, so that it never touches the heap.
#[derive(Debug)]
pub(crate) struct Wire {
    pub(crate) inbound: VecDeque<Datagram>,
    /// Audio sent to the phone since it listened last; empty where there was none.
    pub(super) last_sent: Datagram,
    pub(crate) sent: u64,
    /// Comfort noise sent to the phone, and the last packet of anything.
    pub(crate) noise_sent: u64,
    pub(crate) last: Datagram,
    pub(crate) rtcp_sent: u64,
    pub(crate) fault: Option<Fault>,
    /// Datagrams of a stranger that lie before the phone's own, and how many were read so far.
    pub(crate) rubbish: u32,
    pub(crate) rubbish_read: u32,
}

#[derive(Clone, Debug)]
pub(crate) struct SimSocket(pub(crate) Rc<RefCell<Wire>>);

impl SimSocket {
    pub(crate) fn new() -> Self {
        Self(Rc::new(RefCell::new(Wire {
            inbound: VecDeque::with_capacity(64),
            last_sent: Datagram::new(),
            sent: 0,
            noise_sent: 0,
            last: Datagram::new(),
            rtcp_sent: 0,
            fault: None,
            rubbish: 0,
            rubbish_read: 0,
        })))
    }
}

impl Wire {
    fn next(&mut self, channel: Channel) -> Option<(SocketAddr, Datagram)> {
        assert!(self.fault != Some(Fault::Receive), "a fault is injected");
        match channel {
            Channel::Rtp if self.rubbish > 0 => {
                self.rubbish -= 1;
                self.rubbish_read += 1;
                Some((
                    SocketAddr::from(([198, 51, 100, 6], 666)),
                    Datagram::of(&[0; 100]),
                ))
            }
            Channel::Rtp => Some((peer(), self.inbound.pop_front()?)),
            Channel::Rtcp => None,
        }
    }
}

impl LegSocket for SimSocket {
    type Buffers = ();

    fn receive(
        &mut self,
        channel: Channel,
        (): &mut (),
        most: usize,
        take: &mut dyn FnMut(Received<'_>),
    ) -> usize {
        let next = || self.0.borrow_mut().next(channel);
        let mut count = 0;
        while count < most
            && let Some((from, datagram)) = next()
        {
            count += 1;
            take(Received {
                from,
                at: None,
                datagram: datagram.bytes(),
            });
        }
        count
    }

    fn send(&mut self, channel: Channel, to: SocketAddr, datagram: &[u8]) {
        let mut wire = self.0.borrow_mut();
        let fault = match channel {
            Channel::Rtp => Fault::Send,
            Channel::Rtcp => Fault::Report,
        };
        assert!(wire.fault != Some(fault), "a fault is injected");
        match channel {
            Channel::Rtp => {
                let kind = datagram[1] & 0x7f;
                assert!(to == peer() && matches!(kind, AUDIO | NOISE), "{kind} to {to}");
                wire.last = Datagram::of(datagram);
                if kind == NOISE {
                    wire.noise_sent += 1;
                } else {
                    wire.last_sent = wire.last;
                    wire.sent += 1;
                }
            }
            Channel::Rtcp => wire.rtcp_sent += 1,
        }
    }
}

pub(crate) fn peer() -> SocketAddr {
    SocketAddr::from(([192, 0, 2, 10], 4_000))
}
