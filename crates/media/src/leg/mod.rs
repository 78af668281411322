//! One leg: the machine that receives, plays, sends and reports.

mod clock;
mod config;
mod event;
mod prepared;
mod receive;
mod report;
mod reporter;
mod sender;
mod watch;

use std::net::{IpAddr, SocketAddr};
use std::time::Instant;

pub use config::{
    ComfortNoise, Decode, Direction, JitterConfig, KeyFormat, Latching, LegConfig, LevelFormat,
    MediaTimeouts, Session,
};
pub use event::{LegEvent, MediaLoss};
pub use prepared::Prepared;

use crate::codec::{Codec, Format};
use crate::event4733::{KeyEvent, Keys};
use crate::frame::Frame;
use crate::gate::Gate;
use crate::inband::Inband;
use crate::jitter::{Played, Player};
use crate::level::Dbov;
use crate::quality::Quality;
use crate::scrutiny::Scrutiny;
use crate::source::{ReportSource, Source};
use crate::stream::{Jitter, Stream};
use clock::{Clock, Unwrapper};
use event::EventQueue;
use prepared::listens;
use reporter::Reporter;
use sender::{Sender, Shape};
use watch::Watch;

/// A peer that tells of as much jitter, in ms, has a wrong clock, or lies: it is not known then.
const MOST_JITTER_MS: u32 = 60_000;

/// What a tick of a leg sounds like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Heard {
    /// Nothing: no media, a pause, or a key held down. The frame is silent.
    Silence,
    /// Not decoded, because nobody is to hear it or it is known for silence. The frame is silent.
    Skipped,
    /// At least part of the frame was invented in place of a missing packet.
    Concealed,
    /// The peer's audio.
    Audio {
        /// Its loudness.
        level: Dbov,
    },
}

/// One leg of a call.
///
/// A tick goes through all legs, and none of them is in the processor's caches when its turn comes again: what costs is the pages and lines of
/// memory that are touched, some hundred ns each. So a leg is one page, in which what each tick needs lies together; what few ticks need
/// lies behind it, or apart.
#[derive(Debug)]
#[repr(C, align(4096))]
pub struct Leg {
    gate: Gate,
    /// The key that is down began over other audio than that of now: where it lies is not known, so all is blank until it is up.
    key_carried: bool,
    ssrc: u32,
    jitter: Jitter,
    unwrapper: Unwrapper,
    clock: Clock,
    /// Steps of the keys' clock by which it is ahead of the audio's place: 0 where both have one clock.
    keys_ahead: i64,
    /// Listens for keys in the audio, where no telephone events were negotiated.
    inband: Option<Box<Inband>>,
    events: EventQueue,
    source: Source,
    session: Session,
    watch: Watch,
    sender: Sender,
    stream: Stream,
    player: Player,
    scrutiny: Scrutiny,
    reporter: Reporter,
    keys: Keys,
    quality: Quality,
    /// For keys on another clock than the audio's.
    key_unwrapper: Unwrapper,
    /// The host learnt for RTP: RTCP may come from it too.
    learnt: Option<IpAddr>,
    report_source: ReportSource,
    cname: String,
}

impl Leg {
    /// A leg that starts now.
    pub fn new(config: LegConfig, now: Instant) -> Self {
        let session = config.session;
        let codec = session.format.codec();
        Self {
            cname: config.cname,
            clock: Clock::new(now, config.ntp_at_start),
            events: EventQueue::new(),
            quality: Quality::default(),
            watch: Watch::new(config.timeouts, now),
            source: Source::new(session.rtp, config.signalling_ip, config.latching),
            report_source: ReportSource::new(session.rtcp),
            learnt: None,
            stream: Stream::new(),
            jitter: Jitter::default(),
            unwrapper: Unwrapper::default(),
            keys: Keys::new(key_clock(&session)),
            key_unwrapper: Unwrapper::default(),
            keys_ahead: 0,
            key_carried: false,
            player: Player::new(codec, config.jitter),
            scrutiny: Scrutiny::new(codec.rate(), config.level_target, config.seed),
            gate: Gate::new(),
            inband: listens(&session).then(|| Box::new(Inband::new())),
            sender: Sender::new(config.ssrc, config.first_sequence, config.first_timestamp),
            ssrc: config.ssrc,
            reporter: Reporter::new(now, config.seed),
            session,
        }
    }

