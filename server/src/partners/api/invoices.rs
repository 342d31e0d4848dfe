//! `/api/v1/invoices`: written and issued at once, or as drafts, which people and programs change and issue.

use super::call::{Answer, Id, ListAsked, Order, Program, Refused, created, read_if_any, told};
use domain::{
    ids::{CustomerId, InvoiceId},
    invoice::InvoiceStatus,
    own_invoice::{InvoiceTyped, LineTyped},
};
use engine::{Asked, Draft};
use serde::Deserialize;
use serde_json::Value;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Sent {
    /// It is not issued yet.
    #[serde(default)]
    draft: bool,
    /// What was read of the draft that this is to take the place of.
    changes: Option<i64>,
    customer: CustomerId,
    currency: String,
    date: String,
    due_date: Option<String>,
    number: Option<String>,
    #[serde(default)]
    tax_included: bool,
    notes: Option<String>,
    lines: Vec<SentLine>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SentLine {
    description: String,
    quantity: String,
    unit_price_minor: i64,
    tax_percent: Option<String>,
}

impl SentLine {
    /// As the forms of the screens have it.
    pub(super) fn typed(self, program: &Program) -> LineTyped {
        LineTyped {
            description: self.description,
            quantity: self.quantity,
            unit_price: program.typed(self.unit_price_minor),
            tax: self.tax_percent.unwrap_or_default(),
        }
    }
}

impl Sent {
    /// As the form of the screens has it.
    fn typed(self, program: &Program, invoice: InvoiceId) -> Draft {
        let typed = InvoiceTyped {
            number: self.number.unwrap_or_default(),
            date: self.date,
            due_date: self.due_date.unwrap_or_default(),
            tax_included: self.tax_included,
            notes: self.notes.unwrap_or_default(),
            lines: self.lines.into_iter().map(|line| line.typed(program)).collect(),
        };
        Draft { invoice, changes: self.changes, customer: Some(self.customer), typed }
    }
}

pub async fn list(program: Program, asked: ListAsked) -> Answer {
    let customer = read_if_any(&asked.customer, "customer", "Send the id of a customer.")?;
    let status = match &*asked.status {
        "" => None,
        spelt => Some(read_status(spelt)?),
    };
    told(program.engine().api_invoices(&program.pass, customer, status, asked.read()?).await?)
}

fn read_status(spelt: &str) -> Result<InvoiceStatus, Refused> {
    let read = serde_json::from_value(Value::from(spelt));
    read.map_err(|_| Refused::wrong("invalid_query", "status", "Send draft, open, paid or void."))
}

pub async fn one(program: Program, Id(id): Id<InvoiceId>) -> Answer {
    told(program.engine().api_invoice(&program.pass, id).await?)
}

pub async fn create(program: Program, order: Order) -> Answer {
    program.may_write()?;
    let sent: Sent = order.read()?;
    program.reads_currency(&sent.currency)?;
    if sent.changes.is_some() {
        return Err(Refused::wrong("invalid_field", "changes", "Only a draft that is changed has this."));
    }
    let id = match order.begin(&program).await? {
        Asked::Answered(answer) => return Ok(created(answer)),
        Asked::Begun(id) => InvoiceId(id),
    };
    let (is_draft, new) = (sent.draft, sent.typed(&program, id));
    let written = async {
        if is_draft {
            program.engine().write_draft(&program.pass, &new).await?;
        } else {
            program.engine().write_issued(&program.pass, &new).await?;
        }
        Ok::<_, Refused>(program.engine().api_invoice(&program.pass, id).await?)
    };
    order.end(&program, written.await).await
}

/// All of a draft anew.
pub async fn change(program: Program, Id(id): Id<InvoiceId>, order: Order) -> Answer {
    program.may_write()?;
    let sent: Sent = order.read()?;
    program.reads_currency(&sent.currency)?;
    if sent.changes.is_none() {
        return Err(Refused::wrong("invalid_field", "changes", "Send the changes that you have read of the draft."));
    }
    program.engine().write_draft(&program.pass, &sent.typed(&program, id)).await?;
    told(program.engine().api_invoice(&program.pass, id).await?)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Issue {
    changes: i64,
}

/// Nobody is sent a mail: a program sends its own.
pub async fn issue(program: Program, Id(id): Id<InvoiceId>, order: Order) -> Answer {
    program.may_write()?;
    let Issue { changes } = order.read()?;
    program.engine().issue_invoice(&program.pass, id, changes, false).await?;
    told(program.engine().api_invoice(&program.pass, id).await?)
}

pub async fn void(program: Program, Id(id): Id<InvoiceId>) -> Answer {
    program.may_write()?;
    program.engine().void_invoice(&program.pass, id).await?;
    told(program.engine().api_invoice(&program.pass, id).await?)
}
