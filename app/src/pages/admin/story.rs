//! `/admin/transactions/:payment`: the story of one payment, oldest first, and the records behind it; and its refunds.

use crate::{
    addresses,
    api::{self, transactions::StoryScreen},
    components::{
        badge::{Badge, StateBadge, class_of},
        books_again::BooksAgain,
        dialog::{Dialog, DialogCloser, DialogOpener},
        exception_cure::ExceptionCure,
        field::{Field, Kind},
        frame::Frame,
        load::{Loaded, load},
        page_title::PageTitle,
        summary::{ErrorSummary, Mend},
        unbroken::unbroken,
        when::When,
    },
    fault::Fault,
    note::Note,
    pages::Screen,
    words::count,
};
use domain::{
    ids::PaymentId,
    money::{Locale, Money},
    views::{
        AttemptFace, ExceptionFace, JobFace, PaymentStory, PostingFace, Reallocation, RefundFace, RefundOffer,
        RefundPlan, StoryEvent,
    },
};
use leptos::prelude::*;
use leptos_router::hooks::use_params_map;

pub struct StoryPage {
    story: Loaded<StoryScreen>,
}

impl Screen for StoryPage {
    fn fetch() -> Self {
        let params = use_params_map();
        let asked = move || params.with(|p| p.get("payment").unwrap_or_default());
        Self { story: Resource::new(asked, fetch) }
    }

    fn show(self) -> AnyView {
        let from = self.story;
        load(from, move |screen| {
            // A note is shown once, so the page that shows one stays.
            if screen.story.is_under_way && screen.note.fault.is_none() {
                read_again(from);
            }
            view! { <StoryView story=screen.story note=screen.note/> }
        })
    }
}

#[cfg(feature = "hydrate")]
const READ_AGAIN_SECONDS: u64 = 4;

async fn fetch(payment: String) -> Result<StoryScreen, Fault> {
    let payment = payment.parse::<PaymentId>().map_err(|_| Fault::NotFound)?;
    api::transactions::read_story(payment).await
}

/// Reads the story again in a while; whoever fills in a dialog meanwhile is left in peace.
#[cfg(feature = "hydrate")]
fn read_again(from: Loaded<StoryScreen>) {
    let again = move || {
        let dialog = document().query_selector("dialog:is([open], :popover-open)").ok().flatten();
        if dialog.is_some() { read_again(from) } else { from.refetch() }
    };
    set_timeout(again, std::time::Duration::from_secs(READ_AGAIN_SECONDS));
}

#[cfg(not(feature = "hydrate"))]
fn read_again(_: Loaded<StoryScreen>) {}

