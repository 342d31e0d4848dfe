//! `/admin`: what needs somebody, then the figures, then the invoices as the books tell them.

use crate::{
    addresses, api,
    components::{
        badge::Badge,
        empty::Empty,
        exception_cure::ExceptionCure,
        frame::Frame,
        invoice_card::InvoiceCard,
        load::{Loaded, list_query, load},
        page_title::PageTitle,
        when::When,
    },
    pages::Screen,
    words::{needs, weekday},
};
use domain::{
    money::{Locale, Money},
    views::{AdminHome, ExceptionFace},
};
use leptos::prelude::*;

pub struct AdminHomePage {
    home: Loaded<AdminHome>,
}

impl Screen for AdminHomePage {
    fn fetch() -> Self {
        let list = list_query();
        Self { home: Resource::new(move || list.get(), |(search, page)| api::invoices::read_home(search, page)) }
    }

    fn show(self) -> AnyView {
        load(self.home, |home| view! { <AdminHomeView home/> })
    }
}

#[component]
pub fn AdminHomeView(home: AdminHome) -> impl IntoView {
    let locale = home.who.locale;
    let merchant = home.who.merchant.clone();
    let none = none_in_the_currency_of(&home);
    let sync = (home.books_connected && !home.who.own_books).then(|| {
        view! {
            <form method="post" action="/admin/sync">
                <button class="btn" type="submit">"Download latest accounting platform data"</button>
            </form>
        }
    });
    let total = home.needs_you_total;
    let needs_you = (home.books_connected || total > 0).then(|| view! { <NeedsYou total=total lines=home.needs_you/> });
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
            <InvoiceCard
                path="/admin" heading="Invoices" none="They appear here when the books have been read." page=home.invoices
                locale
            />
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
                    {home.gateway_note.map(|words| view! { <p class="muted small">{words}</p> })}
                </div>
                {sync}
            </div>
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
                "Invoices and customers are read from it, and payments are written into it. Connect one under Accounting "
                "Connections; what is owed and what was paid then appears here."
            </Empty>
        </section>
    }
}

#[component]
fn NeedsYou(total: usize, lines: Vec<ExceptionFace>) -> impl IntoView {
    let total = u64::try_from(total).unwrap_or(u64::MAX);
    let title = if total == 0 { "Nothing needs you".to_owned() } else { format!("{} you", needs(total)) };
    let items = lines.into_iter().map(|line| {
        let (tone, sentence) = (line.severity.tone(), line.sentence());
        let cure = line.cure.map(|cure| view! { <ExceptionCure exception=line.key.clone() cure/> });
        let payment = line.payment.map(|payment| {
            view! { <a class="btn" href=addresses::transaction(payment)>"See payment"</a> }
        });
        view! { <li><Badge tone words=line.area/><span>{sentence}</span><div class="acts">{cure}{payment}</div></li> }
    });
    let items = items.collect_view();
    let below = if total == 0 {
        view! { <p class="muted small">"What needs a person appears here. Gateway and books are compared once a day."</p> }
            .into_any()
    } else {
        // A full load: the server alone draws it.
        view! { <p><a href="/admin/exceptions" rel="external">"See all in Exceptions"</a></p> }.into_any()
    };
    view! {
        <section class="card todo" aria-labelledby="needs-you">
            <h2 id="needs-you">{title}</h2>
            {below}
            <ul>{items}</ul>
        </section>
    }
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
