//! Invoices: the list with its series of numbers, the form of a draft, and what becomes of it.

use super::{Asked, FORM_USED, Keeper, go_to, page, told};
use crate::staff::{Answer, Id, Refusal, refused};
use app::{InvoiceList, InvoicePage, addresses, render_invoice_form, render_invoices};
use axum::{Form, extract::Query};
use domain::{
    ids::{CustomerId, InvoiceId},
    invoice::InvoiceStatus,
    own_invoice::{InvoiceTyped, LINE_FIELDS, LINES_MAX, LineTyped, Wrong},
};
use engine::{Draft, Error, InvoiceForm, OwnBooksError};
use serde::Deserialize;

pub(super) const LINES_AT_FIRST: usize = 4;

pub async fn list(keeper: Keeper, Query(asked): Query<Asked>) -> Answer {
    list_page(&keeper, &asked, None, Vec::new()).await
}

/// The list, with what was typed as the next number, if anything was wrong with it.
async fn list_page(keeper: &Keeper, asked: &Asked, typed: Option<String>, wrong: Vec<Wrong>) -> Answer {
    let list = keeper.web.or_refused(keeper.engine().own_invoices(&keeper.admin, asked.list()).await)?;
    let next_number = match typed {
        Some(typed) => typed,
        None => blank(keeper, "", None).await?.next_number,
    };
    let list = InvoiceList { list, next_number, wrong, done: asked.done.clone() };
    page(render_invoices(&keeper.web.assets, keeper.who(), list))
}

async fn blank(keeper: &Keeper, find: &str, chosen: Option<CustomerId>) -> Result<InvoiceForm, Refusal> {
    keeper.web.or_refused(keeper.engine().invoice_form(&keeper.admin, find, chosen).await)
}

#[derive(Deserialize)]
pub struct Numbers {
    #[serde(default)]
    next_number: String,
}

pub async fn set_numbers(keeper: Keeper, Form(sent): Form<Numbers>) -> Answer {
    match keeper.engine().set_next_number(&keeper.admin, &sent.next_number).await {
        Ok(()) => go_to("/admin/invoices?done=numbers"),
        Err(OwnBooksError::Wrong(wrong)) => list_page(&keeper, &Asked::default(), Some(sent.next_number), wrong).await,
        Err(OwnBooksError::Engine(cause)) => Err(refused(&keeper.web, cause)),
        Err(OwnBooksError::NotNow(_) | OwnBooksError::Outdated | OwnBooksError::FormUsed) => {
            Err(refused(&keeper.web, Error::NotFound))
        }
    }
}

pub async fn new(keeper: Keeper, Query(asked): Query<Asked>) -> Answer {
    let customer = asked.customer.parse().ok();
    let form = blank(&keeper, &asked.q, customer).await?;
    let lines = vec![LineTyped::default(); LINES_AT_FIRST];
    let typed = InvoiceTyped { date: form.today.to_string(), lines, ..InvoiceTyped::default() };
    let id = form.invoice;
    let posted = Posted { changes: None, customer, find: asked.q, typed };
    shown(&keeper, form, id, posted, Vec::new(), None)
}

pub async fn draft(keeper: Keeper, Id(id): Id<InvoiceId>) -> Answer {
    let own = keeper.engine().own_invoice(&keeper.admin, id).await;
    let own = keeper.web.or_refused(own.and_then(|own| own.ok_or(Error::NotFound)))?;
    if own.status != InvoiceStatus::Draft {
        return go_to(&addresses::invoice(own.id));
    }
    let (changes, customer) = (Some(own.changes), Some(own.customer));
    let posted = Posted { changes, customer, find: String::new(), typed: own.typed };
    form_page(&keeper, own.id, posted, Vec::new(), None).await
}

async fn form_page(
    keeper: &Keeper,
    id: InvoiceId,
    posted: Posted,
    wrong: Vec<Wrong>,
    refused_by: Option<&'static str>,
) -> Answer {
    shown(keeper, blank(keeper, &posted.find, posted.customer).await?, id, posted, wrong, refused_by)
}

fn shown(
    keeper: &Keeper,
    form: InvoiceForm,
    id: InvoiceId,
    posted: Posted,
    wrong: Vec<Wrong>,
    refused: Option<&'static str>,
) -> Answer {
    let Posted { changes, customer, typed, .. } = posted;
    let shown = InvoicePage { form, id, changes, customer, typed, wrong, refused };
    page(render_invoice_form(&keeper.web.assets, keeper.who(), shown))
}

/// The form of an invoice as it was sent.
struct Posted {
    changes: Option<i64>,
    customer: Option<CustomerId>,
    /// What customers are searched for.
    find: String,
    typed: InvoiceTyped,
}

impl Posted {
    /// A line is four fields, each of which comes once for each line.
    fn of(pairs: &[(String, String)]) -> Self {
        let one = |name| first(pairs, name);
        Self {
            changes: one("changes").parse().ok(),
            customer: one("customer").parse().ok(),
            find: one("find"),
            typed: InvoiceTyped {
                number: one("number"),
                date: one("date"),
                due_date: one("due_date"),
                tax_included: one("tax_included") == "yes",
                notes: one("notes").replace("\r\n", "\n"),
                lines: lines_of(pairs),
            },
        }
    }
}

/// What a form has sent under a name; of several, the first.
pub(super) fn first(pairs: &[(String, String)], name: &str) -> String {
    pairs.iter().find(|(key, _)| key == name).map(|(_, value)| value.clone()).unwrap_or_default()
}

