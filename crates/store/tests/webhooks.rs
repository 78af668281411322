//! What happened and what is to be posted of it, on disk.

#[path = "common/hooks.rs"]
mod hooks;

use hooks::{account, add, by_id, due, happening, named, noted, open, put, started, webhook, write};
use model::directory::{Edit, Subscriber, SubscriberRole};
use model::query::{Filter, OrderBy, Query, Relation, Scalar, Test};
use model::{
    Actor, CallNews, Cause, Delivery, DeliveryState, Event, Happening, LegId, MeetingId, MeetingNumber, News,
    Sid, Webhook,
};
use store::{Backlog, Missed, Scope, SqliteStore, Store, WebhookStore};
use tempfile::TempDir;

/// A webhook of the tests by its name.
fn owned(id: &str) -> Webhook {
    let owner = match id {
        "below" => "a1",
        "other" => "b",
        _ => "a",
    };
    webhook(id, owner, &[])
}

async fn pending(store: &SqliteStore, webhook: &str) -> Vec<u64> {
    let all = store.deliveries(&owned(webhook), &by_id(false)).await.unwrap();
    assert_eq!(all.total as usize, all.page.len());
    let pending = all
        .page
        .into_iter()
        .filter(|delivery| delivery.state == DeliveryState::Pending);
    pending.map(|delivery| delivery.happening).collect()
}

fn wanted(after: u64, upto: u64, number: Option<u32>, limit: u32) -> Missed {
    Missed {
        after,
        upto,
        number: number.map(MeetingNumber),
        limit,
    }
}

#[tokio::test]
async fn what_was_missed_is_read_as_it_was_told_within_bounds_and_scope() {
    let folder = TempDir::new().unwrap();
    let store = open(&folder).await;
    let (leg, on) = (LegId(9), true);
    let what = CallNews::Talking { on };
    let secret = Happening {
        is_live: false,
        ..started(6, "a", 1)
    };
    let all = [
        started(1, "a", 1),
        happening(2, "a1", 0, News::Call { leg, what }),
        started(3, "b", 2),
        started(4, "a", 2),
        started(5, "a", 1),
        secret,
    ];
    add(&store, &all).await;
    // A batch may be sent again.
    add(&store, &all).await;
    let scope = Scope::of(Sid::new("a"), [Sid::new("a1")]);
    for (wanted, ids) in [
        (wanted(0, 9, None, 9), vec![1, 2, 4, 5]),
        (wanted(1, 4, None, 9), vec![2, 4]),
        (wanted(0, 9, None, 2), vec![1, 2]),
        (wanted(0, 9, Some(100_001), 9), vec![1, 5]),
        (wanted(5, u64::MAX, None, 9), vec![]),
    ] {
        let found = store.missed(&scope, wanted).await.unwrap();
        let expected: Vec<_> = ids.iter().map(|id| all[*id as usize - 1].clone()).collect();
        assert_eq!(found, expected, "{wanted:?}");
    }
}

#[tokio::test]
async fn old_events_are_forgotten_in_steps_and_it_is_known_up_to_which() {
    let folder = TempDir::new().unwrap();
    let store = open(&folder).await;
    put(&store, &webhook("w", "a", &[])).await;
    add(
        &store,
        &(1..=10).map(|id| started(id, "a", 1)).collect::<Vec<_>>(),
    )
    .await;
    let kept = store.kept().await.unwrap();
    assert_eq!((kept.forgotten, kept.newest), (0, 10));
    let mut first = store.due("w", 0, 1).await.unwrap().remove(0);
    first.state = DeliveryState::Delivered;
    store.settle(&[first]).await.unwrap();
    for (gone, upto) in [(3, 3), (3, 6), (1, 7), (0, 7)] {
        assert_eq!(store.forget(7_500, 3).await.unwrap(), gone);
        // But for the first.
        assert_eq!(store.backlog().await.unwrap().expired, upto - 1);
        assert_eq!(store.kept().await.unwrap().forgotten, upto);
    }
    assert_eq!(pending(&store, "w").await, [8, 9, 10]);
    assert_eq!(store.happening(7).await.unwrap(), None);
    assert_eq!(store.happening(8).await.unwrap(), Some(started(8, "a", 1)));
}

