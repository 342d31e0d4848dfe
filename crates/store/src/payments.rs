//! Payments, what they pay, and the claim that keeps every other attempt off an invoice.

use crate::{
    Attempt, BooksEntryState, Consent, Error, Invoice, MerchantDb, MerchantTx, NewSlip, Sum, attempts, books_entries,
    scope::{Only, Scoped, belongs, money, owned},
};
use chrono::{DateTime, Utc};
use domain::{
    advance::AdvanceKind,
    ids::{AttemptId, CheckoutId, CustomerId, InvoiceId, MerchantId, PaymentId},
    money::Money,
    payment::AttemptState,
    planted,
};
use sea_orm::{
    ConnectionTrait, ExprTrait, QueryOrder, QueryResult, QuerySelect, Select,
    entity::prelude::*,
    sea_query::{Func, Query},
};
use std::collections::HashMap;

pub(crate) mod payment {
    use super::*;
    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "payment")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub merchant_id: MerchantId,
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: PaymentId,
        pub checkout_id: CheckoutId,
        pub customer_id: CustomerId,
        /// As it was then, for the receipt.
        pub customer_name: String,
        /// What people quote.
        pub reference: String,
        pub currency: String,
        pub amount_minor: i64,
        /// Where the receipt goes.
        pub email: String,
        pub created_at: DateTime<Utc>,
    }
    impl ActiveModelBehavior for ActiveModel {}
    owned!();
}

pub(crate) mod allocation {
    use super::*;
    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "allocation")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub merchant_id: MerchantId,
        #[sea_orm(primary_key, auto_increment = false)]
        pub payment_id: PaymentId,
        #[sea_orm(primary_key, auto_increment = false)]
        pub invoice_id: InvoiceId,
        pub amount_minor: i64,
        /// The invoice's number, total and balance when the payment was made, for the receipt.
        pub invoice_number: String,
        pub total_minor: i64,
        pub due_minor: i64,
        /// It pays no invoice.
        pub advance: Option<AdvanceKind>,
    }
    impl ActiveModelBehavior for ActiveModel {}
    owned!();
    belongs!(payment, PaymentId);
}

mod claim {
    use super::*;
    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "claim")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub merchant_id: MerchantId,
        #[sea_orm(primary_key, auto_increment = false)]
        pub attempt_id: AttemptId,
        #[sea_orm(primary_key, auto_increment = false)]
        pub invoice_id: InvoiceId,
        /// Until the money stands in the books, or can no longer come.
        pub live: bool,
        /// Once, and once more for each time that it was taken back.
        pub takes: i32,
    }
    impl ActiveModelBehavior for ActiveModel {}
    owned!();
    belongs!(attempts, AttemptId);
}

pub use allocation::Model as Allocation;
pub use payment::Model as Payment;

impl Payment {
    /// # Errors
    /// A stored currency that this version does not know.
    pub fn amount(&self) -> Result<Money, Error> {
        money(self.amount_minor, &self.currency, "payment.currency")
    }
}

/// A payment about to be tried.
#[derive(Clone, Debug)]
pub struct NewAttempt {
    pub payment: Payment,
    pub allocations: Vec<Allocation>,
    /// What is paid over what is due; one of the allocations is its own.
    pub surplus: Option<Invoice>,
    pub attempt: Attempt,
    /// What its payer was shown and agreed to.
    pub consent: Consent,
    /// Its beginning, for the audit trail.
    pub slip: NewSlip,
    /// [`Scoped::claims_taken`] of its invoices, from before the books were asked what is due.
    pub claims_seen: u64,
}

/// A payment's debit that is about to be tried again. Nobody presses Pay: its owner's authority stands for that.
#[derive(Clone, Debug)]
pub struct NewRetry {
    /// The payment's newest attempt, which has failed.
    pub after: AttemptId,
    pub invoices: Vec<InvoiceId>,
    pub attempt: Attempt,
    /// Its beginning, for the audit trail.
    pub slip: NewSlip,
    /// [`Scoped::claims_taken`] of its invoices, from before the books were asked what is due.
    pub claims_seen: u64,
}