    /// Gives 20 ms of what the peer says, keys blanked out. Called once a tick; also the moment at which the leg
    /// notices what stopped (keys, media). `decode` says what is worth its time; where keys are heard in the audio all is decoded.
    pub fn playout(&mut self, now: Instant, decode: Decode, out: &mut Frame) -> Heard {
        self.notice_what_stopped(now);
        let decode = if self.inband.is_some() {
            Decode::Always
        } else {
            decode
        };
        let rate = self.session.format.codec().rate();
        out.clear(rate);
        if !self.session.direction.hears() {
            return Heard::Silence;
        }
        let from = self.player.position();
        let played = self.player.tick(self.clock.steps(now, rate.hz()), decode, out);
        let open = !self.is_blanked(from, self.player.position());
        // A frame that is not written to stays known to be silent.
        let left = self.gate.stays_open(open) || self.gate.pass(open, out.samples_mut(), rate.hz());
        let played = if left { played } else { Played::Silence };
        let heard = match self.listen(played, out) {
            Played::Real => Heard::Audio {
                level: Dbov::of(out.samples()),
            },
            Played::Concealed => Heard::Concealed,
            Played::Skipped => Heard::Skipped,
            Played::Silence => Heard::Silence,
        };
        self.scrutinise(heard, decode, out);
        heard
    }

    fn scrutinise(&mut self, heard: Heard, decode: Decode, out: &Frame) {
        let glance = self.player.glance();
        let Self { scrutiny, events, .. } = self;
        match (heard, decode) {
            (Heard::Audio { level }, _) => scrutiny.hear(level, out.samples(), out.rate()),
            (Heard::Silence, _) | (Heard::Skipped, Decode::Always | Decode::IfTalking) => scrutiny.pause(),
            (Heard::Skipped, Decode::No) | (Heard::Concealed, _) => scrutiny.miss(glance),
        }
        scrutiny.tell(|event| events.push(event));
    }

    /// Notes how loud the 20 ms are that are sent in this tick, to find what comes back of them. Called once a tick where something is sent.
    pub fn note_sent(&mut self, level: Dbov) {
        self.scrutiny.sent(level);
    }

    /// The gain that brings the peer's speech to the level it is to have ([`LegConfig::level_target`]), in dB. It is not applied here; between
    /// two ticks it changes by little, but when a peer who was faint shouts.
    pub fn agc_gain_db(&self) -> f32 {
        self.scrutiny.gain_db()
    }

    /// Whether a key lies over the audio between two places. One on another clock is placed to a packet only: it blanks one more.
    fn is_blanked(&self, from: i64, to: i64) -> bool {
        let spare = if self.keys_share_clock() {
            0
        } else {
            self.session.format.codec().rate().samples_per_tick() as i64
        };
        let is_carried = self.key_carried && self.keys.is_down();
        is_carried || self.keys.blanks(self.key_steps(from - spare), self.key_steps(to))
    }

    /// Whether keys are on the clock of the audio.
    fn keys_share_clock(&self) -> bool {
        key_clock(&self.session) == self.session.format.codec().clock_hz()
    }

    /// A place in the audio on the clock of the keys.
    fn key_steps(&self, place: i64) -> i64 {
        let hz = i64::from(self.session.format.codec().rate().hz());
        let steps = place.saturating_mul(i64::from(key_clock(&self.session))) / hz;
        steps.saturating_add(self.keys_ahead)
    }

    /// Exchanges the audio for what is held back, on legs whose keys come in the audio.
    fn listen(&mut self, played: Played, out: &mut Frame) -> Played {
        let Some(inband) = &mut self.inband else {
            return played;
        };
        let mut told = [None; 8];
        let mut free = told.iter_mut();
        let played = inband.exchange(out.samples_mut(), played, &mut |event| {
            if let Some(place) = free.next() {
                *place = Some(event);
            }
        });
        told.into_iter().for_each(|event| self.tell_key(event));
        played
    }

