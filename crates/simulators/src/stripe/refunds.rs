//! Refunds, whole or in part; never more than was charged. Source: `wire/gateways.md`, 2.6.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::form::Params;
use super::listing;
use super::operation::{Answer, Operation};
use super::refusal::Refusal;

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Refund {
    pub id: String,
    pub charge: String,
    created: i64,
    amount: i64,
    currency: String,
    intent: String,
    reason: Option<String>,
    metadata: BTreeMap<String, String>,
}

impl Refund {
    fn view(&self) -> Value {
        json!({
            "id": self.id, "object": "refund", "created": self.created, "amount": self.amount,
            "currency": self.currency, "charge": self.charge, "payment_intent": self.intent, "status": "succeeded",
            "reason": self.reason, "metadata": self.metadata, "balance_transaction": null, "receipt_number": null,
            "source_transfer_reversal": null, "transfer_reversal": null,
            "destination_details": { "type": "card", "card": { "type": "refund", "reference_status": "pending" } },
        })
    }
}

const REASONS: [&str; 3] = ["duplicate", "fraudulent", "requested_by_customer"];

pub(crate) fn create(op: &mut Operation<'_>, params: &Params) -> Answer {
    params.allow(&["payment_intent", "charge", "amount", "reason", "metadata"])?;
    if let Some(reason) = params.text("reason")
        && !REASONS.contains(&reason)
    {
        let message = format!("Invalid reason: must be one of {}", REASONS.join(", "));
        return Err(Refusal::invalid(None, message).about("reason"));
    }
    let charge_id = charge_of(op, params)?;
    let asked = params.integer("amount")?;
    let charge = op.account.charges.get_mut(&charge_id);
    let charge = charge.ok_or_else(|| Refusal::no_such("charge", &charge_id, "charge"))?;
    let left = charge.amount - charge.refunded;
    let amount = asked.unwrap_or(left);
    if !charge.paid() {
        return Err(Refusal::invalid(None, format!("Charge {charge_id} was not paid.")).about("charge"));
    }
    if left == 0 {
        let message = format!("Charge {charge_id} has already been refunded.");
        return Err(Refusal::invalid(Some("charge_already_refunded"), message));
    }
    if amount < 1 || amount > left {
        let message = format!("Refund amount ({amount}) must be from 1 to the unrefunded amount on charge ({left})");
        return Err(Refusal::invalid(None, message).about("amount"));
    }
    charge.refunded += amount;
    let (currency, intent, charge_view) = (charge.currency.clone(), charge.intent.clone(), charge.view(false));
    let refund = Refund {
        id: op.account.mint("re"),
        charge: charge_id,
        created: op.now_s,
        amount,
        currency,
        intent,
        reason: params.owned("reason"),
        metadata: params.strings("metadata"),
    };
    let view = refund.view();
    op.account.refunds.insert(refund.id.clone(), refund);
    op.emit("refund.created", view.clone());
    op.emit("charge.refunded", charge_view);
    Ok(view)
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

pub(crate) fn retrieve(op: &Operation<'_>, id: &str) -> Answer {
    op.account.refunds.get(id).map(Refund::view).ok_or_else(|| Refusal::no_such("refund", id, "id"))
}

pub(crate) fn list(op: &Operation<'_>, params: &Params) -> Answer {
    params.allow(&[listing::PARAMS.as_slice(), &["charge", "payment_intent"]].concat())?;
    let keep = |refund: &Refund| {
        params.text("charge").is_none_or(|charge| refund.charge == charge)
            && params.text("payment_intent").is_none_or(|intent| refund.intent == intent)
    };
    listing::page(&op.account.refunds, params, "/v1/refunds", |refund| refund.created, keep, Refund::view)
}
