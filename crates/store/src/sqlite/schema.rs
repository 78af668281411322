use sqlx::migrate::{Migration, MigrationType, Migrator};
use sqlx::{SqlSafeStr, SqlitePool};

use crate::StoreError;

/// `PRTY`; tells our files from those of other programs (https://sqlite.org/pragma.html#pragma_application_id).
pub(super) const APPLICATION_ID: i32 = 0x5052_5459;

const STEPS: [(&str, &str); 13] = [
    (
        "directory",
        include_str!("../../migrations/sqlite/0001_directory.sql"),
    ),
    (
        "records",
        include_str!("../../migrations/sqlite/0002_records.sql"),
    ),
    (
        "open calls",
        include_str!("../../migrations/sqlite/0003_open_calls.sql"),
    ),
    (
        "requests",
        include_str!("../../migrations/sqlite/0004_requests.sql"),
    ),
    ("audit", include_str!("../../migrations/sqlite/0005_audit.sql")),
    (
        "happenings",
        include_str!("../../migrations/sqlite/0006_happenings.sql"),
    ),
    (
        "former subscribers",
        include_str!("../../migrations/sqlite/0007_former_subscribers.sql"),
    ),
    ("lists", include_str!("../../migrations/sqlite/0008_lists.sql")),
    (
        "audit by time",
        include_str!("../../migrations/sqlite/0009_audit_by_time.sql"),
    ),
    (
        "request bytes",
        include_str!("../../migrations/sqlite/0010_request_bytes.sql"),
    ),
    (
        "delivery heads",
        include_str!("../../migrations/sqlite/0011_delivery_heads.sql"),
    ),
    (
        "gone webhooks",
        include_str!("../../migrations/sqlite/0012_gone_webhooks.sql"),
    ),
    (
        "request tenants",
        include_str!("../../migrations/sqlite/0013_request_tenants.sql"),
    ),
];

/// Brings the schema up to date, one transaction a step. A step that was ever released is never changed.
pub(super) async fn migrate(pool: &SqlitePool) -> Result<(), StoreError> {
    migrate_to(pool, STEPS.len()).await
}

/// Takes so many of the steps at most, as an earlier version did that knew no others.
pub(super) async fn migrate_to(pool: &SqlitePool, count: usize) -> Result<(), StoreError> {
    let first = STEPS.iter().take(count);
    let steps = first.zip(1..).map(|((name, sql), version)| {
        Migration::new(
            version,
            (*name).into(),
            MigrationType::Simple,
            sql.into_sql_str(),
            false,
        )
    });
    Ok(Migrator::with_migrations(steps.collect()).run(pool).await?)
}

/// Number of the latest step.
pub(super) const LATEST: i64 = STEPS.len() as i64;
