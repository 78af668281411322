use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, SqliteConnection, SqlitePool};

use super::lists::{LISTERS, Lists};
use super::schema::{APPLICATION_ID, LATEST, migrate};
use super::{SqliteStore, files, interrupted};
use crate::StoreError;

/// Connections that read.
const READERS: u32 = 3;
/// Rows that a reading thread is ahead of us: few changes between the two threads when all is loaded.
const ROWS_AHEAD: usize = 1000;
/// Longest wait for a connection or for SQLite's own locks.
const PATIENCE: Duration = Duration::from_secs(5);
/// Tables that are read whole at the start; records would take too long to check.
const CHECKED: [&str; 8] = [
    "PRAGMA quick_check(subscribers)",
    "PRAGMA quick_check(did_groups)",
    "PRAGMA quick_check(dids)",
    "PRAGMA quick_check(rooms)",
    "PRAGMA quick_check(keys)",
    "PRAGMA quick_check(room_did_groups)",
    "PRAGMA quick_check(subscriber_did_groups)",
    "PRAGMA quick_check(sequences)",
];

pub(super) async fn open(path: &Path) -> Result<SqliteStore, StoreError> {
    files::make_folder(path)?;
    let lock = files::lock(path)?;
    files::prepare(path)?;
    check_owner(path).await?;
    let writer = pool(options(path), 1).await?;
    migrate(&writer).await?;
    check_pages(&writer).await?;
    interrupted::close(&writer).await?;
    let reading = options(path).read_only(true).row_buffer_size(ROWS_AHEAD);
    let readers = pool(reading.clone(), READERS).await?;
    let lists = pool(reading, LISTERS).await?;
    let lists = Lists::new(lists, writer.clone(), path);
    Ok(SqliteStore {
        writer,
        readers,
        lists,
        overflowed: AtomicU64::new(0),
        expired: AtomicU64::new(0),
        lock: Mutex::new(Some(lock)),
    })
}

fn options(path: &Path) -> SqliteConnectOptions {
    bare_options(path)
        .journal_mode(SqliteJournalMode::Wal)
        // With NORMAL a power cut may take back what was acknowledged.
        .synchronous(SqliteSynchronous::Full)
        .foreign_keys(true)
}

fn bare_options(path: &Path) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(false)
        .busy_timeout(PATIENCE)
        // Statements carry password hashes and access codes.
        .disable_statement_logging()
}

async fn pool(options: SqliteConnectOptions, connections: u32) -> Result<SqlitePool, StoreError> {
    let pool = SqlitePoolOptions::new()
        .max_connections(connections)
        .acquire_timeout(PATIENCE)
        .idle_timeout(None)
        .max_lifetime(None)
        .connect_with(options);
    Ok(pool.await?)
}

/// Refuses files of other programs and of later versions, leaving them as they are; marks a new file as ours.
async fn check_owner(path: &Path) -> Result<(), StoreError> {
    let mut db = bare_options(path).connect().await?;
    let id: i32 = sqlx::query_scalar("PRAGMA application_id")
        .fetch_one(&mut db)
        .await?;
    let objects: i64 = sqlx::query_scalar("SELECT count(*) FROM sqlite_schema")
        .fetch_one(&mut db)
        .await?;
    let found = match (id, objects) {
        (0, 0) => mark(&mut db).await.map(|()| None)?,
        (APPLICATION_ID, _) => later_schema(&mut db).await?,
        (_, _) => Some(format!("a database with application id {id}")),
    };
    db.close().await?;
    match found {
        None => Ok(()),
        Some(found) => Err(StoreError::Foreign {
            path: path.to_owned(),
            found,
        }),
    }
}

async fn mark(db: &mut SqliteConnection) -> Result<(), StoreError> {
    // A pragma takes no bound values; this one is a constant.
    let statement = AssertSqlSafe(format!("PRAGMA application_id = {APPLICATION_ID}"));
    sqlx::query(statement).execute(db).await?;
    Ok(())
}

/// The schema of a later version, in words, if it is one.
async fn later_schema(db: &mut SqliteConnection) -> Result<Option<String>, StoreError> {
    let steps: i64 = sqlx::query_scalar("SELECT count(*) FROM sqlite_schema WHERE name = '_sqlx_migrations'")
        .fetch_one(&mut *db)
        .await?;
    if steps == 0 {
        return Ok(None);
    }
    let newest: i64 = sqlx::query_scalar("SELECT coalesce(max(version), 0) FROM _sqlx_migrations")
        .fetch_one(db)
        .await?;
    let later = newest > LATEST;
    Ok(later.then(|| format!("it has schema {newest} of a later version, this one knows {LATEST}")))
}

async fn check_pages(pool: &SqlitePool) -> Result<(), StoreError> {
    for statement in CHECKED {
        let found: String = sqlx::query_scalar(statement).fetch_one(pool).await?;
        if found != "ok" {
            return Err(StoreError::Damaged(found));
        }
    }
    Ok(())
}

/// Moves the write-ahead log into the main file and empties it.
pub(super) async fn checkpoint(pool: &SqlitePool) -> Result<(), StoreError> {
    sqlx::query("PRAGMA wal_checkpoint(TRUNCATE)")
        .execute(pool)
        .await?;
    Ok(())
}

/// Does the same, but not while somebody reads what was there before the newest changes: until that is over all changes would wait.
pub(super) async fn checkpoint_unless_read(pool: &SqlitePool) -> Result<(), StoreError> {
    let mut db = pool.acquire().await?;
    // This one waits for nobody, and moves what it can (https://sqlite.org/pragma.html#pragma_wal_checkpoint).
    let (_, all, moved): (i64, i64, i64) = sqlx::query_as("PRAGMA wal_checkpoint(PASSIVE)")
        .fetch_one(&mut *db)
        .await?;
    if moved == all {
        sqlx::query("PRAGMA wal_checkpoint(TRUNCATE)")
            .execute(&mut *db)
            .await?;
    }
    Ok(())
}
