//! Keys of changes, and the answers kept with them.

use model::{Begun, KeptAnswer, RequestKey, Sid};
use store::{SqliteStore, Store};
use tempfile::TempDir;

const DAY_MS: i64 = 24 * 3600 * 1000;

async fn open(folder: &TempDir) -> SqliteStore {
    SqliteStore::open(&folder.path().join("partyline.db"))
        .await
        .unwrap()
}

fn key(sid: &str, key: &str) -> RequestKey {
    RequestKey {
        sid: Sid::new(sid),
        key: key.to_owned(),
    }
}

fn answer() -> KeptAnswer {
    KeptAnswer {
        status: 201,
        headers: vec![("content-type".into(), "application/json".into())],
        body: b"{\"a\": \"\xc3\xa9\"}".to_vec(),
    }
}

#[tokio::test]
async fn an_answer_outlives_the_process_that_gave_it() {
    let folder = TempDir::new().unwrap();
    let store = open(&folder).await;
    let (ours, theirs) = (key("a", "k"), key("b", "k"));
    assert_eq!(store.begin_request(&ours, &[1; 32], 5).await, Ok(Begun::Fresh));
    assert_eq!(
        store.begin_request(&ours, &[1; 32], 6).await,
        Ok(Begun::Unfinished)
    );
    assert_eq!(store.finish_request(&ours, &answer(), 6).await, Ok(true));
    store.close().await.unwrap();
    drop(store);
    let store = open(&folder).await;
    assert_eq!(
        store.begin_request(&ours, &[1; 32], 7).await,
        Ok(Begun::Answered(answer()))
    );
    assert_eq!(store.begin_request(&ours, &[2; 32], 8).await, Ok(Begun::Other));
    assert_eq!(store.begin_request(&theirs, &[2; 32], 9).await, Ok(Begun::Fresh));
    store.forget_request(&theirs).await.unwrap();
    assert_eq!(store.begin_request(&theirs, &[1; 32], 9).await, Ok(Begun::Fresh));
}

#[tokio::test]
async fn a_key_is_good_again_after_a_day() {
    let folder = TempDir::new().unwrap();
    let store = open(&folder).await;
    let key = key("a", "k");
    store.begin_request(&key, &[1; 32], 0).await.unwrap();
    assert_eq!(
        store.begin_request(&key, &[2; 32], DAY_MS).await,
        Ok(Begun::Other)
    );
    assert_eq!(
        store.begin_request(&key, &[2; 32], DAY_MS + 1).await,
        Ok(Begun::Fresh)
    );
}
