//! Webhooks to receivers on loopback, of which one is killed again and again, and others never answer.

use std::net::SocketAddr;
use std::sync::Mutex;
use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};

use model::directory::{Edit, Subscriber, SubscriberRole};
use model::{
    Actor, Cause, Event, Happening, LegId, MeetingId, MeetingNumber, News, Place, Role, Sid, Webhook,
};
use store::{AuditEntry, Keeper, Record, SqliteStore};
use tempfile::TempDir;
use tokio::io::{AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;

use super::super::first_start::{Filling, fill};
use super::super::post::tests::{poster, read, webhook};
use super::*;

/// Somebody joins or leaves a meeting so often, in one of so many, written to disk so many at a time.
const EVENTS: u64 = 800;
const MEETINGS: u64 = 10;
const BATCH: usize = 40;
/// How many requests the receiver takes before each of its deaths, and whether it answers the last.
const LIVES: [(usize, bool); 7] = [
    (30, false),
    (1, true),
    (60, true),
    (5, false),
    (100, true),
    (2, false),
    (80, false),
];
const TAKEN: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";

/// A clock on which a pause of seconds lasts no longer than tens of milliseconds.
fn hurried_ms() -> i64 {
    now_ms() * 100
}

/// Ids of events, as they were posted.
type Seen = Arc<Mutex<Vec<u64>>>;

/// A receiver between two deaths.
struct Life {
    requests: usize,
    answers_last: bool,
    taken: AtomicUsize,
    over: Notify,
}

impl Life {
    /// Takes connections until it is over; all of them end with it.
    async fn live(self, address: SocketAddr, seen: &Seen) {
        let (life, mut connections) = (Arc::new(self), JoinSet::new());
        let listener = TcpListener::bind(address).await.unwrap();
        loop {
            tokio::select! {
                accepted = listener.accept() => {
                    let (stream, _) = accepted.unwrap();
                    connections.spawn(life.clone().serve(stream, seen.clone()));
                }
                () = life.over.notified() => return,
            }
        }
    }

    async fn serve(self: Arc<Self>, stream: TcpStream, seen: Seen) {
        let mut stream = BufReader::new(stream);
        while let Some(id) = read(&mut stream).await {
            let id = id.strip_prefix("evt_").and_then(|id| id.parse().ok());
            seen.lock().unwrap().push(id.expect("the name of an event"));
            let taken = self.taken.fetch_add(1, Ordering::Relaxed) + 1;
            let is_answered = taken < self.requests || taken == self.requests && self.answers_last;
            if is_answered && stream.write_all(TAKEN).await.is_err() {
                return;
            }
            if taken >= self.requests {
                self.over.notify_one();
                return std::future::pending().await;
            }
        }
    }
}

/// Lives and dies on one port, and lives on at last.
async fn receive(address: SocketAddr, seen: Seen) {
    for (requests, answers_last) in LIVES.into_iter().chain([(usize::MAX, true)]) {
        let life = Life {
            requests,
            answers_last,
            taken: AtomicUsize::new(0),
            over: Notify::new(),
        };
        life.live(address, &seen).await;
    }
}

fn happening(id: u64, owner: &Sid) -> Happening {
    let (leg, role) = (LegId(id / 2), Role::Host);
    let event = match id % 2 {
        0 => Event::Joined { leg, role },
        _ => Event::Left {
            leg,
            cause: Cause::DroppedByApi,
        },
    };
    let meeting = id % MEETINGS;
    Happening {
        id,
        at_ms: hurried_ms(),
        subscriber_sid: owner.clone(),
        place: Some(Place {
            meeting: MeetingId(1 + meeting),
            number: MeetingNumber(100_000 + meeting as u32),
            seq: id / MEETINGS,
        }),
        actor: Actor::Bridge,
        news: News::Meeting(event),
        party: None,
        is_live: true,
    }
}

/// A store with an account, which has everything posted to `address`.
async fn hooked(home: &TempDir, address: SocketAddr) -> (Arc<dyn Store>, Sid) {
    let database = home.path().join("a.db");
    let store: Arc<dyn Store> = Arc::new(SqliteStore::open(&database).await.unwrap());
    let (keeper, keeping) = Keeper::open(store.clone(), 4).await.unwrap();
    tokio::spawn(keeping.run());
    let filled = fill(&*store, &keeper, home.path(), &Filling::Administrator).await;
    assert!(filled.is_ok(), "{filled:?}");
    let directory = keeper.directory();
    let owner = directory.subscribers().next().unwrap().sid.clone();
    let hook = Webhook {
        subscriber_sid: owner.clone(),
        ..webhook(&format!("http://{address}/hook"))
    };
    let entry = AuditEntry {
        at_ms: 0,
        actor: Actor::Bridge,
        owner: owner.clone(),
        action: "create",
        object: String::new(),
    };
    store.put_webhook(&hook, &entry).await.unwrap();
    (store, owner)
}

/// An address that nobody listens at.
async fn free() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    listener.local_addr().unwrap()
}

