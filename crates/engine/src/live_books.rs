//! Books behind an access token that runs out: refreshes it once, by one node alone, and asks again.

use crate::{
    BooksSecret, BooksSettings, Engine, Error, Lane,
    app_month::app_key,
    audit::{Actor, Audited},
    failpoint,
    set_up::Route,
    turnstile::Errand,
};
use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use connectors::books::{
    Advances, ApplyCredit, Books, BooksError, BooksPayment, ChangesPage, NewCustomer, NewInvoice, OpenPage,
    PostPayment, PostRefund, Posted, PostedRefund, QuoteCredit, TokenSet,
    consent::Provider,
    oauth::{self, Client},
    quickbooks::{self, QuickBooks, QuickBooksConfig},
    set_up::{BooksSetUp, Chart, Company},
    xero::{self, Xero, XeroConfig, advances},
};
use domain::{
    governor::{Limits, Month, Queue},
    invoice::{BooksCustomer, BooksInvoice},
};
use secrecy::ExposeSecret;
use std::time::Duration;
use store::{Connection, ConnectionState, MerchantDb};

/// A token this close to its end is refreshed before it is used.
const REFRESH_BEFORE: TimeDelta = TimeDelta::seconds(60);
/// A node that died while refreshing keeps others waiting no longer than this.
const REFRESH_LEASE: TimeDelta = TimeDelta::seconds(30);
/// What a stopped lane has waiting is looked at again this often.
const STOPPED_GAP: TimeDelta = TimeDelta::minutes(2);
/// Why nothing is asked of them.
pub(crate) const STOPPED: &str = "their connection has been stopped";
const REFRESH_WAIT_STEP: Duration = Duration::from_millis(100);
const REFRESH_WAIT_STEPS: u32 = 100;

#[derive(Clone)]
pub(crate) struct LiveBooks {
    engine: Engine,
    db: MerchantDb,
    /// Whose credentials are used.
    connection: Connection,
    /// Whose state is kept: the lane's own, where it has one.
    lane: Connection,
    is_stopped: bool,
    /// Staff have let go of it: there is nothing to call with.
    is_cut: bool,
    settings: BooksSettings,
    errand: Errand,
}

impl LiveBooks {
    pub(crate) fn new(engine: Engine, db: MerchantDb, route: Route, settings: BooksSettings, errand: Errand) -> Self {
        let (is_stopped, is_cut) = (route.is_stopped(), route.is_cut());
        Self { engine, db, connection: route.credentials, lane: route.lane, is_stopped, is_cut, settings, errand }
    }

    /// The organisation's name: whether the connection works at all, also where it was stopped. `anew`: with a fresh token,
    /// whatever there is.
    pub(crate) async fn tried(&self, anew: bool) -> Result<String, BooksError> {
        let called = async {
            let books = if anew { self.refreshed().await? } else { self.opened().await? };
            match books.organisation().await {
                Err(BooksError::TokenExpired) if !anew => self.refreshed().await?.organisation().await,
                answer => answer,
            }
        };
        let answer = called.await;
        self.heed(&answer).await;
        answer
    }

    /// Whose books they are, and what may be chosen there; also where nothing has been chosen yet.
    pub(crate) async fn set_up_reads(&self) -> Result<(Company, Chart), BooksError> {
        let called = async {
            match read_set_up(&*self.opened().await?).await {
                Err(BooksError::TokenExpired) => read_set_up(&*self.refreshed().await?).await,
                answer => answer,
            }
        };
        let answer = called.await;
        self.heed(&answer).await;
        answer
    }

