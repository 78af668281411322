//! What the API needs of the bridge: truth to read, and a way to ask for changes.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use model::directory::{Directory, Edit, EditError};
use model::query::Query;
use model::{
    Actor, Begun, Cdr, Command, KeptAnswer, KeyId, LegId, Live, Mdr, MeetingNumber, Qualities, RequestKey,
    Sid,
};

use crate::backend_events::EventBackend;
use crate::backend_webhooks::WebhookBackend;

/// An answer that comes later.
pub type Answer<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// The bridge as the API sees it. Reads never wait; a change is answered when it is done.
pub trait Backend: EventBackend + WebhookBackend {
    /// Wall clock, epoch ms.
    fn now_ms(&self) -> i64;

    /// 64 bits nobody can foresee (operating system randomness).
    fn random(&self) -> u64;

    /// The latest snapshot of calls and meetings.
    fn live(&self) -> Arc<Live>;

    /// The latest snapshot of how good the audio of calls is, a second old at most; who talks is as it is now.
    fn quality(&self) -> Arc<Qualities>;

    /// The latest directory; includes every edit that has been answered.
    fn directory(&self) -> Arc<Directory>;

    /// What this bridge and node are called in Call objects.
    fn names(&self) -> Names;

    /// Whether the bridge takes calls.
    fn readiness(&self) -> Readiness;

    /// Does `command` on `target`; answers the first snapshot that includes it.
    fn command(
        &self,
        actor: Actor,
        target: Target,
        command: LiveCommand,
    ) -> Answer<'_, Result<Arc<Live>, CommandError>>;

    /// Makes one edit; answers the directory that includes it once it is on disk.
    ///
    /// The API asks for one edit at a time, so that an edit built from the latest directory overwrites nothing newer.
    fn edit(&self, actor: Actor, edit: Edit) -> Answer<'_, Result<Arc<Directory>, EditRefused>>;

    /// `count` ids that no key has ever had.
    fn new_key_ids(&self, count: usize) -> Answer<'_, Result<Vec<KeyId>, Unavailable>>;

    /// Notes on disk that a change with this key is about to be made, unless it was noted within the last day.
    fn begin_request(&self, key: RequestKey, fingerprint: [u8; 32])
    -> Answer<'_, Result<Begun, Unavailable>>;

    /// Keeps the answer to a change that was begun; on disk when this answers.
    fn finish_request(&self, key: RequestKey, answer: KeptAnswer) -> Answer<'_, Result<(), Unavailable>>;

    /// Forgets a change that was begun and came to nothing.
    fn forget_request(&self, key: RequestKey) -> Answer<'_, Result<(), Unavailable>>;

    /// One page of call detail records within `scope`.
    fn cdrs(&self, scope: Scope, query: Query) -> Answer<'_, Result<Records<Cdr>, Unavailable>>;

    /// One page of meeting detail records within `scope`.
    fn mdrs(&self, scope: Scope, query: Query) -> Answer<'_, Result<Records<Mdr>, Unavailable>>;
}

/// `bridgeName` and `nodeName` of a Call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Names {
    /// Name of the bridge.
    pub bridge: Arc<str>,
    /// Name of the node, usually its address.
    pub node: Arc<str>,
}

/// Whether the bridge takes calls.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Readiness {
    /// Whether it does.
    pub ready: bool,
    /// Why not; said to anybody who asks, so without addresses or names.
    pub reasons: Vec<String>,
}

/// What a live command is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    /// One call, whether in a meeting or not.
    Leg(LegId),
    /// One meeting.
    Meeting(MeetingNumber),
}

/// One change of what is live.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LiveCommand {
    /// For the target, or the meeting that the target is in.
    Meeting(Command),
    /// Move a call to the room and role that a code opens.
    Move {
        /// Which call.
        leg: LegId,
        /// The code, good in the group of the number it dialled.
        access_code: String,
    },
    /// Mark a call as presenting by audio, or no longer.
    SetPresenter {
        /// Which call.
        leg: LegId,
        /// New state.
        audio: bool,
    },
    /// Hang up one call, in a meeting or not.
    HangUp {
        /// Which call.
        leg: LegId,
    },
    /// Hang up every call of the target and end the meeting.
    EndMeeting,
    /// Each of these on its call, all of them before anything else happens. Calls that are gone, or that no longer take
    /// what is asked of them, are passed over.
    All(Vec<(LegId, LiveCommand)>),
}

/// Why a live command was not done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CommandError {
    /// The call or meeting is no longer there.
    Gone,
    /// It is there but will not do that.
    Refused {
        /// The field at fault, by its name on the wire.
        field: &'static str,
        /// What was expected.
        message: String,
    },
    /// Too many commands wait; try again.
    Busy,
    /// Nothing is known of its fate; try again.
    Timeout,
}

/// Why an edit was not made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EditRefused {
    /// The edit itself is at fault.
    Error(EditError),
    /// The store cannot be written to now.
    Unavailable,
}

/// The store cannot be asked now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unavailable;

/// The subscribers whose records may be seen: one and all below it, one by one. The API alone makes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scope {
    sids: Vec<Sid>,
}

impl Scope {
    /// `top` and everything below it.
    pub(crate) fn below(directory: &Directory, top: &Sid) -> Self {
        let within = |sid: &Sid| directory.is_within(sid, top);
        let all = directory.subscribers().map(|subscriber| &subscriber.sid);
        Self {
            sids: all.filter(|sid| within(sid)).cloned().collect(),
        }
    }

    /// The subscribers, sorted, never none.
    pub fn sids(&self) -> &[Sid] {
        &self.sids
    }
}

/// A page of records.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Records<R> {
    /// The page.
    pub page: Vec<R>,
    /// How many there are in all.
    pub total: u64,
}
