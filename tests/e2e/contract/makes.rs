//! What POST makes: each object field by field, as GET has it then, as PUT changes it, and gone after DELETE. What POST of calls makes
//! is in `dialling`, beside this.

use std::time::Duration;

use serde_json::{Value, json};

use super::shape::{NUMBER, TEXT, TIME, assert_shape};
use super::{CALLER, Site, TENANT};
use crate::support::phone::Phone;
use crate::support::rest::in_address;
use crate::support::until::{share, until_true};

/// A number that nobody has.
const LONDON: &str = "442071838750";
/// What an answer tells when it makes something, and never again.
const TOLD_ONCE: &str = "secret";

/// An object from its beginning to its end.
struct Life {
    /// The list that it is made in.
    list: String,
    /// The field that it is addressed by.
    id: &'static str,
    /// What is posted.
    order: Value,
    /// All that it is then.
    made: Value,
    /// What is put.
    change: Value,
    /// What is other than before then; null for what is gone.
    changed: Value,
}

impl Life {
    fn lead(&self, site: &Site) {
        let (path, read) = self.begin(site);
        self.change(site, &path, &read);
        self.end(site, &path);
    }

    /// Makes it: where it stands, and how it is read there.
    fn begin(&self, site: &Site) -> (String, Value) {
        let made = post(site, &self.list, &self.order);
        assert_shape(&made, &self.made, &format!("POST {}", self.list));
        let path = format!("{}/{}", self.list, in_address(&made[self.id]));
        let read = with(&made, &json!({ TOLD_ONCE: null }));
        self.is_read(site, &path, &read);
        (path, read)
    }

    /// Changes it, and sends back what was read, which changes nothing.
    fn change(&self, site: &Site, path: &str, before: &Value) {
        let changed = put(site, path, &self.change);
        assert_shape(
            &changed,
            &with(before, &self.changed),
            &format!("PUT {path} {}", self.change),
        );
        self.is_read(site, path, &changed);
        assert_eq!(put(site, path, &changed), changed, "{path} put as it was read");
    }

    /// It is read so at its own address and in its list.
    fn is_read(&self, site: &Site, path: &str, expected: &Value) {
        assert_eq!(site.get(path), *expected, "{path}");
        let list = site.rest().list(&self.list);
        assert!(list.contains(expected), "{path} in {list:?}");
    }

    fn end(&self, site: &Site, path: &str) {
        let ended = site.ask("DELETE", path, &Value::Null);
        assert_eq!((ended.status, ended.body), (204, Value::Null), "DELETE {path}");
        for method in ["GET", "DELETE"] {
            let answer = site.ask(method, path, &Value::Null);
            assert_eq!(answer.status, 404, "{method} {path}: {}", answer.body);
        }
        let list = site.rest().list(&self.list);
        let is_listed = |object: &Value| path.ends_with(&format!("/{}", in_address(&object[self.id])));
        assert!(!list.iter().any(is_listed), "{path} in {list:?}");
    }
}

/// What POST answers, which must be 201.
fn post(site: &Site, path: &str, order: &Value) -> Value {
    let answer = site.ask("POST", path, order);
    assert_eq!(answer.status, 201, "POST {path} {order}: {}", answer.body);
    answer.body
}

/// What PUT answers, which must be 200.
fn put(site: &Site, path: &str, body: &Value) -> Value {
    let answer = site.ask("PUT", path, body);
    assert_eq!(answer.status, 200, "PUT {path} {body}: {}", answer.body);
    answer.body
}

/// The object with these fields in place of its own, and without those that are null.
fn with(object: &Value, changes: &Value) -> Value {
    let mut object = object.clone();
    let fields = object.as_object_mut().expect("an object");
    for (name, value) in changes.as_object().expect("an object") {
        if value.is_null() {
            fields.remove(name);
        } else {
            fields.insert(name.clone(), value.clone());
        }
    }
    object
}

/// An attribute that an object sets itself; `group` is the mask of levels where it may be set.
fn attribute(name: &str, kind: u64, group: u64, value: &str) -> Value {
    json!({"description": TEXT, "enumValues": TEXT, "group": group, "name": name, "type": kind, "value": value})
}

