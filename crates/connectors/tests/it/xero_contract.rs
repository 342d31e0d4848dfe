//! Xero against its simulator: tokens, delta, one read, one posting, and the refusals.

use crate::{
    sim::Sim,
    world::{advance, delta, http, payment, posted_refund, usd, xero},
};
use connectors::books::{
    Books, BooksError, Next, PostPayment, PostRefund, RefusedCause, TokenSet, oauth,
    xero::{Xero, oauth::connections},
};
use domain::{
    advance::AdvanceKind,
    invoice::{BooksInvoice, InvoiceStatus},
};
use secrecy::{ExposeSecret, SecretString};
use serde_json::json;
use simulators::facts::xero as known;
use std::collections::{BTreeMap, BTreeSet, HashMap};

async fn refresh(sim: &Sim, refresh_token: &SecretString) -> Result<TokenSet, BooksError> {
    let url = format!("{}/xero/connect/token", sim.url);
    let secret = known::PORTAL_CLIENT_SECRET.into();
    oauth::refresh(&http(), &url, known::PORTAL_CLIENT_ID, &secret, refresh_token, sim.now()).await
}

fn with(sim: &Sim, access_token: &SecretString) -> Xero {
    xero(&format!("{}/xero/api.xro/2.0", sim.url), access_token.expose_secret())
}

async fn connected(sim: &Sim) -> Xero {
    let tokens = refresh(sim, &known::PORTAL_REFRESH_TOKEN.into()).await.unwrap();
    with(sim, &tokens.access_token)
}

async fn inv_501(xero: &Xero) -> BooksInvoice {
    xero.invoice_by_number("INV-501").await.unwrap()
}

/// Books that are connected, and INV-501.
pub async fn with_invoice() -> (Sim, Xero, BooksInvoice) {
    let sim = Sim::start().await;
    let xero = connected(&sim).await;
    let invoice = inv_501(&xero).await;
    (sim, xero, invoice)
}

fn whole(sim: &Sim, invoice: &BooksInvoice) -> PostPayment {
    payment(&invoice.external_id, invoice.due.minor, sim.now().date_naive(), 1)
}

async fn payments_on_clearing(sim: &Sim) -> usize {
    let state = sim.state("xero").await;
    let ours = |payment: &&serde_json::Value| {
        payment["reference"].as_str().is_some_and(|r| r.starts_with("ch_")) && payment["status"] == "AUTHORISED"
    };
    state["payments"].as_array().unwrap().iter().filter(ours).count()
}

#[tokio::test]
async fn tokens_rotate_and_the_adapter_names_its_organisation() {
    let sim = Sim::start().await;
    let first = refresh(&sim, &known::PORTAL_REFRESH_TOKEN.into()).await.unwrap();
    let second = refresh(&sim, &first.refresh_token).await.unwrap();
    assert_ne!(first.refresh_token.expose_secret(), second.refresh_token.expose_secret());
    assert!(second.expires_at > sim.now());
    let url = format!("{}/xero/connections", sim.url);
    let reached = connections(&http(), &url, &second.access_token).await.unwrap();
    assert!(reached.iter().any(|connection| connection.tenant_id == known::TENANT_ID));
    let grace = refresh(&sim, &first.refresh_token).await;
    assert!(grace.is_ok(), "a lost answer may be asked for again: {grace:?}");
    sim.advance_hours(1).await;
    let late = refresh(&sim, &first.refresh_token).await;
    assert!(matches!(late, Err(BooksError::Disconnected(_))), "{late:?}");
    let unknown = refresh(&sim, &"never-granted".into()).await;
    assert!(matches!(unknown, Err(BooksError::Disconnected(_))), "{unknown:?}");
}

#[tokio::test]
async fn an_expired_or_revoked_token_asks_for_a_fresh_one() {
    let sim = Sim::start().await;
    let xero = connected(&sim).await;
    sim.advance_hours(1).await;
    assert!(matches!(xero.changes(None).await, Err(BooksError::TokenExpired)));
    let stranger = with(&sim, &"never-granted".into());
    assert!(matches!(
        stranger.invoice_by_number("INV-501").await,
        Err(BooksError::TokenExpired | BooksError::Disconnected(_))
    ));
}

