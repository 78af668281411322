//! One leg within the shard: what it gives to its room, and what it hears.

mod ramping;
mod voice;

use std::cell::Cell;
use std::net::SocketAddr;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Instant;

use media::{
    Channel, Converter, Dbov, Decode, Encoder, Format, Frame, Heard, Leg, LegEvent, LegSocket, Prepared,
    Rate, Received, TICK,
};

use crate::baggage::Baggage;
use crate::branch::LONGEST_WAY;
use crate::fade::{Fade, UNITY};
use crate::gain::Gain;
use crate::limiter::limit_all;
use crate::payload::{Before, Payload, Warm};
use crate::player::Player;
use crate::reading::Reading;
use crate::report::Retired;
use crate::ride::OwnRide;
use crate::room::Room;
use crate::shard::Desk;
use crate::sum::{ByRate, Sum};
use crate::talker::Talker;
use crate::{Hears, LegKey};

/// The room beneath a private prompt: 15 dB down. It goes on, so that nobody loses the thread of the talk and nobody
/// believes the call is cut, as when a prompt takes the room's place; and it is soft enough that the prompt is
/// understood, as when both are equally loud it is not. Broadcasters duck by 12 to 18 dB.
const DUCKED: i32 = UNITY * 178 / 1_000;
/// Ticks between two looks at a leg's reports: they come every few seconds, and the kernel notes when.
const REPORTS: u64 = 8;

/// Ticks for which more than one packet may wait of a leg of which something else was read than one packet, the next in order.
const UNEVEN: u8 = 50;

/// What a leg hears in a tick.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ear {
    /// Nothing but the noise of the line.
    Silence,
    /// The whole room, as others do.
    Room,
    /// The music, as others do.
    Music,
    /// A mix of its own.
    Own,
    /// What others hear too, but for a ramp that has not come to its end.
    Ramp,
    /// The same as others, but for its encoder, or that of one who leads it, which is not like theirs yet.
    Settles,
}

/// Where a leg goes when its ramps are down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Move {
    /// It stays.
    Stay,
    /// Into a room, by its place, or into none.
    To(Option<usize>),
    /// Out of the shard.
    Leave,
}

/// Where a leg is at the end of a tick.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Goes {
    /// It stays.
    Nowhere,
    /// To another shard.
    Elsewhere,
    /// Out of the shard, for good.
    Away,
}

/// Ticks for which a leg under way is made up at most: what is later has lost its phone anyway.
const MOST_UNDER_WAY: u32 = 500;

/// A leg with its network and its faders. What each tick needs lies together, and before what few ticks need: see [`Leg`].
#[repr(C)]
pub(crate) struct LegSlot<S> {
    /// Set when its processing failed: nothing is asked of it again.
    pub(crate) failed: bool,
    speaks: bool,
    hears: Hears,
    /// What was heard of it in this tick.
    heard: Heard,
    /// Whether there was anything of it in the last tick.
    said: bool,
    sounds: bool,
    /// Ticks for which more than one packet may wait to be read, for all that is known.
    uneven: u8,
    /// Ticks for which its ramp has been put off.
    put_off: u8,
    talker: Talker,
    pub(crate) key: LegKey,
    pub(crate) media: Box<Leg>,
    /// Place of its room in the shard's table.
    room: Option<usize>,
    next: Move,
    /// When it was last sent something, or would have been.
    sent_at: Option<Instant>,
    pub(crate) socket: S,
    gain: Gain,
    voice_fade: Fade,
    room_fade: Fade,
    music_fade: Fade,
    /// Ticks in which it does not hear its room yet: what it said before it came may be on its way from another branch of it.
    deaf: u32,
    /// There while it is about to go to another shard.
    pub(crate) baggage: Option<Box<Baggage<S>>>,
    ride: OwnRide,
    pub(crate) player: Player,
    encoder: Warm,
    /// The tick in which it was sent last what was made for a ramp of others too, and whose encoder made that.
    led: Option<(u64, LegKey)>,
    /// What it gives in this tick, if it sounds, at every rate that its room wants.
    voice: ByRate<Frame>,
    /// The tick in which it was sent last what had been encoded before.
    read: Option<u64>,
    /// The tick in which it was sent last what it alone hears, and what that sounds like: an encoder that has not heard it hears it first.
    alone: Option<(u64, Frame)>,
    /// Make the other rates of its own; that of its own rate is not used.
    converters: ByRate<Converter>,
}

