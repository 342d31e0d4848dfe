//! The lines of an invoice that staff wrote, what they come to, and what may be done with it: a part of the invoice's page.

use crate::{addresses, components::when::When, plain_parts::listed, words::count};
use domain::{
    invoice::InvoiceStatus,
    money::Locale,
    own_invoice::{Line, NotNow, Prices},
    views::MailFace,
};
use engine::OwnInvoice;
use leptos::prelude::*;

/// What was done just now, or why it was not: as addresses spell it, and in words.
const DONE: [(&str, &str); 17] = [
    ("saved", "The draft is saved."),
    ("issued", "The invoice is issued."),
    ("mailed", "The mail is written, and goes out by itself."),
    ("voided", "The invoice is void."),
    ("credited", "The credit note is issued."),
    ("credit-used", "The invoice got it."),
    ("entered", "The payment is entered."),
    ("taken-back", "The payment is taken back."),
    ("nothing-due", NotNow::NothingDue.words()),
    ("nothing-to-credit", NotNow::NothingToCredit.words()),
    ("credit-given", NotNow::Credited.words()),
    ("draft", NotNow::NotIssued.words()),
    ("outdated", "Somebody has changed the draft meanwhile, so it was not issued. Look at it again."),
    ("number", "Another invoice has its number by now, so it was not issued. Change the number."),
    ("not-issued", NotNow::Issued.words()),
    ("paid-on", NotNow::PaidOn.words()),
    ("being-paid", NotNow::BeingPaid.words()),
];

/// What to tell.
#[must_use]
pub fn told(done: &str) -> Option<&'static str> {
    DONE.iter().find(|(spelt, _)| *spelt == done).map(|(_, words)| *words)
}

/// The buttons of a draft, or of one that is issued. `email` is its customer's, who may have credit.
#[must_use]
pub fn acts(own: &OwnInvoice, email: Option<&str>, has_credit: bool, locale: Locale) -> Option<AnyView> {
    let total = own.sums.total.format(locale);
    match own.status {
        InvoiceStatus::Void => None,
        InvoiceStatus::Open | InvoiceStatus::Paid => {
            let pay = (own.status == InvoiceStatus::Open).then(|| {
                view! { <a class="btn" href=addresses::invoice_payment(own.id) rel="external">"Enter a payment"</a> }
            });
            let spend = (own.status == InvoiceStatus::Open && has_credit).then(|| {
                view! { <a class="btn" href=addresses::use_credit(own.id) rel="external">"Use credit"</a> }
            });
            let (pdf, credit) = (addresses::own_invoice_pdf(own.id), addresses::invoice_credit(own.id));
            Some(
                view! {
                    <div class="acts">
                        <a class="btn" href=pdf rel="external">"Download PDF"</a>
                        {pay}
                        {spend}
                        <a class="btn" href=credit rel="external">"Credit"</a>
                    </div>
                }
                .into_any(),
            )
        }
        InvoiceStatus::Draft => Some(
            view! {
                <div class="acts">
                    <a class="btn" href=addresses::invoice_edit(own.id) rel="external">"Change draft"</a>
                    <form class="stack" method="post" action=format!("{}/issue", addresses::invoice(own.id))>
                        <input type="hidden" name="changes" value=own.changes.to_string()/>
                        {mail_it(email)}
                        <button class="btn primary" type="submit">{format!("Issue for {total}")}</button>
                    </form>
                </div>
            }
            .into_any(),
        ),
    }
}

fn mail_it(email: Option<&str>) -> Option<AnyView> {
    let words = format!("Mail it to {}", email.filter(|email| !email.is_empty())?);
    let choice = view! {
        <label class="choice">
            <input type="checkbox" name="mail" value="yes" checked/>
            <span>{words}</span>
        </label>
    };
    Some(choice.into_any())
}

