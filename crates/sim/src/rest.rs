//! What phones send that do not talk, encoded once for all of them: a thousand encoders would be the load, not the bridge.

use crate::codec::{Mouth, Speech};
use crate::speaker::{Idle, Speaker};

/// Packets of a loop.
const LOOP: usize = 250;

/// A loop of packets for each codec: a handful, found quicker one by one than by hash.
#[derive(Debug, Clone, Default)]
pub(crate) struct Rest(Vec<(Speech, Vec<Vec<u8>>)>);

impl Rest {
    /// Loops for all codecs in `speech`, in packets of `ptime_ms`.
    pub(crate) fn new(speech: &[Speech], idle: Idle, ptime_ms: usize, seed: u64) -> Self {
        let spoken = Speech::ALL.into_iter().filter(|codec| speech.contains(codec));
        Self(
            spoken
                .map(|codec| (codec, packets(codec, idle, ptime_ms, seed)))
                .collect(),
        )
    }

    /// Payload number `number` of phone `phone`; each is elsewhere in the loop.
    pub(crate) fn payload(&self, speech: Speech, phone: usize, number: u64) -> &[u8] {
        let known = self.0.iter().find(|(codec, _)| *codec == speech);
        let packets = known.map_or(&[] as &[Vec<u8>], |(_, packets)| packets);
        let at = (phone as u64 * 37 + number) % packets.len().max(1) as u64;
        packets.get(at as usize).map_or(&[], Vec::as_slice)
    }
}

fn packets(speech: Speech, idle: Idle, ptime_ms: usize, seed: u64) -> Vec<Vec<u8>> {
    let mut speaker = Speaker::new(None, idle, seed);
    let mut mouth = Mouth::new(speech);
    let samples = speech.rate_hz() as usize * ptime_ms / 1_000;
    (0..LOOP).map(|_| mouth.encode(&speaker.rest(samples))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_phone_is_elsewhere_in_the_loop_and_goes_on_in_it() {
        let rest = Rest::new(&[Speech::Pcmu, Speech::Opus], Idle::Noise, 20, 1);
        for speech in [Speech::Pcmu, Speech::Opus] {
            assert_eq!(rest.payload(speech, 3, 0), rest.payload(speech, 3, LOOP as u64));
            assert_eq!(rest.payload(speech, 3, 37), rest.payload(speech, 4, 0));
            assert_ne!(rest.payload(speech, 3, 0), rest.payload(speech, 4, 0));
        }
        assert!(rest.payload(Speech::G722, 0, 0).is_empty());
    }
}
