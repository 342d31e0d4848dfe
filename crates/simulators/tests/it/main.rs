//! The simulators over HTTP, as a client of the vendor would meet them.

#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod authorizenet;
mod authorizenet_browser;
mod authorizenet_faults;
mod authorizenet_time;
mod contracts;
mod demo;
mod harness;
mod quickbooks;
mod quickbooks_changes;
mod quickbooks_identity;
mod quickbooks_reads;
mod sell;
mod stripe;
mod stripe_debits;
mod stripe_disputes;
mod stripe_faults;
mod stripe_pages;
mod stripe_reconciliation;
mod stripe_refunds;
mod stripe_saved;
mod webhooks;
mod xero;
mod xero_faults;
mod xero_wire;
