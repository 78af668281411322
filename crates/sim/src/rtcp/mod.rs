//! RTCP of a phone (RFC 3550, section 6): when it reports, what it says of the bridge's stream, and what the bridge says of the phone's.
//!
//! A call has two participants all along: its bandwidth never asks for more than the shortest interval, nothing is to be reconsidered when
//! a report is due (section 6.3.3), and goodbye is said at once (section 6.3.7).

mod reception;
mod trips;
mod wire;

use std::time::{Duration, Instant};

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

use reception::Reception;
pub(crate) use trips::Trips;
use wire::{Block, Report, SenderInfo};

/// Shortest mean interval (section 6.2).
const INTERVAL: Duration = Duration::from_secs(5);
/// Makes up for the randomisation, which converges below the mean (section 6.3.1): e − 1.5.
const COMPENSATION: f64 = 1.218_28;
/// Where our clock begins, 32.32 bits: at one second, since a time of 0 in a report stands for none.
const FIRST_NTP: u64 = 1 << 32;
/// Longest round trip that is believed, in 1/65536 s: 64 s.
const LONGEST_TRIP: i32 = 1 << 22;
/// Clocks that are read for both ends are this close: a trip that ends so little before it began took no time, in 1/65536 s: a millisecond.
const APART: i32 = 66;

/// What a phone has sent when it reports.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Sending {
    /// RTP packets; wraps.
    pub(crate) packets: u32,
    /// Bytes of their payloads; wraps.
    pub(crate) octets: u32,
    /// This moment on the codec's clock.
    pub(crate) timestamp: u32,
}

/// What reports of a call told.
#[derive(Debug, Clone, Default)]
pub(crate) struct Found {
    /// Datagrams sent.
    pub(crate) sent: u64,
    /// Datagrams taken.
    pub(crate) received: u64,
    /// Datagrams that are no compound packet with a report first.
    pub(crate) malformed: u64,
    /// Of those taken, how many said goodbye.
    pub(crate) goodbyes: u64,
    /// Round trips.
    pub(crate) trips: Trips,
    /// Packets of ours that the far end misses, by its last report; what came twice makes up for what is missing.
    pub(crate) lost: Option<i32>,
    /// Largest share of our packets missing in one of its reports, in 1/256.
    pub(crate) worst_fraction: u8,
}

/// See the module.
#[derive(Debug)]
pub(crate) struct Reports {
    ssrc: u32,
    cname: String,
    random: ChaCha8Rng,
    epoch: Instant,
    /// When the next report is due; none before the call is up, and after goodbye.
    due: Option<Instant>,
    /// Packets sent at the last report but one, and at the last.
    sent_before: [u32; 2],
    reception: Option<Reception>,
    /// Middle bits of the far end's last sender report, and when it came.
    quoted: Option<(u32, Instant)>,
    outbox: Option<Vec<u8>>,
    pub(crate) found: Found,
}

impl Reports {
    /// Of the source `ssrc`, called `cname`; the clock of its reports begins at `epoch`, and the same seed reports at the same times.
    pub(crate) fn new(ssrc: u32, cname: String, epoch: Instant, seed: u64) -> Self {
        Self {
            ssrc,
            cname,
            random: ChaCha8Rng::seed_from_u64(seed),
            epoch,
            due: None,
            sent_before: [0; 2],
            reception: None,
            quoted: None,
            outbox: None,
            found: Found::default(),
        }
    }

    /// The call is up: the first report comes after half the interval (section 6.2).
    pub(crate) fn begin(&mut self, now: Instant) {
        self.due = Some(now + interval(INTERVAL / 2, self.part()));
    }

    /// A packet of the far end's stream, whose timestamps run at `clock_hz`. Another source takes the place of the one before.
    pub(crate) fn packet(&mut self, now: Instant, (ssrc, sequence, stamp): (u32, u16, u32), clock_hz: u32) {
        let passed = now.saturating_duration_since(self.epoch);
        let arrival = passed.as_micros() * u128::from(clock_hz) / 1_000_000;
        let transit = (arrival as u32).wrapping_sub(stamp);
        match &mut self.reception {
            Some(reception) if reception.ssrc == ssrc => reception.packet(sequence, transit),
            Some(_) | None => {
                self.quoted = None;
                self.reception = Some(Reception::new(ssrc, sequence, transit));
            }
        }
    }

