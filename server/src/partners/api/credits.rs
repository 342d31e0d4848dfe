//! `/api/v1/credit-notes`, and those of one invoice.

use super::call::{Answer, Id, ListAsked, Order, Program, Refused, created, told};
use domain::{
    api_bodies::CreditSent,
    ids::{CreditNoteId, InvoiceId},
};
use engine::{Asked, CreditOrder};

pub async fn list(program: Program, asked: ListAsked) -> Answer {
    told(program.engine().api_credits(&program.pass, asked.read()?).await?)
}

pub async fn of_invoice(program: Program, Id(invoice): Id<InvoiceId>) -> Answer {
    told(program.engine().api_credits_of(&program.pass, invoice).await?)
}

pub async fn issue(program: Program, Id(invoice): Id<InvoiceId>, order: Order) -> Answer {
    program.may_write()?;
    let sent: CreditSent = order.read()?;
    program.reads_currency(&sent.currency)?;
    let typed = sent.typed(program.pass.currency());
    let note = match order.begin(&program).await? {
        Asked::Answered(answer) => return Ok(created(answer)),
        Asked::Begun(id) => CreditNoteId(id),
    };
    let written = async {
        program.engine().credit_invoice(&program.pass, &CreditOrder { note, invoice, typed }).await?;
        Ok::<_, Refused>(program.engine().api_credit(&program.pass, note).await?)
    };
    order.end(&program, written.await).await
}
