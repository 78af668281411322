//! What the API needs of the bridge: truth to read, and a way to ask for changes.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use model::directory::{Directory, Edit, EditError};
use model::query::Query;
use model::{
    Actor, Begun, Cdr, Command, DidGroupId, DidId, KeptAnswer, LegId, Live, Mdr, MeetingId, Mute,
    PresenterMedia, Qualities, RequestKey, Role, Sid, masked,
};

use crate::backend_events::EventBackend;
use crate::backend_webhooks::WebhookBackend;
use crate::simulation::{SimulatedCall, Simulation};

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

    /// Does `command` on `target`; answers the first snapshot that includes it, once the audit of it is on disk.
    fn command(
        &self,
        actor: Actor,
        target: Target,
        command: LiveCommand,
    ) -> Answer<'_, Result<Arc<Live>, CommandError>>;

    /// Calls somebody; answers the call, which is only beginning, and the first snapshot that shows it.
    fn dial(&self, actor: Actor, order: DialOrder) -> Answer<'_, Result<(LegId, Arc<Live>), CommandError>>;

    /// Makes edits, all or none; answers the directory that includes them once they are on disk.
    ///
    /// The API asks for the edits of one request at a time, so that what is built from the latest directory overwrites nothing newer.
    fn edit(&self, actor: Actor, edits: Vec<Edit>) -> Answer<'_, Result<Arc<Directory>, EditRefused>>;

    /// So many codes were refused unread, since too many had been chosen where others could have them. It is counted.
    fn codes_refused(&self, codes: u64);

    /// A login was refused unread, since too many had been chosen that were others'. It is counted.
    fn login_refused(&self);

    /// `count` ids that no object of `kind` has ever had.
    fn new_ids(&self, kind: IdKind, count: usize) -> Answer<'_, Result<Vec<u64>, Unavailable>>;

    /// What a call would go through, played by the machines that real calls go through. Nothing live is touched.
    fn simulate(&self, call: SimulatedCall) -> Answer<'_, Result<Simulation, Unavailable>>;

    /// Notes on disk that a change with this key is about to be made, unless it was noted within the last day, or as much is kept as may be.
    fn begin_request(&self, key: RequestKey, fingerprint: [u8; 32])
    -> Answer<'_, Result<Begun, Unavailable>>;

    /// Keeps the answer to a change that was begun, where there is room for it; on disk when this answers whether there was.
    fn finish_request(&self, key: RequestKey, answer: KeptAnswer) -> Answer<'_, Result<bool, Unavailable>>;

    /// Forgets a change that was begun and came to nothing.
    fn forget_request(&self, key: RequestKey) -> Answer<'_, Result<(), Unavailable>>;

    /// One page of call detail records within `scope`.
    fn cdrs(&self, scope: Scope, query: Query) -> Answer<'_, Result<Records<Cdr>, Unlisted>>;

    /// One page of meeting detail records within `scope`.
    fn mdrs(&self, scope: Scope, query: Query) -> Answer<'_, Result<Records<Mdr>, Unlisted>>;

    /// One page of what was changed in the tree of `top`, as it was then.
    fn audit(&self, top: Sid, query: Query) -> Answer<'_, Result<Records<Change>, Unlisted>>;
}

/// What an id is for; each has numbers of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum IdKind {
    /// A DID group.
    DidGroup,
    /// A DID.
    Did,
    /// An access code.
    Key,
    /// The address to which a subscriber wants its events sent.
    Callback,
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
    /// One meeting, and not the one that may have taken its number since.
    Meeting(MeetingId),
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
    /// Mark a call as presenting, or no longer.
    SetPresenter {
        /// Which call.
        leg: LegId,
        /// By what from now on.
        media: PresenterMedia,
    },
    /// Hang up one call, in a meeting or not.
    HangUp {
        /// Which call.
        leg: LegId,
    },
    /// Hang up every call of the target and end the meeting.
    EndMeeting,
    /// Each of these on its call, all of them before anything else happens. Calls that are gone are passed over; where one would be refused
    /// none is done.
    All(Vec<(LegId, LiveCommand)>),
    /// Each of these on the target, in this order; where one would be refused none is done. What a call is moved to may still refuse what comes
    /// behind the move, and a recording may fail to begin when the others are done.
    Several(Vec<LiveCommand>),
}

