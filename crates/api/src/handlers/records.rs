use model::query::{OrderBy, Query};

use crate::fields::Wire;
use crate::list::Listing;

/// The records that `listing` asks for, the newest first unless it says otherwise.
pub(super) fn query<D: Wire>(listing: &Listing<D>) -> Query {
    let mut order = listing.order.clone();
    if order.is_empty() {
        order.push(OrderBy {
            field: "created",
            descending: true,
        });
    }
    Query {
        offset: listing.offset,
        limit: u32::try_from(listing.limit()).unwrap_or(u32::MAX),
        order,
        filter: listing.filter.clone(),
    }
}
