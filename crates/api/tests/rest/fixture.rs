//! Two tenants, each with an administrator, an operator and a regular user, one DID group, rooms and a meeting going on.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use api::{Change, Outcome, SimulatedCall, Simulation, Step, What};
use model::attribute::{AttributeId, Level, Overrides, resolve};
use model::directory::{
    CallFlow, Callback, Did, DidGroup, DidGroupReference, Directory, Edit, Key, Room, Subscriber,
    SubscriberRole,
};
use model::{
    Actor, CallState, CallView, Cause, Cdr, Delivery, DeliveryState, DidGroupId, DidId, EchoView, Event,
    Happening, Incoming, KeyId, LegId, Live, Mdr, MeetingId, MeetingNumber, MeetingState, MeetingView, Mute,
    MuteMask, News, OperatorMode, Outgoing, Party, Phrase, Place, Playout, Poll, PresenterMedia, Prompt,
    Qualities, QualityView, Question, Role, Score, Sid, Webhook,
};

/// Epoch ms of every test's beginning.
pub const NOW_MS: i64 = 1_544_643_981_500;
pub const PASSWORD: &str = "correct horse:battery";

/// Administrator, operator and regular user of tenant A.
pub const A: [&str; 3] = ["alice", "olga", "uma"];
/// The same of tenant B.
pub const B: [&str; 3] = ["bob", "oscar", "ursula"];

fn password_hash() -> String {
    static HASH: OnceLock<String> = OnceLock::new();
    HASH.get_or_init(|| api::hash_password(PASSWORD, *b"0123456789abcdef"))
        .clone()
}

pub fn subscriber(login: &str, parent: Option<&str>, role: SubscriberRole, lent: Option<u64>) -> Subscriber {
    Subscriber {
        password_hash: password_hash(),
        authentication_token: format!("token-{login}"),
        created_ms: NOW_MS,
        first_name: "John".into(),
        last_name: "Smith".into(),
        did_group_references: lent.map(reference).into_iter().collect(),
        callback: Some(Callback {
            id: 5,
            url: format!("https://{login}.example.com/"),
        }),
        ..Subscriber::new(sid(login), parent.map(sid), login, role)
    }
}

pub fn sid(login: &str) -> Sid {
    Sid::new(&format!("sid-{login}"))
}

pub fn reference(id: u64) -> DidGroupReference {
    DidGroupReference {
        did_group_id: DidGroupId(id),
        disabled: false,
    }
}

pub fn group(id: u64, owner: &str) -> DidGroup {
    DidGroup {
        id: DidGroupId(id),
        name: format!("{owner}_didGroup"),
        description: String::new(),
        call_flow: CallFlow::Conf,
        subscriber_sid: sid(owner),
        attributes: Overrides::new(Level::Group),
    }
}

pub fn did(id: u64, group: u64, number: &str) -> Did {
    Did {
        id: DidId(id),
        phone_number: number.into(),
        country_code: "US".into(),
        description: String::new(),
        did_group_id: DidGroupId(group),
        attributes: Overrides::new(Level::Did),
    }
}

pub fn room(number: u32, owner: &str, group: u64, codes: &[(u64, &str, Role)]) -> Room {
    let key = |(id, code, role): &(u64, &str, Role)| Key {
        id: KeyId(*id),
        access_code: (*code).into(),
        role: *role,
    };
    Room {
        meeting_number: MeetingNumber(number),
        created_ms: 1_544_482_680_000,
        description: String::new(),
        call_flow: CallFlow::Conf,
        attributes: Overrides::new(Level::Room),
        did_group_references: vec![reference(group)],
        keychain: codes.iter().map(key).collect(),
        primary_did_group_id: DidGroupId(group),
        subscriber_sid: sid(owner),
    }
}

