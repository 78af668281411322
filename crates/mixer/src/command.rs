//! Carrying out orders.

use std::time::Instant;

use media::{Encoder, Format, LegSocket, Prepared};

use crate::baggage::Baggage;
use crate::branch::Branch;
use crate::leg::LegSlot;
use crate::payload::Shared;
use crate::player::{Player, Track};
use crate::report::{Report, Retired};
use crate::room::Room;
use crate::shard::Shard;
use crate::tap::Tap;
use crate::{Audience, LegKey, Order, Playlist, RoomKey, Target};

/// Orders carried out in one tick; a storm of them is spread over ticks.
const ORDERS: usize = 256;

impl<S: LegSocket> Shard<S> {
    /// Carries out what waits. While control is behind with its reports nothing is taken: each order may bring something
    /// that must be given back.
    pub(crate) fn take_orders(&mut self, now: Instant) {
        for _ in 0..ORDERS {
            if self.out.is_congested() {
                return;
            }
            if self.orders.peek().is_ok_and(|order| is_ahead(order, now)) {
                return;
            }
            let Ok(order) = self.orders.pop() else { return };
            if self.carry_out(now, order).is_none() {
                self.stats.orders_refused += 1;
            }
        }
    }

    /// Nothing when the order names nothing known, or has no place.
    fn carry_out(&mut self, now: Instant, order: Order<S>) -> Option<()> {
        match order {
            Order::AddLeg {
                leg,
                media,
                encoder,
                socket,
            } => self.add(LegSlot::new(leg, media, encoder, socket)),
            Order::UpdateLeg { leg, change, encoder } => self.update(now, leg, change, encoder),
            Order::AdaptLeg { leg, encoder } => self.adapt(leg, encoder),
            Order::RemoveLeg { leg } => self.remove(leg),
            Order::HandOver { leg, baggage } => self.give_away(leg, baggage),
            Order::TakeOver { baggage } => self.take_over(now, baggage),
            Order::OpenRoom { room, audio } => self.open(room, audio),
            Order::Link { room, branch } => self.link(room, branch),
            Order::Equip { whom, encoder } => self.equip(whom, encoder),
            Order::Unequip { whom, format } => self.unequip(whom, format),
            Order::Tap { room, tap } => self.tap(room, Some(tap)),
            Order::Untap { room } => self.tap(room, None),
            Order::CloseRoom { room } => self.close(room),
            Order::Join { leg, room } => self.join(leg, room),
            Order::Part { leg } => self.legs.named(leg)?.part().then_some(()),
            Order::Route { leg, speaks, hears } => self.legs.named(leg).map(|slot| slot.route(speaks, hears)),
            Order::Gain { leg, db } => self.legs.named(leg).map(|slot| slot.set_gain(db)),
            Order::Play { to, playlist } => self.play(to, playlist),
            Order::Queue { to, playlist } => self.queue(to, playlist),
            Order::Hush { leg } => self.hush(leg),
        }
    }

    fn add(&mut self, slot: LegSlot<S>) -> Option<()> {
        let leg = slot.key;
        let Err(slot) = self.legs.insert(leg, slot) else {
            return Some(());
        };
        self.out.keep(Report::Failed { leg });
        self.give_back_leg(slot);
        None
    }

    fn give_away(&mut self, leg: LegKey, baggage: Box<Baggage<S>>) -> Option<()> {
        let unused = match self.legs.named(leg) {
            Some(slot) => slot.pack(baggage),
            None => Some(baggage),
        };
        let Some(baggage) = unused else { return Some(()) };
        self.out.keep(Report::Retired(Retired::Baggage(baggage)));
        None
    }

    fn take_over(&mut self, now: Instant, mut baggage: Box<Baggage<S>>) -> Option<()> {
        let slot = baggage.0.take();
        self.out.keep(Report::Retired(Retired::Baggage(baggage)));
        let mut slot = slot?;
        self.stats.ticks_under_way += slot.arrive(now, self.stats.ticks);
        self.add(slot)
    }

    fn link(&mut self, room: RoomKey, branch: Box<Branch>) -> Option<()> {
        let unused = match self.rooms.named(room) {
            Some(room) => room.link(branch),
            None => Some(branch),
        };
        let Some(branch) = unused else { return Some(()) };
        self.out.keep(Report::Retired(Retired::Branch(branch)));
        None
    }

    fn tap(&mut self, room: RoomKey, tap: Option<Box<Tap>>) -> Option<()> {
        let (known, back) = match self.rooms.named(room) {
            Some(room) => (Some(()), room.tap(tap)),
            None => (None, tap),
        };
        if let Some(tap) = back {
            self.out.keep(Report::Retired(Retired::Tap(tap)));
        }
        known
    }

    fn open(&mut self, room: RoomKey, audio: Box<Room>) -> Option<()> {
        let Err(audio) = self.rooms.insert(room, audio) else {
            return Some(());
        };
        self.out.keep(Report::Retired(Retired::Room(audio)));
        None
    }

    /// Several legs may bring the same encoder; all but the first one's come back.
    fn equip(&mut self, whom: Audience, encoder: Encoder) -> Option<()> {
        let (known, unused) = match self.shared(whom) {
            Some(shared) => (Some(()), shared.equip(encoder)),
            None => (None, Some(encoder)),
        };
        if let Some(encoder) = unused {
            self.out.keep(Report::Retired(Retired::Encoder(encoder)));
        }
        known
    }

