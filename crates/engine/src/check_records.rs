//! Once an hour, what was recorded here in the last days is held against itself: facts, rows, ledger, what is meant for the
//! books, and whether somebody asks about what is open (`quality.md`, 2.3). No vendor is called. What differs is an exception
//! like one of the daily comparison, which finds the same and ends it when it is gone.

use crate::{
    Engine, Error,
    differences::FoundDifference,
    jobs::Work,
    reconcile::is_for_an_inbox,
    verify_books::{ATTEMPTS_AT_ONCE, OPEN_MAX, own_differences},
};
use chrono::{DateTime, TimeDelta, Utc};
use domain::exception::DifferenceKind;
use std::collections::HashSet;
use store::{AttemptRecord, MerchantDb};

/// What is older is compared once a day.
const CHECKED_FOR: TimeDelta = TimeDelta::days(2);

impl Engine {
    pub(crate) async fn check_records(&self, db: &MerchantDb) -> Result<(), Error> {
        let since = self.now() - CHECKED_FOR;
        let first = self.check_since(db, since).await?;
        if first.is_empty() {
            return Ok(());
        }
        // What moved while it was read is no difference: it must be seen twice.
        let before: HashSet<_> = first.iter().map(|found| found.difference.key()).collect();
        let mut found = self.check_since(db, since).await?;
        found.retain(|found| before.contains(&found.difference.key()));
        self.keep_found(db, since, found, false).await
    }

    async fn check_since(&self, db: &MerchantDb, since: DateTime<Utc>) -> Result<Vec<FoundDifference>, Error> {
        let (mut found, mut after) = (Vec::new(), None);
        loop {
            let records = db.attempt_records(since, after, ATTEMPTS_AT_ONCE).await?;
            let Some(last) = records.last() else { break };
            after = Some(last.attempt.id);
            for record in &records {
                found.extend(own_differences(record, self.now())?);
            }
            found.extend(self.unasked(db, &records).await?.into_iter().map(|(_, found)| found));
        }
        found.retain(is_for_an_inbox);
        Ok(found)
    }

    /// Those that have been open for long and that no job asks about, with when they began.
    pub(crate) async fn unasked(
        &self,
        db: &MerchantDb,
        records: &[AttemptRecord],
    ) -> Result<Vec<(DateTime<Utc>, FoundDifference)>, Error> {
        let long_ago = self.now() - OPEN_MAX;
        let attempts = records.iter().map(|record| &record.attempt);
        let open: Vec<_> = attempts
            .filter(|attempt| attempt.state.is_open() && attempt.created_at < long_ago)
            .map(|attempt| (attempt, Work::LookUp { attempt: attempt.id }.key("")))
            .collect();
        if open.is_empty() {
            return Ok(Vec::new());
        }
        let alive = db.jobs_alive(open.iter().map(|(_, key)| key.clone()).collect()).await?;
        let mut found = Vec::new();
        for (attempt, _) in open.iter().filter(|(_, key)| !alive.contains(key)) {
            let (amount, words) = (attempt.amount()?, "its outcome is open, and no look-up is planned");
            let unasked = FoundDifference::of_attempt(DifferenceKind::Unasked, attempt, amount, words);
            found.push((attempt.created_at, unasked));
        }
        Ok(found)
    }
}
