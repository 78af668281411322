use model::directory::Edit;
use model::{Actor, Cause, MeetingId, MeetingNumber, Place};
use proptest::prelude::*;
use tokio::sync::mpsc::error::TryRecvError;

use super::*;
use crate::fixtures::subscriber;

const LIMITS: HubLimits = HubLimits {
    memory: 8,
    queue: 4,
    streams: 3,
    streams_per_subscriber: 2,
};

fn account(sid: &str, parent: Option<&str>) -> Edit {
    Edit::PutSubscriber(subscriber(sid, parent))
}

/// Tenant a with a1 below it, and tenant b.
fn directory() -> Directory {
    let edits = [account("a", None), account("a1", Some("a")), account("b", None)];
    edits.into_iter().fold(Directory::default(), |directory, edit| {
        directory.edited(edit).unwrap()
    })
}

fn happening(id: u64, owner: &str, news: News) -> Arc<Happening> {
    Arc::new(Happening {
        id,
        at_ms: 0,
        subscriber_sid: Sid::new(owner),
        place: Some(Place {
            meeting: MeetingId(1),
            number: MeetingNumber(100_000),
            seq: id,
        }),
        actor: Actor::Bridge,
        news,
        party: None,
        is_live: true,
    })
}

fn started(id: u64, owner: &str) -> Arc<Happening> {
    happening(id, owner, News::Meeting(Event::Started))
}

fn sit(hub: &Hub, sid: &str) -> Seat {
    hub.sit(&Sid::new(sid), &Sid::new(sid)).unwrap()
}

type Queue = mpsc::Receiver<Arc<Happening>>;

fn fresh(seat: &Seat) -> (Moment, Queue) {
    let Start::Fresh(moment, queue) = seat.follow(&directory(), Filter::default(), None) else {
        panic!("it was never here before");
    };
    (moment, queue)
}

fn ids(queue: &mut Queue) -> Vec<u64> {
    std::iter::from_fn(|| queue.try_recv().ok())
        .map(|happening| happening.id)
        .collect()
}

#[test]
fn each_follower_gets_what_belongs_to_its_tree_in_order() {
    let (hub, directory) = (Hub::new(LIMITS, 0), directory());
    let seats = ["a", "a1", "b"].map(|sid| sit(&hub, sid));
    let mut queues: Vec<_> = seats.iter().map(|seat| fresh(seat).1).collect();
    let owners = [(1, "a"), (2, "a1"), (3, "b"), (4, "a1")];
    let happened = owners.map(|(id, owner)| started(id, owner)).into();
    hub.publish(&directory, Arc::default(), happened);
    let got: Vec<_> = queues.iter_mut().map(ids).collect();
    assert_eq!(got, [vec![1, 2, 4], vec![2, 4], vec![3]]);
    assert_eq!((hub.counts().published, hub.counts().delivered), (4, 6));
}

#[test]
fn what_is_not_to_be_told_is_told_to_nobody_and_is_not_in_memory() {
    let (hub, directory) = (Hub::new(LIMITS, 0), directory());
    let seat = sit(&hub, "a");
    let (_, mut queue) = fresh(&seat);
    let secret = Happening {
        is_live: false,
        ..(*started(1, "a")).clone()
    };
    hub.publish(&directory, Arc::default(), vec![secret.into(), started(2, "a")]);
    assert_eq!(ids(&mut queue), [2]);
    let Start::Missed(missed, _) = seat.follow(&directory, Filter::default(), Some(0)) else {
        panic!("it is in memory");
    };
    assert_eq!(missed.len(), 1);
}

#[test]
fn seats_are_counted_and_given_back() {
    let hub = Hub::new(LIMITS, 0);
    let own = [sit(&hub, "a"), sit(&hub, "a")];
    let sid = Sid::new("a");
    assert_eq!(hub.sit(&sid, &sid).err(), Some(Full::Subscriber));
    let other = sit(&hub, "b");
    assert_eq!(hub.sit(&Sid::new("c"), &sid).err(), Some(Full::Hub));
    assert_eq!((hub.counts().streams, hub.counts().refused), (3, 2));
    drop((own, other));
    assert_eq!(hub.counts().streams, 0);
    let state = hub.state();
    assert!(state.per_subscriber.is_empty() && state.groups.is_empty());
}

