//! Invoices as files: addresses outside the App, because the answer is no page. Whatever goes wrong is one. What else is a PDF
//! is answered by the same headers.

use crate::{layers::plain_page, router::Web};
use app::{addresses, fault::Fault, render_fault};
use axum::{
    extract::{Query, State, rejection::QueryRejection},
    http::header::{CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG},
    response::{IntoResponse, Redirect, Response},
};
use axum_extra::extract::CookieJar;
use domain::{
    access::Act,
    ids::{CheckoutId, InvoiceId},
};
use engine::{Error, PdfFile};
use serde::Deserialize;

/// It is saved, and opened by another program. A browser that shows it all the same gives it no right of ours.
const POLICY: &str = "sandbox; default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
/// File systems take 255 bytes, and a letter can have four.
const NAME_MAX_CHARS: usize = 50;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct OfCheckout {
    transaction_id: CheckoutId,
}

#[derive(Deserialize)]
pub struct OfPayer {
    invoice: InvoiceId,
}

/// `/npe/invoice.pdf?transactionId=…`: the invoice of a checkout.
pub async fn of_checkout(State(web): State<Web>, asked: Result<Query<OfCheckout>, QueryRejection>) -> Response {
    let Ok(Query(OfCheckout { transaction_id })) = asked else { return answer(&web, Err(Error::NotFound)) };
    let pdf = match web.engine.guest(transaction_id, Act::SeeCheckout).await {
        Ok(guest) => web.engine.checkout_pdf(&guest).await,
        Err(cause) => Err(cause),
    };
    answer(&web, pdf)
}

/// `/payments/invoice.pdf?invoice=…`: one of the payer's own. Whoever is not signed in signs in first.
pub async fn of_payer(
    State(web): State<Web>,
    cookies: CookieJar,
    asked: Result<Query<OfPayer>, QueryRejection>,
) -> Response {
    let Ok(Query(OfPayer { invoice })) = asked else { return answer(&web, Err(Error::NotFound)) };
    let token = cookies.get(web.cookie.0).map_or("", |cookie| cookie.value());
    let pdf = match web.engine.payer(token, Act::SeeOwnInvoices).await {
        Ok(payer) => web.engine.invoice_pdf(&payer, invoice).await,
        Err(Error::NotSignedIn) => {
            return Redirect::to(&addresses::sign_in(&addresses::invoice_pdf(invoice))).into_response();
        }
        Err(cause) => Err(cause),
    };
    answer(&web, pdf)
}

fn answer(web: &Web, pdf: Result<PdfFile, Error>) -> Response {
    let fault = match pdf {
        Ok(pdf) => return file(pdf),
        Err(Error::BooksUnreachable(_)) => Fault::PdfUnreachable,
        Err(cause) => cause.into(),
    };
    plain_page(render_fault(&web.assets, fault))
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

/// RFC 6266: `filename` for old readers, `filename*` for all others. Of the number only letters and digits stay, and
/// three signs that mean nothing to a header or to a file system.
fn disposition(kind: &str, number: &str) -> String {
    let spelt = |stays: fn(char) -> bool| -> String {
        let number = number.chars().take(NAME_MAX_CHARS);
        number.map(|c| if stays(c) || "-_.".contains(c) { c } else { '-' }).collect()
    };
    let (plain, whole) = (spelt(|c| c.is_ascii_alphanumeric()), spelt(char::is_alphanumeric));
    let escaped = |byte: u8| match byte {
        b'-' | b'_' | b'.' | b'0'..=b'9' | b'A'..=b'Z' | b'a'..=b'z' => char::from(byte).to_string(),
        other => format!("%{other:02X}"),
    };
    let whole: String = whole.bytes().map(escaped).collect();
    format!("attachment; filename=\"{kind}-{plain}.pdf\"; filename*=UTF-8''{kind}-{whole}.pdf")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_named_by_its_number_and_the_number_stays_a_name() {
        let (long, cut) = ("9".repeat(255), "9".repeat(NAME_MAX_CHARS));
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
