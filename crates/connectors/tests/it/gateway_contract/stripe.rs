//! How Stripe's simulator is driven.

use super::{Account, Bench, Card, Simulated};
use crate::{sim::Sim, world::stripe};
use chrono::{DateTime, Utc};
use connectors::gateway::Gateway;
use simulators::{Vendor, facts};

struct Stripe;

impl Bench for Stripe {
    const SIMULATED: Option<&'static Simulated> = Some(&Simulated {
        vendor: Vendor::Stripe,
        signed_by: facts::stripe::PORTAL_WEBHOOK_SECRET,
        forged_by: facts::stripe::STRANGER_WEBHOOK_SECRET,
        reads: "GET /stripe",
        secrets: &[facts::stripe::PORTAL_SECRET_KEY, facts::stripe::PORTAL_WEBHOOK_SECRET, facts::cards::APPROVED],
    });

    const ASKING: Option<&'static str> = Some("pm_card_threeDSecureRequired");

    fn gateway(base: &str, now: DateTime<Utc>) -> Box<dyn Gateway> {
        Box::new(stripe(&format!("{base}/stripe"), now))
    }

    async fn card(_sim: &Sim, card: Card) -> String {
        let token = match card {
            Card::Good | Card::Unreachable => "pm_card_visa",
            Card::Declined => "pm_card_chargeDeclined",
            Card::AnswerLost => "pm_card_timeoutAfterExecute",
        };
        token.to_owned()
    }

    async fn answer(sim: &Sim, url: &str, confirms: bool) {
        sim.submit(url, &[("outcome", if confirms { "complete" } else { "fail" })]).await;
    }

    async fn account(_sim: &Sim, account: Account) -> String {
        let token = match account {
            Account::Clears => "pm_usBankAccount_success",
            Account::ComesBack => "pm_usBankAccount_dispute",
        };
        token.to_owned()
    }
}

contract!(Stripe);
