//! The tables of the reference: each field and operator, each status.

use serde_json::{Value, json};

use super::Site;
use crate::support::until::share;

/// Fields of the objects with the type that the reference and the list of types give them; those that are absent when there
/// is nothing to say have a question mark.
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
         meetingNumber:number muteMode:number participantCount:number qaMode:number state:number subscriberName:text type:number",
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

#[test]
fn every_field_of_the_reference_is_there_and_of_its_type() {
    let _turn = share();
    let site = Site::new();
    for (path, fields) in FIELDS {
        let object = site.ask("GET", path, &Value::Null).body;
        let fields = fields
            .split_whitespace()
            .filter_map(|field| field.split_once(':'));
        for (name, kind) in fields {
            let optional = kind.ends_with('?');
            match object.get(name) {
                Some(value) => assert!(is(value, kind.trim_end_matches('?')), "{path} {name}: {value}"),
                None => assert!(optional, "{path} has no {name}: {object}"),
            }
        }
    }
}

#[test]
fn every_field_can_be_included_excluded_ordered_by_and_filtered() {
    let _turn = share();
    let site = Site::new();
    for (path, fields) in FIELDS {
        let collection = path.split('/').nth(1).expect("a collection");
        for (name, kind) in fields
            .split_whitespace()
            .filter_map(|field| field.split_once(':'))
        {
            for parameter in ["include_fields", "includeFields"] {
                let only = site
                    .ask("GET", &format!("{path}?{parameter}=%22{name}%22"), &Value::Null)
                    .body;
                let names: Vec<_> = only.as_object().expect("an object").keys().collect();
                assert!(
                    names.iter().all(|found| *found == name),
                    "{path} {name}: {names:?}"
                );
            }
            let without = site
                .ask("GET", &format!("{path}?exclude_fields={name}"), &Value::Null)
                .body;
            assert!(without.get(name).is_none() && !without.as_object().expect("an object").is_empty());
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
    ] {
        let encoded: String = filter.bytes().map(|byte| format!("%{byte:02X}")).collect();
        let list = site
            .ask("GET", &format!("/didGroups?filter={encoded}"), &Value::Null)
            .body;
        assert_eq!(list["total"], total, "{filter}: {list}");
    }
}

#[test]
fn every_status_of_the_reference_comes_with_its_message() {
    let _turn = share();
    let site = Site::new();
    for (method, path, body, status, message) in [
        ("GET", "/calls/999999", Value::Null, 404, "Not found"),
        ("GET", "/callFlows/2", Value::Null, 404, "Not found"),
        ("GET", "/dids/1", Value::Null, 404, "Not found"),
        (
            "GET",
            "/subscribers/none",
            Value::Null,
            404,
            "Cannot find object by SID",
        ),
        (
            "PUT",
            "/calls/{call}",
            json!({"colour": 1}),
            400,
            "Invalid field specific",
        ),
        ("POST", "/meetingRooms", json!({}), 400, "Object validation error"),
        (
            "POST",
            "/meetingRooms",
            json!({"primaryDidGroupId": "x", "callFlowId": 3}),
            400,
            "Wrong value",
        ),
        ("GET", "/dids?limit=x", Value::Null, 400, "Wrong value"),
        ("GET", "/dids?colour=x", Value::Null, 400, "Bad request"),
        ("POST", "/callFlows", json!({}), 405, "Method not allowed"),
    ] {
        let answer = site.ask(method, path, &body);
        assert_eq!(answer.status, status, "{method} {path}: {}", answer.body);
        assert_eq!(
            (&answer.body["code"], &answer.body["message"]),
            (&json!(status), &json!(message))
        );
    }
}
