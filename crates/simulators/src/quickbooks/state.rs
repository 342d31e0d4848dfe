//! The books as `GET /control/state/qbo` shows them, and the edits that tests make behind the portal's back.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::call::Operation;
use super::document::{Document, Link};
use super::kind::Kind;
use super::news::{Envelope, Event};
use super::refusal::Refusal;
use super::{Books, removal, wire, writes};
use crate::amounts::money;
use crate::disturb::News;
use crate::faults::{Call, Caller, Vendor};
use crate::query::Query;
use crate::{Shared, facts};

impl Books {
    /// `{"invoices","payments","credit_notes","allocations"}` (`demo.md`), refunds, expenses, and the count of token
    /// refreshes. A payment stands here once for each invoice that it pays, and once more for what it pays of none.
    pub fn state(&self) -> Value {
        let of = |kind| self.all(kind).map(|document| self.sale_state(document)).collect::<Vec<Value>>();
        let (mut payments, mut allocations) = (Vec::new(), Vec::new());
        for payment in self.all(Kind::Payment) {
            let (received, applied) = shares(payment);
            payments.extend(received.into_iter().map(|(link, minor)| self.payment_state(payment, link, minor)));
            allocations.extend(applied.into_iter().map(|(credit, debt, minor)| {
                json!({ "payment_id": payment.id.to_string(), "credit_note": self.number(credit),
                    "invoice": self.number(debt), "amount_minor": minor })
            }));
        }
        json!({
            "invoices": of(Kind::Invoice), "payments": payments, "credit_notes": of(Kind::CreditMemo),
            "allocations": allocations, "refunds": of(Kind::RefundReceipt), "expenses": of(Kind::Purchase),
            "token_refreshes": self.grants.refreshes,
        })
    }

    fn sale_state(&self, sale: &Document) -> Value {
        let status = match sale.open_minor() {
            _ if sale.is_voided() => "VOIDED",
            0 => "PAID",
            _ => "OPEN",
        };
        json!({
            "id": sale.id.to_string(), "number": sale.text("DocNumber"), "customer": self.customer_of(sale), "status": status,
            "currency": facts::SOUTHERN.currency, "amount_minor": sale.total_minor, "paid_minor": sale.linked_minor(),
            "due_minor": sale.open_minor(), "date": sale.text("TxnDate"), "due_date": sale.fields.get("DueDate"),
            "reference": sale.fields.get("PaymentRefNum").or_else(|| sale.fields.get("PrivateNote")),
        })
    }

    fn payment_state(&self, payment: &Document, link: Option<Link>, minor: i64) -> Value {
        json!({
            "id": payment.id.to_string(), "invoice": link.and_then(|link| self.number(link)),
            "invoice_id": link.map(|link| link.id.to_string()), "customer": self.customer_of(payment),
            "account": wire::reference(&payment.fields, "DepositToAccountRef"), "amount_minor": minor,
            "date": payment.text("TxnDate"), "reference": payment.text("PaymentRefNum"),
            "status": if payment.is_voided() { "VOIDED" } else { "AUTHORISED" }, "deposited": payment.deposit.is_some(),
        })
    }

    fn number(&self, link: Link) -> Option<&str> {
        Some(self.get(link.kind, link.id)?.text("DocNumber"))
    }

    pub fn customer_of(&self, document: &Document) -> &str {
        let customer = document.refers_to("CustomerRef").and_then(|id| self.get(Kind::Customer, id));
        customer.map_or("", Document::label)
    }
}

/// What each invoice got of the money (and what none did), and of which credit.
type Shares = (Vec<(Option<Link>, i64)>, Vec<(Link, Link, i64)>);

/// Credits are used up first, invoice by invoice; the money pays the rest.
fn shares(payment: &Document) -> Shares {
    let (mut credits, debts): (Vec<Link>, Vec<Link>) =
        payment.payment_links().into_iter().partition(|it| it.is_credit());
    let (mut received, mut applied) = (Vec::new(), Vec::new());
    for debt in debts {
        let mut left = debt.minor;
        for credit in &mut credits {
            let minor = credit.minor.min(left);
            if minor > 0 {
                applied.push((*credit, debt, minor));
                credit.minor -= minor;
                left -= minor;
            }
        }
        if left > 0 {
            received.push((Some(debt), left));
        }
    }
    let unapplied = payment.unapplied_minor();
    if unapplied > 0 || payment.is_voided() {
        received.push((None, unapplied));
    }
    (received, applied)
}

/// An edit of one invoice by somebody in QuickBooks.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Edit {
    number: String,
    /// Pays so much by bank transfer, in minor units.
    pay_minor: Option<i64>,
    /// Changes the lines so that so much is due, in minor units.
    amount_due_minor: Option<i64>,
    #[serde(default)]
    void: bool,
    #[serde(default)]
    delete: bool,
}

/// What somebody in QuickBooks does with one payment.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct PaymentEdit {
    id: String,
    /// Puts it into a bank deposit, or takes it out of one.
    deposited: Option<bool>,
    reference: Option<String>,
}

/// What its owner does with the company.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct CompanyEdit {
    webhooks: Option<Envelope>,
    trouble: Option<Trouble>,
}

