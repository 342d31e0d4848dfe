//! The merchant's list of payments, and its mails.

use crate::{
    AdminPass, Engine, Error, ListQuery,
    faces::{ROWS_PER_PAGE, page},
};
use domain::views::{MailFace, Page, PaymentRow};
use store::{MailState, PaymentFilter};

impl Engine {
    /// # Errors
    /// The database is away.
    pub async fn transactions(&self, admin: &AdminPass, list: ListQuery) -> Result<Page<PaymentRow>, Error> {
        let filter = PaymentFilter { search: list.search, ..PaymentFilter::default() };
        let (rows, total) = admin.db.payment_page(&filter, list.page, ROWS_PER_PAGE).await?;
        Ok(page(self.payment_rows(&admin.db, rows).await?, total, list.page, &filter.search))
    }

    /// # Errors
    /// The database is away.
    pub async fn mails(&self, admin: &AdminPass, list: ListQuery) -> Result<Page<MailFace>, Error> {
        let (rows, total) = admin.db.mail_page(&list.search, list.page, ROWS_PER_PAGE).await?;
        let face = |row: store::Mail| MailFace {
            id: row.id,
            to: row.recipient,
            subject: row.subject,
            text: row.text,
            state: mail_words(row.state).to_owned(),
            at: row.created_at,
        };
        Ok(page(rows.into_iter().map(face).collect(), total, list.page, &list.search))
    }
}

pub(crate) const fn mail_words(state: MailState) -> &'static str {
    match state {
        MailState::Queued => "Waiting to be sent",
        MailState::Kept => "Kept here, no mail server is set",
        MailState::Accepted => "Accepted by the mail server",
    }
}
