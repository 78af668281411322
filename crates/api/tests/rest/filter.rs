//! The filter language: what it finds, and what it says to what it can't read.

use model::Role;
use model::directory::Edit;
use model::query::{Filter, OrderBy};
use proptest::prelude::*;

use crate::fixture;
use crate::world::World;

fn encoded(text: &str) -> String {
    let plain = |b: u8| b.is_ascii_alphanumeric();
    text.bytes()
        .map(|b| {
            if plain(b) {
                char::from(b).to_string()
            } else {
                format!("%{b:02X}")
            }
        })
        .collect()
}

/// Rooms 400000 to 400005 of alice, described `a0`, `B1`, `a2`, `B3`, `100% "5"` and not at all.
fn rooms() -> World {
    let world = World::new();
    let directory = world.backend.state().directory.clone();
    let texts = ["a0", "B1", "a2", "B3", "100% \"5\"", ""];
    let directory = texts
        .iter()
        .zip(0..)
        .fold((*directory).clone(), |directory, (text, n)| {
            let code = format!("9{n:03}");
            let mut room = fixture::room(400_000 + n, "alice", 219, &[(50, &code, Role::Host)]);
            room.description = (*text).to_owned();
            directory.edited(Edit::PutRoom(room)).unwrap()
        });
    world.backend.state().directory = directory.into();
    world
}

