//! Who asks, for what, how much: the first thing on the page, on any screen.

use crate::{
    addresses,
    components::{badge::InvoiceBadges, pdf_link::PdfLink, who::MerchantMark},
};
use domain::{money::Money, views::Offer};
use leptos::prelude::*;

#[component]
pub fn Sum(offer: Offer) -> impl IntoView {
    let locale = offer.merchant.locale;
    let amount = offer.amount.format(locale);
    let paid = offer.invoice.part_paid();
    let company = offer.invoice.customer.as_ref().map(|customer| format!(" for {customer}"));
    let (number, href) = (offer.invoice.number.clone(), addresses::checkout_pdf(offer.checkout));
    let pdf = offer.pdf.then(|| view! { <PdfLink href number=number.clone()/> });
    view! {
        <section class="sum" aria-label="What you are paying">
            <div>
                <MerchantMark name=offer.merchant.name/>
                <p class="for muted">"Invoice " <span class="nowrap">{number}</span> {company} {pdf}</p>
                <h1 class="amt num">{amount.clone()}</h1>
                <InvoiceBadges invoice=offer.invoice.clone() locale/>
                <dl class="facts num">
                    <Fact name="Invoice date" value=domain::date::in_words(offer.invoice.date)/>
                    <Fact name="Due date" value=domain::date::in_words(offer.invoice.due_date)/>
                    {paid.map(|paid| view! {
                        <Fact name="Invoice total" value=offer.invoice.total.format(locale)/>
                        <Fact name="Paid so far" value=Money::new(-paid.minor, paid.currency).format(locale)/>
                    })}
                    <div class="total"><dt>"You pay"</dt><dd>{amount}</dd></div>
                </dl>
            </div>
        </section>
    }
}

#[component]
fn Fact(name: &'static str, value: String) -> impl IntoView {
    view! { <div><dt>{name}</dt><dd>{value}</dd></div> }
}
