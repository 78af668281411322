//! Those whom the bridge calls: all of them behind one trunk, which says what a story wants it to say.

use api::{CommandError, DialOrder};
use bridge::control::{DialOut, Input, Ticket, WayFor};
use model::{Actor, CallView, DidGroupId, DidId, LegId, PresenterMedia, Sid};
use sip::{Flow, Hop, Transport};

use crate::phone::{answer, header};
use crate::{BRIDGE, TESTER, World};

/// Where the trunk takes calls.
pub const TRUNK: ([u8; 4], u16) = ([127, 0, 0, 1], 31_000);
/// The connection of every way that the bridge has opened for rosters.
pub const ROSTER_WAY: u64 = 1_000;
/// Whom the bridge calls where a story does not say.
pub const CALLEE: &str = "+14165550123";

/// Whether there is a way to where the bridge is to call.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Ways {
    /// At once.
    #[default]
    Open,
    /// None.
    None,
    /// Not yet.
    Awaited,
}

/// The trunk, and what came to it.
#[derive(Debug, Default)]
pub struct Trunk {
    /// Whether it can be reached.
    pub ways: Ways,
    /// Everything that came, whole and in order.
    pub messages: Vec<String>,
    pub(crate) inbox: Vec<String>,
}

impl World {
    /// A plan that allows the trunk, and numbers of North America and the United Kingdom.
    pub fn dial_plan() -> DialOut {
        DialOut {
            trunk: Some(Hop {
                transport: Transport::Udp,
                host: "127.0.0.1".to_owned(),
                port: TRUNK.1,
            }),
            allow: vec!["1".to_owned(), "44".to_owned()],
            ..DialOut::default()
        }
    }

    /// A wish for a call to the callee from the demo's first number into its room.
    pub fn order(access_code: &str) -> DialOrder {
        DialOrder {
            callee: CALLEE.to_owned(),
            did: DidId(220),
            group: DidGroupId(219),
            access_code: access_code.to_owned(),
            custom_name: String::new(),
            gain_db: 0,
            held: None,
            mute: None,
            presenter_media: PresenterMedia::NONE,
            role: None,
        }
    }

    /// Asks the bridge for a call.
    pub fn dial(&mut self, order: DialOrder) -> Result<LegId, CommandError> {
        self.dial_by(Actor::User(Sid::new(TESTER)), order)
    }

    /// The same by somebody.
    pub fn dial_by(&mut self, actor: Actor, order: DialOrder) -> Result<LegId, CommandError> {
        self.next_ticket += 1;
        let ticket = Ticket(self.next_ticket);
        self.input(Input::Dial {
            ticket,
            actor,
            order: Box::new(order),
        });
        self.dialled.remove(&ticket).expect("every wish is answered")
    }

    /// The bridge calls the callee, who hears it ring; the leg and the INVITE.
    pub fn ringing(&mut self, order: DialOrder) -> (LegId, String) {
        let leg = self.dial(order).expect("the call is made");
        let invite = self.at_trunk("INVITE").to_owned();
        self.trunk_replies(&invite, 180, "a", "");
        (leg, invite)
    }

    /// The same, and the callee answers.
    pub fn answered(&mut self, order: DialOrder) -> (LegId, String) {
        let (leg, invite) = self.ringing(order);
        self.trunk_replies(&invite, 200, "a", crate::SDP);
        self.pass(1);
        (leg, invite)
    }

    /// The last message that begins so and that came to the trunk; empty where none did.
    pub fn at_trunk(&self, begins: &str) -> &str {
        let messages = &self.trunk.messages;
        let found = messages.iter().rfind(|message| message.starts_with(begins));
        found.map_or("", String::as_str)
    }

    /// How many messages that begin so came to the trunk.
    pub fn count_at_trunk(&self, begins: &str) -> usize {
        let messages = self.trunk.messages.iter();
        messages.filter(|message| message.starts_with(begins)).count()
    }

