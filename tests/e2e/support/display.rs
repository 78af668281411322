//! A phone's display: subscribes to the roster of a meeting (RFC 4575) by UDP or TCP, and takes what it is told.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::time::Duration;

use super::phone::{answer, header, status};
use super::until::until;

/// How long one look for a message takes.
const LOOK: Duration = Duration::from_millis(100);
/// A meeting's last words are heard before its end.
const LIMIT: Duration = Duration::from_secs(20);
/// Largest UDP payload.
const DATAGRAM_MAX: usize = 65_535;

/// By what it is connected.
enum Line {
    Udp(UdpSocket),
    /// With what has come of the next message.
    Tcp(TcpStream, Vec<u8>),
}

/// A display that subscribed, and answers every NOTIFY with 200.
pub(crate) struct Display {
    line: Line,
    /// CSeq of the last NOTIFY that was not sent again.
    sequence: u32,
    /// Version of the document that must come next.
    version: u32,
}

impl Display {
    /// Subscribes by UDP to the URI by which a phone knows the conference.
    pub(crate) fn by_udp(bridge: SocketAddr, focus: &str) -> Self {
        let socket = UdpSocket::bind("127.0.0.1:0").expect("a free port");
        Self::by_datagram(bridge, focus, socket, "")
    }

    /// The same, asking to be told by TCP; where it waits for that.
    pub(crate) fn by_udp_for_tcp(bridge: SocketAddr, focus: &str) -> (Self, TcpListener) {
        let ports = until("a port that is free for both", LIMIT, || {
            let listener = TcpListener::bind("127.0.0.1:0").ok()?;
            let socket = UdpSocket::bind(listener.local_addr().ok()?).ok()?;
            Some((socket, listener))
        });
        let (socket, listener) = ports;
        (
            Self::by_datagram(bridge, focus, socket, ";transport=tcp"),
            listener,
        )
    }

    fn by_datagram(bridge: SocketAddr, focus: &str, socket: UdpSocket, parameter: &str) -> Self {
        socket.connect(bridge).expect("loopback is reached");
        socket.set_read_timeout(Some(LOOK)).expect("a socket can be told");
        let me = socket.local_addr().expect("a bound socket has an address");
        let request = subscribe(focus, me, "UDP", parameter);
        Self::subscribed(Line::Udp(socket), &request)
    }

    /// Waits for the bridge to connect, and is told by that connection alone from then on.
    pub(crate) fn go_over_to(&mut self, listener: &TcpListener) {
        listener.set_nonblocking(true).expect("a socket can be told");
        let (stream, _) = until("the bridge connects", LIMIT, || listener.accept().ok());
        stream.set_nonblocking(false).expect("a socket can be told");
        stream.set_read_timeout(Some(LOOK)).expect("a socket can be told");
        self.line = Line::Tcp(stream, Vec::new());
    }

    /// The same by TCP.
    pub(crate) fn by_tcp(bridge: SocketAddr, focus: &str) -> Self {
        let stream = TcpStream::connect(bridge).expect("the bridge takes connections");
        stream.set_read_timeout(Some(LOOK)).expect("a socket can be told");
        let me = stream.local_addr().expect("a connection has an address");
        let request = subscribe(focus, me, "TCP", ";transport=tcp");
        Self::subscribed(Line::Tcp(stream, Vec::new()), &request)
    }

    fn subscribed(line: Line, request: &str) -> Self {
        let mut display = Self {
            line,
            sequence: 0,
            version: 0,
        };
        display.send(request);
        let accepted = until("an answer to SUBSCRIBE", LIMIT, || display.receive());
        assert_eq!(status(&accepted), 200, "{accepted}");
        assert_eq!(header(&accepted, "Expires"), "600");
        display
    }

    /// The first NOTIFY still to come that fits; no document is missing among those before.
    pub(crate) fn wait_for(&mut self, what: &str, fits: impl Fn(&str) -> bool) -> String {
        until(what, LIMIT, || self.notify().filter(|notify| fits(notify)))
    }

    /// The next NOTIFY, if one has come; those sent again are answered, too.
    fn notify(&mut self) -> Option<String> {
        let message = self.receive().filter(|message| message.starts_with("NOTIFY "))?;
        self.send(&answer(&message));
        let sequence = header(&message, "CSeq").trim_end_matches(" NOTIFY");
        let sequence: u32 = sequence.parse().expect("a number");
        if sequence <= self.sequence {
            return None;
        }
        self.sequence = sequence;
        if message.contains("<conference-info") {
            let version = format!(" version=\"{}\">", self.version);
            assert!(message.contains(&version), "{version} in {message}");
            self.version += 1;
        }
        Some(message)
    }

    fn send(&mut self, message: &str) {
        let sent = match &mut self.line {
            Line::Udp(socket) => socket.send(message.as_bytes()).map(drop),
            Line::Tcp(stream, _) => stream.write_all(message.as_bytes()),
        };
        sent.expect("loopback takes it");
    }

    /// The next message, if one is there.
    fn receive(&mut self) -> Option<String> {
        match &mut self.line {
            Line::Udp(socket) => {
                let mut buffer = vec![0; DATAGRAM_MAX];
                let count = socket.recv(&mut buffer).ok()?;
                Some(String::from_utf8_lossy(&buffer[..count]).into_owned())
            }
            Line::Tcp(stream, rest) => framed(rest).or_else(|| {
                let mut buffer = [0; 4096];
                let count = stream.read(&mut buffer).ok()?;
                rest.extend_from_slice(&buffer[..count]);
                framed(rest)
            }),
        }
    }
}

/// Takes one whole message off a stream (RFC 3261, section 18.3).
fn framed(stream: &mut Vec<u8>) -> Option<String> {
    let text = String::from_utf8_lossy(stream).into_owned();
    let (head, _) = text.split_once("\r\n\r\n")?;
    let body: usize = header(head, "Content-Length").parse().expect("a length");
    let len = head.len() + 4 + body;
    (stream.len() >= len).then(|| {
        let message: Vec<u8> = stream.drain(..len).collect();
        String::from_utf8(message).expect("messages are UTF-8")
    })
}

fn subscribe(focus: &str, me: SocketAddr, transport: &str, parameter: &str) -> String {
    format!(
        "SUBSCRIBE {focus} SIP/2.0\r\n\
         Via: SIP/2.0/{transport} {me};branch=z9hG4bKdisplay{port};rport\r\n\
         Max-Forwards: 70\r\n\
         From: <sip:display@{me}>;tag=display{port}\r\n\
         To: <{focus}>\r\n\
         Call-ID: display@{me}\r\n\
         CSeq: 1 SUBSCRIBE\r\n\
         Contact: <sip:display@{me}{parameter}>\r\n\
         Event: conference\r\n\
         Accept: application/conference-info+xml\r\n\
         Expires: 600\r\n\
         Content-Length: 0\r\n\r\n",
        port = me.port(),
    )
}
