//! Invoices, credit notes and statements as files.

use super::{Asked, Keeper};
use crate::{
    invoice_pdf::{Which, file, file_at},
    staff::{Answer, Id},
};
use app::addresses;
use axum::extract::{Query, rejection::QueryRejection};
use domain::{
    ids::{CreditNoteId, CustomerId, InvoiceId},
    own_invoice::read_date,
};
use engine::Error;

/// Which document is asked for; what cannot be one is not found.
type Asks = Result<Query<Which>, QueryRejection>;

/// Of a draft and of a void one there is none: the invoice's page says so.
pub async fn invoice(keeper: Keeper, Id(id): Id<InvoiceId>, asks: Asks) -> Answer {
    let Query(which) = keeper.web.or_refused(asks.map_err(|_| Error::NotFound))?;
    match keeper.engine().own_invoice_pdf(&keeper.admin, id, which.address()).await {
        Ok(pdf) => Ok(file_at(pdf, &addresses::own_invoice_pdf(id))),
        Err(cause) => keeper.acted(id, "", Err(cause)),
    }
}

pub async fn credit_note(keeper: Keeper, Id(note): Id<CreditNoteId>, asks: Asks) -> Answer {
    let Query(which) = keeper.web.or_refused(asks.map_err(|_| Error::NotFound))?;
    let pdf = keeper.engine().credit_pdf(&keeper.admin, note, which.address()).await;
    Ok(file_at(keeper.web.or_refused(pdf)?, &addresses::credit_pdf(note)))
}

pub async fn statement(keeper: Keeper, Id(id): Id<CustomerId>, Query(asked): Query<Asked>) -> Answer {
    let (from, until) = (read_date(&asked.from), read_date(&asked.until));
    keeper.web.or_refused(keeper.engine().statement_pdf(&keeper.admin, id, from, until).await).map(file)
}
