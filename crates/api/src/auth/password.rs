//! Password hashes: argon2id in PHC form.

use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{CustomizedPasswordHasher, PasswordVerifier};
use argon2::{Argon2, Params};

/// A hash of nobody's password, of the same cost as those of [`hash_password`]: what an unknown login is checked against.
pub(crate) const NOBODY: &str =
    "$argon2id$v=19$m=19456,t=2,p=1$bm9ib2R5IG5vYm9keQ$bm9ib2R5J3MgcGFzc3dvcmQsIDMyIG9jdGV0cyEhISE";

/// The argon2id hash of `password` to keep in a subscriber (19 MiB, two passes: OWASP's first choice); `salt` must be random.
pub fn hash_password(password: &str, salt: [u8; 16]) -> String {
    let params = Params::default();
    let hash = Argon2::default().hash_password_with_params(password.as_bytes(), &salt, params);
    hash.map(|hash| hash.to_string()).unwrap_or_default()
}

/// Whether `password` is the one that was hashed. Takes tens of milliseconds by design.
pub(crate) fn verify(password: &str, hash: &str) -> bool {
    let parsed = PasswordHash::new(hash);
    let good = parsed.is_ok_and(|hash| {
        Argon2::default()
            .verify_password(password.as_bytes(), &hash)
            .is_ok()
    });
    good && hash != NOBODY
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_verifies_its_password_and_no_other() {
        let hash = hash_password("secret", *b"0123456789abcdef");
        assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"));
        assert!(verify("secret", &hash));
        assert!(!verify("Secret", &hash) && !verify("", &hash));
        assert!(!verify("", "") && !verify("secret", "secret"));
    }

    #[test]
    fn nobody_costs_as_much_as_anybody() {
        let cost = |hash: &str| PasswordHash::new(hash).unwrap().params.to_string();
        assert_eq!(cost(NOBODY), cost(&hash_password("x", [0; 16])));
        let length = |hash: &str| PasswordHash::new(hash).unwrap().hash.map(|h| h.len());
        assert_eq!(length(NOBODY), length(&hash_password("x", [0; 16])));
    }
}
