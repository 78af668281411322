//! Whose password is checked next: two at a time, one a source, and those that were right or silent before those that were wrong.

use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use model::host;
use tokio::sync::oneshot;

use super::limit::neighbourhood;
use super::password::Verifier;

/// Passwords checked at once; each takes 19 MiB and a core for tens of milliseconds.
const CHECKS_MAX: usize = 2;
/// Requests that may wait: about what is checked while one waits for its turn.
const WAITING_MAX: usize = 256;

/// How often a source and those near it were wrong lately.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Blame {
    /// Wrong tries of the source.
    pub(crate) own: u32,
    /// Wrong tries of the network it is in.
    pub(crate) near: u32,
}

/// Place in the queue: less comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Rank {
    blame: Blame,
    /// Requests of the same source that were there already.
    behind_own: usize,
    arrival: u64,
}

struct Waiter {
    source: IpAddr,
    near: IpAddr,
    rank: Rank,
    call: oneshot::Sender<Turn>,
}

#[derive(Default)]
struct State {
    arrivals: u64,
    waiting: Vec<Waiter>,
    /// Sources whose password is being checked.
    checking: Vec<IpAddr>,
    /// Verifiers not in use; no more than [`CHECKS_MAX`] are ever made.
    verifiers: Vec<Verifier>,
}

/// The queue before the verifiers.
#[derive(Clone, Default)]
pub(crate) struct Turns(Arc<Mutex<State>>);

/// The right to check one password; given back when dropped.
pub(crate) struct Turn {
    turns: Turns,
    source: IpAddr,
    verifier: Verifier,
}

impl Turns {
    /// Queues a request of `source`. The answer comes with its turn, and is cut off when the queue is full of better ones.
    pub(crate) fn wait(&self, source: IpAddr, blame: Blame) -> oneshot::Receiver<Turn> {
        let (call, called) = oneshot::channel();
        {
            let mut state = self.state();
            state.forget_gone();
            state.arrivals += 1;
            let source = host(source);
            let rank = Rank {
                blame,
                behind_own: state.requests_of(source),
                arrival: state.arrivals,
            };
            let near = neighbourhood(source);
            state.waiting.push(Waiter {
                source,
                near,
                rank,
                call,
            });
            state.shed();
        }
        self.call_next();
        called
    }

    /// Has every request of this source, and of the network around it, wait behind others.
    fn blame(&self, source: IpAddr) {
        let near = neighbourhood(source);
        for waiter in &mut self.state().waiting {
            waiter.rank.blame.own += u32::from(waiter.source == source);
            waiter.rank.blame.near += u32::from(waiter.near == near);
        }
    }

    /// Gives free verifiers to those who come first.
    fn call_next(&self) {
        loop {
            let Some((waiter, verifier)) = self.state().start() else {
                return;
            };
            let turn = Turn {
                turns: self.clone(),
                source: waiter.source,
                verifier,
            };
            // Whoever has stopped waiting drops its turn right here, with the lock free.
            drop(waiter.call.send(turn));
        }
    }

    /// What the verifiers that are not in use have computed so far.
    #[cfg(test)]
    pub(crate) fn computed(&self) -> Vec<String> {
        let state = self.state();
        let computed = state.verifiers.iter().map(|verifier| verifier.computed.clone());
        computed.flatten().collect()
    }

    /// Whole after every statement, so a panic elsewhere leaves nothing half done.
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn start(&mut self) -> Option<(Waiter, Verifier)> {
        self.forget_gone();
        if self.checking.len() >= CHECKS_MAX {
            return None;
        }
        let waiting = self.waiting.iter().enumerate();
        let (first, _) = waiting
            .filter(|(_, waiter)| !self.checking.contains(&waiter.source))
            .min_by_key(|(_, waiter)| waiter.rank)?;
        let waiter = self.waiting.swap_remove(first);
        self.checking.push(waiter.source);
        Some((waiter, self.verifiers.pop().unwrap_or_default()))
    }

    fn requests_of(&self, source: IpAddr) -> usize {
        let waiting = self.waiting.iter().map(|waiter| waiter.source);
        waiting
            .chain(self.checking.iter().copied())
            .filter(|other| *other == source)
            .count()
    }

    fn forget_gone(&mut self) {
        self.waiting.retain(|waiter| !waiter.call.is_closed());
    }

    /// Sends the last in rank away when there are too many, who may be the one that came just now.
    fn shed(&mut self) {
        if self.waiting.len() <= WAITING_MAX {
            return;
        }
        let waiting = self.waiting.iter().enumerate();
        if let Some((last, _)) = waiting.max_by_key(|(_, waiter)| waiter.rank) {
            self.waiting.swap_remove(last);
        }
    }
}

