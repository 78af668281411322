//! Between control and the shard: ports and sockets, sounds, orders and reports.

use std::net::{IpAddr, SocketAddr};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crossbeam_channel::Receiver;
use media::{JitterConfig, Leg, LegConfig, Prepared, Quality, Session};
use mixer::{
    Baggage, Branch, Encoded, LegKey, Order, PlayId, Playlist, Report, Retired, Room, RoomKey, ShardConfig,
    Stats, Target,
};
use model::{LegId, MeetingId};
use udp::MediaSocket;

use super::clips::Clips;
use super::load;
use super::media_log;
use super::media_sockets::Sockets;
use super::panics::Place;
use super::placement::{Limits, Move, Placement};
use super::plays::Plays;
use super::prompts::Prompts;
use super::recordings::Recordings;
use super::settings;
use super::shards::{End, Shards};
use crate::config::Config;
use crate::control::voice::{self, Sound};
use crate::control::{Listeners, MediaOrder, MediaReport, PlayId as ControlPlay, RecordingOrder};
use crate::metrics::{Audio, MediaCounts, Metrics};

/// Orders that may wait for a tick; beyond them they wait here.
const ORDERS: usize = 4096;
/// Reports that may wait to be read: some a leg and tick.
const REPORTS: usize = 65_536;

/// How often what is measured is laid down for readers; who talks is at once.
const LAY_DOWN: Duration = Duration::from_secs(1);

/// Longest wait for mixers to end when the bridge stops: they do within a tick, and one that hangs must not keep the program from ending.
const STOP_MAX: Duration = Duration::from_secs(2);

/// Media as control's thread sees it.
pub(super) struct MediaPort {
    shards: Shards,
    placement: Placement<Order<MediaSocket>>,
    plays: Plays,
    sockets: Sockets,
    clips: Clips,
    prompts: Prompts,
    faults: Receiver<Place>,
    metrics: Arc<Metrics>,
    audio: Audio,
    lay_down_at: Instant,
    jitter: JitterConfig,
    /// Voices heard at once in a meeting.
    talkers: usize,
    recordings: Recordings,
}

impl MediaPort {
    /// Decodes the prompts and starts the threads of shards and recorder.
    pub(super) fn start(
        config: &Config,
        data: &Path,
        faults: Receiver<Place>,
        metrics: Arc<Metrics>,
    ) -> Result<Self, String> {
        let rates = settings::rates(config);
        let clips = Clips::load(&rates)?;
        let legs = config.calls.max_calls + config.calls.max_calls / 4 + 16;
        let noise = match config.media.comfort_noise {
            true => media::noise::comfort_noise(&rates),
            false => media::Clip::default(),
        };
        let shards = Shards::start(
            &config.media.cores,
            config.media.priority,
            &ShardConfig {
                max_legs: legs,
                // Who talks with the operator is in a room of the mixer's, too.
                max_rooms: config.calls.max_meetings * 2 + config.operator.max_calls + 16,
                orders: ORDERS,
                reports: REPORTS,
                music: media::music::hold_loop(&rates),
                noise: noise.clone(),
            },
        )?;
        let limits = Limits {
            load: config.media.spread_load,
            legs: config.media.spread_legs,
        };
        let recordings = Recordings::start(config, data, metrics.recordings.clone())?;
        let mut prompts = Prompts::start(noise, config.media.priority)?;
        if let Some(format) = settings::usual_opus(config) {
            prompts.expect(format, || catalogue(&clips));
        }
        Ok(Self {
            placement: Placement::new(shards.count(), limits),
            shards,
            plays: Plays::default(),
            sockets: Sockets::new(config)?,
            clips,
            prompts,
            faults,
            audio: Audio::new(metrics.spreads.clone()),
            metrics,
            lay_down_at: Instant::now(),
            jitter: settings::jitter(config),
            talkers: config.media.talkers,
            recordings,
        })
    }

