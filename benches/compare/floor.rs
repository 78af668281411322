//! The floor: what the kernel alone takes for the packets of so many legs. A thread on the server's core wakes every 20 ms,
//! and for each leg, on a socket of the leg's own, receives a packet and sends one; nothing is decoded, mixed or waited for.

use std::io;
use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use benches::{Phone, Speeches, cpu_time, pin_to};
use media::Codec;

use crate::cpu::{self, Used};
use crate::options::SERVER_CORE;
use crate::phones::Phones;
use crate::results::Sample;
use crate::scenario::Coding;

/// From tick to tick.
const TICK: Duration = Duration::from_millis(20);
/// Before it is measured.
const WARM_UP: Duration = Duration::from_secs(1);

struct Leg {
    socket: UdpSocket,
    phone: SocketAddr,
    packet: Phone,
}

/// Measures so many legs with packets of PCMU for `judged`.
///
/// # Errors
/// Of the system: too few sockets or threads.
pub(crate) fn measure(legs: usize, judged: Duration) -> Result<Sample, String> {
    let mut phones = Phones::new(Coding::Pcmu)?;
    let mut speeches = Speeches::default();
    let legs = (0..legs)
        .map(|number| leg(number, &mut phones, &mut speeches))
        .collect::<Result<Vec<_>, _>>()?;
    let (stop, used) = (AtomicBool::new(false), AtomicU64::new(0));
    let found = thread::scope(|scope| {
        scope.spawn(|| serve(legs, &stop, &used));
        // The server is part of this process.
        let read = || {
            let others = cpu::of_machine()?.saturating_sub(cpu::of_process(std::process::id())?);
            let server = Duration::from_nanos(used.load(Ordering::Relaxed));
            Ok(Used {
                server,
                callers: cpu_time(),
                others,
            })
        };
        let found = phones.run(WARM_UP, judged, read);
        stop.store(true, Ordering::Relaxed);
        found
    });
    found.map_err(|error| format!("the floor: {error}"))
}

fn leg(number: usize, phones: &mut Phones, speeches: &mut Speeches) -> Result<Leg, String> {
    let phone = phones.add()?;
    let open = || -> io::Result<_> {
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?;
        socket.set_nonblocking(true)?;
        let here = socket.local_addr()?;
        Ok((socket, here))
    };
    let (socket, here) = open().map_err(|error| format!("the floor's socket: {error}"))?;
    phones.connect(here);
    Ok(Leg {
        socket,
        phone,
        packet: Phone::new(number, Codec::Pcmu, false, speeches),
    })
}

/// Ticks until told to stop; `used` is what this thread has used of its core, ns.
fn serve(mut legs: Vec<Leg>, stop: &AtomicBool, used: &AtomicU64) {
    pin_to(SERVER_CORE);
    let mut due = Instant::now();
    let mut buffer = [0; 1_500];
    while !stop.load(Ordering::Relaxed) {
        thread::sleep(due.saturating_duration_since(Instant::now()));
        due += TICK;
        for leg in &mut legs {
            // Before the first packet there is none, and what a full socket does not take is missing.
            let _ = leg.socket.recv(&mut buffer);
            let _ = leg.socket.send_to(leg.packet.next_packet(), leg.phone);
        }
        used.store(cpu_time().as_nanos() as u64, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_small_floor_costs_something_and_sends_packets_back() {
        let sample = measure(4, Duration::from_secs(1)).unwrap();
        assert!(sample.cpu_ms > 0.0, "{sample:?}");
        assert_eq!((sample.legs_in, sample.due), (4, 200));
        assert!(sample.missing < sample.due, "{sample:?}");
    }
}
