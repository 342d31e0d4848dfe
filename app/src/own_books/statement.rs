//! `/admin/customers/:customer/statement`: what a customer owed when a period began, what moved, and what they owe since. It
//! prints.

use crate::{
    Assets, addresses,
    components::field::{Field, Kind},
    plain_parts::{listed, page},
};
use chrono::NaiveDate;
use domain::{
    date::in_words,
    money::{Locale, Money},
    own_statement::{Statement, StatementRow},
    views::Whoami,
};
use engine::CustomerStatement;
use leptos::prelude::*;

/// Status and HTML of the page.
#[must_use]
pub fn render_statement(assets: &Assets, who: Whoami, shown: CustomerStatement) -> (u16, String) {
    let CustomerStatement { customer, name, address, statement } = shown;
    let locale = who.locale;
    let title = format!("Statement for {name}");
    let heading = title.clone();
    page(assets, who, "/admin/customers", &title, false, || {
        let sentence = sentence(&statement, locale);
        let days = days(addresses::statement(customer), statement.from, statement.until);
        let pdf = addresses::statement_pdf(customer, statement.from, statement.until);
        view! {
            <div class="lead-in">
                <div>
                    <p class="crumb small"><a href=addresses::customer(customer)>{name}</a></p>
                    <h1>{heading}</h1>
                    <p class="notes muted">{address}</p>
                    <p>{sentence}</p>
                </div>
                <div class="acts"><a class="btn" href=pdf>"Download PDF"</a></div>
            </div>
            {days}
            {table(statement, locale)}
        }
        .into_any()
    })
}

/// What is owed in the end.
pub(crate) fn sentence(statement: &Statement, locale: Locale) -> String {
    let (closing, end) = (statement.closing, in_words(statement.until));
    if closing.is_positive() {
        format!("{} was owed at the end of {end}.", closing.format(locale))
    } else {
        format!("Nothing was owed at the end of {end}.")
    }
}

/// Chooses other days.
pub(crate) fn days(action: String, from: NaiveDate, until: NaiveDate) -> AnyView {
    view! {
        <form class="card pad stack" method="get" action=action>
            <div class="pair">
                <Field id="from" label="From" kind=Kind::DATE value=from.to_string()/>
                <Field id="until" label="To" kind=Kind::DATE value=until.to_string()/>
            </div>
            <div class="acts"><button class="btn" type="submit">"Show"</button></div>
        </form>
    }
    .into_any()
}

pub(crate) fn table(statement: Statement, locale: Locale) -> AnyView {
    let edge = |words: String, balance: Money| {
        view! {
            <tr>
                <th scope="row" class="key">{words}</th>
                <td></td>
                <td class="amount"></td>
                <td class="amount">{balance.format(locale)}</td>
            </tr>
        }
    };
    let row = |StatementRow { movement, balance }: StatementRow| {
        view! {
            <tr>
                <th scope="row" class="key">{movement.what}</th>
                <td class="num date">{in_words(movement.date)}</td>
                <td class="amount muted">{movement.amount.format(locale)}</td>
                <td class="amount">{balance.format(locale)}</td>
            </tr>
        }
    };
    let opening = edge(format!("Balance before {}", in_words(statement.from)), statement.opening);
    let closing = edge(format!("Balance on {}", in_words(statement.until)), statement.closing);
    let rows = statement.rows.into_iter().map(row).collect_view();
    let rows = view! { {opening}{rows}{closing} };
    view! {
        <section class="card" aria-labelledby="moved">
            <div class="bar"><h2 id="moved">"What moved"</h2></div>
            {listed(&["What", "Date"], &["Amount", "Balance"], rows)}
        </section>
    }
    .into_any()
}
