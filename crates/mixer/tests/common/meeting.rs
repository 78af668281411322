//! One meeting in several shards, each with a branch of it and phones of its own.

use media::{Codec, TICK};
use mixer::{Branch, Order, Room, RoomKey, ShardConfig};

use super::{PEAK, Phone, SimSocket, World, config, peak_of};

/// The room's name in all shards.
pub(crate) const ROOM: RoomKey = RoomKey(1);

/// The shards; all tick for the same deadlines, in an order of the test's choice.
pub(crate) struct Meeting {
    pub(crate) shards: Vec<World>,
    /// Says whose turn it is next; another order at every tick.
    state: u64,
}

impl Meeting {
    /// A shard for each list of codecs, with a phone for each codec, all in one room with `talkers` voices. Phones are numbered through.
    pub(crate) fn new(talkers: usize, codecs: &[&[Codec]]) -> Self {
        Self::with(config, talkers, codecs)
    }

    /// The same in shards of this configuration.
    pub(crate) fn with(config: impl Fn() -> ShardConfig, talkers: usize, codecs: &[&[Codec]]) -> Self {
        let mut meeting = Self::of(codecs.iter().map(|_| World::with(0, config())).collect());
        let mut number = 0;
        meeting.open(talkers);
        for (shard, codecs) in codecs.iter().enumerate() {
            for codec in *codecs {
                meeting.shards[shard].add_phone(Phone::new(number, *codec));
                let phone = meeting.shards[shard].phones.len() - 1;
                meeting.shards[shard].enter(phone, ROOM.0);
                number += 1;
            }
        }
        meeting
    }

    /// Shards that have nothing in common yet but their time.
    pub(crate) fn of(mut shards: Vec<World>) -> Self {
        let now = shards[0].now;
        shards.iter_mut().for_each(|shard| shard.now = now);
        Self { shards, state: 1 }
    }

    /// Opens a branch in every shard, each with a link to each other.
    pub(crate) fn open(&mut self, talkers: usize) {
        for shard in &mut self.shards {
            let audio = Room::new(talkers);
            shard.order(Order::OpenRoom { room: ROOM, audio });
        }
        for far in 1..self.shards.len() {
            (0..far).for_each(|near| self.link(near, far));
        }
    }

    fn link(&mut self, near: usize, far: usize) {
        let (elder, younger) = Branch::pair();
        for (shard, branch) in [(near, elder), (far, younger)] {
            self.shards[shard].order(Order::Link { room: ROOM, branch });
        }
    }

    /// One tick of everybody, in another order each time: some are nearly a tick later than others.
    pub(crate) fn tick(&mut self) {
        let count = self.shards.len();
        self.state = self.state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        let (first, back) = ((self.state >> 33) as usize, (self.state >> 40).is_multiple_of(2));
        for n in 0..count {
            let n = if back { count - n } else { n };
            self.shards[(first + n) % count].tick();
        }
    }

    pub(crate) fn run(&mut self, ms: u64) {
        (0..ms / TICK.as_millis() as u64).for_each(|_| self.tick());
    }

    /// One shard is more than a tick late: the others tick twice, then it does.
    pub(crate) fn tick_late(&mut self, late: usize) {
        let others = (0..self.shards.len()).filter(|shard| *shard != late);
        let all: Vec<_> = others
            .flat_map(|shard| [shard, shard])
            .chain([late, late])
            .collect();
        all.into_iter().for_each(|shard| self.shards[shard].tick());
    }

    /// Every phone, with its shard.
    pub(crate) fn phones(&self) -> impl Iterator<Item = &Phone> {
        self.shards.iter().flat_map(|shard| &shard.phones)
    }

    pub(crate) fn phones_mut(&mut self) -> impl Iterator<Item = &mut Phone> {
        self.shards.iter_mut().flat_map(|shard| &mut shard.phones)
    }

    /// The phone of this number.
    pub(crate) fn phone(&self, number: u64) -> &Phone {
        let mut all = self.phones();
        all.find(|phone| phone.key.0 == number).expect("it is there")
    }

    /// Only these speak.
    pub(crate) fn speak(&mut self, numbers: &[u64]) {
        self.phones_mut()
            .for_each(|phone| phone.speaks = numbers.contains(&phone.key.0));
    }

    /// How loud a phone hears a tone over the last 200 ms, over how loud phones speak, in dB.
    pub(crate) fn level(&self, listener: u64, hz: f64) -> f64 {
        let ear = self.phone(listener);
        let rate = ear.codec.rate();
        let last = &ear.heard[ear.heard.len() - 10 * rate.samples_per_tick()..];
        20.0 * (peak_of(hz, rate, last) / PEAK).max(1e-9).log10()
    }

    /// Who is heard by a phone.
    pub(crate) fn heard_by(&self, listener: u64) -> Vec<u64> {
        let others = self.phones().filter(|phone| phone.key.0 != listener);
        let heard = others.filter(|phone| self.level(listener, phone.hz) > -6.0);
        heard.map(|phone| phone.key.0).collect()
    }

    /// Forgets what was heard so far.
    pub(crate) fn listen_anew(&mut self) {
        self.shards.iter_mut().for_each(World::listen_anew);
    }

    /// Orders something of every shard.
    pub(crate) fn order_all(&mut self, order: impl Fn() -> Order<SimSocket>) {
        self.shards.iter_mut().for_each(|shard| shard.order(order()));
    }
}
