//! The SQLite store from outside: what is written is read back by the next process.

#[path = "common/edits.rs"]
mod edits;
#[path = "common/records.rs"]
mod records;

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use edits::{Dice, any_edit, contents};
use model::directory::Directory;
use model::query::{OrderBy, Query};
use model::{
    Actor, Cause, Cdr, Event, Happening, LegId, Mdr, MeetingId, MeetingNumber, News, Place, Role, Sid,
};
use proptest::prelude::*;
use records::cdr;
use store::{IdKind, Order, Page, Record, Scope, SqliteStore, Store, StoreError};
use tempfile::TempDir;

fn path(folder: &TempDir) -> PathBuf {
    folder.path().join("data").join("store.db")
}

async fn open(folder: &TempDir) -> SqliteStore {
    SqliteStore::open(&path(folder)).await.unwrap()
}

fn block_on<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap()
        .block_on(work)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn whatever_edits_are_accepted_the_next_process_loads_the_same_directory(seed: u64) {
        block_on(async {
            let folder = TempDir::new().unwrap();
            let store = open(&folder).await;
            let mut dice = Dice(seed);
            let mut directory = Directory::default();
            for now_ms in 0..150 {
                let edit = any_edit(&mut dice);
                if let Ok(next) = directory.edited(edit.clone()) {
                    store.write(&Actor::Bridge, &[edit], now_ms).await.unwrap();
                    directory = next;
                }
            }
            store.close().await.unwrap();
            assert_eq!(contents(&open(&folder).await.load().await.unwrap()), contents(&directory));
        });
    }
}

#[tokio::test]
async fn a_store_in_use_is_refused_until_it_is_closed() {
    let folder = TempDir::new().unwrap();
    let first = open(&folder).await;
    let refused = SqliteStore::open(&path(&folder)).await.err().unwrap();
    assert_eq!(refused, StoreError::InUse { path: path(&folder) });
    assert!(
        refused
            .to_string()
            .ends_with("store.db is in use by another process")
    );
    first.close().await.unwrap();
    open(&folder).await;
}

#[tokio::test]
async fn nobody_else_may_read_the_files() {
    let folder = TempDir::new().unwrap();
    std::fs::create_dir(folder.path().join("data")).unwrap();
    std::fs::write(path(&folder), "").unwrap();
    std::fs::set_permissions(path(&folder), std::fs::Permissions::from_mode(0o644)).unwrap();
    let store = open(&folder).await;
    store.health().await.unwrap();
    for entry in std::fs::read_dir(folder.path().join("data")).unwrap() {
        let entry = entry.unwrap();
        let mode = entry.metadata().unwrap().permissions().mode() & 0o777;
        assert_eq!(mode, 0o600, "{:?}", entry.file_name());
    }
}

#[tokio::test]
async fn a_folder_it_makes_is_for_its_user_alone() {
    let folder = TempDir::new().unwrap();
    open(&folder).await;
    let mode = std::fs::metadata(folder.path().join("data"))
        .unwrap()
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o700);
}

#[tokio::test]
async fn a_place_that_cannot_be_written_is_named() {
    // Not even root makes folders there.
    let refused = SqliteStore::open(Path::new("/proc/partyline/store.db"))
        .await
        .err()
        .unwrap();
    let said = refused.to_string();
    assert!(
        said.starts_with("the store cannot be written: /proc/partyline: "),
        "{said}"
    );
}

#[tokio::test]
async fn a_file_that_is_no_database_is_said_to_be_damaged() {
    let folder = TempDir::new().unwrap();
    std::fs::create_dir(folder.path().join("data")).unwrap();
    std::fs::write(path(&folder), "not a database at all, by any means").unwrap();
    let said = SqliteStore::open(&path(&folder)).await.err().unwrap().to_string();
    assert!(
        said.starts_with("the store is damaged: ") && said.ends_with("store.db is not a database"),
        "{said}"
    );
}

#[tokio::test]
async fn ids_are_never_given_twice_whoever_asks() {
    let folder = TempDir::new().unwrap();
    let store = open(&folder).await;
    assert_eq!(store.reserve(IdKind::Leg, 10_000).await.unwrap(), 1..10_001);
    assert_eq!(store.reserve(IdKind::Meeting, 1).await.unwrap(), 1..2);
    store.close().await.unwrap();
    let store = open(&folder).await;
    assert_eq!(store.reserve(IdKind::Leg, 1).await.unwrap(), 10_001..10_002);
    for kind in IdKind::ALL {
        assert!(store.reserve(kind, 1).await.is_ok(), "{kind:?}");
    }
}

