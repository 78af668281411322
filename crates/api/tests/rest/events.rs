//! Streams of events, and the lists that remain of them.

use std::time::Duration;

use api::{HubLimits, Settings};
use axum::body::{Body, BodyDataStream};
use axum::http::{Method, StatusCode};
use futures_util::StreamExt;
use model::directory::{Edit, Subscriber, SubscriberRole};
use model::{
    CallState, CallView, Cause, Event, Happening, LegId, Live, MeetingId, MeetingNumber, Place, Role,
};
use serde_json::{Value, json};

use crate::contract::{pointer, validator};
use crate::fixture::{self, LAST_EVENT, NOW_MS, PASSWORD, happening};
use crate::memory::{is_alone, resident_kib};
use crate::world::{World, request};

/// A client of a stream.
struct Client {
    body: BodyDataStream,
    text: String,
}

/// What a client gets: the name, the id and the data.
#[derive(Debug, PartialEq)]
struct Got(String, u64, Value);

impl Client {
    async fn new(world: &World, login: &str, path: &str, after: Option<u64>) -> Self {
        let uri = format!("/conference/v1{path}");
        let mut request = request(Method::GET, &uri, login, PASSWORD).header("accept", "text/event-stream");
        if let Some(after) = after {
            request = request.header("last-event-id", after.to_string());
        }
        let response = world.begin(request.body(Body::empty()).unwrap()).await;
        assert_eq!(response.status(), 200);
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        assert_eq!(response.headers()["cache-control"], "no-store");
        Self {
            body: response.into_body().into_data_stream(),
            text: String::new(),
        }
    }

    /// The next block of lines; nothing when the stream has ended.
    async fn block(&mut self) -> Option<String> {
        while !self.text.contains("\n\n") {
            let bytes = self.body.next().await?.unwrap();
            self.text.push_str(std::str::from_utf8(&bytes).unwrap());
        }
        let (block, rest) = self
            .text
            .split_once("\n\n")
            .map(|(a, b)| (a.to_owned(), b.to_owned()))?;
        self.text = rest;
        Some(block)
    }

    async fn next(&mut self) -> Option<Got> {
        let block = self.block().await?;
        let field = |name: &str| {
            let line = block.lines().find_map(|line| line.strip_prefix(name));
            line.unwrap_or_else(|| panic!("no {name} in {block}"))
                .trim()
                .to_owned()
        };
        let (event, id) = (field("event:"), field("id:"));
        let data: Value = serde_json::from_str(&field("data:")).unwrap();
        let schema = if event == "snapshot" { "Snapshot" } else { "Event" };
        let validator = validator(&pointer(&["components", "schemas", schema]), false);
        let errors: Vec<_> = validator
            .iter_errors(&data)
            .map(|error| error.to_string())
            .collect();
        assert!(errors.is_empty(), "{data}: {}", errors.join("; "));
        Some(Got(event, id.parse().unwrap(), data))
    }

    async fn ids(&mut self, count: usize) -> Vec<u64> {
        let mut ids = vec![];
        for _ in 0..count {
            ids.push(self.next().await.expect("the stream goes on").1);
        }
        ids
    }
}

fn joined(id: u64, owner: &str, seq: u64) -> Happening {
    let (leg, role) = (LegId(9), Role::Host);
    happening(id, owner, seq, Event::Joined { leg, role })
}

