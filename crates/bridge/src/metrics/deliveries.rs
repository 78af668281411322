//! Deliveries of webhooks as they are counted.

use model::{Delivery, DeliveryState};
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;

/// Counters of attempts.
#[derive(Clone, Debug, Default)]
pub(crate) struct Deliveries {
    pub(super) attempts: Family<Result, Counter>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct Result {
    result: &'static str,
}

impl Deliveries {
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
