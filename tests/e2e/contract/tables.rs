//! The tables of the reference: each field of each object, and each operator.

use serde_json::Value;

use super::{Site, encoded, names, object};
use crate::support::until::share;

/// Fields of the objects with the type that the reference and the list of types give them; those that are absent when there
/// is nothing to say have a question mark. Of lists without an address for one object the first is looked at.
const FIELDS: &[(&str, &str)] = &[
    (
        "/callFlows/3",
        "attributeTemplates:list id:number name:text path:text",
    ),
    (
        "/calls/{call}",
        "accessCode:text addressFrom:text addressTo:text? bridgeName:text callee:text caller:text codec:text \
         connectionStatus:number created:number customName:text duration:number gainLevel:number holdMode:number id:number \
         joined:number meetingNumber:number muteMode:number nodeName:text operatorMode:number? presenterMedia:number \
         qaMode:number role:number state:number",
    ),
    (
        "/dids/220",
        "attributes:list countryCode:text description:text? didGroupId:number id:number phoneNumber:text state:number",
    ),
    (
        "/didGroups/219",
        "attributes:list callFlowId:number description:text dids:list id:number name:text state:number subscriberSid:text",
    ),
    (
        "/meetings/106131",
        "attributes:list created:number duration:number holdMode:number id:number isRecording:flag isSecured:flag \
         meetingNumber:number muteMode:number participantCount:number pollingMode:object? qaMode:number state:number \
         subscriberName:text type:number",
    ),
    (
        "/meetingRooms/106131",
        "attributes:list created:number description:text? didGroupReferences:list keychain:list meetingNumber:number \
         primaryDidGroupId:number subscriberSid:text",
    ),
    (
        "/subscribers/00000000-0000-4000-8000-000000000002",
        "authenticationToken:text callback:object? created:number details:text didGroupReferences:list email:text ext:text \
         externalId:number firstName:text lastName:text login:text meetingRooms:list parentSid:text phoneNumber:text role:number \
         sid:text",
    ),
    (
        "/cdrs",
        "accessCode:text answered:number? callee:text caller:text cause:text codec:text connectionStatus:number created:number \
         customName:text duration:number ended:number id:number joined:number? meetingId:number? meetingNumber:number? \
         role:number sipStatus:number source:text subscriberSid:text?",
    ),
    (
        "/mdrs",
        "calls:number cause:text created:number duration:number ended:number id:number meetingNumber:number onTheFly:flag \
         peak:number started:number? subscriberSid:text",
    ),
];

/// Objects within objects: where one stands, and all its fields.
const NESTED: &[(&str, &str, &str)] = &[
    (
        "/callFlows/3",
        "/attributeTemplates/0",
        "description:text enumValues:text group:number name:text type:number value:text",
    ),
    (
        "/meetingRooms/106131",
        "/attributes/0",
        "description:text enumValues:text group:number name:text type:number value:text",
    ),
    (
        "/meetings/106131",
        "/attributes/0",
        "description:text enumValues:text group:number name:text type:number value:text",
    ),
    (
        "/didGroups/219",
        "/dids/0",
        "attributes:list countryCode:text description:text? didGroupId:number id:number phoneNumber:text state:number",
    ),
    (
        "/meetingRooms/106131",
        "/didGroupReferences/0",
        "didGroupId:number state:number",
    ),
    (
        "/meetingRooms/106131",
        "/keychain/0",
        "accessCode:text id:number role:number",
    ),
    (
        "/subscribers/00000000-0000-4000-8000-000000000002",
        "/didGroupReferences/0",
        "didGroupId:number state:number",
    ),
    (
        "/subscribers/00000000-0000-4000-8000-000000000002",
        "/meetingRooms/0",
        "attributes:list created:number description:text? didGroupReferences:list keychain:list meetingNumber:number \
         primaryDidGroupId:number subscriberSid:text",
    ),
];

fn is(value: &Value, kind: &str) -> bool {
    match kind {
        "list" => value.is_array(),
        "number" => value.is_number(),
        "text" => value.is_string(),
        "flag" => value.is_boolean(),
        "object" => value.is_object(),
        other => panic!("{other} is no kind"),
    }
}

