use std::collections::BTreeSet;

use model::Role;
use model::directory::Edit;
use serde_json::{Value, json};

use crate::fixture;
use crate::world::World;

/// A world in which alice has so many rooms from 400000 on, besides her own and that of uma.
fn many(rooms: u32) -> World {
    let world = World::new();
    let directory = world.backend.state().directory.clone();
    let directory = (0..rooms).fold((*directory).clone(), |directory, n| {
        let code = format!("9{n:03}");
        let mut room = fixture::room(400_000 + n, "alice", 219, &[(50, &code, Role::Host)]);
        room.description = format!("room {}", n % 3);
        directory.edited(Edit::PutRoom(room)).unwrap()
    });
    world.backend.state().directory = directory.into();
    world
}

fn numbers(list: &Value) -> Vec<u64> {
    let items = list["items"].as_array().unwrap();
    items
        .iter()
        .map(|room| room["meetingNumber"].as_u64().unwrap())
        .collect()
}

/// What a link of a page leads to, below `/conference/v1`.
fn path_of(link: &str) -> &str {
    link.strip_prefix("https://api.example.com/conference/v1")
        .unwrap()
}

#[tokio::test]
async fn both_envelopes_come_at_once_and_either_can_be_asked_for() {
    let world = many(25);
    let both = world.get("alice", "/meetingRooms?limit=2&offset=1").await.json();
    let names = |value: &Value| value.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    assert_eq!(
        names(&both),
        [
            "count",
            "has_more",
            "items",
            "last",
            "limit",
            "meetingRooms",
            "offset",
            "pagination",
            "total"
        ]
    );
    assert_eq!(both["items"], both["meetingRooms"]);
    assert_eq!(
        (&both["last"], &both["count"], &both["total"]),
        (&json!(2), &json!(2), &json!(27))
    );
    let items = world.get("alice", "/meetingRooms?envelope=items").await.json();
    assert_eq!(
        names(&items),
        [
            "count",
            "has_more",
            "items",
            "limit",
            "offset",
            "pagination",
            "total"
        ]
    );
    let collection = world
        .get("alice", "/meetingRooms?envelope=collection")
        .await
        .json();
    assert_eq!(names(&collection), ["last", "meetingRooms", "offset", "total"]);
}

#[tokio::test]
async fn the_empty_page_of_the_reference_is_the_same_here() {
    let world = World::new();
    let page = world
        .get("ursula", "/meetingRooms?offset=2&limit=4&envelope=items")
        .await
        .json();
    let expected = json!({
        "count": 0,
        "has_more": false,
        "items": [],
        "limit": 4,
        "offset": 2,
        "pagination": {"previous": "https://api.example.com/conference/v1/meetingRooms?envelope=items&limit=4&offset=0"},
        "total": 0
    });
    assert_eq!(page, expected);
    let last = world.get("ursula", "/meetingRooms?offset=2").await.json();
    assert_eq!(last["last"], 0);
}

#[tokio::test]
async fn following_next_meets_every_object_once_and_previous_leads_back() {
    let world = many(25);
    let mut path =
        "/meetingRooms?limit=7&order=description+desc,meetingNumber&includeFields=meetingNumber".to_owned();
    let mut seen = Vec::new();
    loop {
        let page = world.get("alice", &path).await.json();
        seen.extend(numbers(&page));
        let Some(next) = page["pagination"]["next"].as_str() else {
            assert_eq!(page["has_more"], false);
            assert!(
                page["pagination"]["previous"]
                    .as_str()
                    .unwrap()
                    .ends_with("limit=7&offset=14")
            );
            break;
        };
        assert!(
            next.contains("order=description+desc,meetingNumber&includeFields=meetingNumber&"),
            "{next}"
        );
        path = path_of(next).to_owned();
    }
    assert_eq!(seen.len(), 27);
    assert_eq!(seen[..2], [400_002, 400_005]);
    assert_eq!(
        seen[25..],
        [106_131, 273_751],
        "what has no description comes first, so last when turned round"
    );
}

