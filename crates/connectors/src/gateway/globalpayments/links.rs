//! The gateway's own page, which a link opens (`wire/gateways.md`, 5.2; fields and statuses: the Java SDK's
//! `PayByLinkService`). A link takes one payment; until it has, or is closed, its page decides, and not one try on it.

use super::{
    GatewayError, GlobalPayments,
    calls::{self, made_another, made_before, plain_link},
    wire::{ClosedLink, Link, NewLink},
};
use crate::gateway::{ChargeRequest, unopened};
use chrono::TimeDelta;
use domain::payment::{Fact, Observation};

/// A link ends by the day, whose zone nobody names. Sooner, it is closed from here.
const LASTS: TimeDelta = TimeDelta::days(2);

impl GlobalPayments {
    /// Asks for a page.
    pub(super) async fn open_page(&self, request: &ChargeRequest) -> Result<Observation, GatewayError> {
        let link = self.new_link(request).await.map_err(unopened)?;
        self.observe_link(link).await
    }

    async fn new_link(&self, request: &ChargeRequest) -> Result<Link, GatewayError> {
        let new = NewLink::of(request, (self.config.clock)() + LASTS, &self.config);
        let answer = self.send(self.post("links", &request.idempotency_key, &new)).await?;
        let Some(id) = made_before(&answer) else { return calls::read(&answer) };
        let made: Link = self.read_made("links", &id).await?;
        if made.is_of(request.attempt) { Ok(made) } else { Err(made_another()) }
    }

    pub(super) async fn link(&self, id: &str) -> Result<Link, GatewayError> {
        self.json(self.get(&format!("links/{}", plain_link(id)?))).await
    }

    /// Takes the page away. What the gateway makes of that, the link itself says best: it may have been paid meanwhile.
    pub(super) async fn close(&self, id: &str) -> Result<Observation, GatewayError> {
        let stands = self.link(id).await?;
        match self.json::<Link>(self.patch(&format!("links/{id}"), &ClosedLink::of(&stands))).await {
            Ok(_) | Err(GatewayError::Refused { .. }) => {}
            Err(error) => return Err(error),
        }
        self.observe_link(self.link(id).await?).await
    }

    /// The money that was taken on it, else how the page stands.
    pub(super) async fn observe_link(&self, link: Link) -> Result<Observation, GatewayError> {
        if let Some(paid) = link.tries().iter().find(|seen| seen.is_sale() && seen.fact().is_money()) {
            // Lists tell less of it.
            return Ok(self.transaction(&paid.id).await?.observe());
        }
        let is_open = link.tries().iter().any(|seen| seen.fact() == Fact::Processing);
        let fact = match (link.status.as_deref(), link.url.clone()) {
            (Some("ACTIVE"), Some(url)) => Fact::ActionNeeded { url, fields: Vec::new() },
            (Some("INACTIVE" | "EXPIRED"), _) if !is_open => Fact::Voided,
            // Paid, and the payment is not listed yet.
            (Some("PAID" | "CLOSED" | "INACTIVE" | "EXPIRED"), _) => Fact::Processing,
            (status, _) => {
                tracing::warn!(
                    gateway.id = link.id,
                    ?status,
                    "Global Payments reports a link's status that is not understood; treated as open"
                );
                Fact::Processing
            }
        };
        Ok(Observation { gateway_id: Some(link.id), ..Observation::bare(fact) })
    }
}
