//! The jitter buffer: packets go in as they come, 20 ms of audio come out per tick.
//!
//! Positions are counted in samples along the peer's timestamps, not in packets, so packets of any length play. The
//! delay of what is played, over the quickest packets of the last seconds, is kept just above what late packets need
//! (`Delay::wait`). It grows when a packet is missing at its tick (the place is filled by concealment and waits for
//! the packet), and it is corrected, for jitter and for clock drift alike, by cutting or repeating a piece: of any
//! length in silence, of whole pitch periods, cross-faded, where the pause does not come.

mod correct;
mod delay;
mod fifo;
mod pace;
mod slots;
#[cfg(test)]
mod tests;
mod voice;

use crate::codec::Codec;
use crate::frame::Frame;
use crate::leg::{Decode, JitterConfig};
pub use crate::level::Told;
use crate::meter::Glance;
use crate::stretch::Stretch;
use delay::{Delay, LATE_WEIGHT};
use fifo::Fifo;
use slots::{Slot, Slots, Stored};
use voice::Voice;

/// Ticks for which a loss speaks for waiting for the redundancy of the next packet: ten seconds.
const LOSSY: u32 = 500;
/// Samples of the longest packet, in ticks: room for it must be in the queue of decoded audio.
const LONGEST_PACKET_TICKS: usize = 6;
/// Ticks that a missing packet is waited for before the stream counts as paused.
const STALL_TICKS: i64 = 5;
/// Packets in a row, all later than the cap bears, that show a longer way.
const LONGER_WAY: u8 = 10;

/// What a tick got.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Played {
    /// Nothing was due.
    Silence,
    /// Some of it was invented.
    Concealed,
    /// All of it was said.
    Real,
    /// It was not decoded, because nobody needs to hear it: the tick is silent.
    Skipped,
}

/// Counters, in packets and samples.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Tally {
    pub(crate) late: u64,
    pub(crate) overflowed: u64,
    pub(crate) duplicated: u64,
    pub(crate) resyncs: u64,
    pub(crate) concealed: u64,
    pub(crate) recovered: u64,
    /// What is `recovered`, in packets, whatever time each has.
    pub(crate) recovered_packets: u64,
    pub(crate) shortened: u64,
    pub(crate) stretched: u64,
    /// Packets that said they are silent and are not.
    pub(crate) false_levels: u64,
}

/// Buffer, decoder, concealment and time correction of one stream.
#[derive(Debug)]
#[repr(C)]
pub struct Player {
    tick: usize,
    hz: i64,
    least: i64,
    most: i64,
    /// Whether a packet ever came.
    started: bool,
    playing: bool,
    /// Next sample to decode; what waits in the queue comes before it.
    fetch: i64,
    /// Samples invented while waiting for the packet at `fetch`.
    stalled: i64,
    /// Samples counted as concealed since the last packet: none were missing if the next one in order is of a later time.
    doubtful: u64,
    /// Comfort noise said that the stream pauses here.
    pause: Option<i64>,
    /// Start and length of the newest packet: the grid that packets lie on.
    newest: (i64, i64),
    last_arrival: i64,
    /// Delay of a packet that was implausible; a second one like it is believed.
    stray: Option<i64>,
    /// Packets in a row that came later than the cap bears.
    too_late: u8,
    /// Noise between words, in dB; follows the level down at once and up slowly.
    floor: f32,
    patience: u32,
    /// Ticks since a packet was missing at its time, or the delay was too short for it.
    calm: u32,
    invented: bool,
    /// Which audio is worth decoding in this tick, and whether some was not.
    decode: Decode,
    skipped: bool,
    /// Some of what waits to be played was decoded.
    decoded: bool,
    /// What a look at audio that nobody is to hear has shown.
    glance: Option<Glance>,
    /// Ticks until it is forgotten that packets repeat the one before them, so that a lost one can be had again one packet later.
    redundant: u32,
    /// Ticks until losses are forgotten.
    lossy: u32,
    depth: i64,
    tally: Tally,
    slots: Slots,
    fifo: Fifo,
    voice: Voice,
    stretch: Stretch,
    delay: Delay,
}

