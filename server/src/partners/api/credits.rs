//! `/api/v1/credit-notes`, those of one invoice, and what an invoice gets of its customer's credit.

use super::call::{Answer, Id, ListAsked, Order, Program, Refused, told};
use domain::{
    api_bodies::CreditSent,
    ids::{CreditNoteId, InvoiceId},
};
use engine::{CreditOf, CreditOrder};
use serde::Deserialize;

pub async fn list(program: Program, asked: ListAsked) -> Answer {
    told(program.engine().api_credits(&program.pass, asked.read()?).await?)
}

pub async fn one(program: Program, Id(note): Id<CreditNoteId>) -> Answer {
    told(program.engine().api_credit(&program.pass, note).await?)
}

pub async fn of_invoice(program: Program, Id(invoice): Id<InvoiceId>) -> Answer {
    told(program.engine().api_credits_of(&program.pass, invoice).await?)
}

pub async fn issue(program: Program, Id(invoice): Id<InvoiceId>, order: Order) -> Answer {
    program.may_write()?;
    let sent: CreditSent = order.read()?;
    program.reads_currency(&sent.currency)?;
    let typed = sent.typed(program.pass.currency());
    order
        .once(&program, async |id| {
            let note = CreditNoteId(id);
            program.engine().credit_invoice(&program.pass, &CreditOrder { note, invoice, typed }).await?;
            Ok(program.engine().api_credit(&program.pass, note).await?)
        })
        .await
}

pub async fn void(program: Program, Id(note): Id<CreditNoteId>) -> Answer {
    program.may_write()?;
    program.engine().void_credit(&program.pass, note).await?;
    told(program.engine().api_credit(&program.pass, note).await?)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Use {
    credit: String,
    /// What the program has read is left of it: the same once more gives nothing.
    left_minor: i64,
    amount_minor: i64,
    currency: String,
}

pub async fn use_on(program: Program, Id(invoice): Id<InvoiceId>, order: Order) -> Answer {
    program.may_write()?;
    let sent: Use = order.read()?;
    program.reads_currency(&sent.currency)?;
    let wrong = |_| Refused::wrong("invalid_field", "credit", "Send the id of a credit of the customer’s.");
    let credit: CreditOf = sent.credit.parse().map_err(wrong)?;
    let amount = program.typed(sent.amount_minor);
    order
        .once(&program, async |_| {
            program.engine().use_credit(&program.pass, (credit, sent.left_minor), invoice, &amount).await?;
            Ok(program.engine().api_invoice(&program.pass, invoice).await?)
        })
        .await
}