#[tokio::test]
async fn a_stream_begins_with_everything_visible_and_goes_on_with_what_happens() {
    let world = World::new();
    let mut client = Client::new(&world, "alice", "/events", None).await;
    let Got(name, id, snapshot) = client.next().await.unwrap();
    assert_eq!((name.as_str(), id), ("snapshot", LAST_EVENT));
    let calls = world.get("alice", "/calls").await.json();
    let meetings = world.get("alice", "/meetings").await.json();
    assert_eq!(snapshot["calls"], calls["items"]);
    assert_eq!(snapshot["meetings"], meetings["items"]);
    assert_eq!(
        (&snapshot["type"], &snapshot["time"], &snapshot["talking"]),
        (&json!("snapshot"), &json!(NOW_MS), &json!([]))
    );
    assert!(snapshot.get("resumed").is_none());
    world.publish(vec![
        joined(41, "alice", 20),
        joined(42, "bob", 20),
        joined(43, "alice", 21),
    ]);
    let expected = json!({
        "actor": {"type": "bridge"},
        "callId": 9,
        "data": {"callee": "15162065319", "caller": "+12025550123", "role": 1},
        "id": 41,
        "meetingId": 196_938,
        "meetingNumber": 106_131,
        "sequence": 20,
        "time": NOW_MS + 41,
        "type": "call.joined",
    });
    assert_eq!(
        client.next().await,
        Some(Got("call.joined".to_owned(), 41, expected))
    );
    assert_eq!(client.ids(1).await, [43]);
}

#[tokio::test]
async fn a_call_that_left_a_meeting_is_in_no_snapshot_of_who_has_the_number_of_that_meeting_now() {
    let world = World::new();
    let left = CallView {
        state: CallState::Ending,
        ..fixture::call(8, Some(106_131), "bob")
    };
    let mut live = fixture::live();
    live.calls.insert(left.leg, left.into());
    world.backend.state().live = live.into();
    world.publish(Vec::new());
    for (login, path, shown) in [
        ("alice", "/events", false),
        ("alice", "/meetings/106131/events", false),
        ("bob", "/events", true),
        ("bob", "/meetings/306131/events", false),
    ] {
        let mut client = Client::new(&world, login, path, None).await;
        let Got(_, _, snapshot) = client.next().await.unwrap();
        let mut calls = snapshot["calls"].as_array().unwrap().iter();
        assert_eq!(calls.any(|call| call["id"] == 8), shown, "{login} {path}");
    }
}

#[tokio::test]
async fn who_comes_back_gets_what_it_missed_from_disk_and_memory_once_and_in_order() {
    let world = World::new();
    world.publish((41..=60).map(|id| joined(id, "alice", id - 21)).collect());
    let own: Vec<u64> = (1..=LAST_EVENT).filter(|id| id % 2 == 1).chain(41..=60).collect();
    for after in [0, 1, 2, 17, 38, 39, 40, 41, 59] {
        let expected: Vec<_> = own.iter().copied().filter(|id| *id > after).collect();
        let mut client = Client::new(&world, "alice", "/events", Some(after)).await;
        assert_eq!(client.ids(expected.len()).await, expected, "{after}");
    }
    let mut client = Client::new(&world, "bob", "/events?lastEventId=35", Some(1)).await;
    assert_eq!(
        client.ids(3).await,
        [36, 38, 40],
        "the parameter says more than the header"
    );
    let hub = world.counts();
    // Bob's has not come to an end of what it missed yet.
    assert_eq!((hub.resumed, hub.not_resumed), (9, 0));
}

#[tokio::test]
async fn more_than_a_page_is_read_from_disk_without_gap() {
    let world = World::after(1_205, HubLimits::default());
    world.backend.state().happenings = (1..=1_205).map(|id| joined(id, "alice", id)).collect();
    let mut client = Client::new(&world, "alice", "/events", Some(0)).await;
    assert_eq!(client.ids(1_205).await, (1..=1_205).collect::<Vec<_>>());
}

/// A world whose hub remembers nothing, so that the disk is asked, which has written events up to `written` of 60 so far.
fn behind(written: u64) -> World {
    let limits = HubLimits {
        memory: 1,
        ..HubLimits::default()
    };
    let world = World::after(20, limits);
    world.backend.state().happenings = (1..=written).map(|id| joined(id, "alice", id)).collect();
    world.publish((21..=60).map(|id| joined(id, "alice", id)).collect());
    world
}

