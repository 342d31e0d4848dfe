//! Disputes: a card's can be won or lost by a person; a bank debit's is a late return, final at once.
//! Source: `wire/gateways.md`, 2.4 and 2.8.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::agenda::Due;
use super::balance::{DISPUTE_FEE_MINOR, Movement};
use super::bank_accounts::Blocked;
use super::calendar::DAY_SECONDS;
use super::charges::Charge;
use super::form::Params;
use super::listing;
use super::methods::Means;
use super::operation::{Answer, Operation};
use super::refusal::Refusal;
use crate::Shared;
use crate::disturb::News;
use crate::faults::{Call, Caller, Vendor};

/// How long evidence against a card's dispute is taken.
const EVIDENCE_TAKEN_SECONDS: i64 = 9 * DAY_SECONDS;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum DisputeStatus {
    NeedsResponse,
    UnderReview,
    Won,
    Lost,
}

/// How the control ends a dispute.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Outcome {
    Opened,
    Won,
    Lost,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Dispute {
    id: String,
    created: i64,
    pub charge: String,
    intent: String,
    amount: i64,
    currency: String,
    reason: String,
    status: DisputeStatus,
    /// Nobody can answer a bank debit's dispute.
    contestable: bool,
    evidence: BTreeMap<String, String>,
    submissions: u32,
    metadata: BTreeMap<String, String>,
    balance_transactions: Vec<String>,
    network: Option<String>,
}

/// The members of `evidence`; the vendor names them all, empty or not.
const EVIDENCE: [&str; 27] = [
    "access_activity_log",
    "billing_address",
    "cancellation_policy",
    "cancellation_policy_disclosure",
    "cancellation_rebuttal",
    "customer_communication",
    "customer_email_address",
    "customer_name",
    "customer_purchase_ip",
    "customer_signature",
    "duplicate_charge_documentation",
    "duplicate_charge_explanation",
    "duplicate_charge_id",
    "product_description",
    "receipt",
    "refund_policy",
    "refund_policy_disclosure",
    "refund_refusal_explanation",
    "service_date",
    "service_documentation",
    "shipping_address",
    "shipping_carrier",
    "shipping_date",
    "shipping_documentation",
    "shipping_tracking_number",
    "uncategorized_file",
    "uncategorized_text",
];

impl Dispute {
    fn is_open(&self) -> bool {
        matches!(self.status, DisputeStatus::NeedsResponse | DisputeStatus::UnderReview)
    }

    fn view(&self, op: &Operation<'_>) -> Value {
        let booked = self.balance_transactions.iter().filter_map(|id| op.account.balance.get(id));
        let evidence: serde_json::Map<String, Value> =
            EVIDENCE.iter().map(|name| ((*name).to_owned(), json!(self.evidence.get(*name)))).collect();
        let due_by = self.contestable.then_some(self.created + EVIDENCE_TAKEN_SECONDS);
        let mut view = json!({
            "id": self.id, "object": "dispute", "created": self.created, "livemode": false, "charge": self.charge,
            "payment_intent": self.intent, "amount": self.amount, "currency": self.currency, "reason": self.reason,
            "status": self.status, "is_charge_refundable": false, "metadata": self.metadata, "evidence": evidence,
            "balance_transactions": booked.map(|booked| booked.view(op.now_s)).collect::<Vec<_>>(),
            "evidence_details": {
                "due_by": due_by, "has_evidence": !self.evidence.is_empty(),
                "past_due": self.is_open() && due_by.is_some_and(|due_by| due_by < op.now_s),
                "submission_count": self.submissions, "enhanced_eligibility": {},
            },
            "enhanced_eligibility_types": [],
        });
        if let Some(network) = &self.network {
            view["payment_method_details"] = json!({ "type": "card", "card": { "brand": network,
                "network": network, "case_type": "chargeback", "network_reason_code": "10.4" } });
        }
        view
    }
}

pub(crate) fn retrieve(op: &Operation<'_>, id: &str, params: &Params) -> Answer {
    params.allow(&[])?;
    op.show_dispute(id)
}

