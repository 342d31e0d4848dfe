//! The store as its users see it. Each story is told on SQLite and, when `TEST_POSTGRES_URL` names a server, on
//! PostgreSQL, every time in a database of its own.
#![expect(clippy::unwrap_used, reason = "a test may fail by panicking")]

mod advance_uses;
mod append_only;
mod attempts;
mod audit;
mod audit_trail;
mod books_entries;
mod budgets;
mod checkouts;
mod claims;
mod connections;
mod consents;
mod database;
mod declines;
mod disputes;
mod documents;
mod errors;
mod events;
mod exceptions;
mod grant_requests;
mod integrations;
mod invoices;
mod jobs;
mod ledger;
mod ledger_invoices;
mod ledger_payments;
mod mails;
mod methods;
mod moments;
mod payments;
mod payouts;
mod people;
mod quotes;
mod refunds;
mod returns;
mod schema;
mod sessions;
mod shop;
mod surcharges;
mod taken_in;
mod tenancy;
mod throttle;
mod webhooks;
