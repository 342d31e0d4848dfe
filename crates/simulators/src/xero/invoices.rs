//! Invoices: what they are, the status machine, reading. Writing: `invoice_writes.rs`. Source: `wire/accounting.md`, 1.5.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use uuid::Uuid;

use super::call::{Answer, Operation};
use super::lines::{Line, UNIT_PLACES};
use super::refusal::Refusal;
use super::{Books, Payment, bank_transactions, credit_notes, filter, wire};
use crate::seed::{self, stable_id};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub(crate) enum Status {
    Draft,
    Submitted,
    Authorised,
    Paid,
    Voided,
    Deleted,
}

impl Status {
    pub fn named(name: &str) -> Option<Self> {
        serde_json::from_value(json!(name)).ok()
    }

    /// PAID is Xero's to set, and the way back is by deleting the payment.
    pub fn may_become(self, next: Self) -> bool {
        use Status::{Authorised, Deleted, Draft, Submitted, Voided};
        self == next
            || matches!(
                (self, next),
                (Draft, Submitted | Authorised | Deleted)
                    | (Submitted, Authorised | Draft | Deleted)
                    | (Authorised, Voided)
            )
    }
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Invoice {
    pub id: Uuid,
    pub number: String,
    /// `ACCREC` (sales) or `ACCPAY`.
    pub kind: String,
    pub status: Status,
    pub contact: Uuid,
    pub reference: String,
    pub date: NaiveDate,
    pub due_date: NaiveDate,
    pub currency: String,
    pub line_amount_types: String,
    pub lines: Vec<Line>,
    pub url: Option<String>,
    pub branding_theme: Option<String>,
    pub paid_minor: i64,
    /// Paid with over-payments and prepayments.
    #[serde(default)]
    pub credited_minor: i64,
    pub fully_paid_on: Option<NaiveDate>,
    pub sent: bool,
    pub updated_ms: i64,
    /// The app that created it, for `createdByMyApp`.
    pub app: Option<String>,
}

impl Invoice {
    pub fn seeded(seeded: &seed::Invoice, contact: Uuid) -> Self {
        let lines = seeded.lines.iter().enumerate().map(|(at, line)| {
            let id = stable_id("line", &format!("{}/{at}", seeded.number));
            Line::plain(id, line.description, line.quantity, line.unit_minor)
        });
        Self {
            id: stable_id("invoice", &seeded.number),
            number: seeded.number.clone(),
            kind: "ACCREC".to_owned(),
            status: Status::Authorised,
            contact,
            reference: String::new(),
            date: seeded.issued,
            due_date: seeded.due,
            currency: crate::facts::NORTHWIND.currency.to_owned(),
            line_amount_types: "NoTax".to_owned(),
            lines: lines.collect(),
            url: None,
            branding_theme: None,
            paid_minor: 0,
            credited_minor: 0,
            fully_paid_on: None,
            sent: true,
            updated_ms: wire::day_ms(seeded.issued),
            app: None,
        }
    }

    fn tax_minor(&self) -> i64 {
        self.lines.iter().map(|line| line.tax_minor).sum()
    }

    pub fn total_minor(&self) -> i64 {
        let lines: i64 = self.lines.iter().map(|line| line.amount_minor).sum();
        if self.line_amount_types == "Exclusive" { lines + self.tax_minor() } else { lines }
    }

    /// Nothing is due on what was voided or deleted.
    pub fn due_minor(&self) -> i64 {
        match self.status {
            Status::Voided | Status::Deleted => 0,
            _ => self.total_minor() - self.paid_minor - self.credited_minor,
        }
    }

    /// Counts among what its contact owes.
    pub fn is_receivable(&self) -> bool {
        self.kind == "ACCREC" && self.status == Status::Authorised
    }

    /// Something was paid on it, or allocated to it.
    pub fn is_settled_in_part(&self) -> bool {
        self.paid_minor > 0 || self.credited_minor > 0
    }

