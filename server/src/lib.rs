//! The processes: settings, the HTTP surface around the App, the partners' endpoints, and the demo.

pub mod accounting_connections;
pub mod cli;
pub mod client_addr;
pub mod configure;
pub mod demo;
pub mod figures;
pub mod health;
pub mod integrations;
pub mod invoice_pdf;
pub mod layers;
pub mod merchant_settings;
pub mod own_books;
pub mod partners;
pub mod payer_account;
pub mod payment_methods;
pub mod payouts;
pub mod proof;
pub mod rate_limits;
pub mod router;
pub mod serve;
pub mod settings;
pub mod staff;
pub mod surcharges;
pub mod sync;
pub mod transactions_csv;
