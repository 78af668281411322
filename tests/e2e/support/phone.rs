//! A small phone of our own for what softphones cannot do: many at once, exact packets, wrong ones.

use std::net::{SocketAddr, UdpSocket};
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread::sleep;
use std::time::{Duration, Instant};

use media::codec::g711;

use super::until::until;

/// Samples, and bytes of PCMU, in a packet of 20 ms.
pub(crate) const FRAME: usize = 160;
/// One packet's time.
pub(crate) const TICK: Duration = Duration::from_millis(20);
/// A request is sent again after this (RFC 3261, 17.1.1.1).
const T1: Duration = Duration::from_millis(500);
const LIMIT: Duration = Duration::from_secs(10);
/// Dynamic payload type of our telephone-events.
const EVENT: u8 = 101;
/// Packets while a key is down, and at its end (RFC 4733, 2.5.1).
const KEY_DOWN: u16 = 5;
const KEY_UP: usize = 3;

/// Louder than this, of 32767, is no noise of the line.
const AUDIBLE: i16 = 500;

static CALLS: AtomicU32 = AtomicU32::new(0);

/// One call by a phone on 127.0.0.1. It hangs up when dropped.
pub(crate) struct Phone {
    sip: UdpSocket,
    bridge: SocketAddr,
    /// The socket its SDP names, unless the test named another.
    pub(crate) rtp: UdpSocket,
    /// Where the bridge takes its RTP.
    pub(crate) far: SocketAddr,
    /// Next packet.
    pub(crate) sequence: u16,
    /// Its timestamp, samples.
    pub(crate) timestamp: u32,
    /// Source of its stream.
    pub(crate) ssrc: u32,
    id: u32,
    /// Whom it says that it is: a name or a number.
    user: String,
    number: String,
    to: String,
    /// The URI of the bridge's Contact, by which a display asks about the conference.
    pub(crate) focus: String,
    over: bool,
}

/// What a call was answered with where it was refused.
#[derive(Debug)]
pub(crate) struct Refused(pub(crate) u16);

impl Phone {
    /// Calls a number; its SDP names its own socket.
    pub(crate) fn call(bridge: SocketAddr, number: &str) -> Self {
        let rtp = UdpSocket::bind("127.0.0.1:0").expect("a free port");
        let address = rtp.local_addr().expect("a bound socket has an address");
        Self::call_with(bridge, number, rtp, address).expect("the call is answered")
    }

    /// Calls a number from the number `caller`; its SDP names its own socket.
    pub(crate) fn call_as(caller: &str, bridge: SocketAddr, number: &str) -> Result<Self, Refused> {
        let rtp = UdpSocket::bind("127.0.0.1:0").expect("a free port");
        let media = rtp.local_addr().expect("a bound socket has an address");
        let mut phone = Self::new(bridge, number, rtp);
        caller.clone_into(&mut phone.user);
        phone.invite(media)?;
        Ok(phone)
    }

    /// Calls a number; its SDP names `media`.
    pub(crate) fn call_with(
        bridge: SocketAddr,
        number: &str,
        rtp: UdpSocket,
        media: SocketAddr,
    ) -> Result<Self, Refused> {
        let mut phone = Self::new(bridge, number, rtp);
        phone.invite(media)?;
        Ok(phone)
    }

    fn new(bridge: SocketAddr, number: &str, rtp: UdpSocket) -> Self {
        let sip = UdpSocket::bind("127.0.0.1:0").expect("a free port");
        sip.set_read_timeout(Some(T1)).expect("a socket can be told");
        let id = CALLS.fetch_add(1, Ordering::Relaxed);
        Self {
            sip,
            bridge,
            rtp,
            far: bridge,
            sequence: 65_000,
            timestamp: u32::MAX - 50_000,
            ssrc: 0x5eed_0000 + id,
            id,
            user: format!("phone{id}"),
            number: number.to_owned(),
            to: format!("<sip:{number}@{bridge}>"),
            focus: String::new(),
            over: false,
        }
    }

    fn invite(&mut self, media: SocketAddr) -> Result<(), Refused> {
        let sdp = offer(media);
        let invite = self.request("INVITE", 1, &sdp);
        let answer = self.ask(&invite, "INVITE");
        self.to = header(&answer, "To").to_owned();
        self.send(&self.request("ACK", 1, ""));
        let status = status(&answer);
        if status != 200 {
            self.over = true;
            return Err(Refused(status));
        }
        self.far = media_address(&answer);
        let contact = header(&answer, "Contact");
        let focus = contact
            .strip_prefix('<')
            .and_then(|contact| contact.strip_suffix(">;isfocus"));
        focus.expect("the bridge is a focus").clone_into(&mut self.focus);
        Ok(())
    }

