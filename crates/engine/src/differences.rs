//! What a comparison finds: the difference as staff read it, whose payment it is about, and what the gateway can be asked
//! about it before anybody is bothered.

use domain::{
    exception::{Difference, DifferenceKind},
    ids::{AttemptId, ConnectionId, InvoiceId, RefundId},
    money::Money,
};
use std::{collections::HashSet, fmt};
use store::{Attempt, Refund};

/// One thing that does not agree.
#[derive(Clone, Debug)]
pub(crate) struct FoundDifference {
    pub difference: Difference,
    pub attempt: Option<AttemptId>,
    pub ask: Option<Ask>,
}

/// What to read at the gateway: its answer goes the one way in, as that of any look-up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Ask {
    /// With the id that the gateway lists the money by.
    Attempt(AttemptId, Option<String>),
    Refund(RefundId),
    /// One that bears no name of ours.
    RefundThere(ConnectionId, String),
    Dispute(AttemptId, String),
}

/// What each is known by. What is found once may only have moved while it was read: it must be seen twice.
pub(crate) fn keys(found: &[FoundDifference]) -> HashSet<String> {
    found.iter().map(|found| found.difference.key()).collect()
}

impl FoundDifference {
    pub(crate) fn new(kind: DifferenceKind, about: impl fmt::Display, words: String) -> Self {
        let difference = Difference { kind, about: about.to_string(), amount: None, reference: None, words };
        Self { difference, attempt: None, ask: None }
    }

    /// What a gateway lists, by its id there.
    pub(crate) fn listed(kind: DifferenceKind, gateway_id: &str, amount: Money, words: String) -> Self {
        let found = Self::new(kind, gateway_id, words);
        found.over(amount).quoting(Some(gateway_id))
    }

    pub(crate) fn of_attempt(kind: DifferenceKind, attempt: &Attempt, amount: Money, words: &str) -> Self {
        let found = Self::new(kind, attempt.id, format!("{} of {}: {words}", attempt.id, amount.to_decimal()));
        found.over(amount).quoting(attempt.charge_id.as_deref().or(attempt.gateway_id.as_deref())).at(attempt.id)
    }

    pub(crate) fn of_refund(kind: DifferenceKind, refund: &Refund, amount: Money, words: &str) -> Self {
        let found = Self::new(kind, refund.id, format!("{} of {}: {words}", refund.id, amount.to_decimal()));
        found.over(amount).quoting(refund.gateway_id.as_deref()).at(refund.attempt_id)
    }

    pub(crate) fn over(mut self, amount: Money) -> Self {
        self.difference.amount = Some(amount);
        self
    }

    pub(crate) fn quoting(mut self, reference: Option<&str>) -> Self {
        self.difference.reference = reference.map(str::to_owned);
        self
    }

    /// Of this invoice's share alone.
    pub(crate) fn on(mut self, invoice: InvoiceId) -> Self {
        self.difference.about = format!("{}:{invoice}", self.difference.about);
        self
    }

    pub(crate) fn at(self, attempt: AttemptId) -> Self {
        Self { attempt: Some(attempt), ..self }
    }

    pub(crate) fn asking(self, ask: Ask) -> Self {
        Self { ask: Some(ask), ..self }
    }
}
