//! Invoices as files: addresses outside the App, because the answer is no page. Whatever goes wrong is one. What else is a PDF
//! is answered by the same headers. Without `document`, an address has what is printed today; with it, the document with this
//! digest, whatever was changed since.

use crate::{layers::plain_page, router::Web};
use app::{addresses, fault::Fault, render_fault};
use axum::{
    extract::{Query, State, rejection::QueryRejection},
    http::{
        HeaderValue,
        header::{CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_LOCATION, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG},
    },
    response::{IntoResponse, Redirect, Response},
};
use axum_extra::extract::CookieJar;
use domain::{
    access::Act,
    ids::{CheckoutId, InvoiceId},
};
use engine::{Error, PdfFile, file_name};
use serde::Deserialize;

/// It is saved, and opened by another program. A browser that shows it all the same gives it no right of ours.
const POLICY: &str = "sandbox; default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// The SHA-256 of a document that is kept, in lower-case hex.
#[derive(Deserialize)]
#[serde(try_from = "String")]
pub struct Digest(String);

impl TryFrom<String> for Digest {
    type Error = &'static str;
    fn try_from(spelt: String) -> Result<Self, &'static str> {
        let is_one = spelt.len() == 64 && spelt.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        if is_one { Ok(Self(spelt)) } else { Err("no SHA-256") }
    }
}

/// Which document of an invoice or a credit note.
#[derive(Deserialize)]
pub struct Which {
    document: Option<Digest>,
}

impl Which {
    pub fn address(&self) -> Option<&str> {
        self.document.as_ref().map(|digest| digest.0.as_str())
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct OfCheckout {
    transaction_id: CheckoutId,
    document: Option<Digest>,
}

#[derive(Deserialize)]
pub struct OfPayer {
    invoice: InvoiceId,
    document: Option<Digest>,
}

/// `/npe/invoice.pdf?transactionId=…`: the invoice of a checkout.
pub async fn of_checkout(State(web): State<Web>, asked: Result<Query<OfCheckout>, QueryRejection>) -> Response {
    let Ok(Query(OfCheckout { transaction_id, document })) = asked else {
        return answer(&web, Err(Error::NotFound), "");
    };
    let which = Which { document };
    let pdf = match web.engine.guest(transaction_id, Act::SeeCheckout).await {
        Ok(guest) => web.engine.checkout_pdf(&guest, which.address()).await,
        Err(cause) => Err(cause),
    };
    answer(&web, pdf, &addresses::checkout_pdf(transaction_id))
}

/// `/payments/invoice.pdf?invoice=…`: one of the payer's own. Whoever is not signed in signs in first.
pub async fn of_payer(
    State(web): State<Web>,
    cookies: CookieJar,
    asked: Result<Query<OfPayer>, QueryRejection>,
) -> Response {
    let Ok(Query(OfPayer { invoice, document })) = asked else { return answer(&web, Err(Error::NotFound), "") };
    let (which, here) = (Which { document }, addresses::invoice_pdf(invoice));
    let token = cookies.get(web.cookie.0).map_or("", |cookie| cookie.value());
    let pdf = match web.engine.payer(token, Act::SeeOwnInvoices).await {
        Ok(payer) => web.engine.invoice_pdf(&payer, invoice, which.address()).await,
        Err(Error::NotSignedIn) => {
            let wanted = which.address().map_or_else(|| here.clone(), |digest| kept_at(&here, digest));
            return Redirect::to(&addresses::sign_in(&wanted)).into_response();
        }
        Err(cause) => Err(cause),
    };
    answer(&web, pdf, &here)
}

fn answer(web: &Web, pdf: Result<PdfFile, Error>, here: &str) -> Response {
    let fault = match pdf {
        Ok(pdf) => return file_at(pdf, here),
        Err(Error::BooksUnreachable(_)) => Fault::PdfUnreachable,
        Err(cause) => cause.into(),
    };
    plain_page(render_fault(&web.assets, fault))
}

/// A document, with the address at which it stays where it is kept. `here` is where today's is asked for.
pub fn file_at(pdf: PdfFile, here: &str) -> Response {
    let stays = pdf.is_kept.then(|| kept_at(here, &pdf.sha256));
    let mut answer = file(pdf);
    if let Some(Ok(at)) = stays.map(HeaderValue::try_from) {
        answer.headers_mut().insert(CONTENT_LOCATION, at);
    }
    answer
}

fn kept_at(here: &str, digest: &str) -> String {
    let and = if here.contains('?') { '&' } else { '?' };
    format!("{here}{and}document={digest}")
}

/// Nobody keeps it on the way: a number can be used again. What it is called by is its content (D21).
pub fn file(pdf: PdfFile) -> Response {
    let headers = [
        (CONTENT_TYPE, "application/pdf".to_owned()),
        (CONTENT_DISPOSITION, disposition(pdf.kind, &pdf.number)),
        (CONTENT_SECURITY_POLICY, POLICY.to_owned()),
        (CACHE_CONTROL, "private, no-store".to_owned()),
        (ETAG, format!("\"{}\"", pdf.sha256)),
    ];
    (headers, pdf.bytes).into_response()
}

/// RFC 6266: `filename` for old readers, `filename*` for all others.
fn disposition(kind: &str, number: &str) -> String {
    let spelt = |stays: fn(char) -> bool| file_name(kind, number, stays);
    let (plain, whole) = (spelt(|c| c.is_ascii_alphanumeric()), spelt(char::is_alphanumeric));
    let escaped = |byte: u8| match byte {
        b'-' | b'_' | b'.' | b'0'..=b'9' | b'A'..=b'Z' | b'a'..=b'z' => char::from(byte).to_string(),
        other => format!("%{other:02X}"),
    };
    let whole: String = whole.bytes().map(escaped).collect();
    format!("attachment; filename=\"{plain}.pdf\"; filename*=UTF-8''{whole}.pdf")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_named_by_its_number_and_the_number_stays_a_name() {
        let (long, cut) = ("9".repeat(255), "9".repeat(50));
        for (number, plain, whole) in [
            ("INV-501", "INV-501", "INV-501"),
            ("Ré 7/8", "R--7-8", "R%C3%A9-7-8"),
            ("../..", "..-..", "..-.."),
            ("a\"; b=\r\n\u{202e}c\\", "a---b----c-", "a---b----c-"),
            (long.as_str(), cut.as_str(), cut.as_str()),
        ] {
            let named = format!("attachment; filename=\"invoice-{plain}.pdf\"; filename*=UTF-8''invoice-{whole}.pdf");
            assert_eq!(disposition("invoice", number), named);
        }
    }
}
