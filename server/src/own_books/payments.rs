//! What was paid past this portal: the form that enters it, and the button that takes it back.

use super::{FORM_USED, Keeper, page};
use crate::staff::{Answer, Id};
use app::{PaymentPage, render_payment_form};
use axum::Form;
use domain::{ids::InvoiceId, own_credit::PaymentTyped};
use engine::OwnBooksError;
use serde::Deserialize;

pub async fn form(keeper: Keeper, Id(invoice): Id<InvoiceId>) -> Answer {
    let form = keeper.web.or_refused(keeper.engine().payment_form(&keeper.admin, invoice).await)?;
    if let Err(why) = form.now {
        return keeper.acted(invoice, "", Err(why.into()));
    }
    let (amount, date) = (form.due.to_decimal(), form.today.to_string());
    let (payment, typed) = (form.payment, PaymentTyped { amount, date, ..PaymentTyped::default() });
    shown(&keeper, PaymentPage { form, invoice, payment, typed, wrong: Vec::new(), refused: None })
}

fn shown(keeper: &Keeper, payment: PaymentPage) -> Answer {
    page(render_payment_form(&keeper.web.assets, keeper.who(), payment))
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
    let payment = keeper.web.read_id(&sent.payment)?;
    let typed = PaymentTyped { amount: sent.amount, date: sent.date, reference: sent.reference };
    let (wrong, refused, is_used) = match keeper.engine().enter_payment(&keeper.admin, invoice, payment, &typed).await {
        Err(OwnBooksError::Wrong(wrong)) => (wrong, None, false),
        Err(OwnBooksError::NotNow(why)) => (Vec::new(), Some(why.words()), false),
        Err(OwnBooksError::FormUsed) => (Vec::new(), Some(FORM_USED), true),
        answer => return keeper.acted(invoice, "entered", answer),
    };
    let form = keeper.web.or_refused(keeper.engine().payment_form(&keeper.admin, invoice).await)?;
    let payment = if is_used { form.payment } else { payment };
    shown(&keeper, PaymentPage { form, invoice, payment, typed, wrong, refused })
}

pub async fn take_back(keeper: Keeper, Id(invoice): Id<InvoiceId>, Form(sent): Form<Sent>) -> Answer {
    let payment = keeper.web.read_id(&sent.payment)?;
    keeper.acted(invoice, "taken-back", keeper.engine().take_back_by_hand(&keeper.admin, invoice, payment).await)
}