    /// Leaves the organisation at the vendor. A fresh token tells whether there is anything left to leave.
    pub(crate) async fn leave(&self) -> Result<(), BooksError> {
        match self.refreshed().await {
            Err(BooksError::Disconnected(_)) => return Ok(()),
            fresh => drop(fresh?),
        }
        let provider = Provider::of(self.settings.provider()).ok_or_else(tokenless)?;
        let organisation = self.settings.organisation_id().ok_or_else(tokenless)?;
        let current = self.db.connection(self.connection.id).await.map_err(unreadable)?;
        let BooksSecret { client_id, client_secret, refresh_token, access_token, expires_at, .. } =
            self.secret(&current).map_err(unreadable)?;
        let client = Client { id: client_id, secret: client_secret };
        let tokens = TokenSet { access_token, refresh_token, expires_at };
        let vendor = self.engine.0.settings.books_apps.vendor(provider);
        vendor.leave(&self.engine.0.http, &client, &tokens, organisation).await
    }

    pub(crate) const fn settings(&self) -> &BooksSettings {
        &self.settings
    }

    /// By what the vendor counts its calls.
    pub(crate) fn budget_key(&self) -> Result<String, Error> {
        Ok(self.settings.budget_key(&self.client_id()?))
    }

    /// How many calls the vendor takes.
    pub(crate) const fn limits(&self) -> Limits {
        self.settings.limits()
    }

    /// What its app has read this month, where that is metered.
    pub(crate) async fn month(&self) -> Result<Option<Month>, Error> {
        let Some(of) = self.limits().app_month else { return Ok(None) };
        let app = app_key(self.settings.provider(), &self.client_id()?);
        Ok(Some(self.engine.store().app_reads(&app, of, self.engine.now()).await?))
    }

    pub(crate) fn client_id(&self) -> Result<String, Error> {
        Ok(self.secret(&self.connection)?.client_id)
    }

    /// When the access token was made, once there was one.
    pub(crate) fn token_made_at(&self) -> Result<Option<DateTime<Utc>>, Error> {
        let life = match self.settings {
            BooksSettings::QuickBooks { .. } => quickbooks::TOKEN_LIFE,
            BooksSettings::Xero { .. } | BooksSettings::BuiltIn => xero::TOKEN_LIFE,
        };
        let ends_at = self.secret(&self.connection)?.expires_at;
        Ok((ends_at > DateTime::UNIX_EPOCH).then(|| ends_at - life))
    }

    fn refuse_stopped(&self) -> Result<(), BooksError> {
        match self.errand.queue {
            _ if !self.is_stopped => Ok(()),
            Queue::Jobs(_) | Queue::Pages => Err(BooksError::NotNow { until: self.engine.now() + STOPPED_GAP }),
            Queue::People => Err(BooksError::Unreachable(STOPPED.into())),
        }
    }

    fn refuse_cut(&self) -> Result<(), BooksError> {
        if self.is_cut { Err(BooksError::Unreachable(STOPPED.into())) } else { Ok(()) }
    }

    fn secret(&self, connection: &Connection) -> Result<BooksSecret, Error> {
        Ok(serde_json::from_str(self.db.connection_secret(connection)?.expose_secret())?)
    }

    fn adapter(&self, secret: BooksSecret) -> Result<Box<dyn BooksSetUp>, BooksError> {
        // A client of a lane's own spares people only where calls are counted by client.
        let people_here = match self.settings {
            BooksSettings::QuickBooks { .. } => true,
            BooksSettings::Xero { .. } | BooksSettings::BuiltIn => self.connection.lane == Lane::UserAction.name(),
        };
        adapter(&self.engine, &self.settings, secret, &self.errand, people_here)
    }

    async fn ready(&self) -> Result<Box<dyn BooksSetUp>, BooksError> {
        self.refuse_stopped()?;
        self.opened().await
    }

    /// The adapter with a token that should still be good.
    async fn opened(&self) -> Result<Box<dyn BooksSetUp>, BooksError> {
        self.refuse_cut()?;
        let secret = self.secret(&self.connection).map_err(unreadable)?;
        if secret.expires_at - self.engine.now() > REFRESH_BEFORE {
            return self.adapter(secret);
        }
        self.refreshed().await
    }

