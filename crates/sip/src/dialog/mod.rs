//! Dialogs (RFC 3261 section 12): who talks to whom, in which order, by which way.

pub(crate) mod call;
pub(crate) mod focus;
pub(crate) mod session;

use std::net::{IpAddr, SocketAddr};

use bytes::Bytes;
use sipx_sip::headers::ContactValue;
use sipx_sip::{Address, HeaderName, Headers, Host, Uri};

use self::focus::Focus;
use crate::flow::{Flow, Transport};
use crate::message::{Refusal, Request, Response, Writer, text};

/// The full identity of a dialog; only an exact match of all three counts.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct DialogKey {
    pub(crate) call_id: Bytes,
    pub(crate) local_tag: Bytes,
    pub(crate) remote_tag: Bytes,
}

impl DialogKey {
    /// The dialog a request with a To tag names.
    pub(crate) fn of(request: &Request) -> Self {
        Self {
            call_id: request.call_id.clone(),
            local_tag: Bytes::copy_from_slice(request.to_tag().unwrap_or_default()),
            remote_tag: Bytes::copy_from_slice(request.caller_tag()),
        }
    }

    /// The dialog that a request outside of it names (Target-Dialog, RFC 4538), whichever side its tags are told from: whoever knows
    /// them, one of which is our own random one, is in it or was told by one who is.
    pub(crate) fn named_by(request: &Request) -> Option<[Self; 2]> {
        let header = HeaderName::Other(Bytes::from_static(b"Target-Dialog"));
        let value = request.headers.value(&header)?;
        let parts = text::split(&value, b';');
        let call_id = Bytes::copy_from_slice(parts.first()?.trim_ascii());
        let tag = |wanted: &[u8]| {
            let mut params = parts.iter().skip(1).map(|part| text::parameter(part));
            let found = params.find(|(name, _)| name.eq_ignore_ascii_case(wanted));
            found.map(|(_, tag)| Bytes::copy_from_slice(tag))
        };
        let (one, other) = (tag(b"local-tag")?, tag(b"remote-tag")?);
        let key = |local_tag: &Bytes, remote_tag: &Bytes| Self {
            call_id: call_id.clone(),
            local_tag: local_tag.clone(),
            remote_tag: remote_tag.clone(),
        };
        Some([key(&one, &other), key(&other, &one)])
    }
}

/// One dialog.
#[derive(Debug)]
pub(crate) struct Dialog {
    pub(crate) key: DialogKey,
    /// The user part of our Contact in it: of the call, or of the one that a subscription is about.
    pub(crate) focus: Option<Focus>,
    /// Our address and tag, the From of our requests.
    local: Bytes,
    /// The peer's address and tag.
    remote: Bytes,
    /// The peer's Contact.
    target: Uri,
    /// How long that is, bytes.
    target_size: usize,
    /// The route set, in the order our requests use.
    routes: Vec<Bytes>,
    local_seq: u32,
    /// None yet in a call we make.
    remote_seq: Option<u32>,
    /// We made the call, and its Call-ID.
    pub(crate) ours: bool,
    /// The INVITE came straight from the peer, without a proxy.
    direct: bool,
}

impl Dialog {
    /// The dialog an INVITE makes when we answer it with `tag` (RFC 3261 section 12.1.1).
    pub(crate) fn from_invite(request: &Request, target: Uri, tag: &str, focus: Option<Focus>) -> Self {
        let value = |name| request.headers.value(name).unwrap_or_default().into_owned();
        let mut local = value(&HeaderName::To);
        local.extend_from_slice(b";tag=");
        local.extend_from_slice(tag.as_bytes());
        Self {
            key: DialogKey {
                call_id: request.call_id.clone(),
                local_tag: Bytes::copy_from_slice(tag.as_bytes()),
                remote_tag: Bytes::copy_from_slice(request.caller_tag()),
            },
            focus,
            local: Bytes::from(local),
            remote: Bytes::from(value(&HeaderName::From)),
            target_size: target.to_bytes().len(),
            target,
            routes: request.echo.record_routes.clone(),
            local_seq: 0,
            remote_seq: Some(request.cseq),
            ours: false,
            direct: request.hops == 1 && request.echo.record_routes.is_empty(),
        }
    }

