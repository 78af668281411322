//! One leg: the machine that receives, plays, sends and reports.

mod config;
mod event;

use std::net::SocketAddr;
use std::time::Instant;

pub use config::{Direction, JitterConfig, Latching, LegConfig, MediaTimeouts, Session};
pub use event::{LegEvent, MediaLoss};

use crate::frame::Frame;
use crate::level::Dbov;
use crate::quality::Quality;
use event::EventQueue;

/// What a tick of a leg sounds like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Heard {
    /// Nothing: no media, a pause, or a key held down. The frame is silent.
    Silence,
    /// At least part of the frame was invented in place of a missing packet.
    Concealed,
    /// The peer's audio.
    Audio {
        /// Its loudness.
        level: Dbov,
    },
}

/// One leg of a call.
#[derive(Debug)]
pub struct Leg {
    config: LegConfig,
    events: EventQueue,
    quality: Quality,
}

impl Leg {
    /// A leg that starts now.
    pub fn new(config: LegConfig, _now: Instant) -> Self {
        Self {
            config,
            events: EventQueue::new(),
            quality: Quality::default(),
        }
    }

    /// Takes a datagram of the RTP socket.
    pub fn on_rtp(&mut self, _now: Instant, _from: SocketAddr, _packet: &[u8]) {}

    /// Takes a datagram of the RTCP socket.
    pub fn on_rtcp(&mut self, _now: Instant, _from: SocketAddr, _packet: &[u8]) {}

    /// Gives 20 ms of what the peer says, keys blanked out. Called once a tick; also the moment at which the leg
    /// notices what stopped (keys, media).
    pub fn playout(&mut self, _now: Instant, out: &mut Frame) -> Heard {
        out.clear(self.config.session.codec.rate());
        Heard::Silence
    }

    /// Sends 20 ms of audio, encoded with the leg's codec. The payload is re-sliced to the packet time agreed; `wire`
    /// gets each datagram. Direction and the guard against unanswered sending are obeyed here. Called once a tick:
    /// an empty payload lets the time pass without sending.
    pub fn send(&mut self, _now: Instant, _payload: &[u8], _wire: &mut dyn FnMut(SocketAddr, &[u8])) {}

    /// Sends an RTCP report when one is due (RFC 3550, section 6.2). Cheap when none is.
    pub fn rtcp(&mut self, _now: Instant, _wire: &mut dyn FnMut(SocketAddr, &[u8])) {}

    /// Says goodbye: a last report with BYE (RFC 3550, section 6.6).
    pub fn goodbye(&mut self, _now: Instant, _wire: &mut dyn FnMut(SocketAddr, &[u8])) {}

    /// The next thing to tell.
    pub fn poll_event(&mut self) -> Option<LegEvent> {
        self.events.pop()
    }

    /// Takes what a re-INVITE or UPDATE changed. Sequence numbers, timestamps and sources go on.
    pub fn reconfigure(&mut self, session: Session, _now: Instant) {
        self.config.session = session;
    }

    /// What is in force.
    pub fn session(&self) -> &Session {
        &self.config.session
    }

    /// Counters and meters.
    pub fn quality(&self) -> Quality {
        Quality {
            digits_dropped: self.events.digits_dropped,
            ..self.quality
        }
    }
}