/// Why the company answers nobody.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Trouble {
    #[default]
    None,
    /// The user who connected it left (120).
    AccessLost,
    /// Nobody pays for it any more (6190).
    SubscriptionEnded,
}

#[derive(Debug, thiserror::Error)]
pub(crate) enum EditError {
    #[error("there is no invoice of that number")]
    NoSuchInvoice,
    #[error("there is no payment with that id")]
    NoSuchPayment,
    #[error("the books refuse it: {}", .0.fault())]
    Refused(Refusal),
}

impl From<Refusal> for EditError {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

/// What an edit leaves: the record as it is now, unless it is gone, and the news of it.
type Edited = Result<(Option<Value>, Option<News>), EditError>;

impl Books {
    /// Applies the edit by the books' own rules; answers the invoice.
    pub fn edit(&mut self, shared: &Shared, edit: &Edit) -> Edited {
        let id = self.invoice_numbered(&edit.number).ok_or(EditError::NoSuchInvoice)?.id;
        let (events, view) = self.by_hand(shared, |op| {
            if let Some(minor) = edit.pay_minor {
                let body = payment_body(op, id, minor)?;
                writes::write(op, Kind::Payment, &body)?;
            }
            if let Some(minor) = edit.amount_due_minor {
                let invoice = op.books.get(Kind::Invoice, id).ok_or(EditError::NoSuchInvoice)?;
                let line = json!({ "Amount": money(invoice.linked_minor() + minor), "Description": "As agreed",
                    "DetailType": "SalesItemLineDetail", "SalesItemLineDetail": {} });
                let body = with_version(invoice, json!({ "sparse": true, "Line": [line] }));
                writes::write(op, Kind::Invoice, &body)?;
            }
            let version = |op: &Operation<'_>| {
                let invoice = op.books.get(Kind::Invoice, id).ok_or(EditError::NoSuchInvoice)?;
                Ok::<_, EditError>(with_version(invoice, json!({})))
            };
            if edit.void {
                let body = version(op)?;
                removal::void_invoice(op, &body)?;
            }
            if edit.delete {
                let body = version(op)?;
                removal::delete(op, Kind::Invoice, &body)?;
            }
            Ok(op.books.get(Kind::Invoice, id).map(|invoice| invoice.view(op.books)))
        })?;
        Ok((view, self.news(shared, &events)))
    }

    /// Answers the payment.
    pub fn edit_payment(&mut self, shared: &Shared, edit: &PaymentEdit) -> Edited {
        let id = edit.id.parse::<u64>().map_err(|_| EditError::NoSuchPayment)?;
        let (events, view) = self.by_hand(shared, |op| {
            let deposit = op.books.last_transaction + 1;
            let payment = op.books.get_mut(Kind::Payment, id).ok_or(EditError::NoSuchPayment)?;
            if let Some(deposited) = edit.deposited {
                payment.deposit = deposited.then_some(deposit);
            }
            if let Some(reference) = &edit.reference {
                payment.fields.insert("PaymentRefNum".to_owned(), json!(reference));
            }
            op.books.last_transaction = deposit;
            op.touch(Kind::Payment, id);
            Ok(op.books.get(Kind::Payment, id).map(|payment| payment.view(op.books)))
        })?;
        Ok((view, self.news(shared, &events)))
    }

    pub fn edit_company(&mut self, edit: &CompanyEdit) -> Value {
        self.envelope = edit.webhooks.unwrap_or(self.envelope);
        self.trouble = edit.trouble.unwrap_or(self.trouble);
        json!({ "webhooks": self.envelope, "trouble": self.trouble })
    }

    /// A bookkeeper's work is no call of the API, which faults could hit.
    fn by_hand<T>(
        &mut self,
        shared: &Shared,
        work: impl FnOnce(&mut Operation<'_>) -> Result<T, EditError>,
    ) -> Result<(Vec<Event>, T), EditError> {
        let call = Call { vendor: Vendor::Qbo, caller: Caller::Browser, line: "bookkeeper".to_owned() };
        let query = Query::default();
        let mut op = Operation::new(self, shared, &call, &query);
        let done = work(&mut op)?;
        Ok((op.events, done))
    }
}

fn payment_body(op: &Operation<'_>, invoice: u64, minor: i64) -> Result<Value, EditError> {
    let customer = op.books.get(Kind::Invoice, invoice).and_then(|invoice| invoice.fields.get("CustomerRef"));
    let customer = customer.ok_or(EditError::NoSuchInvoice)?;
    Ok(json!({
        "CustomerRef": customer, "TotalAmt": money(minor), "PaymentRefNum": "Bank transfer",
        "DepositToAccountRef": { "value": facts::qbo::BANK_ACCOUNT_ID },
        "Line": [{ "Amount": money(minor),
            "LinkedTxn": [{ "TxnId": invoice.to_string(), "TxnType": Kind::Invoice.link_type() }] }],
    }))
}

fn with_version(document: &Document, mut body: Value) -> Value {
    body["Id"] = json!(document.id.to_string());
    body["SyncToken"] = json!(document.sync_token.to_string());
    body
}
