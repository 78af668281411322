//! Simulated phones around a shard: each says a steady tone of its own and measures which tones it hears.
#![allow(dead_code, reason = "each test program uses its part")]

pub(crate) mod meeting;

use std::cell::RefCell;
use std::collections::VecDeque;
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::{Duration, Instant};

use media::{
    Channel, Clip, Codec, ComfortNoise, Dbov, Decoder, Direction, Encoder, Format, Frame, JitterConfig,
    KeyFormat, Latching, Leg, LegConfig, LegSocket, MediaTimeouts, Prepared, Rate, Received, Session, TICK,
};
use mixer::{
    Audience, Handle, Hears, LegKey, Order, PlayId, Playlist, Report, Room, RoomKey, Shard, ShardConfig,
    shard,
};

/// Voices in the sum of a room.
pub(crate) const TALKERS: usize = 32;
/// Peak of every phone's tone: eight of them together stay under the limiter's knee.
pub(crate) const PEAK: f64 = 2_900.0;
/// Tones played by the bridge lie apart from those of the phones.
pub(crate) const MUSIC_HZ: f64 = 2_500.0;
pub(crate) const PROMPT_HZ: f64 = 3_000.0;
const HEADER: usize = 12;
/// Payload type of all audio, and of keys.
const AUDIO: u8 = 96;
const KEYS: u8 = 101;
/// Payload type of comfort noise.
const NOISE: u8 = 13;

/// A datagram without a place on the heap.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Datagram {
    bytes: [u8; HEADER + Codec::MAX_PAYLOAD],
    len: usize,
}

impl Datagram {
    const fn new() -> Self {
        Self {
            bytes: [0; HEADER + Codec::MAX_PAYLOAD],
            len: 0,
        }
    }

    fn of(bytes: &[u8]) -> Self {
        let mut datagram = Self::new();
        datagram.bytes[..bytes.len()].copy_from_slice(bytes);
        datagram.len = bytes.len();
        datagram
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes[..self.len]
    }
}

/// Where a leg's processing fails, for a test.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// While receiving: before its voice is in the sum.
    Receive,
    /// While sending audio: when its voice is in the sum already.
    Send,
    /// When it sends a report, or says goodbye.
    Report,
}

/// Both directions of one phone's wire; of fixed size, so that it never touches the heap.
#[derive(Debug)]
pub(crate) struct Wire {
    pub(crate) inbound: VecDeque<Datagram>,
    /// Audio sent to the phone since it listened last; empty where there was none.
    last_sent: Datagram,
    pub(crate) sent: u64,
    /// Comfort noise sent to the phone, and the last packet of anything.
    pub(crate) noise_sent: u64,
    pub(crate) last: Datagram,
    pub(crate) rtcp_sent: u64,
    pub(crate) fault: Option<Fault>,
    /// Datagrams of a stranger that lie before the phone's own, and how many were read so far.
    pub(crate) rubbish: u32,
    pub(crate) rubbish_read: u32,
}

#[derive(Clone, Debug)]
pub(crate) struct SimSocket(pub(crate) Rc<RefCell<Wire>>);

impl SimSocket {
    pub(crate) fn new() -> Self {
        Self(Rc::new(RefCell::new(Wire {
            inbound: VecDeque::with_capacity(64),
            last_sent: Datagram::new(),
            sent: 0,
            noise_sent: 0,
            last: Datagram::new(),
            rtcp_sent: 0,
            fault: None,
            rubbish: 0,
            rubbish_read: 0,
        })))
    }
}

impl Wire {
    fn next(&mut self, channel: Channel) -> Option<(SocketAddr, Datagram)> {
        assert!(self.fault != Some(Fault::Receive), "a fault is injected");
        match channel {
            Channel::Rtp if self.rubbish > 0 => {
                self.rubbish -= 1;
                self.rubbish_read += 1;
                Some((
                    SocketAddr::from(([198, 51, 100, 6], 666)),
                    Datagram::of(&[0; 100]),
                ))
            }
            Channel::Rtp => Some((peer(), self.inbound.pop_front()?)),
            Channel::Rtcp => None,
        }
    }
}

impl LegSocket for SimSocket {
    type Buffers = ();

