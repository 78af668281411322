//! What stands on the page under one name each: the name, what it is, and where it comes from.

use ::media::Quality;
use api::LimitCounts;
use mixer::Stats;
use prometheus_client::metrics::histogram::Histogram;

use super::page::{EventCounts, StoreCounts, TransportCounts};
use super::{PromptCounts, ShardCounts, Spreads};
use crate::control::Counts;

/// One name.
pub(super) type Row<Of, T> = (&'static str, &'static str, fn(&Of) -> T);

/// Calls and meetings, counted.
pub(super) const CALLS: &[Row<Counts, u64>] = &[
    ("meetings_ended", "Meetings that are over.", |c| c.meetings),
    ("calls_dialled", "Calls that the bridge made.", |c| c.dialled),
    (
        "calls_dialled_answered",
        "Calls that the bridge made and that were answered.",
        |c| c.dialled_answered,
    ),
    (
        "records_withheld",
        "Calls without a record, beyond calls.unanswered_records_per_second.",
        |c| c.withheld,
    ),
    (
        "calls_without_id",
        "Calls refused because the store gave no ids.",
        |c| c.without_id,
    ),
    (
        "events_without_id",
        "Events that nobody was told of because the store gave no ids.",
        |c| c.events_without_id,
    ),
    (
        "guesses_forgotten",
        "Wrong codes forgotten before their hour because a table was full.",
        |c| c.guesses_forgotten,
    ),
    (
        "guesses_slowed",
        "Codes answered late because too many of their DID group had been wrong or nobody's, beyond guesses.per_group.",
        |c| c.guesses_slowed,
    ),
    (
        "keys_dropped",
        "Keys not heard because their caller sent more than 20 a second.",
        |c| c.keys_dropped,
    ),
    (
        "meetings_unopened",
        "Codes that opened no meeting, beyond guesses.meetings_per_caller or guesses.meetings_per_source.",
        |c| c.meetings_unopened,
    ),
    (
        "rosters",
        "Rosters put together for phones that show them, one for all that watch a meeting.",
        |c| c.rosters,
    ),
];

/// Prompts encoded before they are played.
pub(super) const PROMPTS: &[Row<PromptCounts, u64>] = &[
    (
        "prompts_encoded",
        "Prompts encoded before they were played, once a format.",
        |c| c.encoded,
    ),
    (
        "prompts_encoded_gave_way",
        "Encoded prompts given up to make room for others.",
        |c| c.gave_way,
    ),
    (
        "prompts_put_off",
        "Prompts not encoded because too many waited.",
        |c| c.put_off,
    ),
    (
        "prompts_formats_beyond",
        "Times that Opus was agreed in a format beyond the eight of which all prompts are encoded ahead.",
        |c| c.beyond,
    ),
];

/// Which of the spreads.
type Spread = fn(&Spreads) -> &Histogram;

/// How calls are spread over what is measured of them.
pub(super) const SPREADS: &[(&str, &str, Spread)] = &[
    (
        "leg_mos_in",
        "Score of what is heard of each caller, once for ten seconds of its call.",
        |s| &s.mos_in,
    ),
    (
        "leg_mos_out",
        "Score of what each caller hears by its phone's reports, once for ten seconds of its call.",
        |s| &s.mos_out,
    ),
    (
        "leg_rating_in",
        "Rating R (ITU-T G.107) of what is heard of each caller, once for ten seconds of its call.",
        |s| &s.rating_in,
    ),
    (
        "leg_rating_out",
        "Rating R of what each caller hears by its phone's reports, once for ten seconds of its call.",
        |s| &s.rating_out,
    ),
    (
        "leg_loss_ratio",
        "Share of each caller's packets that was not heard, once for ten seconds of its call.",
        |s| &s.loss,
    ),
    (
        "leg_burst_loss_ratio",
        "How much longer losses in a row were than chance makes them, once for ten seconds of each call with losses.",
        |s| &s.burst_ratio,
    ),
    (
        "leg_remote_loss_ratio",
        "Share of the packets sent to each caller that its phone missed by its reports of ten seconds, once for ten seconds of its call.",
        |s| &s.remote_loss,
    ),
    (
        "leg_speech_below_full_scale_db",
        "Level of each caller's speech, dB below full scale, once for ten seconds of its call.",
        |s| &s.speech,
    ),
    (
        "leg_noise_below_full_scale_db",
        "Level between each caller's words, dB below full scale, once for ten seconds of its call.",
        |s| &s.noise,
    ),
    (
        "leg_jitter_seconds",
        "Interarrival jitter, once for ten seconds of each call.",
        |s| &s.jitter,
    ),
    (
        "leg_remote_jitter_seconds",
        "Interarrival jitter at each caller's phone by its last report, once for ten seconds of its call.",
        |s| &s.remote_jitter,
    ),
    (
        "leg_buffer_depth_seconds",
        "Delay of the jitter buffer, once for ten seconds of each call.",
        |s| &s.depth,
    ),
    (
        "leg_round_trip_seconds",
        "Round trip by RTCP, once for ten seconds of each call.",
        |s| &s.round_trip,
    ),
];

