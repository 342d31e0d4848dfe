//! The form of a draft. Lines are rows of fields; a button adds more, and brings everything back that was typed.

use crate::{
    Assets, addresses,
    components::{
        field::{Field, Kind},
        text_area::TextArea,
    },
    plain_parts::{error_of, lead_in, not_done, page, summary},
};
use domain::{
    ids::{CustomerId, InvoiceId},
    own_invoice::{DESCRIPTION_MAX_CHARS, InvoiceTyped, LineTyped, NUMBER_MAX_CHARS, Wrong},
    views::Whoami,
};
use engine::InvoiceForm;
use leptos::prelude::*;

/// The form of an invoice, with what was typed.
pub struct InvoicePage {
    pub form: InvoiceForm,
    pub id: InvoiceId,
    /// What the form has seen of it; absent for a new one.
    pub changes: Option<i64>,
    pub customer: Option<CustomerId>,
    pub typed: InvoiceTyped,
    pub wrong: Vec<Wrong>,
    /// Why it was not saved, beside what is wrong in its fields.
    pub refused: Option<&'static str>,
}

/// Status and HTML of the form.
#[must_use]
pub fn render_invoice_form(assets: &Assets, who: Whoami, shown: InvoicePage) -> (u16, String) {
    let InvoicePage { form, id, changes, customer, typed, wrong, refused } = shown;
    let heading = if changes.is_some() { "Change draft" } else { "New invoice" };
    let is_wrong = !wrong.is_empty() || refused.is_some();
    page(assets, who, "/admin/invoices", heading, is_wrong, || {
        let seen = changes.map(|changes| view! { <input type="hidden" name="changes" value=changes.to_string()/> });
        let (currency, next) = (form.currency, form.next_number);
        let hint = "Lines that you leave empty are left out. A negative price is a discount.";
        let lines = lines(format!("Lines, in {currency}"), hint, &typed.lines, &wrong);
        let more = view! { <p class="muted">"A draft is owed by nobody. It gets its number when you issue it."</p> };
        view! {
            {lead_in("/admin/invoices", "Invoices", heading, more)}
            <form class="card pad stack" method="post" action=addresses::invoice_edit(id)>
                // Enter in a field presses the first button of a form, which must be the one that saves.
                <button class="vh" type="submit" name="do" value="save" tabindex="-1" aria-hidden="true"></button>
                {not_done("It is not saved", refused)}
                {summary(&wrong)}
                {seen}
                {form.find.map(finding)}
                {customers(form.customers, customer, error_of(&wrong, "customer"))}
                <div class="pair">
                    <Field id="date" label="Date" kind=Kind::DATE value=typed.date error=error_of(&wrong, "date")/>
                    <Field
                        id="due_date" label="Due date" kind=Kind::DATE value=typed.due_date optional=true
                        hint="Empty: by the customer’s terms." error=error_of(&wrong, "due_date")
                    />
                </div>
                <Field
                    id="number" label="Number" kind=Kind::TEXT value=typed.number optional=true maxlength=NUMBER_MAX_CHARS
                    hint=format!("Leave it empty for the next one of your series, now {next}.")
                    error=error_of(&wrong, "number")
                />
                {lines}
                <label class="choice">
                    <input type="checkbox" name="tax_included" value="yes" checked=typed.tax_included/>
                    <span>"Tax is in these prices already"</span>
                </label>
                <TextArea
                    id="notes" label="Notes" hint="Printed below the lines; it may be empty." value=typed.notes rows=3
                    error=error_of(&wrong, "notes")
                />
                <div class="acts">
                    <button class="btn primary" type="submit" name="do" value="save">"Save draft"</button>
                    <a class="btn quiet" href="/admin/invoices">"Cancel"</a>
                </div>
            </form>
        }
        .into_any()
    })
}

/// Searches the customers, and keeps what was typed.
fn finding(find: String) -> AnyView {
    view! {
        <div class="field">
            <label for="find">"Find a customer"</label>
            <p class="hint" id="find-hint">"A part of the name, code or e-mail address: they are too many to list them all."</p>
            <input
                class="input" type="search" id="find" name="find" value=find autocomplete="off" aria-describedby="find-hint"
            />
            <div class="acts">
                <button class="btn" type="submit" name="do" value="find" formnovalidate>"Find"</button>
            </div>
        </div>
    }
    .into_any()
}

fn customers(all: Vec<(CustomerId, String)>, chosen: Option<CustomerId>, error: Option<String>) -> AnyView {
    let wrong = error.is_some();
    let options = all.into_iter().map(|(id, name)| {
        let is_chosen = chosen == Some(id);
        view! { <option value=id.to_string() selected=is_chosen>{name}</option> }
    });
    view! {
        <div class=if wrong { "field wrong" } else { "field" }>
            <label for="customer">"Customer"</label>
            <p class="error" id="customer-error" hidden=!wrong>{error.unwrap_or_default()}</p>
            <select
                class="input" id="customer" name="customer" required aria-describedby="customer-error"
                aria-invalid=wrong.then_some("true")
            >
                <option value="">"Choose a customer"</option>
                {options.collect_view()}
            </select>
            <p class="small"><a href="/admin/customers/new">"Enter a new customer first"</a></p>
        </div>
    }
    .into_any()
}

/// The rows of fields, and the button that adds more.
pub(super) fn lines(legend: String, hint: &'static str, typed: &[LineTyped], wrong: &[Wrong]) -> AnyView {
    let rows = typed.iter().enumerate().map(|(n, typed)| line(n + 1, typed, wrong)).collect_view();
    view! {
        <fieldset class="stack lines">
            <legend>{legend}</legend>
            <p class="hint">{hint}</p>
            {rows}
            <div class="acts">
                <button class="btn" type="submit" name="do" value="lines" formnovalidate>"Add more lines"</button>
            </div>
        </fieldset>
    }
    .into_any()
}

fn line(place: usize, typed: &LineTyped, wrong: &[Wrong]) -> AnyView {
    view! {
        <div class="line" role="group" aria-label=format!("Line {place}")>
            {cell(place, "description", "Description", &typed.description, "text", wrong)}
            {cell(place, "quantity", "Quantity", &typed.quantity, "decimal", wrong)}
            {cell(place, "unit_price", "Unit price", &typed.unit_price, "decimal", wrong)}
            {cell(place, "tax", "Tax %", &typed.tax, "decimal", wrong)}
        </div>
    }
    .into_any()
}

fn cell(
    place: usize,
    name: &'static str,
    label: &'static str,
    value: &str,
    inputmode: &'static str,
    wrong: &[Wrong],
) -> AnyView {
    let id = format!("{name}-{place}");
    let error = error_of(wrong, &id);
    let is_wrong = error.is_some();
    let error_id = format!("{id}-error");
    view! {
        <div class=if is_wrong { "field wrong" } else { "field" }>
            <label for=id.clone()>{label}<span class="vh">{format!(" of line {place}")}</span></label>
            <p class="error" id=error_id.clone() hidden=!is_wrong>{error.unwrap_or_default()}</p>
            <input
                class="input" type="text" id=id name=name value=value.to_owned() inputmode=inputmode autocomplete="off"
                maxlength=DESCRIPTION_MAX_CHARS aria-describedby=error_id aria-invalid=is_wrong.then_some("true")
            />
        </div>
    }
    .into_any()
}
