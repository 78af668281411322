//! What one step costs, without a kernel, in the order in which a voice takes them: parse, jitter buffer, decode, mix, convert, encode,
//! send. Then what a leg costs as a whole on the way in, a tick of N legs, and what it costs to spread them over two shards.

use std::hint::black_box;
use std::net::SocketAddr;
use std::time::Instant;

use benches::{Bench, Codecs, Crowd, NullSocket, Phone, Speeches, leg};
use criterion::{BatchSize, BenchmarkId, Criterion, Throughput};
use media::jitter::{Played, Player, Told};
use media::rtp::{HEADER, Packet};
use media::{Codec, Converter, Decode, Decoder, Encoder, Format, Frame, JitterConfig, Rate, TICK};
use mixer::{Sum, limit_all};

const CODECS: [Codec; 5] = [
    Codec::Pcmu,
    Codec::Pcma,
    Codec::G722,
    Codec::Opus(Rate::Hz16000),
    Codec::Opus(Rate::Hz48000),
];

fn peer() -> SocketAddr {
    SocketAddr::from(([192, 0, 2, 1], 4_000))
}

/// Identifier of the header extension that tells levels.
const LEVEL: u8 = 1;

/// The packet with its level told in front of the payload: a voice at −30 dBov (RFC 6464, in the short form of RFC 8285).
fn with_level(plain: &[u8]) -> Vec<u8> {
    let (header, payload) = plain.split_at(HEADER);
    let extension = [0xbe, 0xde, 0, 1, LEVEL << 4, 0x9e, 0, 0];
    let mut told = [header, &extension, payload].concat();
    told[0] |= 0x10;
    told
}

/// A datagram into header, extension and payload, and the level out of the extension.
fn parse(criterion: &mut Criterion) {
    let mut phone = Phone::new(0, Codec::Pcmu, true, &mut Speeches::default());
    let plain = phone.next_packet().to_vec();
    let told = with_level(&plain);
    for (name, datagram) in [("plain", &plain), ("with a level", &told)] {
        criterion.bench_function(&format!("parse one packet, {name}"), |bencher| {
            bencher.iter(|| {
                let packet = Packet::parse(black_box(datagram))?;
                let level = packet.extension.map(|extension| extension.element(LEVEL));
                Some((packet, level))
            });
        });
    }
}

/// A second of what a talker's packets carry.
fn payloads(codec: Codec) -> Vec<Vec<u8>> {
    let mut phone = Phone::new(0, codec, true, &mut Speeches::default());
    let mut next = || Packet::parse(phone.next_packet()).map(|packet| packet.payload.to_vec());
    (0..50).map(|_| next().expect("phones send RTP")).collect()
}

/// How packets come.
#[derive(Clone, Copy, Debug)]
enum Coming {
    /// In their order, one a tick.
    Steady,
    /// One a tick, each odd one before the one that it follows.
    Reordered,
}

impl Coming {
    /// Which packet comes at this tick.
    const fn at(self, tick: usize) -> usize {
        match self {
            Self::Steady => tick,
            Self::Reordered => tick ^ 1,
        }
    }
}

/// A jitter buffer, and what comes to it.
struct Buffer {
    codec: Codec,
    coming: Coming,
    payloads: Vec<Vec<u8>>,
    player: Player,
    out: Frame,
    ticks: usize,
}

impl Buffer {
    /// One that has found its delay, and plays every packet.
    fn settled(codec: Codec, coming: Coming) -> Self {
        let mut buffer = Self {
            codec,
            coming,
            payloads: payloads(codec),
            player: Player::new(codec, JitterConfig::default()),
            out: Frame::silence(codec.rate()),
            ticks: 0,
        };
        for _ in 0..500 {
            buffer.tick(Decode::Always);
        }
        let real = (0..100).filter(|_| buffer.tick(Decode::Always) == Played::Real);
        let real = real.count();
        assert!(real > 90, "{codec:?}, {coming:?}: {real} of 100 ticks are whole");
        buffer
    }

    /// A packet in, 20 ms out.
    fn tick(&mut self, decode: Decode) -> Played {
        let length = self.codec.rate().samples_per_tick();
        let samples = |ticks: usize| (ticks * length) as i64;
        let (now, packet) = (samples(self.ticks), self.coming.at(self.ticks));
        let payload = &self.payloads[packet % self.payloads.len()];
        self.player
            .push(now, samples(packet), self.codec, payload, Told::Nothing);
        self.ticks += 1;
        self.out.clear(self.codec.rate());
        self.player.tick(now, decode, &mut self.out)
    }
}

