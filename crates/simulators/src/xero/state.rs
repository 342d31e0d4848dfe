//! The books as `GET /control/state/xero` shows them, and the edits that tests make behind the portal's back (F16).

use chrono::NaiveDate;
use serde::Deserialize;
use serde_json::{Value, json};
use uuid::Uuid;

use super::invoices::Status;
use super::lines::Line;
use super::payments::{self, Payment};
use super::{Books, bank_transactions};
use crate::clock::Clock;
use crate::disturb::News;
use crate::faults::Vendor;
use crate::random::random_bytes;
use crate::{Shared, facts};

impl Books {
    /// `{"invoices","payments","credit_notes","allocations"}` (`demo.md`), the advances, and the count of token refreshes.
    pub fn state(&self) -> Value {
        let name = |id: &Uuid| self.contacts.get(id).map(|contact| contact.name.as_str());
        let number = |id: &Uuid| self.invoices.get(id).map(|invoice| invoice.number.as_str());
        let notes = |id: &Uuid| {
            let notes = self.notes.get(id).into_iter().flatten();
            notes.map(|note| note.details.as_str()).collect::<Vec<_>>()
        };
        let invoices: Vec<Value> = self
            .invoices
            .values()
            .map(|invoice| {
                json!({
                    "id": invoice.id, "number": invoice.number, "customer": name(&invoice.contact),
                    "status": invoice.status, "currency": invoice.currency, "amount_minor": invoice.total_minor(),
                    "paid_minor": invoice.paid_minor, "due_minor": invoice.due_minor(), "date": invoice.date,
                    "due_date": invoice.due_date, "reference": invoice.reference, "notes": notes(&invoice.id),
                })
            })
            .collect();
        let payments: Vec<Value> = self
            .payments
            .values()
            .map(|payment| {
                json!({
                    "id": payment.id, "invoice": number(&payment.invoice), "invoice_id": payment.invoice,
                    "credit_note": self.credit_notes.get(&payment.invoice).map(|note| note.number.as_str()),
                    "account_code": payment.account_code, "amount_minor": payment.amount_minor, "date": payment.date,
                    "reference": payment.reference, "status": payment.status,
                })
            })
            .collect();
        let credit_notes: Vec<Value> = self
            .credit_notes
            .values()
            .map(|note| {
                json!({
                    "id": note.id, "number": note.number, "status": note.status, "amount_minor": note.total_minor(),
                    "paid_minor": note.paid_minor, "remaining_minor": note.remaining_minor(), "date": note.date,
                    "reference": note.reference,
                })
            })
            .collect();
        let advances: Vec<Value> =
            self.bank_transactions.values().map(bank_transactions::BankTransaction::state).collect();
        let of_advances = self.bank_transactions.values().flat_map(|credit| &credit.allocations);
        let of_advances = of_advances.map(|part| (None::<&str>, part));
        let of_notes = self
            .credit_notes
            .values()
            .flat_map(|note| note.allocations.iter().map(move |part| (Some(note.number.as_str()), part)));
        let allocations: Vec<Value> = of_advances
            .chain(of_notes)
            .map(|(note, part)| {
                json!({ "credit_note": note, "invoice": number(&part.invoice), "amount_minor": part.amount_minor })
            })
            .collect();
        json!({
            "invoices": invoices, "payments": payments, "credit_notes": credit_notes, "advances": advances,
            "allocations": allocations,
            "token_refreshes": self.grants.refreshes,
        })
    }
}

/// An edit of one invoice by somebody in Xero.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Edit {
    pub number: String,
    /// Pays so much by bank transfer, in minor units.
    pub pay_minor: Option<i64>,
    /// Changes the lines so that so much is due, in minor units.
    pub amount_due_minor: Option<i64>,
    /// `VOIDED`, `DRAFT` or `AUTHORISED`.
    pub status: Option<Status>,
}

/// What somebody in Xero does with one payment, or in place of it: payments are not edited there.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct PaymentEdit {
    id: Uuid,
    /// Matches it with a line of the bank statement, or undoes that.
    reconciled: Option<bool>,
    reference: Option<String>,
}

/// What its owner does with the organisation.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct OrganisationEdit {
    period_lock_date: Option<NaiveDate>,
    end_of_year_lock_date: Option<NaiveDate>,
}

#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub(crate) enum EditError {
    #[error("there is no invoice of that number")]
    NoSuchInvoice,
    #[error("there is no payment with that id")]
    NoSuchPayment,
    #[error("pay_minor must be from 1 to what is due")]
    Amount,
    #[error("amount_due_minor must be 0 or more")]
    NegativeDue,
    #[error("status may be VOIDED, DRAFT or AUTHORISED; PAID comes from a payment")]
    Status,
}

