//! Which shard a leg is in, and which shards a meeting has branches in.
//!
//! A new leg goes where there is most time left. A meeting lives in the shard of its first leg, and who joins it goes there, as he is;
//! once that shard is busy or its branch large, further ones join a branch in another shard. What is ordered of a leg that is under way
//! waits until it has arrived.
//!
//! A machine: what it wants done comes back as [`Move`]s.

use std::collections::HashMap;

use mixer::{LegKey, RoomKey};

/// When a meeting is spread.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    /// Share of its time that a shard may need before further legs join elsewhere, percent.
    pub(super) load: u8,
    /// Legs of one meeting in one shard.
    pub(super) legs: usize,
}

/// What is to be done before a leg joins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Move {
    /// Make a room for the meeting in this shard.
    Open {
        /// Where.
        shard: usize,
    },
    /// Link the branches in these two shards.
    Link {
        /// The older one.
        elder: usize,
        /// The younger one.
        younger: usize,
    },
    /// Take the leg out of this shard; what follows waits for its arrival in the other.
    HandOver {
        /// Where it is.
        from: usize,
        /// Where it goes.
        to: usize,
    },
}

#[derive(Clone, Copy, Debug, Default)]
struct Shard {
    legs: usize,
    /// Share of its time that it needs.
    percent: u8,
    /// What is told of that, which is more where it was late.
    told: u8,
}

#[derive(Debug)]
struct Leg<O> {
    /// Where it is, or goes to.
    shard: usize,
    room: Option<RoomKey>,
    /// What waits for its arrival, while it is under way.
    held: Option<Vec<O>>,
}

/// See the module; `O` is what is ordered of a leg.
#[derive(Debug)]
pub(super) struct Placement<O> {
    limits: Limits,
    shards: Vec<Shard>,
    legs: HashMap<LegKey, Leg<O>>,
    /// The shards with a branch of a meeting, and its legs there; the oldest branch first.
    rooms: HashMap<RoomKey, Vec<(usize, usize)>>,
}

impl<O> Placement<O> {
    /// For so many shards, at least one.
    pub(super) fn new(shards: usize, limits: Limits) -> Self {
        Self {
            limits,
            shards: vec![Shard::default(); shards.max(1)],
            legs: HashMap::new(),
            rooms: HashMap::new(),
        }
    }

    /// Share of its time that a shard needs now, percent.
    pub(super) fn note_load(&mut self, shard: usize, percent: u8) {
        if let Some(shard) = self.shards.get_mut(shard) {
            shard.percent = percent;
        }
    }

    /// What is told of a shard's load, percent. It decides about the door alone: where a leg joins lasts for longer than one tick that was held
    /// up.
    pub(super) fn note_told(&mut self, shard: usize, percent: u8) {
        if let Some(shard) = self.shards.get_mut(shard) {
            shard.told = percent;
        }
    }

    /// The load of the shard that has most time left, percent: a call more would go there.
    pub(super) fn least_load(&self) -> u8 {
        let loads = self.shards.iter().map(|shard| shard.percent.max(shard.told));
        loads.min().unwrap_or(0)
    }

    /// Finds a shard for a new leg.
    pub(super) fn place(&mut self, leg: LegKey) -> usize {
        let shard = self.quietest(|_| true).unwrap_or(0);
        self.shards[shard].legs += 1;
        let leg = self.legs.entry(leg).or_insert(Leg {
            shard,
            room: None,
            held: None,
        });
        leg.shard = shard;
        shard
    }

    /// A meeting begins; it has no branch before somebody joins it.
    pub(super) fn open(&mut self, room: RoomKey) {
        self.rooms.entry(room).or_default();
    }

