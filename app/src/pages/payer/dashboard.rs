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
        summary::{ErrorSummary, Mend},
        when::When,
    },
    pages::Screen,
    words::{amounts, owed, selected},
};
use domain::{
    date::in_words,
    ids::InvoiceId,
    money::{Locale, Money},
    payment::{AttemptState, together},
    views::{Dashboard, InvoiceFace, PaymentRow, UnderWay},
};
use leptos::{html::Input, prelude::*};

/// What is ticked, and what is due on it.
type Chosen = Vec<(InvoiceId, Money)>;

const PAY_CHOSEN: &str = "/api/invoices/pay_chosen";
/// A list, as the endpoint reads it.
const CHOSEN: &str = "invoices[]";

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
    let side = (!board.in_progress.is_empty() || !board.being_recorded.is_empty())
        .then(|| view! { <InProgress board=board.clone()/> });
    let layout = if side.is_some() { "columns" } else { "column" };
    let updated = board.synced_at.map(|at| view! { "Updated " <When at/> });
    let sync = (!board.who.own_books).then(|| {
        view! {
            <form method="post" action="/dashboard/sync">
                <button class="btn quiet" type="submit">"Download latest accounting platform data"</button>
            </form>
        }
    });
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
    let refused = board.refused.clone().map(|words| {
        view! { <ErrorSummary title="Please select again" mend=vec![Mend { field: None, words }]/> }
    });
    let asks = board.asks.iter().map(|words| view! { <p class="notice num">{words.clone()}</p> }).collect_view();
    view! {
        <PageTitle text=format!("Outstanding – {company}") wrong=refused.is_some()/>
        <Frame who=board.who.clone() current="/dashboard">
            {refused}
            {asks}
            <Lead board/>
            <div class=layout>
                <section class="card" aria-labelledby="outstanding">
                    <div class="bar">
                        <h2 id="outstanding">"Outstanding Payments"</h2>
                        <span class="small muted num">{updated}</span>
                        {sync}
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
    let is_late = |invoice: &&InvoiceFace| invoice.lateness.is_overdue() && invoice.under_way.is_none();
    let overdue_now: Vec<_> = board.outstanding.iter().filter(is_late).collect();
    let first = overdue_now.first().map(|oldest| {
        let all: Vec<_> = overdue_now.iter().map(|invoice| invoice.due).collect();
        // Whatever one payment cannot have together is paid one by one, or chosen below.
        match together(&all) {
            Ok(sum) if all.len() > 1 => {
                let ids = overdue_now.iter().map(|invoice| invoice.id.to_string());
                let ids = ids.map(|id| view! { <input type="hidden" name=CHOSEN value=id/> }).collect_view();
                let words = format!("Pay everything overdue, {}", sum.format(locale));
                view! {
                    <form method="post" action=PAY_CHOSEN>
                        {ids} <button class="btn primary num" type="submit">{words}</button>
                    </form>
                }
                .into_any()
            }
            sum => {
                let what = if sum.is_ok() { "Pay overdue" } else { "Pay the oldest," };
                let words = format!("{what} {}, {}", oldest.number, oldest.due.format(locale));
                view! { <ToCheckout invoice=oldest.id class="btn primary num">{words}</ToCheckout> }.into_any()
            }
        }
    });
    let ahead = board.prepayments.then(|| view! { <a class="btn" href="/prepay" rel="external">"Pay in advance"</a> });
    view! {
        <div class="lead-in">
            <div><h1 class="num">{owed(&board)}</h1>{overdue}{calm}</div>
            {first}
            {ahead}
        </div>
    }
}

#[component]
fn Outstanding(invoices: Vec<InvoiceFace>, locale: Locale, pdf: bool) -> impl IntoView {
    let chosen = RwSignal::new(Vec::new());
    let may_choose = |invoice: &InvoiceFace| invoice.under_way.is_none() && invoice.advance.is_none();
    let several = invoices.iter().filter(|invoice| may_choose(invoice)).count() > 1;
    let rows = invoices.into_iter().map(|invoice| {
        let chosen = (several && may_choose(&invoice)).then_some(chosen);
        view! { <OutstandingRow invoice locale pdf chosen/> }
    });
    let bar = several.then(|| view! { <Bar chosen locale/> });
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
        {bar}
    }
}