/// The mails of an invoice that is issued, and the way to send another.
#[must_use]
pub fn mails(own: &OwnInvoice, email: Option<&str>, mails: Vec<MailFace>) -> Option<AnyView> {
    if !matches!(own.status, InvoiceStatus::Open | InvoiceStatus::Paid) {
        return None;
    }
    let sent = mails.len();
    let way = match email.filter(|email| !email.is_empty()) {
        None => view! { <p class="muted">"Its customer has no e-mail address."</p> }.into_any(),
        Some(email) => {
            let words = if sent > 0 { "Send again" } else { "Mail it" };
            view! {
                <form method="post" action=format!("{}/mail", addresses::invoice(own.id))>
                    <input type="hidden" name="sent" value=sent.to_string()/>
                    <button class="btn" type="submit">{words}<span class="muted">{format!(" to {email}")}</span></button>
                </form>
            }
            .into_any()
        }
    };
    let rows = mails.into_iter().map(|mail| {
        view! {
            <li class="num">
                <a href=addresses::mail(mail.id) rel="external"><When at=mail.at/></a>
                {format!(" to {} ", mail.to)} <span class="badge">{mail.state}</span>
            </li>
        }
    });
    let section = view! {
        <section class="card pad stack" aria-labelledby="mailed">
            <h2 id="mailed">"Mailed"</h2>
            <ul>{rows.collect_view()}</ul>
            <div class="acts">{way}</div>
        </section>
    };
    Some(section.into_any())
}

/// The lines, their sums and the notes.
#[must_use]
pub fn document(own: OwnInvoice, locale: Locale) -> AnyView {
    let taxes = own.sums.taxes.iter().map(|(rate, tax)| {
        let name = match own.prices {
            Prices::TaxExcluded => format!("Tax {}%", rate.percent()),
            Prices::TaxIncluded => format!("Tax {}%, included", rate.percent()),
        };
        view! { <div><dt>{name}</dt><dd>{tax.format(locale)}</dd></div> }
    });
    let to = own.billed_to.clone().map(|(name, address)| {
        view! { <p class="notes muted">{format!("Billed to {name}\n{address}").trim_end().to_owned()}</p> }
    });
    let notes = (!own.typed.notes.is_empty()).then(|| view! { <p class="notes">{own.typed.notes.clone()}</p> });
    view! {
        <section class="card" aria-labelledby="lines">
            <div class="bar"><h2 id="lines">{count(own.lines.len(), "line")}</h2></div>
            {table(&own.lines, locale)}
            <div class="pad">
                <dl class="facts num">
                    <div><dt>"Without tax"</dt><dd>{own.sums.net.format(locale)}</dd></div>
                    {taxes.collect_view()}
                    <div><dt>"Total"</dt><dd><b>{own.sums.total.format(locale)}</b></dd></div>
                </dl>
                {notes}
                {to}
            </div>
        </section>
    }
    .into_any()
}

/// Lines alone; also those of a credit note.
pub(super) fn table(lines: &[Line], locale: Locale) -> AnyView {
    let rows = lines.iter().map(|line| row(line, locale)).collect_view();
    listed(&["Description"], &["Quantity", "Unit price", "Tax", "Amount"], rows)
}

fn row(line: &Line, locale: Locale) -> AnyView {
    // It was read from a sum that is not too large, so none of its lines is.
    let amount = line.amount().map(|amount| amount.format(locale)).unwrap_or_default();
    view! {
        <tr>
            <th scope="row" class="key">{line.description.clone()}</th>
            <td class="amount muted" data-label="Quantity">{line.quantity.to_string()}</td>
            <td class="amount muted" data-label="Price">{line.unit_price.format(locale)}</td>
            <td class="amount muted" data-label="Tax">{format!("{}%", line.tax.percent())}</td>
            <td class="amount">{amount}</td>
        </tr>
    }
    .into_any()
}

/// The way to void it, or why there is none.
#[must_use]
pub fn voiding(own: &OwnInvoice, number: &str) -> AnyView {
    let (heading, button, words) = if own.status == InvoiceStatus::Draft {
        ("Discard", "Discard draft".to_owned(), "It was never issued. This cannot be undone.")
    } else {
        let words = "Nobody owes it any more. Its number stays its own, and this cannot be undone.";
        ("Void", format!("Void {number}"), words)
    };
    let way = match own.void {
        Err(NotNow::Void) => return ().into_any(),
        Err(why) => view! { <p class="muted">{why.words()}</p> }.into_any(),
        Ok(()) => view! {
            <form class="stack" method="post" action=format!("{}/void", addresses::invoice(own.id))>
                <p class="muted">{words}</p>
                <div class="acts"><button class="btn" type="submit">{button}</button></div>
            </form>
        }
        .into_any(),
    };
    view! {
        <section class="card pad" aria-labelledby="void">
            <h2 id="void">{heading}</h2>
            {way}
        </section>
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_known_is_told() {
        assert_eq!(told("issued"), Some("The invoice is issued."));
        assert_eq!(told("<b>"), None);
    }
}