#[test]
fn who_is_too_far_behind_loses_its_place_and_nobody_else_notices() {
    let (hub, directory) = (Hub::new(LIMITS, 0), directory());
    let seats = [sit(&hub, "a"), sit(&hub, "a")];
    let (mut slow, mut quick) = (fresh(&seats[0]).1, fresh(&seats[1]).1);
    let mut seen = vec![];
    for id in 1..=6 {
        hub.publish(&directory, Arc::default(), vec![started(id, "a")]);
        seen.extend(ids(&mut quick));
    }
    assert_eq!(seen, [1, 2, 3, 4, 5, 6]);
    assert_eq!(ids(&mut slow), [1, 2, 3, 4]);
    assert_eq!(slow.try_recv(), Err(TryRecvError::Disconnected));
    assert_eq!(hub.counts().dropped, 1);
    let Start::Missed(missed, _) = seats[0].follow(&directory, Filter::default(), Some(4)) else {
        panic!("it is in memory");
    };
    assert_eq!(missed.iter().map(|missed| missed.id).collect::<Vec<_>>(), [5, 6]);
}

#[test]
fn an_id_of_nobodys_begins_anew_and_an_old_one_is_a_matter_for_the_store() {
    let (hub, directory) = (Hub::new(LIMITS, 100), directory());
    let happened = (101..=120).map(|id| started(id, "a")).collect();
    hub.publish(&directory, Arc::default(), happened);
    let seat = sit(&hub, "a");
    for (after, expected) in [
        (121, "fresh"),
        (u64::MAX, "fresh"),
        (120, "missed 0"),
        (115, "missed 5"),
        (112, "missed 8"),
        (111, "behind 112"),
        (0, "behind 112"),
    ] {
        let start = match seat.follow(&directory, Filter::default(), Some(after)) {
            Start::Fresh(moment, _) => {
                assert_eq!(moment.last, 120);
                "fresh".to_owned()
            }
            Start::Missed(missed, _) => format!("missed {}", missed.len()),
            Start::Behind { upto, .. } => format!("behind {upto}"),
        };
        assert_eq!(start, expected, "{after}");
    }
}

#[test]
fn after_a_gap_everybody_comes_back_by_the_store() {
    let (hub, directory) = (Hub::new(LIMITS, 0), directory());
    let seat = sit(&hub, "a");
    let (_, mut queue) = fresh(&seat);
    hub.publish(&directory, Arc::default(), vec![started(1, "a"), started(2, "a")]);
    hub.publish_after_gap(&directory, Arc::default(), vec![started(9, "a")]);
    assert_eq!(ids(&mut queue), [1, 2]);
    assert_eq!(queue.try_recv(), Err(TryRecvError::Disconnected));
    assert!(matches!(
        seat.follow(&directory, Filter::default(), Some(2)),
        Start::Behind { upto: 8, earlier: 0 }
    ));
    let Start::Missed(missed, _) = seat.follow(&directory, Filter::default(), Some(8)) else {
        panic!("it is in memory");
    };
    assert_eq!((missed.len(), hub.counts().dropped), (1, 1));
}

#[test]
fn a_moment_knows_who_talks_and_who_is_heard_badly() {
    let (hub, directory) = (Hub::new(LIMITS, 0), directory());
    let call = |id, leg, what| {
        happening(
            id,
            "a",
            News::Call {
                leg: LegId(leg),
                what,
            },
        )
    };
    let (on, mos_hundredths) = (true, 200);
    let left = Event::Left {
        leg: LegId(9),
        cause: Cause::HungUp,
    };
    let happened = vec![
        call(1, 7, CallNews::Talking { on }),
        call(2, 8, CallNews::Talking { on }),
        call(3, 8, CallNews::Talking { on: false }),
        call(4, 9, CallNews::QualityAlarm { on, mos_hundredths }),
        call(5, 7, CallNews::QualityAlarm { on, mos_hundredths }),
        happening(6, "a", News::Meeting(left)),
    ];
    hub.publish(&directory, Arc::default(), happened);
    let (moment, _queue) = fresh(&sit(&hub, "b"));
    assert_eq!(moment.talking, [LegId(7)].into());
    assert_eq!((moment.alarms, moment.last), ([LegId(7)].into(), 6));
}