#[tokio::test]
async fn the_first_delta_brings_everything_and_the_next_one_what_changed() {
    let sim = Sim::start().await;
    let tokens = refresh(&sim, &known::PORTAL_REFRESH_TOKEN.into()).await.unwrap();
    let all = delta(&with(&sim, &tokens.access_token), None).await.unwrap();
    assert!(all.customers.len() >= 40 && all.invoices.len() >= 305, "{} {}", all.customers.len(), all.invoices.len());
    assert!(all.customers.iter().any(|customer| customer.name == "Acme Pty Ltd" && customer.code.is_some()));
    let open = all.invoices.iter().find(|invoice| invoice.number == "INV-501").unwrap();
    assert_eq!((open.status, open.due), (InvoiceStatus::Open, usd(120_450)));
    let part = all.invoices.iter().find(|invoice| invoice.number == "INV-503").unwrap();
    assert_eq!((part.total, part.due), (usd(90_000), usd(70_000)));

    sim.advance_hours(2).await;
    let xero = with(&sim, &refresh(&sim, &tokens.refresh_token).await.unwrap().access_token);
    xero.post_payment(&whole(&sim, open)).await.unwrap();
    let next = delta(&xero, Some(&all.cursor)).await.unwrap();
    let paid = next.invoices.iter().find(|invoice| invoice.number == "INV-501").unwrap();
    assert_eq!((paid.status, paid.due), (InvoiceStatus::Paid, usd(0)), "paid ones are seen too");
    assert!(next.cursor > all.cursor);
    let last = delta(&xero, Some(&next.cursor)).await.unwrap();
    assert_eq!(last.invoices.len(), 1, "within the overlap the same comes again, and no more");
}

/// So many more invoices in the books, each 500 of one moment; their numbers.
async fn add_invoices(sim: &Sim, access_token: &SecretString, count: usize) -> BTreeSet<String> {
    let (numbers, today) = ((0..count).map(|n| format!("MANY-{n:04}")), sim.now().date_naive());
    let numbers: Vec<_> = numbers.collect();
    for some in numbers.chunks(500) {
        let document = |number: &String| {
            json!({"Type": "ACCREC", "Status": "AUTHORISED", "InvoiceNumber": number, "Date": today, "DueDate": today,
                "Contact": {"Name": "Cobalt Engineering"}, "LineAmountTypes": "NoTax",
                "LineItems": [{"Description": "Support", "Quantity": 1, "UnitAmount": "89.00",
                    "AccountCode": known::SALES_ACCOUNT_CODE}]})
        };
        let documents: Vec<_> = some.iter().map(document).collect();
        let write = reqwest::Client::new().post(format!("{}/xero/api.xro/2.0/Invoices", sim.url));
        let write = write.bearer_auth(access_token.expose_secret()).header("xero-tenant-id", known::TENANT_ID);
        let written = write.json(&json!({ "Invoices": documents })).send().await.unwrap();
        assert_eq!(written.status(), 200, "{}", written.text().await.unwrap());
    }
    numbers.into_iter().collect()
}

#[tokio::test]
async fn s96_pages_are_gone_on_with_where_they_were_left_and_miss_nothing_that_changes_meanwhile() {
    let sim = Sim::start().await;
    let token = refresh(&sim, &known::PORTAL_REFRESH_TOKEN.into()).await.unwrap().access_token;
    let mut missing = add_invoices(&sim, &token, 2_600).await;
    let (mut place, mut pages, mut last) = (None::<String>, 0, HashMap::new());
    let cursor = loop {
        // Another adapter each time, as after a kill: all that it knows is the place.
        let page = with(&sim, &token).changes(place.as_deref()).await.unwrap();
        assert!(page.customers.len() <= 1000 && page.invoices.len() <= 1000, "no more than a page at a time");
        pages += usize::from(!page.invoices.is_empty());
        last.extend(page.invoices.into_iter().map(|invoice| (invoice.number, invoice.due)));
        if pages == 1 {
            // What was read moves to the end of the order by time, and pulls what was not onto the first page.
            let edited: Vec<_> = last.keys().filter(|number| number.starts_with("MANY-")).take(20).cloned().collect();
            for number in edited {
                sim.control("xero/invoice", json!({"number": number, "pay_minor": 100})).await;
            }
        }
        match page.next {
            Next::More(next) => place = Some(next),
            Next::Done { cursor, deletions_told } => {
                assert!(deletions_told);
                break cursor;
            }
        }
    };
    missing.retain(|number| !last.contains_key(number));
    assert!(pages >= 3 && missing.is_empty(), "{pages} pages without {missing:?}");
    let after = delta(&with(&sim, &token), Some(&cursor)).await.unwrap();
    last.extend(after.invoices.into_iter().map(|invoice| (invoice.number, invoice.due)));
    let paid = last.iter().filter(|(number, due)| number.starts_with("MANY-") && **due == usd(8_800)).count();
    assert_eq!(paid, 20, "what changed meanwhile is told by these pages or by the next delta");
}

