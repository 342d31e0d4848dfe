//! The client's address behind proxies. A header is believed only as far as proxies of the settings have written it:
//! whatever stands further left may be the client's own invention.

use axum::http::HeaderMap;
use ipnet::IpNet;
use std::net::{IpAddr, SocketAddr};

const FORWARDED_FOR: &str = "x-forwarded-for";

/// The peer, or, when that is a trusted proxy, the right-most address of `X-Forwarded-For` that is none. A word that is no
/// address ends the search at whoever wrote it.
#[must_use]
pub fn client_of(peer: IpAddr, headers: &HeaderMap, trusted: &[IpNet]) -> IpAddr {
    let is_proxy = |address: IpAddr| trusted.iter().any(|network| network.contains(&address));
    let mut client = peer.to_canonical();
    // Several headers are one list: proxies append to the last or add another.
    let values = headers.get_all(FORWARDED_FOR).iter().map(|value| value.to_str().unwrap_or_default());
    let told: Vec<&str> = values.flat_map(|value| value.split(',')).collect();
    for word in told.into_iter().rev() {
        if !is_proxy(client) {
            break;
        }
        let Some(before) = address(word.trim()) else { break };
        client = before.to_canonical();
    }
    client
}

/// Some proxies write the port too.
fn address(word: &str) -> Option<IpAddr> {
    let with_port = || word.parse::<SocketAddr>().ok().map(|address| address.ip());
    word.parse().ok().or_else(with_port)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(peer: &str, told: &[&str]) -> String {
        let trusted = ["10.0.0.0/8".parse().expect("a block"), "2001:db8:ffff::/48".parse().expect("a block")];
        let mut headers = HeaderMap::new();
        for value in told {
            headers.append(FORWARDED_FOR, value.parse().expect("a header"));
        }
        client_of(peer.parse().expect("an address"), &headers, &trusted).to_string()
    }

    #[test]
    fn only_trusted_proxies_are_believed_and_only_what_they_wrote() {
        for (peer, told, client, what) in [
            ("203.0.113.7", &[][..], "203.0.113.7", "no proxy"),
            ("203.0.113.7", &["198.51.100.1"], "203.0.113.7", "a client that says it is another"),
            ("10.0.0.1", &[], "10.0.0.1", "a proxy that says nothing"),
            ("10.0.0.1", &["203.0.113.7"], "203.0.113.7", "one proxy"),
            ("10.0.0.1", &["198.51.100.1, 203.0.113.7"], "203.0.113.7", "the client's invention stands left"),
            ("10.0.0.1", &["203.0.113.7, 10.0.0.2"], "203.0.113.7", "two proxies"),
            ("10.0.0.1", &["198.51.100.1", "203.0.113.7, 10.0.0.2"], "203.0.113.7", "two headers"),
            ("10.0.0.1", &["198.51.100.1, 203.0.113.7, 10.0.0.2, 10.0.0.3"], "203.0.113.7", "three proxies"),
            ("10.0.0.1", &["10.0.0.9"], "10.0.0.9", "a proxy asks for itself"),
            ("10.0.0.1", &["203.0.113.7, unknown"], "10.0.0.1", "a word instead of an address"),
            ("10.0.0.1", &["203.0.113.7, unknown, 10.0.0.2"], "10.0.0.2", "further right it is believed"),
            ("10.0.0.1", &["203.0.113.7:4711"], "203.0.113.7", "with a port"),
            ("10.0.0.1", &["[2001:db8::7]:4711"], "2001:db8::7", "IPv6 with a port"),
            ("2001:db8:ffff::1", &["2001:db8::7"], "2001:db8::7", "IPv6"),
            ("::ffff:10.0.0.1", &["::ffff:203.0.113.7"], "203.0.113.7", "IPv4 in the clothes of IPv6"),
            ("10.0.0.1", &[", ,"], "10.0.0.1", "junk"),
        ] {
            assert_eq!(seen(peer, told), client, "{what}");
        }
    }
}
