//! Our strict reading: `sipx_sip`'s grammar, and what it leaves open.
//!
//! Single-valued headers come exactly once, control characters only as quoted pairs, every routing header
//! parses whole, and tags, branch and CSeq are beyond doubt: two elements on a path can never read one
//! message in two ways.

use bytes::Bytes;
use sipx_sip::error::{FramingError, HeaderSyntaxError, LimitKind, ParseError, StartLineError};
use sipx_sip::headers::HeaderParam;
use sipx_sip::{Address, CSeq, HeaderError, HeaderName, Headers, Message, TypedHeader, Uri, Via};

use super::echo::{Cleanliness, Echo, head};
use super::{Refusal, Verb, text};
use crate::flow::Flow;
use crate::limits::Limits;

/// A request without fault.
#[derive(Debug)]
pub(crate) struct Request {
    pub(crate) echo: Echo,
    /// As it came, not where answers go.
    pub(crate) flow: Flow,
    pub(crate) verb: Verb,
    pub(crate) method: Bytes,
    pub(crate) uri: Uri,
    pub(crate) via: Via,
    pub(crate) hops: usize,
    pub(crate) from: Address,
    pub(crate) to: Address,
    pub(crate) call_id: Bytes,
    pub(crate) cseq: u32,
    pub(crate) headers: Headers,
    pub(crate) body: Bytes,
}

impl Request {
    /// The From tag; empty for a peer of RFC 2543.
    pub(crate) fn caller_tag(&self) -> &[u8] {
        self.from.tag().unwrap_or_default()
    }

    pub(crate) fn to_tag(&self) -> Option<&[u8]> {
        self.to.tag()
    }
}

/// A response without fault.
#[derive(Debug)]
pub(crate) struct Response {
    pub(crate) status: u16,
    pub(crate) branch: Bytes,
    pub(crate) method: Bytes,
    /// The whole To, for the ACK of a failure.
    pub(crate) to: Bytes,
    pub(crate) to_tag: Option<Bytes>,
    pub(crate) headers: Headers,
    pub(crate) body: Bytes,
}

/// What a packet turned out to be.
#[derive(Debug)]
pub(crate) enum Reading {
    Request(Box<Request>),
    Response(Box<Response>),
    /// A faulty request that can be answered.
    Faulty(Box<Echo>, Refusal),
    /// Nothing to answer.
    Noise,
}

/// Reads one datagram, or one message framed out of a stream.
pub(crate) fn read(bytes: &[u8], flow: Flow, limits: &Limits) -> Reading {
    let bytes = without_keepalives(bytes);
    if bytes.is_empty() {
        return Reading::Noise;
    }
    match parse(bytes, limits).and_then(|message| admit(message, bytes, flow, limits)) {
        Ok(reading) => reading,
        Err(refusal) => answerable(bytes, flow, limits, refusal),
    }
}

/// Empty lines before a message are ignored (RFC 3261 section 7.5); alone they are keep-alives.
fn without_keepalives(mut bytes: &[u8]) -> &[u8] {
    while let [b'\r', b'\n', rest @ ..] = bytes {
        bytes = rest;
    }
    bytes
}

fn parse(bytes: &[u8], limits: &Limits) -> Result<Message, Refusal> {
    let head = head(bytes);
    if head.len() > limits.head_bytes {
        return Err(Refusal::new(513));
    }
    if has_stray_control(head) {
        return Err(Refusal::bad("Control character in a header"));
    }
    let limits = sipx_sip::Limits {
        max_message_bytes: limits
            .head_bytes
            .saturating_add(limits.body_bytes)
            .saturating_add(4),
        max_body_bytes: limits.body_bytes,
        max_headers: limits.headers,
        max_header_bytes: limits.header_bytes,
        max_folding_lines: limits.headers,
    };
    sipx_sip::parse_datagram(Bytes::copy_from_slice(bytes), &limits).map_err(refusal)
}

