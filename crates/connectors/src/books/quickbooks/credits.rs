//! What is paid back of an advance in QuickBooks Online (`wire/accounting.md`, 2.5, 2.8 and 4.5): an expense out of the
//! clearing account onto what customers owe, which the advance then pays. The note of the expense begins with our number,
//! and it is found again by it.

use super::{
    QuickBooks, Undo,
    bodies::{LinkTo, NewLink, To, number},
    errors::{Trouble, refused},
    id,
    payments::known,
    refunds::as_ours,
    unsaid,
    wire::{Document, PaidLine, Payment},
};
use crate::books::{Advance, BooksError, PostRefund, PostedRefund, call::Call, less_is_left, no_credit};
use chrono::NaiveDate;
use domain::money::Money;
use serde::{Deserialize, Serialize};
use serde_json::value::{RawValue, to_raw_value};

pub(super) const DELETE: Undo = Undo { entity: "purchase", how: &[("operation", "delete")] };
/// What payments are linked with an expense by.
pub const EXPENSE: &str = "Expense";
const RECEIVABLE: &str = "SELECT * FROM Account WHERE AccountType = 'Accounts Receivable'";

/// An expense, as far as it is recalled: `wire/` names it and does not write it down.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct NewExpense<'a> {
    payment_type: &'static str,
    account_ref: To<'a>,
    entity_ref: Entity<'a>,
    currency_ref: To<'a>,
    doc_number: &'a str,
    txn_date: NaiveDate,
    private_note: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    global_tax_calculation: Option<&'static str>,
    line: [ExpenseLine<'a>; 1],
}

#[derive(Serialize)]
struct Entity<'a> {
    value: &'a str,
    #[serde(rename = "type")]
    kind: &'static str,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct ExpenseLine<'a> {
    amount: Box<RawValue>,
    detail_type: &'static str,
    account_based_expense_line_detail: ExpenseAccount<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct ExpenseAccount<'a> {
    account_ref: To<'a>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Account {
    id: Option<String>,
}

/// What a payment pays, as it stands there: a change of its lines must bring all of them (2.1).
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Applied {
    sync_token: Option<String>,
    line: Option<Vec<Box<RawValue>>>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Reapplied<'a> {
    id: &'a str,
    sync_token: &'a str,
    #[serde(rename = "sparse")]
    is_sparse: bool,
    line: Vec<Box<RawValue>>,
}

impl QuickBooks {
    pub(super) async fn refund_advance(
        &self,
        refund: &PostRefund,
        advance: &Advance,
    ) -> Result<PostedRefund, BooksError> {
        let (credit, spent) = (self.standing_credit(advance).await?, self.paid_back("Purchase", refund).await?);
        let spent = spent.as_ref().map(known).transpose()?;
        let Some(credit) = credit else {
            // Somebody has taken it out between our two steps: an expense that nothing pays would be owed by the customer.
            if let Some(spent) = spent {
                self.undo(&DELETE, &spent, |_: &Payment| Ok(true)).await?;
            }
            return Err(no_credit(&advance.number));
        };
        let external_id = match spent {
            Some(spent) => spent,
            None if credit.leaves(refund.amount) => self.spend(refund, advance).await?,
            None => return Err(less_is_left(&advance.number, refund.amount)),
        };
        match self.apply(&known(&credit)?, &external_id, Some(refund.amount)).await {
            // It was used meanwhile: an expense that nothing pays would be owed by the customer.
            Err(refusal @ BooksError::Refused { .. }) => {
                self.undo(&DELETE, &external_id, |_: &Payment| Ok(true)).await?;
                Err(refusal)
            }
            applied => applied.map(|()| PostedRefund { credit_id: None, external_id }),
        }
    }

