//! Phones on the kernel's loopback.

use std::io;
use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::sync::Arc;

use benches::{AUDIO, Bench, Codecs, Crowd, Phone, Speeches};
use media::{Channel, LegSocket, Received};
use udp::{Batch, date_arrivals};

/// Legs whose phones share a socket of the load's side.
const PHONES_A_SOCKET: usize = 20;

/// A leg's two sockets, as the program has them.
pub(crate) struct Pair {
    rtp: Arc<UdpSocket>,
    rtcp: UdpSocket,
}

impl Pair {
    fn socket(&self, channel: Channel) -> &UdpSocket {
        match channel {
            Channel::Rtp => &self.rtp,
            Channel::Rtcp => &self.rtcp,
        }
    }
}

impl LegSocket for Pair {
    type Buffers = Batch;

    fn receive(
        &mut self,
        channel: Channel,
        buffers: &mut Batch,
        most: usize,
        take: &mut dyn FnMut(Received<'_>),
    ) -> usize {
        buffers.receive(self.socket(channel), most, take)
    }

    fn send(&mut self, channel: Channel, to: SocketAddr, datagram: &[u8]) {
        let _ = self.socket(channel).send_to(datagram, to);
    }
}

/// What a shard ticks by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Clock {
    /// As fast as it can: the kernel's times of arrival would be those of another clock, and every packet early or late.
    Simulated,
    /// By the wall clock, as the program does.
    Wall,
}

/// The phones and their network.
pub(crate) struct Load {
    pub(crate) phones: Vec<Phone>,
    sockets: Vec<UdpSocket>,
    /// The bridge's RTP sockets and their addresses, one a leg.
    ports: Vec<(Arc<UdpSocket>, SocketAddr)>,
}

impl Load {
    /// `clock` is that by which the shard will tick.
    pub(crate) fn new(
        legs: usize,
        room_size: usize,
        crowd: Crowd,
        codecs: Codecs,
        clock: Clock,
    ) -> io::Result<Self> {
        let mut speeches = Speeches::default();
        let phones = (0..legs)
            .map(|n| Phone::new(n, codecs.of(n), crowd.talks(n % room_size), &mut speeches))
            .collect();
        let sockets = (0..legs.div_ceil(PHONES_A_SOCKET))
            .map(|_| socket())
            .collect::<io::Result<_>>()?;
        let port = |_| {
            let port = socket()?;
            if clock == Clock::Wall {
                date_arrivals(&port);
            }
            port.local_addr().map(|address| (Arc::new(port), address))
        };
        let ports = (0..legs).map(port).collect::<io::Result<_>>()?;
        Ok(Self {
            phones,
            sockets,
            ports,
        })
    }

    /// Where the phones are, one a leg.
    pub(crate) fn peers(&self) -> io::Result<Vec<SocketAddr>> {
        let sides = (0..self.phones.len()).map(|n| &self.sockets[n / PHONES_A_SOCKET]);
        sides.map(UdpSocket::local_addr).collect()
    }

    /// A shard whose legs are called by these phones.
    pub(crate) fn bench(&self, room_size: usize) -> io::Result<Bench<Pair>> {
        let peers = self.peers()?;
        let legs = self.phones.len();
        let rtcp = (0..legs).map(|_| socket()).collect::<io::Result<Vec<_>>>()?;
        let mut rtcp = rtcp.into_iter();
        Ok(Bench::new(legs, room_size, |n| {
            let rtp = self.ports[n].0.clone();
            let rtcp = rtcp.next().expect("one a leg");
            (self.phones[n].codec(), peers[n], Pair { rtp, rtcp })
        }))
    }

    /// Every phone sends its packet.
    pub(crate) fn send(&mut self) {
        for (n, phone) in self.phones.iter_mut().enumerate() {
            let packet = phone.next_packet();
            let sent = self.sockets[n / PHONES_A_SOCKET].send_to(packet, self.ports[n].1);
            assert_eq!(sent.ok(), Some(packet.len()));
        }
    }

    /// Takes in what the bridge sent, each packet of audio by itself.
    pub(crate) fn take(&self, mut packet: impl FnMut(&[u8])) {
        let mut buffer = [0; 1_500];
        for socket in &self.sockets {
            while let Ok(len) = socket.recv(&mut buffer) {
                if buffer[1] & 0x7f == AUDIO {
                    packet(&buffer[..len]);
                }
            }
        }
    }

    /// The same packets without a bridge.
    pub(crate) fn floor(&self, peers: &[SocketAddr]) {
        let mut buffer = [0; 1_500];
        for ((port, _), peer) in self.ports.iter().zip(peers) {
            let len = port.recv(&mut buffer).unwrap_or(0);
            let _ = port.send_to(&buffer[..len], peer);
        }
    }
}

fn socket() -> io::Result<UdpSocket> {
    let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?;
    socket.set_nonblocking(true)?;
    Ok(socket)
}
