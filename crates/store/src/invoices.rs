//! Invoices as last read from the books, and beside them the advances that payers have made here: no list of invoices
//! has those.

use crate::{
    Customer, Error, MerchantDb, MerchantTx, books_entries, checkouts, customers,
    payments::allocation,
    scope::{Only, Scoped, moment, money, owned, text},
};
use chrono::{DateTime, NaiveDate, Utc};
use domain::{
    advance::AdvanceKind,
    ids::{CustomerId, InvoiceId, MerchantId},
    invoice::{BooksInvoice, InvoiceStatus},
    money::Money,
};
use sea_orm::{
    ConnectionTrait, ExprTrait, QueryOrder, QuerySelect,
    entity::prelude::*,
    sea_query::{Func, OnConflict},
};
use std::collections::{BTreeMap, HashMap, HashSet};
use uuid::Uuid;

/// Bound values per statement stay under SQLite's limit of 32,766.
pub(crate) const ROWS_PER_STATEMENT: usize = 500;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "invoice")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub merchant_id: MerchantId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: InvoiceId,
    pub customer_id: CustomerId,
    /// The books' id.
    pub external_id: String,
    pub number: String,
    pub status: InvoiceStatus,
    pub currency: String,
    pub total_minor: i64,
    /// What is left to pay.
    pub due_minor: i64,
    pub date: NaiveDate,
    pub due_date: NaiveDate,
    /// When the books were last asked about it.
    pub read_at: DateTime<Utc>,
    /// Absent for what the books call an invoice.
    pub advance: Option<AdvanceKind>,
    /// What an advance is for, in its payer's words.
    pub purpose: Option<String>,
    /// What whoever wrote it in the books has put beside its number.
    pub reference: Option<String>,
}
impl ActiveModelBehavior for ActiveModel {}
owned!();

impl Related<customers::Entity> for Entity {
    fn to() -> RelationDef {
        let customer = Self::belongs_to(customers::Entity).from((Column::MerchantId, Column::CustomerId));
        customer.to((customers::Column::MerchantId, customers::Column::Id)).into()
    }
}

impl Model {
    /// # Errors
    /// A stored currency that this version does not know.
    pub fn total(&self) -> Result<Money, Error> {
        money(self.total_minor, &self.currency, "invoice.currency")
    }

    /// The books are known to have it: one of ours may be there before we hear of it.
    #[must_use]
    pub fn is_raised(&self) -> bool {
        !self.external_id.starts_with(TO_RAISE)
    }

    /// The row with what the books say of it.
    #[must_use]
    pub fn told(self, books: &BooksInvoice) -> Self {
        Self {
            number: books.number.clone(),
            status: books.status,
            currency: books.total.currency.code().to_owned(),
            total_minor: books.total.minor,
            due_minor: books.due.minor,
            date: books.date,
            due_date: books.due_date,
            reference: books.reference.clone().or(self.reference),
            ..self
        }
    }

    /// # Errors
    /// A stored currency that this version does not know.
    pub fn due(&self) -> Result<Money, Error> {
        money(self.due_minor, &self.currency, "invoice.currency")
    }
}

/// Stands for the books' id of an invoice of ours that they do not have yet.
const TO_RAISE: &str = "to-raise-";

impl MerchantTx {
    /// Takes over what the books say; the id of a known invoice stays. Every customer must be known before.
    ///
    /// # Errors
    /// [`Error::Missing`] when an invoice names a customer that was never read.
    pub async fn invoices_upsert(
        &self,
        invoices: &[BooksInvoice],
        customers: &HashMap<String, CustomerId>,
        read_at: DateTime<Utc>,
    ) -> Result<(), Error> {
        // What the books have of an invoice that we are raising is ours already, and told by whoever raises it.
        let raised = self.find::<Entity>().filter(Column::ExternalId.starts_with(TO_RAISE)).all(self.conn()).await?;
        let others = invoices.iter().filter(|invoice| raised.iter().all(|ours| ours.number != invoice.number));
        // A page that moved while it was read brings a document twice: the later one counts. In one order for everybody,
        // so that two syncs never wait for each other.
        let latest: BTreeMap<_, _> = others.map(|i| (&i.external_id, i)).collect();
        let rows = latest.into_values().map(|i| {
            Ok(Model {
                merchant_id: self.merchant_id(),
                id: InvoiceId(Uuid::now_v7()),
                customer_id: *customers.get(&i.customer_external_id).ok_or(Error::Missing)?,
                external_id: i.external_id.clone(),
                number: i.number.clone(),
                status: i.status,
                currency: i.total.currency.code().to_owned(),
                total_minor: i.total.minor,
                due_minor: i.due.minor,
                date: i.date,
                due_date: i.due_date,
                read_at,
                advance: None,
                purpose: None,
                reference: i.reference.clone(),
            })
        });
        let rows = rows.collect::<Result<Vec<_>, Error>>()?;
        let mut columns = OnConflict::columns([Column::MerchantId, Column::ExternalId]);
        columns.update_columns([
            Column::CustomerId,
            Column::Number,
            Column::Status,
            Column::Currency,
            Column::TotalMinor,
            Column::DueMinor,
            Column::Date,
            Column::DueDate,
            Column::ReadAt,
            Column::Reference,
        ]);
        // A delta that was asked for before a payment was posted must not bring the old balance back.
        let older = Expr::col((Entity, Column::ReadAt)).lte(Expr::col(("excluded", Column::ReadAt)));
        columns.action_and_where(older);
        for chunk in rows.chunks(ROWS_PER_STATEMENT) {
            let insert = self.inserting::<Entity>(chunk.to_vec()).on_conflict(columns.clone());
            insert.exec_without_returning(self.conn()).await?;
        }
        Ok(())
    }