#[tokio::test]
async fn an_event_is_to_be_posted_to_whoever_sees_it_and_wants_its_type() {
    let folder = TempDir::new().unwrap();
    let store = open(&folder).await;
    let hooks = [
        webhook("all", "a", &[]),
        webhook("below", "a1", &[]),
        webhook("other", "b", &[]),
        webhook("some", "a", &["meeting.*", "call.left"]),
        Webhook {
            is_disabled: true,
            ..webhook("off", "a", &[])
        },
    ];
    for hook in &hooks {
        put(&store, hook).await;
    }
    let (leg, cause) = (LegId(9), Cause::HungUp);
    let left = News::Meeting(Event::Left { leg, cause });
    let named = News::Meeting(Event::Named {
        leg,
        name: String::new(),
    });
    let secret = Happening {
        is_live: false,
        ..started(5, "a", 1)
    };
    let all = [
        started(1, "a", 1),
        happening(2, "a1", 1, left),
        started(3, "b", 2),
        happening(4, "a", 1, named),
        secret,
    ];
    add(&store, &all).await;
    add(&store, &all).await;
    for (id, expected) in [
        ("all", vec![1, 2, 4]),
        ("below", vec![2]),
        ("other", vec![3]),
        ("some", vec![1, 2]),
        ("off", vec![]),
    ] {
        assert_eq!(pending(&store, id).await, expected, "{id}");
    }
    let scope = Scope::tenant(Sid::new("a"));
    let found = store.webhooks(&scope).await.unwrap();
    assert_eq!(found, [hooks[0].clone(), hooks[4].clone(), hooks[3].clone()]);
    assert_eq!(store.webhook("below").await.unwrap().as_ref(), Some(&hooks[1]));
    store.remove_webhook("all", &noted("delete", 9)).await.unwrap();
    assert_eq!(store.webhook("all").await.unwrap(), None);
    assert!(pending(&store, "all").await.is_empty());
}

#[tokio::test]
async fn the_first_of_each_chain_is_due_and_the_next_when_it_is_settled() {
    let folder = TempDir::new().unwrap();
    let store = open(&folder).await;
    put(&store, &webhook("w", "a", &[])).await;
    put(&store, &webhook("x", "a", &[])).await;
    let ringing = News::Call {
        leg: LegId(7),
        what: CallNews::Ringing,
    };
    let all = [
        started(1, "a", 1),
        started(2, "a", 1),
        started(3, "a", 2),
        happening(4, "a", 0, ringing),
    ];
    add(&store, &all).await;
    let all = [("w", 1), ("x", 1), ("w", 3), ("x", 3), ("w", 4), ("x", 4)];
    for now_ms in [9_000, 0] {
        assert_eq!(due(&store, now_ms, 9).await, named(&all), "{now_ms}");
    }
    assert_eq!(due(&store, 9_000, 1).await, named(&[("w", 1), ("x", 1)]));
    let mut first = store.due("w", 9_000, 1).await.unwrap().remove(0);
    first.attempts = 1;
    (first.due_ms, first.status) = (20_000, Some(500));
    store.settle(std::slice::from_ref(&first)).await.unwrap();
    assert_eq!(
        due(&store, 19_999, 9).await[1..],
        named(&[("w", 3), ("x", 3), ("w", 4), ("x", 4)])[..]
    );
    assert!(due(&store, 20_000, 9).await.contains(&("w".to_owned(), 1)));
    first.state = DeliveryState::Delivered;
    store.settle(&[first.clone()]).await.unwrap();
    assert!(due(&store, 9_000, 9).await.contains(&("w".to_owned(), 2)));
    let kept = store
        .deliveries(&webhook("w", "a", &[]), &by_id(false))
        .await
        .unwrap()
        .page;
    assert_eq!(kept[0], first);
    let backlog = store.backlog().await.unwrap();
    assert_eq!(
        (backlog.pending, backlog.oldest_ms, backlog.dead),
        (7, Some(1_000), 0)
    );
}

