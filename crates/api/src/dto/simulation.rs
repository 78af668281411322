use model::attribute::AttributeId;
use model::{Cause, Phrase};
use schemars::JsonSchema;
use serde::Serialize;

use super::attribute::Attribute;
use crate::fields::{Plain, Wire, flag, number, text};
use crate::openapi::{AttributeName, CauseName};
use crate::simulation::{self, Outcome, SimulatedCall, What};

/// What a call would go through. Times are epoch ms, `answerDelay` seconds.
#[derive(Debug, JsonSchema, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Simulation {
    /// Seconds of ringing before it is answered.
    answer_delay: u64,
    /// All in force at the end, with their origins: those of the number until a code was good, then those of the
    /// meeting.
    attributes: Vec<Attribute>,
    /// Why it waits or is refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    because: Option<Because>,
    /// Call flow of the number, by name.
    call_flow: &'static str,
    /// The same: 1 SPECTEL, 3 CONF.
    #[schemars(extend("enum" = [1, 3]))]
    call_flow_id: u64,
    /// The caller as it would be shown.
    caller: String,
    /// Keys that the menu listened to.
    consumed: String,
    /// When the call comes, epoch ms.
    created: i64,
    /// Group of the number.
    did_group_id: u64,
    /// Name of the group.
    did_group_name: String,
    /// Id of the number.
    did_id: u64,
    /// Keys that were left when the menu was over.
    left: String,
    /// Number of the meeting that the code leads to.
    #[serde(skip_serializing_if = "Option::is_none")]
    meeting_number: Option<u32>,
    /// Whether a meeting that belongs to no room would be opened.
    on_the_fly: bool,
    /// How it ends: `waiting` is for the start of the meeting.
    #[schemars(extend("enum" = ["joined", "waiting", "refused"]))]
    outcome: &'static str,
    /// Number that was dialled, E.164 without plus.
    phone_number: String,
    /// What the code gives: 0 none was good, 1 host, 2 participant, 3 listener.
    #[schemars(extend("enum" = [0, 1, 2, 3]))]
    role: u8,
    /// Whether the meeting goes on already.
    running: bool,
    /// What happens, in order.
    steps: Vec<Step>,
}

/// Why it ends so, and the attribute that decided it, where one did.
#[derive(Debug, JsonSchema, Serialize)]
#[schemars(rename = "SimulationReason")]
struct Because {
    /// The attribute that decided it, where one did.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<AttributeName>")]
    attribute: Option<&'static str>,
    /// The cause as it would be recorded, of one that is refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<CauseName>")]
    cause: Option<&'static str>,
    /// Where the value of the attribute was set.
    #[serde(skip_serializing_if = "Option::is_none")]
    origin: Option<String>,
    /// Value of the attribute, as a text.
    #[serde(skip_serializing_if = "Option::is_none")]
    value: Option<String>,
}

/// One thing that happens.
#[derive(Debug, JsonSchema, Serialize)]
#[schemars(rename = "SimulationStep")]
struct Step {
    /// What it is.
    #[schemars(extend("enum" = ["ring", "answer", "say", "key", "lookUp", "entryTone", "callOperator", "hangUp"]))]
    action: &'static str,
    /// When, epoch ms. Prompts take no time.
    at: i64,
    /// The key, of `key`.
    #[serde(skip_serializing_if = "Option::is_none")]
    key: Option<char>,
    /// Names of the prompts, of `say`; numbers and keys stand as they are.
    #[serde(skip_serializing_if = "Option::is_none")]
    prompts: Option<Vec<String>>,
}

impl Wire for Simulation {
    const COLLECTION: &'static str = "simulations";
    const PLAIN: &'static [Plain] = &[
        number("answerDelay"),
        text("callFlow"),
        number("callFlowId"),
        text("caller"),
        text("consumed"),
        number("created"),
        number("didGroupId"),
        text("didGroupName"),
        number("didId"),
        text("left"),
        number("meetingNumber"),
        flag("onTheFly"),
        text("outcome"),
        text("phoneNumber"),
        number("role"),
        flag("running"),
    ];
    const NESTED: &'static [&'static str] = &["attributes", "because", "steps"];
}

