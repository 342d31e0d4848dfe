//! What a payer reads of their company's account: one invoice with its lines, a statement, and credit notes. Drawn by the server
//! alone and outside the App: nothing of it is in the browser's program.

use crate::{
    Assets, addresses,
    components::{
        badge::{InvoiceBadges, StateBadge},
        empty::Empty,
        pager::{Beyond, Pager, Place},
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
    ids::InvoiceId,
    invoice::InvoiceStatus,
    money::{Locale, Money},
    views::{InvoiceFace, Page, PaymentRow, UnderWay, Whoami},
};
use engine::{KnownAccount, PayerCredit, PayerInvoice, PayerStatement};
use leptos::prelude::*;

const STATEMENTS: &str = "/statements";
const CREDITS: &str = "/credit-notes";

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
        let is_own = matches!(shown, PayerStatement::Own { .. });
        let has_credits = matches!(shown, PayerStatement::Own { has_credits: true, .. });
        let (sentence, (from, until), content) = match shown {
            PayerStatement::Own { own, .. } => {
                let statement = own.statement;
                let dates = (statement.from, statement.until);
                (sentence(&statement, locale), dates, table(statement, locale))
            }
            PayerStatement::Known(known) => (owed(&known, locale), (known.from, known.until), account(known, locale)),
        };
        let href = addresses::payer_statement_pdf(from, until);
        let pdf = is_own.then(|| view! { <PdfLink href number="this statement".to_owned()/> });
        let credits = has_credits.then(|| view! { <p><a href=CREDITS>"Credit notes"</a></p> });
        view! {
            {lead_in("/dashboard", "Outstanding", heading, view! { <p class="num">{sentence} {pdf}</p> {credits} })}
            {days(STATEMENTS.to_owned(), from, until)}
            {content}
        }
        .into_any()
    })
}

/// Status and HTML of the list of credit notes.
#[must_use]
pub fn render_payer_credits(assets: &Assets, who: Whoami, list: Page<PayerCredit>) -> (u16, String) {
    let (locale, place, merchant) = (who.locale, Place::from(&list), who.merchant.clone());
    page(assets, who, CREDITS, "Credit notes", false, || {
        let rows = if place.is_beyond() {
            view! { <Beyond path=CREDITS place=place.clone() whole=true/> }.into_any()
        } else if list.rows.is_empty() {
            let words = format!("When {merchant} takes something off an invoice, you find it here.");
            view! { <Empty title="No credit notes">{words}</Empty> }.into_any()
        } else {
            credits(list.rows, locale)
        };
        view! {
            {lead_in(STATEMENTS, "Statement", "Credit notes", ())}
            <section class="card" aria-label="Credit notes">{rows}<Pager path=CREDITS place whole=true/></section>
        }
        .into_any()
    })
}

fn credits(rows: Vec<PayerCredit>, locale: Locale) -> AnyView {
    let row = |PayerCredit { line, used }: PayerCredit| {
        view! {
            <tr>
                <th scope="row" class="key num">
                    {line.number.clone()} <PdfLink href=addresses::payer_credit_pdf(line.id) number=line.number/>
                </th>
                <td class="what">
                    <span class="num">
                        "Invoice " <a href=addresses::payer_invoice(line.invoice)>{line.invoice_number}</a>
                    </span>
                    {format!(": {}", line.reason)}
                </td>
                <td class="num date">{in_words(line.date)}</td>
                {used_on(used, locale)}
                <td class="amount muted" data-label="Left">{line.left.format(locale)}</td>
                <td class="amount">{line.total.format(locale)}</td>
            </tr>
        }
    };
    listed(&["Credit note", "For", "Date", "Used on"], &["Left", "Total"], rows.into_iter().map(row).collect_view())
}

/// Which invoices got how much of a credit note.
fn used_on(used: Vec<(InvoiceId, String, Money)>, locale: Locale) -> AnyView {
    if used.is_empty() {
        return view! { <td></td> }.into_any();
    }
    let share = |(invoice, number, amount): (InvoiceId, String, Money)| {
        let got = format!(": {}", amount.format(locale));
        view! { <span class="share"><a href=addresses::payer_invoice(invoice)>{number}</a>{got}</span> }
    };
    let shares = used.into_iter().map(share).collect_view();
    view! { <td class="num" data-label="Used on">{shares}</td> }.into_any()
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
