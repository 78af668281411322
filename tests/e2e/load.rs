//! A hundred phones in one meeting: every one gets every packet.

use std::env;
use std::net::SocketAddr;
use std::sync::Barrier;
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::support::bridge::Bridge;
use crate::support::phone::{FRAME, Phone, TICK, audio, encoded, power_of, receive_until, tone};
use crate::support::rest::Rest;
use crate::support::until::{alone, until_true};

const LEGS: usize = 100;
/// How long is listened, unless `PARTYLINE_E2E_SECONDS` says otherwise.
const SECONDS: usize = 20;
/// What one phone says, Hz, and how loud it must arrive, dBFS.
const NOTE: f32 = 500.0;
const AUDIBLE: f32 = -25.0;
/// A shared machine may keep us or the bridge from the processor this long; more is a fault.
const LATE: Duration = Duration::from_millis(500);

/// What a phone received.
struct Stream {
    packets: usize,
    missing: usize,
    /// Steps of the timestamp that do not fit the sequence number.
    uneven: usize,
    lateness: Vec<Duration>,
    loudness: f32,
}

impl Stream {
    /// Phone number 0 is the one that speaks.
    fn check(&self, n: usize, ticks: usize) {
        assert_eq!((self.missing, self.uneven), (0, 0), "phone {n}");
        assert!(
            self.packets + 50 > ticks,
            "phone {n} got {} packets of {ticks}",
            self.packets
        );
        assert!(
            self.lateness.iter().all(|late| *late < LATE),
            "phone {n} got packets late"
        );
        let hears = self.loudness > AUDIBLE;
        assert_eq!(
            hears,
            n != 0,
            "phone {n} hears the speaker with {} dBFS",
            self.loudness
        );
    }
}

fn seconds() -> usize {
    let given = env::var("PARTYLINE_E2E_SECONDS").ok();
    given.map_or(SECONDS, |text| {
        text.parse().expect("PARTYLINE_E2E_SECONDS is a number")
    })
}

/// One packet: when it came, its sequence number and timestamp.
type Arrival = (Instant, u16, u32);

/// Talks and listens for so many packets' time.
fn take_part(phone: &mut Phone, speaks: bool, ticks: usize) -> Stream {
    let silence = encoded(&[0; FRAME]);
    let begin = Instant::now();
    let mut arrivals: Vec<Arrival> = Vec::with_capacity(ticks);
    let mut heard = Vec::new();
    for tick in 0..ticks {
        let payload = if speaks { tone(NOTE, tick) } else { silence.clone() };
        phone.speak(&payload);
        let due = begin + TICK * (tick as u32 + 1);
        while let Some((_, datagram)) = receive_until(&phone.rtp, due) {
            let Some(samples) = Some(audio(&datagram)).filter(|samples| !samples.is_empty()) else {
                continue;
            };
            let sequence = u16::from_be_bytes([datagram[2], datagram[3]]);
            let timestamp = u32::from_be_bytes([datagram[4], datagram[5], datagram[6], datagram[7]]);
            arrivals.push((Instant::now(), sequence, timestamp));
            // The last seconds: by then everybody is in.
            if tick + 100 > ticks {
                heard.extend(samples);
            }
        }
    }
    judge(&arrivals, power_of(NOTE, &heard))
}

fn judge(arrivals: &[Arrival], loudness: f32) -> Stream {
    let steps = || {
        arrivals.windows(2).map(|pair| {
            (
                pair[1].1.wrapping_sub(pair[0].1),
                pair[1].2.wrapping_sub(pair[0].2),
            )
        })
    };
    let missing = steps()
        .map(|(sequence, _)| usize::from(sequence.wrapping_sub(1)))
        .sum();
    let uneven = steps()
        .filter(|(sequence, timestamp)| u32::from(*sequence) * FRAME as u32 != *timestamp)
        .count();
    Stream {
        packets: arrivals.len(),
        missing,
        uneven,
        lateness: lateness(arrivals),
        loudness,
    }
}