/// A packet into the jitter buffer and 20 ms out of it, undecoded: the buffer alone.
fn buffer(criterion: &mut Criterion) {
    for codec in [Codec::Pcmu, Codec::Opus(Rate::Hz48000)] {
        for coming in [Coming::Steady, Coming::Reordered] {
            let mut buffer = Buffer::settled(codec, coming);
            let name = format!("jitter buffer, one packet in and out, {codec:?}, {coming:?}");
            criterion.bench_function(&name, |bencher| bencher.iter(|| buffer.tick(Decode::No)));
        }
    }
}

/// A talker's payload to samples.
fn decode(criterion: &mut Criterion) {
    for codec in CODECS {
        let payloads = payloads(codec);
        let mut next = payloads.iter().cycle();
        let (mut decoder, mut out) = (Decoder::new(codec), Frame::silence(codec.rate()));
        criterion.bench_function(&format!("decode one packet, {codec:?}"), |bencher| {
            bencher.iter(|| {
                let payload = next.next().expect("they go round");
                decoder.decode(black_box(payload), out.samples_mut())
            });
        });
    }
}

/// The sum of a room as all hear it who say nothing, and what is heard by one who talks: the sum without itself.
fn mix(criterion: &mut Criterion) {
    for rate in Rate::ALL {
        let voice = frame(rate);
        let (mut sum, mut out) = (Sum::silence(rate), Frame::silence(rate));
        criterion.bench_function(&format!("mix three voices, {rate:?}"), |bencher| {
            bencher.iter(|| {
                sum.clear();
                (0..3).for_each(|_| sum.add(black_box(voice.samples())));
                limit_all(sum.samples(), out.samples_mut());
            });
        });
        criterion.bench_function(&format!("mix minus one voice, {rate:?}"), |bencher| {
            bencher.iter(|| {
                let mut own = black_box(sum);
                own.remove(voice.samples());
                limit_all(own.samples(), out.samples_mut());
            });
        });
    }
}

/// The whole way in of a leg, from datagram to a frame: what its stages come to with all that lies between them (whose packet it is, counts
/// for reports, levels), and what is saved where silence is not decoded.
fn receive_and_play(criterion: &mut Criterion) {
    for codec in CODECS {
        for (talks, decode) in [
            (true, Decode::Always),
            (false, Decode::IfTalking),
            (true, Decode::No),
        ] {
            let mut now = Instant::now();
            let mut leg = leg(0, codec, peer(), now);
            let mut phone = Phone::new(0, codec, talks, &mut Speeches::default());
            let mut frame = Frame::default();
            let name = format!("receive and play one packet, {codec:?}, talks {talks}, {decode:?}");
            criterion.bench_function(&name, |bencher| {
                bencher.iter(|| {
                    now += TICK;
                    leg.on_rtp(now, peer(), phone.next_packet());
                    leg.playout(now, decode, &mut frame)
                });
            });
        }
    }
}

/// Something like a voice at the codec's rate.
fn frame(rate: Rate) -> Frame {
    let mut frame = Frame::silence(rate);
    let samples = frame.samples_mut().iter_mut().enumerate();
    samples.for_each(|(n, sample)| {
        *sample = ((n as f32 * 0.11).sin() * (n as f32 * 0.017).cos() * 9_000.0) as i16
    });
    frame
}

fn encode(criterion: &mut Criterion) {
    let mut payload = [0; Codec::MAX_PAYLOAD];
    for codec in CODECS {
        let frame = frame(codec.rate());
        let mut encoder = Encoder::new(Format::of(codec));
        criterion.bench_function(&format!("encode one frame, {codec:?}"), |bencher| {
            bencher.iter(|| encoder.encode(black_box(&frame), &mut payload));
        });
    }
}

fn convert(criterion: &mut Criterion) {
    for (from, to) in [
        (Rate::Hz8000, Rate::Hz16000),
        (Rate::Hz8000, Rate::Hz48000),
        (Rate::Hz48000, Rate::Hz8000),
        (Rate::Hz48000, Rate::Hz16000),
    ] {
        let frame = frame(from);
        let mut out = Frame::silence(to);
        let mut converter = Converter::new(from, to);
        criterion.bench_function(&format!("convert one frame, {from:?} to {to:?}"), |bencher| {
            bencher.iter(|| converter.convert(black_box(frame.samples()), out.samples_mut()));
        });
    }
}

/// A payload into a packet; the phone has been heard, so nothing is withheld.
fn packetise(criterion: &mut Criterion) {
    let mut now = Instant::now();
    let mut leg = leg(0, Codec::Pcmu, peer(), now);
    let mut phone = Phone::new(0, Codec::Pcmu, true, &mut Speeches::default());
    leg.on_rtp(now, peer(), phone.next_packet());
    criterion.bench_function("send one payload", |bencher| {
        bencher.iter(|| {
            now += TICK;
            leg.send(now, &[0xff; 160], &mut |_, datagram| {
                black_box(datagram);
            });
        });
    });
}

