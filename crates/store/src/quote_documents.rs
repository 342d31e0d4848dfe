//! What the payments of quotes write into the books: a pair of documents each, by numbers that are never used twice, because
//! books may keep the number of a draft that was deleted for ever (`wire/accounting.md`, 4.4).

use crate::{
    Error, Invoice, MerchantTx, Quote, invoices,
    scope::{Only, Scoped, belongs, moment, owned},
};
use chrono::{DateTime, Utc};
use domain::{
    advance::{QuoteNumbers, quote_numbers},
    ids::{AttemptId, InvoiceId, MerchantId},
};
use sea_orm::{ConnectionTrait, QueryOrder, entity::prelude::*};

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "quote_document")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub merchant_id: MerchantId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub quote_number: String,
    /// From 1, over all versions of the quote.
    #[sea_orm(primary_key, auto_increment = false)]
    pub payment_no: i32,
    /// Of the quote's advance.
    pub invoice_id: InvoiceId,
    pub attempt_id: AttemptId,
    pub state: QuoteDocumentState,
    /// Why the books do not take its draft, or do not let it go.
    pub last_error: Option<String>,
    pub updated_at: DateTime<Utc>,
}
impl ActiveModelBehavior for ActiveModel {}
owned!();
belongs!(invoices, InvoiceId);

pub use Model as QuoteDocument;

#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Text", rename_all = "snake_case")]
pub enum QuoteDocumentState {
    /// The bank has the debit: a draft may stand, where the books draft credits.
    Meant,
    Drafted,
    /// No money came: its draft is to go.
    Dropping,
    Dropped,
    /// The money came: how the pair stands, the books entry says.
    Paired,
    /// Something of its credit was used: it is for nothing as a whole any more.
    Used,
    /// The money went back: how the pair leaves the books, the books entry says.
    Gone,
}

impl QuoteDocument {
    #[must_use]
    pub fn numbers(&self) -> QuoteNumbers {
        quote_numbers(&self.quote_number, u32::try_from(self.payment_no).unwrap_or(1))
    }
}

impl MerchantTx {
    /// The next documents of a quote, for this attempt.
    ///
    /// # Errors
    /// [`Error::Missing`] also for another merchant's.
    pub async fn quote_document_add(
        &self,
        quote: &Quote,
        attempt_id: AttemptId,
        state: QuoteDocumentState,
        now: DateTime<Utc>,
    ) -> Result<QuoteDocument, Error> {
        loop {
            let of = self.find::<Entity>().filter(Column::QuoteNumber.eq(quote.number.as_str()));
            let last = of.order_by_desc(Column::PaymentNo).only(self.conn()).await?;
            let new = QuoteDocument {
                merchant_id: self.merchant_id(),
                quote_number: quote.number.clone(),
                payment_no: last.map_or(0, |last| last.payment_no) + 1,
                invoice_id: quote.invoice_id,
                attempt_id,
                state,
                last_error: None,
                updated_at: now,
            };
            // Another version of the quote may be paid this moment.
            if self.insert_absent::<Entity>([new.clone()]).await? == 1 {
                return Ok(new);
            }
        }
    }

    /// # Errors
    /// [`Error::Missing`] when it was never meant.
    pub async fn quote_document_move(
        &self,
        document: &QuoteDocument,
        state: QuoteDocumentState,
        error: Option<&str>,
        now: DateTime<Utc>,
    ) -> Result<(), Error> {
        let update = self
            .update::<Entity>()
            .col_expr(Column::State, Expr::value(state))
            .col_expr(Column::LastError, Expr::value(error.map(str::to_owned)))
            .col_expr(Column::UpdatedAt, Expr::value(moment(now)))
            .filter(Column::QuoteNumber.eq(document.quote_number.as_str()))
            .filter(Column::PaymentNo.eq(document.payment_no));
        self.update_one(update).await
    }
}

impl<C: ConnectionTrait> Scoped<C> {
    /// Those of an attempt that pays a quote, the newest last.
    ///
    /// # Errors
    /// The database is away.
    pub async fn quote_documents(&self, attempt: AttemptId) -> Result<Vec<QuoteDocument>, Error> {
        let of = self.find::<Entity>().filter(Column::AttemptId.eq(attempt));
        Ok(of.order_by_asc(Column::PaymentNo).all(self.conn()).await?)
    }

    /// Those whose credit stands in the books, or is on its way there, and may not be used yet, with the quote's advance.
    ///
    /// # Errors
    /// The database is away.
    pub async fn quote_credits(&self) -> Result<Vec<(QuoteDocument, Invoice)>, Error> {
        let alive = [QuoteDocumentState::Meant, QuoteDocumentState::Drafted, QuoteDocumentState::Paired];
        let alive = self.find::<Entity>().filter(Column::State.is_in(alive)).find_both_related(invoices::Entity);
        Ok(alive.order_by_asc(Column::QuoteNumber).order_by_asc(Column::PaymentNo).all(self.conn()).await?)
    }

    /// The newest of a quote whose money came.
    ///
    /// # Errors
    /// The database is away.
    pub async fn quote_document_paired(&self, quote: InvoiceId) -> Result<Option<QuoteDocument>, Error> {
        let of = self.find::<Entity>().filter(Column::InvoiceId.eq(quote));
        let paired = of.filter(Column::State.is_in([QuoteDocumentState::Paired, QuoteDocumentState::Used]));
        Ok(paired.order_by_desc(Column::PaymentNo).only(self.conn()).await?)
    }

    /// Those whose draft the books do not take, or do not let go.
    ///
    /// # Errors
    /// The database is away.
    pub async fn quote_documents_refused(&self) -> Result<Vec<QuoteDocument>, Error> {
        Ok(self.find::<Entity>().filter(Column::LastError.is_not_null()).all(self.conn()).await?)
    }
}
