//! The shard and the handle by which it is steered.

use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Instant;

use media::{Clip, Leg, LegEvent, Session};
use rtrb::{Consumer, Producer, PushError, RingBuffer};

use crate::leg::{LegSlot, Scratch, Told};
use crate::report::{Report, Retired, Stats};
use crate::room::Room;
use crate::schedule::Schedule;
use crate::{Hears, LegKey, LegSocket, Order, Playlist, RoomKey, Target};

/// Sizes of a shard's tables, and the music for those who wait.
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
}

/// Orders carried out in one tick; a storm of them is spread over ticks.
const ORDERS_MAX: usize = 256;
/// Ticks between two reports of [`Stats`]: one second.
const STATS_TICKS: u64 = 50;
/// Most things one order or one leg's step gives back.
const RETIRED_MAX: usize = 4;

/// The other end of a shard.
#[derive(Debug)]
pub struct Handle<S> {
    orders: Producer<Order<S>>,
    reports: Consumer<Report<S>>,
}

impl<S> Handle<S> {
    /// Orders something for the next tick.
    ///
    /// # Errors
    /// Gives the order back when too many wait.
    pub fn order(&mut self, order: Order<S>) -> Result<(), Box<Order<S>>> {
        self.orders
            .push(order)
            .map_err(|PushError::Full(order)| Box::new(order))
    }

    /// The next report; what is retired is freed by dropping it here.
    pub fn poll(&mut self) -> Option<Report<S>> {
        self.reports.pop().ok()
    }
}

/// Makes a shard and its handle.
pub fn shard<S: LegSocket>(config: ShardConfig) -> (Shard<S>, Handle<S>) {
    let (orders, orders_in) = RingBuffer::new(config.orders);
    let (reports_out, reports) = RingBuffer::new(config.reports);
    let shard = Shard {
        legs: Vec::with_capacity(config.max_legs),
        by_leg: HashMap::with_capacity(config.max_legs * 2),
        rooms: (0..config.max_rooms).map(|_| None).collect(),
        by_room: HashMap::with_capacity(config.max_rooms * 2),
        max_legs: config.max_legs,
        orders: orders_in,
        out: Out {
            reports: reports_out,
            lost: 0,
        },
        scratch: Scratch::new(config.music),
        stats: Stats::default(),
    };
    (shard, Handle { orders, reports })
}

/// Everything of one thread of media.
pub struct Shard<S> {
    legs: Vec<LegSlot<S>>,
    by_leg: HashMap<LegKey, usize>,
    rooms: Vec<Option<Room>>,
    by_room: HashMap<RoomKey, usize>,
    max_legs: usize,
    orders: Consumer<Order<S>>,
    out: Out<S>,
    scratch: Scratch,
    stats: Stats,
}

/// The way out.
struct Out<S> {
    reports: Producer<Report<S>>,
    lost: u64,
}

impl<S> Out<S> {
    fn tell(&mut self, report: Report<S>) {
        if let Err(PushError::Full(report)) = self.reports.push(report) {
            self.lost += 1;
            // Freeing here could block; the room kept by `has_room` makes this the fate of plain words alone.
            std::mem::forget(report);
        }
    }

    /// Whether things given back by `steps` more steps would find their place.
    fn has_room(&self, steps: usize) -> bool {
        self.reports.slots() >= RETIRED_MAX * steps
    }

    fn told(&mut self, leg: LegKey, media: Option<&Leg>, told: Told) {
        match told {
            Told::Event(LegEvent::Digit { key }) => self.tell(Report::Digit { leg, key }),
            Told::Event(LegEvent::DigitEnd { .. }) => {}
            Told::Event(LegEvent::Latched { to }) => self.tell(Report::Latched { leg, to }),
            Told::Event(LegEvent::MediaLost { which }) => self.tell(Report::MediaLost { leg, which }),
            Told::Talking(on) => self.tell(Report::Talking { leg, on }),
            Told::Ended(ended) => self.ended(ended),
            Told::Meters => {
                if let Some(media) = media {
                    self.tell(Report::Quality {
                        leg,
                        quality: media.quality(),
                    });
                }
            }
        }
    }

    fn ended(&mut self, ended: crate::player::Ended) {
        self.tell(Report::Played {
            id: ended.id,
            completed: ended.completed,
        });
        self.tell(Report::Retired(Retired::Playlist(ended.playlist)));
    }
}

