//! Bent messages: twenty thousand mutations of sound and hostile ones never break the endpoint, never make
//! it hold more than its bounds, and never keep it from answering.

#[path = "hostile/cases/mod.rs"]
#[allow(unreachable_pub, dead_code, reason = "shared with tests that use more of it")]
mod cases;
#[path = "hostile/world.rs"]
#[allow(unreachable_pub, dead_code, reason = "shared with tests that use more of it")]
mod world;

use std::time::Duration;

use cases::{CallNames, Names, Setting};
use sip::Limits;
use sip::sdp::parse;
use sip::stream::{FrameLimits, Framer};
use world::{Habit, World};

const MUTATIONS: u64 = 20_000;

const LIMITS: fn() -> Limits = || Limits {
    calls: 40,
    transactions: 120,
    transactions_per_source: 60,
    ..Limits::default()
};

/// Marsaglia's xorshift: the same numbers on every run.
struct Chance(u64);

impl Chance {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, bound: usize) -> usize {
        (self.next() % bound.max(1) as u64) as usize
    }
}

fn names(case: Option<&cases::Case>) -> Names {
    Names {
        us: "192.0.2.1".to_owned(),
        me: "192.0.2.9:5060".to_owned(),
        media: "192.0.2.9".to_owned(),
        call: case.map(CallNames::for_case),
    }
}

/// All cases of a size that a mutation can reach.
fn seeds() -> Vec<Vec<u8>> {
    let call = |case: &cases::Case| (case.setting != Setting::Stranger).then_some(()).is_some();
    let all = cases::all().into_iter();
    let bytes = all.map(|case| case.bytes(&names(Some(case).filter(|case| call(case)))));
    bytes.filter(|bytes| bytes.len() < 4_000).collect()
}

/// Bytes that parsers stumble over.
const SPICE: [&[u8]; 16] = [
    b"\r\n",
    b"\0",
    b"\"",
    b"<",
    b">",
    b";",
    b",",
    b":",
    b"=",
    b"%",
    b"\\",
    b" ",
    b"z9hG4bK",
    b"4294967296",
    b"\xff",
    b"]",
];

fn mutate(chance: &mut Chance, seeds: &[Vec<u8>]) -> Vec<u8> {
    let mut bytes = seeds[chance.below(seeds.len())].clone();
    for _ in 0..=chance.below(4) {
        if bytes.is_empty() {
            break;
        }
        let at = chance.below(bytes.len());
        match chance.below(7) {
            0 => bytes[at] ^= 1 << chance.below(8),
            1 => bytes.truncate(at),
            2 => drop(bytes.drain(at..(at + chance.below(20)).min(bytes.len()))),
            3 => {
                let spice = SPICE[chance.below(SPICE.len())];
                bytes.splice(at..at, spice.iter().copied());
            }
            4 => {
                let other = &seeds[chance.below(seeds.len())];
                let from = chance.below(other.len());
                bytes.truncate(at);
                bytes.extend_from_slice(&other[from..]);
            }
            5 => double_a_line(chance, &mut bytes),
            _ => exchange_two_lines(chance, &mut bytes),
        }
    }
    bytes
}

fn lines(bytes: &[u8]) -> Vec<Vec<u8>> {
    bytes
        .split_inclusive(|byte| *byte == b'\n')
        .map(<[u8]>::to_vec)
        .collect()
}

fn double_a_line(chance: &mut Chance, bytes: &mut Vec<u8>) {
    let mut lines = lines(bytes);
    let line = lines[chance.below(lines.len())].clone();
    lines.insert(chance.below(lines.len()), line);
    *bytes = lines.concat();
}

fn exchange_two_lines(chance: &mut Chance, bytes: &mut Vec<u8>) {
    let mut lines = lines(bytes);
    let (a, b) = (chance.below(lines.len()), chance.below(lines.len()));
    lines.swap(a, b);
    *bytes = lines.concat();
}

#[test]
fn twenty_thousand_bent_messages_leave_the_endpoint_whole_and_within_its_bounds() {
    let (mut chance, seeds, mut world) = (Chance(0x5eed), seeds(), World::new(LIMITS()));
    let limits = LIMITS();
    for count in 0..MUTATIONS {
        let bytes = mutate(&mut chance, &seeds);
        world.habit = if chance.below(2) == 0 {
            Habit::Ring
        } else {
            Habit::Answer
        };
        let outcome = world.feed(&bytes);
        assert!(
            outcome.sent.len() <= 8,
            "{} packets for one: {}",
            outcome.sent.len(),
            bytes.escape_ascii()
        );
        world.pass(Duration::from_millis(chance.below(200) as u64));
        let (calls, transactions) = world.endpoint.load();
        assert!(calls <= limits.calls, "{calls} calls");
        assert!(
            transactions <= limits.transactions * 3 / 2,
            "{transactions} transactions"
        );
        if count % 500 == 0 {
            let finals = world.feed(&cases::probe(count as usize, &names(None))).finals();
            assert_eq!(finals, [200], "after {}", bytes.escape_ascii());
        }
    }
    assert!(
        world.endpoint.counters().calls > 100,
        "some mutations are still calls"
    );
    assert!(
        world.endpoint.counters().malformed > 1_000,
        "many are not sound any more"
    );
    world.settle();
    assert_eq!(
        (world.endpoint.load(), world.endpoint.kept_bytes()),
        ((0, 0), (0, 0))
    );
}

#[test]
fn bent_descriptions_are_read_or_refused() {
    let mut chance = Chance(0x5d9);
    let seeds: Vec<Vec<u8>> = seeds()
        .into_iter()
        .filter_map(|bytes| {
            let at = bytes.windows(7).position(|window| window == b"\r\n\r\nv=0")?;
            Some(bytes[at + 4..].to_vec())
        })
        .collect();
    let readable = (0..MUTATIONS)
        .filter(|_| parse(&mutate(&mut chance, &seeds)).is_ok())
        .count();
    assert!((1_000..19_000).contains(&readable), "{readable}");
}

#[test]
fn bent_streams_keep_the_framer_within_its_bounds() {
    let (mut chance, seeds) = (Chance(0xf4a3), seeds());
    let limits = FrameLimits {
        head_bytes: 2_000,
        body_bytes: 1_000,
    };
    for _ in 0..2_000 {
        let mut framer = Framer::new(limits);
        for _ in 0..5 {
            let bytes = mutate(&mut chance, &seeds);
            let mut rest = bytes.as_slice();
            while !rest.is_empty() {
                let taken = framer.handle_input(rest);
                assert!(taken > 0);
                rest = &rest[taken..];
                while framer.poll_output().is_some() {}
                assert!(framer.buffered_bytes() <= 3_000);
            }
        }
    }
}

#[test]
fn a_flood_of_calls_from_one_source_holds_no_more_than_the_bounds() {
    let mut world = World::new(LIMITS());
    world.habit = Habit::Ring;
    let mut shed = 0;
    for count in 0..5_000 {
        let text = String::from_utf8(cases::opening(&names(None))).expect("text");
        let bytes = text.replace("opening", &format!("flood{count}"));
        let finals = world.feed(bytes.as_bytes()).finals();
        shed += usize::from(finals == [503]);
        assert!(finals.is_empty() || finals == [503], "{finals:?}");
    }
    let (calls, transactions) = world.endpoint.load();
    assert_eq!((calls, shed), (40, 4_960));
    assert!(transactions <= 120);
    world.settle();
    assert_eq!(
        (world.endpoint.load(), world.endpoint.kept_bytes()),
        ((0, 0), (0, 0))
    );
}
