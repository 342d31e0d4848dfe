//! What the gateways list as taken, against our attempts, both ways: a part of `verify_books.rs`.

use crate::{
    Engine, Error,
    day_totals::GatewayLists,
    differences::{Ask, FoundDifference},
    faces::is_paid_back,
    refund_payment::is_unsettled,
    take_in_charge::is_lost,
    verify_books::is_charged_back,
    verify_refunds::{RefundRecord, listed_differences, listed_refunds, unlisted},
};
use chrono::{DateTime, Utc};
use connectors::gateway::{Refunds, Taken};
use domain::{
    exception::DifferenceKind as Kind,
    ids::{AttemptId, ConnectionId},
};
use std::collections::{HashMap, HashSet};
use store::{Attempt, MerchantDb};

impl Engine {
    /// What the gateways list as taken.
    pub(crate) async fn compare_gateways(
        &self,
        db: &MerchantDb,
        since: DateTime<Utc>,
        ours: &HashMap<AttemptId, Attempt>,
        refunds: &[RefundRecord],
        found: &mut Vec<FoundDifference>,
    ) -> Result<GatewayLists, Error> {
        let undone = refunds.iter().filter_map(RefundRecord::charge_undone).collect();
        let mut lists = GatewayLists { undone, ..GatewayLists::default() };
        let (currency, now) = (db.merchant().await?.currency, self.now());
        for connection in db.gateways().await? {
            let gateway = self.gateway_of(db, &connection)?;
            if !gateway.capabilities().lists {
                continue;
            }
            let not_compared = |words: String| FoundDifference::new(Kind::NotCompared, connection.id, words);
            match gateway.taken_since(since).await {
                Ok(taken) => {
                    lists.add(connection.id, &taken);
                    let others = taken.iter().map(|charge| charge.attempt).filter(|id| !ours.contains_key(id));
                    let older = db.attempts_by_id(&others.collect::<Vec<_>>()).await?;
                    let known: HashMap<_, _> =
                        ours.values().chain(&older).map(|attempt| (attempt.id, attempt)).collect();
                    let unknown = taken.iter().map(|charge| charge.attempt).filter(|id| !known.contains_key(id));
                    let theirs = self.begun_by_others(db, &unknown.collect::<Vec<_>>()).await?;
                    let is_lost = |charge: &Taken| !theirs.contains(&charge.attempt) && is_lost(charge, &currency, now);
                    found.extend(gateway_differences(connection.id, since, &taken, &known, &lists.undone, is_lost)?);
                    lists.settled.extend(taken.into_iter().filter(|charge| is_news_of_settlement(charge, &known)));
                }
                Err(cause) => found.push(not_compared(format!("the gateway was not compared: {cause}"))),
            }
            if gateway.capabilities().disputes {
                found.extend(self.compare_disputes(db, connection.id, gateway.as_ref(), since).await?);
            }
            if !matches!(gateway.capabilities().refunds, Refunds::No(_)) {
                match listed_refunds(gateway.as_ref(), since).await {
                    Ok((listed, earlier)) => {
                        found.extend(listed_differences(db, connection.id, &listed, &earlier).await?);
                        found.extend(unlisted(connection.id, since, &listed, ours, refunds)?);
                    }
                    Err(cause) => found.push(not_compared(format!("the gateway's refunds were not compared: {cause}"))),
                }
            }
        }
        Ok(lists)
    }
}

/// What differs in anything else is told by another line, and not recorded unread.
fn is_news_of_settlement(charge: &Taken, known: &HashMap<AttemptId, &Attempt>) -> bool {
    let is_it = |attempt: &&Attempt| {
        is_unsettled(attempt)
            && attempt.gateway_id.as_deref() == Some(charge.gateway_id.as_str())
            && attempt.amount().is_ok_and(|amount| amount == charge.amount)
    };
    charge.is_settled && known.get(&charge.attempt).is_some_and(is_it)
}

