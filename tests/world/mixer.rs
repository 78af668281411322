//! The mixer's double: it notes its orders, says when something has been played, and finds fault with orders that make no sense.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use bridge::control::voice::Sound;
use bridge::control::{Listeners, MediaOrder, PlayId};
use media::{MediaTimeouts, Session};
use meeting::Hears;
use model::{LegId, MeetingId};

/// How long every recording takes.
const CLIP: Duration = Duration::from_millis(500);

/// What was ordered so far.
#[derive(Debug, Default)]
pub struct Mixer {
    /// Its legs, with what was agreed on for each last.
    pub sessions: BTreeMap<LegId, Session>,
    /// When silence on the wire ends the leg that was added last.
    pub timeouts: Option<MediaTimeouts>,
    /// Its rooms.
    pub rooms: BTreeSet<MeetingId>,
    /// Which room each leg is in.
    pub places: BTreeMap<LegId, MeetingId>,
    /// What each leg contributes and hears now.
    pub routes: BTreeMap<LegId, (bool, Hears)>,
    /// Microphone levels in dB.
    pub gains: BTreeMap<LegId, i8>,
    /// What was said to legs and rooms, with the time in ms.
    pub said: Vec<(u64, Listeners, Vec<Sound>)>,
    /// How often a prompt was cut off by an order to.
    pub hushed: usize,
    /// Orders that make no sense.
    pub nonsense: Vec<String>,
    playing: Vec<(Instant, Listeners, PlayId)>,
}

impl Mixer {
    /// The next thing that will have been played, and when.
    pub(crate) fn next(&self) -> Option<Instant> {
        self.playing.iter().map(|(at, _, _)| *at).min()
    }

    /// Takes one thing that has been played by `now`.
    pub(crate) fn played(&mut self, now: Instant) -> Option<PlayId> {
        let first = (0..self.playing.len()).min_by_key(|index| self.playing[*index].0)?;
        let due = self.playing[first].0 <= now;
        due.then(|| self.playing.remove(first).2)
    }

    /// Takes in an order, `ms` after the start.
    pub(crate) fn order(&mut self, now: Instant, ms: u64, order: MediaOrder) {
        self.check(&order);
        match order {
            MediaOrder::Add { leg, config } => {
                self.timeouts = Some(config.timeouts);
                self.sessions.insert(leg, config.session);
            }
            MediaOrder::Update { leg, session } => drop(self.sessions.insert(leg, *session)),
            MediaOrder::Remove { leg } => self.remove(leg),
            MediaOrder::OpenRoom { room } => drop(self.rooms.insert(room)),
            MediaOrder::CloseRoom { room } => drop(self.rooms.remove(&room)),
            MediaOrder::Join { leg, room } => drop(self.places.insert(leg, room)),
            MediaOrder::Part { leg } => self.part(leg),
            MediaOrder::Route { leg, speaks, hears } => drop(self.routes.insert(leg, (speaks, hears))),
            MediaOrder::Gain { leg, db } => drop(self.gains.insert(leg, db)),
            MediaOrder::Play { to, id, sounds } => self.play(now, ms, to, id, sounds),
            MediaOrder::Hush { leg } => {
                self.hushed += 1;
                self.cut_off(now, leg);
            }
        }
    }

    fn remove(&mut self, leg: LegId) {
        self.part(leg);
        self.sessions.remove(&leg);
        self.gains.remove(&leg);
    }

    fn part(&mut self, leg: LegId) {
        self.places.remove(&leg);
        self.routes.remove(&leg);
    }

    /// To a leg in place of what it is being told, to a room after that.
    fn play(&mut self, now: Instant, ms: u64, to: Listeners, id: PlayId, sounds: Vec<Sound>) {
        let begins = match to {
            Listeners::Leg(leg) => {
                self.cut_off(now, leg);
                now
            }
            Listeners::Room(_) => {
                let before = self.playing.iter().filter(|(_, who, _)| *who == to);
                before.map(|(at, _, _)| *at).max().unwrap_or(now)
            }
        };
        self.playing.push((begins + CLIP * sounds.len() as u32, to, id));
        self.said.push((ms, to, sounds));
    }

    fn cut_off(&mut self, now: Instant, leg: LegId) {
        for (at, to, _) in &mut self.playing {
            if *to == Listeners::Leg(leg) {
                *at = now;
            }
        }
    }

    fn check(&mut self, order: &MediaOrder) {
        if !self.makes_sense(order) {
            self.nonsense.push(format!("{order:?}"));
        }
    }

    fn makes_sense(&self, order: &MediaOrder) -> bool {
        match order {
            MediaOrder::Add { leg, .. } => !self.sessions.contains_key(leg),
            MediaOrder::Update { leg, .. } | MediaOrder::Remove { leg } => self.sessions.contains_key(leg),
            MediaOrder::Hush { leg } | MediaOrder::Gain { leg, .. } => self.sessions.contains_key(leg),
            MediaOrder::OpenRoom { room } => !self.rooms.contains(room),
            MediaOrder::CloseRoom { room } => {
                self.rooms.contains(room) && !self.places.values().any(|place| place == room)
            }
            MediaOrder::Join { leg, room } => self.sessions.contains_key(leg) && self.rooms.contains(room),
            MediaOrder::Part { leg } | MediaOrder::Route { leg, .. } => self.places.contains_key(leg),
            MediaOrder::Play { to, sounds, .. } => match to {
                Listeners::Leg(leg) => self.sessions.contains_key(leg) && !sounds.is_empty(),
                Listeners::Room(room) => self.rooms.contains(room) && !sounds.is_empty(),
            },
        }
    }
}
