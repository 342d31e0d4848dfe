//! How Payrix's simulator is driven: a card is typed on its page, and it tells nothing.

use super::{Bench, Card, Simulated};
use crate::{sim::Sim, world::payrix};
use chrono::{DateTime, Utc};
use connectors::gateway::Gateway;
use domain::money::Currency;
use simulators::{
    Vendor,
    facts::{cards, payrix as keys},
};

struct Payrix;

impl Bench for Payrix {
    const SIMULATED: Option<&'static Simulated> = Some(&Simulated {
        vendor: Vendor::Payrix,
        signed_by: "",
        forged_by: "",
        reads: "GET /payrix/rest",
        secrets: &[keys::PORTAL_PASSWORD, cards::APPROVED],
    });

    const CURRENCY: Currency = Currency::AUD;

    fn gateway(base: &str, now: DateTime<Utc>) -> Box<dyn Gateway> {
        Box::new(payrix(&format!("{base}/payrix/auth"), &format!("{base}/payrix/rest"), now))
    }

    async fn enter(sim: &Sim, url: &str, card: Card) {
        let number = match card {
            Card::Good | Card::Unreachable | Card::AnswerLost => cards::APPROVED,
            Card::Declined => cards::DECLINED,
        };
        sim.submit(url, &[("number", number)]).await;
    }
}

contract!(Payrix);
