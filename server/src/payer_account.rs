//! What a payer reads of their company's account: one invoice with its lines, and a statement, also as a file. Outside the App,
//! because these pages need no script.

use crate::{
    invoice_pdf::file,
    router::Web,
    staff::{Answer, Id, Refusal, page, payer_admitted},
};
use app::{render_payer_invoice, render_payer_statement};
use axum::{
    Router,
    extract::{FromRequestParts, Query},
    http::request::Parts,
    routing::get,
};
use domain::{access::Act, ids::InvoiceId, own_invoice::read_date};
use engine::PayerPass;
use serde::Deserialize;

pub fn router() -> Router<Web> {
    Router::new().route("/invoices/{invoice}", get(invoice)).route("/statements", get(statement))
}

pub fn files() -> Router<Web> {
    Router::new().route("/statements.pdf", get(statement_pdf))
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
