use model::query::Query;
use model::{Delivery, Happening, Sid, Webhook};

use crate::{Answer, AuditEntry, Records, Scope};

/// What a database must do for webhooks. What is to be posted is written together with what happened.
pub trait WebhookStore: Send + Sync + 'static {
    /// Every webhook of `scope`, by owner and age.
    fn webhooks<'a>(&'a self, scope: &'a Scope) -> Answer<'a, Vec<Webhook>>;

    /// The webhook with this id.
    fn webhook<'a>(&'a self, id: &'a str) -> Answer<'a, Option<Webhook>>;

    /// Writes a webhook, be it new or known, with its audit row. What is pending for one that is disabled is given up.
    fn put_webhook<'a>(&'a self, webhook: &'a Webhook, entry: &'a AuditEntry) -> Answer<'a, ()>;

    /// Disables a webhook that has this address still, with its audit row. What is pending for it is given up.
    fn disable_webhook<'a>(&'a self, id: &'a str, url: &'a str, at_ms: i64) -> Answer<'a, ()>;

    /// Takes a webhook away, with its deliveries, of which nothing is shown, counted or due any more; writes the audit row. They are deleted later
    /// ([`WebhookStore::clear_deliveries`]), as are those of a webhook that goes with its subscriber.
    fn remove_webhook<'a>(&'a self, id: &'a str, entry: &'a AuditEntry) -> Answer<'a, ()>;

    /// One page of the deliveries of a webhook.
    fn deliveries<'a>(&'a self, webhook: &'a Webhook, query: &'a Query) -> Answer<'a, Records<Delivery>>;

    /// Makes a delivery pending again as if it were new at the time of the audit row, which is written with it; tells whether there is
    /// such a one.
    fn redeliver<'a>(&'a self, webhook: &'a str, happening: u64, entry: &'a AuditEntry) -> Answer<'a, bool>;

    /// Webhooks to which something may be posted at `now_ms` (epoch ms). Of the chains of each so many are counted at least, where there are
    /// so many. What it takes grows with the webhooks for which something is pending, and not with what is.
    fn waiting(&self, now_ms: i64, most: u32) -> Answer<'_, Vec<Waiting>>;

    /// What may be posted to one webhook at `now_ms` (epoch ms), the longest due first: the first that is pending of each chain. What was
    /// never tried is due whatever the clock shows.
    fn due<'a>(&'a self, webhook: &'a str, now_ms: i64, limit: u32) -> Answer<'a, Vec<Delivery>>;

    /// Has what is to be tried again wait by `by_ms` less, 0 or more, since the clock was set back by so much and shows `now_ms` (epoch ms).
    /// What would wait for more than a day after that is due.
    fn hasten(&self, now_ms: i64, by_ms: i64) -> Answer<'_, ()>;

    /// Writes what has become of deliveries, in one transaction.
    fn settle<'a>(&'a self, deliveries: &'a [Delivery]) -> Answer<'a, ()>;

    /// Deletes at most `count` deliveries that are over, delivered or dead, of a webhook that has more than `most` of them, the oldest first;
    /// how many it were.
    fn forget_deliveries(&self, most: u32, count: u32) -> Answer<'_, u64>;

    /// Deletes at most `count` rows of what is left of webhooks that are gone; how many it were. 0 says that nothing is left.
    fn clear_deliveries(&self, count: u32) -> Answer<'_, u64>;

    /// The event with this id, if it has not been forgotten.
    fn happening(&self, id: u64) -> Answer<'_, Option<Happening>>;

    /// How much is pending.
    fn backlog(&self) -> Answer<'_, Backlog>;
}

/// A webhook to which something may be posted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Waiting {
    /// Its id.
    pub webhook: String,
    /// Whose it is.
    pub owner: Sid,
    /// Since when the first of it may be posted, epoch ms; never later than now.
    pub since_ms: i64,
    /// Of how many chains something may be posted, as far as they were counted.
    pub chains: usize,
}

/// What is pending.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Backlog {
    /// Deliveries.
    pub pending: u64,
    /// Since when the oldest is, epoch ms.
    pub oldest_ms: Option<i64>,
    /// Deliveries that were given up and are kept.
    pub dead: u64,
    /// Deliveries that were given up at once since the store was opened, because too many were pending for their webhook.
    pub overflowed: u64,
    /// Deliveries that were pending when their events were forgotten since then.
    pub expired: u64,
}