#[tokio::test]
async fn what_is_disabled_is_given_up_and_can_be_asked_for_again() {
    let folder = TempDir::new().unwrap();
    let store = open(&folder).await;
    put(&store, &webhook("w", "a", &[])).await;
    add(&store, &[started(1, "a", 1)]).await;
    let under_way = store.due("w", 2_000, 9).await.unwrap().remove(0);
    // The address before has nothing to say any more.
    store
        .disable_webhook("w", "https://example.com/before", 2_000)
        .await
        .unwrap();
    assert!(!store.webhook("w").await.unwrap().unwrap().is_disabled);
    assert_eq!(due(&store, 2_000, 9).await, named(&[("w", 1)]));
    let url = webhook("w", "a", &[]).url;
    store.disable_webhook("w", &url, 2_000).await.unwrap();
    // What comes back then comes too late.
    let failed = Delivery {
        attempts: 1,
        due_ms: 9_000,
        ..under_way
    };
    store.settle(std::slice::from_ref(&failed)).await.unwrap();
    assert!(store.webhook("w").await.unwrap().unwrap().is_disabled);
    let dead = store
        .deliveries(&webhook("w", "a", &[]), &by_id(true))
        .await
        .unwrap()
        .page;
    let expected = Delivery {
        webhook: "w".into(),
        happening: 1,
        chain: 1,
        state: DeliveryState::Dead,
        attempts: 0,
        created_ms: 1_000,
        due_ms: 1_000,
        status: None,
        fault: Some("disabled".into()),
    };
    assert_eq!(dead, [expected]);
    let backlog = Backlog {
        pending: 0,
        oldest_ms: None,
        dead: 1,
        ..Backlog::default()
    };
    assert_eq!(store.backlog().await.unwrap(), backlog);
    put(&store, &webhook("w", "a", &[])).await;
    assert!(store.redeliver("w", 1, &noted("redeliver", 5_000)).await.unwrap());
    assert!(!store.redeliver("w", 2, &noted("redeliver", 5_000)).await.unwrap());
    store.settle(&[failed]).await.unwrap();
    assert_eq!(due(&store, 5_000, 9).await, named(&[("w", 1)]));
}

#[tokio::test]
async fn what_is_pending_goes_to_the_latest_address_and_to_nobody_once_its_webhook_is_disabled_or_gone() {
    let folder = TempDir::new().unwrap();
    let store = open(&folder).await;
    write(&store, account("c", None, Some("https://c.example.com/1"))).await;
    put(&store, &webhook("w", "c", &[])).await;
    add(&store, &[started(1, "c", 1)]).await;
    assert_eq!(due(&store, 2_000, 9).await, named(&[("cb_c", 1), ("w", 1)]));
    let disabled = Webhook {
        is_disabled: true,
        ..webhook("w", "c", &[])
    };
    put(&store, &disabled).await;
    write(&store, account("c", None, Some("https://c.example.com/2"))).await;
    assert_eq!(due(&store, 2_000, 9).await, named(&[("cb_c", 1)]));
    let callback = store.webhook("cb_c").await.unwrap().unwrap();
    assert_eq!(callback.url, "https://c.example.com/2");
    let gone = [Edit::DeleteSubscriber(Sid::new("c"))];
    store.write(&Actor::Bridge, &gone, 7).await.unwrap();
    assert_eq!(due(&store, 2_000, 9).await, []);
    assert_eq!(store.backlog().await.unwrap(), Backlog::default());
}

#[tokio::test]
async fn what_is_left_of_an_account_is_neither_due_nor_shown_and_goes_in_portions_also_after_a_restart() {
    let folder = TempDir::new().unwrap();
    let store = open(&folder).await;
    write(&store, account("c", None, None)).await;
    let own = webhook("w", "c", &[]);
    put(&store, &own).await;
    put(&store, &webhook("y", "b", &[])).await;
    let happenings: Vec<_> = (1..=3).map(|id| started(id, "c", id)).collect();
    add(&store, &happenings).await;
    add(&store, &[started(4, "b", 1)]).await;
    let under_way = store.due("w", 9_000, 9).await.unwrap();
    assert_eq!(under_way.len(), 3);
    let gone = [Edit::DeleteSubscriber(Sid::new("c"))];
    store.write(&Actor::Bridge, &gone, 7).await.unwrap();
    // What was under way comes back.
    store.settle(&under_way).await.unwrap();
    assert!(store.webhook("w").await.unwrap().is_none());
    assert_eq!(store.deliveries(&own, &by_id(false)).await.unwrap().total, 0);
    assert!(store.due("w", 9_000, 9).await.unwrap().is_empty());
    assert!(!store.redeliver("w", 1, &noted("redeliver", 9)).await.unwrap());
    let backlog = store.backlog().await.unwrap();
    assert_eq!((backlog.pending, backlog.oldest_ms), (1, Some(4_000)));
    // Three firsts of chains, as many deliveries, and that the webhook is gone.
    for _ in 0..2 {
        assert_eq!(store.clear_deliveries(2).await, Ok(2));
    }
    store.close().await.unwrap();
    let store = SqliteStore::open(&folder.path().join("store.db")).await.unwrap();
    for cleared in [2, 1, 0] {
        assert_eq!(store.clear_deliveries(2).await, Ok(cleared));
    }
    assert_eq!(due(&store, 9_000, 9).await, named(&[("y", 4)]));
}