    /// Opens a leg's sockets on the address its call came to; its RTP address, or nothing when there is none.
    pub(super) fn open(&mut self, now: Instant, leg: LegId, near: IpAddr) -> Option<SocketAddr> {
        self.sockets.open(now, leg, near)
    }

    /// Gives back what was opened and never used.
    pub(super) fn close(&mut self, now: Instant, leg: LegId) {
        self.sockets.close(now, leg);
    }

    /// Passes an order on.
    pub(super) fn order(&mut self, now: Instant, order: MediaOrder) {
        match order {
            MediaOrder::Add { leg, config } => self.add(now, leg, *config),
            MediaOrder::Update { leg, session } => self.update(key(leg), *session),
            MediaOrder::Remove { leg } => self.remove(key(leg)),
            MediaOrder::OpenRoom { room } => self.placement.open(room_key(room)),
            MediaOrder::CloseRoom { room } => self.close_room(room_key(room)),
            MediaOrder::Join { leg, room } => self.join(key(leg), room_key(room)),
            MediaOrder::Part { leg } => self.part(key(leg)),
            MediaOrder::Route { leg, speaks, hears } => {
                let (leg, hears) = (key(leg), hearing(hears));
                self.pass(leg, Order::Route { leg, speaks, hears });
            }
            MediaOrder::Gain { leg, db } => self.pass(key(leg), Order::Gain { leg: key(leg), db }),
            MediaOrder::Hush { leg } => self.pass(key(leg), Order::Hush { leg: key(leg) }),
            MediaOrder::Play { to, id, sounds } => self.play(to, id, &sounds),
            MediaOrder::Record(recording) => self.record(*recording),
            MediaOrder::EndRecording { room, end } => {
                if let Some(shard) = self.recordings.end(room, end) {
                    let room = room_key(room);
                    self.shards.at(shard).order(Order::Untap { room });
                }
            }
        }
    }

    /// Any branch of a meeting has all of it: the recorder gets the oldest.
    fn record(&mut self, recording: RecordingOrder) {
        let room = room_key(recording.room);
        let shard = self.placement.branches(room).next();
        if let Some((shard, tap)) = self.recordings.begin(shard, recording) {
            self.shards.at(shard).order(Order::Tap { room, tap });
        }
    }

    /// Orders something of a leg where it is, or where it will be.
    fn pass(&mut self, leg: LegKey, order: Order<MediaSocket>) {
        if let Some((shard, order)) = self.placement.route(leg, order) {
            self.shards.at(shard).order(order);
        }
    }

    fn add(&mut self, now: Instant, leg: LegId, config: LegConfig) {
        let Some(socket) = self.sockets.hand_out(leg) else {
            return;
        };
        self.audio.agreed(leg, config.session.format.codec());
        self.prompts
            .expect(config.session.format, || catalogue(&self.clips));
        let (leg, media) = (key(leg), Box::new(Leg::new(config, now)));
        let shard = self.placement.place(leg);
        let desk = self.shards.at(shard);
        let (encoder, bring) = desk.equipment.agreed(leg, media.session());
        desk.bring(bring);
        desk.order(Order::AddLeg {
            leg,
            media,
            encoder,
            socket,
        });
    }

    fn update(&mut self, leg: LegKey, session: Session) {
        let Some(shard) = self.placement.shard_of(leg) else {
            return;
        };
        self.audio.agreed(LegId(leg.0), session.format.codec());
        self.prompts.expect(session.format, || catalogue(&self.clips));
        let desk = self.shards.at(shard);
        let (encoder, bring) = desk.equipment.agreed(leg, &session);
        desk.bring(bring);
        let change = Box::new(Prepared::new(session, self.jitter));
        let encoder = Some(encoder);
        self.pass(leg, Order::UpdateLeg { leg, change, encoder });
    }

    fn remove(&mut self, leg: LegKey) {
        self.unequip(leg);
        self.pass(leg, Order::RemoveLeg { leg });
    }

