//! One leg within the shard: what it gives to its room, and what it hears.

use std::time::{Duration, Instant};

use media::{Clip, Dbov, Encoder, Frame, Heard, Leg, LegEvent};

use crate::fade::Fade;
use crate::player::{Ended, Player};
use crate::room::{self, Payload, RATE, Room, SAMPLES, Sum};
use crate::talker::Talker;
use crate::{Channel, Hears, LegKey, LegSocket};

/// Datagrams read of each channel in one tick: ten times what a phone sends. The rest waits in the system's buffer, which is small.
const RECEIVE_MAX: usize = 10;
/// Longest datagram that is looked at, bytes.
const DATAGRAM_MAX: usize = 1500;
/// The room under a private prompt, in 256ths: −12 dB, so that the prompt is understood and the talk is not lost.
const DUCKED: i32 = 64;
/// How often a leg's meters are reported.
const METERS: Duration = Duration::from_secs(5);

/// What every leg's step needs of the shard.
pub(crate) struct Scratch {
    pub(crate) datagram: [u8; DATAGRAM_MAX],
    pub(crate) frame: Frame,
    pub(crate) music: Clip,
    pub(crate) receive_limited: u64,
}

impl Scratch {
    pub(crate) fn new(music: Clip) -> Self {
        Self {
            datagram: [0; DATAGRAM_MAX],
            frame: Frame::silence(RATE),
            music,
            receive_limited: 0,
        }
    }
}

/// What a leg's step has to tell.
pub(crate) enum Told {
    Event(LegEvent),
    Talking(bool),
    Ended(Ended),
    Meters,
}

/// A leg with its network and its faders.
pub(crate) struct LegSlot<S> {
    pub(crate) key: LegKey,
    pub(crate) media: Box<Leg>,
    pub(crate) socket: S,
    /// Place of its room in the shard's table.
    pub(crate) room: Option<usize>,
    pub(crate) player: Player,
    voice: Fade,
    room_fader: Fade,
    music_fader: Fade,
    duck: Fade,
    /// Microphone factor, in 4096ths.
    gain: i32,
    music_tick: usize,
    talker: Talker,
    encoder: Encoder,
    /// What it gave to the room in this tick.
    own: Sum,
    gave: bool,
    meters_at: Instant,
    #[cfg(any(test, feature = "fault-injection"))]
    pub(crate) fails: bool,
}

impl<S: LegSocket> LegSlot<S> {
    pub(crate) fn new(now: Instant, key: LegKey, media: Box<Leg>, socket: S) -> Self {
        Self {
            key,
            encoder: Encoder::new(media.session().codec),
            media,
            socket,
            room: None,
            player: Player::default(),
            voice: Fade::OUT,
            room_fader: Fade::OUT,
            music_fader: Fade::OUT,
            duck: Fade::OUT,
            gain: 4096,
            music_tick: 0,
            talker: Talker::default(),
            own: [0; SAMPLES],
            gave: false,
            meters_at: now + METERS,
            #[cfg(any(test, feature = "fault-injection"))]
            fails: false,
        }
    }

    /// Whether it is heard, and what it hears; the change is a ramp.
    pub(crate) fn route(&mut self, speaks: bool, hears: Hears) {
        self.voice.set(speaks);
        self.room_fader.set(hears == Hears::Room);
        self.music_fader.set(hears == Hears::Music);
    }

    /// Out of its room, without what it heard and gave there.
    pub(crate) fn part(&mut self) -> Option<usize> {
        self.voice = Fade::OUT;
        self.room_fader = Fade::OUT;
        self.room.take()
    }

    pub(crate) fn set_gain(&mut self, db: i8) {
        self.gain = (4096.0 * 10f32.powf(f32::from(db.clamp(-40, 40)) / 20.0)) as i32;
    }

    pub(crate) fn codec_changed(&mut self) {
        self.encoder = Encoder::new(self.media.session().codec);
    }

