//! SIP over TCP: connections framed into messages for control, answers written back.

use std::net::SocketAddr;
use std::time::Duration;

use crossbeam_channel::Sender;
use sip::stream::{Frame, FrameLimits, Framer, PONG};
use sip::{Flow, Transport};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::OwnedWriteHalf;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, timeout, timeout_at};

use super::accept;
use super::control_thread::Inbound;
pub(super) use super::sip_connections::{Connections, Line};
use super::sip_udp::{canonical, has_room};
use crate::config::SipSection;

/// How long a connection that sent nonsense, or lost its place, stays open for what is on its way to it.
const LINGER: Duration = Duration::from_millis(500);
/// How long control may take to say which connections carry calls.
const ANSWER: Duration = Duration::from_millis(250);

/// Accepts until control is gone.
pub(super) async fn listen(
    listener: TcpListener,
    connections: Connections,
    limits: SipSection,
    inbound: Sender<Inbound>,
) {
    loop {
        let (stream, remote) = accept::next(&listener).await;
        make_room(&connections, remote, &limits, &inbound).await;
        // One without a place is counted there, and closed.
        if let Some((number, line)) = connections.open(remote.ip(), Instant::now(), &limits) {
            let accepted = accepted(
                stream,
                remote,
                number,
                line,
                connections.clone(),
                limits.clone(),
                inbound.clone(),
            );
            tokio::spawn(accepted);
        }
    }
}

/// When all places are taken, closes the connection that a newcomer may have the place of: none that carries a call.
async fn make_room(
    connections: &Connections,
    newcomer: SocketAddr,
    limits: &SipSection,
    inbound: &Sender<Inbound>,
) {
    let candidates = connections.candidates(newcomer.ip(), limits);
    if candidates.is_empty() {
        return;
    }
    let numbers = candidates.iter().map(|(number, _)| *number).collect();
    let free = without_call(inbound, numbers).await;
    let unused = candidates.into_iter().find(|(number, _)| Some(*number) == free);
    if let Some((number, used)) = unused {
        connections.close_unused(number, used);
    }
}

/// The first of these connections that carries no call; none when control has too much to do to say.
async fn without_call(inbound: &Sender<Inbound>, connections: Vec<u64>) -> Option<u64> {
    let (reply, answer) = oneshot::channel();
    inbound
        .try_send(Inbound::WithoutCall { connections, reply })
        .ok()?;
    timeout(ANSWER, answer).await.ok()?.ok()?
}

async fn accepted(
    stream: TcpStream,
    remote: SocketAddr,
    number: u64,
    line: Line,
    connections: Connections,
    limits: SipSection,
    inbound: Sender<Inbound>,
) {
    let Ok(local) = stream.local_addr() else {
        return connections.close(number);
    };
    let flow = Flow {
        transport: Transport::Tcp,
        local: canonical(local),
        remote: canonical(remote),
        connection: Some(number),
    };
    serve(stream, flow, line, connections, limits, inbound).await;
}

/// Reads and writes a connection, whoever opened it, until it ends, and says so.
pub(super) async fn serve(
    stream: TcpStream,
    flow: Flow,
    line: Line,
    connections: Connections,
    limits: SipSection,
    inbound: Sender<Inbound>,
) {
    let number = flow.connection.unwrap_or_default();
    let _ = stream.set_nodelay(true);
    let (reader, writer) = stream.into_split();
    tokio::select! {
        () = read(reader, flow, &limits, &inbound, &connections) => {}
        () = write(writer, line.queue) => {}
        () = place_lost(line.leave) => {}
    }
    connections.close(number);
    let _ = tokio::task::spawn_blocking(move || inbound.send(Inbound::FlowLost { connection: number })).await;
}

