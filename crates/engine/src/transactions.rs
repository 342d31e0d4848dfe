//! The merchant's list of payments, and its mails.

use crate::{
    AdminPass, Engine, Error, ListQuery,
    clock::{on_the_wall, zone},
    faces::{ROWS_PER_PAGE, page},
};
use chrono_tz::Tz;
use domain::{
    ids::MailId,
    views::{MailBox, MailFace, Page, PaymentRow},
};
use store::{Mail, MailState, PaymentFilter};

impl Engine {
    /// # Errors
    /// The database is away.
    pub async fn transactions(&self, admin: &AdminPass, list: ListQuery) -> Result<Page<PaymentRow>, Error> {
        let filter = PaymentFilter { search: list.search, ..PaymentFilter::default() };
        let (rows, total) = admin.db.payment_page(&filter, list.page, ROWS_PER_PAGE).await?;
        let rows = self.payment_rows(&admin.db, rows, zone(&admin.who.time_zone)).await?;
        Ok(page(rows, total, list.page, &filter.search))
    }

    /// A page of the mails, and the one to be read.
    ///
    /// # Errors
    /// [`Error::NotFound`] also for another merchant's mail.
    pub async fn mails(&self, admin: &AdminPass, list: ListQuery, open: Option<MailId>) -> Result<MailBox, Error> {
        let (rows, total) = admin.db.mail_page(&list.search, list.page, ROWS_PER_PAGE).await?;
        let zone = zone(&admin.who.time_zone);
        let face = |row| mail_face(row, zone);
        let open = match open {
            Some(id) => Some(face(admin.db.mail(id).await?)),
            None => None,
        };
        Ok(MailBox { page: page(rows.into_iter().map(face).collect(), total, list.page, &list.search), open })
    }
}

pub(crate) fn mail_face(row: Mail, zone: Tz) -> MailFace {
    MailFace {
        id: row.id,
        to: row.recipient,
        subject: row.subject,
        text: row.text,
        state: mail_words(row.state).to_owned(),
        at: on_the_wall(row.created_at, zone),
    }
}

pub(crate) const fn mail_words(state: MailState) -> &'static str {
    match state {
        MailState::Queued => "Waiting to be sent",
        MailState::Kept => "Kept here, no mail server is set",
        MailState::Accepted => "Accepted by the mail server",
    }
}
