//! `partyline serve`: starts everything, prints where to call, runs until told to stop.

use std::collections::HashMap;
use std::fs::DirBuilder;
use std::net::{SocketAddr, UdpSocket};
use std::os::unix::fs::DirBuilderExt;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Instant;

use api::Names;
use arc_swap::ArcSwap;
use crossbeam_channel::{Receiver, Sender};
use ipnet::IpNet;
use model::Live;
use model::directory::Directory;
use store::{IdKind, Keeper, RecordLimits, RecordQueue, SqliteStore, Store, record_writer};
use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use tokio::sync::oneshot;
use tokio::task::JoinHandle as Task;

use super::backend::{BridgeBackend, now_ms};
use super::control_thread::{ControlThread, Inbound};
use super::courier::Courier;
use super::first_start::Filling;
use super::media_port::MediaPort;
use super::metrics_server::{self, Readings};
use super::post::Poster;
use super::sip_tcp::Connections;
use super::sip_ways::Ways;
use super::tries::Tries;
use super::{
    api_server, banner, first_start, log, panics, retention, settings, sip_tcp, sip_udp, teller, tls,
};
use crate::cli::Serve;
use crate::config::Config;
use crate::control::{Control, Ids, WallClock};
use crate::metrics::{Metrics, Page};

/// Things that may wait for control; what is more is refused at its source.
pub(super) const INBOUND: usize = 8192;
/// Bytes of datagrams that may wait to be read.
const SIP_BUFFER: usize = 4 << 20;
/// Edits that may wait for the disk.
const EDITS: usize = 256;
/// Ids of a kind reserved at a time.
pub(super) const fn ids_of(kind: IdKind) -> u64 {
    match kind {
        IdKind::Happening => 1_000_000,
        IdKind::Leg | IdKind::Meeting | IdKind::DidGroup | IdKind::Did | IdKind::Key | IdKind::Callback => {
            10_000
        }
    }
}

/// Runs until SIGINT or SIGTERM.
pub(crate) fn serve(options: &Serve) -> Result<(), String> {
    let mut config = options.common.configuration()?;
    if options.demo {
        config.sip.allow = everywhere();
    }
    log::start(&config.log)?;
    let data = options.common.data.as_path();
    let filling = Filling::chosen(options.demo, options.provision.as_deref())?;
    make_folder(data)?;
    let runtime = runtime()?;
    let mut running = runtime.block_on(start(config, data, &filling))?;
    let told = runtime.block_on(async {
        tokio::select! {
            () = told_to_stop() => true,
            _ = &mut running.control_gone => false,
        }
    });
    match (told, stop(&runtime, running)) {
        (true, true) => Ok(()),
        (true, false) => Err("a mixer hung and was left behind; the log says more".to_owned()),
        (false, _) => Err("control failed; the log says why".to_owned()),
    }
}

fn everywhere() -> Vec<IpNet> {
    let any = ["0.0.0.0/0", "::/0"];
    any.iter()
        .map(|network| network.parse().expect("both are networks"))
        .collect()
}

fn make_folder(data: &Path) -> Result<(), String> {
    let made = DirBuilder::new().recursive(true).mode(0o700).create(data);
    made.map_err(|error| format!("{}: {error}; choose another folder with --data", data.display()))
}

fn runtime() -> Result<Runtime, String> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build();
    runtime.map_err(|error| format!("threads: {error}"))
}

/// What must be ended in order.
struct Running {
    /// Tells whether all threads of media have ended.
    control: JoinHandle<bool>,
    /// Done when control's thread has ended, as it does by itself only when it fails.
    control_gone: oneshot::Receiver<()>,
    inbound: Sender<Inbound>,
    draining: Arc<AtomicBool>,
    records: Task<store::RecordCounts>,
    store: Arc<dyn Store>,
}

/// Sockets, opened before anything else is started, so that a port in use is said at once.
struct Sockets {
    sip: SipSockets,
    api: TcpListener,
    metrics: Option<TcpListener>,
}

struct SipSockets {
    udp: Arc<UdpSocket>,
    tcp: TcpListener,
}