/// What became of it.
#[derive(Clone, Debug)]
pub enum Opened {
    New,
    /// This payment exists: a double click, a replayed POST.
    Same,
    /// One of its invoices has a live attempt of another payment.
    Taken(PaymentId),
    /// Somebody else came and went since the books were asked: what they said is old, ask again.
    Outdated,
    /// The saved method was taken out since it was chosen, or can be charged no more.
    MethodGone,
}

/// What [`Scoped::claims_count`] is called in a row.
pub(crate) const CLAIMS: &str = "claims";

pub(crate) fn claims_in(row: &QueryResult) -> Result<u64, Error> {
    Ok(u64::try_from(row.try_get::<i64>("", CLAIMS)?).unwrap_or(0))
}

fn by_number(shares: Select<allocation::Entity>) -> Select<allocation::Entity> {
    let invoices_first = shares.order_by_asc(allocation::Column::Advance.is_not_null());
    invoices_first.order_by_asc(allocation::Column::InvoiceNumber).order_by_asc(allocation::Column::InvoiceId)
}

impl MerchantDb {
    /// Commits payment, allocations, attempt, consent and claims, or nothing at all when the payment exists, one of its
    /// invoices is taken or its saved method is gone. Whoever is writing the same rows is waited for, so two at once end as two in a row would.
    ///
    /// # Errors
    /// [`Error::Missing`] for the id of another checkout's payment: the id comes with a form, and grants nothing.
    /// [`Error::Unacknowledged`]: it may stand, and the same once more tells.
    pub async fn attempt_open(&self, new: NewAttempt) -> Result<Opened, Error> {
        match self.attempt_write(new).await? {
            Ok(_) if planted::is("charge_before_intent") => Ok(Opened::New),
            Ok(written) => written.commit().await.map(|()| Opened::New),
            Err(otherwise) => Ok(otherwise),
        }
    }

    /// Commits another attempt of a payment whose newest one has failed, with its claims, or nothing at all: as
    /// [`MerchantDb::attempt_open`] does.
    ///
    /// # Errors
    /// [`Error::Missing`] also for another merchant's attempt.
    pub async fn attempt_retry(&self, new: NewRetry) -> Result<Opened, Error> {
        let tx = self.begin().await?;
        let failed = tx.attempt_hold(new.after).await?;
        let newest = tx.attempts_of(failed.payment_id).await?.pop();
        if !failed.state.is_dead() || newest.is_none_or(|newest| newest.id != failed.id) {
            return Ok(Opened::Same);
        }
        let opened = tx.attempt_add(new.attempt, new.invoices, new.claims_seen).await?;
        if matches!(opened, Opened::New) {
            tx.audit_add(new.slip).await?;
            tx.commit().await?;
        }
        Ok(opened)
    }

    /// [`MerchantDb::attempt_open`] without its end. What was not written cannot be committed.
    ///
    /// # Errors
    /// As there.
    pub async fn attempt_write(&self, new: NewAttempt) -> Result<Result<Written, Opened>, Error> {
        let tx = self.begin().await?;
        Ok(match tx.attempt_insert(new).await? {
            Opened::New => Ok(Written(tx)),
            otherwise => Err(otherwise),
        })
    }
}

/// A payment that stands when this is committed, and not at all otherwise.
pub struct Written(MerchantTx);

impl Written {
    /// # Errors
    /// [`Error::Unacknowledged`]: it may stand. After any other, nothing of it stands.
    pub async fn commit(self) -> Result<(), Error> {
        self.0.commit().await
    }
}

impl MerchantTx {
    /// Only [`Opened::New`] may be committed.
    async fn attempt_insert(&self, new: NewAttempt) -> Result<Opened, Error> {
        let NewAttempt { payment, allocations, surplus, attempt, consent, slip, claims_seen } = new;
        let (payment_id, checkout_id) = (payment.id, payment.checkout_id);
        if self.insert_absent::<payment::Entity>([payment]).await? == 0 {
            let same = self.payment(payment_id).await?.checkout_id == checkout_id;
            return if same { Ok(Opened::Same) } else { Err(Error::Missing) };
        }
        if let Some(surplus) = surplus {
            self.advance_add(surplus).await?;
        }
        let invoices = allocations.iter().map(|allocation| allocation.invoice_id).collect();
        let opened = self.attempt_add(attempt, invoices, claims_seen).await?;
        if matches!(opened, Opened::New) {
            self.insert::<allocation::Entity>(allocations).await?;
            self.consent_add(consent).await?;
            self.audit_add(slip).await?;
        }
        Ok(opened)
    }