/// Packets, datagrams and keys.
pub(super) const PACKETS: &[Row<Quality, u64>] = &[
    ("rtp_received_packets", "RTP packets taken.", |q| q.received),
    ("rtp_sent_packets", "RTP packets sent.", |q| q.sent),
    ("rtp_lost_packets", "RTP packets missing by their numbers.", |q| {
        q.lost
    }),
    (
        "rtp_loss_bursts",
        "Losses; those in a row count as one. One whose packets all came after all stays counted.",
        |q| q.loss_bursts,
    ),
    (
        "rtp_late_packets",
        "Audio packets that came too late to be played.",
        |q| q.late,
    ),
    ("rtp_duplicated_packets", "RTP packets that came twice.", |q| {
        q.duplicated
    }),
    (
        "rtp_overflowed_packets",
        "Audio packets that a full jitter buffer refused.",
        |q| q.overflowed,
    ),
    ("rtp_comfort_noise_packets", "Packets of comfort noise.", |q| {
        q.comfort_noise
    }),
    (
        "rtp_wrong_type_packets",
        "RTP packets of a payload type that was not agreed on.",
        |q| q.wrong_payload_type,
    ),
    (
        "rtp_other_source_packets",
        "RTP packets of a source that was not followed.",
        |q| q.ssrc_refused,
    ),
    (
        "rtp_withheld_packets",
        "RTP packets not sent because nothing came from the phone.",
        |q| q.send_withheld,
    ),
    (
        "rtp_source_changes",
        "Times that phones changed their source.",
        |q| q.ssrc_changes,
    ),
    ("rtp_timing_restarts", "Times that timestamps jumped.", |q| {
        q.resyncs
    }),
    (
        "media_malformed_datagrams",
        "Datagrams that are neither RTP nor RTCP.",
        |q| q.malformed,
    ),
    ("media_foreign_datagrams", "Datagrams from strangers.", |q| {
        q.foreign
    }),
    ("rtcp_received_datagrams", "RTCP datagrams taken.", |q| {
        q.rtcp_received
    }),
    ("rtcp_sent_datagrams", "RTCP datagrams sent.", |q| q.rtcp_sent),
    ("rtcp_byes", "Goodbyes by RTCP; they end no call.", |q| {
        q.rtcp_byes
    }),
    ("digits", "Keys pressed.", |q| q.digits),
    (
        "digits_dropped",
        "Keys lost because too many came at once.",
        |q| q.digits_dropped,
    ),
];

/// Times, seconds.
pub(super) const TIMES: &[Row<Quality, f64>] = &[
    (
        "audio_concealed_seconds",
        "Audio invented in place of missing packets.",
        |q| seconds(q.concealed_ms),
    ),
    (
        "audio_recovered_seconds",
        "Audio of missing packets had from redundancy.",
        |q| seconds(q.recovered_ms),
    ),
    (
        "audio_shortened_seconds",
        "Audio cut out to shorten the delay.",
        |q| seconds(q.shortened_ms),
    ),
    (
        "audio_stretched_seconds",
        "Audio stretched to lengthen the delay.",
        |q| seconds(q.stretched_ms),
    ),
    (
        "audio_clipped_seconds",
        "Speech with samples at full scale.",
        |q| seconds(q.clipped_ms),
    ),
    (
        "audio_music_seconds",
        "Calls suspected of playing music into a meeting.",
        |q| seconds(q.music_ms),
    ),
    (
        "audio_echo_seconds",
        "Calls suspected of sending back what they hear.",
        |q| seconds(q.echo_ms),
    ),
];

