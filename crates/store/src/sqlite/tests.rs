mod upgrade;

use std::path::Path;

use model::directory::{Edit, Subscriber, SubscriberRole};
use model::{Actor, Sid};
use tempfile::TempDir;

use super::*;
use crate::IdKind;

fn account(sid: &str, details: &str) -> Edit {
    Edit::PutSubscriber(Subscriber {
        password_hash: "hash".into(),
        details: details.into(),
        ..Subscriber::new(Sid::new(sid), None, sid, SubscriberRole::Administrator)
    })
}

async fn open(folder: &TempDir) -> SqliteStore {
    SqliteStore::open(&folder.path().join("store.db")).await.unwrap()
}

async fn write(store: &SqliteStore, edit: Edit) -> Result<(), StoreError> {
    store.write(&Actor::Bridge, &[edit], 7).await
}

async fn pragma(store: &SqliteStore, statement: &'static str) -> i64 {
    sqlx::query_scalar(statement)
        .fetch_one(&store.writer)
        .await
        .unwrap()
}

#[tokio::test]
async fn the_writer_syncs_every_commit_and_holds_foreign_keys() {
    let folder = TempDir::new().unwrap();
    let store = open(&folder).await;
    // 2 is FULL (https://sqlite.org/pragma.html#pragma_synchronous).
    assert_eq!(pragma(&store, "PRAGMA synchronous").await, 2);
    assert_eq!(pragma(&store, "PRAGMA foreign_keys").await, 1);
    assert_eq!(
        pragma(&store, "PRAGMA application_id").await,
        i64::from(schema::APPLICATION_ID)
    );
    let mode: String = sqlx::query_scalar("PRAGMA journal_mode")
        .fetch_one(&store.writer)
        .await
        .unwrap();
    assert_eq!(mode, "wal");
}

#[tokio::test]
async fn the_readers_cannot_write() {
    let folder = TempDir::new().unwrap();
    let store = open(&folder).await;
    let refused = sqlx::query("DELETE FROM audit")
        .execute(&store.readers)
        .await
        .unwrap_err();
    assert!(matches!(StoreError::from(refused), StoreError::NotWritable(_)));
}

/// Leaves the writer no page to grow by, until it is opened anew or the limit is lifted.
async fn fill_up(store: &SqliteStore) {
    let pages = pragma(store, "PRAGMA page_count").await;
    let limit = sqlx::AssertSqlSafe(format!("PRAGMA max_page_count = {pages}"));
    sqlx::query(limit).execute(&store.writer).await.unwrap();
}

#[tokio::test]
async fn a_full_disk_is_said_loses_nothing_and_passes_however_often_it_was_tried() {
    for tries in 1..=3 {
        let folder = TempDir::new().unwrap();
        let store = open(&folder).await;
        write(&store, account("kept", "")).await.unwrap();
        let big: Vec<_> = (0..30)
            .map(|n| account(&n.to_string(), &"x".repeat(4_000)))
            .collect();
        for _ in 0..tries {
            fill_up(&store).await;
            let refused = store.write(&Actor::Bridge, &big, 7).await;
            assert_eq!(refused, Err(StoreError::Full));
        }
        pragma(&store, "PRAGMA max_page_count = 100000").await;
        // `load` reads by another connection: it sees only what is committed.
        assert_eq!(store.load().await.unwrap().subscribers().count(), 1);
        store.write(&Actor::Bridge, &big, 7).await.unwrap();
        assert_eq!(store.load().await.unwrap().subscribers().count(), 31);
        store.close().await.unwrap();
        let again = open(&folder).await;
        assert_eq!(again.load().await.unwrap().subscribers().count(), 31);
    }
}

