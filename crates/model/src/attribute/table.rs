use super::kind::{
    Country, Keys, Language, Limit, PerRole, RecordingMetadata, RecordingMethod, RecordingMode, Seconds,
    StartHow, StopHow, Switch, Text, Upload, Value,
};
use super::{Attribute, Levels, Status};
use crate::Roles;

const GROUP: Levels = Levels::GROUP;
const ROOM_GROUP: Levels = Levels::GROUP.with(Levels::ROOM);
const GROUP_DID: Levels = Levels::GROUP.with(Levels::DID);

attributes! {
    /// Read by `ivr::entry` and, for capacity and lists, by `meeting::admission`.
    entry: EntryPolicy {
        /// On entry a caller of a listed role hears how many people are in the meeting; other roles do not.
        call_announceparticipantcount: Roles = "hpl" at ROOM_GROUP, Honoured;
        /// The bridge rings (180) this long before it answers (200).
        call_delay: Seconds = "0" at GROUP_DID, Honoured;
        /// on: after the access code the caller is asked for a job code (digits, then #); it is stored on
        /// the call, in events and in the call detail record.
        call_jobcodeonenter: Switch = "off" at ROOM_GROUP, Later;
        /// After this many wrong access codes the caller goes to the operator, or, where no operator is
        /// set, hears goodbye and is hung up.
        call_operator_after: Limit = "3" at GROUP, Honoured;
        /// on: callers are looked up by number in the subscriber's callers database; a known caller gets
        /// its stored name as customName, and is greeted by it where it was recorded; an unknown one is
        /// added.
        conference_callerdb: Switch = "off" at ROOM_GROUP, Later;
        /// Country of the conference: number normalisation, tones (dial, busy, entry cadence) and spoken
        /// numbers follow it.
        conference_country: Country = "US" at ROOM_GROUP, Later;
        /// Language of every prompt and spoken number. AR is Argentinian Spanish, HE is Vietnamese (so the
        /// API's own table says), UA and UK are the same Ukrainian voice.
        conference_language: Language = "EN" at ROOM_GROUP, Later;
        /// on: only calling numbers on the room's whitelist get in.
        conference_whitelist: Switch = "off" at ROOM_GROUP, Later;
        /// The greeting of the dialled number; fetched once, cached, and replaced by the built-in greeting
        /// when it cannot be had.
        dnis_welcomeprompt: Upload = "" at GROUP_DID, Later;
    }
    /// Read by `meeting::admission`.
    capacity: CapacityPolicy {
        /// The caller over the limit hears that the meeting is full.
        conference_maxcalls: Limit = "1000" at ROOM_GROUP, Honoured;
        /// The same per role.
        conference_maxcallsperrole: PerRole = "-1:-1:-1" at ROOM_GROUP, Honoured;
    }
    /// Read by `ivr::keymap`: who may key what, and the keys for it.
    keys: KeyPolicy {
        /// A listed role may key the binding, then an id and #, to tie this phone leg to another session of
        /// the same person (a console or browser attendee); the pair is shown as one attendee and mute/role
        /// follow.
        call_associate_dtmf: Roles = "" at ROOM_GROUP, Later;
        /// The key sequence for call_associate_dtmf.
        call_associate_dtmf_binding: Keys = "93" at GROUP, Later;
        /// A listed role leaves the call by the binding: goodbye prompt, BYE, exit tone for the others.
        call_exit_dtmf: Roles = "hpl" at ROOM_GROUP, Honoured;
        /// The key sequence for call_exit_dtmf.
        call_exit_dtmf_binding: Keys = "##" at GROUP, Honoured;
        /// A listed role hears the help menu privately: only the commands its role may use, with the keys
        /// in force.
        call_instructions_dtmf: Roles = "hpl" at ROOM_GROUP, Honoured;
        /// The key sequence for call_instructions_dtmf.
        call_instructions_dtmf_binding: Keys = "*4" at GROUP, Honoured;
        /// A listed role mutes and unmutes itself; the leg hears which it is now.
        call_mute_dtmf: Roles = "hp" at ROOM_GROUP, Honoured;
        /// The key sequence for call_mute_dtmf.
        call_mute_dtmf_binding: Keys = "*6" at GROUP, Honoured;
        /// A listed role calls the operator: operatorMode becomes 1, the operator's address is dialled,
        /// both talk privately (2), then the caller returns.
        call_operator_dtmf: Roles = "hpl" at ROOM_GROUP, Honoured;
        /// The key sequence for call_operator_dtmf.
        call_operator_dtmf_binding: Keys = "*0" at GROUP, Honoured;
        /// A listed role hears the number of people in the meeting, privately.
        call_participantsnumber_dtmf: Roles = "h" at ROOM_GROUP, Honoured;
        /// The key sequence for call_participantsnumber_dtmf.
        call_participantsnumber_dtmf_binding: Keys = "*2" at GROUP, Honoured;
        /// A listed role steps entry:exit tones through on:on, on:off, off:on, off:off, and hears which.
        conference_entryexittones_dtmf: Roles = "h" at ROOM_GROUP, Honoured;
        /// The key sequence for conference_entryexittones_dtmf.
        conference_entryexittones_dtmf_binding: Keys = "*8" at GROUP, Honoured;
        /// A listed role puts participants and listeners on hold (music) and takes them off; hosts go on
        /// talking privately.
        conference_hold_dtmf: Roles = "h" at ROOM_GROUP, Honoured;
        /// The key sequence for conference_hold_dtmf.
        conference_hold_dtmf_binding: Keys = "*3" at GROUP, Honoured;
        /// A listed role keys the binding, a job code and # during the meeting.
        conference_jobcode_dtmf: Roles = "" at ROOM_GROUP, Later;
        /// The key sequence for conference_jobcode_dtmf.
        conference_jobcode_dtmf_binding: Keys = "**" at GROUP, Later;
        /// A listed role locks and unlocks the meeting; while locked only hosts get in, others hear why and
        /// are released.
        conference_lock_dtmf: Roles = "h" at ROOM_GROUP, Honoured;
        /// The key sequence for conference_lock_dtmf.
        conference_lock_dtmf_binding: Keys = "*7" at GROUP, Honoured;
        /// A listed role steps the mute mode of the others: 32 open (listeners muted), 36 participants
        /// muted but may unmute themselves, 40 muted and may not; each step is announced.
        conference_mute_dtmf: Roles = "h" at ROOM_GROUP, Honoured;
        /// The key sequence for conference_mute_dtmf.
        conference_mute_dtmf_binding: Keys = "*5" at GROUP, Honoured;
        /// A listed role starts, advances and ends a question-and-answer session; while it runs the same
        /// key raises and lowers a participant's hand. Questioners queue in order; the one who has the
        /// floor is unmuted.
        conference_qa_dtmf: Roles = "h" at ROOM_GROUP, Honoured;
        /// The key sequence for conference_qa_dtmf.
        conference_qa_dtmf_binding: Keys = "*1" at GROUP, Honoured;
        /// A listed role extends the schedule.
        conference_schedule_extend_dtmf: Roles = "h" at ROOM_GROUP, Later;
        /// The key sequence for conference_schedule_extend_dtmf.
        conference_schedule_extend_dtmf_binding: Keys = "92" at GROUP, Later;
        /// A listed role opens and closes a vote; while it is open each caller's single digit is a vote
        /// (the last one counts); the result is announced and readable.
        polling_dtmf: Roles = "h" at ROOM_GROUP, Honoured;
        /// The key sequence for polling_dtmf.
        polling_dtmf_binding: Keys = "91" at GROUP, Honoured;
        /// A listed role starts and stops recording; everyone hears it.
        recording_dtmf: Roles = "h" at ROOM_GROUP, Honoured;
        /// The key sequence for recording_dtmf.
        recording_dtmf_binding: Keys = "*9" at GROUP, Honoured;
    }
    /// Read by `meeting::mute` and `meeting::hold`.
    mute: MutePolicy {
        /// Listed roles start on hold: hear music, are not heard.
        conference_hold_policy: Roles = "" at ROOM_GROUP, Honoured;
        /// Listed roles start muted.
        conference_mute_policy: Roles = "l" at ROOM_GROUP, Honoured;
    }
    /// Read by `meeting::lifetime`.
    lifetime: LifetimePolicy {
        /// The call is warned one minute before and ended when it has lasted this long.
        call_maxduration: Limit = "-1" at ROOM_GROUP, Honoured;
        /// The meeting is warned and ended when it has lasted this long.
        conference_maxduration: Limit = "-1" at ROOM_GROUP, Honoured;
        /// The meeting starts with the first caller, with the first host, or by command (API or console);
        /// until then callers hear music.
        conference_start_how: StartHow = "first" at ROOM_GROUP, Honoured;
        /// How long callers wait for the start before they are told and released.
        conference_start_wait: Seconds = "360" at ROOM_GROUP, Honoured;
        /// The meeting ends when everyone has left, or when the last host has left.
        conference_stop_how: StopHow = "last" at ROOM_GROUP, Honoured;
        /// Grace after the last host left; announced; a returning host cancels it.
        conference_stop_wait: Seconds = "180" at ROOM_GROUP, Honoured;
    }
    /// Read by `meeting::announce`.
    announce: AnnouncePolicy {
        /// A tone is mixed for everyone in the meeting when somebody joins.
        conference_entrytones: Switch = "on" at ROOM_GROUP, Honoured;
        /// A different tone is mixed when somebody leaves.
        conference_exittones: Switch = "on" at ROOM_GROUP, Honoured;
        /// on: each caller records a name on entry; hosts can have the roll played.
        conference_rollcall: Switch = "off" at ROOM_GROUP, Later;
        /// on: the recorded name is played to the meeting on entry.
        conference_rollcall_onenter: Switch = "off" at ROOM_GROUP, Later;
        /// on: the recorded name is played to the meeting on exit.
        conference_rollcall_onexit: Switch = "off" at ROOM_GROUP, Later;
    }
    /// Read by `meeting::schedule`.
    schedule: SchedulePolicy {
        /// When the meeting may take place.
        conference_schedule: Text = "" at ROOM_GROUP, Later;
        /// How far a scheduled meeting may be extended past its end.
        conference_schedule_extend: Seconds = "3600" at GROUP, Later;
        /// Callers who are early by at most this much wait with music; earlier ones hear when the meeting
        /// starts and are released.
        conference_schedule_hold: Seconds = "900" at ROOM_GROUP, Later;
        /// Everyone hears a reminder this long before the scheduled end.
        conference_schedule_remind: Seconds = "300" at ROOM_GROUP, Later;
        /// on: conference_schedule is in force.
        conference_scheduled: Switch = "off" at ROOM_GROUP, Later;
    }
    /// Read by `meeting::qa`.
    qa: QaPolicy {
        /// Listed roles are muted when a question-and-answer session starts and return to their former
        /// state when it ends.
        conference_qa_policy: Roles = "p" at ROOM_GROUP, Honoured;
    }
    /// Read by `meeting::recording`.
    recording: RecordingPolicy {
        /// auto: recording starts with the meeting; on: allowed on demand; off: refused with a prompt and
        /// an API error.
        conference_recording: RecordingMode = "on" at ROOM_GROUP, Honoured;
        /// Where remote recording is sent (an INVITE carrying the mix).
        recording_addr: Text = "" at GROUP, Later;
        /// How the recorder learns the meeting: as Contact parameters or as custom headers of the INVITE.
        recording_metadata: RecordingMetadata = "custom" at GROUP, Later;
        /// Where the recording goes; +pin asks the one who starts it for the recording PIN first. Only local
        /// is in effect yet: where another is set, recording is refused with a prompt and an API error.
        recording_method: RecordingMethod = "local" at GROUP, Later;
        /// When a recording ends by itself.
        recording_stop_how: StopHow = "last" at ROOM_GROUP, Honoured;
        /// Grace before it ends after the moderator left.
        recording_stop_wait: Seconds = "180" at ROOM_GROUP, Honoured;
    }
    /// Read by the event stream and the cluster.
    realtime: RealtimePolicy {
        /// Opaque application data: stored, returned, passed on in events and webhooks, never read.
        conference_appspecific: Text = "" at ROOM_GROUP, Later;
        /// on: the meeting may span several bridges; Meeting.type is 1.
        conference_distributed: Switch = "off" at ROOM_GROUP, Later;
        /// on: live notifications of the meeting are published (event stream, webhooks, RFC 4575 conference
        /// package). off: what happens is kept in the meeting's log alone. That it is switched while the meeting runs
        /// is told in any case.
        conference_realtime: Switch = "on" at ROOM_GROUP, Honoured;
        /// Which roles may negotiate video at the start: where a role is not listed, or the bridge has no
        /// video, the m=video line is refused (port 0) and audio goes on.
        conference_video_policy: Roles = "" at ROOM_GROUP, Honoured;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::attribute::Status;

    #[test]
    fn defaults_read_back_as_written() {
        let policy = Policy::default();
        for row in ATTRIBUTES {
            assert_eq!(policy.text(row.id), row.default, "{}", row.name);
        }
    }

    #[test]
    fn there_are_seventy_rows_sorted_within_their_policy() {
        assert_eq!(ATTRIBUTES.len(), 70);
        for pair in ATTRIBUTES.windows(2) {
            assert!(
                pair[0].policy != pair[1].policy || pair[0].name < pair[1].name,
                "{}",
                pair[1].name
            );
        }
    }

    #[test]
    fn every_binding_has_its_roles_and_works_together_with_them() {
        for row in ATTRIBUTES
            .iter()
            .filter(|row| row.name.ends_with("_dtmf_binding"))
        {
            let roles = AttributeId::find(row.name.trim_end_matches("_binding")).expect(row.name);
            assert_eq!(roles.row().status, row.status, "{}", row.name);
        }
        assert!(ATTRIBUTES.iter().any(|row| row.status == Status::Later));
    }
}
