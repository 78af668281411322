//! Carrying out orders.

use std::time::Instant;

use media::{Leg, Session};

use crate::leg::LegSlot;
use crate::player::{Player, Track};
use crate::report::{Report, Retired};
use crate::room::Room;
use crate::shard::Shard;
use crate::{LegKey, LegSocket, Order, Playlist, RoomKey, Target};

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
            let Ok(order) = self.orders.pop() else { return };
            if self.carry_out(now, order).is_none() {
                self.stats.orders_refused += 1;
            }
        }
    }

    /// Nothing when the order names nothing known, or has no place.
    fn carry_out(&mut self, now: Instant, order: Order<S>) -> Option<()> {
        match order {
            Order::AddLeg { leg, media, socket } => self.add(leg, media, socket),
            Order::UpdateLeg { leg, session } => self.update(now, leg, session),
            Order::RemoveLeg { leg } => self.remove(leg),
            Order::OpenRoom { room } => self.rooms.insert(room, Room::new()).ok(),
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

    fn add(&mut self, leg: LegKey, media: Box<Leg>, socket: S) -> Option<()> {
        let Err(slot) = self.legs.insert(leg, LegSlot::new(leg, media, socket)) else {
            return Some(());
        };
        let LegSlot { media, socket, .. } = slot;
        self.out.keep(Report::Failed { leg });
        self.out
            .keep(Report::Retired(Retired::Leg { leg, media, socket }));
        None
    }

    fn update(&mut self, now: Instant, leg: LegKey, session: Box<Session>) -> Option<()> {
        let known = self.legs.named(leg).map(|slot| slot.reconfigure(now, &session));
        self.out.keep(Report::Retired(Retired::Session(session)));
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

fn track(to: Target, playlist: Playlist) -> Track {
    let except = match to {
        Target::Leg(_) | Target::Room(_) => None,
        Target::RoomExcept(_, leg) => Some(leg),
    };
    Track { playlist, except }
}

type Legs<S> = crate::table::Table<LegKey, LegSlot<S>>;
type Rooms = crate::table::Table<RoomKey, Room>;

fn player<'a, S>(legs: &'a mut Legs<S>, rooms: &'a mut Rooms, to: Target) -> Option<&'a mut Player> {
    match to {
        Target::Leg(leg) => Some(&mut legs.named(leg)?.player),
        Target::Room(room) | Target::RoomExcept(room, _) => Some(&mut rooms.named(room)?.player),
    }
}
