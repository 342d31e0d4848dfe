//! Sends an endpoint what it has not got, one event after the other (D7). Each is a queue of its own and one job: an endpoint
//! that takes nothing holds up no other. Sent is sent at least once; the event's id says what came before.

use crate::{Engine, Error, error::known, failpoint, jobs::Ran};
use chrono::{DateTime, Utc};
use connectors::endpoint::{Answered, SendError, Sending};
use domain::{
    event::send_again_after,
    ids::{EndpointId, EventId},
};
use store::{Delivery, DeliveryState, Endpoint, EventRow, MerchantDb};

/// A job ends after so many, so that a worker that is to stop need not wait for a long queue.
const EVENTS_PER_JOB: u32 = 100;

/// Where a queue stands after a try.
enum Then {
    Next,
    Wait(DateTime<Utc>),
    /// The endpoint was given up, or somebody else moves it.
    Stop,
}

/// How a try ended, in words for people.
pub(crate) struct Tried {
    pub(crate) taken: bool,
    /// The receiver wants no more.
    pub(crate) over: bool,
    pub(crate) answer: String,
}

impl From<Result<Answered, SendError>> for Tried {
    fn from(answered: Result<Answered, SendError>) -> Self {
        match answered {
            Ok(said) => {
                let answer = format!("HTTP {} {}", said.status, said.words).trim_end().to_owned();
                Self { taken: said.is_taken(), over: said.is_over(), answer }
            }
            Err(cause) => Self { taken: false, over: false, answer: cause.to_string() },
        }
    }
}

impl Engine {
    pub(crate) async fn send_events(&self, db: &MerchantDb, endpoint: EndpointId) -> Result<Ran, Error> {
        for _ in 0..EVENTS_PER_JOB {
            // It may have been dropped, or given up.
            let on = known(db.endpoint(endpoint).await)?.filter(|endpoint| endpoint.off_since.is_none());
            let Some(endpoint) = on else { return Ok(Ran::Finished) };
            let Some(event) = db.event_after(endpoint.sent_through).await? else {
                // Whoever was off for so long that all of it was deleted would be found behind, and looked after, for ever.
                if endpoint.sent_through < db.event_head().await? {
                    let tx = db.begin().await?;
                    tx.endpoint_pass_deleted(endpoint.id).await?;
                    tx.commit().await?;
                }
                return Ok(Ran::Finished);
            };
            let tried = self.send_event(db, &endpoint, &event).await?;
            failpoint::reach("after_event_sent");
            match self.record_sending(db, &endpoint, &event, tried).await? {
                Then::Next => {}
                Then::Wait(until) => return Ok(Ran::NotBefore(until, "the partner’s server has not taken it")),
                Then::Stop => return Ok(Ran::Finished),
            }
        }
        Ok(Ran::Finished)
    }

    /// One event once more, as staff asked: once, and however it ends.
    pub(crate) async fn send_again(&self, db: &MerchantDb, endpoint: EndpointId, event: EventId) -> Result<Ran, Error> {
        let (endpoint, event) = (known(db.endpoint(endpoint).await)?, known(db.event(event).await)?);
        let (Some(endpoint), Some(event)) = (endpoint, event) else { return Ok(Ran::Finished) };
        let tried = self.send_event(db, &endpoint, &event).await?;
        let tx = db.begin().await?;
        let before = tx.delivery(endpoint.id, event.id).await?;
        let state = if tried.taken { DeliveryState::Taken } else { DeliveryState::Parked };
        let tries = before.map_or(1, |before| before.tries + 1);
        tx.delivery_write(self.delivery(&endpoint, &event, state, tries, tried.answer)).await?;
        tx.commit().await?;
        Ok(Ran::Finished)
    }

    async fn send_event(&self, db: &MerchantDb, endpoint: &Endpoint, event: &EventRow) -> Result<Tried, Error> {
        let (id, now) = (event.id.to_string(), self.now());
        let body = event.body.as_deref().ok_or(Error::Store(store::Error::Unreadable("event.body")))?;
        let secrets = db.endpoint_secrets(endpoint, now)?;
        let sending = Sending { url: &endpoint.url, id: &id, at: now, body, secrets: &secrets };
        Ok(self.0.events.send(sending).await.into())
    }

    /// Writes down how it went. The queue moves only from where it was read: another worker may have been at it too.
    async fn record_sending(
        &self,
        db: &MerchantDb,
        read: &Endpoint,
        event: &EventRow,
        tried: Tried,
    ) -> Result<Then, Error> {
        let (now, number) = (self.now(), event.sequence.unwrap_or_default());
        let tx = db.begin().await?;
        let Some(mut endpoint) = known(tx.endpoint_hold(read.id).await)? else { return Ok(Then::Stop) };
        if (endpoint.sent_through, endpoint.tries, endpoint.off_since) != (read.sent_through, read.tries, None) {
            return Ok(Then::Stop);
        }
        let tries = endpoint.tries + 1;
        let again = send_again_after(tries).filter(|_| !tried.over).map(|gap| now + gap);
        let (state, then) = match again {
            _ if tried.taken => {
                (endpoint.sent_through, endpoint.tries, endpoint.last_error) = (number, 0, None);
                (DeliveryState::Taken, Then::Next)
            }
            Some(again) => {
                (endpoint.tries, endpoint.last_error) = (tries, Some(tried.answer.clone()));
                (DeliveryState::Failing, Then::Wait(again))
            }
            None => {
                tracing::warn!(endpoint.id = %endpoint.id, "A partner's server has taken nothing for a day, or wants no more: no more is sent there.");
                (endpoint.sent_through, endpoint.tries) = (number, 0);
                (endpoint.off_since, endpoint.last_error) = (Some(now), Some(tried.answer.clone()));
                (DeliveryState::Parked, Then::Stop)
            }
        };
        tx.endpoint_move(&endpoint).await?;
        tx.delivery_write(self.delivery(&endpoint, event, state, tries, tried.answer)).await?;
        tx.commit().await?;
        Ok(then)
    }

    fn delivery(
        &self,
        endpoint: &Endpoint,
        event: &EventRow,
        state: DeliveryState,
        tries: i32,
        answer: String,
    ) -> Delivery {
        let (merchant_id, endpoint_id, event_id) = (event.merchant_id, endpoint.id, event.id);
        Delivery { merchant_id, endpoint_id, event_id, state, tries, answer, tried_at: self.now() }
    }
}
