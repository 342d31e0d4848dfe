//! Saved methods at Stripe (`wire/gateways.md`, 2.3): a customer for the payer's company, and a SetupIntent that is
//! created and confirmed in one call. Both are sent by keys of the method, so that a repetition makes nothing new.

use super::{
    ForgetRequest, Found, GatewayError, StoreLookUp, StoreRequest, Stripe,
    calls::{self, IDEMPOTENCY_ERROR},
    find::{LIST_BEFORE, Pages, REPLAY_MAX, created_since, is_replayed},
    form,
    wire::OnlyId,
    wire_methods::{CardMethod, MethodDetails, Setup},
};
use crate::{gateway::unreadable, http::Answer};
use domain::{
    card::CardKind,
    ids::{CustomerId, MethodId},
    method::{MethodFact, MethodSeen},
};
use reqwest::{Method, StatusCode};

impl Stripe {
    pub(super) async fn send_store(&self, request: &StoreRequest) -> Result<MethodSeen, GatewayError> {
        let (customer, answer) = self.set_up(request).await?;
        Ok(MethodSeen { gateway_customer: Some(customer), ..read_setup(&answer)? })
    }

    /// By its id, or by sending it once more while its key is surely kept: a replay that executes *is* the keeping. Where
    /// neither says anything, the list does.
    pub(super) async fn look_up_stored(&self, look_up: &StoreLookUp) -> Result<Found<MethodSeen>, GatewayError> {
        if let Some(id) = &look_up.setup_id {
            let answer = self.ask_about_setup(id).await?;
            return match calls::read::<Setup>(&answer) {
                Err(GatewayError::Refused { .. }) if answer.status == StatusCode::NOT_FOUND => Ok(Found::NotThere),
                read => Ok(Found::Seen(read?.observe())),
            };
        }
        if (self.config.clock)() - look_up.sent_at >= REPLAY_MAX {
            return self.listed_setup(look_up, Found::NotThere).await;
        }
        let (customer, answer) = self.set_up(&look_up.request).await?;
        match read_setup(&answer) {
            Ok(seen) => Ok(Found::Seen(MethodSeen { gateway_customer: Some(customer), ..seen })),
            // A kept 500: the first request ended, and its key will never execute again.
            Err(GatewayError::Unknown(_)) if is_replayed(&answer) => self.listed_setup(look_up, Found::NotThere).await,
            // Kept answers come before validation: what is refused now was not executed then. A key that we may not use, or
            // that is wrong, says nothing about the card.
            Err(GatewayError::Refused { code, .. }) if matches!(answer.status.as_u16(), 400 | 404) => {
                // A key that was used with other words keeps its own first answer.
                let otherwise = if code == IDEMPOTENCY_ERROR { Found::TooEarlyToSay } else { Found::NotThere };
                self.listed_setup(look_up, otherwise).await
            }
            Err(error) => Err(error),
        }
    }

    /// `otherwise` is what it means when none of them is ours.
    async fn listed_setup(
        &self,
        look_up: &StoreLookUp,
        otherwise: Found<MethodSeen>,
    ) -> Result<Found<MethodSeen>, GatewayError> {
        let filter = vec![created_since(look_up.sent_at - LIST_BEFORE), ("expand[]", "data.payment_method".to_owned())];
        let ours = |setup: &Setup| (setup.method() == Some(look_up.request.method)).then(|| setup.observe());
        let found = self.all(&mut Pages::new("setup_intents", filter), ours).await?.pop();
        Ok(found.map_or(otherwise, Found::Seen))
    }

    /// The payer's company at Stripe, and the answer about its card. A company that somebody has deleted there is made anew;
    /// its card is asked for by a key of its own then, because a refusal may be kept.
    async fn set_up(&self, request: &StoreRequest) -> Result<(String, Answer), GatewayError> {
        let key = request.method.to_string();
        if let Some(known) = &request.gateway_customer {
            let answer = self.send_set_up(request, known, &key).await?;
            if !is_of_nobody(&answer) {
                return Ok((known.clone(), answer));
            }
            let customer = self.customer(request.method, request.customer, &request.customer_name).await?;
            let answer = self.send_set_up(request, &customer, &format!("{key}-anew")).await?;
            return Ok((customer, answer));
        }
        let customer = self.customer(request.method, request.customer, &request.customer_name).await?;
        let answer = self.send_set_up(request, &customer, &key).await?;
        Ok((customer, answer))
    }

