use sqlx::migrate::MigrateError;

use crate::StoreError;

// Primary result codes (https://sqlite.org/rescode.html); the low byte of an extended code.
const PERM: i32 = 3;
const READONLY: i32 = 8;
const CORRUPT: i32 = 11;
const FULL: i32 = 13;
const CANTOPEN: i32 = 14;
const NOTADB: i32 = 26;

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        let text = error.to_string();
        let code = error.as_database_error().and_then(|e| e.code());
        let primary = code
            .and_then(|code| code.parse::<i32>().ok())
            .map(|code| code & 0xff);
        match (primary, error) {
            (Some(FULL), _) => Self::Full,
            (Some(CORRUPT | NOTADB), _) => Self::Damaged(text),
            (Some(PERM | READONLY | CANTOPEN), _) => Self::NotWritable(text),
            (_, sqlx::Error::ColumnDecode { .. } | sqlx::Error::Decode(_)) => Self::Damaged(text),
            (_, sqlx::Error::Migrate(error)) => (*error).into(),
            (_, _) => Self::Failed(text),
        }
    }
}

impl From<MigrateError> for StoreError {
    fn from(error: MigrateError) -> Self {
        let text = format!("its schema could not be brought up to date: {error}");
        let (MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _)) = error else {
            return Self::Failed(text);
        };
        error.into()
    }
}

/// A number of ours as SQLite keeps it.
pub(super) fn fit(
    number: u64,
    object: impl FnOnce() -> String,
    field: &'static str,
) -> Result<i64, StoreError> {
    i64::try_from(number).map_err(|_| StoreError::Unstorable {
        object: object(),
        field,
    })
}

/// A number of ours as read from a column.
pub(super) fn whole<T: TryFrom<i64>>(number: i64, column: &str) -> Result<T, StoreError> {
    T::try_from(number).map_err(|_| StoreError::Damaged(format!("{number} is no {column}")))
}
