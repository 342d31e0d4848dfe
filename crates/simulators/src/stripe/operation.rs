//! What one Stripe operation works on: the account under its lock, the present, and what it leaves behind (events,
//! an answer that never comes). Operations are synchronous: no await can tear one apart.

use axum::response::Response;
use serde_json::Value;

use super::Account;
use super::refusal::Refusal;
use crate::Shared;
use crate::disturb::{Executed, News};
use crate::faults::{Call, Fault};

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

/// What happens after the lock is released and the records are saved.
#[derive(Default)]
pub(crate) struct Effects {
    /// Events to send, oldest first.
    pub news: Vec<News>,
    /// The card of `timeout_after_execute` was charged: hold the answer.
    pub unanswered: bool,
    /// Something happened that must be saved, whether or not anybody is told.
    pub changed: bool,
}

impl Effects {
    pub fn behind(self, response: Response) -> Executed {
        Executed { response, news: self.news, unanswered: self.unanswered }
    }
}

impl<'a> Operation<'a> {
    pub fn new(account: &'a mut Account, shared: &'a Shared, call: &'a Call, request_id: &'a str) -> Self {
        let now_s = shared.clock.now_s();
        Self { account, shared, call, now_s, request_id, idempotency_key: None, effects: Effects::default() }
    }

    /// The code of an armed `decline:CODE`, used up by this charge.
    pub fn armed_decline(&self) -> Option<String> {
        match self.shared.faults.take(self.call, |fault| matches!(fault, Fault::Decline(_))) {
            Some(Fault::Decline(code)) => Some(code),
            _ => None,
        }
    }
}
