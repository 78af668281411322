//! The ordered log: everything that was put in, so that it can be put in again.

use std::collections::VecDeque;
use std::time::Instant;

use model::{Actor, Command};

/// Entries kept, some 100 KiB. Older ones are dropped: as many as the `seq` of the first one left says, and the meeting can then no longer be
/// replayed from its beginning. Its history is elsewhere: in events, on disk.
const ENTRIES_MAX: usize = 1_024;

/// One thing put in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Entry {
    /// Somebody asked for something.
    Command {
        /// Who.
        actor: Actor,
        /// What.
        command: Command,
        /// Why it was not done; nothing when it was.
        refused: Option<&'static str>,
    },
    /// A deadline came.
    Timeout,
}

/// One line of the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogEntry {
    /// Place, from 0.
    pub seq: u64,
    /// When.
    pub at: Instant,
    /// What.
    pub entry: Entry,
}

/// The log.
#[derive(Debug, Default)]
pub(crate) struct Log {
    entries: VecDeque<LogEntry>,
    next: u64,
}

impl Log {
    pub(crate) fn add(&mut self, at: Instant, entry: Entry) {
        if self.entries.len() == ENTRIES_MAX {
            self.entries.pop_front();
        }
        let seq = self.next;
        self.next += 1;
        self.entries.push_back(LogEntry { seq, at, entry });
    }

    /// Notes why the command logged last was not done.
    pub(crate) fn refuse_last(&mut self, why: &'static str) {
        if let Some(LogEntry {
            entry: Entry::Command { refused, .. },
            ..
        }) = self.entries.back_mut()
        {
            refused.get_or_insert(why);
        }
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &LogEntry> {
        self.entries.iter()
    }
}
