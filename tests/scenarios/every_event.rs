//! One meeting in which everything happens that there is an event of: each is told whole, as the manual says.

use api::{LiveCommand, Target};
use model::attribute::AttributeId;
use model::{
    Command, Happening, LegId, MeetingId, MuteMask, NewsKind, PollStatus, PresenterMedia, Question,
    RecordingFault, Role,
};
use serde_json::{Value, json};
use world::{CONF, PhoneId, ROOM, World};

use crate::events::{scored, talks};
use crate::operator;

/// A type, which call the first such event of the story is about, who brought it about, and its data.
type Row = (NewsKind, &'static str, &'static str, &'static str);

/// All types, in their order.
const TOLD: &[Row] = &[
    (NewsKind::CallRinging, "guest", "guest", PARTY),
    (NewsKind::CallMenu, "guest", "bridge", PARTY),
    (NewsKind::CallWaiting, "guest", "guest", PARTY_IN_ROLE),
    (NewsKind::CallJoined, "guest", "guest", PARTY_IN_ROLE),
    (NewsKind::CallRefused, "late", "late", r#"{"cause": "locked"}"#),
    (NewsKind::CallLeft, "host", "host", r#"{"cause": "hung_up"}"#),
    (NewsKind::CallEnded, "host", "host", r#"{"cause": "hung_up"}"#),
    (NewsKind::CallMuted, "guest", "guest", r#"{"muteMode": 1}"#),
    (NewsKind::CallHeld, "guest", "tester", r#"{"holdMode": 2}"#),
    (NewsKind::CallNamed, "guest", "tester", r#"{"customName": "Ann"}"#),
    (NewsKind::CallRole, "guest", "tester", r#"{"role": 3}"#),
    (NewsKind::CallGain, "guest", "tester", r#"{"gainLevel": -6}"#),
    (NewsKind::CallQuestion, "guest", "tester", r#"{"qaMode": 1}"#),
    (
        NewsKind::CallOperator,
        "guest",
        "tester",
        r#"{"operatorMode": 1}"#,
    ),
    (
        NewsKind::CallPresenter,
        "guest",
        "tester",
        r#"{"presenterMedia": 3}"#,
    ),
    (NewsKind::TalkingOn, "guest", "bridge", "{}"),
    (NewsKind::TalkingOff, "guest", "bridge", "{}"),
    (
        NewsKind::DigitsCommand,
        "guest",
        "guest",
        r#"{"command": "mute"}"#,
    ),
    (NewsKind::MeetingCreated, "", "guest", "{}"),
    (NewsKind::MeetingStarted, "", "host", "{}"),
    (NewsKind::MeetingEnded, "", "second", r#"{"cause": "empty"}"#),
    (NewsKind::MeetingLocked, "", "tester", r#"{"isSecured": true}"#),
    (NewsKind::MeetingMuteMode, "", "tester", r#"{"muteMode": 40}"#),
    (NewsKind::MeetingHoldMode, "", "tester", r#"{"holdMode": 40}"#),
    (NewsKind::MeetingAttribute, "", "tester", ATTRIBUTE),
    (NewsKind::MeetingQa, "", "tester", r#"{"qaMode": 1}"#),
    (NewsKind::PollOpened, "", "tester", "{}"),
    (NewsKind::PollClosed, "", "tester", r#"{"votes": {"5": 1}}"#),
    (NewsKind::PollCleared, "", "tester", "{}"),
    (NewsKind::RecordingStarted, "", "tester", r#"{"file": "FILE"}"#),
    (NewsKind::RecordingStopped, "", "tester", STOPPED),
    (NewsKind::RecordingFailed, "", "bridge", r#"{"cause": "disk"}"#),
    (NewsKind::MeetingEnding, "", "host", ENDING),
    (NewsKind::MeetingEndingCancelled, "", "second", "{}"),
    (NewsKind::QualityAlarm, "guest", "bridge", ALARM),
];
const PARTY: &str = r#"{"callee": "15162065319", "caller": "CALLER"}"#;
const PARTY_IN_ROLE: &str = r#"{"callee": "15162065319", "caller": "CALLER", "role": 2}"#;
const ATTRIBUTE: &str = r#"{"name": "conference_maxcalls", "value": "7"}"#;
const STOPPED: &str = r#"{"cause": "asked", "file": "FILE", "gapMs": 0}"#;
const ENDING: &str = r#"{"cause": "host_left", "seconds": 60}"#;
const ALARM: &str = r#"{"on": true, "recentMosIn": 3.1}"#;
/// What happens to a call outside of meetings.
const OUTSIDE: [NewsKind; 3] = [NewsKind::CallRinging, NewsKind::CallMenu, NewsKind::CallEnded];

/// What happened, and what is called how in [`TOLD`].
struct Story {
    world: World,
    meeting: MeetingId,
    legs: [(&'static str, LegId); 4],
    caller: String,
    file: String,
}

impl Story {
    fn play() -> Self {
        let mut world = operator::world();
        world.edit_room(|room| {
            for (name, value) in [
                ("conference_start_how", "moderator"),
                ("conference_stop_how", "moderator"),
                ("conference_stop_wait", "60"),
            ] {
                room.attributes.put(name, value).expect("a right value");
            }
        });
        let [guest, host] = begin(&mut world);
        let (meeting, caller) = (world.meeting(ROOM).id, world.view(guest).caller.clone());
        steer_call(&mut world, guest);
        let late = steer_meeting(&mut world, guest);
        record(&mut world);
        let second = end(&mut world, guest, host);
        let phones = [
            ("guest", guest),
            ("host", host),
            ("late", late),
            ("second", second),
        ];
        Self {
            meeting,
            legs: phones.map(|(name, phone)| (name, world.leg(phone))),
            caller,
            file: world.mixer.recorded[0].0.file.clone(),
            world,
        }
    }

    fn leg(&self, name: &str) -> Option<LegId> {
        let found = self.legs.iter().find(|(known, _)| *known == name);
        found.map(|(_, leg)| *leg)
    }

    fn actor(&self, name: &str) -> Value {
        match (self.leg(name), name) {
            (Some(leg), _) => json!({"callId": leg.0, "type": "call"}),
            (None, "bridge") => json!({"type": "bridge"}),
            (None, sid) => json!({"sid": sid, "type": "user"}),
        }
    }

    /// The first event of a type that is about this call, or about none.
    fn first(&self, kind: NewsKind, about: &str) -> &Happening {
        let leg = self.leg(about);
        let mut told = self.world.told.iter();
        let found = told.find(|told| told.news.kind() == kind && told.news.leg() == leg);
        found.unwrap_or_else(|| panic!("no {} of {about:?}", kind.text()))
    }

    /// The whole body of an event.
    fn body(&self, told: &Happening, (kind, about, actor, data): Row) -> Value {
        let data = data.replace("CALLER", &self.caller).replace("FILE", &self.file);
        let data: Value = serde_json::from_str(&data).expect("data is JSON");
        let mut body = json!({
            "actor": self.actor(actor),
            "data": data,
            "id": told.id,
            "time": told.at_ms,
            "type": kind.text(),
        });
        if let Some(leg) = self.leg(about) {
            body["callId"] = json!(leg.0);
        }
        if !OUTSIDE.contains(&kind) {
            let earlier = self.world.told.iter().filter(|other| other.id < told.id);
            body["meetingId"] = json!(self.meeting.0);
            body["meetingNumber"] = json!(ROOM.0);
            body["sequence"] = json!(earlier.filter(|other| other.place.is_some()).count());
        }
        body
    }
}

/// A guest waits until a host lets him in, talks, is heard badly, and mutes himself.
fn begin(world: &mut World) -> [PhoneId; 2] {
    let [guest, host] = ["222#", "111#"].map(|code| world.enter(CONF, code));
    world.pass(5_000);
    talks(world, guest, true);
    scored(world, guest, 310);
    talks(world, guest, false);
    world.key(guest, "*6");
    world.pass(4_000);
    [guest, host]
}

fn ask(world: &mut World, target: Target, commands: impl IntoIterator<Item = Command>) {
    for command in commands {
        let done = world.request(target, LiveCommand::Meeting(command));
        done.expect("it can be done");
    }
}

/// A client changes all there is to change of a call.
fn steer_call(world: &mut World, phone: PhoneId) {
    let leg = world.leg(phone);
    let name = "Ann".to_owned();
    let commands = [
        Command::SetHold { leg, on: true },
        Command::SetHold { leg, on: false },
        Command::SetName { leg, name },
        Command::SetGain { leg, db: -6 },
        Command::SetOperator { leg, on: true },
        Command::SetOperator { leg, on: false },
        Command::SetRole {
            leg,
            role: Role::Listener,
        },
        Command::SetRole {
            leg,
            role: Role::Participant,
        },
    ];
    ask(world, Target::Leg(leg), commands);
    let media = PresenterMedia::from_wire(3).expect("audio and video");
    let done = world.request(Target::Leg(leg), LiveCommand::SetPresenter { leg, media });
    done.expect("it can be done");
}

/// The same of the meeting, in which the guest votes and asks; who comes while it is locked is refused.
fn steer_meeting(world: &mut World, guest: PhoneId) -> PhoneId {
    let (room, leg) = (world.target(ROOM), world.leg(guest));
    ask(world, room, [Command::SetLock(true)]);
    let late = world.enter(CONF, "222#");
    let modes = [
        Command::SetLock(false),
        Command::SetMuteMode(MuteMask::HARD),
        Command::SetHoldMode(MuteMask::HARD),
        Command::SetHoldMode(MuteMask::OPEN),
        Command::SetMuteMode(MuteMask::OPEN),
        Command::SetAttribute {
            id: AttributeId::conference_maxcalls,
            value: Some("7".to_owned()),
        },
        Command::SetPoll(PollStatus::Open),
    ];
    ask(world, room, modes);
    world.pass(5_000);
    world.key(guest, "5");
    world.pass(4_000);
    let question = Question::Raised;
    let talk = [
        Command::SetPoll(PollStatus::Closed),
        Command::SetPoll(PollStatus::None),
        Command::SetQa(true),
        Command::SetQuestion { leg, question },
    ];
    ask(world, room, talk);
    late
}

/// It is recorded, and then the disk fails.
fn record(world: &mut World) {
    let room = world.target(ROOM);
    let commands = [Command::SetRecording(true), Command::SetRecording(false)];
    ask(world, room, commands);
    world.mixer.recorder_fault = Some(RecordingFault::Disk);
    let again = LiveCommand::Meeting(Command::SetRecording(true));
    assert!(world.request(room, again).is_err());
}

/// The host goes and another comes in his place, until all go.
fn end(world: &mut World, guest: PhoneId, host: PhoneId) -> PhoneId {
    world.hang_up(host);
    let second = world.enter(CONF, "111#");
    world.hang_up(guest);
    world.hang_up(second);
    second
}

#[test]
fn every_type_of_event_there_is_is_told_with_its_whole_body() {
    let kinds: Vec<_> = TOLD.iter().map(|(kind, ..)| *kind).collect();
    assert_eq!(kinds, NewsKind::ALL, "a type is not tried");
    let story = Story::play();
    for row in TOLD {
        let told = story.first(row.0, row.1);
        let body: Value = serde_json::from_slice(&api::event_body(told)).expect("events are JSON");
        assert_eq!(body, story.body(told, *row));
    }
}
