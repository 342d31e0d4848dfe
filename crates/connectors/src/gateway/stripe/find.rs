//! The way out of `Unknown` at Stripe (`wire/gateways.md`, 1.5): by id, by repeating the request with its key, by the
//! list. Each step either proves something or says that it does not.

use super::{
    ChargeHow, Found, GatewayError, LookUp, Stripe, Taken,
    calls::{self, IDEMPOTENCY_ERROR, Id},
    wire::{Intent, IntentStatus, List, Listed},
};
use crate::http::Answer;
use chrono::{DateTime, TimeDelta, Utc};
use domain::{asking::SENT_AGAIN_WITHIN, payment::Observation};
use reqwest::Method;
use serde::de::DeserializeOwned;

/// Stripe keeps answers for 24 hours (2.7), but a replay may also be the first time that Stripe hears of the charge, and
/// nobody expects a payment to be made long after they pressed Pay: by then it may have been paid in another way.
pub(super) const REPLAY_MAX: TimeDelta = SENT_AGAIN_WITHIN;
/// The list is read from well before the request was sent, for clocks that differ: what it lacks was never charged.
pub(super) const LIST_BEFORE: TimeDelta = TimeDelta::minutes(15);
const LIST_LIMIT: &str = "100";
/// 20,000 payments since the attempt; more than that proves nothing any more.
const LIST_PAGES_MAX: usize = 200;

impl Stripe {
    pub(super) async fn look_up(&self, look_up: &LookUp) -> Result<Found, GatewayError> {
        match look_up.gateway_id.as_deref().map(Id::parse).transpose()? {
            Some(Id::Intent(id)) => self.judge(self.intent(id).await?, look_up).await,
            Some(Id::Session(id)) => Ok(Found::Seen(self.observe_session(self.session(id).await?).await?)),
            None if (self.config.clock)() - look_up.sent_at < REPLAY_MAX => self.replay(look_up).await,
            // Nothing may be sent any more, and nothing late can still be under way.
            None => match self.told(look_up).await? {
                Some(intent) => self.judge(intent, look_up).await,
                None => self.listed(look_up, Found::NotThere).await,
            },
        }
    }

