//! Who changed what, and whose it was: one row a change, seen by everybody at or above the owner of what was changed.

use std::collections::BTreeSet;

use model::directory::{Edit, Subscriber};
use model::query::Query;
use model::{Actor, LegId, Sid};
use sqlx::sqlite::SqliteRow;
use sqlx::{Row, SqliteConnection};

use super::fault::whole;
use super::lists::Lists;
use super::owners::above;
use super::query::Table;
use crate::assemble::{action, describe};
use crate::{AuditEntry, AuditLine, Records, Scope, StoreError};

/// Notes who made which edit, and when; it is seen by all who saw its object `before` or see it `after`. What nobody saw before was made.
pub(super) async fn note_edit(
    db: &mut SqliteConnection,
    (now_ms, actor): (i64, &Actor),
    edit: &Edit,
    [before, after]: [BTreeSet<Sid>; 2],
) -> Result<(), StoreError> {
    let (action, object) = (action(edit, before.is_empty()), describe(edit));
    put(db, (now_ms, actor, action, object.as_str()), &(&before | &after)).await
}

/// Notes something done to what is live.
pub(super) async fn add(db: &mut SqliteConnection, entry: &AuditEntry) -> Result<(), StoreError> {
    let tenants = above(db, &entry.owner).await?;
    let AuditEntry {
        at_ms,
        actor,
        action,
        object,
        ..
    } = entry;
    let tenants = tenants.into_iter().collect();
    put(db, (*at_ms, actor, *action, object.as_str()), &tenants).await
}

async fn put(
    db: &mut SqliteConnection,
    (at_ms, actor, action, object): (i64, &Actor, &str, &str),
    tenants: &BTreeSet<Sid>,
) -> Result<(), StoreError> {
    let done = sqlx::query("INSERT INTO audit (at_ms, actor, action, object) VALUES (?1, ?2, ?3, ?4)")
        .bind(at_ms)
        .bind(actor_text(actor))
        .bind(action)
        .bind(object)
        .execute(&mut *db)
        .await?;
    for sid in tenants {
        sqlx::query("INSERT INTO audit_tenants (sid, audit, at_ms) VALUES (?1, ?2, ?3)")
            .bind(sid.as_str())
            .bind(done.last_insert_rowid())
            .bind(at_ms)
            .execute(&mut *db)
            .await?;
    }
    Ok(())
}

/// Who sees the objects of `edit` as they are on disk now: their owners and all above them. Nobody where there are none.
pub(super) async fn tenants(db: &mut SqliteConnection, edit: &Edit) -> Result<BTreeSet<Sid>, StoreError> {
    const GROUP: &str = "SELECT subscriber_sid FROM did_groups WHERE id = ?1";
    const DID: &str = "SELECT subscriber_sid FROM did_groups
        WHERE id = (SELECT did_group_id FROM dids WHERE dids.id = ?1)";
    const ROOM: &str = "SELECT subscriber_sid FROM rooms WHERE meeting_number = ?1";
    let owners = match edit {
        // A subscriber sees what is done to it.
        Edit::PutSubscriber(Subscriber { sid, .. }) | Edit::DeleteSubscriber(sid) => itself(db, sid).await?,
        Edit::PutGroup(group) => owner(db, GROUP, group.id.0).await?,
        Edit::DeleteGroup(id) => owner(db, GROUP, id.0).await?,
        Edit::PutDid(did) => owner(db, DID, did.id.0).await?,
        Edit::DeleteDid(id) => owner(db, DID, id.0).await?,
        Edit::PutRoom(room) => owner(db, ROOM, room.meeting_number.0.into()).await?,
        Edit::DeleteRoom(number) => owner(db, ROOM, number.0.into()).await?,
        Edit::RenumberRoom { from, room } => {
            let mut owners = owner(db, ROOM, from.0.into()).await?;
            owners.extend(owner(db, ROOM, room.meeting_number.0.into()).await?);
            owners
        }
    };
    let mut tenants = BTreeSet::new();
    for owner in owners {
        tenants.extend(above(db, &owner).await?);
    }
    Ok(tenants)
}

/// The subscriber of `sid`, where there is one.
async fn itself(db: &mut SqliteConnection, sid: &Sid) -> Result<Vec<Sid>, StoreError> {
    let known: Option<String> = sqlx::query_scalar("SELECT sid FROM subscribers WHERE sid = ?1")
        .bind(sid.as_str())
        .fetch_optional(db)
        .await?;
    Ok(known.iter().map(|sid| Sid::new(sid)).collect())
}

async fn owner(db: &mut SqliteConnection, statement: &'static str, id: u64) -> Result<Vec<Sid>, StoreError> {
    // No object has an id that no column can hold.
    let Ok(id) = i64::try_from(id) else {
        return Ok(Vec::new());
    };
    let owner: Option<String> = sqlx::query_scalar(statement).bind(id).fetch_optional(db).await?;
    Ok(owner.iter().map(|sid| Sid::new(sid)).collect())
}

/// What is seen by each tenant: its `subscriber_sid` is who sees it, not who did it.
pub(super) const SEEN: Table = Table {
    name: "audit_seen",
    // Who stood above saw each change from the first.
    outlives: false,
    id: "id",
    fields: &[
        ("action", "action"),
        ("created", "at_ms"),
        ("id", "id"),
        ("object", "object"),
        (
            "subscriberSid",
            "CASE WHEN actor LIKE 'user %' THEN substr(actor, 6) END",
        ),
    ],
    sought: &["object"],
    timed: None,
    counted: Some("audit"),
};

/// One page of the changes in the tree of `top`.
pub(super) async fn read(lists: &Lists, top: &Sid, query: &Query) -> Result<Records<AuditLine>, StoreError> {
    SEEN.read(lists, &Scope::tenant(top.clone()), query, line).await
}

fn line(row: &SqliteRow) -> Result<AuditLine, StoreError> {
    Ok(AuditLine {
        id: whole(row.try_get("id")?, "id")?,
        at_ms: row.try_get("at_ms")?,
        actor: actor(row)?,
        action: row.try_get("action")?,
        object: row.try_get("object")?,
    })
}

fn actor(row: &SqliteRow) -> Result<Actor, StoreError> {
    let text: &str = row.try_get("actor")?;
    actor_of(text).ok_or_else(|| StoreError::Damaged(format!("{text} is no actor")))
}

/// An actor in words.
pub(super) fn actor_text(actor: &Actor) -> String {
    match actor {
        Actor::Leg(leg) => format!("leg {leg}"),
        Actor::User(sid) => format!("user {sid}"),
        Actor::Bridge => "bridge".to_owned(),
    }
}

/// The actor that was put in words.
pub(super) fn actor_of(text: &str) -> Option<Actor> {
    if text == "bridge" {
        return Some(Actor::Bridge);
    }
    match text.split_once(' ')? {
        ("leg", leg) => leg.parse().ok().map(|leg| Actor::Leg(LegId(leg))),
        ("user", sid) => Some(Actor::User(Sid::new(sid))),
        _ => None,
    }
}
