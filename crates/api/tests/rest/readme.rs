//! The page that says what is served is true.

use axum::body::Body;
use axum::http::Method;

use crate::fixture::PASSWORD;
use crate::world::{World, request};

const PAGE: &str = include_str!("../../README.md");

/// The rows of the table whose first column is called `head`.
pub fn rows(head: &str) -> Vec<[&'static str; 3]> {
    let table = PAGE
        .split(&format!("| {head} |"))
        .nth(1)
        .expect("the table is there");
    let lines = table.lines().skip(2).take_while(|line| line.starts_with('|'));
    lines
        .map(|line| {
            let cells: Vec<_> = line
                .trim_matches('|')
                .split('|')
                .map(|c| c.trim().trim_matches('`'))
                .collect();
            cells.try_into().expect("three columns")
        })
        .collect()
}

/// A path with objects of the fixture in it.
fn example(path: &str) -> String {
    let id = if path.contains("/calls") {
        "6889184"
    } else if path.contains("/dids") {
        "220"
    } else if path.contains("/didGroups") {
        "219"
    } else if path.contains("/webhooks") {
        "whk_1"
    } else if path.contains("/mdrs") {
        "196938"
    } else {
        "3"
    };
    let path = path.replace("{id}", id).replace("{n}", "106131");
    path.replace("{sid}", "sid-alice")
        .replace("{name}", "conference_maxcalls")
}

#[tokio::test]
async fn routes_answer_the_methods_the_page_names_and_no_others() {
    let world = World::new();
    let rows = rows("path");
    assert!(rows.len() > 20);
    for [path, methods, when] in rows {
        let request = request(Method::OPTIONS, &example(path), "alice", PASSWORD);
        let reply = world.send(request.body(Body::empty()).unwrap()).await;
        let allow: Vec<_> = reply
            .header("allow")
            .split(", ")
            .flat_map(|m| m.split(','))
            .collect();
        let mut served = allow
            .into_iter()
            .filter(|m| !matches!(*m, "HEAD" | "OPTIONS"))
            .collect::<Vec<_>>();
        let mut named: Vec<_> = methods.split(' ').collect();
        served.sort_unstable();
        named.sort_unstable();
        assert!(when.starts_with("now"), "{path}");
        assert_eq!(served, named, "{path}");
    }
}

#[test]
fn every_address_stands_on_the_page() {
    let named: Vec<_> = rows("path").into_iter().map(|[path, ..]| path).collect();
    for path in api::paths() {
        let path = path.replace("{number}", "{n}");
        assert!(named.contains(&path.as_str()), "{path}");
    }
}

#[tokio::test]
async fn fields_that_the_page_names_are_known() {
    let world = World::new();
    for [object, field, when] in rows("object") {
        let path = match object {
            "call" => "/calls/6889184",
            "meeting" => "/meetings/106131",
            "meeting room" => "/meetingRooms/106131",
            "DID" => "/dids/220",
            "DID group" => "/didGroups/219",
            "subscriber" => "/subscribers/sid-uma",
            other => panic!("{other} is not in this table"),
        };
        // No field takes an object, so the refusal tells what the field is to the server.
        let reply = world.put("alice", path, &format!("{{\"{field}\": {{}}}}")).await;
        let (status, message, named) = reply.refusal();
        assert_eq!(
            (status, message.as_str()),
            (400, "Wrong value"),
            "{object} {field}"
        );
        assert_eq!(named, field);
        assert_eq!(when, "now", "{object} {field}");
    }
}
