//! `/admin/credits`: the credit notes of books of our own, the form of one, and where what is left of one goes.

use super::{invoice_form::lines, lines::table as table_of};
use crate::{
    Assets, addresses,
    components::{
        badge::Badge,
        empty::Empty,
        field::{Field, Kind},
        pager::{Beyond, Pager, Place},
        toast::Toast,
    },
    plain_parts::{error_of, lead_in, listed, not_done, page, select, summary},
    words::count,
};
use domain::{
    date::in_words,
    ids::{CreditNoteId, InvoiceId},
    money::{Locale, Money},
    own_credit::CreditTyped,
    own_invoice::{Prices, Wrong},
    views::{InvoiceFace, Page, Tone, Whoami},
};
use engine::{CreditForm, CreditLine, CreditStory};
use leptos::prelude::*;

const PATH: &str = "/admin/credits";

/// The form of a credit note, with what was typed.
pub struct CreditPage {
    pub form: CreditForm,
    /// What comes back with the form: the id that it was opened with.
    pub note: CreditNoteId,
    pub typed: CreditTyped,
    pub wrong: Vec<Wrong>,
    /// Why it was not issued, beside what is wrong in its fields.
    pub refused: Option<&'static str>,
}

/// A credit note, and the form below it with what was typed.
pub struct CreditNotePage {
    pub story: CreditStory,
    pub chosen: Option<InvoiceId>,
    pub amount: String,
    pub wrong: Vec<Wrong>,
    pub refused: Option<&'static str>,
    /// What was done just now.
    pub done: String,
}

/// Status and HTML of the list.
#[must_use]
pub fn render_credits(assets: &Assets, who: Whoami, list: Page<CreditLine>) -> (u16, String) {
    let (locale, place) = (who.locale, Place::from(&list));
    page(assets, who, "/admin/invoices", "Credit notes", false, || {
        let rows = if place.is_beyond() {
            view! { <Beyond path=PATH place=place.clone() whole=true/> }.into_any()
        } else if list.rows.is_empty() {
            view! { <Empty title="No credit notes yet">"An invoice is credited from its page."</Empty> }.into_any()
        } else {
            table(list.rows, locale)
        };
        view! {
            {lead_in("/admin/invoices", "Invoices", "Credit notes", ())}
            <section class="card" aria-label="Credit notes">{rows}<Pager path=PATH place whole=true/></section>
        }
        .into_any()
    })
}

/// Credit notes as rows; also on the page of their invoice.
pub(crate) fn table(credits: Vec<CreditLine>, locale: Locale) -> AnyView {
    let row = |credit: CreditLine| {
        let left = match (credit.is_void, credit.left.is_positive()) {
            (true, _) => Some(view! { <Badge tone=Tone::Neutral words="Void"/> }.into_any()),
            (false, true) => {
                Some(view! { <Badge tone=Tone::Wait words=format!("{} left", credit.left.format(locale))/> }.into_any())
            }
            (false, false) => None,
        };
        view! {
            <tr>
                <th scope="row" class="key num"><a href=addresses::credit(credit.id) rel="external">{credit.number}</a></th>
                <td class="what">{credit.customer}</td>
                <td class="num" data-label="Of">{credit.invoice_number}</td>
                <td class="num date">{in_words(credit.date)}</td>
                <td class="state">{left}</td>
                <td class="amount">{credit.total.format(locale)}</td>
            </tr>
        }
    };
    let heads = ["Credit note", "Customer", "Of invoice", "Date", "Left"];
    listed(&heads, &["Total"], credits.into_iter().map(row).collect_view())
}

/// Status and HTML of the form.
#[must_use]
pub fn render_credit_form(assets: &Assets, who: Whoami, shown: CreditPage) -> (u16, String) {
    let CreditPage { form, note, typed, wrong, refused } = shown;
    let (locale, heading) = (who.locale, format!("Credit {}", form.number));
    let (title, is_wrong) = (heading.clone(), !wrong.is_empty() || refused.is_some());
    page(assets, who, "/admin/invoices", &title, is_wrong, || {
        let words = format!(
            "Up to {}, tax included. What the invoice still owes gets it first; what is left stays as the customer’s credit. Leave \
             it empty if you enter lines.",
            form.left.format(locale)
        );
        let meant = match form.prices {
            Prices::TaxExcluded => "They may be empty. Tax is not in these prices, as on the invoice.",
            Prices::TaxIncluded => "They may be empty. Tax is in these prices already, as on the invoice.",
        };
        let lines = lines(format!("What it is for, in {}", form.left.currency), meant, &typed.lines, &wrong);
        view! {
            {lead_in(addresses::invoice(form.invoice), form.number, heading, ())}
            <form class="card pad stack" method="post" action=addresses::invoice_credit(form.invoice)>
                {not_done("It is not issued", refused)}
                {summary(&wrong)}
                <input type="hidden" name="note" value=note.to_string()/>
                // Enter in a field presses the first button of a form, which must be the one that issues.
                <button class="vh" type="submit" name="do" value="issue" tabindex="-1" aria-hidden="true"></button>
                {amount(words, typed.amount, &wrong, true)}
                <Field
                    id="reason" label="Reason" kind=Kind::TEXT hint="Its customer reads it." value=typed.reason maxlength=300
                    error=error_of(&wrong, "reason")
                />
                {lines}
                <div class="acts">
                    <button class="btn primary" type="submit" name="do" value="issue">"Issue credit note"</button>
                    <a class="btn quiet" href=addresses::invoice(form.invoice)>"Cancel"</a>
                </div>
            </form>
        }
        .into_any()
    })
}

