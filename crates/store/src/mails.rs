//! Mails are rows first; sending is a job. Without an SMTP server they are kept and shown (`demo.md`).

use crate::{
    Error, MerchantTx,
    invoice_lists::like,
    scope::{Only, Scoped, owned},
};
use chrono::{DateTime, Utc};
use domain::ids::{MailId, MerchantId, PaymentId};
use sea_orm::{ConnectionTrait, ExprTrait, QueryOrder, entity::prelude::*};
use uuid::Uuid;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "mail")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub merchant_id: MerchantId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: MailId,
    pub payment_id: Option<PaymentId>,
    /// One mail per occasion, however often its job runs.
    pub unique_key: String,
    pub recipient: String,
    pub subject: String,
    pub text: String,
    pub state: MailState,
    pub last_error: Option<String>,
    pub created_at: DateTime<Utc>,
    /// The address of the document that goes with it.
    pub document: Option<String>,
}
impl ActiveModelBehavior for ActiveModel {}
owned!();

#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Text", rename_all = "snake_case")]
pub enum MailState {
    Queued,
    /// There is no SMTP server: the mail is only shown here.
    Kept,
    /// The SMTP server took it.
    Accepted,
}

#[derive(Clone, Debug)]
pub struct NewMail {
    pub payment: Option<PaymentId>,
    pub unique_key: String,
    pub recipient: String,
    pub subject: String,
    pub text: String,
    pub state: MailState,
}

impl MerchantTx {
    /// Writes the mail of this occasion. Absent: it stands already.
    ///
    /// # Errors
    /// The database is away.
    pub async fn mail_write(&self, new: NewMail, now: DateTime<Utc>) -> Result<Option<MailId>, Error> {
        let id = MailId(Uuid::now_v7());
        let row = Model {
            merchant_id: self.merchant_id(),
            id,
            payment_id: new.payment,
            unique_key: new.unique_key,
            recipient: new.recipient,
            subject: new.subject,
            text: new.text,
            state: new.state,
            last_error: None,
            created_at: now,
            document: None,
        };
        let written = self.insert_absent::<Entity>([row]).await?;
        Ok((written == 1).then_some(id))
    }

    /// Has a document go with a mail that has none yet: what went out once goes out again.
    ///
    /// # Errors
    /// The database is away.
    pub async fn mail_attach(&self, id: MailId, document: &str) -> Result<(), Error> {
        let update = self.update::<Entity>().col_expr(Column::Document, Expr::value(document));
        update.filter(Column::Id.eq(id)).filter(Column::Document.is_null()).exec(self.conn()).await?;
        Ok(())
    }

    /// # Errors
    /// [`Error::Missing`] also for another merchant's mail.
    pub async fn mail_move(&self, id: MailId, state: MailState, error: Option<&str>) -> Result<(), Error> {
        let update = self
            .update::<Entity>()
            .col_expr(Column::State, Expr::value(state))
            .col_expr(Column::LastError, Expr::value(error.map(str::to_owned)))
            .filter(Column::Id.eq(id));
        self.update_one(update).await
    }
}

impl<C: ConnectionTrait> Scoped<C> {
    /// # Errors
    /// [`Error::Missing`] also for another merchant's mail.
    pub async fn mail(&self, id: MailId) -> Result<Model, Error> {
        self.find::<Entity>().filter(Column::Id.eq(id)).only(self.conn()).await?.ok_or(Error::Missing)
    }

    /// The mail of an occasion, once it is written.
    ///
    /// # Errors
    /// The database is away.
    pub async fn mail_by_key(&self, unique_key: &str) -> Result<Option<Model>, Error> {
        Ok(self.find::<Entity>().filter(Column::UniqueKey.eq(unique_key)).only(self.conn()).await?)
    }

    /// The mails of these occasions, oldest first.
    ///
    /// # Errors
    /// The database is away.
    pub async fn mails_by_keys(&self, unique_keys: Vec<String>) -> Result<Vec<Model>, Error> {
        let of = self.find::<Entity>().filter(Column::UniqueKey.is_in(unique_keys));
        Ok(of.order_by_asc(Column::Id).all(self.conn()).await?)
    }

    /// # Errors
    /// The database is away.
    pub async fn mails_by_id(&self, ids: Vec<MailId>) -> Result<Vec<Model>, Error> {
        Ok(self.find::<Entity>().filter(Column::Id.is_in(ids)).all(self.conn()).await?)
    }

    /// Newest first, and how many there are.
    ///
    /// # Errors
    /// The database is away.
    pub async fn mail_page(&self, search: &str, page: u64, per_page: u64) -> Result<(Vec<Model>, u64), Error> {
        let mut select = self.find::<Entity>();
        if !search.is_empty() {
            select = select.filter(like(Column::Recipient, search).or(like(Column::Subject, search)));
        }
        self.page(select.order_by_desc(Column::Id), page, per_page).await
    }

    /// # Errors
    /// The database is away.
    pub async fn mails_of_payment(&self, payment: PaymentId) -> Result<Vec<Model>, Error> {
        Ok(self
            .find::<Entity>()
            .filter(Column::PaymentId.eq(payment))
            .order_by_asc(Column::Id)
            .all(self.conn())
            .await?)
    }
}
