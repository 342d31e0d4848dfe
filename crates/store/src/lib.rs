//! The database. Entities are private to this crate, so outside it no query without a merchant compiles: whoever wants
//! rows needs a [`MerchantDb`], and those come from [`doors`] alone.
//!
//! ```
//! async fn found(store: store::Store, new: store::NewMerchant) -> Result<store::MerchantDb, store::Error> {
//!     store.merchant_found(new, chrono::DateTime::UNIX_EPOCH).await
//! }
//! ```
//!
//! A table cannot be reached:
//!
//! ```compile_fail,E0603
//! use store::invoices::Entity;
//! ```
//!
//! A scope cannot be made up, neither from an id nor from a job that nobody claimed or a session that nobody started:
//!
//! ```compile_fail,E0624
//! fn forge(store: store::Store, id: domain::ids::MerchantId) -> store::MerchantDb {
//!     store::MerchantDb::new(id, store)
//! }
//! ```
//! ```compile_fail,E0639
//! fn forge(job: store::Job, id: domain::ids::MerchantId) -> store::Job {
//!     store::Job { merchant_id: id, ..job }
//! }
//! ```
//! ```compile_fail,E0639
//! fn forge(session: store::Session, id: domain::ids::MerchantId) -> store::Session {
//!     store::Session { merchant_id: Some(id), ..session }
//! }
//! ```

mod advance_uses;
mod advances;
mod app_reads;
mod attempt_records;
mod attempts;
mod audit;
mod audit_trail;
mod authorities;
mod books_entries;
mod budgets;
mod checkout_reads;
mod checkouts;
mod connect;
mod connections;
mod consents;
mod credit_allocations;
mod credit_lines;
mod credit_notes;
mod customers;
mod debits;
mod deliveries;
mod disputes;
mod documents;
mod doors;
mod endpoints;
mod error;
mod events;
mod exceptions;
mod facts;
mod figures;
mod grant_requests;
mod integration_keys;
mod integration_requests;
mod integrations;
mod invoice_lists;
mod invoices;
mod jobs;
mod ledger;
mod ledger_invoices;
mod ledger_lines;
mod ledger_payments;
mod ledger_series;
mod letterheads;
mod mails;
mod merchants;
mod methods;
mod part;
mod pay_links;
mod payment_lists;
mod payments;
mod payouts;
mod people;
mod quote_covers;
mod quote_documents;
mod quote_rules;
mod quote_sessions;
mod quotes;
mod refunds;
mod scope;
mod sealed;
mod sessions;
mod step_answers;
mod surcharges;
mod sync_open;
mod syncs;
mod taken_in;
mod throttle;
mod tries_in_vain;
mod webhooks;

pub use advance_uses::AdvanceUse;
pub use attempt_records::AttemptRecord;
pub use attempts::Attempt;
pub use audit_trail::{AuditHead, AuditLine, AuditSlip, NewSlip};
pub use authorities::Authority;
pub use books_entries::{BooksEntry, BooksEntryState};
pub use checkout_reads::CheckoutRead;
pub use checkouts::{Checkout, CheckoutInvoice};
pub use connect::Store;
pub use connections::{ConnectionState, Model as Connection, NewConnection};
pub use consents::Consent;
pub use credit_allocations::CreditAllocation;
pub use credit_lines::CreditNoteLine;
pub use credit_notes::CreditNote;
pub use customers::Model as Customer;
pub use deliveries::{Delivery, DeliveryState};
pub use disputes::{Dispute, undisputed_of};
pub use documents::Document;
pub use doors::{IntegrationDoor, PlaceDoor};
pub use endpoints::Endpoint;
pub use error::Error;
pub use events::{EventRow, NewEvent};
pub use exceptions::{Exception, ExceptionState};
pub use facts::{Observed, ObservedDispute, ObservedRefund};
pub use figures::JobFigure;
pub use grant_requests::Model as GrantRequest;
pub use integration_keys::{IntegrationKey, SubKey};
pub use integration_requests::IntegrationRequest;
pub use integrations::Integration;
pub use invoice_lists::{InvoiceFilter, Sum};
pub use invoices::Model as Invoice;
pub use jobs::{JobState, Model as Job, NewJob};
pub use ledger::{Moved, PostingWithKind};
pub use ledger_invoices::{LedgerInvoice, NewLedgerInvoice};
pub use ledger_lines::LedgerLine;
pub use ledger_payments::{Entered, LedgerPayment, NewLedgerPayment};
pub use ledger_series::LedgerSeries;
pub use mails::{MailState, Model as Mail, NewMail};
pub use merchants::{Model as Merchant, NewMerchant};
pub use methods::Method;
pub use part::Part;
pub use pay_links::Model as PayLink;
pub use payment_lists::PaymentFilter;
pub use payments::{Allocation, NewAttempt, NewRetry, Opened, Payment};
pub use payouts::{Payout, PayoutLine};
pub use people::{Payer, Person, PlaceRow};
pub use quote_covers::{QuoteCover, QuoteCoverState};
pub use quote_documents::{QuoteDocument, QuoteDocumentState};
pub use quote_rules::QuoteRules;
pub use quote_sessions::QuoteSession;
pub use quotes::Quote;
pub use refunds::{OpenedRefund, Refund, RefundEntry, TakenIn, left_to_refund};
pub use scope::{MerchantDb, MerchantTx};
pub(crate) use sealed::Sealed;
pub use sealed::{BadKeyRing, KeyRing};
pub use sessions::{Model as Session, TokenHash};
pub use surcharges::surcharge_invoice;
pub use syncs::{Model as SyncRow, SyncKind};
pub use taken_in::PaymentTakenIn;
pub use throttle::Throttle;
pub use tries_in_vain::{Fruitless, TriesInVain};
pub use webhooks::{Model as Webhook, NewWebhook, WebhookState};