impl<S: LegSocket> LegSlot<S> {
    pub(crate) fn new(key: LegKey, media: Box<Leg>, encoder: Encoder, socket: S) -> Self {
        let rate = media.session().format.codec().rate();
        Self {
            key,
            encoder: Warm::new(encoder),
            read: None,
            alone: None,
            heard: Heard::Silence,
            voice: ByRate(Rate::ALL.map(Frame::silence)),
            converters: converters(rate),
            media,
            socket,
            player: Player::default(),
            failed: false,
            uneven: UNEVEN,
            room: None,
            next: Move::Stay,
            speaks: false,
            hears: Hears::Nothing,
            gain: Gain::NONE,
            talker: Talker::default(),
            voice_fade: Fade::OUT,
            said: false,
            room_fade: Fade::OUT,
            ride: OwnRide::coming(false),
            music_fade: Fade::OUT,
            sounds: false,
            sent_at: None,
            led: None,
            put_off: 0,
            deaf: 0,
            baggage: None,
        }
    }

    /// Goes to another shard at the end of this tick; gives back what it cannot use, when it goes already or leaves.
    pub(crate) fn pack(&mut self, baggage: Box<Baggage<S>>) -> Option<Box<Baggage<S>>> {
        if self.next == Move::Leave || self.baggage.is_some() {
            return Some(baggage);
        }
        if self.room.is_some() {
            self.next = Move::To(None);
            self.deaf = LONGEST_WAY;
        }
        self.baggage = Some(baggage);
        None
    }

    /// It leaves the shard in this tick, number `tick`.
    pub(crate) fn pause_encoder(&mut self, tick: u64) {
        self.encoder.pause(tick);
    }

    /// Whether it has had the tick that is due at `now`, in another shard.
    pub(crate) fn is_ahead(&self, now: Instant) -> bool {
        self.sent_at.is_some_and(|at| at >= now)
    }

    /// Goes on in another shard, in its tick number `tick`, due at `now`: lets the ticks pass that it was under way; says how many.
    pub(crate) fn arrive(&mut self, now: Instant, tick: u64) -> u64 {
        self.encoder.resume(tick);
        (self.read, self.alone, self.led) = (None, None, None);
        let mut passed = 0;
        while let Some(at) = self.sent_at.map(|at| at + TICK)
            && at < now
            && passed < MOST_UNDER_WAY
        {
            let outcome = catch_unwind(AssertUnwindSafe(|| self.pass(at)));
            self.failed |= outcome.is_err();
            (self.sent_at, passed) = (Some(at), passed + 1);
        }
        passed.into()
    }

    /// Lets the ticks pass that the shard has given up: RTP time goes on, else all that is sent after a stall would come late for ever.
    pub(crate) fn keep_time(&mut self, now: Instant) {
        let Some(sent_at) = self.sent_at else { return };
        let since = now.saturating_duration_since(sent_at).as_nanos();
        let given_up = u32::try_from(since.saturating_sub(1) / TICK.as_nanos()).unwrap_or(u32::MAX);
        if given_up > 0 {
            self.media.pass(given_up);
            self.sent_at = Some(sent_at + TICK * given_up);
        }
    }

    /// A tick without being heard and without anything sent.
    fn pass(&mut self, at: Instant) {
        let rate = self.rate();
        self.media.playout(at, Decode::No, self.voice.at_mut(rate));
        self.media.send(at, &[], &mut |_, _| {});
    }

