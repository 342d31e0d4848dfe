//! A payment's disputes in its story (G39).

use crate::{
    Error,
    clock::day,
    payment_story::{event, source_words},
};
use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use domain::{
    date::{Moment, in_words},
    dispute::DisputeState,
    money::Locale,
    views::{DisputeFace, StoryEvent, Tone},
};
use store::{Dispute, MerchantDb};

/// Whose words dates are in, and what the gateway is called.
pub(crate) struct Told<'a> {
    pub gateway: &'a str,
    pub locale: Locale,
    pub zone: Tz,
    pub now: DateTime<Utc>,
}

impl Told<'_> {
    /// What staff can do about one that is open, or about an inquiry.
    pub(crate) fn answer(&self, dispute: &Dispute) -> String {
        let or_else = if dispute.state.holds_money() { "the bank keeps the money" } else { "it may become a dispute" };
        match dispute.answer_by {
            Some(by) if by > self.now => {
                let by = in_words(day(by, self.zone));
                format!("Answer it at {} by {by}, or {or_else}.", self.gateway)
            }
            Some(_) => "No evidence is taken any more: the bank decides.".to_owned(),
            None => format!("Look at it at {}.", self.gateway),
        }
    }

    /// Where it stands, beside the payment.
    pub(crate) fn face(&self, dispute: &Dispute) -> Result<DisputeFace, Error> {
        let amount = dispute.amount()?.format(self.locale);
        let words = match dispute.state {
            DisputeState::Inquiry => format!("Inquiry about {amount}, nothing was taken. {}", self.answer(dispute)),
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
            let before = stood.replace(stands);
            let (title, tone, more) = match stands {
                DisputeState::Inquiry | DisputeState::Open => {
                    // What is decided, or asked no more, is answered no more.
                    let answer = (dispute.state == stands).then(|| format!(" {}", self.answer(dispute)));
                    let more = format!("{}{}", dispute.reason()?.words(), answer.unwrap_or_default());
                    let what = if stands.holds_money() { "Disputed at the bank" } else { "The bank asks" };
                    (format!("{what}: {amount}"), Tone::Warn, more)
                }
                DisputeState::Won if before == Some(DisputeState::Inquiry) => {
                    ("The bank’s inquiry has ended".to_owned(), Tone::Good, format!("{amount} stays with the payment."))
                }
                DisputeState::Lost => {
                    ("The dispute was lost".to_owned(), Tone::Bad, format!("The bank keeps {amount}."))
                }
                DisputeState::Won => {
                    ("The dispute was won".to_owned(), Tone::Good, format!("{amount} stays with the payment."))
                }
            };
            let there = &dispute.gateway_id;
            let detail = format!("{}. {more} Its number there: {there}.", source_words(known.source));
            events.push(event(local(known.at), &title, &detail, tone));
        }
        Ok(events)
    }
}