async fn start(mut config: Config, data: &Path, filling: &Filling) -> Result<Running, String> {
    let sockets = open_sockets(&config).await?;
    note_ports(&mut config, &sockets);
    let tls = tls::server_config(&config.api, data)?;
    let store = open_store(data).await?;
    let keeper = open_keeper(store.clone()).await?;
    let filled = first_start::fill(&*store, &keeper, data, filling).await?;
    let (records, writer) = record_writer(store.clone(), RecordLimits::default());
    let records_done = tokio::spawn(writer.run());
    let (inbound, queue) = crossbeam_channel::bounded(INBOUND);
    let live = Arc::new(ArcSwap::from_pointee(Live::default()));
    let (metrics, connections) = (Metrics::new(), Connections::default());
    let events = reserve(&*store, IdKind::Happening).await?;
    let hub = hub(&config, &events);
    start_retention(&config, &store, &metrics);
    let (poster, backlog) = start_courier(&config, &store, &metrics)?;
    let readings = Readings {
        live: live.clone(),
        keeper: keeper.clone(),
        records: records.watch(),
        inbound: inbound.clone(),
        connections: connections.clone(),
        hub: hub.clone(),
        backlog,
    };
    let parts = Parts {
        config: &config,
        data,
        store: &store,
        keeper: &keeper,
        live: &live,
        metrics: &metrics,
        connections,
        records,
        queue,
        hub: &hub,
        events,
    };
    let (control, control_gone) = start_control(parts, sockets.sip, &inbound).await?;
    let draining = Arc::new(AtomicBool::new(false));
    let backend = BridgeBackend {
        live,
        metrics: metrics.clone(),
        keeper: keeper.clone(),
        store: store.clone(),
        control: inbound.clone(),
        names: names(&config),
        has_operator: config.operator.address.is_some(),
        draining: draining.clone(),
        hub,
        poster,
        tries: Tries::default(),
    };
    serve_api(sockets.api, tls, &config, backend);
    if let Some(listener) = sockets.metrics {
        tokio::spawn(metrics_server::serve(listener, Page::new(metrics, readings)));
    }
    let text = banner::text(&config, data, &keeper.directory(), &filled);
    println!("{text}");
    Ok(Running {
        control,
        control_gone,
        inbound,
        draining,
        records: records_done,
        store,
    })
}

fn serve_api(listener: TcpListener, tls: Arc<rustls::ServerConfig>, config: &Config, backend: BridgeBackend) {
    let (counts, limited) = (backend.metrics.requests.clone(), backend.metrics.limited.clone());
    let router = api::router(api_settings(config), limited, Arc::new(backend));
    let serving = api_server::serve(listener, tls, config.api.clone(), router, counts);
    tokio::spawn(serving);
}

/// Begins to forget what is old.
fn start_retention(config: &Config, store: &Arc<dyn Store>, metrics: &Metrics) {
    tokio::spawn(retention::events(store.clone(), config.events.keep));
    let forgotten = metrics.deliveries.forgotten.clone();
    tokio::spawn(retention::deliveries(store.clone(), forgotten));
    if let Some(keep) = config.records.keep {
        let forgotten = metrics.records_forgotten.clone();
        tokio::spawn(retention::records(store.clone(), keep, forgotten));
    }
}

/// Begins to post what is due; who posts, and what is pending as it is laid down for readers.
fn start_courier(
    config: &Config,
    store: &Arc<dyn Store>,
    metrics: &Metrics,
) -> Result<(Arc<Poster>, Arc<ArcSwap<store::Backlog>>), String> {
    let poster = Arc::new(Poster::new(config.webhooks.policy(), config.webhooks.at_once)?);
    let (at_once, backlog) = (config.webhooks.at_once, Arc::new(ArcSwap::default()));
    let courier = Courier::new(
        store.clone(),
        poster.clone(),
        at_once,
        metrics.deliveries.clone(),
        backlog.clone(),
    );
    tokio::spawn(courier.run());
    Ok((poster, backlog))
}

/// Port 0 means any; everybody is told the one that was got.
fn note_ports(config: &mut Config, sockets: &Sockets) {
    let metrics = sockets.metrics.as_ref();
    let metrics = metrics.and_then(|listener| listener.local_addr().ok());
    config.sip.listen = sockets.sip.udp.local_addr().unwrap_or(config.sip.listen);
    config.api.listen = sockets.api.local_addr().unwrap_or(config.api.listen);
    config.metrics.listen = metrics.unwrap_or(config.metrics.listen);
}

