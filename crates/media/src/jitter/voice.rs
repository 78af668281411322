//! From packets to audio without a break: decoder, concealment, and the packets that were not worth decoding.

use crate::codec::{Codec, Decoder, Silence, decode_memoryless, opus_packet};
use crate::conceal::Concealer;
use crate::level::{Dbov, Told};
use crate::meter::Glance;

use super::fifo::Fifo;
use super::pace::Pace;
use super::slots::Slot;

/// Packets remembered undecoded: as long as decoders remember anything of what they heard.
const RUN_IN: usize = 3;
/// Packets in a row that say they are silent, and are not, after which the stream is not believed any more.
const LIES: u8 = 10;
/// Ticks that one look stands for at most: two seconds.
const MOST_TICKS: usize = 100;
/// Audio that a decoder may invent before it fades, and until it is silent, in ms.
const STEADY_MS: usize = 80;
const SILENT_MS: usize = 100;

/// How long a decoder with a memory gives nonsense behind a gap: the filters that join the bands of G.722 are that long.
const UNSETTLED_MS: usize = 2;

/// The voice of one stream.
#[derive(Debug)]
#[repr(C)]
pub(super) struct Voice {
    /// The next packet is silent by all that is known, and only looked into.
    looks: bool,
    /// Packets in a row that said they are silent, and were not; once there are too many it stays.
    lies: u8,
    pace: Pace,
    silence: Silence,
    /// Samples that the decoder invented since it last decoded.
    invented: usize,
    concealer: Concealer,
    skipped: Skipped,
    false_levels: u64,
    decoder: Decoder,
}

