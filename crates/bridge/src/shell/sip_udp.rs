//! SIP over UDP: one thread that reads datagrams and hands them to control.

use std::collections::HashMap;
use std::io;
use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crossbeam_channel::{Sender, TrySendError};
use sip::{Flow, Transport};

use super::control_thread::Inbound;

/// Largest UDP payload.
const DATAGRAM_MAX: usize = 65_535;
/// Peers whose local address is remembered.
const ROUTES_MAX: usize = 10_000;
/// Longest datagram that is taken however many wait, and how many may wait before a longer one: phones send few of those, and a flood of them
/// would take half a gigabyte until all places are taken.
const USUAL_MAX: usize = 8 * 1024;
const LONG_BEHIND_MAX: usize = 512;
/// Pause after a failure of the socket, so that a lasting one does not fill the log.
const PAUSE: std::time::Duration = std::time::Duration::from_secs(1);

static DROPPED: AtomicU64 = AtomicU64::new(0);
static UNROUTED: AtomicU64 = AtomicU64::new(0);
static ROUTES_FORGOTTEN: AtomicU64 = AtomicU64::new(0);

/// Datagrams dropped because control had not caught up; the peer sends them again.
pub(super) fn dropped() -> u64 {
    DROPPED.load(Ordering::Relaxed)
}

/// Datagrams dropped because no address of ours is known that their sender reaches us at.
pub(super) fn unrouted() -> u64 {
    UNROUTED.load(Ordering::Relaxed)
}

/// Peers whose local address was forgotten because too many were known.
pub(super) fn routes_forgotten() -> u64 {
    ROUTES_FORGOTTEN.load(Ordering::Relaxed)
}

/// Reads until control is gone.
pub(super) fn read(socket: Arc<UdpSocket>, inbound: Sender<Inbound>) {
    let mut buffer = vec![0; DATAGRAM_MAX];
    let mut routes = Routes::default();
    loop {
        let (len, remote) = match socket.recv_from(&mut buffer) {
            Ok((len, remote)) => (len, canonical(remote)),
            // ICMP errors of earlier datagrams are reported here; they concern one peer, not the socket. Whatever else is
            // wrong may pass, and without this thread nobody could call any more.
            Err(error) => {
                if !matches!(
                    error.kind(),
                    io::ErrorKind::ConnectionRefused | io::ErrorKind::Interrupted
                ) {
                    tracing::warn!(%error, "the SIP socket could not be read");
                    std::thread::sleep(PAUSE);
                }
                continue;
            }
        };
        if !has_room(len, inbound.len()) {
            DROPPED.fetch_add(1, Ordering::Relaxed);
            continue;
        }
        let Some(local) = routes.found(&socket, remote) else {
            continue;
        };
        let flow = Flow {
            transport: Transport::Udp,
            local,
            remote,
            connection: None,
        };
        match inbound.try_send(Inbound::Sip {
            flow,
            bytes: buffer[..len].into(),
        }) {
            Ok(()) => {}
            Err(TrySendError::Full(_)) => drop(DROPPED.fetch_add(1, Ordering::Relaxed)),
            Err(TrySendError::Disconnected(_)) => return,
        }
    }
}

/// Whether a message of this length may wait behind so many others.
pub(super) fn has_room(length: usize, waiting: usize) -> bool {
    length <= USUAL_MAX || waiting < LONG_BEHIND_MAX
}

/// IPv4 callers of a socket for both families, as what they are.
pub(super) fn canonical(address: SocketAddr) -> SocketAddr {
    SocketAddr::new(address.ip().to_canonical(), address.port())
}

/// The address of ours that each peer reaches us at: where the socket listens, or for a wildcard the address the system
/// would send from.
#[derive(Default)]
struct Routes {
    known: HashMap<IpAddr, IpAddr>,
}