    /// Whether it is heard, and what it hears; every change is a ramp.
    pub(crate) fn route(&mut self, speaks: bool, hears: Hears) {
        self.speaks = speaks;
        self.hears = hears;
    }

    /// Goes into the room at `place`; out of another one it takes a tick to fade out.
    pub(crate) fn join(&mut self, place: usize) {
        match self.room {
            None => self.room = Some(place),
            Some(room) if room == place => self.next = Move::Stay,
            Some(_) => self.next = Move::To(Some(place)),
        }
    }

    /// Goes out of its room, or does not go into the next; `false` when there is none.
    pub(crate) fn part(&mut self) -> bool {
        self.route(false, Hears::Nothing);
        let was_in = self.room.is_some() && self.next != Move::To(None);
        if was_in {
            self.next = Move::To(None);
        }
        was_in
    }

    /// The room at `place` goes away.
    pub(crate) fn room_closes(&mut self, place: usize) {
        let target = match self.next {
            Move::Stay => self.room,
            Move::To(room) => room,
            Move::Leave => None,
        };
        if target == Some(place) {
            self.part();
        }
    }

    /// Goes out of the shard at the end of this tick.
    pub(crate) fn leave(&mut self) {
        self.route(false, Hears::Nothing);
        self.next = Move::Leave;
    }

    /// Sets the microphone's gain, dB.
    pub(crate) fn set_gain(&mut self, db: i8) {
        self.gain.set_host(db);
    }

    /// Takes what was agreed anew; `change` and the encoder carry back what they replace.
    pub(crate) fn reconfigure(&mut self, now: Instant, change: &mut Prepared, encoder: &mut Option<Encoder>) {
        let before = self.rate();
        let media = AssertUnwindSafe(|| self.media.reconfigure(change, now));
        self.failed |= catch_unwind(media).is_err();
        if let Some(new) = encoder.take() {
            let old = std::mem::replace(&mut self.encoder, Warm::new(new));
            *encoder = Some(old.into_inner());
        }
        if self.rate() != before {
            self.converters = converters(self.rate());
            self.alone = None;
            // What is in the middle of a ramp has no rate to end it at.
            [&mut self.voice_fade, &mut self.room_fade, &mut self.music_fade]
                .into_iter()
                .for_each(Fade::finish);
        }
    }

    /// Sends its codec otherwise; gives back the encoder that did before.
    pub(crate) fn adapt(&mut self, encoder: Encoder) -> Encoder {
        self.media.adapt(encoder.format());
        std::mem::replace(&mut self.encoder, Warm::new(encoder)).into_inner()
    }

    /// What it sends.
    pub(crate) fn format(&self) -> Format {
        self.media.session().format
    }

    /// The rate it speaks and listens at.
    pub(crate) fn rate(&self) -> Rate {
        self.format().codec().rate()
    }

    /// The place of the room it is in.
    pub(crate) fn room(&self) -> Option<usize> {
        self.room
    }

