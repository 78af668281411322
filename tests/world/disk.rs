//! A real store behind a site, as the bridge's shell has one.

use std::path::Path;
use std::sync::{Arc, Mutex};

use api::{Change, Records, Scope, Unlisted};
use model::Actor;
use model::directory::{Directory, Edit, Subscriber};
use store::{AuditLine, Record, SqliteStore, Store, StoreError};

/// A store, and how many of the world's records are in it.
pub(crate) struct Disk {
    pub(crate) store: SqliteStore,
    written: Mutex<usize>,
}

impl Disk {
    /// A new store that holds this directory.
    pub(crate) async fn new(path: &Path, directory: &Directory) -> Self {
        let store = SqliteStore::open(path).await.expect("a store");
        let written = store.write(&Actor::Bridge, &edits_of(directory), 0).await;
        written.expect("the directory is good");
        Self {
            store,
            written: Mutex::new(0),
        }
    }

    /// Those of `records` that are not in the store yet; they are from now on.
    pub(crate) fn take_new(&self, records: &[Record]) -> Vec<Record> {
        let mut written = self.written.lock().expect("nobody has panicked");
        let new = records[*written..].to_vec();
        *written = records.len();
        new
    }
}

/// What makes this directory, in which subscribers come behind those above them, as the demo's do.
fn edits_of(directory: &Directory) -> Vec<Edit> {
    // Groups that are lent to subscribers are there only when their owners are.
    let bare = |subscriber: &Arc<Subscriber>| Subscriber {
        did_group_references: Vec::new(),
        ..Subscriber::clone(subscriber)
    };
    let owners = directory.subscribers().map(bare).map(Edit::PutSubscriber);
    let groups = directory.groups().map(|group| Edit::PutGroup((**group).clone()));
    let dids = directory.dids().map(|did| Edit::PutDid((**did).clone()));
    let rooms = directory.rooms().map(|room| Edit::PutRoom((**room).clone()));
    let lent = directory.subscribers().map(|subscriber| (**subscriber).clone());
    let all = owners.chain(groups).chain(dids).chain(rooms);
    all.chain(lent.map(Edit::PutSubscriber)).collect()
}

/// The scope as the store has it.
pub(crate) fn tenants(scope: &Scope) -> store::Scope {
    let (first, others) = scope.sids().split_first().expect("a scope is never empty");
    store::Scope::of(first.clone(), others.iter().cloned()).and_unowned(scope.has_unowned())
}

/// What was read, as the API has it.
pub(crate) fn page<R>(found: Result<store::Records<R>, StoreError>) -> Result<Records<R>, Unlisted> {
    let store::Records { page, total } = found.map_err(|_| Unlisted::Unavailable)?;
    Ok(Records { page, total })
}

/// A line of the audit as the API has it.
pub(crate) fn change(line: AuditLine) -> Change {
    Change {
        id: line.id,
        at_ms: line.at_ms,
        actor: line.actor,
        action: line.action,
        object: line.object,
    }
}