/// With what is needed alone, and with all that may come along.
fn numbers() -> [Life; 2] {
    let bare = json!({
        "attributes": [], "countryCode": "US", "didGroupId": 219, "id": NUMBER, "phoneNumber": LONDON, "state": -1
    });
    let whole = json!({
        "attributes": [attribute("call_delay", 2, 3, "2")], "countryCode": "GB", "description": "Sales", "didGroupId": 219,
        "id": NUMBER, "phoneNumber": LONDON, "state": -1
    });
    [
        Life {
            list: "/dids".to_owned(),
            id: "id",
            order: json!({"didGroupId": 219, "phoneNumber": LONDON}),
            made: bare,
            change: json!({"description": "Sales", "attributes": [{"name": "call_delay", "value": 3}]}),
            changed: json!({"description": "Sales", "attributes": [attribute("call_delay", 2, 3, "3")]}),
        },
        Life {
            list: "/dids".to_owned(),
            id: "id",
            order: json!({
                "attributes": [{"name": "call_delay", "value": 2}], "countryCode": "GB", "description": "Sales",
                "didGroupId": 219, "phoneNumber": LONDON
            }),
            made: whole,
            change: json!({"description": "", "didGroupId": 220, "phoneNumber": "442071838751"}),
            changed: json!({"description": null, "didGroupId": 220, "phoneNumber": "442071838751"}),
        },
    ]
}

fn groups() -> [Life; 2] {
    let bare = json!({
        "attributes": [], "callFlowId": 3, "description": "", "dids": [], "id": NUMBER, "name": "London", "state": -1,
        "subscriberSid": TEXT
    });
    let german = json!([attribute("conference_language", 5, 5, "DE")]);
    let whole = with(
        &bare,
        &json!({"attributes": german, "callFlowId": 1, "description": "Offices", "subscriberSid": TENANT}),
    );
    [
        Life {
            list: "/didGroups".to_owned(),
            id: "id",
            order: json!({"callFlowId": 3, "name": "London"}),
            made: bare,
            change: json!({"name": "Berlin", "attributes": [{"name": "conference_language", "value": "DE"}]}),
            changed: json!({"name": "Berlin", "attributes": german}),
        },
        Life {
            list: "/didGroups".to_owned(),
            id: "id",
            order: json!({
                "attributes": [{"name": "conference_language", "value": "DE"}], "callFlowId": 1, "description": "Offices",
                "name": "London", "subscriberSid": TENANT
            }),
            made: whole,
            change: json!({
                "attributes": [{"name": "conference_language", "value": null}], "callFlowId": 3, "description": ""
            }),
            changed: json!({"attributes": [], "callFlowId": 3, "description": ""}),
        },
    ]
}

fn subscribers() -> [Life; 2] {
    let bare = json!({
        "authenticationToken": TEXT, "created": TIME, "details": "", "didGroupReferences": [], "email": "", "ext": "",
        "externalId": -1, "firstName": "", "lastName": "", "login": "ann", "meetingRooms": [], "parentSid": TEXT,
        "phoneNumber": "", "role": 3, "sid": TEXT
    });
    let profile = json!({
        "details": "a", "didGroupReferences": [{"didGroupId": 219, "state": 1}], "email": "ann@example.com", "ext": "12",
        "externalId": 77, "firstName": "Ann", "lastName": "Lee", "parentSid": TENANT, "phoneNumber": "15162065300", "role": 2
    });
    let order = json!({"login": "ann", "password": "correct horse"});
    let url = "https://events.example.com/a";
    let whole = with(&bare, &profile);
    [
        Life {
            list: "/subscribers".to_owned(),
            id: "sid",
            order: order.clone(),
            made: bare,
            change: json!({"eventCallbackUrl": url, "lastName": "Lee", "password": "another long one"}),
            changed: json!({"callback": {"id": NUMBER, "url": url}, "lastName": "Lee"}),
        },
        Life {
            list: "/subscribers".to_owned(),
            id: "sid",
            order: with(&with(&order, &profile), &json!({"callback": {"url": url}})),
            made: with(&whole, &json!({"callback": {"id": NUMBER, "url": url}})),
            change: json!({"callback": null, "didGroupReferences": [], "role": 3}),
            changed: json!({"callback": null, "didGroupReferences": [], "role": 3}),
        },
    ]
}

