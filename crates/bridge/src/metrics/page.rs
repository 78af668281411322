//! The page for Prometheus.

use std::fmt::{self, Error};
use std::sync::Arc;
use std::time::Duration;

use api::LimitCounts;
use mixer::{Spent, Stats};
use model::{CallState, Live, MeetingState};
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, prometheus_text};
use prometheus_client::registry::Registry;

use super::rows;
use super::scribe::{Buckets, Scribe};
use super::{ControlCounts, MediaCounts, Metrics};

/// What is read only when somebody asks for the page.
pub(crate) trait Sources: Send + Sync + 'static {
    /// The latest snapshot of calls and meetings.
    fn live(&self) -> Arc<Live>;

    /// Counters of the store.
    fn store(&self) -> StoreCounts;

    /// Counters of streams and webhooks.
    fn events(&self) -> EventCounts;

    /// Counters of what takes SIP from the network.
    fn transport(&self) -> TransportCounts;
}

/// Edits and records.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct StoreCounts {
    /// Edits.
    pub(crate) edits: store::EditCounts,
    /// Records.
    pub(crate) records: store::RecordCounts,
}

/// Streams, and what is to be posted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct EventCounts {
    /// Streams.
    pub(crate) hub: api::HubCounts,
    /// Deliveries that are pending.
    pub(crate) pending: u64,
    /// Deliveries that were given up and are kept.
    pub(crate) dead: u64,
    /// Deliveries that were given up at once because too many were pending.
    pub(crate) overflowed: u64,
    /// Deliveries that were pending when their events were forgotten.
    pub(crate) expired: u64,
    /// Age of the oldest pending one, ms.
    pub(crate) oldest_ms: u64,
}

/// What became of messages and connections before control saw them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct TransportCounts {
    /// Inputs that wait for control.
    pub(crate) waiting: usize,
    /// Datagrams dropped because control had not caught up.
    pub(crate) datagrams_dropped: u64,
    /// Datagrams dropped because no address of ours towards their sender is known.
    pub(crate) datagrams_unrouted: u64,
    /// TCP connections now.
    pub(crate) connections: usize,
    /// TCP connections refused because there were too many.
    pub(crate) connections_refused: u64,
    /// TCP connections closed to make room for others.
    pub(crate) connections_gave_way: u64,
    /// TCP connections closed because they did not take what was written to them.
    pub(crate) connections_stuck: u64,
    /// Peers whose way was forgotten because too many were known.
    pub(crate) routes_forgotten: u64,
}

/// Writes the page.
#[derive(Debug)]
pub(crate) struct Page(Registry);

impl Page {
    /// The type of the page's content.
    pub(crate) const CONTENT_TYPE: &'static str = prometheus_text::CONTENT_TYPE;

    /// A page of what is in `metrics` and what `sources` tells.
    pub(crate) fn new(metrics: Arc<Metrics>, sources: impl Sources) -> Self {
        let mut registry = Registry::with_prefix("partyline");
        registry.register_collector(Box::new(Everything { metrics, sources }));
        Self(registry)
    }

    /// The page as it is now.
    pub(crate) fn text(&self) -> Result<String, Error> {
        let mut text = String::new();
        prometheus_text::encode(&mut text, &self.0)?;
        Ok(text)
    }
}

struct Everything<S> {
    metrics: Arc<Metrics>,
    sources: S,
}

impl<S> fmt::Debug for Everything<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Everything").finish_non_exhaustive()
    }
}

impl<S: Sources> Collector for Everything<S> {
    fn encode(&self, encoder: DescriptorEncoder<'_>) -> Result<(), Error> {
        let mut page = Scribe::new(encoder);
        let (metrics, sources) = (&self.metrics, &self.sources);
        page.gauges(
            "build_info",
            "Always 1; the version stands in the label.",
            [([("version", env!("CARGO_PKG_VERSION"))], 1u64)],
        )?;
        live(&mut page, &sources.live())?;
        control(&mut page, &metrics.control.load())?;
        page.metric(
            "call_setup_seconds",
            "From INVITE to answer, ringing included.",
            &metrics.set_up,
        )?;
        legs(&mut page, metrics)?;
        let media = metrics.media.load();
        page.each(rows::PACKETS, &media.audio)?;
        page.each(rows::TIMES, &media.audio)?;
        mixer(&mut page, &media)?;
        metrics.recordings.write(&mut page)?;
        transport(&mut page, sources.transport())?;
        requests(&mut page, metrics)?;
        events(&mut page, metrics, sources.events())?;
        store(&mut page, metrics, sources.store())
    }
}