/// Controls other than tab and line ends are legal only as a quoted pair inside a quoted string.
fn has_stray_control(head: &[u8]) -> bool {
    let (mut quoted, mut escaped) = (false, false);
    head.iter().any(|&byte| {
        let legal = !byte.is_ascii_control() || matches!(byte, b'\t' | b'\r' | b'\n') || (quoted && escaped);
        match byte {
            b'\n' => (quoted, escaped) = (false, false),
            _ if escaped => escaped = false,
            b'\\' => escaped = quoted,
            b'"' => quoted = !quoted,
            _ => {}
        }
        !legal
    })
}

fn refusal(error: ParseError) -> Refusal {
    match error {
        ParseError::StartLine(StartLineError::Uri(_)) => Refusal::bad("Bad Request-URI"),
        ParseError::StartLine(_) => Refusal::bad("Bad Request-Line"),
        ParseError::HeaderSyntax { kind, .. } => Refusal::bad(match kind {
            HeaderSyntaxError::MissingColon => "Header without colon",
            HeaderSyntaxError::EmptyName | HeaderSyntaxError::NameNotToken => "Bad header name",
            HeaderSyntaxError::BareNewline => "Bare CR or LF",
            HeaderSyntaxError::LeadingFold | _ => "Bad header",
        }),
        ParseError::Framing(framing) => Refusal::bad(match framing {
            FramingError::NoHeaderTerminator => "No empty line after the headers",
            FramingError::ContentLengthRepeated => "Two Content-Length headers",
            FramingError::BodyTruncated => "Body shorter than Content-Length",
            FramingError::ContentLengthMalformed
            | FramingError::ContentLengthRequired
            | FramingError::NotExactlyOneMessage { .. }
            | _ => "Bad Content-Length",
        }),
        ParseError::Limit { limit, .. } => match limit {
            LimitKind::BodyBytes => Refusal::new(413),
            LimitKind::MessageBytes => Refusal::new(513),
            LimitKind::Headers => Refusal::bad("Too many headers"),
            LimitKind::HeaderBytes | LimitKind::FoldingLines | _ => Refusal::bad("Header too long"),
        },
        ParseError::Incomplete | _ => Refusal::bad("Not a SIP message"),
    }
}

fn admit(message: Message, bytes: &[u8], flow: Flow, limits: &Limits) -> Result<Reading, Refusal> {
    match message {
        Message::Request(request) => {
            if !request.version.is_supported() {
                return Err(version_refusal(request.version.as_bytes()));
            }
            let echo = Echo::read(bytes, flow, limits.vias, Cleanliness::Faultless)
                .ok_or_else(|| Refusal::bad("No Via, or too many"))?;
            admit_request(request, flow, echo, limits).map(|request| Reading::Request(Box::new(request)))
        }
        Message::Response(response) if response.version.is_supported() => {
            admit_response(response, limits).map(|response| Reading::Response(Box::new(response)))
        }
        Message::Response(_) => Ok(Reading::Noise),
    }
}

fn version_refusal(version: &[u8]) -> Refusal {
    match version.get(..4) {
        Some(protocol) if protocol.eq_ignore_ascii_case(b"SIP/") => Refusal::new(505),
        Some(_) | None => Refusal::bad("Not a SIP request"),
    }
}

fn admit_request(
    request: sipx_sip::Request,
    flow: Flow,
    echo: Echo,
    limits: &Limits,
) -> Result<Request, Refusal> {
    let common = Common::read(&request.headers, limits)?;
    if common.cseq.method != request.method {
        return Err(Refusal::bad("CSeq names another method"));
    }
    if flow.transport.is_reliable() && request.headers.get(&HeaderName::ContentLength).is_none() {
        return Err(Refusal::bad("No Content-Length on a stream"));
    }
    if request.uri.has_headers() {
        return Err(Refusal::bad("Headers in the Request-URI"));
    }
    check_optional(&request.headers)?;
    Ok(Request {
        echo,
        flow,
        verb: Verb::of(request.method.as_bytes()),
        method: Bytes::copy_from_slice(request.method.as_bytes()),
        uri: request.uri.clone(),
        via: common.via,
        hops: common.hops,
        from: common.from,
        to: common.to,
        call_id: common.call_id,
        cseq: common.cseq.sequence,
        body: request.body().clone(),
        headers: request.headers,
    })
}

