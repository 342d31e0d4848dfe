//! The adapters against the vendors' wire: the simulators for how vendors behave, a scripted stub for how they should
//! not, and the vendors' own contracts for what we send.

#![expect(clippy::unwrap_used, reason = "a test may fail where it stands")]

mod authorizenet_contract;
mod authorizenet_debits;
mod authorizenet_fuzz;
mod authorizenet_golden;
mod authorizenet_methods;
mod authorizenet_odd;
mod authorizenet_refunds;
mod books_set_up;
mod contracts;
mod customers_in_books;
mod endpoint;
mod gateway_contract;
mod globalpayments_contract;
mod globalpayments_fuzz;
mod globalpayments_wire;
mod log;
mod partners_fuzz;
mod payrix;
mod payrix_fuzz;
mod quickbooks_contract;
mod quickbooks_fuzz;
mod quickbooks_odd;
mod quickbooks_refunds;
mod quickbooks_wire;
mod quotes_in_books;
mod quotes_in_quickbooks;
mod quotes_in_xero;
mod rig;
mod sandbox;
mod sim;
mod stripe_contract;
mod stripe_debits;
mod stripe_disputes;
mod stripe_fuzz;
mod stripe_methods;
mod stripe_odd;
mod stripe_refunds;
mod stub;
mod toll;
mod world;
mod xero_contract;
mod xero_fuzz;
mod xero_invoices;
mod xero_odd;
