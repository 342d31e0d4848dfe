//! What Stripe keeps, after the request to keep it: the card of a payment, attached to the payer's company once it has paid,
//! and a method as it stands now (`wire/gateways.md`, 2.3). An authority that a bank has ended debits nothing.

use super::{
    GatewayError, KeepRequest, KeptMethod, Stripe,
    calls::{self, Id},
    form::WITH_METHOD,
    methods::is_of_nobody,
    wire::Expandable,
    wire_methods::{IntentMethod, MethodDetails, Setup},
};
use crate::{
    gateway::{refused, unreadable},
    http::Answer,
};
use domain::{
    method::{MethodFact, MethodSeen},
    payment::DeclineReason,
};
use reqwest::{Method, StatusCode};

impl Stripe {
    /// Read first: what was attached before is not attached again.
    pub(super) async fn keep_card_of(&self, request: &KeepRequest) -> Result<MethodSeen, GatewayError> {
        let Id::Intent(id) = Id::parse(&request.charge_gateway_id)? else {
            return Err(refused("unknown_id", "a page that was not paid"));
        };
        let read = self.call(Method::GET, &format!("payment_intents/{id}")).query(&[WITH_METHOD]);
        let Some(Expandable::Full(method)) = self.json::<IntentMethod>(read).await?.payment_method else {
            return Err(GatewayError::Unknown(format!("{id} does not say what it was paid by")));
        };
        let seen = method.observe();
        if seen.fact == MethodFact::Ready {
            return Ok(seen);
        }
        let answer = self.attach_to_company(request, seen.gateway_method.as_deref().unwrap_or_default()).await?;
        if answer.status == StatusCode::PAYMENT_REQUIRED {
            return Ok(calls::error_of(&answer).ok_or_else(|| unreadable(&answer))?.observe_setup());
        }
        Ok(calls::read::<MethodDetails>(&answer)?.observe())
    }

    /// A company that somebody has deleted at Stripe is made anew.
    async fn attach_to_company(&self, request: &KeepRequest, method: &str) -> Result<Answer, GatewayError> {
        if let Some(known) = &request.gateway_customer {
            let answer = self.attach(method, known).await?;
            if !is_of_nobody(&answer) {
                return Ok(answer);
            }
        }
        let customer = self.customer(request.method, request.customer, &request.customer_name).await?;
        self.attach(method, &customer).await
    }

    async fn attach(&self, method: &str, customer: &str) -> Result<Answer, GatewayError> {
        let path = format!("payment_methods/{}/attach", calls::plain(method, "pm_")?);
        Ok(self.http.send(self.call(Method::POST, &path).form(&[("customer", customer)])).await?)
    }

    /// One that was detached is there still, and can be charged no more.
    pub(super) async fn kept_now(&self, kept: &KeptMethod) -> Result<MethodSeen, GatewayError> {
        let path = format!("payment_methods/{}", calls::plain(&kept.method, "pm_")?);
        let answer = self.http.send(self.call(Method::GET, &path)).await?;
        let seen = match calls::read::<MethodDetails>(&answer) {
            Err(GatewayError::Refused { .. }) if answer.status == StatusCode::NOT_FOUND => {
                return Ok(MethodSeen::bare(MethodFact::Gone));
            }
            read => read?.observe(),
        };
        match &kept.setup_id {
            Some(setup) if kept.kind.is_debit() && !self.is_authorised(setup).await? => {
                Ok(MethodSeen { fact: MethodFact::Refused { reason: DeclineReason::NotAuthorised }, ..seen })
            }
            _ => Ok(seen),
        }
    }

    async fn is_authorised(&self, setup: &str) -> Result<bool, GatewayError> {
        let setup: Setup = calls::read(&self.ask_about_setup(setup).await?)?;
        Ok(!setup.has_lost_its_mandate())
    }
}