#[tokio::test]
async fn s96_all_that_is_open_is_listed_by_pages_and_customers_are_read_by_their_ids() {
    let sim = Sim::start().await;
    let token = refresh(&sim, &known::PORTAL_REFRESH_TOKEN.into()).await.unwrap().access_token;
    let (many, xero) = (add_invoices(&sim, &token, 1_200).await, with(&sim, &token));
    let all = delta(&xero, None).await.unwrap();
    let owed = all.invoices.iter().filter(|invoice| invoice.status == InvoiceStatus::Open);
    let owed: BTreeMap<_, _> = owed.map(|invoice| (invoice.external_id.clone(), invoice.clone())).collect();
    let first = xero.open_invoices(None).await.unwrap();
    assert_eq!(first.left, Some((owed.len() - 1000) as u64));
    let second = xero.open_invoices(first.next.as_deref()).await.unwrap();
    assert_eq!((second.left, second.next), (Some(0), None));
    let listed: BTreeMap<_, _> =
        first.invoices.into_iter().chain(second.invoices).map(|i| (i.external_id.clone(), i)).collect();
    assert!(listed == owed && listed.len() > many.len(), "as the delta tells them");

    let mut ids: Vec<_> = all.customers.iter().map(|customer| customer.external_id.clone()).collect();
    ids.extend(["no uuid".to_owned(), "00000000-0000-4000-8000-000000000000".to_owned()]);
    let mut read = xero.customers(&ids).await.unwrap();
    let mut told = all.customers;
    read.sort_by(|one, other| one.external_id.cmp(&other.external_id));
    told.sort_by(|one, other| one.external_id.cmp(&other.external_id));
    assert_eq!(read, told);
}

#[tokio::test]
async fn s65_one_invoice_is_read_by_id_and_by_its_whole_number() {
    let (sim, xero, by_number) = with_invoice().await;
    assert_eq!(xero.invoice(&by_number.external_id).await.unwrap(), by_number);
    for number in ["INV-50", "INV-9999", "[invnumber]", "inv-501 OR 1=1", "INV-501,INV-502"] {
        assert!(matches!(xero.invoice_by_number(number).await, Err(BooksError::NotFound)), "{number}");
    }
    let nowhere = "00000000-0000-4000-8000-000000000000";
    assert!(matches!(xero.invoice(nowhere).await, Err(BooksError::NotFound)));
    assert!(matches!(
        xero.find_payment(&payment(nowhere, 100, sim.now().date_naive(), 1)).await,
        Err(BooksError::NotFound)
    ));
}

#[tokio::test]
async fn s57_an_invoice_comes_as_a_document_also_after_a_refresh() {
    let sim = Sim::start().await;
    let tokens = refresh(&sim, &known::PORTAL_REFRESH_TOKEN.into()).await.unwrap();
    let xero = with(&sim, &tokens.access_token);
    let id = inv_501(&xero).await.external_id;
    let pdf = xero.invoice_pdf(&id).await.unwrap();
    assert!(xero.has_pdf() && String::from_utf8_lossy(&pdf).contains("Invoice INV-501"));
    let nowhere = "00000000-0000-4000-8000-000000000000";
    assert!(matches!(xero.invoice_pdf(nowhere).await, Err(BooksError::NotFound)));
    sim.arm("xero", "http:429").await;
    assert!(matches!(xero.invoice_pdf(&id).await, Err(BooksError::Busy { after: Some(_) })));
    sim.arm("xero", "http:500").await;
    assert!(matches!(xero.invoice_pdf(&id).await, Err(BooksError::Unreachable(_))));
    sim.arm("xero", "token_revoked").await;
    assert!(matches!(xero.invoice_pdf(&id).await, Err(BooksError::TokenExpired)));
    let fresh = with(&sim, &refresh(&sim, &tokens.refresh_token).await.unwrap().access_token);
    assert_eq!(fresh.invoice_pdf(&id).await.unwrap(), pdf);
}

