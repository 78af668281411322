use model::{Actor, Webhook};
use sqlx::sqlite::SqliteRow;
use sqlx::{Row, SqliteConnection, SqlitePool};

use super::audit;
use super::load::sid;
use super::owners::scope_text;
use super::transaction::transaction;
use crate::{AuditEntry, Scope, StoreError};

/// Every webhook of `scope`.
pub(super) async fn list(pool: &SqlitePool, scope: &Scope) -> Result<Vec<Webhook>, StoreError> {
    let rows = sqlx::query(
        "SELECT * FROM webhooks WHERE subscriber_sid IN (SELECT value FROM json_each(?1))
         ORDER BY subscriber_sid, created_ms, id",
    )
    .bind(scope_text(scope))
    .fetch_all(pool)
    .await?;
    rows.iter().map(webhook).collect()
}

/// The webhook with this id.
pub(super) async fn find(pool: &SqlitePool, id: &str) -> Result<Option<Webhook>, StoreError> {
    let row = sqlx::query("SELECT * FROM webhooks WHERE id = ?1")
        .bind(id)
        .fetch_optional(pool)
        .await?;
    row.as_ref().map(webhook).transpose()
}

/// Writes a webhook. Who and since when does not change; neither does a callback's address, which is its subscriber's. For another address
/// what is pending was never tried (`webhook_moved`).
pub(super) async fn put(pool: &SqlitePool, webhook: &Webhook, entry: &AuditEntry) -> Result<(), StoreError> {
    let all = async |db: &mut SqliteConnection| {
        let (old, until) = webhook.old_secret.clone().unzip();
        sqlx::query(
            "INSERT INTO webhooks (id, subscriber_sid, is_callback, url, types, description, is_disabled, created_ms, secret,
                 old_secret, old_until_ms)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)
             ON CONFLICT (id) DO UPDATE SET url = CASE WHEN is_callback THEN url ELSE ?4 END, types = ?5, description = ?6,
                 is_disabled = ?7, secret = ?9, old_secret = ?10, old_until_ms = ?11",
        )
        .bind(&webhook.id)
        .bind(webhook.subscriber_sid.as_str())
        .bind(webhook.is_callback)
        .bind(&webhook.url)
        .bind(serde_json::Value::from(webhook.types.clone()).to_string())
        .bind(&webhook.description)
        .bind(webhook.is_disabled)
        .bind(webhook.created_ms)
        .bind(&webhook.secret)
        .bind(old)
        .bind(until)
        .execute(&mut *db)
        .await?;
        audit::add(db, entry).await?;
        match webhook.is_disabled {
            true => give_up(db, &webhook.id).await,
            false => Ok(()),
        }
    };
    transaction(pool, all).await
}

async fn give_up(db: &mut SqliteConnection, id: &str) -> Result<(), StoreError> {
    for statement in [
        // First, so that of each that is given up nobody looks for the one behind it.
        "DELETE FROM delivery_heads WHERE webhook = ?1",
        "UPDATE deliveries SET state = 2, fault = 'disabled' WHERE webhook = ?1 AND state = 0",
    ] {
        sqlx::query(statement).bind(id).execute(&mut *db).await?;
    }
    Ok(())
}

/// Disables a webhook, which the bridge does by itself, unless it has another address by now.
pub(super) async fn disable(pool: &SqlitePool, id: &str, url: &str, at_ms: i64) -> Result<(), StoreError> {
    let all = async |db: &mut SqliteConnection| {
        let disabled = sqlx::query(
            "UPDATE webhooks SET is_disabled = 1 WHERE id = ?1 AND url = ?2 AND NOT is_disabled RETURNING subscriber_sid",
        );
        let Some(row) = disabled.bind(id).bind(url).fetch_optional(&mut *db).await? else {
            return Ok(());
        };
        let entry = AuditEntry {
            at_ms,
            actor: Actor::Bridge,
            owner: sid(&row, "subscriber_sid")?,
            action: "disable",
            object: format!("webhook {id}"),
        };
        audit::add(db, &entry).await?;
        give_up(db, id).await
    };
    transaction(pool, all).await
}

/// Takes a webhook away.
pub(super) async fn remove(pool: &SqlitePool, id: &str, entry: &AuditEntry) -> Result<(), StoreError> {
    let all = async |db: &mut SqliteConnection| {
        sqlx::query("DELETE FROM webhooks WHERE id = ?1")
            .bind(id)
            .execute(&mut *db)
            .await?;
        audit::add(db, entry).await
    };
    transaction(pool, all).await
}

/// The patterns of types as they are written.
pub(super) fn types_of(row: &SqliteRow) -> Result<Vec<String>, StoreError> {
    let text: String = row.try_get("types")?;
    serde_json::from_str(&text).map_err(|error| StoreError::Damaged(format!("types of a webhook: {error}")))
}

fn webhook(row: &SqliteRow) -> Result<Webhook, StoreError> {
    let (old, until): (Option<Vec<u8>>, Option<i64>) =
        (row.try_get("old_secret")?, row.try_get("old_until_ms")?);
    Ok(Webhook {
        id: row.try_get("id")?,
        subscriber_sid: sid(row, "subscriber_sid")?,
        is_callback: row.try_get("is_callback")?,
        url: row.try_get("url")?,
        types: types_of(row)?,
        description: row.try_get("description")?,
        is_disabled: row.try_get("is_disabled")?,
        created_ms: row.try_get("created_ms")?,
        secret: row.try_get("secret")?,
        old_secret: old.zip(until),
    })
}