    fn close_room(&mut self, room: RoomKey) {
        for shard in self.placement.close(room) {
            let desk = self.shards.at(shard);
            desk.equipment.closed(room);
            desk.order(Order::CloseRoom { room });
        }
    }

    fn join(&mut self, leg: LegKey, room: RoomKey) {
        for step in self.placement.join(leg, room) {
            self.make(leg, room, step);
        }
        let Some(shard) = self.placement.shard_of(leg) else {
            return;
        };
        let desk = self.shards.at(shard);
        let bring = desk.equipment.joined(leg, room);
        desk.bring(bring);
        self.pass(leg, Order::Join { leg, room });
    }

    /// Does what must be done before a leg joins.
    fn make(&mut self, leg: LegKey, room: RoomKey, step: Move) {
        match step {
            Move::Open { shard } => {
                let audio = Room::new(self.talkers);
                self.shards.at(shard).order(Order::OpenRoom { room, audio });
            }
            Move::Link { elder, younger } => {
                let (of_elder, of_younger) = Branch::pair();
                for (shard, branch) in [(elder, of_elder), (younger, of_younger)] {
                    self.shards.at(shard).order(Order::Link { room, branch });
                }
            }
            Move::HandOver { from, to } => {
                let desk = self.shards.at(from);
                let (known, bring) = desk.equipment.leaves(leg);
                desk.bring(bring);
                let desk = self.shards.at(to);
                if let Some(known) = known {
                    let bring = desk.equipment.arrives(leg, known);
                    desk.bring(bring);
                }
                let baggage = Baggage::empty();
                self.shards.at(from).order(Order::HandOver { leg, baggage });
            }
        }
    }

    fn part(&mut self, leg: LegKey) {
        self.placement.part(leg);
        if let Some(shard) = self.placement.shard_of(leg) {
            let desk = self.shards.at(shard);
            let bring = desk.equipment.parted(leg);
            desk.bring(bring);
        }
        self.pass(leg, Order::Part { leg });
    }

    /// Forgets what a leg takes: it goes.
    fn unequip(&mut self, leg: LegKey) {
        if let Some(shard) = self.placement.shard_of(leg) {
            let desk = self.shards.at(shard);
            let bring = desk.equipment.left(leg);
            desk.bring(bring);
        }
    }

    fn play(&mut self, to: Listeners, id: ControlPlay, sounds: &[Sound]) {
        // A leg is told the latest; announcements to a room are all of them heard, one after another.
        match to {
            Listeners::Leg(leg) => {
                let is_known = self.placement.shard_of(key(leg)).is_some();
                self.plays.begin(PlayId(id.0), usize::from(is_known));
                let to = Target::Leg(key(leg));
                let mut playlist = self.playlist(id, sounds);
                playlist.encoded = self.encoded(key(leg), sounds, &playlist.sounds);
                self.pass(key(leg), Order::Play { to, playlist });
            }
            Listeners::Room(room) => {
                let branches: Vec<_> = self.placement.branches(room_key(room)).collect();
                self.plays.begin(PlayId(id.0), branches.len());
                for shard in branches {
                    let (to, playlist) = (Target::Room(room_key(room)), self.playlist(id, sounds));
                    self.shards.at(shard).order(Order::Queue { to, playlist });
                }
            }
        }
    }

    /// Takes in a leg that its shard has given away, and does what waited for it.
    fn arrived(&mut self, leg: LegKey, baggage: Box<Baggage<MediaSocket>>) {
        // One that nobody knows any more is freed here.
        let Some((shard, held)) = self.placement.arrived(leg) else {
            return;
        };
        let desk = self.shards.at(shard);
        desk.order(Order::TakeOver { baggage });
        held.into_iter().for_each(|order| desk.order(order));
    }