impl Player {
    /// For one stream of `codec`. Allocates; nothing else here does.
    pub fn new(codec: Codec, config: JitterConfig) -> Self {
        let hz = codec.rate().hz();
        let per_ms = i64::from(hz / 1_000);
        let tick = hz as usize / 50;
        Self {
            tick,
            hz: i64::from(hz),
            least: per_ms * i64::from(config.min_ms.min(config.max_ms)),
            most: per_ms * i64::from(config.max_ms),
            slots: Slots::new(codec.longest_piece()),
            delay: Delay::new(hz),
            voice: Voice::new(codec),
            stretch: Stretch::new(hz),
            fifo: Fifo::new(tick * (3 + LONGEST_PACKET_TICKS)),
            started: false,
            playing: false,
            fetch: 0,
            stalled: 0,
            doubtful: 0,
            pause: None,
            newest: (0, tick as i64),
            last_arrival: 0,
            stray: None,
            too_late: 0,
            floor: -60.0,
            patience: 0,
            calm: 0,
            invented: false,
            decode: Decode::Always,
            skipped: false,
            decoded: false,
            glance: None,
            redundant: 0,
            lossy: 0,
            depth: 0,
            tally: Tally::default(),
        }
    }

    /// Counters.
    pub(crate) fn tally(&self) -> Tally {
        Tally {
            false_levels: self.voice.false_levels(),
            ..self.tally
        }
    }

    /// What the last tick has shown of audio that nobody is to hear, where it was looked into.
    pub(crate) fn glance(&mut self) -> Option<Glance> {
        self.glance.take()
    }

    /// The delay aimed at, in samples.
    pub(crate) fn target(&self) -> i64 {
        let waits = self.redundant > 0 && self.lossy > 0;
        let redundancy = if waits { self.newest.1 } else { 0 };
        (self.delay.wait() + redundancy).clamp(self.least, self.most)
    }

    /// The delay of what was last heard, in samples; 0 while nothing plays.
    pub(crate) fn depth(&self) -> i64 {
        self.depth
    }

    /// Where the stream is: the first sample not played yet.
    pub(crate) fn position(&self) -> i64 {
        self.fetch + self.stalled - self.fifo.len() as i64
    }

    /// Another stream comes: the next packet starts anew.
    pub(crate) fn restart(&mut self) {
        self.started = false;
    }

    /// The codec changes within the call. False where what waits can't go on with it: another player must take over.
    pub(crate) fn change(&mut self, codec: Codec) -> bool {
        let stays = codec == self.voice.codec();
        let fits = !codec.has_memory() && !self.voice.codec().has_memory();
        if !stays && fits {
            self.voice.change(codec);
        }
        stays || fits
    }

    /// The first sample behind the newest packet that has come.
    pub(crate) fn newest_end(&self) -> i64 {
        self.newest.0 + self.newest.1
    }

    /// The next packet in order came, and it is of this time: where it lies ahead, the peer paused and nothing was lost.
    pub(crate) fn follows(&mut self, timestamp: i64) {
        let all_played = self.slots.len() == 0 && self.newest.0 + self.newest.1 <= self.fetch;
        if all_played && timestamp > self.fetch {
            self.tally.concealed = self.tally.concealed.saturating_sub(self.doubtful);
        }
    }

    /// Takes a packet that arrived at `arrival`; both times in samples of the decoded audio, the timestamp counted on over wraps. What
    /// comes too late, twice, or beyond the room there is, is counted and dropped.
    pub fn push(&mut self, arrival: i64, timestamp: i64, codec: Codec, payload: &[u8], told: Told) {
        let duration = codec.duration(payload) as i64;
        if duration == 0 || !self.plausible(arrival, timestamp) {
            return;
        }
        let missed = self.playing && timestamp < self.fetch + self.stalled;
        let weight = if missed { LATE_WEIGHT } else { 1 };
        self.calm = if missed { 0 } else { self.calm };
        self.delay.arrived(arrival, arrival - timestamp, weight);
        self.last_arrival = arrival;
        if timestamp + duration <= self.fetch {
            self.tally.late += 1;
            return;
        }
        let mut timestamp = timestamp;
        for piece in payload.chunks(codec.longest_piece()) {
            let end = timestamp + codec.duration(piece) as i64;
            if end > self.fetch {
                self.store(timestamp, codec, piece, told);
            }
            timestamp = end;
        }
    }

    /// Puts a packet, or a piece of one that is too long for one place, to those that wait.
    fn store(&mut self, timestamp: i64, codec: Codec, payload: &[u8], told: Told) {
        let duration = codec.duration(payload) as i64;
        match self.slots.insert(timestamp, codec, payload, told) {
            Stored::Yes => {
                self.newest = self.newest.max((timestamp, duration));
                if codec.has_redundancy(payload) {
                    self.redundant = LOSSY;
                }
                if codec.is_last_before_pause(payload) {
                    self.pause(timestamp + duration);
                }
            }
            Stored::Duplicate => self.tally.duplicated += 1,
            Stored::Full => self.tally.overflowed += 1,
        }
    }

