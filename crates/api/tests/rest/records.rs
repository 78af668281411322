use serde_json::json;

use crate::world::World;

#[tokio::test]
async fn call_records_read_newest_first() {
    let world = World::new();
    let list = world.get("alice", "/cdrs?limit=2").await.json();
    assert_eq!((&list["total"], &list["has_more"]), (&json!(3), &json!(true)));
    let expected = json!({
        "accessCode": "111",
        "answered": 3500,
        "callee": "15162065318",
        "caller": "+15162065319",
        "cause": "hung_up",
        "codec": "PCMU",
        "connectionStatus": 0,
        "created": 3000,
        "customName": "",
        "duration": 3,
        "ended": 6600,
        "id": 3,
        "meetingId": 9,
        "meetingNumber": 106_131,
        "role": 1,
        "sipStatus": 200,
        "source": "192.0.2.7",
        "subscriberSid": "sid-alice"
    });
    assert_eq!(list["cdrs"][0], expected);
    let oldest = world.get("alice", "/cdrs?order=created&limit=1").await.json();
    assert_eq!(oldest["cdrs"][0]["id"], 1);
}

#[tokio::test]
async fn meeting_records_of_everyone_below_are_seen() {
    let world = World::new();
    for (login, total) in [("alice", 2), ("olga", 2), ("uma", 2), ("bob", 1), ("ursula", 0)] {
        assert_eq!(world.get(login, "/mdrs").await.json()["total"], total, "{login}");
    }
    let mdr = world.get("bob", "/mdrs").await.json()["mdrs"][0].take();
    let expected = json!({
        "calls": 3,
        "cause": "empty",
        "created": 3000,
        "duration": 2,
        "ended": 5000,
        "id": 3,
        "meetingNumber": 106_131,
        "onTheFly": true,
        "peak": 2,
        "subscriberSid": "sid-bob"
    });
    assert_eq!(mdr, expected);
}
