//! One simulated phone: its call, what it says, what it hears.

mod fate;
mod listening;
mod reporting;
mod spurt;

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rsip::SipMessage;

use crate::arrivals::{Arrival, Arrivals};
use crate::call::{self, Call};
use crate::codec::{Hearing, Mouth, Speech};
use crate::ear::Ear;
use crate::keypad::Keypad;
use crate::line::{self, Content, Level, Stream};
use crate::link::{Link, Way};
use crate::mark::Voice;
use crate::message::{self, Identity};
use crate::plan::{LEAD, Plan, SHORTEST_STAY, Schedule};
use crate::rtcp::Reports;
use crate::sdp;
use crate::speaker::{Speaker, When, level};
use crate::track::Edge;
pub(crate) use fate::{Fate, Sent, Stage};
use spurt::Spurt;

/// Edges of its own voice that a talker notes: those of the longest run, for what is heard is held against the last one said.
const MOST_EDGES: usize = 150_000;
/// Packets made up for at once after the machine kept us waiting; older ones are left out.
const MOST_CATCH_UP: Duration = Duration::from_millis(500);
/// From the end of a call to the next of the same phone.
const PAUSE: Duration = Duration::from_millis(100);
/// The same where that call did not end by our own BYE.
const PENANCE: Duration = Duration::from_secs(2);
/// What the way back loses is another matter than what the way there does.
const BACK: u64 = 0x6261_636b;
/// Phones are spread over the 20 ms of a packet: steps of this many microseconds.
const PHASE_STEP: u64 = 7_919;

/// What a phone wants sent.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Output<'a> {
    /// To the bridge, from the signalling socket.
    Sip(Vec<u8>),
    /// From the phone's own RTP socket.
    Rtp(SocketAddr, &'a [u8]),
    /// From the socket for RTCP.
    Rtcp(SocketAddr, Vec<u8>),
}

/// See the module.
#[derive(Debug)]
pub(crate) struct Leg {
    pub(crate) number: usize,
    pub(crate) speech: Speech,
    pub(crate) fate: Fate,
    /// From INVITE to 200.
    pub(crate) setup: Option<Duration>,
    pub(crate) ear: Ear,
    pub(crate) arrivals: Arrivals,
    pub(crate) link: Link,
    /// The way from the bridge, which loses packets only.
    pub(crate) back: Link,
    pub(crate) sent: Sent,
    /// Packets that hold the audio of the one before once more.
    pub(crate) redundant: u64,
    /// Packets that did not come, and were had from the one behind them.
    pub(crate) recovered: u64,
    /// Packets of comfort noise.
    pub(crate) noise: u64,
    pub(crate) reports: Reports,
    /// Edges of its own voice as they were sent.
    pub(crate) edges: Vec<Edge>,
    plan: Arc<Plan>,
    call: Call,
    /// There for those who listen, and for those who talk.
    hearing: Option<Hearing>,
    mouth: Option<Mouth>,
    /// Timestamp of the first packet that was heard.
    first_stamp: Option<u32>,
    speaker: Speaker,
    stream: Stream,
    spurt: Spurt,
    keypad: Keypad,
    far: Option<sdp::Answer>,
    stage: Stage,
    stopping: bool,
    epoch: Instant,
    dialled: Instant,
    key_at: Option<Instant>,
    /// First sample of the next packet, counted from the epoch.
    next: u64,
    schedule: Option<Schedule>,
    /// It has called before: it is judged from its being settled on.
    again: Option<Again>,
    messages: VecDeque<Vec<u8>>,
    /// The last packet, and whether it is to go out: at most one waits, which [`Leg::poll_output`] takes.
    packet: Vec<u8>,
    ready: bool,
    /// Of the last input.
    now: Instant,
}

/// A call of a phone that has called before.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Again {
    /// How many calls it had.
    pub(crate) calls: u64,
    /// When it dials.
    pub(crate) at: Instant,
    pub(crate) schedule: Schedule,
}

/// Addresses of a phone.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Addresses {
    pub(crate) sip: SocketAddr,
    pub(crate) rtp: SocketAddr,
    /// Where it takes RTCP: others of its crew may, too.
    pub(crate) rtcp: SocketAddr,
}

