//! `POST /control/authorizenet/transaction`: what the merchant's staff or a bank would do to a transaction, on demand.
//! One of: `{"id", "status"}` sets any of the vendor's 24 statuses; `{"id", "return_code": "R10", "status"?}` takes a bank
//! debit back, and leaves it `returnedItem` or the status that is named; `{"id", "held": "approve" | "decline"}` decides a
//! held one. Only the last fires a webhook, as at the vendor.

use serde::Deserialize;
use serde_json::Value;

use super::Account;
use super::operation::Operation;
use super::transactions::{Kind, Status};
use crate::Shared;
use crate::disturb::News;
use crate::faults::{Call, Caller, Vendor};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Alter {
    id: String,
    status: Option<String>,
    return_code: Option<String>,
    held: Option<String>,
}

#[derive(Debug, thiserror::Error)]
pub(crate) enum AlterError {
    #[error("there is no such transaction")]
    NoSuchTransaction,
    #[error("give one of status, return_code and held; a status beside a return_code alone")]
    One,
    #[error("there is no status {0:?}; known: {known}", known = Status::ALL.iter().map(|status| status.name()).collect::<Vec<_>>().join(", "))]
    UnknownStatus(String),
    #[error("only a bank debit that was approved can be taken back")]
    NoBankDebit,
    #[error("the transaction is not held for review, or held is neither \"approve\" nor \"decline\"")]
    NotHeld,
}

/// The transaction as it stands afterwards, and the news of it.
pub(crate) fn alter(account: &mut Account, shared: &Shared, order: &Alter) -> Result<(Value, Vec<News>), AlterError> {
    let call = Call { vendor: Vendor::AuthorizeNet, caller: Caller::Browser, line: "control".to_owned() };
    let mut op = Operation::new(account, shared, &call);
    let id = order.id.parse().map_err(|_| AlterError::NoSuchTransaction)?;
    if !op.account.transactions.contains_key(&id) {
        return Err(AlterError::NoSuchTransaction);
    }
    match (&order.status, &order.return_code, &order.held) {
        (Some(name), None, None) => op.set_status(id, name)?,
        (left, Some(code), None) => {
            op.return_debit(id, code, left.as_deref().unwrap_or(Status::ReturnedItem.name()))?;
        }
        (None, None, Some(word)) => {
            let approve = match word.as_str() {
                "approve" => true,
                "decline" => false,
                _ => return Err(AlterError::NotHeld),
            };
            op.decide_held(id, approve).ok_or(AlterError::NotHeld)?;
        }
        _ => return Err(AlterError::One),
    }
    let news = op.effects.news;
    let view = account.transactions.get(&id).map(|transaction| transaction.state(account));
    Ok((view.unwrap_or_default(), news))
}

impl Operation<'_> {
    /// A settled status needs a batch; a chargeback keeps the one that it has.
    fn set_status(&mut self, id: u64, name: &str) -> Result<(), AlterError> {
        let status = Status::named(name).ok_or_else(|| AlterError::UnknownStatus(name.to_owned()))?;
        let now_ms = self.now_ms;
        let needs_batch = matches!(
            status,
            Status::SettledSuccessfully
                | Status::RefundSettledSuccessfully
                | Status::Chargeback
                | Status::ChargebackReversal
                | Status::ReturnedItem
                | Status::SettlementError
        );
        let Some(transaction) = self.account.transactions.get(&id) else { return Err(AlterError::NoSuchTransaction) };
        let batch = match transaction.batch {
            None if needs_batch => {
                let method = transaction.instrument.payment_method();
                Some(self.account.batch_of_night(now_ms, method))
            }
            has => has,
        };
        if let Some(transaction) = self.account.transactions.get_mut(&id) {
            transaction.status = status;
            transaction.batch = batch;
            transaction.settled_ms = transaction.settled_ms.or(batch.map(|_| now_ms));
        }
        Ok(())
    }

    fn return_debit(&mut self, id: u64, code: &str, left: &str) -> Result<(), AlterError> {
        let taken = |status| matches!(status, Status::CapturedPendingSettlement | Status::SettledSuccessfully);
        let debit = self.account.transactions.get(&id).filter(|transaction| {
            transaction.bank()
                && transaction.kind != Kind::Refund
                && transaction.returned.is_none()
                && taken(transaction.status)
        });
        debit.ok_or(AlterError::NoBankDebit)?;
        self.set_status(id, left)?;
        let (now_ms, item) = (self.now_ms, self.account.mint());
        if let Some(debit) = self.account.transactions.get_mut(&id) {
            debit.take_back(item, now_ms, code, debit.status);
        }
        Ok(())
    }
}
