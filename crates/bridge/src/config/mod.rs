//! The configuration file: one annotated TOML, every key with its unit, unknown keys refused.

mod dial_out;
mod events;
mod operator;
mod recording;
mod records;
mod sections;
mod units;

pub use dial_out::DialOutSection;
pub use events::{EventsSection, WebhooksSection};
pub use operator::OperatorSection;
pub use recording::RecordingSection;
pub use records::RecordsSection;
pub use sections::{
    ApiSection, CallsSection, CodecName, CodecOrder, GuessesSection, LogFormat, LogSection, MediaSection,
    MetricsSection, NodeSection, OpusRate, SipSection,
};
pub use units::PortRange;

use std::path::Path;

use serde::Deserialize;

/// The highest core that a thread can be kept on: the system's sets of cores (`cpu_set_t`) hold no more.
pub(crate) const LAST_CORE: usize = 1_023;

/// Everything that can be configured. What a file leaves out keeps its default.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// Names of this bridge.
    pub node: NodeSection,
    /// Signalling.
    pub sip: SipSection,
    /// Audio.
    pub media: MediaSection,
    /// Bounds on calls and meetings.
    pub calls: CallsSection,
    /// Meetings on disk.
    pub recording: RecordingSection,
    /// Calls that the bridge makes.
    pub dial_out: DialOutSection,
    /// Whom callers can ask for.
    pub operator: OperatorSection,
    /// Budgets against guessing access codes.
    pub guesses: GuessesSection,
    /// What remains of calls and meetings.
    pub records: RecordsSection,
    /// REST.
    pub api: ApiSection,
    /// Streams of events.
    pub events: EventsSection,
    /// Posting of events.
    pub webhooks: WebhooksSection,
    /// The page for Prometheus.
    pub metrics: MetricsSection,
    /// Logs.
    pub log: LogSection,
}

impl Config {
    /// Reads a file; the error names the file, the line and what was expected.
    pub fn read(path: &Path) -> Result<Self, String> {
        let text = std::fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))?;
        Self::parse(&text).map_err(|error| format!("{}: {error}", path.display()))
    }

    /// Reads TOML text and checks what no single key shows.
    pub fn parse(text: &str) -> Result<Self, String> {
        let config: Self = toml::from_str(text).map_err(|error| told(&error))?;
        config.check()?;
        Ok(config)
    }

    /// The ports that are listened on, beside those of the audio.
    pub(crate) fn ports(&self) -> impl Iterator<Item = u16> {
        let metrics = self.metrics.enabled.then_some(self.metrics.listen);
        let all = [self.sip.listen, self.api.listen].into_iter().chain(metrics);
        all.map(|address| address.port())
    }

    fn check(&self) -> Result<(), String> {
        let media = &self.media;
        let others = self.api_checks().into_iter();
        let others = others.chain(events::checks(&self.events, &self.webhooks));
        let others = others.chain(self.recording.checks()).chain(self.records.checks());
        for (good, message) in [
            (
                !media.codecs.is_empty(),
                "media.codecs: expected at least one codec",
            ),
            (
                media.jitter_min <= media.jitter_max && media.jitter_max.as_millis() <= 1000,
                "media.jitter_max: expected jitter_min or more and at most 1s",
            ),
            (
                (6_000..=64_000).contains(&media.opus_bitrate),
                "media.opus_bitrate: expected 6000 to 64000 bits a second",
            ),
            (
                (1..=32).contains(&media.talkers),
                "media.talkers: expected 1 to 32",
            ),
            (
                media.cores.len() <= 64 && are_cores(&media.cores),
                "media.cores: expected up to 64 cores from 0 to 1023, each once, such as [1, 2]",
            ),
            (media.priority <= 99, "media.priority: expected 0 to 99"),
            (
                (10..=100).contains(&media.spread_load),
                "media.spread_load: expected 10 to 100 percent",
            ),
            (media.spread_legs >= 1, "media.spread_legs: expected 1 or more"),
            (
                (20..=100).contains(&self.calls.max_load),
                "calls.max_load: expected 20 to 100 percent",
            ),
            (self.calls.max_calls >= 1, "calls.max_calls: expected 1 or more"),
            (
                self.calls.max_calls <= 20_000,
                "calls.max_calls: expected at most 20000; run more nodes beyond that",
            ),
            (
                self.calls.new_calls_per_second >= 1 && self.calls.new_calls_per_second_per_source >= 1,
                "calls.new_calls_per_second and _per_source: expected 1 or more",
            ),
            (
                !self
                    .ports()
                    .any(|port| (media.ports.first..=media.ports.last).contains(&port)),
                "media.ports: expected a range without the ports of sip.listen, api.listen and metrics.listen",
            ),
            (
                self.log.is_readable(),
                "log.level: expected off, error, warn, info, debug or trace, or targets with one, such as info,bridge::control=debug",
            ),
            (
                self.sip.session_min.as_secs() >= 90,
                "sip.session_min: expected 90s or more (RFC 4028, section 5)",
            ),
        ]
        .into_iter()
        .chain(others)
        {
            if !good {
                return Err(message.to_owned());
            }
        }
        self.dial_out.check()?;
        self.operator.check(&self.dial_out.plan()?)
    }

    fn api_checks(&self) -> [(bool, &'static str); 2] {
        [
            (
                self.api.certificate.is_some() == self.api.key.is_some(),
                "api.certificate and api.key: expected both or neither",
            ),
            (
                self.api.public_url.as_deref().is_none_or(is_base),
                "api.public_url: expected https:// and a host, without a path",
            ),
        ]
    }
}

