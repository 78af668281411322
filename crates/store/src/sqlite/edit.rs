use model::Actor;
use model::directory::{Did, DidGroup, DidGroupReference, Edit, Room, Subscriber};
use model::{DidGroupId, DidId, MeetingNumber, Sid, attribute::Overrides};
use sqlx::sqlite::SqliteQueryResult;
use sqlx::{SqliteConnection, SqlitePool};

use super::audit;
use super::fault::fit;
use super::sequence::spend;
use super::transaction::transaction;
use crate::{IdKind, StoreError};

type Written = Result<(), StoreError>;

/// Writes `edits` with their audit rows, all or none.
pub(super) async fn write(pool: &SqlitePool, actor: &Actor, edits: &[Edit], now_ms: i64) -> Written {
    let all = async |db: &mut SqliteConnection| {
        for edit in edits {
            let before = audit::tenants(db, edit).await?;
            apply(db, edit).await?;
            let after = audit::tenants(db, edit).await?;
            audit::note_edit(db, (now_ms, actor), edit, [before, after]).await?;
        }
        Ok(())
    };
    transaction(pool, all).await
}

async fn apply(db: &mut SqliteConnection, edit: &Edit) -> Written {
    match edit {
        Edit::PutSubscriber(subscriber) => put_subscriber(db, subscriber).await,
        Edit::DeleteSubscriber(sid) => delete_subscriber(db, sid).await,
        Edit::PutGroup(group) => put_group(db, group).await,
        Edit::DeleteGroup(id) => delete_group(db, *id).await,
        Edit::PutDid(did) => put_did(db, did).await,
        Edit::DeleteDid(id) => delete_did(db, *id).await,
        Edit::PutRoom(room) => put_room(db, room).await,
        Edit::RenumberRoom { from, room } => {
            delete_room(db, *from).await?;
            put_room(db, room).await
        }
        Edit::DeleteRoom(number) => delete_room(db, *number).await,
    }
}

async fn put_subscriber(db: &mut SqliteConnection, subscriber: &Subscriber) -> Written {
    let sid = subscriber.sid.as_str();
    let callback_id = match &subscriber.callback {
        Some(callback) => Some(fit(callback.id, || format!("subscriber {sid}"), "callback")?),
        None => None,
    };
    sqlx::query(
        "INSERT INTO subscribers (sid, parent_sid, login, password_hash, authentication_token, created_ms,
             first_name, last_name, email, phone_number, ext, details, external_id, role, callback_id, callback_url)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16)
         ON CONFLICT (sid) DO UPDATE SET parent_sid = ?2, login = ?3, password_hash = ?4, authentication_token = ?5,
             created_ms = ?6, first_name = ?7, last_name = ?8, email = ?9, phone_number = ?10, ext = ?11, details = ?12,
             external_id = ?13, role = ?14, callback_id = ?15, callback_url = ?16",
    )
    .bind(sid)
    .bind(subscriber.parent_sid.as_ref().map(Sid::as_str))
    .bind(&subscriber.login)
    .bind(&subscriber.password_hash)
    .bind(&subscriber.authentication_token)
    .bind(subscriber.created_ms)
    .bind(&subscriber.first_name)
    .bind(&subscriber.last_name)
    .bind(&subscriber.email)
    .bind(&subscriber.phone_number)
    .bind(&subscriber.ext)
    .bind(&subscriber.details)
    .bind(subscriber.external_id)
    .bind(subscriber.role as i64)
    .bind(callback_id)
    .bind(subscriber.callback.as_ref().map(|callback| &callback.url))
    .execute(&mut *db)
    .await?;
    if let Some(id) = callback_id {
        spend(db, IdKind::Callback, id).await?;
    }
    put_subscriber_references(db, sid, &subscriber.did_group_references).await
}

async fn put_subscriber_references(
    db: &mut SqliteConnection,
    sid: &str,
    references: &[DidGroupReference],
) -> Written {
    sqlx::query("DELETE FROM subscriber_did_groups WHERE sid = ?1")
        .bind(sid)
        .execute(&mut *db)
        .await?;
    for (reference, position) in references.iter().zip(0i64..) {
        let id = group_id(reference.did_group_id)?;
        sqlx::query("INSERT INTO subscriber_did_groups (sid, position, did_group_id, disabled) VALUES (?1, ?2, ?3, ?4)")
            .bind(sid)
            .bind(position)
            .bind(id)
            .bind(reference.disabled)
            .execute(&mut *db)
            .await?;
    }
    Ok(())
}

async fn delete_subscriber(db: &mut SqliteConnection, sid: &Sid) -> Written {
    let done = sqlx::query("DELETE FROM subscribers WHERE sid = ?1")
        .bind(sid.as_str())
        .execute(db)
        .await?;
    exactly_one(&done, || format!("subscriber {sid}"))
}

async fn put_group(db: &mut SqliteConnection, group: &DidGroup) -> Written {
    let id = group_id(group.id)?;
    sqlx::query(
        "INSERT INTO did_groups (id, name, description, call_flow_id, subscriber_sid, attributes)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6)
         ON CONFLICT (id) DO UPDATE SET name = ?2, description = ?3, call_flow_id = ?4, subscriber_sid = ?5, attributes = ?6",
    )
    .bind(id)
    .bind(&group.name)
    .bind(&group.description)
    .bind(fit(group.call_flow.id(), || format!("DID group {}", group.id), "callFlowId")?)
    .bind(group.subscriber_sid.as_str())
    .bind(attributes_text(&group.attributes))
    .execute(&mut *db)
    .await?;
    spend(db, IdKind::DidGroup, id).await
}

