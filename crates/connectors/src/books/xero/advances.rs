//! Advances in Xero (`wire/accounting.md`, 1.9): a bank transaction on the clearing account, of which Xero makes an
//! over-payment or a prepayment, and payments out of that. Xero keeps no reference of such a transaction, so its one line
//! begins with our number and the gateway's id, and it is found again by these. What is paid for a quote never comes here, but
//! to `quotes.rs`.

use super::{
    Page, Paid, Payment, Xero,
    errors::{Call, Said, refused},
    id,
    refunds::NO_TAX,
    wire::{AccountCopy, AccountRef, ContactRef, NewPayments, number, refusal},
};
use crate::books::{
    Advance, BooksError, BooksPayment, PostPayment, PostRefund, Posted, PostedRefund, no_credit, other_amount,
};
use chrono::{DateTime, NaiveDate, Utc};
use domain::{
    advance::{AdvanceKind, PURPOSE_MAX_CHARS},
    money::Money,
};
use reqwest::Method;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use uuid::Uuid;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct BankTransaction {
    #[serde(rename = "BankTransactionID")]
    id: Option<String>,
    #[serde(rename = "OverpaymentID")]
    over_payment: Option<String>,
    #[serde(rename = "PrepaymentID")]
    prepayment: Option<String>,
    status: Option<String>,
    total: Option<Box<RawValue>>,
    bank_account: Option<AccountCopy>,
    line_items: Option<Vec<Told>>,
    validation_errors: Option<Vec<Said>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Told {
    description: Option<String>,
}

impl BankTransaction {
    fn stands(&self) -> bool {
        !matches!(self.status.as_deref(), Some("VOIDED" | "DELETED"))
    }

    /// Our number, and the gateway's id.
    fn names(&self) -> Option<(&str, &str)> {
        let line = self.line_items.as_ref()?.first()?.description.as_deref()?;
        let mut words = line.split_whitespace();
        words.next().zip(words.next())
    }

    /// Xero's id of what it has made of it.
    fn credit_id(&self) -> Option<&str> {
        self.over_payment.as_deref().or(self.prepayment.as_deref())
    }

    /// As a list tells it, when it stands on this account.
    fn standing_on(&self, account: &str) -> Option<BooksPayment> {
        let here = self.stands() && self.bank_account.as_ref()?.is(account);
        let (_, reference) = self.names()?;
        let (external_id, amount) = (self.id.clone()?, self.total.as_ref()?.get().to_owned());
        let (reference, invoice_external_id) = (reference.to_owned(), None);
        here.then_some(BooksPayment { external_id, reference, amount, invoice_external_id })
    }
}

/// What Xero has made of a bank transaction.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Made {
    payments: Option<Vec<Payment>>,
}