impl Leg {
    /// Phone `number` of a run that began at `epoch`, when it calls for the first time, or again.
    pub(crate) fn new(
        plan: &Arc<Plan>,
        number: usize,
        addresses: Addresses,
        epoch: Instant,
        again: Option<Again>,
    ) -> Self {
        let options = &plan.options;
        let speech = plan.speech[number];
        let calls = again.map_or(0, |again| again.calls);
        let seed = options.seed.wrapping_mul(1_000_003).wrapping_add(number as u64);
        let seed = seed.wrapping_add(calls.wrapping_mul(0x1_0000_0001));
        let voice = (number < plan.marks.talkers).then(|| Voice::new(plan.marks, number, speech.rate_hz()));
        let ptime = options.ptime.as_millis() as u32;
        let media = (addresses.rtp, addresses.rtcp.port());
        let sdp = sdp::offer(media, speech, ptime, plan.extras());
        let ssrc = seed as u32 ^ 0x5eed_0000;
        let cname = format!("sim-{number}@{}", addresses.rtp.ip());
        Self {
            number,
            speech,
            fate: Fate::Open,
            setup: None,
            ear: Ear::new(
                plan.marks,
                speech.rate_hz(),
                |talker| plan.relation(number, talker),
                (plan.legs(), plan.speech.iter().any(|speech| speech.is_opus())),
                epoch,
            ),
            arrivals: Arrivals::default(),
            link: Link::new(options.loss / 100.0, options.jitter, options.seed, number),
            back: Link::new(
                options.loss_back / 100.0,
                Duration::ZERO,
                options.seed ^ BACK,
                number,
            ),
            sent: Sent::default(),
            redundant: 0,
            recovered: 0,
            noise: 0,
            reports: Reports::new(ssrc, cname, epoch, seed),
            edges: Vec::new(),
            call: Call::new(identity(plan, number, addresses.sip, seed), sdp),
            hearing: plan.listens(number).then(|| Hearing::new(speech)),
            mouth: (number < plan.marks.talkers).then(|| Mouth::new(speech, plan.manner)),
            first_stamp: None,
            speaker: Speaker::new(voice, options.idle, seed),
            stream: Stream::new(ssrc, seed as u16, (seed as u32).wrapping_mul(99_991)),
            spurt: Spurt::default(),
            keypad: Keypad::new((ptime * 8) as u16),
            far: None,
            stage: Stage::Waiting,
            stopping: false,
            epoch,
            dialled: again.map_or_else(|| epoch + plan.dial_after(number), |again| again.at),
            key_at: None,
            next: 0,
            schedule: again.map(|again| again.schedule),
            again,
            messages: VecDeque::new(),
            packet: Vec::new(),
            ready: false,
            now: epoch,
            plan: Arc::clone(plan),
        }
    }

    /// The Call-ID by which its messages are known.
    pub(crate) fn call_id(&self) -> &str {
        self.call.id()
    }

    /// Whether this phone has called before.
    pub(crate) fn is_again(&self) -> bool {
        self.again.is_some()
    }

    /// Whether what it hears is decoded and judged.
    pub(crate) fn listens(&self) -> bool {
        self.hearing.is_some()
    }

    pub(crate) fn stage(&self) -> Stage {
        self.stage
    }

    /// Whether it is where it will stay until talk begins.
    pub(crate) fn is_settled(&self) -> bool {
        match self.stage {
            Stage::Waiting | Stage::Calling => false,
            Stage::Up => self.key_at.is_none() && self.keypad.is_done(),
            Stage::Leaving | Stage::Over => true,
        }
    }

    /// When talk begins is known.
    pub(crate) fn begin(&mut self, schedule: Schedule) {
        self.schedule = Some(schedule);
        self.judge(schedule.judge.0);
    }

    /// It is judged from now until it leaves, or judgement ends.
    fn judge(&mut self, from: Instant) {
        let Some(schedule) = self.schedule else { return };
        let until = self.leave_at().map_or(schedule.judge.1, |at| {
            (at - self.plan.silence()).min(schedule.judge.1)
        });
        self.ear.judge(from, until);
        self.arrivals.judge(from, until.max(from));
    }

