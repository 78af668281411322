//! Tricky and hostile SIP as data, in the order of RFC 4475's categories and RFC 5118, and attacks on top.
//!
//! A [`Case`] is one datagram and what a server must do about it. The texts are ours. The same table drives
//! the endpoint without sockets and a whole server over UDP: nothing here depends on either.
//!
//! Every case stands for itself: Call-ID, branch and tags come from its own name.

pub mod application;
pub mod attack;
pub mod dialog;
pub mod invalid;
pub mod ipv6;
pub mod line;
pub mod noise;
pub mod old;
pub mod sdp;
pub mod transaction;
pub mod valid;

/// One datagram and what must come of it.
#[derive(Clone, Copy, Debug)]
pub struct Case {
    pub name: &'static str,
    /// What there must be before it comes.
    pub setting: Setting,
    base: Base,
    edits: &'static [Edit],
    pub expect: Expect,
}

/// What there must be before a case comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Setting {
    /// Nothing.
    Stranger,
    /// A call that rings.
    Ringing,
    /// A call that is answered and acknowledged.
    Call,
}

/// What must come of a case. Whatever it is, the server goes on answering, and a call of the setting
/// lives on unless the case says that it ends.
#[derive(Clone, Copy, Debug)]
pub enum Expect {
    /// One final answer with one of these statuses; more than one where the RFCs leave the choice.
    Status(&'static [u16]),
    /// It is taken as a call for whatever number it names: 200, or what the dial plan says to strangers.
    Call,
    /// The ringing call is answered again with a provisional status, and no other call begins.
    Provisional,
    /// No packet at all.
    Silence,
    /// One of these statuses or no packet at all: too broken for the RFCs to say.
    StatusOrSilence(&'static [u16]),
    /// This status, and the call of the setting is over.
    Ends(u16),
}

/// What a case is made from.
#[derive(Clone, Copy, Debug)]
enum Base {
    /// A sound request with this method; INVITE has an offer.
    Request(&'static str),
    /// A sound response with this status line and CSeq method.
    Response(&'static str, &'static str),
    /// This text as it is.
    Raw(&'static str),
}

/// A change to the base. Texts may hold placeholders: `{us}` and `{me}` for the two hosts, `{id}` for the
/// case, `{call}`, `{from}`, `{to}` and `{branch}` for the call, and `{xx}` in hexadecimal for any byte.
#[derive(Clone, Copy, Debug)]
pub enum Edit {
    /// Another start line.
    Start(&'static str),
    /// Another value for a header that is there.
    Set(&'static str, &'static str),
    /// Without this header.
    Drop(&'static str),
    /// A further line at the end of the headers.
    Add(&'static str),
    /// A further line before all headers.
    First(&'static str),
    /// A further line many times; `{n}` is the count.
    Many(usize, &'static str),
    /// A header with so many times `x` in its value.
    Pad(&'static str, usize),
    /// Without body.
    NoBody,
    /// Another body of this type; lines parted by `\n`.
    Body(&'static str, &'static str),
    /// Another offer; lines parted by `\n`.
    Sdp(&'static str),
    /// A further line in the body many times; `{n}` is the count.
    ManyInBody(usize, &'static str),
    /// This in place of that, everywhere, in the finished text.
    Swap(&'static str, &'static str),
    /// This after the end.
    Tail(&'static str),
    /// So many bytes less at the end.
    Cut(usize),
}

/// What fills the placeholders.
#[derive(Clone, Debug)]
pub struct Names {
    /// `host` or `host:port` of the server.
    pub us: String,
    /// `host:port` the case is sent from.
    pub me: String,
    /// An address for media that the server may send to.
    pub media: String,
    /// Call-ID, From tag, To tag and branch of the call of the setting.
    pub call: Option<CallNames>,
}

/// What names a call.
#[derive(Clone, Debug)]
pub struct CallNames {
    pub call_id: String,
    pub from_tag: String,
    /// Empty while nothing was answered.
    pub to_tag: String,
    pub branch: String,
}

impl CallNames {
    /// Names for the call that a case's setting needs.
    pub fn for_case(case: &Case) -> Self {
        let id = case.id();
        Self {
            call_id: format!("Call-{id}@caller"),
            from_tag: format!("From-{id}"),
            to_tag: String::new(),
            branch: format!("z9hG4bKcall{id}"),
        }
    }
}

impl Case {
    /// Unique among all cases, and a token.
    pub fn id(&self) -> String {
        token(self.name)
    }

    /// The datagram.
    pub fn bytes(&self, names: &Names) -> Vec<u8> {
        build(self.name, self.base, self.setting, self.edits, names)
    }
}

/// Any text as a token.
fn token(text: &str) -> String {
    text.chars()
        .map(|c| if c.is_ascii_alphanumeric() { c } else { '-' })
        .collect()
}

fn build(name: &str, base: Base, setting: Setting, edits: &[Edit], names: &Names) -> Vec<u8> {
    let mut draft = Draft::new(base, setting);
    edits.iter().for_each(|edit| draft.apply(*edit));
    let mut text = draft.text();
    for edit in edits {
        if let Edit::Swap(from, to) = *edit {
            text = text.replace(from, to);
        } else if let Edit::Tail(tail) = *edit {
            text.push_str(tail);
        }
    }
    let mut bytes = fill(&text, &token(name), names);
    for edit in edits {
        if let Edit::Cut(count) = *edit {
            bytes.truncate(bytes.len().saturating_sub(count));
        }
    }
    bytes
}

/// A message in lines.
struct Draft {
    head: Vec<String>,
    body: String,
    raw: bool,
}

/// The offer of a sound INVITE.
pub const OFFER: &str = "v=0\no=alice 1 1 IN IP4 {media}\ns=-\nc=IN IP4 {media}\nt=0 0\n\
                         m=audio 30000 RTP/AVP 0 8 101\na=rtpmap:101 telephone-event/8000\na=fmtp:101 0-15";

impl Draft {
    fn new(base: Base, setting: Setting) -> Self {
        match base {
            Base::Request(method) => Self::request(method, setting),
            Base::Response(status, method) => Self::response(status, method),
            Base::Raw(text) => Self {
                head: vec![text.to_owned()],
                body: String::new(),
                raw: true,
            },
        }
    }

    fn request(method: &str, setting: Setting) -> Self {
        let (tag, seq) = if setting == Setting::Call {
            (";tag={to}", 2)
        } else {
            ("", 1)
        };
        let mut draft = Self {
            head: vec![
                format!("{method} sip:1000@{{us}} SIP/2.0"),
                "Via: SIP/2.0/UDP {me};branch=z9hG4bK{id};rport".to_owned(),
                "Max-Forwards: 70".to_owned(),
                "From: <sip:alice@example.com>;tag={from}".to_owned(),
                format!("To: <sip:1000@{{us}}>{tag}"),
                "Call-ID: {call}".to_owned(),
                format!("CSeq: {seq} {method}"),
                "Contact: <sip:alice@{me}>".to_owned(),
                "Content-Length: {len}".to_owned(),
            ],
            body: String::new(),
            raw: false,
        };
        if method == "INVITE" {
            draft.apply(Edit::Sdp(OFFER));
        }
        draft
    }

    fn response(status: &str, method: &str) -> Self {
        let mut draft = Self::request(method, Setting::Stranger);
        draft.apply(Edit::Drop("Max-Forwards"));
        draft.apply(Edit::Set("Via", "SIP/2.0/UDP {us};branch=z9hG4bK{id}"));
        draft.apply(Edit::Set("To", "<sip:1000@{us}>;tag=t{id}"));
        status.clone_into(&mut draft.head[0]);
        draft
    }

    fn apply(&mut self, edit: Edit) {
        match edit {
            Edit::Start(line) => line.clone_into(&mut self.head[0]),
            Edit::Set(name, value) => {
                let at = self.position(name);
                self.head[at] = format!("{name}: {value}");
            }
            Edit::Drop(name) => {
                let at = self.position(name);
                self.head.remove(at);
            }
            Edit::Add(line) => self.head.push(line.to_owned()),
            Edit::First(line) => self.head.insert(1, line.to_owned()),
            Edit::Many(count, line) => self.head.extend(numbered(count, line)),
            Edit::Pad(name, count) => self.head.push(format!("{name}: {}", "x".repeat(count))),
            Edit::NoBody => {
                self.head.retain(|line| !line.starts_with("Content-Type"));
                self.body.clear();
            }
            Edit::Body(kind, text) => {
                self.head.retain(|line| !line.starts_with("Content-Type"));
                self.head.push(format!("Content-Type: {kind}"));
                self.body = format!("{text}\n").replace('\n', "\r\n");
            }
            Edit::Sdp(text) => self.apply(Edit::Body("application/sdp", text)),
            Edit::ManyInBody(count, line) => numbered(count, line).for_each(|line| {
                self.body.push_str(&line);
                self.body.push_str("\r\n");
            }),
            Edit::Swap(..) | Edit::Tail(_) | Edit::Cut(_) => {}
        }
    }

    fn position(&self, name: &str) -> usize {
        let found = self
            .head
            .iter()
            .position(|line| line.split(':').next() == Some(name));
        found.unwrap_or_else(|| panic!("no header {name} to change"))
    }

    fn text(self) -> String {
        if self.raw {
            return self.head.concat();
        }
        self.head.join("\r\n") + "\r\n\r\n" + &self.body
    }
}

fn numbered(count: usize, line: &str) -> impl Iterator<Item = String> + '_ {
    (0..count).map(move |n| line.replace("{n}", &n.to_string()))
}

/// Fills the placeholders, Content-Length last, bytes by their numbers at the very end.
fn fill(text: &str, id: &str, names: &Names) -> Vec<u8> {
    let own = CallNames {
        call_id: format!("{id}@caller"),
        from_tag: format!("f{id}"),
        to_tag: format!("t{id}"),
        branch: format!("z9hG4bK{id}"),
    };
    let call = names.call.as_ref().unwrap_or(&own);
    let text = text
        .replace("{us}", &names.us)
        .replace("{me}", &names.me)
        .replace("{media}", &names.media)
        .replace("{id}", id)
        .replace("{call}", &call.call_id)
        .replace("{from}", &call.from_tag)
        .replace("{to}", &call.to_tag)
        .replace("{branch}", &call.branch);
    let body = text
        .trim_start_matches("\r\n")
        .split_once("\r\n\r\n")
        .map_or(0, |(_, body)| numbers_to_bytes(body).len());
    numbers_to_bytes(&text.replace("{len}", &body.to_string()))
}

/// `{ff}` becomes the byte 0xff.
fn numbers_to_bytes(text: &str) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('{') {
        bytes.extend_from_slice(before.as_bytes());
        match after.get(..2).and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
            Some(byte) if after.as_bytes().get(2) == Some(&b'}') => {
                bytes.push(byte);
                rest = &after[3..];
            }
            _ => {
                bytes.push(b'{');
                rest = after;
            }
        }
    }
    bytes.extend_from_slice(rest.as_bytes());
    bytes
}

/// A request outside of any call.
const fn request(name: &'static str, method: &'static str, edits: &'static [Edit], expect: Expect) -> Case {
    Case {
        name,
        setting: Setting::Stranger,
        base: Base::Request(method),
        edits,
        expect,
    }
}

/// An OPTIONS outside of any call.
const fn options(name: &'static str, edits: &'static [Edit], expect: Expect) -> Case {
    request(name, "OPTIONS", edits, expect)
}

/// An INVITE outside of any call.
const fn invite(name: &'static str, edits: &'static [Edit], expect: Expect) -> Case {
    request(name, "INVITE", edits, expect)
}

/// A response nobody waits for.
const fn response(name: &'static str, status: &'static str, edits: &'static [Edit]) -> Case {
    let base = Base::Response(status, "INVITE");
    Case {
        name,
        setting: Setting::Stranger,
        base,
        edits,
        expect: Expect::Silence,
    }
}

/// A datagram as it is.
const fn raw(name: &'static str, text: &'static str, expect: Expect) -> Case {
    Case {
        name,
        setting: Setting::Stranger,
        base: Base::Raw(text),
        edits: &[],
        expect,
    }
}

/// A request while a call of the same Call-ID and From tag rings.
const fn ringing(name: &'static str, method: &'static str, edits: &'static [Edit], expect: Expect) -> Case {
    Case {
        name,
        setting: Setting::Ringing,
        base: Base::Request(method),
        edits,
        expect,
    }
}

/// A request inside an answered call.
const fn within(name: &'static str, method: &'static str, edits: &'static [Edit], expect: Expect) -> Case {
    Case {
        name,
        setting: Setting::Call,
        base: Base::Request(method),
        edits,
        expect,
    }
}

/// The INVITE that makes the call a setting needs.
pub fn opening(names: &Names) -> Vec<u8> {
    let via = Edit::Set("Via", "SIP/2.0/UDP {me};branch={branch};rport");
    build(
        "opening",
        Base::Request("INVITE"),
        Setting::Stranger,
        &[via],
        names,
    )
}

/// The ACK of the call's 200; `names` hold its To tag by now.
pub fn acknowledgement(names: &Names) -> Vec<u8> {
    let edits = [
        Edit::Set("Via", "SIP/2.0/UDP {me};branch={branch}ack;rport"),
        Edit::Set("CSeq", "1 ACK"),
    ];
    build(
        "acknowledgement",
        Base::Request("ACK"),
        Setting::Call,
        &edits,
        names,
    )
}

/// An OPTIONS inside the call: 200 while it lives, 481 after.
pub fn probe_of_call(names: &Names) -> Vec<u8> {
    let edits = [
        Edit::Set("Via", "SIP/2.0/UDP {me};branch={branch}probe;rport"),
        Edit::Set("CSeq", "1000 OPTIONS"),
    ];
    build(
        "probe of call",
        Base::Request("OPTIONS"),
        Setting::Call,
        &edits,
        names,
    )
}

/// An OPTIONS outside of any call, which always gets 200.
pub fn probe(count: usize, names: &Names) -> Vec<u8> {
    let outside = Names {
        call: None,
        ..names.clone()
    };
    build(
        &format!("probe {count}"),
        Base::Request("OPTIONS"),
        Setting::Stranger,
        &[],
        &outside,
    )
}

/// All cases.
pub fn all() -> Vec<&'static Case> {
    [
        valid::CASES,
        line::CASES,
        invalid::CASES,
        noise::CASES,
        transaction::CASES,
        dialog::CASES,
        application::CASES,
        sdp::CASES,
        old::CASES,
        ipv6::CASES,
        attack::CASES,
    ]
    .into_iter()
    .flatten()
    .collect()
}
