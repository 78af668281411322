//! The shard and its tick.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

use media::{Clip, Codec, Effort, Format, Frame, LegEvent, LegSocket, Memory};
use rtrb::{Consumer, RingBuffer};

use crate::branch::Missed;
use crate::effort::Diligence;
use crate::handle::Handle;
use crate::leg::{Ear, Goes, LegSlot};
use crate::looped::Loop;
use crate::outbox::Outbox;
use crate::player::{Player, QUEUE};
use crate::ramps::Ramps;
use crate::reading::Reading;
use crate::report::{Report, Retired, Stats};
use crate::room::Room;
use crate::schedule::Schedule;
use crate::sum::{ByRate, Sum};
use crate::table::Table;
use crate::{LegKey, Order, RoomKey};

/// Sizes of a shard's tables, and what is always there to hear.
#[derive(Clone, Debug)]
pub struct ShardConfig {
    /// Legs at once.
    pub max_legs: usize,
    /// Rooms at once.
    pub max_rooms: usize,
    /// Orders that may wait for a tick.
    pub orders: usize,
    /// Reports that may wait to be read.
    pub reports: usize,
    /// Played round and round to legs that hear music.
    pub music: Clip,
    /// Played round and round beneath everything else, so that nobody takes silence for a dead line; an empty one for none.
    pub noise: Clip,
}

/// Ticks between two reports of [`Stats`]: a fifth of a second, so that overload is known before it is heard.
pub const STATS_TICKS: u64 = 10;
/// Ticks between two reports of a leg's quality: a second.
const QUALITY_TICKS: u64 = 50;
/// Reports that the end of one player can make: each playlist is told of and given back.
const PLAYER_REPORTS: usize = 2 * (QUEUE + 2);
/// Reports that the end of one leg can make beside those of its player, and what control has to hear of it before.
const LEG_REPORTS: usize = 5;

/// Makes a shard and the handle by which it is steered.
pub fn shard<S: LegSocket>(config: ShardConfig) -> (Shard<S>, Handle<S>) {
    let (orders, orders_in) = RingBuffer::new(config.orders);
    let (reports_out, reports) = RingBuffer::new(config.reports);
    let legs = 2 * config.max_legs * (PLAYER_REPORTS + LEG_REPORTS);
    let rooms = 2 * config.max_rooms * PLAYER_REPORTS;
    let shard = Shard {
        legs: Table::new(config.max_legs),
        rooms: Table::new(config.max_rooms),
        orders: orders_in,
        out: Outbox::new(reports_out, legs + rooms),
        voices: Vec::with_capacity(2 * config.max_legs),
        desk: Desk::new(config.music, config.noise),
        stats: Stats::default(),
    };
    (shard, Handle::new(orders, reports))
}

/// Everything of one thread of media.
pub struct Shard<S: LegSocket> {
    pub(crate) legs: Table<LegKey, LegSlot<S>>,
    pub(crate) rooms: Table<RoomKey, Box<Room>>,
    pub(crate) orders: Consumer<Order<S>>,
    pub(crate) out: Outbox<S>,
    pub(crate) stats: Stats,
    /// Places of the legs that may give something to their rooms in this tick.
    voices: Vec<usize>,
    pub(crate) desk: Desk<S::Buffers>,
}

/// What the steps of a tick share.
pub(crate) struct Desk<B> {
    reading: Reading<B>,
    /// What was heard of the leg whose turn it is.
    heard: Frame,
    pub(crate) music: Loop,
    pub(crate) noise: Loop,
    ramps: Ramps,
    diligence: Diligence,
}

impl<B: Default> Desk<B> {
    fn new(music: Clip, noise: Clip) -> Self {
        Self {
            reading: Reading::new(),
            heard: Frame::default(),
            music: Loop::new(music),
            noise: Loop::new(noise),
            ramps: Ramps::default(),
            diligence: Diligence::default(),
        }
    }

    fn begin(&mut self) {
        self.diligence.begin();
        self.ramps.clear();
        self.reading.begin();
        self.music.begin();
        self.noise.begin();
    }

    /// How hard the encoder of one leg alone is to try; counts it.
    pub(crate) fn effort_for(&mut self, format: Format) -> Effort {
        match format.codec() {
            Codec::Opus(_) => self.diligence.one_more(),
            Codec::Pcmu | Codec::Pcma | Codec::G722 => Effort::Full,
        }
    }

