//! Codes that are chosen in a DID group where others have rooms, and logins.

use api::Settings;
use axum::http::Method;
use model::directory::{Edit, SubscriberRole};
use serde_json::{Value, json};

use crate::fixture::{self, room, subscriber};
use crate::world::{Reply, World};

const ADMINISTRATOR: SubscriberRole = SubscriberRole::Administrator;

/// Group 219 of alice, who has rooms there, is lent to bob; so many codes an hour may be chosen there.
fn shared(most: Option<u32>) -> World {
    let world = World::with(Settings {
        chosen_codes_per_hour: most,
        ..Settings::default()
    });
    world.edit([
        Edit::PutSubscriber(subscriber("bob", None, ADMINISTRATOR, Some(219))),
        Edit::PutRoom(room(400_000, "bob", 219, &[])),
    ]);
    world
}

fn new_room(group: u64, codes: &[&str]) -> Value {
    let keys = codes.iter().map(|code| json!({"accessCode": code, "role": 1}));
    let keychain: Vec<_> = keys.collect();
    json!({"primaryDidGroupId": group, "callFlowId": 3, "keychain": keychain})
}

/// Asks for a room with these codes in the group.
async fn choose(world: &World, login: &str, group: u64, codes: &[&str]) -> Reply {
    let body = new_room(group, codes).to_string();
    world.post(login, "/meetingRooms", &body).await
}

/// The refusal of a code beyond the allowance.
fn too_many() -> (u16, String, String) {
    (429, "Too many requests".into(), "accessCode".into())
}

async fn statuses(world: &World, login: &str, codes: &[&str]) -> Vec<u16> {
    let mut statuses = Vec::new();
    for code in codes {
        statuses.push(choose(world, login, 219, &[code]).await.status.as_u16());
    }
    statuses
}

#[tokio::test]
async fn codes_count_whether_they_are_taken_or_not_and_beyond_the_allowance_neither_is_told() {
    let world = shared(Some(3));
    assert_eq!(
        statuses(&world, "bob", &["9001", "111", "9002"]).await,
        [201, 409, 201]
    );
    let [taken, free] = ["2222", "9003"].map(|code| [code]);
    let taken = choose(&world, "bob", 219, &taken).await;
    assert_eq!(taken.refusal(), too_many());
    assert_eq!(taken.header("retry-after"), "1200");
    assert!(taken.text.contains("leave accessCode out"), "{}", taken.text);
    assert_eq!(taken, choose(&world, "bob", 219, &free).await);
    assert_eq!(world.backend.state().codes_refused, 2);
    world.backend.state().now_ms += 1_200_000;
    assert_eq!(statuses(&world, "bob", &["9003", "9004"]).await, [201, 429]);
    world.backend.state().now_ms += 3_600_000;
    assert_eq!(
        statuses(&world, "bob", &["1", "2", "3", "4"]).await,
        [201, 201, 201, 429]
    );
}

#[tokio::test]
async fn what_is_refused_as_taken_is_told_in_the_same_words_whosever_the_code_is() {
    let world = shared(Some(100));
    assert_eq!(statuses(&world, "bob", &["9001"]).await, [201]);
    let own = choose(&world, "bob", 219, &["9001"]).await;
    assert_eq!(own.refusal(), (409, "Conflict".into(), "accessCode".into()));
    assert_eq!(own, choose(&world, "bob", 219, &["111"]).await);
    let several = choose(&world, "bob", 219, &["9002", "9003", "111", "9004"]).await;
    assert_eq!(own, several, "which of them it is is not told");
}

#[tokio::test]
async fn several_codes_count_each_and_those_that_are_too_many_at_once_count_nothing() {
    let world = shared(Some(3));
    let codes = ["9001", "9002", "9003", "9004"];
    assert_eq!(choose(&world, "bob", 219, &codes).await.status, 429);
    assert_eq!(world.backend.state().codes_refused, 4);
    assert_eq!(choose(&world, "bob", 219, &codes[..3]).await.status, 201);
    assert_eq!(choose(&world, "bob", 219, &codes[3..]).await.status, 429);
}

