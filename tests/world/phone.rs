//! Phones that speak SIP as text, read with no parser of the bridge.

use std::net::SocketAddr;

use sip::{Flow, Transport};

use crate::{BRIDGE, TRUNK, World};

/// Names a phone of the world.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PhoneId(pub usize);

/// How a phone behaves.
#[derive(Clone, Debug)]
pub struct Manners {
    /// Whether it acknowledges a 200.
    pub acknowledges: bool,
    /// Its answer in the ACK of a 200 that brings an offer; none where it is empty.
    pub answer: String,
    /// What it replies to requests of the bridge, such as `200 OK`; nothing at all where it is empty.
    pub reply: &'static str,
    /// The number of its TCP connection; UDP where there is none.
    pub connection: Option<u64>,
}

/// A phone with one call.
#[derive(Debug)]
pub struct Phone {
    address: SocketAddr,
    dialled: String,
    caller: String,
    cseq: u32,
    branch: u32,
    to_tag: String,
    /// Tag of what rings.
    early_tag: String,
    contact: String,
    manners: Manners,
    /// Whether its INVITE brought no offer.
    wants_offer: bool,
    inbox: Vec<String>,
    /// Everything that came, in order.
    messages: Vec<String>,
    /// First lines of everything that came, in order.
    pub got: Vec<String>,
}

/// Who calls where a story does not say.
pub const CALLER: &str = "+15550001";

/// One call's description of its audio.
pub const SDP: &str = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 40000 RTP/AVP 0 101\r\n\
                       a=rtpmap:101 telephone-event/8000\r\n";

/// Another, with another codec at another port.
pub const PCMA: &str = "v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 40002 RTP/AVP 8 101\r\n\
                        a=rtpmap:101 telephone-event/8000\r\n";

impl Phone {
    fn new(id: PhoneId, dialled: &str, caller: &str) -> Self {
        Self {
            address: ([127, 0, 0, 1], 30_000 + id.0 as u16).into(),
            dialled: dialled.to_owned(),
            caller: caller.to_owned(),
            cseq: 0,
            branch: 0,
            to_tag: String::new(),
            early_tag: String::new(),
            contact: String::new(),
            manners: Manners {
                acknowledges: true,
                answer: SDP.to_owned(),
                reply: "200 OK",
                connection: None,
            },
            wants_offer: false,
            inbox: Vec::new(),
            messages: Vec::new(),
            got: Vec::new(),
        }
    }

    fn flow(&self) -> Flow {
        Flow {
            transport: match self.manners.connection {
                Some(_) => Transport::Tcp,
                None => Transport::Udp,
            },
            local: BRIDGE.into(),
            remote: self.address,
            connection: self.manners.connection,
        }
    }

    fn request(&mut self, method: &str, more: &str, body: &str) -> String {
        if !matches!(method, "ACK" | "CANCEL") {
            self.cseq += 1;
            self.branch += 1;
        }
        if method == "INVITE" {
            self.wants_offer = body.is_empty();
        }
        let uri = match self.contact.as_str() {
            contact if !contact.is_empty() && method != "CANCEL" => contact.to_owned(),
            _ => format!("sip:{}@127.0.0.1", self.dialled),
        };
        // An ACK to a 2xx is a transaction of its own (RFC 3261, section 13.2.2.4).
        let branch = match method {
            "ACK" if !self.to_tag.is_empty() => "ack",
            _ => "",
        };
        let to_tag = match self.to_tag.as_str() {
            tag if !tag.is_empty() && method != "CANCEL" => format!(";tag={tag}"),
            _ => String::new(),
        };
        let body_type = match body.is_empty() || more.contains("Content-Type") {
            true => "",
            false => "Content-Type: application/sdp\r\n",
        };
        let id = self.address.port();
        format!(
            "{method} {uri} SIP/2.0\r\nVia: SIP/2.0/{transport} 127.0.0.1:{id};branch=z9hG4bK{id}-{n}{branch};rport\r\n\
             Max-Forwards: 70\r\nFrom: <sip:{caller}@127.0.0.1>;tag=f{id}\r\nTo: <sip:{dialled}@127.0.0.1>{to_tag}\r\nCall-ID: c{id}\r\n\
             CSeq: {cseq} {method}\r\nContact: <sip:p@127.0.0.1:{id}>\r\n{more}{body_type}Content-Length: {length}\r\n\r\n{body}",
            transport = self.flow().transport.via_name(),
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
        self.messages.push(message.to_owned());
        self.got.push(first.clone());
        if let Some(request) = first.strip_suffix(" SIP/2.0") {
            let silent = request.starts_with("ACK") || self.manners.reply.is_empty();
            return (!silent).then(|| answer(message, self.manners.reply));
        }
        let status: u16 = first.split(' ').nth(1)?.parse().ok()?;
        let invite = header(message, "CSeq").ends_with("INVITE");
        match status {
            180..200 if invite => {
                self.early_tag = tag(message);
                None
            }
            200..300 if invite => self.answered(message),
            300.. if invite => Some(self.refused(message)),
            _ => None,
        }
    }

    fn answered(&mut self, message: &str) -> Option<String> {
        self.to_tag = tag(message);
        let contact = header(message, "Contact").trim_start_matches('<');
        self.contact = contact.split('>').next().unwrap_or_default().to_owned();
        let body = match self.wants_offer {
            true => self.manners.answer.clone(),
            false => String::new(),
        };
        self.manners.acknowledges.then(|| self.request("ACK", "", &body))
    }

    /// An ACK to a failure has the branch of its INVITE (RFC 3261, section 17.1.1.3).
    fn refused(&mut self, message: &str) -> String {
        let before = std::mem::replace(&mut self.to_tag, tag(message));
        let ack = self.request("ACK", "", "");
        self.to_tag = before;
        ack.replace("ack;rport", ";rport")
    }
}

fn tag(message: &str) -> String {
    let tag = header(message, "To").split("tag=").nth(1);
    tag.unwrap_or_default().to_owned()
}

pub(crate) fn header<'a>(message: &'a str, name: &str) -> &'a str {
    let line = message
        .lines()
        .find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
    line.unwrap_or_default().trim()
}