#[component]
pub fn StoryView(story: PaymentStory, note: Note) -> impl IntoView {
    let locale = story.who.locale;
    let row = story.row;
    let amount = row.amount.format(locale);
    let of_one = row.shares.is_empty().then(|| (row.invoice_number.clone(), None));
    let each = row.shares.iter().map(|share| (share.number.clone(), Some(share.amount.format(locale))));
    let invoices = of_one.into_iter().chain(each).map(|(number, share)| {
        let href = addresses::list("/admin", &number, 1);
        view! { <span class="share"><a href=href>{number}</a> " " {share}</span> }
    });
    let invoices = invoices.collect_view();
    let (proof, file) = (addresses::proof(row.payment), format!("proof-{}.html", row.reference));
    // About its fields, the dialog speaks: it stands open, with what was typed.
    let in_dialog = matches!(story.refund, Some(RefundPlan::Offered(_)))
        && matches!(
            note.fault,
            Some(
                Fault::BadAmount
                    | Fault::NoReason
                    | Fault::MoreThanLeft { .. }
                    | Fault::NotRefunded { .. }
                    | Fault::PartTooEarly
            )
        );
    let wrong = note.fault.is_some();
    let refused = note.fault.as_ref().filter(|_| !in_dialog).map(|fault| {
        let mend = vec![Mend { field: None, words: words_of(fault, locale) }];
        view! { <ErrorSummary title=fault.heading() mend/> }
    });
    // One next action: what differs from gateway or books comes before what they refused.
    let next = match (story.exception, story.again) {
        (Some(found), _) => Some(view! { <Next found/> }.into_any()),
        (None, Some(cure)) => {
            let elsewhere = story.reallocation.map(|offer| view! { <Reallocate payment=row.payment offer locale/> });
            Some(view! { <div class="acts"><BooksAgain payment=row.payment cure/>{elsewhere}</div> }.into_any())
        }
        (None, None) => None,
    };
    let question = story.is_unpaid.then(|| view! { <p class="small muted">"Why is the invoice not paid?"</p> });
    let disputes = story.disputes.into_iter().map(|dispute| {
        let page = dispute
            .page_url
            .map(|url| view! { " " <a href=url rel="external noreferrer">"Open it at the gateway"</a> });
        view! { <div><dt>"Dispute"</dt><dd>{dispute.words}{page}</dd></div> }
    });
    let disputes = disputes.collect_view();
    let refunds = (!story.refunds.is_empty()).then(|| view! { <Refunds refunds=story.refunds locale/> });
    view! {
        <PageTitle text=format!("{} – {}", row.reference, story.who.merchant) wrong/>
        <Frame who=story.who current="/admin/transactions">
            <div class="lead-in">
                <div>
                    <p class="crumb small"><a href="/admin/transactions">"Transactions"</a></p>
                    <h1 class="num">{format!("{amount} from {}", row.customer)}</h1>
                    {question}
                    <p>{story.sentence}</p>
                    {next}
                </div>
                <StateBadge state=row.state never_sent=row.never_sent refunded=row.refunded dispute=row.dispute/>
            </div>
            {refused}
            <div class="columns">
                <section class="card pad" aria-labelledby="timeline">
                    <h2 id="timeline">"Timeline"</h2>
                    <Timeline events=story.events/>
                </section>
                <aside class="side">
                    <section class="card pad" aria-labelledby="facts">
                        <h2 id="facts">"Payment"</h2>
                        <dl class="facts num">
                            <div><dt>"Reference"</dt><dd class="nowrap">{row.reference}</dd></div>
                            <div><dt>"Invoice"</dt><dd>{invoices}</dd></div>
                            <Fact name="Amount" value=amount/>
                            {row.method.map(|value| view! { <Fact name="Method" value/> })}
                            <Fact name="Receipt to" value=story.payer_email/>
                            <div><dt>"Started"</dt><dd><When at=row.at/></dd></div>
                            {disputes}
                        </dl>
                        {story.refund.map(|plan| view! { <Refund plan locale note in_dialog/> })}
                        <p class="acts"><a class="btn" href=proof download=file rel="external">"Download proof"</a></p>
                    </section>
                </aside>
            </div>
            {refunds}
            <Attempts attempts=story.attempts locale/>
            <Postings postings=story.postings locale/>
            <Jobs jobs=story.jobs/>
        </Frame>
    }
}

/// Where else the money can stand in the books: on what the same customer owes at least as much on.
#[component]
fn Reallocate(payment: PaymentId, offer: Reallocation, locale: Locale) -> impl IntoView {
    let (amount, number) = (offer.amount.format(locale), offer.number);
    let choices = offer.to.into_iter().map(move |invoice| {
        let words = format!("{}, {} due", invoice.number, invoice.due.format(locale));
        view! { <option value=invoice.id.to_string()>{words}</option> }
    });
    view! {
        <DialogOpener dialog="reallocate">"Put on another invoice"</DialogOpener>
        <Dialog id="reallocate" title=format!("Put {amount} on another invoice?")>
            <form class="stack" method="post" action="/api/transactions/reallocate">
                <input type="hidden" name="payment" value=payment.to_string()/>
                <input type="hidden" name="from" value=offer.from.to_string()/>
                <p>{format!("The books refused it on {number}. {number} is then owed again, as the books have it.")}</p>
                <div class="field">
                    <label for="to">"Invoice"</label>
                    <select class="input" id="to" name="to">{choices.collect_view()}</select>
                </div>
                <div class="acts">
                    <button class="btn primary" type="submit">"Move payment"</button>
                    <DialogCloser dialog="reallocate">"Cancel"</DialogCloser>
                </div>
            </form>
        </Dialog>
    }
}

#[component]
fn Next(found: ExceptionFace) -> impl IntoView {
    let act = match found.cure {
        Some(cure) => view! { <ExceptionCure exception=found.key cure/> }.into_any(),
        None => {
            // A full load: the server alone draws it.
            let address = addresses::exception(&found.key);
            view! { <a class="btn" href=address rel="external">"Open in Exceptions"</a> }.into_any()
        }
    };
    view! { <div class="acts">{act}</div> }
}

#[component]
fn Fact(name: &'static str, value: String) -> impl IntoView {
    view! { <div><dt>{name}</dt><dd>{value}</dd></div> }
}

#[component]
fn Timeline(events: Vec<StoryEvent>) -> impl IntoView {
    let events = events.into_iter().map(|event| {
        let title = unbroken(&event.title);
        let title = match event.mail {
            Some(mail) => view! { <a href=addresses::mail(mail)>{title}</a> }.into_any(),
            None => title,
        };
        let detail = (!event.detail.is_empty()).then(|| view! { <p class="muted">{unbroken(&event.detail)}</p> });
        view! {
            <li>
                <span class=format!("dot {}", class_of(event.tone)) aria-hidden="true"></span>
                <div>
                    <p class="event-title">{title}</p>
                    {detail}
                    <p class="small muted num"><When at=event.at/></p>
                </div>
            </li>
        }
    });
    view! { <ol class="timeline">{events.collect_view()}</ol> }
}

