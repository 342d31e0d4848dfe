//! The way out of `Unknown` at Authorize.Net (`wire/gateways.md`, 1.5 and 3.6), what came of the vendor's page, and what
//! was taken: by the vendor's lists of what is unsettled and of settled batches. Nothing is ever sent again.

use super::{
    AuthorizeNet, ChargeHow, ChargeRequest, Found, GatewayError, LookUp, Taken,
    code::{self, Name},
    outcomes,
    replies::{BatchList, Row, TransactionList, filled},
    requests::{Paging, Request, Sorting},
};
use crate::gateway::PageLife;
use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use domain::{
    ids::AttemptId,
    money::{Currency, Money},
    payment::{Fact, Observation},
    planted,
};
use std::collections::{BTreeMap, BTreeSet};

/// Lists are read from well before the request was sent, and to well after now, for clocks and zones that differ. A time
/// only says where reading ends: whether a transaction is ours, its name does.
pub(super) const CLOCKS_APART: TimeDelta = TimeDelta::days(1);
/// How soon a transaction is listed is documented nowhere: until then, its absence says nothing.
pub(super) const LISTED_WITHIN: TimeDelta = TimeDelta::minutes(2);
/// The token opens the vendor's page for 15 minutes ("Accept Hosted" of its documentation), of which one is left to get
/// there. How long the open page takes a card is documented nowhere, so whoever opened it last is given as long again;
/// and what is paid there in the last moment is listed a little later ([`LISTED_WITHIN`]).
pub(super) const PAGE_LIFE: PageLife = PageLife { opens: TimeDelta::minutes(14), over: TimeDelta::minutes(30 + 2) };
/// The first and the last day of a list of batches lie at most 31 days apart (3.7).
const BATCHES_WITHIN: TimeDelta = TimeDelta::days(30);
/// 1 January 2025, counted from 1970: no attempt of ours is older.
const NONE_BEFORE: TimeDelta = TimeDelta::days(20_089);
const PAGE_ROWS: usize = 1000;
/// 100,000 rows; more than that proves nothing any more.
const PAGES_MAX: usize = 100;

impl AuthorizeNet {
    pub(super) async fn look_up(&self, look_up: &LookUp) -> Result<Found, GatewayError> {
        let name = code::of(look_up.request.attempt)?;
        if let Some(seen) = self.told(look_up, &name).await? {
            return Ok(Found::Seen(seen));
        }
        let request = &look_up.request;
        if let Some(id) = &look_up.gateway_id {
            return Ok(Found::Seen(self.charged(request, &name, &self.details(id).await?).await?));
        }
        let age = (self.config.clock)() - look_up.sent_at;
        let since = look_up.sent_at - CLOCKS_APART;
        let on_page = look_up.request.how == ChargeHow::HostedPage;
        // On the vendor's page a card that was declined, or undone for it had not enough, may be followed by another.
        let decides = |seen: &Observation| !on_page || !matches!(seen.fact, Fact::BankNo { .. } | Fact::Voided);
        // In this order: what settles meanwhile leaves the first list for the second.
        let mut seen = self.proven(self.unsettled(since, Row::ours).await?, request, &name).await?;
        if !seen.as_ref().is_some_and(decides) {
            seen = self.proven(self.settled(since, Row::ours).await?, request, &name).await?.or(seen);
        }
        Ok(match seen {
            Some(seen) if decides(&seen) => Found::Seen(seen),
            _ if on_page && age < PAGE_LIFE.over => Found::TooEarlyToSay,
            Some(seen) => Found::Seen(seen),
            None if age < LISTED_WITHIN => Found::TooEarlyToSay,
            None => Found::NotThere,
        })
    }

    /// Money by another transaction of the attempt than the one that we know: on the vendor's page a card may pay after
    /// another was declined, and even after we took the page for over. Anything else of it decides nothing.
    async fn told(&self, look_up: &LookUp, name: &str) -> Result<Option<Observation>, GatewayError> {
        let Some(id) = look_up.told.as_deref().filter(|id| look_up.gateway_id.as_deref() != Some(*id)) else {
            return Ok(None);
        };
        let details = self.details(id).await?;
        if details.ref_id() != Some(name) {
            return Ok(None);
        }
        Ok(Some(self.charged(&look_up.request, name, &details).await?).filter(|seen| seen.fact.is_money()))
    }

    /// The attempt's transaction among these, the one with the money first. An invoice number can be copied, a `refId`
    /// cannot (3.6); but where the vendor has kept none, the number is enough: what may be ours must not pass for what was
    /// never charged.
    async fn proven(
        &self,
        mut rows: Vec<Ours>,
        request: &ChargeRequest,
        name: &str,
    ) -> Result<Option<Observation>, GatewayError> {
        rows.sort_by_key(|row| !row.is_money);
        for row in rows.iter().filter(|row| row.attempt == request.attempt) {
            let details = self.details(&row.trans_id).await?;
            if details.ref_id().is_none_or(|ref_id| ref_id == name) || planted::is("name_is_proof") {
                return Ok(Some(self.charged(request, name, &details).await?));
            }
        }
        Ok(None)
    }

    pub(super) async fn list_taken(&self, since: DateTime<Utc>) -> Result<Vec<Taken>, GatewayError> {
        let since = since.max(first_day());
        let from = since - CLOCKS_APART;
        // By their ids: what settles meanwhile stands in both lists.
        let mut taken = BTreeMap::new();
        for rows in [self.unsettled(from, Row::ours).await?, self.settled(from, Row::ours).await?] {
            for row in rows.iter().filter(|row| row.is_money && row.is_since(since)) {
                taken.insert(row.trans_id.clone(), row.taken(self.config.currency)?);
            }
        }
        Ok(taken.into_values().collect())
    }