/// Reads messages until the peer closes, lies about lengths, idles without a call, or takes too long over one message.
async fn read(
    mut reader: impl AsyncRead + Unpin,
    flow: Flow,
    limits: &SipSection,
    inbound: &Sender<Inbound>,
    connections: &Connections,
) {
    let number = flow.connection.unwrap_or_default();
    let mut framer = Framer::new(FrameLimits::default());
    let mut buffer = vec![0; 16 * 1024];
    let mut message_by: Option<Instant> = None;
    let mut idle_at = Instant::now() + limits.tcp_idle;
    loop {
        let read = timeout_at(message_by.unwrap_or(idle_at), reader.read(&mut buffer)).await;
        if read.is_err() && message_by.is_none() && without_call(inbound, vec![number]).await.is_none() {
            // Between session refreshes a call may be silent for long (RFC 4028).
            connections.use_now(number, Instant::now());
            idle_at = Instant::now() + limits.tcp_idle;
            continue;
        }
        let Ok(Ok(len @ 1..)) = read else { return };
        let mut rest = &buffer[..len];
        while !rest.is_empty() {
            rest = &rest[framer.handle_input(rest)..];
            while let Some(frame) = framer.poll_output() {
                match frame {
                    Frame::Message(bytes) => {
                        message_by = None;
                        idle_at = Instant::now() + limits.tcp_idle;
                        connections.use_now(number, Instant::now());
                        let Ok(()) = hand_over(inbound, flow, bytes).await else {
                            return;
                        };
                    }
                    // A sign of life, but not of use.
                    Frame::Ping => connections.send(number, PONG.to_vec()),
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

/// Waits for room, a long message for more of it: a connection is slowed down rather than losing messages.
async fn hand_over(inbound: &Sender<Inbound>, flow: Flow, bytes: Vec<u8>) -> Result<(), ()> {
    let length = bytes.len();
    let mut item = Inbound::Sip { flow, bytes };
    loop {
        if has_room(length, inbound.len()) {
            match inbound.try_send(item) {
                Ok(()) => return Ok(()),
                Err(crossbeam_channel::TrySendError::Full(back)) => item = back,
                Err(crossbeam_channel::TrySendError::Disconnected(_)) => return Err(()),
            }
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

/// A peer that takes nothing keeps a write waiting for ever. Once it has lost its place no limit counts it any more, so it must not stay.
async fn place_lost(leave: oneshot::Receiver<()>) {
    let _ = leave.await;
    tokio::time::sleep(LINGER).await;
}

#[cfg(test)]
mod tests {
    use std::net::{IpAddr, Ipv4Addr};

    use crossbeam_channel::Receiver;
    use tokio::io::{DuplexStream, duplex};

    use super::*;

    const PING: &[u8] = b"\r\n\r\n";
    const OPTIONS: &[u8] = b"OPTIONS sip:x SIP/2.0\r\nContent-Length: 0\r\n\r\n";

    fn flow(connection: u64) -> Flow {
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, 5060));
        Flow {
            transport: Transport::Tcp,
            local: address,
            remote: address,
            connection: Some(connection),
        }
    }

    /// Says of these connections that they carry calls.
    async fn control(inbound: Receiver<Inbound>, with_calls: Vec<u64>) {
        loop {
            match inbound.try_recv() {
                Ok(Inbound::WithoutCall { connections, reply }) => {
                    let free = connections.into_iter().find(|n| !with_calls.contains(n));
                    reply.send(free).unwrap();
                }
                Ok(_) => {}
                Err(crossbeam_channel::TryRecvError::Empty) => tokio::time::sleep(ANSWER / 5).await,
                Err(crossbeam_channel::TryRecvError::Disconnected) => return,
            }
        }
    }

    /// For how long a connection stays open on which `bytes` are sent every 43 s, an hour at most.
    async fn lasts(bytes: &'static [u8], carries_call: bool) -> Duration {
        let (inbound, queue) = crossbeam_channel::bounded(8);
        tokio::spawn(control(queue, carries_call.then_some(1).into_iter().collect()));
        let (near, far): (DuplexStream, DuplexStream) = duplex(1024);
        let sender = tokio::spawn(async move {
            let mut far = far;
            while far.write_all(bytes).await.is_ok() {
                tokio::time::sleep(Duration::from_secs(43)).await;
            }
        });
        let (begin, connections) = (Instant::now(), Connections::default());
        let limits = SipSection::default();
        let read = read(near, flow(1), &limits, &inbound, &connections);
        let _ = timeout(Duration::from_secs(3600), read).await;
        sender.abort();
        begin.elapsed()
    }

    #[tokio::test(start_paused = true)]
    async fn pings_keep_no_connection_open_but_messages_and_calls_do() {
        let idle = SipSection::default().tcp_idle;
        let close = lasts(PING, false).await;
        assert!(
            (idle..idle + Duration::from_secs(2)).contains(&close),
            "{close:?}"
        );
        let hour = Duration::from_secs(3600);
        assert!(lasts(OPTIONS, false).await >= hour);
        assert!(lasts(PING, true).await >= hour);
        assert!(lasts(b"", true).await >= hour, "a silent call");
    }

    #[tokio::test]
    async fn a_newcomer_takes_the_place_of_the_oldest_without_a_call() {
        let (inbound, queue) = crossbeam_channel::bounded(64);
        tokio::spawn(control(queue, vec![1, 2]));
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let limits = SipSection {
            tcp_connections: 4,
            ..SipSection::default()
        };
        let connections = Connections::default();
        tokio::spawn(listen(listener, connections.clone(), limits.clone(), inbound));
        let mut open = vec![];
        for _ in 0..5 {
            let mut stream = TcpStream::connect(address).await.unwrap();
            stream.write_all(PING).await.unwrap();
            stream.read_exact(&mut [0; 2]).await.unwrap();
            open.push(stream);
        }
        // The newcomer was answered; the third, which carries no call, was closed for it.
        assert_eq!(open[2].read(&mut [0]).await.unwrap_or(0), 0);
        let left = connections.candidates(IpAddr::from([192, 0, 2, 1]), &limits);
        let left: Vec<_> = left.into_iter().map(|(number, _)| number).collect();
        assert_eq!(left, [1, 2, 4, 5]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_long_message_waits_at_its_connection_while_many_others_are_to_be_read() {
        let (inbound, queue) = crossbeam_channel::bounded(1_000);
        for _ in 0..512 {
            assert_eq!(hand_over(&inbound, flow(1), OPTIONS.to_vec()).await, Ok(()));
        }
        let long = || hand_over(&inbound, flow(1), vec![b' '; 64 * 1024]);
        assert!(timeout(LINGER, long()).await.is_err());
        assert_eq!(hand_over(&inbound, flow(2), OPTIONS.to_vec()).await, Ok(()));
        assert_eq!(queue.try_iter().take(2).count(), 2);
        assert_eq!(timeout(LINGER, long()).await, Ok(Ok(())));
    }

    #[tokio::test]
    async fn one_that_takes_nothing_of_what_it_is_sent_is_closed_however_much_it_sends() {
        let (inbound, queue) = crossbeam_channel::bounded(64);
        tokio::spawn(control(queue, vec![]));
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let connections = Connections::default();
        tokio::spawn(listen(
            listener,
            connections.clone(),
            SipSection::default(),
            inbound,
        ));
        let mut stream = TcpStream::connect(address).await.unwrap();
        // First what the system holds for a slow reader is filled, then the queue.
        while connections.counts().stuck == 0 {
            connections.send(1, vec![0; 64 * 1024]);
            tokio::task::yield_now().await;
        }
        assert_eq!(connections.counts().open, 0);
        let closed = async {
            while stream.write_all(PING).await.is_ok() {
                tokio::time::sleep(LINGER / 25).await;
            }
        };
        timeout(LINGER * 10, closed).await.unwrap();
    }
}
