//! A scripted peer: texts in, texts out, time by hand.

use std::time::{Duration, Instant};

use sip::{CallId, Command, Door, Endpoint, EndpointConfig, Event, Flow, Input, Output, Transport};

/// An SDP as far as this crate looks at it.
pub(crate) const SDP: &str = "v=0\r\n";

/// The peer's socket and ours.
pub(crate) const UDP: Flow = Flow {
    transport: Transport::Udp,
    local: addr([192, 0, 2, 1], 5060),
    remote: addr([192, 0, 2, 9], 5060),
    connection: None,
};

/// A connection of the peer's.
pub(crate) const TCP: Flow = Flow {
    transport: Transport::Tcp,
    connection: Some(7),
    remote: addr([192, 0, 2, 9], 40_000),
    ..UDP
};

pub(crate) const fn addr(ip: [u8; 4], port: u16) -> std::net::SocketAddr {
    let [a, b, c, d] = ip;
    std::net::SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::new(a, b, c, d)), port)
}

/// The endpoint with its peer.
pub(crate) struct Peer {
    pub(crate) endpoint: Endpoint,
    pub(crate) now: Instant,
    pub(crate) flow: Flow,
    pub(crate) door: Door,
    epoch: Instant,
    events: Vec<Event>,
    branches: u32,
    /// Ours, once the endpoint told it.
    pub(crate) tag: Option<String>,
    /// The URI of our Contact, once the endpoint told it.
    pub(crate) contact: Option<String>,
    /// Where the last message went.
    pub(crate) last_flow: Option<Flow>,
}

impl Peer {
    pub(crate) fn new() -> Self {
        Self::with(EndpointConfig::default())
    }

    pub(crate) fn with(config: EndpointConfig) -> Self {
        #[expect(
            clippy::disallowed_methods,
            reason = "an arbitrary epoch; only offsets from it matter"
        )]
        let epoch = Instant::now();
        Self {
            endpoint: Endpoint::new(config, [7; 32]),
            now: epoch,
            epoch,
            flow: UDP,
            door: Door::Open,
            events: Vec::new(),
            branches: 0,
            tag: None,
            contact: None,
            last_flow: None,
        }
    }

    /// Over TCP.
    pub(crate) fn over_tcp() -> Self {
        Self {
            flow: TCP,
            ..Self::new()
        }
    }

    /// Sends a text; what came back.
    pub(crate) fn send(&mut self, text: &str) -> Vec<String> {
        self.send_bytes(text.as_bytes())
    }

    pub(crate) fn send_bytes(&mut self, bytes: &[u8]) -> Vec<String> {
        let message = Input::Message {
            flow: self.flow,
            bytes,
            door: self.door,
        };
        self.endpoint.handle_input(self.now, message);
        self.drain()
    }

    pub(crate) fn command(&mut self, command: Command) -> Vec<String> {
        self.endpoint.handle_input(self.now, Input::Command(command));
        self.drain()
    }

    pub(crate) fn lose(&mut self, connection: u64) -> Vec<String> {
        self.endpoint
            .handle_input(self.now, Input::FlowLost { connection });
        self.drain()
    }

    /// Lets `ms` pass; what came, with its time since the start.
    pub(crate) fn pass(&mut self, ms: u64) -> Vec<(u64, String)> {
        let end = self.now + Duration::from_millis(ms);
        let mut seen = Vec::new();
        while let Some(at) = self.endpoint.poll_timeout().filter(|at| *at <= end) {
            assert!(at >= self.now, "a deadline in the past");
            self.now = at;
            self.endpoint.handle_timeout(at);
            let elapsed = (at - self.epoch).as_millis() as u64;
            seen.extend(self.drain().into_iter().map(|text| (elapsed, text)));
        }
        self.now = end;
        seen
    }

    /// What happened since last asked.
    pub(crate) fn events(&mut self) -> Vec<Event> {
        std::mem::take(&mut self.events)
    }

    pub(crate) fn drain(&mut self) -> Vec<String> {
        let mut texts = Vec::new();
        while let Some(output) = self.endpoint.poll_output() {
            match output {
                Output::Send { flow, bytes } => {
                    self.last_flow = Some(flow);
                    let text = String::from_utf8_lossy(&bytes).into_owned();
                    self.tag = to_tag(&text).or(self.tag.take());
                    self.contact = contact(&text).or(self.contact.take());
                    texts.push(text);
                }
                Output::Event(event) => self.events.push(event),
            }
        }
        texts
    }

    /// A request outside of a dialog, with a branch of its own.
    pub(crate) fn stranger(&mut self, method: &str, seq: u32, extra: &str, body: &str) -> String {
        self.build(method, seq, "", extra, body)
    }

    /// A request inside the dialog.
    pub(crate) fn inside(&mut self, method: &str, seq: u32, extra: &str, body: &str) -> String {
        let tag = format!(";tag={}", self.tag.clone().expect("a dialog"));
        self.build(method, seq, &tag, extra, body)
    }

    fn build(&mut self, method: &str, seq: u32, tag: &str, extra: &str, body: &str) -> String {
        self.branches += 1;
        let (transport, branch) = (self.flow.transport.via_name(), self.branches);
        let contact = match extra.contains("Contact:") {
            true => "",
            false => "Contact: <sip:alice@192.0.2.9>\r\n",
        };
        let kind = match body.is_empty() || extra.contains("Content-Type") {
            true => "",
            false => "Content-Type: application/sdp\r\n",
        };
        format!(
            "{method} sip:5551234@192.0.2.1 SIP/2.0\r\n\
             Via: SIP/2.0/{transport} 192.0.2.9;branch=z9hG4bK{branch}\r\n\
             From: \"Alice\" <sip:alice@example.com>;tag=a1\r\n\
             To: <sip:5551234@192.0.2.1>{tag}\r\n\
             Call-ID: c1@example.com\r\n\
             CSeq: {seq} {method}\r\n\
             Max-Forwards: 70\r\n\
             {contact}{kind}{extra}Content-Length: {}\r\n\r\n{body}",
            body.len()
        )
    }

    /// An INVITE with an offer, up to its event.
    pub(crate) fn invite(&mut self, extra: &str) -> (CallId, String) {
        let invite = self.stranger("INVITE", 1, extra, SDP);
        self.send(&invite);
        (self.incoming(), invite)
    }

    pub(crate) fn incoming(&mut self) -> CallId {
        match self.events().as_slice() {
            [Event::Incoming(incoming)] => incoming.call,
            other => panic!("no call: {other:?}"),
        }
    }

    /// A call that is up.
    pub(crate) fn call(&mut self, extra: &str) -> CallId {
        let (call, _) = self.invite(extra);
        self.answer(call);
        let ack = self.inside("ACK", 1, "", "");
        assert!(self.send(&ack).is_empty());
        assert_eq!(self.events(), [Event::Confirmed { call, sdp: None }]);
        call
    }

    pub(crate) fn answer(&mut self, call: CallId) -> String {
        let sent = self.command(Command::Answer {
            call,
            sdp: b"our".to_vec(),
        });
        only(sent)
    }
}

