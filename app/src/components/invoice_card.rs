//! The merchant's invoices as a list: to search, to walk through and to open.

use crate::{
    addresses,
    components::{
        badge::InvoiceBadges,
        empty::Empty,
        pager::{Beyond, Pager, Place},
        search::Search,
    },
};
use domain::{
    date::in_words,
    money::Locale,
    views::{InvoiceFace, Page},
};
use leptos::prelude::*;

#[component]
pub fn InvoiceCard(
    path: &'static str,
    heading: &'static str,
    /// Where invoices come from, when there are none yet.
    none: &'static str,
    page: Page<InvoiceFace>,
    locale: Locale,
    /// The server alone draws the list, so each page of it is loaded whole.
    #[prop(optional)]
    whole: bool,
) -> impl IntoView {
    let (place, query) = (Place::from(&page), page.query.clone());
    let rows = if place.is_beyond() {
        view! { <Beyond path place=place.clone() whole/> }.into_any()
    } else if page.rows.is_empty() {
        let (title, words) = if query.is_empty() {
            ("No invoices yet", none)
        } else {
            ("Nothing found", "No invoice matches your search.")
        };
        view! { <Empty title>{words}</Empty> }.into_any()
    } else {
        let rows = page.rows.into_iter().map(|invoice| view! { <InvoiceRow invoice locale/> });
        view! {
            <table class="list list-invoices">
                <thead>
                    <tr>
                        <th scope="col">"Invoice"</th>
                        <th scope="col">"Customer"</th>
                        <th scope="col">"Due"</th>
                        <th scope="col">"Status"</th>
                        <th scope="col" class="amount">"Total"</th>
                        <th scope="col" class="amount">"Balance"</th>
                    </tr>
                </thead>
                <tbody>{rows.collect_view()}</tbody>
            </table>
        }
        .into_any()
    };
    view! {
        <section class="card" aria-labelledby="invoices">
            <div class="bar">
                <h2 id="invoices">{heading}</h2>
                <Search path label="Search number or customer" short="Number or customer" query/>
            </div>
            {rows}
            <Pager path place whole/>
        </section>
    }
}

#[component]
fn InvoiceRow(invoice: InvoiceFace, locale: Locale) -> impl IntoView {
    // A full load: the server alone draws it.
    let story = addresses::invoice(invoice.id);
    view! {
        <tr>
            <th scope="row" class="key num"><a href=story rel="external">{invoice.number.clone()}</a></th>
            <td class="what">{invoice.customer.clone()}</td>
            <td class="num date" data-label="Due">{in_words(invoice.due_date)}</td>
            <td class="state"><InvoiceBadges invoice=invoice.clone() locale/></td>
            <td class="amount muted total">{invoice.total.format(locale)}</td>
            <td class="amount">{invoice.due.format(locale)}</td>
        </tr>
    }
}
