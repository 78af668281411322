//! Payloads become packets: re-slicing to the packet time, sequence numbers, timestamps.

use crate::codec::Codec;
use crate::level::Dbov;
use crate::rtp::{COMFORT_NOISE, HEADER, Header};

/// Longest packet we send, in ms.
const LONGEST_MS: usize = 60;
/// Ticks after which a peer is told once more that there is nothing to hear: half a second. So long is a lost packet a dead line, such
/// a pause nobody takes for a broken way, and bindings of NATs, which last for half a minute and more, stay open.
const REFRESH: u32 = 25;
/// Room for the payload bytes of a packet in the making, and of the tick that completes it.
const ROOM: usize = 160 * (LONGEST_MS / 20 + 1);
const _: () = assert!(ROOM >= Codec::MAX_PAYLOAD);

/// Numbers and collects what a leg sends.
#[derive(Debug)]
pub(super) struct Sender {
    ssrc: u32,
    sequence: u16,
    /// Timestamp of the first byte collected, or of the next payload.
    timestamp: u32,
    /// The next packet starts a talk spurt.
    marker: bool,
    /// Header and payload of the packet in the making. It lies apart: most are whole at once.
    packet: Box<[u8; HEADER + ROOM]>,
    collected: usize,
    /// Ticks since the peer was told that there is nothing to hear; 0 where it must be.
    rested: u32,
    packets: u32,
    bytes: u32,
}

/// How packets are to look.
#[derive(Debug, Clone, Copy)]
pub(super) struct Shape {
    pub(super) codec: Codec,
    pub(super) payload_type: u8,
    pub(super) ptime_ms: u8,
}

impl Shape {
    /// Bytes and clock steps of one packet; no bytes where each payload is a packet. Such payloads can't be cut, and a packet time is a
    /// wish (RFC 8866, section 6.4).
    fn packet(self) -> (Option<usize>, u32) {
        let ms = match self.ptime_ms {
            10 | 30 | 40 | 60 => u32::from(self.ptime_ms),
            _ => 20,
        };
        match self.codec {
            // All three have 8 bytes a millisecond, and count 8 steps in it.
            Codec::Pcmu | Codec::Pcma | Codec::G722 => (Some(8 * ms as usize), 8 * ms),
            Codec::Opus(_) => (None, self.steps_per_tick()),
        }
    }

    const fn steps_per_tick(self) -> u32 {
        self.codec.clock_hz() / 50
    }
}

impl Sender {
    pub(super) fn new(ssrc: u32, sequence: u16, timestamp: u32) -> Self {
        Self {
            ssrc,
            sequence,
            timestamp,
            marker: true,
            packet: Box::new([0; HEADER + ROOM]),
            collected: 0,
            rested: 0,
            packets: 0,
            bytes: 0,
        }
    }

    /// Packets and payload bytes sent so far, both wrapping (RFC 3550, section 6.4.1).
    pub(super) const fn totals(&self) -> (u32, u32) {
        (self.packets, self.bytes)
    }

    /// Timestamp of what is sent next.
    pub(super) const fn timestamp(&self) -> u32 {
        self.timestamp
    }

    /// A tick passes unsent: time goes on, and the next packet starts a spurt.
    pub(super) fn pause(&mut self, shape: Shape) {
        self.pass(shape, 1);
    }

    /// So many ticks pass unsent.
    pub(super) fn pass(&mut self, shape: Shape, ticks: u32) {
        self.restart(shape);
        let steps = shape.steps_per_tick().wrapping_mul(ticks);
        self.timestamp = self.timestamp.wrapping_add(steps);
    }

    /// What was collected is given up: the format changes, or nothing may be sent.
    pub(super) fn restart(&mut self, shape: Shape) {
        let (bytes, steps) = shape.packet();
        let given_up = bytes.map_or(0, |bytes| self.collected as u64 * u64::from(steps) / bytes as u64);
        self.timestamp = self.timestamp.wrapping_add(given_up as u32);
        self.collected = 0;
        self.rested = 0;
        self.marker = true;
    }