fn live(page: &mut Scribe<'_>, live: &Live) -> Result<(), Error> {
    let states = [
        (CallState::Ringing, "ringing"),
        (CallState::Menu, "menu"),
        (CallState::InMeeting, "in_meeting"),
        (CallState::Ending, "ending"),
    ];
    let directions = [(false, "inbound"), (true, "outbound")];
    let of = |state, outbound| {
        let calls = live.calls.values();
        calls
            .filter(|call| call.state == state && call.outbound == outbound)
            .count()
    };
    let each = states
        .iter()
        .flat_map(|state| directions.map(|way| (*state, way)));
    page.gauges(
        "calls",
        "Calls now.",
        each.map(|((state, name), (outbound, way))| {
            ([("state", name), ("direction", way)], of(state, outbound))
        }),
    )?;
    let states = [
        (MeetingState::Created, "created"),
        (MeetingState::Waiting, "waiting"),
        (MeetingState::InProgress, "in_progress"),
        (MeetingState::Stopping, "stopping"),
    ];
    page.gauges(
        "meetings",
        "Meetings now.",
        states.map(|(state, name)| {
            let meetings = live.meetings.values();
            (
                [("state", name)],
                meetings.filter(|meeting| meeting.state == state).count(),
            )
        }),
    )
}

fn control(page: &mut Scribe<'_>, counts: &ControlCounts) -> Result<(), Error> {
    let calls = &counts.calls;
    page.counters(
        "calls_ended",
        "Calls that are over, by cause and sort of cause; refused ones too.",
        calls
            .ended()
            .map(|(cause, count)| ([("class", cause.class().text()), ("cause", cause.text())], count)),
    )?;
    page.counters(
        "calls_shut_out",
        "New calls refused at the door whatever they wanted, by the limit they met.",
        calls
            .shut_out()
            .map(|(why, count)| ([("reason", why.text())], count)),
    )?;
    page.counters(
        "calls_not_dialled",
        "Calls asked for by REST, or to the operator, and not made, by the rule or limit they met.",
        calls
            .refused_to_dial()
            .map(|(reason, count)| ([("reason", reason)], count)),
    )?;
    page.each(rows::CALLS, calls)?;
    page.counters(
        "sip_events",
        "What signalling took in, refused and dropped.",
        counts
            .sip
            .named()
            .map(|(event, count)| ([("event", event)], count)),
    )
}

fn legs(page: &mut Scribe<'_>, metrics: &Metrics) -> Result<(), Error> {
    let views = metrics.qualities.load();
    let of = |codec| views.values().filter(|view| view.codec == codec).count();
    page.gauges(
        "legs",
        "Calls with audio, by codec.",
        ["PCMU", "PCMA", "G722", "opus"].map(|codec| ([("codec", codec)], of(codec))),
    )?;
    let talking = views.values().filter(|view| view.talking).count();
    page.gauge("legs_talking", "Calls whose caller talks now.", talking)?;
    for (name, help, spread) in rows::SPREADS {
        page.metric(name, help, spread(&metrics.spreads))?;
    }
    Ok(())
}

fn mixer(page: &mut Scribe<'_>, counts: &MediaCounts) -> Result<(), Error> {
    let shards = || {
        counts
            .shards
            .iter()
            .enumerate()
            .map(|(n, shard)| ([("shard", n)], shard))
    };
    page.histograms(
        "mixer_tick_seconds",
        "How long ticks took; beyond 20 ms the next one is late.",
        shards().map(|(label, shard)| (label, ticks(&shard.stats))),
    )?;
    for (name, help, value) in rows::SHARD {
        page.counters(
            name,
            help,
            shards().map(|(label, shard)| (label, value(&shard.stats))),
        )?;
    }
    for (name, help, value) in rows::SHARD_NOW {
        page.gauges(name, help, shards().map(|(label, shard)| (label, value(shard))))?;
    }
    page.gauge(
        "prompts_encoded_bytes",
        "Memory of prompts that are kept encoded, of 32 MiB.",
        counts.prompts.bytes,
    )?;
    page.each(rows::PROMPTS, &counts.prompts)?;
    page.gauge(
        "media_ports_in_use",
        "Port pairs in use, of media.ports.",
        counts.ports_in_use,
    )?;
    page.counter(
        "media_ports_refused",
        "Calls for which no port pair could be had.",
        counts.ports_refused,
    )
}

fn ticks(stats: &Stats) -> Buckets {
    let bounds = Spent::BOUNDS.iter().map(Duration::as_secs_f64);
    Buckets {
        counts: bounds.chain([f64::INFINITY]).zip(stats.spent.ticks).collect(),
        sum: stats.spent.total.as_secs_f64(),
    }
}

fn transport(page: &mut Scribe<'_>, counts: TransportCounts) -> Result<(), Error> {
    page.gauge(
        "control_inputs_waiting",
        "Messages and requests that wait for control.",
        counts.waiting,
    )?;
    page.gauge(
        "sip_connections",
        "SIP connections over TCP now.",
        counts.connections,
    )?;
    page.each(rows::TRANSPORT, &counts)
}