    /// When it leaves to call again.
    fn leave_at(&self) -> Option<Instant> {
        let first = || Some(self.schedule?.judge.0 + self.plan.first_leave(self.number)?);
        let next = |again: Again| Some(again.at + self.plan.stay(self.number)?);
        self.again.map_or_else(first, next)
    }

    /// Its next call, when it is one that comes and goes, this one is over, and there is time to judge another. A bridge that did not want
    /// it, or threw it out, is not asked again at once.
    pub(crate) fn next_call(&self, now: Instant) -> Option<Again> {
        let schedule = self.schedule?;
        self.plan.stay(self.number)?;
        let is_time = now + self.plan.options.key_after + SHORTEST_STAY < schedule.judge.1;
        (self.stage == Stage::Over && !self.stopping && is_time).then(|| Again {
            calls: self.again.map_or(0, |again| again.calls) + 1,
            at: now
                + if self.fate == Fate::Ended(true) {
                    PAUSE
                } else {
                    PENANCE
                },
            schedule,
        })
    }

    /// Leaves at once.
    pub(crate) fn stop(&mut self, now: Instant) {
        self.stopping = true;
        match self.stage {
            Stage::Waiting => self.stage = Stage::Over,
            Stage::Up => self.hang_up(now),
            Stage::Calling | Stage::Leaving | Stage::Over => {}
        }
        self.drain(now);
    }

    /// A message of its call.
    pub(crate) fn on_sip(&mut self, now: Instant, message: SipMessage) {
        self.call.handle_input(now, message);
        self.drain(now);
    }

    /// Nobody listens where it calls.
    pub(crate) fn unreachable(&mut self, now: Instant) {
        self.call.unreachable();
        self.drain(now);
    }

    /// A datagram at its RTP socket.
    pub(crate) fn on_rtp(&mut self, now: Instant, datagram: &[u8]) {
        let Some(packet) = line::read(datagram).filter(|_| self.stage == Stage::Up) else {
            return;
        };
        if self.back.send(now, datagram) == Way::Lost {
            return;
        }
        let header = &packet.header;
        let clock = self.speech.clock_hz();
        let numbers = (header.ssrc, header.sequence_number, header.timestamp);
        self.reports.packet(now, numbers, clock);
        let arrival = self
            .arrivals
            .packet(now, header.sequence_number, header.timestamp, clock);
        if arrival == Arrival::Restart {
            self.ear.restart();
            self.first_stamp = None;
        }
        if header.payload_type == sdp::COMFORT_NOISE && self.is_spared() {
            self.rest(now, header.timestamp);
        } else if header.payload_type == self.speech.payload_type() {
            let codec = self.speech.codec();
            self.redundant += u64::from(codec.has_redundancy(packet.payload));
            self.hear(now, header.timestamp, packet.payload);
        }
    }

    /// Does what is due, but for packets: of these one at a time.
    pub(crate) fn handle_timeout(&mut self, now: Instant) {
        if self.stage == Stage::Waiting && now >= self.dialled {
            (self.stage, self.dialled) = (Stage::Calling, now);
            self.call.dial(now);
        }
        self.call.handle_timeout(now);
        if self.key_at.is_some_and(|at| now >= at) {
            self.key_at = None;
            self.keypad.press(self.plan.code(self.number).unwrap_or_default());
        }
        let keys = !self.is_settled();
        if self.stage == Stage::Up && self.due() <= now {
            self.speak(now);
        }
        if keys && self.again.is_some() && self.stage == Stage::Up && self.is_settled() {
            self.judge(now + LEAD);
        }
        if self.stage == Stage::Up && self.hang_up_at().is_some_and(|at| now >= at) {
            self.hang_up(now);
        }
        self.report(now);
        self.drain(now);
    }

    pub(crate) fn poll_timeout(&self) -> Option<Instant> {
        let own = match self.stage {
            Stage::Waiting => Some(self.dialled),
            Stage::Up => {
                let reports = self.reports.poll_timeout();
                let dues = [self.key_at, self.hang_up_at(), self.link.poll_timeout(), reports];
                dues.into_iter().flatten().chain([self.due()]).min()
            }
            Stage::Calling | Stage::Leaving | Stage::Over => None,
        };
        own.into_iter().chain(self.call.poll_timeout()).min()
    }

