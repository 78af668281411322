//! Deliveries of webhooks as they are counted.

use model::{Delivery, DeliveryState};
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;

use crate::webhooks::Bound;

/// Counters of attempts, of waits for a place, and of what was kept long enough.
#[derive(Clone, Debug, Default)]
pub(crate) struct Deliveries {
    pub(super) attempts: Family<Result, Counter>,
    pub(super) held_up: Family<Met, Counter>,
    /// Deliveries that were over and deleted because their webhook has newer ones.
    pub(crate) forgotten: Counter,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct Result {
    result: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct Met {
    bound: &'static str,
}

impl Deliveries {
    /// Counts a webhook with more to be posted that found no place.
    pub(crate) fn hold_up(&self, bound: Bound) {
        let bound = bound.text();
        self.held_up.get_or_create(&Met { bound }).inc();
    }

    /// Counts one attempt by what came of it.
    pub(crate) fn note(&self, delivery: &Delivery) {
        let result = match (delivery.state, delivery.status) {
            (DeliveryState::Delivered, _) => "delivered",
            (DeliveryState::Dead, _) => "given_up",
            (DeliveryState::Pending, Some(_)) => "refused",
            (DeliveryState::Pending, None) => "unreachable",
        };
        self.attempts.get_or_create(&Result { result }).inc();
    }
}
