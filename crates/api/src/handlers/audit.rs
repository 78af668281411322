use axum::extract::State;
use axum::response::Response;

use super::records::query;
use crate::auth::Caller;
use crate::dto::audit::Change as Dto;
use crate::error::ApiError;
use crate::list::Listing;
use crate::router::Api;

/// GET /audit
pub(crate) async fn list(
    State(api): State<Api>,
    caller: Caller,
    listing: Listing<Dto>,
) -> Result<Response, ApiError> {
    caller.may_administer()?;
    let changes = api.backend.audit(caller.top.clone(), query(&listing)).await?;
    Ok(listing.answer_page(changes.page.into_iter().map(Dto::from), changes.total))
}
