//! Transactions (`wire/gateways.md`, 5.2): charges, captures, reversals, refunds, and the list of all. What is captured is
//! batched within a day and funded within two.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::cards::{Card, Verdict};
use super::refusal::Refusal;
use super::{Answer, Operation, action, minted, moment};
use crate::disturb::News;
use crate::faults::Vendor;

pub(super) const ACCOUNT: &str = crate::facts::globalpayments::ACCOUNT_NAME;
const BATCHED_AFTER_MS: i64 = 24 * 3600 * 1000;
const FUNDED_AFTER_MS: i64 = 48 * 3600 * 1000;
/// A refund may be larger than its charge by so much (percent of it).
const REFUND_MAX_PERCENT: i64 = 115;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Kind {
    Sale,
    Refund,
}

impl Kind {
    fn name(self) -> &'static str {
        match self {
            Self::Sale => "SALE",
            Self::Refund => "REFUND",
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
enum Outcome {
    Preauthorized,
    Captured,
    Declined,
    Reversed,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Transaction {
    pub id: String,
    pub kind: Kind,
    outcome: Outcome,
    pub amount: i64,
    refunded: i64,
    pub currency: String,
    country: String,
    pub reference: String,
    order_reference: Option<String>,
    description: Option<String>,
    /// The charge that a refund is of.
    parent: Option<String>,
    pub(super) link: Option<String>,
    card: Card,
    created_ms: i64,
}

/// What a charge is to be.
pub(super) struct Sale<'a> {
    pub amount: i64,
    pub currency: &'a str,
    pub country: &'a str,
    pub reference: &'a str,
    pub order_reference: Option<&'a str>,
    pub description: Option<&'a str>,
    pub is_captured: bool,
    pub link: Option<&'a str>,
    pub card: Card,
}

impl Transaction {
    pub fn status(&self, now_ms: i64) -> &'static str {
        match self.outcome {
            Outcome::Preauthorized => "PREAUTHORIZED",
            Outcome::Declined => "DECLINED",
            Outcome::Reversed => "REVERSED",
            Outcome::Captured if now_ms - self.created_ms >= FUNDED_AFTER_MS => "FUNDED",
            Outcome::Captured if now_ms - self.created_ms >= BATCHED_AFTER_MS => "BATCHED",
            Outcome::Captured => "CAPTURED",
        }
    }

    pub(super) fn is_approved(&self) -> bool {
        matches!(self.outcome, Outcome::Preauthorized | Outcome::Captured)
    }

    pub fn paid_with(&self) -> String {
        format!("{} {}", self.card.brand, self.card.masked())
    }

    /// As a list and the transaction's own page have it.
    fn view(&self, now_ms: i64) -> Value {
        let is_declined = self.outcome == Outcome::Declined;
        let (result, message) = if is_declined { ("101", "DECLINED") } else { ("00", "AUTHORISED") };
        let mut view = json!({
            "id": self.id, "time_created": moment(self.created_ms), "type": self.kind.name(), "channel": "CNP",
            "status": self.status(now_ms), "capture_mode": "AUTO", "amount": self.amount.to_string(),
            "currency": self.currency, "country": self.country, "merchant_id": "MER_wisepay", "account_name": ACCOUNT,
            "reference": self.reference,
            "payment_method": { "result": result, "message": message, "entry_mode": "ECOM",
                "card": { "brand": self.card.brand, "masked_number_last4": self.card.masked(),
                    "authcode": if is_declined { "" } else { "123456" } } },
        });
        let more = [
            ("order_reference", &self.order_reference),
            ("description", &self.description),
            ("parent_resource_id", &self.parent),
        ];
        for (name, value) in more {
            if let Some(value) = value {
                view[name] = json!(value);
            }
        }
        view
    }

    /// The same in the answer to a call.
    fn answer(&self, action_kind: &str, now_ms: i64) -> Value {
        let result = if self.outcome == Outcome::Declined { "DECLINED" } else { "SUCCESS" };
        let mut view = self.view(now_ms);
        view["action"] = action(action_kind, now_ms, result);
        view
    }

    /// A row of a link's own list.
    pub(super) fn summary(&self, now_ms: i64) -> Value {
        json!({ "id": self.id, "time_created": moment(self.created_ms), "status": self.status(now_ms),
            "type": self.kind.name(), "channel": "CNP", "amount": self.amount.to_string(), "currency": self.currency,
            "reference": self.reference, "description": self.description })
    }

    pub fn state(&self, now_ms: i64) -> Value {
        let status = match self.outcome {
            Outcome::Preauthorized => "authorized",
            Outcome::Captured => "succeeded",
            Outcome::Declined => "failed",
            Outcome::Reversed => "voided",
        };
        let captured_at = (self.outcome == Outcome::Captured).then(|| moment(self.created_ms));
        json!({ "id": self.id, "reference": self.order_reference.as_ref().unwrap_or(&self.reference),
            "amount_minor": self.amount, "refunded_minor": self.refunded, "currency": self.currency, "status": status,
            "captured_at": captured_at, "transaction_status": self.status(now_ms), "charge": self.parent })
    }
}

impl Operation<'_> {
    /// Charges, and says what the bank has said; an armed decline says no.
    pub(super) fn charge(&mut self, sale: Sale<'_>) -> Transaction {
        let is_declined =
            self.shared.faults.take_decline(self.call).is_some() || sale.card.verdict == Verdict::Declined;
        self.effects.unanswered |= sale.card.verdict == Verdict::Unanswered;
        let outcome = match (is_declined, sale.is_captured) {
            (true, _) => Outcome::Declined,
            (false, true) => Outcome::Captured,
            (false, false) => Outcome::Preauthorized,
        };
        let made = Transaction {
            id: minted("TRN"),
            kind: Kind::Sale,
            outcome,
            amount: sale.amount,
            refunded: 0,
            currency: sale.currency.to_owned(),
            country: sale.country.to_owned(),
            reference: sale.reference.to_owned(),
            order_reference: sale.order_reference.map(str::to_owned),
            description: sale.description.map(str::to_owned),
            parent: None,
            link: sale.link.map(str::to_owned),
            card: sale.card,
            created_ms: self.now_ms,
        };
        self.account.transactions.push(made.clone());
        made
    }

