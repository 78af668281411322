//! Phones that speak SIP as text, read with no parser of the bridge.

use std::net::SocketAddr;

use crate::World;

/// Names a phone of the world.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct PhoneId(pub usize);

/// A phone with one call.
#[derive(Debug)]
pub struct Phone {
    address: SocketAddr,
    dialled: String,
    caller: String,
    cseq: u32,
    branch: u32,
    to_tag: String,
    contact: String,
    /// Whether it acknowledges a 200.
    acknowledges: bool,
    inbox: Vec<String>,
    /// First lines of everything that came, in order.
    pub got: Vec<String>,
}

/// One call's description of its audio.
pub const SDP: &str = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 40000 RTP/AVP 0 101\r\n\
                       a=rtpmap:101 telephone-event/8000\r\n";

impl Phone {
    fn request(&mut self, method: &str, more: &str, body: &str) -> String {
        let uri = match self.contact.as_str() {
            "" => format!("sip:{}@127.0.0.1", self.dialled),
            contact => contact.to_owned(),
        };
        if !matches!(method, "ACK" | "CANCEL") {
            self.cseq += 1;
            self.branch += 1;
        }
        let (port, id) = (self.address.port(), self.address.port());
        // An ACK to a 2xx is a transaction of its own (RFC 3261, section 13.2.2.4).
        let branch = if method == "ACK" && !self.to_tag.is_empty() {
            "ack"
        } else {
            ""
        };
        let to_tag = if self.to_tag.is_empty() || method == "CANCEL" {
            String::new()
        } else {
            format!(";tag={}", self.to_tag)
        };
        format!(
            "{method} {uri} SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:{port};branch=z9hG4bK{id}-{n}{branch};rport\r\nMax-Forwards: 70\r\n\
             From: <sip:{caller}@127.0.0.1>;tag=f{id}\r\nTo: <sip:{dialled}@127.0.0.1>{to_tag}\r\nCall-ID: c{id}\r\n\
             CSeq: {cseq} {method}\r\nContact: <sip:p@127.0.0.1:{port}>\r\n{more}Content-Length: {length}\r\n\r\n{body}",
            n = self.branch,
            caller = self.caller,
            dialled = self.dialled,
            cseq = self.cseq,
            length = body.len(),
        )
    }

    /// What answers the message, if anything does.
    fn react(&mut self, message: &str) -> Option<String> {
        let first = message.lines().next().unwrap_or_default().to_owned();
        self.got.push(first.clone());
        if let Some(method) = first
            .strip_suffix(" SIP/2.0")
            .and_then(|line| line.split(' ').next())
        {
            return (method != "ACK").then(|| answer(message));
        }
        let invite = header(message, "CSeq").ends_with("INVITE");
        if invite && first.starts_with("SIP/2.0 200") {
            self.to_tag = header(message, "To")
                .split("tag=")
                .nth(1)
                .unwrap_or_default()
                .to_owned();
            let contact = header(message, "Contact");
            self.contact = contact
                .trim_matches(['<', '>'])
                .split('>')
                .next()
                .unwrap_or_default()
                .to_owned();
            return self.acknowledges.then(|| self.request("ACK", "", ""));
        }
        let status: u16 = first
            .split(' ')
            .nth(1)
            .and_then(|status| status.parse().ok())
            .unwrap_or(0);
        (invite && status >= 300).then(|| {
            self.to_tag = header(message, "To")
                .split("tag=")
                .nth(1)
                .unwrap_or_default()
                .to_owned();
            let ack = self.request("ACK", "", "");
            self.to_tag.clear();
            ack.replace("ack;rport", ";rport")
        })
    }
}

fn header<'a>(message: &'a str, name: &str) -> &'a str {
    let line = message
        .lines()
        .find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
    line.unwrap_or_default().trim()
}

/// 200 to a request within the call.
fn answer(request: &str) -> String {
    let kept = ["Via", "From", "To", "Call-ID", "CSeq"];
    let lines: Vec<_> = request
        .lines()
        .filter(|line| kept.iter().any(|name| line.starts_with(name)))
        .collect();
    format!(
        "SIP/2.0 200 OK\r\n{}\r\nContent-Length: 0\r\n\r\n",
        lines.join("\r\n")
    )
}

impl World {
    /// A new phone calls a number as anybody.
    pub fn call(&mut self, dialled: &str) -> PhoneId {
        self.call_as(dialled, "+15550001", SDP)
    }

    /// A new phone calls a number from a number with a description of its audio; an empty one leaves it out.
    pub fn call_as(&mut self, dialled: &str, caller: &str, sdp: &str) -> PhoneId {
        let id = self.phone(dialled, caller);
        let body_type = if sdp.is_empty() {
            ""
        } else {
            "Content-Type: application/sdp\r\n"
        };
        self.send(id, "INVITE", body_type, sdp);
        self.pass(1);
        id
    }

    /// A phone that has not called yet.
    pub fn phone(&mut self, dialled: &str, caller: &str) -> PhoneId {
        let id = PhoneId(self.phones.len());
        self.phones.push(Phone {
            address: ([127, 0, 0, 1], 6_000 + id.0 as u16).into(),
            dialled: dialled.to_owned(),
            caller: caller.to_owned(),
            cseq: 0,
            branch: 0,
            to_tag: String::new(),
            contact: String::new(),
            acknowledges: true,
            inbox: Vec::new(),
            got: Vec::new(),
        });
        id
    }

    /// A phone that never says ACK to a 200.
    pub fn never_acknowledge(&mut self, phone: PhoneId) {
        self.phones[phone.0].acknowledges = false;
    }

    /// Sends a request of a phone.
    pub fn send(&mut self, phone: PhoneId, method: &str, more: &str, body: &str) -> String {
        let sender = &mut self.phones[phone.0];
        let (text, from) = (sender.request(method, more, body), sender.address);
        self.resend(phone, from, &text);
        text
    }

    /// Sends a message again, to the letter.
    pub fn again(&mut self, phone: PhoneId, text: &str) {
        let from = self.phones[phone.0].address;
        self.resend(phone, from, text);
    }

    fn resend(&mut self, phone: PhoneId, from: SocketAddr, text: &str) {
        self.calling = Some(phone);
        self.datagram(from, text);
        self.calling = None;
    }

    /// First lines of everything a phone got.
    pub fn got(&self, phone: PhoneId) -> &[String] {
        &self.phones[phone.0].got
    }

    /// Whether a phone got a message that begins so.
    pub fn has_got(&self, phone: PhoneId, begins: &str) -> bool {
        self.got(phone).iter().any(|line| line.starts_with(begins))
    }

    /// Calls, is answered, keys a code and is wherever it leads.
    pub fn enter(&mut self, dialled: &str, code: &str) -> PhoneId {
        let phone = self.call(dialled);
        self.pass(100);
        self.key(phone, code);
        self.pass(100);
        phone
    }

    pub(crate) fn deliver(&mut self, to: SocketAddr, bytes: &[u8]) {
        if let Some(phone) = self.phones.iter_mut().find(|phone| phone.address == to) {
            phone.inbox.push(String::from_utf8_lossy(bytes).into_owned());
        }
    }

    /// Lets every phone react to what it got; whether any said anything.
    pub(crate) fn phones_answer(&mut self) -> bool {
        let mut said = Vec::new();
        for phone in &mut self.phones {
            for message in std::mem::take(&mut phone.inbox) {
                said.extend(phone.react(&message).map(|text| (phone.address, text)));
            }
        }
        let any = !said.is_empty();
        for (from, text) in said {
            self.datagram(from, &text);
        }
        any
    }
}
