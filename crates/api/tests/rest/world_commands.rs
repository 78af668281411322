//! What the fake bridge does to its live calls and meetings.

use std::sync::Arc;

use api::{LiveCommand, Target};
use model::{
    CallState, CallView, Command, LegId, Live, MeetingId, MeetingNumber, MeetingState, MeetingView,
    OperatorMode,
};

/// Does what the bridge would, as far as tests look.
pub(crate) fn apply(live: &mut Live, target: Target, command: LiveCommand) {
    match (command, target) {
        (LiveCommand::Meeting(command), Target::Leg(_)) => apply_to_call(live, command),
        (LiveCommand::Meeting(command), Target::Meeting(id)) => {
            apply_to_meeting(live, number_of(live, id), command)
        }
        (LiveCommand::Move { leg, access_code }, _) => call(live, leg, |call| call.access_code = access_code),
        (LiveCommand::SetPresenter { leg, media }, _) => call(live, leg, |call| call.presenter_media = media),
        (LiveCommand::HangUp { leg }, _) => drop(live.calls.remove(&leg)),
        (LiveCommand::EndMeeting, Target::Meeting(id)) => drop(live.meetings.remove(&number_of(live, id))),
        (LiveCommand::All(commands), target) => {
            for (leg, command) in commands {
                if is_here(live, leg, target) {
                    apply(live, Target::Leg(leg), command);
                }
            }
        }
        (LiveCommand::Several(commands), _) => {
            for command in commands {
                apply(live, target, command);
            }
        }
        (LiveCommand::EndMeeting, Target::Leg(_)) => panic!("a call can't be ended as a meeting"),
    }
}

/// Whether a call is up, and in the meeting where one is meant.
fn is_here(live: &Live, leg: LegId, target: Target) -> bool {
    let call = &live.calls[&leg];
    let is_meant = match target {
        Target::Meeting(id) => call.meeting == Some(number_of(live, id)),
        Target::Leg(_) => true,
    };
    is_meant && call.state != CallState::Ending
}

fn number_of(live: &Live, id: MeetingId) -> MeetingNumber {
    let meeting = live.meetings.values().find(|meeting| meeting.id == id);
    meeting.expect("the meeting was looked up").number
}

pub(crate) fn call(live: &mut Live, leg: LegId, change: impl FnOnce(&mut CallView)) {
    change(Arc::make_mut(
        live.calls.get_mut(&leg).expect("the call was looked up"),
    ));
}

fn apply_to_call(live: &mut Live, command: Command) {
    if let Command::SetName { leg, name } = command {
        call(live, leg, |call| call.custom_name = name);
    } else if let Command::SetGain { leg, db } = command {
        call(live, leg, |call| call.gain_db = db);
    } else if let Command::SetHold { leg, on } = command {
        call(live, leg, |call| call.held = on);
    } else if let Command::SetMute { leg, mute } = command {
        call(live, leg, |call| call.mute = mute);
    } else if let Command::SetQuestion { leg, question } = command {
        call(live, leg, |call| call.question = question);
    } else if let Command::SetOperator { leg, on } = command {
        let mode = if on {
            OperatorMode::Requested
        } else {
            OperatorMode::None
        };
        call(live, leg, |call| call.operator = mode);
    } else if let Command::SetRole { leg, role } = command {
        call(live, leg, |call| call.role = Some(role));
    } else {
        panic!("{command:?} is not for a call");
    }
}

fn apply_to_meeting(live: &mut Live, number: MeetingNumber, command: Command) {
    if command == Command::Stop {
        live.meetings.remove(&number);
        return;
    }
    let meeting: &mut MeetingView =
        Arc::make_mut(live.meetings.get_mut(&number).expect("the meeting was looked up"));
    if let Command::SetLock(on) = command {
        meeting.locked = on;
    } else if let Command::SetMuteMode(mask) = command {
        meeting.mute = mask;
    } else if let Command::SetHoldMode(mask) = command {
        meeting.hold = mask;
    } else if let Command::SetQa(on) = command {
        meeting.questions = on;
    } else if let Command::SetRecording(on) = command {
        (meeting.recording, meeting.recording_asked) = (on, on);
    } else if let Command::SetPoll(status) = command {
        meeting.poll.status = status;
    } else if command == Command::Start {
        meeting.state = MeetingState::InProgress;
    } else if let Command::SetAttribute { id, value } = command {
        let text = value.unwrap_or_else(|| id.row().default.to_owned());
        assert!(Arc::make_mut(&mut meeting.policy).set(id, &text));
        meeting.attributes.put(id.row().name, &text).unwrap();
    } else {
        panic!("{command:?} is not for a meeting");
    }
}