pub(crate) fn list(op: &Operation<'_>, params: &Params) -> Answer {
    params.allow(&[listing::PARAMS.as_slice(), &["charge", "payment_intent"]].concat())?;
    let keep = |dispute: &Dispute| {
        params.text("charge").is_none_or(|charge| dispute.charge == charge)
            && params.text("payment_intent").is_none_or(|intent| dispute.intent == intent)
    };
    let show = |dispute: &Dispute| dispute.view(op);
    listing::page(&op.account.disputes, params, "/v1/disputes", |dispute| dispute.created, keep, show)
}

/// `POST /v1/disputes/{id}`: evidence, sent to the bank at once unless `submit=false`. In test mode the text
/// `winning_evidence` or `losing_evidence` decides.
pub(crate) fn update(op: &mut Operation<'_>, id: &str, params: &Params) -> Answer {
    params.allow(&["evidence", "metadata", "submit"])?;
    let evidence = params.inner("evidence");
    evidence.allow(&EVIDENCE)?;
    op.show_dispute(id)?;
    let submit = params.has("evidence") && params.text("submit") != Some("false");
    let Some(dispute) = op.account.disputes.get_mut(id) else { return op.show_dispute(id) };
    if params.has("evidence") && (!dispute.is_open() || dispute.submissions > 0) {
        return Err(Refusal::invalid(None, "This dispute takes no evidence any more.").about("evidence"));
    }
    dispute.evidence.extend(params.strings("evidence"));
    dispute.metadata.extend(params.strings("metadata"));
    if submit {
        dispute.submissions += 1;
        dispute.status = DisputeStatus::UnderReview;
        op.account.agenda.plan(op.now_s, Due::EvidenceJudged(id.to_owned()));
    }
    op.emit_dispute("charge.dispute.updated", id);
    op.show_dispute(id)
}

/// `POST /v1/disputes/{id}/close`: gives it up.
pub(crate) fn close(op: &mut Operation<'_>, id: &str, params: &Params) -> Answer {
    params.allow(&[])?;
    op.show_dispute(id)?;
    if !op.account.disputes.get(id).is_some_and(Dispute::is_open) {
        return Err(Refusal::invalid(None, "This dispute is already closed."));
    }
    op.close_dispute(id, DisputeStatus::Lost);
    op.show_dispute(id)
}

/// What the control orders: the dispute, and the news of it; in words when it cannot be done.
pub(crate) fn ordered(shared: &Shared, charge: &str, outcome: Outcome) -> Result<(Value, Vec<News>), &'static str> {
    let call =
        Call { vendor: Vendor::Stripe, caller: Caller::Browser, line: "POST /control/stripe/dispute".to_owned() };
    shared.stripe.write(|account| {
        let mut op = Operation::new(account, shared, &call, "");
        let view = op.order_dispute(charge, outcome)?;
        Ok((view, op.effects.news))
    })
}

