use std::collections::{BTreeMap, HashMap};

use model::attribute::{Level, Overrides};
use model::directory::{
    CallFlow, Callback, Did, DidGroup, DidGroupReference, Directory, Key, Room, Subscriber, SubscriberRole,
};
use model::{DidGroupId, DidId, KeyId, MeetingNumber, Role, Sid};
use sqlx::sqlite::SqliteRow;
use sqlx::{Row, SqliteConnection, SqlitePool};

use super::fault::whole;
use crate::StoreError;
use crate::assemble::{Objects, describe};

/// Reads the whole directory at one moment and checks it by the rules of edits.
pub(super) async fn load(pool: &SqlitePool) -> Result<Directory, StoreError> {
    let mut tx = pool.begin().await?;
    let objects = Objects {
        subscribers: subscribers(&mut tx).await?,
        groups: groups(&mut tx).await?,
        dids: dids(&mut tx).await?,
        rooms: rooms(&mut tx).await?,
    };
    tx.commit().await?;
    let mut directory = Directory::default();
    for edit in objects.edits() {
        let object = describe(&edit);
        directory = directory
            .edited(edit)
            .map_err(|error| StoreError::Damaged(format!("{object}: {error}")))?;
    }
    Ok(directory)
}

type Read<T> = Result<T, StoreError>;

async fn subscribers(db: &mut SqliteConnection) -> Read<Vec<Subscriber>> {
    let rows =
        sqlx::query("SELECT sid, did_group_id, disabled FROM subscriber_did_groups ORDER BY sid, position");
    let mut references: HashMap<String, Vec<DidGroupReference>> = HashMap::new();
    for row in rows.fetch_all(&mut *db).await? {
        references
            .entry(row.try_get("sid")?)
            .or_default()
            .push(reference(&row)?);
    }
    let rows = sqlx::query("SELECT * FROM subscribers").fetch_all(db).await?;
    let mut subscribers: Vec<_> = rows.iter().map(subscriber).collect::<Read<_>>()?;
    for subscriber in &mut subscribers {
        subscriber.did_group_references = references.remove(subscriber.sid.as_str()).unwrap_or_default();
    }
    Ok(subscribers)
}

fn subscriber(row: &SqliteRow) -> Read<Subscriber> {
    let role: i64 = row.try_get("role")?;
    Ok(Subscriber {
        sid: sid(row, "sid")?,
        parent_sid: row
            .try_get::<Option<String>, _>("parent_sid")?
            .as_deref()
            .map(Sid::new),
        login: row.try_get("login")?,
        password_hash: row.try_get("password_hash")?,
        authentication_token: row.try_get("authentication_token")?,
        created_ms: row.try_get("created_ms")?,
        first_name: row.try_get("first_name")?,
        last_name: row.try_get("last_name")?,
        email: row.try_get("email")?,
        phone_number: row.try_get("phone_number")?,
        ext: row.try_get("ext")?,
        details: row.try_get("details")?,
        external_id: row.try_get("external_id")?,
        role: SubscriberRole::from_wire(role).ok_or_else(|| damaged("subscriber role", role))?,
        did_group_references: Vec::new(),
        callback: callback(row)?,
    })
}

fn callback(row: &SqliteRow) -> Read<Option<Callback>> {
    let id: Option<i64> = row.try_get("callback_id")?;
    let url: Option<String> = row.try_get("callback_url")?;
    let (Some(id), Some(url)) = (id, url) else {
        return Ok(None);
    };
    let id = whole(id, "callback id")?;
    Ok(Some(Callback { id, url }))
}

async fn groups(db: &mut SqliteConnection) -> Read<Vec<DidGroup>> {
    let rows = sqlx::query("SELECT * FROM did_groups").fetch_all(db).await?;
    rows.iter().map(group).collect()
}

fn group(row: &SqliteRow) -> Read<DidGroup> {
    Ok(DidGroup {
        id: DidGroupId(number(row, "id")?),
        name: row.try_get("name")?,
        description: row.try_get("description")?,
        call_flow: call_flow(row)?,
        subscriber_sid: sid(row, "subscriber_sid")?,
        attributes: attributes(row, Level::Group)?,
    })
}

async fn dids(db: &mut SqliteConnection) -> Read<Vec<Did>> {
    let rows = sqlx::query("SELECT * FROM dids").fetch_all(db).await?;
    rows.iter().map(did).collect()
}

