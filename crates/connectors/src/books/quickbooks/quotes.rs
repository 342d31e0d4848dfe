//! What is paid for a quote, in QuickBooks Online (`wire/accounting.md`, 2.4-2.6, 4.4 and 4.5): an invoice on an item of the
//! account that prepayments are owed on, which the payment pays at once, and a credit memo on the same item, which is then the
//! customer's credit. Each is looked for by its number before it is made or undone, so that whatever ended half-way is gone on
//! with. A credit is used by payments of nothing, which are linked with it.

use super::{
    QuickBooks, Undo,
    advances::note_of,
    bodies::{LinkTo, NewLine, NewLink, To, number},
    credits::{DELETE as DELETE_EXPENSE, EXPENSE},
    errors::{Trouble, refused},
    id,
    invoices::NO_TAX,
    payments::{VOID, known},
    refunds::as_ours,
    unsaid,
    wire::{Document, Invoice, Memo, Payment},
};
use crate::books::{
    Advance, Applied, ApplyCredit, Books, BooksError, PostPayment, PostRefund, Posted, PostedRefund, QuoteCredit,
    call::Call, due_after, is_used, less_is_left, no_credit, other_credit, other_invoice,
};
use chrono::NaiveDate;
use domain::{
    advance::{QUOTE_REFERENCE, quote_credit_number},
    invoice::{BooksInvoice, InvoiceStatus},
    money::{Currency, Money},
};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

/// What is sold by both documents; its income is the liability (4.4).
const ITEM: &str = "Quote prepayment";
const INVOICE: &str = "Invoice";
const MEMO: &str = "CreditMemo";
/// Nothing was paid by it, so nothing needs a trace.
const DELETE_USE: Undo = Undo { entity: "payment", how: &[("operation", "delete")] };
/// There is no other way (2.6).
const DELETE_MEMO: Undo = Undo { entity: "creditmemo", how: &[("operation", "delete")] };
const DELETE_INVOICE: Undo = Undo { entity: "invoice", how: &[("operation", "delete")] };

/// What stands of a quote's payment.
struct Pair {
    invoice: Option<BooksInvoice>,
    paid: Option<Payment>,
    memo: Option<Memo>,
}

