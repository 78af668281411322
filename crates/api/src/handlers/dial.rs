use axum::extract::State;
use axum::response::Response;
use model::directory::{Did, Grant};
use model::{DidGroupId, PresenterMedia, Role};
use serde_json::{Map, Value};

use super::call;
use crate::auth::Caller;
use crate::backend::DialOrder;
use crate::body::Body;
use crate::dto::call::Call as Dto;
use crate::error::ApiError;
use crate::etag::Conditions;
use crate::fields::Selection;
use crate::router::Api;
use crate::value;

/// Fields that a new call needs.
pub(crate) const REQUIRED: &[&str] = &["accessCode", "callee", "caller"];
/// Fields that it may begin with.
pub(crate) const OPTIONAL: &[&str] = &[
    "customName",
    "gainLevel",
    "holdMode",
    "muteMode",
    "presenterMedia",
    "role",
];
/// Fields that may only come as they are of every new call: hands are raised, and the operator is called, in meetings.
pub(crate) const IN_MEETINGS: &[&str] = &["operatorMode", "qaMode"];
/// Longest number or address, in characters.
const ADDRESS_MAX: usize = 256;

/// POST /calls
pub(crate) async fn create(
    State(api): State<Api>,
    caller: Caller,
    conditions: Conditions,
    selection: Selection<Dto<'static>>,
    Body(body): Body,
) -> Result<Response, ApiError> {
    value::only(&body, &[REQUIRED, OPTIONAL, IN_MEETINGS])?;
    value::require(&body, REQUIRED)?;
    refuse_what_meetings_do(&body)?;
    let order = order(&caller, &body)?;
    conditions.allow_untagged()?;
    let (leg, live) = api.backend.dial(caller.actor(), order).await?;
    let call = live.calls.get(&leg).ok_or_else(ApiError::not_found)?;
    let dto = Dto::new(call, &api.backend.names(), api.backend.now_ms());
    Ok(selection.created(&dto))
}

/// What is asked for, all of it checked but whether the callee is dialled, which the bridge knows.
fn order(caller: &Caller, body: &Map<String, Value>) -> Result<DialOrder, ApiError> {
    let did = own_number(caller, &text(body, "caller")?)?;
    let access_code = value::code("accessCode", body.get("accessCode").unwrap_or(&Value::Null))?;
    let (group, _) = find_room(caller, did, &access_code)?;
    let field = |name| value::present(body, name);
    Ok(DialOrder {
        callee: text(body, "callee")?,
        did: did.id,
        group,
        access_code,
        custom_name: field("customName").map_or(Ok(String::new()), call::name)?,
        gain_db: field("gainLevel").map_or(Ok(0), call::gain)?,
        held: field("holdMode").map(call::hold).transpose()?,
        mute: field("muteMode").map(call::mute).transpose()?,
        presenter_media: field("presenterMedia").map_or(Ok(PresenterMedia::NONE), call::presenter)?,
        role: field("role").map(role).transpose()?.flatten(),
    })
}

fn refuse_what_meetings_do(body: &Map<String, Value>) -> Result<(), ApiError> {
    let asked =
        |field: &&&str| value::present(body, field).is_some_and(|v| value::integer(field, v, 0..=0).is_err());
    match IN_MEETINGS.iter().find(asked) {
        Some(field) => Err(ApiError::wrong_value(
            *field,
            "expected 0: hands are raised, and the operator is called, in meetings",
        )),
        None => Ok(()),
    }
}

/// A number that may have come as a JSON number.
fn text(body: &Map<String, Value>, field: &str) -> Result<String, ApiError> {
    let value = body.get(field).unwrap_or(&Value::Null);
    match value.as_u64() {
        Some(number) => Ok(number.to_string()),
        None => value::text(field, value, ADDRESS_MAX),
    }
}

/// 0 leaves the role to the code.
fn role(value: &Value) -> Result<Option<Role>, ApiError> {
    match value::integer("role", value, 0..=0) {
        Ok(_) => Ok(None),
        Err(_) => call::role(value).map(Some),
    }
}

/// The number shown to the callee: one of those that `caller` may use, since another would be somebody else's.
fn own_number<'a>(caller: &'a Caller, number: &str) -> Result<&'a Did, ApiError> {
    let dialled = caller.directory.dialled(number);
    let did = dialled.and_then(|dialled| caller.directory.did(dialled.did.id));
    let expected = || ApiError::wrong_value("caller", "expected one of your numbers (GET /dids)");
    did.map(|did| &**did)
        .filter(|did| caller.sees_did(did))
        .ok_or_else(expected)
}

/// The room of a code: in the group of the number shown, else in the one other group that has it.
fn find_room(caller: &Caller, did: &Did, code: &str) -> Result<(DidGroupId, Grant), ApiError> {
    let grant = |group| {
        let grant = caller.directory.grant(group, code)?;
        caller.sees(&grant.room.subscriber_sid).then_some((group, grant))
    };
    if let Some(found) = grant(did.did_group_id) {
        return Ok(found);
    }
    let groups = caller.directory.groups().filter(|group| caller.sees_group(group));
    let mut found = groups.filter_map(|group| grant(group.id));
    let unknown = || ApiError::wrong_value("accessCode", "no meeting room of yours has this code");
    let first = found.next().ok_or_else(unknown)?;
    match found.all(|(_, other)| other.room.meeting_number == first.1.room.meeting_number) {
        true => Ok(first),
        false => Err(ApiError::wrong_value(
            "accessCode",
            "several rooms have this code: caller must be one of the numbers (DIDs) of the room meant",
        )),
    }
}
