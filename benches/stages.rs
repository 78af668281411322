//! What one step costs, without a kernel: packet to samples, samples to payload, a tick of N legs.

use std::net::SocketAddr;
use std::time::Instant;

use benches::{Bench, Codecs, Crowd, NullSocket, Phone, Speeches, leg};
use criterion::{BatchSize, BenchmarkId, Criterion, Throughput};
use media::{Codec, Converter, Decode, Encoder, Format, Frame, Rate, TICK};

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

/// A packet into the jitter buffer and 20 ms out of it, level included: of one who talks, and of one whose silence is not decoded.
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
            bencher.iter(|| encoder.encode(std::hint::black_box(&frame), &mut payload));
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
            bencher.iter(|| converter.convert(std::hint::black_box(frame.samples()), out.samples_mut()));
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
                std::hint::black_box(datagram);
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

fn main() {
    let mut criterion = Criterion::default().configure_from_args();
    receive_and_play(&mut criterion);
    encode(&mut criterion);
    convert(&mut criterion);
    packetise(&mut criterion);
    tick(&mut criterion);
    criterion.final_summary();
}