/// What may be done with a hub and one follower, in any order.
#[derive(Clone, Debug)]
enum Step {
    /// So many events happen at once, of tenant a (true) or b.
    Publish(Vec<bool>),
    /// The follower reads so many.
    Read(usize),
    /// Its connection is cut.
    Cut,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => prop::collection::vec(any::<bool>(), 1..7).prop_map(Step::Publish),
        3 => (1..9_usize).prop_map(Step::Read),
        1 => Just(Step::Cut),
    ]
}

/// A follower that comes back by its last id whenever it loses its place, and finds on disk what is not in memory.
struct Comeback<'a> {
    hub: &'a Hub,
    disk: Vec<u64>,
    seat: Option<(Seat, Queue)>,
    waiting: VecDeque<u64>,
    last: u64,
    seen: Vec<u64>,
}

impl Comeback<'_> {
    fn connect(&mut self) {
        let seat = sit(self.hub, "a");
        let (directory, mut after) = (directory(), self.last);
        let queue = loop {
            match seat.follow(&directory, Filter::default(), Some(after)) {
                Start::Fresh(..) => panic!("every id was given"),
                Start::Missed(missed, queue) => {
                    self.waiting.extend(missed.iter().map(|happening| happening.id));
                    break queue;
                }
                Start::Behind { upto, .. } => {
                    let missed = self.disk.iter().filter(|id| **id > after && **id <= upto);
                    self.waiting.extend(missed);
                    after = upto;
                }
            }
        };
        self.seat = Some((seat, queue));
    }

    fn read(&mut self) {
        if self.seat.is_none() {
            self.connect();
        }
        if let Some(id) = self.waiting.pop_front() {
            return self.see(id);
        }
        let Some((_, queue)) = &mut self.seat else { return };
        match queue.try_recv() {
            Ok(happening) => self.see(happening.id),
            Err(TryRecvError::Empty) => {}
            Err(TryRecvError::Disconnected) => self.cut(),
        }
    }

    fn see(&mut self, id: u64) {
        self.last = id;
        self.seen.push(id);
    }

    fn cut(&mut self) {
        self.seat = None;
        self.waiting.clear();
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]
    #[test]
    fn whatever_is_published_read_and_cut_in_any_order_is_delivered_whole_in_order_and_once(
        steps in prop::collection::vec(step(), 1..60)
    ) {
        let (hub, directory) = (Hub::new(LIMITS, 0), directory());
        let (mut next, mut expected) = (0, vec![]);
        let mut comeback = Comeback {
            hub: &hub,
            disk: vec![],
            seat: None,
            waiting: VecDeque::new(),
            last: 0,
            seen: vec![],
        };
        for step in steps {
            match step {
                Step::Publish(owners) => {
                    let happened = owners.into_iter().map(|own| {
                        next += 1;
                        let owner = if own { "a1" } else { "b" };
                        if own {
                            expected.push(next);
                            comeback.disk.push(next);
                        }
                        started(next, owner)
                    });
                    let happened = happened.collect();
                    hub.publish(&directory, Arc::default(), happened);
                }
                Step::Read(count) => (0..count).for_each(|_| comeback.read()),
                Step::Cut => comeback.cut(),
            }
            prop_assert_eq!(&comeback.seen[..], &expected[..comeback.seen.len()]);
        }
        (0..expected.len() * 3 + 10).for_each(|_| comeback.read());
        prop_assert_eq!(comeback.seen, expected);
    }
}
