//! State as a word and a shape, then a colour: round is neutral or good, a ring waits, a diamond warns, a square is
//! wrong. And the two badges of an invoice: how late it is and how much of it is paid are two facts (D14).

use domain::{
    date::Lateness,
    dispute::DisputeState,
    invoice::InvoiceStatus,
    money::Locale,
    payment::AttemptState,
    refund::Refunded,
    views::{InvoiceFace, Tone, UnderWay},
};
use leptos::prelude::*;

#[component]
pub fn Badge(tone: Tone, #[prop(into)] words: String) -> impl IntoView {
    view! { <span class=class_of(tone)>{words}</span> }
}

#[component]
pub fn StateBadge(
    state: AttemptState,
    #[prop(optional)] never_sent: bool,
    #[prop(optional)] refunded: Refunded,
    #[prop(optional_no_strip)] dispute: Option<DisputeState>,
) -> impl IntoView {
    let (words, tone) = match dispute.and_then(DisputeState::badge).or(refunded.badge()) {
        Some(badge) => badge,
        None if never_sent => ("Not sent", Tone::Warn),
        None => state.badge(),
    };
    view! { <Badge tone words/> }
}

#[component]
pub fn InvoiceBadges(invoice: InvoiceFace, locale: Locale) -> impl IntoView {
    let (words, tone) = standing(&invoice);
    let part_paid = invoice.part_paid().map(|paid| {
        let words = format!("Part paid, {} of {}", paid.format(locale), invoice.total.format(locale));
        view! { <Badge tone=Tone::Warn words/> }
    });
    let under_way = invoice.under_way.filter(|whose| matches!(whose, UnderWay::Payer | UnderWay::Others));
    let under_way = under_way.map(|_| view! { <Badge tone=Tone::Wait words="Payment in progress"/> });
    view! { <span class="badges"><Badge tone words/>{part_paid}{under_way}</span> }
}

fn standing(invoice: &InvoiceFace) -> (String, Tone) {
    match invoice.under_way {
        Some(UnderWay::Books) => return ("Paid, not in the books yet".into(), Tone::Wait),
        Some(UnderWay::Credit) => return ("Covered by quote credit".into(), Tone::Wait),
        _ => {}
    }
    match (invoice.status, invoice.lateness) {
        (InvoiceStatus::Draft, _) => ("Draft".into(), Tone::Neutral),
        (InvoiceStatus::Paid, _) => ("Paid".into(), Tone::Good),
        (InvoiceStatus::Void, _) => ("Void".into(), Tone::Neutral),
        (InvoiceStatus::Open, Lateness::Overdue { .. }) => (invoice.lateness.to_string(), Tone::Bad),
        (InvoiceStatus::Open, Lateness::DueToday) => (invoice.lateness.to_string(), Tone::Warn),
        (InvoiceStatus::Open, Lateness::NotDue { .. }) => (invoice.lateness.to_string(), Tone::Neutral),
    }
}

/// Also for dots of a timeline, which carry no word of their own.
#[must_use]
pub const fn class_of(tone: Tone) -> &'static str {
    match tone {
        Tone::Neutral => "badge",
        Tone::Good => "badge good",
        Tone::Wait => "badge wait",
        Tone::Warn => "badge warn",
        Tone::Bad => "badge bad",
    }
}
