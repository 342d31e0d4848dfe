//! The way out of `Unknown` at Global Payments (`wire/gateways.md`, 1.5): by id, by sending the request once more with its
//! key, by the list. And what was taken, by the same list.

use super::{
    ChargeRequest, Found, GatewayError, GlobalPayments, LookUp, Taken,
    calls::is_link,
    wire::{List, SALE, Transaction, day},
};
use crate::gateway::ChargeHow;
use chrono::{DateTime, TimeDelta, Utc};
use domain::asking::SENT_AGAIN_WITHIN;

/// How long a key is kept is documented nowhere. A repetition may also be the first time that the gateway hears of it, and
/// nobody expects to pay long after they pressed Pay.
pub(super) const REPLAY_MAX: TimeDelta = SENT_AGAIN_WITHIN;
/// The list is read from well before the request was sent, for clocks and zones that differ: its filter knows days alone.
pub(super) const LIST_BEFORE: TimeDelta = TimeDelta::days(1);
const PAGE_ROWS: usize = 100;
/// 20,000 transactions; more than that proves nothing any more.
const PAGES_MAX: usize = 200;

impl GlobalPayments {
    pub(super) async fn look_up(&self, look_up: &LookUp) -> Result<Found, GatewayError> {
        let request = &look_up.request;
        match (look_up.gateway_id.as_deref(), &request.how) {
            (Some(id), _) if is_link(id) => Ok(Found::Seen(self.observe_link(self.link(id).await?).await?)),
            (Some(id), _) => Ok(Found::Seen(self.transaction(id).await?.observe())),
            // A page whose address nobody has.
            (None, ChargeHow::HostedPage) => Ok(Found::NotThere),
            (None, _) if (self.config.clock)() - look_up.sent_at < REPLAY_MAX => self.replay(look_up).await,
            // Nothing may be sent any more, and nothing late can still be under way.
            (None, _) => self.listed(look_up, Found::NotThere).await,
        }
    }

    /// A repetition that executes *is* the payment. Whether a used key is looked at before all else, nobody says: what is
    /// refused now may have been made then, so that the list decides.
    async fn replay(&self, look_up: &LookUp) -> Result<Found, GatewayError> {
        match self.send_charge(&look_up.request).await {
            Ok(seen) => Ok(Found::Seen(seen)),
            Err(GatewayError::Unknown(_) | GatewayError::Refused { .. }) => {
                self.listed(look_up, Found::TooEarlyToSay).await
            }
            Err(error) => Err(error),
        }
    }

    /// `otherwise` is what it means when none is ours.
    async fn listed(&self, look_up: &LookUp, otherwise: Found) -> Result<Found, GatewayError> {
        let ChargeRequest { attempt, .. } = &look_up.request;
        let filter = [("reference", attempt.to_string())];
        let rows = self.list(SALE, look_up.sent_at - LIST_BEFORE, &filter).await?;
        let ours: Vec<&Transaction> = rows.iter().filter(|row| row.is_of(*attempt)).collect();
        let money = ours.iter().find(|row| row.fact().is_money()).or(ours.first());
        Ok(money.map_or(otherwise, |row| Found::Seen(row.observe())))
    }

    pub(super) async fn list_taken(&self, since: DateTime<Utc>) -> Result<Vec<Taken>, GatewayError> {
        let rows = self.list(SALE, since, &[]).await?;
        Ok(rows.iter().filter(|row| row.is_since(since)).filter_map(Transaction::taken).collect())
    }

    /// Of this kind, from the day of that moment on.
    pub(super) async fn list(
        &self,
        kind: &str,
        since: DateTime<Utc>,
        filter: &[(&str, String)],
    ) -> Result<Vec<Transaction>, GatewayError> {
        let mut all = Vec::new();
        for page in 1..=PAGES_MAX {
            let of_page = [("page", page.to_string()), ("page_size", PAGE_ROWS.to_string())];
            let of_kind = [("type", kind.to_owned()), ("from_time_created", day(since))];
            let call = self.get("transactions").query(&of_page).query(&of_kind).query(filter);
            let rows = self.json::<List>(call).await?.transactions;
            let is_last = rows.len() < PAGE_ROWS;
            all.extend(rows);
            if is_last {
                return Ok(all);
            }
        }
        Err(GatewayError::Unknown("the list is too long to be read whole".into()))
    }
}