    /// Forgets a leg whose processing failed: what waited for its arrival is over.
    fn failed(&mut self, leg: LegKey) -> MediaReport {
        self.unequip(leg);
        for order in self.placement.left(leg) {
            if let Order::Play { playlist, .. } = order {
                self.plays.begin(playlist.id, 0);
            }
        }
        let places: Vec<_> = self.faults.try_iter().map(|place| place.to_string()).collect();
        tracing::error!(
            call = leg.0,
            ?places,
            "the audio of a call failed; the call is ended"
        );
        MediaReport::Failed { leg: LegId(leg.0) }
    }

    /// Takes in how a leg's media is; tells how well it was heard in ten seconds that are over.
    fn assess(&mut self, leg: LegKey, quality: &Quality) -> Option<MediaReport> {
        let over = self.audio.report(LegId(leg.0), quality);
        if let Some(shard) = self.placement.shard_of(leg) {
            let desk = self.shards.at(shard);
            if let Some((encoder, bring)) = desk.equipment.heard_of(leg, quality) {
                desk.bring(bring);
                self.pass(leg, Order::AdaptLeg { leg, encoder });
            }
        }
        over.map(|score| MediaReport::Scored {
            leg: LegId(leg.0),
            mos_hundredths: (score.mos * 100.0).round() as u16,
        })
    }

    fn playlist(&self, id: ControlPlay, sounds: &[Sound]) -> Playlist {
        let recordings = sounds.iter().filter_map(|sound| self.clips.get(*sound));
        Playlist::new(PlayId(id.0), recordings.collect())
    }

    /// What a leg is sent of these sounds, if that was encoded before.
    fn encoded(&mut self, leg: LegKey, sounds: &[Sound], recordings: &[media::Clip]) -> Box<[Arc<Encoded>]> {
        let shard = self.placement.shard_of(leg);
        let format = shard.and_then(|shard| self.shards.at(shard).equipment.format(leg));
        let format = format.filter(|_| sounds.len() == recordings.len());
        format.map_or_else(Box::default, |format| {
            self.prompts.find(sounds, recordings, format)
        })
    }

    /// The next report for control; what is retired is freed here, where time is no matter.
    pub(super) fn poll(&mut self, now: Instant) -> Option<MediaReport> {
        if let Some(id) = self.plays.next_unheard() {
            return Some(played(id));
        }
        if let Some(told) = self.recordings.poll() {
            return Some(told);
        }
        loop {
            let (shard, report) = self.shards.poll()?;
            if let Some(told) = self.take(now, shard, report) {
                return Some(told);
            }
        }
    }

    /// Takes in a shard's report; what control is to hear of it.
    fn take(&mut self, now: Instant, shard: usize, report: Report<MediaSocket>) -> Option<MediaReport> {
        match report {
            Report::Digit { leg, key } => {
                let leg = LegId(leg.0);
                return Some(MediaReport::Digit { leg, key });
            }
            Report::MediaLost { leg, which } => {
                let leg = LegId(leg.0);
                return Some(MediaReport::Lost { leg, which });
            }
            Report::Played { id, .. } => return self.plays.ended(id).then(|| played(id)),
            Report::HandedOver { leg, baggage } => self.arrived(leg, baggage),
            Report::Failed { leg } => return Some(self.failed(leg)),
            Report::Latched { leg, to } => {
                tracing::debug!(call = leg.0, %to, "audio comes from another address")
            }
            Report::Talking { leg, on } => {
                let leg = LegId(leg.0);
                self.audio.talking(leg, on);
                self.show();
                return Some(MediaReport::Talking { leg, on });
            }
            Report::Music { leg, suspected } => media_log::music(leg, suspected),
            Report::Echo { leg, suspected } => media_log::echo(leg, suspected),
            Report::Quality { leg, quality } => return self.assess(leg, &quality),
            Report::Stats(stats) => {
                self.note(now, shard, stats);
                // Once for all: a call more would go to the shard with most time left.
                let percent = self.placement.least_load();
                return (shard == 0).then_some(MediaReport::Load { percent });
            }
            Report::Retired(Retired::Leg { leg, media, .. }) => self.retired(now, leg, &media.quality()),
            Report::Retired(
                Retired::Playlist(_)
                | Retired::Change(_)
                | Retired::Encoder(_)
                | Retired::Room(_)
                | Retired::Branch(_)
                | Retired::Tap(_)
                | Retired::Baggage(_),
            ) => {}
        }
        None
    }