impl Books {
    /// Applies the edit and moves UpdatedDateUTC; answers the invoice's id. An edit need not keep Xero's own rules of
    /// who may change what: it stands for whatever a bookkeeper did.
    pub fn edit(&mut self, edit: &Edit, clock: &Clock) -> Result<Uuid, EditError> {
        let invoice = self.invoice_named(&edit.number).ok_or(EditError::NoSuchInvoice)?;
        let (id, paid_minor) = (invoice.id, invoice.paid_minor);
        if edit.pay_minor.is_some_and(|pay| !(1..=invoice.due_minor()).contains(&pay)) {
            return Err(EditError::Amount);
        }
        if edit.amount_due_minor.is_some_and(|due| due < 0) {
            return Err(EditError::NegativeDue);
        }
        if !matches!(edit.status, None | Some(Status::Voided | Status::Draft | Status::Authorised)) {
            return Err(EditError::Status);
        }
        let now_ms = clock.now_ms();
        if let Some(invoice) = self.invoices.get_mut(&id) {
            invoice.status = edit.status.unwrap_or(invoice.status);
            if let Some(due) = edit.amount_due_minor {
                let line = uuid::Builder::from_random_bytes(random_bytes()).into_uuid();
                invoice.lines = vec![Line::plain(line, "As agreed", 1, paid_minor + due)];
            }
        }
        if let Some(amount_minor) = edit.pay_minor {
            let payment = Payment {
                id: uuid::Builder::from_random_bytes(random_bytes()).into_uuid(),
                invoice: id,
                account_code: facts::xero::BANK_ACCOUNT_CODE.to_owned(),
                date: clock.today(),
                amount_minor,
                reference: "Bank transfer".to_owned(),
                status: payments::Status::Authorised,
                reconciled: true,
                updated_ms: now_ms,
            };
            self.add_payment(payment);
        }
        self.recompute(id, now_ms);
        Ok(id)
    }

    /// Answers the payment.
    pub fn edit_payment(&mut self, edit: PaymentEdit, clock: &Clock) -> Result<Value, EditError> {
        let payment = self.payments.get_mut(&edit.id).ok_or(EditError::NoSuchPayment)?;
        payment.reconciled = edit.reconciled.unwrap_or(payment.reconciled);
        if let Some(reference) = edit.reference {
            payment.reference = reference;
        }
        payment.updated_ms = clock.now_ms();
        let payment = payment.clone();
        Ok(payment.view(self))
    }

    pub fn edit_organisation(&mut self, edit: &OrganisationEdit) -> Value {
        (self.period_lock, self.year_lock) = (edit.period_lock_date, edit.end_of_year_lock_date);
        json!({ "period_lock_date": self.period_lock, "end_of_year_lock_date": self.year_lock })
    }

    /// One webhook delivery (`wire/accounting.md`, 1.12); none when nobody listens.
    pub fn news(&mut self, shared: &Shared, category: &'static str, resource: Uuid, known: bool) -> Option<News> {
        if shared.webhooks.count(Vendor::Xero) == 0 {
            return None;
        }
        self.sequence += 1;
        let plural = match category {
            "CONTACT" => "Contacts",
            "CREDITNOTE" => "CreditNotes",
            "OVERPAYMENT" => "Overpayments",
            "PREPAYMENT" => "Prepayments",
            _ => "Invoices",
        };
        let at = shared.clock.now().format("%Y-%m-%dT%H:%M:%S%.3f").to_string();
        let mut event = json!({
            "resourceUrl": format!("{}/xero/api.xro/2.0/{plural}/{resource}", shared.options.public_url),
            "resourceId": resource, "eventDateUtc": at,
            "eventType": if known { "UPDATE" } else { "CREATE" }, "eventCategory": category,
            "tenantId": facts::xero::TENANT_ID, "tenantType": "ORGANISATION",
        });
        // Of credit notes alone their news tell something.
        if let Some(note) = self.credit_notes.get(&resource) {
            event["data"] = json!({ "Type": "ACCRECCREDIT", "Status": note.status });
        }
        let body = json!({
            "events": [event],
            "firstEventSequence": self.sequence, "lastEventSequence": self.sequence,
            "entropy": hex::encode_upper(random_bytes::<10>()),
        });
        Some(News { vendor: Vendor::Xero, kind: category.to_owned(), body: body.to_string() })
    }
}
