//! Webhooks to a receiver on loopback that is killed again and again.

use std::net::SocketAddr;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

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

#[tokio::test]
async fn a_receiver_that_is_killed_again_and_again_misses_nothing_and_has_each_meeting_in_order() {
    let home = TempDir::new().unwrap();
    let free = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = free.local_addr().unwrap();
    drop(free);
    let (store, owner) = hooked(&home, address).await;
    let seen = Seen::default();
    tokio::spawn(receive(address, seen.clone()));
    let backlog = Arc::new(ArcSwap::default());
    let poster = Arc::new(poster(PER_WEBHOOK));
    let mut courier = Courier::new(store.clone(), poster, 64, Deliveries::default(), backlog);
    courier.now_ms = hurried_ms;
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
