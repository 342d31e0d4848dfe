//! The built-in sandbox remembers nothing by itself: here it reads the portal's own rows of what was sent to it, and asks a
//! payer on a page of the portal's own.

use crate::{
    Clock, Engine, Error, GatewaySettings, error::known, refund_payment::refund_request, take_payment::charge_request,
};
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use connectors::gateway::{GatewayError, LookUp, RefundLookUp, sandbox::Rows};
use domain::{
    ids::{AttemptId, ConnectionId},
    payment::StepAnswer,
};
use std::{collections::HashMap, fmt};
use store::{Attempt, MerchantDb, Refund};

/// What was sent through one connection.
pub(crate) struct SandboxRows {
    db: MerchantDb,
    connection: ConnectionId,
    clock: Clock,
}

impl SandboxRows {
    pub(crate) const fn new(db: MerchantDb, connection: ConnectionId, clock: Clock) -> Self {
        Self { db, connection, clock }
    }
}

/// Where the sandbox of this connection asks payers: an attempt's id follows.
pub(crate) fn page_of(connection: ConnectionId) -> String {
    format!("/sandbox/{connection}")
}

fn unread(cause: impl fmt::Display) -> GatewayError {
    GatewayError::Unknown(format!("the portal's rows: {cause}"))
}

fn charge_sent(attempt: &Attempt) -> Result<LookUp, Error> {
    let (gateway_id, sent_at) = (attempt.gateway_id.clone(), attempt.created_at);
    Ok(LookUp { request: charge_request(attempt)?, gateway_id, told: None, sent_at })
}

fn refund_sent(attempt: &Attempt, refund: &Refund) -> Result<RefundLookUp, Error> {
    let (gateway_id, sent_at) = (refund.gateway_id.clone(), refund.created_at);
    Ok(RefundLookUp { request: refund_request(attempt, refund)?, gateway_id, told: None, sent_at })
}

#[async_trait]
impl Rows for SandboxRows {
    async fn charges(&self, since: DateTime<Utc>) -> Result<Vec<LookUp>, GatewayError> {
        let sent = self.db.attempts_through(self.connection, since).await.map_err(unread)?;
        sent.iter().map(|attempt| charge_sent(attempt).map_err(unread)).collect()
    }

    async fn charge(&self, attempt: AttemptId) -> Result<Option<LookUp>, GatewayError> {
        let sent = known(self.db.attempt(attempt).await).map_err(unread)?;
        let sent = sent.filter(|attempt| attempt.connection_id == self.connection);
        sent.map(|attempt| charge_sent(&attempt).map_err(unread)).transpose()
    }

    async fn refunds(&self, since: DateTime<Utc>) -> Result<Vec<RefundLookUp>, GatewayError> {
        let refunds = self.db.refunds_since(since).await.map_err(unread)?;
        let of: Vec<_> = refunds.iter().map(|refund| refund.attempt_id).collect();
        let attempts = self.db.attempts_by_id(&of).await.map_err(unread)?;
        let here = attempts.iter().filter(|attempt| attempt.connection_id == self.connection);
        let here: HashMap<_, _> = here.map(|attempt| (attempt.id, attempt)).collect();
        let of_here = refunds.iter().filter_map(|refund| here.get(&refund.attempt_id).map(|of| (*of, refund)));
        of_here.map(|(attempt, refund)| refund_sent(attempt, refund).map_err(unread)).collect()
    }

    async fn answered(&self, attempt: AttemptId) -> Result<Option<StepAnswer>, GatewayError> {
        self.db.step_answered(attempt).await.map_err(unread)
    }

    async fn answer(&self, attempt: AttemptId, answer: StepAnswer) -> Result<StepAnswer, GatewayError> {
        self.db.step_answer(attempt, answer, self.clock.now()).await.map_err(unread)
    }
}

/// What the sandbox asks a payer to confirm.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SandboxStep {
    pub merchant: String,
    pub amount: String,
    /// As the gateway has it: `Invoice INV-501, Acme Pty Ltd (PAY-7F3C0A1E52)`.
    pub description: String,
}

impl Engine {
    /// What is asked on the sandbox's page. Its address, with the ids of connection and attempt, is what opens it, as with a
    /// bank's.
    ///
    /// # Errors
    /// [`Error::NotFound`] where nothing is asked.
    pub async fn sandbox_step(&self, connection: ConnectionId, attempt: AttemptId) -> Result<SandboxStep, Error> {
        let (db, attempt) = self.asked(connection, attempt).await?;
        let merchant = db.merchant().await?.face()?;
        let amount = attempt.amount()?.format(merchant.locale);
        Ok(SandboxStep { merchant: merchant.name, amount, description: attempt.description })
    }

    /// Answers it, unless an answer stands. Where the payer goes from there.
    ///
    /// # Errors
    /// [`Error::NotFound`] where nothing is asked.
    pub async fn answer_sandbox_step(
        &self,
        connection: ConnectionId,
        attempt: AttemptId,
        answer: StepAnswer,
    ) -> Result<String, Error> {
        let (db, attempt) = self.asked(connection, attempt).await?;
        db.step_answer(attempt.id, answer, self.now()).await?;
        Ok(attempt.return_url)
    }

    async fn asked(&self, connection: ConnectionId, attempt: AttemptId) -> Result<(MerchantDb, Attempt), Error> {
        let door = self.store().door_webhook(connection).await?;
        let (db, connection) =
            door.filter(|(_, c)| c.provider == GatewaySettings::Sandbox.provider()).ok_or(Error::NotFound)?;
        let attempt = db.attempt(attempt).await?;
        let is_asked = attempt.connection_id == connection.id && attempt.action_url.is_some();
        if is_asked { Ok((db, attempt)) } else { Err(Error::NotFound) }
    }
}