/// One that bears our number.
struct Numbered {
    transaction_id: String,
    /// The gateway's id of its charge.
    reference: String,
    credit_id: Uuid,
    made: Made,
    total: String,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct NewBankTransactions<'a> {
    bank_transactions: [NewBankTransaction<'a>; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct NewBankTransaction<'a> {
    #[serde(rename = "Type")]
    kind: &'static str,
    contact: ContactRef<'a>,
    bank_account: AccountRef<'a>,
    date: NaiveDate,
    line_amount_types: &'static str,
    line_items: [NewLine<'a>; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct NewLine<'a> {
    description: String,
    quantity: u8,
    unit_amount: Box<RawValue>,
    /// Xero puts an over-payment on what customers owe by itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    account_code: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tax_type: Option<&'a str>,
}

const fn transaction_type(kind: AdvanceKind) -> &'static str {
    match kind {
        AdvanceKind::OverPayment => "RECEIVE-OVERPAYMENT",
        AdvanceKind::Prepayment | AdvanceKind::Quote => "RECEIVE-PREPAYMENT",
    }
}

impl Xero {
    pub(super) async fn find_advance(
        &self,
        payment: &PostPayment,
        advance: &Advance,
    ) -> Result<Option<Posted>, BooksError> {
        let numbered = self.advances_numbered(advance).await?;
        let Some(found) = self.standing_among(&numbered).await? else { return Ok(None) };
        if Money::from_decimal(&found.total, payment.amount.currency) != Ok(payment.amount) {
            return Err(other_amount(payment, &found.total));
        }
        Ok(Some(Posted { external_id: found.transaction_id.clone(), invoice: None }))
    }

    pub(super) async fn post_advance(&self, payment: &PostPayment, advance: &Advance) -> Result<Posted, BooksError> {
        let (account_code, (line_amount_types, tax_type)) = match advance.kind {
            AdvanceKind::OverPayment => (None, (NO_TAX, None)),
            AdvanceKind::Prepayment | AdvanceKind::Quote => {
                (self.config.prepayment_account.as_deref(), self.zero_tax())
            }
        };
        let purpose: String = advance.purpose.chars().take(PURPOSE_MAX_CHARS).collect();
        let line = NewLine {
            description: format!("{} {} {purpose}", advance.number, payment.reference),
            quantity: 1,
            unit_amount: number(payment.amount)?,
            account_code,
            tax_type,
        };
        let body = NewBankTransactions {
            bank_transactions: [NewBankTransaction {
                kind: transaction_type(advance.kind),
                contact: ContactRef { id: &advance.customer_external_id },
                bank_account: AccountRef::of(&self.config.clearing_account),
                date: payment.date,
                line_amount_types,
                line_items: [line],
            }],
        };
        let request = self.call(Method::PUT, "BankTransactions").header("Idempotency-Key", &payment.idempotency_key);
        let page: Page<BankTransaction> = self.rows(Call::Write, request.json(&body)).await?;
        let unsaid = || BooksError::Unknown("the answer names no bank transaction".to_owned());
        let made = page.rows.into_iter().next().ok_or_else(unsaid)?;
        match refusal(made.validation_errors.as_ref()) {
            Some(message) => Err(refused(message)),
            None => Ok(Posted { external_id: made.id.ok_or_else(unsaid)?, invoice: None }),
        }
    }

    /// Xero deletes no advance: it is paid out of the clearing account again, for as long as nothing of it is used.
    pub(super) async fn take_back_advance(&self, payment: &PostPayment, advance: &Advance) -> Result<(), BooksError> {
        let numbered = self.advances_numbered(advance).await?;
        let Some(found) = self.standing_among(&numbered).await? else { return Ok(()) };
        let paid = credit_paid(advance.kind, found.credit_id);
        let account = &self.config.clearing_account;
        let body = NewPayments::of(paid, payment.amount, payment.date, &payment.reference, account)?;
        self.pay(&body, &format!("{}-back", payment.idempotency_key)).await.map(drop)
    }

    pub(super) async fn refund_advance(
        &self,
        refund: &PostRefund,
        advance: &Advance,
    ) -> Result<PostedRefund, BooksError> {
        let numbered = self.advances_numbered(advance).await?;
        let standing = self.standing_among(&numbered).await?;
        let external_id = match (self.refund_paid(&numbered, standing, refund).await?, standing) {
            (Some((paid, _)), _) => paid,
            (None, Some(standing)) => {
                let (credit, account) = (credit_paid(advance.kind, standing.credit_id), &self.config.clearing_account);
                let body = NewPayments::of(credit, refund.amount, refund.date, &refund.reference, account)?;
                self.pay(&body, &format!("{}-paid", refund.idempotency_key)).await?.0
            }
            (None, None) => return Err(no_credit(&advance.number)),
        };
        Ok(PostedRefund { credit_id: None, external_id })
    }

    pub(super) async fn void_advance_refund(&self, refund: &PostRefund, advance: &Advance) -> Result<(), BooksError> {
        let numbered = self.advances_numbered(advance).await?;
        let standing = self.standing_among(&numbered).await?;
        let Some((paid, payment)) = self.refund_paid(&numbered, standing, refund).await? else { return Ok(()) };
        self.delete_paid(&advance.number, &paid, &payment).await
    }

    /// Deletes what was paid out of a credit for a refund, if it stands among its payments.
    pub(super) async fn take_out_paid(
        &self,
        credit_number: &str,
        payments: Option<&[Payment]>,
        refund: &PostRefund,
    ) -> Result<(), BooksError> {
        let Some((paid, payment)) = self.payment_among(payments, &refund.reference).await? else { return Ok(()) };
        self.delete_paid(credit_number, &paid, &payment).await
    }

    async fn delete_paid(&self, credit_number: &str, paid: &str, payment: &Payment) -> Result<(), BooksError> {
        match payment.left_to_a_person() {
            Some(why) => Err(refused(format!("The payment of the credit {credit_number} {why}."))),
            None => self.delete_payment(paid).await,
        }
    }

    /// Those that stand on the clearing account, whatever became of them since.
    pub(super) async fn advances_since(&self, since: DateTime<Utc>) -> Result<Vec<BooksPayment>, BooksError> {
        let (mut standing, since) = (Vec::new(), super::dates::cursor(since));
        for kind in [AdvanceKind::OverPayment, AdvanceKind::Prepayment] {
            let of_type = format!(r#"Type=="{}""#, transaction_type(kind));
            let filter = [("where", of_type.as_str()), ("order", "BankTransactionID ASC")];
            let listed = |transaction: BankTransaction| transaction.standing_on(&self.config.clearing_account);
            standing.extend(self.delta("BankTransactions", &filter, Some(&since), listed).await?);
        }
        Ok(standing)
    }

    /// Those that bear our number, whatever became of them.
    async fn advances_numbered(&self, advance: &Advance) -> Result<Vec<Numbered>, BooksError> {
        let customer = id(&advance.customer_external_id)?;
        let of_type =
            format!(r#"Type=="{}" AND Contact.ContactID==guid("{customer}")"#, transaction_type(advance.kind));
        let filter = [("where", of_type.as_str()), ("order", "BankTransactionID ASC")];
        let known: Vec<BankTransaction> = self.delta("BankTransactions", &filter, None, Some).await?;
        let path = match advance.kind {
            AdvanceKind::OverPayment => "Overpayments",
            AdvanceKind::Prepayment | AdvanceKind::Quote => "Prepayments",
        };
        let mut numbered = Vec::new();
        for transaction in known.iter().filter(|transaction| transaction.stands()) {
            let Some((_, reference)) = transaction.names().filter(|(number, _)| *number == advance.number) else {
                continue;
            };
            let (Some(transaction_id), Some(credit_id), Some(total)) =
                (&transaction.id, transaction.credit_id(), &transaction.total)
            else {
                continue;
            };
            let credit_id = id(credit_id)?;
            let made: Made = self.one(&format!("{path}/{credit_id}")).await?;
            let (transaction_id, reference) = (transaction_id.clone(), reference.to_owned());
            numbered.push(Numbered { transaction_id, reference, credit_id, made, total: total.get().to_owned() });
        }
        Ok(numbered)
    }

    /// The one among them that was not paid out because its money went back.
    async fn standing_among<'a>(&self, numbered: &'a [Numbered]) -> Result<Option<&'a Numbered>, BooksError> {
        for one in numbered {
            if self.payment_among(one.made.payments.as_deref(), &one.reference).await?.is_none() {
                return Ok(Some(one));
            }
        }
        Ok(None)
    }

    /// The payment of a refund out of the one that stands. Where none does, out of any: a refund that voids its charge has
    /// the charge's own id, and by that the credit looks as if its money had gone back.
    async fn refund_paid(
        &self,
        numbered: &[Numbered],
        standing: Option<&Numbered>,
        refund: &PostRefund,
    ) -> Result<Option<(String, Payment)>, BooksError> {
        let among = standing.map_or_else(|| numbered.iter().collect(), |standing| vec![standing]);
        for one in among {
            let paid = self.payment_among(one.made.payments.as_deref(), &refund.reference).await?;
            if paid.is_some() {
                return Ok(paid);
            }
        }
        Ok(None)
    }
}

const fn credit_paid(kind: AdvanceKind, id: Uuid) -> Paid {
    match kind {
        AdvanceKind::OverPayment => Paid::Overpayment { id },
        AdvanceKind::Prepayment | AdvanceKind::Quote => Paid::Prepayment { id },
    }
}