    /// Whether there are so many mixes of single legs that other things have to be put off.
    const fn is_crowded(&self) -> bool {
        self.diligence.is_crowded()
    }
}

impl<S: LegSocket> Shard<S> {
    /// 20 ms of everything. Called for every deadline of a [`Schedule`], late ones one after another.
    pub fn tick(&mut self, now: Instant) {
        self.hear(now);
        self.say(now);
    }

    /// The first half of a tick: all that legs and rooms say in it is known then. [`Shard::say`] must follow before anything else.
    pub fn hear(&mut self, now: Instant) {
        self.begin(now);
        self.take_orders(now);
        self.each_leg(|shard, place| shard.listen(now, place));
        self.prepare();
        self.each_voice(|shard, place| shard.give(place));
        self.announce(now);
    }

    /// The second half: each leg is sent what it hears.
    pub fn say(&mut self, now: Instant) {
        self.each_leg(|shard, place| shard.speak(now, place));
        self.settle(now);
        self.report();
    }

    /// Takes in what has arrived, between ticks: the nearer to its arrival a packet is read, the better its lateness is known.
    pub fn pump(&mut self, now: Instant) {
        self.each_leg(|shard, place| {
            let Self {
                legs, desk, stats, ..
            } = shard;
            if let Some(leg) = legs.at(place) {
                leg.receive(now, stats.ticks, &mut desk.reading);
            }
        });
    }

    /// Does every tick that is due; returns how many.
    pub fn run(&mut self, schedule: &mut Schedule, now: Instant) -> u32 {
        let mut ticks = 0;
        while let Some(due) = schedule.take(now) {
            self.tick(due);
            ticks += 1;
        }
        self.note_schedule(schedule);
        ticks
    }

    /// Notes how punctual the caller's clock is.
    pub fn note_schedule(&mut self, schedule: &mut Schedule) {
        self.stats.late = schedule.late;
        self.stats.skipped = schedule.skipped;
        self.stats.worst_late = self.stats.worst_late.max(schedule.take_worst());
    }

    /// Notes how long a tick took by the caller's clock, without the rest between its halves, and when it began to send. Where ticks are short,
    /// encoders of single legs try harder though there are many.
    pub fn note_spent(&mut self, spent: Duration, lag: Duration) {
        self.desk.diligence.note_spent(spent);
        self.stats.lag = lag;
        self.stats.worst_tick = self.stats.worst_tick.max(spent);
        self.stats.busy += spent;
        self.stats.spent.note(spent);
    }

    /// Counters.
    pub fn stats(&self) -> Stats {
        Stats {
            legs: self.legs.len(),
            rooms: self.rooms.len(),
            reports_lost: self.out.lost(),
            receive_limited: self.desk.reading.limited,
            efforts: self.desk.diligence.counts,
            ramps: self.desk.ramps.counts,
            fallbacks: self.desk.reading.fallbacks::<S>(),
            ..self.stats
        }
    }

    fn begin(&mut self, now: Instant) {
        self.out.flush();
        self.desk.begin();
        let mut missed = Missed::default();
        self.rooms.for_each(|room| room.begin(now, &mut missed));
        self.stats.partials_late += missed.late;
        self.stats.partials_dropped += missed.dropped;
    }

    /// Takes one step with every leg. A panic is that leg's alone: it is asked nothing again, and goes when the tick ends.
    fn each_leg(&mut self, step: impl Fn(&mut Self, usize)) {
        for n in 0..self.legs.count() {
            if let Some(place) = self.legs.nth(n) {
                self.guard(place, &step);
            }
        }
    }

    /// The same with those that may give something to their rooms.
    fn each_voice(&mut self, step: impl Fn(&mut Self, usize)) {
        let mut voices = std::mem::take(&mut self.voices);
        voices.drain(..).for_each(|place| self.guard(place, &step));
        self.voices = voices;
    }

    fn guard(&mut self, place: usize, step: &impl Fn(&mut Self, usize)) {
        if self.legs.at(place).is_none_or(|leg| leg.failed) {
            return;
        }
        let outcome = catch_unwind(AssertUnwindSafe(|| step(self, place)));
        if outcome.is_err()
            && let Some(leg) = self.legs.at(place)
        {
            leg.failed = true;
        }
    }