#[tokio::test]
async fn d30_posting_twice_with_the_same_key_is_one_payment_and_it_can_be_found() {
    let (sim, xero, invoice) = with_invoice().await;
    let posting = whole(&sim, &invoice);
    assert_eq!(xero.find_payment(&posting).await.unwrap(), None);
    let first = xero.post_payment(&posting).await.unwrap();
    assert_eq!(first.invoice.as_ref().map(|i| (i.status, i.due)), Some((InvoiceStatus::Paid, usd(0))));
    assert_eq!(xero.post_payment(&posting).await.unwrap().external_id, first.external_id);
    let found = xero.find_payment(&posting).await.unwrap().unwrap();
    assert_eq!((found.external_id, found.invoice.unwrap().status), (first.external_id, InvoiceStatus::Paid));
    assert_eq!(
        xero.find_payment(&PostPayment { reference: "ch_other".into(), ..posting.clone() }).await.unwrap(),
        None
    );
    assert_eq!(payments_on_clearing(&sim).await, 1);
}

#[tokio::test]
async fn d30_a_payment_over_another_amount_is_not_taken_for_ours() {
    let (sim, xero, invoice) = with_invoice().await;
    let ours = whole(&sim, &invoice);
    xero.post_payment(&PostPayment { amount: usd(102_450), ..ours.clone() }).await.unwrap();
    for refused in [xero.find_payment(&ours).await.map(drop), xero.take_back_payment(&ours).await.map(drop)] {
        let Err(BooksError::Refused { message, .. }) = refused else { panic!("{refused:?}") };
        assert_eq!(message, "A payment of 1024.50 stands there with the reference ch_1, which is of 1204.50.");
    }
    assert_eq!(payments_on_clearing(&sim).await, 1, "a person must put it right");
}

#[tokio::test]
async fn d9_a_payment_is_taken_out_once_and_its_invoice_is_owed_again() {
    let (sim, xero, invoice) = with_invoice().await;
    let posting = whole(&sim, &invoice);
    xero.post_payment(&posting).await.unwrap();
    sim.arm("xero", "period_locked").await;
    assert!(matches!(xero.take_back_payment(&posting).await, Err(BooksError::Refused { .. })));
    for _ in 0..2 {
        let owed = xero.take_back_payment(&posting).await.unwrap().unwrap();
        assert_eq!((owed.status, owed.due), (InvoiceStatus::Open, usd(120_450)));
        assert_eq!(payments_on_clearing(&sim).await, 0);
    }
    let again = PostPayment { idempotency_key: "pay-again".into(), ..posting };
    xero.post_payment(&again).await.unwrap();
    assert_eq!(payments_on_clearing(&sim).await, 1, "it can be paid again");
}

#[tokio::test]
async fn d30_a_posting_whose_answer_is_lost_is_unknown_and_then_found_once() {
    for fault in ["timeout_after_execute", "reset_after_execute", "http_after_execute:500"] {
        let (sim, xero, invoice) = with_invoice().await;
        let posting = whole(&sim, &invoice);
        sim.arm("xero", fault).await;
        let lost = xero.post_payment(&posting).await;
        assert!(matches!(lost, Err(BooksError::Unknown(_))), "{fault}: {lost:?}");
        let found = xero.find_payment(&posting).await.unwrap();
        assert!(found.is_some(), "{fault}");
        assert_eq!(payments_on_clearing(&sim).await, 1, "{fault}");
    }
    let (sim, xero, invoice) = with_invoice().await;
    sim.arm("xero", "timeout_before").await;
    assert!(matches!(xero.post_payment(&whole(&sim, &invoice)).await, Err(BooksError::Unknown(_))));
    assert_eq!(xero.find_payment(&whole(&sim, &invoice)).await.unwrap(), None, "it never arrived");
    assert!(xero.post_payment(&whole(&sim, &invoice)).await.is_ok(), "the same key may go again");
}

