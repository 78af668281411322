//! Who counts as one when it is counted who asks too much.

use std::net::{IpAddr, Ipv6Addr};

/// The host that an address belongs to: of IPv6 the first address of its /64, from any of which one host may come (RFC 4291, section 2.5.4).
/// IPv4 in IPv6 is what it is.
pub fn host(source: IpAddr) -> IpAddr {
    match source.to_canonical() {
        IpAddr::V4(address) => address.into(),
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() & !u128::from(u64::MAX)).into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_of_ipv6_is_one_whatever_address_of_its_network_it_takes() {
        for (address, of) in [
            ("192.0.2.7", "192.0.2.7"),
            ("::ffff:192.0.2.7", "192.0.2.7"),
            ("2001:db8:1:2::7", "2001:db8:1:2::"),
            ("2001:db8:1:2:ffff:ffff:ffff:ffff", "2001:db8:1:2::"),
            ("2001:db8:1:3::7", "2001:db8:1:3::"),
        ] {
            let (address, of): (IpAddr, IpAddr) = (address.parse().unwrap(), of.parse().unwrap());
            assert_eq!(host(address), of);
        }
    }
}
