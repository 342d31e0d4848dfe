//! Which addresses belong to the whole world: what is private, this machine's, a neighbour's or nobody's is refused to
//! requests whose destination somebody else has chosen (IANA's registries of special-purpose addresses, RFC 6890).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Whether anybody on the internet can be reached by it.
#[must_use]
pub fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    // "This network", a carrier's own (RFC 6598), protocol assignments, 6to4 relays, benchmarks, and what is reserved.
    let special = matches!(
        address.octets(),
        [0, ..] | [100, 64..=127, ..] | [192, 0, 0, _] | [192, 88, 99, _] | [198, 18..=19, ..] | [240..=255, ..]
    );
    !(special
        || address.is_private()
        || address.is_loopback()
        || address.is_link_local()
        || address.is_multicast()
        || address.is_documentation())
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    let [first, second, .., seventh, eighth] = address.segments();
    let [a, b, c, d] = [seventh >> 8, seventh & 0xff, eighth >> 8, eighth & 0xff].map(|part| part.to_be_bytes()[1]);
    let inner = Ipv4Addr::new(a, b, c, d);
    if address.to_ipv4_mapped().is_some() {
        return is_public_v4(inner);
    }
    match (first, second) {
        // NAT64 (RFC 6052): whoever translates it connects to the address within.
        (0x64, 0xff9b) => address.segments()[2..6] == [0; 4] && is_public_v4(inner),
        // Teredo and other protocol assignments; documentation; 6to4, which tunnels to an address within.
        (0x2001, 0..=0x1ff | 0xdb8) | (0x2002, _) => false,
        // Documentation (RFC 9637).
        (0x3fff, 0..=0xfff) => false,
        // All that is given out as global unicast; private, link-local and multicast addresses lie outside.
        _ => first & 0xe000 == 0x2000,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn d7_no_address_of_an_inner_network_passes_for_public() {
        for (address, public) in [
            ("8.8.8.8", true),
            ("172.15.255.255", true),
            ("172.32.0.1", true),
            ("100.63.255.255", true),
            ("100.128.0.1", true),
            ("0.0.0.0", false),
            ("10.1.2.3", false),
            ("100.64.0.1", false),
            ("127.0.0.1", false),
            ("127.255.255.254", false),
            ("169.254.169.254", false),
            ("172.16.0.1", false),
            ("172.31.255.255", false),
            ("192.0.0.1", false),
            ("192.0.2.1", false),
            ("192.168.0.1", false),
            ("198.18.0.1", false),
            ("224.0.0.1", false),
            ("240.0.0.1", false),
            ("255.255.255.255", false),
            ("2606:4700::1111", true),
            ("64:ff9b::8.8.8.8", true),
            ("::ffff:8.8.8.8", true),
            ("::", false),
            ("::1", false),
            ("::7f00:1", false),
            ("::ffff:127.0.0.1", false),
            ("64:ff9b::10.0.0.1", false),
            ("64:ff9b:1::8.8.8.8", false),
            ("2001::1", false),
            ("2001:db8::1", false),
            ("2002:7f00:1::1", false),
            ("3fff::1", false),
            ("fc00::1", false),
            ("fd12:3456::1", false),
            ("fe80::1", false),
            ("fec0::1", false),
            ("ff02::1", false),
        ] {
            assert_eq!(is_public(address.parse().expect("an address")), public, "{address}");
        }
    }
}
