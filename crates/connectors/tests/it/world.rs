//! What all tests share: a client, a gateway and books set up against any address, and one request to send.

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use connectors::{
    HttpClient, Timeouts,
    books::{
        Advance, Books, BooksError, Next, PostPayment, PostRefund,
        quickbooks::{QuickBooks, QuickBooksConfig},
        toll::NoToll,
        xero::{Xero, XeroConfig},
    },
    gateway::{
        ChargeHow, ChargeRequest, Found, GatewayError, KeepRequest, LookUp, RefundLookUp, RefundRequest, StoreRequest,
        authorizenet::{AuthorizeNet, AuthorizeNetConfig},
        globalpayments::{GlobalPayments, GlobalPaymentsConfig},
        payrix::{Payrix, PayrixConfig},
        stripe::{Stripe, StripeConfig},
    },
};
use domain::{
    advance::{AdvanceKind, quote_numbers},
    ids::{AttemptId, CustomerId, MethodId, RefundId},
    invoice::{BooksCustomer, BooksInvoice},
    method::MethodKind,
    money::{Currency, Money},
};
use std::{sync::Arc, time::Duration};
use uuid::Uuid;

/// Shorter than any hold of the simulators, longer than any honest answer of theirs.
pub const TOTAL: Duration = Duration::from_secs(3);

pub fn http() -> HttpClient {
    // The second test of this process finds it installed.
    let _ = rustls::crypto::ring::default_provider().install_default();
    HttpClient::new(Timeouts { connect: Duration::from_secs(1), total: TOTAL }).unwrap()
}

pub fn stripe_config(base_url: &str, now: DateTime<Utc>) -> StripeConfig {
    StripeConfig {
        base_url: base_url.to_owned(),
        secret_key: simulators::facts::stripe::PORTAL_SECRET_KEY.into(),
        publishable_key: simulators::facts::stripe::PORTAL_PUBLISHABLE_KEY.to_owned(),
        webhook_secrets: vec![simulators::facts::stripe::PORTAL_WEBHOOK_SECRET.into()],
        script_url: "https://js.stripe.com/v3/".to_owned(),
        clock: Arc::new(move || now),
    }
}

pub fn stripe(base_url: &str, now: DateTime<Utc>) -> Stripe {
    Stripe::new(http(), stripe_config(base_url, now))
}

pub fn authorizenet_config(api_url: &str, now: DateTime<Utc>) -> AuthorizeNetConfig {
    use simulators::facts::authorizenet as keys;
    AuthorizeNetConfig {
        api_url: api_url.to_owned(),
        page_url: "https://accept.authorize.net/payment/payment".to_owned(),
        login: keys::PORTAL_LOGIN.to_owned(),
        transaction_key: keys::PORTAL_TRANSACTION_KEY.into(),
        client_key: keys::PORTAL_CLIENT_KEY.to_owned(),
        signature_keys: vec![keys::PORTAL_SIGNATURE_KEY.into()],
        script_url: "https://js.authorize.net/v3/AcceptUI.js".to_owned(),
        currency: Currency::USD,
        clock: Arc::new(move || now),
    }
}

pub fn authorizenet(api_url: &str, now: DateTime<Utc>) -> AuthorizeNet {
    AuthorizeNet::new(http(), authorizenet_config(api_url, now))
}

pub fn globalpayments(base_url: &str, now: DateTime<Utc>) -> GlobalPayments {
    use simulators::facts::globalpayments as keys;
    let config = GlobalPaymentsConfig {
        base_url: base_url.to_owned(),
        app_id: keys::PORTAL_APP_ID.to_owned(),
        app_key: keys::PORTAL_APP_KEY.into(),
        account_name: keys::ACCOUNT_NAME.to_owned(),
        link_account_name: keys::LINK_ACCOUNT_NAME.to_owned(),
        country: "US".to_owned(),
        status_url: "http://127.0.0.1:9/webhooks/globalpayments/con_1".to_owned(),
        clock: Arc::new(move || now),
    };
    GlobalPayments::new(http(), config)
}

/// `auth_url` is that of the sign-in, `base_url` that of everything else.
pub fn payrix(auth_url: &str, base_url: &str, now: DateTime<Utc>) -> Payrix {
    use simulators::facts::payrix as keys;
    let config = PayrixConfig {
        auth_url: auth_url.to_owned(),
        base_url: base_url.to_owned(),
        business_id: keys::BUSINESS_ID.to_owned(),
        username: keys::PORTAL_USERNAME.to_owned(),
        password: keys::PORTAL_PASSWORD.into(),
        currency: Currency::AUD,
        clock: Arc::new(move || now),
    };
    Payrix::new(http(), config)
}