impl Operation<'_> {
    fn order_dispute(&mut self, charge: &str, outcome: Outcome) -> Result<Value, &'static str> {
        let found = self.account.charges.get(charge).ok_or("there is no such charge")?;
        let of_charge = |dispute: &&Dispute| dispute.charge == charge;
        let open = self.account.disputes.values().filter(of_charge).find(|dispute| dispute.is_open());
        match (outcome, open.map(|dispute| dispute.id.clone())) {
            (Outcome::Opened, _) if found.disputed => return Err("the charge is disputed already"),
            (Outcome::Opened, _) if !found.paid() || found.refunded == found.amount => {
                return Err("the charge holds no money");
            }
            (Outcome::Opened, _) => self.dispute(charge),
            (_, None) => return Err("the charge has no open dispute; those of bank debits are lost at once"),
            (Outcome::Won, Some(id)) => self.close_dispute(&id, DisputeStatus::Won),
            (Outcome::Lost, Some(id)) => self.close_dispute(&id, DisputeStatus::Lost),
        }
        let dispute = self.account.disputes.values().find(of_charge);
        Ok(dispute.map_or(Value::Null, |dispute| dispute.view(self)))
    }

    pub fn show_dispute(&self, id: &str) -> Answer {
        let dispute = self.account.disputes.get(id).ok_or_else(|| Refusal::no_such("dispute", id, "dispute"))?;
        Ok(dispute.view(self))
    }

    fn emit_dispute(&mut self, kind: &str, id: &str) {
        if let Ok(view) = self.show_dispute(id) {
            self.emit(kind, view);
        }
    }

    /// The payer went to the bank. What was refunded before is not taken a second time.
    pub fn dispute(&mut self, charge_id: &str) {
        let paid = self.account.charges.get(charge_id).filter(|charge| charge.paid() && !charge.disputed);
        let Some(charge) = paid.cloned() else { return };
        let amount = charge.amount - charge.refunded;
        if amount == 0 {
            return;
        }
        if let Some(charge) = self.account.charges.get_mut(charge_id) {
            charge.disputed = true;
        }
        let network = match charge.method.as_ref().map(|method| &method.means) {
            Some(Means::Card(card)) => Some(card.brand.clone()),
            _ => None,
        };
        let contestable = network.is_some();
        let id = self.account.mint("dp");
        let taken = self.book(Movement::Dispute, &id, -amount, DISPUTE_FEE_MINOR, &charge.currency, self.now_s);
        let dispute = Dispute {
            id: id.clone(),
            created: self.now_s,
            charge: charge.id.clone(),
            intent: charge.intent.clone(),
            amount,
            currency: charge.currency.clone(),
            reason: if contestable { "fraudulent" } else { "debit_not_authorized" }.to_owned(),
            status: if contestable { DisputeStatus::NeedsResponse } else { DisputeStatus::Lost },
            contestable,
            evidence: BTreeMap::new(),
            submissions: 0,
            metadata: BTreeMap::new(),
            balance_transactions: vec![taken],
            network,
        };
        self.account.disputes.insert(id.clone(), dispute);
        self.emit_dispute("charge.dispute.created", &id);
        self.emit_dispute("charge.dispute.funds_withdrawn", &id);
        if !contestable {
            self.emit_dispute("charge.dispute.closed", &id);
            self.debit_disputed(&charge);
        }
    }

    /// A dispute ends the mandate; a second one of the same account blocks the account.
    fn debit_disputed(&mut self, charge: &Charge) {
        let Some(method) = &charge.method else { return };
        let fingerprint = method.bank().map(|account| account.fingerprint.clone());
        let of_account = |dispute: &&Dispute| {
            let charge = self.account.charges.get(&dispute.charge);
            let account = charge.and_then(|charge| charge.method.as_ref()?.bank());
            account.map(|account| &account.fingerprint) == fingerprint.as_ref()
        };
        let disputes = self.account.disputes.values().filter(of_account).count();
        self.end_mandates(&method.id);
        if disputes > 1
            && let Some(blocked) = Blocked::by("debit_not_authorized")
        {
            self.block_account(&method.id, blocked);
        }
    }

    pub fn judge_evidence(&mut self, id: &str) {
        let under_review = self.account.disputes.get(id).filter(|dispute| dispute.status == DisputeStatus::UnderReview);
        match under_review.and_then(|dispute| dispute.evidence.get("uncategorized_text")).map(String::as_str) {
            Some("winning_evidence") => self.close_dispute(id, DisputeStatus::Won),
            Some("losing_evidence") => self.close_dispute(id, DisputeStatus::Lost),
            _ => {}
        }
    }

    fn close_dispute(&mut self, id: &str, status: DisputeStatus) {
        let Some(dispute) = self.account.disputes.get_mut(id) else { return };
        dispute.status = status;
        let (amount, currency) = (dispute.amount, dispute.currency.clone());
        let won = status == DisputeStatus::Won;
        if won {
            let back = self.book(Movement::DisputeReversal, id, amount, 0, &currency, self.now_s);
            if let Some(dispute) = self.account.disputes.get_mut(id) {
                dispute.balance_transactions.push(back);
            }
        }
        self.emit_dispute("charge.dispute.closed", id);
        if won {
            self.emit_dispute("charge.dispute.funds_reinstated", id);
        }
    }
}