    fn request(&self, method: &str, cseq: u32, body: &str) -> String {
        let me = self.sip.local_addr().expect("a bound socket has an address");
        let (id, user, number, bridge, to) = (self.id, &self.user, &self.number, self.bridge, &self.to);
        let kind = if body.is_empty() {
            ""
        } else {
            "Content-Type: application/sdp\r\n"
        };
        format!(
            "{method} sip:{number}@{bridge} SIP/2.0\r\n\
             Via: SIP/2.0/UDP {me};branch=z9hG4bK{id}{method}{cseq};rport\r\n\
             Max-Forwards: 70\r\n\
             From: <sip:{user}@{me}>;tag=from{id}\r\n\
             To: {to}\r\n\
             Call-ID: {id}@{me}\r\n\
             CSeq: {cseq} {method}\r\n\
             Contact: <sip:phone{id}@{me}>\r\n\
             {kind}Content-Length: {}\r\n\r\n{body}",
            body.len()
        )
    }

    fn send(&self, message: &str) {
        let sent = self.sip.send_to(message.as_bytes(), self.bridge);
        sent.expect("loopback takes it");
    }

    /// Sends a request until its final answer comes.
    fn ask(&mut self, request: &str, method: &str) -> String {
        let wanted = format!(" {method}");
        let mut sent_at: Option<Instant> = None;
        until("an answer", LIMIT, || {
            if sent_at.is_none_or(|at| at.elapsed() >= T1) {
                self.send(request);
                sent_at = Some(Instant::now());
            }
            let message = self.receive()?;
            let final_answer = message.starts_with("SIP/2.0 ") && status(&message) >= 200;
            (final_answer && header(&message, "CSeq").ends_with(&wanted)).then_some(message)
        })
    }

    /// Answers what has come by SIP in the meantime.
    fn attend(&mut self) {
        self.sip.set_nonblocking(true).expect("a socket can be told");
        while self.receive().is_some() {}
        self.sip.set_nonblocking(false).expect("a socket can be told");
    }

    /// Listens to the greeting's first sounds, then keys.
    pub(crate) fn enter(&mut self, keys: &str) {
        self.wait_for_greeting();
        self.press(keys);
    }

    /// Listens to the greeting's first sounds: whoever keys before the bridge has seen the ACK is not heard.
    pub(crate) fn wait_for_greeting(&mut self) {
        let mut ticks = 0;
        until("the greeting", LIMIT, || {
            self.attend();
            if ticks % 5 == 0 {
                self.speak(&encoded(&[0; FRAME]));
            }
            ticks += 1;
            let (_, datagram) = receive_until(&self.rtp, Instant::now() + TICK)?;
            audio(&datagram)
                .iter()
                .any(|sample| sample.abs() > AUDIBLE)
                .then_some(())
        });
    }

    /// The next message; requests are answered with 200, a 200 that comes again with another ACK.
    fn receive(&mut self) -> Option<String> {
        let mut buffer = [0; 8192];
        let count = self.sip.recv(&mut buffer).ok()?;
        let message = String::from_utf8_lossy(&buffer[..count]).into_owned();
        if !message.starts_with("SIP/2.0 ") {
            self.over |= message.starts_with("BYE ");
            self.send(&answer(&message));
        } else if self.far != self.bridge && header(&message, "CSeq").ends_with(" INVITE") {
            self.send(&self.request("ACK", 1, ""));
        }
        Some(message)
    }

    /// Waits until the bridge has hung up.
    pub(crate) fn wait_for_bye(&mut self) {
        until("the bridge hangs up", LIMIT, || {
            self.receive();
            self.over.then_some(())
        });
    }

    /// Sends 20 ms of audio, once.
    pub(crate) fn speak(&mut self, payload: &[u8]) {
        let packet = packet(0, self.sequence, self.timestamp, self.ssrc, payload);
        let _ = self.rtp.send_to(&packet, self.far);
        self.sequence = self.sequence.wrapping_add(1);
        self.timestamp = self.timestamp.wrapping_add(FRAME as u32);
    }

    /// Presses keys as telephone-events, with a pause after each; takes a sixth of a second a key.
    pub(crate) fn press(&mut self, keys: &str) {
        for key in keys.chars() {
            let event = "0123456789*#".find(key).expect("a key of a phone") as u8;
            let begin = self.timestamp;
            for n in 1..=KEY_DOWN {
                self.key(event, begin, n, false);
                sleep(TICK);
            }
            for _ in 0..KEY_UP {
                self.key(event, begin, KEY_DOWN, true);
            }
            sleep(TICK * 3);
            self.timestamp = begin.wrapping_add(FRAME as u32 * 8);
        }
    }

    fn key(&mut self, event: u8, begin: u32, ticks: u16, end: bool) {
        let duration = (ticks * FRAME as u16).to_be_bytes();
        let flags = if end { 0x8a } else { 0x0a };
        let payload = [event, flags, duration[0], duration[1]];
        let packet = packet(EVENT, self.sequence, begin, self.ssrc, &payload);
        let _ = self.rtp.send_to(&packet, self.far);
        self.sequence = self.sequence.wrapping_add(1);
    }

