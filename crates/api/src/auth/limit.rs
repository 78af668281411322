//! How often credentials may be wrong: ten times a minute for one login from one source, sixty for one source.

use std::collections::HashMap;
use std::hash::Hash;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use model::host;

use super::turns::Blame;

/// Wrong tries a minute for one login from one source.
const PER_LOGIN: i64 = 10;
/// Wrong tries a minute from one source, whatever the logins.
const PER_SOURCE: i64 = 60;
/// Most logins or sources remembered.
const ENTRIES_MAX: usize = 10_000;
const MINUTE_MS: i64 = 60_000;

/// Counts wrong credentials.
#[derive(Default)]
pub(crate) struct Limiter {
    logins: Buckets<(String, IpAddr)>,
    sources: Buckets<IpAddr>,
    /// Whole networks are never refused; they only wait behind others.
    networks: Buckets<IpAddr>,
}

impl Limiter {
    /// Seconds to wait before `login` may be tried from `source`, 0 when it may now.
    pub(crate) fn wait_s(&self, login: &str, source: IpAddr, now_ms: i64) -> u64 {
        let source = host(source);
        let login = self
            .logins
            .wait_ms(&(login.to_owned(), source), PER_LOGIN, now_ms);
        let source = self.sources.wait_ms(&source, PER_SOURCE, now_ms);
        u64::try_from(login.max(source)).unwrap_or(0).div_ceil(1000)
    }

    /// Counts one wrong try. How many of others were forgotten for it before their minute was over.
    pub(crate) fn failed(&mut self, login: &str, source: IpAddr, now_ms: i64) -> usize {
        let source = host(source);
        let forgotten = [
            self.logins.take((login.to_owned(), source), PER_LOGIN, now_ms),
            self.sources.take(source, PER_SOURCE, now_ms),
            self.networks.take(neighbourhood(source), PER_SOURCE, now_ms),
        ];
        forgotten.into_iter().sum()
    }

    /// How often `source` and its network were wrong in the last minute.
    pub(crate) fn blame(&self, source: IpAddr, now_ms: i64) -> Blame {
        let source = host(source);
        Blame {
            own: self.sources.tries(&source, PER_SOURCE, now_ms),
            near: self.networks.tries(&neighbourhood(source), PER_SOURCE, now_ms),
        }
    }
}

/// The network around a source, of which one attacker may own many addresses: a /24, or a /48 of IPv6.
pub(crate) fn neighbourhood(source: IpAddr) -> IpAddr {
    match source.to_canonical() {
        IpAddr::V4(address) => Ipv4Addr::from_bits(address.to_bits() & !0xff).into(),
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() & !(u128::MAX >> 48)).into(),
    }
}

/// Leaky buckets. Each is kept as the time at which it is empty again: one try costs a minute divided by the rate.
struct Buckets<K>(HashMap<K, i64>);

impl<K> Default for Buckets<K> {
    fn default() -> Self {
        Self(HashMap::new())
    }
}

impl<K: Eq + Hash> Buckets<K> {
    fn wait_ms(&self, key: &K, per_minute: i64, now_ms: i64) -> i64 {
        (self.level(key, now_ms) - (MINUTE_MS - MINUTE_MS / per_minute)).max(0)
    }

    /// Tries that have not leaked out yet.
    fn tries(&self, key: &K, per_minute: i64, now_ms: i64) -> u32 {
        let tries = self.level(key, now_ms) as u64;
        u32::try_from(tries.div_ceil((MINUTE_MS / per_minute) as u64)).unwrap_or(u32::MAX)
    }

    /// Until the bucket is empty, in ms.
    fn level(&self, key: &K, now_ms: i64) -> i64 {
        let empty_at = self.0.get(key).copied().unwrap_or(now_ms);
        // A clock that was set back must not lock anybody out for longer than a full bucket takes.
        empty_at.saturating_sub(now_ms).clamp(0, MINUTE_MS)
    }