#[tokio::test]
async fn d30_each_refusal_of_a_posting_has_its_cause() {
    let (sim, xero, invoice) = with_invoice().await;
    let refused = |outcome: Result<_, BooksError>| match outcome {
        Err(BooksError::Refused { cause, .. }) => cause,
        other => panic!("not refused: {other:?}"),
    };
    let posting = |minor, n| payment(&invoice.external_id, minor, sim.now().date_naive(), n);
    sim.arm("xero", "period_locked").await;
    assert_eq!(refused(xero.post_payment(&posting(100, 1)).await), RefusedCause::PeriodLocked);
    assert_eq!(refused(xero.post_payment(&posting(120_451, 2)).await), RefusedCause::MoreThanDue);
    let paid = xero.invoice_by_number("INV-504").await.unwrap();
    let outcome = xero.post_payment(&payment(&paid.external_id, 100, sim.now().date_naive(), 3)).await;
    assert!(matches!(refused(outcome), RefusedCause::NotAwaitingPayment | RefusedCause::MoreThanDue));
    assert_eq!(payments_on_clearing(&sim).await, 0);
}

#[tokio::test]
async fn throttled_broken_and_disconnected_are_told_apart() {
    let sim = Sim::start().await;
    let xero = connected(&sim).await;
    sim.arm("xero", "http:429").await;
    assert!(matches!(xero.invoice_by_number("INV-501").await, Err(BooksError::Busy { after: Some(_) })));
    sim.arm("xero", "http:500").await;
    assert!(matches!(xero.invoice_by_number("INV-501").await, Err(BooksError::Unreachable(_))));
    sim.arm("xero", "timeout_before").await;
    assert!(matches!(xero.invoice_by_number("INV-501").await, Err(BooksError::Unreachable(_))));
    assert_eq!(inv_501(&xero).await.due, usd(120_450), "and afterwards all is well");
    sim.arm("xero", "token_revoked").await;
    let revoked = xero.invoice_by_number("INV-501").await;
    assert!(matches!(revoked, Err(BooksError::TokenExpired | BooksError::Disconnected(_))), "{revoked:?}");
}

/// The credit notes with their states, and the clearing account's balance from us, in minor units.
async fn credits(sim: &Sim) -> (Vec<String>, i64) {
    let state = sim.state("xero").await;
    let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
    let notes = state["credit_notes"].as_array().unwrap().iter().map(|note| text(&note["status"])).collect();
    let standing = state["payments"].as_array().unwrap().iter().filter(|payment| payment["status"] == "AUTHORISED");
    let ours = standing.filter(|payment| payment["account_code"] == known::CLEARING_ACCOUNT_CODE);
    let signed = |payment: &serde_json::Value| {
        let minor = payment["amount_minor"].as_i64().unwrap();
        if payment["credit_note"].is_string() { -minor } else { minor }
    };
    (notes, ours.map(signed).sum())
}

#[tokio::test]
async fn g41_a_refund_is_a_credit_note_paid_out_of_the_clearing_account_once() {
    let (sim, xero, invoice) = with_invoice().await;
    xero.post_payment(&whole(&sim, &invoice)).await.unwrap();
    let refund = posted_refund(&invoice.external_id, 20_000, sim.now().date_naive(), 1);
    let posted = xero.post_refund(&refund).await.unwrap();
    assert!(posted.credit_id.is_some());
    assert_eq!(xero.post_refund(&refund).await.unwrap(), posted, "found and not written again");
    assert_eq!(credits(&sim).await, (vec!["PAID".to_owned()], 100_450));
    assert_eq!(inv_501(&xero).await.status, InvoiceStatus::Paid, "the customer is not asked again");
    let listed = xero.payments_since(sim.now() - chrono::TimeDelta::hours(1)).await.unwrap();
    let ours = listed.iter().find(|payment| payment.external_id == posted.external_id).unwrap();
    assert_eq!((ours.reference.as_str(), ours.amount.as_str()), ("re_1", "-200.00"));
    assert_eq!(ours.invoice_external_id, None, "a credit is paid out");
    let paid = listed.iter().find(|payment| payment.invoice_external_id.is_some()).unwrap();
    assert_eq!(paid.invoice_external_id.as_ref(), Some(&invoice.external_id), "and an invoice was paid");

    xero.take_back_refund(&refund).await.unwrap();
    xero.take_back_refund(&refund).await.unwrap();
    assert_eq!(credits(&sim).await, (vec!["VOIDED".to_owned()], 120_450));
}

