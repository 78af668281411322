//! What comes in by RTP.

use std::net::SocketAddr;
use std::time::Instant;

use super::{Leg, LegEvent};
use crate::jitter::MAX_PAYLOAD;
use crate::rtp::Packet;
use crate::source::Admission;
use crate::stream::Follow;

/// Payload type of comfort noise (RFC 3389).
const COMFORT_NOISE: u8 = 13;

/// What a packet carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Content {
    Audio,
    Key,
    ComfortNoise,
}

impl Leg {
    /// Takes a datagram of the RTP socket. Strangers, lies about lengths and payload types that were not negotiated
    /// are dropped and counted.
    pub fn on_rtp(&mut self, now: Instant, from: SocketAddr, datagram: &[u8]) {
        if !self.source.may_be_peer(from) {
            self.quality.foreign += 1;
            return;
        }
        let Some(packet) = Packet::parse(datagram).filter(|p| p.payload.len() <= MAX_PAYLOAD) else {
            self.quality.malformed += 1;
            return;
        };
        let Some(content) = self.content(packet.payload_type) else {
            self.quality.wrong_payload_type += 1;
            return;
        };
        if self.admit(from, &packet) && self.follow(now, &packet) {
            self.take(now, content, &packet);
        }
    }

    fn content(&self, payload_type: u8) -> Option<Content> {
        if payload_type == self.session.payload_type {
            Some(Content::Audio)
        } else if Some(payload_type) == self.session.telephone_event {
            Some(Content::Key)
        } else {
            (payload_type == COMFORT_NOISE).then_some(Content::ComfortNoise)
        }
    }

    fn admit(&mut self, from: SocketAddr, packet: &Packet<'_>) -> bool {
        match self.source.admit(from, packet.ssrc, packet.sequence) {
            Admission::Peer => true,
            Admission::Learnt => {
                self.learnt = Some(from.ip().to_canonical());
                self.events.push(LegEvent::Latched { to: from });
                true
            }
            Admission::Foreign => {
                self.quality.foreign += 1;
                false
            }
        }
    }

    /// Sorts the packet into the stream; false when it is not to be played.
    fn follow(&mut self, now: Instant, packet: &Packet<'_>) -> bool {
        match self.stream.follow(now, packet.ssrc, packet.sequence) {
            Follow::Known => {}
            Follow::Restarted { new_source } => self.restart(new_source),
            Follow::Duplicate => {
                self.quality.duplicated += 1;
                return false;
            }
            Follow::Refused => {
                self.quality.ssrc_refused += 1;
                return false;
            }
        }
        self.quality.received += 1;
        self.watch.heard(now);
        true
    }

    /// Another stream: nothing of the former one's timing holds.
    fn restart(&mut self, new_source: bool) {
        let first = self.quality.received == 0;
        self.quality.ssrc_changes += u64::from(new_source && !first);
        self.player.restart();
        self.jitter.restart();
        self.unwrapper = super::Unwrapper::default();
        self.reporter.restart();
        let up = self.keys.restart();
        self.tell_key(up);
    }

    fn take(&mut self, now: Instant, content: Content, packet: &Packet<'_>) {
        if !self.session.direction.hears() {
            return;
        }
        let timestamp = self.unwrapper.unwrap(packet.timestamp);
        match content {
            Content::Audio => self.take_audio(now, timestamp, packet),
            Content::Key => match self.keys.packet(now, timestamp, packet.payload) {
                Some(told) => told.into_iter().for_each(|event| self.tell_key(event)),
                None => self.quality.malformed += 1,
            },
            Content::ComfortNoise => {
                self.quality.comfort_noise += 1;
                self.player.pause(timestamp);
            }
        }
    }

    fn take_audio(&mut self, now: Instant, timestamp: i64, packet: &Packet<'_>) {
        let codec = self.session.codec;
        let arrival = self.clock.steps(now, codec.clock_hz());
        self.jitter.arrived(arrival as u32, packet.timestamp);
        let samples_per_step = i64::from(codec.rate().hz()) / i64::from(codec.clock_hz());
        let arrival = arrival * samples_per_step;
        let timestamp = timestamp * samples_per_step;
        self.player.push(arrival, timestamp, codec, packet.payload);
    }
}
