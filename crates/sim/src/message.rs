//! SIP messages of the phones, built and read with rsip (RFC 3261).

use std::borrow::Cow;
use std::net::SocketAddr;

use rsip::headers::{ToTypedHeader, UntypedHeader};
use rsip::message::{HasHeaders, HeadersExt};
use rsip::{Header, Headers, Host, Method, Request, Response, SipMessage, Uri, Version};

/// What all requests of one call share.
#[derive(Debug, Clone)]
pub(crate) struct Identity {
    /// The phone's own address for signalling.
    pub(crate) local: SocketAddr,
    /// Whom it calls.
    pub(crate) target: Uri,
    pub(crate) call_id: String,
    /// Its number, as the bridge sees it.
    pub(crate) number: String,
    /// The tag of its From.
    pub(crate) tag: String,
}

/// Where requests within the call go, learnt from the answer to its INVITE (RFC 3261, 12.1.2).
#[derive(Debug, Clone)]
pub(crate) struct Peer {
    pub(crate) uri: Uri,
    /// Value of To, with the far end's tag.
    pub(crate) to: String,
    pub(crate) routes: Vec<String>,
}

impl Identity {
    /// The far end as it is before any answer.
    pub(crate) fn stranger(&self) -> Peer {
        Peer {
            uri: self.target.clone(),
            to: format!("<{}>", self.target),
            routes: Vec::new(),
        }
    }

    /// A request as a message to send. Every transaction has its own `branch`.
    pub(crate) fn request(
        &self,
        method: Method,
        peer: &Peer,
        cseq: u32,
        branch: &str,
        body: &str,
    ) -> Vec<u8> {
        let (local, number, tag) = (self.local, &self.number, &self.tag);
        let mut headers: Vec<Header> = vec![
            rsip::headers::Via::new(format!("SIP/2.0/UDP {local};branch=z9hG4bK{branch};rport")).into(),
            rsip::headers::MaxForwards::default().into(),
            rsip::headers::From::new(format!("<sip:{number}@{local}>;tag={tag}")).into(),
            rsip::headers::To::new(peer.to.clone()).into(),
            rsip::headers::CallId::new(self.call_id.clone()).into(),
            rsip::headers::CSeq::new(format!("{cseq} {method}")).into(),
            rsip::headers::Contact::new(format!("<sip:{number}@{local}>")).into(),
            rsip::headers::UserAgent::new("partyline-sim").into(),
        ];
        headers.extend(
            peer.routes
                .iter()
                .map(|route| rsip::headers::Route::new(route.clone()).into()),
        );
        finish(&mut headers, body);
        let request = Request {
            method,
            uri: peer.uri.clone(),
            version: Version::V2,
            headers: headers.into(),
            body: body.as_bytes().to_vec(),
        };
        request.to_string().into_bytes()
    }

    /// The phone's answer to a request, with an SDP where `body` is not empty.
    pub(crate) fn answer(&self, request: &Request, status: u16, body: &str) -> Vec<u8> {
        let kept = |header: &&Header| {
            matches!(
                header,
                Header::Via(_)
                    | Header::From(_)
                    | Header::To(_)
                    | Header::CallId(_)
                    | Header::CSeq(_)
                    | Header::RecordRoute(_)
            )
        };
        let mut headers: Vec<Header> = request.headers().iter().filter(kept).cloned().collect();
        headers.push(rsip::headers::Contact::new(format!("<sip:{}@{}>", self.number, self.local)).into());
        finish(&mut headers, body);
        let response = Response {
            status_code: status.into(),
            version: Version::V2,
            headers: headers.into(),
            body: body.as_bytes().to_vec(),
        };
        response.to_string().into_bytes()
    }
}

fn finish(headers: &mut Vec<Header>, body: &str) {
    if !body.is_empty() {
        headers.push(rsip::headers::ContentType::new("application/sdp").into());
    }
    headers.push(rsip::headers::ContentLength::new(body.len().to_string()).into());
}

/// What stands for an IPv6 address in brackets (RFC 3261, section 25.1) while rsip reads a URI: it knows none.
const STAND_IN: &str = "ipv6.invalid";

