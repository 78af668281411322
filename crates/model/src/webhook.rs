//! Where events are posted to, and what becomes of it.

use crate::Sid;

/// An address that events are posted to.
#[derive(Clone, PartialEq, Eq)]
pub struct Webhook {
    /// Its name.
    pub id: String,
    /// Whose it is; it gets the events that this subscriber sees.
    pub subscriber_sid: Sid,
    /// Whether it is the subscriber's callback, and lives as that does.
    pub is_callback: bool,
    /// The address.
    pub url: String,
    /// Types of events, or families such as `call.*`; all when there are none.
    pub types: Vec<String>,
    /// For its owner.
    pub description: String,
    /// Whether nothing is posted.
    pub is_disabled: bool,
    /// Epoch ms.
    pub created_ms: i64,
    /// What signatures are made with.
    pub secret: Vec<u8>,
    /// The secret before, and until when it is good, too (epoch ms).
    pub old_secret: Option<(Vec<u8>, i64)>,
}

impl std::fmt::Debug for Webhook {
    /// Without secrets, which no log is to hold.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Webhook")
            .field("id", &self.id)
            .field("url", &self.url)
            .field("types", &self.types)
            .field("is_disabled", &self.is_disabled)
            .finish_non_exhaustive()
    }
}

/// How far a delivery is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DeliveryState {
    /// It is to be posted, for the first time or again.
    Pending = 0,
    /// It was taken.
    Delivered = 1,
    /// It was given up.
    Dead = 2,
}

impl DeliveryState {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Pending, Self::Delivered, Self::Dead];

    /// Its word on the wire.
    pub fn text(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Delivered => "delivered",
            Self::Dead => "dead",
        }
    }
}

/// One event on its way to one webhook.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivery {
    /// The webhook.
    pub webhook: String,
    /// The event.
    pub happening: u64,
    /// What goes out in order among each other: a meeting, or a call outside of one.
    pub chain: i64,
    /// How far it is.
    pub state: DeliveryState,
    /// Times it was posted.
    pub attempts: u32,
    /// Since when it is to be posted, epoch ms.
    pub created_ms: i64,
    /// Not before then is it posted, epoch ms.
    pub due_ms: i64,
    /// HTTP status of the last answer.
    pub status: Option<u16>,
    /// Why there was no answer.
    pub fault: Option<String>,
}
