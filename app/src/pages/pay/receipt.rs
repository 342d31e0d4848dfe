//! The facts of one payment, as a receipt: printable, with what the invoice was, what this paid and what is left (D14).

use crate::{components::when::When, words::count};
use domain::{
    date::{in_words, zone_in_words},
    views::{Outcome, ShareFace, Standing},
};
use leptos::prelude::*;

/// What a payer quotes when asking about a try that brought no money.
#[component]
pub fn Brief(standing: Standing) -> impl IntoView {
    let method = standing.method.map(|method| format!(", {method}"));
    let word = match &*standing.shares {
        [share] if share.is_quote => " for quote ",
        [share] if share.is_advance => " for credit ",
        [_] => " for invoice ",
        several if several.iter().any(|share| share.is_advance) => " for ",
        _ => " for invoices ",
    };
    let numbers = standing.shares.into_iter().enumerate().map(|(n, share)| {
        view! { {(n > 0).then_some(", ")} <span class="nowrap">{share.number}</span> }
    });
    let numbers = numbers.collect_view();
    view! {
        <p class="brief small muted num">
            "Reference " <span class="nowrap">{standing.reference}</span> ". "
            {standing.amount.format(standing.merchant.locale)} {word} {numbers} {method} "."
        </p>
    }
}

#[component]
pub fn Receipt(standing: Standing, title: &'static str) -> impl IntoView {
    let (locale, zone) = (standing.merchant.locale, zone_in_words(&standing.merchant.time_zone));
    let balance = if standing.outcome == Outcome::Paid { "Balance left" } else { "Balance once it clears" };
    let to = if standing.outcome == Outcome::Paid { "Paid to" } else { "To" };
    let company = standing.customer.map(|customer| format!(", {customer}")).unwrap_or_default();
    let row = |name: &'static str, value: String| view! { <div><dt>{name}</dt><dd>{value}</dd></div> };
    let (what, of_invoices, balance) = match &*standing.shares {
        [share] if !share.is_advance => {
            let before = share.paid_before();
            let of_it = view! {
                {row("Invoice total", share.total.format(locale))}
                {before.is_positive().then(|| row("Paid before", before.format(locale)))}
            };
            let balance = row(balance, share.balance_after.format(locale)).into_any();
            (format!("{} {}", share.kind(), share.number), of_it.into_any(), balance)
        }
        shares => {
            let each = shares.iter().map(|share| {
                let left = share.balance_after.format(locale);
                let left = share.balance_after.is_positive().then(|| format!(", {left} left"));
                let name = view! { {format!("{} ", share.kind())} <span class="nowrap">{share.number.clone()}</span> };
                view! { <div><dt>{name}</dt><dd>{share.amount.format(locale)} {left}</dd></div> }
            });
            (paid_for(shares), each.collect_view().into_any(), ().into_any())
        }
    };
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
                {row("For", format!("{what}{company}"))}
                {standing.method.map(|method| row("Method", method))}
                <div><dt>"Date"</dt><dd><When at=standing.at/> ", " <span class="nowrap">{zone}</span></dd></div>
                {of_invoices}
                {standing.surcharge.map(|surcharge| row("Surcharge", surcharge.format(locale)))}
                <div class="total"><dt>"This payment"</dt><dd>{standing.amount.format(locale)}</dd></div>
                {paid_back}
                {balance}
            </dl>
        </section>
    }
}

/// `2 invoices and credit`
fn paid_for(shares: &[ShareFace]) -> String {
    let invoices = shares.iter().filter(|share| !share.is_advance).count();
    match shares {
        [share] if share.is_quote => "A quote".to_owned(),
        [_] => "A payment in advance".to_owned(),
        _ if invoices < shares.len() => format!("{} and credit", count(invoices, "invoice")),
        _ => count(invoices, "invoice"),
    }
}
