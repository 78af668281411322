//! Sockets of legs: each has a port pair of its own from its first offer to the end of its call.

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::time::Instant;

use model::LegId;
use udp::MediaSocket;

use super::ports::PortPool;
use crate::config::Config;

/// Ports tried before a call is told that there is none: another program may sit on some.
const BIND_TRIES: usize = 8;

/// Who has which ports.
pub(super) struct Sockets {
    ports: PortPool,
    /// The RTP ports of legs.
    in_use: HashMap<LegId, u16>,
    /// Sockets that no shard has yet.
    opened: HashMap<LegId, MediaSocket>,
    /// Where all are bound; left out: on the address that a call came to.
    listen: Option<IpAddr>,
    /// Calls for which no port pair could be had.
    refused: u64,
}

impl Sockets {
    /// None open; an error where the system has no randomness for the order of ports.
    pub(super) fn new(config: &Config) -> Result<Self, String> {
        let seed = getrandom::u64().map_err(|error| format!("no randomness from the system: {error}"))?;
        let listen = config.media.listen.or(Some(config.sip.listen.ip()));
        Ok(Self {
            ports: PortPool::new(config.media.ports, config.media.quarantine, seed),
            in_use: HashMap::new(),
            opened: HashMap::new(),
            listen: listen.filter(|ip| !ip.is_unspecified()),
            refused: 0,
        })
    }

    /// Binds a port pair for a leg whose call came to `near`; its RTP address, or nothing when there is none.
    pub(super) fn open(&mut self, now: Instant, leg: LegId, near: IpAddr) -> Option<SocketAddr> {
        let opened = self.bind(now, leg, near);
        self.refused += u64::from(opened.is_none());
        opened
    }

    fn bind(&mut self, now: Instant, leg: LegId, near: IpAddr) -> Option<SocketAddr> {
        let address = self.listen.unwrap_or(near);
        for _ in 0..BIND_TRIES {
            let port = self.ports.take(now)?;
            match MediaSocket::bind(address, port) {
                Ok(socket) => {
                    self.in_use.insert(leg, port);
                    self.opened.insert(leg, socket);
                    return Some(SocketAddr::new(address, port));
                }
                Err(error) => {
                    tracing::warn!(%address, port, %error, "a port for audio cannot be used");
                    self.ports.release(now, port);
                }
            }
        }
        None
    }

    /// A leg's sockets for its shard, without the packets that came before there was a session.
    pub(super) fn hand_out(&mut self, leg: LegId) -> Option<MediaSocket> {
        let socket = self.opened.remove(&leg)?;
        socket.forget_waiting();
        Some(socket)
    }

    /// Takes a leg's port pair back, to rest, whether its sockets were handed out or not.
    pub(super) fn close(&mut self, now: Instant, leg: LegId) {
        self.opened.remove(&leg);
        if let Some(port) = self.in_use.remove(&leg) {
            self.ports.release(now, port);
        }
    }

    /// Port pairs that legs have.
    pub(super) fn in_use(&self) -> usize {
        self.in_use.len()
    }

    /// Calls for which no port pair could be had.
    pub(super) fn refused(&self) -> u64 {
        self.refused
    }
}
