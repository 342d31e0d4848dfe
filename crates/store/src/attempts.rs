//! Attempts and the facts seen about them. Facts are appended; the state column is a cache of their fold.

use crate::{
    Error, MerchantTx, Observed, endpoints,
    facts::FactColumns,
    refunds,
    scope::{Only, Scoped, json, moment, money, owned, text},
};
use chrono::{DateTime, Utc};
use domain::{
    ids::{AttemptId, ConnectionId, MerchantId, MethodId, ObservationId, PaymentId},
    method::MethodKind,
    money::Money,
    payment::{AttemptState, DeclineReason, Fact},
};
use sea_orm::{
    ConnectionTrait, ExprTrait, FromQueryResult, PaginatorTrait, QueryOrder, QuerySelect, QueryTrait, Select,
    SelectGetableTuple, Selector, entity::prelude::*,
};
use std::collections::HashMap;
use uuid::Uuid;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "attempt")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub merchant_id: MerchantId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: AttemptId,
    pub payment_id: PaymentId,
    pub connection_id: ConnectionId,
    pub idempotency_key: String,
    pub currency: String,
    pub amount_minor: i64,
    /// Of that amount, what is added for the way of paying; and what the books call the account and the tax of it.
    pub surcharge_minor: i64,
    pub surcharge_account: Option<String>,
    pub surcharge_tax: Option<String>,
    pub description: String,
    pub return_url: String,
    pub cancel_url: String,
    /// A one-time token of the gateway's fields, or a method that it keeps; absent: the gateway's own page takes the card.
    pub method_token: Option<String>,
    /// The gateway's id of the payer's company, under which it keeps the method; absent for a one-time token.
    pub gateway_customer: Option<String>,
    /// The saved method that it is charged to.
    pub method_id: Option<MethodId>,
    /// What its card is kept as once it has paid, where its payer wants that.
    pub keeps: Option<MethodId>,
    pub kind: MethodKind,
    /// How often its payment's debit had been tried before.
    pub retry: i32,
    /// Of the card's address, where the gateway compares it.
    pub postal_code: Option<String>,
    pub state: AttemptState,
    /// Why it brought no money, as JSON of a `DeclineReason`.
    pub reason: Option<String>,
    pub contradicted: bool,
    pub gateway_id: Option<String>,
    pub charge_id: Option<String>,
    /// `Visa ··4242`.
    pub method: Option<String>,
    /// Where the payer must go to act.
    pub action_url: Option<String>,
    /// What is posted there, as JSON of names and values; absent: a link leads there.
    pub action_fields: Option<String>,
    /// Who pressed Pay, a network or a payer, as a hash: for limits alone.
    pub origin_hash: Option<String>,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}
impl ActiveModelBehavior for ActiveModel {}
owned!();

pub use Model as Attempt;

/// Those whose outcome is open. In words, as in the partial index that serves it; which of them, a query says besides.
pub(crate) const OPEN: &str = "state IN ('created', 'unknown', 'requires_action')";

impl Attempt {
    /// One that is about to be sent: nothing was seen of it yet, and nothing that only some have is filled in.
    #[must_use]
    pub fn begun(
        (merchant_id, id, payment_id): (MerchantId, AttemptId, PaymentId),
        connection_id: ConnectionId,
        kind: MethodKind,
        amount: Money,
        now: DateTime<Utc>,
    ) -> Self {
        Self {
            merchant_id,
            id,
            payment_id,
            connection_id,
            idempotency_key: id.to_string(),
            currency: amount.currency.code().to_owned(),
            amount_minor: amount.minor,
            surcharge_minor: 0,
            surcharge_account: None,
            surcharge_tax: None,
            description: String::new(),
            return_url: String::new(),
            cancel_url: String::new(),
            method_token: None,
            gateway_customer: None,
            method_id: None,
            keeps: None,
            kind,
            retry: 0,
            postal_code: None,
            state: AttemptState::Created,
            reason: None,
            contradicted: false,
            gateway_id: None,
            charge_id: None,
            method: None,
            action_url: None,
            action_fields: None,
            origin_hash: None,
            created_at: now,
            updated_at: now,
        }
    }