    /// A tick in which there is nothing but noise: `wire` gets a packet that says so, or nothing, time goes on, and the next packet of
    /// audio starts a spurt. False, with nothing done, while a packet is in the making: it is to be filled first.
    pub(super) fn rest(&mut self, shape: Shape, level: Dbov, wire: &mut dyn FnMut(&[u8])) -> bool {
        if self.collected > 0 {
            return false;
        }
        if self.rested == 0 {
            let header = Header {
                marker: false,
                payload_type: COMFORT_NOISE,
                ..self.header(shape)
            };
            let mut packet = [level.to_byte(); HEADER + 1];
            packet[..HEADER].copy_from_slice(&header.to_bytes());
            wire(&packet);
            self.advance(1, 0);
        }
        self.rested = (self.rested + 1) % REFRESH;
        self.timestamp = self.timestamp.wrapping_add(shape.steps_per_tick());
        self.marker = true;
        true
    }

    /// Takes one tick's payload; `wire` gets every packet that is full.
    pub(super) fn send(&mut self, shape: Shape, payload: &[u8], wire: &mut dyn FnMut(&[u8])) {
        let (bytes, steps) = shape.packet();
        let bytes = bytes.unwrap_or(payload.len());
        if self.collected == 0 && bytes > 0 && payload.len() == bytes {
            return self.send_whole(shape, payload, wire);
        }
        let start = HEADER + self.collected;
        let Some(room) = self.packet.get_mut(start..start + payload.len()) else {
            return;
        };
        room.copy_from_slice(payload);
        self.rested = 0;
        self.collected += payload.len();
        while self.collected >= bytes && self.collected > 0 {
            let header = self.header(shape).to_bytes();
            self.packet[..HEADER].copy_from_slice(&header);
            wire(&self.packet[..HEADER + bytes]);
            self.packet
                .copy_within(HEADER + bytes..HEADER + self.collected, HEADER);
            self.collected -= bytes;
            self.advance(bytes, steps);
        }
    }

    /// A payload that is a packet goes out as it is.
    fn send_whole(&mut self, shape: Shape, payload: &[u8], wire: &mut dyn FnMut(&[u8])) {
        let mut packet = [0; HEADER + ROOM];
        let length = HEADER + payload.len();
        let Some(room) = packet.get_mut(HEADER..length) else {
            return;
        };
        room.copy_from_slice(payload);
        packet[..HEADER].copy_from_slice(&self.header(shape).to_bytes());
        self.rested = 0;
        wire(&packet[..length]);
        self.advance(payload.len(), shape.packet().1);
    }

    fn header(&self, shape: Shape) -> Header {
        Header {
            marker: self.marker,
            payload_type: shape.payload_type,
            sequence: self.sequence,
            timestamp: self.timestamp,
            ssrc: self.ssrc,
        }
    }

