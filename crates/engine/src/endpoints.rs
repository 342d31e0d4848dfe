//! Where a merchant's events are sent: set by the operator's command or by the merchant's staff (`own_endpoints.rs`), and what
//! staff see of it (D7, G79).

use crate::{
    AdminPass, EndpointError, Engine, Error,
    audit::Audited,
    clock::{on_the_wall, zone},
    setter::Setter,
    work::Work,
};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use chrono::TimeDelta;
use chrono_tz::Tz;
use connectors::{endpoint::SECRET_PREFIX, quotes::host_of};
use domain::{
    ids::{EndpointId, EventId},
    views::{DeliveryFace, EndpointBox, EndpointFace, Tone},
};
use secrecy::SecretString;
use std::collections::HashMap;
use store::{Delivery, DeliveryState, Endpoint, EventRow, MerchantDb};

/// Each is a job of its merchant's, which has no more than a worker's fill of them under way.
pub(crate) const ENDPOINTS_MAX: usize = 5;
const SECRET_BYTES: usize = 32;
/// After a new secret, the one before signs as well for so long: time enough to tell it to the receiver.
const BOTH_SIGN_FOR: TimeDelta = TimeDelta::hours(24);
const DELIVERIES_SHOWN: u64 = 50;

impl Engine {
    /// Has everything that happens at the merchant from here on sent there, and answers the secret that signs it, which
    /// nobody is told again.
    ///
    /// # Errors
    /// Nothing is sent to such an address, or it is there already, or there are too many.
    pub async fn endpoint_add(&self, named: &str, url: &str) -> Result<SecretString, EndpointError> {
        let db = self.merchant_named(named).await?;
        self.add_endpoint(&db, Setter::Operator, url).await.map(|(_, secret)| secret)
    }

    pub(crate) async fn add_endpoint(
        &self,
        db: &MerchantDb,
        by: Setter,
        url: &str,
    ) -> Result<(EndpointId, SecretString), EndpointError> {
        let (url, secret, now) = (self.0.events.check(url)?, new_secret()?, self.now());
        let tx = db.begin().await?;
        let there = tx.endpoints().await?;
        if there.len() >= ENDPOINTS_MAX && there.iter().all(|endpoint| endpoint.url != url) {
            return Err(EndpointError::TooMany { max: ENDPOINTS_MAX });
        }
        let endpoint = tx.endpoint_add(&url, &secret, now).await?;
        let audited = Audited::EndpointAdded { endpoint, host: host_of(&url, true) };
        by.write_down(&tx, ("add endpoint", &url), &audited, now).await?;
        tx.commit().await?;
        Ok((endpoint, secret))
    }

    /// Where events are sent, and how many each has not got.
    ///
    /// # Errors
    /// [`Error::NotFound`] without such a merchant.
    pub async fn endpoints(&self, named: &str) -> Result<Vec<(Endpoint, i64)>, Error> {
        let db = self.merchant_named(named).await?;
        let head = db.event_head().await?;
        let endpoints = db.endpoints().await?.into_iter();
        let with_waiting = |endpoint: Endpoint| {
            let waiting = waiting(&endpoint, head);
            (endpoint, waiting)
        };
        Ok(endpoints.map(with_waiting).collect())
    }

    /// Has nothing sent there any more.
    ///
    /// # Errors
    /// Nothing was.
    pub async fn endpoint_drop(&self, named: &str, url: &str) -> Result<(), EndpointError> {
        let db = self.merchant_named(named).await?;
        let endpoint = self.endpoint_at(&db, url).await?;
        Ok(self.drop_endpoint(&db, Setter::Operator, &endpoint).await?)
    }

    pub(crate) async fn drop_endpoint(&self, db: &MerchantDb, by: Setter, endpoint: &Endpoint) -> Result<(), Error> {
        let tx = db.begin().await?;
        tx.endpoint_drop(endpoint.id).await?;
        let audited = Audited::EndpointDropped { endpoint: endpoint.id };
        by.write_down(&tx, ("drop endpoint", &endpoint.url), &audited, self.now()).await?;
        Ok(tx.commit().await?)
    }

    /// Signs with another secret, and for a day with the one before as well.
    ///
    /// # Errors
    /// Nothing is sent there.
    pub async fn endpoint_new_secret(&self, named: &str, url: &str) -> Result<SecretString, EndpointError> {
        let db = self.merchant_named(named).await?;
        let endpoint = self.endpoint_at(&db, url).await?.id;
        self.renew_endpoint(&db, Setter::Operator, endpoint, None).await
    }

    /// `seen`: the mark of the secret that whoever asks has before them, which a second press would make useless.
    pub(crate) async fn renew_endpoint(
        &self,
        db: &MerchantDb,
        by: Setter,
        endpoint: EndpointId,
        seen: Option<&str>,
    ) -> Result<SecretString, EndpointError> {
        let (secret, now) = (new_secret()?, self.now());
        let tx = db.begin().await?;
        let endpoint = tx.endpoint_hold(endpoint).await?;
        if seen.is_some_and(|seen| seen != secret_mark(&endpoint)) {
            return Err(EndpointError::SecretChanged);
        }
        tx.endpoint_secret_replace(&endpoint, &secret, now + BOTH_SIGN_FOR).await?;
        let audited = Audited::EndpointSecretMade { endpoint: endpoint.id };
        by.write_down(&tx, ("new secret of endpoint", &endpoint.url), &audited, now).await?;
        tx.commit().await?;
        Ok(secret)
    }