/// A reply to a request within the call.
pub(crate) fn answer(request: &str, reply: &str) -> String {
    let kept = ["Via", "From", "To", "Call-ID", "CSeq", "Session-Expires"];
    let lines: Vec<_> = request
        .lines()
        .filter(|line| kept.iter().any(|name| line.starts_with(name)))
        .collect();
    format!(
        "SIP/2.0 {reply}\r\n{}\r\nContent-Length: 0\r\n\r\n",
        lines.join("\r\n")
    )
}

impl World {
    /// A new phone calls a number as anybody.
    pub fn call(&mut self, dialled: &str) -> PhoneId {
        self.call_as(dialled, CALLER, SDP)
    }

    /// A new phone calls a number from a number with a description of its audio; an empty one leaves it out.
    pub fn call_as(&mut self, dialled: &str, caller: &str, sdp: &str) -> PhoneId {
        let id = self.phone(dialled, caller);
        self.send(id, "INVITE", "", sdp);
        self.pass(1);
        id
    }

    /// A phone that has not called yet.
    pub fn phone(&mut self, dialled: &str, caller: &str) -> PhoneId {
        let id = PhoneId(self.phones.len());
        self.phones.push(Phone::new(id, dialled, caller));
        id
    }

    /// A phone on another host, 127.0.0.`host`.
    pub fn phone_at(&mut self, host: u8, dialled: &str) -> PhoneId {
        self.phone_of(host, dialled, CALLER)
    }

    /// The same of a caller.
    pub fn phone_of(&mut self, host: u8, dialled: &str, caller: &str) -> PhoneId {
        let phone = self.phone(dialled, caller);
        self.phones[phone.0].address.set_ip([127, 0, 0, host].into());
        phone
    }

    /// How a phone behaves, to be changed.
    pub fn manners(&mut self, phone: PhoneId) -> &mut Manners {
        &mut self.phones[phone.0].manners
    }

    /// Writes a request of a phone without sending it.
    pub fn compose(&mut self, phone: PhoneId, method: &str, more: &str, body: &str) -> String {
        self.phones[phone.0].request(method, more, body)
    }

    /// Sends a request of a phone; gives it back as it was sent.
    pub fn send(&mut self, phone: PhoneId, method: &str, more: &str, body: &str) -> String {
        let text = self.compose(phone, method, more, body);
        self.post(phone, &text);
        text
    }

    /// Sends a request within a call that rings, answered or not.
    pub fn send_early(&mut self, phone: PhoneId, method: &str, body: &str) {
        let sender = &mut self.phones[phone.0];
        let before = std::mem::replace(&mut sender.to_tag, sender.early_tag.clone());
        let text = sender.request(method, "", body);
        sender.to_tag = before;
        self.post(phone, &text);
    }

