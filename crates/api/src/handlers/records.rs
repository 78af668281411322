use model::query::{OrderBy, Query};

use crate::fields::Wire;
use crate::list::Listing;

/// The records that `listing` asks for, the newest first unless it says otherwise.
pub(super) fn query<D: Wire>(listing: &Listing<D>) -> Query {
    let (field, descending) = ("created", true);
    query_by(listing, OrderBy { field, descending })
}

/// What `listing` asks for, in the order `by` unless it says otherwise.
pub(super) fn query_by<D: Wire>(listing: &Listing<D>, by: OrderBy) -> Query {
    let mut order = listing.order.clone();
    if order.is_empty() {
        order.push(by);
    }
    Query {
        offset: listing.offset,
        limit: u32::try_from(listing.limit()).unwrap_or(u32::MAX),
        order,
        filter: listing.filter.clone(),
    }
}