    /// Takes in what has arrived; in tick number `tick`, or between that and the next.
    pub(crate) fn receive(&mut self, now: Instant, tick: u64, reading: &mut Reading<S::Buffers>) {
        let Self {
            media,
            socket,
            uneven,
            ..
        } = self;
        let reports = (tick + self.key.0).is_multiple_of(REPORTS);
        let (taken, in_order) = (Cell::new(0), Cell::new(true));
        let mut rtp = |received: Received<'_>| {
            let at = received.at.unwrap_or(now);
            let is_next = media.on_rtp(at, received.from, received.datagram);
            taken.set(taken.get() + 1);
            in_order.set(in_order.get() && is_next);
        };
        // In most ticks a phone's one packet has come, and to look for a second costs half as much as to read one. What waits behind it all the
        // same, come early, is read in the next tick, in which its turn is, or with the reports.
        let one = *uneven == 0 && !reports;
        if !one || reading.read_one(socket, Channel::Rtp, &mut rtp) && !in_order.get() {
            reading.read(socket, Channel::Rtp, &mut rtp);
        }
        *uneven = match taken.get() == 1 && in_order.get() {
            true => uneven.saturating_sub(1),
            false => UNEVEN,
        };
        if reports {
            reading.read(socket, Channel::Rtcp, &mut |received| {
                media.on_rtcp(received.at.unwrap_or(now), received.from, received.datagram);
            });
        }
    }

    /// The next event of its media.
    pub(crate) fn poll_event(&mut self) -> Option<LegEvent> {
        self.media.poll_event()
    }

    /// Sets the faders for this tick and says what it hears.
    /// Where encoders are `crowded`, the room is silent beneath a prompt that was encoded before: in a rush thousands are told something.
    pub(crate) fn ear(&mut self, room: Option<&Room>, crowded: bool) -> Ear {
        let rate = self.rate();
        let prompted = !self.player.is_silent();
        let stays = self.next == Move::Stay && room.is_some() && self.deaf == 0;
        // The music of another shard may be at another place.
        let (goes, hears) = (self.baggage.is_some(), self.hears);
        let (hears_room, hears_music) = (stays && hears == Hears::Room, !goes && hears == Hears::Music);
        let alone = !hears_room && !hears_music && self.hears_nothing();
        self.player.decide(self.format(), alone, crowded);
        let beneath = match prompted {
            true if self.player.wants_silence() => 0,
            true => DUCKED,
            false => UNITY,
        };
        if self.room_fade.is_out() {
            self.ride = OwnRide::coming(crowded);
        }
        self.room_fade.duck(if hears_room { beneath } else { 0 }, rate);
        self.music_fade.duck(if hears_music { beneath } else { 0 }, rate);
        let is_apart = room.is_some_and(|room| room.is_apart(self.key, self.sounds, &mut self.ride));
        if prompted || is_apart && !self.room_fade.is_out() {
            self.encoder.part();
            return Ear::Own;
        }
        self.ear_among_others()
    }

    /// Whether what it hears is nothing but the noise of the line.
    pub(crate) fn hears_noise_alone(&self, ear: Ear, room: Option<&Room>) -> bool {
        let is_quiet = room.is_some_and(|room| room.is_quiet(self.is_voice()));
        match ear {
            Ear::Silence => true,
            Ear::Room => is_quiet,
            Ear::Own | Ear::Ramp | Ear::Settles => {
                let is_whole = self.room_fade.is_unity() && self.music_fade.is_out();
                let is_noise = self.hears_nothing() || is_whole && is_quiet;
                self.player.is_silent() && is_noise
            }
            Ear::Music => false,
        }
    }

    /// Lets 20 ms pass in which it hears nothing but noise of this level, if its phone makes such noise itself.
    pub(crate) fn rest(&mut self, now: Instant, level: Dbov) -> bool {
        let Self { media, socket, .. } = self;
        let mut rtp = |to: SocketAddr, datagram: &[u8]| socket.send(Channel::Rtp, to, datagram);
        let rests = media.rest(now, level, &mut rtp);
        if rests {
            self.sent_at = Some(now);
            media.rtcp(now, &mut |to, datagram| socket.send(Channel::Rtcp, to, datagram));
        }
        rests
    }

    /// A mix of its own: the room without itself, music, and what is played to it alone; `add_played` adds the last, at its rate. Where
    /// that is all and was encoded before, it is not encoded again.
    pub(crate) fn mix(
        &mut self,
        tick: u64,
        room: Option<&Room>,
        desk: &mut Desk<S::Buffers>,
        add_played: impl FnOnce(&mut Player, ByRate<bool>, &mut Sum),
    ) -> Payload {
        let (rate, format) = (self.rate(), self.format());
        let encoded = self.player.read(format, self.hears_nothing());
        if encoded.is_none() {
            self.encoder.set_effort(desk.effort_for(format));
        }
        let mut sum = Sum::silence(rate);
        let (room_began, music_began) = (self.room_fade.at(), self.music_fade.at());
        self.add_others(room, desk, &mut sum);
        let mut own = ByRate::default();
        *own.at_mut(rate) = true;
        add_played(&mut self.player, own, &mut sum);
        let mut frame = Frame::silence(rate);
        limit_all(sum.samples(), frame.samples_mut());
        if let Some(payload) = encoded {
            (self.read, self.alone) = (Some(tick), Some((tick, frame)));
            return payload;
        }
        let before = match (&self.alone, room) {
            (Some((at, frame)), _) if at + 1 == tick => Before::sound(frame),
            (_, Some(room)) if room_began > 0 => room.before(tick, format, &desk.noise),
            _ if music_began > 0 => desk.music.before(tick, format),
            _ => desk.noise.before(tick, format),
        };
        let payload = self.encoder.encode(tick, &frame, &before);
        if format.codec().has_memory() {
            self.alone = Some((tick, frame));
        }
        payload
    }

    /// Whether nothing but the noise of the line is beneath what is played to it.
    fn hears_nothing(&self) -> bool {
        self.room_fade.is_out() && self.music_fade.is_out()
    }

    /// Adds room, music, or the noise of the line.
    fn add_others(&mut self, room: Option<&Room>, desk: &mut Desk<S::Buffers>, sum: &mut Sum) {
        let rate = self.rate();
        if let Some(room) = room
            && !self.room_fade.is_out()
        {
            let said = self.sounds.then_some(&self.voice);
            let others = room.heard_by(self.key, rate, said, &mut self.ride);
            self.room_fade
                .add(others.samples().iter().copied(), sum.samples_mut());
        }
        if !self.music_fade.is_out() {
            let [now, _] = desk.music.frames(rate);
            let samples = now.samples().iter().map(|sample| i32::from(*sample));
            self.music_fade.add(samples, sum.samples_mut());
        } else if self.room_fade.is_out() {
            let [now, _] = desk.noise.frames(rate);
            sum.add(now.samples());
        }
    }

    /// Whether it was sent in tick number `tick` what had been encoded before.
    pub(crate) fn reads(&self, tick: u64) -> bool {
        self.read == Some(tick)
    }

    /// Sends 20 ms of audio, and a report when one is due.
    pub(crate) fn send(&mut self, now: Instant, payload: &Payload) {
        self.sent_at = Some(now);
        self.media.note_sent(payload.level());
        let Self { media, socket, .. } = self;
        let mut rtp = |to: SocketAddr, datagram: &[u8]| socket.send(Channel::Rtp, to, datagram);
        media.send(now, payload.bytes(), &mut rtp);
        media.rtcp(now, &mut |to, datagram| socket.send(Channel::Rtcp, to, datagram));
    }

    /// Ends the tick: goes where it is to go.
    pub(crate) fn settle(&mut self) -> Goes {
        match std::mem::replace(&mut self.next, Move::Stay) {
            Move::Stay => {}
            Move::To(room) => self.room = room,
            Move::Leave => return Goes::Away,
        }
        if self.room.is_none() && self.baggage.is_some() {
            return Goes::Elsewhere;
        }
        self.deaf = self.deaf.saturating_sub(1);
        Goes::Nowhere
    }

    /// All of it that must be freed outside.
    pub(crate) fn retired(self) -> Retired<S> {
        Retired::Leg {
            leg: self.key,
            media: self.media,
            encoder: self.encoder.into_inner(),
            socket: self.socket,
        }
    }

    /// Says goodbye to the phone's RTCP.
    pub(crate) fn farewell(&mut self, now: Instant) {
        let Self { media, socket, .. } = self;
        media.goodbye(now, &mut |to, datagram| socket.send(Channel::Rtcp, to, datagram));
    }
}

fn converters(from: Rate) -> ByRate<Converter> {
    ByRate(Rate::ALL.map(|to| Converter::new(from, to)))
}