fn did(row: &SqliteRow) -> Read<Did> {
    Ok(Did {
        id: DidId(number(row, "id")?),
        phone_number: row.try_get("phone_number")?,
        country_code: row.try_get("country_code")?,
        description: row.try_get("description")?,
        did_group_id: DidGroupId(number(row, "did_group_id")?),
        attributes: attributes(row, Level::Did)?,
    })
}

async fn rooms(db: &mut SqliteConnection) -> Read<Vec<Room>> {
    let mut references = room_references(db).await?;
    let mut keychains = keychains(db).await?;
    let rows = sqlx::query("SELECT * FROM rooms").fetch_all(db).await?;
    let mut rooms: Vec<_> = rows.iter().map(room).collect::<Read<_>>()?;
    for room in &mut rooms {
        room.did_group_references = references.remove(&room.meeting_number).unwrap_or_default();
        room.keychain = keychains.remove(&room.meeting_number).unwrap_or_default();
    }
    Ok(rooms)
}

async fn room_references(db: &mut SqliteConnection) -> Read<HashMap<MeetingNumber, Vec<DidGroupReference>>> {
    let rows = sqlx::query(
        "SELECT meeting_number, did_group_id, disabled FROM room_did_groups ORDER BY meeting_number, position",
    );
    let mut references: HashMap<_, Vec<_>> = HashMap::new();
    for row in rows.fetch_all(db).await? {
        references
            .entry(meeting_number(&row)?)
            .or_default()
            .push(reference(&row)?);
    }
    Ok(references)
}

async fn keychains(db: &mut SqliteConnection) -> Read<HashMap<MeetingNumber, Vec<Key>>> {
    let rows = sqlx::query(
        "SELECT meeting_number, id, access_code, role FROM keys ORDER BY meeting_number, position",
    );
    let mut keychains: HashMap<_, Vec<_>> = HashMap::new();
    for row in rows.fetch_all(db).await? {
        keychains
            .entry(meeting_number(&row)?)
            .or_default()
            .push(key(&row)?);
    }
    Ok(keychains)
}

fn room(row: &SqliteRow) -> Read<Room> {
    Ok(Room {
        meeting_number: meeting_number(row)?,
        created_ms: row.try_get("created_ms")?,
        description: row.try_get("description")?,
        call_flow: call_flow(row)?,
        attributes: attributes(row, Level::Room)?,
        did_group_references: Vec::new(),
        keychain: Vec::new(),
        primary_did_group_id: DidGroupId(number(row, "primary_did_group_id")?),
        subscriber_sid: sid(row, "subscriber_sid")?,
    })
}

fn key(row: &SqliteRow) -> Read<Key> {
    let role: i64 = row.try_get("role")?;
    Ok(Key {
        id: KeyId(number(row, "id")?),
        access_code: row.try_get("access_code")?,
        role: Role::from_wire(role).ok_or_else(|| damaged("role", role))?,
    })
}

fn reference(row: &SqliteRow) -> Read<DidGroupReference> {
    Ok(DidGroupReference {
        did_group_id: DidGroupId(number(row, "did_group_id")?),
        disabled: row.try_get("disabled")?,
    })
}

fn meeting_number(row: &SqliteRow) -> Read<MeetingNumber> {
    Ok(MeetingNumber(number(row, "meeting_number")?))
}

fn call_flow(row: &SqliteRow) -> Read<CallFlow> {
    let id: i64 = row.try_get("call_flow_id")?;
    let flow = u64::try_from(id).ok().and_then(CallFlow::from_id);
    flow.ok_or_else(|| damaged("call flow", id))
}

fn attributes(row: &SqliteRow, level: Level) -> Read<Overrides> {
    let text: String = row.try_get("attributes")?;
    let pairs: BTreeMap<String, String> =
        serde_json::from_str(&text).map_err(|error| StoreError::Damaged(format!("attributes: {error}")))?;
    let mut overrides = Overrides::new(level);
    for (name, value) in pairs {
        overrides
            .put(&name, &value)
            .map_err(|error| StoreError::Damaged(error.to_string()))?;
    }
    Ok(overrides)
}

/// A column that holds one of our numbers.
pub(super) fn number<T: TryFrom<i64>>(row: &SqliteRow, column: &str) -> Read<T> {
    whole(row.try_get(column)?, column)
}

/// A column that holds a secure id.
pub(super) fn sid(row: &SqliteRow, column: &str) -> Read<Sid> {
    Ok(Sid::new(row.try_get(column)?))
}

fn damaged(what: &str, found: i64) -> StoreError {
    StoreError::Damaged(format!("{found} is no {what}"))
}
