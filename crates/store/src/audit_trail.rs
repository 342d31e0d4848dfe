//! A merchant's audit trail. What was done is written as a slip, in the transaction of the act; slips are sealed in
//! batches as numbered lines, each with a hash over the line before it (`docs/adr/0009-audit-trail.md`). Nothing edits a line.

use crate::{
    Error, MerchantDb, MerchantTx, Store,
    scope::{Only, Scoped, moment},
};
use chrono::{DateTime, Utc};
use domain::ids::{AuditId, MerchantId, PaymentId};
use sea_orm::{ConnectionTrait, PaginatorTrait, QueryOrder, QuerySelect, Statement, Value, entity::prelude::*};
use serde_json::json;
use sha2::{Digest, Sha256};
use uuid::Uuid;

/// Lines that are written by one statement, at most.
const INSERTED_AT_ONCE: usize = 64;

mod slip {
    use super::*;
    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "audit_slip")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub merchant_id: MerchantId,
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: AuditId,
        /// The payment whose proof it belongs to.
        pub payment_id: Option<PaymentId>,
        pub kind: String,
        /// A person's or payer's id, or who else it was in one word: no name and no address.
        pub actor: String,
        /// JSON of what was done.
        pub body: String,
        pub at: DateTime<Utc>,
    }
    impl ActiveModelBehavior for ActiveModel {}
    crate::scope::owned!();
}

mod line {
    use super::*;
    /// A slip with its number and its hash. Its kind is text here too: one that somebody changed must be readable, to be
    /// named.
    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "audit_line")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub merchant_id: MerchantId,
        /// From 1, without gaps.
        #[sea_orm(primary_key, auto_increment = false)]
        pub sequence: i64,
        pub id: AuditId,
        pub payment_id: Option<PaymentId>,
        pub kind: String,
        pub actor: String,
        pub body: String,
        pub at: DateTime<Utc>,
        pub hash: String,
    }
    impl ActiveModelBehavior for ActiveModel {}
    crate::scope::owned!();
}

mod head {
    use super::*;
    /// Number and hash of the newest line: without it, nobody would miss the last ones. Held while lines are sealed.
    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "audit_head")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub merchant_id: MerchantId,
        pub sequence: i64,
        pub hash: String,
    }
    impl ActiveModelBehavior for ActiveModel {}
    crate::scope::owned!();
}

pub use head::Model as AuditHead;
pub use line::Model as AuditLine;
pub use slip::Model as AuditSlip;

impl AuditLine {
    /// Whether this is what was sealed after the line with that hash; the first line follows from no hash at all.
    #[must_use]
    pub fn follows(&self, before: &str) -> bool {
        self.hash == self.seal(before)
    }

    /// SHA-256 over the hash before and all that the line says. As JSON, which tells where each part ends.
    fn seal(&self, before: &str) -> String {
        let at = moment(self.at).timestamp_micros();
        let (merchant, number) = (self.merchant_id, self.sequence);
        let said = json!([before, merchant, number, self.id, self.payment_id, self.kind, self.actor, self.body, at]);
        hex::encode(Sha256::digest(said.to_string().as_bytes()))
    }
}

/// Something that was done, about to be written down.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewSlip {
    pub payment: Option<PaymentId>,
    pub kind: &'static str,
    pub actor: String,
    pub body: String,
    pub at: DateTime<Utc>,
}

impl MerchantTx {
    /// Writes down what this transaction does: both stand, or neither.
    ///
    /// # Errors
    /// [`Error::Missing`] also for another merchant's payment.
    pub async fn audit_add(&self, new: NewSlip) -> Result<(), Error> {
        self.audit_add_all(vec![new]).await
    }

    /// The same of several acts, in their order.
    ///
    /// # Errors
    /// As there.
    pub async fn audit_add_all(&self, new: Vec<NewSlip>) -> Result<(), Error> {
        if new.is_empty() {
            return Ok(());
        }
        let row = |new: NewSlip| AuditSlip {
            merchant_id: self.merchant_id(),
            id: AuditId(Uuid::now_v7()),
            payment_id: new.payment,
            kind: new.kind.to_owned(),
            actor: new.actor,
            body: new.body,
            at: new.at,
        };
        self.insert::<slip::Entity>(new.into_iter().map(row)).await
    }

    /// Seals up to `limit` slips as the next lines, and says how many those were. The head is held meanwhile: of several
    /// workers, one goes on where another has ended.
    ///
    /// # Errors
    /// The database is away; or the head is not that of the lines, because somebody touched it.
    pub async fn audit_seal(&self, limit: usize) -> Result<usize, Error> {
        let mut head = self.audit_head_hold().await?;
        let slips = self.audit_slips_take(limit).await?;
        let sealed = slips.len();
        if sealed == 0 {
            return Ok(0);
        }
        let mut lines = Vec::with_capacity(sealed);
        for slip in slips {
            head.sequence += 1;
            let mut line = AuditLine {
                merchant_id: slip.merchant_id,
                sequence: head.sequence,
                id: slip.id,
                payment_id: slip.payment_id,
                kind: slip.kind,
                actor: slip.actor,
                body: slip.body,
                at: slip.at,
                hash: String::new(),
            };
            line.hash = line.seal(&head.hash);
            head.hash.clone_from(&line.hash);
            lines.push(line);
        }
        self.audit_lines_insert(lines).await?;
        let newest = self
            .update::<head::Entity>()
            .col_expr(head::Column::Sequence, Expr::value(head.sequence))
            .col_expr(head::Column::Hash, Expr::value(head.hash));
        self.update_one(newest).await?;
        Ok(sealed)
    }

