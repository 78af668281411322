//! What comes in by RTP.

use std::net::SocketAddr;
use std::time::Instant;

use super::{Leg, LegEvent};
use crate::codec::Codec;
use crate::event4733::KeyEvent;
use crate::header_extension::Malformed;
use crate::level::{AudioLevel, Dbov, Told};
use crate::rtp::{COMFORT_NOISE, Packet};
use crate::source::Admission;
use crate::stream::Follow;

/// What a packet carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Content {
    Audio,
    Key,
    ComfortNoise,
}

impl Leg {
    /// Takes a datagram of the RTP socket. Strangers, lies about lengths and payload types that were not negotiated
    /// are dropped and counted. Returns whether it is the peer's next packet in order.
    pub fn on_rtp(&mut self, now: Instant, from: SocketAddr, datagram: &[u8]) -> bool {
        if !self.source.may_be_peer(from) {
            self.quality.foreign += 1;
            return false;
        }
        let fits = |packet: &Packet<'_>| packet.payload.len() <= Codec::LONGEST_PAYLOAD;
        let Some(packet) = Packet::parse(datagram).filter(fits) else {
            self.quality.malformed += 1;
            return false;
        };
        let Some(content) = self.content(packet.payload_type) else {
            self.quality.wrong_payload_type += 1;
            return false;
        };
        if !self.admit(from, &packet) {
            return false;
        }
        let in_order = packet.sequence == (self.stream.highest() as u16).wrapping_add(1);
        let follows = self.follow(now, content, &packet);
        if follows {
            self.take(now, content, &packet, in_order);
        }
        in_order && follows
    }

    fn content(&self, payload_type: u8) -> Option<Content> {
        let keys = self.session.telephone_event.map(|keys| keys.payload_type);
        let audio = [Some(self.session.receive_payload_type), self.session.other_law];
        if audio.contains(&Some(payload_type)) {
            Some(Content::Audio)
        } else if Some(payload_type) == keys {
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
    fn follow(&mut self, now: Instant, content: Content, packet: &Packet<'_>) -> bool {
        // Of a key the time may be that of another clock.
        let is_new = content == Content::Audio && self.unwrapper.is_new(packet.timestamp);
        match self.stream.follow(now, packet.ssrc, packet.sequence) {
            Follow::Known => {}
            Follow::Restarted { new_source } => self.restart(new_source),
            Follow::Duplicate if is_new && self.stream.counts_anew(packet.sequence) => self.restart(false),
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
        self.reporter.restart(self.stream.counts());
        let up = self.keys.restart();
        self.tell_key(up);
    }

    fn take(&mut self, now: Instant, content: Content, packet: &Packet<'_>, in_order: bool) {
        if !self.session.direction.hears() {
            return;
        }
        match content {
            Content::Audio => self.take_audio(now, packet, in_order),
            Content::Key => self.take_key(now, packet),
            Content::ComfortNoise => {
                self.quality.comfort_noise += 1;
                let timestamp = self.unwrapper.unwrap(packet.timestamp);
                self.player.pause(self.samples(timestamp));
                if let Some(level) = packet.payload.first() {
                    self.scrutiny.meter.told(Dbov::told(*level));
                }
            }
        }
    }

    fn take_key(&mut self, now: Instant, packet: &Packet<'_>) {
        let unwrapper = if self.keys_share_clock() {
            &mut self.unwrapper
        } else {
            &mut self.key_unwrapper
        };
        let timestamp = unwrapper.unwrap(packet.timestamp);
        match self.keys.packet(now, timestamp, packet.payload) {
            Some(told) => {
                let begins = told
                    .iter()
                    .flatten()
                    .any(|event| matches!(event, KeyEvent::Down { .. }));
                if begins || self.key_carried {
                    self.place_key();
                }
                self.key_carried &= !begins && self.keys.is_down();
                told.into_iter().for_each(|event| self.tell_key(event));
            }
            None => self.quality.malformed += 1,
        }
    }

    /// Places a key that is on another clock than the audio: as much of it as is told lies at the end of the audio that has come, for both
    /// are sent at once.
    pub(super) fn place_key(&mut self) {
        self.keys_ahead = 0;
        if self.keys_share_clock() {
            return;
        }
        if let Some(end) = self.keys.newest_end() {
            self.keys_ahead = end - self.key_steps(self.player.newest_end());
        }
    }

    /// The codec of the audio in packets of this type.
    fn codec_of(&self, payload_type: u8) -> Codec {
        let agreed = self.session.format.codec();
        let is_other = payload_type != self.session.receive_payload_type;
        match agreed {
            Codec::Pcmu if is_other => Codec::Pcma,
            Codec::Pcma if is_other => Codec::Pcmu,
            Codec::Pcmu | Codec::Pcma | Codec::G722 | Codec::Opus(_) => agreed,
        }
    }

    fn take_audio(&mut self, now: Instant, packet: &Packet<'_>, in_order: bool) {
        let codec = self.codec_of(packet.payload_type);
        let arrival = self.clock.steps(now, codec.clock_hz());
        // What differs by more than a second, the jitter buffer takes for another stream, too.
        self.jitter
            .arrived(arrival as u32, packet.timestamp, codec.clock_hz());
        let timestamp = self.unwrapper.unwrap(packet.timestamp);
        let (arrival, timestamp) = (self.samples(arrival), self.samples(timestamp));
        if in_order {
            self.player.follows(timestamp);
        }
        let told = self.told(packet);
        self.player.push(arrival, timestamp, codec, packet.payload, told);
    }

    /// What a packet says of its loudness. A voice that may be there counts as one.
    fn told(&mut self, packet: &Packet<'_>) -> Told {
        let (Some(format), Some(extension)) = (self.session.audio_level, packet.extension) else {
            return Told::Nothing;
        };
        match extension.element(format.id) {
            Ok(Some(&[byte])) if format.voice_flag => Told::by(AudioLevel::of(byte)),
            Ok(Some(&[byte])) => Told::by(AudioLevel {
                voice: true,
                ..AudioLevel::of(byte)
            }),
            Ok(None) => Told::Nothing,
            Ok(Some(_)) | Err(Malformed) => {
                self.quality.malformed_extensions += 1;
                Told::Nothing
            }
        }
    }

    /// Steps of the RTP clock as samples of the audio decoded: there are so many whole ones in a step, or it in so many whole ones. A peer
    /// whose timestamps leap in every packet gets no further than the largest number.
    fn samples(&self, steps: i64) -> i64 {
        let codec = self.session.format.codec();
        let (hz, clock_hz) = (codec.rate().hz(), codec.clock_hz());
        if hz >= clock_hz {
            steps.saturating_mul(i64::from(hz / clock_hz))
        } else {
            steps.div_euclid(i64::from(clock_hz / hz))
        }
    }
}