/// A shard of the mixer, counted.
pub(super) const SHARD: &[Row<Stats, u64>] = &[
    ("mixer_ticks", "Ticks of 20 ms.", |c| c.ticks),
    ("mixer_late_ticks", "Ticks that began more than 5 ms late.", |c| {
        c.late
    }),
    (
        "mixer_skipped_ticks",
        "Ticks given up because they were too late for anybody.",
        |c| c.skipped,
    ),
    (
        "mixer_shared_payloads",
        "Payloads sent that were encoded once for all who heard the same.",
        |c| c.shared,
    ),
    (
        "mixer_own_payloads",
        "Payloads sent that were encoded for one leg.",
        |c| c.own,
    ),
    (
        "mixer_unshared_payloads",
        "Payloads encoded for one leg that others heard too, in a format without an encoder to share.",
        |c| c.unshared,
    ),
    (
        "mixer_prompt_payloads",
        "Payloads sent to one leg that had been encoded before.",
        |c| c.read,
    ),
    (
        "mixer_half_effort_payloads",
        "Opus payloads encoded for one leg at complexity 2, because a tick had 16 of them or more, and no time to spare.",
        |c| c.efforts.half,
    ),
    (
        "mixer_least_effort_payloads",
        "Opus payloads encoded for one leg at complexity 0, because a tick had 32 of them or more, and no time to spare.",
        |c| c.efforts.least,
    ),
    (
        "mixer_ramps_put_off",
        "Ticks by which ramps of single legs began later because there were too many at once.",
        |c| c.ramps.put_off,
    ),
    (
        "mixer_ramps_cut",
        "Ramps left out because there were too many at once: a click.",
        |c| c.ramps.cut,
    ),
    (
        "mixer_ramps_unsettled",
        "Ramps behind which a leg went on at once with the shared encoder because there were too many: a soft click.",
        |c| c.ramps.unsettled,
    ),
    (
        "mixer_orders_refused",
        "Orders that named nothing known, or had no place.",
        |c| c.orders_refused,
    ),
    (
        "mixer_reports_lost",
        "Reports lost because control had not caught up.",
        |c| c.reports_lost,
    ),
    (
        "mixer_receive_limited",
        "Times that datagrams of one leg had to wait because there were too many.",
        |c| c.receive_limited,
    ),
    (
        "mixer_singly_read_datagrams",
        "Datagrams read one by one because the system would not read many by one call.",
        |c| c.fallbacks.read_singly,
    ),
    (
        "mixer_undated_datagrams",
        "Datagrams whose time of arrival the system did not tell.",
        |c| c.fallbacks.undated,
    ),
    (
        "mixer_unsent_datagrams",
        "Datagrams of audio and RTCP that the system refused to send; those counted as sent hold them, too.",
        |c| c.fallbacks.unsent.datagrams,
    ),
    (
        "mixer_legs_failed",
        "Legs taken out because their processing failed.",
        |c| c.legs_failed,
    ),
    (
        "mixer_partials_late",
        "Sums of a meeting's other shards that did not come in time.",
        |c| c.partials_late,
    ),
    (
        "mixer_partials_dropped",
        "Sums of a meeting's other shards given up because they came too late.",
        |c| c.partials_dropped,
    ),
    (
        "mixer_recording_ticks_lost",
        "Ticks of recordings lost because the recorder had not caught up.",
        |c| c.taped_lost,
    ),
    (
        "mixer_ticks_under_way",
        "Ticks without sound for legs on their way from one shard to another.",
        |c| c.ticks_under_way,
    ),
];

