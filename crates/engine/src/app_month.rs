//! What an app has read this month, where the vendor meters that over all that it calls for (`domain::governor::Month`). Each
//! process counts by itself and adds up in the database now and then, so that hardly any read costs a statement. One that is
//! killed takes along what it had not added yet: fewer reads than `ADDED_AT`.

use crate::{
    Engine, Error, Lane,
    connection_settings::limits_at,
    live_books::LiveBooks,
    send_mail::{READS_SHORT, rendered},
    turnstile::Errand,
};
use chrono::{DateTime, TimeDelta, Utc};
use connectors::books::{Books, consent::Provider};
use domain::governor::{Month, Queue, month_of};
use minijinja::context;
use store::{MerchantDb, NewMail};
use tokio::sync::Mutex;

/// So many reads are added up at once.
const ADDED_AT: u32 = 20;
/// What other processes have read is asked for again after so long.
const KNOWN_FOR: TimeDelta = TimeDelta::minutes(1);

/// What an app's reads are counted by.
pub(crate) fn app_key(provider: &str, client_id: &str) -> String {
    format!("{provider}:{client_id}")
}

/// What this process knows of an app's month.
pub(crate) struct Meter {
    app: String,
    /// What it may read where nobody has said so.
    of: u32,
    seen: Mutex<Seen>,
}

#[derive(Default)]
struct Seen {
    /// Since they were last added up.
    reads: u32,
    known: Option<(DateTime<Utc>, Month)>,
}

impl Meter {
    pub(crate) fn new(app: String, of: u32) -> Self {
        Self { app, of, seen: Mutex::default() }
    }

    /// When a queue may read again, where it must not now.
    pub(crate) async fn not_before(
        &self,
        engine: &Engine,
        queue: Queue,
    ) -> Result<Option<DateTime<Utc>>, store::Error> {
        let mut seen = self.seen.lock().await;
        let now = engine.now();
        let known = seen.known;
        let month = match known {
            Some((at, month)) if seen.reads < ADDED_AT && now - at < KNOWN_FOR => month,
            _ => self.add_up(&mut seen, engine).await?,
        };
        Ok(Month { used: month.used.saturating_add(seen.reads), ..month }.not_before(queue, now))
    }

    pub(crate) async fn count(&self) {
        self.seen.lock().await.reads += 1;
    }

    /// Adds up what is left when nothing reads any more.
    pub(crate) async fn settle(&self, engine: &Engine) -> Result<(), store::Error> {
        let mut seen = self.seen.lock().await;
        if seen.reads > 0 {
            self.add_up(&mut seen, engine).await?;
        }
        Ok(())
    }

    async fn add_up(&self, seen: &mut Seen, engine: &Engine) -> Result<Month, store::Error> {
        let now = engine.now();
        let month = engine.store().app_reads_count(&self.app, seen.reads, self.of, now).await?;
        *seen = Seen { reads: 0, known: Some((now, month)) };
        Ok(month)
    }
}

impl Engine {
    /// How the month of an app at a vendor of books stands, after saying how much it may read; of the installation's own
    /// without a client's id.
    ///
    /// # Errors
    /// [`Error::SetUp`] for a vendor that is unknown or meters nothing, and where there is no such app of the installation's.
    pub async fn books_app(
        &self,
        provider: &str,
        client_id: Option<&str>,
        reads_max: Option<u32>,
    ) -> Result<Month, Error> {
        let metered = Provider::of(provider).and_then(|known| Some((known, limits_at(known).app_month?)));
        let (known, of) = metered.ok_or_else(|| Error::SetUp(format!("{provider} meters no reads")))?;
        let own = self.0.settings.books_apps.of(known).map(|app| app.id.as_str());
        let none = || Error::SetUp("this installation has no app there: name a client's id".into());
        let client_id = client_id.or(own).ok_or_else(none)?;
        let (app, now) = (app_key(provider, client_id), self.now());
        let Some(max) = reads_max else { return Ok(self.store().app_reads(&app, of, now).await?) };
        let month = self.store().app_reads_limit(&app, max, now).await?;
        self.store().audit("operator", "set reads a month", &format!("{app}: {max}"), now).await?;
        Ok(month)
    }

    /// Tells staff once a month that an app by which their books are read has little left of it.
    pub(crate) async fn watch_month(&self, db: &MerchantDb) -> Result<(), Error> {
        let set_up = self.set_up(db).await?;
        for lane in Lane::ALL {
            let Ok(route) = set_up.route(lane) else { break };
            let Some(books) = self.live_books(db, route, Errand::job(lane))? else { break };
            if let Some(month) = books.month().await?.filter(|month| month.is_short()) {
                self.mail_short_month(db, &books, month).await?;
            }
        }
        Ok(())
    }

    async fn mail_short_month(&self, db: &MerchantDb, books: &LiveBooks, month: Month) -> Result<(), Error> {
        let key = format!("reads_short:{}:{}", month_of(self.now()), books.client_id()?);
        if db.mail_by_key(&key).await?.is_some() {
            return Ok(());
        }
        let merchant = db.merchant().await?;
        let text = rendered(
            READS_SHORT,
            context! {
                books => books.name(),
                used => month.used,
                of => month.of,
                link => format!("{}/admin/configure/accounting-connections", self.0.settings.public_url),
            },
        )?;
        let mail = NewMail {
            payment: None,
            unique_key: key,
            recipient: merchant.support_email,
            subject: format!("The books of {} are read less until the month is over", merchant.name),
            text,
            state: self.first_mail_state(),
        };
        let tx = db.begin().await?;
        self.add_mail(&tx, mail).await?;
        Ok(tx.commit().await?)
    }
}