    pub(super) async fn take_back_advance_refund(
        &self,
        refund: &PostRefund,
        advance: &Advance,
    ) -> Result<(), BooksError> {
        let Some(found) = self.paid_back("Purchase", refund).await? else { return Ok(()) };
        let expense = known(&found)?;
        if let Some(credit) = self.standing_credit(advance).await? {
            self.apply(&known(&credit)?, &expense, None).await?;
        }
        self.undo(&DELETE, &expense, |found: &Payment| as_ours(found, refund).map(|()| true)).await.map(drop)
    }

    /// The advance among all payments of its customer, because nobody says when it was made.
    async fn standing_credit(&self, advance: &Advance) -> Result<Option<Payment>, BooksError> {
        let theirs = format!("CustomerRef = '{}'", id(&advance.customer_external_id)?);
        let ours = |payment: Payment| Some(payment).filter(|payment| payment.is_numbered(&advance.number));
        let found = self.list("Payment", Some(&theirs), None, ours).await?;
        Ok(found.into_iter().next())
    }

    /// Answers the expense's id.
    pub(super) async fn spend(&self, refund: &PostRefund, advance: &Advance) -> Result<String, BooksError> {
        let (accounts, _) = self.page::<Account>(RECEIVABLE).await?;
        let receivable = accounts.into_iter().find_map(|account| account.id);
        let receivable = receivable.ok_or_else(|| refused("There is no account receivable there.".to_owned()))?;
        let body = NewExpense {
            payment_type: "Cash",
            account_ref: To { value: &self.config.clearing_account },
            entity_ref: Entity { value: &advance.customer_external_id, kind: "Customer" },
            currency_ref: To { value: refund.amount.currency.code() },
            doc_number: &refund.number,
            txn_date: refund.date,
            private_note: format!("{} {}", refund.number, refund.reference),
            global_tax_calculation: self.out_of_scope(),
            line: [ExpenseLine {
                amount: number(refund.amount)?,
                detail_type: "AccountBasedExpenseLineDetail",
                account_based_expense_line_detail: ExpenseAccount { account_ref: To { value: &receivable } },
            }],
        };
        let request = self.write("purchase", &refund.idempotency_key).json(&body);
        let made: Payment = self.one(Call::Write, request).await?;
        made.id().map(str::to_owned).ok_or_else(|| unsaid("expense"))
    }

    /// Has a payment pay so much of an expense, or nothing any more; read once more when somebody has changed it in between.
    async fn apply(&self, payment: &str, expense: &str, amount: Option<Money>) -> Result<(), BooksError> {
        match self.apply_once(payment, expense, amount).await {
            Err(Trouble::Stale) => Ok(self.apply_once(payment, expense, amount).await?),
            applied => Ok(applied?),
        }
    }

    async fn apply_once(&self, payment: &str, expense: &str, amount: Option<Money>) -> Result<(), Trouble> {
        let Applied { sync_token, line } = self.read("payment", payment).await?;
        let (version, mut line) = (sync_token.unwrap_or_default(), line.unwrap_or_default());
        let is_applied = line.iter().any(|line| pays(line, expense));
        match amount {
            Some(amount) if !is_applied => line.push(paying(expense, amount)?),
            None if is_applied => line.retain(|line| !pays(line, expense)),
            _ => return Ok(()),
        }
        let body = Reapplied { id: payment, sync_token: &version, is_sparse: true, line };
        let asked_ms = self.config.now.timestamp_millis();
        let request = self.write("payment", &format!("apply-{payment}-{expense}-{version}-{asked_ms}"));
        self.answer(Call::Write, request.json(&body)).await.map(drop)
    }
}

fn pays(line: &RawValue, expense: &str) -> bool {
    serde_json::from_str::<PaidLine>(line.get()).is_ok_and(|line| line.linked(EXPENSE).any(|linked| linked == expense))
}

fn paying(expense: &str, amount: Money) -> Result<Box<RawValue>, BooksError> {
    let line = NewLink { amount: number(amount)?, linked_txn: [LinkTo { txn_id: expense, txn_type: EXPENSE }] };
    to_raw_value(&line).map_err(|_| refused("the line cannot be written".to_owned()))
}
