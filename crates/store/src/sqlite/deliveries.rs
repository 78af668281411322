use std::collections::HashMap;

use model::directory::SubscriberRole;
use model::query::{Filter, Query, Relation, Scalar, Test};
use model::{Delivery, DeliveryState, Happening, Sid, Webhook};
use sqlx::sqlite::SqliteRow;
use sqlx::{Row, SqliteConnection, SqlitePool};

use super::audit;
use super::fault::{fit, whole};
use super::lists::Lists;
use super::load::{number, sid};
use super::owners::above;
use super::query::Table;
use super::transaction::transaction;
use super::webhooks::types_of;
use crate::{AuditEntry, Backlog, Records, Scope, StoreError};

/// Deliveries that may be pending for one webhook; what is more is given up at once.
const PENDING_MAX: i64 = 50_000;

/// Webhooks as one transaction of records finds them, read when the first event is to be told.
#[derive(Default)]
pub(super) struct Targets {
    /// Deliveries that were given up because too many were pending.
    pub(super) overflowed: u64,
    webhooks: Option<Vec<Target>>,
    /// A subscriber and all above it.
    ancestry: HashMap<Sid, Vec<Sid>>,
}

struct Target {
    id: String,
    /// Top of the tree that its owner sees: an operator sees that of the subscriber above it.
    top: Sid,
    types: Vec<String>,
    pending: i64,
}

impl Targets {
    /// Writes that `happening` is to be posted to each webhook that it concerns.
    pub(super) async fn enqueue(
        &mut self,
        db: &mut SqliteConnection,
        happening: &Happening,
    ) -> Result<(), StoreError> {
        if !happening.is_live {
            return Ok(());
        }
        let webhooks = match &mut self.webhooks {
            Some(webhooks) => webhooks,
            unread @ None => unread.insert(targets(db).await?),
        };
        if webhooks.is_empty() {
            return Ok(());
        }
        let owner = &happening.subscriber_sid;
        if !self.ancestry.contains_key(owner) {
            self.ancestry.insert(owner.clone(), above(db, owner).await?);
        }
        let above = &self.ancestry[owner];
        let kind = happening.news.kind();
        let wants = |target: &&mut Target| {
            above.contains(&target.top)
                && (target.types.is_empty() || target.types.iter().any(|pattern| kind.fits(pattern)))
        };
        for target in webhooks.iter_mut().filter(wants) {
            let state = target.state_of_next();
            self.overflowed += u64::from(state == DeliveryState::Dead);
            add(db, &target.id, happening, state).await?;
        }
        Ok(())
    }
}

impl Target {
    /// What becomes of one more delivery.
    fn state_of_next(&mut self) -> DeliveryState {
        if self.pending >= PENDING_MAX {
            return DeliveryState::Dead;
        }
        self.pending += 1;
        DeliveryState::Pending
    }
}

async fn targets(db: &mut SqliteConnection) -> Result<Vec<Target>, StoreError> {
    let rows = sqlx::query(
        "SELECT id, types, CASE role WHEN ?1 THEN coalesce(parent_sid, sid) ELSE sid END AS top,
             ifnull(delivery_counts.pending, 0) AS pending
         FROM webhooks JOIN subscribers ON sid = subscriber_sid
             LEFT JOIN delivery_counts ON delivery_counts.webhook = webhooks.id
         WHERE NOT is_disabled",
    );
    let target = |row: &SqliteRow| {
        Ok(Target {
            id: row.try_get("id")?,
            top: sid(row, "top")?,
            types: types_of(row)?,
            pending: row.try_get("pending")?,
        })
    };
    let rows = rows.bind(SubscriberRole::Operator as i64);
    rows.fetch_all(db).await?.iter().map(target).collect()
}

async fn add(
    db: &mut SqliteConnection,
    webhook: &str,
    happening: &Happening,
    state: DeliveryState,
) -> Result<(), StoreError> {
    let object = || format!("delivery of event {}", happening.id);
    let fault = (state == DeliveryState::Dead).then_some("too many were pending");
    sqlx::query(
        "INSERT INTO deliveries (webhook, happening, chain, state, attempts, created_ms, due_ms, fault)
         VALUES (?1, ?2, ?3, ?4, 0, ?5, ?5, ?6)",
    )
    .bind(webhook)
    .bind(fit(happening.id, object, "id")?)
    .bind(chain(happening)?)
    .bind(state as i64)
    .bind(happening.at_ms)
    .bind(fault)
    .execute(db)
    .await?;
    Ok(())
}

