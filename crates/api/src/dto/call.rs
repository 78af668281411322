use model::CallView;
use serde::Serialize;

use super::seconds;
use crate::backend::Names;
use crate::fields::{Plain, Wire, number, text};

/// A call while it lasts. Times are epoch ms, `duration` is in seconds, `gainLevel` in dB.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Call {
    access_code: String,
    address_from: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    address_to: String,
    bridge_name: String,
    callee: String,
    caller: String,
    codec: String,
    connection_status: u8,
    created: i64,
    custom_name: String,
    duration: i64,
    gain_level: i8,
    hold_mode: u8,
    id: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    joined: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    meeting_number: Option<u32>,
    mute_mode: u8,
    node_name: String,
    presenter_media: u8,
    qa_mode: u8,
    role: u8,
    state: u8,
}

impl Wire for Call {
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
    const NESTED: &'static [&'static str] = &[];
}

impl Call {
    /// `view` as it is at `now_ms`.
    pub(crate) fn new(view: &CallView, names: &Names, now_ms: i64) -> Self {
        Self {
            access_code: view.access_code.clone(),
            address_from: view.address_from.clone(),
            address_to: view.address_to.clone(),
            bridge_name: names.bridge.to_string(),
            callee: view.callee.clone(),
            caller: view.caller.clone(),
            codec: view.codec.clone(),
            connection_status: u8::from(view.outbound),
            created: view.created_ms,
            custom_name: view.custom_name.clone(),
            duration: seconds(view.created_ms, now_ms),
            gain_level: view.gain_db,
            hold_mode: if view.held { HELD } else { 0 },
            id: view.leg.0,
            joined: view.joined_ms,
            meeting_number: view.meeting.map(|number| number.0),
            mute_mode: view.mute.wire(),
            node_name: names.node.to_string(),
            presenter_media: u8::from(view.presenter_audio),
            qa_mode: 0,
            role: view.role.map_or(0, |role| role as u8),
            state: view.state as u8,
        }
    }
}

/// `holdMode` of a call that is held.
pub(crate) const HELD: u8 = 2;