    /// A datagram of the far end.
    pub(crate) fn handle_input(&mut self, now: Instant, datagram: &[u8]) {
        let Some(told) = wire::read(datagram, self.ssrc) else {
            self.found.malformed += 1;
            return;
        };
        self.found.received += 1;
        self.found.goodbyes += u64::from(told.goodbye);
        let source = self.reception.as_ref().map(|reception| reception.ssrc);
        if let Some(ntp) = told.ntp.filter(|_| source == Some(told.sender)) {
            self.quoted = Some((middle(ntp), now));
        }
        if let Some(block) = told.block {
            self.found.lost = Some(block.lost);
            self.found.worst_fraction = self.found.worst_fraction.max(block.fraction_lost);
            if let Some(ms) = round_trip_ms(middle(self.ntp(now)), &block) {
                self.found.trips.note(ms);
            }
        }
    }

    pub(crate) fn poll_timeout(&self) -> Option<Instant> {
        self.due
    }

    /// Makes a report, and plans the next one.
    pub(crate) fn report(&mut self, now: Instant, sending: Sending) {
        self.write(now, sending, Last::No);
        self.due = Some(now + interval(INTERVAL, self.part()));
    }

    /// Makes the last report, with goodbye (section 6.6). Who never sent anything says none (section 6.3.7).
    pub(crate) fn goodbye(&mut self, now: Instant, sending: Sending) {
        self.due = None;
        if sending.packets > 0 || self.found.sent > 0 {
            self.write(now, sending, Last::Yes);
        }
    }

    pub(crate) fn poll_output(&mut self) -> Option<Vec<u8>> {
        self.outbox.take()
    }

    fn write(&mut self, now: Instant, sending: Sending, last: Last) {
        // A sender is who has sent since the last report but one (section 6.4).
        let is_sender = sending.packets != self.sent_before[0];
        self.sent_before = [self.sent_before[1], sending.packets];
        let info = SenderInfo {
            ntp: self.ntp(now),
            sending,
        };
        let report = Report {
            ssrc: self.ssrc,
            info: is_sender.then_some(info),
            block: self.block(now),
            cname: &self.cname,
            goodbye: last == Last::Yes,
        };
        self.outbox = Some(report.write());
        self.found.sent += 1;
    }

    /// What it says of the stream that it hears (section 6.4.1).
    fn block(&mut self, now: Instant) -> Option<Block> {
        let reception = self.reception.as_mut()?;
        let quoted = self.quoted.map(|(ntp, at)| {
            let since = span(now.saturating_duration_since(at));
            (ntp, middle(since))
        });
        let (last_report, since_last_report) = quoted.unwrap_or_default();
        Some(Block {
            last_report,
            since_last_report,
            ..reception.block()
        })
    }

    /// Time as its reports tell it: that since the run began, as who has no clock of the wall may (section 6.4.1), 32.32 bits.
    fn ntp(&self, now: Instant) -> u64 {
        FIRST_NTP.wrapping_add(span(now.saturating_duration_since(self.epoch)))
    }

    /// From 0 to 1.
    fn part(&mut self) -> f64 {
        f64::from(self.random.next_u32()) / f64::from(u32::MAX)
    }
}

/// Whether a report is a call's last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Last {
    No,
    Yes,
}

/// The interval around `mean` that chance, from 0 to 1, picks (section 6.3.1).
fn interval(mean: Duration, chance: f64) -> Duration {
    mean.mul_f64((0.5 + chance) / COMPENSATION)
}

/// A span as NTP counts it, 32.32 bits.
fn span(span: Duration) -> u64 {
    (span.as_secs() << 32) + (u64::from(span.subsec_nanos()) << 32) / 1_000_000_000
}

/// The middle 32 bits, as reports quote them (section 4).
const fn middle(ntp: u64) -> u32 {
    (ntp >> 16) as u32
}

/// Round trip of a report that `block` quotes (section 6.4.1, figure 2); none where it quotes none, or what cannot be.
fn round_trip_ms(now: u32, block: &Block) -> Option<f64> {
    let back = block.last_report.wrapping_add(block.since_last_report);
    let trip = now.wrapping_sub(back).cast_signed();
    let believed = block.last_report != 0 && (-APART..LONGEST_TRIP).contains(&trip);
    believed.then(|| f64::from(trip.max(0)) * 1_000.0 / 65_536.0)
}

#[cfg(test)]
mod tests;
