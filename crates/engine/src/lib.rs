//! Use cases, one file each. The only importer of store and connectors; the only place that decides when money moves.

mod accounting_connections;
mod actors;
mod admin_home;
mod advances;
mod api_books;
mod api_payments;
mod api_requests;
mod app_month;
mod ask_books;
mod ask_gateway;
mod audit;
mod audit_facts;
mod audit_rows;
mod audit_words;
mod books_page;
mod books_story;
mod built_in_ledger;
mod card_testing;
mod check_records;
mod choose_accounts;
mod clock;
mod connect_books;
mod connect_words;
mod connection_settings;
mod connections;
mod consent;
mod create_customer;
mod credit_invoice;
mod dashboard;
mod day_totals;
mod debit_returns;
mod debit_words;
mod decide_outcome;
mod differences;
mod disconnect_books;
mod dispute_story;
mod doors;
mod download_books;
mod endpoints;
mod enter_advance;
mod enter_payment;
mod error;
mod events;
mod exception_lines;
mod exceptions;
mod export_transactions;
mod faces;
mod failpoint;
mod figures;
mod founding;
mod gateway_balances;
mod gateways_page;
mod guesses;
mod import_table;
mod installation;
mod integrations;
mod invoice_pdf;
mod invoice_story;
mod jobs;
mod keep_card;
mod keep_customer;
mod keep_document;
mod keep_surplus;
mod live_books;
mod look_for_expiry;
mod look_for_returns;
mod look_up_attempt;
mod mail_invoice;
mod methods;
mod needs_payer;
mod note_in_books;
mod open_checkout;
mod order;
mod own_books;
mod own_documents;
mod own_endpoints;
mod own_statement;
mod passes;
mod payer_account;
mod payment_standing;
mod payment_story;
mod payouts_page;
mod post_again;
mod post_payment;
mod post_refund;
mod prove_payment;
mod prune;
mod quote_checkout;
mod quote_covers;
mod quote_documents;
mod quote_rules;
mod quote_sessions;
mod read_books_news;
mod read_payouts;
mod read_rules;
mod reallocate_payment;
mod receive_webhook;
mod reconcile;
mod refund_payment;
mod refund_story;
mod refused_payment;
mod resolve_link;
mod retry_debit;
mod return_invoice;
mod rotate_webhook_secret;
mod same_order;
mod sandbox_rows;
mod send_authority;
mod send_events;
mod send_mail;
mod set_merchant;
mod set_surcharges;
mod set_up;
mod setter;
mod settle_dispute;
mod settle_method;
mod settle_payment;
mod settle_refund;
mod sign_in;
mod surcharges;
mod sweep_books;
mod sync_books;
mod take_back_payment;
mod take_in_charge;
mod take_in_refund;
mod take_payment;
mod tell_quote;
mod transactions;
mod turnstile;
mod use_credit;
mod verify_books;
mod verify_disputes;
mod verify_gateways;
mod verify_own_books;
mod verify_refunds;
mod verify_trail;
mod work;
mod worker;
mod write_invoice;