    /// # Errors
    /// A stored currency that this version does not know.
    pub fn amount(&self) -> Result<Money, Error> {
        money(self.amount_minor, &self.currency, "attempt.currency")
    }

    /// Of the amount, what is added for the way of paying, when something is.
    ///
    /// # Errors
    /// A stored currency that this version does not know.
    pub fn surcharge(&self) -> Result<Option<Money>, Error> {
        let surcharge = money(self.surcharge_minor, &self.currency, "attempt.currency")?;
        Ok(surcharge.is_positive().then_some(surcharge))
    }

    /// It was sent by the clock: nobody waits for its answer, and nobody can answer a bank.
    #[must_use]
    pub const fn is_unattended(&self) -> bool {
        self.retry > 0
    }
}

mod observation {
    use super::*;
    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "observation")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub merchant_id: MerchantId,
        #[sea_orm(primary_key, auto_increment = false)]
        pub attempt_id: AttemptId,
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: ObservationId,
        /// Its place among the facts of the attempt, from 0. The id is made by a node's clock, and clocks differ.
        pub place: i32,
        /// JSON of a `Source`.
        pub source: String,
        /// JSON of an `Observation`.
        pub body: String,
        pub at: DateTime<Utc>,
    }
    impl ActiveModelBehavior for ActiveModel {}
    crate::scope::owned!();
}

/// What is kept of the fold and of the gateway's newest words.
const CACHE: [Column; 9] = [
    Column::State,
    Column::Reason,
    Column::Contradicted,
    Column::GatewayId,
    Column::ChargeId,
    Column::Method,
    Column::ActionUrl,
    Column::ActionFields,
    Column::UpdatedAt,
];

/// Whether somebody is told, in a row of [`MerchantTx::attempt_hold_telling`].
const TELLS: &str = "tells";

/// Of the columns that say from whom it is known and what was seen.
const NAMES: [&str; 2] = ["observation.source", "observation.body"];

/// Oldest first. Facts from before they had places all have the first.
fn in_order(facts: Select<observation::Entity>) -> Select<observation::Entity> {
    facts.order_by_asc(observation::Column::Place).order_by_asc(observation::Column::Id)
}

fn observed(row: &observation::Model) -> Result<Observed, Error> {
    Observed::read([&row.source, &row.body], row.at, NAMES)
}

/// An id tells when it was made, by the clock of its node, and those of two nodes are no day apart.
fn a_day_below(id: AttemptId) -> Option<AttemptId> {
    const DAY_MS: u128 = 24 * 60 * 60 * 1_000;
    (id.0.get_version_num() == 7).then(|| AttemptId(Uuid::from_u128(id.0.as_u128().saturating_sub(DAY_MS << 80))))
}

/// As the column has the reasons for which no card was tried.
fn ours() -> Result<Vec<String>, Error> {
    let ours = DeclineReason::OURS.iter().map(serde_json::to_string).collect::<Result<_, _>>();
    ours.map_err(|_| Error::Unreadable("attempt.reason"))
}

/// Those among these attempts that have tried a card or an account and come to an answer.
pub(crate) fn answered(among: Select<Entity>) -> Result<Select<Entity>, Error> {
    use AttemptState::{Created, RequiresAction, Unknown, Voided};
    let answered = among.filter(Column::State.is_not_in([Created, Unknown, RequiresAction, Voided]));
    Ok(answered.filter(Column::Reason.is_null().or(Column::Reason.is_not_in(ours()?))))
}

/// The declined ones among these attempts. In words, as in the partial index that serves it.
pub(crate) fn cards_declined(among: Select<Entity>, since: DateTime<Utc>) -> Result<Select<Entity>, Error> {
    let declined = among.filter(Expr::cust("state = 'declined'")).filter(Column::Reason.is_not_in(ours()?));
    Ok(declined.filter(Column::CreatedAt.gt(moment(since))))
}