    /// Comfort noise: the stream pauses from `timestamp` on (RFC 3389).
    pub(crate) fn pause(&mut self, timestamp: i64) {
        self.pause = Some(timestamp);
    }

    /// Fills `out`, which must be a silent frame of the codec's rate, with what is due at `now`, in samples on the clock of the arrivals.
    pub fn tick(&mut self, now: i64, decode: Decode, out: &mut Frame) -> Played {
        self.invented = false;
        self.skipped = false;
        self.decoded &= self.fifo.len() > 0;
        self.lossy = self.lossy.saturating_sub(1);
        self.redundant = self.redundant.saturating_sub(1);
        self.decode = decode;
        if self.playing {
            self.skip_what_is_too_old(now);
        } else if !self.start(now) {
            self.depth = 0;
            return Played::Silence;
        }
        let whole = self.fill();
        self.calm = if self.invented {
            0
        } else {
            self.calm.saturating_add(1)
        };
        if !self.invented {
            self.depth = self.lag(now).max(0);
        }
        self.correct(now, out);
        match (whole, self.invented) {
            _ if self.skipped && !self.decoded => Played::Skipped,
            (false, _) => Played::Silence,
            (true, true) => Played::Concealed,
            (true, false) => Played::Real,
        }
    }

    /// Whether the timestamp fits the clock. A jump is believed when it comes twice, or after a pause.
    fn plausible(&mut self, arrival: i64, timestamp: i64) -> bool {
        let delay = arrival - timestamp;
        let silent = arrival - self.last_arrival;
        if !self.started {
            self.begin(arrival, timestamp);
        } else if (delay - self.delay.base()).abs() > self.hz {
            let again = self.stray.is_some_and(|s| (s - delay).abs() < self.hz / 5);
            if !again && silent < self.hz {
                self.stray = Some(delay);
                self.tally.late += 1;
                return false;
            }
            self.tally.resyncs += 1;
            self.begin(arrival, timestamp);
        } else if silent > 4 * self.hz || self.all_come_too_late(delay) {
            self.follow_later(arrival, timestamp);
        }
        self.stray = None;
        true
    }

    /// Takes what comes now for punctual, however late it was by all that came before. What lies before the audio that has been played is
    /// of timestamps that jumped back: it would be too late until it has caught up.
    fn follow_later(&mut self, arrival: i64, timestamp: i64) {
        if timestamp < self.fetch {
            self.tally.resyncs += 1;
            self.begin(arrival, timestamp);
        } else {
            self.delay.rebase(arrival, arrival - timestamp);
        }
    }

    /// Whether packets keep coming later than the cap bears: the way has become longer, not uneven.
    fn all_come_too_late(&mut self, delay: i64) -> bool {
        let too_late = delay - self.delay.base() > self.most + self.tick as i64;
        self.too_late = if too_late { self.too_late + 1 } else { 0 };
        if self.too_late < LONGER_WAY {
            return false;
        }
        self.too_late = 0;
        true
    }

    fn begin(&mut self, arrival: i64, timestamp: i64) {
        self.slots.clear();
        self.fifo.clear();
        self.voice.restart();
        self.delay.restart(arrival, arrival - timestamp);
        self.started = true;
        self.playing = false;
        self.fetch = timestamp;
        self.stalled = 0;
        self.pause = None;
        self.newest = (timestamp, self.tick as i64);
        self.last_arrival = arrival;
    }

    /// Delay of the next sample to play.
    fn lag(&self, now: i64) -> i64 {
        now - self.delay.base() - (self.fetch - self.fifo.len() as i64)
    }

    /// Grid on which packets meet ticks: the largest common measure of both lengths.
    fn grid(&self) -> i64 {
        let (mut a, mut b) = (self.tick as i64, self.newest.1.max(1));
        while b != 0 {
            (a, b) = (b, a % b);
        }
        a
    }

    /// Starts when the oldest packet has waited for as long as late ones need.
    fn start(&mut self, now: i64) -> bool {
        let latest_start = now - self.delay.base() - self.most - self.tick as i64;
        while self.slots.oldest().is_some_and(|s| s.timestamp < latest_start) {
            self.slots.pop();
            self.tally.late += 1;
        }
        let Some(oldest) = self.slots.oldest() else {
            return false;
        };
        let lag = now - self.delay.base() - oldest.timestamp;
        if lag < self.target() + self.tick as i64 - self.grid() {
            return false;
        }
        self.playing = true;
        self.fetch = oldest.timestamp.max(self.fetch);
        self.stalled = 0;
        // Behind a word that is shorter than the delay it was told of already. What lies further ahead is no place to rely on.
        self.pause = self.pause.filter(|at| (1..self.hz).contains(&(at - self.fetch)));
        true
    }