/// How both documents are written in this company.
struct Form {
    item: String,
    takes_numbers: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Preferences {
    sales_forms_prefs: Option<SalesForms>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct SalesForms {
    custom_txn_numbers: Option<bool>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct NewDocument<'a> {
    /// Left out where the company numbers its documents by itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    doc_number: Option<&'a str>,
    /// It is found by this there.
    customer_memo: To<'a>,
    private_note: &'static str,
    customer_ref: To<'a>,
    currency_ref: To<'a>,
    txn_date: NaiveDate,
    /// Of an invoice, as what follows.
    #[serde(skip_serializing_if = "Option::is_none")]
    due_date: Option<NaiveDate>,
    /// QuickBooks' own payments would compete with ours.
    #[serde(rename = "AllowOnlineCreditCardPayment", skip_serializing_if = "Option::is_none")]
    takes_their_cards: Option<bool>,
    #[serde(rename = "AllowOnlineACHPayment", skip_serializing_if = "Option::is_none")]
    takes_their_debits: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    global_tax_calculation: Option<&'static str>,
    line: [NewLine<'a>; 1],
}

/// A payment of nothing: what is linked by its two lines pays each other (2.5).
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct NewUse<'a> {
    customer_ref: To<'a>,
    currency_ref: To<'a>,
    total_amt: u8,
    txn_date: NaiveDate,
    private_note: String,
    line: [NewLink<'a>; 2],
}

/// What a credit is used for.
struct UseFor<'a> {
    key: String,
    customer: &'a str,
    memo: &'a str,
    txn_id: &'a str,
    txn_type: &'static str,
    amount: Money,
    date: NaiveDate,
    note: String,
}

impl QuickBooks {
    pub(super) async fn find_quote(
        &self,
        payment: &PostPayment,
        quote: &Advance,
    ) -> Result<Option<Posted>, BooksError> {
        match self.pair(payment, quote).await? {
            Pair { invoice: Some(_), paid: Some(paid), memo: Some(_) } => {
                Ok(Some(Posted { external_id: known(&paid)?, invoice: None }))
            }
            _ => Ok(None),
        }
    }

    /// The invoice is paid before there is a credit, which some companies have pay whatever is open (2.6).
    pub(super) async fn post_quote(&self, payment: &PostPayment, quote: &Advance) -> Result<Posted, BooksError> {
        let Pair { invoice, paid, memo } = self.pair(payment, quote).await?;
        let form = self.form(&payment.idempotency_key).await?;
        let invoice = match invoice {
            Some(invoice) => invoice,
            None => self.raise_quote(payment, quote, &form).await?,
        };
        let external_id = match paid {
            Some(paid) => known(&paid)?,
            None => {
                self.free(&invoice).await?;
                let link = LinkTo { txn_id: &invoice.external_id, txn_type: INVOICE };
                let line = vec![NewLink { amount: number(payment.amount)?, linked_txn: [link] }];
                self.pay(payment, &quote.customer_external_id, note_of(payment, quote), line).await?
            }
        };
        if memo.is_none() {
            self.write_memo(payment, quote, &form).await?;
        }
        Ok(Posted { external_id, invoice: None })
    }

    /// What would stop it half-way is looked at first: an invoice that is owed again must not be so for nothing.
    pub(super) async fn take_back_quote(&self, payment: &PostPayment, quote: &Advance) -> Result<(), BooksError> {
        let Pair { invoice, paid, memo } = self.pair(payment, quote).await?;
        if paid.as_ref().is_some_and(Payment::is_deposited) {
            return Err(refused("Its payment is part of a bank deposit.".to_owned()));
        }
        let currency = payment.amount.currency;
        let uses = match &memo {
            Some(memo) => self.uses(&quote.customer_external_id, &known(memo)?, currency).await?,
            None => Vec::new(),
        };
        // One that holds money, or other credit, or pays money back, is more than an application of this credit.
        let is_alone = |used: &Payment| {
            !used.stands() && used.links(MEMO, currency).count() == 1 && used.links(EXPENSE, currency).next().is_none()
        };
        if !uses.iter().all(is_alone) {
            return Err(is_used(&quote_credit_number(&quote.number)));
        }
        for used in &uses {
            self.undo(&DELETE_USE, &known(used)?, |used: &Payment| Ok(!used.stands())).await?;
        }
        if let Some(memo) = &memo {
            self.undo(&DELETE_MEMO, &known(memo)?, |_: &Memo| Ok(true)).await?;
        }
        if let Some(paid) = &paid {
            self.undo(&VOID, &known(paid)?, |found: &Payment| Ok(found.stands())).await?;
        }
        if let Some(invoice) = &invoice {
            if paid.is_none() {
                self.free(invoice).await?;
            }
            self.void(&invoice.external_id).await?;
        }
        Ok(())
    }

    pub(super) async fn read_quote_credit(
        &self,
        payment: &PostPayment,
        quote: &Advance,
    ) -> Result<Option<QuoteCredit>, BooksError> {
        let Some(memo) = self.quote_memo(payment, quote).await? else { return Ok(None) };
        let (external_id, total) = (known(&memo)?, payment.amount);
        let unclear = || BooksError::Unreachable("a credit memo that is not understood".to_owned());
        let remaining = memo.remaining(total.currency).ok_or_else(unclear)?;
        let uses = self.uses(&quote.customer_external_id, &external_id, total.currency).await?;
        let applied = uses.iter().flat_map(|used| applied(used, &external_id, total.currency)).collect();
        Ok(Some(QuoteCredit { external_id, total, remaining, applied }))
    }

    pub(super) async fn use_quote_credit(&self, apply: &ApplyCredit) -> Result<BooksInvoice, BooksError> {
        let ApplyCredit { credit_number, invoice_external_id, amount, date, .. } = apply;
        let (amount, currency) = (*amount, amount.currency);
        let invoice = self.invoice(invoice_external_id).await?;
        let customer = &invoice.customer_external_id;
        let memo = self.memo(customer, credit_number).await?.ok_or_else(|| no_credit(credit_number))?;
        let memo_id = known(&memo)?;
        let uses = self.uses(customer, &memo_id, currency).await?;
        if uses.iter().flat_map(|used| applied(used, &memo_id, currency)).any(|one| apply.is(&one)) {
            return Ok(invoice);
        }
        let due = due_after(&invoice, amount)?;
        if !leaves(&memo, amount) {
            return Err(less_is_left(credit_number, amount));
        }
        self.use_memo(UseFor {
            key: apply.idempotency_key.clone(),
            customer,
            memo: &memo_id,
            txn_id: invoice_external_id,
            txn_type: INVOICE,
            amount,
            date: *date,
            note: format!("{credit_number} for {}", invoice.number),
        })
        .await?;
        let status = if due.minor == 0 { InvoiceStatus::Paid } else { InvoiceStatus::Open };
        Ok(BooksInvoice { due, status, ..invoice })
    }

    /// An expense that the credit then pays, as with any other advance.
    pub(super) async fn refund_quote(&self, refund: &PostRefund, quote: &Advance) -> Result<PostedRefund, BooksError> {
        let (customer, credit_number) = (&quote.customer_external_id, quote_credit_number(&quote.number));
        let memo = self.memo(customer, &credit_number).await?.ok_or_else(|| no_credit(&credit_number))?;
        let (memo_id, amount) = (known(&memo)?, refund.amount);
        let expense = match self.paid_back("Purchase", refund).await? {
            Some(found) => known(&found)?,
            None if leaves(&memo, amount) => self.spend(refund, quote).await?,
            None => return Err(less_is_left(&credit_number, amount)),
        };
        let uses = self.uses(customer, &memo_id, amount.currency).await?;
        if uses.iter().any(|used| pays(used, &expense, amount.currency)) {
            return Ok(PostedRefund { credit_id: None, external_id: expense });
        }
        let used = self.use_memo(UseFor {
            key: format!("{}-paid", refund.idempotency_key),
            customer,
            memo: &memo_id,
            txn_id: &expense,
            txn_type: EXPENSE,
            amount,
            date: refund.date,
            note: format!("{credit_number} for {}", refund.number),
        });
        match used.await {
            // It was used meanwhile: an expense that nothing pays would be owed by the customer.
            Err(refusal @ BooksError::Refused { .. }) => {
                self.undo(&DELETE_EXPENSE, &expense, |_: &Payment| Ok(true)).await?;
                Err(refusal)
            }
            used => used.map(|()| PostedRefund { credit_id: None, external_id: expense }),
        }
    }

    pub(super) async fn take_back_quote_refund(&self, refund: &PostRefund, quote: &Advance) -> Result<(), BooksError> {
        let Some(found) = self.paid_back("Purchase", refund).await? else { return Ok(()) };
        let (expense, currency) = (known(&found)?, refund.amount.currency);
        let customer = &quote.customer_external_id;
        if let Some(memo) = self.memo(customer, &quote_credit_number(&quote.number)).await? {
            let uses = self.uses(customer, &known(&memo)?, currency).await?;
            for used in uses.iter().filter(|used| pays(used, &expense, currency)) {
                self.undo(&DELETE_USE, &known(used)?, |used: &Payment| Ok(!used.stands())).await?;
            }
        }
        self.undo(&DELETE_EXPENSE, &expense, |found: &Payment| as_ours(found, refund).map(|()| true)).await.map(drop)
    }

    async fn pair(&self, payment: &PostPayment, quote: &Advance) -> Result<Pair, BooksError> {
        let theirs = theirs(&quote.customer_external_id)?;
        let ours = |invoice: Invoice| invoice.is_numbered(&quote.number).then_some(invoice);
        let mut invoice = None;
        for found in self.list("Invoice", Some(&theirs), None, ours).await? {
            let found = self.understood(&found)?;
            match found.status {
                InvoiceStatus::Void => {}
                _ if found.total != payment.amount => return Err(other_invoice(&quote.number)),
                _ => invoice = Some(found),
            }
        }
        let paid = self.standing_advance(payment, quote).await?;
        Ok(Pair { invoice, paid, memo: self.quote_memo(payment, quote).await? })
    }

    /// The memo that stands; refused, when its amount is another.
    async fn quote_memo(&self, payment: &PostPayment, quote: &Advance) -> Result<Option<Memo>, BooksError> {
        let number = quote_credit_number(&quote.number);
        let found = self.memo(&quote.customer_external_id, &number).await?;
        match found.as_ref().map(|memo| memo.total(payment.amount.currency)) {
            Some(total) if total != Some(payment.amount) => Err(other_credit(&number)),
            _ => Ok(found),
        }
    }

    async fn memo(&self, customer: &str, number: &str) -> Result<Option<Memo>, BooksError> {
        let ours = |memo: Memo| memo.is_numbered(number).then_some(memo);
        let found = self.list("CreditMemo", Some(&theirs(customer)?), None, ours).await?;
        Ok(found.into_iter().next())
    }

    /// The payments that are made with a memo, by whomever.
    async fn uses(&self, customer: &str, memo: &str, currency: Currency) -> Result<Vec<Payment>, BooksError> {
        let of_it = |payment: Payment| {
            let is_used = payment.links(MEMO, currency).any(|(id, _)| id == memo);
            is_used.then_some(payment)
        };
        self.list("Payment", Some(&theirs(customer)?), None, of_it).await
    }

    async fn form(&self, key: &str) -> Result<Form, BooksError> {
        let preferences: Preferences = self.one(Call::Read, self.get("preferences")).await?;
        let takes_numbers = preferences.sales_forms_prefs.and_then(|forms| forms.custom_txn_numbers);
        Ok(Form { item: self.quote_item(key).await?, takes_numbers: takes_numbers == Some(true) })
    }

    async fn quote_item(&self, key: &str) -> Result<String, BooksError> {
        let account = self.config.prepayment_account.as_deref();
        let account = account.ok_or_else(|| refused("There is no account for prepayments.".to_owned()))?;
        self.item_on(ITEM, (account, "prepayments"), key).await
    }

    async fn raise_quote(
        &self,
        payment: &PostPayment,
        quote: &Advance,
        form: &Form,
    ) -> Result<BooksInvoice, BooksError> {
        let made: Result<Invoice, Trouble> = self.make("invoice", &quote.number, payment, quote, form).await;
        let made = match made {
            // One that was voided keeps its number.
            Err(Trouble::NumberTaken(_)) => return Err(other_invoice(&quote.number)),
            made => made?.read(self.config.home_currency).ok_or_else(|| unsaid("invoice"))?,
        };
        if made.total != payment.amount {
            self.undo(&DELETE_INVOICE, &made.external_id, |_: &Invoice| Ok(true)).await?;
            return Err(taxed(&quote.number));
        }
        Ok(made)
    }

    async fn write_memo(&self, payment: &PostPayment, quote: &Advance, form: &Form) -> Result<(), BooksError> {
        let credit_number = quote_credit_number(&quote.number);
        let made: Result<Memo, Trouble> = self.make("creditmemo", &credit_number, payment, quote, form).await;
        let made = match made {
            Err(Trouble::NumberTaken(_)) => return Err(other_credit(&credit_number)),
            made => made?,
        };
        if made.total(payment.amount.currency) != Some(payment.amount) {
            let made = made.id().ok_or_else(|| unsaid("credit memo"))?;
            self.undo(&DELETE_MEMO, made, |_: &Memo| Ok(true)).await?;
            return Err(taxed(&credit_number));
        }
        Ok(())
    }

    /// Writes one document of the pair.
    async fn make<T: DeserializeOwned>(
        &self,
        entity: &str,
        number: &str,
        payment: &PostPayment,
        quote: &Advance,
        form: &Form,
    ) -> Result<T, Trouble> {
        let is_invoice = entity == "invoice";
        let untaxed = self.out_of_scope();
        let tax = untaxed.is_none().then_some(NO_TAX);
        let body = NewDocument {
            doc_number: form.takes_numbers.then_some(number),
            customer_memo: To { value: number },
            private_note: QUOTE_REFERENCE,
            customer_ref: To { value: &quote.customer_external_id },
            currency_ref: To { value: payment.amount.currency.code() },
            txn_date: payment.date,
            due_date: is_invoice.then_some(payment.date),
            takes_their_cards: is_invoice.then_some(false),
            takes_their_debits: is_invoice.then_some(false),
            global_tax_calculation: untaxed,
            line: [NewLine::of(payment.amount, quote.purpose.clone(), &form.item, tax, None)?],
        };
        let request = self.write(entity, &format!("{}-{entity}", payment.idempotency_key));
        self.one(Call::Write, request.json(&body)).await
    }

    /// Takes off the invoice what other credit the company itself has put on it (2.6): that is its customer's for something
    /// else.
    async fn free(&self, invoice: &BooksInvoice) -> Result<(), BooksError> {
        if invoice.due == invoice.total {
            return Ok(());
        }
        let document: Invoice = self.read("invoice", &invoice.external_id).await?;
        for paying in document.payments() {
            self.undo(&DELETE_USE, paying, |paying: &Payment| Ok(!paying.stands())).await?;
        }
        Ok(())
    }

    async fn use_memo(&self, to: UseFor<'_>) -> Result<(), BooksError> {
        let line = |txn_id, txn_type| {
            Ok::<_, BooksError>(NewLink { amount: number(to.amount)?, linked_txn: [LinkTo { txn_id, txn_type }] })
        };
        let body = NewUse {
            customer_ref: To { value: to.customer },
            currency_ref: To { value: to.amount.currency.code() },
            total_amt: 0,
            txn_date: to.date,
            line: [line(to.txn_id, to.txn_type)?, line(to.memo, MEMO)?],
            private_note: to.note,
        };
        let request = self.write("payment", &to.key).json(&body);
        Ok(self.answer(Call::Write, request).await.map(drop)?)
    }
}

fn theirs(customer: &str) -> Result<String, BooksError> {
    Ok(format!("CustomerRef = '{}'", id(customer)?))
}

fn leaves(memo: &Memo, amount: Money) -> bool {
    memo.remaining(amount.currency).is_some_and(|left| left.minor >= amount.minor)
}

fn pays(used: &Payment, expense: &str, currency: Currency) -> bool {
    used.links(EXPENSE, currency).any(|(id, _)| id == expense)
}

/// What invoices have got of a memo by one payment: in the order of its lines, as far as the memo goes.
fn applied(used: &Payment, memo: &str, currency: Currency) -> Vec<Applied> {
    let of_memo = used.links(MEMO, currency).filter(|(id, _)| *id == memo);
    let mut left: i64 = of_memo.map(|(_, amount)| amount.minor).sum();
    let share = |(invoice, amount): (&str, Money)| {
        let minor = amount.minor.min(left);
        left -= minor;
        Applied { invoice_external_id: invoice.to_owned(), amount: Money::new(minor, currency) }
    };
    used.links(INVOICE, currency).map(share).filter(|applied| applied.amount.is_positive()).collect()
}

/// Nobody owes a tax that the books add on top.
fn taxed(number: &str) -> BooksError {
    refused(format!("{number} would have come to more: the item “{ITEM}” must bear no tax there."))
}