/// The one message there is.
pub(crate) fn only(mut texts: Vec<String>) -> String {
    assert_eq!(texts.len(), 1, "{texts:#?}");
    texts.remove(0)
}

/// Statuses (or methods) of messages.
pub(crate) fn kinds(texts: &[String]) -> Vec<String> {
    texts.iter().map(|text| kind(text)).collect()
}

/// Status or method.
pub(crate) fn kind(text: &str) -> String {
    let mut words = text.split(' ');
    let first = words.next().unwrap();
    match first {
        "SIP/2.0" => words.next().unwrap().to_owned(),
        method => method.to_owned(),
    }
}

/// Times and kinds of messages.
pub(crate) fn timeline(seen: &[(u64, String)]) -> Vec<(u64, String)> {
    seen.iter().map(|(at, text)| (*at, kind(text))).collect()
}

pub(crate) fn times(seen: &[(u64, String)], wanted: &str) -> Vec<u64> {
    timeline(seen)
        .into_iter()
        .filter(|(_, kind)| kind == wanted)
        .map(|(at, _)| at)
        .collect()
}

/// All values of a header.
pub(crate) fn values<'a>(text: &'a str, name: &str) -> Vec<&'a str> {
    let head = text.split("\r\n\r\n").next().unwrap();
    head.split("\r\n")
        .skip(1)
        .filter_map(|line| line.split_once(": "))
        .filter(|(found, _)| found.eq_ignore_ascii_case(name))
        .map(|(_, value)| value)
        .collect()
}

/// The one value of a header.
pub(crate) fn value<'a>(text: &'a str, name: &str) -> &'a str {
    match values(text, name).as_slice() {
        [value] => value,
        other => panic!("{name}: {other:?} in {text}"),
    }
}

pub(crate) fn body(text: &str) -> &str {
    text.split_once("\r\n\r\n").unwrap().1
}

fn to_tag(text: &str) -> Option<String> {
    if !text.starts_with("SIP/2.0 ") {
        return None;
    }
    let to = values(text, "To").first().copied()?.to_owned();
    to.split(";tag=").nth(1).map(str::to_owned)
}

fn contact(text: &str) -> Option<String> {
    let told = text.starts_with("SIP/2.0 ").then(|| values(text, "Contact"))?;
    let uri = told.first()?.strip_prefix('<')?.split('>').next();
    uri.map(str::to_owned)
}

/// The URI of our Contact in a call: its user part, by which the phone knows the conference, and the rest.
pub(crate) fn focus(text: &str) -> (&str, &str) {
    let contact = value(text, "Contact").strip_prefix("<sip:");
    let uri = contact.and_then(|contact| contact.strip_suffix(">;isfocus"));
    uri.and_then(|uri| uri.split_once('@'))
        .expect("a focus with a name")
}

/// The peer's response to a request of ours.
pub(crate) fn reply(request: &str, status: u16, extra: &str, body: &str) -> String {
    let copied =
        ["Via", "From", "To", "Call-ID", "CSeq"].map(|name| format!("{name}: {}\r\n", value(request, name)));
    let kind = if body.is_empty() {
        ""
    } else {
        "Content-Type: application/sdp\r\n"
    };
    format!(
        "SIP/2.0 {status} Whatever\r\n{}{kind}{extra}Content-Length: {}\r\n\r\n{body}",
        copied.concat(),
        body.len()
    )
}