    /// Sends a message of a phone to the letter.
    pub fn post(&mut self, phone: PhoneId, text: &str) {
        let flow = self.phones[phone.0].flow();
        self.calling(Some(phone));
        self.message(flow, text);
        self.calling(None);
    }

    /// The URI by which a phone knows the conference: that of our Contact in its call.
    pub fn focus(&self, phone: PhoneId) -> String {
        self.phones[phone.0].contact.clone()
    }

    /// The requests of a phone go to a URI from now on, whatever number it dials.
    pub fn aim(&mut self, phone: PhoneId, uri: &str) {
        uri.clone_into(&mut self.phones[phone.0].contact);
    }

    /// The header by which a request outside of a phone's call names its dialog (RFC 4538).
    pub fn target_dialog(&self, phone: PhoneId) -> String {
        let Phone { address, to_tag, .. } = &self.phones[phone.0];
        let id = address.port();
        format!("Target-Dialog: c{id};local-tag=f{id};remote-tag={to_tag}\r\n")
    }

    /// The caller hangs up.
    pub fn hang_up(&mut self, phone: PhoneId) {
        self.send(phone, "BYE", "", "");
    }

    /// Whether a phone's call was ever answered.
    pub fn was_answered(&self, phone: PhoneId) -> bool {
        !self.phones[phone.0].to_tag.is_empty()
    }

    /// First lines of everything a phone got.
    pub fn got(&self, phone: PhoneId) -> &[String] {
        &self.phones[phone.0].got
    }

    /// How many messages that begin so a phone got.
    pub fn count(&self, phone: PhoneId, begins: &str) -> usize {
        self.got(phone)
            .iter()
            .filter(|line| line.starts_with(begins))
            .count()
    }

    /// Whether a phone got a message that begins so.
    pub fn has_got(&self, phone: PhoneId, begins: &str) -> bool {
        self.count(phone, begins) > 0
    }

    /// The last message a phone got, whole.
    pub fn last_message(&self, phone: PhoneId) -> &str {
        self.phones[phone.0].messages.last().map_or("", String::as_str)
    }

    /// All messages that begin so and that a phone got, whole and in order.
    pub fn all_of(&self, phone: PhoneId, begins: &str) -> Vec<&str> {
        let messages = self.phones[phone.0].messages.iter();
        messages
            .filter(|message| message.starts_with(begins))
            .map(String::as_str)
            .collect()
    }

    /// The last message that begins so and that a phone got, whole.
    pub fn last_of(&self, phone: PhoneId, begins: &str) -> &str {
        let messages = &self.phones[phone.0].messages;
        let found = messages.iter().rfind(|message| message.starts_with(begins));
        found.map_or("", String::as_str)
    }

    /// The status of the last response a phone got; 0 for none.
    pub fn status(&self, phone: PhoneId) -> u16 {
        let mut statuses = self.got(phone).iter().rev();
        let status = statuses.find_map(|line| line.strip_prefix("SIP/2.0 ")?.get(..3)?.parse().ok());
        status.unwrap_or(0)
    }

    /// Calls, is answered, keys a code and is wherever it leads.
    pub fn enter(&mut self, dialled: &str, code: &str) -> PhoneId {
        self.enter_as(dialled, CALLER, code)
    }

    /// The same from a number.
    pub fn enter_as(&mut self, dialled: &str, caller: &str, code: &str) -> PhoneId {
        let phone = self.call_as(dialled, caller, SDP);
        self.pass(100);
        self.key(phone, code);
        self.pass(100);
        phone
    }

    pub(crate) fn deliver(&mut self, to: SocketAddr, bytes: &[u8]) {
        if to == TRUNK.into() {
            self.trunk.inbox.push(String::from_utf8_lossy(bytes).into_owned());
        } else if let Some(phone) = self.phones.iter_mut().find(|phone| phone.address == to) {
            phone.inbox.push(String::from_utf8_lossy(bytes).into_owned());
        }
    }

    /// Lets every phone react to what it got; whether any said anything.
    pub(crate) fn phones_answer(&mut self) -> bool {
        let mut said = Vec::new();
        for phone in &mut self.phones {
            for message in std::mem::take(&mut phone.inbox) {
                said.extend(phone.react(&message).map(|text| (phone.flow(), text)));
            }
        }
        let any = !said.is_empty();
        for (flow, text) in said {
            self.message(flow, &text);
        }
        any
    }
}