    /// The trunk replies to a request, with this tag.
    pub fn trunk_replies(&mut self, request: &str, status: u16, tag: &str, body: &str) {
        let tagged = match header(request, "To").contains(";tag=") {
            true => request.to_owned(),
            false => {
                let to = format!("To: {}", header(request, "To"));
                request.replacen(&to, &format!("{to};tag={tag}"), 1)
            }
        };
        let contact = format!("Contact: <sip:callee@127.0.0.1:{}>\r\n", TRUNK.1);
        let reply = answer(&tagged, &format!("{status} Whatever"));
        let kind = if body.is_empty() {
            ""
        } else {
            "Content-Type: application/sdp\r\n"
        };
        let length = format!("{contact}{kind}Content-Length: {}\r\n\r\n{body}", body.len());
        self.trunk_says(&reply.replace("Content-Length: 0\r\n\r\n", &length));
    }

    /// The callee asks something in the call that an INVITE made.
    pub fn callee_asks(&mut self, invite: &str, method: &str, seq: u32, body: &str) {
        let value = |name| header(invite, name);
        let kind = if body.is_empty() {
            ""
        } else {
            "Content-Type: application/sdp\r\n"
        };
        let request = format!(
            "{method} sip:bridge@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:{port};branch=z9hG4bKcallee{seq}\r\nMax-Forwards: 70\r\n\
             From: {to};tag=a\r\nTo: {from}\r\nCall-ID: {id}\r\nCSeq: {seq} {method}\r\nContact: <sip:callee@127.0.0.1:{port}>\r\n\
             {kind}Content-Length: {length}\r\n\r\n{body}",
            port = TRUNK.1,
            to = value("To"),
            from = value("From"),
            id = value("Call-ID"),
            length = body.len(),
        );
        self.trunk_says(&request);
    }

    /// The trunk sends a message to the letter.
    pub fn trunk_says(&mut self, text: &str) {
        let flow = trunk_flow();
        self.message(flow, text);
    }

    /// A dialled call as readers see it.
    pub fn dialled_view(&self, leg: LegId) -> &CallView {
        &self.live.calls[&leg]
    }

    /// What was awaited is there: the way that a leg asked for.
    pub fn way_opens(&mut self, leg: LegId) {
        let flow = trunk_flow();
        let whose = WayFor::Call(leg);
        self.input(Input::WayOpened { whose, flow });
    }

    pub(crate) fn open_way(&mut self, whose: WayFor, hop: &Hop) {
        let input = match self.trunk.ways {
            Ways::Open => Input::WayOpened {
                whose,
                flow: Flow {
                    transport: hop.transport,
                    local: BRIDGE.into(),
                    remote: ([127, 0, 0, 1], hop.port).into(),
                    connection: match whose {
                        WayFor::Call(_) => None,
                        WayFor::Roster(_) => Some(ROSTER_WAY),
                    },
                },
            },
            Ways::None => Input::WayRefused { whose },
            Ways::Awaited => return,
        };
        self.control.handle_input(self.now, input);
    }

    /// The trunk says yes to every BYE and CANCEL.
    pub(crate) fn trunk_answers(&mut self) -> bool {
        let messages = std::mem::take(&mut self.trunk.inbox);
        let ends = |message: &&String| message.starts_with("BYE ") || message.starts_with("CANCEL ");
        let replies: Vec<_> = messages
            .iter()
            .filter(ends)
            .map(|text| answer(text, "200 OK"))
            .collect();
        self.trunk.messages.extend(messages);
        for reply in &replies {
            let flow = trunk_flow();
            self.message(flow, reply);
        }
        !replies.is_empty()
    }
}

fn trunk_flow() -> Flow {
    Flow {
        transport: Transport::Udp,
        local: BRIDGE.into(),
        remote: TRUNK.into(),
        connection: None,
    }
}
