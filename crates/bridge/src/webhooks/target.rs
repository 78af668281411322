//! Where events may be posted to: whoever can write a webhook must not reach what only this machine reaches.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use ipnet::IpNet;
use url::{Host, Url};

/// Longest address, in octets.
const URL_MAX: usize = 2048;

/// What the operator allows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Policy {
    /// Plain HTTP.
    pub(crate) allow_http: bool,
    /// Networks that are not public, and yet may be posted to.
    pub(crate) allow_private: Vec<IpNet>,
}

/// An address taken apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Target {
    /// Whether it is HTTPS.
    pub(crate) tls: bool,
    /// Name or address, as for TLS.
    pub(crate) host: String,
    /// Port.
    pub(crate) port: u16,
    /// The `Host` header.
    pub(crate) authority: String,
    /// Path and query.
    pub(crate) path: String,
}

impl Policy {
    /// Takes `url` apart; or what is wrong with it.
    pub(crate) fn read(&self, url: &str) -> Result<Target, &'static str> {
        let no_url = "expected an https URL of at most 2048 octets";
        let url = Some(url).filter(|url| url.len() <= URL_MAX && url.bytes().all(|b| b > b' ' && b != 0x7f));
        let url = url.and_then(|url| Url::parse(url).ok()).ok_or(no_url)?;
        let tls = match url.scheme() {
            "https" => true,
            "http" if self.allow_http => false,
            _ => return Err(no_url),
        };
        if !url.username().is_empty() || url.password().is_some() {
            return Err("expected a URL without credentials");
        }
        let (host, port) = (
            url.host().ok_or(no_url)?,
            url.port_or_known_default().ok_or(no_url)?,
        );
        let literal = match host {
            Host::Ipv4(ip) => Some(IpAddr::V4(ip)),
            Host::Ipv6(ip) => Some(IpAddr::V6(ip)),
            Host::Domain(name) if is_local_name(name) => return Err(FORBIDDEN),
            // It is looked up without the dots behind it, and an address may be left then.
            Host::Domain(name) => name.trim_end_matches('.').parse().ok(),
        };
        if literal.is_some_and(|ip| !self.permits(ip)) {
            return Err(FORBIDDEN);
        }
        let query = url.query().map(|query| format!("?{query}")).unwrap_or_default();
        let name = literal.map_or_else(|| host.to_string(), |ip| ip.to_string());
        Ok(Target {
            tls,
            authority: match url.port() {
                Some(port) => format!("{host}:{port}"),
                None => host.to_string(),
            },
            host: name.trim_end_matches('.').to_owned(),
            port,
            path: format!("{}{query}", url.path()),
        })
    }

    /// Which of the addresses that a name stands for is connected to. One that must not be spoils all: a name that now means us and now
    /// somebody else is nobody's friend.
    pub(crate) fn choose(&self, addresses: &[SocketAddr]) -> Result<SocketAddr, &'static str> {
        match addresses {
            [] => Err("the name has no address"),
            [first, ..] if addresses.iter().all(|address| self.permits(address.ip())) => Ok(*first),
            [..] => Err(FORBIDDEN),
        }
    }

    fn permits(&self, ip: IpAddr) -> bool {
        let ip = ip.to_canonical();
        is_public(ip) || self.allow_private.iter().any(|network| network.contains(&ip))
    }
}

const FORBIDDEN: &str = "expected a public address, or one in webhooks.allow_private";

/// Names that mean this machine or its neighbours wherever they are looked up (RFC 6761, RFC 6762).
fn is_local_name(name: &str) -> bool {
    let name = name.trim_end_matches('.').to_ascii_lowercase();
    let within = |zone: &str| name == zone || name.strip_suffix(zone).is_some_and(|rest| rest.ends_with('.'));
    name.is_empty() || ["local", "localhost", "internal"].into_iter().any(within)
}

/// Whether an address is anybody's in the whole network (IANA's registries of special addresses, RFC 6890).
fn is_public(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => is_public_v4(ip),
        IpAddr::V6(ip) => is_public_v6(ip),
    }
}