    /// Makes the payer's company, once for each method.
    pub(super) async fn customer(&self, method: MethodId, id: CustomerId, name: &str) -> Result<String, GatewayError> {
        let create = self.call(Method::POST, "customers");
        let create = create.header("Idempotency-Key", format!("{method}-customer"));
        Ok(self.json::<OnlyId>(create.form(&form::customer(id, name))).await?.id)
    }

    async fn send_set_up(&self, request: &StoreRequest, customer: &str, key: &str) -> Result<Answer, GatewayError> {
        let set_up = self.call(Method::POST, "setup_intents").header("Idempotency-Key", key);
        Ok(self.http.send(set_up.form(&form::set_up(request, customer))).await?)
    }

    /// Brand and funding decide what may be added (2.3; 8.5).
    pub(super) async fn card(&self, token: &str) -> Result<CardKind, GatewayError> {
        let path = format!("payment_methods/{}", calls::plain(token, "pm_")?);
        Ok(self.json::<CardMethod>(self.call(Method::GET, &path)).await?.kind())
    }

    /// First what may still become a saved card: its payer may be on the bank's page this moment.
    pub(super) async fn let_go(&self, request: &ForgetRequest) -> Result<(), GatewayError> {
        let became = match &request.setup_id {
            Some(id) => self.end_setup(id).await?,
            None => None,
        };
        match became.as_ref().or(request.gateway_method.as_ref()) {
            Some(method) => self.detach(method).await,
            None => Ok(()),
        }
    }

    /// The method that it is about. Stripe refuses to end what has ended; then it is read, as payments are.
    async fn end_setup(&self, id: &str) -> Result<Option<String>, GatewayError> {
        let path = format!("setup_intents/{}/cancel", calls::plain(id, "seti_")?);
        let answer = self.http.send(self.call(Method::POST, &path)).await?;
        match calls::read::<Setup>(&answer) {
            Err(GatewayError::Refused { .. }) if answer.status == StatusCode::NOT_FOUND => Ok(None),
            Err(refused @ GatewayError::Refused { .. }) if answer.status == StatusCode::BAD_REQUEST => {
                let setup: Setup = calls::read(&self.ask_about_setup(id).await?)?;
                if setup.is_over() { Ok(setup.observe().gateway_method) } else { Err(refused) }
            }
            ended => Ok(ended?.observe().gateway_method),
        }
    }

    pub(super) async fn ask_about_setup(&self, id: &str) -> Result<Answer, GatewayError> {
        let path = format!("setup_intents/{}", calls::plain(id, "seti_")?);
        let call = self.call(Method::GET, &path).query(&[form::WITH_METHOD, form::WITH_MANDATE]);
        Ok(self.http.send(call).await?)
    }

    /// What is not there is forgotten. Any other refusal says nothing about the card, which may still be attached.
    async fn detach(&self, gateway_method: &str) -> Result<(), GatewayError> {
        let path = format!("payment_methods/{}", calls::plain(gateway_method, "pm_")?);
        let answer = self.http.send(self.call(Method::POST, &format!("{path}/detach"))).await?;
        match calls::read::<OnlyId>(&answer) {
            Err(GatewayError::Refused { .. }) if answer.status == StatusCode::NOT_FOUND => Ok(()),
            // So is one of nobody's refused, by no code of its own; whether it is, it says itself.
            Err(refused @ GatewayError::Refused { .. }) if answer.status == StatusCode::BAD_REQUEST => {
                let method: MethodDetails = self.json(self.call(Method::GET, &path)).await?;
                if method.observe().fact == MethodFact::Gone { Ok(()) } else { Err(refused) }
            }
            other => other.map(drop),
        }
    }
}

/// Stripe has no such company.
pub(super) fn is_of_nobody(answer: &Answer) -> bool {
    matches!(answer.status.as_u16(), 400 | 404) && calls::error_of(answer).is_some_and(|error| error.lacks_customer())
}

/// A decline is an outcome.
fn read_setup(answer: &Answer) -> Result<MethodSeen, GatewayError> {
    if answer.status == StatusCode::PAYMENT_REQUIRED {
        return Ok(calls::error_of(answer).ok_or_else(|| unreadable(answer))?.observe_setup());
    }
    Ok(calls::read::<Setup>(answer)?.observe())
}