fn courier(store: &Arc<dyn Store>, at_once: usize) -> Courier {
    let (poster, backlog) = (Arc::new(poster(PER_WEBHOOK as usize)), Arc::default());
    let mut courier = Courier::new(store.clone(), poster, at_once, Deliveries::default(), backlog);
    courier.now_ms = hurried_ms;
    courier
}

#[tokio::test]
async fn a_receiver_that_is_killed_again_and_again_misses_nothing_and_has_each_meeting_in_order() {
    let home = TempDir::new().unwrap();
    let address = free().await;
    let (store, owner) = hooked(&home, address).await;
    let seen = Seen::default();
    tokio::spawn(receive(address, seen.clone()));
    let mut courier = courier(&store, 64);
    let ids: Vec<u64> = (1..=EVENTS).collect();
    let mut batches = ids.chunks(BATCH);
    loop {
        if let Some(batch) = batches.next() {
            let happened = batch.iter().map(|id| Arc::new(happening(*id, &owner)));
            let records: Vec<_> = happened.map(Record::Happening).collect();
            store.add_records(&records).await.unwrap();
        } else if store.backlog().await.unwrap().pending == 0 {
            break;
        }
        courier.round().await.unwrap();
    }
    assert_eq!(store.backlog().await.unwrap().dead, 0);
    let seen = seen.lock().unwrap().clone();
    for meeting in 0..MEETINGS {
        let is_of = |id: &u64| id % MEETINGS == meeting;
        let mut posted: Vec<u64> = seen.iter().copied().filter(is_of).collect();
        // What was not answered comes again, before what comes after it.
        posted.dedup();
        assert_eq!(posted, (1..=EVENTS).filter(is_of).collect::<Vec<_>>());
    }
    let unanswered = LIVES.iter().filter(|(_, answers_last)| !answers_last).count();
    assert!(seen.len() >= EVENTS as usize + unanswered, "{}", seen.len());
}

/// A store with these accounts.
async fn accounts(home: &TempDir, names: &[&str]) -> Arc<dyn Store> {
    let store = SqliteStore::open(&home.path().join("a.db")).await.unwrap();
    let account = |name: &&str| Subscriber::new(Sid::new(name), None, name, SubscriberRole::Administrator);
    let edits: Vec<_> = names.iter().map(account).map(Edit::PutSubscriber).collect();
    store.write(&Actor::Bridge, &edits, 0).await.unwrap();
    Arc::new(store)
}

/// Has what an account sees posted to `address`, or from now on there.
async fn put(store: &dyn Store, owner: &str, id: &str, address: SocketAddr) {
    let hook = Webhook {
        id: id.to_owned(),
        subscriber_sid: Sid::new(owner),
        ..webhook(&format!("http://{address}/hook"))
    };
    let entry = AuditEntry::of_webhook(0, Actor::Bridge, "put", &hook, None);
    store.put_webhook(&hook, &entry).await.unwrap();
}

async fn happen(store: &dyn Store, owner: &str, ids: std::ops::RangeInclusive<u64>) {
    let owner = Sid::new(owner);
    let happened = ids.map(|id| Record::Happening(Arc::new(happening(id, &owner))));
    store.add_records(&happened.collect::<Vec<_>>()).await.unwrap();
}

/// A receiver that takes everything; what it saw.
fn well(address: SocketAddr) -> Seen {
    let seen = Seen::default();
    let told = seen.clone();
    let life = Life {
        requests: usize::MAX,
        answers_last: true,
        taken: AtomicUsize::new(0),
        over: Notify::new(),
    };
    tokio::spawn(async move { life.live(address, &told).await });
    seen
}