pub use advances::Prepay;
pub use api_books::{ApiCredit, ApiCustomer, ApiImported, ApiInvoice, ApiQuery, Listed};
pub use api_payments::{ApiCustomerCredit, ApiPaidHere, ApiPayment};
pub use api_requests::{Asked, RequestError};
pub use choose_accounts::{AccountsForm, AccountsTyped};
pub use clock::Clock;
pub use connect_books::{AskedFor, ConnectOrder, Connected, ConsentAnswer, OrganisationChoice};
pub use connect_words::NoConnection;
pub use connection_settings::{BooksSettings, GatewaySettings};
pub use connections::{
    AuthorizeNetSecret, BooksApps, BooksGrant, BooksSecret, GatewaySecret, GlobalPaymentsSecret, Lane, PayrixSecret,
    StripeSecret,
};
pub use connectors::{
    books::{
        consent::Organisation,
        oauth::Client as BooksApp,
        set_up::{Chart, Choice, Company},
    },
    gateway::Stage,
};
pub use credit_invoice::{CreditForm, CreditLine, CreditOrder, CreditStory};
pub use disconnect_books::LetGo;
pub use download_books::{Download, SyncPass};
pub use enter_advance::{AdvanceForm, AdvanceTyped};
pub use enter_payment::{HandPayment, PaymentForm};
pub use error::{
    ConnectError, EndpointError, Error, ImportError, KeyError, MendError, MethodError, OwnBooksError, QuoteError,
    RefundError, SettingsError, SignInError, TakeError,
};
pub use export_transactions::ExportPart;
pub use figures::{Figures, JobsWaiting, Waiting};
pub use founding::{Founding, NewPayer, OwnStart};
pub use gateways_page::{GatewayCard, GatewayFacts, GatewaysPage, NewsAddress};
pub use import_table::{Does, ImportLine};
pub use integrations::{IntegrationFace, IntegrationsPage, KeyFace};
pub use invoice_pdf::{PdfFile, file_name};
pub use order::{ListQuery, Order, PayHow, RefundOrder, SaveMethod, ToConfirm, postal_code};
pub use own_books::{InvoiceForm, OwnCustomer, OwnInvoice};
pub use own_endpoints::{OwnEndpoint, Tellings};
pub use own_statement::CustomerStatement;
pub use passes::{AdminPass, ApiPass, BooksPass, GuestPass, OperatorPass, PayerPass, QuotePass};
pub use payer_account::{KnownAccount, PayerCredit, PayerInvoice, PayerStatement};
pub use payouts_page::{FOREIGN, PayoutFace, PayoutLineFace, PayoutOurs, PayoutStory};
pub use quote_rules::{QuoteRulesChange, QuoteRulesTyped};
pub use quote_sessions::{OpenedSession, PaidWith, SessionFailure, SessionResult};
pub use read_rules::{RulesError, WrongRule, read_rules};
pub use receive_webhook::NotTaken;
pub use resolve_link::PayNowLink;
pub use rotate_webhook_secret::{WebhookSecretChange, WebhookSecretError};
pub use sandbox_rows::SandboxStep;
pub use set_merchant::{MerchantChange, MerchantSettings};
pub use set_surcharges::{RulesPreview, SetRulesError, SurchargesPage, Tried};
pub use sign_in::SignedIn;
pub use store::{BadKeyRing, Endpoint, KeyRing, Merchant, NewMerchant, QuoteRules};
pub use use_credit::{CreditOf, CustomerCredit, UseForm, UsedCredit};
pub use verify_books::Verified;
pub use worker::Worker;
pub use write_invoice::Draft;

use chrono::TimeDelta;
use connectors::{HttpClient, Timeouts, endpoint::EventSender, gateway::AFTERWORK_MAX};
use domain::asking::LOOK_UP_AFTER;
use secrecy::{ExposeSecret, SecretString};
use std::{sync::Arc, thread::available_parallelism, time::Duration};
use store::{Store, Throttle};
use tokio::sync::{Notify, RwLock, Semaphore};

const VENDOR_TIMEOUTS: Timeouts = Timeouts { connect: Duration::from_secs(5), total: Duration::from_secs(15) };
/// A partner's server is no vendor: what it has to do it may do after its answer.
const ENDPOINT_TIMEOUTS: Timeouts = Timeouts { connect: Duration::from_secs(5), total: Duration::from_secs(10) };
/// The first look-up of a charge waits until it is over, or may have been broken off.
const _: () = {
    let over = VENDOR_TIMEOUTS.total.as_secs() + AFTERWORK_MAX.as_secs();
    assert!(LOOK_UP_AFTER.num_seconds() > over.cast_signed());
};
/// Whoever asks for the health is told of a disk that is full as soon as this, and makes no more writes than that.
const WRITTEN_LATELY: Throttle = Throttle::remember(TimeDelta::seconds(10));
/// Each Argon2 run takes 19 MiB and a core: more at once than there are cores would only slow one another down.
const PASSWORD_CHECKS_AT_ONCE_MAX: usize = 4;

/// What the installation is told.
#[derive(Clone, Debug)]
pub struct Settings {
    /// `https://pay.example.com`, without a slash at the end: where gateways and mails lead back to.
    pub public_url: String,
    /// The brand shown to users.
    pub brand: String,
    /// Absent: mails are kept and shown under Admin > Mail.
    pub smtp_url: Option<SecretString>,
    pub mail_from: String,
    /// Off in load tests alone.
    pub hold_rates: bool,
    /// The books are called no more often than they take. Off in load tests alone, whose books have no limits.
    pub hold_books: bool,
    /// Events may be sent into private networks, and to this machine by plain http.
    pub private_endpoints: bool,
    /// By which merchants' staff connect their books.
    pub books_apps: BooksApps,
}