/// The directory and what keeps it on disk.
async fn open_keeper(store: Arc<dyn Store>) -> Result<Keeper, String> {
    let opened = Keeper::open(store, EDITS).await;
    let (keeper, keeping) = opened.map_err(|error| error.to_string())?;
    tokio::spawn(keeping.run());
    Ok(keeper)
}

async fn open_store(data: &Path) -> Result<Arc<dyn Store>, String> {
    let store = SqliteStore::open(&data.join("partyline.db")).await;
    Ok(Arc::new(store.map_err(|error| error.to_string())?))
}

async fn open_sockets(config: &Config) -> Result<Sockets, String> {
    let udp =
        UdpSocket::bind(config.sip.listen).map_err(|error| in_use("--sip", config.sip.listen, &error))?;
    // A burst must wait, not be lost; the system grants what it allows.
    let _ = socket2::SockRef::from(&udp).set_recv_buffer_size(SIP_BUFFER);
    let address = udp.local_addr().unwrap_or(config.sip.listen);
    let tcp = TcpListener::bind(address)
        .await
        .map_err(|error| in_use("--sip", address, &error))?;
    let api = TcpListener::bind(config.api.listen).await;
    let api = api.map_err(|error| in_use("--api", config.api.listen, &error))?;
    let metrics = match config.metrics.enabled {
        true => {
            let listener = TcpListener::bind(config.metrics.listen).await;
            Some(listener.map_err(|error| in_use("--metrics", config.metrics.listen, &error))?)
        }
        false => None,
    };
    let sip = SipSockets {
        udp: Arc::new(udp),
        tcp,
    };
    Ok(Sockets { sip, api, metrics })
}

fn in_use(option: &str, address: SocketAddr, error: &std::io::Error) -> String {
    format!("{address}: {error}; choose another address or port with {option}")
}

/// Whatever was told by earlier runs has a smaller id than these.
fn hub(config: &Config, events: &std::ops::Range<u64>) -> api::Hub {
    let limits = config.events.hub(config.api.connections);
    api::Hub::new(limits, events.start.saturating_sub(1))
}

fn api_settings(config: &Config) -> api::Settings {
    api::Settings {
        public_url: config.api.public_url.clone(),
        requests_per_second: config.api.requests_per_second_per_login,
        chosen_codes_per_hour: Some(config.guesses.chosen_per_tenant),
        webhooks_per_subscriber: config.webhooks.per_subscriber,
    }
}

fn names(config: &Config) -> Names {
    let node = match config.node.node_name.as_str() {
        "" => config
            .media
            .advertise
            .or(config.sip.advertise)
            .unwrap_or(config.sip.listen.ip())
            .to_string(),
        name => name.to_owned(),
    };
    Names {
        bridge: config.node.bridge_name.as_str().into(),
        node: node.into(),
    }
}

struct Parts<'a> {
    config: &'a Config,
    data: &'a Path,
    store: &'a Arc<dyn Store>,
    keeper: &'a Keeper,
    live: &'a Arc<ArcSwap<Live>>,
    metrics: &'a Arc<Metrics>,
    connections: Connections,
    records: RecordQueue,
    queue: Receiver<Inbound>,
    hub: &'a api::Hub,
    /// Ids of events to begin with.
    events: std::ops::Range<u64>,
}

