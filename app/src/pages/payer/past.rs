//! `/payments`: Past Payments. Two part payments of one invoice are two rows. What was paid by other ways follows, so that
//! nobody looks in vain for an invoice that left the dashboard.

use crate::{
    addresses,
    api::{self, Framed},
    components::{
        badge::StateBadge,
        empty::Empty,
        frame::Frame,
        load::{Loaded, list_query, load},
        page_title::PageTitle,
        pager::{Beyond, Pager, Place},
        search::Search,
    },
    pages::Screen,
    words::invoices_of,
};
use domain::{
    date::in_words,
    money::Locale,
    views::{PaidElsewhere, PastPayments, PaymentRow},
};
use leptos::prelude::*;

pub struct PastPaymentsPage {
    list: Loaded<Framed<PastPayments>>,
}

impl Screen for PastPaymentsPage {
    fn fetch() -> Self {
        let query = list_query();
        Self {
            list: Resource::new(
                move || query.get(),
                |(search, page)| api::transactions::list_past_payments(search, page),
            ),
        }
    }

    fn show(self) -> AnyView {
        load(self.list, |list| view! { <PastPaymentsView list/> })
    }
}

#[component]
pub fn PastPaymentsView(list: Framed<PastPayments>) -> impl IntoView {
    let Framed { who, page: PastPayments { here: page, elsewhere } } = list;
    let (locale, place, query) = (who.locale, Place::from(&page), page.query.clone());
    let company = who.customer.clone().unwrap_or_default();
    let has_others = !elsewhere.is_empty();
    let outside = (!elsewhere.is_empty()).then(|| view! { <Elsewhere rows=elsewhere locale/> });
    let rows = if place.is_beyond() {
        view! { <Beyond path="/payments" place=place.clone()/> }.into_any()
    } else if page.rows.is_empty() && query.is_empty() {
        view! { <Empty title="No payments here yet">"Each payment you make appears here with its reference."</Empty> }
            .into_any()
    } else if page.rows.is_empty() && has_others {
        view! { <p class="none muted">"No payment made here matches your search. What was paid in other ways follows."</p> }
            .into_any()
    } else if page.rows.is_empty() {
        view! { <Empty title="Nothing found">"No payment matches your search."</Empty> }.into_any()
    } else {
        view! { <Rows rows=page.rows locale/> }.into_any()
    };
    view! {
        <PageTitle text=format!("Past Payments – {company}")/>
        <Frame who current="/payments">
            <div class="lead-in">
                <h1>"Past Payments"</h1>
                <Search path="/payments" label="Search invoice or reference" short="Invoice or reference" query/>
            </div>
            <section class="card" aria-labelledby="here">
                <div class="bar"><h2 id="here">"Paid through this portal"</h2></div>
                {rows}
                <Pager path="/payments" place/>
            </section>
            {outside}
        </Frame>
    }
}

#[component]
fn Rows(rows: Vec<PaymentRow>, locale: Locale) -> impl IntoView {
    let rows = rows.into_iter().map(|row| {
        let back = row.paid_back.map(|back| view! { <br/> {back.words(locale)} });
        let invoices = invoices_of(&row, locale).into_iter().map(|of| view! { <span class="share">{of}</span> " " });
        let invoices = invoices.collect_view();
        view! {
            <tr>
                <th scope="row" class="key num">{invoices}</th>
                <td class="num date"><time datetime=row.at.to_rfc3339()>{in_words(row.at.date_naive())}</time></td>
                <td class="muted num what">
                    // What the server alone draws is loaded whole.
                    <a class="nowrap" href=addresses::receipt(row.payment) rel="external">{row.reference}</a>
                    {row.method.map(|method| format!(", {method}"))} {row.bank_day.map(|day| format!(", {day}"))} {back}
                </td>
                <td class="state"><StateBadge state=row.state refunded=row.refunded/></td>
                <td class="amount">{row.amount.format(locale)}</td>
            </tr>
        }
    });
    view! {
        <table class="list list-payments">
            <thead>
                <tr>
                    <th scope="col">"Invoice"</th>
                    <th scope="col">"Paid on"</th>
                    <th scope="col">"Reference and method"</th>
                    <th scope="col">"Status"</th>
                    <th scope="col" class="amount">"Amount"</th>
                </tr>
            </thead>
            <tbody>{rows.collect_view()}</tbody>
        </table>
    }
}

/// The books do not say when or how, only that it is paid.
#[component]
fn Elsewhere(rows: Vec<PaidElsewhere>, locale: Locale) -> impl IntoView {
    let rows = rows.into_iter().map(|row| {
        view! {
            <tr>
                <th scope="row" class="key num">{row.invoice_number}</th>
                <td class="num date" data-label="Invoiced">{in_words(row.date)}</td>
                <td class="amount total muted">{row.total.format(locale)}</td>
                <td class="amount">{row.amount.format(locale)}</td>
            </tr>
        }
    });
    view! {
        <section class="card" aria-labelledby="elsewhere">
            <div class="bar"><h2 id="elsewhere">"Paid outside this portal"</h2></div>
            <table class="list list-elsewhere">
                <thead>
                    <tr>
                        <th scope="col">"Invoice"</th>
                        <th scope="col">"Invoiced"</th>
                        <th scope="col" class="amount total">"Invoice total"</th>
                        <th scope="col" class="amount">"Paid or credited"</th>
                    </tr>
                </thead>
                <tbody>{rows.collect_view()}</tbody>
            </table>
        </section>
    }
}