/// A call that the bridge is to make.
#[derive(Clone, PartialEq, Eq)]
pub struct DialOrder {
    /// A number or SIP URI, as it was asked for.
    pub callee: String,
    /// The number shown.
    pub did: DidId,
    /// The DID group in which the code is good.
    pub group: DidGroupId,
    /// Opens the room, and decides on the role unless that is named.
    pub access_code: String,
    /// Name to show, empty for none.
    pub custom_name: String,
    /// Microphone level in dB.
    pub gain_db: i8,
    /// Whether held from the start; none leaves it to the meeting.
    pub held: Option<bool>,
    /// Mute bits from the start; none leaves them to the meeting.
    pub mute: Option<Mute>,
    /// What it is marked as presenting.
    pub presenter_media: PresenterMedia,
    /// Another role than that of the code.
    pub role: Option<Role>,
}

impl fmt::Debug for DialOrder {
    /// Without the code and whole numbers, which no log is to hold.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DialOrder")
            .field("callee", &masked(&self.callee))
            .field("did", &self.did)
            .field("group", &self.group)
            .field("gain_db", &self.gain_db)
            .field("held", &self.held)
            .field("mute", &self.mute)
            .field("presenter_media", &self.presenter_media)
            .field("role", &self.role)
            .finish_non_exhaustive()
    }
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
    /// It is not allowed here, whoever asks.
    Forbidden {
        /// The field at fault, by its name on the wire.
        field: &'static str,
        /// Which setting forbids it.
        message: String,
    },
    /// There is no room for it now, or the disk that it takes has failed.
    Full {
        /// The field at fault, by its name on the wire.
        field: &'static str,
        /// Which limit is reached, or what has failed.
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
    /// Nobody knows whether it was written: the disk failed in the middle.
    Unknown,
}

/// The store cannot be asked now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unavailable;

/// Why a list was not read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unlisted {
    /// The store cannot be asked now, or too many ask it.
    Unavailable,
    /// It was given up: what is asked for takes too long to be found among all there is.
    TooLong,
}

impl From<Unavailable> for Unlisted {
    fn from(Unavailable: Unavailable) -> Self {
        Self::Unavailable
    }
}

/// The subscribers whose records may be seen: one and all below it, one by one. The API alone makes it.
///
/// What belongs to nobody, such as calls of unknown numbers, is seen by the one above all others, where there is one: of several that
/// have nobody above them none is to see what another's callers dialled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scope {
    sids: Vec<Sid>,
    unowned: bool,
}

impl Scope {
    /// `top` and everything below it.
    pub(crate) fn below(directory: &Directory, top: &Sid) -> Self {
        let within = |sid: &Sid| directory.is_within(sid, top);
        let all = directory.subscribers().map(|subscriber| &subscriber.sid);
        Self {
            sids: all.filter(|sid| within(sid)).cloned().collect(),
            unowned: directory.above_all() == Some(top),
        }
    }

    /// The subscribers, sorted, never none.
    pub fn sids(&self) -> &[Sid] {
        &self.sids
    }

    /// Whether what belongs to nobody may be seen, too.
    pub fn has_unowned(&self) -> bool {
        self.unowned
    }
}

/// Something that was changed in the directory, or by REST in what is live.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// Grows with every change.
    pub id: u64,
    /// When, epoch ms.
    pub at_ms: i64,
    /// Who.
    pub actor: Actor,
    /// What was done, in one word.
    pub action: String,
    /// To which object, such as `DID 220`.
    pub object: String,
}

/// A page of records.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Records<R> {
    /// The page.
    pub page: Vec<R>,
    /// How many there are in all.
    pub total: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_code_and_no_whole_number_is_in_the_debug_text_of_an_order() {
        let order = DialOrder {
            callee: "+14165550123".to_owned(),
            did: DidId(220),
            group: DidGroupId(219),
            access_code: "735268".to_owned(),
            custom_name: String::new(),
            gain_db: 0,
            held: None,
            mute: None,
            presenter_media: PresenterMedia::NONE,
            role: Some(Role::Host),
        };
        let text = format!("{order:?}");
        for shown in ["220", "Host", "+*********23"] {
            assert!(text.contains(shown), "{shown}: {text}");
        }
        for secret in ["735268", "14165550123"] {
            assert!(!text.contains(secret), "{secret}: {text}");
        }
    }
}
