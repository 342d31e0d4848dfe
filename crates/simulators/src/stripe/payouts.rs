//! Payouts: the balance on its way to the merchant's bank. Made by call, which is a payout by hand, or by the control, which is
//! an automatic one of all that is available; nothing is paid out by itself.
//! Source: `wire/gateways.md`, 8.2.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::agenda::Due;
use super::balance::{BalanceTransaction, Movement};
use super::calendar::after_business_days;
use super::form::Params;
use super::listing;
use super::operation::{Answer, Operation};
use super::refusal::Refusal;
use crate::Shared;
use crate::disturb::News;
use crate::faults::{Call, Caller, Vendor};

const ARRIVES_AFTER_BUSINESS_DAYS: u32 = 2;

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Payout {
    id: String,
    created: i64,
    arrives: i64,
    amount: i64,
    currency: String,
    paid: bool,
    /// By the account's schedule: it consists of transactions that name it.
    #[serde(default)]
    automatic: bool,
    /// The transaction by which its money came back.
    #[serde(default)]
    failure: Option<String>,
    description: Option<String>,
    metadata: BTreeMap<String, String>,
    balance_transaction: String,
}

impl Payout {
    fn status(&self) -> &'static str {
        match (&self.failure, self.paid) {
            (Some(_), _) => "failed",
            (None, true) => "paid",
            (None, false) => "pending",
        }
    }

    fn view(&self, op: &Operation<'_>, params: &Params) -> Value {
        let failed = self.failure.is_some();
        json!({
            "id": self.id, "object": "payout", "created": self.created, "arrival_date": self.arrives,
            "amount": self.amount, "currency": self.currency, "livemode": false, "automatic": self.automatic,
            "balance_transaction":
                op.show_balance(Some(&self.balance_transaction), params, "balance_transaction"),
            "status": self.status(), "type": "bank_account", "method": "standard",
            "source_type": "card", "destination": null, "description": self.description, "metadata": self.metadata,
            "reconciliation_status": if self.automatic { "completed" } else { "not_applicable" },
            "statement_descriptor": null, "failure_code": failed.then_some("account_closed"),
            "failure_message": failed.then_some("The bank account has been closed."),
            "failure_balance_transaction":
                op.show_balance(self.failure.as_deref(), params, "failure_balance_transaction"),
            "original_payout": null,
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
    let ordered =
        Ordered { automatic: false, description: params.owned("description"), metadata: params.strings("metadata") };
    let id = op.pay_out(amount, currency, ordered);
    retrieve(op, &id, params)
}

/// How a payout came to be.
#[derive(Default)]
struct Ordered {
    automatic: bool,
    description: Option<String>,
    metadata: BTreeMap<String, String>,
}

/// What the control orders: all that is available in one automatic payout, or the failure of one by its id. The payout, and the
/// news of it; in words when it cannot be done.
pub(crate) fn ordered(shared: &Shared, fails: Option<&str>) -> Result<(Value, Vec<News>), &'static str> {
    let call = Call { vendor: Vendor::Stripe, caller: Caller::Browser, line: "POST /control/stripe/payout".to_owned() };
    shared.stripe.write(|account| {
        let mut op = Operation::new(account, shared, &call, "");
        let id = match fails {
            Some(id) => op.payout_fails(id)?,
            None => op.pay_out_all()?,
        };
        let view = retrieve(&op, &id, &Params::default()).unwrap_or_default();
        Ok((view, op.effects.news))
    })
}

pub(crate) fn is_automatic(op: &Operation<'_>, id: &str) -> bool {
    op.account.payouts.get(id).is_some_and(|payout| payout.automatic)
}

pub(crate) fn retrieve(op: &Operation<'_>, id: &str, params: &Params) -> Answer {
    let payout = op.account.payouts.get(id).ok_or_else(|| Refusal::no_such("payout", id, "payout"))?;
    Ok(payout.view(op, params))
}

pub(crate) fn list(op: &Operation<'_>, params: &Params) -> Answer {
    params.allow(&[listing::PARAMS.as_slice(), &["status"]].concat())?;
    let status = params.choice("status", &["pending", "paid", "failed", "canceled"])?;
    let keep = |payout: &Payout| status.is_none_or(|status| status == payout.status());
    let show = |payout: &Payout| payout.view(op, &params.below("data"));
    listing::page(&op.account.payouts, params, "/v1/payouts", |payout| payout.created, keep, show)
}

impl Operation<'_> {
    fn pay_out(&mut self, amount: i64, currency: String, ordered: Ordered) -> String {
        let Ordered { automatic, description, metadata } = ordered;
        let id = self.account.mint("po");
        let arrives = after_business_days(self.now_s, ARRIVES_AFTER_BUSINESS_DAYS);
        let booked = self.book(Movement::Payout, &id, -amount, 0, &currency, self.now_s);
        self.account.agenda.plan(arrives, Due::PayoutArrives(id.clone()));
        let payout = Payout {
            id: id.clone(),
            created: self.now_s,
            arrives,
            amount,
            currency,
            paid: false,
            automatic,
            failure: None,
            description,
            metadata,
            balance_transaction: booked,
        };
        self.account.payouts.insert(id.clone(), payout);
        self.emit_payout("payout.created", &id);
        id
    }

    /// As the account's schedule would: of one currency, that of the oldest which is available.
    fn pay_out_all(&mut self) -> Result<String, &'static str> {
        let now_s = self.now_s;
        let is_open = |moved: &&BalanceTransaction| moved.payout.is_none() && moved.available_on <= now_s;
        let open: Vec<&BalanceTransaction> = self.account.balance.values().filter(is_open).collect();
        let currency = open.first().ok_or("nothing is available to be paid out")?.currency.clone();
        let these = open.into_iter().filter(|moved| moved.currency == currency);
        let (mut ids, mut amount) = (Vec::new(), 0);
        for moved in these {
            ids.push(moved.id.clone());
            amount += moved.amount - moved.fee;
        }
        if amount < 1 {
            return Err("nothing is available to be paid out");
        }
        let id = self.pay_out(amount, currency, Ordered { automatic: true, ..Ordered::default() });
        ids.extend(self.account.payouts.get(&id).map(|payout| payout.balance_transaction.clone()));
        for moved in ids {
            if let Some(moved) = self.account.balance.get_mut(&moved) {
                moved.payout = Some(id.clone());
            }
        }
        Ok(id)
    }

    /// The bank did not take it, or has sent it back: the money is in the balance again.
    fn payout_fails(&mut self, id: &str) -> Result<String, &'static str> {
        let payout = self.account.payouts.get(id).ok_or("there is no such payout")?;
        if payout.failure.is_some() {
            return Err("the payout has failed already");
        }
        let (amount, currency) = (payout.amount, payout.currency.clone());
        let back = self.book(Movement::PayoutFailure, id, amount, 0, &currency, self.now_s);
        if let Some(payout) = self.account.payouts.get_mut(id) {
            payout.failure = Some(back);
        }
        self.emit_payout("payout.failed", id);
        Ok(id.to_owned())
    }

    fn emit_payout(&mut self, kind: &str, id: &str) {
        if let Ok(view) = retrieve(self, id, &Params::default()) {
            self.emit(kind, view);
        }
    }

    pub fn payout_arrives(&mut self, id: &str) {
        if let Some(payout) = self.account.payouts.get_mut(id).filter(|payout| payout.failure.is_none()) {
            payout.paid = true;
            self.emit_payout("payout.paid", id);
        }
    }
}
