//! Who asks, for what, how much: the first thing on the page, on any screen.

use crate::{
    addresses,
    components::{badge::InvoiceBadges, pdf_link::PdfLink, who::MerchantMark},
    words::count,
};
use domain::{
    date::in_words,
    money::{Locale, Money},
    payment::{ShownShare, Takes},
    views::{MerchantFace, Offer, OfferItem},
};
use leptos::prelude::*;

/// Of the field for what is paid of the `n`th invoice.
pub fn amount_id(n: usize) -> String {
    format!("amount-{n}")
}

/// `typed` are amounts that cannot be paid.
#[component]
pub fn Sum(offer: Offer, typed: Vec<String>) -> impl IntoView {
    let amounts = offer.takes.any().then(|| view! { <Amounts offer=offer.clone() typed/> });
    let over = over(&offer).map(|words| view! { <p class="notice num">{words}</p> });
    let merchant = offer.merchant.name.clone();
    let of = match <[OfferItem; 1]>::try_from(offer.items.clone()) {
        Ok([item]) if item.invoice.advance.is_some() => view! { <Prepayment offer item/> }.into_any(),
        Ok([item]) => view! { <One offer item/> }.into_any(),
        Err(items) => view! { <Several offer items/> }.into_any(),
    };
    view! {
        <section class="sum" aria-label="What you are paying">
            <div>
                <MerchantMark name=merchant/>
                {of}
                {over}
                {amounts}
            </div>
        </section>
    }
}

/// What stays as credit of what is paid over what is due, before anybody agrees to it (G29).
fn over(offer: &Offer) -> Option<String> {
    let shown = offer.items.iter().map(|item| ShownShare { pay: item.pay, due: item.invoice.due });
    let over = shown.filter_map(ShownShare::surplus).map(|more| more.minor).sum::<i64>();
    let over = Money::new(over, offer.amount.currency);
    let MerchantFace { name, locale, .. } = &offer.merchant;
    over.is_positive().then(|| format!("{} over what is due stays as credit with {name}.", over.format(*locale)))
}

#[component]
fn Prepayment(offer: Offer, item: OfferItem) -> impl IntoView {
    let OfferItem { invoice, pay } = item;
    let company = invoice.customer.map(|customer| format!(" for {customer}"));
    let purpose = invoice.advance.filter(|purpose| !purpose.is_empty());
    let locale = offer.merchant.locale;
    let (paid, amount) = (pay.format(locale), offer.amount.format(locale));
    let has_surcharge = offer.added.is_positive();
    let (kind, title, bare) = match &offer.quote {
        Some(_) => ("Quote ", "For", "Of this quote"),
        None => ("Credit ", "Purpose", "You pay in advance"),
    };
    let of_it = has_surcharge.then(|| view! { <Fact name=bare value=paid/> });
    let all = if has_surcharge || offer.quote.is_some() { "You pay" } else { bare };
    let recurring = offer.quote.and_then(|quote| quote.recurring);
    view! {
        <p class="for muted">{kind} <span class="nowrap">{invoice.number}</span> {company}</p>
        <h1 class="amt num">{amount.clone()}</h1>
        <dl class="facts num">
            {purpose.map(|purpose| view! { <Fact name=title value=purpose/> })}
            {recurring.map(|words| view! { <Fact name="And later" value=words/> })}
            {of_it}
            <Surcharge added=offer.added locale/>
            <div class="total"><dt>{all}</dt><dd>{amount}</dd></div>
        </dl>
    }
}

#[component]
fn One(offer: Offer, item: OfferItem) -> impl IntoView {
    let OfferItem { invoice, pay } = item;
    let locale = offer.merchant.locale;
    let paid = invoice.part_paid();
    let company = invoice.customer.as_ref().map(|customer| format!(" for {customer}"));
    let (number, href) = (invoice.number.clone(), addresses::checkout_pdf(offer.checkout));
    let pdf = offer.pdf.then(|| view! { <PdfLink href number=number.clone()/> });
    let left = (pay != invoice.due).then(|| view! { <Fact name="Amount due" value=invoice.due.format(locale)/> });
    let shown = ShownShare { pay, due: invoice.due };
    let part = offer.added.is_positive().then(|| {
        let credit = shown.surplus().map(|more| view! { <Fact name="Stays as credit" value=more.format(locale)/> });
        view! { <Fact name="Of this invoice" value=shown.share().format(locale)/> {credit} }
    });
    let amount = offer.amount.format(locale);
    view! {
        <p class="for muted">"Invoice " <span class="nowrap">{number}</span> {company} {pdf}</p>
        <h1 class="amt num">{amount.clone()}</h1>
        <InvoiceBadges invoice=invoice.clone() locale/>
        <dl class="facts num">
            <Fact name="Invoice date" value=in_words(invoice.date)/>
            <Fact name="Due date" value=in_words(invoice.due_date)/>
            {paid.map(|paid| view! {
                <Fact name="Invoice total" value=invoice.total.format(locale)/>
                <Fact name="Paid so far" value=Money::new(-paid.minor, paid.currency).format(locale)/>
            })}
            {left}
            {part}
            <Surcharge added=offer.added locale/>
            <div class="total"><dt>"You pay"</dt><dd>{amount}</dd></div>
        </dl>
    }
}

