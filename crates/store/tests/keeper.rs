//! The keeper: nobody sees an edit before it is on disk, and a refused one changes nothing.

#[path = "common/edits.rs"]
mod edits;
#[path = "common/flaky.rs"]
mod flaky;

use std::sync::Arc;
use std::sync::atomic::Ordering;

use edits::{Dice, any_edit, contents};
use flaky::Flaky;
use model::directory::{Directory, Edit, Fault};
use model::{Actor, Sid};
use store::{Keeper, Keeping, SqliteStore, StoreError, WriteRefused};
use tempfile::TempDir;
use tokio::sync::Semaphore;

async fn keeper(store: &Arc<Flaky>, queue: usize) -> (Keeper, Keeping) {
    Keeper::open(store.clone(), queue).await.unwrap()
}

/// A store whose writes wait for the test.
fn gated() -> Flaky {
    Flaky {
        gate: Semaphore::new(0),
        ..Flaky::failing(0)
    }
}

/// An edit that an empty directory accepts.
fn good() -> Edit {
    let mut dice = Dice(1);
    let accepted = |edit: &Edit| {
        matches!(edit, Edit::PutSubscriber(_)) && Directory::default().edited(edit.clone()).is_ok()
    };
    std::iter::repeat_with(|| any_edit(&mut dice))
        .find(accepted)
        .unwrap()
}

fn bad() -> Edit {
    Edit::DeleteSubscriber(Sid::new("nobody"))
}

fn count(directory: &Directory) -> usize {
    directory.subscribers().count()
}

#[tokio::test]
async fn an_edit_is_published_once_it_is_on_disk_and_not_before() {
    let store = Arc::new(gated());
    let (keeper, keeping) = keeper(&store, 4).await;
    tokio::spawn(keeping.run());
    let asking = keeper.clone();
    let asked = tokio::spawn(async move { asking.edit(Actor::Bridge, good(), 1).await });
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
    assert_eq!(count(&keeper.directory()), 0);
    store.gate.add_permits(1);
    let answered = asked.await.unwrap().unwrap();
    assert_eq!((count(&answered), count(&keeper.directory())), (1, 1));
    assert_eq!(*store.edits.lock().unwrap(), [good()]);
}

#[tokio::test]
async fn a_refused_edit_reaches_neither_disk_nor_readers() {
    let store = Arc::new(Flaky::failing(0));
    let (keeper, keeping) = keeper(&store, 4).await;
    tokio::spawn(keeping.run());
    let refused = keeper.edit(Actor::Bridge, bad(), 1).await.unwrap_err();
    assert!(matches!(refused, WriteRefused::Edit(error) if error.fault == Fault::Missing));
    let refused = keeper
        .edit_all(Actor::Bridge, vec![good(), bad()], 1)
        .await
        .unwrap_err();
    assert!(matches!(refused, WriteRefused::Edit(_)));
    assert!(store.edits.lock().unwrap().is_empty() && count(&keeper.directory()) == 0);
}

#[tokio::test]
async fn what_is_so_already_is_answered_and_not_written() {
    let store = Arc::new(Flaky::failing(0));
    let (keeper, keeping) = keeper(&store, 4).await;
    tokio::spawn(keeping.run());
    for now_ms in 1..=2 {
        let twice = vec![good(), good()];
        let answered = keeper.edit_all(Actor::Bridge, twice, now_ms).await.unwrap();
        assert_eq!(count(&answered), 1);
    }
    assert_eq!(*store.edits.lock().unwrap(), [good()]);
    assert_eq!(keeper.counts().made, 1);
}

#[tokio::test]
async fn what_may_be_on_disk_is_not_taken_for_so_before_the_disk_was_asked() {
    let store = Arc::new(Flaky::failing(0));
    let (keeper, keeping) = keeper(&store, 4).await;
    tokio::spawn(keeping.run());
    store.lies.store(true, Ordering::SeqCst);
    keeper.edit(Actor::Bridge, good(), 1).await.unwrap_err();
    assert_eq!(count(&keeper.directory()), 0);
    assert_eq!(count(&keeper.edit(Actor::Bridge, good(), 2).await.unwrap()), 1);
    assert_eq!(*store.edits.lock().unwrap(), [good()], "it was there already");
}