    /// How many were forgotten that were not empty yet.
    fn take(&mut self, key: K, per_minute: i64, now_ms: i64) -> usize {
        if self.0.len() >= ENTRIES_MAX {
            self.0.retain(|_, empty_at| *empty_at > now_ms);
        }
        let before = self.0.len();
        if before >= ENTRIES_MAX && !self.0.contains_key(&key) {
            self.forget_oldest();
        }
        let forgotten = before - self.0.len();
        let empty_at = self.0.entry(key).or_insert(now_ms);
        let level = empty_at.saturating_sub(now_ms).clamp(0, MINUTE_MS);
        *empty_at = now_ms + (level + MINUTE_MS / per_minute).min(MINUTE_MS);
        forgotten
    }

    /// Makes room by dropping the tenth that is empty soonest, so that a flood pays for one scan in a thousand tries.
    fn forget_oldest(&mut self) {
        let mut times: Vec<_> = self.0.values().copied().collect();
        let (_, &mut edge, _) = times.select_nth_unstable(ENTRIES_MAX / 10);
        self.0.retain(|_, empty_at| *empty_at > edge);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HERE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 1));
    const THERE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 2));

    #[test]
    fn the_eleventh_wrong_try_within_a_minute_waits_and_others_do_not() {
        let mut limiter = Limiter::default();
        for _ in 0..10 {
            assert_eq!(limiter.wait_s("a", HERE, 0), 0);
            limiter.failed("a", HERE, 0);
        }
        assert_eq!(limiter.wait_s("a", HERE, 0), 6);
        assert_eq!(limiter.wait_s("a", HERE, 5_001), 1);
        assert_eq!(limiter.wait_s("a", HERE, 6_000), 0);
        assert_eq!(limiter.wait_s("a", THERE, 0), 0);
        assert_eq!(limiter.wait_s("b", HERE, 0), 0);
        assert!(
            limiter.wait_s("a", HERE, -1_000_000) <= 60,
            "the clock was set back"
        );
    }

    #[test]
    fn one_source_with_many_logins_waits_too() {
        let mut limiter = Limiter::default();
        let forgotten: usize = (0..60).map(|n| limiter.failed(&n.to_string(), HERE, 0)).sum();
        assert_eq!(forgotten, 0);
        assert!(limiter.wait_s("another", HERE, 0) > 0);
        assert_eq!(limiter.wait_s("another", THERE, 0), 0);
    }

    #[test]
    fn blame_falls_on_the_source_and_its_network_and_fades() {
        let mut limiter = Limiter::default();
        for _ in 0..3 {
            limiter.failed("a", HERE, 0);
        }
        assert_eq!(limiter.blame(HERE, 0), Blame { own: 3, near: 3 });
        assert_eq!(limiter.blame(THERE, 0), Blame { own: 0, near: 3 });
        assert_eq!(
            limiter.blame("198.51.100.1".parse().unwrap(), 0),
            Blame::default()
        );
        assert_eq!(limiter.blame(HERE, 2_500), Blame { own: 1, near: 1 });
        assert_eq!(limiter.blame(HERE, 3_000), Blame::default());
        limiter.failed("a", "2001:db8::1".parse().unwrap(), 0);
        let near = limiter.blame("2001:db8:0:7::1".parse().unwrap(), 0);
        assert_eq!(near, Blame { own: 0, near: 1 });
    }

    #[test]
    fn a_host_can_not_hide_in_its_own_network() {
        let mut limiter = Limiter::default();
        for n in 0..10 {
            limiter.failed("a", format!("2001:db8::{n}").parse().unwrap(), 0);
        }
        assert!(limiter.wait_s("a", "2001:db8::ffff".parse().unwrap(), 0) > 0);
        assert_eq!(limiter.wait_s("a", "2001:db8:0:1::1".parse().unwrap(), 0), 0);
    }

    #[test]
    fn a_flood_of_logins_stays_within_the_bound_and_keeps_the_latest() {
        let (mut limiter, mut forgotten) = (Limiter::default(), 0);
        for n in 0..25_000u32 {
            let source = IpAddr::V4(n.into());
            forgotten += limiter.failed("a", source, i64::from(n) / 1000);
            assert!(limiter.logins.0.len() <= ENTRIES_MAX);
        }
        let kept = limiter.logins.0.len() + limiter.sources.0.len();
        assert_eq!(forgotten, 2 * 25_000 - kept);
        assert!(
            limiter
                .logins
                .0
                .contains_key(&("a".to_owned(), IpAddr::V4(24_999.into())))
        );
    }
}
