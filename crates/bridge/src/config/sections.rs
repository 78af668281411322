use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use ipnet::IpNet;
use media::{Dbov, Rate};
use serde::Deserialize;

use super::units::{PortRange, count, counts, duration, networks, socket, some_ip, speech_level};

/// `[node]`: names shown in Call objects and logs.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct NodeSection {
    /// `bridgeName`.
    pub bridge_name: String,
    /// `nodeName`; empty: the address media is sent from.
    pub node_name: String,
}

impl Default for NodeSection {
    fn default() -> Self {
        Self {
            bridge_name: "partyline".to_owned(),
            node_name: String::new(),
        }
    }
}

/// `[sip]`: signalling.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SipSection {
    /// Address and port, UDP and TCP.
    #[serde(deserialize_with = "socket")]
    pub listen: SocketAddr,
    /// Address that phones are told to answer to; none: the one their packets came to.
    #[serde(deserialize_with = "some_ip")]
    pub advertise: Option<IpAddr>,
    /// Networks that may call.
    #[serde(deserialize_with = "networks")]
    pub allow: Vec<IpNet>,
    /// TCP connections at once.
    #[serde(deserialize_with = "count")]
    pub tcp_connections: usize,
    /// TCP connections at once from one address.
    #[serde(deserialize_with = "count")]
    pub tcp_connections_per_source: usize,
    /// Time without a message after which a TCP connection that carries no call is closed.
    #[serde(deserialize_with = "duration")]
    pub tcp_idle: Duration,
    /// Longest time a message may take to arrive whole on TCP.
    #[serde(deserialize_with = "duration")]
    pub tcp_message: Duration,
    /// Shortest session interval accepted (RFC 4028).
    #[serde(deserialize_with = "duration")]
    pub session_min: Duration,
    /// Session interval asked for.
    #[serde(deserialize_with = "duration")]
    pub session_interval: Duration,
}

impl Default for SipSection {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([0, 0, 0, 0], 5060)),
            advertise: None,
            allow: vec![],
            tcp_connections: 1024,
            tcp_connections_per_source: 32,
            tcp_idle: Duration::from_secs(120),
            tcp_message: Duration::from_secs(10),
            session_min: Duration::from_secs(90),
            session_interval: Duration::from_secs(1800),
        }
    }
}

/// A codec by its SDP name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub enum CodecName {
    /// G.711 µ-law.
    #[serde(rename = "PCMU")]
    Pcmu,
    /// G.711 A-law.
    #[serde(rename = "PCMA")]
    Pcma,
    /// G.722.
    #[serde(rename = "G722")]
    G722,
    /// Opus.
    #[serde(rename = "opus")]
    Opus,
}

/// Whose order of codecs decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum CodecOrder {
    /// That of whoever offers.
    Theirs,
    /// That of this configuration.
    Ours,
}

/// A rate that Opus is mixed at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "i64")]
pub struct OpusRate(Rate);

impl OpusRate {
    /// The rate.
    pub const fn rate(self) -> Rate {
        self.0
    }
}

impl TryFrom<i64> for OpusRate {
    type Error = String;

    fn try_from(hz: i64) -> Result<Self, String> {
        let rate = Rate::ALL.into_iter().find(|rate| i64::from(rate.hz()) == hz);
        rate.map(Self)
            .ok_or_else(|| format!("{hz} is no rate that rooms mix at: expected 8000, 16000 or 48000"))
    }
}