    fn advance(&mut self, bytes: usize, steps: u32) {
        self.marker = false;
        self.sequence = self.sequence.wrapping_add(1);
        self.timestamp = self.timestamp.wrapping_add(steps);
        self.packets = self.packets.wrapping_add(1);
        self.bytes = self.bytes.wrapping_add(bytes as u32);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rtp::Packet;

    fn shape(ptime_ms: u8) -> Shape {
        Shape {
            codec: Codec::Pcmu,
            payload_type: 0,
            ptime_ms,
        }
    }

    fn run(sender: &mut Sender, ptime_ms: u8, ticks: u8) -> Vec<(u16, u32, bool, Vec<u8>)> {
        let mut sent = Vec::new();
        for tick in 0..ticks {
            sender.send(shape(ptime_ms), &[tick; 160], &mut |bytes| {
                let p = Packet::parse(bytes).unwrap();
                sent.push((p.sequence, p.timestamp, p.marker, p.payload.to_vec()));
            });
        }
        sent
    }

    #[test]
    fn every_packet_time_carries_the_same_bytes_in_steps_of_its_length() {
        for (ptime, bytes) in [(10, 80), (20, 160), (30, 240), (40, 320), (60, 480), (17, 160)] {
            let mut sender = Sender::new(1, 65_534, u32::MAX - 100);
            let sent = run(&mut sender, ptime, 12);
            assert_eq!(sent.len() * bytes, 12 * 160, "{ptime} ms");
            for (n, (sequence, timestamp, marker, payload)) in sent.iter().enumerate() {
                assert_eq!(*sequence, 65_534u16.wrapping_add(n as u16));
                assert_eq!(*timestamp, (u32::MAX - 100).wrapping_add((n * bytes) as u32));
                assert_eq!((*marker, payload.len()), (n == 0, bytes));
            }
            let all: Vec<u8> = sent.into_iter().flat_map(|p| p.3).collect();
            assert_eq!(all, (0..12).flat_map(|n| [n; 160]).collect::<Vec<u8>>());
        }
    }

    #[test]
    fn time_goes_on_while_nothing_is_sent_but_numbers_do_not() {
        let mut sender = Sender::new(1, 0, 0);
        run(&mut sender, 20, 2);
        sender.pause(shape(20));
        sender.pause(shape(20));
        let sent = run(&mut sender, 20, 1);
        assert_eq!((sent[0].0, sent[0].1, sent[0].2), (2, 640, true));
    }

    #[test]
    fn rest_is_told_at_its_beginning_and_every_half_second_and_audio_goes_on_where_time_has_come() {
        let mut sender = Sender::new(1, 65_535, u32::MAX - 319);
        run(&mut sender, 20, 2);
        let mut told = Vec::new();
        for tick in 0..60 {
            assert!(sender.rest(shape(20), Dbov::new(-67), &mut |bytes| {
                let p = Packet::parse(bytes).unwrap();
                assert_eq!((p.payload_type, p.marker, p.payload), (13, false, &[67][..]));
                told.push((tick, p.sequence, p.timestamp));
            }));
        }
        assert_eq!(told, [(0, 1, 0), (25, 2, 4_000), (50, 3, 8_000)]);
        let sent = run(&mut sender, 20, 2);
        assert_eq!((sent[0].0, sent[0].1, sent[0].2), (4, 9_600, true));
        assert_eq!((sent[1].0, sent[1].1, sent[1].2), (5, 9_760, false));
        assert_eq!(sender.totals(), (7, 4 * 160 + 3));
        // Anything else in between, and it is told at once.
        let mut again = 0;
        assert!(sender.rest(shape(20), Dbov::SILENCE, &mut |bytes| {
            again += 1;
            assert_eq!(bytes[12], 127);
        }));
        assert_eq!(again, 1);
    }

    #[test]
    fn a_packet_in_the_making_is_filled_before_rest() {
        for (ptime, unfilled) in [(10, 0), (20, 0), (30, 2), (40, 1), (60, 2)] {
            let mut sender = Sender::new(1, 0, 0);
            let mut packets = run(&mut sender, ptime, 1);
            let mut waited = 0;
            while !sender.rest(shape(ptime), Dbov::SILENCE, &mut |bytes| {
                assert_eq!(bytes.len(), 13)
            }) {
                waited += 1;
                packets.extend(run(&mut sender, ptime, 1));
            }
            assert_eq!(waited, unfilled, "{ptime} ms");
            let bytes: usize = packets.iter().map(|packet| packet.3.len()).sum();
            assert_eq!(
                (bytes, sender.timestamp()),
                (160 * (1 + waited), 160 * (2 + waited as u32))
            );
        }
    }

    #[test]
    fn half_collected_packets_are_given_up_with_their_time() {
        let mut sender = Sender::new(1, 0, 0);
        assert!(run(&mut sender, 40, 1).is_empty());
        sender.restart(shape(40));
        assert_eq!(run(&mut sender, 20, 1)[0].1, 160);
    }

    #[test]
    fn a_payload_that_does_not_fit_is_left_out() {
        let mut sender = Sender::new(1, 0, 0);
        sender.send(shape(20), &[0; 5_000], &mut |_| panic!("sent"));
    }
}
