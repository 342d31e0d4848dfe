//! Customers, the form of one, and what one owes.

use super::{Asked, Keeper, go_to, page};
use crate::staff::{Answer, Id, refused};
use app::{CustomerPage, render_customer, render_customers, render_statement};
use axum::{Form, extract::Query};
use domain::{
    ids::CustomerId,
    own_customer::CustomerTyped,
    own_invoice::{Wrong, read_date},
};
use engine::{Error, OwnBooksError};
use serde::Deserialize;

pub async fn list(keeper: Keeper, Query(asked): Query<Asked>) -> Answer {
    list_page(&keeper, &asked, false).await
}

pub async fn archived(keeper: Keeper, Query(asked): Query<Asked>) -> Answer {
    list_page(&keeper, &asked, true).await
}

async fn list_page(keeper: &Keeper, asked: &Asked, archived: bool) -> Answer {
    let list = keeper.web.or_refused(keeper.engine().own_customers(&keeper.admin, asked.list(), archived).await)?;
    page(render_customers(&keeper.web.assets, keeper.who(), list, archived, &asked.done))
}

pub async fn new(keeper: Keeper) -> Answer {
    let id = keeper.web.or_refused(keeper.engine().new_customer(&keeper.admin).await)?;
    shown(&keeper, blank(id, CustomerTyped::default(), Vec::new()))
}

pub async fn form(keeper: Keeper, Id(id): Id<CustomerId>, Query(asked): Query<Asked>) -> Answer {
    let found = keeper.web.or_refused(keeper.engine().own_customer(&keeper.admin, id).await)?;
    let credits = keeper.web.or_refused(keeper.engine().customer_credits(&keeper.admin, id).await)?;
    let (archived, done) = (found.archived, asked.done);
    let customer = CustomerPage { is_new: false, archived, credits, done, ..blank(id, found.typed, Vec::new()) };
    shown(&keeper, customer)
}

/// The page of one who has nothing yet but what was typed.
fn blank(id: CustomerId, typed: CustomerTyped, wrong: Vec<Wrong>) -> CustomerPage {
    CustomerPage { id, is_new: true, archived: false, typed, wrong, credits: Vec::new(), done: String::new() }
}

fn shown(keeper: &Keeper, customer: CustomerPage) -> Answer {
    page(render_customer(&keeper.web.assets, keeper.who(), customer))
}

#[derive(Deserialize, Default)]
#[serde(default)]
pub struct Sent {
    name: String,
    code: String,
    email: String,
    terms_days: String,
    address: String,
}

pub async fn keep(keeper: Keeper, Id(id): Id<CustomerId>, Form(sent): Form<Sent>) -> Answer {
    let Sent { name, code, email, terms_days, address } = sent;
    let typed = CustomerTyped { name, code, email, terms_days, address };
    match keeper.engine().keep_customer(&keeper.admin, id, &typed).await {
        Ok(()) => go_to("/admin/customers?done=saved"),
        Err(OwnBooksError::Wrong(wrong)) => {
            let is_new = keeper.engine().own_customer(&keeper.admin, id).await.is_err();
            shown(&keeper, CustomerPage { is_new, ..blank(id, typed, wrong) })
        }
        Err(OwnBooksError::Engine(cause)) => Err(refused(&keeper.web, cause)),
        // A customer is never issued, and whoever saves last is right.
        Err(OwnBooksError::NotNow(_) | OwnBooksError::Outdated | OwnBooksError::FormUsed) => {
            Err(refused(&keeper.web, Error::NotFound))
        }
    }
}

#[derive(Deserialize, Default)]
#[serde(default)]
pub struct Archiving {
    archived: String,
}

pub async fn archive(keeper: Keeper, Id(id): Id<CustomerId>, Form(sent): Form<Archiving>) -> Answer {
    let archived = sent.archived == "yes";
    keeper.web.or_refused(keeper.engine().archive_customer(&keeper.admin, id, archived).await)?;
    go_to(if archived { "/admin/customers?done=archived" } else { "/admin/customers?done=restored" })
}

pub async fn statement(keeper: Keeper, Id(id): Id<CustomerId>, Query(asked): Query<Asked>) -> Answer {
    let (from, until) = (read_date(&asked.from), read_date(&asked.until));
    let found = keeper.web.or_refused(keeper.engine().own_statement(&keeper.admin, id, from, until).await)?;
    page(render_statement(&keeper.web.assets, keeper.who(), found))
}