fn mdr(meeting: u64, tenant: &str) -> Mdr {
    Mdr {
        meeting: MeetingId(meeting),
        number: MeetingNumber(106_131),
        subscriber_sid: Sid::new(tenant),
        created_ms: 10,
        started_ms: None,
        ended_ms: 20,
        calls: 4,
        peak: 3,
        cause: Cause::Empty,
        on_the_fly: true,
    }
}

fn page(offset: u64, limit: u32, order: Order) -> Page {
    Page { offset, limit, order }
}

async fn legs(store: &SqliteStore, scope: Scope, page: Page) -> (Vec<u64>, u64) {
    let found = store.cdrs(&scope, &page.into()).await.unwrap();
    (found.page.iter().map(|cdr| cdr.leg.0).collect(), found.total)
}

#[tokio::test]
async fn records_come_back_as_they_were() {
    let folder = TempDir::new().unwrap();
    let store = open(&folder).await;
    let mut bare = cdr(2, Some("a"), 2);
    (bare.meeting, bare.role, bare.answered_ms) = (None, None, None);
    let calls = vec![cdr(1, Some("a"), 1), bare];
    let mut records: Vec<_> = calls
        .iter()
        .cloned()
        .map(|cdr| Record::Call(Box::new(cdr)))
        .collect();
    records.push(Record::Meeting(Box::new(mdr(3, "a"))));
    store.add_records(&records).await.unwrap();
    let scope = Scope::tenant(Sid::new("a"));
    let all = page(0, 10, Order::OldestFirst);
    assert_eq!(store.cdrs(&scope, &all.into()).await.unwrap().page, calls);
    assert_eq!(store.mdrs(&scope, &all.into()).await.unwrap().page, [mdr(3, "a")]);
}

#[tokio::test]
async fn old_records_are_forgotten_in_steps_and_none_behind_a_young_one_for_a_clock_that_was_wrong() {
    let folder = TempDir::new().unwrap();
    let store = open(&folder).await;
    // Each ends 900 ms behind its begin; the clock was set back for the eighth.
    let begins = [1_000, 2_000, 3_000, 4_000, 5_000, 6_000, 7_000, 10, 9_000];
    let calls = (1..)
        .zip(begins)
        .map(|(leg, begin)| Record::Call(Box::new(cdr(leg, Some("a"), begin))));
    let meetings = [(1, 6_999), (2, 7_000)].map(|(id, ended_ms)| {
        Record::Meeting(Box::new(Mdr {
            ended_ms,
            ..mdr(id, "a")
        }))
    });
    let records: Vec<_> = calls.chain(meetings).collect();
    store.add_records(&records).await.unwrap();
    let scope = || Scope::tenant(Sid::new("a"));
    let all = page(0, 10, Order::OldestFirst);
    for (gone, calls, meetings) in [(4 + 1, 5, 1), (2, 3, 1), (0, 3, 1)] {
        assert_eq!(store.forget_records(7_000, 4).await.unwrap(), gone);
        assert_eq!(legs(&store, scope(), all).await.1, calls);
        assert_eq!(store.mdrs(&scope(), &all.into()).await.unwrap().total, meetings);
    }
    assert_eq!(legs(&store, scope(), all).await.0, [8, 7, 9]);
}

#[tokio::test]
async fn every_cause_survives_the_disk() {
    let folder = TempDir::new().unwrap();
    let store = open(&folder).await;
    let with = |(leg, cause): (u64, &Cause)| Cdr {
        cause: *cause,
        ..cdr(leg, Some("a"), 0)
    };
    let calls: Vec<_> = (1..).zip(Cause::ALL).map(with).collect();
    let records: Vec<_> = calls
        .iter()
        .cloned()
        .map(|cdr| Record::Call(Box::new(cdr)))
        .collect();
    store.add_records(&records).await.unwrap();
    let scope = Scope::tenant(Sid::new("a"));
    assert_eq!(
        store
            .cdrs(&scope, &page(0, 1000, Order::OldestFirst).into())
            .await
            .unwrap()
            .page,
        calls
    );
}

