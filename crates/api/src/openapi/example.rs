//! Examples of the objects: those of the reference.

use serde_json::{Value, json};

use super::answer::Object;

/// A page of one.
pub(super) fn list(object: &Object) -> Value {
    let items = json!([of(&(object.name)())]);
    let mut page = json!({
        "count": 1, "has_more": false, "items": items, "last": 0, "limit": 10, "offset": 0, "pagination": {}, "total": 1,
    });
    page[object.collection] = items;
    page
}

/// The object whose schema is called `name`.
pub(super) fn of(name: &str) -> Value {
    match name {
        "AuditEntry" => json!({
            "action": "put", "created": 1_544_643_810_000_i64, "id": 12, "object": "DID 220",
            "subscriberSid": "sid-alice",
        }),
        "Call" => call(),
        "CallFlow" => {
            json!({"attributeTemplates": [attribute()], "id": 3, "name": "CONF", "path": "/callflows/CONF"})
        }
        "Cdr" => cdr(),
        "Did" => did(),
        "DidGroup" => json!({
            "attributes": [], "callFlowId": 3, "description": "", "dids": [did()], "id": 219, "name": "alice_didGroup",
            "state": -1, "subscriberSid": "sid-alice",
        }),
        "Delivery" => json!({
            "attempts": 1, "created": 1_544_643_810_000_i64, "eventId": 4711, "id": 4711, "state": "delivered", "status": 204,
        }),
        "Event" => json!({
            "actor": {"type": "call", "callId": 6_889_184}, "callId": 6_889_184, "id": 4711,
            "data": {"callee": "15162065319", "caller": "+12025550123", "role": 1},
            "meetingId": 31, "meetingNumber": 106_131, "sequence": 2, "time": 1_544_643_810_000_i64, "type": "call.joined",
        }),
        "Webhook" => json!({
            "callback": false, "created": 1_544_643_810_000_i64, "description": "CRM", "disabled": false,
            "id": "whk_0123456789abcdef", "subscriberSid": "sid-alice", "types": ["call.*"],
            "url": "https://hooks.example.com/partyline",
        }),
        "Mdr" => json!({
            "calls": 3, "cause": "empty", "created": 1_544_643_810_000_i64, "duration": 171, "ended": 1_544_643_981_000_i64,
            "id": 31, "meetingNumber": 106_131, "onTheFly": false, "peak": 2, "started": 1_544_643_810_000_i64,
            "subscriberSid": "sid-alice",
        }),
        "Meeting" => json!({
            "attributes": [], "created": 1_544_643_810_000_i64, "duration": 171, "holdMode": 0, "id": 31, "isRecording": false,
            "isSecured": false, "meetingNumber": 106_131, "muteMode": 32, "participantCount": 2, "qaMode": 0, "state": 2,
            "subscriberName": "John Smith", "type": 0,
        }),
        "MeetingRoom" => room(),
        "MeetingKey" => json!({"accessCode": "111", "id": 1, "role": 1}),
        "NameValue" => json!({"name": "conference_maxcalls", "value": "1000"}),
        "Quality" => quality(),
        "Simulation" => simulation(),
        "Subscriber" => subscriber(),
        other => panic!("{other} has no example"),
    }
}

fn attribute() -> Value {
    json!({
        "description": "The caller over the limit hears that the meeting is full.", "enumValues": "", "group": 5,
        "name": "conference_maxcalls", "type": 2, "value": "1000",
    })
}

fn call() -> Value {
    json!({
        "accessCode": "111", "addressFrom": "\"+15162065319\" ", "bridgeName": "MIA-QA-FCC4D", "callee": "15162065318",
        "caller": "+15162065319", "codec": "PCMU", "connectionStatus": 0, "created": 1_544_643_810_000_i64, "customName": "",
        "duration": 171, "gainLevel": 0, "holdMode": 0, "id": 6_889_184, "joined": 1_544_643_810_000_i64,
        "meetingNumber": 106_131, "muteMode": 0, "nodeName": "10.2.114.15", "presenterMedia": 0, "qaMode": 0, "role": 1,
        "state": 2,
    })
}

fn cdr() -> Value {
    json!({
        "accessCode": "111", "answered": 1_544_643_800_000_i64, "callee": "15162065318", "caller": "+15162065319",
        "cause": "hung_up", "codec": "PCMU", "connectionStatus": 0, "created": 1_544_643_800_000_i64, "customName": "",
        "duration": 181, "ended": 1_544_643_981_000_i64, "id": 6_889_184, "joined": 1_544_643_810_000_i64, "meetingId": 31,
        "meetingNumber": 106_131, "role": 1, "sipStatus": 200, "source": "10.1.10.69:5060", "subscriberSid": "sid-alice",
    })
}

fn did() -> Value {
    json!({
        "attributes": [], "countryCode": "US", "didGroupId": 219, "id": 220, "phoneNumber": "15162065319", "state": -1,
    })
}

fn room() -> Value {
    json!({
        "attributes": [], "created": 1_544_482_680_000_i64, "didGroupReferences": [{"didGroupId": 219, "state": 0}],
        "keychain": [{"accessCode": "111", "id": 1, "role": 1}], "meetingNumber": 106_131, "primaryDidGroupId": 219,
        "subscriberSid": "sid-alice",
    })
}

/// What is most often looked at.
fn quality() -> Value {
    json!({
        "agcGainDb": 3, "codec": "opus", "concealedMs": 40, "depthMs": 40, "digits": 4, "id": 6_889_184, "jitterMs": 4,
        "latePackets": 1, "levelDbov": -25, "lossPercent": 0.05, "lostPackets": 2, "mosIn": 4.38, "mosOut": 4.4,
        "musicSuspected": false, "noiseDbov": -70, "rateHz": 48_000, "receivedPackets": 8550, "remoteLossPercent": 0.0,
        "roundTripMs": 38, "sentPackets": 8549, "speechDbov": -27, "talking": true,
    })
}

/// A good code, of a meeting that is full.
fn simulation() -> Value {
    let at = |ms: i64| 1_544_643_810_000_i64 + ms;
    json!({
        "answerDelay": 2, "attributes": [in_force()],
        "because": {"attribute": "conference_maxcalls", "cause": "meeting_full", "origin": "DID group", "value": "1000"},
        "callFlow": "CONF", "callFlowId": 3, "caller": "12025550123", "consumed": "111#", "created": at(0),
        "didGroupId": 219, "didGroupName": "alice_didGroup", "didId": 220, "left": "", "meetingNumber": 106_131,
        "onTheFly": false, "outcome": "refused", "phoneNumber": "15162065319", "role": 1, "running": true,
        "steps": [
            {"action": "ring", "at": at(0)},
            {"action": "answer", "at": at(2000)},
            {"action": "say", "at": at(2000), "prompts": ["enter_code"]},
            {"action": "key", "at": at(2000), "key": "1"},
            {"action": "hangUp", "at": at(3000)},
        ],
    })
}

fn in_force() -> Value {
    let mut attribute = attribute();
    attribute["origin"] = "DID group".into();
    attribute
}

fn subscriber() -> Value {
    json!({
        "authenticationToken": "token-alice", "created": 1_544_482_680_000_i64, "details": "", "didGroupReferences": [],
        "email": "", "ext": "", "externalId": -1, "firstName": "John", "lastName": "Smith", "login": "alice",
        "meetingRooms": [room()], "phoneNumber": "", "role": 1, "sid": "sid-alice",
    })
}
