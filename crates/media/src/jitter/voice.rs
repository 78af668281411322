//! From packets to audio without a break: decoder, concealment, and the packets that were not worth decoding.

use crate::codec::{Codec, Decoder, decode_memoryless};
use crate::conceal::Concealer;

use super::fifo::Fifo;

/// Packets remembered undecoded: as long as decoders remember anything of what they heard.
const RUN_IN: usize = 3;
/// Packets spared in a row after which one is decoded all the same: a steady tone counts as no speech, and peers may be wrong. Up to
/// [`SPREAD`] more, by what the packet holds, so that phones that began together are not looked into together.
const PROBE: u32 = 18;
const SPREAD: u32 = 16;
/// Audio that a decoder may invent before it fades, and until it is silent, in ms.
const STEADY_MS: usize = 80;
const SILENT_MS: usize = 100;

/// The voice of one stream.
#[derive(Debug)]
pub(super) struct Voice {
    decoder: Decoder,
    concealer: Concealer,
    skipped: Skipped,
    /// Packets spared in a row.
    spared: u32,
    /// How many may be.
    patience: u32,
    /// Samples that the decoder invented since it last decoded.
    invented: usize,
}

impl Voice {
    pub(super) fn new(codec: Codec) -> Self {
        Self {
            decoder: Decoder::new(codec),
            concealer: Concealer::new(codec.rate().hz()),
            skipped: Skipped::new(codec),
            spared: 0,
            patience: 0,
            invented: 0,
        }
    }

    /// What it decodes now.
    pub(super) const fn codec(&self) -> Codec {
        self.decoder.codec()
    }

    /// Decodes the other law of G.711 from now on.
    pub(super) fn change(&mut self, codec: Codec) {
        debug_assert!(!codec.has_memory() && !self.codec().has_memory());
        self.decoder = Decoder::new(codec);
    }

    /// Another stream comes: what was heard has nothing to do with it.
    pub(super) fn restart(&mut self) {
        self.concealer.cut();
        self.decoder.reset();
        self.skipped.clear();
        self.invented = 0;
    }

    /// The stream jumps: what comes next is blended in.
    pub(super) fn cut(&mut self) {
        self.concealer.cut();
    }

    /// Whether what it invents has faded to silence.
    pub(super) fn faded(&self) -> bool {
        self.concealer.faded() || self.invented >= SILENT_MS * self.per_ms()
    }

    /// Whether the last packets were not decoded.
    pub(super) fn is_spared(&self) -> bool {
        !self.skipped.is_empty()
    }

    /// Whether `payload` holds no speech and can be spared.
    pub(super) fn can_spare(&self, codec: Codec, payload: &[u8]) -> bool {
        codec.is_pause(payload) && (self.spared < self.patience || codec.is_last_before_pause(payload))
    }

    /// Decodes a packet behind what waits, without its first `played` samples; returns all the samples it has, 0 when it is broken.
    pub(super) fn decode(&mut self, codec: Codec, payload: &[u8], played: usize, fifo: &mut Fifo) -> usize {
        let decoded = if codec == self.codec() {
            self.prepare(codec, payload, fifo.room());
            self.decoder.decode(payload, fifo.room())
        } else {
            decode_memoryless(codec, payload, fifo.room())
        };
        if self.invented > STEADY_MS * self.per_ms() {
            self.concealer.cut();
        }
        self.invented = 0;
        if played < decoded {
            self.concealer.real(fifo.keep(played, decoded - played));
        }
        decoded
    }

    /// Puts silence in place of a packet that nobody needs to hear; returns as [`Voice::decode`] does.
    pub(super) fn skip(&mut self, codec: Codec, payload: &[u8], played: usize, fifo: &mut Fifo) -> usize {
        let length = codec.duration(payload).min(fifo.room().len());
        self.skipped.keep(payload);
        self.spared = self.spared.saturating_add(1);
        self.invented = 0;
        if played < length {
            self.silence(length - played, fifo);
        }
        length
    }

    /// Puts silence.
    pub(super) fn silence(&mut self, count: usize, fifo: &mut Fifo) {
        fifo.room()[..count].fill(0);
        self.concealer.real(fifo.keep(0, count));
    }

    /// Readies the decoder for `payload` after packets that were spared. One that holds no speech is only looked into: that takes no
    /// run-in, and it is kept for the run-in of what comes next.
    fn prepare(&mut self, codec: Codec, payload: &[u8], scratch: &mut [i16]) {
        let spared = std::mem::take(&mut self.spared);
        match codec.is_pause(payload) {
            true if spared > 0 => self.skipped.keep(payload),
            true => self.skipped.clear(),
            false => self.run_in(scratch),
        }
        let spread = payload.last().map_or(0, |last| u32::from(*last) % SPREAD);
        self.patience = PROBE.saturating_add(spread);
    }

