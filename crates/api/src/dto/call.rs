use std::sync::Arc;

use model::CallView;
use schemars::JsonSchema;
use serde::Serialize;

use super::attribute::Attribute;
use super::seconds;
use crate::backend::Names;
use crate::fields::{Plain, Wire, number, text};

/// A call while it lasts. Times are epoch ms, `duration` is in seconds, `gainLevel` in dB.
#[derive(Debug, JsonSchema, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Call<'a> {
    /// Code that the caller keyed; empty before.
    access_code: &'a str,
    /// From header of the call's INVITE.
    address_from: &'a str,
    /// To header of the call's INVITE.
    #[serde(skip_serializing_if = "str::is_empty")]
    address_to: &'a str,
    /// All in force for it, where they are asked for: of its meeting, before that of the room or number it is for.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    attributes: Vec<Attribute>,
    /// Name of the bridge.
    bridge_name: Arc<str>,
    /// Number that was dialled, E.164 without plus.
    callee: &'a str,
    /// Number of the caller, E.164 with plus.
    caller: &'a str,
    /// Codec of its audio: PCMU, PCMA, G722 or opus.
    codec: &'a str,
    /// 0 inbound, 1 outbound.
    #[schemars(extend("enum" = [0, 1]))]
    connection_status: u8,
    /// When it came, epoch ms.
    created: i64,
    /// Name given to the caller.
    custom_name: &'a str,
    /// Seconds since `created`.
    duration: i64,
    /// Microphone level, dB, -20 to 20.
    gain_level: i8,
    /// 0 not held, 2 held (hears music, is not heard).
    #[schemars(extend("enum" = [0, 2]))]
    hold_mode: u8,
    /// Id of the call; none is given twice.
    id: u64,
    /// When it joined the meeting, epoch ms; absent before.
    #[serde(skip_serializing_if = "Option::is_none")]
    joined: Option<i64>,
    /// Number of the meeting it is in or waits for; absent before.
    #[serde(skip_serializing_if = "Option::is_none")]
    meeting_number: Option<u32>,
    /// 0 open, 1 muted by the caller, 2 by host or policy, 3 by both.
    #[schemars(extend("enum" = [0, 1, 2, 3]))]
    mute_mode: u8,
    /// Name of the node, usually its address.
    node_name: Arc<str>,
    /// 1 the operator is being called for it, 2 it talks with the operator; absent where neither is so.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("enum" = [1, 2]))]
    operator_mode: Option<u8>,
    /// What it is marked as presenting: the sum of 1 audio, 2 video and 4 screen, 0 nothing. The bridge carries audio; the other two are
    /// for clients that have them elsewhere.
    #[schemars(range(max = 7))]
    presenter_media: u8,
    /// 0 none, 1 hand raised, 2 has the floor, 3 answered.
    #[schemars(extend("enum" = [0, 1, 2, 3]))]
    qa_mode: u8,
    /// 0 none yet, 1 host, 2 participant, 3 listener.
    #[schemars(extend("enum" = [0, 1, 2, 3]))]
    role: u8,
    /// 0 dialling or ringing, 1 in the menu or waiting, 2 in the meeting, 3 ending.
    #[schemars(extend("enum" = [0, 1, 2, 3]))]
    state: u8,
}

impl Wire for Call<'_> {
    const COLLECTION: &'static str = "calls";
    const PLAIN: &'static [Plain] = &[
        text("accessCode"),
        text("addressFrom"),
        text("addressTo"),
        text("bridgeName"),
        text("callee"),
        text("caller"),
        text("codec"),
        number("connectionStatus"),
        number("created"),
        text("customName"),
        number("duration"),
        number("gainLevel"),
        number("holdMode"),
        number("id"),
        number("joined"),
        number("meetingNumber"),
        number("muteMode"),
        text("nodeName"),
        number("operatorMode"),
        number("presenterMedia"),
        number("qaMode"),
        number("role"),
        number("state"),
    ];
    const NESTED: &'static [&'static str] = &["attributes"];
    const RESOLVES: bool = true;
}

impl<'a> Call<'a> {
    /// `view` as it is at `now_ms`.
    pub(crate) fn new(view: &'a CallView, names: &Names, now_ms: i64) -> Self {
        Self {
            access_code: &view.access_code,
            address_from: &view.address_from,
            address_to: &view.address_to,
            attributes: Vec::new(),
            bridge_name: Arc::clone(&names.bridge),
            callee: &view.callee,
            caller: &view.caller,
            codec: &view.codec,
            connection_status: u8::from(view.outbound),
            created: view.created_ms,
            custom_name: &view.custom_name,
            duration: seconds(view.created_ms, now_ms),
            gain_level: view.gain_db,
            hold_mode: if view.held { HELD } else { 0 },
            id: view.leg.0,
            joined: view.joined_ms,
            meeting_number: view.meeting.map(|number| number.0),
            mute_mode: view.mute.wire(),
            node_name: Arc::clone(&names.node),
            operator_mode: Some(view.operator.wire()).filter(|mode| *mode != 0),
            presenter_media: view.presenter_media.wire(),
            qa_mode: view.question.wire(),
            role: view.role.map_or(0, |role| role as u8),
            state: view.state as u8,
        }
    }

    /// The same, with these attributes.
    pub(crate) fn with_attributes(self, attributes: Vec<Attribute>) -> Self {
        Self { attributes, ..self }
    }
}

/// `holdMode` of a call that is held.
pub(crate) const HELD: u8 = 2;
