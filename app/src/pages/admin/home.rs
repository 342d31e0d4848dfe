//! `/admin`: what needs somebody, then the figures, then the invoices as the books tell them.

use crate::{
    addresses, api,
    components::{
        badge::{Badge, InvoiceBadges},
        books_again::BooksAgain,
        empty::Empty,
        frame::Frame,
        load::{Loaded, list_query, load},
        page_title::PageTitle,
        pager::{Beyond, Pager, Place},
        search::Search,
        toast::Toast,
        when::When,
    },
    pages::Screen,
    words::{count, weekday},
};
use domain::{
    date::in_words,
    money::{Locale, Money},
    views::{AdminHome, InvoiceFace, Problem, Refused, Tone},
};
use leptos::prelude::*;
use leptos_router::hooks::use_query_map;

pub struct AdminHomePage {
    home: Loaded<AdminHome>,
    done: Memo<Option<String>>,
}

impl Screen for AdminHomePage {
    fn fetch() -> Self {
        let (list, query) = (list_query(), use_query_map());
        Self {
            home: Resource::new(move || list.get(), |(search, page)| api::invoices::read_home(search, page)),
            done: Memo::new(move |_| query.with(|q| q.get("done"))),
        }
    }

    fn show(self) -> AnyView {
        let done = self.done;
        load(
            self.home,
            move |home| view! { <AdminHomeView home synced=done.get_untracked().as_deref() == Some("sync")/> },
        )
    }
}

#[component]
pub fn AdminHomeView(home: AdminHome, #[prop(optional)] synced: bool) -> impl IntoView {
    let locale = home.who.locale;
    let merchant = home.who.merchant.clone();
    let none = none_in_the_currency_of(&home);
    let toast = synced.then(|| {
        view! { <Toast words="The books were read."/> }
    });
    let sync = home.books_connected.then(|| {
        view! {
            <form method="post" action="/api/invoices/sync">
                <button class="btn" type="submit">"Download latest accounting platform data"</button>
            </form>
        }
    });
    let calm = home.refused.is_empty() && home.needs_you.is_empty();
    let needs_you =
        (home.books_connected || !calm).then(|| view! { <NeedsYou refused=home.refused problems=home.needs_you/> });
    let rest = if home.books_connected {
        view! {
            <dl class="card figures num">
                <Figure name="Outstanding" amounts=home.outstanding none locale note="Issued and not paid yet"/>
                <Figure name="Overdue" amounts=home.overdue none locale note="Past its due date"/>
                <Figure
                    name="Collected this month" amounts=home.collected_this_month none locale
                    note="Payments through this portal"
                />
            </dl>
            <Invoices page=home.invoices locale/>
        }
        .into_any()
    } else {
        view! { <NoBooks/> }.into_any()
    };
    view! {
        <PageTitle text=format!("Home – {merchant}")/>
        <Frame who=home.who.clone() current="/admin">
            <div class="lead-in">
                <div>
                    <h1>{weekday(home.today)}</h1>
                    <p class="muted num">{home.synced_at.map(|at| view! { "Books read on " <When at/> })}</p>
                </div>
                {sync}
            </div>
            {toast}
            {needs_you}
            {rest}
        </Frame>
    }
}

#[component]
fn NoBooks() -> impl IntoView {
    view! {
        <section class="card">
            <Empty title="No accounting package is connected yet">
                "Invoices and customers are read from it, and payments are written into it. Ask the operator of this "
                "installation to connect one; what is owed and what was paid then appears here."
            </Empty>
        </section>
    }
}

#[component]
fn NeedsYou(refused: Vec<Refused>, problems: Vec<Problem>) -> impl IntoView {
    let all = refused.len() + problems.len();
    let title = if all == 0 { "Nothing needs you".to_owned() } else { format!("{} you", needs(all)) };
    let refused = refused.into_iter().map(|refused| (refused.problem, refused.again));
    let items = refused.chain(problems.into_iter().map(|problem| (problem, None))).map(|(problem, again)| {
        let acts = problem.payment.map(|payment| {
            let again = again.map(|what| view! { <BooksAgain payment what/> });
            view! {
                <div class="acts">
                    {again} <a class="btn" href=addresses::transaction(payment)>"See payment"</a>
                </div>
            }
        });
        view! { <li><Badge tone=Tone::Bad words=problem.area/><span>{problem.sentence}</span>{acts}</li> }
    });
    let items = items.collect_view();
    let calm = items.is_empty().then(|| {
        view! { <p class="muted small">"Payments that the books refused, tasks that were given up and a connection that is lost appear here."</p> }
    });
    view! {
        <section class="card todo" aria-labelledby="needs-you">
            <h2 id="needs-you">{title}</h2>
            {calm}
            <ul>{items}</ul>
        </section>
    }
}

fn needs(n: usize) -> String {
    count(n, "thing") + if n == 1 { " needs" } else { " need" }
}

/// What a figure says that adds nothing up: a nought like those beside it.
fn none_in_the_currency_of(home: &AdminHome) -> Option<Money> {
    let figures = home.outstanding.iter().chain(&home.overdue).chain(&home.collected_this_month);
    let known = figures.chain(home.invoices.rows.iter().map(|invoice| &invoice.total));
    known.map(|amount| Money::zero(amount.currency)).next()
}

#[component]
fn Figure(
    name: &'static str,
    amounts: Vec<Money>,
    none: Option<Money>,
    locale: Locale,
    note: &'static str,
) -> impl IntoView {
    let figures = if amounts.is_empty() {
        view! { <dd>{none.map_or("0".to_owned(), |none| none.format(locale))}</dd> }.into_any()
    } else {
        amounts.into_iter().map(|amount| view! { <dd>{amount.format(locale)}</dd> }).collect_view().into_any()
    };
    view! { <div><dt>{name}</dt>{figures}<dd class="small muted">{note}</dd></div> }
}

#[component]
fn Invoices(page: domain::views::Page<InvoiceFace>, locale: Locale) -> impl IntoView {
    let (place, query) = (Place::from(&page), page.query.clone());
    let rows = if place.is_beyond() {
        view! { <Beyond path="/admin" place=place.clone()/> }.into_any()
    } else if page.rows.is_empty() {
        let (title, words) = if query.is_empty() {
            ("No invoices yet", "They appear here when the books have been read.")
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
                <h2 id="invoices">"Invoices"</h2>
                <Search path="/admin" label="Search number or customer" short="Number or customer" query/>
            </div>
            {rows}
            <Pager path="/admin" place/>
        </section>
    }
}

#[component]
fn InvoiceRow(invoice: InvoiceFace, locale: Locale) -> impl IntoView {
    let payments = addresses::list("/admin/transactions", &invoice.number, 1);
    view! {
        <tr>
            <th scope="row" class="key num"><a href=payments>{invoice.number.clone()}</a></th>
            <td class="what">{invoice.customer.clone()}</td>
            <td class="num date" data-label="Due">{in_words(invoice.due_date)}</td>
            <td class="state"><InvoiceBadges invoice=invoice.clone() locale/></td>
            <td class="amount muted total">{invoice.total.format(locale)}</td>
            <td class="amount">{invoice.due.format(locale)}</td>
        </tr>
    }
}