impl<S: LegSocket> Shard<S> {
    /// 20 ms of everything.
    pub fn tick(&mut self, now: Instant) {
        self.take_orders(now);
        self.rooms.iter_mut().flatten().for_each(Room::clear);
        self.give(now);
        let (scratch, out) = (&mut self.scratch, &mut self.out);
        for room in self.rooms.iter_mut().flatten() {
            room.announce(&mut scratch.frame, &mut |ended| out.ended(ended));
        }
        self.take(now);
        self.report();
    }

    /// Notes how punctual the caller's clock is.
    pub fn note_schedule(&mut self, schedule: &Schedule) {
        self.stats.late = schedule.late;
        self.stats.worst_late = schedule.worst;
    }

    /// Counters.
    pub fn stats(&self) -> Stats {
        Stats {
            legs: self.legs.len(),
            rooms: self.by_room.len(),
            reports_lost: self.out.lost,
            receive_limited: self.scratch.receive_limited,
            ..self.stats
        }
    }

    fn give(&mut self, now: Instant) {
        let mut n = 0;
        while n < self.legs.len() {
            let (leg, rooms) = (&mut self.legs[n], &mut self.rooms);
            let (scratch, out) = (&mut self.scratch, &mut self.out);
            let key = leg.key;
            let step = || {
                let room = leg.room.and_then(|room| rooms[room].as_mut());
                leg.give(now, room, scratch, &mut |told| out.told(key, None, told));
            };
            // One leg's fault is that leg's alone; nothing of a room is left half done by it but its own voice.
            match catch_unwind(AssertUnwindSafe(step)) {
                Ok(()) => n += 1,
                Err(_) => self.fail(n),
            }
        }
    }

    fn take(&mut self, now: Instant) {
        let mut n = 0;
        while n < self.legs.len() {
            let (leg, rooms) = (&mut self.legs[n], &mut self.rooms);
            let (scratch, out) = (&mut self.scratch, &mut self.out);
            let key = leg.key;
            let mut meters = false;
            let step = || {
                let room = leg.room.and_then(|room| rooms[room].as_mut());
                leg.take(now, room, scratch, &mut |told| match told {
                    Told::Meters => meters = true,
                    told @ (Told::Event(_) | Told::Talking(_) | Told::Ended(_)) => out.told(key, None, told),
                });
            };
            match catch_unwind(AssertUnwindSafe(step)) {
                Ok(()) => n += 1,
                Err(_) => {
                    self.fail(n);
                    continue;
                }
            }
            if meters {
                self.out.told(key, Some(&self.legs[n - 1].media), Told::Meters);
            }
        }
    }

    /// Takes a leg whose processing failed out of everything.
    fn fail(&mut self, n: usize) {
        self.stats.legs_failed += 1;
        let leg = self.legs[n].key;
        self.retire(n);
        self.out.tell(Report::Failed { leg });
    }

    fn retire(&mut self, n: usize) {
        self.part(n);
        let slot = self.legs.swap_remove(n);
        self.by_leg.remove(&slot.key);
        if let Some(moved) = self.legs.get(n) {
            self.by_leg.insert(moved.key, n);
        }
        let LegSlot {
            key: leg,
            media,
            socket,
            ..
        } = slot;
        self.out
            .tell(Report::Retired(Retired::Leg { leg, media, socket }));
    }

    fn report(&mut self) {
        self.stats.ticks += 1;
        if self.stats.ticks.is_multiple_of(STATS_TICKS) {
            let stats = self.stats();
            self.out.tell(Report::Stats(stats));
        }
    }

    /// Orders wait while their leavings would find no place.
    fn take_orders(&mut self, now: Instant) {
        for _ in 0..ORDERS_MAX {
            if !self.out.has_room(2) {
                return;
            }
            let Ok(order) = self.orders.pop() else { return };
            if !self.carry_out(now, order) {
                self.stats.orders_refused += 1;
            }
        }
    }

    /// `false` when the order names nothing known or has no place.
    fn carry_out(&mut self, now: Instant, order: Order<S>) -> bool {
        match order {
            Order::AddLeg { leg, media, socket } => self.add(now, leg, media, socket),
            Order::UpdateLeg { leg, session } => self.update(now, leg, session),
            Order::RemoveLeg { leg } => self.remove(now, leg),
            Order::OpenRoom { room } => self.open(room),
            Order::CloseRoom { room } => self.close(room),
            Order::Join { leg, room } => self.join(leg, room),
            Order::Part { leg } => self.by_leg.get(&leg).copied().is_some_and(|n| self.part(n)),
            Order::Route { leg, speaks, hears } => self.route(leg, speaks, hears),
            Order::Gain { leg, db } => self.slot(leg).is_some_and(|slot| {
                slot.set_gain(db);
                true
            }),
            Order::Play { to, playlist } => self.play(to, playlist),
            Order::Hush { leg } => self.hush(leg),
        }
    }