/// When those began.
pub(crate) fn declined(
    among: Select<Entity>,
    since: DateTime<Utc>,
) -> Result<Selector<SelectGetableTuple<DateTime<Utc>>>, Error> {
    let declined = cards_declined(among, since)?.order_by_desc(Column::CreatedAt);
    Ok(declined.select_only().column(Column::CreatedAt).into_tuple())
}

impl MerchantTx {
    /// The attempt, held against everybody else until this transaction ends: facts about one payable are applied one
    /// after the other (D3).
    ///
    /// # Errors
    /// [`Error::Missing`] also for another merchant's attempt.
    pub async fn attempt_hold(&self, id: AttemptId) -> Result<Attempt, Error> {
        let found = self.find::<Entity>().filter(Column::Id.eq(id)).lock_exclusive();
        found.only(self.conn()).await?.ok_or(Error::Missing)
    }

    /// The same, and whether partners are told of what happens at this merchant: one question, because every fact asks both.
    ///
    /// # Errors
    /// As there.
    pub async fn attempt_hold_telling(&self, id: AttemptId) -> Result<(Attempt, bool), Error> {
        let mut held = self.find::<Entity>().filter(Column::Id.eq(id)).lock_exclusive().into_query();
        held.expr_as(Expr::exists(self.all_mine::<endpoints::Entity>(endpoints::Column::Id)), TELLS);
        let rows = self.conn().query_all(&held).await?;
        let row = rows.first().ok_or(Error::Missing)?;
        Ok((Model::from_query_result(row, "")?, row.try_get("", TELLS)?))
    }

    /// Adds a fact after the `place` facts that stand. The attempt is held meanwhile.
    ///
    /// # Errors
    /// The database is away.
    pub async fn observation_add(&self, attempt: AttemptId, place: usize, seen: &Observed) -> Result<(), Error> {
        let merchant_id = self.merchant_id();
        let FactColumns { id, place, source, body, at } = seen.columns(place, NAMES)?;
        let row = observation::Model { merchant_id, attempt_id: attempt, id, place, source, body, at };
        self.insert::<observation::Entity>([row]).await
    }

    /// Writes the cache of the fold, and nothing that the attempt was begun with.
    ///
    /// # Errors
    /// [`Error::Missing`] also for another merchant's attempt.
    pub async fn attempt_cache(&self, attempt: Attempt) -> Result<(), Error> {
        let which = Column::Id.eq(attempt.id);
        let mut row = self.stamped::<Entity>(attempt);
        row.not_set(Column::CreatedAt);
        for column in CACHE {
            row.reset(column);
        }
        self.update_one(self.update::<Entity>().set(row).filter(which)).await
    }
}

impl<C: ConnectionTrait> Scoped<C> {
    /// # Errors
    /// [`Error::Missing`] also for another merchant's attempt.
    pub async fn attempt(&self, id: AttemptId) -> Result<Attempt, Error> {
        self.find::<Entity>().filter(Column::Id.eq(id)).only(self.conn()).await?.ok_or(Error::Missing)
    }

    /// # Errors
    /// The database is away.
    pub async fn attempts_of(&self, payment: PaymentId) -> Result<Vec<Attempt>, Error> {
        let of = self.find::<Entity>().filter(Column::PaymentId.eq(payment));
        Ok(of.order_by_asc(Column::CreatedAt).all(self.conn()).await?)
    }

    /// Every attempt of these payments, the oldest first.
    ///
    /// # Errors
    /// The database is away.
    pub async fn attempts_of_payments(&self, payments: Vec<PaymentId>) -> Result<Vec<Attempt>, Error> {
        let of = self.find::<Entity>().filter(Column::PaymentId.is_in(payments));
        Ok(of.order_by_asc(Column::CreatedAt).all(self.conn()).await?)
    }

