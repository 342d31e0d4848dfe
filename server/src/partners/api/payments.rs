//! What was paid past this portal, for an invoice or in advance; and what was paid here, which is read, and nobody's to enter.

use super::call::{Answer, Id, ListAsked, Order, Program, Refused, told};
use domain::{
    api_bodies::{AdvanceSent, PaymentSent},
    ids::{CustomerId, InvoiceId, LedgerPaymentId, PaymentId},
    own_invoice::LINES_MAX,
};
use engine::AdvanceTyped;

pub async fn of_invoice(program: Program, Id(invoice): Id<InvoiceId>) -> Answer {
    told(program.engine().api_payments(&program.pass, invoice).await?)
}

pub async fn enter(program: Program, Id(invoice): Id<InvoiceId>, order: Order) -> Answer {
    program.may_write()?;
    let sent: PaymentSent = order.read()?;
    program.reads_currency(&sent.currency)?;
    let typed = sent.typed(program.pass.currency());
    order
        .once(&program, async |id| {
            let id = LedgerPaymentId(id);
            program.engine().enter_payment(&program.pass, invoice, id, &typed).await?;
            Ok(program.engine().api_hand_payment(&program.pass, id).await?)
        })
        .await
}

pub async fn enter_in_advance(program: Program, Id(customer): Id<CustomerId>, order: Order) -> Answer {
    program.may_write()?;
    let sent: AdvanceSent = order.read()?;
    program.reads_currency(&sent.currency)?;
    if sent.shares.len() > LINES_MAX {
        return Err(Refused::wrong("invalid_field", "shares", format!("Send {LINES_MAX} shares or fewer.")));
    }
    let (paid, shares) = sent.typed(program.pass.currency());
    let typed = AdvanceTyped { paid, shares };
    order
        .once(&program, async |id| {
            let id = LedgerPaymentId(id);
            program.engine().enter_advance(&program.pass, customer, id, &typed).await?;
            Ok(program.engine().api_hand_payment(&program.pass, id).await?)
        })
        .await
}

pub async fn by_hand(program: Program, asked: ListAsked) -> Answer {
    told(program.engine().api_hand_payments(&program.pass, asked.read()?).await?)
}

pub async fn one_by_hand(program: Program, Id(id): Id<LedgerPaymentId>) -> Answer {
    told(program.engine().api_hand_payment(&program.pass, id).await?)
}

pub async fn take_back(program: Program, Id(id): Id<LedgerPaymentId>) -> Answer {
    program.may_write()?;
    let entered = program.engine().api_hand_payment(&program.pass, id).await?;
    match entered.invoice {
        Some(invoice) => program.engine().take_back_by_hand(&program.pass, invoice, id).await?,
        None => program.engine().take_back_advance(&program.pass, entered.customer, id).await?,
    }
    told(program.engine().api_hand_payment(&program.pass, id).await?)
}

pub async fn here(program: Program, asked: ListAsked) -> Answer {
    told(program.engine().api_paid_here(&program.pass, asked.read()?).await?)
}

pub async fn one_here(program: Program, Id(id): Id<PaymentId>) -> Answer {
    told(program.engine().api_one_paid_here(&program.pass, id).await?)
}
