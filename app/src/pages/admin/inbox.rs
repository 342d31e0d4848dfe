//! What `/admin/exceptions` shows: the most severe first, each with its cause, its remedy and one button; and below, what
//! people have marked as fixed, with their reasons.

use crate::{
    addresses,
    api::exceptions::{ExceptionsScreen, list_exceptions},
    components::{
        badge::Badge,
        dialog::{Dialog, DialogCloser, DialogOpener},
        empty::Empty,
        exception_cure::ExceptionCure,
        frame::Frame,
        load::failed,
        page_title::PageTitle,
        pager::{Beyond, Pager, Place},
        summary::{ErrorSummary, Mend},
        toast::Toast,
        when::When,
    },
    fault::Fault,
    note::Note,
    words::needs,
};
use domain::{
    exception::Cure,
    views::{ExceptionBox, ExceptionFace, FixedFace, MissingCustomer},
};
use leptos::prelude::*;
use leptos_router::params::ParamsMap;

const PATH: &str = "/admin/exceptions";

pub async fn page(query: ParamsMap) -> AnyView {
    let number = query.get("page").and_then(|page| page.parse().ok()).unwrap_or(1);
    let (exception, done) = (query.get("exception").unwrap_or_default(), query.get("done").unwrap_or_default());
    match list_exceptions(number, exception).await {
        Ok(screen) => view! { <ExceptionsView screen done/> }.into_any(),
        Err(fault) => failed(fault),
    }
}

#[component]
pub fn ExceptionsView(screen: ExceptionsScreen, done: String) -> impl IntoView {
    let ExceptionsScreen { list: ExceptionBox { who, page, fixed }, note } = screen;
    let (place, wrong) = (Place::from(&page), note.fault.is_some());
    // About its fields, the dialog speaks.
    let is_here = page.rows.iter().any(|line| line.key == note.about);
    let refused = note.fault.as_ref().filter(|_| !is_here).map(|fault| view! { <Refused fault=fault.clone()/> });
    let toast = match done.as_str() {
        "retry" => Some("It is being seen to."),
        "customer" => Some("The customer is being created. What waits for them goes on by itself."),
        "fixed" => Some("Marked as fixed."),
        "decided" => Some("The gateway was asked, and it is decided."),
        "found" => Some("The gateway has just found it, and what it says is recorded."),
        "gone" => Some("It had ended meanwhile, so nothing was marked. Look again at what is open."),
        _ => None,
    };
    let toast = toast.map(|words| view! { <Toast words whole=true/> });
    let heading = if page.total == 0 { "Nothing needs you".to_owned() } else { format!("{} you", needs(page.total)) };
    let rows = if place.is_beyond() {
        view! { <Beyond path=PATH place=place.clone() whole=true/> }.into_any()
    } else if page.rows.is_empty() {
        view! {
            <Empty title="Nothing is open">
                "Payments that the books refused, differences between gateway and books, failed refunds, disputes and tasks "
                "that were given up appear here. Gateway and books are compared once a day."
            </Empty>
        }
        .into_any()
    } else {
        let rows = page.rows.into_iter().enumerate();
        let rows = rows.map(|(n, line)| view! { <Row n line note=note.clone()/> }).collect_view();
        view! { <ul>{rows}</ul> }.into_any()
    };
    let fixed = (!fixed.is_empty()).then(|| view! { <Fixed fixed/> });
    view! {
        <PageTitle text=format!("Exceptions – {}", who.merchant) wrong/>
        <Frame who current=PATH>
            <div class="lead-in"><h1>"Exceptions"</h1></div>
            {toast}
            {refused}
            <section class="card todo" aria-labelledby="open">
                <h2 id="open">{heading}</h2>
                {rows}
                <Pager path=PATH place whole=true/>
            </section>
            {fixed}
        </Frame>
    }
}

#[component]
fn Refused(fault: Fault) -> impl IntoView {
    let mend = vec![Mend { field: None, words: fault.to_string() }];
    view! { <ErrorSummary title=fault.heading() mend/> }
}