#[tokio::test]
async fn links_lead_on_however_their_parameters_were_written() {
    let world = many(25);
    for query in [
        "%6Cimit=7&of%66set=7",
        "offset=7&limit=%22%37%22",
        "offset=7&limit='7'&&",
        "limit=7&offset=7&filter=description+like+%22room+%25%22+and+not+description+eq+%22a%26limit%3D1%22",
        "limit=7&offset=7&order=%22description%22,meetingNumber+desc&exclude_fields=%22keychain%22",
    ] {
        let page = world.get("alice", &format!("/meetingRooms?{query}")).await.json();
        let total = page["total"].clone();
        for (link, offset) in [("previous", 0), ("next", 14)] {
            let link = page["pagination"][link].as_str().unwrap();
            let reply = world.get("alice", path_of(link)).await;
            assert_eq!(reply.status, 200, "{link}: {}", reply.text);
            let found = reply.json();
            assert_eq!(
                (&found["limit"], &found["offset"], &found["total"]),
                (&json!(7), &json!(offset), &total),
                "{link}"
            );
        }
    }
    let bare = world.get("alice", "/meetingRooms?limit&order").await.json();
    let next = bare["pagination"]["next"].as_str().unwrap();
    assert_eq!(
        world.get("alice", path_of(next)).await.json()["offset"],
        10,
        "{next}"
    );
}

#[tokio::test]
async fn from_behind_the_end_a_link_leads_to_the_last_there_is() {
    let world = many(25);
    for (offset, previous) in [(7, 0), (27, 20), (30, 20), (1_000_000, 20)] {
        let path = format!("/meetingRooms?limit=7&offset={offset}");
        let page = world.get("alice", &path).await.json();
        let link = page["pagination"]["previous"].as_str().unwrap();
        let before = world.get("alice", path_of(link)).await.json();
        assert_eq!(
            (&before["offset"], &before["count"]),
            (&json!(previous), &json!(7)),
            "{path}"
        );
    }
}

#[tokio::test]
async fn the_longest_page_has_a_thousand_objects_and_leads_to_the_one_more_there_is() {
    let world = many(999);
    let first = world
        .get("alice", "/meetingRooms?limit=1000&order=meetingNumber")
        .await
        .json();
    let place = |page: &Value| {
        let fields = ["count", "total", "offset", "limit", "has_more"];
        fields.map(|field| page[field].clone())
    };
    assert_eq!(
        json!(place(&first)),
        json!([1000, 1001, 0, 1000, true]),
        "all but one"
    );
    let next = first["pagination"]["next"].as_str().unwrap();
    let last = world.get("alice", path_of(next)).await.json();
    assert_eq!(json!(place(&last)), json!([1, 1001, 1000, 1000, false]), "{next}");
    assert_eq!(last["pagination"]["next"], Value::Null);
    assert_eq!(numbers(&last), [400_998]);
    let all: BTreeSet<_> = numbers(&first).into_iter().chain(numbers(&last)).collect();
    assert_eq!(all.len(), 1001);
}

#[tokio::test]
async fn lists_are_ordered_as_asked() {
    let world = many(25);
    for (order, first) in [
        ("meetingNumber", 106_131),
        ("meetingNumber%20desc", 400_024),
        ("%22meetingNumber%20DESC%22", 400_024),
        ("%22meetingNumber%22%20desc", 400_024),
        ("%22description%22,'meetingNumber%20desc'", 273_751),
        ("subscriberSid%20desc", 273_751),
        ("description%20asc,meetingNumber%20desc", 273_751),
    ] {
        let list = world
            .get("alice", &format!("/meetingRooms?order={order}&limit=1000"))
            .await
            .json();
        assert_eq!(numbers(&list)[0], first, "{order}");
        assert_eq!(numbers(&list).len(), 27);
    }
}