    /// Invoices that the books have deleted, by their ids there: nothing is due on them, unless a later read says otherwise.
    ///
    /// # Errors
    /// The database is away.
    pub async fn invoices_gone(&self, external_ids: &[String], read_at: DateTime<Utc>) -> Result<(), Error> {
        for chunk in external_ids.chunks(ROWS_PER_STATEMENT) {
            let void = self.update::<Entity>().col_expr(Column::Status, Expr::value(InvoiceStatus::Void));
            let void = void.col_expr(Column::DueMinor, Expr::value(0_i64));
            let void = void.col_expr(Column::ReadAt, Expr::value(moment(read_at)));
            let of = void.filter(Column::ExternalId.is_in(chunk.to_vec())).filter(Column::ReadAt.lte(moment(read_at)));
            of.exec(self.conn()).await?;
        }
        Ok(())
    }

    /// The same for what is open here and was read before, and is not among all that the books have open.
    ///
    /// # Errors
    /// The database is away.
    pub async fn invoices_gone_but(&self, open: &[String], read_at: DateTime<Utc>) -> Result<(), Error> {
        let open: HashSet<&str> = open.iter().map(String::as_str).collect();
        let known =
            self.find::<Entity>().filter(Column::Status.eq(InvoiceStatus::Open)).filter(Column::Advance.is_null());
        let known = known.filter(Column::ReadAt.lt(moment(read_at))).select_only().column(Column::ExternalId);
        let known: Vec<String> = known.into_tuple().all(self.conn()).await?;
        // What we are raising has no id of theirs yet.
        let gone = known.into_iter().filter(|id| !id.starts_with(TO_RAISE) && !open.contains(id.as_str()));
        self.invoices_gone(&gone.collect::<Vec<_>>(), read_at).await
    }

    /// An invoice of ours that the books are to have; none, when it stands already.
    ///
    /// # Errors
    /// [`Error::Missing`] when its customer is not this merchant's.
    pub async fn invoice_mean(&self, invoice: Model) -> Result<(), Error> {
        let external_id = to_raise(&invoice.number);
        self.insert_absent::<Entity>([Model { external_id, ..invoice }]).await.map(drop)
    }

    /// An advance that is about to be paid; its external id is our own.
    ///
    /// # Errors
    /// [`Error::Missing`] when the customer is not this merchant's.
    pub async fn advance_add(&self, advance: Model) -> Result<(), Error> {
        self.insert::<Entity>([advance]).await
    }

    /// Whether the money of an advance stands in the books: nothing is left to pay of it then. Invoices are told by the
    /// books themselves.
    ///
    /// # Errors
    /// The database is away.
    pub async fn advance_settle(&self, id: InvoiceId, stands: bool) -> Result<(), Error> {
        let (status, due) = if stands {
            (InvoiceStatus::Paid, Expr::value(0_i64))
        } else {
            (InvoiceStatus::Open, Expr::col(Column::TotalMinor))
        };
        let update = self.update::<Entity>().col_expr(Column::Status, Expr::value(status));
        let update = update.col_expr(Column::DueMinor, due).filter(Column::Id.eq(id));
        update.filter(Column::Advance.is_not_null()).exec(self.conn()).await?;
        Ok(())
    }

