//! Which transaction a request belongs to (RFC 3261 section 17.2.3).

use crate::message::{Request, Verb};
use bytes::Bytes;

/// Identifies a server transaction.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Key {
    /// Branch with the magic cookie, sent-by, method; ACK counts as INVITE.
    Branch(Vec<u8>),
    /// Peers of RFC 2543: Request-URI, From tag, Call-ID, CSeq, top Via.
    Old(Vec<u8>),
}

/// The same request on another path has another [`Key`], but this in common (RFC 3261 section 8.2.2.2).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Origin {
    call_id: Bytes,
    from_tag: Bytes,
    cseq: u32,
    method: Vec<u8>,
}

impl Key {
    /// The key of the request itself.
    pub(crate) fn of(request: &Request) -> Self {
        if request.verb == Verb::Ack {
            return Self::of_invite(request);
        }
        Self::with_method(request, &request.method)
    }

    /// How long it is, bytes.
    pub(crate) fn size(&self) -> usize {
        match self {
            Self::Branch(parts) | Self::Old(parts) => parts.len(),
        }
    }

    /// The key of the INVITE that this CANCEL or ACK means.
    pub(crate) fn of_invite(request: &Request) -> Self {
        Self::with_method(request, b"INVITE")
    }

    fn with_method(request: &Request, method: &[u8]) -> Self {
        let via = &request.via;
        let port = via.port.unwrap_or(5060).to_string();
        let host = via.host.to_bytes().to_ascii_lowercase();
        let branch = via.branch().unwrap_or_default();
        if via.has_rfc3261_branch() {
            return Self::Branch([branch, &host, port.as_bytes(), method].join(&b'\n'));
        }
        let (uri, cseq) = (request.uri.to_bytes(), request.cseq.to_string());
        let parts: [&[u8]; 8] = [
            &uri,
            request.caller_tag(),
            &request.call_id,
            cseq.as_bytes(),
            branch,
            &host,
            port.as_bytes(),
            method,
        ];
        Self::Old(parts.join(&b'\n'))
    }
}

impl Origin {
    /// What the request has in common with its other copies.
    pub(crate) fn of(request: &Request) -> Self {
        Self::with_method(request, &request.method)
    }

    /// How long it is, bytes.
    pub(crate) fn size(&self) -> usize {
        self.call_id.len() + self.from_tag.len() + self.method.len()
    }

    /// The same for the INVITE that this CANCEL means.
    pub(crate) fn of_invite(request: &Request) -> Self {
        Self::with_method(request, b"INVITE")
    }

    fn with_method(request: &Request, method: &[u8]) -> Self {
        Self {
            call_id: request.call_id.clone(),
            from_tag: Bytes::copy_from_slice(request.caller_tag()),
            cseq: request.cseq,
            method: method.to_vec(),
        }
    }
}
