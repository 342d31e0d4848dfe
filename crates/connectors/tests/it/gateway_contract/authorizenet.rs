//! How Authorize.Net's simulator is driven: tokens are nonces, made as the vendor's script makes them.

use super::{Account, Bench, Card, Simulated};
use crate::{sim::Sim, world::authorizenet};
use chrono::{DateTime, Utc};
use connectors::gateway::{ChargeHow, Gateway};
use simulators::{
    Vendor,
    facts::{authorizenet as keys, bank_accounts, cards},
};

const VISA: &str = "4111111111111111";

struct AuthorizeNet;

impl Bench for AuthorizeNet {
    const SIMULATED: Option<&'static Simulated> = Some(&Simulated {
        vendor: Vendor::AuthorizeNet,
        signed_by: keys::PORTAL_SIGNATURE_KEY,
        forged_by: keys::STRANGER_SIGNATURE_KEY,
        reads: " get",
        secrets: &[keys::PORTAL_TRANSACTION_KEY, keys::PORTAL_SIGNATURE_KEY, VISA],
    });

    fn gateway(base: &str, now: DateTime<Utc>) -> Box<dyn Gateway> {
        Box::new(authorizenet(&format!("{base}/authorizenet/xml/v1/request.api"), now))
    }

    async fn card(sim: &Sim, card: Card) -> String {
        let number = match card {
            Card::Good | Card::Unreachable => VISA,
            Card::Declined => cards::DECLINED,
            Card::AnswerLost => cards::TIMEOUT_AFTER_EXECUTE,
        };
        text(sim.nonce(number).await)
    }

    async fn account(sim: &Sim, account: Account) -> String {
        let number = match account {
            Account::Clears => bank_accounts::CLEARS,
            Account::ComesBack => bank_accounts::LATE_RETURN,
        };
        text(sim.bank_nonce(number).await)
    }
}

fn text(nonce: ChargeHow) -> String {
    let ChargeHow::Token(nonce) = nonce else { panic!("no nonce") };
    nonce
}

contract!(AuthorizeNet);