    /// The attempt, and its claims on the invoices.
    async fn attempt_add(
        &self,
        attempt: Attempt,
        mut invoices: Vec<InvoiceId>,
        claims_seen: u64,
    ) -> Result<Opened, Error> {
        let (attempt_id, payment_id, method) = (attempt.id, attempt.payment_id, attempt.method_id);
        self.insert::<attempts::Entity>([attempt]).await?;
        // In one order for everybody, so that two payments of the same invoices never wait for each other.
        invoices.sort_unstable();
        let live = !planted::is("claim_without_key");
        let claim =
            |invoice_id| claim::Model { merchant_id: self.merchant_id(), attempt_id, invoice_id, live, takes: 1 };
        let claimed = self.insert_absent::<claim::Entity>(invoices.iter().copied().map(claim)).await?;
        if usize::try_from(claimed) != Ok(invoices.len()) {
            return self.taken(&invoices, payment_id).await;
        }
        // Without this, a payment that began, was posted and let go of the invoice while our question was under way would
        // leave us with yesterday's balance and a free invoice (D1).
        if self.claims_taken(&invoices).await? != claims_seen + claimed && !planted::is("balance_from_before") {
            return Ok(Opened::Outdated);
        }
        // Whatever is meant for an invoice has, or had, a claim on it: one that nobody has claimed costs no question.
        if claims_seen > 0 {
            for invoice in invoices {
                if let Some(payment) = self.unposted_payment(invoice).await? {
                    return Ok(Opened::Taken(payment));
                }
            }
        }
        // Last, so that nobody waits for an invoice with a method in their hands.
        if let Some(method) = method
            && !self.method_is_ready(method).await?
        {
            return Ok(Opened::MethodGone);
        }
        Ok(Opened::New)
    }

    async fn taken(&self, invoices: &[InvoiceId], by_other_than: PaymentId) -> Result<Opened, Error> {
        for invoice in invoices {
            if let Some(payment) = self.live_payment(*invoice).await?.filter(|payment| *payment != by_other_than) {
                return Ok(Opened::Taken(payment));
            }
        }
        // Let go of since we asked for it.
        Ok(Opened::Outdated)
    }

    /// Lets go of the invoices of this attempt.
    ///
    /// # Errors
    /// The database is away.
    pub async fn claims_release(&self, attempt: AttemptId) -> Result<(), Error> {
        self.claims_let_go(claim::Column::AttemptId.eq(attempt)).await
    }

    /// Takes one more invoice, which its payment was put on. `false`: somebody else has it.
    ///
    /// # Errors
    /// The database is away.
    pub async fn claim_take(&self, attempt_id: AttemptId, invoice_id: InvoiceId) -> Result<bool, Error> {
        let claim = claim::Model { merchant_id: self.merchant_id(), attempt_id, invoice_id, live: true, takes: 1 };
        Ok(self.insert_absent::<claim::Entity>([claim]).await? == 1)
    }

    /// Lets go of one of its invoices.
    ///
    /// # Errors
    /// The database is away.
    pub async fn claim_release(&self, attempt: AttemptId, invoice: InvoiceId) -> Result<(), Error> {
        self.claims_let_go(claim::Column::AttemptId.eq(attempt).and(claim::Column::InvoiceId.eq(invoice))).await
    }

    async fn claims_let_go(&self, which: Expr) -> Result<(), Error> {
        let update = self.update::<claim::Entity>().col_expr(claim::Column::Live, Expr::value(false));
        update.filter(which).exec(self.conn()).await?;
        Ok(())
    }

