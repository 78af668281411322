//! Every tricky and hostile case of the endpoint's own tests, against the whole program over UDP.

#[path = "../../crates/sip/tests/hostile/cases/mod.rs"]
#[expect(
    unreachable_pub,
    reason = "the table is shared with the tests of the endpoint"
)]
mod cases;

use std::net::{SocketAddr, UdpSocket};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use cases::{CallNames, Case, Expect, Names, Setting};

use crate::support::numbers::{QUICK_NUMBER, RINGS_SECONDS, SLOW_NUMBER, bridge_that_rings};
use crate::support::phone::{header, receive_until, status};
use crate::support::until::alone;

/// The number that the table dials.
const TABLE_NUMBER: &str = "1000@";
/// An OPTIONS after each case is answered within this.
const ANSWERED: Duration = Duration::from_millis(250);
/// An answer to a case comes within this.
const LIMIT: Duration = Duration::from_secs(2);
/// Silence is believed after this.
const QUIET: Duration = Duration::from_millis(30);
/// Most memory, MiB, that all of it may cost.
const GROWTH: usize = 64;

static PROBES: AtomicUsize = AtomicUsize::new(0);

/// A sender with an address of its own.
struct Peer {
    socket: UdpSocket,
    bridge: SocketAddr,
    /// Number that is dialled in place of the table's.
    number: &'static str,
    names: Names,
    /// Everything that came, but for answers to probes.
    came: Vec<String>,
    slowest: Duration,
}

impl Peer {
    fn new(bridge: SocketAddr, case: &Case) -> Self {
        let socket = UdpSocket::bind("127.0.0.1:0").expect("a free port");
        let me = socket.local_addr().expect("a bound socket has an address");
        let number = if case.setting == Setting::Ringing {
            SLOW_NUMBER
        } else {
            QUICK_NUMBER
        };
        let names = Names {
            us: bridge.to_string(),
            me: me.to_string(),
            media: me.ip().to_string(),
            call: None,
        };
        Self {
            socket,
            bridge,
            number,
            names,
            came: Vec::new(),
            slowest: Duration::ZERO,
        }
    }

    fn send(&self, bytes: &[u8]) {
        let number = format!("{}@", self.number);
        let bytes = replaced(bytes, TABLE_NUMBER.as_bytes(), number.as_bytes());
        self.socket
            .send_to(&bytes, self.bridge)
            .expect("loopback takes it");
    }

    fn receive(&mut self, until: Instant) -> Option<String> {
        let (from, bytes) = receive_until(&self.socket, until)?;
        assert_eq!(from, self.bridge, "somebody else answers");
        Some(String::from_utf8_lossy(&bytes).into_owned())
    }

    /// Waits for a message of this kind among those that do not answer a probe.
    fn wait_for(&mut self, limit: Duration, fits: impl Fn(&str) -> bool) -> Option<String> {
        let end = Instant::now() + limit;
        if let Some(message) = self.came.iter().find(|message| fits(message)) {
            return Some(message.clone());
        }
        while let Some(message) = self.receive(end) {
            self.came.push(message.clone());
            if fits(&message) {
                return Some(message);
            }
        }
        None
    }

    /// Asks OPTIONS; what comes before its answer is kept.
    fn probe(&mut self) -> Result<(), String> {
        let count = PROBES.fetch_add(1, Ordering::Relaxed);
        let probe = cases::probe(count, &self.names);
        let call_id = format!("probe-{count}@");
        let sent = Instant::now();
        self.send(&probe);
        while let Some(message) = self.receive(sent + LIMIT) {
            if header(&message, "Call-ID").starts_with(&call_id) {
                self.slowest = self.slowest.max(sent.elapsed());
                return if status(&message) == 200 {
                    Ok(())
                } else {
                    Err(format!("OPTIONS got {message}"))
                };
            }
            self.came.push(message);
        }
        Err(format!("OPTIONS after it got no answer, but {:?}", self.came))
    }

    /// Makes the call that a case needs.
    fn prepare(&mut self, case: &Case) -> Result<(), String> {
        if case.setting == Setting::Stranger {
            return Ok(());
        }
        self.names.call = Some(CallNames::for_case(case));
        self.send(&cases::opening(&self.names));
        let wanted = if case.setting == Setting::Ringing {
            180
        } else {
            200
        };
        let answer = self.wait_for(LIMIT, |message| status(message) == wanted);
        let answer = answer.ok_or_else(|| format!("the opening got {:?}", self.statuses()))?;
        let tag = header(&answer, "To")
            .split(";tag=")
            .nth(1)
            .unwrap_or_default()
            .to_owned();
        self.names
            .call
            .iter_mut()
            .for_each(|call| call.to_tag.clone_from(&tag));
        if case.setting == Setting::Call {
            self.send(&cases::acknowledgement(&self.names));
        }
        self.came.clear();
        Ok(())
    }

    fn statuses(&self) -> Vec<u16> {
        self.came
            .iter()
            .filter(|message| message.starts_with("SIP/2.0 "))
            .map(|message| status(message))
            .collect()
    }

    /// Final statuses, each counted once: over UDP an answer to INVITE is sent again until it is acknowledged.
    fn finals(&self) -> Vec<u16> {
        let mut finals: Vec<_> = self
            .statuses()
            .into_iter()
            .filter(|status| *status >= 200)
            .collect();
        finals.sort_unstable();
        finals.dedup();
        finals
    }