/// `[media]`: audio.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct MediaSection {
    /// Address of the RTP sockets; none: that of `sip.listen`.
    #[serde(deserialize_with = "some_ip")]
    pub listen: Option<IpAddr>,
    /// Address written into SDP; none: the one the call came to.
    #[serde(deserialize_with = "some_ip")]
    pub advertise: Option<IpAddr>,
    /// UDP ports, two a leg.
    pub ports: PortRange,
    /// How long a released port rests.
    #[serde(deserialize_with = "duration")]
    pub quarantine: Duration,
    /// Codecs allowed, best first.
    pub codecs: Vec<CodecName>,
    /// Whose order of codecs decides between those both sides have.
    pub codec_order: CodecOrder,
    /// Rate that Opus is decoded and mixed at, Hz.
    pub opus_rate: OpusRate,
    /// Most that is sent as Opus, bits a second.
    #[serde(deserialize_with = "count")]
    pub opus_bitrate: u32,
    /// Voices heard at once in a meeting, the loudest.
    #[serde(deserialize_with = "count")]
    pub talkers: usize,
    /// Level that each caller's speech is brought to; none: left as it is.
    #[serde(deserialize_with = "speech_level")]
    pub level_target: Option<Dbov>,
    /// Whether a faint noise lies beneath everything.
    pub comfort_noise: bool,
    /// Cores that mixer threads are pinned to, one each, 0 to 1023; one thread that is not pinned where none is named.
    #[serde(deserialize_with = "counts")]
    pub cores: Vec<usize>,
    /// Priority of mixer threads in real time, 1 to 99; 0 for none.
    #[serde(deserialize_with = "count")]
    pub priority: u8,
    /// Share of a mixer thread's time from which on a meeting is spread to another, percent.
    #[serde(deserialize_with = "count")]
    pub spread_load: u8,
    /// Legs of one meeting in one mixer thread.
    #[serde(deserialize_with = "count")]
    pub spread_legs: usize,
    /// Whether silence is told to phones that agree to it, in place of sending it.
    pub silence_suppression: bool,
    /// Least margin kept for late packets.
    #[serde(deserialize_with = "duration")]
    pub jitter_min: Duration,
    /// Most delay that jitter may cause.
    #[serde(deserialize_with = "duration")]
    pub jitter_max: Duration,
    /// Whether a phone behind NAT may show its address by sending.
    pub symmetric: bool,
    /// Whether keys are looked for in the audio of phones that offered no telephone-event.
    pub inband_digits: bool,
    /// End of a call from which no packet ever came.
    #[serde(deserialize_with = "duration")]
    pub timeout_first: Duration,
    /// End of a call whose packets stopped.
    #[serde(deserialize_with = "duration")]
    pub timeout: Duration,
    /// The same while the phone has the call on hold.
    #[serde(deserialize_with = "duration")]
    pub timeout_hold: Duration,
    /// Sending stops when nothing has come from the phone by then.
    #[serde(deserialize_with = "duration")]
    pub unanswered: Duration,
}

impl Default for MediaSection {
    fn default() -> Self {
        Self {
            listen: None,
            advertise: None,
            ports: PortRange {
                first: 20_000,
                last: 29_999,
            },
            quarantine: Duration::from_secs(30),
            codecs: vec![CodecName::Opus, CodecName::G722, CodecName::Pcmu, CodecName::Pcma],
            codec_order: CodecOrder::Theirs,
            opus_rate: OpusRate(Rate::Hz48000),
            opus_bitrate: 32_000,
            talkers: 8,
            level_target: Some(Dbov::new(-26)),
            comfort_noise: true,
            cores: Vec::new(),
            priority: 10,
            spread_load: 50,
            spread_legs: 2_000,
            silence_suppression: false,
            jitter_min: Duration::from_millis(4),
            jitter_max: Duration::from_millis(200),
            symmetric: true,
            inband_digits: true,
            timeout_first: Duration::from_secs(30),
            timeout: Duration::from_secs(60),
            timeout_hold: Duration::from_secs(1800),
            unanswered: Duration::from_secs(5),
        }
    }
}

/// `[calls]`: bounds.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct CallsSection {
    /// Calls at once.
    #[serde(deserialize_with = "count")]
    pub max_calls: usize,
    /// Calls at once from one address.
    #[serde(deserialize_with = "count")]
    pub max_calls_per_source: usize,
    /// Share of its time that the mixer may need before new calls are turned away, percent.
    #[serde(deserialize_with = "count")]
    pub max_load: u8,
    /// Meetings at once.
    #[serde(deserialize_with = "count")]
    pub max_meetings: usize,
    /// New calls a second.
    #[serde(deserialize_with = "count")]
    pub new_calls_per_second: u32,
    /// New calls a second from one network address.
    #[serde(deserialize_with = "count")]
    pub new_calls_per_second_per_source: u32,
    /// Records of calls that were never answered, a second.
    #[serde(deserialize_with = "count")]
    pub unanswered_records_per_second: u32,
    /// What a 503 says in Retry-After.
    #[serde(deserialize_with = "duration")]
    pub retry_after: Duration,
}

