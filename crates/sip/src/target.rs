//! Whom to call, and where the call goes first.

use std::fmt;

use bytes::Bytes;
use sipx_sip::{Host, Scheme, Uri};

use crate::flow::Transport;

/// The port where none is named (RFC 3261 section 19.1.2).
const PORT: u16 = 5060;
/// Longest URI, bytes.
const URI_MAX: usize = 256;

/// The next element on a call's way; its name is not resolved yet.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Hop {
    /// By what it is reached.
    pub transport: Transport,
    /// A name or literal address, in lower case, without brackets.
    pub host: String,
    /// The port.
    pub port: u16,
}

impl fmt::Display for Hop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.host.contains(':') {
            true => write!(f, "[{}]:{}", self.host, self.port),
            false => write!(f, "{}:{}", self.host, self.port),
        }
    }
}

/// A SIP URI that can be called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// As it goes into Request-URI and To.
    pub uri: String,
    /// Its user part, unescaped; empty where there is none.
    pub user: String,
    /// Where it leads.
    pub hop: Hop,
}

/// Why a URI cannot be called: what was expected instead.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TargetFault(pub &'static str);

impl fmt::Display for TargetFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl Target {
    /// Reads `sip:user@host:port;transport=tcp`. Anything that could lead elsewhere than to the host is refused: headers, passwords,
    /// `maddr` and all other parameters but `transport` and `user`.
    ///
    /// # Errors
    /// What was expected.
    pub fn parse(text: &str) -> Result<Self, TargetFault> {
        let plain = text.len() <= URI_MAX && text.bytes().all(|byte| byte.is_ascii_graphic());
        let uri = Uri::parse(Bytes::copy_from_slice(text.as_bytes())).ok();
        let uri = uri.filter(|_| plain).ok_or(TargetFault(
            "expected a SIP URI such as sip:alice@pbx.example.com",
        ))?;
        if !matches!(uri.scheme(), Scheme::Sip) {
            return Err(TargetFault(
                "expected the scheme sip: TLS and telephone URIs are not called",
            ));
        }
        if uri.has_headers() || uri.password().is_some() {
            return Err(TargetFault("expected a SIP URI without headers and password"));
        }
        let mut params = uri.params().into_iter().flat_map(|params| params.iter());
        if params.any(|param| !param.has_name("transport") && !param.has_name("user")) {
            return Err(TargetFault("expected no parameters but transport and user"));
        }
        let host = match uri.host() {
            Some(Host::Ip(ip)) => ip.to_string(),
            Some(Host::Name(name)) => String::from_utf8_lossy(name.as_bytes()).to_ascii_lowercase(),
            None => return Err(TargetFault("expected a SIP URI with a host")),
        };
        let user = uri.decoded_user().unwrap_or_default();
        Ok(Self {
            hop: Hop {
                transport: transport(&uri)?,
                host,
                port: uri.port().unwrap_or(PORT),
            },
            user: String::from_utf8_lossy(&user).into_owned(),
            uri: text.to_owned(),
        })
    }
}

fn transport(uri: &Uri) -> Result<Transport, TargetFault> {
    match uri.transport() {
        None => Ok(Transport::Udp),
        Some(name) if name.eq_ignore_ascii_case(b"udp") => Ok(Transport::Udp),
        Some(name) if name.eq_ignore_ascii_case(b"tcp") => Ok(Transport::Tcp),
        Some(_) => Err(TargetFault("expected transport=udp or transport=tcp")),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_uri_tells_the_host_the_port_and_the_transport() {
        for (text, user, hop, transport) in [
            (
                "sip:alice@pbx.example.com",
                "alice",
                "pbx.example.com:5060",
                Transport::Udp,
            ),
            (
                "sip:192.0.2.7:5070;transport=TCP",
                "",
                "192.0.2.7:5070",
                Transport::Tcp,
            ),
            (
                "SIP:%61@PBX.example;user=phone",
                "a",
                "pbx.example:5060",
                Transport::Udp,
            ),
            (
                "sip:7@[2001:db8::7]:5061",
                "7",
                "[2001:db8::7]:5061",
                Transport::Udp,
            ),
        ] {
            let target = Target::parse(text).unwrap();
            assert_eq!(
                (target.user.as_str(), target.hop.to_string().as_str()),
                (user, hop)
            );
            assert_eq!((target.hop.transport, target.uri.as_str()), (transport, text));
        }
    }

    #[test]
    fn what_could_lead_elsewhere_or_is_no_uri_is_refused() {
        for text in [
            "",
            "alice",
            "tel:+15162065319",
            "sips:alice@pbx.example",
            "http://pbx.example",
            "sip:alice@pbx.example?Route=x",
            "sip:alice:secret@pbx.example",
            "sip:alice@pbx.example;maddr=198.51.100.1",
            "sip:alice@pbx.example;lr",
            "sip:alice@pbx.example;transport=tls",
            "sip:alice@pbx.example;method=REGISTER",
            "sip:alice@pbx.example x",
            "sip:alice@pbx.example\r\nX: y",
            "sip:alice@",
            "sip:",
        ] {
            assert!(Target::parse(text).is_err(), "{text}");
        }
        let long = format!("sip:{}@pbx.example", "a".repeat(300));
        assert!(Target::parse(&long).is_err());
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn whatever_is_taken_is_plain_and_leads_to_a_host(
            text in "(sip:|SIP:|sips:|tel:)?[a-z0-9%@:;=?.<>\\[\\]+-]{0,40}", other: String,
        ) {
            let _ = Target::parse(&other);
            if let Ok(target) = Target::parse(&text) {
                prop_assert_eq!(&target.uri, &text);
                let host = &target.hop.host;
                prop_assert!(!host.is_empty() && !host.contains(['@', ';', '?', '<', '>']), "{:?}", host);
            }
        }
    }
}