    /// Sends 20 ms of audio, encoded with the leg's codec. The payload is re-sliced to the packet time agreed; `wire`
    /// gets each datagram. Direction and the guard against unanswered sending are obeyed here. Called once a tick:
    /// an empty payload lets the time pass without sending.
    pub fn send(&mut self, now: Instant, payload: &[u8], wire: &mut dyn FnMut(SocketAddr, &[u8])) {
        let shape = self.shape();
        let peer = self.source.peer();
        if payload.is_empty() || !self.is_sent_to() {
            return self.sender.pause(shape);
        }
        if !self.watch.may_send(now, self.session.remote_held) {
            self.quality.send_withheld += 1;
            return self.sender.pause(shape);
        }
        let sent = &mut self.quality.sent;
        self.sender.send(shape, payload, &mut |datagram| {
            *sent += 1;
            wire(peer, datagram);
        });
    }

    /// Lets so many times 20 ms pass unsent that nobody played anything in, as when the machine was held up: what is sent next bears the
    /// time behind them.
    pub fn pass(&mut self, ticks: u32) {
        self.sender.pass(self.shape(), ticks);
    }

    /// Lets 20 ms pass in which there is nothing to hear but noise of this level: the peer is told so at their beginning and once in a
    /// while, and makes its own (RFC 3389). False, with nothing done, where it can't be: then the noise is to be sent like any audio.
    /// Called once a tick in place of [`Leg::send`].
    pub fn rest(&mut self, now: Instant, level: Dbov, wire: &mut dyn FnMut(SocketAddr, &[u8])) -> bool {
        let agreed = self.session.comfort_noise == ComfortNoise::TakenAndSent;
        if !agreed || !self.is_sent_to() || !self.watch.may_send(now, self.session.remote_held) {
            return false;
        }
        let (shape, peer) = (self.shape(), self.source.peer());
        let Self { sender, quality, .. } = self;
        sender.rest(shape, level, &mut |datagram| {
            quality.sent += 1;
            quality.comfort_noise_sent += 1;
            wire(peer, datagram);
        })
    }

    /// Whether there is anybody to send to.
    fn is_sent_to(&self) -> bool {
        self.session.direction.sends() && is_reachable(self.source.peer())
    }

    /// The next thing to tell.
    pub fn poll_event(&mut self) -> Option<LegEvent> {
        self.events.pop()
    }

    /// Takes what a re-INVITE or UPDATE changed; `change` keeps what is no longer needed. Sequence numbers, timestamps and sources go
    /// on; an address learnt is kept while the SDP names the same one as before.
    pub fn reconfigure(&mut self, change: &mut Prepared, now: Instant) {
        let session = change.session.clone();
        self.sender.restart(self.shape());
        if session.rtp != self.session.rtp {
            self.source.redirect(session.rtp);
            self.watch.target_changed(now);
            self.learnt = None;
        }
        if session.rtcp != self.session.rtcp {
            self.report_source = ReportSource::new(session.rtcp);
        }
        // Another payload type alone changes nothing about a key that is down.
        let clock = |session: &Session| session.telephone_event.map(|keys| keys.clock_hz);
        if clock(&session) != clock(&self.session) {
            let up = self.keys.restart();
            self.tell_key(up);
            self.keys = Keys::new(key_clock(&session));
            self.key_unwrapper = Unwrapper::default();
        }
        let is_other = self.change_codec(session.format.codec(), &mut change.player);
        if is_other || key_clock(&session) != key_clock(&self.session) {
            self.keys_ahead = 0;
            self.key_carried = self.keys.is_down();
        }
        if !session.direction.hears() {
            self.player.restart();
        }
        if listens(&session) != self.inband.is_some() {
            std::mem::swap(&mut self.inband, &mut change.inband);
        }
        self.watch.session_changed(now);
        self.session = session;
    }

    /// Goes on with another codec: within G.711 without a gap, else with another player, at whose first packet the audio goes on; whether it
    /// took another.
    fn change_codec(&mut self, codec: Codec, other: &mut Player) -> bool {
        let before = self.session.format.codec();
        if self.player.change(codec) {
            return false;
        }
        self.quality.take(self.player.tally(), before.rate());
        std::mem::swap(&mut self.player, other);
        self.jitter.restart();
        if codec.clock_hz() != before.clock_hz() {
            let audio = std::mem::take(&mut self.unwrapper);
            if self.keys_share_clock() {
                // Keys go on by their clock, which has ceased to be that of the audio.
                self.key_unwrapper = audio;
            }
        }
        true
    }