/// The use cases of one installation; cheap to clone.
#[derive(Clone)]
pub struct Engine(Arc<Inner>);

struct Inner {
    store: Store,
    clock: Clock,
    settings: Settings,
    http: HttpClient,
    events: EventSender,
    /// Rung when a job was queued, so that the worker of this process need not wait for its next look.
    bell: Notify,
    password_checks: Arc<Semaphore>,
    mailer: Option<send_mail::Mailer>,
    rounds: worker::Rounds,
    sweeps: worker::Rounds,
    seals: worker::Rounds,
    tellings: worker::Rounds,
    prunings: worker::Rounds,
    asking: ask_books::Asking,
    looks: payment_standing::Looks,
    under_way: card_testing::UnderWay,
    set_ups: set_up::SetUps,
    turnstiles: turnstile::Turnstiles,
    /// The worker reads, the demo's reset writes: it takes the tables away and makes them anew.
    tables: Arc<RwLock<()>>,
}

impl Engine {
    /// Opens the database at `sqlite://…` or `postgres://…`; [`Engine::migrate`] brings it up to date.
    ///
    /// # Errors
    /// A database that does not answer, a mail server's address that cannot be one, a machine without TLS roots.
    pub async fn open(
        database_url: &SecretString,
        keys: KeyRing,
        clock: Clock,
        settings: Settings,
    ) -> Result<Self, Error> {
        let store = Store::open(database_url.expose_secret(), keys).await?;
        let mailer = settings.smtp_url.as_ref().map(|url| send_mail::Mailer::new(url, &settings.mail_from));
        let mailer = mailer.transpose()?;
        let (hold_rates, cores) = (settings.hold_rates, available_parallelism().map_or(1, usize::from));
        let http = HttpClient::new(VENDOR_TIMEOUTS).map_err(|e| Error::SetUp(e.to_string()))?;
        let events = EventSender::new(ENDPOINT_TIMEOUTS, settings.private_endpoints);
        let events = events.map_err(|e| Error::SetUp(e.to_string()))?;
        Ok(Self(Arc::new(Inner {
            store,
            clock,
            settings,
            http,
            events,
            bell: Notify::new(),
            password_checks: Arc::new(Semaphore::new(cores.min(PASSWORD_CHECKS_AT_ONCE_MAX))),
            mailer,
            rounds: worker::Rounds::default(),
            sweeps: worker::Rounds::default(),
            seals: worker::Rounds::default(),
            tellings: worker::Rounds::default(),
            prunings: worker::Rounds::default(),
            asking: ask_books::Asking::new(hold_rates),
            looks: payment_standing::Looks::default(),
            under_way: card_testing::UnderWay::default(),
            set_ups: set_up::SetUps::default(),
            turnstiles: turnstile::Turnstiles::new(),
            tables: Arc::default(),
        })))
    }

    /// # Errors
    /// A migration that fails; nothing stays of those that were due with it.
    pub async fn migrate(&self) -> Result<(), Error> {
        Ok(self.store().migrate().await?)
    }

    #[must_use]
    pub fn brand(&self) -> &str {
        &self.0.settings.brand
    }

    /// The database answers, its schema is this version's, and it could be written a moment ago.
    ///
    /// # Errors
    /// It does not, or could not ([`Error::is_unwritable`]).
    pub async fn ready(&self) -> Result<(), Error> {
        self.store().ready().await?;
        self.store().throttle_count("written", WRITTEN_LATELY, self.now()).await?;
        Ok(())
    }

    pub(crate) fn store(&self) -> &Store {
        &self.0.store
    }

    pub(crate) fn clock(&self) -> &Clock {
        &self.0.clock
    }

    pub(crate) fn now(&self) -> chrono::DateTime<chrono::Utc> {
        self.0.clock.now()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mail_servers_password_never_prints() {
        let settings = Settings {
            public_url: "https://pay.example.com".into(),
            brand: "Wise-Pay".into(),
            smtp_url: Some("smtps://mailer:hunter2@mail.example".into()),
            mail_from: "no-reply@pay.example.com".into(),
            hold_rates: true,
            hold_books: true,
            private_endpoints: false,
            books_apps: BooksApps::default(),
        };
        assert!(!format!("{settings:?}").contains("hunter2"));
    }
}