#[component]
fn Row(n: usize, line: ExceptionFace, note: Note) -> impl IntoView {
    let (tone, fix) = (line.severity.tone(), format!("fix-{n}"));
    let has_another = line.cure.is_some() || line.page_url.is_some() || line.missing.is_some();
    let cure = line.cure.map(|cure| match cure {
        Cure::TakeIn => view! { <TakeIn n exception=line.key.clone() cause=line.cause.clone()/> }.into_any(),
        cure => view! { <ExceptionCure exception=line.key.clone() cure/> }.into_any(),
    });
    let create = line.missing.as_ref().map(|missing| {
        view! { <CreateCustomer exception=line.key.clone() books=missing.books.clone()/> }
    });
    let created = line.missing.as_ref().map(|missing| view! { <p class="muted">{as_created(missing)}</p> });
    let invoice = line.may_be_invoiced.then(|| {
        view! { <ReturnInvoice n exception=line.key.clone() cause=line.cause.clone()/> }
    });
    let there = line.page_url.clone().map(|url| {
        view! { <a class="btn" href=url rel="external noreferrer">"Open it at the gateway"</a> }
    });
    let payment = line.payment.map(|payment| {
        view! { <a class="btn quiet" href=addresses::transaction(payment)>"See payment"</a> }
    });
    let opener = (line.may_be_fixed || line.may_be_named).then(|| {
        let class = if has_another { "btn quiet" } else { "btn" };
        let words = match line.area.as_str() {
            _ if line.may_be_named => "Say what became of it",
            "Quote credit" => "This invoice is something else",
            _ => "Mark as fixed",
        };
        view! { <button type="button" class=class popovertarget=fix.clone()>{words}</button> }
    });
    let note = if note.about == line.key { note } else { Note::default() };
    let dialog = if line.may_be_named {
        Some(view! { <DecideDialog n id=fix line=line.clone() note/> }.into_any())
    } else {
        let (exception, cause) = (line.key, line.cause.clone());
        line.may_be_fixed.then(|| view! { <FixDialog n id=fix exception cause note/> }.into_any())
    };
    let remedy = (!line.remedy.is_empty()).then(|| view! { <p class="muted">{line.remedy}</p> });
    view! {
        <li>
            <Badge tone words=line.area/>
            <div>
                <p>{line.cause}</p>
                {remedy}
                {created}
                <p class="small muted num">"Since " <When at=line.since/></p>
            </div>
            <div class="acts">{create}{cure}{invoice}{there}{opener}{payment}</div>
            {dialog}
        </li>
    }
}

#[component]
fn CreateCustomer(exception: String, books: String) -> impl IntoView {
    view! {
        <form method="post" action="/api/exceptions/create_customer">
            <input type="hidden" name="exception" value=exception/>
            <button class="btn" type="submit">{format!("Create customer in {books}")}</button>
        </form>
    }
}

/// What is written there by that.
fn as_created(missing: &MissingCustomer) -> String {
    let MissingCustomer { books, name, email } = missing;
    match email {
        Some(email) => format!("Created in {books}, the customer has the name {name} and the e-mail address {email}."),
        None => format!("Created in {books}, the customer has the name {name} and no e-mail address."),
    }
}

/// Which invoice it paid, the books know; where they do not, a person does.
#[component]
fn TakeIn(n: usize, exception: String, cause: String) -> impl IntoView {
    let (id, invoice) = (format!("take-in-{n}"), format!("invoice-{n}"));
    view! {
        <DialogOpener dialog=id.clone()>{Cure::TakeIn.words()}</DialogOpener>
        <Dialog id=id.clone() title="Take it into the books?">
            <form class="stack" method="post" action="/api/exceptions/retry">
                <p>{cause}</p>
                <p>
                    "It is looked up at the gateway once more. What the books have of it says which invoices it paid, and nothing "
                    "is written there twice."
                </p>
                <input type="hidden" name="exception" value=exception/>
                <div class="field">
                    <label for=invoice.clone()>"Invoice, if the books have no payment of it"</label>
                    <p class="hint" id=format!("{invoice}-hint")>"The number of an open invoice that owes as much, like INV-501."</p>
                    <input
                        class="input" id=invoice.clone() name="invoice" maxlength="255" autocomplete="off"
                        aria-describedby=format!("{invoice}-hint")
                    />
                </div>
                <div class="acts">
                    <button class="btn primary" type="submit">{Cure::TakeIn.words()}</button>
                    <DialogCloser dialog=id>"Cancel"</DialogCloser>
                </div>
            </form>
        </Dialog>
    }
}

/// Before it is done, it says what becomes of the payment and of whoever owes its money.
#[component]
fn ReturnInvoice(n: usize, exception: String, cause: String) -> impl IntoView {
    let id = format!("return-{n}");
    view! {
        <DialogOpener dialog=id.clone()>"Write return invoice"</DialogOpener>
        <Dialog id=id.clone() title="Write a return invoice?">
            <form class="stack" method="post" action="/api/exceptions/write_return_invoice">
                <p>{cause}</p>
                <p>
                    "The payment and its invoice stay in the books as they are. A new invoice over what went back is written there, "
                    "with its one line on the clearing account; the customer owes it from today and can pay it here."
                </p>
                <input type="hidden" name="exception" value=exception/>
                <div class="acts">
                    <button class="btn primary" type="submit">"Write return invoice"</button>
                    <DialogCloser dialog=id>"Cancel"</DialogCloser>
                </div>
            </form>
        </Dialog>
    }
}

