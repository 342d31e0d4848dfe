//! What payers answered on the page of the built-in sandbox: the one thing that does not follow from the rows of what was
//! sent to it.

use crate::{
    Error, MerchantDb,
    scope::{Only, Scoped, owned},
};
use chrono::{DateTime, Utc};
use domain::{
    ids::{AttemptId, MerchantId},
    payment::StepAnswer,
};
use sea_orm::{ConnectionTrait, entity::prelude::*};

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "step_answer")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub merchant_id: MerchantId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub attempt_id: AttemptId,
    pub answer: StepAnswer,
    pub answered_at: DateTime<Utc>,
}
impl ActiveModelBehavior for ActiveModel {}
owned!();

impl MerchantDb {
    /// Answers an attempt's step once, however often and by however many at once: the first answer stands, and is told.
    ///
    /// # Errors
    /// The database is away, or the attempt is another merchant's.
    pub async fn step_answer(
        &self,
        attempt: AttemptId,
        answer: StepAnswer,
        now: DateTime<Utc>,
    ) -> Result<StepAnswer, Error> {
        let tx = self.begin().await?;
        let row = Model { merchant_id: tx.merchant_id(), attempt_id: attempt, answer, answered_at: now };
        tx.insert_absent::<Entity>([row]).await?;
        let stands = tx.step_answered(attempt).await?.ok_or(Error::Missing)?;
        tx.commit().await?;
        Ok(stands)
    }
}

impl<C: ConnectionTrait> Scoped<C> {
    /// # Errors
    /// The database is away.
    pub async fn step_answered(&self, attempt: AttemptId) -> Result<Option<StepAnswer>, Error> {
        let row = self.find::<Entity>().filter(Column::AttemptId.eq(attempt)).only(self.conn()).await?;
        Ok(row.map(|row| row.answer))
    }
}