impl Turn {
    /// What to check with.
    pub(crate) fn verifier(&mut self) -> &mut Verifier {
        &mut self.verifier
    }

    /// The password was wrong.
    pub(crate) fn was_wrong(self) {
        self.turns.blame(self.source);
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        {
            let mut state = self.turns.state();
            state.verifiers.push(std::mem::take(&mut self.verifier));
            state.checking.retain(|source| *source != self.source);
        }
        self.turns.call_next();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    fn stranger(n: usize) -> IpAddr {
        IpAddr::from([198, 51, (n / 200) as u8, (n % 200) as u8])
    }

    /// Everybody who has a turn now, with it.
    fn called(waiting: &mut Vec<(IpAddr, oneshot::Receiver<Turn>)>) -> Vec<Turn> {
        let mut turns = vec![];
        waiting.retain_mut(|(_, called)| match called.try_recv() {
            Ok(turn) => {
                turns.push(turn);
                false
            }
            Err(_) => true,
        });
        turns
    }

    #[test]
    fn two_are_checked_at_a_time_and_one_of_a_source() {
        let turns = Turns::default();
        let mut waiting: Vec<_> = ["192.0.2.1", "192.0.2.1", "192.0.2.2", "192.0.2.3"]
            .map(|source| (ip(source), turns.wait(ip(source), Blame::default())))
            .into();
        let mut first = called(&mut waiting);
        assert_eq!(sources(&first), [ip("192.0.2.1"), ip("192.0.2.2")]);
        assert!(called(&mut waiting).is_empty());
        drop(first.remove(0));
        let second = called(&mut waiting);
        assert_eq!(sources(&second), [ip("192.0.2.3")], "the one that asked once");
        drop(first);
        assert_eq!(sources(&called(&mut waiting)), [ip("192.0.2.1")]);
        drop(second);
        assert!(turns.state().verifiers.len() <= CHECKS_MAX);
    }

    fn sources(turns: &[Turn]) -> Vec<IpAddr> {
        turns.iter().map(|turn| turn.source).collect()
    }

    #[test]
    fn who_guesses_waits_behind_who_does_not() {
        let turns = Turns::default();
        let mut waiting: Vec<_> = (0..200)
            .map(|n| (stranger(n), turns.wait(stranger(n), Blame::default())))
            .collect();
        let mut checks = called(&mut waiting);
        let honest = ip("192.0.2.1");
        waiting.push((honest, turns.wait(honest, Blame::default())));
        checks.remove(0).was_wrong();
        assert_eq!(sources(&called(&mut waiting)), [honest]);
    }

    #[test]
    fn a_full_queue_turns_away_the_worst_and_not_the_newest() {
        let turns = Turns::default();
        let guilty = Blame { own: 3, near: 3 };
        let mut waiting: Vec<_> = (0..WAITING_MAX + 20)
            .map(|n| (stranger(n), turns.wait(stranger(n), guilty)))
            .collect();
        let checks = called(&mut waiting);
        assert_eq!(turns.state().waiting.len(), WAITING_MAX);
        let mut called_off = turns.wait(stranger(900), guilty);
        assert!(
            called_off
                .try_recv()
                .is_err_and(|e| e == oneshot::error::TryRecvError::Closed)
        );
        let honest = ip("192.0.2.1");
        waiting.push((honest, turns.wait(honest, Blame::default())));
        assert_eq!(turns.state().waiting.len(), WAITING_MAX);
        drop(checks);
        assert!(sources(&called(&mut waiting)).contains(&honest));
    }

    #[test]
    fn many_requests_of_one_source_do_not_hold_up_one_of_another() {
        let turns = Turns::default();
        let (busy, other) = (ip("192.0.2.1"), ip("198.51.100.1"));
        let mut waiting: Vec<_> = (0..50)
            .map(|_| (busy, turns.wait(busy, Blame::default())))
            .collect();
        waiting.push((other, turns.wait(other, Blame::default())));
        assert_eq!(sources(&called(&mut waiting)), [busy, other]);
    }

    #[test]
    fn who_stops_waiting_gives_up_its_turn() {
        let turns = Turns::default();
        let mut waiting: Vec<_> = (0..4)
            .map(|n| (stranger(n), turns.wait(stranger(n), Blame::default())))
            .collect();
        let unread = waiting.remove(0);
        waiting.remove(1);
        drop(unread);
        assert_eq!(sources(&called(&mut waiting)), [stranger(1), stranger(3)]);
    }
}
