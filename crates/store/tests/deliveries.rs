//! What may be posted, after whatever becomes of what is to be posted: held against a look at all of it.

#[path = "common/hooks.rs"]
mod hooks;

use std::collections::{BTreeMap, BTreeSet};

use hooks::{account, add, by_id, due, happening, named, noted, open, put, started, webhook, write};
use model::{CallNews, Delivery, DeliveryState, LegId, News, Sid, Webhook};
use proptest::collection::vec;
use proptest::prelude::*;
use store::{Backlog, Scope, SqliteStore, Store, Waiting, WebhookStore};
use tempfile::TempDir;

/// Webhooks and whose they are.
const HOOKS: [(&str, &str); 3] = [("w", "a"), ("x", "a"), ("y", "b")];
/// When whatever was tried once is tried again.
const LATER_MS: i64 = 50_000;

fn block_on<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap()
        .block_on(work)
}

fn hook(index: usize) -> Webhook {
    let (id, owner) = HOOKS[index % HOOKS.len()];
    webhook(id, owner, &[])
}

/// Of all webhooks that are there, in the order of their events.
async fn all(store: &SqliteStore) -> Vec<Delivery> {
    let mut all = Vec::new();
    for index in 0..HOOKS.len() {
        all.extend(store.deliveries(&hook(index), &by_id(false)).await.unwrap().page);
    }
    all
}

/// What can become of it.
#[derive(Clone, Debug)]
enum Step {
    /// An event of a meeting, or outside of one.
    Happens {
        owner: usize,
        meeting: u64,
    },
    /// Something comes of a delivery.
    Settles {
        which: usize,
        state: DeliveryState,
    },
    Redelivers {
        which: usize,
    },
    Disables {
        hook: usize,
    },
    Enables {
        hook: usize,
    },
    Moves {
        hook: usize,
    },
    Removes {
        hook: usize,
    },
    /// What is left of those that were removed goes, so much at most.
    Clears {
        count: u32,
    },
    Forgets {
        before_ms: i64,
    },
    ForgetsOver {
        most: u32,
    },
    /// Meanwhile the clock was set back.
    Hastens {
        by_ms: i64,
    },
}

fn step() -> impl Strategy<Value = Step> {
    let state = prop_oneof![
        Just(DeliveryState::Pending),
        Just(DeliveryState::Delivered),
        Just(DeliveryState::Dead)
    ];
    prop_oneof![
        12 => (0..2usize, 0..3u64).prop_map(|(owner, meeting)| Step::Happens { owner, meeting }),
        12 => (0..99usize, state).prop_map(|(which, state)| Step::Settles { which, state }),
        3 => (0..99usize).prop_map(|which| Step::Redelivers { which }),
        1 => (0..3usize).prop_map(|hook| Step::Disables { hook }),
        2 => (0..3usize).prop_map(|hook| Step::Enables { hook }),
        1 => (0..3usize).prop_map(|hook| Step::Moves { hook }),
        1 => (0..3usize).prop_map(|hook| Step::Removes { hook }),
        1 => (0..5u32).prop_map(|count| Step::Clears { count }),
        1 => (0..40_000i64).prop_map(|before_ms| Step::Forgets { before_ms }),
        1 => (0..4u32).prop_map(|most| Step::ForgetsOver { most }),
        1 => (0..20_000i64).prop_map(|by_ms| Step::Hastens { by_ms }),
    ]
}

async fn take(store: &SqliteStore, number: u64, step: &Step) {
    let deliveries = all(store).await;
    let nth = |which: usize| deliveries.get(which % deliveries.len().max(1)).cloned();
    let known = async |index: usize| store.webhook(&hook(index).id).await.unwrap();
    match *step {
        Step::Happens { owner, meeting } => add(store, &[started(number, ["a", "b"][owner], meeting)]).await,
        Step::Settles { which, state } => {
            let Some(mut one) = nth(which) else { return };
            (one.state, one.attempts) = (state, one.attempts + 1);
            if state == DeliveryState::Pending {
                one.due_ms = LATER_MS;
            }
            store.settle(&[one]).await.unwrap();
        }
        Step::Redelivers { which } => {
            let Some(one) = nth(which) else { return };
            let entry = noted("redeliver", 1_000 * number as i64);
            assert!(
                store
                    .redeliver(&one.webhook, one.happening, &entry)
                    .await
                    .unwrap()
            );
        }
        Step::Disables { hook: index } => {
            let Some(known) = known(index).await else { return };
            store.disable_webhook(&known.id, &known.url, 7).await.unwrap();
        }
        Step::Enables { hook: index } => put(store, &hook(index)).await,
        Step::Moves { hook: index } => {
            let Some(known) = known(index).await else { return };
            let url = format!("https://example.com/{number}");
            put(store, &Webhook { url, ..known }).await;
        }
        Step::Removes { hook: index } => {
            store
                .remove_webhook(&hook(index).id, &noted("delete", 7))
                .await
                .unwrap();
        }
        Step::Clears { count } => {
            store.clear_deliveries(count).await.unwrap();
        }
        Step::Forgets { before_ms } => {
            store.forget(before_ms, 5).await.unwrap();
        }
        Step::ForgetsOver { most } => {
            store.forget_deliveries(most, 2).await.unwrap();
        }
        Step::Hastens { by_ms } => store.hasten(number as i64, by_ms).await.unwrap(),
    }
}