    pub(crate) fn poll_output(&mut self) -> Option<Output<'_>> {
        // Before any message: goodbye goes out while the bridge still listens.
        if let Some(to) = self.rtcp()
            && let Some(report) = self.reports.poll_output()
        {
            return Some(Output::Rtcp(to, report));
        }
        if let Some(message) = self.messages.pop_front() {
            return Some(Output::Sip(message));
        }
        if !self.ready
            && let Some(held) = self.link.poll_output(self.now)
        {
            (self.packet, self.ready) = (held, true);
        }
        let far = self.far.filter(|_| std::mem::take(&mut self.ready))?;
        Some(Output::Rtp(far.media, &self.packet))
    }

    fn hang_up_at(&self) -> Option<Instant> {
        let last = self
            .schedule
            .map(|schedule| schedule.hang_up(self.number) + self.plan.silence());
        last.into_iter().chain(self.leave_at()).min()
    }

    fn hang_up(&mut self, now: Instant) {
        self.stage = Stage::Leaving;
        self.goodbye(now);
        self.call.hang_up(now);
    }

    /// The moment of a sample, by the run's clock and the phone's place in the 20 ms.
    fn moment(&self, sample: u64) -> Instant {
        let phase = Duration::from_micros(PHASE_STEP * self.number as u64 % 20_000);
        let rate = u64::from(self.speech.rate_hz());
        self.epoch + phase + Duration::from_micros(sample * 1_000_000 / rate)
    }

    fn due(&self) -> Instant {
        self.moment(self.next)
    }

    fn samples_a_packet(&self) -> u64 {
        self.plan.options.ptime.as_millis() as u64 * u64::from(self.speech.rate_hz()) / 1000
    }

    /// The first packet's sample that is not before `now`.
    fn sample_at(&self, now: Instant) -> u64 {
        let passed = now.saturating_duration_since(self.moment(0)).as_micros() as u64;
        let samples = passed * u64::from(self.speech.rate_hz()) / 1_000_000;
        samples.next_multiple_of(self.samples_a_packet())
    }

    /// Sends the next packet.
    fn speak(&mut self, now: Instant) {
        let late = now.saturating_duration_since(self.due());
        let count = self.samples_a_packet();
        if late > MOST_CATCH_UP {
            let skipped = (self.sample_at(now) - self.next) / count;
            self.next += skipped * count;
            self.advance(skipped * count);
            return;
        }
        let first = self.next;
        let talks = self.schedule.is_some_and(|schedule| schedule.talk <= now);
        let (is_audio, is_there) = match self.keypad.is_done() {
            true => (true, self.audio(talks)),
            false => (false, self.key()),
        };
        self.next += count;
        self.advance(count);
        let way = is_there.then(|| {
            self.sent.note(late);
            self.link.send(now, &self.packet)
        });
        self.ready = way == Some(Way::Straight);
        if is_audio && talks && way.is_some_and(|way| way != Way::Lost) {
            self.note_edges(now, first);
        }
    }

    fn advance(&mut self, samples: u64) {
        self.stream.stamp = self.stream.stamp.wrapping_add(self.speech.steps(samples));
    }

    /// Makes a packet of audio; there is none where silence is left unsent.
    fn audio(&mut self, talks: bool) -> bool {
        let when = if talks { When::Talk } else { When::Before };
        let count = self.samples_a_packet();
        let said = self.mouth.as_mut().map(|mouth| {
            let said = self.speaker.say(self.next, count as usize, when);
            (mouth.encode(&said), level(&said))
        });
        let rest = || {
            let rest = &self.plan.rest;
            rest.payload(self.speech, self.number, self.next / count)
        };
        let said = said.as_ref().map(|(payload, byte)| (payload.as_slice(), *byte));
        let (payload, byte) = said.unwrap_or_else(rest);
        let leaves_out = self.plan.manner.dtx && self.speech.is_opus();
        let Some(marker) = self.spurt.takes(payload, leaves_out) else {
            self.sent.unsent += 1;
            return false;
        };
        let content = Content {
            payload_type: self.speech.payload_type(),
            marker,
            since: 0,
            level: self.level_id().map(|id| Level { id, byte }),
            payload,
        };
        self.stream.write(&mut self.packet, content);
        true
    }

    /// The identifier that levels have in its packets, where both sides have agreed on them.
    pub(crate) fn level_id(&self) -> Option<u8> {
        self.far
            .and_then(|far| far.levels)
            .filter(|_| self.plan.options.levels)
    }

    /// Makes a packet of a key; none is sent between two keys.
    fn key(&mut self) -> bool {
        let event = self.keypad.next();
        let kind = self.far.and_then(|far| far.events);
        let (Some(event), Some(kind)) = (event, kind) else {
            return false;
        };
        let content = Content {
            payload_type: kind,
            marker: event.first,
            // Events count their own 8 kHz, the stream goes on by the codec's clock.
            since: event.since * (self.speech.clock_hz() / 8_000),
            level: None,
            payload: &event.payload,
        };
        self.stream.write(&mut self.packet, content);
        true
    }

    /// Notes the edges of its voice in the packet that begins with this sample and is sent now.
    fn note_edges(&mut self, now: Instant, first: u64) {
        let rate = self.speech.rate_hz();
        let block = u64::from(rate / crate::tone::BLOCKS_A_SECOND);
        let begins = (first..first + self.samples_a_packet()).filter(|at| at.is_multiple_of(block));
        for at in begins {
            if let Some(rises) = self.speaker.edge(at).filter(|_| self.edges.len() < MOST_EDGES) {
                let inside = Duration::from_secs_f64((at - first) as f64 / f64::from(rate));
                self.edges.push(Edge {
                    talker: self.number,
                    rises,
                    at: now + inside,
                });
            }
        }
    }

    /// Passes on what the call wants sent, and takes note of what it tells.
    fn drain(&mut self, now: Instant) {
        self.now = now;
        while let Some(output) = self.call.poll_output() {
            match output {
                call::Output::Send(bytes) => self.messages.push_back(bytes),
                call::Output::Answered(body) => self.answered(now, &body),
                call::Output::Refused(status) => self.over(Fate::Refused(status)),
                call::Output::Unanswered => self.over(Fate::Unanswered),
                call::Output::HungUp => self.over(Fate::HungUp),
                call::Output::Ended(clean) => self.over(Fate::Ended(clean)),
            }
        }
    }

    fn answered(&mut self, now: Instant, body: &str) {
        self.setup = Some(now - self.dialled);
        self.stage = Stage::Up;
        self.next = self.sample_at(now);
        self.key_at = self
            .plan
            .code(self.number)
            .map(|_| now + self.plan.options.key_after);
        self.fate = Fate::Answered;
        if self.again.is_some() && self.key_at.is_none() {
            self.judge(now + LEAD);
        }
        match sdp::answer(body, self.speech, self.call.here()) {
            Ok(answer) if self.key_at.is_none() || answer.events.is_some() => {
                self.far = Some(answer);
                if self.is_spared() {
                    self.arrivals.spare();
                }
                self.begin_reports(now);
            }
            Ok(_) => self.useless(
                now,
                "it takes no telephone-events, so that no code can be keyed".to_owned(),
            ),
            Err(error) => self.useless(now, error),
        }
        if self.stopping {
            self.hang_up(now);
        }
    }

    fn useless(&mut self, now: Instant, why: String) {
        self.fate = Fate::NoAudio(why);
        self.hang_up(now);
    }

    fn over(&mut self, fate: Fate) {
        self.stage = Stage::Over;
        if !matches!(self.fate, Fate::NoAudio(_)) {
            self.fate = fate;
        }
    }
}

fn identity(plan: &Plan, number: usize, sip: SocketAddr, seed: u64) -> Identity {
    let tag = format!("{:x}", seed ^ u64::from(sip.port()) << 48);
    Identity {
        local: sip,
        target: message::uri(&plan.target.uri()).unwrap_or_default(),
        call_id: format!("{tag}-{number}@{}", sip.ip()),
        number: format!("1555{number:07}"),
        tag,
    }
}

#[cfg(test)]
mod tests;
