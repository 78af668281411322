use api::{LiveCommand, Target};
use axum::http::Method;
use model::attribute::AttributeId;
use model::{Command, MeetingId, MeetingState, MuteMask, Poll, PollStatus, Tally};
use serde_json::{Value, json};

use crate::world::World;

const MEETING: &str = "/meetings/106131";

#[tokio::test]
async fn a_meeting_reads_as_the_reference_shows_it() {
    let world = World::new();
    let meeting = json!({
        "attributes": [],
        "created": 1_544_643_933_000_i64,
        "duration": 48,
        "holdMode": 0,
        "id": 196_938,
        "isRecording": false,
        "isSecured": false,
        "meetingNumber": 106_131,
        "muteMode": 32,
        "participantCount": 1,
        "qaMode": 0,
        "state": 2,
        "subscriberName": "John Smith",
        "type": 1
    });
    assert_eq!(world.get("alice", MEETING).await.json(), meeting);
    let list = world.get("alice", "/meetings?envelope=collection").await;
    assert_eq!(
        list.json(),
        json!({"last": 0, "meetings": [meeting], "offset": 0, "total": 1})
    );
    assert_eq!(
        world.get("alice", "/meetings/196938").await.status,
        404,
        "never by id"
    );
}

#[tokio::test]
async fn attributes_are_a_bare_array_with_the_live_counters_last() {
    let world = World::new();
    let list = world.get("alice", "/meetings/106131/attributes").await.json();
    let list = list.as_array().unwrap();
    assert_eq!(list.len(), 74);
    assert!(list.contains(&json!({"name": "conference_exittones", "value": "on"})));
    assert!(list.contains(&json!({"name": "conference_distributed", "value": "on"})));
    let counters = json!([
        {"name": "conf_participants_count", "value": "0"},
        {"name": "conf_hosts_count", "value": "1"},
        {"name": "conf_listeners_count", "value": "0"},
        {"name": "participant_list", "value": "15162065319:15162065318:'111'"}
    ]);
    assert_eq!(Value::from(list[70..].to_vec()), counters);
    let page = world
        .get("alice", "/meetings/106131/attributes?limit=5&offset=72")
        .await
        .json();
    assert_eq!(page.as_array().unwrap().len(), 2);
    let names = world
        .get("alice", "/meetings/106131/attributes?limit=1&includeFields=name")
        .await;
    assert_eq!(names.json(), json!([{"name": "call_announceparticipantcount"}]));
}

