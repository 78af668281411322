//! Between control and the shard: ports and sockets, sounds, orders and reports.

use std::collections::{HashMap, VecDeque};
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Instant;

use crossbeam_channel::Receiver;
use media::{JitterConfig, Leg, Prepared, Quality, TICK};
use mixer::{
    Handle, LegKey, Order, PlayId, Playlist, Report, Retired, Room, RoomKey, STATS_TICKS, ShardConfig, Stats,
    Target,
};
use model::{LegId, MeetingId};
use udp::MediaSocket;

use super::clips::Clips;
use super::equipment::{Bring, Equipment};
use super::lateness::Lateness;
use super::panics::{self, Place};
use super::ports::PortPool;
use super::{serve, settings, shard_thread};
use crate::config::Config;
use crate::control::voice::Sound;
use crate::control::{Listeners, MediaOrder, MediaReport, PlayId as ControlPlay};

/// Orders that may wait for a tick; beyond them they wait here.
const ORDERS: usize = 4096;
/// Reports that may wait to be read: some a leg and tick.
const REPORTS: usize = 65_536;
/// Ports tried before a call is told that there is none: another program may sit on some.
const BIND_TRIES: usize = 8;

/// Media as control's thread sees it.
pub(super) struct MediaPort {
    handle: Handle<MediaSocket>,
    /// Orders that found the ring full, in order.
    waiting: VecDeque<Order<MediaSocket>>,
    ports: PortPool,
    in_use: HashMap<LegId, u16>,
    opened: HashMap<LegId, MediaSocket>,
    listen: Option<IpAddr>,
    clips: Clips,
    thread: Option<JoinHandle<()>>,
    stopping: Arc<AtomicBool>,
    faults: Receiver<Place>,
    lateness: Lateness,
    equipment: Equipment,
    jitter: JitterConfig,
    /// Voices heard at once in a meeting.
    talkers: usize,
}

impl MediaPort {
    /// Decodes the prompts and starts the shard's thread.
    pub(super) fn start(config: &Config, faults: Receiver<Place>) -> Result<Self, String> {
        let rates = settings::rates(config);
        let clips = Clips::load(&rates)?;
        let legs = config.calls.max_calls + config.calls.max_calls / 4 + 16;
        let (shard, handle) = mixer::shard(ShardConfig {
            max_legs: legs,
            max_rooms: config.calls.max_meetings * 2 + 16,
            orders: ORDERS,
            reports: REPORTS,
            music: media::music::hold_loop(&rates),
            noise: if config.media.comfort_noise {
                media::noise::comfort_noise(&rates)
            } else {
                media::Clip::default()
            },
        });
        let stopping = Arc::new(AtomicBool::new(false));
        let (stop, core) = (stopping.clone(), config.media.core);
        let thread = serve::spawn(panics::MIXER, move || shard_thread::run(shard, core, stop))?;
        let seed = getrandom::u64().map_err(|error| format!("no randomness from the system: {error}"))?;
        let listen = config
            .media
            .listen
            .or(Some(config.sip.listen.ip()))
            .filter(|ip| !ip.is_unspecified());
        Ok(Self {
            handle,
            waiting: VecDeque::new(),
            ports: PortPool::new(config.media.ports, config.media.quarantine, seed),
            in_use: HashMap::new(),
            opened: HashMap::new(),
            listen,
            clips,
            thread: Some(thread),
            stopping,
            faults,
            lateness: Lateness::default(),
            equipment: Equipment::default(),
            jitter: settings::jitter(config),
            talkers: config.media.talkers,
        })
    }

    /// Binds a port pair for a leg on the address its call came to; its RTP address, or nothing when there is none.
    pub(super) fn open(&mut self, now: Instant, leg: LegId, near: IpAddr) -> Option<SocketAddr> {
        let address = self.listen.unwrap_or(near);
        for _ in 0..BIND_TRIES {
            let port = self.ports.take(now)?;
            match MediaSocket::bind(address, port) {
                Ok(socket) => {
                    self.in_use.insert(leg, port);
                    self.opened.insert(leg, socket);
                    return Some(SocketAddr::new(address, port));
                }
                Err(error) => {
                    tracing::warn!(%address, port, %error, "a port for audio cannot be used");
                    self.ports.release(now, port);
                }
            }
        }
        None
    }

