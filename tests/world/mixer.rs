//! The mixer's double: it notes its orders, says when something has been played, and finds fault with orders that make no sense.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::{Duration, Instant};

use bridge::control::voice::Sound;
use bridge::control::{Listeners, MediaOrder, MediaReport, PlayId, RecordingOrder};
use media::{MediaTimeouts, Session};
use meeting::Hears;
use model::{LegId, MeetingId, RecordingEnd, RecordingFault};

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
    /// Recordings ordered so far, and how those that are over ended.
    pub recorded: Vec<(RecordingOrder, Option<RecordingEnd>)>,
    /// Why the recorder can record nothing, if it can't.
    pub recorder_fault: Option<RecordingFault>,
    /// Whether the recorder tells nothing of what it is to begin.
    pub recorder_hangs: bool,
    reports: VecDeque<MediaReport>,
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
            MediaOrder::Record(recording) => self.record(*recording),
            MediaOrder::EndRecording { room, end } => {
                if let Some((_, ended)) = self.recording_of(room) {
                    *ended = Some(end);
                }
            }
        }
    }

    /// What the recorder tells next.
    pub(crate) fn report(&mut self) -> Option<MediaReport> {
        self.reports.pop_front()
    }

    fn record(&mut self, recording: RecordingOrder) {
        let (room, take) = (recording.room, recording.take);
        let report = match self.recorder_fault {
            Some(fault) => MediaReport::RecordingFailed { room, take, fault },
            None => MediaReport::RecordingBegan { room, take },
        };
        self.reports.extend((!self.recorder_hangs).then_some(report));
        self.recorded.push((recording, None));
    }

    /// The recording of a room that is under way.
    fn recording_of(&mut self, room: MeetingId) -> Option<&mut (RecordingOrder, Option<RecordingEnd>)> {
        let mut of_room = self.recorded.iter_mut().filter(|(order, _)| order.room == room);
        of_room.find(|(_, end)| end.is_none())
    }

    fn is_recorded(&self, room: MeetingId) -> bool {
        let mut of_room = self.recorded.iter().filter(|(order, _)| order.room == room);
        of_room.any(|(_, end)| end.is_none())
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
                let is_empty = !self.places.values().any(|place| place == room);
                self.rooms.contains(room) && is_empty && !self.is_recorded(*room)
            }
            MediaOrder::Record(recording) => {
                self.rooms.contains(&recording.room) && !self.is_recorded(recording.room)
            }
            MediaOrder::EndRecording { room, .. } => self.is_recorded(*room),
            MediaOrder::Join { leg, room } => self.sessions.contains_key(leg) && self.rooms.contains(room),
            MediaOrder::Part { leg } | MediaOrder::Route { leg, .. } => self.places.contains_key(leg),
            MediaOrder::Play { to, sounds, .. } => match to {
                Listeners::Leg(leg) => self.sessions.contains_key(leg) && !sounds.is_empty(),
                Listeners::Room(room) => self.rooms.contains(room) && !sounds.is_empty(),
            },
        }
    }
}