#[tokio::test(start_paused = true)]
async fn what_is_not_on_disk_yet_is_waited_for() {
    for written in [10, 20, 21, 35, 58] {
        let world = behind(written);
        let mut client = Client::new(&world, "alice", "/events", Some(5)).await;
        let there = written.saturating_sub(5) as usize;
        assert_eq!(client.ids(there).await, (6..=written).collect::<Vec<_>>());
        let late = tokio::time::timeout(Duration::from_secs(1), client.next());
        assert!(late.await.is_err(), "{written}");
        let rest = written.max(20) + 1..=60;
        let written = rest.clone().map(|id| joined(id, "alice", id));
        world.backend.state().happenings.extend(written);
        assert_eq!(client.ids(rest.clone().count()).await, rest.collect::<Vec<_>>());
    }
}

#[tokio::test(start_paused = true)]
async fn a_stream_begins_anew_when_the_disk_does_not_come_after() {
    let world = behind(35);
    let mut client = Client::new(&world, "alice", "/events", Some(34)).await;
    assert_eq!(client.ids(1).await, [35]);
    let Got(name, id, snapshot) = client.next().await.unwrap();
    assert_eq!((name.as_str(), id), ("snapshot", 60));
    assert_eq!(snapshot["resumed"], json!(false));
}

#[tokio::test]
async fn an_id_that_is_too_old_or_was_never_given_begins_anew_and_says_so() {
    let world = World::new();
    world.backend.state().forgotten = 20;
    for (after, resumed) in [
        (19, false),
        (20, true),
        (21, true),
        (40, true),
        (41, false),
        (u64::MAX >> 1, false),
    ] {
        let mut client = Client::new(&world, "alice", "/events", Some(after)).await;
        world.publish(vec![]);
        if !resumed {
            let Got(name, _, snapshot) = client.next().await.unwrap();
            assert_eq!(
                (name.as_str(), &snapshot["resumed"]),
                ("snapshot", &json!(false)),
                "{after}"
            );
        } else if after < 39 {
            assert_eq!(client.ids(1).await, [after.div_ceil(2) * 2 + 1], "{after}");
        }
    }
}

#[tokio::test]
async fn what_is_forgotten_while_it_is_read_leaves_no_gap_but_begins_the_stream_anew() {
    let world = World::new();
    world
        .backend
        .state()
        .happenings
        .retain(|happening| happening.id > 20);
    world.backend.state().forgets = Some(20);
    let mut client = Client::new(&world, "alice", "/events", Some(5)).await;
    let Got(name, _, snapshot) = client.next().await.unwrap();
    assert_eq!(name, "snapshot");
    assert_eq!(snapshot["resumed"], false);
}

