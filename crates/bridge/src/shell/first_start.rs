//! What an empty store is filled with: an administrator, with `--demo` numbers and a room to try, with `--provision` what a file says.

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
/// What the store is to be filled with.
pub(super) enum Filling {
    /// An administrator and nothing else.
    Administrator,
    /// Numbers and a room to try.
    Demo,
    /// The text of a file of the operator's.
    File(String),
}

impl Filling {
    /// As the options say.
    ///
    /// # Errors
    /// A file that cannot be read.
    pub(super) fn chosen(demo: bool, file: Option<&Path>) -> Result<Self, String> {
        match file {
            Some(path) => std::fs::read_to_string(path)
                .map(Self::File)
                .map_err(|error| format!("{}: {error}", path.display())),
            None if demo => Ok(Self::Demo),
            None => Ok(Self::Administrator),
        }
    }

    fn text(&self) -> &str {
        match self {
            Self::Administrator => ADMINISTRATOR,
            Self::Demo => DEMO,
            Self::File(text) => text,
        }
    }

    const fn name(&self) -> &'static str {
        match self {
            Self::Administrator | Self::Demo => "the built-in objects",
            Self::File(_) => "the file of --provision",
        }
    }

    /// Whether somebody asked for it.
    const fn is_asked_for(&self) -> bool {
        match self {
            Self::Administrator => false,
            Self::Demo | Self::File(_) => true,
        }
    }

    /// Most access codes it can have: a code takes more bytes than 4.
    fn keys(&self) -> u64 {
        self.text().len() as u64 / 4 + 1
    }
}

/// What became of an empty store.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Filled {
    /// Logins whose passwords were made now.
    pub(super) made: Vec<Credential>,
    /// What who asked for more should know.
    pub(super) remark: Option<String>,
}

/// Makes passwords and remembers them for the file; one that was given is known to who gave it.
#[derive(Default)]
struct Made(Vec<Credential>);

impl Secrets for Made {
    fn password_hash(&mut self, login: &str, given: Option<&str>) -> Result<String, String> {
        if let Some(given) = given {
            return credentials::hash(given);
        }
        let (login, password) = (login.to_owned(), credentials::password()?);
        let hash = credentials::hash(&password)?;
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

/// Fills an empty store; one that holds anything is left alone, and that is said where somebody asked for more.
pub(super) async fn fill(
    store: &dyn Store,
    keeper: &Keeper,
    data: &Path,
    filling: &Filling,
) -> Result<Filled, String> {
    if keeper.directory().subscribers().next().is_some() {
        let ignored = format!(
            "The store in {} is not empty: nothing was added to it. Use another folder with --data.",
            data.display()
        );
        return Ok(Filled {
            remark: filling.is_asked_for().then_some(ignored),
            ..Filled::default()
        });
    }
    let keys = store
        .reserve(IdKind::Key, filling.keys())
        .await
        .map_err(|error| error.to_string())?;
    let mut made = Made::default();
    let provisioning = Provisioning {
        now_ms: now_ms(),
        first_key: KeyId(keys.start),
        secrets: &mut made,
    };
    let edits = provisioning.read(filling.text()).map_err(|problems| {
        let lines: Vec<_> = problems.iter().map(ToString::to_string).collect();
        format!("{}: {}", filling.name(), lines.join("\n  "))
    })?;
    // The file first: a crash in between leaves passwords that open nothing, never accounts that nobody can open.
    if !made.0.is_empty() {
        credentials::write(data, &made.0)?;
    }
    match keeper.fill(Actor::Bridge, edits, now_ms()).await {
        Ok(_) => Ok(Filled {
            made: made.0,
            remark: None,
        }),
        Err(WriteRefused::NotEmpty) => Ok(Filled::default()),
        Err(error) => Err(error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use store::SqliteStore;

    #[test]
    fn an_empty_store_is_filled_once_and_who_asks_again_is_told() {
        let data = tempfile::tempdir().unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        runtime.block_on(async {
            let store = std::sync::Arc::new(SqliteStore::open(&data.path().join("a.db")).await.unwrap());
            let (keeper, keeping) = Keeper::open(store.clone(), 4).await.unwrap();
            tokio::spawn(keeping.run());
            let bad = Filling::File("x = 1".to_owned());
            let error = fill(&*store, &keeper, data.path(), &bad).await.unwrap_err();
            assert!(error.contains("--provision: line 1, column 1: x"), "{error}");
            let own = Filling::File(DEMO.to_owned());
            let filled = fill(&*store, &keeper, data.path(), &own).await.unwrap();
            assert_eq!(filled.made, credentials::read(data.path()).unwrap());
            assert_eq!(filled.made.len(), 2);
            assert_eq!(keeper.directory().dids().count(), 2);
            let again = fill(&*store, &keeper, data.path(), &Filling::Demo).await.unwrap();
            assert!(again.remark.is_some_and(|remark| remark.contains("not empty")));
            let plain = fill(&*store, &keeper, data.path(), &Filling::Administrator).await;
            assert_eq!(plain, Ok(Filled::default()));
        });
    }
}
