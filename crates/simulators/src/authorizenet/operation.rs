//! What one call works on: the account under its lock, the present, and what it leaves behind (events, an answer that
//! never comes). Operations are synchronous: no await can tear one apart.

use chrono::NaiveDate;

use super::Account;
use super::reasons::Reason;
use super::refusal::Refusal;
use super::reply::Members;
use crate::Shared;
use crate::disturb::Effects;
use crate::faults::Call;

/// What a call answers besides `refId` and `messages`.
pub(crate) struct Reply {
    pub members: Members,
    /// The call failed although it has something to show, as with a declined transaction.
    pub failure: Option<Refusal>,
}

impl From<Members> for Reply {
    fn from(members: Members) -> Self {
        Self { members, failure: None }
    }
}

pub(crate) type Answer = Result<Reply, Refusal>;

pub(crate) struct Operation<'a> {
    pub account: &'a mut Account,
    pub shared: &'a Shared,
    pub call: &'a Call,
    pub now_ms: i64,
    /// `refId` of the request.
    pub ref_id: Option<String>,
    pub effects: Effects,
}

impl<'a> Operation<'a> {
    /// Brings the account up to the present first: batches settle and banks take back by the clock alone.
    pub fn new(account: &'a mut Account, shared: &'a Shared, call: &'a Call) -> Self {
        let now_ms = shared.clock.now_ms();
        let effects = Effects { changed: account.catch_up(now_ms), ..Effects::default() };
        Self { account, shared, call, now_ms, ref_id: None, effects }
    }

    pub fn today(&self) -> NaiveDate {
        chrono::DateTime::from_timestamp_millis(self.now_ms).unwrap_or_default().date_naive()
    }

    /// The reason of an armed `decline:CODE`, used up by this charge.
    pub fn armed_decline(&self) -> Option<Reason> {
        self.shared.faults.take_decline(self.call).map(|code| Reason::armed(&code))
    }
}
