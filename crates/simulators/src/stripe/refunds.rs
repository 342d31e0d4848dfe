//! Refunds, whole or in part; never more than was charged. Some wait, some fail in the end.
//! Source: `wire/gateways.md`, 2.6.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::agenda::Due;
use super::balance::Movement;
use super::calendar::Delay;
use super::cards::Behaviour;
use super::charges::{Charge, ChargeStatus};
use super::form::Params;
use super::listing;
use super::methods::Means;
use super::operation::{Answer, Operation};
use super::refusal::Refusal;

/// A card's refund that does not end at once ends after this.
const CARD_ENDS: Delay = Delay::Seconds(60);
/// A refund to a bank account is a transfer of its own.
const BANK_ARRIVES: Delay = Delay::BusinessDays(3);

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum RefundStatus {
    Pending,
    Succeeded,
    Failed,
    Canceled,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Refund {
    pub id: String,
    pub charge: String,
    created: i64,
    amount: i64,
    currency: String,
    intent: String,
    method: Option<String>,
    to_bank: bool,
    status: RefundStatus,
    failure_reason: Option<String>,
    reason: Option<String>,
    metadata: BTreeMap<String, String>,
    balance_transaction: Option<String>,
    failure_balance_transaction: Option<String>,
}

impl Refund {
    fn view(&self, op: &Operation<'_>, params: &Params) -> Value {
        let destination = match (self.to_bank, self.currency.as_str()) {
            (false, _) => json!({ "type": "card", "card": {
                "type": "refund", "reference_status": "pending", "reference_type": "acquirer_reference_number" } }),
            (true, "aud") => json!({ "type": "au_bank_transfer", "au_bank_transfer": {} }),
            (true, _) => json!({ "type": "us_bank_transfer", "us_bank_transfer": {
                "reference": null, "reference_status": "pending" } }),
        };
        let charge = match op.account.charges.get(&self.charge) {
            Some(charge) if params.expands("charge") => charge.view(op, &params.below("charge")),
            _ => json!(self.charge),
        };
        let mut view = json!({
            "id": self.id, "object": "refund", "created": self.created, "amount": self.amount,
            "currency": self.currency, "charge": charge, "payment_intent": self.intent, "status": self.status,
            "payment_method": self.method, "reason": self.reason, "metadata": self.metadata,
            "balance_transaction": op.show_balance(self.balance_transaction.as_deref(), params, "balance_transaction"),
            "receipt_number": null, "source_transfer_reversal": null, "transfer_reversal": null,
            "destination_details": destination,
        });
        if self.status == RefundStatus::Pending {
            view["pending_reason"] = json!("processing");
        }
        if let Some(reason) = &self.failure_reason {
            view["failure_reason"] = json!(reason);
        }
        if let Some(id) = &self.failure_balance_transaction {
            view["failure_balance_transaction"] = op.show_balance(Some(id), params, "failure_balance_transaction");
        }
        view
    }
}

const REASONS: [&str; 3] = ["duplicate", "fraudulent", "requested_by_customer"];

pub(crate) fn create(op: &mut Operation<'_>, params: &Params) -> Answer {
    params.allow(&["payment_intent", "charge", "amount", "reason", "metadata"])?;
    let reason = params.choice("reason", &REASONS)?.map(str::to_owned);
    let charge_id = charge_of(op, params)?;
    let asked = params.integer("amount")?;
    let charge = op.account.charges.get(&charge_id).cloned();
    let charge = charge.ok_or_else(|| Refusal::no_such("charge", &charge_id, "charge"))?;
    let amount = refundable(&charge, asked)?;
    let id = op.account.mint("re");
    let behaviour = match charge.method.as_ref().map(|method| &method.means) {
        Some(Means::Card(card)) => Some(card.behaviour),
        _ => None,
    };
    let (status, then) = match behaviour {
        None => (RefundStatus::Pending, Some((BANK_ARRIVES, Due::RefundSucceeds(id.clone())))),
        Some(Behaviour::RefundPends) => (RefundStatus::Pending, Some((CARD_ENDS, Due::RefundSucceeds(id.clone())))),
        Some(Behaviour::RefundFails) => (RefundStatus::Succeeded, Some((CARD_ENDS, Due::RefundFails(id.clone())))),
        Some(_) => (RefundStatus::Succeeded, None),
    };
    let to_bank = behaviour.is_none();
    let movement = if to_bank { Movement::PaymentRefund } else { Movement::Refund };
    let booked = op.book(movement, &id, -amount, 0, &charge.currency, op.now_s);
    if let Some((delay, due)) = then {
        op.account.agenda.plan(delay.from(op.now_s), due);
    }
    let refund = Refund {
        id: id.clone(),
        charge: charge_id.clone(),
        created: op.now_s,
        amount,
        currency: charge.currency,
        intent: charge.intent,
        method: charge.method.map(|method| method.id),
        to_bank,
        status,
        failure_reason: None,
        reason,
        metadata: params.strings("metadata"),
        balance_transaction: Some(booked),
        failure_balance_transaction: None,
    };
    op.account.refunds.insert(id.clone(), refund);
    if let Some(charge) = op.account.charges.get_mut(&charge_id) {
        charge.refunded += amount;
    }
    op.emit_refund("refund.created", &id);
    op.emit_charge("charge.refunded", &charge_id);
    op.show_refund(&id, params)
}

/// The amount to refund: what is asked, or what is left. Refuses more than that.
fn refundable(charge: &Charge, asked: Option<i64>) -> Result<i64, Refusal> {
    let (id, left) = (&charge.id, charge.amount - charge.refunded);
    let refuse = |code: Option<&str>, message: String| Err(Refusal::invalid(code, message).about("charge"));
    match charge.status {
        ChargeStatus::Pending => {
            let message = format!("Charge {id} is still pending. It can be refunded once it has succeeded.");
            return refuse(Some("charge_not_refundable"), message);
        }
        ChargeStatus::Failed => return refuse(Some("charge_not_refundable"), format!("Charge {id} was not paid.")),
        ChargeStatus::Succeeded => {}
    }
    if charge.disputed {
        return refuse(Some("charge_disputed"), format!("Charge {id} has been charged back; cannot issue a refund."));
    }
    if left == 0 {
        return refuse(Some("charge_already_refunded"), format!("Charge {id} has already been refunded."));
    }
    let amount = asked.unwrap_or(left);
    if amount < 1 || amount > left {
        let message = format!("Refund amount ({amount}) must be from 1 to the unrefunded amount on charge ({left})");
        return Err(Refusal::invalid(None, message).about("amount"));
    }
    Ok(amount)
}

/// The charge that `charge` or `payment_intent` names; exactly one of the two is needed.
fn charge_of(op: &Operation<'_>, params: &Params) -> Result<String, Refusal> {
    match (params.text("charge"), params.text("payment_intent")) {
        (Some(charge), None) => Ok(charge.to_owned()),
        (None, Some(id)) => {
            let intent = op.account.intents.get(id);
            let intent = intent.ok_or_else(|| Refusal::no_such("payment_intent", id, "payment_intent"))?;
            let message = "This PaymentIntent does not have a successful charge to refund.";
            intent.latest_charge.clone().ok_or_else(|| Refusal::invalid(None, message).about("payment_intent"))
        }
        (Some(_), Some(_)) => Err(Refusal::invalid(None, "Name charge or payment_intent, not both.").about("charge")),
        (None, None) => Err(Refusal::missing_parameter("payment_intent")),
    }
}

pub(crate) fn retrieve(op: &Operation<'_>, id: &str, params: &Params) -> Answer {
    params.allow(&[])?;
    op.show_refund(id, params)
}

pub(crate) fn update(op: &mut Operation<'_>, id: &str, params: &Params) -> Answer {
    params.allow(&["metadata"])?;
    let refund = op.account.refunds.get_mut(id).ok_or_else(|| no_such(id))?;
    refund.metadata.extend(params.strings("metadata"));
    refund.metadata.retain(|_, value| !value.is_empty());
    op.emit_refund("refund.updated", id);
    op.show_refund(id, params)
}

/// Stripe's API cancels what waits for an action of the payer, its dashboard some that are pending; here those are one.
pub(crate) fn cancel(op: &mut Operation<'_>, id: &str, params: &Params) -> Answer {
    params.allow(&[])?;
    let refund = op.account.refunds.get(id).ok_or_else(|| no_such(id))?;
    if refund.status != RefundStatus::Pending {
        let message = "Only refunds that have not ended can be canceled.";
        return Err(Refusal::invalid(None, message).about("id"));
    }
    op.undo_refund(id, RefundStatus::Canceled, "merchant_request");
    op.show_refund(id, params)
}

pub(crate) fn list(op: &Operation<'_>, params: &Params) -> Answer {
    params.allow(&[listing::PARAMS.as_slice(), &["charge", "payment_intent"]].concat())?;
    let keep = |refund: &Refund| {
        params.text("charge").is_none_or(|charge| refund.charge == charge)
            && params.text("payment_intent").is_none_or(|intent| refund.intent == intent)
    };
    let show = |refund: &Refund| refund.view(op, &params.below("data"));
    listing::page(&op.account.refunds, params, "/v1/refunds", |refund| refund.created, keep, show)
}

fn no_such(id: &str) -> Refusal {
    Refusal::no_such("refund", id, "id")
}

impl Operation<'_> {
    pub fn show_refund(&self, id: &str, params: &Params) -> Answer {
        self.account.refunds.get(id).map(|refund| refund.view(self, params)).ok_or_else(|| no_such(id))
    }

    fn emit_refund(&mut self, kind: &str, id: &str) {
        if let Ok(view) = self.show_refund(id, &Params::default()) {
            self.emit(kind, view);
        }
    }

    pub fn refund_succeeds(&mut self, id: &str) {
        let refund = self.account.refunds.get_mut(id);
        let Some(refund) = refund.filter(|refund| refund.status == RefundStatus::Pending) else { return };
        refund.status = RefundStatus::Succeeded;
        self.emit_refund("refund.updated", id);
    }

    pub fn refund_fails(&mut self, id: &str) {
        self.undo_refund(id, RefundStatus::Failed, "expired_or_canceled_card");
    }

    /// The money came back: into the balance, and off what the charge counts as refunded.
    fn undo_refund(&mut self, id: &str, status: RefundStatus, reason: &str) {
        let Some(refund) = self.account.refunds.get(id).cloned() else { return };
        let back = self.book(Movement::RefundFailure, id, refund.amount, 0, &refund.currency, self.now_s);
        if let Some(refund) = self.account.refunds.get_mut(id) {
            refund.status = status;
            refund.failure_reason = Some(reason.to_owned());
            refund.failure_balance_transaction = Some(back);
        }
        if let Some(charge) = self.account.charges.get_mut(&refund.charge) {
            charge.refunded -= refund.amount;
        }
        self.emit_refund("refund.updated", id);
        if status == RefundStatus::Failed {
            self.emit_refund("refund.failed", id);
        }
    }
}
