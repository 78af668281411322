//! Logins made at first start, kept for the operator in `credentials.toml` (mode 0600).

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::whole_file::{self, PRIVATE};

/// One login with the password it was given.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Credential {
    /// Name to log in with.
    pub login: String,
    /// Its password; only here and, hashed, in the store.
    pub password: String,
}

impl fmt::Debug for Credential {
    /// Without the password, which no log is to hold.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credential")
            .field("login", &self.login)
            .finish_non_exhaustive()
    }
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
            let file = toml::from_str::<File>(&text);
            let file = file.map_err(|error| format!("{}: {}", path.display(), place(&error)))?;
            Ok(file.credential)
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => Err(format!("{}: {error}", path.display())),
    }
}

/// Where something is wrong; the lines behind that show the file, and with it a password.
fn place(error: &toml::de::Error) -> String {
    let told = error.to_string();
    told.lines().next().unwrap_or_default().to_owned()
}

/// Notes logins; a crash leaves the old file or the new one.
pub(crate) fn write(data: &Path, credential: &[Credential]) -> Result<(), String> {
    let path = path(data);
    let fail = |error: &dyn std::fmt::Display| format!("{}: {error}", path.display());
    let credential = credential.to_vec();
    let text = toml::to_string(&File { credential }).map_err(|error| fail(&error))?;
    whole_file::write(&path, &format!("{HEAD}{text}"), PRIVATE).map_err(|error| fail(&error))
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
        assert!(!format!("{made:?}").contains(&made[0].password));
        let mode = fs::metadata(path(&folder)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        fs::remove_dir_all(&folder).unwrap();
    }

    #[test]
    fn a_file_that_cannot_be_read_is_told_by_its_place_and_without_a_password() {
        let folder = tempfile::tempdir().unwrap();
        for (written, line) in [
            ("password = 12345678\nlogin = \"demo\"", "line 2"),
            ("login = \"demo\"\npassword = \"12345678", "line "),
            ("login = \"demo\"\npasword = \"12345678\"", ""),
        ] {
            fs::write(path(folder.path()), format!("[[credential]]\n{written}\n")).unwrap();
            let told = read(folder.path()).unwrap_err();
            assert!(
                told.contains("credentials.toml: ") && told.contains(line),
                "{told}"
            );
            assert!(!told.contains("12345678"), "{told}");
        }
    }

    #[test]
    fn hashes_are_argon2id_and_salted() {
        let (one, other) = (hash("secret").unwrap(), hash("secret").unwrap());
        assert!(one.starts_with("$argon2id$") && one != other);
    }
}