    /// The adapter after a refresh. A task of its own: a visitor who hangs up must not break off what has used up the
    /// refresh token half-way.
    async fn refreshed(&self) -> Result<Box<dyn BooksSetUp>, BooksError> {
        self.refuse_cut()?;
        let books = self.clone();
        let refresh = tokio::spawn(async move { books.refreshed_once().await });
        refresh.await.unwrap_or_else(|crash| Err(unreadable(crash)))
    }

    /// Ours, or that of whoever was faster: two uses of one refresh token break the grant.
    async fn refreshed_once(&self) -> Result<Box<dyn BooksSetUp>, BooksError> {
        let (id, version, now) = (self.connection.id, self.connection.secret_version, self.engine.now());
        let tx = self.db.begin().await.map_err(unreadable)?;
        let mine = tx.connection_lease_refresh(id, version, now, now + REFRESH_LEASE).await.map_err(unreadable)?;
        tx.commit().await.map_err(unreadable)?;
        if mine {
            return self.refresh(version).await;
        }
        for _ in 0..REFRESH_WAIT_STEPS {
            let current = self.db.connection(id).await.map_err(unreadable)?;
            if current.secret_version != version {
                return self.adapter(self.secret(&current).map_err(unreadable)?);
            }
            tokio::time::sleep(REFRESH_WAIT_STEP).await;
        }
        Err(BooksError::Unreachable("another node has not finished refreshing the access token".into()))
    }

    async fn refresh(&self, version: i32) -> Result<Box<dyn BooksSetUp>, BooksError> {
        let (BooksSettings::Xero { token_url, .. } | BooksSettings::QuickBooks { token_url, .. }) = &self.settings
        else {
            return Err(tokenless());
        };
        let old = self.secret(&self.connection).map_err(unreadable)?;
        let (http, now) = (&self.engine.0.http, self.engine.now());
        let fresh = oauth::refresh(http, token_url, &old.client_id, &old.client_secret, &old.refresh_token, now).await;
        let fresh = match fresh {
            Ok(fresh) => fresh,
            Err(cause) => {
                let tx = self.db.begin().await.map_err(unreadable)?;
                tx.connection_lease_end(self.connection.id, version).await.map_err(unreadable)?;
                tx.commit().await.map_err(unreadable)?;
                return Err(cause);
            }
        };
        // Who dies here leaves the pair that nobody has kept: the one of before is good for a while yet (1.2.2).
        failpoint::reach("after_token_refresh");
        let secret = BooksSecret {
            refresh_token: fresh.refresh_token,
            access_token: fresh.access_token,
            expires_at: fresh.expires_at,
            ..old
        };
        // Stored before it is used: a crash in between must not lose the only refresh token.
        let tx = self.db.begin().await.map_err(unreadable)?;
        let replaced = tx.connection_secret_replace(self.connection.id, version, &secret.to_json()).await;
        if !replaced.map_err(unreadable)? {
            // Our lease ran out, and somebody else's token stands.
            return Err(BooksError::Unreachable("another node has refreshed the access token meanwhile".into()));
        }
        tx.commit().await.map_err(unreadable)?;
        self.engine.forget_set_up(self.db.merchant_id());
        self.adapter(secret)
    }

    /// Keeps what a call says about the connection itself, when it is news: the admin must see that it needs a person.
    async fn heed<T>(&self, answer: &Result<T, BooksError>) {
        let (state, why) = match answer {
            Ok(_) => (ConnectionState::Working, None),
            Err(BooksError::Disconnected(why)) => (ConnectionState::Broken, Some(why.as_str())),
            Err(_) => return,
        };
        if state == self.lane.state {
            return;
        }
        if let Err(cause) = self.keep_state(state, why).await {
            tracing::warn!(connection.id = %self.lane.id, %cause, "The state of the books could not be kept.");
        }
        self.engine.forget_set_up(self.db.merchant_id());
    }