/// Pays what is selected together. The boxes stand in the rows and belong to this form.
#[component]
fn Bar(chosen: RwSignal<Chosen>, locale: Locale) -> impl IntoView {
    view! {
        <form id="chosen" class="pick" method="post" action=PAY_CHOSEN>
            <p class="num" role="status">{move || chosen.with(|chosen| selected(chosen, locale))}</p>
            <button class="btn" type="submit">"Pay selected"</button>
        </form>
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
fn OutstandingRow(
    invoice: InvoiceFace,
    locale: Locale,
    pdf: bool,
    #[prop(optional_no_strip)] chosen: Option<RwSignal<Chosen>>,
) -> impl IntoView {
    let words = match invoice.under_way {
        None if invoice.advance.is_some() => Some("Pay Quote"),
        None => Some("Pay Invoice"),
        Some(UnderWay::Payer) => Some("Finish payment"),
        Some(_) => None,
    };
    let (id, number) = (invoice.id, invoice.number.clone());
    let pdf = (pdf && invoice.advance.is_none())
        .then(|| view! { <PdfLink href=addresses::invoice_pdf(id) number=number.clone()/> });
    let pay = words.map(|words| {
        view! { <ToCheckout invoice=id class="btn">{words}<span class="vh">" " {number}</span></ToCheckout> }
    });
    let number = match chosen {
        None => invoice.number.clone().into_any(),
        Some(chosen) => view! { <Tick id number=invoice.number.clone() due=invoice.due chosen/> }.into_any(),
    };
    view! {
        <tr>
            <th scope="row" class="key num">{number} {pdf}</th>
            <td class="num date" data-label="Due">{in_words(invoice.due_date)}</td>
            <td class="state"><InvoiceBadges invoice=invoice.clone() locale/></td>
            <td class="amount">{invoice.due.format(locale)}</td>
            <td class="act">{pay}</td>
        </tr>
    }
}

/// A box of the bar's form.
#[component]
fn Tick(id: InvoiceId, number: String, due: Money, chosen: RwSignal<Chosen>) -> impl IntoView {
    let tick = NodeRef::<Input>::new();
    let read = move || {
        let on = tick.get_untracked().is_some_and(|tick| tick.checked());
        chosen.update(|chosen| {
            chosen.retain(|(other, _)| *other != id);
            if on {
                chosen.push((id, due));
            }
        });
    };
    // Ticked before the program was there, or by a browser that remembers.
    Effect::new(move |_| {
        tick.track();
        read();
    });
    view! {
        <label>
            <input
                type="checkbox" form="chosen" name=CHOSEN value=id.to_string() node_ref=tick
                on:change=move |_| read()
            />
            <span class="vh">"Select "</span>
            {number}
        </label>
    }
}

#[component]
fn InProgress(board: Dashboard) -> impl IntoView {
    let (locale, invoices) = (board.who.locale, board.outstanding);
    let item = |row: PaymentRow| {
        let waits = row.state == AttemptState::RequiresAction;
        let (words, next) =
            if waits { ("Waiting for you", ".") } else { (row.state.badge().0, ". Do not pay it again.") };
        let is_of_it = |invoice: &&InvoiceFace| row.invoice_number.split(", ").any(|number| number == invoice.number);
        let way = invoices.iter().filter(|_| waits).find(is_of_it).map(|invoice| {
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
                <p class="small muted num">{words} " since " <When at=row.at/> {row.bank_day.map(|day| format!(", {day}"))} {next}</p>
                {way}
            </li>
        }
    };
    let items = board.in_progress.into_iter().map(item).collect_view();
    let merchant = board.who.merchant;
    let recorded = board.being_recorded.into_iter().map(|row| {
        let amount = row.amount.format(locale);
        view! {
            <li>
                <p class="num"><b>{amount}</b> {format!(" for {}", row.invoice_number)}</p>
                <p class="small muted num">
                    "Paid on " <When at=row.at/> {format!(". {merchant} is still recording it.")}
                </p>
            </li>
        }
    });
    let recorded = recorded.collect_view();
    view! {
        <aside class="side">
            <section class="card pad" aria-labelledby="in-progress">
                <h2 id="in-progress">"In progress"</h2>
                <ul class="stack">{items} {recorded}</ul>
            </section>
        </aside>
    }
}