    /// The shards with a branch of a meeting.
    pub(super) fn branches(&self, room: RoomKey) -> impl Iterator<Item = usize> + use<'_, O> {
        let branches = self.rooms.get(&room).into_iter().flatten();
        branches.map(|(shard, _)| *shard)
    }

    /// A meeting is over; the shards that had a branch of it.
    pub(super) fn close(&mut self, room: RoomKey) -> Vec<usize> {
        let branches = self.rooms.remove(&room).unwrap_or_default();
        for leg in self.legs.values_mut().filter(|leg| leg.room == Some(room)) {
            leg.room = None;
        }
        branches.into_iter().map(|(shard, _)| shard).collect()
    }

    /// A leg joins a meeting: what must be done first.
    pub(super) fn join(&mut self, leg: LegKey, room: RoomKey) -> Vec<Move> {
        self.part(leg);
        let Some(known) = self.legs.get(&leg) else {
            return Vec::new();
        };
        let from = known.shard;
        // One who is under way already joins where he arrives.
        let to = match known.held {
            Some(_) => from,
            None => self.branch_for(room, from),
        };
        let mut moves = self.enter(room, to);
        self.count(room, to, 1);
        if to != from {
            self.shards[from].legs -= 1;
            self.shards[to].legs += 1;
            moves.push(Move::HandOver { from, to });
        }
        if let Some(known) = self.legs.get_mut(&leg) {
            known.room = Some(room);
            if to != from {
                (known.shard, known.held) = (to, Some(Vec::new()));
            }
        }
        moves
    }

    /// A leg leaves its meeting.
    pub(super) fn part(&mut self, leg: LegKey) {
        let Some(known) = self.legs.get_mut(&leg) else {
            return;
        };
        let shard = known.shard;
        if let Some(room) = known.room.take() {
            self.count(room, shard, -1);
        }
    }

    /// The shard a leg is in; while it is under way, `order` waits instead and nothing comes back. An unknown leg is nowhere.
    pub(super) fn route(&mut self, leg: LegKey, order: O) -> Option<(usize, O)> {
        let known = self.legs.get_mut(&leg)?;
        match &mut known.held {
            None => Some((known.shard, order)),
            Some(held) => {
                held.push(order);
                None
            }
        }
    }

    /// The shard a leg is in, or goes to.
    pub(super) fn shard_of(&self, leg: LegKey) -> Option<usize> {
        Some(self.legs.get(&leg)?.shard)
    }

    /// A leg was given away by its shard: where it goes, and what waited for it.
    pub(super) fn arrived(&mut self, leg: LegKey) -> Option<(usize, Vec<O>)> {
        let known = self.legs.get_mut(&leg)?;
        Some((known.shard, known.held.take().unwrap_or_default()))
    }

    /// A leg is gone; what waited for its arrival.
    pub(super) fn left(&mut self, leg: LegKey) -> Vec<O> {
        self.part(leg);
        let Some(gone) = self.legs.remove(&leg) else {
            return Vec::new();
        };
        self.shards[gone.shard].legs -= 1;
        gone.held.unwrap_or_default()
    }

    /// The branch that a leg of `from` joins: its own if it can, else the first with time and room, else a new one where there is time, else
    /// that of the quietest shard: where all are busy, a branch in a busier one helps nobody.
    fn branch_for(&self, room: RoomKey, from: usize) -> usize {
        let branches = self.rooms.get(&room).map_or(&[][..], Vec::as_slice);
        let is_free = |shard: usize| self.shards[shard].percent < self.limits.load;
        let has_room = |(shard, legs): &&(usize, usize)| is_free(*shard) && *legs < self.limits.legs;
        let mut free = branches.iter().filter(has_room).map(|(shard, _)| *shard);
        if branches.is_empty() || free.clone().any(|shard| shard == from) {
            return from;
        }
        let is_branch = |shard: usize| branches.iter().any(|(other, _)| *other == shard);
        let may_begin = |shard: usize| !is_branch(shard) && is_free(shard);
        let new = || match may_begin(from) {
            true => Some(from),
            false => self.quietest(may_begin),
        };
        let quietest = || self.quietest(|_| true);
        free.next().or_else(new).or_else(quietest).unwrap_or(from)
    }

    /// Sees to it that a meeting has a branch in a shard, linked with all others.
    fn enter(&mut self, room: RoomKey, shard: usize) -> Vec<Move> {
        let branches = self.rooms.entry(room).or_default();
        if branches.iter().any(|(other, _)| *other == shard) {
            return Vec::new();
        }
        let link = |(elder, _): &(usize, usize)| Move::Link {
            elder: *elder,
            younger: shard,
        };
        let links: Vec<_> = branches.iter().map(link).collect();
        branches.push((shard, 0));
        [Move::Open { shard }].into_iter().chain(links).collect()
    }

    fn count(&mut self, room: RoomKey, shard: usize, by: isize) {
        let branches = self.rooms.get_mut(&room).into_iter().flatten();
        for (_, legs) in branches.filter(|(other, _)| *other == shard) {
            *legs = legs.saturating_add_signed(by);
        }
    }

    /// The shard with most time left, in steps of ten percent, and fewest legs among such.
    fn quietest(&self, allowed: impl Fn(usize) -> bool) -> Option<usize> {
        let shards = self.shards.iter().enumerate();
        let allowed = shards.filter(|(at, _)| allowed(*at));
        let least = allowed.min_by_key(|(_, shard)| (shard.percent / 10, shard.legs))?;
        Some(least.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROOM: RoomKey = RoomKey(1);

    fn placement(shards: usize, legs: usize) -> Placement<&'static str> {
        let mut placement = Placement::new(shards, Limits { load: 50, legs });
        placement.open(ROOM);
        placement
    }

    /// `count` legs come and join at once; where they are in the end.
    fn joined(placement: &mut Placement<&'static str>, legs: std::ops::Range<u64>) -> Vec<usize> {
        let join = |leg| {
            placement.place(LegKey(leg));
            placement.join(LegKey(leg), ROOM);
            placement.arrived(LegKey(leg)).unwrap().0
        };
        legs.map(join).collect()
    }

    #[test]
    fn a_meeting_stays_in_the_shard_of_its_first_leg_until_it_is_full_there() {
        let mut placement = placement(2, 3);
        assert_eq!(joined(&mut placement, 0..8), [0, 0, 0, 1, 1, 1, 1, 0]);
        assert_eq!(placement.branches(ROOM).collect::<Vec<_>>(), [0, 1]);
        placement.left(LegKey(1));
        placement.left(LegKey(6));
        placement.left(LegKey(7));
        assert_eq!(joined(&mut placement, 8..9), [0]);
        assert_eq!(placement.close(ROOM), [0, 1]);
        assert_eq!(placement.branches(ROOM).count(), 0);
    }

    #[test]
    fn a_busy_shard_gets_neither_new_legs_nor_further_ones_of_its_meetings() {
        let mut placement = placement(2, 100);
        assert_eq!(joined(&mut placement, 0..2), [0, 0]);
        placement.note_load(0, 60);
        assert_eq!(placement.place(LegKey(9)), 1);
        let moves = placement.join(LegKey(9), ROOM);
        let (open, link) = (Move::Open { shard: 1 }, Move::Link { elder: 0, younger: 1 });
        assert_eq!(moves, [open, link]);
        assert_eq!(
            (placement.least_load(), placement.shard_of(LegKey(9))),
            (0, Some(1))
        );
        // All are busy: there is no better place than the quietest branch.
        placement.note_load(1, 90);
        assert_eq!(joined(&mut placement, 10..11), [0]);
        assert_eq!(placement.least_load(), 60);
    }

    #[test]
    fn a_shard_that_was_held_up_once_shuts_the_door_and_keeps_its_meetings() {
        let mut placement = placement(2, 100);
        joined(&mut placement, 0..1);
        for shard in 0..2 {
            placement.note_load(shard, 10);
            placement.note_told(shard, 100);
        }
        assert_eq!(
            (placement.least_load(), joined(&mut placement, 1..2)),
            (100, vec![0])
        );
        (0..2).for_each(|shard| placement.note_told(shard, 10));
        assert_eq!(placement.least_load(), 10);
    }

    #[test]
    fn where_all_shards_are_busy_a_meeting_is_not_spread_to_a_busier_one() {
        for (loads, expected) in [
            ([60, 90, 70], 0),
            ([90, 60, 70], 1),
            ([90, 90, 30], 2),
            // As good as equally busy: where there are fewest legs.
            ([99, 98, 97], 2),
        ] {
            let mut placement = placement(3, 100);
            joined(&mut placement, 0..1);
            placement.place(LegKey(1));
            let shards = (0..3).zip(loads);
            shards.for_each(|(shard, percent)| placement.note_load(shard, percent));
            placement.join(LegKey(1), ROOM);
            assert_eq!(placement.shard_of(LegKey(1)), Some(expected), "{loads:?}");
        }
    }

    #[test]
    fn what_waited_for_a_leg_that_fails_under_way_comes_back() {
        let mut placement = placement(2, 100);
        joined(&mut placement, 0..1);
        placement.place(LegKey(5));
        placement.join(LegKey(5), ROOM);
        placement.route(LegKey(5), "prompt");
        assert_eq!(placement.left(LegKey(5)), ["prompt"]);
        assert_eq!(placement.left(LegKey(5)), [""; 0]);
        assert_eq!(placement.arrived(LegKey(5)), None);
    }

    #[test]
    fn every_branch_is_linked_with_every_other_once() {
        let mut placement = placement(3, 1);
        let mut links = Vec::new();
        for leg in 0..5 {
            placement.place(LegKey(leg));
            for step in placement.join(LegKey(leg), ROOM) {
                if let Move::Link { elder, younger } = step {
                    links.push((elder, younger));
                }
            }
            placement.arrived(LegKey(leg));
        }
        assert_eq!(links, [(0, 1), (0, 2), (1, 2)]);
    }

    #[test]
    fn what_is_ordered_of_a_leg_under_way_waits_for_it() {
        let mut placement = placement(2, 100);
        joined(&mut placement, 0..1);
        assert_eq!(placement.place(LegKey(5)), 1);
        assert_eq!(placement.route(LegKey(5), "prompt"), Some((1, "prompt")));
        let hand_over = Move::HandOver { from: 1, to: 0 };
        assert_eq!(placement.join(LegKey(5), ROOM), [hand_over]);
        assert_eq!(placement.route(LegKey(5), "join"), None);
        assert_eq!(placement.route(LegKey(5), "route"), None);
        assert_eq!(placement.arrived(LegKey(5)), Some((0, vec!["join", "route"])));
        assert_eq!(placement.route(LegKey(5), "gain"), Some((0, "gain")));
    }

    #[test]
    fn one_who_is_moved_on_while_under_way_joins_the_next_meeting_where_he_arrives() {
        let mut placement = placement(2, 100);
        joined(&mut placement, 0..1);
        placement.place(LegKey(5));
        placement.join(LegKey(5), ROOM);
        let other = RoomKey(2);
        placement.open(other);
        assert_eq!(placement.join(LegKey(5), other), [Move::Open { shard: 0 }]);
        assert_eq!(placement.arrived(LegKey(5)).map(|(shard, _)| shard), Some(0));
        assert_eq!(placement.rooms[&ROOM], [(0, 1)]);
        assert_eq!(placement.rooms[&other], [(0, 1)]);
    }

    #[test]
    fn who_leaves_is_forgotten_whatever_he_was_about() {
        let mut placement = placement(2, 100);
        joined(&mut placement, 0..3);
        placement.place(LegKey(9));
        placement.join(LegKey(9), ROOM);
        (0..10).for_each(|leg| drop(placement.left(LegKey(leg))));
        assert!(placement.legs.is_empty() && placement.arrived(LegKey(9)).is_none());
        assert_eq!(placement.route(LegKey(9), "late"), None);
        assert!(placement.shards.iter().all(|shard| shard.legs == 0));
        assert_eq!(
            placement.rooms[&ROOM].iter().map(|(_, legs)| legs).sum::<usize>(),
            0
        );
    }
}