    fn receive(
        &mut self,
        channel: Channel,
        (): &mut (),
        most: usize,
        take: &mut dyn FnMut(Received<'_>),
    ) -> usize {
        let next = || self.0.borrow_mut().next(channel);
        let mut count = 0;
        while count < most
            && let Some((from, datagram)) = next()
        {
            count += 1;
            take(Received {
                from,
                at: None,
                datagram: datagram.bytes(),
            });
        }
        count
    }

    fn send(&mut self, channel: Channel, to: SocketAddr, datagram: &[u8]) {
        let mut wire = self.0.borrow_mut();
        let fault = match channel {
            Channel::Rtp => Fault::Send,
            Channel::Rtcp => Fault::Report,
        };
        assert!(wire.fault != Some(fault), "a fault is injected");
        match channel {
            Channel::Rtp => {
                let kind = datagram[1] & 0x7f;
                assert!(to == peer() && matches!(kind, AUDIO | NOISE), "{kind} to {to}");
                wire.last = Datagram::of(datagram);
                if kind == NOISE {
                    wire.noise_sent += 1;
                } else {
                    wire.last_sent = wire.last;
                    wire.sent += 1;
                }
            }
            Channel::Rtcp => wire.rtcp_sent += 1,
        }
    }
}

pub(crate) fn peer() -> SocketAddr {
    SocketAddr::from(([192, 0, 2, 10], 4_000))
}

/// The bridge's tones, as clips.
pub(crate) fn clip(hz: f64, ms: usize) -> Clip {
    let audio: Vec<i16> = (0..48 * ms)
        .map(|n| (angle(hz, n, 48_000.0).sin() * PEAK) as i16)
        .collect();
    Clip::from_full_band(&audio, &Rate::ALL)
}

/// A prompt of `ms`; told as the given number.
pub(crate) fn prompt(id: u64, ms: usize) -> Playlist {
    Playlist::new(PlayId(id), Box::new([clip(PROMPT_HZ, ms)]))
}

fn angle(hz: f64, n: usize, rate: f64) -> f64 {
    std::f64::consts::TAU * hz * n as f64 / rate
}

/// A phone.
pub(crate) struct Phone {
    pub(crate) key: LegKey,
    pub(crate) socket: SimSocket,
    pub(crate) codec: Codec,
    /// Whether silence may be told to it in place of being sent.
    pub(crate) comfort_noise: ComfortNoise,
    encoder: Encoder,
    decoder: Decoder,
    pub(crate) hz: f64,
    /// Peak of what it says.
    pub(crate) peak: f64,
    pub(crate) speaks: bool,
    /// What it says in place of its tone, over and over; at its rate.
    pub(crate) says: Vec<i16>,
    /// Ticks after which it gives back what it hears, 14 dB weaker, if it does.
    pub(crate) echoes: Option<usize>,
    sequence: u16,
    /// What was heard in the last tick.
    frame: Frame,
    /// Everything heard so far, where it is kept.
    pub(crate) heard: Vec<i16>,
    pub(crate) keeps: bool,
}

impl Phone {
    /// Its tone lies on a multiple of 50 Hz, so that 20 ms hold whole periods and tones don't smear into each other.
    pub(crate) fn new(number: u64, codec: Codec) -> Self {
        Self {
            key: LegKey(number),
            socket: SimSocket::new(),
            codec,
            comfort_noise: ComfortNoise::No,
            encoder: Encoder::new(Format::of(codec)),
            decoder: Decoder::new(codec),
            hz: 300.0 + 150.0 * (number % 13) as f64,
            peak: PEAK,
            speaks: true,
            says: Vec::new(),
            echoes: None,
            sequence: 0,
            frame: Frame::silence(codec.rate()),
            heard: Vec::new(),
            keeps: true,
        }
    }

    /// Sends its codec otherwise than our default.
    pub(crate) fn sends(&mut self, format: Format) {
        assert_eq!(format.codec(), self.codec);
        self.encoder = Encoder::new(format);
    }

    pub(crate) fn session(&self) -> Session {
        Session {
            rtp: peer(),
            rtcp: SocketAddr::from(([192, 0, 2, 10], 4_001)),
            format: Format::of(self.codec),
            payload_type: AUDIO,
            redundancy: false,
            receive_payload_type: AUDIO,
            other_law: None,
            telephone_event: Some(KeyFormat {
                payload_type: KEYS,
                clock_hz: self.codec.clock_hz(),
            }),
            comfort_noise: self.comfort_noise,
            audio_level: None,
            inband_digits: false,
            ptime_ms: 20,
            direction: Direction::SendRecv,
            remote_held: false,
        }
    }

    pub(crate) fn leg(&self, now: Instant) -> Box<Leg> {
        Box::new(Leg::new(
            LegConfig {
                session: self.session(),
                signalling_ip: peer().ip(),
                latching: Latching::Off,
                ssrc: self.key.0 as u32 + 1,
                first_sequence: 7,
                first_timestamp: 9,
                cname: "bridge".into(),
                ntp_at_start: 0,
                seed: self.key.0 + 1,
                jitter: JitterConfig::default(),
                level_target: Some(Dbov::new(-26)),
                timeouts: MediaTimeouts::default(),
            },
            now,
        ))
    }

    /// Steps of its RTP clock in a tick.
    fn steps(&self) -> u32 {
        self.codec.clock_hz() / 50
    }

