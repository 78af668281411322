use axum::extract::State;
use axum::response::Response;

use super::records::query;
use crate::auth::Caller;
use crate::backend::Scope;
use crate::dto::cdr::Cdr as Dto;
use crate::error::ApiError;
use crate::list::Listing;
use crate::router::Api;

/// GET /cdrs
pub(crate) async fn list(
    State(api): State<Api>,
    caller: Caller,
    listing: Listing<Dto>,
) -> Result<Response, ApiError> {
    let scope = Scope::below(&caller.directory, &caller.top);
    let records = api.backend.cdrs(scope, query(&listing)).await?;
    Ok(listing.answer_page(records.page.into_iter().map(Dto::from), records.total))
}