#[tokio::test]
async fn a_tenant_sees_its_own_records_only_in_pages() {
    let folder = TempDir::new().unwrap();
    let store = open(&folder).await;
    let calls = [
        cdr(1, Some("a"), 30),
        cdr(2, Some("b"), 20),
        cdr(3, Some("a"), 10),
        cdr(4, Some("a"), 20),
        cdr(5, None, 5),
        cdr(6, Some("a\"]"), 5),
    ];
    let records: Vec<_> = calls.into_iter().map(|cdr| Record::Call(Box::new(cdr))).collect();
    store.add_records(&records).await.unwrap();
    let a = || Scope::tenant(Sid::new("a"));
    for (scope, page, expected) in [
        (a(), page(0, 10, Order::OldestFirst), (vec![3, 4, 1], 3)),
        (a(), page(0, 10, Order::NewestFirst), (vec![1, 4, 3], 3)),
        (a(), page(1, 1, Order::OldestFirst), (vec![4], 3)),
        (a(), page(u64::MAX, 10, Order::OldestFirst), (vec![], 3)),
        (
            Scope::of(Sid::new("b"), [Sid::new("a")]),
            page(0, 10, Order::OldestFirst),
            (vec![3, 2, 4, 1], 4),
        ),
        (
            Scope::tenant(Sid::new("a\"]")),
            page(0, 10, Order::OldestFirst),
            (vec![6], 1),
        ),
        (
            Scope::tenant(Sid::new("%")),
            page(0, 10, Order::OldestFirst),
            (vec![], 0),
        ),
    ] {
        assert_eq!(
            legs(&store, scope.clone(), page).await,
            expected,
            "{scope:?} {page:?}"
        );
    }
}

#[tokio::test]
async fn a_batch_is_written_whole_or_not_at_all_and_may_be_sent_again() {
    let folder = TempDir::new().unwrap();
    let store = open(&folder).await;
    let good = Record::Call(Box::new(cdr(1, Some("a"), 1)));
    let bad = Record::Call(Box::new(cdr(u64::MAX, Some("a"), 1)));
    let refused = store.add_records(&[good.clone(), bad]).await.unwrap_err();
    assert_eq!(
        refused.to_string(),
        format!("id of record of call {} cannot be stored", u64::MAX)
    );
    let all = page(0, 10, Order::OldestFirst);
    assert_eq!(legs(&store, Scope::tenant(Sid::new("a")), all).await, (vec![], 0));
    for _ in 0..2 {
        store.add_records(std::slice::from_ref(&good)).await.unwrap();
        assert_eq!(
            legs(&store, Scope::tenant(Sid::new("a")), all).await,
            (vec![1], 1)
        );
    }
}

#[tokio::test]
async fn the_log_of_a_meeting_reads_in_order_and_for_its_tenant_only() {
    let folder = TempDir::new().unwrap();
    let store = open(&folder).await;
    let leg = LegId(9);
    let events = [
        (Actor::Bridge, Event::Created),
        (
            Actor::Leg(leg),
            Event::Joined {
                leg,
                role: Role::Host,
            },
        ),
        (Actor::User(Sid::new("a")), Event::Locked(true)),
        (
            Actor::Leg(leg),
            Event::Left {
                leg,
                cause: Cause::HungUp,
            },
        ),
    ];
    let entry = |(seq, (actor, event)): (u64, (Actor, Event))| {
        let (meeting, number) = (MeetingId(5), MeetingNumber(106_131));
        Record::Happening(Arc::new(Happening {
            id: 10 + seq,
            at_ms: 100,
            subscriber_sid: Sid::new("a"),
            place: Some(Place { meeting, number, seq }),
            actor,
            news: News::Meeting(event),
            party: None,
            is_live: true,
        }))
    };
    let records: Vec<_> = (0..).zip(events).map(entry).collect();
    store.add_records(&records).await.unwrap();
    let by_sequence = Query {
        offset: 0,
        limit: 10,
        order: vec![OrderBy {
            field: "sequence",
            descending: false,
        }],
        filter: None,
    };
    let read = async |sid: &str, meeting| {
        let scope = Scope::tenant(Sid::new(sid));
        let log = store
            .meeting_log(&scope, MeetingId(meeting), &by_sequence)
            .await
            .unwrap();
        log.page
    };
    let expected: Vec<_> = records
        .iter()
        .filter_map(|record| {
            if let Record::Happening(happening) = record {
                return Some((**happening).clone());
            }
            None
        })
        .collect();
    assert_eq!(read("a", 5).await, expected);
    assert!(read("b", 5).await.is_empty() && read("a", 6).await.is_empty());
    assert!(
        read("a", 1 << 63).await.is_empty(),
        "more than can be kept names nothing"
    );
}

#[tokio::test]
async fn a_closed_store_answers_with_an_error() {
    let folder = TempDir::new().unwrap();
    let store = open(&folder).await;
    store.health().await.unwrap();
    store.close().await.unwrap();
    assert!(matches!(store.health().await, Err(StoreError::Failed(_))));
    assert!(store.load().await.is_err());
}
