//! Disputes of cards against their own facts, and against the gateway's list of them.

use crate::{
    Engine, Error,
    differences::{Ask, FoundDifference},
};
use chrono::{DateTime, TimeDelta, Utc};
use connectors::gateway::{Gateway, ReadDispute};
use domain::{dispute::DisputeState, exception::DifferenceKind as Kind, ids::ConnectionId};
use store::{Dispute, MerchantDb};

/// So long banks may fight about one [inferred: evidence is taken for weeks, and judged for months].
const FOUGHT_FOR: TimeDelta = TimeDelta::days(120);

impl Engine {
    /// Those opened since then, and of older ones what they came to.
    pub(crate) async fn compare_disputes(
        &self,
        db: &MerchantDb,
        connection: ConnectionId,
        gateway: &dyn Gateway,
        since: DateTime<Utc>,
    ) -> Result<Vec<FoundDifference>, Error> {
        let from = (since - FOUGHT_FOR).max(DateTime::UNIX_EPOCH);
        let listed = match gateway.disputed_since(from).await {
            Ok(listed) => listed,
            Err(cause) => {
                let words = format!("the gateway's disputes were not compared: {cause}");
                return Ok(vec![FoundDifference::new(Kind::NotCompared, connection, words)]);
            }
        };
        let mut found = Vec::new();
        for row in &listed {
            found.extend(listed_difference(db, row, row.seen.opened_at >= since).await?);
        }
        for dispute in db.disputes_since(since).await? {
            if db.attempt(dispute.attempt_id).await?.connection_id != connection {
                continue;
            }
            let (id, there, amount) = (dispute.id, &dispute.gateway_id, dispute.amount()?);
            let differs = |kind, words| {
                FoundDifference::new(kind, id, words).over(amount).quoting(Some(there)).at(dispute.attempt_id)
            };
            let facts = db.dispute_observations(id).await?;
            let folded = DisputeState::of(facts.iter().map(|known| known.seen.state));
            if folded != Some(dispute.state) {
                let words = format!("the facts of {id} say {folded:?}, its row says {:?}", dispute.state);
                found.push(differs(Kind::Records, words));
            }
            if !listed.iter().any(|row| row.seen.gateway_id == *there) {
                let missing =
                    differs(Kind::DisputeMissing, format!("{id} is disputed, and the gateway does not list it"));
                found.push(missing.asking(Ask::Dispute(dispute.attempt_id, there.clone())));
            }
        }
        Ok(found)
    }
}

/// One that the gateway lists. Those of bank debits are told by their payments.
async fn listed_difference(db: &MerchantDb, row: &ReadDispute, is_new: bool) -> Result<Option<FoundDifference>, Error> {
    let Some(charge) = &row.charge_gateway_id else { return Ok(None) };
    let Some(attempt) = db.attempt_by_gateway_id(charge).await?.filter(|attempt| !attempt.kind.is_debit()) else {
        return Ok(None);
    };
    let (seen, id) = (&row.seen, &row.seen.gateway_id);
    let amount = seen.amount.to_decimal();
    let ours: Option<Dispute> = db.disputes_of(&[attempt.id]).await?.into_iter().find(|ours| ours.gateway_id == *id);
    let (kind, words) = match ours {
        None if is_new => {
            (Kind::DisputeUnknown, format!("the gateway has a dispute of {amount} ({id}) that we do not know"))
        }
        Some(ours) if ours.state != seen.state => (
            Kind::DisputeDiffers,
            format!("the gateway says {:?} of a dispute ({id}); our {} is {:?}", seen.state, ours.id, ours.state),
        ),
        Some(ours) if seen.state == DisputeState::Lost && ours.amount()? != seen.amount => {
            (Kind::DisputeDiffers, format!("the gateway lost {amount} by {id}; our {} says otherwise", ours.id))
        }
        _ => return Ok(None),
    };
    let found = FoundDifference::listed(kind, id, seen.amount, words).at(attempt.id);
    Ok(Some(found.asking(Ask::Dispute(attempt.id, id.clone()))))
}