    /// Sends otherwise from now on, within the codec agreed on: with redundancy or without.
    pub fn adapt(&mut self, format: Format) {
        debug_assert_eq!(format.codec(), self.session.format.codec());
        self.session.format = format;
    }

    /// What offer and answer agreed on last.
    pub fn session(&self) -> &Session {
        &self.session
    }

    /// Where media goes at present: the SDP's address, or the one learnt.
    pub fn peer(&self) -> SocketAddr {
        self.source.peer()
    }

    /// Counters and meters. The depth is that of the last tick.
    pub fn quality(&self) -> Quality {
        let codec = self.session.format.codec();
        let per_ms = u64::from(codec.rate().hz() / 1_000);
        let per_clock_ms = codec.clock_hz() / 1_000;
        let remote = self.reporter.remote;
        let mut quality = Quality {
            lost: self.stream.counts().lost(),
            loss_bursts: self.stream.counts().holes,
            level_dbov: self.scrutiny.meter.level_dbov(),
            speech_dbov: self.scrutiny.meter.speech_dbov(),
            noise_dbov: self.scrutiny.meter.noise_dbov(),
            clipped_ms: self.scrutiny.meter.clipped_ms(),
            agc_gain_db: self.scrutiny.gain_db().round() as i8,
            music_suspected: self.scrutiny.music(),
            music_ms: self.scrutiny.music_ms,
            echo: self.scrutiny.echo(),
            echo_ms: self.scrutiny.echo_ms,
            jitter_ms: self.jitter.value() / per_clock_ms,
            depth_ms: (self.player.depth() as u64 / per_ms) as u32,
            target_ms: (self.player.target() as u64 / per_ms) as u32,
            digits_dropped: self.events.digits_dropped,
            rtt_ms: self.reporter.rtt_ms,
            remote_fraction_lost: remote.map(|block| block.fraction_lost),
            remote_lost_lately: self.reporter.losses.lately(),
            remote_lost: remote.map(|block| block.lost.max(0) as u32),
            remote_jitter_ms: remote
                .map(|block| block.jitter / per_clock_ms)
                .filter(|ms| *ms < MOST_JITTER_MS),
            ..self.quality
        };
        quality.take(self.player.tally(), codec.rate());
        quality
    }

    fn shape(&self) -> Shape {
        Shape {
            codec: self.session.format.codec(),
            payload_type: self.session.payload_type,
            ptime_ms: self.session.ptime_ms,
        }
    }

    fn notice_what_stopped(&mut self, now: Instant) {
        let up = self.keys.tick(now);
        if up.is_some() && std::mem::take(&mut self.key_carried) {
            self.place_key();
        }
        self.tell_key(up);
        let expected = self.session.direction.hears() && !self.session.remote_held;
        if let Some(which) = self.watch.lost(now, expected) {
            self.events.push(LegEvent::MediaLost { which });
        }
    }

    fn tell_key(&mut self, event: Option<KeyEvent>) {
        match event {
            Some(KeyEvent::Down { key }) => {
                self.quality.digits += 1;
                self.events.push(LegEvent::Digit { key });
            }
            Some(KeyEvent::Up { key, duration_ms }) => {
                self.events.push(LegEvent::DigitEnd { key, duration_ms });
            }
            None => {}
        }
    }
}

/// The clock of the peer's keys, Hz.
fn key_clock(session: &Session) -> u32 {
    let audio = session.format.codec().clock_hz();
    session.telephone_event.map_or(audio, |keys| keys.clock_hz)
}

/// Whether an address can be sent to; SDP says "nowhere" with port 0 or an unspecified host.
fn is_reachable(peer: SocketAddr) -> bool {
    peer.port() != 0 && !peer.ip().is_unspecified()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_leg_is_one_page_beside_what_few_ticks_need() {
        // 64 KiB are the goal for a leg in a meeting; the waiting packets take 30 of them.
        assert_eq!((size_of::<Leg>(), align_of::<Leg>()), (4_096, 4_096));
    }
}