fn requests(page: &mut Scribe<'_>, metrics: &Metrics) -> Result<(), Error> {
    let requests = &metrics.requests;
    page.metric("api_requests", "REST requests answered.", &requests.answered)?;
    page.metric(
        "api_request_seconds",
        "From the head of a REST request to its answer.",
        &requests.seconds,
    )?;
    page.metric(
        "api_logins",
        "REST requests by what their credentials were worth.",
        &requests.logins,
    )?;
    page.metric(
        "chosen_codes_refused",
        "Access codes refused because too many were chosen where others have rooms, beyond guesses.chosen_per_tenant.",
        &metrics.codes_refused,
    )?;
    page.metric(
        "chosen_logins_refused",
        "Logins of accounts refused because a tenant had chosen too many that were others'.",
        &metrics.logins_refused,
    )?;
    page.metric("api_connections", "REST connections now.", &requests.connections)?;
    page.metric(
        "api_connections_gave_way",
        "REST connections closed to make room.",
        &requests.gave_way,
    )?;
    page.metric(
        "api_connections_refused",
        "REST connections that nobody gave way to.",
        &requests.refused,
    )?;
    page.metric(
        "api_handshakes_too_long",
        "REST connections closed because their TLS handshake took more than 5 s.",
        &requests.handshakes_too_long,
    )?;
    limited(page, metrics.limited.counts())
}

/// What limits of the API forgot, turned away or left out.
fn limited(page: &mut Scribe<'_>, counts: LimitCounts) -> Result<(), Error> {
    page.each(rows::LIMITED, &counts)?;
    page.counters(
        "api_keys_refused",
        "Changes refused because as much is kept for Idempotency-Key as may be, by the limit: keys of an account, bytes of one, of a tenant with all accounts below it, or of all.",
        [
            ("keys", counts.keys_refused),
            ("account_bytes", counts.keys_refused_for_account),
            ("tenant_bytes", counts.keys_refused_for_tenant),
            ("all_bytes", counts.keys_refused_for_all),
        ]
        .map(|(limit, count)| ([("limit", limit)], count)),
    )
}

fn events(page: &mut Scribe<'_>, metrics: &Metrics, counts: EventCounts) -> Result<(), Error> {
    page.each(rows::EVENTS, &counts)?;
    page.metric(
        "event_snapshots_untold",
        "Snapshots that streams of events were not told of because 65536 waited; those concerned begin anew.",
        &metrics.snapshots_untold,
    )?;
    page.gauge("event_streams", "Streams of events now.", counts.hub.streams)?;
    page.metric(
        "webhook_attempts",
        "Events posted to webhooks, by what came of it.",
        &metrics.deliveries.attempts,
    )?;
    page.metric(
        "webhooks_held_up",
        "Times that a webhook with events to be posted found no place, by the bound it met.",
        &metrics.deliveries.held_up,
    )?;
    page.counter(
        "webhook_deliveries_overflowed",
        "Events given up at once because 50,000 were pending for their webhook.",
        counts.overflowed,
    )?;
    page.counter(
        "webhook_deliveries_expired",
        "Events that were still to be posted when they were forgotten, after events.keep.",
        counts.expired,
    )?;
    page.metric(
        "webhook_deliveries_forgotten",
        "Deliveries that were over and deleted because their webhook has 100,000 newer ones.",
        &metrics.deliveries.forgotten,
    )?;
    for (name, help, value) in [
        (
            "webhook_deliveries_pending",
            "Events that are to be posted.",
            counts.pending,
        ),
        (
            "webhook_deliveries_dead",
            "Events that were given up and are kept.",
            counts.dead,
        ),
    ] {
        page.gauge(name, help, value)?;
    }
    page.gauge(
        "webhook_oldest_pending_seconds",
        "Since when the oldest event that is to be posted is.",
        counts.oldest_ms as f64 / 1000.0,
    )
}

fn store(page: &mut Scribe<'_>, metrics: &Metrics, counts: StoreCounts) -> Result<(), Error> {
    page.each(rows::STORE, &counts)?;
    page.metric(
        "records_forgotten",
        "Records deleted after records.keep.",
        &metrics.records_forgotten,
    )?;
    page.metric(
        "audits_late",
        "Changes by REST answered before the audit had them on disk.",
        &metrics.audits_late,
    )?;
    page.metric(
        "lists_too_long",
        "Lists of what is stored given up because they took too long.",
        &metrics.lists.too_long,
    )?;
    page.metric(
        "lists_crowded",
        "Lists of what is stored not read because too many others were being read.",
        &metrics.lists.crowded,
    )?;
    page.gauge(
        "store_edits_waiting",
        "Edits that wait for the disk.",
        counts.edits.waiting,
    )?;
    page.gauge(
        "records_waiting",
        "Records that wait for the disk.",
        counts.records.waiting,
    )
}