    /// Takes the sums of the standing payments and of what was allocated in; PAID when nothing is left, AUTHORISED again when
    /// something is.
    pub fn settle(&mut self, paid_minor: i64, credited_minor: i64, last: Option<NaiveDate>) {
        (self.paid_minor, self.credited_minor) = (paid_minor, credited_minor);
        let left = self.total_minor() - paid_minor - credited_minor;
        match self.status {
            Status::Authorised if left == 0 && paid_minor + credited_minor > 0 => {
                self.status = Status::Paid;
                self.fully_paid_on = last;
            }
            Status::Paid if left != 0 => {
                self.status = Status::Authorised;
                self.fully_paid_on = None;
            }
            _ => {}
        }
    }

    /// What was paid in part is not changed by it (1.1).
    fn mark_sent(&mut self, now_ms: i64) {
        self.sent = true;
        if !self.is_settled_in_part() {
            self.updated_ms = now_ms;
        }
    }

    /// The document; `full` with its lines (as when read singly or paged).
    pub fn view(&self, books: &Books, full: bool) -> Value {
        self.view_to(books, full, UNIT_PLACES)
    }

    pub fn view_to(&self, books: &Books, full: bool, unit_places: u32) -> Value {
        let mut view = self.brief(books);
        let payments: Vec<Value> = books.standing_payments(self.id).map(Payment::within_invoice).collect();
        view["Payments"] = json!(payments);
        bank_transactions::put_within(books, self.id, &mut view);
        view["CreditNotes"] = credit_notes::within(books, self.id);
        if full {
            view["LineItems"] = self.lines.iter().map(|line| line.view_to(unit_places)).collect();
        }
        view
    }

    /// Without lines and payments: `summaryOnly`, and the copy within a payment.
    pub fn brief(&self, books: &Books) -> Value {
        let total = self.total_minor();
        let tax = self.tax_minor();
        let sub_total = if self.line_amount_types == "NoTax" { total } else { total - tax };
        let mut view = json!({
            "Type": self.kind, "InvoiceID": self.id, "InvoiceNumber": self.number, "Reference": self.reference,
            "CreditNotes": [], "Prepayments": [], "Overpayments": [], "AmountDue": wire::money(self.due_minor()),
            "AmountPaid": wire::money(self.paid_minor), "AmountCredited": wire::money(self.credited_minor), "SentToContact": self.sent,
            "CurrencyRate": wire::one_to_one(), "IsDiscounted": false,
            "HasAttachments": false, "HasErrors": false, "Contact": books.contacts.get(&self.contact).map(super::contacts::Contact::brief),
            "DateString": wire::day_string(self.date), "Date": wire::day(self.date),
            "DueDateString": wire::day_string(self.due_date), "DueDate": wire::day(self.due_date),
            "Status": self.status, "LineAmountTypes": self.line_amount_types, "SubTotal": wire::money(sub_total),
            "TotalTax": wire::money(tax), "Total": wire::money(total),
            "UpdatedDateUTC": wire::instant(self.updated_ms), "UpdatedDateUTCString": wire::instant_string(self.updated_ms),
            "CurrencyCode": self.currency,
        });
        if let Some(day) = self.fully_paid_on {
            view["FullyPaidOnDate"] = wire::day(day);
        }
        if let Some(url) = &self.url {
            view["Url"] = json!(url);
        }
        if let Some(theme) = &self.branding_theme {
            view["BrandingThemeID"] = json!(theme);
        }
        view
    }
}

impl Books {
    /// An invoice by id or by number.
    pub fn invoice_named(&self, key: &str) -> Option<&Invoice> {
        match key.parse::<Uuid>() {
            Ok(id) => self.invoices.get(&id),
            Err(_) => self.invoices.values().find(|invoice| invoice.number == key),
        }
    }

