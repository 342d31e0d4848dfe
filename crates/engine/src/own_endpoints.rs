//! Configure > Merchants > Integrations, its lower half: where a quoting program and other programs of the merchant's are told
//! what happens, as its staff see and set it. What the operator's commands do goes the same ways.

use crate::{
    AdminPass, EndpointError, Engine, Error, SettingsError,
    audit::{Actor, Audited},
    clock::zone,
    endpoints::{ENDPOINTS_MAX, delivery_face, endpoint_face, secret_mark},
    error::known,
    quote_rules::QuoteRulesTyped,
    setter::Setter,
    work::Work,
};
use connectors::endpoint::BadUrl;
use domain::{
    ids::EndpointId,
    own_invoice::Wrong,
    views::{DeliveryFace, EndpointFace},
};
use secrecy::SecretString;
use store::Endpoint;

/// What the tab shows below the keys.
pub struct Tellings {
    pub quote_rules: QuoteRulesTyped,
    pub endpoints: Vec<OwnEndpoint>,
    /// As many as may be.
    pub is_full: bool,
}

/// An address that events are sent to.
pub struct OwnEndpoint {
    pub face: EndpointFace,
    /// Of the newest event that was tried.
    pub last: Option<DeliveryFace>,
    /// What the form for another secret brings back, so that two presses make one.
    pub secret_mark: String,
}

impl Engine {
    /// # Errors
    /// The database is away.
    pub async fn tellings(&self, admin: &AdminPass) -> Result<Tellings, Error> {
        let (db, zone) = (&admin.db, zone(&admin.who.time_zone));
        let (head, rules, rows) = tokio::try_join!(db.event_head(), db.quote_rules(), db.endpoints())?;
        let is_full = rows.len() >= ENDPOINTS_MAX;
        let mut endpoints = Vec::with_capacity(rows.len());
        for endpoint in rows {
            let last = match db.delivery_newest(endpoint.id).await? {
                // With its event, which may be deleted in this moment.
                Some(delivery) => known(db.event(delivery.event_id).await)?
                    .map(|event| delivery_face(delivery, &event, &endpoint.url, zone)),
                None => None,
            };
            let secret_mark = secret_mark(&endpoint);
            endpoints.push(OwnEndpoint { face: endpoint_face(endpoint, head, zone), last, secret_mark });
        }
        Ok(Tellings { quote_rules: rules.into(), endpoints, is_full })
    }

    /// Has everything that happens from here on sent there, and answers the secret that signs it, which is shown once.
    ///
    /// # Errors
    /// [`SettingsError::Wrong`] for an address to which nothing is sent, or all is sent already.
    pub async fn add_own_endpoint(
        &self,
        admin: &AdminPass,
        url: &str,
    ) -> Result<(EndpointId, SecretString), SettingsError> {
        Ok(self.add_endpoint(&admin.db, Setter::Staff(admin.person), url).await?)
    }

    /// Signs with another secret, which is shown once, and for a day with the one before as well. `seen` comes from the form.
    ///
    /// # Errors
    /// [`Error::NotFound`] also for another merchant's, [`SettingsError::Wrong`] for a form that made one already.
    pub async fn renew_own_endpoint(
        &self,
        admin: &AdminPass,
        endpoint: EndpointId,
        seen: &str,
    ) -> Result<SecretString, SettingsError> {
        Ok(self.renew_endpoint(&admin.db, Setter::Staff(admin.person), endpoint, Some(seen)).await?)
    }

    /// Has nothing sent there any more. What is no address of the merchant's stays as it is, and is one of those.
    ///
    /// # Errors
    /// The database is away.
    pub async fn drop_own_endpoint(&self, admin: &AdminPass, endpoint: EndpointId) -> Result<(), Error> {
        let Some(endpoint) = known(admin.db.endpoint(endpoint).await)? else { return Ok(()) };
        self.drop_endpoint(&admin.db, Setter::Staff(admin.person), &endpoint).await
    }

    /// Has nothing sent there until it is turned on again: what has happened meanwhile comes first then. What is as it was
    /// leaves no line.
    ///
    /// # Errors
    /// [`Error::NotFound`] also for another merchant's.
    pub async fn switch_endpoint(&self, admin: &AdminPass, endpoint: EndpointId, on: bool) -> Result<(), Error> {
        let now = self.now();
        let tx = admin.db.begin().await?;
        let endpoint = tx.endpoint_hold(endpoint).await?;
        if endpoint.off_since.is_none() == on {
            return Ok(());
        }
        let id = endpoint.id;
        let off_since = (!on).then_some(now);
        tx.endpoint_move(&Endpoint { tries: 0, off_since, last_error: None, ..endpoint }).await?;
        if on {
            Work::SendEvents { endpoint: id }.queue_again(&tx, None, now).await?;
        }
        let audited = Audited::EndpointSwitched { endpoint: id, on };
        tx.audit_add(audited.slip(None, Actor::Staff(admin.person), now)?).await?;
        tx.commit().await?;
        self.0.bell.notify_one();
        Ok(())
    }
}

/// Beside the field in which it was typed.
impl From<EndpointError> for SettingsError {
    fn from(cause: EndpointError) -> Self {
        let wrong = match cause {
            EndpointError::Url(why) => Wrong::at("url", not_sent_there(why)),
            EndpointError::Duplicate => Wrong::at(
                "url",
                "Events are sent there already. If you do not have the secret of that address, make a new one.",
            ),
            EndpointError::TooMany { max } => {
                Wrong::at("url", format!("Events are sent to {max} addresses already. Remove one first."))
            }
            EndpointError::SecretChanged => Wrong::at(
                "webhooks",
                "This address has had another secret since you opened the page. No further one was made.",
            ),
            EndpointError::Unknown => return Self::Engine(Error::NotFound),
            EndpointError::Engine(cause) => return Self::Engine(cause),
        };
        Self::Wrong(vec![wrong])
    }
}

/// For whoever has typed the address.
pub(crate) const fn not_sent_there(why: BadUrl) -> &'static str {
    match why {
        BadUrl::Unreadable => "Enter an address like https://partner.example/events.",
        BadUrl::PlainHttp => "Enter an address that begins with https://.",
        BadUrl::Decorated => "Enter an address without a name, a password, and a part behind a #.",
        BadUrl::Private => "Enter an address on the internet. This one leads into a private network.",
    }
}
