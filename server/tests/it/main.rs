//! Journeys: the built router over HTTP, with the vendors' simulators on the other side. One binary, one story a test.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails right there")]

mod abuse;
mod access;
mod authorizenet;
mod authorizenet_debits;
mod authorizenet_methods;
mod card_testing;
mod crate_edges;
mod credits;
mod debits;
mod disputes;
mod exceptions;
mod faults;
mod globalpayments;
mod invoice_pdf;
mod kills;
mod links;
mod methods;
mod outages;
mod pay;
mod payrix;
mod proof;
mod prune;
mod races;
mod refunds;
mod reliability;
mod sandbox;
mod screens;
mod several;
mod sign_in;
mod soak;
mod spoiled;
mod support;
mod unposted;
mod verify;
mod webhooks;
