//! A shard by the wall clock: on a core of its own where there are two, with the phones on the other.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use benches::{Bench, Codecs, Crowd, cpu_time, pin_to};
use media::TICK;
use mixer::{Schedule, Stats};

use crate::load::{Clock, Load, Pair};

/// Ticks until the shard runs evenly, and ticks that are measured.
const WARM_UP: u32 = 50;
const TICKS: u32 = 250;
/// Later than its leg's most punctual packet by more than these: early enough for most, and too late for a phone.
const LATE: Duration = Duration::from_millis(5);
const TOO_LATE: Duration = Duration::from_millis(20);

/// When the packets of one leg came.
#[derive(Clone, Default)]
struct Arrivals {
    /// By the packet's number, arrival less the time that it stands for.
    offsets: Vec<(u16, Duration)>,
}

impl Arrivals {
    fn lateness(&self) -> impl Iterator<Item = Duration> {
        let first = self.offsets.iter().map(|(_, offset)| *offset).min();
        self.offsets
            .iter()
            .map(move |(_, offset)| *offset - first.unwrap_or_default())
    }
}

/// Runs `legs` legs in one room, three of them talking, and says what it took and how punctual it was.
pub(crate) fn print(legs: usize, codecs: Codecs) -> io::Result<()> {
    let mut load = Load::new(legs, legs, Crowd::ThreeTalk, codecs, Clock::Wall)?;
    let bench = load.bench(legs)?;
    let stop = Arc::new(AtomicBool::new(false));
    let shard = {
        let stop = stop.clone();
        thread::spawn(move || run(bench, &stop))
    };
    pin_to(1);
    let mut arrivals = vec![Arrivals::default(); legs];
    call(&mut load, WARM_UP, |_, _| {});
    call(&mut load, TICKS, |packet, at| note(&mut arrivals, packet, at));
    stop.store(true, Ordering::Relaxed);
    let (cpu, stats) = shard.join().map_err(|_| io::Error::other("the shard failed"))?;
    report(legs, codecs, cpu, stats, &arrivals);
    Ok(())
}

/// The shard's thread, as the program runs it.
fn run(mut bench: Bench<Pair>, stop: &AtomicBool) -> (Duration, Stats) {
    pin_to(0);
    let before = cpu_time();
    let mut schedule = Schedule::new(Instant::now());
    while !stop.load(Ordering::Relaxed) {
        thread::sleep(schedule.due().saturating_duration_since(Instant::now()));
        bench.run(&mut schedule);
        bench.drain();
    }
    (cpu_time() - before, bench.stats())
}

/// Phones that send for `ticks`; what comes back is handed over with its time.
fn call(load: &mut Load, ticks: u32, mut packet: impl FnMut(&[u8], Duration)) {
    let start = Instant::now();
    for tick in 1..=ticks {
        load.send();
        let next = start + TICK * tick;
        while Instant::now() < next {
            load.take(|bytes| packet(bytes, start.elapsed()));
            thread::sleep(Duration::from_millis(1));
        }
    }
}

fn note(arrivals: &mut [Arrivals], packet: &[u8], at: Duration) {
    let number = u16::from_be_bytes([packet[2], packet[3]]);
    let leg = u32::from_be_bytes([packet[8], packet[9], packet[10], packet[11]]);
    // An hour ahead, so that nothing is before its time.
    let at = at + Duration::from_secs(3_600);
    arrivals[leg as usize]
        .offsets
        .push((number, at - TICK * u32::from(number)));
}

/// Packets that should lie between a leg's first and last one, and do not.
fn gaps(arrivals: &Arrivals) -> usize {
    let numbers = || arrivals.offsets.iter().map(|(number, _)| *number);
    let (Some(first), Some(last)) = (numbers().min(), numbers().max()) else {
        return TICKS as usize;
    };
    usize::from(last - first) + 1 - arrivals.offsets.len()
}

fn report(legs: usize, codecs: Codecs, cpu: Duration, stats: Stats, arrivals: &[Arrivals]) {
    let lateness = || arrivals.iter().flat_map(Arrivals::lateness);
    let packets = lateness().count();
    let over = |limit| lateness().filter(|late| *late > limit).count();
    let missing: usize = arrivals.iter().map(gaps).sum();
    let leg_seconds = stats.ticks as f64 * TICK.as_secs_f64() * legs as f64;
    println!(
        "{legs:5} legs  {codecs:6?}  by the wall clock  bridge {:.3} ms a leg-second  packets {packets}  missing {missing}  over 5 ms late {}  \
         over 20 ms {}  worst {:.1} ms  ticks late {} of {}, given up {}",
        cpu.as_secs_f64() * 1e3 / leg_seconds,
        over(LATE),
        over(TOO_LATE),
        lateness().max().unwrap_or_default().as_secs_f64() * 1e3,
        stats.late,
        stats.ticks,
        stats.skipped,
    );
}