    /// What becomes a dialog when the called one answers (RFC 3261 section 12.1.2).
    pub(crate) fn dialled(call_id: String, tag: String, from: &str, target: Uri, focus: Focus) -> Self {
        Self {
            focus: Some(focus),
            local: Bytes::from(format!("{from};tag={tag}")),
            remote: Bytes::from([b"<", target.to_bytes().as_ref(), b">"].concat()),
            target_size: target.to_bytes().len(),
            key: DialogKey {
                call_id: Bytes::from(call_id),
                local_tag: Bytes::from(tag),
                remote_tag: Bytes::new(),
            },
            target,
            routes: Vec::new(),
            local_seq: 0,
            remote_seq: None,
            ours: true,
            direct: true,
        }
    }

    /// The dialog that this 2xx makes of a dialled one.
    pub(crate) fn answered(&self, response: &Response) -> Self {
        let mut routes = text::list(&response.headers, &HeaderName::RecordRoute);
        routes.reverse();
        let target = contact(&response.headers).ok().flatten();
        let target = target.unwrap_or_else(|| self.target.clone());
        Self {
            key: DialogKey {
                remote_tag: response.to_tag.clone().unwrap_or_default(),
                ..self.key.clone()
            },
            local: self.local.clone(),
            remote: response.to.clone(),
            target_size: target.to_bytes().len(),
            target,
            direct: routes.is_empty(),
            routes: routes.into_iter().map(Bytes::from).collect(),
            ..*self
        }
    }

    /// Whether requests of the peer can belong to it: a call we make gets its other tag with the answer.
    pub(crate) fn is_complete(&self) -> bool {
        !(self.ours && self.key.remote_tag.is_empty())
    }

    /// Our tag, as text.
    pub(crate) fn local_tag(&self) -> &str {
        std::str::from_utf8(&self.key.local_tag).unwrap_or_default()
    }

    /// Takes a request's CSeq in; whether it is higher than the last (RFC 3261 section 12.2.2).
    pub(crate) fn advances(&mut self, seq: u32) -> bool {
        let higher = self.remote_seq.is_none_or(|last| seq > last);
        self.remote_seq = self.remote_seq.max(Some(seq));
        higher
    }

    /// The CSeq for our next request.
    pub(crate) fn next_seq(&mut self) -> u32 {
        self.local_seq = self.local_seq.saturating_add(1);
        self.local_seq
    }

    /// A target refresh (RFC 3261 section 12.2): the peer's new Contact, if it names a usable one.
    pub(crate) fn retarget(&mut self, headers: &Headers) {
        if let Ok(Some(target)) = contact(headers) {
            self.target_size = target.to_bytes().len();
            self.target = target;
        }
    }

    /// What it keeps, bytes; what it is known by stands in an index, too.
    pub(crate) fn bytes(&self) -> usize {
        let routes: usize = self.routes.iter().map(Bytes::len).sum();
        let key = self.key.call_id.len() + self.key.local_tag.len() + self.key.remote_tag.len();
        2 * key + self.local.len() + self.remote.len() + self.target_size + routes
    }

    /// A request of ours, up to its CSeq; `via` as the whole header value.
    pub(crate) fn request(&self, method: &str, seq: u32, via: &str) -> Writer {
        let (uri, routes) = self.route();
        Writer::request(method, &uri)
            .header("Via", via)
            .header("Max-Forwards", "70")
            .headers("Route", routes)
            .header("From", &self.local)
            .header("Call-ID", &self.key.call_id)
            .header("CSeq", format!("{seq} {method}"))
    }

    /// The Request-URI of our requests.
    pub(crate) fn request_uri(&self) -> Bytes {
        self.route().0
    }

    /// The To of our requests; apart, because the ACK of a failure repeats the response's instead.
    pub(crate) fn to(&self) -> &Bytes {
        &self.remote
    }