    /// Tells of a charge on a page.
    pub(super) fn tell(&mut self, of: &Transaction) {
        let body = of.answer("SALE", self.now_ms).to_string();
        let kind = of.status(self.now_ms).to_owned();
        self.effects.news.push(News { vendor: Vendor::GlobalPayments, kind, body });
    }

    fn transaction(&mut self, id: &str) -> Result<&mut Transaction, Refusal> {
        let found = self.account.transactions.iter_mut().find(|it| it.id == id);
        found.ok_or_else(|| Refusal::not_found(format!("Transaction {id} not found at this location.")))
    }
}

/// Digits alone.
pub(super) fn minor(value: &Value) -> Result<i64, Refusal> {
    let digits = value.as_str().ok_or_else(|| Refusal::missing("amount"))?;
    let amount =
        digits.parse::<i64>().ok().filter(|amount| *amount > 0 && digits.bytes().all(|byte| byte.is_ascii_digit()));
    amount.ok_or_else(|| Refusal::invalid("50020", "Zero negative or insufficient amount specified "))
}

pub(super) fn text<'a>(body: &'a Value, field: &str) -> Result<&'a str, Refusal> {
    let name = field.rsplit('/').next().unwrap_or(field);
    let found = body.pointer(field).and_then(Value::as_str).filter(|text| !text.is_empty());
    found.ok_or_else(|| Refusal::missing(name))
}

pub(super) fn create(op: &mut Operation<'_>, body: &Value) -> Answer {
    if text(body, "/account_name")? != ACCOUNT {
        return Err(Refusal::invalid("40213", "Token does not match account_id or account_name in the request"));
    }
    if (text(body, "/channel")?, text(body, "/type")?) != ("CNP", "SALE") {
        return Err(Refusal::invalid("40213", "this channel or type is not built"));
    }
    let is_captured = match body["capture_mode"].as_str() {
        Some("AUTO") | None => true,
        Some("LATER") => false,
        Some(_) => return Err(Refusal::invalid("40213", "capture_mode contains unexpected data")),
    };
    text(body, "/payment_method/entry_mode")?;
    let method = text(body, "/payment_method/id")?;
    let unknown = || Refusal::not_found(format!("Payment method {method} not found at this location."));
    let kept = op.account.methods.get(method).cloned().ok_or_else(unknown)?;
    let sale = Sale {
        amount: minor(&body["amount"])?,
        currency: text(body, "/currency")?,
        country: text(body, "/country")?,
        reference: text(body, "/reference")?,
        order_reference: body.pointer("/order/reference").and_then(Value::as_str),
        description: body["description"].as_str(),
        is_captured,
        link: None,
        card: kept.card,
    };
    if kept.is_single {
        op.account.methods.remove(method);
    }
    let made = op.charge(sale);
    Ok(made.answer(if is_captured { "SALE" } else { "AUTHORIZE" }, op.now_ms))
}