fn count(seen: &Seen) -> usize {
    seen.lock().unwrap().len()
}

#[tokio::test]
async fn receivers_that_never_answer_take_a_share_of_the_places_and_hold_up_no_other_account() {
    let home = TempDir::new().unwrap();
    let store = accounts(&home, &["silent", "well"]).await;
    // Whoever connects waits to be accepted.
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    for n in 0..10 {
        let id = format!("silent {n}");
        put(&*store, "silent", &id, silent.local_addr().unwrap()).await;
    }
    let address = free().await;
    put(&*store, "well", "well", address).await;
    let seen = well(address);
    happen(&*store, "silent", 1..=20).await;
    happen(&*store, "well", 21..=60).await;
    let mut courier = courier(&store, 8);
    while count(&seen) < 40 {
        courier.round().await.unwrap();
        let under_way = courier.posting.values();
        let silent = under_way.filter(|delivery| delivery.webhook.starts_with("silent"));
        assert!(silent.count() <= 2, "a quarter of eight");
    }
}

/// Fails as nothing should.
async fn fail() -> Option<Came> {
    panic!("as this test wants it")
}

#[tokio::test]
async fn what_fails_within_the_bridge_is_posted_again_and_its_place_is_free() {
    let (home, address) = (TempDir::new().unwrap(), free().await);
    let store = accounts(&home, &["a"]).await;
    put(&*store, "a", "w", address).await;
    happen(&*store, "a", 1..=1).await;
    let mut courier = courier(&store, 1);
    let turn = store.waiting(hurried_ms(), 9).await.unwrap().remove(0);
    let delivery = store.due("w", hurried_ms(), 1).await.unwrap().remove(0);
    assert!(courier.schedule.begin(&turn, &delivery));
    let task = courier.under_way.spawn(fail());
    courier.posting.insert(task.id(), delivery);
    let seen = well(address);
    while count(&seen) == 0 {
        courier.round().await.unwrap();
    }
    assert_eq!(*seen.lock().unwrap(), [1]);
}

#[tokio::test]
async fn what_is_under_way_when_its_webhook_moves_and_fails_goes_to_the_new_address() {
    let (home, address) = (TempDir::new().unwrap(), free().await);
    let store = accounts(&home, &["a"]).await;
    let before = TcpListener::bind("127.0.0.1:0").await.unwrap();
    put(&*store, "a", "w", before.local_addr().unwrap()).await;
    happen(&*store, "a", 1..=1).await;
    let (seen, moving) = (well(address), store.clone());
    tokio::spawn(async move {
        let (stream, _) = before.accept().await.unwrap();
        let mut stream = BufReader::new(stream);
        read(&mut stream).await.unwrap();
        put(&*moving, "a", "w", address).await;
        let gone = b"HTTP/1.1 410 Gone\r\nContent-Length: 0\r\n\r\n";
        stream.write_all(gone).await.unwrap();
    });
    let mut courier = courier(&store, 1);
    while store.backlog().await.unwrap().pending > 0 {
        courier.round().await.unwrap();
    }
    assert_eq!(*seen.lock().unwrap(), [1]);
    assert!(!store.webhook("w").await.unwrap().unwrap().is_disabled);
}

/// A clock that is set.
static CLOCK_MS: AtomicI64 = AtomicI64::new(1_000_000_000);

fn set_ms() -> i64 {
    CLOCK_MS.load(Ordering::Relaxed)
}

#[tokio::test]
async fn what_failed_waits_for_no_clock_that_was_set_back() {
    let (home, address) = (TempDir::new().unwrap(), free().await);
    let store = accounts(&home, &["a"]).await;
    put(&*store, "a", "w", address).await;
    happen(&*store, "a", 1..=1).await;
    let mut courier = courier(&store, 1);
    courier.now_ms = set_ms;
    while !store.waiting(set_ms(), 9).await.unwrap().is_empty() {
        courier.round().await.unwrap();
    }
    let seen = well(address);
    CLOCK_MS.fetch_sub(3_600_000, Ordering::Relaxed);
    let mut rounds = 0..100;
    while count(&seen) == 0 && rounds.next().is_some() {
        courier.round().await.unwrap();
        // More than the first wait, and all of it less than the hour.
        CLOCK_MS.fetch_add(20_000, Ordering::Relaxed);
    }
    assert_eq!(*seen.lock().unwrap(), [1]);
}
