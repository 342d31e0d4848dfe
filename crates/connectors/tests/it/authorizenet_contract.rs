//! Charges at Authorize.Net's simulator, faults and all: what its wire has of its own beside the points of every gateway
//! (`gateway_contract.rs`).

use crate::sim::Sim;
use crate::world::{authorizenet, authorizenet_config, dated_request, http, look_up, seen};
use chrono::TimeDelta;
use connectors::gateway::{ChargeHow, ChargeRequest, Found, Gateway, GatewayError, authorizenet::AuthorizeNet};
use domain::payment::{DeclineReason, Fact, Observation};
use serde_json::{Value, json};
use simulators::facts;

const VISA: &str = "4111111111111111";
/// Old enough that its absence from the lists says something.
const LISTED: TimeDelta = TimeDelta::minutes(3);

impl Sim {
    fn authorizenet_url(&self) -> String {
        format!("{}/authorizenet/xml/v1/request.api", self.url)
    }

    async fn transactions(&self) -> Vec<Value> {
        self.state("authorizenet").await["charges"].as_array().unwrap().clone()
    }
}

fn gateway(sim: &Sim) -> AuthorizeNet {
    authorizenet(&sim.authorizenet_url(), sim.now())
}

async fn visa(sim: &Sim, n: u128) -> ChargeRequest {
    dated_request(n, sim.nonce(VISA).await)
}

/// A look-up by name alone, as when the answer was lost.
async fn found(sim: &Sim, request: &ChargeRequest, after: TimeDelta) -> Result<Found, GatewayError> {
    let sent_at = sim.now();
    authorizenet(&sim.authorizenet_url(), sent_at + after).find(&look_up(request, None, sent_at)).await
}

#[tokio::test]
async fn s66_an_approved_card_is_charged_once_with_the_amount_and_name_we_sent() {
    let sim = Sim::start().await;
    let request = visa(&sim, 1).await;
    let charged = gateway(&sim).charge(&request).await.unwrap();
    assert_eq!(charged.fact, Fact::PendingSettlement);
    assert_eq!(charged.method.unwrap().to_string(), "Visa ··1111");
    assert_eq!(charged.charge_id, charged.gateway_id, "the books quote the vendor's id");
    let [kept] = sim.transactions().await.try_into().unwrap();
    assert_eq!(kept["id"].as_str(), charged.gateway_id.as_deref());
    assert_eq!((kept["amount_minor"].as_i64(), kept["currency"].as_str()), (Some(120_450), Some("USD")));
    let name = kept["reference"].as_str().unwrap();
    assert!(name.len() == 20 && kept["invoice_number"] == name, "{kept}");
}

#[tokio::test]
async fn d1_a_look_up_by_id_and_by_name_tell_one_story() {
    let sim = Sim::start().await;
    let (request, sent_at) = (visa(&sim, 1).await, sim.now());
    let charged = gateway(&sim).charge(&request).await.unwrap();
    let by_name = seen(found(&sim, &request, TimeDelta::zero()).await);
    assert_eq!((&by_name.fact, &by_name.gateway_id), (&charged.fact, &charged.gateway_id));
    assert_eq!((by_name.amount, &by_name.method), (Some(request.amount), &charged.method));
    let by_id = gateway(&sim).find(&look_up(&request, charged.gateway_id.as_deref(), sim.now())).await;
    assert_eq!(seen(by_id), by_name);
    sim.advance_hours(24).await;
    let settled = Observation { fact: Fact::Settled, ..by_name };
    let in_its_batch = gateway(&sim).find(&look_up(&request, None, sent_at)).await;
    assert_eq!(seen(in_its_batch), settled);
}

/// Opens the vendor's page; answers its token.
async fn opened(sim: &Sim, request: &ChargeRequest) -> String {
    let open = gateway(sim).charge(request).await.unwrap();
    let Fact::ActionNeeded { url, fields } = open.fact else { panic!("{open:?}") };
    assert_eq!((url.as_str(), open.gateway_id), ("https://accept.authorize.net/payment/payment", None));
    let [(name, token)] = fields.try_into().unwrap();
    assert_eq!(name, "token");
    token
}

/// What the payer does on it.
async fn typed(sim: &Sim, token: &str, card: &str) {
    let form = [("token", token), ("method", "card"), ("number", card), ("expiry", "12/40"), ("code", "123")];
    sim.submit(&format!("{}/authorizenet/payment/submit", sim.url), &form).await;
}

