//! The card that a signed-in payer of the company pays with is kept for it, where they ticked that (S52, D22): the charge
//! says so, and once it has brought money a job has the gateway keep the card and writes the method down. Whatever dies in
//! between is done again by the same job, and nothing twice: the method's id was committed with the attempt.

use crate::{
    Engine, Error, GuestPass, Order, PayHow, PayerPass, TakeError,
    audit::{Actor, Audited},
    consent::marked,
    failpoint,
    jobs::{Ran, end_with},
    take_payment::charge_request,
};
use connectors::gateway::{Gateway, KeepRequest};
use domain::{
    consent::KeepWording,
    ids::{AttemptId, MethodId},
    method::MethodKind,
    views::ConsentFace,
};
use store::{Attempt, Customer, Job, MerchantDb, Method, Payment};
use uuid::Uuid;

/// What a payment shall leave behind, and the words by which its payer asked for that.
pub(crate) struct Keeping {
    pub(crate) method: MethodId,
    pub(crate) words: String,
}

/// The words beside the box; none for guests and for others' payers, and where the gateway keeps no card of a payment.
pub(crate) fn offer_to_keep(
    guest: &GuestPass,
    payer: Option<&PayerPass>,
    customer: &Customer,
    gateway: &dyn Gateway,
) -> Option<ConsentFace> {
    let is_own = payer.is_some_and(|payer| payer.is_of(customer.id, guest));
    let words = || KeepWording::CURRENT.text(&guest.merchant.name, &customer.name);
    (is_own && gateway.capabilities().keeps_paid).then(|| marked(words()))
}

/// What is to be kept of a press of Pay. What is saved already needs no keeping, whatever a hidden box says.
///
/// # Errors
/// [`TakeError::WordsMoved`] for a box that the page would not show to this payer, or not with these words.
pub(crate) async fn keeping(
    guest: &GuestPass,
    payer: Option<&PayerPass>,
    gateway: &dyn Gateway,
    order: &Order,
) -> Result<Option<Keeping>, TakeError> {
    if order.keep.is_empty() || matches!(order.how, PayHow::Saved(_)) {
        return Ok(None);
    }
    let (_, customer) = guest.invoices_read().await?;
    let offered = offer_to_keep(guest, payer, &customer, gateway);
    let face = offered.filter(|face| face.mark == order.keep).ok_or(TakeError::WordsMoved)?;
    Ok(Some(Keeping { method: MethodId(Uuid::now_v7()), words: face.words }))
}

impl Engine {
    /// Has the gateway keep the card of a payment whose money came, and is still here.
    pub(crate) async fn keep_card(&self, db: &MerchantDb, job: &Job, attempt: AttemptId) -> Result<Ran, Error> {
        let attempt = db.attempt(attempt).await?;
        let (Some(id), Some(gateway_id), true) = (attempt.keeps, &attempt.gateway_id, attempt.state.has_money()) else {
            return Ok(Ran::Finished);
        };
        let payment = db.payment(attempt.payment_id).await?;
        let request = KeepRequest {
            method: id,
            customer: payment.customer_id,
            customer_name: payment.customer_name.clone(),
            gateway_customer: db.gateway_customer(payment.customer_id, attempt.connection_id).await?,
            charge: charge_request(&attempt)?,
            charge_gateway_id: gateway_id.clone(),
        };
        let connection = db.connection(attempt.connection_id).await?;
        let seen = self.gateway_of(db, &connection)?.keep_paid(&request).await?;
        failpoint::reach("after_keep");
        let tx = db.begin().await?;
        let new = self.kept_card(id, &attempt, &payment);
        if tx.method_add(new.clone()).await? {
            let given = Audited::method_given(&new, None).slip(Some(payment.id), Actor::Portal, new.created_at)?;
            tx.audit_add(given).await?;
            self.learn_of_method(&tx, new, seen).await?;
        }
        let ended = end_with(tx, job).await?;
        self.0.bell.notify_one();
        Ok(ended)
    }

    /// As if its payer had just given it. Who is written to about it is who the payment's receipt went to.
    fn kept_card(&self, id: MethodId, attempt: &Attempt, payment: &Payment) -> Method {
        Method {
            token: attempt.method_token.clone().unwrap_or_default(),
            postal_code: attempt.postal_code.clone(),
            customer_name: payment.customer_name.clone(),
            added_by: payment.email.clone(),
            face: attempt.method.clone(),
            ..self.unverified(attempt.merchant_id, id, payment.customer_id, attempt.connection_id, MethodKind::Card)
        }
    }
}
