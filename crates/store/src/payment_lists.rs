//! Lists of payments, by what somebody looks for.

use crate::{
    Error, Part, Payment, attempts, books_entries, customers,
    invoice_lists::like,
    invoices,
    payments::{allocation, payment},
    scope::Scoped,
};
use domain::{
    ids::{AttemptId, CustomerId, InvoiceId, PaymentId},
    payment::AttemptState,
};
use sea_orm::{Condition, ConnectionTrait, ExprTrait, QueryOrder, QuerySelect, Select, entity::prelude::*};
use std::collections::HashMap;

/// Which payments a list shows.
#[derive(Clone, Debug, Default)]
pub struct PaymentFilter {
    pub customer: Option<CustomerId>,
    pub state_in: Vec<AttemptState>,
    /// The money is here, and the books do not have it yet.
    pub unrecorded: bool,
    /// Part of a reference, an invoice number, a customer's name or a gateway's id; or the last four digits of a card or
    /// account.
    pub search: String,
}

fn is_last_four(search: &str) -> bool {
    search.len() == 4 && search.bytes().all(|byte| byte.is_ascii_digit())
}

impl<C: ConnectionTrait> Scoped<C> {
    fn payments_filtered(&self, filter: &PaymentFilter) -> Select<payment::Entity> {
        let mut select = self.find::<payment::Entity>();
        if let Some(customer) = filter.customer {
            select = select.filter(payment::Column::CustomerId.eq(customer));
        }
        if !filter.state_in.is_empty() {
            // One by one: a list of all payments in a state is as long as the merchant's history.
            let mut tries =
                self.about::<attempts::Entity>(attempts::Column::PaymentId, (payment::Entity, payment::Column::Id));
            tries.and_where(attempts::Column::State.is_in(filter.state_in.iter().copied()));
            select = select.filter(Expr::exists(tries));
        }
        if filter.unrecorded {
            let waiting = Expr::cust(books_entries::WAITING);
            let waiting = self.mine::<books_entries::Entity>(books_entries::Column::AttemptId, waiting);
            let waiting = attempts::Column::Id.in_subquery(waiting);
            let payments = self.mine::<attempts::Entity>(attempts::Column::PaymentId, waiting);
            select = select.filter(payment::Column::Id.in_subquery(payments));
        }
        if !filter.search.is_empty() {
            select = select.filter(self.payment_matches(&filter.search));
        }
        select
    }

    fn payment_matches(&self, search: &str) -> Condition {
        let gateway_ids = like(attempts::Column::GatewayId, search).or(like(attempts::Column::ChargeId, search));
        let mut of_attempt = gateway_ids;
        if is_last_four(search) {
            // As `MethodFace` prints them: no other digits stand behind its dots.
            of_attempt = of_attempt.or(like(attempts::Column::Method, &format!("··{search}")));
        }
        let tried = self.mine::<attempts::Entity>(attempts::Column::PaymentId, of_attempt);
        let numbered = self.mine::<invoices::Entity>(invoices::Column::Id, like(invoices::Column::Number, search));
        let for_invoice = allocation::Column::InvoiceId.in_subquery(numbered);
        let for_invoice = self.mine::<allocation::Entity>(allocation::Column::PaymentId, for_invoice);
        let named = like(customers::Column::Name, search);
        let named = self.mine::<customers::Entity>(customers::Column::Id, named);
        Condition::any()
            .add(like(payment::Column::Reference, search))
            .add(payment::Column::Id.in_subquery(tried))
            .add(payment::Column::Id.in_subquery(for_invoice))
            .add(payment::Column::CustomerId.in_subquery(named))
    }

    /// One page, newest first, and how many there are.
    ///
    /// # Errors
    /// The database is away.
    pub async fn payment_page(
        &self,
        filter: &PaymentFilter,
        page: u64,
        per_page: u64,
    ) -> Result<(Vec<Payment>, u64), Error> {
        let newest_first = self.payments_filtered(filter).order_by_desc(payment::Column::Id);
        self.page(newest_first, page, per_page).await
    }

    /// # Errors
    /// The database is away.
    pub async fn payments_by_id(&self, ids: Vec<PaymentId>) -> Result<Vec<Payment>, Error> {
        Ok(self.find::<payment::Entity>().filter(payment::Column::Id.is_in(ids)).all(self.conn()).await?)
    }

    /// The next ones, newest first, from after this one on.
    ///
    /// # Errors
    /// The database is away.
    pub async fn payments_before(
        &self,
        filter: &PaymentFilter,
        before: Option<PaymentId>,
        limit: u64,
    ) -> Result<Vec<Payment>, Error> {
        let mut list = self.payments_filtered(filter).order_by_desc(payment::Column::Id);
        if let Some(before) = before {
            list = list.filter(payment::Column::Id.lt(before));
        }
        Ok(list.limit(limit).all(self.conn()).await?)
    }

    /// A part of all payments by their first tries, whose ids come with the press of Pay: that of a payment comes with its form,
    /// which may have been open for hours.
    ///
    /// # Errors
    /// The database is away.
    pub async fn payments_part(&self, part: Part<AttemptId>) -> Result<Vec<(AttemptId, Payment)>, Error> {
        let first = self.find::<attempts::Entity>().filter(attempts::Column::Retry.eq(0));
        let tries = part.of(first, attempts::Column::Id).select_only();
        let tries = tries.columns([attempts::Column::Id, attempts::Column::PaymentId]);
        let tries: Vec<(AttemptId, PaymentId)> = tries.into_tuple().all(self.conn()).await?;
        let ids = tries.iter().map(|(_, payment)| *payment);
        let rows = self.find::<payment::Entity>().filter(payment::Column::Id.is_in(ids)).all(self.conn()).await?;
        let mut rows: HashMap<_, _> = rows.into_iter().map(|row| (row.id, row)).collect();
        Ok(tries.into_iter().filter_map(|(attempt, payment)| Some((attempt, rows.remove(&payment)?))).collect())
    }

    /// The payments that were made for an invoice, or are meant for it in the books, the newest first: up to `limit`.
    ///
    /// # Errors
    /// The database is away.
    pub async fn payments_of_invoice(&self, invoice: InvoiceId, limit: u64) -> Result<Vec<Payment>, Error> {
        let made = allocation::Column::InvoiceId.eq(invoice);
        let made = self.mine::<allocation::Entity>(allocation::Column::PaymentId, made);
        let meant = books_entries::Column::InvoiceId.eq(invoice);
        let meant = self.mine::<books_entries::Entity>(books_entries::Column::AttemptId, meant);
        let meant = attempts::Column::Id.in_subquery(meant);
        let meant = self.mine::<attempts::Entity>(attempts::Column::PaymentId, meant);
        let of = payment::Column::Id.in_subquery(made).or(payment::Column::Id.in_subquery(meant));
        let newest = self.find::<payment::Entity>().filter(of).order_by_desc(payment::Column::Id);
        Ok(newest.limit(limit).all(self.conn()).await?)
    }
}
