//! `/api/v1/invoices`: written and issued at once, or as drafts, which people and programs change and issue.

use super::call::{Answer, Id, ListAsked, Order, Program, Refused, read_if_any, told};
use domain::{api_bodies::InvoiceSent, ids::InvoiceId, invoice::InvoiceStatus};
use engine::Draft;
use serde::Deserialize;
use serde_json::Value;

/// As the form of the screens has it.
fn draft(sent: InvoiceSent, program: &Program, invoice: InvoiceId) -> Draft {
    let (changes, customer) = (sent.changes, Some(sent.customer));
    Draft { invoice, changes, customer, typed: sent.typed(program.pass.currency()) }
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
    let sent: InvoiceSent = order.read()?;
    program.reads_currency(&sent.currency)?;
    if sent.changes.is_some() {
        return Err(Refused::wrong("invalid_field", "changes", "Only a draft that is changed has this."));
    }
    order
        .once(&program, async |id| {
            let id = InvoiceId(id);
            let (is_draft, new) = (sent.draft, draft(sent, &program, id));
            if is_draft {
                program.engine().write_draft(&program.pass, &new).await?;
            } else {
                program.engine().write_issued(&program.pass, &new).await?;
            }
            Ok(program.engine().api_invoice(&program.pass, id).await?)
        })
        .await
}

/// All of a draft anew.
pub async fn change(program: Program, Id(id): Id<InvoiceId>, order: Order) -> Answer {
    program.may_write()?;
    let sent: InvoiceSent = order.read()?;
    program.reads_currency(&sent.currency)?;
    if sent.changes.is_none() {
        return Err(Refused::wrong("invalid_field", "changes", "Send the changes that you have read of the draft."));
    }
    program.engine().write_draft(&program.pass, &draft(sent, &program, id)).await?;
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