    /// Plays out one leg; it asks for the floor of its room.
    fn listen(&mut self, now: Instant, place: usize) {
        let Self {
            legs,
            rooms,
            out,
            desk,
            stats,
            voices,
            ..
        } = self;
        let Some(leg) = legs.at(place) else { return };
        leg.keep_time(now);
        leg.receive(now, stats.ticks, &mut desk.reading);
        let score = leg.listen(now, &mut desk.heard);
        tell_events(leg, out);
        if leg.has_voice() {
            voices.push(place);
        }
        if let Some(room) = leg.room().and_then(|room| rooms.at(room)) {
            room.note(leg.rate());
            if let Some(score) = score {
                room.floor.bid(place, score);
            }
        }
    }

    fn prepare(&mut self) {
        let Self { rooms, desk, .. } = self;
        rooms.for_each(|room| room.prepare(&mut desk.noise));
    }

    /// Adds the voice of one leg to its room, if it has the floor.
    fn give(&mut self, place: usize) {
        let Self { legs, rooms, .. } = self;
        let Some(leg) = legs.at(place) else { return };
        let Some(room) = leg.room().and_then(|room| rooms.at(room)) else {
            return leg.speak(false, ByRate::default());
        };
        let wanted = room.wanted();
        leg.speak(room.floor.has(place), wanted);
        if leg.is_voice() {
            room.count_voice();
        }
        // Last, and it can't fail: a room never holds half a voice.
        for voice in wanted.rates().filter_map(|rate| leg.voice(rate)) {
            room.add(voice);
        }
    }

    fn announce(&mut self, now: Instant) {
        let Self {
            rooms, out, stats, ..
        } = self;
        rooms.for_each(|room| {
            room.tell_branches(now);
            room.announce(stats.ticks, &mut |ended| out.ended(ended));
            stats.taped_lost += u64::from(!room.record(now));
        });
    }

    /// Sends one leg what it hears.
    fn speak(&mut self, now: Instant, place: usize) {
        let Self {
            legs,
            rooms,
            out,
            desk,
            stats,
            ..
        } = self;
        let Some(leg) = legs.at(place) else { return };
        let mut room = leg.room().and_then(|room| rooms.at(room));
        let (tick, format) = (stats.ticks, leg.format());
        let crowded = desk.is_crowded();
        let mut ear = leg.ear(room.as_deref().map(|room| &**room), crowded);
        if leg.hears_noise_alone(ear, room.as_deref().map(|room| &**room))
            && leg.rest(now, desk.noise.level())
        {
            stats.rested += 1;
            return self.tell_quality(place);
        }
        let mut ramp = leg.ramp(tick, ear);
        if let Some(made) = ramp.and_then(|ramp| desk.ramps.find(ramp)) {
            leg.follow(tick, ear, made.by, made.end);
            leg.send(now, &made.payload);
            stats.shared += 1;
            return self.tell_quality(place);
        }
        if !desk.ramps.allow(ear, format, leg.goes_on(tick), crowded) {
            (ear, ramp) = (leg.go_without(ear, &mut desk.ramps.counts), None);
        }
        // What a leg settles to is heard by that encoder, too, even where nobody else hears it: else both would not come to be alike.
        let shared = match (leg.settled(ear), &mut room) {
            (Ear::Room, Some(room)) => room.payload(tick, format, &mut desk.noise),
            (Ear::Music, _) => desk.music.payload(tick, format, Memory::default),
            (Ear::Silence, _) | (Ear::Room, None) => desk.noise.payload(tick, format, Memory::default),
            (Ear::Own | Ear::Ramp | Ear::Settles, _) => None,
        };
        if let Some(payload) = shared.filter(|_| ear != Ear::Settles) {
            leg.send(now, payload);
            stats.shared += 1;
        } else {
            let mut played = |player: &mut Player, wanted, sum: &mut Sum| {
                let mut add = |_, sound: &Sum| sum.add_all(sound);
                player.tick(wanted, &mut add, &mut |ended| out.ended(ended));
            };
            let room = room.as_deref().map(|room| &**room);
            let payload = leg.mix(tick, room, desk, &mut played);
            leg.send(now, &payload);
            if let Some(ramp) = ramp {
                leg.follow(tick, ear, leg.key, leg.faders());
                desk.ramps.keep(ramp, leg.key, payload, leg.faders());
            }
            let read = leg.reads(tick);
            stats.read += u64::from(read);
            stats.own += u64::from(!read);
            stats.unshared += u64::from(!matches!(ear, Ear::Own | Ear::Ramp | Ear::Settles));
        }
        self.tell_quality(place);
    }