    /// Nobody pays an advance any more: something else is owed in its place.
    ///
    /// # Errors
    /// The database is away.
    pub async fn advance_void(&self, id: InvoiceId) -> Result<(), Error> {
        let update = self.update::<Entity>().col_expr(Column::Status, Expr::value(InvoiceStatus::Void));
        let update = update.col_expr(Column::DueMinor, Expr::value(0_i64)).filter(Column::Id.eq(id));
        update.filter(Column::Advance.is_not_null()).exec(self.conn()).await?;
        Ok(())
    }

    /// Deletes up to `limit` advances that were begun before this and that no checkout and no payment refers to, neither as it
    /// was made nor as it was written into the books, and says how many.
    ///
    /// # Errors
    /// The database is away.
    pub async fn advances_prune(&self, before: DateTime<Utc>, limit: u64) -> Result<u64, Error> {
        let this = || (Entity, Column::Id);
        let opened = self.about::<checkouts::Entity>(checkouts::Column::InvoiceId, this());
        let paid = self.about::<allocation::Entity>(allocation::Column::InvoiceId, this());
        let kept = self.about::<books_entries::Entity>(books_entries::Column::InvoiceId, this());
        // In words, as in the partial index that serves it.
        let unpaid = self.find::<Entity>().filter(Expr::cust("advance IS NOT NULL AND status = 'open'"));
        let unpaid = unpaid.filter(Column::ReadAt.lt(moment(before)));
        let alone = Expr::exists(opened).or(Expr::exists(paid)).or(Expr::exists(kept)).not();
        self.prune(Column::Id, unpaid.filter(alone), limit).await
    }

    /// [`MerchantDb::invoice_refresh`] as a part of more.
    ///
    /// # Errors
    /// [`Error::Missing`] also for another merchant's invoice.
    pub async fn invoice_refresh(
        &self,
        id: InvoiceId,
        books: &BooksInvoice,
        read_at: DateTime<Utc>,
    ) -> Result<(), Error> {
        self.refresh(self.conn(), id, books, read_at).await
    }
}

fn to_raise(number: &str) -> String {
    format!("{TO_RAISE}{number}")
}

impl MerchantDb {
    /// Before an invoice of ours is raised in the books by this number: from now on they may have it.
    ///
    /// # Errors
    /// [`Error::Missing`] also for another merchant's invoice.
    pub async fn invoice_to_raise(&self, id: InvoiceId, number: &str) -> Result<(), Error> {
        let update = self.update::<Entity>().col_expr(Column::ExternalId, Expr::value(to_raise(number)));
        let update = update.col_expr(Column::Number, Expr::value(number)).filter(Column::Id.eq(id));
        match update.exec(self.writer()).await?.rows_affected {
            0 => Err(Error::Missing),
            _ => Ok(()),
        }
    }

    /// An invoice of ours as the books have raised it.
    ///
    /// # Errors
    /// [`Error::Missing`] also for another merchant's invoice.
    pub async fn invoice_raised(
        &self,
        id: InvoiceId,
        books: &BooksInvoice,
        read_at: DateTime<Utc>,
    ) -> Result<Model, Error> {
        let tx = self.begin().await?;
        let update = tx.update::<Entity>().col_expr(Column::ExternalId, Expr::value(books.external_id.clone()));
        tx.update_one(update.filter(Column::Id.eq(id))).await?;
        tx.invoice_refresh(id, books, read_at).await?;
        let raised = tx.invoice(id).await?;
        tx.commit().await?;
        Ok(raised)
    }

    /// What a read of one known invoice says, unless a later one stands already. `read_at` is from before the question.
    ///
    /// # Errors
    /// [`Error::Missing`] also for another merchant's invoice.
    pub async fn invoice_refresh(
        &self,
        id: InvoiceId,
        books: &BooksInvoice,
        read_at: DateTime<Utc>,
    ) -> Result<(), Error> {
        self.refresh(self.writer(), id, books, read_at).await
    }
}

impl<C: ConnectionTrait> Scoped<C> {
    async fn refresh(
        &self,
        on: &impl ConnectionTrait,
        id: InvoiceId,
        books: &BooksInvoice,
        read_at: DateTime<Utc>,
    ) -> Result<(), Error> {
        let update = self
            .update::<Entity>()
            .col_expr(Column::Number, Expr::value(books.number.clone()))
            .col_expr(Column::Status, Expr::value(books.status))
            .col_expr(Column::Currency, Expr::value(books.total.currency.code()))
            .col_expr(Column::TotalMinor, Expr::value(books.total.minor))
            .col_expr(Column::DueMinor, Expr::value(books.due.minor))
            .col_expr(Column::Date, Expr::value(books.date))
            .col_expr(Column::DueDate, Expr::value(books.due_date))
            .col_expr(Column::ReadAt, Expr::value(moment(read_at)))
            .filter(Column::Id.eq(id))
            .filter(Column::ReadAt.lte(moment(read_at)));
        let update = match &books.reference {
            Some(reference) => update.col_expr(Column::Reference, Expr::value(reference.clone())),
            // A short copy leaves it out.
            None => update,
        };
        match update.exec(on).await?.rows_affected {
            0 => self.invoice(id).await.map(drop),
            _ => Ok(()),
        }
    }