/// A datagram as a message; none where it is not one. Nobody here asks for the host that a request is sent to, which may be a stand-in.
pub(crate) fn read(datagram: &[u8]) -> Option<SipMessage> {
    SipMessage::try_from(readable(datagram).as_ref()).ok()
}

/// The same without brackets in its first line.
fn readable(datagram: &[u8]) -> Cow<'_, [u8]> {
    let line = datagram.split(|byte| *byte == b'\r').next().unwrap_or_default();
    let place = |bracket| line.iter().position(|byte| *byte == bracket);
    match (place(b'['), place(b']')) {
        (Some(open), Some(close)) if open < close => {
            Cow::Owned([&datagram[..open], STAND_IN.as_bytes(), &datagram[close + 1..]].concat())
        }
        (_, _) => Cow::Borrowed(datagram),
    }
}

/// A URI, its host an IPv6 address or anything else.
pub(crate) fn uri(text: &str) -> Option<Uri> {
    let bracket = text
        .split_once('[')
        .filter(|(before, _)| before.ends_with(['@', ':']));
    let Some((before, rest)) = bracket else {
        return Uri::try_from(text).ok();
    };
    let (address, after) = rest.split_once(']')?;
    let mut uri = Uri::try_from(format!("{before}{STAND_IN}{after}")).ok()?;
    uri.host_with_port.host = Host::from(format!("[{address}]"));
    Some(uri)
}

/// Which call a message belongs to.
pub(crate) fn call_id(message: &SipMessage) -> Option<String> {
    message
        .call_id_header()
        .ok()
        .map(|header| header.value().to_owned())
}

/// Number and method of a message's CSeq.
pub(crate) fn cseq(message: &impl HeadersExt) -> Option<(u32, Method)> {
    let typed = message.cseq_header().ok()?.typed().ok()?;
    Some((typed.seq, typed.method))
}

/// The far end as the answer to an INVITE shows it; what cannot be read stays as it was.
pub(crate) fn peer(answer: &Response, before: &Peer) -> Peer {
    let contact = answer
        .contact_header()
        .ok()
        .and_then(|contact| uri_in(contact.value()));
    Peer {
        uri: contact.unwrap_or_else(|| before.uri.clone()),
        to: answer
            .to_header()
            .map_or_else(|_| before.to.clone(), |to| to.value().to_owned()),
        routes: routes(answer.headers()),
    }
}

/// The URI of a Contact.
fn uri_in(value: &str) -> Option<Uri> {
    let inner = match value.split_once('<') {
        Some((_, rest)) => rest.split('>').next()?,
        None => value.split(';').next()?,
    };
    uri(inner.trim())
}

/// Record-Routes, last first.
fn routes(headers: &Headers) -> Vec<String> {
    let mut routes: Vec<String> = Vec::new();
    for header in headers.iter() {
        if let Header::RecordRoute(route) = header {
            routes.push(route.value().to_owned());
        }
    }
    routes.reverse();
    routes
}

#[cfg(test)]
mod tests {
    use super::*;

    fn identity() -> Identity {
        Identity {
            local: "127.0.0.1:4000".parse().unwrap(),
            target: Uri::try_from("sip:1234@127.0.0.1:5060").unwrap(),
            call_id: "a@b".to_owned(),
            number: "555".to_owned(),
            tag: "t".to_owned(),
        }
    }

    #[test]
    fn a_request_reads_as_it_was_written() {
        let me = identity();
        let bytes = me.request(Method::Invite, &me.stranger(), 7, "x1", "v=0\r\n");
        let message = read(&bytes).unwrap();
        assert_eq!(call_id(&message).unwrap(), "a@b");
        assert_eq!(cseq(&message), Some((7, Method::Invite)));
        let request = Request::try_from(message).unwrap();
        assert_eq!(
            (request.uri.to_string().as_str(), request.body.as_slice()),
            ("sip:1234@127.0.0.1:5060", b"v=0\r\n".as_slice())
        );
        let text = String::from_utf8(bytes).unwrap();
        assert!(text.contains("\r\nContent-Length: 5\r\n\r\nv=0"), "{text}");
    }