fn webhooks() -> [Life; 2] {
    let url = "https://hooks.example.com/partyline";
    let bare = json!({
        "callback": false, "created": TIME, "description": "", "disabled": false, "id": TEXT, "secret": TEXT,
        "subscriberSid": TEXT, "types": [], "url": url
    });
    // Nothing of this type happens here, so nothing is posted: nobody is at that address.
    let rare = json!({"types": ["recording.failed"], "url": url});
    let whole =
        json!({"description": "CRM", "disabled": true, "types": ["call.*", "meeting.ended"], "url": url});
    [
        Life {
            list: "/webhooks".to_owned(),
            id: "id",
            order: rare.clone(),
            made: with(&bare, &rare),
            change: whole.clone(),
            changed: whole.clone(),
        },
        Life {
            list: "/webhooks".to_owned(),
            id: "id",
            order: whole.clone(),
            made: with(&bare, &whole),
            change: json!({"description": "", "types": [], "url": "https://hooks.example.com/b"}),
            changed: json!({"description": "", "types": [], "url": "https://hooks.example.com/b"}),
        },
    ]
}

/// Where the tenant's rooms are made.
fn own_rooms() -> String {
    format!("/subscribers/{TENANT}/meetingRooms")
}

fn rooms() -> [Life; 2] {
    let bare = json!({
        "attributes": [], "created": TIME, "didGroupReferences": [{"didGroupId": 219, "state": 0}], "keychain": [],
        "meetingNumber": NUMBER, "primaryDidGroupId": 219, "subscriberSid": TENANT
    });
    let key = |code: &str, role: u64| json!({"accessCode": code, "id": NUMBER, "role": role});
    let whole = with(
        &bare,
        &json!({
            "attributes": [attribute("conference_maxcalls", 2, 5, "7")], "description": "Weekly",
            "didGroupReferences": [{"didGroupId": 219, "state": 0}, {"didGroupId": 220, "state": 1}],
            "keychain": [key("660066", 1), key(TEXT, 2)], "meetingNumber": 654_321
        }),
    );
    [
        Life {
            list: own_rooms(),
            id: "meetingNumber",
            order: json!({"callFlowId": 3, "primaryDidGroupId": 219}),
            made: bare,
            change: json!({"description": "Weekly", "keychain": [{"accessCode": "770077", "role": 3}]}),
            changed: json!({"description": "Weekly", "keychain": [key("770077", 3)]}),
        },
        Life {
            list: own_rooms(),
            id: "meetingNumber",
            order: json!({
                "attributes": [{"name": "conference_maxcalls", "value": 7}], "callFlowId": 3, "description": "Weekly",
                "didGroupReferences": [{"didGroupId": 219}, {"didGroupId": 220, "state": 1}],
                "keychain": [{"accessCode": "660066", "role": 1}, {"role": 2}], "meetingNumber": 654_321,
                "primaryDidGroupId": 219, "subscriberSid": TENANT
            }),
            made: whole,
            change: json!({
                "attributes": [{"name": "conference_maxcalls", "value": null}], "description": "",
                "didGroupReferences": [{"didGroupId": 219}], "keychain": []
            }),
            changed: json!({
                "attributes": [], "description": null, "didGroupReferences": [{"didGroupId": 219, "state": 0}], "keychain": []
            }),
        },
    ]
}

#[test]
fn what_is_made_is_answered_whole_is_read_so_is_changed_and_is_gone() {
    let _turn = share();
    let site = Site::new();
    let all = [numbers(), groups(), subscribers(), webhooks(), rooms()];
    for life in all.iter().flatten() {
        life.lead(&site);
    }
}

#[test]
fn a_secret_is_told_when_it_is_made_and_never_again() {
    let _turn = share();
    let site = Site::new();
    let order = json!({"disabled": true, "url": "https://hooks.example.com/partyline"});
    let made = post(&site, "/webhooks", &order);
    let path = format!("/webhooks/{}", in_address(&made["id"]));
    let rotated = site.ask("POST", &format!("{path}/rotate"), &Value::Null);
    assert_eq!(rotated.status, 200, "{}", rotated.body);
    let expected = with(&made, &json!({"previousSecretUntil": TIME, "secret": TEXT}));
    assert_shape(&rotated.body, &expected, "a secret is made anew");
    assert_ne!(rotated.body[TOLD_ONCE], made[TOLD_ONCE]);
    let read = with(&rotated.body, &json!({ TOLD_ONCE: null }));
    assert_eq!(site.get(&path), read);
    site.rest().delete(&path);
}