/// Causes that an attribute decides.
const DECISIVE: &[(Cause, AttributeId)] = &[
    (Cause::WrongCode, AttributeId::call_operator_after),
    (Cause::MeetingFull, AttributeId::conference_maxcalls),
    (Cause::RoleFull, AttributeId::conference_maxcallsperrole),
];

impl Simulation {
    /// What `played` tells of `call`, which comes at `created` (epoch ms).
    pub(crate) fn new(call: &SimulatedCall, played: simulation::Simulation, created: i64) -> Self {
        let attributes = match &played.meeting {
            Some(meeting) => Attribute::in_meeting(meeting),
            None => Attribute::in_force(&played.settings),
        };
        let (did, group) = (&call.dialled.did, &call.dialled.group);
        let room = played.room.as_ref().map(|room| room.meeting_number);
        let number = room.or(played.meeting.as_ref().map(|meeting| meeting.number));
        let (consumed, left) = call.keys.split_at_checked(played.consumed).unwrap_or_default();
        let answered = played.steps.iter().find(|step| step.what == What::Answer);
        Self {
            answer_delay: answered.map_or(0, |step| step.after.as_secs()),
            because: because(played.outcome, &attributes),
            attributes,
            call_flow: group.call_flow.name(),
            call_flow_id: group.call_flow.id(),
            caller: played.caller,
            consumed: consumed.to_owned(),
            created,
            did_group_id: group.id.0,
            did_group_name: group.name.clone(),
            did_id: did.id.0,
            left: left.to_owned(),
            meeting_number: number.map(|number| number.0),
            on_the_fly: played.opens_on_the_fly,
            outcome: match played.outcome {
                Outcome::Joined => "joined",
                Outcome::Waiting => "waiting",
                Outcome::Refused(_) => "refused",
            },
            phone_number: did.phone_number.clone(),
            role: played.role.map_or(0, |role| role as u8),
            running: played.meeting.is_some(),
            steps: played.steps.iter().map(|step| Step::new(step, created)).collect(),
        }
    }
}

fn because(outcome: Outcome, attributes: &[Attribute]) -> Option<Because> {
    let (cause, decisive) = match outcome {
        Outcome::Joined => return None,
        Outcome::Waiting => (None, Some(AttributeId::conference_start_how)),
        Outcome::Refused(cause) => {
            let decisive = DECISIVE.iter().find(|(known, _)| *known == cause);
            (Some(cause.text()), decisive.map(|(_, id)| *id))
        }
    };
    let attribute = decisive.map(|id| id.row().name);
    let found = attribute.and_then(|name| attributes.iter().find(|attribute| attribute.name == name));
    Some(Because {
        attribute,
        cause,
        origin: found.and_then(|attribute| attribute.origin.clone()),
        value: found.map(|attribute| attribute.value.clone()),
    })
}

impl Step {
    fn new(step: &simulation::Step, created: i64) -> Self {
        let (action, key, prompts) = match &step.what {
            What::Ring => ("ring", None, None),
            What::Answer => ("answer", None, None),
            What::Say(phrases) => ("say", None, Some(phrases.iter().map(spoken).collect())),
            What::Key(key) => ("key", Some(*key), None),
            What::LookUp => ("lookUp", None, None),
            What::EntryTone => ("entryTone", None, None),
            What::CallOperator => ("callOperator", None, None),
            What::HangUp => ("hangUp", None, None),
        };
        let after = i64::try_from(step.after.as_millis()).unwrap_or(i64::MAX);
        Self {
            action,
            at: created.saturating_add(after),
            key,
            prompts,
        }
    }
}

/// The name of a prompt; numbers and keys as they are.
fn spoken(phrase: &Phrase) -> String {
    match phrase {
        Phrase::Prompt(prompt) => prompt.name().to_owned(),
        Phrase::Number(number) => number.to_string(),
        Phrase::Digits(text) | Phrase::Keys(text) => text.clone(),
    }
}
