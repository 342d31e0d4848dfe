//! Tries in vain, as limits count them: of a merchant, and of an origin at whichever merchant.

use crate::{
    Error,
    attempts::{Column, Entity, cards_declined},
    scope::{Scoped, moment},
};
use chrono::{DateTime, Utc};
use domain::payment::DeclineReason;
use sea_orm::{
    ConnectionTrait, QueryResult, QuerySelect, QueryTrait, Select, entity::prelude::*, sea_query::UnionType,
};
use std::cmp::Reverse;

const OF_ORIGIN: &str = "of_origin";

/// A try that brought nothing, or nothing yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fruitless {
    pub at: DateTime<Utc>,
    /// A card was tried, and declined.
    pub declined: bool,
}

/// Tries in vain, the newest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TriesInVain {
    /// When cards were tried at the merchant that were declined.
    pub declines: Vec<DateTime<Utc>>,
    /// What an origin has tried, at whichever merchant. Those that could not be sent are left out: they are no doing of
    /// whoever pressed Pay.
    pub of_origin: Vec<Fruitless>,
}

impl TriesInVain {
    fn add(&mut self, row: &QueryResult) -> Result<(), Error> {
        let at = row.try_get("", "created_at")?;
        if row.try_get::<i32>("", OF_ORIGIN)? == 0 {
            self.declines.push(at);
            return Ok(());
        }
        let reason: Option<String> = row.try_get("", "reason")?;
        let reason = reason.map(|reason| serde_json::from_str(&reason)).transpose();
        let reason: Option<DeclineReason> = reason.map_err(|_| Error::Unreadable("attempt.reason"))?;
        let declined = reason.is_some_and(|reason| !DeclineReason::OURS.contains(&reason));
        if reason != Some(DeclineReason::NotSent) {
            self.of_origin.push(Fruitless { at, declined });
        }
        Ok(())
    }
}

impl<C: ConnectionTrait> Scoped<C> {
    /// What was tried in vain at this merchant since the one moment, and from this origin since the other: one question,
    /// because every press of Pay asks it.
    ///
    /// # Errors
    /// A stored reason that this version cannot read.
    pub async fn tries_in_vain(
        &self,
        since: DateTime<Utc>,
        (origin_hash, of_it_since): (&str, DateTime<Utc>),
    ) -> Result<TriesInVain, Error> {
        // In words, as in the partial index that serves it.
        let fruitless = Expr::cust("state IN ('created', 'unknown', 'requires_action', 'declined', 'voided')");
        let of_origin = Entity::find().filter(Column::OriginHash.eq(origin_hash)).filter(fruitless);
        let of_origin = of_origin.filter(Column::CreatedAt.gt(moment(of_it_since)));
        let told = |tries: Select<Entity>, of_origin: &'static str| {
            let told = tries.select_only().column(Column::CreatedAt).column(Column::Reason);
            told.column_as(Expr::cust(of_origin), OF_ORIGIN).into_query()
        };
        let mut question = told(cards_declined(self.find::<Entity>(), since)?, "0");
        question.union(UnionType::All, told(of_origin, "1"));
        let mut tries = TriesInVain::default();
        for row in self.conn().query_all(&question).await? {
            tries.add(&row)?;
        }
        tries.declines.sort_unstable_by_key(|at| Reverse(*at));
        tries.of_origin.sort_unstable_by_key(|of| Reverse(of.at));
        Ok(tries)
    }
}
