use axum::extract::State;
use axum::response::Response;
use model::attribute::{ATTRIBUTES, AttributeId, Level, Overrides};
use model::{Command, Live, MeetingNumber, MeetingView};

use super::steer::steer;
use crate::auth::Caller;
use crate::backend::{LiveCommand, Target};
use crate::body::Body;
use crate::dto::attribute::NameValue;
use crate::dto::meeting::counters;
use crate::error::ApiError;
use crate::etag::Conditions;
use crate::fields::Selection;
use crate::list::Bare;
use crate::path::{At, Key};
use crate::router::Api;
use crate::value;

/// The field that is set.
pub(crate) const VALUE: &str = "value";
/// The field that may only come as it is.
pub(crate) const NAME: &str = "name";

/// GET /meetings/{meetingNumber}/attributes: every attribute in force by name, then the live counters.
pub(crate) async fn list(
    State(api): State<Api>,
    caller: Caller,
    At(number): At<String>,
    Bare(listing): Bare<NameValue>,
) -> Result<Response, ApiError> {
    let live = api.backend.live();
    let meeting = caller.meeting(&live, MeetingNumber::key(&number)?)?;
    Ok(listing.answer_bare(in_force(meeting, &live), NameValue::clone))
}

fn in_force(meeting: &MeetingView, live: &Live) -> Vec<NameValue> {
    let mut attributes: Vec<_> = ATTRIBUTES.iter().map(|row| one(meeting, row.id)).collect();
    attributes.sort_by_key(|attribute| attribute.name);
    attributes.extend(counters(meeting, live));
    attributes
}

fn one(meeting: &MeetingView, id: AttributeId) -> NameValue {
    NameValue {
        name: id.row().name,
        value: meeting.policy.text(id),
    }
}

/// PUT /meetings/{meetingNumber}/attributes/{name}: for as long as the meeting lasts; null goes back to the room's value.
pub(crate) async fn update(
    State(api): State<Api>,
    caller: Caller,
    At((number, name)): At<(String, String)>,
    conditions: Conditions,
    selection: Selection<NameValue>,
    Body(body): Body,
) -> Result<Response, ApiError> {
    let live = api.backend.live();
    let before = caller.meeting(&live, MeetingNumber::key(&number)?)?;
    if counters(before, &live).iter().any(|counter| counter.name == name) {
        return Err(ApiError::wrong_value(
            name,
            "is counted by the bridge and can only be read",
        ));
    }
    let id = AttributeId::find(&name).ok_or_else(ApiError::not_found)?;
    value::only(&body, &[&[NAME, VALUE]])?;
    value::unchanged(&body, &serde_json::json!({NAME: name}), &[NAME])?;
    let missing = || ApiError::incomplete().and(VALUE, "is required");
    let value = value::attribute(&name, body.get(VALUE).ok_or_else(missing)?)?;
    // A room and a meeting take the same attributes.
    Overrides::new(Level::Room).put(&name, value.as_deref().unwrap_or(id.row().default))?;
    conditions.allow_untagged()?;
    let wanted = value.clone().unwrap_or_else(|| before.base.policy.text(id));
    let is_so = before.policy.text(id) == wanted;
    let command = LiveCommand::Meeting(Command::SetAttribute { id, value });
    let commands = (!is_so).then_some(command).into_iter().collect();
    let live = steer(&api, &caller, Target::Meeting(before.id), commands).await?;
    let after = live.meetings.get(&before.number);
    let after = after.filter(|after| after.id == before.id);
    let after = after.ok_or_else(ApiError::not_found)?;
    Ok(selection.ok(&one(after, id)))
}
