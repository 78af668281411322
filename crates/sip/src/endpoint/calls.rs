//! All calls, found by handle, dialog, focus, deadline and connection.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Instant;

use super::api::CallId;
use super::tally::Tally;
use crate::dialog::DialogKey;
use crate::dialog::call::{Call, Stage};
use crate::dialog::focus::Focus;
use crate::timers::Agenda;

/// The store. A call is taken out, worked on, and put back; that is what keeps the indexes right.
#[derive(Debug)]
pub(crate) struct Calls {
    by_id: BTreeMap<CallId, Box<Call>>,
    by_dialog: BTreeMap<DialogKey, CallId>,
    by_focus: BTreeMap<Focus, CallId>,
    by_connection: BTreeSet<(u64, CallId)>,
    agenda: Agenda<CallId>,
    kept: Tally,
    last: u64,
}

impl Calls {
    pub(crate) fn new() -> Self {
        Self {
            by_id: BTreeMap::new(),
            by_dialog: BTreeMap::new(),
            by_focus: BTreeMap::new(),
            by_connection: BTreeSet::new(),
            agenda: Agenda::new(),
            kept: Tally::default(),
            last: 0,
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.by_id.len()
    }

    /// What all of them keep of messages, bytes.
    pub(crate) fn bytes(&self) -> usize {
        self.kept.bytes()
    }

    pub(crate) fn next_id(&mut self) -> CallId {
        self.last += 1;
        CallId(self.last)
    }

    pub(crate) fn next_deadline(&self) -> Option<Instant> {
        self.agenda.next()
    }

    pub(crate) fn pop_due(&mut self, now: Instant) -> Option<CallId> {
        self.agenda.pop_due(now)
    }

    pub(crate) fn find(&self, dialog: &DialogKey) -> Option<CallId> {
        self.by_dialog.get(dialog).copied()
    }

    /// The one whose phone knows the conference by this.
    pub(crate) fn known_as(&self, focus: Focus) -> Option<CallId> {
        self.by_focus.get(&focus).copied()
    }

    /// A look at one that is not in hand.
    pub(crate) fn get(&self, id: CallId) -> Option<&Call> {
        self.by_id.get(&id).map(|call| &**call)
    }

    pub(crate) fn on_connection(&self, connection: u64) -> Vec<CallId> {
        self.hanging_on(connection).collect()
    }

    pub(crate) fn any_on_connection(&self, connection: u64) -> bool {
        self.hanging_on(connection).next().is_some()
    }

    fn hanging_on(&self, connection: u64) -> impl Iterator<Item = CallId> {
        let range = (connection, CallId(0))..=(connection, CallId(u64::MAX));
        self.by_connection.range(range).map(|(_, id)| *id)
    }

    pub(crate) fn take(&mut self, id: CallId) -> Option<Box<Call>> {
        let call = self.by_id.remove(&id)?;
        self.by_dialog.remove(&call.dialog.key);
        if let Some(focus) = call.dialog.focus {
            self.by_focus.remove(&focus);
        }
        if let Some(connection) = call.flow.connection {
            self.by_connection.remove(&(connection, id));
        }
        Some(call)
    }

    /// Puts a call back, or forgets it when it is gone.
    pub(crate) fn put(&mut self, mut call: Box<Call>) {
        let now = call.bytes();
        self.kept.count(&mut call.counted, now);
        self.agenda.set(call.id, call.deadline());
        if matches!(call.stage, Stage::Gone) {
            self.agenda.set(call.id, None);
            return;
        }
        self.by_focus
            .extend(call.dialog.focus.map(|focus| (focus, call.id)));
        self.by_connection
            .extend(call.flow.connection.map(|connection| (connection, call.id)));
        if call.dialog.is_complete() {
            self.by_dialog.insert(call.dialog.key.clone(), call.id);
        }
        self.by_id.insert(call.id, call);
    }
}