    fn retired(&mut self, now: Instant, leg: LegKey, quality: &Quality) {
        media_log::audio(leg, quality);
        self.audio.ended(LegId(leg.0), quality);
        self.placement.left(leg);
        self.sockets.close(now, LegId(leg.0));
    }

    /// Lays down what is measured, when it is time.
    pub(super) fn lay_down(&mut self, now: Instant) {
        if now < self.lay_down_at {
            return;
        }
        self.lay_down_at = now + LAY_DOWN;
        let counts = MediaCounts {
            audio: *self.audio.sum(),
            shards: self.shards.counts(now),
            prompts: self.prompts.counts(),
            ports_in_use: self.sockets.in_use(),
            ports_refused: self.sockets.refused(),
        };
        self.metrics.media.store(Arc::new(counts));
        self.show();
    }

    fn show(&self) {
        self.metrics.qualities.store(Arc::new(self.audio.views().clone()));
    }

    /// Notes how a shard is, and says when it was late or lost reports.
    fn note(&mut self, now: Instant, shard: usize, stats: Stats) {
        self.prompts.go_on();
        let desk = self.shards.at(shard);
        if let Some(silent) = desk.pulse.beat(now) {
            media_log::goes_on(shard, silent);
        }
        let percent = load::percent(&desk.counts.stats, &stats);
        self.placement.note_load(shard, load::mean(&stats));
        self.placement.note_told(shard, percent);
        media_log::fallbacks(shard, desk.counts.stats.fallbacks, stats.fallbacks);
        desk.counts.note(stats, percent);
        if let Some(line) = desk.lateness.note(now, stats) {
            media_log::late(shard, &line, &stats, percent);
        }
    }

    /// Whether all shards are still at work: without them the bridge is of no use.
    pub(super) fn is_alive(&self) -> bool {
        self.shards.are_alive()
    }

    /// Stops all threads, the recorder last: with the shards goes whatever can still be recorded. Says whether all have ended: one that hangs is
    /// left behind.
    pub(super) fn stop(self) -> bool {
        let Self {
            mut shards,
            faults,
            mut recordings,
            ..
        } = self;
        recordings.end_all();
        let ends = shards.stop(Instant::now() + STOP_MAX);
        if ends.contains(&End::Failed) {
            let places: Vec<_> = faults.try_iter().map(|place| place.to_string()).collect();
            tracing::error!(?places, "a mixer had failed");
        }
        for (shard, _) in ends.iter().enumerate().filter(|(_, end)| **end == End::Hung) {
            media_log::left_behind(shard, STOP_MAX);
        }
        drop(shards);
        recordings.stop();
        !ends.contains(&End::Hung)
    }
}

/// Everything that can be played, what callers hear first at its beginning.
fn catalogue(clips: &Clips) -> impl Iterator<Item = (Sound, media::Clip)> {
    voice::catalogue().filter_map(|sound| Some((sound, clips.get(sound)?)))
}

fn played(id: PlayId) -> MediaReport {
    MediaReport::Played {
        id: ControlPlay(id.0),
    }
}

fn key(leg: LegId) -> LegKey {
    LegKey(leg.0)
}

fn room_key(room: MeetingId) -> RoomKey {
    RoomKey(room.0)
}

fn hearing(hears: meeting::Hears) -> mixer::Hears {
    match hears {
        // Whoever talks with the operator is in a room of theirs.
        meeting::Hears::Room | meeting::Hears::Operator => mixer::Hears::Room,
        meeting::Hears::Music => mixer::Hears::Music,
        meeting::Hears::Nothing => mixer::Hears::Nothing,
    }
}
