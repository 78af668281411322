use axum::response::Response;
use model::DidGroupId;

use crate::auth::Caller;
use crate::dto::did_group::DidGroup as Dto;
use crate::error::ApiError;
use crate::fields::Selection;
use crate::list::Listing;
use crate::path::{At, Key};

/// GET /didGroups
pub(crate) async fn list(caller: Caller, listing: Listing<Dto>) -> Response {
    let groups = caller.directory.groups().filter(|group| caller.sees_group(group));
    listing.answer(groups.collect(), |group| Dto::new(group, &caller.directory))
}

/// GET /didGroups/{id}
pub(crate) async fn read(
    caller: Caller,
    At(id): At<String>,
    selection: Selection<Dto>,
) -> Result<Response, ApiError> {
    let group = caller
        .group(DidGroupId::key(&id)?)
        .ok_or_else(ApiError::not_found)?;
    Ok(selection.ok(&Dto::new(group, &caller.directory)))
}
