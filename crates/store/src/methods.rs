//! Saved methods. Their state is a cache of what the gateway last said.

use crate::{
    Authority, Error, MerchantDb, MerchantTx, NewSlip, Store, authorities,
    scope::{Only, Scoped, moment, owned, text},
};
use chrono::{DateTime, NaiveDate, Utc};
use domain::{
    ids::{ConnectionId, CustomerId, MerchantId, MethodId},
    method::{MethodKind, MethodState},
};
use sea_orm::{ConnectionTrait, ExprTrait, QueryOrder, QuerySelect, entity::prelude::*};

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "method")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub merchant_id: MerchantId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: MethodId,
    pub customer_id: CustomerId,
    pub connection_id: ConnectionId,
    /// The one-time token of the gateway's fields that it was saved by: what is sent again must be the same to the byte.
    pub token: String,
    /// Of the card's address, where the gateway compares it.
    pub postal_code: Option<String>,
    /// The company's name as it was then, for the same reason.
    pub customer_name: String,
    pub return_url: String,
    pub added_by: String,
    pub kind: MethodKind,
    pub state: MethodState,
    /// Why the bank refuses it, as JSON of a `DeclineReason`.
    pub reason: Option<String>,
    /// The gateway's id of the request to keep it.
    pub setup_id: Option<String>,
    pub gateway_customer: Option<String>,
    /// What is charged.
    pub gateway_method: Option<String>,
    /// `Visa ··4242`.
    pub face: Option<String>,
    /// The last day on which a card is good.
    pub good_until: Option<NaiveDate>,
    /// Where the payer must go to act.
    pub action_url: Option<String>,
    /// The payer's own name for it; may be empty.
    pub nickname: String,
    /// Chosen beforehand where one is to be chosen.
    pub is_default: bool,
    /// What it takes the place of as soon as it can be charged.
    pub replaces: Option<MethodId>,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}
impl ActiveModelBehavior for ActiveModel {}
owned!();

pub use Model as Method;

impl MerchantDb {
    /// Commits a method that is about to be saved, with its authority where it needs one and its line for the audit trail. `false`: it stands already, by a
    /// double click or a replayed POST.
    ///
    /// # Errors
    /// [`Error::Missing`] for the id of another customer's method: it comes with a form, and grants nothing.
    pub async fn method_open(&self, new: Method, authority: Option<Authority>, slip: NewSlip) -> Result<bool, Error> {
        let tx = self.begin().await?;
        let (id, customer) = (new.id, new.customer_id);
        let is_new = tx.method_add(new).await?;
        if tx.method(id).await?.customer_id != customer {
            return Err(Error::Missing);
        }
        if is_new {
            tx.insert::<authorities::Entity>(authority).await?;
            tx.audit_add(slip).await?;
        }
        tx.commit().await?;
        Ok(is_new)
    }
}

impl MerchantTx {
    /// `false`: it stands already.
    ///
    /// # Errors
    /// [`Error::Missing`] for one of another merchant's customer or connection.
    pub async fn method_add(&self, new: Method) -> Result<bool, Error> {
        Ok(self.insert_absent::<Entity>([new]).await? > 0)
    }

    /// The method, held until the transaction ends: what is told of it is recorded one after the other.
    ///
    /// # Errors
    /// [`Error::Missing`] also for another merchant's method.
    pub async fn method_hold(&self, id: MethodId) -> Result<Method, Error> {
        let touch = self.update::<Entity>().col_expr(Column::State, Expr::col(Column::State));
        self.update_one(touch.filter(Column::Id.eq(id))).await?;
        self.method(id).await
    }

    /// # Errors
    /// [`Error::Missing`] also for another merchant's method.
    pub async fn method_write(&self, method: Method) -> Result<(), Error> {
        self.rewrite::<Entity>(Column::Id.eq(method.id), method).await
    }

    /// Whether it can be charged. Whoever takes it out waits until this transaction ends.
    ///
    /// # Errors
    /// The database is away.
    pub async fn method_is_ready(&self, id: MethodId) -> Result<bool, Error> {
        let ready = self.find::<Entity>().filter(Column::Id.eq(id)).filter(Column::State.eq(MethodState::Ready));
        Ok(ready.lock_shared().only(self.conn()).await?.is_some())
    }