/// Holds what the store offers, and what it has counted, against all that there is.
async fn check(store: &SqliteStore) {
    let everybody = Scope::of(Sid::new("a"), [Sid::new("b")]);
    let known = store.webhooks(&everybody).await.unwrap();
    let enabled: BTreeSet<_> = known
        .iter()
        .filter(|hook| !hook.is_disabled)
        .map(|hook| hook.id.as_str())
        .collect();
    let all = all(store).await;
    let pending = || all.iter().filter(|one| one.state == DeliveryState::Pending);
    let mut firsts = BTreeMap::new();
    for one in pending() {
        firsts.entry((&one.webhook, one.chain)).or_insert(one);
    }
    for now_ms in [0, LATER_MS - 1, LATER_MS] {
        let is_due = |one: &&&Delivery| one.attempts == 0 || one.due_ms <= now_ms;
        let mut expected: Vec<_> = firsts.values().filter(is_due).collect();
        expected.retain(|one| enabled.contains(one.webhook.as_str()));
        expected.sort_by_key(|one| (one.due_ms, one.happening));
        let expected: Vec<_> = expected
            .iter()
            .map(|one| (one.webhook.clone(), one.happening))
            .collect();
        assert_eq!(due(store, now_ms, 99).await, expected, "at {now_ms} of {all:#?}");
    }
    let dead = all.iter().filter(|one| one.state == DeliveryState::Dead).count();
    let backlog = store.backlog().await.unwrap();
    let expected = Backlog {
        pending: pending().count() as u64,
        oldest_ms: pending().map(|one| one.created_ms).min(),
        dead: dead as u64,
        ..backlog
    };
    assert_eq!(backlog, expected);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    #[test]
    fn what_is_due_is_the_first_of_each_chain_that_is_pending_whatever_becomes_of_the_others(steps in vec(step(), 1..40)) {
        block_on(async {
            let folder = TempDir::new().unwrap();
            let store = open(&folder).await;
            for index in 0..HOOKS.len() {
                put(&store, &hook(index)).await;
            }
            for (number, step) in (1..).zip(&steps) {
                take(&store, number, step).await;
                check(&store).await;
            }
            // All of it is on disk.
            store.close().await.unwrap();
            let store = SqliteStore::open(&folder.path().join("store.db")).await.unwrap();
            check(&store).await;
        });
    }
}

#[tokio::test]
async fn of_each_webhook_it_is_told_whose_it_is_since_when_it_waits_and_how_many_chains_do() {
    let folder = TempDir::new().unwrap();
    let store = open(&folder).await;
    put(&store, &webhook("w", "a", &[])).await;
    put(&store, &webhook("y", "b", &[])).await;
    let (leg, what) = (LegId(7), CallNews::Ringing);
    let all = [
        started(1, "a", 1),
        started(2, "a", 1),
        started(3, "b", 2),
        started(4, "a", 3),
        happening(5, "a", 0, News::Call { leg, what }),
    ];
    add(&store, &all).await;
    let one = |webhook: &str, owner: &str, since_ms, chains| Waiting {
        webhook: webhook.into(),
        owner: Sid::new(owner),
        since_ms,
        chains,
    };
    let both = [one("w", "a", 1_000, 3), one("y", "b", 3_000, 1)];
    assert_eq!(store.waiting(9_000, 9).await.unwrap(), both);
    assert_eq!(store.waiting(9_000, 2).await.unwrap()[0].chains, 2);
    // Nobody waits since a time that is yet to come.
    assert_eq!(store.waiting(500, 9).await.unwrap()[1], one("y", "b", 500, 1));
    let mut failed = store.due("w", 9_000, 9).await.unwrap().remove(0);
    (failed.attempts, failed.due_ms) = (1, 20_000);
    store.settle(&[failed]).await.unwrap();
    assert_eq!(
        store.waiting(19_999, 9).await.unwrap()[0],
        one("w", "a", 4_000, 2)
    );
    assert_eq!(
        store.waiting(20_000, 9).await.unwrap()[0],
        one("w", "a", 4_000, 3)
    );
}

/// A store with one delivery that failed `at_ms` and is tried again at `due_ms`.
async fn failed(folder: &TempDir, due_ms: i64) -> SqliteStore {
    let store = open(folder).await;
    put(&store, &webhook("w", "a", &[])).await;
    add(&store, &[started(1, "a", 1)]).await;
    let mut first = store.due("w", 9_000, 1).await.unwrap().remove(0);
    (first.attempts, first.due_ms, first.status) = (3, due_ms, Some(500));
    store.settle(&[first]).await.unwrap();
    assert!(due(&store, due_ms - 1, 9).await.is_empty());
    store
}

