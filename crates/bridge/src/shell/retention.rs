//! What happened long ago is forgotten, in small steps, so that nobody who writes has to wait.

use std::sync::Arc;
use std::time::Duration;

use store::Store;

use super::backend::now_ms;

/// Forgotten in one transaction.
const STEP: u32 = 500;
/// Between two steps while there is more.
const PAUSE: Duration = Duration::from_millis(200);
/// Between two looks.
const LOOK: Duration = Duration::from_secs(60);

/// Runs until dropped.
pub(super) async fn run(store: Arc<dyn Store>, keep: Duration) {
    loop {
        let before_ms = now_ms().saturating_sub(i64::try_from(keep.as_millis()).unwrap_or(i64::MAX));
        match store.forget(before_ms, STEP).await {
            Ok(0) => tokio::time::sleep(LOOK).await,
            Ok(_) => tokio::time::sleep(PAUSE).await,
            Err(error) => {
                tracing::warn!(%error, "old events are still there");
                tokio::time::sleep(LOOK).await;
            }
        }
    }
}
