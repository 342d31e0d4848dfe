//! `/admin/customers`: the customers of books of our own, and the form of one.

use super::{advances::card, lines::told};
use crate::{
    Assets, addresses,
    components::{
        empty::Empty,
        field::{Field, Kind},
        pager::{Beyond, Pager, Place},
        search::Search,
        text_area::TextArea,
        toast::Toast,
    },
    plain_parts::{error_of, listed, page, summary},
};
use domain::{
    ids::CustomerId,
    own_customer::{CustomerTyped, TERMS_DAYS_USUAL},
    own_invoice::Wrong,
    views::{Page, Whoami},
};
use engine::{CustomerCredit, OwnCustomer};
use leptos::prelude::*;

const PATH: &str = "/admin/customers";
const ARCHIVED: &str = "/admin/customers/archived";
/// Somebody else's than whoever types it.
const EMAIL: Kind = Kind { input: "email", autocomplete: "off" };

/// The form of a customer, with what was typed.
pub struct CustomerPage {
    pub id: CustomerId,
    pub is_new: bool,
    /// In no list and no form.
    pub archived: bool,
    pub typed: CustomerTyped,
    pub wrong: Vec<Wrong>,
    pub credits: Vec<CustomerCredit>,
    /// What was done just now.
    pub done: String,
}

/// Status and HTML of the list.
#[must_use]
pub fn render_customers(
    assets: &Assets,
    who: Whoami,
    list: Page<OwnCustomer>,
    archived: bool,
    done: &str,
) -> (u16, String) {
    let title = if archived { "Archived customers" } else { "Customers" };
    page(assets, who, PATH, title, false, || {
        let toast = match done {
            "saved" => Some("The customer is saved."),
            "archived" => Some("The customer is archived."),
            "restored" => Some("The customer is in lists and forms again."),
            "imported" => Some("The table is imported."),
            _ => None,
        };
        let toast = toast.map(|words| view! { <Toast words whole=true/> });
        let (other, other_words) = if archived { (PATH, "Customers") } else { (ARCHIVED, "Archived") };
        view! {
            <div class="lead-in">
                <h1>{title}</h1>
                <div class="acts">
                    <a class="btn" href=other>{other_words}</a>
                    <a class="btn" href="/admin/import?table=customers">"Import"</a>
                    <a class="btn primary" href="/admin/customers/new">"New customer"</a>
                </div>
            </div>
            {toast}
            {table(list, archived)}
        }
        .into_any()
    })
}

fn table(list: Page<OwnCustomer>, archived: bool) -> AnyView {
    let (place, query) = (Place::from(&list), list.query.clone());
    let (path, heading) = if archived { (ARCHIVED, "In no list and no form") } else { (PATH, "All customers") };
    let rows = if place.is_beyond() {
        view! { <Beyond path place=place.clone() whole=true/> }.into_any()
    } else if list.rows.is_empty() {
        let (title, words) = match (query.is_empty(), archived) {
            (true, false) => ("No customers yet", "Enter the companies that you bill, or import them from a table."),
            (true, true) => ("None", "A customer is archived from its page."),
            (false, _) => ("Nothing found", "No customer matches your search."),
        };
        view! { <Empty title>{words}</Empty> }.into_any()
    } else {
        let row = |customer: OwnCustomer| {
            let OwnCustomer { id, typed, .. } = customer;
            view! {
                <tr>
                    <th scope="row" class="key"><a href=addresses::customer(id)>{typed.name}</a></th>
                    <td class="num" data-label="Code">{typed.code}</td>
                    <td>{typed.email}</td>
                    <td class="num" data-label="Pays within">{format!("{} days", typed.terms_days)}</td>
                </tr>
            }
        };
        listed(&["Name", "Code", "E-mail", "Pays within"], &[], list.rows.into_iter().map(row).collect_view())
    };
    view! {
        <section class="card" aria-labelledby="list">
            <div class="bar">
                <h2 id="list">{heading}</h2>
                <Search path label="Search name, code or e-mail" short="Name, code or e-mail" query/>
            </div>
            {rows}
            <Pager path place whole=true/>
        </section>
    }
    .into_any()
}

/// Takes a customer out of lists and forms, or back into them.
fn archiving(id: CustomerId, archived: bool) -> AnyView {
    let (heading, words, button, value) = if archived {
        ("Archived", "The customer is in no list and no form.", "Restore customer", "no")
    } else {
        (
            "Archive",
            "For one that is billed no more: in no list and no form. What they owe stays.",
            "Archive customer",
            "yes",
        )
    };
    view! {
        <form class="card pad stack" method="post" action=format!("{}/archive", addresses::customer(id))>
            <h2>{heading}</h2>
            <p class="muted">{words}</p>
            <input type="hidden" name="archived" value=value/>
            <div class="acts"><button class="btn" type="submit">{button}</button></div>
        </form>
    }
    .into_any()
}

/// Status and HTML of the form.
#[must_use]
pub fn render_customer(assets: &Assets, who: Whoami, form: CustomerPage) -> (u16, String) {
    let CustomerPage { id, is_new, archived, typed, wrong, credits, done } = form;
    let locale = who.locale;
    let heading = if is_new { "New customer".to_owned() } else { typed.name.clone() };
    let title = heading.clone();
    page(assets, who, PATH, &title, !wrong.is_empty(), || {
        let bill = (!is_new).then(|| {
            view! {
                <div class="acts">
                    <a class="btn" href=addresses::statement(id)>"Statement"</a>
                    <a class="btn" href=addresses::customer_payment(id)>"Enter a payment"</a>
                    <a class="btn" href=addresses::new_invoice(Some(id))>"New invoice"</a>
                </div>
            }
        });
        let toast = told(&done).map(|words| view! { <Toast words whole=true/> });
        view! {
            <div class="lead-in">
                <div>
                    <p class="crumb small"><a href=PATH>"Customers"</a></p>
                    <h1>{heading}</h1>
                </div>
                {bill}
            </div>
            {toast}
            <form class="card pad stack" method="post" action=addresses::customer(id)>
                {summary(&wrong)}
                <Field
                    id="name" label="Company" kind=Kind::TEXT hint="As it stands on its invoices." value=typed.name
                    error=error_of(&wrong, "name") maxlength=200
                />
                <Field
                    id="code" label="Code" kind=Kind::TEXT value=typed.code error=error_of(&wrong, "code") optional=true
                    hint="A short name of yours, which links to Pay Now may use. It may be empty." maxlength=40
                />
                <Field
                    id="email" label="E-mail for invoices" kind=EMAIL
                    hint="It may be empty." value=typed.email error=error_of(&wrong, "email") optional=true
                />
                <Field
                    id="terms_days" label="Pays within, in days" kind=Kind::TEXT inputmode="numeric" optional=true
                    hint=format!("From the date of an invoice to its due date; {TERMS_DAYS_USUAL} if you leave it empty.")
                    value=typed.terms_days error=error_of(&wrong, "terms_days")
                />
                <TextArea
                    id="address" label="Address" hint="It may be empty." value=typed.address rows=4
                    error=error_of(&wrong, "address")
                />
                <div class="acts">
                    <button class="btn primary" type="submit">"Save customer"</button>
                    <a class="btn quiet" href=PATH>"Cancel"</a>
                </div>
            </form>
            {card(id, credits, locale)}
            {(!is_new).then(|| archiving(id, archived))}
        }
        .into_any()
    })
}
