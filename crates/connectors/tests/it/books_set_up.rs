//! Staff let the portal into their books and choose the accounts there: both vendors against their simulators.

use crate::{
    sim::Sim,
    world::{http, quickbooks, xero},
};
use connectors::books::{
    BooksError, TokenSet,
    consent::{Proof, Provider, Vendor},
    oauth::Client,
    set_up::{BooksSetUp, Choice},
};
use secrecy::ExposeSecret;
use simulators::facts;

const CALLBACK: &str = "https://pay.test/callback";
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";

fn client(provider: Provider) -> Client {
    let (id, secret) = match provider {
        Provider::Xero => (facts::xero::PORTAL_CLIENT_ID, facts::xero::PORTAL_CLIENT_SECRET),
        Provider::QuickBooks => (facts::qbo::PORTAL_CLIENT_ID, facts::qbo::PORTAL_CLIENT_SECRET),
    };
    Client { id: id.to_owned(), secret: secret.into() }
}

/// Staff consent, and what they bring back is traded. Answers the tokens, and the organisation that the answer names.
async fn consented(sim: &Sim, vendor: &Vendor, how: &str, verifier: &str) -> (Result<TokenSet, BooksError>, String) {
    let client = client(vendor.provider);
    let back = sim.consented(&vendor.ask(&client.id, CALLBACK, "state-1", VERIFIER).unwrap(), how).await;
    assert_eq!(back["state"], "state-1");
    let proof = Proof { code: &back["code"], callback: CALLBACK, verifier };
    let tokens = vendor.exchange(&http(), &client, proof, sim.now()).await;
    let again = vendor.exchange(&http(), &client, proof, sim.now()).await;
    assert!(matches!(again, Err(BooksError::Disconnected(why)) if why == "invalid_grant"), "a code works once");
    (tokens, back.get("realmId").cloned().unwrap_or_default())
}

async fn reached(vendor: &Vendor, tokens: &TokenSet, named: &str) -> Vec<String> {
    let reached = vendor.organisations(&http(), &tokens.access_token, named).await.unwrap();
    reached.into_iter().map(|organisation| organisation.id).collect()
}

fn ids(choices: &[Choice]) -> Vec<&str> {
    choices.iter().map(|choice| choice.id.as_str()).collect()
}

#[tokio::test]
async fn n6_a_consent_at_xero_is_traded_by_its_verifier_and_one_organisation_is_left() {
    let sim = Sim::start().await;
    let vendor = Vendor::new(Provider::Xero, Some(&sim.url));
    let (refused, _) = consented(&sim, &vendor, "both", "another").await;
    assert!(matches!(refused, Err(BooksError::Disconnected(why)) if why == "invalid_grant"));
    let asked = vendor.ask(facts::xero::PORTAL_CLIENT_ID, CALLBACK, "s", VERIFIER).unwrap();
    let denied = sim.consented(&asked, "deny").await;
    assert_eq!(denied["error"], "access_denied");

    let (tokens, _) = consented(&sim, &vendor, "both", VERIFIER).await;
    let tokens = tokens.unwrap();
    let (first, other) = (facts::xero::TENANT_ID, facts::xero::OTHER_TENANT_ID);
    assert_eq!(reached(&vendor, &tokens, "").await, [first, other]);
    for _ in 0..2 {
        vendor.leave(&http(), &client(Provider::Xero), &tokens, other).await.unwrap();
        assert_eq!(reached(&vendor, &tokens, "").await, [first]);
    }
}

#[tokio::test]
async fn n6_what_fits_in_xero_is_offered_and_nothing_else() {
    let sim = Sim::start().await;
    let vendor = Vendor::new(Provider::Xero, Some(&sim.url));
    let tokens = consented(&sim, &vendor, "allow", VERIFIER).await.0.unwrap();
    let xero = xero(&vendor.api_base, tokens.access_token.expose_secret());
    let company = xero.company().await.unwrap();
    assert_eq!((company.name.as_str(), company.currency.as_str()), ("Northwind IT", "USD"));
    let chart = xero.chart(&company).await.unwrap();
    assert_eq!(ids(&chart.clearing), [facts::xero::BANK_ACCOUNT_CODE, facts::xero::CLEARING_ACCOUNT_CODE]);
    assert!(chart.clearing.iter().all(|choice| choice.is_bank));
    assert_eq!(ids(&chart.prepayment), [facts::xero::PREPAYMENT_ACCOUNT_CODE]);
    assert_eq!(ids(&chart.surcharge), [facts::xero::SALES_ACCOUNT_CODE, "260"]);
    assert_eq!(ids(&chart.taxes), ["NONE", "OUTPUT2", "ZERORATEDOUTPUT"], "no tax on purchases is in a sale");
    assert_eq!(ids(&chart.zero_taxes), ["NONE", "ZERORATEDOUTPUT"], "and what has no invoice yet is not taxed");
    assert!(chart.notes.is_some());
    sim.arm("xero", "token_revoked").await;
    assert!(matches!(xero.chart(&company).await, Err(BooksError::TokenExpired)));
}

#[tokio::test]
async fn n6_a_consent_at_intuit_names_its_company_and_what_fits_there_is_offered() {
    let sim = Sim::start().await;
    let vendor = Vendor::new(Provider::QuickBooks, Some(&sim.url));
    let (tokens, realm) = consented(&sim, &vendor, "allow", VERIFIER).await;
    let tokens = tokens.unwrap();
    assert_eq!(reached(&vendor, &tokens, &realm).await, [facts::qbo::REALM_ID]);
    assert!(reached(&vendor, &tokens, "1/query").await.is_empty(), "no more than a number goes into an address");

    let books = quickbooks(&vendor.api_base, tokens.access_token.expose_secret(), sim.now());
    let company = books.company().await.unwrap();
    assert_eq!((company.name.as_str(), company.currency.as_str()), ("Southern Cloud", "AUD"));
    let chart = books.chart(&company).await.unwrap();
    let mut clearing = ids(&chart.clearing);
    clearing.sort_unstable();
    assert_eq!(clearing, [facts::qbo::BANK_ACCOUNT_ID, facts::qbo::CLEARING_ACCOUNT_ID]);
    assert_eq!(ids(&chart.prepayment), [facts::qbo::PREPAYMENT_ACCOUNT_ID]);
    assert!(chart.wants.is_empty() && chart.zero_taxes.is_empty() && chart.notes.is_none());
    let surcharge = ids(&chart.surcharge);
    assert!(surcharge.contains(&facts::qbo::SURCHARGE_ITEM_ID), "{surcharge:?}");
    assert!(!surcharge.contains(&facts::qbo::PREPAYMENT_ITEM_ID), "what is owed earns nothing: {surcharge:?}");
    assert!(ids(&chart.taxes).contains(&facts::qbo::GST_CODE_ID));

    for _ in 0..2 {
        vendor.leave(&http(), &client(Provider::QuickBooks), &tokens, &realm).await.unwrap();
        assert!(matches!(books.company().await, Err(BooksError::TokenExpired)), "its tokens are dead");
    }
}
