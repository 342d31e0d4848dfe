//! What staff see between pressing Connect and the first payment in their books: the way to the vendor, the choice of an
//! organisation, and the accounts. Drawn by the server alone and outside the App, as plain forms.

use crate::{
    Assets,
    components::toast::Toast,
    pages::admin::accounting::PATH,
    plain_parts::{error_of, lead_in, page, select, summary},
};
use domain::{own_invoice::Wrong, views::Whoami};
use engine::{AccountsForm, AskedFor, Choice, NoConnection, OrganisationChoice};
use leptos::prelude::*;

const TITLE: &str = "Accounting Connections";

/// Status and HTML of the page on the way to the vendor. Browsers go on by themselves; a redirect would be held to where our
/// forms may lead.
#[must_use]
pub fn render_on_the_way(assets: &Assets, who: Whoami, asked: AskedFor) -> (u16, String) {
    let AskedFor { books, url } = asked;
    page(assets, who, PATH, &format!("Go on to {books}"), false, || {
        view! {
            {lead_in(PATH, TITLE, format!("Go on to {books}"), ())}
            <section class="card pad stack">
                <p>
                    {format!("{books} asks there whether Wise-Pay may read your books and write payments into them, and for which \
                              organisation. It leads back here within ten minutes.")}
                </p>
                <div class="acts">
                    <a class="btn primary" href=url rel="external">{format!("Continue to {books}")}</a>
                    <a class="btn quiet" href=PATH>"Cancel"</a>
                </div>
            </section>
        }
        .into_any()
    })
}

/// Status and HTML of the choice among several organisations. `why`: the last one could not be connected.
#[must_use]
pub fn render_organisations(
    assets: &Assets,
    who: Whoami,
    choice: OrganisationChoice,
    why: Option<NoConnection>,
) -> (u16, String) {
    let OrganisationChoice { books, organisations } = choice;
    let wrong: Vec<_> = why.map(|why| Wrong::at("organisation", why.words())).into_iter().collect();
    let heading = format!("Which organisation in {books}?");
    page(assets, who, PATH, &heading.clone(), !wrong.is_empty(), || {
        let option = |(n, organisation): (usize, engine::Organisation)| {
            view! {
                <label class="choice">
                    <input type="radio" name="organisation" value=organisation.id required checked=n == 0/>
                    <span>{organisation.name}</span>
                </label>
            }
        };
        let options = organisations.into_iter().enumerate().map(option).collect_view();
        view! {
            {lead_in(PATH, TITLE, heading, ())}
            <form class="card pad stack" method="post" action=format!("{PATH}/organisation")>
                {summary(&wrong)}
                <p class="muted">
                    "You have allowed access to several. Payments are written into the one whose invoices are paid here; it stays \
                     that one when you connect again."
                </p>
                <fieldset class="choices" id="organisation"><legend>"Organisation"</legend>{options}</fieldset>
                <div class="acts">
                    <button class="btn primary" type="submit">"Connect this organisation"</button>
                    <a class="btn quiet" href=PATH>"Cancel"</a>
                </div>
            </form>
        }
        .into_any()
    })
}

/// Status and HTML of the accounts: what is chosen, and what is written there.
#[must_use]
pub fn render_accounts(
    assets: &Assets,
    who: Whoami,
    form: AccountsForm,
    wrong: Vec<Wrong>,
    done: &str,
) -> (u16, String) {
    let AccountsForm { books, company, chart, has_rules, typed } = form;
    let heading = format!("Accounts in {books}");
    page(assets, who, PATH, &heading.clone(), !wrong.is_empty(), || {
        let toast = (done == "connected").then(|| view! { <Toast words="Your books are connected." whole=true/> });
        let wants = chart.wants.into_iter().map(|words| view! { <p class="notice warn">{words}</p> }).collect_view();
        let clearing = Select {
            id: "clearing",
            label: "Clearing account",
            hint: "Payments are posted here, and the gateway’s payouts empty it again. An account that is for nothing else is best.",
            none: "Choose an account",
        };
        let prepayment = Select {
            id: "prepayment",
            label: "Prepayment account",
            hint: "A current liability, on which prepayments and paid quotes are owed until their invoice comes. Without one, none are \
                   taken.",
            none: "None",
        };
        let prepayment = prepayment.view(chart.prepayment, &typed.prepayment, &wrong);
        let zero_tax = (!chart.zero_taxes.is_empty()).then(|| {
            let zero_tax = Select {
                id: "zero_tax",
                label: "Tax code of prepayments and paid quotes",
                hint: "One of no percent, because tax is due with the invoice that comes later. Both documents of a quote bear it.",
                none: "No tax",
            };
            zero_tax.view(chart.zero_taxes, &typed.zero_tax, &wrong)
        });
        let notes = chart.notes.map(|words| {
            view! {
                <label class="choice">
                    <input type="checkbox" name="writes_notes" value="yes" checked=typed.writes_notes/>
                    <span>{words}</span>
                </label>
            }
        });
        let surcharge = if has_rules {
            let earns = Select {
                id: "surcharge",
                label: chart.surcharge_is,
                hint: "All your surcharge rules earn here from now on.",
                none: "As each rule says",
            };
            let tax =
                Select { id: "tax", label: "Tax in surcharges", hint: "It is within the surcharge.", none: "None" };
            let earns = earns.view(chart.surcharge, &typed.surcharge, &wrong);
            view! { {earns} {tax.view(chart.taxes, &typed.tax, &wrong)} }.into_any()
        } else {
            view! { <p class="muted">"You take no surcharges, so nothing is chosen for them."</p> }.into_any()
        };
        let writes = chart.writes.iter().map(|words| view! { <li>{*words}</li> }).collect_view();
        view! {
            {lead_in(PATH, TITLE, heading, ())}
            {toast}
            <form class="card pad stack" method="post" action=format!("{PATH}/set-up")>
                {summary(&wrong)}
                <p class="muted">
                    {format!("{}, kept in {}. The lists were read there a moment ago.", company.name, company.currency)}
                </p>
                {wants}
                {clearing.view(chart.clearing, &typed.clearing, &wrong)}
                {prepayment}
                {zero_tax}
                {surcharge}
                {notes}
                <div class="acts">
                    <button class="btn primary" type="submit">"Save"</button>
                    <a class="btn quiet" href=PATH>"Back to the connections"</a>
                </div>
            </form>
            <section class="card pad" aria-labelledby="writes">
                <h2 id="writes">{format!("What Wise-Pay writes in {books}")}</h2>
                <ul class="stack">{writes}</ul>
            </section>
        }
        .into_any()
    })
}

/// One choice of the form.
struct Select {
    id: &'static str,
    label: &'static str,
    hint: &'static str,
    /// What is read where nothing is chosen.
    none: &'static str,
}

impl Select {
    fn view(self, choices: Vec<Choice>, chosen: &str, wrong: &[Wrong]) -> AnyView {
        let Self { id, label, hint, none } = self;
        let options = choices.into_iter().map(|choice| {
            let is_chosen = choice.id == chosen;
            view! { <option value=choice.id selected=is_chosen>{choice.name}</option> }
        });
        let options = view! { <option value="">{none}</option> {options.collect_view()} };
        select(id, label, hint, options, error_of(wrong, id))
    }
}