#[tokio::test]
async fn a_transaction_that_sqlite_ended_by_itself_takes_no_later_one_with_it() {
    let folder = TempDir::new().unwrap();
    let store = open(&folder).await;
    for tries in 0..3 {
        let ended = transaction::transaction(&store.writer, async |db| {
            // What SQLite does when a disk is full in the midst of writing.
            sqlx::query("ROLLBACK").execute(db).await?;
            Err::<(), _>(StoreError::Full)
        });
        assert_eq!(ended.await, Err(StoreError::Full));
        let failed = transaction::transaction(&store.writer, async |_| Err::<(), _>(StoreError::Full));
        assert_eq!(failed.await, Err(StoreError::Full));
        write(&store, account(&tries.to_string(), "")).await.unwrap();
        // `load` reads by another connection: it sees only what is committed.
        assert_eq!(store.load().await.unwrap().subscribers().count(), tries + 1);
    }
}

#[tokio::test]
async fn records_that_found_the_disk_full_are_there_when_they_are_written_again() {
    let folder = TempDir::new().unwrap();
    let store = open(&folder).await;
    let records: Vec<_> = (1..200).map(call_of).collect();
    for _ in 0..3 {
        fill_up(&store).await;
        assert_eq!(store.add_records(&records).await, Err(StoreError::Full));
    }
    pragma(&store, "PRAGMA max_page_count = 100000").await;
    store.add_records(&records).await.unwrap();
    let count: i64 = sqlx::query_scalar("SELECT count(*) FROM cdrs")
        .fetch_one(&store.readers)
        .await
        .unwrap();
    assert_eq!(count, 199);
}

/// What the log of meeting 9 says.
fn story() -> Vec<Record> {
    let (first, second, waiting) = (model::LegId(1), model::LegId(2), model::LegId(3));
    let role = model::Role::Host;
    let cause = model::Cause::HungUp;
    let events = [
        model::Event::Created,
        model::Event::Started,
        model::Event::Joined { leg: first, role },
        model::Event::Joined { leg: second, role },
        model::Event::Waiting { leg: waiting, role },
        model::Event::Left { leg: waiting, cause },
        model::Event::Left { leg: first, cause },
        model::Event::RecordingStarted {
            file: "1-9-1.ogg".into(),
        },
        model::Event::RecordingStopped {
            file: "1-9-1.ogg".into(),
            end: model::RecordingEnd::Asked,
            gap_ms: 20,
        },
        model::Event::RecordingStarted {
            file: "1-9-2.ogg".into(),
        },
    ];
    let entry = |(seq, event)| {
        let place = model::Place {
            meeting: MeetingId(9),
            number: model::MeetingNumber(106_131),
            seq,
        };
        Record::Happening(std::sync::Arc::new(model::Happening {
            id: 100 + seq,
            at_ms: 1_000 + seq as i64,
            subscriber_sid: Sid::new("a"),
            place: Some(place),
            actor: Actor::Bridge,
            news: model::News::Meeting(event),
            party: None,
            is_live: true,
        }))
    };
    (0..).zip(events).map(entry).collect()
}

