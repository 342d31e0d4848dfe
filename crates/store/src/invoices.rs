//! Invoices as last read from the books, and beside them the advances that payers have made here (`advances.rs`): no list of
//! invoices has those.

use crate::{
    Customer, Error, MerchantDb, MerchantTx, customers,
    scope::{Only, Scoped, belongs, json, moment, money, owned, text},
};
use chrono::{DateTime, NaiveDate, Utc};
use domain::{
    advance::AdvanceKind,
    ids::{CustomerId, InvoiceId, MerchantId},
    invoice::{BooksInvoice, InvoiceStatus},
    money::Money,
};
use sea_orm::{
    ConnectionTrait, ExprTrait, FromQueryResult, QueryOrder, QuerySelect, Statement, entity::prelude::*,
    sea_query::Func,
};
use std::collections::{BTreeMap, HashMap};
use uuid::{Uuid, fmt::Simple};

/// Bound values per statement stay under SQLite's limit of 32,766.
pub(crate) const ROWS_PER_STATEMENT: usize = 500;
/// As many as the books list at once.
const ROWS_PER_PAGE: usize = 1000;

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
belongs!(customers, CustomerId);

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
pub(crate) const TO_RAISE: &str = "to-raise-";

/// What a page of the books is held against.
#[derive(FromQueryResult)]
struct Known {
    external_id: String,
    customer_id: CustomerId,
    number: String,
    status: InvoiceStatus,
    currency: String,
    total_minor: i64,
    due_minor: i64,
    date: NaiveDate,
    due_date: NaiveDate,
    reference: Option<String>,
}

impl Known {
    fn is_as(&self, told: &BooksInvoice, customer: CustomerId) -> bool {
        let texts = (&self.number, self.currency.as_str(), &self.reference)
            == (&told.number, told.total.currency.code(), &told.reference);
        let amounts = (self.total_minor, self.due_minor) == (told.total.minor, told.due.minor);
        let dates = (self.date, self.due_date) == (told.date, told.due_date);
        texts && amounts && dates && (self.customer_id, self.status) == (customer, told.status)
    }
}

/// An invoice as it is written: the columns in the order of the statement.
type Row<'a> =
    (Simple, Simple, &'a str, String, InvoiceStatus, &'a str, i64, i64, NaiveDate, NaiveDate, Option<String>);

fn row_of(told: &BooksInvoice, customer: CustomerId) -> Row<'_> {
    (
        Uuid::now_v7().simple(),
        customer.0.simple(),
        &told.external_id,
        text(&told.number),
        told.status,
        told.total.currency.code(),
        told.total.minor,
        told.due.minor,
        told.date,
        told.due_date,
        told.reference.as_deref().map(text),
    )
}

impl MerchantTx {
    /// Takes over what the books say, and says how many rows that has changed; the id of a known invoice stays, and what stands
    /// here already is not written. Every customer must be known before.
    ///
    /// # Errors
    /// [`Error::Missing`] when an invoice names a customer that was never read.
    pub async fn invoices_upsert(
        &self,
        invoices: &[BooksInvoice],
        customers: &HashMap<String, CustomerId>,
        read_at: DateTime<Utc>,
    ) -> Result<u64, Error> {
        // A page that moved while it was read brings a document twice: the later one counts. In one order for everybody,
        // so that two syncs never wait for each other.
        let latest: BTreeMap<_, _> = invoices.iter().map(|invoice| (&invoice.external_id, invoice)).collect();
        let latest: Vec<_> = latest.into_values().collect();
        let mut changed = 0;
        for page in latest.chunks(ROWS_PER_PAGE) {
            let known = self.invoices_known(page).await?;
            let mut rows = Vec::new();
            for told in page {
                // What the books have of an invoice that we are raising is ours already, and told by whoever raises it.
                if known.contains_key(&to_raise(&told.number)) {
                    continue;
                }
                let customer = *customers.get(&told.customer_external_id).ok_or(Error::Missing)?;
                if known.get(&told.external_id).is_none_or(|known| !known.is_as(told, customer)) {
                    rows.push(row_of(told, customer));
                }
            }
            if !rows.is_empty() {
                changed += self.invoices_write(&rows, read_at).await?;
            }
        }
        Ok(changed)
    }

    /// What stands here of a page: in one question, also about those that we are raising under one of its numbers.
    async fn invoices_known(&self, page: &[&BooksInvoice]) -> Result<HashMap<String, Known>, Error> {
        let ids: Vec<_> = page.iter().flat_map(|told| [text(&told.external_id), to_raise(&told.number)]).collect();
        let these = self.one_of(Column::ExternalId, &ids)?;
        let known = self.find::<Entity>().filter(these).select_only().columns([
            Column::ExternalId,
            Column::CustomerId,
            Column::Number,
            Column::Status,
            Column::Currency,
            Column::TotalMinor,
            Column::DueMinor,
            Column::Date,
            Column::DueDate,
            Column::Reference,
        ]);
        let known = known.into_model::<Known>().all(self.conn()).await?;
        Ok(known.into_iter().map(|known| (known.external_id.clone(), known)).collect())
    }

