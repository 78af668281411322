//! What a leg costs over loopback UDP, beside the floor: one `recv` and one `sendto` for each of its packets, on the same
//! sockets in the same run. Only the bridge's half is measured, by the CPU clock of the thread; phones cost nothing.
//!
//! Here time is simulated: a tick follows as soon as all phones have sent, so that a busy machine makes the run longer and
//! not the figures worse; each line is the median of three. Then the same by the wall clock ([`paced`]), which says how
//! punctual a shard is on this machine. `cargo bench -p benches --bench legs -- 100 500 opus` names other
//! numbers of legs, and codecs: pcmu, g722, opus, opus16, mixed.

mod load;
mod paced;

use std::io;
use std::time::Duration;

use benches::{Codecs, Crowd, cpu_time};
use load::{Clock, Load};

/// Ticks before the measurement: jitter buffers fill.
const WARM_UP: u32 = 25;
/// Ticks of one stretch, and how many stretches take turns with the floor.
const STRETCH: u32 = 50;
const STRETCHES: u32 = 4;
const TICKS_A_SECOND: u32 = 50;

/// CPU of both, for all legs and ticks measured.
struct Figures {
    floor: Duration,
    bridge: Duration,
    worst_tick: Duration,
    missing: u64,
}

impl Figures {
    fn ratio(&self) -> f64 {
        self.bridge.as_secs_f64() / self.floor.as_secs_f64()
    }
}

/// Runs of which the middle one counts.
const RUNS: usize = 3;

/// The run with the middle ratio.
fn median(legs: usize, room_size: usize, crowd: Crowd, codecs: Codecs) -> io::Result<Figures> {
    let runs = (0..RUNS).map(|_| measure(legs, room_size, crowd, codecs));
    let mut runs = runs.collect::<io::Result<Vec<_>>>()?;
    runs.sort_by(|one, other| one.ratio().total_cmp(&other.ratio()));
    Ok(runs.swap_remove(RUNS / 2))
}

fn measure(legs: usize, room_size: usize, crowd: Crowd, codecs: Codecs) -> io::Result<Figures> {
    let mut load = Load::new(legs, room_size, crowd, codecs, Clock::Simulated)?;
    let peers = load.peers()?;
    let mut bench = load.bench(room_size)?;
    let mut figures = Figures {
        floor: Duration::ZERO,
        bridge: Duration::ZERO,
        worst_tick: Duration::ZERO,
        missing: 0,
    };
    for _ in 0..WARM_UP {
        load.send();
        bench.tick();
        load.take(|_| {});
    }
    for _ in 0..STRETCHES {
        for _ in 0..STRETCH {
            load.send();
            let spent = time(|| bench.tick());
            figures.bridge += spent;
            figures.worst_tick = figures.worst_tick.max(spent);
            figures.missing += legs as u64;
            load.take(|_| figures.missing -= 1);
            bench.drain();
        }
        // The bridge must not miss what the floor takes.
        let phones = load.phones.clone();
        for _ in 0..STRETCH {
            load.send();
            figures.floor += time(|| load.floor(&peers));
            load.take(|_| {});
        }
        load.phones = phones;
    }
    Ok(figures)
}

fn time(what: impl FnOnce()) -> Duration {
    let before = cpu_time();
    what();
    cpu_time() - before
}

fn print(legs: usize, room_size: usize, crowd: Crowd, codecs: Codecs) -> io::Result<()> {
    let figures = median(legs, room_size, crowd, codecs)?;
    let leg_seconds = f64::from(STRETCH * STRETCHES) / f64::from(TICKS_A_SECOND) * legs as f64;
    let ms = |cpu: Duration| cpu.as_secs_f64() * 1e3 / leg_seconds;
    let (floor, bridge) = (ms(figures.floor), ms(figures.bridge));
    println!(
        "{legs:5} legs  {codecs:6?}  rooms of {room_size:4}  {crowd:9?}  floor {floor:.3}  bridge {bridge:.3} ms a leg-second  ratio {:.2}  \
         worst tick {:4.1} ms  missing {}  legs a core {:5.0}",
        figures.ratio(),
        figures.worst_tick.as_secs_f64() * 1e3,
        figures.missing,
        1_000.0 / bridge,
    );
    Ok(())
}

fn main() -> io::Result<()> {
    let _ = rlimit::increase_nofile_limit(u64::MAX);
    let words = || std::env::args().skip(1);
    let mut sizes: Vec<usize> = words().filter_map(|word| word.parse().ok()).collect();
    if sizes.is_empty() {
        sizes = vec![100, 500, 1_000];
    }
    let named: Vec<Codecs> = words().filter_map(|word| Codecs::named(&word)).collect();
    let codecs = if named.is_empty() {
        Codecs::ALL.to_vec()
    } else {
        named
    };
    codecs
        .into_iter()
        .try_for_each(|codecs| print_all(codecs, &sizes))
}

fn print_all(codecs: Codecs, sizes: &[usize]) -> io::Result<()> {
    for &legs in sizes {
        print(legs, legs, Crowd::ThreeTalk, codecs)?;
    }
    let most = sizes.iter().copied().max().unwrap_or(0);
    print(most, 5, Crowd::ThreeTalk, codecs)?;
    print(most, most, Crowd::AllTalk, codecs)?;
    paced::print(100, codecs)?;
    paced::print(most, codecs)
}