#[tokio::test]
async fn calls_and_meetings_that_were_up_at_a_crash_have_records_at_the_next_start() {
    let folder = TempDir::new().unwrap();
    let store = open(&folder).await;
    write(&store, account("a", "")).await.unwrap();
    let meeting = Some((MeetingId(9), model::MeetingNumber(106_131)));
    let open_call = |leg, meeting| {
        Record::OpenCall(Box::new(Cdr {
            meeting,
            ..cdr_of(leg)
        }))
    };
    let mut records = story();
    records.extend([open_call(1, None), open_call(1, meeting), open_call(2, meeting)]);
    records.extend([call_of(1), open_call(1, meeting), Record::Alive { at_ms: 5_000 }]);
    records.push(Record::Alive { at_ms: 4_000 });
    store.add_records(&records).await.unwrap();
    drop(store);
    for _ in 0..2 {
        let store = open(&folder).await;
        let page = crate::Page {
            offset: 0,
            limit: 9,
            order: crate::Order::OldestFirst,
        };
        let scope = Scope::tenant(Sid::new("a"));
        let cdrs = store.cdrs(&scope, &page.into()).await.unwrap().page;
        let ends: Vec<_> = cdrs
            .iter()
            .map(|cdr| (cdr.leg.0, cdr.cause, cdr.ended_ms))
            .collect();
        assert_eq!(
            ends,
            [
                (1, model::Cause::HungUp, 2),
                (2, model::Cause::Interrupted, 5_000)
            ]
        );
        assert_eq!(cdrs[1].meeting, meeting);
        let mdrs = store.mdrs(&scope, &page.into()).await.unwrap().page;
        let [mdr] = &mdrs[..] else { panic!("{mdrs:?}") };
        assert_eq!(
            (mdr.calls, mdr.peak, mdr.cause),
            (2, 2, model::Cause::Interrupted)
        );
        assert_eq!(
            (mdr.created_ms, mdr.started_ms, mdr.ended_ms),
            (1_000, Some(1_001), 5_000)
        );
        assert!(mdr.on_the_fly, "no room has its number");
        let stopped: Vec<String> =
            sqlx::query_scalar("SELECT detail FROM happenings WHERE kind = 'recording.stopped' ORDER BY seq")
                .fetch_all(&store.readers)
                .await
                .unwrap();
        assert_eq!(stopped, ["asked 20 1-9-1.ogg", "interrupted 0 1-9-2.ogg"]);
        store.close().await.unwrap();
    }
}

/// Calls at a crash: 1 in the menu and with the operator 2, 3 back in the menu, 4 in a meeting and waiting for the operator 5. All but the
/// first event is of `later_ms`.
fn operators(later_ms: i64) -> Vec<Record> {
    use model::OperatorMode::{None as Off, Requested, With};
    let set = |leg: u64, mode| {
        let (leg, cause) = (model::LegId(leg), None);
        model::News::Meeting(model::Event::OperatorSet { leg, mode, cause })
    };
    let call = |leg: u64, what| model::News::Call {
        leg: model::LegId(leg),
        what,
    };
    let (rings, menu) = (model::CallNews::Ringing, model::CallNews::InMenu);
    let joined = model::News::Meeting(model::Event::Joined {
        leg: model::LegId(4),
        role: model::Role::Host,
    });
    let outside = [
        call(1, menu),
        set(1, With),
        call(2, rings),
        call(3, menu),
        set(3, Off),
        call(4, menu),
        call(5, rings),
    ];
    let place = |seq: u64| model::Place {
        meeting: MeetingId(9),
        number: model::MeetingNumber(106_131),
        seq,
    };
    let inside = (0..).zip([joined, set(4, Requested)]);
    let inside = inside.map(|(seq, news)| (Some(place(seq)), news));
    let all = outside.into_iter().map(|news| (None, news)).chain(inside);
    let told = (1..).zip(all).map(|(id, (place, news))| {
        Record::Happening(std::sync::Arc::new(model::Happening {
            id,
            at_ms: if id == 1 { 1_000 } else { later_ms },
            subscriber_sid: Sid::new("a"),
            place,
            actor: Actor::Bridge,
            news,
            party: None,
            is_live: true,
        }))
    });
    let calls = [(1, false), (2, true), (3, false), (4, false), (5, true)];
    let calls = calls.map(|(leg, outbound)| {
        Record::OpenCall(Box::new(Cdr {
            outbound,
            created_ms: 900,
            meeting: (leg == 4).then_some((MeetingId(9), model::MeetingNumber(106_131))),
            ..cdr_of(leg)
        }))
    });
    told.chain(calls).chain([Record::Alive { at_ms: 500 }]).collect()
}

#[tokio::test]
async fn who_was_with_the_operator_at_a_crash_is_so_no_more_at_the_next_start() {
    // The bridge ran on after its last beat: it told of something.
    operators_after_a_crash(1_000).await;
}

#[tokio::test]
async fn a_clock_that_was_set_back_before_a_crash_hides_no_call() {
    operators_after_a_crash(100).await;
}

