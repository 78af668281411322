use std::path::PathBuf;

/// Why the store did not do what it was asked. Sorted by what an operator has to do about it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// Another process has the store open.
    #[error("{} is in use by another process", path.display())]
    InUse {
        /// The database file.
        path: PathBuf,
    },
    /// The file is a database of some other program, or of a later version of this one.
    #[error("{} is not a store of this program: {found}", path.display())]
    Foreign {
        /// The database file.
        path: PathBuf,
        /// What was found instead.
        found: String,
    },
    /// What is on disk contradicts itself or cannot be read as a database; restore a backup.
    #[error("the store is damaged: {0}")]
    Damaged(String),
    /// Files cannot be made or written (rights, read-only file system).
    #[error("the store cannot be written: {0}")]
    NotWritable(String),
    /// The disk is full.
    #[error("the disk of the store is full")]
    Full,
    /// The disk or the database failed or did not answer in time; trying again may help.
    #[error("the store failed: {0}")]
    Failed(String),
    /// A list took too long to be read and was given up; another filter or order may help.
    #[error("a list took too long to be read")]
    TooLong,
    /// Too many lists are being read; trying again may help.
    #[error("too many lists are being read")]
    Crowded,
    /// A value does not fit what the database can hold; trying again does not help.
    #[error("{field} of {object} cannot be stored")]
    Unstorable {
        /// The object, such as `DID group 219`.
        object: String,
        /// The field, by its name on the wire.
        field: &'static str,
    },
}

impl StoreError {
    /// Whether the same call may succeed later without anything else being changed.
    pub fn may_pass(&self) -> bool {
        match self {
            Self::Full | Self::Failed(_) | Self::NotWritable(_) | Self::TooLong | Self::Crowded => true,
            Self::InUse { .. } | Self::Foreign { .. } | Self::Damaged(_) | Self::Unstorable { .. } => false,
        }
    }

    /// Whether a write that ended so has certainly changed nothing. A failing sync or a lost connection leaves that open.
    pub fn left_all_as_it_was(&self) -> bool {
        match self {
            Self::Full | Self::NotWritable(_) | Self::Unstorable { .. } | Self::TooLong | Self::Crowded => {
                true
            }
            Self::InUse { .. } | Self::Foreign { .. } | Self::Damaged(_) | Self::Failed(_) => false,
        }
    }
}
