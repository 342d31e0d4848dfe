//! What a payer reads of their company's account: one invoice with its lines, a statement, and credit notes, the last two also as
//! files. Outside the App, because these pages need no script.

use crate::{
    invoice_pdf::{Which, file, file_at},
    router::Web,
    staff::{Answer, Id, Refusal, page, payer_admitted},
};
use app::{addresses, render_payer_credits, render_payer_invoice, render_payer_statement};
use axum::{
    Router,
    extract::{FromRequestParts, Query, rejection::QueryRejection},
    http::request::Parts,
    routing::get,
};
use domain::{
    access::Act,
    ids::{CreditNoteId, InvoiceId},
    own_invoice::read_date,
};
use engine::{Error, PayerPass};
use serde::Deserialize;

pub fn router() -> Router<Web> {
    Router::new()
        .route("/invoices/{invoice}", get(invoice))
        .route("/statements", get(statement))
        .route("/credit-notes", get(credits))
}

pub fn files() -> Router<Web> {
    Router::new()
        .route("/statements.pdf", get(statement_pdf))
        .route("/credit-notes/{note}/credit-note.pdf", get(credit_pdf))
}

/// A payer, and what answers them.
struct Payer {
    web: Web,
    pass: PayerPass,
}

impl FromRequestParts<Web> for Payer {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, web: &Web) -> Result<Self, Refusal> {
        let pass = payer_admitted(parts, web, Act::SeeOwnInvoices, "/dashboard").await?;
        Ok(Self { web: web.clone(), pass })
    }
}

async fn invoice(payer: Payer, Id(invoice): Id<InvoiceId>) -> Answer {
    let found = payer.web.or_refused(payer.web.engine.payer_invoice(&payer.pass, invoice).await)?;
    page(render_payer_invoice(&payer.web.assets, found))
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Days {
    from: String,
    until: String,
}

async fn statement(payer: Payer, Query(days): Query<Days>) -> Answer {
    let (from, until) = (read_date(&days.from), read_date(&days.until));
    let found = payer.web.or_refused(payer.web.engine.payer_statement(&payer.pass, from, until).await)?;
    page(render_payer_statement(&payer.web.assets, payer.pass.who().clone(), found))
}

async fn statement_pdf(payer: Payer, Query(days): Query<Days>) -> Answer {
    let (from, until) = (read_date(&days.from), read_date(&days.until));
    payer.web.or_refused(payer.web.engine.payer_statement_pdf(&payer.pass, from, until).await).map(file)
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Listed {
    page: String,
}

async fn credits(payer: Payer, Query(asked): Query<Listed>) -> Answer {
    let number = asked.page.parse().unwrap_or(1);
    let found = payer.web.or_refused(payer.web.engine.payer_credits(&payer.pass, number).await)?;
    page(render_payer_credits(&payer.web.assets, payer.pass.who().clone(), found))
}

async fn credit_pdf(payer: Payer, Id(note): Id<CreditNoteId>, asks: Result<Query<Which>, QueryRejection>) -> Answer {
    let Query(which) = payer.web.or_refused(asks.map_err(|_| Error::NotFound))?;
    let pdf = payer.web.engine.payer_credit_pdf(&payer.pass, note, which.address()).await;
    Ok(file_at(payer.web.or_refused(pdf)?, &addresses::payer_credit_pdf(note)))
}
