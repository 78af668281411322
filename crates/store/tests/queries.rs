//! Records found by any field, in any order.

#[path = "common/records.rs"]
mod records;

use model::Pattern;
use model::query::{Filter, OrderBy, Query, Relation, Scalar, Test};
use model::{Cause, Cdr, Mdr, MeetingId, MeetingNumber, Sid};
use records::cdr;
use store::{DialledCalls, Record, Scope, SqliteStore, Store};
use tempfile::TempDir;

const CDR_FIELDS: &[&str] = &[
    "accessCode",
    "answered",
    "callee",
    "caller",
    "cause",
    "codec",
    "connectionStatus",
    "created",
    "customName",
    "duration",
    "ended",
    "id",
    "joined",
    "meetingId",
    "meetingNumber",
    "role",
    "sipStatus",
    "source",
    "subscriberSid",
];
const MDR_FIELDS: &[&str] = &[
    "calls",
    "cause",
    "created",
    "duration",
    "ended",
    "id",
    "meetingNumber",
    "onTheFly",
    "peak",
    "started",
    "subscriberSid",
];

/// Four calls: Ann answered for 2 s, Jürgen for 1 s, one never answered and without a role, and one of another tenant.
fn calls() -> Vec<Cdr> {
    let ann = Cdr {
        ended_ms: 3_000,
        answered_ms: Some(1_000),
        ..cdr(1, Some("a"), 10)
    };
    let juergen = Cdr {
        custom_name: "Jürgen 50% [x]".into(),
        ended_ms: 2_999,
        answered_ms: Some(1_000),
        ..cdr(2, Some("a"), 20)
    };
    let unanswered = Cdr {
        custom_name: String::new(),
        answered_ms: None,
        role: None,
        cause: Cause::Cancelled,
        outbound: true,
        ..cdr(3, Some("a"), 20)
    };
    vec![ann, juergen, unanswered, cdr(4, Some("b"), 20)]
}

async fn store(folder: &TempDir) -> SqliteStore {
    let store = SqliteStore::open(&folder.path().join("partyline.db"))
        .await
        .unwrap();
    let mut records: Vec<_> = calls()
        .into_iter()
        .map(|cdr| Record::Call(Box::new(cdr)))
        .collect();
    records.push(Record::Meeting(Box::new(Mdr {
        meeting: MeetingId(3),
        number: MeetingNumber(106_131),
        subscriber_sid: Sid::new("a"),
        created_ms: 10,
        started_ms: None,
        ended_ms: 20,
        calls: 4,
        peak: 3,
        cause: Cause::Empty,
        on_the_fly: true,
    })));
    store.add_records(&records).await.unwrap();
    store
}

