//! What a world's bridge is told.

use sip::sdp::ChoiceOf;
use std::ops::Range;
use std::time::Duration;

use bridge::control::{ControlConfig, DialOut, Operator};
use ivr::budget::Budgets;
use media::{Codec, JitterConfig, Latching, MediaTimeouts, Rate};
use model::directory::{Directory, Edit, Subscriber, SubscriberRole};
use model::{DidGroupId, DidId, KeyId, MeetingNumber, Sid};
use store::{Provisioning, Secrets};

/// Sid and login of who asks by REST where a story does not say.
pub const TESTER: &str = "tester";

/// Where an attribute is overridden.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// On both DID groups.
    Group,
    /// On the number 15162065319.
    Did,
    /// On room 106131.
    Room,
}

/// Settings that differ from the demo's.
#[derive(Debug)]
pub struct Settings {
    /// Overrides: where, which, what.
    pub attributes: Vec<(Level, &'static str, &'static str)>,
    /// Calls at once.
    pub max_calls: usize,
    /// New calls a second.
    pub new_calls_per_second: u32,
    /// The same, and calls at once, from one address; `None` for as many as from all.
    pub per_source: Option<usize>,
    /// Networks that may call.
    pub allow: &'static str,
    /// Whose order of codecs decides.
    pub codec_choice: ChoiceOf,
    /// Whether silence is told in place of sending it.
    pub silence_suppression: bool,
    /// What the bridge dials.
    pub dial_out: DialOut,
    /// Whom callers can ask for.
    pub operator: Option<Operator>,
    /// Meetings recorded at once.
    pub recordings: usize,
    /// Ids of events to begin with.
    pub event_ids: Range<u64>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            attributes: Vec::new(),
            max_calls: 2_000,
            new_calls_per_second: 10_000,
            per_source: None,
            allow: "127.0.0.0/8",
            codec_choice: ChoiceOf::Offerer,
            silence_suppression: false,
            dial_out: DialOut::default(),
            operator: None,
            recordings: 10,
            event_ids: 1..1_000_000,
        }
    }
}

impl Settings {
    /// The demo with attributes of the room overridden.
    pub fn room(attributes: &[(&'static str, &'static str)]) -> Self {
        let attributes = attributes
            .iter()
            .map(|(name, value)| (Level::Room, *name, *value));
        Self {
            attributes: attributes.collect(),
            ..Self::default()
        }
    }

    pub(crate) fn build(self) -> (ControlConfig, Directory) {
        let mut directory = demo();
        for (level, name, value) in &self.attributes {
            directory = overridden(&directory, *level, name, value);
        }
        (self.config(), directory)
    }

    fn config(&self) -> ControlConfig {
        ControlConfig {
            allow: vec![self.allow.parse().expect("a network")],
            max_calls: self.max_calls,
            max_load: 80,
            max_calls_per_source: self.per_source.unwrap_or(self.max_calls),
            max_meetings: 100,
            new_calls_per_second: self.new_calls_per_second,
            new_calls_per_second_per_source: self
                .per_source
                .map_or(self.new_calls_per_second, |most| most as u32),
            unanswered_records_per_second: 20,
            retry_after: 10,
            budgets: Budgets::default(),
            codecs: vec![Codec::Opus(Rate::Hz48000), Codec::G722, Codec::Pcmu, Codec::Pcma],
            codec_choice: self.codec_choice,
            opus_bitrate: 32_000,
            silence_suppression: self.silence_suppression,
            advertise: None,
            jitter: JitterConfig::default(),
            level_target: None,
            timeouts: MediaTimeouts::default(),
            latching: Latching::Symmetric,
            inband_digits: true,
            other_ports: vec![5060],
            cname: "world".to_owned(),
            recordings: self.recordings,
            dial_out: self.dial_out.clone(),
            operator: self.operator.clone(),
            endpoint: sip::EndpointConfig {
                session_default: Some(Duration::from_secs(1800)),
                limits: sip::Limits {
                    retry_after: 10,
                    ..sip::Limits::default()
                },
                ..sip::EndpointConfig::default()
            },
        }
    }
}

struct NoSecrets;

impl Secrets for NoSecrets {
    fn password_hash(&mut self, _login: &str, _given: Option<&str>) -> Result<String, String> {
        Ok("$argon2id$".to_owned())
    }

    fn token(&mut self) -> String {
        String::new()
    }
}

fn demo() -> Directory {
    let provisioning = Provisioning {
        now_ms: 0,
        first_key: KeyId(1),
        secrets: &mut NoSecrets,
    };
    let edits = provisioning
        .read(include_str!("../../configs/demo.toml"))
        .expect("the demo is right");
    let edited = |directory: Directory, edit| directory.edited(edit).expect("the demo is right");
    let edits = edits.into_iter().chain([Edit::PutSubscriber(tester())]);
    edits.fold(Directory::default(), edited)
}

/// Who asks by REST where a story does not say: one who sees all there is.
fn tester() -> Subscriber {
    let administrator = Sid::new("00000000-0000-4000-8000-000000000001");
    Subscriber::new(
        Sid::new(TESTER),
        Some(administrator),
        TESTER,
        SubscriberRole::Operator,
    )
}

fn overridden(directory: &Directory, level: Level, name: &str, value: &str) -> Directory {
    let groups = [219, 220].map(|id| {
        directory
            .group(DidGroupId(id))
            .expect("the demo's")
            .as_ref()
            .clone()
    });
    let edits = match level {
        Level::Group => groups
            .map(|mut group| {
                group.attributes.put(name, value).expect("a right value");
                Edit::PutGroup(group)
            })
            .to_vec(),
        Level::Did => {
            let mut did = directory.did(DidId(220)).expect("the demo's").as_ref().clone();
            did.attributes.put(name, value).expect("a right value");
            vec![Edit::PutDid(did)]
        }
        Level::Room => {
            let mut room = directory
                .room(MeetingNumber(106_131))
                .expect("the demo's")
                .as_ref()
                .clone();
            room.attributes.put(name, value).expect("a right value");
            vec![Edit::PutRoom(room)]
        }
    };
    let edited = |directory: Directory, edit| directory.edited(edit).expect("a right edit");
    edits.into_iter().fold(directory.clone(), edited)
}
