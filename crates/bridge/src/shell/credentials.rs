//! Logins made at first start, kept for the operator in `credentials.toml` (mode 0600).

use std::fs;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

/// One login with the password it was given.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Credential {
    /// Name to log in with.
    pub login: String,
    /// Its password; only here and, hashed, in the store.
    pub password: String,
}

#[derive(Default, Serialize, Deserialize)]
struct File {
    #[serde(default)]
    credential: Vec<Credential>,
}

const HEAD: &str = "# Logins that partyline made at first start. The store keeps only hashes; delete this file once you have noted them.\n\n";

/// Where the file of a data folder is.
pub(crate) fn path(data: &Path) -> PathBuf {
    data.join("credentials.toml")
}

/// The logins noted so far; none when there is no file.
pub(crate) fn read(data: &Path) -> Result<Vec<Credential>, String> {
    let path = path(data);
    match fs::read_to_string(&path) {
        Ok(text) => {
            let file: File = toml::from_str(&text).map_err(|error| format!("{}: {error}", path.display()))?;
            Ok(file.credential)
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => Err(format!("{}: {error}", path.display())),
    }
}

/// Notes logins; written whole under another name first, so that a crash leaves the old file or the new one.
pub(crate) fn write(data: &Path, credential: &[Credential]) -> Result<(), String> {
    let path = path(data);
    let fail = |error: &dyn std::fmt::Display| format!("{}: {error}", path.display());
    let credential = credential.to_vec();
    let text = toml::to_string(&File { credential }).map_err(|error| fail(&error))?;
    let new = path.with_extension("toml.new");
    let mut options = fs::OpenOptions::new();
    let open = options
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(&new);
    open.and_then(|mut file| {
        file.write_all(HEAD.as_bytes())?;
        file.write_all(text.as_bytes())?;
        file.sync_all()
    })
    .and_then(|()| fs::rename(&new, &path))
    .map_err(|error| fail(&error))
}

/// A password of 20 letters and digits that nobody mistakes for each other: 100 bits or so.
pub(crate) fn password() -> Result<String, String> {
    const LETTERS: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";
    let mut random = [0; 20];
    getrandom::fill(&mut random).map_err(|error| format!("no randomness from the system: {error}"))?;
    Ok(random
        .iter()
        .map(|byte| char::from(LETTERS[usize::from(byte % 32)]))
        .collect())
}

/// The Argon2id hash of a password, in PHC form.
pub(crate) fn hash(password: &str) -> Result<String, String> {
    let mut salt = [0; 16];
    getrandom::fill(&mut salt).map_err(|error| format!("no randomness from the system: {error}"))?;
    Ok(api::hash_password(password, salt))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn logins_are_read_back_and_nobody_else_may_read_them() {
        let folder = std::env::temp_dir().join(format!("partyline-credentials-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        assert_eq!(read(&folder).unwrap(), []);
        let made = [Credential {
            login: "admin".into(),
            password: password().unwrap(),
        }];
        write(&folder, &made).unwrap();
        assert_eq!(read(&folder).unwrap(), made);
        let mode = fs::metadata(path(&folder)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        fs::remove_dir_all(&folder).unwrap();
    }

    #[test]
    fn hashes_are_argon2id_and_salted() {
        let (one, other) = (hash("secret").unwrap(), hash("secret").unwrap());
        assert!(one.starts_with("$argon2id$") && one != other);
    }
}
