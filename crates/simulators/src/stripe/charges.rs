//! Charges: what an intent's confirmation left, read by the portal and by `/control/state/stripe`.

use std::collections::BTreeMap;

use chrono::DateTime;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::Account;
use super::form::Params;
use super::listing;
use super::methods::Method;
use super::operation::{Answer, Operation};
use super::refusal::Refusal;

/// When the money of a charge is available; Stripe's two business days, made plain days here.
const AVAILABLE_AFTER_SECONDS: i64 = 2 * 86_400;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ChargeStatus {
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

    fn balance_transaction_id(&self) -> String {
        self.id.replacen("ch_", "txn_", 1)
    }

    pub fn view(&self, with_balance: bool) -> Value {
        let paid = self.paid();
        let balance = match paid {
            true if with_balance => self.balance_view(),
            true => json!(self.balance_transaction_id()),
            false => Value::Null,
        };
        let outcome = json!({
            "type": if paid { "authorized" } else { "issuer_declined" },
            "network_status": if paid { "approved_by_network" } else { "declined_by_network" },
            "reason": self.decline_code, "risk_level": "normal", "advice_code": self.advice_code,
            "network_advice_code": null, "network_decline_code": null,
            "seller_message": if paid { "Payment complete." } else { "The bank did not return any further details." },
        });
        let method_details = self.method.as_ref().map(|method| {
            let mut card = method.view()["card"].take();
            if let Value::Object(card) = &mut card {
                card.retain(|name, _| {
                    !matches!(name.as_str(), "networks" | "three_d_secure_usage" | "display_brand" | "generated_from")
                });
                card.insert("network".to_owned(), json!(method.card.brand));
                card.insert("three_d_secure".to_owned(), Value::Null);
            }
            json!({ "type": "card", "card": card })
        });
        json!({
            "id": self.id, "object": "charge", "created": self.created, "livemode": false, "amount": self.amount,
            "amount_captured": if paid { self.amount } else { 0 }, "amount_refunded": self.refunded,
            "currency": self.currency, "status": self.status, "paid": paid, "captured": paid, "disputed": false,
            "refunded": paid && self.refunded == self.amount, "payment_intent": self.intent,
            "payment_method": self.method.as_ref().map(|method| &method.id), "payment_method_details": method_details,
            "billing_details": self.method.as_ref().map(|method| method.billing.view()).unwrap_or_else(|| json!({})),
            "balance_transaction": balance, "customer": self.customer, "description": self.description,
            "metadata": self.metadata, "receipt_email": self.receipt_email, "receipt_url": null,
            "failure_code": self.failure_code, "failure_message": self.failure_message, "outcome": outcome,
            "failure_balance_transaction": null, "fraud_details": {}, "application": null, "application_fee": null,
            "application_fee_amount": null, "calculated_statement_descriptor": "NORTHWIND IT", "on_behalf_of": null,
            "receipt_number": null, "review": null, "shipping": null, "source_transfer": null,
            "statement_descriptor": null, "statement_descriptor_suffix": null, "transfer_data": null,
            "transfer_group": null,
        })
    }

    fn balance_view(&self) -> Value {
        // 2.9 % and 30 cents, rounded half up: the list price of a US card charge.
        let fee = (self.amount * 29 + 500) / 1000 + 30;
        json!({
            "id": self.balance_transaction_id(), "object": "balance_transaction", "amount": self.amount,
            "available_on": self.created + AVAILABLE_AFTER_SECONDS, "created": self.created,
            "currency": self.currency, "description": self.description, "exchange_rate": null, "fee": fee,
            "fee_details": [{ "amount": fee, "application": null, "currency": self.currency,
                "description": "Stripe processing fees", "type": "stripe_fee" }],
            "net": self.amount - fee, "reporting_category": "charge", "source": self.id, "status": "pending",
            "type": "charge",
        })
    }

    /// One line of `GET /control/state/stripe` (`demo.md`); `payment_intent`, `card` and `refunds` are our additions.
    pub fn state(&self, account: &Account) -> Value {
        let captured_at = DateTime::from_timestamp(self.created, 0).filter(|_| self.paid());
        let refunds: Vec<&String> =
            account.refunds.values().filter(|refund| refund.charge == self.id).map(|refund| &refund.id).collect();
        json!({
            "id": self.id, "reference": self.reference(), "amount_minor": self.amount,
            "currency": self.currency.to_uppercase(), "status": self.status,
            "captured_at": captured_at.map(|at| at.to_rfc3339()), "refunded_minor": self.refunded,
            "payment_intent": self.intent, "metadata": self.metadata, "decline_code": self.decline_code,
            "last4": self.method.as_ref().map(|method| &method.card.last4), "refunds": refunds,
        })
    }
}

pub(crate) fn retrieve(op: &Operation<'_>, id: &str, params: &Params) -> Answer {
    params.allow(&[])?;
    let charge = op.account.charges.get(id).ok_or_else(|| Refusal::no_such("charge", id, "id"))?;
    Ok(charge.view(params.expands("balance_transaction")))
}

pub(crate) fn list(op: &Operation<'_>, params: &Params) -> Answer {
    params.allow(&[listing::PARAMS.as_slice(), &["customer", "payment_intent"]].concat())?;
    let keep = |charge: &Charge| {
        params.text("payment_intent").is_none_or(|intent| charge.intent == intent)
            && params.text("customer").is_none_or(|customer| charge.customer.as_deref() == Some(customer))
    };
    let show = |charge: &Charge| charge.view(false);
    listing::page(&op.account.charges, params, "/v1/charges", |charge| charge.created, keep, show)
}
