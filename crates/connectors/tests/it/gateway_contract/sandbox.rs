//! How the sandbox is driven: by its test methods. The simulators lend it no more than their clock.

use super::{Bench, Card, Simulated};
use crate::sim::Sim;
use chrono::{DateTime, Utc};
use connectors::gateway::{Gateway, sandbox};
use std::sync::Arc;

struct Sandbox;

impl Bench for Sandbox {
    const SIMULATED: Option<&'static Simulated> = None;

    fn gateway(_base: &str, now: DateTime<Utc>) -> Box<dyn Gateway> {
        Box::new(sandbox::Sandbox::new(Arc::new(move || now)))
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
}

contract!(Sandbox);