/// Every field is there and of its kind, and there is no other.
fn has_fields(object: &Value, fields: &'static str, place: &str) {
    for (name, kind) in names(fields) {
        let optional = kind.ends_with('?');
        match object.get(name) {
            Some(value) => assert!(is(value, kind.trim_end_matches('?')), "{place} {name}: {value}"),
            None => assert!(optional, "{place} has no {name}: {object}"),
        }
    }
    for found in object.as_object().expect("an object").keys() {
        assert!(
            names(fields).any(|(name, _)| name == found),
            "{place} has {found} beside what is documented"
        );
    }
}

/// Calls in a meeting, and the records of one that is over.
fn site() -> Site {
    let site = Site::new();
    let mut phone = site.enter("4711#");
    let is_in = |meeting: &Value| meeting["meetingNumber"] != 106_131 && meeting["participantCount"] == 1;
    site.rest()
        .wait_for("/meetings", "the meeting on the fly is there", is_in);
    phone.hang_up();
    for list in ["/cdrs", "/mdrs"] {
        site.rest().wait_for(list, "there is a record", |_| true);
    }
    site
}

#[test]
fn every_field_of_the_reference_is_there_and_of_its_type_and_no_other() {
    let _turn = share();
    let site = site();
    for (path, fields) in FIELDS {
        has_fields(object(&site.get(path)), fields, path);
    }
    for (path, place, fields) in NESTED {
        let whole = site.get(path);
        let part = whole
            .pointer(place)
            .unwrap_or_else(|| panic!("{path} has no {place}"));
        has_fields(part, fields, &format!("{path}{place}"));
    }
}

#[test]
fn every_field_can_be_included_excluded_ordered_by_and_filtered() {
    let _turn = share();
    let site = site();
    for (path, fields) in FIELDS {
        let collection = path.split('/').nth(1).expect("a collection");
        for (name, kind) in names(fields) {
            for selection in [
                format!("include_fields={name}"),
                format!("includeFields=%22{name}%22"),
            ] {
                let only = site.get(&format!("{path}?{selection}"));
                let found: Vec<_> = object(&only).as_object().expect("an object").keys().collect();
                let is_there = !kind.ends_with('?');
                assert!(
                    found.iter().all(|found| *found == name) && (found.len() == 1 || !is_there),
                    "{path} {selection}: {found:?}"
                );
            }
            for selection in [
                // As the reference's example has it.
                format!("exclude_fields=\"{name}\""),
                format!("excludeFields={name}"),
            ] {
                let body = site.get(&format!("{path}?{selection}"));
                let without = object(&body).as_object().expect("an object");
                assert!(
                    !without.contains_key(name) && !without.is_empty(),
                    "{path} {selection}: {body}"
                );
            }
            let plain = !matches!(kind.trim_end_matches('?'), "list" | "object");
            let expected = if plain { 200 } else { 400 };
            let null = format!(
                "/{collection}?filter={name}%20eq%20null%20or%20{name}%20ne%20null&order={name}%20desc,{name}"
            );
            let answer = site.ask("GET", &null, &Value::Null);
            assert_eq!(answer.status, expected, "{null}: {}", answer.body);
            assert!(!plain || answer.body["total"].as_u64() > Some(0), "{null}");
        }
    }
}

#[test]
fn every_operator_of_the_reference_finds_what_it_says() {
    let _turn = share();
    let site = Site::new();
    for (filter, total) in [
        ("name eq \"demo_conf\"", 1),
        ("name ne \"demo_conf\"", 1),
        ("id gt 219", 1),
        ("id ge 219", 2),
        ("id lt 220", 1),
        ("id le 219", 1),
        ("name like \"demo%\"", 2),
        ("name like \"d%f\"", 1),
        ("name like \"Demo%\"", 0),
        ("name ilike \"DeMo%\"", 2),
        ("name in (\"demo_conf\", \"other\")", 1),
        ("id in (219, 220, 221)", 2),
        ("name eq 'demo_conf' or name eq 'demo_spectel'", 2),
        ("name like \"demo%\" and id gt 219", 1),
        ("not name like \"%conf\"", 1),
        ("not (id eq 219 or id eq 220)", 0),
        ("id eq 219 or id eq 220 and name eq \"none\"", 1),
        ("(id eq 219 or id eq 220) and name eq \"none\"", 0),
    ] {
        let list = site.get(&format!("/didGroups?filter={}", encoded(filter)));
        assert_eq!(list["total"], total, "{filter}: {list}");
    }
}
