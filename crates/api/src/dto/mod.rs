//! Objects as they travel, fields in alphabetical order; each is made from the model's by hand.

pub(crate) mod attribute;
pub(crate) mod audit;
pub(crate) mod call;
pub(crate) mod call_flow;
pub(crate) mod cdr;
pub(crate) mod did;
pub(crate) mod did_group;
pub(crate) mod event;
mod event_data;
pub(crate) mod mdr;
pub(crate) mod meeting;
pub(crate) mod quality;
pub(crate) mod room;
pub(crate) mod simulation;
pub(crate) mod subscriber;
pub(crate) mod webhook;

/// Whole seconds between two times in ms; 0 when the clock went back.
fn seconds(from_ms: i64, to_ms: i64) -> i64 {
    to_ms.saturating_sub(from_ms).max(0) / 1000
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fields::Wire;

    fn sorted<D: Wire>() {
        assert!(D::PLAIN.is_sorted_by_key(|field| field.name), "{}", D::COLLECTION);
        assert!(D::NESTED.is_sorted(), "{}", D::COLLECTION);
    }

    #[test]
    fn field_lists_are_in_alphabetical_order() {
        sorted::<audit::Change>();
        sorted::<call::Call<'_>>();
        sorted::<call_flow::CallFlow>();
        sorted::<cdr::Cdr>();
        sorted::<did::Did>();
        sorted::<did_group::DidGroup>();
        sorted::<event::Event>();
        sorted::<mdr::Mdr>();
        sorted::<meeting::Meeting>();
        sorted::<quality::Quality>();
        sorted::<room::Room>();
        sorted::<simulation::Simulation>();
        sorted::<subscriber::Subscriber>();
        sorted::<webhook::Delivery>();
        sorted::<webhook::Webhook>();
    }
}