    /// What staff read of all that.
    ///
    /// # Errors
    /// The database is away.
    pub async fn endpoint_box(&self, admin: &AdminPass) -> Result<EndpointBox, Error> {
        let (zone, head) = (zone(&admin.who.time_zone), admin.db.event_head().await?);
        let endpoints = admin.db.endpoints().await?;
        let deliveries = admin.db.deliveries(DELIVERIES_SHOWN).await?;
        let events = admin.db.events_by_id(deliveries.iter().map(|delivery| delivery.event_id).collect()).await?;
        let events: HashMap<_, _> = events.into_iter().map(|event| (event.id, event)).collect();
        let urls: HashMap<_, _> = endpoints.iter().map(|endpoint| (endpoint.id, endpoint.url.as_str())).collect();
        let faces = deliveries.into_iter().filter_map(|delivery| {
            let (event, url) = (events.get(&delivery.event_id)?, urls.get(&delivery.endpoint_id)?);
            Some(delivery_face(delivery, event, url, zone))
        });
        let faces = faces.collect();
        let endpoints = endpoints.into_iter().map(|endpoint| endpoint_face(endpoint, head, zone)).collect();
        Ok(EndpointBox { who: admin.who.clone(), endpoints, deliveries: faces })
    }

    /// Has an event sent once more. One whose turn has not come yet is sent with those before it, at once, and they are
    /// tried for a day from then on.
    ///
    /// # Errors
    /// [`Error::NotFound`] also for another merchant's, and for what was never tried.
    pub async fn send_event_again(&self, admin: &AdminPass, endpoint: EndpointId, event: EventId) -> Result<(), Error> {
        let now = self.now();
        let tx = admin.db.begin().await?;
        let endpoint = tx.endpoint_hold(endpoint).await?;
        tx.delivery(endpoint.id, event).await?.ok_or(Error::NotFound)?;
        let is_waiting = tx.event(event).await?.sequence > Some(endpoint.sent_through);
        if is_waiting && endpoint.off_since.is_none() {
            for job in tx.jobs_waiting(&Work::SendEvents { endpoint: endpoint.id }.key("")).await? {
                tx.job_run_now(&job, now).await?;
                // It has its whole day from here on: ten impatient presses would be all its tries, and turn it off.
                tx.endpoint_move(&Endpoint { tries: 0, ..endpoint.clone() }).await?;
            }
        } else {
            let again = Work::SendAgain { endpoint: endpoint.id, event, asked_ms: now.timestamp_millis() };
            again.queue(&tx, None, now, now).await?;
        }
        tx.commit().await?;
        self.0.bell.notify_one();
        Ok(())
    }

    async fn endpoint_at(&self, db: &MerchantDb, url: &str) -> Result<Endpoint, EndpointError> {
        // What was allowed once may be so no more, and is dropped all the same.
        let kept = self.0.events.check(url).unwrap_or_else(|_| url.to_owned());
        let found = db.endpoints().await?.into_iter().find(|endpoint| endpoint.url == kept);
        found.ok_or(EndpointError::Unknown)
    }
}

fn new_secret() -> Result<SecretString, Error> {
    let mut bytes = [0; SECRET_BYTES];
    getrandom::fill(&mut bytes).map_err(|_| Error::NoRandomness)?;
    Ok(format!("{SECRET_PREFIX}{}", BASE64_STANDARD.encode(bytes)).into())
}

/// Another one whenever the secret is replaced, and nothing of the secret.
pub(crate) fn secret_mark(endpoint: &Endpoint) -> String {
    endpoint.old_secret_until.map(|until| until.timestamp_millis().to_string()).unwrap_or_default()
}

fn waiting(endpoint: &Endpoint, head: i64) -> i64 {
    (head - endpoint.sent_through).max(0)
}

pub(crate) fn endpoint_face(endpoint: Endpoint, head: i64, zone: Tz) -> EndpointFace {
    EndpointFace {
        id: endpoint.id,
        waiting: waiting(&endpoint, head),
        added_at: on_the_wall(endpoint.created_at, zone),
        off_since: endpoint.off_since.map(|at| on_the_wall(at, zone)),
        url: endpoint.url,
        last_error: endpoint.last_error,
    }
}

pub(crate) fn delivery_face(delivery: Delivery, event: &EventRow, url: &str, zone: Tz) -> DeliveryFace {
    let (badge, tone) = match delivery.state {
        DeliveryState::Taken => ("Delivered", Tone::Good),
        DeliveryState::Failing => ("Trying", Tone::Warn),
        DeliveryState::Parked => ("Not taken", Tone::Bad),
    };
    DeliveryFace {
        endpoint: delivery.endpoint_id,
        event: delivery.event_id,
        url: url.to_owned(),
        kind: event.kind.name().to_owned(),
        sequence: event.sequence.unwrap_or_default(),
        badge: badge.to_owned(),
        tone,
        answer: delivery.answer,
        tries: delivery.tries,
        tried_at: on_the_wall(delivery.tried_at, zone),
    }
}
