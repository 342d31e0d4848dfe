//! Checkouts: what a link was resolved to. The id is random and is the guest's only credential.

use crate::{
    Error, MerchantDb, MerchantTx, merchants,
    payments::payment,
    scope::{Scoped, moment, owned},
};
use chrono::{DateTime, TimeDelta, Utc};
use domain::ids::{CheckoutId, InvoiceId, MerchantId, PayerId};
use sea_orm::{ConnectionTrait, ExprTrait, QueryOrder, QuerySelect, entity::prelude::*, sea_query::OnConflict};

/// Whoever prunes at least this often finds all that has ended.
const PRUNED_WITHIN: TimeDelta = TimeDelta::days(90);

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "checkout")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub merchant_id: MerchantId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: CheckoutId,
    /// The link's; the first of those that its payer chose, when they chose several.
    pub invoice_id: InvoiceId,
    /// Who opened it, when they were signed in.
    pub payer_id: Option<PayerId>,
    /// Whoever opened it named the invoice's company, or signed in for it: they may read its name.
    pub company_named: bool,
    pub created_at: DateTime<Utc>,
    pub expires_at: DateTime<Utc>,
}
impl ActiveModelBehavior for ActiveModel {}
owned!();

impl Related<merchants::Entity> for Entity {
    fn to() -> RelationDef {
        Self::belongs_to(merchants::Entity).from(Column::MerchantId).to(merchants::Column::Id).into()
    }
}

mod chosen {
    use super::*;
    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "checkout_invoice")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub merchant_id: MerchantId,
        #[sea_orm(primary_key, auto_increment = false)]
        pub checkout_id: CheckoutId,
        #[sea_orm(primary_key, auto_increment = false)]
        pub invoice_id: InvoiceId,
        /// From 0, in the order of the page.
        pub place: i32,
        /// What its payer wants to pay of it; absent: all that is due.
        pub pay_minor: Option<i64>,
        /// What was due then: they wanted to pay a part of it, or more.
        pub due_minor: Option<i64>,
        pub chosen_at: DateTime<Utc>,
    }
    impl ActiveModelBehavior for ActiveModel {}
    crate::scope::owned!();
}

pub use Model as Checkout;
pub use chosen::Model as CheckoutInvoice;

impl MerchantDb {
    /// # Errors
    /// [`Error::Missing`] when the invoice or the payer is not this merchant's.
    pub async fn checkout_add(&self, checkout: Checkout) -> Result<(), Error> {
        self.inserting::<Entity>([checkout]).exec_without_returning(self.writer()).await?;
        Ok(())
    }

    /// A checkout with the invoices that its payer chose, in their order.
    ///
    /// # Errors
    /// [`Error::Missing`] when an invoice or the payer is not this merchant's.
    pub async fn checkout_add_several(&self, checkout: Checkout, invoices: &[InvoiceId]) -> Result<(), Error> {
        let (id, at) = (checkout.id, checkout.created_at);
        let tx = self.begin().await?;
        tx.insert::<Entity>([checkout]).await?;
        tx.insert::<chosen::Entity>(self.chosen(id, at, invoices.iter().map(|invoice| (*invoice, None)))).await?;
        tx.commit().await
    }

    /// What a checkout's payer wants to pay of each of its invoices, and what is due on it now, in the order of the page;
    /// `None` is all that is due.
    ///
    /// # Errors
    /// [`Error::Missing`] when the checkout or an invoice is not this merchant's.
    pub async fn checkout_amounts(
        &self,
        checkout: CheckoutId,
        amounts: &[(InvoiceId, Option<(i64, i64)>)],
        at: DateTime<Utc>,
    ) -> Result<(), Error> {
        let key = [chosen::Column::MerchantId, chosen::Column::CheckoutId, chosen::Column::InvoiceId];
        let mut again = OnConflict::columns(key);
        again.update_columns([chosen::Column::PayMinor, chosen::Column::DueMinor, chosen::Column::ChosenAt]);
        let rows = self.chosen(checkout, at, amounts.iter().copied());
        self.inserting::<chosen::Entity>(rows).on_conflict(again).exec_without_returning(self.writer()).await?;
        Ok(())
    }

    fn chosen(
        &self,
        checkout_id: CheckoutId,
        chosen_at: DateTime<Utc>,
        amounts: impl Iterator<Item = (InvoiceId, Option<(i64, i64)>)>,
    ) -> Vec<CheckoutInvoice> {
        let merchant_id = self.merchant_id();
        let row = |((invoice_id, amount), place): ((_, Option<(i64, i64)>), _)| {
            let (pay_minor, due_minor) = amount.unzip();
            CheckoutInvoice { merchant_id, checkout_id, invoice_id, place, pay_minor, due_minor, chosen_at }
        };
        amounts.zip(0..).map(row).collect()
    }
}

impl<C: ConnectionTrait> Scoped<C> {
    /// What was chosen at a checkout, in the order of the page: nothing for the whole of its one invoice.
    ///
    /// # Errors
    /// The database is away.
    pub async fn checkout_invoices(&self, checkout: CheckoutId) -> Result<Vec<CheckoutInvoice>, Error> {
        let of = self.find::<chosen::Entity>().filter(chosen::Column::CheckoutId.eq(checkout));
        Ok(of.order_by_asc(chosen::Column::Place).all(self.conn()).await?)
    }

    /// When checkouts with this invoice were opened, the newest first, as far as they are kept: up to `limit`.
    ///
    /// # Errors
    /// The database is away.
    pub async fn checkouts_opened(&self, invoice: InvoiceId, limit: u64) -> Result<Vec<DateTime<Utc>>, Error> {
        let chosen = self.mine::<chosen::Entity>(chosen::Column::CheckoutId, chosen::Column::InvoiceId.eq(invoice));
        let with_it = Column::InvoiceId.eq(invoice).or(Column::Id.in_subquery(chosen));
        let newest = self.find::<Entity>().filter(with_it).order_by_desc(Column::CreatedAt).limit(limit);
        Ok(newest.select_only().column(Column::CreatedAt).into_tuple().all(self.conn()).await?)
    }
}

impl MerchantTx {
    /// Deletes up to `limit` checkouts that expired before this, though no longer than three months before, and that no payment
    /// refers to, with what was chosen at them, and says how many. Those that were paid stay, and are not read again for ever.
    ///
    /// # Errors
    /// The database is away.
    pub async fn checkouts_prune(&self, before: DateTime<Utc>, limit: u64) -> Result<u64, Error> {
        let paid = self.about::<payment::Entity>(payment::Column::CheckoutId, (Entity, Column::Id));
        let ended = self.find_by_time::<Entity>().filter(Column::ExpiresAt.lt(moment(before)));
        let lately = ended.filter(Column::ExpiresAt.gte(moment(before - PRUNED_WITHIN)));
        self.prune(Column::Id, lately.filter(Expr::exists(paid).not()), limit).await
    }
}