#[tokio::test]
async fn rooms_are_found_by_every_operator() {
    let world = rooms();
    for (filter, found) in [
        ("description eq \"a0\"", &[0][..]),
        ("description ne 'a0'", &[1, 2, 3, 4, 5]),
        ("description eq null", &[5]),
        ("description ne null", &[0, 1, 2, 3, 4]),
        ("description gt \"a0\"", &[2]),
        ("description ge \"a0\"", &[0, 2]),
        ("description lt \"B3\"", &[1, 4]),
        ("description le \"B3\"", &[1, 3, 4]),
        ("description like \"a%\"", &[0, 2]),
        ("description like \"A%\"", &[]),
        ("description ilike \"b%\"", &[1, 3]),
        ("description like \"2\"", &[2]),
        (r#"description like "%\%%""#, &[4]),
        (r#"description eq "100% \"5\"""#, &[4]),
        ("description in (\"a0\", 'B3')", &[0, 3]),
        ("meetingNumber eq 400001", &[1]),
        ("meetingNumber eq \"400001\"", &[1]),
        ("meetingNumber gt 400003.5", &[4, 5]),
        ("meetingNumber like \"%03\"", &[3]),
        ("meetingNumber in (400001,400002)", &[1, 2]),
        (
            "not description like \"a%\" and not description eq null",
            &[1, 3, 4],
        ),
        (
            "description eq \"a0\" or description eq \"a2\" and meetingNumber lt 0",
            &[0],
        ),
        (
            "(description eq \"a0\" or description eq \"a2\") and meetingNumber gt 400000",
            &[2],
        ),
        ("NOT (Description_is eq 1)", &[]),
    ] {
        let path = format!(
            "/meetingRooms?limit=50&filter=meetingNumber+ge+400000+and+({})",
            encoded(filter)
        );
        let reply = world.get("alice", &path).await;
        if filter.starts_with("NOT") {
            assert_eq!(reply.refusal().2, "filter");
            continue;
        }
        let list = reply.json();
        let numbers: Vec<_> = list["items"].as_array().unwrap().iter().collect();
        let numbers: Vec<_> = numbers
            .iter()
            .map(|room| room["meetingNumber"].as_u64().unwrap() - 400_000)
            .collect();
        assert_eq!(numbers, found, "{filter}");
        assert_eq!(list["total"], found.len(), "{filter}");
    }
}

#[tokio::test]
async fn a_filter_goes_before_order_and_page() {
    let world = rooms();
    let filter = encoded("description ilike \"_%\" or description ilike \"b%\"");
    let path = format!("/meetingRooms?filter={filter}&order=description+desc&limit=1");
    let list = world.get("alice", &path).await.json();
    assert_eq!((&list["total"], &list["has_more"]), (&2.into(), &true.into()));
    assert_eq!(list["items"][0]["description"], "B3");
    let next = list["pagination"]["next"].as_str().unwrap();
    assert!(next.contains(&format!("filter={filter}&")), "{next}");
}

#[tokio::test]
async fn what_cannot_be_read_is_named_by_its_place() {
    let world = World::new();
    for (filter, says) in [
        ("colour eq 1", "at character 1: there is no field called colour"),
        (
            "keychain eq 1",
            "at character 1: keychain holds a list or an object",
        ),
        (
            "created",
            "at character 8: expected one of eq, ne, gt, ge, lt, le, like, ilike and in",
        ),
        ("created is 1", "at character 9: expected one of eq"),
        ("created = 1", "at character 9: '=' can't stand here"),
        ("created eq", "at character 11: created needs a number here"),
        (
            "created eq \"soon\"",
            "at character 12: created needs a number here",
        ),
        ("created gt null", "at character 12: created needs a number here"),
        (
            "description eq a0",
            "at character 16: description needs a text in quotes here",
        ),
        (
            "description eq \"a0",
            "at character 16: this text has no closing quote",
        ),
        (
            "description eq \"é\" x",
            "at character 20: expected and, or, or the end",
        ),
        ("created like 15", "at character 14: expected a text in quotes"),
        ("created in 1", "at character 12: expected ( and a list of values"),
        ("created in (1", "at character 14: expected , or )"),
        (
            "(created eq 1",
            "at character 14: expected ) or another condition",
        ),
        ("created eq 1)", "at character 13: expected and, or, or the end"),
        ("created eq 1 and", "at character 17: expected a field, not or ("),
        ("created eq 1e400", "at character 12: created needs a number here"),
        (
            "colour eq 1 and created = 1",
            "at character 1: there is no field called colour",
        ),
        ("created eq 1 ; created", "at character 14: ';' can't stand here"),
        ("created eq 1 and ?", "at character 18: '?' can't stand here"),
    ] {
        let reply = world
            .get("alice", &format!("/meetingRooms?filter={}", encoded(filter)))
            .await;
        assert_eq!(
            reply.refusal(),
            (400, "Wrong value".into(), "filter".into()),
            "{filter}"
        );
        assert!(
            reply
                .text
                .contains(&serde_json::json!(says).to_string().trim_matches('"').to_owned()),
            "{filter}: {}",
            reply.text
        );
    }
}

#[tokio::test]
async fn depth_length_and_number_of_values_have_bounds() {
    let world = World::new();
    let nested = |depth: usize| format!("{}created eq 1{}", "(".repeat(depth), ")".repeat(depth));
    let listed = |values: usize| format!("created in (1{})", ",1".repeat(values - 1));
    for (filter, good) in [
        (nested(49), true),
        (nested(50), false),
        ("not ".repeat(5000), false),
        (listed(2000), true),
        (listed(2001), false),
        (format!("description eq \"{}\"", "x".repeat(17_000)), false),
        // Octets count, of which these have two each.
        (format!("description eq \"{}\"", "é".repeat(8_100)), true),
        (format!("description eq \"{}\"", "é".repeat(8_200)), false),
        (format!("description like \"{}\"", "x".repeat(4096)), true),
        (format!("description like \"{}\"", "x".repeat(4097)), false),
    ] {
        let path = format!("/meetingRooms?filter={}", encoded(&filter));
        let reply = world.get("alice", &path).await;
        assert_eq!(
            reply.status.as_u16(),
            if good { 200 } else { 400 },
            "{}",
            reply.text
        );
    }
}

#[tokio::test]
async fn flags_are_true_or_false() {
    let world = World::new();
    for (filter, total) in [
        ("isSecured eq false", 1),
        ("isSecured eq \"false\"", 1),
        ("isSecured eq FALSE", 1),
        ("isSecured in ('False', 'True')", 1),
        ("isSecured ne false", 0),
        ("isSecured in (true, false)", 1),
        ("isSecured gt false", 0),
    ] {
        let list = world
            .get("alice", &format!("/meetings?filter={}", encoded(filter)))
            .await
            .json();
        assert_eq!(list["total"], total, "{filter}");
    }
    for filter in ["isSecured eq 1", "isSecured like \"t%\"", "state eq true"] {
        assert_eq!(
            world
                .get("alice", &format!("/meetings?filter={}", encoded(filter)))
                .await
                .status,
            400
        );
    }
}

#[tokio::test]
async fn records_are_asked_of_the_store_with_filter_and_order() {
    let world = World::new();
    let filter = encoded("cause eq \"hung_up\"");
    let path = format!("/cdrs?filter={filter}&order=caller,duration+desc&limit=3&offset=1");
    assert_eq!(world.get("alice", &path).await.status, 200);
    let query = world.backend.state().queries.pop().unwrap();
    assert_eq!((query.offset, query.limit), (1, 3));
    let by = |field, descending| OrderBy { field, descending };
    assert_eq!(query.order, [by("caller", false), by("duration", true)]);
    assert!(matches!(query.filter, Some(Filter::Field { name: "cause", .. })));
    assert_eq!(world.get("alice", "/cdrs").await.status, 200);
    let plain = world.backend.state().queries.pop().unwrap();
    assert_eq!((plain.order, plain.filter), (vec![by("created", true)], None));
}

#[test]
fn no_filter_is_ever_our_fault() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let world = rooms();
    let token = prop::sample::select(
        &[
            "(",
            ")",
            ",",
            "and",
            "or",
            "not",
            "eq",
            "in",
            "like",
            "null",
            "true",
            "description",
            "created",
            "1",
            "-",
            "1.5",
            "\"a\"",
            "'b%'",
            "\"",
            "\\",
            "é",
            "%",
        ][..],
    );
    let mut runner = proptest::test_runner::TestRunner::new(ProptestConfig::with_cases(3000));
    let strategy = prop_oneof![
        prop::collection::vec(token, 0..12).prop_map(|tokens| tokens.join(" ")),
        any::<String>(),
    ];
    runner
        .run(&strategy, |filter| {
            let path = format!("/meetingRooms?filter={}", encoded(&filter));
            let reply = runtime.block_on(world.get("alice", &path));
            prop_assert!(matches!(reply.status.as_u16(), 200 | 400), "{reply:?}");
            Ok(())
        })
        .unwrap();
}
