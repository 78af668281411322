//! Whether a leg sends back what it hears: a phone on loudspeaker, or a line that reflects.
//!
//! Only levels are compared, 20 ms each: those of what was sent to the leg with those of what came back, at every delay that an echo can
//! have, over the last five seconds. An echo rises and falls as what was sent did, in all of them; other speech does so by chance, and hardly ever four
//! times at the same delay. Ticks do not count in which nobody else was to be heard, or in which the leg is louder than anybody: then it
//! speaks itself.

use crate::fir::dot;
use crate::level::Dbov;

/// Ticks that are compared: five seconds.
const WINDOW: usize = 250;
/// Delays that are looked at, in ticks; an echo at the first or last of them cannot be told from one beyond.
const DELAYS: usize = 32;
const LEAST_DELAY: usize = 2;
/// Ticks of which levels are kept.
const KEPT: usize = 288;
const _: () = assert!(KEPT >= WINDOW + DELAYS);
/// Ticks between two comparisons.
const PACE: u32 = 50;
/// Ticks that must count in a comparison: two seconds.
const FEW: f32 = 100.0;
/// Least spread of what came back, dB: the noise of a line has less.
const LEAST_SPREAD: f32 = 2.0;
/// What is fainter is as good as silent, dBov.
const FLOOR: i8 = -70;
/// What is sent from here on can come back audibly, dBov.
const LOUD: i8 = -45;
/// Likeness from which on it is an echo, and below which it is none any more.
const ALIKE: f32 = 0.75;
const UNLIKE: f32 = 0.5;
/// Comparisons that agree before an echo is suspected, less those that find none; and those in a row that find none before it is not any
/// more. What is neither counts for nothing: then the peer speaks as well.
const AGREED: u8 = 4;
const DOUBTS: u8 = 5;
/// Within so many dB of the loudest, what was sent tells how much weaker it came back.
const TELLING: f32 = 12.0;
const TICK_MS: u16 = 20;

/// Not compared: nothing known, nobody else to be heard, or the peer's own voice.
const UNUSED: i8 = i8::MIN;

/// An echo.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Echo {
    /// From sending to hearing it again, in ms: both ways through the network, the phone, and the jitter buffers.
    pub delay_ms: u16,
    /// By how much weaker it comes back, in dB.
    pub loss_db: u8,
}

/// What one comparison found.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Found {
    delay: usize,
    likeness: f32,
    loss_db: f32,
}

/// Levels of one tick, dBov.
#[derive(Debug, Clone, Copy)]
struct Levels {
    sent: i8,
    heard: i8,
}

impl Levels {
    const NONE: Self = Self {
        sent: FLOOR,
        heard: UNUSED,
    };
}

/// Compares what a leg is sent with what comes back.
#[derive(Debug)]
pub(crate) struct EchoWatch {
    /// Levels of the last ticks.
    levels: [Levels; KEPT],
    /// Number of the tick.
    tick: u32,
    /// Loudest that was sent within the longest delay, and for how many ticks it is remembered.
    loudest: i8,
    remembered: usize,
    candidate: usize,
    agreed: u8,
    doubts: u8,
    suspected: Option<Echo>,
}

impl EchoWatch {
    /// `seed` spreads the comparisons of many legs over ticks.
    pub(crate) const fn new(seed: u64) -> Self {
        Self {
            levels: [Levels::NONE; KEPT],
            tick: (seed % PACE as u64) as u32,
            loudest: FLOOR,
            remembered: 0,
            candidate: 0,
            agreed: 0,
            doubts: 0,
            suspected: None,
        }
    }

    /// The echo that is suspected.
    pub(crate) const fn suspected(&self) -> Option<Echo> {
        self.suspected
    }

    /// Whether something this loud may be what others said.
    pub(crate) const fn may_be_echo(&self, level: Dbov) -> bool {
        self.loudest >= LOUD && level.db() <= self.loudest
    }

    /// Begins a tick with what came back in it, if that is known.
    pub(crate) fn hear(&mut self, level: Option<Dbov>) {
        self.tick = self.tick.wrapping_add(1);
        self.remembered = self.remembered.saturating_sub(1);
        if self.remembered == 0 {
            self.loudest = FLOOR;
        }
        let used = level.filter(|level| self.may_be_echo(*level));
        self.levels[self.tick as usize % KEPT] = Levels {
            sent: FLOOR,
            heard: used.map_or(UNUSED, |level| level.db().max(FLOOR)),
        };
        if self.tick.is_multiple_of(PACE) {
            self.judge();
        }
    }

    /// Notes how loud is what is sent in this tick.
    pub(crate) fn sent(&mut self, level: Dbov) {
        let db = level.db().max(FLOOR);
        self.levels[self.tick as usize % KEPT].sent = db;
        if db >= self.loudest {
            (self.loudest, self.remembered) = (db, DELAYS);
        }
    }