#[component]
fn Attempts(attempts: Vec<AttemptFace>, locale: Locale) -> impl IntoView {
    let title = count(attempts.len(), "attempt");
    let rows = attempts.into_iter().map(|attempt| {
        view! {
            <tr>
                <th scope="row" class="key">{attempt.gateway}</th>
                <td class="mono what">{attempt.gateway_id} " " {attempt.charge_id}</td>
                <td class="num method">{attempt.method}</td>
                <td class="state">
                    <StateBadge state=attempt.state never_sent=attempt.never_sent refunded=attempt.refunded/>
                </td>
                <td class="amount">{attempt.amount.format(locale)}</td>
            </tr>
        }
    });
    view! {
        <section class="card" aria-labelledby="attempts">
            <div class="bar"><h2 id="attempts">{title}</h2></div>
            <table class="list list-attempts">
                <thead>
                    <tr>
                        <th scope="col">"Gateway"</th>
                        <th scope="col">"Gateway’s ids"</th>
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

/// What a refund was refused for, with amounts as they stand on this page.
fn words_of(fault: &Fault, locale: Locale) -> String {
    match fault {
        Fault::MoreThanLeft { left } => format!("Enter an amount above zero, up to {}.", left.format(locale)),
        Fault::RefundFormUsed { refund } => format!(
            "This form was used for a refund of {}. Open the payment again to refund more.",
            refund.format(locale)
        ),
        other => other.to_string(),
    }
}

#[component]
fn Refund(plan: RefundPlan, locale: Locale, note: Note, in_dialog: bool) -> impl IntoView {
    match plan {
        RefundPlan::Offered(offer) => view! { <RefundDialog offer locale note in_dialog/> }.into_any(),
        RefundPlan::NotHere(instead) => view! { <p class="muted small">{instead}</p> }.into_any(),
    }
}

#[component]
fn RefundDialog(offer: RefundOffer, locale: Locale, note: Note, in_dialog: bool) -> impl IntoView {
    let most = offer.most;
    let whole = offer.only_whole.map(|words| format!(" {words}")).unwrap_or_default();
    let fault = note.fault.filter(|_| in_dialog);
    let surcharge = offer.surcharge.map(|left| {
        let rest = Money::new(most.minor - left.minor, most.currency).format(locale);
        let part = format!("Its share of the surcharge ({} left)", left.format(locale));
        let ways = [("part", part), ("none", format!("Nothing of it (then at most {rest})"))];
        view! { <Ways legend="Surcharge" name="surcharge" ways second=note.without_surcharge/> }
    });
    let meaning = if let Some(why) = offer.not_owed {
        view! { <p class="muted small">{why}</p> }.into_any()
    } else {
        let owed = "The customer still owes this invoice (wrong card, paid by mistake)".to_owned();
        let ways = [("cancelled", "The sale is cancelled".to_owned()), ("owed", owed)];
        view! { <Ways legend="What it means" name="meaning" ways second=note.still_owed/> }.into_any()
    };
    // A field that was emptied comes back empty.
    let amount = if fault.is_none() && note.amount.is_empty() { most.to_decimal() } else { note.amount };
    let error = fault.as_ref().filter(|fault| **fault != Fault::NoReason).map(|fault| words_of(fault, locale));
    let no_reason = (fault.is_some() && note.reason.trim().is_empty()).then(|| Fault::NoReason.to_string());
    let summary = fault.map(|fault| {
        let wrong = [("amount", error.clone()), ("reason", no_reason.clone())].into_iter();
        let mend = wrong.filter_map(|(field, words)| Some(Mend { field: Some(field.to_owned()), words: words? }));
        let mend: Vec<_> = mend.collect();
        view! { <ErrorSummary title=fault.heading() mend/> }
    });
    view! {
        <div class="acts"><DialogOpener dialog="refund">"Refund"</DialogOpener></div>
        <Dialog id="refund" title="Refund this payment?" open=in_dialog>
            <form class="stack" method="post" action="/api/refunds/start">
                {summary}
                <input type="hidden" name="payment" value=offer.payment.to_string()/>
                <input type="hidden" name="refund" value=offer.refund.to_string()/>
                <input type="hidden" name="currency" value=most.currency.to_string()/>
                <Field
                    id="amount" label="Amount" kind=Kind::TEXT value=amount error autofocus=true
                    hint=format!("In {}. At most {}.{whole}", most.currency, most.format(locale))
                />
                {surcharge}
                {meaning}
                <Field
                    id="reason" label="Reason" kind=Kind::TEXT value=note.reason error=no_reason
                    hint="For this page. The payer does not see it."
                />
                <dl class="facts">
                    <Fact name="The money goes to" value=offer.goes_to/>
                    <Fact name="In the books" value=offer.in_the_books/>
                    <Fact name="The payer" value="Gets a mail that says how much comes back, and when.".to_owned()/>
                </dl>
                <div class="acts">
                    <button class="btn danger" type="submit">"Refund payment"</button>
                    <DialogCloser dialog="refund">"Cancel"</DialogCloser>
                </div>
            </form>
        </Dialog>
    }
}

/// What part of the refund is of the surcharge (G26), or what it means for the invoice: the first way, if not the second.
#[component]
fn Ways(legend: &'static str, name: &'static str, ways: [(&'static str, String); 2], second: bool) -> impl IntoView {
    let ways = ways.into_iter().zip([!second, second]).map(move |((value, words), checked)| {
        view! {
            <label class="choice">
                <input type="radio" name=name value=value checked=checked/>
                <span>{words}</span>
            </label>
        }
    });
    view! {
        <fieldset class="choices">
            <legend>{legend}</legend>
            {ways.collect_view()}
        </fieldset>
    }
}

#[component]
fn Refunds(refunds: Vec<RefundFace>, locale: Locale) -> impl IntoView {
    let title = count(refunds.len(), "refund");
    let rows = refunds.into_iter().map(|refund| {
        let (words, tone) = refund.state.badge();
        let failure = refund.failure.map(|failure| view! { <p class="muted">{failure}</p> });
        view! {
            <tr>
                <th scope="row" class="key">{refund.asked_by}</th>
                <td class="what">
                    <p>{refund.reason}{failure}</p>
                    <p class="mono">{refund.gateway_id}</p>
                </td>
                <td class="num date"><When at=refund.at/></td>
                <td class="state"><Badge tone words/></td>
                <td class="amount">{refund.amount.format(locale)}</td>
            </tr>
        }
    });
    view! {
        <section class="card" aria-labelledby="refunds">
            <div class="bar"><h2 id="refunds">{title}</h2></div>
            <table class="list list-refunds">
                <thead>
                    <tr>
                        <th scope="col">"Asked for by"</th>
                        <th scope="col">"Reason and gateway’s id"</th>
                        <th scope="col">"When"</th>
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
fn Postings(postings: Vec<PostingFace>, locale: Locale) -> impl IntoView {
    let none = postings.is_empty().then(|| view! { <p class="none muted">"No money has moved."</p> });
    let rows = postings.into_iter().map(|posting| {
        view! {
            <tr>
                <th scope="row" class="key">{posting.account}</th>
                <td class="what">{posting.kind}</td>
                <td class="num date"><When at=posting.at/></td>
                <td class="amount">{posting.amount.format(locale)}</td>
            </tr>
        }
    });
    view! {
        <section class="card" aria-labelledby="postings">
            <div class="bar"><h2 id="postings">"Our ledger"</h2></div>
            {none}
            <table class="list list-postings">
                <thead>
                    <tr>
                        <th scope="col">"Account"</th>
                        <th scope="col">"For"</th>
                        <th scope="col">"When"</th>
                        <th scope="col" class="amount">"Amount"</th>
                    </tr>
                </thead>
                <tbody>{rows.collect_view()}</tbody>
            </table>
        </section>
    }
}

#[component]
fn Jobs(jobs: Vec<JobFace>) -> impl IntoView {
    let none = jobs.is_empty().then(|| view! { <p class="none muted">"Nothing had to be done."</p> });
    let rows = jobs.into_iter().map(|job| {
        let tries = match job.tries {
            0 => String::new(),
            1 => "Tried once".to_owned(),
            n => format!("Tried {n} times"),
        };
        let before = if tries.is_empty() { "Begins on " } else { ", again on " };
        let next = job.next_at.map(|at| view! { {before} <When at/> });
        view! {
            <tr>
                <th scope="row" class="key">{job.what}</th>
                <td class="what">{job.last_error}</td>
                <td class="num date">{tries}{next}</td>
                <td class="state"><span class="badge">{job.state}</span></td>
            </tr>
        }
    });
    view! {
        <section class="card" aria-labelledby="jobs">
            <div class="bar"><h2 id="jobs">"What followed"</h2></div>
            {none}
            <table class="list list-jobs">
                <thead>
                    <tr>
                        <th scope="col">"Step"</th>
                        <th scope="col">"What went wrong"</th>
                        <th scope="col">"Tries"</th>
                        <th scope="col">"State"</th>
                    </tr>
                </thead>
                <tbody>{rows.collect_view()}</tbody>
            </table>
        </section>
    }
}
