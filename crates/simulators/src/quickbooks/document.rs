//! A record of any kind: what was written of it, its version, what payments have taken of it, and how it goes out.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::kind::{Kind, READ_ONLY};
use super::{Books, wire};
use crate::amounts::{cents, money};
use crate::facts;

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Document {
    pub kind: Kind,
    pub id: u64,
    pub sync_token: u64,
    pub created_ms: i64,
    pub updated_ms: i64,
    /// What was written, made regular: nothing that is worked out.
    pub fields: Map<String, Value>,
    pub total_minor: i64,
    pub tax_minor: i64,
    /// What each payment has taken of it.
    pub links: BTreeMap<u64, i64>,
    /// The bank deposit that a payment is part of.
    pub deposit: Option<u64>,
}

/// One document that a payment is linked with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Link {
    pub kind: Kind,
    pub id: u64,
    pub minor: i64,
}

impl Link {
    /// Gives instead of taking: the payment is made with it.
    pub fn is_credit(self) -> bool {
        self.kind == Kind::CreditMemo
    }
}

impl Document {
    pub fn new(kind: Kind, id: u64, now_ms: i64) -> Self {
        Self {
            kind,
            id,
            sync_token: 0,
            created_ms: now_ms,
            updated_ms: now_ms,
            fields: Map::new(),
            total_minor: 0,
            tax_minor: 0,
            links: BTreeMap::new(),
            deposit: None,
        }
    }

    /// Takes over what was sent: with `sparse` in place of the members of that name, else in place of everything that can
    /// be written. An empty text clears.
    pub fn take(&mut self, sent: &Map<String, Value>, sparse: bool) {
        if !sparse {
            self.fields.clear();
        }
        for (name, value) in sent {
            let worked_out = READ_ONLY.contains(&name.as_str());
            match value {
                _ if worked_out && !(self.kind == Kind::Payment && name == "TotalAmt") => {}
                Value::String(text) if text.is_empty() => {
                    self.fields.remove(name);
                }
                value => {
                    self.fields.insert(name.clone(), value.clone());
                }
            }
        }
    }

    pub fn text(&self, name: &str) -> &str {
        self.fields.get(name).and_then(Value::as_str).unwrap_or_default()
    }

    /// The name that references to it carry.
    pub fn label(&self) -> &str {
        self.text(self.kind.unique_name().unwrap_or("Name"))
    }

    /// The id behind one of its references.
    pub fn refers_to(&self, name: &str) -> Option<u64> {
        wire::reference(&self.fields, name)?.parse().ok()
    }

    pub fn is_active(&self) -> bool {
        self.fields.get("Active").and_then(Value::as_bool) != Some(false)
    }

    pub fn is_voided(&self) -> bool {
        self.text("PrivateNote").starts_with("Voided")
    }

    pub fn linked_minor(&self) -> i64 {
        self.links.values().sum()
    }

    /// What is due of an invoice, left of a credit memo.
    pub fn open_minor(&self) -> i64 {
        self.total_minor - self.linked_minor()
    }

    pub fn lines(&self) -> impl Iterator<Item = &Value> {
        self.fields.get("Line").and_then(Value::as_array).into_iter().flatten()
    }

    /// What a payment is linked with, each document once.
    pub fn payment_links(&self) -> Vec<Link> {
        let mut links: Vec<Link> = Vec::new();
        for line in self.lines() {
            let minor = wire::read_amount(&line["Amount"]).and_then(cents).unwrap_or_default();
            for linked in line["LinkedTxn"].as_array().into_iter().flatten() {
                let kind = linked["TxnType"].as_str().and_then(link_kind);
                let id = linked["TxnId"].as_str().and_then(|id| id.parse().ok());
                let (Some(kind), Some(id)) = (kind, id) else { continue };
                match links.iter_mut().find(|link| (link.kind, link.id) == (kind, id)) {
                    Some(link) => link.minor += minor,
                    None => links.push(Link { kind, id, minor }),
                }
            }
        }
        links
    }

