//! What one Stripe operation works on: the account under its lock, the present, and what it leaves behind (events,
//! an answer that never comes). Operations are synchronous: no await can tear one apart.

use serde_json::Value;

use super::Account;
use super::refusal::Refusal;
use crate::Shared;
use crate::disturb::Effects;
use crate::faults::Call;

pub(crate) type Answer = Result<Value, Refusal>;

pub(crate) struct Operation<'a> {
    pub account: &'a mut Account,
    pub shared: &'a Shared,
    pub call: &'a Call,
    pub now_s: i64,
    /// Empty for what the clock does.
    pub request_id: &'a str,
    pub idempotency_key: Option<&'a str>,
    pub effects: Effects,
}

impl<'a> Operation<'a> {
    pub fn new(account: &'a mut Account, shared: &'a Shared, call: &'a Call, request_id: &'a str) -> Self {
        let now_s = shared.clock.now_s();
        Self { account, shared, call, now_s, request_id, idempotency_key: None, effects: Effects::default() }
    }

    /// The code of an armed `decline:CODE`, used up by this charge.
    pub fn armed_decline(&self) -> Option<String> {
        self.shared.faults.take_decline(self.call)
    }
}