    pub fn next_number(&self) -> String {
        let numbers =
            self.invoices.values().filter_map(|invoice| invoice.number.strip_prefix("INV-")?.parse::<u32>().ok());
        format!("INV-{}", numbers.max().unwrap_or_default() + 1)
    }
}

pub(crate) fn list(op: &Operation<'_>) -> Answer {
    let query = op.query;
    let (ids, numbers, statuses) = (query.list("ids"), query.list("invoicenumbers"), query.list("statuses"));
    let contacts = query.list("contactids");
    let search = query.text("searchterm").map(str::to_lowercase);
    let has = |invoice: &Invoice, word: &str| {
        [&invoice.number, &invoice.reference].into_iter().any(|text| text.to_lowercase().contains(word))
    };
    let summary = query.flag("summaryonly");
    let paged = query.number("page").is_some();
    let among = |list: &Option<Vec<String>>, value: &str| {
        list.as_ref().is_none_or(|list| list.contains(&value.to_ascii_lowercase()))
    };
    let kept = op.books.invoices.values().filter(|invoice| {
        op.since_ms.is_none_or(|since| invoice.updated_ms >= since)
            && among(&ids, &invoice.id.to_string())
            && among(&numbers, &invoice.number)
            && among(&contacts, &invoice.contact.to_string())
            && search.as_ref().is_none_or(|word| has(invoice, word))
            && (statuses.is_none() || among(&statuses, json!(invoice.status).as_str().unwrap_or_default()))
            && (!query.flag("createdbymyapp") || invoice.app.as_deref() == Some(op.client))
    });
    let places = op.unit_places();
    let show =
        |invoice: &Invoice| if summary { invoice.brief(op.books) } else { invoice.view_to(op.books, paged, places) };
    filter::answer(kept.map(show).collect(), "Invoices", "InvoiceID", query, summary)
}

pub(crate) fn one(op: &Operation<'_>, key: &str) -> Answer {
    let invoice = op.books.invoice_named(key).ok_or(Refusal::NotFound)?;
    Ok(json!({ "Invoices": [invoice.view_to(op.books, true, op.unit_places())] }))
}

/// `POST /Invoices/{id}/Email` has no answer but 204.
pub(crate) fn email(op: &mut Operation<'_>, key: &str) -> Answer {
    let invoice = op.books.invoice_named(key).ok_or(Refusal::NotFound)?;
    let contact = op.books.contacts.get(&invoice.contact);
    let can_be_sent =
        invoice.kind == "ACCREC" && matches!(invoice.status, Status::Submitted | Status::Authorised | Status::Paid);
    if !can_be_sent || contact.is_none_or(|contact| contact.email.is_none()) {
        let why = "The invoice must be approved, and its contact must have an e-mail address".to_owned();
        return Err(Refusal::of(&json!({ "InvoiceID": invoice.id }), &[why]));
    }
    let (id, now_ms) = (invoice.id, op.now_ms);
    if let Some(invoice) = op.books.invoices.get_mut(&id) {
        invoice.mark_sent(now_ms);
    }
    op.happened("INVOICE", id, true);
    Ok(Value::Null)
}

pub(crate) fn online(op: &Operation<'_>, key: &str) -> Answer {
    let invoice = op.books.invoice_named(key).ok_or(Refusal::NotFound)?;
    if invoice.kind != "ACCREC" || matches!(invoice.status, Status::Draft | Status::Submitted) {
        return Err(Refusal::NotFound);
    }
    let url = format!("{}/xero/invoice/{}", op.shared.options.public_url, invoice.number);
    Ok(json!({ "OnlineInvoices": [{ "OnlineInvoiceUrl": url }] }))
}

#[cfg(test)]
mod tests {
    use super::Status::{self, Authorised, Deleted, Draft, Paid, Submitted, Voided};

    #[test]
    fn every_move_of_the_status_machine() {
        let all = [Draft, Submitted, Authorised, Paid, Voided, Deleted];
        let allowed = [
            (Draft, Submitted),
            (Draft, Authorised),
            (Draft, Deleted),
            (Submitted, Authorised),
            (Submitted, Draft),
            (Submitted, Deleted),
            (Authorised, Voided),
        ];
        for from in all {
            for to in all {
                let expected = from == to || allowed.contains(&(from, to));
                assert_eq!(Status::may_become(from, to), expected, "{from:?} to {to:?}");
            }
        }
    }
}