    /// Tells how a leg's media is, once in a while.
    fn tell_quality(&mut self, place: usize) {
        let is_due = (self.stats.ticks + place as u64).is_multiple_of(QUALITY_TICKS);
        if let Some(leg) = self.legs.at(place).filter(|_| is_due) {
            let (leg, quality) = (leg.key, leg.media.quality());
            self.out.tell(Report::Quality { leg, quality });
        }
    }

    /// Ends the tick: legs go where they are to go, rooms that are closed are gone.
    fn settle(&mut self, now: Instant) {
        let tick = self.stats.ticks;
        for n in (0..self.legs.count()).rev() {
            let Some(place) = self.legs.nth(n) else { continue };
            let Some(leg) = self.legs.at(place) else { continue };
            if leg.failed {
                self.fail(place);
                continue;
            }
            match leg.settle() {
                Goes::Nowhere => {}
                Goes::Elsewhere => {
                    leg.pause_encoder(tick);
                    self.hand_over(place);
                }
                Goes::Away => {
                    // What the goodbye does to a leg that is given up anyway is of no interest.
                    let _ = catch_unwind(AssertUnwindSafe(|| leg.farewell(now)));
                    self.retire(place);
                }
            }
        }
        for n in (0..self.rooms.count()).rev() {
            let Some(place) = self.rooms.nth(n) else { continue };
            if self.rooms.at(place).is_some_and(|room| room.closing) {
                self.retire_room(place);
            }
        }
    }

    fn fail(&mut self, place: usize) {
        self.stats.legs_failed += 1;
        if let Some(leg) = self.legs.at(place).map(|leg| leg.key) {
            self.legs.forget(leg);
            self.out.keep(Report::Failed { leg });
        }
        self.retire(place);
    }

    /// Gives a leg away as it is, to go on in another shard.
    fn hand_over(&mut self, place: usize) {
        let Self { legs, out, .. } = self;
        let Some(leg) = legs.at(place).map(|leg| leg.key) else {
            return;
        };
        legs.forget(leg);
        if let Some(mut slot) = legs.take(place)
            && let Some(mut baggage) = slot.baggage.take()
        {
            baggage.0 = Some(slot);
            out.keep(Report::HandedOver { leg, baggage });
        }
    }

    fn retire(&mut self, place: usize) {
        if let Some(slot) = self.legs.take(place) {
            self.give_back_leg(slot);
        }
    }

    /// Gives back all that a leg has, what is played to it too.
    pub(crate) fn give_back_leg(&mut self, mut slot: LegSlot<S>) {
        let Self { out, .. } = self;
        slot.player.clear(&mut |ended| out.ended(ended));
        if let Some(baggage) = slot.baggage.take() {
            out.keep(Report::Retired(Retired::Baggage(baggage)));
        }
        out.keep(Report::Retired(slot.retired()));
    }

    fn retire_room(&mut self, place: usize) {
        let Self { rooms, out, .. } = self;
        if let Some(mut room) = rooms.take(place) {
            room.player.clear(&mut |ended| out.ended(ended));
            out.keep(Report::Retired(Retired::Room(room)));
        }
    }

    fn report(&mut self) {
        self.stats.ticks += 1;
        if self.stats.ticks.is_multiple_of(STATS_TICKS) {
            let stats = self.stats();
            self.out.tell(Report::Stats(stats));
            // The next report tells of its own second.
            (self.stats.worst_late, self.stats.worst_tick) = (Duration::ZERO, Duration::ZERO);
            self.stats.busy = Duration::ZERO;
        }
    }
}

fn tell_events<S: LegSocket>(leg: &mut LegSlot<S>, out: &mut Outbox<S>) {
    let key = leg.key;
    while let Some(event) = leg.poll_event() {
        match event {
            LegEvent::Digit { key: digit } => drop(out.tell(Report::Digit { leg: key, key: digit })),
            LegEvent::Latched { to } => drop(out.tell(Report::Latched { leg: key, to })),
            LegEvent::MediaLost { which } => out.keep(Report::MediaLost { leg: key, which }),
            LegEvent::Music { suspected } => drop(out.tell(Report::Music { leg: key, suspected })),
            LegEvent::Echo { suspected } => drop(out.tell(Report::Echo { leg: key, suspected })),
            // Menus act on the key's first packet.
            LegEvent::DigitEnd { .. } => {}
        }
    }
    leg.tell_talking(|on| out.tell(Report::Talking { leg: key, on }));
}
