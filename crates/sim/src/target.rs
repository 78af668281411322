//! Whom the phones call, and whether they may.

use std::net::{IpAddr, SocketAddr, ToSocketAddrs, UdpSocket};

/// Port where none is given (RFC 3261, 19.1.2).
const SIP_PORT: u16 = 5060;

/// A number at a host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Target {
    pub(crate) number: String,
    /// As it was written.
    pub(crate) host: String,
    pub(crate) port: u16,
}

impl Target {
    /// Reads `sip:NUMBER@HOST:PORT`, `NUMBER@HOST`, or `NUMBER`, which is called at `at`.
    ///
    /// # Errors
    /// What is wrong, and how it is written right.
    pub(crate) fn read(text: &str, at: &str) -> Result<Self, String> {
        let bare = text.strip_prefix("sip:").unwrap_or(text);
        let (number, place) = bare.split_once('@').unwrap_or((bare, at));
        let wrong = |what: &str| format!("{text:?}: {what}; write it as sip:15162065319@127.0.0.1:5060");
        let good = |c: char| c.is_ascii_alphanumeric() || "+-_.*#".contains(c);
        if number.is_empty() || !number.chars().all(good) {
            return Err(wrong("no number to call"));
        }
        let (host, port) = match place.rsplit_once(':') {
            Some((host, port)) => (
                host,
                port.parse()
                    .map_err(|_| wrong("the port is no number up to 65535"))?,
            ),
            None => (place, SIP_PORT),
        };
        if host.is_empty() || host.contains([':', '[', '/', ';', ' ']) || port == 0 {
            return Err(wrong("the host is no name or IPv4 address (IPv6 is not called)"));
        }
        Ok(Self {
            number: number.to_owned(),
            host: host.to_owned(),
            port,
        })
    }

    /// Its IPv4 address.
    ///
    /// # Errors
    /// Where the name is not known, or where it is another machine and `allowed` does not say that it may be called.
    pub(crate) fn resolve(&self, allowed: bool) -> Result<SocketAddr, String> {
        let (host, port) = (self.host.as_str(), self.port);
        let found = (host, port)
            .to_socket_addrs()
            .map_err(|error| format!("{host}: {error}; is the name right?"))?;
        let address = found.into_iter().find(SocketAddr::is_ipv4);
        let address = address.ok_or_else(|| format!("{host} has no IPv4 address"))?;
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

fn is_here(ip: IpAddr) -> bool {
    ip.is_loopback()
}

/// A socket for signalling that is connected to `far`: what others send does not arrive, and a port where nobody listens shows at once.
pub(crate) fn signalling(far: SocketAddr) -> std::io::Result<UdpSocket> {
    let socket = UdpSocket::bind("0.0.0.0:0")?;
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
    fn a_target_is_written_in_three_ways() {
        for (text, host, port) in [
            ("sip:15162065319@127.0.0.1:5061", "127.0.0.1", 5061),
            ("15162065319@bridge.example", "bridge.example", 5060),
            ("15162065319", "localhost", 7000),
        ] {
            let expected = Target {
                number: "15162065319".to_owned(),
                host: host.to_owned(),
                port,
            };
            assert_eq!(Target::read(text, "localhost:7000").unwrap(), expected);
        }
    }

    #[test]
    fn a_wrong_target_says_how_it_is_written_right() {
        for text in [
            "",
            "sip:@127.0.0.1",
            "1@127.0.0.1:99999",
            "1@",
            "1@[::1]:5060",
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
        let stranger = Target::read("1@192.0.2.1", "").unwrap();
        let error = stranger.resolve(false).unwrap_err();
        assert!(error.contains("--yes-i-may"), "{error}");
        assert_eq!(stranger.resolve(true).unwrap(), "192.0.2.1:5060".parse().unwrap());
        assert!(Target::read("1@127.0.0.1", "").unwrap().resolve(false).is_ok());
    }
}
