//! A merchant with everything that a payment needs, and the few steps that most stories begin with.

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use domain::{
    ids::{AttemptId, CheckoutId, ConnectionId, CustomerId, InvoiceId, PaymentId},
    invoice::{BooksCustomer, BooksInvoice, InvoiceStatus},
    method::MethodKind,
    money::{Currency, Locale, Money},
    payment::AttemptState,
};
use secrecy::SecretString;
use store::{
    Allocation, Attempt, Checkout, Consent, Error, MerchantDb, NewAttempt, NewConnection, NewMerchant, NewSlip, Opened,
    Payment, Store,
};
use uuid::Uuid;

pub const SECRET: &str = "sk_test_do_not_tell";

/// When the stories play; minutes later than that.
pub fn at(minutes: i64) -> DateTime<Utc> {
    DateTime::from_timestamp_micros(1_795_253_400_123_456).unwrap() + TimeDelta::minutes(minutes)
}

pub fn day(day: u32) -> NaiveDate {
    NaiveDate::from_ymd_opt(2026, 11, day).unwrap()
}

pub fn usd(minor: i64) -> Money {
    Money::new(minor, Currency::USD)
}

/// Every shop has the same external ids, numbers and names: whoever forgets the merchant meets another's rows.
pub struct Shop {
    pub db: MerchantDb,
    pub customer: CustomerId,
    pub invoice: InvoiceId,
    pub connection: ConnectionId,
    pub checkout: CheckoutId,
}

pub async fn shop(store: &Store, key: &str) -> Shop {
    let new = NewMerchant {
        key: key.into(),
        name: format!("{key} IT"),
        currency: Currency::USD,
        locale: Locale::default(),
        time_zone: "America/New_York".into(),
        support_email: format!("help@{key}.example"),
        takes_parts: false,
        takes_more: false,
        takes_prepayments: false,
        retries_debits: false,
    };
    let db = store.merchant_found(new, at(0)).await.unwrap();
    let tx = db.begin().await.unwrap();
    let secret = Some(SecretString::from(SECRET));
    let gateway = NewConnection { kind: "gateway", provider: "stripe", settings: "{}".into(), secret };
    let connection = tx.connection_add(gateway).await.unwrap();
    tx.commit().await.unwrap();

    read(&db, &[customer("c-1", "Initech")], &[invoice("i-1", "INV-1")]).await;
    let customer = db.customer_ids(&[invoice("i-1", "INV-1")]).await.unwrap()["c-1"];
    let invoice = db.invoice_by_external_id("i-1").await.unwrap().unwrap().id;
    let checkout = checkout(&db, invoice).await.unwrap();
    Shop { db, customer, invoice, connection, checkout }
}

/// What a sync does with what the books said.
pub async fn read(db: &MerchantDb, customers: &[BooksCustomer], invoices: &[BooksInvoice]) {
    let tx = db.begin().await.unwrap();
    tx.customers_upsert(customers).await.unwrap();
    let ids = tx.customer_ids(invoices).await.unwrap();
    tx.invoices_upsert(invoices, &ids, at(0)).await.unwrap();
    tx.commit().await.unwrap();
}

pub fn customer(external_id: &str, name: &str) -> BooksCustomer {
    BooksCustomer { external_id: external_id.into(), name: name.into(), code: None, email: None, archived: false }
}

pub fn invoice(external_id: &str, number: &str) -> BooksInvoice {
    BooksInvoice {
        external_id: external_id.into(),
        number: number.into(),
        reference: None,
        customer_external_id: "c-1".into(),
        status: InvoiceStatus::Open,
        total: usd(10_000),
        due: usd(10_000),
        date: day(1),
        due_date: day(25),
    }
}

pub async fn checkout(db: &MerchantDb, invoice_id: InvoiceId) -> Result<CheckoutId, Error> {
    let row = checkout_row(db, invoice_id);
    db.checkout_add(row.clone()).await.map(|()| row.id)
}

pub fn checkout_row(db: &MerchantDb, invoice_id: InvoiceId) -> Checkout {
    Checkout {
        merchant_id: db.merchant_id(),
        id: CheckoutId(Uuid::new_v4()),
        invoice_id,
        payer_id: None,
        company_named: false,
        created_at: at(0),
        expires_at: at(60),
    }
}

impl Shop {
    /// The same merchant as another node sees it.
    pub async fn on(&self, node: &Store) -> MerchantDb {
        let scopes = node.door_rounds().await.unwrap();
        scopes.into_iter().find(|scope| scope.merchant_id() == self.db.merchant_id()).unwrap()
    }