/// The gateway's list against our attempts, both ways. The gateway is asked about what may only be news that were lost.
fn gateway_differences(
    connection: ConnectionId,
    since: DateTime<Utc>,
    taken: &[Taken],
    known: &HashMap<AttemptId, &Attempt>,
    undone: &HashSet<AttemptId>,
    is_lost: impl Fn(&Taken) -> bool,
) -> Result<Vec<FoundDifference>, Error> {
    let mut found = Vec::new();
    let mut counted: HashMap<AttemptId, u32> = HashMap::new();
    for charge in taken {
        *counted.entry(charge.attempt).or_default() += 1;
        let (id, amount) = (&charge.gateway_id, charge.amount.to_decimal());
        let Some(attempt) = known.get(&charge.attempt) else {
            let words = format!("the gateway took {amount} ({id}) for an attempt that we do not know");
            let kind = if is_lost(charge) { Kind::ChargeLost } else { Kind::ChargeUnknown };
            found.push(FoundDifference::listed(kind, id, charge.amount, words));
            continue;
        };
        let ours = attempt.id;
        // A gateway goes on listing what was disputed as taken.
        if is_charged_back(attempt) {
            continue;
        }
        let (kind, words) = if !attempt.state.has_money() && !is_paid_back(attempt) {
            (Kind::ChargeNotTaken, format!("the gateway took {amount} ({id}); our {ours} is {:?}", attempt.state))
        } else if undone.contains(&ours) {
            (Kind::ChargeNotUndone, format!("the gateway has {amount} ({id}); our {ours} was refunded by a void"))
        } else if attempt.amount()? != charge.amount {
            (Kind::ChargeDiffers, format!("the gateway took {amount} ({id}); our {ours} says otherwise"))
        } else {
            continue;
        };
        let ask = (kind == Kind::ChargeNotTaken).then(|| Ask::Attempt(ours, Some(id.clone())));
        found.push(FoundDifference { ask, ..FoundDifference::listed(kind, id, charge.amount, words).at(ours) });
    }
    for (attempt, times) in counted.iter().filter(|(_, times)| **times > 1) {
        // Each charge of one that is not known is a difference already.
        let Some(ours) = known.get(attempt) else { continue };
        let words = format!("the gateway charged {times} times for {attempt}");
        let twice = FoundDifference::new(Kind::ChargeTwice, attempt, words);
        found.push(twice.over(ours.amount()?).quoting(ours.gateway_id.as_deref()).at(ours.id));
    }
    let here = known.values().filter(|attempt| attempt.connection_id == connection);
    let here = here.filter(|attempt| attempt.state.has_money() || is_paid_back(attempt));
    let here = here.filter(|attempt| !undone.contains(&attempt.id));
    for attempt in here.filter(|attempt| attempt.created_at >= since && !counted.contains_key(&attempt.id)) {
        let words = format!("{} has money that the gateway does not list", attempt.id);
        let missing = FoundDifference::new(Kind::ChargeMissing, attempt.id, words).over(attempt.amount()?);
        let missing = missing.quoting(attempt.charge_id.as_deref().or(attempt.gateway_id.as_deref()));
        found.push(missing.at(attempt.id).asking(Ask::Attempt(attempt.id, None)));
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::{
        ids::{MerchantId, PaymentId},
        method::MethodKind,
        money::{Currency, Money},
        payment::AttemptState,
    };
    use uuid::Uuid;

    #[test]
    fn n4_only_of_promised_money_and_the_very_charge_a_list_is_news_that_it_has_settled() {
        let (id, amount) = (Uuid::nil(), Money::new(500, Currency::USD));
        let ids = (MerchantId(id), AttemptId(id), PaymentId(id));
        let begun = Attempt::begun(ids, ConnectionId(id), MethodKind::Card, amount, DateTime::UNIX_EPOCH);
        let ours = Attempt { state: AttemptState::Approved, gateway_id: Some("pi_1".to_owned()), ..begun };
        let gateway_id = "pi_1".to_owned();
        let listed = Taken { attempt: ours.id, gateway_id, amount, is_settled: true, is_debit: false };
        let is_news = |listed: &Taken, ours: &Attempt| is_news_of_settlement(listed, &HashMap::from([(ours.id, ours)]));
        for other in [
            Taken { is_settled: false, ..listed.clone() },
            Taken { attempt: AttemptId(Uuid::from_u128(1)), ..listed.clone() },
            Taken { gateway_id: "pi_2".to_owned(), ..listed.clone() },
            Taken { amount: Money::new(499, Currency::USD), ..listed.clone() },
            Taken { amount: Money::new(500, Currency::AUD), ..listed.clone() },
        ] {
            assert!(!is_news(&other, &ours), "{other:?}");
        }
        for state in AttemptState::ALL {
            let is_promised = matches!(state, AttemptState::Approved | AttemptState::PendingSettlement);
            assert_eq!(is_news(&listed, &Attempt { state, ..ours.clone() }), is_promised, "{state:?}");
        }
        assert!(!is_news(&listed, &Attempt { gateway_id: None, ..ours }), "nobody has said which charge it is");
    }
}