#[tokio::test]
async fn fields_are_selected_in_all_four_spellings() {
    let world = World::new();
    for query in [
        "include_fields=meetingNumber",
        "includeFields=%22meetingNumber%22",
        "include_fields='meetingNumber'",
        "includeFields=created,%20meetingNumber&exclude_fields=created",
        "includeFields=%22created%22,%20%22meetingNumber%22&exclude_fields='created','description'",
        "excludeFields=attributes,created,didGroupReferences,keychain,primaryDidGroupId,subscriberSid,description",
        "exclude_fields=%22attributes,created,didGroupReferences,keychain,primaryDidGroupId%22&excludeFields=subscriberSid",
    ] {
        let room = world.get("alice", &format!("/meetingRooms/106131?{query}")).await;
        assert_eq!(room.json(), json!({"meetingNumber": 106_131}), "{query}");
        let list = world
            .get("alice", &format!("/meetingRooms?limit=1&{query}"))
            .await;
        assert_eq!(
            list.json()["items"],
            json!([{"meetingNumber": 106_131}]),
            "{query}"
        );
    }
    let calls = world.get("bob", "/calls?include_fields=joined,id,id").await;
    let expected = json!([{"id": 7_000_001, "joined": 1_544_643_810_000_u64}, {"id": 7_000_002}]);
    assert_eq!(calls.json()["items"], expected);
    assert_eq!(calls.text.matches("\"id\":").count(), 4, "{}", calls.text);
    let put = world.put(
        "alice",
        "/meetingRooms/106131?includeFields=description",
        r#"{"description": "x"}"#,
    );
    assert_eq!(put.await.json(), json!({"description": "x"}));
}

#[tokio::test]
async fn parameters_that_can_not_be_met_are_refused_and_named() {
    let world = World::new();
    for (query, message, field) in [
        ("limit=0", "Wrong value", "limit"),
        ("limit=1001", "Wrong value", "limit"),
        ("limit=x", "Wrong value", "limit"),
        ("limit=%2B5", "Wrong value", "limit"),
        ("offset=-1", "Wrong value", "offset"),
        ("offset=99999999999999999999", "Wrong value", "offset"),
        ("order=colour", "Wrong value", "order"),
        ("order=keychain", "Wrong value", "order"),
        ("order=created%20sideways", "Wrong value", "order"),
        ("order=created%20asc%20desc", "Wrong value", "order"),
        ("order=created,,created", "Wrong value", "order"),
        ("envelope=paper", "Wrong value", "envelope"),
        (
            "include_fields=colour",
            "Invalid field specific",
            "include_fields",
        ),
        ("excludeFields=colour", "Invalid field specific", "excludeFields"),
        ("ofset=1", "Bad request", "ofset"),
        ("limit=1&limit=2", "Bad request", "limit"),
        ("filter=created%20eq%20x", "Wrong value", "filter"),
    ] {
        let reply = world.get("alice", &format!("/meetingRooms?{query}")).await;
        assert_eq!(reply.refusal(), (400, message.into(), field.into()), "{query}");
    }
    for bare in [
        "/meetings/106131/attributes",
        "/subscribers/sid-alice/meetingRooms/106131/keychain",
    ] {
        for envelope in ["items", "collection", ""] {
            let reply = world.get("alice", &format!("{bare}?envelope={envelope}")).await;
            let refusal = (400, "Bad request".into(), "envelope".into());
            assert_eq!(reply.refusal(), refusal, "{bare} {envelope}");
        }
    }
    assert_eq!(world.get("alice", "/meetingRooms?filter=").await.status, 200);
    assert_eq!(world.get("alice", "/callFlows/3?filter=x").await.status, 400);
}

#[tokio::test]
async fn without_a_configured_address_links_name_the_host_of_the_request() {
    use axum::body::Body;
    use axum::http::Method;
    let world = World::with(api::Settings::default());
    for (host, base) in [
        (
            Some("bridge.example.com:8443"),
            "https://bridge.example.com:8443/",
        ),
        (Some("user@evil"), "https://localhost/"),
        (Some("a b"), "https://localhost/"),
        (None, "https://localhost/"),
    ] {
        let request = crate::world::request(
            Method::GET,
            "/conference/v1/dids?limit=1",
            "alice",
            fixture::PASSWORD,
        );
        let request = host
            .into_iter()
            .fold(request, |request, host| request.header("host", host));
        let reply = world.send(request.body(Body::empty()).unwrap()).await.json();
        let next = reply["pagination"]["next"].as_str().unwrap();
        assert_eq!(next, format!("{base}conference/v1/dids?limit=1&offset=1"));
    }
}
