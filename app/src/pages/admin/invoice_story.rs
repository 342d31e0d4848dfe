//! What `/admin/invoices/:invoice` shows: one sentence and one next step, the payments of the invoice, and when its page was
//! opened (N3).

use crate::{
    addresses,
    components::{
        badge::{InvoiceBadges, StateBadge},
        frame::Frame,
        load::failed,
        page_title::PageTitle,
        toast::Toast,
        when::When,
    },
    fault::Fault,
    gate,
    own_books::{advances, credits, lines, payments},
};
use domain::{
    date::{Moment, in_words},
    ids::InvoiceId,
    invoice::InvoiceStatus,
    invoice_story::InvoiceStory,
    money::Locale,
    views::{MailFace, PaymentRow},
};
use engine::{CreditLine, HandPayment, OwnInvoice, UsedCredit};
use leptos::prelude::*;
use leptos_router::params::ParamsMap;

pub async fn page(params: ParamsMap, query: ParamsMap) -> AnyView {
    let done = query.get("done").unwrap_or_default();
    match read(params).await {
        Ok(read) => view! { <InvoiceStoryView read done/> }.into_any(),
        Err(fault) => failed(fault),
    }
}

/// All that the page shows.
struct Read {
    story: InvoiceStory,
    /// What staff wrote of it, where the books are our own.
    own: Option<OwnInvoice>,
    credits: Vec<CreditLine>,
    by_hand: Vec<HandPayment>,
    mails: Vec<MailFace>,
    used: Vec<UsedCredit>,
    has_credit: bool,
}

async fn read(params: ParamsMap) -> Result<Read, Fault> {
    let admin = gate::admin(gate::Act::SeeMerchantInvoices).await?;
    let invoice = params.get("invoice").unwrap_or_default().parse::<InvoiceId>().map_err(|_| Fault::NotFound)?;
    let story = gate::answer(gate::engine().invoice_story(&admin, invoice).await)?;
    let own = gate::answer(gate::engine().own_invoice(&admin, invoice).await)?;
    let credits = gate::answer(gate::engine().credits_of(&admin, invoice).await)?;
    let by_hand = gate::answer(gate::engine().payments_by_hand(&admin, invoice).await)?;
    let mails = gate::answer(gate::engine().mails_of_invoice(&admin, invoice).await)?;
    let used = gate::answer(gate::engine().credit_used(&admin, invoice).await)?;
    let has_credit = own.is_some() && gate::answer(gate::engine().has_credit(&admin, invoice).await)?;
    Ok(Read { story, own, credits, by_hand, mails, used, has_credit })
}

