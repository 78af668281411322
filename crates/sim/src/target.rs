//! Whom the phones call, and whether they may.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, ToSocketAddrs, UdpSocket};

/// Port where none is given (RFC 3261, 19.1.2).
const SIP_PORT: u16 = 5060;

/// A number at a host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Target {
    pub(crate) number: String,
    /// As it was written: an IPv6 address in brackets.
    pub(crate) host: String,
    pub(crate) port: u16,
}

impl Target {
    /// Reads `sip:NUMBER@HOST:PORT`, `NUMBER@HOST`, or `NUMBER`, which is called at `at`. An IPv6 address stands in brackets.
    ///
    /// # Errors
    /// What is wrong, and how it is written right.
    pub(crate) fn read(text: &str, at: &str) -> Result<Self, String> {
        let bare = text.strip_prefix("sip:").unwrap_or(text);
        let (number, place) = bare.split_once('@').unwrap_or((bare, at));
        let wrong = |what: &str| {
            format!(
                "{text:?}: {what}; write it as sip:15162065319@127.0.0.1:5060 or sip:15162065319@[::1]:5060"
            )
        };
        let good = |c: char| c.is_ascii_alphanumeric() || "+-_.*#".contains(c);
        if number.is_empty() || !number.chars().all(good) {
            return Err(wrong("no number to call"));
        }
        let (host, port) = match place.rsplit_once(':') {
            Some((host, port)) if !port.ends_with(']') => (
                host,
                port.parse()
                    .map_err(|_| wrong("the port is no number up to 65535"))?,
            ),
            Some(_) | None => (place, SIP_PORT),
        };
        if !is_host(host) || port == 0 {
            return Err(wrong(
                "the host is no name, no IPv4 address and no IPv6 address in brackets",
            ));
        }
        Ok(Self {
            number: number.to_owned(),
            host: host.to_owned(),
            port,
        })
    }

    /// Its address: of a name that has both, an IPv4 one.
    ///
    /// # Errors
    /// Where the name is not known, or where it is another machine and `allowed` does not say that it may be called.
    pub(crate) fn resolve(&self, allowed: bool) -> Result<SocketAddr, String> {
        let host = self.host.as_str();
        let found = (host.trim_matches(['[', ']']), self.port)
            .to_socket_addrs()
            .map_err(|error| format!("{host}: {error}; is the name right?"))?;
        let found: Vec<_> = found.collect();
        let address = found.iter().find(|address| address.is_ipv4());
        let address = address.or(found.first());
        let address = address.ok_or_else(|| format!("{host} has no address"))?;
        let address = SocketAddr::new(address.ip().to_canonical(), self.port);
        if !is_here(address.ip()) && !allowed {
            return Err(format!(
                "{host} ({}) is not this machine; if its owner agrees to these calls, add --yes-i-may",
                address.ip()
            ));
        }
        Ok(address)
    }

    /// The URI that is called.
    pub(crate) fn uri(&self) -> String {
        format!("sip:{}@{}:{}", self.number, self.host, self.port)
    }
}

/// Whether this may be a name, an IPv4 address, or an IPv6 address in brackets (RFC 3261, section 25.1).
fn is_host(text: &str) -> bool {
    match text.strip_prefix('[') {
        Some(rest) => rest
            .strip_suffix(']')
            .is_some_and(|ip| ip.parse::<Ipv6Addr>().is_ok()),
        None => !text.is_empty() && !text.contains([':', ']', '/', ';', ' ']),
    }
}

fn is_here(ip: IpAddr) -> bool {
    ip.is_loopback()
}