#[tokio::test]
async fn a_failing_disk_is_said_and_the_next_edit_goes_on() {
    let store = Arc::new(Flaky::failing(1));
    let (keeper, keeping) = keeper(&store, 4).await;
    tokio::spawn(keeping.run());
    let refused = keeper.edit(Actor::Bridge, good(), 1).await.unwrap_err();
    assert_eq!(refused, WriteRefused::Store(StoreError::Full));
    assert_eq!(count(&keeper.directory()), 0);
    assert_eq!(count(&keeper.edit(Actor::Bridge, good(), 2).await.unwrap()), 1);
}

#[tokio::test]
async fn after_a_failure_of_unknown_outcome_the_disk_tells_what_is() {
    let store = Arc::new(Flaky::failing(0));
    let (keeper, keeping) = keeper(&store, 4).await;
    tokio::spawn(keeping.run());
    store.lies.store(true, Ordering::SeqCst);
    let refused = keeper.edit(Actor::Bridge, good(), 1).await.unwrap_err();
    assert!(matches!(refused, WriteRefused::Store(StoreError::Failed(_))));
    let refused = keeper.edit(Actor::Bridge, bad(), 2).await.unwrap_err();
    assert!(matches!(refused, WriteRefused::Edit(_)));
    assert_eq!(count(&keeper.directory()), 1);
}

#[tokio::test]
async fn whoever_stops_waiting_does_not_part_memory_from_disk() {
    let store = Arc::new(gated());
    let (keeper, keeping) = keeper(&store, 4).await;
    let running = tokio::spawn(keeping.run());
    let asking = keeper.clone();
    let asked = tokio::spawn(async move { asking.edit(Actor::Bridge, good(), 1).await });
    tokio::task::yield_now().await;
    asked.abort();
    assert!(asked.await.is_err());
    store.gate.add_permits(1);
    let reader = keeper.clone();
    drop(keeper);
    let seen = reader.edit(Actor::Bridge, bad(), 2).await;
    assert!(matches!(seen, Err(WriteRefused::Edit(_))));
    assert_eq!(
        (count(&reader.directory()), store.edits.lock().unwrap().len()),
        (1, 1)
    );
    drop(reader);
    running.await.unwrap();
}

#[tokio::test]
async fn edits_beyond_the_bound_are_turned_away_and_counted() {
    let store = Arc::new(gated());
    let (keeper, keeping) = keeper(&store, 1).await;
    // Not running: what is asked stays in the queue.
    let asking = keeper.clone();
    let asked = tokio::spawn(async move { asking.edit(Actor::Bridge, good(), 1).await });
    tokio::task::yield_now().await;
    assert_eq!(
        keeper.edit(Actor::Bridge, good(), 1).await.unwrap_err(),
        WriteRefused::Busy
    );
    let counts = keeper.counts();
    assert_eq!((counts.turned_away, counts.waiting, counts.made), (1, 1, 0));
    drop(keeping);
    assert_eq!(asked.await.unwrap().unwrap_err(), WriteRefused::Unanswered);
    assert_eq!(
        keeper.edit(Actor::Bridge, good(), 1).await.unwrap_err(),
        WriteRefused::Closed
    );
}

#[tokio::test]
async fn only_an_empty_directory_is_filled() {
    let store = Arc::new(Flaky::failing(0));
    let (keeper, keeping) = keeper(&store, 4).await;
    tokio::spawn(keeping.run());
    assert_eq!(
        count(&keeper.fill(Actor::Bridge, vec![good()], 1).await.unwrap()),
        1
    );
    let refused = keeper.fill(Actor::Bridge, vec![good()], 1).await.unwrap_err();
    assert_eq!(refused, WriteRefused::NotEmpty);
}

#[tokio::test]
async fn edits_of_many_at_once_end_on_disk_as_they_are_in_memory() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("store.db");
    let store = Arc::new(SqliteStore::open(&path).await.unwrap());
    let (keeper, keeping) = Keeper::open(store.clone(), 1000).await.unwrap();
    let running = tokio::spawn(keeping.run());
    let users: Vec<_> = (0..4)
        .map(|user| {
            let keeper = keeper.clone();
            tokio::spawn(async move {
                let mut dice = Dice(user);
                for now_ms in 0..60 {
                    let _ = keeper.edit(Actor::Bridge, any_edit(&mut dice), now_ms).await;
                }
            })
        })
        .collect();
    for user in users {
        user.await.unwrap();
    }
    let memory = keeper.directory();
    assert!(count(&memory) > 0);
    drop(keeper);
    running.await.unwrap();
    drop(store);
    let (next, _keeping) = Keeper::open(Arc::new(SqliteStore::open(&path).await.unwrap()), 1)
        .await
        .unwrap();
    assert_eq!(contents(&next.directory()), contents(&memory));
}