    /// Gives back a port pair that was opened and never used.
    pub(super) fn close(&mut self, now: Instant, leg: LegId) {
        self.opened.remove(&leg);
        self.rest(now, leg);
    }

    fn rest(&mut self, now: Instant, leg: LegId) {
        if let Some(port) = self.in_use.remove(&leg) {
            self.ports.release(now, port);
        }
    }

    /// Passes an order on.
    pub(super) fn order(&mut self, now: Instant, order: MediaOrder) {
        if let Some(order) = self.translate(now, order) {
            self.waiting.push_back(order);
            self.flush();
        }
    }

    fn flush(&mut self) {
        while let Some(order) = self.waiting.pop_front() {
            if let Err(back) = self.handle.order(order) {
                return self.waiting.push_front(*back);
            }
        }
    }

    fn translate(&mut self, now: Instant, order: MediaOrder) -> Option<Order<MediaSocket>> {
        Some(match order {
            MediaOrder::Add { leg, config } => {
                let socket = self.opened.remove(&leg)?;
                let (leg, media) = (key(leg), Box::new(Leg::new(*config, now)));
                let (encoder, bring) = self.equipment.agreed(leg, media.session());
                self.bring(bring);
                Order::AddLeg {
                    leg,
                    media,
                    encoder,
                    socket,
                }
            }
            MediaOrder::Update { leg, session } => {
                let leg = key(leg);
                let (encoder, bring) = self.equipment.agreed(leg, &session);
                self.bring(bring);
                Order::UpdateLeg {
                    leg,
                    change: Box::new(Prepared::new(*session, self.jitter)),
                    encoder: Some(encoder),
                }
            }
            MediaOrder::Remove { leg } => {
                self.equipment.left(key(leg));
                Order::RemoveLeg { leg: key(leg) }
            }
            MediaOrder::OpenRoom { room } => Order::OpenRoom {
                room: room_key(room),
                audio: Room::new(self.talkers),
            },
            MediaOrder::CloseRoom { room } => {
                self.equipment.closed(room_key(room));
                Order::CloseRoom { room: room_key(room) }
            }
            MediaOrder::Join { leg, room } => {
                let (leg, room) = (key(leg), room_key(room));
                let bring = self.equipment.joined(leg, room);
                self.bring(bring);
                Order::Join { leg, room }
            }
            MediaOrder::Part { leg } => {
                self.equipment.parted(key(leg));
                Order::Part { leg: key(leg) }
            }
            MediaOrder::Route { leg, speaks, hears } => Order::Route {
                leg: key(leg),
                speaks,
                hears: hearing(hears),
            },
            MediaOrder::Gain { leg, db } => Order::Gain { leg: key(leg), db },
            MediaOrder::Hush { leg } => Order::Hush { leg: key(leg) },
            MediaOrder::Play { to, id, sounds } => {
                let playlist = self.playlist(id, &sounds);
                // A leg is told the latest; announcements to a room are all of them heard, one after another.
                return Some(match to {
                    Listeners::Leg(leg) => Order::Play {
                        to: Target::Leg(key(leg)),
                        playlist,
                    },
                    Listeners::Room(room) => Order::Queue {
                        to: Target::Room(room_key(room)),
                        playlist,
                    },
                });
            }
        })
    }

    fn bring(&mut self, bring: Bring) {
        let orders = bring
            .into_iter()
            .map(|(whom, encoder)| Order::Equip { whom, encoder });
        self.waiting.extend(orders);
    }

    /// Takes in how a leg's media is.
    fn assess(&mut self, leg: LegKey, quality: &Quality) {
        tracing::trace!(call = leg.0, ?quality, "quality");
        if let Some((encoder, bring)) = self.equipment.heard_of(leg, quality) {
            self.bring(bring);
            self.waiting.push_back(Order::AdaptLeg { leg, encoder });
        }
    }

    fn playlist(&self, id: ControlPlay, sounds: &[Sound]) -> Playlist {
        Playlist {
            id: PlayId(id.0),
            sounds: sounds.iter().filter_map(|sound| self.clips.get(*sound)).collect(),
        }
    }

