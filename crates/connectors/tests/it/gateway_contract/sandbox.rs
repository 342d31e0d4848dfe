//! How the sandbox is driven: by its tokens. The simulators lend it no more than their clock.

use super::{Account, Bench, Card, Simulated};
use crate::sim::Sim;
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use connectors::gateway::{
    Gateway, GatewayError, LookUp, RefundLookUp,
    sandbox::{self, Rows},
};
use domain::{ids::AttemptId, payment::StepAnswer};
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

/// Of every test's own house, which is known by its address.
static ANSWERS: Mutex<BTreeMap<(String, AttemptId), StepAnswer>> = Mutex::new(BTreeMap::new());

/// The portal's rows, of which the contract needs what payers have answered.
struct Answers(String);

#[async_trait]
impl Rows for Answers {
    async fn charges(&self, _since: DateTime<Utc>) -> Result<Vec<LookUp>, GatewayError> {
        Ok(Vec::new())
    }

    async fn charge(&self, _attempt: AttemptId) -> Result<Option<LookUp>, GatewayError> {
        Ok(None)
    }

    async fn refunds(&self, _since: DateTime<Utc>) -> Result<Vec<RefundLookUp>, GatewayError> {
        Ok(Vec::new())
    }

    async fn answered(&self, attempt: AttemptId) -> Result<Option<StepAnswer>, GatewayError> {
        Ok(ANSWERS.lock().unwrap().get(&(self.0.clone(), attempt)).copied())
    }

    async fn answer(&self, attempt: AttemptId, answer: StepAnswer) -> Result<StepAnswer, GatewayError> {
        Ok(*ANSWERS.lock().unwrap().entry((self.0.clone(), attempt)).or_insert(answer))
    }
}

struct Sandbox;

impl Bench for Sandbox {
    const SIMULATED: Option<&'static Simulated> = None;
    const ASKING: Option<&'static str> = Some("sbx_asks");
    const BUSY: Option<&'static str> = Some("sbx_busy");

    fn gateway(base: &str, now: DateTime<Utc>) -> Box<dyn Gateway> {
        let rows = Arc::new(Answers(base.to_owned()));
        Box::new(sandbox::Sandbox::new(Arc::new(move || now), rows, "/sandbox/con_1".to_owned()))
    }

    async fn card(_sim: &Sim, card: Card) -> String {
        let token = match card {
            Card::Good => "sbx_approved",
            Card::Declined => "sbx_declined",
            Card::AnswerLost => "sbx_answer_lost",
            Card::Unreachable => "sbx_unreachable",
        };
        token.to_owned()
    }

    async fn answer(sim: &Sim, url: &str, confirms: bool) {
        let attempt = url.rsplit('/').next().unwrap().parse().unwrap();
        let answer = if confirms { StepAnswer::Confirmed } else { StepAnswer::Refused };
        assert_eq!(Answers(sim.url.clone()).answer(attempt, answer).await.unwrap(), answer);
    }

    async fn account(_sim: &Sim, account: Account) -> String {
        let token = match account {
            Account::Clears => "sbx_bank_clears",
            Account::ComesBack => "sbx_bank_returned",
        };
        token.to_owned()
    }
}

contract!(Sandbox);
