//! The pages on which staff keep books of our own. Drawn by the server alone and outside the App: forms without script, which
//! come back with all that was typed where something is to be mended. Nothing of them is in the browser's program.

pub(crate) mod advances;
pub(crate) mod credits;
mod customers;
mod import;
mod invoice_form;
mod invoices;
pub(crate) mod lines;
pub(crate) mod payments;
pub(crate) mod statement;

pub use advances::{AdvancePage, UsePage, render_advance_form, render_use_form};
pub use credits::{CreditNotePage, CreditPage, render_credit, render_credit_form, render_credits};
pub use customers::{CustomerPage, render_customer, render_customers};
pub use import::{ImportPage, render_import};
pub use invoice_form::{InvoicePage, render_invoice_form};
pub use invoices::{InvoiceList, render_invoices};
pub use payments::{PaymentPage, render_payment_form};
pub use statement::render_statement;