    fn judge(&mut self) {
        let Some(compared) = Compared::new(self) else {
            return;
        };
        let found = compared.best();
        let is_echo = found.is_some_and(|found| found.likeness >= ALIKE);
        let agrees = found.is_some_and(|found| found.delay.abs_diff(self.candidate) <= 1);
        self.agreed = match (is_echo, agrees) {
            (true, true) => (self.agreed + 1).min(AGREED),
            (true, false) => 1,
            (false, _) => self.agreed,
        };
        if let Some(found) = found.filter(|_| is_echo) {
            self.candidate = found.delay;
            if self.agreed == AGREED {
                self.suspected = Some(found.echo());
            }
        }
        let is_none = found.is_none_or(|found| found.likeness < UNLIKE);
        self.agreed -= u8::from(is_none && self.agreed > 0);
        self.doubts = if is_none { (self.doubts + 1).min(DOUBTS) } else { 0 };
        if self.doubts == DOUBTS {
            self.suspected = None;
        }
    }
}

impl Found {
    fn echo(self) -> Echo {
        Echo {
            delay_ms: self.delay as u16 * TICK_MS,
            loss_db: self.loss_db.round() as u8,
        }
    }
}

/// The levels of one comparison, in dB over the floor; `counts` is 1 where a tick counts and 0 elsewhere.
struct Compared {
    sent: [f32; WINDOW + DELAYS],
    sent_squared: [f32; WINDOW + DELAYS],
    heard: [f32; WINDOW],
    counts: [f32; WINDOW],
    /// How many count, and the sum of what came back and of its squares.
    count: f32,
    sum: f32,
    squares: f32,
}

impl Compared {
    /// Nothing where too little counts.
    fn new(watch: &EchoWatch) -> Option<Self> {
        let mut new = Self {
            sent: [0.0; WINDOW + DELAYS],
            sent_squared: [0.0; WINDOW + DELAYS],
            heard: [0.0; WINDOW],
            counts: [0.0; WINDOW],
            count: 0.0,
            sum: 0.0,
            squares: 0.0,
        };
        let ago = |ticks: usize| watch.tick.wrapping_sub(ticks as u32) as usize;
        for n in 0..WINDOW {
            let level = watch.levels[ago(WINDOW - 1 - n) % KEPT].heard;
            if level != UNUSED {
                new.counts[n] = 1.0;
                new.heard[n] = f32::from(level) - f32::from(FLOOR);
            }
        }
        new.count = new.counts.iter().sum();
        if new.count < FEW {
            return None;
        }
        new.sum = new.heard.iter().sum();
        new.squares = dot(&new.heard, &new.heard);
        for n in 0..WINDOW + DELAYS {
            let level = watch.levels[ago(WINDOW + DELAYS - 1 - n) % KEPT].sent;
            new.sent[n] = f32::from(level) - f32::from(FLOOR);
            new.sent_squared[n] = new.sent[n] * new.sent[n];
        }
        Some(new)
    }

    /// The delay at which both are most alike, if it is one that an echo can have.
    fn best(&self) -> Option<Found> {
        let spread = self.squares - self.sum * self.sum / self.count;
        if spread < LEAST_SPREAD * LEAST_SPREAD * self.count {
            return None;
        }
        let likeness = |delay| self.likeness(delay, spread);
        let (delay, likeness) = (0..DELAYS)
            .map(|delay| (delay, likeness(delay)))
            .max_by(|a, b| a.1.total_cmp(&b.1))?;
        (LEAST_DELAY..DELAYS - 1).contains(&delay).then(|| Found {
            delay,
            likeness,
            loss_db: self.loss_db(delay),
        })
    }

    /// Normalised correlation of what came back with what was sent `delay` ticks before.
    fn likeness(&self, delay: usize, spread: f32) -> f32 {
        let part = DELAYS - delay..DELAYS - delay + WINDOW;
        let sent = &self.sent[part.clone()];
        let sum = dot(sent, &self.counts);
        let squares = dot(&self.sent_squared[part], &self.counts);
        let product = dot(sent, &self.heard) - sum * self.sum / self.count;
        let sent_spread = squares - sum * sum / self.count;
        if sent_spread <= 0.0 {
            0.0
        } else {
            product / (sent_spread * spread).sqrt()
        }
    }

    /// By how much weaker what was loud came back.
    fn loss_db(&self, delay: usize) -> f32 {
        let sent = &self.sent[DELAYS - delay..];
        let loudest = sent.iter().copied().fold(0.0, f32::max);
        let (mut sum, mut count) = (0.0, 0.0);
        for ((sent, heard), counts) in sent.iter().zip(&self.heard).zip(&self.counts) {
            if *counts > 0.0 && *sent >= loudest - TELLING {
                sum += sent - heard;
                count += 1.0;
            }
        }
        if count > 0.0 {
            f32::max(sum / count, 0.0)
        } else {
            0.0
        }
    }
}