    fn slot(&mut self, leg: LegKey) -> Option<&mut LegSlot<S>> {
        let n = *self.by_leg.get(&leg)?;
        self.legs.get_mut(n)
    }

    fn add(&mut self, now: Instant, leg: LegKey, media: Box<Leg>, socket: S) -> bool {
        if self.legs.len() == self.max_legs || self.by_leg.contains_key(&leg) {
            self.out.tell(Report::Failed { leg });
            self.out
                .tell(Report::Retired(Retired::Leg { leg, media, socket }));
            return false;
        }
        self.by_leg.insert(leg, self.legs.len());
        self.legs.push(LegSlot::new(now, leg, media, socket));
        true
    }

    fn update(&mut self, now: Instant, leg: LegKey, session: Box<Session>) -> bool {
        let known = self.slot(leg).map(|slot| {
            slot.media.reconfigure((*session).clone(), now);
            slot.codec_changed();
        });
        self.out.tell(Report::Retired(Retired::Session(session)));
        known.is_some()
    }

    fn remove(&mut self, now: Instant, leg: LegKey) -> bool {
        let Some(n) = self.by_leg.get(&leg).copied() else {
            return false;
        };
        let out = &mut self.out;
        self.legs[n].farewell(now, &mut |told| out.told(leg, None, told));
        self.retire(n);
        true
    }

    fn open(&mut self, key: RoomKey) -> bool {
        let free = self.rooms.iter().position(Option::is_none);
        match (free, self.by_room.contains_key(&key)) {
            (Some(n), false) => {
                self.rooms[n] = Some(Room::new());
                self.by_room.insert(key, n);
                true
            }
            (Some(_) | None, _) => false,
        }
    }

    fn close(&mut self, key: RoomKey) -> bool {
        let Some(n) = self.by_room.remove(&key) else {
            return false;
        };
        if let Some(mut room) = self.rooms[n].take() {
            let out = &mut self.out;
            room.player.clear(&mut |ended| out.ended(ended));
        }
        for leg in self.legs.iter_mut().filter(|leg| leg.room == Some(n)) {
            leg.part();
        }
        true
    }

    fn join(&mut self, leg: LegKey, room: RoomKey) -> bool {
        let (Some(n), Some(to)) = (self.by_leg.get(&leg).copied(), self.by_room.get(&room).copied()) else {
            return false;
        };
        self.part(n);
        self.legs[n].room = Some(to);
        if let Some(room) = self.rooms[to].as_mut() {
            room.legs += 1;
        }
        true
    }

    fn part(&mut self, n: usize) -> bool {
        match self.legs[n].part() {
            Some(from) => {
                if let Some(room) = self.rooms[from].as_mut() {
                    room.legs -= 1;
                }
                true
            }
            None => false,
        }
    }

    fn route(&mut self, leg: LegKey, speaks: bool, hears: Hears) -> bool {
        let known = self.slot(leg).map(|slot| slot.route(speaks, hears));
        known.is_some()
    }

    fn play(&mut self, to: Target, playlist: Playlist) -> bool {
        let player = match to {
            Target::Leg(leg) => self.by_leg.get(&leg).map(|n| &mut self.legs[*n].player),
            Target::Room(room) => {
                let room = self.by_room.get(&room).and_then(|n| self.rooms[*n].as_mut());
                room.map(|room| &mut room.player)
            }
        };
        let Some(player) = player else {
            self.out.tell(Report::Played {
                id: playlist.id,
                completed: false,
            });
            self.out.tell(Report::Retired(Retired::Playlist(playlist)));
            return false;
        };
        if let Some(ended) = player.play(playlist) {
            self.out.ended(ended);
        }
        true
    }

    fn hush(&mut self, leg: LegKey) -> bool {
        let Some(n) = self.by_leg.get(&leg).copied() else {
            return false;
        };
        if let Some(ended) = self.legs[n].player.stop() {
            self.out.ended(ended);
        }
        true
    }
}
