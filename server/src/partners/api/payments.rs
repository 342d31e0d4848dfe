//! `/api/v1/invoices/{invoice}/payments`: what was paid past this portal. What is paid here is nobody's to enter.

use super::call::{Answer, Id, Order, Program, Refused, created, told};
use domain::{
    api_bodies::PaymentSent,
    ids::{InvoiceId, LedgerPaymentId},
};
use engine::{Asked, Error};

pub async fn list(program: Program, Id(invoice): Id<InvoiceId>) -> Answer {
    told(program.engine().api_payments(&program.pass, invoice).await?)
}

pub async fn enter(program: Program, Id(invoice): Id<InvoiceId>, order: Order) -> Answer {
    program.may_write()?;
    let sent: PaymentSent = order.read()?;
    program.reads_currency(&sent.currency)?;
    let typed = sent.typed(program.pass.currency());
    let id = match order.begin(&program).await? {
        Asked::Answered(answer) => return Ok(created(answer)),
        Asked::Begun(id) => LedgerPaymentId(id),
    };
    let written = async {
        program.engine().enter_payment(&program.pass, invoice, id, &typed).await?;
        let entered = program.engine().api_payments(&program.pass, invoice).await?.data;
        entered.into_iter().find(|payment| payment.id == id).ok_or_else(|| Refused::from(Error::NotFound))
    };
    order.end(&program, written.await).await
}
