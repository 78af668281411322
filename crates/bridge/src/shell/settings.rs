//! From the configuration file to what each machine is told.

use std::collections::BTreeMap;

use ivr::budget::Budgets;
use media::{Format, JitterConfig, Latching, MediaTimeouts, Rate};
use sip::sdp::{ChoiceOf, OpusParameters};
use sip::{EndpointConfig, Transport};

use crate::config::{CodecName, CodecOrder, Config, OpusRate};
use crate::control::{ControlConfig, opus_format};

/// What control goes by.
pub(super) fn control(config: &Config) -> ControlConfig {
    let media = &config.media;
    // Both were read when the configuration was.
    let dial_out = config.dial_out.plan().unwrap_or_default();
    ControlConfig {
        allow: config.sip.allow.clone(),
        max_calls: config.calls.max_calls,
        max_load: config.calls.max_load,
        max_calls_per_source: config.calls.max_calls_per_source,
        max_meetings: config.calls.max_meetings,
        new_calls_per_second: config.calls.new_calls_per_second,
        new_calls_per_second_per_source: config.calls.new_calls_per_second_per_source,
        unanswered_records_per_second: config.calls.unanswered_records_per_second,
        retry_after: seconds(config.calls.retry_after),
        budgets: budgets(config),
        codecs: media
            .codecs
            .iter()
            .map(|name| codec_of(*name, media.opus_rate))
            .collect(),
        codec_choice: match media.codec_order {
            CodecOrder::Theirs => ChoiceOf::Offerer,
            CodecOrder::Ours => ChoiceOf::Us,
        },
        opus_bitrate: media.opus_bitrate,
        silence_suppression: media.silence_suppression,
        advertise: media.advertise.or(config.sip.advertise),
        jitter: jitter(config),
        level_target: media.level_target,
        timeouts: MediaTimeouts {
            first: media.timeout_first,
            steady: media.timeout,
            hold: media.timeout_hold,
            unanswered_send: media.unanswered,
        },
        latching: if media.symmetric {
            Latching::Symmetric
        } else {
            Latching::Off
        },
        inband_digits: media.inband_digits,
        other_ports: config.ports().collect(),
        cname: config.node.bridge_name.clone(),
        recordings: config.recording.most(),
        operator: config.operator.plan(&dial_out).unwrap_or_default(),
        dial_out,
        endpoint: endpoint(config),
    }
}

/// Bounds of the jitter buffers.
pub(super) fn jitter(config: &Config) -> JitterConfig {
    JitterConfig {
        min_ms: config.media.jitter_min.as_millis() as u16,
        max_ms: config.media.jitter_max.as_millis() as u16,
    }
}

/// Rates that anybody can listen at.
pub(super) fn rates(config: &Config) -> Vec<Rate> {
    let codecs = config.media.codecs.iter();
    // A phone may ask for Opus at any rate up to ours.
    let of = |name: &CodecName| match name {
        CodecName::Pcmu | CodecName::Pcma => Rate::Hz8000..=Rate::Hz8000,
        CodecName::G722 => Rate::Hz16000..=Rate::Hz16000,
        CodecName::Opus => Rate::Hz8000..=config.media.opus_rate.rate(),
    };
    let heard: Vec<_> = codecs.map(of).collect();
    let is_heard = |rate: &Rate| heard.iter().any(|range| range.contains(rate));
    Rate::ALL.into_iter().filter(is_heard).collect()
}

/// What a phone is sent that takes Opus and has no wishes of its own about it; nothing where Opus is not allowed.
pub(super) fn usual_opus(config: &Config) -> Option<Format> {
    let media = &config.media;
    let format = opus_format(
        media.opus_rate.rate(),
        media.opus_bitrate,
        OpusParameters::default(),
    );
    media.codecs.contains(&CodecName::Opus).then_some(format)
}

/// The rate that meetings are recorded at: the best that anybody can have.
pub(super) fn recording_rate(config: &Config) -> Rate {
    rates(config).last().copied().unwrap_or(Rate::Hz8000)
}

fn budgets(config: &Config) -> Budgets {
    let guesses = &config.guesses;
    Budgets {
        per_caller: guesses.per_caller,
        per_source: guesses.per_source,
        per_group: guesses.per_group,
        group_wait: guesses.group_wait,
        meetings_per_caller: guesses.meetings_per_caller,
        meetings_per_source: guesses.meetings_per_source,
        ..Budgets::default()
    }
}

fn endpoint(config: &Config) -> EndpointConfig {
    let port = config.sip.listen.port();
    let host = config
        .sip
        .advertise
        .map(|ip| std::net::SocketAddr::new(ip, port).to_string());
    let advertised = host.map(|host| [(Transport::Udp, host.clone()), (Transport::Tcp, host)]);
    EndpointConfig {
        advertised: advertised.map(BTreeMap::from).unwrap_or_default(),
        user_agent: format!("Partyline/{}", env!("CARGO_PKG_VERSION")),
        session_min: config.sip.session_min,
        session_default: Some(config.sip.session_interval),
        limits: sip::Limits {
            // Calls that are just being refused or ended come on top of those that are up.
            calls: config.calls.max_calls + config.calls.max_calls / 4 + 100,
            retry_after: seconds(config.calls.retry_after),
            ..sip::Limits::default()
        },
    }
}

fn codec_of(name: CodecName, opus_rate: OpusRate) -> media::Codec {
    match name {
        CodecName::G722 => media::Codec::G722,
        CodecName::Opus => media::Codec::Opus(opus_rate.rate()),
        CodecName::Pcmu => media::Codec::Pcmu,
        CodecName::Pcma => media::Codec::Pcma,
    }
}

fn seconds(duration: std::time::Duration) -> u32 {
    duration.as_secs().try_into().unwrap_or(u32::MAX)
}