pub fn directory() -> Directory {
    use SubscriberRole::{Administrator, Operator, Regular};
    let tenant = |[admin, operator, regular]: [&str; 3], id: u64| {
        [
            Edit::PutSubscriber(subscriber(admin, None, Administrator, None)),
            Edit::PutGroup(group(id, admin)),
            Edit::PutSubscriber(subscriber(operator, Some(admin), Operator, None)),
            Edit::PutSubscriber(subscriber(regular, Some(admin), Regular, Some(id))),
        ]
    };
    let objects = [
        Edit::PutDid(did(220, 219, "15162065319")),
        Edit::PutDid(did(221, 219, "15162065318")),
        Edit::PutDid(did(320, 319, "15162065400")),
        Edit::PutRoom(room(
            106_131,
            "alice",
            219,
            &[(1, "111", Role::Host), (2, "2222", Role::Participant)],
        )),
        Edit::PutRoom(room(273_751, "uma", 219, &[])),
        Edit::PutRoom(room(306_131, "bob", 319, &[(3, "333", Role::Host)])),
    ];
    let edits = tenant(A, 219).into_iter().chain(tenant(B, 319)).chain(objects);
    edits.fold(Directory::default(), |directory, edit| {
        directory.edited(edit).expect("the fixture is good")
    })
}

pub fn call(id: u64, meeting: Option<u32>, owner: &str) -> CallView {
    CallView {
        leg: LegId(id),
        subscriber_sid: sid(owner),
        did_group: DidGroupId(if owner == "bob" { 319 } else { 219 }),
        access_code: "111".into(),
        address_from: "\"+15162065319\" ".into(),
        address_to: String::new(),
        callee: "15162065318".into(),
        caller: "+15162065319".into(),
        codec: "PCMU".into(),
        outbound: false,
        created_ms: 1_544_643_810_000,
        joined_ms: Some(1_544_643_810_000),
        custom_name: String::new(),
        gain_db: 0,
        held: false,
        mute: Mute::default(),
        question: Question::None,
        operator: OperatorMode::None,
        presenter_media: PresenterMedia::NONE,
        meeting: meeting.map(MeetingNumber),
        role: Some(Role::Host),
        state: CallState::InMeeting,
    }
}

/// A call that the bridge is making.
pub fn dialled(id: u64, order: api::DialOrder) -> CallView {
    CallView {
        access_code: order.access_code,
        callee: order.callee,
        codec: String::new(),
        outbound: true,
        custom_name: order.custom_name,
        gain_db: order.gain_db,
        held: order.held.unwrap_or_default(),
        joined_ms: None,
        mute: order.mute.unwrap_or_default(),
        presenter_media: order.presenter_media,
        role: order.role.or(Some(Role::Participant)),
        state: CallState::Ringing,
        ..call(id, None, "alice")
    }
}

pub fn meeting(number: u32, id: u64, owner: &str, legs: &[u64]) -> MeetingView {
    let mut base = resolve(&[]);
    assert!(base.policy.set(AttributeId::conference_distributed, "on"));
    base.origin[AttributeId::conference_distributed as usize] = Level::Group;
    MeetingView {
        id: MeetingId(id),
        number: MeetingNumber(number),
        subscriber_sid: sid(owner),
        subscriber_name: "John Smith".into(),
        policy: Arc::new(base.policy.clone()),
        attributes: Overrides::new(Level::Room),
        base: Arc::new(base),
        created_ms: 1_544_643_933_000,
        started_ms: Some(1_544_643_933_000),
        hold: MuteMask::OPEN,
        mute: MuteMask::LISTENERS,
        questions: false,
        poll: Poll::default(),
        recording: false,
        recording_asked: false,
        locked: false,
        state: MeetingState::InProgress,
        legs: legs.iter().copied().map(LegId).collect(),
        on_the_fly: false,
    }
}

pub fn live() -> Live {
    let calls = [
        call(6_889_184, Some(106_131), "alice"),
        call(7_000_001, Some(306_131), "bob"),
        CallView {
            state: CallState::Menu,
            role: None,
            joined_ms: None,
            access_code: String::new(),
            ..call(7_000_002, None, "bob")
        },
    ];
    let meetings = [
        meeting(106_131, 196_938, "alice", &[6_889_184]),
        meeting(306_131, 196_939, "bob", &[7_000_001]),
    ];
    Live {
        version: 1,
        calls: calls.into_iter().map(|call| (call.leg, Arc::new(call))).collect(),
        meetings: meetings
            .into_iter()
            .map(|meeting| (meeting.number, Arc::new(meeting)))
            .collect(),
    }
}

