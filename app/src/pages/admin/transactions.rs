//! `/admin/transactions`: every payment of the merchant, newest first.

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
        when::When,
    },
    pages::Screen,
    words::invoices_of,
};
use domain::{
    money::Locale,
    views::{Page, PaymentRow},
};
use leptos::prelude::*;

pub struct TransactionsPage {
    list: Loaded<Framed<Page<PaymentRow>>>,
}

impl Screen for TransactionsPage {
    fn fetch() -> Self {
        let query = list_query();
        Self {
            list: Resource::new(
                move || query.get(),
                |(search, page)| api::transactions::list_transactions(search, page),
            ),
        }
    }

    fn show(self) -> AnyView {
        load(self.list, |list| view! { <TransactionsView list/> })
    }
}

#[component]
pub fn TransactionsView(list: Framed<Page<PaymentRow>>) -> impl IntoView {
    let Framed { who, page } = list;
    let (locale, place, query) = (who.locale, Place::from(&page), page.query.clone());
    let file = addresses::transactions_csv(&query);
    let rows = if place.is_beyond() {
        view! { <Beyond path="/admin/transactions" place=place.clone()/> }.into_any()
    } else if page.rows.is_empty() && query.is_empty() {
        view! { <Empty title="No payments yet">"They appear here as soon as somebody presses Pay."</Empty> }.into_any()
    } else if page.rows.is_empty() {
        let invoices = addresses::list("/admin", &query, 1);
        view! {
            <Empty title="Nothing found">
                "No payment matches your search. " <a href=invoices>"Look among the invoices"</a>
            </Empty>
        }
        .into_any()
    } else {
        view! { <Rows rows=page.rows locale/> }.into_any()
    };
    view! {
        <PageTitle text=format!("Transactions – {}", who.merchant)/>
        <Frame who current="/admin/transactions">
            <div class="lead-in">
                <h1>"Transactions"</h1>
                <Search path="/admin/transactions" label="Search number, company, reference" short="Number or company" query/>
                <p class="acts"><a class="btn" href=file rel="external">"Download as CSV"</a></p>
            </div>
            <section class="card" aria-label="Transactions">
                {rows}
                <Pager path="/admin/transactions" place/>
            </section>
        </Frame>
    }
}

#[component]
fn Rows(rows: Vec<PaymentRow>, locale: Locale) -> impl IntoView {
    let rows = rows.into_iter().map(|row| {
        let invoices = invoices_of(&row, locale).into_iter().map(|of| view! { " " <span class="share">{of}</span> });
        let invoices = invoices.collect_view();
        view! {
            <tr>
                <th scope="row" class="key num">
                    <a href=addresses::transaction(row.payment)>{row.reference}</a>
                </th>
                <td class="what">{row.customer}<span class="muted num">{invoices}</span></td>
                <td class="num date"><When at=row.at/></td>
                <td class="state"><StateBadge state=row.state never_sent=row.never_sent refunded=row.refunded dispute=row.dispute/></td>
                <td class="muted num method">{row.method} {row.bank_day.map(|day| format!(", {day}"))}</td>
                <td class="amount">{row.amount.format(locale)}</td>
            </tr>
        }
    });
    view! {
        <table class="list list-transactions">
            <thead>
                <tr>
                    <th scope="col">"Payment"</th>
                    <th scope="col">"Customer and invoice"</th>
                    <th scope="col">"Started"</th>
                    <th scope="col">"Status"</th>
                    <th scope="col">"Method"</th>
                    <th scope="col" class="amount">"Amount"</th>
                </tr>
            </thead>
            <tbody>{rows.collect_view()}</tbody>
        </table>
    }
}
