//! What books tell, worked: the invoices that changed are read once for all the news that wait, and where there are many, one
//! delta stands for them all (`wire/accounting.md`, 4.1). What was read since the change asks for nothing, which leaves out
//! what is sent again and the echo of our own postings; and no answer takes the place of a later one.

use crate::{
    Engine, Error, Lane,
    books_page::Told,
    failpoint,
    jobs::{Ran, chain, end_with},
    receive_webhook::changes_of,
    sync_books::Synced,
    turnstile::Errand,
    work::{READ_NEWS, Work},
};
use chrono::{DateTime, TimeDelta, Utc};
use connectors::books::{BooksError, Change};
use domain::ids::WebhookId;
use std::collections::BTreeMap;
use store::{Connection, ConnectionState, Job, MerchantDb, Throttle, Webhook, WebhookState};

/// News of one connection are read so far apart, by whichever process: what comes in between is read together.
const TURN: Throttle = Throttle::remember(TimeDelta::seconds(2));
/// So much is looked through at once.
const NEWS_AT_ONCE: u64 = 200;
/// More are not asked for one by one: a delta costs a call or two.
const INVOICES_MAX: usize = 10;
/// Deltas for news are so far apart.
const DELTAS_APART: TimeDelta = TimeDelta::seconds(5);
/// One that cannot be understood fails each time; from then on a delta is asked for, which leaves it out.
const TRIES_ONE_BY_ONE: i32 = 3;
/// What fails longer than so is left to the next sync, or it would pile up behind books that are away for days.
const TRIES: i32 = 6;

/// What was changed in the books after it was last read.
#[derive(Debug, Default, PartialEq, Eq)]
struct Unread {
    /// By the books' ids, with the latest change of each.
    invoices: BTreeMap<String, Option<DateTime<Utc>>>,
    /// Something of which a delta alone tells.
    others: bool,
}

impl Unread {
    fn since(read: Option<DateTime<Utc>>, changes: impl IntoIterator<Item = Change>) -> Self {
        let mut unread = Self::default();
        for Change { invoice, at } in changes {
            match invoice {
                _ if is_read(read, at) => {}
                Some(id) => {
                    let latest = unread.invoices.entry(id).or_insert(at);
                    *latest = latest.zip(at).map(|(one, other)| one.max(other));
                }
                None => unread.others = true,
            }
        }
        unread
    }

    fn is_empty(&self) -> bool {
        self.invoices.is_empty() && !self.others
    }
}

/// What changed at an unknown time may have changed since.
fn is_read(read: Option<DateTime<Utc>>, changed: Option<DateTime<Utc>>) -> bool {
    read.zip(changed).is_some_and(|(read, changed)| read > changed)
}

impl Engine {
    pub(crate) async fn read_books_news(
        &self,
        db: &MerchantDb,
        job: &Job,
        webhook: &Webhook,
        changes: Vec<Change>,
    ) -> Result<Ran, Error> {
        if webhook.state != WebhookState::Received {
            // Read together with others.
            return Ok(Ran::Finished);
        }
        let books = db.connection_of_kind("books").await?.ok_or(Error::NotSetUp)?;
        // Broken ones wait for a person, and are read by a sync then.
        if books.state != ConnectionState::Working || unread(db, &books, changes).await?.is_empty() {
            return end(db, job, vec![webhook.id]).await;
        }
        let turn = format!("books_news:{}", webhook.connection_id);
        if let Some(until) = self.store().throttle_count(&turn, TURN, self.now()).await? {
            return Ok(Ran::NotBefore(until, "other news of these books are being read"));
        }
        let (ids, changes) = waiting(db, webhook).await?;
        let unread = unread(db, &books, changes).await?;
        match self.read_changed(db, &books, unread, job).await {
            Ok(None) => end(db, job, ids).await,
            Ok(Some(next)) => Ok(Ran::NotBefore(next, "the books were read a moment ago")),
            Err(cause) if job.tries < TRIES => Err(cause),
            Err(cause) => {
                tracing::warn!(merchant.id = %db.merchant_id(), cause = %chain(&cause), "What the books told of could not be read there; the next sync will bring it.");
                end(db, job, ids).await
            }
        }
    }

    /// `Some`: a delta is needed, and no sooner than then.
    async fn read_changed(
        &self,
        db: &MerchantDb,
        books: &Connection,
        unread: Unread,
        job: &Job,
    ) -> Result<Option<DateTime<Utc>>, Error> {
        if !unread.others && unread.invoices.len() <= INVOICES_MAX && job.tries <= TRIES_ONE_BY_ONE {
            self.read_invoices(db, unread.invoices.into_keys()).await?;
            return Ok(None);
        }
        let next = books.synced_at.map(|synced_at| synced_at + DELTAS_APART).filter(|next| *next > self.now());
        if next.is_none() && self.sync_books(db, Errand::job(Lane::Background), job.id.0).await? != Synced::Done {
            // Whoever is at it may have begun before the change.
            return Ok(Some(self.now() + DELTAS_APART));
        }
        Ok(next)
    }