#[tokio::test]
async fn d30_a_refund_whose_answer_is_lost_at_either_step_is_finished_and_stands_once() {
    for (fault, step) in [
        ("reset_after_execute", "PUT /xero/api.xro/2.0/CreditNotes"),
        ("reset_after_execute", "PUT /xero/api.xro/2.0/Payments"),
        ("timeout_before", "PUT /xero/api.xro/2.0/Payments"),
    ] {
        let sim = Sim::start().await;
        let xero = connected(&sim).await;
        let refund = posted_refund(&inv_501(&xero).await.external_id, 20_000, sim.now().date_naive(), 1);
        sim.control("faults", serde_json::json!({"vendor": "xero", "fault": fault, "times": 1, "match": step})).await;
        let lost = xero.post_refund(&refund).await;
        assert!(matches!(lost, Err(BooksError::Unknown(_))), "{fault} at {step}: {lost:?}");
        xero.post_refund(&refund).await.unwrap();
        assert_eq!(credits(&sim).await, (vec!["PAID".to_owned()], -20_000), "{fault} at {step}");
    }
}

#[tokio::test]
async fn d30_a_payment_that_is_reconciled_or_not_ours_is_left_to_a_person() {
    for (mut edit, said) in [
        (serde_json::json!({"reconciled": true}), "RF-1 is reconciled with the bank statement"),
        (serde_json::json!({"reference": "by hand"}), "RF-1 has a payment that is not ours, “by hand”"),
    ] {
        let sim = Sim::start().await;
        let xero = connected(&sim).await;
        let refund = posted_refund(&inv_501(&xero).await.external_id, 20_000, sim.now().date_naive(), 1);
        edit["id"] = xero.post_refund(&refund).await.unwrap().external_id.into();
        sim.control("xero/payment", edit).await;
        let refused = xero.take_back_refund(&refund).await;
        let Err(BooksError::Refused { message, .. }) = &refused else { panic!("not refused: {refused:?}") };
        assert!(message.contains(said), "{message}");
        assert_eq!(credits(&sim).await, (vec!["PAID".to_owned()], -20_000), "{said}: nothing was taken out");
    }
}

#[tokio::test]
async fn d30_a_refused_payment_of_a_credit_note_says_that_the_credit_note_stands() {
    let sim = Sim::start().await;
    let xero = connected(&sim).await;
    let refund = posted_refund(&inv_501(&xero).await.external_id, 20_000, sim.now().date_naive(), 1);
    let locked = |step| serde_json::json!({"vendor": "xero", "fault": "period_locked", "times": 1, "match": step});
    sim.control("faults", locked("PUT /xero/api.xro/2.0/CreditNotes")).await;
    let refused = xero.post_refund(&refund).await;
    assert!(matches!(&refused, Err(BooksError::Refused { cause: RefusedCause::PeriodLocked, .. })), "{refused:?}");
    let other = posted_refund(&inv_501(&xero).await.external_id, 20_000, sim.now().date_naive(), 2);
    sim.control("faults", locked("PUT /xero/api.xro/2.0/Payments")).await;
    let refused = xero.post_refund(&other).await;
    let Err(BooksError::CreditUnpaid { credit_id, cause, .. }) = &refused else { panic!("not refused: {refused:?}") };
    let standing = sim.state("xero").await["credit_notes"][0].clone();
    assert_eq!((standing["number"].as_str(), standing["id"].as_str()), (Some("RF-2"), Some(credit_id.as_str())));
    assert_eq!(*cause, RefusedCause::PeriodLocked);
}