impl Default for CallsSection {
    fn default() -> Self {
        Self {
            max_calls: 2000,
            max_calls_per_source: 1800,
            max_load: 80,
            max_meetings: 1000,
            new_calls_per_second: 200,
            new_calls_per_second_per_source: 150,
            unanswered_records_per_second: 20,
            retry_after: Duration::from_secs(10),
        }
    }
}

/// `[guesses]`: budgets against guessing access codes.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct GuessesSection {
    /// Wrong codes an hour from one calling number.
    #[serde(deserialize_with = "count")]
    pub per_caller: usize,
    /// Wrong codes an hour from one network address.
    #[serde(deserialize_with = "count")]
    pub per_source: usize,
    /// Wrong codes an hour on one DID group, and meetings opened on the fly.
    #[serde(deserialize_with = "count")]
    pub per_group: usize,
    /// Wait of every caller of a group beyond its budget.
    #[serde(deserialize_with = "duration")]
    pub group_wait: Duration,
    /// Meetings an hour that one caller may open on the fly.
    #[serde(deserialize_with = "count")]
    pub meetings_per_caller: usize,
    /// The same of one network address.
    #[serde(deserialize_with = "count")]
    pub meetings_per_source: usize,
    /// Codes an hour that one tenant may choose by REST where others have rooms.
    #[serde(deserialize_with = "count")]
    pub chosen_per_tenant: u32,
}

impl Default for GuessesSection {
    fn default() -> Self {
        let budgets = ivr::budget::Budgets::default();
        Self {
            per_caller: budgets.per_caller,
            per_source: budgets.per_source,
            per_group: budgets.per_group,
            group_wait: budgets.group_wait,
            meetings_per_caller: budgets.meetings_per_caller,
            meetings_per_source: budgets.meetings_per_source,
            chosen_per_tenant: 100,
        }
    }
}

/// `[api]`: REST over HTTPS.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ApiSection {
    /// Address and port.
    #[serde(deserialize_with = "socket")]
    pub listen: SocketAddr,
    /// PEM file with the certificate chain.
    pub certificate: Option<PathBuf>,
    /// PEM file with its key.
    pub key: Option<PathBuf>,
    /// Connections at once.
    #[serde(deserialize_with = "count")]
    pub connections: usize,
    /// Connections at once from one address.
    #[serde(deserialize_with = "count")]
    pub connections_per_source: usize,
    /// Requests a second of one login; 0 for no limit.
    #[serde(deserialize_with = "count")]
    pub requests_per_second_per_login: u32,
    /// Scheme and authority under which clients reach the API.
    pub public_url: Option<String>,
}

impl Default for ApiSection {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 8443)),
            certificate: None,
            key: None,
            connections: 1024,
            connections_per_source: 64,
            requests_per_second_per_login: 500,
            public_url: None,
        }
    }
}

/// `[metrics]`: the page for Prometheus.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct MetricsSection {
    /// Whether there is one.
    pub enabled: bool,
    /// Address and port, HTTP.
    #[serde(deserialize_with = "socket")]
    pub listen: SocketAddr,
}

impl Default for MetricsSection {
    fn default() -> Self {
        Self {
            enabled: true,
            listen: SocketAddr::from(([127, 0, 0, 1], 9464)),
        }
    }
}

/// How log lines are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// One JSON object a line.
    Json,
    /// For reading at a terminal.
    Text,
}

/// `[log]`: logs on standard error.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LogSection {
    /// How lines are written.
    pub format: LogFormat,
    /// Filter: a level, or targets with levels.
    pub level: String,
}

impl LogSection {
    /// Whether every part of the level is a level, or a target with one: a word that is neither would be taken for a target, and silence
    /// all the others.
    pub(super) fn is_readable(&self) -> bool {
        let level = |word: &str| word.parse::<tracing::level_filters::LevelFilter>().is_ok();
        let part = |part: &str| level(part.rsplit_once('=').map_or(part, |(_, level)| level).trim());
        !self.level.trim().is_empty() && self.level.split(',').all(part)
    }
}

impl Default for LogSection {
    fn default() -> Self {
        Self {
            format: LogFormat::Text,
            level: "info".to_owned(),
        }
    }
}