    /// Lets the decoder hear what it was spared, so that it knows how the voice sounds when it is needed.
    fn run_in(&mut self, scratch: &mut [i16]) {
        let Self { decoder, skipped, .. } = self;
        if skipped.is_empty() {
            return;
        }
        decoder.reset();
        skipped.each(|payload| {
            decoder.decode(payload, scratch);
        });
        skipped.clear();
    }

    /// Invents `count` samples in place of what is missing.
    pub(super) fn invent(&mut self, count: usize, fifo: &mut Fifo) {
        if !self.invent_by_decoder(count, fifo) {
            self.concealer.invent(&mut fifo.room()[..count]);
            fifo.keep(0, count);
        }
    }

    /// Decoders invent in steps of 2.5 ms; what is more than `count` is not used.
    fn invent_by_decoder(&mut self, count: usize, fifo: &mut Fifo) -> bool {
        let step = self.per_ms() * 5 / 2;
        let whole = count.next_multiple_of(step);
        let (steady, silent) = (STEADY_MS * self.per_ms(), SILENT_MS * self.per_ms());
        let Some(room) = fifo.room().get_mut(..whole) else {
            return false;
        };
        if !self.skipped.is_empty() || !self.decoder.invent(room) {
            return false;
        }
        for sample in &mut room[..count] {
            let left = silent.saturating_sub(self.invented.max(steady)) as i32;
            *sample = (i32::from(*sample) * left / (silent - steady) as i32) as i16;
            self.invented += 1;
        }
        self.concealer.real(fifo.keep(0, count));
        true
    }

    /// Puts the `count` samples that were lost just before `next`, from its redundancy; false when there is none.
    pub(super) fn recover(&mut self, next: &[u8], count: usize, fifo: &mut Fifo) -> bool {
        let Some(room) = fifo.room().get_mut(..count) else {
            return false;
        };
        let has_some = self.codec().has_redundancy(next) && self.skipped.is_empty();
        if !has_some || !self.decoder.recover(next, room) {
            return false;
        }
        self.invented = 0;
        self.concealer.real(fifo.keep(0, count));
        true
    }

    fn per_ms(&self) -> usize {
        self.codec().rate().hz() as usize / 1_000
    }
}

/// The last packets that were not decoded, oldest first; none of a codec without memory.
#[derive(Debug)]
struct Skipped {
    payloads: Box<[u8]>,
    lengths: [usize; RUN_IN],
    longest: usize,
    /// Place of the next one.
    next: usize,
    count: usize,
}

impl Skipped {
    fn new(codec: Codec) -> Self {
        let longest = if codec.has_memory() {
            codec.longest_payload()
        } else {
            0
        };
        Self {
            payloads: vec![0; longest * RUN_IN].into_boxed_slice(),
            lengths: [0; RUN_IN],
            longest,
            next: 0,
            count: 0,
        }
    }

    fn is_empty(&self) -> bool {
        self.count == 0
    }

    fn clear(&mut self) {
        self.count = 0;
    }

    fn keep(&mut self, payload: &[u8]) {
        if payload.len() > self.longest {
            return;
        }
        let start = self.next * self.longest;
        self.payloads[start..start + payload.len()].copy_from_slice(payload);
        self.lengths[self.next] = payload.len();
        self.next = (self.next + 1) % RUN_IN;
        self.count = (self.count + 1).min(RUN_IN);
    }

    fn each(&self, mut hear: impl FnMut(&[u8])) {
        for n in (0..self.count).map(|n| (self.next + RUN_IN - self.count + n) % RUN_IN) {
            let start = n * self.longest;
            hear(&self.payloads[start..start + self.lengths[n]]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::frame::Rate;

    /// Which of a thousand packets are looked into, all of them 20 ms of SILK without a voice.
    fn looked_into(last: impl Fn(usize) -> u8) -> Vec<usize> {
        let codec = Codec::Opus(Rate::Hz16000);
        let (mut voice, mut fifo) = (Voice::new(codec), Fifo::new(960));
        (0..1_000)
            .filter(|n| {
                let payload = [9 << 3, 0, 0, last(*n)];
                fifo.clear();
                let spare = voice.can_spare(codec, &payload);
                match spare {
                    true => voice.skip(codec, &payload, 0, &mut fifo),
                    false => voice.decode(codec, &payload, 0, &mut fifo),
                };
                !spare
            })
            .collect()
    }

    #[test]
    fn a_silent_phone_is_looked_into_twice_in_a_second_and_not_when_its_neighbour_is() {
        let looks = [3, 11].map(|factor| looked_into(|n| (n * factor) as u8));
        for looks in &looks {
            let gaps = looks.windows(2).map(|pair| (pair[1] - pair[0]) as u32);
            assert!((28..=56).contains(&looks.len()), "{looks:?}");
            assert!(
                gaps.into_iter()
                    .all(|gap| (PROBE..=PROBE + SPREAD).contains(&gap))
            );
        }
        let both = looks[0].iter().filter(|n| looks[1].contains(n)).count();
        assert!(both * 4 < looks[0].len(), "{both} of {}", looks[0].len());
    }
}
