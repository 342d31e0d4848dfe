//! Bank debits at Stripe's simulator: an account is kept under an authority, debited in days and taken back in weeks
//! (`wire/gateways.md`, 2.4 and 2.5).

use crate::{
    sim::Sim,
    stripe_contract::gateway,
    world::{look_up, request, seen, store, stripe},
};
use connectors::gateway::{Authority, ChargeHow, ChargeRequest, Found, Gateway, StoreLookUp, StoreRequest};
use domain::{
    consent::AuthorityWording,
    method::{MethodFact, MethodKind, MethodSeen},
    money::{Currency, Money},
    payment::{DeclineReason, Fact, Observation},
};

/// Asks to keep an account; each `n` is another one.
fn account(sim: &Sim, n: u128, kind: MethodKind, token: &str) -> StoreRequest {
    let given = Authority { given_at: sim.now(), address: "203.0.113.7".into(), user_agent: "Lynx/2.9".into() };
    StoreRequest { kind, authority: Some(given), ..store(n, token) }
}

fn debit(n: u128, kind: MethodKind, kept: &MethodSeen) -> ChargeRequest {
    let (customer, method) = (kept.gateway_customer.clone().unwrap(), kept.gateway_method.clone().unwrap());
    let currency = kind.debits().unwrap();
    let request = request(n, ChargeHow::Saved { customer, method, kind });
    ChargeRequest { amount: Money::new(120_450, currency), ..request }
}

async fn ach(sim: &Sim, token: &str) -> (ChargeRequest, Observation) {
    let kept = gateway(sim).store(&account(sim, 1, MethodKind::AchDebit, token)).await.unwrap();
    assert_eq!(kept.fact, MethodFact::Ready);
    assert_eq!(kept.shown.as_ref().unwrap().face.brand, "STRIPE TEST BANK");
    let charge = debit(1, MethodKind::AchDebit, &kept);
    let seen = gateway(sim).charge(&charge).await.unwrap();
    (charge, seen)
}

async fn fact_of(sim: &Sim, charge: &ChargeRequest, sent: &Observation) -> Fact {
    seen(gateway(sim).find(&look_up(charge, sent.gateway_id.as_deref(), sim.now())).await).fact
}

#[tokio::test]
async fn d8_a_debit_shows_its_amount_and_how_its_account_ends() {
    let sim = Sim::start().await;
    let (charge, sent) = ach(&sim, "pm_usBankAccount_success").await;
    assert_eq!(sent.amount, Some(charge.amount));
    assert_eq!(sent.method.unwrap().to_string(), "STRIPE TEST BANK ··6789");
}

#[tokio::test]
async fn d10_a_banks_no_has_its_reason_and_a_dispute_is_a_no_after_a_yes() {
    for (token, reason) in [
        ("pm_usBankAccount_insufficientFunds", DeclineReason::InsufficientFunds),
        ("pm_usBankAccount_accountClosed", DeclineReason::AccountClosed),
        ("pm_usBankAccount_noAccount", DeclineReason::AccountClosed),
        ("pm_usBankAccount_debitNotAuthorized", DeclineReason::NotAuthorised),
    ] {
        let sim = Sim::start().await;
        let (charge, sent) = ach(&sim, token).await;
        assert_eq!(sent.fact, Fact::Processing, "{token}");
        sim.advance_hours(24 * 5).await;
        assert_eq!(fact_of(&sim, &charge, &sent).await, Fact::BankNo { reason }, "{token}");
    }
    let sim = Sim::start().await;
    let (charge, sent) = ach(&sim, "pm_usBankAccount_dispute").await;
    sim.advance_hours(24 * 30).await;
    assert_eq!(fact_of(&sim, &charge, &sent).await, Fact::BankNo { reason: DeclineReason::TakenBack });
}

