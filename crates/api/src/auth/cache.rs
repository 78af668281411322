//! Credentials that have been verified, as keyed hashes: a hit costs microseconds, and the memory holds nothing to log in with.

use std::collections::HashMap;

use blake2::Blake2sMac256;
use blake2::digest::{CtOutput, KeyInit, Mac};

use super::basic::Credentials;

/// Most logins remembered.
const LOGINS_MAX: usize = 10_000;

type Tag = CtOutput<Blake2sMac256>;

/// Verified credentials, by login.
pub(crate) struct Cache {
    key: [u8; 32],
    tags: HashMap<String, Tag>,
}

impl Cache {
    /// An empty cache; `key` must be random and of this process alone.
    pub(crate) fn new(key: [u8; 32]) -> Self {
        Self {
            key,
            tags: HashMap::new(),
        }
    }

    /// Whether these credentials were verified against this `stored` hash before. Compares in constant time.
    pub(crate) fn knows(&self, credentials: &Credentials, stored: &str) -> bool {
        let tag = self.tag(credentials, stored);
        self.tags
            .get(&credentials.login)
            .is_some_and(|known| *known == tag)
    }

    /// Remembers credentials that have just been verified against `stored`; a new password or hash takes their place. How many others were
    /// forgotten for it.
    pub(crate) fn keep(&mut self, credentials: &Credentials, stored: &str) -> usize {
        let full = self.tags.len() >= LOGINS_MAX && !self.tags.contains_key(&credentials.login);
        let forgotten = if full { self.tags.drain().count() } else { 0 };
        let tag = self.tag(credentials, stored);
        self.tags.insert(credentials.login.clone(), tag);
        forgotten
    }

    fn tag(&self, credentials: &Credentials, stored: &str) -> Tag {
        // The key is 32 octets, which BLAKE2s takes (RFC 7693, section 2.1).
        let mut mac = Blake2sMac256::new(&self.key.into());
        for part in [&credentials.login, &credentials.password, stored] {
            mac.update(&(part.len() as u64).to_le_bytes());
            mac.update(part.as_bytes());
        }
        mac.finalize()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn credentials(login: &str, password: &str) -> Credentials {
        Credentials {
            login: login.into(),
            password: password.into(),
        }
    }

    #[test]
    fn only_what_was_verified_is_known_and_only_while_the_stored_hash_stays() {
        let mut cache = Cache::new([7; 32]);
        let good = credentials("a", "b");
        assert!(!cache.knows(&good, "hash"));
        cache.keep(&good, "hash");
        assert!(cache.knows(&good, "hash"));
        assert!(!cache.knows(&good, "other hash"));
        for (login, password) in [("a", "c"), ("ab", ""), ("", "ab")] {
            assert!(!cache.knows(&credentials(login, password), "hash"));
        }
    }

    #[test]
    fn it_never_holds_more_than_its_bound() {
        let mut cache = Cache::new([7; 32]);
        let mut keep = |n: usize| {
            let forgotten = cache.keep(&credentials(&n.to_string(), ""), "");
            assert!(cache.tags.len() <= LOGINS_MAX);
            forgotten
        };
        assert_eq!((0..LOGINS_MAX).map(&mut keep).sum::<usize>(), 0);
        assert_eq!(keep(7), 0, "it is there already");
        assert_eq!(keep(LOGINS_MAX), LOGINS_MAX);
        assert_eq!(keep(LOGINS_MAX + 1), 0);
    }
}