    /// The payment that was told of, where it bears the attempt's name. Whatever else it is, the list decides.
    async fn told(&self, look_up: &LookUp) -> Result<Option<Intent>, GatewayError> {
        let Some(Ok(Id::Intent(id))) = look_up.told.as_deref().map(Id::parse) else { return Ok(None) };
        match self.intent(id).await {
            Ok(intent) => Ok(Some(intent).filter(|intent| intent.attempt() == Some(look_up.request.attempt))),
            Err(GatewayError::Refused { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// A replay that executes *is* the payment. Where it does not, the list decides whether the first one did.
    async fn replay(&self, look_up: &LookUp) -> Result<Found, GatewayError> {
        let answer = match self.transmit(&look_up.request).await {
            Ok(answer) => answer,
            Err(GatewayError::Unknown(_)) => return self.listed(look_up, Found::TooEarlyToSay).await,
            Err(error) => return Err(error),
        };
        match calls::read_charge(&answer, &look_up.request.how) {
            Ok(seen) => Ok(Found::Seen(seen)),
            Err(GatewayError::Unknown(_)) if !is_replayed(&answer) => self.listed(look_up, Found::TooEarlyToSay).await,
            // A kept 500: the first request ended, and its key will never execute again.
            Err(GatewayError::Unknown(_)) => self.listed(look_up, Found::NotThere).await,
            // Kept answers come before validation: what is refused now was not executed then.
            Err(GatewayError::Refused { code, .. }) if matches!(answer.status.as_u16(), 400 | 404) => {
                // A key that was used with other words (a release between the two calls) keeps its own first answer.
                let otherwise = if code == IDEMPOTENCY_ERROR { Found::TooEarlyToSay } else { Found::NotThere };
                self.listed(look_up, otherwise).await
            }
            Err(error) => Err(error),
        }
    }

    /// Reads all payments since the attempt was sent; `otherwise` is what it means when none is ours. Not Stripe's
    /// search: that one may be an hour late (1.5).
    async fn listed(&self, look_up: &LookUp, otherwise: Found) -> Result<Found, GatewayError> {
        let mut pages = Pages::of_payments(look_up.sent_at - LIST_BEFORE, "data.latest_charge");
        while let Some(intents) = self.next_page::<Intent>(&mut pages).await? {
            if let Some(intent) = intents.into_iter().find(|intent| intent.attempt() == Some(look_up.request.attempt)) {
                return self.judge(intent, look_up).await;
            }
        }
        if pages.is_cut {
            tracing::warn!(attempt.id = %look_up.request.attempt, "too many payments at Stripe to find one among them");
            return Ok(Found::TooEarlyToSay);
        }
        Ok(otherwise)
    }

    pub(super) async fn list_taken(&self, since: DateTime<Utc>) -> Result<Vec<Taken>, GatewayError> {
        let mut pages = Pages::of_payments(since, "data.latest_charge.balance_transaction");
        let now = (self.config.clock)();
        self.all(&mut pages, |intent: &Intent| intent.taken(now)).await
    }

    /// What `read` makes of each row.
    pub(super) async fn all<T: DeserializeOwned + Listed, R>(
        &self,
        pages: &mut Pages,
        read: impl Fn(&T) -> Option<R>,
    ) -> Result<Vec<R>, GatewayError> {
        let mut all = Vec::new();
        while let Some(rows) = self.next_page::<T>(pages).await? {
            all.extend(rows.iter().filter_map(&read));
        }
        if pages.is_cut {
            return Err(GatewayError::Unknown("the list is too long to be read whole".into()));
        }
        Ok(all)
    }

    async fn next_page<T: DeserializeOwned + Listed>(&self, pages: &mut Pages) -> Result<Option<Vec<T>>, GatewayError> {
        if pages.is_over {
            return Ok(None);
        }
        if pages.read == LIST_PAGES_MAX {
            pages.is_cut = true;
            return Ok(None);
        }
        let call = self.call(Method::GET, pages.path).query(&pages.filter).query(&[("limit", LIST_LIMIT)]);
        let page: List<T> = self.json(call.query(&pages.after.as_ref().map(|id| [("starting_after", id)]))).await?;
        pages.read += 1;
        pages.is_over = !page.has_more;
        pages.after = page.data.last().map(|row| row.id().to_owned());
        Ok(Some(page.data))
    }

    /// While the payer is at work on Stripe's page, that page decides and not one try on it. An intent of ours that was
    /// never confirmed is ended, so that it cannot stay open for ever.
    async fn judge(&self, intent: Intent, look_up: &LookUp) -> Result<Found, GatewayError> {
        let seen: Observation = match &look_up.request.how {
            ChargeHow::HostedPage if intent.waits_for_card() || intent.status == IntentStatus::RequiresAction => {
                return Ok(Found::TooEarlyToSay);
            }
            ChargeHow::Token(_) | ChargeHow::Saved { .. }
                if intent.waits_for_card() && intent.last_payment_error.is_none() =>
            {
                self.cancel_intent(&intent.id).await?.observe()
            }
            _ => intent.observe(),
        };
        Ok(Found::Seen(seen))
    }
}

/// How far a list has been read, newest first.
pub(super) struct Pages {
    path: &'static str,
    filter: Vec<(&'static str, String)>,
    after: Option<String>,
    read: usize,
    is_over: bool,
    /// There was more than we read.
    is_cut: bool,
}

impl Pages {
    pub(super) const fn new(path: &'static str, filter: Vec<(&'static str, String)>) -> Self {
        Self { path, filter, after: None, read: 0, is_over: false, is_cut: false }
    }

    fn of_payments(since: DateTime<Utc>, expanded: &str) -> Self {
        let expand = ("expand[]", expanded.to_owned());
        Self::new("payment_intents", vec![created_since(since), expand])
    }
}

pub(super) fn created_since(since: DateTime<Utc>) -> (&'static str, String) {
    ("created[gte]", since.timestamp().to_string())
}

/// Stripe marks a kept answer by this header [recalled: its page on low-level error handling; not in `wire/`].
pub(super) fn is_replayed(answer: &Answer) -> bool {
    answer.headers.get("Idempotent-Replayed").is_some_and(|value| value == "true")
}
