//! What a leg costs over loopback UDP, beside the floor: one `recv` and one `sendto` for each of its packets, on the same
//! sockets in the same run. Only the bridge's half is measured, by the CPU clock of the thread; phones cost nothing.
//!
//! Time is simulated: a tick follows as soon as all phones have sent, so that a busy machine makes the run longer and not the figures
//! worse.

use std::io;
use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::sync::Arc;
use std::time::Duration;

use benches::{Bench, Crowd, PACKET, Phone, cpu_time, raise_file_limit};
use mixer::{Channel, LegSocket, Received};

/// Ticks before the measurement: jitter buffers fill.
const WARM_UP: u32 = 25;
/// Ticks of one stretch, and how many stretches take turns with the floor.
const STRETCH: u32 = 50;
const STRETCHES: u32 = 4;
/// Legs whose phones share a socket of the load's side.
const PHONES_A_SOCKET: usize = 20;
const TICKS_A_SECOND: u32 = 50;

/// A leg's two sockets, as the program has them.
struct Pair {
    rtp: Arc<UdpSocket>,
    rtcp: UdpSocket,
}

impl LegSocket for Pair {
    fn receive(&mut self, channel: Channel, buffer: &mut [u8]) -> Option<Received> {
        let socket = match channel {
            Channel::Rtp => &*self.rtp,
            Channel::Rtcp => &self.rtcp,
        };
        let (len, from) = socket.recv_from(buffer).ok()?;
        Some(Received { from, len })
    }

    fn send(&mut self, channel: Channel, to: SocketAddr, datagram: &[u8]) {
        let socket = match channel {
            Channel::Rtp => &*self.rtp,
            Channel::Rtcp => &self.rtcp,
        };
        let _ = socket.send_to(datagram, to);
    }
}

/// The phones and their network.
struct Load {
    phones: Vec<Phone>,
    sockets: Vec<UdpSocket>,
    /// The bridge's RTP sockets and their addresses, one a leg.
    ports: Vec<(Arc<UdpSocket>, SocketAddr)>,
}

impl Load {
    fn new(legs: usize, room_size: usize, crowd: Crowd) -> io::Result<Self> {
        let phones = (0..legs)
            .map(|n| Phone::new(n, crowd.talks(n % room_size)))
            .collect();
        let sockets = (0..legs.div_ceil(PHONES_A_SOCKET))
            .map(|_| socket())
            .collect::<io::Result<_>>()?;
        let port = |_| socket().and_then(|port| port.local_addr().map(|address| (Arc::new(port), address)));
        let ports = (0..legs).map(port).collect::<io::Result<_>>()?;
        Ok(Self {
            phones,
            sockets,
            ports,
        })
    }

    fn side_of(&self, n: usize) -> &UdpSocket {
        &self.sockets[n / PHONES_A_SOCKET]
    }

    /// Every phone sends its packet.
    fn send(&mut self) {
        for (n, phone) in self.phones.iter_mut().enumerate() {
            let sent = self.sockets[n / PHONES_A_SOCKET].send_to(phone.next_packet(), self.ports[n].1);
            assert_eq!(sent.ok(), Some(PACKET));
        }
    }

    /// Takes in what the bridge sent; returns packets of audio.
    fn take(&self) -> u64 {
        let mut buffer = [0; 1_500];
        let mut taken = 0;
        for socket in &self.sockets {
            while let Ok(len) = socket.recv(&mut buffer) {
                taken += u64::from(len == PACKET);
            }
        }
        taken
    }

    /// The same packets without a bridge.
    fn floor(&self, peers: &[SocketAddr]) {
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

/// CPU of both, for all legs and ticks measured.
struct Figures {
    floor: Duration,
    bridge: Duration,
    worst_tick: Duration,
    missing: u64,
}

fn measure(legs: usize, room_size: usize, crowd: Crowd) -> io::Result<Figures> {
    let mut load = Load::new(legs, room_size, crowd)?;
    let peers: Vec<_> = (0..legs)
        .map(|n| load.side_of(n).local_addr())
        .collect::<io::Result<_>>()?;
    let rtcp = (0..legs).map(|_| socket()).collect::<io::Result<Vec<_>>>()?;
    let mut rtcp = rtcp.into_iter();
    let mut bench = Bench::new(legs, room_size, |n| {
        let rtp = load.ports[n].0.clone();
        (
            peers[n],
            Pair {
                rtp,
                rtcp: rtcp.next().expect("one a leg"),
            },
        )
    });
    let mut figures = Figures {
        floor: Duration::ZERO,
        bridge: Duration::ZERO,
        worst_tick: Duration::ZERO,
        missing: 0,
    };
    for _ in 0..WARM_UP {
        load.send();
        bench.tick();
        load.take();
    }
    for _ in 0..STRETCHES {
        for _ in 0..STRETCH {
            load.send();
            let spent = time(|| bench.tick());
            figures.bridge += spent;
            figures.worst_tick = figures.worst_tick.max(spent);
            figures.missing += legs as u64 - load.take();
            bench.drain();
        }
        // The bridge must not miss what the floor takes.
        let phones = load.phones.clone();
        for _ in 0..STRETCH {
            load.send();
            figures.floor += time(|| load.floor(&peers));
            load.take();
        }
        load.phones = phones;
    }
    Ok(figures)
}

fn time(what: impl FnOnce()) -> Duration {
    let before = cpu_time();
    what();
    cpu_time() - before
}

fn print(legs: usize, room_size: usize, crowd: Crowd) -> io::Result<()> {
    let figures = measure(legs, room_size, crowd)?;
    let leg_seconds = f64::from(STRETCH * STRETCHES) / f64::from(TICKS_A_SECOND) * legs as f64;
    let ms = |cpu: Duration| cpu.as_secs_f64() * 1e3 / leg_seconds;
    let (floor, bridge) = (ms(figures.floor), ms(figures.bridge));
    println!(
        "{legs:5} legs  rooms of {room_size:4}  {crowd:9?}  floor {floor:.3}  bridge {bridge:.3} ms a leg-second  ratio {:.2}  \
         worst tick {:4.1} ms  missing {}  legs a core {:5.0}",
        bridge / floor,
        figures.worst_tick.as_secs_f64() * 1e3,
        figures.missing,
        1_000.0 / bridge,
    );
    Ok(())
}

fn main() -> io::Result<()> {
    raise_file_limit();
    for legs in [100, 500, 1_000] {
        print(legs, legs, Crowd::ThreeTalk)?;
    }
    print(1_000, 5, Crowd::ThreeTalk)?;
    print(1_000, 1_000, Crowd::AllTalk)
}