/// Those of a meeting, or of a call outside of one, go out in order.
fn chain(happening: &Happening) -> Result<i64, StoreError> {
    let object = || format!("delivery of event {}", happening.id);
    match (happening.place, happening.news.leg()) {
        (Some(place), _) => fit(place.meeting.0, object, "meeting"),
        (None, Some(leg)) => fit(leg.0, object, "leg").map(|leg| -leg),
        (None, None) => Ok(0),
    }
}

/// Deliveries belong to whom their webhook belongs.
pub(super) const TABLE: Table =
    table("(SELECT deliveries.*, subscriber_sid FROM deliveries JOIN webhooks ON webhooks.id = webhook)");

/// Those that were given up, few among many.
pub(super) const DEAD: Table = table(
    "(SELECT deliveries.*, subscriber_sid FROM deliveries INDEXED BY deliveries_dead JOIN webhooks ON webhooks.id = webhook
      WHERE state = 2)",
);

const fn table(name: &'static str) -> Table {
    Table {
        name,
        outlives: false,
        id: "happening",
        fields: &[
            ("attempts", "attempts"),
            ("created", "created_ms"),
            ("eventId", "happening"),
            ("fault", "fault"),
            ("id", "happening"),
            ("nextAttempt", "(CASE state WHEN 0 THEN due_ms END)"),
            (
                "state",
                "(CASE state WHEN 0 THEN 'pending' WHEN 1 THEN 'delivered' ELSE 'dead' END)",
            ),
            ("status", "status"),
            ("webhook", "webhook"),
        ],
        sought: &["webhook"],
        timed: None,
        counted: None,
    }
}

/// One page of the deliveries of a webhook.
pub(super) async fn list(
    lists: &Lists,
    webhook: &Webhook,
    query: &Query,
) -> Result<Records<Delivery>, StoreError> {
    let own = Filter::Field {
        name: "webhook",
        test: Test::Is(Relation::Equal, Scalar::Text(webhook.id.clone())),
    };
    let scope = Scope::tenant(webhook.subscriber_sid.clone());
    let table = match query.filter.as_ref().is_some_and(is_of_dead) {
        true => &DEAD,
        false => &TABLE,
    };
    table.read(lists, &scope, &query.within(own), delivery).await
}

/// Whether nothing passes `filter` but what was given up.
fn is_of_dead(filter: &Filter) -> bool {
    match filter {
        Filter::And(all) => all.iter().any(is_of_dead),
        Filter::Field { name, test } => {
            *name == "state" && *test == Test::Is(Relation::Equal, Scalar::Text("dead".to_owned()))
        }
        Filter::Or(_) | Filter::Not(_) => false,
    }
}

/// Makes a delivery pending again.
pub(super) async fn renew(
    pool: &SqlitePool,
    webhook: &str,
    happening: u64,
    entry: &AuditEntry,
) -> Result<bool, StoreError> {
    let Ok(happening) = i64::try_from(happening) else {
        return Ok(false);
    };
    let all = async |db: &mut SqliteConnection| {
        let renewed = sqlx::query(
            "UPDATE deliveries SET state = 0, attempts = 0, created_ms = ?3, due_ms = ?3, status = NULL, fault = NULL
             WHERE webhook = ?1 AND happening = ?2 AND EXISTS (SELECT 1 FROM webhooks WHERE id = ?1)",
        )
        .bind(webhook)
        .bind(happening)
        .bind(entry.at_ms)
        .execute(&mut *db)
        .await?;
        let is_there = renewed.rows_affected() > 0;
        if is_there {
            audit::add(db, entry).await?;
        }
        Ok(is_there)
    };
    transaction(pool, all).await
}

/// Writes what has become of deliveries, but for those that were given up, asked for anew or taken away with their webhook meanwhile.
pub(super) async fn settle(pool: &SqlitePool, deliveries: &[Delivery]) -> Result<(), StoreError> {
    let all = async |db: &mut SqliteConnection| {
        for delivery in deliveries {
            sqlx::query(
                "UPDATE deliveries SET state = ?3, attempts = ?4, due_ms = ?5, status = ?6, fault = ?7
                 WHERE webhook = ?1 AND happening = ?2 AND state = 0 AND created_ms = ?8",
            )
            .bind(&delivery.webhook)
            .bind(fit(delivery.happening, || "a delivery".to_owned(), "id")?)
            .bind(delivery.state as i64)
            .bind(delivery.attempts)
            .bind(delivery.due_ms)
            .bind(delivery.status)
            .bind(&delivery.fault)
            .bind(delivery.created_ms)
            .execute(&mut *db)
            .await?;
        }
        Ok(())
    };
    transaction(pool, all).await
}

