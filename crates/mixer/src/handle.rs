//! Control's end of a shard.

use rtrb::{Consumer, Producer, PushError};

use crate::{Order, Report};

/// Orders go in, reports come out; neither waits.
#[derive(Debug)]
pub struct Handle<S> {
    orders: Producer<Order<S>>,
    reports: Consumer<Report<S>>,
}

impl<S> Handle<S> {
    pub(crate) const fn new(orders: Producer<Order<S>>, reports: Consumer<Report<S>>) -> Self {
        Self { orders, reports }
    }

    /// Orders something for the next tick. What orders name is looked up when they are carried out, in their order.
    ///
    /// # Errors
    /// Gives the order back when too many wait: the shard is overloaded, or its reports are not read.
    pub fn order(&mut self, order: Order<S>) -> Result<(), Box<Order<S>>> {
        self.orders
            .push(order)
            .map_err(|PushError::Full(order)| Box::new(order))
    }

    /// The next report; what is retired is freed by dropping it here.
    pub fn poll(&mut self) -> Option<Report<S>> {
        self.reports.pop().ok()
    }

    /// Whether the shard is gone: its thread has ended.
    pub fn is_abandoned(&self) -> bool {
        self.orders.is_abandoned()
    }
}
