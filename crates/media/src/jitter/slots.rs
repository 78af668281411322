//! The packets that wait: a fixed number of places, each with room for one payload.

#![cfg_attr(
    not(test),
    deny(
        clippy::indexing_slicing,
        clippy::arithmetic_side_effects,
        clippy::unwrap_used,
        clippy::expect_used
    )
)]

use crate::codec::Codec;
use crate::level::Told;

/// Packets that can wait: 480 ms in packets of 10 ms.
pub(crate) const SLOTS: usize = 48;

/// What is known of a waiting packet.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Slot {
    /// First step of the clock it covers, counted on over wraps.
    pub(crate) timestamp: i64,
    /// The format of the payload; a re-INVITE changes it while packets wait.
    pub(crate) codec: Codec,
    /// What it says of its loudness.
    pub(crate) told: Told,
    length: u16,
    place: u8,
}

/// Waiting packets, in order of their timestamps.
#[derive(Debug)]
pub(crate) struct Slots {
    /// The first `used` are occupied and sorted.
    order: Box<[Slot; SLOTS]>,
    used: usize,
    /// Bit n: place n of the payloads is occupied.
    occupied: u64,
    /// The places, each as long as the longest payload.
    payloads: Box<[u8]>,
    longest: usize,
}

/// What became of a packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stored {
    Yes,
    Duplicate,
    Full,
}

impl Slots {
    /// For payloads of at most `longest` bytes.
    pub(crate) fn new(longest: usize) -> Self {
        let empty = Slot {
            timestamp: 0,
            codec: Codec::Pcmu,
            told: Told::Nothing,
            length: 0,
            place: 0,
        };
        Self {
            order: Box::new([empty; SLOTS]),
            used: 0,
            occupied: 0,
            payloads: vec![0; SLOTS.saturating_mul(longest)].into_boxed_slice(),
            longest,
        }
    }

    pub(crate) fn clear(&mut self) {
        self.used = 0;
        self.occupied = 0;
    }

    pub(crate) fn len(&self) -> usize {
        self.used
    }

    /// The packet with the lowest timestamp.
    pub(crate) fn oldest(&self) -> Option<Slot> {
        self.waiting().first().copied()
    }

    fn waiting(&self) -> &[Slot] {
        self.order.get(..self.used).unwrap_or(&[])
    }

    /// Puts a packet into its place by timestamp. The payload must fit: longer ones are refused as `Full`.
    pub(crate) fn insert(&mut self, timestamp: i64, codec: Codec, payload: &[u8], told: Told) -> Stored {
        let at = self.waiting().partition_point(|s| s.timestamp < timestamp);
        if self.waiting().get(at).is_some_and(|s| s.timestamp == timestamp) {
            return Stored::Duplicate;
        }
        let place = self.occupied.trailing_ones();
        let start = (place as usize).saturating_mul(self.longest);
        let room = (payload.len() <= self.longest)
            .then(|| self.payloads.get_mut(start..start.saturating_add(payload.len())))
            .flatten();
        let (Some(room), Some(tail)) = (room, self.order.get_mut(at..=self.used)) else {
            return Stored::Full;
        };
        room.copy_from_slice(payload);
        tail.rotate_right(1);
        if let Some(slot) = tail.first_mut() {
            *slot = Slot {
                timestamp,
                codec,
                told,
                length: payload.len() as u16,
                place: place as u8,
            };
        }
        self.occupied |= 1 << place;
        self.used = self.used.saturating_add(1);
        Stored::Yes
    }

    /// Takes the oldest packet out. Its payload stays readable until the next insertion.
    pub(crate) fn pop(&mut self) -> Option<(Slot, &[u8])> {
        let slot = self.oldest()?;
        if let Some(waiting) = self.order.get_mut(..self.used) {
            waiting.rotate_left(1);
        }
        self.used = self.used.saturating_sub(1);
        self.occupied &= !(1 << slot.place);
        Some((slot, self.payload(slot)?))
    }

    /// The bytes of a waiting packet.
    pub(crate) fn payload(&self, slot: Slot) -> Option<&[u8]> {
        let start = usize::from(slot.place).saturating_mul(self.longest);
        self.payloads
            .get(start..start.saturating_add(usize::from(slot.length)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packets_leave_in_order_of_their_timestamps() {
        let mut slots = Slots::new(160);
        for timestamp in [480, 160, 320, 0] {
            let payload = [timestamp as u8; 160];
            assert_eq!(
                slots.insert(timestamp, Codec::Pcmu, &payload, Told::Nothing),
                Stored::Yes
            );
        }
        assert_eq!(
            slots.insert(320, Codec::Pcmu, &[], Told::Nothing),
            Stored::Duplicate
        );
        for timestamp in [0, 160, 320, 480] {
            let (slot, payload) = slots.pop().unwrap();
            assert_eq!(
                (slot.timestamp, payload),
                (timestamp, &[timestamp as u8; 160][..])
            );
        }
        assert!(slots.pop().is_none());
    }

    #[test]
    fn a_full_store_and_a_payload_too_long_are_refused() {
        let mut slots = Slots::new(160);
        assert_eq!(
            slots.insert(1, Codec::Pcmu, &[0; 161], Told::Nothing),
            Stored::Full
        );
        for n in 0..SLOTS as i64 {
            assert_eq!(slots.insert(n, Codec::Pcmu, &[1], Told::Nothing), Stored::Yes);
        }
        assert_eq!(slots.insert(-1, Codec::Pcmu, &[1], Told::Nothing), Stored::Full);
        assert_eq!(slots.len(), SLOTS);
        slots.pop();
        assert_eq!(slots.insert(-1, Codec::Pcmu, &[1], Told::Nothing), Stored::Yes);
        assert_eq!(slots.oldest().unwrap().timestamp, -1);
    }
}
