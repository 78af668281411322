use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use model::attribute::{Level, Overrides, Value as _, resolve};
use model::directory::{Did, DidGroup, Edit};
use model::{DidGroupId, DidId};
use serde_json::{Map, Value};

use super::attributes::Changes;
use super::editing::{Editing, NEW_ID};
use crate::auth::Caller;
use crate::body::Body;
use crate::dto::attribute::Attribute;
use crate::dto::did::Did as Dto;
use crate::error::ApiError;
use crate::etag::{Conditions, tagged};
use crate::fields::{Detail, Selection};
use crate::list::Listing;
use crate::params::NoParams;
use crate::path::{At, Key};
use crate::router::Api;
use crate::value;

/// Fields that can be set.
pub(crate) const FIELDS: &[&str] = &["attributes", "description", GROUP, "phoneNumber"];
const GROUP: &str = "didGroupId";
/// Set when a DID is made and never after.
pub(crate) const COUNTRY: &str = "countryCode";
/// Fields that may only come as they are.
pub(crate) const FIXED: &[&str] = &[COUNTRY, "id", "state"];
/// Fields that a new DID needs.
pub(crate) const REQUIRED: &[&str] = &[GROUP, "phoneNumber"];

/// GET /dids
pub(crate) async fn list(caller: Caller, listing: Listing<Dto>) -> Response {
    let dids = caller.directory.dids().filter(|did| caller.sees_did(did));
    listing.answer_resolved(
        dids.collect(),
        |did| Dto::from(&***did),
        |did, dto| in_force(&caller, did, dto),
    )
}

/// GET /dids/{id}
pub(crate) async fn read(
    caller: Caller,
    At(id): At<String>,
    detail: Detail<Dto>,
) -> Result<Response, ApiError> {
    let did = caller.directory.did(DidId::key(&id)?);
    let did = did
        .filter(|did| caller.sees_did(did))
        .ok_or_else(ApiError::not_found)?;
    let dto = detail.resolve(Dto::from(&**did), |dto| in_force(&caller, did, dto));
    Ok(tagged(&dto, detail.selection.ok(&dto)))
}

/// `dto` of `did`, with the attributes in force for those who call it, until they key a code.
fn in_force(caller: &Caller, did: &Did, dto: Dto) -> Dto {
    match caller.group(did.did_group_id) {
        Some(group) => {
            let settings = resolve(&[&group.attributes, &did.attributes]);
            dto.with_attributes(Attribute::in_force(&settings))
        }
        None => dto,
    }
}

/// POST /dids
pub(crate) async fn create(
    State(api): State<Api>,
    caller: Caller,
    conditions: Conditions,
    selection: Selection<Dto>,
    Body(body): Body,
) -> Result<Response, ApiError> {
    let editing = Editing::begin(&api, &caller, Caller::may_administer).await?;
    value::only(&body, &[FIELDS, &[COUNTRY]])?;
    value::require(&body, REQUIRED)?;
    let group = body.get(GROUP).unwrap_or(&Value::Null);
    let group = own_group(&editing.caller, group)?;
    let mut did = Did {
        id: DidId(NEW_ID),
        phone_number: String::new(),
        country_code: country(&body, group)?,
        description: String::new(),
        did_group_id: group.id,
        attributes: Overrides::new(Level::Did),
    };
    apply(&body, &mut did, &editing.caller)?;
    conditions.allow_untagged()?;
    let dto = Dto::from(&put(editing, did).await?);
    Ok(tagged(&dto, selection.created(&dto)))
}

/// PUT /dids/{id}
pub(crate) async fn update(
    State(api): State<Api>,
    caller: Caller,
    At(id): At<String>,
    conditions: Conditions,
    selection: Selection<Dto>,
    Body(body): Body,
) -> Result<Response, ApiError> {
    let editing = Editing::begin(&api, &caller, Caller::may_administer).await?;
    let mut did = own_did(&editing.caller, &id)?.clone();
    value::only(&body, &[FIELDS, FIXED])?;
    let current = Dto::from(&did);
    let changes = value::changes(&body, &current, FIXED)?;
    apply(&changes, &mut did, &editing.caller)?;
    conditions.allow(&current)?;
    let dto = Dto::from(&put(editing, did).await?);
    Ok(tagged(&dto, selection.ok(&dto)))
}

/// DELETE /dids/{id}
pub(crate) async fn delete(
    State(api): State<Api>,
    caller: Caller,
    At(id): At<String>,
    conditions: Conditions,
    _: NoParams,
) -> Result<StatusCode, ApiError> {
    let editing = Editing::begin(&api, &caller, Caller::may_administer).await?;
    let did = own_did(&editing.caller, &id)?;
    let (edit, current) = (Edit::DeleteDid(did.id), Dto::from(did));
    editing.delete(edit, &current, &conditions).await
}

/// A DID that the caller may change: one that it sees in a group lent to it belongs to somebody else.
fn own_did<'a>(caller: &'a Caller, id: &str) -> Result<&'a Did, ApiError> {
    let did = caller.directory.did(DidId::key(id)?);
    let did = did
        .filter(|did| caller.sees_did(did))
        .ok_or_else(ApiError::not_found)?;
    match caller.own_group(did.did_group_id) {
        Some(_) => Ok(&**did),
        None => Err(ApiError::forbidden()),
    }
}

fn own_group<'a>(caller: &'a Caller, id: &Value) -> Result<&'a DidGroup, ApiError> {
    let group = caller
        .own_group(DidGroupId(value::id(GROUP, id)?))
        .map(|group| &**group);
    let expected = || ApiError::wrong_value(GROUP, "expected the id of a DID group of your own");
    group.ok_or_else(expected)
}

/// The country that is sent, else the one whose rules the group's conferences follow.
fn country(body: &Map<String, Value>, group: &DidGroup) -> Result<String, ApiError> {
    match value::present(body, COUNTRY) {
        Some(sent) => value::text(COUNTRY, sent, 2),
        None => {
            let policy = resolve(&[&group.attributes]).policy;
            Ok(policy.entry.conference_country.text())
        }
    }
}

fn apply(changes: &Map<String, Value>, did: &mut Did, caller: &Caller) -> Result<(), ApiError> {
    Changes::read(changes)?.merge(&mut did.attributes)?;
    if let Some(text) = changes.get("description") {
        did.description = value::text("description", text, value::TEXT_MAX)?;
    }
    if let Some(number) = value::present(changes, "phoneNumber") {
        did.phone_number = value::phone_number("phoneNumber", number)?;
    }
    if let Some(id) = value::present(changes, GROUP) {
        did.did_group_id = own_group(caller, id)?.id;
    }
    Ok(())
}

async fn put(mut editing: Editing<'_>, did: Did) -> Result<Did, ApiError> {
    editing.add(Edit::PutDid(did))?;
    match editing.commit().await?.0.pop() {
        Some(Edit::PutDid(did)) => Ok(did),
        _ => Err(ApiError::internal()),
    }
}
