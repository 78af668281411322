//! Keys as telephone-events (RFC 4733): what a phone sends while a key is down, and after it.

/// How long a key is down, and how long nothing is pressed after it, steps of the timestamp (8 kHz).
const DOWN: u16 = 800;
const REST: u16 = 640;
/// Times its end is told, so that one of them arrives (RFC 4733, 2.5.1.4).
const ENDS: u16 = 3;
/// Volume of the event, −dBm0.
const VOLUME: u8 = 10;
/// All keys; the place is the event's number.
const KEYS: &str = "0123456789*#ABCD";

/// One packet of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Event {
    pub(crate) payload: [u8; 4],
    /// The first of its key: carries the marker bit.
    pub(crate) first: bool,
    /// Steps since the key went down; the packet's timestamp is so much before the stream's.
    pub(crate) since: u32,
}

/// Keys still to be sent.
#[derive(Debug)]
pub(crate) struct Keypad {
    events: std::collections::VecDeque<u8>,
    /// Length of a packet, steps of the timestamp.
    packet: u16,
    /// Packets since the key went down.
    since: u16,
}

/// Whether every character is a key.
pub(crate) fn are_keys(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|key| KEYS.contains(key))
}

impl Keypad {
    /// For packets of so many steps of an 8 kHz timestamp.
    pub(crate) fn new(packet: u16) -> Self {
        Self {
            events: std::collections::VecDeque::new(),
            packet,
            since: 0,
        }
    }

    /// Will send these keys; what is none is left out.
    pub(crate) fn press(&mut self, keys: &str) {
        self.events
            .extend(keys.chars().filter_map(|key| KEYS.find(key)).map(|at| at as u8));
    }

    /// Whether all keys have been sent.
    pub(crate) fn is_done(&self) -> bool {
        self.events.is_empty()
    }

    /// What is sent in place of the next packet of audio; nothing between two keys.
    pub(crate) fn next(&mut self) -> Option<Event> {
        let event = *self.events.front()?;
        let (since, down) = (self.since, DOWN.div_ceil(self.packet));
        self.since += 1;
        if self.since == down + ENDS + REST.div_ceil(self.packet) {
            self.events.pop_front();
            self.since = 0;
        }
        (since < down + ENDS).then(|| self.event(event, since, down))
    }

    fn event(&self, event: u8, since: u16, down: u16) -> Event {
        let end = since >= down;
        let [high, low] = ((since.min(down - 1) + 1) * self.packet).to_be_bytes();
        let flags = if end { 0x80 | VOLUME } else { VOLUME };
        Event {
            payload: [event, flags, high, low],
            first: since == 0,
            since: u32::from(since) * u32::from(self.packet),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_lasts_a_tenth_of_a_second_and_its_end_is_told_three_times() {
        let mut keypad = Keypad::new(160);
        keypad.press("#");
        let sent: Vec<_> = std::iter::from_fn(|| (!keypad.is_done()).then(|| keypad.next()))
            .flatten()
            .collect();
        let payloads: Vec<_> = sent.iter().map(|event| event.payload).collect();
        assert_eq!(payloads[0], [11, 10, 0, 160]);
        assert_eq!(payloads[4], [11, 10, 3, 32]);
        assert_eq!(payloads[5..], [[11, 0x8a, 3, 32]; 3]);
        assert!(sent[0].first && sent.iter().skip(1).all(|event| !event.first));
        assert_eq!(sent[7].since, 7 * 160);
    }

    #[test]
    fn keys_follow_each_other_with_a_rest() {
        let mut keypad = Keypad::new(160);
        keypad.press("12");
        let sent: Vec<_> = (0..13)
            .map(|_| keypad.next().map(|event| event.payload[0]))
            .collect();
        assert_eq!(sent[7..], [Some(1), None, None, None, None, Some(2)]);
    }

    #[test]
    fn a_key_lasts_as_long_in_packets_of_another_length() {
        let mut keypad = Keypad::new(480);
        keypad.press("5");
        let sent: Vec<_> = std::iter::from_fn(|| keypad.next()).collect();
        assert_eq!((sent.len(), sent[4].payload), (5, [5, 0x8a, 3, 192]));
    }

    #[test]
    fn only_what_a_phone_has_is_a_key() {
        assert!(are_keys("111#*") && !are_keys("11a") && !are_keys(""));
    }
}
