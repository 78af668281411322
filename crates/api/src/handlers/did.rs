use axum::response::Response;
use model::DidId;

use crate::auth::Caller;
use crate::dto::did::Did as Dto;
use crate::error::ApiError;
use crate::fields::Selection;
use crate::list::Listing;
use crate::path::{At, Key};

/// GET /dids
pub(crate) async fn list(caller: Caller, listing: Listing<Dto>) -> Response {
    let dids = caller.directory.dids().filter(|did| caller.sees_did(did));
    listing.answer(dids.collect(), |did| Dto::from(&***did))
}

/// GET /dids/{id}
pub(crate) async fn read(
    caller: Caller,
    At(id): At<String>,
    selection: Selection<Dto>,
) -> Result<Response, ApiError> {
    let did = caller.directory.did(DidId::key(&id)?);
    let did = did.filter(|did| caller.sees_did(did));
    Ok(selection.ok(&Dto::from(&**did.ok_or_else(ApiError::not_found)?)))
}
