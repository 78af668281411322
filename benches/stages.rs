//! What one step costs, without a kernel: packet to samples, samples to payload, a tick of N legs.

use std::net::SocketAddr;
use std::time::Instant;

use benches::{Bench, Crowd, NullSocket, Phone, leg};
use criterion::{BatchSize, BenchmarkId, Criterion, Throughput};
use media::{Codec, Encoder, Frame, Rate, TICK};

fn peer() -> SocketAddr {
    SocketAddr::from(([192, 0, 2, 1], 4_000))
}

/// A packet into the jitter buffer and 20 ms out of it, level included.
fn receive_and_play(criterion: &mut Criterion) {
    let mut now = Instant::now();
    let mut leg = leg(0, peer(), now);
    let mut phone = Phone::new(0, true);
    let mut frame = Frame::default();
    criterion.bench_function("receive and play one packet", |bencher| {
        bencher.iter(|| {
            now += TICK;
            leg.on_rtp(now, peer(), phone.next_packet());
            leg.playout(now, &mut frame)
        });
    });
}

fn encode(criterion: &mut Criterion) {
    let mut frame = Frame::silence(Rate::Hz8000);
    frame
        .samples_mut()
        .iter_mut()
        .zip(0..)
        .for_each(|(sample, n)| *sample = n * 97);
    let mut payload = [0; Codec::MAX_PAYLOAD];
    for codec in [Codec::Pcmu, Codec::Pcma] {
        let mut encoder = Encoder::new(codec);
        criterion.bench_function(&format!("encode one frame, {codec:?}"), |bencher| {
            bencher.iter(|| encoder.encode(std::hint::black_box(&frame), &mut payload));
        });
    }
}

/// A payload into a packet; the phone has been heard, so nothing is withheld.
fn packetise(criterion: &mut Criterion) {
    let mut now = Instant::now();
    let mut leg = leg(0, peer(), now);
    leg.on_rtp(now, peer(), Phone::new(0, true).next_packet());
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
                let wire = |n| {
                    (
                        peer(),
                        NullSocket::new(Phone::new(n, crowd.talks(n % room_size)), peer()),
                    )
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
    packetise(&mut criterion);
    tick(&mut criterion);
    criterion.final_summary();
}
