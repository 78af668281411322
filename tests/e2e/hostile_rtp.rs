//! Strangers and broken packets at the audio ports of a live call.

mod attacks;

use std::net::{SocketAddr, UdpSocket};
use std::thread;
use std::time::{Duration, Instant};

use attacks::{ALL, Attack, From, NOTE, Target};

use crate::support::bridge::Bridge;
use crate::support::phone::{FRAME, Phone, TICK, audio, encoded, power_of, receive_until, tone};
use crate::support::until::share;

const NUMBER: &str = "15162065319";
/// What the caller says, Hz.
const OWN_NOTE: f32 = 400.0;
/// The caller is heard above this, a stranger's note is not heard above the next, dBFS.
const HEARD: f32 = -30.0;
const NOT_HEARD: f32 = -50.0;
/// Length of an attack.
const TICKS: usize = 12;
/// Packets that a busy machine may let slip over the end of an attack.
const SLACK: usize = 4;

/// A call under attack, another that listens, and the strangers.
struct Scene {
    caller: Phone,
    listener: Phone,
    stranger: UdpSocket,
    foreigner: UdpSocket,
    tick: usize,
}

impl Scene {
    fn new(bridge: &Bridge) -> Self {
        let (mut caller, mut listener) = (
            Phone::call(bridge.sip(), NUMBER),
            Phone::call(bridge.sip(), NUMBER),
        );
        caller.enter("111#");
        listener.enter("222#");
        Self {
            caller,
            listener,
            stranger: silent_socket("127.0.0.1:0"),
            foreigner: silent_socket("127.0.0.2:0"),
            tick: 0,
        }
    }

    fn target(&self) -> Target {
        Target {
            ssrc: self.caller.ssrc,
            sequence: self.caller.sequence,
            timestamp: self.caller.timestamp,
        }
    }

    fn throw(&mut self, attack: &Attack, tick: usize) {
        let bytes = (attack.packet)(&self.target(), tick);
        let mut to = self.caller.far;
        to.set_port(to.port() + attack.port as u16);
        let from = match attack.from {
            From::Stranger => &self.stranger,
            From::Foreigner => &self.foreigner,
            From::Caller => &self.caller.rtp,
        };
        let _ = from.send_to(&bytes, to);
    }

    /// Everybody goes on for a while, under attack if there is one; what the listener hears, and how many packets the caller got.
    fn go_on(&mut self, attack: Option<&Attack>, ticks: usize) -> (Vec<i16>, usize) {
        let begin = Instant::now();
        let (mut heard, mut got) = (Vec::new(), 0);
        for tick in 0..ticks {
            self.caller.speak(&tone(OWN_NOTE, self.tick));
            self.listener.speak(&encoded(&[0; FRAME]));
            self.tick += 1;
            if let Some(attack) = attack {
                self.throw(attack, tick);
            }
            let due = begin + TICK * (tick as u32 + 1);
            while let Some((_, datagram)) = receive_until(&self.listener.rtp, due) {
                heard.extend(audio(&datagram));
            }
            got += waiting(&self.caller.rtp);
        }
        (heard, got)
    }

    fn judge(&mut self, attack: &Attack) -> Result<(), String> {
        let (heard, got) = self.go_on(Some(attack), TICKS);
        let (own, strange) = (power_of(OWN_NOTE, &heard), power_of(NOTE, &heard));
        let stolen = waiting(&self.stranger) + waiting(&self.foreigner);
        let faults = [
            (stolen > 0, format!("{stolen} packets went to a stranger")),
            (
                strange > NOT_HEARD,
                format!("the stranger is heard with {strange} dBFS"),
            ),
            (own < HEARD, format!("the caller is heard with {own} dBFS")),
            (
                got + SLACK < TICKS,
                format!("the caller got {got} packets of {TICKS}"),
            ),
        ];
        let fault = faults.into_iter().find(|(happened, _)| *happened);
        fault.map_or(Ok(()), |(_, fault)| Err(format!("{}: {fault}", attack.name)))
    }
}

fn silent_socket(address: &str) -> UdpSocket {
    UdpSocket::bind(address).expect("all of 127.0.0.0/8 is ours")
}

