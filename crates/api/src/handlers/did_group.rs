use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use model::DidGroupId;
use model::attribute::{Level, Overrides, check_role_pin, resolve};
use model::directory::{CallFlow, DidGroup, Directory, Edit};
use serde_json::{Map, Value};

use super::attributes::Changes;
use super::editing::{Editing, NEW_ID};
use super::room::named_owner;
use crate::auth::Caller;
use crate::body::Body;
use crate::dto::attribute::Attribute;
use crate::dto::did_group::DidGroup as Dto;
use crate::error::ApiError;
use crate::etag::{Conditions, tagged};
use crate::fields::{Detail, Selection};
use crate::list::Listing;
use crate::params::NoParams;
use crate::path::{At, Key};
use crate::router::Api;
use crate::value;

/// Fields that can be set.
pub(crate) const FIELDS: &[&str] = &["attributes", FLOW, "description", "name"];
const FLOW: &str = "callFlowId";
/// Fields that may only come as they are; its numbers are changed at their own addresses.
pub(crate) const FIXED: &[&str] = &["dids", "id", "state", "subscriberSid"];
/// A field that is set only when a group is made.
pub(crate) const OF_NEW: &[&str] = &["subscriberSid"];
/// Fields that a new group needs.
pub(crate) const REQUIRED: &[&str] = &[FLOW, "name"];

/// GET /didGroups
pub(crate) async fn list(caller: Caller, listing: Listing<Dto>) -> Response {
    let groups = caller.directory.groups().filter(|group| caller.sees_group(group));
    listing.answer_resolved(
        groups.collect(),
        |group| Dto::new(group, &caller.directory),
        |group, dto| in_force(group, dto),
    )
}

/// GET /didGroups/{id}
pub(crate) async fn read(
    caller: Caller,
    At(id): At<String>,
    detail: Detail<Dto>,
) -> Result<Response, ApiError> {
    let group = caller
        .group(DidGroupId::key(&id)?)
        .ok_or_else(ApiError::not_found)?;
    let dto = Dto::new(group, &caller.directory);
    let dto = detail.resolve(dto, |dto| in_force(group, dto));
    Ok(tagged(&dto, detail.selection.ok(&dto)))
}

/// `dto` of `group`, with the attributes in force for its numbers and rooms that set none of them.
fn in_force(group: &DidGroup, dto: Dto) -> Dto {
    dto.with_attributes(Attribute::in_force(&resolve(&[&group.attributes])))
}

/// POST /didGroups
pub(crate) async fn create(
    State(api): State<Api>,
    caller: Caller,
    conditions: Conditions,
    selection: Selection<Dto>,
    Body(body): Body,
) -> Result<Response, ApiError> {
    let editing = Editing::begin(&api, &caller, Caller::may_administer).await?;
    value::only(&body, &[FIELDS, OF_NEW])?;
    value::require(&body, REQUIRED)?;
    let mut group = DidGroup {
        id: DidGroupId(NEW_ID),
        name: String::new(),
        description: String::new(),
        call_flow: CallFlow::Conf,
        subscriber_sid: named_owner(&editing.caller, &body, None)?,
        attributes: Overrides::new(Level::Group),
    };
    apply(&body, &mut group)?;
    conditions.allow_untagged()?;
    let (group, directory) = put(editing, group).await?;
    let dto = Dto::new(&group, &directory);
    Ok(tagged(&dto, selection.created(&dto)))
}

/// PUT /didGroups/{id}
pub(crate) async fn update(
    State(api): State<Api>,
    caller: Caller,
    At(id): At<String>,
    conditions: Conditions,
    selection: Selection<Dto>,
    Body(body): Body,
) -> Result<Response, ApiError> {
    let editing = Editing::begin(&api, &caller, Caller::may_administer).await?;
    let mut group = own_group(&editing.caller, &id)?.clone();
    value::only(&body, &[FIELDS, FIXED])?;
    let current = Dto::new(&group, &editing.caller.directory);
    let changes = value::changes(&body, &current, FIXED)?;
    apply(&changes, &mut group)?;
    conditions.allow(&current)?;
    let (group, directory) = put(editing, group).await?;
    let dto = Dto::new(&group, &directory);
    Ok(tagged(&dto, selection.ok(&dto)))
}

/// DELETE /didGroups/{id}
pub(crate) async fn delete(
    State(api): State<Api>,
    caller: Caller,
    At(id): At<String>,
    conditions: Conditions,
    _: NoParams,
) -> Result<StatusCode, ApiError> {
    let editing = Editing::begin(&api, &caller, Caller::may_administer).await?;
    let group = own_group(&editing.caller, &id)?;
    let (edit, current) = (
        Edit::DeleteGroup(group.id),
        Dto::new(group, &editing.caller.directory),
    );
    editing.delete(edit, &current, &conditions).await
}

/// A DID group that the caller may change: one lent to it is seen, but belongs to somebody else.
fn own_group<'a>(caller: &'a Caller, id: &str) -> Result<&'a DidGroup, ApiError> {
    let group = caller
        .group(DidGroupId::key(id)?)
        .ok_or_else(ApiError::not_found)?;
    match caller.own_group(group.id) {
        Some(group) => Ok(&**group),
        None => Err(ApiError::forbidden()),
    }
}

fn apply(changes: &Map<String, Value>, group: &mut DidGroup) -> Result<(), ApiError> {
    Changes::read(changes)?.merge(&mut group.attributes)?;
    if value::present(changes, "attributes").is_some() {
        check_role_pin(&resolve(&[&group.attributes]).policy)?;
    }
    if let Some(text) = changes.get("description") {
        group.description = value::text("description", text, value::TEXT_MAX)?;
    }
    if let Some(text) = value::present(changes, "name") {
        group.name = value::text("name", text, value::NAME_MAX)?;
    }
    if let Some(id) = value::present(changes, FLOW) {
        let flow = value::id(FLOW, id).ok().and_then(CallFlow::from_id);
        let expected = || ApiError::wrong_value(FLOW, "expected 1 (SPECTEL) or 3 (CONF)");
        group.call_flow = flow.ok_or_else(expected)?;
    }
    Ok(())
}

async fn put(mut editing: Editing<'_>, group: DidGroup) -> Result<(DidGroup, Arc<Directory>), ApiError> {
    editing.add(Edit::PutGroup(group))?;
    let (mut edits, directory) = editing.commit().await?;
    match edits.pop() {
        Some(Edit::PutGroup(group)) => Ok((group, directory)),
        _ => Err(ApiError::internal()),
    }
}
