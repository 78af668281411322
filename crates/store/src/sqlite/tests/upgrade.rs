//! What becomes of stores of earlier versions.

use sqlx::sqlite::{SqliteConnectOptions, SqlitePoolOptions};

use super::*;

/// The first so many of a list.
fn oldest(limit: u32) -> Query {
    let page = crate::Page {
        offset: 0,
        limit,
        order: crate::Order::OldestFirst,
    };
    page.into()
}

#[tokio::test]
async fn changes_from_before_owners_were_kept_are_shown_to_the_one_above_all_if_there_is_one() {
    for (tops, seen) in [(1, 1), (2, 0)] {
        let folder = TempDir::new().unwrap();
        let store = open(&folder).await;
        for n in 0..tops {
            write(&store, account(&format!("top {n}"), "")).await.unwrap();
        }
        for statement in [
            "DROP VIEW audit_seen",
            "DROP TABLE audit_tenants",
            "DELETE FROM sequences WHERE name = 'callback'",
            "DELETE FROM totals WHERE list = 'audit'",
            "DELETE FROM _sqlx_migrations WHERE version IN (5, 9)",
        ] {
            sqlx::query(statement).execute(&store.writer).await.unwrap();
        }
        store.close().await.unwrap();
        let store = open(&folder).await;
        let lines = store.audit(&Sid::new("top 0"), &oldest(9)).await.unwrap();
        assert_eq!(lines.total, seen, "{tops}");
        assert_eq!(store.reserve(IdKind::Callback, 1).await.unwrap(), 1..2);
    }
}

#[tokio::test]
async fn records_of_who_was_deleted_before_are_shown_to_the_one_above_all_if_there_is_one() {
    for (tops, seen) in [(1, 1), (2, 0)] {
        let folder = TempDir::new().unwrap();
        let store = open(&folder).await;
        for n in 0..tops {
            write(&store, account(&format!("top {n}"), "")).await.unwrap();
        }
        store.add_records(&[call_of(1)]).await.unwrap();
        for statement in [
            "DROP TABLE former_subscribers",
            "DROP TRIGGER subscriber_was_deleted",
            "DROP TRIGGER subscriber_is_back",
            "DELETE FROM _sqlx_migrations WHERE version = 7",
        ] {
            sqlx::query(statement).execute(&store.writer).await.unwrap();
        }
        store.close().await.unwrap();
        let store = open(&folder).await;
        let scope = Scope::tenant(Sid::new("top 0"));
        assert_eq!(
            store.cdrs(&scope, &oldest(9)).await.unwrap().total,
            seen,
            "{tops}"
        );
    }
}

/// Takes back what the steps 8 and 9 make.
const WITHOUT_LISTS: &[&str] = &[
    "DROP VIEW audit_seen",
    "DROP TRIGGER audit_came",
    "DROP INDEX audit_tenants_by_time",
    "DROP INDEX audit_tenants_by_audit",
    "ALTER TABLE audit_tenants DROP COLUMN at_ms",
    "CREATE VIEW audit_seen AS SELECT 1",
    "DROP TRIGGER cdr_came",
    "DROP TRIGGER cdr_went",
    "DROP TRIGGER mdr_came",
    "DROP TRIGGER mdr_went",
    "DROP TABLE totals",
    "DROP INDEX cdrs_by_time",
    "DROP INDEX cdrs_by_caller",
    "DROP INDEX cdrs_by_callee",
    "DROP INDEX cdrs_by_meeting",
    "DROP INDEX cdrs_by_meeting_number",
    "DROP INDEX mdrs_by_time",
    "DROP INDEX mdrs_by_meeting_number",
    "DROP INDEX audit_by_object",
    "DROP INDEX happenings_by_subscriber",
    "DROP INDEX deliveries_dead",
    "DELETE FROM _sqlx_migrations WHERE version IN (8, 9)",
];

fn meeting_of(id: u64) -> Record {
    Record::Meeting(Box::new(Mdr {
        meeting: MeetingId(id),
        number: model::MeetingNumber(106_131),
        subscriber_sid: Sid::new("a"),
        created_ms: 0,
        started_ms: None,
        ended_ms: 2,
        calls: 1,
        peak: 1,
        cause: model::Cause::Empty,
        on_the_fly: false,
    }))
}

/// Calls of the account, of it and of nobody, and meetings of it.
async fn totals(store: &SqliteStore) -> [u64; 3] {
    let scope = Scope::tenant(Sid::new("a"));
    let all = scope.clone().and_unowned(true);
    [
        store.cdrs(&scope, &oldest(1)).await.unwrap().total,
        store.cdrs(&all, &oldest(1)).await.unwrap().total,
        store.mdrs(&scope, &oldest(1)).await.unwrap().total,
    ]
}

