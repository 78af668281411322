//! Simulated phones around a shard: each says a steady tone of its own and measures which tones it hears.
#![allow(dead_code, unused_imports, reason = "each test program uses its part")]

pub(crate) mod meeting;
mod phone;
mod tone;
mod wire;

use std::time::{Duration, Instant};

use media::{Clip, Codec, Encoder, Format, Frame, JitterConfig, Prepared, Session, TICK};
use mixer::{Audience, Handle, Hears, Order, Report, Room, RoomKey, Shard, ShardConfig, shard};

pub(crate) use phone::Phone;
pub(crate) use tone::{
    MUSIC_HZ, PEAK, PROMPT_HZ, SETTLED_MS, clip, peak_of, prompt, steps, undisturbed, worst_jump,
};
pub(crate) use wire::{Fault, SimSocket, peer};

/// Voices in the sum of a room.
pub(crate) const TALKERS: usize = 32;

/// Sizes that fit the tests.
pub(crate) fn config() -> ShardConfig {
    ShardConfig {
        max_legs: 64,
        max_rooms: 8,
        orders: 1_024,
        reports: 4_096,
        music: clip(MUSIC_HZ, 100),
        noise: Clip::default(),
    }
}

/// Phones and the shard they call.
pub(crate) struct World {
    pub(crate) shard: Shard<SimSocket>,
    pub(crate) handle: Handle<SimSocket>,
    pub(crate) phones: Vec<Phone>,
    pub(crate) now: Instant,
    frame: Frame,
}

impl World {
    /// `phones` legs, added but in no room.
    pub(crate) fn new(phones: u64) -> Self {
        Self::with(phones, config())
    }

    pub(crate) fn with(phones: u64, config: ShardConfig) -> Self {
        #[expect(
            clippy::disallowed_methods,
            reason = "an arbitrary epoch; only offsets from it matter"
        )]
        let now = Instant::now();
        let (shard, handle) = shard(config);
        let mut world = Self {
            shard,
            handle,
            phones: Vec::new(),
            now,
            frame: Frame::default(),
        };
        for number in 0..phones {
            world.add(number);
        }
        world
    }

    /// Phones with one codec each.
    pub(crate) fn speaking(codecs: &[Codec]) -> Self {
        let mut world = Self::new(0);
        for (number, codec) in (0..).zip(codecs) {
            world.add_phone(Phone::new(number, *codec));
        }
        world
    }

    pub(crate) fn add(&mut self, number: u64) {
        let codec = if number % 3 == 2 { Codec::Pcma } else { Codec::Pcmu };
        self.add_phone(Phone::new(number, codec));
    }

    pub(crate) fn add_phone(&mut self, phone: Phone) {
        let (media, socket) = (phone.leg(self.now), phone.socket.clone());
        let format = Format::of(phone.codec);
        self.order(Order::AddLeg {
            leg: phone.key,
            media,
            encoder: Encoder::new(format),
            socket,
        });
        for whom in [Audience::Music, Audience::Nothing] {
            let encoder = Encoder::new(format);
            self.order(Order::Equip { whom, encoder });
        }
        self.phones.push(phone);
    }

    /// What was agreed for a phone changes.
    pub(crate) fn change(&mut self, phone: usize, session: Session) {
        let encoder = Some(Encoder::new(session.format));
        let change = Box::new(Prepared::new(session, JitterConfig::default()));
        let leg = self.phones[phone].key;
        self.order(Order::UpdateLeg { leg, change, encoder });
    }

    pub(crate) fn open(&mut self, room: u64) {
        let audio = Room::new(TALKERS);
        self.order(Order::OpenRoom {
            room: RoomKey(room),
            audio,
        });
    }

    pub(crate) fn order(&mut self, order: Order<SimSocket>) {
        assert!(self.handle.order(order).is_ok(), "too many orders");
    }

    /// Opens a room and puts everybody into it.
    pub(crate) fn gather(&mut self, room: u64) {
        self.open(room);
        for n in 0..self.phones.len() {
            self.enter(n, room);
        }
    }

    /// Into a room, heard and hearing.
    pub(crate) fn enter(&mut self, phone: usize, room: u64) {
        let leg = self.phones[phone].key;
        self.order(Order::Equip {
            whom: Audience::Room(RoomKey(room)),
            encoder: Encoder::new(Format::of(self.phones[phone].codec)),
        });
        self.order(Order::Join {
            leg,
            room: RoomKey(room),
        });
        self.route(phone, true, Hears::Room);
    }

    pub(crate) fn route(&mut self, phone: usize, speaks: bool, hears: Hears) {
        let leg = self.phones[phone].key;
        self.order(Order::Route { leg, speaks, hears });
    }

    /// Every phone puts its next 20 ms on the wire.
    pub(crate) fn talk(&mut self) {
        for phone in &mut self.phones {
            phone.talk(&mut self.frame);
        }
    }

    /// One tick of everybody; touches no heap unless a phone keeps what it hears.
    pub(crate) fn tick(&mut self) {
        self.talk();
        self.now += TICK;
        self.shard.tick(self.now);
        for phone in self.phones.iter_mut().filter(|phone| phone.keeps) {
            phone.listen();
        }
    }

    pub(crate) fn run(&mut self, ms: u64) {
        for _ in 0..ms / TICK.as_millis() as u64 {
            self.tick();
        }
    }

    pub(crate) fn reports(&mut self) -> Vec<Report<SimSocket>> {
        std::iter::from_fn(|| self.handle.poll()).collect()
    }

    /// Forgets what was heard so far.
    pub(crate) fn listen_anew(&mut self) {
        self.phones.iter_mut().for_each(|phone| phone.heard.clear());
    }

    /// Whether `listener` hears `speaker` now: as loud as it speaks, or not at all.
    pub(crate) fn hears(&self, listener: usize, speaker: usize) -> bool {
        let peak = self.phones[listener].hears(self.phones[speaker].hz);
        let loud = (PEAK * 0.9..PEAK * 1.1).contains(&peak);
        assert!(
            loud || peak < PEAK * 0.02,
            "{listener} hears {speaker} at {peak:.0} of {PEAK}"
        );
        loud
    }
}

/// Seconds, for tests that wait for reports.
pub(crate) fn seconds(count: u64) -> Duration {
    Duration::from_secs(count)
}
