//! `/dashboard`: what the payer owes in one sentence, then Outstanding Payments, then what is under way.

use crate::{
    addresses, api,
    components::{
        badge::InvoiceBadges,
        empty::Empty,
        frame::Frame,
        load::{Loaded, load},
        page_title::PageTitle,
        pdf_link::PdfLink,
        when::When,
    },
    pages::Screen,
    words::{amounts, owed},
};
use domain::{
    date::in_words,
    ids::InvoiceId,
    money::Locale,
    payment::AttemptState,
    views::{Dashboard, InvoiceFace, PaymentRow, UnderWay},
};
use leptos::prelude::*;

pub struct DashboardPage {
    board: Loaded<Dashboard>,
}

impl Screen for DashboardPage {
    fn fetch() -> Self {
        Self { board: Resource::new(|| (), |()| api::invoices::read_dashboard()) }
    }

    fn show(self) -> AnyView {
        load(self.board, |board| view! { <DashboardView board/> })
    }
}

#[component]
pub fn DashboardView(board: Dashboard) -> impl IntoView {
    let locale = board.who.locale;
    let company = board.who.customer.clone().unwrap_or_default();
    let side = (!board.in_progress.is_empty()).then(|| view! { <InProgress board=board.clone()/> });
    let layout = if side.is_some() { "columns" } else { "column" };
    let updated = board.synced_at.map(|at| view! { "Updated " <When at/> });
    let outstanding = if board.outstanding.is_empty() {
        view! {
            <Empty title="Nothing is due">
                "New invoices appear here. "
                <a href="/payments">"Past Payments"</a> " stay available."
            </Empty>
        }
        .into_any()
    } else {
        view! { <Outstanding invoices=board.outstanding.clone() locale pdf=board.pdf/> }.into_any()
    };
    view! {
        <PageTitle text=format!("Outstanding – {company}")/>
        <Frame who=board.who.clone() current="/dashboard">
            <Lead board/>
            <div class=layout>
                <section class="card" aria-labelledby="outstanding">
                    <div class="bar">
                        <h2 id="outstanding">"Outstanding Payments"</h2>
                        <span class="small muted num">{updated}</span>
                    </div>
                    {outstanding}
                </section>
                {side}
            </div>
        </Frame>
    }
}

/// The sentence, and the one thing to do first.
#[component]
fn Lead(board: Dashboard) -> impl IntoView {
    let locale = board.who.locale;
    let late: Vec<_> = board.overdue.iter().copied().filter(|m| m.is_positive()).collect();
    let overdue = (!late.is_empty()).then(|| {
        let verb = if late.len() == 1 { "is" } else { "are" };
        view! { <p class="num"><b class="bad-ink">{format!("{} {verb} overdue.", amounts(&late, locale))}</b></p> }
    });
    let calm = (late.is_empty() && !board.outstanding.is_empty())
        .then(|| view! { <p class="muted">"Nothing is overdue."</p> });
    let first = board.outstanding.iter().find(|i| i.lateness.is_overdue() && i.under_way.is_none()).map(|invoice| {
        let words = format!("Pay overdue {}, {}", invoice.number, invoice.due.format(locale));
        view! { <ToCheckout invoice=invoice.id class="btn primary num">{words}</ToCheckout> }
    });
    view! {
        <div class="lead-in">
            <div><h1 class="num">{owed(&board)}</h1>{overdue}{calm}</div>
            {first}
        </div>
    }
}

#[component]
fn Outstanding(invoices: Vec<InvoiceFace>, locale: Locale, pdf: bool) -> impl IntoView {
    let rows = invoices.into_iter().map(|invoice| view! { <OutstandingRow invoice locale pdf/> });
    view! {
        <table class="list list-outstanding">
            <thead>
                <tr>
                    <th scope="col">"Invoice"</th>
                    <th scope="col">"Due"</th>
                    <th scope="col">"Status"</th>
                    <th scope="col" class="amount">"Balance"</th>
                    <th scope="col"><span class="vh">"Action"</span></th>
                </tr>
            </thead>
            <tbody>{rows.collect_view()}</tbody>
        </table>
    }
}

/// Opens the invoice's checkout: there it is paid, or a payment that waits for its payer is finished or given up.
#[component]
fn ToCheckout(invoice: InvoiceId, class: &'static str, children: Children) -> impl IntoView {
    view! {
        <form method="post" action="/api/invoices/pay">
            <input type="hidden" name="invoice" value=invoice.to_string()/>
            <button class=class type="submit">{children()}</button>
        </form>
    }
}

#[component]
fn OutstandingRow(invoice: InvoiceFace, locale: Locale, pdf: bool) -> impl IntoView {
    let words = match invoice.under_way {
        None => Some("Pay Invoice"),
        Some(UnderWay::Payer) => Some("Finish payment"),
        Some(UnderWay::Others) => None,
    };
    let (id, number) = (invoice.id, invoice.number.clone());
    let pdf = pdf.then(|| view! { <PdfLink href=addresses::invoice_pdf(id) number=number.clone()/> });
    let pay = words.map(|words| {
        view! { <ToCheckout invoice=id class="btn">{words}<span class="vh">" " {number}</span></ToCheckout> }
    });
    view! {
        <tr>
            <th scope="row" class="key num">{invoice.number.clone()} {pdf}</th>
            <td class="num date" data-label="Due">{in_words(invoice.due_date)}</td>
            <td class="state"><InvoiceBadges invoice=invoice.clone() locale/></td>
            <td class="amount">{invoice.due.format(locale)}</td>
            <td class="act">{pay}</td>
        </tr>
    }
}

#[component]
fn InProgress(board: Dashboard) -> impl IntoView {
    let (locale, invoices) = (board.who.locale, board.outstanding);
    let item = |row: PaymentRow| {
        let waits = row.state == AttemptState::RequiresAction;
        let (words, next) =
            if waits { ("Waiting for you", ".") } else { (row.state.badge().0, ". Do not pay it again.") };
        let way = invoices.iter().find(|invoice| waits && invoice.number == row.invoice_number).map(|invoice| {
            let (id, number) = (invoice.id, invoice.number.clone());
            view! {
                <ToCheckout invoice=id class="btn">
                    "Finish it or give it up"<span class="vh">", " {number}</span>
                </ToCheckout>
            }
        });
        view! {
            <li>
                <p class="num">
                    <b>{row.amount.format(locale)}</b>
                    {format!(" for {}", row.invoice_number)}
                </p>
                <p class="small muted num">{words} " since " <When at=row.at/> {next}</p>
                {way}
            </li>
        }
    };
    let items = board.in_progress.into_iter().map(item).collect_view();
    view! {
        <aside class="side">
            <section class="card pad" aria-labelledby="in-progress">
                <h2 id="in-progress">"In progress"</h2>
                <ul class="stack">{items}</ul>
            </section>
        </aside>
    }
}