#[tokio::test]
async fn what_is_paid_on_the_vendors_page_is_found_by_name_and_a_declined_try_decides_nothing() {
    let sim = Sim::start().await;
    let (request, sent_at) = (dated_request(1, ChargeHow::HostedPage), sim.now());
    let token = opened(&sim, &request).await;
    assert_eq!(found(&sim, &request, LISTED).await.unwrap(), Found::TooEarlyToSay);
    typed(&sim, &token, facts::cards::DECLINED).await;
    assert_eq!(found(&sim, &request, LISTED).await.unwrap(), Found::TooEarlyToSay);
    typed(&sim, &token, VISA).await;
    let paid = seen(found(&sim, &request, TimeDelta::zero()).await);
    assert_eq!((&paid.fact, paid.amount), (&Fact::PendingSettlement, Some(request.amount)));
    assert!(paid.gateway_id.is_some() && paid.gateway_id == paid.charge_id && paid.method.is_some());
    sim.advance_hours(24).await;
    let settled = gateway(&sim).find(&look_up(&request, None, sent_at)).await;
    assert_eq!(seen(settled), Observation { fact: Fact::Settled, ..paid }, "the declined try stays unsettled");
}

#[tokio::test]
async fn the_vendors_page_is_over_when_nobody_can_pay_on_it_any_more() {
    let sim = Sim::start().await;
    let (unused, declined) = (dated_request(1, ChargeHow::HostedPage), dated_request(2, ChargeHow::HostedPage));
    opened(&sim, &unused).await;
    typed(&sim, &opened(&sim, &declined).await, facts::cards::DECLINED).await;
    for request in [&unused, &declined] {
        let soon = found(&sim, request, TimeDelta::minutes(31)).await;
        assert_eq!(soon.unwrap(), Found::TooEarlyToSay, "what was paid in the last moment may not be listed yet");
    }
    let over = TimeDelta::minutes(32);
    assert_eq!(found(&sim, &unused, over).await.unwrap(), Found::NotThere, "proof when it is said again");
    let no = Fact::BankNo { reason: DeclineReason::Declined };
    assert_eq!(seen(found(&sim, &declined, over).await).fact, no);
}

/// Nobody has the token of a page whose answer was lost, so nothing can come of it.
#[tokio::test]
async fn a_page_that_was_not_opened_is_not_sent() {
    for fault in ["timeout_before", "timeout_after_execute", "reset_after_execute", "http:429", "http:500"] {
        let sim = Sim::start().await;
        let page = json!({"vendor": "authorizenet", "fault": fault, "times": 1, "match": "getHostedPaymentPage"});
        sim.control("faults", page).await;
        let unopened = gateway(&sim).charge(&dated_request(1, ChargeHow::HostedPage)).await;
        assert!(matches!(unopened, Err(GatewayError::NotSent(_))), "{fault}: {unopened:?}");
    }
}

/// The vendor got one request twice, which no key can tell it: the window does.
#[tokio::test]
async fn d1_a_duplicate_of_our_own_is_the_first_and_a_nonce_pays_once() {
    let sim = Sim::start().await;
    let (gateway, request) = (gateway(&sim), visa(&sim, 1).await);
    let first = gateway.charge(&request).await.unwrap();
    let used = gateway.charge(&request).await;
    assert!(matches!(&used, Err(GatewayError::Unknown(why)) if why.contains("E00114")), "{used:?}");
    assert_eq!(seen(found(&sim, &request, TimeDelta::zero()).await).gateway_id, first.gateway_id, "a look-up decides");
    let again = gateway.charge(&visa(&sim, 1).await).await.unwrap();
    assert_eq!((again.fact, again.gateway_id), (first.fact, first.gateway_id));
    assert_eq!(sim.transactions().await.len(), 1);
}

/// Nothing is sent again: what never arrived stays absent, and its absence counts when it would have been listed.
#[tokio::test]
async fn d2_a_charge_that_never_arrived_is_not_there_and_is_not_made_by_the_look_up() {
    for fault in ["timeout_before", "http:500"] {
        let sim = Sim::start().await;
        let request = visa(&sim, 1).await;
        gateway(&sim).charge(&visa(&sim, 2).await).await.unwrap();
        sim.arm("authorizenet", fault).await;
        assert!(matches!(gateway(&sim).charge(&request).await, Err(GatewayError::Unknown(_))), "{fault}");
        let soon = found(&sim, &request, TimeDelta::seconds(5)).await;
        assert_eq!(soon.unwrap(), Found::TooEarlyToSay, "{fault}");
        assert_eq!(found(&sim, &request, LISTED).await.unwrap(), Found::NotThere, "{fault}");
        assert_eq!(sim.transactions().await.len(), 1, "{fault}");
    }
}