#[tokio::test]
async fn d32_a_typed_account_waits_for_its_owner_at_stripes_page() {
    let sim = Sim::start().await;
    let typed = sim.bank_account(&[
        ("type", "us_bank_account"),
        ("us_bank_account[routing_number]", simulators::facts::bank_accounts::ROUTING),
        ("us_bank_account[account_number]", simulators::facts::bank_accounts::CLEARS),
        ("us_bank_account[account_holder_type]", "company"),
        ("billing_details[name]", "Ana Example"),
    ]);
    let request = account(&sim, 1, MethodKind::AchDebit, &typed.await);
    let kept = gateway(&sim).store(&request).await.unwrap();
    let MethodFact::ActionNeeded { url } = &kept.fact else { panic!("{kept:?}") };
    assert!(url.contains("/stripe/verify/seti_"), "{url}");
    let setup_id = kept.setup_id.clone();
    sim.verify(setup_id.as_deref().unwrap(), "SM11AA").await;
    let look_up = StoreLookUp { request, setup_id, sent_at: sim.now() };
    let Found::Seen(seen) = gateway(&sim).find_stored(&look_up).await.unwrap() else { panic!("not seen") };
    assert_eq!(seen.fact, MethodFact::Ready);
}

#[tokio::test]
async fn s70_an_account_without_an_authority_is_not_debited() {
    let sim = Sim::start().await;
    let unsigned =
        StoreRequest { authority: None, ..account(&sim, 1, MethodKind::AchDebit, "pm_usBankAccount_success") };
    let refused = gateway(&sim).store(&unsigned).await;
    assert!(refused.is_err(), "{refused:?}");
}

#[test]
fn n15_s70_the_words_that_authorise_stripe_were_shown_and_never_change() {
    let user = stripe("http://stub.test", crate::rig::now()).capabilities().debit_user;
    let wording = AuthorityWording::current(MethodKind::BecsDebit, user).unwrap();
    let words = "By providing your bank account details, you agree to this Direct Debit Request and the Direct Debit Request \
                 service agreement (stripe.com/au-becs-dd-service-agreement/legal), and authorise Stripe Payments Australia \
                 Pty Ltd ACN 160 180 343 Direct Debit User ID number 507156 (“Stripe”) to debit your account through the Bulk \
                 Electronic Clearing System (BECS) on behalf of Northwind IT (the “Merchant”) for any amounts separately \
                 communicated to you by the Merchant: each that you, or someone who signs in for your company, choose to pay \
                 here, on the day that Pay is pressed. You may cancel at any time by removing the account here or by writing \
                 to help@northwind.test. You certify that you are either an account holder or an authorised signatory on the \
                 account.";
    assert_eq!(wording.version(), "becs-1");
    assert_eq!(wording.text("Northwind IT", "help@northwind.test"), words);
}

#[tokio::test]
async fn s52_an_australian_account_is_kept_and_debited_in_its_own_currency() {
    let sim = Sim::start().await;
    let typed = sim.bank_account(&[
        ("type", "au_becs_debit"),
        ("au_becs_debit[bsb_number]", "000000"),
        ("au_becs_debit[account_number]", "900123456"),
        ("billing_details[name]", "Ana Example"),
        ("billing_details[email]", "ana@acme.test"),
    ]);
    let kept = gateway(&sim).store(&account(&sim, 1, MethodKind::BecsDebit, &typed.await)).await.unwrap();
    assert_eq!(kept.fact, MethodFact::Ready);
    assert_eq!(kept.shown.as_ref().unwrap().face.to_string(), "BSB 000000 ··3456");
    let charge = debit(1, MethodKind::BecsDebit, &kept);
    assert_eq!(charge.amount.currency, Currency::AUD);
    let sent = gateway(&sim).charge(&charge).await.unwrap();
    assert_eq!(sent.fact, Fact::Processing);
    sim.advance_hours(1).await;
    assert_eq!(fact_of(&sim, &charge, &sent).await, Fact::Settled);
}
