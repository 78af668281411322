//! Plain RTP phones on this thread's core: a packet each 20 ms from each, evenly spread over that time; what comes back is
//! judged by the same rules as `partyline sim` judges by ([`sim::arrivals`]).
//!
//! They wait as the bridge's callers do: by the clock, and not for packets, since waking somebody costs the sender, and a core that never
//! rests slows down its neighbour. Each reads when it sends; the kernel's time of arrival says when a packet came.

use std::io;
use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::thread;
use std::time::{Duration, Instant};

use sim::arrivals::Arrivals;
use sim::report::Spread;
use udp::{Batch, date_arrivals};

use crate::cpu::{Used, percent};
use crate::results::{Delay, Sample};
use crate::scenario::Coding;
use crate::voice::{Ear, LOOP, Speech, payloads};

/// From packet to packet of a phone.
const PACKET_TIME: Duration = Duration::from_millis(20);
/// Bytes of an RTP header.
const HEADER: usize = 12;
/// Loud sound after less silence than this is the same burst.
const APART: Duration = Duration::from_millis(400);
/// From one look at what is due to the next.
const BEAT: Duration = Duration::from_millis(2);
/// Packets of one phone that are read at a time.
const MOST_PACKETS: usize = 100;
/// Payload type of Opus, here and in what Janus is told.
pub(crate) const OPUS_TYPE: u8 = 111;

struct Phone {
    socket: UdpSocket,
    far: Option<SocketAddr>,
    sequence: u16,
    stamp: u32,
    arrivals: Arrivals,
    ear: Ear,
    /// When it last heard something loud.
    loud: Option<Instant>,
}

/// See the module.
pub(crate) struct Phones {
    packets: Batch,
    coding: Coding,
    phones: Vec<Phone>,
    /// Payloads of a second by what is said: bursts, chord, silence.
    speech: [Vec<Vec<u8>>; 3],
    bursts: Bursts,
    sent: u64,
    late: u64,
}

/// Bursts that were sent, and how long it took to hear them, ms.
#[derive(Default)]
struct Bursts {
    /// The last one, and the one before it.
    said: [Option<Instant>; 2],
    delays: Vec<f64>,
}

impl Bursts {
    fn say(&mut self, now: Instant) {
        self.said = [Some(now), self.said[0]];
    }

    fn hear(&mut self, at: Instant) {
        if let Some(said) = self.said.into_iter().flatten().find(|said| *said <= at) {
            self.delays.push((at - said).as_secs_f64() * 1e3);
        }
    }
}

impl Phones {
    /// No phones yet.
    ///
    /// # Errors
    /// Of the system, or of the coder.
    pub(crate) fn new(coding: Coding) -> Result<Self, String> {
        let speech = [Speech::Bursts, Speech::Chord, Speech::Silence].map(|speech| payloads(speech, coding));
        let [bursts, chord, silence] = speech;
        Ok(Self {
            packets: Batch::new(),
            coding,
            phones: Vec::new(),
            speech: [bursts?, chord?, silence?],
            bursts: Bursts::default(),
            sent: 0,
            late: 0,
        })
    }

    /// How many there are.
    pub(crate) fn count(&self) -> usize {
        self.phones.len()
    }

    /// One more, with a socket of its own; its address.
    ///
    /// # Errors
    /// No sockets are left.
    pub(crate) fn add(&mut self) -> Result<SocketAddr, String> {
        let number = self.phones.len();
        let ear = Ear::of(number, self.coding)?;
        let open = || -> io::Result<_> {
            let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?;
            socket.set_nonblocking(true)?;
            date_arrivals(&socket);
            let here = socket.local_addr()?;
            Ok((socket, here))
        };
        let (socket, here) = open().map_err(|error| format!("a phone's socket: {error}"))?;
        self.phones.push(Phone {
            socket,
            far: None,
            sequence: 0,
            stamp: 0,
            arrivals: Arrivals::default(),
            ear,
            loud: None,
        });
        Ok(here)
    }