#[component]
fn InvoiceStoryView(read: Read, done: String) -> impl IntoView {
    let Read { story, own, credits, by_hand, mails, used, has_credit } = read;
    let InvoiceStory { who, invoice, why, customer_email, payments, opened } = story;
    let (locale, merchant) = (who.locale, who.merchant.clone());
    let is_open = invoice.status == InvoiceStatus::Open;
    let question = is_open.then(|| view! { <p class="small muted">"Why is the invoice not paid?"</p> });
    let heading = format!("{} of {}", invoice.number, invoice.customer.clone().unwrap_or_default());
    let toast = lines::told(&done).map(|words| view! { <Toast words whole=true/> });
    let acts = own.as_ref().and_then(|own| lines::acts(own, customer_email.as_deref(), has_credit, locale));
    let mails = own.as_ref().and_then(|own| lines::mails(own, customer_email.as_deref(), mails));
    let voiding = own.as_ref().map(|own| lines::voiding(own, &invoice.number));
    let document = own.map(|own| lines::document(own, locale));
    let credits = (!credits.is_empty()).then(|| {
        view! {
            <section class="card" aria-labelledby="credits">
                <div class="bar"><h2 id="credits">"Credit notes"</h2></div>
                {credits::table(credits, locale)}
            </section>
        }
        .into_any()
    });
    let by_hand = (!by_hand.is_empty()).then(|| {
        view! {
            <section class="card" aria-labelledby="by-hand">
                <div class="bar"><h2 id="by-hand">"Payments past this portal"</h2></div>
                {payments::table(invoice.id, by_hand, locale)}
            </section>
        }
        .into_any()
    });
    let (back, back_to) = if document.is_some() { ("/admin/invoices", "Invoices") } else { ("/admin", "Home") };
    view! {
        <PageTitle text=format!("{} – {merchant}", invoice.number)/>
        <Frame who current=back>
            <div class="lead-in">
                <div>
                    <p class="crumb small"><a href=back rel="external">{back_to}</a></p>
                    <h1 class="num">{heading}</h1>
                    {question}
                    <p>{why.sentence}</p>
                    <p><b>{why.next}</b></p>
                </div>
                <InvoiceBadges invoice=invoice.clone() locale/>
                {acts}
            </div>
            {toast}
            <div class="columns">
                <div class="side">
                    {document}
                    {credits}
                    {by_hand}
                    {advances::used(used, locale)}
                    <Payments payments locale/>
                </div>
                <aside class="side">
                    <section class="card pad" aria-labelledby="facts">
                        <h2 id="facts">"Invoice"</h2>
                        <dl class="facts num">
                            <div><dt>"Total"</dt><dd>{invoice.total.format(locale)}</dd></div>
                            <div><dt>"Balance"</dt><dd>{invoice.due.format(locale)}</dd></div>
                            <div><dt>"Date"</dt><dd>{in_words(invoice.date)}</dd></div>
                            <div><dt>"Due"</dt><dd>{in_words(invoice.due_date)}</dd></div>
                            <div>
                                <dt>"E-mail"</dt>
                                <dd>{customer_email.unwrap_or_else(|| "None".to_owned())}</dd>
                            </div>
                        </dl>
                    </section>
                    {mails}
                    <Opened opened/>
                    {voiding}
                </aside>
            </div>
        </Frame>
    }
}

#[component]
fn Payments(payments: Vec<PaymentRow>, locale: Locale) -> impl IntoView {
    let none = payments.is_empty().then(|| view! { <p class="none muted">"Nobody has tried to pay it here."</p> });
    let rows = payments.into_iter().map(|row| {
        view! {
            <tr>
                <th scope="row" class="key num"><a href=addresses::transaction(row.payment)>{row.reference}</a></th>
                <td class="num date"><When at=row.at/></td>
                <td class="muted num method">{row.method} {row.bank_day.map(|day| format!(", {day}"))}</td>
                <td class="state">
                    <StateBadge state=row.state never_sent=row.never_sent refunded=row.refunded dispute=row.dispute/>
                </td>
                <td class="amount">{row.amount.format(locale)}</td>
            </tr>
        }
    });
    view! {
        <section class="card" aria-labelledby="payments">
            <div class="bar"><h2 id="payments">"Payments"</h2></div>
            {none}
            <table class="list list-refunds">
                <thead>
                    <tr>
                        <th scope="col">"Payment"</th>
                        <th scope="col">"Started"</th>
                        <th scope="col">"Method"</th>
                        <th scope="col">"Status"</th>
                        <th scope="col" class="amount">"Amount"</th>
                    </tr>
                </thead>
                <tbody>{rows.collect_view()}</tbody>
            </table>
        </section>
    }
}

#[component]
fn Opened(opened: Vec<Moment>) -> impl IntoView {
    let none = opened.is_empty().then(|| view! { <p class="muted">"Not in the last two days."</p> });
    let rows = opened.into_iter().map(|at| view! { <li class="num"><When at/></li> });
    view! {
        <section class="card pad" aria-labelledby="opened">
            <h2 id="opened">"Its page was opened"</h2>
            {none}
            <ul>{rows.collect_view()}</ul>
            <p class="small muted">"When a page to pay it is opened is kept for two days, and longer where a payment was begun there."</p>
        </section>
    }
}
