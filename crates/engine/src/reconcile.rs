//! Once a day, what the gateways list, what is recorded here and what the books have are laid beside one another
//! (`wire/gateways.md`, 8.2; G44, D4). What may only be news that were lost is asked about, and the answer goes the one way
//! in; what differs then is an exception. Nothing is posted from here.

use crate::{
    Engine, Error,
    differences::{Ask, FoundDifference, keys},
    exception_lines::OUTCOME,
    jobs::{Ran, chain},
    verify_books::{BEGAN_BEFORE, Compared},
};
use chrono::{DateTime, TimeDelta, Utc};
use connectors::gateway::{Found, Taken};
use domain::{
    exception::{Cure, DifferenceKind},
    ids::ExceptionId,
    payment::{Fact, Observation, Source},
};
use std::collections::{BTreeMap, HashSet};
use store::{Attempt, Exception, ExceptionState, MerchantDb, Refund};
use uuid::Uuid;

/// A bank takes a debit back on its customer's word for 60 days, and whoever has to hear of that may be late.
const COMPARED_FOR: TimeDelta = TimeDelta::days(70);
/// A vendor that does not answer is asked again as often, before somebody is told that nothing was compared.
const TRIES_MAX: i32 = 6;
/// Each is a transaction of its own: so many take some seconds.
const SETTLED_AT_ONCE: usize = 2_000;

impl Engine {
    pub(crate) async fn reconcile(&self, db: &MerchantDb, tries: i32) -> Result<Ran, Error> {
        self.read_parked_again(db).await?;
        let since = self.compared_from(db).await?;
        let Compared { found: first, settled, .. } = self.compare_merchant(db, since).await?;
        self.record_settled(db, settled).await?;
        let first: Vec<_> = first.into_iter().filter(is_for_an_inbox).collect();
        for ask in first.iter().filter_map(|found| found.ask.as_ref()) {
            // What cannot be asked now stays a difference.
            if let Err(cause) = self.ask_about(db, ask).await {
                tracing::warn!(merchant.id = %db.merchant_id(), ?ask, cause = %chain(&cause), "A gateway could not be asked about a difference.");
            }
        }
        // What moved while it was compared is no difference: it must be seen twice.
        let found = if first.is_empty() { Vec::new() } else { self.compare_merchant(db, since).await?.found };
        let before = keys(&first);
        let mut found: Vec<_> = found.into_iter().filter(is_for_an_inbox).collect();
        found.retain(|found| before.contains(&found.difference.key()));
        let is_whole = !found.iter().any(|found| found.difference.kind == DifferenceKind::NotCompared);
        if !is_whole && tries < TRIES_MAX {
            return Ok(Ran::NotYet("not everything could be compared"));
        }
        self.keep_found(db, since, found, is_whole).await?;
        Ok(Ran::Finished)
    }

    /// Money that was promised and has come. What is left of many is in tomorrow's list too.
    async fn record_settled(&self, db: &MerchantDb, settled: Vec<Taken>) -> Result<(), Error> {
        for Taken { attempt, gateway_id, amount, .. } in settled.into_iter().take(SETTLED_AT_ONCE) {
            let (gateway_id, amount) = (Some(gateway_id), Some(amount));
            let seen = Observation { gateway_id, amount, ..Observation::bare(Fact::Settled) };
            self.record(db, attempt, seen, Source::LookUp).await?;
        }
        Ok(())
    }

    /// As far back as whatever is open was found from: else it would go when it gets old. And to a day before what a person
    /// has declared absent, which is looked for from then on as long as anything else: the gateway may list it after all.
    pub(crate) async fn compared_from(&self, db: &MerchantDb) -> Result<DateTime<Utc>, Error> {
        let usual = self.now() - COMPARED_FOR;
        let open = db.exceptions_open().await?.into_iter().filter_map(|row| row.compared_from);
        let absent = db.exceptions_fixed_since(OUTCOME, usual).await?.into_iter();
        let earliest = open.chain(absent.map(|row| row.found_at - BEGAN_BEFORE)).min();
        Ok(earliest.map_or(usual, |earliest| earliest.min(usual)))
    }

