//! Invoices, credit notes and statements as files.

use super::{Asked, Keeper};
use crate::{
    invoice_pdf::file,
    staff::{Answer, Id},
};
use axum::extract::Query;
use domain::{
    ids::{CreditNoteId, CustomerId, InvoiceId},
    own_invoice::read_date,
};

/// Of a draft and of a void one there is none: the invoice's page says so.
pub async fn invoice(keeper: Keeper, Id(id): Id<InvoiceId>) -> Answer {
    match keeper.engine().own_invoice_pdf(&keeper.admin, id).await {
        Ok(pdf) => Ok(file(pdf)),
        Err(cause) => keeper.acted(id, "", Err(cause)),
    }
}

pub async fn credit_note(keeper: Keeper, Id(note): Id<CreditNoteId>) -> Answer {
    keeper.web.or_refused(keeper.engine().credit_pdf(&keeper.admin, note).await).map(file)
}

pub async fn statement(keeper: Keeper, Id(id): Id<CustomerId>, Query(asked): Query<Asked>) -> Answer {
    let (from, until) = (read_date(&asked.from), read_date(&asked.until));
    keeper.web.or_refused(keeper.engine().statement_pdf(&keeper.admin, id, from, until).await).map(file)
}