async fn operators_after_a_crash(later_ms: i64) {
    let folder = TempDir::new().unwrap();
    let store = open(&folder).await;
    write(&store, account("a", "")).await.unwrap();
    store.reserve(IdKind::Happening, 1_000).await.unwrap();
    store.add_records(&operators(later_ms)).await.unwrap();
    drop(store);
    let store = open(&folder).await;
    let wanted = crate::Missed {
        after: 9,
        upto: u64::MAX,
        number: None,
        limit: 99,
    };
    let scope = Scope::tenant(Sid::new("a"));
    let endings = store.missed(&scope, wanted).await.unwrap();
    let last_ms = later_ms.max(500);
    assert!(
        endings.iter().all(|ending| ending.at_ms == last_ms),
        "{endings:?}"
    );
    let endings: Vec<_> = endings
        .iter()
        .map(|ending| (ending.news.leg().map(|leg| leg.0), ending.news.kind().text()))
        .collect();
    let expected = [
        (Some(4), "call.operator"),
        (Some(4), "call.left"),
        (None, "meeting.ended"),
        (Some(1), "call.operator"),
        (Some(1), "call.ended"),
        (Some(2), "call.ended"),
        (Some(3), "call.ended"),
        (Some(4), "call.ended"),
        (Some(5), "call.ended"),
    ];
    assert_eq!(endings, expected);
}

fn call_of(leg: u64) -> Record {
    Record::Call(Box::new(cdr_of(leg)))
}

fn cdr_of(leg: u64) -> Cdr {
    Cdr {
        leg: model::LegId(leg),
        subscriber_sid: Some(Sid::new("a")),
        callee: "15162065319".into(),
        caller: "+15550001".into(),
        source: "192.0.2.1".into(),
        outbound: false,
        codec: "PCMU".into(),
        created_ms: 0,
        answered_ms: Some(1),
        joined_ms: None,
        ended_ms: 2,
        meeting: None,
        role: None,
        access_code: String::new(),
        custom_name: "x".repeat(200),
        cause: model::Cause::HungUp,
        sip_status: 200,
    }
}

#[tokio::test]
async fn every_edit_has_an_audit_row_without_secrets() {
    let folder = TempDir::new().unwrap();
    let store = open(&folder).await;
    let edits = [
        account("a", ""),
        account("a", "changed"),
        Edit::DeleteSubscriber(Sid::new("a")),
    ];
    store
        .write(&Actor::User(Sid::new("root")), &edits, 1234)
        .await
        .unwrap();
    let rows: Vec<(i64, String, String, String)> =
        sqlx::query_as("SELECT at_ms, actor, action, object FROM audit ORDER BY id")
            .fetch_all(&store.writer)
            .await
            .unwrap();
    let row = |action: &str| {
        (
            1234,
            "user root".to_owned(),
            action.to_owned(),
            "subscriber a".to_owned(),
        )
    };
    assert_eq!(rows, [row("create"), row("put"), row("delete")]);
}

#[tokio::test]
async fn an_edit_the_disk_contradicts_is_refused_whole() {
    let folder = TempDir::new().unwrap();
    let store = open(&folder).await;
    let edits = [account("a", ""), Edit::DeleteSubscriber(Sid::new("nobody"))];
    let refused = store.write(&Actor::Bridge, &edits, 0).await.unwrap_err();
    assert_eq!(
        refused,
        StoreError::Damaged("subscriber nobody is not on disk".into())
    );
    assert_eq!(store.load().await.unwrap().subscribers().count(), 0);
}