    /// Request-URI and Route by RFC 3261 section 12.2.1.1: a strict router as first hop becomes the target.
    fn route(&self) -> (Bytes, Vec<Bytes>) {
        let Some((first, rest)) = self.routes.split_first() else {
            return (self.target.to_bytes(), Vec::new());
        };
        match route_uri(first) {
            Some(uri) if !is_loose(&uri) => {
                let target = [b"<", self.target.to_bytes().as_ref(), b">"].concat();
                let mut routes = rest.to_vec();
                routes.push(Bytes::from(target));
                (as_request_uri(uri), routes)
            }
            Some(_) | None => (self.target.to_bytes(), self.routes.clone()),
        }
    }

    /// Where our requests go. A connection carries them back; a datagram goes to the next hop's literal
    /// address, or back where the last request came from when that is a name, is behind an address
    /// translator, or must not be reached.
    pub(crate) fn next_hop(&self, flow: Flow) -> Flow {
        match self.hop(flow) {
            Some((remote, _)) => flow.towards(remote),
            None => flow,
        }
    }

    /// Where a peer that came by datagram asks for connections: at its own address, since at no other one is opened for it.
    pub(crate) fn stream_hop(&self, flow: Flow) -> Option<SocketAddr> {
        let (remote, by_connection) = self.hop(flow)?;
        let asked = by_connection && flow.transport == Transport::Udp && remote.ip() == flow.remote.ip();
        asked.then_some(remote)
    }

    /// The literal address of the next hop, if we may reach it, and whether its URI asks for a connection.
    fn hop(&self, flow: Flow) -> Option<(SocketAddr, bool)> {
        let first = self.routes.first().and_then(|route| route_uri(route));
        let hop = first.as_ref().unwrap_or(&self.target);
        let Some(Host::Ip(ip)) = hop.host() else {
            return None;
        };
        let translated = self.direct && *ip != flow.remote.ip();
        let remote = SocketAddr::new(*ip, hop.port().unwrap_or(5060));
        let by_connection = hop
            .transport()
            .is_some_and(|name| name.eq_ignore_ascii_case(b"tcp"));
        (!translated && may_reach(remote, flow)).then_some((remote, by_connection))
    }
}

fn route_uri(route: &[u8]) -> Option<Uri> {
    Address::parse(route, "Route").ok().map(|address| address.uri)
}

fn is_loose(uri: &Uri) -> bool {
    uri.params().is_some_and(|params| params.contains("lr"))
}

/// Without the parts a Request-URI must not have (RFC 3261 section 19.1.1).
fn as_request_uri(mut uri: Uri) -> Bytes {
    uri.remove_param("method");
    while let Some(name) = uri
        .headers()
        .and_then(|headers| headers.iter().next())
        .map(header_name)
    {
        if !uri.remove_header(&name) {
            break;
        }
    }
    uri.to_bytes()
}

fn header_name(param: &sipx_sip::Param) -> String {
    String::from_utf8_lossy(param.name()).into_owned()
}

/// A Contact must not aim our requests at groups, nobody, other services, or our own host (unless the peer is
/// there too).
fn may_reach(to: SocketAddr, flow: Flow) -> bool {
    let ip = to.ip().to_canonical();
    let broadcast = ip == IpAddr::V4(std::net::Ipv4Addr::BROADCAST);
    let loopback = ip.is_loopback() && !flow.remote.ip().to_canonical().is_loopback();
    let ours = to == flow.local;
    // Other services than SIP live below; a peer that really speaks from there is answered there.
    let service = to.port() < 1024 && to.port() != flow.remote.port();
    to.port() != 0
        && !service
        && to.is_ipv4() == flow.remote.is_ipv4()
        && !(ip.is_multicast() || ip.is_unspecified() || broadcast || loopback || ours)
}

/// The one Contact of a request or response that makes or refreshes a dialog.
///
/// # Errors
/// 400 when there are several, or one that nobody could be called at.
pub(crate) fn contact(headers: &Headers) -> Result<Option<Uri>, Refusal> {
    let mut all = headers.typed_all::<ContactValue>();
    match (all.next(), all.next()) {
        (None, _) => Ok(None),
        (Some(Ok(ContactValue::Address(address))), None) if address.uri.scheme().is_sip() => {
            Ok(Some(address.uri))
        }
        (Some(_), None) => Err(Refusal::bad("Bad Contact")),
        (Some(_), Some(_)) => Err(Refusal::bad("Two Contacts")),
    }
}
