//! Charges: what an intent's confirmation left, read by the portal and by `/control/state/stripe`.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::Account;
use super::bank_accounts::{Ending, Scheme};
use super::form::Params;
use super::listing;
use super::methods::{Means, Method};
use super::operation::{Answer, Operation};
use super::refusal::Refusal;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ChargeStatus {
    /// A bank debit under way.
    Pending,
    Succeeded,
    Failed,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Charge {
    pub id: String,
    pub created: i64,
    pub amount: i64,
    pub refunded: i64,
    pub currency: String,
    pub status: ChargeStatus,
    pub intent: String,
    pub customer: Option<String>,
    /// The method as it was when charged.
    pub method: Option<Method>,
    pub description: Option<String>,
    pub receipt_email: Option<String>,
    pub metadata: BTreeMap<String, String>,
    pub failure_code: Option<String>,
    pub failure_message: Option<String>,
    pub decline_code: Option<String>,
    pub advice_code: Option<String>,
    pub disputed: bool,
    /// The transactions of the balance that paid it in, and that took it out again when the debit failed.
    pub balance_transaction: Option<String>,
    pub failure_balance_transaction: Option<String>,
    pub debit: Option<Debit>,
}

/// What only the charge of a bank debit has.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Debit {
    pub mandate: String,
    pub expected_on: NaiveDate,
    pub reference: String,
    pub ending: Ending,
}

impl Charge {
    pub fn paid(&self) -> bool {
        self.status == ChargeStatus::Succeeded
    }

    /// What the portal sent to recognise the charge by: `metadata[reference]` or `metadata[attempt_id]`, else the text.
    pub fn reference(&self) -> Option<&str> {
        let named = ["reference", "attempt_id"].into_iter().find_map(|key| self.metadata.get(key));
        named.or(self.description.as_ref()).map(String::as_str)
    }

    fn outcome(&self) -> Value {
        let failed = self.status == ChargeStatus::Failed;
        json!({
            "type": if failed { "issuer_declined" } else { "authorized" },
            "network_status": if failed { "declined_by_network" } else { "approved_by_network" },
            "reason": self.decline_code, "risk_level": if self.debit.is_some() { "not_assessed" } else { "normal" },
            "advice_code": self.advice_code, "network_advice_code": null, "network_decline_code": null,
            "seller_message": if failed { "The bank did not return any further details." } else { "Payment complete." },
        })
    }

    fn method_details(&self, method: &Method) -> Value {
        let kind = method.means.kind();
        let mut details = method.view()[kind].take();
        let hidden: &[&str] = match &method.means {
            Means::Card(_) => &["networks", "three_d_secure_usage", "display_brand", "generated_from"],
            Means::Bank(_) => &["networks", "status_details", "financial_connections_account"],
        };
        if let Value::Object(details) = &mut details {
            details.retain(|name, _| !hidden.contains(&name.as_str()));
        }
        let own = match (&method.means, &self.debit) {
            (Means::Card(card), _) => json!({ "network": card.brand, "three_d_secure": null }),
            (Means::Bank(account), Some(debit)) if account.scheme == Scheme::UsBankAccount => json!({
                "mandate": debit.mandate, "expected_debit_date": debit.expected_on,
                "payment_reference": debit.reference }),
            (Means::Bank(_), Some(debit)) => {
                json!({ "mandate": debit.mandate, "expected_debit_date": debit.expected_on })
            }
            (Means::Bank(_), None) => json!({}),
        };
        super::extend(&mut details, own);
        json!({ "type": kind, kind: details })
    }

    pub fn view(&self, op: &Operation<'_>, params: &Params) -> Value {
        let failed = self.status == ChargeStatus::Failed;
        let method = self.method.as_ref();
        json!({
            "id": self.id, "object": "charge", "created": self.created, "livemode": false, "amount": self.amount,
            "amount_captured": if failed { 0 } else { self.amount }, "amount_refunded": self.refunded,
            "currency": self.currency, "status": self.status, "paid": self.paid(), "captured": !failed,
            "disputed": self.disputed, "refunded": self.paid() && self.refunded == self.amount,
            "payment_intent": self.intent, "payment_method": method.map(|method| &method.id),
            "payment_method_details": method.map(|method| self.method_details(method)),
            "billing_details": method.map(|method| method.billing.view()).unwrap_or_else(|| json!({})),
            "balance_transaction": op.show_balance(self.balance_transaction.as_deref(), params, "balance_transaction"),
            "customer": self.customer, "description": self.description,
            "metadata": self.metadata, "receipt_email": self.receipt_email, "receipt_url": null,
            "failure_code": self.failure_code, "failure_message": self.failure_message, "outcome": self.outcome(),
            "failure_balance_transaction":
                op.show_balance(self.failure_balance_transaction.as_deref(), params, "failure_balance_transaction"),
            "fraud_details": {}, "application": null, "application_fee": null,
            "application_fee_amount": null, "calculated_statement_descriptor": "NORTHWIND IT", "on_behalf_of": null,
            "receipt_number": null, "review": null, "shipping": null, "source_transfer": null,
            "statement_descriptor": null, "statement_descriptor_suffix": null, "transfer_data": null,
            "transfer_group": null,
        })
    }

    /// One line of `GET /control/state/stripe` (`demo.md`); the members after
    /// `refunded_minor` are our additions.
    pub fn state(&self, account: &Account) -> Value {
        let captured_at = DateTime::from_timestamp(self.created, 0).filter(|_| self.paid());
        let refunds: Vec<&String> =
            account.refunds.values().filter(|refund| refund.charge == self.id).map(|refund| &refund.id).collect();
        json!({
            "id": self.id, "reference": self.reference(), "amount_minor": self.amount,
            "currency": self.currency.to_uppercase(), "status": self.status,
            "captured_at": captured_at.map(|at| at.to_rfc3339()), "refunded_minor": self.refunded,
            "payment_intent": self.intent, "metadata": self.metadata, "decline_code": self.decline_code,
            "method": self.method.as_ref().map(|method| method.means.kind()),
            "last4": self.method.as_ref().map(|method| method.means.last4()), "refunds": refunds,
            "failure_code": self.failure_code, "disputed": self.disputed, "customer": self.customer,
            "no_challenge": account.intents.get(&self.intent).is_some_and(|intent| intent.no_challenge),
        })
    }
}

pub(crate) fn retrieve(op: &Operation<'_>, id: &str, params: &Params) -> Answer {
    params.allow(&[])?;
    let charge = op.account.charges.get(id).ok_or_else(|| Refusal::no_such("charge", id, "id"))?;
    Ok(charge.view(op, params))
}

pub(crate) fn list(op: &Operation<'_>, params: &Params) -> Answer {
    params.allow(&[listing::PARAMS.as_slice(), &["customer", "payment_intent"]].concat())?;
    let keep = |charge: &Charge| {
        params.text("payment_intent").is_none_or(|intent| charge.intent == intent)
            && params.text("customer").is_none_or(|customer| charge.customer.as_deref() == Some(customer))
    };
    let show = |charge: &Charge| charge.view(op, &params.below("data"));
    listing::page(&op.account.charges, params, "/v1/charges", |charge| charge.created, keep, show)
}

impl Operation<'_> {
    pub fn emit_charge(&mut self, kind: &str, id: &str) {
        if let Some(charge) = self.account.charges.get(id) {
            let view = charge.view(self, &Params::default());
            self.emit(kind, view);
        }
    }
}