impl Voice {
    pub(super) fn new(codec: Codec) -> Self {
        Self {
            decoder: Decoder::new(codec),
            concealer: Concealer::new(codec.rate().hz()),
            silence: Silence::new(),
            skipped: Skipped::new(codec),
            pace: Pace::default(),
            looks: false,
            lies: 0,
            false_levels: 0,
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
        self.silence = Silence::new();
        self.skipped.clear();
        self.pace.restart();
        self.lies = 0;
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
        self.pace.spared() > 0 || !self.skipped.is_empty()
    }

    /// Packets that said they are silent and were not.
    pub(super) const fn false_levels(&self) -> u64 {
        self.false_levels
    }

    /// Whether `payload` holds nothing that is to be heard, and can be spared.
    pub(super) fn can_spare(&mut self, slot: Slot, payload: &[u8]) -> bool {
        if slot.codec.is_last_before_pause(payload) {
            return true;
        }
        let told = if slot.told == Told::Silence && self.lies >= LIES {
            Told::Nothing
        } else {
            slot.told
        };
        let is_silent = self.silence.is_in(slot.codec, payload, told);
        let is_spared = is_silent && self.pace.spares(slot.codec, payload);
        self.looks = is_silent && !is_spared;
        is_spared
    }

    /// Looks into a packet that nobody is to hear, for the meters, when its turn has come: at the pace of looks into silence, so that a
    /// muted crowd costs little more than a silent one, whatever it says. The packet is to be skipped all the same.
    pub(super) fn glance(&mut self, slot: Slot, payload: &[u8], fifo: &mut Fifo) -> Option<Glance> {
        // The steps of G.722 are not followed.
        self.silence = Silence::new();
        let says_nothing = slot.codec.is_last_before_pause(payload);
        if says_nothing || self.pace.spares(slot.codec, payload) {
            return None;
        }
        let samples = self.pace.spared() + slot.codec.duration(payload);
        let ticks = (samples / (20 * self.per_ms())).clamp(1, MOST_TICKS) as u8;
        self.pace.begin(slot.codec, payload);
        let decoded = self.peek(slot, payload, fifo.room());
        let heard = fifo.room().get(..decoded).filter(|samples| !samples.is_empty())?;
        let glance = Glance::of(heard, ticks);
        self.pace.heard(true, glance.is_audible());
        Some(glance)
    }

    /// Decodes a packet that is not to be played. The decoder goes on from the last one it was given: what is played next has a run-in of
    /// its own. Where a codec shows levels only to a decoder that knows what came before, it has one here, too: G.722, and Opus that
    /// does not show by itself that it is silent. Without, SILK's predictors make a loud tone up to 6 dB too quiet.
    fn peek(&mut self, slot: Slot, payload: &[u8], scratch: &mut [i16]) -> usize {
        if slot.codec != self.codec() {
            return decode_memoryless(slot.codec, payload, scratch);
        }
        let runs_in = match slot.codec {
            Codec::Pcmu | Codec::Pcma | Codec::G722 => true,
            Codec::Opus(_) => slot.told != Told::Silence && !opus_packet::is_pause(payload),
        };
        let Self { decoder, skipped, .. } = self;
        if runs_in {
            skipped.each(|payload| {
                decoder.decode(payload, scratch);
            });
        }
        decoder.decode(payload, scratch)
    }

    /// Decodes a packet behind what waits, without its first `played` samples; returns all the samples it has, 0 when it is broken.
    pub(super) fn decode(&mut self, slot: Slot, payload: &[u8], played: usize, fifo: &mut Fifo) -> usize {
        let looked = self.prepare(payload, fifo.room());
        let decoded = if slot.codec == self.codec() {
            let decoded = self.decoder.decode(payload, fifo.room());
            self.silence.follow(&self.decoder);
            decoded
        } else {
            decode_memoryless(slot.codec, payload, fifo.room())
        };
        self.judge(slot.told, looked, &fifo.room()[..decoded]);
        if self.invented > STEADY_MS * self.per_ms() {
            self.concealer.cut();
        }
        self.invented = 0;
        if played < decoded {
            self.concealer.real(fifo.keep(played, decoded - played));
        }
        decoded
    }

    /// Compares what a packet holds with what was known of it, and with the silence before it.
    fn judge(&mut self, told: Told, looked: bool, samples: &[i16]) {
        let told_silence = told == Told::Silence;
        if !told_silence && !looked && self.pace.is_new() {
            return;
        }
        let is_audible = Dbov::of(samples) >= Dbov::AUDIBLE;
        self.pace.heard(looked, is_audible);
        if told_silence {
            self.check(is_audible);
        }
    }

    /// Counts a packet that said of itself that it is silent. The echo of a word in the packet after it is no lie yet.
    fn check(&mut self, is_false: bool) {
        self.false_levels += u64::from(is_false);
        if self.lies < LIES {
            self.lies = if is_false { self.lies + 1 } else { 0 };
        }
    }

    /// Puts silence in place of a packet that nobody needs to hear; returns as [`Voice::decode`] does.
    pub(super) fn skip(&mut self, codec: Codec, payload: &[u8], played: usize, fifo: &mut Fifo) -> usize {
        let length = codec.duration(payload).min(fifo.free());
        self.skipped.keep(payload);
        self.pace.spare(length);
        self.invented = 0;
        if played < length {
            self.silence(length - played, fifo);
        }
        length
    }

    /// Puts silence.
    pub(super) fn silence(&mut self, count: usize, fifo: &mut Fifo) {
        if self.concealer.is_silent() {
            return fifo.keep_silence(count);
        }
        fifo.room()[..count].fill(0);
        self.concealer.silence(fifo.keep(0, count));
    }

    /// Readies the decoder for `payload` after packets that were spared; returns whether it is only looked into, as it is silent by all that
    /// is known. One of Opus takes no run-in then, and is kept for that of what comes next. G.722 shows the level of a tone only to a
    /// decoder that knows it.
    fn prepare(&mut self, payload: &[u8], scratch: &mut [i16]) -> bool {
        let spared = self.pace.begin(self.codec(), payload);
        let looks = std::mem::take(&mut self.looks);
        match self.codec() {
            Codec::Opus(_) if looks && spared => self.skipped.keep(payload),
            Codec::Pcmu | Codec::Pcma | Codec::G722 | Codec::Opus(_) => self.run_in(scratch),
        }
        looks
    }

    /// Lets the decoder hear what it was spared, so that it knows how the voice sounds when it is needed.
    fn run_in(&mut self, scratch: &mut [i16]) {
        let Self { decoder, skipped, .. } = self;
        if skipped.is_empty() {
            return;
        }
        // G.722 in silence settles more slowly than the run-in is long, and is nearer to where it was than to where it began.
        match decoder.codec() {
            Codec::Opus(_) => decoder.reset(),
            Codec::Pcmu | Codec::Pcma | Codec::G722 => {}
        }
        skipped.each(|payload| {
            decoder.decode(payload, scratch);
        });
        skipped.clear();
    }

    /// A packet is known that comes behind a gap of `gap` samples: what is invented next leads up to it, where the codec lets it be
    /// decoded before the gap is filled.
    pub(super) fn span(&mut self, gap: usize, codec: Codec, payload: &[u8], fifo: &mut Fifo) {
        if !self.concealer.can_span(gap) || !self.skipped.is_empty() {
            return;
        }
        let ahead = if codec == self.codec() {
            self.decoder.look_ahead(payload, fifo.room())
        } else {
            decode_memoryless(codec, payload, fifo.room())
        };
        let unsettled = if codec.has_memory() {
            UNSETTLED_MS * self.per_ms()
        } else {
            0
        };
        if ahead > 0 {
            self.concealer.span(gap, &fifo.room()[..ahead], unsettled);
        }
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
            codec.longest_piece()
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
    use super::super::slots::Slots;
    use super::*;
    use crate::frame::Rate;

    /// Which of a thousand packets are looked into, all of them 20 ms of SILK without a voice, at a constant bit rate.
    fn looked_into(last: impl Fn(usize) -> u8) -> Vec<usize> {
        let codec = Codec::Opus(Rate::Hz16000);
        let (mut voice, mut fifo) = (Voice::new(codec), Fifo::new(960));
        let mut slots = Slots::new(codec.longest_piece());
        (0..1_000)
            .filter(|n| {
                let mut packet = [0; 20];
                (packet[0], packet[19]) = (9 << 3, last(*n));
                slots.insert(0, codec, &packet, Told::Nothing);
                let (slot, payload) = slots.pop().unwrap();
                fifo.clear();
                let spare = voice.can_spare(slot, payload);
                match spare {
                    true => voice.skip(codec, payload, 0, &mut fifo),
                    false => voice.decode(slot, payload, 0, &mut fifo),
                };
                !spare
            })
            .collect()
    }

    /// 20 ms of Opus: SILK with a voice, or CELT.
    fn opus(configuration: u8) -> [u8; 160] {
        let mut packet = [0; 160];
        (packet[0], packet[1]) = (configuration << 3, 0x80);
        packet
    }

    #[test]
    fn who_is_not_to_be_heard_is_looked_into_as_rarely_as_who_is_silent_whatever_he_says() {
        for (codec, mut packet) in [
            (Codec::Pcmu, [0x90; 160]),
            (Codec::Pcma, [0x90; 160]),
            (Codec::G722, [0x55; 160]),
            (Codec::Opus(Rate::Hz16000), opus(9)),
            (Codec::Opus(Rate::Hz48000), opus(31)),
        ] {
            let (mut voice, mut fifo) = (Voice::new(codec), Fifo::new(2_000));
            let mut slots = Slots::new(codec.longest_piece());
            let looks = (0..1_000_u64).filter(|n| {
                packet[159] = (n * 3 % 256) as u8;
                slots.insert(0, codec, &packet, Told::Nothing);
                let (slot, payload) = slots.pop().unwrap();
                fifo.clear();
                let glance = voice.glance(slot, payload, &mut fifo);
                voice.skip(codec, payload, 0, &mut fifo);
                assert!(fifo.samples().iter().all(|sample| *sample == 0), "{codec:?}");
                glance.is_some()
            });
            let looks = looks.count();
            assert!((38..=56).contains(&looks), "{codec:?}: {looks}");
        }
    }

    #[test]
    fn a_phone_of_constant_rate_is_looked_into_twice_in_a_second_and_not_when_its_neighbour_is() {
        let looks = [3, 11].map(|factor| looked_into(|n| (n * factor) as u8));
        for looks in &looks {
            let gaps = looks.windows(2).map(|pair| 20 * (pair[1] - pair[0]));
            assert!((38..=56).contains(&looks.len()), "{looks:?}");
            assert!(
                gaps.into_iter().all(|gap| (360..=520).contains(&gap)),
                "{looks:?}"
            );
        }
        let both = looks[0].iter().filter(|n| looks[1].contains(n)).count();
        assert!(both * 4 < looks[0].len(), "{both} of {}", looks[0].len());
    }
}