    /// `TotalAmt` and the credits of a payment that no document has taken.
    pub fn unapplied_minor(&self) -> i64 {
        let taken = |link: &Link| if link.is_credit() { -link.minor } else { link.minor };
        self.total_minor - self.payment_links().iter().map(taken).sum::<i64>()
    }

    /// The whole document, as reads, queries and writes answer it.
    pub fn view(&self, books: &Books) -> Value {
        let mut view = Value::Object(self.fields.clone());
        view["Id"] = json!(self.id.to_string());
        view["SyncToken"] = json!(self.sync_token.to_string());
        view["MetaData"] = json!({
            "CreateTime": wire::instant(self.created_ms), "LastUpdatedTime": wire::instant(self.updated_ms),
        });
        view["domain"] = json!("QBO");
        view["sparse"] = json!(false);
        if self.kind.is_transaction() || self.kind == Kind::Customer {
            view["CurrencyRef"] = json!({ "value": facts::SOUTHERN.currency, "name": "Australian Dollar" });
        }
        match self.kind {
            Kind::Customer => self.add_balances(&mut view, books),
            Kind::Payment => self.add_payment(&mut view),
            kind if kind.is_sale() => self.add_sale(&mut view, books),
            Kind::Purchase => view["TotalAmt"] = money(self.total_minor),
            kind if kind.is_listed() && !self.fields.contains_key("Active") => view["Active"] = json!(true),
            _ => {}
        }
        view
    }

    fn add_balances(&self, view: &mut Value, books: &Books) {
        let name = self.label();
        let parent = self.refers_to("ParentRef").and_then(|id| books.get(Kind::Customer, id));
        let own = books.balance_minor(self.id);
        let jobs = books.all(Kind::Customer).filter(|other| other.refers_to("ParentRef") == Some(self.id));
        let of_jobs: i64 = jobs.map(|job| books.balance_minor(job.id)).sum();
        view["FullyQualifiedName"] =
            json!(parent.map_or_else(|| name.to_owned(), |parent| format!("{}:{name}", parent.label())));
        view["Job"] = json!(parent.is_some());
        view["Active"] = json!(self.is_active());
        view["Balance"] = money(own);
        view["BalanceWithJobs"] = money(own + of_jobs);
    }

    fn add_payment(&self, view: &mut Value) {
        view["TotalAmt"] = money(self.total_minor);
        view["UnappliedAmt"] = money(self.unapplied_minor());
        view["ProcessPayment"] = json!(false);
        if let Some(deposit) = self.deposit {
            view["LinkedTxn"] = json!([{ "TxnId": deposit.to_string(), "TxnType": "Deposit" }]);
        }
    }

    fn add_sale(&self, view: &mut Value, books: &Books) {
        view["TotalAmt"] = money(self.total_minor);
        view["TxnTaxDetail"] = json!({ "TotalTax": money(self.tax_minor) });
        let is_inclusive = self.text("GlobalTaxCalculation") == "TaxInclusive";
        let before_tax = if is_inclusive { self.total_minor } else { self.total_minor - self.tax_minor };
        if let Some(lines) = view["Line"].as_array_mut() {
            lines.push(
                json!({ "Amount": money(before_tax), "DetailType": "SubTotalLineDetail", "SubTotalLineDetail": {} }),
            );
        }
        if self.kind == Kind::RefundReceipt {
            return;
        }
        view["Balance"] = money(self.open_minor());
        if self.kind == Kind::CreditMemo {
            view["RemainingCredit"] = money(self.open_minor());
            return;
        }
        let linked = self.links.keys().filter(|payment| books.get(Kind::Payment, **payment).is_some());
        view["LinkedTxn"] =
            linked.map(|payment| json!({ "TxnId": payment.to_string(), "TxnType": "Payment" })).collect();
    }
}

/// The kinds that a payment can be linked with here; journal entries, checks and card credits are not built.
pub(crate) fn link_kind(name: &str) -> Option<Kind> {
    [Kind::Invoice, Kind::CreditMemo, Kind::Purchase].into_iter().find(|kind| kind.link_type() == name)
}
