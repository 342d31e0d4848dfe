//! `/api/v1/invoices`: written and issued at once; nobody needs a draft that no person looks at.

use super::call::{Answer, Id, ListAsked, Order, Program, Refused, created, read_if_any, told};
use domain::{api_bodies::InvoiceSent, ids::InvoiceId, invoice::InvoiceStatus};
use engine::{Asked, Draft};
use serde_json::Value;

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
    let id = match order.begin(&program).await? {
        Asked::Answered(answer) => return Ok(created(answer)),
        Asked::Begun(id) => InvoiceId(id),
    };
    let customer = Some(sent.customer);
    let new = Draft { invoice: id, changes: None, customer, typed: sent.typed(program.pass.currency()) };
    let written = async {
        program.engine().write_issued(&program.pass, &new).await?;
        Ok::<_, Refused>(program.engine().api_invoice(&program.pass, id).await?)
    };
    order.end(&program, written.await).await
}

pub async fn void(program: Program, Id(id): Id<InvoiceId>) -> Answer {
    program.may_write()?;
    program.engine().void_invoice(&program.pass, id).await?;
    told(program.engine().api_invoice(&program.pass, id).await?)
}