    /// Takes over how these stand in the books; what is gone there is owed no more.
    async fn read_invoices(&self, db: &MerchantDb, ids: impl Iterator<Item = String> + Send) -> Result<(), Error> {
        let books = self.books_for(db, Errand::job(Lane::Background)).await?;
        // From before the first question: what a posting has written since is newer.
        let read_at = self.now();
        let (mut found, mut gone) = (Vec::new(), Vec::new());
        for id in ids {
            match books.invoice(&id).await {
                Ok(invoice) => found.push(invoice),
                Err(BooksError::NotFound) => gone.push(id),
                Err(later) => return Err(Error::BooksUnreachable(later)),
            }
        }
        let ids: Vec<_> = found.iter().map(|invoice| invoice.external_id.clone()).collect();
        let told = Told::of(db, &*books, Vec::new(), found).await?;
        let tx = db.begin().await?;
        told.write(&tx, read_at).await?;
        // Unchanged ones too: who is told once more need not ask.
        tx.invoices_read(&ids, read_at).await?;
        tx.invoices_gone(&gone, read_at).await?;
        self.cover_by_quotes(&tx).await?;
        Ok(tx.commit().await?)
    }
}

async fn unread(db: &MerchantDb, books: &Connection, changes: Vec<Change>) -> Result<Unread, Error> {
    let mut unread = Unread::since(books.synced_at, changes);
    for (id, changed) in std::mem::take(&mut unread.invoices) {
        let row = db.invoice_by_external_id(&id).await?;
        if !is_read(row.map(|row| row.read_at), changed) {
            unread.invoices.insert(id, changed);
        }
    }
    Ok(unread)
}

/// The news that wait for their turn, this one among them, and what they tell of. What cannot be read waits for a person.
async fn waiting(db: &MerchantDb, this: &Webhook) -> Result<(Vec<WebhookId>, Vec<Change>), Error> {
    let jobs = db.jobs_undone(READ_NEWS, NEWS_AT_ONCE).await?;
    let named = |job: &Job| match serde_json::from_str(&job.body) {
        Ok(Work::ReadNews { webhook, .. }) => Some(webhook),
        _ => None,
    };
    let ids = jobs.iter().filter_map(named).chain([this.id]).collect();
    let (mut read, mut changes) = (Vec::new(), Vec::new());
    for webhook in db.webhooks_received(this.connection_id, ids).await? {
        if let Some(told) = changes_of(&webhook) {
            read.push(webhook.id);
            changes.extend(told);
        }
    }
    Ok((read, changes))
}

/// The jobs of the other news find them ended.
async fn end(db: &MerchantDb, job: &Job, news: Vec<WebhookId>) -> Result<Ran, Error> {
    let tx = db.begin().await?;
    tx.webhooks_processed(news).await?;
    failpoint::reach("before_news_end_commit");
    end_with(tx, job).await
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Option<DateTime<Utc>> {
        DateTime::from_timestamp(second, 0)
    }

    fn of(id: &str, at: Option<DateTime<Utc>>) -> Change {
        Change { invoice: Some(id.to_owned()), at }
    }

    #[test]
    fn s66_what_was_read_since_it_changed_is_not_asked_for_again() {
        let nameless = |at| Change { invoice: None, at };
        for (read, changes, unread) in [
            (at(5), vec![of("1", at(4)), nameless(at(4))], &[][..]),
            // At the very moment is not since.
            (at(5), vec![of("1", at(5)), of("2", at(6)), of("3", at(4))], &[("1", at(5)), ("2", at(6))]),
            (None, vec![of("1", at(4))], &[("1", at(4))]),
            // Told twice in the wrong order, the later one counts; and one that does not say when is later than any.
            (at(1), vec![of("1", at(6)), of("1", at(4))], &[("1", at(6))]),
            (at(1), vec![of("1", at(6)), of("1", None), of("1", at(9))], &[("1", None)]),
        ] {
            let told = format!("{changes:?}");
            let found = Unread::since(read, changes);
            let invoices: Vec<_> = found.invoices.iter().map(|(id, at)| (id.as_str(), *at)).collect();
            assert_eq!(invoices, unread, "{told}");
            assert!(!found.others, "{told}");
        }
        assert!(Unread::since(at(5), [nameless(at(6))]).others);
        assert!(Unread::since(at(5), [nameless(None)]).others);
        assert!(Unread::since(at(5), [nameless(at(4))]).is_empty());
    }
}
