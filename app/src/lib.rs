//! The whole user interface: one `App` for server and browser, the server functions it calls, and the gate behind them.
//! Decides nothing about money: it asks the engine and shows what it says.

#![recursion_limit = "512"]

pub mod addresses;
pub mod api;
pub mod components;
pub mod fault;
pub mod note;
pub mod pages;
pub mod words;

mod router;

#[cfg(feature = "ssr")]
mod assets;
#[cfg(feature = "ssr")]
mod books_set_up;
#[cfg(feature = "ssr")]
mod configure_tabs;
#[cfg(feature = "ssr")]
pub mod gate;
#[cfg(feature = "ssr")]
mod integrations;
#[cfg(feature = "ssr")]
mod merchant_settings;
#[cfg(feature = "ssr")]
mod own_books;
#[cfg(feature = "ssr")]
mod payer_account;
#[cfg(feature = "ssr")]
mod payment_methods;
#[cfg(feature = "ssr")]
mod payouts;
#[cfg(feature = "ssr")]
mod plain;
#[cfg(feature = "ssr")]
mod plain_parts;
#[cfg(feature = "ssr")]
mod proof;
#[cfg(feature = "ssr")]
mod shell;
#[cfg(feature = "ssr")]
mod surcharge_preview;
#[cfg(feature = "ssr")]
mod surcharge_words;
#[cfg(feature = "ssr")]
mod surcharges;
#[cfg(feature = "ssr")]
mod sync;
#[cfg(feature = "ssr")]
mod tellings;

pub use router::App;
#[cfg(feature = "ssr")]
pub use {
    assets::{Assets, GatewayOrigins},
    books_set_up::{render_accounts, render_on_the_way, render_organisations},
    integrations::{Told, render_integrations},
    merchant_settings::render_merchant_settings,
    own_books::{
        AdvancePage, CreditNotePage, CreditPage, CustomerPage, ImportPage, InvoiceList, InvoicePage, PaymentPage,
        UsePage, render_advance_form, render_credit, render_credit_form, render_credits, render_customer,
        render_customers, render_import, render_invoice_form, render_invoices, render_payment_form, render_statement,
        render_use_form,
    },
    pages::admin::accounting::render_connections,
    payer_account::{render_payer_credits, render_payer_invoice, render_payer_statement},
    payment_methods::render_payment_methods,
    payouts::{render_payout, render_payouts},
    plain::{render_closed, render_fault, render_refusal, render_sandbox_step, render_signed_out, words_of_refusal},
    proof::{ProofFile, render_proof},
    shell::{pod_shell, shell},
    surcharge_preview::render_surcharge_preview,
    surcharges::{SurchargesTold, Trial, render_surcharges},
    sync::render_sync,
};