    async fn keep_state(&self, state: ConnectionState, why: Option<&str>) -> Result<(), Error> {
        let connection = self.lane.id;
        let moved = match state {
            ConnectionState::Working => Audited::ConnectionWorks { connection },
            // What staff have let go of is not heeded.
            ConnectionState::Broken | ConnectionState::Disconnected => Audited::ConnectionBroken { connection },
        };
        let tx = self.db.begin().await?;
        let (lane, used) = (tx.connection(connection).await?, tx.connection(self.connection.id).await?);
        // Staff have let go of it, or have connected it again, while this call was under way.
        let is_old = state == ConnectionState::Broken && used.secret_version != self.connection.secret_version;
        if is_old || [lane, used].iter().any(|row| row.state == ConnectionState::Disconnected) {
            return Ok(());
        }
        tx.connection_state(connection, state, why).await?;
        tx.audit_add(moved.slip(None, Actor::Portal, self.engine.now())?).await?;
        if state == ConnectionState::Broken {
            let token = self.connection.secret_version;
            self.engine.add_broken_mail(&tx, &self.lane, token, why.unwrap_or_default()).await?;
        }
        Ok(tx.commit().await?)
    }
}

/// The adapter of these books with one token, whether they are a connection's or not yet. `people_here`: people call by the
/// same budget.
pub(crate) fn adapter(
    engine: &Engine,
    settings: &BooksSettings,
    secret: BooksSecret,
    errand: &Errand,
    people_here: bool,
) -> Result<Box<dyn BooksSetUp>, BooksError> {
    let (key, app) = (settings.budget_key(&secret.client_id), app_key(settings.provider(), &secret.client_id));
    let toll = engine.toll(key, app, settings.limits(), errand.clone(), people_here);
    let (http, access_token) = (engine.0.http.clone(), secret.access_token);
    match settings.clone() {
        BooksSettings::Xero {
            api_base,
            tenant_id,
            clearing_account,
            clearing_is_bank,
            prepayment_account,
            zero_tax,
            token_url: _,
            writes_notes: _,
        } => {
            let config = XeroConfig {
                api_base,
                tenant_id,
                clearing_account,
                clearing_is_bank,
                prepayment_account,
                zero_tax,
                access_token,
                toll,
            };
            Ok(Box::new(Xero::new(http, config)))
        }
        BooksSettings::QuickBooks {
            api_base,
            realm_id,
            clearing_account,
            prepayment_account,
            home_currency,
            token_url: _,
        } => {
            let config = QuickBooksConfig {
                api_base,
                realm_id,
                clearing_account,
                prepayment_account,
                home_currency,
                access_token,
                now: engine.now(),
                toll,
            };
            Ok(Box::new(QuickBooks::new(http, config)))
        }
        BooksSettings::BuiltIn => Err(tokenless()),
    }
}

async fn read_set_up(books: &dyn BooksSetUp) -> Result<(Company, Chart), BooksError> {
    let company = books.company().await?;
    let chart = books.chart(&company).await?;
    Ok((company, chart))
}

fn tokenless() -> BooksError {
    BooksError::Disconnected("these books need no token".into())
}

/// Our own side failed; for the caller the books cannot be asked now.
fn unreadable(cause: impl std::error::Error) -> BooksError {
    BooksError::Unreachable(format!("the connection cannot be read: {cause}"))
}

/// Calls once, and once more with a fresh token when the first was not accepted.
macro_rules! with_fresh_token {
    ($self:ident, $books:ident => $call:expr) => {{
        let called = async {
            let $books = $self.ready().await?;
            match $call.await {
                Err(BooksError::TokenExpired) => {
                    let $books = $self.refreshed().await?;
                    $call.await
                }
                answer => answer,
            }
        };
        let answer = called.await;
        $self.heed(&answer).await;
        answer
    }};
}