fn amount(hint: String, value: String, wrong: &[Wrong], optional: bool) -> AnyView {
    let error = error_of(wrong, "amount");
    view! { <Field id="amount" label="Amount" kind=Kind::TEXT inputmode="decimal" hint value error optional/> }
        .into_any()
}

/// Status and HTML of one.
#[must_use]
pub fn render_credit(assets: &Assets, who: Whoami, shown: CreditNotePage) -> (u16, String) {
    let locale = who.locale;
    let CreditNotePage { story, chosen, amount, wrong, refused, done } = shown;
    let CreditStory { line, lines, can_void, allocated, open } = story;
    let heading = format!("{} for {}", line.number, line.customer);
    let title = line.number.clone();
    let is_wrong = !wrong.is_empty() || refused.is_some();
    page(assets, who, "/admin/invoices", &title, is_wrong, || {
        let toast = match done.as_str() {
            "allocated" => Some("The invoice got it."),
            "voided" => Some("The credit note is void."),
            _ => None,
        };
        let toast = toast.map(|words| view! { <Toast words whole=true/> });
        let rest = if line.is_void {
            view! { <p class="muted">"It is void, and counts for nothing. Its number stays its own."</p> }.into_any()
        } else if line.left.is_positive() {
            allocation(&line, open, chosen, amount, &wrong, locale)
        } else {
            view! { <p class="muted">"All of it is with an invoice."</p> }.into_any()
        };
        let voiding = can_void.then(|| voiding(&line));
        let pdf = addresses::credit_pdf(line.id);
        let pdf = (!line.is_void).then(|| view! { <div class="acts"><a class="btn" href=pdf>"Download PDF"</a></div> });
        let document = (!lines.is_empty()).then(|| {
            view! {
                <section class="card" aria-labelledby="lines">
                    <div class="bar"><h2 id="lines">{count(lines.len(), "line")}</h2></div>
                    {table_of(&lines, locale)}
                </section>
            }
        });
        view! {
            <div class="lead-in">
                <div>
                    <p class="crumb small"><a href=PATH>"Credit notes"</a></p>
                    <h1 class="num">{heading}</h1>
                    <p>{line.reason.clone()}</p>
                </div>
                {pdf}
            </div>
            {toast}
            {not_done("Nothing was changed", refused)}
            {summary(&wrong)}
            <section class="card pad stack" aria-labelledby="facts">
                <h2 id="facts">"Credit note"</h2>
                <dl class="facts num">
                    <div>
                        <dt>"Of invoice"</dt>
                        <dd><a href=addresses::invoice(line.invoice)>{line.invoice_number.clone()}</a></dd>
                    </div>
                    <div><dt>"Date"</dt><dd>{in_words(line.date)}</dd></div>
                    <div><dt>"Total"</dt><dd>{line.total.format(locale)}</dd></div>
                    <div><dt>"Tax in it"</dt><dd>{line.tax.format(locale)}</dd></div>
                    {given(allocated, locale)}
                    <div><dt>"Left"</dt><dd><b>{line.left.format(locale)}</b></dd></div>
                </dl>
                {rest}
            </section>
            {document}
            {voiding}
        }
        .into_any()
    })
}

/// Issued by mistake: the way to undo that.
fn voiding(line: &CreditLine) -> AnyView {
    view! {
        <form class="card pad stack" method="post" action=format!("{}/void", addresses::credit(line.id))>
            <h2>"Void"</h2>
            <p class="muted">"What invoices got of it, they owe again. Its number stays its own, and this cannot be undone."</p>
            <div class="acts"><button class="btn" type="submit">{format!("Void {}", line.number)}</button></div>
        </form>
    }
    .into_any()
}

fn given(allocated: Vec<(InvoiceId, String, Money)>, locale: Locale) -> AnyView {
    let given = allocated.into_iter().map(|(invoice, number, amount)| {
        view! {
            <div>
                <dt>"Given to " <a href=addresses::invoice(invoice)>{number}</a></dt>
                <dd>{amount.format(locale)}</dd>
            </div>
        }
    });
    given.collect_view().into_any()
}

fn allocation(
    line: &CreditLine,
    open: Vec<InvoiceFace>,
    chosen: Option<InvoiceId>,
    typed: String,
    wrong: &[Wrong],
    locale: Locale,
) -> AnyView {
    if open.is_empty() {
        return view! { <p class="muted">"The customer owes nothing now. It can be given to their next invoice."</p> }
            .into_any();
    }
    let options = open.into_iter().map(|invoice| {
        let is_chosen = chosen == Some(invoice.id);
        let words = format!("{}, {} due", invoice.number, invoice.due.format(locale));
        view! { <option value=invoice.id.to_string() selected=is_chosen>{words}</option> }
    });
    let invoice = select("invoice", "Invoice", "", options.collect_view(), error_of(wrong, "invoice"));
    let typed = if typed.is_empty() { line.left.to_decimal() } else { typed };
    view! {
        <form class="stack" method="post" action=format!("{}/allocate", addresses::credit(line.id))>
            <input type="hidden" name="left" value=line.left.minor.to_string()/>
            {invoice}
            {amount(format!("Up to {}, and no more than the invoice owes.", line.left.format(locale)), typed, wrong, false)}
            <div class="acts"><button class="btn primary" type="submit">"Give it to the invoice"</button></div>
        </form>
    }
    .into_any()
}
