//! What phones send that do not talk, encoded once for all of them: a thousand encoders would be the load, not the bridge.

use crate::codec::{Manner, Mouth, Speech};
use crate::speaker::{Idle, Speaker, level};

/// Packets of a loop.
const LOOP: usize = 250;

/// A packet's payload, and its level as it is told.
type Said = (Vec<u8>, u8);

/// A loop of packets for each codec: a handful, found quicker one by one than by hash.
#[derive(Debug, Clone, Default)]
pub(crate) struct Rest(Vec<(Speech, Vec<Said>)>);

impl Rest {
    /// Loops for all codecs in `speech`: what they send, how, and in packets of so many ms.
    pub(crate) fn new(speech: &[Speech], (idle, manner, ptime_ms): (Idle, Manner, usize), seed: u64) -> Self {
        let spoken = Speech::ALL.into_iter().filter(|codec| speech.contains(codec));
        Self(
            spoken
                .map(|codec| (codec, packets(codec, (idle, manner, ptime_ms), seed)))
                .collect(),
        )
    }

    /// Payload number `number` of phone `phone`, and its level; each is elsewhere in the loop.
    pub(crate) fn payload(&self, speech: Speech, phone: usize, number: u64) -> (&[u8], u8) {
        let known = self.0.iter().find(|(codec, _)| *codec == speech);
        let packets = known.map_or(&[] as &[Said], |(_, packets)| packets);
        let at = (phone as u64 * 37 + number) % packets.len().max(1) as u64;
        packets
            .get(at as usize)
            .map_or((&[], 127), |(payload, level)| (payload, *level))
    }
}

fn packets(speech: Speech, (idle, manner, ptime_ms): (Idle, Manner, usize), seed: u64) -> Vec<Said> {
    let mut speaker = Speaker::new(None, idle, seed);
    let mut mouth = Mouth::new(speech, manner);
    let samples = speech.rate_hz() as usize * ptime_ms / 1_000;
    let mut say = || {
        let said = speaker.rest(samples);
        (mouth.encode(&said), level(&said))
    };
    (0..LOOP).map(|_| say()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_phone_is_elsewhere_in_the_loop_and_goes_on_in_it() {
        let how = (Idle::Noise, Manner::default(), 20);
        let rest = Rest::new(&[Speech::Pcmu, Speech::Opus], how, 1);
        for speech in [Speech::Pcmu, Speech::Opus] {
            assert_eq!(rest.payload(speech, 3, 0), rest.payload(speech, 3, LOOP as u64));
            assert_eq!(rest.payload(speech, 3, 37), rest.payload(speech, 4, 0));
            assert_ne!(rest.payload(speech, 3, 0), rest.payload(speech, 4, 0));
        }
        assert_eq!(rest.payload(Speech::G722, 0, 0), (&[][..], 127));
        let (_, level) = rest.payload(Speech::Opus, 0, 0);
        assert!((69..=71).contains(&level), "{level}");
    }
}