/// The files are the payer's own: whoever has no session reads them one by one from the links that they were sent.
#[component]
fn Several(offer: Offer, items: Vec<OfferItem>) -> impl IntoView {
    let locale = offer.merchant.locale;
    let amount = offer.amount.format(locale);
    let company = items.first().and_then(|item| item.invoice.customer.clone());
    let company = company.map(|customer| format!(" for {customer}"));
    let what = count(items.len(), "invoice");
    let rows = items.into_iter().map(|item| share(&item, offer.pdf, locale)).collect_view();
    view! {
        <p class="for muted">{what} {company}</p>
        <h1 class="amt num">{amount.clone()}</h1>
        <dl class="facts each num">
            {rows}
            <Surcharge added=offer.added locale/>
            <div class="total"><dt>"You pay"</dt><dd>{amount}</dd></div>
        </dl>
    }
}

#[component]
fn Surcharge(added: Money, locale: Locale) -> impl IntoView {
    added.is_positive().then(|| view! { <div class="added"><dt>"Surcharge"</dt><dd>{added.format(locale)}</dd></div> })
}

fn share(item: &OfferItem, pdf: bool, locale: Locale) -> impl IntoView + use<> {
    let (invoice, number) = (&item.invoice, item.invoice.number.clone());
    let href = addresses::invoice_pdf(invoice.id);
    let pdf = pdf.then(|| view! { <PdfLink href number=number.clone()/> });
    let due = in_words(invoice.due_date);
    let other = (item.pay != invoice.due).then(|| format!(" of {}", invoice.due.format(locale)));
    view! {
        <div>
            <dt><span class="nowrap">{number}</span> {pdf} <small>{format!("due {due}")}</small></dt>
            <dd>{item.pay.format(locale)} {other}</dd>
        </div>
    }
}

/// Where less or more than is due is taken: what is paid of each, changed by a form of its own, because button and words
/// beside it say the sum.
#[component]
fn Amounts(offer: Offer, typed: Vec<String>) -> impl IntoView {
    let Takes { parts, more } = offer.takes;
    let wrong = !typed.is_empty();
    let locale = offer.merchant.locale;
    let fields = offer.items.iter().enumerate().map(|(n, item)| {
        let id = amount_id(n);
        let hint = format!("{id}-hint");
        let value = typed.get(n).cloned().unwrap_or_else(|| item.pay.to_decimal());
        view! {
            <div class="field">
                <label for=id.clone()>{format!("Amount for {}", item.invoice.number)}</label>
                <p class="hint num" id=hint.clone()>{bounds(parts, more, &item.invoice.due.format(locale))}</p>
                <input
                    class="input num" id=id name="amounts[]" inputmode="decimal" autocomplete="off" required
                    aria-describedby=hint value=value
                />
            </div>
        }
    });
    let fields = fields.collect_view();
    view! {
        <details class="parts" open=wrong>
            <summary>{if more { "Pay another amount" } else { "Pay a part" }}</summary>
            <form class="stack" method="post" action="/api/payments/amounts">
                <input type="hidden" name="checkout" value=offer.checkout.to_string()/>
                <input type="hidden" name="currency" value=offer.amount.currency.to_string()/>
                {fields}
                <button class="btn" type="submit">"Update amount"</button>
            </form>
        </details>
    }
}

/// What may be typed where so much is due.
fn bounds(parts: bool, more: bool, due: &str) -> String {
    match (parts, more) {
        (true, true) => format!("{due} is due; what you pay over that stays as credit"),
        (false, true) => format!("{due} or more; what you pay over that stays as credit"),
        _ => format!("Up to {due}"),
    }
}

#[component]
fn Fact(name: &'static str, value: String) -> impl IntoView {
    view! { <div><dt>{name}</dt><dd>{value}</dd></div> }
}