/// Datagrams that wait in a socket; takes them out.
fn waiting(socket: &UdpSocket) -> usize {
    socket.set_nonblocking(true).expect("a socket can be told");
    let count = std::iter::from_fn(|| socket.recv(&mut [0; 2048]).ok()).count();
    socket.set_nonblocking(false).expect("a socket can be told");
    count
}

#[test]
fn strangers_get_nothing_out_of_a_call_and_put_nothing_into_it() {
    let _turn = share();
    assert!(ALL.len() >= 30);
    let bridge = Bridge::start();
    let mut scene = Scene::new(&bridge);
    let is_in = |call: &serde_json::Value| call["state"] == 2;
    bridge.rest().wait_for("/meetings", "both are in", |meeting| {
        meeting["participantCount"] == 2
    });
    // The entry tones and prompts pass.
    scene.go_on(None, 150);
    let before = bridge.memory();
    let mut faults: Vec<_> = ALL
        .iter()
        .filter_map(|attack| scene.judge(attack).err())
        .collect();
    // What the last ones left in buffers would sound here.
    faults.extend(scene.judge(&attacks::NONE).err());
    assert!(
        faults.is_empty(),
        "{} of {} faults:\n{}",
        faults.len(),
        ALL.len(),
        faults.join("\n")
    );
    assert_eq!(
        bridge
            .rest()
            .list("/calls")
            .iter()
            .filter(|call| is_in(call))
            .count(),
        2
    );
    let growth = bridge.memory().saturating_sub(before);
    assert!(growth < 16, "grown by {growth} MiB");
}

#[test]
fn a_stranger_from_another_host_who_speaks_first_gets_no_packet() {
    let _turn = share();
    let bridge = Bridge::start();
    let mut phone = Phone::call(bridge.sip(), NUMBER);
    let foreigner = silent_socket("127.0.0.2:0");
    let target = Target {
        ssrc: 7,
        sequence: 0,
        timestamp: 0,
    };
    for tick in 0..25 {
        let packet = attacks::in_sequence(&target, tick);
        foreigner.send_to(&packet, phone.far).expect("loopback takes it");
        thread::sleep(TICK);
    }
    assert_eq!(waiting(&foreigner), 0);
    assert!(waiting(&phone.rtp) > 20, "the caller is not sent to");
    phone.enter("111#");
    bridge
        .rest()
        .wait_for("/calls", "the call is in the meeting", |call| call["state"] == 2);
    assert_eq!(waiting(&foreigner), 0);
}

#[test]
fn a_third_party_named_in_sdp_is_sent_to_for_five_seconds_at_most() {
    let _turn = share();
    let bridge = Bridge::start();
    let victim = silent_socket("127.0.0.1:0");
    let address = victim.local_addr().expect("a bound socket has an address");
    let _call =
        Phone::call_with(bridge.sip(), NUMBER, silent_socket("127.0.0.1:0"), address).expect("a call");
    let begin = Instant::now();
    let mut last = Duration::ZERO;
    let mut count = 0;
    while receive_until(&victim, begin + Duration::from_secs(7)).is_some() {
        (last, count) = (begin.elapsed(), count + 1);
    }
    assert!(count > 0, "nothing is sent at all: this proves nothing");
    assert!(
        last < Duration::from_millis(5_500),
        "the last of {count} packets came after {last:?}"
    );
}

#[test]
fn media_to_ports_of_services_to_everybody_or_to_ourselves_is_refused() {
    let _turn = share();
    let bridge = Bridge::start();
    let sip = bridge.sip().port();
    let places = [
        "127.0.0.1:53",
        "127.0.0.1:1023",
        "224.0.0.1:4000",
        "239.1.2.3:4000",
        "255.255.255.255:4000",
    ];
    let mut places: Vec<SocketAddr> = places
        .iter()
        .map(|place| place.parse().expect("an address"))
        .collect();
    places.push(([127, 0, 0, 1], sip).into());
    let live = Phone::call(bridge.sip(), NUMBER);
    places.extend([live.far, SocketAddr::new(live.far.ip(), live.far.port() + 1)]);
    for place in places {
        let call = Phone::call_with(bridge.sip(), NUMBER, silent_socket("127.0.0.1:0"), place);
        let refused = call
            .err()
            .unwrap_or_else(|| panic!("media to {place} is agreed to"));
        assert!((400..500).contains(&refused.0), "{place}: {refused:?}");
    }
    assert_eq!(bridge.rest().list("/calls").len(), 1);
}
