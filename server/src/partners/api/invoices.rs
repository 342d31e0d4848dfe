//! `/api/v1/invoices`: written and issued at once; nobody needs a draft that no person looks at.

use super::call::{Answer, Id, ListAsked, Order, Program, Refused, created, read_if_any, told};
use domain::{
    ids::{CustomerId, InvoiceId},
    invoice::InvoiceStatus,
    money::Money,
    own_invoice::{InvoiceTyped, LineTyped},
};
use engine::{Asked, Draft};
use serde::Deserialize;
use serde_json::Value;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Sent {
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
struct SentLine {
    description: String,
    quantity: String,
    unit_price_minor: i64,
    tax_percent: Option<String>,
}

impl Sent {
    /// As the form of the screens has it.
    fn typed(self, program: &Program) -> InvoiceTyped {
        let line = |line: SentLine| LineTyped {
            description: line.description,
            quantity: line.quantity,
            unit_price: Money::new(line.unit_price_minor, program.pass.currency()).to_decimal(),
            tax: line.tax_percent.unwrap_or_default(),
        };
        InvoiceTyped {
            number: self.number.unwrap_or_default(),
            date: self.date,
            due_date: self.due_date.unwrap_or_default(),
            tax_included: self.tax_included,
            notes: self.notes.unwrap_or_default(),
            lines: self.lines.into_iter().map(line).collect(),
        }
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
    let id = match order.begin(&program).await? {
        Asked::Answered(answer) => return Ok(created(answer)),
        Asked::Begun(id) => InvoiceId(id),
    };
    let customer = Some(sent.customer);
    let new = Draft { invoice: id, changes: None, customer, typed: sent.typed(&program) };
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
