use axum::response::Response;
use model::directory::{CALL_FLOWS, CallFlow};

use crate::dto::call_flow::CallFlow as Dto;
use crate::error::ApiError;
use crate::fields::Selection;
use crate::list::Listing;
use crate::path::{At, Key};

/// GET /callFlows
pub(crate) async fn list(listing: Listing<Dto>) -> Response {
    listing.answer(CALL_FLOWS.to_vec(), |flow| Dto::from(*flow))
}

/// GET /callFlows/{id}
pub(crate) async fn read(At(id): At<String>, selection: Selection<Dto>) -> Result<Response, ApiError> {
    let flow = CallFlow::from_id(u64::key(&id)?).ok_or_else(ApiError::not_found)?;
    Ok(selection.ok(&Dto::from(flow)))
}