    /// More invoices of the same customer.
    pub async fn invoices(&self, numbers: &[&str]) -> Vec<InvoiceId> {
        let invoices: Vec<_> = numbers.iter().map(|number| invoice(number, number)).collect();
        read(&self.db, &[], &invoices).await;
        let mut ids = Vec::new();
        for number in numbers {
            ids.push(self.db.invoice_by_number(number).await.unwrap().unwrap().0.id);
        }
        ids
    }

    /// A payment of the shop's invoice that is about to be tried.
    pub fn order(&self) -> NewAttempt {
        self.order_of(&[self.invoice])
    }

    pub fn order_of(&self, invoices: &[InvoiceId]) -> NewAttempt {
        let (merchant_id, payment_id) = (self.db.merchant_id(), PaymentId(Uuid::now_v7()));
        let attempt_id = AttemptId(Uuid::now_v7());
        let allocation = |invoice_id| Allocation {
            merchant_id,
            payment_id,
            invoice_id,
            amount_minor: 10_000,
            invoice_number: "INV-1".into(),
            total_minor: 10_000,
            due_minor: 10_000,
            advance: None,
        };
        NewAttempt {
            payment: Payment {
                merchant_id,
                id: payment_id,
                checkout_id: self.checkout,
                customer_id: self.customer,
                customer_name: "Initech".into(),
                reference: format!("WP-{}", &payment_id.0.simple().to_string()[20..]),
                currency: "USD".into(),
                amount_minor: 10_000,
                email: "payer@initech.example".into(),
                created_at: at(0),
            },
            allocations: invoices.iter().copied().map(allocation).collect(),
            surplus: None,
            attempt: Attempt {
                merchant_id,
                id: attempt_id,
                payment_id,
                connection_id: self.connection,
                idempotency_key: payment_id.to_string(),
                currency: "USD".into(),
                amount_minor: 10_000,
                surcharge_minor: 0,
                surcharge_account: None,
                surcharge_tax: None,
                description: "Invoice INV-1".into(),
                return_url: "https://pay.example/back".into(),
                cancel_url: "https://pay.example/".into(),
                method_token: None,
                gateway_customer: None,
                keeps: None,
                method_id: None,
                kind: MethodKind::Card,
                retry: 0,
                postal_code: None,
                state: AttemptState::Created,
                reason: None,
                contradicted: false,
                gateway_id: None,
                charge_id: None,
                method: None,
                action_url: None,
                action_fields: None,
                origin_hash: None,
                created_at: at(0),
                updated_at: at(0),
            },
            consent: consent(self, attempt_id),
            slip: NewSlip {
                payment: Some(payment_id),
                kind: "payment_started",
                actor: "guest".into(),
                body: "a payment was started".into(),
                at: at(0),
            },
            claims_seen: 0,
        }
    }

    /// What a click on Pay does.
    pub async fn open(&self, order: NewAttempt) -> Result<Opened, Error> {
        open(&self.db, order).await
    }

    /// A payment whose attempt is open.
    pub async fn opened(&self) -> NewAttempt {
        let order = self.order();
        assert!(matches!(self.open(order.clone()).await, Ok(Opened::New)));
        order
    }

    /// Lets go of the invoices that this payment holds.
    pub async fn release(&self, order: &NewAttempt) {
        let tx = self.db.begin().await.unwrap();
        tx.claims_release(order.attempt.id).await.unwrap();
        tx.commit().await.unwrap();
    }
}

fn consent(shop: &Shop, attempt_id: AttemptId) -> Consent {
    Consent {
        merchant_id: shop.db.merchant_id(),
        attempt_id,
        version: Some("pay-1".into()),
        wording: Some("By pressing Pay you agree".into()),
        invoice_number: "INV-1".into(),
        currency: "USD".into(),
        amount_minor: 10_000,
        surcharge_minor: 0,
        agreed_at: at(0),
        salt: Some("a pinch".into()),
        address: Some("203.0.113.7".into()),
        user_agent: None,
    }
}

/// Asks first how many attempts there were, as the engine does before it asks the books.
pub async fn open(db: &MerchantDb, mut order: NewAttempt) -> Result<Opened, Error> {
    let invoices: Vec<_> = order.allocations.iter().map(|allocation| allocation.invoice_id).collect();
    order.claims_seen = db.claims_taken(&invoices).await?;
    db.attempt_open(order).await
}
