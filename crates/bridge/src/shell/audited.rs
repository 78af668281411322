//! Rows of the audit on their way to the disk: a change by REST is answered once its own are there.

use std::time::Duration;

use api::CommandError;
use prometheus_client::metrics::counter::Counter;
use store::Written;
use tokio::time::timeout;

/// Longest that an answer waits for the disk. The change is made by then, and whoever asked for it should know.
const AUDIT_MAX: Duration = Duration::from_secs(2);

/// What came of a request, and what tells when its rows are on disk.
#[derive(Debug)]
pub(super) struct Audited<T> {
    pub(super) result: Result<T, CommandError>,
    pub(super) rows: Vec<Written>,
}

impl<T> Audited<T> {
    /// What came of it, once its rows are on disk; where they don't come to be there in time, `late` counts it.
    pub(super) async fn on_disk(self, late: &Counter) -> Result<T, CommandError> {
        let rows = self.rows.len();
        if !timeout(AUDIT_MAX, all_of(self.rows)).await.unwrap_or(false) {
            late.inc();
            tracing::error!(
                rows,
                "a change by REST is answered before the audit has it on disk"
            );
        }
        self.result
    }
}

/// Whether all of them are written, when that is known of each.
async fn all_of(rows: Vec<Written>) -> bool {
    let mut all = true;
    for row in rows {
        all &= row.await.is_ok();
    }
    all
}

#[cfg(test)]
mod tests {
    use tokio::sync::oneshot;
    use tokio::time::Instant;

    use super::*;

    /// A request that was done, its two rows, and what tells that they are on disk.
    fn done() -> (Audited<u8>, [oneshot::Sender<()>; 2]) {
        let (first, second) = (oneshot::channel(), oneshot::channel());
        let audited = Audited {
            result: Ok(7),
            rows: vec![first.1, second.1],
        };
        (audited, [first.0, second.0])
    }

    #[tokio::test(start_paused = true)]
    async fn an_answer_waits_until_every_row_is_on_disk() {
        let (audited, [first, second]) = done();
        let (late, begun): (Counter, _) = (Counter::default(), Instant::now());
        let counted = late.clone();
        let answer = tokio::spawn(async move { audited.on_disk(&counted).await });
        first.send(()).unwrap();
        tokio::time::sleep(AUDIT_MAX / 2).await;
        assert!(!answer.is_finished());
        second.send(()).unwrap();
        assert_eq!(answer.await.unwrap(), Ok(7));
        assert_eq!((begun.elapsed(), late.get()), (AUDIT_MAX / 2, 0));
    }

    #[tokio::test(start_paused = true)]
    async fn an_answer_comes_all_the_same_after_two_seconds_and_is_counted() {
        let (audited, _unwritten) = done();
        let (late, begun) = (Counter::default(), Instant::now());
        assert_eq!(audited.on_disk(&late).await, Ok(7));
        assert_eq!((begun.elapsed(), late.get()), (AUDIT_MAX, 1));
    }

    #[tokio::test(start_paused = true)]
    async fn an_answer_whose_rows_were_dropped_waits_for_nothing_and_is_counted() {
        let (audited, dropped) = done();
        drop(dropped);
        let (late, begun) = (Counter::default(), Instant::now());
        assert_eq!(audited.on_disk(&late).await, Ok(7));
        assert_eq!((begun.elapsed(), late.get()), (Duration::ZERO, 1));
    }

    #[tokio::test(start_paused = true)]
    async fn what_was_refused_has_no_rows_and_is_answered_at_once() {
        let refused = Audited::<u8> {
            result: Err(CommandError::Gone),
            rows: Vec::new(),
        };
        let (late, begun) = (Counter::default(), Instant::now());
        assert_eq!(refused.on_disk(&late).await, Err(CommandError::Gone));
        assert_eq!((begun.elapsed(), late.get()), (Duration::ZERO, 0));
    }
}
