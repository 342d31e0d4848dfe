//! Links (`wire/gateways.md`, 5.2; fields and statuses: the Java SDK's `PayByLinkService`): each opens a page of the
//! vendor's that takes as many payments as it allows. Its transactions carry its reference.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::refusal::Refusal;
use super::transactions::{minor, text};
use super::{Answer, Operation, action, minted, moment};
use crate::facts;
use crate::faults::Vendor;

pub(super) const ACCOUNT: &str = facts::globalpayments::LINK_ACCOUNT_NAME;

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Link {
    pub id: String,
    pub reference: String,
    pub name: String,
    pub description: String,
    usage_mode: String,
    usage_limit: u64,
    pub amount: i64,
    pub currency: String,
    pub country: String,
    pub return_url: String,
    pub cancel_url: String,
    /// The last day.
    expires: String,
    is_inactive: bool,
    created_ms: i64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Status {
    Active,
    Inactive,
    Expired,
    Paid,
}

impl Status {
    fn name(self) -> &'static str {
        match self {
            Self::Active => "ACTIVE",
            Self::Inactive => "INACTIVE",
            Self::Expired => "EXPIRED",
            Self::Paid => "PAID",
        }
    }
}

impl Operation<'_> {
    pub(super) fn status_of(&self, link: &Link) -> Status {
        let tries = self.account.transactions.iter().filter(|it| it.link.as_deref() == Some(link.id.as_str()));
        let used = tries.filter(|it| it.is_approved()).count() as u64;
        if used >= link.usage_limit {
            Status::Paid
        } else if link.is_inactive {
            Status::Inactive
        } else if link.expires.as_str() < &moment(self.now_ms)[..10] {
            Status::Expired
        } else {
            Status::Active
        }
    }

    pub(super) fn link(&self, id: &str) -> Result<Link, Refusal> {
        let unknown = || Refusal::not_found(format!("Links {id} not found at this /ucp/links/{id}"));
        self.account.links.get(id).cloned().ok_or_else(unknown)
    }

    fn view(&self, link: &Link, action_kind: &str) -> Value {
        let tries = self.account.transactions.iter().filter(|it| it.link.as_deref() == Some(link.id.as_str()));
        let tries: Vec<Value> = tries.map(|it| it.summary(self.now_ms)).collect();
        let url = format!("{}/globalpayments/pay/{}", self.shared.options.public_url, link.id);
        json!({
            "id": link.id, "time_created": moment(link.created_ms), "status": self.status_of(link).name(), "type": "PAYMENT",
            "account_name": ACCOUNT, "url": url, "usage_mode": link.usage_mode, "usage_limit": link.usage_limit.to_string(),
            "usage_count": tries.len().to_string(), "reference": link.reference, "name": link.name,
            "description": link.description, "shippable": "NO", "expiration_date": link.expires,
            "transactions": { "amount": link.amount.to_string(), "channel": "CNP", "currency": link.currency,
                "country": link.country, "allowed_payment_methods": ["CARD"], "transaction_list": tries },
            "action": action(action_kind, self.now_ms, "SUCCESS"),
        })
    }
}

pub(super) fn create(op: &mut Operation<'_>, body: &Value) -> Answer {
    if text(body, "/account_name")? != ACCOUNT || text(body, "/type")? != "PAYMENT" {
        return Err(Refusal::invalid("40213", "account_name or type contains unexpected data"));
    }
    if body.pointer("/transactions/allowed_payment_methods") != Some(&json!(["CARD"])) {
        return Err(Refusal::missing("transactions.allowed_payment_methods"));
    }
    let owned = |field: &str| text(body, field).map(str::to_owned);
    let link = Link {
        id: minted("LNK"),
        reference: owned("/reference")?,
        name: owned("/name")?,
        description: owned("/description")?,
        usage_mode: owned("/usage_mode")?,
        usage_limit: body["usage_limit"].as_u64().ok_or_else(|| Refusal::missing("usage_limit"))?,
        amount: minor(&body["transactions"]["amount"])?,
        currency: owned("/transactions/currency")?,
        country: owned("/transactions/country")?,
        return_url: owned("/notifications/return_url")?,
        cancel_url: owned("/notifications/cancel_url")?,
        expires: owned("/expiration_date")?,
        is_inactive: false,
        created_ms: op.now_ms,
    };
    // What comes of it is told there.
    let status_url = text(body, "/notifications/status_url")?;
    op.shared.webhooks.register(Vendor::GlobalPayments, status_url, facts::globalpayments::PORTAL_APP_KEY);
    let answer = op.view(&link, "LINK_CREATE");
    op.account.links.insert(link.id.clone(), link);
    Ok(answer)
}

pub(super) fn retrieve(op: &Operation<'_>, id: &str) -> Answer {
    Ok(op.view(&op.link(id)?, "LINK_SINGLE"))
}

pub(super) fn edit(op: &mut Operation<'_>, id: &str, body: &Value) -> Answer {
    let mut link = op.link(id)?;
    link.name = text(body, "/name")?.to_owned();
    match text(body, "/status")? {
        "INACTIVE" if op.status_of(&link) == Status::Active => link.is_inactive = true,
        "INACTIVE" => return Err(Refusal::invalid("40213", "status contains unexpected data")),
        _ => return Err(Refusal::invalid("40213", "another change than to INACTIVE is not built")),
    }
    op.account.links.insert(link.id.clone(), link.clone());
    Ok(op.view(&link, "LINK_EDIT"))
}
