//! What outlives a call: the directory, ids, call and meeting records, on disk.
//!
//! [`Store`] is what a database must do; [`SqliteStore`] does it in one file. [`Keeper`] holds the directory in memory and lets
//! nobody see an edit before it is on disk; [`RecordWriter`] writes records behind the calls, which never wait for a disk.
//! [`Provisioning`] reads objects from a text file. The caller brings the clock (epoch ms) and a tokio runtime.

mod assemble;
mod error;
mod ids;
mod keeper;
mod provision;
mod record_writer;
mod scope;
mod sqlite;
mod store;
mod webhooks;

pub use error::StoreError;
pub use ids::{IdBlock, IdKind};
pub use keeper::{EditCounts, Keeper, Keeping, WriteRefused};
pub use provision::{ProvisionError, Provisioning, Secrets};
pub use record_writer::{
    RecordCounts, RecordLimits, RecordQueue, RecordWatch, RecordWriter, Written, record_writer,
};
pub use scope::{AuditLine, Order, Page, Records, Scope};
pub use sqlite::SqliteStore;
pub use store::{Answer, AuditEntry, DialledCalls, Kept, Missed, Record, Store};
pub use webhooks::{Backlog, Waiting, WebhookStore};