#[tokio::test]
async fn what_was_there_before_lists_were_counted_and_dated_is_so_from_the_upgrade_on() {
    let folder = TempDir::new().unwrap();
    let store = open(&folder).await;
    let of_nobody = Record::Call(Box::new(Cdr {
        subscriber_sid: None,
        ..cdr_of(3)
    }));
    let records = [call_of(1), call_of(2), of_nobody, meeting_of(1)];
    store.add_records(&records).await.unwrap();
    // The clock was set back meanwhile.
    for (details, now_ms) in [("", 9), ("changed", 4)] {
        let edits = [account("a", details)];
        store.write(&Actor::Bridge, &edits, now_ms).await.unwrap();
    }
    for statement in WITHOUT_LISTS {
        sqlx::query(*statement).execute(&store.writer).await.unwrap();
    }
    store.close().await.unwrap();
    let store = open(&folder).await;
    assert_eq!(totals(&store).await, [2, 3, 1]);
    let more = [call_of(2), call_of(4), meeting_of(2)];
    store.add_records(&more).await.unwrap();
    assert_eq!(totals(&store).await, [3, 4, 2]);
    write(&store, account("a", "once more")).await.unwrap();
    let changes = store.audit(&Sid::new("a"), &oldest(3)).await.unwrap();
    let dated: Vec<_> = changes.page.iter().map(|line| line.at_ms).collect();
    assert_eq!((dated, changes.total), (vec![4, 7, 9], 3));
    // Two of each.
    assert_eq!(store.forget_records(i64::MAX, 2).await, Ok(4));
    assert_eq!(totals(&store).await, [1, 2, 0]);
}

/// A store as the version left it that knew so many steps, for statements as they are.
async fn of_steps(folder: &TempDir, count: usize) -> SqlitePool {
    let file = SqliteConnectOptions::new()
        .filename(folder.path().join("store.db"))
        .create_if_missing(true)
        .foreign_keys(true);
    let pool = SqlitePoolOptions::new().max_connections(1);
    let pool = pool.connect_with(file).await.unwrap();
    let mark = sqlx::AssertSqlSafe(format!("PRAGMA application_id = {}", schema::APPLICATION_ID));
    sqlx::query(mark).execute(&pool).await.unwrap();
    schema::migrate_to(&pool, count).await.unwrap();
    pool
}

#[tokio::test]
async fn what_was_to_be_posted_before_it_outlived_its_webhook_is_so_after_the_upgrade_and_goes_in_portions() {
    let folder = TempDir::new().unwrap();
    let before = of_steps(&folder, 11).await;
    for statement in [
        "INSERT INTO subscribers (sid, login, password_hash, authentication_token, created_ms, first_name, last_name, email,
             phone_number, ext, details, external_id, role)
         VALUES ('a', 'a', 'hash', '', 0, '', '', '', '', '', '', 0, 1)",
        "INSERT INTO webhooks VALUES ('w', 'a', 0, '', '[]', '', 0, 0, x'00', NULL, NULL)",
        "INSERT INTO deliveries (webhook, happening, chain, state, attempts, created_ms, due_ms)
         VALUES ('w', 1, 7, 1, 1, 5, 5), ('w', 2, 7, 0, 0, 6, 6), ('w', 3, 7, 0, 0, 7, 7), ('w', 4, 8, 2, 3, 8, 8)",
    ] {
        sqlx::query(statement).execute(&before).await.unwrap();
    }
    before.close().await;
    let store = open(&folder).await;
    let due = store.due("w", 9, 9).await.unwrap();
    assert_eq!(due.iter().map(|one| one.happening).collect::<Vec<_>>(), [2]);
    let backlog = store.backlog().await.unwrap();
    assert_eq!(
        (backlog.pending, backlog.oldest_ms, backlog.dead),
        (2, Some(6), 1)
    );
    let gone = Edit::DeleteSubscriber(Sid::new("a"));
    write(&store, gone).await.unwrap();
    assert_eq!(store.backlog().await, Ok(Backlog::default()));
    // The first of a chain, four deliveries, and that the webhook is gone.
    for cleared in [4, 2, 0] {
        assert_eq!(store.clear_deliveries(4).await, Ok(cleared));
    }
}

#[tokio::test]
async fn keys_that_were_kept_before_tenants_had_a_bound_count_for_theirs_from_the_upgrade_on() {
    let folder = TempDir::new().unwrap();
    let store = open(&folder).await;
    for (sid, parent) in [("r", None), ("t", Some("r")), ("t1", Some("t"))] {
        let (parent, role) = (parent.map(Sid::new), SubscriberRole::Administrator);
        let subscriber = Subscriber::new(Sid::new(sid), parent, sid, role);
        write(&store, Edit::PutSubscriber(subscriber)).await.unwrap();
    }
    for sid in ["r", "t", "t1", "gone"] {
        let (sid, key) = (Sid::new(sid), "k".to_owned());
        let begun = store.begin_request(&RequestKey { sid, key }, &[1; 32], 0).await;
        assert_eq!(begun, Ok(Begun::Fresh));
    }
    for statement in [
        "DROP TRIGGER request_of_tenant_came",
        "DROP TRIGGER request_of_tenant_changed",
        "DROP TRIGGER request_of_tenant_went",
        "DROP TABLE requests_kept_by_tenant",
        "ALTER TABLE requests DROP COLUMN tenant",
        "DELETE FROM _sqlx_migrations WHERE version = 13",
    ] {
        sqlx::query(statement).execute(&store.writer).await.unwrap();
    }
    store.close().await.unwrap();
    let store = open(&folder).await;
    let kept: Vec<(String, i64, i64)> =
        sqlx::query_as("SELECT tenant, hour, bytes FROM requests_kept_by_tenant")
            .fetch_all(&store.writer)
            .await
            .unwrap();
    // Two keys of 1 KiB each.
    assert_eq!(kept, [("t".to_owned(), 0, 2_048)]);
}