/// The audio of the calls that are in meetings; the third has none yet.
pub fn quality() -> Qualities {
    [6_889_184, 7_000_001]
        .map(|id| (LegId(id), Arc::new(audio(3.456_7))))
        .into_iter()
        .collect()
}

/// Audio that is heard with this score.
pub fn audio(mos: f64) -> QualityView {
    let score = |loss, rating, mos| Score {
        loss,
        burst_ratio: 1.234_5,
        rating,
        mos,
    };
    QualityView {
        codec: "opus",
        rate_hz: 48_000,
        talking: true,
        incoming: Incoming {
            received: 950,
            lost: 50,
            loss_bursts: 41,
            late: 3,
            duplicated: 4,
            overflowed: 5,
            comfort_noise: 6,
            malformed: 7,
            foreign: 8,
            wrong_payload_type: 9,
            source_changes: 10,
            source_refused: 11,
            timing_restarts: 12,
            reports: 13,
            digits: 14,
            digits_dropped: 15,
            jitter_ms: 16,
        },
        playout: Playout {
            depth_ms: 17,
            target_ms: 18,
            concealed_ms: 19,
            recovered_ms: 20,
            shortened_ms: 21,
            stretched_ms: 22,
            clipped_ms: 23,
            level_dbov: Some(-22),
            speech_dbov: Some(-24),
            noise_dbov: Some(-65),
            agc_gain_db: -5,
            music_suspected: true,
            echo: Some(EchoView {
                delay_ms: 240,
                loss_db: 31,
            }),
        },
        outgoing: Outgoing {
            sent: 1_000,
            withheld: 26,
            reports: 27,
            round_trip_ms: Some(28),
            lost: Some(29),
            jitter_ms: Some(30),
        },
        heard: Some(score(0.053, 71.26, mos)),
        heard_lately: Some(score(0.5, 20.0, 1.3)),
        hears: Some(score(0.015_6, 88.88, 4.321)),
    }
}

/// The last event of earlier runs.
pub const LAST_EVENT: u64 = 40;

/// An event in the meeting of `owner`, alice or bob.
pub fn happening(id: u64, owner: &str, seq: u64, event: Event) -> Happening {
    let (meeting, number) = match owner {
        "alice" => (196_938, 106_131),
        _ => (196_939, 306_131),
    };
    Happening {
        id,
        at_ms: NOW_MS + id as i64,
        subscriber_sid: sid(owner),
        place: Some(Place {
            meeting: MeetingId(meeting),
            number: MeetingNumber(number),
            seq,
        }),
        actor: Actor::Bridge,
        party: matches!(event, Event::Joined { .. }).then(|| Party {
            caller: "+12025550123".to_owned(),
            callee: "15162065319".to_owned(),
        }),
        news: News::Meeting(event),
        is_live: true,
    }
}

/// What is on disk: of both tenants in turn, ids from 1 to the last one of earlier runs.
pub fn log() -> Vec<Happening> {
    let event = |id: u64| match id {
        1 | 2 => Event::Created,
        _ => Event::Locked(id % 4 < 2),
    };
    (1..=LAST_EVENT)
        .map(|id| {
            let owner = if id % 2 == 1 { "alice" } else { "bob" };
            happening(id, owner, (id - 1) / 2, event(id))
        })
        .collect()
}

/// A webhook of `owner`, and the callback of alice.
pub fn webhooks() -> Vec<Webhook> {
    let webhook = |id: &str, owner: &str, is_callback| Webhook {
        id: id.into(),
        subscriber_sid: sid(owner),
        is_callback,
        url: format!("https://{owner}.example.com/hook"),
        types: Vec::new(),
        description: String::new(),
        is_disabled: false,
        created_ms: NOW_MS,
        secret: vec![7; 32],
        old_secret: None,
    };
    vec![
        webhook("cb_sid-alice", "alice", true),
        webhook("whk_1", "alice", false),
        webhook("whk_2", "bob", false),
        webhook("whk_3", "uma", false),
    ]
}

