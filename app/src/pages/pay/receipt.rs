//! The facts of one payment, as a receipt: printable, with what the invoice was, what this paid and what is left (D14).

use crate::components::when::When;
use domain::{
    date::{in_words, zone_in_words},
    views::{Outcome, Standing},
};
use leptos::prelude::*;

/// What a payer quotes when asking about a try that brought no money.
#[component]
pub fn Brief(standing: Standing) -> impl IntoView {
    let method = standing.method.map(|method| format!(", {method}"));
    view! {
        <p class="brief small muted num">
            "Reference " <span class="nowrap">{standing.reference}</span> ". "
            {standing.amount.format(standing.merchant.locale)} " for invoice "
            <span class="nowrap">{standing.invoice_number}</span> {method} "."
        </p>
    }
}

#[component]
pub fn Receipt(standing: Standing, title: &'static str) -> impl IntoView {
    let (locale, zone) = (standing.merchant.locale, zone_in_words(&standing.merchant.time_zone));
    let balance = if standing.outcome == Outcome::Paid { "Balance left" } else { "Balance once it clears" };
    let before = standing.paid_before();
    let to = if standing.outcome == Outcome::Paid { "Paid to" } else { "To" };
    let company = standing.customer.map(|customer| format!(", {customer}")).unwrap_or_default();
    let row = |name: &'static str, value: String| view! { <div><dt>{name}</dt><dd>{value}</dd></div> };
    let paid_before = before.is_positive().then(|| row("Paid before", before.format(locale)));
    let paid_back = standing.paid_back.iter().map(|back| {
        let name = if back.is_out { "Refunded" } else { "Refund on its way" };
        row(name, format!("{}, {}", back.amount.format(locale), in_words(back.on)))
    });
    let paid_back = paid_back.collect_view();
    view! {
        <section class="receipt" aria-label=title>
            <h2>{title}</h2>
            <dl class="facts num">
                <div><dt>"Reference"</dt><dd class="nowrap">{standing.reference}</dd></div>
                {row(to, standing.merchant.name)}
                {row("For", format!("Invoice {}{company}", standing.invoice_number))}
                {standing.method.map(|method| row("Method", method))}
                <div><dt>"Date"</dt><dd><When at=standing.at/> ", " <span class="nowrap">{zone}</span></dd></div>
                {row("Invoice total", standing.total.format(locale))}
                {paid_before}
                <div class="total"><dt>"This payment"</dt><dd>{standing.amount.format(locale)}</dd></div>
                {paid_back}
                {row(balance, standing.balance_after.format(locale))}
            </dl>
        </section>
    }
}
