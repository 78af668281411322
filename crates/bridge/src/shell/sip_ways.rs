//! Ways to those whom the bridge calls, and to phones that want their rosters by connection: names are resolved and connections opened
//! beside control, which waits for neither.

use std::collections::HashMap;
use std::io;
use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crossbeam_channel::{Receiver, Sender};
use sip::{Flow, Hop, Transport};
use tokio::net::{TcpStream, lookup_host};
use tokio::time::timeout;

use super::control_thread::Inbound;
use super::sip_tcp::{self, Connections};
use super::sip_udp::source_towards;
use crate::config::SipSection;
use crate::control::WayFor;

/// How long a name may take to resolve, and a connection to open.
const LIMIT: Duration = Duration::from_secs(5);
/// Ways that may wait for control.
const QUEUE: usize = 1024;

/// A way, or none to be had.
pub(super) type Found = (WayFor, Option<Flow>);

/// What opens ways.
#[derive(Clone)]
pub(super) struct Ways {
    shared: Arc<Shared>,
}

struct Shared {
    udp: Arc<UdpSocket>,
    connections: Connections,
    limits: SipSection,
    inbound: Sender<Inbound>,
    runtime: tokio::runtime::Handle,
    found: Sender<Found>,
    /// The connection that was opened last to each peer; calls share it.
    open: Mutex<HashMap<SocketAddr, Flow>>,
}

impl Ways {
    /// With what is found coming out of the receiver.
    pub(super) fn new(
        udp: Arc<UdpSocket>,
        connections: Connections,
        limits: SipSection,
        inbound: Sender<Inbound>,
    ) -> (Self, Receiver<Found>) {
        let (found, queue) = crossbeam_channel::bounded(QUEUE);
        let shared = Shared {
            udp,
            connections,
            limits,
            inbound,
            runtime: tokio::runtime::Handle::current(),
            found,
            open: Mutex::default(),
        };
        let shared = Arc::new(shared);
        (Self { shared }, queue)
    }

    /// Looks for a way; it is found, or not, within twice five seconds.
    pub(super) fn open(&self, whose: WayFor, hop: Hop) {
        let shared = self.shared.clone();
        self.shared.runtime.spawn(async move {
            let flow = shared.find(&hop).await;
            if let Err(error) = &flow {
                tell(whose, error);
            }
            let mut item = (whose, flow.ok());
            while let Err(crossbeam_channel::TrySendError::Full(back)) = shared.found.try_send(item) {
                item = back;
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        });
    }
}

impl Shared {
    async fn find(self: &Arc<Self>, hop: &Hop) -> io::Result<Flow> {
        let remote = timeout(LIMIT, self.resolve(hop)).await??;
        match hop.transport {
            Transport::Udp => self.by_datagram(remote),
            Transport::Tcp => self.by_connection(remote).await,
        }
    }

    /// The first address that the socket can reach.
    async fn resolve(&self, hop: &Hop) -> io::Result<SocketAddr> {
        let ours = self.udp.local_addr()?.ip();
        let fits = |address: &SocketAddr| match (ours, address) {
            (IpAddr::V4(_), SocketAddr::V6(_)) => false,
            (IpAddr::V6(ours), SocketAddr::V4(_)) => ours.is_unspecified(),
            (IpAddr::V4(_), SocketAddr::V4(_)) | (IpAddr::V6(_), SocketAddr::V6(_)) => true,
        };
        let found = lookup_host((hop.host.as_str(), hop.port)).await?.find(fits);
        found.ok_or_else(|| {
            io::Error::new(
                io::ErrorKind::AddrNotAvailable,
                "no address that sip.listen reaches",
            )
        })
    }

    fn by_datagram(&self, remote: SocketAddr) -> io::Result<Flow> {
        let listening = self.udp.local_addr()?;
        let ip = match listening.ip() {
            any if any.is_unspecified() => source_towards(remote)?,
            ip => ip,
        };
        Ok(Flow {
            transport: Transport::Udp,
            local: SocketAddr::new(ip, listening.port()),
            remote,
            connection: None,
        })
    }