    /// # Errors
    /// [`Error::Missing`] also for another merchant's invoice.
    pub async fn invoice(&self, id: InvoiceId) -> Result<Model, Error> {
        self.find::<Entity>().filter(Column::Id.eq(id)).only(self.conn()).await?.ok_or(Error::Missing)
    }

    /// An invoice and whose it is.
    ///
    /// # Errors
    /// [`Error::Missing`] also for another merchant's invoice.
    pub async fn invoice_with_customer(&self, id: InvoiceId) -> Result<(Model, Customer), Error> {
        let found = self.find::<Entity>().filter(Column::Id.eq(id)).find_both_related(customers::Entity);
        found.only(self.conn()).await?.ok_or(Error::Missing)
    }

    /// An invoice and whose it is. A number can be used again after its invoice was voided: the one that counts is the
    /// newest that was not. In whichever case its letters come, unless two numbers differ in that alone.
    ///
    /// # Errors
    /// The database is away.
    pub async fn invoice_by_number(&self, number: &str) -> Result<Option<(Model, Customer)>, Error> {
        let invoices = self.find::<Entity>().filter(Column::Advance.is_null());
        let exact = invoices.clone().filter(Column::Number.eq(text(number)));
        let mut found = exact.find_both_related(customers::Entity).all(self.conn()).await?;
        if found.is_empty() {
            let folded = Expr::expr(Func::lower(Expr::col(Column::Number.as_column_ref())));
            let alike = folded.eq(Expr::expr(Func::lower(Expr::val(text(number)))));
            let alike = invoices.filter(alike).find_both_related(customers::Entity);
            found = alike.all(self.conn()).await?;
            if found.windows(2).any(|two| two[0].0.number != two[1].0.number) {
                found.clear();
            }
        }
        found.sort_by_key(|(invoice, _)| (invoice.status != InvoiceStatus::Void, invoice.id));
        Ok(found.pop())
    }

    /// # Errors
    /// The database is away.
    pub async fn invoice_by_external_id(&self, external_id: &str) -> Result<Option<Model>, Error> {
        Ok(self.find::<Entity>().filter(Column::ExternalId.eq(external_id)).only(self.conn()).await?)
    }

    /// Whether any invoice, void ones and advances among them, has this number, in whichever case its letters come.
    ///
    /// # Errors
    /// The database is away.
    pub async fn invoice_number_is_taken(&self, number: &str) -> Result<bool, Error> {
        Ok(!self.invoices_numbered(&[number]).await?.is_empty())
    }

    /// All that have one of these numbers, likewise.
    ///
    /// # Errors
    /// The database is away.
    pub async fn invoices_numbered(&self, numbers: &[&str]) -> Result<Vec<Model>, Error> {
        let mut found = Vec::new();
        for chunk in numbers.chunks(ROWS_PER_STATEMENT) {
            let folded = Expr::expr(Func::lower(Expr::col(Column::Number.as_column_ref())));
            let alike = folded.is_in(chunk.iter().map(|number| Expr::expr(Func::lower(Expr::val(text(number))))));
            found.extend(self.find::<Entity>().filter(alike).all(self.conn()).await?);
        }
        Ok(found)
    }

    /// All of a customer's, advances among them, oldest first.
    ///
    /// # Errors
    /// The database is away.
    pub async fn invoices_of_customer(&self, customer: CustomerId) -> Result<Vec<Model>, Error> {
        let of = self.find::<Entity>().filter(Column::CustomerId.eq(customer));
        Ok(of.order_by_asc(Column::Date).order_by_asc(Column::Id).all(self.conn()).await?)
    }

    /// What a customer's invoices are in.
    ///
    /// # Errors
    /// The database is away.
    pub async fn invoice_currencies(&self, customer: CustomerId) -> Result<Vec<String>, Error> {
        let of = self.find::<Entity>().filter(Column::CustomerId.eq(customer)).filter(Column::Advance.is_null());
        Ok(of.select_only().column(Column::Currency).distinct().into_tuple().all(self.conn()).await?)
    }
}
