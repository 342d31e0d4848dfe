//! Lists of invoices, by what somebody looks for, and what is due on them.

use crate::{
    Error, Part, books_entries, customers,
    invoices::{Column, Entity, Model},
    ledger_invoices,
    scope::{Scoped, money, text},
};
use chrono::NaiveDate;
use domain::{
    ids::{CustomerId, InvoiceId},
    invoice::InvoiceStatus,
    money::Money,
};
use sea_orm::{
    ConnectionTrait, ExprTrait, FromQueryResult, Order, QueryOrder, QuerySelect, Select,
    entity::prelude::*,
    sea_query::{BinOper, Func},
};

/// Which invoices a list shows.
#[derive(Clone, Debug, Default)]
pub struct InvoiceFilter {
    pub customer: Option<CustomerId>,
    pub only_open: bool,
    /// Leaves out those of which a payment waits for the books: they are paid, and the books lag behind.
    pub but_paid_here: bool,
    /// Leaves out drafts of books of our own that were discarded.
    pub but_discarded: bool,
    /// Issued, and the books count something as paid.
    pub only_paid_on: bool,
    pub status: Option<InvoiceStatus>,
    pub due_before: Option<NaiveDate>,
    /// Part of a number, or of a customer's name.
    pub search: String,
}

/// One figure per currency.
#[derive(Clone, Debug, FromQueryResult)]
pub struct Sum {
    pub currency: String,
    pub minor: i64,
}

impl Sum {
    /// # Errors
    /// A stored currency that this version does not know.
    pub fn money(&self) -> Result<Money, Error> {
        money(self.minor, &self.currency, "currency")
    }
}

impl<C: ConnectionTrait> Scoped<C> {
    fn filtered(&self, filter: &InvoiceFilter) -> Select<Entity> {
        let mut select = self.find::<Entity>().filter(Column::Advance.is_null());
        if let Some(customer) = filter.customer {
            select = select.filter(Column::CustomerId.eq(customer));
        }
        if filter.only_open {
            select = select.filter(Column::Status.eq(InvoiceStatus::Open)).filter(Column::DueMinor.gt(0));
        }
        if filter.but_paid_here {
            let waiting = Expr::cust(books_entries::WAITING);
            let paid = self.mine::<books_entries::Entity>(books_entries::Column::InvoiceId, waiting);
            select = select.filter(Column::Id.not_in_subquery(paid));
        }
        if filter.but_discarded {
            let mut never =
                self.about::<ledger_invoices::Entity>(ledger_invoices::Column::InvoiceId, (Entity, Column::Id));
            never.and_where(ledger_invoices::Column::IssuedAt.is_null());
            select = select.filter(Column::Status.ne(InvoiceStatus::Void).or(Expr::exists(never).not()));
        }
        if filter.only_paid_on {
            let issued = Column::Status.is_in([InvoiceStatus::Open, InvoiceStatus::Paid]);
            select = select.filter(issued).filter(Expr::col(Column::DueMinor).lt(Expr::col(Column::TotalMinor)));
        }
        if let Some(status) = filter.status {
            select = select.filter(Column::Status.eq(status));
        }
        if let Some(day) = filter.due_before {
            select = select.filter(Column::DueDate.lt(day));
        }
        if !filter.search.is_empty() {
            let named = like(customers::Column::Name, &filter.search);
            let named = self.mine::<customers::Entity>(customers::Column::Id, named);
            select = select.filter(like(Column::Number, &filter.search).or(Column::CustomerId.in_subquery(named)));
        }
        select
    }

    /// One page, most pressing first, and how many there are.
    ///
    /// # Errors
    /// The database is away.
    pub async fn invoice_page(
        &self,
        filter: &InvoiceFilter,
        page: u64,
        per_page: u64,
    ) -> Result<(Vec<Model>, u64), Error> {
        let order = if filter.only_open { Order::Asc } else { Order::Desc };
        // The id last: without it two pages could show one invoice twice and another never.
        let list = self.filtered(filter).order_by(Column::DueDate, order).order_by_asc(Column::Number);
        self.page(list.order_by_asc(Column::Id), page, per_page).await
    }

    /// # Errors
    /// The database is away.
    pub async fn invoices_part(&self, filter: &InvoiceFilter, part: Part<InvoiceId>) -> Result<Vec<Model>, Error> {
        Ok(part.of(self.filtered(filter), Column::Id).all(self.conn()).await?)
    }

    /// What is due on these invoices, per currency.
    ///
    /// # Errors
    /// The database is away.
    pub async fn invoice_sums(&self, filter: &InvoiceFilter) -> Result<Vec<Sum>, Error> {
        let select = self.filtered(filter).select_only().column(Column::Currency);
        let sum = Expr::col(Column::DueMinor).sum().cast_as("bigint");
        Ok(select.column_as(sum, "minor").group_by(Column::Currency).into_model().all(self.conn()).await?)
    }
}

/// A case-blind "contains" whose text means itself. Both sides are folded by the database, each by its own alphabet.
pub(crate) fn like<C: ColumnTrait>(column: C, wanted: &str) -> Expr {
    let escaped = text(wanted).replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_");
    let pattern = Expr::expr(Func::lower(Expr::val(format!("%{escaped}%"))));
    let pattern = pattern.binary(BinOper::Escape, Expr::Constant('\\'.into()));
    Expr::expr(Func::lower(Expr::col(column.as_column_ref()))).binary(BinOper::Like, pattern)
}