    #[test]
    fn an_acknowledgement_has_the_number_of_its_invite_and_a_method_of_its_own() {
        let me = identity();
        let bytes = me.request(Method::Ack, &me.stranger(), 7, "x2", "");
        assert_eq!(cseq(&read(&bytes).unwrap()), Some((7, Method::Ack)));
    }

    #[test]
    fn the_far_end_is_learnt_from_its_answer() {
        let text = "SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP 127.0.0.1:4000;branch=z9hG4bKx1\r\nFrom: <sip:555@127.0.0.1:4000>;tag=t\r\n\
                    To: <sip:1234@127.0.0.1:5060>;tag=far\r\nCall-ID: a@b\r\nCSeq: 7 INVITE\r\nRecord-Route: <sip:one@192.0.2.1;lr>\r\n\
                    Record-Route: <sip:two@192.0.2.2;lr>\r\nContact: \"B\" <sip:bridge@192.0.2.3:5070>\r\nContent-Length: 0\r\n\r\n";
        let me = identity();
        let answer = Response::try_from(read(text.as_bytes()).unwrap()).unwrap();
        let peer = peer(&answer, &me.stranger());
        assert_eq!(peer.uri.to_string(), "sip:bridge@192.0.2.3:5070");
        assert_eq!(peer.to, "<sip:1234@127.0.0.1:5060>;tag=far");
        assert_eq!(peer.routes, ["<sip:two@192.0.2.2;lr>", "<sip:one@192.0.2.1;lr>"]);
    }

    #[test]
    fn addresses_of_ipv6_are_written_in_brackets_and_read_from_them() {
        for text in [
            "sip:1234@[::1]:5060",
            "sip:bridge@[2001:db8::7]",
            "sip:[2001:db8::7]:5070;lr",
            "sip:bridge@192.0.2.3:5070",
        ] {
            assert_eq!(uri(text).unwrap().to_string(), text);
        }
        assert!(uri("sip:1234@[::1").is_none());
        let me = Identity {
            local: "[::1]:4000".parse().unwrap(),
            target: uri("sip:1234@[::1]:5060").unwrap(),
            ..identity()
        };
        let invite = String::from_utf8(me.request(Method::Invite, &me.stranger(), 1, "x1", "")).unwrap();
        for needle in [
            "INVITE sip:1234@[::1]:5060 SIP/2.0\r\n",
            "Via: SIP/2.0/UDP [::1]:4000;branch=z9hG4bKx1;rport\r\n",
            "From: <sip:555@[::1]:4000>;tag=t\r\n",
            "To: <sip:1234@[::1]:5060>\r\n",
            "Contact: <sip:555@[::1]:4000>\r\n",
        ] {
            assert!(invite.contains(needle), "{needle} is not in:\n{invite}");
        }
        let bye = "BYE sip:555@[::1]:4000 SIP/2.0\r\nVia: SIP/2.0/UDP [::1]:5060;branch=z9hG4bKq\r\nFrom: <sip:1234@[::1]:5060>;tag=far\r\n\
                   To: <sip:555@[::1]:4000>;tag=t\r\nCall-ID: a@b\r\nCSeq: 9 BYE\r\nContent-Length: 0\r\n\r\n";
        let bye = read(bye.as_bytes()).unwrap();
        assert_eq!(
            (call_id(&bye).unwrap().as_str(), cseq(&bye)),
            ("a@b", Some((9, Method::Bye)))
        );
        let answer = me.answer(&Request::try_from(bye).unwrap(), 200, "");
        let answer = String::from_utf8(answer).unwrap();
        assert!(
            answer.contains("Via: SIP/2.0/UDP [::1]:5060;branch=z9hG4bKq\r\n"),
            "{answer}"
        );
    }

    #[test]
    fn what_is_no_message_is_none() {
        for bytes in [
            b"".as_slice(),
            b"\0\0\0\0",
            b"\x80\x00\x01",
            b"SIP/2.0\r\n",
            b"][\r\n",
            b"[::1]",
        ] {
            assert!(read(bytes).is_none());
        }
    }
}
