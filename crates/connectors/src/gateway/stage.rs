//! Whether what a gateway takes is money: told by where calls go, because no vendor's answer says so.

/// What an account at a gateway is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stage {
    Live,
    /// The vendor's own sandbox.
    Test,
    /// This host is none of the vendors' that are known here: a simulator's, or a region's.
    Elsewhere(String),
    /// The sandbox of this portal, which calls nobody.
    Here,
}

/// Source: `wire/gateways.md`, 2-5.
const LIVE: [&str; 5] =
    ["api.stripe.com", "api.authorize.net", "api2.authorize.net", "rest.paymentsapi.io", "apis.globalpay.com"];
const TEST: [&str; 3] = ["apitest.authorize.net", "sandbox.rest.paymentsapi.io", "apis.sandbox.globalpay.com"];
/// Of a key that is in the browser too: one host serves both.
const TEST_KEY: &str = "pk_test_";

/// By the address that is called, and by the key that browsers know, where there is one.
#[must_use]
pub fn stage_of(address: &str, open_key: &str) -> Stage {
    let host = address.split_once("://").map_or(address, |(_, rest)| rest).split('/').next().unwrap_or_default();
    if TEST.contains(&host) || (LIVE.contains(&host) && open_key.starts_with(TEST_KEY)) {
        Stage::Test
    } else if LIVE.contains(&host) {
        Stage::Live
    } else {
        Stage::Elsewhere(host.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn money_is_told_from_trials_by_host_and_key() {
        for (address, key, stage) in [
            ("https://api.stripe.com", "pk_live_1", Stage::Live),
            ("https://api.stripe.com", "pk_test_1", Stage::Test),
            ("https://api2.authorize.net/xml/v1/request.api", "", Stage::Live),
            ("https://apitest.authorize.net/xml/v1/request.api", "", Stage::Test),
            ("https://apis.sandbox.globalpay.com/ucp", "", Stage::Test),
            ("https://rest.paymentsapi.io", "", Stage::Live),
            ("http://127.0.0.1:3900/stripe", "pk_test_1", Stage::Elsewhere("127.0.0.1:3900".to_owned())),
            (
                "https://api.stripe.com.evil.example",
                "pk_live_1",
                Stage::Elsewhere("api.stripe.com.evil.example".to_owned()),
            ),
        ] {
            assert_eq!(stage_of(address, key), stage, "{address}");
        }
    }
}