/// A shard now.
pub(super) const SHARD_NOW: &[Row<ShardCounts, f64>] = &[
    ("mixer_legs", "Legs in the mixer.", |c| c.stats.legs as f64),
    ("mixer_rooms", "Rooms in the mixer.", |c| c.stats.rooms as f64),
    (
        "mixer_load_ratio",
        "Share of its time needed last, 1 or more when behind; at calls.max_load new calls are refused.",
        |c| f64::from(c.load_percent) / 100.0,
    ),
    (
        "mixer_worst_late_seconds",
        "Worst lateness of a tick in the last second.",
        |c| c.worst_late.as_secs_f64(),
    ),
    (
        "mixer_worst_tick_seconds",
        "Longest time that a tick took in the last second.",
        |c| c.worst_tick.as_secs_f64(),
    ),
    (
        "mixer_send_delay_seconds",
        "From a tick's deadline until it begins to send: when all has been heard in 99 of 100 ticks; 0 where few legs need no such rest.",
        |c| c.stats.lag.as_secs_f64(),
    ),
    ("mixer_orders_waiting", "Orders that wait for the mixer.", |c| {
        c.orders_waiting as f64
    }),
    (
        "mixer_hung",
        "1 while the mixer has told of no tick for 5 s: its calls hear nothing.",
        |c| f64::from(u8::from(c.hangs)),
    ),
];

/// SIP on its way from the network, counted.
pub(super) const TRANSPORT: &[Row<TransportCounts, u64>] = &[
    (
        "sip_datagrams_dropped",
        "SIP datagrams dropped because control had not caught up.",
        |c| c.datagrams_dropped,
    ),
    (
        "sip_datagrams_unrouted",
        "SIP datagrams dropped because the system has no way to their sender, where sip.listen names no address of ours.",
        |c| c.datagrams_unrouted,
    ),
    (
        "sip_connections_refused",
        "SIP connections refused: all places were taken by calls.",
        |c| c.connections_refused,
    ),
    (
        "sip_connections_gave_way",
        "SIP connections without a call closed to make room.",
        |c| c.connections_gave_way,
    ),
    (
        "sip_connections_stuck",
        "SIP connections closed because they took nothing of what was sent.",
        |c| c.connections_stuck,
    ),
    (
        "sip_routes_forgotten",
        "Addresses of ours towards peers forgotten because 10000 were known, where sip.listen names none; each is asked of the system again.",
        |c| c.routes_forgotten,
    ),
];

/// Limits of the API, counted.
pub(super) const LIMITED: &[Row<LimitCounts, u64>] = &[
    (
        "api_logins_forgotten",
        "Good logins forgotten because 10000 were remembered; their passwords are hashed anew.",
        |c| c.logins_forgotten,
    ),
    (
        "api_wrong_logins_forgotten",
        "Wrong logins, by login, address or network, forgotten before their minute because 10000 were remembered.",
        |c| c.wrong_logins_forgotten,
    ),
    (
        "api_password_checks_refused",
        "REST requests turned away because 256 others waited for a password to be checked.",
        |c| c.checks_refused,
    ),
    (
        "api_answers_unkept",
        "Answers given and not kept for their Idempotency-Key: over 8 MiB, without room beside others, or the store failed.",
        |c| c.answers_unkept,
    ),
];

/// Events, counted.
pub(super) const EVENTS: &[Row<EventCounts, u64>] = &[
    ("events_published", "Events that may be told.", |c| {
        c.hub.published
    }),
    ("events_streamed", "Events told, each once a stream.", |c| {
        c.hub.delivered
    }),
    (
        "event_streams_refused",
        "Streams turned away: there were too many.",
        |c| c.hub.refused,
    ),
    (
        "event_streams_dropped",
        "Streams closed: they were too far behind.",
        |c| c.hub.dropped,
    ),
    (
        "event_streams_resumed",
        "Streams that went on where they had been.",
        |c| c.hub.resumed,
    ),
    (
        "event_streams_not_resumed",
        "Streams that could not go on where they had been, and began anew.",
        |c| c.hub.not_resumed,
    ),
];

/// Edits and records, counted.
pub(super) const STORE: &[Row<StoreCounts, u64>] = &[
    ("store_edits", "Edits on disk.", |c| c.edits.made),
    ("store_edits_failed", "Edits that the store did not take.", |c| {
        c.edits.failed
    }),
    (
        "store_edits_refused",
        "Edits turned away because too many waited.",
        |c| c.edits.turned_away,
    ),
    ("records_written", "Records on disk.", |c| c.records.written),
    (
        "records_dropped",
        "Records lost: too many waited, or the store did not take them.",
        |c| c.records.dropped,
    ),
    (
        "records_failed",
        "Transactions of records that failed and were tried again.",
        |c| c.records.failed,
    ),
];

fn seconds(ms: u64) -> f64 {
    ms as f64 / 1_000.0
}
