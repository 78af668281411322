use axum::response::Response;
use model::attribute::resolve;
use model::directory::{CALL_FLOWS, CallFlow};

use crate::dto::attribute::Attribute;
use crate::dto::call_flow::CallFlow as Dto;
use crate::error::ApiError;
use crate::fields::Detail;
use crate::list::Listing;
use crate::path::{At, Key};

/// GET /callFlows
pub(crate) async fn list(listing: Listing<Dto>) -> Response {
    listing.answer_resolved(
        CALL_FLOWS.to_vec(),
        |flow| Dto::from(*flow),
        |_, dto| in_force(dto),
    )
}

/// GET /callFlows/{id}
pub(crate) async fn read(At(id): At<String>, detail: Detail<Dto>) -> Result<Response, ApiError> {
    let flow = CallFlow::from_id(u64::key(&id)?).ok_or_else(ApiError::not_found)?;
    Ok(detail.selection.ok(&detail.resolve(Dto::from(flow), in_force)))
}

/// `dto` of a call flow, with the attributes in force where nothing overrides them.
fn in_force(dto: Dto) -> Dto {
    dto.with_attributes(Attribute::in_force(&resolve(&[])))
}
