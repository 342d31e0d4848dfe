//! Payouts: the balance on its way to the merchant's bank. Made by call alone; nothing is paid out by itself.
//! Source: `wire/gateways.md`, 8.2.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::agenda::Due;
use super::balance::Movement;
use super::calendar::after_business_days;
use super::form::Params;
use super::listing;
use super::operation::{Answer, Operation};
use super::refusal::Refusal;

const ARRIVES_AFTER_BUSINESS_DAYS: u32 = 2;

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Payout {
    id: String,
    created: i64,
    arrives: i64,
    amount: i64,
    currency: String,
    paid: bool,
    description: Option<String>,
    metadata: BTreeMap<String, String>,
    balance_transaction: String,
}

impl Payout {
    fn view(&self, op: &Operation<'_>, params: &Params) -> Value {
        json!({
            "id": self.id, "object": "payout", "created": self.created, "arrival_date": self.arrives,
            "amount": self.amount, "currency": self.currency, "livemode": false, "automatic": false,
            "balance_transaction":
                op.show_balance(Some(&self.balance_transaction), params, "balance_transaction"),
            "status": if self.paid { "paid" } else { "pending" }, "type": "bank_account", "method": "standard",
            "source_type": "card", "destination": null, "description": self.description, "metadata": self.metadata,
            "reconciliation_status": "not_applicable", "statement_descriptor": null, "failure_code": null,
            "failure_message": null, "failure_balance_transaction": null, "original_payout": null,
            "reversed_by": null, "trace_id": null, "application_fee": null, "application_fee_amount": null,
        })
    }
}

pub(crate) fn create(op: &mut Operation<'_>, params: &Params) -> Answer {
    params.allow(&["amount", "currency", "description", "metadata"])?;
    let currency = super::intents::currency(params)?;
    params.required("amount")?;
    let amount = params.integer("amount")?.unwrap_or_default();
    let in_currency = op.account.balance.values().filter(|moved| moved.currency == currency);
    let available: i64 =
        in_currency.filter(|moved| moved.available_on <= op.now_s).map(|moved| moved.amount - moved.fee).sum();
    if amount < 1 || amount > available {
        let message = format!("You have insufficient funds in your Stripe account. Your card balance is {available}.");
        return Err(Refusal::invalid(Some("balance_insufficient"), message).about("amount"));
    }
    let id = op.account.mint("po");
    let arrives = after_business_days(op.now_s, ARRIVES_AFTER_BUSINESS_DAYS);
    let booked = op.book(Movement::Payout, &id, -amount, 0, &currency, op.now_s);
    op.account.agenda.plan(arrives, Due::PayoutArrives(id.clone()));
    let payout = Payout {
        id: id.clone(),
        created: op.now_s,
        arrives,
        amount,
        currency,
        paid: false,
        description: params.owned("description"),
        metadata: params.strings("metadata"),
        balance_transaction: booked,
    };
    op.account.payouts.insert(id.clone(), payout);
    op.emit_payout("payout.created", &id);
    retrieve(op, &id, params)
}

pub(crate) fn retrieve(op: &Operation<'_>, id: &str, params: &Params) -> Answer {
    let payout = op.account.payouts.get(id).ok_or_else(|| Refusal::no_such("payout", id, "payout"))?;
    Ok(payout.view(op, params))
}

pub(crate) fn list(op: &Operation<'_>, params: &Params) -> Answer {
    params.allow(&[listing::PARAMS.as_slice(), &["status"]].concat())?;
    let status = params.choice("status", &["pending", "paid", "failed", "canceled"])?;
    let keep = |payout: &Payout| status.is_none_or(|status| status == if payout.paid { "paid" } else { "pending" });
    let show = |payout: &Payout| payout.view(op, &params.below("data"));
    listing::page(&op.account.payouts, params, "/v1/payouts", |payout| payout.created, keep, show)
}

impl Operation<'_> {
    fn emit_payout(&mut self, kind: &str, id: &str) {
        if let Ok(view) = retrieve(self, id, &Params::default()) {
            self.emit(kind, view);
        }
    }

    pub fn payout_arrives(&mut self, id: &str) {
        if let Some(payout) = self.account.payouts.get_mut(id) {
            payout.paid = true;
            self.emit_payout("payout.paid", id);
        }
    }
}
