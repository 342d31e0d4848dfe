//! What was paid past this portal: the form that enters it, and the button that takes it back.

use super::{Keeper, page};
use crate::staff::{Answer, Id};
use app::{PaymentPage, render_payment_form};
use axum::Form;
use domain::{
    ids::{InvoiceId, LedgerPaymentId},
    own_credit::PaymentTyped,
    own_invoice::Wrong,
};
use engine::OwnBooksError;
use serde::Deserialize;

pub async fn form(keeper: Keeper, Id(invoice): Id<InvoiceId>) -> Answer {
    form_page(&keeper, invoice, None, Vec::new()).await
}

/// The form, with what was typed and the id that it was opened with, if it comes back.
async fn form_page(
    keeper: &Keeper,
    invoice: InvoiceId,
    sent: Option<(LedgerPaymentId, PaymentTyped)>,
    wrong: Vec<Wrong>,
) -> Answer {
    match keeper.engine().payment_form(&keeper.admin, invoice).await {
        Ok(form) => {
            let fresh = || {
                let (amount, date) = (form.due.to_decimal(), form.today.to_string());
                (form.payment, PaymentTyped { amount, date, ..PaymentTyped::default() })
            };
            let (payment, typed) = sent.unwrap_or_else(fresh);
            let shown = PaymentPage { form, invoice, payment, typed, wrong };
            page(render_payment_form(&keeper.web.assets, keeper.who(), shown))
        }
        Err(cause) => keeper.acted(invoice, "", Err(cause)),
    }
}

#[derive(Deserialize, Default)]
#[serde(default)]
pub struct Sent {
    payment: String,
    amount: String,
    date: String,
    reference: String,
}

pub async fn enter(keeper: Keeper, Id(invoice): Id<InvoiceId>, Form(sent): Form<Sent>) -> Answer {
    let payment = keeper.read_id(&sent.payment)?;
    let typed = PaymentTyped { amount: sent.amount, date: sent.date, reference: sent.reference };
    match keeper.engine().enter_payment(&keeper.admin, invoice, payment, &typed).await {
        Err(OwnBooksError::Wrong(wrong)) => form_page(&keeper, invoice, Some((payment, typed)), wrong).await,
        answer => keeper.acted(invoice, "entered", answer),
    }
}

pub async fn take_back(keeper: Keeper, Id(invoice): Id<InvoiceId>, Form(sent): Form<Sent>) -> Answer {
    let payment = keeper.read_id(&sent.payment)?;
    keeper.acted(invoice, "taken-back", keeper.engine().take_back_by_hand(&keeper.admin, invoice, payment).await)
}
