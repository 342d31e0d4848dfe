//! How far the reading of a merchant's books is: one row for what changed, one for all that is open. Where the next page begins
//! moves in the transaction that keeps the page before it.

use crate::{
    Error, MerchantTx,
    scope::{Only, Scoped, owned},
};
use chrono::{DateTime, Utc};
use domain::{ids::MerchantId, sync::SyncState};
use sea_orm::{ConnectionTrait, QuerySelect, entity::prelude::*};
use uuid::Uuid;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "sync")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub merchant_id: MerchantId,
    /// By [`SyncKind::name`].
    #[sea_orm(primary_key, auto_increment = false)]
    pub kind: String,
    pub state: SyncState,
    pub asked_at: DateTime<Utc>,
    /// When its first page was asked for.
    pub began_at: Option<DateTime<Utc>>,
    /// Where its next page begins; absent before the first one, and after the last.
    pub position: Option<String>,
    pub found: i64,
    pub updated: i64,
    pub left_over: Option<i64>,
    /// In words for people.
    pub last_error: Option<String>,
    /// Who reads: nobody else does meanwhile.
    pub holder: Option<Uuid>,
    /// One that died keeps others waiting no longer.
    pub held_until: Option<DateTime<Utc>>,
}
impl ActiveModelBehavior for ActiveModel {}
owned!();

/// What is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SyncKind {
    /// What changed since the last time.
    Changes,
    /// All that is open.
    Open,
}

impl SyncKind {
    const fn name(self) -> &'static str {
        match self {
            Self::Changes => "changes",
            Self::Open => "open",
        }
    }
}

impl Model {
    /// Asked for anew. A position stays: what was read before it is kept, and need not be read again.
    #[must_use]
    pub fn asked(self, now: DateTime<Utc>) -> Self {
        let state = SyncState::Waiting;
        Self { state, asked_at: now, found: 0, updated: 0, left_over: None, last_error: None, ..self }
    }

    /// Somebody else is at it.
    #[must_use]
    pub fn is_held_but_by(&self, holder: Uuid, now: DateTime<Utc>) -> bool {
        self.holder.is_some_and(|other| other != holder) && self.held_until.is_some_and(|until| until > now)
    }

    /// Let go of: whoever had it can write nothing more.
    #[must_use]
    pub fn let_go(self, state: SyncState) -> Self {
        Self { state, holder: None, held_until: None, ..self }
    }
}

impl MerchantTx {
    /// The row, a fresh one if there is none, held until this transaction is over.
    ///
    /// # Errors
    /// The database is away.
    pub async fn sync_hold(&self, kind: SyncKind, now: DateTime<Utc>) -> Result<Model, Error> {
        let fresh = Model {
            merchant_id: self.merchant_id(),
            kind: kind.name().to_owned(),
            state: SyncState::Done,
            asked_at: now,
            began_at: None,
            position: None,
            found: 0,
            updated: 0,
            left_over: None,
            last_error: None,
            holder: None,
            held_until: None,
        };
        self.insert_absent::<Entity>([fresh]).await?;
        let held = self.find::<Entity>().filter(Column::Kind.eq(kind.name())).lock_exclusive();
        held.only(self.conn()).await?.ok_or(Error::Missing)
    }

    /// Waits for whoever else takes over what these books told, and has others wait until this transaction is over: none of them
    /// meets another one that holds the same rows in another order. Before the first reading there is nobody.
    ///
    /// # Errors
    /// The database is away.
    pub async fn sync_turn(&self) -> Result<(), Error> {
        let turn = self.find::<Entity>().filter(Column::Kind.eq(SyncKind::Changes.name())).lock_exclusive();
        turn.only(self.conn()).await?;
        Ok(())
    }

    /// Writes what became of a row that is held.
    ///
    /// # Errors
    /// [`Error::Missing`] also for another merchant's.
    pub async fn sync_write(&self, row: Model) -> Result<(), Error> {
        self.rewrite::<Entity>(Column::Kind.eq(row.kind.clone()), row).await
    }
}

impl<C: ConnectionTrait> Scoped<C> {
    /// Absent before the first time.
    ///
    /// # Errors
    /// The database is away.
    pub async fn sync(&self, kind: SyncKind) -> Result<Option<Model>, Error> {
        Ok(self.find::<Entity>().filter(Column::Kind.eq(kind.name())).only(self.conn()).await?)
    }
}