#[async_trait]
impl Books for LiveBooks {
    fn name(&self) -> &'static str {
        self.settings.name()
    }

    fn advances(&self) -> Advances {
        match &self.settings {
            BooksSettings::Xero { clearing_is_bank, prepayment_account, .. } => {
                advances(*clearing_is_bank, prepayment_account.as_deref())
            }
            BooksSettings::QuickBooks { prepayment_account, .. } => quickbooks::advances(prepayment_account.as_deref()),
            BooksSettings::BuiltIn => Advances::default(),
        }
    }

    fn drafts_credit(&self) -> bool {
        matches!(self.settings, BooksSettings::Xero { .. })
    }

    async fn organisation(&self) -> Result<String, BooksError> {
        with_fresh_token!(self, books => books.organisation())
    }

    async fn changes(&self, cursor: Option<&str>) -> Result<ChangesPage, BooksError> {
        with_fresh_token!(self, books => books.changes(cursor))
    }

    async fn open_invoices(&self, cursor: Option<&str>) -> Result<OpenPage, BooksError> {
        with_fresh_token!(self, books => books.open_invoices(cursor))
    }

    async fn customers(&self, external_ids: &[String]) -> Result<Vec<BooksCustomer>, BooksError> {
        with_fresh_token!(self, books => books.customers(external_ids))
    }

    async fn make_customer(&self, customer: &NewCustomer) -> Result<BooksCustomer, BooksError> {
        with_fresh_token!(self, books => books.make_customer(customer))
    }

    async fn invoice(&self, external_id: &str) -> Result<BooksInvoice, BooksError> {
        with_fresh_token!(self, books => books.invoice(external_id))
    }

    async fn invoice_by_number(&self, number: &str) -> Result<BooksInvoice, BooksError> {
        with_fresh_token!(self, books => books.invoice_by_number(number))
    }

    async fn invoice_pdf(&self, external_id: &str) -> Result<Vec<u8>, BooksError> {
        with_fresh_token!(self, books => books.invoice_pdf(external_id))
    }

    async fn raise_invoice(&self, invoice: &NewInvoice) -> Result<BooksInvoice, BooksError> {
        with_fresh_token!(self, books => books.raise_invoice(invoice))
    }

    async fn void_invoice(&self, external_id: &str) -> Result<BooksInvoice, BooksError> {
        with_fresh_token!(self, books => books.void_invoice(external_id))
    }

    async fn find_payment(&self, payment: &PostPayment) -> Result<Option<Posted>, BooksError> {
        with_fresh_token!(self, books => books.find_payment(payment))
    }

    async fn take_back_payment(&self, payment: &PostPayment) -> Result<Option<BooksInvoice>, BooksError> {
        with_fresh_token!(self, books => books.take_back_payment(payment))
    }

    async fn post_payment(&self, payment: &PostPayment) -> Result<Posted, BooksError> {
        with_fresh_token!(self, books => books.post_payment(payment))
    }

    async fn post_refund(&self, refund: &PostRefund) -> Result<PostedRefund, BooksError> {
        with_fresh_token!(self, books => books.post_refund(refund))
    }

    async fn take_back_refund(&self, refund: &PostRefund) -> Result<(), BooksError> {
        with_fresh_token!(self, books => books.take_back_refund(refund))
    }

    async fn note_invoice(&self, external_id: &str, words: &str) -> Result<(), BooksError> {
        with_fresh_token!(self, books => books.note_invoice(external_id, words))
    }

    async fn draft_credit(&self, payment: &PostPayment) -> Result<(), BooksError> {
        with_fresh_token!(self, books => books.draft_credit(payment))
    }

    async fn drop_draft_credit(&self, payment: &PostPayment) -> Result<(), BooksError> {
        with_fresh_token!(self, books => books.drop_draft_credit(payment))
    }

    async fn quote_credit(&self, payment: &PostPayment) -> Result<Option<QuoteCredit>, BooksError> {
        with_fresh_token!(self, books => books.quote_credit(payment))
    }

    async fn apply_credit(&self, credit: &ApplyCredit) -> Result<BooksInvoice, BooksError> {
        with_fresh_token!(self, books => books.apply_credit(credit))
    }

    async fn payments_since(&self, since: DateTime<Utc>) -> Result<Vec<BooksPayment>, BooksError> {
        with_fresh_token!(self, books => books.payments_since(since))
    }
}