    /// What `pick` takes of each row.
    pub(super) async fn unsettled<T: Send>(
        &self,
        since: DateTime<Utc>,
        pick: fn(&Row) -> Option<T>,
    ) -> Result<Vec<T>, GatewayError> {
        let mut all = Vec::new();
        self.rows(None, since, pick, &mut all).await?;
        Ok(all)
    }

    /// A batch settles after its transactions were submitted.
    pub(super) async fn settled<T: Send>(
        &self,
        since: DateTime<Utc>,
        pick: fn(&Row) -> Option<T>,
    ) -> Result<Vec<T>, GatewayError> {
        let mut all = Vec::new();
        for batch in self.batches(since).await? {
            self.rows(Some(&batch), since, pick, &mut all).await?;
        }
        Ok(all)
    }

    async fn batches(&self, since: DateTime<Utc>) -> Result<BTreeSet<String>, GatewayError> {
        let (mut from, end) = (since, (self.config.clock)() + CLOCKS_APART);
        let mut all = BTreeSet::new();
        while from < end {
            let to = end.min(from + BATCHES_WITHIN);
            let second = |at: DateTime<Utc>| at.to_rfc3339_opts(SecondsFormat::Secs, true);
            let list: BatchList = self
                .ask(Request::Batches {
                    head: self.head(None),
                    include_statistics: false,
                    first_settlement_date: second(from),
                    last_settlement_date: second(to),
                })
                .await?;
            all.extend(list.batch_list.into_iter().map(|batch| batch.batch_id.0));
            from = to;
        }
        Ok(all)
    }

    /// Adds what is picked of a batch, or of what is unsettled, newest first so that old rows need not be read. Each page
    /// is let go of as soon as it is read.
    async fn rows<T: Send>(
        &self,
        batch: Option<&str>,
        since: DateTime<Utc>,
        pick: fn(&Row) -> Option<T>,
        all: &mut Vec<T>,
    ) -> Result<(), GatewayError> {
        for page in 1..=PAGES_MAX {
            let list: TransactionList = self.ask(self.page_of(batch, page)).await?;
            let is_old = |row: &Row| row.submitted().is_some_and(|at| at < since);
            let is_last = list.transactions.len() < PAGE_ROWS
                || (batch.is_none() && list.transactions.last().is_some_and(is_old));
            all.extend(list.transactions.iter().filter_map(pick));
            if is_last {
                return Ok(());
            }
        }
        Err(GatewayError::Unknown("the list is too long to be read whole".into()))
    }

    fn page_of<'a>(&'a self, batch: Option<&'a str>, page: usize) -> Request<'a> {
        let (head, paging) = (self.head(None), Paging { limit: PAGE_ROWS, offset: page });
        let sorting = Sorting { order_by: "submitTimeUTC", order_descending: batch.is_none() };
        match batch {
            Some(batch_id) => Request::Batch { head, batch_id, sorting, paging },
            None => Request::Unsettled { head, sorting, paging },
        }
    }
}

/// A listed transaction that carries the name of one of our attempts.
struct Ours {
    attempt: AttemptId,
    trans_id: String,
    is_money: bool,
    is_settled: bool,
    is_debit: bool,
    settle_amount: Option<String>,
    submitted: Option<DateTime<Utc>>,
}

impl Row {
    pub(super) fn submitted(&self) -> Option<DateTime<Utc>> {
        let at = DateTime::parse_from_rfc3339(filled(self.submitted.as_ref())?).ok()?;
        Some(at.to_utc())
    }

    /// Refunds are no charges, and may carry the number of theirs.
    fn ours(&self) -> Option<Ours> {
        let Name::Attempt(attempt) = code::read(filled(self.invoice_number.as_ref())?)? else { return None };
        let is_charge = !self.transaction_status.starts_with("refund");
        is_charge.then(|| Ours {
            attempt,
            trans_id: self.trans_id.0.clone(),
            is_money: outcomes::is_money(self),
            is_settled: outcomes::is_settled(self),
            is_debit: outcomes::is_bank_debit(self),
            settle_amount: filled(self.settle_amount.as_ref()).map(str::to_owned),
            submitted: self.submitted(),
        })
    }
}

impl Ours {
    /// Taken since then.
    fn is_since(&self, since: DateTime<Utc>) -> bool {
        let name = Name::Attempt(self.attempt);
        let is_new = name.began() >= Some(since) || self.submitted.is_none_or(|at| at >= since);
        is_new && may_be_ours(name, self.submitted)
    }

    fn taken(&self, currency: Currency) -> Result<Taken, GatewayError> {
        let amount = self.settle_amount.as_deref().and_then(|amount| Money::from_decimal(amount, currency).ok());
        let amount =
            amount.ok_or_else(|| GatewayError::Unknown(format!("{} has no readable amount", self.trans_id)))?;
        let (attempt, gateway_id, is_settled) = (self.attempt, self.trans_id.clone(), self.is_settled);
        Ok(Taken { attempt, gateway_id, amount, is_settled, is_debit: self.is_debit })
    }
}

/// No attempt of ours, and no refund, began before.
pub(super) fn first_day() -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + NONE_BEFORE
}

/// Another program's number that reads as a name of ours gives itself away by its time: before our first attempt, or
/// after its own transaction.
pub(super) fn may_be_ours(name: Name, submitted: Option<DateTime<Utc>>) -> bool {
    name.began().is_some_and(|began| began >= first_day() && submitted.is_none_or(|at| began < at + CLOCKS_APART))
}