/// The call that comes into this meeting.
fn comes_into(site: &Site, number: &Value) -> Value {
    let is_in = |call: &Value| call["meetingNumber"] == *number && call["state"] == 2;
    site.rest()
        .wait_for("/calls", "the call is in the meeting", is_in)
}

fn leaves(site: &Site, mut phone: Phone, number: &Value) {
    phone.hang_up();
    let path = format!("/meetings/{number}");
    until_true("the meeting is over", Duration::from_secs(10), || {
        site.ask("GET", &path, &Value::Null).status == 404
    });
}

#[test]
fn a_keychain_is_put_as_a_whole_and_whoever_keys_a_new_code_comes_in() {
    let _turn = share();
    let site = Site::new();
    let order = json!({"callFlowId": 3, "primaryDidGroupId": 219, "keychain": [{"role": 1}]});
    let room = post(&site, &own_rooms(), &order);
    let number = &room["meetingNumber"];
    let path = format!("{}/{number}", own_rooms());
    let keychain = format!("{path}/keychain");
    assert_eq!(site.get(&keychain), room["keychain"]);
    let first = &room["keychain"][0];
    let code = &first["accessCode"];
    let body = json!([{"accessCode": code, "role": 3}, {"role": 1}, {"accessCode": 660_066, "role": 2}]);
    let keys = put(&site, &keychain, &body);
    let expected = json!([
        {"accessCode": code, "id": first["id"], "role": 3},
        {"accessCode": TEXT, "id": NUMBER, "role": 1},
        {"accessCode": "660066", "id": NUMBER, "role": 2}
    ]);
    assert_shape(&keys, &expected, "PUT of a keychain");
    let room = with(&room, &json!({ "keychain": keys }));
    for (path, expected) in [
        (&keychain, &keys),
        (&path, &room),
        (&format!("/meetingRooms/{number}"), &room),
    ] {
        assert_eq!(site.get(path), *expected, "{path}");
    }
    let phone = site.enter("660066#");
    let call = comes_into(&site, number);
    assert_eq!(
        (&call["accessCode"], &call["role"]),
        (&json!("660066"), &json!(2))
    );
    leaves(&site, phone, number);
    assert_eq!(put(&site, &keychain, &json!([])), json!([]));
    assert_eq!(site.get(&keychain), json!([]));
    site.rest().delete(&path);
    assert_eq!(site.ask("GET", &keychain, &Value::Null).status, 404);
}

#[test]
fn a_number_and_a_room_that_were_made_are_called_at_once_and_refused_once_deleted() {
    let _turn = share();
    let site = Site::new();
    let order = json!({"callFlowId": 3, "name": "London", "subscriberSid": TENANT});
    let id = post(&site, "/didGroups", &order)["id"].clone();
    let did = post(
        &site,
        "/dids",
        &json!({"didGroupId": id, "phoneNumber": LONDON, "countryCode": "GB"}),
    );
    let order = json!({"callFlowId": 3, "primaryDidGroupId": id, "keychain": [{"role": 2}]});
    let room = post(&site, &own_rooms(), &order);
    let group = format!("/didGroups/{id}");
    assert_eq!(site.get(&group)["dids"], json!([did]));
    let (number, code) = (&room["meetingNumber"], &room["keychain"][0]["accessCode"]);

    let mut phone = Phone::call_as(CALLER, site.bridge.sip(), LONDON).expect("the call is answered");
    phone.enter(&format!("{}#", in_address(code)));
    let call = comes_into(&site, number);
    let told = ["callee", "accessCode", "role"].map(|field| &call[field]);
    assert_eq!(told, [&json!(LONDON), code, &json!(2)]);
    leaves(&site, phone, number);

    for path in [
        format!("/meetingRooms/{number}"),
        format!("/dids/{}", did["id"]),
        group,
    ] {
        site.rest().delete(&path);
    }
    let refused = Phone::call_as(CALLER, site.bridge.sip(), LONDON).err();
    assert_eq!(refused.map(|refused| refused.0), Some(404));
}
