//! Requests per second and network, counted in this process alone: against crowds, not against guesses. What must hold
//! over all nodes (`engine`: sign-ins, guesses, declines) is counted in the database.

use crate::{layers::plain_page, router::Web};
use app::{Assets, fault::Fault, gate::ClientAddr, render_fault};
use axum::{
    Json, Router,
    extract::Request,
    http::{HeaderValue, StatusCode, header},
    middleware::{self, Next},
    response::{IntoResponse, Response},
};
use domain::{
    ids::{IntegrationKeyId, MerchantId},
    network::Network,
};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};
use std::{
    hash::Hash,
    num::NonZeroU32,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

/// So much in a burst, and then so much a second, for each network at the addresses that begin so.
#[derive(Clone, Copy, Debug)]
pub struct Rate {
    pub under: &'static str,
    pub per_second: NonZeroU32,
    pub burst: NonZeroU32,
}

/// Opening links is free of secrets, guessing invoice numbers must be slow (`wire/connectwise.md`, 6.1).
pub const LINKS: Rate = Rate {
    under: "/PaymentProxy/",
    per_second: NonZeroU32::new(5).expect("not zero"),
    burst: NonZeroU32::new(40).expect("not zero"),
};
/// Checkouts are found by 122 random bits, and each page of one that stands may ask the books.
pub const CHECKOUTS: Rate = Rate {
    under: "/npe",
    per_second: NonZeroU32::new(20).expect("not zero"),
    burst: NonZeroU32::new(200).expect("not zero"),
};
/// Sessions of quotes are found by 256 random bits.
pub const QUOTES: Rate = Rate { under: "/q/", ..CHECKOUTS };
/// The sandbox's page is found by 74 random bits and more, and asks nobody.
pub const STEPS: Rate = Rate { under: "/sandbox/", ..CHECKOUTS };
/// Two hundred people of one office, each with some calls at once, are no crowd.
pub const API: Rate = Rate {
    under: "/api/",
    per_second: NonZeroU32::new(50).expect("not zero"),
    burst: NonZeroU32::new(1_000).expect("not zero"),
};
/// Nobody reads faster, and those of our own books are drawn each time. How many documents other books are asked for is counted
/// in `engine/src/invoice_pdf.rs`.
pub const FILES: Rate = Rate {
    under: "/",
    per_second: NonZeroU32::new(1).expect("not zero"),
    burst: NonZeroU32::new(20).expect("not zero"),
};
/// A program that keeps a merchant's books, by its key, wherever it is.
pub const PROGRAMS: Rate = Rate {
    under: "/api/v1/",
    per_second: NonZeroU32::new(10).expect("not zero"),
    burst: NonZeroU32::new(100).expect("not zero"),
};
/// Networks that have been quiet are forgotten after this many requests.
const PRUNE_EVERY_REQUESTS: usize = 1_000;
const RETRY_AFTER_SECONDS: &str = "60";

/// Whether rates are held, and what the page that says so needs.
pub struct Limits {
    pub on: bool,
    pub assets: Assets,
}

impl Limits {
    pub fn hold(&self, routes: Router<Web>, rate: Rate) -> Router<Web> {
        if !self.on {
            return routes;
        }
        let (buckets, assets) = (Arc::new(Buckets::new(rate)), self.assets.clone());
        routes.layer(middleware::from_fn(move |request: Request, next: Next| {
            let (buckets, assets) = (buckets.clone(), assets.clone());
            async move {
                let client = request.extensions().get::<ClientAddr>().map(|client| Network::of(client.0));
                let held = request.uri().path().starts_with(rate.under);
                if held && client.is_some_and(|network| !buckets.let_pass(&network)) {
                    return too_many(&assets, &request);
                }
                next.run(request).await
            }
        }))
    }
}

/// What each network, or whoever else is told apart, has left.
pub struct Buckets<K: Clone + Eq + Hash> {
    keyed: DefaultKeyedRateLimiter<K>,
    asked: AtomicUsize,
}

/// Those of programs.
pub type ProgramRates = Buckets<(MerchantId, IntegrationKeyId)>;

impl<K: Clone + Eq + Hash> Buckets<K> {
    #[must_use]
    pub fn new(rate: Rate) -> Self {
        let quota = Quota::per_second(rate.per_second).allow_burst(rate.burst);
        Self { keyed: RateLimiter::keyed(quota), asked: AtomicUsize::new(0) }
    }

    pub fn let_pass(&self, key: &K) -> bool {
        if self.asked.fetch_add(1, Ordering::Relaxed) % PRUNE_EVERY_REQUESTS == PRUNE_EVERY_REQUESTS - 1 {
            self.keyed.retain_recent();
        }
        self.keyed.check_key(key).is_ok()
    }
}

/// The fault for a script, its page for everybody else.
fn too_many(assets: &Assets, request: &Request) -> Response {
    let fault = Fault::TooMany;
    let asks_for_json =
        request.headers().get(header::ACCEPT).is_some_and(|a| a.as_bytes().starts_with(b"application/json"));
    let mut answer = if asks_for_json {
        (StatusCode::TOO_MANY_REQUESTS, Json(fault)).into_response()
    } else {
        plain_page(render_fault(assets, fault))
    };
    answer.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static(RETRY_AFTER_SECONDS));
    answer
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::Ipv4Addr;

    fn network(number: usize) -> Network {
        Network::of(Ipv4Addr::from_bits(u32::try_from(number).expect("few")).into())
    }

    #[test]
    fn a_burst_passes_the_next_one_waits_and_nobody_else_does() {
        let buckets = Buckets::new(LINKS);
        assert!((0..LINKS.burst.get()).all(|_| buckets.let_pass(&network(1))));
        assert!(!buckets.let_pass(&network(1)));
        assert!(buckets.let_pass(&network(2)));
    }

    #[test]
    fn networks_that_are_quiet_again_are_forgotten() {
        let buckets = Buckets::new(LINKS);
        for number in 1..PRUNE_EVERY_REQUESTS {
            buckets.let_pass(&network(number));
        }
        assert_eq!(buckets.keyed.len(), PRUNE_EVERY_REQUESTS - 1);
        // One request is made up for in a fifth of a second, and forgotten as long after that.
        std::thread::sleep(std::time::Duration::from_millis(600));
        buckets.let_pass(&network(0));
        assert_eq!(buckets.keyed.len(), 1);
    }
}
