//! What a payer reads of their company's account: one invoice with its lines, and a statement. Drawn by the server alone and
//! outside the App: nothing of it is in the browser's program.

use crate::{
    Assets, addresses,
    components::{
        badge::{InvoiceBadges, StateBadge},
        pdf_link::PdfLink,
    },
    own_books::{
        lines::document,
        statement::{days, sentence, table},
    },
    plain_parts::{lead_in, listed, page},
    words::{amounts, invoices_of},
};
use domain::{
    date::in_words,
    invoice::InvoiceStatus,
    money::Locale,
    views::{InvoiceFace, PaymentRow, UnderWay, Whoami},
};
use engine::{KnownAccount, PayerInvoice, PayerStatement};
use leptos::prelude::*;

const STATEMENTS: &str = "/statements";

/// Status and HTML of an invoice.
#[must_use]
pub fn render_payer_invoice(assets: &Assets, shown: PayerInvoice) -> (u16, String) {
    let PayerInvoice { who, invoice, own, pdf } = shown;
    let (locale, merchant) = (who.locale, who.merchant.clone());
    let title = invoice.number.clone();
    page(assets, who, "/dashboard", &title, false, || {
        let number = invoice.number.clone();
        let pdf = pdf.then(|| view! { <PdfLink href=addresses::invoice_pdf(invoice.id) number=number.clone()/> });
        let (pay, document) = (pay(&invoice, locale), own.map(|own| document(own, locale)));
        view! {
            <div class="lead-in">
                <div>
                    <p class="crumb small"><a href="/dashboard">"Outstanding"</a></p>
                    <h1 class="num">{format!("Invoice {number}")}</h1>
                    <p>{format!("From {merchant}.")} {pdf}</p>
                </div>
                <InvoiceBadges invoice=invoice.clone() locale/>
                {pay}
            </div>
            <section class="card pad" aria-labelledby="facts">
                <h2 id="facts">"Invoice"</h2>
                <dl class="facts num">
                    <div><dt>"Date"</dt><dd>{in_words(invoice.date)}</dd></div>
                    <div><dt>"Due"</dt><dd>{in_words(invoice.due_date)}</dd></div>
                    <div><dt>"Total"</dt><dd>{invoice.total.format(locale)}</dd></div>
                    <div><dt>"Balance"</dt><dd><b>{invoice.due.format(locale)}</b></dd></div>
                </dl>
            </section>
            {document}
        }
        .into_any()
    })
}

/// Opens its checkout, where anything can be done about it now.
fn pay(invoice: &InvoiceFace, locale: Locale) -> Option<AnyView> {
    let is_payable = invoice.status == InvoiceStatus::Open && invoice.due.is_positive();
    let words = match invoice.under_way {
        None => format!("Pay {}", invoice.due.format(locale)),
        Some(UnderWay::Payer) => "Finish payment".to_owned(),
        Some(UnderWay::Others | UnderWay::Books | UnderWay::Credit) => return None,
    };
    is_payable.then(|| {
        view! {
            <form method="post" action="/api/invoices/pay">
                <input type="hidden" name="invoice" value=invoice.id.to_string()/>
                <button class="btn primary num" type="submit">{words}</button>
            </form>
        }
        .into_any()
    })
}

/// Status and HTML of a statement.
#[must_use]
pub fn render_payer_statement(assets: &Assets, who: Whoami, shown: PayerStatement) -> (u16, String) {
    let locale = who.locale;
    let company = who.customer.clone().unwrap_or_default();
    let title = format!("Statement for {company}");
    let heading = title.clone();
    page(assets, who, STATEMENTS, &title, false, || {
        let is_own = matches!(shown, PayerStatement::Own(_));
        let (sentence, (from, until), content) = match shown {
            PayerStatement::Own(own) => {
                let statement = own.statement;
                let dates = (statement.from, statement.until);
                (sentence(&statement, locale), dates, table(statement, locale))
            }
            PayerStatement::Known(known) => (owed(&known, locale), (known.from, known.until), account(known, locale)),
        };
        let href = addresses::payer_statement_pdf(from, until);
        let pdf = is_own.then(|| view! { <PdfLink href number="this statement".to_owned()/> });
        view! {
            {lead_in("/dashboard", "Outstanding", heading, view! { <p class="num">{sentence} {pdf}</p> })}
            {days(STATEMENTS.to_owned(), from, until)}
            {content}
        }
        .into_any()
    })
}

fn owed(known: &KnownAccount, locale: Locale) -> String {
    let due: Vec<_> = known.owed.iter().copied().filter(|sum| sum.is_positive()).collect();
    if due.is_empty() { "Nothing is due today.".to_owned() } else { format!("Due today: {}.", amounts(&due, locale)) }
}

fn account(known: KnownAccount, locale: Locale) -> AnyView {
    view! {
        <section class="card" aria-labelledby="invoices">
            <div class="bar"><h2 id="invoices">"Invoices of these days"</h2></div>
            {invoices(known.invoices, locale)}
        </section>
        <section class="card" aria-labelledby="payments">
            <div class="bar"><h2 id="payments">"Payments here"</h2></div>
            {payments(known.payments, locale)}
            <p class="none small muted">"What was paid in other ways is in the balances of the invoices."</p>
        </section>
    }
    .into_any()
}

fn invoices(rows: Vec<InvoiceFace>, locale: Locale) -> AnyView {
    if rows.is_empty() {
        return view! { <p class="none muted">"None."</p> }.into_any();
    }
    let row = |invoice: InvoiceFace| {
        let (number, badges) = (invoice.number.clone(), invoice.clone());
        view! {
            <tr>
                <th scope="row" class="key num">
                    <a href=addresses::payer_invoice(invoice.id)>{number}</a>
                </th>
                <td class="num date">{in_words(invoice.date)}</td>
                <td class="state"><InvoiceBadges invoice=badges locale/></td>
                <td class="amount muted" data-label="Total">{invoice.total.format(locale)}</td>
                <td class="amount">{invoice.due.format(locale)}</td>
            </tr>
        }
    };
    listed(&["Invoice", "Date", "Status"], &["Total", "Balance today"], rows.into_iter().map(row).collect_view())
}

fn payments(rows: Vec<PaymentRow>, locale: Locale) -> AnyView {
    if rows.is_empty() {
        return view! { <p class="none muted">"None."</p> }.into_any();
    }
    let row = |payment: PaymentRow| {
        let of = invoices_of(&payment, locale).join(", ");
        view! {
            <tr>
                <th scope="row" class="key num">
                    <a href=addresses::receipt(payment.payment)>{payment.reference}</a>
                </th>
                <td class="num what">{of}</td>
                <td class="num date">{in_words(payment.at.date_naive())}</td>
                <td class="state"><StateBadge state=payment.state refunded=payment.refunded/></td>
                <td class="amount">{payment.amount.format(locale)}</td>
            </tr>
        }
    };
    listed(&["Payment", "Invoice", "Paid on", "Status"], &["Amount"], rows.into_iter().map(row).collect_view())
}