    /// Takes in what has arrived and gives its part of this tick to `room`.
    pub(crate) fn give(
        &mut self,
        now: Instant,
        room: Option<&mut Room>,
        scratch: &mut Scratch,
        tell: &mut dyn FnMut(Told),
    ) {
        #[cfg(any(test, feature = "fault-injection"))]
        assert!(!self.fails, "a fault was injected");
        self.receive(now, scratch);
        let heard = self.media.playout(now, &mut scratch.frame);
        while let Some(event) = self.media.poll_event() {
            tell(Told::Event(event));
        }
        let level = match heard {
            Heard::Audio { level } => level,
            Heard::Silence | Heard::Concealed => Dbov::SILENCE,
        };
        let level = if self.voice.is_out() { Dbov::SILENCE } else { level };
        if let Some(on) = self.talker.tick(level) {
            tell(Told::Talking(on));
        }
        self.gave = heard != Heard::Silence && !self.voice.is_out();
        if !self.gave {
            // A ramp that meets silence is over.
            self.voice = self.voice.finished();
            return;
        }
        for (own, sample) in self.own.iter_mut().zip(scratch.frame.samples()) {
            *own = self.voice.apply((i32::from(*sample) * self.gain) >> 12);
        }
        match room {
            Some(room) => room.add(&self.own),
            None => self.gave = false,
        }
    }

    fn receive(&mut self, now: Instant, scratch: &mut Scratch) {
        for channel in [Channel::Rtp, Channel::Rtcp] {
            let mut taken = 0;
            while let Some(received) = self.socket.receive(channel, &mut scratch.datagram) {
                let datagram = &scratch.datagram[..received.len.min(DATAGRAM_MAX)];
                match channel {
                    Channel::Rtp => self.media.on_rtp(now, received.from, datagram),
                    Channel::Rtcp => self.media.on_rtcp(now, received.from, datagram),
                }
                taken += 1;
                if taken == RECEIVE_MAX {
                    scratch.receive_limited += 1;
                    break;
                }
            }
        }
    }

    /// Sends what it hears in this tick.
    pub(crate) fn take(
        &mut self,
        now: Instant,
        room: Option<&mut Room>,
        scratch: &mut Scratch,
        tell: &mut dyn FnMut(Told),
    ) {
        let codec = self.media.session().codec;
        let plain = self.room_fader.is_in() && self.music_fader.is_out() && self.duck.is_out();
        let own = if self.gave { Some(&self.own) } else { None };
        let payload = match room {
            Some(room) if plain && own.is_none() && self.player.is_silent() => {
                *room.shared(codec, &mut scratch.frame)
            }
            room => self.mix(room.map(|room| &room.sum), scratch, tell),
        };
        let socket = &mut self.socket;
        self.media.send(now, payload.bytes(), &mut |to, datagram| {
            socket.send(Channel::Rtp, to, datagram)
        });
        self.media
            .rtcp(now, &mut |to, datagram| socket.send(Channel::Rtcp, to, datagram));
        if now >= self.meters_at {
            self.meters_at = now + METERS;
            tell(Told::Meters);
        }
    }

    /// A mix of its own: the room without itself, music, and what is played to it alone.
    fn mix(&mut self, room: Option<&Sum>, scratch: &mut Scratch, tell: &mut dyn FnMut(Told)) -> Payload {
        let mut sum: Sum = [0; SAMPLES];
        self.duck.set(!self.player.is_silent());
        if let Some(room) = room {
            self.add_room(room, &mut sum);
        }
        if !self.music_fader.is_out() {
            self.add_music(scratch, &mut sum);
        }
        if !self.player.is_silent() {
            self.player
                .tick(RATE, &mut scratch.frame, &mut sum, &mut |ended| {
                    tell(Told::Ended(ended))
                });
        }
        room::encode(&mut self.encoder, &sum, &mut scratch.frame)
    }

    fn add_room(&mut self, room: &Sum, sum: &mut Sum) {
        for (n, (sum, all)) in sum.iter_mut().zip(room).enumerate() {
            let others = if self.gave { all - self.own[n] } else { *all };
            let ducked = others - self.duck.apply(others * (256 - DUCKED) / 256);
            *sum += self.room_fader.apply(ducked);
        }
    }

    fn add_music(&mut self, scratch: &mut Scratch, sum: &mut Sum) {
        if !scratch.music.frame(self.music_tick, RATE, &mut scratch.frame) {
            self.music_tick = 0;
            scratch.music.frame(0, RATE, &mut scratch.frame);
        }
        self.music_tick += 1;
        for (sum, sample) in sum.iter_mut().zip(scratch.frame.samples()) {
            let music = i32::from(*sample);
            let ducked = music - self.duck.apply(music * (256 - DUCKED) / 256);
            *sum += self.music_fader.apply(ducked);
        }
    }

    /// Says goodbye to the phone's RTCP and gives back what was being played.
    pub(crate) fn farewell(&mut self, now: Instant, tell: &mut dyn FnMut(Told)) {
        let socket = &mut self.socket;
        self.media
            .goodbye(now, &mut |to, datagram| socket.send(Channel::Rtcp, to, datagram));
        self.player.clear(&mut |ended| tell(Told::Ended(ended)));
    }
}