fn query(filter: Option<Filter>, order: &[(&'static str, bool)]) -> Query {
    let by = |(field, descending): &(&'static str, bool)| OrderBy {
        field,
        descending: *descending,
    };
    Query {
        offset: 0,
        limit: 10,
        order: order.iter().map(by).collect(),
        filter,
    }
}

fn field(name: &'static str, test: Test) -> Filter {
    Filter::Field { name, test }
}

fn not(filter: Filter) -> Filter {
    Filter::Not(Box::new(filter))
}

fn like(name: &'static str, pattern: &str, ignore_case: bool) -> Filter {
    let pieces = pattern.split('|').map(str::to_owned).collect();
    field(name, Test::Like(Pattern::new(pieces, ignore_case)))
}

async fn legs(store: &SqliteStore, query: &Query) -> Vec<u64> {
    let found = store.cdrs(&Scope::tenant(Sid::new("a")), query).await.unwrap();
    assert_eq!(found.total, found.page.len() as u64);
    found.page.iter().map(|cdr| cdr.leg.0).collect()
}

#[tokio::test]
async fn calls_are_found_by_every_kind_of_test() {
    let folder = TempDir::new().unwrap();
    let store = store(&folder).await;
    let is = |name, relation, value| field(name, Test::Is(relation, value));
    let text = |text: &str| Scalar::Text(text.to_owned());
    use Relation::{Equal, Greater, GreaterOrEqual, Less, LessOrEqual};
    for (filter, found) in [
        (is("duration", Equal, Scalar::Whole(2)), &[1][..]),
        (is("duration", Equal, Scalar::Whole(0)), &[3]),
        (is("duration", Greater, Scalar::Real(0.5)), &[1, 2]),
        (is("duration", LessOrEqual, Scalar::Whole(1)), &[2, 3]),
        (is("answered", GreaterOrEqual, Scalar::Whole(0)), &[1, 2]),
        (not(is("answered", GreaterOrEqual, Scalar::Whole(0))), &[3]),
        (field("answered", Test::Missing), &[3]),
        (not(field("answered", Test::Missing)), &[1, 2]),
        (is("role", Equal, Scalar::Whole(0)), &[3]),
        (is("cause", Equal, text("cancelled")), &[3]),
        (is("customName", Less, text("B")), &[1, 3]),
        (is("connectionStatus", Equal, Scalar::Whole(1)), &[3]),
        (
            field("id", Test::In(vec![Scalar::Whole(1), Scalar::Whole(3)])),
            &[1, 3],
        ),
        (field("answered", Test::In(vec![Scalar::Whole(1_000)])), &[1, 2]),
        (not(field("answered", Test::In(vec![Scalar::Whole(1_000)]))), &[3]),
        (like("customName", "A|", false), &[1]),
        (like("customName", "a|", false), &[]),
        (like("customName", "A|", true), &[1]),
        (like("customName", "JÜRG|", true), &[2]),
        (like("customName", "JÜRG|", false), &[]),
        (like("customName", "50% [x]", false), &[2]),
        (like("customName", "*", false), &[]),
        (like("customName", "?nn", false), &[]),
        (like("meetingNumber", "1061|", false), &[1, 2, 3]),
        (like("answered", "|", false), &[1, 2]),
        (
            Filter::Or(vec![
                is("id", Equal, Scalar::Whole(1)),
                is("id", Equal, Scalar::Whole(4)),
            ]),
            &[1],
        ),
        (
            Filter::And(vec![
                like("caller", "+1|", false),
                not(field("answered", Test::Missing)),
            ]),
            &[1, 2],
        ),
        (is("caller", Equal, text("' OR 1=1 --")), &[]),
    ] {
        let asked = query(Some(filter.clone()), &[("id", false)]);
        assert_eq!(legs(&store, &asked).await, found, "{filter:?}");
    }
}

#[tokio::test]
async fn the_longest_filters_are_answered() {
    let folder = TempDir::new().unwrap();
    let store = store(&folder).await;
    let id = |n| field("id", Test::Is(Relation::Equal, Scalar::Whole(n)));
    let any = Filter::Or((3..2_003).map(id).collect());
    let all = Filter::And((2..2_002).map(|n| not(id(n))).collect());
    let both = Filter::And(vec![any.clone(), not(all.clone())]);
    // The small letter takes two octets, its capital three.
    let text = like("customName", &"\u{250}".repeat(4096), true);
    for (filter, found) in [
        (any, &[3][..]),
        (all, &[1]),
        (both, &[3]),
        (text.clone(), &[]),
        (not(text), &[1, 2, 3]),
    ] {
        let asked = query(Some(filter), &[("id", false)]);
        assert_eq!(legs(&store, &asked).await, found);
    }
}

#[tokio::test]
async fn ids_settle_the_order_of_what_is_equal() {
    let folder = TempDir::new().unwrap();
    let store = store(&folder).await;
    for (order, found) in [
        (&[("created", false)][..], [1, 2, 3]),
        (&[("created", true)], [3, 2, 1]),
        (&[("created", true), ("duration", false)], [3, 2, 1]),
        (&[("created", true), ("duration", true)], [2, 3, 1]),
        (&[("answered", false)], [3, 1, 2]),
        (&[("customName", false)], [3, 1, 2]),
    ] {
        assert_eq!(legs(&store, &query(None, order)).await, found, "{order:?}");
    }
}

#[tokio::test]
async fn every_field_of_a_record_gives_an_order_and_can_be_compared() {
    let folder = TempDir::new().unwrap();
    let store = store(&folder).await;
    let scope = Scope::tenant(Sid::new("a"));
    let asked = |field: &'static str| query(Some(like(field, "|", false)), &[(field, true)]);
    for field in CDR_FIELDS {
        assert!(store.cdrs(&scope, &asked(field)).await.is_ok(), "{field}");
    }
    for field in MDR_FIELDS {
        assert!(store.mdrs(&scope, &asked(field)).await.is_ok(), "{field}");
    }
    assert!(store.cdrs(&scope, &asked("colour")).await.is_err());
    let on_the_fly = field("onTheFly", Test::Is(Relation::Equal, Scalar::Flag(true)));
    let found = store
        .mdrs(&scope, &query(Some(on_the_fly), &[("id", false)]))
        .await;
    assert_eq!(found.unwrap().total, 1);
}

#[tokio::test]
async fn a_list_is_the_same_from_whichever_end_its_pages_are_read() {
    let folder = TempDir::new().unwrap();
    let store = store(&folder).await;
    let scope = Scope::of(Sid::new("a"), [Sid::new("b")]);
    for order in [
        &[("created", true)][..],
        &[("created", false)],
        &[("answered", true)],
        &[("created", true), ("duration", false)],
    ] {
        let whole = store.cdrs(&scope, &query(None, order)).await.unwrap().page;
        assert_eq!(whole.len(), 4);
        for (offset, limit) in [
            (0, 1),
            (1, 1),
            (1, 2),
            (2, 1),
            (2, 2),
            (3, 1),
            (3, 10),
            (4, 1),
            (9, 1),
        ] {
            let asked = Query {
                offset,
                limit,
                ..query(None, order)
            };
            let found = store.cdrs(&scope, &asked).await.unwrap();
            let expected = whole.iter().skip(offset as usize).take(limit as usize);
            assert_eq!(
                found.page,
                expected.cloned().collect::<Vec<_>>(),
                "{order:?} from {offset}"
            );
            assert_eq!(found.total, 4);
        }
    }
}

#[tokio::test]
async fn totals_follow_what_comes_and_what_is_forgotten_of_everybody_and_of_nobody() {
    let folder = TempDir::new().unwrap();
    let store = store(&folder).await;
    let records = [cdr(5, None, 30), cdr(6, Some("b"), 40), cdr(6, Some("b"), 40)];
    let records = records.map(|cdr| Record::Call(Box::new(cdr)));
    store.add_records(&records).await.unwrap();
    let one = Query {
        limit: 1,
        ..query(None, &[("id", false)])
    };
    let total = async |scope: Scope| store.cdrs(&scope, &one).await.unwrap().total;
    let (a, b) = (Sid::new("a"), Sid::new("b"));
    let all = || Scope::of(a.clone(), [b.clone()]).and_unowned(true);
    assert_eq!(total(Scope::tenant(a.clone())).await, 3);
    assert_eq!(total(Scope::tenant(b.clone())).await, 2);
    assert_eq!(total(all()).await, 6);
    // The oldest three calls are all of one, and the meeting its only one.
    assert!(store.forget_records(i64::MAX, 3).await.unwrap() >= 3);
    assert_eq!(total(Scope::tenant(a.clone())).await, 0);
    assert_eq!(total(all()).await, 3);
    let meetings = store.mdrs(&Scope::tenant(a), &one).await.unwrap();
    assert_eq!(meetings.total, 0);
}

#[tokio::test]
async fn calls_that_were_dialled_are_counted_within_their_day_by_who_made_them() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("partyline.db");
    let store = SqliteStore::open(&path).await.unwrap();
    let dialled = |leg, tenant, created_ms| Cdr {
        outbound: true,
        caller: "+15162065319".into(),
        ..cdr(leg, tenant, created_ms)
    };
    let others = Cdr {
        caller: "+15162065318".into(),
        ..dialled(5, Some("a"), 150)
    };
    let to_operator = Cdr {
        access_code: String::new(),
        ..dialled(6, Some("a"), 150)
    };
    let records = [
        dialled(1, Some("a"), 99),
        dialled(2, Some("a"), 100),
        dialled(3, Some("b"), 150),
        dialled(4, Some("a"), 199),
        others,
        to_operator,
        cdr(7, Some("a"), 150),
        dialled(8, Some("a"), 200),
        dialled(9, None, 120),
    ];
    let records = records.map(|cdr| Record::Call(Box::new(cdr)));
    store.add_records(&records).await.unwrap();
    // One that rings as the bridge is killed counts from the next start on.
    let cut_off = Record::OpenCall(Box::new(dialled(10, Some("a"), 160)));
    store.add_records(&[cut_off]).await.unwrap();
    store.close().await.unwrap();
    let store = SqliteStore::open(&path).await.unwrap();
    let mut found = store.dialled(100..200).await.unwrap();
    found.sort_by_key(|calls| (calls.caller.clone(), calls.subscriber_sid.clone()));
    let of = |caller: &str, owner: Option<&str>, count| DialledCalls {
        caller: caller.into(),
        subscriber_sid: owner.map(Sid::new),
        count,
    };
    let expected = [
        of("+15162065318", Some("a"), 1),
        of("+15162065319", None, 1),
        of("+15162065319", Some("a"), 3),
        of("+15162065319", Some("b"), 1),
    ];
    assert_eq!(found, expected);
    assert!(store.dialled(200..200).await.unwrap().is_empty());
}