#[tokio::test]
async fn fields_that_take_effect_become_commands() {
    let mask = |bits| MuteMask::from_wire(bits).unwrap();
    for (state, body, commands) in [
        (2, r#"{"isSecured": true}"#, vec![Command::SetLock(true)]),
        (2, r#"{"muteMode": 40}"#, vec![Command::SetMuteMode(mask(40))]),
        (2, r#"{"qaMode": 1}"#, vec![Command::SetQa(true)]),
        (2, r#"{"isRecording": true}"#, vec![Command::SetRecording(true)]),
        (
            2,
            r#"{"pollingMode": {"status": 1}}"#,
            vec![Command::SetPoll(PollStatus::Open)],
        ),
        (2, r#"{"pollingMode": {"status": 2}}"#, vec![]),
        (2, r#"{"holdMode": "40"}"#, vec![Command::SetHoldMode(mask(40))]),
        (
            2,
            r#"{"state": 3, "isSecured": true}"#,
            vec![Command::SetLock(true), Command::Stop],
        ),
        (
            1,
            r#"{"qaMode": 1, "isRecording": true, "state": 2, "isSecured": true}"#,
            vec![
                Command::Start,
                Command::SetLock(true),
                Command::SetQa(true),
                Command::SetRecording(true),
            ],
        ),
        (
            2,
            r#"{"state": 2, "muteMode": 32, "isSecured": false, "qaMode": 0}"#,
            vec![],
        ),
        (
            2,
            r#"{"isRecording": false, "pollingMode": {"status": 0}, "duration": 7}"#,
            vec![],
        ),
    ] {
        let world = World::new();
        if state == 1 {
            let mut meeting = crate::fixture::meeting(106_131, 196_938, "alice", &[]);
            meeting.state = MeetingState::Waiting;
            let mut live = crate::fixture::live();
            live.meetings.insert(meeting.number, meeting.into());
            world.backend.state().live = live.into();
        }
        let reply = world.put("alice", MEETING, body).await;
        assert_eq!(reply.status, 200, "{reply:?}");
        let commands: Vec<_> = commands.into_iter().map(LiveCommand::Meeting).collect();
        assert_eq!(world.commands(), commands, "{body}");
    }
}

#[tokio::test]
async fn a_poll_shows_its_votes_and_can_be_sent_back_as_it_was_read() {
    let mut tally = Tally::default();
    [1, 7, 1, 1].into_iter().for_each(|digit| tally.add(digit));
    let next = |status| match status {
        PollStatus::None => PollStatus::Open,
        PollStatus::Open => PollStatus::Closed,
        PollStatus::Closed => PollStatus::None,
    };
    for status in [PollStatus::Open, PollStatus::Closed] {
        let world = World::new();
        let mut meeting = crate::fixture::meeting(106_131, 196_938, "alice", &[]);
        meeting.poll = Poll { status, tally };
        let mut live = crate::fixture::live();
        live.meetings.insert(meeting.number, meeting.into());
        world.backend.state().live = live.into();
        let read = world.get("alice", MEETING).await;
        let shown = json!({"status": status.wire(), "votes": {"1": 3, "7": 1}});
        assert_eq!(read.json()["pollingMode"], shown);
        assert_eq!(world.put("alice", MEETING, &read.text).await.status, 200);
        assert_eq!(world.commands(), []);
        let body = json!({"pollingMode": {"status": next(status).wire()}}).to_string();
        assert_eq!(world.put("alice", MEETING, &body).await.status, 200);
        let command = Command::SetPoll(next(status));
        assert_eq!(world.commands(), [LiveCommand::Meeting(command)]);
    }
}

#[tokio::test]
async fn the_answer_is_the_meeting_after_the_command_and_a_stopped_one_as_it_ended() {
    let world = World::new();
    let body = r#"{"isSecured": true, "isRecording": true, "muteMode": 40, "holdMode": 40, "qaMode": 1}"#;
    let meeting = world.put("olga", MEETING, body).await.json();
    let fields = ["isSecured", "isRecording", "muteMode", "holdMode", "qaMode"].map(|field| &meeting[field]);
    assert_eq!(
        fields,
        [&json!(true), &json!(true), &json!(40), &json!(40), &json!(1)]
    );
    let stopped = world.put("olga", MEETING, r#"{"state": 3}"#).await.json();
    assert_eq!(
        (&stopped["state"], &stopped["participantCount"]),
        (&json!(3), &json!(0))
    );
    assert_eq!(world.get("alice", MEETING).await.status, 404);
}

#[tokio::test]
async fn refusals_name_the_field_and_nothing_is_done() {
    let world = World::new();
    for (body, message, field) in [
        (r#"{"colour": 1}"#, "Invalid field specific", "colour"),
        (r#"{"id": 1}"#, "Invalid field specific", "id"),
        (
            r#"{"attributes": [{"name": "x"}]}"#,
            "Invalid field specific",
            "attributes",
        ),
        (r#"{"isSecured": 1}"#, "Wrong value", "isSecured"),
        (
            r#"{"isSecured": true, "muteMode": 64}"#,
            "Wrong value",
            "muteMode",
        ),
        (r#"{"holdMode": "x"}"#, "Wrong value", "holdMode"),
        (r#"{"state": 0}"#, "Wrong value", "state"),
        (r#"{"state": 4}"#, "Wrong value", "state"),
        (r#"{"isRecording": 1}"#, "Wrong value", "isRecording"),
        (r#"{"qaMode": 2}"#, "Wrong value", "qaMode"),
        (r#"{"pollingMode": {"status": 3}}"#, "Wrong value", "pollingMode"),
        (
            r#"{"pollingMode": {"status": true}}"#,
            "Wrong value",
            "pollingMode",
        ),
        (r#"{"pollingMode": {"votes": {}}}"#, "Wrong value", "pollingMode"),
        (
            r#"{"pollingMode": {"status": 1, "colour": 1}}"#,
            "Invalid field specific",
            "colour",
        ),
        (r#"{"pollingMode": 0}"#, "Wrong value", "pollingMode"),
    ] {
        let reply = world.put("alice", MEETING, body).await;
        assert_eq!(reply.refusal(), (400, message.into(), field.into()), "{body}");
    }
    assert_eq!(world.commands(), []);
}

#[tokio::test]
async fn an_attribute_of_the_meeting_is_set_as_text_and_null_takes_it_back() {
    let world = World::new();
    let path = "/meetings/106131/attributes/conference_maxcalls";
    let reply = world.put("alice", path, r#"{"value": 5}"#).await;
    assert_eq!(reply.json(), json!({"name": "conference_maxcalls", "value": "5"}));
    let id = AttributeId::conference_maxcalls;
    let set = |value| LiveCommand::Meeting(Command::SetAttribute { id, value });
    assert_eq!(world.commands(), [set(Some("5".into()))]);
    let owned = &world.get("alice", MEETING).await.json()["attributes"][0];
    assert_eq!(
        (&owned["name"], &owned["group"], &owned["value"]),
        (&json!("conference_maxcalls"), &json!(4), &json!("5"))
    );
    let reply = world.put("alice", path, r#"{"value": null}"#).await;
    assert_eq!(reply.json()["value"], "1000");
    assert_eq!(world.commands(), [set(Some("5".into())), set(None)]);
    for value in ["null", "1000", "\"1000\""] {
        let reply = world
            .put("alice", path, &format!(r#"{{"value": {value}}}"#))
            .await;
        assert_eq!(reply.json()["value"], "1000", "{value}");
    }
    assert_eq!(world.commands().len(), 2, "it is so already");
}

#[tokio::test]
async fn attributes_that_a_meeting_can_not_take_are_refused() {
    let world = World::new();
    for (name, body, status, field) in [
        ("colour", r#"{"value": "red"}"#, 404, ""),
        ("conf_hosts_count", r#"{"value": "1"}"#, 400, "conf_hosts_count"),
        ("call_delay", r#"{"value": "1"}"#, 400, "call_delay"),
        ("call_delay", r#"{"value": null}"#, 400, "call_delay"),
        (
            "conference_maxcalls",
            r#"{"value": "x"}"#,
            400,
            "conference_maxcalls",
        ),
        (
            "conference_maxcalls",
            r#"{"value": [1]}"#,
            400,
            "conference_maxcalls",
        ),
        ("conference_maxcalls", "{}", 400, "value"),
        ("conference_maxcalls", r#"{"value": 1, "x": 1}"#, 400, "x"),
        ("conference_maxcalls", r#"{"value": 1, "name": "x"}"#, 400, "name"),
    ] {
        let reply = world
            .put("alice", &format!("/meetings/106131/attributes/{name}"), body)
            .await;
        let (code, _, named) = reply.refusal();
        assert_eq!((code, named.as_str()), (status, field), "{name} {body}");
    }
    assert_eq!(world.commands(), []);
}

#[tokio::test]
async fn ending_a_meeting_is_one_command_and_leaves_no_body() {
    let world = World::new();
    let reply = world.ask("olga", Method::DELETE, MEETING, "").await;
    assert_eq!((reply.status.as_u16(), reply.text.as_str()), (204, ""));
    let state = world.backend.state();
    let (_, target, command) = &state.commands[0];
    assert_eq!(*target, Target::Meeting(MeetingId(196_938)));
    assert_eq!(*command, LiveCommand::EndMeeting);
}