async fn delete_group(db: &mut SqliteConnection, id: DidGroupId) -> Written {
    let done = sqlx::query("DELETE FROM did_groups WHERE id = ?1")
        .bind(group_id(id)?)
        .execute(db)
        .await?;
    exactly_one(&done, || format!("DID group {id}"))
}

async fn put_did(db: &mut SqliteConnection, did: &Did) -> Written {
    let id = did_id(did.id)?;
    sqlx::query(
        "INSERT INTO dids (id, phone_number, country_code, description, did_group_id, attributes)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6)
         ON CONFLICT (id) DO UPDATE SET phone_number = ?2, country_code = ?3, description = ?4, did_group_id = ?5,
             attributes = ?6",
    )
    .bind(id)
    .bind(&did.phone_number)
    .bind(&did.country_code)
    .bind(&did.description)
    .bind(group_id(did.did_group_id)?)
    .bind(attributes_text(&did.attributes))
    .execute(&mut *db)
    .await?;
    spend(db, IdKind::Did, id).await
}

async fn delete_did(db: &mut SqliteConnection, id: DidId) -> Written {
    let done = sqlx::query("DELETE FROM dids WHERE id = ?1")
        .bind(did_id(id)?)
        .execute(db)
        .await?;
    exactly_one(&done, || format!("DID {id}"))
}

async fn put_room(db: &mut SqliteConnection, room: &Room) -> Written {
    let number = room.meeting_number;
    sqlx::query(
        "INSERT INTO rooms (meeting_number, created_ms, description, call_flow_id, attributes, primary_did_group_id,
             subscriber_sid)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
         ON CONFLICT (meeting_number) DO UPDATE SET created_ms = ?2, description = ?3, call_flow_id = ?4,
             attributes = ?5, primary_did_group_id = ?6, subscriber_sid = ?7",
    )
    .bind(number.0)
    .bind(room.created_ms)
    .bind(&room.description)
    .bind(fit(room.call_flow.id(), || format!("room {number}"), "callFlowId")?)
    .bind(attributes_text(&room.attributes))
    .bind(group_id(room.primary_did_group_id)?)
    .bind(room.subscriber_sid.as_str())
    .execute(&mut *db)
    .await?;
    put_room_references(db, number, &room.did_group_references).await?;
    put_keychain(db, room).await
}

async fn put_room_references(
    db: &mut SqliteConnection,
    number: MeetingNumber,
    references: &[DidGroupReference],
) -> Written {
    sqlx::query("DELETE FROM room_did_groups WHERE meeting_number = ?1")
        .bind(number.0)
        .execute(&mut *db)
        .await?;
    for (reference, position) in references.iter().zip(0i64..) {
        let id = group_id(reference.did_group_id)?;
        sqlx::query(
            "INSERT INTO room_did_groups (meeting_number, position, did_group_id, disabled) VALUES (?1, ?2, ?3, ?4)",
        )
        .bind(number.0)
        .bind(position)
        .bind(id)
        .bind(reference.disabled)
        .execute(&mut *db)
        .await?;
    }
    Ok(())
}

async fn put_keychain(db: &mut SqliteConnection, room: &Room) -> Written {
    let number = room.meeting_number;
    sqlx::query("DELETE FROM keys WHERE meeting_number = ?1")
        .bind(number.0)
        .execute(&mut *db)
        .await?;
    let mut highest = None;
    for (key, position) in room.keychain.iter().zip(0i64..) {
        let id = fit(key.id.0, || format!("room {number}"), "keychain")?;
        highest = highest.max(Some(id));
        sqlx::query(
            "INSERT INTO keys (meeting_number, position, id, access_code, role) VALUES (?1, ?2, ?3, ?4, ?5)",
        )
        .bind(number.0)
        .bind(position)
        .bind(id)
        .bind(&key.access_code)
        .bind(key.role as i64)
        .execute(&mut *db)
        .await?;
    }
    match highest {
        Some(id) => spend(db, IdKind::Key, id).await,
        None => Ok(()),
    }
}

async fn delete_room(db: &mut SqliteConnection, number: MeetingNumber) -> Written {
    let done = sqlx::query("DELETE FROM rooms WHERE meeting_number = ?1")
        .bind(number.0)
        .execute(db)
        .await?;
    exactly_one(&done, || format!("room {number}"))
}

fn group_id(id: DidGroupId) -> Result<i64, StoreError> {
    fit(id.0, || format!("DID group {id}"), "id")
}

fn did_id(id: DidId) -> Result<i64, StoreError> {
    fit(id.0, || format!("DID {id}"), "id")
}

/// Overrides as one JSON object.
fn attributes_text(attributes: &Overrides) -> String {
    let pairs = attributes
        .iter()
        .map(|(id, text)| (id.row().name.to_owned(), text.into()));
    serde_json::Value::Object(pairs.collect()).to_string()
}

/// Memory said the object is there; if the disk has none, they have parted.
fn exactly_one(done: &SqliteQueryResult, object: impl FnOnce() -> String) -> Written {
    match done.rows_affected() {
        1 => Ok(()),
        _ => Err(StoreError::Damaged(format!("{} is not on disk", object()))),
    }
}
