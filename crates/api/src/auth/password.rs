//! Password hashes: argon2id in PHC form.

use std::sync::Arc;

use argon2::password_hash::phc::{Output, PasswordHash, Salt};
use argon2::{Algorithm, Argon2, Block, Params, Version};
use tokio::sync::Mutex;

use crate::error::ApiError;

/// A hash of nobody's password, of the same cost as those of [`hash_password`]: what an unknown login is checked against.
pub(crate) const NOBODY: &str =
    "$argon2id$v=19$m=19456,t=2,p=1$bm9ib2R5IG5vYm9keQ$bm9ib2R5J3MgcGFzc3dvcmQsIDMyIG9jdGV0cyEhISE";

/// The argon2id hash of `password` to keep in a subscriber (19 MiB, two passes: OWASP's first choice); `salt` must be random.
pub fn hash_password(password: &str, salt: [u8; 16]) -> String {
    Verifier::default().hash(password, salt).unwrap_or_default()
}

/// Hashes new passwords one after another, off the threads that answer requests.
#[derive(Clone, Default)]
pub(crate) struct Hasher(Arc<Mutex<Verifier>>);

impl Hasher {
    /// The hash of `password`; `salt` must be random.
    pub(crate) async fn hash(&self, password: String, salt: [u8; 16]) -> Result<String, ApiError> {
        let mut verifier = self.0.clone().lock_owned().await;
        let hash = tokio::task::spawn_blocking(move || verifier.hash(&password, salt));
        hash.await.ok().flatten().ok_or_else(ApiError::internal)
    }
}

/// Checks passwords one at a time, in memory that is taken once (19 MiB, at the first check) and kept: given back and taken
/// anew it would pile up in the allocator's arenas, one for each thread.
#[derive(Default)]
pub(crate) struct Verifier {
    memory: Vec<Block>,
    /// What each computation so far was of: algorithm, cost, and octets of output.
    #[cfg(test)]
    pub(crate) computed: Vec<String>,
}

impl Verifier {
    /// Whether `password` is the one that was hashed. Takes tens of milliseconds by design, as many for what is no hash at all.
    pub(crate) fn verify(&mut self, password: &str, hash: &str) -> bool {
        let parsed = PasswordHash::new(hash).or_else(|_| PasswordHash::new(NOBODY));
        let good = parsed.is_ok_and(|parsed| self.recompute(password, &parsed) == parsed.hash);
        // `NOBODY` has an output that no password is known to have; should one turn up, it opens nothing.
        good && hash != NOBODY && PasswordHash::new(hash).is_ok()
    }

    /// The hash of `password` under a fresh `salt`, at the cost of [`NOBODY`].
    fn hash(&mut self, password: &str, salt: [u8; 16]) -> Option<String> {
        let mut hash = PasswordHash::new(NOBODY).ok()?;
        hash.salt = Some(Salt::new(&salt).ok()?);
        hash.hash = Some(self.recompute(password, &hash)?);
        Some(hash.to_string())
    }

    /// What `password` hashes to under the same salt and cost; nothing when `hash` is not argon2. Outputs compare in constant time.
    fn recompute(&mut self, password: &str, hash: &PasswordHash) -> Option<Output> {
        let algorithm = Algorithm::try_from(hash.algorithm.as_str()).ok()?;
        let version = hash.version.map_or(Ok(Version::default()), Version::try_from);
        let params = Params::try_from(hash).ok()?;
        let blocks = params.block_count();
        if self.memory.len() < blocks {
            self.memory.resize(blocks, Block::default());
        }
        let mut buffer = [0; Output::MAX_LENGTH];
        let output = buffer.get_mut(..hash.hash?.len())?;
        #[cfg(test)]
        self.computed.push(format!(
            "{} {} {}",
            hash.algorithm.as_str(),
            hash.params,
            output.len()
        ));
        let argon2 = Argon2::new(algorithm, version.ok()?, params);
        let hashed = argon2.hash_password_into_with_memory(
            password.as_bytes(),
            hash.salt.as_ref()?,
            output,
            &mut self.memory,
        );
        hashed.ok().and_then(|()| Output::new(output).ok())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_verifies_its_password_and_no_other() {
        let hash = hash_password("secret", *b"0123456789abcdef");
        assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"));
        let mut verifier = Verifier::default();
        assert!(verifier.verify("secret", &hash));
        assert!(!verifier.verify("Secret", &hash) && !verifier.verify("", &hash));
        assert!(!verifier.verify("", "") && !verifier.verify("secret", "secret"));
        assert!(!verifier.verify("", NOBODY));
        assert!(
            verifier.verify("secret", &hash),
            "what was checked before leaves no trace"
        );
    }

    #[test]
    fn a_verifier_takes_its_memory_once() {
        let mut verifier = Verifier::default();
        verifier.verify("a", NOBODY);
        let (place, blocks) = (verifier.memory.as_ptr(), verifier.memory.len());
        assert_eq!(blocks, 19 * 1024);
        for hash in [NOBODY, "", &hash_password("x", [0; 16])] {
            verifier.verify("b", hash);
            assert_eq!((verifier.memory.as_ptr(), verifier.memory.len()), (place, blocks));
        }
    }

    #[test]
    fn nobody_costs_as_much_as_anybody() {
        let cost = |hash: &str| PasswordHash::new(hash).unwrap().params.to_string();
        assert_eq!(cost(NOBODY), cost(&hash_password("x", [0; 16])));
        let length = |hash: &str| PasswordHash::new(hash).unwrap().hash.map(|h| h.len());
        assert_eq!(length(NOBODY), length(&hash_password("x", [0; 16])));
    }
}
