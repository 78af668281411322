//! The record writer: batches, patience with a failing disk, and an account of everything.

#[path = "common/flaky.rs"]
mod flaky;
#[path = "common/records.rs"]
mod records;

use std::sync::Arc;
use std::time::Duration;

use flaky::Flaky;
use records::cdr;
use store::{Record, RecordCounts, RecordLimits, RecordQueue, RecordWriter, record_writer};
use tokio::sync::Semaphore;
use tokio::sync::oneshot::error::TryRecvError;
use tokio::time::Instant;

const LIMITS: RecordLimits = RecordLimits {
    queue: 250,
    batch: 100,
    wait: Duration::from_millis(50),
    retry: Duration::from_secs(1),
    last_tries: 3,
};

fn call(leg: u64) -> Record {
    Record::Call(Box::new(cdr(leg, Some("a"), 0)))
}

fn halves(store: &Arc<Flaky>) -> (RecordQueue, RecordWriter) {
    record_writer(store.clone(), LIMITS)
}

fn sizes(store: &Flaky) -> Vec<usize> {
    store.batches.lock().unwrap().iter().map(Vec::len).collect()
}

#[tokio::test(start_paused = true)]
async fn records_share_transactions_and_stay_in_order() {
    let store = Arc::new(Flaky::failing(0));
    let (queue, writer) = halves(&store);
    (0..250).for_each(|leg| queue.put(call(leg)));
    drop(queue);
    let counts = writer.run().await;
    assert_eq!(sizes(&store), [100, 100, 50]);
    assert_eq!(
        counts,
        RecordCounts {
            written: 250,
            ..RecordCounts::default()
        }
    );
    let written: Vec<_> = store.batches.lock().unwrap().concat();
    assert_eq!(written, (0..250).map(call).collect::<Vec<_>>());
}

#[tokio::test(start_paused = true)]
async fn a_lonely_record_waits_for_company_50_ms_and_no_longer() {
    let store = Arc::new(Flaky::failing(0));
    let (queue, writer) = halves(&store);
    tokio::spawn(writer.run());
    queue.put(call(1));
    tokio::time::sleep(Duration::from_millis(49)).await;
    assert!(sizes(&store).is_empty());
    queue.put(call(2));
    tokio::time::sleep(Duration::from_millis(2)).await;
    assert_eq!(sizes(&store), [2]);
}

#[tokio::test(start_paused = true)]
async fn a_record_that_somebody_waits_for_takes_along_what_is_there_and_waits_for_no_more() {
    let store = Arc::new(Flaky::failing(0));
    let (queue, writer) = halves(&store);
    queue.put(call(1));
    let written = queue.put_awaited(call(2));
    queue.put(call(3));
    let begun = Instant::now();
    tokio::spawn(writer.run());
    written.await.unwrap();
    assert_eq!(sizes(&store), [3]);
    assert_eq!(begun.elapsed(), Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn those_who_wait_at_once_share_transactions() {
    let store = Arc::new(Flaky::failing(0));
    let (queue, writer) = halves(&store);
    let all: Vec<_> = (0..250).map(|leg| queue.put_awaited(call(leg))).collect();
    tokio::spawn(writer.run());
    for written in all {
        written.await.unwrap();
    }
    assert_eq!(sizes(&store), [100, 100, 50]);
}

#[tokio::test(start_paused = true)]
async fn who_waits_for_a_record_is_told_when_it_is_on_disk_and_not_before() {
    let store = Arc::new(Flaky {
        gate: Semaphore::new(0),
        ..Flaky::failing(1)
    });
    let (queue, writer) = halves(&store);
    tokio::spawn(writer.run());
    let mut written = queue.put_awaited(call(1));
    for _ in 0..2 {
        tokio::time::sleep(Duration::from_secs(10)).await;
        assert_eq!(written.try_recv(), Err(TryRecvError::Empty));
        // The first write fails.
        store.gate.add_permits(1);
    }
    written.await.unwrap();
    assert_eq!(sizes(&store), [1]);
}

#[tokio::test(start_paused = true)]
async fn who_waits_for_a_record_that_is_dropped_is_told_so() {
    let store = Arc::new(Flaky::failing(0));
    let (queue, writer) = halves(&store);
    let [never, stored] = [u64::MAX, 2].map(|leg| queue.put_awaited(call(leg)));
    (2..250).for_each(|leg| queue.put(call(leg)));
    let too_many = queue.put_awaited(call(250));
    assert!(too_many.await.is_err());
    drop(queue);
    assert_eq!(writer.run().await.dropped, 2);
    assert!(never.await.is_err());
    stored.await.unwrap();

    let (queue, writer) = halves(&store);
    drop(writer);
    assert!(queue.put_awaited(call(1)).await.is_err());
}

#[tokio::test(start_paused = true)]
async fn while_the_disk_fails_records_wait_and_those_beyond_the_bound_are_counted() {
    let store = Arc::new(Flaky::failing(60));
    let (queue, writer) = halves(&store);
    let running = tokio::spawn(writer.run());
    queue.put(call(0));
    tokio::time::sleep(Duration::from_secs(10)).await;
    (1..=300).for_each(|leg| queue.put(call(leg)));
    assert_eq!(queue.counts().dropped, 50);
    tokio::time::sleep(Duration::from_secs(60)).await;
    assert_eq!(
        queue.counts(),
        RecordCounts {
            written: 251,
            dropped: 50,
            failed: 60,
            waiting: 0,
        }
    );
    drop(queue);
    assert_eq!(running.await.unwrap().written, 251);
}

#[tokio::test(start_paused = true)]
async fn a_disk_that_fails_to_the_end_does_not_hold_up_the_shutdown() {
    let store = Arc::new(Flaky::failing(u32::MAX));
    let (queue, writer) = halves(&store);
    (0..150).for_each(|leg| queue.put(call(leg)));
    drop(queue);
    let counts = tokio::time::timeout(Duration::from_secs(10), writer.run())
        .await
        .unwrap();
    assert_eq!(
        counts,
        RecordCounts {
            written: 0,
            dropped: 150,
            failed: 6,
            waiting: 0,
        }
    );
}

#[tokio::test(start_paused = true)]
async fn a_record_that_can_never_be_stored_does_not_cost_its_neighbours() {
    let store = Arc::new(Flaky::failing(0));
    let (queue, writer) = halves(&store);
    [1, u64::MAX, 2].into_iter().for_each(|leg| queue.put(call(leg)));
    drop(queue);
    let counts = writer.run().await;
    assert_eq!(
        counts,
        RecordCounts {
            written: 2,
            dropped: 1,
            failed: 0,
            waiting: 0,
        }
    );
}

#[tokio::test(start_paused = true)]
async fn what_comes_after_the_end_is_counted() {
    let store = Arc::new(Flaky::failing(0));
    let (queue, writer) = halves(&store);
    drop(writer);
    queue.put(call(1));
    assert_eq!(queue.counts().dropped, 1);
}