    async fn by_connection(self: &Arc<Self>, remote: SocketAddr) -> io::Result<Flow> {
        if let Some(flow) = self.known(remote) {
            return Ok(flow);
        }
        let stream = timeout(LIMIT, TcpStream::connect(remote)).await??;
        let now = tokio::time::Instant::now();
        let place = self.connections.open(remote.ip(), now, &self.limits);
        let (number, line) =
            place.ok_or_else(|| io::Error::other("as many connections as sip.tcp_connections allows"))?;
        // Answers to what is in our Via and Contact come by this connection, or to where we listen.
        let local = SocketAddr::new(stream.local_addr()?.ip(), self.udp.local_addr()?.port());
        let flow = Flow {
            transport: Transport::Tcp,
            local,
            remote,
            connection: Some(number),
        };
        self.remember(remote, flow);
        let shared = self.clone();
        self.runtime.spawn(async move {
            let (connections, limits) = (shared.connections.clone(), shared.limits.clone());
            sip_tcp::serve(stream, flow, line, connections, limits, shared.inbound.clone()).await;
        });
        Ok(flow)
    }

    fn known(&self, remote: SocketAddr) -> Option<Flow> {
        let open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let flow = open.get(&remote).copied()?;
        let number = flow.connection?;
        self.connections.is_open(number).then_some(flow)
    }

    fn remember(&self, remote: SocketAddr, flow: Flow) {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        open.retain(|_, flow| {
            flow.connection
                .is_some_and(|number| self.connections.is_open(number))
        });
        open.insert(remote, flow);
    }
}

/// A phone that is not reached is told by datagram: no cause for alarm.
fn tell(whose: WayFor, error: &io::Error) {
    match whose {
        WayFor::Call(leg) => tracing::warn!(call = leg.0, %error, "no way to where the bridge is to call"),
        WayFor::Roster(_) => {
            tracing::debug!(%error, "a phone that wants its roster by connection takes none")
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use model::LegId;
    use tokio::net::TcpListener;

    use super::*;

    fn ways() -> (Ways, Receiver<Found>, Receiver<Inbound>) {
        let udp = Arc::new(UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap());
        let (inbound, inputs) = crossbeam_channel::bounded(8);
        let (ways, found) = Ways::new(udp, Connections::default(), SipSection::default(), inbound);
        (ways, found, inputs)
    }

    fn hop(transport: Transport, address: SocketAddr) -> Hop {
        Hop {
            transport,
            host: address.ip().to_string(),
            port: address.port(),
        }
    }

    async fn next(found: &Receiver<Found>) -> Found {
        loop {
            if let Ok(item) = found.try_recv() {
                return item;
            }
            tokio::task::yield_now().await;
        }
    }

    #[tokio::test]
    async fn a_datagram_goes_from_where_we_listen() {
        let (ways, found, _inputs) = ways();
        let remote = SocketAddr::from((Ipv4Addr::LOCALHOST, 5071));
        ways.open(WayFor::Call(LegId(1)), hop(Transport::Udp, remote));
        let (whose, flow) = next(&found).await;
        let flow = flow.unwrap();
        assert_eq!(
            (whose, flow.remote, flow.connection),
            (WayFor::Call(LegId(1)), remote, None)
        );
        assert_eq!(flow.local, ways.shared.udp.local_addr().unwrap());
    }

    #[tokio::test]
    async fn calls_share_a_connection_while_it_is_open() {
        let (ways, found, _inputs) = ways();
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let remote = listener.local_addr().unwrap();
        for leg in [1, 2] {
            ways.open(WayFor::Call(LegId(leg)), hop(Transport::Tcp, remote));
            let (_, flow) = next(&found).await;
            assert_eq!(flow.unwrap().connection, Some(1));
        }
        ways.shared.connections.close(1);
        ways.open(WayFor::Call(LegId(3)), hop(Transport::Tcp, remote));
        assert_eq!(next(&found).await.1.unwrap().connection, Some(2));
    }

    #[tokio::test]
    async fn where_nobody_listens_and_what_has_no_address_there_is_no_way() {
        let (ways, found, _inputs) = ways();
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let closed = listener.local_addr().unwrap();
        drop(listener);
        ways.open(WayFor::Call(LegId(1)), hop(Transport::Tcp, closed));
        assert_eq!(next(&found).await, (WayFor::Call(LegId(1)), None));
        let of_other_family = SocketAddr::from((std::net::Ipv6Addr::LOCALHOST, 5060));
        ways.open(WayFor::Call(LegId(2)), hop(Transport::Udp, of_other_family));
        assert_eq!(next(&found).await, (WayFor::Call(LegId(2)), None));
    }
}
