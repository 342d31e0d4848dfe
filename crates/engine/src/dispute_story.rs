//! A payment's disputes in its story, and what the front page says of those that somebody must see to (G39).

use crate::{
    Engine, Error,
    clock::{day, zone},
    payment_story::{event, source_words},
};
use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::Tz;
use domain::{
    date::{Moment, in_words},
    dispute::DisputeState,
    money::Locale,
    views::{DisputeFace, Problem, StoryEvent, Tone},
};
use store::{Dispute, MerchantDb};

/// So long a part that was lost is shown: nobody but a person takes it out of the books.
const LOST_SHOWN: TimeDelta = TimeDelta::days(30);

/// Whose words dates are in, and what the gateway is called.
pub(crate) struct Told<'a> {
    pub gateway: &'a str,
    pub locale: Locale,
    pub zone: Tz,
    pub now: DateTime<Utc>,
}

impl Told<'_> {
    /// What staff can do about one that is open.
    fn answer(&self, dispute: &Dispute) -> String {
        match dispute.answer_by {
            Some(by) if by > self.now => {
                let by = in_words(day(by, self.zone));
                format!("Answer it at {} by {by}, or the bank keeps the money.", self.gateway)
            }
            Some(_) => "No evidence is taken any more: the bank decides.".to_owned(),
            None => format!("Look at it at {}.", self.gateway),
        }
    }

    /// Where it stands, beside the payment.
    pub(crate) fn face(&self, dispute: &Dispute) -> Result<DisputeFace, Error> {
        let amount = dispute.amount()?.format(self.locale);
        let words = match dispute.state {
            DisputeState::Open => format!("{amount}. {}", self.answer(dispute)),
            DisputeState::Lost => format!("{amount}, lost"),
            DisputeState::Won => format!("{amount}, won"),
        };
        Ok(DisputeFace { words, page_url: dispute.page_url.clone() })
    }

    pub(crate) async fn events(
        &self,
        db: &MerchantDb,
        dispute: &Dispute,
        local: impl Fn(DateTime<Utc>) -> Moment,
    ) -> Result<Vec<StoryEvent>, Error> {
        let amount = dispute.amount()?.format(self.locale);
        let mut events = Vec::new();
        let mut stood = None;
        for known in db.dispute_observations(dispute.id).await? {
            let seen = known.seen.state;
            let stands = stood.map_or(seen, |stood: DisputeState| stood.then(seen));
            if stood == Some(stands) {
                continue;
            }
            stood = Some(stands);
            let (title, tone, more) = match stands {
                DisputeState::Open => (format!("Disputed at the bank: {amount}"), Tone::Warn, self.answer(dispute)),
                DisputeState::Lost => {
                    ("The dispute was lost".to_owned(), Tone::Bad, format!("The bank keeps {amount}."))
                }
                DisputeState::Won => {
                    ("The dispute was won".to_owned(), Tone::Good, format!("{amount} stays with the payment."))
                }
            };
            let more =
                if stands == DisputeState::Open { format!("{} {more}", dispute.reason()?.words()) } else { more };
            let there = &dispute.gateway_id;
            let detail = format!("{}. {more} Its number there: {there}.", source_words(known.source));
            events.push(event(local(known.at), &title, &detail, tone));
        }
        Ok(events)
    }
}

impl Engine {
    /// Those that are open, and parts that were lost, which no rule takes out of the books.
    pub(crate) async fn dispute_problems(&self, db: &MerchantDb, locale: Locale) -> Result<Vec<Problem>, Error> {
        let mut problems = Vec::new();
        let disputes = db.disputes_alarming(self.now() - LOST_SHOWN).await?;
        if disputes.is_empty() {
            return Ok(problems);
        }
        let zone = zone(&db.merchant().await?.time_zone);
        for dispute in disputes {
            let attempt = db.attempt(dispute.attempt_id).await?;
            let connection = db.connection(attempt.connection_id).await?;
            let gateway = self.gateway_of(db, &connection)?.capabilities().name;
            let told = Told { gateway, locale, zone, now: self.now() };
            let amount = dispute.amount()?.format(locale);
            let sentence = match dispute.state {
                DisputeState::Open => {
                    format!("A card’s holder disputes {amount} at their bank. {}", told.answer(&dispute))
                }
                DisputeState::Lost if attempt.state.has_money() => {
                    let reference = attempt.charge_id.or(attempt.gateway_id).unwrap_or_default();
                    format!(
                        "{amount} of a payment was lost in a dispute, and the books still have the whole of it. Take {amount} \
                         out of them, reference {reference}."
                    )
                }
                _ => continue,
            };
            problems.push(Problem { area: "Dispute".into(), sentence, payment: Some(attempt.payment_id) });
        }
        Ok(problems)
    }
}