fn is_public_v4(ip: Ipv4Addr) -> bool {
    let [a, b, c, _] = ip.octets();
    let shared = a == 100 && (64..128).contains(&b);
    let protocol = (a, b, c) == (192, 0, 0);
    let relay = (a, b, c) == (192, 88, 99);
    let benchmark = a == 198 && (b == 18 || b == 19);
    let special = ip.is_loopback() || ip.is_private() || ip.is_link_local() || ip.is_documentation();
    // 0/8 is this network, 240/4 is reserved, broadcast is its last.
    !(special || ip.is_multicast() || shared || protocol || relay || benchmark || a == 0 || a >= 240)
}

fn is_public_v6(ip: Ipv6Addr) -> bool {
    let first = ip.segments();
    // Only 2000::/3 is given out. Of that, what carries an IPv4 address within, and what is for books and tests, is not for us.
    let given_out = first[0] & 0xe000 == 0x2000;
    let tunnel = first[0] == 0x2002 || first[0] == 0x2001 && first[1] < 0x0200;
    let documentation = first[0] == 0x2001 && first[1] == 0x0db8 || first[0] == 0x3fff && first[1] < 0x1000;
    given_out && !tunnel && !documentation
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Forms in which somebody may write this machine, its neighbours, or something that is no web address.
    const HOSTILE: &[&str] = &[
        "http://example.com/",
        "https://127.0.0.1/",
        "https://127.1/",
        "https://2130706433/",
        "https://0x7f000001/",
        "https://0x7f.0.0.1/",
        "https://0177.0.0.1/",
        "https://017700000001/",
        "https://127.0.0.1./",
        "https://127.0.0.1../",
        "https://10.0.0.1...:8443/",
        "https://127.0.0.1:8443/conference/v1/calls",
        "https://127.255.255.254/",
        "https://0.0.0.0/",
        "https://0/",
        "https://10.0.0.1/",
        "https://172.16.0.1/",
        "https://172.31.255.255/",
        "https://192.168.1.1/",
        "https://169.254.169.254/latest/meta-data/",
        "https://0xa9fea9fe/",
        "https://100.64.0.1/",
        "https://192.0.0.8/",
        "https://198.18.0.1/",
        "https://224.0.0.1/",
        "https://255.255.255.255/",
        "https://[::1]/",
        "https://[::]/",
        "https://[::ffff:127.0.0.1]/",
        "https://[::ffff:a9fe:a9fe]/",
        "https://[::127.0.0.1]/",
        "https://[64:ff9b::7f00:1]/",
        "https://[64:ff9b:1::a00:1]/",
        "https://[fe80::1]/",
        "https://[fc00::1]/",
        "https://[fd12:3456::1]/",
        "https://[ff02::1]/",
        "https://[2002:7f00:1::]/",
        "https://[2001:0:53aa:64c::]/",
        "https://[2001:db8::1]/",
        "https://user:secret@example.com/",
        "https://user@example.com/",
        "https://printer.local/",
        "https://metadata.google.internal./",
        "gopher://example.com/",
        "file:///etc/passwd",
        "ftp://example.com/",
        "https://localhost/",
        "https://admin.localhost:9464/metrics",
        "//example.com/",
        "https://exa mple.com/",
        "https://example.com/\r\nX: y",
        "javascript:alert(1)",
        "",
    ];

    #[test]
    fn no_form_of_a_place_that_is_not_public_is_taken() {
        assert!(HOSTILE.len() >= 40);
        let policy = Policy::default();
        let taken: Vec<_> = HOSTILE.iter().filter(|url| policy.read(url).is_ok()).collect();
        assert!(taken.is_empty(), "{taken:?}");
    }

    #[test]
    fn with_plain_http_allowed_the_same_places_are_refused() {
        let policy = Policy {
            allow_http: true,
            ..Policy::default()
        };
        for url in HOSTILE.iter().filter(|url| url.starts_with("https://")) {
            let url = url.replacen("https", "http", 1);
            assert!(policy.read(&url).is_err(), "{url}");
        }
        assert!(
            policy
                .read("http://example.com/")
                .is_ok_and(|target| !target.tls && target.port == 80)
        );
    }

    #[test]
    fn public_places_are_taken_and_taken_apart() {
        let policy = Policy::default();
        for (url, host, port, authority, path) in [
            ("https://example.com", "example.com", 443, "example.com", "/"),
            (
                "https://Example.com:443/a?b=c#d",
                "example.com",
                443,
                "example.com",
                "/a?b=c",
            ),
            (
                "https://example.com.:8443/",
                "example.com",
                8443,
                "example.com.:8443",
                "/",
            ),
            (
                "https://93.184.216.34/x",
                "93.184.216.34",
                443,
                "93.184.216.34",
                "/x",
            ),
            (
                "https://[2606:4700::6810:84e5]/",
                "2606:4700::6810:84e5",
                443,
                "[2606:4700::6810:84e5]",
                "/",
            ),
            (
                "https://localhost.example.com/",
                "localhost.example.com",
                443,
                "localhost.example.com",
                "/",
            ),
        ] {
            let target = policy.read(url).unwrap();
            assert!(target.tls, "{url}");
            let parts = (
                target.host.as_str(),
                target.port,
                target.authority.as_str(),
                target.path.as_str(),
            );
            assert_eq!(parts, (host, port, authority, path), "{url}");
        }
    }

    fn sockets(addresses: &[&str]) -> Vec<SocketAddr> {
        addresses
            .iter()
            .map(|ip| SocketAddr::new(ip.parse().unwrap(), 443))
            .collect()
    }

    #[test]
    fn a_name_with_any_forbidden_address_is_not_connected_to() {
        let policy = Policy::default();
        for (addresses, good) in [
            (&["93.184.216.34"][..], true),
            (&["93.184.216.34", "2606:4700::1"], true),
            (&["127.0.0.1"], false),
            (&["93.184.216.34", "127.0.0.1"], false),
            (&["::ffff:10.0.0.1"], false),
            (&[], false),
        ] {
            assert_eq!(policy.choose(&sockets(addresses)).is_ok(), good, "{addresses:?}");
        }
    }

    #[test]
    fn private_networks_that_are_named_are_taken_and_no_others() {
        let policy = Policy {
            allow_http: true,
            allow_private: vec!["10.1.0.0/16".parse().unwrap(), "fd00::/8".parse().unwrap()],
        };
        for (url, good) in [
            ("http://10.1.2.3:8080/hook", true),
            ("http://[::ffff:10.1.2.3]/", true),
            ("http://[fd00::7]/", true),
            ("http://10.2.0.1/", false),
            ("http://127.0.0.1/", false),
            ("http://[fc00::7]/", false),
        ] {
            assert_eq!(policy.read(url).is_ok(), good, "{url}");
        }
    }
    /// Hosts as somebody may write them: addresses in every form, names, and what is neither.
    fn host() -> impl Strategy<Value = String> {
        prop_oneof![
            "[0-9a-fA-Fx.]{1,20}",
            "[a-z0-9.@:%-]{0,24}",
            any::<Ipv4Addr>().prop_map(|ip| ip.to_string()),
            any::<Ipv4Addr>().prop_map(|ip| ip.to_bits().to_string()),
            any::<Ipv4Addr>().prop_map(|ip| format!("[::ffff:{ip}]")),
            any::<Ipv6Addr>().prop_map(|ip| format!("[{ip}]")),
        ]
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(5_000))]

        #[test]
        fn no_text_leads_to_an_address_that_is_not_public_or_carries_credentials(
            scheme in "(https?|HTTPS|ftp)?:?/{0,3}", host in host(), tail in "[ -~]{0,20}",
        ) {
            let policy = Policy { allow_http: true, ..Policy::default() };
            if let Ok(target) = policy.read(&format!("{scheme}{host}{tail}")) {
                let literal = target.host.parse::<IpAddr>();
                prop_assert!(literal.is_err() || literal.is_ok_and(|ip| policy.permits(ip)), "{:?}", target);
                prop_assert!(!target.authority.contains('@') && target.path.starts_with('/'), "{:?}", target);
            }
        }
    }
}