#[tokio::test]
async fn d10_a_decline_is_an_outcome_and_is_final() {
    for (code, reason) in [
        ("2", DeclineReason::Declined),
        ("4", DeclineReason::Blocked),
        ("27", DeclineReason::WrongPostalCode),
        ("65", DeclineReason::WrongSecurityCode),
        ("8", DeclineReason::Expired),
        ("19", DeclineReason::TryAgainLater),
    ] {
        let sim = Sim::start().await;
        let (gateway, request) = (gateway(&sim), visa(&sim, 1).await);
        sim.arm("authorizenet", &format!("decline:{code}")).await;
        let declined = gateway.charge(&request).await.unwrap();
        assert_eq!(declined.fact, Fact::BankNo { reason }, "{code}");
        let again = gateway.find(&look_up(&request, declined.gateway_id.as_deref(), sim.now())).await;
        assert_eq!(seen(again).fact, Fact::BankNo { reason }, "{code}, read again");
        assert_eq!(seen(found(&sim, &request, LISTED).await).fact, Fact::BankNo { reason }, "{code}, by name");
    }
}

#[tokio::test]
async fn a_held_payment_is_open_until_the_merchants_staff_decides() {
    for (word, fact) in
        [("approve", Fact::PendingSettlement), ("decline", Fact::BankNo { reason: DeclineReason::Declined })]
    {
        let sim = Sim::start().await;
        let request = visa(&sim, 1).await;
        sim.arm("authorizenet", "decline:253").await;
        let held = gateway(&sim).charge(&request).await.unwrap();
        assert_eq!(held.fact, Fact::Processing);
        let find = look_up(&request, held.gateway_id.as_deref(), sim.now());
        assert_eq!(seen(gateway(&sim).find(&find).await).fact, Fact::Processing);
        sim.control("authorizenet/transaction", json!({"id": held.gateway_id, "held": word})).await;
        assert_eq!(seen(gateway(&sim).find(&find).await).fact, fact);
    }
}

#[tokio::test]
async fn what_has_not_settled_can_be_voided_and_what_has_cannot() {
    let sim = Sim::start().await;
    let early = gateway(&sim).charge(&visa(&sim, 1).await).await.unwrap().gateway_id.unwrap();
    let late = gateway(&sim).charge(&visa(&sim, 2).await).await.unwrap().gateway_id.unwrap();
    assert_eq!(gateway(&sim).cancel(&early).await.unwrap().fact, Fact::Voided);
    assert_eq!(gateway(&sim).cancel(&early).await.unwrap().fact, Fact::Voided, "twice is the same");
    sim.advance_hours(24).await;
    assert_eq!(gateway(&sim).cancel(&late).await.unwrap().fact, Fact::Settled);
}

#[tokio::test]
async fn what_was_taken_is_listed_from_batches_and_from_what_is_unsettled() {
    let sim = Sim::start().await;
    let began = sim.now();
    let settled = gateway(&sim).charge(&visa(&sim, 1).await).await.unwrap();
    sim.advance_hours(35 * 24).await;
    let second = sim.now();
    let unsettled = gateway(&sim).charge(&visa(&sim, 2).await).await.unwrap();
    let voided = gateway(&sim).charge(&visa(&sim, 3).await).await.unwrap();
    gateway(&sim).cancel(&voided.gateway_id.unwrap()).await.unwrap();
    sim.arm("authorizenet", "decline:2").await;
    gateway(&sim).charge(&visa(&sim, 4).await).await.unwrap();

    let taken = gateway(&sim).taken_since(began).await.unwrap();
    let taken: Vec<_> = taken.into_iter().map(|taken| (taken.attempt, Some(taken.gateway_id), taken.amount)).collect();
    let line = |n, seen: &Observation| {
        let request = dated_request(n, ChargeHow::HostedPage);
        (request.attempt, seen.gateway_id.clone(), request.amount)
    };
    assert_eq!(taken, [line(1, &settled), line(2, &unsettled)]);
    assert_eq!(gateway(&sim).taken_since(second).await.unwrap().len(), 1);
}

#[tokio::test]
async fn credentials_of_the_live_system_are_refused() {
    let sim = Sim::start().await;
    let request = visa(&sim, 1).await;
    let mut config = authorizenet_config(&sim.authorizenet_url(), sim.now());
    config.login = facts::authorizenet::LIVE_LOGIN.to_owned();
    config.transaction_key = facts::authorizenet::LIVE_TRANSACTION_KEY.into();
    let live = AuthorizeNet::new(http(), config).charge(&request).await;
    assert!(matches!(&live, Err(GatewayError::Refused { code, .. }) if code == "13"), "{live:?}");
    assert!(sim.transactions().await.is_empty());
    assert_eq!(gateway(&sim).charge(&request).await.unwrap().fact, Fact::PendingSettlement, "and then it goes");
}