    /// The bank pays no more from the method that is charged by this id of the gateway: its owner must act first.
    ///
    /// # Errors
    /// The database is away.
    pub async fn method_trouble(
        &self,
        connection: ConnectionId,
        gateway_method: &str,
        reason: String,
        now: DateTime<Utc>,
    ) -> Result<(), Error> {
        let update = self
            .update::<Entity>()
            .col_expr(Column::State, Expr::value(MethodState::NeedsAttention))
            .col_expr(Column::Reason, Expr::value(reason))
            .col_expr(Column::IsDefault, Expr::value(false))
            .col_expr(Column::UpdatedAt, Expr::value(moment(now)))
            .filter(Column::ConnectionId.eq(connection))
            .filter(Column::GatewayMethod.eq(gateway_method))
            .filter(Column::State.eq(MethodState::Ready));
        update.exec(self.conn()).await?;
        Ok(())
    }

    /// None of the customer's methods is chosen beforehand any more.
    ///
    /// # Errors
    /// The database is away.
    pub async fn methods_no_default(&self, customer: CustomerId) -> Result<(), Error> {
        let none = self.update::<Entity>().col_expr(Column::IsDefault, Expr::value(false));
        let none = none.filter(Column::CustomerId.eq(customer)).filter(Column::IsDefault.eq(true));
        none.exec(self.conn()).await?;
        Ok(())
    }
}

impl Store {
    /// The worker's sweep: up to `limit` methods that were sent before this and of which nothing was heard since.
    ///
    /// # Errors
    /// The database is away.
    pub async fn door_methods_unheard(
        &self,
        sent_before: DateTime<Utc>,
        limit: u64,
    ) -> Result<Vec<(MerchantDb, Method)>, Error> {
        // In words, as in the partial index that serves it.
        let unheard = Entity::find().filter(Expr::cust("state = 'unverified'"));
        let unheard = unheard.filter(Column::UpdatedAt.lt(moment(sent_before)));
        let rows = unheard.order_by_asc(Column::CreatedAt).limit(limit).all(&self.pools.read).await?;
        Ok(rows.into_iter().map(|row| (MerchantDb::new(row.merchant_id, self.clone()), row)).collect())
    }
}

impl<C: ConnectionTrait> Scoped<C> {
    /// # Errors
    /// [`Error::Missing`] also for another merchant's method.
    pub async fn method(&self, id: MethodId) -> Result<Method, Error> {
        self.find::<Entity>().filter(Column::Id.eq(id)).only(self.conn()).await?.ok_or(Error::Missing)
    }

    /// What a customer has saved, the default first, then the newest; what was taken out is left out.
    ///
    /// # Errors
    /// The database is away.
    pub async fn methods_of(&self, customer: CustomerId) -> Result<Vec<Method>, Error> {
        let of = self.find::<Entity>().filter(Column::CustomerId.eq(customer));
        let kept = of.filter(Column::State.ne(MethodState::Revoked));
        let sorted = kept.order_by_desc(Column::IsDefault).order_by_desc(Column::CreatedAt);
        Ok(sorted.order_by_desc(Column::Id).all(self.conn()).await?)
    }

    /// What the gateway keeps by this id of a method, or of the company under which it does. What is being saved still, or
    /// was taken out, is left out.
    ///
    /// # Errors
    /// The database is away.
    pub async fn methods_kept(&self, connection: ConnectionId, gateway_id: &str) -> Result<Vec<Method>, Error> {
        let id = text(gateway_id);
        let by_id = Column::GatewayMethod.eq(id.clone()).or(Column::GatewayCustomer.eq(id));
        let kept = self.find::<Entity>().filter(Column::ConnectionId.eq(connection)).filter(by_id);
        let kept = kept.filter(Column::State.is_in([MethodState::Ready, MethodState::NeedsAttention]));
        Ok(kept.order_by_asc(Column::Id).all(self.conn()).await?)
    }

    /// Cards that can be charged, and are good until this day at most.
    ///
    /// # Errors
    /// The database is away.
    pub async fn methods_ending(&self, by: NaiveDate) -> Result<Vec<Method>, Error> {
        let ready = self.find::<Entity>().filter(Column::State.eq(MethodState::Ready));
        Ok(ready.filter(Column::GoodUntil.lte(by)).order_by_asc(Column::Id).all(self.conn()).await?)
    }

    /// The gateway's id of this company at this connection, once one of its methods has brought one. The newest counts: an
    /// older one may have been deleted there.
    ///
    /// # Errors
    /// The database is away.
    pub async fn gateway_customer(
        &self,
        customer: CustomerId,
        connection: ConnectionId,
    ) -> Result<Option<String>, Error> {
        let of = self.find::<Entity>().filter(Column::CustomerId.eq(customer));
        let known = of.filter(Column::ConnectionId.eq(connection)).filter(Column::GatewayCustomer.is_not_null());
        let newest = known.order_by_desc(Column::CreatedAt).order_by_desc(Column::Id).only(self.conn()).await?;
        Ok(newest.and_then(|method| method.gateway_customer))
    }
}