    /// Takes the invoices of an ended attempt back, those that nobody else has meanwhile. What was put on another invoice
    /// does not come back.
    ///
    /// # Errors
    /// The database is away.
    pub async fn claims_retake(&self, attempt: AttemptId) -> Result<(), Error> {
        let taken = self.mine::<claim::Entity>(claim::Column::InvoiceId, claim::Column::Live.into_expr());
        let update = self.update::<claim::Entity>().col_expr(claim::Column::Live, Expr::value(true));
        let update = update.col_expr(claim::Column::Takes, Expr::col(claim::Column::Takes).add(1));
        let of = books_entries::Column::AttemptId.eq(attempt);
        let moved = of.and(books_entries::Column::State.eq(BooksEntryState::Moved));
        let moved = self.mine::<books_entries::Entity>(books_entries::Column::InvoiceId, moved);
        let own = update.filter(claim::Column::AttemptId.eq(attempt));
        let own = own.filter(claim::Column::InvoiceId.not_in_subquery(moved));
        let free = own.filter(claim::Column::InvoiceId.not_in_subquery(taken));
        free.exec(self.conn()).await?;
        Ok(())
    }
}

impl<C: ConnectionTrait> Scoped<C> {
    /// # Errors
    /// [`Error::Missing`] also for another merchant's payment.
    pub async fn payment(&self, id: PaymentId) -> Result<Payment, Error> {
        self.find::<payment::Entity>().filter(payment::Column::Id.eq(id)).only(self.conn()).await?.ok_or(Error::Missing)
    }

    /// A payment and its shares, by the invoices' numbers, credit last.
    ///
    /// # Errors
    /// [`Error::Missing`] also for another merchant's.
    pub async fn payment_with_shares(&self, id: PaymentId) -> Result<(Payment, Vec<Allocation>), Error> {
        let shares = by_number(self.find::<allocation::Entity>().filter(allocation::Column::PaymentId.eq(id)));
        let found = shares.find_both_related(payment::Entity).all(self.conn()).await?;
        let payment = found.first().map(|(_, payment)| payment.clone()).ok_or(Error::Missing)?;
        Ok((payment, found.into_iter().map(|(share, _)| share).collect()))
    }

    /// The shares of a payment, by the invoices' numbers.
    ///
    /// # Errors
    /// The database is away.
    pub async fn allocations(&self, payment: PaymentId) -> Result<Vec<Allocation>, Error> {
        let of = self.find::<allocation::Entity>().filter(allocation::Column::PaymentId.eq(payment));
        Ok(by_number(of).all(self.conn()).await?)
    }

    pub(crate) async fn allocations_of(
        &self,
        payments: impl IntoIterator<Item = PaymentId>,
    ) -> Result<Vec<Allocation>, Error> {
        let of = self.find::<allocation::Entity>().filter(allocation::Column::PaymentId.is_in(payments));
        Ok(of.all(self.conn()).await?)
    }

    /// How often attempts, dead or live, have taken these invoices; how often books of our own have changed them; and whether
    /// they were ever kept for the credit of a quote. Whoever finds another count than before asks the books anew what is due.
    ///
    /// # Errors
    /// The database is away.
    pub async fn claims_taken(&self, invoices: &[InvoiceId]) -> Result<u64, Error> {
        let mut count = Query::select();
        count.expr_as(self.claims_count(invoices), CLAIMS);
        let rows = self.conn().query_all(&count).await?;
        claims_in(rows.first().ok_or(Error::Missing)?)
    }

    /// The same as a part of another question, to be called [`CLAIMS`] there.
    pub(crate) fn claims_count(&self, invoices: &[InvoiceId]) -> Expr {
        let of_these = claim::Column::InvoiceId.is_in(invoices.iter().copied());
        let mut takes = Query::select();
        takes.expr(Expr::col(claim::Column::Takes).sum().cast_as("bigint")).from(claim::Entity);
        takes.and_where(claim::Column::MerchantId.eq(self.merchant_id())).and_where(of_these);
        let counts = [takes, self.ledger_changes(invoices), self.quote_covers_made(invoices)].map(Expr::from);
        let or_none = |count: Expr| Expr::from(Func::coalesce([count, Expr::val(0_i64)]));
        counts.into_iter().fold(Expr::val(0_i64), |sum, count| sum.add(or_none(count)))
    }

    /// When cards were tried for this invoice since this moment that were declined, the newest first.
    ///
    /// # Errors
    /// The database is away.
    pub async fn declines_of_invoice(
        &self,
        invoice: InvoiceId,
        since: DateTime<Utc>,
    ) -> Result<Vec<DateTime<Utc>>, Error> {
        let tried = self.mine::<claim::Entity>(claim::Column::AttemptId, claim::Column::InvoiceId.eq(invoice));
        let of = self.find::<attempts::Entity>().filter(attempts::Column::Id.in_subquery(tried));
        attempts::declined(of, since)?.all(self.conn()).await.map_err(Error::from)
    }