    /// Hangs up, and waits until that is answered.
    pub(crate) fn hang_up(&mut self) {
        if !std::mem::replace(&mut self.over, true) {
            let bye = self.request("BYE", 2, "");
            self.ask(&bye, "BYE");
        }
    }
}

impl Drop for Phone {
    fn drop(&mut self) {
        if !self.over {
            self.send(&self.request("BYE", 2, ""));
        }
    }
}

/// An RTP packet (RFC 3550, 5.1).
pub(crate) fn packet(payload_type: u8, sequence: u16, timestamp: u32, ssrc: u32, payload: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0x80, payload_type];
    bytes.extend(sequence.to_be_bytes());
    bytes.extend(timestamp.to_be_bytes());
    bytes.extend(ssrc.to_be_bytes());
    bytes.extend(payload);
    bytes
}

/// The next datagram before `due`, and who sent it.
pub(crate) fn receive_until(socket: &UdpSocket, due: Instant) -> Option<(SocketAddr, Vec<u8>)> {
    let mut buffer = [0; 2048];
    loop {
        let wait = due.checked_duration_since(Instant::now())?;
        socket
            .set_read_timeout(Some(wait.max(Duration::from_micros(100))))
            .expect("a socket can be told");
        if let Ok((count, from)) = socket.recv_from(&mut buffer) {
            return Some((from, buffer[..count].to_vec()));
        }
    }
}

/// The samples of a PCMU packet; none for anything else.
pub(crate) fn audio(datagram: &[u8]) -> Vec<i16> {
    let mut samples = [0; FRAME];
    match datagram {
        [0x80, payload_type, rest @ ..] if payload_type & 0x7f == 0 && rest.len() == 10 + FRAME => {
            media::codec::g711::decode(&media::codec::g711::ULAW, &rest[10..], &mut samples);
            samples.to_vec()
        }
        _ => Vec::new(),
    }
}

/// 20 ms of PCMU.
pub(crate) fn encoded(samples: &[i16]) -> Vec<u8> {
    let mut payload = vec![0xff; FRAME];
    g711::encode_ulaw(samples, &mut payload);
    payload
}

/// 20 ms of a steady tone, the frame of this number.
pub(crate) fn tone(hertz: f32, tick: usize) -> Vec<u8> {
    let samples: Vec<i16> = (tick * FRAME..(tick + 1) * FRAME)
        .map(|n| (n as f64 * f64::from(hertz) * std::f64::consts::TAU / 8000.0).sin() * 8000.0)
        .map(|sample| sample as i16)
        .collect();
    encoded(&samples)
}

/// Power of one frequency in `samples` against full scale, dB (Goertzel's filter).
pub(crate) fn power_of(hertz: f32, samples: &[i16]) -> f32 {
    let step = hertz * std::f32::consts::TAU / 8000.0;
    let (re, im) = samples
        .iter()
        .enumerate()
        .fold((0.0, 0.0), |(re, im), (n, sample)| {
            let (value, angle) = (f64::from(*sample), f64::from(step) * n as f64);
            (re + value * angle.cos(), im + value * angle.sin())
        });
    let amplitude = 2.0 * re.hypot(im) / samples.len().max(1) as f64 / 32768.0;
    20.0 * (amplitude.max(1e-9) as f32).log10()
}

fn offer(media: SocketAddr) -> String {
    let (ip, port) = (media.ip(), media.port());
    format!(
        "v=0\r\no=- 1 1 IN IP4 {ip}\r\ns=-\r\nc=IN IP4 {ip}\r\nt=0 0\r\nm=audio {port} RTP/AVP 0 13 {EVENT}\r\n\
         a=rtpmap:{EVENT} telephone-event/8000\r\na=fmtp:{EVENT} 0-15\r\na=ptime:20\r\n"
    )
}

/// Our 200 to a request.
pub(crate) fn answer(request: &str) -> String {
    let kept = ["Via", "From", "To", "Call-ID", "CSeq"];
    let lines = request
        .lines()
        .filter(|line| kept.iter().any(|name| line.starts_with(&format!("{name}:"))));
    let lines: String = lines.map(|line| format!("{line}\r\n")).collect();
    format!("SIP/2.0 200 OK\r\n{lines}Content-Length: 0\r\n\r\n")
}

/// The status of an answer.
pub(crate) fn status(answer: &str) -> u16 {
    let number = answer.split(' ').nth(1);
    number.and_then(|number| number.parse().ok()).unwrap_or(0)
}

/// The value of a message's first header of this name.
pub(crate) fn header<'a>(message: &'a str, name: &str) -> &'a str {
    let value = message
        .lines()
        .find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
    value.unwrap_or_default().trim()
}

fn media_address(answer: &str) -> SocketAddr {
    let after = |label: &str| {
        answer
            .lines()
            .find_map(|line| line.strip_prefix(label))
            .unwrap_or_default()
    };
    let port = after("m=audio ").split(' ').next().unwrap_or_default();
    let address = format!("{}:{port}", after("c=IN IP4 "));
    address.parse().unwrap_or_else(|_| panic!("no media in {answer}"))
}