    async fn ask_about(&self, db: &MerchantDb, ask: &Ask) -> Result<(), Error> {
        match ask {
            Ask::Attempt(id, told) => self.read_charge_again(db, &db.attempt(*id).await?, told.clone()).await,
            Ask::Refund(id) => self.read_refund_again(db, &db.refund(*id).await?).await,
            Ask::RefundThere(connection, id) => {
                self.hear_of_refund(db, *connection, id, Source::LookUp).await?;
                Ok(())
            }
            Ask::Dispute(attempt, id) => {
                self.look_up_dispute(db, &db.attempt(*attempt).await?, id, Source::LookUp).await?;
                Ok(())
            }
        }
    }

    pub(crate) async fn read_charge_again(
        &self,
        db: &MerchantDb,
        attempt: &Attempt,
        told: Option<String>,
    ) -> Result<(), Error> {
        if attempt.state.is_open() {
            self.look_up_told(db, attempt, Source::LookUp, told).await?;
            return Ok(());
        }
        // Silence about what is decided proves nothing.
        if let Found::Seen(seen) = self.find_charge(db, attempt, told).await? {
            self.record(db, attempt.id, seen, Source::LookUp).await?;
        }
        Ok(())
    }

    pub(crate) async fn read_refund_again(&self, db: &MerchantDb, refund: &Refund) -> Result<(), Error> {
        if refund.state.is_open() {
            self.look_up_refund(db, refund, Source::LookUp).await?;
            return Ok(());
        }
        if let Found::Seen(seen) = self.find_refund(db, refund, None).await? {
            self.record_refund(db, refund.id, seen, Source::LookUp).await?;
        }
        Ok(())
    }

    /// Opens what was found, and ends what was not found any more, unless some of it could not be looked for.
    pub(crate) async fn keep_found(
        &self,
        db: &MerchantDb,
        since: DateTime<Utc>,
        found: Vec<FoundDifference>,
        is_whole: bool,
    ) -> Result<(), Error> {
        let (now, locale) = (self.now(), db.merchant().await?.face()?.locale);
        // What the gateway told of, and nobody here knows, is a line of its own already.
        let told: HashSet<_> = self.exceptions_of_rows(db).await?.into_iter().map(|open| open.key).collect();
        // Nor does it come back by being listed, once a person has seen to it when it was told.
        let listed = found.iter().map(|found| found.difference.key()).collect();
        let seen_to = db.exceptions_fixed_of(listed).await?.into_iter().filter(|row| row.compared_from.is_none());
        let seen_to: HashSet<_> = seen_to.map(|row| row.unique_key).collect();
        let mut rows: BTreeMap<String, Exception> = BTreeMap::new();
        for FoundDifference { difference, attempt, .. } in found {
            let key = difference.key();
            // News of a charge have no button that takes it in: that line takes the place of theirs.
            let is_told = told.contains(&key) && difference.cure() != Some(Cure::TakeIn);
            if is_told || seen_to.contains(&key) {
                continue;
            }
            if let Some(same) = rows.get_mut(&key) {
                same.content = format!("{}\n{}", same.content, difference.words);
                continue;
            }
            let payment_id = match attempt {
                Some(attempt) => Some(db.attempt(attempt).await?.payment_id),
                None => None,
            };
            let row = Exception {
                merchant_id: db.merchant_id(),
                id: ExceptionId(Uuid::now_v7()),
                payment_id,
                unique_key: key.clone(),
                severity: difference.severity(),
                area: difference.area().to_owned(),
                cause: difference.cause(locale),
                remedy: difference.remedy().to_owned(),
                cure: difference.cure(),
                content: difference.words,
                state: ExceptionState::Open,
                compared_from: Some(since),
                found_at: now,
                ended_at: None,
                fixed_by: None,
                reason: None,
                reference: None,
            };
            rows.insert(key, row);
        }
        let keys: HashSet<_> = rows.keys().cloned().collect();
        let tx = db.begin().await?;
        for row in rows.into_values() {
            tx.exception_raise(row).await?;
        }
        if is_whole {
            tx.exceptions_end_but(&keys, now).await?;
        }
        Ok(tx.commit().await?)
    }
}

/// What stands there by rows of its own is told by these.
fn is_for_an_inbox(found: &FoundDifference) -> bool {
    found.difference.kind != DifferenceKind::ToldElsewhere
}