#[tokio::test]
async fn codes_that_are_made_or_stay_are_no_guesses() {
    let world = shared(Some(1));
    let path = "/meetingRooms/400000";
    for role in [1, 2, 3, 1] {
        let body = json!({"keychain": [{"role": role}, {"role": 2}]}).to_string();
        assert_eq!(world.put("bob", path, &body).await.status, 200);
    }
    let chosen = r#"{"keychain": [{"accessCode": "9001", "role": 1}]}"#;
    for description in ["x", "y", "z"] {
        let mut body: Value = serde_json::from_str(chosen).unwrap();
        body["description"] = description.into();
        assert_eq!(world.put("bob", path, &body.to_string()).await.status, 200);
    }
    let read = world.get("bob", path).await.text;
    assert_eq!(world.put("bob", path, &read).await.status, 200);
    let other = chosen.replace("9001", "9002");
    assert_eq!(world.put("bob", path, &other).await.status, 429);
    assert_eq!(world.backend.state().codes_refused, 1);
}

#[tokio::test]
async fn no_way_of_giving_a_room_codes_leads_past_the_allowance() {
    let keys = r#"[{"accessCode": "9001", "role": 1}]"#;
    let with = |field: &str, value: &str| format!(r#"{{"{field}": {value}}}"#);
    let in_body = json!([new_room(219, &["9001"])]).to_string();
    let both = r#"[{"didGroupId": 319}, {"didGroupId": 219}]"#;
    let account = format!(r#"{{"login": "new", "password": "long enough", "meetingRooms": {in_body}}}"#);
    let existing = format!(r#"[{{"meetingNumber": 400000, "keychain": {keys}}}]"#);
    for (method, path, body) in [
        (
            Method::POST,
            "/meetingRooms",
            new_room(219, &["9001"]).to_string(),
        ),
        (Method::PUT, "/meetingRooms/400000", with("keychain", keys)),
        (
            Method::PUT,
            "/meetingRooms/306131",
            with("didGroupReferences", both),
        ),
        (
            Method::PUT,
            "/meetingRooms/306131",
            with("primaryDidGroupId", "219"),
        ),
        (
            Method::POST,
            "/subscribers/sid-bob/meetingRooms",
            new_room(219, &["9001"]).to_string(),
        ),
        (
            Method::PUT,
            "/subscribers/sid-bob/meetingRooms/400000",
            with("keychain", keys),
        ),
        (
            Method::PUT,
            "/subscribers/sid-bob/meetingRooms/400000/keychain",
            keys.to_owned(),
        ),
        (Method::POST, "/subscribers", account),
        (
            Method::PUT,
            "/subscribers/sid-bob",
            with("meetingRooms", &in_body),
        ),
        (
            Method::PUT,
            "/subscribers/sid-bob",
            with("meetingRooms", &existing),
        ),
    ] {
        let world = shared(Some(0));
        let reply = world.ask("bob", method.clone(), path, &body).await;
        let what = format!("{method} {path} {body}");
        assert_eq!(reply.refusal(), too_many(), "{what}");
        assert_eq!(world.backend.state().edits, [], "{what}");
        let allowed = shared(Some(1));
        let reply = allowed.ask("bob", method, path, &body).await;
        assert!(reply.status.is_success(), "{what}: {}", reply.text);
    }
}

#[tokio::test]
async fn where_all_rooms_are_of_ones_own_tree_codes_are_chosen_without_limit() {
    let world = World::with(Settings {
        chosen_codes_per_hour: Some(0),
        ..Settings::default()
    });
    for (login, group, status) in [("alice", 219, 201), ("bob", 319, 201), ("uma", 219, 429)] {
        let reply = choose(&world, login, group, &["9001", "9002"]).await;
        assert_eq!(reply.status, status, "{login}: {}", reply.text);
    }
    let shared = shared(Some(0));
    assert_eq!(
        statuses(&shared, "alice", &["9003"]).await,
        [429],
        "bob has a room there, too"
    );
    let free = World::new();
    assert_eq!(
        statuses(&free, "uma", &["9001", "9002"]).await,
        [201, 201],
        "without a limit"
    );
}

#[tokio::test]
async fn all_accounts_of_a_tenant_have_one_allowance_and_who_stands_above_all_has_no_need_of_one() {
    let world = shared(Some(3));
    let below = |login, parent| subscriber(login, Some(parent), ADMINISTRATOR, Some(219));
    world.edit([
        Edit::PutSubscriber(subscriber("root", None, ADMINISTRATOR, None)),
        Edit::PutSubscriber(subscriber("alice", Some("root"), ADMINISTRATOR, None)),
        Edit::PutSubscriber(below("bob", "root")),
        Edit::PutSubscriber(below("bert", "bob")),
        Edit::PutSubscriber(below("bella", "bert")),
    ]);
    for login in ["bob", "bert", "bella"] {
        let code = format!("90{}", login.len());
        assert_eq!(statuses(&world, login, &[code.as_str()]).await, [201], "{login}");
    }
    for login in ["bob", "bert", "bella"] {
        assert_eq!(statuses(&world, login, &["9999"]).await, [429], "{login}");
    }
    assert_eq!(
        statuses(&world, "alice", &["9001"]).await,
        [201],
        "another tenant has its own"
    );
    let many = ["9011", "9012", "9013", "9014", "9015"];
    assert_eq!(choose(&world, "root", 219, &many).await.status, 201);
    let directory = world.backend.state().directory.clone();
    assert!(directory.sees(&fixture::sid("root"), &fixture::sid("bella")));
}

/// Gives an account of the tree another login.
async fn rename(world: &World, by: &str, account: &str, login: &str) -> Reply {
    let body = json!({"login": login}).to_string();
    world.put(by, &format!("/subscribers/sid-{account}"), &body).await
}

#[tokio::test]
async fn twenty_logins_of_strangers_are_come_upon_in_an_hour_and_then_none_is_looked_at() {
    let world = World::new();
    let conflict = (409, "Conflict".to_owned(), "login".to_owned());
    for login in ["olga", "alice"].repeat(15) {
        let own = rename(&world, "alice", "uma", login).await;
        assert_eq!(own.refusal(), conflict, "of its own tree: seen anyway");
    }
    for n in 0..20 {
        assert_eq!(
            rename(&world, "alice", "uma", "bob").await.refusal(),
            conflict,
            "{n}"
        );
    }
    let taken = rename(&world, "alice", "uma", "ursula").await;
    let too_many = (429, "Too many requests".to_owned(), "login".to_owned());
    assert_eq!(taken.refusal(), too_many);
    assert_eq!(taken.header("retry-after"), "180");
    assert_eq!(taken, rename(&world, "alice", "uma", "free").await);
    assert_eq!(world.backend.state().logins_refused, 2);
    assert_eq!(
        rename(&world, "alice", "uma", "uma").await.status,
        200,
        "it has it"
    );
    assert_eq!(rename(&world, "bob", "ursula", "alice").await.refusal(), conflict);
    world.backend.state().now_ms += 180_000;
    assert_eq!(rename(&world, "alice", "uma", "free").await.status, 200);
    assert_eq!(rename(&world, "alice", "uma", "bob").await.refusal(), conflict);
    assert_eq!(
        rename(&world, "alice", "uma", "another").await.refusal(),
        too_many
    );
}

#[tokio::test]
async fn who_stands_above_all_gives_logins_without_limit() {
    let world = World::new();
    world.edit([
        Edit::PutSubscriber(subscriber("root", None, ADMINISTRATOR, None)),
        Edit::PutSubscriber(subscriber("alice", Some("root"), ADMINISTRATOR, None)),
        Edit::PutSubscriber(subscriber("bob", Some("root"), ADMINISTRATOR, None)),
    ]);
    for n in 0..30 {
        assert_eq!(rename(&world, "root", "uma", "bob").await.status, 409, "{n}");
    }
    assert_eq!(rename(&world, "root", "uma", "free").await.status, 200);
}