#[tokio::test]
async fn d30_a_credit_note_that_is_not_voided_behind_its_payment_says_that_it_alone_is_left() {
    let sim = Sim::start().await;
    let xero = connected(&sim).await;
    let refund = posted_refund(&inv_501(&xero).await.external_id, 20_000, sim.now().date_naive(), 1);
    let posted = xero.post_refund(&refund).await.unwrap();
    let locked = serde_json::json!({"vendor": "xero", "fault": "period_locked", "times": 2,
        "match": "POST /xero/api.xro/2.0/CreditNotes"});
    sim.control("faults", locked).await;
    for _ in 0..2 {
        let refused = xero.take_back_refund(&refund).await;
        let Err(BooksError::CreditUnpaid { credit_id, cause, .. }) = &refused else {
            panic!("not refused: {refused:?}")
        };
        assert_eq!((Some(credit_id), *cause), (posted.credit_id.as_ref(), RefusedCause::PeriodLocked));
        assert_eq!(credits(&sim).await, (vec!["AUTHORISED".to_owned()], 0));
    }
    xero.take_back_refund(&refund).await.unwrap();
    assert_eq!(credits(&sim).await, (vec!["VOIDED".to_owned()], 0));
}

#[tokio::test]
async fn d30_a_credit_note_over_another_amount_than_was_paid_back_is_not_paid_out() {
    let sim = Sim::start().await;
    let xero = connected(&sim).await;
    let invoice = inv_501(&xero).await.external_id;
    let locked = serde_json::json!({"vendor": "xero", "fault": "period_locked", "times": 1,
        "match": "PUT /xero/api.xro/2.0/Payments"});
    sim.control("faults", locked).await;
    // Somebody changes it before its payment is tried again.
    let unpaid = xero.post_refund(&posted_refund(&invoice, 5_000, sim.now().date_naive(), 1)).await;
    assert!(matches!(unpaid, Err(BooksError::CreditUnpaid { .. })), "{unpaid:?}");
    let refused = xero.post_refund(&posted_refund(&invoice, 20_000, sim.now().date_naive(), 1)).await;
    let Err(BooksError::Refused { message, .. }) = &refused else { panic!("not refused: {refused:?}") };
    assert!(message.contains("RF-1 comes to 50.00 there, and 200.00 was paid back"), "{message}");
    assert_eq!(credits(&sim).await, (vec!["AUTHORISED".to_owned()], 0));
}

/// An advance of the customer of INV-501, over 95.50.
async fn posting(sim: &Sim, xero: &Xero, kind: AdvanceKind) -> PostPayment {
    let customer = inv_501(xero).await.customer_external_id;
    PostPayment { advance: Some(advance(kind, &customer)), ..payment("of-ours", 9_550, sim.now().date_naive(), 1) }
}

/// The books' advances: what is left of each.
async fn left(sim: &Sim) -> Vec<i64> {
    let advances = sim.state("xero").await["advances"].as_array().unwrap().clone();
    advances.iter().map(|advance| advance["remaining_minor"].as_i64().unwrap()).collect()
}

#[tokio::test]
async fn g29_g34_an_advance_is_found_by_its_number_listed_and_paid_out_again_once() {
    for kind in [AdvanceKind::OverPayment, AdvanceKind::Prepayment] {
        let sim = Sim::start().await;
        let xero = connected(&sim).await;
        let ours = posting(&sim, &xero, kind).await;
        assert_eq!(xero.find_payment(&ours).await.unwrap(), None);
        let posted = xero.post_payment(&ours).await.unwrap();
        assert_eq!(xero.post_payment(&ours).await.unwrap(), posted, "the same key writes nothing twice");
        assert_eq!(xero.find_payment(&ours).await.unwrap(), Some(posted.clone()));
        let other = PostPayment { amount: usd(9_551), ..ours.clone() };
        assert!(matches!(xero.find_payment(&other).await, Err(BooksError::Refused { .. })), "another amount");
        let since = sim.now() - chrono::TimeDelta::hours(1);
        let listed = xero.payments_since(since).await.unwrap();
        let listed = listed.iter().find(|listed| listed.external_id == posted.external_id).unwrap();
        assert_eq!((listed.reference.as_str(), listed.amount.as_str()), ("ch_1", "95.50"));

        for _ in 0..2 {
            assert_eq!(xero.take_back_payment(&ours).await.unwrap(), None);
            assert_eq!(left(&sim).await, [0]);
        }
        assert_eq!(xero.find_payment(&ours).await.unwrap(), None, "it stands there no more");
        let listed = xero.payments_since(since).await.unwrap();
        let mut amounts: Vec<_> =
            listed.iter().filter(|listed| listed.reference == "ch_1").map(|listed| listed.amount.as_str()).collect();
        amounts.sort_unstable();
        assert_eq!(amounts, ["-95.50", "95.50"], "together they are nothing");
        let again = PostPayment { idempotency_key: "pay-again".into(), ..ours };
        assert_ne!(xero.post_payment(&again).await.unwrap(), posted, "the money came again");
        assert!(xero.find_payment(&again).await.unwrap().is_some());
    }
}