    async fn audit_head_hold(&self) -> Result<AuditHead, Error> {
        let none = AuditHead { merchant_id: self.merchant_id(), sequence: 0, hash: String::new() };
        self.insert_absent::<head::Entity>([none]).await?;
        self.find::<head::Entity>().lock_exclusive().only(self.conn()).await?.ok_or(Error::Missing)
    }

    /// Takes the oldest slips away, in the order of their writing as far as the clocks of nodes agree. What is still being
    /// written is not seen yet and comes with a later batch.
    async fn audit_slips_take(&self, limit: usize) -> Result<Vec<AuditSlip>, Error> {
        // The limit in words, as `scope::Only` explains.
        let sql = format!(
            "DELETE FROM audit_slip WHERE merchant_id = $1 AND id IN
                (SELECT id FROM audit_slip WHERE merchant_id = $1 ORDER BY id LIMIT {limit})
            RETURNING *"
        );
        let backend = self.conn().get_database_backend();
        let take = Statement::from_sql_and_values(backend, sql, [Value::from(self.merchant_id())]);
        let mut slips = slip::Entity::find().from_raw_sql(take).all(self.conn()).await?;
        slips.sort_by_key(|slip| slip.id);
        Ok(slips)
    }

    async fn audit_lines_insert(&self, mut lines: Vec<AuditLine>) -> Result<(), Error> {
        while !lines.is_empty() {
            // By powers of two: each size is a statement of its own, and the databases keep these few ready.
            let rest = lines.split_off(1_usize << lines.len().min(INSERTED_AT_ONCE).ilog2());
            self.insert::<line::Entity>(lines).await?;
            lines = rest;
        }
        Ok(())
    }
}

impl Store {
    /// The worker's sweep: the merchants of whom there are slips to seal.
    ///
    /// # Errors
    /// The database is away.
    pub async fn door_unsealed(&self) -> Result<Vec<MerchantDb>, Error> {
        let merchants = slip::Entity::find().select_only().column(slip::Column::MerchantId).distinct();
        let merchants = merchants.into_tuple::<MerchantId>().all(&self.pools.read).await?;
        Ok(merchants.into_iter().map(|merchant| MerchantDb::new(merchant, self.clone())).collect())
    }
}

impl<C: ConnectionTrait> Scoped<C> {
    /// Absent as long as nothing was ever sealed.
    ///
    /// # Errors
    /// The database is away.
    pub async fn audit_head(&self) -> Result<Option<AuditHead>, Error> {
        Ok(self.find::<head::Entity>().only(self.conn()).await?)
    }

    /// The next lines after this number.
    ///
    /// # Errors
    /// The database is away, or a line cannot even be read.
    pub async fn audit_lines_after(&self, sequence: i64, limit: u64) -> Result<Vec<AuditLine>, Error> {
        let next = self.find::<line::Entity>().filter(line::Column::Sequence.gt(sequence));
        Ok(next.order_by_asc(line::Column::Sequence).limit(limit).all(self.conn()).await?)
    }

    /// # Errors
    /// The database is away.
    pub async fn audit_line(&self, sequence: i64) -> Result<Option<AuditLine>, Error> {
        Ok(self.find::<line::Entity>().filter(line::Column::Sequence.eq(sequence)).only(self.conn()).await?)
    }

    /// How many lines there are before this number.
    ///
    /// # Errors
    /// The database is away.
    pub async fn audit_lines_count_before(&self, sequence: i64) -> Result<u64, Error> {
        Ok(self.find::<line::Entity>().filter(line::Column::Sequence.lt(sequence)).count(self.conn()).await?)
    }

    /// The lines about a payment, in their order.
    ///
    /// # Errors
    /// The database is away.
    pub async fn audit_lines_of(&self, payment: PaymentId) -> Result<Vec<AuditLine>, Error> {
        let of = self.find::<line::Entity>().filter(line::Column::PaymentId.eq(payment));
        Ok(of.order_by_asc(line::Column::Sequence).all(self.conn()).await?)
    }

    /// What is written down about a payment and not sealed yet, oldest first.
    ///
    /// # Errors
    /// The database is away.
    pub async fn audit_slips_of(&self, payment: PaymentId) -> Result<Vec<AuditSlip>, Error> {
        let of = self.find::<slip::Entity>().filter(slip::Column::PaymentId.eq(payment));
        Ok(of.order_by_asc(slip::Column::Id).all(self.conn()).await?)
    }

    /// How many slips of this kind wait to be sealed.
    ///
    /// # Errors
    /// The database is away.
    pub async fn audit_slips_count(&self, kind: &str) -> Result<u64, Error> {
        Ok(self.find::<slip::Entity>().filter(slip::Column::Kind.eq(kind)).count(self.conn()).await?)
    }

    /// How many slips from before this still wait to be sealed.
    ///
    /// # Errors
    /// The database is away.
    pub async fn audit_slips_before(&self, before: DateTime<Utc>) -> Result<u64, Error> {
        Ok(self.find::<slip::Entity>().filter(slip::Column::At.lt(moment(before))).count(self.conn()).await?)
    }
}
