//! What the benches share: phones that speak G.711, rooms full of them, and the CPU clock of a thread.
//!
//! `cargo bench -p benches` runs `stages` (what one step costs; `./bench stages` does, too) and `legs` (what a leg costs over real sockets, as a multiple
//! of what the kernel takes for the same packets); `cargo bench -p api --bench lists` what lists of a thousand calls cost the API.

mod phone;

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use media::{
    Channel, Clip, Codec, Direction, Encoder, Format, JitterConfig, KeyFormat, Latching, Leg, LegConfig,
    LegSocket, MediaTimeouts, Rate, Received, Session, TICK,
};
use mixer::{
    Audience, Branch, Handle, Hears, LegKey, Order, Room, RoomKey, Schedule, Shard, ShardConfig, shard,
};
pub use phone::{AUDIO, Codecs, Phone, Speeches};

/// Who of a room talks; all others send silence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Crowd {
    /// Three of each room talk.
    ThreeTalk,
    /// Everybody talks.
    AllTalk,
    /// Nobody does.
    NobodyTalks,
}

impl Crowd {
    /// Whether the `n`th leg of its room talks.
    pub const fn talks(self, n: usize) -> bool {
        match self {
            Self::ThreeTalk => n < 3,
            Self::AllTalk => true,
            Self::NobodyTalks => false,
        }
    }
}

/// Sample `n` of a chord as loud as speech, on `hz` and its third harmonic, at `rate` samples a second.
pub fn chord(hz: f32, n: usize, rate: u32) -> i16 {
    let angle = std::f32::consts::TAU * hz * n as f32 / rate as f32;
    (1_500.0 * (angle.sin() + (3.0 * angle).sin())) as i16
}

/// A wire without a kernel: a packet waits at each tick, and what is sent is dropped.
#[derive(Debug)]
pub struct NullSocket {
    phone: Phone,
    peer: SocketAddr,
}

impl NullSocket {
    /// The wire of `phone`.
    pub fn new(phone: Phone, peer: SocketAddr) -> Self {
        Self { phone, peer }
    }
}

impl LegSocket for NullSocket {
    type Buffers = ();

    fn receive(
        &mut self,
        channel: Channel,
        (): &mut (),
        _most: usize,
        take: &mut dyn FnMut(Received<'_>),
    ) -> usize {
        if channel == Channel::Rtcp {
            return 0;
        }
        take(Received {
            from: self.peer,
            at: None,
            datagram: self.phone.next_packet(),
        });
        1
    }

    fn send(&mut self, _: Channel, _: SocketAddr, datagram: &[u8]) {
        std::hint::black_box(datagram);
    }
}

/// A leg whose phone is at `peer`.
pub fn leg(number: usize, codec: Codec, peer: SocketAddr, now: Instant) -> Box<Leg> {
    let session = Session {
        rtp: peer,
        rtcp: peer,
        format: Format::of(codec),
        redundancy: false,
        payload_type: AUDIO,
        receive_payload_type: AUDIO,
        other_law: None,
        telephone_event: Some(KeyFormat {
            payload_type: 101,
            clock_hz: codec.clock_hz(),
        }),
        comfort_noise: media::ComfortNoise::No,
        audio_level: None,
        inband_digits: false,
        ptime_ms: 20,
        direction: Direction::SendRecv,
        remote_held: false,
    };
    let config = LegConfig {
        session,
        signalling_ip: peer.ip(),
        latching: Latching::Off,
        ssrc: number as u32,
        first_sequence: 0,
        first_timestamp: 0,
        cname: "bench".into(),
        ntp_at_start: 0,
        seed: number as u64 + 1,
        jitter: JitterConfig::default(),
        level_target: None,
        timeouts: MediaTimeouts::default(),
    };
    Box::new(Leg::new(config, now))
}

/// A shard full of legs, on its own time.
pub struct Bench<S: LegSocket> {
    shard: Shard<S>,
    handle: Handle<S>,
    now: Instant,
}

impl<S: LegSocket> Bench<S> {
    /// `legs` legs in rooms of `room_size`; `wire` gives each its codec, its phone's address and its socket.
    pub fn new(legs: usize, room_size: usize, mut wire: impl FnMut(usize) -> (Codec, SocketAddr, S)) -> Self {
        let rooms = legs.div_ceil(room_size);
        let (shard, handle) = shard(ShardConfig {
            max_legs: legs,
            max_rooms: rooms,
            orders: 8 * (legs + rooms),
            reports: 8 * legs + 64,
            music: Clip::default(),
            noise: media::noise::comfort_noise(&Rate::ALL),
        });
        let mut bench = Self {
            shard,
            handle,
            now: Instant::now(),
        };
        for room in 0..rooms {
            bench.order(Order::OpenRoom {
                room: RoomKey(room as u64),
                audio: Room::new(8),
            });
        }
        for n in 0..legs {
            let (codec, peer, socket) = wire(n);
            let key = LegKey(n as u64);
            let media = leg(n, codec, peer, bench.now);
            let room = RoomKey((n / room_size) as u64);
            let encoder = || Encoder::new(Format::of(codec));
            bench.order(Order::AddLeg {
                leg: key,
                media,
                encoder: encoder(),
                socket,
            });
            if n % room_size < 3 {
                for whom in [Audience::Nothing, Audience::Room(room)] {
                    let encoder = encoder();
                    bench.order(Order::Equip { whom, encoder });
                }
            }
            bench.order(Order::Join { leg: key, room });
            bench.order(Order::Route {
                leg: key,
                speaks: true,
                hears: Hears::Room,
            });
        }
        bench
    }

    /// Makes one meeting of the first rooms of both, which then tick for the same deadlines. Before their first ticks only.
    pub fn link(&mut self, other: &mut Self) {
        let now = self.now.max(other.now);
        let (elder, younger) = Branch::pair();
        for (bench, branch) in [(self, elder), (other, younger)] {
            bench.now = now;
            let room = RoomKey(0);
            bench.order(Order::Link { room, branch });
        }
    }

    fn order(&mut self, order: Order<S>) {
        assert!(
            self.handle.order(order).is_ok(),
            "the ring of orders is too small"
        );
    }

    /// One tick, 20 ms after the last.
    pub fn tick(&mut self) {
        self.now += TICK;
        self.shard.tick(self.now);
    }

    /// Every tick that is due, by the wall clock.
    pub fn run(&mut self, schedule: &mut Schedule) {
        self.shard.run(schedule, Instant::now());
    }

    /// Reads and drops what was reported, as control would.
    pub fn drain(&mut self) {
        while self.handle.poll().is_some() {}
    }

    /// Sockets that received, mixed and sent: what the shard counts.
    pub fn stats(&self) -> mixer::Stats {
        self.shard.stats()
    }
}

/// CPU time that this thread has used, in user and kernel mode.
pub fn cpu_time() -> Duration {
    let mut time = libc::timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    // SAFETY: the call writes into the timespec it is given, and nowhere else.
    let outcome = unsafe { libc::clock_gettime(libc::CLOCK_THREAD_CPUTIME_ID, &raw mut time) };
    assert_eq!(outcome, 0, "no CPU clock");
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}

/// Keeps this thread on one core, where there is such a core and it may be had.
pub fn pin_to(core: usize) {
    // SAFETY: a zeroed set is an empty one; both calls only read or write the set they are given.
    unsafe {
        let mut set: libc::cpu_set_t = std::mem::zeroed();
        libc::CPU_SET(core, &mut set);
        libc::sched_setaffinity(0, size_of::<libc::cpu_set_t>(), &raw const set);
    }
}