    fn unequip(&mut self, whom: Audience, format: Format) -> Option<()> {
        let encoder = self.shared(whom)?.unequip(format)?;
        self.out.keep(Report::Retired(Retired::Encoder(encoder)));
        Some(())
    }

    /// The encoders of those who hear the same.
    fn shared(&mut self, whom: Audience) -> Option<&mut Shared> {
        match whom {
            Audience::Music => Some(&mut self.desk.music.shared),
            Audience::Nothing => Some(&mut self.desk.noise.shared),
            Audience::Room(room) => self.rooms.named(room).map(|room| &mut room.shared),
        }
    }

    fn update(
        &mut self,
        now: Instant,
        leg: LegKey,
        mut change: Box<Prepared>,
        mut encoder: Option<Encoder>,
    ) -> Option<()> {
        let slot = self.legs.named(leg);
        let known = slot.map(|slot| slot.reconfigure(now, &mut change, &mut encoder));
        self.out.keep(Report::Retired(Retired::Change(change)));
        if let Some(encoder) = encoder {
            self.out.keep(Report::Retired(Retired::Encoder(encoder)));
        }
        known
    }

    fn adapt(&mut self, leg: LegKey, encoder: Encoder) -> Option<()> {
        let slot = self.legs.named(leg);
        let known = slot.filter(|slot| slot.format().codec() == encoder.format().codec());
        let (known, back) = match known {
            Some(slot) => (Some(()), slot.adapt(encoder)),
            None => (None, encoder),
        };
        self.out.keep(Report::Retired(Retired::Encoder(back)));
        known
    }

    fn remove(&mut self, leg: LegKey) -> Option<()> {
        let place = self.legs.forget(leg)?;
        let Self { legs, out, .. } = self;
        let slot = legs.at(place)?;
        slot.leave();
        slot.player.stop(&mut |ended| out.ended(ended));
        Some(())
    }

    fn close(&mut self, room: RoomKey) -> Option<()> {
        let place = self.rooms.forget(room)?;
        self.legs.for_each(|leg| leg.room_closes(place));
        let Self { rooms, out, .. } = self;
        let room = rooms.at(place)?;
        room.closing = true;
        room.player.stop(&mut |ended| out.ended(ended));
        Some(())
    }

    fn join(&mut self, leg: LegKey, room: RoomKey) -> Option<()> {
        let place = self.rooms.place(room)?;
        self.legs.named(leg)?.join(place);
        Some(())
    }

    fn play(&mut self, to: Target, playlist: Playlist) -> Option<()> {
        let track = track(to, playlist);
        let Self { legs, rooms, out, .. } = self;
        let Some(player) = player(legs, rooms, to) else {
            return self.give_back(track);
        };
        player.play(track, &mut |ended| out.ended(ended));
        Some(())
    }

    fn queue(&mut self, to: Target, playlist: Playlist) -> Option<()> {
        let track = track(to, playlist);
        let Self { legs, rooms, .. } = self;
        let outcome = match player(legs, rooms, to) {
            Some(player) => player.queue(track),
            None => Err(track),
        };
        outcome.or_else(|track| self.give_back(track).ok_or(())).ok()
    }

    fn give_back(&mut self, track: Track) -> Option<()> {
        self.out.ended(track.ended(false));
        None
    }

    fn hush(&mut self, leg: LegKey) -> Option<()> {
        let Self { legs, out, .. } = self;
        legs.named(leg)?.player.stop(&mut |ended| out.ended(ended));
        Some(())
    }
}

/// Whether an order brings a leg that has had this tick already, in a shard that is not as late: it waits for the next, and all after it.
fn is_ahead<S: LegSocket>(order: &Order<S>, now: Instant) -> bool {
    match order {
        Order::TakeOver { baggage } => baggage.0.as_ref().is_some_and(|slot| slot.is_ahead(now)),
        Order::AddLeg { .. } | Order::UpdateLeg { .. } | Order::AdaptLeg { .. } | Order::RemoveLeg { .. } => {
            false
        }
        Order::HandOver { .. } | Order::OpenRoom { .. } | Order::Link { .. } | Order::Equip { .. } => false,
        Order::Unequip { .. } | Order::Tap { .. } | Order::Untap { .. } => false,
        Order::CloseRoom { .. } | Order::Join { .. } | Order::Part { .. } | Order::Route { .. } => false,
        Order::Gain { .. } | Order::Play { .. } | Order::Queue { .. } | Order::Hush { .. } => false,
    }
}

fn track(to: Target, playlist: Playlist) -> Track {
    let except = match to {
        Target::Leg(_) | Target::Room(_) => None,
        Target::RoomExcept(_, leg) => Some(leg),
    };
    Track { playlist, except }
}

type Legs<S> = crate::table::Table<LegKey, LegSlot<S>>;
type Rooms = crate::table::Table<RoomKey, Box<Room>>;

fn player<'a, S>(legs: &'a mut Legs<S>, rooms: &'a mut Rooms, to: Target) -> Option<&'a mut Player> {
    match to {
        Target::Leg(leg) => Some(&mut legs.named(leg)?.player),
        Target::Room(room) | Target::RoomExcept(room, _) => Some(&mut rooms.named(room)?.player),
    }
}