fn admit_response(response: sipx_sip::Response, limits: &Limits) -> Result<Response, Refusal> {
    let common = Common::read(&response.headers, limits)?;
    // One that was on its way to somebody else (RFC 3261 section 8.1.3.3).
    if common.hops != 1 {
        return Err(Refusal::bad("Response with several Vias"));
    }
    Ok(Response {
        status: response.status.code(),
        branch: Bytes::copy_from_slice(common.via.branch().unwrap_or_default()),
        method: Bytes::copy_from_slice(common.cseq.method.as_bytes()),
        to_tag: common.to.tag().map(Bytes::copy_from_slice),
        to: Bytes::from(
            response
                .headers
                .value(&HeaderName::To)
                .unwrap_or_default()
                .into_owned(),
        ),
        body: response.body().clone(),
        headers: response.headers,
    })
}

/// What every message must have (RFC 3261 section 8.1.1).
struct Common {
    via: Via,
    hops: usize,
    from: Address,
    to: Address,
    call_id: Bytes,
    cseq: CSeq,
}

impl Common {
    fn read(headers: &Headers, limits: &Limits) -> Result<Self, Refusal> {
        check_single(headers)?;
        let vias = vias(headers)?;
        let hops = vias.len();
        let via = vias.into_iter().next().ok_or_else(|| Refusal::bad("No Via"))?;
        if hops > limits.vias {
            return Err(Refusal::bad("Too many Vias"));
        }
        check_via(&via)?;
        Ok(Self {
            via,
            hops,
            from: party(headers, &HeaderName::From, "From")?,
            to: party(headers, &HeaderName::To, "To")?,
            call_id: call_id(headers)?,
            cseq: required::<CSeq>(headers, "CSeq")?,
        })
    }
}

const SINGLE: [HeaderName; 17] = [
    HeaderName::From,
    HeaderName::To,
    HeaderName::CallId,
    HeaderName::CSeq,
    HeaderName::ContentLength,
    HeaderName::MaxForwards,
    HeaderName::ContentType,
    HeaderName::ContentDisposition,
    HeaderName::Expires,
    HeaderName::Date,
    HeaderName::SessionExpires,
    HeaderName::MinSe,
    HeaderName::Event,
    HeaderName::RAck,
    HeaderName::RSeq,
    HeaderName::Replaces,
    HeaderName::ReferTo,
];

fn check_single(headers: &Headers) -> Result<(), Refusal> {
    match SINGLE.iter().find(|name| headers.count(name) > 1) {
        Some(name) => Err(Refusal::bad(format!(
            "Two {} headers",
            text::readable(name.canonical())
        ))),
        None => Ok(()),
    }
}

fn vias(headers: &Headers) -> Result<Vec<Via>, Refusal> {
    let bad = |_: HeaderError| Refusal::bad("Bad Via");
    let mut all = Vec::new();
    for header in headers.get_all(&HeaderName::Via) {
        all.extend(Via::parse_list(&header.value()).map_err(bad)?);
    }
    Ok(all)
}

fn check_via(via: &Via) -> Result<(), Refusal> {
    if !via.protocol.eq_ignore_ascii_case(b"SIP") || via.version != b"2.0" {
        return Err(Refusal::bad("Via of another protocol"));
    }
    check_once(&via.params, "branch", "Two branches in Via")?;
    check_once(&via.params, "rport", "Two rports in Via")?;
    // The cookie alone is no identifier (RFC 4475 section 3.2.1).
    match via.branch() {
        Some(b"z9hG4bK" | b"") => Err(Refusal::bad("Empty branch in Via")),
        Some(branch) if !is_token(branch) => Err(Refusal::bad("Bad branch in Via")),
        Some(_) | None => Ok(()),
    }
}

fn check_once(params: &[HeaderParam], name: &str, fault: &str) -> Result<(), Refusal> {
    match params.iter().filter(|param| param.is(name)).count() {
        0 | 1 => Ok(()),
        _ => Err(Refusal::bad(fault)),
    }
}

