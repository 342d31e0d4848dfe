//! Disputes of cards against their own facts, and against the gateway's list of them.

use crate::{Engine, Error};
use chrono::{DateTime, TimeDelta, Utc};
use connectors::gateway::{Gateway, ReadDispute};
use domain::{dispute::DisputeState, ids::ConnectionId};
use store::{Dispute, MerchantDb};

/// So long banks may fight about one [inferred: evidence is taken for weeks, and judged for months].
const FOUGHT_FOR: TimeDelta = TimeDelta::days(120);

impl Engine {
    /// Those opened since then, and of older ones what they came to.
    pub(crate) async fn verify_disputes(
        &self,
        db: &MerchantDb,
        connection: ConnectionId,
        gateway: &dyn Gateway,
        since: DateTime<Utc>,
    ) -> Result<Vec<String>, Error> {
        let from = (since - FOUGHT_FOR).max(DateTime::UNIX_EPOCH);
        let listed = match gateway.disputed_since(from).await {
            Ok(listed) => listed,
            Err(cause) => return Ok(vec![format!("the gateway's disputes were not compared: {cause}")]),
        };
        let mut differences = Vec::new();
        for row in &listed {
            differences.extend(listed_difference(db, row, row.seen.opened_at >= since).await?);
        }
        for dispute in db.disputes_since(since).await? {
            if db.attempt(dispute.attempt_id).await?.connection_id != connection {
                continue;
            }
            let facts = db.dispute_observations(dispute.id).await?;
            let folded = DisputeState::of(facts.iter().map(|known| known.seen.state));
            if folded != Some(dispute.state) {
                differences
                    .push(format!("the facts of {} say {folded:?}, its row says {:?}", dispute.id, dispute.state));
            }
            if !listed.iter().any(|row| row.seen.gateway_id == dispute.gateway_id) {
                differences.push(format!("{} is disputed, and the gateway does not list it", dispute.id));
            }
        }
        Ok(differences)
    }
}

/// One that the gateway lists. Those of bank debits are told by their payments.
async fn listed_difference(db: &MerchantDb, row: &ReadDispute, is_new: bool) -> Result<Option<String>, Error> {
    let Some(charge) = &row.charge_gateway_id else { return Ok(None) };
    let Some(attempt) = db.attempt_by_gateway_id(charge).await?.filter(|attempt| !attempt.kind.is_debit()) else {
        return Ok(None);
    };
    let (seen, id) = (&row.seen, &row.seen.gateway_id);
    let ours: Option<Dispute> = db.disputes_of(&[attempt.id]).await?.into_iter().find(|ours| ours.gateway_id == *id);
    Ok(match ours {
        None if is_new => {
            Some(format!("the gateway has a dispute of {} ({id}) that we do not know", seen.amount.to_decimal()))
        }
        Some(ours) if ours.state != seen.state => {
            Some(format!("the gateway says {:?} of a dispute ({id}); our {} is {:?}", seen.state, ours.id, ours.state))
        }
        Some(ours) if seen.state == DisputeState::Lost && ours.amount()? != seen.amount => {
            Some(format!("the gateway lost {} by {id}; our {} says otherwise", seen.amount.to_decimal(), ours.id))
        }
        _ => None,
    })
}
