//! Bank debits, which are attempts like any other, and which of them a bank has sent back.

use crate::{
    Attempt, Error,
    attempts::{Column, Entity, answered},
    scope::{Scoped, moment},
};
use chrono::{DateTime, Utc};
use domain::{
    method::MethodKind,
    payment::{AttemptState, DeclineReason},
};
use sea_orm::{ConnectionTrait, PaginatorTrait, QuerySelect, Select, entity::prelude::*};

impl<C: ConnectionTrait> Scoped<C> {
    /// Bank debits begun since then that have cleared: the bank may still take them back.
    ///
    /// # Errors
    /// The database is away.
    pub async fn debits_cleared(&self, since: DateTime<Utc>) -> Result<Vec<Attempt>, Error> {
        let cleared = self.find_by_time::<Entity>().filter(Column::State.eq(AttemptState::Settled));
        let debits = cleared.filter(Column::Kind.ne(MethodKind::Card));
        Ok(debits.filter(Column::CreatedAt.gt(moment(since))).all(self.conn()).await?)
    }

    /// How many bank debits under Nacha's rules that began since then were sent to a bank.
    ///
    /// # Errors
    /// The database is away.
    pub async fn ach_sent(&self, since: DateTime<Utc>) -> Result<u64, Error> {
        Ok(answered(self.ach_since(since))?.count(self.conn()).await?)
    }

    /// Those among them that a bank said no to, at once or later: why, and when that was heard. What the merchant paid back
    /// did not come back.
    ///
    /// # Errors
    /// A stored reason that this version cannot read.
    pub async fn ach_returned(&self, since: DateTime<Utc>) -> Result<Vec<(DeclineReason, DateTime<Utc>)>, Error> {
        use AttemptState::{Declined, Returned};
        let back = self.ach_since(since).filter(Column::State.is_in([Declined, Returned]));
        let back = back.select_only().column(Column::Reason).column(Column::UpdatedAt);
        let rows: Vec<(Option<String>, DateTime<Utc>)> = back.into_tuple().all(self.conn()).await?;
        let told = |(reason, at): (Option<String>, DateTime<Utc>)| {
            let reason = reason.map_or(Ok(DeclineReason::Declined), |json| serde_json::from_str(&json));
            Ok((reason.map_err(|_| Error::Unreadable("attempt.reason"))?, at))
        };
        let mut told = rows.into_iter().map(told).collect::<Result<Vec<_>, Error>>()?;
        let is_ours =
            |reason: &DeclineReason| DeclineReason::OURS.contains(reason) || *reason == DeclineReason::PaidBack;
        told.retain(|(reason, _)| !is_ours(reason));
        Ok(told)
    }

    fn ach_since(&self, since: DateTime<Utc>) -> Select<Entity> {
        // In words, as in the partial index that serves it.
        let debits = self.find::<Entity>().filter(Expr::cust("kind = 'ach_debit'"));
        debits.filter(Column::CreatedAt.gt(moment(since)))
    }
}