/// Of each packet against the grid of its own stream that the earliest packet sets.
fn lateness(arrivals: &[Arrival]) -> Vec<Duration> {
    let Some((first, sequence, _)) = arrivals.first().copied() else {
        return Vec::new();
    };
    let hour = Duration::from_secs(3600);
    let offsets: Vec<_> = arrivals
        .iter()
        .map(|(at, n, _)| hour + (*at - first) - TICK * u32::from(n.wrapping_sub(sequence)))
        .collect();
    let earliest = offsets.iter().min().copied().unwrap_or(hour);
    offsets.into_iter().map(|offset| offset - earliest).collect()
}

/// All phones call, wait for each other, and take part once `all_in` has returned.
fn meet<T>(bridge: SocketAddr, ticks: usize, all_in: impl FnOnce() -> T) -> (Vec<Stream>, T) {
    let (called, go) = (Barrier::new(LEGS + 1), Barrier::new(LEGS + 1));
    thread::scope(|scope| {
        let phones: Vec<_> = (0..LEGS)
            .map(|n| {
                let (called, go) = (&called, &go);
                scope.spawn(move || {
                    let mut phone = Phone::call(bridge, "15162065319");
                    phone.enter(if n == 0 { "111#" } else { "222#" });
                    called.wait();
                    go.wait();
                    drain(&phone);
                    let stream = take_part(&mut phone, n == 0, ticks);
                    phone.hang_up();
                    stream
                })
            })
            .collect();
        called.wait();
        let found = all_in();
        go.wait();
        let streams = phones
            .into_iter()
            .map(|phone| phone.join().expect("a phone's thread ends"));
        (streams.collect(), found)
    })
}

/// What came while nobody listened is not judged.
fn drain(phone: &Phone) {
    phone.rtp.set_nonblocking(true).expect("a socket can be told");
    while phone.rtp.recv(&mut [0; 2048]).is_ok() {}
    phone.rtp.set_nonblocking(false).expect("a socket can be told");
}

/// Participants that the API counts, once they are all there or have had the time to be.
fn participants(rest: &Rest) -> Value {
    let end = Instant::now() + Duration::from_secs(30);
    loop {
        let count = rest
            .list("/meetings")
            .first()
            .map(|meeting| meeting["participantCount"].clone());
        match count {
            Some(count) if count == LEGS || Instant::now() > end => return count,
            None if Instant::now() > end => return Value::Null,
            Some(_) | None => thread::sleep(TICK),
        }
    }
}

#[test]
fn a_hundred_phones_in_one_meeting_get_every_packet() {
    let _turn = alone();
    let bridge = Bridge::start();
    let ticks = seconds() * 50;
    let rest = bridge.rest();
    let (streams, count) = meet(bridge.sip(), ticks, || participants(rest));
    report(&streams);
    assert_eq!(count, LEGS, "not everybody got in");
    for (n, stream) in streams.iter().enumerate() {
        stream.check(n, ticks);
    }
    until_true("every call has its record", Duration::from_secs(10), || {
        rest.list("/calls").is_empty() && rest.list("/cdrs").len() == LEGS
    });
}

fn report(streams: &[Stream]) {
    let mut late: Vec<_> = streams.iter().flat_map(|stream| &stream.lateness).collect();
    late.sort_unstable();
    let at = |share: f64| late[((late.len() - 1) as f64 * share) as usize];
    let beyond = late.iter().filter(|late| ***late > TICK).count();
    eprintln!(
        "{LEGS} phones, {} packets; lateness on the 20 ms grid: median {:?}, 99 % {:?}, 99.9 % {:?}, worst {:?}; {beyond} later than 20 ms",
        late.len(),
        at(0.5),
        at(0.99),
        at(0.999),
        at(1.0)
    );
}