/// A whole tick over wires without a kernel; throughput is legs.
fn tick(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("tick");
    for (crowd, room_size) in [
        (Crowd::ThreeTalk, usize::MAX),
        (Crowd::AllTalk, usize::MAX),
        (Crowd::ThreeTalk, 5),
    ] {
        for legs in [100, 500, 1_000] {
            let room_size = room_size.min(legs);
            let name = format!("{crowd:?}, rooms of {room_size}");
            group.throughput(Throughput::Elements(legs as u64));
            group.bench_with_input(BenchmarkId::new(name, legs), &legs, |bencher, legs| {
                let mut speeches = Speeches::default();
                let wire = |n| {
                    let codec = Codecs::Pcmu.of(n);
                    let phone = Phone::new(n, codec, crowd.talks(n % room_size), &mut speeches);
                    (codec, peer(), NullSocket::new(phone, peer()))
                };
                let mut bench = Bench::new(*legs, room_size, wire);
                (0..50).for_each(|_| bench.tick());
                bencher.iter_batched(|| (), |()| bench.tick(), BatchSize::NumIterations(50));
            });
        }
    }
    group.finish();
}

/// A tick of 200 rooms in which nobody speaks, some time after they were opened; throughput is rooms.
fn quiet(criterion: &mut Criterion) {
    const ROOMS: usize = 200;
    let mut group = criterion.benchmark_group("tick of 200 quiet rooms");
    group.throughput(Throughput::Elements(ROOMS as u64));
    for codecs in [Codecs::Pcmu, Codecs::G722, Codecs::Opus] {
        for room_size in [1, 5] {
            let name = format!("{codecs:?}, legs each");
            group.bench_with_input(BenchmarkId::new(name, room_size), &room_size, |bencher, size| {
                let mut speeches = Speeches::default();
                let wire = |n| {
                    let codec = codecs.of(n);
                    let phone = Phone::new(n, codec, Crowd::NobodyTalks.talks(n), &mut speeches);
                    (codec, peer(), NullSocket::new(phone, peer()))
                };
                let mut bench = Bench::new(ROOMS * size, *size, wire);
                (0..100).for_each(|_| bench.tick());
                bencher.iter_batched(|| (), |()| bench.tick(), BatchSize::NumIterations(50));
            });
        }
    }
    group.finish();
}

/// Shards with a thousand legs between them, six of whom talk; where they are linked, two branches of one meeting.
fn shards(count: usize, are_linked: bool) -> Vec<Bench<NullSocket>> {
    let (legs, talkers) = (1_000 / count, 6 / count);
    let mut speeches = Speeches::default();
    let shard = |_| {
        let wire = |n| {
            let codec = Codecs::Pcmu.of(n);
            let phone = Phone::new(n, codec, n < talkers, &mut speeches);
            (codec, peer(), NullSocket::new(phone, peer()))
        };
        Bench::new(legs, legs, wire)
    };
    let mut shards: Vec<_> = (0..count).map(shard).collect();
    if are_linked && let [first, second] = &mut shards[..] {
        first.link(second);
    }
    shards
}

/// A tick of the same legs in one shard, in two that have nothing in common, and in two that are one meeting, one behind the other on this
/// thread: the third over the second is what the sums cost that branches tell each other, over the first what it costs to spread a meeting.
fn spread(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("tick of a spread meeting");
    group.throughput(Throughput::Elements(1_000));
    for (name, count, are_linked) in [
        ("one shard", 1, false),
        ("two shards, a meeting each", 2, false),
        ("two shards, one meeting", 2, true),
    ] {
        group.bench_function(name, |bencher| {
            let mut shards = shards(count, are_linked);
            let mut tick = || shards.iter_mut().for_each(Bench::tick);
            (0..50).for_each(|_| tick());
            bencher.iter_batched(|| (), |()| tick(), BatchSize::NumIterations(50));
        });
    }
    group.finish();
}

fn main() {
    let mut criterion = Criterion::default().configure_from_args();
    parse(&mut criterion);
    buffer(&mut criterion);
    decode(&mut criterion);
    mix(&mut criterion);
    convert(&mut criterion);
    encode(&mut criterion);
    packetise(&mut criterion);
    receive_and_play(&mut criterion);
    tick(&mut criterion);
    quiet(&mut criterion);
    spread(&mut criterion);
    criterion.final_summary();
}
