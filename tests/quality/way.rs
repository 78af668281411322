//! The way of one direction through a bad network, on simulated time: packets are lost, and come early and late.

use std::time::{Duration, Instant};

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

/// Outages come once a second.
const SECOND: Duration = Duration::from_secs(1);

/// What a network does to packets.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Network {
    /// Part of the packets that is lost, each by itself, in percent.
    pub(crate) loss: f64,
    /// How much earlier and later than the mean packets come, in ms, evenly spread: they overtake each other.
    pub(crate) jitter_ms: u32,
    /// How long nothing comes through in each second.
    pub(crate) outage: Duration,
}

/// A network without a fault.
pub(crate) const CLEAN: Network = Network {
    loss: 0.0,
    jitter_ms: 0,
    outage: Duration::ZERO,
};

/// One direction between two points.
#[derive(Debug)]
pub(crate) struct Way {
    network: Network,
    random: ChaCha8Rng,
    start: Instant,
    on_the_way: Vec<(Instant, Vec<u8>)>,
}

impl Way {
    /// The same seed loses and delays the same packets.
    pub(crate) fn new(network: Network, seed: u64, start: Instant) -> Self {
        Self {
            network,
            random: ChaCha8Rng::seed_from_u64(seed),
            start,
            on_the_way: Vec::new(),
        }
    }

    /// A packet sets out.
    pub(crate) fn send(&mut self, now: Instant, packet: &[u8]) {
        let (lost, delay) = (self.part() * 100.0 < self.network.loss, self.part());
        let in_second = (now - self.start).as_nanos() % SECOND.as_nanos();
        if lost || in_second < self.network.outage.as_nanos() {
            return;
        }
        let spread = Duration::from_millis(u64::from(2 * self.network.jitter_ms));
        self.on_the_way
            .push((now + spread.mul_f64(delay), packet.to_vec()));
    }

    /// What comes out by `now`, each with its time, in order of it.
    pub(crate) fn arrived(&mut self, now: Instant) -> Vec<(Instant, Vec<u8>)> {
        let (mut arrived, waiting) = self.on_the_way.drain(..).partition(|(at, _)| *at <= now);
        self.on_the_way = waiting;
        let by_time: &mut Vec<(Instant, Vec<u8>)> = &mut arrived;
        by_time.sort_by_key(|(at, _)| *at);
        arrived
    }

    /// From 0 to 1.
    fn part(&mut self) -> f64 {
        f64::from(self.random.next_u32()) / f64::from(u32::MAX)
    }
}
