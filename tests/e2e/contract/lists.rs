//! Lists: both envelopes, pages and the links between them, order, and what is said about filters that cannot be read.

use serde_json::{Value, json};

use super::shape::{LIST, assert_shape};
use super::{Site, encoded};
use crate::support::until::share;

/// The lists, and what names one of their objects.
const COLLECTIONS: [(&str, &str); 9] = [
    ("callFlows", "id"),
    ("calls", "id"),
    ("cdrs", "id"),
    ("didGroups", "id"),
    ("dids", "id"),
    ("mdrs", "id"),
    ("meetingRooms", "meetingNumber"),
    ("meetings", "id"),
    ("subscribers", "sid"),
];

/// A site with two at least of everything.
fn site() -> Site {
    let mut site = Site::new();
    let on_the_fly =
        |meeting: &Value| meeting["meetingNumber"] != 106_131 && meeting["participantCount"] == 1;
    for n in 1..=2 {
        let mut phone = site.enter("4711#");
        site.rest()
            .wait_for("/meetings", "the second meeting is there", on_the_fly);
        phone.hang_up();
        for list in ["/cdrs", "/mdrs"] {
            let all = |_: &Value| site.rest().list(list).len() == n;
            site.rest().wait_for(list, "the records of a call", all);
        }
    }
    let phone = site.enter("4712#");
    site.rest()
        .wait_for("/meetings", "the second meeting is there", on_the_fly);
    site.phones.push(phone);
    let order = json!({"primaryDidGroupId": 219, "callFlowId": 3});
    let made = site.ask("POST", "/meetingRooms", &order);
    assert_eq!(made.status, 201, "{}", made.body);
    site
}

/// The page that a link leads to.
fn follow(site: &Site, link: &Value) -> Value {
    let link = link.as_str().expect("a link");
    let path = link.strip_prefix(site.rest().url.as_str());
    site.get(path.unwrap_or_else(|| panic!("{link} leads elsewhere")))
}

#[test]
fn every_list_has_both_envelopes_and_links_that_lead_from_page_to_page() {
    let _turn = share();
    let site = site();
    for (name, id) in COLLECTIONS {
        let path = format!("/{name}?includeFields={id}");
        let first = site.get(&format!("{path}&limit=1"));
        let total = first["total"].as_u64().expect("a number");
        assert!(total >= 2, "{name}: {first}");
        let expected = json!({
            name: first["items"], "items": LIST, "count": 1, "has_more": true, "last": 0, "limit": 1, "offset": 0,
            "pagination": {"next": first["pagination"]["next"]}, "total": total
        });
        assert_shape(&first, &expected, name);
        let second = follow(&site, &first["pagination"]["next"]);
        assert_eq!(
            (&second["offset"], &second["last"]),
            (&json!(1), &json!(1)),
            "{name}"
        );
        assert_ne!(second["items"], first["items"], "{name}");
        assert_eq!(follow(&site, &second["pagination"]["previous"]), first, "{name}");
        let all = site.get(&path);
        assert_eq!(
            (&all["limit"], &all["has_more"]),
            (&json!(10), &json!(false)),
            "{name}"
        );
        assert_eq!(all["pagination"], json!({}), "{name}");
        let of_pages = [&first["items"][0], &second["items"][0]];
        assert_eq!([&all["items"][0], &all["items"][1]], of_pages, "{name}");
        for (envelope, expected) in [
            (
                "items",
                json!({
                    "items": all["items"], "count": total, "has_more": false, "limit": 1000, "offset": 0, "pagination": {},
                    "total": total
                }),
            ),
            (
                "collection",
                json!({name: all["items"], "last": total - 1, "offset": 0, "total": total}),
            ),
        ] {
            let page = site.get(&format!("{path}&limit=1000&envelope={envelope}"));
            assert_shape(&page, &expected, &format!("{name} as {envelope}"));
        }
    }
}

#[test]
fn a_list_is_in_the_order_asked_for() {
    let _turn = share();
    let site = Site::new();
    let (forth, back) = ([220, 221], [221, 220]);
    for (order, ids) in [
        ("id", forth),
        ("id asc", forth),
        ("id desc", back),
        ("didGroupId", forth),
        ("phoneNumber", back),
        ("phoneNumber desc", forth),
        ("countryCode,phoneNumber", back),
        ("countryCode desc,phoneNumber desc", forth),
        ("didGroupId desc,phoneNumber desc", back),
    ] {
        let list = site.get(&format!("/dids?order={}", encoded(order)));
        let found = list["items"].as_array().expect("a list").iter();
        let found: Vec<_> = found.map(|did| did["id"].as_u64()).collect();
        assert_eq!(found, ids.map(Some), "{order}");
    }
}

#[test]
fn a_filter_that_cannot_be_read_is_refused_with_the_character() {
    let _turn = share();
    let site = Site::new();
    for (filter, character) in [
        ("id is 1", 4),
        ("colour eq 1", 1),
        ("id eq", 6),
        ("id eq 1 name", 9),
        ("id eq 1 and", 12),
        ("(id eq 1", 9),
        ("id in 1", 7),
        ("name like 1", 11),
        ("name eq \"demo", 9),
        ("dids eq 1", 1),
    ] {
        let refused = site.ask(
            "GET",
            &format!("/didGroups?filter={}", encoded(filter)),
            &Value::Null,
        );
        let error = &refused.body["errors"][0];
        let told = (refused.status, &refused.body["message"], &error["field"]);
        assert_eq!(told, (400, &json!("Wrong value"), &json!("filter")), "{filter}");
        let message = error["message"].as_str().unwrap_or_default();
        let place = format!("at character {character}: ");
        assert!(message.starts_with(&place), "{filter}: {message}");
    }
}