#[tokio::test]
async fn what_was_tried_waits_as_long_as_before_when_the_clock_is_set_back_and_a_day_at_most() {
    let day_ms = 86_400_000;
    for (due_ms, now_ms, by_ms, then_ms) in [
        (100_000, 40_000, 50_000, 50_000),
        (100_000, 40_000, 0, 100_000),
        (40_000 + day_ms, 40_000, 0, 40_000 + day_ms),
        // Of these nobody saw that the clock was set back.
        (40_001 + day_ms, 40_000, 0, 40_000),
        (400 * day_ms, 40_000, 50_000, 40_000),
    ] {
        let folder = TempDir::new().unwrap();
        let store = failed(&folder, due_ms).await;
        store.hasten(now_ms, by_ms).await.unwrap();
        assert!(due(&store, then_ms - 1, 9).await.is_empty(), "{due_ms}");
        assert_eq!(due(&store, then_ms, 9).await, named(&[("w", 1)]), "{due_ms}");
    }
}

#[tokio::test]
async fn what_was_tried_in_vain_goes_to_another_address_at_once_and_to_a_callback_s_too() {
    let folder = TempDir::new().unwrap();
    let store = failed(&folder, 100_000).await;
    let url = "https://example.com/other".to_owned();
    // Another description is no other address.
    let described = Webhook {
        description: "other".into(),
        ..webhook("w", "a", &[])
    };
    put(&store, &described).await;
    assert!(due(&store, 9_000, 9).await.is_empty());
    put(&store, &Webhook { url, ..described }).await;
    assert_eq!(due(&store, 9_000, 9).await, named(&[("w", 1)]));
    let one = all(&store).await.remove(0);
    assert_eq!((one.attempts, one.due_ms, one.status), (0, 1_000, None));

    write(&store, account("c", None, Some("https://c.example.com/1"))).await;
    add(&store, &[started(2, "c", 1)]).await;
    let mut first = store.due("cb_c", 9_000, 1).await.unwrap().remove(0);
    (first.attempts, first.due_ms) = (1, 100_000);
    store.settle(&[first]).await.unwrap();
    assert!(store.due("cb_c", 9_000, 1).await.unwrap().is_empty());
    write(&store, account("c", None, Some("https://c.example.com/2"))).await;
    assert_eq!(store.due("cb_c", 9_000, 1).await.unwrap().len(), 1);
}

#[tokio::test]
async fn of_a_webhook_with_too_many_that_are_over_the_oldest_are_forgotten_a_step_at_a_time() {
    let folder = TempDir::new().unwrap();
    let store = open(&folder).await;
    put(&store, &webhook("w", "a", &[])).await;
    put(&store, &webhook("y", "b", &[])).await;
    let happenings: Vec<_> = (1..=8).map(|id| started(id, "a", id)).collect();
    add(&store, &happenings).await;
    add(&store, &[started(9, "b", 1)]).await;
    for mut one in store.due("w", 9_000, 9).await.unwrap() {
        one.state = match one.happening {
            // It is pending, and older than the others.
            1 => continue,
            2 | 3 => DeliveryState::Dead,
            _ => DeliveryState::Delivered,
        };
        store.settle(&[one]).await.unwrap();
    }
    for (gone, left) in [
        (2, vec![1, 4, 5, 6, 7, 8]),
        (2, vec![1, 6, 7, 8]),
        (0, vec![1, 6, 7, 8]),
    ] {
        assert_eq!(store.forget_deliveries(3, 2).await.unwrap(), gone);
        let ids: Vec<_> = all(&store).await.iter().map(|one| one.happening).collect();
        assert_eq!(ids, [left, vec![9]].concat());
    }
    assert!(!store.redeliver("w", 2, &noted("redeliver", 7)).await.unwrap());
    assert_eq!(due(&store, 9_000, 9).await, named(&[("w", 1), ("y", 9)]));
}

/// Deliveries that may be pending for one webhook.
const PENDING_MAX: u64 = 50_000;

#[tokio::test]
async fn what_happens_while_too_many_are_pending_is_given_up_at_once_and_counted() {
    let folder = TempDir::new().unwrap();
    let store = open(&folder).await;
    put(&store, &webhook("w", "a", &[])).await;
    let happenings: Vec<_> = (1..=PENDING_MAX + 2).map(|id| started(id, "a", 1)).collect();
    let (first, rest) = happenings.split_at(1);
    add(&store, rest).await;
    let backlog = store.backlog().await.unwrap();
    let told = (backlog.pending, backlog.dead, backlog.overflowed);
    assert_eq!(told, (PENDING_MAX, 1, 1));
    let mut head = store.due("w", 9_000, 9).await.unwrap().remove(0);
    head.state = DeliveryState::Delivered;
    store.settle(&[head]).await.unwrap();
    // There is a place again.
    add(&store, first).await;
    let backlog = store.backlog().await.unwrap();
    let told = (backlog.pending, backlog.dead, backlog.overflowed);
    assert_eq!(told, (PENDING_MAX, 1, 1));
    assert_eq!(due(&store, 9_000, 9).await, named(&[("w", 1)]));
}