    /// Keeps the cap of the delay, whatever came: skips ahead to it.
    fn skip_what_is_too_old(&mut self, now: i64) {
        let excess = self.lag(now) - self.most - 2 * self.tick as i64;
        if excess <= 0 || self.slots.len() == 0 {
            return;
        }
        self.fetch += excess;
        self.fifo.clear();
        self.voice.cut();
        while self.slots.oldest().is_some_and(|s| s.timestamp < self.fetch) {
            self.slots.pop();
            self.tally.late += 1;
        }
    }

    /// Sees to a tick's worth of audio in the queue; false when there is nothing but silence to give.
    fn fill(&mut self) -> bool {
        while self.fifo.len() < self.tick {
            let missing = self.tick - self.fifo.len();
            match self.slots.oldest() {
                Some(slot) if slot.timestamp <= self.fetch => self.take_oldest(),
                Some(slot) if self.stalled > 0 => {
                    self.lossy = LOSSY;
                    let skipped = self.stalled.min(slot.timestamp - self.fetch);
                    self.fetch += skipped;
                    self.stalled -= skipped;
                }
                Some(slot) => self.bridge(slot, missing),
                None => {
                    let paused = self.pause.is_some_and(|at| at >= self.fetch);
                    if paused || self.stalled >= STALL_TICKS * self.tick as i64 {
                        self.playing = false;
                    }
                    self.invent(missing);
                    self.stalled += missing as i64;
                }
            }
        }
        !(self.invented && self.voice.faded())
    }

    fn take_oldest(&mut self) {
        let Some((slot, payload)) = self.slots.pop() else {
            return;
        };
        let played = (self.fetch - slot.timestamp) as usize;
        let is_spared = match self.decode {
            Decode::Always => false,
            Decode::IfTalking => self.voice.can_spare(slot, payload),
            Decode::No => {
                let glance = self.voice.glance(slot, payload, &mut self.fifo);
                self.glance = glance.or(self.glance);
                true
            }
        };
        let length = if is_spared {
            self.skipped = true;
            self.voice.skip(slot.codec, payload, played, &mut self.fifo)
        } else {
            self.decoded = true;
            self.voice.decode(slot, payload, played, &mut self.fifo)
        };
        if played >= length {
            self.tally.late += 1;
            return;
        }
        self.fetch = slot.timestamp + length as i64;
        self.stalled = 0;
        self.doubtful = 0;
    }

    /// Gives something for the packets lost before the one that has come: the redundancy of the latter, or what is invented.
    fn bridge(&mut self, next: Slot, missing: usize) {
        self.lossy = LOSSY;
        let lost = (next.timestamp - self.fetch) as usize;
        let payload = self.slots.payload(next).unwrap_or_default();
        let repeated = next.codec.duration(payload);
        let count = match lost.checked_sub(repeated) {
            Some(0) if self.recover(next, lost) => return,
            Some(0) | None => missing.min(lost),
            Some(before) => missing.min(before),
        };
        if self.is_heard() {
            let payload = self.slots.payload(next).unwrap_or_default();
            self.voice.span(lost, next.codec, payload, &mut self.fifo);
        }
        self.invent(count);
        self.fetch += count as i64;
    }

    fn recover(&mut self, next: Slot, lost: usize) -> bool {
        let payload = self.slots.payload(next).unwrap_or_default();
        let fits = self.is_heard() && next.codec == self.voice.codec();
        if !fits || !self.voice.recover(payload, lost, &mut self.fifo) {
            return false;
        }
        self.tally.recovered += lost as u64;
        // Redundancy is of one packet, as long as the one that carries it.
        self.tally.recovered_packets += 1;
        self.fetch += lost as i64;
        true
    }

    fn invent(&mut self, count: usize) {
        if !self.voice.faded() {
            self.tally.concealed += count as u64;
            self.doubtful += count as u64;
        }
        if self.is_heard() {
            self.voice.invent(count, &mut self.fifo);
        } else {
            self.skipped = true;
            self.voice.silence(count, &mut self.fifo);
        }
        self.invented = true;
    }

    /// Whether what is missing would be missed.
    fn is_heard(&self) -> bool {
        match self.decode {
            Decode::Always => true,
            Decode::IfTalking => !self.voice.is_spared(),
            Decode::No => false,
        }
    }
}
