//! How Global Payments' simulator is driven: tokens are those of a card for one payment, and news come of the page that a
//! link opens.

use super::{Bench, Card, Simulated};
use crate::{sim::Sim, world::globalpayments};
use chrono::{DateTime, Utc};
use connectors::gateway::{ChargeHow, Gateway};
use simulators::{
    Vendor,
    facts::{cards, globalpayments as keys},
};

struct GlobalPayments;

impl Bench for GlobalPayments {
    const SIMULATED: Option<&'static Simulated> = Some(&Simulated {
        vendor: Vendor::GlobalPayments,
        signed_by: keys::PORTAL_APP_KEY,
        forged_by: keys::STRANGER_APP_KEY,
        reads: "GET /globalpayments/ucp",
        secrets: &[keys::PORTAL_APP_KEY, keys::CARD],
    });

    // What is more than 115 percent is refused, in the tests of the official SDKs.
    const REFUNDS_BEYOND_PERCENT: i64 = 15;

    fn gateway(base: &str, now: DateTime<Utc>) -> Box<dyn Gateway> {
        Box::new(globalpayments(&format!("{base}/globalpayments/ucp"), now))
    }

    async fn card(sim: &Sim, card: Card) -> String {
        let ChargeHow::Token(token) = sim.payment_method(number(card)).await else { panic!("no token") };
        token
    }

    async fn enter(sim: &Sim, url: &str, card: Card) {
        sim.submit(url, &[("number", number(card)), ("expiry", "12 / 40")]).await;
    }
}

fn number(card: Card) -> &'static str {
    match card {
        Card::Good | Card::Unreachable => keys::CARD,
        Card::Declined => cards::DECLINED,
        Card::AnswerLost => cards::TIMEOUT_AFTER_EXECUTE,
    }
}

contract!(GlobalPayments);