    /// Puts 20 ms on the wire.
    fn talk(&mut self, frame: &mut Frame) {
        let rate = self.codec.rate();
        frame.clear(rate);
        let (hz, start) = (
            f64::from(rate.hz()),
            usize::from(self.sequence) * rate.samples_per_tick(),
        );
        if let Some(ticks) = self.echoes {
            let from = self.heard.len().checked_sub(ticks * rate.samples_per_tick());
            let back = self.heard[from.unwrap_or(self.heard.len())..].iter();
            frame
                .samples_mut()
                .iter_mut()
                .zip(back)
                .for_each(|(sample, heard)| *sample = heard / 5);
        } else if self.speaks && !self.says.is_empty() {
            let words = self.says.iter().cycle().skip(start % self.says.len());
            frame
                .samples_mut()
                .iter_mut()
                .zip(words)
                .for_each(|(sample, word)| *sample = *word);
        } else if self.speaks {
            for (n, sample) in frame.samples_mut().iter_mut().enumerate() {
                *sample = (angle(self.hz, (start + n) % rate.hz() as usize, hz).sin() * self.peak) as i16;
            }
        }
        let mut datagram = self.datagram(AUDIO);
        datagram.len += self.encoder.encode(frame, &mut datagram.bytes[HEADER..]);
        self.put(datagram);
    }

    /// Puts a key of RFC 4733 on the wire in place of audio.
    pub(crate) fn press(&mut self, key: u8) {
        let mut datagram = self.datagram(KEYS);
        datagram.bytes[HEADER..HEADER + 4].copy_from_slice(&[key, 10, 0, 160]);
        datagram.len += 4;
        self.put(datagram);
    }

    fn datagram(&self, payload_type: u8) -> Datagram {
        let header = media::rtp::Header {
            marker: false,
            payload_type,
            sequence: self.sequence,
            timestamp: u32::from(self.sequence) * self.steps(),
            ssrc: self.key.0 as u32 + 1_000,
        };
        Datagram::of(&header.to_bytes())
    }

    fn put(&mut self, datagram: Datagram) {
        self.socket.0.borrow_mut().inbound.push_back(datagram);
        self.sequence = self.sequence.wrapping_add(1);
    }

    /// Listens to what came in this tick.
    fn listen(&mut self) {
        let Self {
            socket,
            decoder,
            frame,
            heard,
            ..
        } = self;
        let sent = std::mem::replace(&mut socket.0.borrow_mut().last_sent, Datagram::new());
        frame.clear(frame.rate());
        decoder.decode(
            sent.bytes().get(HEADER..).unwrap_or_default(),
            frame.samples_mut(),
        );
        heard.extend(frame.samples());
    }

    /// Timestamp and sequence number of what came last.
    pub(crate) fn stamp(&self) -> (u32, u16) {
        let wire = self.socket.0.borrow();
        let packet = media::rtp::Packet::parse(wire.last.bytes()).expect("a packet");
        (packet.timestamp, packet.sequence)
    }

    /// What was heard in the last tick.
    pub(crate) fn frame(&self) -> &[i16] {
        self.frame.samples()
    }

    /// Peak of a tone in the last tick.
    pub(crate) fn hears(&self, hz: f64) -> f64 {
        peak_of(hz, self.codec.rate(), self.frame())
    }

    /// Worst step between two samples of what was kept.
    pub(crate) fn worst_jump(&self) -> i32 {
        worst_jump(&self.heard)
    }
}

/// Worst step between two samples.
pub(crate) fn worst_jump(samples: &[i16]) -> i32 {
    let pairs = samples.windows(2);
    pairs
        .map(|pair| (i32::from(pair[1]) - i32::from(pair[0])).abs())
        .max()
        .unwrap_or(0)
}

/// Peak of the part of `samples` that is a tone of `hz`.
pub(crate) fn peak_of(hz: f64, rate: Rate, samples: &[i16]) -> f64 {
    let (mut re, mut im) = (0.0, 0.0);
    for (n, sample) in samples.iter().enumerate() {
        let (sin, cos) = angle(hz, n, f64::from(rate.hz())).sin_cos();
        re += f64::from(*sample) * cos;
        im += f64::from(*sample) * sin;
    }
    2.0 * re.hypot(im) / samples.len() as f64
}

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

/// Largest step between two samples of a tone of `hz` with our ramp on it: a fortieth of the peak each.
fn step(hz: f64) -> f64 {
    2.0 * PEAK * (std::f64::consts::PI * hz / 8_000.0).sin() + PEAK / 40.0
}

/// Steps that G.711 adds by its rounding, on both of the wires that a voice passes.
const ROUNDING: f64 = 260.0;

/// Largest step that `tones` at once explain.
pub(crate) fn steps(tones: &[f64]) -> f64 {
    tones.iter().map(|hz| step(*hz)).sum::<f64>() + ROUNDING
}

/// Seconds, for tests that wait for reports.
pub(crate) fn seconds(count: u64) -> Duration {
    Duration::from_secs(count)
}
