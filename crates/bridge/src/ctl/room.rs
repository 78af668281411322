//! `partyline ctl room`: rooms made, shown, changed, deleted.

use serde_json::{Map, Value, json};
use ureq::http::Method;

use super::Out;
use super::client::Client;
use super::failure::Failure;
use super::lists::{plain, role};
use super::options::{Fields, Room};

/// A key as it is asked for: `role`, and `accessCode` where one is given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Key {
    role: u8,
    code: Option<String>,
}

/// Reads `ROLE[:CODE]`.
pub(super) fn key(text: &str) -> Result<Key, String> {
    let (name, code) = match text.split_once(':') {
        Some((name, code)) => (name, Some(code.to_owned())),
        None => (text, None),
    };
    let role = match name {
        "host" => 1,
        "participant" => 2,
        "listener" => 3,
        _ => {
            return Err(
                "expected host, participant or listener, and a code after a colon: host:4711".to_owned(),
            );
        }
    };
    Ok(Key { role, code })
}

/// Reads `NAME=VALUE`; without a value the override is taken off.
pub(super) fn attribute(text: &str) -> Result<(String, Option<String>), String> {
    let (name, value) = text
        .split_once('=')
        .ok_or("expected NAME=VALUE, or NAME= to take it off")?;
    Ok((name.to_owned(), (!value.is_empty()).then(|| value.to_owned())))
}

/// Does it.
pub(super) fn run(client: &Client, what: &Room, out: Out) -> Result<(), Failure> {
    match what {
        Room::Create { group, fields } => {
            let mut body = body(fields);
            let (group, flow) = group_and_flow(client, *group)?;
            body.insert("primaryDidGroupId".to_owned(), group);
            body.insert("callFlowId".to_owned(), flow);
            let said = client.send(Method::POST, "/meetingRooms", &Value::Object(body))?;
            out.tell(&said, || show(&said))
        }
        Room::Show { number } => {
            let said = client.get(&format!("/meetingRooms/{number}"))?;
            out.tell(&said, || show(&said))
        }
        Room::Set { number, fields } => {
            let body = Value::Object(body(fields));
            let said = client.send(Method::PUT, &format!("/meetingRooms/{number}"), &body)?;
            out.tell(&said, || show(&said))
        }
        Room::Delete { number } => {
            client.delete(&format!("/meetingRooms/{number}"))?;
            out.tell(&json!({"meetingNumber": number}), || {
                format!("room {number}: deleted")
            })
        }
    }
}

/// The group that was named, or the only one there is, and its call flow.
fn group_and_flow(client: &Client, group: Option<u64>) -> Result<(Value, Value), Failure> {
    let found = match group {
        Some(id) => client.get(&format!("/didGroups/{id}?include_fields=id,callFlowId"))?,
        None => only(&client.get("/didGroups?limit=10&include_fields=id,name,callFlowId")?)?,
    };
    Ok((found["id"].clone(), found["callFlowId"].clone()))
}

fn only(said: &Value) -> Result<Value, Failure> {
    let groups = said["items"].as_array().map_or(&[][..], Vec::as_slice);
    match groups {
        [one] => Ok(one.clone()),
        [] => Err(Failure::unusable(
            "there is no DID group to make a room in".to_owned(),
        )),
        several => {
            let names = several
                .iter()
                .map(|group| format!("{} {}", group["id"], plain(group, "name")));
            let names = names.collect::<Vec<_>>().join(", ");
            Err(Failure::unusable(format!(
                "name the DID group with --group: {names}"
            )))
        }
    }
}

fn body(fields: &Fields) -> Map<String, Value> {
    let mut body = Map::new();
    if let Some(description) = &fields.description {
        body.insert("description".to_owned(), description.as_str().into());
    }
    if let Some(number) = fields.number {
        body.insert("meetingNumber".to_owned(), number.into());
    }
    if !fields.keys.is_empty() {
        let keys = fields.keys.iter().map(|key| match &key.code {
            Some(code) => json!({"role": key.role, "accessCode": code}),
            None => json!({"role": key.role}),
        });
        body.insert("keychain".to_owned(), keys.collect());
    }
    if !fields.attributes.is_empty() {
        let attributes = fields.attributes.iter();
        let attributes = attributes.map(|(name, value)| json!({"name": name, "value": value}));
        body.insert("attributes".to_owned(), attributes.collect());
    }
    body
}

/// A room, one line a fact.
fn show(room: &Value) -> String {
    let mut lines = vec![
        format!("room         {}", room["meetingNumber"]),
        format!("description  {}", plain(room, "description")),
        format!("DID group    {}", room["primaryDidGroupId"]),
    ];
    for key in room["keychain"].as_array().into_iter().flatten() {
        lines.push(format!("code         {} {}", plain(key, "accessCode"), role(key)));
    }
    for attribute in room["attributes"].as_array().into_iter().flatten() {
        let (name, value) = (plain(attribute, "name"), plain(attribute, "value"));
        lines.push(format!("attribute    {name} = {value}"));
    }
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_and_attributes_are_read_as_they_are_typed() {
        let host = Key {
            role: 1,
            code: Some("4711".into()),
        };
        assert_eq!(key("host:4711"), Ok(host));
        assert_eq!(key("listener"), Ok(Key { role: 3, code: None }));
        assert!(key("boss").unwrap_err().contains("host, participant or listener"));
        assert_eq!(attribute("a=b=c"), Ok(("a".into(), Some("b=c".into()))));
        assert_eq!(attribute("a="), Ok(("a".into(), None)));
        assert!(attribute("a").unwrap_err().contains("NAME=VALUE"));
    }

    #[test]
    fn a_room_is_changed_by_what_was_named_and_nothing_else() {
        assert_eq!(body(&Fields::default()), Map::new());
        let fields = Fields {
            description: Some("Weekly".into()),
            number: Some(106_131),
            keys: vec![key("host:4711").unwrap(), key("participant").unwrap()],
            attributes: vec![
                attribute("conference_maxcalls=5").unwrap(),
                attribute("call_delay=").unwrap(),
            ],
        };
        let expected = json!({
            "description": "Weekly",
            "meetingNumber": 106_131,
            "keychain": [{"role": 1, "accessCode": "4711"}, {"role": 2}],
            "attributes": [{"name": "conference_maxcalls", "value": "5"}, {"name": "call_delay", "value": null}],
        });
        assert_eq!(Value::Object(body(&fields)), expected);
    }

    #[test]
    fn the_group_of_a_new_room_must_be_clear() {
        let one = json!({"items": [{"id": 219, "callFlowId": 3}]});
        assert_eq!(only(&one).unwrap()["id"], 219);
        let two = json!({"items": [{"id": 219, "name": "a"}, {"id": 220, "name": "b"}]});
        assert_eq!(
            only(&two).unwrap_err().to_string(),
            "name the DID group with --group: 219 a, 220 b"
        );
    }

    #[test]
    fn a_room_is_shown_line_by_line() {
        let room = json!({
            "meetingNumber": 106_131, "primaryDidGroupId": 219, "keychain": [{"accessCode": "111", "role": 1}],
            "attributes": [{"name": "conference_maxcalls", "value": "5"}],
        });
        let expected = "room         106131\ndescription  \nDID group    219\ncode         111 host\nattribute    conference_maxcalls = 5";
        assert_eq!(show(&room), expected);
    }
}
