//! What requests are called in the audit: a word each, without values, so that neither codes nor names get there.

use api::LiveCommand;
use model::Command;
use model::attribute::AttributeId;

/// The words, and the attribute where it is one that was set. One of many calls stands for all of which the same was asked.
pub(super) fn actions(command: &LiveCommand) -> Vec<(&'static str, Option<AttributeId>)> {
    let one = match command {
        LiveCommand::Meeting(Command::SetAttribute { id, .. }) => ("set_attribute", Some(*id)),
        LiveCommand::Meeting(command) => (word(command), None),
        LiveCommand::Move { .. } => ("move", None),
        LiveCommand::SetPresenter { .. } => ("set_presenter", None),
        LiveCommand::HangUp { .. } => ("hang_up", None),
        LiveCommand::EndMeeting => ("end", None),
        LiveCommand::All(commands) => {
            let mut all: Vec<_> = commands
                .iter()
                .flat_map(|(_, command)| actions(command))
                .collect();
            all.sort_unstable();
            all.dedup();
            return all;
        }
        LiveCommand::Several(commands) => return commands.iter().flat_map(actions).collect(),
    };
    vec![one]
}

/// The word of what is asked of a meeting.
pub(super) fn word(command: &Command) -> &'static str {
    match command {
        Command::Join(_) => "join",
        Command::Leave { .. } => "leave",
        Command::Drop { .. } => "drop",
        Command::ToggleMute { .. } => "toggle_mute",
        Command::SetMute { .. } => "set_mute",
        Command::StepMuteMode => "step_mute_mode",
        Command::SetMuteMode(_) => "set_mute_mode",
        Command::SetHold { .. } => "set_hold",
        Command::ToggleHold => "toggle_hold",
        Command::SetHoldMode(_) => "set_hold_mode",
        Command::ToggleLock => "toggle_lock",
        Command::SetLock(_) => "set_lock",
        Command::StepTones => "step_tones",
        Command::Count { .. } => "count",
        Command::SetRole { .. } => "set_role",
        Command::RolePin { .. } => "role_pin",
        Command::SetName { .. } => "set_name",
        Command::SetGain { .. } => "set_gain",
        Command::SetAttribute { .. } => "set_attribute",
        Command::SetQa(_) => "set_qa",
        Command::NextQuestion => "next_question",
        Command::ToggleHand { .. } => "toggle_hand",
        Command::SetQuestion { .. } => "set_question",
        Command::ToggleOperator { .. } => "toggle_operator",
        Command::SetOperator { .. } => "set_operator",
        Command::OperatorAnswered { .. } => "operator_answered",
        Command::OperatorGone { .. } => "operator_gone",
        Command::SetPoll(_) => "set_poll",
        Command::Vote { .. } => "vote",
        Command::ToggleRecording => "toggle_recording",
        Command::SetRecording(_) => "set_recording",
        Command::RecordingBegan { .. } => "recording_began",
        Command::RecordingGap { .. } => "recording_gap",
        Command::RecordingFailed { .. } => "recording_failed",
        Command::Start => "start",
        Command::Stop => "stop",
    }
}