    fn judge(&mut self, case: &Case) -> Result<(), String> {
        let is_final = |message: &str| message.starts_with("SIP/2.0 ") && status(message) >= 200;
        match case.expect {
            Expect::Status(_) | Expect::Call => drop(self.wait_for(LIMIT, is_final)),
            Expect::Ends(wanted) => drop(self.wait_for(LIMIT, |message| status(message) == wanted)),
            Expect::Provisional | Expect::Silence | Expect::StatusOrSilence(_) => {
                drop(self.wait_for(QUIET, |_| false))
            }
        }
        let finals = self.finals();
        let fits = match case.expect {
            Expect::Status(allowed) => matches!(finals[..], [only] if allowed.contains(&only)),
            Expect::Call => matches!(finals[..], [200 | 404]),
            Expect::Provisional => finals.is_empty() && self.statuses() == [180],
            Expect::Silence => self.came.is_empty(),
            Expect::StatusOrSilence(allowed) => {
                self.came.is_empty() || matches!(finals[..], [only] if allowed.contains(&only))
            }
            Expect::Ends(wanted) => {
                finals.contains(&wanted) && finals.iter().all(|status| [wanted, 487].contains(status))
            }
        };
        if fits {
            Ok(())
        } else {
            Err(format!("{:?} expected, got {:?}", case.expect, self.came))
        }
    }

    /// The call of the setting lives, or is over where the case says so.
    fn judge_call(&mut self, case: &Case) -> Result<(), String> {
        let ends = matches!(case.expect, Expect::Ends(_));
        let wanted = match case.setting {
            Setting::Stranger => return Ok(()),
            Setting::Ringing if ends => return Ok(()),
            Setting::Ringing => {
                let ringing = Duration::from_secs(RINGS_SECONDS) + LIMIT;
                let answered =
                    self.wait_for(ringing, |m| status(m) == 200 && header(m, "CSeq") == "1 INVITE");
                return answered
                    .map(drop)
                    .ok_or_else(|| format!("the call is not answered: {:?}", self.came));
            }
            Setting::Call if ends => 481,
            Setting::Call => 200,
        };
        self.came.clear();
        self.send(&cases::probe_of_call(&self.names));
        self.wait_for(LIMIT, |message| header(message, "CSeq") == "1000 OPTIONS");
        let finals = self.finals();
        if finals == [wanted] {
            Ok(())
        } else {
            Err(format!("the call then answers {finals:?}"))
        }
    }
}

/// All places of `from` in `bytes` made `to`.
fn replaced(bytes: &[u8], from: &[u8], to: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len() + 64);
    let mut rest = bytes;
    while let Some(at) = rest.windows(from.len()).position(|window| window == from) {
        out.extend_from_slice(&rest[..at]);
        out.extend_from_slice(to);
        rest = &rest[at + from.len()..];
    }
    out.extend_from_slice(rest);
    out
}

/// One case; gives how long its OPTIONS took.
fn run(bridge: SocketAddr, case: &Case) -> Result<Duration, String> {
    let mut peer = Peer::new(bridge, case);
    let told = |fault: String| format!("{} ({:?}): {fault}", case.name, case.setting);
    peer.prepare(case).map_err(told)?;
    peer.send(&case.bytes(&peer.names));
    peer.probe().map_err(told)?;
    peer.judge(case).map_err(told)?;
    peer.judge_call(case).map_err(told)?;
    Ok(peer.slowest)
}

#[test]
fn every_tricky_or_hostile_datagram_gets_what_it_deserves_and_the_bridge_goes_on() {
    let _turn = alone();
    let bridge = bridge_that_rings();
    let (before, sip) = (bridge.memory(), bridge.sip());
    let all = cases::all();
    let (ringing, others): (Vec<&Case>, Vec<&Case>) =
        all.into_iter().partition(|case| case.setting == Setting::Ringing);
    let mut outcomes: Vec<_> = others.into_iter().map(|case| run(sip, case)).collect();
    // Each of these waits until its call is answered; together they wait once.
    thread::scope(|scope| {
        let threads: Vec<_> = ringing
            .into_iter()
            .map(|case| scope.spawn(move || run(sip, case)))
            .collect();
        outcomes.extend(
            threads
                .into_iter()
                .map(|thread| thread.join().expect("no case panics")),
        );
    });
    let faults: Vec<_> = outcomes
        .iter()
        .filter_map(|outcome| outcome.as_ref().err().cloned())
        .collect();
    let slowest = outcomes
        .iter()
        .filter_map(|outcome| outcome.as_ref().ok())
        .max()
        .copied();
    let growth = bridge.memory().saturating_sub(before);
    eprintln!(
        "{} cases; slowest OPTIONS {slowest:?}; grown by {growth} MiB",
        outcomes.len()
    );
    assert!(
        faults.is_empty(),
        "{} faults:\n{}",
        faults.len(),
        faults.join("\n")
    );
    assert!(slowest < Some(ANSWERED), "the slowest OPTIONS took {slowest:?}");
    assert!(growth < GROWTH, "grown by {growth} MiB");
}
