//! Reading and sending datagrams never touches the heap, whether the system sends them or not.

use std::net::{IpAddr, Ipv4Addr, SocketAddr, UdpSocket};
use std::thread;
use std::time::Duration;

use assert_no_alloc::{AllocDisabler, assert_no_alloc};
use media::{Channel, LegSocket, Received, Unsent};
use udp::{Batch, MediaSocket};

#[global_allocator]
static ALLOCATOR: AllocDisabler = AllocDisabler;

const HERE: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
/// Rounds in each channel.
const ROUNDS: u8 = 40;
/// Datagrams of a round: more than one call reads.
const AT_ONCE: usize = 10;
/// Bytes of a packet with 20 ms of G.711.
const LENGTH: usize = 172;
/// How often a round is looked for: what is sent on one machine is there at once, or when its other threads have had their turn.
const LOOKS: usize = 10_000;

/// A phone, and where it sends to.
struct Phone {
    socket: UdpSocket,
    address: SocketAddr,
    rtp: u16,
}

impl Phone {
    fn of(rtp: u16) -> Self {
        let socket = UdpSocket::bind((HERE, 0)).unwrap();
        // An answer that never comes is missing in the count.
        socket.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
        let address = socket.local_addr().unwrap();
        Self { socket, address, rtp }
    }

    fn send(&self, channel: Channel, datagram: &[u8]) {
        let port = match channel {
            Channel::Rtp => self.rtp,
            Channel::Rtcp => self.rtp + 1,
        };
        let _ = self.socket.send_to(datagram, (HERE, port));
    }

    fn hears(&self, datagram: &[u8]) -> bool {
        let mut buffer = [0; 2 * LENGTH];
        let heard = self.socket.recv(&mut buffer);
        heard.is_ok_and(|length| buffer[..length] == *datagram)
    }
}

/// A leg's sockets on two free ports, and the first of them.
fn leg() -> (MediaSocket, u16) {
    let free = || UdpSocket::bind((HERE, 0)).and_then(|socket| socket.local_addr());
    let bound = |port| MediaSocket::bind(HERE, port).ok().map(|leg| (leg, port));
    (0..100)
        .find_map(|_| bound(free().unwrap().port()))
        .expect("two free ports, one above the other")
}

/// Some datagrams to the leg and an answer to each; how many came whole, and how many answers did.
fn round(leg: &mut MediaSocket, batch: &mut Batch, phone: &Phone, channel: Channel, n: u8) -> (usize, usize) {
    let (sent, answer) = ([n; LENGTH], [!n; LENGTH]);
    (0..AT_ONCE).for_each(|_| phone.send(channel, &sent));
    let mut whole = 0;
    let mut take = |received: Received<'_>| {
        whole += usize::from(received.from == phone.address && received.datagram == sent);
    };
    let mut come = 0;
    for _ in 0..LOOKS {
        come += leg.receive(channel, batch, AT_ONCE, &mut take);
        if come >= AT_ONCE {
            break;
        }
        thread::yield_now();
    }
    (0..come).for_each(|_| leg.send(channel, phone.address, &answer));
    let answered = (0..come).filter(|_| phone.hears(&answer)).count();
    (whole, answered)
}

#[test]
fn hundreds_of_datagrams_are_read_and_answered_without_the_heap() {
    let (mut leg, port) = leg();
    let (phone, mut batch) = (Phone::of(port), Batch::new());
    for channel in [Channel::Rtp, Channel::Rtcp] {
        let counts = assert_no_alloc(|| {
            (0..ROUNDS).fold((0, 0), |(whole, answered), n| {
                let more = round(&mut leg, &mut batch, &phone, channel, n);
                (whole + more.0, answered + more.1)
            })
        });
        let all = usize::from(ROUNDS) * AT_ONCE;
        assert_eq!(counts, (all, all));
    }
}

#[test]
fn what_the_system_refuses_to_send_is_counted_with_its_error_without_the_heap() {
    let (mut leg, port) = leg();
    let (phone, mut batch) = (Phone::of(port), Batch::new());
    // Longer than any datagram is, and to a port that there is not.
    let (long, nowhere) = (vec![0; 70_000], SocketAddr::new(HERE, 0));
    let mut unsent = |leg: &mut MediaSocket| {
        leg.receive(Channel::Rtp, &mut batch, AT_ONCE, &mut |_| {});
        MediaSocket::fallbacks(&batch).unsent
    };
    let counted = assert_no_alloc(|| {
        leg.send(Channel::Rtp, phone.address, &[1; LENGTH]);
        let none = unsent(&mut leg);
        leg.send(Channel::Rtcp, nowhere, &[2; LENGTH]);
        leg.send(Channel::Rtp, phone.address, &long);
        let two = unsent(&mut leg);
        leg.send(Channel::Rtp, phone.address, &[3; LENGTH]);
        [none, two, unsent(&mut leg)]
    });
    let two = Unsent {
        datagrams: 2,
        error: Some(libc::EMSGSIZE),
    };
    assert_eq!(counted, [Unsent::default(), two, two]);
    assert!(phone.hears(&[1; LENGTH]) && phone.hears(&[3; LENGTH]));
}
