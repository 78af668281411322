//! What an empty store is filled with: an administrator, and with `--demo` numbers and a room to try.

use std::path::Path;

use model::{Actor, KeyId};
use store::{IdKind, Keeper, Provisioning, Secrets, Store, WriteRefused};

use super::backend::now_ms;
use super::credentials::{self, Credential};

/// The account that every store begins with.
const ADMINISTRATOR: &str = r#"
[[subscribers]]
sid = "00000000-0000-4000-8000-000000000001"
login = "admin"
firstName = "Partyline"
lastName = "Administrator"
role = 1
"#;
const DEMO: &str = include_str!("../../../../configs/demo.toml");
/// More access codes than the demo has.
const KEYS: u64 = 100;

/// Makes passwords and remembers them for the file.
#[derive(Default)]
struct Made(Vec<Credential>);

impl Secrets for Made {
    fn password_hash(&mut self, login: &str, given: Option<&str>) -> Result<String, String> {
        let password = given.map_or_else(credentials::password, |given| Ok(given.to_owned()))?;
        let hash = credentials::hash(&password)?;
        let login = login.to_owned();
        self.0.push(Credential { login, password });
        Ok(hash)
    }

    fn token(&mut self) -> String {
        format!("{:016x}{:016x}", random(), random())
    }
}

fn random() -> u64 {
    getrandom::u64().expect("the system has randomness once it has started")
}

/// Fills an empty store; one that holds anything is left alone.
pub(super) async fn fill(store: &dyn Store, keeper: &Keeper, data: &Path, demo: bool) -> Result<(), String> {
    if keeper.directory().subscribers().next().is_some() {
        return Ok(());
    }
    let keys = store
        .reserve(IdKind::Key, KEYS)
        .await
        .map_err(|error| error.to_string())?;
    let mut made = Made::default();
    let provisioning = Provisioning {
        now_ms: now_ms(),
        first_key: KeyId(keys.start),
        secrets: &mut made,
    };
    let text = if demo { DEMO } else { ADMINISTRATOR };
    let edits = provisioning.read(text).map_err(|problems| {
        let lines: Vec<_> = problems.iter().map(ToString::to_string).collect();
        format!("the built-in objects: {}", lines.join("; "))
    })?;
    // The file first: a crash in between leaves passwords that open nothing, never accounts that nobody can open.
    credentials::write(data, &made.0)?;
    match keeper.fill(Actor::Bridge, edits, now_ms()).await {
        Ok(_) | Err(WriteRefused::NotEmpty) => Ok(()),
        Err(error) => Err(error.to_string()),
    }
}