    /// All rows in one value: the statement is always the same, so each database plans it once, whatever a page holds.
    async fn invoices_write(&self, rows: &[Row<'_>], read_at: DateTime<Utc>) -> Result<u64, Error> {
        let read = if self.store().is_postgres() {
            "(v->>0)::uuid, (v->>1)::uuid, v->>2, v->>3, v->>4, v->>5, (v->>6)::bigint, (v->>7)::bigint,
                (v->>8)::date, (v->>9)::date, v->>10 FROM jsonb_array_elements($3::jsonb) AS page(v)"
        } else {
            "unhex(v->>0), unhex(v->>1), v->>2, v->>3, v->>4, v->>5, v->>6, v->>7, v->>8, v->>9, v->>10
                FROM (SELECT value AS v FROM json_each($3)) AS page"
        };
        // A delta that was asked for before a payment was posted must not bring the old balance back.
        let sql = format!(
            "INSERT INTO invoice (merchant_id, read_at, id, customer_id, external_id, number, status, currency,
                total_minor, due_minor, date, due_date, reference)
            SELECT $1, $2, {read} WHERE TRUE
            ON CONFLICT (merchant_id, external_id) DO UPDATE SET customer_id = excluded.customer_id,
                number = excluded.number, status = excluded.status, currency = excluded.currency,
                total_minor = excluded.total_minor, due_minor = excluded.due_minor, date = excluded.date,
                due_date = excluded.due_date, reference = excluded.reference, read_at = excluded.read_at
            WHERE invoice.read_at <= excluded.read_at"
        );
        let values: [Value; 3] = [self.merchant_id().into(), moment(read_at).into(), json(&rows, "invoice")?.into()];
        let write = Statement::from_sql_and_values(self.conn().get_database_backend(), sql, values);
        Ok(self.conn().execute_raw(write).await?.rows_affected())
    }

    /// The books were asked about these, by their ids there, whatever they said.
    ///
    /// # Errors
    /// The database is away.
    pub async fn invoices_read(&self, external_ids: &[String], read_at: DateTime<Utc>) -> Result<(), Error> {
        let read = self.update::<Entity>().col_expr(Column::ReadAt, Expr::value(moment(read_at)));
        let these = read.filter(self.one_of(Column::ExternalId, external_ids)?);
        these.filter(Column::ReadAt.lt(moment(read_at))).exec(self.conn()).await?;
        Ok(())
    }

    /// Invoices that the books have deleted, by their ids there: nothing is due on them, unless a later read says otherwise.
    ///
    /// # Errors
    /// The database is away.
    pub async fn invoices_gone(&self, external_ids: &[String], read_at: DateTime<Utc>) -> Result<(), Error> {
        if external_ids.is_empty() {
            return Ok(());
        }
        let void = self.update::<Entity>().col_expr(Column::Status, Expr::value(InvoiceStatus::Void));
        let void = void.col_expr(Column::DueMinor, Expr::value(0_i64));
        let void = void.col_expr(Column::ReadAt, Expr::value(moment(read_at)));
        let these = void.filter(self.one_of(Column::ExternalId, external_ids)?);
        these.filter(Column::ReadAt.lte(moment(read_at))).exec(self.conn()).await?;
        Ok(())
    }

    /// An invoice of ours that the books are to have; none, when it stands already.
    ///
    /// # Errors
    /// [`Error::Missing`] when its customer is not this merchant's.
    pub async fn invoice_mean(&self, invoice: Model) -> Result<(), Error> {
        let external_id = to_raise(&invoice.number);
        self.insert_absent::<Entity>([Model { external_id, ..invoice }]).await.map(drop)
    }

    /// An invoice of ours as the books have raised it.
    ///
    /// # Errors
    /// [`Error::Missing`] also for another merchant's invoice.
    pub async fn invoice_raise(
        &self,
        id: InvoiceId,
        books: &BooksInvoice,
        read_at: DateTime<Utc>,
    ) -> Result<(), Error> {
        let update = self.update::<Entity>().col_expr(Column::ExternalId, Expr::value(books.external_id.clone()));
        self.update_one(update.filter(Column::Id.eq(id))).await?;
        self.invoice_refresh(id, books, read_at).await
    }

    /// An invoice of ours that the books refused is meant for them no more; what they have stays.
    ///
    /// # Errors
    /// The database is away.
    pub async fn invoice_unmean(&self, id: InvoiceId) -> Result<(), Error> {
        let mine = Entity::delete_many().filter(Column::MerchantId.eq(self.merchant_id())).filter(Column::Id.eq(id));
        mine.filter(Column::ExternalId.starts_with(TO_RAISE)).exec(self.conn()).await?;
        Ok(())
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
    format!("{TO_RAISE}{}", text(number))
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

    /// [`MerchantTx::invoice_raise`] by itself; answers the invoice as it is then.
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
        tx.invoice_raise(id, books, read_at).await?;
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
        let number = text(number);
        let folded = Expr::expr(Func::lower(Expr::col(Column::Number.as_column_ref())));
        let alike = folded.eq(Expr::expr(Func::lower(Expr::val(number.as_str()))));
        let alike = self.find::<Entity>().filter(Column::Advance.is_null()).filter(alike);
        let mut found = alike.find_both_related(customers::Entity).all(self.conn()).await?;
        if found.iter().any(|(invoice, _)| invoice.number == number) {
            found.retain(|(invoice, _)| invoice.number == number);
        } else if found.windows(2).any(|two| two[0].0.number != two[1].0.number) {
            found.clear();
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