/// An address where nobody listens.
pub async fn nobody() -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    format!("http://{}", listener.local_addr().unwrap())
}

pub fn usd(minor: i64) -> Money {
    Money::new(minor, Currency::USD)
}

/// A charge of 1,204.50; each `n` is another attempt.
pub fn request(n: u128, how: ChargeHow) -> ChargeRequest {
    let attempt = AttemptId(Uuid::from_u128(n));
    ChargeRequest {
        attempt,
        idempotency_key: format!("charge-{attempt}"),
        reference: format!("PAY-{n}"),
        amount: usd(120_450),
        description: "Invoice INV-501, Acme Pty Ltd & Söhne [1]".to_owned(),
        receipt_email: Some("ana@acme.test".to_owned()),
        how,
        keep: false,
        unattended: false,
        postal_code: None,
        return_url: "http://127.0.0.1:3000/npe/return?transactionId=chk_1&a=b".to_owned(),
        cancel_url: "http://127.0.0.1:3000/npe?transactionId=chk_1".to_owned(),
    }
}

/// The same for an attempt whose id is of version 7, as the portal's are: of June 2025, so that every clock is later.
pub fn dated_request(n: u128, how: ChargeHow) -> ChargeRequest {
    let attempt = AttemptId(Uuid::from_u128((1_750_000_000_000_u128 << 80) | (7_u128 << 76) | (2_u128 << 62) | n));
    ChargeRequest { attempt, ..request(n, how) }
}

/// The same on Payrix's page, in the one currency of its account.
pub fn payrix_charge(n: u128) -> ChargeRequest {
    ChargeRequest { amount: Money::new(120_450, Currency::AUD), ..request(n, ChargeHow::HostedPage) }
}

pub fn token(name: &str) -> ChargeHow {
    ChargeHow::Token(name.to_owned())
}

pub fn look_up(request: &ChargeRequest, gateway_id: Option<&str>, sent_at: DateTime<Utc>) -> LookUp {
    LookUp { request: request.clone(), gateway_id: gateway_id.map(str::to_owned), told: None, sent_at }
}

pub fn seen<T: std::fmt::Debug>(found: Result<Found<T>, GatewayError>) -> T {
    match found {
        Ok(Found::Seen(seen)) => seen,
        other => panic!("nothing was seen: {other:?}"),
    }
}

/// Pays so much of a charge back; each `n` is another refund.
pub fn refund(n: u128, charge: &ChargeRequest, charge_gateway_id: &str, minor: i64) -> RefundRequest {
    RefundRequest {
        refund: RefundId(Uuid::from_u128(n)),
        charge: charge.clone(),
        charge_gateway_id: charge_gateway_id.to_owned(),
        amount: Money::new(minor, charge.amount.currency),
    }
}

/// The same for a refund whose id is of version 7, as the portal's are.
pub fn dated_refund(n: u128, charge: &ChargeRequest, charge_gateway_id: &str, minor: i64) -> RefundRequest {
    let id = RefundId(dated_request(n, ChargeHow::HostedPage).attempt.0);
    RefundRequest { refund: id, ..refund(n, charge, charge_gateway_id, minor) }
}

/// Asks to keep a card; each `n` is another one.
pub fn store(n: u128, token: &str) -> StoreRequest {
    StoreRequest {
        method: MethodId(Uuid::from_u128(n)),
        kind: MethodKind::Card,
        authority: None,
        customer: CustomerId(Uuid::from_u128(9)),
        customer_name: "Acme Pty Ltd".into(),
        gateway_customer: None,
        token: token.to_owned(),
        postal_code: None,
        return_url: "https://portal.test/methods".into(),
    }
}

/// The same with an id of version 7, as the portal's are.
pub fn dated_store(n: u128, token: &str) -> StoreRequest {
    StoreRequest { method: MethodId(dated_request(n, ChargeHow::HostedPage).attempt.0), ..store(n, token) }
}

/// Asks to keep the card of a charge; each `n` is another method.
pub fn keep(n: u128, charge: &ChargeRequest, charge_gateway_id: &str) -> KeepRequest {
    let StoreRequest { method, customer, customer_name, gateway_customer, .. } = dated_store(n, "none");
    let (charge, charge_gateway_id) = (charge.clone(), charge_gateway_id.to_owned());
    KeepRequest { method, customer, customer_name, gateway_customer, charge, charge_gateway_id }
}

pub fn refund_look_up(request: &RefundRequest, gateway_id: Option<&str>, sent_at: DateTime<Utc>) -> RefundLookUp {
    RefundLookUp { request: request.clone(), gateway_id: gateway_id.map(str::to_owned), told: None, sent_at }
}

