use crate::backend::{RecordOrder, RecordPage};
use crate::error::ApiError;
use crate::fields::Wire;
use crate::list::Listing;

/// The page of records that `listing` asks for. Records stand in order of time, the newest first unless said otherwise.
pub(super) fn page<D: Wire>(listing: &Listing<D>) -> Result<RecordPage, ApiError> {
    let order = match listing.order.as_slice() {
        [] => RecordOrder::NewestFirst,
        [by] if by.field == "created" && by.descending => RecordOrder::NewestFirst,
        [by] if by.field == "created" => RecordOrder::OldestFirst,
        _ => {
            return Err(ApiError::wrong_value(
                "order",
                "records can be ordered by created only",
            ));
        }
    };
    Ok(RecordPage {
        offset: listing.offset,
        limit: u32::try_from(listing.limit()).unwrap_or(u32::MAX),
        order,
    })
}
