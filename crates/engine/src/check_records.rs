//! Once an hour, what was recorded here in the last days is held against itself: facts, rows, ledger, what is meant for the
//! books, and whether somebody asks about what is open (`quality.md`, 2.3). No vendor is called. What differs is an exception
//! like one of the daily comparison, and ends when it is found no more.

use crate::{
    Engine, Error,
    differences::{FoundDifference, keys},
    verify_books::{ATTEMPTS_AT_ONCE, OPEN_MAX, own_differences},
    work::Work,
};
use chrono::{DateTime, TimeDelta, Utc};
use domain::{exception::DifferenceKind, ids::AttemptId};
use std::collections::HashSet;
use store::{AttemptRecord, MerchantDb};

/// What is older is compared once a day.
const CHECKED_FOR: TimeDelta = TimeDelta::days(2);
/// What is found by our own rows alone. A bank that is silent for too long is none: the gateway is asked about that first.
const KINDS: [DifferenceKind; 3] = [DifferenceKind::Records, DifferenceKind::Unasked, DifferenceKind::PostingStays];

impl Engine {
    pub(crate) async fn check_records(&self, db: &MerchantDb) -> Result<(), Error> {
        let since = self.now() - CHECKED_FOR;
        let (first, read) = self.check_since(db, since).await?;
        // What moved while it was read is no difference: it must be seen twice.
        let before = keys(&first);
        let mut found = if first.is_empty() { first } else { self.check_since(db, since).await?.0 };
        let standing = keys(&found);
        found.retain(|found| before.contains(&found.difference.key()));
        if !found.is_empty() {
            self.keep_found(db, since, found, false).await?;
        }
        self.end_in_order(db, &read, &standing).await
    }

    /// Ends what stands of the attempts that were read and was not found of them any more.
    async fn end_in_order(
        &self,
        db: &MerchantDb,
        read: &HashSet<AttemptId>,
        standing: &HashSet<String>,
    ) -> Result<(), Error> {
        let of_read = |kind: &DifferenceKind, key: &str| {
            kind.about(key)
                .and_then(|about| about.parse::<AttemptId>().ok())
                .is_some_and(|attempt| read.contains(&attempt))
        };
        let mut over = db.exceptions_open().await?;
        over.retain(|row| {
            !standing.contains(&row.unique_key) && KINDS.iter().any(|kind| of_read(kind, &row.unique_key))
        });
        if over.is_empty() {
            return Ok(());
        }
        let tx = db.begin().await?;
        for row in over {
            tx.exception_cured(&row.unique_key, self.now()).await?;
        }
        Ok(tx.commit().await?)
    }

    /// What was found, and of which attempts it was looked for.
    async fn check_since(
        &self,
        db: &MerchantDb,
        since: DateTime<Utc>,
    ) -> Result<(Vec<FoundDifference>, HashSet<AttemptId>), Error> {
        let (mut found, mut read, mut after) = (Vec::new(), HashSet::new(), None);
        loop {
            let records = db.attempt_records(since, after, ATTEMPTS_AT_ONCE).await?;
            let Some(last) = records.last() else { break };
            after = Some(last.attempt.id);
            read.extend(records.iter().map(|record| record.attempt.id));
            for record in &records {
                found.extend(own_differences(record, self.now())?);
            }
            found.extend(self.unasked(db, &records).await?.into_iter().map(|(_, found)| found));
        }
        found.retain(|found| KINDS.contains(&found.difference.kind));
        Ok((found, read))
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
