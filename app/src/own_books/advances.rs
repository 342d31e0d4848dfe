//! What customers paid past the portal for several invoices, or in advance: the form of it, the credits on the page of a
//! customer, and the form that uses one on an invoice.

use super::payments::{fields, taking_back};
use crate::{
    Assets, addresses,
    components::{
        empty::Empty,
        field::{Field, Kind},
    },
    plain_parts::{error_of, lead_in, listed, not_done, page, select, summary},
};
use domain::{
    date::in_words,
    ids::{CustomerId, LedgerPaymentId},
    money::Locale,
    own_invoice::Wrong,
    views::{InvoiceFace, Whoami},
};
use engine::{AdvanceForm, AdvanceTyped, CreditOf, CustomerCredit, UseForm, UsedCredit};
use leptos::prelude::*;

const PAST: &str =
    "For what was paid past this portal, in cash or by transfer: for several invoices, or in advance. No money moves.";

/// The form, with what was typed.
pub struct AdvancePage {
    pub form: AdvanceForm,
    /// What comes back with the form: the id that it was opened with.
    pub payment: LedgerPaymentId,
    pub typed: AdvanceTyped,
    pub wrong: Vec<Wrong>,
    /// Why it was not entered, beside what is wrong in its fields.
    pub refused: Option<&'static str>,
}

/// The form that uses a credit on an invoice, with what was typed.
pub struct UsePage {
    pub form: UseForm,
    /// As the form spells it.
    pub chosen: String,
    pub amount: String,
    pub wrong: Vec<Wrong>,
    pub refused: Option<&'static str>,
}

/// Status and HTML of the form.
#[must_use]
pub fn render_advance_form(assets: &Assets, who: Whoami, shown: AdvancePage) -> (u16, String) {
    let AdvancePage { form, payment, typed, wrong, refused } = shown;
    let (locale, heading) = (who.locale, format!("Enter a payment of {}", form.name));
    let (title, is_wrong) = (heading.clone(), !wrong.is_empty() || refused.is_some());
    page(assets, who, "/admin/customers", &title, is_wrong, || {
        let customer = addresses::customer(form.customer);
        let shares = form.open.iter().enumerate().map(|(n, invoice)| {
            let typed = typed.shares.iter().find(|(id, _)| *id == invoice.id).map(|(_, share)| share.clone());
            share(n + 1, invoice, typed.unwrap_or_default(), &wrong, locale)
        });
        let shares = (!form.open.is_empty()).then(|| {
            view! {
                <fieldset class="shares stack">
                    <legend>"What its invoices get of it"</legend>
                    <p class="hint">"What you leave empty gets nothing. What is left stays as the customer’s credit."</p>
                    {shares.collect_view()}
                </fieldset>
            }
        });
        view! {
            {lead_in(customer.clone(), form.name, heading, view! { <p class="muted">{PAST}</p> })}
            <form class="card pad stack" method="post" action=addresses::customer_payment(form.customer)>
                {not_done("It is not entered", refused)}
                {summary(&wrong)}
                <input type="hidden" name="payment" value=payment.to_string()/>
                {fields(format!("Amount in {}", form.currency), String::new(), typed.paid, &wrong)}
                {shares}
                <div class="acts">
                    <button class="btn primary" type="submit">"Enter payment"</button>
                    <a class="btn quiet" href=customer>"Cancel"</a>
                </div>
            </form>
        }
        .into_any()
    })
}

fn share(place: usize, invoice: &InvoiceFace, value: String, wrong: &[Wrong], locale: Locale) -> AnyView {
    let id = format!("share-{place}");
    let (error, error_id) = (error_of(wrong, &id), format!("{id}-error"));
    let is_wrong = error.is_some();
    let label = format!("{}, {} due", invoice.number, invoice.due.format(locale));
    view! {
        <div class=if is_wrong { "field wrong" } else { "field" }>
            <label for=id.clone()>{label}</label>
            <p class="error" id=error_id.clone() hidden=!is_wrong>{error.unwrap_or_default()}</p>
            <input type="hidden" name="invoice" value=invoice.id.to_string()/>
            <input
                class="input" type="text" id=id name="share" value=value inputmode="decimal" autocomplete="off"
                aria-describedby=error_id aria-invalid=is_wrong.then_some("true")
            />
        </div>
    }
    .into_any()
}