/// What became of three events, of each webhook.
pub fn deliveries() -> Vec<Delivery> {
    let states = DeliveryState::ALL.into_iter().zip(1..);
    let of = |webhook: &'static str| {
        states.clone().map(move |(state, happening)| Delivery {
            webhook: webhook.into(),
            happening,
            chain: 1,
            state,
            attempts: 3,
            created_ms: NOW_MS,
            due_ms: NOW_MS + 5_000,
            status: (state != DeliveryState::Dead).then_some(500),
            fault: (state == DeliveryState::Dead).then(|| "no connection".into()),
        })
    };
    of("whk_1").chain(of("whk_2")).collect()
}

pub fn cdr(id: u64, owner: &str) -> Cdr {
    Cdr {
        leg: LegId(id),
        subscriber_sid: Some(sid(owner)),
        callee: "15162065318".into(),
        caller: "+15162065319".into(),
        source: "192.0.2.7".into(),
        outbound: false,
        codec: "PCMU".into(),
        created_ms: 1000 * id as i64,
        answered_ms: Some(1000 * id as i64 + 500),
        joined_ms: None,
        ended_ms: 1000 * id as i64 + 3600,
        meeting: Some((MeetingId(9), MeetingNumber(106_131))),
        role: Some(Role::Host),
        access_code: "111".into(),
        custom_name: String::new(),
        cause: Cause::HungUp,
        sip_status: 200,
    }
}

pub fn mdr(id: u64, owner: &str) -> Mdr {
    Mdr {
        meeting: MeetingId(id),
        number: MeetingNumber(106_131),
        subscriber_sid: sid(owner),
        created_ms: 1000 * id as i64,
        started_ms: None,
        ended_ms: 1000 * id as i64 + 2000,
        calls: 3,
        peak: 2,
        cause: Cause::Empty,
        on_the_fly: true,
    }
}

/// A call that is answered after two seconds and turned away by a full meeting.
pub fn simulation(call: &SimulatedCall) -> Simulation {
    let step = |ms, what| Step {
        after: Duration::from_millis(ms),
        what,
    };
    let count = vec![Phrase::from(Prompt::ThereAre), Phrase::Number(7)];
    let mut settings = resolve(&[]);
    settings.origin[AttributeId::conference_maxcalls as usize] = Level::Did;
    Simulation {
        caller: call.caller.clone(),
        steps: vec![
            step(0, What::Ring),
            step(2_000, What::Answer),
            step(2_000, What::Key('1')),
            step(2_000, What::LookUp),
            step(3_000, What::Say(count)),
            step(3_000, What::EntryTone),
            step(3_000, What::HangUp),
        ],
        consumed: 1,
        role: Some(Role::Listener),
        room: None,
        meeting: None,
        opens_on_the_fly: true,
        outcome: Outcome::Refused(Cause::MeetingFull),
        settings,
    }
}

/// A change in each tenant's tree, and what a deleted account did and the bridge itself in the first one's.
pub fn audit() -> Vec<(Sid, Change)> {
    let change = |id, actor, action: &str, object: &str| Change {
        id,
        at_ms: NOW_MS + id as i64,
        actor,
        action: action.into(),
        object: object.into(),
    };
    vec![
        (
            sid("alice"),
            change(1, Actor::Bridge, "put", "subscriber sid-alice"),
        ),
        (
            sid("alice"),
            change(2, Actor::User(sid("gone")), "put", "DID 220"),
        ),
        (
            sid("bob"),
            change(3, Actor::User(sid("bob")), "delete", "room 306131"),
        ),
        (
            sid("alice"),
            change(4, Actor::User(sid("olga")), "hang_up", "call 6889184"),
        ),
    ]
}
