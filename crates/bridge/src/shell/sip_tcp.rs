//! SIP over TCP: connections framed into messages for control, answers written back.

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crossbeam_channel::Sender;
use sip::stream::{Frame, FrameLimits, Framer, PONG};
use sip::{Flow, Transport};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::time::{Instant, timeout, timeout_at};

use super::control_thread::Inbound;
use crate::config::SipSection;

/// Messages that may wait for a slow reader before its connection is closed.
const WRITE_QUEUE: usize = 64;

/// How long a connection that sent nonsense stays open for the answer.
const LINGER: Duration = Duration::from_millis(500);

/// Connections refused because there were too many.
pub(super) static REFUSED: AtomicU64 = AtomicU64::new(0);

/// The open connections, shared between the listener and control.
#[derive(Clone, Default)]
pub(super) struct Connections {
    inner: Arc<Mutex<Table>>,
}

#[derive(Default)]
struct Table {
    next: u64,
    writers: HashMap<u64, mpsc::Sender<Vec<u8>>>,
    per_source: HashMap<IpAddr, usize>,
}

impl Connections {
    fn table(&self) -> std::sync::MutexGuard<'_, Table> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Queues bytes on a connection; a reader that is too slow loses it.
    pub(super) fn send(&self, connection: u64, bytes: Vec<u8>) {
        let mut table = self.table();
        let full = table
            .writers
            .get(&connection)
            .is_some_and(|writer| writer.try_send(bytes).is_err());
        if full {
            table.writers.remove(&connection);
        }
    }

    fn open(&self, source: IpAddr, limits: &SipSection) -> Option<(u64, mpsc::Receiver<Vec<u8>>)> {
        let mut table = self.table();
        let mine = table.per_source.get(&source).copied().unwrap_or(0);
        if table.per_source.values().sum::<usize>() >= limits.tcp_connections
            || mine >= limits.tcp_connections_per_source
        {
            return None;
        }
        table.per_source.insert(source, mine + 1);
        table.next += 1;
        let (writer, queue) = mpsc::channel(WRITE_QUEUE);
        let number = table.next;
        table.writers.insert(number, writer);
        Some((number, queue))
    }

    fn close(&self, connection: u64, source: IpAddr) {
        let mut table = self.table();
        table.writers.remove(&connection);
        if let Some(count) = table.per_source.get_mut(&source) {
            *count -= 1;
            if *count == 0 {
                table.per_source.remove(&source);
            }
        }
    }
}

/// Accepts until control is gone.
pub(super) async fn listen(
    listener: TcpListener,
    connections: Connections,
    limits: SipSection,
    inbound: Sender<Inbound>,
) {
    loop {
        let Ok((stream, remote)) = listener.accept().await else {
            // Out of file handles: those in use will be given back.
            tokio::time::sleep(Duration::from_millis(100)).await;
            continue;
        };
        match connections.open(remote.ip(), &limits) {
            Some((number, queue)) => {
                let serve = serve(
                    stream,
                    remote,
                    number,
                    queue,
                    connections.clone(),
                    limits.clone(),
                    inbound.clone(),
                );
                tokio::spawn(serve);
            }
            None => drop(REFUSED.fetch_add(1, Ordering::Relaxed)),
        }
    }
}

async fn serve(
    stream: TcpStream,
    remote: SocketAddr,
    number: u64,
    queue: mpsc::Receiver<Vec<u8>>,
    connections: Connections,
    limits: SipSection,
    inbound: Sender<Inbound>,
) {
    let source = remote.ip();
    let remote = SocketAddr::new(remote.ip().to_canonical(), remote.port());
    let local = stream
        .local_addr()
        .map(|local| SocketAddr::new(local.ip().to_canonical(), local.port()));
    let _ = stream.set_nodelay(true);
    let (reader, writer) = stream.into_split();
    if let Ok(local) = local {
        let flow = Flow {
            transport: Transport::Tcp,
            local,
            remote,
            connection: Some(number),
        };
        tokio::select! {
            () = read(reader, flow, &limits, &inbound, &connections) => {}
            () = write(writer, queue) => {}
        }
    }
    connections.close(number, source);
    let _ = tokio::task::spawn_blocking(move || inbound.send(Inbound::FlowLost { connection: number })).await;
}

/// Reads messages until the peer closes, lies about lengths, idles, or takes too long over one message.
async fn read(
    mut reader: OwnedReadHalf,
    flow: Flow,
    limits: &SipSection,
    inbound: &Sender<Inbound>,
    connections: &Connections,
) {
    let mut framer = Framer::new(FrameLimits::default());
    let mut buffer = vec![0; 16 * 1024];
    let mut message_by: Option<Instant> = None;
    loop {
        let read = reader.read(&mut buffer);
        let read = match message_by {
            Some(at) => timeout_at(at, read).await,
            None => timeout(limits.tcp_idle, read).await,
        };
        let Ok(Ok(len @ 1..)) = read else { return };
        let mut rest = &buffer[..len];
        while !rest.is_empty() {
            rest = &rest[framer.handle_input(rest)..];
            while let Some(frame) = framer.poll_output() {
                match frame {
                    Frame::Message(bytes) => {
                        message_by = None;
                        let Ok(()) = hand_over(inbound, flow, bytes).await else {
                            return;
                        };
                    }
                    Frame::Ping => connections.send(flow.connection.unwrap_or_default(), PONG.to_vec()),
                    Frame::Broken { error, head } => {
                        tracing::debug!(%error, "a SIP connection is closed");
                        return refuse(inbound, flow, head).await;
                    }
                }
            }
        }
        message_by = framer
            .is_mid_message()
            .then(|| message_by.unwrap_or_else(|| Instant::now() + limits.tcp_message));
    }
}

/// Lets the message at fault be answered before its connection is closed.
async fn refuse(inbound: &Sender<Inbound>, flow: Flow, head: Option<Vec<u8>>) {
    if let Some(head) = head {
        let _ = hand_over(inbound, flow, head).await;
        tokio::time::sleep(LINGER).await;
    }
}

/// Waits for room: a connection is slowed down rather than losing messages.
async fn hand_over(inbound: &Sender<Inbound>, flow: Flow, bytes: Vec<u8>) -> Result<(), ()> {
    let mut item = Inbound::Sip { flow, bytes };
    loop {
        match inbound.try_send(item) {
            Ok(()) => return Ok(()),
            Err(crossbeam_channel::TrySendError::Full(back)) => item = back,
            Err(crossbeam_channel::TrySendError::Disconnected(_)) => return Err(()),
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

async fn write(mut writer: OwnedWriteHalf, mut queue: mpsc::Receiver<Vec<u8>>) {
    while let Some(bytes) = queue.recv().await {
        if writer.write_all(&bytes).await.is_err() {
            return;
        }
    }
}