/// Why it counts as fixed, and where one reads of it: both stay beside it (D30).
#[component]
fn FixDialog(n: usize, id: String, exception: String, cause: String, note: Note) -> impl IntoView {
    let open = note.fault.is_some();
    let summary = note.fault.clone().map(|fault| view! { <Refused fault/> });
    view! {
        <Dialog id=id.clone() title="Mark as fixed?" open=open>
            <form class="stack" method="post" action="/api/exceptions/fix">
                {summary}
                <p>{cause}</p>
                <input type="hidden" name="exception" value=exception/>
                <Typed
                    id=format!("reason-{n}") name="reason" label="What was done" value=note.reason required=true first=true
                    hint="Like “Entered by hand on invoice INV-501”."
                />
                <Typed
                    id=format!("reference-{n}") name="reference" label="Reference" value=note.reference required=true
                    hint="Where others can look it up: a number in the books, at the gateway or of a ticket."
                />
                <p class="muted small">"It is kept below under “Marked as fixed” with your name, and comes back if something else is found."</p>
                <div class="acts">
                    <button class="btn primary" type="submit">"Mark as fixed"</button>
                    <DialogCloser dialog=id>"Cancel"</DialogCloser>
                </div>
            </form>
        </Dialog>
    }
}

/// What became of a payment or a refund of which its gateway never told. It is asked once more before anything counts.
#[component]
fn DecideDialog(n: usize, id: String, line: ExceptionFace, note: Note) -> impl IntoView {
    let open = note.fault.is_some();
    let summary = note.fault.clone().map(|fault| view! { <Refused fault/> });
    let (like, then) = if line.area == "Refund" {
        (
            "Like re_3Q… at Stripe. It is looked up, and what the gateway says of it counts.",
            "The refund then ends, and what it was over can be refunded again.",
        )
    } else {
        (
            "Like pi_3Q… at Stripe. It is looked up, and what the gateway says of it counts.",
            "The payment then ends, its payer reads that nothing was charged, and its invoice can be paid again.",
        )
    };
    let absent = if line.may_be_denied {
        view! {
            <form class="stack" method="post" action="/api/exceptions/decide">
                <input type="hidden" name="exception" value=line.key.clone()/>
                <input type="hidden" name="verdict" value="absent"/>
                <Typed
                    id=format!("reason-{n}") name="reason" label="Or how you know that it is not there" value=note.reason
                    hint=then
                />
                <div class="acts"><button class="btn" type="submit">"The gateway does not have it"</button></div>
            </form>
        }
        .into_any()
    } else {
        view! { <p class="muted small">"That it is not there can be said once nobody has known for a day."</p> }
            .into_any()
    };
    view! {
        <Dialog id=id.clone() title="What became of it?" open=open>
            <div class="stack">
                {summary}
                <p>{line.cause}</p>
                <p>{line.remedy}</p>
                <form class="stack" method="post" action="/api/exceptions/decide">
                    <input type="hidden" name="exception" value=line.key/>
                    <input type="hidden" name="verdict" value="there"/>
                    <Typed
                        id=format!("reference-{n}") name="reference" label="Its number at the gateway" value=note.reference
                        first=true hint=like
                    />
                    <div class="acts"><button class="btn primary" type="submit">"The gateway has it"</button></div>
                </form>
                <hr/>
                {absent}
                <hr/>
                <div class="acts"><DialogCloser dialog=id>"Cancel"</DialogCloser></div>
            </div>
        </Dialog>
    }
}

/// A field of either dialog.
#[component]
fn Typed(
    id: String,
    name: &'static str,
    label: &'static str,
    hint: &'static str,
    value: String,
    #[prop(optional)] required: bool,
    /// Focus begins there.
    #[prop(optional)]
    first: bool,
) -> impl IntoView {
    let hint_id = format!("{id}-hint");
    view! {
        <div class="field">
            <label for=id.clone()>{label}</label>
            <p class="hint" id=hint_id.clone()>{hint}</p>
            <input
                class="input" id=id name=name value=value maxlength="500" autocomplete="off" aria-describedby=hint_id
                required=required autofocus=first
            />
        </div>
    }
}

#[component]
fn Fixed(fixed: Vec<FixedFace>) -> impl IntoView {
    let rows = fixed.into_iter().map(|row| {
        let cause = match row.payment {
            Some(payment) => view! { <a href=addresses::transaction(payment)>{row.cause}</a> }.into_any(),
            None => row.cause.into_any(),
        };
        view! {
            <tr>
                <th scope="row" class="key">{row.area}</th>
                <td class="what">{cause}</td>
                <td>{row.reason}</td>
                <td class="num">{row.reference}</td>
                <td class="num date"><p>{row.by}</p><When at=row.at/></td>
            </tr>
        }
    });
    view! {
        <section class="card" aria-labelledby="fixed">
            <div class="bar"><h2 id="fixed">"Marked as fixed"</h2></div>
            <table class="list">
                <thead>
                    <tr>
                        <th scope="col">"About"</th>
                        <th scope="col">"What it was"</th>
                        <th scope="col">"What was done"</th>
                        <th scope="col">"Reference"</th>
                        <th scope="col">"By"</th>
                    </tr>
                </thead>
                <tbody>{rows.collect_view()}</tbody>
            </table>
        </section>
    }
}