fn required<H: TypedHeader>(headers: &Headers, name: &str) -> Result<H, Refusal> {
    match headers.typed::<H>() {
        Some(Ok(value)) => Ok(value),
        Some(Err(HeaderError::OutOfRange { .. })) => Err(Refusal::bad(format!("{name} out of range"))),
        Some(Err(_)) => Err(Refusal::bad(format!("Bad {name}"))),
        None => Err(Refusal::bad(format!("No {name}"))),
    }
}

fn party(headers: &Headers, name: &HeaderName, label: &'static str) -> Result<Address, Refusal> {
    let value = headers
        .value(name)
        .ok_or_else(|| Refusal::bad(format!("No {label}")))?;
    let address = Address::parse(&value, label).map_err(|_| Refusal::bad(format!("Bad {label}")))?;
    check_once(&address.params, "tag", "Two tags in From or To")?;
    match raw_parameter(&value, "tag") {
        Some(tag) if !is_token(tag) => Err(Refusal::bad(format!("Bad tag in {label}"))),
        Some(_) | None => Ok(address),
    }
}

/// A header parameter as it stands: quotes, which the grammar takes off, are no part of a token.
fn raw_parameter<'a>(value: &'a [u8], name: &str) -> Option<&'a [u8]> {
    let mut parameters = text::split(value, b';').into_iter().map(text::parameter);
    let found = parameters.find(|(found, _)| found.eq_ignore_ascii_case(name.as_bytes()));
    found.map(|(_, value)| value)
}

fn is_token(value: &[u8]) -> bool {
    let token = |byte: &u8| byte.is_ascii_alphanumeric() || b"-.!%*_+`'~".contains(byte);
    !value.is_empty() && value.iter().all(token)
}

fn call_id(headers: &Headers) -> Result<Bytes, Refusal> {
    let value = required::<sipx_sip::CallId>(headers, "Call-ID")?.0;
    let word = |byte: &u8| byte.is_ascii_graphic() && !matches!(byte, b',' | b';' | b'=');
    match value.iter().all(word) {
        true => Ok(Bytes::from(value)),
        false => Err(Refusal::bad("Bad Call-ID")),
    }
}

/// Headers that may be absent, but not broken.
fn check_optional(headers: &Headers) -> Result<(), Refusal> {
    if headers.get(&HeaderName::MaxForwards).is_some() {
        required::<sipx_sip::headers::MaxForwards>(headers, "Max-Forwards")?;
    }
    if headers.get(&HeaderName::Expires).is_some() {
        required::<sipx_sip::headers::Expires>(headers, "Expires")?;
    }
    for (name, label) in [
        (HeaderName::Route, "Route"),
        (HeaderName::RecordRoute, "Record-Route"),
        (HeaderName::Contact, "Contact"),
    ] {
        for header in headers.get_all(&name) {
            let value = header.value();
            let star = label == "Contact" && value.trim_ascii() == b"*";
            if !star && Address::parse_list(&value, label).is_err() {
                return Err(Refusal::bad(format!("Bad {label}")));
            }
        }
    }
    Ok(())
}

/// A faulty request is answered if it is one, is no ACK, and has a Via; the rest is noise.
fn answerable(bytes: &[u8], flow: Flow, limits: &Limits, refusal: Refusal) -> Reading {
    let line = head(bytes)
        .split(|&byte| matches!(byte, b'\r' | b'\n'))
        .next()
        .unwrap_or_default();
    let method = line.split(|&byte| byte == b' ').next().unwrap_or_default();
    let looks_like_request = is_token(method) && line.windows(4).any(|w| w.eq_ignore_ascii_case(b"SIP/"));
    if !looks_like_request || method == b"ACK" {
        return Reading::Noise;
    }
    match Echo::read(bytes, flow, limits.vias, Cleanliness::Suspect) {
        Some(echo) => Reading::Faulty(Box::new(echo), refusal),
        None => Reading::Noise,
    }
}