#[tokio::test]
async fn damage_within_the_file_is_found_at_the_start() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("store.db");
    let store = open(&folder).await;
    for n in 0..200 {
        write(&store, account(&format!("account {n}"), &"x".repeat(500)))
            .await
            .unwrap();
    }
    let root = pragma(
        &store,
        "SELECT rootpage FROM sqlite_schema WHERE name = 'subscribers'",
    )
    .await;
    let size = pragma(&store, "PRAGMA page_size").await;
    store.close().await.unwrap();
    let start = usize::try_from((root - 1) * size).unwrap();
    let mut bytes = std::fs::read(&path).unwrap();
    bytes[start..start + 2000].fill(0xa5);
    std::fs::write(&path, bytes).unwrap();
    let refused = SqliteStore::open(&path).await.err();
    assert!(matches!(refused, Some(StoreError::Damaged(_))), "{refused:?}");
}

#[tokio::test]
async fn values_that_break_the_rules_of_edits_are_damage_too() {
    let folder = TempDir::new().unwrap();
    let store = open(&folder).await;
    write(&store, account("a", "")).await.unwrap();
    sqlx::query("UPDATE subscribers SET login = 'a:b'")
        .execute(&store.writer)
        .await
        .unwrap();
    let said = store.load().await.unwrap_err().to_string();
    assert_eq!(
        said,
        "the store is damaged: subscriber a: login: expected a name without a colon"
    );
}

#[tokio::test]
async fn a_store_of_a_later_version_is_left_alone() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("store.db");
    let store = open(&folder).await;
    sqlx::query("UPDATE _sqlx_migrations SET version = 99 WHERE version = 2")
        .execute(&store.writer)
        .await
        .unwrap();
    store.close().await.unwrap();
    let said = SqliteStore::open(&path).await.err().unwrap().to_string();
    let latest = super::schema::LATEST;
    let expected = format!("it has schema 99 of a later version, this one knows {latest}");
    assert!(said.contains(&expected), "{said}");
}

#[tokio::test]
async fn a_database_of_another_program_is_left_alone() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("store.db");
    make_foreign(&path).await;
    let before = std::fs::read(&path).unwrap();
    let refused = SqliteStore::open(&path).await.err();
    assert!(matches!(refused, Some(StoreError::Foreign { .. })), "{refused:?}");
    assert_eq!(std::fs::read(&path).unwrap(), before);
}

async fn make_foreign(path: &Path) {
    use sqlx::{ConnectOptions, Connection};
    let options = sqlx::sqlite::SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(true);
    let mut db = options.connect().await.unwrap();
    sqlx::query("CREATE TABLE theirs (x)")
        .execute(&mut db)
        .await
        .unwrap();
    db.close().await.unwrap();
}

#[tokio::test]
async fn a_checkpoint_empties_the_log_into_the_file() {
    let folder = TempDir::new().unwrap();
    let store = open(&folder).await;
    write(&store, account("a", "")).await.unwrap();
    let wal = folder.path().join("store.db-wal");
    assert!(std::fs::metadata(&wal).unwrap().len() > 0);
    store.checkpoint().await.unwrap();
    assert_eq!(std::fs::metadata(&wal).unwrap().len(), 0);
}

#[tokio::test]
async fn ids_chosen_by_others_are_never_given_again() {
    let folder = TempDir::new().unwrap();
    let store = open(&folder).await;
    let mut db = store.writer.acquire().await.unwrap();
    sequence::spend(&mut db, IdKind::Did, 220).await.unwrap();
    sequence::spend(&mut db, IdKind::Did, 7).await.unwrap();
    drop(db);
    assert_eq!(store.reserve(IdKind::Did, 2).await.unwrap(), 221..223);
    assert_eq!(store.reserve(IdKind::DidGroup, 1).await.unwrap(), 1..2);
}

#[tokio::test]
async fn health_is_tried_by_writing() {
    let folder = TempDir::new().unwrap();
    let store = open(&folder).await;
    store.checkpoint().await.unwrap();
    let wal = folder.path().join("store.db-wal");
    assert_eq!(std::fs::metadata(&wal).unwrap().len(), 0);
    store.health().await.unwrap();
    assert!(std::fs::metadata(&wal).unwrap().len() > 0);
}