#[tokio::test]
async fn g37_an_advance_is_refunded_out_of_itself_and_no_further_than_it_goes() {
    let sim = Sim::start().await;
    let xero = connected(&sim).await;
    let ours = posting(&sim, &xero, AdvanceKind::OverPayment).await;
    let refund = posted_refund("of-ours", 5_000, sim.now().date_naive(), 1);
    let refund = PostRefund { advance: ours.advance.clone(), ..refund };
    assert!(matches!(xero.post_refund(&refund).await, Err(BooksError::Refused { .. })), "it does not stand yet");
    xero.post_payment(&ours).await.unwrap();
    let posted = xero.post_refund(&refund).await.unwrap();
    assert_eq!(xero.post_refund(&refund).await.unwrap(), posted, "found and not written again");
    assert_eq!((left(&sim).await, credits(&sim).await.0), (vec![4_550], Vec::<String>::new()), "no sale is cancelled");
    let whole = xero.take_back_payment(&ours).await;
    assert!(
        matches!(&whole, Err(BooksError::Refused { cause: RefusedCause::MoreThanDue, .. })),
        "part of it is used: {whole:?}"
    );
    xero.take_back_refund(&refund).await.unwrap();
    xero.take_back_refund(&refund).await.unwrap();
    assert_eq!(left(&sim).await, [9_550]);
}

/// Some gateways give all of a charge back by voiding it, and have no other id for that.
#[tokio::test]
async fn g37_d30_an_advance_that_is_refunded_by_a_void_is_paid_out_once_and_comes_back_when_that_fails() {
    let sim = Sim::start().await;
    let xero = connected(&sim).await;
    let ours = posting(&sim, &xero, AdvanceKind::OverPayment).await;
    xero.post_payment(&ours).await.unwrap();
    let void = posted_refund("of-ours", 9_550, sim.now().date_naive(), 1);
    let void = PostRefund { advance: ours.advance.clone(), reference: ours.reference.clone(), ..void };
    let posted = xero.post_refund(&void).await.unwrap();
    assert_eq!(xero.post_refund(&void).await.unwrap(), posted, "found and not written again");
    assert_eq!(left(&sim).await, [0]);
    for _ in 0..2 {
        xero.take_back_refund(&void).await.unwrap();
        assert_eq!(left(&sim).await, [9_550]);
    }
}

#[tokio::test]
async fn d30_an_advance_whose_answer_is_lost_is_found_before_it_is_written_again() {
    let sim = Sim::start().await;
    let xero = connected(&sim).await;
    let ours = posting(&sim, &xero, AdvanceKind::OverPayment).await;
    let step = "PUT /xero/api.xro/2.0/BankTransactions";
    let fault = serde_json::json!({"vendor": "xero", "fault": "reset_after_execute", "times": 1, "match": step});
    sim.control("faults", fault).await;
    assert!(matches!(xero.post_payment(&ours).await, Err(BooksError::Unknown(_))));
    assert!(xero.find_payment(&ours).await.unwrap().is_some());
    assert_eq!(left(&sim).await, [9_550]);
}

#[tokio::test]
async fn a_note_stands_in_the_history_of_its_invoice() {
    let (sim, xero, invoice) = with_invoice().await;
    xero.note_invoice(&invoice.external_id, &"long ".repeat(600)).await.unwrap();
    let state = sim.state("xero").await;
    let noted = state["invoices"].as_array().unwrap().iter().find(|known| known["number"] == "INV-501").unwrap();
    assert_eq!(noted["notes"].as_array().unwrap().len(), 1);
    let nowhere = xero.note_invoice("aaaaaaaa-0000-4000-8000-000000000001", "x").await;
    assert!(matches!(nowhere, Err(BooksError::NotFound)), "{nowhere:?}");
}