pub(super) fn retrieve(op: &mut Operation<'_>, id: &str) -> Answer {
    let now_ms = op.now_ms;
    let found = op.account.transactions.iter().find(|it| it.id == id);
    let unknown = || Refusal::not_found(format!("Transactions {id} not found at this /ucp/transactions/{id}"));
    Ok(found.ok_or_else(unknown)?.answer("TRANSACTION_SINGLE", now_ms))
}

/// Newest first.
pub(super) fn list(op: &Operation<'_>, query: &[(String, String)]) -> Answer {
    const KNOWN: [&str; 9] =
        ["page", "page_size", "order", "order_by", "id", "type", "reference", "from_time_created", "to_time_created"];
    if let Some((name, _)) = query.iter().find(|(name, _)| !KNOWN.contains(&name.as_str())) {
        return Err(Refusal::invalid("40213", format!("Request contains unexpected fields: {name}")));
    }
    let given = |name: &str| query.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str());
    let number = |name: &str, otherwise: usize| given(name).map_or(Some(otherwise), |text| text.parse().ok());
    let paging = number("page", 1).zip(number("page_size", 10)).filter(|(page, size)| *page >= 1 && *size >= 1);
    let (page, size) = paging.ok_or_else(|| Refusal::invalid("40213", "page contains unexpected data"))?;
    let fits = |it: &&Transaction| {
        let day = moment(it.created_ms)[..10].to_owned();
        given("id").is_none_or(|id| it.id == id)
            && given("type").is_none_or(|kind| it.kind.name() == kind)
            && given("reference").is_none_or(|reference| it.reference == reference)
            && given("from_time_created").is_none_or(|from| day.as_str() >= from)
            && given("to_time_created").is_none_or(|to| day.as_str() <= to)
    };
    let all: Vec<&Transaction> = op.account.transactions.iter().rev().filter(fits).collect();
    let rows: Vec<Value> = all.iter().skip((page - 1) * size).take(size).map(|it| it.view(op.now_ms)).collect();
    Ok(json!({ "total_record_count": all.len(), "current_page_size": rows.len(), "transactions": rows,
        "paging": { "page": page.to_string(), "page_size": size.to_string() },
        "action": action("TRANSACTION_LIST", op.now_ms, "SUCCESS") }))
}

pub(super) fn capture(op: &mut Operation<'_>, id: &str) -> Answer {
    let now_ms = op.now_ms;
    let authorized = op.transaction(id)?;
    if authorized.outcome != Outcome::Preauthorized {
        return Err(Refusal::invalid("50020", "The transaction cannot be captured"));
    }
    authorized.outcome = Outcome::Captured;
    Ok(authorized.answer("CAPTURE", now_ms))
}

pub(super) fn reverse(op: &mut Operation<'_>, id: &str, body: &Value) -> Answer {
    let (now_ms, amount) = (op.now_ms, minor(&body["amount"])?);
    let charge = op.transaction(id)?;
    if amount != charge.amount {
        return Err(Refusal::invalid("40214", "partial reversal not supported"));
    }
    if !matches!(charge.status(now_ms), "PREAUTHORIZED" | "CAPTURED") || charge.refunded > 0 {
        return Err(Refusal::invalid("50020", "The transaction cannot be reversed"));
    }
    charge.outcome = Outcome::Reversed;
    Ok(charge.answer("REVERSE", now_ms))
}

pub(super) fn refund(op: &mut Operation<'_>, id: &str, body: &Value) -> Answer {
    let (now_ms, amount) = (op.now_ms, minor(&body["amount"])?);
    let charge = op.transaction(id)?;
    if charge.kind != Kind::Sale || charge.outcome != Outcome::Captured {
        return Err(Refusal::invalid("50020", "The transaction cannot be refunded"));
    }
    if (charge.refunded + amount) * 100 > charge.amount * REFUND_MAX_PERCENT {
        return Err(Refusal::invalid("40087", "You may only refund up to 115% of the original amount "));
    }
    charge.refunded += amount;
    let made = Transaction {
        id: minted("TRN"),
        kind: Kind::Refund,
        amount,
        refunded: 0,
        reference: minted("REF"),
        parent: Some(charge.id.clone()),
        link: None,
        created_ms: now_ms,
        ..charge.clone()
    };
    let answer = made.answer("REFUND", now_ms);
    op.account.transactions.push(made);
    Ok(answer)
}
