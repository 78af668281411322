//! Numbers for tests, put into the store of a bridge that is down.

use std::path::Path;
use std::sync::Arc;

use model::directory::Edit;
use model::{Actor, DidId};
use store::{Keeper, SqliteStore, Store};

use super::bridge::Bridge;

/// Like the demo's first number, but short.
pub(crate) const QUICK_NUMBER: &str = "10000";
/// As that, and rings a while before it is answered.
pub(crate) const SLOW_NUMBER: &str = "10001";
/// How long.
pub(crate) const RINGS_SECONDS: u64 = 2;

/// A bridge with the demo's numbers, [`QUICK_NUMBER`] and [`SLOW_NUMBER`].
pub(crate) fn bridge_that_rings() -> Bridge {
    // Tests call faster than people.
    let bridge = Bridge::start_with(
        "[calls]\nnew_calls_per_second = 10000\nnew_calls_per_second_per_source = 10000\n",
    );
    bridge.restart_after(|data| {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .build();
        runtime
            .expect("a runtime")
            .block_on(add(&data.join("partyline.db")));
    })
}

async fn add(path: &Path) {
    let store: Arc<dyn Store> = Arc::new(SqliteStore::open(path).await.expect("the store opens"));
    let (keeper, keeping) = Keeper::open(store.clone(), 1).await.expect("the store is sound");
    let keeping = tokio::spawn(keeping.run());
    let directory = keeper.directory();
    let like = directory.dids().next().expect("the demo has numbers");
    for (number, seconds) in [(QUICK_NUMBER, 0), (SLOW_NUMBER, RINGS_SECONDS)] {
        let mut did = (**like).clone();
        did.id = DidId(number.parse().expect("a number"));
        did.phone_number = number.to_owned();
        let delay = did.attributes.put("call_delay", &seconds.to_string());
        delay.expect("a number may ring");
        let edited = keeper.edit(Actor::Bridge, Edit::PutDid(did), 0).await;
        edited.expect("the number is new");
    }
    drop(keeper);
    keeping.await.expect("the keeper ends");
    store.close().await.expect("the store closes");
}
