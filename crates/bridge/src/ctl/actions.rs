//! What is done to calls and meetings.

use serde_json::{Map, Value, json};
use ureq::http::Method;

use super::Out;
use super::client::Client;
use super::failure::Failure;

/// `muteMode` or `holdMode` of a meeting whose participants and listeners are muted or held.
pub(super) const ALL_BUT_HOSTS: u8 = 40;

/// Gives calls the values of fields, one call after the other, up to the first that is refused.
pub(super) fn steer(client: &Client, calls: &[u64], fields: &[(&str, u8)], out: Out) -> Result<(), Failure> {
    let body: Map<_, _> = fields
        .iter()
        .map(|(field, value)| ((*field).to_owned(), (*value).into()))
        .collect();
    let body = Value::Object(body);
    for call in calls {
        let said = client.send(Method::PUT, &format!("/calls/{call}"), &body)?;
        out.tell(&said, || done(&format!("call {call}"), fields))?;
    }
    Ok(())
}

fn done(what: &str, fields: &[(&str, u8)]) -> String {
    let fields = fields.iter().map(|(field, value)| format!("{field} {value}"));
    format!("{what}: {}", fields.collect::<Vec<_>>().join(", "))
}

/// Hangs up calls.
pub(super) fn hang_up(client: &Client, calls: &[u64], out: Out) -> Result<(), Failure> {
    for call in calls {
        client.delete(&format!("/calls/{call}"))?;
        out.tell(&json!({"id": call}), || format!("call {call}: hung up"))?;
    }
    Ok(())
}

/// Gives a meeting the value of a field.
pub(super) fn meeting(
    client: &Client,
    number: u32,
    field: &str,
    value: Value,
    out: Out,
) -> Result<(), Failure> {
    let said = client.send(
        Method::PUT,
        &format!("/meetings/{number}"),
        &json!({field: value}),
    )?;
    out.tell(&said, || format!("meeting {number}: {field} {}", said[field]))
}

/// Hangs up everybody in a meeting.
pub(super) fn end(client: &Client, number: u32, out: Out) -> Result<(), Failure> {
    client.delete(&format!("/meetings/{number}"))?;
    out.tell(&json!({"meetingNumber": number}), || {
        format!("meeting {number}: ended")
    })
}