/// What is wrong and where, with the line that it is about: but for a password, which no log is to hold. Behind a key that is not known may be
/// one, too: keys are misspelt.
fn told(error: &toml::de::Error) -> String {
    let told = error.to_string();
    if error.message().starts_with("unknown field") {
        let lines: Vec<_> = told.lines().map(without_value).collect();
        return lines.join("\n");
    }
    let is_secret = |line: &str| line.contains(" | ") && line.contains("password");
    match told.lines().any(is_secret) {
        true => {
            let place = told.lines().next().unwrap_or_default();
            format!("{place}\npassword: expected a text in quotes")
        }
        false => told,
    }
}

/// A line of a message, without the value where it shows one of the configuration.
fn without_value(line: &str) -> &str {
    match line.contains(" | ") {
        true => line.split('=').next().unwrap_or(line),
        false => line,
    }
}

fn are_cores(cores: &[usize]) -> bool {
    let known: std::collections::BTreeSet<_> = cores.iter().filter(|core| **core <= LAST_CORE).collect();
    known.len() == cores.len()
}

/// Whether links can be made by putting a path behind it.
fn is_base(url: &str) -> bool {
    let uri = url.parse::<axum::http::Uri>().ok();
    uri.is_some_and(|uri| {
        let host = uri.authority().is_some_and(|host| !host.as_str().contains('@'));
        uri.scheme_str() == Some("https") && host && uri.path() == "/" && uri.query().is_none()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::control::DialOut;

    #[test]
    fn the_annotated_file_states_every_default() {
        let text = include_str!("../../../../configs/partyline.toml");
        assert_eq!(Config::parse(text).unwrap(), Config::default());
    }

    #[test]
    fn every_key_is_documented_in_the_annotated_file() {
        let text = include_str!("../../../../configs/partyline.toml");
        let mut section = String::new();
        let mut documented = false;
        for line in text.lines() {
            if let Some(name) = line.strip_prefix('[') {
                section = name.trim_end_matches(']').to_owned();
            } else if line.starts_with('#') {
                documented = true;
                continue;
            } else if line.contains('=') {
                assert!(documented, "[{section}] {line} has no comment");
            }
            documented = false;
        }
    }

    #[test]
    fn a_password_that_cannot_be_read_is_in_no_message() {
        for written in ["12345678", "h12345678", "\"12345678", "[\"12345678\"]"] {
            let text = format!("[dial_out]\npassword = {written}\nusername = \"bridge\"\n");
            let told = Config::parse(&text).unwrap_err();
            assert!(told.contains("line ") && !told.contains("12345678"), "{told}");
        }
    }

    #[test]
    fn what_stands_behind_a_misspelt_key_is_in_no_message() {
        for (text, key, line) in [
            ("[dial_out]\npasword = \"12345678\"\n", "pasword", "line 2"),
            (
                "[dial_out]\ntrunk_password = \"12345678\"\n",
                "trunk_password",
                "line 2",
            ),
            ("dial_out = { secret = \"12345678\" }", "secret", "line 1"),
        ] {
            let told = Config::parse(text).unwrap_err();
            assert!(told.contains(&format!("unknown field `{key}`")), "{told}");
            assert!(told.contains(line) && !told.contains("12345678"), "{told}");
        }
    }

    #[test]
    fn the_level_of_speech_can_be_set_and_switched_off() {
        for (written, level) in [("-20", Some(media::Dbov::new(-20))), ("\"off\"", None)] {
            let config = Config::parse(&format!("[media]\nlevel_target = {written}")).unwrap();
            assert_eq!(config.media.level_target, level);
        }
    }

    #[test]
    fn records_are_kept_for_ever_or_as_long_as_is_written() {
        let keep = |text: &str| Config::parse(text).unwrap().records.keep;
        assert_eq!(keep(""), None);
        let days = std::time::Duration::from_secs(400 * 24 * 3600);
        assert_eq!(keep("[records]\nkeep = \"400days\""), Some(days));
    }

    #[test]
    fn the_operator_is_a_number_by_the_trunk_or_an_address_and_needs_no_leave_of_dial_out() {
        assert_eq!(Config::default().operator.plan(&DialOut::default()), Ok(None));
        for address in ["+1 900 555 0123", "sip:reception@pbx.example.com"] {
            let text = format!(
                "[dial_out]\ntrunk = \"sip:trunk.example.com\"\n[operator]\naddress = \"{address}\"\nring_timeout = \"20s\"\nmax_calls = 3"
            );
            let config = Config::parse(&text).unwrap();
            let plan = config.operator.plan(&config.dial_out.plan().unwrap());
            let operator = plan.unwrap().unwrap();
            assert_eq!((operator.ring_timeout.as_secs(), operator.max_calls), (20, 3));
        }
    }

    #[test]
    fn refusals_name_the_key_and_what_was_expected() {
        for (text, says) in [
            ("[sip]\nlissen = \"x\"", "unknown field `lissen`"),
            ("[media]\njitter_min = 40", "a duration with its unit"),
            ("[media]\nports = \"9-5\"", "two ports"),
            ("[media]\ncodecs = [\"G729\"]", "unknown variant `G729`"),
            ("[media]\njitter_min = \"300ms\"", "media.jitter_max"),
            ("[api]\ncertificate = \"x\"", "api.certificate and api.key"),
            ("[api]\npublic_url = \"http://a.example.com\"", "api.public_url"),
            (
                "[api]\npublic_url = \"https://a.example.com/x\"",
                "api.public_url",
            ),
            ("[sip]\nlisten = \"5060\"", "such as \"0.0.0.0:5060\""),
            ("[sip]\nlisten = 5060", "an IP address with a port"),
            ("[api]\nlisten = \"localhost:8443\"", "an IP address with a port"),
            ("[metrics]\nlisten = \"127.0.0.1\"", "an IP address with a port"),
            (
                "[sip]\nadvertise = \"1.2.3.4:5060\"",
                "an IP address without a port",
            ),
            ("[media]\nadvertise = \"host\"", "an IP address without a port"),
            ("[sip]\nallow = [\"10.0.0.0/40\"]", "such as \"192.0.2.0/24\""),
            ("[sip]\nallow = [\"10.0.0.1\"]", "the length of its prefix"),
            ("[sip]\nallow = [10]", "a network with"),
            ("[sip]\ntcp_idle = -5", "a duration with its unit"),
            ("[sip]\ntcp_idle = \"-5s\"", "a duration with its unit"),
            (
                "[sip]\ntcp_connections = -1",
                "expected a whole number, 0 or more",
            ),
            ("[calls]\nmax_calls = -1", "expected a whole number, 0 or more"),
            ("[calls]\nmax_calls = 1.5", "expected a whole number, 0 or more"),
            ("[calls]\nmax_calls = \"9\"", "expected a whole number, 0 or more"),
            ("[calls]\nmax_load = -1", "expected a whole number from 0 to 255"),
            (
                "[calls]\nnew_calls_per_second = 5000000000",
                "from 0 to 4294967295",
            ),
            ("[guesses]\nper_caller = -1", "expected a whole number, 0 or more"),
            ("[operator]\nmax_calls = -1", "expected a whole number, 0 or more"),
            ("[dial_out]\nmax_calls = -1", "expected a whole number, 0 or more"),
            ("[events]\nstreams = -1", "expected a whole number, 0 or more"),
            ("[media]\ncores = [-1]", "expected a whole number, 0 or more"),
            ("[media]\nopus_rate = -1", "expected 8000, 16000 or 48000"),
            ("[media]\nopus_rate = 44100", "expected 8000, 16000 or 48000"),
            ("[media]\nopus_bitrate = 96000", "media.opus_bitrate"),
            ("[media]\ntalkers = 0", "media.talkers"),
            ("[media]\nlevel_target = 26", "level_target = 26"),
            (
                "[media]\nlevel_target = -14",
                "a level of -40 to -15 dBov, or \"off\"",
            ),
            (
                "[media]\nlevel_target = \"on\"",
                "a level of -40 to -15 dBov, or \"off\"",
            ),
            ("[media]\ncores = [1, 1]", "media.cores"),
            ("[media]\ncores = [1, 1024]", "cores from 0 to 1023"),
            ("[media]\npriority = 100", "media.priority"),
            ("[media]\nspread_load = 5", "media.spread_load"),
            ("[media]\nspread_legs = 0", "media.spread_legs"),
            ("[media]\ncodec_order = \"mine\"", "unknown variant `mine`"),
            ("[log]\nlevel = \"loud\"", "log.level"),
            ("[log]\nlevel = \"info,bridge=verbose\"", "log.level"),
            (
                "[media]\nports = \"5060-9999\"",
                "without the ports of sip.listen",
            ),
            ("[calls]\nnew_calls_per_second = 0", "calls.new_calls_per_second"),
            ("[calls]\nmax_load = 101", "calls.max_load"),
            ("[calls]\nmax_calls = 0", "calls.max_calls"),
            (
                "[dial_out]\ntrunk = \"trunk example\"",
                "dial_out.trunk: expected a SIP URI, such as \"sip:trunk.example.com:5060;transport=tcp\"",
            ),
            ("[dial_out]\ntrunk = \"trunk.example.com\"", "dial_out.trunk"),
            ("[dial_out]\ntrunk = \"sips:trunk.example.com\"", "dial_out.trunk"),
            (
                "[dial_out]\ntrunk = \"sip:me@trunk.example.com\"",
                "dial_out.trunk",
            ),
            ("[dial_out]\nallow = [\"+1\"]", "dial_out.allow"),
            ("[dial_out]\nallow = [\"\"]", "dial_out.allow"),
            ("[dial_out]\nallow = [\"1\"]", "dial_out.allow and dial_out.trunk"),
            ("[dial_out]\nhosts = [\"pbx example\"]", "dial_out.hosts"),
            (
                "[dial_out]\ntrunk = \"sip:t.example\"\nhosts = [\"t.example\"]",
                "other than that of dial_out.trunk",
            ),
            (
                "[dial_out]\nusername = \"bridge\"",
                "dial_out.username and dial_out.password",
            ),
            ("[dial_out]\nring_timeout = \"1s\"", "dial_out.ring_timeout"),
            ("[dial_out]\nring_timeout = 60", "a duration with its unit"),
            ("[dial_out]\nmax_duration = \"0s\"", "dial_out.max_duration"),
            ("[operator]\naddress = \"reception\"", "operator.address"),
            (
                "[operator]\naddress = \"sips:reception@pbx.example\"",
                "operator.address",
            ),
            (
                "[operator]\naddress = \"+15162065300\"",
                "operator.address and dial_out.trunk",
            ),
            ("[operator]\nring_timeout = \"4s\"", "operator.ring_timeout"),
            ("[operator]\nmax_calls = 0", "operator.max_calls"),
            ("[operator]\nmax_duration = \"0s\"", "operator.max_duration"),
            ("[operator]\nnumber = \"1\"", "unknown field `number`"),
            ("[events]\nmemory = 100", "events.memory"),
            ("[events]\nkeep = \"5min\"", "events.keep"),
            ("[records]\nkeep = \"5min\"", "records.keep"),
            ("[records]\nkeep = 400", "a duration with its unit"),
            ("[webhooks]\nat_once = 0", "webhooks.at_once"),
            ("[recording]\nat_once = 0", "recording.at_once"),
            ("[recording]\nat_once = 501", "expected 1 to 500"),
            ("[recording]\nfolder = \"\"", "recording.folder"),
            (
                "[recording]\nmin_free_mib = -1",
                "expected a whole number, 0 or more",
            ),
            (
                "[webhooks]\nallow_private = [\"10.0.0.0/40\"]",
                "such as \"192.0.2.0/24\"",
            ),
            (
                "[metrics]\nlisten = \"127.0.0.1:20000\"",
                "without the ports of sip.listen, api.listen and metrics.listen",
            ),
        ] {
            let error = Config::parse(text).unwrap_err();
            assert!(error.contains(says), "{text}: {error}");
        }
    }
}