    /// The newest attempt of each of these payments.
    ///
    /// # Errors
    /// The database is away.
    pub async fn latest_attempts(&self, payments: Vec<PaymentId>) -> Result<HashMap<PaymentId, Attempt>, Error> {
        let attempts = self.attempts_of_payments(payments).await?;
        Ok(attempts.into_iter().map(|attempt| (attempt.payment_id, attempt)).collect())
    }

    /// # Errors
    /// The database is away.
    pub async fn attempt_by_gateway_id(&self, gateway_id: &str) -> Result<Option<Attempt>, Error> {
        Ok(self.find::<Entity>().filter(Column::GatewayId.eq(text(gateway_id))).only(self.conn()).await?)
    }

    /// Those that have this id at their gateway, of the payment or of its movement of money.
    ///
    /// # Errors
    /// The database is away.
    pub async fn attempts_quoting(&self, gateway_id: &str) -> Result<Vec<Attempt>, Error> {
        let id = text(gateway_id);
        let quoting = Column::GatewayId.eq(id.clone()).or(Column::ChargeId.eq(id));
        Ok(self.find::<Entity>().filter(quoting).all(self.conn()).await?)
    }

    /// When cards were tried at this merchant since this moment that were declined, the newest first.
    ///
    /// # Errors
    /// The database is away.
    pub async fn declines(&self, since: DateTime<Utc>) -> Result<Vec<DateTime<Utc>>, Error> {
        declined(self.find::<Entity>(), since)?.all(self.conn()).await.map_err(Error::from)
    }

    /// How many attempts since this moment have tried a card and come to an answer.
    ///
    /// # Errors
    /// The database is away.
    pub async fn tries_count(&self, since: DateTime<Utc>) -> Result<u64, Error> {
        let begun = self.find_by_time::<Entity>().filter(Column::CreatedAt.gt(moment(since)));
        Ok(answered(begun)?.count(self.conn()).await?)
    }

    /// Attempts whose outcome nobody knows though they began before this.
    ///
    /// # Errors
    /// The database is away.
    pub async fn attempts_unknown(&self, before: DateTime<Utc>) -> Result<Vec<Attempt>, Error> {
        let open = self.find_by_time::<Entity>().filter(Expr::cust(OPEN));
        let undecided = open.filter(Column::State.is_in([AttemptState::Created, AttemptState::Unknown]));
        Ok(undecided.filter(Column::CreatedAt.lt(moment(before))).all(self.conn()).await?)
    }

    /// Attempts that wait for their payer though they began before this.
    ///
    /// # Errors
    /// The database is away.
    pub async fn attempts_waiting(&self, before: DateTime<Utc>) -> Result<Vec<Attempt>, Error> {
        let open = self.find_by_time::<Entity>().filter(Expr::cust(OPEN));
        let waiting = open.filter(Column::State.eq(AttemptState::RequiresAction));
        Ok(waiting.filter(Column::CreatedAt.lt(moment(before))).all(self.conn()).await?)
    }

    /// Attempts that nobody waited for, and that were declined because a bank asks for their payer; the oldest first.
    ///
    /// # Errors
    /// The database is away.
    pub async fn attempts_needing_payer(&self) -> Result<Vec<Attempt>, Error> {
        // In words, as in the partial index that serves it.
        let unattended = self.find::<Entity>().filter(Expr::cust("state = 'declined' AND retry > 0"));
        let asks = json(&DeclineReason::AuthenticationFailed, "attempt.reason")?;
        Ok(unattended.filter(Column::Reason.eq(asks)).order_by_asc(Column::CreatedAt).all(self.conn()).await?)
    }

    /// Attempts through this connection that began since then, oldest first.
    ///
    /// # Errors
    /// The database is away.
    pub async fn attempts_through(
        &self,
        connection: ConnectionId,
        since: DateTime<Utc>,
    ) -> Result<Vec<Attempt>, Error> {
        let through = self.find_by_time::<Entity>().filter(Column::ConnectionId.eq(connection));
        let since = through.filter(Column::CreatedAt.gte(moment(since)));
        Ok(since.order_by_asc(Column::CreatedAt).all(self.conn()).await?)
    }