    /// Tells the phone added last where to send.
    pub(crate) fn connect(&mut self, far: SocketAddr) {
        if let Some(phone) = self.phones.last_mut() {
            phone.far = Some(far);
        }
    }

    /// Talks, and judges for `judged` after `warm_up`; `read` is called at both ends of that, and says what the server has used.
    ///
    /// # Errors
    /// Of the system, or of `read`.
    pub(crate) fn run(
        &mut self,
        warm_up: Duration,
        judged: Duration,
        mut read: impl FnMut() -> io::Result<Used>,
    ) -> io::Result<Sample> {
        let start = Instant::now();
        let (from, to) = (start + warm_up, start + warm_up + judged);
        self.begin(from, to);
        let mut packet = 0;
        let (mut before, mut sent) = (None, (0, 0));
        while Instant::now() < to {
            packet = self.speak(start, packet);
            thread::sleep(BEAT);
            if before.is_none() && Instant::now() >= from {
                before = Some((Instant::now(), read()?));
                sent = (self.sent, self.late);
            }
        }
        let (began, before) = before.ok_or_else(|| io::Error::other("the phones never came to be judged"))?;
        let (after, time) = (read()?, began.elapsed());
        (0..self.phones.len()).for_each(|number| self.hear(number));
        let leg_seconds = self.phones.len() as f64 * time.as_secs_f64();
        Ok(Sample {
            cpu_ms: 1e3 * (after.server - before.server).as_secs_f64() / leg_seconds,
            callers_busy_percent: 100.0 * (after.callers - before.callers).as_secs_f64() / time.as_secs_f64(),
            others_percent: percent(after.others.saturating_sub(before.others), time),
            ..self.sample((self.sent - sent.0, self.late - sent.1))
        })
    }

    fn begin(&mut self, from: Instant, to: Instant) {
        self.bursts = Bursts::default();
        for phone in &mut self.phones {
            phone.arrivals = Arrivals::default();
            phone.arrivals.judge(from, to);
        }
    }

    /// Sends what is due by now, each phone reading before; `packet` counts those of all phones. Gives the next one.
    fn speak(&mut self, start: Instant, mut packet: u64) -> u64 {
        let (count, until) = (self.phones.len() as u64, Instant::now());
        loop {
            let due = start + Duration::from_nanos(packet * PACKET_TIME.as_nanos() as u64 / count);
            if until < due {
                return packet;
            }
            let number = (packet % count) as usize;
            self.hear(number);
            self.sent += 1;
            self.late += u64::from(Instant::now() - due > Duration::from_millis(5));
            self.send(number, (packet / count) as usize % LOOP);
            packet += 1;
        }
    }

    fn send(&mut self, number: usize, place: usize) {
        let (kind, step) = match self.coding {
            Coding::Pcmu => (0, 160),
            Coding::Opus => (OPUS_TYPE, 960),
        };
        let speech = Speech::of(number);
        let payload = &self.speech[speech as usize][place];
        let phone = &mut self.phones[number];
        phone.sequence = phone.sequence.wrapping_add(1);
        phone.stamp = phone.stamp.wrapping_add(step);
        let mut bytes = [0; 1_500];
        bytes[..2].copy_from_slice(&[0x80, kind]);
        bytes[2..4].copy_from_slice(&phone.sequence.to_be_bytes());
        bytes[4..8].copy_from_slice(&phone.stamp.to_be_bytes());
        bytes[8..HEADER].copy_from_slice(&(number as u32 + 1).to_be_bytes());
        bytes[HEADER..HEADER + payload.len()].copy_from_slice(payload);
        if speech == Speech::Bursts && place == 0 {
            self.bursts.say(Instant::now());
        }
        if let Some(far) = phone.far {
            // What a full socket does not take is lost as on any network, and shows in what comes back.
            let _ = phone.socket.send_to(&bytes[..HEADER + payload.len()], far);
        }
    }