#[tokio::test]
async fn a_portion_is_of_as_many_webhooks_that_are_gone_as_find_room_in_it() {
    let folder = TempDir::new().unwrap();
    let store = open(&folder).await;
    write(&store, account("c", None, None)).await;
    for id in ["w", "x", "y"] {
        put(&store, &webhook(id, "c", &[])).await;
    }
    add(&store, &[started(1, "c", 1), started(2, "c", 2)]).await;
    let gone = [Edit::DeleteSubscriber(Sid::new("c"))];
    store.write(&Actor::Bridge, &gone, 7).await.unwrap();
    // Of each two firsts of chains, two deliveries, and that it is gone.
    for cleared in [12, 3, 0] {
        assert_eq!(store.clear_deliveries(12).await, Ok(cleared));
    }
}

#[tokio::test]
async fn a_callback_that_comes_back_under_its_id_begins_with_nothing() {
    let folder = TempDir::new().unwrap();
    let store = open(&folder).await;
    write(&store, account("c", None, Some("https://c.example.com/1"))).await;
    add(&store, &[started(1, "c", 1)]).await;
    write(&store, account("c", None, None)).await;
    add(&store, &[started(2, "c", 1)]).await;
    write(&store, account("c", None, Some("https://c.example.com/2"))).await;
    assert_eq!(due(&store, 9_000, 9).await, []);
    assert_eq!(store.clear_deliveries(9).await, Ok(0));
    add(&store, &[started(3, "c", 1)]).await;
    assert_eq!(due(&store, 9_000, 9).await, named(&[("cb_c", 3)]));
    assert_eq!(store.backlog().await.unwrap().pending, 1);
}

#[tokio::test]
async fn a_callback_is_a_webhook_that_comes_changes_and_goes_with_its_subscriber() {
    let folder = TempDir::new().unwrap();
    let store = open(&folder).await;
    let scope = Scope::tenant(Sid::new("c"));
    let urls = async || {
        let found = store.webhooks(&scope).await.unwrap();
        found
            .into_iter()
            .map(|webhook| (webhook.url, webhook.secret.len()))
            .collect::<Vec<_>>()
    };
    for (callback, expected) in [
        (
            Some("https://c.example.com/1"),
            vec![("https://c.example.com/1".to_owned(), 32)],
        ),
        (
            Some("https://c.example.com/2"),
            vec![("https://c.example.com/2".to_owned(), 32)],
        ),
        (Some(""), vec![]),
        (
            Some("https://c.example.com/3"),
            vec![("https://c.example.com/3".to_owned(), 32)],
        ),
        (None, vec![]),
        (
            Some("https://c.example.com/4"),
            vec![("https://c.example.com/4".to_owned(), 32)],
        ),
    ] {
        write(&store, account("c", None, callback)).await;
        assert_eq!(urls().await, expected, "{callback:?}");
    }
    let mut callback = store.webhook("cb_c").await.unwrap().unwrap();
    assert!(callback.is_callback);
    callback.url = "https://elsewhere.example.com".into();
    callback.types = vec!["call.*".into()];
    put(&store, &callback).await;
    let kept = store.webhook("cb_c").await.unwrap().unwrap();
    assert_eq!(
        (kept.url.as_str(), kept.types.len()),
        ("https://c.example.com/4", 1)
    );
}