impl Routes {
    /// The address of ours towards a peer; where there is none, nothing could be answered, and what came is counted.
    fn found(&mut self, socket: &UdpSocket, remote: SocketAddr) -> Option<SocketAddr> {
        let found = self.local(socket, remote).ok();
        UNROUTED.fetch_add(u64::from(found.is_none()), Ordering::Relaxed);
        found
    }

    fn local(&mut self, socket: &UdpSocket, remote: SocketAddr) -> io::Result<SocketAddr> {
        let listening = socket.local_addr()?;
        if !listening.ip().is_unspecified() {
            return Ok(listening);
        }
        if let Some(ip) = self.known.get(&remote.ip()) {
            return Ok(SocketAddr::new(*ip, listening.port()));
        }
        let ip = source_towards(remote)?;
        ROUTES_FORGOTTEN.fetch_add(self.remember(remote.ip(), ip), Ordering::Relaxed);
        Ok(SocketAddr::new(ip, listening.port()))
    }

    /// How many others were forgotten for it.
    fn remember(&mut self, peer: IpAddr, ours: IpAddr) -> u64 {
        let full = self.known.len() >= ROUTES_MAX;
        let forgotten = if full { self.known.drain().count() } else { 0 };
        self.known.insert(peer, ours);
        forgotten as u64
    }
}

/// The address the system would send from towards `remote`; nothing is sent.
pub(super) fn source_towards(remote: SocketAddr) -> io::Result<IpAddr> {
    let any: SocketAddr = match remote {
        SocketAddr::V4(_) => ([0, 0, 0, 0], 0).into(),
        SocketAddr::V6(_) => ([0u16; 8], 0).into(),
    };
    let probe = UdpSocket::bind(any)?;
    probe.connect(remote)?;
    Ok(probe.local_addr()?.ip())
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;
    use crate::shell::serve::INBOUND;

    #[test]
    fn a_flood_of_the_longest_datagrams_takes_a_bounded_part_of_memory() {
        let longest = |waiting| {
            let lengths = [DATAGRAM_MAX, USUAL_MAX];
            lengths.into_iter().find(|length| has_room(*length, waiting))
        };
        let most: usize = (0..INBOUND).map(|waiting| longest(waiting).unwrap()).sum();
        assert!(most < 96 << 20, "{most}");
        assert!(has_room(DATAGRAM_MAX, 0) && has_room(1_500, INBOUND));
    }

    #[test]
    fn a_datagram_from_where_no_way_leads_back_is_counted() {
        let socket = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0)).unwrap();
        let port = socket.local_addr().unwrap().port();
        let mut routes = Routes::default();
        for (peer, ours, counted) in [
            (Ipv4Addr::LOCALHOST, Some(Ipv4Addr::LOCALHOST), 0),
            // No socket that was not told to may send to everybody.
            (Ipv4Addr::BROADCAST, None, 1),
            (Ipv4Addr::BROADCAST, None, 2),
        ] {
            let found = routes.found(&socket, (peer, 5060).into());
            assert_eq!(found, ours.map(|ip| SocketAddr::from((ip, port))), "{peer}");
            assert_eq!(unrouted(), counted, "{peer}");
        }
    }

    #[test]
    fn ways_to_peers_that_are_forgotten_for_others_are_counted() {
        let (mut routes, ours) = (Routes::default(), IpAddr::from([192, 0, 2, 1]));
        let forgotten: Vec<u64> = (0..2 * ROUTES_MAX as u32 + 1)
            .map(|peer| routes.remember(Ipv4Addr::from_bits(peer).into(), ours))
            .collect();
        let told: Vec<usize> = (0..forgotten.len()).filter(|n| forgotten[*n] > 0).collect();
        assert_eq!(told, [ROUTES_MAX, 2 * ROUTES_MAX]);
        assert_eq!(forgotten.iter().sum::<u64>(), 2 * ROUTES_MAX as u64);
        assert_eq!(routes.known.len(), 1);
    }
}