async fn start_control(
    parts: Parts<'_>,
    sockets: SipSockets,
    inbound: &Sender<Inbound>,
) -> Result<(JoinHandle<bool>, oneshot::Receiver<()>), String> {
    let Parts {
        config,
        data,
        store,
        keeper,
        live,
        metrics,
        connections,
        records,
        queue,
        hub,
        events,
    } = parts;
    let directory = keeper.directory();
    let control = new_control(config, &**store, directory.clone(), events).await?;
    let thread = ControlThread {
        control,
        inbound: queue,
        keeper: keeper.clone(),
        live: live.clone(),
        teller: teller::start(hub.clone(), metrics.snapshots_untold.clone()),
        udp: sockets.udp.clone(),
        connections: connections.clone(),
        media: MediaPort::start(config, data, panics::log_them(), metrics.clone())?,
        records,
        store: store.clone(),
        runtime: tokio::runtime::Handle::current(),
        ids: crossbeam_channel::bounded(8),
        ways: Ways::new(
            sockets.udp.clone(),
            connections.clone(),
            config.sip.clone(),
            inbound.clone(),
        ),
        tickets: HashMap::new(),
        dial_tickets: HashMap::new(),
        next_ticket: 0,
        noted: Vec::new(),
        known: directory,
        metrics: metrics.clone(),
    };
    tokio::spawn(sip_tcp::listen(
        sockets.tcp,
        connections,
        config.sip.clone(),
        inbound.clone(),
    ));
    let (udp, sender) = (sockets.udp.clone(), inbound.clone());
    spawn("sip-udp", move || sip_udp::read(udp, sender))?;
    let (gone, control_gone) = oneshot::channel();
    let control = spawn("control", move || {
        let _gone: oneshot::Sender<()> = gone;
        thread.run()
    })?;
    Ok((control, control_gone))
}

/// Control as it begins. What was dialled today before a restart counts against the day's limit by its records.
async fn new_control(
    config: &Config,
    store: &dyn Store,
    directory: Arc<Directory>,
    events: std::ops::Range<u64>,
) -> Result<Control, String> {
    let ids = first_ids(store, events).await?;
    let mut control = Control::new(settings::control(config), directory, wall_clock(), ids, seed()?);
    if let Some(day) = control.dialling_day() {
        let dialled = store.dialled(day).await;
        control.dialled_before(dialled.map_err(|error| error.to_string())?);
    }
    Ok(control)
}

fn wall_clock() -> WallClock {
    WallClock {
        at: Instant::now(),
        ms: now_ms(),
    }
}

async fn first_ids(store: &dyn Store, events: std::ops::Range<u64>) -> Result<Ids, String> {
    let legs = reserve(store, IdKind::Leg).await?;
    let meetings = reserve(store, IdKind::Meeting).await?;
    Ok(Ids::new(legs, meetings, events))
}

/// All the chance that control will ever have.
fn seed() -> Result<[u8; 32], String> {
    let mut seed = [0; 32];
    getrandom::fill(&mut seed).map_err(|error| format!("no randomness from the system: {error}"))?;
    Ok(seed)
}

async fn reserve(store: &dyn Store, kind: IdKind) -> Result<std::ops::Range<u64>, String> {
    let ids = store.reserve(kind, ids_of(kind)).await;
    ids.map_err(|error| error.to_string())
}

/// Starts a named thread.
pub(super) fn spawn<T: Send + 'static>(
    name: &str,
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<JoinHandle<T>, String> {
    let thread = std::thread::Builder::new().name(name.to_owned()).spawn(work);
    thread.map_err(|error| format!("thread {name}: {error}"))
}

async fn told_to_stop() {
    use tokio::signal::unix::{SignalKind, signal};
    let terminate = async {
        match signal(SignalKind::terminate()) {
            Ok(mut signal) => drop(signal.recv().await),
            Err(_) => std::future::pending().await,
        }
    };
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        () = terminate => {}
    }
}

/// Calls first, then what they leave behind, then the store. Says whether all threads of media have ended.
fn stop(runtime: &Runtime, running: Running) -> bool {
    tracing::info!("stopping: calls are ended");
    running.draining.store(true, Ordering::Relaxed);
    let _ = running.inbound.send(Inbound::Shutdown);
    let have_ended = running.control.join().unwrap_or_else(|_| {
        tracing::error!("control had failed");
        true
    });
    // With control its queue of records is gone, so the writer ends once all are on disk.
    match runtime.block_on(running.records) {
        Ok(counts) => tracing::info!(
            records = counts.written,
            lost = counts.dropped,
            "records are on disk"
        ),
        Err(error) => tracing::error!(%error, "records may be missing"),
    }
    if let Err(error) = runtime.block_on(running.store.close()) {
        tracing::error!(%error, "the store did not close");
    }
    have_ended
}