/// The same for one that somebody says to have this id.
pub fn refund_told(request: &RefundRequest, id: &str, sent_at: DateTime<Utc>) -> RefundLookUp {
    RefundLookUp { told: Some(id.to_owned()), ..refund_look_up(request, None, sent_at) }
}

/// Just inside and just outside the time in which Stripe surely keeps an answer.
pub const REPLAYABLE: TimeDelta = TimeDelta::minutes(9);
pub const PRUNED: TimeDelta = TimeDelta::minutes(10);

pub fn xero_config(api_base: &str, access_token: &str) -> XeroConfig {
    XeroConfig {
        api_base: api_base.to_owned(),
        tenant_id: simulators::facts::xero::TENANT_ID.to_owned(),
        clearing_account: simulators::facts::xero::CLEARING_ACCOUNT_CODE.to_owned(),
        clearing_is_bank: true,
        prepayment_account: Some(simulators::facts::xero::PREPAYMENT_ACCOUNT_CODE.to_owned()),
        zero_tax: None,
        access_token: access_token.into(),
        toll: Arc::new(NoToll),
    }
}

pub fn xero(api_base: &str, access_token: &str) -> Xero {
    Xero::new(http(), xero_config(api_base, access_token))
}

/// All pages of a delta.
#[derive(Debug, Default)]
pub struct Delta {
    pub customers: Vec<BooksCustomer>,
    pub invoices: Vec<BooksInvoice>,
    pub gone: Vec<String>,
    /// Where the next one starts.
    pub cursor: String,
    pub deletions_told: bool,
}

pub async fn delta(books: &(impl Books + ?Sized), cursor: Option<&str>) -> Result<Delta, BooksError> {
    let (mut all, mut place) = (Delta::default(), cursor.map(str::to_owned));
    loop {
        let page = books.changes(place.as_deref()).await?;
        all.customers.extend(page.customers);
        all.invoices.extend(page.invoices);
        all.gone.extend(page.gone);
        match page.next {
            Next::More(next) => place = Some(next),
            Next::Done { cursor, deletions_told } => return Ok(Delta { cursor, deletions_told, ..all }),
        }
    }
}

/// Of a company whose home currency is the Australian dollar.
pub fn quickbooks_config(api_base: &str, access_token: &str, now: DateTime<Utc>) -> QuickBooksConfig {
    QuickBooksConfig {
        api_base: api_base.to_owned(),
        realm_id: simulators::facts::qbo::REALM_ID.to_owned(),
        clearing_account: simulators::facts::qbo::CLEARING_ACCOUNT_ID.to_owned(),
        prepayment_account: Some(simulators::facts::qbo::PREPAYMENT_ACCOUNT_ID.to_owned()),
        home_currency: Currency::AUD,
        access_token: access_token.into(),
        now,
        toll: Arc::new(NoToll),
    }
}

pub fn quickbooks(api_base: &str, access_token: &str, now: DateTime<Utc>) -> QuickBooks {
    QuickBooks::new(http(), quickbooks_config(api_base, access_token, now))
}

pub fn aud(minor: i64) -> Money {
    Money::new(minor, Currency::AUD)
}

pub fn payment(invoice: &str, minor: i64, date: NaiveDate, n: u32) -> PostPayment {
    PostPayment {
        idempotency_key: format!("pay-{n}"),
        invoice_external_id: invoice.to_owned(),
        advance: None,
        amount: usd(minor),
        date,
        reference: format!("ch_{n}"),
    }
}

/// Money of a customer that pays no invoice.
pub fn advance(kind: AdvanceKind, customer: &str) -> Advance {
    Advance {
        kind,
        customer_external_id: customer.to_owned(),
        number: "CR-7F3C0A1E52".to_owned(),
        purpose: "Hardware for Lyon".to_owned(),
    }
}

/// The same that is paid for a quote.
pub fn quote(customer: &str) -> Advance {
    Advance {
        number: quote_numbers("Q-10231", 1).invoice,
        purpose: "Quote Q-10231 one-time payment".to_owned(),
        ..advance(AdvanceKind::Quote, customer)
    }
}

pub fn posted_refund(invoice: &str, minor: i64, date: NaiveDate, n: u32) -> PostRefund {
    PostRefund {
        idempotency_key: format!("refund-{n}"),
        invoice_external_id: invoice.to_owned(),
        advance: None,
        amount: usd(minor),
        date,
        number: format!("RF-{n}"),
        reference: format!("re_{n}"),
    }
}
