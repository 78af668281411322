use std::fs::{DirBuilder, File, OpenOptions, Permissions, TryLockError};
use std::io::{self, Read};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use crate::StoreError;

/// Only our user may read the file: it holds access codes and password hashes.
const FILE_MODE: u32 = 0o600;
const FOLDER_MODE: u32 = 0o700;

/// First bytes of every SQLite database (https://sqlite.org/fileformat2.html, section 1.3).
const MAGIC: &[u8; 16] = b"SQLite format 3\0";

fn not_writable(path: &Path) -> impl FnOnce(io::Error) -> StoreError {
    move |error| StoreError::NotWritable(format!("{}: {error}", path.display()))
}

/// Makes the folder of `path` where it is missing; one that is there keeps its rights.
pub(super) fn make_folder(path: &Path) -> Result<(), StoreError> {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => DirBuilder::new()
            .recursive(true)
            .mode(FOLDER_MODE)
            .create(folder)
            .map_err(not_writable(folder)),
        Some(_) | None => Ok(()),
    }
}

/// Locks the store for this process. The kernel takes the lock off when the process ends, however it ends.
pub(super) fn lock(path: &Path) -> Result<File, StoreError> {
    let mut name = path.as_os_str().to_owned();
    name.push(".lock");
    let lock = PathBuf::from(name);
    let file = open_private(&lock)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(StoreError::InUse {
            path: path.to_owned(),
        }),
        Err(TryLockError::Error(error)) => Err(not_writable(&lock)(error)),
    }
}

/// Makes the database file empty where it is missing, takes rights of others off, and looks whether it is a database at all.
///
/// SQLite gives its `-wal` and `-shm` files the rights of the database file.
pub(super) fn prepare(path: &Path) -> Result<(), StoreError> {
    let file = open_private(path)?;
    let mut head = Vec::new();
    let read = file.take(MAGIC.len() as u64).read_to_end(&mut head);
    read.map_err(not_writable(path))?;
    if head.is_empty() || head == MAGIC {
        Ok(())
    } else {
        Err(StoreError::Damaged(format!(
            "{} is not a database",
            path.display()
        )))
    }
}

fn open_private(path: &Path) -> Result<File, StoreError> {
    let file = OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .mode(FILE_MODE)
        .open(path)
        .map_err(not_writable(path))?;
    // Of what was opened, whatever the name may mean by now.
    file.set_permissions(Permissions::from_mode(FILE_MODE))
        .map_err(not_writable(path))?;
    Ok(file)
}