/// The credits on the page of their customer.
pub(super) fn card(customer: CustomerId, credits: Vec<CustomerCredit>, locale: Locale) -> Option<AnyView> {
    if credits.is_empty() {
        return None;
    }
    let row = |credit: CustomerCredit| {
        let number = match credit.of {
            CreditOf::Note(note) => view! { <a href=addresses::credit(note)>{credit.number}</a> }.into_any(),
            CreditOf::Advance(_) => credit.number.into_any(),
        };
        let reference = credit.hand.as_ref().map(|hand| hand.reference.clone());
        view! {
            <tr>
                <th scope="row" class="key num">{number}</th>
                <td class="what">{reference}</td>
                <td class="num date">{in_words(credit.date)}</td>
                <td class="act">{credit.hand.map(|hand| taking_back(addresses::customer_payment(customer), hand))}</td>
                <td class="amount muted" data-label="Of">{credit.amount.format(locale)}</td>
                <td class="amount">{credit.left.format(locale)}</td>
            </tr>
        }
    };
    let rows = credits.into_iter().map(row).collect_view();
    let card = view! {
        <section class="card" aria-labelledby="credits">
            <div class="bar"><h2 id="credits">"Credit"</h2></div>
            {listed(&["Number", "Reference", "Date", "Actions"], &["Amount", "Left"], rows)}
            <p class="none small muted">"What is left is used from the page of an open invoice."</p>
        </section>
    };
    Some(card.into_any())
}

/// Status and HTML of the form that uses a credit.
#[must_use]
pub fn render_use_form(assets: &Assets, who: Whoami, shown: UsePage) -> (u16, String) {
    let UsePage { form, chosen, amount, wrong, refused } = shown;
    let (locale, heading) = (who.locale, format!("Use credit on {}", form.number));
    let (title, is_wrong) = (heading.clone(), !wrong.is_empty() || refused.is_some());
    page(assets, who, "/admin/invoices", &title, is_wrong, || {
        let invoice = addresses::invoice(form.invoice);
        let content = if form.credits.is_empty() {
            let words = "Nothing is left of any payment in advance or credit note of the customer.";
            view! { <Empty title="No credit">{words}</Empty> }.into_any()
        } else {
            let most = form
                .credits
                .first()
                .map_or(form.due, |credit| if credit.left.minor < form.due.minor { credit.left } else { form.due });
            let amount = if amount.is_empty() { most.to_decimal() } else { amount };
            let hint = format!("No more than is left of it, and than {}, which is due.", form.due.format(locale));
            view! {
                <form class="card pad stack" method="post" action=addresses::use_credit(form.invoice)>
                    {not_done("Nothing was used", refused)}
                    {summary(&wrong)}
                    {choices(form.credits, &chosen, error_of(&wrong, "credit"), locale)}
                    <Field
                        id="amount" label="Amount" kind=Kind::TEXT inputmode="decimal" hint value=amount
                        error=error_of(&wrong, "amount")
                    />
                    <div class="acts">
                        <button class="btn primary" type="submit">"Use credit"</button>
                        <a class="btn quiet" href=invoice.clone()>"Cancel"</a>
                    </div>
                </form>
            }
            .into_any()
        };
        view! {
            {lead_in(invoice, form.number, heading, ())}
            {content}
        }
        .into_any()
    })
}

fn choices(credits: Vec<CustomerCredit>, chosen: &str, error: Option<String>, locale: Locale) -> AnyView {
    let options = credits.into_iter().map(|credit| {
        let id = credit.of.to_string();
        let is_chosen = chosen.split(':').next() == Some(id.as_str());
        let words = format!("{} of {}, {} left", credit.number, in_words(credit.date), credit.left.format(locale));
        view! { <option value=format!("{id}:{}", credit.left.minor) selected=is_chosen>{words}</option> }
    });
    select("credit", "Credit", "", options.collect_view(), error)
}

/// The credit that an invoice has got, as a part of its page.
pub(crate) fn used(credits: Vec<UsedCredit>, locale: Locale) -> Option<AnyView> {
    if credits.is_empty() {
        return None;
    }
    let rows = credits.into_iter().map(|credit| {
        view! { <div><dt>{credit.number}</dt><dd>{credit.amount.format(locale)}</dd></div> }
    });
    let section = view! {
        <section class="card pad" aria-labelledby="used">
            <h2 id="used">"Credit used"</h2>
            <dl class="facts num">{rows.collect_view()}</dl>
        </section>
    };
    Some(section.into_any())
}