/// A socket for signalling that is connected to `far`: what others send does not arrive, and a port where nobody listens shows at once.
/// All other sockets of its phones are bound to the address that the system gives it.
pub(crate) fn signalling(far: SocketAddr) -> std::io::Result<UdpSocket> {
    let any: IpAddr = match far {
        SocketAddr::V4(_) => Ipv4Addr::UNSPECIFIED.into(),
        SocketAddr::V6(_) => Ipv6Addr::UNSPECIFIED.into(),
    };
    let socket = UdpSocket::bind((any, 0))?;
    socket.connect(far)?;
    socket.set_nonblocking(true)?;
    Ok(socket)
}

/// A socket at `ip` for the RTCP of many phones.
pub(crate) fn reports(ip: IpAddr) -> std::io::Result<UdpSocket> {
    let socket = UdpSocket::bind((ip, 0))?;
    socket.set_nonblocking(true)?;
    Ok(socket)
}

/// A socket for RTP at an even port of `ip` (RFC 3550, section 11).
pub(crate) fn media(ip: IpAddr) -> std::io::Result<UdpSocket> {
    const TRIES: usize = 64;
    let mut odd = Vec::new();
    for _ in 0..TRIES {
        let socket = UdpSocket::bind((ip, 0))?;
        if socket.local_addr()?.port().is_multiple_of(2) {
            socket.set_nonblocking(true)?;
            return Ok(socket);
        }
        odd.push(socket);
    }
    Err(std::io::Error::other("no free even port"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_is_a_number_alone_or_at_a_host_with_or_without_its_port() {
        for (text, host, port) in [
            ("sip:15162065319@127.0.0.1:5061", "127.0.0.1", 5061),
            ("15162065319@bridge.example", "bridge.example", 5060),
            ("15162065319", "localhost", 7000),
            ("sip:15162065319@[::1]:5061", "[::1]", 5061),
            ("15162065319@[2001:db8::7]", "[2001:db8::7]", 5060),
        ] {
            let expected = Target {
                number: "15162065319".to_owned(),
                host: host.to_owned(),
                port,
            };
            assert_eq!(Target::read(text, "localhost:7000").unwrap(), expected);
        }
        let there = Target::read("1", "[::1]:5070").unwrap();
        assert_eq!(there.uri(), "sip:1@[::1]:5070");
    }

    #[test]
    fn a_wrong_target_says_how_it_is_written_right() {
        for text in [
            "",
            "sip:@127.0.0.1",
            "1@127.0.0.1:99999",
            "1@",
            "1@::1",
            "1@[::1",
            "1@::1]:5060",
            "1@[::1]5060",
            "1@[::1]:",
            "1@[::1]:0",
            "1@[127.0.0.1]:5060",
            "1@[fe80::1%eth0]:5060",
            "1@[]",
            "1 2@127.0.0.1",
        ] {
            let error = Target::read(text, "127.0.0.1:5060").unwrap_err();
            assert!(
                error.contains("sip:15162065319@127.0.0.1:5060"),
                "{text}: {error}"
            );
        }
    }

    #[test]
    fn another_machine_is_called_only_with_leave() {
        for host in ["192.0.2.1", "[2001:db8::7]"] {
            let stranger = Target::read(&format!("1@{host}"), "").unwrap();
            let error = stranger.resolve(false).unwrap_err();
            assert!(error.contains("--yes-i-may"), "{error}");
            let address = format!("{host}:5060").parse().unwrap();
            assert_eq!(stranger.resolve(true).unwrap(), address);
        }
        for host in ["127.0.0.1", "[::1]", "[::ffff:127.0.0.1]"] {
            let near = Target::read(&format!("1@{host}"), "").unwrap();
            assert!(near.resolve(false).is_ok(), "{host}");
        }
    }

    #[test]
    fn an_ipv4_address_in_ipv6_clothes_is_called_as_what_it_is() {
        let target = Target::read("1@[::ffff:192.0.2.1]", "").unwrap();
        assert_eq!(target.resolve(true).unwrap(), "192.0.2.1:5060".parse().unwrap());
        assert_eq!(target.uri(), "sip:1@[::ffff:192.0.2.1]:5060");
    }
}