    /// The next report for control; what is retired is freed here, where time is no matter.
    pub(super) fn poll(&mut self, now: Instant) -> Option<MediaReport> {
        self.flush();
        loop {
            match self.handle.poll()? {
                Report::Digit { leg, key } => {
                    return Some(MediaReport::Digit {
                        leg: LegId(leg.0),
                        key,
                    });
                }
                Report::MediaLost { leg, which } => {
                    return Some(MediaReport::Lost {
                        leg: LegId(leg.0),
                        which,
                    });
                }
                Report::Played { id, .. } => {
                    return Some(MediaReport::Played {
                        id: ControlPlay(id.0),
                    });
                }
                Report::Failed { leg } => {
                    let places: Vec<_> = self.faults.try_iter().map(|place| place.to_string()).collect();
                    tracing::error!(
                        call = leg.0,
                        ?places,
                        "the audio of a call failed; the call is ended"
                    );
                    return Some(MediaReport::Failed { leg: LegId(leg.0) });
                }
                Report::Latched { leg, to } => {
                    tracing::debug!(call = leg.0, %to, "audio comes from another address")
                }
                Report::Talking { leg, on } => tracing::trace!(call = leg.0, on, "talking"),
                Report::Quality { leg, quality } => self.assess(leg, &quality),
                Report::Stats(stats) => {
                    self.note(now, stats);
                    return Some(MediaReport::Load {
                        percent: load(&stats),
                    });
                }
                Report::Retired(Retired::Leg { leg, media, .. }) => {
                    log_audio(leg, &media.quality());
                    self.rest(now, LegId(leg.0));
                }
                Report::Retired(
                    Retired::Playlist(_) | Retired::Change(_) | Retired::Encoder(_) | Retired::Room(_),
                ) => {}
            }
        }
    }

    /// Says when the mixer was late or lost reports.
    fn note(&mut self, now: Instant, stats: Stats) {
        if let Some(line) = self.lateness.note(now, stats) {
            tracing::warn!(
                late = line.late,
                skipped = line.skipped,
                worst_ms = line.worst.as_millis() as u64,
                reports_lost = line.reports_lost,
                legs = stats.legs,
                "the mixer was late"
            );
        }
    }

    /// Whether the shard's thread is still there: without it the bridge is of no use.
    pub(super) fn is_alive(&self) -> bool {
        self.thread.as_ref().is_some_and(|thread| !thread.is_finished())
    }

    /// Stops the shard's thread.
    pub(super) fn stop(mut self) {
        self.stopping.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            let places: Vec<_> = self.faults.try_iter().map(|place| place.to_string()).collect();
            tracing::error!(?places, "the mixer had failed");
        }
    }
}

/// One line for the audio of a call that is over.
fn log_audio(leg: LegKey, quality: &Quality) {
    let rounded = |mos: f64| (mos * 100.0).round() / 100.0;
    tracing::info!(
        call = leg.0,
        received = quality.received,
        lost = quality.lost,
        loss_bursts = quality.loss_bursts,
        late = quality.late,
        concealed_ms = quality.concealed_ms,
        recovered_ms = quality.recovered_ms,
        jitter_ms = quality.jitter_ms,
        rtt_ms = quality.rtt_ms,
        speech_dbov = quality.speech_dbov,
        noise_dbov = quality.noise_dbov,
        clipped_ms = quality.clipped_ms,
        false_levels = quality.false_levels,
        comfort_noise = quality.comfort_noise,
        comfort_noise_sent = quality.comfort_noise_sent,
        mos_in = rounded(quality.inbound().mos()),
        mos_out = quality.outbound().map(|way| rounded(way.mos())),
        "audio of a call"
    );
}

/// Share of its time that the mixer needed since the last report, percent.
fn load(stats: &Stats) -> u8 {
    let whole = TICK * STATS_TICKS as u32;
    (100.0 * stats.busy.as_secs_f64() / whole.as_secs_f64()).min(255.0) as u8
}

fn key(leg: LegId) -> LegKey {
    LegKey(leg.0)
}

fn room_key(room: MeetingId) -> RoomKey {
    RoomKey(room.0)
}

fn hearing(hears: meeting::Hears) -> mixer::Hears {
    match hears {
        meeting::Hears::Room => mixer::Hears::Room,
        meeting::Hears::Music => mixer::Hears::Music,
        meeting::Hears::Nothing => mixer::Hears::Nothing,
    }
}