/// Deletes the oldest `count` of what is over of a webhook that has more than `most` of it; how many it were.
pub(super) async fn forget(pool: &SqlitePool, most: u32, count: u32) -> Result<u64, StoreError> {
    let all = async |db: &mut SqliteConnection| {
        let over: Option<(String, i64)> = sqlx::query_as(
            "SELECT webhook, delivered + dead - ?1 FROM delivery_counts WHERE delivered + dead > ?1 LIMIT 1",
        )
        .bind(most)
        .fetch_optional(&mut *db)
        .await?;
        let Some((webhook, beyond)) = over else {
            return Ok(0);
        };
        let gone = sqlx::query(
            "DELETE FROM deliveries WHERE webhook = ?1 AND happening IN (
                 SELECT happening FROM deliveries WHERE webhook = ?1 AND state <> 0 ORDER BY happening LIMIT ?2
             )",
        )
        .bind(webhook)
        .bind(beyond.min(i64::from(count)))
        .execute(&mut *db)
        .await?;
        Ok(gone.rows_affected())
    };
    transaction(pool, all).await
}

/// What is left of a webhook that is gone, so much of it at most, and at last the note that it is gone. The firsts of its chains go first, so
/// that of each delivery that goes nobody looks for the one behind it.
const LEFT: [&str; 3] = [
    "DELETE FROM delivery_heads WHERE webhook = ?1 AND chain IN (
         SELECT chain FROM delivery_heads WHERE webhook = ?1 LIMIT ?2
     )",
    "DELETE FROM deliveries WHERE webhook = ?1 AND happening IN (
         SELECT happening FROM deliveries WHERE webhook = ?1 LIMIT ?2
     )",
    "DELETE FROM gone_webhooks WHERE webhook = ?1 AND ?2 > 0",
];

/// Deletes at most `count` rows of what is left of webhooks that are gone; how many it were.
pub(super) async fn clear(pool: &SqlitePool, count: u32) -> Result<u64, StoreError> {
    let all = async |db: &mut SqliteConnection| {
        let mut cleared: u64 = 0;
        // Of each at least the note goes that it is gone, so this ends.
        while cleared < u64::from(count) {
            let gone: Option<String> = sqlx::query_scalar("SELECT webhook FROM gone_webhooks LIMIT 1")
                .fetch_optional(&mut *db)
                .await?;
            let Some(webhook) = gone else {
                break;
            };
            let most = i64::from(count).saturating_sub_unsigned(cleared);
            cleared += clear_one(db, &webhook, most).await?;
        }
        Ok(cleared)
    };
    transaction(pool, all).await
}

/// Deletes at most `most` rows of what is left of one; how many it were.
async fn clear_one(db: &mut SqliteConnection, webhook: &str, most: i64) -> Result<u64, StoreError> {
    let mut cleared: u64 = 0;
    for statement in LEFT {
        let done = sqlx::query(statement)
            .bind(webhook)
            .bind(most.saturating_sub_unsigned(cleared))
            .execute(&mut *db)
            .await?;
        cleared += done.rows_affected();
    }
    Ok(cleared)
}

/// How much is pending and was given up, as it is counted beside the deliveries.
pub(super) async fn backlog(pool: &SqlitePool) -> Result<Backlog, StoreError> {
    let row = sqlx::query(
        "SELECT ifnull(sum(pending), 0) AS pending, ifnull(sum(dead), 0) AS dead, (
             SELECT created_ms FROM deliveries INDEXED BY deliveries_by_age
             WHERE state = 0 AND EXISTS (SELECT 1 FROM webhooks WHERE webhooks.id = deliveries.webhook)
             ORDER BY created_ms LIMIT 1
         ) AS oldest FROM delivery_counts",
    );
    let row = row.fetch_one(pool).await?;
    Ok(Backlog {
        pending: number(&row, "pending")?,
        oldest_ms: row.try_get("oldest")?,
        dead: number(&row, "dead")?,
        ..Backlog::default()
    })
}

pub(super) fn delivery(row: &SqliteRow) -> Result<Delivery, StoreError> {
    let state: i64 = row.try_get("state")?;
    let state = DeliveryState::ALL
        .into_iter()
        .find(|known| *known as i64 == state);
    let status: Option<i64> = row.try_get("status")?;
    Ok(Delivery {
        webhook: row.try_get("webhook")?,
        happening: number(row, "happening")?,
        chain: row.try_get("chain")?,
        state: state.ok_or_else(|| StoreError::Damaged("a delivery without a state".to_owned()))?,
        attempts: number(row, "attempts")?,
        created_ms: row.try_get("created_ms")?,
        due_ms: row.try_get("due_ms")?,
        status: status.map(|status| whole(status, "status")).transpose()?,
        fault: row.try_get("fault")?,
    })
}