#[tokio::test]
async fn lists_are_filtered_and_ordered_by_every_field_of_theirs() {
    let folder = TempDir::new().unwrap();
    let store = open(&folder).await;
    let hook = webhook("w", "a", &[]);
    put(&store, &hook).await;
    add(&store, &[started(1, "a", 1), started(2, "a", 1)]).await;
    let scope = Scope::tenant(Sid::new("a"));
    let query = |field: &'static str, value: Scalar| {
        let test = Test::Is(Relation::Equal, value);
        let order = vec![OrderBy {
            field,
            descending: true,
        }];
        Query {
            filter: Some(Filter::Field { name: field, test }),
            order,
            ..by_id(false)
        }
    };
    for (field, value, total) in [
        ("callId", Scalar::Whole(9), 0),
        ("id", Scalar::Whole(2), 1),
        ("meetingId", Scalar::Whole(1), 2),
        ("meetingNumber", Scalar::Whole(100_001), 2),
        ("sequence", Scalar::Whole(1), 1),
        ("time", Scalar::Whole(2_000), 1),
        ("type", Scalar::Text("meeting.started".into()), 2),
    ] {
        let found = store
            .meeting_log(&scope, MeetingId(1), &query(field, value))
            .await
            .unwrap();
        assert_eq!(found.total, total, "{field}");
    }
    for (field, value, total) in [
        ("attempts", Scalar::Whole(0), 2),
        ("created", Scalar::Whole(1_000), 1),
        ("eventId", Scalar::Whole(1), 1),
        ("fault", Scalar::Text("x".into()), 0),
        ("id", Scalar::Whole(2), 1),
        ("nextAttempt", Scalar::Whole(2_000), 1),
        ("state", Scalar::Text("pending".into()), 2),
        ("status", Scalar::Whole(500), 0),
        ("state", Scalar::Text("dead".into()), 0),
    ] {
        let found = store.deliveries(&hook, &query(field, value)).await.unwrap();
        assert_eq!(found.total, total, "{field}");
    }
    store.disable_webhook(&hook.id, &hook.url, 3_000).await.unwrap();
    let dead = query("state", Scalar::Text("dead".into()));
    let dead = store.deliveries(&hook, &dead).await.unwrap();
    assert_eq!((dead.total, dead.page.len()), (2, 2));
}

#[tokio::test]
async fn changes_of_a_webhook_are_in_the_audit_and_what_came_to_nothing_is_not() {
    let folder = TempDir::new().unwrap();
    let store = open(&folder).await;
    put(&store, &webhook("w", "a", &[])).await;
    add(&store, &[started(1, "a", 1)]).await;
    assert!(store.redeliver("w", 1, &noted("redeliver", 10)).await.unwrap());
    assert!(!store.redeliver("w", 2, &noted("redeliver", 10)).await.unwrap());
    for at_ms in [11, 12] {
        let url = webhook("w", "a", &[]).url;
        store.disable_webhook("w", &url, at_ms).await.unwrap();
    }
    store.remove_webhook("w", &noted("delete", 13)).await.unwrap();
    let lines = store.audit(&Sid::new("a"), &by_id(false)).await.unwrap();
    let of_webhook = lines.page.iter().filter(|line| line.object == "webhook w");
    let told: Vec<_> = of_webhook
        .map(|line| (line.action.as_str(), line.at_ms))
        .collect();
    assert_eq!(
        told,
        [("put", 9), ("redeliver", 10), ("disable", 11), ("delete", 13)]
    );
}

#[tokio::test]
async fn an_operators_callback_gets_what_the_subscriber_above_sees() {
    let folder = TempDir::new().unwrap();
    let store = open(&folder).await;
    let role = SubscriberRole::Operator;
    let operator = account("op", Some("a"), Some("https://op.example.com"));
    write(&store, Subscriber { role, ..operator }).await;
    add(
        &store,
        &[started(1, "a", 1), started(2, "a1", 2), started(3, "b", 3)],
    )
    .await;
    let callback = store.webhook("cb_op").await.unwrap().unwrap();
    let posted = store.deliveries(&callback, &by_id(false)).await.unwrap();
    let posted: Vec<_> = posted.page.iter().map(|delivery| delivery.happening).collect();
    assert_eq!(posted, [1, 2]);
}