#[tokio::test]
async fn who_comes_back_to_a_meeting_that_has_ended_meanwhile_is_told_the_rest_of_it() {
    let world = World::new();
    world.backend.state().live = Live::default().into();
    let cause = Cause::Empty;
    let ended = happening(41, "alice", 20, Event::Ended { cause });
    world.publish(vec![ended, joined(42, "bob", 20)]);
    let mut client = Client::new(&world, "alice", "/meetings/106131/events", Some(LAST_EVENT)).await;
    let Got(name, id, _) = client.next().await.unwrap();
    assert_eq!((name.as_str(), id), ("meeting.ended", 41));
    let mut stranger = Client::new(&world, "bob", "/meetings/106131/events", Some(LAST_EVENT)).await;
    let silence = tokio::time::timeout(Duration::from_millis(50), stranger.block());
    assert!(silence.await.is_err(), "it is none of his");
    let uri = "/conference/v1/meetings/106131/events";
    let anew = request(Method::GET, uri, "alice", PASSWORD);
    let anew = anew.header("accept", "text/event-stream").body(Body::empty());
    assert_eq!(world.send(anew.unwrap()).await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_stream_of_a_number_goes_on_with_its_next_meeting_and_tells_nothing_of_anothers() {
    let world = World::new();
    let mut client = Client::new(&world, "alice", "/meetings/106131/events", None).await;
    client.next().await.unwrap();
    let of_next = |id: u64, owner: &str| {
        let mut next = joined(id, owner, id);
        next.place = Some(Place {
            meeting: MeetingId(7),
            number: MeetingNumber(106_131),
            seq: 0,
        });
        next
    };
    let cause = Cause::Empty;
    let ended = happening(41, "alice", 20, Event::Ended { cause });
    world.publish(vec![ended, of_next(42, "bob"), of_next(43, "alice")]);
    let Got(_, id, last) = client.next().await.unwrap();
    assert_eq!((id, &last["meetingId"]), (41, &json!(196_938)));
    let Got(_, id, first) = client.next().await.unwrap();
    assert_eq!((id, &first["meetingId"]), (43, &json!(7)));
}

#[tokio::test]
async fn types_choose_what_is_told_and_a_meeting_has_a_stream_of_its_own() {
    let world = World::new();
    let paths = [
        "/events?types=meeting.*",
        "/events?types=call.joined,talking.on",
        "/meetings/106131/events",
        "/events?types=call.left",
    ];
    let mut clients = vec![];
    for path in paths {
        let mut client = Client::new(&world, "alice", path, None).await;
        let Got(_, _, snapshot) = client.next().await.unwrap();
        assert_eq!(snapshot["calls"].as_array().unwrap().len(), 1, "{path}");
        clients.push(client);
    }
    let mut elsewhere = joined(43, "alice", 0);
    elsewhere.place = None;
    let ended = Event::Locked(true);
    world.publish(vec![
        joined(41, "alice", 20),
        happening(42, "alice", 21, ended),
        elsewhere,
        joined(44, "alice", 22),
    ]);
    let own = [vec![42], vec![41, 43, 44], vec![41, 42, 44]];
    for (client, own) in clients.iter_mut().zip(own) {
        assert_eq!(client.ids(own.len()).await, own);
    }
}

#[tokio::test]
async fn what_cannot_be_a_stream_is_refused_by_its_name() {
    let world = World::new();
    for (path, header, field) in [
        ("/events?types=call.joind", "", "types"),
        ("/events?types=*", "", "types"),
        ("/events?lastEventId=x", "", "lastEventId"),
        ("/events?lastEventId=-1", "", "lastEventId"),
        ("/events?since=1", "", "since"),
        ("/events", "x", "Last-Event-ID"),
        ("/events", "+1", "Last-Event-ID"),
    ] {
        let request = request(Method::GET, &format!("/conference/v1{path}"), "alice", PASSWORD);
        let request = match header {
            "" => request,
            value => request.header("last-event-id", value),
        };
        let reply = world.send(request.body(Body::empty()).unwrap()).await;
        let (status, _, named) = reply.refusal();
        assert_eq!((status, named.as_str()), (400, field), "{path}");
    }
}

#[tokio::test]
async fn a_meeting_that_is_not_live_is_in_no_snapshot() {
    let world = World::new();
    let mut live = fixture::live();
    let mut meeting = (*live.meetings[&MeetingNumber(106_131)]).clone();
    let mut policy = (*meeting.policy).clone();
    assert!(policy.set(model::attribute::AttributeId::conference_realtime, "off"));
    meeting.policy = policy.into();
    live.meetings.insert(meeting.number, meeting.into());
    world.backend.state().live = live.into();
    world.publish(vec![]);
    let mut client = Client::new(&world, "alice", "/events", None).await;
    let Got(_, _, snapshot) = client.next().await.unwrap();
    assert_eq!(
        (&snapshot["calls"], &snapshot["meetings"]),
        (&json!([]), &json!([]))
    );
}

/// Changes alice.
pub(crate) fn edit(world: &World, change: impl FnOnce(&mut Subscriber)) {
    let mut state = world.backend.state();
    let mut alice = state.directory.login("alice").unwrap().as_ref().clone();
    change(&mut alice);
    state.directory = state.directory.edited(Edit::PutSubscriber(alice)).unwrap().into();
}

#[tokio::test(start_paused = true)]
async fn a_stream_ends_with_the_password_it_was_opened_with_and_goes_on_through_other_edits() {
    let world = World::new();
    let mut client = Client::new(&world, "alice", "/events", None).await;
    client.next().await.unwrap();
    edit(&world, |alice| alice.details = "changed".into());
    world.publish(vec![joined(41, "alice", 20)]);
    assert_eq!(client.ids(1).await, [41]);
    edit(&world, |alice| {
        alice.password_hash = api::hash_password("another", [1; 16])
    });
    world.publish(vec![joined(42, "alice", 21)]);
    assert_eq!(client.next().await, None, "nothing more is told");
    assert_eq!(world.counts().streams, 0);
}

#[tokio::test]
async fn a_stream_ends_when_its_account_is_gone_or_is_to_see_another_tree() {
    for is_gone in [true, false] {
        let world = World::new();
        let mut client = Client::new(&world, "olga", "/events", None).await;
        client.next().await.unwrap();
        world.publish(vec![joined(41, "alice", 20)]);
        assert_eq!(client.ids(1).await, [41]);
        let mut olga = Subscriber::clone(world.backend.state().directory.login("olga").unwrap());
        olga.role = SubscriberRole::Regular;
        let edit = match is_gone {
            true => Edit::DeleteSubscriber(olga.sid),
            false => Edit::PutSubscriber(olga),
        };
        let edited = world.backend.state().directory.edited(edit).unwrap();
        world.backend.state().directory = edited.into();
        world.publish(vec![joined(42, "alice", 21)]);
        assert_eq!(client.next().await, None, "{is_gone}");
        assert_eq!(world.counts().streams, 0);
    }
}

#[tokio::test(start_paused = true)]
async fn a_silent_stream_has_a_heartbeat_and_ends_at_one_when_its_subscriber_is_gone() {
    let world = World::new();
    let mut client = Client::new(&world, "alice", "/events", None).await;
    client.next().await.unwrap();
    let begin = tokio::time::Instant::now();
    let heartbeat = format!(": \nid: {LAST_EVENT}");
    assert_eq!(client.block().await, Some(heartbeat));
    assert_eq!(begin.elapsed(), Duration::from_secs(15));
    edit(&world, |alice| {
        alice.password_hash = api::hash_password("another", [1; 16])
    });
    assert_eq!(client.block().await, None);
    assert_eq!(begin.elapsed(), Duration::from_secs(30));
}

#[tokio::test(start_paused = true)]
async fn who_follows_few_events_comes_back_behind_all_that_were_not_for_it() {
    let limits = HubLimits {
        memory: 8,
        ..HubLimits::default()
    };
    let world = World::with_hub(Settings::default(), limits);
    let path = "/events?types=meeting.*";
    let mut client = Client::new(&world, "alice", path, None).await;
    client.next().await.unwrap();
    world.publish((41..=60).map(|id| joined(id, "alice", id)).collect());
    assert_eq!(client.block().await.as_deref(), Some(": \nid: 60"));
    world.publish(vec![happening(61, "alice", 61, Event::Started)]);
    assert_eq!(client.ids(1).await, [61]);
    world.publish(vec![joined(62, "alice", 62)]);
    assert_eq!(client.block().await.as_deref(), Some(": \nid: 62"));
    drop(client);
    world.publish((63..=64).map(|id| joined(id, "bob", id)).collect());
    let mut client = Client::new(&world, "alice", path, Some(62)).await;
    world.publish(vec![happening(65, "alice", 65, Event::Started)]);
    assert_eq!(client.ids(1).await, [65], "and no snapshot");
    assert_eq!((world.counts().resumed, world.counts().not_resumed), (1, 0));
}

#[tokio::test]
async fn too_many_streams_are_refused_with_a_time_to_come_back() {
    let limits = HubLimits {
        streams: 3,
        streams_per_subscriber: 2,
        ..HubLimits::default()
    };
    let world = World::with_hub(Settings::default(), limits);
    let mut open = vec![];
    for (login, status) in [
        ("alice", 200),
        ("alice", 200),
        ("alice", 429),
        ("bob", 200),
        ("bob", 503),
    ] {
        let request = request(Method::GET, "/conference/v1/events", login, PASSWORD);
        let response = world.begin(request.body(Body::empty()).unwrap()).await;
        assert_eq!(response.status(), status, "{login}");
        assert_eq!(response.headers().contains_key("retry-after"), status != 200);
        open.push(response);
    }
    assert_eq!((world.counts().streams, world.counts().refused), (3, 2));
}

#[tokio::test]
async fn who_does_not_read_is_closed_and_can_go_on_from_where_it_was() {
    let limits = HubLimits {
        queue: 5,
        ..HubLimits::default()
    };
    let world = World::with_hub(Settings::default(), limits);
    let mut client = Client::new(&world, "alice", "/events", None).await;
    client.next().await.unwrap();
    world.publish((41..=60).map(|id| joined(id, "alice", id)).collect());
    let mut last = 0;
    while let Some(Got(_, id, _)) = client.next().await {
        last = id;
    }
    assert_eq!((last, world.counts().dropped), (45, 1));
    let mut client = Client::new(&world, "alice", "/events", Some(last)).await;
    assert_eq!(client.ids(15).await, (46..=60).collect::<Vec<_>>());
}

#[tokio::test]
async fn the_log_of_a_meeting_is_a_list_while_it_runs_and_afterwards() {
    let world = World::new();
    for path in ["/meetings/106131/events", "/mdrs/196938/events"] {
        let page = world
            .get("alice", &format!("{path}?limit=3&offset=1"))
            .await
            .json();
        assert_eq!(
            (&page["total"], &page["has_more"]),
            (&json!(20), &json!(true)),
            "{path}"
        );
        let events = page["events"].as_array().unwrap();
        let sequences: Vec<_> = events.iter().map(|event| event["sequence"].clone()).collect();
        assert_eq!(sequences, [1, 2, 3], "{path}");
        let last = world
            .get("alice", &format!("{path}?order=sequence+desc&limit=1"))
            .await;
        assert_eq!(last.json()["events"][0]["sequence"], 19, "{path}");
        let refused = world.get("alice", &format!("{path}?order=actor")).await.refusal();
        assert_eq!((refused.0, refused.2.as_str()), (400, "order"), "{path}");
    }
    // What happens is written a moment later.
    world.backend.state().happenings.clear();
    let young = world.get("alice", "/meetings/106131/events").await;
    assert_eq!((young.status.as_u16(), &young.json()["total"]), (200, &json!(0)));
    assert_eq!(world.get("alice", "/mdrs/196938/events").await.status, 404);
}

#[tokio::test]
async fn ten_thousand_idle_streams_take_little_memory_each_and_one_more_is_refused() {
    const STREAMS: usize = 10_000;
    let name = "events::ten_thousand_idle_streams_take_little_memory_each_and_one_more_is_refused";
    if !is_alone(name) {
        return;
    }
    let limits = HubLimits {
        streams: STREAMS,
        streams_per_subscriber: STREAMS,
        ..HubLimits::default()
    };
    let world = World::with_hub(Settings::default(), limits);
    let mut open = vec![];
    for _ in 0..100 {
        open.push(Client::new(&world, "alice", "/events", None).await);
    }
    let before = resident_kib();
    for _ in 100..STREAMS {
        open.push(Client::new(&world, "alice", "/events", None).await);
    }
    let one_more = request(Method::GET, "/conference/v1/events", "bob", PASSWORD);
    let reply = world.send(one_more.body(Body::empty()).unwrap()).await;
    assert_eq!(
        (reply.status, reply.header("retry-after").is_empty()),
        (StatusCode::SERVICE_UNAVAILABLE, false)
    );
    let each = (resident_kib().saturating_sub(before)) * 1024 / (STREAMS - 100);
    assert!(each < 8 * 1024, "{each} octets a stream");
    for client in &mut open {
        client.block().await.expect("a snapshot");
    }
    world.publish(vec![joined(41, "bob", 20), joined(42, "alice", 20)]);
    for client in &mut open {
        let block = client.block().await.expect("an event");
        let id = block.lines().find_map(|line| line.strip_prefix("id:"));
        assert_eq!(id.map(str::trim), Some("42"));
    }
    assert_eq!(world.counts().delivered, STREAMS as u64);
}