    /// Takes in what waits at a phone.
    fn hear(&mut self, number: usize) {
        let clock = self.clock_hz();
        let Self {
            packets,
            phones,
            bursts,
            ..
        } = self;
        let Phone {
            socket,
            arrivals,
            ear,
            loud,
            ..
        } = &mut phones[number];
        packets.receive(socket, MOST_PACKETS, &mut |received| {
            let at = received.at.unwrap_or_else(Instant::now);
            let Some((sequence, stamp, payload)) = parts(received.datagram) else {
                return;
            };
            arrivals.packet(at, sequence, stamp, clock);
            let Some(inside) = ear.loud_at(payload) else {
                return;
            };
            let at = at + Duration::from_secs_f64(inside);
            let is_new = loud.is_none_or(|before| at.saturating_duration_since(before) > APART);
            *loud = Some(at);
            if is_new && number != 0 && arrivals.is_judged(at) {
                bursts.hear(at);
            }
        });
    }

    fn clock_hz(&self) -> u32 {
        match self.coding {
            Coding::Pcmu => 8_000,
            Coding::Opus => 48_000,
        }
    }

    fn sample(&mut self, (sent, late): (u64, u64)) -> Sample {
        let clock = self.clock_hz();
        let sum = |of: &dyn Fn(&Arrivals) -> u64| self.phones.iter().map(|phone| of(&phone.arrivals)).sum();
        let latest = self.phones.iter().map(|phone| phone.arrivals.latest_ms);
        let delay = Spread::of(std::mem::take(&mut self.bursts.delays));
        Sample {
            legs_in: self.phones.iter().filter(|phone| phone.far.is_some()).count(),
            due: sum(&|arrivals| arrivals.due(clock)),
            missing: sum(&|arrivals| arrivals.missing(clock)),
            late_5ms: sum(&|arrivals| arrivals.later_than(5.0)),
            late_20ms: sum(&|arrivals| arrivals.later_than(20.0)),
            latest_ms: latest.fold(0.0, f64::max),
            delay: (delay.count > 0).then_some(Delay {
                p50: delay.p50,
                p99: delay.p99,
            }),
            callers_late_percent: 100.0 * late as f64 / sent.max(1) as f64,
            ..Sample::default()
        }
    }
}

/// Sequence number, timestamp and payload of an RTP packet (RFC 3550, section 5.1); none where it is none, or RTCP.
fn parts(packet: &[u8]) -> Option<(u16, u32, &[u8])> {
    let (head, rest) = packet.split_at_checked(HEADER)?;
    let is_rtcp = (192..=223).contains(&head[1]);
    if head[0] >> 6 != 2 || is_rtcp {
        return None;
    }
    let mut begins = 4 * usize::from(head[0] & 0x0f);
    if head[0] & 0x10 != 0 {
        let length = rest.get(begins + 2..begins + 4)?;
        begins += 4 + 4 * usize::from(u16::from_be_bytes([length[0], length[1]]));
    }
    let sequence = u16::from_be_bytes([head[2], head[3]]);
    let stamp = u32::from_be_bytes([head[4], head[5], head[6], head[7]]);
    Some((sequence, stamp, rest.get(begins..)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_packet_is_taken_apart_behind_sources_and_extensions() {
        let mut packet = vec![0x80, 0, 1, 2, 0, 0, 1, 0, 9, 9, 9, 9, 42];
        assert_eq!(parts(&packet), Some((0x0102, 256, &[42][..])));
        packet[0] = 0x91;
        packet.splice(12..12, [1, 1, 1, 1, 0xbe, 0xde, 0, 1, 5, 5, 5, 5]);
        assert_eq!(parts(&packet), Some((0x0102, 256, &[42][..])));
        assert_eq!(parts(&packet[..18]), None);
        assert_eq!(parts(&packet[..11]), None);
        packet[1] = 200;
        assert_eq!(parts(&packet), None);
    }
}
