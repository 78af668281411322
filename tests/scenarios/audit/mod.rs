//! The audit, on disk: each change that is asked for by REST is in it once it is done, and no other.

mod rows;

use std::collections::BTreeSet;

use model::attribute::{Level, Overrides};
use model::directory::{CallFlow, DidGroup, DidGroupReference, Edit, Room, Subscriber, SubscriberRole};
use model::{DidGroupId, MeetingNumber, Sid};
use serde_json::{Value, json};
use tempfile::TempDir;
use world::{CONF, EPOCH_MS, Site};

use self::rows::{ROWS, Row};
use crate::dialling;

const BASE: &str = "/conference/v1";
/// Whose the numbers and rooms are.
const DEMO: &str = "00000000-0000-4000-8000-000000000002";
/// Stands below it and owns nothing.
const LONE: &str = "00000000-0000-4000-8000-000000000003";
/// Administrators who may do all of it, and their sids.
const MAY: [(&str, &str); 2] = [("admin", "00000000-0000-4000-8000-000000000001"), ("demo", DEMO)];

/// A meeting with a host and a guest, a webhook that an event of it waits for, and what nobody is in the way of deleting.
struct Stage {
    site: Site,
    /// What the names in braces stand for.
    names: [(&'static str, String); 3],
    _folder: TempDir,
}

impl Stage {
    fn new() -> Self {
        let folder = TempDir::new().expect("a folder");
        let mut world = dialling::world();
        for edit in [spare_group(), spare_room(), lone()] {
            world.edit(edit).expect("a right edit");
        }
        world.enter(CONF, "111#");
        let site = Site::on_disk(world, &folder.path().join("store.db"));
        let url = r#"{"url": "https://hooks.example.com/"}"#;
        let (status, webhook) = site.ask_as("demo", "POST", "/webhooks", url);
        assert_eq!(status, 201, "{webhook}");
        let mut world = site.world();
        let guest = world.enter(CONF, "222#");
        let call = world.leg(guest).to_string();
        let event = world.log().last().expect("the guest has come in").id;
        drop(world);
        Self {
            site,
            names: [
                ("call", call),
                ("event", event.to_string()),
                ("webhook", text(&webhook, "id")),
            ],
            _folder: folder,
        }
    }

    /// `template` with the names of the site in it.
    fn named(&self, template: &str) -> String {
        let names = self.names.iter();
        names.fold(template.to_owned(), |text, (name, value)| {
            text.replace(&format!("{{{name}}}"), value)
        })
    }

    fn ask(&self, login: &str, row: &Row, body: &str) -> (u16, Value) {
        let mut objects = row.objects.iter();
        let parts = row.template.split('/').map(|part| match part.starts_with('{') {
            true => objects.next().copied().expect("an object for each parameter"),
            false => part,
        });
        let path = parts.collect::<Vec<_>>().join("/");
        self.site.ask_as(login, row.method, &self.named(&path), body)
    }

    /// Everything in the audit of an administrator, the oldest first.
    fn audit(&self, login: &str) -> Vec<Value> {
        let (status, answer) = self.site.ask_as(login, "GET", "/audit?order=id&limit=1000", "");
        assert_eq!(status, 200, "{answer}");
        answer["items"].as_array().expect("a list").clone()
    }
}

fn spare_group() -> Edit {
    Edit::PutGroup(DidGroup {
        id: DidGroupId(400),
        name: "spare".into(),
        description: String::new(),
        call_flow: CallFlow::Conf,
        subscriber_sid: Sid::new(DEMO),
        attributes: Overrides::new(Level::Group),
    })
}

fn spare_room() -> Edit {
    Edit::PutRoom(Room {
        meeting_number: MeetingNumber(222_222),
        created_ms: 0,
        description: String::new(),
        call_flow: CallFlow::Conf,
        attributes: Overrides::new(Level::Room),
        did_group_references: vec![DidGroupReference {
            did_group_id: DidGroupId(219),
            disabled: false,
        }],
        keychain: Vec::new(),
        primary_did_group_id: DidGroupId(219),
        subscriber_sid: Sid::new(DEMO),
    })
}

fn lone() -> Edit {
    Edit::PutSubscriber(Subscriber {
        authentication_token: "token".into(),
        ..Subscriber::new(
            Sid::new(LONE),
            Some(Sid::new(DEMO)),
            "lone",
            SubscriberRole::Regular,
        )
    })
}

/// A field as text, be it one or a number.
fn text(object: &Value, field: &str) -> String {
    let value = &object[field];
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// Every method but GET of every documented address below the base; that all that is served is documented is another test's.
fn changing() -> BTreeSet<(String, String)> {
    let document: Value = serde_json::from_str(&api::openapi()).expect("it is JSON");
    let paths = document["paths"].as_object().expect("there are paths");
    let below = paths
        .iter()
        .filter_map(|(path, methods)| Some((path.strip_prefix(BASE)?, methods)));
    let methods = below.flat_map(|(path, methods)| {
        let methods = methods.as_object().expect("there are methods").keys();
        methods.map(move |method| (method.to_uppercase(), path.to_owned()))
    });
    methods.filter(|(method, _)| method != "GET").collect()
}

#[test]
fn every_method_that_changes_something_has_a_row() {
    let rows = ROWS
        .iter()
        .map(|row| (row.method.to_owned(), row.template.to_owned()));
    assert_eq!(rows.collect::<BTreeSet<_>>(), changing());
}

#[test]
fn what_is_done_is_in_the_audit_with_who_did_what_to_which_object_and_when() {
    for row in ROWS {
        for (login, sid) in MAY {
            let stage = Stage::new();
            let before = stage.audit(login).len();
            let (status, answer) = stage.ask(login, row, row.body);
            let what = format!("{login} {} {}: {answer}", row.method, row.template);
            assert_eq!(status, row.status, "{what}");
            // On the site time stands still.
            let now = EPOCH_MS + stage.site.world().ms() as i64;
            let expected = row.lines.iter().map(|line| {
                let line = ["id", "sid", "meetingNumber"]
                    .iter()
                    .fold(stage.named(line), |line, field| {
                        line.replace(&format!("{{{field}}}"), &text(&answer, field))
                    });
                (Some(now), format!("{sid} {line}"))
            });
            let audit = stage.audit(login);
            let noted = audit[before..].iter().map(|line| {
                let [who, action, object] =
                    ["subscriberSid", "action", "object"].map(|field| text(line, field));
                (line["created"].as_i64(), format!("{who} {action} {object}"))
            });
            assert_eq!(noted.collect::<Vec<_>>(), expected.collect::<Vec<_>>(), "{what}");
        }
    }
}

#[test]
fn what_is_so_already_is_not_in_the_audit() {
    for row in ROWS.iter().filter(|row| row.method == "PUT") {
        let stage = Stage::new();
        stage.ask("demo", row, row.body);
        let before = stage.audit("demo");
        let (status, answer) = stage.ask("demo", row, row.body);
        // What was renumbered or stopped is not there any more.
        assert!(
            status == row.status || status == 404,
            "{} {}: {answer}",
            row.template,
            row.body
        );
        assert_eq!(stage.audit("demo"), before, "{} {}", row.template, row.body);
    }
}

#[test]
fn what_was_read_and_is_sent_back_is_not_in_the_audit() {
    let stage = Stage::new();
    let before = stage.audit("demo");
    let subscriber = format!("/subscribers/{DEMO}");
    let webhook = stage.named("/webhooks/{webhook}");
    for path in [
        "/didGroups/219",
        "/dids/220",
        "/meetingRooms/222222",
        &subscriber,
        &webhook,
    ] {
        let (_, read) = stage.site.ask_as("demo", "GET", path, "");
        let (status, answer) = stage.site.ask_as("demo", "PUT", path, &read.to_string());
        assert_eq!(status, 200, "{path}: {answer}");
        assert_eq!(stage.audit("demo"), before, "{path}");
    }
}

#[test]
fn what_is_refused_is_not_in_the_audit() {
    let stage = Stage::new();
    let before = stage.audit("admin");
    // Of its own it may have webhooks, and it may ask what would be.
    let of_others = |row: &&Row| !matches!(row.template, "/webhooks" | "/simulate");
    for row in ROWS.iter().filter(of_others) {
        let (status, answer) = stage.ask("lone", row, row.body);
        assert!(
            (400..500).contains(&status),
            "{} {}: {answer}",
            row.method,
            row.template
        );
    }
    for row in ROWS.iter().filter(|row| !row.body.is_empty()) {
        let (status, answer) = stage.ask("admin", row, &json!({"colour": "x"}).to_string());
        assert_eq!(status, 400, "{} {}: {answer}", row.method, row.template);
    }
    assert_eq!(stage.audit("admin"), before);
}