/// What a button of a form with lines is to do.
pub(super) fn does(pairs: &[(String, String)], what: &str) -> bool {
    pairs.iter().any(|(key, value)| key == "do" && value == what)
}

pub(super) fn lines_of(pairs: &[(String, String)]) -> Vec<LineTyped> {
    let all = |name: &str| {
        let named = pairs.iter().filter(move |(key, _)| key == name);
        named.map(|(_, value)| value.clone()).collect::<Vec<_>>()
    };
    let [descriptions, quantities, prices, taxes] = LINE_FIELDS.map(all);
    let at = |fields: &[String], place: usize| fields.get(place).cloned().unwrap_or_default();
    let line = |place| LineTyped {
        description: at(&descriptions, place),
        quantity: at(&quantities, place),
        unit_price: at(&prices, place),
        tax: at(&taxes, place),
    };
    (0..descriptions.len().min(LINES_MAX + 1)).map(line).collect()
}

/// As many lines more as there were at first, taxed like the last one.
pub(super) fn more_lines(lines: &mut Vec<LineTyped>) {
    let tax = lines.last().map(|line| line.tax.clone()).unwrap_or_default();
    let wanted = (lines.len() + LINES_AT_FIRST).min(LINES_MAX);
    while lines.len() < wanted {
        lines.push(LineTyped { tax: tax.clone(), ..LineTyped::default() });
    }
}

pub async fn write(keeper: Keeper, Id(invoice): Id<InvoiceId>, Form(pairs): Form<Vec<(String, String)>>) -> Answer {
    let mut posted = Posted::of(&pairs);
    if does(&pairs, "lines") || does(&pairs, "find") {
        if does(&pairs, "lines") {
            more_lines(&mut posted.typed.lines);
        }
        return form_page(&keeper, invoice, posted, Vec::new(), None).await;
    }
    let Posted { changes, customer, find, typed } = posted;
    let draft = Draft { invoice, changes, customer, typed };
    let answer = keeper.engine().write_draft(&keeper.admin, &draft).await;
    let posted = Posted { changes: draft.changes, customer: draft.customer, find, typed: draft.typed };
    match answer {
        Ok(()) => Ok(told(invoice, "saved")),
        Err(OwnBooksError::Wrong(wrong)) => form_page(&keeper, invoice, posted, wrong, None).await,
        Err(OwnBooksError::NotNow(why)) => form_page(&keeper, invoice, posted, Vec::new(), Some(why.words())).await,
        Err(OwnBooksError::Outdated) => {
            let words = "Somebody has saved this draft since you opened it. Saving again replaces what they wrote.";
            let newest = keeper.engine().own_invoice(&keeper.admin, invoice).await.ok().flatten();
            let posted = Posted { changes: newest.map(|own| own.changes).or(posted.changes), ..posted };
            form_page(&keeper, invoice, posted, Vec::new(), Some(words)).await
        }
        Err(OwnBooksError::FormUsed) => {
            let form = blank(&keeper, &posted.find, posted.customer).await?;
            let id = form.invoice;
            shown(&keeper, form, id, Posted { changes: None, ..posted }, Vec::new(), Some(FORM_USED))
        }
        Err(OwnBooksError::Engine(cause)) => Err(refused(&keeper.web, cause)),
    }
}

#[derive(Deserialize)]
pub struct Issue {
    changes: i64,
    /// The checkbox.
    #[serde(default)]
    mail: String,
}

pub async fn issue(keeper: Keeper, Id(id): Id<InvoiceId>, Form(sent): Form<Issue>) -> Answer {
    let issued = keeper.engine().issue_invoice(&keeper.admin, id, sent.changes, sent.mail == "yes").await;
    keeper.acted(id, "issued", issued)
}

#[derive(Deserialize)]
pub struct Mailing {
    /// How many mails of it the page has seen.
    sent: usize,
}

pub async fn mail(keeper: Keeper, Id(id): Id<InvoiceId>, Form(mailing): Form<Mailing>) -> Answer {
    keeper.acted(id, "mailed", keeper.engine().mail_invoice(&keeper.admin, id, mailing.sent).await)
}

pub async fn void(keeper: Keeper, Id(id): Id<InvoiceId>) -> Answer {
    keeper.acted(id, "voided", keeper.engine().void_invoice(&keeper.admin, id).await)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pair(key: &str, value: &str) -> (String, String) {
        (key.to_owned(), value.to_owned())
    }

    #[test]
    fn lines_are_read_in_their_order_and_more_of_them_lose_nothing() {
        let mut pairs = vec![pair("customer", "nobody"), pair("tax_included", "yes"), pair("notes", "a\r\nb")];
        for (description, tax) in [("Support", "15"), ("", "15")] {
            pairs.extend([pair("description", description), pair("quantity", "2"), pair("tax", tax)]);
        }
        let mut posted = Posted::of(&pairs);
        assert_eq!((posted.changes, posted.customer, posted.typed.notes.as_str()), (None, None, "a\nb"));
        assert!(posted.typed.tax_included);
        let first =
            LineTyped { description: "Support".into(), quantity: "2".into(), tax: "15".into(), ..LineTyped::default() };
        assert_eq!((posted.typed.lines.len(), &posted.typed.lines[0]), (2, &first));
        let more = &mut posted.typed.lines;
        more_lines(more);
        assert_eq!((more.len(), more[0] == first, more[5].tax.as_str()), (2 + LINES_AT_FIRST, true, "15"));
    }
}
