//! What is going on now, as an immutable snapshot for readers.

use std::fmt;
use std::sync::Arc;

use imbl::OrdMap;

use crate::attribute::{Overrides, Policy, Resolved};
use crate::{
    DidGroupId, LegId, MeetingId, MeetingNumber, Mute, MuteMask, OperatorMode, Poll, PresenterMedia,
    Question, Role, Sid, masked,
};

/// Where a call stands; `state` of a Call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CallState {
    /// Dialling or ringing.
    Ringing = 0,
    /// Code entry or waiting room.
    Menu = 1,
    /// In the meeting.
    InMeeting = 2,
    /// On its way out.
    Ending = 3,
}

/// Where a meeting stands; `state` of a Meeting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MeetingState {
    /// Made, nobody in it yet.
    Created = 0,
    /// Waits for its start.
    Waiting = 1,
    /// In progress.
    InProgress = 2,
    /// On its way out.
    Stopping = 3,
}

/// One call as readers see it.
#[derive(Clone, PartialEq)]
pub struct CallView {
    /// Which.
    pub leg: LegId,
    /// The tenant that owns the meeting it is or was in; before that the one whose number was dialled, or, of a call the bridge made, the
    /// owner of the room, or of the caller, that it is for.
    pub subscriber_sid: Sid,
    /// The DID group whose access codes are good for it.
    pub did_group: DidGroupId,
    /// Code keyed, empty before; of a call the bridge made, the code it was made with.
    pub access_code: String,
    /// From as the phone sent it, 512 characters at most, or as it was sent to the phone.
    pub address_from: String,
    /// To as the phone sent it, 512 characters at most, or as it was sent to the phone.
    pub address_to: String,
    /// Dialled number, digits without plus; a SIP URI where the bridge called one.
    pub callee: String,
    /// Calling number with plus, or whatever name the phone gave.
    pub caller: String,
    /// Codec name, such as `PCMU`; empty until negotiated.
    pub codec: String,
    /// Whether the bridge dialled out.
    pub outbound: bool,
    /// Epoch ms.
    pub created_ms: i64,
    /// Epoch ms of joining the meeting.
    pub joined_ms: Option<i64>,
    /// Name given by a host or client.
    pub custom_name: String,
    /// Microphone level in dB.
    pub gain_db: i8,
    /// Whether held.
    pub held: bool,
    /// Mute bits.
    pub mute: Mute,
    /// How far it is with the operator.
    pub operator: OperatorMode,
    /// What it is marked as presenting.
    pub presenter_media: PresenterMedia,
    /// Its part in the question-and-answer session.
    pub question: Question,
    /// The meeting it is in or waits for.
    pub meeting: Option<MeetingNumber>,
    /// Role, once known.
    pub role: Option<Role>,
    /// Where it stands; the operator's own call is never in a meeting.
    pub state: CallState,
}

impl fmt::Debug for CallView {
    /// Without the code and whole numbers, which no log is to hold.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CallView")
            .field("leg", &self.leg)
            .field("subscriber_sid", &self.subscriber_sid)
            .field("callee", &masked(&self.callee))
            .field("caller", &masked(&self.caller))
            .field("codec", &self.codec)
            .field("outbound", &self.outbound)
            .field("gain_db", &self.gain_db)
            .field("held", &self.held)
            .field("mute", &self.mute)
            .field("operator", &self.operator)
            .field("presenter_media", &self.presenter_media)
            .field("question", &self.question)
            .field("meeting", &self.meeting)
            .field("role", &self.role)
            .field("state", &self.state)
            .finish_non_exhaustive()
    }
}

/// One meeting as readers see it.
#[derive(Clone, Debug, PartialEq)]
pub struct MeetingView {
    /// Which.
    pub id: MeetingId,
    /// Its address.
    pub number: MeetingNumber,
    /// The tenant it belongs to.
    pub subscriber_sid: Sid,
    /// Name of the owner.
    pub subscriber_name: String,
    /// Settings in force.
    pub policy: Arc<Policy>,
    /// Settings of the room it was made from, with changes made while it runs.
    pub attributes: Overrides,
    /// Settings it began with, and where each was set.
    pub base: Arc<Resolved>,
    /// Epoch ms.
    pub created_ms: i64,
    /// Epoch ms of the start, once started.
    pub started_ms: Option<i64>,
    /// Hold mode in force.
    pub hold: MuteMask,
    /// Mute mode in force.
    pub mute: MuteMask,
    /// Whether a question-and-answer session runs.
    pub questions: bool,
    /// Its poll.
    pub poll: Poll,
    /// Whether recorded: the file is being written.
    pub recording: bool,
    /// Whether that is so, or about to be.
    pub recording_asked: bool,
    /// Whether locked.
    pub locked: bool,
    /// Where it stands.
    pub state: MeetingState,
    /// Legs in it or waiting, in order of arrival.
    pub legs: Vec<LegId>,
    /// Opened by an unknown code; gone when it ends.
    pub on_the_fly: bool,
}

/// Everything live. `version` grows with every change.
#[derive(Clone, Debug, Default)]
pub struct Live {
    /// Number of this snapshot.
    pub version: u64,
    /// Calls by id.
    pub calls: OrdMap<LegId, Arc<CallView>>,
    /// Meetings by number.
    pub meetings: OrdMap<MeetingNumber, Arc<MeetingView>>,
}

impl Live {
    /// The calls of one meeting, in order of arrival.
    pub fn calls_of<'a>(&'a self, meeting: &'a MeetingView) -> impl Iterator<Item = &'a Arc<CallView>> {
        meeting.legs.iter().filter_map(|leg| self.calls.get(leg))
    }

    /// The meeting that a call is in or waits for. The number of one that it has left may be another's by now, who is no owner of the call.
    pub fn meeting_of(&self, call: &CallView) -> Option<&Arc<MeetingView>> {
        let meeting = self.meetings.get(&call.meeting?)?;
        (meeting.subscriber_sid == call.subscriber_sid).then_some(meeting)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_code_and_no_whole_number_is_in_a_debug_text() {
        let view = CallView {
            leg: LegId(7),
            subscriber_sid: Sid::new("s1"),
            did_group: DidGroupId(219),
            access_code: "735268".to_owned(),
            address_from: "<sip:12025550123@192.0.2.7>".to_owned(),
            address_to: "<sip:15162065319@192.0.2.8>".to_owned(),
            callee: "15162065319".to_owned(),
            caller: "+12025550123".to_owned(),
            codec: "PCMU".to_owned(),
            outbound: false,
            created_ms: 0,
            joined_ms: None,
            custom_name: String::new(),
            gain_db: 0,
            held: false,
            mute: Mute::default(),
            operator: OperatorMode::None,
            presenter_media: PresenterMedia::NONE,
            question: Question::None,
            meeting: None,
            role: Some(Role::Host),
            state: CallState::InMeeting,
        };
        let text = format!("{view:?}");
        for shown in ["s1", "PCMU", "Host", "*********19", "+*********23"] {
            assert!(text.contains(shown), "{shown}: {text}");
        }
        for secret in ["735268", "12025550123", "15162065319"] {
            assert!(!text.contains(secret), "{secret}: {text}");
        }
    }
}