    /// A payment of this invoice whose money the books do not have yet. It may be without a claim, when it came after a
    /// final no and somebody else had the invoice then.
    async fn unposted_payment(&self, invoice: InvoiceId) -> Result<Option<PaymentId>, Error> {
        let of = self.find::<books_entries::Entity>().filter(books_entries::Column::InvoiceId.eq(invoice));
        let waiting = of.filter(Expr::cust(books_entries::WAITING)).only(self.conn()).await?;
        let Some(entry) = waiting else { return Ok(None) };
        Ok(Some(self.attempt(entry.attempt_id).await?.payment_id))
    }

    /// The payment that keeps others off this invoice. `live` stands bare, as in the partial index that serves it.
    ///
    /// # Errors
    /// The database is away.
    pub async fn live_payment(&self, invoice: InvoiceId) -> Result<Option<PaymentId>, Error> {
        let claim = self
            .find::<claim::Entity>()
            .filter(claim::Column::InvoiceId.eq(invoice))
            .filter(claim::Column::Live.into_expr());
        match claim.only(self.conn()).await? {
            Some(claim) => Ok(Some(self.attempt(claim.attempt_id).await?.payment_id)),
            None => self.unposted_payment(invoice).await,
        }
    }

    /// Which of these invoices have a live attempt, and its state.
    ///
    /// # Errors
    /// The database is away.
    pub async fn under_way(&self, among: Vec<InvoiceId>) -> Result<HashMap<InvoiceId, AttemptState>, Error> {
        let claims = self
            .find::<claim::Entity>()
            .filter(claim::Column::Live.into_expr())
            .filter(claim::Column::InvoiceId.is_in(among));
        // Not both at once: SQLite would begin with all attempts of the merchant.
        let live = claims.find_also_related(attempts::Entity).all(self.conn()).await?;
        Ok(live.into_iter().filter_map(|(claim, attempt)| Some((claim.invoice_id, attempt?.state))).collect())
    }

    /// The newest payment of a checkout.
    ///
    /// # Errors
    /// The database is away.
    pub async fn payment_of_checkout(&self, checkout: CheckoutId) -> Result<Option<Payment>, Error> {
        let of = self.find::<payment::Entity>().filter(payment::Column::CheckoutId.eq(checkout));
        Ok(of.order_by_desc(payment::Column::CreatedAt).only(self.conn()).await?)
    }

    /// All of them, of which few have more than one.
    ///
    /// # Errors
    /// The database is away.
    pub async fn payments_of_checkout(&self, checkout: CheckoutId) -> Result<Vec<Payment>, Error> {
        let of = self.find::<payment::Entity>().filter(payment::Column::CheckoutId.eq(checkout));
        Ok(of.all(self.conn()).await?)
    }

    /// The shares of each of these payments, by the invoices' numbers.
    ///
    /// # Errors
    /// The database is away.
    pub async fn shares_of(&self, payments: Vec<PaymentId>) -> Result<HashMap<PaymentId, Vec<Allocation>>, Error> {
        let shares = self.find::<allocation::Entity>().filter(allocation::Column::PaymentId.is_in(payments));
        let mut of: HashMap<PaymentId, Vec<Allocation>> = HashMap::new();
        for share in by_number(shares).all(self.conn()).await? {
            of.entry(share.payment_id).or_default().push(share);
        }
        Ok(of)
    }

    /// What was collected since a moment, per currency.
    ///
    /// # Errors
    /// The database is away.
    pub async fn payment_sums(&self, states: &[AttemptState], since: DateTime<Utc>) -> Result<Vec<Sum>, Error> {
        let select = self.find_by_time::<attempts::Entity>();
        let select = select.filter(attempts::Column::State.is_in(states.iter().copied()));
        let select =
            select.filter(attempts::Column::CreatedAt.gte(since)).select_only().column(attempts::Column::Currency);
        let sum = Expr::col(attempts::Column::AmountMinor).sum().cast_as("bigint");
        Ok(select.column_as(sum, "minor").group_by(attempts::Column::Currency).into_model().all(self.conn()).await?)
    }
}