    /// Attempts whose money went back by the bank's hand though refunds were made of it, in whatever state those are.
    ///
    /// # Errors
    /// The database is away.
    pub async fn attempts_returned_beside_refunds(&self) -> Result<Vec<Attempt>, Error> {
        // In words, as in the partial index that serves it.
        let returned = self.find::<Entity>().filter(Expr::cust("state = 'returned'"));
        let refunded = self.all_mine::<refunds::Entity>(refunds::Column::AttemptId);
        let by_refund = serde_json::to_string(&DeclineReason::PaidBack);
        let by_refund = by_refund.map_err(|_| Error::Unreadable("attempt.reason"))?;
        let by_bank = returned.filter(Column::Reason.is_null().or(Column::Reason.ne(by_refund)));
        Ok(by_bank.filter(Column::Id.in_subquery(refunded)).all(self.conn()).await?)
    }

    /// Attempts that an operator must look at: the impossible was seen.
    ///
    /// # Errors
    /// The database is away.
    pub async fn attempts_contradicted(&self) -> Result<Vec<Attempt>, Error> {
        Ok(self.find::<Entity>().filter(Column::Contradicted.into_expr()).all(self.conn()).await?)
    }

    pub(crate) async fn attempts_after(
        &self,
        since: DateTime<Utc>,
        after: Option<AttemptId>,
        limit: u64,
    ) -> Result<Vec<Attempt>, Error> {
        // Whoever begins at the first id of all reads past all that are older.
        let after = match after {
            Some(after) => Some(after),
            None => match self.attempt_first(since).await? {
                Some(first) => a_day_below(first),
                None => return Ok(Vec::new()),
            },
        };
        let mut next = self.find::<Entity>().filter(Column::CreatedAt.gte(since));
        if let Some(after) = after {
            next = next.filter(Column::Id.gt(after));
        }
        Ok(next.order_by_asc(Column::Id).limit(limit).all(self.conn()).await?)
    }

    /// The first of those that began since this moment.
    async fn attempt_first(&self, since: DateTime<Utc>) -> Result<Option<AttemptId>, Error> {
        let of = self.find_by_time::<Entity>().filter(Column::CreatedAt.gte(since)).order_by_asc(Column::CreatedAt);
        let first: Vec<AttemptId> = of.select_only().column(Column::Id).limit(1).into_tuple().all(self.conn()).await?;
        Ok(first.first().copied())
    }

    /// # Errors
    /// The database is away.
    pub async fn attempts_by_id(&self, ids: &[AttemptId]) -> Result<Vec<Attempt>, Error> {
        Ok(self.find::<Entity>().filter(Column::Id.is_in(ids.to_vec())).all(self.conn()).await?)
    }

    /// The bare facts about each of these attempts, oldest first.
    pub(crate) async fn facts_of(&self, attempts: &[AttemptId]) -> Result<HashMap<AttemptId, Vec<Fact>>, Error> {
        let rows = self.find::<observation::Entity>().filter(observation::Column::AttemptId.is_in(attempts.to_vec()));
        let mut facts: HashMap<_, Vec<_>> = HashMap::new();
        for row in in_order(rows).all(self.conn()).await? {
            facts.entry(row.attempt_id).or_default().push(observed(&row)?.seen.fact);
        }
        Ok(facts)
    }

    /// Every fact about an attempt, oldest first.
    ///
    /// # Errors
    /// A stored fact that this version cannot read.
    pub async fn observations(&self, attempt: AttemptId) -> Result<Vec<Observed>, Error> {
        let rows = self.find::<observation::Entity>().filter(observation::Column::AttemptId.eq(attempt));
        let rows = in_order(rows).all(self.conn()).await?;
        rows.iter().map(observed).collect()
    }
}
